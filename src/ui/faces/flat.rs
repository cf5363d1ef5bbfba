//! All nodes as a table, sorted.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::select;
use crate::{
    app::{Rows, Sheet, SortBy},
    fmt,
    plan::{NodeId, Plan},
    theme::Theme,
    ui::{
        text::{centred, fit_spans, following, left, marked, right, width},
        tree::{heat, severity_mark, short_title, times},
    },
};

/// Columns beside the operator, in the order of what tells most, and how wide each is.
const COLUMNS: [(SortBy, usize); 6] = [
    (SortBy::Own, 11),
    (SortBy::Rows, 11),
    (SortBy::Total, 10),
    (SortBy::Error, 8),
    (SortBy::Loops, 8),
    (SortBy::Buffers, 9),
];

fn columns(wide: usize, sheet: &Sheet) -> Vec<(SortBy, usize)> {
    let mut room = wide.saturating_sub(if wide >= 100 { 44 } else { 28 });
    let plan = &sheet.plan;
    let by = sheet.faces.flat.by;
    let mut out = Vec::new();
    // The column that decides is there whatever else is not.
    let first = COLUMNS.iter().filter(|(column, _)| *column == by);
    for (column, w) in first.chain(COLUMNS.iter().filter(|(column, _)| *column != by)) {
        let known = *column == by || plan.ids().take(500).any(|id| column.number(plan, id).is_some_and(|n| n > 0.0));
        if known && *w <= room {
            room -= w;
            out.push((*column, *w));
        }
    }
    out.sort_by_key(|(column, _)| COLUMNS.iter().position(|(c, _)| c == column));
    out
}

pub(super) fn draw(
    buffer: &mut Buffer,
    area: Rect,
    sheet: &Sheet,
    (focused, before): (bool, Option<usize>),
    theme: &Theme,
) -> Rows {
    // A blank keeps the last column from the frame.
    let wide = usize::from(area.width) - 1;
    let columns = columns(wide, sheet);
    let name = wide.saturating_sub(columns.iter().map(|(_, w)| w).sum::<usize>());
    let flat = &sheet.faces.flat;
    let mark = |column: SortBy, words: &str| match (column == flat.by, flat.reversed) {
        (false, _) => words.to_owned(),
        (true, false) => format!("{}{words}", theme.glyphs.open),
        (true, true) => format!("{}{words}", theme.glyphs.rising),
    };
    let operator = match flat.by {
        SortBy::Place => format!("   {}", mark(SortBy::Place, "as in the plan")),
        _ => format!("   {}", mark(SortBy::Name, "operator")),
    };
    let mut heading = left(&operator, name, theme);
    for (column, w) in &columns {
        heading.push_str(&right(&mark(*column, word(*column, &sheet.plan)), *w, theme));
    }
    buffer.set_line(area.x, area.y, &Line::styled(heading, theme.style("plan.label")), area.width);
    let rows = usize::from(area.height) - 1;
    let cursor = flat.row(sheet.tree.selected());
    let all = flat.order().len();
    let first = before.map_or_else(|| centred(cursor, all, rows), |before| following(before, cursor, all, rows));
    for ((row, id), y) in flat.order().iter().enumerate().skip(first).zip(area.top() + 1..area.bottom()) {
        let line = line(sheet, *id, row == cursor, name, &columns, theme);
        buffer.set_line(area.x, y, &line, area.width);
        if row == cursor {
            select(buffer, area, y, focused, theme);
        }
    }
    let area = Rect { y: area.y + 1, height: area.height - 1, ..area };
    marked(buffer, Rows { area, first, cursor, all, each: 1 }, theme)
}

fn word(column: SortBy, plan: &Plan) -> &'static str {
    match (column, plan.analyzed) {
        (SortBy::Own, true) => "self time",
        (SortBy::Own, false) => "self cost",
        (SortBy::Rows, false) => "rows est",
        (column, _) => column.title(),
    }
}

fn line(
    sheet: &Sheet,
    id: NodeId,
    selected: bool,
    name: usize,
    columns: &[(SortBy, usize)],
    theme: &Theme,
) -> Line<'static> {
    let plan = &sheet.plan;
    let mut spans = vec![Span::styled(if selected { theme.glyphs.cursor } else { " " }, theme.style("ui.accent"))];
    let worst = sheet.findings_of(id).map(|f| f.severity).max();
    spans.push(worst.map_or_else(|| Span::raw(" "), |severity| severity_mark(severity, theme)));
    spans.push(Span::raw(" "));
    let used: usize = spans.iter().map(|s| width(&s.content)).sum();
    spans.extend(short_title(plan, id, name.saturating_sub(used + 1), theme));
    let mut spans = fit_spans(spans, name.saturating_sub(1), theme);
    let used: usize = spans.iter().map(|s| width(&s.content)).sum();
    spans.push(Span::raw(" ".repeat(name.saturating_sub(used))));
    let hot = heat(plan.derived(id).share, theme);
    for (column, w) in columns {
        let text = column.number(plan, id).map_or_else(String::new, |n| match column {
            SortBy::Own | SortBy::Total if plan.analyzed => fmt::duration_ms(n),
            SortBy::Own | SortBy::Total => fmt::cost(n),
            SortBy::Error => times(n, theme),
            _ => fmt::count(n),
        });
        let off = *column == SortBy::Error && plan.derived(id).q_error.is_some_and(|q| q >= 10.0);
        let style = match column {
            SortBy::Own => hot,
            SortBy::Error if off => theme.style("flag.misestimate"),
            _ => theme.style("plan.number"),
        };
        spans.push(Span::styled(right(&text, *w, theme), style));
    }
    Line::from(spans)
}
