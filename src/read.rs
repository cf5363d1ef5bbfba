//! A plan's text, in any dialect, to a [`Plan`].
//!
//! Two stages a dialect: `raw` mirrors the server's keys, every one optional; `lower` makes the domain of it.

use crate::plan::Plan;

/// Why a document could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: expected {expected}, found {found}")]
pub struct ReadError {
    /// Line of the document, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What would have been right there.
    pub expected: String,
    /// What stands there, shortened and with control characters made visible.
    pub found: String,
}

/// Reads every plan of a document, whatever wraps it.
///
/// # Errors
/// [`ReadError`] says where reading stopped and what was expected.
pub fn read(text: &str) -> Result<Vec<Plan>, ReadError> {
    let _ = text;
    Err(ReadError { line: 1, column: 1, expected: "a plan".into(), found: String::new() })
}
