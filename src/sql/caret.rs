//! Where in a statement an error is, for people.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::text::one_line;

/// Terminal columns an excerpt may take.
const WIDTH: usize = 72;

/// A place in a text, with an excerpt of its line. `Display` writes the excerpt and, below it, the marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caret {
    /// Line, from 1.
    pub line: usize,
    /// Character of the line, from 1.
    pub column: usize,
    /// The line, or the part of it around the place, with control characters made visible.
    pub excerpt: String,
    /// Blanks and a `^` that stands under the place.
    pub marker: String,
}

/// The place of a character, counted from 1 as PostgreSQL counts. One past the end is the end of the text; anything
/// beyond it, and 0, is nowhere.
#[must_use]
pub fn caret(sql: &str, position: usize) -> Option<Caret> {
    let before = position.checked_sub(1)?;
    let at = sql.char_indices().map(|(at, _)| at).chain([sql.len()]).nth(before)?;
    let (head, tail) = sql.split_at(at);
    let line_start = head.rfind('\n').map_or(0, |newline| newline + 1);
    let left = &head[line_start..];
    let right = tail.split('\n').next().unwrap_or_default().trim_end_matches('\r');

    let shown_left = clip_left(&one_line(left), WIDTH * 2 / 3);
    let room = WIDTH.saturating_sub(shown_left.width());
    let shown_right = clip_right(&one_line(right), room);
    Some(Caret {
        line: head.matches('\n').count() + 1,
        column: left.chars().count() + 1,
        marker: format!("{}^", " ".repeat(shown_left.width())),
        excerpt: format!("{shown_left}{shown_right}"),
    })
}

/// The end of a text, no wider than `width`.
fn clip_left(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut room = width.saturating_sub(1);
    let mut kept: Vec<char> = text.chars().rev().take_while(|c| fits(*c, &mut room)).collect();
    kept.push('…');
    kept.iter().rev().collect()
}

/// The beginning of a text, no wider than `width`.
fn clip_right(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut room = width.saturating_sub(1);
    text.chars().take_while(|c| fits(*c, &mut room)).chain(['…']).collect()
}

fn fits(c: char, room: &mut usize) -> bool {
    let width = c.width().unwrap_or(0);
    *room >= width && {
        *room -= width;
        true
    }
}

impl std::fmt::Display for Caret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let label = format!("line {}: ", self.line);
        writeln!(f, "{label}{}", self.excerpt)?;
        write!(f, "{}{}", " ".repeat(label.len()), self.marker)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    use super::{WIDTH, caret};

    #[test]
    fn the_marker_stands_under_the_character() {
        for (sql, position, line, column, shown) in [
            ("select\n  frm x", 10, 2, 3, "line 2:   frm x\n          ^"),
            ("select é 日 x", 12, 1, 12, "line 1: select é 日 x\n                    ^"),
            ("select", 7, 1, 7, "line 1: select\n              ^"),
            ("a\tb\x1b", 3, 1, 3, "line 1: a b␛\n          ^"),
        ] {
            let caret = caret(sql, position).unwrap();
            assert_eq!((caret.line, caret.column), (line, column), "{sql}");
            assert_eq!(caret.to_string(), shown, "{sql}");
        }
    }

    #[test]
    fn places_outside_the_text_are_nowhere() {
        assert_eq!(caret("select", 0), None);
        assert_eq!(caret("select", 8), None);
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let sql = format!("{}HERE{}", "x ".repeat(500), " y".repeat(500));
        let caret = caret(&sql, 1001).unwrap();
        assert!(caret.excerpt.starts_with('…') && caret.excerpt.ends_with('…') && caret.excerpt.width() <= WIDTH);
        assert_eq!(&caret.excerpt.chars().skip(caret.marker.width() - 1).take(4).collect::<String>(), "HERE");
    }

    proptest! {
        #[test]
        fn any_place_of_any_text_gives_an_excerpt_that_fits(sql in "\\PC{0,200}", position in 0_usize..220) {
            if let Some(caret) = caret(&sql, position) {
                prop_assert!(caret.excerpt.width() <= WIDTH + 1);
                prop_assert!(caret.marker.width() <= WIDTH + 1);
            }
        }
    }
}
