//! What if: the plan without an index that is there.

use std::sync::Arc;

use super::{
    advice::Advice,
    comparison::{Compared, Comparison},
    message::Effect,
    model::{Asked, Model, View, WorkKind},
    picker::{Item, Note, Picker, PickerKind, Value},
    requests, views,
};
use crate::{advise::Existing, catalog::Index, fmt, whatif::Supposed, whatif::Supposition};

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
    let (Some(sql), Some(catalog)) = (sheet.statement.clone(), sheet.catalog.clone()) else { return Vec::new() };
    let Some((table, index)) = catalog.tables.get(table).and_then(|t| Some((t, t.indexes.get(index)?))) else {
        return Vec::new();
    };
    let gone = Existing { schema: table.schema.clone(), table: table.name.clone(), name: index.name.clone() };
    let marked = |advice: &Advice| advice.marked().map(|p| p.candidate.clone()).collect();
    let add = sheet.advice.as_ref().map(marked).unwrap_or_default();
    let supposition = Supposition::Indexes { add, drop: vec![gone] };
    let mut effects = requests::cancel_quietly(model);
    model.error = None;
    let generation = requests::begin(model, WorkKind::Suppose, Asked::plain(sql.clone(), None), false);
    let allow = model.allow;
    effects.push(Effect::Suppose { generation, sql, supposition, catalog, allow });
    effects
}

/// Puts the plan of today and the one that would be side by side.
pub(super) fn supposed(model: &mut Model, asked: &str, supposed: Supposed) {
    let Some(at) = model.sheets.iter().rposition(|s| s.live && s.statement.as_deref() == Some(asked)) else { return };
    match supposed.outcomes.first() {
        Some(Ok(both)) => {
            let (before, after) = (Arc::new(both.before.clone()), Arc::new(both.after.clone()));
            views::mark(model);
            model.current = at;
            model.comparison = Some(Comparison::new(Compared::Supposed(Box::new(supposed)), before, after));
            model.view = View::Compare;
        }
        Some(Err(error)) => {
            let problem = error.to_string();
            model.warn(problem);
        }
        None => {}
    }
}
