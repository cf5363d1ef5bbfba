//! The nodes of a plan in the document's words.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::plan::{Buffers, Conditions, Derived, Flags, Io, Node, NodeId, Off, Plan, Role, Timing, Wal, Workers};

#[derive(Serialize)]
pub(super) struct NodeOut<'a> {
    id: u32,
    parent: Option<u32>,
    depth: u32,
    role: Role,
    operator: &'a str,
    native: &'a str,
    subplan: Option<&'a str>,
    relation: Option<RelationOut<'a>>,
    index: Option<&'a str>,
    cost: CostOut,
    rows: RowsOut,
    time: TimeOut,
    share: Option<f64>,
    buffers: Option<&'a Buffers>,
    self_buffers: Option<&'a Buffers>,
    io: Option<&'a Io>,
    self_io: Option<&'a Io>,
    wal: Option<&'a Wal>,
    self_wal: Option<&'a Wal>,
    conditions: &'a Conditions,
    keys: &'a [String],
    workers: Option<&'a Workers>,
    spill: Option<SpillOut<'a>>,
    flags: Flags,
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    extra: serde_json::Map<String, serde_json::Value>,
}

#[derive(Serialize)]
struct RelationOut<'a> {
    schema: Option<&'a str>,
    name: &'a str,
    alias: Option<&'a str>,
}

#[derive(Serialize)]
struct CostOut {
    startup: Option<f64>,
    total: Option<f64>,
    #[serde(rename = "self")]
    alone: Option<f64>,
    own: Option<f64>,
}

#[derive(Serialize)]
struct RowsOut {
    estimated: Option<f64>,
    examined: Option<f64>,
    actual: Option<f64>,
    loops: Option<f64>,
    removed: Option<f64>,
    removed_by_recheck: Option<f64>,
    width: Option<f64>,
    q_error: Option<f64>,
    q_direction: Option<Off>,
    approximate: bool,
}

#[derive(Serialize)]
struct TimeOut {
    wall_ms: Option<f64>,
    self_ms: Option<f64>,
    felt_ms: Option<f64>,
    first_ms: Option<f64>,
    last_ms: Option<f64>,
    approximate: bool,
}

#[derive(Serialize)]
struct SpillOut<'a> {
    bytes: Option<u64>,
    how: &'a str,
}

/// Every node, in pre-order, with what people wrote about it.
pub(super) fn nodes<'a>(plan: &'a Plan, notes: &'a BTreeMap<u32, String>) -> Vec<NodeOut<'a>> {
    plan.ids().map(|id| NodeOut { note: notes.get(&id.0).map(String::as_str), ..node(plan, id) }).collect()
}

fn node(plan: &Plan, id: NodeId) -> NodeOut<'_> {
    let (node, derived) = (plan.node(id), plan.derived(id));
    NodeOut {
        id: id.0,
        parent: plan.parent(id).map(|p| p.0),
        depth: plan.depth(id),
        role: node.role,
        operator: node.operator.name(),
        native: &node.native,
        subplan: node.subplan.as_deref(),
        relation: node.relation.as_ref().map(|r| RelationOut {
            schema: r.schema.as_deref(),
            name: &r.name,
            alias: r.alias.as_deref(),
        }),
        index: node.index.as_deref(),
        cost: CostOut {
            startup: node.cost.startup,
            total: node.cost.total,
            alone: derived.self_cost,
            own: node.cost.own,
        },
        rows: RowsOut {
            estimated: node.rows.estimated,
            examined: node.rows.examined,
            actual: node.rows.actual,
            loops: node.rows.loops,
            removed: node.rows.removed,
            removed_by_recheck: node.rows.removed_by_recheck,
            width: node.rows.width,
            q_error: derived.q_error,
            q_direction: derived.off,
            approximate: derived.rough_rows,
        },
        time: time(node, derived),
        share: derived.share,
        buffers: node.buffers.as_deref(),
        self_buffers: derived.self_buffers.as_deref(),
        io: node.io.as_deref(),
        self_io: derived.self_io.as_deref(),
        wal: node.wal.as_deref(),
        self_wal: derived.self_wal.as_deref(),
        conditions: &node.conditions,
        keys: &node.keys,
        workers: node.workers.as_deref(),
        spill: node.spill.as_ref().map(|s| SpillOut { bytes: s.bytes, how: &s.how }),
        flags: derived.flags,
        line: node.line,
        note: None,
        extra: map(&node.extra),
    }
}

fn time(node: &Node, derived: &Derived) -> TimeOut {
    let (first_ms, last_ms) = match node.timing {
        Some(Timing::PerLoop { first_ms, last_ms }) => (Some(first_ms), Some(last_ms)),
        _ => (None, None),
    };
    TimeOut {
        wall_ms: derived.wall_ms,
        self_ms: derived.self_ms,
        felt_ms: derived.felt_ms(),
        first_ms,
        last_ms,
        approximate: derived.rough_time,
    }
}

/// Pairs as an object. A name that comes twice (several triggers, say) keeps all its values, in a list.
pub(super) fn map(pairs: &[(String, String)]) -> serde_json::Map<String, serde_json::Value> {
    use serde_json::{Value, map::Entry};
    let mut out = serde_json::Map::with_capacity(pairs.len());
    for (name, value) in pairs {
        let value = Value::String(value.clone());
        match out.entry(name.clone()) {
            Entry::Vacant(free) => {
                free.insert(value);
            }
            Entry::Occupied(mut taken) => match taken.get_mut() {
                Value::Array(all) => all.push(value),
                first => *first = Value::Array(vec![first.take(), value]),
            },
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_that_comes_twice_keeps_both_values() {
        let pairs = [("a", "1"), ("b", "2"), ("a", "3"), ("a", "4")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(serde_json::Value::Object(super::map(&pairs)), serde_json::json!({"a": ["1", "3", "4"], "b": "2"}));
    }
}
