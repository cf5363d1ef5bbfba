//! `whyslow explain`: one statement on one server.

use std::{io::IsTerminal, process::ExitCode};

use super::{
    connect::{self, Place},
    failure::Failure,
    input, invisible,
    options::Statement,
    print, settings, snapshot, suppositions,
    telling::{clear, progress},
    verify,
};
use crate::{
    advise::{Limits, Proposal, Weighted},
    catalog::Catalog,
    demo::Provider,
    export::{Report, Searched},
    inspect::{self, InspectError, Inspection},
    server::{Canceller, ErrorKind, ExplainRequest, ServerError, Session},
    whatif::{self, Allow, Supposed},
};

/// Runs the command.
///
/// # Errors
/// [`Failure`], exit status 2.
pub(super) async fn run(options: Statement, engine: Option<&'static Provider>) -> Result<ExitCode, Failure> {
    let (target, sql) = input::target_and_sql(options.words.clone(), |word| settings::config().target(word).is_some());
    let sql = statement(sql, options.file.as_deref())?;
    // A copy that cannot serve is told of before anything is searched, and before a word is asked for.
    let copy = verify::open(&options).await?;
    let (mut session, demo) = match &options.snapshot {
        Some(_) if target.is_some() => {
            return Err(Failure::plain("choosing where to ask", "both a target and --snapshot were given; keep one"));
        }
        Some(file) => (snapshot::session(file, &options.connecting).await?, None),
        None => {
            let Place { mut target, demo } = connect::place(target.as_deref(), engine).await?;
            (connect::session(&mut target, &options.connecting).await?, demo)
        }
    };
    let own = options.snapshot.is_none().then_some(&mut session);
    let copy = match copy {
        Some(copy) => Some(copy.checked(own, &options).await?),
        None => None,
    };
    invisible::checked(&session, &options)?;
    let request = ExplainRequest {
        sql: sql.clone(),
        analyze: options.analyze,
        generic: options.generic,
        confirmed: options.confirm.iter().any(|word| word == CONFIRMATION),
    };
    let allow = options.connecting.allow();
    let canceller = session.canceller();
    let work = explain(&mut session, request, &options, allow);
    let done = cancellable(&canceller, work).await;
    clear();
    let (inspection, mut advice) = done?;
    let built = invisible::run(&mut session, &sql, &mut advice.proposals, inspection.catalog.as_ref(), &options).await;
    let verified = match copy {
        Some(copy) => verify::run(copy, &sql, &advice.proposals, &options).await,
        None => Ok(Vec::new()),
    };
    drop(session);
    drop(demo);
    // What was found is not lost by a copy that cannot serve.
    let done = verified.as_deref().unwrap_or_default();
    let status =
        print::reports(&[Report { verified: done, ..advice.report(&inspection) }], &options.common, options.verbose)?;
    // Nor is the plan by indexes that could not be tried to the end.
    if let Some(failure) = advice.failed {
        return Err(failure);
    }
    built?;
    verified.map(|_| status)
}

/// The word a person types before a statement that writes is executed and rolled back.
pub(super) const CONFIRMATION: &str = "run";

async fn explain(
    session: &mut Session,
    mut request: ExplainRequest,
    options: &Statement,
    allow: Allow,
) -> Result<(Inspection, Advice), Failure> {
    let runs = options.runs;
    let of_file = options.snapshot.is_some();
    let failed = |e: InspectError, sql: &str| Failure::inspect(&if of_file { snapshot::lacking(e) } else { e }, sql);
    let inspection = match inspect::inspect(session, &request, runs).await {
        Err(InspectError::Server(error)) if error.kind == ErrorKind::NeedsConfirmation && !request.confirmed => {
            if !confirmed(&error.to_string())? {
                return Err(Failure::server(&with_the_option(error), Some(&request.sql)));
            }
            request.confirmed = true;
            inspect::inspect(session, &request, runs).await.map_err(|e| failed(e, &request.sql))?
        }
        other => other.map_err(|e| failed(e, &request.sql))?,
    };
    let catalog = inspection.catalog.as_ref();
    let supposed =
        suppositions::answers(session, &[&request.sql], (&options.drops, &options.what_if), catalog, allow).await?;
    let advice =
        if options.advise { propose(session, &request.sql, &inspection, allow).await } else { Ok(Advice::default()) };
    let advice = advice.unwrap_or_else(|failure| Advice { failed: Some(failure), ..Advice::default() });
    let advice = Advice { supposed, ..advice };
    Ok((inspection, advice))
}

/// Proposals and how much was searched for them.
#[derive(Debug, Default)]
pub(super) struct Advice {
    pub(super) proposals: Vec<Proposal>,
    pub(super) searched: Option<Searched>,
    pub(super) unproposed: Vec<String>,
    pub(super) supposed: Vec<Supposed>,
    /// Why the search came to no end.
    pub(super) failed: Option<Failure>,
}

impl Advice {
    /// All there is to say of the statement.
    pub(super) fn report<'a>(&'a self, inspection: &'a Inspection) -> Report<'a> {
        Report {
            proposals: &self.proposals,
            searched: self.searched,
            unproposed: &self.unproposed,
            supposed: &self.supposed,
            ..Report::new(&inspection.plan, &inspection.findings)
        }
    }
}

/// Looks for indexes and tries each.
///
/// # Errors
/// [`Failure`] when the connection broke, or without a catalog.
async fn propose(session: &mut Session, sql: &str, inspection: &Inspection, allow: Allow) -> Result<Advice, Failure> {
    let catalog = found(inspection.catalog.as_ref())?;
    let started = std::time::Instant::now();
    let workload = [Weighted { sql: sql.to_owned(), weight: 1.0 }];
    let plans = [Some(&inspection.plan)];
    let advice = whatif::advise(session, &workload, &plans, catalog, allow, &Limits::default(), progress())
        .await
        .map_err(|e| Failure::server(&e, Some(sql)))?;
    let searched =
        Searched { candidates: advice.candidates, explains: advice.explains, seconds: started.elapsed().as_secs_f64() };
    Ok(Advice {
        proposals: advice.proposals,
        searched: Some(searched),
        unproposed: advice.unproposed,
        ..Advice::default()
    })
}

/// The catalog, or why nothing can be proposed without one.
///
/// # Errors
/// [`Failure`].
pub(super) fn found(catalog: Option<&Catalog>) -> Result<&Catalog, Failure> {
    catalog.ok_or_else(|| {
        Failure::plain(
            "looking for indexes",
            "the catalog of the tables could not be read, so nothing can be proposed; grant SELECT on them",
        )
    })
}

/// Says how a person confirms where nobody can be asked.
fn with_the_option(error: ServerError) -> ServerError {
    let next = error.next.clone().unwrap_or_default();
    error.next(format!("{next}; --confirm {CONFIRMATION} confirms"))
}

/// Asks for the word on a terminal; without one the answer is no.
fn confirmed(what: &str) -> Result<bool, Failure> {
    typed(&format!("{what}\nType {CONFIRMATION} to execute it and roll it back: "), CONFIRMATION)
}

/// Whether the word is typed when it is asked for; without a terminal it is not.
///
/// # Errors
/// [`Failure`] when the terminal cannot be asked.
pub(super) fn typed(prompt: &str, word: &str) -> Result<bool, Failure> {
    use std::io::Write;
    let mut err = std::io::stderr();
    if !std::io::stdin().is_terminal() || !err.is_terminal() {
        return Ok(false);
    }
    let mut line = String::new();
    err.write_all(crate::text::visible(prompt).as_bytes())
        .and_then(|()| err.flush())
        .and_then(|()| std::io::stdin().read_line(&mut line))
        .map_err(|e| Failure::plain("asking for confirmation", &e.to_string()))?;
    Ok(line.trim() == word)
}

/// Waits for the work, or for Ctrl-C: then the work is dropped and the server is told to stop.
///
/// # Errors
/// The work's own, or that it was cancelled.
pub(super) async fn cancellable<T>(
    canceller: &Canceller,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        done = work => done,
        _ = tokio::signal::ctrl_c() => Err(cancelled(canceller).await),
    }
}

/// Tells the server to stop.
pub(super) async fn cancelled(canceller: &Canceller) -> Failure {
    match canceller.cancel().await {
        Ok(()) => Failure::plain("running the statement", "cancelled, and the server was told to stop"),
        Err(error) => Failure::plain("cancelling, which the server may not have heard", &error.to_string()),
    }
}

/// The statement from the arguments, a file or standard input.
///
/// # Errors
/// [`Failure`] when there is none.
fn statement(sql: Option<String>, file: Option<&std::path::Path>) -> Result<String, Failure> {
    let text = match (sql, file) {
        (Some(_), Some(_)) => {
            return Err(Failure::plain("reading the statement", "it was given both as a word and by --file; keep one"));
        }
        // The space kept the comment it begins with from being taken for an option.
        (Some(sql), None) => match sql.strip_prefix(' ') {
            Some(rest) if rest.starts_with("--") => rest.to_owned(),
            _ => sql,
        },
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
