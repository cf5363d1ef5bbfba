//! The lines beside the first node: times, settings, triggers, compiling; and the statement a log prints before the plan.

use std::borrow::Cow;

use super::{
    field::{Field, Fields, put},
    property::{property, put_property},
    rows::{arrow, is_count, is_ruler},
};
use crate::read::page::Page;

/// So many lines a statement before its plan may have.
const QUERY_LINES: usize = 500;

/// What is said of the whole statement.
#[derive(Debug, Default)]
pub(super) struct Statement<'t> {
    fields: Fields<'t>,
    triggers: Vec<Field<'t>>,
    /// The group that lines further in belong to.
    group: Option<(Cow<'t, str>, Fields<'t>)>,
    /// What lines further in said that hold no facts.
    remarks: Vec<String>,
}

impl<'t> Statement<'t> {
    /// A line beside the first node.
    pub(super) fn outer(&mut self, key: &'t str, value: &'t str) {
        let continued = matches!(key, "Buffers" | "Memory" | "Functions" | "Options" | "Timing" | "I/O Timings")
            && self
                .group
                .as_ref()
                .is_some_and(|(name, _)| matches!(name.as_ref(), "JIT" | "Planning" | "Serialization"));
        if continued {
            self.inner(key, value);
            return;
        }
        self.close();
        let ms = || Field::scalar(value.trim_end_matches(" ms"));
        match key {
            "Planning Time" | "Planning time" => put(&mut self.fields, "Planning Time", ms()),
            "Execution Time" | "Execution time" => put(&mut self.fields, "Execution Time", ms()),
            "Total runtime" => put(&mut self.fields, "Total Runtime", ms()),
            "Settings" => put(&mut self.fields, "Settings", settings(value)),
            "Serialization" => self.group = Some((key.into(), serialization(value))),
            _ if key.starts_with("Trigger ") => self.triggers.push(trigger(key, value)),
            _ if value.is_empty() => self.group = Some((key.into(), Vec::new())),
            _ => put(&mut self.fields, key, Field::scalar(value)),
        }
    }

    /// A line under one beside the first node.
    pub(super) fn inner(&mut self, key: &'t str, value: &'t str) {
        let to = self.group.as_mut().map_or(&mut self.fields, |(_, fields)| fields);
        put_property(key, Cow::Borrowed(value), to);
    }

    /// The same, of a line that holds no property.
    pub(super) fn more(&mut self, text: &str) {
        self.remarks.push(text.to_owned());
    }

    fn close(&mut self) {
        if let Some((key, mut fields)) = self.group.take() {
            let remarks = std::mem::take(&mut self.remarks).join("; ");
            if fields.is_empty() {
                put(&mut self.fields, key, Field::Text(remarks.into()));
                return;
            }
            if !remarks.is_empty() {
                put(&mut fields, "Note", Field::Text(remarks.into()));
            }
            put(&mut self.fields, key, Field::Object(fields));
        } else if !self.remarks.is_empty() {
            put(&mut self.fields, "Note", Field::Text(std::mem::take(&mut self.remarks).join("; ").into()));
        }
    }

    /// Looks for `Query Text:` before the plan's first line.
    pub(super) fn query(&mut self, page: Page<'t>, start: usize) {
        let mut end = start;
        for line in (start.saturating_sub(QUERY_LINES)..start).rev() {
            let row = page.row(line);
            let text = row.trim();
            if let Some(values) = text.strip_prefix("Query Parameters: ") {
                put(&mut self.fields, "Query Parameters", Field::scalar(values));
                end = line;
            } else if let Some((margin, first)) = row.split_once("Query Text: ") {
                let margin = margin.len();
                let mut query = first.trim_end().to_owned();
                for line in line + 1..end {
                    let row = page.row(line);
                    let blanks = row.len() - row.trim_start().len();
                    query.push('\n');
                    query.push_str(row[blanks.min(margin)..].trim_end());
                }
                put(&mut self.fields, "Query Text", Field::Text(query.trim_end().to_owned().into()));
                return;
            } else if arrow(text).is_some()
                || is_ruler(text)
                || is_count(text)
                || ["(cost=", " ms  plan:"].iter().any(|mark| text.contains(mark))
            {
                return;
            }
        }
    }

    /// All of it, as the object around `Plan` holds it.
    pub(super) fn finish(mut self) -> Fields<'t> {
        self.close();
        if !self.triggers.is_empty() {
            put(&mut self.fields, "Triggers", Field::Array(self.triggers));
        }
        self.fields
    }
}

/// `work_mem = '4MB', search_path = 'a, b', x = NULL`.
fn settings(value: &str) -> Field<'_> {
    let mut fields: Fields<'_> = Vec::new();
    let mut rest = value;
    while let Some((name, after)) = rest.split_once(" = ") {
        let (text, next) = match after.strip_prefix('\'') {
            // A quote is not doubled in here, so that only what follows tells where the value ends.
            Some(quoted) => match quoted.find("', ") {
                Some(end) => (&quoted[..end], &quoted[end + 3..]),
                None => (quoted.strip_suffix('\'').unwrap_or(quoted), ""),
            },
            None => after.split_once(", ").unwrap_or((after, "")),
        };
        put(&mut fields, name, Field::scalar(text));
        rest = next;
    }
    Field::Object(fields)
}

/// `Trigger t for constraint fk on items: time=0.123 calls=4`; without VERBOSE a constraint stands for the trigger's name.
fn trigger<'t>(key: &'t str, value: &'t str) -> Field<'t> {
    let mut fields: Fields<'t> = Vec::new();
    let name = key.strip_prefix("Trigger ").unwrap_or(key);
    let (name, relation) = name.rsplit_once(" on ").map_or((name, None), |(name, on)| (name, Some(on)));
    let (name, constraint) = match name.strip_prefix("for constraint ") {
        Some(constraint) => ("", Some(constraint)),
        None => name.split_once(" for constraint ").map_or((name, None), |(name, of)| (name, Some(of))),
    };
    if !name.is_empty() {
        put(&mut fields, "Trigger Name", Field::scalar(name));
    }
    for (key, text) in [("Constraint Name", constraint), ("Relation", relation)] {
        if let Some(text) = text {
            put(&mut fields, key, Field::scalar(text));
        }
    }
    for (key, number) in value.split(' ').filter_map(|pair| pair.split_once('=')) {
        let key = match key {
            "time" => "Time",
            "calls" => "Calls",
            key => key,
        };
        put(&mut fields, key, Field::scalar(number));
    }
    Field::Object(fields)
}

/// `time=0.050 ms  output=1kB  format=text`.
fn serialization(value: &str) -> Fields<'_> {
    let mut fields: Fields<'_> = Vec::new();
    for (key, text) in value.split("  ").filter_map(|pair| pair.trim().split_once('=')) {
        match key {
            "time" => put(&mut fields, "Time", Field::scalar(text.trim_end_matches(" ms"))),
            "output" => put(&mut fields, "Output Volume", Field::scalar(text.trim_end_matches("kB"))),
            "format" => put(&mut fields, "Format", Field::scalar(text)),
            key => put(&mut fields, key, Field::scalar(text)),
        }
    }
    fields
}

/// Whether a line begins what the server says beside the plan.
pub(super) fn introduces(text: &str) -> bool {
    property(text).is_some_and(|(key, _)| matches!(key, "Query Text" | "Query Parameters" | "Query Identifier"))
        || text.contains("Query Text: ")
}
