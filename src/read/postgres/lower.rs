//! From PostgreSQL's keys to the plan.

use super::{
    operator,
    raw::{RawNode, RawSpill, RawStatement, RawWorker},
};
use crate::{
    plan::{
        Buffers, Conditions, Cost, Engine, Node, NodeId, Plan, PlanBuilder, Relation, Role, Rows, Spill, Timing,
        Workers,
    },
    read::{ReadError, Source, json::Value, source::push},
};

/// Reads the object around one statement's `Plan`.
pub(super) fn plan(value: Value<'_>, source: &Source<'_>) -> Result<Plan, ReadError> {
    let statement = RawStatement::read(value);
    let Some(root) = value.get("Plan") else {
        return Err(source.expected(value, "a key \"Plan\""));
    };
    let mut builder = PlanBuilder::new();
    let mut todo: Vec<(Value<'_>, Option<NodeId>)> = vec![(root, None)];
    while let Some((value, parent)) = todo.pop() {
        let raw = RawNode::read(value);
        if raw.node_type.is_none() {
            if source.broken && parent.is_some() {
                continue;
            }
            return Err(source.expected(value, "a node with a key \"Node Type\""));
        }
        let id = push(&mut builder, parent, node(value, raw, parent))?;
        if let Some(children) = value.get("Plans") {
            let first = todo.len();
            todo.extend(children.children().map(|child| (child, Some(id))));
            todo[first..].reverse();
        }
    }
    let mut plan = source.finish(builder, Engine::PostgreSql, root)?;
    plan.query = statement.query_text;
    plan.planning_ms = statement.planning_time;
    plan.execution_ms = statement.execution_time;
    plan.settings = statement.settings;
    plan.extra = statement.extra;
    Ok(plan)
}

fn node(value: Value<'_>, mut raw: RawNode, parent: Option<NodeId>) -> Node {
    let operator = operator::operator(&raw);
    let mut node = Node::new(role(&raw, parent), operator, operator::native(&raw));
    let workers = RawWorker::all(value);
    node.relation = relation(&mut raw);
    node.workers = spread(&raw, &workers);
    node.spill = spill(&RawSpill::read(value), &workers);
    node.rows = Rows {
        estimated: raw.plan_rows,
        examined: None,
        actual: raw.actual_rows,
        loops: raw.actual_loops,
        removed: raw.removed_by_filter.or(raw.removed_by_join_filter),
        removed_by_recheck: raw.removed_by_recheck,
        width: raw.plan_width,
    };
    node.subplan = raw.subplan_name;
    node.index = raw.index_name;
    node.cost = Cost { startup: raw.startup_cost, total: raw.total_cost, own: None };
    node.timing = raw
        .actual_total_time
        .map(|last_ms| Timing::PerLoop { first_ms: raw.actual_startup_time.unwrap_or(last_ms), last_ms });
    node.buffers = raw.blocks.map(buffers);
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
    let number = |n: Option<f64>| n.map(|n| n.to_string());
    if raw.removed_by_filter.is_some() {
        keep("Rows Removed by Join Filter", number(raw.removed_by_join_filter));
    }
    if let Some(blocks) = raw.blocks {
        for (key, blocks) in ["Hit", "Read", "Dirtied", "Written"].into_iter().zip(&blocks[4..8]) {
            keep(&format!("Local {key} Blocks"), (*blocks > 0).then(|| blocks.to_string()));
        }
    }
    node.extra.append(&mut raw.extra);
    // A join's own condition comes first; a join filter beside it is one more condition on its rows.
    let equal = raw.hash_cond.or(raw.merge_cond);
    let (join, beside) = if equal.is_some() { (equal, raw.join_filter) } else { (raw.join_filter, None) };
    let filters = [beside, raw.one_time_filter, raw.filter].into_iter().flatten().collect::<Vec<_>>();
    node.conditions = Conditions {
        filter: (!filters.is_empty()).then(|| filters.join(" AND ")),
        index: raw.index_cond.or(raw.tid_cond),
        join,
        recheck: raw.recheck_cond,
    };
    node
}

fn role(raw: &RawNode, parent: Option<NodeId>) -> Role {
    match raw.relationship.as_deref() {
        _ if parent.is_none() => Role::Root,
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
fn relation(raw: &mut RawNode) -> Option<Relation> {
    let alias = raw.alias.take();
    let named = raw.relation_name.take().or_else(|| raw.cte_name.take()).or_else(|| raw.function_name.take());
    let name = named.or_else(|| alias.clone())?;
    Some(Relation { schema: raw.schema.take(), alias: alias.filter(|a| *a != name), name })
}

/// Shared and local blocks together, as a reader of the plan counts them.
fn buffers(blocks: [u64; 10]) -> Buffers {
    let both = |i: usize| blocks[i].saturating_add(blocks[i + 4]);
    Buffers {
        hit: both(0),
        read: both(1),
        dirtied: both(2),
        written: both(3),
        temp_read: blocks[8],
        temp_written: blocks[9],
    }
}

/// Planned and launched workers, and the times of the fastest and slowest process. A node's own numbers include every
/// process, so what the workers do not account for was the leader's.
fn spread(raw: &RawNode, workers: &[RawWorker]) -> Option<Workers> {
    let mut times: Vec<f64> = workers.iter().filter_map(|w| w.total_time.map(|t| t * w.loops)).collect();
    if let (Some(time), Some(loops), false) = (raw.actual_total_time, raw.actual_loops, times.is_empty()) {
        let leader = time * loops - times.iter().sum::<f64>();
        if loops - workers.iter().map(|w| w.loops).sum::<f64>() >= 0.5 && leader > 0.0 {
            times.push(leader);
        }
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    let count = |n: Option<f64>| n.map(|n| n as u32);
    let spread = Workers {
        planned: count(raw.workers_planned),
        launched: count(raw.workers_launched),
        min_ms: times.iter().copied().reduce(f64::min),
        max_ms: times.iter().copied().reduce(f64::max),
    };
    (spread != Workers::default()).then_some(spread)
}

/// Every process has its own memory: their disk space adds up.
fn spill(leader: &RawSpill, workers: &[RawWorker]) -> Option<Spill> {
    let all = || std::iter::once(leader).chain(workers.iter().map(|w| &w.spill));
    let sum = |of: fn(&RawSpill) -> Option<u64>| all().filter_map(of).reduce(u64::saturating_add).filter(|n| *n > 0);
    let most = |of: fn(&RawSpill) -> Option<u64>| all().filter_map(of).max().filter(|n| *n > 1);
    let bytes = |kb: Option<u64>| kb.map(|kb| kb.saturating_mul(1024));
    if let Some(kb) = sum(|s| s.sort_disk_kb) {
        let how = all().find(|s| s.sort_disk_kb.is_some()).and_then(|s| s.sort_method.clone());
        return Some(Spill { bytes: bytes(Some(kb)), how: how.unwrap_or_else(|| "sort on disk".to_owned()) });
    }
    if let Some(batches) = most(|s| s.hash_batches) {
        let planned = leader.original_hash_batches.filter(|n| *n != batches);
        let how =
            planned.map_or_else(|| format!("Batches: {batches}"), |n| format!("Batches: {batches} (originally {n})"));
        return Some(Spill { bytes: None, how });
    }
    let disk = sum(|s| s.disk_usage_kb);
    if let Some(batches) = most(|s| s.hashagg_batches) {
        return Some(Spill { bytes: bytes(disk), how: format!("Batches: {batches}") });
    }
    if disk.is_some() {
        return Some(Spill { bytes: bytes(disk), how: "disk".to_owned() });
    }
    sum(|s| s.storage_disk_kb).map(|kb| Spill { bytes: bytes(Some(kb)), how: "Storage: Disk".to_owned() })
}
