//! The keys of PostgreSQL's JSON, as the server writes them. Every one is optional.

use crate::read::json::{Fields, Value};

/// One node of `"Plan"`.
#[derive(Debug, Default)]
pub(super) struct RawNode {
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
    pub(super) alias: Option<String>,
    pub(super) index_name: Option<String>,
    pub(super) startup_cost: Option<f64>,
    pub(super) total_cost: Option<f64>,
    pub(super) plan_rows: Option<f64>,
    pub(super) plan_width: Option<f64>,
    pub(super) actual_startup_time: Option<f64>,
    pub(super) actual_total_time: Option<f64>,
    pub(super) actual_rows: Option<f64>,
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
    pub(super) blocks: Option<[u64; 10]>,
    pub(super) line: u32,
    /// Everything not named above.
    pub(super) extra: Vec<(String, String)>,
}

/// In the order of [`RawNode::blocks`]: shared, local, temporary.
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

impl RawNode {
    /// Takes an object apart. `Plans` is left to the caller.
    pub(super) fn read(value: Value<'_>) -> Self {
        let mut f = Fields::of(value);
        f.take("Plans");
        let blocks = BLOCKS.map(|key| f.count(key));
        // Zero parts say nothing; the fields above them are modelled.
        let quiet = |(key, value): &(String, String)| {
            let zero = value.parse::<f64>() == Ok(0.0);
            !(key.ends_with(" I/O Read Time") || key.ends_with(" I/O Write Time") || key.starts_with("WAL ")) || !zero
        };
        Self {
            node_type: f.text("Node Type"),
            strategy: f.text("Strategy"),
            partial_mode: f.text("Partial Mode"),
            join_type: f.text("Join Type"),
            operation: f.text("Operation"),
            command: f.text("Command"),
            custom_name: f.text("Custom Plan Provider"),
            scan_direction: f.text("Scan Direction"),
            relationship: f.text("Parent Relationship"),
            subplan_name: f.text("Subplan Name"),
            parallel_aware: f.truth("Parallel Aware"),
            async_capable: f.truth("Async Capable"),
            schema: f.text("Schema"),
            relation_name: f.text("Relation Name"),
            function_name: f.text("Function Name"),
            cte_name: f.text("CTE Name"),
            alias: f.text("Alias"),
            index_name: f.text("Index Name"),
            startup_cost: f.number("Startup Cost"),
            total_cost: f.number("Total Cost"),
            plan_rows: f.number("Plan Rows"),
            plan_width: f.number("Plan Width"),
            actual_startup_time: f.number("Actual Startup Time"),
            actual_total_time: f.number("Actual Total Time"),
            actual_rows: f.number("Actual Rows"),
            actual_loops: f.number("Actual Loops"),
            removed_by_filter: f.number("Rows Removed by Filter"),
            removed_by_join_filter: f.number("Rows Removed by Join Filter"),
            removed_by_recheck: f.number("Rows Removed by Index Recheck"),
            filter: f.text("Filter"),
            one_time_filter: f.text("One-Time Filter"),
            join_filter: f.text("Join Filter"),
            index_cond: f.text("Index Cond"),
            tid_cond: f.text("TID Cond"),
            hash_cond: f.text("Hash Cond"),
            merge_cond: f.text("Merge Cond"),
            recheck_cond: f.text("Recheck Cond"),
            sort_key: f.texts("Sort Key"),
            group_key: f.texts("Group Key"),
            cache_key: f.text("Cache Key").into_iter().collect(),
            workers_planned: f.number("Workers Planned"),
            workers_launched: f.number("Workers Launched"),
            blocks: blocks.iter().any(Option::is_some).then(|| blocks.map(Option::unwrap_or_default)),
            line: value.line(),
            extra: f.rest().filter(quiet).collect(),
        }
    }
}

/// One process's part of a node, from `"Workers"`.
#[derive(Debug)]
pub(super) struct RawWorker {
    pub(super) total_time: Option<f64>,
    pub(super) loops: f64,
    pub(super) spill: RawSpill,
}

/// What a node or one worker says about memory that was not enough.
#[derive(Debug, Default)]
pub(super) struct RawSpill {
    pub(super) sort_method: Option<String>,
    pub(super) sort_disk_kb: Option<u64>,
    pub(super) hash_batches: Option<u64>,
    pub(super) original_hash_batches: Option<u64>,
    pub(super) hashagg_batches: Option<u64>,
    pub(super) disk_usage_kb: Option<u64>,
    pub(super) storage_disk_kb: Option<u64>,
}

impl RawSpill {
    /// Looks without taking: these keys stay in the node's extra, in the server's words.
    pub(super) fn read(value: Value<'_>) -> Self {
        let mut f = Fields::of(value);
        let mut sort_method = f.text("Sort Method");
        let space = f.count("Sort Space Used");
        let mut sort_disk_kb = space.filter(|_| f.text("Sort Space Type").as_deref() == Some("Disk"));
        // Incremental sorts keep two groups of facts (`show_incremental_sort_group_info`).
        for groups in ["Full-sort Groups", "Pre-sorted Groups"].into_iter().filter_map(|key| f.take(key)) {
            let disk = groups.get("Sort Space Disk").and_then(|d| Fields::of(d).count("Peak Sort Space Used"));
            if disk.is_some() {
                sort_disk_kb = sort_disk_kb.max(disk);
                sort_method = groups.get("Sort Methods Used").map(|m| m.texts().join(", ")).or(sort_method);
            }
        }
        let storage = f.count("Maximum Storage");
        Self {
            sort_method,
            sort_disk_kb,
            hash_batches: f.count("Hash Batches"),
            original_hash_batches: f.count("Original Hash Batches"),
            hashagg_batches: f.count("HashAgg Batches"),
            disk_usage_kb: f.count("Disk Usage"),
            storage_disk_kb: storage.filter(|_| f.text("Storage").as_deref() == Some("Disk")),
        }
    }
}

impl RawWorker {
    /// The workers of a node, in the server's order.
    pub(super) fn all(value: Value<'_>) -> Vec<Self> {
        let Some(workers) = value.get("Workers") else { return Vec::new() };
        let one = |worker: Value<'_>| {
            let mut f = Fields::of(worker);
            let (total_time, loops) = (f.number("Actual Total Time"), f.number("Actual Loops").unwrap_or(0.0));
            Self { total_time, loops, spill: RawSpill::read(worker) }
        };
        workers.children().map(one).collect()
    }
}

/// The object around `"Plan"`.
#[derive(Debug, Default)]
pub(super) struct RawStatement {
    pub(super) query_text: Option<String>,
    pub(super) planning_time: Option<f64>,
    pub(super) execution_time: Option<f64>,
    pub(super) settings: Vec<(String, String)>,
    pub(super) extra: Vec<(String, String)>,
}

impl RawStatement {
    /// Takes an object apart. `Plan` is left to the caller.
    pub(super) fn read(value: Value<'_>) -> Self {
        let mut f = Fields::of(value);
        f.take("Plan");
        let settings = f.take("Settings").map(|s| Fields::of(s).rest().collect()).unwrap_or_default();
        Self {
            query_text: f.text("Query Text"),
            planning_time: f.number("Planning Time"),
            // 9.x until 9.3 and some forks say it in one number.
            execution_time: f.number("Execution Time").or_else(|| f.number("Total Runtime")),
            settings,
            extra: f.rest().filter(|(_, v)| !matches!(v.as_str(), "[]" | "{}")).collect(),
        }
    }
}
