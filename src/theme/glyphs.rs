//! What lines, bars and marks are drawn with: Unicode, or ASCII for terminals and fonts without it.

use ratatui::symbols::border;

/// A set of drawing characters. Every text is one column wide unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    /// Whether this is the ASCII set; keys are then named in words.
    pub ascii: bool,
    /// Borders of panes.
    pub border: border::Set<'static>,
    /// A child that has siblings after it, three columns.
    pub branch: &'static str,
    /// The last child, three columns.
    pub corner: &'static str,
    /// A line that goes on to a sibling below, three columns.
    pub trunk: &'static str,
    /// An open node.
    pub open: &'static str,
    /// A closed node.
    pub closed: &'static str,
    /// A bar, from empty to full eighths; the last is a full cell.
    pub bar: &'static [&'static str],
    /// The cell of a bar that is not filled.
    pub track: &'static str,
    /// What marks the row under the cursor.
    pub cursor: &'static str,
    /// From estimated to actual, from before to after; two columns in ASCII, where one would read as "greater than".
    pub arrow: &'static str,
    /// Something bad.
    pub bad: &'static str,
    /// Something to look at.
    pub warn: &'static str,
    /// Something to know.
    pub info: &'static str,
    /// Proved.
    pub yes: &'static str,
    /// Rejected.
    pub no: &'static str,
    /// Not known.
    pub unknown: &'static str,
    /// Between things on one line.
    pub dot: &'static str,
    /// Text that was cut.
    pub ellipsis: &'static str,
    /// A node that changed.
    pub changed: &'static str,
    /// A node that is new.
    pub added: &'static str,
    /// A node that is gone.
    pub removed: &'static str,
    /// Frames of the sign that something works.
    pub spinner: &'static [&'static str],
    /// Something was written about it.
    pub note: &'static str,
    /// Smallest first.
    pub rising: &'static str,
    /// More of it above.
    pub above: &'static str,
    /// More of it below.
    pub below: &'static str,
    /// A horizontal rule.
    pub rule: &'static str,
    /// Times, before a number.
    pub times: &'static str,
}

/// Box drawing and block characters.
pub static UNICODE: Glyphs = Glyphs {
    ascii: false,
    border: border::ROUNDED,
    branch: "├─ ",
    corner: "└─ ",
    trunk: "│  ",
    open: "▾",
    closed: "▸",
    bar: &["", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
    track: "·",
    cursor: "▌",
    arrow: "→",
    bad: "✖",
    warn: "▲",
    info: "●",
    yes: "✔",
    no: "✖",
    unknown: "?",
    dot: "·",
    ellipsis: "…",
    changed: "~",
    added: "+",
    removed: "-",
    spinner: &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
    note: "✎",
    rising: "▴",
    above: "↑",
    below: "↓",
    rule: "─",
    times: "×",
};

/// Nothing beyond ASCII.
pub static ASCII: Glyphs = Glyphs {
    ascii: true,
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
    branch: "|- ",
    corner: "`- ",
    trunk: "|  ",
    open: "v",
    closed: ">",
    bar: &["", "#"],
    track: ".",
    cursor: ">",
    arrow: "->",
    bad: "X",
    warn: "!",
    info: "i",
    yes: "Y",
    no: "N",
    unknown: "?",
    dot: "-",
    ellipsis: "~",
    changed: "~",
    added: "+",
    removed: "-",
    spinner: &["|", "/", "-", "\\"],
    note: "*",
    rising: "^",
    above: "^",
    below: "v",
    rule: "-",
    times: "x",
};

impl Glyphs {
    /// The set for a terminal: ASCII when wanted, when the environment's character set is not UTF-8, or when the terminal has
    /// not got the characters.
    #[must_use]
    pub fn choose(ascii: bool, variable: impl Fn(&str) -> Option<String>) -> &'static Self {
        let set = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| variable(name).filter(|v| !v.is_empty()));
        // The console of Linux has 512 characters and no eighths of a block.
        let poor =
            variable("TERM").is_some_and(|term| ["linux", "vt100", "vt102", "vt220", "dumb"].contains(&term.as_str()));
        // "C" and "POSIX" say nothing about the terminal (containers have them); only a named other set does. tmux and
        // screen take them at their word, though, and show an underscore for everything that is not ASCII.
        let multiplexed = ["TMUX", "STY"].iter().any(|name| variable(name).is_some_and(|v| !v.is_empty()));
        let plain = |locale: &str| multiplexed && ["C", "POSIX"].contains(&locale);
        let other = poor
            || set.as_deref().is_some_and(plain)
            || set.is_some_and(|locale| {
                locale
                    .split_once('.')
                    .is_some_and(|(_, charset)| !charset.to_ascii_lowercase().replace('-', "").starts_with("utf8"))
            });
        if ascii || other { &ASCII } else { &UNICODE }
    }

    /// A bar of `width` cells filled to `part` (0 to 1); something above zero never shows as nothing.
    #[must_use]
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "bounded by the width"
    )]
    pub fn bar(&self, part: f64, width: usize) -> String {
        let steps = self.bar.len() - 1;
        let part = if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 };
        let mut filled = (part * (width * steps) as f64).round() as usize;
        if part > 0.0 {
            filled = filled.max(1);
        }
        let mut out = self.bar[steps].repeat(filled / steps);
        out.push_str(self.bar[filled % steps]);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::{ASCII, Glyphs, UNICODE};

    #[test]
    fn a_bar_is_as_long_as_its_part() {
        for (part, width, bar) in
            [(0.0, 4, ""), (0.001, 4, "▏"), (0.5, 4, "██"), (1.0, 4, "████"), (f64::NAN, 4, ""), (2.0, 2, "██")]
        {
            assert_eq!(UNICODE.bar(part, width), bar, "{part}");
        }
        assert_eq!(ASCII.bar(0.6, 5), "###");
    }

    #[test]
    fn the_ascii_set_is_ascii() {
        assert!(format!("{ASCII:?}").is_ascii());
    }

    #[test]
    fn only_a_named_other_character_set_asks_for_ascii() {
        for (lang, ascii) in
            [(Some("de_DE.UTF-8"), false), (Some("C"), false), (None, false), (Some("de_DE.ISO-8859-1"), true)]
        {
            let glyphs = Glyphs::choose(false, |name| (name == "LANG").then(|| lang.map(str::to_owned)).flatten());
            assert_eq!(glyphs.ascii, ascii, "{lang:?}");
        }
        assert!(Glyphs::choose(true, |_| None).ascii);
        for (set, ascii) in [
            (&[("TERM", "linux"), ("LANG", "de_DE.UTF-8")][..], true),
            (&[("TMUX", "/tmp/x"), ("LANG", "C")], true),
            (&[("TMUX", "/tmp/x"), ("LANG", "C"), ("LC_ALL", "C.UTF-8")], false),
            (&[("TMUX", "/tmp/x")], false),
        ] {
            let variable = |name: &str| set.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
            assert_eq!(Glyphs::choose(false, variable).ascii, ascii, "{set:?}");
        }
    }
}
