//! What a piece of SQL text is, without asking a server: statements, their class, their tables and predicates.

mod caret;
mod classify;
mod complete;
mod digest;
mod evaluated;
mod explain;
mod fill;
mod form;
mod format;
mod full_text;
mod grammar;
mod highlight;
mod ignore;
mod index_text;
mod lex;
mod limit;
mod look;
mod names;
mod parse;
mod placeholders;
mod reserved;
pub mod shape;
mod split;
mod trace;

pub use caret::{Caret, caret};
pub use classify::{Class, Effects, classify, without_explain};
pub use complete::{Completion, Suggestion, complete};
pub use digest::{QUERIES, alike, first_word, names_begin_with, of_digest, without_secrets};
pub use evaluated::evaluated;
pub use fill::{Filled, fill, literal, parameters};
pub use form::{Form, Named, form};
pub use format::format;
pub use full_text::{full_text_index, has_unspaced_words};
pub use grammar::highlight_document;
pub use highlight::{Pieces, Token, highlight_lines};
pub use ignore::{Ignored, ignoring};
pub use index_text::{IndexText, IndexTextKey, index_text, index_words};
pub use limit::{columns_of, limit};
pub use placeholders::{Placeholder, placeholders};
pub use reserved::{is_reserved, quoted};
pub use split::{Span, split, statement_at};
pub use trace::{Part, node_at, parts, spans_of, table_always_called, table_called};

/// The unquoted words of a text in upper case, without comments, strings and quoted names.
#[must_use]
pub fn words(sql: &str, engine: crate::plan::Engine) -> Vec<String> {
    lex::content(sql, engine)
        .into_iter()
        .filter(|token| token.kind == lex::Kind::Word)
        .map(|token| token.text(sql).to_ascii_uppercase())
        .collect()
}
