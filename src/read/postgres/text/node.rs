//! A node of a text plan: what its line and those under it say.

use std::borrow::Cow;

use super::{
    field::{Field, Fields, put, write},
    header::{Header, identifier},
    property::{list, property, put_property},
};
use crate::read::json::Builder;

/// A node and what stands under its line.
#[derive(Debug)]
pub(super) struct TextNode<'t> {
    /// The byte its line begins at.
    at: usize,
    pub(super) kind: Cow<'t, str>,
    section: Option<String>,
    ran: bool,
    /// Its line told how long it took.
    pub(super) timed: bool,
    fields: Fields<'t>,
    /// Grouping keys with their columns: which make one set is told by all of them.
    keys: Vec<(usize, &'t str, &'t str)>,
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

/// The number of `Worker 1`.
pub(super) fn worker_number(key: &str) -> Option<&str> {
    key.strip_prefix("Worker ").filter(|n| n.chars().all(|c| c.is_ascii_digit()))
}

/// Whether a line names a table that a change writes to.
pub(super) fn is_target(text: &str) -> bool {
    let words = ["Insert on ", "Update on ", "Delete on ", "Merge on "];
    let text = text.strip_prefix("Foreign ").unwrap_or(text);
    words.iter().any(|word| text.starts_with(word))
}

impl<'t> TextNode<'t> {
    /// A node from its line.
    pub(super) fn new(at: usize, header: Header<'t>, section: Option<String>) -> Self {
        let Header { fields, kind, ran, timed, .. } = header;
        Self { at, kind, section, ran, timed, fields, keys: Vec::new(), targets: Vec::new(), workers: Vec::new() }
    }

    /// The name of the sub-plan it stands for.
    pub(super) fn section(&self) -> Option<&str> {
        self.section.as_deref()
    }

    /// Whether a line told how many blocks were touched.
    pub(super) fn tells_blocks(&self) -> bool {
        self.fields.iter().any(|(key, _)| key.starts_with("Shared "))
    }

    /// A property.
    pub(super) fn fact(&mut self, key: &'t str, value: &'t str, column: usize) {
        if matches!(key, "Group Key" | "Hash Key" | "Sort Key") && self.kind == "Aggregate" {
            self.keys.push((column, key, value));
        } else {
            put_property(key, Cow::Borrowed(value), &mut self.fields);
        }
    }

    /// A line that holds no property.
    pub(super) fn note(&mut self, text: &'t str) {
        put(&mut self.fields, "Note", Field::Text(Cow::Borrowed(text)));
    }

    /// Writes all but what is below.
    pub(super) fn write(mut self, to: &mut Builder<'_>, relationship: Option<&'static str>) {
        if let Some(relationship) = relationship {
            put(&mut self.fields, "Parent Relationship", Field::word(relationship));
        }
        if let Some(section) = self.section.take() {
            put(&mut self.fields, "Subplan Name", Field::Text(section.into()));
        }
        let has = |fields: &Fields<'_>, key: &str| fields.iter().any(|(k, _)| k == key);
        if self.ran {
            // Text leaves out what is zero.
            for (condition, removed) in
                [("Filter", "Rows Removed by Filter"), ("Join Filter", "Rows Removed by Join Filter")]
            {
                if has(&self.fields, condition) && !has(&self.fields, removed) {
                    put(&mut self.fields, removed, Field::zero());
                }
            }
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
        write(&self.fields, to, self.at);
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
        self.targets.push(Field::Object(fields));
    }

    /// Begins, or goes on with, a worker: `Worker 1:` and what stands behind.
    pub(super) fn worker(&mut self, key: &'t str, value: &'t str, column: usize) {
        let Some(number) = worker_number(key) else { return };
        // Until 12 a worker's sort stands apart from its times.
        match self.workers.iter().position(|worker| worker.number == number) {
            Some(place) => {
                let worker = self.workers.remove(place);
                self.workers.push(worker);
            }
            None => self.workers.push(Worker { number, fields: Vec::new(), jit: None }),
        }
        match property(value) {
            Some((key, value)) => self.worker_fact(key, value, column + 1),
            None => self.worker_facts(value),
        }
    }

    /// A property of the last worker.
    pub(super) fn worker_fact(&mut self, key: &'t str, value: &'t str, column: usize) {
        let Some(worker) = self.workers.last_mut() else { return };
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
        let Some(worker) = self.workers.last_mut() else { return };
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
}
