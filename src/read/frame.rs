//! What clients draw around a plan, taken away without moving a line.

mod marks;
mod quotes;
mod wrap;

use std::borrow::Cow;

use super::{ReadError, log};
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
    if begins_document(begin) && !(begin.starts_with("{\\n") || begin.starts_with("[\\n")) && !framed(begin) {
        return Unframed { text: Cow::Borrowed(text), same_lines: true };
    }
    // mysql --batch prints a line feed as the two characters `\n`: outside a string, so it is no JSON.
    if text.lines().any(|row| row.starts_with("{\\n") || row.starts_with("[\\n")) {
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

/// A text with the signs that a page writes for `<`, `>`, `"` and `&`; `None` when no arrow of a plan is written so.
pub(super) fn unescaped(text: &str) -> Option<String> {
    // A large document seldom has the sign at all, and one byte is found faster than six.
    if !text.contains('&') {
        return None;
    }
    let arrow = text.match_indices("-&gt;").any(|(at, _)| {
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        text[line..at].replace("&nbsp;", " ").trim_start_matches(['|', '"', ' ', '\t']).is_empty()
    });
    arrow.then(|| {
        let plain = text.replace("&gt;", ">").replace("&lt;", "<").replace("&quot;", "\"").replace("&#39;", "'");
        plain.replace("&nbsp;", " ").replace("&amp;", "&")
    })
}

/// The text without a comment's mark before its lines, which stay where they are; `None` when there is none.
pub(super) fn uncommented(text: &str) -> Option<String> {
    let rows: Vec<&str> = text.lines().take(marks::LOOKED_AT).filter(|row| !row.trim().is_empty()).collect();
    let mark = marks::prefix(&rows)?.trim();
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        out.push_str(line.trim_start_matches(' ').strip_prefix(mark).unwrap_or(line));
    }
    Some(out)
}

/// Takes away what stands before and behind each line.
fn by_line(text: &str) -> Cow<'_, str> {
    let marks = Marks::of(text);
    if marks.none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    // Where a line begins that the next one goes on, and the line ends it owes: they follow the whole.
    let (mut begun, mut owed) = (None, String::new());
    for line in text.split_inclusive('\n') {
        let end = line.len() - line.trim_end_matches(['\n', '\r']).len();
        let (row, end) = line.split_at(line.len() - end);
        let start = begun.unwrap_or(out.len());
        owed.push_str(end);
        begun = marks.take(row, begun, &mut out).then_some(start);
        if begun.is_none() {
            out.push_str(&owed);
            owed.clear();
        }
    }
    out.push_str(&owed);
    Cow::Owned(out)
}

/// Whether a text begins with a bracket that more of a document follows; `[10:42]` and `{{` are none.
pub(super) fn begins_document(text: &str) -> bool {
    let inside = |open: char, signs: &[char]| {
        text.strip_prefix(open).is_some_and(|rest| rest.trim_start().starts_with(signs) || rest.trim().is_empty())
    };
    inside('{', &['"', '}']) || inside('[', &['{', '[', '"', ']'])
}

/// Whether a text that begins like a document has lines as a client ends them.
fn framed(text: &str) -> bool {
    text.lines().take(3).any(|row| row.trim_end().ends_with(['+', '|', '↵', '│', '║']))
}

/// An error's place in a text of which [`unescape_batch`] made the one that was read.
pub(super) fn place_in_batch(text: &str, error: ReadError) -> ReadError {
    let (mut line, mut column) = (1, 1);
    // What was read, character by character, with the line and the column it stands on in the text.
    let (mut read_line, mut read_column) = (1, 1);
    let mut chars = text.chars().peekable();
    while (read_line, read_column) < (error.line, error.column) {
        let Some(c) = chars.next() else { break };
        let (mut read, mut wide) = (c, 1);
        if c == '\\'
            && let Some(plain) = chars.peek().and_then(|c| escaped(*c))
        {
            chars.next();
            (read, wide) = (plain, 2);
        }
        if read == '\n' {
            (read_line, read_column) = (read_line + 1, 1);
        } else {
            read_column += 1;
        }
        (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + wide) };
    }
    ReadError { line, column, ..error }
}

/// What a character after a backslash stands for.
const fn escaped(c: char) -> Option<char> {
    match c {
        'n' => Some('\n'),
        't' => Some('\t'),
        '0' => Some('\0'),
        '\\' => Some('\\'),
        _ => None,
    }
}

fn unescape_batch(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next().map(|c| (c, escaped(c))) {
                Some((_, Some(plain))) => out.push(plain),
                Some((other, None)) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
