//! Tables of version 1 and the joins that stand for a list of them.

use super::v1::{Kind, Place, subqueries};
use crate::{
    plan::{Conditions, Cost, Flag, Node, Operator, Relation, Role, Rows},
    read::{
        blocks::{Step, Task, access, covering},
        json::{Fields, Value},
    },
};

/// The object under `table`.
pub(super) fn table<'d>(task: &Task<'d, Kind>) -> Step<'d, Kind> {
    let value = task.value;
    let mut f = Fields::of(value);
    let mut parts = Vec::new();
    let materialized = f.take("materialized_from_subquery");
    let mut shared = false;
    if let Some(from) = materialized {
        shared = from.get("sharing_temporary_table_with").is_some();
        if let Some(block) = from.get("query_block") {
            parts.push(Task::new(block, Kind::Block(Place::Materialized), Role::Outer));
        }
    }
    parts.extend(subqueries(value));
    f.take("attached_subqueries");
    let kind = f.text("access_type").unwrap_or_default();
    // Skipping from group to group, the index alone answers too.
    let skips = ["using_index_for_group_by", "using_index_for_skip_scan"].iter().any(|key| value.get(key).is_some());
    let only_index = f.truth("using_index") || skips;
    let name = f.text("table_name");
    let message = f.text("message");
    let operator = match &name {
        // Read again, a temporary table that another place fills: only a common table expression is shared.
        _ if shared => Operator::CteScan,
        _ if materialized.is_some() => Operator::SubqueryScan,
        Some(name) if name.starts_with('<') => Operator::SubqueryScan,
        None => Operator::Result,
        _ if value.get("table_function").is_some() => Operator::FunctionScan,
        // Which index to read is asked anew for each row of the tables before it.
        _ if value.get("range_checked_for_each_record").is_some() => Operator::IndexScan,
        _ => access(&kind, only_index),
    };
    let native = message.unwrap_or(if kind.is_empty() { "table".to_owned() } else { kind });
    let mut node = Node::new(task.role, operator, native);
    covering(&mut node, only_index);
    if let Some(from) = materialized {
        let rest = Fields::of(from).rest().filter(|(key, _)| key != "query_block");
        node.extra.extend(rest);
    }
    node.relation = name.map(|name| Relation { name, ..Relation::default() });
    node.index = f.text("key");
    node.keys = f.texts("used_key_parts");
    node.cost = Cost { startup: None, total: None, own: own(task) };
    f.take("cost_info");
    node.rows = rows(&mut f);
    let references = f.texts("ref");
    node.conditions = Conditions {
        filter: f.text("attached_condition"),
        index: lookup(&node.keys, &references),
        join: None,
        recheck: f.text("index_condition"),
    };
    if !references.is_empty() {
        node.extra.push(("ref".to_owned(), references.join(", ")));
    }
    node.line = Some(value.line());
    node.extra.extend(f.rest());
    Step { node: Some(node), parts }
}

/// `customer_id = shop.c.id AND …`, from the columns of the index and what they are compared with.
fn lookup(keys: &[String], references: &[String]) -> Option<String> {
    let pairs: Vec<_> = keys.iter().zip(references).map(|(key, value)| format!("{key} = {value}")).collect();
    (!pairs.is_empty()).then(|| pairs.join(" AND "))
}

/// Rows that pass: the server states rows examined and the percentage of them that its conditions keep.
fn rows(f: &mut Fields<'_>) -> Rows {
    let examined = f.number("rows_examined_per_scan");
    let filtered = f.number("filtered");
    let estimated = examined.map(|rows| rows * filtered.unwrap_or(100.0) / 100.0);
    Rows { estimated, examined, ..Rows::default() }
}

/// The join of what came before with an item.
pub(super) fn join(item: Value<'_>) -> Node {
    let table = item.get("table").unwrap_or(item);
    let text = |key: &str| table.get(key).and_then(Value::text);
    let buffer = text("using_join_buffer");
    let hash = buffer.as_deref() == Some("hash join");
    let operator = if hash { Operator::HashJoin } else { Operator::NestedLoop };
    let mut node = Node::new(Role::Outer, operator, "nested_loop");
    if let Some(buffer) = buffer {
        // The condition that is written beside the table joins it here.
        node.native = buffer.into_owned().into();
        node.flags.push(Flag::JoinBuffer);
    }
    let kinds =
        [("not_exists", "antijoin"), ("first_match", "semijoin, first match"), ("loosescan", "semijoin, loose scan")];
    if let Some((_, kind)) = kinds.iter().find(|(key, _)| table.get(key).is_some()) {
        node.native = format!("{} ({kind})", node.native).into();
    }
    node.rows.estimated = table.get("rows_produced_per_join").and_then(Value::number);
    node.cost = Cost { startup: None, total: prefix(table), own: Some(0.0) };
    node.line = Some(item.line());
    node
}

fn prefix(table: Value<'_>) -> Option<f64> {
    table.get("cost_info")?.get("prefix_cost")?.number()
}

/// What a table adds to the cost of the join: its own figures leave out part of what it examines, so the difference of the
/// running totals is taken.
fn own(task: &Task<'_, Kind>) -> Option<f64> {
    let cost = task.value.get("cost_info")?;
    let part = |key: &str| cost.get(key).and_then(Value::number);
    let Some(prefix_here) = prefix(task.value) else {
        return Some(part("read_cost")? + part("eval_cost").unwrap_or(0.0));
    };
    let before = task.before().find_map(|item| prefix(item.get("table")?));
    Some((prefix_here - before.unwrap_or(0.0)).max(0.0))
}

/// Operations on the way from a block to its tables. There are never many.
const WAY: [&str; 6] =
    ["ordering_operation", "grouping_operation", "duplicates_removal", "buffer_result", "windowing", "insert_from"];

/// A block and the operations in it, from the outside in.
fn way(block: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    std::iter::successors(Some(block), |at| WAY.iter().find_map(|key| at.get(key))).take(16)
}

/// The last of the tables a block or operation works on directly, not those of sub-queries: its running totals are those
/// of the whole list.
fn last_table(value: Value<'_>) -> Option<Value<'_>> {
    way(value).find_map(|at| match at.get("nested_loop") {
        Some(list) => list.children().filter_map(|item| item.get("table")).filter(|t| prefix(*t).is_some()).last(),
        None => at.get("table").filter(|table| prefix(*table).is_some()),
    })
}

/// The first of the tables a block works on directly.
pub(super) fn first_table(block: Value<'_>) -> Option<Value<'_>> {
    way(block).find_map(|at| match at.get("nested_loop") {
        Some(list) => list.children().find_map(|item| item.get("table")),
        None => at.get("table"),
    })
}

/// What the tables and sorts of a block cost in all.
pub(super) fn spent(block: Value<'_>) -> f64 {
    let sort = |at: Value<'_>| at.get("cost_info")?.get("sort_cost")?.number();
    way(block).filter_map(sort).sum::<f64>() + last_table(block).and_then(prefix).unwrap_or(0.0)
}

/// Rows the tables of a block or operation produce together.
pub(super) fn produced(value: Value<'_>) -> Option<f64> {
    last_table(value)?.get("rows_produced_per_join")?.number()
}
