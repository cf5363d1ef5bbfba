//! Times that MariaDB states in two places. Its clocks tell what a table or a sort spent with everything that ran meanwhile, and sub-queries
//! and materialised tables have clocks of their own. Where the parts take longer than the block around them, one was in the other.

use super::{
    filled,
    sorted::{Sorted, conditions},
};
use crate::read::json::Value;

/// Where in a block sorts and tables stand whose time holds what is stated elsewhere too, and how much, milliseconds.
pub(super) fn of(block: Value<'_>) -> Vec<(u32, f64)> {
    let mut found: Vec<_> = asked_by_sort(block).into_iter().chain(asked_by_reading(block)).collect();
    found.extend(filled(block));
    let sorts = own(block).filter(|inner| inner.key().is_some_and(|key| key == "filesort"));
    found.extend(sorts.filter_map(|sort| Some((sort.get("table")?.place(), Sorted::of(sort)?.moved))));
    let temporary = own(block).filter(|inner| inner.key().is_some_and(|key| key == "temporary_table"));
    found.extend(temporary.filter_map(filled::of));
    found
}

pub(super) fn number(value: Value<'_>, key: &str) -> Option<f64> {
    value.get(key).and_then(Value::number)
}

/// What the outermost blocks below a value took together, milliseconds; those inside them are in their time. The block of a union has no
/// clock of its own.
pub(super) fn blocks(value: Value<'_>) -> f64 {
    let (mut sum, mut todo) = (0.0, vec![value]);
    while let Some(value) = todo.pop() {
        for inner in value.children() {
            let clock =
                number(inner, "r_total_time_ms").filter(|_| inner.key().is_some_and(|key| key == "query_block"));
            if let Some(ms) = clock {
                sum += ms;
            } else if inner.is_object() || inner.is_array() {
                todo.push(inner);
            }
        }
    }
    sum
}

/// A block's sort of groups that asked the sub-queries of HAVING while it read them (MariaDB checks HAVING there), and the milliseconds they
/// took of its own. They did where the parts take longer than the whole.
fn asked_by_sort(block: Value<'_>) -> Option<(u32, f64)> {
    block.get("having_condition")?.text().filter(|having| having.contains("subquery#"))?;
    let sort = block.get("filesort")?;
    let groups = sort.get("temporary_table")?;
    let asked = blocks(groups.get("subqueries")?);
    let tables = groups.get("nested_loop").into_iter().flat_map(Value::descendants);
    let read: f64 = tables
        .filter(|inner| inner.key().is_some_and(|key| key == "r_table_time_ms" || key == "r_other_time_ms"))
        .filter_map(Value::number)
        .sum();
    let (whole, own) = (number(block, "r_total_time_ms")?, number(sort, "r_total_time_ms")?);
    (own + asked + read > whole && asked > 0.0 && asked < own).then_some((sort.place(), asked))
}

/// The sorts of a table that asked sub-queries for its rows while they read them, for the key or for a condition of the table, and the
/// milliseconds they took of the sort's own; the sub-queries stand beside it.
fn asked_by_reading(block: Value<'_>) -> Vec<(u32, f64)> {
    let (Some(asking), Some(whole)) = (block.get("subqueries"), number(block, "r_total_time_ms")) else {
        return Vec::new();
    };
    let sorts = own(block).filter(|inner| inner.key().is_some_and(|key| key == "filesort"));
    let asked_by = |sort: Value<'_>| {
        let table = sort.get("table")?;
        let texts: Vec<_> = sort.get("sort_key").and_then(Value::text).into_iter().chain(conditions(table)).collect();
        let spent = number(sort, "r_total_time_ms")?;
        let asked: f64 = asking
            .children()
            .filter(|query| texts.iter().any(|text| select(*query).is_some_and(|number| names(text, number))))
            .map(blocks)
            .sum();
        (spent + asked > whole && asked > 0.0 && asked < spent).then_some((sort.place(), asked))
    };
    sorts.filter_map(asked_by).collect()
}

/// The number by which conditions name a sub-query: that of its first block.
fn select(query: Value<'_>) -> Option<f64> {
    query.descendants().find(|inner| inner.key().is_some_and(|key| key == "select_id"))?.number()
}

/// Whether a condition asks the sub-query of this number.
fn names(text: &str, number: f64) -> bool {
    text.split("subquery#").skip(1).any(|rest| {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        rest[..digits].parse() == Ok(number)
    })
}

/// The tables that a block filled from others: filling is in the clock of the block that it is filled from, and in part in that of the
/// table, as what was done besides reading it. Only as much as does not fit into the block's own time is counted twice.
fn filled(block: Value<'_>) -> Vec<(u32, f64)> {
    let Some(whole) = number(block, "r_total_time_ms") else { return Vec::new() };
    let mut tables = Vec::new();
    let mut sum = 0.0;
    for inner in own(block) {
        let Some(key) = inner.key() else { continue };
        let (stated, beside) = match key.as_ref() {
            "table" => (Some(inner), inner.get("materialized")),
            "block-nl-join" => (inner.get("table"), inner.get("materialized")),
            // Their time may hold that of the table they read.
            "filesort" if inner.get("table").is_some() => return Vec::new(),
            _ => (None, None),
        };
        if let (Some(table), Some(from)) = (stated, beside) {
            let filling = blocks(from);
            let spent = ["r_table_time_ms", "r_other_time_ms"].iter().filter_map(|key| number(table, key)).sum::<f64>();
            tables.push((table.place(), spent.min(filling)));
            sum += filling;
        }
        if matches!(key.as_ref(), "r_table_time_ms" | "r_other_time_ms" | "r_unpack_time_ms") {
            sum += inner.number().unwrap_or(0.0);
        } else if key == "filesort" {
            sum += number(inner, "r_total_time_ms").unwrap_or(0.0);
        }
    }
    let mut over = sum - whole;
    for (_, twice) in &mut tables {
        *twice = twice.min(over).max(0.0);
        over -= *twice;
    }
    tables.retain(|(_, twice)| *twice > 0.0);
    tables
}

/// What stands in a block, without its sub-queries and what tables are filled from.
pub(super) fn own(block: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    block.descendants_outside(&["materialized", "subqueries", "query_block"])
}
