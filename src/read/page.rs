//! A text as lines, for documents that are made of lines.

use unicode_width::UnicodeWidthStr;

use super::{ReadError, json::Lines};
use crate::plan::Plan;

/// A text without frames, line by line.
#[derive(Clone, Copy)]
pub(super) struct Page<'t> {
    /// The text.
    pub(super) text: &'t str,
    /// Where its lines begin.
    pub(super) lines: &'t Lines,
}

/// What a reader of lines made of a page.
pub(super) struct Reading {
    /// The plans, or what could be read of them.
    pub(super) plans: Vec<Plan>,
    /// The line, counted from 0, from which to read on.
    pub(super) next: usize,
    /// What was wrong.
    pub(super) error: Option<ReadError>,
}

impl<'t> Page<'t> {
    /// How many lines there are.
    pub(super) fn count(self) -> usize {
        self.lines.count()
    }

    /// A line, counted from 0, without its line break.
    pub(super) fn row(self, line: usize) -> &'t str {
        self.lines.row(self.text, line)
    }

    /// The byte at which a line begins.
    pub(super) fn begin(self, line: usize) -> usize {
        self.lines.begin(self.text, line)
    }

    /// The next line from `line` on that is not blank.
    pub(super) fn written(self, line: usize) -> Option<usize> {
        (line..self.count()).find(|i| !self.row(*i).trim().is_empty())
    }
}

/// Columns a text takes without the blanks behind it.
pub(super) fn width(row: &str) -> usize {
    row.trim_end().width()
}
