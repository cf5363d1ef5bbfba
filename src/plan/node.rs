//! What one node of a plan holds, as the server stated it. Nothing here is computed.

use std::{borrow::Cow, sync::Arc};

use super::Flags;

/// How a node serves its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The plan's first node.
    Root,
    /// The first or only input of its parent; the driving side of a join.
    Outer,
    /// The second input of a join.
    Inner,
    /// One of the inputs of an append or a bitmap combination.
    Member,
    /// A sub-query that runs for rows of its parent (PostgreSQL `SubPlan`, MySQL dependent sub-query).
    Subplan,
    /// A sub-query that runs once, before its parent (PostgreSQL `InitPlan`).
    InitPlan,
    /// A common table expression.
    Cte,
    /// A branch of a set operation.
    Union,
}

/// One vocabulary of operators for all engines. The server's own word stays in [`Node::native`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Reads every row of a table (`Seq Scan`, `ALL`).
    SeqScan,
    /// Reads every entry of an index (MySQL `index`).
    FullIndexScan,
    /// Finds rows by an index, then visits the table.
    IndexScan,
    /// Answers from the index alone.
    IndexOnlyScan,
    /// At most one row by a unique key (`const`, `eq_ref`, `system`).
    UniqueLookup,
    /// Collects row places from an index.
    BitmapIndexScan,
    /// Visits the table in block order for collected places.
    BitmapHeapScan,
    /// Intersection of bitmaps or of row-id lists.
    BitmapAnd,
    /// Union of bitmaps or of row-id lists.
    BitmapOr,
    /// Several indexes of one table combined (MySQL `index_merge`).
    IndexMerge,
    /// Full-text lookup.
    FullTextScan,
    /// Reads rows by their physical place.
    TidScan,
    /// Rows of a sub-query.
    SubqueryScan,
    /// Rows of a common table expression.
    CteScan,
    /// Rows of a work table or of a recursive step.
    WorkTableScan,
    /// Rows of a function.
    FunctionScan,
    /// Literal rows.
    ValuesScan,
    /// Rows of a remote table.
    ForeignScan,
    /// A scan an extension provides.
    CustomScan,
    /// For each outer row, the inner side.
    NestedLoop,
    /// A join through a hash table.
    HashJoin,
    /// A join of two sorted inputs.
    MergeJoin,
    /// Builds a hash table.
    Hash,
    /// Sorts (`Sort`, filesort).
    Sort,
    /// Sorts within presorted groups.
    IncrementalSort,
    /// Aggregates in one group or over sorted input.
    Aggregate,
    /// Aggregates by hashing.
    HashAggregate,
    /// Aggregates sorted groups.
    GroupAggregate,
    /// Collects rows in a temporary table.
    TemporaryTable,
    /// Window functions.
    WindowAgg,
    /// Removes duplicates.
    Unique,
    /// Stops after a number of rows.
    Limit,
    /// Concatenates its members.
    Append,
    /// Merges sorted members.
    MergeAppend,
    /// Set operation (`INTERSECT`, `EXCEPT`, `UNION` result).
    SetOp,
    /// The fixed point of a recursive query.
    RecursiveUnion,
    /// Keeps its input for re-reading.
    Materialize,
    /// Caches results by parameter.
    Memoize,
    /// Collects rows of parallel workers.
    Gather,
    /// Collects sorted rows of parallel workers.
    GatherMerge,
    /// Locks the rows it passes on.
    LockRows,
    /// Inserts, updates, deletes or merges.
    ModifyTable,
    /// Computes expressions, with or without an input.
    Result,
    /// Evaluates set-returning functions.
    ProjectSet,
    /// Drops rows that fail a condition.
    Filter,
    /// Anything else, under the server's own name.
    Other(String),
}

/// What a node reads or writes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Relation {
    /// Schema (PostgreSQL) or database (MySQL), when the document tells it.
    pub schema: Option<String>,
    /// The table's name; MySQL's version 1 documents and MariaDB give only the alias, which then stands here too.
    pub name: String,
    /// The alias, when it differs from the name.
    pub alias: Option<String>,
}

/// The planner's price. Units are the server's own and never comparable across servers.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cost {
    /// Until the first row.
    pub startup: Option<f64>,
    /// For one execution of the node, children included.
    pub total: Option<f64>,
    /// Without children, over all executions, where the server says it so (MariaDB 11).
    pub own: Option<f64>,
}

/// Rows, per loop. `f64`: PostgreSQL 18 prints fractions and averages are fractions. A node's rows are those it passes on:
/// where a server states rows read and a percentage that passes (MySQL version 1, MariaDB), the reader multiplies and keeps
/// the raw fields in [`Node::extra`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rows {
    /// Expected rows per execution.
    pub estimated: Option<f64>,
    /// Rows expected to be read per execution before the node's own filter, where the server says it (MySQL version 1, MariaDB).
    pub examined: Option<f64>,
    /// Rows per execution, averaged over loops.
    pub actual: Option<f64>,
    /// How often the node was executed; `Some(0.0)` is "never".
    pub loops: Option<f64>,
    /// Rows a filter threw away, per loop.
    pub removed: Option<f64>,
    /// Rows a recheck threw away, per loop.
    pub removed_by_recheck: Option<f64>,
    /// Bytes per row as estimated (PostgreSQL).
    pub width: Option<f64>,
    /// `actual` and `removed` were rounded to whole rows, so that over many loops they are off by up to half a row a loop
    /// (PostgreSQL until 17).
    pub rounded: bool,
}

/// Elapsed time as the server stated it, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Timing {
    /// Average of one execution, children included (PostgreSQL, MySQL).
    PerLoop {
        /// Until the first row.
        first_ms: f64,
        /// Until the last row.
        last_ms: f64,
    },
    /// All executions, children included (MariaDB query blocks).
    Inclusive(f64),
    /// All executions, without children (MariaDB tables).
    Own(f64),
}

/// Blocks touched, children included as PostgreSQL counts them, over all loops. Blocks of temporary tables (`local`) are
/// counted among the others and also by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Buffers {
    /// Found in the cache.
    pub hit: u64,
    /// Read from the operating system.
    pub read: u64,
    /// Made dirty.
    pub dirtied: u64,
    /// Written by this backend.
    pub written: u64,
    /// Temporary blocks read.
    pub temp_read: u64,
    /// Temporary blocks written.
    pub temp_written: u64,
    /// Of `hit`, blocks of temporary tables.
    pub local_hit: u64,
    /// Of `read`, blocks of temporary tables.
    pub local_read: u64,
    /// Of `dirtied`, blocks of temporary tables.
    pub local_dirtied: u64,
    /// Of `written`, blocks of temporary tables.
    pub local_written: u64,
}

/// Time spent waiting for blocks, milliseconds, children included, over all loops and processes (`track_io_timing`).
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Io {
    /// Reading tables and indexes.
    pub read_ms: f64,
    /// Writing tables and indexes.
    pub write_ms: f64,
    /// Reading temporary files.
    pub temp_read_ms: f64,
    /// Writing temporary files.
    pub temp_write_ms: f64,
}

/// What went to the write-ahead log, children included, over all loops (`WAL`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Wal {
    /// Records.
    pub records: u64,
    /// Full page images.
    pub full_pages: u64,
    /// Bytes.
    pub bytes: u64,
}

/// The conditions of a node in the server's words.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Conditions {
    /// Applied to rows already read.
    pub filter: Option<String>,
    /// Used to find rows in an index.
    pub index: Option<String>,
    /// Joins the two inputs (hash, merge or join condition).
    pub join: Option<String>,
    /// Checked again after a lossy lookup.
    pub recheck: Option<String>,
}

/// Parallel workers of a gathering node, or the spread over workers of a node below it.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Workers {
    /// Workers the planner asked for.
    pub planned: Option<u32>,
    /// Workers that ran.
    pub launched: Option<u32>,
    /// Time of the fastest worker, milliseconds, all its loops.
    pub min_ms: Option<f64>,
    /// Time of the slowest worker, milliseconds, all its loops.
    pub max_ms: Option<f64>,
    /// Rows of the process that gave the fewest, all its loops.
    pub min_rows: Option<f64>,
    /// Rows of the process that gave the most, all its loops.
    pub max_rows: Option<f64>,
}

/// Work that did not fit in memory: written to disk (a sort, a hash), or dropped and done again (the results that Memoize keeps, the
/// rows of a bitmap that became lossy).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Spill {
    /// Bytes on disk, when told; absent where nothing was written.
    pub bytes: Option<u64>,
    /// The server's words: `external merge`, `Batches: 8`, `Cache Evictions: 1200`, `Lossy Heap Blocks: 96 of 410`.
    pub how: String,
}

/// One node as the server stated it.
#[derive(Debug, Clone)]
pub struct Node {
    /// How it serves its parent.
    pub role: Role,
    /// In the common vocabulary.
    pub operator: Operator,
    /// In the server's own words (`Parallel Seq Scan`, `ALL`, `Table scan on o`).
    pub native: Cow<'static, str>,
    /// The sub-plan's or CTE's name, such as `SubPlan 1` or `CTE recent`.
    pub subplan: Option<String>,
    /// What it reads or writes.
    pub relation: Option<Relation>,
    /// The index it uses.
    pub index: Option<String>,
    /// The planner's price.
    pub cost: Cost,
    /// Rows, estimated and counted.
    pub rows: Rows,
    /// Time, if measured.
    pub timing: Option<Timing>,
    /// Blocks, if measured; shared with what is derived of them. What few nodes have lies apart, so that plans of 100,000 nodes stay
    /// small.
    pub buffers: Option<Arc<Buffers>>,
    /// Waiting for blocks, if measured.
    pub io: Option<Box<Io>>,
    /// Log written, if counted.
    pub wal: Option<Box<Wal>>,
    /// Conditions.
    pub conditions: Conditions,
    /// Sort, group or hash keys.
    pub keys: Vec<String>,
    /// Parallel workers.
    pub workers: Option<Box<Workers>>,
    /// Memory overflow.
    pub spill: Option<Box<Spill>>,
    /// What the reader saw to stand out; [`super::Derived`] adds what follows from numbers.
    pub flags: Flags,
    /// Line of the source document, from 1.
    pub line: Option<u32>,
    /// Keys that are not modelled, verbatim.
    pub extra: Vec<(String, String)>,
}

impl Node {
    /// A node of which nothing is known but its operator and the server's word for it.
    #[must_use]
    pub fn new(role: Role, operator: Operator, native: impl Into<String>) -> Self {
        Self {
            role,
            operator,
            native: Cow::Owned(native.into()),
            subplan: None,
            relation: None,
            index: None,
            cost: Cost::default(),
            rows: Rows::default(),
            timing: None,
            buffers: None,
            io: None,
            wal: None,
            conditions: Conditions::default(),
            keys: Vec::new(),
            workers: None,
            spill: None,
            flags: Flags::default(),
            line: None,
            extra: Vec::new(),
        }
    }
}

impl Operator {
    /// The operator's name in the common vocabulary.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::SeqScan => "Seq Scan",
            Self::FullIndexScan => "Full Index Scan",
            Self::IndexScan => "Index Scan",
            Self::IndexOnlyScan => "Index Only Scan",
            Self::UniqueLookup => "Unique Lookup",
            Self::BitmapIndexScan => "Bitmap Index Scan",
            Self::BitmapHeapScan => "Bitmap Heap Scan",
            Self::BitmapAnd => "BitmapAnd",
            Self::BitmapOr => "BitmapOr",
            Self::IndexMerge => "Index Merge",
            Self::FullTextScan => "Full-text Scan",
            Self::TidScan => "Tid Scan",
            Self::SubqueryScan => "Subquery Scan",
            Self::CteScan => "CTE Scan",
            Self::WorkTableScan => "WorkTable Scan",
            Self::FunctionScan => "Function Scan",
            Self::ValuesScan => "Values Scan",
            Self::ForeignScan => "Foreign Scan",
            Self::CustomScan => "Custom Scan",
            Self::NestedLoop => "Nested Loop",
            Self::HashJoin => "Hash Join",
            Self::MergeJoin => "Merge Join",
            Self::Hash => "Hash",
            Self::Sort => "Sort",
            Self::IncrementalSort => "Incremental Sort",
            Self::Aggregate => "Aggregate",
            Self::HashAggregate => "HashAggregate",
            Self::GroupAggregate => "GroupAggregate",
            Self::TemporaryTable => "Temporary Table",
            Self::WindowAgg => "WindowAgg",
            Self::Unique => "Unique",
            Self::Limit => "Limit",
            Self::Append => "Append",
            Self::MergeAppend => "Merge Append",
            Self::SetOp => "SetOp",
            Self::RecursiveUnion => "Recursive Union",
            Self::Materialize => "Materialize",
            Self::Memoize => "Memoize",
            Self::Gather => "Gather",
            Self::GatherMerge => "Gather Merge",
            Self::LockRows => "LockRows",
            Self::ModifyTable => "ModifyTable",
            Self::Result => "Result",
            Self::ProjectSet => "ProjectSet",
            Self::Filter => "Filter",
            Self::Other(name) => name,
        }
    }
}
