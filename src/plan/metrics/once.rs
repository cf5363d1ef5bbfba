//! Sub-queries of MySQL and MariaDB that run only once, or that are told twice: where their time lies. The servers compute some of them while they plan, before any
//! clock of the plan runs (measured on 9.7: those that a key could be compared with), and MySQL prints one that is asked for in two places
//! twice, each time with all its figures.

use std::collections::{HashMap, HashSet};

use super::{charge::Beside, loops, sane};
use crate::plan::{Engine, Node, NodeId, Operator, Plan, Role, Timing};

/// Where the time of a node lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ran {
    /// In that of the node it stands with.
    Inside,
    /// In none: it ran while the server planned.
    Before,
    /// It is told of another node too, which it is counted with.
    Elsewhere,
}

/// Figures of text have three digits: so much of a time may be rounded off.
pub(super) const ROUNDED: f64 = 0.01;

/// Where the time of each node lies; empty where it is in that of the node above for all.
pub(super) fn ran(plan: &Plan, beside: &Beside, on_top: &HashSet<NodeId>) -> Vec<Ran> {
    let asked = |id: &NodeId| {
        let node = plan.node(*id);
        matches!(node.role, Role::InitPlan | Role::Subplan) && node.subplan.is_some() && plan.parent(*id).is_some()
    };
    let guests: Vec<NodeId> =
        if plan.engine == Engine::PostgreSql { Vec::new() } else { plan.ids().filter(asked).collect() };
    if guests.is_empty() {
        return Vec::new();
    }
    let stated = stated(plan, on_top, |id| plan.node(*id).role == Role::InitPlan);
    let mut by_name: HashMap<(&str, u64), Vec<NodeId>> = HashMap::new();
    for guest in &guests {
        let name = plan.node(*guest).subplan.as_deref().unwrap_or_default();
        by_name.entry((name, stated[guest.index()].to_bits())).or_default().push(*guest);
    }
    // What runs for each row stays where it is told, if it is told once.
    by_name.retain(|_, copies| copies.len() > 1 || plan.node(copies[0]).role == Role::InitPlan);
    let in_question: HashSet<NodeId> = by_name.values().flatten().copied().collect();
    // What is left of each node's time after its own children, without those that are in question.
    let mut room = stated.clone();
    for id in plan.ids() {
        let Some(parent) = plan.parent(id) else { continue };
        if !in_question.contains(&id) && !on_top.contains(&id) && !beside.contains_key(&id) {
            room[parent.index()] -= stated[id.index()];
        }
    }
    let mut ran = vec![Ran::Inside; plan.len()];
    // Those that took longest first: the room goes to them.
    let mut groups: Vec<Vec<NodeId>> = by_name.into_values().collect();
    groups.sort_by(|a, b| stated[b[0].index()].total_cmp(&stated[a[0].index()]).then(a[0].cmp(&b[0])));
    for copies in groups {
        let place =
            copies.iter().position(|guest| on_top.contains(guest) || fits(plan, *guest, beside, &stated, &mut room));
        for (at, guest) in copies.iter().enumerate() {
            ran[guest.index()] = match place {
                Some(here) if here == at => Ran::Inside,
                None if at == 0 && plan.node(*guest).role == Role::InitPlan => Ran::Before,
                None if at == 0 => Ran::Inside,
                _ => Ran::Elsewhere,
            };
        }
    }
    ran
}

/// What the clocks say of each node, all executions, milliseconds: of one without a clock of its own, or whose clock stands still while
/// others run, what its children say as well, but for those that are asked about.
fn stated(plan: &Plan, on_top: &HashSet<NodeId>, asked: impl Fn(&NodeId) -> bool) -> Vec<f64> {
    let mut stated = vec![0.0; plan.len()];
    for id in plan.ids().rev() {
        let (i, node) = (id.index(), plan.node(id));
        stated[i] = match node.timing {
            Some(Timing::PerLoop { last_ms, .. }) => sane(sane(last_ms) * loops(node)),
            Some(Timing::Inclusive(ms)) => sane(ms),
            Some(Timing::Own(ms)) => sane(sane(ms) + stated[i]),
            None => stated[i],
        };
        if let (Some(parent), false) = (plan.parent(id), on_top.contains(&id) || asked(&id))
            && matches!(plan.node(parent).timing, None | Some(Timing::Own(_)))
        {
            stated[parent.index()] += stated[i];
        }
    }
    stated
}

/// Whether the time of a sub-query may be in that of the node it stands with, or of one that looked its value up; takes the room it needs.
fn fits(plan: &Plan, guest: NodeId, beside: &Beside, stated: &[f64], room: &mut [f64]) -> bool {
    let took = stated[guest.index()];
    if took <= 0.0 {
        return true;
    }
    if beside.get(&guest).is_some_and(|hosts| hosts.iter().any(|host| took <= stated[host.index()] * (1.0 + ROUNDED))) {
        return true;
    }
    let mut above = plan.parent(guest);
    while let Some(id) = above {
        let first_ms = match plan.node(id).timing {
            Some(Timing::PerLoop { first_ms, .. }) => Some(sane(first_ms)),
            Some(Timing::Inclusive(_)) => None,
            Some(Timing::Own(_)) | None => {
                above = plan.parent(id);
                continue;
            }
        };
        // What is asked again for each row is not there whole when the first one passes.
        let once = loops(plan.node(guest)) <= 1.0;
        let early = once && first_ms.is_some_and(|first_ms| passed_early(plan.node(id), first_ms, took));
        let all = stated[id.index()];
        let fits = !early && took <= room[id.index()] + all * ROUNDED;
        if fits {
            room[id.index()] -= took;
        }
        return fits;
    }
    true
}

/// Whether the first row passed a filter before a value that took so long could be there, and no way around it is in the condition.
fn passed_early(filter: &Node, first_ms: f64, took: f64) -> bool {
    const AROUND: [&str; 5] = [" or ", "case ", "if(", "ifnull(", "coalesce("];
    let condition = filter.conditions.filter.as_deref().unwrap_or_default();
    filter.operator == Operator::Filter
        && loops(filter) <= 1.0
        && first_ms * (1.0 + ROUNDED) < took
        && !AROUND.iter().any(|word| condition.contains(word))
}
