//! Other ways to look at one plan, in step with the tree's cursor: a flat table, statistics, an icicle, the document.

mod document;
mod flat;
mod groups;

pub use document::Document;
pub use flat::{Flat, SortBy};
pub use groups::{Group, GroupKind, Groups, groups};

use super::tree::TreeState;
use crate::plan::{NodeId, Plan};

/// How a plan is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Face {
    /// As a tree.
    #[default]
    Tree,
    /// As a table sorted by a column.
    Flat,
    /// Added up per table, index and operator.
    Groups,
    /// As an icicle of time or cost.
    Flame,
    /// As the server wrote it.
    Document,
}

impl Face {
    /// All of them, in the order in which they follow each other.
    pub const ALL: [Self; 5] = [Self::Tree, Self::Flat, Self::Groups, Self::Flame, Self::Document];

    /// A word for titles.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Tree => "Tree",
            Self::Flat => "Table",
            Self::Groups => "Sums",
            Self::Flame => "Flame",
            Self::Document => "Text",
        }
    }
}

/// What the other faces keep; each is made when it is first looked at.
#[derive(Debug, Clone, Default)]
pub struct Faces {
    /// Which is shown.
    pub face: Face,
    /// The flat table.
    pub flat: Flat,
    /// The sums.
    pub groups: Groups,
    /// The document by lines.
    pub document: Document,
}

impl Faces {
    /// Makes what the face needs and puts its cursor where the tree's is.
    pub(super) fn show(&mut self, face: Face, plan: &Plan, selected: NodeId) {
        self.face = face;
        match face {
            Face::Tree | Face::Flame => {}
            Face::Flat => self.flat.prepare(plan),
            Face::Groups => self.groups.prepare(plan, selected),
            Face::Document => self.document.prepare(plan, selected),
        }
    }

    /// Moves the cursor of the face that is shown, and the tree's with it.
    pub(super) fn step(&mut self, by: isize, tree: &mut TreeState, plan: &Plan) {
        let to = match self.face {
            Face::Tree => return tree.step(by),
            Face::Flat => self.flat.step(by, tree.selected()),
            Face::Groups => self.groups.step(by),
            Face::Flame => Some(in_flame(by, tree.selected(), plan)),
            Face::Document => self.document.step(by),
        };
        if let Some(id) = to {
            tree.go_to(plan, id);
        }
    }

    /// Follows the tree's cursor after it was moved otherwise.
    pub(super) fn follow(&mut self, selected: NodeId) {
        match self.face {
            Face::Groups => self.groups.follow(selected),
            Face::Document => self.document.follow(selected),
            Face::Tree | Face::Flat | Face::Flame => {}
        }
    }
}

/// Up is the parent, down the child that takes most; to the ends is the root and the bottom of the hot path.
fn in_flame(by: isize, from: NodeId, plan: &Plan) -> NodeId {
    let mut at = from;
    for _ in 0..by.unsigned_abs().min(plan.len()) {
        let next = if by < 0 { plan.parent(at) } else { widest_child(plan, at) };
        let Some(next) = next else { break };
        at = next;
    }
    at
}

/// What an icicle gives a node: wall time where it was measured, else the total cost.
#[must_use]
pub fn weight(plan: &Plan, id: NodeId) -> f64 {
    let measured = plan.derived(NodeId::ROOT).wall_ms.is_some();
    let number = if measured { plan.derived(id).wall_ms } else { plan.node(id).cost.total };
    number.unwrap_or(0.0).max(0.0)
}

fn widest_child(plan: &Plan, id: NodeId) -> Option<NodeId> {
    plan.children(id).max_by(|a, b| weight(plan, *a).total_cmp(&weight(plan, *b)).then(b.cmp(a)))
}
