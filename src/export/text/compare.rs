//! Two plans as text: what changed in kind, then in numbers, then both trees with what changed marked.

use super::{
    Options,
    line::{Line, Style},
    paragraph, proposals, section, written,
};
use crate::{
    export::Comparison,
    fmt,
    plan::{NodeId, Plan},
};

/// So many nodes are named whose figures changed.
const NODES: usize = 8;

/// The comparison as text. No line ends with blanks, and the text ends with a line feed.
#[must_use]
pub fn render(comparison: &Comparison<'_>, options: &Options) -> String {
    let options = Options { width: options.width.max(super::LEAST_WIDTH), ..*options };
    let (before, after) = (comparison.before.plan, comparison.after.plan);
    let mut out = Vec::new();
    for (label, name, plan) in [("before", comparison.names.0, before), ("after ", comparison.names.1, after)] {
        let mut line = Line::of(Style::Dim, format!("{label}  ")).with(Style::Bold, name);
        line.push(Style::Plain, format!(" · {}", facts(plan)));
        line.fit(options.width);
        out.push(line);
    }
    let changes = comparison.diff.kinds(before, after);
    let numbers = comparison.diff.numbers(before, after);
    section(&mut out, if changes.is_empty() { "The plans have the same shape" } else { "What changed" });
    for change in &changes {
        paragraph(&mut out, Style::Changed, "~ ", change, 2, options.width);
    }
    for line in numbers {
        paragraph(&mut out, Style::Dim, "", &line, 4, options.width);
    }
    nodes(comparison, &options, &mut out);
    findings(comparison, &options, &mut out);
    out.push(Line::new());
    proposals::beside((before, after), comparison.diff, &options, &mut out);
    written(&out, &options)
}

/// `MySQL 9.7 · 12 nodes · cost 1,190 · executed in 34 ms`
fn facts(plan: &Plan) -> String {
    let version = plan.version.as_ref().map(|v| format!(" {v}")).unwrap_or_default();
    let mut facts = vec![format!("{}{version}", plan.engine.title()), format!("{} nodes", plan.len())];
    facts.extend(plan.total_cost().map(|cost| format!("cost {}", fmt::cost(cost))));
    match plan.execution_ms.or(plan.derived(NodeId::ROOT).wall_ms) {
        Some(ms) => facts.push(format!("executed in {}", fmt::duration_ms(ms))),
        None => facts.push("not executed".to_owned()),
    }
    facts.join(" · ")
}

/// Nodes of both plans whose own time or cost, or whose rows, changed most.
fn nodes(comparison: &Comparison<'_>, options: &Options, out: &mut Vec<Line>) {
    let (before, after) = (comparison.before.plan, comparison.after.plan);
    let timed = before.analyzed && after.analyzed;
    if !timed && before.engine != after.engine {
        return;
    }
    let own = |plan: &Plan, id: NodeId| {
        let derived = plan.derived(id);
        if timed { derived.self_ms } else { derived.self_cost }
    };
    let mut moved: Vec<(f64, NodeId, NodeId)> = Vec::new();
    for (id, change) in before.ids().zip(&comparison.diff.before) {
        let Some(other) = change.other() else { continue };
        let (Some(was), Some(is)) = (own(before, id), own(after, other)) else { continue };
        // A tenth more or less is noise.
        if (was - is).abs() > 0.1 * was.max(is) {
            moved.push(((was - is).abs(), id, other));
        }
    }
    if moved.is_empty() {
        return;
    }
    moved.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    section(out, if timed { "Own time of nodes" } else { "Own cost of nodes" });
    let text = if timed { fmt::duration_ms } else { fmt::cost };
    for (_, id, other) in moved.iter().take(if options.verbose { usize::MAX } else { NODES }) {
        let (was, is) = (own(before, *id).unwrap_or(0.0), own(after, *other).unwrap_or(0.0));
        let rows = |plan: &Plan, id: NodeId| {
            let rows = plan.node(id).rows;
            let each = if timed { rows.actual } else { rows.estimated };
            each.map(|rows| rows * plan.node(id).rows.loops.filter(|l| timed && *l > 0.0).unwrap_or(1.0))
        };
        let mut line = Line::of(Style::Plain, "    ").with(Style::Bold, format!("{} → {}", text(was), text(is)));
        line.push(Style::Plain, format!("  {}", after.title(*other)));
        if let (Some(was), Some(is)) = (rows(before, *id), rows(after, *other))
            && fmt::count(was) != fmt::count(is)
        {
            line.push(Style::Dim, format!("  rows {} → {}", fmt::count(was), fmt::count(is)));
        }
        line.fit(options.width);
        out.push(line);
    }
}

/// Findings that went and those that came.
fn findings(comparison: &Comparison<'_>, options: &Options, out: &mut Vec<Line>) {
    let (gone, new) = comparison.findings();
    if gone.is_empty() && new.is_empty() {
        return;
    }
    section(out, "Findings");
    for finding in gone {
        paragraph(out, Style::Good, "gone  ", &finding.title, 4, options.width);
    }
    for finding in new {
        paragraph(out, Style::Warning, "new   ", &finding.title, 4, options.width);
    }
}

#[cfg(test)]
mod tests;
