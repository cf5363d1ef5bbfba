//! The proposals: what was tried, what came of it, and the statement that makes it.

use std::fmt::Write as _;

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

use super::{
    editor::highlighted,
    plan::inset,
    start::{progress, progress_height},
    text::{centred, extents, fit_spans, labelled, left, lines, marked, pane, right, title, width, wrap, wrap_lines},
};
use crate::{
    advise::{self, Candidate, Proposal, Tried, Trust, Verdict, unit},
    app::{Advice, Extents, Model, Rows, WorkKind},
    fmt,
    plan::{Engine, Plan},
    text::one_line,
    theme::Theme,
};

/// Draws proposals, or how far the search for them has come.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) -> Extents {
    if let Some(work) = model.work.as_ref().filter(|w| {
        matches!(w.kind, WorkKind::Advise | WorkKind::Try | WorkKind::Build | WorkKind::Together | WorkKind::Suppose)
            || w.then_advise
    }) {
        let (words, done) = match &work.progress {
            Some(p) if p.total > 0 => {
                #[allow(clippy::cast_precision_loss, reason = "a few hundred candidates at most")]
                let done = p.done as f64 / p.total as f64;
                (format!("{} of {}: {}", p.done, p.total, p.doing), Some(done))
            }
            Some(p) => (p.doing.clone(), None),
            None if work.kind == WorkKind::Build => (
                "the server builds it; whoever reads or writes the table goes on. Esc stops it and takes it away"
                    .to_owned(),
                None,
            ),
            None => ("asking the server".to_owned(), None),
        };
        let name = match work.kind {
            WorkKind::Try => "Trying your index",
            WorkKind::Build => "Building the index, invisible",
            WorkKind::Together => "Trying indexes together",
            WorkKind::Suppose => "Asking what would be",
            _ => "Looking for indexes",
        };
        let height = if area.height < 12 { 3 } else { progress_height(area.width, &words, done) };
        let [top, rest] = Layout::vertical([Constraint::Length(height), Constraint::Min(0)]).areas(area);
        progress(frame, top, name, &words, done, theme);
        let inside = inset(pane(frame.buffer_mut(), rest, title("For this statement", false, theme), false, theme));
        let text = wrap_lines(highlighted(&work.asked.sql, model.engine(), theme), usize::from(inside.width));
        lines(frame.buffer_mut(), inside, &text, 0, theme);
        return Extents::default();
    }
    let Some(advice) = model.advice().filter(|a| !a.proposals.is_empty()) else {
        return nothing(frame, area, model, theme);
    };
    let wanted = u16::try_from(advice.proposals.len() + 3).unwrap_or(u16::MAX);
    let list_height = wanted.min(area.height * 45 / 100).max(4);
    let by = unit(model.engine());
    let [list, rest] = if area.height < 12 {
        // Too little for two: the one with the keys has it all.
        let none = Rect { height: 0, ..area };
        if advice.in_detail { [none, area] } else { [area, none] }
    } else if area.width >= 150 {
        Layout::horizontal([Constraint::Percentage(56), Constraint::Min(1)]).areas(area)
    } else {
        Layout::vertical([Constraint::Length(list_height), Constraint::Min(1)]).areas(area)
    };
    let words = format!("Indexes {}", advice.proposals.len());
    let mut heading = title(&words, !advice.in_detail, theme);
    heading.push_span(Span::styled(format!("{} ", theme.glyphs.dot), theme.style("ui.dim")));
    let words = format!("{} proved by {by} ", advice.proved());
    heading.push_span(Span::styled(words, theme.style("verdict.proved")));
    if let Some(words) = together(advice, theme) {
        heading.push_span(Span::styled(format!("{} {words} ", theme.glyphs.dot), theme.style("verdict.proved")));
    }
    let marked = advice.marked().count();
    if marked > 0 {
        heading.push_span(Span::styled(format!("{} {marked} marked ", theme.glyphs.dot), theme.style("ui.accent")));
    }
    let rows = if list.height >= 3 {
        let inside = pane(frame.buffer_mut(), list, heading, !advice.in_detail, theme);
        rows(frame, inside, advice, model.engine(), theme)
    } else {
        Rows::default()
    };
    if rest.height < 3 {
        return extents(rows);
    }
    let inside =
        inset(pane(frame.buffer_mut(), rest, title("What it is", advice.in_detail, theme), advice.in_detail, theme));
    let all = advice.selected().map(|p| about(p, model, usize::from(inside.width), theme)).unwrap_or_default();
    let most = lines(frame.buffer_mut(), inside, &all, advice.scroll, theme);
    if advice.in_detail {
        Extents { page: usize::from(inside.height), scroll: most, ..Extents::default() }
    } else {
        extents(rows)
    }
}

fn nothing(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) -> Extents {
    let inside = inset(pane(frame.buffer_mut(), area, title("Indexes", true, theme), true, theme));
    let words = if model.advice().is_some() {
        "No index to try: nothing in this statement's conditions, joins or order could use one that is not there already."
    } else if model.sheet().is_some() {
        "Press x to look for indexes. Each is tried: with HypoPG where the server has it, otherwise by what the server allows; nothing of yours changes. Press i to type one of your own."
    } else {
        "Explain a statement first, then press x to look for indexes."
    };
    let out: Vec<Line<'static>> =
        wrap(words, usize::from(inside.width)).into_iter().map(|l| Line::styled(l, theme.style("ui.dim"))).collect();
    lines(frame.buffer_mut(), inside, &out, 0, theme);
    Extents::default()
}

/// The sign and the word for a verdict, in its colour.
pub(super) fn verdict_span(verdict: Verdict, theme: &Theme) -> Span<'static> {
    let g = theme.glyphs;
    match verdict {
        Verdict::Proved => Span::styled(format!("{} proved  ", g.yes), theme.style("verdict.proved")),
        Verdict::Rejected => Span::styled(format!("{} rejected", g.no), theme.style("verdict.rejected")),
        Verdict::Untested => Span::styled(format!("{} untested", g.unknown), theme.style("verdict.untested")),
    }
}

/// [`verdict_span`]; of what was proved but is another way to the same, not one more to make, that.
fn standing(p: &Proposal, theme: &Theme) -> Span<'static> {
    match (p.verdict, &p.instead_of) {
        (Verdict::Proved, Some(_)) => Span::styled(format!("{} or this ", theme.glyphs.yes), theme.style("ui.dim")),
        (verdict, _) => verdict_span(verdict, theme),
    }
}

/// What the indexes that belong together do together: `both together ×7.1 less`.
fn together(advice: &Advice, theme: &Theme) -> Option<String> {
    let of_set = advice.proposals.iter().find(|p| p.instead_of.is_none() && !advice.partners(p).is_empty())?;
    let (_, less) = gain(of_set, theme)?;
    Some(format!("{} together {less}", all_of(advice.partners(of_set).len() + 1)))
}

/// `both`, or `all 3`.
fn all_of(n: usize) -> String {
    if n == 2 { "both".to_owned() } else { format!("all {n}") }
}

/// What decides on the server, as the planner sees the whole statement: cost, or rows examined.
pub(super) fn figure(plan: &Plan) -> Option<f64> {
    advise::figure(plan)
}

/// Such a figure, for people.
pub(super) fn shown(engine: Engine, figure: f64) -> String {
    if engine == Engine::PostgreSql { fmt::cost(figure) } else { fmt::count(figure) }
}

/// `35,811 → 12.4` and `×2,888 less`.
pub(super) fn gain(proposal: &Proposal, theme: &Theme) -> Option<(String, String)> {
    let tried = proposal.tried.as_ref()?;
    costs(&tried.before, &tried.after, theme)
}

/// The same of any two plans.
pub(super) fn costs(before: &Plan, after: &Plan, theme: &Theme) -> Option<(String, String)> {
    Some(change(before.engine, figure(before)?, figure(after)?, theme))
}

fn change(engine: Engine, before: f64, after: f64, theme: &Theme) -> (String, String) {
    let figures = format!("{} {} {}", shown(engine, before), theme.glyphs.arrow, shown(engine, after));
    let times = |n: f64| fmt::times(n).replace('×', theme.glyphs.times);
    // What would be told as ×1.0 is no change to anybody.
    let less = if after < before && fmt::times(before / after) != fmt::times(1.0) {
        format!("{} less", times(if after > 0.0 { before / after } else { before.max(1.0) }))
    } else if after > before && before > 0.0 && fmt::times(after / before) != fmt::times(1.0) {
        format!("{} more", times(after / before))
    } else {
        "no change".to_owned()
    };
    (figures, less)
}

/// What an index does for itself, where its trial was with others: nobody is to take the gain of all for that of one.
fn alone(p: &Proposal, partners: usize, theme: &Theme) -> Option<(String, String)> {
    let tried = p.tried.as_ref()?;
    let engine = tried.before.engine;
    match p.cost_alone.filter(|_| engine == Engine::PostgreSql).zip(figure(&tried.before)) {
        Some((alone, before)) if alone < before * 0.995 => {
            let (figures, less) = change(engine, before, alone, theme);
            Some((figures, format!("{less} alone")))
        }
        Some(_) => Some((String::new(), "no gain alone".to_owned())),
        None => gain(p, theme).map(|(figures, less)| (figures, format!("{less} with {}", all_of(partners + 1)))),
    }
}

/// Table, keys and what is carried along, in one line.
pub(super) fn short(c: &Candidate) -> String {
    let keys: Vec<String> = c
        .keys
        .iter()
        .map(|k| {
            let prefix = k.prefix.map(|n| format!("({n})")).unwrap_or_default();
            // Another way to compare makes another index of the same column.
            let opclass = k.opclass.as_ref().map(|class| format!(" {}", one_line(class))).unwrap_or_default();
            format!("{}{prefix}{opclass}{}", one_line(&k.expr), if k.desc { " desc" } else { "" })
        })
        .collect();
    let method = if c.method == "btree" { String::new() } else { format!("{} ", c.method) };
    let mut out = format!("{} {method}({})", one_line(&c.table), keys.join(", "));
    if !c.include.is_empty() {
        let _ = write!(out, " include ({})", one_line(&c.include.join(", ")));
    }
    if let Some(predicate) = &c.predicate {
        let _ = write!(out, " where {}", one_line(predicate));
    }
    out
}

fn rows(frame: &mut Frame<'_>, area: Rect, advice: &Advice, engine: Engine, theme: &Theme) -> Rows {
    let columns = usize::from(area.width);
    // Of those that belong together more has to be said.
    let sets = advice.proposals.iter().any(|p| !advice.partners(p).is_empty());
    let (costs, less, trusted) = match (columns, sets) {
        (90.., false) => (22, 14, 7),
        (90.., true) => (22, 20, 7),
        (60.., false) => (0, 14, 0),
        (60.., true) => (0, 20, 0),
        _ => (0, 0, 0),
    };
    // A blank keeps the last column from the frame.
    let name = columns.saturating_sub(costs + less + trusted + 15);
    let buffer = frame.buffer_mut();
    // Of two words the first will do where there is little room.
    let unit = unit(engine);
    let by = format!("est. {}", if costs > 0 { unit } else { unit.split(' ').next().unwrap_or(unit) });
    let heading = format!(
        "   {}{}{}{}{}",
        left("verdict", 11, theme),
        left("index", name, theme),
        right(if costs > 0 { &by } else { "" }, costs, theme),
        right(if costs > 0 { "" } else { &by }, less, theme),
        right(if trusted > 0 { "trust" } else { "" }, trusted, theme),
    );
    buffer.set_line(area.x, area.y, &Line::styled(heading, theme.style("plan.label")), area.width);
    let height = usize::from(area.height.saturating_sub(1));
    let first = centred(advice.cursor, advice.proposals.len(), height);
    for ((i, p), y) in advice.proposals.iter().enumerate().skip(first).zip(area.top() + 1..area.bottom()) {
        let chosen = i == advice.cursor;
        let partners = advice.partners(p).len();
        let said = if partners > 0 { alone(p, partners, theme) } else { gain(p, theme) };
        let (cost_text, less_text) = said.unwrap_or_default();
        let style = if p.verdict == Verdict::Proved { theme.style("ui.text") } else { theme.style("ui.dim") };
        let mut spans = vec![
            Span::styled(if chosen { theme.glyphs.cursor } else { " " }, theme.style("ui.accent")),
            Span::styled(if advice.is_marked(p) { theme.glyphs.added } else { " " }, theme.style("ui.accent")),
            standing(p, theme),
            Span::raw("  "),
        ];
        let shown = fit_spans(vec![Span::styled(short(&p.candidate), style)], name.saturating_sub(1), theme);
        let used: usize = shown.iter().map(|s| width(&s.content)).sum();
        spans.extend(shown);
        spans.push(Span::raw(" ".repeat(name.saturating_sub(used))));
        spans.push(Span::styled(right(&cost_text, costs, theme), style));
        let scope = if p.verdict == Verdict::Proved { "verdict.proved" } else { "ui.dim" };
        spans.push(Span::styled(right(&less_text, less, theme), theme.style(scope)));
        if let Some(tried) = p.tried.as_ref().filter(|_| trusted > 0) {
            let badge = badge(tried.trust, theme);
            spans.push(Span::raw(" ".repeat(trusted.saturating_sub(width(&badge.content)))));
            spans.push(badge);
        }
        buffer.set_line(area.x, y, &Line::from(spans), area.width);
        if chosen {
            let scope = if advice.in_detail { "ui.selection.inactive" } else { "ui.selection" };
            buffer.set_style(Rect::new(area.x, y, area.width, 1), theme.style(scope));
        }
    }
    let area = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    marked(frame.buffer_mut(), Rows { area, first, cursor: advice.cursor, all: advice.proposals.len(), each: 1 }, theme)
}

/// How far a trial can be trusted, in a word and in its colour.
pub(super) fn badge(trust: Trust, theme: &Theme) -> Span<'static> {
    let (word, scope) = match trust {
        Trust::Exact => ("exact", "verdict.proved"),
        Trust::Close => ("close", "ui.text"),
        Trust::Rough => ("rough", "finding.warning"),
    };
    Span::styled(word, theme.style(scope))
}

/// By which method something was tried and how far to trust it, in as many words as there is room for.
pub(super) fn told_by(method: &str, by: Trust, columns: usize, theme: &Theme) -> Vec<Span<'static>> {
    let dim = theme.style("ui.dim");
    let more = if columns < 110 { String::new() } else { format!(": {}", trust(method, by)) };
    vec![Span::styled(format!("{method}, trust "), dim), badge(by, theme), Span::styled(more, dim)]
}

/// What a method is, for those who meet its name here first.
pub(super) fn means(method: &str) -> Option<&'static str> {
    match method {
        "twin" => Some("a twin is a private server on this machine that plans as yours does"),
        "hypopg" => Some("HypoPG is a server extension: its indexes exist for the planner alone"),
        "temporary-tables" => {
            Some("they hold a sample of the rows, of which the figures are, and only this session sees them")
        }
        "calculated" => Some("the server's own formulas, from its statistics and a sample that was counted on it"),
        "invisible-index" => Some("built on the server and seen by this session alone"),
        _ => None,
    }
}

/// How far a method can be trusted, in words.
pub(super) fn trust(method: &str, trust: Trust) -> &'static str {
    match trust {
        Trust::Close if method == "calculated" => {
            "the formulas read today's plan as the server does, and the sample leaves no other"
        }
        Trust::Exact => "planned with the real index",
        Trust::Close => "the server's own planner, with the index's size estimated",
        Trust::Rough => "a sample or a formula: take it as a hint",
    }
}

/// All that is known of a proposal.
pub(super) fn about(p: &Proposal, model: &Model, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let text = theme.style("ui.text");
    let dim = theme.style("ui.dim");
    let mut out = Vec::new();
    let verdict = verdict_span(p.verdict, theme);
    for (i, line) in wrap(&p.reason, columns.saturating_sub(12)).into_iter().enumerate() {
        let lead = if i == 0 { verdict.clone() } else { Span::raw("          ") };
        out.push(Line::from(vec![lead, Span::raw("  "), Span::styled(line, text)]));
    }
    out.push(Line::default());
    for statement in &p.ddl {
        for line in wrap(statement, columns) {
            out.extend(highlighted(&line, model.engine(), theme));
        }
    }
    out.push(Line::default());
    let partners: Vec<&str> =
        model.advice().map(|a| a.partners(p).into_iter().map(|o| o.name.as_str()).collect()).unwrap_or_default();
    if let Some((figures, less)) = gain(p, theme) {
        let label = if model.engine() == Engine::PostgreSql { "cost" } else { "examined" };
        let of = if partners.is_empty() { "" } else { ", with all of them" };
        out.extend(labelled(label, &format!("{figures} ({less}{of}), both estimated"), columns, text, theme));
        out.extend(labelled("time", &time(model), columns, text, theme));
    }
    if !partners.is_empty() {
        let words = match alone(p, partners.len(), theme).filter(|_| p.cost_alone.is_some()) {
            Some((figures, less)) => format!("{figures} {less}; "),
            None => String::new(),
        };
        let words = format!(
            "{}it belongs with {}: make all of them; t tries them together, and there y copies all",
            words.trim_start(),
            partners.join(", ")
        );
        out.extend(labelled("together", &words, columns, text, theme));
    }
    if let Some(better) = &p.instead_of {
        out.extend(labelled("instead of", &format!("{better}: make either, not both"), columns, text, theme));
    }
    if let Some(tried) = &p.tried {
        let badge = badge(tried.trust, theme).content;
        let means = means(tried.method).map_or_else(String::new, |means| format!(" ({means})"));
        let words = format!("{}, trust {badge}: {}{means}", tried.method, trust(tried.method, tried.trust));
        out.extend(labelled("tried by", &words, columns, text, theme));
        if let Some(check) = check(tried) {
            out.extend(labelled("checked", check, columns, text, theme));
        }
        out.extend(labelled(
            "used",
            if used(tried) { "yes, the plan reads it" } else { "no, the plan does not read it" },
            columns,
            text,
            theme,
        ));
        if let Some(size) = tried.size_bytes {
            out.extend(labelled("size", &fmt::bytes(size), columns, text, theme));
        }
    }
    let mut writes = fmt::entries_per_row(p.entries_per_row);
    if let Some(bytes) = p.bytes_per_row {
        let _ = write!(writes, ", about {} bytes", fmt::count(bytes));
    }
    out.extend(labelled("writes", &writes, columns, text, theme));
    if !p.candidate.replaces.is_empty() {
        out.extend(labelled("replaces", &p.candidate.replaces.join(", "), columns, text, theme));
    }
    for (i, reason) in p.candidate.reasons.iter().enumerate() {
        out.extend(labelled(if i == 0 { "serves" } else { "" }, reason, columns, text, theme));
    }
    let checked = p.tried.as_ref().and_then(check);
    let notes = p.tried.iter().flat_map(|t| &t.notes);
    for (i, note) in notes.filter(|note| checked.is_none_or(|check| !note.ends_with(check))).enumerate() {
        out.extend(labelled(if i == 0 { "notes" } else { "" }, note, columns, dim, theme));
    }
    for (i, undo) in p.undo.iter().enumerate() {
        out.extend(labelled(if i == 0 { "undo" } else { "" }, undo, columns, dim, theme));
    }
    out
}

/// What the check of the method said, beside the server's own plan.
fn check(tried: &Tried) -> Option<&str> {
    tried.notes.iter().find_map(|note| note.strip_prefix("checked: "))
}

/// What is known of the time, which an estimate is not.
pub(super) fn time(model: &Model) -> String {
    match model.measured() {
        Some(ms) => {
            format!("{} measured as it is now; not run with it, so its time then is not known", fmt::duration_ms(ms))
        }
        None => "not measured (a runs it as it is now), and not run with it".to_owned(),
    }
}

/// Whether the plan with the index reads it.
pub(super) fn used(tried: &Tried) -> bool {
    tried.after.ids().any(|id| tried.after.node(id).index.as_deref() == Some(tried.index_name.as_str()))
}
