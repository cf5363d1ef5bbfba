//! Trying an index that the person thought of, and the question before temporary tables are made.

use std::sync::Arc;

use super::{
    advice::Advice,
    comparison::{self, Compared, Comparison, IndexSet},
    message::Effect,
    model::{Asked, Model, Question, View, Waiting, WorkKind},
    prompt::{Prompt, PromptKind},
    requests, suppositions,
};
use crate::{
    advise::{Candidate, Key, Part, Proposal, Together, Verdict, unit},
    keys::Command,
    plan::Engine,
    sql::{self, IndexText},
    whatif,
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
    let text = match proposal {
        Some(proposal) => sql::index_words(&text_of(&proposal.candidate), proposal.candidate.engine),
        None => begun(model),
    };
    model.prompt = Some(Prompt::new(PromptKind::Index, text));
}

/// What stands there already when an index is to be typed: the table of the node under the cursor.
fn begun(model: &Model) -> String {
    let table = model.sheet().and_then(|sheet| sheet.table_of(sheet.tree.selected()));
    table.map(|table| format!("{} (", table.name)).unwrap_or_default()
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
    match whole(model, text) {
        Ok(candidate) => attempt(model, candidate),
        Err(problem) => {
            prompt.problem = Some(problem);
            model.prompt = Some(prompt);
            Vec::new()
        }
    }
}

/// What was typed as a candidate. A person who types a whole index behind the table's name that stands there already means that
/// index alone.
fn whole(model: &Model, text: &str) -> Result<Candidate, String> {
    let rest = text.strip_prefix(begun(model).trim_end()).map(str::trim).filter(|rest| !rest.is_empty());
    candidate(model, text).or_else(|problem| match rest {
        // Behind CREATE the mistake is in what follows it.
        Some(rest) if rest.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("create")) => candidate(model, rest),
        Some(rest) => candidate(model, rest).map_err(|_| problem),
        None => Err(problem),
    })
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
    if must_ask(model, Waiting::Try(Box::new(candidate.clone()))) {
        return Vec::new();
    }
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
    let built = proposal.tried.as_ref().filter(|tried| tried.method == whatif::INVISIBLE);
    model.say(match proposal.verdict {
        // What stands on the server now, or does not, matters most.
        _ if built.is_some() => built.and_then(|tried| tried.notes.first()).cloned().unwrap_or_default(),
        Verdict::Proved => format!("proved by {}: the plan becomes better with it", unit(proposal.candidate.engine)),
        Verdict::Rejected => "tried: it does not help".to_owned(),
        Verdict::Untested => "it could not be tried".to_owned(),
    });
    if let Some(sheet) = model.sheet_mut() {
        let advice = sheet.advice.get_or_insert_with(|| Advice::new(Vec::new()));
        advice.proposals.retain(|other| other.candidate != proposal.candidate);
        advice.proposals.insert(0, proposal);
        advice.cursor = 0;
        advice.scroll = 0;
    }
}

/// Whether trials here need a yes first: they would read rows or make temporary tables, and nobody was asked yet. Then it is asked,
/// and what waits for the answer goes on with it.
pub(super) fn must_ask(model: &mut Model, waiting: Waiting) -> bool {
    let must = model.engine() != Engine::PostgreSql
        && !model.allow.temporary_tables
        && !model.allow.reads.rows
        && !model.asked_for_tables;
    if must {
        ask_first(model, Question::Trials, waiting);
    }
    must
}

/// Puts a question; what waits for it goes on with the answer.
pub(super) fn ask_first(model: &mut Model, question: Question, waiting: Waiting) {
    model.question = Some(question);
    model.waiting = waiting;
}

/// Takes the answer and goes on with what was asked for: a twin, or temporary tables where there can be none; temporary tables alone;
/// formulas and a look at rows; formulas without. Where statistics are wanted: a sample, or nothing.
pub(super) fn answer(model: &mut Model, command: Command) -> Vec<Effect> {
    let yes = command == Command::Yes;
    match model.question.take() {
        None => return Vec::new(),
        Some(Question::Sample) if matches!(command, Command::Tables | Command::Formulas) => {
            model.question = Some(Question::Sample);
            return Vec::new();
        }
        Some(Question::Sample) if !yes => {
            model.say("not asked: statistics are made of a sample of the rows");
            return Vec::new();
        }
        Some(Question::Sample) => model.allow.reads.rows = true,
        Some(Question::Trials) => {
            model.asked_for_tables = true;
            let formulas = command == Command::Formulas;
            model.allow.reads.rows = yes || formulas;
            model.allow.temporary_tables = matches!(command, Command::Yes | Command::Tables);
            // What was asked for with the program stays, unless it was these before.
            model.allow.method = match model.allow.method {
                _ if formulas => whatif::Method::Calculated,
                whatif::Method::Calculated => whatif::Method::Auto,
                method => method,
            };
            if command == Command::No {
                model.say("no row is looked at: what statistics alone do not tell stays untested");
            }
        }
    }
    match std::mem::take(&mut model.waiting) {
        Waiting::Advise => requests::find_indexes(model),
        Waiting::Try(candidate) => attempt(model, *candidate),
        Waiting::Together => together(model),
        Waiting::Suppose(supposition) => suppositions::send(model, supposition),
    }
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
        (_, Some(_)) if must_ask(model, Waiting::Together) => {}
        (_, Some(sql)) => {
            let mut effects = requests::cancel_quietly(model);
            model.error = None;
            let beside = advice_is_elsewhere(model);
            let generation = requests::begin(model, WorkKind::Together, Asked::plain(sql.clone(), None), false);
            if beside {
                model.say("those proved for each other are tried, not the one under the cursor; Space marks others");
            }
            effects.push(Effect::TryTogether { generation, sql, candidates, catalog, allow: model.allow });
            return effects;
        }
    }
    Vec::new()
}

/// Whether the proposal under the cursor is none of those that are tried together, nobody having marked them: then it is to be said which
/// those are.
fn advice_is_elsewhere(model: &Model) -> bool {
    let advice = model.advice().filter(|advice| model.view == View::Indexes && advice.marked().next().is_none());
    let selected = advice.and_then(Advice::selected);
    advice.zip(selected).is_some_and(|(advice, selected)| {
        !advice.together().iter().any(|proposal| proposal.candidate == selected.candidate)
    })
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
    comparison::put(model, Comparison::new(Compared::Together(Box::new(set)), before, after));
}
