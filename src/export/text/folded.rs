//! Members of a plan that are alike, told in one line.

use std::collections::HashMap;

use super::{
    line::{Line, Style, wrap},
    tree::{Columns, heat, heat_bar, right},
};
use crate::{
    fmt,
    plan::{Derived, NodeId, Plan, fold::Group},
};

/// Which nodes are told as a group.
pub(super) struct Folded<'g> {
    groups: &'g [Group],
    hidden: Vec<bool>,
    /// The group that is told in a node's place: the first of those that are hidden.
    told: HashMap<NodeId, usize>,
    /// The last child that is seen, where it is not the last one.
    last: HashMap<NodeId, NodeId>,
}

impl<'g> Folded<'g> {
    pub(super) fn of(plan: &Plan, groups: &'g [Group]) -> Self {
        let mut out = Self { groups, hidden: Vec::new(), told: [].into(), last: [].into() };
        if groups.is_empty() {
            return out;
        }
        out.hidden = vec![false; plan.len()];
        for (i, group) in groups.iter().enumerate() {
            // One stands for all, as it is; the line for the others follows it.
            let mut others = group.alike().skip(1);
            if let Some(first) = others.next() {
                out.told.insert(first, i);
                out.hidden[first.index()] = true;
            }
            others.for_each(|id| out.hidden[id.index()] = true);
        }
        for group in groups {
            let seen = |id: &NodeId| !out.hidden[id.index()] || out.told.contains_key(id);
            if let Some(last) = plan.children(group.parent).filter(seen).last() {
                out.last.insert(group.parent, last);
            }
        }
        out
    }

    pub(super) fn hides(&self, id: NodeId) -> bool {
        self.hidden.get(id.index()).copied().unwrap_or(false)
    }

    pub(super) fn group(&self, id: NodeId) -> Option<&'g Group> {
        self.told.get(&id).and_then(|i| self.groups.get(*i))
    }

    pub(super) fn is_last(&self, plan: &Plan, id: NodeId) -> bool {
        let last = plan.parent(id).and_then(|parent| self.last.get(&parent));
        last.map_or_else(|| plan.is_last_child(id), |last| *last == id)
    }
}

/// The line for members of a group that are not shown: how many, their figures together, and how those of one are spread.
pub(super) fn alike(plan: &Plan, group: &Group, columns: &Columns, timed: bool, guide: &str, out: &mut Vec<Line>) {
    let others: Vec<NodeId> = group.alike().skip(1).collect();
    let below = || others.iter().flat_map(|id| plan.subtree(*id)).map(|id| plan.derived(id));
    let sum = |of: fn(&Derived) -> Option<f64>| below().filter_map(of).reduce(|a, b| a + b);
    let share = sum(Derived::felt);
    let mut line = Line::of(Style::Dim, guide);
    let name = |id: &NodeId| plan.node(*id).relation.as_ref().map(|r| r.name.clone());
    let names = match (others.first().and_then(name), others.last().and_then(name)) {
        (Some(first), Some(last)) if others.len() > 1 => format!(" ({first} … {last})"),
        _ => String::new(),
    };
    line.push(Style::Dim, format!("and {} alike{names}", fmt::whole(others.len())));
    line.fit(columns.tree);
    line.pad(columns.tree);
    if columns.own > 0 {
        let own = if timed { sum(Derived::felt_ms).map(fmt::duration_ms) } else { sum(|d| d.self_cost).map(fmt::cost) };
        right(&mut line, heat(share), &own.unwrap_or_default(), columns.own);
    }
    heat_bar(&mut line, share, columns);
    out.push(line);
    let indent = format!("{}     ", " ".repeat(Line::of(Style::Plain, guide).width()));
    let mut words = Vec::new();
    if let Some(price) = group.price {
        let text = if group.timed { fmt::duration_ms } else { fmt::cost };
        let what = if group.timed { "time" } else { "cost" };
        let (min, median, max) = (text(price.min), text(price.median), text(price.max));
        words.push(format!("{what} {min} to {max}, median {median}"));
    }
    if let Some(rows) = group.rows {
        let (min, median, max) = (fmt::count(rows.min), fmt::count(rows.median), fmt::count(rows.max));
        words.push(format!("rows {min} to {max}, median {median}"));
    }
    if !group.outliers.is_empty() {
        words.push(format!(
            "{} by itself",
            if group.outliers.len() == 1 { "the slow one stands" } else { "slow ones stand" }
        ));
    }
    if !words.is_empty() {
        let each = format!("each of {}: ", fmt::whole(group.members.len()));
        let start = Line::of(Style::Dim, &indent).with(Style::Dim, each);
        let room = columns.full().saturating_sub(start.width()).max(10);
        for (i, part) in wrap(&words.join("; "), room).into_iter().enumerate() {
            let mut line = if i == 0 { start.clone() } else { Line::of(Style::Dim, &indent) };
            line.push(Style::Plain, part);
            out.push(line);
        }
    }
}
