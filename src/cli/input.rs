//! What comes in: statements and documents from arguments, files and standard input.

use std::{
    io::{self, IsTerminal, Read},
    path::Path,
};

use super::{decode, failure::Failure};
use crate::{plan::Plan, read};

/// Larger inputs are refused rather than read into memory without end.
const LIMIT: u64 = 1 << 30;

/// The text of a file, or of standard input for `-`.
///
/// # Errors
/// [`Failure`] when it cannot be read or is larger than 1 GiB, or no text.
pub(super) fn file(path: &Path) -> Result<String, Failure> {
    if path.as_os_str() == "-" {
        return stdin();
    }
    let attempted = || format!("reading {}", path.display());
    let failed = |e: &io::Error| {
        let next = match e.kind() {
            io::ErrorKind::NotFound => "check the path; - reads standard input",
            io::ErrorKind::PermissionDenied => "have the file made readable for you, or pipe it in with - as the path",
            io::ErrorKind::IsADirectory => "name a file in it",
            _ => "check the file, or pipe it in with - as the path",
        };
        Failure::plain(&attempted(), &e.to_string()).with(next)
    };
    let opened = std::fs::File::open(path).map_err(|e| failed(&e))?;
    all(opened).map_err(|e| failed(&e))
}

/// All of standard input.
///
/// # Errors
/// [`Failure`] when it cannot be read.
pub(super) fn stdin() -> Result<String, Failure> {
    all(io::stdin().lock()).map_err(|e| Failure::plain("reading standard input", &e.to_string()))
}

/// Whether something is piped in.
pub(super) fn is_piped() -> bool {
    !io::stdin().is_terminal()
}

fn all(from: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    from.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        return Err(io::Error::other("it is larger than 1 GiB"));
    }
    decode::text(bytes).map_err(io::Error::other)
}

/// Splits the words of `explain` into target and statement. A single word is a target when it looks like one, or when it is
/// the name of a saved connection.
pub(super) fn target_and_sql(words: Vec<String>, saved: impl Fn(&str) -> bool) -> (Option<String>, Option<String>) {
    let mut words = words.into_iter();
    match (words.next(), words.next()) {
        (Some(first), None) if !looks_like_target(&first) && !saved(&first) => (None, Some(first)),
        (first, second) => (first, second),
    }
}

/// What the screen is to begin with.
#[derive(Debug)]
pub(super) enum Given {
    /// A query, explained as soon as there is a connection.
    Query(String),
    /// Plans that a file held.
    Plans(Vec<Plan>),
}

/// Splits the words of the screen's command line into the target and what is to be looked at there. A word alone that is a file
/// or a statement, and no target, is the latter.
pub(super) fn target_and_query(
    target: Option<String>,
    query: Option<String>,
    saved: impl Fn(&str) -> bool,
) -> (Option<String>, Option<String>) {
    match (target, query) {
        (Some(word), None) if !looks_like_target(&word) && !saved(&word) && (is_file(&word) || is_statement(&word)) => {
            (None, Some(word))
        }
        other => other,
    }
}

/// A query or plans, from a file, from standard input (`-`), or from the word itself where that is a statement.
///
/// # Errors
/// [`Failure`] when it is neither, or cannot be read.
pub(super) fn query(word: &str) -> Result<Given, Failure> {
    let text = if word == "-" || is_file(word) {
        file(Path::new(word))?
    } else if is_statement(word) {
        return Ok(Given::Query(word.trim_start().to_owned()));
    } else {
        return Err(Failure::plain(&format!("opening {word}"), "there is no such file, and it is no statement either")
            .with("whyslow TARGET slow.sql, or whyslow TARGET 'select …'"));
    };
    match read::read(&text) {
        Ok(plans) if !plans.is_empty() => Ok(Given::Plans(plans)),
        _ => Ok(Given::Query(text.trim_end().to_owned())),
    }
}

fn is_file(word: &str) -> bool {
    Path::new(word).is_file()
}

/// Whether a word can be a statement: those have blanks, a file's name or a connection's seldom has.
fn is_statement(word: &str) -> bool {
    word.trim().contains(char::is_whitespace)
}

/// Whether a word is a target and not a statement: a URL, a libpq keyword string, or the demo.
fn looks_like_target(word: &str) -> bool {
    let scheme = word.split_once("://").is_some_and(|(scheme, _)| scheme.chars().all(|c| c.is_ascii_alphanumeric()));
    let keyword = word.split_once('=').is_some_and(|(key, _)| {
        matches!(
            key.trim(),
            "host" | "hostaddr" | "port" | "dbname" | "user" | "password" | "service" | "sslmode" | "passfile"
        )
    });
    scheme || keyword || word == "demo"
}

#[cfg(test)]
mod tests {
    use super::{Given, query, target_and_query, target_and_sql};

    #[test]
    fn a_file_or_a_statement_is_looked_at_and_anything_else_is_where_to_connect() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        for (words, target, query) in [
            ((Some("postgres://h/d"), Some(file)), Some("postgres://h/d"), Some(file)),
            ((Some("postgres://h/d"), None), Some("postgres://h/d"), None),
            ((Some(file), None), None, Some(file)),
            ((Some("select 1"), None), None, Some("select 1")),
            ((Some("host=h dbname=d"), None), Some("host=h dbname=d"), None),
            ((Some("shop"), None), Some("shop"), None),
            ((Some("no-such-file.sql"), None), Some("no-such-file.sql"), None),
            ((None, None), None, None),
        ] {
            let got = target_and_query(words.0.map(str::to_owned), words.1.map(str::to_owned), |word| word == "shop");
            assert_eq!((got.0.as_deref(), got.1.as_deref()), (target, query));
        }
        assert!(matches!(query(file), Ok(Given::Query(text)) if text.contains("[package]")));
        assert!(matches!(query("select 1"), Ok(Given::Query(text)) if text == "select 1"));
        assert!(query("no-such-file.sql").is_err());
    }

    #[test]
    fn a_single_word_is_a_target_only_when_it_looks_like_one() {
        for (words, target, sql) in [
            (vec!["select 1"], None, Some("select 1")),
            (vec!["select 'a://b'"], None, Some("select 'a://b'")),
            (vec!["postgres://h/d"], Some("postgres://h/d"), None),
            (vec!["host=h dbname=d"], Some("host=h dbname=d"), None),
            (vec!["shop"], Some("shop"), None),
            (vec!["demo"], Some("demo"), None),
            (vec!["demo", "select 1"], Some("demo"), Some("select 1")),
            (vec![], None, None),
        ] {
            let words = words.into_iter().map(str::to_owned).collect();
            let got = target_and_sql(words, |word| word == "shop");
            assert_eq!((got.0.as_deref(), got.1.as_deref()), (target, sql));
        }
    }
}
