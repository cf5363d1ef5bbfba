//! What stands in front: help, and the question that wants a word typed.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Clear, Widget},
};

use super::{
    plan::inset,
    text::{left, lines, pane, title, wrap},
};
use crate::{
    app::{Confirm, Extents},
    keys,
    theme::Theme,
};

/// A box in the middle, emptied.
fn middle(frame: &mut Frame<'_>, body: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(body.width), height.min(body.height));
    let area = Rect::new(body.x + (body.width - width) / 2, body.y + (body.height - height) / 2, width, height);
    Clear.render(area, frame.buffer_mut());
    area
}

/// The keys, from the one table.
pub(super) fn help(frame: &mut Frame<'_>, body: Rect, scroll: usize, theme: &Theme) -> Extents {
    let area = middle(frame, body, 96, body.height);
    let mut heading = title("Keys", true, theme);
    heading.push_span(Span::styled("Esc closes ", theme.style("ui.dim")));
    let inside = inset(pane(frame.buffer_mut(), area, heading, true, theme));
    let columns = usize::from(inside.width);
    let mut out = Vec::new();
    for (place, bindings) in keys::by_place() {
        if !out.is_empty() {
            out.push(Line::default());
        }
        out.push(Line::styled(place.title(), theme.style("ui.accent")));
        for binding in bindings {
            let names = keys::key_names(binding, theme.glyphs.ascii);
            for (i, words) in wrap(binding.help, columns.saturating_sub(24)).into_iter().enumerate() {
                let names = if i == 0 { names.as_str() } else { "" };
                out.push(Line::from(vec![
                    Span::styled(format!("  {} ", left(names, 20, theme)), theme.style("ui.key")),
                    Span::styled(words, theme.style("ui.text")),
                ]));
            }
        }
    }
    let most = lines(frame.buffer_mut(), inside, &out, scroll, theme);
    Extents { page: usize::from(inside.height), scroll: most }
}

/// What the statement would do, and the word to type.
pub(super) fn confirm(frame: &mut Frame<'_>, body: Rect, confirm: &Confirm, theme: &Theme) {
    let width = body.width.saturating_sub(4).min(76);
    let columns = usize::from(width.saturating_sub(4));
    let text = theme.style("ui.text");
    let mut out = Vec::new();
    for part in [
        Some(&confirm.error.message),
        confirm.error.detail.as_ref(),
        confirm.error.hint.as_ref(),
        confirm.error.next.as_ref(),
    ]
    .into_iter()
    .flatten()
    {
        out.extend(wrap(part, columns).into_iter().map(|l| Line::styled(l, text)));
    }
    out.push(Line::default());
    let sql = wrap(&confirm.sql, columns.saturating_sub(2));
    let more = sql.len() > 4;
    out.extend(sql.into_iter().take(4).map(|l| Line::styled(format!("  {l}"), theme.style("ui.dim"))));
    if more {
        out.push(Line::styled(format!("  {}", theme.glyphs.ellipsis), theme.style("ui.dim")));
    }
    out.push(Line::default());
    out.push(Line::from(vec![
        Span::styled(format!("Type {} and Enter to go on, Esc to leave it: ", Confirm::WORD), text),
        Span::styled(confirm.typed.clone(), theme.style("ui.accent")),
        Span::styled(theme.glyphs.cursor, theme.style("ui.accent")),
    ]));
    let height = u16::try_from(out.len() + 2).unwrap_or(u16::MAX);
    let area = middle(frame, body, width, height);
    let heading = Line::styled(format!(" {} Are you sure? ", theme.glyphs.warn), theme.style("finding.warning"));
    let inside = inset(pane(frame.buffer_mut(), area, heading, true, theme));
    // Should there be too little room, the question itself is what must be seen.
    let last = out.len().saturating_sub(usize::from(inside.height));
    lines(frame.buffer_mut(), inside, &out, last, theme);
}
