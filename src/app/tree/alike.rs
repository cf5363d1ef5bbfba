//! Members that are alike take one row until somebody opens them.

use std::collections::HashMap;

use crate::plan::{
    NodeId, Plan,
    fold::{Group, groups},
};

/// The groups of a plan, which of them are open, and what the others hide.
#[derive(Debug, Clone, Default)]
pub(super) struct Alike {
    groups: Vec<(Group, bool)>,
    /// The group that each first member stands for.
    first: HashMap<NodeId, usize>,
    /// The group of each member that a closed group hides.
    hidden: HashMap<NodeId, usize>,
}

impl Alike {
    /// The groups of a plan, all closed.
    pub(super) fn of(plan: &Plan) -> Self {
        let groups: Vec<_> = groups(plan).into_iter().map(|group| (group, false)).collect();
        let mut out = Self::default();
        for (place, (group, _)) in groups.iter().enumerate() {
            let mut members = group.alike();
            out.first.extend(members.next().map(|first| (first, place)));
            out.hidden.extend(members.map(|member| (member, place)));
        }
        Self { groups, ..out }
    }

    /// The closed group that a node stands for.
    pub(super) fn at(&self, id: NodeId) -> Option<&Group> {
        let (group, open) = self.groups.get(*self.first.get(&id)?)?;
        (!open).then_some(group)
    }

    /// Whether a closed group hides the node and all below it.
    pub(super) fn hides(&self, id: NodeId) -> bool {
        self.hidden.get(&id).and_then(|place| self.groups.get(*place)).is_some_and(|(_, open)| !open)
    }

    /// Opens or closes the group that a node stands for; whether that changed anything.
    pub(super) fn set(&mut self, id: NodeId, opened: bool) -> bool {
        let place = self.first.get(&id).copied();
        let Some((_, open)) = place.and_then(|place| self.groups.get_mut(place)) else { return false };
        std::mem::replace(open, opened) != opened
    }

    /// Opens the group that hides a node; whether one did.
    pub(super) fn reveal(&mut self, id: NodeId) -> bool {
        let hides = self.hides(id);
        if let Some((_, open)) = self.hidden.get(&id).and_then(|place| self.groups.get_mut(*place)) {
            *open = true;
        }
        hides
    }

    /// Opens or closes all.
    pub(super) fn set_all(&mut self, opened: bool) {
        for (_, open) in &mut self.groups {
            *open = opened;
        }
    }

    /// Whether no sibling is shown after a node.
    pub(super) fn is_last(&self, plan: &Plan, id: NodeId) -> bool {
        if plan.is_last_child(id) {
            return true;
        }
        let closed = |parent: NodeId| self.groups.iter().any(|(group, open)| group.parent == parent && !open);
        let Some(parent) = plan.parent(id).filter(|parent| closed(*parent)) else { return false };
        let end = plan.end(parent);
        let mut next = plan.end(id);
        while next < end {
            if !self.hides(next) {
                return false;
            }
            next = plan.end(next);
        }
        true
    }
}
