//! The proposals for one statement, and a proposal's plans before and after.

use super::tree::TreeState;
use crate::{
    advise::{Proposal, Verdict},
    plan::{
        NodeId, Plan,
        diff::{self, Change, Diff},
    },
};

/// What a search for indexes found.
#[derive(Debug)]
pub struct Advice {
    /// Proposals, best first.
    pub proposals: Vec<Proposal>,
    /// Which is under the cursor.
    pub cursor: usize,
    /// Whether the keys scroll the details.
    pub in_detail: bool,
    /// Lines of the details that are scrolled away.
    pub scroll: usize,
    /// The plans of the proposal under the cursor, once opened.
    pub comparison: Option<Comparison>,
}

/// One of the two plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Side {
    /// Without the index.
    Before,
    /// With it.
    #[default]
    After,
}

/// A proposal's two plans.
#[derive(Debug)]
pub struct Comparison {
    /// Which proposal.
    pub proposal: usize,
    /// Node beside node.
    pub diff: Diff,
    /// The tree without the index.
    pub before: TreeState,
    /// The tree with it.
    pub after: TreeState,
    /// Which tree has the keys.
    pub side: Side,
}

impl Advice {
    /// Proposals with the cursor on the first.
    #[must_use]
    pub const fn new(proposals: Vec<Proposal>) -> Self {
        Self { proposals, cursor: 0, in_detail: false, scroll: 0, comparison: None }
    }

    /// The proposal under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<&Proposal> {
        self.proposals.get(self.cursor)
    }

    /// How many were proved.
    #[must_use]
    pub fn proved(&self) -> usize {
        self.proposals.iter().filter(|p| p.verdict == Verdict::Proved).count()
    }

    /// Opens the two plans of the proposal under the cursor; false when it was never tried.
    pub fn compare(&mut self) -> bool {
        let Some(tried) = self.proposals.get(self.cursor).and_then(|p| p.tried.as_ref()) else {
            return false;
        };
        if self.comparison.as_ref().is_some_and(|c| c.proposal == self.cursor) {
            return true;
        }
        let diff = diff::diff(&tried.before, &tried.after);
        let mut after = TreeState::every(&tried.after);
        let first = tried.after.ids().find(|id| !matches!(diff.after.get(id.index()), Some(Change::Same(_))));
        // The node that uses the index is what people want to see first, else the first that changed.
        let using = tried.after.ids().find(|id| uses(&tried.after, *id, &tried.index_name));
        if let Some(id) = using.or(first) {
            after.go_to(&tried.after, id);
        }
        let before = TreeState::every(&tried.before);
        let mut comparison = Comparison { proposal: self.cursor, diff, before, after, side: Side::After };
        comparison.follow(&tried.before, &tried.after);
        self.comparison = Some(comparison);
        true
    }
}

/// Whether a node reads the index of that name.
#[must_use]
fn uses(plan: &Plan, id: NodeId, index: &str) -> bool {
    plan.node(id).index.as_deref() == Some(index)
}

impl Comparison {
    /// Moves the cursor of the side that has not the keys to the node that answers to the other's.
    pub fn follow(&mut self, before: &Plan, after: &Plan) {
        let (from, map, to, plan) = match self.side {
            Side::Before => (&self.before, &self.diff.before, &mut self.after, after),
            Side::After => (&self.after, &self.diff.after, &mut self.before, before),
        };
        if let Some(Change::Same(id) | Change::Changed(id)) = map.get(from.selected().index()) {
            to.go_to(plan, *id);
        }
    }

    /// The tree that has the keys.
    pub fn active(&mut self) -> &mut TreeState {
        match self.side {
            Side::Before => &mut self.before,
            Side::After => &mut self.after,
        }
    }
}
