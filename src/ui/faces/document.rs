//! The document a plan was read from; the lines of the node under the cursor stand out.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::select;
use crate::{
    app::{Rows, Sheet},
    sql::highlight_document,
    text::one_line,
    theme::Theme,
    ui::editor::token_style,
    ui::text::{centred, fit, following, marked},
};

pub(super) fn draw(
    buffer: &mut Buffer,
    area: Rect,
    sheet: &Sheet,
    (focused, before): (bool, Option<usize>),
    theme: &Theme,
) -> Rows {
    let document = &sheet.faces.document;
    let rows = usize::from(area.height);
    if document.is_empty() {
        let words = Line::styled("There is no document: this plan was not read from one.", theme.style("ui.dim"));
        buffer.set_line(area.x, area.y, &words, area.width);
        return Rows::default();
    }
    let digits = document.len().to_string().len().max(3);
    let (cursor, all) = (document.cursor, document.len());
    let first = before.map_or_else(|| centred(cursor, all, rows), |before| following(before, cursor, all, rows));
    let own = document.lines_of(document.cursor);
    for (line, y) in (first..document.len()).zip(area.top()..area.bottom()) {
        let here = own.contains(&line);
        let mark = if here { theme.glyphs.cursor } else { " " };
        let room = usize::from(area.width).saturating_sub(digits + 2);
        let text = fit(&one_line(document.line(&sheet.plan.source, line)), room, theme);
        let line_number = format!("{:>digits$}", line + 1);
        let mut spans = vec![
            Span::styled(line_number, theme.style("editor.gutter")),
            Span::styled(mark, theme.style("ui.accent")),
            Span::raw(" "),
        ];
        match here.then(|| highlight_document(&sheet.plan.source, std::slice::from_ref(&text))).flatten() {
            Some(pieces) => spans.extend(pieces.into_iter().flatten().filter_map(|(range, token)| {
                Some(Span::styled(text.get(range)?.to_owned(), token_style(token, theme)))
            })),
            None => spans.push(Span::styled(text, theme.style(if here { "ui.text" } else { "ui.dim" }))),
        }
        buffer.set_line(area.x, y, &Line::from(spans), area.width);
        if line == document.cursor {
            select(buffer, area, y, focused, theme);
        }
    }
    marked(buffer, Rows { area, first, cursor, all, each: 1 }, theme)
}
