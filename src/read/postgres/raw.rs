//! The keys of PostgreSQL's JSON, as the server writes them; the other formats are brought to the same. Every one is optional.

mod spill;
mod statement;
mod worker;

pub(super) use spill::RawSpill;
pub(super) use statement::{RawBuffers, RawStatement};
pub(super) use worker::RawWorker;

use crate::{
    plan::{Io, Wal},
    read::json::{Kind, Value},
};

/// One node of `"Plan"`.
#[derive(Debug, Default)]
pub(super) struct RawNode<'d> {
    pub(super) node_type: Option<String>,
    pub(super) strategy: Option<String>,
    pub(super) partial_mode: Option<String>,
    pub(super) join_type: Option<String>,
    pub(super) operation: Option<String>,
    pub(super) command: Option<String>,
    pub(super) custom_name: Option<String>,
    pub(super) scan_direction: Option<String>,
    pub(super) relationship: Option<String>,
    pub(super) subplan_name: Option<String>,
    pub(super) parallel_aware: bool,
    pub(super) async_capable: bool,
    pub(super) schema: Option<String>,
    pub(super) relation_name: Option<String>,
    pub(super) function_name: Option<String>,
    pub(super) cte_name: Option<String>,
    pub(super) tuplestore_name: Option<String>,
    pub(super) alias: Option<String>,
    pub(super) index_name: Option<String>,
    pub(super) startup_cost: Option<f64>,
    pub(super) total_cost: Option<f64>,
    pub(super) plan_rows: Option<f64>,
    pub(super) plan_width: Option<f64>,
    pub(super) actual_startup_time: Option<f64>,
    pub(super) actual_total_time: Option<f64>,
    pub(super) actual_rows: Option<f64>,
    /// The actual rows are printed without decimals (until PostgreSQL 17).
    pub(super) rounded: bool,
    pub(super) actual_loops: Option<f64>,
    pub(super) removed_by_filter: Option<f64>,
    pub(super) removed_by_join_filter: Option<f64>,
    pub(super) removed_by_recheck: Option<f64>,
    pub(super) filter: Option<String>,
    pub(super) one_time_filter: Option<String>,
    pub(super) join_filter: Option<String>,
    pub(super) index_cond: Option<String>,
    pub(super) tid_cond: Option<String>,
    pub(super) hash_cond: Option<String>,
    pub(super) merge_cond: Option<String>,
    pub(super) recheck_cond: Option<String>,
    pub(super) sort_key: Vec<String>,
    pub(super) group_key: Vec<String>,
    pub(super) cache_key: Vec<String>,
    pub(super) workers_planned: Option<f64>,
    pub(super) workers_launched: Option<f64>,
    pub(super) usage: RawUsage,
    pub(super) spill: RawSpill,
    pub(super) workers: Vec<RawWorker>,
    pub(super) line: u32,
    /// The list under `Plans`.
    pub(super) plans: Option<Value<'d>>,
    /// Citus: what its nodes do elsewhere.
    pub(super) distributed: Option<Value<'d>>,
    /// Everything not named above.
    pub(super) extra: Vec<(String, String)>,
}

/// Blocks, waiting and log writing, of a node, a worker or planning.
#[derive(Debug, Clone, Default)]
pub(super) struct RawUsage {
    /// Shared, local, temporary; each hit, read, dirtied, written (temporary: read, written).
    pub(super) blocks: Option<[u64; 10]>,
    pub(super) io: Option<Io>,
    pub(super) wal: Option<Wal>,
}

/// In the order of [`RawUsage::blocks`].
const BLOCKS: [&str; 10] = [
    "Shared Hit Blocks",
    "Shared Read Blocks",
    "Shared Dirtied Blocks",
    "Shared Written Blocks",
    "Local Hit Blocks",
    "Local Read Blocks",
    "Local Dirtied Blocks",
    "Local Written Blocks",
    "Temp Read Blocks",
    "Temp Written Blocks",
];

impl RawUsage {
    /// Takes a field if it is one of these. Times are spelled `I/O Read Time` until 16 and `Shared I/O Read Time` since.
    pub(super) fn set(&mut self, key: &str, value: Value<'_>) -> bool {
        if key.ends_with(" Blocks") {
            let (Some(place), Some(blocks)) = (BLOCKS.iter().position(|k| *k == key), count(value)) else {
                return false;
            };
            self.blocks.get_or_insert_default()[place] = blocks;
            return true;
        }
        if let Some((scope, kind)) = key.split_once("I/O ") {
            let (Some(ms), "" | "Shared " | "Local " | "Temp ") = (value.number(), scope) else { return false };
            let ms = ms.max(0.0);
            let io = self.io.get_or_insert_default();
            match (scope, kind) {
                ("Temp ", "Read Time") => io.temp_read_ms += ms,
                ("Temp ", "Write Time") => io.temp_write_ms += ms,
                (_, "Read Time") => io.read_ms += ms,
                (_, "Write Time") => io.write_ms += ms,
                _ => return false,
            }
            return true;
        }
        let Some(kind) = key.strip_prefix("WAL ") else { return false };
        let Some(n) = count(value) else { return false };
        let wal = self.wal.get_or_insert_default();
        match kind {
            "Records" => wal.records = n,
            "FPI" => wal.full_pages = n,
            "Bytes" => wal.bytes = n,
            _ => return false,
        }
        true
    }
}

impl<'d> RawNode<'d> {
    /// Takes an object apart. The children are left to the caller.
    pub(super) fn read(value: Value<'d>) -> Self {
        let mut raw = Self { line: value.line(), ..Self::default() };
        if value.is_object() {
            for field in value.children() {
                let key = field.key().unwrap_or_default();
                raw.spill.look(&key, field);
                if !raw.set(&key, field) && field.kind() != Kind::Null {
                    raw.extra.push((key.into_owned(), field.verbatim()));
                }
            }
        }
        raw
    }

    /// Takes a field; `false` leaves it to be kept as it is.
    fn set(&mut self, key: &str, v: Value<'d>) -> bool {
        match key {
            "Node Type" => text(&mut self.node_type, v),
            "Strategy" => text(&mut self.strategy, v),
            "Partial Mode" => text(&mut self.partial_mode, v),
            "Join Type" => text(&mut self.join_type, v),
            "Operation" => text(&mut self.operation, v),
            "Command" => text(&mut self.command, v),
            "Custom Plan Provider" => text(&mut self.custom_name, v),
            "Scan Direction" => text(&mut self.scan_direction, v),
            "Parent Relationship" => text(&mut self.relationship, v),
            "Subplan Name" => text(&mut self.subplan_name, v),
            "Parallel Aware" => truth(&mut self.parallel_aware, v),
            "Async Capable" => truth(&mut self.async_capable, v),
            "Schema" => text(&mut self.schema, v),
            "Relation Name" => text(&mut self.relation_name, v),
            "Function Name" | "Table Function Name" => text(&mut self.function_name, v),
            "CTE Name" => text(&mut self.cte_name, v),
            "Tuplestore Name" => text(&mut self.tuplestore_name, v),
            "Alias" => text(&mut self.alias, v),
            "Index Name" => text(&mut self.index_name, v),
            "Startup Cost" => number(&mut self.startup_cost, v),
            "Total Cost" => number(&mut self.total_cost, v),
            "Plan Rows" => number(&mut self.plan_rows, v),
            "Plan Width" => number(&mut self.plan_width, v),
            "Actual Startup Time" => number(&mut self.actual_startup_time, v),
            "Actual Total Time" => number(&mut self.actual_total_time, v),
            "Actual Rows" => {
                self.rounded = v.digits().is_some_and(|digits| !digits.contains('.'));
                number(&mut self.actual_rows, v)
            }
            "Actual Loops" => number(&mut self.actual_loops, v),
            "Rows Removed by Filter" => number(&mut self.removed_by_filter, v),
            "Rows Removed by Join Filter" => number(&mut self.removed_by_join_filter, v),
            "Rows Removed by Index Recheck" => number(&mut self.removed_by_recheck, v),
            "Filter" => text(&mut self.filter, v),
            "One-Time Filter" => text(&mut self.one_time_filter, v),
            "Join Filter" => text(&mut self.join_filter, v),
            "Index Cond" => text(&mut self.index_cond, v),
            "TID Cond" => text(&mut self.tid_cond, v),
            "Hash Cond" => text(&mut self.hash_cond, v),
            "Merge Cond" => text(&mut self.merge_cond, v),
            "Recheck Cond" => text(&mut self.recheck_cond, v),
            "Sort Key" => texts(&mut self.sort_key, v),
            "Group Key" => texts(&mut self.group_key, v),
            "Grouping Sets" => {
                let keys = |set: Value<'d>| set.get("Group Keys").or_else(|| set.get("Hash Keys"));
                let one = |key: Value<'d>| format!("({})", key.texts().join(", "));
                self.group_key = v.children().filter_map(keys).flat_map(Value::children).map(one).collect();
                false
            }
            "Cache Key" => texts(&mut self.cache_key, v),
            "Workers Planned" => number(&mut self.workers_planned, v),
            "Workers Launched" => number(&mut self.workers_launched, v),
            "Plans" => {
                if self.plans.is_none() && v.is_array() {
                    self.plans = Some(v);
                    return true;
                }
                // An empty list looks like an empty text in YAML and XML.
                v.text().is_some_and(|text| text.is_empty())
            }
            "Distributed Query" if v.is_object() => {
                self.distributed = Some(v);
                true
            }
            "Workers" => {
                self.workers = RawWorker::all(v);
                false
            }
            _ => self.usage.set(key, v),
        }
    }
}

/// Takes a string if none was taken before.
fn text(slot: &mut Option<String>, value: Value<'_>) -> bool {
    if slot.is_some() {
        return false;
    }
    *slot = value.text().map(std::borrow::Cow::into_owned);
    slot.is_some()
}

fn number(slot: &mut Option<f64>, value: Value<'_>) -> bool {
    if slot.is_some() {
        return false;
    }
    // The server prints nothing below zero.
    *slot = value.number().map(|n| n.max(0.0));
    slot.is_some()
}

fn truth(slot: &mut bool, value: Value<'_>) -> bool {
    *slot = value.truth();
    matches!(value.kind(), Kind::Bool(_))
}

fn texts(slot: &mut Vec<String>, value: Value<'_>) -> bool {
    let first = slot.is_empty();
    if first {
        *slot = value.texts();
    }
    first
}

/// A count, as whole as it is.
fn count(value: Value<'_>) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    value.number().map(|n| n.round() as u64)
}
