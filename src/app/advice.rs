//! The proposals for one statement.

use crate::advise::{Candidate, Proposal, Verdict, uses};

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

    /// What is tried together: the marked ones, or those that belong together by themselves when none is marked.
    #[must_use]
    pub fn together(&self) -> Vec<&Proposal> {
        let marked: Vec<&Proposal> = self.marked().collect();
        if marked.is_empty() { self.proposals.iter().filter(|p| belongs(p)).collect() } else { marked }
    }

    /// The other proposals that a proposal's plan after the trial reads as well: its gain is that of all of them.
    #[must_use]
    pub fn partners(&self, proposal: &Proposal) -> Vec<&Proposal> {
        let Some(tried) = &proposal.tried else { return Vec::new() };
        let others = self.proposals.iter().filter(|other| other.candidate != proposal.candidate && belongs(other));
        others.filter(|other| uses(&tried.after, &other.name)).collect()
    }

    /// How many were proved.
    #[must_use]
    pub fn proved(&self) -> usize {
        self.proposals.iter().filter(|p| p.verdict == Verdict::Proved).count()
    }
}

/// Whether a proposal is one of the set to make, and not one that could be made in another's place.
fn belongs(proposal: &Proposal) -> bool {
    proposal.verdict == Verdict::Proved && proposal.instead_of.is_none()
}
