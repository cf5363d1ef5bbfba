//! MySQL plans. JSON version 1 (5.6 to 9, `sql/opt_explain_json.cc`) and version 2 (8.3 to 9, `sql/join_optimizer/explain_access_path.cc`),
//! told apart by what they hold: a server may answer in another version than it was asked for. `FORMAT=TREE` is version 2 without its keys.

mod flat;
mod node;
mod operator;
mod tree;
mod v1;
mod v1_table;
mod v2;
mod words;

pub(super) use tree::read as read_tree;

use super::{
    ReadError, Source,
    json::{Kind, Value},
};
use crate::plan::{Engine, NodeId, Plan};

/// Marks plans of statements that were stopped before their end: MySQL prints what was measured until then, and says so in a
/// warning (1317), which clients show after the plan.
pub(super) fn interrupted(text: &str, plans: &mut [Plan]) {
    const WORDS: &str = "Query execution was interrupted";
    if !text.contains(WORDS) {
        return;
    }
    for (at, _) in text.match_indices(WORDS) {
        let line = text[..at].matches('\n').count() + 1;
        let before = |plan: &&mut Plan| plan.node(NodeId::ROOT).line.is_some_and(|begins| (begins as usize) < line);
        if let Some(plan) = plans.iter_mut().rev().find(before)
            && plan.engine == Engine::MySql
            && plan.analyzed
        {
            plan.mark_partial("The statement was stopped before its end: times and rows are those until then.");
        }
    }
}

/// What an optimizer trace lacks, for people.
pub(super) const WANTED: &str = "a plan: this is an optimizer trace, which tells how the server came to its plan but not the plan; pass what \
                                 EXPLAIN prints for the same statement (EXPLAIN FORMAT=JSON says the most)";

/// Whether an object is an optimizer trace (`information_schema.optimizer_trace`), of MySQL or of MariaDB.
pub(super) fn is_trace(value: Value<'_>) -> bool {
    let steps = value.get("steps").filter(|steps| steps.is_array());
    steps.into_iter().flat_map(Value::children).flat_map(Value::children).any(|step| {
        step.key()
            .is_some_and(|key| key.starts_with("join_") || key == "transformation" || key == "view" || key == "derived")
    })
}

/// Whether an object is a version 2 plan.
pub(super) fn recognises_v2(value: Value<'_>) -> bool {
    // What is told of an iterator besides its name.
    const TOLD: [&str; 6] =
        ["access_type", "estimated_rows", "estimated_total_cost", "actual_rows", "actual_loops", "table_name"];
    let told = |plan: Value<'_>| {
        let beside = |key| value.get(key).is_some();
        let is = || plan.descendants().any(|inner| inner.key().is_some_and(|key| TOLD.contains(&key.as_ref())));
        beside("json_schema_version")
            || beside("query_type")
            || beside("query")
            || is()
            || plan.get("operation").is_none()
    };
    value.get("query_plan").is_some_and(|plan| plan.is_object() && told(plan))
        || (value.get("operation").is_some() && value.get("json_schema_version").is_some())
}

/// Reads a version 2 plan.
pub(super) fn read_v2(value: Value<'_>, source: &Source<'_>) -> Result<Plan, ReadError> {
    v2::plan(value, source)
}

/// Whether an object is a version 1 plan: MariaDB's look alike, but only MySQL writes these keys, and percentages in quotes.
pub(super) fn recognises_v1(value: Value<'_>) -> bool {
    const OURS: [&str; 12] = [
        "cost_info",
        "rows_examined_per_scan",
        "used_columns",
        "query_specifications",
        "ordering_operation",
        "grouping_operation",
        "windowing",
        "insert_from",
        "materialized_from_subquery",
        "select_list_subqueries",
        "optimized_away_subqueries",
        "using_join_buffer",
    ];
    let Some(block) = value.get("query_block").filter(|block| block.is_object()) else { return false };
    let theirs =
        |key: &str| key.starts_with("r_") || matches!(key, "materialized" | "cost" | "filesort" | "recursive_union");
    let mut ours = block.get("message").is_some();
    for inner in block.descendants() {
        let Some(key) = inner.key() else { continue };
        if theirs(&key) || (key == "filtered" && inner.kind() == Kind::Number) {
            return false;
        }
        // MariaDB's union_result has query_specifications too, but never `cacheable` beside them.
        ours |= (OURS.contains(&key.as_ref()) && key != "query_specifications")
            || key == "cacheable"
            || (matches!(key.as_ref(), "insert" | "update" | "delete" | "replace")
                && matches!(inner.kind(), Kind::Bool(_)));
    }
    ours
}

/// Reads a version 1 plan.
pub(super) fn read_v1(value: Value<'_>, source: &Source<'_>) -> Result<Plan, ReadError> {
    v1::plan(value, source)
}
