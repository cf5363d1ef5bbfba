//! A text of one line being typed: what to search for, a name, a value.

use crate::keys::Command;

/// The text and the cursor in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineEdit {
    text: String,
    /// Byte of the cursor, on a character's border.
    at: usize,
}

impl LineEdit {
    /// A text with the cursor at its end.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { at: text.len(), text }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What stands before the cursor, and what after.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        self.text.split_at(self.at)
    }

    /// Types a character; control characters have no place on one line.
    pub fn insert(&mut self, c: char) {
        if !c.is_control() {
            self.text.insert(self.at, c);
            self.at += c.len_utf8();
        }
    }

    /// Puts a pasted text in, its line ends as blanks.
    pub fn paste(&mut self, text: &str) {
        text.trim().chars().for_each(|c| self.insert(if c == '\n' || c == '\t' { ' ' } else { c }));
    }

    /// Does an editing command; false when the command is none of a line's.
    pub fn command(&mut self, command: Command) -> bool {
        let before = &self.text[..self.at];
        let left = before.char_indices().next_back().map_or(0, |(at, _)| at);
        let right = self.text[self.at..].chars().next().map_or(self.at, |c| self.at + c.len_utf8());
        let word = before.trim_end_matches(|c: char| !is_word(c)).trim_end_matches(is_word).len();
        match command {
            Command::CharLeft => self.at = left,
            Command::CharRight => self.at = right,
            Command::WordLeft => self.at = word,
            Command::WordRight => {
                let rest = self.text[self.at..].trim_start_matches(|c: char| !is_word(c)).trim_start_matches(is_word);
                self.at = self.text.len() - rest.len();
            }
            Command::LineStart => self.at = 0,
            Command::LineEnd => self.at = self.text.len(),
            Command::DeleteBack => self.cut(left, self.at),
            Command::DeleteNext => self.cut(self.at, right),
            Command::DeleteWord => self.cut(word, self.at),
            Command::DeleteToStart => self.cut(0, self.at),
            Command::DeleteToEnd => self.text.truncate(self.at),
            _ => return false,
        }
        true
    }

    fn cut(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.at = from;
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::LineEdit;
    use crate::keys::Command::{
        CharLeft, CharRight, DeleteBack, DeleteNext, DeleteToEnd, DeleteToStart, DeleteWord, LineEnd, LineStart,
        NewLine, WordLeft, WordRight,
    };

    #[test]
    fn a_line_is_edited_by_characters_and_words() {
        for (commands, expected) in [
            (&[DeleteBack][..], ("añ be", "")),
            (&[CharLeft, DeleteNext], ("añ be", "")),
            (&[WordLeft, CharLeft, CharLeft], ("a", "ñ beé")),
            (&[WordLeft, DeleteWord], ("", "beé")),
            (&[LineStart, WordRight], ("añ", " beé")),
            (&[LineStart, CharRight, DeleteToEnd], ("a", "")),
            (&[WordLeft, DeleteToStart, LineEnd], ("beé", "")),
            (&[NewLine], ("añ beé", "")),
        ] {
            let mut line = LineEdit::new("añ beé");
            for command in commands {
                assert_eq!(line.command(*command), *command != NewLine);
            }
            assert_eq!(line.parts(), expected, "{commands:?}");
        }
        let mut line = LineEdit::default();
        line.paste(" a\nb\x1b ");
        assert_eq!(line.text(), "a b");
    }
}
