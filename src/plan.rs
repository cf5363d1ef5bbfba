//! The engine-neutral plan: an arena of nodes in pre-order, and what is derived from it.
//!
//! A subtree is a contiguous range of ids, so a plan of 150 levels or 10,000 partitions is an ordinary plan and
//! nothing here recurses over its depth.

mod about;
mod build;
pub mod diff;
mod flag;
pub mod fold;
mod metrics;
mod node;
mod phases;
mod search;
mod title;
mod walk;
mod words;

pub use build::{BuildError, PlanBuilder};
pub use flag::{Flag, Flags};
pub use metrics::{Derived, Explanation, Off};
pub use node::{Buffers, Conditions, Cost, Io, Node, Operator, Relation, Role, Rows, Spill, Timing, Wal, Workers};
pub use phases::{Jit, Phases, Serialization, Trigger};

/// Which database server a plan, a statement or a connection belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// PostgreSQL and the servers that speak its plans.
    PostgreSql,
    /// MySQL.
    MySql,
    /// MariaDB.
    MariaDb,
}

impl Engine {
    /// The name as the JSON contract spells it: `postgresql`, `mysql`, `mariadb`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PostgreSql => "postgresql",
            Self::MySql => "mysql",
            Self::MariaDb => "mariadb",
        }
    }

    /// The name as people write it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::PostgreSql => "PostgreSQL",
            Self::MySql => "MySQL",
            Self::MariaDb => "MariaDB",
        }
    }
}

/// The place of a node in its plan's arena, in pre-order; the root is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The root of every plan.
    pub const ROOT: Self = Self(0);

    /// The id as an index into per-node arrays.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One plan of one statement. Never empty: [`PlanBuilder::finish`] refuses a plan without a root.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The server the plan came from.
    pub engine: Engine,
    /// The server's version as far as it is known, such as `15.20`.
    pub version: Option<String>,
    /// The statement's text, if the document or the session told it.
    pub query: Option<String>,
    /// Whether the statement was executed and the plan carries actual rows.
    pub analyzed: bool,
    /// Time spent planning, milliseconds.
    pub planning_ms: Option<f64>,
    /// Time spent executing, milliseconds.
    pub execution_ms: Option<f64>,
    /// Settings that differ from the server's defaults (PostgreSQL's `SETTINGS`).
    pub settings: Vec<(String, String)>,
    /// What the server said beside the plan: warnings, rewritten text, partial results.
    pub notes: Vec<String>,
    /// What people wrote about nodes, by the nodes' numbers; only our own documents tell.
    pub remarks: std::collections::BTreeMap<u32, String>,
    /// What was done outside of the nodes: triggers, compiling, …
    pub phases: Phases,
    /// Whole-plan facts that are not modelled (JIT, triggers, …), verbatim.
    pub extra: Vec<(String, String)>,
    /// The document the plan was read from; node lines refer to it. Shared by all plans of one document.
    pub source: std::sync::Arc<str>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) parents: Vec<Option<NodeId>>,
    pub(crate) depths: Vec<u32>,
    /// Exclusive end of each node's subtree.
    pub(crate) ends: Vec<u32>,
    pub(crate) derived: Vec<Derived>,
}
