//! A workload in, proposals out: the search of the advising room by the best method this session allows.

use super::{Allow, Progress, method};
use crate::{
    advise::{self, Advice, Limits, Outcome, Weighted},
    catalog::Catalog,
    plan::Plan,
    read,
    server::{ErrorKind, ExplainRequest, ServerError, Session},
};

/// Finds the set of indexes that makes a workload cheapest within the limits, each index tried together with the others.
///
/// `plans` are the statements' plans now, as far as the caller has them. Setting `limits.stop` ends it early, with the best
/// so far. Dropping the future stops it too; tell the server by the session's [`crate::server::Canceller`] as well.
///
/// # Errors
/// [`ServerError`] when the connection broke or the request was cancelled; what a statement's plan answered stands in its
/// outcome.
pub async fn advise(
    session: &mut Session,
    workload: &[Weighted],
    plans: &[Option<&Plan>],
    catalog: &Catalog,
    allow: Allow,
    limits: &Limits,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Advice, ServerError> {
    let advice = all_together(session, workload, plans, catalog, allow, limits, &mut progress).await?;
    let none = workload.len() > 1 && advice.broken.is_none() && advice.statements.iter().all(|s| s.problem.is_some());
    if !none {
        return Ok(advice);
    }
    // A method that prepares for all of them at once fails with the first that the server itself refuses.
    let mut wrong: Vec<Option<String>> = Vec::with_capacity(workload.len());
    for (statement, known) in workload.iter().zip(plans) {
        wrong.push(match (known, plan_now(session, &statement.sql).await) {
            (None, Err(error)) if matches!(error.kind, ErrorKind::Statement | ErrorKind::Unsupported) => {
                Some(error.to_string())
            }
            (_, Err(error)) if matches!(error.kind, ErrorKind::Disconnected | ErrorKind::Cancelled) => {
                return Err(error);
            }
            _ => None,
        });
    }
    let right: Vec<usize> = (0..workload.len()).filter(|at| wrong[*at].is_none()).collect();
    if right.is_empty() || right.len() == workload.len() {
        return Ok(advice);
    }
    let some: Vec<Weighted> = right.iter().map(|at| workload[*at].clone()).collect();
    let known: Vec<Option<&Plan>> = right.iter().map(|at| plans.get(*at).copied().flatten()).collect();
    let advice = all_together(session, &some, &known, catalog, allow, limits, &mut progress).await?;
    Ok(with_the_wrong(advice, workload, &right, &wrong))
}

/// Advice on some statements as advice on all of a workload: `right` are the places of those it is on, `wrong` says what is wrong with
/// the others.
fn with_the_wrong(mut advice: Advice, workload: &[Weighted], right: &[usize], wrong: &[Option<String>]) -> Advice {
    for served in advice.proposals.iter_mut().flat_map(|p| &mut p.serves) {
        // Behind the workload's own come those that foreign keys ask.
        let besides = served.statement.checked_sub(right.len()).map(|more| workload.len() + more);
        served.statement = right.get(served.statement).copied().or(besides).unwrap_or_default();
    }
    for (at, statement) in workload.iter().enumerate() {
        let Some(problem) = wrong.get(at).and_then(Option::as_ref) else { continue };
        let outcome = Outcome {
            sql: statement.sql.clone(),
            weight: statement.weight,
            before: None,
            after: None,
            problem: Some(problem.clone()),
        };
        advice.statements.insert(at.min(advice.statements.len()), outcome);
    }
    advice
}

/// The same, of statements that are prepared for together.
async fn all_together(
    session: &mut Session,
    workload: &[Weighted],
    plans: &[Option<&Plan>],
    catalog: &Catalog,
    allow: Allow,
    limits: &Limits,
    progress: &mut (impl FnMut(Progress) + Send),
) -> Result<Advice, ServerError> {
    progress(Progress { done: 0, total: 0, doing: "looking for candidates".to_owned() });
    session.start_over();
    let canceller = session.canceller();
    let partners = advise::partners(workload, session.info().engine, catalog);
    let more = if partners.is_empty() { None } else { Some(with_partners(session, catalog, &partners).await?) };
    let catalog = more.as_ref().unwrap_or(catalog);
    let why = match method(session, allow) {
        Ok(mut method) => {
            progress(Progress { done: 0, total: 0, doing: method.opening().to_owned() });
            let mut tell = |step: advise::Step| {
                progress(Progress {
                    done: step.explains,
                    total: step.most,
                    doing: format!("trying sets of indexes by {}", step.method),
                });
            };
            let advice = advise::advise(method.as_mut(), workload, plans, catalog, limits, &mut tell).await;
            let stopped = canceller.stopped();
            method.finish().await;
            // A method may go on with what the end of the connection left it, which is nothing.
            let nothing = !advice.proposals.is_empty() && advice.proposals.iter().all(|p| p.tried.is_none());
            if let Some(kind) = stopped
                && (advice.broken.is_some() || nothing)
            {
                let why = advice.broken.as_ref().map(ToString::to_string);
                let why = why.or_else(|| advice.proposals.first().map(|p| p.reason.clone())).unwrap_or_default();
                return Err(ServerError::new(kind, "trying indexes", why));
            }
            return Ok(advice);
        }
        Err(why) => why,
    };
    let mut own: Vec<Option<Plan>> = Vec::with_capacity(workload.len());
    for (statement, known) in workload.iter().zip(plans) {
        own.push(match known {
            Some(plan) => Some((*plan).clone()),
            None => match plan_now(session, &statement.sql).await {
                Ok(plan) => plan,
                Err(error) if matches!(error.kind, ErrorKind::Disconnected | ErrorKind::Cancelled) => {
                    return Err(error);
                }
                Err(_) => None,
            },
        });
    }
    let plans: Vec<Option<&Plan>> = own.iter().map(Option::as_ref).collect();
    Ok(advise::untested(workload, &plans, catalog, &why))
}

/// The catalog with tables that the statements do not name.
async fn with_partners(
    session: &mut Session,
    catalog: &Catalog,
    partners: &[(Option<String>, String)],
) -> Result<Catalog, ServerError> {
    let more = session.catalog(partners, &[]).await?;
    let mut all = catalog.clone();
    for table in more.tables {
        if !all.tables.iter().any(|t| t.schema == table.schema && t.name == table.name) {
            all.tables.push(table);
        }
    }
    Ok(all)
}

/// A statement's plan; `None` when it cannot be read.
async fn plan_now(session: &mut Session, sql: &str) -> Result<Option<Plan>, ServerError> {
    let request = ExplainRequest { sql: sql.to_owned(), ..ExplainRequest::default() };
    let answer = session.explain(&request).await?;
    let plan = read::read(&answer.document).ok().and_then(|plans| plans.into_iter().next());
    let info = session.info();
    Ok(plan.map(|mut plan| {
        plan.engine = info.engine;
        plan.version.get_or_insert_with(|| info.version.clone());
        plan
    }))
}
