//! `whyslow snapshot`: what a planner knows of some tables, in a file; and sessions on a twin made of such a file.

use std::{io::Write, path::Path, process::ExitCode};

use super::{
    connect::{self, Place},
    explain::cancellable,
    failure::Failure,
    input, options,
    options::Connecting,
};
use crate::{
    demo::Provider,
    fmt,
    inspect::InspectError,
    server::{Session, SessionOptions},
    sql, text,
    whatif::{
        Workshop,
        snapshot::{self, Anonymised, Snapshot},
    },
};

/// Runs the command.
///
/// # Errors
/// [`Failure`], exit status 2.
pub(super) async fn run(options: options::Snapshot, engine: Option<&'static Provider>) -> Result<ExitCode, Failure> {
    let attempted = "taking a snapshot";
    let Some(file) = options.common.output.clone() else {
        return Err(Failure::plain(attempted, "name the file to write with -o FILE"));
    };
    let Place { mut target, demo } = connect::place(options.target.as_deref(), engine).await?;
    let statements = statements(&options, target.engine)?;
    let mut session = connect::session(&mut target, &options.connecting).await?;
    let canceller = session.canceller();
    let Session::Postgres(connection) = &mut session else {
        return Err(Failure::plain(attempted, "only PostgreSQL's planner can be taken along; this is another server"));
    };
    let work = async {
        let ends = options.connecting.allow().reads.ends;
        snapshot::take(connection, &statements, &[], ends)
            .await
            .map_err(|e| Failure::server(&e, statements.first().map(String::as_str)))
    };
    let mut taken = cancellable(&canceller, work).await?;
    drop(session);
    drop(demo);
    let anonymised = options.anonymise.then(|| snapshot::anonymise(&mut taken));
    snapshot::save(&taken, &file)
        .map_err(|e| Failure::plain(&format!("writing {}", file.display()), &e.to_string()))?;
    let said = summary(&taken, &file, anonymised.as_ref());
    // The file was asked for; what is said of it is for people.
    let _ = writeln!(std::io::stderr(), "{}", text::visible(&said));
    Ok(ExitCode::SUCCESS)
}

fn statements(options: &options::Snapshot, engine: crate::plan::Engine) -> Result<Vec<String>, Failure> {
    let mut statements = options.query.clone();
    let more = match &options.file {
        Some(file) => Some(input::file(file)?),
        None if statements.is_empty() && input::is_piped() => Some(input::stdin()?),
        None => None,
    };
    if let Some(more) = more {
        statements.extend(sql::split(&more, engine).into_iter().map(|span| span.of(&more).to_owned()));
    }
    statements.retain(|s| !s.trim().is_empty());
    if statements.is_empty() {
        return Err(Failure::plain(
            "taking a snapshot",
            "there is no statement whose tables it should hold; pass one with --query, --file, or on standard input",
        ));
    }
    Ok(statements)
}

fn summary(taken: &Snapshot, file: &Path, anonymised: Option<&Anonymised>) -> String {
    let tables = taken.relations.iter().filter(|r| r.is_table()).count();
    let indexes = taken.relations.iter().filter(|r| r.is_index()).count();
    let mut lines = vec![format!(
        "{}: {tables} tables, {indexes} indexes, statistics of {} columns; the server's catalogs were read for {}",
        file.display(),
        taken.statistics.len(),
        fmt::duration_ms(taken.read_ms)
    )];
    match anonymised {
        None => lines.push(
            "It holds values of the tables (most common ones, histogram bounds): it is as private as they are. Only you may read \
             the file."
                .to_owned(),
        ),
        Some(done) => {
            let kept = if done.kept.is_empty() { "none".to_owned() } else { done.kept.join(", ") };
            lines.push(format!(
                "The values of {} columns were taken out. It still holds names and definitions, the statements with their \
                 literals, labels of enums, how often values come, and the values of columns that a statement names: {kept}.",
                done.hidden
            ));
        }
    }
    lines.extend(taken.missing.iter().map(|m| format!("Missing: {m}")));
    lines.join("\n")
}

/// SQLSTATEs of names that a server does not know: a table, a function, a type, a schema.
const UNKNOWN: [&str; 4] = ["42P01", "42883", "42704", "3F000"];

/// What a twin made of a snapshot answered: what it does not know may be on production, for a snapshot holds what its statements name.
pub(super) fn lacking(error: InspectError) -> InspectError {
    match error {
        InspectError::Server(error) if error.code.as_deref().is_some_and(|code| UNKNOWN.contains(&code)) => {
            let next = "a snapshot holds only what its statements name: check the name, or take one that names this statement, \
                        whyslow snapshot URL -q 'SELECT …'";
            InspectError::Server(error.next(next))
        }
        other => other,
    }
}

/// A session on a twin made of the snapshot in a file.
///
/// # Errors
/// [`Failure`] when the file cannot be read or no twin can be made here.
pub(super) async fn session(file: &Path, connecting: &Connecting) -> Result<Session, Failure> {
    let reading = || format!("reading {}", file.display());
    let snapshot = snapshot::load(file).map_err(|e| Failure::plain(&reading(), &e.to_string()))?;
    let failed = |e: &dyn std::fmt::Display| Failure::plain("making a twin of the snapshot", &e.to_string());
    let workshop = Workshop::open(snapshot).await.map_err(|e| failed(&e))?;
    for note in workshop.notes() {
        let _ = writeln!(std::io::stderr(), "whyslow: {}", text::visible(&note));
    }
    let target = workshop.target().ok_or_else(|| failed(&"there is none"))?;
    let prelude = connect::prelude(connecting.prelude.as_deref(), target.engine)?;
    let options: SessionOptions = connecting.session(prelude);
    let mut session = Session::connect(&target, &options).await.map_err(|e| Failure::server(&e, None))?;
    workshop.attach(&mut session);
    Ok(session)
}
