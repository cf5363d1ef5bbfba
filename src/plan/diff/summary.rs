//! What changed between two plans, in words: the kind first, then the numbers.

use super::{Change, Diff, Family, family, name};
use crate::{
    fmt,
    plan::{NodeId, Plan},
    text::one_line,
};

/// So many lines a kind of change; the rest is counted.
const LINES: usize = 6;

impl Diff {
    /// What changed: [`Self::kinds`], then [`Self::numbers`]. Empty when nothing differs.
    #[must_use]
    pub fn summary(&self, before: &Plan, after: &Plan) -> Vec<String> {
        let mut lines = self.kinds(before, after);
        lines.extend(self.numbers(before, after));
        lines
    }

    /// What changed in kind: how relations are read and joined, which conditions find or drop rows, the join order, nodes
    /// that are gone or new. One line each, safe for a terminal. Empty when the plans have the same shape.
    #[must_use]
    pub fn kinds(&self, before: &Plan, after: &Plan) -> Vec<String> {
        let mut lines = Vec::new();
        let changed = self.before.iter().zip(before.ids()).filter_map(|(change, id)| match change {
            Change::Changed(other) => changed(before, id, after, *other),
            _ => None,
        });
        limited(&mut lines, changed.collect(), "changes");
        let (was, is) = (relations(before), relations(after));
        if was != is && was.len() > 1 && same_set(&was, &is) {
            lines.push(format!("join order: {} → {}", list(&was), list(&is)));
        }
        let moved = self.before.iter().zip(before.ids()).filter_map(|(change, id)| match change {
            Change::Same(other) => conditions(before, id, after, *other),
            _ => None,
        });
        limited(&mut lines, moved.collect(), "conditions");
        let only = |plan: &Plan, changes: &[Change], word: &str| {
            let ids = changes.iter().zip(plan.ids()).filter(|(change, _)| **change == Change::Only);
            ids.map(|(_, id)| format!("{word}: {}", plan.title(id))).collect::<Vec<_>>()
        };
        limited(&mut lines, only(before, &self.before, "gone"), "gone");
        limited(&mut lines, only(after, &self.after, "new"), "new");
        lines
    }

    /// What changed in numbers: cost, rows read, time. One line each; those that are the same to a reader are left out.
    #[must_use]
    pub fn numbers(&self, before: &Plan, after: &Plan) -> Vec<String> {
        let mut lines = Vec::new();
        numbers(&mut lines, before, after);
        lines
    }
}

/// Conditions of a node that is otherwise the same: of a kind that the other plan does not have there. What is compared with
/// may differ between any two runs.
fn conditions(before: &Plan, id: NodeId, after: &Plan, other: NodeId) -> Option<String> {
    let (was, is) = (&before.node(id).conditions, &after.node(other).conditions);
    // Formats and servers differ in what they tell.
    if before.engine != after.engine {
        return None;
    }
    let pairs = [
        ("filter", &was.filter, &is.filter),
        ("index condition", &was.index, &is.index),
        ("join condition", &was.join, &is.join),
        ("recheck", &was.recheck, &is.recheck),
    ];
    let parts: Vec<String> = pairs
        .iter()
        .filter_map(|(name, was, is)| match (was, is) {
            (Some(text), None) => Some(format!("no {name} any more, was {}", one_line(text))),
            (None, Some(text)) => Some(format!("new {name} {}", one_line(text))),
            _ => None,
        })
        .collect();
    let mut parts = parts;
    if family(before.node(id)) == Family::Join && before.node(id).native != after.node(other).native {
        // `nested_loop (antijoin)`, `Hash Left Join`: the operator is the same, and gives other rows.
        parts.push(format!("{} → {}", one_line(&before.node(id).native), one_line(&after.node(other).native)));
    }
    (!parts.is_empty()).then(|| format!("{}: {}", after.title(other), parts.join("; ")))
}

fn limited(lines: &mut Vec<String>, all: Vec<String>, what: &str) {
    let more = all.len().saturating_sub(LINES);
    lines.extend(all.into_iter().take(LINES));
    if more > 0 {
        lines.push(format!("… and {more} more {what}"));
    }
}

/// `orders o: Seq Scan → Index Scan using ix_orders_customer`; `None` when the words are the same (the join order differs).
fn changed(before: &Plan, id: NodeId, after: &Plan, other: NodeId) -> Option<String> {
    let what = |plan: &Plan, id: NodeId| {
        let node = plan.node(id);
        let title = plan.title(id);
        let relation = node.relation.as_ref().map(|r| format!(" on {}", r.label()));
        relation.and_then(|on| title.strip_suffix(on.as_str()).map(str::to_owned)).unwrap_or(title)
    };
    let (was, is) = (what(before, id), what(after, other));
    let node = before.node(id);
    let place = match family(node) {
        Family::Scan => node.relation.as_ref().map(|r| format!("{}: ", r.label())),
        _ => None,
    };
    (was != is).then(|| format!("{}{was} → {is}", place.unwrap_or_default()))
}

/// The relations in the order in which the plan comes to them.
fn relations(plan: &Plan) -> Vec<String> {
    plan.ids().filter(|id| family(plan.node(*id)) == Family::Scan).filter_map(|id| name(plan.node(id))).collect()
}

fn same_set(a: &[String], b: &[String]) -> bool {
    let (mut a, mut b) = (a.to_vec(), b.to_vec());
    a.sort_unstable();
    b.sort_unstable();
    a == b
}

fn list(names: &[String]) -> String {
    let shown: Vec<_> = names.iter().take(LINES * 2).map(|name| one_line(name)).collect();
    let more = if names.len() > shown.len() { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

fn numbers(lines: &mut Vec<String>, before: &Plan, after: &Plan) {
    // Units are each server's own.
    if before.engine == after.engine {
        number(lines, "cost", before.total_cost(), after.total_cost(), fmt::cost);
    }
    number(lines, "rows read", rows_read(before), rows_read(after), fmt::count);
    let time = |plan: &Plan| plan.execution_ms.or_else(|| plan.derived(NodeId::ROOT).wall_ms);
    if before.analyzed && after.analyzed {
        number(lines, "time", time(before), time(after), fmt::duration_ms);
    }
}

/// `cost: 35,811 → 12.40 (×2,888 less)`; nothing when it is the same to the reader.
fn number(lines: &mut Vec<String>, what: &str, was: Option<f64>, is: Option<f64>, text: fn(f64) -> String) {
    let (Some(was), Some(is)) = (was, is) else { return };
    let (shown_was, shown_is) = (text(was), text(is));
    if shown_was == shown_is {
        return;
    }
    let (factor, word) = if is < was { (was / is, "less") } else { (is / was, "more") };
    let times = if factor.is_finite() { format!(" ({} {word})", fmt::times(factor)) } else { String::new() };
    lines.push(format!("{what}: {shown_was} → {shown_is}{times}"));
}

/// Rows that scans really read, over all executions, those thrown away included.
fn rows_read(plan: &Plan) -> Option<f64> {
    let scans = plan.ids().filter(|id| family(plan.node(*id)) == Family::Scan && plan.children(*id).next().is_none());
    let read = scans.filter_map(|id| {
        let rows = plan.node(id).rows;
        Some((rows.actual? + rows.removed.unwrap_or(0.0)) * rows.loops.unwrap_or(1.0))
    });
    read.reduce(|a, b| a + b).filter(|sum| sum.is_finite())
}
