//! What answers from outside change.

use std::{sync::Arc, time::Duration};

use super::{
    advice::Advice,
    confirm::{Confirm, Going},
    message::Effect,
    model::{Link, Model, View, Work, WorkKind},
    requests,
    sheet::Sheet,
    suppositions, tries, views,
};
use crate::{
    advise::{Proposal, Together, unit},
    history::Run,
    inspect::{InspectError, Inspection},
    server::{ErrorKind, Info, ServerError},
    whatif::Supposed,
};

pub(super) fn connected(model: &mut Model, info: Box<Info>) -> Vec<Effect> {
    model.link = Link::Open(info);
    if model.error.as_ref().is_some_and(|e| is_connection(e.kind)) {
        model.error = None;
    }
    let mut effects = if std::mem::take(&mut model.explain_when_open) {
        requests::explain(model, WorkKind::Explain, false)
    } else {
        Vec::new()
    };
    // After what the person waits for.
    effects.push(Effect::Names);
    effects
}

pub(super) fn connect_failed(model: &mut Model, error: Box<ServerError>) {
    model.link = Link::Lost;
    model.work = None;
    model.error = Some(error);
    // A query that is only offered is no text being typed: its keys are those that lead on (R, 7, q).
    if model.editor.offered {
        model.editor.typing = false;
    }
}

/// Takes the request's work if the answer is to the latest one.
fn take_work(model: &mut Model, generation: u64) -> Option<Work> {
    if model.work.as_ref()?.generation != generation {
        return None;
    }
    model.work.take()
}

pub(super) fn explained(
    model: &mut Model,
    generation: u64,
    result: Result<Box<Inspection>, Box<InspectError>>,
) -> Vec<Effect> {
    let Some(work) = take_work(model, generation) else {
        return Vec::new();
    };
    match result {
        Ok(inspection) => show(model, &work, *inspection),
        Err(error) => {
            let error = match *error {
                InspectError::Server(error) => error,
                InspectError::Unreadable { error, document } => unreadable(&error.to_string(), &document),
            };
            failed(model, &work, Box::new(error))
        }
    }
}

fn show(model: &mut Model, work: &Work, inspection: Inspection) -> Vec<Effect> {
    let Inspection { plan, catalog, findings, elapsed, .. } = inspection;
    let plan = Arc::new(plan);
    let titles = findings.iter().map(|f| f.title.clone()).collect();
    let mut sheet = Sheet::new(Arc::clone(&plan), catalog.map(Arc::new), findings, true);
    sheet.statement.get_or_insert_with(|| work.asked.sql.clone());
    sheet.typed = work.asked.typed.as_ref().map(|(typed, _)| typed.clone());
    sheet.which = work.asked.which;
    sheet.advice = known_advice(model, &sheet);
    let sheet_asked = sheet.asked().unwrap_or(&work.asked.sql).to_owned();
    model.error = None;
    views::mark(model);
    push_sheet(model, sheet);
    model.view = View::Plan;
    model.editor.typing = false;
    let mut effects = vec![Effect::Record { sql: sheet_asked, plan, findings: titles, elapsed }];
    if work.then_advise {
        effects.extend(requests::find_indexes(model));
    }
    effects
}

/// What was tried for the same statement before, as long as the planner still sees it as it did then.
fn known_advice(model: &Model, sheet: &Sheet) -> Option<Advice> {
    let same = |other: &&Sheet| {
        other.live && other.statement == sheet.statement && other.plan.total_cost() == sheet.plan.total_cost()
    };
    let known = model.sheets.iter().rev().find(|other| same(other) && other.advice.is_some())?;
    known.advice.as_ref().map(|advice| Advice::new(advice.proposals.clone()))
}

pub(super) fn push_sheet(model: &mut Model, sheet: Sheet) {
    model.sheets.push(sheet);
    if model.sheets.len() > Model::SHEETS {
        model.sheets.remove(0);
        // They count from the first.
        model.looks.clear();
    }
    model.current = model.sheets.len() - 1;
}

pub(super) fn advised(
    model: &mut Model,
    generation: u64,
    result: Result<Vec<Proposal>, Box<ServerError>>,
) -> Vec<Effect> {
    let Some(work) = take_work(model, generation) else {
        return Vec::new();
    };
    match result {
        Ok(proposals) => {
            let advice = Advice::new(proposals);
            let (proved, all) = (advice.proved(), advice.proposals.len());
            // The plan that was asked about may not be the one shown any more.
            let asked =
                model.sheets.iter().rposition(|s| s.live && s.statement.as_deref() == Some(work.asked.sql.as_str()));
            let Some(sheet) = asked.and_then(|at| model.sheets.get_mut(at)) else {
                return Vec::new();
            };
            sheet.advice = Some(advice);
            views::mark(model);
            model.current = asked.unwrap_or(model.current);
            model.view = View::Indexes;
            let by = unit(model.engine());
            model.say(match (proved, all) {
                (_, 0) => "no index to try for this statement".to_owned(),
                (0, n) => format!("none of {n} proved to help"),
                (p, n) => format!("{p} of {n} proved by {by}"),
            });
            Vec::new()
        }
        Err(error) => failed(model, &work, error),
    }
}

pub(super) fn tried(
    model: &mut Model,
    generation: u64,
    result: Result<Box<Proposal>, Box<ServerError>>,
) -> Vec<Effect> {
    let Some(work) = take_work(model, generation) else {
        return Vec::new();
    };
    match result {
        Ok(proposal) => {
            tries::tried(model, &work.asked.sql, *proposal);
            Vec::new()
        }
        Err(error) => failed(model, &work, error),
    }
}

pub(super) fn tried_together(
    model: &mut Model,
    generation: u64,
    result: Result<Box<Together>, Box<ServerError>>,
) -> Vec<Effect> {
    let Some(work) = take_work(model, generation) else {
        return Vec::new();
    };
    match result {
        Ok(tried) => {
            tries::tried_together(model, &work.asked.sql, *tried);
            Vec::new()
        }
        Err(error) => failed(model, &work, error),
    }
}

pub(super) fn supposed(
    model: &mut Model,
    generation: u64,
    result: Result<Box<Supposed>, Box<ServerError>>,
) -> Vec<Effect> {
    let Some(work) = take_work(model, generation) else {
        return Vec::new();
    };
    match result {
        Ok(supposed) => {
            suppositions::supposed(model, &work, *supposed);
            Vec::new()
        }
        Err(error) => failed(model, &work, error),
    }
}

/// A run is on the disk: it joins the list, and its sheet learns where its plan is kept.
pub(super) fn recorded(model: &mut Model, run: Run) {
    let sheet =
        model.sheets.iter_mut().rev().find(|s| s.live && s.document.is_none() && s.asked() == Some(run.sql.as_str()));
    if let Some(sheet) = sheet {
        sheet.document.clone_from(&run.plan);
    }
    model.past.add(run);
}

fn failed(model: &mut Model, work: &Work, error: Box<ServerError>) -> Vec<Effect> {
    if work.kind == WorkKind::Suppose {
        suppositions::back(model, work);
    }
    match error.kind {
        ErrorKind::NeedsConfirmation => {
            model.confirm = Some(Confirm {
                error,
                typed: String::new(),
                asked: work.asked.clone(),
                going: Going::Ask { analyze: work.kind == WorkKind::Analyze, then_advise: work.then_advise },
            });
            return Vec::new();
        }
        ErrorKind::Cancelled => {
            model.say("cancelled");
            return Vec::new();
        }
        _ => {}
    }
    if !matches!(work.kind, WorkKind::Advise | WorkKind::Try | WorkKind::Build | WorkKind::Together | WorkKind::Suppose)
        && let (Some(start), Some(position)) = (work.asked.start, error.position)
    {
        model.editor.mark_error(start, work.asked.original(position));
        model.view = View::Query;
        model.editor.typing = true;
    }
    let lost = error.kind == ErrorKind::Disconnected;
    model.error = Some(error);
    if lost {
        model.link = Link::Connecting;
        model.beat = Duration::ZERO;
        return vec![Effect::Connect];
    }
    Vec::new()
}

/// Whether opening the session again would mend it.
const fn is_connection(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unreachable | ErrorKind::Authentication)
}

fn unreadable(problem: &str, document: &str) -> ServerError {
    let mut error = ServerError::new(ErrorKind::Other, "reading the server's plan", problem)
        .next("please report this with the server's version; the query is still here");
    error.detail = Some(document.lines().take(3).collect::<Vec<_>>().join(" ").chars().take(200).collect());
    error
}
