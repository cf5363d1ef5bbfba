//! Tables and the joins that stand for a list of them.

use super::lower::{Kind, Place, subqueries};
use crate::{
    plan::{Conditions, Cost, Flag, Node, Operator, Relation, Role, Rows, Timing},
    read::{
        blocks::{Step, Task, access, counted, covering},
        json::{Fields, Value},
    },
};

/// The object under `table`, and the `materialized` that a join buffer shows beside it instead of in it.
pub(super) fn table<'d>(value: Value<'d>, role: Role, beside: Option<Value<'d>>) -> Step<'d, Kind> {
    let mut f = Fields::of(value);
    let mut parts = Vec::new();
    let materialized = f.take("materialized").or(beside);
    let mut extra = Vec::new();
    if let Some(from) = materialized {
        let place = if from.get("lateral").is_some_and(Value::truth) { Place::Lateral } else { Place::Materialized };
        // Of a semi-join's sub-query one more object stands between.
        let inside = from.get("materialization").unwrap_or(from);
        if let Some(block) = inside.get("query_block") {
            parts.push(Task::new(block, Kind::Block(place), Role::Outer));
        }
        let known = |key: &str| matches!(key, "query_block" | "materialization");
        extra.extend(Fields::of(from).rest().filter(|(key, _)| !known(key)));
    }
    parts.extend(subqueries(value));
    f.take("subqueries");
    let (kind, name, message) = (f.text("access_type"), f.text("table_name"), f.text("message"));
    let Some(kind) = kind else {
        return Step { node: without_access(value, role, message), parts };
    };
    let only_index = f.truth("using_index") || value.get("using_index_for_group_by").is_some();
    let operator = match &name {
        _ if materialized.is_some() => Operator::SubqueryScan,
        // Inside the recursion the same table holds the rows of the step before.
        Some(name) if name.starts_with("<derived") => Operator::WorkTableScan,
        Some(name) if name.starts_with('<') => Operator::SubqueryScan,
        _ if value.get("table_function").is_some() => Operator::FunctionScan,
        _ => access(&kind, only_index),
    };
    let mut node = Node::new(role, operator, kind);
    covering(&mut node, only_index);
    node.relation = name.map(|name| Relation { name, ..Relation::default() });
    node.index = f.text("key").or_else(|| merged(value));
    node.keys = f.texts("used_key_parts");
    node.cost = Cost { startup: None, total: None, own: f.number("cost") };
    let unread = value.get("r_rows").is_some_and(|rows| rows.number().is_none());
    let never = unread && counted(Some(&node.native));
    node.rows = rows(&mut f, never);
    if unread && !never {
        node.rows.loops = None;
    }
    let own = [f.number("r_table_time_ms"), f.number("r_other_time_ms")];
    // The tables of information_schema are filled before they are read, which may never happen: that takes its time all the same.
    let filled = value.get("scanned_databases").is_some() && own.iter().flatten().any(|ms| *ms > 0.0);
    if filled && node.rows.loops == Some(0.0) {
        node.rows.loops = None;
    }
    // Filling a row-id filter reads an index of the same table: a node of its own.
    let filter = f.take("rowid_filter");
    let filling = filter.and_then(|filter| filter.get("r_filling_time_ms")?.number()).unwrap_or(0.0);
    parts.extend(filter.map(|filter| Task::new(filter, Kind::RowidFilter, Role::Outer)));
    node.timing = own.iter().flatten().copied().reduce(|a, b| a + b).map(|ms| Timing::Own((ms - filling).max(0.0)));
    let references = f.texts("ref");
    let pairs: Vec<_> = node.keys.iter().zip(&references).map(|(key, value)| format!("{key} = {value}")).collect();
    node.conditions = Conditions {
        filter: f.text("attached_condition"),
        index: (!pairs.is_empty()).then(|| pairs.join(" AND ")),
        join: None,
        recheck: f.text("index_condition"),
    };
    if !references.is_empty() {
        extra.push(("ref".to_owned(), references.join(", ")));
    }
    node.line = Some(value.line());
    node.extra = extra.into_iter().chain(f.rest()).collect();
    Step { node: Some(node), parts }
}

/// Around a table whose key a NULL may be looked up by: then it is read whole.
pub(super) const NULL_KEY: &str = "full-scan-on-null_key";

/// The table in [`NULL_KEY`].
pub(super) fn null_key(value: Value<'_>, role: Role) -> Step<'_, Kind> {
    let Some(inside) = value.get("table") else { return Step { node: None, parts: Vec::new() } };
    let mut step = table(inside, role, None);
    if let Some(node) = &mut step.node {
        node.extra.push((NULL_KEY.to_owned(), "true".to_owned()));
        node.extra.extend(Fields::of(value).rest().filter(|(key, _)| key != "table"));
    }
    step
}

/// A table for which each row of those before it is asked anew which index to read.
pub(super) fn range_checked(value: Value<'_>, role: Role) -> Step<'_, Kind> {
    let Some(inside) = value.get("table") else { return Step { node: None, parts: Vec::new() } };
    let mut step = table(inside, role, None);
    if let Some(node) = &mut step.node {
        node.operator = Operator::IndexScan;
        node.extra.push(("access_type".to_owned(), std::mem::take(&mut node.native).into_owned()));
        node.native = "range-checked-for-each-record".into();
        node.extra.extend(Fields::of(value).rest().filter(|(key, _)| key != "table"));
    }
    step
}

/// The places of rows that a second index of the table leaves over, collected before the table is read.
pub(super) fn rowid_filter(value: Value<'_>, role: Role) -> Step<'_, Kind> {
    let mut f = Fields::of(value);
    let range = f.take("range");
    let mut node = Node::new(role, Operator::BitmapIndexScan, "rowid_filter");
    node.index = range.and_then(|r| r.get("key")?.text()).map(std::borrow::Cow::into_owned);
    node.keys = range.and_then(|r| r.get("used_key_parts")).map(Value::texts).unwrap_or_default();
    let actual = f.number("r_rows");
    node.rows = Rows { estimated: f.number("rows"), actual, loops: actual.map(|_| 1.0), ..Rows::default() };
    node.timing = f.number("r_filling_time_ms").map(Timing::Own);
    node.line = Some(value.line());
    node.extra = f.rest().collect();
    Step { node: Some(node), parts: Vec::new() }
}

/// A table that is not read: a message in its place, or the target of an INSERT, which the block names.
fn without_access(value: Value<'_>, role: Role, message: Option<String>) -> Option<Node> {
    let mut node = Node::new(role, Operator::Result, message?);
    node.line = Some(value.line());
    Some(node)
}

/// The indexes of an index merge.
fn merged(value: Value<'_>) -> Option<String> {
    let ranges = value.get("index_merge")?.descendants().filter(|v| v.key().is_some_and(|k| k == "key"));
    let keys: Vec<String> = ranges.filter_map(|v| v.text().map(std::borrow::Cow::into_owned)).collect();
    (!keys.is_empty()).then(|| keys.join(", "))
}

/// Rows that pass: the server states rows read per loop and the percentage of them that its condition keeps. The raw
/// figures are kept.
fn rows(f: &mut Fields<'_>, never: bool) -> Rows {
    let percent = |n: Option<f64>| n.unwrap_or(100.0) / 100.0;
    let (examined, read) = (f.peek_number("rows"), f.peek_number("r_rows"));
    let (filtered, r_filtered) = (f.peek_number("filtered"), f.peek_number("r_filtered"));
    let loops = f.number("r_loops");
    Rows {
        estimated: examined.map(|rows| rows * percent(filtered)),
        examined,
        actual: read.map(|rows| rows * percent(r_filtered)),
        removed: read.filter(|_| f.peek_number("r_filtered").is_some()).map(|rows| rows * (1.0 - percent(r_filtered))),
        // Single-table UPDATE and DELETE state rows and no loops.
        loops: if never { Some(0.0) } else { loops.or(read.map(|_| 1.0)) },
        ..Rows::default()
    }
}

/// The join of what came before with an item.
pub(super) fn join(item: Value<'_>) -> Node {
    let mut node = Node::new(Role::Outer, Operator::NestedLoop, "nested_loop");
    node.line = Some(item.line());
    // Where duplicates are removed of what is joined here, the join stands first in the list of that.
    let listed = || item.get("duplicates_removal")?.children().next()?.get("block-nl-join");
    let of_key = || item.get(NULL_KEY)?.get("block-nl-join");
    if let Some(buffered) = item.get("block-nl-join").or_else(listed).or_else(of_key) {
        let mut f = Fields::of(buffered);
        f.take("table");
        f.take("subqueries");
        node.native = "block-nl-join".into();
        // BNLH and BKAH look rows up in a hash table of what the buffer holds.
        if f.text("join_type").is_some_and(|kind| kind.ends_with('H')) {
            node.operator = Operator::HashJoin;
        }
        node.flags.push(Flag::JoinBuffer);
        node.conditions.join = f.text("attached_condition");
        let own = [f.number("r_unpack_time_ms"), f.number("r_other_time_ms")];
        node.timing = own.iter().flatten().copied().reduce(|a, b| a + b).map(Timing::Own);
        let effective = f.peek_number("r_effective_rows");
        let loops = f.peek_number("r_loops");
        let kept = f.peek_number("r_filtered").map(|percent| percent / 100.0);
        // Each buffered row is compared with every effective row of the table.
        if let (Some(loops), Some(rows), Some(kept)) = (loops, effective, kept) {
            node.rows = Rows {
                actual: Some(loops * rows * kept),
                removed: Some(loops * rows * (1.0 - kept)),
                loops: Some(1.0),
                ..Rows::default()
            };
        }
        node.extra = f.rest().collect();
    }
    node
}

/// What the tables a block works on directly cost in all, as far as the server says it (11.x): not those of sub-queries.
pub(super) fn spent(block: Value<'_>) -> f64 {
    // A block in this one has its own costs.
    let direct = block.descendants_outside(&["materialized", "subqueries", "query_specifications"]);
    let tables = direct.filter(|inner| inner.key().is_some_and(|key| key == "table"));
    tables.filter_map(|table| table.get("cost").and_then(Value::number)).sum()
}
