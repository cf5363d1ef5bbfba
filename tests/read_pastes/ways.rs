//! The ways of pasting.

mod clients;
mod marks;

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// PostgreSQL's text.
    Text,
    /// JSON of any server.
    Json,
    /// PostgreSQL's YAML.
    Yaml,
    /// PostgreSQL's XML.
    Xml,
    /// MySQL's tree.
    Tree,
    /// The table of MySQL and MariaDB.
    Table,
}

use Kind::{Json, Table, Text, Tree, Xml, Yaml};

/// A way's name, what is pasted so, and how.
pub(super) type Way = (&'static str, &'static [Kind], fn(&str) -> String);

pub(super) const ALL: &[Kind] = &[Text, Json, Yaml, Xml, Tree, Table];
/// What has no quotes and no marks of its own at both ends of a line.
pub(super) const LINES: &[Kind] = &[Text, Yaml, Xml, Tree, Table];
/// Results of one column: a row a line.
pub(super) const COLUMN: &[Kind] = &[Text, Tree];
pub(super) const DOCUMENTS: &[Kind] = &[Json, Yaml, Xml, Tree, Text];

/// Each line by itself.
pub(super) fn each(text: &str, f: impl Fn(usize, &str) -> String) -> String {
    let lines: Vec<String> = text.trim_end().lines().enumerate().map(|(i, line)| f(i, line)).collect();
    lines.join("\n") + "\n"
}

pub(super) fn before(text: &str, mark: &str) -> String {
    each(text, |_, line| format!("{mark}{line}"))
}

/// As a string of JSON, without its quotes.
pub(super) fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

pub(super) fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Blanks at the beginning of a line.
pub(super) fn indented_with(line: &str, blank: &str) -> String {
    let bare = line.trim_start_matches(' ');
    blank.repeat(line.len() - bare.len()) + bare
}

/// The cells of a table of mysql's.
pub(super) fn cells(text: &str) -> Vec<Vec<String>> {
    let rows = text.lines().filter(|line| line.starts_with('|'));
    rows.map(|line| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

pub(super) fn table(text: &str, row: impl Fn(usize, &[String]) -> String) -> String {
    cells(text).iter().enumerate().map(|(i, cells)| row(i, cells) + "\n").collect()
}

/// A row after the heading as pairs of name and value.
pub(super) fn records(text: &str, field: impl Fn(&str, &str) -> String, join: &str, around: (&str, &str)) -> String {
    let all = cells(text);
    let rows = all[1..].iter().map(|row| {
        let fields: Vec<String> = all[0].iter().zip(row).map(|(name, cell)| field(name, cell)).collect();
        format!("{}{}{}", around.0, fields.join(join), around.1)
    });
    rows.collect()
}

pub(super) fn name(text: &str) -> &'static str {
    if text.trim_start().starts_with("-> ") { "EXPLAIN" } else { "QUERY PLAN" }
}

/// Every way.
pub(super) fn all() -> impl Iterator<Item = &'static Way> {
    marks::WAYS.iter().chain(clients::WAYS)
}
