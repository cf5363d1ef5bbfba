//! Every command of the table, by its keys: what is pressed and what comes of it.

use std::{collections::BTreeSet, fmt::Write as _, path::PathBuf};

use whyslow::{
    app::{Effect, Excerpt, Face, Link, PageKind, Pane, Setup, SortBy, View},
    keys::{COMMANDS, Command, Key, Keymap, Place, sequence},
    plan::{Engine, NodeId},
    server::{ErrorKind, ServerError},
    whatif::Method,
};

use super::{Harness, answers};

fn sql() -> String {
    answers::fixture("open-orders.sql").trim().to_owned()
}

fn connected() -> Harness {
    Harness::connected(&sql())
}

/// The query not being typed, three statements in it.
fn query() -> Harness {
    Harness::connected("select 1;\nselect 2").keys("<esc>")
}

/// A measured plan, the cursor on the node of its finding.
fn plan() -> Harness {
    connected().size(120, 40).keys("<F6>")
}

/// Proposals.
fn indexes() -> Harness {
    connected().size(120, 40).keys("<F7>")
}

/// Proposals on a server that has invisible indexes.
fn mysql_indexes() -> Harness {
    indexes().on_mysql()
}

/// Two runs, one explained and one measured, seen as a list.
fn history() -> Harness {
    connected().size(120, 40).keys("<F5>a5")
}

fn confirming() -> Harness {
    connected().refuse(ServerError::new(ErrorKind::NeedsConfirmation, "measuring", "it writes")).keys("<F6>")
}

fn selected(screen: &Harness) -> NodeId {
    screen.model.sheet().unwrap().tree.selected()
}

fn rows(screen: &Harness) -> usize {
    screen.model.sheet().unwrap().tree.rows().len()
}

fn face(screen: &Harness) -> Face {
    screen.model.sheet().unwrap().faces.face
}

fn text(screen: &Harness) -> String {
    screen.model.editor.text()
}

fn asked(screen: &Harness) -> Vec<&'static str> {
    let name = |effect: &Effect| match effect {
        Effect::Explain { analyze: false, .. } => Some("explain"),
        Effect::Explain { .. } => Some("analyze"),
        Effect::Advise { .. } => Some("advise"),
        Effect::TryIndex { .. } => Some("try"),
        Effect::BuildIndex { .. } => Some("build"),
        Effect::Cancel { .. } => Some("cancel"),
        Effect::Connect => Some("connect"),
        Effect::Suspend => Some("suspend"),
        Effect::Quit => Some("quit"),
        Effect::OpenFile { .. } => Some("open"),
        Effect::SaveFile { .. } => Some("save"),
        Effect::LoadPlan { .. } => Some("load"),
        Effect::SaveNotes { .. } => Some("notes"),
        Effect::EditOutside { .. } => Some("edit"),
        Effect::SaveReport { .. } => Some("report"),
        _ => None,
    };
    screen.effects.iter().filter_map(name).collect()
}

/// Themes that were shown, in order; an empty name is the one it began with.
fn themes(screen: &Harness) -> Vec<&str> {
    let mut shown = Vec::new();
    for effect in &screen.effects {
        if let Effect::ShowTheme { name } = effect {
            shown.push(name.as_deref().unwrap_or_default());
        }
    }
    shown
}

fn copied(screen: &Harness) -> &str {
    match screen.effects.iter().rev().find_map(|e| if let Effect::Copy { text, .. } = e { Some(text) } else { None }) {
        Some(text) => text,
        None => panic!("nothing was copied"),
    }
}

fn excerpt(screen: &Harness) -> (Excerpt, NodeId) {
    match screen.last() {
        Effect::CopyPlan(copied) => (copied.excerpt, copied.node),
        other => panic!("{other:?}"),
    }
}

/// A command, the screen it is tried on, the keys, and what must be so afterwards.
type Case = (Command, fn() -> Harness, &'static str, fn(&Harness) -> bool);

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    use Command as C;
    vec![
        (C::Explain, connected, "<F5>", |s| asked(s).ends_with(&["explain"]) && s.model.view == View::Plan),
        (C::Analyze, connected, "<esc>a", |s| asked(s).ends_with(&["analyze"]) && s.model.sheet().unwrap().plan.analyzed),
        (C::FindIndexes, plan, "x", |s| asked(s).ends_with(&["advise"]) && s.model.view == View::Indexes),
        (C::Help, plan, "?", |s| s.model.page.is_some_and(|p| p.kind == PageKind::Help)),
        (C::Palette, plan, ":flame<ret>", |s| face(s) == Face::Flame && s.model.picker.is_none()),
        (C::ChooseTheme, plan, ":theme<ret>no<ret>", |s| themes(s) == ["dark", "nord"] && s.text().contains("theme nord")),
        (C::Messages, indexes, ":messages<ret>", |s| s.text().contains("Messages") && s.text().contains("1 of 3 proved")),
        (C::UndoView, plan, "G-u", |s| rows(s) == 6 && selected(s) == NodeId(5)),
        (C::Quit, plan, "q", |s| asked(s).ends_with(&["quit"])),
        (C::Cancel, || connected().hold().keys("<F6>"), "<esc>", |s| asked(s).ends_with(&["cancel"]) && s.model.work.is_none()),
        (C::ShowQuery, plan, "1", |s| s.model.view == View::Query && s.model.editor.typing),
        (C::ShowPlan, || plan().keys("1<esc>"), "2", |s| s.model.view == View::Plan),
        (C::ShowIndexes, plan, "3", |s| s.model.view == View::Indexes && s.text().contains("Press x")),
        (C::CopyNode, plan, "gjY", |s| excerpt(s) == (Excerpt::Node, NodeId(1))),
        (C::CopyPlan, plan, ":copy-plan<ret>", |s| excerpt(s).0 == Excerpt::Text),
        (C::CopyPlanMarkdown, plan, ":copy-plan-markdown<ret>", |s| excerpt(s).0 == Excerpt::Markdown),
        (C::CopyPlanJson, plan, ":copy-plan-json<ret>", |s| excerpt(s).0 == Excerpt::Json),
        (C::CopyReport, indexes, "<ctrl-y>", |s| excerpt(s).0 == Excerpt::Report),
        (C::ShowCompare, indexes, "4", |s| s.model.view == View::Compare && s.model.comparison.is_some()),
        (C::ShowHistory, plan, "5", |s| s.model.view == View::History && s.text().contains("SELECT o.id")),
        (C::ShowStatements, query, "6", |s| s.model.view == View::Statements && s.text().contains("Statements 2")),
        (C::ShowConnections, plan, "7", |s| s.model.view == View::Connections && s.text().contains("ann@mysql.example:3306/orders")),
        (C::SearchHistory, || plan().keys("1<ctrl-end> -- more"), "<ctrl-r>open<ret>", |s| text(s) == sql()),
        (C::CompareWith, || plan().keys("r"), "C<ret>", |s| s.model.view == View::Compare && s.text().contains("before, 72 ms")),
        (C::Mark, history, "<space>", |s| s.model.past.marked == Some(1)),
        (C::BuildInvisible, mysql_indexes, "Bbuild<ret>", |s| asked(s).ends_with(&["build"]) && s.model.confirm.is_none()),
        (C::TryTogether, indexes, "<space><space>t", |s| {
            s.model.view == View::Compare && s.text().contains("2 indexes together") && s.text().contains("not used  ·  orders (created)")
        }),
        (C::TryWithout, plan, "D<ret>", |s| {
            s.model.view == View::Compare && s.text().contains("without orders_pkey") && s.text().contains("enforces the primary key")
        }),
        (C::WhatIf, plan, "Wwork_mem=64MB<ret>", |s| matches!(s.effects.iter().rev().find(|e| matches!(e, Effect::Suppose { .. })), Some(Effect::Suppose { .. }))),
        (C::Format, connected, "<F8>", |s| text(s).starts_with("SELECT\n") && s.model.editor.typing),
        (C::OpenFile, || connected().file("q.sql", "select 42\n"), "<ctrl-o>q.sql<ret>", |s| text(s) == "select 42"),
        (C::SaveFile, || connected().file("q.sql", "old"), "<ctrl-s>q.sql<ret><ret>", |s| asked(s).ends_with(&["save", "save"]) && s.model.prompt.is_none()),
        (C::SaveReport, || plan().file("p.html", "old"), "<ctrl-s><ctrl-u>p.html<ret><ret>", |s| asked(s).ends_with(&["report", "report"]) && s.model.prompt.is_none() && s.text().contains("saved to p.html")),
        (C::ToggleMouse, plan, "<F3>", |s| matches!(s.last(), Effect::TakeMouse(true)) && s.model.mouse),
        (C::EditOutside, || connected().keys("<esc>"), "<alt-e>", |s| text(s).ends_with("-- seen outside")),
        (C::TryIndex, indexes, "i<ctrl-u>orders (total desc)<ret>", |s| asked(s).ends_with(&["try"]) && s.text().contains("orders (total desc)")),
        (C::EditProposal, indexes, "e<backspace>, total)<ret>", |s| s.text().contains("orders (status, created, total)")),
        (C::Note, plan, "Aask ann<ret>", |s| asked(s).ends_with(&["notes"]) && s.text().contains("ask ann")),
        (C::Yes, || indexes_on_mysql(), "y", |s| s.model.allow.temporary_tables && asked(s).ends_with(&["advise"])),
        (C::Yes, || indexes_on_mysql(), "y", |s| s.model.allow.reads.rows),
        (C::Tables, || indexes_on_mysql(), "t", |s| s.model.allow.temporary_tables && !s.model.allow.reads.rows && asked(s).ends_with(&["advise"])),
        (C::Formulas, || indexes_on_mysql(), "c", |s| s.model.allow.method == Method::Calculated && s.model.allow.reads.rows && !s.model.allow.temporary_tables),
        (C::Formulas, || indexes_on_mysql().keys("c<F2>choose by which<ret>"), "t", |s| s.model.allow.method == Method::Auto && !s.model.allow.reads.rows),
        (C::ChooseTrials, || indexes_on_mysql().keys("n"), "<F2>choose by which<ret>", |s| s.model.question.is_some()),
        (C::No, || indexes_on_mysql(), "n", |s| !s.model.allow.temporary_tables && asked(s).ends_with(&["advise"])),
        (C::ShowSamples, || Harness::new(samples()).keys("1<esc>"), "0", |s| s.model.view == View::Start),
        (C::NextPane, plan, "<tab>", |s| s.model.sheet().unwrap().pane == Pane::Findings),
        (C::PreviousPane, plan, "<backtab>", |s| s.model.sheet().unwrap().pane == Pane::Detail),
        (C::Back, plan, "3<esc>", |s| s.model.view == View::Plan),
        (C::Reconnect, plan, "R", |s| asked(s).ends_with(&["connect"]) && matches!(s.model.link, Link::Open(_))),
        (C::Suspend, plan, "<ctrl-z>", |s| asked(s).ends_with(&["suspend"])),
        (C::Up, plan, "Gk", |s| selected(s) == NodeId(4)),
        (C::Down, plan, "gj", |s| selected(s) == NodeId(1)),
        (C::PageUp, || plan().keys("G"), "<pageup>", |s| selected(s) == NodeId(0)),
        (C::PageDown, || plan().keys("g"), "<pagedown>", |s| selected(s) == NodeId(5)),
        (C::First, plan, "g", |s| selected(s) == NodeId(0)),
        (C::Last, plan, "G", |s| selected(s) == NodeId(5)),
        (C::Open, plan, "<tab><ret>", |s| s.model.sheet().unwrap().pane == Pane::Tree),
        (C::Edit, query, "i", |s| s.model.editor.typing),
        (C::Fold, plan, "gjh", |s| rows(s) == 2),
        (C::Unfold, plan, "gjhl", |s| rows(s) == 6),
        (C::ToggleFold, plan, "gj<space>", |s| rows(s) == 2),
        (C::FoldAll, plan, "-", |s| rows(s) == 2),
        (C::UnfoldAll, plan, "-+", |s| rows(s) == 6),
        (C::ParentNode, plan, "GH", |s| selected(s) == NodeId(1)),
        (C::NextSibling, plan, "gjjJ", |s| selected(s) == NodeId(5)),
        (C::PreviousSibling, plan, "GK", |s| selected(s) == NodeId(2)),
        // Who gathers waited for the scan, and the others take less than is worth naming.
        (C::NextSlowest, plan, "gs", |s| selected(s) == NodeId(4)),
        (C::NextSlowest, plan, "gss", |s| selected(s) == NodeId(4)),
        (C::NextMisestimate, plan, "gm", |s| selected(s) == NodeId(1)),
        (C::NextFace, plan, "v", |s| face(s) == Face::Flat),
        (C::PreviousFace, plan, "V", |s| face(s) == Face::Document),
        (C::ShowTree, plan, "v:view-tree<ret>", |s| face(s) == Face::Tree),
        (C::ShowFlat, plan, ":view-table<ret>", |s| face(s) == Face::Flat),
        (C::ShowSums, plan, ":view-sums<ret>", |s| face(s) == Face::Groups),
        (C::ShowFlame, plan, ":view-flame<ret>", |s| face(s) == Face::Flame),
        (C::ShowDocument, plan, ":view-text<ret>", |s| face(s) == Face::Document),
        (C::SortNext, plan, "vo", |s| s.model.sheet().unwrap().faces.flat.by == SortBy::Total),
        (C::SortReverse, plan, "vO", |s| s.model.sheet().unwrap().faces.flat.reversed),
        (C::ShowTable, plan, "t", |s| s.model.view == View::Table && s.text().contains("orders_pkey")),
        (C::CrossToQuery, plan, "w", |s| s.model.view == View::Query && s.model.editor.cursor() == (1, 5)),
        (C::Search, plan, "/customers<ret>", |s| selected(s) == NodeId(5)),
        (C::NextMatch, plan, "/scan<ret>gn", |s| selected(s) == NodeId(4)),
        (C::PreviousMatch, plan, "/scan<ret>gN", |s| selected(s) == NodeId(5)),
        (C::NextFinding, plan, "g]", |s| selected(s) == NodeId(4)),
        (C::PreviousFinding, plan, "g[", |s| selected(s) == NodeId(4)),
        (C::NextPlan, || plan().keys("r<lt>"), ">", |s| s.model.current == 1),
        (C::PreviousPlan, || plan().keys("r"), "<lt>", |s| s.model.current == 0),
        (C::CopyDdl, indexes, "<space><space>ty", |s| copied(s).matches(";\nCREATE INDEX").count() == 1 && copied(s).ends_with(';')),
        (C::CopyUndo, indexes, "Y", |s| copied(s).starts_with("DROP INDEX")),
        (C::CopyQuery, plan, "y", |s| copied(s) == sql()),
        (C::Accept, confirming, "run<ret>", |s| asked(s).ends_with(&["analyze", "analyze"])),
        (C::GenericPlan, || Harness::connected(&format!("{} -- $1", sql()).replace("'open'", "$1").replace(" -- $1", "")).hold(), "<F5><ctrl-g>",
            |s| matches!(s.last(), Effect::Explain { generic: true, sql, .. } if sql.contains("$1"))),
        (C::Complete, || Harness::connected("").names(), "select * from ord<tab> where to<tab>", |s| text(s) == "select * from orders where total"),
        (C::Leave, confirming, "ru<esc>", |s| s.model.confirm.is_none()),
    ]
}

/// The same of what is typed.
#[rustfmt::skip]
fn typing() -> Vec<Case> {
    use Command as C;
    vec![
        (C::NewLine, connected, "<ret>x", |s| text(s).starts_with("\nx")),
        (C::Indent, connected, "<tab>", |s| text(s).starts_with("  SELECT")),
        (C::DeleteBack, connected, "<ctrl-end><backspace>", |s| text(s).ends_with("LIMIT 2")),
        (C::DeleteNext, connected, "<del>", |s| text(s).starts_with("ELECT")),
        (C::DeleteWord, connected, "<ctrl-end><ctrl-w>", |s| text(s).ends_with("LIMIT ")),
        (C::DeleteNextWord, connected, "<alt-d>", |s| text(s).starts_with(" o.id")),
        (C::DeleteToEnd, connected, "<ctrl-k>", |s| text(s).starts_with("\nFROM")),
        (C::DeleteToStart, connected, "<end><ctrl-u>", |s| text(s).starts_with("\nFROM")),
        (C::Undo, connected, "<home>x<ctrl-z>", |s| text(s) == sql()),
        (C::Redo, connected, "<home>x<ctrl-z><ctrl-y>", |s| text(s).starts_with("xSELECT")),
        (C::CharLeft, connected, "<right><right><left>", |s| s.model.editor.cursor() == (0, 1)),
        (C::CharRight, connected, "<right>", |s| s.model.editor.cursor() == (0, 1)),
        (C::LineUp, connected, "<down><up>", |s| s.model.editor.cursor() == (0, 0)),
        (C::LineDown, connected, "<down>", |s| s.model.editor.cursor() == (1, 0)),
        (C::WordLeft, connected, "<end><ctrl-left>", |s| s.model.editor.cursor().1 > 20),
        (C::WordRight, connected, "<ctrl-right>", |s| s.model.editor.cursor() == (0, 7)),
        (C::LineStart, connected, "<end><home>", |s| s.model.editor.cursor() == (0, 0)),
        (C::LineEnd, connected, "<end>", |s| s.model.editor.cursor() == (0, 28)),
        (C::TextStart, connected, "<ctrl-end><ctrl-home>", |s| s.model.editor.cursor() == (0, 0)),
        (C::TextEnd, connected, "<ctrl-end>", |s| s.model.editor.cursor() == (5, 8)),
    ]
}

/// Three statements: one that reads, one that writes, and one that is no query.
fn statements() -> Harness {
    let text = format!("{};\n\ndelete from orders where id = 1;\ncreate index on orders (total)", sql());
    Harness::connected(&text).size(120, 40).keys("<home><F5>6")
}

fn connections() -> Harness {
    connected().size(120, 40).keys("<F6>7")
}

fn samples() -> Setup {
    Setup { connect: true, place: "demo".into(), samples: answers::samples(), ..Setup::default() }
}

/// A MySQL server that was asked for indexes, waiting for an answer about temporary tables.
fn indexes_on_mysql() -> Harness {
    let mut screen = plan();
    if let Link::Open(info) = &mut screen.model.link {
        info.engine = Engine::MySql;
    }
    let screen = screen.keys("x");
    assert!(screen.text().contains("temporary tables"), "{}", screen.text());
    screen
}

#[test]
fn every_command_of_the_table_does_what_it_says() {
    let mut wrong = String::new();
    for (command, start, keys, holds) in cases().into_iter().chain(typing()) {
        let screen = start().keys(keys);
        if !holds(&screen) {
            let _ = writeln!(wrong, "{command:?} by {keys}\n{:?}\n{}", asked(&screen), screen.text());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn no_command_is_without_a_test() {
    let tried: BTreeSet<String> = cases().iter().chain(&typing()).map(|case| format!("{:?}", case.0)).collect();
    let all: BTreeSet<String> = COMMANDS.iter().map(|binding| format!("{:?}", binding.command)).collect();
    assert_eq!(all.difference(&tried).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// Keys at random, anywhere: nothing panics, and whatever stands in front can be left.
#[test]
fn no_sequence_of_keys_breaks_the_screen() {
    let keys: Vec<Key> = COMMANDS
        .iter()
        .filter(|b| !matches!(b.command, Command::Quit | Command::Suspend))
        .flat_map(|b| b.keys.iter().filter_map(|k| k.parse().ok()))
        .chain(sequence("orders (a) 12 'x").unwrap())
        .collect();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut screen = connected().file("x", "select 1").lenient();
    for round in 0..400_u32 {
        for _ in 0..6 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let key = keys[usize::try_from(seed >> 33).unwrap() % keys.len()];
            if let Some(message) = whyslow::app::on_key(&screen.model, key) {
                screen.send(message);
            }
        }
        let (width, height) = [(80, 24), (40, 10), (200, 60)][round as usize % 3];
        screen = screen.size(width, height);
        assert_eq!(screen.text().lines().count(), usize::from(height));
    }
    for _ in 0..6 {
        screen = screen.keys("<esc>");
    }
    assert_eq!(screen.model.places().last(), Some(&Place::Always), "{:?}", screen.model.places());
}

#[test]
fn a_key_bound_otherwise_works_and_help_and_hints_tell_it() {
    let wish = whyslow::keys::Wish { command: "find-indexes".into(), keys: vec!["I".into(), "F9".into()] };
    let (keymap, said) = Keymap::new(&[wish]);
    assert_eq!(said, Vec::<String>::new());
    let setup = Setup { connect: true, draft: Some(sql()), keymap, ..Setup::default() };
    let screen = Harness::new(setup).size(120, 40).keys("<F6>");
    assert!(screen.text().contains("I find indexes"), "{}", screen.text());
    let screen = screen.keys("x");
    assert_eq!(screen.model.view, View::Plan);
    assert!(screen.keys("I?").text().contains("F9"));
}

#[test]
fn the_line_of_hints_fits_at_every_width() {
    let starts: [fn() -> Harness; 8] =
        [connected, plan, indexes, history, statements, connections, || plan().keys("?"), || plan().keys(":")];
    for start in starts {
        let mut screen = start();
        for width in [40, 43, 47, 52, 58, 63, 64, 71, 80, 89, 97, 110, 133] {
            screen = screen.size(width, 24);
            let text = screen.text();
            let last = text.lines().last().unwrap();
            let shown = last.trim_end();
            assert!(unicode_width::UnicodeWidthStr::width(shown) <= usize::from(width), "{width}: {shown}");
            let hints = screen.model.keymap.hints(&screen.model.places());
            // The last one is whole.
            assert!(
                shown.is_empty()
                    || hints.iter().any(|(_, hint, _)| shown.ends_with(hint))
                    || screen.model.toast.is_some(),
                "{width}: {shown}"
            );
        }
    }
}

#[test]
fn help_begins_with_what_works_here() {
    let text = plan().size(80, 24).keys("?").text();
    let at = |words: &str| text.find(words).unwrap_or(usize::MAX);
    assert!(at("Plan tree") < at("Elsewhere") && at("Plan tree") != usize::MAX, "{text}");
    let text = connected().size(80, 24).keys("<F1>").text();
    assert!(text.contains("Typing the query"), "{text}");
}

#[test]
fn a_warning_is_shown_and_kept_among_the_messages() {
    let mut screen = connected();
    screen.send(whyslow::app::Message::Warn("the password file is ignored: others may read it".into()));
    screen.send(whyslow::app::Message::Say("something small".into()));
    assert!(screen.text().contains("▲ the password file is ignored"), "{}", screen.text());
    let screen = screen.keys("<esc>:messages<ret>");
    assert!(screen.text().contains("something small") && screen.text().contains("is ignored"), "{}", screen.text());
}

#[test]
fn parameters_are_asked_for_and_remembered_and_the_error_is_marked_where_it_was_typed() {
    let typed = sql().replace("'open'", ":status");
    let screen = Harness::connected(&typed).keys("<F5>");
    assert!(screen.text().contains(":status"), "{}", screen.text());
    let screen = screen.keys("<ret>");
    assert!(screen.model.form.is_some(), "no value is no value");
    let screen = screen.keys("open<ret>");
    assert_eq!(screen.model.view, View::Plan);
    let Some(Effect::Explain { sql: sent, .. }) =
        screen.effects.iter().rev().find(|e| matches!(e, Effect::Explain { .. }))
    else {
        panic!("nothing was asked");
    };
    assert_eq!(*sent, sql());
    // From the plan its values are known; from the query they stand there already.
    let screen = screen.keys("r");
    assert!(screen.model.form.is_none() && screen.model.sheets.len() == 2);
    let screen = screen.keys("1<F5>");
    assert_eq!(screen.model.form.as_ref().unwrap().fields[0].line.text(), "open");
    let mut error = ServerError::new(ErrorKind::Statement, "explaining", "column \"totl\" does not exist");
    error.position = Some(sql().find("ORDER").unwrap() + 1);
    let screen = screen.refuse(error).keys("<ret>");
    assert_eq!(screen.model.editor.mark, Some((4, 0)));
}

#[test]
fn an_index_typed_wrong_says_what_is_wrong_and_what_was_typed_stays() {
    let screen = indexes().keys("i<ctrl-u>orders (stats)<ret>");
    assert!(screen.text().contains("orders has no column stats"), "{}", screen.text());
    assert_eq!(screen.model.prompt.as_ref().unwrap().line.text(), "orders (stats)");
    let screen = screen.keys("<ctrl-u>nosuch (a)<ret>");
    assert!(screen.text().contains("reads no table nosuch"), "{}", screen.text());
}

#[test]
fn a_file_that_is_there_is_replaced_only_after_a_second_enter() {
    let screen = connected().file("q.sql", "old").keys("<ctrl-s>q.sql<ret>");
    assert!(screen.text().contains("Enter replaces it"), "{}", screen.text());
    let saved = |s: &Harness| {
        s.effects
            .iter()
            .filter_map(|e| {
                if let Effect::SaveFile { replace, path, .. } = e { Some((*replace, path.clone())) } else { None }
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(saved(&screen), [(false, PathBuf::from("q.sql"))]);
    let screen = screen.keys("<ret>");
    assert_eq!(saved(&screen).last(), Some(&(true, PathBuf::from("q.sql"))));
    let screen = screen.keys("<ctrl-s><ret>");
    assert_eq!(saved(&screen).len(), 3, "the same file again needs no question");
    assert!(screen.model.prompt.is_none());
}

#[test]
fn two_runs_of_the_history_are_compared() {
    let screen = history().keys("<space>jC");
    assert_eq!(screen.model.view, View::Compare);
    assert!(screen.text().contains("differ"), "{}", screen.text());
    let screen = screen.keys("<esc>");
    assert_eq!(screen.model.view, View::Plan);
    let screen = history().keys("/nothing like it<ret>");
    assert!(screen.text().contains("Nothing holds that"), "{}", screen.text());
}

#[test]
fn the_faces_of_a_plan_keep_the_same_node() {
    let mut screen = plan();
    for _ in 0..5 {
        let before = selected(&screen);
        screen = screen.keys("v");
        assert_eq!(selected(&screen), before, "{:?}", face(&screen));
        let screen_now = screen.text();
        assert!(screen_now.contains(["Plan", "Table", "Sums", "Flame", "Text"][face_number(&screen)]), "{screen_now}");
        screen = screen.keys("kj");
    }
    let screen = plan().keys(":view-text<ret>gjjjjjjjjjjjjjjjjjjjj");
    let sheet = screen.model.sheet().unwrap();
    let line = sheet.plan.node(selected(&screen)).line.unwrap() as usize;
    assert!(line <= sheet.faces.document.cursor + 1, "{line} {}", sheet.faces.document.cursor);
    let screen = plan().keys("g:view-sums<ret>");
    assert_eq!(screen.model.sheet().unwrap().faces.groups.cursor, first_group_of_root(&screen));
    let screen = screen.keys("gj");
    let groups = &screen.model.sheet().unwrap().faces.groups;
    assert_eq!((groups.cursor, selected(&screen)), (1, groups.all()[1].most));
}

fn face_number(screen: &Harness) -> usize {
    Face::ALL.iter().position(|f| *f == face(screen)).unwrap()
}

fn first_group_of_root(screen: &Harness) -> usize {
    let groups = &screen.model.sheet().unwrap().faces.groups;
    groups.all().iter().position(|g| g.nodes.contains(&NodeId::ROOT)).unwrap()
}

#[test]
fn a_place_in_the_query_leads_to_its_node() {
    let screen = plan().keys("1<ctrl-home><down><down><ctrl-right><esc>w");
    assert_eq!((screen.model.view, selected(&screen)), (View::Plan, NodeId(5)));
}

#[test]
fn statements_of_the_text_are_listed_with_what_they_do_and_what_is_known_of_their_plans() {
    let screen = statements();
    let text = screen.text();
    for words in ["1     1  reads", "2     8  writes", "3     9  defines", "7,553", "only reads"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let chosen = |s: &Harness| s.model.statements.selected().map(|s| s.number);
    assert_eq!(chosen(&screen), Some(1));
    let screen = screen.keys("j");
    assert!(screen.text().contains("DELETE: changes rows"), "{}", screen.text());
    // Enter goes to it in the query; there the list begins with it.
    let screen = screen.keys("<ret>");
    assert_eq!((screen.model.view, screen.model.editor.cursor()), (View::Query, (7, 0)));
    let screen = screen.keys("<esc>6");
    assert_eq!(chosen(&screen), Some(2));
    // Filter, order, and what is done is done to the one chosen.
    let screen = screen.keys("/index<ret>");
    assert_eq!((screen.model.statements.list.shown().len(), chosen(&screen)), (1, Some(3)));
    let screen = screen.keys("/<esc>ooo");
    assert_eq!(screen.model.statements.order(), "what they do");
    assert_eq!(chosen(&screen), Some(3), "what cannot be explained is worst");
    let screen = screen.keys("O");
    assert_eq!(chosen(&screen), Some(1));
    let screen = screen.hold().keys("jr");
    assert!(matches!(screen.last(), Effect::Explain { sql, .. } if sql.starts_with("delete")), "{:?}", screen.last());
}

#[test]
fn another_server_is_chosen_and_takes_the_place_of_the_first() {
    let screen = connections();
    assert!(screen.text().contains("this is the server that statements go to"), "{}", screen.text());
    let screen = screen.keys("o");
    assert!(screen.text().contains("postgers:// is not a scheme"), "{}", screen.text());
    let screen = screen.keys("/mysql<ret>");
    assert_eq!(screen.model.servers.list.shown().len(), 1);
    let screen = screen.keys("<ret>");
    assert!(screen.effects.iter().any(|e| matches!(e, Effect::GoTo { address } if address.contains("mysql"))));
    assert_eq!((screen.model.place.as_str(), screen.model.view), ("ann@mysql.example:3306/orders", View::Query));
    // The query comes along; what was run on the first server is not offered here, and its plan stays to be looked at.
    assert_eq!(text(&screen), sql());
    assert!(screen.model.past.runs.is_empty() && screen.model.sheets.iter().all(|s| !s.live));
    assert_eq!(screen.model.values.get("x").map(String::as_str), Some("1"));
    assert!(matches!(screen.model.link, Link::Open(_)));
    // A wrong one only says why.
    let screen = connections().keys("/old<ret><ret>");
    assert!(screen.text().contains("is not a scheme known here"), "{}", screen.text());
    assert!(!screen.effects.iter().any(|e| matches!(e, Effect::GoTo { .. })));
}

#[test]
fn a_password_that_is_wanted_is_asked_for_and_never_shown() {
    let mut screen = connected();
    let refused = ServerError::new(ErrorKind::Authentication, "connecting", "the server asks for a password");
    screen.send(whyslow::app::Message::PasswordWanted(Box::new(refused)));
    let screen = screen.keys("s3cret");
    assert!(screen.text().contains("******") && !screen.text().contains("s3cret"), "{}", screen.text());
    let screen = screen.keys("<ret>");
    let sent = screen.effects.iter().any(|e| matches!(e, Effect::Password(_)));
    assert!(sent && asked(&screen).ends_with(&["connect"]));
    assert!(!format!("{:?}", screen.effects).contains("s3cret"));
}

#[test]
fn a_theme_is_seen_under_the_cursor_and_taken_back_when_none_is_chosen() {
    let screen = plan().keys(":theme<ret><down><down><esc>");
    assert_eq!(themes(&screen), ["dark", "light", "nord", ""]);
    let screen = screen.keys(":theme<ret><down><ret>:theme<ret>");
    assert_eq!(themes(&screen)[4..], ["dark", "light"], "the one chosen is under the cursor next time");
}

#[test]
fn indexes_proved_for_each_other_say_so_and_are_tried_together_without_being_marked() {
    let mut screen = indexes();
    if let Some(advice) = screen.model.advice_mut() {
        // The second one is proved too, and the first one's plan reads both.
        advice.proposals[1].verdict = whyslow::advise::Verdict::Proved;
        advice.proposals[1].name = "orders_status_created_idx".to_owned();
    }
    let text = screen.text();
    assert!(text.contains("both together ×4.8 less") && text.contains("make all of them"), "{text}");
    let screen = screen.keys("t");
    assert!(screen.text().contains("2 indexes together"), "{}", screen.text());
    // Alone it is tried with nothing.
    let screen = indexes().keys("t");
    assert!(screen.model.view == View::Indexes && screen.text().contains("mark two"), "{}", screen.text());
}

#[test]
fn a_plan_is_saved_by_its_files_ending_and_another_ending_is_asked_about() {
    let screen = plan().keys("Aask ann<ret><ctrl-s><ctrl-u>plan.doc<ret>");
    assert!(screen.text().contains(".html, .md, .json or .txt"), "{}", screen.text());
    assert_eq!(screen.model.prompt.as_ref().unwrap().line.text(), "plan.doc");
    for (name, expected) in [
        ("p.html", Excerpt::Html),
        ("p.MD", Excerpt::Report),
        ("p.json", Excerpt::Json),
        ("p.txt", Excerpt::Everything),
    ] {
        let screen = plan().keys(&format!("Aask ann<ret><ctrl-s><ctrl-u>{name}<ret>"));
        let Effect::SaveReport { copied, .. } = screen.last() else { panic!("{:?}", screen.last()) };
        assert_eq!(copied.excerpt, expected);
        assert_eq!(copied.notes.values().collect::<Vec<_>>(), ["ask ann"], "{name}");
    }
}

/// The name of a view as it stands in the first line, by its key.
fn tab(line: &str, key: usize) -> String {
    let rest = line.split(&format!(" {key} ")).nth(1).unwrap_or_default();
    rest.split(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn the_views_are_named_alike_at_every_width_and_the_one_shown_has_its_name() {
    let first = |screen: &Harness| screen.text().lines().next().unwrap().to_owned();
    for width in 40..140 {
        for (keys, key, whole) in
            [("1", 1, "Query"), ("", 2, "Plan"), ("3", 3, "Indexes"), ("5", 5, "History"), ("7", 7, "Connections")]
        {
            let screen = plan().size(width, 24).keys(keys);
            let line = first(&screen);
            let names: Vec<String> = (1..=7).map(|key| tab(&line, key)).collect();
            let shown = &names[key - 1];
            assert!(whole.starts_with(&shown[..1]) && shown.len() >= 3, "{width}: {line}");
            // All others are named, or none is.
            let others = names.iter().enumerate().filter(|(at, _)| at + 1 != key);
            let in_words =
                others.clone().filter(|(_, name)| name.starts_with(|c: char| c.is_ascii_uppercase())).count();
            assert!(in_words == 6 || width < 64 && in_words == 0, "{width}: {line}");
        }
    }
    let line = first(&plan().size(80, 24));
    assert!(line.contains("1 Query 2 Plan  3 Indexes 4 Compare 5 Hist 6 Stmts 7 Conns"), "{line}");
    assert!(line.ends_with("PostgreSQL 15.18"), "{line}");
    let line = first(&plan().size(40, 10).keys("7"));
    assert!(line.contains("1 2 3 4 5 6 7 Connections"), "{line}");
}
