//! Dividing time, cost and blocks among the nodes.

use super::{charge::Edge, known, loops, runs_elsewhere, sane};
use crate::plan::{Buffers, NodeId, Operator, Plan, Role};

/// Self times: each node's wall time less what ran inside it. Where the parts exceed the whole they are scaled to it, and
/// so is all below them.
pub(super) fn self_times(plan: &Plan, wall: &[Option<f64>], edges: &[Edge]) -> Vec<Option<f64>> {
    if wall.iter().all(Option::is_none) {
        return vec![None; plan.len()];
    }
    let whole: Vec<f64> = wall.iter().map(|w| w.unwrap_or(0.0)).collect();
    let parts: Vec<_> = edges.iter().map(|e| (e.host, e.guest, e.ms)).collect();
    let mine = divide(&whole, &parts);
    mine.into_iter().zip(wall).map(|(ms, wall)| wall.map(|_| ms)).collect()
}

/// Self costs: each node's cost less that of its children, each as often as it is expected to run.
pub(super) fn self_costs(plan: &Plan) -> Vec<Option<f64>> {
    let whole = inclusive_costs(plan);
    let mut parts = Vec::with_capacity(plan.len());
    for id in plan.ids() {
        let Some(parent) = plan.parent(id) else { continue };
        let cost = whole[id.index()].unwrap_or(0.0);
        // What the parent has left for it, once its other inputs are paid. Repeats may be cheaper than the first run (a
        // cache, a materialised input), never dearer than that.
        let times = repeats(plan, parent, id);
        let others: f64 = if times > 1.0 {
            let siblings = plan.children(parent).filter(|other| *other != id);
            siblings.filter(|other| repeats(plan, parent, *other) <= 1.0).filter_map(|s| whole[s.index()]).sum()
        } else {
            0.0
        };
        let left = (whole[parent.index()].unwrap_or(0.0) - others).max(0.0);
        let part = if times > 1.0 { (cost * times).min(left.max(cost)) } else { cost };
        parts.push((parent, id, part));
    }
    let amounts: Vec<f64> = whole.iter().map(|c| c.unwrap_or(0.0)).collect();
    let mine = divide(&amounts, &parts);
    mine.into_iter().zip(&whole).map(|(cost, whole)| whole.map(|_| cost)).collect()
}

/// What a node and all below it cost: as stated, else its own and its children's.
fn inclusive_costs(plan: &Plan) -> Vec<Option<f64>> {
    let mut whole: Vec<Option<f64>> = vec![None; plan.len()];
    for id in plan.ids().rev() {
        let (i, node) = (id.index(), plan.node(id));
        let inside = whole[i];
        whole[i] = match (known(node.cost.total), known(node.cost.own)) {
            (_, Some(own)) => Some(sane(own + inside.unwrap_or(0.0))),
            (Some(total), None) => Some(total),
            (None, None) => inside,
        };
        if let (Some(cost), Some(parent)) = (whole[i], plan.parent(id)) {
            let sum = &mut whole[parent.index()];
            *sum = Some(sane(sum.unwrap_or(0.0) + cost));
        }
    }
    whole
}

/// How often a child is expected to run for one run of its parent, where its stated cost is that of one run.
fn repeats(plan: &Plan, parent: NodeId, child: NodeId) -> f64 {
    let node = plan.node(child);
    if node.cost.own.is_some() || node.cost.total.is_none() {
        return 1.0;
    }
    let rows = |id: NodeId| known(plan.node(id).rows.estimated).unwrap_or(1.0).max(1.0);
    match (node.role, &plan.node(parent).operator) {
        (Role::Inner, Operator::NestedLoop) => {
            plan.children(parent).find(|c| plan.node(*c).role == Role::Outer).map_or(1.0, rows)
        }
        (Role::Subplan, _) => {
            let hashed = node.subplan.as_ref().is_some_and(|name| {
                let conditions = &plan.node(parent).conditions;
                [&conditions.filter, &conditions.join]
                    .into_iter()
                    .flatten()
                    .any(|c| c.contains(&format!("hashed {name}")))
            });
            if hashed { 1.0 } else { rows(parent) }
        }
        _ => 1.0,
    }
}

/// Gives each node its whole less its parts, from the top down: what a node was given may be less than it claims (its
/// host had less room), and then everything in it shrinks alike. Parts form a graph without cycles, save in forged
/// documents, whose cycles count as they claim.
fn divide(whole: &[f64], parts: &[(NodeId, NodeId, f64)]) -> Vec<f64> {
    let count = whole.len();
    let (mut inside, mut waiting) = (vec![0.0; count], vec![0_u32; count]);
    let mut first = vec![0_usize; count + 1];
    for (host, guest, part) in parts {
        inside[host.index()] += part;
        waiting[guest.index()] += 1;
        first[host.index() + 1] += 1;
    }
    for i in 0..count {
        first[i + 1] += first[i];
    }
    let (mut guests, mut next) = (vec![(0_usize, 0.0); parts.len()], first.clone());
    for (host, guest, part) in parts {
        guests[next[host.index()]] = (guest.index(), *part);
        next[host.index()] += 1;
    }
    // A node without a host stands for itself.
    let mut given: Vec<f64> = (0..count).map(|i| if waiting[i] == 0 { whole[i] } else { 0.0 }).collect();
    let mut mine = vec![0.0; count];
    let mut ready: Vec<usize> = (0..count).filter(|i| waiting[*i] == 0).collect();
    while let Some(i) = ready.pop() {
        // Of the parts, this much fits.
        let fits = if inside[i] > whole[i] { whole[i] / inside[i] } else { 1.0 };
        let scale = if whole[i] > 0.0 { given[i] / whole[i] } else { 0.0 };
        mine[i] = ((whole[i] - inside[i]).max(0.0) * scale).max(0.0);
        for &(guest, part) in &guests[first[i]..first[i + 1]] {
            given[guest] += part * fits * scale;
            waiting[guest] -= 1;
            if waiting[guest] == 0 {
                ready.push(guest);
            }
        }
    }
    mine
}

/// Blocks without those of everything that ran inside. The server counts the workers' blocks when they end, so that a
/// scan stopped early may show fewer than its input; such gaps stay where they are.
pub(super) fn self_buffers(plan: &Plan, edges: &[Edge]) -> Vec<Option<Buffers>> {
    let mut left: Vec<Option<Buffers>> = plan.ids().map(|id| plan.node(id).buffers).collect();
    let mut rest: Vec<Buffers> = left.iter().map(|b| b.unwrap_or_default()).collect();
    let mut subtract = |host: NodeId, guest: NodeId| {
        if let Some(host) = &mut left[host.index()] {
            for (host, guest) in fields(host).into_iter().zip(fields(&mut rest[guest.index()])) {
                let part = (*host).min(*guest);
                *host -= part;
                *guest -= part;
            }
        }
    };
    for edge in edges {
        subtract(edge.host, edge.guest);
    }
    // What a CTE's scans did not show, the node that owns the CTE does.
    for id in plan.ids().filter(|id| runs_elsewhere(plan, *id)) {
        if let Some(parent) = plan.parent(id) {
            subtract(parent, id);
        }
    }
    left
}

fn fields(b: &mut Buffers) -> [&mut u64; 6] {
    [&mut b.hit, &mut b.read, &mut b.dirtied, &mut b.written, &mut b.temp_read, &mut b.temp_written]
}

/// Rows that passed a node in all, and rows expected, over all executions.
pub(super) fn total_rows(plan: &Plan, id: NodeId) -> Option<(f64, f64)> {
    let node = plan.node(id);
    let loops = loops(node);
    Some((known(node.rows.estimated)? * loops, known(node.rows.actual)? * loops))
}
