//! Sorts that read a table. The sort's clock runs while the table is read for it; what is done between two rows (keys made, rows kept and
//! compared, conditions checked) is stated as the table's other time, and so is what is done between two rows when they are passed on
//! sorted. Measured on 11.8: a sort of 100,000 rows states 407 ms, its table 83 ms of reading and 324 ms besides. A table that is filled
//! from others is filled before the sort's clock begins.

use std::borrow::Cow;

use super::overlap::number;
use crate::read::json::Value;

/// How the time of a sort and of its table is divided, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sorted {
    /// The sort's own.
    pub(super) own: f64,
    /// How much of it the table states as its other time.
    pub(super) moved: f64,
    /// The table's condition calls functions, so that no one can tell its part of the table's other time from the sort's: the table keeps
    /// all of it.
    pub(super) untold: bool,
}

impl Sorted {
    /// Divides the times of a sort that reads a table; `None` where they are not stated.
    pub(super) fn of(sort: Value<'_>) -> Option<Self> {
        let table = sort.get("table")?;
        let (whole, reading) = (number(sort, "r_total_time_ms")?, number(table, "r_table_time_ms")?);
        let other = number(table, "r_other_time_ms").unwrap_or(0.0).max(0.0);
        // Where the sort keeps places of rows, they are read once more behind it, and only limits are known of what was spent in it.
        let (least, most) = ((whole - reading).clamp(0.0, other), whole.clamp(0.0, other));
        let keeps_rows = sort.get("r_sort_mode").and_then(Value::text).is_some_and(|mode| mode.contains("addon"));
        let work = Work::of(sort, table);
        let all = work.sorting + work.checking + work.passing;
        let within = if keeps_rows || all <= 0.0 {
            least
        } else {
            (other * (work.sorting + work.checking) / all).clamp(least, most)
        };
        let inside = work.sorting + work.checking;
        let untold = conditions(table).any(|text| calls(&text)) && work.sorting > 0.0 && within > 0.0;
        let moved = match inside {
            _ if untold => 0.0,
            inside if inside > 0.0 => within * work.sorting / inside,
            _ => within,
        };
        Some(Self { own: moved + (whole - reading - other).max(0.0), moved, untold })
    }
}

/// What is checked of a table's rows while they are read.
pub(super) fn conditions(table: Value<'_>) -> impl Iterator<Item = Cow<'_, str>> {
    ["attached_condition", "index_condition"].into_iter().filter_map(move |key| table.get(key)?.text())
}

/// Whether a condition calls a function or matches a pattern: what that takes may be anything. Column comparisons all take about the same.
pub(super) fn calls(condition: &str) -> bool {
    // Names in backquotes and values in quotes are no calls.
    let mut quote = None;
    let mut bare = String::with_capacity(condition.len());
    for c in condition.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '\'' | '"' | '`') => quote = Some(c),
            None => bare.push(c),
        }
    }
    let named = |(at, _): (usize, &str)| bare[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    bare.match_indices('(').any(named) || bare.split_whitespace().any(|word| matches!(word, "regexp" | "rlike"))
}

/// What is done between rows, in units of what checking a row's condition takes: no clock tells them apart.
struct Work {
    /// Making keys and comparing them: a row's way through a sort of n takes log2(n) comparisons, each a third of a check.
    sorting: f64,
    checking: f64,
    passing: f64,
}

impl Work {
    fn of(sort: Value<'_>, table: Value<'_>) -> Self {
        let times = |value: Value<'_>| number(value, "r_loops").unwrap_or(1.0);
        let read = number(table, "r_rows").unwrap_or(0.0) * times(table);
        let sorted = read * number(table, "r_filtered").unwrap_or(100.0) / 100.0;
        let kept = number(sort, "r_limit").map_or(sorted, |limit| limit.min(sorted));
        let checks = conditions(table).next().is_some();
        Self {
            sorting: sorted * (1.0 + kept.max(1.0).log2() / 3.0),
            checking: if checks { read } else { 0.0 },
            passing: number(sort, "r_output_rows").unwrap_or(0.0) * times(sort),
        }
    }
}
