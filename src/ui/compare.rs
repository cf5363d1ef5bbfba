//! Two plans, a proposal's or any other two: beside each other where there is room, else one above the other.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

use super::{
    detail::{self, Beside},
    indexes::{self, badge, costs, figure, gain, means, short, shown, time, told_by, trust, verdict_span},
    plan::inset,
    text::{fit_spans, labelled, lines, pane, title, width, wrap},
    tree::{self, TreeView},
};
use crate::{
    advise::{Effect, Together, Trust, unit},
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
    // Both trees whole are worth more than the node in two lines.
    let both = comparison.first.len() + comparison.second.len() + 6;
    let room = usize::from(area.height - height);
    let nodes = match (wide, area.height) {
        (true, 20..) => Constraint::Min(0),
        (false, 20..) if both <= room - 4 || both > room => Constraint::Length(4),
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
    let dot = || dot(columns, theme);
    let mut words: Vec<Vec<Span<'static>>> = match &comparison.of {
        Compared::Supposed(supposed) => supposition(supposed, columns, theme),
        Compared::Together(set) => together(&set.tried, columns, theme),
        Compared::Proposal(proposal) => {
            let mut first = vec![verdict_span(proposal.verdict, theme)];
            let unit = unit(comparison.first.engine);
            if let Some((figures, less)) = gain(proposal, theme) {
                // What decides is an estimate on both sides, also where the time of the first is known.
                first.extend([dot(), Span::styled(format!("est. {unit} {figures}"), theme.style("ui.text"))]);
                let better = figure(&comparison.second) < figure(&comparison.first);
                let scope = if better { "verdict.proved" } else { "verdict.rejected" };
                first.push(Span::styled(format!(" ({less})"), theme.style(scope)));
            }
            let used = comparison.uses_index();
            let (words, scope) =
                if used { ("index used", "verdict.proved") } else { ("index not used", "verdict.rejected") };
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
                second.push(dot());
                second.extend(told_by(tried.method, tried.trust, columns, theme));
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

/// Between things on a line, with more air where there is room.
fn dot(columns: usize, theme: &Theme) -> Span<'static> {
    let air = if columns < 100 { " " } else { "  " };
    Span::styled(format!("{air}{}{air}", theme.glyphs.dot), theme.style("ui.dim"))
}

/// What several indexes do together, and a line for each: whether it is used, and its own part: what would be lost without it.
fn together(set: &Together, columns: usize, theme: &Theme) -> Vec<Vec<Span<'static>>> {
    let dot = || dot(columns, theme);
    let text = theme.style("ui.text");
    let mut first = vec![Span::styled(format!("{} indexes together", set.parts.len()), theme.style("ui.title"))];
    if let Some((figures, less)) = costs(&set.before, &set.after, theme) {
        let scope = if set.saved() > 0.0 { "verdict.proved" } else { "verdict.rejected" };
        first.extend([dot(), Span::styled(format!("est. {} {figures}", set.unit()), text)]);
        first.push(Span::styled(format!(" ({less})"), theme.style(scope)));
    }
    first.push(dot());
    first.extend(told_by(set.method, set.trust, columns, theme));
    let mut out = vec![first];
    for part in &set.parts {
        let used = part.is_used(&set.after);
        let (sign, scope) =
            if used { (theme.glyphs.yes, "verdict.proved") } else { (theme.glyphs.no, "verdict.rejected") };
        let own = match (part.name.is_some(), set.own_part(part)) {
            (false, _) => "not made here".to_owned(),
            (true, Some(own)) if own > 0.0 => {
                format!("{} more {} without it", shown(set.after.engine, own), set.unit())
            }
            (true, Some(_)) if used => "another does the same".to_owned(),
            (true, Some(_)) => "not used".to_owned(),
            (true, None) => "what it adds is not known".to_owned(),
        };
        let name = Span::styled(short(&part.candidate), theme.style("plan.index"));
        out.push(vec![Span::styled(format!("{sign} {own}"), theme.style(scope)), dot(), name]);
    }
    out
}

/// What is supposed, what it does to the plan, and what is to be known before.
fn supposition(supposed: &Supposed, columns: usize, theme: &Theme) -> Vec<Vec<Span<'static>>> {
    let dot = || dot(columns, theme);
    let text = theme.style("ui.text");
    let mut first = vec![Span::styled(one_line(&supposed.supposition.title()), theme.style("ui.title"))];
    if let Some((effect, line)) = supposed.effect(0) {
        let scope = match effect {
            Effect::Same | Effect::Other => "ui.text",
            Effect::Better => "verdict.proved",
            Effect::Worse => "verdict.rejected",
        };
        let line = line.replace('×', theme.glyphs.times).replace('→', theme.glyphs.arrow);
        first.extend([dot(), Span::styled(format!("est. {}", one_line(&line)), theme.style(scope))]);
    }
    let mut second = Vec::new();
    if let Some(Ok(both)) = supposed.outcomes.first() {
        second.extend(told_by(both.method, both.trust, columns, theme));
        // Of a trial that needs no more words than these nothing is kept back: Enter shows all.
        if supposed.farewells.is_empty() {
            second.extend(both.notes.iter().flat_map(|note| [dot(), Span::styled(one_line(note), text)]));
        }
    }
    for note in supposed.farewells.iter().flat_map(|farewell| &farewell.notes) {
        second.extend([dot(), Span::styled(one_line(note), text)]);
    }
    vec![first, second]
}

/// What a side's title says besides its name: the figure that is compared, and whether it ever ran.
fn facts(comparison: &Comparison, side: Side, theme: &Theme) -> String {
    let plan = if side == Side::Before { &comparison.first } else { &comparison.second };
    let dot = theme.glyphs.dot;
    let Some(figure) = figure(plan) else { return String::new() };
    let (unit, figure) = (unit(plan.engine), shown(plan.engine, figure));
    match (&comparison.of, side, comparison.measured) {
        (Compared::Plans(..), ..) => format!("{unit} {figure} "),
        (_, Side::Before, Some(ms)) => format!("est. {unit} {figure} {dot} measured {} ", fmt::duration_ms(ms)),
        (_, Side::Before, None) => format!("est. {unit} {figure} {dot} not measured "),
        (_, Side::After, _) => format!("est. {unit} {figure} {dot} not run "),
    }
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
    heading.push_span(Span::styled(facts(comparison, side, theme), theme.style("ui.title")));
    let counted = counted(changes, side, theme);
    if heading.width() + counted.iter().map(|s| width(&s.content)).sum::<usize>() + 2 < usize::from(area.width) {
        for span in counted {
            heading.push_span(span);
        }
    }
    let inside = pane(frame.buffer_mut(), area, heading, focused, theme);
    let changes = Some((changes.as_slice(), side == Side::After));
    let view = TreeView { plan, state, focused, mark: &|_| None, notes: None, changes, before: None };
    super::text::extents(tree::draw(frame.buffer_mut(), inside, &view, theme))
}

/// How many nodes differ and how, by the signs that stand before them: where there is no room for a legend this is it.
fn counted(changes: &[Change], side: Side, theme: &Theme) -> Vec<Span<'static>> {
    let g = theme.glyphs;
    let count = |is: fn(&Change) -> bool| changes.iter().filter(|c| is(c)).count();
    let (other, only) = (count(|c| matches!(c, Change::Changed(_))), count(|c| matches!(c, Change::Only)));
    let dim = theme.style("ui.dim");
    let mut out = vec![Span::styled(g.dot, dim)];
    let lone = match side {
        Side::Before => (only, g.removed, "diff.removed", "only before"),
        Side::After => (only, g.added, "diff.added", "only after"),
    };
    for (number, sign, scope, words) in [(other, g.changed, "diff.changed", "changed"), lone] {
        if number > 0 {
            out.extend([
                Span::styled(format!(" {sign} "), theme.style(scope)),
                Span::styled(format!("{number} {words}"), dim),
            ]);
        }
    }
    if out.len() == 1 {
        out.push(Span::styled(" no node differs", dim));
    }
    out.push(Span::raw(" "));
    out
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
    let out = if inside.height > 4 {
        detail::lines(plan, id, &Beside::default(), columns, theme)
    } else {
        let mut out = vec![Line::from(fit_spans(tree::title(plan, id, theme), columns, theme))];
        let words: Vec<String> =
            plan.details(id).into_iter().map(|(label, text)| format!("{label}: {}", one_line(&text))).collect();
        out.extend(wrap(&words.join("; "), columns).into_iter().map(|l| Line::styled(l, theme.style("ui.dim"))));
        out
    };
    lines(frame.buffer_mut(), inside, &out, 0, theme);
}

/// All that is known of what is compared, for a page of its own.
pub(super) fn about(comparison: &Comparison, model: &Model, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let text = theme.style("ui.text");
    let mut out = Vec::new();
    let put = |out: &mut Vec<Line<'static>>, label: &str, words: &[String]| {
        for (number, words) in words.iter().enumerate() {
            out.extend(labelled(if number == 0 { label } else { "" }, words, columns, text, theme));
        }
    };
    let by = |method: &str, by: Trust| {
        let means = means(method).map_or_else(String::new, |means| format!(" ({means})"));
        format!("{method}, trust {}: {}{means}", badge(by, theme).content, trust(method, by))
    };
    match &comparison.of {
        Compared::Proposal(proposal) => return indexes::about(proposal, model, columns, theme),
        Compared::Together(set) => {
            for spans in together(&set.tried, columns, theme) {
                let words: String = spans.iter().map(|span| span.content.as_ref()).collect();
                out.extend(wrap(&words, columns).into_iter().map(|l| Line::styled(l, text)));
            }
            out.push(Line::default());
            put(&mut out, "tried by", &[by(set.tried.method, set.tried.trust)]);
            put(&mut out, "time", &[time(model)]);
            put(&mut out, "notes", &set.tried.notes);
            put(&mut out, "makes them", &set.ddl);
            put(&mut out, "undo", &set.undo);
        }
        Compared::Supposed(supposed) => {
            put(&mut out, "what if", &[supposed.supposition.title()]);
            put(
                &mut out,
                "then",
                &supposed.effect(0).map(|(_, line)| format!("est. {line}")).into_iter().collect::<Vec<_>>(),
            );
            put(&mut out, "time", &[time(model)]);
            if let Some(Ok(both)) = supposed.outcomes.first() {
                put(&mut out, "told by", &[by(both.method, both.trust)]);
                put(&mut out, "notes", &both.notes);
            }
            for farewell in &supposed.farewells {
                put(&mut out, "before", &farewell.notes);
                put(&mut out, "drop", &farewell.ddl);
                put(&mut out, "undo", &farewell.undo);
            }
        }
        Compared::Plans(before, after) => {
            put(&mut out, "before", std::slice::from_ref(before));
            put(&mut out, "after", std::slice::from_ref(after));
        }
    }
    put(&mut out, "changed", &comparison.words);
    out
}
