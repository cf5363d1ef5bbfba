//! Choosing one of many by a few letters.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{
    overlay::middle,
    plan::inset,
    text::{centred, extents, fit_spans, marked, pane, title, width},
};
use crate::{
    app::{Extents, Item, LineEdit, Match, Note, Picker, PickerKind, Rows},
    text::one_line,
    theme::Theme,
};

/// Draws what was typed and what answers to it.
pub(super) fn draw(frame: &mut Frame<'_>, body: Rect, picker: &Picker, theme: &Theme) -> Extents {
    let height = u16::try_from(picker.items.len() + 3).unwrap_or(u16::MAX).min(body.height.saturating_sub(2)).max(5);
    let area = middle(frame, body, 96.min(body.width.saturating_sub(2)), height);
    let words = match picker.kind {
        PickerKind::Commands => "Commands",
        PickerKind::Statements => "Statements run here",
        PickerKind::Plans => "Compare with",
        PickerKind::Indexes => "The plan without",
        PickerKind::Trials => "How indexes are tried",
        PickerKind::Themes => "Theme",
    };
    let mut heading = title(words, true, theme);
    heading
        .push_span(Span::styled(format!("{} of {} ", picker.matches.len(), picker.items.len()), theme.style("ui.dim")));
    let inside = inset(pane(frame.buffer_mut(), area, heading, true, theme));
    let columns = usize::from(inside.width);
    let mut typed = vec![Span::styled("> ", theme.style("ui.key"))];
    typed.extend(line(&picker.line, columns.saturating_sub(2), theme));
    frame.buffer_mut().set_line(inside.x, inside.y, &Line::from(typed), inside.width);
    let rows = usize::from(inside.height.saturating_sub(1));
    let first = centred(picker.cursor, picker.matches.len(), rows);
    let name = picker.items.iter().map(|item| width(&item.label)).max().unwrap_or(0).min(columns * 6 / 10);
    for ((number, found), y) in picker.matches.iter().enumerate().skip(first).zip(inside.top() + 1..inside.bottom()) {
        let Some(item) = picker.items.get(found.item) else { continue };
        let chosen = number == picker.cursor;
        frame.buffer_mut().set_line(inside.x, y, &row(item, found, chosen, name, columns, theme), inside.width);
        if chosen {
            frame.buffer_mut().set_style(Rect::new(inside.x, y, inside.width, 1), theme.style("ui.selection"));
        }
    }
    if picker.matches.is_empty() && inside.height > 1 {
        let words = Line::styled("Nothing answers to that.", theme.style("ui.dim"));
        frame.buffer_mut().set_line(inside.x, inside.y + 1, &words, inside.width);
    }
    let area = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside };
    let rows = Rows { area, first, cursor: picker.cursor, all: picker.matches.len(), each: 1 };
    extents(marked(frame.buffer_mut(), rows, theme))
}

fn row(item: &Item, found: &Match, chosen: bool, name: usize, columns: usize, theme: &Theme) -> Line<'static> {
    let mut spans = vec![Span::styled(if chosen { theme.glyphs.cursor } else { " " }, theme.style("ui.accent"))];
    let text = theme.style("ui.text");
    let mut label = Vec::new();
    for (at, c) in one_line(&item.label).chars().enumerate() {
        let hit = u32::try_from(at).is_ok_and(|at| found.at.contains(&at));
        let style = if hit { text.patch(theme.style("ui.accent")) } else { text };
        match label.last_mut() {
            Some(Span { content, style: last }) if *last == style => content.to_mut().push(c),
            _ => label.push(Span::styled(c.to_string(), style)),
        }
    }
    let label = fit_spans(label, name, theme);
    let used: usize = label.iter().map(|s| width(&s.content)).sum();
    spans.extend(label);
    spans.push(Span::raw(" ".repeat(name.saturating_sub(used) + 2)));
    let note = match &item.note {
        Note::Key(key) => key.map(|key| key.label(theme.glyphs.ascii)).unwrap_or_default(),
        Note::Words(words) => one_line(words),
    };
    let room = columns.saturating_sub(name + 3 + width(&note) + 1);
    let detail = fit_spans(vec![Span::styled(one_line(&item.detail), theme.style("ui.dim"))], room, theme);
    let used: usize = detail.iter().map(|s| width(&s.content)).sum();
    spans.extend(detail);
    spans.push(Span::raw(" ".repeat(room.saturating_sub(used) + 1)));
    spans.push(Span::styled(note, theme.style("ui.key")));
    Line::from(spans)
}

/// A line being typed with its cursor, its end kept in sight.
pub(super) fn line(line: &LineEdit, columns: usize, theme: &Theme) -> Vec<Span<'static>> {
    let (before, after) = line.parts();
    let (before, after) = (one_line(before), one_line(after));
    let mut skip = 0;
    while width(&before[skip..]) + 1 > columns && skip < before.len() {
        skip += before[skip..].chars().next().map_or(1, char::len_utf8);
    }
    let text = theme.style("ui.text");
    // On a character the cursor turns it round, at the end it is a block of its own: both are seen without colours.
    let mut rest = after.chars();
    let under = rest.next().map_or_else(|| " ".to_owned(), String::from);
    let room = columns.saturating_sub(width(&before[skip..]) + 1);
    let mut spans = vec![
        Span::styled(before[skip..].to_owned(), text),
        Span::styled(under, text.add_modifier(ratatui::style::Modifier::REVERSED)),
    ];
    spans.extend(fit_spans(vec![Span::styled(rest.as_str().to_owned(), text)], room, theme));
    spans
}
