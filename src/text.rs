//! Text from a server is data: control and escape characters are made visible before they reach a terminal, a file or a clipboard.

use std::borrow::Cow;

/// Whether a character may act on a terminal or hide text: C0, DEL, C1, and bidirectional overrides.
#[must_use]
pub const fn is_hostile(c: char) -> bool {
    matches!(c, '\0'..='\x08' | '\x0b'..='\x1f' | '\x7f'..='\u{9f}'
        | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// The text with hostile characters replaced by visible ones (`␛` for ESC, `\u{202e}` for an override).
/// Line feeds and tabs stay.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\r' => out.push('␍'),
            c if c.is_ascii_control() && c < ' ' && is_hostile(c) => {
                out.push(char::from_u32(0x2400 + c as u32).unwrap_or('␦'));
            }
            '\x7f' => out.push('␡'),
            c if is_hostile(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// [`visible`] on one line: line feeds become `↵`, tabs a blank.
#[must_use]
pub fn one_line(text: &str) -> String {
    visible(text).replace('\n', "↵").replace('\t', " ")
}

/// A statement on one line, each space between its words a blank, hostile characters visible.
#[must_use]
pub fn squeezed(sql: &str) -> String {
    one_line(&sql.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The first letters of a text, an ellipsis for what is left out.
#[must_use]
pub fn beginning(text: &str, letters: usize) -> String {
    match text.char_indices().nth(letters) {
        Some((at, _)) => format!("{}…", text[..at].trim_end()),
        None => text.to_owned(),
    }
}

/// The line a byte of a text stands on, from 1.
#[must_use]
pub fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).fold(1, |lines, b| lines + usize::from(b == b'\n'))
}

#[cfg(test)]
mod tests {
    use super::{beginning, line_of, one_line, squeezed, visible};

    #[test]
    fn a_long_text_is_cut_where_a_letter_ends() {
        for (text, shown) in [("äöü", "äöü"), ("äöüß", "äöü…"), ("ab cd", "ab…"), ("", "")] {
            assert_eq!(beginning(text, 3), shown, "{text}");
        }
    }

    #[test]
    fn lines_are_counted_from_one() {
        for (byte, line) in [(0, 1), (1, 1), (2, 2), (3, 2), (99, 3)] {
            assert_eq!(line_of("a\nb\nc", byte), line, "{byte}");
        }
    }

    #[test]
    fn escape_sequences_are_shown_and_not_sent() {
        assert_eq!(visible("a\x1b[31mb"), "a␛[31mb");
        assert_eq!(visible("\u{9b}31m"), "\\u{9b}31m");
        assert_eq!(visible("x\u{202e}y"), "x\\u{202e}y");
        assert_eq!(visible("plain\n\ttext é 日"), "plain\n\ttext é 日");
        assert_eq!(one_line("a\nb\tc\x07"), "a↵b c␇");
        assert_eq!(squeezed(" select\n\t1,\r\n  '\x07'"), "select 1, '␇'");
    }
}
