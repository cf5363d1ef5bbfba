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
    options, print, snapshot,
    statements::{self, From},
    suppositions,
    telling::{clear, progress},
    workload,
};
use crate::{
    advise::{self, Limits, Weighted},
    demo::Provider,
    export::{Searched, WorkloadReport},
    inspect,
    plan::Engine,
    server::{ExplainRequest, ServerError, Session},
    sql,
    whatif::{self, Supposed},
    workload::values,
};

/// Runs the command.
///
/// # Errors
/// [`Failure`], exit status 2.
pub(super) async fn run(options: options::Advise, engine: Option<&'static Provider>) -> Result<ExitCode, Failure> {
    let (from, target) = statements::from(&options.from, options.target.as_deref())?;
    let texts = (options.query.as_slice(), options.file.as_slice());
    let (mut session, read, demo) = if let Some(file) = &options.snapshot {
        if from == Some(From::Statistics) {
            let problem = "a snapshot holds no statistics of statements";
            return Err(Failure::plain("finding the statements", problem).with("--from logs FILE, or --file"));
        }
        let read = workload::read(texts, from.as_ref(), None, options.top, Engine::PostgreSql)?;
        (snapshot::session(file, &options.connecting).await?, read, None)
    } else {
        let Place { mut target, demo } = connect::place(target, engine).await?;
        // What is wrong with files is said before a server is asked.
        let database = target.database.clone();
        let mut read = workload::read(texts, from.as_ref(), database.as_deref(), options.top, target.engine)?;
        let mut session = connect::session(&mut target, &options.connecting).await?;
        if from == Some(From::Statistics) {
            let found = session.busiest(statements::ALL).await.map_err(|e| Failure::server(&e, None))?;
            workload::spent(&mut read, &found.statements, options.top, session.info().engine);
            if read.statements.is_empty() {
                let problem = format!("{} has none of this database that EXPLAIN takes", found.source);
                return Err(Failure::plain("finding the statements", &problem));
            }
        }
        (session, read, demo)
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
    let mut read = read;
    with_values(&mut session, &mut read.statements, &options).await?;
    let code = if let [one] = read.statements.as_slice() {
        Box::pin(one_statement(&mut session, one, &options, &limits)).await?
    } else {
        Box::pin(many(&mut session, &read.statements, &options, &limits)).await?
    };
    drop(session);
    drop(demo);
    Ok(code)
}

/// MySQL and MariaDB plan no statement without values: each gets some that its columns have, where rows may be read.
async fn with_values(
    session: &mut Session,
    statements: &mut [Weighted],
    options: &options::Advise,
) -> Result<(), Failure> {
    let engine = session.info().engine;
    let without = |s: &&mut Weighted| !sql::parameters(&s.sql, engine).is_empty();
    let allow = options.connecting.allow();
    if engine == Engine::PostgreSql || !statements.iter_mut().any(|s| without(&s)) {
        return Ok(());
    }
    if !allow.temporary_tables && !allow.reads.rows {
        let problem = format!("some hold ? for values, and {} plans none without", engine.title());
        return Err(Failure::plain("planning the statements", &problem).with(
            "put values in their place, or let whyslow read some of the tables' rows for them: --twin-reads rows, or \
             --allow-temporary-tables",
        ));
    }
    let mut known = values::Known::default();
    let mut count = 0;
    for statement in statements.iter_mut().filter(without) {
        let failed = |e: ServerError| Failure::server(&e, Some(&statement.sql));
        let Some(catalog) = inspect::catalog_of(session, &statement.sql, engine).await.map_err(failed)? else {
            continue;
        };
        let filled = values::filled(session, &statement.sql, &catalog, &mut known).await;
        statement.sql = filled.map_err(|e| Failure::server(&e, Some(&statement.sql)))?;
        count += 1;
    }
    say(&format!(
        "{count} statements held ? for values: they were planned with some that their columns have ({} columns, up to 1,000 rows of each \
         looked at)\n",
        known.columns()
    ));
    Ok(())
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
        let of_file = options.snapshot.is_some();
        let failed = |e| Failure::inspect(&if of_file { snapshot::lacking(e) } else { e }, &one.sql);
        let inspection = inspect::inspect(session, &request, 1).await.map_err(failed)?;
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
    let (inspection, advice, supposed, seconds) = Box::pin(interruptible(work, &stop, &canceller)).await?;
    clear();
    let searched = Searched { candidates: advice.candidates, explains: advice.explains, seconds };
    let advice = Advice {
        proposals: advice.proposals,
        searched: Some(searched),
        unproposed: advice.unproposed,
        supposed,
        failed: None,
    };
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
