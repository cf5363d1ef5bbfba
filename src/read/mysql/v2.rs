//! Version 2: a tree of iterators, each with the line `FORMAT=TREE` would print for it.

use super::v2_operator::{native, operator};
use crate::{
    plan::{Conditions, Cost, Engine, Flag, Node, NodeId, Operator, Plan, PlanBuilder, Relation, Role, Rows, Timing},
    read::{
        ReadError, Source,
        json::{Fields, Value},
        source::push,
    },
};

/// The keys of one node, as the server writes them. Every one is optional.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "the server's own keys")]
pub(super) struct RawNode {
    pub(super) operation: String,
    pub(super) access_type: Option<String>,
    pub(super) index_access_type: Option<String>,
    pub(super) join_algorithm: Option<String>,
    pub(super) table_name: Option<String>,
    pub(super) covering: bool,
    pub(super) group_by: bool,
    pub(super) recursive: bool,
    pub(super) combines: bool,
    pub(super) temp_table: bool,
    pub(super) feeds: Option<Feed>,
}

/// What the first input of a node is, as far as it tells what the node reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feed {
    /// A common table expression.
    Cte,
    /// A materialised sub-query.
    Subquery,
    /// A temporary table.
    Temporary,
}

/// Reads the object around `query_plan`, or the plan itself where a server (8.3) writes no object around it.
pub(super) fn plan(value: Value<'_>, source: &Source<'_>) -> Result<Plan, ReadError> {
    let root = value.get("query_plan").unwrap_or(value);
    let mut builder = PlanBuilder::new();
    let mut todo: Vec<(Value<'_>, Option<NodeId>, Role)> = vec![(root, None, Role::Root)];
    while let Some((value, parent, role)) = todo.pop() {
        if value.get("operation").is_none() {
            if source.broken && parent.is_some() {
                continue;
            }
            return Err(source.expected(value, "a node with a key \"operation\""));
        }
        let node = node(value, role);
        let combines = matches!(node.operator, Operator::SetOp | Operator::RecursiveUnion);
        let several = matches!(node.operator, Operator::IndexMerge | Operator::Append);
        let id = push(&mut builder, parent, node)?;
        let first = todo.len();
        for (place, input) in value.get("inputs").into_iter().flat_map(Value::children).enumerate() {
            let role = match (subquery_role(input), place) {
                (Some(role), _) => role,
                (None, _) if combines => Role::Union,
                (None, _) if several => Role::Member,
                (None, 0) => Role::Outer,
                (None, _) => Role::Inner,
            };
            todo.push((input, Some(id), role));
        }
        for input in value.get("inputs_from_select_list").into_iter().flat_map(Value::children) {
            todo.push((input, Some(id), subquery_role(input).unwrap_or(Role::Subplan)));
        }
        todo[first..].reverse();
    }
    let mut plan = source.finish(builder, Engine::MySql, root)?;
    let mut fields = Fields::of(value);
    if root.place() != value.place() {
        fields.take("query_plan");
        plan.query = fields.text("query");
        plan.extra = fields.rest().collect();
    }
    if plan.analyzed
        && let Some(ms) = plan.derived(NodeId::ROOT).wall_ms
    {
        plan.execution_ms = Some(ms);
    }
    Ok(plan)
}

/// Whether an input is a sub-query of a condition or of the select list, and how often it runs.
fn subquery_role(input: Value<'_>) -> Option<Role> {
    input.get("subquery").filter(|v| v.truth())?;
    let dependent = input.get("dependent").is_some_and(Value::truth);
    let cacheable = input.get("cacheable").is_some_and(Value::truth);
    Some(if dependent || !cacheable { Role::Subplan } else { Role::InitPlan })
}

fn node(value: Value<'_>, role: Role) -> Node {
    let mut f = Fields::of(value);
    f.take("inputs");
    f.take("inputs_from_select_list");
    let truth = |key: &str| value.get(key).is_some_and(Value::truth);
    let first = value.get("inputs").and_then(|inputs| inputs.children().next());
    let feeds = first.and_then(|input| {
        let kind = input.get("access_type").and_then(Value::text)?;
        match kind.as_ref() {
            "materialize" if input.get("cte").is_some_and(Value::truth) => Some(Feed::Cte),
            "materialize" if input.get("temp_table").is_some_and(Value::truth) => Some(Feed::Temporary),
            "materialize" => Some(Feed::Subquery),
            "temp_table_aggregate" => Some(Feed::Temporary),
            _ => None,
        }
    });
    let text = |key: &str| value.get(key).and_then(Value::text).map(std::borrow::Cow::into_owned);
    let raw = RawNode {
        operation: text("operation").unwrap_or_default(),
        access_type: text("access_type"),
        index_access_type: text("index_access_type"),
        join_algorithm: text("join_algorithm"),
        table_name: text("table_name"),
        covering: truth("covering"),
        group_by: truth("group_by"),
        recursive: truth("recursive"),
        combines: truth("union") || truth("intersect") || truth("except"),
        temp_table: truth("temp_table"),
        feeds,
    };
    let operator = operator(&raw);
    let mut node = Node::new(role, operator, native(&raw.operation));
    node.line = Some(value.line());
    let invalidated = value.get("cache_invalidators").is_some();
    flags(&raw, &mut node, truth("dependent") || invalidated);
    node.relation = relation(&mut f);
    node.index = f.text("index_name");
    node.subplan =
        f.text("heading").filter(|heading| heading.starts_with("Select #")).or_else(|| cte_name(&raw.operation));
    node.cost =
        Cost { startup: f.number("estimated_first_row_cost"), total: f.number("estimated_total_cost"), own: None };
    let never = value.get("actual_loops").is_some() && value.get("actual_loops").and_then(Value::number).is_none();
    node.rows = Rows {
        estimated: f.number("estimated_rows"),
        actual: f.number("actual_rows"),
        loops: f.number("actual_loops").or(never.then_some(0.0)),
        ..Rows::default()
    };
    node.timing = f
        .number("actual_last_row_ms")
        .map(|last_ms| Timing::PerLoop { first_ms: f.number("actual_first_row_ms").unwrap_or(last_ms), last_ms });
    if node.operator == Operator::Filter {
        node.rows.removed = removed(&node.rows, first);
    }
    if node.operator == Operator::IndexMerge && node.relation.is_none() {
        node.relation = first.and_then(|input| relation(&mut Fields::of(input)));
    }
    node.conditions = conditions(&mut f);
    node.keys =
        ["sort_fields", "key_columns"].into_iter().map(|key| f.texts(key)).find(|k| !k.is_empty()).unwrap_or_default();
    node.extra = f.rest().collect();
    node
}

fn relation(f: &mut Fields<'_>) -> Option<Relation> {
    let (schema, alias) = (f.text("schema_name"), f.text("alias"));
    f.text("table_name").map(|name| Relation { schema, alias: alias.filter(|a| *a != name), name })
}

/// Rows a filter threw away per execution: those its input gave less those it passed on.
fn removed(rows: &Rows, input: Option<Value<'_>>) -> Option<f64> {
    let number = |key: &str| input?.get(key)?.number();
    let given = number("actual_rows")? * number("actual_loops")? / rows.loops.filter(|loops| *loops > 0.0)?;
    Some((given - rows.actual?).max(0.0))
}

fn conditions(f: &mut Fields<'_>) -> Conditions {
    let mut both = |key: &str| Some(f.texts(key)).filter(|texts| !texts.is_empty()).map(|texts| texts.join(" AND "));
    let (hash, more) = (both("hash_condition"), both("extra_condition"));
    let join = match (hash, more) {
        (Some(hash), Some(more)) => Some(format!("{hash} AND {more}")),
        (hash, more) => hash.or(more),
    };
    let index = both("lookup_condition").or_else(|| both("ranges"));
    // Pushed down to the storage engine, it decides on rows after the lookup and before they are read whole.
    Conditions { filter: f.text("condition"), index, join, recheck: f.text("pushed_index_condition") }
}

fn flags(raw: &RawNode, node: &mut Node, dependent: bool) {
    if raw.covering && node.operator != Operator::SubqueryScan {
        node.flags.push(Flag::Covering);
    }
    let temporary = matches!(raw.access_type.as_deref(), Some("temp_table_aggregate" | "materialize"));
    if temporary || raw.temp_table {
        node.flags.push(Flag::Temporary);
    }
    if raw.join_algorithm.as_deref() == Some("batch_key_access") {
        node.flags.push(Flag::JoinBuffer);
    }
    if dependent {
        node.flags.push(Flag::Dependent);
    }
}

/// `CTE big`, from `Materialize CTE big if needed`.
fn cte_name(operation: &str) -> Option<String> {
    let (_, name) = operation.split_once(" CTE ")?;
    let end = name.find(" if needed").or_else(|| name.find(" (")).unwrap_or(name.len());
    operation.starts_with("Materialize").then(|| format!("CTE {}", &name[..end]))
}
