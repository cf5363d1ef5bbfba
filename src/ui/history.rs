//! What was run on this connection: a list, and the run under the cursor in full.

use std::fmt::Write as _;

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

use super::{
    editor::highlighted,
    plan::inset,
    text::{centred, fit, labelled, left, lines, pane, right, title, width, wrap_lines},
};
use crate::{
    app::{Extents, Model, RunsBy, on_one_line},
    fmt,
    history::Run,
    text::one_line,
    theme::Theme,
};

/// Draws the list and the details.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) -> Extents {
    let past = &model.past;
    let (shown, all) = (past.shown().len(), past.runs.len());
    let [list, rest] = if area.width >= 150 {
        Layout::horizontal([Constraint::Percentage(58), Constraint::Min(1)]).areas(area)
    } else if area.height >= 16 {
        let wanted = u16::try_from(shown + 3).unwrap_or(u16::MAX);
        Layout::vertical([Constraint::Length(wanted.min(area.height * 60 / 100).max(6)), Constraint::Min(1)])
            .areas(area)
    } else {
        [area, Rect::default()]
    };
    let mut heading = title("History", true, theme);
    let mut words = if past.filter.is_empty() { format!("{all} ") } else { format!("{shown} of {all} ") };
    let _ =
        write!(words, "{} {}{} ", theme.glyphs.dot, past.by.title(), if past.reversed { ", turned round" } else { "" });
    if !past.filter.is_empty() {
        let _ = write!(words, "{} / {} ", theme.glyphs.dot, one_line(&past.filter));
    }
    heading.push_span(Span::styled(words, theme.style("ui.dim")));
    let inside = pane(frame.buffer_mut(), list, heading, true, theme);
    if shown == 0 {
        let words = if all == 0 {
            "Nothing was run on this connection yet."
        } else {
            "No run holds that. Esc in the filter (/) shows all again."
        };
        let room = inset(inside);
        frame.buffer_mut().set_stringn(room.x, room.y, words, usize::from(room.width), theme.style("ui.dim"));
        return Extents::default();
    }
    let page = rows(frame, inside, model, theme);
    if rest.height >= 3 {
        let inside = inset(pane(frame.buffer_mut(), rest, title("The run", false, theme), false, theme));
        let about = past.selected().map(|run| about(run, model, usize::from(inside.width), theme)).unwrap_or_default();
        lines(frame.buffer_mut(), inside, &about, 0, theme);
    }
    Extents { page, scroll: 0 }
}

fn rows(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) -> usize {
    let past = &model.past;
    let wide = usize::from(area.width);
    let (when, took, cost) = if wide >= 70 { (17, 10, 11) } else { (0, 10, 0) };
    let statement = wide.saturating_sub(when + took + cost + 7);
    let mark = |by: RunsBy, words: &str| {
        if past.by != by {
            return words.to_owned();
        }
        format!("{}{words}", if past.reversed { theme.glyphs.rising } else { theme.glyphs.open })
    };
    let heading = format!(
        "   {}{}{}    {}",
        left(&if when > 0 { mark(RunsBy::When, "when (UTC)") } else { String::new() }, when, theme),
        right(&mark(RunsBy::Time, "took"), took, theme),
        right(&if cost > 0 { mark(RunsBy::Cost, "cost") } else { String::new() }, cost, theme),
        mark(RunsBy::Statement, "statement"),
    );
    let buffer = frame.buffer_mut();
    buffer.set_line(area.x, area.y, &Line::styled(fit(&heading, wide, theme), theme.style("plan.label")), area.width);
    let height = usize::from(area.height.saturating_sub(1));
    let first = centred(past.cursor, past.shown().len(), height);
    for ((row, at), y) in past.shown().iter().enumerate().skip(first).zip(area.top() + 1..area.bottom()) {
        let Some(run) = past.runs.get(*at) else { continue };
        let chosen = row == past.cursor;
        let number = theme.style("plan.number");
        let took_words = if run.analyzed { fmt::duration_ms(run.elapsed_ms) } else { "explained".to_owned() };
        let marked = past.marked == Some(*at);
        let spans = vec![
            Span::styled(if chosen { theme.glyphs.cursor } else { " " }, theme.style("ui.accent")),
            Span::styled(if marked { theme.glyphs.yes } else { " " }, theme.style("ui.accent")),
            Span::raw(" "),
            Span::styled(left(&fmt::date(run.at), when, theme), theme.style("ui.dim")),
            Span::styled(right(&took_words, took, theme), if run.analyzed { number } else { theme.style("ui.dim") }),
            Span::styled(right(&run.cost.map(fmt::cost).unwrap_or_default(), cost, theme), number),
            Span::styled(if run.plan.is_some() { "    " } else { "  - " }, theme.style("ui.dim")),
            Span::styled(fit(&one_line(&on_one_line(&run.sql)), statement, theme), theme.style("ui.text")),
        ];
        buffer.set_line(area.x, y, &Line::from(spans), area.width);
        if chosen {
            buffer.set_style(Rect::new(area.x, y, area.width, 1), theme.style("ui.selection"));
        }
    }
    height
}

fn about(run: &Run, model: &Model, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let text = theme.style("ui.text");
    let dim = theme.style("ui.dim");
    let mut out = Vec::new();
    let did = if run.analyzed { "run and measured" } else { "explained, not run" };
    let mut words = format!("{did} {} UTC", fmt::date(run.at));
    let _ = write!(words, ", {}", fmt::duration_ms(run.elapsed_ms));
    if let Some(cost) = run.cost {
        let _ = write!(words, ", cost {}", fmt::cost(cost));
    }
    out.extend(labelled("what", &words, columns, text, theme));
    for (i, finding) in run.findings.iter().take(4).enumerate() {
        out.extend(labelled(if i == 0 { "findings" } else { "" }, finding, columns, text, theme));
    }
    if run.plan.is_none() {
        out.extend(labelled("plan", "not kept: only the statement can be brought back", columns, dim, theme));
    }
    out.push(Line::default());
    out.extend(wrap_lines(highlighted(&run.sql, model.engine(), theme), columns).into_iter().filter(|line| {
        let wide: usize = line.spans.iter().map(|span| width(&span.content)).sum();
        wide > 0
    }));
    out
}
