//! Members that are alike take one row until somebody opens them.

use std::{collections::HashMap, sync::Arc};

use crate::plan::{
    NodeId, Plan,
    fold::{Group, groups},
};

/// The groups of a plan, which of them are open, and what the others hide.
#[derive(Debug, Clone, Default)]
pub(super) struct Alike {
    /// Shared: a view that can be gone back to holds a tree, and one is kept at every key.
    places: Arc<Places>,
    /// Of each group, whether it is open.
    open: Vec<bool>,
}

#[derive(Debug, Default)]
struct Places {
    groups: Vec<Group>,
    /// The group that each first member stands for.
    first: HashMap<NodeId, usize>,
    /// Of each node the group that hides it when closed; [`NONE`] for most. Empty without groups.
    hidden: Vec<usize>,
    /// Of each node that has groups among its children the last child that none of them hides.
    parents: HashMap<NodeId, NodeId>,
}

const NONE: usize = usize::MAX;

impl Alike {
    /// The groups of a plan, all closed.
    pub(super) fn of(plan: &Plan) -> Self {
        let groups = groups(plan);
        if groups.is_empty() {
            return Self::default();
        }
        let mut places = Places { hidden: vec![NONE; plan.len()], ..Places::default() };
        for (place, group) in groups.iter().enumerate() {
            let mut members = group.alike();
            places.first.extend(members.next().map(|first| (first, place)));
            for member in members {
                places.hidden[member.index()] = place;
            }
        }
        for group in &groups {
            let seen = |id: &NodeId| places.hidden[id.index()] == NONE;
            let last = plan.children(group.parent).filter(seen).last();
            places.parents.insert(group.parent, last.unwrap_or(group.parent));
        }
        Self { open: vec![false; groups.len()], places: Arc::new(Places { groups, ..places }) }
    }

    /// The closed group that a node stands for.
    pub(super) fn at(&self, id: NodeId) -> Option<&Group> {
        let place = *self.places.first.get(&id)?;
        self.places.groups.get(place).filter(|_| !self.is_open(place))
    }

    /// The groups that are closed.
    pub(super) fn closed(&self) -> impl Iterator<Item = &Group> {
        self.places.groups.iter().zip(&self.open).filter(|(_, open)| !**open).map(|(group, _)| group)
    }

    /// Whether a closed group hides the node and all below it.
    pub(super) fn hides(&self, id: NodeId) -> bool {
        self.hiding(id).is_some_and(|place| !self.is_open(place))
    }

    fn hiding(&self, id: NodeId) -> Option<usize> {
        self.places.hidden.get(id.index()).copied().filter(|place| *place != NONE)
    }

    fn is_open(&self, place: usize) -> bool {
        self.open.get(place).copied().unwrap_or(true)
    }

    /// Opens or closes the group that a node stands for; whether that changed anything.
    pub(super) fn set(&mut self, id: NodeId, opened: bool) -> bool {
        let place = self.places.first.get(&id);
        let Some(open) = place.and_then(|place| self.open.get_mut(*place)) else { return false };
        std::mem::replace(open, opened) != opened
    }

    /// Opens the group that hides a node; whether one did.
    pub(super) fn reveal(&mut self, id: NodeId) -> bool {
        let hides = self.hides(id);
        if let Some(open) = self.hiding(id).and_then(|place| self.open.get_mut(place)) {
            *open = true;
        }
        hides
    }

    /// Opens or closes all.
    pub(super) fn set_all(&mut self, opened: bool) {
        self.open.fill(opened);
    }

    /// Whether no sibling is shown after a node.
    pub(super) fn is_last(&self, plan: &Plan, id: NodeId) -> bool {
        if plan.is_last_child(id) {
            return true;
        }
        let Some((parent, last)) = plan.parent(id).and_then(|id| self.places.parents.get_key_value(&id)) else {
            return false;
        };
        let groups =
            self.places.groups.iter().zip(&self.open).filter(|(group, open)| **open && group.parent == *parent);
        let opened = groups.filter_map(|(group, _)| group.members.last()).max();
        id == opened.map_or(*last, |opened| *last.max(opened))
    }
}
