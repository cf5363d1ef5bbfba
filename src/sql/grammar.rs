//! What words and lines are, by grammars for syntect's parser.
//!
//! Where strings, comments and names of a statement begin and end is the lexer's matter, which knows the engine; the grammar is asked
//! for a word at a time and each word once, so that a keystroke in a long text stays cheap. The grammars are our own: those that
//! come with syntect are made for files of source code, know little of the engines' words, and weigh ten times as much.

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{LazyLock, OnceLock},
};

use syntect::parsing::{
    ParseState, Scope, ScopeStack, SyntaxDefinition, SyntaxReference, SyntaxSet, SyntaxSetBuilder,
    syntax_definition::{Context, MatchOperation, MatchPattern, Pattern},
};

use super::highlight::{Pieces, Token};

/// Words that people write in statements and do not give to columns, of every engine.
const KEYWORDS: &str = "
add after all alter always analyse analyze and any array as asc asymmetric before begin between both by call cascade case cast
check collate column commit concurrently conflict constraint create cross cube current_catalog current_date current_role
current_schema current_time current_timestamp current_user database deallocate declare default deferrable delete desc describe
distinct distinctrow div do drop duplicate each else elseif end escape except exclude execute exists explain extract false fetch
filter first following for force foreign from full fulltext function generated global grant group grouping groups having if
ignore ilike immediate in include index inner insert intersect into is isnull join key language last lateral leading left like
limit local localtime localtimestamp lock locked logged match materialized merge mod natural no not nothing notnull nowait null
nulls of offset on only or order ordinality out outer over overlaps partition partitioned placing preceding prepare primary
procedure range recursive references regexp release rename replace restrict returning returns right rlike rollback rollup row
rows savepoint schema select separator sequence session_user set sets share show similar skip some straight_join symmetric table
tablesample temp temporary then tied to trailing transaction trigger trim true truncate unbounded union unique unlogged unsigned
update use using values variadic verbose view when where window with within without xor zerofill";

/// Types of every engine, likewise.
const TYPES: &str = "
bigint bigserial binary bit blob boolean bytea char character date datetime dec decimal double enum float float4 float8 int int2
int4 int8 integer interval json jsonb longblob longtext mediumint mediumtext numeric precision real serial smallint text time
timestamp timestamptz timetz tinyint tinytext uuid varbinary varchar varying xml";

/// What a piece is called in the grammars (the names that themes for editors know), and what that is to us.
const SCOPES: &[(&str, Token)] = &[
    ("entity.name.tag", Token::Key),
    ("storage.type", Token::Type),
    ("keyword", Token::Keyword),
    ("constant.numeric", Token::Number),
    ("constant.language", Token::Keyword),
    ("string", Token::String),
];

/// Of a plan in JSON: what stands before a colon is a key.
const JSON: &[(&str, &str)] = &[
    ("entity.name.tag", r#""(?:[^"\\]|\\.)*"(?=\s*:)"#),
    ("string", r#""(?:[^"\\]|\\.)*"?"#),
    ("constant.numeric", r"-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b"),
    ("constant.language", r"\b(?:true|false|null)\b"),
];

/// Of a plan in YAML, which PostgreSQL writes without blocks and anchors.
const YAML: &[(&str, &str)] = &[
    ("entity.name.tag", r#"^\s*(?:- )*[^\s"':-][^:"]*(?=:(?:\s|$))"#),
    ("string", r#""(?:[^"\\]|\\.)*"?"#),
    ("constant.numeric", r"-?\b\d+(?:\.\d+)?\s*$"),
    ("constant.language", r"\b(?:true|false|null)\s*$"),
];

/// Of a plan in XML.
const XML: &[(&str, &str)] = &[("entity.name.tag", r"(?:(?<=<)|(?<=</))[\w.:-]+"), ("string", r#"(?<==)"[^"]*""#)];

/// Words kept with their answers, per thread. A text with more different words than this starts anew.
const KEPT: usize = 8192;

thread_local! {
    static WORDS: RefCell<HashMap<String, Option<Token>>> = RefCell::default();
}

/// The pieces of lines of a plan's document, as byte ranges in order that cover each line; `None` if the document has no grammar.
/// `document` is the whole of it, of which the first characters say what it is.
///
/// Every line is read on its own: plans in JSON, YAML and XML have no string, comment or tag that goes over a line's end but in literals of
/// the statement, and a document may be of megabytes of which a screenful is shown.
#[must_use]
pub fn highlight_document(document: &str, lines: &[String]) -> Option<Vec<Pieces>> {
    let text = document.trim_start();
    let name = match text.chars().next()? {
        '{' | '[' => "json",
        '<' => "xml",
        '-' if text.starts_with("- ") => "yaml",
        _ => return None,
    };
    let syntax = grammars().find_syntax_by_name(name)?;
    Some(
        lines
            .iter()
            .map(|line| {
                let mut pieces = Vec::new();
                let mut at = 0;
                walk(syntax, line, |end, token| {
                    if end > at {
                        super::highlight::push(&mut pieces, at..end, token.unwrap_or(Token::Plain));
                        at = end;
                    }
                });
                pieces
            })
            .collect(),
    )
}

/// Whether an unquoted word that stands alone reads as a word of the language ([`Token::Keyword`]) or as a type ([`Token::Type`]): for
/// colours, not for correctness.
pub(super) fn word(word: &str) -> Option<Token> {
    static SQL: OnceLock<Option<&SyntaxReference>> = OnceLock::new();
    WORDS.with_borrow_mut(|words| {
        let lower = word.to_ascii_lowercase();
        if let Some(known) = words.get(&lower) {
            return *known;
        }
        if words.len() >= KEPT {
            words.clear();
        }
        let mut found = None;
        if let Some(syntax) = *SQL.get_or_init(|| grammars().find_syntax_by_name("sql")) {
            // The grammar may end a word where the lexer does not (`date$1`): then it knows nothing of it.
            walk(syntax, &lower, |end, token| found = found.or(token.filter(|_| end == lower.len())));
        }
        words.insert(lower, found);
        found
    })
}

fn grammars() -> &'static SyntaxSet {
    static GRAMMARS: LazyLock<SyntaxSet> = LazyLock::new(|| {
        let any = |words: &str| format!(r"\b(?:{})\b", words.split_ascii_whitespace().collect::<Vec<_>>().join("|"));
        let (keywords, types) = (any(KEYWORDS), any(TYPES));
        let sql = [("storage.type", types.as_str()), ("keyword", keywords.as_str())];
        let mut builder = SyntaxSetBuilder::new();
        for (name, patterns) in [("sql", &sql[..]), ("json", JSON), ("yaml", YAML), ("xml", XML)] {
            builder.add(grammar(name, patterns));
        }
        builder.build()
    });
    &GRAMMARS
}

/// A grammar of one context: no piece goes over a line's end.
fn grammar(name: &str, patterns: &[(&str, &str)]) -> SyntaxDefinition {
    let scope = |name: &str| Scope::new(name).unwrap_or_default();
    let mut start = Context::new(false);
    start.patterns = patterns
        .iter()
        .map(|(of, regex)| {
            Pattern::Match(MatchPattern::new(
                false,
                (*regex).to_owned(),
                vec![scope(of)],
                None,
                MatchOperation::None,
                None,
            ))
        })
        .collect();
    SyntaxDefinition {
        name: name.to_owned(),
        file_extensions: Vec::new(),
        scope: scope(&format!("source.{name}")),
        first_line_match: None,
        hidden: false,
        variables: HashMap::new(),
        // The context that a parse begins in.
        contexts: HashMap::from([("__start".to_owned(), start)]),
    }
}

/// Parses a line and calls `piece` with the end and the meaning of each of its pieces. What the parser fails on has none.
fn walk(syntax: &SyntaxReference, line: &str, mut piece: impl FnMut(usize, Option<Token>)) {
    let mut stack = ScopeStack::new();
    for (place, change) in ParseState::new(syntax).parse_line(line, grammars()).unwrap_or_default() {
        if place > 0 {
            piece(place, meaning(&stack));
        }
        if stack.apply(&change).is_err() {
            break;
        }
    }
    piece(line.len(), meaning(&stack));
}

fn meaning(stack: &ScopeStack) -> Option<Token> {
    static TABLE: LazyLock<Vec<(Scope, Token)>> =
        LazyLock::new(|| SCOPES.iter().filter_map(|(name, token)| Some((Scope::new(name).ok()?, *token))).collect());
    stack.scopes.iter().rev().find_map(|scope| TABLE.iter().find(|(of, _)| of == scope).map(|(_, token)| *token))
}

#[cfg(test)]
mod tests {
    use super::{KEYWORDS, TYPES, Token, highlight_document, word};

    #[test]
    fn the_grammar_knows_types_and_keywords() {
        for (text, token) in [
            ("select", Some(Token::Keyword)),
            ("SELECT", Some(Token::Keyword)),
            ("order", Some(Token::Keyword)),
            ("varchar", Some(Token::Type)),
            ("JSONB", Some(Token::Type)),
            ("date$1", None),
            ("dates", None),
            ("customer_id", None),
            ("status", None),
            ("", None),
            ("naïve", None),
        ] {
            assert_eq!(word(text), token, "{text}");
        }
        for words in [KEYWORDS, TYPES] {
            let words: Vec<&str> = words.split_ascii_whitespace().collect();
            assert!(words.is_sorted() && words.iter().all(|w| word(w).is_some()), "{words:?}");
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
