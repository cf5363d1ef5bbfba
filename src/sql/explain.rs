//! `EXPLAIN` and its likes before a statement.

use super::lex::{Kind, Token};
use crate::plan::Engine;

/// What stands before the statement proper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefix {
    /// Nothing; the statement is what it is.
    None,
    /// EXPLAIN, ANALYZE or DESCRIBE; the statement starts at this byte.
    Explained(usize),
    /// It describes a table or another connection's statement.
    Describes,
}

/// Looks at the content tokens of one statement.
pub(super) fn prefix(sql: &str, content: &[Token], engine: Engine) -> Prefix {
    let word = |at: usize| -> String {
        content.get(at).filter(|t| t.kind == Kind::Word).map(|t| t.text(sql).to_ascii_uppercase()).unwrap_or_default()
    };
    let first = word(0);
    let inner = match (engine, first.as_str()) {
        (Engine::PostgreSql, "EXPLAIN") => postgres_options(sql, content, &word),
        (Engine::MySql | Engine::MariaDb, "EXPLAIN" | "DESCRIBE" | "DESC") => mysql_options(sql, content, &word),
        // `ANALYZE TABLE t` gathers statistics.
        (Engine::MariaDb, "ANALYZE")
            if word(1) == "FORMAT" || (word(1) != "TABLE" && starts_statement(sql, content.get(1), engine)) =>
        {
            mysql_options(sql, content, &word)
        }
        _ => return Prefix::None,
    };
    match content.get(inner) {
        Some(token) if starts_statement(sql, Some(token), engine) => Prefix::Explained(token.start),
        // A table's name follows.
        _ if engine != Engine::PostgreSql => Prefix::Describes,
        Some(token) => Prefix::Explained(token.start),
        None => Prefix::Explained(sql.len()),
    }
}

/// `EXPLAIN [ANALYZE] [VERBOSE]` or `EXPLAIN (option [, …])`: the index of the token after it.
fn postgres_options(sql: &str, content: &[Token], word: &impl Fn(usize) -> String) -> usize {
    let open = content.get(1).is_some_and(|t| t.is_symbol(sql, "("));
    if !open || starts_statement(sql, content.get(2), Engine::PostgreSql) {
        let mut at = 1;
        at += usize::from(matches!(word(at).as_str(), "ANALYZE" | "ANALYSE"));
        at += usize::from(word(at) == "VERBOSE");
        return at;
    }
    let mut depth = 0_usize;
    for (at, token) in content.iter().enumerate().skip(1) {
        if token.is_symbol(sql, "(") {
            depth += 1;
        } else if token.is_symbol(sql, ")") {
            depth -= 1;
            if depth == 0 {
                return at + 1;
            }
        }
    }
    content.len()
}

/// `EXPLAIN [EXTENDED|PARTITIONS|ANALYZE] [FORMAT = name] [INTO @v] [FOR SCHEMA s]`: the index of the token after it.
fn mysql_options(sql: &str, content: &[Token], word: &impl Fn(usize) -> String) -> usize {
    let mut at = 1;
    loop {
        match word(at).as_str() {
            "EXTENDED" | "PARTITIONS" | "ANALYZE" => at += 1,
            "FORMAT" if content.get(at + 1).is_some_and(|t| t.is_symbol(sql, "=")) => at += 3,
            "FOR" if matches!(word(at + 1).as_str(), "SCHEMA" | "DATABASE") => at += 3,
            _ => return at,
        }
    }
}

/// Whether a statement that EXPLAIN takes can begin with this token.
fn starts_statement(sql: &str, token: Option<&Token>, engine: Engine) -> bool {
    let Some(token) = token else { return false };
    if token.is_symbol(sql, "(") || token.kind == Kind::Executable {
        return true;
    }
    let both = ["SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "REPLACE", "VALUES", "TABLE", "MERGE"];
    let postgres = ["CREATE", "EXECUTE", "DECLARE", "REFRESH"];
    both.iter().any(|w| token.is_word(sql, w))
        || (engine == Engine::PostgreSql && postgres.iter().any(|w| token.is_word(sql, w)))
}
