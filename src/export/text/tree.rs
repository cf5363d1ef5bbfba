//! The plan as a tree with aligned columns, for people in a pipe.

use super::{
    Options,
    folded::{Folded, alike},
    line::{Line, Style, wrap},
};
use crate::{
    fmt,
    plan::{Flag, NodeId, Plan, diff::Change, fold::groups},
};

/// Indentation stops growing at this part of the width; deeper nodes say their depth in figures.
const INDENT_PART: usize = 3;
/// Cells of the heat bar.
const BAR: u8 = 5;

/// The share of the whole, as a bar and in figures.
pub(super) fn heat_bar(line: &mut Line, share: Option<f64>, columns: &Columns) {
    if columns.bar == 0 {
        return;
    }
    line.pad(line.width() + 2);
    let after = line.width() + columns.bar;
    if let Some(share) = share {
        line.push(heat(Some(share)), bar(share));
        let percent = fmt::percent(share);
        line.pad(after.saturating_sub(percent.chars().count()));
        line.push(Style::Dim, percent);
    }
    line.pad(after);
}

/// The figures of one node, aligned later.
struct Figures {
    own: String,
    share: Option<f64>,
    rows: String,
    loops: String,
}

/// How wide each column is; 0 leaves it out.
pub(super) struct Columns {
    pub(super) tree: usize,
    pub(super) own: usize,
    bar: usize,
    rows: usize,
    loops: usize,
}

impl Columns {
    /// Columns of a whole line.
    pub(super) fn full(&self) -> usize {
        let figures = [self.own, self.bar, self.rows, self.loops];
        self.tree + figures.iter().filter(|n| **n > 0).map(|n| n + 2).sum::<usize>()
    }
}

/// How the nodes of a plan stand to the plan it is compared with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks<'a> {
    /// Of each node.
    pub(super) changes: &'a [Change],
    /// What marks a node that only this plan has: `-` before, `+` after.
    pub(super) alone: &'static str,
}

/// The tree, with a heading over its columns.
pub(super) fn lines(plan: &Plan, options: &Options, width: usize, marks: Option<Marks<'_>>) -> Vec<Line> {
    let timed = plan.ids().any(|id| plan.derived(id).self_ms.is_some());
    let figures: Vec<Figures> = plan.ids().map(|id| figures(plan, id, timed)).collect();
    let columns = columns(plan, &figures, width, timed);
    let mut out = vec![heading(plan, &columns, timed)];
    let mut open: Vec<bool> = Vec::new();
    // Where two plans are compared each node has its own mark.
    let groups = if options.verbose || marks.is_some() { Vec::new() } else { groups(plan) };
    let folded = Folded::of(plan, &groups);
    let mut next = NodeId::ROOT;
    while next.index() < plan.len() {
        let (id, figures) = (next, &figures[next.index()]);
        let depth = plan.depth(id) as usize;
        next = if folded.hides(id) { plan.end(id) } else { NodeId(id.0 + 1) };
        if folded.hides(id) && folded.group(id).is_none() {
            continue;
        }
        open.truncate(depth.saturating_sub(1));
        if depth > 0 {
            open.push(!folded.is_last(plan, id));
        }
        let guide = guide(&open, depth, columns.tree, false);
        if let Some(group) = folded.group(id) {
            alike(plan, group, &columns, timed, &guide, &mut out);
            continue;
        }
        let below = guide_below(plan, id, &open, depth, columns.tree);
        let mark = marks.and_then(|m| Some((*m.changes.get(id.index())?, m.alone)));
        node(plan, id, options, &columns, (&guide, &below), (figures, mark), &mut out);
    }
    out
}

/// One node as if it stood alone, with a heading over its columns.
pub(super) fn one(plan: &Plan, id: NodeId, options: &Options) -> Vec<Line> {
    let timed = plan.derived(id).self_ms.is_some();
    let all = [figures(plan, id, timed)];
    let columns = columns(plan, &all, options.width, timed);
    let mut out = vec![heading(plan, &columns, timed)];
    node(plan, id, options, &columns, ("", "     "), (&all[0], None), &mut out);
    out
}

fn figures(plan: &Plan, id: NodeId, timed: bool) -> Figures {
    let (node, derived) = (plan.node(id), plan.derived(id));
    let never = node.rows.loops == Some(0.0);
    let own = match (timed, derived.felt_ms(), derived.self_cost) {
        _ if never => "never".to_owned(),
        (true, Some(ms), _) => fmt::duration_ms(ms),
        (false, _, Some(cost)) => fmt::cost(cost),
        _ => String::new(),
    };
    let rows = match (node.rows.estimated, node.rows.actual) {
        (Some(e), Some(_)) if never => fmt::count(e),
        (Some(e), Some(a)) => {
            let factor = derived.q_error.filter(|q| *q >= 2.0).map_or(String::new(), |q| format!(" {}", fmt::times(q)));
            // A rounded average of many loops is only about right.
            let about = if derived.rough_rows { "~" } else { "" };
            format!("{} → {about}{}{factor}", fmt::count(e), fmt::count(a))
        }
        (Some(e), None) => fmt::count(e),
        (None, Some(a)) => format!("→ {}", fmt::count(a)),
        (None, None) => String::new(),
    };
    let loops = node.rows.loops.filter(|l| *l > 1.0).map_or(String::new(), fmt::count);
    Figures { own, share: derived.felt(), rows, loops }
}

fn columns(plan: &Plan, figures: &[Figures], width: usize, timed: bool) -> Columns {
    let widest =
        |of: fn(&Figures) -> &String| figures.iter().map(|f| Line::of(Style::Plain, of(f)).width()).max().unwrap_or(0);
    let at_least = |n: usize, title: &str| if n == 0 { 0 } else { n.max(title.len()) };
    let own = at_least(widest(|f| &f.own), own_title(timed));
    let rows = at_least(widest(|f| &f.rows), rows_title(plan));
    let loops = at_least(widest(|f| &f.loops), "loops");
    let bar = if figures.iter().any(|f| f.share.is_some()) { usize::from(BAR) + 6 } else { 0 };
    let taken: usize = [own, bar, rows, loops].iter().filter(|n| **n > 0).map(|n| n + 2).sum();
    Columns { tree: width.saturating_sub(taken).max(24), own, bar, rows, loops }
}

const fn own_title(timed: bool) -> &'static str {
    if timed { "self time" } else { "self cost" }
}

const fn rows_title(plan: &Plan) -> &'static str {
    if plan.analyzed { "rows est → act" } else { "est. rows" }
}

fn heading(plan: &Plan, columns: &Columns, timed: bool) -> Line {
    let mut line = Line::new();
    line.pad(columns.tree);
    for (width, title) in [
        (columns.own, own_title(timed)),
        (columns.bar, "share"),
        (columns.rows, rows_title(plan)),
        (columns.loops, "loops"),
    ] {
        if width > 0 {
            right(&mut line, Style::Dim, title, width);
        }
    }
    line
}

/// Adds two blanks and the text flush right in `width` columns.
pub(super) fn right(line: &mut Line, style: Style, text: &str, width: usize) {
    let piece = Line::of(style, text);
    let start = line.width() + 2 + width.saturating_sub(piece.width());
    line.pad(start);
    line.extend(piece);
}

/// The guides before a node's title. Beyond a part of the width they are one mark and the depth in figures.
fn guide(open: &[bool], depth: usize, tree: usize, below: bool) -> String {
    let limit = tree / INDENT_PART / 3;
    if depth > limit {
        let tail = if below { "   " } else { "─ " };
        return format!("{:<width$}{tail}", format!("⋯{depth}"), width = (limit * 3).max(4));
    }
    let mut out = String::with_capacity(depth * 3);
    for (level, more) in open.iter().enumerate() {
        let last_level = level + 1 == open.len();
        out.push_str(match (last_level && !below, more) {
            (true, true) => "├─ ",
            (true, false) => "└─ ",
            (false, true) => "│  ",
            (false, false) => "   ",
        });
    }
    out
}

fn guide_below(plan: &Plan, id: NodeId, open: &[bool], depth: usize, tree: usize) -> String {
    let mut out = guide(open, depth, tree, true);
    if depth > tree / INDENT_PART / 3 {
        out = " ".repeat(Line::of(Style::Plain, &out).width());
    }
    out.push_str(if plan.children(id).next().is_some() && depth < tree / INDENT_PART / 3 {
        "│    "
    } else {
        "     "
    });
    out
}

fn node(
    plan: &Plan,
    id: NodeId,
    options: &Options,
    columns: &Columns,
    (guide, below): (&str, &str),
    (figures, mark): (&Figures, Option<(Change, &'static str)>),
    out: &mut Vec<Line>,
) {
    let mut line = Line::new();
    if let Some((change, alone)) = mark {
        let (style, sign) = sign(change, alone);
        line.push(style, sign);
    }
    line.push(Style::Dim, guide);
    if let Some(section) = plan.section(id) {
        line.push(Style::Dim, format!("{section}: "));
    }
    let title = match mark {
        Some((Change::Changed(_) | Change::Only, _)) => Style::Changed,
        _ => heat(figures.share),
    };
    line.push(title, plan.title(id));
    let mut flags: Vec<&str> = plan.derived(id).flags.iter().map(Flag::name).collect();
    flags.extend(plan.derived(id).is_slowest().then_some("slowest process"));
    let words = format!("  [{}]", flags.join(", "));
    let inline = !flags.is_empty() && line.width() + words.chars().count() <= columns.tree;
    if inline {
        line.push(Style::Warning, &words);
    }
    let cut = line.width() > columns.tree;
    line.fit(columns.tree);
    line.pad(columns.tree);
    if columns.own > 0 {
        right(&mut line, heat(figures.share), &figures.own, columns.own);
    }
    heat_bar(&mut line, figures.share, columns);
    if columns.rows > 0 {
        let off = plan.derived(id).q_error.is_some_and(|q| q >= 10.0);
        right(&mut line, if off { Style::Warm } else { Style::Plain }, &figures.rows, columns.rows);
    }
    if columns.loops > 0 {
        right(&mut line, Style::Plain, &figures.loops, columns.loops);
    }
    out.push(line);
    let indent = if mark.is_some() { "  " } else { "" };
    if cut {
        // What a narrow column cuts off must not be lost: names tell the tables apart.
        let start = Line::of(Style::Dim, format!("{indent}{below}"));
        for part in wrap(&plan.title(id), columns.full().saturating_sub(start.width())) {
            out.push(start.clone().with(title, part));
        }
    }
    if !inline && !flags.is_empty() {
        let mut line =
            Line::of(Style::Dim, format!("{indent}{below}")).with(Style::Warning, format!("[{}]", flags.join(", ")));
        line.fit(columns.tree);
        out.push(line);
    }
    details(plan, id, options, &format!("{indent}{below}"), columns, out);
}

/// Conditions and keys, indented under their node: cut to the line, or wrapped when everything is wanted.
fn details(plan: &Plan, id: NodeId, options: &Options, below: &str, columns: &Columns, out: &mut Vec<Line>) {
    let full = columns.full();
    let mut all = plan.details(id);
    let removed = plan.node(id).rows.removed.filter(|r| *r > 0.0);
    if let Some(removed) = removed {
        let loops = plan.node(id).rows.loops.filter(|l| *l > 1.0).map_or("", |_| " per loop");
        all.push(("removed", format!("{} rows{loops}", fmt::count(removed))));
    }
    for (label, text) in all {
        let start = Line::of(Style::Dim, below).with(Style::Dim, format!("{label}: "));
        let room = full.saturating_sub(start.width()).max(10);
        let parts = if options.verbose { wrap(&text, room) } else { vec![text] };
        for (i, part) in parts.into_iter().enumerate() {
            let mut line = if i == 0 { start.clone() } else { Line::of(Style::Dim, below).with(Style::Plain, "  ") };
            line.push(Style::Plain, part);
            line.fit(full);
            out.push(line);
        }
    }
}

const fn sign(change: Change, alone: &'static str) -> (Style, &'static str) {
    match change {
        Change::Same(_) => (Style::Plain, "  "),
        Change::Changed(_) => (Style::Changed, "~ "),
        Change::Only => (Style::Changed, alone),
    }
}

pub(super) fn heat(share: Option<f64>) -> Style {
    match share {
        Some(s) if s >= 0.4 => Style::Hot,
        Some(s) if s >= 0.1 => Style::Warm,
        _ => Style::Plain,
    }
}

/// A bar of eighths.
fn bar(share: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 40")]
    let eighths = (share.clamp(0.0, 1.0) * f64::from(BAR * 8)).round() as usize;
    let mut out = "█".repeat(eighths / 8);
    out.extend(['▏', '▎', '▍', '▌', '▋', '▊', '▉'].get((eighths % 8).wrapping_sub(1)));
    out
}

#[cfg(test)]
mod tests {
    use super::{bar, lines};
    use crate::{
        export::text::Options,
        plan::{Engine, Node, Operator, Plan, PlanBuilder, Relation, Role},
    };

    fn deep(levels: u32) -> Plan {
        let mut builder = PlanBuilder::new();
        let mut parent = None;
        for level in 0..levels {
            let mut node =
                Node::new(if level == 0 { Role::Root } else { Role::Outer }, Operator::NestedLoop, "Nested Loop");
            node.rows.estimated = Some(1.0);
            let at = builder.push(parent, node).unwrap();
            parent = Some(at);
        }
        let mut leaf = Node::new(Role::Outer, Operator::SeqScan, "Seq Scan");
        leaf.relation = Some(Relation { schema: None, name: "leaf".into(), alias: None });
        leaf.conditions.filter = Some("x".repeat(500));
        builder.push(parent, leaf).unwrap();
        builder.finish(Engine::PostgreSql).unwrap()
    }

    fn text(plan: &Plan, width: usize) -> String {
        let mut out = String::new();
        for line in lines(plan, &Options::plain(width), width, None) {
            line.write(&mut out, false, false);
        }
        out
    }

    #[test]
    fn a_plan_of_150_levels_stays_inside_the_width_and_says_its_depth() {
        let text = text(&deep(150), 80);
        assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
        assert!(text.contains("⋯150"), "{text}");
        assert!(text.lines().any(|l| l.contains("⋯150") && l.contains("Seq Scan on leaf")), "{text}");
    }

    #[test]
    fn a_name_that_the_column_cuts_stands_in_full_below() {
        let mut builder = PlanBuilder::new();
        let mut node = Node::new(Role::Root, Operator::FullIndexScan, "index");
        node.index = Some("a_rather_long_name_of_an_index".into());
        node.relation = Some(Relation { schema: None, name: "the_table".into(), alias: None });
        node.rows.estimated = Some(1e6);
        builder.push(None, node).unwrap();
        let text = text(&builder.finish(Engine::MySql).unwrap(), 60);
        assert!(text.contains("…") && text.contains("a_rather_long_name_of_an_index on\n     the_table\n"), "{text}");
    }

    #[test]
    fn siblings_are_joined_and_the_last_one_is_closed() {
        let mut builder = PlanBuilder::new();
        let root = builder.push(None, Node::new(Role::Root, Operator::HashJoin, "Hash Join")).unwrap();
        builder.push(Some(root), Node::new(Role::Outer, Operator::SeqScan, "Seq Scan")).unwrap();
        let hash = builder.push(Some(root), Node::new(Role::Inner, Operator::Hash, "Hash")).unwrap();
        builder.push(Some(hash), Node::new(Role::Outer, Operator::SeqScan, "Seq Scan")).unwrap();
        let plan = builder.finish(Engine::PostgreSql).unwrap();
        let text = text(&plan, 80);
        assert_eq!(text.trim_start(), "Hash Join\n├─ Seq Scan  [full-scan]\n└─ Hash\n   └─ Seq Scan  [full-scan]\n");
    }

    #[test]
    fn the_bar_has_eighths() {
        for (share, expected) in [(0.0, ""), (0.025, "▏"), (0.5, "██▌"), (1.0, "█████"), (7.0, "█████")]
        {
            assert_eq!(bar(share), expected);
        }
    }
}
