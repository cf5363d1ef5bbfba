//! What words and lines are by the grammars that syntect brings: those of Sublime Text's packages.
//!
//! Where strings, comments and names of a statement begin and end is the lexer's matter, which knows the engine; the grammar is asked
//! for a word at a time and each word once, so that a keystroke in a long text stays cheap. The grammars are unpacked at the
//! first question.

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{
        LazyLock, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use super::highlight::{Pieces, Token};

/// Words kept with their answers, per thread. A text with more different words than this starts anew.
const KEPT: usize = 8192;

thread_local! {
    static WORDS: RefCell<HashMap<(String, bool), Option<Token>>> = RefCell::default();
}

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Yaml,
    Xml,
}

impl Form {
    /// By the first character that is none of a frame's, a prompt's or white space.
    fn of(document: &str) -> Option<Self> {
        let text = document.trim_start();
        match text.chars().next()? {
            '{' | '[' => Some(Self::Json),
            '<' => Some(Self::Xml),
            '-' if text.starts_with("- ") => Some(Self::Yaml),
            _ => None,
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Xml => "xml",
        }
    }

    /// What stands before any line of a plan but the first: the members of a node are within something.
    const fn opening(self) -> &'static str {
        match self {
            Self::Json => "{\n",
            Self::Yaml | Self::Xml => "",
        }
    }
}

/// The pieces of lines of a plan's document, as byte ranges in order that cover each line; `None` if the document has no grammar.
/// `document` is the whole of it, of which the first characters say what it is.
///
/// Every line is read on its own: plans in JSON, YAML and XML have no string, comment or tag that goes over a line's end but in literals of
/// the statement, and a document may be of megabytes of which a screenful is shown.
#[must_use]
pub fn highlight_document(document: &str, lines: &[String]) -> Option<Vec<Pieces>> {
    let form = Form::of(document)?;
    let syntax = grammars().find_syntax_by_extension(form.extension())?;
    let mut within = (ParseState::new(syntax), ScopeStack::new());
    if !form.opening().is_empty() {
        walk(&mut within, form.opening(), |_, _| ());
    }
    Some(
        lines
            .iter()
            .map(|line| {
                let mut pieces = Vec::new();
                let mut at = 0;
                walk(&mut within.clone(), &format!("{line}\n"), |end, stack| {
                    let end = end.min(line.len());
                    if end > at {
                        super::highlight::push(&mut pieces, at..end, of_document(stack));
                        at = end;
                    }
                });
                pieces
            })
            .collect(),
    )
}

/// What the SQL grammar says of a word that stands alone, or before a parenthesis.
pub(super) fn word(word: &str, called: bool) -> Option<Token> {
    WORDS.with_borrow_mut(|words| {
        let key = (word.to_ascii_lowercase(), called);
        if let Some(known) = words.get(&key) {
            return *known;
        }
        if ASIDE.load(Ordering::Acquire) {
            return None;
        }
        if words.len() >= KEPT {
            words.clear();
        }
        let found = ask(&key.0, called);
        words.insert(key, found);
        found
    })
}

/// Whether the grammars are unpacked by somebody else, and are not to be waited for.
static ASIDE: AtomicBool = AtomicBool::new(false);

/// From now on nobody waits for the grammars (70 ms of CPU): words are coloured without them until [`load_grammars`] was called,
/// which is for a thread of its own.
pub fn leave_grammars_aside() {
    ASIDE.store(true, Ordering::Release);
}

/// Unpacks the grammars; what is coloured after knows them.
pub fn load_grammars() {
    let _ = grammars();
    ASIDE.store(false, Ordering::Release);
}

fn ask(word: &str, called: bool) -> Option<Token> {
    static SQL: OnceLock<Option<SyntaxReference>> = OnceLock::new();
    let syntax = SQL.get_or_init(|| grammars().find_syntax_by_extension("sql").cloned()).as_ref()?;
    let mut found = None;
    let mut first = true;
    walk(
        &mut (ParseState::new(syntax), ScopeStack::new()),
        &format!("{word}{}\n", if called { "(" } else { "" }),
        |end, stack| {
            // The grammar may end a word where we do not (`date_trunc`): then it knows nothing of ours.
            if std::mem::take(&mut first) && end == word.len() {
                found = of_word(stack);
            }
        },
    );
    found
}

fn grammars() -> &'static SyntaxSet {
    static GRAMMARS: LazyLock<SyntaxSet> = LazyLock::new(SyntaxSet::load_defaults_newlines);
    &GRAMMARS
}

/// Parses a line and calls `piece` with the end and the scopes of each of its pieces. A line that the grammar fails on has one piece without.
fn walk(at: &mut (ParseState, ScopeStack), line: &str, mut piece: impl FnMut(usize, &ScopeStack)) {
    let (state, stack) = at;
    for (place, change) in state.parse_line(line, grammars()).unwrap_or_default() {
        if place > 0 {
            piece(place, stack);
        }
        if stack.apply(&change).is_err() {
            break;
        }
    }
    piece(line.len(), stack);
}

/// The meaning of the innermost scope that has one.
fn meaning(stack: &ScopeStack, table: &[(Scope, Token)]) -> Option<Token> {
    stack
        .scopes
        .iter()
        .rev()
        .find_map(|scope| table.iter().find(|(of, _)| of.is_prefix_of(*scope)).map(|(_, token)| *token))
}

fn table(entries: &[(&str, Token)]) -> Vec<(Scope, Token)> {
    entries.iter().filter_map(|(name, token)| Some((Scope::new(name).ok()?, *token))).collect()
}

fn of_word(stack: &ScopeStack) -> Option<Token> {
    static TABLE: LazyLock<Vec<(Scope, Token)>> = LazyLock::new(|| {
        table(&[
            ("storage.type", Token::Type),
            ("support.function", Token::Function),
            ("constant.language", Token::Keyword),
            ("keyword", Token::Keyword),
            ("storage.modifier", Token::Keyword),
        ])
    });
    meaning(stack, &TABLE)
}

fn of_document(stack: &ScopeStack) -> Token {
    static TABLE: LazyLock<Vec<(Scope, Token)>> = LazyLock::new(|| {
        table(&[
            ("entity.name.tag", Token::Key),
            ("meta.structure.dictionary.key", Token::Key),
            ("meta.mapping.key", Token::Key),
            ("comment", Token::Comment),
            ("constant.numeric", Token::Number),
            ("constant.language", Token::Keyword),
            ("constant.character", Token::String),
            ("string", Token::String),
        ])
    });
    // A key is a string to the grammar; that it is a key is said further out.
    let key = stack.scopes.iter().any(|scope| TABLE.iter().take(3).any(|(of, _)| of.is_prefix_of(*scope)));
    if key { Token::Key } else { meaning(stack, &TABLE).unwrap_or(Token::Plain) }
}

#[cfg(test)]
mod tests {
    use super::{Token, highlight_document, word};

    #[test]
    fn the_grammar_knows_types_functions_and_keywords() {
        for (text, called, token) in [
            ("select", false, Some(Token::Keyword)),
            ("SELECT", false, Some(Token::Keyword)),
            ("varchar", true, Some(Token::Type)),
            ("timestamp", false, Some(Token::Type)),
            ("count", true, Some(Token::Function)),
            ("customer_id", false, None),
            ("", false, None),
            ("naïve", false, None),
        ] {
            assert_eq!(word(text, called), token, "{text}");
        }
    }

    #[test]
    fn documents_are_told_by_how_they_begin_and_their_lines_are_covered() {
        let pieces = |document: &str, line: &str| {
            let pieces = highlight_document(document, &[line.to_owned()])?.remove(0);
            assert_eq!(pieces.iter().map(|(range, _)| range.len()).sum::<usize>(), line.len(), "{line}");
            Some(pieces.into_iter().map(|(range, token)| (line[range].to_owned(), token)).collect::<Vec<_>>())
        };
        for (document, line, key, value) in [
            (
                "[\n  {",
                "    \"Node Type\": \"Seq Scan\",",
                ("\"Node Type\"", Token::Key),
                ("\"Seq Scan\"", Token::String),
            ),
            ("{", "  \"r_rows\": 12.5,", ("\"r_rows\"", Token::Key), ("12.5", Token::Number)),
            ("{", "      \"using_filesort\": true", ("\"using_filesort\"", Token::Key), ("true", Token::Keyword)),
            ("- Plan: ", "    Node Type: \"Seq Scan\"", ("Node Type", Token::Key), ("\"Seq Scan\"", Token::String)),
            ("<explain ", "  <Plan-Rows>12</Plan-Rows>", ("Plan-Rows", Token::Key), (">12</", Token::Plain)),
        ] {
            let found = pieces(document, line).unwrap();
            for (text, token) in [key, value] {
                assert!(found.iter().any(|(t, k)| t.trim() == text && *k == token), "{line}: {found:?}");
            }
        }
        assert_eq!(highlight_document("Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)", &[]), None);
        assert_eq!(highlight_document("", &[]), None);
    }
}
