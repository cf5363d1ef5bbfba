//! What a statement that writes pays to keep an index up to date, which no plan tells.

use super::Candidate;
use crate::{
    catalog::Catalog,
    plan::{Engine, Plan},
    sql::shape::{Shape, WriteKind},
};

/// One entry in a B-tree of PostgreSQL, in units of cost: mostly pages that are in memory. A GIN entry list is many.
const ENTRY: f64 = 0.25;
const GIN_TIMES: f64 = 10.0;
/// Chance that a row changed without touching any indexed column had been updated in place (HOT), which an index on a
/// changed column ends.
const HOT_LOST: f64 = 1.0;
/// The same on InnoDB, in rows examined.
const INNODB_ENTRY: f64 = 1.0;

/// The price of an index at one run of the statement, in the unit of its cost. Nothing for what only reads.
pub(super) fn per_run(candidate: &Candidate, shape: &Shape, plan: &Plan, catalog: &Catalog) -> f64 {
    let Some(write) = &shape.writes else { return 0.0 };
    if write.table != candidate.table || write.schema != candidate.schema {
        return 0.0;
    }
    let touched = |columns: &[String]| {
        candidate
            .keys
            .iter()
            .any(|k| columns.iter().any(|c| k.expr == *c || (k.expression && k.expr.contains(c.as_str()))))
            || candidate.include.iter().any(|c| columns.contains(c))
            || candidate.predicate.as_ref().is_some_and(|p| columns.iter().any(|c| p.contains(c.as_str())))
    };
    let entries = match &write.kind {
        WriteKind::Insert => 1.0,
        WriteKind::Update(columns) if touched(columns) => 1.0 + HOT_LOST,
        WriteKind::Update(_) | WriteKind::Delete => 0.0,
    };
    let each = if candidate.engine == Engine::PostgreSql { ENTRY } else { INNODB_ENTRY };
    let method = if candidate.method == "gin" { GIN_TIMES } else { 1.0 };
    rows(plan) * entries * each * method * super::size::entries_per_row(candidate, catalog)
}

/// Rows the statement writes, as the planner believes: those of the first node below the one that writes.
pub(super) fn rows(plan: &Plan) -> f64 {
    let mut rows = plan.ids().map(|id| plan.node(id).rows.estimated.unwrap_or(0.0));
    let root = rows.next().unwrap_or(0.0);
    root.max(rows.next().unwrap_or(1.0)).max(1.0)
}
