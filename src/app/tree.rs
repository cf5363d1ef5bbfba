//! Which nodes of a plan are visible, and where the cursor is.

mod alike;

use crate::plan::{NodeId, Plan, fold::Group};
use alike::Alike;

/// Folding, cursor and search of one tree. The plan itself is passed in, so that one plan may be shown twice.
#[derive(Debug, Clone, Default)]
pub struct TreeState {
    /// Visible nodes in order. Rebuilt when something is folded, not when drawn.
    rows: Vec<NodeId>,
    folded: Vec<bool>,
    /// On the heap: a model holds several trees, and most plans have no groups.
    alike: Box<Alike>,
    cursor: usize,
    search: String,
    matches: Vec<NodeId>,
}

impl TreeState {
    /// Everything open but members that are alike, the cursor on the root.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let mut out = Self { alike: Box::new(Alike::of(plan)), ..Self::every(plan) };
        out.rebuild(plan);
        out
    }

    /// Every node open, the cursor on the root.
    #[must_use]
    pub fn every(plan: &Plan) -> Self {
        let mut out = Self { folded: vec![false; plan.len()], ..Self::default() };
        out.rebuild(plan);
        out
    }

    /// Visible nodes in order.
    #[must_use]
    pub fn rows(&self) -> &[NodeId] {
        &self.rows
    }

    /// Index of the cursor in [`Self::rows`].
    #[must_use]
    pub const fn cursor(&self) -> usize {
        self.cursor
    }

    /// The node under the cursor.
    #[must_use]
    pub fn selected(&self) -> NodeId {
        self.rows.get(self.cursor).copied().unwrap_or(NodeId::ROOT)
    }

    /// Whether the node is closed.
    #[must_use]
    pub fn is_folded(&self, id: NodeId) -> bool {
        self.folded.get(id.index()).copied().unwrap_or(false)
    }

    /// The members for which a node stands, itself included, while they take one row.
    #[must_use]
    pub fn alike(&self, id: NodeId) -> Option<&Group> {
        self.alike.at(id)
    }

    /// The groups that take one row each.
    pub fn closed_groups(&self) -> impl Iterator<Item = &Group> {
        self.alike.closed()
    }

    /// Whether no sibling of the node has a row after it.
    #[must_use]
    pub fn is_last(&self, plan: &Plan, id: NodeId) -> bool {
        self.alike.is_last(plan, id)
    }

    /// Nodes the search found, in order.
    #[must_use]
    pub fn matches(&self) -> &[NodeId] {
        &self.matches
    }

    /// What was searched for.
    #[must_use]
    pub fn searched(&self) -> &str {
        &self.search
    }

    /// Whether something else is seen, or from elsewhere.
    #[must_use]
    pub fn differs(&self, other: &Self) -> bool {
        self.cursor != other.cursor || self.folded != other.folded
    }

    /// Whether it can be the state of that plan's tree.
    #[must_use]
    pub fn is_of(&self, plan: &Plan) -> bool {
        self.folded.len() == plan.len()
    }

    /// Moves the cursor by rows.
    pub fn step(&mut self, by: isize) {
        self.cursor = self.cursor.saturating_add_signed(by).min(self.rows.len().saturating_sub(1));
    }

    /// Moves the cursor to the first or the last row.
    pub fn to_end(&mut self, last: bool) {
        self.cursor = if last { self.rows.len().saturating_sub(1) } else { 0 };
    }

    /// Puts the cursor on a node; its ancestors are opened.
    pub fn go_to(&mut self, plan: &Plan, id: NodeId) {
        let mut hidden = self.alike.reveal(id);
        let mut at = plan.parent(id);
        while let Some(up) = at {
            hidden |= std::mem::take(&mut self.folded[up.index()]) | self.alike.reveal(up);
            at = plan.parent(up);
        }
        if hidden {
            self.rebuild(plan);
        }
        if let Ok(row) = self.rows.binary_search(&id) {
            self.cursor = row;
        }
    }

    /// Closes the node, or goes to its parent when it is closed or has no children.
    pub fn fold(&mut self, plan: &Plan) {
        let id = self.selected();
        if plan.children(id).next().is_some() && !self.is_folded(id) {
            self.set_folded(plan, id, true);
        } else if self.alike.set(id, false) {
            self.rebuild(plan);
        } else if let Some(parent) = plan.parent(id) {
            self.go_to(plan, parent);
        }
    }

    /// Opens the node, or goes to its first child when it is open.
    pub fn unfold(&mut self, plan: &Plan) {
        let id = self.selected();
        if self.is_folded(id) {
            self.set_folded(plan, id, false);
        } else if self.alike.set(id, true) {
            self.rebuild(plan);
        } else if let Some(child) = plan.children(id).next() {
            self.go_to(plan, child);
        }
    }

    /// Closes the node if it is open, and the other way round.
    pub fn toggle(&mut self, plan: &Plan) {
        let id = self.selected();
        if plan.children(id).next().is_some() {
            self.set_folded(plan, id, !self.is_folded(id));
        } else if self.alike.set(id, self.alike.at(id).is_some()) {
            self.rebuild(plan);
        }
    }

    /// Closes every node below the first two levels that has children; or opens all.
    pub fn fold_all(&mut self, plan: &Plan, closed: bool) {
        let selected = self.selected();
        for id in plan.ids() {
            self.folded[id.index()] = closed && plan.depth(id) > 0 && plan.children(id).next().is_some();
        }
        self.alike.set_all(!closed);
        self.rebuild(plan);
        self.land(selected);
    }

    /// Searches everything a node says, letters of either case alike, and goes to the first match from the cursor on.
    pub fn find(&mut self, plan: &Plan, text: &str) {
        text.clone_into(&mut self.search);
        self.matches =
            if text.is_empty() { Vec::new() } else { plan.ids().filter(|id| hit(plan, *id, text)).collect() };
        let at = self.selected();
        if let Some(id) = self.matches.iter().find(|id| **id >= at).or(self.matches.first()).copied() {
            self.go_to(plan, id);
        }
    }

    /// To the next match after the cursor, or the one before it; around the ends.
    pub fn next_of(&mut self, plan: &Plan, nodes: &[NodeId], forward: bool) {
        let at = self.selected();
        let found = if forward {
            nodes.iter().filter(|id| **id > at).min().or(nodes.iter().min())
        } else {
            nodes.iter().filter(|id| **id < at).max().or(nodes.iter().max())
        };
        if let Some(id) = found.copied() {
            self.go_to(plan, id);
        }
    }

    fn set_folded(&mut self, plan: &Plan, id: NodeId, folded: bool) {
        self.folded[id.index()] = folded;
        self.rebuild(plan);
    }

    /// Puts the cursor on a node, or on what hides it.
    fn land(&mut self, id: NodeId) {
        self.cursor = self.rows.partition_point(|row| *row <= id).saturating_sub(1);
    }

    fn rebuild(&mut self, plan: &Plan) {
        self.rows.clear();
        let mut next = NodeId::ROOT;
        while next.index() < plan.len() {
            let hidden = self.alike.hides(next);
            if !hidden {
                self.rows.push(next);
            }
            next = if hidden || self.folded[next.index()] { plan.end(next) } else { NodeId(next.0 + 1) };
        }
        self.cursor = self.cursor.min(self.rows.len().saturating_sub(1));
    }
}

fn hit(plan: &Plan, id: NodeId, text: &str) -> bool {
    // Its title as it is shown, beside what is written in it: people search for what they see.
    plan.matches(id, text) || plan.title(id).to_lowercase().contains(&text.trim().to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::TreeState;
    use crate::plan::{Engine, Node, NodeId, Operator, Plan, PlanBuilder, Role};

    /// 0 ─ 1 ─ 2, 3; 0 ─ 4 ─ 5.
    fn plan() -> Plan {
        let mut b = PlanBuilder::new();
        for (parent, name) in
            [(None, "a"), (Some(0), "b"), (Some(1), "c"), (Some(1), "d"), (Some(0), "e"), (Some(4), "f")]
        {
            b.push(parent.map(NodeId), Node::new(Role::Outer, Operator::Other(name.into()), name)).unwrap();
        }
        b.finish(Engine::PostgreSql).unwrap()
    }

    #[test]
    fn folding_hides_a_subtree_and_going_there_opens_it() {
        let plan = plan();
        let mut tree = TreeState::new(&plan);
        tree.step(1);
        tree.fold(&plan);
        assert_eq!(tree.rows(), [0, 1, 4, 5].map(NodeId));
        tree.go_to(&plan, NodeId(3));
        assert_eq!((tree.selected(), tree.rows().len()), (NodeId(3), 6));
    }

    #[test]
    fn left_on_a_leaf_goes_to_the_parent_and_right_into_the_first_child() {
        let plan = plan();
        let mut tree = TreeState::new(&plan);
        tree.go_to(&plan, NodeId(3));
        tree.fold(&plan);
        assert_eq!(tree.selected(), NodeId(1));
        tree.unfold(&plan);
        assert_eq!(tree.selected(), NodeId(2));
    }

    #[test]
    fn closing_all_keeps_the_cursor_on_what_hides_the_node() {
        let plan = plan();
        let mut tree = TreeState::new(&plan);
        tree.to_end(true);
        tree.fold_all(&plan, true);
        assert_eq!((tree.rows().to_vec(), tree.selected()), (vec![NodeId(0), NodeId(1), NodeId(4)], NodeId(4)));
        tree.fold_all(&plan, false);
        assert_eq!(tree.rows().len(), 6);
    }

    #[test]
    fn members_that_are_alike_take_one_row_until_they_are_opened() {
        let mut b = PlanBuilder::new();
        let root = b.push(None, Node::new(Role::Root, Operator::Append, "Append")).unwrap();
        for i in 0..20 {
            let operator = if i == 12 { Operator::IndexScan } else { Operator::SeqScan };
            b.push(Some(root), Node::new(Role::Member, operator, "Scan")).unwrap();
        }
        let plan = b.finish(Engine::PostgreSql).unwrap();
        let mut tree = TreeState::new(&plan);
        assert_eq!(tree.rows(), [0, 1, 13].map(NodeId), "one for all, and the one that is not like them");
        assert_eq!(tree.alike(NodeId(1)).map(|group| group.members.len()), Some(19));
        assert!(!tree.is_last(&plan, NodeId(1)) && tree.is_last(&plan, NodeId(13)));
        tree.step(1);
        tree.unfold(&plan);
        assert_eq!((tree.rows().len(), tree.alike(NodeId(1))), (21, None));
        tree.fold(&plan);
        assert_eq!((tree.rows().len(), tree.selected()), (3, NodeId(1)));
        tree.go_to(&plan, NodeId(7));
        assert_eq!((tree.rows().len(), tree.selected()), (21, NodeId(7)), "going to a hidden one opens them");
        assert_eq!(TreeState::every(&plan).rows().len(), 21);
    }

    #[test]
    fn matches_go_round_in_both_directions() {
        let plan = plan();
        let mut tree = TreeState::new(&plan);
        tree.find(&plan, "F");
        assert_eq!((tree.matches().to_vec(), tree.selected()), (vec![NodeId(5)], NodeId(5)));
        let nodes = [NodeId(2), NodeId(4)];
        tree.next_of(&plan, &nodes, true);
        assert_eq!(tree.selected(), NodeId(2));
        tree.next_of(&plan, &nodes, false);
        assert_eq!(tree.selected(), NodeId(4));
    }
}
