//! Parsing with guards: nothing the parser does with odd text reaches the caller as a panic or an abort.

use sqlparser::{
    ast::Statement,
    dialect::{Dialect, MySqlDialect, PostgreSqlDialect},
    parser::Parser,
    tokenizer::{Token as Lexed, TokenWithSpan, Tokenizer},
};

use super::lex::{Kind, Token, lex};
use crate::plan::Engine;

/// Nested parentheses and sub-queries that are followed. The parser's own limit is 50; written queries go deeper.
const NESTING: usize = 200;
/// Words and operators beyond which a text is not parsed: long operator chains become deep trees.
const CHAIN: usize = 100_000;
/// Stack for the parser's own recursion down to [`NESTING`], bytes; address space only.
const STACK: usize = 64 << 20;
/// Stack for one more level of a tree that grows by chains (`a + b + c …`), bytes.
const STACK_PER_LEVEL: usize = 2 << 10;

/// Types of PostgreSQL whose literals (`inet '10.0.0.1'`) the parser (0.63) takes for no value: it knows names of types of its own alone
/// there.
const LITERAL_TYPES: [&str; 26] = [
    "inet",
    "cidr",
    "macaddr",
    "macaddr8",
    "int4range",
    "int8range",
    "numrange",
    "tsrange",
    "tstzrange",
    "daterange",
    "int4multirange",
    "int8multirange",
    "nummultirange",
    "tsmultirange",
    "tstzmultirange",
    "datemultirange",
    "tsquery",
    "tsvector",
    "ltree",
    "lquery",
    "money",
    "citext",
    "hstore",
    "oid",
    "geometry",
    "geography",
];

/// Parses one statement and hands it to `with`; what `with` makes of it comes back.
///
/// The work is done on a thread of its own, whose stack fits the text.
///
/// # Errors
/// Why the text could not be parsed, for people.
pub(super) fn parsed<T: Send>(
    sql: &str,
    engine: Engine,
    with: impl FnOnce(&Statement) -> T + Send,
) -> Result<T, String> {
    let tokens = lex(sql, engine);
    if tokens.iter().any(|t| t.kind == Kind::Executable) {
        return Err("it holds a comment that the server executes (/*! … */)".to_owned());
    }
    let chain =
        tokens.iter().filter(|t| t.kind == Kind::Word || (t.kind == Kind::Symbol && !t.is_symbol(sql, ","))).count();
    if chain > CHAIN {
        return Err(format!("it is too long to be understood: {chain} words and operators"));
    }
    let clean = for_parser(sql, &tokens, engine);
    let quotes = tokens.iter().filter(|t| matches!(t.kind, Kind::String | Kind::Name)).count();
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("sql".to_owned())
            .stack_size(STACK + chain * STACK_PER_LEVEL)
            .spawn_scoped(scope, || {
                let statement = parse_here(&clean, engine, quotes)?;
                // A parser that drops what it read must not decide that nothing of weight was there.
                if grave_words(&clean, engine) != grave_words(&statement.to_string(), engine) {
                    return Err("a part of it was not understood".to_owned());
                }
                Ok(with(&statement))
            })
            .map_err(|error| format!("no thread to parse it: {error}"))?
            .join()
            .unwrap_or_else(|_| Err("the parser failed on it".to_owned()))
    })
}

fn parse_here(clean: &str, engine: Engine, quotes: usize) -> Result<Statement, String> {
    let dialect: &dyn Dialect = match engine {
        Engine::PostgreSql => &PostgreSqlDialect {},
        Engine::MySql | Engine::MariaDb => &MySqlDialect {},
    };
    let tokens = Tokenizer::new(dialect, clean).tokenize_with_location().map_err(|error| error.to_string())?;
    if tokens.iter().filter(|t| is_quoted(t)).count() != quotes {
        return Err("its quotes can be read in two ways".to_owned());
    }
    let mut parser = Parser::new(dialect).with_recursion_limit(NESTING).with_tokens_with_locations(tokens);
    let said = |error: sqlparser::parser::ParserError| {
        let text = error.to_string();
        text.strip_prefix("sql parser error: ").unwrap_or(&text).to_owned()
    };
    let mut statements = parser.parse_statements().map_err(said)?;
    match (statements.pop(), statements.is_empty()) {
        (Some(statement), true) => Ok(statement),
        _ => Err("it is not one statement".to_owned()),
    }
}

fn is_quoted(token: &TokenWithSpan) -> bool {
    match &token.token {
        Lexed::Word(word) => word.quote_style.is_some(),
        Lexed::SingleQuotedString(_)
        | Lexed::DoubleQuotedString(_)
        | Lexed::DollarQuotedString(_)
        | Lexed::SingleQuotedByteStringLiteral(_)
        | Lexed::DoubleQuotedByteStringLiteral(_)
        | Lexed::NationalStringLiteral(_)
        | Lexed::EscapedStringLiteral(_)
        | Lexed::UnicodeStringLiteral(_)
        | Lexed::HexStringLiteral(_) => true,
        _ => false,
    }
}

/// The text with comments blanked, so that the parser's idea of a comment cannot differ from the server's, and with
/// locking words it does not know left out: `LOCK IN SHARE MODE`, and `NO KEY` and `KEY` of `FOR [NO KEY] UPDATE` and
/// `FOR KEY SHARE`, and a cast's `CHARACTER SET x`, and the type before a literal where it does not know it. Places stay the same, but for two things the parser (0.63) gets
/// wrong: `TABLE t`, where it drops what follows, becomes a `SELECT`; MySQL's `&&`, which it binds closer than `=`,
/// becomes `AND`.
fn for_parser(sql: &str, tokens: &[Token], engine: Engine) -> String {
    let mut bytes = sql.as_bytes().to_vec();
    let mut blank = |token: &Token| {
        for byte in &mut bytes[token.start..token.end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    };
    tokens.iter().filter(|t| t.kind == Kind::Comment).for_each(&mut blank);
    let content: Vec<&Token> = tokens.iter().filter(|t| t.is_content()).collect();
    let words = |at: usize, words: &[&str]| {
        words.iter().enumerate().all(|(i, word)| content.get(at + i).is_some_and(|t| t.is_word(sql, word)))
    };
    for at in 0..content.len() {
        if words(at, &["LOCK", "IN", "SHARE", "MODE"]) {
            content[at..at + 4].iter().copied().for_each(&mut blank);
        } else if words(at, &["FOR", "NO", "KEY", "UPDATE"]) {
            content[at + 1..at + 3].iter().copied().for_each(&mut blank);
        } else if words(at, &["FOR", "KEY", "SHARE"]) {
            blank(content[at + 1]);
        } else if engine == Engine::PostgreSql
            && at > 0
            && !content[at - 1].is_symbol(sql, ".")
            && content.get(at + 1).is_some_and(|t| t.kind == Kind::String)
            && LITERAL_TYPES.iter().any(|name| content[at].is_word(sql, name))
        {
            blank(content[at]);
        } else if engine != Engine::PostgreSql
            && at > 0
            && words(at, &["CHARACTER", "SET"])
            && content[at - 1].is_symbol(sql, ")")
        {
            content[at..(at + 3).min(content.len())].iter().copied().for_each(&mut blank);
        }
    }
    let mut text = String::from_utf8(bytes).unwrap_or_else(|_| sql.to_owned());
    for at in (0..content.len()).rev() {
        let named = content.get(at + 1).is_some_and(|t| matches!(t.kind, Kind::Word | Kind::Name));
        let before = at.checked_sub(1).map(|i| content[i]);
        let query = before.is_none_or(|t| {
            t.is_symbol(sql, "(")
                || ["UNION", "ALL", "DISTINCT", "INTERSECT", "EXCEPT"].iter().any(|w| t.is_word(sql, w))
        });
        if named && query && words(at, &["TABLE"]) {
            text.replace_range(content[at].start..content[at].end, "SELECT * FROM");
        }
        let both = |t: &&Token| t.is_symbol(sql, "&");
        let pair = content.get(at + 1).filter(|t| t.start == content[at].end && both(t));
        if let (true, true, Some(second)) = (engine != Engine::PostgreSql, both(&content[at]), pair) {
            text.replace_range(content[at].start..second.end, " AND ");
        }
    }
    text
}

/// How often the words that change data or lock rows stand in a text, outside quotes and comments.
pub(super) fn grave_words(sql: &str, engine: Engine) -> [usize; 7] {
    let tokens = lex(sql, engine);
    ["INSERT", "UPDATE", "DELETE", "MERGE", "INTO", "SHARE", "CALL"]
        .map(|word| tokens.iter().filter(|t| t.is_word(sql, word)).count())
}

/// Whether the text locks by MySQL's old words, which [`parsed`] leaves out.
pub(super) fn locks_in_share_mode(sql: &str, content: &[Token]) -> bool {
    content.windows(4).any(|w| w.iter().zip(["LOCK", "IN", "SHARE", "MODE"]).all(|(t, word)| t.is_word(sql, word)))
}
