//! `whyslow advise`: a workload in, a tested set of indexes out.

use std::{
    io::Write,
    process::ExitCode,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use super::{
    connect::{self, Place},
    explain::{Advice, cancelled, found},
    failure::Failure,
    options, print, snapshot, suppositions,
    telling::{clear, progress},
    workload,
};
use crate::{
    advise::{self, Limits, Weighted},
    demo::Provider,
    export::{Searched, WorkloadReport},
    inspect,
    plan::Engine,
    server::{ExplainRequest, Session},
    whatif::{self, Supposed},
};

/// Runs the command.
///
/// # Errors
/// [`Failure`], exit status 2.
pub(super) async fn run(options: options::Advise, engine: Option<&'static Provider>) -> Result<ExitCode, Failure> {
    let (mut session, read, demo) = if let Some(file) = &options.snapshot {
        let read = workload::read(&options.query, &options.file, Engine::PostgreSql)?;
        (snapshot::session(file, &options.connecting).await?, read, None)
    } else {
        let Place { mut target, demo } = connect::place(options.target.as_deref(), engine).await?;
        let read = workload::read(&options.query, &options.file, target.engine)?;
        (connect::session(&mut target, &options.connecting).await?, read, demo)
    };
    let limits = Limits {
        bytes: options.budget,
        indexes: options.max_indexes,
        until: options.time.map(|seconds| Instant::now() + Duration::from_secs_f64(seconds.min(1e9))),
        objective: options.objective.into(),
        ..Limits::default()
    };
    if read.skipped > 0 {
        say(&format!("left out: {} that EXPLAIN does not take\n", read.skipped));
    }
    let code = if let [one] = read.statements.as_slice() {
        one_statement(&mut session, one, &options, &limits).await?
    } else {
        many(&mut session, &read.statements, &options, &limits).await?
    };
    drop(session);
    drop(demo);
    Ok(code)
}

/// A single statement: its plan and findings too.
async fn one_statement(
    session: &mut Session,
    one: &Weighted,
    options: &options::Advise,
    limits: &Limits,
) -> Result<ExitCode, Failure> {
    let stop = limits.clone();
    let canceller = session.canceller();
    let work = async {
        let request = ExplainRequest { sql: one.sql.clone(), ..ExplainRequest::default() };
        let inspection = inspect::inspect(session, &request, 1).await.map_err(|e| Failure::inspect(&e, &one.sql))?;
        let catalog = found(inspection.catalog.as_ref())?;
        let allow = options.connecting.allow();
        let supposed =
            suppositions::answers(session, &[&one.sql], (&options.drops, &options.what_if), Some(catalog), allow)
                .await?;
        let started = Instant::now();
        let advice = whatif::advise(
            session,
            std::slice::from_ref(one),
            &[Some(&inspection.plan)],
            catalog,
            allow,
            limits,
            progress(),
        )
        .await
        .map_err(|e| Failure::server(&e, Some(&one.sql)))?;
        Ok((inspection, advice, supposed, started.elapsed().as_secs_f64()))
    };
    let (inspection, advice, supposed, seconds) = interruptible(work, &stop, &canceller).await?;
    clear();
    let searched = Searched { candidates: advice.candidates, explains: advice.explains, seconds };
    let advice =
        Advice { proposals: advice.proposals, searched: Some(searched), unproposed: advice.unproposed, supposed };
    print::reports(&[advice.report(&inspection)], &options.common, options.verbose)
}

/// Several statements together.
async fn many(
    session: &mut Session,
    statements: &[Weighted],
    options: &options::Advise,
    limits: &Limits,
) -> Result<ExitCode, Failure> {
    let engine = session.info().engine;
    let version = session.info().version.clone();
    let stop = limits.clone();
    let canceller = session.canceller();
    let started = Instant::now();
    let work = async {
        let all: Vec<&str> = statements.iter().map(|s| s.sql.as_str()).collect();
        let catalog =
            inspect::catalog_of(session, &all.join(";\n"), engine).await.map_err(|e| Failure::server(&e, None))?;
        let catalog = found(catalog.as_ref())?;
        let plans = vec![None; statements.len()];
        let allow = options.connecting.allow();
        let supposed =
            suppositions::answers(session, &all, (&options.drops, &options.what_if), Some(catalog), allow).await?;
        let advice = whatif::advise(session, statements, &plans, catalog, allow, limits, progress())
            .await
            .map_err(|e| Failure::server(&e, None))?;
        Ok((advice, supposed))
    };
    let (advice, supposed): (advise::Advice, Vec<Supposed>) = interruptible(work, &stop, &canceller).await?;
    clear();
    if let Some((all, problem)) = advice
        .statements
        .first()
        .and_then(|s| s.problem.clone())
        .map(|problem| (advice.statements.iter().all(|s| s.problem.is_some()), problem))
        && all
    {
        return Err(Failure::plain(
            "planning the workload",
            &format!("no statement could be planned; the first: {problem}"),
        ));
    }
    let report = WorkloadReport {
        engine,
        version: Some(&version),
        advice: &advice,
        searched: Searched {
            candidates: advice.candidates,
            explains: advice.explains,
            seconds: started.elapsed().as_secs_f64(),
        },
        supposed: &supposed,
    };
    print::workload(&report, &options.common, options.verbose)
}

/// Waits for the work. The first Ctrl-C asks for the best so far, the second gives up.
async fn interruptible<T>(
    work: impl Future<Output = Result<T, Failure>>,
    limits: &Limits,
    canceller: &crate::server::Canceller,
) -> Result<T, Failure> {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        done = &mut work => return done,
        _ = tokio::signal::ctrl_c() => {
            limits.stop.store(true, Ordering::Relaxed);
            say("\nending with the best so far; Ctrl-C again gives up\n");
        }
    }
    tokio::select! {
        done = &mut work => done,
        _ = tokio::signal::ctrl_c() => Err(cancelled(canceller).await),
    }
}

fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
