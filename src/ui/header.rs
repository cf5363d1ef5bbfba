//! The first line: name, views, server. The last line: what the keys do here, or a passing message.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::text::{fit, fit_spans, width};
use crate::{
    app::{Link, Model, View, WorkKind},
    fmt,
    keys::{self, Command},
    text::one_line,
    theme::Theme,
};

const VIEWS: [(View, &str, &str, &str); 4] = [
    (View::Query, "1", "Query", "Query"),
    (View::Plan, "2", "Plan", "Plan"),
    (View::Indexes, "3", "Indexes", "Idx"),
    (View::Compare, "4", "Before/after", "B/A"),
];

/// Name, views, and what the server is or does.
pub(super) fn header(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) {
    let narrow = area.width < 64;
    let mut spans = vec![Span::styled(if narrow { " " } else { " whyslow  " }, theme.style("ui.accent"))];
    for (view, key, name, short) in VIEWS {
        let scope = if view == model.view { "ui.tab.active" } else { "ui.tab" };
        spans.push(Span::styled(format!(" {key} {} ", if narrow { short } else { name }), theme.style(scope)));
        spans.push(Span::raw(if view == model.view && theme.style("ui.tab.active").bg.is_none() { "<" } else { " " }));
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
        Link::Connecting => vec![Span::styled(format!("{} connecting to {place}", spinner(model, theme)), busy)],
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

/// Hints, or a passing message.
pub(super) fn footer(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) {
    let room = usize::from(area.width).saturating_sub(2);
    if let Some(search) = &model.searching {
        let line = Line::from(vec![
            Span::styled(" / ", theme.style("ui.key")),
            Span::styled(fit(&one_line(search), room.saturating_sub(20), theme), theme.style("ui.text")),
            Span::styled(theme.glyphs.cursor, theme.style("ui.accent")),
            Span::styled(format!("  {}", matches(model)), theme.style("ui.dim")),
        ]);
        frame.buffer_mut().set_line(area.x, area.y, &line, area.width);
        return;
    }
    if let Some(toast) = &model.toast {
        let words = format!(" {} {}", theme.glyphs.info, fit(&one_line(&toast.text), room.saturating_sub(2), theme));
        frame.buffer_mut().set_line(area.x, area.y, &Line::styled(words, theme.style("ui.toast")), area.width);
        return;
    }
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    let hints = keys::hints(&model.places());
    // The way to help and out is always there; the others as far as there is room.
    let (last, first): (Vec<_>, Vec<_>) =
        hints.into_iter().partition(|(_, _, c)| matches!(c, Command::Help | Command::Quit));
    let size = |key: &keys::Key, hint: &str| width(&key.label(theme.glyphs.ascii)) + 1 + width(hint) + 2;
    let kept: usize = last.iter().map(|(key, hint, _)| size(key, hint)).sum();
    for (key, hint, command) in first.iter().chain(&last) {
        let w = size(key, hint);
        let fixed = matches!(command, Command::Help | Command::Quit);
        if !fixed && used + w + kept > usize::from(area.width) {
            continue;
        }
        used += w;
        spans.push(Span::styled(key.label(theme.glyphs.ascii), theme.style("ui.key")));
        spans.push(Span::styled(format!(" {hint}  "), theme.style("ui.hint")));
    }
    frame.buffer_mut().set_line(area.x, area.y, &Line::from(spans), area.width);
}

fn matches(model: &Model) -> String {
    let found = model.sheet().map_or(0, |s| s.tree.matches().len());
    match (model.view, found) {
        (View::Compare, _) => String::new(),
        (_, 0) => "no match".to_owned(),
        (_, 1) => "1 match".to_owned(),
        (_, n) => format!("{n} matches; Enter, then n and N"),
    }
}
