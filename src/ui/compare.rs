//! Two plans, a proposal's or any other two: beside each other where there is room, else one above the other.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

use super::{
    detail::{self, Beside},
    indexes::{cost, costs, gain, short, trust, verdict_span},
    plan::inset,
    text::{fit_spans, lines, pane, title, wrap},
    tree::{self, TreeView},
};
use crate::{
    advise::{Effect, Together},
    app::{Compared, Comparison, Extents, Model, Side},
    fmt,
    plan::{Plan, diff::Change},
    text::one_line,
    theme::Theme,
    whatif::Supposed,
};

/// Draws the comparison opened last.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) -> Extents {
    let Some(comparison) = &model.comparison else {
        let inside = inset(pane(frame.buffer_mut(), area, title("Compare", true, theme), true, theme));
        let words = "Choose a proposal (3) and press Enter, or compare the plan with another one (C).";
        let all: Vec<Line<'static>> = wrap(words, usize::from(inside.width))
            .into_iter()
            .map(|l| Line::styled(l, theme.style("ui.dim")))
            .collect();
        lines(frame.buffer_mut(), inside, &all, 0, theme);
        return Extents::default();
    };
    let with: Vec<&str> = match (&comparison.of, model.advice()) {
        (Compared::Proposal(p), Some(advice)) => advice.partners(p).into_iter().map(|o| o.name.as_str()).collect(),
        _ => Vec::new(),
    };
    let mut summary = summary(comparison, &with, usize::from(area.width.saturating_sub(2)), theme);
    if area.height < 26 {
        // The signs explain themselves where every line counts.
        summary.pop();
        summary.truncate(usize::from(area.height / 5).max(2));
    }
    let height = u16::try_from(summary.len()).unwrap_or(2);
    let wide = area.width >= BESIDE;
    let needed = u16::try_from(comparison.first.len().max(comparison.second.len()) + 3).unwrap_or(u16::MAX);
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
    let [before, after] = place(body, comparison);
    let extents = side(frame, before, comparison, Side::Before, theme);
    let other = side(frame, after, comparison, Side::After, theme);
    if node.height >= 3 {
        if wide {
            let [left, right] = Layout::horizontal([Constraint::Percentage(50), Constraint::Min(1)]).areas(node);
            about_node(frame, left, comparison, Side::Before, theme);
            about_node(frame, right, comparison, Side::After, theme);
        } else {
            about_node(frame, node, comparison, comparison.side, theme);
        }
    }
    if comparison.side == Side::Before { extents } else { other }
}

/// From this width on the trees stand beside each other.
const BESIDE: u16 = 110;

fn place(body: Rect, comparison: &Comparison) -> [Rect; 2] {
    if body.width >= BESIDE {
        return Layout::horizontal([Constraint::Percentage(50), Constraint::Min(1)]).areas(body);
    }
    if body.height < 10 {
        // Too little for two: the one with the keys has it all.
        let none = Rect { height: 0, ..body };
        return if comparison.side == Side::Before { [body, none] } else { [none, body] };
    }
    // Each as high as it needs, as far as there is room for both.
    let need = |plan: &Plan| u16::try_from(plan.len() + 3).unwrap_or(u16::MAX);
    let (before, after) = (need(&comparison.first), need(&comparison.second));
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

/// Verdict, cost, use, and the index itself; or what changed between two plans.
fn summary(comparison: &Comparison, with: &[&str], columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let dot = || Span::styled(format!("  {}  ", theme.glyphs.dot), theme.style("ui.dim"));
    let mut words: Vec<Vec<Span<'static>>> = match &comparison.of {
        Compared::Supposed(supposed) => supposition(supposed, theme),
        Compared::Together(set) => together(&set.tried, theme),
        Compared::Proposal(proposal) => {
            let mut first = vec![verdict_span(proposal.verdict, theme)];
            if let Some((costs, less)) = gain(proposal, theme) {
                first.extend([dot(), Span::styled(format!("cost {costs}"), theme.style("ui.text"))]);
                let better = cost(&comparison.second) < cost(&comparison.first);
                let scope = if better { "verdict.proved" } else { "verdict.rejected" };
                first.push(Span::styled(format!("  {less}"), theme.style(scope)));
            }
            let used = comparison.uses_index();
            let (words, scope) =
                if used { ("index used: yes", "verdict.proved") } else { ("index used: no", "verdict.rejected") };
            first.extend([dot(), Span::styled(words, theme.style(scope))]);
            let mut second = vec![Span::styled(short(&proposal.candidate), theme.style("plan.index"))];
            if !with.is_empty() {
                second.push(Span::styled(format!(" and {}", one_line(&with.join(", "))), theme.style("plan.index")));
            }
            if let Some(tried) = &proposal.tried {
                first.extend(
                    tried
                        .size_bytes
                        .into_iter()
                        .flat_map(|size| [dot(), Span::styled(fmt::bytes(size), theme.style("ui.text"))]),
                );
                let words = format!("{}, {}", tried.method, trust(tried.trust));
                second.extend([dot(), Span::styled(words, theme.style("ui.dim"))]);
            }
            vec![first, second]
        }
        Compared::Plans(..) => {
            // The first words name what changed in kind; numbers come last.
            let mut words = comparison.words.iter().map(|line| Span::styled(one_line(line), theme.style("ui.text")));
            let first = words.next().unwrap_or_else(|| Span::styled("no difference", theme.style("ui.dim")));
            let mut rest = Vec::new();
            for span in words {
                if !rest.is_empty() {
                    rest.push(dot());
                }
                rest.push(span);
            }
            vec![vec![first], rest]
        }
    };
    let g = theme.glyphs;
    words.push(vec![
        Span::styled(g.changed, theme.style("diff.changed")),
        Span::styled(" changed  ", theme.style("ui.dim")),
        Span::styled(g.removed, theme.style("diff.removed")),
        Span::styled(" only before  ", theme.style("ui.dim")),
        Span::styled(g.added, theme.style("diff.added")),
        Span::styled(" only after", theme.style("ui.dim")),
    ]);
    words.into_iter().map(|spans| Line::from(fit_spans(spans, columns, theme))).collect()
}

/// What several indexes do together, and a line for each: whether it is used, and its own part: what would be lost without it.
fn together(set: &Together, theme: &Theme) -> Vec<Vec<Span<'static>>> {
    let dot = || Span::styled(format!("  {}  ", theme.glyphs.dot), theme.style("ui.dim"));
    let (text, dim) = (theme.style("ui.text"), theme.style("ui.dim"));
    let mut first = vec![Span::styled(format!("{} indexes together", set.parts.len()), theme.style("ui.title"))];
    if let Some((costs, less)) = costs(&set.before, &set.after, theme) {
        let scope = if set.saved() > 0.0 { "verdict.proved" } else { "verdict.rejected" };
        first.extend([dot(), Span::styled(format!("cost {costs}"), text)]);
        first.push(Span::styled(format!("  {less}"), theme.style(scope)));
    }
    first.extend([dot(), Span::styled(format!("parts in {}", set.unit()), dim)]);
    first.extend([dot(), Span::styled(format!("{}, {}", set.method, trust(set.trust)), dim)]);
    let mut out = vec![first];
    for part in &set.parts {
        let used = part.is_used(&set.after);
        let (sign, scope) =
            if used { (theme.glyphs.yes, "verdict.proved") } else { (theme.glyphs.no, "verdict.rejected") };
        let own = match (part.name.is_some(), set.own_part(part)) {
            (false, _) => "not made here".to_owned(),
            (true, Some(own)) if own > 0.0 => format!("own part {}", fmt::cost(own)),
            (true, Some(_)) if used => "another does the same".to_owned(),
            (true, Some(_)) => "not used".to_owned(),
            (true, None) => "own part unknown".to_owned(),
        };
        let name = Span::styled(short(&part.candidate), theme.style("plan.index"));
        out.push(vec![Span::styled(format!("{sign} {own}"), theme.style(scope)), dot(), name]);
    }
    out
}

/// What is supposed, what it does to the plan, and what is to be known before.
fn supposition(supposed: &Supposed, theme: &Theme) -> Vec<Vec<Span<'static>>> {
    let dot = || Span::styled(format!("  {}  ", theme.glyphs.dot), theme.style("ui.dim"));
    let (text, dim) = (theme.style("ui.text"), theme.style("ui.dim"));
    let mut first = vec![Span::styled(one_line(&supposed.supposition.title()), theme.style("ui.title"))];
    if let Some((effect, line)) = supposed.effect(0) {
        let scope = match effect {
            Effect::Same | Effect::Other => "ui.text",
            Effect::Better => "verdict.proved",
            Effect::Worse => "verdict.rejected",
        };
        let line = line.replace('×', theme.glyphs.times).replace('→', theme.glyphs.arrow);
        first.extend([dot(), Span::styled(one_line(&line), theme.style(scope))]);
    }
    let mut second = Vec::new();
    if let Some(Ok(both)) = supposed.outcomes.first() {
        second.push(Span::styled(format!("{}, {}", both.method, trust(both.trust)), dim));
    }
    for note in supposed.farewells.iter().flat_map(|farewell| &farewell.notes) {
        second.extend([dot(), Span::styled(one_line(note), text)]);
    }
    vec![first, second]
}

fn side(frame: &mut Frame<'_>, area: Rect, comparison: &Comparison, side: Side, theme: &Theme) -> Extents {
    let (plan, state, changes) = match side {
        Side::Before => (&comparison.first, &comparison.before, &comparison.diff.before),
        Side::After => (&comparison.second, &comparison.after, &comparison.diff.after),
    };
    let name = match (&comparison.of, side) {
        (Compared::Proposal(_) | Compared::Together(_) | Compared::Supposed(_), Side::Before) => "Before",
        (Compared::Proposal(_) | Compared::Together(_) | Compared::Supposed(_), Side::After) => "After",
        (Compared::Plans(name, _), Side::Before) | (Compared::Plans(_, name), Side::After) => name,
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
    let changes = Some((changes.as_slice(), side == Side::After));
    let view = TreeView { plan, state, focused, mark: &|_| None, notes: None, changes, before: None };
    super::text::extents(tree::draw(frame.buffer_mut(), inside, &view, theme))
}

/// The node under a side's cursor: in full where there is room, else what it compares.
fn about_node(frame: &mut Frame<'_>, area: Rect, comparison: &Comparison, side: Side, theme: &Theme) {
    let (plan, state, name) = match side {
        Side::Before => (&comparison.first, &comparison.before, "Node before"),
        Side::After => (&comparison.second, &comparison.after, "Node after"),
    };
    let inside = inset(pane(frame.buffer_mut(), area, title(name, false, theme), false, theme));
    let id = state.selected();
    let columns = usize::from(inside.width);
    let mut out = if inside.height > 4 {
        detail::lines(plan, id, &Beside::default(), columns, theme)
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
