//! Numbers that follow from a plan: wall and self time, self cost, q-error, shares and flags.
//!
//! Time: a node's numbers are averages over its executions in every process. With `P` processes below a gathering node
//! (the executions of its child for one of its own, which counts a leader that does not work correctly),
//! `wall = time · loops / min(loops, P)`: the average of the processes, but never less than what one process alone was seen to spend below
//! (a branch of a parallel append). Who gathers waits for the slowest, which is told apart ([`Plan::awaited_ms`]). Self time is wall
//! time less that of everything that ran inside it. Where the parts add up to more than the whole (parallel branches, rounding), they
//! are scaled to fit, so that self times always add up to the plan's time.

mod attribute;
mod charge;
mod explain;
mod flags;
mod on_top;
mod once;
mod wall;

use std::sync::Arc;

use super::{Buffers, Flags, Io, Node, NodeId, Operator, Plan, Role, Timing, Wal};

/// What was computed for one node. Nothing in here is negative, NaN or infinite.
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that is known of a node, in any combination")]
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Derived {
    /// Elapsed wall-clock time of all executions, children included, milliseconds.
    pub wall_ms: Option<f64>,
    /// Wall-clock time without children, milliseconds. Adds up to the plan's time over all nodes.
    pub self_ms: Option<f64>,
    /// Cost without children, over all expected executions, in the server's unit.
    pub self_cost: Option<f64>,
    /// max(estimated / actual, actual / estimated) of rows over all executions, rows of 0 counted as 1; at least 1.
    pub q_error: Option<f64>,
    /// Whether more or fewer rows came than were expected; absent where the estimate was right.
    pub off: Option<Off>,
    /// This node's part of the whole, 0 to 1: of time when analysed, else of cost.
    pub share: Option<f64>,
    /// The part by which nodes are ranked: like the share, but what a gathering node waited for ([`Plan::awaited_ms`]) is theirs who were
    /// slow; where the plan does not tell how slow, it is nobody's.
    pub blame: Option<f64>,
    /// A process that was slower than the others was waited for, and the plan tells how slow: [`Self::felt_ms`] is not the self time.
    pub waited: bool,
    /// Own time in the process that was slowest, milliseconds, where it is [waited](Self::waited) for.
    slow_ms: Option<f64>,
    /// Blocks without children.
    pub self_buffers: Option<Arc<Buffers>>,
    /// Waiting for blocks without children.
    pub self_io: Option<Box<Io>>,
    /// Log written without children.
    pub self_wal: Option<Box<Wal>>,
    /// Rows over all loops are known only roughly: the average that was printed is rounded to whole rows.
    pub rough_rows: bool,
    /// Time over all loops is known only roughly: the microseconds that were rounded off add up to a hundredth of it or more.
    pub rough_time: bool,
    /// Processes that shared the node's executions; 1 outside parallel parts.
    pub processes: f64,
    /// Something above (a limit, a semi-join, a merge join) may have stopped the node before its last row, so that few
    /// actual rows are no misestimate.
    pub stopped_early: bool,
    /// What stands out: the reader's flags and those that follow from numbers, without repeats.
    pub flags: Flags,
}

impl Derived {
    /// Own time as people wait for it, milliseconds: the self time, but what a gathering node waited for ([`Plan::awaited_ms`]) stands with
    /// the nodes of the process that was slow, where the plan tells how slow. Adds up to the plan's time as self time does.
    #[must_use]
    pub fn felt_ms(&self) -> Option<f64> {
        self.slow_ms.or(self.self_ms)
    }

    /// The part of the whole that goes with [`Self::felt_ms`], 0 to 1.
    #[must_use]
    pub fn felt(&self) -> Option<f64> {
        if self.waited { self.blame } else { self.share }
    }

    /// Whether most of what is felt here is that one process was slower than the others.
    #[must_use]
    pub fn is_slowest(&self) -> bool {
        const WORTH_A_WORD: f64 = 0.1;
        let own = self.self_ms.unwrap_or(0.0);
        self.felt().is_some_and(|part| part >= WORTH_A_WORD) && self.felt_ms().is_some_and(|felt| felt > own * 1.2)
    }
}

/// The direction of an estimate's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Off {
    /// Fewer rows were expected than came.
    Under,
    /// More rows were expected than came.
    Over,
}

/// How a derived number came about, for people who ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The number's name, such as `self time`.
    pub name: &'static str,
    /// The formula in words.
    pub formula: &'static str,
    /// The raw fields it came from, as `name = value`.
    pub inputs: Vec<String>,
}

impl Plan {
    /// What the whole plan costs, in the server's unit: as its root states it, else the sum of what its nodes state (MySQL
    /// leaves it out at the top of some plans).
    #[must_use]
    pub fn total_cost(&self) -> Option<f64> {
        let stated = self.node(NodeId::ROOT).cost.total;
        stated.or_else(|| self.derived.iter().filter_map(|d| d.self_cost).reduce(|a, b| a + b))
    }
}

impl Plan {
    /// How often each node is expected to be executed: what is looked up for another's rows once for each of them.
    #[must_use]
    pub fn executions(&self) -> Vec<f64> {
        let mut times: Vec<f64> = vec![1.0; self.len()];
        for id in self.ids() {
            let own = times[id.index()];
            let node = self.node(id);
            let mut driving = own;
            for child in self.children(id) {
                let inner = node.operator == Operator::NestedLoop && self.node(child).role == Role::Inner;
                times[child.index()] = if inner { driving } else { own };
                if node.operator == Operator::NestedLoop {
                    driving = times[child.index()] * self.node(child).rows.estimated.unwrap_or(1.0).max(1.0);
                }
            }
        }
        times
    }
}

/// A number fit for arithmetic: no NaN, nothing negative, and small enough that products and sums stay finite.
fn sane(n: f64) -> f64 {
    if n.is_nan() { 0.0 } else { n.clamp(0.0, 1e100) }
}

/// [`sane`], of a number that may be absent.
fn known(n: Option<f64>) -> Option<f64> {
    n.map(sane)
}

/// Executions; once when the server does not say.
fn loops(node: &Node) -> f64 {
    known(node.rows.loops).unwrap_or(1.0)
}

/// Whether the node's work is done inside others that its place in the tree does not tell: PostgreSQL runs CTEs for
/// their scans and init plans for whoever first needs the value. MySQL and MariaDB count sub-queries where they stand.
fn runs_elsewhere(plan: &Plan, id: NodeId) -> bool {
    matches!(plan.node(id).role, Role::Cte | Role::InitPlan) && plan.engine == super::Engine::PostgreSql
}

/// What MySQL calls the filling of a temporary table with groups.
const GROUPS: &str = "Aggregate using temporary table";

/// What a node's clock says of all its loops, milliseconds; nothing where it has none.
fn stated(node: &Node) -> f64 {
    match node.timing {
        Some(Timing::PerLoop { last_ms, .. }) => sane(sane(last_ms) * loops(node)),
        _ => 0.0,
    }
}

pub(super) fn derive(plan: &Plan) -> Vec<Derived> {
    let processes = wall::processes(plan);
    let on_top = on_top::of(plan);
    let beside = charge::asked_beside(plan, &on_top);
    let ran = once::ran(plan, &beside, &on_top);
    let wall = wall::wall(plan, &processes, &ran, &on_top);
    let edges = charge::edges(plan, &wall, &beside, &ran);
    let self_ms = attribute::self_times(plan, &wall, &edges);
    let self_cost = attribute::self_costs(plan);
    let own = attribute::self_usage(plan, &edges);
    // A plan may have a hundred thousand nodes: what is no longer needed goes before the result is made.
    drop(edges);
    let stopped = flags::stopped_early(plan);
    let parts = if self_ms.iter().any(Option::is_some) { &self_ms } else { &self_cost };
    let whole: f64 = parts.iter().flatten().sum();
    let share = |part: f64| if whole > 0.0 { (part / whole).min(1.0) } else { 0.0 };
    let mut derived: Vec<Derived> = plan
        .ids()
        .map(|id| {
            let (i, node) = (id.index(), plan.node(id));
            let (q_error, off) = q_error(node).unzip();
            let mut derived = Derived {
                wall_ms: wall[i],
                self_ms: self_ms[i],
                self_cost: self_cost[i],
                q_error,
                off: off.flatten(),
                share: parts[i].map(share),
                blame: None,
                waited: false,
                slow_ms: None,
                self_buffers: own.buffers.get(i).cloned().flatten(),
                self_io: own.io.get(i).copied().flatten().map(Box::new),
                self_wal: own.wal.get(i).copied().flatten().map(Box::new),
                rough_rows: node.rows.rounded && loops(node) > 1.0,
                rough_time: rough_time(node),
                processes: processes[i],
                stopped_early: stopped[i],
                flags: Flags::default(),
            };
            derived.flags = flags::flags(plan, id, &derived);
            derived
        })
        .collect();
    wall::blame(plan, &mut derived);
    derived
}

/// Whether what was rounded off each loop's time, up to half a microsecond, adds up to a hundredth of the whole.
fn rough_time(node: &Node) -> bool {
    let postgres = matches!(node.timing, Some(Timing::PerLoop { last_ms, .. }) if sane(last_ms) < 0.05);
    postgres && loops(node) > 1.0
}

/// How far the estimate was off, and to which side, over all executions: averages below one row would hide it.
fn q_error(node: &Node) -> Option<(f64, Option<Off>)> {
    let loops = loops(node);
    if loops == 0.0 {
        return None;
    }
    let (estimated, actual) = (known(node.rows.estimated)?, known(node.rows.actual)?);
    let (estimated, actual) = ((estimated * loops).max(1.0), (actual * loops).max(1.0));
    let off = match estimated.total_cmp(&actual) {
        std::cmp::Ordering::Less => Some(Off::Under),
        std::cmp::Ordering::Greater => Some(Off::Over),
        std::cmp::Ordering::Equal => None,
    };
    Some((f64::max(estimated / actual, actual / estimated), off))
}

#[cfg(test)]
mod tests;
