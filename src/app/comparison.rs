//! Two plans beside each other: a proposal's before and after, or any two that were seen.

use std::{iter, sync::Arc};

use super::{model::Model, model::View, sheet::Sheet, tree::TreeState};
use crate::{
    advise::{Proposal, Together, uses},
    plan::{
        NodeId, Plan, Relation,
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
    /// How long the statement took when it was measured last, milliseconds. The plans themselves are compared by estimates.
    pub measured: Option<f64>,
}

impl Comparison {
    /// Compares two plans; the cursor goes to the node that uses the index that is tried, else to the first that changed.
    #[must_use]
    pub fn new(of: Compared, first: Arc<Plan>, second: Arc<Plan>) -> Self {
        let diff = diff::diff(&first, &second);
        let words = diff.summary(&first, &second);
        let (before, after) = (TreeState::every(&first), TreeState::every(&second));
        let mut out = Self { of, first, second, diff, words, before, after, side: Side::After, measured: None };
        let is_other = |id: &NodeId| !matches!(out.diff.after.get(id.index()), Some(Change::Same(_)));
        // The node that uses the index is what people want to see first.
        if let Some(id) = out.used().or_else(|| out.second.ids().find(is_other)) {
            out.after.go_to(&out.second, id);
        }
        out.follow();
        out
    }

    /// What the plan that is looked at brings along: how long its statement took; and its cursor, unless a node that uses a tried
    /// index has it.
    fn seen_from(mut self, model: &Model) -> Self {
        self.measured = model.measured();
        let tried = matches!(self.of, Compared::Proposal(_) | Compared::Together(_));
        if let Some(sheet) = model.sheet().filter(|_| !tried || self.used().is_none()) {
            self.go_to_cursor_of(sheet);
        }
        self
    }

    fn go_to_cursor_of(&mut self, sheet: &Sheet) {
        let cursor = sheet.tree.selected();
        let is = |plan: &Plan| {
            plan.len() == sheet.plan.len()
                && plan.ids().all(|id| plan.node(id).operator == sheet.plan.node(id).operator)
        };
        if is(&self.second) {
            self.after.go_to(&self.second, cursor);
            self.follow();
        } else if is(&self.first) {
            self.before.go_to(&self.first, cursor);
            self.side = Side::Before;
            self.follow();
            self.side = Side::After;
        }
    }

    /// The node of the second plan that uses an index that is tried.
    fn used(&self) -> Option<NodeId> {
        let named = |name: &str| self.second.ids().find(|id| self.second.node(*id).index.as_deref() == Some(name));
        match &self.of {
            Compared::Proposal(proposal) => proposal.tried.as_ref().and_then(|tried| named(&tried.index_name)),
            Compared::Together(set) => set.tried.parts.iter().find_map(|part| named(part.name.as_deref()?)),
            Compared::Supposed(_) | Compared::Plans(..) => None,
        }
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

    /// Moves the cursor of the side that has not the keys to the node that answers to the other's: its counterpart, else where the
    /// same relation is read, else what answers to the nearest node above.
    pub fn follow(&mut self) {
        let (from, of, map, to, plan) = match self.side {
            Side::Before => (&self.before, &self.first, &self.diff.before, &mut self.after, &self.second),
            Side::After => (&self.after, &self.second, &self.diff.after, &mut self.before, &self.first),
        };
        let id = from.selected();
        let counterpart = |id: NodeId| map.get(id.index()).and_then(|change| change.other());
        let read = |plan: &Plan, id: NodeId| plan.node(id).relation.as_ref().map(Relation::label);
        let alike = || read(of, id).and_then(|label| plan.ids().find(|id| read(plan, *id).as_ref() == Some(&label)));
        let above = || iter::successors(of.parent(id), |id| of.parent(*id)).find_map(counterpart);
        if let Some(id) = counterpart(id).or_else(alike).or_else(above) {
            to.go_to(plan, id);
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
        (None, None) if model.work.is_some() => {
            model.say("not ready yet; Esc stops it");
            return;
        }
        (None, None) => {
            model.say("look for indexes (x), or compare with another plan (C)");
            return;
        }
    };
    match fresh {
        Some(None) => {
            model.say("this one was not tried, so there are no plans to put side by side");
        }
        Some(Some(comparison)) => put(model, comparison),
        None => model.view = View::Compare,
    }
}

/// Puts two plans on the screen.
pub(super) fn put(model: &mut Model, comparison: Comparison) {
    model.comparison = Some(comparison.seen_from(model));
    model.view = View::Compare;
}

/// Shows two plans beside each other.
pub(super) fn of_plans(model: &mut Model, first: (String, Arc<Plan>), second: (String, Arc<Plan>)) {
    put(model, Comparison::new(Compared::Plans(first.0, second.0), first.1, second.1));
}
