//! A list with a heading, and the row under its cursor in full.

use std::fmt::Write as _;

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

use super::{
    plan::inset,
    text::{centred, extents, fit_spans, left, lines, marked, pane, right, title},
};
use crate::{
    app::{Extents, List, Rows},
    text::one_line,
    theme::Theme,
};

/// A column of a list.
pub(super) struct Column {
    name: &'static str,
    /// 0 leaves it out.
    width: usize,
    is_number: bool,
    /// The list's order that goes by this column.
    order: Option<usize>,
}

impl Column {
    /// A column of words, to the left.
    pub(super) const fn words(name: &'static str, width: usize) -> Self {
        Self { name, width, is_number: false, order: None }
    }

    /// A column of numbers, to the right.
    pub(super) const fn numbers(name: &'static str, width: usize) -> Self {
        Self { name, width, is_number: true, order: None }
    }

    /// The column that decides in an order of the list: it is marked then.
    pub(super) const fn of_order(self, order: usize) -> Self {
        Self { order: Some(order), ..self }
    }

    fn fit(&self, text: &str, theme: &Theme) -> String {
        if self.is_number { right(text, self.width, theme) } else { left(text, self.width, theme) }
    }

    /// The heading, with a sign where the list is sorted by it.
    fn heading(&self, list: &List, theme: &Theme) -> String {
        if self.width == 0 || self.order != Some(list.order) {
            return self.fit(self.name, theme);
        }
        let sign = if list.reversed { theme.glyphs.rising } else { theme.glyphs.open };
        let name = self.name.trim_start();
        // The sign takes the place of a blank before the name where there is one.
        let blanks = (self.name.len() - name.len()).saturating_sub(1);
        self.fit(&format!("{}{sign}{name}", " ".repeat(blanks)), theme)
    }
}

/// What a list shows.
pub(super) struct Listing<'a> {
    pub(super) name: &'a str,
    /// The order in words.
    pub(super) order: &'a str,
    /// How many there are, shown or not.
    pub(super) all: usize,
    pub(super) list: &'a List,
    /// What is said when there are none.
    pub(super) none: &'a str,
    /// The name of the details' pane.
    pub(super) detail: &'a str,
}

/// The list and the details, in as much room as there is.
fn split(area: Rect, shown: usize) -> [Rect; 2] {
    if area.width >= 150 {
        Layout::horizontal([Constraint::Percentage(58), Constraint::Min(1)]).areas(area)
    } else if area.height >= 16 {
        let wanted = u16::try_from(shown + 3).unwrap_or(u16::MAX);
        Layout::vertical([Constraint::Length(wanted.min(area.height * 60 / 100).max(6)), Constraint::Min(1)])
            .areas(area)
    } else {
        [area, Rect::default()]
    }
}

/// Draws it. `columns` gets the list's width; `row` gives the cells of one of all, `about` the lines of its details in so
/// many columns.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    listing: &Listing<'_>,
    columns: impl Fn(usize) -> Vec<Column>,
    row: impl Fn(usize) -> Vec<Span<'static>>,
    about: impl Fn(usize, usize) -> Vec<Line<'static>>,
    theme: &Theme,
) -> Extents {
    let list = listing.list;
    let shown = list.shown().len();
    let [top, rest] = split(area, shown);
    let mut heading = title(listing.name, true, theme);
    let count = if list.filter.is_empty() { listing.all.to_string() } else { format!("{shown} of {}", listing.all) };
    let mut words = format!("{count} {} {}", theme.glyphs.dot, listing.order);
    words.push_str(if list.reversed { ", turned round " } else { " " });
    if !list.filter.is_empty() {
        let _ = write!(words, "{} / {} ", theme.glyphs.dot, one_line(&list.filter));
    }
    heading.push_span(Span::styled(words, theme.style("ui.dim")));
    let inside = pane(frame.buffer_mut(), top, heading, true, theme);
    if shown == 0 {
        let room = inset(inside);
        let words =
            if listing.all == 0 { listing.none } else { "Nothing holds that. Esc in the filter (/) shows all." };
        for (line, y) in super::text::wrap(words, usize::from(room.width)).into_iter().zip(room.top()..room.bottom()) {
            frame.buffer_mut().set_line(room.x, y, &Line::styled(line, theme.style("ui.dim")), room.width);
        }
        return Extents::default();
    }
    let wide = usize::from(inside.width);
    // A blank keeps the last column from the frame.
    let columns = columns(wide.saturating_sub(3));
    let names: Vec<String> = columns.iter().map(|column| column.heading(list, theme)).collect();
    let buffer = frame.buffer_mut();
    let line = Line::styled(format!("  {}", names.concat()), theme.style("plan.label"));
    buffer.set_line(inside.x, inside.y, &line, inside.width);
    let height = usize::from(inside.height.saturating_sub(1));
    let first = centred(list.cursor, shown, height);
    for ((number, at), y) in list.shown().iter().enumerate().skip(first).zip(inside.top() + 1..inside.bottom()) {
        let chosen = number == list.cursor;
        let mut spans = vec![
            Span::styled(if chosen { theme.glyphs.cursor } else { " " }, theme.style("ui.accent")),
            Span::raw(" "),
        ];
        for (span, column) in row(*at).into_iter().zip(&columns) {
            spans.push(Span::styled(column.fit(&one_line(&span.content), theme), span.style));
        }
        buffer.set_line(inside.x, y, &Line::from(fit_spans(spans, wide, theme)), inside.width);
        if chosen {
            buffer.set_style(Rect::new(inside.x, y, inside.width, 1), theme.style("ui.selection"));
        }
    }
    if rest.height >= 3
        && let Some(at) = list.selected()
    {
        let inside = inset(pane(frame.buffer_mut(), rest, title(listing.detail, false, theme), false, theme));
        lines(frame.buffer_mut(), inside, &about(at, usize::from(inside.width)), 0, theme);
    }
    let area = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside };
    extents(marked(frame.buffer_mut(), Rows { area, first, cursor: list.cursor, all: shown, each: 1 }, theme))
}
