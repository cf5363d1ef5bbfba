//! YAML as PostgreSQL prints it: block style, strings in double quotes with JSON's escapes, flow lists of strings only
//! where lists nest (`explain.c`, `ExplainPropertyListNested`).

use super::{Source, read as read_object, recognises};
use crate::read::{
    ReadError,
    json::{Builder, Kind, unescape},
    log,
    page::{Page, Reading},
};

/// Whether a YAML plan begins on a line.
pub(in crate::read) fn starts(page: Page<'_>, line: usize) -> bool {
    match page.row(line).trim() {
        "- Plan:" | "Plan:" => {
            page.written(line + 1).is_some_and(|next| page.row(next).trim().starts_with("Node Type:"))
        }
        // As auto_explain logs it.
        row => {
            row.starts_with("Query Text: \"")
                && (line + 1..page.count().min(line + 4)).any(|next| page.row(next).trim() == "Plan:")
        }
    }
}

/// Reads the plan that begins on line `start`.
pub(in crate::read) fn read(page: Page<'_>, start: usize, source: &Source<'_>) -> Reading {
    let mut reader = Reader { page, builder: Builder::new(page.text, source.lines), open: Vec::new() };
    let (next, fault) = reader.document(start);
    let error = fault.map(|(at, expected)| source.lines.error(page.text, at, expected));
    let document = reader.builder.finish();
    let source = Source { text: source.text.clone(), broken: error.is_some(), remarks: Vec::new(), ..*source };
    match document.values().next().filter(|value| recognises(*value)).map(|value| read_object(value, &source)) {
        Some(Ok(plan)) => Reading { plans: vec![plan], next, error },
        other => {
            let found: Option<ReadError> = other.and_then(Result::err);
            Reading { plans: Vec::new(), next, error: error.or(found) }
        }
    }
}

type Fault = (usize, &'static str);

struct Reader<'t> {
    page: Page<'t>,
    builder: Builder<'t>,
    /// The columns at which the open objects and lists hold what is in them.
    open: Vec<usize>,
}

/// Blanks before a row, and the row.
fn indented(row: &str) -> (usize, &str) {
    let text = row.trim();
    (row.len() - row.trim_start().len(), text)
}

impl Reader<'_> {
    /// Reads until the document ends; gives the line after it.
    fn document(&mut self, start: usize) -> (usize, Option<Fault>) {
        let (column, first) = indented(self.page.row(start));
        let base = if first.starts_with("- ") { column + 2 } else { column };
        self.builder.begin(Kind::Object, self.page.begin(start) + column);
        self.open.push(base);
        let first = first.strip_prefix("- ").unwrap_or(first);
        if let Err(fault) = self.pair(start, base, first) {
            return (start + 1, Some(fault));
        }
        for line in start + 1..self.page.count() {
            let (column, text) = indented(self.page.row(line));
            if text.is_empty() {
                continue;
            }
            // In a log another plan may follow, at the same column.
            let another = column == base && (text.starts_with("Query Text: ") || log::duration(text).is_some());
            if column < base || another {
                return (line, None);
            }
            while self.open.len() > 1 && self.open.last().is_some_and(|inside| *inside > column) {
                self.open.pop();
                self.builder.end();
            }
            let result = match text.strip_prefix("- ") {
                Some(item) if !item.starts_with(['"', '[']) && key(item).is_some() => {
                    self.builder.begin(Kind::Object, self.page.begin(line) + column);
                    self.open.push(column + 2);
                    self.pair(line, column + 2, item.trim_start())
                }
                Some(item) => self.value(line, item.trim_start()),
                None if key(text).is_some() => self.pair(line, column, text),
                // Whatever stands after the document.
                None if self.open.len() <= 1 || column == base => return (line, None),
                None => Err((self.page.begin(line) + column, "`key: value`")),
            };
            if let Err(fault) = result {
                return (line + 1, Some(fault));
            }
        }
        (self.page.count(), None)
    }

    /// `key: value`, or `key:` before what is further in.
    fn pair(&mut self, line: usize, column: usize, text: &str) -> Result<(), Fault> {
        let Some((name, value)) = key(text) else { return Err((self.page.begin(line) + column, "`key: value`")) };
        self.builder.key(name);
        if !value.is_empty() {
            return self.value(line, value);
        }
        let next = self.page.written(line + 1).map(|next| indented(self.page.row(next)));
        match next {
            Some((inside, text)) if inside > column => {
                let kind = if text.starts_with("- ") { Kind::Array } else { Kind::Object };
                // A node begins where its first key stands.
                let at = self.page.written(line + 1).map_or(0, |next| self.page.begin(next)) + inside;
                self.builder.begin(kind, at);
                self.open.push(inside);
            }
            _ => {
                self.builder.text("");
            }
        }
        Ok(())
    }

    fn value(&mut self, line: usize, value: &str) -> Result<(), Fault> {
        let row = self.page.row(line);
        let at = self.page.begin(line) + row.find(value).unwrap_or(0);
        if let Some(rest) = value.strip_prefix('[') {
            self.builder.begin(Kind::Array, at);
            let mut rest = rest.trim_start();
            while !rest.starts_with(']') {
                let end = quoted(rest).ok_or((at, "a list such as `[\"a\", \"b\"]`"))?;
                self.builder.text(&unescape(&rest[1..end]));
                rest = rest[end + 1..].trim_start_matches([',', ' ']);
            }
            self.builder.end();
            return Ok(());
        }
        if value.starts_with('"') {
            let end = quoted(value).ok_or((at, "the end of this string"))?;
            self.builder.text(&unescape(&value[1..end]));
            return Ok(());
        }
        self.builder.scalar(value);
        Ok(())
    }
}

/// `key: value` and `key:`.
fn key(text: &str) -> Option<(&str, &str)> {
    let (key, value) = match text.split_once(": ") {
        Some((key, value)) => (key, value.trim()),
        None => (text.strip_suffix(':')?, ""),
    };
    let word = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '/' | '_' | '.');
    (!key.is_empty() && key.chars().all(word)).then_some((key, value))
}

/// Where a string that begins here ends: the byte of its closing quote.
fn quoted(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}
