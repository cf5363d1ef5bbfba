//! The statements in the query's text.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{
    editor::highlighted,
    listing::{self, Column, Listing},
    text::{labelled, wrap_lines},
};
use crate::{
    app::{Extents, Model, Statement, on_one_line},
    fmt,
    sql::Effects,
    theme::Theme,
};

/// Draws the list and the details.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) -> Extents {
    let statements = &model.statements;
    let listing = Listing {
        name: "Statements",
        order: statements.order(),
        all: statements.all.len(),
        list: &statements.list,
        none: "The query is empty. Type or paste statements (1), or open a file of them (Ctrl-O there).",
        detail: "The statement",
    };
    let columns = |wide: usize| {
        let (line, took, cost) = if wide >= 60 { (6, 10, 11) } else { (0, 0, 0) };
        let does = 10;
        let rest = wide.saturating_sub(4 + line + does + took + cost + 2);
        vec![
            Column::numbers("", 4),
            Column::numbers("line", line).of_order(0),
            Column::words("  does", does + 2).of_order(3),
            Column::numbers("took", took).of_order(2),
            Column::numbers("cost", cost).of_order(1),
            Column::words("  statement", rest),
        ]
    };
    let row = |at: usize| statements.all.get(at).map(|s| row(s, theme)).unwrap_or_default();
    let about =
        |at: usize, wide: usize| statements.all.get(at).map(|s| about(s, model, wide, theme)).unwrap_or_default();
    listing::draw(frame, area, &listing, columns, row, about, theme)
}

/// What a statement does, in a word.
const fn word(effects: Effects) -> &'static str {
    match effects {
        Effects::Reads => "reads",
        Effects::Locks => "locks",
        Effects::Writes => "writes",
        Effects::NotExplainable => "defines",
        Effects::Unknown => "unknown",
    }
}

/// What follows from it for explaining and measuring.
const fn consequence(effects: Effects) -> &'static str {
    match effects {
        Effects::Reads => "only reads: it can be explained and measured",
        Effects::Locks => "reads and locks rows: it can be explained; measuring asks first",
        Effects::Writes => "changes rows: it can be explained; measuring asks first and rolls back",
        Effects::NotExplainable => "no query: the server has no plan of it",
        Effects::Unknown => "could not be read here: it is treated as if it wrote",
    }
}

fn row(statement: &Statement, theme: &Theme) -> Vec<Span<'static>> {
    let (text, dim, number) = (theme.style("ui.text"), theme.style("ui.dim"), theme.style("plan.number"));
    let does = match statement.effects {
        Effects::Reads => text,
        Effects::NotExplainable => dim,
        Effects::Locks | Effects::Writes | Effects::Unknown => theme.style("finding.warning"),
    };
    let known = statement.known.as_ref();
    vec![
        Span::styled(statement.number.to_string(), number),
        Span::styled(statement.line.to_string(), dim),
        Span::styled(format!("  {}", word(statement.effects)), does),
        Span::styled(known.and_then(|k| k.ran_ms).map(fmt::duration_ms).unwrap_or_default(), number),
        Span::styled(known.and_then(|k| k.cost).map(fmt::cost).unwrap_or_default(), number),
        Span::styled(format!("  {}", on_one_line(&statement.sql)), text),
    ]
}

fn about(statement: &Statement, model: &Model, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let (text, dim) = (theme.style("ui.text"), theme.style("ui.dim"));
    let mut out = Vec::new();
    let what = format!("{}: {}", statement.words, consequence(statement.effects));
    out.extend(labelled("what", &what, columns, text, theme));
    match &statement.known {
        Some(known) => {
            let ran = known.ran_ms.map(|ms| format!("ran {}", fmt::duration_ms(ms)));
            let cost = known.cost.map(|cost| format!("cost {}", fmt::cost(cost)));
            let words: Vec<String> = ran.into_iter().chain(cost).collect();
            out.extend(labelled("last plan", &words.join(", "), columns, text, theme));
            for (i, finding) in known.findings.iter().take(4).enumerate() {
                out.extend(labelled(if i == 0 { "findings" } else { "" }, finding, columns, text, theme));
            }
        }
        None => out.extend(labelled("last plan", "none yet: r explains it, a measures it", columns, dim, theme)),
    }
    out.push(Line::default());
    out.extend(wrap_lines(highlighted(&statement.sql, model.engine(), theme), columns));
    out
}
