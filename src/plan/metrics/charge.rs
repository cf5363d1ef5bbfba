//! Where CTEs and init plans ran: their time lies inside the nodes that asked for them, not where they stand in the tree.

use std::collections::{HashMap, HashSet};

use super::{once::Ran, runs_elsewhere, sane};
use crate::plan::{Engine, Node, NodeId, Operator, Plan, Role};

/// What MySQL calls a query block, before its number.
const SELECT: &str = "select #";

/// A part of one node's time lies inside another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Edge {
    /// Whose time includes it.
    pub(super) host: NodeId,
    /// What ran there.
    pub(super) guest: NodeId,
    /// How much, milliseconds.
    pub(super) ms: f64,
}

/// Every "ran inside": children inside parents, CTEs inside their scans, init plans inside the node that first needed them.
pub(super) fn edges(plan: &Plan, wall: &[Option<f64>], beside: &Beside, ran: &[Ran]) -> Vec<Edge> {
    let time = |id: NodeId| wall[id.index()].unwrap_or(0.0);
    // What is left of each node's time after its own children.
    let mut room: Vec<f64> = wall.iter().map(|w| w.unwrap_or(0.0)).collect();
    let mut edges = Vec::with_capacity(plan.len());
    let mut strangers = Vec::new();
    for id in plan.ids() {
        let Some(parent) = plan.parent(id) else { continue };
        let ran = ran.get(id.index()).copied().unwrap_or(Ran::Inside);
        if ran == Ran::Elsewhere {
            edges.push(Edge { host: parent, guest: id, ms: 0.0 });
        } else if ran == Ran::Inside && (runs_elsewhere(plan, id) || beside.contains_key(&id)) {
            strangers.push((id, parent));
        } else {
            edges.push(Edge { host: parent, guest: id, ms: time(id) });
            room[parent.index()] -= time(id);
        }
    }
    if strangers.is_empty() {
        return edges;
    }
    let asking = Asking::of(plan, &strangers);
    let mut regions = Regions::of(plan, &strangers);
    for (guest, parent) in strangers {
        let mut left = time(guest);
        // Last the parent: nobody is seen to have asked (the output list was not printed), or rounding left a rest. A CTE
        // that writes and is never read runs after the plan's own time, in which case there is no room.
        for host in asking.hosts(plan, guest, &room).into_iter().chain([parent]) {
            let ms = left.min(sane(room[host.index()]));
            // Where no time was measured, blocks still tell: each host may have run a part.
            if (ms > 0.0 || time(guest) <= 0.0) && regions.enter(guest, host) {
                edges.push(Edge { host, guest, ms });
                room[host.index()] -= ms;
                left -= ms;
            }
            if left <= 0.0 && time(guest) > 0.0 {
                break;
            }
        }
    }
    edges
}

/// MySQL's sub-queries that another input of the node above them asks, each with those who do.
pub(super) type Beside = HashMap<NodeId, Vec<NodeId>>;

/// MySQL's sub-queries that another input of the node above them asks, as the value of a key it looks up: they stand with the node above,
/// and their time is in that input's.
pub(super) fn asked_beside(plan: &Plan, on_top: &HashSet<NodeId>) -> Beside {
    let asked = |id: &NodeId| {
        let node = plan.node(*id);
        let named = node.subplan.as_ref().is_some_and(|name| name.starts_with(SELECT));
        matches!(node.role, Role::Subplan | Role::InitPlan) && named && !on_top.contains(id)
    };
    if plan.engine != Engine::MySql {
        return HashMap::new();
    }
    let all: Vec<_> = plan.ids().filter(asked).filter_map(|id| Some((id, plan.parent(id)?))).collect();
    if all.is_empty() {
        return HashMap::new();
    }
    let asking = Asking::of(plan, &all);
    let hosts = all.into_iter().map(|(guest, _)| (guest, asking.all(plan, guest)));
    hosts.filter(|(_, hosts)| !hosts.is_empty()).collect()
}

/// Which CTEs and init plans ran inside which, so that none is charged to itself by way of others.
struct Regions {
    /// The nearest CTE or init plan above each node, itself included.
    of: Vec<Option<NodeId>>,
    /// In which regions a CTE or init plan ran.
    hosts: HashMap<NodeId, Vec<NodeId>>,
}

impl Regions {
    /// So many steps are looked at before a charge is refused: real plans need a few.
    const STEPS: usize = 1_000;

    fn of(plan: &Plan, strangers: &[(NodeId, NodeId)]) -> Self {
        let mut of: Vec<Option<NodeId>> = vec![None; plan.len()];
        let mut roots = strangers.iter().map(|(guest, _)| *guest).peekable();
        for id in plan.ids() {
            let root = roots.next_if_eq(&id);
            of[id.index()] = root.or_else(|| plan.parent(id).and_then(|parent| of[parent.index()]));
        }
        Self { of, hosts: HashMap::new() }
    }

    /// Notes that `guest` ran inside `host`, unless `host` itself ran inside `guest`.
    fn enter(&mut self, guest: NodeId, host: NodeId) -> bool {
        let Some(region) = self.of[host.index()] else { return true };
        let (mut todo, mut steps) = (vec![region], 0);
        while let Some(at) = todo.pop() {
            steps += 1;
            if at == guest || steps > Self::STEPS {
                return false;
            }
            todo.extend(self.hosts.get(&at).into_iter().flatten());
        }
        self.hosts.entry(guest).or_default().push(region);
        true
    }
}

/// Whether a node's own texts ask for what another gives.
pub(super) fn asks(plan: &Plan, asker: NodeId, guest: NodeId) -> bool {
    let names = names(plan.node(guest));
    texts(plan.node(asker)).any(|text| mentioned(text).iter().any(|name| names.contains(name)))
}

/// Who may have asked for a CTE or for the value of an init plan.
pub(super) struct Asking {
    by_name: HashMap<String, Vec<NodeId>>,
}

impl Asking {
    pub(super) fn of(plan: &Plan, strangers: &[(NodeId, NodeId)]) -> Self {
        let mut by_name: HashMap<String, Vec<NodeId>> = HashMap::new();
        for (guest, _) in strangers {
            by_name.extend(names(plan.node(*guest)).into_iter().map(|name| (name, Vec::new())));
        }
        let parameters = by_name.keys().any(|name| !name.starts_with("CTE "));
        for id in plan.ids() {
            let node = plan.node(id);
            if node.operator == Operator::CteScan
                && let Some(relation) = &node.relation
                && let Some(scans) = by_name.get_mut(&format!("CTE {}", relation.name))
            {
                scans.push(id);
            }
            if parameters {
                for text in texts(node) {
                    for name in mentioned(text) {
                        if let Some(users) = by_name.get_mut(&name)
                            && users.last() != Some(&id)
                        {
                            users.push(id);
                        }
                    }
                }
            }
        }
        Self { by_name }
    }

    /// The nodes that use it and are no part of it; of MySQL's only those below the node it stands with, which asks for it itself as well.
    pub(super) fn all(&self, plan: &Plan, guest: NodeId) -> Vec<NodeId> {
        let below = |id: NodeId| id.0..plan.ends.get(id.index()).copied().unwrap_or(id.0 + 1);
        let around =
            plan.parent(guest).filter(|_| plan.engine == Engine::MySql).map(|above| above.0 + 1..below(above).end);
        let fits = |host: &NodeId| {
            !below(guest).contains(&host.0) && around.as_ref().is_none_or(|around| around.contains(&host.0))
        };
        let all = names(plan.node(guest)).into_iter().filter_map(|name| self.by_name.get(&name)).flatten();
        all.copied().filter(fits).collect()
    }

    /// The nodes to charge, likeliest first: those with the most unexplained time.
    fn hosts(&self, plan: &Plan, guest: NodeId, room: &[f64]) -> Vec<NodeId> {
        let mut hosts = self.all(plan, guest);
        hosts.sort_by(|a, b| room[b.index()].total_cmp(&room[a.index()]).then(b.cmp(a)));
        hosts.dedup();
        if plan.node(guest).role == Role::InitPlan {
            // It ran once, in one place.
            hosts.truncate(1);
        }
        hosts
    }
}

/// Under which names others speak of a sub-plan: `CTE c`; `$1` until PostgreSQL 16 (`InitPlan 1 (returns $1)`);
/// `InitPlan 1` since 17 (`(InitPlan 1).col1`).
fn names(node: &Node) -> Vec<String> {
    let Some(name) = &node.subplan else { return Vec::new() };
    if node.role == Role::Cte {
        return vec![name.clone()];
    }
    match name.split_once(" (returns ") {
        Some((_, returns)) => returns.trim_end_matches(')').split(',').map(|p| p.trim().to_owned()).collect(),
        None => vec![name.clone()],
    }
}

/// Every text in which a node may use a value.
fn texts(node: &Node) -> impl Iterator<Item = &str> {
    let conditions = &node.conditions;
    let own = [&conditions.filter, &conditions.index, &conditions.join, &conditions.recheck];
    let more = node.extra.iter().filter(|(key, _)| key != "Workers").map(|(_, value)| value);
    own.into_iter().flatten().chain(&node.keys).chain(more).map(String::as_str)
}

/// `$12`, `InitPlan 12` and `select #12` wherever they stand in a text.
fn mentioned(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for mark in ["$", "InitPlan ", SELECT] {
        for (at, _) in text.match_indices(mark) {
            let digits: String = text[at + mark.len()..].chars().take_while(char::is_ascii_digit).collect();
            if !digits.is_empty() {
                found.push(format!("{mark}{digits}"));
            }
        }
    }
    found
}
