//! The proposals for one statement.

use crate::advise::{Candidate, Proposal, Verdict};

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
    /// Those to be tried together.
    marked: Vec<Candidate>,
}

impl Advice {
    /// Proposals with the cursor on the first.
    #[must_use]
    pub const fn new(proposals: Vec<Proposal>) -> Self {
        Self { proposals, cursor: 0, in_detail: false, scroll: 0, marked: Vec::new() }
    }

    /// The proposal under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<&Proposal> {
        self.proposals.get(self.cursor)
    }

    /// Marks the proposal under the cursor to be tried with others, or takes the mark away.
    pub(super) fn mark(&mut self) {
        let Some(candidate) = self.selected().map(|p| p.candidate.clone()) else { return };
        match self.marked.iter().position(|other| *other == candidate) {
            Some(at) => drop(self.marked.remove(at)),
            None => self.marked.push(candidate),
        }
    }

    /// Whether a proposal is to be tried with others.
    #[must_use]
    pub fn is_marked(&self, proposal: &Proposal) -> bool {
        self.marked.contains(&proposal.candidate)
    }

    /// The proposals to be tried together, in the order of the list.
    pub fn marked(&self) -> impl Iterator<Item = &Proposal> {
        self.proposals.iter().filter(|p| self.is_marked(p))
    }

    /// How many were proved.
    #[must_use]
    pub fn proved(&self) -> usize {
        self.proposals.iter().filter(|p| p.verdict == Verdict::Proved).count()
    }
}
