//! What clients draw around a plan, taken away without moving a line.

use std::borrow::Cow;

/// A text without frames.
pub(super) struct Unframed<'t> {
    /// What is left.
    pub(super) text: Cow<'t, str>,
    /// Whether each line of it is the same line of the given text.
    pub(super) same_lines: bool,
}

/// Takes away psql's borders and `+` or `↵` continuations, mysql's box, a spreadsheet's doubled quotes and the escapes of
/// mysql's batch mode. None of these can be part of a JSON document, so plain documents pass unchanged.
pub(super) fn unframe(text: &str) -> Unframed<'_> {
    // mysql --batch prints a line feed as the two characters `\n`: outside a string, so it is no JSON.
    if text.contains("{\\n") {
        return Unframed { text: Cow::Owned(unescape_batch(text)), same_lines: false };
    }
    if text.contains("\"\"Plan\"\"") || text.contains("\"\"query_") {
        return Unframed { text: Cow::Owned(halve_quotes(text)), same_lines: true };
    }
    if !text.lines().any(|line| unframe_line(line).is_some()) {
        return Unframed { text: Cow::Borrowed(text), same_lines: true };
    }
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match unframe_line(line) {
            Some((indent, rest)) => {
                // Blanks keep the columns.
                out.extend(std::iter::repeat_n(' ', indent));
                out.push_str(rest);
                out.push('\n');
            }
            None => out.push_str(line),
        }
    }
    Unframed { text: Cow::Owned(out), same_lines: true }
}

/// The line inside a frame, and how many characters stood before it; `None` when there is no frame.
fn unframe_line(line: &str) -> Option<(usize, &str)> {
    const BORDERS: [char; 3] = ['|', '│', '¦'];
    let full = line.trim_end();
    let mut rest = full.trim_end_matches(BORDERS).trim_end();
    rest = rest.strip_suffix(['+', '↵']).unwrap_or(rest);
    let inner = match rest.split_once(BORDERS) {
        // Expanded output repeats the column's name or blanks before the border.
        Some((before, inner)) if matches!(before.trim(), "" | "QUERY PLAN" | "EXPLAIN" | "ANALYZE") => inner,
        _ => rest,
    };
    let indent = rest.chars().count() - inner.chars().count();
    (inner.len() != full.len()).then_some((indent, inner))
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

/// Pairs of quotes become one; a single one, the cell's own, a blank.
fn halve_quotes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '"' {
            out.push(if chars.next_if_eq(&'"').is_some() { '"' } else { ' ' });
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::unframe;

    #[test]
    fn frames_go_and_lines_stay() {
        for (framed, plain) in [
            (" [   +\n   {  +\n", " [\n   {\n"),
            ("| [   +|\n|   {  +|\n| ]    |\n", "  [\n    {\n  ]\n"),
            ("│ [   ↵│\n", "  [\n"),
            ("QUERY PLAN | [  +\n           | ]\n", "             [\n             ]\n"),
            ("| EXPLAIN |\n| {\n \"a\": 1\n} |\n", "  EXPLAIN\n  {\n \"a\": 1\n}\n"),
        ] {
            let out = unframe(framed);
            let trimmed: Vec<_> = out.text.lines().map(str::trim_end).collect();
            assert_eq!(trimmed, plain.lines().collect::<Vec<_>>());
            assert!(out.same_lines);
        }
    }

    #[test]
    fn a_plain_document_passes_unchanged() {
        let text = "{\"Filter\": \"(a || b) + 1 | 2\",\n \"b\": \"x+\"}";
        assert_eq!(unframe(text).text, text);
    }

    #[test]
    fn the_escapes_of_batch_mode_become_lines() {
        assert_eq!(unframe("EXPLAIN\n{\\n  \"a\": \"x\\\\\"y\"\\n}").text, "EXPLAIN\n{\n  \"a\": \"x\\\"y\"\n}");
    }
}
