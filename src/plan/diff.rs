//! Two plans of one statement, node beside node.
//!
//! Nodes are matched by what they read and do, not by where they stand: scans by the name the statement gives the relation,
//! everything else by its kind and the set of relations below it. What is left is matched by kind alone, in order.

mod summary;

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use super::{Node, NodeId, Operator, Plan, Role};

/// How a node of one plan stands to the other plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The same operator on the same relation and index; of joins also with the same relations outside and inside.
    Same(NodeId),
    /// The same relation or place, read or joined in another way.
    Changed(NodeId),
    /// Nothing of the other plan answers to it.
    Only,
}

impl Change {
    /// The node of the other plan.
    #[must_use]
    pub const fn other(self) -> Option<NodeId> {
        match self {
            Self::Same(id) | Self::Changed(id) => Some(id),
            Self::Only => None,
        }
    }
}

/// Two plans matched by shape, relation and condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// For each node of the first plan.
    pub before: Vec<Change>,
    /// For each node of the second plan.
    pub after: Vec<Change>,
}

/// Operators that can stand in for one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Family {
    Scan,
    BitmapIndex,
    Join,
    Sort,
    Aggregate,
    Append,
    Gather,
    Buffer,
    Other,
}

/// What a node is looked up by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    /// A scan, by the relation's name in the statement.
    Relation(String),
    /// A kind of work on a set of relations; operators without a family also by their own name.
    Work(Family, String, u64),
    /// The same without the relations.
    Kind(Family, String),
}

/// So many pairs of like nodes are weighed against each other; beyond, order decides.
const PAIRS: usize = 10_000;

/// Matches the nodes of two plans. Work grows with the number of nodes, not with its square.
#[must_use]
pub fn diff(before: &Plan, after: &Plan) -> Diff {
    let (a, b) = (Side::of(before), Side::of(after));
    let mut found = Diff { before: vec![Change::Only; before.len()], after: vec![Change::Only; after.len()] };
    for exact in [true, false] {
        let mut partners: HashMap<Key, (Vec<NodeId>, Vec<NodeId>)> = HashMap::new();
        for id in before.ids().filter(|id| found.before[id.index()] == Change::Only) {
            if let Some(key) = a.key(id, exact) {
                partners.entry(key).or_default().0.push(id);
            }
        }
        for id in after.ids().filter(|id| found.after[id.index()] == Change::Only) {
            if let Some(list) = b.key(id, exact).and_then(|key| partners.get_mut(&key)) {
                list.1.push(id);
            }
        }
        for (left, right) in partners.into_values() {
            for (x, y) in pair(&a, &b, &left, &right) {
                let same = a.same(x, &b, y);
                found.before[x.index()] = if same { Change::Same(y) } else { Change::Changed(y) };
                found.after[y.index()] = if same { Change::Same(x) } else { Change::Changed(x) };
            }
        }
    }
    found
}

/// Pairs of like nodes, the most similar first, each node once.
fn pair(a: &Side<'_>, b: &Side<'_>, left: &[NodeId], right: &[NodeId]) -> Vec<(NodeId, NodeId)> {
    if left.len() * right.len() > PAIRS || (left.len() == 1 && right.len() == 1) {
        return left.iter().copied().zip(right.iter().copied()).collect();
    }
    let mut pairs = Vec::with_capacity(left.len() * right.len());
    for (i, x) in left.iter().enumerate() {
        for (j, y) in right.iter().enumerate() {
            pairs.push((a.similarity(*x, b, *y), i.abs_diff(j), *x, *y));
        }
    }
    pairs.sort_by_key(|(similar, apart, x, y)| (std::cmp::Reverse(*similar), *apart, *x, *y));
    let (mut used_left, mut used_right) = (std::collections::HashSet::new(), std::collections::HashSet::new());
    let free = |(_, _, x, y): &(u32, usize, NodeId, NodeId)| {
        let free = !used_left.contains(x) && !used_right.contains(y);
        if free {
            used_left.insert(*x);
            used_right.insert(*y);
        }
        free
    };
    pairs.into_iter().filter(free).map(|(_, _, x, y)| (x, y)).collect()
}

/// A plan with the set of relations below each node.
struct Side<'p> {
    plan: &'p Plan,
    /// Sums of the hashes of relation names: equal for equal sets, whatever their order.
    below: Vec<u64>,
}

impl<'p> Side<'p> {
    fn of(plan: &'p Plan) -> Self {
        let mut below = vec![0_u64; plan.len()];
        for id in plan.ids().rev() {
            if let Some(name) = name(plan.node(id)) {
                let mut hasher = DefaultHasher::new();
                name.hash(&mut hasher);
                below[id.index()] = below[id.index()].wrapping_add(hasher.finish());
            }
            if let Some(parent) = plan.parent(id) {
                below[parent.index()] = below[parent.index()].wrapping_add(below[id.index()]);
            }
        }
        Self { plan, below }
    }

    /// What the node is looked up by: exactly, or by its kind alone. A scan of another relation is another scan.
    fn key(&self, id: NodeId, exact: bool) -> Option<Key> {
        let node = self.plan.node(id);
        let family = family(node);
        match (family, name(node)) {
            (Family::Scan, Some(name)) => exact.then_some(Key::Relation(name)),
            _ if exact => Some(Key::Work(family, own_name(family, node), self.below[id.index()])),
            _ => (family != Family::Scan).then(|| Key::Kind(family, own_name(family, node))),
        }
    }

    fn outer(&self, id: NodeId) -> Option<u64> {
        let outer = self.plan.children(id).take(64).find(|child| self.plan.node(*child).role == Role::Outer);
        outer.map(|child| self.below[child.index()])
    }

    fn same(&self, id: NodeId, other: &Self, there: NodeId) -> bool {
        let (a, b) = (self.plan.node(id), other.plan.node(there));
        a.operator == b.operator
            && a.index == b.index
            && name(a) == name(b)
            && (family(a) != Family::Join
                || (self.below[id.index()] == other.below[there.index()] && self.outer(id) == other.outer(there)))
    }

    fn similarity(&self, id: NodeId, other: &Self, there: NodeId) -> u32 {
        let (a, b) = (self.plan.node(id), other.plan.node(there));
        let points = [
            (a.operator == b.operator, 8),
            (a.conditions == b.conditions, 8),
            (a.index == b.index, 4),
            (a.role == b.role, 2),
            (a.keys == b.keys, 2),
            (self.below[id.index()] == other.below[there.index()], 4),
            (self.plan.depth(id) == other.plan.depth(there), 1),
        ];
        points.iter().filter(|(holds, _)| *holds).map(|(_, points)| points).sum()
    }
}

/// The name by which the statement knows what a scan reads.
fn name(node: &Node) -> Option<String> {
    node.relation.as_ref().map(|r| r.alias.as_ref().unwrap_or(&r.name).to_lowercase())
}

/// Operators without a family of their own are only like themselves.
fn own_name(family: Family, node: &Node) -> String {
    match family {
        Family::Other => node.operator.name().to_owned(),
        Family::BitmapIndex => node.index.clone().unwrap_or_default(),
        _ => String::new(),
    }
}

fn family(node: &Node) -> Family {
    match &node.operator {
        Operator::SeqScan
        | Operator::FullIndexScan
        | Operator::IndexScan
        | Operator::IndexOnlyScan
        | Operator::UniqueLookup
        | Operator::BitmapHeapScan
        | Operator::IndexMerge
        | Operator::FullTextScan
        | Operator::TidScan
        | Operator::SubqueryScan
        | Operator::CteScan
        | Operator::WorkTableScan
        | Operator::FunctionScan
        | Operator::ValuesScan
        | Operator::ForeignScan
        | Operator::CustomScan => Family::Scan,
        Operator::BitmapIndexScan => Family::BitmapIndex,
        Operator::NestedLoop | Operator::HashJoin | Operator::MergeJoin => Family::Join,
        Operator::Sort | Operator::IncrementalSort => Family::Sort,
        Operator::Aggregate | Operator::HashAggregate | Operator::GroupAggregate => Family::Aggregate,
        Operator::Append | Operator::MergeAppend => Family::Append,
        Operator::Gather | Operator::GatherMerge => Family::Gather,
        Operator::Materialize | Operator::Memoize | Operator::TemporaryTable => Family::Buffer,
        _ => Family::Other,
    }
}

#[cfg(test)]
mod tests;
