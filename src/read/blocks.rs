//! What MySQL's version 1 and MariaDB have in common: query blocks, in which a list of tables stands for a chain of joins
//! and operations hold what they work on.

use std::rc::Rc;

use super::{ReadError, json::Value, source::push};
use crate::plan::{Flag, Node, NodeId, Operator, PlanBuilder, Role};

/// One thing still to be turned into nodes; `K` is the dialect's list of kinds.
#[derive(Debug, Clone)]
pub(super) struct Task<'d, K> {
    /// The document's value.
    pub(super) value: Value<'d>,
    /// What it is.
    pub(super) kind: K,
    /// How its first node serves the parent.
    pub(super) role: Role,
    /// The list it is an item of, if any, and its place there.
    pub(super) among: Option<(Rc<[Value<'d>]>, usize)>,
    /// For a list of tables: how many of its items stand below this join.
    pub(super) join: Option<(Rc<[Value<'d>]>, usize)>,
    /// Below which node it belongs.
    pub(super) parent: Option<NodeId>,
}

/// What a task became.
pub(super) struct Step<'d, K> {
    /// Its node; without one its parts take its place.
    pub(super) node: Option<Node>,
    /// What it holds, in order.
    pub(super) parts: Vec<Task<'d, K>>,
}

impl<'d, K> Task<'d, K> {
    /// A part of another task.
    pub(super) fn new(value: Value<'d>, kind: K, role: Role) -> Self {
        Self { value, kind, role, among: None, join: None, parent: None }
    }

    /// A list of tables: joined from the left, the last one on top.
    pub(super) fn chain(list: Value<'d>, kind: K, role: Role) -> Self {
        let items: Rc<[Value<'d>]> = list.children().collect();
        let join = Some((Rc::clone(&items), items.len()));
        Self { join, ..Self::new(list, kind, role) }
    }

    /// The items of its list before it, the nearest first.
    pub(super) fn before(&self) -> impl Iterator<Item = Value<'d>> + '_ {
        self.among.iter().flat_map(|(items, place)| items[..*place].iter().rev().copied())
    }
}

/// How a dialect makes nodes.
pub(super) trait Dialect<'d> {
    /// The kinds of task.
    type Kind: Clone;
    /// One task's node and parts.
    fn step(&mut self, task: &Task<'d, Self::Kind>) -> Step<'d, Self::Kind>;
    /// The join of everything before an item with the item.
    fn join(&mut self, item: Value<'d>) -> Node;
    /// The kind of an item of a list.
    fn item(&self) -> Self::Kind;
}

/// Turns tasks into nodes until none is left, in pre-order and without recursion.
pub(super) fn build<'d, D: Dialect<'d>>(
    dialect: &mut D,
    root: Task<'d, D::Kind>,
    builder: &mut PlanBuilder,
) -> Result<(), ReadError> {
    let mut todo = vec![root];
    while let Some(task) = todo.pop() {
        let (node, parts) = match &task.join {
            None => {
                let step = dialect.step(&task);
                (step.node, step.parts)
            }
            Some((_, 0)) => (None, Vec::new()),
            Some((items, count)) => {
                let place = count - 1;
                let among = Some((Rc::clone(items), place));
                let role = if place == 0 { task.role } else { Role::Inner };
                let last = Task { among, ..Task::new(items[place], dialect.item(), role) };
                if place == 0 {
                    (None, vec![last])
                } else {
                    let join = Some((Rc::clone(items), place));
                    let rest = Task { join, ..Task::new(task.value, task.kind.clone(), Role::Outer) };
                    let mut node = dialect.join(items[place]);
                    node.role = task.role;
                    (Some(node), vec![rest, last])
                }
            }
        };
        let parent = match node {
            Some(node) => Some(push(builder, task.parent, node)?),
            None => task.parent,
        };
        let first = todo.len();
        todo.extend(parts.into_iter().map(|part| Task { parent, ..part }));
        todo[first..].reverse();
    }
    Ok(())
}

/// The operator of a table by its `access_type`, the same words on both servers.
pub(super) fn access(access_type: &str, covering: bool) -> Operator {
    match access_type {
        "ALL" | "hash_ALL" => Operator::SeqScan,
        "index" | "hash_index" => Operator::FullIndexScan,
        "const" | "system" | "eq_ref" | "unique_subquery" => Operator::UniqueLookup,
        "fulltext" => Operator::FullTextScan,
        "index_merge" | "hash_index_merge" => Operator::IndexMerge,
        "range" | "ref" | "ref_or_null" | "index_subquery" | "hash_range" if covering => Operator::IndexOnlyScan,
        "range" | "ref" | "ref_or_null" | "index_subquery" | "hash_range" => Operator::IndexScan,
        other => Operator::Other(other.to_owned()),
    }
}

/// Whether MariaDB's ANALYZE counts rows of an access type: those read while planning, and lookups of sub-queries that only ask
/// whether there is a row, have none though they ran.
pub(super) fn counted(access_type: Option<&str>) -> bool {
    !access_type.is_some_and(|kind| ["const", "system", "unique_subquery", "index_subquery"].contains(&kind))
}

/// Notes that the index alone answers.
pub(super) fn covering(node: &mut Node, covering: bool) {
    if covering {
        node.flags.push(Flag::Covering);
    }
}
