//! Trying an index that the person thought of, and the question before temporary tables are made.

use std::sync::Arc;

use super::{
    advice::Advice,
    comparison::{Compared, Comparison, IndexSet},
    message::Effect,
    model::{Asked, Model, Question, View, WorkKind},
    prompt::{Prompt, PromptKind},
    requests,
};
use crate::{
    advise::{Candidate, Key, Part, Proposal, Together, Verdict},
    keys::Command,
    plan::Engine,
    sql::{self, IndexText},
};

/// Asks for an index, with the one under the cursor to begin from if it is to be edited.
pub(super) fn ask(model: &mut Model, edit: bool) {
    let Some(sheet) = model.sheet().filter(|sheet| sheet.live) else {
        model.say("an index is tried for a plan that was explained here: explain one first (r)");
        return;
    };
    if sheet.catalog.is_none() {
        model.say("the catalog could not be read, so names cannot be looked up");
        return;
    }
    let proposal = model.advice().and_then(Advice::selected).filter(|_| edit);
    if edit && proposal.is_none() {
        model.say("there is no proposal to edit yet: i types an index of your own");
        return;
    }
    let table = || sheet.table_of(sheet.tree.selected()).map(|table| format!("{} (", table.name));
    let text = proposal
        .map(|p| sql::index_words(&text_of(&p.candidate), p.candidate.engine))
        .or_else(table)
        .unwrap_or_default();
    model.prompt = Some(Prompt::new(PromptKind::Index, text));
}

/// A candidate as a person would type it.
fn text_of(candidate: &Candidate) -> IndexText {
    IndexText {
        schema: Some(candidate.schema.clone()),
        table: candidate.table.clone(),
        method: Some(candidate.method.to_owned()),
        keys: candidate
            .keys
            .iter()
            .map(|key| sql::IndexTextKey {
                expr: key.expr.clone(),
                expression: key.expression,
                desc: key.desc,
                nulls_first: key.nulls_first,
                opclass: key.opclass.clone(),
                prefix: key.prefix,
            })
            .collect(),
        include: candidate.include.clone(),
        predicate: candidate.predicate.clone(),
    }
}

/// Tries what was typed.
pub(super) fn typed(model: &mut Model, mut prompt: Prompt, text: &str) -> Vec<Effect> {
    match candidate(model, text) {
        Ok(candidate) => attempt(model, candidate),
        Err(problem) => {
            prompt.problem = Some(problem);
            model.prompt = Some(prompt);
            Vec::new()
        }
    }
}

/// What was typed as a candidate, its names looked up in the catalog.
fn candidate(model: &Model, text: &str) -> Result<Candidate, String> {
    let engine = model.engine();
    let read = sql::index_text(text, engine)?;
    let catalog = model.sheet().and_then(|sheet| sheet.catalog.as_ref()).ok_or("the catalog is not known")?;
    let table = catalog.table(read.schema.as_deref(), &read.table).ok_or_else(|| {
        let known: Vec<&str> = catalog.tables.iter().map(|t| t.name.as_str()).collect();
        format!("the statement reads no table {}; it reads {}", read.table, known.join(", "))
    })?;
    let unknown = read
        .keys
        .iter()
        .filter(|key| !key.expression)
        .map(|key| &key.expr)
        .chain(&read.include)
        .find(|name| table.column(name).is_none());
    if let Some(name) = unknown {
        return Err(format!("{} has no column {name}", table.name));
    }
    let method = method(engine, read.method.as_deref())?;
    Ok(Candidate {
        engine,
        schema: table.schema.clone(),
        table: table.name.clone(),
        method,
        keys: read
            .keys
            .into_iter()
            .map(|key| Key {
                expr: key.expr,
                expression: key.expression,
                desc: key.desc,
                nulls_first: key.nulls_first,
                opclass: key.opclass,
                prefix: key.prefix,
            })
            .collect(),
        include: read.include,
        predicate: read.predicate,
        replaces: Vec::new(),
        reasons: vec!["typed by hand".to_owned()],
    })
}

fn method(engine: Engine, typed: Option<&str>) -> Result<&'static str, String> {
    const POSTGRES: &[&str] = &["btree", "hash", "gin", "gist", "spgist", "brin"];
    const MYSQL: &[&str] = &["btree", "hash", "fulltext", "spatial"];
    let known = if engine == Engine::PostgreSql { POSTGRES } else { MYSQL };
    let typed = typed.unwrap_or("btree").to_ascii_lowercase();
    known
        .iter()
        .find(|name| **name == typed)
        .copied()
        .ok_or_else(|| format!("{typed} is no kind of index here; there are {}", known.join(", ")))
}

fn attempt(model: &mut Model, candidate: Candidate) -> Vec<Effect> {
    let Some(sheet) = model.sheet() else { return Vec::new() };
    let (Some(sql), Some(catalog)) = (sheet.statement.clone(), sheet.catalog.clone()) else { return Vec::new() };
    let mut effects = requests::cancel_quietly(model);
    model.error = None;
    model.view = View::Indexes;
    let generation = requests::begin(model, WorkKind::Try, Asked::plain(sql.clone(), None), false);
    effects.push(Effect::TryIndex {
        generation,
        sql,
        candidate: Box::new(candidate),
        catalog: Arc::clone(&catalog),
        allow: model.allow,
    });
    effects
}

/// Puts an index that was tried among the proposals, under the cursor.
pub(super) fn tried(model: &mut Model, asked: &str, proposal: Proposal) {
    let Some(at) = model.sheets.iter().rposition(|s| s.live && s.statement.as_deref() == Some(asked)) else { return };
    super::views::mark(model);
    model.current = at;
    model.view = View::Indexes;
    model.say(match proposal.verdict {
        Verdict::Proved => "proved: the plan becomes better with it",
        Verdict::Rejected => "tried: it does not help",
        Verdict::Untested => "it could not be tried",
    });
    if let Some(sheet) = model.sheet_mut() {
        let advice = sheet.advice.get_or_insert_with(|| Advice::new(Vec::new()));
        advice.proposals.retain(|other| other.candidate != proposal.candidate);
        advice.proposals.insert(0, proposal);
        advice.cursor = 0;
        advice.scroll = 0;
    }
}

/// Whether trials here need a yes first: they would read rows or make temporary tables, and nobody was asked yet.
pub(super) fn must_ask(model: &Model) -> bool {
    model.engine() != Engine::PostgreSql
        && !model.allow.temporary_tables
        && !model.allow.reads.rows
        && !model.asked_for_tables
}

/// Puts the question.
pub(super) fn question(model: &mut Model) {
    model.question = Some(Question::Trials);
}

/// Puts the question again, for another answer.
pub(super) fn choose(model: &mut Model) {
    if model.engine() == Engine::PostgreSql {
        model.say("on PostgreSQL the method is chosen by itself; --method names one");
    } else {
        question(model);
    }
}

/// Takes the answer (a twin, or temporary tables where there can be none; temporary tables alone; nothing) and goes on with what was
/// asked for.
pub(super) fn answer(model: &mut Model, command: Command) -> Vec<Effect> {
    let Some(Question::Trials) = model.question.take() else { return Vec::new() };
    model.asked_for_tables = true;
    model.allow.reads.rows = command == Command::Yes;
    model.allow.temporary_tables = command != Command::No;
    if command == Command::No {
        model.say("nothing is made: proposals stay untested");
    }
    requests::find_indexes(model)
}

/// Tries the marked proposals together, or those that belong together.
pub(super) fn together(model: &mut Model) -> Vec<Effect> {
    const MOST: usize = 12;
    let Some((sheet, advice)) = model.sheet().and_then(|sheet| Some((sheet, sheet.advice.as_ref()?))) else {
        model.say("look for indexes first (x)");
        return Vec::new();
    };
    let catalog = sheet.catalog.clone().unwrap_or_default();
    let candidates: Vec<Candidate> = advice.together().into_iter().map(|p| p.candidate.clone()).collect();
    let sql = sheet.statement.clone().filter(|_| sheet.live);
    match (candidates.len(), sql) {
        (0 | 1, _) => model.say("mark two indexes or more (Space), then try them together"),
        (n, _) if n > MOST => model.say(format!("at most {MOST} are tried together")),
        (_, None) => model.say("indexes are tried for a plan that was explained here: explain one first (r)"),
        (_, Some(sql)) => {
            let mut effects = requests::cancel_quietly(model);
            model.error = None;
            let generation = requests::begin(model, WorkKind::Together, Asked::plain(sql.clone(), None), false);
            effects.push(Effect::TryTogether { generation, sql, candidates, catalog, allow: model.allow });
            return effects;
        }
    }
    Vec::new()
}

/// Puts the plans without and with all of them side by side.
pub(super) fn tried_together(model: &mut Model, asked: &str, tried: Together) {
    let Some(at) = model.sheets.iter().rposition(|s| s.live && s.statement.as_deref() == Some(asked)) else { return };
    super::views::mark(model);
    model.current = at;
    let texts = |pick: fn(&Proposal) -> &Vec<String>| -> Vec<String> {
        let all = model.advice().map(|advice| advice.proposals.as_slice()).unwrap_or_default();
        let of = |part: &Part| all.iter().find(|p| p.candidate == part.candidate).map(pick).cloned();
        tried.parts.iter().filter_map(of).flatten().collect()
    };
    let (ddl, undo) = (texts(|p| &p.ddl), texts(|p| &p.undo));
    let (before, after) = (Arc::new(tried.before.clone()), Arc::new(tried.after.clone()));
    let set = IndexSet { tried, ddl, undo };
    model.comparison = Some(Comparison::new(Compared::Together(Box::new(set)), before, after));
    model.view = View::Compare;
}
