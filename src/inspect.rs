//! One statement asked of one server: explained, read, looked up in the catalog and diagnosed.
//!
//! The screen and the commands without a screen both go through here, so that they say the same.

mod relations;

use std::time::Duration;

use crate::{
    catalog::Catalog,
    diagnose::{self, Finding},
    plan::{Engine, Plan},
    read::{self, ReadError},
    server::{ErrorKind, ExplainRequest, ServerError, Session},
    sql,
};

/// What came of it.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// The plan, with the statement's text and the server's warnings in it.
    pub plan: Plan,
    /// Facts about the tables named; `None` when the catalog could not be read at all.
    pub catalog: Option<Catalog>,
    /// Findings, worst first.
    pub findings: Vec<Finding>,
    /// Time of the request that the plan came from, seen from here.
    pub elapsed: Duration,
    /// Execution time of every run in milliseconds, when ANALYZE was repeated.
    pub runs: Vec<f64>,
}

/// Why there is no inspection.
#[derive(Debug, Clone, thiserror::Error)]
pub enum InspectError {
    /// The server refused, or could not be asked.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The server answered with a document that could not be read; it is kept so that it can be shown.
    #[error("reading the server's plan: {error}")]
    Unreadable {
        /// What was wrong, and where.
        error: ReadError,
        /// The document.
        document: String,
    },
}

/// Explains one statement and says why it is slow. With `analyze`, `runs` above one repeats it: the plan kept is the
/// one whose execution time is the median of the runs after the first, which warms the caches.
///
/// # Errors
/// [`InspectError`]. A catalog that cannot be read is no error: the plan is shown without its facts.
pub async fn inspect(session: &mut Session, request: &ExplainRequest, runs: usize) -> Result<Inspection, InspectError> {
    let engine = session.info().engine;
    let version = session.info().version.clone();
    let mut seen = Vec::new();
    for _ in 0..if request.analyze { runs.max(1) } else { 1 } {
        let answer = session.explain(request).await?;
        let mut plan = read_one(&answer.document)?;
        plan.engine = engine;
        plan.version.get_or_insert_with(|| version.clone());
        if let Some(note) = answer.partial {
            plan.mark_partial(note);
        }
        plan.notes.extend(answer.warnings);
        seen.push((plan, answer.elapsed));
    }
    let times: Vec<f64> = seen.iter().map(|(plan, elapsed)| run_ms(plan, *elapsed)).collect();
    let (mut plan, elapsed) = seen.swap_remove(median_run(&times));
    plan.query = Some(request.sql.clone());
    if times.len() > 1 {
        plan.notes.push(runs_note(&times));
    }
    let catalog = catalog_of(session, &request.sql, engine).await?;
    if let Some(catalog) = &catalog {
        relations::name(&mut plan, &request.sql, catalog);
    }
    let findings = diagnose::diagnose(&plan, catalog.as_ref());
    Ok(Inspection { plan, catalog, findings, elapsed, runs: times })
}

/// The catalog of the tables and functions a statement names. `None` when the account may not read it.
///
/// # Errors
/// [`ServerError`] only when the connection broke: nothing else would be worth losing the plan for.
pub async fn catalog_of(session: &mut Session, text: &str, engine: Engine) -> Result<Option<Catalog>, ServerError> {
    let class = sql::classify(text, engine);
    match session.catalog(&class.tables, &class.functions).await {
        Ok(catalog) => Ok(Some(catalog)),
        Err(error) if matches!(error.kind, ErrorKind::Disconnected | ErrorKind::Cancelled) => Err(error),
        Err(_) => Ok(None),
    }
}

fn read_one(document: &str) -> Result<Plan, InspectError> {
    let unreadable = |error| InspectError::Unreadable { error, document: document.to_owned() };
    let mut plans = read::read(document).map_err(unreadable)?;
    if plans.is_empty() {
        return Err(unreadable(ReadError {
            line: 1,
            column: 1,
            expected: "a plan".to_owned(),
            found: "none".to_owned(),
        }));
    }
    Ok(plans.swap_remove(0))
}

/// The server's execution time; MySQL gives none for the whole, then the root's, then the time of the request.
fn run_ms(plan: &Plan, elapsed: Duration) -> f64 {
    plan.execution_ms.or(plan.derived(crate::plan::NodeId::ROOT).wall_ms).unwrap_or(elapsed.as_secs_f64() * 1e3)
}

/// The run whose time is the median of the runs after the first (the lower of two middle ones).
fn median_run(times: &[f64]) -> usize {
    if times.len() < 2 {
        return 0;
    }
    let mut order: Vec<usize> = (1..times.len()).collect();
    order.sort_by(|&a, &b| times[a].total_cmp(&times[b]));
    order[(order.len() - 1) / 2]
}

fn runs_note(times: &[f64]) -> String {
    let median = times[median_run(times)];
    let rest = &times[1..];
    let least = rest.iter().copied().fold(f64::INFINITY, f64::min);
    let most = rest.iter().copied().fold(0.0, f64::max);
    format!(
        "{} runs: the first took {}, the others {} to {}, median {}; the plan shown is the median run",
        times.len(),
        crate::fmt::duration_ms(times[0]),
        crate::fmt::duration_ms(least),
        crate::fmt::duration_ms(most),
        crate::fmt::duration_ms(median),
    )
}

#[cfg(test)]
mod tests {
    use super::median_run;

    #[test]
    fn the_first_run_is_left_apart_and_the_median_of_the_others_is_kept() {
        for (times, kept) in [
            (&[9.0][..], 0),
            (&[9.0, 5.0], 1),
            (&[1.0, 5.0, 4.0], 2),
            (&[9.0, 5.0, 4.0, 6.0], 1),
            (&[9.0, 5.0, 4.0, 6.0, 4.5], 4),
        ] {
            assert_eq!(median_run(times), kept, "{times:?}");
        }
    }
}
