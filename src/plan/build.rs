//! Building a plan: nodes are pushed in pre-order, each with its parent.

use super::{Engine, Flag, Node, NodeId, Phases, Plan, Timing, metrics};

/// Why a plan could not be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// No node was pushed.
    #[error("the plan has no nodes")]
    Empty,
    /// A node was pushed under a parent that is not on the current path, so that the order is not pre-order.
    #[error("node {node} was added out of order")]
    OutOfOrder {
        /// The node's would-be id.
        node: u32,
    },
}

impl Plan {
    /// Notes that the server stopped before the end, and why that matters. A second time changes nothing.
    pub fn mark_partial(&mut self, note: &str) {
        if self.nodes[0].flags.contains(Flag::Partial) {
            return;
        }
        self.nodes[0].flags.push(Flag::Partial);
        self.derived = metrics::derive(self);
        self.notes.push(note.to_owned());
    }
}

/// PostgreSQL's own limit of row counts (`MAXIMUM_ROWCOUNT` in `costsize.c`).
const MOST: f64 = 1e100;

/// Servers print no infinities and nothing below nothing; a damaged document may, and readers may have multiplied what a forged one
/// says. What cannot be is not known. Zero has no sign.
fn stay_finite(node: &mut Node) {
    let (rows, cost) = (&mut node.rows, &mut node.cost);
    for number in [
        &mut rows.estimated,
        &mut rows.examined,
        &mut rows.actual,
        &mut rows.loops,
        &mut rows.removed,
        &mut rows.removed_by_recheck,
        &mut rows.width,
        &mut cost.startup,
        &mut cost.total,
        &mut cost.own,
    ] {
        *number = number.filter(|n| n.is_finite() && *n >= 0.0).map(|n| if n == 0.0 { 0.0 } else { n.min(MOST) });
    }
    let can_be = |ms: f64| ms.is_finite() && ms >= 0.0;
    node.timing = node.timing.filter(|timing| match *timing {
        Timing::PerLoop { first_ms, last_ms } => can_be(first_ms) && can_be(last_ms),
        Timing::Inclusive(ms) | Timing::Own(ms) => can_be(ms),
    });
}

/// Collects nodes in pre-order and closes them into a [`Plan`].
#[derive(Debug, Default)]
pub struct PlanBuilder {
    nodes: Vec<Node>,
    parents: Vec<Option<NodeId>>,
    depths: Vec<u32>,
    ends: Vec<u32>,
    path: Vec<NodeId>,
}

impl PlanBuilder {
    /// An empty builder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a node below `parent` (`None` for the root) and gives its id.
    ///
    /// # Errors
    /// [`BuildError::OutOfOrder`] when `parent` is not the last node or one of its ancestors.
    pub fn push(&mut self, parent: Option<NodeId>, mut node: Node) -> Result<NodeId, BuildError> {
        let id = NodeId(u32::try_from(self.nodes.len()).map_err(|_| BuildError::OutOfOrder { node: u32::MAX })?);
        while self.path.last().copied() != parent {
            let Some(done) = self.path.pop() else {
                return Err(BuildError::OutOfOrder { node: id.0 });
            };
            self.ends[done.index()] = id.0;
        }
        if parent.is_none() && !self.nodes.is_empty() {
            return Err(BuildError::OutOfOrder { node: id.0 });
        }
        // Spare room adds up: a plan may have a hundred thousand nodes.
        node.extra.shrink_to_fit();
        node.keys.shrink_to_fit();
        self.depths.push(u32::try_from(self.path.len()).unwrap_or(u32::MAX));
        self.parents.push(parent);
        self.ends.push(id.0 + 1);
        self.nodes.push(node);
        self.path.push(id);
        Ok(id)
    }

    /// Changes a node already pushed (a reader may learn facts of a parent from what follows).
    pub fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(id.index())
    }

    /// Closes the plan and derives its metrics. `analyzed` is true when any node carries time or actual rows.
    ///
    /// # Errors
    /// [`BuildError::Empty`] without a root.
    pub fn finish(mut self, engine: Engine) -> Result<Plan, BuildError> {
        if self.nodes.is_empty() {
            return Err(BuildError::Empty);
        }
        self.nodes.iter_mut().for_each(stay_finite);
        let end = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        for id in self.path.drain(..) {
            self.ends[id.index()] = end;
        }
        let analyzed = self.nodes.iter().any(|n| {
            n.rows.actual.is_some()
                || matches!(n.timing, Some(Timing::PerLoop { .. } | Timing::Inclusive(_) | Timing::Own(_)))
        });
        let mut plan = Plan {
            engine,
            version: None,
            query: None,
            analyzed,
            planning_ms: None,
            execution_ms: None,
            settings: Vec::new(),
            notes: Vec::new(),
            phases: Phases::default(),
            remarks: std::collections::BTreeMap::new(),
            extra: Vec::new(),
            source: "".into(),
            nodes: self.nodes,
            parents: self.parents,
            depths: self.depths,
            ends: self.ends,
            derived: Vec::new(),
        };
        plan.derived = metrics::derive(&plan);
        Ok(plan)
    }
}
