//! Times that MariaDB states in two places. Its clocks tell what a table or a sort spent with everything that ran meanwhile, and sub-queries
//! and materialised tables have clocks of their own. Where the parts take longer than the block around them, one was in the other.

use std::collections::HashMap;

use super::{
    sorted::{Sorted, conditions},
    windowed,
};
use crate::read::json::Value;

/// Where in a block sorts and tables stand whose time holds what is stated elsewhere too, and how much, milliseconds.
pub(super) fn of(block: Value<'_>) -> Vec<(u32, f64)> {
    let mut found: Vec<_> = asked_by_sort(block).into_iter().chain(asked_by_reading(block)).collect();
    found.extend(filled(block));
    let sorts = own(block).filter(|inner| inner.key().is_some_and(|key| key == "filesort"));
    found.extend(sorts.filter_map(|sort| Some((sort.get("table")?.place(), Sorted::of(sort)?.moved))));
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
        // A table that is filled from others is filled before the sort.
        let filling = table.get("materialized").map_or(0.0, blocks);
        let asked: f64 = asking
            .children()
            .filter(|query| texts.iter().any(|text| select(*query).is_some_and(|number| names(text, number))))
            .map(blocks)
            .sum();
        (filling + spent + asked > whole && asked > 0.0 && asked < spent).then_some((sort.place(), asked))
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
/// table, as what was done besides reading it. Only as much as does not fit into the block's own time is counted twice; beside window
/// functions, which take what is left, as much as the block that it is filled from took of its own.
pub(super) fn filled(block: Value<'_>) -> Vec<(u32, f64)> {
    let Some(whole) = number(block, "r_total_time_ms") else { return Vec::new() };
    let mut tables = Vec::new();
    let mut sum = 0.0;
    let sorts = own(block).filter(|inner| inner.key().is_some_and(|key| key == "filesort"));
    let moved: HashMap<u32, f64> =
        sorts.filter_map(|sort| Some((sort.get("table")?.place(), Sorted::of(sort)?.moved))).collect();
    for inner in own(block) {
        let Some(key) = inner.key() else { continue };
        let (stated, beside) = match key.as_ref() {
            "table" => (Some(inner), inner.get("materialized")),
            "block-nl-join" => (inner.get("table"), inner.get("materialized")),
            _ => (None, None),
        };
        if let (Some(table), Some(from)) = (stated, beside) {
            let filling = blocks(from);
            let own = from.get("materialization").unwrap_or(from).get("query_block").and_then(windowed::left);
            let most = spent(table) - moved.get(&table.place()).copied().unwrap_or(0.0);
            tables.push((table.place(), most.min(filling), own.unwrap_or(0.0)));
            sum += filling;
        }
        if matches!(key.as_ref(), "r_table_time_ms" | "r_other_time_ms" | "r_unpack_time_ms") {
            sum += inner.number().unwrap_or(0.0);
        } else if key == "filesort" {
            // Its time may hold that of the table it reads.
            let read = inner.get("table").map_or(0.0, spent);
            sum += (number(inner, "r_total_time_ms").unwrap_or(0.0) - read).max(0.0);
        }
    }
    let windows = windowed::of_block(block).is_some();
    let mut over = sum - whole;
    let twice = |(table, most, own): (u32, f64, f64)| {
        let twice = if windows { most.min(own) } else { most.min(over) }.max(0.0);
        over -= twice;
        (table, twice)
    };
    tables.into_iter().map(twice).filter(|(_, twice)| *twice > 0.0).collect()
}

/// What a table states of its own, milliseconds.
fn spent(table: Value<'_>) -> f64 {
    ["r_table_time_ms", "r_other_time_ms"].iter().filter_map(|key| number(table, key)).sum()
}

/// What stands in a block, without its sub-queries and what tables are filled from.
pub(super) fn own(block: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    block.descendants_outside(&["materialized", "subqueries", "query_block"])
}

#[cfg(test)]
mod tests {
    use crate::{
        plan::{NodeId, Operator},
        read,
    };

    /// A table of the name with its times, and what else is told of it.
    fn table(name: &str, [reading, other]: [f64; 2], rest: &str) -> String {
        format!(
            r#""table": {{"table_name": "{name}", "access_type": "ALL", "r_loops": 1, "rows": 9, "r_rows": 9, "r_table_time_ms": {reading},
            "r_other_time_ms": {other}{rest}}}"#
        )
    }

    fn block(select: u8, ms: f64, inside: &str) -> String {
        format!(r#""query_block": {{"select_id": {select}, "r_loops": 1, "r_total_time_ms": {ms}, {inside}}}"#)
    }

    fn filled_from(block: &str) -> String {
        format!(r#", "materialized": {{{block}}}"#)
    }

    /// Measured on 11.8, each a statement whose parts are stated to take longer than the whole.
    #[test]
    fn what_is_stated_twice_is_counted_once() {
        let grouped = |select: u8, name: &str, whole: f64, sort: f64, times: [f64; 2]| {
            let inside = format!(
                r#""filesort": {{"sort_key": "g", "r_loops": 1, "r_total_time_ms": {sort}, "r_output_rows": 9, "temporary_table": {{
                "nested_loop": [{{{}}}]}}}}"#,
                table(name, times, "")
            );
            filled_from(&block(select, whole, &inside))
        };
        let windows = |sort: f64, inside: &str| {
            format!(
                r#""window_functions_computation": {{"sorts": [{{"filesort": {{"sort_key": "s", "r_loops": 1, "r_total_time_ms": {sort},
                "r_output_rows": 9}}}}], "temporary_table": {{"nested_loop": [{{{inside}}}]}}}}"#
            )
        };
        let sorted = |key: &str, ms: f64, table: &str| {
            format!(
                r#""nested_loop": [{{"read_sorted_file": {{"r_rows": 5, "filesort": {{"sort_key": "{key}", "r_loops": 1,
                "r_total_time_ms": {ms}, "r_output_rows": 6, "r_sort_mode": "sort_key,rowid", {table}}}}}}}]"#
            )
        };
        // Counting distinct values is between the rows that are put into a derived table, and so in that table's other time.
        let counts = filled_from(&block(3, 321.4, &sorted("b.g", 200.5, &table("b", [89.3, 111.2], ""))));
        let joined = format!(
            r#""temporary_table": {{"nested_loop": [{{{}}}, {{{}}}]}}"#,
            table("<derived2>", [0.0, 0.1], &grouped(2, "a", 334.7, 0.1, [140.2, 194.3])),
            table("<derived3>", [0.3, 120.6], &counts)
        );
        // A sort that asks a sub-query for its key reads a table that was filled before.
        let derived = table("<derived3>", [84.7, 737.8], &grouped(3, "a", 9235.1, 816.6, [221.8, 7514.5]));
        let asks = block(2, 3945.5, &format!(r#""nested_loop": [{{{}}}]"#, table("b", [3246.8, 287.7], "")));
        let asking = format!(r#"{}, "subqueries": [{{{asks}}}]"#, sorted("(subquery#2)", 4265.1, &derived));
        // Windows over groups: 145 ms hold 128 ms of putting those into the derived table.
        let groups = table("<derived3>", [3.0, 145.1], &grouped(3, "a", 1141.6, 146.9, [98.4, 768.1]));
        let over_groups = windows(39.3, &groups);
        // A sort of what windows are computed for.
        let ranks = filled_from(&block(2, 903.2, &windows(107.9, &table("a", [57.4, 560.9], ""))));
        let ranked = sorted("t.m", 11.2, &table("<derived2>", [18.9, 55.1], &ranks));
        // A sub-query's block that stands in a materialisation.
        let below = format!(r#""temporary_table": {{"nested_loop": [{{{}}}]}}"#, table("b", [231.5, 53.0], ""));
        let hashed = format!(
            r#""nested_loop": [{{{}}}], "subqueries": [{{"materialization": {{"r_strategy": "index_lookup", {}}}}}]"#,
            table("a", [25.2, 28.0], ""),
            block(2, 284.5, &below)
        );
        for (inside, whole, operator, own) in [
            (joined, 658.6, Operator::TemporaryTable, 196.6),
            (asking, 13500.4, Operator::Sort, 1051.5),
            (over_groups, 1262.3, Operator::WindowAgg, 61.6),
            (ranked, 914.4, Operator::WindowAgg, 177.0),
            (hashed, 337.7, Operator::TemporaryTable, 53.0),
        ] {
            let document = format!("{{{}}}", block(1, whole, &inside));
            let plan = read::read(&document).unwrap().remove(0);
            let spent = |id| plan.derived(id).self_ms.unwrap_or(0.0);
            let (sum, wall) = (plan.ids().map(spent).sum::<f64>(), plan.derived(NodeId::ROOT).wall_ms.unwrap());
            assert!((sum - whole).abs() < 1.0 && (wall - whole).abs() < 1.0, "{sum} and {wall} of {whole}: {document}");
            let of_kind: f64 = plan.ids().filter(|id| plan.node(*id).operator == operator).map(spent).sum();
            assert!((of_kind - own).abs() < 2.0, "{operator:?} {of_kind}: {document}");
        }
    }
}
