//! What was run on this connection: a list, and the run under the cursor in full.

use std::fmt::Write as _;

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{
    editor::highlighted,
    listing::{self, Column, Listing},
    text::{labelled, width, wrap_lines},
};
use crate::{
    app::{Extents, Model, on_one_line},
    fmt,
    history::Run,
    theme::Theme,
};

/// Draws the list and the details.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) -> Extents {
    let past = &model.past;
    let listing = Listing {
        name: "History",
        order: past.order(),
        all: past.runs.len(),
        list: &past.list,
        none: "Nothing was run on this connection yet.",
        detail: "The run",
    };
    let columns = |wide: usize| {
        let (when, took, cost) = if wide >= 68 { (17, 11, 11) } else { (0, 11, 0) };
        vec![
            Column::words("", 2),
            Column::words("when (UTC)", when).of_order(0),
            Column::numbers("took", took).of_order(1),
            Column::numbers("cost", cost).of_order(2),
            Column::words("   statement", wide.saturating_sub(2 + when + took + cost)).of_order(3),
        ]
    };
    let row = |at: usize| past.runs.get(at).map(|run| row(run, past.marked == Some(at), theme)).unwrap_or_default();
    let about =
        |at: usize, wide: usize| past.runs.get(at).map(|run| about(run, model, wide, theme)).unwrap_or_default();
    listing::draw(frame, area, &listing, columns, row, about, theme)
}

fn row(run: &Run, marked: bool, theme: &Theme) -> Vec<Span<'static>> {
    let (dim, number) = (theme.style("ui.dim"), theme.style("plan.number"));
    let (took, of_took) =
        if run.analyzed { (fmt::duration_ms(run.elapsed_ms), number) } else { ("explained".to_owned(), dim) };
    vec![
        Span::styled(if marked { theme.glyphs.yes } else { " " }, theme.style("ui.accent")),
        Span::styled(fmt::date(run.at), dim),
        Span::styled(took, of_took),
        Span::styled(run.cost.map(fmt::cost).unwrap_or_default(), number),
        Span::styled(
            format!("{}{}", if run.plan.is_some() { "   " } else { " - " }, on_one_line(&run.sql)),
            theme.style("ui.text"),
        ),
    ]
}

fn about(run: &Run, model: &Model, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let text = theme.style("ui.text");
    let dim = theme.style("ui.dim");
    let mut out = Vec::new();
    let did = if run.analyzed { "run and measured" } else { "explained, not run" };
    let mut words = format!("{did} {} UTC", fmt::date(run.at));
    let _ = write!(words, ", {}", fmt::duration_ms(run.elapsed_ms));
    if let Some(cost) = run.cost {
        let _ = write!(words, ", cost {}", fmt::cost(cost));
    }
    out.extend(labelled("what", &words, columns, text, theme));
    for (i, finding) in run.findings.iter().take(4).enumerate() {
        out.extend(labelled(if i == 0 { "findings" } else { "" }, finding, columns, text, theme));
    }
    if run.plan.is_none() {
        out.extend(labelled("plan", "not kept: only the statement can be brought back", columns, dim, theme));
    }
    out.push(Line::default());
    out.extend(wrap_lines(highlighted(&run.sql, model.engine(), theme), columns).into_iter().filter(|line| {
        let wide: usize = line.spans.iter().map(|span| width(&span.content)).sum();
        wide > 0
    }));
    out
}
