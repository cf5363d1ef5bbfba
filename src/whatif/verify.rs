//! What an index does to a statement's *time*: really built on a copy that the person names, the statement run before and after, and
//! the index taken away again. An estimate is not a time: what the planner calls cheaper may take longer, and shows as such here.
//!
//! On PostgreSQL all of it happens in one transaction that is rolled back: nothing stays, whatever happens. MySQL and MariaDB commit
//! every `CREATE INDEX`, so that the index is dropped again there, also after an error; a killed whyslow leaves it.

mod mysql;
mod postgres;

use std::time::Duration;

use crate::{
    advise::{Candidate, uses},
    plan::{NodeId, Plan},
    read,
    server::{ErrorKind, ExplainRequest, ServerError, Session},
    sql::{Effects, classify},
};

/// How often the statement runs without the index, and how often with it: once to warm up, and a median of the others.
pub const RUNS: usize = 4;

/// The index's name while it exists.
const NAME: &str = "whyslow_verify";

/// The statement's runs.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Runs {
    /// Of the first, which may have had to read from disk, milliseconds.
    pub first_ms: f64,
    /// Median of the others, milliseconds.
    pub median_ms: f64,
    /// How many there were.
    pub runs: usize,
    /// Blocks that the median run asked for, found in the cache or not (PostgreSQL).
    pub blocks: Option<u64>,
}

/// What the index did.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Verified {
    /// Without it.
    pub before: Runs,
    /// With it.
    pub after: Runs,
    /// Whether the plan read it.
    pub used: bool,
    /// Its size, bytes.
    pub size_bytes: Option<u64>,
    /// How long building it took, milliseconds.
    pub build_ms: f64,
}

/// What came of one proposal.
#[derive(Debug, Clone, PartialEq)]
pub struct Verification {
    /// The proposal, by its place among those of the report.
    pub proposal: usize,
    /// What the index did, or why that could not be told.
    pub outcome: Result<Verified, String>,
}

/// Why a copy cannot serve, if it is the server itself: one that cannot be told apart by what it says of itself.
///
/// # Errors
/// [`ServerError`] of kind [`ErrorKind::Refused`] when both are the same database, else what a server answered.
pub async fn is_elsewhere(session: &mut Session, copy: &mut Session) -> Result<(), ServerError> {
    if session.info().engine != copy.info().engine {
        return Err(refused(format!(
            "the copy is {}, the server {}",
            copy.info().engine.title(),
            session.info().engine.title()
        )));
    }
    if identity(session).await? == identity(copy).await? {
        return Err(refused("the copy is the very database that was asked".to_owned())
            .next("name another database: a copy, a clone of a replica, a scratch database"));
    }
    Ok(())
}

async fn identity(session: &mut Session) -> Result<Vec<String>, ServerError> {
    match session {
        Session::Postgres(connection) => postgres::identity(connection).await,
        Session::Mysql(connection) => mysql::identity(connection).await,
    }
}

/// Builds each candidate on the copy, one after the other, and runs the statement without and with it. `doing` is told what is done.
///
/// # Errors
/// [`ServerError`] when the statement does more than read, or cannot be run as it stands; what one candidate met is in its place of the
/// answer.
pub async fn verify(
    copy: &mut Session,
    sql: &str,
    candidates: &[&Candidate],
    mut doing: impl FnMut(&str),
) -> Result<Vec<Result<Verified, ServerError>>, ServerError> {
    let class = classify(sql, copy.info().engine);
    if class.effects != Effects::Reads {
        return Err(refused(format!("{} does more than read, and it would run {} times", class.verb, RUNS * 2))
            .next("verify a statement that only reads"));
    }
    doing("running the statement as it is");
    let before = as_it_is(copy, sql).await?;
    let mut out = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        doing(&format!("building an index on {} and running the statement", candidate.table));
        let with = match copy {
            Session::Postgres(connection) => postgres::with_index(connection, sql, candidate).await,
            Session::Mysql(connection) => mysql::with_index(connection, sql, candidate).await,
        };
        if let Err(error) = &with
            && matches!(error.kind, ErrorKind::Disconnected | ErrorKind::Cancelled)
        {
            return with.map(|_| Vec::new());
        }
        out.push(with.map(|with| Verified {
            before,
            after: with.runs,
            used: with.used,
            size_bytes: with.size_bytes,
            build_ms: with.build.as_secs_f64() * 1e3,
        }));
    }
    Ok(out)
}

/// Takes away what an interrupted verification left (MySQL, MariaDB; PostgreSQL rolls back by itself).
///
/// # Errors
/// [`ServerError`] when it could not be: it says what still stands.
pub async fn tidy(copy: &mut Session) -> Result<(), ServerError> {
    match copy {
        Session::Postgres(_) => Ok(()),
        Session::Mysql(connection) => connection.tidy().await,
    }
}

/// The statement with one index.
struct With {
    runs: Runs,
    used: bool,
    size_bytes: Option<u64>,
    build: Duration,
}

async fn as_it_is(copy: &mut Session, sql: &str) -> Result<Runs, ServerError> {
    let request = ExplainRequest { sql: sql.to_owned(), analyze: true, ..ExplainRequest::default() };
    let one = async || copy.explain(&request).await.map(|answer| (answer.document, answer.elapsed));
    Ok(repeated(one).await?.0)
}

/// Runs the statement again and again: the runs in short, and whether the last of them read the index. `one` gives a run's plan, and how
/// long its request took.
async fn repeated(
    mut one: impl AsyncFnMut() -> Result<(String, Duration), ServerError>,
) -> Result<(Runs, bool), ServerError> {
    let mut seen = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let (document, elapsed) = one().await?;
        seen.push(run(&document, elapsed)?);
    }
    Ok(summed(&seen))
}

/// One run: its plan, and how long it took as the server says; MySQL says it of the root only, and where nothing is said the time
/// of the request counts.
fn run(document: &str, elapsed: Duration) -> Result<(Plan, f64), ServerError> {
    let unread = |why: String| ServerError::new(ErrorKind::Other, "reading the measured plan", why);
    let plan = read::read(document).map_err(|e| unread(e.to_string()))?;
    let plan = plan.into_iter().next().ok_or_else(|| unread("there is none".to_owned()))?;
    let ms = plan.execution_ms.or(plan.derived(NodeId::ROOT).wall_ms).unwrap_or(elapsed.as_secs_f64() * 1e3);
    Ok((plan, ms))
}

/// The runs in short, and whether the last of them read the index.
fn summed(seen: &[(Plan, f64)]) -> (Runs, bool) {
    let mut rest: Vec<&(Plan, f64)> = seen.iter().skip(1).collect();
    rest.sort_by(|a, b| a.1.total_cmp(&b.1));
    let first_ms = seen.first().map_or(0.0, |(_, ms)| *ms);
    let median = rest.get(rest.len().saturating_sub(1) / 2);
    let blocks = median.and_then(|(plan, _)| plan.node(NodeId::ROOT).buffers.as_deref()).map(|b| b.hit + b.read);
    let runs = Runs { first_ms, median_ms: median.map_or(first_ms, |(_, ms)| *ms), runs: seen.len(), blocks };
    (runs, seen.last().is_some_and(|(plan, _)| uses(plan, NAME)))
}

fn refused(why: String) -> ServerError {
    ServerError::new(ErrorKind::Refused, "verifying on a copy", why)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{run, summed};

    #[test]
    fn the_first_run_is_apart_and_the_median_is_of_the_others() {
        let plan = |ms: f64| {
            let document = format!(
                r#"[{{"Plan": {{"Node Type": "Index Scan", "Index Name": "whyslow_verify", "Relation Name": "t", "Total Cost": 1,
                 "Actual Total Time": 1, "Actual Rows": 1, "Actual Loops": 1, "Shared Hit Blocks": 3, "Shared Read Blocks": 2}},
                 "Execution Time": {ms}}}]"#
            );
            run(&document, Duration::ZERO).unwrap()
        };
        let (runs, used) = summed(&[plan(90.0), plan(7.0), plan(5.0), plan(6.0)]);
        assert_eq!((runs.first_ms, runs.median_ms, runs.runs, runs.blocks, used), (90.0, 6.0, 4, Some(5), true));
        assert!(run("{", Duration::ZERO).is_err());
    }
}
