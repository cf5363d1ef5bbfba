//! Text plans of servers 9.6 to 18, with and without costs (source: `src/backend/commands/explain.c` of each).
//!
//! The lines are brought to the keys that the other formats print, so that all go one road from there.

mod balance;
mod field;
mod header;
mod names;
mod node;
mod path;
mod property;
mod rows;
mod statement;

use std::sync::Arc;

use super::{Source, lower, raw::RawNode};
use crate::{
    plan::{Buffers, Node, NodeId, PlanBuilder, Timing},
    read::{
        ReadError,
        json::{Builder, Kind as Json},
        page::{Page, Reading},
        source::push,
    },
};
use field::write;
use node::TextNode;
use path::Path;
use property::property;
use rows::{Gathering, Kind, Row, is_after};
use statement::Statement;

pub(in crate::read) use names::starts;

/// Reads the plan whose first node stands on line `start`.
///
/// Node by node: what is known of one as text, as keys and as the plan's node is never there for two at once, for a plan may have
/// a hundred thousand.
pub(in crate::read) fn read(page: Page<'_>, start: usize, source: &Source<'_>) -> Reading {
    let mut gathering = Gathering::new(page, start);
    let mut parser = Parser {
        page,
        path: Path::default(),
        place: Place::Node,
        section: None,
        beside: Vec::new(),
        values: Builder::new(page.text, source.lines),
        plan: PlanBuilder::new(),
        last: None,
        timed: false,
        blocks: false,
    };
    let (mut rows, mut fault) = (Vec::new(), None);
    while gathering.next_node(&mut rows) {
        // What stands behind a fault is passed over, so that the rest of the document is read from the right line.
        if fault.is_none() {
            fault = parser.node(&mut rows).err().map(|fault| match fault {
                Fault::At(byte, expected) => source.lines.error(page.text, byte, expected),
                Fault::Unbuilt(error) => error,
            });
        }
    }
    let source = Source { text: source.text.clone(), broken: fault.is_some(), remarks: Vec::new(), ..*source };
    let (plans, unbuilt) = match parser.finish(start, &source) {
        Ok(plan) => (vec![plan], None),
        Err(error) => (Vec::new(), Some(error)),
    };
    Reading { plans, next: gathering.next(), error: fault.or(unbuilt) }
}

/// Where facts belong that stand further in than the line before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Under the node that the column tells.
    Node,
    /// Under a worker of the last node, whose line begins at the column.
    Worker(usize),
    /// Under a line beside the first node, such as `JIT:`.
    Statement(usize),
}

/// What a line under a node's is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The name of the sub-plan whose node comes next.
    Section,
    /// The first line of a worker.
    Worker,
    /// A line under a worker's.
    OfWorker,
    /// A line beside the first node.
    Outer,
    /// A line under one beside the first node.
    Inner,
    /// A fact of a node.
    Fact,
}

struct Parser<'t> {
    page: Page<'t>,
    /// The last node and those it stands under.
    path: Path,
    place: Place,
    /// The name of the sub-plan whose node comes next, and its column.
    section: Option<(usize, String)>,
    /// What is said of the whole statement, and whether it stands under another such line.
    beside: Vec<(Part, Row<'t>)>,
    /// The keys and values of one node after the other.
    values: Builder<'t>,
    plan: PlanBuilder,
    /// The blocks of the last node.
    last: Option<Arc<Buffers>>,
    /// Some node told its time.
    timed: bool,
    /// Some node told its blocks.
    blocks: bool,
}

/// What is wrong with a line.
enum Fault {
    /// A byte of the text, and what was expected there.
    At(usize, &'static str),
    /// The plan cannot hold the node.
    Unbuilt(ReadError),
}

impl<'t> Parser<'t> {
    /// Takes a node's line and all that stands under it.
    fn node(&mut self, rows: &mut Vec<Row<'t>>) -> Result<(), Fault> {
        let Some(first) = rows.first() else { return Ok(()) };
        self.place = Place::Node;
        let at = self.page.begin(first.line);
        let raw = self.page.row(first.line);
        let start = at + raw.find(first.text.split(' ').next().unwrap_or_default()).unwrap_or(0);
        if first.text.is_empty() {
            return Err(Fault::At(at + raw.len(), "a node after `->`"));
        }
        let (header, fault) = header::header(&first.text);
        // A sub-plan stands beside its name, further in than the other children of the same node.
        let (column, section) = self.section.take().map_or((first.column, None), |(column, name)| (column, Some(name)));
        let writes = header.kind == "ModifyTable";
        let mut node = TextNode::new(start, header, section);
        let relationship = self.path.enter(column, &node.kind, node.section());
        let mut late = Vec::new();
        let mut parts = Vec::with_capacity(rows.len());
        // Behind a fault nothing can be trusted.
        for row in rows.iter().skip(1).take(if fault.is_some() { 0 } else { usize::MAX }) {
            let part = self.part(row);
            parts.push(part);
            let fact = property(&row.text);
            match (part, fact) {
                (Part::Section, _) => self.section = Some((row.column, row.text.clone().into_owned())),
                (Part::Outer | Part::Inner, _) => {}
                (Part::Worker, Some((key, value))) => node.worker(key, value, row.column),
                (Part::OfWorker, Some((key, value))) => node.worker_fact(key, value, row.column),
                (Part::Worker | Part::OfWorker, None) => node.worker_facts(&row.text),
                (Part::Fact, None) if writes && node::is_target(&row.text) => node.target(&row.text),
                (Part::Fact, fact) => match self.path.above(row.column) {
                    Some(id) => late.push((id, fact.unwrap_or(("Note", &row.text)))),
                    None => match fact {
                        Some((key, value)) => node.fact(key, value, row.column),
                        None => node.note(&row.text),
                    },
                },
            }
        }
        self.timed |= node.timed;
        self.blocks |= node.tells_blocks();
        self.values.clear().begin(Json::Object, start);
        node.write(&mut self.values, relationship);
        self.values.end();
        let above = self.path.parent();
        let over = above.and_then(|id| self.plan.node_mut(id)).map(|node| node.operator.clone());
        let value = self.values.document().values().next();
        if let Some(value) = value {
            let mut node = lower::node(RawNode::read(value), over.as_ref());
            self.share(&mut node);
            let id = push(&mut self.plan, above, node).map_err(Fault::Unbuilt)?;
            self.path.is(id);
        }
        // No server prints facts of a node below its children; somebody moved the line.
        for (id, (key, value)) in late {
            if let Some(node) = self.plan.node_mut(id) {
                node.extra.push((key.to_owned(), value.to_owned()));
            }
        }
        let beside = parts.into_iter().zip(rows.drain(..).skip(1));
        self.beside.extend(beside.filter(|(part, _)| matches!(part, Part::Outer | Part::Inner)));
        match fault {
            // The place in a line that was joined is told by the line it begins on.
            Some((offset, expected)) => Err(Fault::At((start + offset).min(at + raw.len()), expected)),
            None => Ok(()),
        }
    }

    /// Partitions tell of many nodes that they touched as many blocks: those are kept once.
    fn share(&mut self, node: &mut Node) {
        if node.buffers.is_some() && node.buffers == self.last {
            node.buffers.clone_from(&self.last);
        } else {
            self.last.clone_from(&node.buffers);
        }
    }

    /// What the next line is.
    fn part(&mut self, row: &Row<'t>) -> Part {
        match self.place {
            _ if row.kind == Kind::Section => {
                self.place = Place::Node;
                return Part::Section;
            }
            Place::Worker(column) | Place::Statement(column) if row.column <= column => self.place = Place::Node,
            _ => {}
        }
        match (self.place, property(&row.text)) {
            (Place::Statement(_), _) => Part::Inner,
            (Place::Worker(_), _) => Part::OfWorker,
            (Place::Node, None) => Part::Fact,
            (Place::Node, Some((key, _))) => {
                let root = self.path.root();
                if row.column <= root || (is_after(key) && row.column <= root + 1) {
                    self.place = Place::Statement(row.column);
                    return Part::Outer;
                }
                if node::worker_number(key).is_some() {
                    self.place = Place::Worker(row.column);
                    return Part::Worker;
                }
                Part::Fact
            }
        }
    }

    /// The plan, with what only the whole of it tells.
    fn finish(mut self, start: usize, source: &Source<'_>) -> Result<crate::plan::Plan, ReadError> {
        let none = Arc::new(Buffers::default());
        let mut id = NodeId::ROOT;
        while let Some(node) = self.plan.node_mut(id) {
            // A node that never ran shows no times; where others do, they are zero. Blocks that are none are left out.
            if self.timed && node.timing.is_none() && node.rows.loops.or(node.rows.actual).is_some() {
                node.timing = Some(Timing::PerLoop { first_ms: 0.0, last_ms: 0.0 });
            }
            if self.blocks && node.buffers.is_none() {
                node.buffers = Some(Arc::clone(&none));
            }
            id = NodeId(id.0 + 1);
        }
        let mut statement = Statement::default();
        for (part, row) in &self.beside {
            match (part, property(&row.text)) {
                (Part::Outer, Some((key, value))) => statement.outer(key, value),
                (_, Some((key, value))) => statement.inner(key, value),
                (_, None) => statement.more(&row.text),
            }
        }
        statement.query(self.page, start);
        let at = self.page.begin(start);
        self.values.clear().begin(Json::Object, at);
        write(&statement.finish(), &mut self.values, at);
        self.values.end();
        let line = source.lines.line(at);
        match self.values.document().values().next() {
            Some(value) => lower::close(self.plan, value, line, source),
            None => Err(source.lines.error(self.page.text, at, "a plan")),
        }
    }
}

#[cfg(test)]
mod tests;
