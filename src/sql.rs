//! What a piece of SQL text is, without asking a server: statements, their class, their tables and predicates.

mod classify;
mod split;

pub use classify::{Class, Effects, classify};
pub use split::{Span, split, statement_at};
