//! What each key of a node means, found in one step: a plan of ten thousand nodes has half a million keys, and comparing each with
//! every name took a third of reading it.

use super::{RawNode, RawSpill, count};
use crate::{
    plan::{Io, Wal},
    read::json::Value,
};

/// What to do with the value under a key.
pub(super) enum Take {
    /// Keep a string.
    Text(for<'n, 'd> fn(&'n mut RawNode<'d>) -> &'n mut Option<String>),
    /// Keep a number.
    Number(for<'n, 'd> fn(&'n mut RawNode<'d>) -> &'n mut Option<f64>),
    /// Keep a truth.
    Truth(for<'n, 'd> fn(&'n mut RawNode<'d>) -> &'n mut bool),
    /// Keep strings.
    Texts(for<'n, 'd> fn(&'n mut RawNode<'d>) -> &'n mut Vec<String>),
    /// Ask what is told in no other way; `false` leaves the value to be kept as it is.
    Ask(for<'d> fn(&mut RawNode<'d>, Value<'d>) -> bool),
    /// Look, and leave the value to be kept in the server's words.
    Memory(fn(&mut RawSpill, Value<'_>)),
    /// Count blocks, at a place of [`super::RawUsage::blocks`].
    Blocks(usize),
    /// Add milliseconds of waiting.
    Wait(fn(&mut Io) -> &mut f64),
    /// Count what was logged.
    Log(fn(&mut Wal) -> &mut u64),
}

/// Every key that is understood.
#[expect(clippy::redundant_closure_for_method_calls, reason = "a method is bound to one lifetime, the table to none")]
static KEYS: &[(&str, Take)] = &[
    ("Node Type", Take::Text(|n| &mut n.node_type)),
    ("Strategy", Take::Text(|n| &mut n.strategy)),
    ("Partial Mode", Take::Text(|n| &mut n.partial_mode)),
    ("Join Type", Take::Text(|n| &mut n.join_type)),
    ("Operation", Take::Text(|n| &mut n.operation)),
    ("Command", Take::Text(|n| &mut n.command)),
    ("Custom Plan Provider", Take::Text(|n| &mut n.custom_name)),
    ("Scan Direction", Take::Text(|n| &mut n.scan_direction)),
    ("Parent Relationship", Take::Text(|n| &mut n.relationship)),
    ("Subplan Name", Take::Text(|n| &mut n.subplan_name)),
    ("Parallel Aware", Take::Truth(|n| &mut n.parallel_aware)),
    ("Async Capable", Take::Truth(|n| &mut n.async_capable)),
    ("Schema", Take::Text(|n| &mut n.schema)),
    ("Relation Name", Take::Text(|n| &mut n.relation_name)),
    ("Function Name", Take::Text(|n| &mut n.function_name)),
    ("Table Function Name", Take::Text(|n| &mut n.function_name)),
    ("CTE Name", Take::Text(|n| &mut n.cte_name)),
    ("Tuplestore Name", Take::Text(|n| &mut n.tuplestore_name)),
    ("Alias", Take::Text(|n| &mut n.alias)),
    ("Index Name", Take::Text(|n| &mut n.index_name)),
    ("Startup Cost", Take::Number(|n| &mut n.startup_cost)),
    ("Total Cost", Take::Number(|n| &mut n.total_cost)),
    ("Plan Rows", Take::Number(|n| &mut n.plan_rows)),
    ("Plan Width", Take::Number(|n| &mut n.plan_width)),
    ("Actual Startup Time", Take::Number(|n| &mut n.actual_startup_time)),
    ("Actual Total Time", Take::Number(|n| &mut n.actual_total_time)),
    ("Actual Rows", Take::Ask(|n, v| n.actual_rows(v))),
    ("Actual Loops", Take::Number(|n| &mut n.actual_loops)),
    ("Rows Removed by Filter", Take::Number(|n| &mut n.removed_by_filter)),
    ("Rows Removed by Join Filter", Take::Number(|n| &mut n.removed_by_join_filter)),
    ("Rows Removed by Index Recheck", Take::Number(|n| &mut n.removed_by_recheck)),
    ("Filter", Take::Text(|n| &mut n.filter)),
    ("One-Time Filter", Take::Text(|n| &mut n.one_time_filter)),
    ("Join Filter", Take::Text(|n| &mut n.join_filter)),
    ("Index Cond", Take::Text(|n| &mut n.index_cond)),
    ("TID Cond", Take::Text(|n| &mut n.tid_cond)),
    ("Hash Cond", Take::Text(|n| &mut n.hash_cond)),
    ("Merge Cond", Take::Text(|n| &mut n.merge_cond)),
    ("Recheck Cond", Take::Text(|n| &mut n.recheck_cond)),
    ("Sort Key", Take::Texts(|n| &mut n.sort_key)),
    ("Group Key", Take::Texts(|n| &mut n.group_key)),
    ("Grouping Sets", Take::Ask(|n, v| n.grouping_sets(v))),
    ("Cache Key", Take::Texts(|n| &mut n.cache_key)),
    ("Workers Planned", Take::Number(|n| &mut n.workers_planned)),
    ("Workers Launched", Take::Number(|n| &mut n.workers_launched)),
    ("Plans", Take::Ask(|n, v| n.children(v))),
    ("Distributed Query", Take::Ask(|n, v| n.elsewhere(v))),
    ("Workers", Take::Ask(|n, v| n.workers(v))),
    ("Target Tables", Take::Ask(|n, v| n.targets(v))),
    ("Sort Method", Take::Memory(RawSpill::sort_method)),
    ("Sort Space Used", Take::Memory(RawSpill::sort_space)),
    ("Sort Space Type", Take::Memory(|s, v| s.sort_on_disk |= v.text().is_some_and(|t| t == "Disk"))),
    // Incremental sorts keep two groups of facts (`show_incremental_sort_group_info`).
    ("Full-sort Groups", Take::Memory(RawSpill::sort_groups)),
    ("Pre-sorted Groups", Take::Memory(RawSpill::sort_groups)),
    ("Hash Batches", Take::Memory(|s, v| s.hash_batches = count(v))),
    ("Original Hash Batches", Take::Memory(|s, v| s.original_hash_batches = count(v))),
    ("HashAgg Batches", Take::Memory(|s, v| s.hashagg_batches = count(v))),
    ("Disk Usage", Take::Memory(|s, v| s.disk_usage_kb = count(v))),
    ("Storage", Take::Memory(|s, v| s.storage_on_disk = v.text().is_some_and(|t| t == "Disk"))),
    ("Maximum Storage", Take::Memory(|s, v| s.storage_kb = count(v))),
    ("Cache Evictions", Take::Memory(|s, v| s.evictions = count(v))),
    ("Cache Overflows", Take::Memory(|s, v| s.overflows = count(v))),
    ("Exact Heap Blocks", Take::Memory(|s, v| s.exact_blocks = count(v))),
    ("Lossy Heap Blocks", Take::Memory(|s, v| s.lossy_blocks = count(v))),
    ("Shared Hit Blocks", Take::Blocks(0)),
    ("Shared Read Blocks", Take::Blocks(1)),
    ("Shared Dirtied Blocks", Take::Blocks(2)),
    ("Shared Written Blocks", Take::Blocks(3)),
    ("Local Hit Blocks", Take::Blocks(4)),
    ("Local Read Blocks", Take::Blocks(5)),
    ("Local Dirtied Blocks", Take::Blocks(6)),
    ("Local Written Blocks", Take::Blocks(7)),
    ("Temp Read Blocks", Take::Blocks(8)),
    ("Temp Written Blocks", Take::Blocks(9)),
    // One time for shared and local blocks until 16, of which 15 tells temporary files; each its own since 17.
    ("I/O Read Time", Take::Wait(|io| &mut io.read_ms)),
    ("I/O Write Time", Take::Wait(|io| &mut io.write_ms)),
    ("Shared I/O Read Time", Take::Wait(|io| &mut io.read_ms)),
    ("Shared I/O Write Time", Take::Wait(|io| &mut io.write_ms)),
    ("Local I/O Read Time", Take::Wait(|io| &mut io.read_ms)),
    ("Local I/O Write Time", Take::Wait(|io| &mut io.write_ms)),
    ("Temp I/O Read Time", Take::Wait(|io| &mut io.temp_read_ms)),
    ("Temp I/O Write Time", Take::Wait(|io| &mut io.temp_write_ms)),
    ("WAL Records", Take::Log(|wal| &mut wal.records)),
    ("WAL FPI", Take::Log(|wal| &mut wal.full_pages)),
    ("WAL Bytes", Take::Log(|wal| &mut wal.bytes)),
];

/// Places of the table, a power of two and thinly settled.
const PLACES: usize = 512;
/// For each place the number of a key, from 1; keys that share a place stand at the next free ones.
static TABLE: [u8; PLACES] = table();

const fn table() -> [u8; PLACES] {
    let mut table = [0; PLACES];
    let mut number = 0;
    while number < KEYS.len() {
        let mut at = place(KEYS[number].0.as_bytes());
        while table[at] != 0 {
            at = (at + 1) % PLACES;
        }
        number += 1;
        assert!(number < 256, "numbers are bytes");
        #[expect(clippy::cast_possible_truncation, reason = "just checked")]
        {
            table[at] = number as u8;
        }
    }
    table
}

/// Where a key stands, or would: a few of its bytes and its length tell most apart.
const fn place(key: &[u8]) -> usize {
    let length = key.len();
    if length == 0 {
        return 0;
    }
    let (first, third, half, late) =
        (key[0] as usize, key[length / 3] as usize, key[length / 2] as usize, key[length * 3 / 4] as usize);
    (length * 37 + first * 11 + third * 5 + half * 67 + late * 131) % PLACES
}

/// What a key means; `None` when nobody knows.
pub(super) fn find(key: &str) -> Option<&'static Take> {
    let mut at = place(key.as_bytes());
    loop {
        let number = TABLE[at];
        let (name, take) = KEYS.get(usize::from(number).checked_sub(1)?)?;
        if *name == key {
            return Some(take);
        }
        at = (at + 1) % PLACES;
    }
}

#[cfg(test)]
mod tests {
    use super::{KEYS, find};

    #[test]
    fn every_key_is_found_and_no_other() {
        for (key, take) in KEYS {
            assert!(find(key).is_some_and(|found| std::ptr::eq(found, take)), "{key}");
        }
        for key in ["", "Output", "Node  Type", "node type", "Plan", "Inner Unique", "Buffers", "é"] {
            assert!(find(key).is_none(), "{key}");
        }
    }

    #[test]
    fn no_key_is_searched_for_long() {
        let steps = |key: &str| {
            let (mut at, mut steps) = (super::place(key.as_bytes()), 1);
            while KEYS[usize::from(super::TABLE[at]) - 1].0 != key {
                (at, steps) = ((at + 1) % super::PLACES, steps + 1);
            }
            steps
        };
        let all: Vec<_> = KEYS.iter().map(|(key, _)| (steps(key), *key)).filter(|(steps, _)| *steps > 2).collect();
        assert!(all.len() < 5, "{all:?}");
    }
}
