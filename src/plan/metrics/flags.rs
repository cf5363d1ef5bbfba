//! What stands out on a node.

use super::{
    Derived,
    attribute::{hashed, total_rows},
    known, loops,
};
use crate::plan::{Flag, Flags, NodeId, Operator, Plan, Role};

/// From this factor on an estimate is wrong…
const WRONG_BY: f64 = 10.0;
/// … if it is also this many rows away: 1 for 12 harms nobody.
const ROWS_APART: f64 = 100.0;

/// The reader's flags and those that follow.
pub(super) fn flags(plan: &Plan, id: NodeId, derived: &Derived) -> Flags {
    let node = plan.node(id);
    let mut flags = node.flags;
    let never = plan.analyzed && node.rows.loops == Some(0.0);
    let mut flag = |when: bool, flag: Flag| {
        if when {
            flags.push(flag);
        }
    };
    // A scan that a limit stops does not read everything, unless it searches.
    let filtered_above = plan.parent(id).is_some_and(|up| plan.node(up).operator == Operator::Filter);
    let searches = node.conditions.filter.is_some() || filtered_above;
    let partly = never || (derived.stopped_early && !searches);
    let read = match (known(node.rows.actual), known(node.rows.removed)) {
        (Some(actual), removed) => actual + removed.unwrap_or(0.0) > 0.0,
        (None, _) => known(node.rows.estimated).is_none_or(|rows| rows > 0.0),
    };
    let any_index_scan = matches!(node.operator, Operator::IndexScan | Operator::IndexOnlyScan);
    flag(node.operator == Operator::SeqScan && !partly && read, Flag::FullScan);
    let unbounded = any_index_scan && node.conditions.index.is_none() && plan.engine == crate::plan::Engine::PostgreSql;
    flag((node.operator == Operator::FullIndexScan || unbounded) && !partly && read, Flag::FullIndexScan);
    flag(matches!(node.operator, Operator::Sort | Operator::IncrementalSort), Flag::Filesort);
    flag(node.operator == Operator::TemporaryTable, Flag::Temporary);
    flag(node.spill.is_some(), Flag::Spill);
    flag(misestimated(plan, id, derived), Flag::Misestimate);
    flag(never, Flag::NeverExecuted);
    flag(parallel(plan, id, derived), Flag::Parallel);
    flag(node.operator == Operator::IndexOnlyScan, Flag::Covering);
    let postgres = plan.engine == crate::plan::Engine::PostgreSql;
    flag(
        node.role == Role::Subplan && postgres && !plan.parent(id).is_some_and(|up| hashed(plan, up, id)),
        Flag::Dependent,
    );
    flags
}

fn misestimated(plan: &Plan, id: NodeId, derived: &Derived) -> bool {
    let Some((estimated, actual)) = total_rows(plan, id) else { return false };
    derived.q_error.is_some_and(|q| q >= WRONG_BY)
        && (estimated - actual).abs() >= ROWS_APART
        && !(derived.stopped_early && actual < estimated)
}

fn parallel(plan: &Plan, id: NodeId, derived: &Derived) -> bool {
    derived.processes > 1.0 || plan.node(id).native.split(' ').any(|word| word == "Parallel")
}

/// Whether something above may have stopped the node before its end. Operators that take in everything before they give
/// anything out shield what is below them.
pub(super) fn stopped_early(plan: &Plan) -> Vec<bool> {
    let mut stopped = vec![false; plan.len()];
    for id in plan.ids() {
        let Some(parent) = plan.parent(id) else { continue };
        let (node, above) = (plan.node(id), plan.node(parent));
        if matches!(node.role, Role::Cte | Role::InitPlan | Role::Subplan) {
            continue;
        }
        let eager = matches!(
            above.operator,
            Operator::Sort
                | Operator::Aggregate
                | Operator::HashAggregate
                | Operator::Hash
                | Operator::TemporaryTable
                | Operator::BitmapAnd
                | Operator::BitmapOr
                | Operator::BitmapHeapScan
                | Operator::ModifyTable
        ) || (above.operator == Operator::HashJoin && node.role == Role::Inner);
        let stops = match above.operator {
            // A limit that was not reached stopped nothing.
            Operator::Limit => match (above.rows.actual, above.rows.estimated) {
                (Some(actual), Some(estimated)) => actual + 0.5 >= estimated,
                _ => true,
            },
            Operator::MergeJoin => true,
            Operator::NestedLoop => node.role == Role::Inner && one_match_is_enough(plan, parent),
            // Nothing to look up in an empty hash table.
            Operator::HashJoin => {
                let empty = |c: NodeId| plan.node(c).role == Role::Inner && plan.node(c).rows.actual == Some(0.0);
                node.role == Role::Outer && plan.children(parent).take(64).any(empty)
            }
            _ => false,
        };
        stopped[id.index()] = stops || (stopped[parent.index()] && !eager) && loops(above) > 0.0;
    }
    stopped
}

fn one_match_is_enough(plan: &Plan, join: NodeId) -> bool {
    let node = plan.node(join);
    let native = node.native.to_ascii_lowercase();
    ["semi", "anti"].iter().any(|kind| native.contains(kind))
        || node.extra.iter().any(|(key, value)| key == "Inner Unique" && value == "true")
}
