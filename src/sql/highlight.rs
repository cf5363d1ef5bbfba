//! What each piece of a line of SQL is, for colouring. Which colour is the theme's matter.

use std::{ops::Range, sync::OnceLock};

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxSet};

/// What a piece of SQL is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Token {
    /// A word of the language, types and `NULL` included.
    Keyword,
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

/// Bytes of a line longer than this are not looked at: pasted data, not a statement.
const LONGEST_LINE: usize = 4_000;

struct Highlighter {
    syntaxes: SyntaxSet,
    rules: Vec<(Scope, Token)>,
}

/// The first scope prefix that holds decides; inner scopes are asked before outer ones.
const RULES: &[(&str, Token)] = &[
    ("comment", Token::Comment),
    ("string.quoted.other.backtick", Token::Identifier),
    ("string.quoted.double", Token::Identifier),
    ("string", Token::String),
    ("constant.character.escape", Token::String),
    ("constant.numeric", Token::Number),
    // `o.total`: the syntax calls both halves constants.
    ("constant.other", Token::Identifier),
    ("constant", Token::Keyword),
    ("keyword.operator", Token::Operator),
    ("variable.language.star", Token::Operator),
    ("support.function", Token::Function),
    ("entity.name.function", Token::Function),
    ("keyword", Token::Keyword),
    ("storage", Token::Keyword),
];

fn highlighter() -> Option<&'static Highlighter> {
    static LOADED: OnceLock<Option<Highlighter>> = OnceLock::new();
    LOADED
        .get_or_init(|| {
            let syntaxes = SyntaxSet::load_defaults_newlines();
            syntaxes.find_syntax_by_extension("sql")?;
            let rules = RULES.iter().filter_map(|(name, token)| Some((Scope::new(name).ok()?, *token))).collect();
            Some(Highlighter { syntaxes, rules })
        })
        .as_ref()
}

/// The pieces of each line, in order, as byte ranges that cover the line. State runs on from line to line (strings and
/// comments). A line that cannot be read is plain.
#[must_use]
pub fn highlight_lines(lines: &[String]) -> Vec<Vec<(Range<usize>, Token)>> {
    let plain = |line: &String| if line.is_empty() { Vec::new() } else { vec![(0..line.len(), Token::Plain)] };
    let Some(highlighter) = highlighter() else { return lines.iter().map(plain).collect() };
    let Some(syntax) = highlighter.syntaxes.find_syntax_by_extension("sql") else {
        return lines.iter().map(plain).collect();
    };
    let mut state = ParseState::new(syntax);
    let mut stack = ScopeStack::new();
    lines
        .iter()
        .map(|line| {
            if line.len() > LONGEST_LINE {
                return plain(line);
            }
            highlighter.line(line, &mut state, &mut stack).unwrap_or_else(|| plain(line))
        })
        .collect()
}

impl Highlighter {
    fn line(&self, line: &str, state: &mut ParseState, stack: &mut ScopeStack) -> Option<Vec<(Range<usize>, Token)>> {
        let ended = format!("{line}\n");
        let changes = state.parse_line(&ended, &self.syntaxes).ok()?;
        let mut pieces = Vec::new();
        let mut at = 0;
        for (place, change) in &changes {
            let place = (*place).min(line.len());
            push(&mut pieces, line, at..place, self.token(stack));
            at = place;
            stack.apply(change).ok()?;
        }
        push(&mut pieces, line, at..line.len(), self.token(stack));
        Some(pieces)
    }

    fn token(&self, stack: &ScopeStack) -> Token {
        stack
            .scopes
            .iter()
            .rev()
            .find_map(|scope| {
                self.rules.iter().find(|(prefix, _)| prefix.is_prefix_of(*scope)).map(|(_, token)| *token)
            })
            .unwrap_or(Token::Plain)
    }
}

/// Adds a piece; what is plain falls into names, functions (a name before a parenthesis) and the rest.
fn push(pieces: &mut Vec<(Range<usize>, Token)>, line: &str, range: Range<usize>, token: Token) {
    let mut add = |range: Range<usize>, token: Token| match pieces.last_mut() {
        Some((last, same)) if *same == token && last.end == range.start => last.end = range.end,
        _ if range.is_empty() => {}
        _ => pieces.push((range, token)),
    };
    if token != Token::Plain {
        return add(range, token);
    }
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = range.start;
    while at < range.end {
        let rest = &line[at..range.end];
        let inside = rest.starts_with(word);
        let length = rest.find(|c: char| word(c) != inside).unwrap_or(rest.len());
        let token = match (inside, rest.starts_with(|c: char| c.is_ascii_digit())) {
            (false, _) => Token::Plain,
            (true, true) => Token::Number,
            (true, false) if line[at + length..].starts_with('(') => Token::Function,
            (true, false) => Token::Identifier,
        };
        add(at..at + length, token);
        at += length;
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
            .zip(highlight_lines(&lines))
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn pieces_cover_any_line_on_character_borders(text in r#"(\PC|['"`$/*;\\\-#\n]|select |from ){0,60}"#) {
            let lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
            let all = highlight_lines(&lines);
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
