//! A plan added up: per table, per index, per operator.

use std::collections::HashMap;

use crate::plan::{NodeId, Plan};

/// What is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupKind {
    /// Nodes that read or write a table.
    Table,
    /// Nodes that use an index.
    Index,
    /// Nodes of one operator.
    Operator,
}

/// Nodes that have something in common, added up.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What they have in common.
    pub kind: GroupKind,
    /// Its name.
    pub name: String,
    /// The nodes, in the plan's order.
    pub nodes: Vec<NodeId>,
    /// The one that takes most.
    pub most: NodeId,
    /// Self time in milliseconds, or self cost where nothing was measured.
    pub own: f64,
    /// Part of the whole, 0 to 1.
    pub share: f64,
    /// Rows passed on, all executions.
    pub rows: Option<f64>,
    /// Rows filters threw away, all executions.
    pub removed: f64,
    /// Blocks touched.
    pub blocks: u64,
}

/// The groups and the cursor among them.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    all: Vec<Group>,
    /// Which is under the cursor.
    pub cursor: usize,
}

impl Groups {
    /// Tables, then indexes, then operators, each with what takes most first.
    #[must_use]
    pub fn all(&self) -> &[Group] {
        &self.all
    }

    pub(super) fn prepare(&mut self, plan: &Plan, selected: NodeId) {
        if self.all.is_empty() {
            self.all = groups(plan);
        }
        self.follow(selected);
    }

    /// Puts the cursor on a group of the node, unless it is in one.
    pub(super) fn follow(&mut self, id: NodeId) {
        let has = |group: &Group| group.nodes.binary_search(&id).is_ok();
        if !self.all.get(self.cursor).is_some_and(has) {
            self.cursor = self.all.iter().position(has).unwrap_or(0);
        }
    }

    /// Moves the cursor; gives the node of that group that takes most.
    pub(super) fn step(&mut self, by: isize) -> Option<NodeId> {
        self.cursor = self.cursor.saturating_add_signed(by).min(self.all.len().saturating_sub(1));
        self.all.get(self.cursor).map(|group| group.most)
    }
}

/// A plan's groups: tables, then indexes, then operators, each with what takes most first.
#[must_use]
pub fn groups(plan: &Plan) -> Vec<Group> {
    let mut all: Vec<Group> = Vec::new();
    let mut places: HashMap<(GroupKind, String), usize> = HashMap::new();
    for id in plan.ids() {
        let node = plan.node(id);
        let derived = plan.derived(id);
        let keys = [
            node.relation.as_ref().map(|r| (GroupKind::Table, r.name.clone())),
            node.index.as_ref().map(|index| (GroupKind::Index, index.clone())),
            Some((GroupKind::Operator, node.operator.name().to_owned())),
        ];
        for (kind, name) in keys.into_iter().flatten() {
            let at = *places.entry((kind, name.clone())).or_insert_with(|| {
                all.push(Group {
                    kind,
                    name,
                    nodes: Vec::new(),
                    most: id,
                    own: 0.0,
                    share: 0.0,
                    rows: None,
                    removed: 0.0,
                    blocks: 0,
                });
                all.len() - 1
            });
            let Some(group) = all.get_mut(at) else { continue };
            let loops = node.rows.loops.unwrap_or(1.0);
            group.nodes.push(id);
            if derived.share > plan.derived(group.most).share {
                group.most = id;
            }
            group.own += derived.self_ms.or(derived.self_cost.filter(|_| !plan.analyzed)).unwrap_or(0.0);
            group.share += derived.share.unwrap_or(0.0);
            let rows = node.rows.actual.map(|rows| rows * loops).or(node.rows.estimated);
            group.rows = rows.map(|rows| rows + group.rows.unwrap_or(0.0)).or(group.rows);
            group.removed += node.rows.removed.unwrap_or(0.0) * loops;
            group.blocks += derived.self_buffers.as_ref().map_or(0, |b| b.hit + b.read + b.temp_read + b.temp_written);
        }
    }
    let order = |kind: GroupKind| match kind {
        GroupKind::Table => 0,
        GroupKind::Index => 1,
        GroupKind::Operator => 2,
    };
    all.sort_by(|a, b| order(a.kind).cmp(&order(b.kind)).then(b.own.total_cmp(&a.own)).then(a.name.cmp(&b.name)));
    all
}
