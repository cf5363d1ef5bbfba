//! A proposal's plans before and after: beside each other where there is room, else one above the other.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

use super::{
    detail,
    indexes::{cost, gain, short, trust, used, verdict_span},
    plan::inset,
    text::{fit_spans, lines, pane, title, wrap},
    tree::{self, TreeView},
};
use crate::{
    advise::{Proposal, Tried},
    app::{Comparison, Extents, Model, Side},
    fmt,
    plan::{Plan, diff::Change},
    text::one_line,
    theme::Theme,
};

/// Draws the comparison opened last.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) -> Extents {
    let opened = model.advice().and_then(|a| {
        let comparison = a.comparison.as_ref()?;
        let proposal = a.proposals.get(comparison.proposal)?;
        Some((comparison, proposal, proposal.tried.as_ref()?))
    });
    let Some((comparison, proposal, tried)) = opened else {
        let inside = inset(pane(frame.buffer_mut(), area, title("Before and after", true, theme), true, theme));
        let words = "Choose a proposal (3) and press Enter.";
        lines(frame.buffer_mut(), inside, &[Line::styled(words, theme.style("ui.dim"))], 0, theme);
        return Extents::default();
    };
    let mut summary = summary(proposal, tried, usize::from(area.width.saturating_sub(2)), theme);
    if area.height < 26 {
        // The signs explain themselves where every line counts.
        summary.truncate(2);
    }
    let height = u16::try_from(summary.len()).unwrap_or(2);
    let wide = area.width >= BESIDE;
    let needed = u16::try_from(tried.before.len().max(tried.after.len()) + 3).unwrap_or(u16::MAX);
    let trees = if wide { needed.min((area.height - height) * 60 / 100).max(6) } else { area.height };
    let nodes = match (wide, area.height) {
        (true, 20..) => Constraint::Min(0),
        (false, 20..) => Constraint::Length(4),
        _ => Constraint::Length(0),
    };
    let trees = if area.height >= 20 && wide { Constraint::Length(trees) } else { Constraint::Min(1) };
    let [top, body, node] = Layout::vertical([Constraint::Length(height), trees, nodes]).areas(area);
    for (line, y) in summary.iter().zip(top.top()..top.bottom()) {
        frame.buffer_mut().set_line(top.x + 1, y, line, top.width.saturating_sub(2));
    }
    let [before, after] = place(body, tried, comparison.side);
    let extents = side(frame, before, tried, comparison, Side::Before, theme);
    let other = side(frame, after, tried, comparison, Side::After, theme);
    if node.height >= 3 {
        if wide {
            let [left, right] = Layout::horizontal([Constraint::Percentage(50), Constraint::Min(1)]).areas(node);
            about_node(frame, left, tried, comparison, Side::Before, theme);
            about_node(frame, right, tried, comparison, Side::After, theme);
        } else {
            about_node(frame, node, tried, comparison, comparison.side, theme);
        }
    }
    if comparison.side == Side::Before { extents } else { other }
}

/// From this width on the trees stand beside each other.
const BESIDE: u16 = 110;

fn place(body: Rect, tried: &Tried, side: Side) -> [Rect; 2] {
    if body.width >= BESIDE {
        return Layout::horizontal([Constraint::Percentage(50), Constraint::Min(1)]).areas(body);
    }
    if body.height < 10 {
        // Too little for two: the one with the keys has it all.
        let none = Rect { height: 0, ..body };
        return if side == Side::Before { [body, none] } else { [none, body] };
    }
    // Each as high as it needs, as far as there is room for both.
    let need = |plan: &Plan| u16::try_from(plan.len() + 3).unwrap_or(u16::MAX);
    let (before, after) = (need(&tried.before), need(&tried.after));
    let half = body.height / 2;
    let first = if before <= half {
        before.max(4)
    } else if after < half {
        (body.height - after.max(4)).min(before)
    } else {
        half
    };
    Layout::vertical([Constraint::Length(first), Constraint::Min(1)]).areas(body)
}

/// Verdict, cost, use, and the index itself.
fn summary(proposal: &Proposal, tried: &Tried, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let dot = || Span::styled(format!("  {}  ", theme.glyphs.dot), theme.style("ui.dim"));
    let mut first = vec![verdict_span(proposal.verdict, theme)];
    if let Some((costs, less)) = gain(proposal, theme) {
        first.extend([dot(), Span::styled(format!("cost {costs}"), theme.style("ui.text"))]);
        let scope = if cost(&tried.after) < cost(&tried.before) { "verdict.proved" } else { "verdict.rejected" };
        first.push(Span::styled(format!("  {less}"), theme.style(scope)));
    }
    let (words, scope) =
        if used(tried) { ("index used: yes", "verdict.proved") } else { ("index used: no", "verdict.rejected") };
    first.extend([dot(), Span::styled(words, theme.style(scope))]);
    if let Some(size) = tried.size_bytes {
        first.extend([dot(), Span::styled(fmt::bytes(size), theme.style("ui.text"))]);
    }
    let second = vec![
        Span::styled(short(&proposal.candidate), theme.style("plan.index")),
        dot(),
        Span::styled(format!("{}, {}", tried.method, trust(tried.trust)), theme.style("ui.dim")),
    ];
    let g = theme.glyphs;
    let legend = vec![
        Span::styled(g.changed, theme.style("diff.changed")),
        Span::styled(" changed  ", theme.style("ui.dim")),
        Span::styled(g.removed, theme.style("diff.removed")),
        Span::styled(" only before  ", theme.style("ui.dim")),
        Span::styled(g.added, theme.style("diff.added")),
        Span::styled(" only after", theme.style("ui.dim")),
    ];
    [first, second, legend].into_iter().map(|spans| Line::from(fit_spans(spans, columns, theme))).collect()
}

fn side(
    frame: &mut Frame<'_>,
    area: Rect,
    tried: &Tried,
    comparison: &Comparison,
    side: Side,
    theme: &Theme,
) -> Extents {
    let (plan, state, changes, name) = match side {
        Side::Before => (&tried.before, &comparison.before, &comparison.diff.before, "Before"),
        Side::After => (&tried.after, &comparison.after, &comparison.diff.after, "After"),
    };
    if area.height < 3 {
        return Extents::default();
    }
    let focused = comparison.side == side;
    let mut heading = title(name, focused, theme);
    if let Some(cost) = cost(plan) {
        heading.push_span(Span::styled(format!("cost {} ", fmt::cost(cost)), theme.style("ui.title")));
    }
    let differing = changes.iter().filter(|c| !matches!(c, Change::Same(_))).count();
    heading.push_span(Span::styled(
        format!("{} {differing} of {} differ ", theme.glyphs.dot, plan.len()),
        theme.style("ui.dim"),
    ));
    let inside = pane(frame.buffer_mut(), area, heading, focused, theme);
    let view = TreeView { plan, state, focused, mark: &|_| None, changes: Some((changes, side == Side::After)) };
    Extents { page: tree::draw(frame.buffer_mut(), inside, &view, theme), scroll: 0 }
}

/// The node under a side's cursor: in full where there is room, else what it compares.
fn about_node(frame: &mut Frame<'_>, area: Rect, tried: &Tried, comparison: &Comparison, side: Side, theme: &Theme) {
    let (plan, state, name) = match side {
        Side::Before => (&tried.before, &comparison.before, "Node before"),
        Side::After => (&tried.after, &comparison.after, "Node after"),
    };
    let inside = inset(pane(frame.buffer_mut(), area, title(name, false, theme), false, theme));
    let id = state.selected();
    let columns = usize::from(inside.width);
    let mut out = if inside.height > 4 {
        detail::lines(plan, id, std::iter::empty(), columns, theme)
    } else {
        let mut out = vec![Line::from(fit_spans(tree::title(plan, id, theme), columns, theme))];
        let words: Vec<String> =
            plan.details(id).into_iter().map(|(label, text)| format!("{label}: {}", one_line(&text))).collect();
        out.extend(wrap(&words.join("; "), columns).into_iter().map(|l| Line::styled(l, theme.style("ui.dim"))));
        out
    };
    out.truncate(usize::from(inside.height));
    lines(frame.buffer_mut(), inside, &out, 0, theme);
}
