//! PostgreSQL's node types in the common vocabulary, and the line `EXPLAIN` in text would print for them.

use std::borrow::Cow;

use super::raw::RawNode;
use crate::plan::Operator;

/// The operator of a node. Types of later servers and of forks stay under their own name, save those known to do the same.
pub(super) fn operator(raw: &RawNode<'_>) -> Operator {
    let kind = raw.node_type.as_deref().unwrap_or("?");
    match plain(kind) {
        // YugabyteDB, Greenplum.
        "Seq Scan"
        | "YB Seq Scan"
        | "Dynamic Seq Scan"
        | "Table Scan"
        | "Dynamic Table Scan"
        | "Append-only Scan"
        | "Append-only Columnar Scan" => Operator::SeqScan,
        "Index Scan" | "Dynamic Index Scan" | "Distinct Index Scan" => Operator::IndexScan,
        "Index Only Scan" | "Distinct Index Only Scan" | "Dynamic Index Only Scan" => Operator::IndexOnlyScan,
        "Bitmap Index Scan" | "Dynamic Bitmap Index Scan" => Operator::BitmapIndexScan,
        "Bitmap Heap Scan" | "YB Bitmap Table Scan" | "Dynamic Bitmap Heap Scan" => Operator::BitmapHeapScan,
        "BitmapAnd" => Operator::BitmapAnd,
        "BitmapOr" => Operator::BitmapOr,
        "Tid Scan" | "Tid Range Scan" => Operator::TidScan,
        "Subquery Scan" => Operator::SubqueryScan,
        "CTE Scan" => Operator::CteScan,
        "WorkTable Scan" | "Named Tuplestore Scan" => Operator::WorkTableScan,
        "Function Scan" | "Table Function Scan" => Operator::FunctionScan,
        "Values Scan" => Operator::ValuesScan,
        "Foreign Scan" => Operator::ForeignScan,
        "Custom Scan" => Operator::CustomScan,
        "Nested Loop" | "YB Batched Nested Loop" => Operator::NestedLoop,
        "Hash Join" => Operator::HashJoin,
        "Merge Join" => Operator::MergeJoin,
        "Hash" => Operator::Hash,
        "Sort" => Operator::Sort,
        "Incremental Sort" => Operator::IncrementalSort,
        "Aggregate" | "GroupAggregate" | "HashAggregate" | "MixedAggregate" => match raw.strategy.as_deref() {
            Some("Hashed" | "Mixed") => Operator::HashAggregate,
            Some("Sorted") => Operator::GroupAggregate,
            _ if kind.ends_with("HashAggregate") => Operator::HashAggregate,
            _ if kind.ends_with("GroupAggregate") => Operator::GroupAggregate,
            _ => Operator::Aggregate,
        },
        "Group" => Operator::GroupAggregate,
        "WindowAgg" => Operator::WindowAgg,
        "Unique" => Operator::Unique,
        "Limit" => Operator::Limit,
        "Append" => Operator::Append,
        "Merge Append" => Operator::MergeAppend,
        "SetOp" => Operator::SetOp,
        "Recursive Union" => Operator::RecursiveUnion,
        "Materialize" => Operator::Materialize,
        "Memoize" => Operator::Memoize,
        "Gather" => Operator::Gather,
        "Gather Merge" => Operator::GatherMerge,
        "LockRows" => Operator::LockRows,
        "ModifyTable" => Operator::ModifyTable,
        "Result" => Operator::Result,
        "ProjectSet" => Operator::ProjectSet,
        _ => Operator::Other(kind.to_owned()),
    }
}

/// The node type without what Redshift adds: where it runs before, how rows are spread behind.
fn plain(kind: &str) -> &str {
    let kind = kind.strip_prefix("XN ").or_else(|| kind.strip_prefix("LD ")).unwrap_or(kind);
    kind.split_once(" DS_").map_or(kind, |(kind, _)| kind)
}

/// Names of which nothing is kept but where they stand.
const COMMON: [&str; 24] = [
    "Seq Scan",
    "Index Scan",
    "Index Only Scan",
    "Bitmap Heap Scan",
    "Bitmap Index Scan",
    "Parallel Seq Scan",
    "Foreign Scan",
    "Subquery Scan",
    "Nested Loop",
    "Hash Join",
    "Hash Left Join",
    "Nested Loop Left Join",
    "Merge Join",
    "Hash",
    "Sort",
    "Append",
    "Merge Append",
    "Aggregate",
    "HashAggregate",
    "GroupAggregate",
    "Materialize",
    "Memoize",
    "Result",
    "Limit",
];

/// The node's name as text plans print it (`ExplainNode`), such as `Parallel Hash Left Join`.
pub(super) fn native(raw: &RawNode<'_>) -> Cow<'static, str> {
    let partial = raw.partial_mode.as_deref().filter(|mode| *mode != "Simple");
    let parallel = raw.parallel_aware.then_some("Parallel");
    let asynchronous = raw.async_capable.then_some("Async");
    let backward = raw.scan_direction.as_deref().filter(|direction| *direction == "Backward");
    let name = name(raw);
    let words = [parallel, asynchronous, partial, Some(name.as_str()), backward];
    let words = words.into_iter().flatten().collect::<Vec<_>>().join(" ");
    // Most nodes have one of few names, and a plan may have a hundred thousand nodes.
    COMMON.into_iter().find(|name| *name == words).map_or(Cow::Owned(words), Cow::Borrowed)
}

fn name(raw: &RawNode<'_>) -> String {
    let kind = raw.node_type.as_deref().unwrap_or("?");
    let strategy = raw.strategy.as_deref();
    let join = raw.join_type.as_deref().filter(|join| *join != "Inner");
    match (kind, join) {
        ("Nested Loop" | "YB Batched Nested Loop", Some(join)) => format!("{kind} {join} Join"),
        ("Hash Join", Some(join)) => format!("Hash {join} Join"),
        ("Merge Join", Some(join)) => format!("Merge {join} Join"),
        ("Aggregate", _) => match strategy {
            Some("Hashed") => "HashAggregate".to_owned(),
            Some("Sorted") => "GroupAggregate".to_owned(),
            Some("Mixed") => "MixedAggregate".to_owned(),
            _ => "Aggregate".to_owned(),
        },
        ("SetOp", _) => {
            let name = if strategy == Some("Hashed") { "HashSetOp" } else { "SetOp" };
            raw.command.as_ref().map_or(name.to_owned(), |command| format!("{name} {command}"))
        }
        ("ModifyTable", _) => raw.operation.clone().unwrap_or_else(|| kind.to_owned()),
        ("Foreign Scan", _) => match raw.operation.as_deref() {
            Some(operation) if operation != "Select" => format!("Foreign {operation}"),
            _ => kind.to_owned(),
        },
        ("Custom Scan", _) => {
            raw.custom_name.as_ref().map_or(kind.to_owned(), |provider| format!("Custom Scan ({provider})"))
        }
        _ => kind.to_owned(),
    }
}
