//! Wall time: how long each node took as people wait for it, parallel processes together.

use super::{Derived, comes_on_top, known, loops, rough_time, runs_elsewhere, sane};
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
    let parallel = derived.iter().any(|d| d.processes > 1.0);
    // How much slower than the average the slowest process was, for nodes of parallel parts.
    let mut slower = if parallel { vec![1.0; plan.len()] } else { Vec::new() };
    for id in plan.ids() {
        let i = id.index();
        let Some(mut blame) = derived[i].share else { continue };
        if parallel && derived[i].processes > 1.0 {
            let above = plan.parent(id).unwrap_or(NodeId::ROOT);
            slower[i] = if derived[above.index()].processes > 1.0 {
                slower[above.index()]
            } else {
                let told = awaited(plan, derived, above).filter(|_| slowest(plan.node(id)).is_some());
                let average = derived[i].wall_ms.filter(|ms| *ms > 0.0);
                told.zip(average).map_or(1.0, |(awaited, average)| 1.0 + awaited / average)
            };
            derived[i].waited = slower[i] > 1.0;
            blame = (blame * slower[i]).min(1.0);
        } else if parallel
            && let (Some(awaited), Some(own)) = (awaited(plan, derived, id), derived[i].self_ms.filter(|ms| *ms > 0.0))
        {
            let told = |child: NodeId| derived[child.index()].processes > 1.0 && slowest(plan.node(child)).is_some();
            derived[i].waited =
                plan.children(id).find(|child| derived[child.index()].processes > 1.0).is_some_and(told);
            blame *= 1.0 - (awaited / own).min(1.0);
        }
        derived[i].blame = Some(blame);
    }
}
