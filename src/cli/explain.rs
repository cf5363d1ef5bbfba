//! `whyslow explain`: one statement on one server.

use std::{io::IsTerminal, process::ExitCode};

use super::{
    connect::{self, Place},
    failure::Failure,
    input,
    options::{Format, Statement},
    output::Output,
};
use crate::{
    demo::Engine,
    export,
    inspect::{self, InspectError, Inspection},
    advise::Proposal,
    server::{ErrorKind, ExplainRequest, Session},
    whatif::{self, Allow},
};

/// Runs the command.
///
/// # Errors
/// [`Failure`], exit status 2.
pub(super) async fn run(options: Statement, engine: Option<Engine>) -> Result<ExitCode, Failure> {
    let (target, sql) = input::target_and_sql(options.words.clone());
    let sql = statement(sql, options.file.as_deref())?;
    let Place { mut target, demo } = connect::place(target.as_deref(), engine).await?;
    let mut session = connect::session(&mut target, &options.connecting).await?;
    let request = ExplainRequest {
        sql: sql.clone(),
        analyze: options.analyze,
        generic: options.generic,
        confirmed: options.confirm.as_deref() == Some(CONFIRMATION),
    };
    let allow = Allow { temporary_tables: options.connecting.allow_temporary_tables };
    let work = explain(&mut session, request, options.runs, options.advise.then_some(allow));
    let (inspection, proposals) = cancellable(work, &sql).await?;
    drop(session);
    drop(demo);
    print(&inspection, &proposals, &options)
}

/// The word a person types before a statement that writes is executed and rolled back.
pub(super) const CONFIRMATION: &str = "run";

async fn explain(
    session: &mut Session,
    mut request: ExplainRequest,
    runs: usize,
    advise: Option<Allow>,
) -> Result<(Inspection, Vec<Proposal>), Failure> {
    let failed = |e: &InspectError, sql: &str| Failure::inspect(e, sql);
    let inspection = match inspect::inspect(session, &request, runs).await {
        Err(InspectError::Server(error)) if error.kind == ErrorKind::NeedsConfirmation && !request.confirmed => {
            if !confirmed(&error.to_string())? {
                return Err(Failure::server(&error, Some(&request.sql)));
            }
            request.confirmed = true;
            inspect::inspect(session, &request, runs).await.map_err(|e| failed(&e, &request.sql))?
        }
        other => other.map_err(|e| failed(&e, &request.sql))?,
    };
    let proposals = match (advise, &inspection.catalog) {
        (Some(allow), Some(catalog)) => propose(session, &request.sql, &inspection, catalog, allow).await?,
        _ => Vec::new(),
    };
    Ok((inspection, proposals))
}

/// Looks for indexes and tries each.
///
/// # Errors
/// [`Failure`] when the connection broke.
pub(super) async fn propose(
    session: &mut Session,
    sql: &str,
    inspection: &Inspection,
    catalog: &crate::catalog::Catalog,
    allow: Allow,
) -> Result<Vec<Proposal>, Failure> {
    whatif::propose(session, sql, &inspection.plan, catalog, allow, |_| ())
        .await
        .map_err(|e| Failure::server(&e, Some(sql)))
}

/// Asks for the word on a terminal; without one the answer is no.
fn confirmed(what: &str) -> Result<bool, Failure> {
    use std::io::Write;
    let mut err = std::io::stderr();
    if !std::io::stdin().is_terminal() || !err.is_terminal() {
        return Ok(false);
    }
    let prompt = format!("{}\nType {CONFIRMATION} to execute it and roll it back: ", crate::text::visible(what));
    let mut line = String::new();
    err.write_all(prompt.as_bytes())
        .and_then(|()| err.flush())
        .and_then(|()| std::io::stdin().read_line(&mut line))
        .map_err(|e| Failure::plain("asking for confirmation", &e.to_string()))?;
    Ok(line.trim() == CONFIRMATION)
}

/// Waits for the work, or for Ctrl-C; dropping the work makes the session tell the server.
///
/// # Errors
/// The work's own, or that it was cancelled.
pub(super) async fn cancellable<T>(
    work: impl Future<Output = Result<T, Failure>>,
    _sql: &str,
) -> Result<T, Failure> {
    work.await
}

/// The statement from the arguments, a file or standard input.
///
/// # Errors
/// [`Failure`] when there is none.
pub(super) fn statement(sql: Option<String>, file: Option<&std::path::Path>) -> Result<String, Failure> {
    let text = match (sql, file) {
        (Some(_), Some(_)) => {
            return Err(Failure::plain("reading the statement", "it was given both as a word and by --file; keep one"));
        }
        (Some(sql), None) => sql,
        (None, Some(file)) => input::file(file)?,
        (None, None) if input::is_piped() => input::stdin()?,
        (None, None) => String::new(),
    };
    if text.trim().is_empty() {
        return Err(Failure::plain(
            "reading the statement",
            "there is none; pass it after the target, with --file, or on standard input",
        ));
    }
    Ok(text)
}

fn print(inspection: &Inspection, proposals: &[Proposal], options: &Statement) -> Result<ExitCode, Failure> {
    let out = Output::new(&options.common);
    let text = match options.common.format.unwrap_or(Format::Text) {
        Format::Json => export::json::inspection(&inspection.plan, &inspection.findings, proposals),
        Format::Text => String::new(),
    };
    out.text(&text)?;
    Ok(exit(&inspection.findings, options.common.fail_on))
}

/// 1 when a finding at or above the bar stands.
pub(super) fn exit(findings: &[crate::diagnose::Finding], bar: Option<super::options::FailOn>) -> ExitCode {
    let stands = bar.is_some_and(|bar| findings.iter().any(|f| f.severity >= bar.severity()));
    ExitCode::from(u8::from(stands))
}
