//! Lines that psql broke to fit a width (`\pset format wrapped`), put together again.

use unicode_width::UnicodeWidthStr;

use super::marks::BORDERS;

/// How the broken lines of a text are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrap {
    /// By a character behind the line and, where there is a column for it, before the next.
    Mark(char, bool),
    /// By nothing (`linestyle=old-ascii`): by a string of JSON that is open at the end of a line of so many columns.
    Blank(usize),
}

impl Wrap {
    /// How a text's lines are broken, if they are.
    pub(super) fn of(rows: &[&str]) -> Option<Self> {
        let bare: Vec<&str> = rows.iter().map(without_borders).collect();
        let is_ruler =
            |row: &str| !row.is_empty() && row.trim().chars().all(|c| matches!(c, '-' | '+' | '\u{2500}'..='\u{257f}'));
        let ruler = bare.iter().filter(|row| is_ruler(row)).map(|row| row.trim().width()).max();
        let lines: Vec<&str> = bare.iter().copied().filter(|row| !is_ruler(row)).collect();
        let widest = lines.iter().map(|row| row.trim_end().width()).max()?;
        for mark in ['.', '…'] {
            let ends = |row: &str| row.trim_end().width() == widest && row.trim_end().ends_with(mark);
            let broken = || lines.windows(2).filter(|two| ends(two[0]));
            // Lines as wide may end in the mark of a value that goes on.
            let others = lines
                .iter()
                .any(|row| row.trim_end().width() == widest && !ends(row) && !row.trim_end().ends_with(['+', '↵']));
            // Without borders there is no column for the second mark, and the first stands beyond the ruler.
            let beyond = ruler.is_some_and(|ruler| widest == ruler + 1);
            let before = broken().all(|two| two[1].starts_with(mark));
            if broken().next().is_some() && !others && (beyond || before) {
                return Some(Self::Mark(mark, before));
            }
        }
        let begin = lines.iter().position(|row| matches!(row.trim(), "[" | "{"))?;
        let widest = lines.iter().map(|row| row.width()).max()?;
        let open = |row: &&str| row.width() + 1 >= widest && is_open(row);
        lines[begin..].iter().any(open).then_some(Self::Blank(widest))
    }

    /// Takes the mark away before a line that goes on, or the blank that stands in its place.
    pub(super) fn resumed(self, row: &str) -> &str {
        match self {
            Self::Mark(mark, true) => row.strip_prefix(mark).unwrap_or(row),
            Self::Mark(_, false) | Self::Blank(_) => row,
        }
    }

    /// How many bytes of a line are the mark behind it, if it goes on; `logical` is all of the line so far, this part included.
    pub(super) fn goes_on(self, row: &str, logical: &str) -> Option<usize> {
        match self {
            Self::Mark(mark, _) => {
                let bare = row.trim_end();
                (bare.ends_with(mark) && !bare.ends_with("..")).then(|| row.len() - bare.len() + mark.len_utf8())
            }
            Self::Blank(widest) => {
                let full = row.width() + 1 >= widest;
                (full && is_open(logical)).then(|| usize::from(row.width() >= widest && row.ends_with(' ')))
            }
        }
    }
}

fn without_borders<'r>(row: &'r &str) -> &'r str {
    let inner = row.trim_start().strip_prefix(BORDERS).unwrap_or(row);
    inner.trim_end().strip_suffix(BORDERS).unwrap_or(inner)
}

/// Whether a string of JSON has begun and not ended.
fn is_open(row: &str) -> bool {
    let (mut open, mut escaped) = (false, false);
    for c in row.chars() {
        match c {
            '"' if !escaped => open = !open,
            _ => {}
        }
        escaped = open && c == '\\' && !escaped;
    }
    open
}
