//! Version 1: query blocks, in which operations hold operations down to the tables. There are no actual values.

use super::v1_table;
use crate::{
    plan::{Cost, Engine, Flag, Node, Operator, Plan, PlanBuilder, Relation, Role},
    read::{
        ReadError, Source,
        blocks::{Dialect, Step, Task, build},
        json::{Fields, Value},
    },
};

/// What a task is about.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// A `query_block`; what its node is called, and whether each outer row runs it.
    Block(Place),
    /// An operation such as `ordering_operation`, by its key.
    Operation(&'static str),
    /// One window of `windowing`, from the last to the first, then what they read.
    Window(usize),
    /// `{"table": …}`, an item of a nested loop.
    Item,
    /// The object under `table`.
    Table,
}

/// Where a query block stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The statement, a sub-query or a branch of a union.
    Plain,
    /// Filled into a temporary table before it is read.
    Materialized,
    /// For each outer row.
    Dependent,
}

/// Operations that hold what they work on, with their operator.
const OPERATIONS: [(&str, Operator); 10] = [
    ("ordering_operation", Operator::Sort),
    ("grouping_operation", Operator::GroupAggregate),
    ("duplicates_removal", Operator::Unique),
    ("buffer_result", Operator::TemporaryTable),
    ("windowing", Operator::WindowAgg),
    ("union_result", Operator::SetOp),
    ("intersect_result", Operator::SetOp),
    ("except_result", Operator::SetOp),
    // A query in parentheses that is limited or ordered once more.
    ("unary_result", Operator::TemporaryTable),
    ("insert_from", Operator::Result),
];

/// Lists of sub-queries that stand beside what a block does.
const SUBQUERIES: [&str; 9] = [
    "select_list_subqueries",
    "having_subqueries",
    "order_by_subqueries",
    "group_by_subqueries",
    "insert_values_subqueries",
    "update_value_subqueries",
    "optimized_away_subqueries",
    "insert_update_subqueries",
    "attached_subqueries",
];

/// Reads the object around `query_block`.
pub(super) fn plan(value: Value<'_>, source: &Source<'_>) -> Result<Plan, ReadError> {
    let Some(root) = value.get("query_block") else {
        return Err(source.expected(value, "a key \"query_block\""));
    };
    let mut builder = PlanBuilder::new();
    build(&mut V1::default(), Task::new(root, Kind::Block(Place::Plain), Role::Root), &mut builder)?;
    let mut plan = source.finish(builder, Engine::MySql, root)?;
    let mut rest = Fields::of(value);
    rest.take("query_block");
    plan.extra = rest.rest().collect();
    Ok(plan)
}

#[derive(Default)]
struct V1 {
    /// Tables that hold the rows of the step before in a recursion, by their places in the document.
    recursive: std::collections::HashSet<u32>,
}

impl<'d> Dialect<'d> for V1 {
    type Kind = Kind;

    fn step(&mut self, task: &Task<'d, Kind>) -> Step<'d, Kind> {
        match task.kind {
            Kind::Block(place) => {
                // Of a recursive block the first table is the one that the recursion fills: the optimiser joins it first.
                if task.value.get("recursive").is_some_and(Value::truth) {
                    self.recursive.extend(v1_table::first_table(task.value).map(Value::place));
                }
                block(task.value, task.role, place)
            }
            Kind::Operation(name) => operation(task.value, task.role, name),
            Kind::Window(left) => window(task.value, task.role, left),
            Kind::Item => {
                let parts = inputs(task.value, task.role).into_iter();
                Step { node: None, parts: parts.map(|part| Task { among: task.among.clone(), ..part }).collect() }
            }
            Kind::Table => {
                let mut step = v1_table::table(task);
                if let Some(node) = step.node.as_mut().filter(|_| self.recursive.contains(&task.value.place())) {
                    node.operator = Operator::WorkTableScan;
                }
                step
            }
        }
    }

    fn join(&mut self, item: Value<'d>) -> Node {
        v1_table::join(item)
    }

    fn item(&self) -> Kind {
        Kind::Item
    }
}

/// What a block or an operation works on: operations, a list of tables, or one table.
pub(super) fn inputs(value: Value<'_>, role: Role) -> Vec<Task<'_, Kind>> {
    let mut parts = Vec::new();
    for inner in value.children() {
        let Some(key) = inner.key() else { continue };
        if let Some((name, _)) = OPERATIONS.iter().find(|(name, _)| *name == key) {
            parts.push(match *name {
                "windowing" => {
                    let windows = inner.get("windows").map_or(0, |w| w.children().count());
                    Task::new(inner, Kind::Window(windows), role)
                }
                name => Task::new(inner, Kind::Operation(name), role),
            });
        } else if key == "nested_loop" {
            parts.push(Task::chain(inner, Kind::Item, role));
        } else if key == "table" && !writes(inner) {
            parts.push(Task::new(inner, Kind::Table, role));
        } else if key == "table" && inner.get("rows_examined_per_scan").is_some() {
            // UPDATE and DELETE of one table: the block writes, its input reads.
            parts.push(Task::new(inner, Kind::Table, role));
        }
    }
    parts
}

/// Takes the fields that become nodes of their own.
fn take_parts(f: &mut Fields<'_>) {
    let operations = OPERATIONS.iter().map(|(name, _)| *name);
    for key in operations.chain(SUBQUERIES).chain(["nested_loop", "table", "query_specifications"]) {
        f.take(key);
    }
}

/// The sub-queries beside a block, an operation or a table.
pub(super) fn subqueries(value: Value<'_>) -> Vec<Task<'_, Kind>> {
    let lists = value.children().filter(|inner| inner.key().is_some_and(|key| SUBQUERIES.contains(&key.as_ref())));
    lists.flat_map(Value::children).filter_map(query).collect()
}

/// `{"dependent": …, "cacheable": …, "query_block": …}`, or the table that was filled with its rows, for each row to look into.
fn query(value: Value<'_>) -> Option<Task<'_, Kind>> {
    let Some(block) = value.get("query_block") else {
        return value.get("table").map(|table| Task::new(table, Kind::Table, Role::Subplan));
    };
    let truth = |key: &str| value.get(key).is_some_and(Value::truth);
    let once = !truth("dependent") && truth("cacheable");
    let place = if truth("dependent") { Place::Dependent } else { Place::Plain };
    Some(Task::new(block, Kind::Block(place), if once { Role::InitPlan } else { Role::Subplan }))
}

/// Whether a table is one that the statement changes.
fn writes(table: Value<'_>) -> bool {
    ["insert", "update", "delete", "replace"].iter().any(|key| table.get(key).is_some_and(Value::truth))
}

fn block(value: Value<'_>, role: Role, place: Place) -> Step<'_, Kind> {
    let mut f = Fields::of(value);
    let mut parts = inputs(value, Role::Outer);
    parts.extend(subqueries(value));
    take_parts(&mut f);
    let mut node = Node::new(role, Operator::Result, "query_block");
    if place == Place::Materialized {
        (node.operator, node.native) = (Operator::Materialize, "materialized_from_subquery".into());
        node.flags.push(Flag::Temporary);
    }
    if place == Place::Dependent {
        node.flags.push(Flag::Dependent);
    }
    if let Some(message) = f.text("message") {
        node.native = message.into();
    }
    let number = value.get("select_id").and_then(Value::number);
    if role != Role::Root {
        node.subplan = number.map(|n| format!("select #{n}"));
    }
    let total = f.take("cost_info").and_then(|cost| cost.get("query_cost")).and_then(Value::number);
    let inside = v1_table::spent(value);
    node.cost = Cost { startup: None, total, own: total.map(|total| (total - inside).max(0.0)) };
    node.rows.estimated = v1_table::produced(value);
    node.line = Some(value.line());
    let listed = value.get("nested_loop").into_iter().flat_map(Value::children);
    if let Some(target) =
        value.get("table").into_iter().chain(listed.filter_map(|i| i.get("table"))).find(|t| writes(*t))
    {
        write(&mut node, target);
    }
    node.extra = f.rest().collect();
    Step { node: Some(node), parts }
}

/// Makes the block the node that writes to `target`.
fn write(node: &mut Node, target: Value<'_>) {
    let word =
        ["insert", "update", "delete", "replace"].into_iter().find(|key| target.get(key).is_some_and(Value::truth));
    node.operator = Operator::ModifyTable;
    node.native = word.unwrap_or("query_block").into();
    let name = target.get("table_name").and_then(Value::text);
    node.relation = name.map(|name| Relation { name: name.into_owned(), ..Relation::default() });
}

fn operation<'d>(value: Value<'d>, role: Role, name: &'static str) -> Step<'d, Kind> {
    if name == "insert_from" {
        return Step { node: None, parts: inputs(value, role) };
    }
    let mut f = Fields::of(value);
    let (filesort, temporary) = (f.truth("using_filesort"), f.truth("using_temporary_table"));
    let mut parts = inputs(value, Role::Outer);
    let branches = if name == "unary_result" { Role::Outer } else { Role::Union };
    for branch in value.get("query_specifications").into_iter().flat_map(Value::children) {
        // A branch may be a set operation of its own: `(a UNION b) UNION ALL c`.
        let nested = if branch.get("query_block").is_some() { Vec::new() } else { inputs(branch, branches) };
        let plain = query(branch).filter(|_| nested.is_empty()).map(|task| Task { role: branches, ..task });
        parts.extend(plain.into_iter().chain(nested));
    }
    parts.extend(subqueries(value));
    take_parts(&mut f);
    let operator = OPERATIONS.iter().find(|(key, _)| *key == name).map(|(_, operator)| operator.clone());
    let mut node = Node::new(role, operator.unwrap_or_else(|| Operator::Other(name.to_owned())), name);
    // Nothing is sorted when an index gives the order already, and a temporary table groups by hashing.
    let specifications = || value.get("query_specifications").into_iter().flat_map(Value::children);
    let recursive = || specifications().any(|s| s.get("query_block").and_then(|b| b.get("recursive")).is_some());
    match (name, filesort, temporary) {
        ("union_result", ..) if recursive() => node.operator = Operator::RecursiveUnion,
        // UNION ALL passes rows on, nothing is collected.
        ("union_result", _, false) => node.operator = Operator::Append,
        ("unary_result", true, _) => node.operator = Operator::Sort,
        ("ordering_operation", false, _) => node.operator = Operator::Result,
        ("grouping_operation", false, true) => node.operator = Operator::HashAggregate,
        _ => {}
    }
    mark(&mut node, filesort, temporary);
    node.cost.own = f.take("cost_info").and_then(|cost| cost.get("sort_cost")).and_then(Value::number);
    node.rows.estimated = v1_table::produced(value);
    node.line = Some(value.line());
    node.extra = f.rest().collect();
    Step { node: Some(node), parts }
}

/// Windows run one after another on the rows of the one before; a sort may stand below each.
fn window(value: Value<'_>, role: Role, left: usize) -> Step<'_, Kind> {
    let Some(window) = left.checked_sub(1).and_then(|i| value.get("windows")?.children().nth(i)) else {
        let mut parts = inputs(value, role);
        parts.extend(subqueries(value));
        return Step { node: None, parts };
    };
    let mut f = Fields::of(window);
    let mut node = Node::new(role, Operator::WindowAgg, "windowing");
    let buffer = window.get("frame_buffer").is_some_and(|b| b.get("using_temporary_table").is_some_and(Value::truth));
    mark(&mut node, f.truth("using_filesort"), f.truth("using_temporary_table") || buffer);
    node.keys = f.texts("filesort_key");
    let first = left == value.get("windows").map_or(0, |w| w.children().count());
    if first {
        // One figure stands for the sorts of all windows.
        node.cost.own = value.get("cost_info").and_then(|cost| cost.get("sort_cost")).and_then(Value::number);
    }
    node.line = Some(window.line());
    node.extra = f.rest().collect();
    Step { node: Some(node), parts: vec![Task::new(value, Kind::Window(left - 1), Role::Outer)] }
}

fn mark(node: &mut Node, filesort: bool, temporary: bool) {
    if filesort {
        node.flags.push(Flag::Filesort);
    }
    if temporary {
        node.flags.push(Flag::Temporary);
    }
}
