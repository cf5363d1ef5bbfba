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
    server::busiest::{Busiest, Spent},
    workload::{self, Reads, logs},
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
                            "{word} stands behind statistics, where nothing may stand but the target"
                        ));
                    }
                    target = Some(word);
                }
            }
            "logs" | "log" => {
                let Some(file) = words.next() else { return wrong("the log's file is not named") };
                match &mut found {
                    Some(From::Logs(files)) => files.push(Path::new(file)),
                    _ => found = Some(From::Logs(vec![Path::new(file)])),
                }
            }
            other => return wrong(&format!("{other} is neither statistics nor logs")),
        }
    }
    Ok((found, target))
}

/// The statements of logs, and whose they are; `database`: only what ran there, where a log tells.
///
/// # Errors
/// [`Failure`] when a file cannot be read or holds none.
pub(super) fn of_logs(files: &[&Path], database: Option<&str>) -> Result<(Engine, Busiest), Failure> {
    let mut runs = Vec::new();
    let mut engine = None;
    for file in files {
        let text = input::file(file)?;
        let Some((whose, found)) = logs::statements(&text, database) else {
            let here = database.map_or_else(String::new, |name| format!(" that ran in {name}"));
            let problem = format!("no statement{here} with its duration is in it; expected {}", logs::EXPECTED);
            return Err(Failure::plain(&format!("reading {}", file.display()), &problem));
        };
        engine.get_or_insert(whose);
        runs.extend(found);
    }
    let engine = engine.unwrap_or(Engine::PostgreSql);
    let statements = workload::together(runs, engine);
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
    found.statements.retain(|s| workload::reads(&s.sql, engine) != Reads::Catalogs);
    let of_tools = all - found.statements.len();
    if of_tools > 0 {
        found.notes.push(format!("{of_tools} statements on the server's own catalogs are left out"));
    }
    let total_ms = found.statements.iter().map(|s| s.total_ms).sum();
    let by: fn(&Spent) -> f64 = match options.by {
        Order::Total => |s| s.total_ms,
        Order::Mean => mean_ms,
        Order::Calls => |s| s.calls,
        Order::Rows => |s| s.examined.or(s.rows).unwrap_or(0.0),
        Order::Read => |s| s.read_bytes.unwrap_or(0.0),
    };
    found.statements.sort_by(|a, b| by(b).total_cmp(&by(a)));
    found.statements.truncate(options.most);
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
        assert_eq!(from(&[], Some("t")).unwrap(), (None, Some("t")));
    }
}
