//! The first line: name, views, server. The last line: what the keys do here, or a passing message.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{
    picker::line,
    text::{fit, fit_spans, width},
};
use crate::{
    app::{Link, Model, Side, View, WorkKind},
    fmt,
    keys::Command,
    text::one_line,
    theme::Theme,
};

const VIEWS: [(View, &str, &str, &str); 5] = [
    (View::Query, "1", "Query", "Query"),
    (View::Plan, "2", "Plan", "Plan"),
    (View::Indexes, "3", "Indexes", "Idx"),
    (View::Compare, "4", "Compare", "Cmp"),
    (View::History, "5", "History", "His"),
];

/// Name, views, and what the server is or does.
pub(super) fn header(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) {
    let narrow = area.width < 64;
    let name = if area.width < 90 { " " } else { " whyslow  " };
    let mut spans = vec![Span::styled(name, theme.style("ui.accent"))];
    for (view, key, name, short) in VIEWS {
        // The table of a node belongs to its plan.
        let active = view == model.view || (view == View::Plan && model.view == View::Table);
        let scope = if active { "ui.tab.active" } else { "ui.tab" };
        spans.push(Span::styled(format!(" {key} {} ", if narrow { short } else { name }), theme.style(scope)));
        spans.push(Span::raw(if active && theme.style("ui.tab.active").bg.is_none() { "<" } else { " " }));
    }
    let used: usize = spans.iter().map(|s| width(&s.content)).sum();
    let room = usize::from(area.width).saturating_sub(used + 2);
    let status = fit_spans(status(model, theme, room), room, theme);
    let wide: usize = status.iter().map(|s| width(&s.content)).sum();
    spans.push(Span::raw(" ".repeat(room.saturating_sub(wide) + 1)));
    spans.extend(status);
    frame.buffer_mut().set_line(area.x, area.y, &Line::from(spans), area.width);
}

fn spinner(model: &Model, theme: &Theme) -> &'static str {
    let frames = theme.glyphs.spinner;
    let beat = model.work.as_ref().map_or(model.beat, |w| w.elapsed).as_millis() / 100;
    frames[usize::try_from(beat % frames.len() as u128).unwrap_or(0)]
}

fn status(model: &Model, theme: &Theme, room: usize) -> Vec<Span<'static>> {
    let busy = theme.style("ui.busy");
    if let Some(work) = &model.work {
        let what = match work.kind {
            WorkKind::Explain => "explaining",
            WorkKind::Analyze => "running",
            WorkKind::Advise => "trying indexes",
            WorkKind::Try => "trying an index",
        };
        let elapsed = fmt::duration_ms(work.elapsed.as_secs_f64().mul_add(1e3, 0.0).max(1.0));
        return vec![Span::styled(format!("{} {what} {elapsed}", spinner(model, theme)), busy)];
    }
    let place = one_line(&model.place);
    match &model.link {
        Link::None => vec![Span::styled("no server", theme.style("ui.dim"))],
        Link::Preparing { doing, .. } => {
            vec![Span::styled(format!("{} {}", spinner(model, theme), one_line(doing)), busy)]
        }
        Link::Connecting => {
            let waited = model.beat.as_secs_f64();
            let waited = if waited >= 1.0 { format!(" {}", fmt::duration_ms(waited * 1e3)) } else { String::new() };
            vec![Span::styled(format!("{} connecting{waited} to {place}", spinner(model, theme)), busy)]
        }
        Link::Lost => vec![Span::styled(format!("{} not connected", theme.glyphs.bad), theme.style("error.title"))],
        Link::Open(info) => {
            let server = format!("{} {}", info.engine.title(), one_line(&info.version));
            let mut spans = vec![Span::styled(server.clone(), theme.style("ui.text"))];
            let tls = if info.tls.is_some() { format!(" {} TLS", theme.glyphs.dot) } else { String::new() };
            let rest = format!(" {} {}{tls}", theme.glyphs.dot, one_line(&info.database));
            if width(&server) + width(&rest) <= room {
                spans.push(Span::styled(rest, theme.style("ui.dim")));
            }
            spans
        }
    }
}

/// A passing message and what the keys do, as far as there is room.
pub(super) fn footer(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) {
    let room = usize::from(area.width).saturating_sub(2);
    if let Some(search) = model.searching.as_ref().filter(|_| model.picker.is_none()) {
        let found = matches(model);
        let typed = room.saturating_sub(width(&found) + 6);
        let mut spans = vec![Span::styled(" / ", theme.style("ui.key"))];
        spans.extend(line(search, typed, theme));
        spans.push(Span::styled(format!("  {found}"), theme.style("ui.dim")));
        frame.buffer_mut().set_line(area.x, area.y, &Line::from(spans), area.width);
        return;
    }
    let mut spans = Vec::new();
    let mut left = usize::from(area.width);
    if let Some(toast) = &model.toast {
        let (sign, scope) =
            if toast.warning { (theme.glyphs.warn, "finding.warning") } else { (theme.glyphs.info, "ui.toast") };
        let words = format!(" {sign} {} ", fit(&one_line(&toast.text), room.saturating_sub(2), theme));
        left = left.saturating_sub(width(&words));
        spans.push(Span::styled(words, theme.style(scope)));
    }
    spans.extend(hints(model, left, theme));
    frame.buffer_mut().set_line(area.x, area.y, &Line::from(spans), area.width);
}

/// Keys and what they do, in at most `room` columns: whole hints only. The way to help and out is kept before others.
fn hints(model: &Model, room: usize, theme: &Theme) -> Vec<Span<'static>> {
    let shown: Vec<(String, &'static str, bool)> = model
        .keymap
        .hints(&model.places())
        .into_iter()
        .map(|(key, hint, command)| {
            (key.label(theme.glyphs.ascii), hint, matches!(command, Command::Help | Command::Quit))
        })
        .collect();
    let size = |(key, hint, _): &(String, &str, bool)| width(key) + width(hint) + 3;
    let mut left = room.saturating_sub(1);
    let mut taken = vec![false; shown.len()];
    for kept in [true, false] {
        for (hint, taken) in shown.iter().zip(&mut taken).filter(|(hint, _)| hint.2 == kept) {
            // The blanks after the last one may stand over the edge.
            if size(hint) <= left + 2 {
                *taken = true;
                left = left.saturating_sub(size(hint));
            }
        }
    }
    let mut spans = vec![Span::raw(" ")];
    for ((key, hint, _), _) in shown.into_iter().zip(taken).filter(|(_, taken)| *taken) {
        spans.push(Span::styled(key, theme.style("ui.key")));
        spans.push(Span::styled(format!(" {hint}  "), theme.style("ui.hint")));
    }
    spans
}

fn matches(model: &Model) -> String {
    let trees = |comparison: &crate::app::Comparison| match comparison.side {
        Side::Before => comparison.before.matches().len(),
        Side::After => comparison.after.matches().len(),
    };
    let found = match model.view {
        View::Compare => model.comparison.as_ref().map_or(0, trees),
        View::History => return format!("{} of {} runs", model.past.shown().len(), model.past.runs.len()),
        _ => model.sheet().map_or(0, |s| s.tree.matches().len()),
    };
    match (model.view, found) {
        (_, _) if model.searching.as_ref().is_some_and(|line| line.text().is_empty()) => String::new(),
        (_, 0) => "no match".to_owned(),
        (_, 1) => "1 match".to_owned(),
        (_, n) => format!("{n} matches; Enter, then n and N"),
    }
}
