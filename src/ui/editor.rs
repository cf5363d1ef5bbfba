//! The query: lines with colours, numbers, the cursor, and the place of an error.

use std::ops::Range;

use ratatui::{
    Frame,
    layout::{Position, Rect},
    style::Style,
    text::{Line, Span},
    widgets::{Clear, Widget},
};
use unicode_width::UnicodeWidthChar;

use super::text::{centred, left, pane, title, width, wrap};
use crate::{
    app::{Extents, Model},
    plan::Engine,
    sql::{Completion, Token, highlight_lines},
    text::{one_line, visible},
    theme::Theme,
};

/// Columns of the line numbers and the blank after them.
const GUTTER: u16 = 5;

/// Draws the query and places the terminal's cursor.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) -> Extents {
    let editor = &model.editor;
    let statement = editor.statement(model.engine());
    let mut heading = title("Query", editor.typing, theme);
    if let Some((_, _, at, of)) = &statement
        && *of > 1
    {
        heading.push_span(Span::styled(format!("statement {at} of {of} "), theme.style("editor.statement")));
    }
    if editor.offered {
        heading.push_span(Span::styled("of last time: typing replaces it, arrows keep it ", theme.style("ui.accent")));
    } else if !editor.typing {
        heading.push_span(Span::styled("Enter types ", theme.style("ui.dim")));
    }
    let inside = pane(frame.buffer_mut(), area, heading, editor.typing, theme);
    if editor.is_blank() {
        placeholder(frame, inside, model, theme);
    }
    // Lines of the statement that would be sent, when there are others.
    let lines_of = statement.filter(|(_, _, _, of)| *of > 1).map(|(span, _, _, _)| {
        let text = editor.text();
        let line = |byte: usize| text.get(..byte).map_or(0, |t| t.matches('\n').count());
        line(span.start)..line(span.end) + 1
    });
    let lit = model.lit();
    let (rows, at) = rows(
        model,
        lines_of.as_ref(),
        &lit,
        usize::from(inside.width.saturating_sub(GUTTER)),
        usize::from(inside.height),
        theme,
    );
    let height = usize::from(inside.height);
    let first = centred(at.0, rows.len(), height);
    for (line, y) in rows.iter().skip(first).zip(inside.top()..inside.bottom()) {
        frame.buffer_mut().set_line(inside.x, y, line, inside.width);
    }
    let in_front = model.confirm.is_some()
        || model.page.is_some()
        || model.picker.is_some()
        || model.form.is_some()
        || model.prompt.is_some()
        || model.question.is_some();
    if editor.typing
        && !in_front
        && let (Ok(x), Ok(y)) = (u16::try_from(at.1), u16::try_from(at.0 - first))
        && inside.height > 0
    {
        let x = (inside.x + GUTTER + x).min(inside.right().saturating_sub(1));
        frame.set_cursor_position(Position::new(x, inside.y + y));
        if let Some((completion, chosen)) = &model.completion {
            suggestions(frame, inside, (x, inside.y + y), completion, *chosen, theme);
        }
    }
    Extents { page: height, ..Extents::default() }
}

/// What the word could be, under the cursor or, where there is no room, above it.
fn suggestions(
    frame: &mut Frame<'_>,
    area: Rect,
    (x, y): (u16, u16),
    completion: &Completion,
    chosen: usize,
    theme: &Theme,
) {
    let name = completion.items.iter().map(|item| width(&item.text)).max().unwrap_or(0).min(30);
    let what = completion.items.iter().map(|item| width(&item.what)).max().unwrap_or(0).min(24);
    let Ok(wide) = u16::try_from(name + what + 4) else { return };
    let wide = wide.min(area.width);
    let rows = u16::try_from(completion.items.len()).unwrap_or(1);
    let below = area.bottom().saturating_sub(y + 1);
    let above = y.saturating_sub(area.y);
    let (top, rows) =
        if below >= rows || below >= above { (y + 1, rows.min(below)) } else { (y - rows.min(above), rows.min(above)) };
    let left_edge = x.min(area.right().saturating_sub(wide));
    for ((number, item), y) in completion.items.iter().enumerate().zip(top..top + rows) {
        let scope = if number == chosen { "ui.selection" } else { "ui.selection.inactive" };
        let line = Line::from(vec![
            Span::styled(if number == chosen { theme.glyphs.cursor } else { " " }, theme.style("ui.accent")),
            Span::styled(left(&one_line(&item.text), name + 1, theme), theme.style("ui.text")),
            Span::styled(left(&format!(" {}", one_line(&item.what)), what + 2, theme), theme.style("ui.dim")),
        ]);
        let row = Rect::new(left_edge, y, wide, 1);
        Clear.render(row, frame.buffer_mut());
        frame.buffer_mut().set_line(left_edge, y, &line, wide);
        frame.buffer_mut().set_style(row, theme.style(scope));
    }
}

fn placeholder(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) {
    let columns = usize::from(area.width.saturating_sub(GUTTER + 1));
    let words = [
        "Type or paste a slow query.",
        "",
        "F5 explains it without running it. F6 runs it and measures: inside a transaction that is rolled back, with a time limit. F7 looks for indexes and tries each.",
        if model.samples.is_empty() { "" } else { "Esc, then 0, shows the sample queries." },
    ];
    let all = words.iter().flat_map(|w| if w.is_empty() { vec![String::new()] } else { wrap(w, columns) });
    for (line, y) in all.zip(area.top() + 1..area.bottom()) {
        frame.buffer_mut().set_stringn(area.x + GUTTER, y, &line, columns, theme.style("ui.dim"));
    }
}

/// The rows around the cursor, and the cursor's row and column among them.
fn rows(
    model: &Model,
    statement: Option<&Range<usize>>,
    lit: &[Range<usize>],
    columns: usize,
    height: usize,
    theme: &Theme,
) -> (Vec<Line<'static>>, (usize, usize)) {
    let editor = &model.editor;
    let (cursor_line, cursor_column) = editor.cursor();
    let from = cursor_line.saturating_sub(height);
    let mut out: Vec<Line<'static>> = Vec::new();
    let mut at = (0, 0);
    let mut start: usize = editor.lines().iter().take(from).map(|line| line.len() + 1).sum();
    for (number, text) in editor.lines().iter().enumerate().skip(from).take(2 * height + 1) {
        let inside = statement.is_some_and(|s| s.contains(&number));
        let gutter = theme.style(if inside { "editor.statement" } else { "editor.gutter" });
        let tokens = editor.tokens().get(number).map_or(&[][..], Vec::as_slice);
        let mark = editor.mark.filter(|(line, _)| *line == number).map(|(_, column)| column);
        let mut row = vec![Span::styled(format!("{:>4} ", number + 1), gutter)];
        let mut used = 0;
        let mut count = 0;
        let breaks = breaks(text, columns.max(2));
        for (i, (byte, c)) in text.char_indices().enumerate() {
            let (shown, w) = shown(c);
            if breaks.binary_search(&i).is_ok() {
                out.push(Line::from(std::mem::replace(&mut row, vec![Span::styled("     ", gutter)])));
                used = 0;
            }
            if number == cursor_line && i == cursor_column {
                at = (out.len(), used);
            }
            let plain = if editor.offered { theme.style("ui.dim") } else { style_at(tokens, byte, theme) };
            let mut style = if mark == Some(i) { theme.style("editor.error") } else { plain };
            if lit.iter().any(|range| range.contains(&(start + byte))) {
                style = style.patch(theme.style("editor.lit"));
            }
            match row.last_mut() {
                Some(last) if row_len_ok(count) && last.style == style && used > 0 => {
                    last.content.to_mut().push_str(&shown);
                }
                _ => row.push(Span::styled(shown, style)),
            }
            used += w;
            count += 1;
        }
        if number == cursor_line && cursor_column >= count {
            if used >= columns.max(2) {
                out.push(Line::from(std::mem::replace(&mut row, vec![Span::styled("     ", gutter)])));
                used = 0;
            }
            at = (out.len(), used);
        }
        if mark.is_some_and(|column| column >= count) {
            // The error is at the end of the line, where there is no character to mark.
            row.push(Span::styled(" ", theme.style("editor.error")));
        }
        out.push(Line::from(row));
        start += text.len() + 1;
    }
    (out, at)
}

/// The characters of a line at which a new row begins: after a blank where there is one, else anywhere.
fn breaks(text: &str, columns: usize) -> Vec<usize> {
    let mut out = Vec::new();
    // Columns of the row so far, and where the word began with the columns before it.
    let (mut used, mut word, mut before) = (0, 0, 0);
    for (i, c) in text.chars().enumerate() {
        let w = shown(c).1;
        if used + w > columns && used > 0 {
            let begins = out.last().copied().unwrap_or(0);
            if word > begins && !c.is_whitespace() {
                out.push(word);
                used -= before;
            } else {
                out.push(i);
                used = 0;
            }
        }
        used += w;
        if c.is_whitespace() {
            (word, before) = (i + 1, used);
        }
    }
    out
}

/// The gutter's span is never appended to.
const fn row_len_ok(count: usize) -> bool {
    count > 0
}

/// What stands on the screen for a character, and its columns.
fn shown(c: char) -> (String, usize) {
    if c == '\t' {
        return ("  ".to_owned(), 2);
    }
    let text = visible(c.encode_utf8(&mut [0; 4])).into_owned();
    let w = text.chars().map(|c| c.width().unwrap_or(0)).sum();
    (text, w)
}

fn style_at(tokens: &[(Range<usize>, Token)], byte: usize, theme: &Theme) -> Style {
    let at = tokens.partition_point(|(range, _)| range.end <= byte);
    tokens.get(at).map_or_else(Style::new, |(_, token)| token_style(*token, theme))
}

pub(super) fn token_style(token: Token, theme: &Theme) -> Style {
    theme.style(match token {
        Token::Keyword => "sql.keyword",
        Token::Type => "sql.type",
        Token::Key => "document.key",
        Token::String => "sql.string",
        Token::Number => "sql.number",
        Token::Comment => "sql.comment",
        Token::Function => "sql.function",
        Token::Identifier => "sql.name",
        Token::Operator | Token::Plain => "ui.text",
    })
}

/// A statement in colours, not broken.
pub(super) fn highlighted(sql: &str, engine: Engine, theme: &Theme) -> Vec<Line<'static>> {
    let lines: Vec<String> = visible(sql).replace('\t', "  ").lines().map(str::to_owned).collect();
    let tokens = highlight_lines(&lines, Some(engine));
    lines
        .iter()
        .zip(tokens)
        .map(|(line, tokens)| {
            tokens
                .into_iter()
                .filter_map(|(range, token)| Some(Span::styled(line.get(range)?.to_owned(), token_style(token, theme))))
                .collect::<Vec<_>>()
                .into()
        })
        .collect()
}
