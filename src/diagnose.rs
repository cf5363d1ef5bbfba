//! Why a plan is slow: rules that look at a plan (and at the catalog, if there is one) and say what they see.
//!
//! A rule is one file below `diagnose/` and one line in [`RULES`].

mod condition;
mod containment;
mod context;
mod dependent_subquery;
mod expensive_sort;
mod full_index_scan;
mod full_scan_filtering;
mod full_scan_untold;
mod heap_fetches;
mod inefficient_index;
mod join_without_index;
mod large_offset;
mod lossy_bitmap;
mod misestimate;
mod overhead;
mod partial_plan;
mod rank;
mod repeated_full_scan;
mod row_goal;
mod sieve;
mod spill;
mod stake;
mod stale_statistics;
mod temporary_table;
#[cfg(test)]
mod testing;
mod workers_not_launched;
mod wrapped_column;

use crate::{
    catalog::Catalog,
    plan::{NodeId, Plan},
};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Costs a noticeable part of the statement.
    Warning,
    /// Is most of why the statement is slow.
    Critical,
}

/// What a rule says about one node.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Finding {
    /// The rule's name, such as `full-scan-filtering`.
    pub rule: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The deepest node where things first go wrong.
    #[serde(serialize_with = "node_number")]
    pub node: NodeId,
    /// The part of the statement's time (or cost, when not analysed) that is at stake, 0 to 1.
    pub share: Option<f64>,
    /// One line.
    pub title: String,
    /// Why it hurts, with the numbers.
    pub why: String,
    /// What to do next.
    pub next: String,
    /// The numbers it rests on, by name.
    pub evidence: serde_json::Map<String, serde_json::Value>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn node_number<S: serde::Serializer>(id: &NodeId, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_u32(id.0)
}

/// What a rule may look at.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Facts about the database, if it could be asked.
    pub catalog: Option<&'a Catalog>,
}

/// One thing that can be wrong with a plan.
pub trait Rule: Sync {
    /// The name that stands in findings, in kebab-case.
    fn name(&self) -> &'static str;
    /// One line for lists and documentation: what it looks for.
    fn summary(&self) -> &'static str;
    /// Looks.
    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>);
}

/// Every rule.
pub static RULES: &[&dyn Rule] = &[
    &full_scan_filtering::FullScanFiltering,
    &full_scan_untold::FullScanUntold,
    &wrapped_column::WrappedColumn,
    &containment::Containment,
    &repeated_full_scan::RepeatedFullScan,
    &join_without_index::JoinWithoutIndex,
    &dependent_subquery::DependentSubquery,
    &inefficient_index::InefficientIndex,
    &row_goal::RowGoal,
    &full_index_scan::FullIndexScan,
    &expensive_sort::ExpensiveSort,
    &large_offset::LargeOffset,
    &temporary_table::TemporaryTable,
    &spill::SpillToDisk,
    &misestimate::Misestimate,
    &stale_statistics::StaleStatistics,
    &heap_fetches::HeapFetches,
    &lossy_bitmap::LossyBitmap,
    &workers_not_launched::WorkersNotLaunched,
    &overhead::JitDominates,
    &overhead::PlanningDominates,
    &overhead::TriggersDominate,
    &partial_plan::PartialPlan,
];

/// Everything the rules find, ranked by what fixing it could save.
#[must_use]
pub fn diagnose(plan: &Plan, catalog: Option<&Catalog>) -> Vec<Finding> {
    let mut found = Vec::new();
    for rule in RULES {
        rule.check(Context { plan, catalog }, &mut found);
    }
    rank::rank(plan, &mut found);
    found
}
