//! Statistics of a partitioned table: InnoDB keeps them for each partition, as `table#P#partition`.

use std::collections::BTreeMap;

use mysql_async::Value;

use super::{COUNTING, Imagined, Scale, read_anew};
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

/// A sample of which fewer than this part of the rows differ has seen nearly all values there are.
const OFTEN: f64 = 0.5;

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
/// row grow with them. Distinct values: of production's indexes as it reckons with them itself; of others those of the sample where it has seen
/// them all, and where most came once, those that a part of the table has of the values of all of it.
pub(super) async fn inject(
    hand: &mut Connection,
    facts: &Facts,
    scale: Scale,
    imagined: &[Imagined],
    page: f64,
) -> Result<(), ServerError> {
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
        let seen = seen(hand, schema, name).await?;
        hand.ask(COUNTING, sql, values).await?;
        distinct(hand, facts, scale, imagined, (name, rows, *gathered), &seen).await?;
    }
    read_anew(hand, facts).await
}

/// Distinct values that the twin's server knows of in a partition: index, how many columns, how many values.
async fn seen(hand: &mut Connection, schema: &str, name: &str) -> Result<Vec<(String, usize, f64)>, ServerError> {
    let sql = "SELECT index_name, stat_name, stat_value FROM mysql.innodb_index_stats \
               WHERE database_name = ? AND table_name = ? AND stat_name LIKE 'n\\_diff%'";
    let rows = hand.ask(COUNTING, sql, vec![Value::from(schema), Value::from(name)]).await?;
    let one = |row: &mysql_async::Row| {
        let columns = text(row, 1)?.strip_prefix("n_diff_pfx")?.parse().ok()?;
        Some((text(row, 0)?, columns, number(row, 2)?))
    };
    Ok(rows.iter().filter_map(one).collect())
}

/// Writes a partition's distinct values: of production's indexes as production reckons with them, of others what a sample leaves open.
async fn distinct(
    hand: &mut Connection,
    facts: &Facts,
    scale: Scale,
    imagined: &[Imagined],
    (name, rows, gathered): (&str, f64, f64),
    seen: &[(String, usize, f64)],
) -> Result<(), ServerError> {
    for (index, columns, seen) in seen {
        let known = facts.prefixes.iter().find(|p| p.index == *index && p.columns == *columns);
        let guess = imagined.iter().find(|i| i.name == *index);
        let guess = guess.and_then(|i| Some((i, i.distinct.get(columns.checked_sub(1)?)?)));
        let value = match (known, guess) {
            // The servers tell the whole table's rows divided by those of a value in a partition.
            (Some(prefix), _) => prefix.distinct / facts.rows().max(1.0) * rows,
            (None, Some((of_all, distinct))) => {
                let likely = of_part(scale.distinct(*distinct, facts.rows()), rows);
                // The twin's rows are the sample's, many times over; so many are the partition's own.
                let own = gathered * (of_all.sampled / facts.rows().max(1.0)).min(1.0);
                if *seen < OFTEN * own {
                    continue;
                }
                likely
            }
            (None, None) => continue,
        };
        let sql = "UPDATE mysql.innodb_index_stats SET stat_value = ? \
                   WHERE database_name = ? AND table_name = ? AND index_name = ? AND stat_name = ?";
        let values = vec![
            Value::from(value.clamp(1.0, rows.max(1.0)).round()),
            Value::from(facts.table.schema.as_str()),
            Value::from(name),
            Value::from(index.as_str()),
            Value::from(format!("n_diff_pfx{columns:02}")),
        ];
        hand.ask(COUNTING, sql, values).await?;
    }
    Ok(())
}

/// How many of a table's distinct values a part of its rows has, when they are spread evenly (Cardenas, "Analysis and performance of
/// inverted data base structures", CACM 1975).
fn of_part(distinct: f64, rows: f64) -> f64 {
    let distinct = distinct.max(1.0);
    distinct * (1.0 - (-rows / distinct).exp())
}

#[cfg(test)]
mod tests {
    use super::of_part;

    #[test]
    fn a_part_of_the_rows_has_a_part_of_the_values() {
        for (distinct, rows, expected) in
            [(40_000.0, 100_000.0, 36_716.6), (300.0, 100_000.0, 300.0), (1e6, 1e5, 95_162.6)]
        {
            let found = of_part(distinct, rows);
            assert!((found - expected).abs() < 1.0, "{distinct} {rows}: {found}");
        }
    }
}
