//! Two plans beside each other: a proposal's before and after, or any two that were seen.

use std::sync::Arc;

use super::{model::Model, model::View, tree::TreeState};
use crate::{
    advise::{Proposal, Together, uses},
    plan::{
        Plan,
        diff::{self, Change, Diff},
    },
    whatif::Supposed,
};

/// One of the two plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Side {
    /// The first one; without the index.
    Before,
    /// The second one; with it.
    #[default]
    After,
}

/// What is compared.
#[derive(Debug, Clone)]
pub enum Compared {
    /// A statement without and with an index.
    Proposal(Box<Proposal>),
    /// A statement without and with several indexes.
    Together(Box<IndexSet>),
    /// A statement as it is and under a supposition.
    Supposed(Box<Supposed>),
    /// Two plans, in a few words each.
    Plans(String, String),
}

/// Several indexes that were tried together.
#[derive(Debug, Clone)]
pub struct IndexSet {
    /// What came of it.
    pub tried: Together,
    /// Statements that create them.
    pub ddl: Vec<String>,
    /// Statements that take them away again.
    pub undo: Vec<String>,
}

/// Two plans, node beside node.
#[derive(Debug)]
pub struct Comparison {
    /// What is compared.
    pub of: Compared,
    /// The first plan.
    pub first: Arc<Plan>,
    /// The second plan.
    pub second: Arc<Plan>,
    /// Node beside node.
    pub diff: Diff,
    /// What changed, in words.
    pub words: Vec<String>,
    /// The first tree.
    pub before: TreeState,
    /// The second tree.
    pub after: TreeState,
    /// Which tree has the keys.
    pub side: Side,
}

impl Comparison {
    /// Compares two plans; the cursor goes to the first node that changed.
    #[must_use]
    pub fn new(of: Compared, first: Arc<Plan>, second: Arc<Plan>) -> Self {
        let diff = diff::diff(&first, &second);
        let words = diff.summary(&first, &second);
        let (before, mut after) = (TreeState::every(&first), TreeState::every(&second));
        let changed = second.ids().find(|id| !matches!(diff.after.get(id.index()), Some(Change::Same(_))));
        // The node that uses the index is what people want to see first, else the first that changed.
        let named = |name: &str| second.ids().find(|id| second.node(*id).index.as_deref() == Some(name));
        let using = match &of {
            Compared::Proposal(proposal) => proposal.tried.as_ref().and_then(|tried| named(&tried.index_name)),
            Compared::Together(set) => set.tried.parts.iter().find_map(|part| named(part.name.as_deref()?)),
            Compared::Supposed(_) | Compared::Plans(..) => None,
        };
        if let Some(id) = using.or(changed) {
            after.go_to(&second, id);
        }
        let mut out = Self { of, first, second, diff, words, before, after, side: Side::After };
        out.follow();
        out
    }

    /// A proposal's plans; `None` when it was never tried.
    #[must_use]
    pub fn of_proposal(proposal: &Proposal) -> Option<Self> {
        let tried = proposal.tried.as_ref()?;
        let (before, after) = (Arc::new(tried.before.clone()), Arc::new(tried.after.clone()));
        Some(Self::new(Compared::Proposal(Box::new(proposal.clone())), before, after))
    }

    /// The proposal, if one is compared.
    #[must_use]
    pub const fn proposal(&self) -> Option<&Proposal> {
        match &self.of {
            Compared::Proposal(proposal) => Some(proposal),
            Compared::Together(_) | Compared::Supposed(_) | Compared::Plans(..) => None,
        }
    }

    /// The indexes that were tried together, if they are compared.
    #[must_use]
    pub const fn set(&self) -> Option<&IndexSet> {
        match &self.of {
            Compared::Together(set) => Some(set),
            Compared::Proposal(_) | Compared::Supposed(_) | Compared::Plans(..) => None,
        }
    }

    /// Whether the second plan reads the index that is compared.
    #[must_use]
    pub fn uses_index(&self) -> bool {
        self.proposal()
            .and_then(|proposal| proposal.tried.as_ref())
            .is_some_and(|tried| uses(&tried.after, &tried.index_name))
    }

    /// Moves the cursor of the side that has not the keys to the node that answers to the other's.
    pub fn follow(&mut self) {
        let (from, map, to, plan) = match self.side {
            Side::Before => (&self.before, &self.diff.before, &mut self.after, &self.second),
            Side::After => (&self.after, &self.diff.after, &mut self.before, &self.first),
        };
        if let Some(Change::Same(id) | Change::Changed(id)) = map.get(from.selected().index()) {
            to.go_to(plan, *id);
        }
    }

    /// Changes the tree that has the keys; the other follows.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut TreeState, &Plan)) {
        match self.side {
            Side::Before => change(&mut self.before, &self.first),
            Side::After => change(&mut self.after, &self.second),
        }
        self.follow();
    }

    /// Gives the keys to the other tree.
    pub(super) fn turn(&mut self) {
        self.side = if self.side == Side::Before { Side::After } else { Side::Before };
    }
}

/// Shows the comparison of the proposal under the cursor, or the one opened last.
pub(super) fn show(model: &mut Model) {
    let from_indexes = model.view == View::Indexes;
    let proposal = model.advice().and_then(super::Advice::selected);
    let fresh = match (proposal, &model.comparison) {
        (Some(proposal), _) if from_indexes => Some(Comparison::of_proposal(proposal)),
        (_, Some(_)) => None,
        (Some(proposal), None) => Some(Comparison::of_proposal(proposal)),
        (None, None) => {
            model.say("look for indexes (x), or compare with another plan (C)");
            return;
        }
    };
    match fresh {
        Some(None) => {
            model.say("this one was not tried, so there are no plans to put side by side");
            return;
        }
        Some(Some(comparison)) => model.comparison = Some(comparison),
        None => {}
    }
    model.view = View::Compare;
}

/// Shows two plans beside each other.
pub(super) fn of_plans(model: &mut Model, first: (String, Arc<Plan>), second: (String, Arc<Plan>)) {
    model.comparison = Some(Comparison::new(Compared::Plans(first.0, second.0), first.1, second.1));
    model.view = View::Compare;
}
