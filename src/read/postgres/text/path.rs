//! Which node a line belongs to, told by its column, and how nodes serve those above them, which text does not say.

use crate::plan::NodeId;

/// A node below which others may still come.
#[derive(Debug)]
struct Open {
    column: usize,
    /// Its place in the plan, once it has one.
    id: Option<NodeId>,
    takes: Takes,
    /// How many came, sub-plans aside.
    children: usize,
}

/// What a node's children are to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Members,
    /// One input, or until 13 one for each table it writes to.
    Written,
    Subquery,
    Inputs,
}

/// The last node and those it stands under.
#[derive(Debug, Default)]
pub(super) struct Path(Vec<Open>);

impl Path {
    /// Goes to a node that begins at a column, below the last one that begins further left. Gives its `Parent Relationship`.
    pub(super) fn enter(&mut self, column: usize, kind: &str, section: Option<&str>) -> Option<&'static str> {
        while self.0.len() > 1 && self.0.last().is_some_and(|last| last.column >= column) {
            self.0.pop();
        }
        let relationship = self.0.last_mut().map(|above| above.relationship(section));
        let takes = match kind {
            "Append" | "Merge Append" | "BitmapAnd" | "BitmapOr" => Takes::Members,
            "ModifyTable" => Takes::Written,
            "Subquery Scan" => Takes::Subquery,
            _ => Takes::Inputs,
        };
        self.0.push(Open { column, id: None, takes, children: 0 });
        relationship
    }

    /// The place in the plan of the node that was gone to.
    pub(super) fn is(&mut self, id: NodeId) {
        if let Some(last) = self.0.last_mut() {
            last.id = Some(id);
        }
    }

    /// The node above the one that was gone to.
    pub(super) fn parent(&self) -> Option<NodeId> {
        self.0.iter().rev().nth(1).and_then(|open| open.id)
    }

    /// The column of the first node.
    pub(super) fn root(&self) -> usize {
        self.0.first().map_or(0, |root| root.column)
    }

    /// The node above the last one to which a line at this column belongs; `None` when it belongs to the last.
    pub(super) fn above(&self, column: usize) -> Option<NodeId> {
        self.0.iter().rev().find(|open| open.column < column).and_then(|open| open.id)
    }
}

impl Open {
    fn relationship(&mut self, section: Option<&str>) -> &'static str {
        match section {
            Some(name) if name.starts_with("SubPlan") => return "SubPlan",
            Some(_) => return "InitPlan",
            None => self.children += 1,
        }
        match self.takes {
            Takes::Members => "Member",
            Takes::Written if self.children > 1 => "Member",
            Takes::Subquery => "Subquery",
            _ if self.children == 2 => "Inner",
            _ => "Outer",
        }
    }
}
