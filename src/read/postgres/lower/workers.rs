//! What the processes of a node add up to.

use crate::{
    plan::{Spill, Workers},
    read::postgres::raw::{RawNode, RawSpill, RawWorker},
};

/// Planned and launched workers, and the times of the fastest and slowest process. A node's own numbers include every
/// process, so what the workers do not account for was the leader's.
pub(super) fn spread(raw: &RawNode<'_>) -> Option<Workers> {
    let workers = &raw.workers;
    let all = |of: fn(&RawWorker) -> Option<f64>, mine: Option<f64>| {
        let mut each: Vec<f64> = workers.iter().filter_map(|w| of(w).map(|n| n * w.loops)).collect();
        if let (Some(whole), Some(loops), false) = (mine, raw.actual_loops, each.is_empty()) {
            let leader = whole * loops - each.iter().sum::<f64>();
            if loops - workers.iter().map(|w| w.loops).sum::<f64>() >= 0.5 && leader > 0.0 {
                each.push(leader);
            }
        }
        each
    };
    let times = all(|w| w.total_time, raw.actual_total_time);
    let rows = all(|w| w.rows, raw.actual_rows);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    let count = |n: Option<f64>| n.map(|n| n as u32);
    let spread = Workers {
        planned: count(raw.workers_planned),
        launched: count(raw.workers_launched),
        min_ms: times.iter().copied().reduce(f64::min),
        max_ms: times.iter().copied().reduce(f64::max),
        min_rows: rows.iter().copied().reduce(f64::min),
        max_rows: rows.iter().copied().reduce(f64::max),
    };
    (spread != Workers::default()).then_some(spread)
}

/// Every process has its own memory: their disk space adds up, and so does what caches and bitmaps dropped.
pub(super) fn spill(leader: &RawSpill, workers: &[RawWorker]) -> Option<Spill> {
    let all = || std::iter::once(leader).chain(workers.iter().map(|w| &w.spill));
    let sum = |of: fn(&RawSpill) -> Option<u64>| all().filter_map(of).reduce(u64::saturating_add).filter(|n| *n > 0);
    let most = |of: fn(&RawSpill) -> Option<u64>| all().filter_map(of).max().filter(|n| *n > 1);
    let bytes = |kb: Option<u64>| kb.map(|kb| kb.saturating_mul(1024));
    if let Some(kb) = sum(RawSpill::sort_disk_kb) {
        let how = all().find_map(RawSpill::disk_method).unwrap_or("sort on disk");
        return Some(Spill { bytes: bytes(Some(kb)), how: how.to_owned() });
    }
    if let Some(batches) = most(RawSpill::hash_batches) {
        let planned = leader.original_hash_batches.filter(|n| *n != batches);
        let how =
            planned.map_or_else(|| format!("Batches: {batches}"), |n| format!("Batches: {batches} (originally {n})"));
        return Some(Spill { bytes: None, how });
    }
    let disk = sum(RawSpill::disk_usage_kb);
    if let Some(batches) = most(RawSpill::hashagg_batches) {
        return Some(Spill { bytes: bytes(disk), how: format!("Batches: {batches}") });
    }
    if disk.is_some() {
        return Some(Spill { bytes: bytes(disk), how: "disk".to_owned() });
    }
    if let Some(kb) = sum(RawSpill::storage_disk_kb) {
        return Some(Spill { bytes: bytes(Some(kb)), how: "Storage: Disk".to_owned() });
    }
    let dropped = [("Cache Evictions", sum(RawSpill::evictions)), ("Cache Overflows", sum(RawSpill::overflows))];
    let dropped: Vec<_> = dropped.into_iter().filter_map(|(name, n)| Some(format!("{name}: {}", n?))).collect();
    if !dropped.is_empty() {
        return Some(Spill { bytes: None, how: dropped.join(", ") });
    }
    let lossy = sum(RawSpill::lossy_blocks)?;
    let all = lossy.saturating_add(sum(RawSpill::exact_blocks).unwrap_or(0));
    Some(Spill { bytes: None, how: format!("Lossy Heap Blocks: {lossy} of {all}") })
}
