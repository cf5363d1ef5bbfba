//! XML as PostgreSQL prints it: elements and text, no attributes that matter (`explain.c`, `ExplainXMLTag`).

use std::borrow::Cow;

use super::{Source, read as read_object, recognises};
use crate::read::{
    json::{Builder, Document, Kind},
    page::{Page, Reading},
};

/// Whether an XML plan begins on a line.
pub(in crate::read) fn starts(page: Page<'_>, line: usize) -> bool {
    begin(page.row(line)).is_some()
}

fn begin(row: &str) -> Option<usize> {
    // Inside of another program's JSON it is a string, to be unescaped first.
    if row.trim_start().starts_with(['{', '[']) {
        return None;
    }
    ["<explain xmlns", "<explain>", "<Query>", "<Plan>"].iter().filter_map(|tag| row.find(tag)).min()
}

/// Reads the element that begins on line `start`, which may hold several plans.
pub(in crate::read) fn read(page: Page<'_>, start: usize, source: &Source<'_>) -> Reading {
    let at = page.begin(start) + begin(page.row(start)).unwrap_or(0);
    let mut reader =
        Reader { text: page.text, at, builder: Builder::new(page.text, source.lines), open: Vec::new(), pending: None };
    // A bare `<Plan>` gets the object around it.
    reader.builder.begin(Kind::Object, at);
    let fault = reader.element().err();
    let error = fault.map(|(at, expected)| source.lines.error(page.text, at, expected));
    let next = usize::try_from(source.lines.line(reader.at.saturating_sub(1))).unwrap_or(usize::MAX).max(start + 1);
    let document = reader.builder.finish();
    let source = Source { text: source.text.clone(), broken: error.is_some(), remarks: Vec::new(), ..*source };
    let mut reading = Reading { plans: Vec::new(), next, error };
    for statement in statements(&document) {
        match read_object(statement, &source) {
            Ok(plan) => reading.plans.push(plan),
            Err(found) => {
                reading.error.get_or_insert(found);
                break;
            }
        }
    }
    reading
}

/// Objects that hold a plan, those inside of others left out.
fn statements<'d>(document: &'d Document<'d>) -> impl Iterator<Item = crate::read::json::Value<'d>> {
    let mut done = 0;
    document.values().filter(move |value| {
        let found = value.place() >= done && recognises(*value);
        if found {
            done = value.after();
        }
        found
    })
}

type Fault = (usize, String);

struct Reader<'t> {
    text: &'t str,
    at: usize,
    builder: Builder<'t>,
    /// Tags whose elements hold elements, and whether they are lists.
    open: Vec<(&'t str, bool)>,
    /// A tag whose element holds nothing yet, and where it begins.
    pending: Option<(&'t str, usize)>,
}

impl<'t> Reader<'t> {
    /// Reads one element, whole.
    fn element(&mut self) -> Result<(), Fault> {
        loop {
            let rest = &self.text[self.at..];
            let Some(tag) = rest.find('<') else { return Err((self.text.len(), self.missing())) };
            let content = &rest[..tag];
            let start = self.at + tag;
            let Some(end) = rest[tag..].find('>') else { return Err((start, "a tag's end, `>`".to_owned())) };
            let inside = &rest[tag + 1..tag + end];
            self.at = start + end + 1;
            if inside.starts_with(['?', '!']) {
                continue;
            }
            if let Some(name) = inside.strip_prefix('/') {
                self.close(name.trim(), content, start)?;
            } else {
                self.open(inside, start);
                if inside.ends_with('/') {
                    let name = inside.trim_end_matches('/').trim_end();
                    self.close(name.split_whitespace().next().unwrap_or_default(), "", start)?;
                }
            }
            if self.open.is_empty() && self.pending.is_none() {
                return Ok(());
            }
        }
    }

    fn missing(&self) -> String {
        let open = self.pending.or(self.open.last().map(|(tag, _)| (*tag, 0))).map(|(tag, _)| tag);
        open.map_or("an element".to_owned(), |tag| format!("`</{tag}>`"))
    }

    fn open(&mut self, inside: &'t str, start: usize) {
        let name = inside.split([' ', '\n', '\t', '/']).next().unwrap_or_default();
        if let Some((outer, at)) = self.pending.take() {
            self.say(outer);
            // Lists hold `<Item>`s, or elements named by the list's singular.
            let list = name == "Item" || outer.strip_suffix('s') == Some(name);
            self.builder.begin(if list { Kind::Array } else { Kind::Object }, at);
            self.open.push((outer, list));
        }
        self.pending = Some((name, start));
    }

    fn close(&mut self, name: &str, content: &str, start: usize) -> Result<(), Fault> {
        if let Some((open, _)) = self.pending.take() {
            if open != name {
                self.pending = Some((open, start));
                return Err((start, format!("`</{open}>`")));
            }
            self.say(open);
            // An element that holds no other is printed over two lines.
            let content = self.without_margin(content, start);
            let content = if content.trim().is_empty() { content.trim().into() } else { entities(&content) };
            // What lists hold are texts, whatever they look like.
            if content.is_empty() && KEY_LISTS.contains(&open) {
                self.builder.begin(Kind::Array, start);
                self.builder.end();
            } else if self.open.last().is_some_and(|(_, list)| *list) {
                self.builder.text(&content);
            } else {
                self.builder.scalar(&content);
            }
        } else if self.open.last().is_some_and(|(open, _)| *open == name) {
            self.open.pop();
            self.builder.end();
        } else {
            return Err((start, self.missing()));
        }
        Ok(())
    }

    /// A log puts a tab before every line of the plan, and so before each line of a text in it.
    fn without_margin<'c>(&self, content: &'c str, end: usize) -> Cow<'c, str> {
        if !content.contains("\n\t") {
            return Cow::Borrowed(content);
        }
        let tag = end - content.len();
        let line = self.text[..tag].rfind('\n').map_or(0, |at| at + 1);
        // The server itself indents by blanks.
        let logged = self.text[line..].starts_with('\t');
        if logged { Cow::Owned(content.replace("\n\t", "\n")) } else { Cow::Borrowed(content) }
    }

    fn say(&mut self, tag: &str) {
        self.builder.key(&key(tag));
    }
}

/// Elements that are lists even when they hold nothing: the keys of an empty grouping set.
const KEY_LISTS: [&str; 2] = ["Group-Key", "Hash-Key"];

/// The key a tag was made of: everything but letters and digits became `-`.
fn key(tag: &str) -> Cow<'_, str> {
    const HYPHENS: [&str; 3] = ["One-Time", "Full-sort", "Pre-sorted"];
    if !tag.contains('-') {
        return Cow::Borrowed(tag);
    }
    let mut key = tag.replace("I-O-", "I/O ").replace('-', " ");
    for word in HYPHENS {
        key = key.replace(&word.replace('-', " "), word);
    }
    Cow::Owned(key)
}

/// Text with its entities resolved.
fn entities(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = rest.find(';').filter(|end| *end <= 8).and_then(|end| Some((end, entity(&rest[1..end])?)));
        let (end, c) = known.unwrap_or((0, '&'));
        out.push(c);
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn entity(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let code = name.strip_prefix('#')?;
            let number = match code.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => code.parse(),
            };
            char::from_u32(number.ok()?)
        }
    }
}
