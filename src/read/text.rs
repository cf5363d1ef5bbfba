//! Plans that are text, line by line. A dialect looks at a line and says whether a plan begins there.

use super::{ReadError, Source};
use crate::{plan::Plan, text};

/// The lines of a text.
pub(super) struct Lines<'t>(Vec<&'t str>);

/// What a dialect read from a line on.
pub(super) struct Passage {
    /// How many lines it took; at least one.
    pub(super) lines: usize,
    /// The plans in them.
    pub(super) plans: Vec<Plan>,
    /// Why it stopped before its end.
    pub(super) error: Option<ReadError>,
}

/// Reads what begins on a line; `None` where nothing of the dialect does.
pub(super) type Dialect = fn(&Lines<'_>, usize, &Source<'_>) -> Option<Passage>;

impl<'t> Lines<'t> {
    /// The lines of a text, without their ends.
    pub(super) fn of(text: &'t str) -> Self {
        Self(text.lines().collect())
    }

    /// A line by its place, from 0.
    pub(super) fn get(&self, at: usize) -> Option<&'t str> {
        self.0.get(at).copied()
    }

    /// Its number for people, from 1.
    #[expect(clippy::unused_self, reason = "a line's number is that of its text")]
    pub(super) fn number(&self, at: usize) -> u32 {
        u32::try_from(at + 1).unwrap_or(u32::MAX)
    }

    /// An error at a byte of a part of a line.
    pub(super) fn error(&self, at: usize, part: &str, byte: usize, expected: impl Into<String>) -> ReadError {
        let line = self.get(at).unwrap_or_default();
        let start = line.find(part.lines().next().unwrap_or_default()).unwrap_or(0);
        let before = line.get(..(start + byte).min(line.len())).unwrap_or(line);
        let rest: String = line.get(before.len()..).unwrap_or_default().trim_start().chars().take(24).collect();
        let found = match rest.trim_end() {
            "" => "the end of the line".to_owned(),
            word => format!("`{}`", text::one_line(word)),
        };
        let column = u32::try_from(before.chars().count() + 1).unwrap_or(u32::MAX);
        ReadError { line: self.number(at), column, expected: super::json::shortened(expected.into()), found }
    }
}

impl Passage {
    /// A passage of one plan, or of none with the reason.
    pub(super) fn of(lines: usize, plan: Result<Plan, ReadError>, error: Option<ReadError>) -> Self {
        let (plans, unbuilt) = match plan {
            Ok(plan) => (vec![plan], None),
            Err(unbuilt) => (Vec::new(), Some(unbuilt)),
        };
        Self { lines, plans, error: error.or(unbuilt) }
    }
}
