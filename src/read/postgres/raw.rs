//! The keys of PostgreSQL's JSON, as the server writes them; the other formats are brought to the same. Every one is optional.

mod key;
mod spill;
mod statement;
mod worker;

use key::Take;
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

impl RawUsage {
    /// Takes a field if it is one of these.
    pub(super) fn set(&mut self, key: &str, value: Value<'_>) -> bool {
        key::find(key).is_some_and(|take| self.take(take, value))
    }

    /// Takes a field as its key says, if it says one of these.
    fn take(&mut self, take: &Take, value: Value<'_>) -> bool {
        match take {
            Take::Blocks(place) => {
                let Some(n) = count(value) else { return false };
                if let Some(blocks) = self.blocks.get_or_insert_default().get_mut(*place) {
                    *blocks = n;
                }
            }
            Take::Wait(of) => {
                let Some(ms) = value.number() else { return false };
                *of(self.io.get_or_insert_default()) += ms.max(0.0);
            }
            Take::Log(of) => {
                let Some(n) = count(value) else { return false };
                *of(self.wal.get_or_insert_default()) = n;
            }
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
                if !raw.set(&key, field) && field.kind() != Kind::Null {
                    raw.extra.push((key.into_owned(), field.verbatim()));
                }
            }
        }
        raw
    }

    /// Takes a field; `false` leaves it to be kept as it is.
    fn set(&mut self, key: &str, v: Value<'d>) -> bool {
        match key::find(key) {
            None => false,
            Some(Take::Text(of)) => text(of(self), v),
            Some(Take::Number(of)) => number(of(self), v),
            Some(Take::Truth(of)) => truth(of(self), v),
            Some(Take::Texts(of)) => texts(of(self), v),
            Some(Take::Ask(take)) => take(self, v),
            Some(Take::Memory(look)) => {
                look(&mut self.spill, v);
                false
            }
            Some(take) => self.usage.take(take, v),
        }
    }

    fn actual_rows(&mut self, v: Value<'d>) -> bool {
        self.rounded = v.digits().is_some_and(|digits| !digits.contains('.'));
        number(&mut self.actual_rows, v)
    }

    fn grouping_sets(&mut self, v: Value<'d>) -> bool {
        let keys = |set: Value<'d>| set.get("Group Keys").or_else(|| set.get("Hash Keys"));
        let one = |key: Value<'d>| format!("({})", key.texts().join(", "));
        self.group_key = v.children().filter_map(keys).flat_map(Value::children).map(one).collect();
        false
    }

    fn children(&mut self, v: Value<'d>) -> bool {
        if self.plans.is_none() && v.is_array() {
            self.plans = Some(v);
            return true;
        }
        // An empty list looks like an empty text in YAML and XML.
        v.text().is_some_and(|text| text.is_empty())
    }

    /// The partitions that a MERGE writes to; until PostgreSQL 18 at least, what it did stands among them under keys of its own.
    fn targets(&mut self, v: Value<'d>) -> bool {
        let is_told = |child: &Value<'_>| !child.is_object() && child.key().is_some();
        if !v.children().any(|child| is_told(&child)) {
            return false;
        }
        let (told, targets): (Vec<_>, Vec<_>) = v.children().partition(is_told);
        let targets: Vec<_> = targets.into_iter().map(Value::verbatim).collect();
        self.extra.push(("Target Tables".to_owned(), format!("[{}]", targets.join(", "))));
        self.extra.extend(told.into_iter().map(|v| (v.key().unwrap_or_default().into_owned(), v.verbatim())));
        true
    }

    fn elsewhere(&mut self, v: Value<'d>) -> bool {
        if v.is_object() {
            self.distributed = Some(v);
        }
        v.is_object()
    }

    fn workers(&mut self, v: Value<'d>) -> bool {
        self.workers = RawWorker::all(v);
        false
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
