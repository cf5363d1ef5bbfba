//! A table of the twin: made, filled with the sample, spread to the true size, and given its keys.

use mysql_async::Value;

use super::{
    facts::Facts,
    sample::{Sample, Values, counted},
    spread::{COPIES, Spread},
};
use crate::{
    catalog::Column,
    plan::Engine,
    server::{
        ServerError,
        mysql::{Connection, cells::quoted},
    },
};

const FILLING: &str = "filling a table of the twin";
/// Parameters that a statement of these servers has at most, less a few.
const PARAMETERS: usize = 60_000;
/// Rows of one INSERT at most.
const AT_ONCE: usize = 1_000;
/// The database of what is ours alone.
pub(super) const OURS: &str = "whyslow_twin";

/// Where a table's sample stands on the twin.
pub(super) fn stage(number: usize) -> String {
    format!("{OURS}.stage_{number}")
}

/// How its rows are copied, while it is filled.
fn copies() -> String {
    format!("{OURS}.copies")
}

/// Puts the sampled rows into a stage of their own.
async fn staged(hand: &mut Connection, facts: &Facts, sample: &Sample, number: usize) -> Result<(), ServerError> {
    let stage = stage(number);
    let columns = "whyslow_place int not null, whyslow_row int not null, primary key (whyslow_place, whyslow_row)";
    run(hand, &facts.definition.heap(&stage, columns, &facts.columns)).await?;
    let mut rows: Vec<Values> = Vec::new();
    let mut row = 0_i64;
    for (place, values) in sample.places.iter().enumerate() {
        let place = i64::try_from(place).unwrap_or(0);
        for values in values {
            rows.push([Value::Int(place), Value::Int(row)].into_iter().chain(values.iter().cloned()).collect());
            row += 1;
        }
    }
    let columns: Vec<String> = facts.columns.iter().map(|c| quoted(c)).collect();
    inserted(hand, "INSERT", &stage, &format!("whyslow_place, whyslow_row, {}", columns.join(", ")), rows).await
}

/// A table with its stage, in its database. How many rows it has.
pub(super) async fn whole(
    hand: &mut Connection,
    facts: &Facts,
    (sample, spread): (&Sample, &Spread),
    number: usize,
    full_text: bool,
) -> Result<f64, ServerError> {
    run(hand, &format!("CREATE DATABASE IF NOT EXISTS {}", quoted(&facts.table.schema))).await?;
    staged(hand, facts, sample, number).await?;
    let rows = table(hand, facts, spread, number, full_text).await?;
    super::statistics::independent(hand, facts).await?;
    Ok(rows)
}

/// Takes away what there is of a table that could not be made. What will not go is in nobody's way but that of the same table.
pub(super) async fn away(hand: &mut Connection, facts: &Facts, number: usize) {
    for table in [facts.name(), stage(number), copies()] {
        let _ = run(hand, &format!("DROP TABLE IF EXISTS {table}")).await;
    }
}

/// Makes a table of the stage's rows and gives it its keys. How many rows it has then.
pub(super) async fn table(
    hand: &mut Connection,
    facts: &Facts,
    spread: &Spread,
    number: usize,
    full_text: bool,
) -> Result<f64, ServerError> {
    let (table, stage) = (facts.name(), stage(number));
    let copies = copies();
    run(
        hand,
        &format!(
            "CREATE TABLE {copies} (place int not null, number int not null, shift bigint not null, end bigint not null, \
             primary key (place, shift, number)) ENGINE=InnoDB"
        ),
    )
    .await?;
    let rows = spread.copies.iter().map(|c| [c.place, c.number, c.shift, c.end].map(Value::from).to_vec()).collect();
    inserted(hand, "INSERT", &copies, "place, number, shift, end", rows).await?;
    let filled = spreading(facts, spread, &table, &stage, &copies);
    run(hand, &facts.definition.lasting(&table, false)).await?;
    run(hand, &filled).await?;
    match keys(hand, facts, false).await {
        // 1062: copies that are the same in a unique key; they come in once where the key is there before them.
        Err(error) if error.code.as_deref() == Some("1062") => {
            run(hand, &format!("DROP TABLE {table}")).await?;
            run(hand, &facts.definition.lasting(&table, true)).await?;
            run(hand, &filled).await?;
            keys(hand, facts, true).await?;
        }
        added => added?,
    }
    if full_text {
        for key in facts.definition.special() {
            // One at a time: InnoDB builds no two FULLTEXT keys at once.
            run(hand, &format!("ALTER TABLE {table} ADD {key}")).await?;
        }
    }
    run(hand, &format!("DROP TABLE {copies}")).await?;
    run(hand, &format!("ANALYZE TABLE {table}")).await?;
    for (column, histogram) in &facts.histograms {
        let json = histogram.replace('\\', "\\\\").replace('\'', "''");
        // An older server takes no histogram: its plans then differ from production's, which the check tells.
        let _ = run(hand, &format!("ANALYZE TABLE {table} UPDATE HISTOGRAM ON {} USING DATA '{json}'", quoted(column)))
            .await;
    }
    counted(hand, &table).await
}

/// Gives a table its secondary keys, the unique ones unless they are there.
async fn keys(hand: &mut Connection, facts: &Facts, unique_are_there: bool) -> Result<(), ServerError> {
    let wanted = facts.definition.keys().filter(|(_, unique)| !(unique_are_there && *unique));
    let parts: Vec<String> = wanted.map(|(key, _)| format!("ADD {key}")).collect();
    if parts.is_empty() {
        return Ok(());
    }
    run(hand, &format!("ALTER TABLE {} {}", facts.name(), parts.join(", "))).await
}

/// One statement of ours without parameters.
pub(super) async fn run(hand: &mut Connection, sql: &str) -> Result<(), ServerError> {
    hand.ask(FILLING, sql, Vec::new()).await.map(|_| ())
}

/// Writes rows, many at once.
pub(super) async fn inserted(
    hand: &mut Connection,
    verb: &str,
    table: &str,
    columns: &str,
    rows: Vec<Values>,
) -> Result<(), ServerError> {
    let width = rows.first().map_or(1, Vec::len).max(1);
    let each = (PARAMETERS / width).clamp(1, AT_ONCE);
    let marks = format!("({})", vec!["?"; width].join(", "));
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let batch: Vec<Values> = rows.by_ref().take(each).collect();
        let sql = format!("{verb} INTO {table} ({columns}) VALUES {}", vec![marks.as_str(); batch.len()].join(", "));
        hand.ask(FILLING, &sql, batch.into_iter().flatten().collect()).await?;
    }
    Ok(())
}

/// The statement that spreads the stage's rows.
fn spreading(facts: &Facts, spread: &Spread, table: &str, stage: &str, copies: &str) -> String {
    let names: Vec<String> = facts.columns.iter().map(|c| quoted(c)).collect();
    let alone = told_apart(facts, spread);
    let values: Vec<String> = facts
        .columns
        .iter()
        .map(|name| {
            let column = format!("s.{}", quoted(name));
            match (&spread.shifted, facts.table.column(name)) {
                (Some((shifted, true)), _) if shifted == name => format!("{column} + INTERVAL c.shift SECOND"),
                (Some((shifted, false)), _) if shifted == name => format!("{column} + c.shift"),
                (_, Some(known)) if alone.contains(&name.as_str()) => {
                    format!("IF(c.number = 0, {column}, {})", other(&column, known, stage))
                }
                _ => column,
            }
        })
        .collect();
    let within = match &spread.shifted {
        Some((column, true)) => {
            // Seconds since the first of March of the year 0, as the copies count.
            format!(
                "WHERE TIMESTAMPDIFF(SECOND, '0001-01-01', s.{}) + {FIRST_SECOND} + c.shift < c.end",
                quoted(column)
            )
        }
        Some((column, false)) => format!("WHERE s.{} + c.shift < c.end", quoted(column)),
        None => String::new(),
    };
    format!(
        "INSERT IGNORE INTO {table} ({}) SELECT {} FROM {copies} c STRAIGHT_JOIN {stage} s ON s.whyslow_place = c.place {within}",
        names.join(", "),
        values.join(", "),
    )
}

/// [`super::sample::ordinal`] of the first second of the year 1.
const FIRST_SECOND: i64 = 306 * 86_400 + 86_400;

/// A column of each unique key that the shifted one is not in: copies must differ there.
fn told_apart<'a>(facts: &'a Facts, spread: &Spread) -> Vec<&'a str> {
    let mut out = Vec::new();
    for index in facts.table.indexes.iter().filter(|i| i.unique) {
        let columns: Vec<&str> = index.keys.iter().filter_map(|k| k.column.as_deref()).collect();
        let shifted = spread.shifted.as_ref().is_some_and(|(column, _)| columns.contains(&column.as_str()));
        if shifted || columns.iter().any(|c| out.contains(c)) {
            continue;
        }
        let plain = |c: &&&str| facts.columns.iter().any(|name| name == **c);
        // The last one: the first tells what rows have in common.
        out.extend(columns.iter().rev().find(plain));
    }
    out
}

/// Another value for each copy of each row.
fn other(column: &str, known: &Column, stage: &str) -> String {
    let number = format!("(s.whyslow_row * {COPIES} + c.number)");
    let kind = known.type_name.to_ascii_lowercase();
    let word = kind.split(['(', ' ']).next().unwrap_or_default();
    let length: usize = kind.split(['(', ')']).nth(1).and_then(|n| n.parse().ok()).unwrap_or(255);
    match word {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "double" | "float" => {
            let bare = column.trim_start_matches("s.");
            format!("(SELECT MAX({bare}) FROM {stage}) + {number}")
        }
        "date" => format!("{column} + INTERVAL {number} DAY"),
        "datetime" | "timestamp" => format!("{column} + INTERVAL {number} SECOND"),
        "binary" | "varbinary" => {
            format!("CONCAT(LEFT({column}, {}), UNHEX(LPAD(HEX({number}), 8, '0')))", length.saturating_sub(4))
        }
        "uuid" => format!("CONCAT(LEFT({column}, 24), LPAD(HEX({number}), 12, '0'))"),
        _ => {
            let digits = format!("LOWER(CONV({number}, 10, 36))");
            format!("CONCAT(LEFT({column}, {length} - CHAR_LENGTH({digits})), {digits})")
        }
    }
}

/// What the session of our own statements is told: rows come as they are, whatever a newer server would say of them.
pub(super) async fn prepared(hand: &mut Connection, engine: Engine, ansi: bool) -> Result<(), ServerError> {
    let mode = if ansi {
        "ANSI_QUOTES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES"
    } else {
        "NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES"
    };
    run(hand, &format!("SET SESSION sql_mode = '{mode}'")).await?;
    run(hand, "SET SESSION foreign_key_checks = 0").await?;
    if engine == Engine::MariaDb {
        // Unique checks stay on: without them InnoDB fills an empty table in bulk, and takes all rows back for one that is there twice
        // (MariaDB 10.6 and later, row0ins.cc).
        run(hand, "SET SESSION check_constraint_checks = 0, use_stat_tables = 'never'").await?;
    } else {
        run(hand, "SET SESSION unique_checks = 0").await?;
    }
    run(hand, &format!("CREATE DATABASE IF NOT EXISTS {OURS} CHARACTER SET utf8mb4")).await
}
