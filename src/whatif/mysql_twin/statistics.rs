//! Production's statistics put in the place of those that the twin's server gathered, and those that an index would have.
//!
//! Both servers keep what InnoDB's optimizer reads in `mysql.innodb_table_stats` and `mysql.innodb_index_stats` (MySQL 8.4 manual,
//! "Configuring Persistent Optimizer Statistics Parameters"). MySQL reads them anew after `FLUSH TABLE`; MariaDB does not, but after the
//! table was called something else for a moment.

pub(super) mod partitions;

use mysql_async::Value;

use super::{
    facts::{Facts, INDEPENDENT},
    fill::{OURS, inserted, run},
};
use crate::{
    plan::Engine,
    server::{
        ServerError,
        mysql::{
            Connection,
            cells::{number, quoted, text},
        },
    },
};

const COUNTING: &str = "putting production's statistics into the twin";

/// What is told of an index that does not exist on production.
#[derive(Debug, Clone)]
pub(super) struct Imagined {
    pub(super) name: String,
    /// Distinct values of its first column, its first two, ….
    pub(super) distinct: Vec<f64>,
    /// Pages it would take on production.
    pub(super) pages: f64,
    /// Rows of the sample that this is known from.
    pub(super) sampled: f64,
}

/// How large a table of the twin is against production's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    /// The part of production's rows that the statistics are to tell: 1, or less where the twin's table could not be as large.
    pub(super) part: f64,
    /// How many times as large as production's the table is supposed to be.
    pub(super) times: f64,
}

impl Scale {
    /// A count of distinct values among the rows: what is distinct in nearly every row grows and shrinks with them.
    pub(super) fn distinct(self, value: f64, rows: f64) -> f64 {
        let value = value * if value > 0.1 * rows { self.times } else { 1.0 };
        let rows = rows * self.times;
        let value = if self.part >= 1.0 {
            value
        } else if value > 0.01 * rows {
            value * self.part
        } else {
            value.min(rows * self.part)
        };
        value.clamp(1.0, (rows * self.part).max(1.0)).round()
    }

    /// What grows and shrinks with the rows.
    pub(super) fn amount(self, value: f64) -> f64 {
        (value * self.part * self.times).max(1.0).round()
    }
}

/// Writes them for one table.
pub(super) async fn inject(
    hand: &mut Connection,
    facts: &Facts,
    scale: Scale,
    imagined: &[Imagined],
    page: f64,
) -> Result<(), ServerError> {
    if !facts.definition.is_innodb() {
        // Other engines count themselves.
        return Ok(());
    }
    if facts.definition.is_partitioned() {
        return partitions::inject(hand, facts, scale, imagined, page).await;
    }
    let (schema, table) = (facts.table.schema.as_str(), facts.table.name.as_str());
    let rows = facts.rows();
    #[expect(clippy::cast_precision_loss, reason = "a size")]
    let pages = facts.table.bytes.unwrap_or_default() as f64 / page;
    let others = facts.index_bytes / page;
    let imagined_pages: f64 = imagined.iter().map(|i| i.pages).sum();
    let sql = "UPDATE mysql.innodb_table_stats SET n_rows = ?, clustered_index_size = ?, sum_of_other_index_sizes = ? \
               WHERE database_name = ? AND table_name = ?";
    let values = vec![
        Value::from(scale.amount(rows)),
        Value::from(scale.amount(pages)),
        Value::from(scale.amount(others + imagined_pages)),
        Value::from(schema),
        Value::from(table),
    ];
    hand.ask(COUNTING, sql, values).await?;
    let mut told: Vec<(String, String, f64)> = Vec::new();
    for (index, name, value) in &facts.persistent {
        let value = if name.starts_with("n_diff") { scale.distinct(*value, rows) } else { scale.amount(*value) };
        told.push((index.clone(), name.clone(), value));
    }
    let key = primary_columns(facts);
    if facts.persistent.is_empty() {
        let secondary = facts.table.indexes.iter().filter(|i| !i.primary && i.method == "btree").count().max(1);
        for prefix in facts.prefixes.iter().filter(|p| p.columns > 0) {
            told.push((
                prefix.index.clone(),
                format!("n_diff_pfx{:02}", prefix.columns),
                scale.distinct(prefix.distinct, rows),
            ));
        }
        for index in facts.table.indexes.iter().filter(|i| i.method == "btree") {
            #[expect(clippy::cast_precision_loss, reason = "a few indexes")]
            let own = if index.primary { pages } else { others / secondary as f64 };
            told.extend(sized(&index.name, scale.amount(own)));
            if !index.unique {
                told.extend(rest(&index.name, index.keys.len(), key, scale.amount(rows)));
            }
        }
    }
    for index in imagined {
        for (at, value) in index.distinct.iter().enumerate() {
            told.push((index.name.clone(), format!("n_diff_pfx{:02}", at + 1), scale.distinct(*value, rows)));
        }
        if !index.distinct.is_empty() {
            // Of an index that nobody could count the values of stays what the server counted when it built it.
            told.extend(rest(&index.name, index.distinct.len(), key, scale.amount(rows)));
        }
        told.extend(sized(&index.name, scale.amount(index.pages)));
    }
    let there = present(hand, schema, table).await?;
    let rows: Vec<Vec<Value>> = told
        .into_iter()
        .filter(|(index, name, _)| there.contains(&(index.clone(), name.clone())))
        .map(|(index, name, value)| {
            vec![
                Value::from(schema),
                Value::from(table),
                Value::from(index),
                Value::from(name),
                Value::from(value),
                Value::from(1),
                Value::from(""),
            ]
        })
        .collect();
    let columns = "database_name, table_name, index_name, stat_name, stat_value, sample_size, stat_description";
    inserted(hand, "REPLACE", "mysql.innodb_index_stats", columns, rows).await?;
    read_anew(hand, facts).await
}

/// The statistics that the server keeps of a table: others it would not read.
async fn present(hand: &mut Connection, schema: &str, table: &str) -> Result<Vec<(String, String)>, ServerError> {
    let sql = "SELECT index_name, stat_name FROM mysql.innodb_index_stats WHERE database_name = ? AND table_name = ?";
    let rows = hand.ask(COUNTING, sql, vec![Value::from(schema), Value::from(table)]).await?;
    Ok(rows.iter().filter_map(|row| Some((text(row, 0)?, text(row, 1)?))).collect())
}

fn primary_columns(facts: &Facts) -> usize {
    facts.table.indexes.iter().find(|i| i.primary).map_or(1, |i| i.keys.len())
}

fn sized(index: &str, pages: f64) -> [(String, String, f64); 2] {
    // Nine pages of ten are leaves, or more.
    [
        (index.to_owned(), "size".to_owned(), pages),
        (index.to_owned(), "n_leaf_pages".to_owned(), (pages * 0.9).round().max(1.0)),
    ]
}

/// The primary key's columns behind those of an index tell every row apart.
fn rest(index: &str, columns: usize, key: usize, rows: f64) -> Vec<(String, String, f64)> {
    (columns + 1..=columns + key).map(|n| (index.to_owned(), format!("n_diff_pfx{n:02}"), rows)).collect()
}

/// Has the server read a table's statistics again.
async fn read_anew(hand: &mut Connection, facts: &Facts) -> Result<(), ServerError> {
    let name = facts.name();
    if hand.info().engine == Engine::MariaDb {
        let away = format!("{OURS}.{}", quoted("away"));
        run(hand, &format!("RENAME TABLE {name} TO {away}")).await?;
        return run(hand, &format!("RENAME TABLE {away} TO {name}")).await;
    }
    run(hand, &format!("FLUSH TABLES {name}")).await
}

/// Puts in what MariaDB keeps of a table whatever its storage engine, where production told it.
pub(super) async fn independent(hand: &mut Connection, facts: &Facts) -> Result<(), ServerError> {
    let mut any = false;
    for ((stored, columns), rows) in INDEPENDENT.iter().zip(&facts.independent) {
        if !rows.is_empty() {
            any = true;
            inserted(hand, "REPLACE", &format!("mysql.{stored}"), columns, rows.clone()).await?;
        }
    }
    if any { run(hand, "FLUSH TABLES").await } else { Ok(()) }
}

/// Pages that an index takes on the twin.
pub(super) async fn pages(hand: &mut Connection, facts: &Facts, index: &str) -> Result<f64, ServerError> {
    let sql = "SELECT stat_value FROM mysql.innodb_index_stats \
               WHERE database_name = ? AND table_name = ? AND index_name = ? AND stat_name = 'size'";
    let (schema, table) = (facts.table.schema.as_str(), facts.table.name.as_str());
    let rows = hand.ask(COUNTING, sql, vec![Value::from(schema), Value::from(table), Value::from(index)]).await?;
    Ok(rows.first().and_then(|row| number(row, 0)).unwrap_or(1.0))
}

#[cfg(test)]
mod tests {
    use super::Scale;

    #[test]
    fn what_is_distinct_in_every_row_grows_with_them_and_few_values_stay_few() {
        let whole = Scale { part: 1.0, times: 1.0 };
        let tenth = Scale { part: 0.1, times: 1.0 };
        let tenfold = Scale { part: 1.0, times: 10.0 };
        for (scale, value, expected) in [
            (whole, 5.0, 5.0),
            (tenth, 5.0, 5.0),
            (tenth, 500_000.0, 50_000.0),
            (tenfold, 5.0, 5.0),
            (tenfold, 900_000.0, 9_000_000.0),
            (whole, 2e6, 1e6),
        ] {
            assert!((scale.distinct(value, 1e6) - expected).abs() < 0.5, "{scale:?} {value}");
        }
        assert!((tenth.amount(200.0) - 20.0).abs() < 0.1);
    }
}
