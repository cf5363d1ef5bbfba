//! The table of the node under the cursor: what the server knows of it.

use std::fmt::Write as _;

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{
    plan::inset,
    text::{labelled, left, lines, pane, right, title, width, wrap},
};
use crate::{
    app::{Extents, Model},
    catalog::{Column, Index, Table, TableKind},
    fmt,
    text::one_line,
    theme::Theme,
};

/// Draws the facts.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) -> Extents {
    let table = model.sheet().and_then(|sheet| sheet.table_of(sheet.tree.selected()));
    let name = table.map_or_else(|| "Table".to_owned(), |t| one_line(&format!("{}.{}", t.schema, t.name)));
    let inside = inset(pane(frame.buffer_mut(), area, title(&name, true, theme), true, theme));
    let Some(table) = table else {
        let words = Line::styled("Nothing is known of this node's table.", theme.style("ui.dim"));
        lines(frame.buffer_mut(), inside, &[words], 0, theme);
        return Extents::default();
    };
    let columns = usize::from(inside.width);
    let mut all = facts(table, columns, theme);
    all.push(Line::default());
    all.extend(indexes(table, columns, theme));
    all.push(Line::default());
    all.extend(fields(table, columns, theme));
    let most = lines(frame.buffer_mut(), inside, &all, model.table_scroll, theme);
    Extents { page: usize::from(inside.height), scroll: most, ..Extents::default() }
}

fn facts(table: &Table, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let kind = match table.kind {
        TableKind::Table => "table",
        TableKind::Partitioned => "partitioned table",
        TableKind::MaterializedView => "materialised view",
        TableKind::View => "view",
        TableKind::Foreign => "foreign table",
    };
    let text = theme.style("ui.text");
    let mut first = kind.to_owned();
    if let Some(storage) = &table.storage {
        let _ = write!(first, " ({storage})");
    }
    if let Some(rows) = table.rows {
        let _ = write!(first, ", about {} rows", fmt::count(rows));
    }
    if let Some(bytes) = table.bytes {
        let _ = write!(first, ", {}", fmt::bytes(bytes));
    }
    let mut out = labelled("what", &first, columns, text, theme);
    if let Some(dead) = table.dead_rows {
        let part = table
            .rows
            .filter(|rows| *rows > 0.0 && dead > 0.0)
            .map(|rows| format!(", {} of all", fmt::percent(dead / (rows + dead))));
        out.extend(labelled(
            "dead rows",
            &format!("{}{}", fmt::count(dead), part.unwrap_or_default()),
            columns,
            text,
            theme,
        ));
        let vacuumed = table.last_vacuumed.as_deref().unwrap_or("never");
        out.extend(labelled("vacuumed", vacuumed, columns, text, theme));
    }
    let mut analyzed = table.last_analyzed.clone();
    if table.dead_rows.is_some() {
        analyzed.get_or_insert_with(|| "never".to_owned());
    }
    if let Some(mut words) = analyzed {
        if let Some(changed) = table.modified_since_analyze {
            let _ = write!(words, ", {} rows changed since", fmt::count(changed));
        }
        out.extend(labelled("analysed", &words, columns, text, theme));
    }
    out
}

fn indexes(table: &Table, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let counted = table.indexes.iter().any(|index| index.scans.is_some());
    let sized = table.indexes.iter().any(|index| index.bytes.is_some());
    let (size, used) = (if sized { 9 } else { 0 }, if counted { 12 } else { 0 });
    let name = columns.saturating_sub(size + used);
    let heading = format!(
        "{}{}{}",
        left(&format!("indexes {}", table.indexes.len()), name, theme),
        right(if sized { "size" } else { "" }, size, theme),
        right(if counted { "scans" } else { "" }, used, theme),
    );
    let mut out = vec![Line::styled(heading, theme.style("plan.label"))];
    for index in &table.indexes {
        let what = index_words(index);
        let number = theme.style("plan.number");
        for (i, words) in wrap(&what, name.saturating_sub(width(&index.name).min(30) + 2)).into_iter().enumerate() {
            let label = if i == 0 { one_line(&index.name) } else { String::new() };
            let label = left(&label, width(&index.name).min(30) + 1, theme);
            let taken = width(&label) + width(&words);
            let mut spans = vec![
                Span::styled(label, theme.style("plan.index")),
                Span::styled(words, theme.style("ui.text")),
                Span::raw(" ".repeat(name.saturating_sub(taken))),
            ];
            if i == 0 {
                spans.push(Span::styled(right(&index.bytes.map(fmt::bytes).unwrap_or_default(), size, theme), number));
                spans.push(Span::styled(right(&index.scans.map(fmt::count).unwrap_or_default(), used, theme), number));
            }
            out.push(Line::from(spans));
        }
    }
    if table.indexes.is_empty() {
        out.push(Line::styled("none", theme.style("ui.dim")));
    }
    out
}

fn index_words(index: &Index) -> String {
    let keys: Vec<String> = index
        .keys
        .iter()
        .map(|key| {
            let prefix = key.prefix.map(|n| format!("({n})")).unwrap_or_default();
            let class = key.opclass.as_ref().map(|class| format!(" {class}")).unwrap_or_default();
            format!("{}{prefix}{class}{}", one_line(&key.expr), if key.desc { " desc" } else { "" })
        })
        .collect();
    let mut out = format!("({})", keys.join(", "));
    if !index.include.is_empty() {
        let _ = write!(out, " include ({})", one_line(&index.include.join(", ")));
    }
    if let Some(predicate) = &index.predicate {
        let _ = write!(out, " where {}", one_line(predicate));
    }
    if index.method != "btree" {
        let _ = write!(out, ", {}", index.method);
    }
    for (is, word) in
        [(index.primary, "primary key"), (index.unique && !index.primary, "unique"), (index.disabled, "disabled")]
    {
        if is {
            let _ = write!(out, ", {word}");
        }
    }
    out
}

fn fields(table: &Table, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let name = table.columns.iter().map(|c| width(&one_line(&c.name))).max().unwrap_or(0).clamp(8, 24) + 1;
    let kind = table.columns.iter().map(|c| width(&c.type_name) + 2).max().unwrap_or(0).clamp(16, 24) + 1;
    let heading = format!(
        "{}{}{}{}  common values",
        left(&format!("columns {}", table.columns.len()), name, theme),
        left("type, ! not null", kind, theme),
        right("distinct", 10, theme),
        right("null", 6, theme),
    );
    let mut out = vec![Line::styled(left(&heading, columns, theme), theme.style("plan.label"))];
    for column in &table.columns {
        out.push(field(column, table, (name, kind), columns, theme));
    }
    out
}

fn field(column: &Column, table: &Table, (name, kind): (usize, usize), columns: usize, theme: &Theme) -> Line<'static> {
    let mut type_name = one_line(&column.type_name);
    if column.not_null {
        type_name.push_str(" !");
    }
    let known = column.statistics.as_ref();
    let distinct = known.and_then(|s| s.distinct(table.rows.unwrap_or(0.0))).map(fmt::count).unwrap_or_default();
    let nulls = known.map(|s| fmt::percent(s.null_fraction)).unwrap_or_default();
    let mut common = String::new();
    for (value, share) in known.map(|s| s.most_common.as_slice()).unwrap_or_default().iter().take(4) {
        let _ = write!(common, "{} {}  ", one_line(value), fmt::percent(*share));
    }
    if let Some(generated) = &column.generated {
        common = format!("generated: {}", one_line(generated));
    }
    let room = columns.saturating_sub(name + kind + 18);
    let number = theme.style("plan.number");
    Line::from(vec![
        Span::styled(left(&one_line(&column.name), name, theme), theme.style("plan.relation")),
        Span::styled(left(&type_name, kind, theme), theme.style("ui.text")),
        Span::styled(right(&distinct, 10, theme), number),
        Span::styled(right(&nulls, 6, theme), number),
        Span::styled(format!("  {}", left(common.trim_end(), room, theme)), theme.style("ui.dim")),
    ])
}
