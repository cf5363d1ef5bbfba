//! What stands before and behind the lines of a text, found out from all of them.

use std::collections::HashMap;

use unicode_width::UnicodeWidthStr;

use crate::read::log;

/// Borders of boxes.
const BORDERS: [char; 4] = ['|', '│', '¦', '║'];
/// So many lines tell how the text is framed.
const LOOKED_AT: usize = 2_000;

/// The marks of a text.
#[derive(Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing to take away, in any combination")]
pub(super) struct Marks {
    /// `+` or `↵` behind a line means that a value goes on.
    continued: bool,
    /// Borders of a box, or of the columns of expanded output.
    boxed: bool,
    /// psql's expanded output without borders: the column's name before every line.
    named: bool,
    /// psql's wrapped format: this character behind a broken line and before the next.
    wrapped: Option<char>,
    /// Line numbers.
    numbered: bool,
    /// A comment's or a citation's mark.
    prefix: Option<&'static str>,
    /// What syslog puts before each line.
    syslog: bool,
}

impl Marks {
    /// Looks for marks.
    pub(super) fn of(text: &str) -> Self {
        let rows: Vec<&str> = text.lines().take(LOOKED_AT).filter(|row| !row.trim().is_empty()).collect();
        let mut marks = Self { syslog: rows.iter().any(|row| log::without_syslog(row).is_some()), ..Self::default() };
        marks.named = rows.iter().any(|row| row.starts_with("* Record "))
            && rows.iter().any(|row| row.starts_with("QUERY PLAN "));
        marks.boxed = rows.iter().any(|row| {
            let row = row.trim_end();
            row.trim_start().starts_with(BORDERS)
                || row.ends_with(BORDERS)
                || row.starts_with("QUERY PLAN |")
                || row.starts_with("QUERY PLAN │")
        });
        marks.continued = continued(&rows);
        marks.wrapped = wrapped(&rows);
        marks.numbered = numbered(&rows);
        marks.prefix = ["> ", "-- ", "# ", "// ", "* "].into_iter().find(|mark| {
            let marked =
                rows.iter().filter(|row| row.trim_start().starts_with(mark) || row.trim() == mark.trim()).count();
            marked > 1 && marked * 10 >= rows.len() * 9
        });
        marks
    }

    /// Whether there are none.
    pub(super) fn none(&self) -> bool {
        *self == Self::default()
    }

    /// Adds a line without its marks.
    pub(super) fn take(&self, row: &str, out: &mut String) {
        let whole = row;
        let from_syslog = if self.syslog { log::without_syslog(row) } else { None };
        let mut row = from_syslog.as_deref().unwrap_or(row);
        if self.numbered {
            row = number(row).map_or(row, |(_, rest)| rest);
        }
        if let Some(mark) = self.prefix {
            row = row.trim_start().strip_prefix(mark.trim()).unwrap_or(row);
        }
        if self.named {
            row = row.strip_prefix("QUERY PLAN ").or_else(|| row.strip_prefix("           ")).unwrap_or(row);
        }
        // What went in front is blank now, so that columns stay.
        let mut before = 0;
        if self.boxed {
            let bare = row.trim_end().trim_end_matches(BORDERS);
            let (inner, blanks) = inside(bare);
            (row, before) = (inner, blanks);
        }
        if self.continued {
            let bare = row.trim_end();
            row = bare.strip_suffix(['+', '↵']).unwrap_or(row);
        }
        if let Some(mark) = self.wrapped {
            let bare = row.trim_end();
            row = bare.strip_suffix(mark).filter(|_| !bare.ends_with("..")).unwrap_or(row);
            row = row.strip_prefix(mark).unwrap_or(row);
        }
        if row.len() == whole.len() {
            out.push_str(row);
            return;
        }
        out.extend(std::iter::repeat_n(' ', before));
        out.push_str(row);
    }
}

/// What is inside of a border on the left, and how many columns stood before it.
fn inside(row: &str) -> (&str, usize) {
    let mut inner = row;
    // A box has a border of its own before the column's name of expanded output.
    for _ in 0..2 {
        match inner.split_once(BORDERS) {
            Some((before, rest)) if matches!(before.trim(), "" | "QUERY PLAN" | "EXPLAIN" | "ANALYZE") => inner = rest,
            _ => break,
        }
    }
    (inner, row.chars().count() - inner.chars().count())
}

/// Whether lines end in a mark of continuation: all at one column, or at that where the heading's line ends. A formula may end so too.
fn continued(rows: &[&str]) -> bool {
    let mut columns: HashMap<usize, usize> = HashMap::new();
    let mut rulers = Vec::new();
    for row in rows {
        let bare = row.trim_end().trim_end_matches(BORDERS).trim_end();
        if bare.len() > 2 && bare.trim_start().chars().all(|c| matches!(c, '-' | '─' | '═')) {
            rulers.push(bare.width());
        } else if bare.ends_with('↵') {
            return true;
        } else if let Some(before) = bare.strip_suffix('+')
            && !before.trim_start().starts_with("+-")
        {
            *columns.entry(before.width()).or_default() += 1;
        }
    }
    let all: usize = columns.values().sum();
    all * 2 >= rows.len().max(1) || columns.iter().any(|(column, count)| *count > 1 || rulers.contains(&(column + 1)))
}

/// psql's wrapped format: the widest lines end in a mark, all of them, and each is followed by one that begins with it.
fn wrapped(rows: &[&str]) -> Option<char> {
    let bare = |row: &&str| -> String {
        let row = row.trim_end().trim_end_matches(BORDERS).trim_end();
        row.trim_start_matches(BORDERS).to_owned()
    };
    let rows: Vec<String> =
        rows.iter().map(bare).filter(|row| !row.trim().chars().all(|c| matches!(c, '-' | '─' | '═'))).collect();
    let widest = rows.iter().map(|row| row.width()).max().unwrap_or(0);
    ['.', '…'].into_iter().find(|mark| {
        let mut broken = rows.iter().zip(rows.iter().skip(1)).filter(|(row, _)| row.width() == widest).peekable();
        let goes_on = |(row, next): (&String, &String)| row.ends_with(*mark) && next.starts_with(*mark);
        broken.peek().is_some() && broken.all(goes_on)
    })
}

/// Whether nearly every line begins with the number after the one before.
fn numbered(rows: &[&str]) -> bool {
    let numbers: Vec<u64> = rows.iter().filter_map(|row| number(row)).map(|(n, _)| n).collect();
    let steps = numbers.windows(2).filter(|two| two[0].checked_add(1) == Some(two[1])).count();
    numbers.len() > 1 && numbers.len() * 10 >= rows.len() * 8 && steps + 1 == numbers.len()
}

/// `12: rest`, `12 rest`, `12|rest`, `12.<tab>rest`.
fn number(row: &str) -> Option<(u64, &str)> {
    let text = row.trim_start();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number = text[..digits].parse().ok()?;
    let rest = &text[digits..];
    let rest = rest.strip_prefix([':', '.', ')', '|', '│']).unwrap_or(rest);
    let rest = rest.strip_prefix('\t').or_else(|| rest.strip_prefix(' ')).or(rest.is_empty().then_some(rest))?;
    Some((number, rest))
}
