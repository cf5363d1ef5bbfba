//! Errors as one clear block: what was attempted, what was answered, where, and what to do next.

use crate::{read::ReadError, server::ServerError, text::one_line};

/// Longest part of a statement's line that is shown around the place of an error.
const SHOWN: usize = 76;

/// A server's error. `statement` is the person's text that [`ServerError::position`] counts in.
///
/// Ends with a line feed; nothing in it acts on a terminal.
#[must_use]
pub fn server(error: &ServerError, statement: Option<&str>) -> String {
    let code = error.code.as_deref().map(|c| format!(" ({})", one_line(c))).unwrap_or_default();
    let mut out = format!("{}: {}{code}\n", one_line(&error.attempted), paragraphs(&error.message));
    if let (Some(statement), Some(position)) = (statement, error.position) {
        out.push_str(&caret(statement, position));
    }
    for (label, text) in [("detail", &error.detail), ("hint", &error.hint), ("next", &error.next)] {
        if let Some(text) = text {
            let line = format!("  {label}: {}\n", paragraphs(text));
            out.push_str(&line);
        }
    }
    out
}

/// A document that could not be read. `name` is the file's, or `standard input`.
///
/// Ends with a line feed; nothing in it acts on a terminal.
#[must_use]
pub fn read(error: &ReadError, name: &str, document: Option<&str>) -> String {
    let mut out = format!("reading {}: {}\n", one_line(name), one_line(&error.to_string()));
    let line = document.and_then(|d| d.lines().nth(error.line.saturating_sub(1) as usize));
    if let Some(line) = line {
        out.push_str(&pointed(line, error.line as usize, error.column as usize));
    }
    out.push_str("  next: pass what EXPLAIN printed, as a file or on standard input; JSON says the most\n");
    out
}

/// Lines after the first are indented, so that they read as one message.
fn paragraphs(text: &str) -> String {
    text.trim().lines().map(|l| one_line(l.trim_end())).collect::<Vec<_>>().join("\n    ")
}

/// The statement's line that holds the character at `position` (from 1), and a caret under it.
fn caret(statement: &str, position: usize) -> String {
    let mut left = position.max(1) - 1;
    let mut last = (0, "");
    for (number, line) in statement.split('\n').enumerate() {
        let length = line.chars().count();
        if left <= length {
            return pointed(line, number + 1, left + 1);
        }
        left -= length + 1;
        last = (number, line);
    }
    pointed(last.1, last.0 + 1, last.1.chars().count() + 1)
}

/// A line with its number and a caret under the column (characters, from 1); a long line is cut around the column.
fn pointed(line: &str, number: usize, column: usize) -> String {
    use unicode_width::UnicodeWidthStr;
    let chars: Vec<char> = line.chars().collect();
    let at = column.saturating_sub(1).min(chars.len());
    let start = if chars.len() > SHOWN { at.saturating_sub(SHOWN / 2).min(chars.len() - SHOWN) } else { 0 };
    let end = (start + SHOWN).min(chars.len());
    let text = |part: &[char]| one_line(&part.iter().collect::<String>());
    let lead = if start > 0 { "…" } else { "" };
    let tail = if end < chars.len() { "…" } else { "" };
    let before = format!("{lead}{}", text(chars.get(start..at).unwrap_or_default()));
    let after = format!("{}{tail}", text(chars.get(at..end).unwrap_or_default()));
    let margin = format!("  {number} | ");
    let shown = format!("{margin}{before}{after}");
    let blanks = " ".repeat(margin.chars().count() - 2);
    format!("{}\n{blanks}| {}^\n", shown.trim_end(), " ".repeat(before.width()))
}

#[cfg(test)]
mod tests {
    use super::{read, server};
    use crate::{
        read::ReadError,
        server::{ErrorKind, ServerError},
    };

    fn at(position: usize) -> ServerError {
        let mut error =
            ServerError::new(ErrorKind::Statement, "explaining the statement", "syntax error at or near \"form\"");
        error.code = Some("42601".into());
        error.position = Some(position);
        error
    }

    #[test]
    fn the_caret_stands_under_the_place_in_the_statements_line() {
        for (statement, position, expected) in [
            ("select * form t", 10, "  1 | select * form t\n    |          ^\n"),
            ("select *\nform t", 10, "  2 | form t\n    | ^\n"),
            ("select '日本' form t", 13, "  1 | select '日本' form t\n    |               ^\n"),
            ("select", 99, "  1 | select\n    |       ^\n"),
            ("", 1, "  1 |\n    | ^\n"),
        ] {
            let text = server(&at(position), Some(statement));
            assert_eq!(
                text,
                format!("explaining the statement: syntax error at or near \"form\" (42601)\n{expected}"),
                "{statement}"
            );
        }
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let statement = format!("{}HERE{}", "a".repeat(500), "b".repeat(500));
        let text = server(&at(501), Some(&statement));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].chars().count() < 90, "{text}");
        let column = lines[2].chars().position(|c| c == '^').unwrap();
        assert_eq!(lines[1].chars().skip(column).take(4).collect::<String>(), "HERE");
    }

    #[test]
    fn what_the_server_adds_stands_below_and_cannot_act_on_the_terminal() {
        let mut error = ServerError::new(ErrorKind::Privilege, "reading shop.orders", "permission denied\x1b[2J");
        error.detail = Some("one\ntwo".into());
        error.next = Some("GRANT SELECT ON orders TO ann".into());
        assert_eq!(
            server(&error, None),
            "reading shop.orders: permission denied␛[2J\n  detail: one\n    two\n  next: GRANT SELECT ON orders TO ann\n"
        );
    }

    #[test]
    fn a_malformed_plan_shows_its_line() {
        let error = ReadError { line: 2, column: 3, expected: "a value".into(), found: "`}`".into() };
        let text = read(&error, "plan.json", Some("{\n  }"));
        assert!(
            text.starts_with(
                "reading plan.json: line 2, column 3: expected a value, found `}`\n  2 |   }\n    |   ^\n"
            ),
            "{text}"
        );
    }
}
