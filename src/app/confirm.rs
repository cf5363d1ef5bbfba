//! What is only done when a word is typed.

use super::{invisible::Build, model::Asked};
use crate::server::ServerError;

/// The question whether it may be done.
#[derive(Debug, Clone)]
pub struct Confirm {
    /// What it would do, and to whom.
    pub error: Box<ServerError>,
    /// What was typed so far.
    pub typed: String,
    /// The statement that would run.
    pub asked: Asked,
    /// What goes on when the word is typed.
    pub going: Going,
}

/// What goes on when the word is typed.
#[derive(Debug, Clone)]
pub enum Going {
    /// A statement that writes is explained or measured.
    Ask {
        /// To be measured.
        analyze: bool,
        /// To look for indexes after.
        then_advise: bool,
    },
    /// A real index is built.
    Build(Build),
}

impl Confirm {
    /// The word to type.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self.going {
            Going::Ask { .. } => "run",
            Going::Build(_) => "build",
        }
    }

    /// The word to type for the same without taking it back afterwards, where that is possible.
    #[must_use]
    pub const fn lasting(&self) -> Option<&'static str> {
        match self.going {
            Going::Ask { .. } => None,
            Going::Build(_) => Some("build keep"),
        }
    }

    /// Characters that can be typed: enough for the longest, and to see a mistake.
    pub(super) const fn longest(&self) -> usize {
        2 * self.word().len()
    }

    /// Whether what was typed allows it, and whether it is to last.
    pub(super) fn answer(&self) -> Option<bool> {
        match self.typed.trim() {
            typed if typed == self.word() => Some(false),
            typed if self.lasting() == Some(typed) => Some(true),
            _ => None,
        }
    }
}
