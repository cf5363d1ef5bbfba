//! What pasting, printing and logging did to a text, undone before anything looks for a plan in it.
//!
//! Three kinds: signs that stand for others ([`signs`]), what stands around each line ([`layers`], [`prefix`]), and pages
//! ([`markup`]). They are taken off one after the other, as often as there are any: a numbered citation of quoted lines is all three.
//! What a program printed as its own values is read last, when nothing else was a plan, or when each line of a plan is a value
//! ([`values`]).

mod layers;
mod markup;
mod place;
mod prefix;
mod signs;
mod values;

use std::borrow::Cow;

pub(super) use place::placed;
pub(super) use values::{of_strings, values};

/// So many lines tell what stands around all.
const LOOKED_AT: usize = 2_000;
/// Nobody wraps a plan more often.
const MOST: usize = 8;

/// The text as it was before it was pasted, as far as that can be told; `None` when it is as it was.
pub(super) fn undone(text: &str) -> Option<String> {
    let mut out = signs::plain(text);
    if let Some(page) = markup::text(out.as_deref().unwrap_or(text)) {
        out = Some(page);
    }
    if let Some(close) = spaced(out.as_deref().unwrap_or(text)) {
        out = Some(close);
    }
    if let Some(ended) = ended(out.as_deref().unwrap_or(text)) {
        out = Some(ended);
    }
    for _ in 0..MOST {
        let now = out.as_deref().unwrap_or(text);
        let rows: Vec<&str> = now.lines().take(LOOKED_AT).filter(|row| !row.trim().is_empty()).collect();
        match layers::without(now, &rows).or_else(|| prefix::without(now, &rows)) {
            Some(next) => out = Some(next),
            None => break,
        }
    }
    out
}

/// A table whose lines something put an empty one between, without those: an empty line would end it.
fn spaced(text: &str) -> Option<String> {
    const LEAST: usize = 3;
    if !(text.contains("select_type") || text.contains("operator info")) {
        return None;
    }
    let blank = |row: &str| row.trim().is_empty();
    let rows = || text.trim_end().lines().skip_while(|row| blank(row));
    let even = rows().enumerate().all(|(at, row)| blank(row) == (at % 2 == 1));
    (even && rows().nth(LEAST).is_some()).then(|| rows().step_by(2).fold(String::new(), |out, row| out + row + "\n"))
}

/// Without a statement's end behind the plan's last line.
fn ended(text: &str) -> Option<String> {
    let bare = text.trim_end().strip_suffix(';')?;
    let last = &bare[bare.rfind('\n').map_or(0, |at| at + 1)..];
    let inside = tells(last) || last.starts_with(' ') || last.ends_with([']', '}', '|', '+']) || last.ends_with(" ms");
    (inside && !last.contains(';')).then(|| bare.to_owned() + "\n")
}

/// Whether a line holds what only lines of a plan do.
fn tells(row: &str) -> bool {
    const MARKS: [&str; 18] = [
        "(cost=",
        "(actual ",
        "->  ",
        "-> ",
        "\"Node Type\"",
        "\"query_block\"",
        "\"table_name\"",
        "\"operation\"",
        "| SIMPLE",
        "| PRIMARY",
        "select_type",
        "\tSIMPLE\t",
        "\tPRIMARY\t",
        "<Node-Type>",
        "Node Type: ",
        "(never executed)",
        "operator info",
        "cop[tikv]",
    ];
    MARKS.iter().any(|mark| row.contains(mark))
}

/// The text with those lines replaced of which something else is made; the ends of lines stay.
fn by_line<'t>(text: &'t str, inside: impl Fn(&'t str) -> Option<Cow<'t, str>>) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let row = line.trim_end_matches(['\n', '\r']);
        match inside(row) {
            Some(kept) => {
                out.push_str(&kept);
                out.push_str(&line[row.len()..]);
            }
            None => out.push_str(line),
        }
    }
    out
}
