//! What the readers of all dialects need of the text they read.

use std::sync::Arc;

use super::{
    ReadError,
    json::{Lines, Value},
};
use crate::plan::{BuildError, Engine, Flag, Node, NodeId, Plan, PlanBuilder};

/// A text that holds a plan.
pub(super) struct Source<'t> {
    /// What plans carry as their source.
    pub(super) text: Arc<str>,
    /// The text in which values have their places: the same lines, without frames.
    pub(super) clean: &'t str,
    /// Its lines.
    pub(super) lines: &'t Lines,
    /// The value broke off: what is missing at its end is no error of its own.
    pub(super) broken: bool,
    /// What was read although it is no JSON, for people.
    pub(super) remarks: Vec<&'static str>,
}

impl Source<'_> {
    /// An error at a value.
    pub(super) fn expected(&self, value: Value<'_>, expected: impl Into<String>) -> ReadError {
        self.lines.error(self.clean, value.start(), expected)
    }

    /// Closes a plan whose root was read from `root`.
    pub(super) fn finish(&self, builder: PlanBuilder, engine: Engine, root: Value<'_>) -> Result<Plan, ReadError> {
        self.close(builder, engine, root.line(), self.broken)
    }

    /// Closes a plan that begins on a line; `broken` when it has no end.
    pub(super) fn close(
        &self,
        mut builder: PlanBuilder,
        engine: Engine,
        line: u32,
        broken: bool,
    ) -> Result<Plan, ReadError> {
        if broken && let Some(node) = builder.node_mut(NodeId::ROOT) {
            node.flags.push(Flag::Partial);
        }
        let mut plan = builder.finish(engine).map_err(|e| unbuilt(Some(line), &e))?;
        plan.source = Arc::clone(&self.text);
        plan.notes.extend(self.remarks.iter().map(|words| (*words).to_owned()));
        if broken {
            plan.notes.push("The document breaks off: this is the part that could be read.".to_owned());
        }
        Ok(plan)
    }
}

fn unbuilt(line: Option<u32>, error: &BuildError) -> ReadError {
    ReadError { line: line.unwrap_or(1), column: 1, expected: "a plan".to_owned(), found: error.to_string() }
}

/// Adds a node. Readers push in pre-order; four thousand million nodes are the only way to fail.
pub(super) fn push(to: &mut PlanBuilder, parent: Option<NodeId>, node: Node) -> Result<NodeId, ReadError> {
    let line = node.line;
    to.push(parent, node).map_err(|e| unbuilt(line, &e))
}
