//! Numbers that follow from a plan: wall and self time, self cost, q-error, shares and flags.

use super::{Buffers, Flag, NodeId, Plan};

/// What was computed for one node. Nothing in here is negative, NaN or infinite.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Derived {
    /// Elapsed wall-clock time of all executions, children included, milliseconds.
    pub wall_ms: Option<f64>,
    /// Wall-clock time without children, milliseconds.
    pub self_ms: Option<f64>,
    /// Cost without children, over all expected executions, in the server's unit.
    pub self_cost: Option<f64>,
    /// max(estimated / actual, actual / estimated), rows of 0 counted as 1; at least 1.
    pub q_error: Option<f64>,
    /// This node's part of the whole, 0 to 1: of time when analysed, else of cost.
    pub share: Option<f64>,
    /// Blocks without children.
    pub self_buffers: Option<Buffers>,
    /// What stands out: the reader's flags and those that follow from numbers, without repeats.
    pub flags: Vec<Flag>,
}

/// How a derived number came about, for people who ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The number's name, such as `self time`.
    pub name: &'static str,
    /// The formula in words.
    pub formula: &'static str,
    /// The raw fields it came from, as `name = value`.
    pub inputs: Vec<String>,
}

pub(super) fn derive(plan: &Plan) -> Vec<Derived> {
    vec![Derived::default(); plan.nodes.len()]
}

impl Plan {
    /// How the derived numbers of a node came about.
    #[must_use]
    pub fn explanations(&self, _id: NodeId) -> Vec<Explanation> {
        Vec::new()
    }
}
