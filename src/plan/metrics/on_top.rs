//! Sub-queries of MySQL's select lists: whether their time is in that of the block they stand with.

use std::collections::HashSet;

use super::{
    GROUPS,
    charge::{Asking, asks},
    known, loops,
    once::ROUNDED,
    sane, stated,
};
use crate::plan::{Engine, NodeId, Plan, Role};

/// The nodes whose time is not in the time their parent states: MySQL evaluates sub-queries of the select list when it
/// passes a row on, after the iterator that stands at the top of the query block has stopped its clock. Measured on 9.7: what groups by them
/// evaluates them before, for each row it reads and not for each that it gives; and so does what names them, such as a sort by their value,
/// a sum of it or a window over it.
pub(super) fn of(plan: &Plan) -> HashSet<NodeId> {
    if plan.engine != Engine::MySql {
        return HashSet::new();
    }
    let projected = |id: &NodeId| {
        let node = plan.node(*id);
        matches!(node.role, Role::Subplan | Role::InitPlan)
            && node.extra.iter().any(|(key, value)| key == "subquery_location" && value == "projection")
    };
    let mut all: HashSet<NodeId> = plan.ids().filter(projected).collect();
    let mut hosted: Vec<_> = all.iter().filter_map(|id| Some((*id, plan.parent(*id)?))).collect();
    if hosted.is_empty() {
        return all;
    }
    hosted.sort_unstable();
    let asking = Asking::of(plan, &hosted);
    // What each node's clock says beyond what its other children do.
    let mut room: Vec<f64> = plan.ids().map(|id| stated(plan.node(id))).collect();
    for id in plan.ids().filter(|id| !all.contains(id)) {
        if let Some(parent) = plan.parent(id) {
            room[parent.index()] -= stated(plan.node(id));
        }
    }
    for (id, parent) in hosted {
        let took = stated(plan.node(id));
        let host = asks(plan, parent, id).then_some(parent);
        let asked = host.into_iter().chain(asking.all(plan, id));
        let place = asked.into_iter().find(|at| took <= room[at.index()] + stated(plan.node(*at)) * ROUNDED);
        if let Some(place) = place {
            room[place.index()] -= took;
        }
        if place.is_some() || grouped(plan, id, parent) {
            all.remove(&id);
        }
    }
    all
}

/// Whether the groups of a temporary table were made by a sub-query's value: it was asked for each row read.
fn grouped(plan: &Plan, id: NodeId, parent: NodeId) -> bool {
    let (node, host) = (plan.node(id), plan.node(parent));
    let early = loops(node) > known(host.rows.actual).map_or(0.0, sane) * loops(host);
    host.native.starts_with(GROUPS) && early && stated(node) <= stated(host)
}
