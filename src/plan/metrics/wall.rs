//! Wall time: how long each node took as people wait for it, parallel processes together.

use super::{comes_on_top, known, loops, rough_time, runs_elsewhere, sane};
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
pub(super) fn wall(plan: &Plan, processes: &[f64]) -> Vec<Option<f64>> {
    let mut wall = vec![None; plan.len()];
    let mut parts: Vec<Option<f64>> = vec![None; plan.len()];
    let mut on_top = vec![0.0; plan.len()];
    // The longest that one process was seen to spend below each node of a parallel part.
    let mut below = vec![0.0; plan.len()];
    for id in plan.ids().rev() {
        let (i, node) = (id.index(), plan.node(id));
        let loops = loops(node);
        let inside = parts[i].map(sane);
        wall[i] = match node.timing {
            _ if loops == 0.0 && node.rows.loops.is_some() => inside.or(plan.analyzed.then_some(0.0)),
            Some(Timing::PerLoop { last_ms, .. }) => {
                let average = sane(last_ms) * loops / loops.min(processes[i]).max(1.0) + on_top[i];
                Some(if processes[i] > 1.0 { average.max(below[i]) } else { average })
            }
            // What MariaDB ran while it planned (sub-queries that are constant) is not in the time of the block around it.
            Some(Timing::Inclusive(ms)) => Some(sane(ms).max(inside.unwrap_or(0.0))),
            Some(Timing::Own(ms)) => Some(sane(ms) + inside.unwrap_or(0.0)),
            None => inside,
        }
        .map(sane);
        if let (Some(ms), Some(parent), false) = (wall[i], plan.parent(id), runs_elsewhere(plan, id)) {
            let sum = &mut parts[parent.index()];
            *sum = Some(sum.unwrap_or(0.0) + ms);
            if processes[parent.index()] > 1.0 && !rough_time(node) {
                below[parent.index()] = f64::max(below[parent.index()], ms);
            }
            if comes_on_top(plan, id) {
                on_top[parent.index()] += ms;
            }
        }
    }
    wall
}

/// What the slowest process spent in a node, all its loops, where each one's time is told.
fn slowest(node: &Node) -> Option<f64> {
    node.workers.as_ref().and_then(|workers| known(workers.max_ms))
}

impl Plan {
    /// The part of the whole by which nodes are ranked: like the share, but what a gathering node waited for is theirs who were slow. Where
    /// the plan does not tell how slow, it is nobody's.
    #[must_use]
    pub fn blame(&self, id: NodeId) -> Option<f64> {
        let derived = self.derived(id);
        let mut share = derived.share?;
        if let (Some(awaited), Some(own)) = (derived.awaited_ms, derived.self_ms.filter(|own| *own > 0.0)) {
            share *= 1.0 - (awaited / own).min(1.0);
        }
        // The slowest process, times as slow as the average at the top of its part of the plan.
        let (mut at, mut top) = (id, None);
        while self.derived(at).processes > 1.0 {
            top = Some(at);
            let Some(parent) = self.parent(at) else { break };
            at = parent;
        }
        if let Some(top) = top
            && let (Some(awaited), Some(average)) = (self.derived(at).awaited_ms, self.derived(top).wall_ms)
            && slowest(self.node(top)).is_some()
            && average > 0.0
        {
            share *= 1.0 + awaited / average;
        }
        Some(share)
    }
}

/// Of a gathering node's self time what was waiting for a process that was slower than the average: as far as the slowest one's time is
/// told, else as far as it may have been, for one of them may have done all the work. The rest was spent on starting processes and on
/// passing rows on.
pub(super) fn awaited(plan: &Plan, id: NodeId, wall: &[Option<f64>], processes: &[f64], own: f64) -> Option<f64> {
    if !matches!(plan.node(id).operator, Operator::Gather | Operator::GatherMerge) {
        return None;
    }
    let shared = |child: &NodeId| processes[child.index()] > 1.0;
    let child = plan.children(id).find(shared)?;
    let node = plan.node(child);
    let Some(Timing::PerLoop { last_ms, .. }) = node.timing else { return None };
    let all = sane(sane(last_ms) * loops(node));
    let most = slowest(node).unwrap_or(all).min(wall[id.index()]?);
    let awaited = (most - wall[child.index()]?).min(own);
    (awaited > 0.0).then_some(awaited)
}
