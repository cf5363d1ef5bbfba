//! PostgreSQL's node types in the common vocabulary, and the line `EXPLAIN` in text would print for them.

use super::raw::RawNode;
use crate::plan::Operator;

/// The operator of a node. Types of later servers and of forks stay under their own name.
pub(super) fn operator(raw: &RawNode) -> Operator {
    let kind = raw.node_type.as_deref().unwrap_or("?");
    match kind {
        "Seq Scan" => Operator::SeqScan,
        "Index Scan" => Operator::IndexScan,
        "Index Only Scan" => Operator::IndexOnlyScan,
        "Bitmap Index Scan" => Operator::BitmapIndexScan,
        "Bitmap Heap Scan" => Operator::BitmapHeapScan,
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
        "Nested Loop" => Operator::NestedLoop,
        "Hash Join" => Operator::HashJoin,
        "Merge Join" => Operator::MergeJoin,
        "Hash" => Operator::Hash,
        "Sort" => Operator::Sort,
        "Incremental Sort" => Operator::IncrementalSort,
        "Aggregate" => match raw.strategy.as_deref() {
            Some("Hashed" | "Mixed") => Operator::HashAggregate,
            Some("Sorted") => Operator::GroupAggregate,
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
        other => Operator::Other(other.to_owned()),
    }
}

/// The node's name as text plans print it (`ExplainNode`), such as `Parallel Hash Left Join`.
pub(super) fn native(raw: &RawNode) -> String {
    let kind = raw.node_type.as_deref().unwrap_or("?");
    let mut name = String::new();
    match raw.partial_mode.as_deref() {
        None | Some("Simple") => {}
        Some(mode) => name = format!("{mode} "),
    }
    if raw.parallel_aware {
        name.push_str("Parallel ");
    }
    if raw.async_capable {
        name.push_str("Async ");
    }
    let strategy = raw.strategy.as_deref();
    match (kind, raw.join_type.as_deref()) {
        ("Nested Loop", Some(join)) if join != "Inner" => name.push_str(&format!("Nested Loop {join} Join")),
        ("Hash Join", Some(join)) if join != "Inner" => name.push_str(&format!("Hash {join} Join")),
        ("Merge Join", Some(join)) if join != "Inner" => name.push_str(&format!("Merge {join} Join")),
        ("Aggregate", _) => name.push_str(match strategy {
            Some("Hashed") => "HashAggregate",
            Some("Sorted") => "GroupAggregate",
            Some("Mixed") => "MixedAggregate",
            _ => "Aggregate",
        }),
        ("SetOp", _) => {
            name.push_str(if strategy == Some("Hashed") { "HashSetOp" } else { "SetOp" });
            if let Some(command) = &raw.command {
                name.push_str(&format!(" {command}"));
            }
        }
        ("ModifyTable", _) => name.push_str(raw.operation.as_deref().unwrap_or("ModifyTable")),
        ("Foreign Scan", _) => match raw.operation.as_deref() {
            Some(operation) if operation != "Select" => name.push_str(&format!("Foreign {operation}")),
            _ => name.push_str("Foreign Scan"),
        },
        ("Custom Scan", _) => match &raw.custom_name {
            Some(provider) => name.push_str(&format!("Custom Scan ({provider})")),
            None => name.push_str("Custom Scan"),
        },
        _ => name.push_str(kind),
    }
    if raw.scan_direction.as_deref() == Some("Backward") {
        name.push_str(" Backward");
    }
    name
}
