//! A plan: tree, findings, detail, placed by what the screen has room for.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

use super::{
    detail::{self, Beside},
    faces, findings,
    text::{extents, lines, pane, title, width, wrap},
    tree::{self, TreeView},
};
use crate::{
    app::{Extents, Face, Model, Pane, Rows, Sheet},
    fmt,
    keys::{Command, Place},
    text::one_line,
    theme::Theme,
};

/// Draws the plan shown.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) -> Extents {
    let Some(sheet) = model.sheet() else {
        let inside = pane(frame.buffer_mut(), area, title("Plan", true, theme), true, theme);
        let words = "No plan yet. Type a query (1) and explain it (F5).";
        for (line, y) in wrap(words, usize::from(inside.width)).iter().zip(inside.top()..inside.bottom()) {
            frame.buffer_mut().set_stringn(inside.x, y, line, usize::from(inside.width), theme.style("ui.dim"));
        }
        return Extents::default();
    };
    let places = place(area, sheet);
    let rows =
        if places.tree.is_empty() { Rows::default() } else { draw_tree(frame, places.tree, model, sheet, theme) };
    let mut extents = extents(rows);
    extents.panes = [places.tree, places.findings.unwrap_or_default(), places.detail.unwrap_or_default()];
    if let Some(area) = places.findings {
        let focused = sheet.pane == Pane::Findings;
        let inside = inset(pane(
            frame.buffer_mut(),
            area,
            findings_title(sheet, focused, places.detail.is_none(), theme),
            focused,
            theme,
        ));
        let rows = findings::draw(frame.buffer_mut(), inside, sheet, focused, theme);
        if focused {
            extents.page = rows;
        }
    }
    if let Some(area) = places.detail {
        let focused = sheet.pane == Pane::Detail;
        let inside = inset(pane(
            frame.buffer_mut(),
            area,
            detail_title(sheet, focused, places.findings.is_none(), theme),
            focused,
            theme,
        ));
        let id = sheet.tree.selected();
        let statement = sheet.asked().unwrap_or_default();
        let beside = Beside {
            findings: sheet.findings_of(id).collect(),
            query: sheet.spans_of(id).into_iter().map(|span| one_line(span.of(statement))).collect(),
            note: sheet.notes.get(&id.0).map(String::as_str),
            table: sheet.table_of(id),
            alike: sheet.tree.alike(id).filter(|_| sheet.faces.face == Face::Tree),
        };
        let all = detail::lines(&sheet.plan, id, &beside, usize::from(inside.width), theme);
        let most = lines(frame.buffer_mut(), inside, &all, sheet.scroll, theme);
        extents.scroll = most;
        if focused {
            extents.page = usize::from(inside.height);
        }
    }
    extents
}

struct Places {
    tree: Rect,
    findings: Option<Rect>,
    detail: Option<Rect>,
}

/// Side by side where there is room, else one under the other, the lower pane changing with the focus.
fn place(area: Rect, sheet: &Sheet) -> Places {
    // The tree takes no more than it needs, so that a small plan leaves room for the rest; what is folded does not move
    // the panes about.
    let wanted = match sheet.faces.face {
        Face::Tree | Face::Flat => u16::try_from(sheet.plan.len() + 3).unwrap_or(u16::MAX),
        Face::Groups | Face::Flame | Face::Document => u16::MAX,
    };
    if area.width >= 150 && area.height >= 28 {
        let [main, side] = Layout::horizontal([Constraint::Percentage(64), Constraint::Min(1)]).areas(area);
        let tree = wanted.min(main.height * 65 / 100).max(8);
        let [tree, findings] = Layout::vertical([Constraint::Length(tree), Constraint::Min(1)]).areas(main);
        return Places { tree, findings: Some(findings), detail: Some(side) };
    }
    if area.height < 14 {
        // Too little for two: the pane with the keys has it all.
        return match sheet.pane {
            Pane::Tree => Places { tree: area, findings: None, detail: None },
            Pane::Findings => Places { tree: Rect::default(), findings: Some(area), detail: None },
            Pane::Detail => Places { tree: Rect::default(), findings: None, detail: Some(area) },
        };
    }
    let tree = wanted.min(area.height * 55 / 100).max(5);
    let [tree, lower] = Layout::vertical([Constraint::Length(tree), Constraint::Min(1)]).areas(area);
    if area.width >= 110 && area.height >= 24 {
        let [findings, detail] = Layout::horizontal([Constraint::Percentage(48), Constraint::Min(1)]).areas(lower);
        return Places { tree, findings: Some(findings), detail: Some(detail) };
    }
    if sheet.pane == Pane::Findings {
        Places { tree, findings: Some(lower), detail: None }
    } else {
        Places { tree, findings: None, detail: Some(lower) }
    }
}

/// A column of air on either side.
pub(super) fn inset(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}

fn draw_tree(frame: &mut Frame<'_>, area: Rect, model: &Model, sheet: &Sheet, theme: &Theme) -> Rows {
    let focused = sheet.pane == Pane::Tree;
    let plan = &sheet.plan;
    let face = sheet.faces.face;
    let name = if face == Face::Tree { "Plan" } else { face.title() };
    let mut words =
        vec![Span::styled(format!(" {name} "), theme.style(if focused { "ui.accent" } else { "ui.title" }))];
    let mut facts = Vec::new();
    facts.extend(sheet.which.map(|(at, of)| format!("statement {at} of {of}")));
    if plan.analyzed {
        facts.extend(sheet.took().map(|ms| format!("measured, {}", fmt::duration_ms(ms))));
        facts.extend(plan.planning_ms.map(|ms| format!("planning {}", fmt::duration_ms(ms))));
    } else {
        facts.push("estimated, not run".to_owned());
    }
    facts.extend(plan.total_cost().map(|c| format!("cost {}", fmt::cost(c))));
    if model.sheets.len() > 1 {
        facts.push(format!("plan {} of {} (< >)", model.current + 1, model.sheets.len()));
    }
    let dot = format!(" {} ", theme.glyphs.dot);
    words.push(Span::styled(format!("{} ", facts.join(&dot)), theme.style("ui.dim")));
    let used: usize = words.iter().map(|span| width(&span.content)).sum();
    let inside = pane(frame.buffer_mut(), area, Line::from(words), focused, theme);
    faces_at_the_right(frame, area, used, model, sheet, theme);
    // Rows as wide as the screen can be moved by the terminal.
    let before = (area.width == frame.area().width).then_some(model.extents.rows.first);
    if face != Face::Tree {
        return faces::draw(frame.buffer_mut(), inside, sheet, (focused, before), theme);
    }
    let mark = |id| sheet.findings_of(id).map(|f| f.severity).max();
    let view =
        TreeView { plan, state: &sheet.tree, focused, mark: &mark, notes: Some(&sheet.notes), changes: None, before };
    tree::draw(frame.buffer_mut(), inside, &view, theme)
}

/// The ways to look at the plan, on the frame where there is room beside the title.
fn faces_at_the_right(frame: &mut Frame<'_>, area: Rect, used: usize, model: &Model, sheet: &Sheet, theme: &Theme) {
    let key = model.keymap.key_of(&[Place::Plan], Command::NextFace);
    let mut spans = vec![Span::raw(" ")];
    spans.extend(key.map(|key| Span::styled(format!("{} ", key.label(theme.glyphs.ascii)), theme.style("ui.key"))));
    for face in Face::ALL {
        let shown = face == sheet.faces.face;
        let scope = if shown { "ui.accent" } else { "ui.dim" };
        let words = if shown { format!("[{}] ", face.title()) } else { format!("{} ", face.title()) };
        spans.push(Span::styled(words, theme.style(scope)));
    }
    let wide: usize = spans.iter().map(|span| width(&span.content)).sum();
    if used + wide + 6 > usize::from(area.width) {
        return;
    }
    let Ok(wide) = u16::try_from(wide) else { return };
    frame.buffer_mut().set_line(area.right() - wide - 2, area.y, &Line::from(spans), wide);
}

fn findings_title(sheet: &Sheet, focused: bool, alone: bool, theme: &Theme) -> Line<'static> {
    let mut out = title(&format!("Findings {}", sheet.findings.len()), focused, theme);
    if alone {
        out.push_span(Span::styled("Node (Tab) ", theme.style("ui.dim")));
    }
    out
}

fn detail_title(sheet: &Sheet, focused: bool, alone: bool, theme: &Theme) -> Line<'static> {
    let mut out = title("Node", focused, theme);
    if alone {
        let n = sheet.findings.len();
        let words = if n == 0 { "Findings (Tab) ".to_owned() } else { format!("Findings {n} (Tab) ") };
        out.push_span(Span::styled(words, theme.style("ui.dim")));
    }
    out
}
