//! The document a plan was read from, by lines, and which node each line belongs to.

use std::ops::Range;

use crate::plan::{NodeId, Plan};

/// Lines of the document and the cursor among them.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// Where each line begins, in bytes.
    starts: Vec<usize>,
    /// First line of each node, from 0, in the document's order.
    nodes: Vec<(usize, NodeId)>,
    /// The line under the cursor, from 0.
    pub cursor: usize,
}

impl Document {
    /// How many lines there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there is no document.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// A line without its end.
    #[must_use]
    pub fn line<'a>(&self, source: &'a str, line: usize) -> &'a str {
        let Some(start) = self.starts.get(line) else { return "" };
        let end = self.starts.get(line + 1).copied().unwrap_or(source.len());
        source.get(*start..end).unwrap_or_default().trim_end_matches(['\n', '\r'])
    }

    /// The lines that belong to the node a line belongs to.
    #[must_use]
    pub fn lines_of(&self, line: usize) -> Range<usize> {
        let at = self.nodes.partition_point(|(from, _)| *from <= line);
        let from = at.checked_sub(1).and_then(|at| self.nodes.get(at)).map_or(0, |(from, _)| *from);
        from..self.nodes.get(at).map_or(self.starts.len(), |(to, _)| *to)
    }

    pub(super) fn prepare(&mut self, plan: &Plan, selected: NodeId) {
        if self.starts.is_empty() && !plan.source.is_empty() {
            self.starts = std::iter::once(0).chain(plan.source.match_indices('\n').map(|(at, _)| at + 1)).collect();
            if self.starts.last() == Some(&plan.source.len()) {
                self.starts.pop();
            }
            let lines = plan.ids().filter_map(|id| Some((plan.node(id).line?.saturating_sub(1) as usize, id)));
            self.nodes = lines.collect();
            // Several nodes may come from one line (a table and the sort over it): the innermost one has it.
            self.nodes.sort_by_key(|(line, id)| (*line, *id));
        }
        self.follow(selected);
    }

    /// Puts the cursor on the node's first line, unless it is on one of its lines.
    pub(super) fn follow(&mut self, id: NodeId) {
        if let Some((line, _)) = self.nodes.iter().find(|(_, node)| *node == id)
            && !self.lines_of(*line).contains(&self.cursor)
        {
            self.cursor = *line;
        }
    }

    /// Moves the cursor; gives the node the line belongs to.
    pub(super) fn step(&mut self, by: isize) -> Option<NodeId> {
        self.cursor = self.cursor.saturating_add_signed(by).min(self.starts.len().saturating_sub(1));
        let at = self.nodes.partition_point(|(from, _)| *from <= self.cursor);
        self.nodes.get(at.saturating_sub(1)).map(|(_, id)| *id)
    }
}
