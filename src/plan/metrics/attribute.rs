//! Dividing time, cost and blocks among the nodes.

use std::{collections::HashMap, sync::Arc};

use super::{charge::Edge, known, loops, runs_elsewhere, sane};
use crate::plan::{Buffers, Engine, Flag, Io, Node, NodeId, Operator, Plan, Role, Wal};

/// Self times: each node's wall time less what ran inside it. Where the parts exceed the whole they are scaled to it, and
/// so is all below them.
pub(super) fn self_times(plan: &Plan, wall: &[Option<f64>], edges: &[Edge]) -> Vec<Option<f64>> {
    if wall.iter().all(Option::is_none) {
        return vec![None; plan.len()];
    }
    let whole: Vec<f64> = wall.iter().map(|w| w.unwrap_or(0.0)).collect();
    let parts: Vec<_> =
        edges.iter().map(|e| Part { host: e.host, guest: e.guest, amount: e.ms, once: false }).collect();
    let mine = divide(&whole, &parts);
    mine.into_iter().zip(wall).map(|(ms, wall)| wall.map(|_| ms)).collect()
}

/// Self costs: each node's cost less that of its children, each as often as it is expected to run.
pub(super) fn self_costs(plan: &Plan) -> Vec<Option<f64>> {
    let whole = inclusive_costs(plan);
    let cost = |id: NodeId| whole[id.index()].unwrap_or(0.0);
    // What a parent has left for inputs that run again and again, once the others are paid: repeats may be cheaper than
    // the first run (a cache, a materialised input).
    let mut left: Vec<f64> = plan.ids().map(cost).collect();
    let children = || plan.ids().filter_map(|id| plan.parent(id).map(|parent| (parent, id)));
    for (parent, id) in children() {
        if repeats(plan, parent, id) <= 1.0 {
            left[parent.index()] -= cost(id);
        }
    }
    let mut parts = Vec::with_capacity(plan.len());
    for (parent, id) in children() {
        let times = repeats(plan, parent, id);
        let all = if times > 1.0 { (cost(id) * times).min(left[parent.index()].max(cost(id))) } else { cost(id) };
        parts.push(Part { host: parent, guest: id, amount: all, once: once(plan, parent, id) });
    }
    let amounts: Vec<f64> = plan.ids().map(cost).collect();
    let mine = divide(&amounts, &parts);
    mine.into_iter().zip(&whole).map(|(cost, whole)| whole.map(|_| cost)).collect()
}

/// What one run of a node and of all below it costs: as stated, else its own and its children's. MySQL and MariaDB leave
/// sub-queries out of the cost of what asks for them; they come on top, all the way up.
fn inclusive_costs(plan: &Plan) -> Vec<Option<f64>> {
    let mut whole: Vec<Option<f64>> = vec![None; plan.len()];
    let mut on_top = vec![0.0; plan.len()];
    for id in plan.ids().rev() {
        let (i, node) = (id.index(), plan.node(id));
        let inside = whole[i];
        whole[i] = match (known(node.cost.total), known(node.cost.own)) {
            (_, Some(own)) => Some(sane(own + inside.unwrap_or(0.0))),
            (Some(total), None) => Some(sane(total + on_top[i])),
            (None, None) => inside,
        };
        let Some(parent) = plan.parent(id) else { continue };
        let (Some(cost), times) = (whole[i], repeats(plan, parent, id)) else { continue };
        let sum = &mut whole[parent.index()];
        *sum = Some(sane(sum.unwrap_or(0.0) + cost * times));
        let asked_for = plan.engine != Engine::PostgreSql && matches!(node.role, Role::Subplan | Role::InitPlan);
        on_top[parent.index()] += sane(if asked_for { cost } else { on_top[i] } * times);
    }
    whole
}

/// How often a child is expected to run for one run of its parent, where its stated cost is that of one run.
fn repeats(plan: &Plan, parent: NodeId, child: NodeId) -> f64 {
    let node = plan.node(child);
    let rows = |id: NodeId| known(plan.node(id).rows.estimated).unwrap_or(1.0).max(1.0);
    match (node.role, &plan.node(parent).operator) {
        // Version 1 and MariaDB state a table's cost over all executions.
        (Role::Inner, Operator::NestedLoop) if node.cost.own.is_none() && node.cost.total.is_some() => {
            let outer = |c: &NodeId| plan.node(*c).role == Role::Outer;
            // A few sub-plans may stand before it.
            plan.children(parent).take(64).find(outer).map_or(1.0, rows)
        }
        (Role::Subplan, _) if !hashed(plan, parent, child) => rows(parent),
        _ => 1.0,
    }
}

/// Whether a child runs once however often its parent runs: what it gives is kept.
fn once(plan: &Plan, parent: NodeId, child: NodeId) -> bool {
    let node = plan.node(child);
    match plan.engine {
        Engine::PostgreSql => plan.node(parent).operator == Operator::Materialize,
        Engine::MySql | Engine::MariaDb => {
            matches!(
                node.operator,
                Operator::Materialize | Operator::TemporaryTable | Operator::SetOp | Operator::RecursiveUnion
            ) && !node.flags.contains(Flag::Dependent)
        }
    }
}

/// Whether PostgreSQL runs a sub-plan once, into a hash table that each row then asks.
pub(super) fn hashed(plan: &Plan, parent: NodeId, child: NodeId) -> bool {
    let Some(name) = &plan.node(child).subplan else { return false };
    let conditions = &plan.node(parent).conditions;
    let words = format!("hashed {name}");
    [&conditions.filter, &conditions.join].into_iter().flatten().any(|c| c.contains(&words))
}

/// A part of one node's amount belongs to another.
#[derive(Debug, Clone, Copy)]
struct Part {
    host: NodeId,
    guest: NodeId,
    /// For one run of the host.
    amount: f64,
    /// The same for any number of runs of the host.
    once: bool,
}

/// Gives each node its whole less its parts, from the top down: what a node was given may be less than it claims (its
/// host had less room), or more (it runs repeatedly), and then everything in it changes alike. Parts form a graph
/// without cycles, save in forged documents, whose cycles get nothing.
fn divide(whole: &[f64], parts: &[Part]) -> Vec<f64> {
    let count = whole.len();
    let (mut inside, mut waiting) = (vec![0.0; count], vec![0_u32; count]);
    let mut first = vec![0_usize; count + 1];
    for part in parts {
        inside[part.host.index()] += part.amount;
        waiting[part.guest.index()] += 1;
        first[part.host.index() + 1] += 1;
    }
    for i in 0..count {
        first[i + 1] += first[i];
    }
    let mut by_host: Vec<&Part> = parts.iter().collect();
    by_host.sort_by_key(|part| part.host);
    // A node without a host stands for itself.
    let mut given: Vec<f64> = (0..count).map(|i| if waiting[i] == 0 { whole[i] } else { 0.0 }).collect();
    let mut mine = vec![0.0; count];
    let mut ready: Vec<usize> = (0..count).filter(|i| waiting[*i] == 0).collect();
    while let Some(i) = ready.pop() {
        // Of the parts, this much fits.
        let fits = if inside[i] > whole[i] { whole[i] / inside[i] } else { 1.0 };
        let scale = if whole[i] > 0.0 { given[i] / whole[i] } else { 0.0 };
        let mut left = given[i];
        for part in &by_host[first[i]..first[i + 1]] {
            let guest = part.guest.index();
            let gift = sane(part.amount * fits * if part.once { scale.min(1.0) } else { scale });
            given[guest] += gift;
            left -= gift;
            waiting[guest] -= 1;
            if waiting[guest] == 0 {
                ready.push(guest);
            }
        }
        mine[i] = left.max(0.0);
    }
    mine
}

/// What each node used without everything that ran inside; empty where no node tells.
pub(super) struct Usage {
    /// Blocks. A node in which nothing else ran shares what it stated.
    pub(super) buffers: Vec<Option<Arc<Buffers>>>,
    /// Waiting for them.
    pub(super) io: Vec<Option<Io>>,
    /// Log written.
    pub(super) wal: Vec<Option<Wal>>,
}

/// Blocks, waiting and log of each node alone. The server counts the workers' blocks when they end, so that a scan stopped
/// early may show fewer than its input; such gaps stay where they are.
pub(super) fn self_usage(plan: &Plan, edges: &[Edge]) -> Usage {
    Usage {
        buffers: alone(
            plan,
            edges,
            |node| node.buffers.clone(),
            |host, guest| {
                if **guest == Buffers::default() {
                    return;
                }
                for (host, guest) in blocks(Arc::make_mut(host)).into_iter().zip(blocks(Arc::make_mut(guest))) {
                    take(host, guest);
                }
            },
        ),
        io: alone(
            plan,
            edges,
            |node| node.io.as_deref().copied().map(finite),
            |host, guest| {
                for (host, guest) in waits(host).into_iter().zip(waits(guest)) {
                    let part = host.min(*guest);
                    *host -= part;
                    *guest -= part;
                }
            },
        ),
        wal: alone(
            plan,
            edges,
            |node| node.wal.as_deref().copied(),
            |host, guest| {
                take(&mut host.records, &mut guest.records);
                take(&mut host.full_pages, &mut guest.full_pages);
                take(&mut host.bytes, &mut guest.bytes);
            },
        ),
    }
}

/// Each node's amount less that of its guests, as far as it goes round: `subtract` moves the guest's part out of both.
fn alone<T: Clone>(
    plan: &Plan,
    edges: &[Edge],
    amount: impl Fn(&Node) -> Option<T>,
    subtract: impl Fn(&mut T, &mut T),
) -> Vec<Option<T>> {
    if plan.ids().all(|id| amount(plan.node(id)).is_none()) {
        return Vec::new();
    }
    let mut left: Vec<Option<T>> = plan.ids().map(|id| amount(plan.node(id))).collect();
    // What several hosts may have asked for goes round once. Others have one host, their parent.
    let mut rest: HashMap<NodeId, Option<T>> = HashMap::new();
    let inside = edges.iter().map(|edge| (edge.host, edge.guest));
    // What a CTE's scans did not show, the node that owns the CTE does.
    let owned = plan.ids().filter(|id| runs_elsewhere(plan, *id)).filter_map(|id| Some((plan.parent(id)?, id)));
    for (host, guest) in inside.chain(owned) {
        let Some(host) = &mut left[host.index()] else { continue };
        if runs_elsewhere(plan, guest) {
            if let Some(guest) = rest.entry(guest).or_insert_with(|| amount(plan.node(guest))) {
                subtract(host, guest);
            }
        } else if let Some(mut guest) = amount(plan.node(guest)) {
            subtract(host, &mut guest);
        }
    }
    left
}

fn take(host: &mut u64, guest: &mut u64) {
    let part = (*host).min(*guest);
    *host -= part;
    *guest -= part;
}

fn blocks(b: &mut Buffers) -> [&mut u64; 10] {
    [
        &mut b.hit,
        &mut b.read,
        &mut b.dirtied,
        &mut b.written,
        &mut b.temp_read,
        &mut b.temp_written,
        &mut b.local_hit,
        &mut b.local_read,
        &mut b.local_dirtied,
        &mut b.local_written,
    ]
}

fn waits(io: &mut Io) -> [&mut f64; 4] {
    [&mut io.read_ms, &mut io.write_ms, &mut io.temp_read_ms, &mut io.temp_write_ms]
}

fn finite(mut io: Io) -> Io {
    for ms in waits(&mut io) {
        *ms = sane(*ms);
    }
    io
}

/// Rows that passed a node in all, and rows expected, over all executions.
pub(super) fn total_rows(plan: &Plan, id: NodeId) -> Option<(f64, f64)> {
    let node = plan.node(id);
    let loops = loops(node);
    Some((known(node.rows.estimated)? * loops, known(node.rows.actual)? * loops))
}
