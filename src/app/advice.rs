//! The proposals for one statement.

use crate::advise::{Proposal, Verdict};

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
}

impl Advice {
    /// Proposals with the cursor on the first.
    #[must_use]
    pub const fn new(proposals: Vec<Proposal>) -> Self {
        Self { proposals, cursor: 0, in_detail: false, scroll: 0 }
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
}
