//! Walking a plan without recursion.

use super::{Derived, Node, NodeId, Plan};

impl Plan {
    /// How many nodes there are; at least one.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a plan is never empty")]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// All ids in pre-order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + ExactSizeIterator + use<> {
        (0..u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)).map(NodeId)
    }

    /// The node. Ids come from this plan; one from elsewhere gives the root.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(id.index()).unwrap_or(&self.nodes[0])
    }

    /// What was derived for the node.
    #[must_use]
    pub fn derived(&self, id: NodeId) -> &Derived {
        self.derived.get(id.index()).unwrap_or(&self.derived[0])
    }

    /// The node's parent.
    #[must_use]
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        self.parents.get(id.index()).copied().flatten()
    }

    /// Levels below the root.
    #[must_use]
    pub fn depth(&self, id: NodeId) -> u32 {
        self.depths.get(id.index()).copied().unwrap_or(0)
    }

    /// The id after the node's subtree.
    #[must_use]
    pub fn end(&self, id: NodeId) -> NodeId {
        NodeId(self.ends.get(id.index()).copied().unwrap_or(id.0 + 1))
    }

    /// The ids of the node and everything below it.
    pub fn subtree(&self, id: NodeId) -> impl Iterator<Item = NodeId> + use<> {
        (id.0..self.ends.get(id.index()).copied().unwrap_or(id.0)).map(NodeId)
    }

    /// The node's direct children, in order.
    pub fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let end = self.ends.get(id.index()).copied().unwrap_or(id.0);
        let mut next = id.0 + 1;
        std::iter::from_fn(move || {
            if next >= end {
                return None;
            }
            let child = NodeId(next);
            next = self.ends[child.index()];
            Some(child)
        })
    }

    /// Whether no sibling follows; true for the root.
    #[must_use]
    pub fn is_last_child(&self, id: NodeId) -> bool {
        self.parent(id).is_none_or(|parent| self.ends.get(parent.index()) == self.ends.get(id.index()))
    }

    /// The nearest ancestor (the node itself excluded) for which `found` holds.
    pub fn ancestor(&self, id: NodeId, mut found: impl FnMut(&Node) -> bool) -> Option<NodeId> {
        let mut at = self.parent(id);
        while let Some(up) = at {
            if found(self.node(up)) {
                return Some(up);
            }
            at = self.parent(up);
        }
        None
    }
}
