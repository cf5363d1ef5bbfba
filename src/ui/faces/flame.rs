//! A plan as an icicle: each node as wide as its part of its parent's time, or of its cost.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Modifier,
    text::{Line, Span},
};

use crate::{
    app::{Sheet, weight},
    fmt,
    plan::{NodeId, Plan},
    theme::Theme,
    ui::{
        text::{fit, left},
        tree::heat,
    },
};

/// A node narrower than this is looked at from nearer.
const NARROW: f64 = 6.0;

struct Cell {
    id: NodeId,
    x: f64,
    columns: f64,
    level: usize,
}

pub(super) fn draw(buffer: &mut Buffer, area: Rect, sheet: &Sheet, focused: bool, theme: &Theme) -> usize {
    let plan = &sheet.plan;
    let selected = sheet.tree.selected();
    let rows = usize::from(area.height) - 1;
    let top = top(plan, selected, f64::from(area.width), rows);
    buffer.set_line(area.x, area.y, &heading(plan, top, usize::from(area.width), theme), area.width);
    let mut open = vec![Cell { id: top, x: 0.0, columns: f64::from(area.width), level: 0 }];
    while let Some(cell) = open.pop() {
        paint(buffer, area, plan, &cell, (cell.id == selected, focused), theme);
        if cell.level + 1 >= rows {
            continue;
        }
        let whole = weight(plan, cell.id);
        let parts: f64 = plan.children(cell.id).map(|child| weight(plan, child)).sum();
        // Children that overlap take more than their parent together; they share its width.
        let scale = cell.columns / whole.max(parts).max(f64::MIN_POSITIVE);
        let mut x = cell.x;
        for child in plan.children(cell.id) {
            let columns = weight(plan, child) * scale;
            // What takes less than a column cannot be seen, and there may be thousands of it.
            if columns >= 0.75 {
                open.push(Cell { id: child, x, columns, level: cell.level + 1 });
            }
            x += columns;
        }
    }
    rows
}

/// The node to draw from: the highest one above the cursor from which the node under the cursor can be seen.
fn top(plan: &Plan, selected: NodeId, columns: f64, rows: usize) -> NodeId {
    let mut path = vec![selected];
    while let Some(up) = path.last().and_then(|id| plan.parent(*id)) {
        path.push(up);
    }
    path.reverse();
    let seen = |from: usize| {
        let whole = weight(plan, path[from]);
        let part = if whole > 0.0 { weight(plan, selected) / whole } else { 1.0 };
        part * columns >= NARROW && path.len() - from < rows.max(2)
    };
    (0..path.len()).find(|from| seen(*from)).map_or(selected, |from| path[from])
}

fn heading(plan: &Plan, top: NodeId, columns: usize, theme: &Theme) -> Line<'static> {
    let what = if plan.analyzed { "wall time, children included" } else { "cost, children included" };
    let mut words = format!(" {what}");
    if top != NodeId::ROOT {
        let above = plan.depth(top);
        let level = if above == 1 { "level" } else { "levels" };
        words = format!(" {} {above} {level} above; {what}", theme.glyphs.ellipsis);
    }
    Line::styled(fit(&words, columns, theme), theme.style("plan.label"))
}

fn paint(buffer: &mut Buffer, area: Rect, plan: &Plan, cell: &Cell, (selected, focused): (bool, bool), theme: &Theme) {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "inside the area")]
    let (from, to) = (cell.x.round() as u16, (cell.x + cell.columns).round() as u16);
    let (from, to) = (from.min(area.width), to.min(area.width));
    let Ok(level) = u16::try_from(cell.level) else { return };
    let y = area.y + 1 + level;
    if to <= from || y >= area.bottom() {
        return;
    }
    let columns = usize::from(to - from);
    let number = weight(plan, cell.id);
    let number =
        if plan.derived(NodeId::ROOT).wall_ms.is_some() { fmt::duration_ms(number) } else { fmt::cost(number) };
    let title = plan.title(cell.id);
    // A blank keeps neighbours apart.
    let inner = columns.saturating_sub(1).max(1);
    let words = if inner > title.chars().count() + number.len() + 3 { format!("{title}  {number}") } else { title };
    let lead = if selected { theme.glyphs.cursor } else { " " };
    let words = if inner < 3 { lead.to_owned() } else { format!("{lead}{words}") };
    let mut style = heat(plan.derived(cell.id).share, theme).add_modifier(Modifier::REVERSED);
    if selected {
        style = style.add_modifier(Modifier::BOLD);
        if focused {
            style = theme.style("ui.tab.active").add_modifier(Modifier::BOLD);
        }
    }
    let span = Span::styled(left(&words, inner, theme), style);
    buffer.set_line(area.x + from, y, &Line::from(span), to - from);
}
