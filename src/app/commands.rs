//! What commands do.

use std::{sync::Arc, time::Duration};

use super::{
    comparison::{self, Compared, Comparison},
    confirm::Going,
    faces::Face,
    invisible,
    line::LineEdit,
    lists, lit, looks,
    message::{Copied, Effect, Excerpt},
    methods,
    model::{Link, Model, Page, PageKind, View, WorkKind},
    mouse, moving, past,
    picker::{Picker, PickerKind, Value},
    prompt::{self, Prompt, PromptKind},
    requests, servers,
    sheet::Pane,
    statements, suggest, suppositions, trees, tries, views,
};
use crate::{advise::Farewell, keys::Command, sql};

pub(super) fn command(model: &mut Model, command: Command) -> Vec<Effect> {
    let before = views::before(model, command);
    let effects = dispatch(model, command);
    if command == Command::DeleteBack {
        suggest::renew(model);
    } else if !matches!(command, Command::Up | Command::Down) {
        model.completion = None;
    }
    views::after(model, before);
    effects
}

fn dispatch(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::Explain => return requests::explain(model, WorkKind::Explain, false),
        Command::Analyze => return requests::explain(model, WorkKind::Analyze, false),
        Command::FindIndexes => return requests::find_indexes(model),
        Command::Quit => return quit(model),
        Command::Cancel => return requests::cancel(model),
        Command::Reconnect => return requests::reconnect(model),
        Command::Suspend => return keep_draft(model).into_iter().chain([Effect::Suspend]).collect(),
        Command::CopyDdl | Command::CopyUndo | Command::CopyQuery => return copy(model, command),
        Command::CopyNode => return copy_plan(model, Excerpt::Node),
        Command::CopyPlan => return copy_plan(model, Excerpt::Text),
        Command::CopyPlanJson => return copy_plan(model, Excerpt::Json),
        Command::CopyPlanMarkdown => return copy_plan(model, Excerpt::Markdown),
        Command::CopyReport => return copy_plan(model, Excerpt::Report),
        Command::ToggleMouse => return mouse::toggle(model),
        Command::SaveReport => prompt::ask_report(model),
        Command::Complete => suggest::take(model),
        Command::Accept => return accept(model),
        Command::GenericPlan => return requests::generic(model),
        Command::Open => return open(model),
        Command::Help => toggle_page(model, PageKind::Help),
        Command::Messages => toggle_page(model, PageKind::Messages),
        Command::Palette => palette(model),
        Command::Leave => leave(model),
        Command::Back => back(model),
        Command::UndoView => views::undo(model),
        Command::Edit => model.editor.typing = true,
        Command::ShowQuery => {
            // From elsewhere to type, from the query itself to type as well.
            model.view = View::Query;
            model.editor.typing = true;
        }
        Command::ShowPlan if model.sheet().is_some() => model.view = View::Plan,
        Command::ShowPlan => model.say("no plan yet: explain a statement first"),
        Command::ShowIndexes => model.view = View::Indexes,
        Command::ShowCompare => comparison::show(model),
        Command::ShowHistory => {
            model.view = View::History;
            model.editor.typing = false;
        }
        Command::ChooseTheme => return vec![Effect::ListThemes],
        Command::ShowStatements => statements::show(model),
        Command::ShowConnections => return servers::show(model),
        Command::SearchHistory => past::search(model),
        Command::CompareWith => return past::compare(model),
        Command::Mark if model.view == View::Indexes => {
            if let Some(advice) = model.advice_mut() {
                advice.mark();
                moving::step(model, 1);
            }
        }
        Command::Mark => past::mark(model),
        Command::TryWithout => suppositions::choose(model),
        Command::WhatIf => suppositions::ask(model),
        Command::TryTogether => return tries::together(model),
        Command::BuildInvisible => invisible::ask(model),
        Command::Format => format(model),
        Command::OpenFile => model.prompt = Some(Prompt::new(PromptKind::Open, known_file(model))),
        Command::SaveFile => model.prompt = Some(Prompt::new(PromptKind::Save { replace: false }, known_file(model))),
        Command::EditOutside => return vec![Effect::EditOutside { text: model.editor.text() }],
        Command::TryIndex | Command::EditProposal => tries::ask(model, command == Command::EditProposal),
        Command::Note => note(model),
        Command::Yes | Command::No | Command::Tables | Command::Formulas => return tries::answer(model, command),
        Command::ChooseTrials => methods::choose(model),
        Command::ShowSamples => {
            model.view = View::Start;
            model.editor.typing = false;
        }
        Command::ShowTable => show_table(model),
        Command::CrossToQuery => lit::cross(model),
        Command::NextPane | Command::PreviousPane => moving::next_pane(model, command == Command::NextPane),
        Command::Up => moving::step(model, -1),
        Command::Down => moving::step(model, 1),
        Command::PageUp | Command::PageDown => {
            let page = isize::try_from(model.extents.page.max(2) - 1).unwrap_or(1);
            moving::step(model, if command == Command::PageUp { -page } else { page });
        }
        Command::First => moving::step(model, isize::MIN),
        Command::Last => moving::step(model, isize::MAX),
        Command::NextPlan | Command::PreviousPlan => moving::other_plan(model, command == Command::NextPlan),
        Command::NextFace | Command::PreviousFace => other_face(model, command == Command::NextFace),
        Command::ShowTree => show_face(model, Face::Tree),
        Command::ShowFlat => show_face(model, Face::Flat),
        Command::ShowSums => show_face(model, Face::Groups),
        Command::ShowFlame => show_face(model, Face::Flame),
        Command::ShowDocument => show_face(model, Face::Document),
        Command::SortNext | Command::SortReverse => {
            if !lists::sort(model, command == Command::SortReverse)
                && let Some(sheet) = model.sheet_mut()
            {
                sheet.show(Face::Flat);
                sheet.sort(command == Command::SortReverse);
            }
        }
        Command::Search => {
            let known = model.list().map(|list| list.filter.clone()).unwrap_or_default();
            model.searching = Some(LineEdit::new(known));
        }
        Command::DeleteBack if model.confirm.is_some() => {
            model.confirm.as_mut().and_then(|c| c.typed.pop());
        }
        Command::DeleteToStart | Command::DeleteWord if model.confirm.is_some() => {
            model.confirm.iter_mut().for_each(|c| c.typed.clear());
        }
        other => text(model, other),
    }
    Vec::new()
}

/// Commands of trees and of whatever text is being typed.
fn text(model: &mut Model, command: Command) {
    if let Some(prompt) = &mut model.prompt {
        prompt.line.command(command);
    } else if let Some(form) = &mut model.form {
        form.field().map(|field| field.line.command(command));
    } else if let Some(picker) = &mut model.picker {
        if picker.line.command(command) {
            picker.narrow();
        }
    } else if let Some(line) = &mut model.searching {
        if line.command(command) {
            trees::search_as_typed(model);
        }
    } else if !trees::command(model, command) && model.editor.command(command) {
        model.unsaved_for = Duration::ZERO;
    }
}

pub(super) fn quit(model: &mut Model) -> Vec<Effect> {
    let mut effects = requests::cancel_quietly(model);
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

fn copy_plan(model: &mut Model, excerpt: Excerpt) -> Vec<Effect> {
    let Some(copied) = copied(model, excerpt) else {
        model.say("there is no plan to copy");
        return Vec::new();
    };
    vec![Effect::CopyPlan(Box::new(copied))]
}

/// The plan shown, to be copied or written.
pub(super) fn copied(model: &Model, excerpt: Excerpt) -> Option<Copied> {
    let sheet = model.sheet()?;
    Some(Copied {
        excerpt,
        node: sheet.tree.selected(),
        plan: Arc::clone(&sheet.plan),
        findings: sheet.findings.clone(),
        proposals: sheet.advice.as_ref().map(|a| a.proposals.clone()).unwrap_or_default(),
        notes: sheet.notes.clone(),
    })
}

fn copy(model: &mut Model, command: Command) -> Vec<Effect> {
    let proposal = model.advice().and_then(|a| a.selected());
    let retired = model.comparison.as_ref().filter(|_| model.view == View::Compare).and_then(|c| match &c.of {
        Compared::Supposed(supposed) => Some(&supposed.farewells),
        _ => None,
    });
    let texts = |pick: fn(&Farewell) -> &Vec<String>| {
        retired.map(|all| script(&all.iter().flat_map(pick).cloned().collect::<Vec<String>>()))
    };
    let set = model.comparison.as_ref().filter(|_| model.view == View::Compare).and_then(Comparison::set);
    let found: Option<(String, String)> = match command {
        Command::CopyDdl if retired.is_some() => texts(|f| &f.ddl).map(|text| ("what drops it".into(), text)),
        Command::CopyUndo if retired.is_some() => texts(|f| &f.undo).map(|text| ("what brings it back".into(), text)),
        Command::CopyDdl if set.is_some() => {
            set.map(|set| (format!("the DDL of {} indexes", set.ddl.len()), script(&set.ddl)))
        }
        Command::CopyUndo if set.is_some() => {
            set.map(|set| (format!("the undo of {} indexes", set.undo.len()), script(&set.undo)))
        }
        Command::CopyDdl => proposal.map(|p| (format!("the DDL of {}", p.name), script(&p.ddl))),
        Command::CopyUndo => proposal.map(|p| (format!("the undo of {}", p.name), script(&p.undo))),
        _ => requests::statement(model).map(|(sql, _)| ("the query".to_owned(), sql)),
    };
    if let Some((what, text)) = found.filter(|(_, text)| !text.is_empty()) {
        return vec![Effect::Copy { what, text }];
    }
    model.say(if model.work.is_some() { "nothing to copy yet" } else { "there is nothing to copy" });
    Vec::new()
}

/// Statements as they are pasted into a client: each with its end, on a line of its own.
fn script(statements: &[String]) -> String {
    let ended = |statement: &String| format!("{};", statement.trim_end().trim_end_matches(';'));
    statements.iter().map(ended).collect::<Vec<_>>().join("\n")
}

fn accept(model: &mut Model) -> Vec<Effect> {
    if model.prompt.is_some() {
        return prompt::accept(model);
    }
    if model.form.is_some() {
        return requests::next_value(model);
    }
    if let Some(picker) = model.picker.take() {
        return picked(model, &picker);
    }
    if model.searching.take().is_some() {
        return Vec::new();
    }
    requests::confirm(model)
}

/// Does what was chosen.
fn picked(model: &mut Model, picker: &Picker) -> Vec<Effect> {
    let Some(item) = picker.selected() else {
        model.say("nothing answers to that");
        return Vec::new();
    };
    match item.value {
        Value::Command(chosen) => command(model, chosen),
        Value::Theme(at) => {
            looks::chosen(model, at);
            Vec::new()
        }
        Value::Trials(choice) => methods::chosen(model, choice),
        Value::Run(at) if picker.kind == PickerKind::Statements => {
            past::take_statement(model, at);
            Vec::new()
        }
        other => past::chosen(model, other),
    }
}

fn toggle_page(model: &mut Model, kind: PageKind) {
    model.page = match model.page {
        Some(Page { kind: open, .. }) if open == kind => None,
        _ => Some(Page { kind, scroll: 0 }),
    };
}

fn palette(model: &mut Model) {
    model.page = None;
    let places = model.places();
    model.picker = Some(Picker::palette(&places, &model.keymap));
}

fn leave(model: &mut Model) {
    if let Some(confirm) = model.confirm.take() {
        model.say(if matches!(confirm.going, Going::Build(_)) { "not built" } else { "not run" });
    } else if model.question.take().is_some()
        || model.prompt.take().is_some()
        || model.form.take().is_some()
        || model.picker.take().is_some()
        || model.page.take().is_some()
    {
    } else if model.searching.is_some() {
        trees::stop_search(model);
        model.searching = None;
    } else if model.completion.take().is_some() || model.error.take().is_some() {
    } else {
        model.editor.typing = false;
    }
}

fn back(model: &mut Model) {
    match model.view {
        View::Compare if model.comparison.as_ref().is_some_and(|c| c.proposal().is_some() || c.set().is_some()) => {
            model.view = View::Indexes;
        }
        View::Compare => model.view = if model.sheet().is_some() { View::Plan } else { View::History },
        View::Indexes if model.advice().is_some_and(|a| a.in_detail) => {
            model.advice_mut().into_iter().for_each(|a| a.in_detail = false);
        }
        View::Table => model.view = View::Plan,
        View::Statements => {
            model.view = View::Query;
            model.editor.typing = false;
        }
        View::Indexes | View::Query | View::History | View::Connections if model.sheet().is_some() => {
            model.view = View::Plan;
        }
        View::History | View::Connections if !matches!(model.link, Link::None) => {
            model.view = View::Query;
            model.editor.typing = true;
        }
        View::Connections => model.view = View::Start,
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
            return requests::explain(model, if own { WorkKind::Analyze } else { WorkKind::Explain }, false);
        }
        View::Indexes => comparison::show(model),
        View::Compare if model.comparison.is_some() => toggle_page(model, PageKind::Trial),
        View::History => return past::open(model),
        View::Statements => statements::open(model),
        View::Connections => return servers::connect(model),
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

fn show_table(model: &mut Model) {
    let Some(sheet) = model.sheet() else { return };
    if sheet.table_of(sheet.tree.selected()).is_some() {
        model.view = View::Table;
        model.table_scroll = 0;
    } else if sheet.catalog.is_none() {
        model.say("what a server knows of its tables comes with a plan explained there (r)");
    } else {
        model.say("this node is about no table that the catalog has");
    }
}

fn show_face(model: &mut Model, face: Face) {
    if let Some(sheet) = model.sheet_mut() {
        sheet.show(face);
    }
}

fn other_face(model: &mut Model, forward: bool) {
    let n = Face::ALL.len();
    let shown = model.sheet().map(|s| s.faces.face).unwrap_or_default();
    let at = Face::ALL.iter().position(|face| *face == shown).unwrap_or(0);
    show_face(model, Face::ALL[(at + if forward { 1 } else { n - 1 }) % n]);
}

pub(super) fn take_sample(model: &mut Model) {
    if let Some(sample) = model.samples.get(model.sample) {
        let text = sample.sql.clone();
        model.editor.set_text(&text);
        model.view = View::Query;
        model.editor.typing = false;
    }
}

fn known_file(model: &Model) -> String {
    model.file.as_ref().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Lays the statement under the cursor out anew.
fn format(model: &mut Model) {
    let engine = model.engine();
    if model.view != View::Query {
        model.view = View::Query;
    }
    let Some((span, text, _, _)) = model.editor.statement(engine) else {
        model.say("there is nothing to format");
        return;
    };
    let formatted = sql::format(&text, engine);
    if formatted == text {
        model.say("it is laid out so already");
        return;
    }
    model.editor.replace(span, &formatted);
    model.unsaved_for = Duration::ZERO;
    model.say("formatted; undo brings it back");
}

fn note(model: &mut Model) {
    let Some(sheet) = model.sheet() else { return };
    let id = sheet.tree.selected();
    let text = sheet.notes.get(&id.0).cloned().unwrap_or_default();
    model.prompt = Some(Prompt::new(PromptKind::Note(id), text));
}
