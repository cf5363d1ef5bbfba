//! What stands before and behind the lines of a text, found out from all of them.

use std::collections::HashMap;

use unicode_width::UnicodeWidthStr;

use super::wrap::Wrap;
use crate::read::log;

/// Borders of boxes.
pub(super) const BORDERS: [char; 4] = ['|', '│', '¦', '║'];
/// So many lines tell how the text is framed.
pub(super) const LOOKED_AT: usize = 2_000;

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
    /// psql's wrapped format.
    wrapped: Option<Wrap>,
    /// psql's expanded output in its old style: `:` stands between the name and a value that goes on.
    colons: bool,
    /// A column of blanks before every line, in which no mark stands.
    padded: bool,
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
        let colon = |row: &&&str| row.trim_start_matches(['|', ' ']).starts_with(": ");
        marks.colons = rows.iter().any(|row| row.contains("[ RECORD ")) && rows.iter().filter(colon).count() > 1;
        marks.continued = continued(&rows);
        marks.wrapped = Wrap::of(&rows);
        marks.padded = matches!(marks.wrapped, Some(Wrap::Blank(_))) && is_padded(&rows);
        marks.numbered = numbered(&rows);
        marks.prefix = prefix(&rows);
        marks
    }

    /// Whether there are none.
    pub(super) fn none(&self) -> bool {
        *self == Self::default()
    }

    /// Adds a line without its marks, and tells whether the next one goes on where it stopped. `begun` is where in `out` the
    /// line begins of which this one is the rest.
    pub(super) fn take(&self, row: &str, begun: Option<usize>, out: &mut String) -> bool {
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
            // A box leaves a column before its border, in which marks stand.
            let bare = bare.strip_suffix(' ').filter(|_| row.trim_end().ends_with(BORDERS)).unwrap_or(bare);
            let (inner, blanks) = inside(bare);
            (row, before) = (inner, blanks);
        }
        if self.colons
            && let Some((blank, rest)) = row.split_once(':').filter(|(blank, _)| blank.trim().is_empty())
        {
            before += blank.len() + 1;
            row = rest;
        }
        let value_goes_on = self.continued.then(|| row.trim_end().strip_suffix(['+', '↵'])).flatten();
        row = value_goes_on.unwrap_or(row);
        let Some(wrap) = self.wrapped else {
            if row.len() < whole.len() {
                out.extend(std::iter::repeat_n(' ', before));
            }
            out.push_str(row);
            return false;
        };
        let mut from = out.len();
        if let Some(begun) = begun {
            row = wrap.resumed(row);
            // The column for marks is blank on other lines.
            row = row.strip_prefix(' ').filter(|_| self.padded).unwrap_or(row);
            from = begun;
        } else {
            out.extend(std::iter::repeat_n(' ', before));
        }
        out.push_str(row);
        // What ends in the mark of a value that goes on is whole.
        let behind = wrap.goes_on(row, &out[from..]).filter(|_| value_goes_on.is_none());
        out.truncate(out.len() - behind.unwrap_or(0));
        behind.is_some()
    }
}

/// The mark before nearly every line, or before the lines of a plan that somebody kept in a comment of a script.
pub(super) fn prefix(rows: &[&str]) -> Option<&'static str> {
    const FIGURES: [&str; 2] = ["(cost=", "(actual "];
    ["> ", "-- ", "# ", "// ", "* "].into_iter().find(|mark| {
        let marked = || rows.iter().filter(|row| row.trim_start().starts_with(mark) || row.trim() == mark.trim());
        let count = marked().count();
        let planned = || marked().any(|row| FIGURES.iter().any(|figures| row.contains(figures)));
        count > 1 && (count * 10 >= rows.len() * 9 || planned())
    })
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

/// Whether every line of a table begins with a blank, borders and rulers aside.
fn is_padded(rows: &[&str]) -> bool {
    let inner = rows.iter().map(|row| row.trim_end().strip_prefix(BORDERS).unwrap_or(row));
    let drawn = |row: &&str| {
        row.starts_with(|c| matches!(c, '-' | '+' | '(' | '\u{2500}'..='\u{2501}' | '\u{2503}'..='\u{257f}'))
    };
    inner.filter(|row| !row.is_empty() && !drawn(row)).all(|row| row.starts_with(' '))
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
