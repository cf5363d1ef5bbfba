//! What a piece of SQL text is, without asking a server: statements, their class, their tables and predicates.

mod caret;
mod classify;
mod explain;
mod highlight;
mod lex;
mod names;
mod parse;
mod placeholders;
mod split;

pub use caret::{Caret, caret};
pub use classify::{Class, Effects, classify, without_explain};
pub use highlight::{Token, highlight_lines};
pub use placeholders::{Placeholder, placeholders};
pub use split::{Span, split, statement_at};
