//! The text of the query.
//!
//! [`TextArea`] is kept as editing state (text, cursor, undo); it is never drawn as a widget: the screen draws the
//! lines itself, with colours the widget has no way to give.

use std::ops::Range;

use ratatui_textarea::{CursorMove, DataCursor, TextArea};

use crate::{
    keys::Command,
    plan::Engine,
    sql::{self, Span, Token},
};

/// The query being typed.
#[derive(Debug, Clone, Default)]
pub struct Editor {
    area: TextArea<'static>,
    /// What each piece of each line is; renewed when the text changes, not when it is drawn.
    tokens: Vec<Vec<(Range<usize>, Token)>>,
    /// Whether keys go into the text.
    pub typing: bool,
    /// Line and column an error was at, from 0; gone with the next change.
    pub mark: Option<(usize, usize)>,
    /// Whether the text changed since it was kept.
    pub dirty: bool,
    /// The text is that of last time and was not touched yet: what is typed takes its place.
    pub offered: bool,
}

impl Editor {
    /// A text of more lines is not coloured: it is data, or a plan to be read.
    const COLOURED: usize = 1_000;

    /// Lines without their ends.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        self.area.lines()
    }

    /// Line and column (characters) of the cursor, from 0.
    #[must_use]
    pub fn cursor(&self) -> (usize, usize) {
        let DataCursor(line, column) = self.area.cursor();
        (line, column)
    }

    /// Pieces of each line for colouring, as byte ranges; empty for a text too long to colour while it is typed.
    #[must_use]
    pub fn tokens(&self) -> &[Vec<(Range<usize>, Token)>] {
        &self.tokens
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines().join("\n")
    }

    /// Whether there is nothing but blanks.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.lines().iter().all(|line| line.trim().is_empty())
    }

    /// Replaces the text; the change can be undone.
    pub fn set_text(&mut self, text: &str) {
        self.area.select_all();
        self.area.cut();
        self.area.insert_str(normal(text));
        self.area.move_cursor(CursorMove::Top);
        self.area.move_cursor(CursorMove::Head);
        self.changed();
    }

    /// Replaces a part of the text; the change can be undone. The cursor goes to its start.
    pub fn replace(&mut self, span: Span, text: &str) {
        let whole = self.text();
        let (Some(before), Some(after)) = (whole.get(..span.start), whole.get(span.end..)) else { return };
        // What was trimmed from the statement's ends stays.
        let old = whole.get(span.start..span.end).unwrap_or_default();
        let lead = &old[..old.len() - old.trim_start().len()];
        let new = format!("{before}{lead}{text}{after}");
        self.set_text(&new);
        self.jump(span.start + lead.len());
    }

    /// Takes the text of last time away if it was only offered; tells whether it did. The change can be undone.
    fn take_offer(&mut self) -> bool {
        let offered = std::mem::take(&mut self.offered);
        if offered {
            self.area.select_all();
            self.area.cut();
        }
        offered
    }

    /// Types a character.
    pub fn insert(&mut self, c: char) {
        self.take_offer();
        self.area.insert_char(c);
        self.changed();
    }

    /// Types a word for what was begun at a byte of the text before the cursor.
    pub fn finish(&mut self, from: usize, word: &str) {
        let begun = self.text().get(from..self.offset()).map_or(0, |t| t.chars().count());
        for _ in 0..begun {
            self.area.delete_char();
        }
        self.area.insert_str(word);
        self.changed();
    }

    /// Puts a pasted text in.
    pub fn paste(&mut self, text: &str) {
        self.take_offer();
        self.area.insert_str(normal(text));
        self.changed();
    }

    /// Does an editing command; false when the command is none.
    pub fn command(&mut self, command: Command) -> bool {
        let movement = match command {
            Command::CharLeft => CursorMove::Back,
            Command::CharRight => CursorMove::Forward,
            Command::LineUp => CursorMove::Up,
            Command::LineDown => CursorMove::Down,
            Command::WordLeft => CursorMove::WordBack,
            Command::WordRight => CursorMove::WordForward,
            Command::LineStart => CursorMove::Head,
            Command::LineEnd => CursorMove::End,
            Command::TextStart => CursorMove::Top,
            Command::TextEnd => CursorMove::Bottom,
            _ => return self.change(command),
        };
        self.offered = false;
        self.area.move_cursor(movement);
        match command {
            Command::TextStart => self.area.move_cursor(CursorMove::Head),
            Command::TextEnd => self.area.move_cursor(CursorMove::End),
            _ => {}
        }
        true
    }

    fn change(&mut self, command: Command) -> bool {
        let takes = command == Command::DeleteBack;
        if takes && self.take_offer() {
            self.changed();
            return true;
        }
        match command {
            Command::NewLine => self.area.insert_newline(),
            Command::Indent => {
                self.area.insert_str("  ");
            }
            Command::DeleteBack => {
                self.area.delete_char();
            }
            Command::DeleteNext => {
                self.area.delete_next_char();
            }
            Command::DeleteWord => {
                self.area.delete_word();
            }
            Command::DeleteNextWord => {
                self.area.delete_next_word();
            }
            Command::DeleteToEnd => {
                self.area.delete_line_by_end();
            }
            Command::DeleteToStart => {
                self.area.delete_line_by_head();
            }
            Command::Undo => {
                self.area.undo();
            }
            Command::Redo => {
                self.area.redo();
            }
            _ => return false,
        }
        self.changed();
        true
    }

    fn changed(&mut self) {
        self.mark = None;
        self.offered = false;
        self.dirty = true;
        self.tokens =
            if self.lines().len() > Self::COLOURED { Vec::new() } else { sql::highlight_lines(self.lines(), None) };
    }

    /// The statement under the cursor: its place, its text, and which of how many it is, from 1.
    #[must_use]
    pub fn statement(&self, engine: Engine) -> Option<(Span, String, usize, usize)> {
        let text = self.text();
        let offset = self.offset();
        let all: Vec<Span> = sql::split(&text, engine)
            .into_iter()
            .filter(|s| text.get(s.start..s.end).is_some_and(|t| !t.trim().is_empty()))
            .collect();
        let at = all.iter().rposition(|s| s.start <= offset).unwrap_or(0);
        let span = *all.get(at)?;
        Some((span, text.get(span.start..span.end)?.trim().to_owned(), at + 1, all.len()))
    }

    /// Byte of the text the cursor stands at.
    #[must_use]
    pub fn offset(&self) -> usize {
        let (line, column) = self.cursor();
        let before: usize = self.lines().iter().take(line).map(|l| l.len() + 1).sum();
        let here = self.lines().get(line).map_or("", String::as_str);
        before + here.char_indices().nth(column).map_or(here.len(), |(at, _)| at)
    }

    /// Puts the cursor at a byte of the text.
    pub fn jump(&mut self, byte: usize) {
        let mut rest = byte;
        let mut place = (0, 0);
        for (number, line) in self.lines().iter().enumerate() {
            place = (number, line.get(..rest).unwrap_or(line).chars().count());
            if rest <= line.len() {
                break;
            }
            rest -= line.len() + 1;
        }
        self.to(place);
    }

    fn to(&mut self, (line, column): (usize, usize)) {
        let jump = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        self.area.move_cursor(CursorMove::Jump(jump(line), jump(column)));
    }

    /// Marks a character of a statement that starts at byte `start` of the text and puts the cursor there.
    ///
    /// `position` counts characters from 1, as servers do.
    pub fn mark_error(&mut self, start: usize, position: usize) {
        let text = self.text();
        let lead = text.get(start..).map_or(0, |t| t.len() - t.trim_start().len());
        let before = text.get(..start + lead).map_or(0, |t| t.chars().count());
        let target = (before + position.saturating_sub(1)).min(text.chars().count());
        let (mut line, mut column) = (0, 0);
        for c in text.chars().take(target) {
            (line, column) = if c == '\n' { (line + 1, 0) } else { (line, column + 1) };
        }
        self.to((line, column));
        self.mark = Some((line, column));
    }
}

/// Line ends as line feeds.
fn normal(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

#[cfg(test)]
mod tests {
    use super::Editor;
    use crate::keys::Command;

    #[test]
    fn an_error_position_counts_characters_across_lines() {
        let mut editor = Editor::default();
        editor.set_text("séléct\n  form");
        editor.mark_error(0, 10);
        assert_eq!((editor.mark, editor.cursor()), (Some((1, 2)), (1, 2)));
        editor.insert('x');
        assert_eq!(editor.mark, None);
    }

    #[test]
    fn a_replaced_text_can_be_taken_back() {
        let mut editor = Editor::default();
        editor.set_text("select 1");
        editor.set_text("a\r\nb");
        assert_eq!(editor.lines(), ["a", "b"]);
        editor.command(Command::Undo);
        editor.command(Command::Undo);
        assert_eq!(editor.text(), "select 1");
    }
}
