//! A workload from arguments, files, folders and standard input.

use std::path::{Path, PathBuf};

use super::{
    failure::Failure,
    input,
    statements::{self, From},
};
use crate::{advise::Weighted, plan::Engine, server::busiest::Spent, sql, workload};

/// Statements with their weights, equal ones together, and how many texts were no queries.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Read {
    /// Queries, in the order they came.
    pub(super) statements: Vec<Weighted>,
    /// Texts left out: settings, definitions, transactions.
    pub(super) skipped: usize,
}

/// A statement of a JSON file, such as our own answer holds under `statements`.
#[derive(serde::Deserialize)]
struct Listed {
    query: String,
    #[serde(default = "one")]
    weight: f64,
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Lists {
    Bare(Vec<Listed>),
    Document { statements: Vec<Listed> },
}

fn one() -> f64 {
    1.0
}

/// Reads all that was named; standard input when nothing was.
///
/// `from`: logs besides, of which so many of the dearest statements are taken, those of `database` where a log tells; the server's own
/// statistics are for the caller to ask.
///
/// A text may hold several statements. A comment `-- weight: 12` before one says how often it runs; equal statements add
/// up.
///
/// # Errors
/// [`Failure`] when a file cannot be read, or there is no statement in all of it.
pub(super) fn read(
    (queries, files): (&[String], &[PathBuf]),
    from: Option<&From<'_>>,
    database: Option<&str>,
    most: usize,
    engine: Engine,
) -> Result<Read, Failure> {
    let mut read = Read::default();
    if let Some(From::Logs(logs)) = from {
        let (whose, found) = statements::of_logs(logs, database)?;
        if (whose == Engine::PostgreSql) != (engine == Engine::PostgreSql) {
            let problem = format!("it is a log of {}, and the server is {}", whose.title(), engine.title());
            return Err(Failure::plain("reading the log", &problem));
        }
        spent(&mut read, &found.statements, most, engine);
    }
    for query in queries {
        take(&mut read, query, engine);
    }
    for file in files {
        if file.is_dir() {
            for inner in folder(file)? {
                take_file(&mut read, &inner, engine)?;
            }
        } else {
            take_file(&mut read, file, engine)?;
        }
    }
    if queries.is_empty() && files.is_empty() && from.is_none() && input::is_piped() {
        take(&mut read, &input::stdin()?, engine);
    }
    if read.statements.is_empty() && from != Some(&From::Statistics) {
        let problem = if read.skipped > 0 {
            "what was given holds no query, only statements that EXPLAIN does not take"
        } else {
            "there is none; pass it by --query, in a file or folder by --file, by --from statistics or --from logs FILE, or on \
             standard input"
        };
        return Err(Failure::plain("reading the statement", problem));
    }
    Ok(read)
}

/// Adds what a server or a log counted, as often as it ran; so many statements at most, those that read no table of the database left out.
pub(super) fn spent(read: &mut Read, statements: &[Spent], most: usize, engine: Engine) {
    let wanted = read.statements.len() + most;
    for statement in statements.iter().filter(|s| workload::is_query(&s.sql, engine)) {
        if read.statements.len() >= wanted {
            break;
        }
        add(read, statement.sql.trim().trim_end_matches(';'), statement.calls, engine);
    }
}

/// The SQL and JSON files of a folder and those below it, by name.
fn folder(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |e: std::io::Error| Failure::plain(&format!("reading {}", path.display()), &e.to_string());
    let mut files = Vec::new();
    let mut open = vec![path.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let inner = entry.path();
            // A link may lead back up.
            if entry.file_type().map_err(failed)?.is_dir() {
                open.push(inner);
            } else if inner.extension().is_some_and(|e| e.eq_ignore_ascii_case("sql") || e.eq_ignore_ascii_case("json"))
            {
                files.push(inner);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn take_file(read: &mut Read, file: &Path, engine: Engine) -> Result<(), Failure> {
    let text = input::file(file)?;
    if file.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
        let lists: Lists = serde_json::from_str(&text).map_err(|e| {
            let problem = format!("{e}; expected a list of {{\"query\", \"weight\"}}, or an answer of advise");
            Failure::plain(&format!("reading {}", file.display()), &problem)
        })?;
        let (Lists::Bare(list) | Lists::Document { statements: list }) = lists;
        for listed in list {
            add(read, &listed.query, listed.weight, engine);
        }
    } else {
        take(read, &text, engine);
    }
    Ok(())
}

fn take(read: &mut Read, text: &str, engine: Engine) {
    for span in sql::split(text, engine) {
        let statement = span.of(text);
        add(read, statement, weight(statement), engine);
    }
}

fn add(read: &mut Read, statement: &str, weight: f64, engine: Engine) {
    let class = sql::classify(statement, engine);
    if class.effects == sql::Effects::NotExplainable {
        read.skipped += 1;
        return;
    }
    match read.statements.iter_mut().find(|s| s.sql == statement) {
        Some(known) => known.weight += weight,
        None => read.statements.push(Weighted { sql: statement.to_owned(), weight }),
    }
}

/// What the comments before a statement say of its weight; 1 when they say nothing.
fn weight(statement: &str) -> f64 {
    let mut rest = statement.trim_start();
    loop {
        let (comment, after) = if let Some(line) = rest.strip_prefix("--") {
            line.split_once('\n').unwrap_or((line, ""))
        } else if let Some(block) = rest.strip_prefix("/*") {
            block.split_once("*/").unwrap_or((block, ""))
        } else {
            return 1.0;
        };
        let lower = comment.to_lowercase();
        if let Some((_, number)) = lower.split_once("weight") {
            let number = number.trim_start_matches([':', '=', ' ']);
            let number =
                number.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == 'e')).next().unwrap_or_default();
            if let Ok(weight) = number.parse::<f64>()
                && weight.is_finite()
                && weight >= 0.0
            {
                return weight;
            }
        }
        rest = after.trim_start();
    }
}

/// A size in bytes: `500MB`, `1.5 GiB`, `200000000`. `MB` and the like count by thousands.
///
/// # Errors
/// What was expected, for people.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit.trim().to_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err("expected a size such as 500MB, 2GB or 750MiB".to_owned()),
    };
    let bytes = number.parse::<f64>().map_err(|_| "expected a size such as 500MB, 2GB or 750MiB".to_owned())? * factor;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
    if bytes.is_finite() && bytes < 1e18 { Ok(bytes as u64) } else { Err("that is more than there is".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::{Read, read, size, spent, weight};
    use crate::{advise::Weighted, plan::Engine, server::busiest::Spent};

    #[test]
    fn so_many_statements_remain_as_were_asked_for() {
        let all = [
            "explain select * from t",
            "commit",
            "select * into u from t",
            "select * from t",
            "select * from v",
            "select * from w",
        ];
        let all = all.map(|sql| Spent { sql: sql.to_owned(), calls: 2.0, ..Spent::default() });
        let mut found = Read::default();
        spent(&mut found, &all, 2, Engine::MySql);
        let told: Vec<&str> = found.statements.iter().map(|s| s.sql.as_str()).collect();
        assert_eq!(told, ["select * from t", "select * from v"]);
    }

    #[test]
    fn a_comment_before_a_statement_weighs_it() {
        for (sql, expected) in [
            ("select 1", 1.0),
            ("-- weight: 12\nselect 1", 12.0),
            ("/* nightly report, weight=0.5 */ select 1", 0.5),
            ("-- first\n-- Weight 3\nselect 1", 3.0),
            ("select 1 -- weight: 5", 1.0),
            ("-- weight: many\nselect 1", 1.0),
        ] {
            assert!((weight(sql) - expected).abs() < f64::EPSILON, "{sql}");
        }
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in
            [("500MB", 500_000_000), ("1.5 GB", 1_500_000_000), ("1MiB", 1_048_576), ("42", 42), ("7k", 7_000)]
        {
            assert_eq!(size(text), Ok(bytes));
        }
        for text in ["", "MB", "-1", "5 apples", "1e9"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn equal_statements_add_up_and_what_is_no_query_is_left_out() {
        let text = ["-- weight: 2\nselect 1; select 1; set x = 1; begin".to_owned(), "select 1".to_owned()];
        let found = read((&text, &[]), None, None, 0, Engine::PostgreSql).unwrap();
        let weighted = |sql: &str, weight| Weighted { sql: sql.to_owned(), weight };
        assert_eq!(found.statements, [weighted("-- weight: 2\nselect 1", 2.0), weighted("select 1", 2.0)]);
        assert_eq!(found.skipped, 2);
    }
}
