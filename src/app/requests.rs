//! Asking the server, and stopping it.

use std::{sync::Arc, time::Duration};

use super::{
    answers,
    commands::{keep_draft, take_sample},
    confirm::{Confirm, Going},
    form::{Field, Form},
    invisible,
    line::LineEdit,
    message::{Confirmed, Effect},
    model::{Asked, Link, Model, View, Waiting, Work, WorkKind},
    sheet::Sheet,
    suppositions, tries,
};
use crate::{plan::Engine, read, sql};

/// A warning with no more time left than this has stood long enough to be read.
const SEEN: Duration = Duration::from_secs(10);

/// The statement a request is about, with its parameters as they stand there: that of the plan where a plan is looked at,
/// else the one under the cursor; and where it starts in the editor's text.
pub(super) fn statement(model: &Model) -> Option<(String, Option<usize>)> {
    let typed = || model.editor.statement(model.engine()).map(|(span, sql, _, _)| (sql, Some(span.start)));
    match model.view {
        View::Plan | View::Indexes | View::Compare | View::Table => model
            .sheet()
            .and_then(|s| s.asked())
            .map(|sql| {
                let start = model.editor.text().find(sql);
                (sql.to_owned(), start)
            })
            .or_else(typed),
        View::History => model.past.selected().map(|run| (run.sql.clone(), None)).or_else(typed),
        View::Start => model.samples.get(model.sample).map(|s| (s.sql.clone(), None)).or_else(typed),
        View::Statements => model.statements.selected().map(|s| (s.sql.clone(), Some(s.start))).or_else(typed),
        View::Query | View::Connections => typed(),
    }
}

pub(super) fn explain(model: &mut Model, kind: WorkKind, then_advise: bool) -> Vec<Effect> {
    if model.view == View::Start && !model.samples.is_empty() {
        take_sample(model);
    }
    if matches!(model.link, Link::None) {
        return without_server(model);
    }
    let Some((sql, start)) = statement(model) else {
        model.view = View::Query;
        model.editor.typing = true;
        model.say("type or paste a query first");
        return Vec::new();
    };
    let names = sql::parameters(&sql, model.engine());
    if names.is_empty() {
        return ask(model, kind, Asked::plain(sql, start), then_advise, Confirmed::No);
    }
    // Looked at as a plan its values are known; from the query they are asked for, with those of last time filled in.
    let known = model.view != View::Query && model.sheet().is_some_and(|s| s.typed.as_deref() == Some(sql.as_str()));
    if known {
        let asked = filled(model, sql, start);
        return ask(model, kind, asked, then_advise, Confirmed::No);
    }
    let fields = names.iter().map(|name| {
        let known = model.values.get(name).cloned().unwrap_or_default();
        Field { name: name.clone(), line: LineEdit::new(known) }
    });
    model.form = Some(Form {
        fields: fields.collect(),
        cursor: 0,
        // Only PostgreSQL plans for unknown values, and only its own kind of parameter.
        generic: model.engine() == Engine::PostgreSql
            && kind != WorkKind::Analyze
            && names.iter().all(|name| name.starts_with('$')),
        sql,
        start,
        kind,
        then_advise,
    });
    Vec::new()
}

/// Goes to the next value, or on with the request when all are there.
pub(super) fn next_value(model: &mut Model) -> Vec<Effect> {
    let Some(form) = &mut model.form else { return Vec::new() };
    if form.step(1) {
        return Vec::new();
    }
    if let Some(empty) = form.fields.iter().position(|field| field.line.text().trim().is_empty()) {
        form.cursor = empty;
        let name = form.fields[empty].name.clone();
        model.say(format!("{name} has no value yet; '' is the empty text"));
        return Vec::new();
    }
    let Some(form) = model.form.take() else { return Vec::new() };
    for field in &form.fields {
        model.values.insert(field.name.clone(), field.line.text().trim().to_owned());
    }
    let asked = filled(model, form.sql, form.start);
    let mut effects = vec![Effect::SaveValues { values: model.values.clone() }];
    effects.extend(ask(model, form.kind, asked, form.then_advise, Confirmed::No));
    effects
}

/// A statement with the values typed last.
fn filled(model: &Model, typed: String, start: Option<usize>) -> Asked {
    let value = |name: &str| model.values.get(name).map(|typed| sql::literal(typed));
    let filled = sql::fill(&typed, model.engine(), value);
    Asked { typed: Some((typed, filled.clone())), ..Asked::plain(filled.sql, start) }
}

/// Plans for any values.
pub(super) fn generic(model: &mut Model) -> Vec<Effect> {
    let Some(form) = model.form.take_if(|form| form.generic) else {
        model.say("only PostgreSQL plans for unknown values, without running, and for $1 and its like alone");
        return Vec::new();
    };
    let asked = Asked { generic: true, ..Asked::plain(form.sql, form.start) };
    ask(model, form.kind, asked, form.then_advise, Confirmed::No)
}

/// Which of how many statements of the editor's text begins there, from 1; none where there is but one.
fn number(model: &Model, start: usize) -> Option<(usize, usize)> {
    let text = model.editor.text();
    let all = sql::split(&text, model.engine());
    let blank = |span: &&sql::Span| !span.of(&text).trim().is_empty();
    let before = all.iter().filter(blank).filter(|span| span.start <= start).count();
    let of = all.iter().filter(blank).count();
    (of > 1).then_some((before.max(1), of))
}

fn ask(model: &mut Model, kind: WorkKind, mut asked: Asked, then_advise: bool, confirmed: Confirmed) -> Vec<Effect> {
    let mut effects = cancel_quietly(model);
    effects.extend(keep_draft(model));
    model.error = None;
    model.editor.mark = None;
    model.editor.offered = false;
    asked.which = asked.start.and_then(|start| number(model, start));
    let (sql, generic, which) = (asked.sql.clone(), asked.generic, asked.which);
    let generation = begin(model, kind, asked, then_advise);
    if let Some((at, of)) = which.filter(|_| model.view == View::Query) {
        model.say(format!("statement {at} of {of}, the one under the cursor; 6 lists all"));
    }
    effects.push(Effect::Explain { generation, sql, analyze: kind == WorkKind::Analyze, generic, confirmed });
    effects
}

pub(super) fn begin(model: &mut Model, kind: WorkKind, asked: Asked, then_advise: bool) -> u64 {
    model.generation += 1;
    // Whoever goes on has seen a warning that stood for a while; it would be taken for the next answer.
    model.toast.take_if(|toast| !toast.warning || toast.left <= SEEN);
    model.page = None;
    model.searching = None;
    let generation = model.generation;
    let from = model.view;
    model.work = Some(Work { kind, generation, elapsed: Duration::ZERO, progress: None, asked, then_advise, from });
    generation
}

/// Without a server a plan can still be read: what was pasted may be one.
fn without_server(model: &mut Model) -> Vec<Effect> {
    let text = model.editor.text();
    match read::read(&text) {
        Ok(plans) if !plans.is_empty() && model.view == View::Query => {
            for plan in plans {
                answers::push_sheet(model, Sheet::saved(plan));
            }
            model.view = View::Plan;
            model.editor.typing = false;
        }
        _ => model
            .say("no server: start with `whyslow postgres://…` or `mysql://…`, or paste a plan and explain it here"),
    }
    Vec::new()
}

pub(super) fn find_indexes(model: &mut Model) -> Vec<Effect> {
    if matches!(model.link, Link::None) {
        model.say("indexes are tried on a server: start with `whyslow postgres://…` or `mysql://…`");
        return Vec::new();
    }
    let Some((sql, start)) = statement(model) else {
        return explain(model, WorkKind::Explain, true);
    };
    let Some(at) = model.sheets.iter().rposition(|s| s.live && s.asked() == Some(sql.as_str())) else {
        // A plan comes first; the search goes on when it is there.
        return explain(model, WorkKind::Explain, true);
    };
    if tries::must_ask(model, Waiting::Advise) {
        return Vec::new();
    }
    let mut effects = cancel_quietly(model);
    model.error = None;
    model.current = at;
    model.view = View::Indexes;
    model.editor.typing = false;
    let Some(sheet) = model.sheet_mut() else { return effects };
    sheet.advice = None;
    let sql = sheet.statement.clone().unwrap_or(sql);
    let (plan, catalog) = (Arc::clone(&sheet.plan), sheet.catalog.clone());
    let generation = begin(model, WorkKind::Advise, Asked::plain(sql.clone(), start), false);
    effects.push(Effect::Advise { generation, sql, plan, catalog, allow: model.allow });
    effects
}

pub(super) fn cancel(model: &mut Model) -> Vec<Effect> {
    let supposing = model.work.take_if(|work| work.kind == WorkKind::Suppose);
    let mut effects = cancel_quietly(model);
    if let Some(work) = supposing {
        suppositions::back(model, &work);
        effects.push(Effect::Cancel { generation: work.generation });
    }
    if !effects.is_empty() {
        model.say("cancelled; the server is told to stop");
    }
    if model.view == View::Indexes && model.advice().is_none() && model.sheet().is_some() {
        model.view = View::Plan;
    }
    effects
}

pub(super) fn cancel_quietly(model: &mut Model) -> Vec<Effect> {
    model.work.take().map(|work| Effect::Cancel { generation: work.generation }).into_iter().collect()
}

pub(super) fn reconnect(model: &mut Model) -> Vec<Effect> {
    if matches!(model.link, Link::None) {
        model.say("there is no server to connect to");
        return Vec::new();
    }
    let mut effects = cancel_quietly(model);
    model.link = Link::Connecting;
    model.beat = Duration::ZERO;
    model.error = None;
    effects.push(Effect::Connect);
    effects
}

/// Goes on with what a word was asked for, once it is typed.
pub(super) fn confirm(model: &mut Model) -> Vec<Effect> {
    let Some(lasting) = model.confirm.as_ref().and_then(Confirm::answer) else {
        let word = model.confirm.as_ref().map_or("it", Confirm::word);
        model.say(format!("type {word} to go on, or Esc to leave it"));
        return Vec::new();
    };
    let Some(confirm) = model.confirm.take() else { return Vec::new() };
    match confirm.going {
        Going::Ask { analyze, then_advise } => {
            let kind = if analyze { WorkKind::Analyze } else { WorkKind::Explain };
            ask(model, kind, confirm.asked, then_advise, Confirmed::Yes)
        }
        Going::Build(build) => invisible::begin(model, build, lasting),
    }
}
