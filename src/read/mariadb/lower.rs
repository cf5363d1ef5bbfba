//! Query blocks and the operations in them. Times are totals over all executions: those of blocks with everything in them,
//! those of tables without. A sort's time includes its input only where it reads a table itself.

use super::table;
use crate::{
    plan::{Cost, Engine, Flag, Node, NodeId, Operator, Plan, PlanBuilder, Relation, Role, Rows, Spill, Timing},
    read::{
        ReadError, Source,
        blocks::{Dialect, Step, Task, build},
        json::{Fields, Value},
    },
};

/// What a task is about.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// A `query_block`.
    Block(Place),
    /// An operation by its key.
    Operation(&'static str),
    /// The sorts of `window_functions_computation` from here on, then what they read.
    Sorts(usize),
    /// An item of a nested loop.
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
    /// The same, again for each outer row that needs other groups (`lateral`).
    Lateral,
}

/// Operations that hold what they work on.
const OPERATIONS: [&str; 10] = [
    "filesort",
    "temporary_table",
    "window_functions_computation",
    "union_result",
    "recursive_union",
    "read_sorted_file",
    "block-nl-join",
    "range-checked-for-each-record",
    "duplicates_removal",
    "buffer_result",
];

/// Reads the object around `query_block`.
pub(super) fn plan(value: Value<'_>, source: &Source<'_>) -> Result<Plan, ReadError> {
    let Some(root) = value.get("query_block") else {
        return Err(source.expected(value, "a key \"query_block\""));
    };
    let mut builder = PlanBuilder::new();
    build(&mut Lower, Task::new(root, Kind::Block(Place::Plain), Role::Root), &mut builder)?;
    let mut plan = source.finish(builder, Engine::MariaDb, root)?;
    let mut rest = Fields::of(value);
    rest.take("query_block");
    if let Some(optimization) = rest.take("query_optimization") {
        // Only ANALYZE says it, also for plans without a table.
        plan.analyzed = true;
        plan.planning_ms = optimization.get("r_total_time_ms").and_then(Value::number);
    }
    if plan.analyzed {
        plan.execution_ms = plan.derived(NodeId::ROOT).wall_ms;
    }
    plan.extra = rest.rest().collect();
    Ok(plan)
}

struct Lower;

impl<'d> Dialect<'d> for Lower {
    type Kind = Kind;

    fn step(&mut self, task: &Task<'d, Kind>) -> Step<'d, Kind> {
        match task.kind {
            Kind::Block(place) => block(task.value, task.role, place),
            Kind::Operation(name) => operation(task.value, task.role, name),
            Kind::Sorts(from) => sorts(task.value, task.role, from),
            Kind::Item => Step { node: None, parts: inputs(task.value, task.role) },
            Kind::Table => table::table(task.value, task.role),
        }
    }

    fn join(&mut self, item: Value<'d>) -> Node {
        table::join(item)
    }

    fn item(&self) -> Kind {
        Kind::Item
    }
}

/// What a block or an operation works on.
pub(super) fn inputs(value: Value<'_>, role: Role) -> Vec<Task<'_, Kind>> {
    let mut parts = Vec::new();
    for inner in value.children() {
        let Some(key) = inner.key() else { continue };
        if let Some(name) = OPERATIONS.iter().find(|name| **name == key) {
            parts.push(match *name {
                "window_functions_computation" => Task::new(inner, Kind::Sorts(0), role),
                // A list too: what is joined before duplicates are removed.
                "duplicates_removal" if inner.is_array() => Task::chain(inner, Kind::Item, role),
                name => Task::new(inner, Kind::Operation(name), role),
            });
        } else if key == "nested_loop" {
            parts.push(Task::chain(inner, Kind::Item, role));
        } else if key == "table" {
            parts.push(Task::new(inner, Kind::Table, role));
        }
    }
    parts
}

/// `[{"query_block"} | {"subquery_cache": {"query_block"}} | {"materialization": {"query_block"}}]`; 10.x says
/// `expression_cache`.
pub(super) fn subqueries(value: Value<'_>) -> Vec<Task<'_, Kind>> {
    let all = value.get("subqueries").into_iter().flat_map(Value::children);
    all.filter_map(subquery).collect()
}

fn subquery(value: Value<'_>) -> Option<Task<'_, Kind>> {
    // Only what depends on the outer row has a cache.
    let cache = value.get("subquery_cache").or_else(|| value.get("expression_cache"));
    let materialization = value.get("materialization");
    let block = cache.or(materialization).unwrap_or(value).get("query_block")?;
    let place = if materialization.is_some() { Place::Materialized } else { Place::Plain };
    let repeated = block.get("r_loops").and_then(Value::number).is_some_and(|loops| loops > 1.0);
    let role = if cache.is_some() || repeated { Role::Subplan } else { Role::InitPlan };
    Some(Task::new(block, Kind::Block(place), role))
}

/// Takes the fields that become nodes of their own.
fn take_parts(f: &mut Fields<'_>) {
    for key in OPERATIONS.into_iter().chain(["nested_loop", "table", "subqueries", "query_specifications"]) {
        f.take(key);
    }
}

fn block(value: Value<'_>, role: Role, place: Place) -> Step<'_, Kind> {
    let mut f = Fields::of(value);
    let mut parts = inputs(value, Role::Outer);
    parts.extend(subqueries(value));
    take_parts(&mut f);
    let mut node = Node::new(role, Operator::Result, "query_block");
    if place != Place::Plain {
        (node.operator, node.native) = (Operator::Materialize, "materialized".to_owned());
        node.flags.push(Flag::Temporary);
    }
    if place == Place::Lateral || (role == Role::Subplan && place == Place::Plain) {
        node.flags.push(Flag::Dependent);
    }
    if role != Role::Root {
        node.subplan = value.get("select_id").and_then(Value::number).map(|n| format!("select #{n}"));
    }
    let total = f.number("cost");
    let inside = table::spent(value);
    node.cost = Cost { startup: None, total, own: total.map(|total| (total - inside).max(0.0)) };
    node.rows.loops = f.number("r_loops");
    node.timing = f.number("r_total_time_ms").map(Timing::Inclusive);
    node.conditions.filter = f.text("having_condition");
    node.line = Some(value.line());
    if let Some(target) = value.get("table") {
        write(&mut node, target);
    }
    node.extra = f.rest().collect();
    Step { node: Some(node), parts }
}

/// Makes the block the node that writes: `UPDATE` and `DELETE` of one table say so; a table that is neither read nor has a
/// message is that of `INSERT … VALUES`.
fn write(node: &mut Node, target: Value<'_>) {
    let stated = ["update", "delete", "insert"].into_iter().find(|key| target.get(key).is_some_and(Value::truth));
    let bare = target.get("access_type").is_none() && target.get("message").is_none();
    if let Some(word) = stated.or(bare.then_some("insert")) {
        node.operator = Operator::ModifyTable;
        word.clone_into(&mut node.native);
        let name = target.get("table_name").and_then(Value::text);
        node.relation = name.map(|name| Relation { name: name.into_owned(), ..Relation::default() });
    }
}

fn operation<'d>(value: Value<'d>, role: Role, name: &'static str) -> Step<'d, Kind> {
    let mut parts = inputs(value, if matches!(name, "filesort" | "temporary_table") { Role::Outer } else { role });
    let node = match name {
        "filesort" => filesort(value, role, value.get("table").is_some()),
        "temporary_table" => {
            let mut node = Node::new(role, Operator::TemporaryTable, name);
            let mut f = Fields::of(value);
            take_parts(&mut f);
            node.extra = f.rest().collect();
            node.line = Some(value.line());
            node
        }
        "union_result" | "recursive_union" => {
            parts = branches(value);
            union(value, role, name)
        }
        // The table below says all there is to say; the join above takes what belongs to it.
        _ => return Step { node: None, parts },
    };
    parts.extend(subqueries(value));
    Step { node: Some(node), parts }
}

fn branches(value: Value<'_>) -> Vec<Task<'_, Kind>> {
    let all = value.get("query_specifications").into_iter().flat_map(Value::children);
    all.filter_map(|branch| branch.get("query_block"))
        .map(|b| Task::new(b, Kind::Block(Place::Plain), Role::Union))
        .collect()
}

fn union(value: Value<'_>, role: Role, name: &'static str) -> Node {
    let mut f = Fields::of(value);
    take_parts(&mut f);
    let operator = if name == "recursive_union" { Operator::RecursiveUnion } else { Operator::SetOp };
    let mut node = Node::new(role, operator, name);
    node.flags.push(Flag::Temporary);
    let actual = f.number("r_rows");
    // 11.8 writes no rows and zero loops for the union of a recursion that ran.
    node.rows = Rows { actual, loops: f.number("r_loops").filter(|_| actual.is_some()), ..Rows::default() };
    node.timing = f.number("r_table_time_ms").map(|ms| Timing::Own(ms + f.number("r_other_time_ms").unwrap_or(0.0)));
    node.line = Some(value.line());
    node.extra = f.rest().collect();
    node
}

/// A sort; `reads` when it reads a table itself, whose time its own then includes.
fn filesort(value: Value<'_>, role: Role, reads: bool) -> Node {
    let mut f = Fields::of(value);
    take_parts(&mut f);
    let mut node = Node::new(role, Operator::Sort, "filesort");
    node.flags.push(Flag::Filesort);
    node.keys = f.text("sort_key").into_iter().collect();
    node.timing = f.number("r_total_time_ms").map(if reads { Timing::Inclusive } else { Timing::Own });
    node.rows = Rows { actual: f.number("r_output_rows"), loops: f.number("r_loops"), ..Rows::default() };
    // More than one pass means that sorted runs were written to disk and merged.
    if let Some(passes) = f.number("r_sort_passes").filter(|passes| *passes >= 1.0) {
        node.spill = Some(Spill { bytes: None, how: format!("r_sort_passes: {passes}") });
    }
    node.line = Some(value.line());
    node.extra = f.rest().collect();
    node
}

/// The sorts of window functions one below the other, the last written on top of what they read.
fn sorts(value: Value<'_>, role: Role, from: usize) -> Step<'_, Kind> {
    if from == 0 {
        let mut f = Fields::of(value);
        take_parts(&mut f);
        f.take("sorts");
        let mut node = Node::new(role, Operator::WindowAgg, "window_functions_computation");
        node.line = Some(value.line());
        node.extra = f.rest().collect();
        return Step { node: Some(node), parts: vec![Task::new(value, Kind::Sorts(1), Role::Outer)] };
    }
    let sort = value.get("sorts").and_then(|sorts| sorts.children().nth(from - 1)).and_then(|s| s.get("filesort"));
    match sort {
        Some(sort) => {
            let node = filesort(sort, role, false);
            Step { node: Some(node), parts: vec![Task::new(value, Kind::Sorts(from + 1), Role::Outer)] }
        }
        None => Step { node: None, parts: inputs(value, role) },
    }
}
