//! From PostgreSQL's keys to the plan.

mod distributed;
mod phases;
mod workers;

use std::sync::Arc;

use super::{
    inputs, operator,
    raw::{RawNode, RawStatement, RawUsage},
};
use crate::{
    plan::{
        Buffers, Conditions, Cost, Engine, Node, NodeId, Operator, Plan, PlanBuilder, Relation, Role, Rows, Timing,
    },
    read::{ReadError, Source, json::Value, source::push},
};
use distributed::Remote;

/// What is still to be turned into nodes.
enum Item<'d> {
    /// An object with a `Node Type`.
    Node(Value<'d>),
    /// Something a node of Citus does elsewhere.
    Remote(Box<Remote<'d>>),
}

/// Reads the object around one statement's `Plan`.
pub(super) fn plan(value: Value<'_>, source: &Source<'_>) -> Result<Plan, ReadError> {
    let Some(root) = value.get("Plan") else {
        return Err(source.expected(value, "a key \"Plan\""));
    };
    let mut builder = PlanBuilder::new();
    let mut todo: Vec<(Item<'_>, Option<NodeId>)> = vec![(Item::Node(root), None)];
    while let Some((item, parent)) = todo.pop() {
        let first = todo.len();
        match item {
            Item::Node(value) => {
                let raw = RawNode::read(value);
                if raw.node_type.is_none() {
                    if source.broken && parent.is_some() {
                        continue;
                    }
                    return Err(source.expected(value, "a node with a key \"Node Type\""));
                }
                let (plans, elsewhere) = (raw.plans, raw.distributed);
                let above = parent.and_then(|id| builder.node_mut(id)).map(|node| node.operator.clone());
                let mut node = node(raw, above.as_ref());
                let remotes = elsewhere.map(|value| distributed::remotes(value, &mut node)).unwrap_or_default();
                let id = Some(push(&mut builder, parent, node)?);
                todo.extend(plans.into_iter().flat_map(Value::children).map(|child| (Item::Node(child), id)));
                todo.extend(remotes.into_iter().map(|remote| (Item::Remote(Box::new(remote)), id)));
            }
            Item::Remote(remote) => {
                let id = Some(push(&mut builder, parent, remote.node)?);
                todo.extend(remote.plans.into_iter().map(|plan| (Item::Node(plan), id)));
            }
        }
        todo[first..].reverse();
    }
    close(builder, value, root.line(), source)
}

/// Closes a plan that begins on a line; `value` is the object around `Plan`, which tells the rest.
pub(super) fn close(builder: PlanBuilder, value: Value<'_>, line: u32, source: &Source<'_>) -> Result<Plan, ReadError> {
    let statement = RawStatement::read(value);
    let mut plan = source.close(builder, Engine::PostgreSql, line, source.broken)?;
    plan.query = statement.query_text;
    plan.planning_ms = statement.planning_time;
    plan.execution_ms = statement.execution_time;
    plan.settings = statement.settings;
    plan.phases = phases::phases(value, &statement.planning);
    plan.extra = statement.extra;
    inputs::check(&mut plan);
    Ok(plan)
}

/// A node below one of an operator.
pub(super) fn node(mut raw: RawNode<'_>, above: Option<&Operator>) -> Node {
    let operator = operator::operator(&raw);
    let mut node = Node::new(role(&raw, above), operator, "");
    node.native = operator::native(&raw);
    node.relation = relation(&mut raw);
    node.workers = workers::spread(&raw).map(Box::new);
    node.spill = workers::spill(&raw.spill, &raw.workers).map(Box::new);
    node.rows = Rows {
        estimated: raw.plan_rows,
        examined: None,
        actual: raw.actual_rows,
        loops: raw.actual_loops,
        removed: raw.removed_by_filter.or(raw.removed_by_join_filter),
        removed_by_recheck: raw.removed_by_recheck,
        width: raw.plan_width,
        rounded: raw.rounded && raw.actual_rows.is_some(),
    };
    node.subplan = raw.subplan_name;
    node.index = raw.index_name;
    node.cost = Cost { startup: raw.startup_cost, total: raw.total_cost, own: None };
    node.timing = raw
        .actual_total_time
        .map(|last_ms| Timing::PerLoop { first_ms: raw.actual_startup_time.unwrap_or(last_ms), last_ms });
    node.buffers = raw.usage.blocks.map(buffers).map(Arc::new);
    node.io = raw.usage.io.filter(|io| *io != crate::plan::Io::default()).map(Box::new);
    node.wal = raw.usage.wal.filter(|wal| *wal != crate::plan::Wal::default()).map(Box::new);
    node.line = Some(raw.line);
    node.keys = [raw.sort_key, raw.group_key, raw.cache_key].into_iter().find(|k| !k.is_empty()).unwrap_or_default();
    // What shaped the name or shares a field is kept under its own key too.
    let mut keep = |key: &str, value: Option<String>| node.extra.extend(value.map(|v| (key.to_owned(), v)));
    keep("Strategy", raw.strategy);
    keep("Partial Mode", raw.partial_mode);
    keep("Join Type", raw.join_type);
    keep("Operation", raw.operation);
    keep("Command", raw.command);
    keep("Custom Plan Provider", raw.custom_name);
    keep("Scan Direction", raw.scan_direction);
    if raw.removed_by_filter.is_some() {
        keep("Rows Removed by Join Filter", raw.removed_by_join_filter.map(|n| n.to_string()));
    }
    node.extra.append(&mut raw.extra);
    // A join's own condition comes first; a join filter beside it is one more condition on its rows.
    let equal = raw.hash_cond.or(raw.merge_cond);
    // A full join on nothing that can be hashed or merged has a filter alone, which its own condition would hide.
    if equal.is_none() && matches!(node.operator, Operator::HashJoin | Operator::MergeJoin) {
        node.extra.extend(raw.join_filter.clone().map(|filter| ("Join Filter".to_owned(), filter)));
    }
    let (join, beside) = if equal.is_some() { (equal, raw.join_filter) } else { (raw.join_filter, None) };
    let filters = [("Join Filter", beside), ("One-Time Filter", raw.one_time_filter), ("Filter", raw.filter)];
    if filters[0].1.is_some() || filters[1].1.is_some() {
        let own = filters.iter().filter_map(|(key, filter)| Some(((*key).to_owned(), filter.clone()?)));
        node.extra.extend(own);
    }
    let filters = filters.into_iter().filter_map(|(_, filter)| filter).collect::<Vec<_>>();
    node.conditions = Conditions {
        filter: (!filters.is_empty()).then(|| filters.join(" AND ")),
        index: raw.index_cond.or(raw.tid_cond),
        join,
        recheck: raw.recheck_cond,
    };
    node
}

fn role(raw: &RawNode<'_>, above: Option<&Operator>) -> Role {
    match raw.relationship.as_deref() {
        _ if above.is_none() => Role::Root,
        Some("Inner") => Role::Inner,
        Some("Member") => Role::Member,
        Some("InitPlan") if raw.subplan_name.as_deref().is_some_and(|name| name.starts_with("CTE ")) => Role::Cte,
        Some("InitPlan") => Role::InitPlan,
        Some("SubPlan") => Role::Subplan,
        // "Outer", "Subquery", and children of custom scans, which have none.
        _ => Role::Outer,
    }
}

/// What the node reads: a table, else a CTE, a function, or only a name in the query.
fn relation(raw: &mut RawNode<'_>) -> Option<Relation> {
    let alias = raw.alias.take();
    let names = [&mut raw.relation_name, &mut raw.cte_name, &mut raw.tuplestore_name, &mut raw.function_name];
    let name = names.into_iter().find_map(Option::take).or_else(|| alias.clone())?;
    Some(Relation { schema: raw.schema.take(), alias: alias.filter(|a| *a != name), name })
}

/// Shared and local blocks together, as a reader of the plan counts them, and the local ones by themselves.
pub(super) fn buffers(blocks: [u64; 10]) -> Buffers {
    let both = |i: usize| blocks[i].saturating_add(blocks[i + 4]);
    Buffers {
        hit: both(0),
        read: both(1),
        dirtied: both(2),
        written: both(3),
        temp_read: blocks[8],
        temp_written: blocks[9],
        local_hit: blocks[4],
        local_read: blocks[5],
        local_dirtied: blocks[6],
        local_written: blocks[7],
    }
}

/// [`buffers`] of what may have counted none.
fn counted(usage: &RawUsage) -> Option<Buffers> {
    usage.blocks.map(buffers)
}
