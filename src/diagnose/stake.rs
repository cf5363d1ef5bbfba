//! What is at stake at a node, and how much that matters. Every rule takes its severity from here.

use serde_json::{Map, Number, Value};

use super::{Context, Finding, Severity};
use crate::plan::{NodeId, Plan};

/// From this part of the statement on, a finding can be critical …
const MOST: f64 = 0.4;
/// … and from this part on a warning. Both are the parts people know from other plan viewers (10 and 40 %).
const SOME: f64 = 0.1;
/// Below this part nothing is said.
const NEGLIGIBLE: f64 = 0.01;
/// A part of little is little: milliseconds that must be at stake for a critical finding …
const CRITICAL_MS: f64 = 50.0;
/// … and for a warning; below the last, nothing is said …
const WARNING_MS: f64 = 5.0;
const NEGLIGIBLE_MS: f64 = 0.5;
/// … and, where no time was measured, rows that must be handled.
const CRITICAL_ROWS: f64 = 100_000.0;
const WARNING_ROWS: f64 = 10_000.0;

/// What fixing something could save at most.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Stake {
    /// Part of the statement, 0 to 1.
    pub share: Option<f64>,
    /// Milliseconds, when measured.
    pub ms: Option<f64>,
    /// Rows handled over all loops, counted or expected.
    pub rows: Option<f64>,
}

impl Stake {
    /// The nodes themselves, without what is below them.
    pub(super) fn own(context: Context<'_>, nodes: &[NodeId]) -> Self {
        let plan = context.plan;
        let sum = |of: &dyn Fn(NodeId) -> Option<f64>| nodes.iter().filter_map(|id| of(*id)).reduce(|a, b| a + b);
        let share = sum(&|id| plan.derived(id).share).map(|s| s.clamp(0.0, 1.0));
        Self {
            share: share.or_else(|| share_of_rows(plan, nodes)),
            ms: sum(&|id| plan.derived(id).self_ms),
            rows: nodes.iter().filter_map(|id| rows_handled(plan, *id)).reduce(f64::max),
        }
    }

    /// A node and everything below it.
    pub(super) fn whole(context: Context<'_>, node: NodeId) -> Self {
        let nodes: Vec<NodeId> = context.plan.subtree(node).collect();
        Self::own(context, &nodes)
    }

    /// Time outside of the nodes: a part of `total_ms`.
    pub(super) fn time(ms: f64, total_ms: f64) -> Self {
        let share = if total_ms > 0.0 { (ms / total_ms).clamp(0.0, 1.0) } else { 0.0 };
        Self { share: Some(share), ms: Some(ms), rows: None }
    }

    /// The same with other rows.
    pub(super) fn rows(self, rows: f64) -> Self {
        Self { rows: Some(rows), ..self }
    }

    /// Whether it is too little to speak of.
    pub(super) fn negligible(self) -> bool {
        self.share.is_some_and(|s| s < NEGLIGIBLE) || self.ms.is_some_and(|ms| ms < NEGLIGIBLE_MS)
    }

    /// How much it matters.
    pub(super) fn severity(self) -> Severity {
        let share = self.share.unwrap_or(0.0);
        let enough = |ms: f64, rows: f64| match self.ms {
            Some(measured) => measured >= ms,
            None => self.rows.is_some_and(|r| r >= rows),
        };
        if share >= MOST && enough(CRITICAL_MS, CRITICAL_ROWS) {
            Severity::Critical
        } else if share >= SOME && enough(WARNING_MS, WARNING_ROWS) {
            Severity::Warning
        } else {
            Severity::Info
        }
    }

    /// A finding of this stake.
    pub(super) fn finding(self, rule: &'static str, node: NodeId, title: impl Into<String>) -> Finding {
        Finding {
            rule,
            severity: self.severity(),
            node,
            share: self.share,
            title: title.into(),
            why: String::new(),
            next: String::new(),
            evidence: Map::new(),
        }
    }
}

impl Finding {
    /// Why it hurts.
    pub(super) fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// What to do next.
    pub(super) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }

    /// A number it rests on; nothing for a number that is not finite.
    pub(super) fn number(mut self, name: &str, value: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "whole and small enough to be exact")]
        let number = if value.fract() == 0.0 && value.abs() < 9e15 {
            Some(Number::from(value as i64))
        } else {
            Number::from_f64(value)
        };
        if let Some(number) = number {
            self.evidence.insert(name.to_owned(), Value::Number(number));
        }
        self
    }

    /// A word it rests on.
    pub(super) fn text(mut self, name: &str, value: impl Into<String>) -> Self {
        self.evidence.insert(name.to_owned(), Value::String(value.into()));
        self
    }

    /// No more than this severity: the rule sees a sign, not the cost of it.
    pub(super) fn at_most(mut self, severity: Severity) -> Self {
        self.severity = self.severity.min(severity);
        self
    }
}

/// Rows a node reads or passes on, whichever is more, over all loops; `None` when it never ran or nothing is known.
pub(super) fn rows_handled(plan: &Plan, id: NodeId) -> Option<f64> {
    let rows = &plan.node(id).rows;
    match rows.actual {
        Some(actual) => {
            let read = actual + rows.removed.unwrap_or(0.0) + rows.removed_by_recheck.unwrap_or(0.0);
            Some(read * rows.loops.unwrap_or(1.0)).filter(|_| rows.loops != Some(0.0))
        }
        None => [rows.examined, rows.estimated].into_iter().flatten().reduce(f64::max),
    }
}

/// Where the server tells neither time nor cost (MariaDB before 11): the part of all rows read by the plan's leaves.
fn share_of_rows(plan: &Plan, nodes: &[NodeId]) -> Option<f64> {
    let leaf = |id: NodeId| plan.children(id).next().is_none();
    let sum = |ids: &mut dyn Iterator<Item = NodeId>| -> f64 {
        ids.filter(|id| leaf(*id)).filter_map(|id| rows_handled(plan, id)).sum()
    };
    let all = sum(&mut plan.ids());
    (all > 0.0).then(|| (sum(&mut nodes.iter().copied()) / all).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::{Severity, Stake};

    #[test]
    fn a_large_part_of_little_is_little() {
        for (share, ms, rows, expected) in [
            (0.9, Some(800.0), None, Severity::Critical),
            (0.9, Some(20.0), None, Severity::Warning),
            (0.9, Some(0.6), Some(1e9), Severity::Info),
            (0.2, Some(800.0), None, Severity::Warning),
            (0.05, Some(800.0), None, Severity::Info),
            (0.9, None, Some(1e6), Severity::Critical),
            (0.9, None, Some(20_000.0), Severity::Warning),
            (0.9, None, Some(500.0), Severity::Info),
            (0.9, None, None, Severity::Info),
        ] {
            assert_eq!(Stake { share: Some(share), ms, rows }.severity(), expected, "{share} {ms:?} {rows:?}");
        }
    }
}
