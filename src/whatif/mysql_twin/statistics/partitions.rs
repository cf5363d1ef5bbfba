//! Statistics of a partitioned table: InnoDB keeps them for each partition, as `table#P#partition`.

use std::collections::BTreeMap;

use mysql_async::Value;

use super::{COUNTING, Scale, read_anew};
use crate::{
    server::{
        ServerError,
        mysql::{
            Connection,
            cells::{number, text},
        },
    },
    whatif::mysql_twin::facts::Facts,
};

/// What production tells of a partition.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::whatif::mysql_twin) struct Partition {
    /// `partition`, or `partition#SP#subpartition`.
    pub(in crate::whatif::mysql_twin) name: String,
    pub(in crate::whatif::mysql_twin) rows: f64,
    /// Bytes of its rows, and of its secondary indexes.
    pub(in crate::whatif::mysql_twin) bytes: (f64, f64),
}

/// Reads what is known of a table's partitions.
pub(in crate::whatif::mysql_twin) async fn read(
    connection: &mut Connection,
    schema: &str,
    table: &str,
) -> Result<Vec<Partition>, ServerError> {
    let sql = "SELECT PARTITION_NAME, SUBPARTITION_NAME, TABLE_ROWS, DATA_LENGTH, INDEX_LENGTH FROM information_schema.PARTITIONS \
               WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND PARTITION_NAME IS NOT NULL";
    let rows =
        connection.ask("reading statistics of partitions", sql, vec![Value::from(schema), Value::from(table)]).await?;
    let one = |row: &mysql_async::Row| {
        let name = text(row, 0)?;
        let name = text(row, 1).map_or(name.clone(), |sub| format!("{name}#SP#{sub}"));
        let of = |at| number(row, at).unwrap_or_default();
        Some(Partition { name, rows: of(2), bytes: (of(3), of(4)) })
    };
    Ok(rows.iter().filter_map(one).collect())
}

/// Writes the partitions' rows and sizes in the place of those that the twin's server gathered, and has what is distinct in nearly every
/// row grow with them. Distinct values of a partition are those of the sample: production tells them of the whole table only.
pub(super) async fn inject(hand: &mut Connection, facts: &Facts, scale: Scale, page: f64) -> Result<(), ServerError> {
    let (schema, table) = (facts.table.schema.as_str(), facts.table.name.as_str());
    let sql = "SELECT table_name, n_rows FROM mysql.innodb_table_stats WHERE database_name = ? AND table_name LIKE ?";
    let like =
        || vec![Value::from(schema), Value::from(format!("{}#%", table.replace('_', "\\_").replace('%', "\\%")))];
    let there = hand.ask(COUNTING, sql, like()).await?;
    // Servers write the letter between in either case.
    let there: BTreeMap<String, (String, f64)> = there
        .iter()
        .filter_map(|row| {
            let name = text(row, 0)?;
            Some((name.to_lowercase(), (name, number(row, 1)?)))
        })
        .collect();
    for partition in &facts.partitions {
        let key = format!("{table}#P#{}", partition.name).to_lowercase();
        let Some((name, gathered)) = there.get(&key) else { continue };
        let rows = scale.amount(partition.rows);
        let own = || vec![Value::from(schema), Value::from(name.as_str())];
        let sizes = [rows, scale.amount(partition.bytes.0 / page), scale.amount(partition.bytes.1 / page)];
        let sql = "UPDATE mysql.innodb_table_stats SET n_rows = ?, clustered_index_size = ?, sum_of_other_index_sizes = ? \
                   WHERE database_name = ? AND table_name = ?";
        hand.ask(COUNTING, sql, sizes.map(Value::from).into_iter().chain(own()).collect()).await?;
        let times = rows / gathered.max(1.0);
        let sql = "UPDATE mysql.innodb_index_stats SET stat_value = GREATEST(1, ROUND(stat_value * ?)) \
                   WHERE database_name = ? AND table_name = ? AND (stat_name NOT LIKE 'n\\_diff%' OR stat_value > 0.1 * ?)";
        let values = std::iter::once(Value::from(times)).chain(own()).chain([Value::from(*gathered)]).collect();
        hand.ask(COUNTING, sql, values).await?;
    }
    read_anew(hand, facts).await
}
