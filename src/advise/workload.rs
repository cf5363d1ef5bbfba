//! A workload and what a search over it may take.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

/// A statement and how much it counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighted {
    /// The statement, with literals or normalised.
    pub sql: String,
    /// How often it runs, in any unit that is the same for all.
    pub weight: f64,
}

/// What a set of indexes is to make small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Objective {
    /// The weighted sum of costs, and to a small part each statement's own improvement, so that one giant statement does
    /// not take the whole budget.
    #[default]
    Balanced,
    /// The weighted sum of costs alone.
    Cost,
    /// The mean of the statements' improvements (of the logarithms of their costs), however small their costs.
    Relative,
}

/// Bounds of a search. Without any it ends by itself when nothing gains any more.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Bytes that all new indexes may take together.
    pub bytes: Option<u64>,
    /// How many indexes.
    pub indexes: Option<usize>,
    /// When to come to an end with the best so far.
    pub until: Option<Instant>,
    /// Set from outside to end early with the best so far.
    pub stop: Arc<AtomicBool>,
    /// What to make small.
    pub objective: Objective,
}

impl Limits {
    /// Whether there may be less room than the statements could use.
    #[must_use]
    pub const fn bound(&self) -> bool {
        self.bytes.is_some() || self.indexes.is_some()
    }

    /// Whether the search is to end now.
    #[must_use]
    pub fn over(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.until.is_some_and(|until| Instant::now() >= until)
    }
}

impl Objective {
    /// Weights of the two parts: the sum of costs, the mean logarithm.
    pub(super) const fn parts(self) -> (f64, f64) {
        match self {
            Self::Balanced => (1.0, 0.02),
            Self::Cost => (1.0, 0.0),
            Self::Relative => (0.0, 1.0),
        }
    }
}
