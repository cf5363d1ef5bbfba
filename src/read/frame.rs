//! What clients draw around a plan, taken away without moving a line.

mod marks;
mod quotes;

use std::borrow::Cow;

use super::log;
use marks::Marks;

/// A text without frames.
pub(super) struct Unframed<'t> {
    /// What is left.
    pub(super) text: Cow<'t, str>,
    /// Whether each line of it is the same line of the given text.
    pub(super) same_lines: bool,
}

/// Takes away psql's borders and continuations, mysql's box, quotes of spreadsheets and of pgAdmin, numbers and marks before
/// every line, a log's CSV, and the escapes of mysql's batch mode. Plain documents pass unchanged.
pub(super) fn unframe(text: &str) -> Unframed<'_> {
    let begin = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    // A document of its own has no frame, and may be large.
    if begin.starts_with(['{', '[']) && !begin.starts_with("{\\n") && !framed(begin) {
        return Unframed { text: Cow::Borrowed(text), same_lines: true };
    }
    // mysql --batch prints a line feed as the two characters `\n`: outside a string, so it is no JSON.
    if text.lines().any(|row| row.starts_with("{\\n")) {
        return Unframed { text: Cow::Owned(unescape_batch(text)), same_lines: false };
    }
    let text = match log::cells(text) {
        Some(cells) => Cow::Owned(cells),
        None => Cow::Borrowed(text),
    };
    let text = match quotes::unquote(&text) {
        Some(unquoted) => Cow::Owned(unquoted),
        None => text,
    };
    let text = match &text {
        Cow::Borrowed(text) => by_line(text),
        Cow::Owned(text) => Cow::Owned(by_line(text).into_owned()),
    };
    Unframed { text, same_lines: true }
}

/// Takes away what stands before and behind each line.
fn by_line(text: &str) -> Cow<'_, str> {
    let marks = Marks::of(text);
    if marks.none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let end = line.len() - line.trim_end_matches(['\n', '\r']).len();
        let (row, end) = line.split_at(line.len() - end);
        marks.take(row, &mut out);
        out.push_str(end);
    }
    Cow::Owned(out)
}

/// Whether a text that begins like a document has lines as a client ends them.
fn framed(text: &str) -> bool {
    text.lines().take(3).any(|row| row.trim_end().ends_with(['+', '|', '↵', '│', '║']))
}

fn unescape_batch(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('0') => out.push('\0'),
                Some('\\') | None => out.push('\\'),
                Some(other) => out.extend(['\\', other]),
            },
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
