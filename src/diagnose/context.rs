//! Questions every rule asks of a plan and its catalog.

use super::{
    Context,
    condition::{columns_of, columns_of_table},
};
use crate::{
    catalog::Table,
    plan::{Engine, Flag, NodeId, Operator},
    text::one_line,
};

impl<'a> Context<'a> {
    /// The catalog's facts about the table a node reads.
    pub(super) fn table(self, id: NodeId) -> Option<&'a Table> {
        let relation = self.plan.node(id).relation.as_ref()?;
        self.catalog?.table(relation.schema.as_deref(), &relation.name)
    }

    /// The table's name for people, or `the table`.
    pub(super) fn name(self, id: NodeId) -> String {
        self.plan.node(id).relation.as_ref().map_or_else(|| "the table".to_owned(), |r| one_line(&r.name))
    }

    /// The columns of its own table that a condition of a node names.
    pub(super) fn columns(self, id: NodeId, condition: &str) -> Vec<String> {
        let relation = self.plan.node(id).relation.as_ref();
        let called =
            relation.map(|r| [Some(r.name.as_str()), r.alias.as_deref()].into_iter().flatten().collect::<Vec<_>>());
        match called {
            Some(called) => columns_of_table(condition, &called),
            None => columns_of(condition),
        }
    }

    /// The nearest ancestor that stops early (`LIMIT`), if nothing between has to read all of its input first.
    pub(super) fn early_stop(self, id: NodeId) -> Option<NodeId> {
        let mut at = self.plan.parent(id);
        while let Some(up) = at {
            match self.plan.node(up).operator {
                Operator::Limit => return Some(up),
                Operator::Filter
                | Operator::NestedLoop
                | Operator::Append
                | Operator::MergeAppend
                | Operator::MergeJoin
                | Operator::Gather
                | Operator::GatherMerge
                | Operator::SubqueryScan
                | Operator::Unique
                | Operator::GroupAggregate
                | Operator::Result
                | Operator::ProjectSet
                | Operator::LockRows
                | Operator::IncrementalSort
                | Operator::Memoize => at = self.plan.parent(up),
                _ => return None,
            }
        }
        None
    }

    /// Whether an index is read from end to end. MySQL and MariaDB say so; PostgreSQL shows it by the lack of a condition.
    pub(super) fn walks_whole_index(self, id: NodeId) -> bool {
        let node = self.plan.node(id);
        match node.operator {
            Operator::FullIndexScan => true,
            Operator::IndexScan | Operator::IndexOnlyScan => {
                self.plan.engine == Engine::PostgreSql && node.conditions.index.is_none()
            }
            _ => false,
        }
    }

    /// Whether the rows of a scan are compared through a join buffer: it is then read once for each buffer and not for each
    /// row.
    pub(super) fn buffered(self, scan: NodeId) -> bool {
        let join = |id: NodeId| self.flagged(id, Flag::JoinBuffer);
        join(scan) || self.plan.parent(scan).is_some_and(join)
    }

    /// Ids of nodes with one of these operators.
    pub(super) fn of(self, operators: &'static [Operator]) -> impl Iterator<Item = NodeId> + 'a {
        self.plan.ids().filter(move |id| operators.contains(&self.plan.node(*id).operator))
    }

    /// Whether the numbers are of a statement that was stopped before its end.
    pub(super) fn is_partial(self) -> bool {
        self.plan.ids().any(|id| self.flagged(id, Flag::Partial))
    }

    /// Whether the flag stands on the node.
    pub(super) fn flagged(self, id: NodeId, flag: Flag) -> bool {
        self.plan.derived(id).flags.contains(flag)
    }

    /// A number among the facts that are not modelled.
    pub(super) fn extra(self, id: NodeId, key: &str) -> Option<f64> {
        self.text(id, key)?.parse().ok().filter(|n: &f64| n.is_finite())
    }

    /// A fact that is not modelled.
    pub(super) fn text(self, id: NodeId, key: &str) -> Option<&'a str> {
        self.plan.node(id).extra.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// Executions that really happened one after another: those of parallel processes count once.
    pub(super) fn repeats(self, id: NodeId) -> Option<f64> {
        let loops = self.plan.node(id).rows.loops?;
        Some(loops / self.plan.derived(id).processes.max(1.0).min(loops.max(1.0)))
    }

    /// Rows passed on over all executions, counted.
    pub(super) fn counted(self, id: NodeId) -> Option<f64> {
        let rows = &self.plan.node(id).rows;
        Some(rows.actual? * rows.loops.unwrap_or(1.0))
    }

    /// Rows passed on: counted, else expected.
    pub(super) fn rows(self, id: NodeId) -> Option<f64> {
        self.counted(id).or(self.plan.node(id).rows.estimated)
    }

    /// ` (estimated)` unless the plan was executed.
    pub(super) const fn hedge(self) -> &'static str {
        if self.plan.analyzed { "" } else { " (estimated)" }
    }
}

/// A condition short enough for a sentence.
pub(super) fn short(condition: &str) -> String {
    const LONGEST: usize = 100;
    let text = one_line(condition);
    if text.chars().count() <= LONGEST { text } else { text.chars().take(LONGEST - 1).chain(['…']).collect() }
}
