//! The panel that says what was attempted, what the server answered and what to do next.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::Line,
};

use super::text::{labelled, lines, pane, title};
use crate::{app::Model, server::ServerError, text::one_line, theme::Theme};

/// The body without and with the panel's room.
pub(super) fn split(model: &Model, theme: &Theme, body: Rect) -> (Rect, Option<Rect>) {
    let Some(error) = &model.error else {
        return (body, None);
    };
    let wanted = content(error, usize::from(body.width.saturating_sub(4)), theme).len() + 2;
    let height = u16::try_from(wanted).unwrap_or(u16::MAX).min(body.height * 2 / 3).max(3);
    let [main, panel] = Layout::vertical([Constraint::Min(1), Constraint::Length(height)]).areas(body);
    (main, Some(panel))
}

fn content(error: &ServerError, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let text = theme.style("ui.text");
    let message = match &error.code {
        Some(code) => format!("{} ({})", error.message, one_line(code)),
        None => error.message.clone(),
    };
    let mut out = labelled("answer", &message, columns, theme.style("error"), theme);
    for (label, part) in [("detail", &error.detail), ("hint", &error.hint), ("next", &error.next)] {
        if let Some(part) = part {
            out.extend(labelled(label, part, columns, text, theme));
        }
    }
    out
}

/// Draws the panel.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) {
    let Some(error) = &model.error else { return };
    let mut words = title(&format!("{} Error while {}", theme.glyphs.bad, one_line(&error.attempted)), false, theme);
    words = words.patch_style(theme.style("error.title"));
    for span in &mut words.spans {
        span.style = span.style.patch(theme.style("error.title"));
    }
    let inside = pane(frame.buffer_mut(), area, words, false, theme);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    lines(frame.buffer_mut(), inside, &content(error, usize::from(inside.width), theme), 0, theme);
}
