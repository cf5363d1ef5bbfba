//! All nodes as a table, sorted by a column.

use crate::plan::{NodeId, Plan};

/// The column that decides the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortBy {
    /// Self time, or self cost where nothing was measured.
    #[default]
    Own,
    /// Time or cost with children.
    Total,
    /// How far the estimate is off.
    Error,
    /// Rows passed on, all executions.
    Rows,
    /// Executions.
    Loops,
    /// Blocks touched by itself.
    Buffers,
    /// Operator and relation, by name.
    Name,
    /// As in the plan.
    Place,
}

impl SortBy {
    /// All, in the order in which they follow each other.
    pub const ALL: [Self; 8] =
        [Self::Own, Self::Total, Self::Error, Self::Rows, Self::Loops, Self::Buffers, Self::Name, Self::Place];

    /// The column's word.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Own => "self",
            Self::Total => "total",
            Self::Error => "off by",
            Self::Rows => "rows",
            Self::Loops => "loops",
            Self::Buffers => "blocks",
            Self::Name => "operator",
            Self::Place => "place",
        }
    }

    /// The number a node has in this column; `None` for names and where nothing is known.
    #[must_use]
    pub fn number(self, plan: &Plan, id: NodeId) -> Option<f64> {
        let (node, derived) = (plan.node(id), plan.derived(id));
        match self {
            Self::Own => derived.self_ms.or(derived.self_cost),
            Self::Total => derived.wall_ms.or(node.cost.total),
            Self::Error => derived.q_error,
            Self::Rows => node.rows.actual.map(|rows| rows * node.rows.loops.unwrap_or(1.0)).or(node.rows.estimated),
            Self::Loops => node.rows.loops,
            #[allow(clippy::cast_precision_loss, reason = "for an order and a few digits")]
            Self::Buffers => {
                derived.self_buffers.as_ref().map(|b| (b.hit + b.read + b.temp_read + b.temp_written) as f64)
            }
            Self::Name | Self::Place => None,
        }
    }
}

/// Order and sorting of the table.
#[derive(Debug, Clone, Default)]
pub struct Flat {
    /// Nodes in order.
    order: Vec<NodeId>,
    /// The row of each node.
    rank: Vec<u32>,
    /// What decides.
    pub by: SortBy,
    /// Smallest first.
    pub reversed: bool,
}

impl Flat {
    /// Nodes in order.
    #[must_use]
    pub fn order(&self) -> &[NodeId] {
        &self.order
    }

    /// The row of a node.
    #[must_use]
    pub fn row(&self, id: NodeId) -> usize {
        self.rank.get(id.index()).map_or(0, |rank| *rank as usize)
    }

    pub(super) fn prepare(&mut self, plan: &Plan) {
        if self.order.len() != plan.len() {
            self.sort(plan);
        }
    }

    /// Sorts by the next column that tells nodes apart, or turns the order round.
    pub(in crate::app) fn next(&mut self, plan: &Plan, reverse: bool) {
        if reverse {
            self.reversed = !self.reversed;
        } else {
            self.reversed = false;
            for _ in 0..SortBy::ALL.len() {
                let at = SortBy::ALL.iter().position(|by| *by == self.by).unwrap_or(0);
                self.by = SortBy::ALL[(at + 1) % SortBy::ALL.len()];
                let known = plan.ids().any(|id| self.by.number(plan, id).is_some_and(|n| n > 0.0));
                if known || matches!(self.by, SortBy::Name | SortBy::Place) {
                    break;
                }
            }
        }
        self.sort(plan);
    }

    fn sort(&mut self, plan: &Plan) {
        self.order = plan.ids().collect();
        match self.by {
            SortBy::Place => {}
            SortBy::Name => self.order.sort_by_cached_key(|id| plan.title(*id)),
            by => {
                // Largest first; what is not known comes last.
                let key = |id: &NodeId| by.number(plan, *id).unwrap_or(-1.0);
                self.order.sort_by(|a, b| key(b).total_cmp(&key(a)).then(a.cmp(b)));
            }
        }
        if self.reversed {
            self.order.reverse();
        }
        self.rank = vec![0; plan.len()];
        for (row, id) in self.order.iter().enumerate() {
            if let Some(rank) = self.rank.get_mut(id.index()) {
                *rank = u32::try_from(row).unwrap_or(u32::MAX);
            }
        }
    }

    pub(super) fn step(&self, by: isize, from: NodeId) -> Option<NodeId> {
        let row = self.row(from).saturating_add_signed(by).min(self.order.len().saturating_sub(1));
        self.order.get(row).copied()
    }
}
