//! What each piece of a line of SQL is, for colouring. Which colour is the theme's matter.
//!
//! Where pieces begin and end the lexer says, which knows dollar quotes, nested comments and back-ticks; which of the words are
//! types and keywords the grammar says.

use std::ops::Range;

use super::{
    grammar,
    lex::{self, Kind},
};
use crate::plan::Engine;

/// What a piece of SQL is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Token {
    /// A word of the language, `NULL` included.
    Keyword,
    /// The name of a type that comes with the engines.
    Type,
    /// The key of a member, or the name of an element, of a document.
    Key,
    /// A quoted string.
    String,
    /// A number.
    Number,
    /// A comment.
    Comment,
    /// The name of a function.
    Function,
    /// An operator.
    Operator,
    /// A name.
    Identifier,
    /// Anything else.
    Plain,
}

/// The pieces of a line, in order, as byte ranges that cover it.
pub type Pieces = Vec<(Range<usize>, Token)>;

/// The pieces of each line, in order, as byte ranges that cover the line. Strings and comments run on from line to line.
///
/// The engine decides what quotes and comments are; without one the text itself has to tell.
#[must_use]
pub fn highlight_lines(lines: &[String], engine: Option<Engine>) -> Vec<Pieces> {
    let text = lines.join("\n");
    let tokens = lex::lex(&text, engine.unwrap_or_else(|| guess(&text)));
    let mut out = vec![Vec::new(); lines.len()];
    // The line one is in, and the byte of the text it starts at.
    let (mut line, mut start) = (0, 0);
    for (i, token) in tokens.iter().enumerate() {
        let meaning = meaning(&text, &tokens, i);
        let mut at = token.start;
        while let Some(length) = lines.get(line).map(String::len).filter(|_| at < token.end) {
            let end = token.end.min(start + length);
            if end > at {
                push(&mut out[line], at - start..end - start, meaning);
            }
            at = end;
            if token.end > start + length {
                line += 1;
                start += length + 1;
                at = start;
            }
        }
    }
    out
}

/// Backticks quote names on MySQL alone, and a line that begins with `#` is a comment there.
fn guess(text: &str) -> Engine {
    let mysql = text.contains('`') || text.lines().any(|line| line.trim_start().starts_with('#'));
    if mysql { Engine::MySql } else { Engine::PostgreSql }
}

fn meaning(text: &str, tokens: &[lex::Token], at: usize) -> Token {
    let token = tokens[at];
    match token.kind {
        Kind::Blank => Token::Plain,
        // What the server runs of a comment is still set apart by its author.
        Kind::Comment | Kind::Executable => Token::Comment,
        Kind::String => Token::String,
        Kind::Number | Kind::Parameter => Token::Number,
        Kind::Name => Token::Identifier,
        Kind::Symbol if token.text(text).contains(['(', ')', ',', ';', '.', '[', ']', '{', '}']) => Token::Plain,
        Kind::Symbol => Token::Operator,
        Kind::Word => {
            let symbol = |at: Option<usize>, symbol: &str| {
                at.and_then(|at| tokens.get(at)).is_some_and(|t| t.is_symbol(text, symbol))
            };
            let qualified = symbol(at.checked_sub(1), ".") || symbol(Some(at + 1), ".");
            let cast = symbol(at.checked_sub(1), ":") && symbol(at.checked_sub(2), ":");
            let called = symbol(Some(at + 1), "(");
            let word = token.text(text);
            match grammar::word(word) {
                _ if qualified && called => Token::Function,
                _ if qualified => Token::Identifier,
                _ if cast => Token::Type,
                Some(token) => token,
                None if called => Token::Function,
                None => Token::Identifier,
            }
        }
    }
}

/// Adds a piece, or makes the last one longer.
pub(super) fn push(pieces: &mut Pieces, range: Range<usize>, token: Token) {
    match pieces.last_mut() {
        Some((last, same)) if *same == token && last.end == range.start => last.end = range.end,
        _ => pieces.push((range, token)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Token, highlight_lines};

    fn pieces(text: &str) -> Vec<(String, Token)> {
        let lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        lines
            .iter()
            .zip(highlight_lines(&lines, None))
            .flat_map(|(line, pieces)| pieces.into_iter().map(|(range, token)| (line[range].to_owned(), token)))
            .collect()
    }

    #[test]
    fn every_kind_of_word_is_recognised() {
        let found = pieces(
            "SELECT o.id, count(*), my_fn(1) FROM orders o -- all\nWHERE name = 'it''s' AND total >= 42 /* two\nlines */ LIMIT 5",
        );
        for (text, token) in [
            ("SELECT", Token::Keyword),
            ("FROM", Token::Keyword),
            ("LIMIT", Token::Keyword),
            ("count", Token::Function),
            ("my_fn", Token::Function),
            ("orders", Token::Identifier),
            ("42", Token::Number),
            (">=", Token::Operator),
            ("lines */", Token::Comment),
        ] {
            assert!(found.contains(&(text.to_owned(), token)), "{text} in {found:?}");
        }
        assert!(found.iter().any(|(text, token)| *token == Token::String && text.contains("it''s")), "{found:?}");
        assert!(found.iter().any(|(text, token)| *token == Token::Comment && text.starts_with("-- all")), "{found:?}");
    }

    #[test]
    fn words_are_told_apart_by_where_they_stand() {
        for (sql, word, token) in [
            ("select o.date, date '2020-01-01'", "date", Token::Identifier),
            ("select date '2020-01-01'", "date", Token::Type),
            ("a::varchar(20)", "varchar", Token::Type),
            ("a::my_type", "my_type", Token::Type),
            ("cast(a as jsonb)", "jsonb", Token::Type),
            ("select line, path from t", "line", Token::Identifier),
            ("order by lower", "lower", Token::Identifier),
            ("select status, name, total from orders", "status", Token::Identifier),
            ("where a in (1)", "in", Token::Keyword),
            ("where a in(1)", "in", Token::Keyword),
            ("coalesce(a, $1)", "coalesce", Token::Function),
            ("coalesce(a, $1)", "$1", Token::Number),
            ("x as \"Order\"", "\"Order\"", Token::Identifier),
            ("select `group` from t", "`group`", Token::Identifier),
            ("# a comment\nselect 1", "# a comment", Token::Comment),
            ("data #>> '{a}'", "#>>", Token::Operator),
            ("$f$ select 1 $f$", "$f$ select 1 $f$", Token::String),
            ("'a\nb'", "b'", Token::String),
            ("NULL", "NULL", Token::Keyword),
        ] {
            assert!(pieces(sql).contains(&(word.to_owned(), token)), "{sql}: {:?}", pieces(sql));
        }
    }

    #[test]
    fn a_line_of_a_megabyte_is_no_trouble() {
        let long = vec![format!("select * from t where id in ({})", "12345, ".repeat(150_000))];
        let start = std::time::Instant::now();
        let pieces = &highlight_lines(&long, None)[0];
        assert!(pieces.len() > 300_000 && start.elapsed() < std::time::Duration::from_secs(2), "{:?}", start.elapsed());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn pieces_cover_any_line_on_character_borders(text in r#"(\PC|['"`$/*;\\\-#\n]|select |from ){0,60}"#) {
            let lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
            let all = highlight_lines(&lines, None);
            prop_assert_eq!(all.len(), lines.len());
            for (line, pieces) in lines.iter().zip(all) {
                let mut at = 0;
                for (range, _) in pieces {
                    prop_assert_eq!(range.start, at);
                    prop_assert!(range.end > range.start && line.is_char_boundary(range.end));
                    at = range.end;
                }
                prop_assert_eq!(at, line.len());
            }
        }
    }
}
