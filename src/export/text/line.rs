//! A line of output: styled pieces that are measured, cut and padded in terminal columns.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::text::one_line;

/// What a piece of text means; [`sgr`] says how that looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Dim,
    Bold,
    /// A tenth or more of the whole.
    Warm,
    /// Four tenths or more of the whole.
    Hot,
    Critical,
    Warning,
    Info,
    Good,
    Bad,
    Changed,
    Sql,
}

/// The parameters of the escape sequence (ECMA-48 "select graphic rendition") for a style. Only the sixteen colours that
/// every terminal's own palette makes readable.
const fn sgr(style: Style) -> &'static str {
    match style {
        Style::Plain => "",
        Style::Dim => "2",
        Style::Bold => "1",
        Style::Warm | Style::Warning | Style::Changed => "33",
        Style::Hot | Style::Bad => "31",
        Style::Critical => "1;31",
        Style::Info | Style::Sql => "36",
        Style::Good => "32",
    }
}

/// One line. Everything pushed is made safe for a terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    pieces: Vec<(Style, String)>,
}

impl Line {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// A line of one piece.
    pub(super) fn of(style: Style, text: impl AsRef<str>) -> Self {
        Self::new().with(style, text)
    }

    pub(super) fn with(mut self, style: Style, text: impl AsRef<str>) -> Self {
        self.push(style, text);
        self
    }

    pub(super) fn push(&mut self, style: Style, text: impl AsRef<str>) {
        let text = one_line(text.as_ref());
        if !text.is_empty() {
            self.pieces.push((style, text));
        }
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.pieces.extend(other.pieces);
    }

    /// Columns it takes.
    pub(super) fn width(&self) -> usize {
        self.pieces.iter().map(|(_, t)| t.width()).sum()
    }

    /// Adds blanks up to `columns`.
    pub(super) fn pad(&mut self, columns: usize) {
        let missing = columns.saturating_sub(self.width());
        if missing > 0 {
            self.pieces.push((Style::Plain, " ".repeat(missing)));
        }
    }

    /// Cuts the line to `columns`, the last of them an ellipsis when something was lost.
    pub(super) fn fit(&mut self, columns: usize) {
        if self.width() <= columns {
            return;
        }
        let mut left = columns.saturating_sub(1);
        let mut kept: Vec<(Style, String)> = Vec::new();
        for (style, text) in self.pieces.drain(..) {
            let head = head(&text, left);
            left -= head.width();
            let whole = head.len() == text.len();
            kept.push((style, head.to_owned()));
            if !whole {
                break;
            }
        }
        if columns > 0 {
            kept.push((Style::Dim, "…".to_owned()));
        }
        self.pieces = kept;
    }

    /// Writes the line without trailing blanks, and a line feed.
    pub(super) fn write(&self, out: &mut String, colour: bool, ascii: bool) {
        let from = out.len();
        let last = self.pieces.iter().rposition(|(_, t)| !t.trim_end().is_empty());
        for (i, (style, text)) in self.pieces.iter().enumerate().take(last.map_or(0, |l| l + 1)) {
            let text = if Some(i) == last { text.trim_end() } else { text };
            let code = sgr(*style);
            if colour && !code.is_empty() {
                out.push_str("\x1b[");
                out.push_str(code);
                out.push('m');
                out.push_str(text);
                out.push_str("\x1b[0m");
            } else {
                out.push_str(text);
            }
        }
        if ascii && !out.get(from..).unwrap_or_default().is_ascii() {
            let plain: String = out.get(from..).unwrap_or_default().chars().map(transliterated).collect();
            out.truncate(from);
            out.push_str(&plain);
        }
        out.push('\n');
    }
}

/// The first graphemes of a text that take at most `columns`.
fn head(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += grapheme.width();
        if used > columns {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}

/// One column for one column, so that what was aligned stays aligned.
const fn transliterated(c: char) -> char {
    match c {
        '─' | '·' | '–' | '—' => '-',
        '│' | '├' => '|',
        '└' => '`',
        '→' | '≥' => '>',
        '×' => 'x',
        '…' | '⋯' => '~',
        '█' | '▉' | '▊' | '▋' | '▌' => '#',
        '▍' | '▎' | '▏' => '.',
        '↵' => ' ',
        '\u{2400}'..='\u{2426}' => '?',
        c => c,
    }
}

/// Breaks a text at blanks into lines of at most `columns`; a longer word is broken inside.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for mut word in text.split_whitespace() {
        let room = columns.saturating_sub(line.width() + 1);
        if !line.is_empty() && word.width() > room {
            lines.push(std::mem::take(&mut line));
        }
        while word.width() > columns {
            let part = head(word, columns);
            if part.is_empty() {
                break;
            }
            lines.push(part.to_owned());
            word = word.get(part.len()..).unwrap_or_default();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{Line, Style, wrap};

    fn written(line: &Line, colour: bool, ascii: bool) -> String {
        let mut out = String::new();
        line.write(&mut out, colour, ascii);
        out
    }

    #[test]
    fn a_line_is_cut_by_columns_and_not_by_bytes() {
        for (text, columns, expected) in [
            ("abcdef", 6, "abcdef\n"),
            ("abcdefg", 6, "abcde…\n"),
            ("日本語", 5, "日本…\n"),
            ("日本語", 4, "日…\n"),
            ("ab", 0, "\n"),
        ] {
            let mut line = Line::of(Style::Plain, text);
            line.fit(columns);
            assert!(line.width() <= columns);
            assert_eq!(written(&line, false, false), expected);
        }
    }

    #[test]
    fn no_line_ends_with_blanks_and_colour_is_closed_again() {
        let mut line = Line::of(Style::Hot, "hot  ").with(Style::Plain, "   ");
        line.pad(40);
        assert_eq!(written(&line, false, false), "hot\n");
        assert_eq!(written(&line, true, false), "\x1b[31mhot\x1b[0m\n");
    }

    #[test]
    fn text_from_a_server_cannot_colour_or_break_the_line() {
        let line = Line::of(Style::Plain, "a\x1b[31mb\nc");
        assert_eq!(written(&line, true, false), "a␛[31mb↵c\n");
        assert_eq!(written(&line, true, true), "a?[31mb c\n");
    }

    #[test]
    fn words_wrap_and_a_word_too_long_is_broken() {
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("aaaaaaaaaa b", 4), ["aaaa", "aaaa", "aa b"]);
        assert_eq!(wrap("x 日本語", 3), ["x", "日", "本", "語"]);
        assert!(wrap("  ", 4).is_empty());
    }
}
