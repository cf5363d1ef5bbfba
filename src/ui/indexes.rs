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
    start::progress,
    text::{centred, extents, fit_spans, labelled, left, lines, pane, right, title, width, wrap, wrap_lines},
};
use crate::{
    advise::{Candidate, Proposal, Trust, Verdict},
    app::{Advice, Extents, Model, Rows, WorkKind},
    fmt,
    plan::Plan,
    text::one_line,
    theme::Theme,
};

/// Draws proposals, or how far the search for them has come.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) -> Extents {
    if let Some(work) = model.work.as_ref().filter(|w| {
        matches!(w.kind, WorkKind::Advise | WorkKind::Try | WorkKind::Together | WorkKind::Suppose) || w.then_advise
    }) {
        let [top, rest] = Layout::vertical([Constraint::Length(3), Constraint::Min(0)]).areas(area);
        let (words, done) = match &work.progress {
            Some(p) if p.total > 0 => {
                #[allow(clippy::cast_precision_loss, reason = "a few hundred candidates at most")]
                let done = p.done as f64 / p.total as f64;
                (format!("{} of {}: {}", p.done, p.total, p.doing), Some(done))
            }
            Some(p) => (p.doing.clone(), None),
            None => ("asking the server".to_owned(), None),
        };
        let name = match work.kind {
            WorkKind::Try => "Trying your index",
            WorkKind::Together => "Trying indexes together",
            WorkKind::Suppose => "Asking what would be",
            _ => "Looking for indexes",
        };
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
    heading.push_span(Span::styled(format!("{} proved ", advice.proved()), theme.style("verdict.proved")));
    let marked = advice.marked().count();
    if marked > 0 {
        heading.push_span(Span::styled(format!("{} {marked} marked ", theme.glyphs.dot), theme.style("ui.accent")));
    }
    let rows = if list.height >= 3 {
        let inside = pane(frame.buffer_mut(), list, heading, !advice.in_detail, theme);
        rows(frame, inside, advice, theme)
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

/// [`verdict_span`]; of what was proved but belongs in the place of another, that.
fn standing(p: &Proposal, theme: &Theme) -> Span<'static> {
    match (p.verdict, &p.instead_of) {
        (Verdict::Proved, Some(_)) => Span::styled(format!("{} instead ", theme.glyphs.yes), theme.style("ui.dim")),
        (verdict, _) => verdict_span(verdict, theme),
    }
}

/// The whole statement's cost as the planner sees it.
pub(super) fn cost(plan: &Plan) -> Option<f64> {
    plan.total_cost()
}

/// `35,811 → 12.4` and `×2,888 less`.
pub(super) fn gain(proposal: &Proposal, theme: &Theme) -> Option<(String, String)> {
    let tried = proposal.tried.as_ref()?;
    costs(&tried.before, &tried.after, theme)
}

/// The same of any two plans.
pub(super) fn costs(before: &Plan, after: &Plan, theme: &Theme) -> Option<(String, String)> {
    let (before, after) = (cost(before)?, cost(after)?);
    let costs = format!("{} {} {}", fmt::cost(before), theme.glyphs.arrow, fmt::cost(after));
    let times = fmt::times(if after > 0.0 { before / after } else { 1.0 }).replace('×', theme.glyphs.times);
    let less = if after < before * 0.995 {
        format!("{times} less")
    } else if after > before * 1.005 && before > 0.0 {
        format!("{} more", fmt::times(after / before).replace('×', theme.glyphs.times))
    } else {
        "the same".to_owned()
    };
    Some((costs, less))
}

/// Table, keys and what is carried along, in one line.
pub(super) fn short(c: &Candidate) -> String {
    let keys: Vec<String> = c
        .keys
        .iter()
        .map(|k| {
            let prefix = k.prefix.map(|n| format!("({n})")).unwrap_or_default();
            format!("{}{prefix}{}", one_line(&k.expr), if k.desc { " desc" } else { "" })
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

fn rows(frame: &mut Frame<'_>, area: Rect, advice: &Advice, theme: &Theme) -> Rows {
    let columns = usize::from(area.width);
    let (costs, less) = if columns >= 90 {
        (22, 14)
    } else if columns >= 60 {
        (0, 13)
    } else {
        (0, 0)
    };
    // A blank keeps the last column from the frame.
    let name = columns.saturating_sub(costs + less + 15);
    let buffer = frame.buffer_mut();
    let heading = format!(
        "   {}{}{}{}",
        left("verdict", 11, theme),
        left("index", name, theme),
        right(if costs > 0 { "cost" } else { "" }, costs, theme),
        right(if less > 0 { "cost" } else { "" }, if costs > 0 { 0 } else { less }, theme),
    );
    buffer.set_line(area.x, area.y, &Line::styled(heading, theme.style("plan.label")), area.width);
    let height = usize::from(area.height.saturating_sub(1));
    let first = centred(advice.cursor, advice.proposals.len(), height);
    for ((i, p), y) in advice.proposals.iter().enumerate().skip(first).zip(area.top() + 1..area.bottom()) {
        let chosen = i == advice.cursor;
        let (cost_text, mut less_text) = gain(p, theme).unwrap_or_default();
        if !advice.partners(p).is_empty() {
            // It is not this one's alone.
            less_text = less_text.replace(" less", " all");
        }
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
        buffer.set_line(area.x, y, &Line::from(spans), area.width);
        if chosen {
            let scope = if advice.in_detail { "ui.selection.inactive" } else { "ui.selection" };
            buffer.set_style(Rect::new(area.x, y, area.width, 1), theme.style(scope));
        }
    }
    let area = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    Rows { area, first, cursor: advice.cursor, all: advice.proposals.len(), each: 1 }
}

/// How far a method can be trusted, in words.
pub(super) const fn trust(trust: Trust) -> &'static str {
    match trust {
        Trust::Exact => "planned with the real index",
        Trust::Close => "the server's own planner, with the index's size estimated",
        Trust::Rough => "a sample or a formula: take it as a hint",
    }
}

fn about(p: &Proposal, model: &Model, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
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
    if let Some((costs, less)) = gain(p, theme) {
        out.extend(labelled("cost", &format!("{costs} ({less})"), columns, text, theme));
    }
    let partners: Vec<&str> =
        model.advice().map(|a| a.partners(p).into_iter().map(|o| o.name.as_str()).collect()).unwrap_or_default();
    if !partners.is_empty() {
        let words = format!("that is with {} too: make all of them; t tells each one's part", partners.join(", "));
        out.extend(labelled("together", &words, columns, text, theme));
    }
    if let Some(better) = &p.instead_of {
        out.extend(labelled("instead of", &format!("{better}: make either, not both"), columns, text, theme));
    }
    if let Some(tried) = &p.tried {
        out.extend(labelled("tried by", &format!("{}: {}", tried.method, trust(tried.trust)), columns, text, theme));
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
    for (i, note) in p.tried.iter().flat_map(|t| &t.notes).enumerate() {
        out.extend(labelled(if i == 0 { "notes" } else { "" }, note, columns, dim, theme));
    }
    for (i, undo) in p.undo.iter().enumerate() {
        out.extend(labelled(if i == 0 { "undo" } else { "" }, undo, columns, dim, theme));
    }
    out
}

/// Whether the plan with the index reads it.
pub(super) fn used(tried: &crate::advise::Tried) -> bool {
    tried.after.ids().any(|id| tried.after.node(id).index.as_deref() == Some(tried.index_name.as_str()))
}
