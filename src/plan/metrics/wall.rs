//! Wall time: how long each node took as people wait for it, parallel processes together.

use std::collections::HashSet;

use super::{
    Derived, GROUPS, known, loops,
    once::{ROUNDED, Ran},
    rough_time, runs_elsewhere, sane,
};
use crate::plan::{Node, NodeId, Operator, Plan, Role, Timing};

/// How many processes really shared the work, for each node.
pub(super) fn processes(plan: &Plan) -> Vec<f64> {
    let mut processes = vec![1.0; plan.len()];
    for id in plan.ids() {
        let Some(parent) = plan.parent(id) else { continue };
        let (node, above) = (plan.node(id), plan.node(parent));
        processes[id.index()] = if matches!(node.role, Role::Cte | Role::InitPlan) {
            // The leader alone runs these.
            1.0
        } else if matches!(above.operator, Operator::Gather | Operator::GatherMerge) {
            (loops(node) / loops(above).max(1.0)).max(1.0)
        } else {
            processes[parent.index()]
        };
    }
    processes
}

/// Wall time of each node, from the leaves up: a node that was not measured took as long as its parts.
pub(super) fn wall(plan: &Plan, processes: &[f64], ran: &[Ran], above: &HashSet<NodeId>) -> Vec<Option<f64>> {
    let mut wall = vec![None; plan.len()];
    let mut parts: Vec<Option<f64>> = vec![None; plan.len()];
    let mut on_top = vec![0.0; plan.len()];
    // What filling tables took that the clocks above did not see.
    let mut unseen = vec![0.0; plan.len()];
    // What sub-queries took that the server computed while it planned, which no clock saw.
    let mut before = vec![0.0; plan.len()];
    // The longest that one process was seen to spend below each node of a parallel part.
    let mut below = vec![0.0; plan.len()];
    for id in plan.ids().rev() {
        let (i, node) = (id.index(), plan.node(id));
        let loops = loops(node);
        let inside = parts[i].map(sane);
        wall[i] = match node.timing {
            _ if loops == 0.0 && node.rows.loops.is_some() => inside.or(plan.analyzed.then_some(0.0)),
            Some(Timing::PerLoop { last_ms, .. }) => {
                let average = sane(last_ms) * loops / loops.min(processes[i]).max(1.0) + on_top[i] + before[i];
                let seen = unseen[i] <= 0.0 || inside.is_some_and(|inside| average * (1.0 + ROUNDED) >= inside);
                let all = if seen { average } else { average + unseen[i] };
                let all = all - read_within(plan, id).min(all);
                // What reads the groups of a temporary table has stopped its clock as well when their sub-queries are evaluated.
                let passed = if node.native.starts_with(GROUPS) { on_top[i] } else { 0.0 };
                unseen[i] = if fills_early(node) { all } else { all - average + passed };
                Some(if processes[i] > 1.0 { all.max(below[i]) } else { all })
            }
            Some(Timing::Inclusive(ms)) => Some((sane(ms) + before[i]).max(inside.unwrap_or(0.0))),
            Some(Timing::Own(ms)) => Some(sane(ms) + inside.unwrap_or(0.0)),
            None => inside,
        }
        .map(sane);
        if let (Some(ms), Some(parent), false) = (wall[i], plan.parent(id), runs_elsewhere(plan, id)) {
            let ran = ran.get(i).copied().unwrap_or(Ran::Inside);
            let sum = &mut parts[parent.index()];
            *sum = Some(sum.unwrap_or(0.0) + if ran == Ran::Elsewhere { 0.0 } else { ms });
            before[parent.index()] += match ran {
                Ran::Inside => before[i],
                Ran::Before => ms,
                Ran::Elsewhere => 0.0,
            };
            if processes[parent.index()] > 1.0 && !rough_time(node) {
                below[parent.index()] = f64::max(below[parent.index()], ms);
            }
            if above.contains(&id) && ran == Ran::Inside {
                on_top[parent.index()] += sane(ms - before[i]);
            } else if ran != Ran::Elsewhere {
                unseen[parent.index()] += unseen[i];
            }
        }
    }
    wall
}

/// Whether the node fills a table of MySQL's `information_schema`, which the server may do before the clocks of those above it start: it is
/// in their time only where there is room for it.
fn fills_early(node: &Node) -> bool {
    node.native.starts_with("Fill information schema table")
}

/// How long the node above read what this one filled, milliseconds: the server asks who fills for the rows, and its clock runs on meanwhile.
fn read_within(plan: &Plan, id: NodeId) -> f64 {
    let above = plan.parent(id).filter(|_| fills_early(plan.node(id))).map(|above| plan.node(above));
    match above.and_then(|above| Some((above, above.timing?))) {
        Some((above, Timing::PerLoop { last_ms, .. })) => sane(sane(last_ms) * loops(above)),
        _ => 0.0,
    }
}

/// What the slowest process spent in a node, all its loops, where each one's time is told.
fn slowest(node: &Node) -> Option<f64> {
    node.workers.as_ref().and_then(|workers| known(workers.max_ms))
}

impl Plan {
    /// Of a gathering node's self time what was waiting for a process that was slower than the average, milliseconds: as far as the slowest
    /// one's time is told, else as far as it may have been, for one of them may have done all the work. The rest was spent on starting
    /// processes and on passing rows on.
    #[must_use]
    pub fn awaited_ms(&self, id: NodeId) -> Option<f64> {
        awaited(self, &self.derived, id)
    }
}

fn awaited(plan: &Plan, derived: &[Derived], id: NodeId) -> Option<f64> {
    if !matches!(plan.node(id).operator, Operator::Gather | Operator::GatherMerge) {
        return None;
    }
    let child = plan.children(id).find(|child| derived[child.index()].processes > 1.0)?;
    let node = plan.node(child);
    let Some(Timing::PerLoop { last_ms, .. }) = node.timing else { return None };
    let all = sane(sane(last_ms) * loops(node));
    let most = slowest(node).unwrap_or(all).min(derived[id.index()].wall_ms?);
    let awaited = (most - derived[child.index()].wall_ms?).min(derived[id.index()].self_ms?);
    (awaited > 0.0).then_some(awaited)
}

/// Who is to blame, from the shares: what a gathering node waited for is theirs who were slow, as far as the plan tells how slow.
pub(super) fn blame(plan: &Plan, derived: &mut [Derived]) {
    for one in derived.iter_mut() {
        one.blame = one.share;
    }
    if derived.iter().any(|d| d.processes > 1.0) {
        let whole: f64 = derived.iter().filter_map(|d| d.self_ms).sum();
        let slow = slow(plan, derived);
        for id in plan.ids() {
            let i = id.index();
            let (Some(share), Some(own)) = (derived[i].share, derived[i].self_ms) else { continue };
            if let Some(ms) = slow[i].filter(|_| whole > 0.0) {
                derived[i].blame = Some((ms / whole).min(1.0));
                (derived[i].waited, derived[i].slow_ms) = (true, Some(ms));
            } else if let Some(awaited) = awaited(plan, derived, id).filter(|_| own > 0.0) {
                derived[i].blame = Some(share * (1.0 - (awaited / own).min(1.0)));
            }
        }
    }
}

/// Own time of each node in the process that was slowest, milliseconds, where a gathering node above waited for one and the plan tells how
/// slow it was; and what is left of that gathering node's own. Node by node from the top: each spends what its slowest process did, where
/// that is told, else as many times the average as the node above. What would be more than the node above has is scaled to it, since
/// several processes may have been slow, one in each part.
fn slow(plan: &Plan, derived: &[Derived]) -> Vec<Option<f64>> {
    let parallel = |id: NodeId| derived[id.index()].processes > 1.0;
    let own = |id: NodeId| derived[id.index()].self_ms.unwrap_or(0.0);
    // Own times of each node and of what ran in parallel below it: what it has to give.
    let mut average: Vec<f64> = plan.ids().map(own).collect();
    for id in plan.ids().rev().filter(|id| parallel(*id)) {
        if let Some(parent) = plan.parent(id).filter(|parent| parallel(*parent)) {
            average[parent.index()] += average[id.index()];
        }
    }
    let mut slow = vec![None; plan.len()];
    for id in plan.ids() {
        let i = id.index();
        if !parallel(id) {
            let below = plan.children(id).find(|child| parallel(*child) && slowest(plan.node(*child)).is_some());
            if let (Some(below), Some(awaited)) = (below, awaited(plan, derived, id)) {
                slow[i] = Some(own(id) - awaited);
                slow[below.index()] = Some(average[below.index()] + awaited);
            }
            continue;
        }
        let Some(all) = slow[i] else { continue };
        let alike = if average[i] > 0.0 { f64::max(all / average[i], 1.0) } else { 1.0 };
        let told = |child: NodeId| {
            let wall = derived[child.index()].wall_ms.filter(|ms| *ms > 0.0);
            slowest(plan.node(child)).zip(wall).map_or(alike, |(most, wall)| f64::max(most / wall, 1.0))
        };
        let inside = || plan.children(id).filter(|child| parallel(*child));
        let most: f64 = inside().map(|child| average[child.index()] * told(child)).sum();
        let fits = if most > all { all / most } else { 1.0 };
        for child in inside() {
            slow[child.index()] = Some(average[child.index()] * told(child) * fits);
        }
        slow[i] = Some((all - most * fits).max(0.0));
    }
    slow
}
