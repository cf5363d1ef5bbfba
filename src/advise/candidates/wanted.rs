//! Which sources the plan reads at a price worth an index.

use crate::{
    plan::{Flag, Node, Operator, Plan},
    sql::shape::{Shape, Source},
};

/// What a row found by an index may cost with its way down the index, and each row more (PostgreSQL: pages read at random
/// cost 4).
const FIRST_ROW: f64 = 8.7;
const NEXT_ROW: f64 = 4.1;
/// Rows that are found quickly enough.
const FEW: f64 = 100.0;

/// How much of the plan reading the source is, for ordering; `None` when it is read well already.
pub(super) fn weight(plan: &Plan, shape: &Shape, number: usize) -> Option<f64> {
    let source = &shape.sources[number];
    let sorted = shape.sorts.iter().any(|s| s.source == number)
        && plan.ids().any(|id| {
            let node = plan.node(id);
            matches!(
                node.operator,
                Operator::Sort
                    | Operator::IncrementalSort
                    | Operator::HashAggregate
                    | Operator::TemporaryTable
                    | Operator::Unique
            ) || node
                .flags
                .iter()
                .chain(plan.derived(id).flags.iter())
                .any(|f| matches!(f, Flag::Filesort | Flag::Temporary))
        });
    let asked = shape.predicates.iter().any(|p| p.source == number && !p.derived);
    let mut seen = false;
    let mut weight = 0.0;
    let mut poor = sorted;
    let times = plan.executions();
    for id in plan.ids() {
        let node = plan.node(id);
        if !reads(node, source) {
            continue;
        }
        seen = true;
        // What is asked of rows that are looked up for another table's could drive the join itself.
        let could_drive = asked && shape.sources.len() > 1 && node.operator == Operator::UniqueLookup;
        poor |= !well(node, times[id.index()]) || could_drive;
        let derived = plan.derived(id);
        let part = derived.share.unwrap_or_else(|| {
            let total = plan.total_cost().unwrap_or(0.0);
            if total > 0.0 { (node.cost.total.unwrap_or(0.0) / total).min(1.0) } else { 0.0 }
        });
        weight += part;
    }
    // A source the plan does not name may be a partitioned table, or hidden behind a constant.
    (poor || !seen).then_some(weight)
}

fn reads(node: &Node, source: &Source) -> bool {
    node.relation.as_ref().is_some_and(|relation| {
        let alias = relation.alias.as_deref().unwrap_or(&relation.name);
        let name = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        // Documents that know only aliases give them as names.
        (name(&relation.name, &source.table) || name(&relation.name, &source.alias))
            && (name(alias, &source.alias) || alias.starts_with(&source.alias) || name(alias, &source.table))
    })
}

/// Whether a node, executed so many times, finds its rows without reading many others.
fn well(node: &Node, times: f64) -> bool {
    let times = node.rows.loops.unwrap_or(times).max(1.0);
    let few = node.rows.actual.or(node.rows.estimated).is_none_or(|rows| rows * times <= FEW);
    let none_removed = node.rows.removed.is_none_or(|removed| removed <= FEW);
    match node.operator {
        Operator::UniqueLookup | Operator::TidScan | Operator::FullTextScan => true,
        Operator::IndexScan | Operator::IndexOnlyScan => {
            // An index whose first keys are not asked for is read in large parts.
            let rows = node.rows.estimated.unwrap_or(0.0);
            let cheap = node.cost.total.is_none_or(|cost| cost <= FIRST_ROW + NEXT_ROW * rows);
            few && none_removed && cheap && node.conditions.filter.is_none()
        }
        Operator::BitmapHeapScan | Operator::BitmapIndexScan => few && none_removed,
        _ => false,
    }
}
