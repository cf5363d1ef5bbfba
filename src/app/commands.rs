//! What commands do.

use std::{sync::Arc, time::Duration};

use super::{
    advice::Side,
    answers,
    message::{Confirmed, Effect},
    model::{Confirm, Link, Model, View, Work, WorkKind},
    sheet::{Pane, Sheet},
};
use crate::{keys::Command, read};

pub(super) fn command(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::Explain => return explain(model, WorkKind::Explain, false),
        Command::Analyze => return explain(model, WorkKind::Analyze, false),
        Command::FindIndexes => return find_indexes(model),
        Command::Quit => return quit(model),
        Command::Cancel => return cancel(model),
        Command::Reconnect => return reconnect(model),
        Command::Suspend => return keep_draft(model).into_iter().chain([Effect::Suspend]).collect(),
        Command::CopyDdl | Command::CopyUndo | Command::CopyQuery => return copy(model, command),
        Command::Accept => return accept(model),
        Command::Open => return open(model),
        Command::Help => model.help = if model.help.is_some() { None } else { Some(0) },
        Command::Leave => leave(model),
        Command::Back => back(model),
        Command::Edit => model.editor.typing = true,
        Command::ShowQuery => {
            // From elsewhere to type, from the query itself to type as well.
            model.view = View::Query;
            model.editor.typing = true;
        }
        Command::ShowPlan if model.sheet().is_some() => model.view = View::Plan,
        Command::ShowPlan => model.say("no plan yet: explain a statement first"),
        Command::ShowIndexes => model.view = View::Indexes,
        Command::ShowCompare => show_compare(model),
        Command::ShowSamples => {
            model.view = View::Start;
            model.editor.typing = false;
        }
        Command::NextPane | Command::PreviousPane => next_pane(model, command == Command::NextPane),
        Command::Up => step(model, -1),
        Command::Down => step(model, 1),
        Command::PageUp | Command::PageDown => {
            let page = isize::try_from(model.extents.page.max(2) - 1).unwrap_or(1);
            step(model, if command == Command::PageUp { -page } else { page });
        }
        Command::First => step(model, isize::MIN),
        Command::Last => step(model, isize::MAX),
        Command::NextPlan | Command::PreviousPlan => other_plan(model, command == Command::NextPlan),
        Command::Search => model.searching = Some(String::new()),
        Command::DeleteBack if model.confirm.is_some() => {
            model.confirm.as_mut().and_then(|c| c.typed.pop());
        }
        Command::DeleteBack if model.searching.is_some() => {
            model.searching.as_mut().and_then(String::pop);
            search_as_typed(model);
        }
        Command::DeleteToStart if model.searching.is_some() => {
            model.searching = Some(String::new());
            search_as_typed(model);
        }
        other => {
            if !tree(model, other) && model.editor.command(other) {
                model.unsaved_for = Duration::ZERO;
            }
        }
    }
    Vec::new()
}

/// The statement a request is about: that of the plan where a plan is looked at, else the one under the cursor.
fn statement(model: &Model) -> Option<(String, Option<usize>)> {
    let typed = || model.editor.statement(model.engine()).map(|(span, sql, _, _)| (sql, Some(span.start)));
    match model.view {
        View::Plan | View::Indexes | View::Compare => model
            .sheet()
            .and_then(|s| s.statement.clone())
            .map(|sql| {
                let start = model.editor.text().find(&sql);
                (sql, start)
            })
            .or_else(typed),
        View::Start => model.samples.get(model.sample).map(|s| (s.sql.clone(), None)).or_else(typed),
        View::Query => typed(),
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
    ask(model, kind, sql, start, then_advise, Confirmed::No)
}

fn ask(
    model: &mut Model,
    kind: WorkKind,
    sql: String,
    start: Option<usize>,
    then_advise: bool,
    confirmed: Confirmed,
) -> Vec<Effect> {
    let mut effects = cancel_quietly(model);
    effects.extend(keep_draft(model));
    model.error = None;
    model.editor.mark = None;
    let generation = begin(model, kind, sql.clone(), start, then_advise);
    effects.push(Effect::Explain { generation, sql, analyze: kind == WorkKind::Analyze, confirmed });
    effects
}

fn begin(model: &mut Model, kind: WorkKind, sql: String, start: Option<usize>, then_advise: bool) -> u64 {
    model.generation += 1;
    model.toast = None;
    model.help = None;
    model.searching = None;
    let generation = model.generation;
    model.work = Some(Work { kind, generation, elapsed: Duration::ZERO, progress: None, sql, start, then_advise });
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
    let Some(at) = model.sheets.iter().rposition(|s| s.live && s.statement.as_deref() == Some(sql.as_str())) else {
        // A plan comes first; the search goes on when it is there.
        return explain(model, WorkKind::Explain, true);
    };
    let mut effects = cancel_quietly(model);
    model.error = None;
    model.current = at;
    model.view = View::Indexes;
    model.editor.typing = false;
    let generation = begin(model, WorkKind::Advise, sql.clone(), start, false);
    if let Some(sheet) = model.sheet_mut() {
        sheet.advice = None;
        let (plan, catalog) = (Arc::clone(&sheet.plan), sheet.catalog.clone());
        effects.push(Effect::Advise { generation, sql, plan, catalog });
    }
    effects
}

fn cancel(model: &mut Model) -> Vec<Effect> {
    let effects = cancel_quietly(model);
    if !effects.is_empty() {
        model.say("cancelled; the server was told to stop");
    }
    if model.view == View::Indexes && model.advice().is_none() && model.sheet().is_some() {
        model.view = View::Plan;
    }
    effects
}

fn cancel_quietly(model: &mut Model) -> Vec<Effect> {
    model.work.take().map(|work| Effect::Cancel { generation: work.generation }).into_iter().collect()
}

fn reconnect(model: &mut Model) -> Vec<Effect> {
    if matches!(model.link, Link::None) {
        model.say("there is no server to connect to");
        return Vec::new();
    }
    let mut effects = cancel_quietly(model);
    model.link = Link::Connecting;
    model.error = None;
    effects.push(Effect::Connect);
    effects
}

pub(super) fn quit(model: &mut Model) -> Vec<Effect> {
    let mut effects = cancel_quietly(model);
    effects.extend(keep_draft(model));
    effects.push(Effect::Quit);
    effects
}

pub(super) fn keep_draft(model: &mut Model) -> Vec<Effect> {
    model.unsaved_for = Duration::ZERO;
    if std::mem::take(&mut model.editor.dirty) {
        vec![Effect::SaveDraft { text: model.editor.text() }]
    } else {
        Vec::new()
    }
}

fn copy(model: &mut Model, command: Command) -> Vec<Effect> {
    let proposal = model.advice().and_then(|a| a.selected());
    let found = match command {
        Command::CopyDdl => proposal.map(|p| ("the index", p.ddl.join("\n"))),
        Command::CopyUndo => proposal.map(|p| ("the undo", p.undo.join("\n"))),
        _ => statement(model).map(|(sql, _)| ("the query", sql)),
    };
    if let Some((what, text)) = found.filter(|(_, text)| !text.is_empty()) {
        return vec![Effect::Copy { what, text }];
    }
    model.say("there is nothing to copy");
    Vec::new()
}

fn accept(model: &mut Model) -> Vec<Effect> {
    if model.searching.take().is_some() {
        return Vec::new();
    }
    let Some(confirm) = model.confirm.take_if(|c| c.typed.trim() == Confirm::WORD) else {
        model.say(format!("type {} to go on, or Esc to leave it", Confirm::WORD));
        return Vec::new();
    };
    let kind = if confirm.analyze { WorkKind::Analyze } else { WorkKind::Explain };
    ask(model, kind, confirm.sql, confirm.start, confirm.then_advise, Confirmed::Yes)
}

fn leave(model: &mut Model) {
    if model.confirm.take().is_some() {
        model.say("not run");
    } else if model.help.take().is_some() {
    } else if model.searching.take().is_some() {
        if let Some(sheet) = model.sheet_mut() {
            let plan = Arc::clone(&sheet.plan);
            sheet.tree.find(&plan, "");
        }
    } else if model.error.take().is_some() {
    } else {
        model.editor.typing = false;
    }
}

fn back(model: &mut Model) {
    match model.view {
        View::Compare => model.view = View::Indexes,
        View::Indexes if model.advice().is_some_and(|a| a.in_detail) => {
            model.advice_mut().into_iter().for_each(|a| a.in_detail = false);
        }
        View::Indexes | View::Query if model.sheet().is_some() => model.view = View::Plan,
        View::Plan if model.sheet().is_some_and(|s| s.pane != Pane::Tree) => {
            model.sheet_mut().into_iter().for_each(|s| s.pane = Pane::Tree);
        }
        View::Plan if !model.editor.is_blank() || !matches!(model.link, Link::None) => model.view = View::Query,
        View::Query if !model.samples.is_empty() => model.view = View::Start,
        _ => model.say("q quits"),
    }
}

fn open(model: &mut Model) -> Vec<Effect> {
    match model.view {
        View::Start if !model.samples.is_empty() => {
            // The samples' server is our own: running the query there costs nobody anything and shows the truth.
            let own = matches!(&model.link, Link::Open(info) if info.embedded);
            return explain(model, if own { WorkKind::Analyze } else { WorkKind::Explain }, false);
        }
        View::Indexes => show_compare(model),
        View::Plan => {
            if let Some(sheet) = model.sheet_mut() {
                if sheet.pane == Pane::Findings {
                    sheet.go_to_finding();
                    sheet.pane = Pane::Tree;
                } else {
                    sheet.pane = Pane::Detail;
                }
            }
        }
        _ => {}
    }
    Vec::new()
}

fn take_sample(model: &mut Model) {
    if let Some(sample) = model.samples.get(model.sample) {
        let text = sample.sql.clone();
        model.editor.set_text(&text);
        model.view = View::Query;
        model.editor.typing = false;
    }
}

fn show_compare(model: &mut Model) {
    match model.advice_mut().map(super::advice::Advice::compare) {
        Some(true) => model.view = View::Compare,
        Some(false) => model.say("this one was not tried, so there are no plans to put side by side"),
        None => model.say("look for indexes first"),
    }
}

fn next_pane(model: &mut Model, forward: bool) {
    match model.view {
        View::Plan => {
            if let Some(sheet) = model.sheet_mut() {
                let panes = [Pane::Tree, Pane::Findings, Pane::Detail];
                let at = panes.iter().position(|p| *p == sheet.pane).unwrap_or(0);
                sheet.pane = panes[(at + if forward { 1 } else { 2 }) % 3];
            }
        }
        View::Indexes => model.advice_mut().into_iter().for_each(|a| a.in_detail = !a.in_detail),
        View::Compare => {
            if let Some(c) = model.advice_mut().and_then(|a| a.comparison.as_mut()) {
                c.side = if c.side == Side::Before { Side::After } else { Side::Before };
            }
        }
        View::Query => model.editor.typing = true,
        View::Start => {}
    }
}

fn other_plan(model: &mut Model, forward: bool) {
    let n = model.sheets.len();
    if n > 1 {
        model.current = (model.current + if forward { 1 } else { n - 1 }) % n;
    } else {
        model.say("there is one plan");
    }
}

/// Moves a cursor among `len` things.
fn moved(at: usize, by: isize, len: usize) -> usize {
    at.saturating_add_signed(by).min(len.saturating_sub(1))
}

/// Scrolls, never further than there is something to see.
fn scrolled(at: usize, by: isize, most: usize) -> usize {
    at.min(most).saturating_add_signed(by).min(most)
}

fn step(model: &mut Model, by: isize) {
    let most = model.extents.scroll;
    if let Some(help) = &mut model.help {
        *help = scrolled(*help, by, most);
        return;
    }
    match model.view {
        View::Start => model.sample = moved(model.sample, by, model.samples.len()),
        View::Query => {}
        View::Plan => {
            let Some(sheet) = model.sheet_mut() else { return };
            match sheet.pane {
                Pane::Tree => {
                    sheet.tree.step(by);
                    sheet.scroll = 0;
                }
                Pane::Findings => {
                    sheet.finding = moved(sheet.finding, by, sheet.findings.len());
                    sheet.go_to_finding();
                }
                Pane::Detail => sheet.scroll = scrolled(sheet.scroll, by, most),
            }
        }
        View::Indexes => {
            let Some(advice) = model.advice_mut() else { return };
            if advice.in_detail {
                advice.scroll = scrolled(advice.scroll, by, most);
            } else {
                advice.cursor = moved(advice.cursor, by, advice.proposals.len());
                advice.scroll = 0;
            }
        }
        View::Compare => in_comparison(model, |tree, _| tree.step(by)),
    }
}

/// Changes the tree of a comparison that has the keys; the other follows.
fn in_comparison(model: &mut Model, change: impl FnOnce(&mut super::TreeState, &crate::plan::Plan)) {
    let Some(advice) = model.advice_mut() else { return };
    let Some(comparison) = &mut advice.comparison else { return };
    let Some(tried) = advice.proposals.get(comparison.proposal).and_then(|p| p.tried.as_ref()) else { return };
    let plan = if comparison.side == Side::Before { &tried.before } else { &tried.after };
    change(comparison.active(), plan);
    comparison.follow(&tried.before, &tried.after);
}

/// Commands of trees; false when the command is none.
fn tree(model: &mut Model, command: Command) -> bool {
    let forward = matches!(command, Command::NextMatch | Command::NextFinding);
    let change = move |tree: &mut super::TreeState, plan: &crate::plan::Plan| match command {
        Command::Fold => tree.fold(plan),
        Command::Unfold => tree.unfold(plan),
        Command::ToggleFold => tree.toggle(plan),
        Command::FoldAll => tree.fold_all(plan, true),
        Command::UnfoldAll => tree.fold_all(plan, false),
        Command::NextMatch | Command::PreviousMatch => {
            let nodes = tree.matches().to_vec();
            tree.next_of(plan, &nodes, forward);
        }
        _ => {}
    };
    match command {
        Command::Fold
        | Command::Unfold
        | Command::ToggleFold
        | Command::FoldAll
        | Command::UnfoldAll
        | Command::NextMatch
        | Command::PreviousMatch => {
            if model.view == View::Compare {
                in_comparison(model, change);
            } else if let Some(sheet) = model.sheet_mut() {
                change(&mut sheet.tree, &sheet.plan);
                sheet.scroll = 0;
            }
        }
        Command::NextFinding | Command::PreviousFinding => {
            if let Some(sheet) = model.sheet_mut() {
                let n = sheet.findings.len();
                if n > 0 {
                    // The first press goes to the finding under the cursor, unless the tree is already there.
                    if sheet.tree.selected() == sheet.findings[sheet.finding.min(n - 1)].node {
                        sheet.finding = (sheet.finding + if forward { 1 } else { n - 1 }) % n;
                    }
                    sheet.go_to_finding();
                }
            }
        }
        _ => return false,
    }
    true
}

pub(super) fn search_as_typed(model: &mut Model) {
    let Some(text) = model.searching.clone() else { return };
    if model.view == View::Compare {
        in_comparison(model, |tree, plan| tree.find(plan, &text));
    } else if let Some(sheet) = model.sheet_mut() {
        sheet.tree.find(&sheet.plan, &text);
        sheet.scroll = 0;
    }
}
