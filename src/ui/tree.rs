//! The plan tree: operator, heat, rows, flags, in as many columns as fit.

mod columns;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use self::columns::{Columns, several};
use super::text::{centred, fit_spans, following, from_top, left, marked, right, width};
use crate::{
    app::{Notes, Rows, TreeState},
    diagnose::Severity,
    fmt,
    plan::{Engine, Flag, NodeId, Operator, Plan, diff::Change, fold::Group},
    text::one_line,
    theme::Theme,
};

/// What to draw.
pub(super) struct TreeView<'a> {
    pub(super) plan: &'a Plan,
    pub(super) state: &'a TreeState,
    pub(super) focused: bool,
    /// The worst finding of a node.
    pub(super) mark: &'a dyn Fn(NodeId) -> Option<Severity>,
    /// What people wrote about nodes.
    pub(super) notes: Option<&'a Notes>,
    /// How each node stands to another plan, and whether this is the later one.
    pub(super) changes: Option<(&'a [Change], bool)>,
    /// The first row that was seen before, where the tree is as wide as the screen.
    pub(super) before: Option<usize>,
}

/// Draws the heading and the visible rows, and gives those.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, view: &TreeView<'_>, theme: &Theme) -> Rows {
    if area.height < 2 || area.width < 10 {
        return Rows::default();
    }
    let groups: Vec<&Group> = view.state.closed_groups().collect();
    let arrow = width(theme.glyphs.arrow);
    let columns = Columns::choose(usize::from(area.width), view.plan, view.changes.is_some(), arrow, &groups);
    buffer.set_line(area.x, area.y, &heading(columns, view.plan, theme), area.width);
    let height = usize::from(area.height) - 1;
    let rows = view.state.rows();
    let cursor = view.state.cursor();
    let first = match view.before {
        Some(before) => following(before, cursor, rows.len(), height),
        None if view.changes.is_some() => from_top(cursor, rows.len(), height),
        None => centred(cursor, rows.len(), height),
    };
    for (i, (id, y)) in rows.iter().skip(first).take(height).zip(area.top() + 1..).enumerate() {
        let selected = first + i == cursor;
        buffer.set_line(area.x, y, &row(*id, selected, columns, view, theme), area.width);
        if selected {
            let scope = if view.focused { "ui.selection" } else { "ui.selection.inactive" };
            buffer.set_style(Rect::new(area.x, y, area.width, 1), theme.style(scope));
        }
    }
    let area = Rect { y: area.y + 1, height: area.height - 1, ..area };
    marked(buffer, Rows { area, first, cursor, all: rows.len(), each: 1 }, theme)
}

fn heading(columns: Columns, plan: &Plan, theme: &Theme) -> Line<'static> {
    let mut out = left("   operator", columns.operator, theme);
    out.push_str(&right(if plan.analyzed { "self time" } else { "self cost" }, columns.number, theme));
    out.push_str(&left("", columns.bar, theme));
    let (arrow, times) = (theme.glyphs.arrow, theme.glyphs.times);
    let rows = match (plan.analyzed, columns.looped, columns.loops > 0) {
        (true, true, true) => format!("per loop est {arrow} act"),
        (true, true, false) => format!("est {arrow} act {times}loops"),
        (true, false, _) if columns.rows >= 15 => format!("rows est {arrow} act"),
        (true, false, _) => format!("est {arrow} act"),
        (false, ..) => "rows est".to_owned(),
    };
    out.push_str(&right(&rows, columns.rows, theme));
    out.push_str(&right(if columns.error > 0 { "off by" } else { "" }, columns.error, theme));
    out.push_str(&right(if columns.loops > 0 { "loops" } else { "" }, columns.loops, theme));
    out.push_str(&left(if columns.flags > 0 { "  notable" } else { "" }, columns.flags, theme));
    Line::styled(out, theme.style("plan.label"))
}

fn row(id: NodeId, selected: bool, columns: Columns, view: &TreeView<'_>, theme: &Theme) -> Line<'static> {
    let plan = view.plan;
    let derived = plan.derived(id);
    let share = view.state.alike(id).map_or(derived.felt(), |group| group.together.share);
    let heat = heat(share, theme);
    let mut spans = vec![Span::styled(if selected { theme.glyphs.cursor } else { " " }, theme.style("ui.accent"))];
    spans.push(mark(id, view, theme));
    // A note is marked between the finding's sign and the tree.
    let noted = view.notes.is_some_and(|notes| notes.contains_key(&id.0));
    spans.push(Span::styled(if noted { theme.glyphs.note } else { " " }, theme.style("ui.accent")));
    let guides = guides(id, view, columns.operator, theme);
    let room = columns.operator.saturating_sub(4 + guides.iter().map(|s| width(&s.content)).sum::<usize>());
    spans.extend(guides);
    spans.extend(name(plan, id, view, room, theme));
    let mut spans = fit_spans(spans, columns.operator.saturating_sub(1), theme);
    let used: usize = spans.iter().map(|s| width(&s.content)).sum();
    spans.push(Span::raw(" ".repeat(columns.operator.saturating_sub(used))));

    // One row that stands for several tells what they are together.
    let group = view.state.alike(id);
    let own = match group {
        Some(group) => group.together.own,
        None => {
            if plan.analyzed {
                derived.felt_ms()
            } else {
                derived.self_cost
            }
        }
    };
    let number = own.map(if plan.analyzed { fmt::duration_ms } else { fmt::cost });
    spans.push(Span::styled(right(&number.unwrap_or_default(), columns.number, theme), heat));
    if columns.bar > 0 {
        let bar = share.map_or_else(String::new, |s| theme.glyphs.bar(s, columns.bar - 1));
        spans.push(Span::raw(" "));
        spans.push(Span::styled(left(&bar, columns.bar - 1, theme), heat));
    }
    if let Some(group) = group {
        spans.extend(spread(plan, group, columns, theme));
    } else {
        spans.extend(numbers(plan, id, columns, theme));
        spans.extend(flags(plan, id, columns, theme));
    }
    Line::from(spans)
}

/// A finding's severity, or how the node changed.
fn mark(id: NodeId, view: &TreeView<'_>, theme: &Theme) -> Span<'static> {
    let g = theme.glyphs;
    if let Some((changes, later)) = view.changes {
        return match changes.get(id.index()) {
            Some(Change::Changed(_)) => Span::styled(g.changed, theme.style("diff.changed")),
            Some(Change::Only) if later => Span::styled(g.added, theme.style("diff.added")),
            Some(Change::Only) => Span::styled(g.removed, theme.style("diff.removed")),
            _ => Span::raw(" "),
        };
    }
    match (view.mark)(id) {
        Some(severity) => severity_mark(severity, theme),
        None => Span::raw(" "),
    }
}

/// A severity's sign in its colour.
pub(super) fn severity_mark(severity: Severity, theme: &Theme) -> Span<'static> {
    let g = theme.glyphs;
    match severity {
        Severity::Critical => Span::styled(g.bad, theme.style("finding.critical")),
        Severity::Warning => Span::styled(g.warn, theme.style("finding.warning")),
        Severity::Info => Span::styled(g.info, theme.style("finding.info")),
    }
}

/// Lines to the ancestors; where they would take more than `most` columns, the outer levels become a number.
fn guides(id: NodeId, view: &TreeView<'_>, operator: usize, theme: &Theme) -> Vec<Span<'static>> {
    let g = theme.glyphs;
    let plan = view.plan;
    let depth = plan.depth(id) as usize;
    let mut parts: Vec<String> = Vec::new();
    // Where the operator has little room a level takes two columns.
    let step = if operator < 46 { 2 } else { 3 };
    let cut = |part: &str| part.chars().take(step).collect::<String>();
    let shown = depth.min((operator / 2 / step).max(2));
    let mut at = Some(id);
    for level in 0..shown {
        let Some(here) = at else { break };
        let last = view.state.is_last(plan, here);
        parts.push(match (level, last) {
            (0, true) => cut(g.corner),
            (0, false) => cut(g.branch),
            (_, true) => cut("   "),
            (_, false) => cut(g.trunk),
        });
        at = plan.parent(here);
    }
    // In the width of a level, so that the lines of rows below each other meet.
    let hidden = if shown < depth { format!("{}{}", g.ellipsis, depth - shown) } else { String::new() };
    let mut text = if hidden.is_empty() { hidden } else { format!("{hidden:<step$}") };
    text.extend(parts.into_iter().rev());
    if depth > 0 && step < 3 {
        // The line ends where the name begins.
        text.push(' ');
    }
    let fold = if let Some(group) = view.state.alike(id) {
        format!("{} {} alike: ", g.closed, fmt::whole(group.count()))
    } else if plan.children(id).next().is_none() {
        String::new()
    } else if view.state.is_folded(id) {
        let hidden = plan.end(id).0 - id.0 - 1;
        format!("{} {hidden} ", g.closed)
    } else {
        String::new()
    };
    vec![Span::styled(text, theme.style("plan.guide")), Span::styled(fold, theme.style("ui.accent"))]
}

/// The node's title with its relation and index in their colours; matches of a search stand out.
fn name(plan: &Plan, id: NodeId, view: &TreeView<'_>, room: usize, theme: &Theme) -> Vec<Span<'static>> {
    let mut out = Vec::new();
    if let Some(section) = plan.section(id) {
        out.push(Span::styled(format!("{section}: "), theme.style("plan.label")));
    }
    let hit = view.state.matches().binary_search(&id).is_ok();
    let used: usize = out.iter().map(|s| width(&s.content)).sum();
    out.extend(
        short_title(plan, id, room.saturating_sub(used), theme)
            .into_iter()
            .map(|s| if hit { s.patch_style(theme.style("ui.match")) } else { s }),
    );
    out
}

/// [`title`] in so many columns. The relation says most, and the detail has everything: where there is no room for all, the
/// index goes first, then that it is parallel, then the small words, then the alias.
pub(super) fn short_title(plan: &Plan, id: NodeId, room: usize, theme: &Theme) -> Vec<Span<'static>> {
    let mut all = title(plan, id, theme);
    let fits = |all: &[Span<'static>]| all.iter().map(|s| width(&s.content)).sum::<usize>() <= room;
    if !fits(&all) && all.len() >= 5 && all.get(1).is_some_and(|s| s.content == " using ") {
        all.drain(1..3);
    }
    if !fits(&all)
        && let Some(operator) = all.first_mut()
        && let Some(rest) = operator.content.strip_prefix("Parallel ")
    {
        operator.content = rest.to_owned().into();
    }
    if !fits(&all)
        && let Some(word) = all.iter_mut().find(|s| s.content == " on ")
    {
        word.content = " ".into();
    }
    let alias = plan.node(id).relation.as_ref().and_then(|r| r.alias.as_deref()).map(one_line);
    if !fits(&all)
        && let (Some(name), Some(alias)) = (all.last_mut(), alias)
        && let Some(table) = name.content.strip_suffix(alias.as_str()).filter(|table| table.ends_with(' '))
    {
        name.content = table.trim_end().to_owned().into();
    }
    all
}

/// [`Plan::title`] with its relation and index in their colours.
pub(super) fn title(plan: &Plan, id: NodeId, theme: &Theme) -> Vec<Span<'static>> {
    let text = plan.title(id);
    let node = plan.node(id);
    let relation =
        node.relation.as_ref().map(|r| format!(" on {}", r.label())).filter(|tail| text.ends_with(tail.as_str()));
    let (head, tail) = text.split_at(text.len() - relation.as_ref().map_or(0, String::len));
    let index = node.index.as_deref().map(crate::text::one_line).filter(|name| head.ends_with(name.as_str()));
    let (operator, index) = head.split_at(head.len() - index.map_or(0, |i| i.len()));
    let label = theme.style("plan.label");
    let mut out = Vec::new();
    let word = operator.trim_end_matches(" using ").trim_end_matches(" on ");
    out.push(Span::styled(word.to_owned(), theme.style("plan.operator")));
    out.push(Span::styled(operator[word.len()..].to_owned(), label));
    out.push(Span::styled(index.to_owned(), theme.style("plan.index")));
    if let Some(name) = tail.strip_prefix(" on ") {
        out.push(Span::styled(" on ".to_owned(), label));
        out.push(Span::styled(name.to_owned(), theme.style("plan.relation")));
    }
    out.retain(|s| !s.content.is_empty());
    out
}

/// The style for a part of the whole.
pub(super) fn heat(share: Option<f64>, theme: &Theme) -> Style {
    let level = match share.unwrap_or(0.0) {
        s if s >= 0.5 => 5,
        s if s >= 0.25 => 4,
        s if s >= 0.1 => 3,
        s if s >= 0.03 => 2,
        s if s > 0.0 => 1,
        _ => 0,
    };
    theme.style(["plan.heat.0", "plan.heat.1", "plan.heat.2", "plan.heat.3", "plan.heat.4", "plan.heat.5"][level])
}

/// What several that are alike gave together, and how what each costs is spread.
fn spread(plan: &Plan, group: &Group, columns: Columns, theme: &Theme) -> Vec<Span<'static>> {
    let number = theme.style("plan.number");
    let told = |n: Option<f64>| n.map_or_else(|| "?".to_owned(), fmt::count);
    let estimated = told(group.together.estimated);
    let rows = if plan.analyzed {
        format!("{estimated} {} {}", theme.glyphs.arrow, told(group.together.actual))
    } else {
        estimated
    };
    let blank = " ".repeat(columns.error + columns.loops);
    let mut out = vec![Span::styled(right(&rows, columns.rows, theme), number), Span::raw(blank)];
    if let Some(price) = group.price.filter(|_| columns.flags > 0) {
        let text = if group.timed { fmt::duration_ms } else { fmt::cost };
        let words = format!("  each {} to {}", text(price.min), text(price.max));
        out.push(Span::styled(left(&words, columns.flags, theme), theme.style("flag.neutral")));
    }
    out
}

fn numbers(plan: &Plan, id: NodeId, columns: Columns, theme: &Theme) -> Vec<Span<'static>> {
    let rows = plan.node(id).rows;
    let derived = plan.derived(id);
    let mut out = Vec::new();
    let off = derived.q_error.is_some_and(|q| q >= 10.0);
    let style = theme.style(if off { "flag.misestimate" } else { "plan.number" });
    if columns.rows > 0 {
        let never = rows.loops == Some(0.0);
        let estimated = rows.estimated.map_or_else(|| "?".to_owned(), fmt::count);
        let text = match (plan.analyzed, rows.actual) {
            (true, _) if never => "never ran".to_owned(),
            // A rounded average of many loops is only about right.
            (true, Some(actual)) => {
                let about = if derived.rough_rows { "~" } else { "" };
                format!("{estimated} {} {about}{}", theme.glyphs.arrow, fmt::count(actual))
            }
            (true, None) => format!("{estimated} {} ?", theme.glyphs.arrow),
            (false, _) => estimated,
        };
        let loops = several(plan, id).filter(|_| plan.analyzed && columns.loops == 0);
        let text = loops.map_or_else(|| text.clone(), |n| format!("{text} {}{}", theme.glyphs.times, fmt::count(n)));
        out.push(Span::styled(right(&text, columns.rows, theme), if never { theme.style("ui.dim") } else { style }));
    }
    if columns.error > 0 {
        let text = derived.q_error.filter(|q| *q >= 2.0).map_or_else(String::new, |q| times(q, theme));
        out.push(Span::styled(right(&text, columns.error, theme), style));
    }
    if columns.loops > 0 {
        let text = several(plan, id).map_or_else(String::new, fmt::count);
        out.push(Span::styled(right(&text, columns.loops, theme), theme.style("plan.number")));
    }
    out
}

/// [`fmt::times`] in the theme's signs.
pub(super) fn times(n: f64, theme: &Theme) -> String {
    fmt::times(n).replace('×', theme.glyphs.times)
}

fn flags(plan: &Plan, id: NodeId, columns: Columns, theme: &Theme) -> Vec<Span<'static>> {
    if columns.flags == 0 {
        return Vec::new();
    }
    let mut out = vec![Span::raw("  ")];
    for flag in plan.derived(id).flags.iter() {
        // How far an estimate is off has its own column, where there is room for it; "never ran" stands in the rows.
        // What the operator's own name says is not said twice.
        if is_told(plan, id, flag, columns.error > 0, columns.rows > 0) {
            continue;
        }
        if out.len() > 1 {
            out.push(Span::styled(format!(" {} ", theme.glyphs.dot), theme.style("ui.dim")));
        }
        out.push(flag_span(plan.engine, flag, theme));
    }
    // Why the time is more than the average, where there is room to say it.
    if plan.derived(id).is_slowest() {
        let dot = if out.len() > 1 { format!(" {} ", theme.glyphs.dot) } else { String::new() };
        let words = [Span::styled(dot, theme.style("ui.dim")), Span::styled("slowest process", theme.style("ui.dim"))];
        let used: usize = out.iter().chain(&words).map(|span| width(&span.content)).sum();
        if used <= columns.flags {
            out.extend(words);
        }
    }
    fit_spans(out, columns.flags, theme)
}

/// Whether another column or the operator's name says what a flag would say.
fn is_told(plan: &Plan, id: NodeId, flag: Flag, error: bool, rows: bool) -> bool {
    match flag {
        Flag::Misestimate => error,
        Flag::NeverExecuted => rows,
        Flag::Filesort => plan.engine == Engine::PostgreSql,
        // The node that gathers stands above, and what is below it is so through and through; the details tell it of each.
        Flag::Parallel => true,
        Flag::Covering => plan.node(id).operator == Operator::IndexOnlyScan,
        _ => false,
    }
}

/// A flag in words people know.
const fn words_of(engine: Engine, flag: Flag) -> &'static str {
    match flag {
        Flag::FullScan => "full scan",
        Flag::FullIndexScan => "full index",
        Flag::Filesort if matches!(engine, Engine::PostgreSql) => "sorts",
        Flag::Filesort => "filesort",
        Flag::Temporary => "temp table",
        Flag::Spill => "spills",
        Flag::Misestimate => "misestimate",
        Flag::NeverExecuted => "never ran",
        Flag::Parallel => "parallel",
        Flag::Covering => "index only",
        Flag::JoinBuffer => "join buffer",
        Flag::Dependent => "per row",
        Flag::Partial => "cut short",
    }
}

/// A flag in words people know, with its sign and colour.
pub(super) fn flag_span(engine: Engine, flag: Flag, theme: &Theme) -> Span<'static> {
    let words = words_of(engine, flag);
    let neutral = matches!(flag, Flag::NeverExecuted | Flag::Parallel | Flag::Covering)
        || (flag == Flag::Filesort && engine == Engine::PostgreSql);
    if neutral {
        return Span::styled(words, theme.style("flag.neutral"));
    }
    Span::styled(format!("{} {words}", theme.glyphs.warn), theme.style(&format!("flag.{}", flag.name())))
}
