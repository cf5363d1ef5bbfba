//! Fitting text into columns, and the frame of a pane.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::{Block, Widget},
};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::{
    app::{Extents, Rows},
    text::visible,
    theme::Theme,
};

/// Columns a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most `columns`, cut with an ellipsis.
pub(super) fn fit(text: &str, columns: usize, theme: &Theme) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for g in text.graphemes(true) {
        let w = width(g);
        if used + w >= columns {
            break;
        }
        out.push_str(g);
        used += w;
    }
    if columns > 0 {
        out.push_str(theme.glyphs.ellipsis);
    }
    out
}

/// The text in exactly `columns`, to the left.
pub(super) fn left(text: &str, columns: usize, theme: &Theme) -> String {
    let mut out = fit(text, columns, theme);
    out.push_str(&" ".repeat(columns.saturating_sub(width(&out))));
    out
}

/// The text in exactly `columns`, to the right.
pub(super) fn right(text: &str, columns: usize, theme: &Theme) -> String {
    let out = fit(text, columns, theme);
    format!("{}{out}", " ".repeat(columns.saturating_sub(width(&out))))
}

/// Spans in at most `columns`, cut with an ellipsis.
pub(super) fn fit_spans(spans: Vec<Span<'static>>, columns: usize, theme: &Theme) -> Vec<Span<'static>> {
    let total: usize = spans.iter().map(|s| width(&s.content)).sum();
    if total <= columns {
        return spans;
    }
    let mut room = columns;
    let mut out = Vec::with_capacity(spans.len());
    for span in spans {
        let w = width(&span.content);
        if w < room {
            room -= w;
            out.push(span);
        } else {
            let mut cut = fit(&span.content, room, theme);
            if w == room && room > 0 {
                // It would fit by itself, but more follows and is lost.
                cut = format!(
                    "{}{}",
                    fit(&format!("{cut}  "), room, theme).trim_end_matches(theme.glyphs.ellipsis),
                    theme.glyphs.ellipsis
                );
            }
            out.push(Span::styled(cut, span.style));
            break;
        }
    }
    out
}

/// The text broken into lines of at most `columns`, at blanks where there are any. Hostile characters are made visible.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut out = Vec::new();
    for line in visible(text).replace('\t', "  ").lines() {
        let mut current = String::new();
        let mut used = 0;
        for word in line.split_word_bounds_by_blank() {
            let w = width(word);
            if used + width(word.trim_end()) > columns && used > 0 {
                out.push(std::mem::take(&mut current).trim_end().to_owned());
                used = 0;
            }
            if w <= columns || width(word.trim_end()) <= columns {
                current.push_str(word);
                used += w;
                continue;
            }
            for g in word.graphemes(true) {
                if used + width(g) > columns {
                    out.push(std::mem::take(&mut current));
                    used = 0;
                }
                current.push_str(g);
                used += width(g);
            }
        }
        out.push(current.trim_end().to_owned());
    }
    out
}

/// Words with the blanks that follow them.
trait Words {
    fn split_word_bounds_by_blank(&self) -> impl Iterator<Item = &str>;
}

impl Words for str {
    fn split_word_bounds_by_blank(&self) -> impl Iterator<Item = &str> {
        let mut rest = self;
        std::iter::from_fn(move || {
            let blank = rest.trim_start_matches(|c: char| c != ' ').len();
            let after = rest[rest.len() - blank..].trim_start_matches(' ').len();
            let (word, tail) = rest.split_at(rest.len() - after);
            rest = tail;
            (!word.is_empty()).then_some(word)
        })
    }
}

/// Coloured lines broken at `columns`, at blanks where there are any.
pub(super) fn wrap_lines(lines: Vec<Line<'static>>, columns: usize) -> Vec<Line<'static>> {
    let columns = columns.max(1);
    let mut out = Vec::with_capacity(lines.len());
    for line in lines {
        let mut row: Vec<Span<'static>> = Vec::new();
        let mut used = 0;
        for span in line.spans {
            for word in span.content.split_word_bounds_by_blank() {
                let wide = width(word.trim_end());
                if used + wide > columns && used > 0 {
                    out.push(Line::from(std::mem::take(&mut row)));
                    used = 0;
                }
                let mut rest = word;
                while width(rest.trim_end()) > columns {
                    let at = rest.grapheme_indices(true).scan(0, |w, (at, g)| {
                        *w += width(g);
                        Some((at, *w))
                    });
                    let cut = at.take_while(|(_, w)| *w <= columns).last().map_or(0, |(at, _)| at);
                    let cut = rest[cut..].graphemes(true).next().map_or(rest.len(), |g| cut + g.len());
                    out.push(Line::from(Span::styled(rest[..cut].to_owned(), span.style)));
                    rest = &rest[cut..];
                }
                used += width(rest);
                row.push(Span::styled(rest.to_owned(), span.style));
            }
        }
        out.push(Line::from(row));
    }
    out
}

/// A label and a text that may take several lines; those after the first stand under the first.
pub(super) fn labelled(label: &str, text: &str, columns: usize, style: Style, theme: &Theme) -> Vec<Line<'static>> {
    const LABEL: usize = 12;
    let lines = wrap(text, columns.saturating_sub(LABEL));
    lines
        .into_iter()
        .enumerate()
        .map(|(i, line)| {
            let label = if i == 0 { label } else { "" };
            Line::from(vec![
                Span::styled(left(label, LABEL, theme), theme.style("plan.label")),
                Span::styled(line, style),
            ])
        })
        .collect()
}

/// Draws a pane's frame with its title and gives the room inside.
pub(super) fn pane(buffer: &mut Buffer, area: Rect, title: Line<'static>, focused: bool, theme: &Theme) -> Rect {
    let border = theme.style(if focused { "ui.border.focus" } else { "ui.border" });
    let block = Block::bordered().border_set(theme.glyphs.border).border_style(border).title_top(title);
    let inside = block.inner(area);
    block.render(area, buffer);
    inside
}

/// A pane's title: a blank, the words, a blank.
pub(super) fn title(words: &str, focused: bool, theme: &Theme) -> Line<'static> {
    Line::from(Span::styled(format!(" {words} "), theme.style(if focused { "ui.accent" } else { "ui.title" })))
}

/// Draws lines from `scroll` on; gives how far could be scrolled.
pub(super) fn lines(buffer: &mut Buffer, area: Rect, lines: &[Line<'static>], scroll: usize, theme: &Theme) -> usize {
    let height = usize::from(area.height);
    let most = lines.len().saturating_sub(height);
    let scroll = scroll.min(most);
    for (line, y) in lines.iter().skip(scroll).zip(area.top()..area.bottom()) {
        buffer.set_line(area.x, y, line, area.width);
    }
    if most > 0 && area.width > 3 {
        more(buffer, area, scroll, most, theme);
        unseen(buffer, area, scroll, most - scroll, theme);
    }
    most
}

/// On the border below a list or a text: how much of it stands above and below what is seen.
pub(super) fn unseen(buffer: &mut Buffer, area: Rect, above: usize, below: usize, theme: &Theme) {
    let (up, down) = (theme.glyphs.above, theme.glyphs.below);
    let words = match (above, below) {
        (0, 0) => return,
        (0, below) => format!(" {down} {below} more "),
        (above, 0) => format!(" {up} {above} more "),
        (above, below) => format!(" {up} {above} {down} {below} more "),
    };
    let Ok(wide) = u16::try_from(width(&words)) else { return };
    if wide < area.width && area.bottom() < buffer.area.bottom() {
        buffer.set_string(area.right() - wide, area.bottom(), words, theme.style("ui.dim"));
    }
}

/// The same of the rows of a list, which are given back.
pub(super) fn marked(buffer: &mut Buffer, rows: Rows, theme: &Theme) -> Rows {
    let below = rows.all.saturating_sub(rows.first + extents(rows).page);
    unseen(buffer, rows.area, rows.first, below, theme);
    rows
}

/// A mark on the right border for where in a longer text one is.
fn more(buffer: &mut Buffer, area: Rect, scroll: usize, most: usize, theme: &Theme) {
    let height = usize::from(area.height);
    let at = scroll * height.saturating_sub(1) / most.max(1);
    if let Ok(at) = u16::try_from(at)
        && let Some(cell) = buffer.cell_mut((area.right(), area.y + at))
    {
        cell.set_symbol(theme.glyphs.bar[theme.glyphs.bar.len() - 1]).set_style(theme.style("ui.border.focus"));
    }
}

/// What the model wants back of a list that was drawn.
pub(super) const fn extents(rows: Rows) -> Extents {
    let page = (rows.area.height / if rows.each == 0 { 1 } else { rows.each }) as usize;
    Extents { page, scroll: 0, rows, panes: [Rect::ZERO; 3], tabs: [Rect::ZERO; 7] }
}

/// The first row to show, seen from the one that was first before: the window stays as long as it can and moves by as little as
/// it has to. For lists as wide as the screen, whose rows the terminal moves by itself.
pub(super) fn following(before: usize, cursor: usize, rows: usize, height: usize) -> usize {
    let most = rows.saturating_sub(height);
    let first = before.clamp((cursor + 1).saturating_sub(height), cursor).min(most);
    // Far away nothing that was seen is still there.
    if first.abs_diff(before) > height / 2 { centred(cursor, rows, height) } else { first }
}

/// The first row to show so that the cursor stands in the middle half, as far as the ends allow. It moves by half a window: a
/// cursor that steps changes two rows then and not all of them, which a slow line and the eye are both glad of.
pub(super) fn centred(cursor: usize, rows: usize, height: usize) -> usize {
    let step = (height / 2).max(1);
    (cursor.saturating_sub(height / 4) / step * step).min(rows.saturating_sub(height))
}

/// The same, but the first rows stay seen as long as the cursor is among them: a head says what all the rest is of.
pub(super) fn from_top(cursor: usize, rows: usize, height: usize) -> usize {
    if cursor < height { 0 } else { centred(cursor, rows, height) }
}

#[cfg(test)]
mod tests {
    use super::{centred, fit, fit_spans, following, wrap};
    use crate::theme::{Depth, Theme, UNICODE};
    use ratatui::text::Span;

    #[test]
    fn text_is_cut_by_columns_and_not_by_characters() {
        let theme = Theme::built_in(true, Depth::None, &UNICODE);
        for (text, columns, expected) in
            [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("日本語", 5, "日本…"), ("日本語", 4, "日…"), ("x", 0, "")]
        {
            assert_eq!(fit(text, columns, &theme), expected, "{text} {columns}");
        }
        let cut: String = fit_spans(vec![Span::raw("abc"), Span::raw("def")], 3, &theme)
            .iter()
            .map(|s| s.content.to_string())
            .collect();
        assert_eq!(cut, "ab…");
    }

    #[test]
    fn lines_break_at_blanks_and_long_words_anywhere() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 5), ["abcde", "fgh", "ij"]);
        assert_eq!(wrap("a\n\nb\x1b[2J", 20), ["a", "", "b␛[2J"]);
        assert_eq!(wrap("  indented text", 12), ["  indented", "text"]);
    }

    #[test]
    fn a_window_that_follows_stays_until_it_has_to_move() {
        for (before, cursor, rows, height, first) in [
            (0, 0, 100, 10, 0),
            (0, 9, 100, 10, 0),
            (0, 10, 100, 10, 1),
            (5, 5, 100, 10, 5),
            (5, 4, 100, 10, 4),
            (90, 99, 100, 10, 90),
            (0, 99, 100, 10, 90),
            (0, 50, 100, 10, centred(50, 100, 10)),
            (7, 2, 3, 10, 0),
        ] {
            assert_eq!(following(before, cursor, rows, height), first, "{before} {cursor}");
        }
        for height in 1..30 {
            for (before, cursor) in (0..60).flat_map(|before| (0..60).map(move |cursor| (before, cursor))) {
                let first = following(before, cursor, 60, height);
                assert!(first <= cursor && cursor < first + height, "{before} {cursor} in {height}");
            }
        }
    }

    #[test]
    fn the_cursor_is_always_seen_and_a_step_seldom_moves_the_window() {
        for (cursor, rows, height, first) in [(0, 5, 10, 0), (6, 100, 10, 0), (7, 100, 10, 5), (99, 100, 10, 90)] {
            assert_eq!(centred(cursor, rows, height), first);
        }
        for height in 1..30 {
            let mut moves = 0;
            for cursor in 0..200 {
                let first = centred(cursor, 200, height);
                assert!(first <= cursor && cursor < first + height, "{cursor} in {height}");
                moves += usize::from(cursor > 0 && first != centred(cursor - 1, 200, height));
            }
            assert!(moves <= 200 / (height / 2).max(1), "{moves} in {height}");
        }
    }
}
