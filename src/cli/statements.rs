//! `whyslow statements`: what costs the server most, by its own statistics or by a log.

use std::{path::Path, process::ExitCode};

use super::{
    connect::{self, Place},
    failure::Failure,
    input,
    options::{self, Connecting, Format, Order},
    output::Output,
};
use crate::{
    demo::Provider,
    export::busiest::{self, BusiestReport, mean_ms},
    plan::Engine,
    server::{
        Environment, Target,
        busiest::{Busiest, Spent},
    },
    sql,
    workload::{self, Sums, logs},
};

/// More statements than anybody asks for.
pub(super) const ALL: usize = 10_000;

/// Where statements are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum From<'a> {
    /// In the server.
    Statistics,
    /// In logs.
    Logs(Vec<&'a Path>),
}

/// What `--from` says, and the word behind `statistics`, which must be the target.
///
/// # Errors
/// [`Failure`] for other words, and for logs without a file.
pub(super) fn from<'a>(
    words: &'a [String],
    target: Option<&'a str>,
) -> Result<(Option<From<'a>>, Option<&'a str>), Failure> {
    let wrong = |problem: &str| {
        Err(Failure::plain("finding the statements", problem).with("--from statistics, or --from logs FILE"))
    };
    let mut target = target;
    let mut found = None;
    let mut words = words.iter().map(String::as_str).peekable();
    while let Some(word) = words.next() {
        match word {
            "statistics" => {
                found.get_or_insert(From::Statistics);
                if let Some(word) = words.next_if(|word| !matches!(*word, "statistics" | "logs" | "log")) {
                    if target.is_some() {
                        return wrong(&format!(
                            "{} stands behind statistics, where nothing may stand but the target, which is given already",
                            shown(word)
                        ));
                    }
                    target = Some(word);
                }
            }
            "logs" | "log" => {
                let Some(file) = words.next() else { return wrong("the log's file is not named") };
                if is_address(file) {
                    return wrong(&format!("{} is a server's address, where a log's file was expected", shown(file)));
                }
                match &mut found {
                    Some(From::Logs(files)) => files.push(Path::new(file)),
                    _ => found = Some(From::Logs(vec![Path::new(file)])),
                }
            }
            other if is_address(other) => {
                return wrong(&format!(
                    "{} is a server's address, where statistics or logs was expected",
                    shown(other)
                ));
            }
            other => return wrong(&format!("{other} is neither statistics nor logs")),
        }
    }
    Ok((found, target))
}

/// Whether a word leads to a server.
fn is_address(word: &str) -> bool {
    word.contains("://")
        || word.contains("password=")
        || (word.contains('=') && Target::resolve(Some(word), &Environment::default()).is_ok())
}

/// A word for the screen: an address without its password.
fn shown(word: &str) -> String {
    if !is_address(word) {
        return word.to_owned();
    }
    match Target::resolve(Some(word), &Environment::default()) {
        Ok(target) => target.address(),
        Err(_) => word.split_once("://").map_or_else(|| "***".to_owned(), |(scheme, _)| format!("{scheme}://***")),
    }
}

/// The statements of logs, and whose they are; `database`: only what ran there, where a log tells.
///
/// # Errors
/// [`Failure`] when a file cannot be read or holds none.
pub(super) fn of_logs(files: &[&Path], database: Option<&str>) -> Result<(Engine, Busiest), Failure> {
    let mut sums = Sums::default();
    let mut engine = None;
    for file in files {
        let text = input::file(file)?;
        let Some(whose) = logs::add(&text, database, &mut sums) else {
            let here = database.map_or_else(String::new, |name| format!(" that ran in {name}"));
            let problem = format!("no statement{here} with its duration is in it; expected {}", logs::EXPECTED);
            return Err(Failure::plain(&format!("reading {}", file.display()), &problem));
        };
        let first = *engine.get_or_insert(whose);
        if first != whose {
            let problem = format!("it is a log of {}, the one before of {}", whose.title(), first.title());
            return Err(Failure::plain(&format!("reading {}", file.display()), &problem)
                .with("give the logs of one server at a time"));
        }
    }
    let engine = engine.unwrap_or(Engine::PostgreSql);
    let statements = sums.into_statements();
    Ok((engine, Busiest { source: "log", statements, ..Busiest::default() }))
}

/// Runs the command.
///
/// # Errors
/// [`Failure`], exit status 2.
pub(super) async fn run(options: options::Statements, engine: Option<&'static Provider>) -> Result<ExitCode, Failure> {
    let (from, target) = from(&options.from, options.target.as_deref())?;
    let (engine, version, mut found) = if let Some(From::Logs(files)) = &from {
        let (engine, found) = of_logs(files, None)?;
        (engine, None, found)
    } else {
        let (engine, version, found) = of_server(target, &options.connecting, engine).await?;
        (engine, Some(version), found)
    };
    let all = found.statements.len();
    found.statements.retain(|s| !workload::is_of_tools(&s.sql, engine));
    let of_tools = all - found.statements.len();
    if of_tools > 0 {
        found
            .notes
            .push(format!("{of_tools} statements that ask for plans or of the server's own catalogs, or are whyslow's own, are left out"));
    }
    let total_ms = found.statements.iter().map(|s| s.total_ms).sum::<f64>() + found.hidden_ms;
    let by: fn(&Spent) -> f64 = match options.by {
        Order::Total => |s| s.total_ms,
        Order::Mean => mean_ms,
        Order::Calls => |s| s.calls,
        Order::Rows => |s| s.examined.or(s.rows).unwrap_or(0.0),
        Order::Read => |s| s.read_bytes.unwrap_or(0.0),
    };
    found.statements.sort_by(|a, b| by(b).total_cmp(&by(a)));
    found.statements.truncate(options.most);
    for statement in &mut found.statements {
        statement.sql = sql::without_secrets(&statement.sql, engine).into_owned();
    }
    let report = BusiestReport { engine, version: version.as_deref(), busiest: &found, total_ms };
    let text = match options.common.format.unwrap_or(Format::Text) {
        Format::Json => {
            busiest::json(&report).map_err(|e| Failure::plain("writing the answer as JSON", &e.to_string()))?
        }
        Format::Markdown => busiest::text(&report, true),
        Format::Text => busiest::text(&report, false),
        Format::Html => {
            return Err(
                Failure::plain("writing the statements", "there is no HTML of them").with("--format markdown, or json")
            );
        }
    };
    Output::new(&options.common).text(&text)
}

async fn of_server(
    target: Option<&str>,
    connecting: &Connecting,
    engine: Option<&'static Provider>,
) -> Result<(Engine, String, Busiest), Failure> {
    let Place { mut target, demo } = connect::place(target, engine).await?;
    let mut session = connect::session(&mut target, connecting).await?;
    let found = session.busiest(ALL).await.map_err(|e| Failure::server(&e, None))?;
    let (engine, version) = (session.info().engine, session.info().version.clone());
    drop(session);
    drop(demo);
    Ok((engine, version, found))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{From, from};

    #[test]
    fn the_word_behind_statistics_is_the_target() {
        let words = |list: &[&str]| -> Vec<String> { list.iter().map(|w| (*w).to_owned()).collect() };
        let list = words(&["statistics", "postgres://a/b"]);
        assert_eq!(from(&list, None).unwrap(), (Some(From::Statistics), Some("postgres://a/b")));
        assert!(from(&list, Some("mysql://x")).is_err());
        let list = words(&["logs", "a.log", "logs", "b.log"]);
        let files = vec![Path::new("a.log"), Path::new("b.log")];
        assert_eq!(from(&list, Some("t")).unwrap(), (Some(From::Logs(files)), Some("t")));
        for wrong in [&["logs"][..], &["x"], &["nothing", "a"]] {
            assert!(from(&words(wrong), None).is_err(), "{wrong:?}");
        }
        for wrong in [
            &["logs", "postgres://u:secretpw@h/d"][..],
            &["mysql://u:secretpw@h/d"],
            &["logs", "host=h password=secretpw"],
            &["logs", "host=h password=secretpw nothing=1"],
            &["logs", "postgres://u:secretpw@h/d@x:y"],
            &["statistics", "postgres://u:secretpw@h/d"],
        ] {
            let said = format!("{:?}", from(&words(wrong), Some("t")).unwrap_err());
            assert!(!said.contains("secretpw"), "{said}");
            assert_eq!(said.contains("address"), wrong[0] != "statistics", "{said}");
        }
        assert_eq!(from(&[], Some("t")).unwrap(), (None, Some("t")));
    }
}
