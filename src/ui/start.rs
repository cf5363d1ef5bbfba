//! The start page: sample queries to choose from, or what to do without a server.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

use super::{
    editor::highlighted,
    plan::inset,
    text::{centred, extents, fit, left, lines, marked, pane, title, width, wrap, wrap_lines},
};
use crate::{
    app::{Extents, Link, Model, Rows},
    text::one_line,
    theme::Theme,
};

/// Draws the page.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) -> Extents {
    if model.samples.is_empty() {
        return without(frame, area, model, theme);
    }
    let (area, bar) = match &model.link {
        Link::Preparing { doing, done } => {
            let [main, bar] = Layout::vertical([Constraint::Min(1), Constraint::Length(3)]).areas(area);
            (main, Some((bar, doing, *done)))
        }
        _ => (area, None),
    };
    if let Some((area, doing, done)) = bar {
        progress(frame, area, "Getting ready", doing, done, theme);
    }
    let list_height = u16::try_from(model.samples.len() * 2 + 2).unwrap_or(u16::MAX);
    let [list, preview] = if area.width >= 110 {
        Layout::horizontal([Constraint::Percentage(50), Constraint::Min(1)]).areas(area)
    } else {
        Layout::vertical([Constraint::Length(list_height.min(area.height * 65 / 100)), Constraint::Min(1)]).areas(area)
    };
    let inside = pane(frame.buffer_mut(), list, title("Choose a slow query", true, theme), true, theme);
    let rows = samples(frame, inside, model, theme);
    let preview = inset(pane(frame.buffer_mut(), preview, title("The query", false, theme), false, theme));
    if let Some(sample) = model.samples.get(model.sample) {
        let text = wrap_lines(highlighted(&sample.sql, model.engine(), theme), usize::from(preview.width));
        lines(frame.buffer_mut(), preview, &text, 0, theme);
    }
    extents(rows)
}

fn samples(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) -> Rows {
    let per = if usize::from(area.height) >= model.samples.len() * 2 { 2 } else { 1 };
    let room = usize::from(area.height) / per;
    let first = centred(model.sample, model.samples.len(), room);
    let mut y = area.top();
    for (i, sample) in model.samples.iter().enumerate().skip(first).take(room) {
        let chosen = i == model.sample;
        let buffer = frame.buffer_mut();
        let columns = usize::from(area.width).saturating_sub(4);
        let lead = if chosen { theme.glyphs.cursor } else { " " };
        let line = Line::from(vec![
            Span::styled(lead, theme.style("ui.accent")),
            Span::raw(" "),
            Span::styled(fit(&one_line(&sample.title), columns, theme), theme.style("ui.title")),
        ]);
        buffer.set_line(area.x, y, &line, area.width);
        if per == 2 {
            let trouble = format!("  {}", fit(&one_line(&sample.trouble), columns, theme));
            buffer.set_stringn(area.x, y + 1, trouble, usize::from(area.width), theme.style("ui.dim"));
        }
        if chosen {
            let height = u16::try_from(per).unwrap_or(1);
            buffer.set_style(Rect::new(area.x, y, area.width, height), theme.style("ui.selection"));
        }
        y += u16::try_from(per).unwrap_or(1);
    }
    let each = u16::try_from(per).unwrap_or(1);
    marked(frame.buffer_mut(), Rows { area, first, cursor: model.sample, all: model.samples.len(), each }, theme)
}

/// Lines that [`progress`] needs for its words: one beside a bar, as many as they take without one.
pub(super) fn progress_height(columns: u16, doing: &str, done: Option<f64>) -> u16 {
    const MOST: usize = 3;
    let needed = if done.is_some() { 1 } else { wrap(&one_line(doing), usize::from(columns.saturating_sub(4))).len() };
    u16::try_from(needed.clamp(1, MOST) + 2).unwrap_or(3)
}

/// A box with a bar and a line of words, or with as many lines of words as it is high.
pub(super) fn progress(frame: &mut Frame<'_>, area: Rect, name: &str, doing: &str, done: Option<f64>, theme: &Theme) {
    let inside = inset(pane(frame.buffer_mut(), area, title(name, true, theme), true, theme));
    let columns = usize::from(inside.width);
    if done.is_none() && inside.height > 1 {
        let all: Vec<Line<'static>> = wrap(&one_line(doing), columns)
            .into_iter()
            .map(|words| Line::styled(words, theme.style("ui.text")))
            .collect();
        lines(frame.buffer_mut(), inside, &all, 0, theme);
        return;
    }
    // The bar has a third at least; without one the words have it all.
    let words = fit(&one_line(doing), if done.is_some() { columns * 2 / 3 } else { columns }, theme);
    let room = columns.saturating_sub(width(&words) + 2);
    let mut spans = Vec::new();
    if let Some(done) = done {
        let bar = theme.glyphs.bar(done, room);
        let rest = room.saturating_sub(width(&bar));
        spans.push(Span::styled(bar, theme.style("ui.busy")));
        spans.push(Span::styled(theme.glyphs.track.repeat(rest), theme.style("plan.guide")));
        spans.push(Span::raw("  "));
    }
    spans.push(Span::styled(words, theme.style("ui.text")));
    frame.buffer_mut().set_line(inside.x, inside.y, &Line::from(spans), inside.width);
}

fn without(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) -> Extents {
    let inside = inset(pane(frame.buffer_mut(), area, title("whyslow", true, theme), true, theme));
    let columns = usize::from(inside.width);
    let mut out = vec![Line::default()];
    let intro = match &model.link {
        Link::None => "A slow query goes in; why it is slow, and an index that was tried, come out.",
        _ => "Connecting.",
    };
    out.extend(wrap(intro, columns).into_iter().map(|l| Line::styled(l, theme.style("ui.text"))));
    out.push(Line::default());
    for (command, words) in [
        ("whyslow demo", "a PostgreSQL of its own with slow queries to try"),
        ("whyslow postgres://user@host/database", "your PostgreSQL"),
        ("whyslow mysql://user@host/database", "your MySQL or MariaDB"),
        ("whyslow read plan.json", "a plan somebody saved, in any dialect"),
    ] {
        let line = vec![
            Span::styled(left(command, 40.min(columns), theme), theme.style("ui.accent")),
            Span::styled(words, theme.style("ui.dim")),
        ];
        out.push(Line::from(line));
    }
    out.push(Line::default());
    let paste = "Or paste a plan here: press e, paste, then F5.";
    out.extend(wrap(paste, columns).into_iter().map(|l| Line::styled(l, theme.style("ui.text"))));
    lines(frame.buffer_mut(), inside, &out, 0, theme);
    Extents::default()
}
