//! What a scan reads and how much of that its filter lets through.

use super::{Context, Severity};
use crate::{
    fmt,
    plan::{Engine, NodeId, Operator},
};

/// Fewer rows than this are read at once in any way: tiny tables are never a finding.
pub(super) const TINY: f64 = 1_000.0;

/// Where the numbers come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Counted while the statement ran.
    Counted,
    /// Expected by the planner.
    Expected,
    /// The planner's rows against the table's size in the catalog.
    Catalog,
    /// Worked out from the planner's price of the scan.
    Price,
}

impl Source {
    /// The word in the evidence.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Expected => "expected",
            Self::Catalog => "catalog",
            Self::Price => "cost",
        }
    }
}

/// A scan with a filter.
#[derive(Debug, Clone)]
pub(super) struct Sieve<'a> {
    /// The scan.
    pub scan: NodeId,
    /// The node that filters: the scan or the one above it.
    pub filter: NodeId,
    /// The condition.
    pub condition: &'a str,
    /// Rows read, over all loops when counted.
    pub read: f64,
    /// Rows that pass, over all loops when counted.
    pub kept: f64,
    /// Executions, when counted.
    pub loops: f64,
    /// Where the numbers come from.
    pub source: Source,
}

impl<'a> Sieve<'a> {
    /// The scan's filter, its own or that of a filter right above it. `None` without a filter, when the scan never ran,
    /// or when nothing tells how much it reads.
    pub(super) fn of(context: Context<'a>, scan: NodeId) -> Option<Self> {
        let plan = context.plan;
        let node = plan.node(scan);
        let above = plan.parent(scan).filter(|p| plan.node(*p).operator == Operator::Filter);
        let filter = if node.conditions.filter.is_some() { scan } else { above? };
        let condition = plan.node(filter).conditions.filter.as_deref()?;
        let at = |read, kept, loops, source| Some(Self { scan, filter, condition, read, kept, loops, source });
        let loops = node.rows.loops.unwrap_or(1.0);
        if let Some(actual) = node.rows.actual {
            if loops <= 0.0 {
                return None;
            }
            let kept = if filter == scan {
                actual * loops
            } else {
                let rows = &plan.node(filter).rows;
                rows.actual? * rows.loops.unwrap_or(1.0)
            };
            let removed = node.rows.removed.unwrap_or(0.0) + node.rows.removed_by_recheck.unwrap_or(0.0);
            return at((actual + removed) * loops, kept, loops, Source::Counted);
        }
        let kept = plan.node(filter).rows.estimated?;
        if filter != scan {
            return at(node.rows.estimated?, kept, 1.0, Source::Expected);
        }
        if let Some(examined) = node.rows.examined {
            return at(examined, kept, 1.0, Source::Expected);
        }
        if !matches!(node.operator, Operator::SeqScan) {
            return None;
        }
        match context.table(scan).and_then(|t| t.rows) {
            Some(rows) => at(rows, kept, 1.0, Source::Catalog),
            None => at(rows_of_price(context, scan)?, kept, 1.0, Source::Price),
        }
    }

    /// The scan and its filter.
    pub(super) fn nodes(&self) -> Vec<NodeId> {
        if self.filter == self.scan { vec![self.scan] } else { vec![self.scan, self.filter] }
    }

    /// Whether the numbers were counted while the statement ran.
    pub(super) fn counted(&self) -> bool {
        self.source == Source::Counted
    }

    /// Rows thrown away.
    pub(super) fn removed(&self) -> f64 {
        (self.read - self.kept).max(0.0)
    }

    /// Whether so much is thrown away that finding the rows by an index would be cheaper. Planners that know nothing of
    /// a column assume a third or a tenth (MySQL's `filtered` 33.33 and 10.00), so expectations need less.
    pub(super) fn wasteful(&self) -> bool {
        let part = if self.source == Source::Counted { 0.8 } else { 0.5 };
        self.read / self.loops >= TINY && self.removed() >= part * self.read
    }

    /// `keeps 8 of 1,000,000 rows`, said as surely as it is known.
    pub(super) fn told(&self) -> String {
        let (kept, read) = (fmt::count(self.kept), fmt::count(self.read));
        match self.source {
            Source::Counted => format!("keeps {kept} of {read} rows"),
            Source::Expected | Source::Catalog => format!("is expected to keep {kept} of {read} rows"),
            Source::Price => format!("is expected to keep {kept} of about {read} rows"),
        }
    }

    /// A word on where the numbers come from, when they were not counted.
    pub(super) const fn caveat(&self) -> &'static str {
        match self.source {
            Source::Counted => "",
            Source::Expected => " These are the planner's estimates; EXPLAIN ANALYZE would tell.",
            Source::Catalog => {
                " The table's size is the catalog's, the rest the planner's estimate; EXPLAIN ANALYZE would tell."
            }
            Source::Price => {
                " The size of the table is not told; it was worked out from the scan's cost, so it is rough. EXPLAIN ANALYZE would tell."
            }
        }
    }

    /// Nothing surer than this may be said.
    pub(super) const fn ceiling(&self) -> Severity {
        match self.source {
            Source::Price => Severity::Warning,
            _ => Severity::Critical,
        }
    }
}

/// PostgreSQL's `cost_seqscan` with the default prices, turned round: pages × 1 + rows × (0.01 + 0.0025), the width of
/// the row taken from its output. A lower bound for wide tables.
fn rows_of_price(context: Context<'_>, scan: NodeId) -> Option<f64> {
    let node = context.plan.node(scan);
    if context.plan.engine != Engine::PostgreSql {
        return None;
    }
    let cost = node.cost.total? - node.cost.startup.unwrap_or(0.0);
    let width = node.rows.width.unwrap_or(32.0) + 28.0;
    Some((cost / (width / 8192.0 + 0.0125)).max(0.0))
}
