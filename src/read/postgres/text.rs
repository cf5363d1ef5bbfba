//! Text plans of servers 9.6 to 18, with and without costs (source: `src/backend/commands/explain.c` of each).
//!
//! The lines are brought to the keys that the other formats print, so that all go one road from there.

mod balance;
mod field;
mod header;
mod names;
mod node;
mod property;
mod rows;
mod statement;

use std::borrow::Cow;

use super::{Source, lower};
use crate::read::{
    json::{Builder, Kind as Json},
    page::{Page, Reading},
};
use field::{Field, put, write};
use node::{TextNode, Tree};
use property::{property, put_property};
use rows::{Kind, Row, gather, is_after};
use statement::Statement;

pub(in crate::read) use names::starts;

/// Reads the plan whose first node stands on line `start`.
pub(in crate::read) fn read(page: Page<'_>, start: usize, source: &Source<'_>) -> Reading {
    let (rows, next) = gather(page, start);
    let mut parser =
        Parser { page, tree: Tree::default(), statement: Statement::default(), place: Place::Node, section: None };
    let mut fault = None;
    for row in &rows {
        if let Err((at, expected)) = parser.take(row) {
            fault = Some(source.lines.error(page.text, at, expected));
            break;
        }
    }
    let broken = fault.is_some();
    let Parser { mut tree, mut statement, .. } = parser;
    statement.query(page, start);
    let mut builder = Builder::new(page.text, source.lines);
    builder.begin(Json::Object, page.begin(start)).key("Plan");
    tree.write(&mut builder);
    write(&statement.finish(), &mut builder, page.begin(start));
    let document = builder.finish();
    // What was gathered may be large, and the plan is to be made yet.
    drop(tree);
    drop(rows);
    let source = Source { text: source.text.clone(), broken, ..*source };
    let plan = document.values().next().map(|value| lower::plan(value, &source));
    match plan {
        Some(Ok(plan)) => Reading { plans: vec![plan], next, error: fault },
        Some(Err(error)) => Reading { plans: Vec::new(), next, error: fault.or(Some(error)) },
        None => Reading { plans: Vec::new(), next, error: fault },
    }
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

struct Parser<'t> {
    page: Page<'t>,
    tree: Tree<'t>,
    statement: Statement<'t>,
    place: Place,
    /// The name of the sub-plan whose node comes next, and its column.
    section: Option<(usize, Cow<'t, str>)>,
}

/// A byte of the text, and what was expected there.
type Fault = (usize, &'static str);

impl<'t> Parser<'t> {
    fn take(&mut self, row: &'t Row<'t>) -> Result<(), Fault> {
        match (row.kind, self.place) {
            (Kind::Node, _) => return self.node(row),
            (Kind::Section, _) => {
                self.place = Place::Node;
                self.section = Some((row.column, Cow::Borrowed(&row.text)));
                return Ok(());
            }
            (_, Place::Worker(column) | Place::Statement(column)) if row.column <= column => self.place = Place::Node,
            _ => {}
        }
        let fact = property(&row.text);
        match (self.place, fact) {
            (Place::Statement(_), Some((key, value))) => self.statement.inner(key, value),
            (Place::Statement(_), None) => self.statement.more(&row.text),
            (Place::Worker(_), Some((key, value))) => self.tree.worker_fact(key, value, row.column),
            (Place::Worker(_), None) => self.tree.worker_facts(&row.text),
            (Place::Node, None) if self.tree.is_target(&row.text) => self.tree.target(&row.text),
            (Place::Node, None) => {
                if let Some(node) = self.tree.owner(row.column) {
                    put(&mut node.fields, "Note", Field::Text(Cow::Borrowed(&row.text)));
                }
            }
            (Place::Node, Some((key, value))) => self.property(row, key, value),
        }
        Ok(())
    }

    fn node(&mut self, row: &'t Row<'t>) -> Result<(), Fault> {
        self.place = Place::Node;
        let at = self.page.begin(row.line);
        let raw = self.page.row(row.line);
        let start = at + raw.find(row.text.split(' ').next().unwrap_or_default()).unwrap_or(0);
        if row.text.is_empty() {
            return Err((at + raw.len(), "a node after `->`"));
        }
        let (header, fault) = header::header(&row.text);
        // A sub-plan stands beside its name, further in than the other children of the same node.
        let (column, section) = self.section.take().map_or((row.column, None), |(column, name)| (column, Some(name)));
        self.tree.push(TextNode::new(column, start, header, section));
        match fault {
            // The place in a line that was joined is told by the line it begins on.
            Some((offset, expected)) => Err(((start + offset).min(at + raw.len()), expected)),
            None => Ok(()),
        }
    }

    fn property(&mut self, row: &'t Row<'t>, key: &'t str, value: &'t str) {
        if row.column <= self.tree.root() || (is_after(key) && row.column <= self.tree.root() + 1) {
            self.place = Place::Statement(row.column);
            self.statement.outer(key, value);
            return;
        }
        if let Some(number) = key.strip_prefix("Worker ").filter(|n| n.chars().all(|c| c.is_ascii_digit())) {
            self.place = Place::Worker(row.column);
            self.tree.worker(number, value, row.column);
            return;
        }
        let Some(node) = self.tree.owner(row.column) else { return };
        if matches!(key, "Group Key" | "Hash Key" | "Sort Key") && node.kind == "Aggregate" {
            node.keys.push((row.column, key, value));
        } else {
            put_property(key, Cow::Borrowed(value), &mut node.fields);
        }
    }
}

#[cfg(test)]
mod tests;
