//! The tree of a text plan: which node a line belongs to, told by its column.

use std::borrow::Cow;

use super::{
    field::{Field, Fields, put, write},
    header::{Header, identifier},
    property::{list, property, put_property},
};
use crate::read::json::{Builder, Kind};

/// A node and what stands under its line.
#[derive(Debug)]
pub(super) struct TextNode<'t> {
    column: usize,
    /// The byte its line begins at.
    at: usize,
    parent: Option<usize>,
    pub(super) kind: Cow<'t, str>,
    section: Option<Cow<'t, str>>,
    ran: bool,
    timed: bool,
    pub(super) fields: Fields<'t>,
    /// Grouping keys with their columns: which make one set is told by all of them.
    pub(super) keys: Vec<(usize, &'t str, &'t str)>,
    /// Tables a change writes to.
    targets: Vec<Field<'t>>,
    workers: Vec<Worker<'t>>,
}

#[derive(Debug)]
struct Worker<'t> {
    number: &'t str,
    fields: Fields<'t>,
    /// What stands under `JIT:`, and its column.
    jit: Option<(usize, Fields<'t>)>,
}

impl<'t> TextNode<'t> {
    /// A node from its line.
    pub(super) fn new(column: usize, at: usize, header: Header<'t>, section: Option<Cow<'t, str>>) -> Self {
        let Header { fields, kind, ran, timed, .. } = header;
        Self {
            column,
            at,
            parent: None,
            kind,
            section,
            ran,
            timed,
            fields,
            keys: Vec::new(),
            targets: Vec::new(),
            workers: Vec::new(),
        }
    }

    /// Writes all but what is below.
    fn write(&mut self, to: &mut Builder<'_>, relationship: Option<&'static str>, plan: &Whole) {
        if let Some(relationship) = relationship {
            put(&mut self.fields, "Parent Relationship", Field::word(relationship));
        }
        if let Some(section) = self.section.take() {
            put(&mut self.fields, "Subplan Name", Field::Text(section));
        }
        let has = |fields: &Fields<'_>, key: &str| fields.iter().any(|(k, _)| k == key);
        if self.ran {
            // A node that never ran shows no times; where others do, they are zero.
            if plan.timed && !self.timed {
                put(&mut self.fields, "Actual Startup Time", Field::zero());
                put(&mut self.fields, "Actual Total Time", Field::zero());
            }
            // Text leaves out what is zero.
            for (condition, removed) in
                [("Filter", "Rows Removed by Filter"), ("Join Filter", "Rows Removed by Join Filter")]
            {
                if has(&self.fields, condition) && !has(&self.fields, removed) {
                    put(&mut self.fields, removed, Field::zero());
                }
            }
        }
        if plan.blocks && !self.fields.iter().any(|(key, _)| key.ends_with(" Blocks") && !key.contains("Heap")) {
            put(&mut self.fields, "Shared Hit Blocks", Field::zero());
        }
        self.keys();
        if !self.targets.is_empty() {
            put(&mut self.fields, "Target Tables", Field::Array(std::mem::take(&mut self.targets)));
        }
        let workers = self.workers.drain(..).map(|worker| {
            let mut fields: Fields<'t> = vec![("Worker Number".into(), Field::scalar(worker.number))];
            fields.extend(worker.fields);
            if let Some((_, jit)) = worker.jit {
                put(&mut fields, "JIT", Field::Object(jit));
            }
            Field::Object(fields)
        });
        let workers: Vec<_> = workers.collect();
        if !workers.is_empty() {
            put(&mut self.fields, "Workers", Field::Array(workers));
        }
        write(&std::mem::take(&mut self.fields), to, self.at);
    }

    /// One plain group key, or grouping sets: several keys, hashed ones (each a set of its own), or keys under their own sort's.
    fn keys(&mut self) {
        let keys = std::mem::take(&mut self.keys);
        if let [(_, key @ "Group Key", value)] = keys[..]
            && value != "()"
        {
            put_property(key, Cow::Borrowed(value), &mut self.fields);
            return;
        }
        let mut sets: Vec<(usize, Fields<'t>, Vec<Field<'t>>, &str)> = Vec::new();
        for (column, key, value) in keys {
            let texts = if value == "()" { Field::List(Vec::new()) } else { list(Cow::Borrowed(value)) };
            let plural = if key == "Hash Key" { "Hash Keys" } else { "Group Keys" };
            match sets.last_mut() {
                _ if key == "Sort Key" => sets.push((column, vec![(key.into(), texts)], Vec::new(), "Group Keys")),
                Some((before, sort, all, name))
                    if *name == plural
                        && key != "Hash Key"
                        && (if sort.is_empty() { column == *before } else { column > *before }) =>
                {
                    all.push(texts);
                }
                _ => sets.push((column, Vec::new(), vec![texts], plural)),
            }
        }
        let sets = sets.into_iter().map(|(_, mut fields, all, name)| {
            put(&mut fields, name, Field::Array(all));
            Field::Object(fields)
        });
        let sets: Vec<_> = sets.collect();
        if !sets.is_empty() {
            put(&mut self.fields, "Grouping Sets", Field::Array(sets));
        }
    }
}

/// What one node cannot know.
struct Whole {
    /// Some node told its time.
    timed: bool,
    /// Some node told its blocks.
    blocks: bool,
}

/// The nodes in the order of their lines.
#[derive(Debug, Default)]
pub(super) struct Tree<'t> {
    nodes: Vec<TextNode<'t>>,
    /// The last node and those it stands under.
    path: Vec<usize>,
}

impl<'t> Tree<'t> {
    /// Adds a node below the last one that begins further left.
    pub(super) fn push(&mut self, mut node: TextNode<'t>) {
        while self.path.len() > 1 && self.path.last().is_some_and(|last| self.nodes[*last].column >= node.column) {
            self.path.pop();
        }
        node.parent = self.path.last().copied();
        self.path.push(self.nodes.len());
        self.nodes.push(node);
    }

    /// The column of the first node.
    pub(super) fn root(&self) -> usize {
        self.nodes.first().map_or(0, |root| root.column)
    }

    /// The node to which a line at this column belongs.
    pub(super) fn owner(&mut self, column: usize) -> Option<&mut TextNode<'t>> {
        let found = self.path.iter().rev().find(|node| self.nodes[**node].column < column);
        let node = found.or(self.path.last()).copied()?;
        self.nodes.get_mut(node)
    }

    fn last(&mut self) -> Option<&mut TextNode<'t>> {
        self.nodes.last_mut()
    }

    /// Whether a line names a table that the last node writes to.
    pub(super) fn is_target(&self, text: &str) -> bool {
        let writes = self.nodes.last().is_some_and(|node| node.kind == "ModifyTable");
        let words = ["Insert on ", "Update on ", "Delete on ", "Merge on "];
        let text = text.strip_prefix("Foreign ").unwrap_or(text);
        writes && words.iter().any(|word| text.starts_with(word))
    }

    /// `Update on public.part_1 p`.
    pub(super) fn target(&mut self, text: &'t str) {
        let Some((_, table)) = text.split_once(" on ") else { return };
        let (mut name, mut rest) = identifier(table);
        let mut schema = None;
        if let Some(after) = rest.strip_prefix('.') {
            schema = Some(name);
            (name, rest) = identifier(after);
        }
        let alias = rest.strip_prefix(' ').map_or(name.clone(), |after| identifier(after).0);
        let mut fields: Fields<'t> = Vec::new();
        put(&mut fields, "Relation Name", Field::Text(name));
        if let Some(schema) = schema {
            put(&mut fields, "Schema", Field::Text(schema));
        }
        put(&mut fields, "Alias", Field::Text(alias));
        if let Some(node) = self.last() {
            node.targets.push(Field::Object(fields));
        }
    }

    /// Begins, or goes on with, a worker of the last node.
    pub(super) fn worker(&mut self, number: &'t str, value: &'t str, column: usize) {
        let Some(node) = self.last() else { return };
        // Until 12 a worker's sort stands apart from its times.
        match node.workers.iter().position(|worker| worker.number == number) {
            Some(place) => {
                let worker = node.workers.remove(place);
                node.workers.push(worker);
            }
            None => node.workers.push(Worker { number, fields: Vec::new(), jit: None }),
        }
        match property(value) {
            Some((key, value)) => self.worker_fact(key, value, column + 1),
            None => self.worker_facts(value),
        }
    }

    /// A property of the last worker.
    pub(super) fn worker_fact(&mut self, key: &'t str, value: &'t str, column: usize) {
        let Some(worker) = self.last().and_then(|node| node.workers.last_mut()) else { return };
        match &mut worker.jit {
            _ if key == "JIT" && value.is_empty() => worker.jit = Some((column, Vec::new())),
            // Also where `JIT:` stands behind the worker's number.
            Some((_, jit)) if matches!(key, "Functions" | "Options" | "Timing") => {
                put_property(key, Cow::Borrowed(value), jit);
            }
            _ => put_property(key, Cow::Borrowed(value), &mut worker.fields),
        }
    }

    /// `actual time=0.010..0.450 rows=2550 loops=1` of the last worker.
    pub(super) fn worker_facts(&mut self, text: &'t str) {
        let Some(worker) = self.last().and_then(|node| node.workers.last_mut()) else { return };
        let Some(figures) = text.strip_prefix("actual ") else {
            if !text.is_empty() {
                put(&mut worker.fields, "Note", Field::scalar(text));
            }
            return;
        };
        for (key, value) in figures.split(' ').filter_map(|pair| pair.split_once('=')) {
            match (key, value.split_once("..")) {
                ("time", Some((startup, total))) => {
                    put(&mut worker.fields, "Actual Startup Time", Field::scalar(startup));
                    put(&mut worker.fields, "Actual Total Time", Field::scalar(total));
                }
                ("rows", _) => put(&mut worker.fields, "Actual Rows", Field::scalar(value)),
                ("loops", _) => put(&mut worker.fields, "Actual Loops", Field::scalar(value)),
                _ => put(&mut worker.fields, key, Field::scalar(value)),
            }
        }
    }

    /// Writes the plan as the value of the key that was said.
    pub(super) fn write(&mut self, to: &mut Builder<'_>) {
        let whole = Whole {
            timed: self.nodes.iter().any(|node| node.timed),
            blocks: self.nodes.iter().any(|node| node.fields.iter().any(|(key, _)| key.starts_with("Shared "))),
        };
        // For each open node its place and how many children were written, sub-plans aside.
        let mut open: Vec<(usize, usize, bool)> = Vec::new();
        for place in 0..self.nodes.len() {
            let (parent, at) = (self.nodes[place].parent, self.nodes[place].at);
            while let Some((last, _, list)) = open.last().copied()
                && Some(last) != parent
            {
                if list {
                    to.end();
                }
                to.end();
                open.pop();
            }
            let relationship = match (open.last_mut(), parent) {
                (Some((_, children, list)), Some(parent)) => {
                    if !*list {
                        *list = true;
                        to.key("Plans").begin(Kind::Array, at);
                    }
                    let above = &self.nodes[parent].kind;
                    Some(relationship(above, self.nodes[place].section.as_deref(), children))
                }
                _ => None,
            };
            to.begin(Kind::Object, at);
            self.nodes[place].write(to, relationship, &whole);
            open.push((place, 0, false));
        }
        for (_, _, list) in open.into_iter().rev() {
            if list {
                to.end();
            }
            to.end();
        }
    }
}

/// How a node serves its parent, which text does not say.
fn relationship(above: &str, section: Option<&str>, children: &mut usize) -> &'static str {
    match section {
        Some(name) if name.starts_with("SubPlan") => return "SubPlan",
        Some(_) => return "InitPlan",
        None => *children += 1,
    }
    match above {
        "Append" | "Merge Append" | "BitmapAnd" | "BitmapOr" => "Member",
        "ModifyTable" if *children > 1 => "Member",
        "Subquery Scan" => "Subquery",
        _ if *children == 2 => "Inner",
        _ => "Outer",
    }
}
