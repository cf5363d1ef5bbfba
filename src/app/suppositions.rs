//! What if: the plan without an index that is there, with other settings or statistics, of a larger table, on another version.

use std::sync::Arc;

use super::{
    advice::Advice,
    comparison::{self, Compared, Comparison},
    message::Effect,
    model::{Asked, Model, Question, View, Waiting, Work, WorkKind},
    picker::{Item, Note, Picker, PickerKind, Value},
    prompt::{Prompt, PromptKind},
    requests, tries, views,
};
use crate::{
    advise::Existing,
    catalog::Index,
    fmt,
    plan::Engine,
    whatif::{self, Supposed, Supposition},
};

/// Chooses an index of the statement's tables to do without; those of the table that is looked at come first.
pub(super) fn choose(model: &mut Model) {
    let Some(sheet) = model.sheet().filter(|sheet| sheet.live) else {
        model.say("this is tried for a plan that was explained here: explain one first (r)");
        return;
    };
    let Some(catalog) = &sheet.catalog else {
        model.say("the catalog could not be read, so the indexes that are there are not known");
        return;
    };
    let here = sheet.table_of(sheet.tree.selected()).map(|table| table.name.clone());
    let mut items = Vec::new();
    for (at, table) in catalog.tables.iter().enumerate() {
        for (number, index) in table.indexes.iter().enumerate() {
            items.push(Item {
                label: format!("{}.{}", table.name, index.name),
                detail: words(index),
                note: Note::Words(index.bytes.map(fmt::bytes).unwrap_or_default()),
                value: Value::Index(at, number),
            });
        }
    }
    let first = |item: &Item| match item.value {
        Value::Index(at, _) => catalog.tables.get(at).map(|t| &t.name) == here.as_ref(),
        _ => false,
    };
    items.sort_by_key(|item| !first(item));
    if items.is_empty() {
        model.say("the statement's tables have no index");
        return;
    }
    model.picker = Some(Picker::new(PickerKind::Indexes, items));
}

fn words(index: &Index) -> String {
    let keys: Vec<&str> = index.keys.iter().map(|key| key.expr.as_str()).collect();
    let kind = match (index.primary, index.unique) {
        (true, _) => ", primary key",
        (false, true) => ", unique",
        (false, false) => "",
    };
    let scans = index.scans.map(|n| format!(", {} scans", fmt::count(n))).unwrap_or_default();
    format!("({}){kind}{scans}", keys.join(", "))
}

/// Asks for the plan without the index chosen; marked proposals are there then.
pub(super) fn without(model: &mut Model, table: usize, index: usize) -> Vec<Effect> {
    let Some(sheet) = model.sheet() else { return Vec::new() };
    let Some(catalog) = sheet.catalog.clone() else { return Vec::new() };
    let Some((table, index)) = catalog.tables.get(table).and_then(|t| Some((t, t.indexes.get(index)?))) else {
        return Vec::new();
    };
    let gone = Existing { schema: table.schema.clone(), table: table.name.clone(), name: index.name.clone() };
    let marked = |advice: &Advice| advice.marked().map(|p| p.candidate.clone()).collect();
    let add = sheet.advice.as_ref().map(marked).unwrap_or_default();
    send(model, Supposition::Indexes { add, drop: vec![gone] })
}

/// Asks for something to suppose.
pub(super) fn ask(model: &mut Model) {
    if model.sheet().is_none_or(|sheet| !sheet.live || sheet.statement.is_none()) {
        model.say("this is asked for a plan that was explained here: explain one first (r)");
        return;
    }
    model.prompt = Some(Prompt::new(PromptKind::WhatIf(model.engine()), ""));
}

/// Takes what was typed.
pub(super) fn typed(model: &mut Model, mut prompt: Prompt, text: &str) -> Vec<Effect> {
    let catalog = model.sheet().and_then(|sheet| sheet.catalog.clone()).unwrap_or_default();
    match whatif::what_if(text).and_then(|what| what.supposition(&catalog)) {
        Ok(supposition) => send(model, supposition),
        Err(problem) => {
            prompt.problem = Some(problem);
            model.prompt = Some(prompt);
            Vec::new()
        }
    }
}

/// Asks the server, after a question where rows would be read.
pub(super) fn send(model: &mut Model, supposition: Supposition) -> Vec<Effect> {
    let wants_sample = match &supposition {
        Supposition::Indexes { add, .. } => !add.is_empty(),
        Supposition::Larger { .. } => true,
        Supposition::Settings(_) | Supposition::Major(_) | Supposition::Statistics { .. } => false,
    };
    if wants_sample && tries::must_ask(model, Waiting::Suppose(supposition.clone())) {
        return Vec::new();
    }
    if matches!(supposition, Supposition::Statistics { .. })
        && model.engine() == Engine::PostgreSql
        && !model.allow.reads.rows
    {
        tries::ask_first(model, Question::Sample, Waiting::Suppose(supposition));
        return Vec::new();
    }
    let Some(sheet) = model.sheet() else { return Vec::new() };
    let (Some(sql), catalog) = (sheet.statement.clone(), sheet.catalog.clone().unwrap_or_default()) else {
        return Vec::new();
    };
    let mut effects = requests::cancel_quietly(model);
    model.error = None;
    let generation = requests::begin(model, WorkKind::Suppose, Asked::plain(sql.clone(), None), false);
    // There it is seen how far it has come.
    model.view = View::Indexes;
    let allow = model.allow;
    effects.push(Effect::Suppose { generation, sql, supposition, catalog, allow });
    effects
}

/// Back from where it was seen how far it had come, unless the person went elsewhere meanwhile.
pub(super) fn back(model: &mut Model, work: &Work) {
    if model.view == View::Indexes {
        model.view = work.from;
    }
}

/// Puts the plan of today and the one that would be side by side.
pub(super) fn supposed(model: &mut Model, work: &Work, supposed: Supposed) {
    back(model, work);
    let asked = work.asked.sql.as_str();
    let Some(at) = model.sheets.iter().rposition(|s| s.live && s.statement.as_deref() == Some(asked)) else { return };
    match supposed.outcomes.first() {
        Some(Ok(both)) => {
            let (before, after) = (Arc::new(both.before.clone()), Arc::new(both.after.clone()));
            views::mark(model);
            model.current = at;
            comparison::put(model, Comparison::new(Compared::Supposed(Box::new(supposed)), before, after));
        }
        Some(Err(error)) => {
            let problem = error.to_string();
            model.warn(problem);
        }
        None => {}
    }
}
