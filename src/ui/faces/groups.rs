//! A plan added up per table, index and operator.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::select;
use crate::{
    app::{Group, GroupKind, Sheet},
    fmt,
    text::one_line,
    theme::Theme,
    ui::{
        text::{centred, left, right, unseen},
        tree::heat,
    },
};

/// A heading or a group.
enum Row<'a> {
    Heading(GroupKind),
    Group(usize, &'a Group),
}

pub(super) fn draw(buffer: &mut Buffer, area: Rect, sheet: &Sheet, focused: bool, theme: &Theme) -> usize {
    let groups = &sheet.faces.groups;
    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut kind = None;
    let mut cursor = 0;
    for (at, group) in groups.all().iter().enumerate() {
        if kind != Some(group.kind) {
            kind = Some(group.kind);
            rows.push(Row::Heading(group.kind));
        }
        if at == groups.cursor {
            cursor = rows.len();
        }
        rows.push(Row::Group(at, group));
    }
    let height = usize::from(area.height);
    let first = centred(cursor, rows.len(), height);
    unseen(buffer, area, first, rows.len().saturating_sub(first + height), theme);
    let measured = sheet.plan.analyzed;
    // A blank keeps the last column from the frame.
    let wide = usize::from(area.width) - 1;
    let [name, bar, removed, blocks] = match wide {
        100.. => [wide - 74, 14, 12, 10],
        70.. => [wide - 54, 10, 0, 9],
        _ => [wide.saturating_sub(30), 0, 0, 0],
    };
    for (row, y) in rows.iter().skip(first).zip(area.top()..area.bottom()) {
        let line = match row {
            Row::Heading(kind) => {
                let word = match kind {
                    GroupKind::Table => "tables",
                    GroupKind::Index => "indexes",
                    GroupKind::Operator => "operators",
                };
                let mut text = left(&format!("   {word}"), name, theme);
                text.push_str(&right("nodes", 7, theme));
                text.push_str(&right(if measured { "self time" } else { "self cost" }, 10, theme));
                text.push_str(&right("part", if bar > 0 { 6 } else { 0 }, theme));
                text.push_str(&left("", bar, theme));
                text.push_str(&right("rows", 12, theme));
                text.push_str(&right("thrown away", removed, theme));
                text.push_str(&right("blocks", blocks, theme));
                Line::styled(text, theme.style("plan.label"))
            }
            Row::Group(at, group) => {
                let hot = heat(Some(group.share), theme);
                let lead = if *at == groups.cursor { theme.glyphs.cursor } else { " " };
                let scope = match group.kind {
                    GroupKind::Table => "plan.relation",
                    GroupKind::Index => "plan.index",
                    GroupKind::Operator => "plan.operator",
                };
                let own = if measured { fmt::duration_ms(group.own) } else { fmt::cost(group.own) };
                #[allow(clippy::cast_precision_loss, reason = "shown with a few digits")]
                let (nodes, touched) = (group.nodes.len() as f64, group.blocks as f64);
                let some = |n: f64| if n > 0.0 { fmt::count(n) } else { String::new() };
                let number = theme.style("plan.number");
                Line::from(vec![
                    Span::styled(lead, theme.style("ui.accent")),
                    Span::styled(left(&format!("  {}", one_line(&group.name)), name - 1, theme), theme.style(scope)),
                    Span::styled(right(&fmt::count(nodes), 7, theme), number),
                    Span::styled(right(&own, 10, theme), hot),
                    Span::styled(right(&fmt::percent(group.share), if bar > 0 { 6 } else { 0 }, theme), hot),
                    Span::styled(bars(group.share, bar, theme), hot),
                    Span::styled(right(&group.rows.map(fmt::count).unwrap_or_default(), 12, theme), number),
                    Span::styled(right(&some(group.removed), removed, theme), number),
                    Span::styled(right(&some(touched), blocks, theme), number),
                ])
            }
        };
        buffer.set_line(area.x, y, &line, area.width);
        if matches!(row, Row::Group(at, _) if *at == groups.cursor) {
            select(buffer, area, y, focused, theme);
        }
    }
    height
}

fn bars(share: f64, columns: usize, theme: &Theme) -> String {
    if columns == 0 {
        return String::new();
    }
    left(&format!(" {}", theme.glyphs.bar(share, columns - 1)), columns, theme)
}
