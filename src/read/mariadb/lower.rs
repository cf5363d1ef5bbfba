//! Query blocks and the operations in them. Times are totals over all executions: those of blocks with everything in them,
//! those of tables without. A sort's time includes its input only where it reads a table itself.

use std::collections::{HashMap, HashSet};

use super::{filled, overlap, sorted::Sorted, table, windowed};
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
    /// What a cache holds of a sub-query, by its key.
    Cache(&'static str),
    /// `materialization` around the block of a sub-query.
    Materialization,
    /// An item of a nested loop.
    Item,
    /// The object under `table`.
    Table,
    /// The object under `rowid_filter`.
    RowidFilter,
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
    /// Below a cache, for each outer row that it does not know.
    Cached,
}

/// Operations that hold what they work on.
const OPERATIONS: [&str; 13] = [
    "filesort",
    "temporary_table",
    "window_functions_computation",
    "union_result",
    "recursive_union",
    "read_sorted_file",
    "block-nl-join",
    "range-checked-for-each-record",
    table::NULL_KEY,
    "duplicates_removal",
    "duplicate_removal",
    "buffer_result",
    "buffer",
];

/// Reads the object around `query_block`.
pub(super) fn plan(value: Value<'_>, source: &Source<'_>) -> Result<Plan, ReadError> {
    let Some(root) = value.get("query_block") else {
        return Err(source.expected(value, "a key \"query_block\""));
    };
    let told = |key: &str| {
        OPERATIONS.contains(&key)
            || ["select_id", "table", "nested_loop", "message", "cost", "subqueries"].contains(&key)
    };
    if !source.broken && !root.children().any(|inner| inner.key().is_some_and(|key| told(&key))) {
        return Err(source.expected(root, "a query block with \"select_id\" and the tables it reads"));
    }
    let mut builder = PlanBuilder::new();
    build(&mut Lower::default(), Task::new(root, Kind::Block(Place::Plain), Role::Root), &mut builder)?;
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

#[derive(Default)]
struct Lower {
    /// Blocks that a scan filled a table with. Each scan of a recursive CTE shows the whole of it, with the same numbers.
    filled: HashSet<u64>,
    /// Where sorts and tables stand whose stated time holds what is stated elsewhere too, and how much, milliseconds.
    twice: HashMap<u32, f64>,
    /// Where blocks stand whose table was seen to hold the rows they read: they spent time on filling it.
    held: HashSet<u32>,
    /// Where window functions stand, and what they took, milliseconds.
    windows: HashMap<u32, f64>,
}

impl Lower {
    /// Notes what is stated elsewhere too.
    fn count(&mut self, twice: impl IntoIterator<Item = (u32, f64)>) {
        for (place, ms) in twice {
            *self.twice.entry(place).or_default() += ms;
        }
    }

    /// Leaves what was shown below another scan out of a table's parts, for it ran once.
    fn once<'d>(&mut self, mut step: Step<'d, Kind>) -> Step<'d, Kind> {
        let Some(node) = &mut step.node else { return step };
        step.parts.retain(|part| {
            if !matches!(part.kind, Kind::Block(Place::Materialized)) {
                return true;
            }
            let number = part.value.descendants().find(|inner| inner.key().is_some_and(|key| key == "select_id"));
            let Some(number) = number.and_then(Value::number) else { return true };
            let fresh = self.filled.insert(number.to_bits());
            if !fresh {
                node.extra.push(("materialized".to_owned(), format!("select #{number}, as above")));
            }
            fresh
        });
        step
    }

    /// Takes what is stated elsewhere too from the time of what stands at `value`.
    fn less<'d>(&mut self, value: Value<'d>, mut step: Step<'d, Kind>) -> Step<'d, Kind> {
        if let (Some(twice), Some(node)) = (self.twice.remove(&value.place()), &mut step.node)
            && let Some(Timing::Own(ms) | Timing::Inclusive(ms)) = &mut node.timing
        {
            *ms = (*ms - twice).max(0.0);
        }
        step
    }
}

impl<'d> Dialect<'d> for Lower {
    type Kind = Kind;

    fn step(&mut self, task: &Task<'d, Kind>) -> Step<'d, Kind> {
        match task.kind {
            Kind::Block(place) => {
                self.count(overlap::of(task.value));
                self.windows.extend(windowed::of(task.value));
                let mut step = block(task.value, task.role, place);
                if self.held.contains(&task.value.place()) {
                    // Of a union that passes its rows on into the block's table, only the branches have clocks.
                    let passed = task.value.get("union_result").filter(|union| !filled::collects(*union));
                    let from = passed.map(filled::branches).unwrap_or_default();
                    if let Some(node) = step.node.as_mut().filter(|node| node.timing.is_none()) {
                        node.timing = from.iter().map(|branch| branch.ms).reduce(|a, b| a + b).map(Timing::Own);
                    }
                    self.count(from.into_iter().flat_map(filled::Filled::stated));
                    self.count(filled::plain(task.value));
                }
                self.less(task.value, step)
            }
            Kind::Operation(name) => {
                self.held.extend(filled::held(task.value.get("table").unwrap_or(task.value), task.value));
                if name.ends_with("union") || name == "union_result" {
                    self.count(into_union(task.value, name).into_iter().flat_map(filled::Filled::stated));
                }
                let mut step = self.once(operation(task.value, task.role, name));
                if name == "temporary_table"
                    && let Some(node) = &mut step.node
                {
                    let filled = filled::of(task.value, |table| self.twice.get(&table).copied().unwrap_or(0.0));
                    node.timing = filled.map(|(_, ms)| Timing::Own(ms));
                    self.count(filled);
                }
                // A join buffer is read as the table in it.
                let stated = if name == "block-nl-join" { task.value.get("table") } else { None };
                self.less(stated.unwrap_or(task.value), step)
            }
            Kind::Sorts(from) => {
                let mut step = sorts(task.value, task.role, from);
                if let (0, Some(node)) = (from, &mut step.node) {
                    node.timing = self.windows.remove(&task.value.place()).map(Timing::Own);
                }
                step
            }
            Kind::Cache(name) => cache(task.value, task.role, name),
            Kind::Materialization => {
                let block = task.value.get("query_block").into_iter();
                self.count(block.clone().flat_map(overlap::of));
                self.windows.extend(block.filter_map(windowed::of));
                materialization(task.value, task.role)
            }
            Kind::Item => Step { node: None, parts: inputs(task.value, task.role) },
            Kind::Table => {
                self.held.extend(filled::held(task.value, task.value));
                let step = self.once(table::table(task.value, task.role, None));
                self.less(task.value, step)
            }
            Kind::RowidFilter => table::rowid_filter(task.value, task.role),
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
    let repeated = |block: Value<'_>| block.get("r_loops").and_then(Value::number).is_some_and(|loops| loops > 1.0);
    for name in ["subquery_cache", "expression_cache"] {
        if let Some(cache) = value.get(name) {
            // Only what depends on the outer row has a cache.
            return Some(Task::new(cache, Kind::Cache(name), Role::Subplan));
        }
    }
    let (inside, kind) = match value.get("materialization") {
        Some(around) => (around, Kind::Materialization),
        None => (value, Kind::Block(Place::Plain)),
    };
    let block = inside.get("query_block")?;
    let role = if repeated(block) { Role::Subplan } else { Role::InitPlan };
    Some(Task::new(if matches!(kind, Kind::Materialization) { inside } else { block }, kind, role))
}

/// Results of a sub-query that are kept by what it depends on.
fn cache<'d>(value: Value<'d>, role: Role, name: &'static str) -> Step<'d, Kind> {
    let mut f = Fields::of(value);
    let block = f.take("query_block");
    let mut node = Node::new(role, Operator::Memoize, name);
    node.rows.loops = f.number("r_loops");
    let number = block.and_then(|b| b.get("select_id")).and_then(Value::number);
    node.subplan = number.map(|n| format!("select #{n}"));
    node.line = Some(value.line());
    node.extra = f.rest().collect();
    let parts = block.into_iter().map(|b| Task::new(b, Kind::Block(Place::Cached), Role::Outer)).collect();
    Step { node: Some(node), parts }
}

fn materialization(value: Value<'_>, role: Role) -> Step<'_, Kind> {
    let Some(inside) = value.get("query_block") else { return Step { node: None, parts: Vec::new() } };
    let mut step = block(inside, role, Place::Materialized);
    if let Some(node) = &mut step.node {
        node.extra.extend(Fields::of(value).rest().filter(|(key, _)| key != "query_block"));
    }
    step
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
    // What stands in the place of a table that is not read says why the block gives its rows without one.
    if let Some((table, message)) = message(value).filter(|_| matches!(place, Place::Plain | Place::Cached)) {
        node.native = message.into();
        parts.retain(|part| part.value.place() != table.place());
        parts.extend(subqueries(table));
    }
    if matches!(place, Place::Materialized | Place::Lateral) {
        (node.operator, node.native) = (Operator::Materialize, "materialized".into());
        node.flags.push(Flag::Temporary);
    }
    if matches!(place, Place::Lateral | Place::Cached) || (role == Role::Subplan && place == Place::Plain) {
        node.flags.push(Flag::Dependent);
    }
    if role != Role::Root && place != Place::Cached {
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

/// The table of a block that reads none, and why.
fn message(block: Value<'_>) -> Option<(Value<'_>, String)> {
    let table = block.get("table").filter(|table| table.get("access_type").is_none())?;
    Some((table, table.get("message")?.text()?.into_owned()))
}

/// Makes the block the node that writes: `UPDATE` and `DELETE` of one table say so; a table that is neither read nor has a
/// message is that of `INSERT … VALUES`.
fn write(node: &mut Node, target: Value<'_>) {
    let stated = ["update", "delete", "insert"].into_iter().find(|key| target.get(key).is_some_and(Value::truth));
    let bare = target.get("access_type").is_none() && target.get("message").is_none();
    if let Some(word) = stated.or(bare.then_some("insert")) {
        node.operator = Operator::ModifyTable;
        node.native = word.into();
        let name = target.get("table_name").and_then(Value::text);
        node.relation = name.map(|name| Relation { name: name.into_owned(), ..Relation::default() });
    }
}

fn operation<'d>(value: Value<'d>, role: Role, name: &'static str) -> Step<'d, Kind> {
    let own = matches!(
        name,
        "filesort" | "temporary_table" | "buffer_result" | "buffer" | "duplicates_removal" | "duplicate_removal"
    );
    let mut parts = inputs(value, if own { Role::Outer } else { role });
    if value.is_array() {
        // A list too: what is joined before duplicates are removed.
        parts = vec![Task::chain(value, Kind::Item, if own { Role::Outer } else { role })];
    }
    let node = match name {
        "filesort" => filesort(value, role, value.get("table").is_some()),
        _ if own => {
            let operator = if name.starts_with("duplicate") { Operator::Unique } else { Operator::TemporaryTable };
            let mut node = Node::new(role, operator, name);
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
        "range-checked-for-each-record" => return table::range_checked(value, role),
        table::NULL_KEY if value.get("table").is_some() => return table::null_key(value, role),
        "block-nl-join" if value.get("materialized").is_some() && value.get("table").is_some() => {
            let inner = value.get("table").unwrap_or(value);
            return table::table(inner, role, value.get("materialized"));
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
    // Without a row for its result, nothing was collected: UNION ALL passes rows on.
    let operator = match (name, filled::collects(value)) {
        ("recursive_union", _) => Operator::RecursiveUnion,
        (_, true) => Operator::SetOp,
        (_, false) => Operator::Append,
    };
    let mut node = Node::new(role, operator, name);
    node.flags.push(Flag::Temporary);
    let actual = f.number("r_rows");
    // 11.8 writes no rows and zero loops for the union of a recursion that ran.
    node.rows = Rows { actual, loops: f.number("r_loops").filter(|_| actual.is_some()), ..Rows::default() };
    let reading = f.number("r_table_time_ms").map(|ms| ms + f.number("r_other_time_ms").unwrap_or(0.0));
    let filling = into_union(value, name).into_iter().map(|branch| branch.ms);
    node.timing = reading.into_iter().chain(filling).reduce(|a, b| a + b).map(Timing::Own);
    node.line = Some(value.line());
    node.extra = f.rest().collect();
    node
}

/// What a union's branches put into its own table.
fn into_union(union: Value<'_>, name: &str) -> Vec<filled::Filled> {
    if name == "recursive_union" || filled::collects(union) { filled::branches(union) } else { Vec::new() }
}

/// A sort; `reads` when it reads a table itself, whose time its own then includes.
fn filesort(value: Value<'_>, role: Role, reads: bool) -> Node {
    let mut f = Fields::of(value);
    take_parts(&mut f);
    let mut node = Node::new(role, Operator::Sort, "filesort");
    node.flags.push(Flag::Filesort);
    node.keys = f.text("sort_key").into_iter().collect();
    let stated = f.number("r_total_time_ms");
    let sorted = Sorted::of(value);
    node.timing = match sorted {
        Some(sorted) => Some(Timing::Own(sorted.own)),
        None => stated.map(if reads { Timing::Inclusive } else { Timing::Own }),
    };
    node.rows = Rows { actual: f.number("r_output_rows"), loops: f.number("r_loops"), ..Rows::default() };
    // More than one pass means that sorted runs were written to disk and merged.
    if let Some(passes) = f.number("r_sort_passes").filter(|passes| *passes >= 1.0) {
        node.spill = Some(Box::new(Spill { bytes: None, how: format!("r_sort_passes: {passes}") }));
    }
    node.line = Some(value.line());
    node.extra = f.rest().collect();
    if sorted.is_some_and(|sorted| sorted.untold) {
        let words = "least known: the table's r_other_time_ms holds the rest with its condition's";
        node.extra.push(("own time".to_owned(), words.to_owned()));
    }
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
