//! Telling the first line of a text plan from everything else people paste.

use super::{
    header::{HIDDEN, header},
    property::property,
    rows::{arrow, is_ruler},
    statement::introduces,
};
use crate::read::page::Page;

/// Names of nodes that stand alone, without what they work on.
const BARE: [&str; 33] = [
    "Result",
    "ProjectSet",
    "Append",
    "Merge Append",
    "Recursive Union",
    "BitmapAnd",
    "BitmapOr",
    "Nested Loop",
    "Hash Join",
    "Merge Join",
    "Gather",
    "Gather Merge",
    "Materialize",
    "Memoize",
    "Sort",
    "Incremental Sort",
    "Group",
    "Aggregate",
    "GroupAggregate",
    "HashAggregate",
    "MixedAggregate",
    "WindowAgg",
    "Unique",
    "LockRows",
    "Limit",
    "Hash",
    "SetOp",
    "HashSetOp",
    "Foreign Scan",
    "Custom Scan",
    "ModifyTable",
    "Sequence",
    "Partition Selector",
];

/// Whether a text plan begins on a line.
pub(in crate::read) fn starts(page: Page<'_>, line: usize) -> bool {
    let row = page.row(line).trim();
    let row = arrow(row).unwrap_or(row);
    // COSTS OFF leaves of a node that did not run its name and this.
    let row = row.strip_suffix("(never executed)").map_or(row, str::trim_end);
    if !row.starts_with(|c: char| c.is_ascii_uppercase()) && !row.starts_with("???") {
        return false;
    }
    // Figures tell a node of any name, unless they stand in a sentence or a statement.
    if let Some(at) =
        ["(cost=", "(actual time=", "(actual rows=", "(Current loop: "].iter().filter_map(|mark| row.find(mark)).min()
    {
        let hidden = || {
            let value = row[at..].split_once('=').map_or("", |(_, rest)| rest);
            value.starts_with(HIDDEN) && row[at..].contains(')')
        };
        let figures = row[at..].contains(|c: char| c.is_ascii_digit()) || hidden();
        let (name, group) = row.split_at(at);
        // A line that ends within them was broken there.
        let whole = !group.starts_with("(cost=")
            || hidden()
            || group.split(')').next().is_some_and(|group| group.contains("..") && group.contains("rows="))
            || !group.contains(')');
        return at > 1 && figures && name.ends_with([' ', '\t']) && ((whole && !is_said(name)) || goes_on(page, line));
    }
    let bare = is_bare(row);
    if !bare && !reads(row) {
        // Broken within its name or figures: `Sort  (cos`.
        return row.split_once("  (").is_some_and(|(name, _)| is_bare(name) || reads(name)) && is_headed(page, line);
    }
    if is_headed(page, line) || is_asked(page, line) {
        return true;
    }
    let Some(next) = page.written(line + 1) else {
        // Nothing else, or only the statement before it.
        return !bare || page.written(0) == Some(line);
    };
    let (here, below) = (page.row(line), page.row(next));
    let further = below.len() - below.trim_start().len() > here.len() - here.trim_start().len();
    let below = below.trim();
    let inside = arrow(below).is_some()
        || property(below).is_some()
        || ["CTE ", "InitPlan ", "SubPlan ", "Insert on ", "Update on ", "Delete on ", "Merge on "]
            .iter()
            .any(|word| below.starts_with(word));
    let after = property(below).is_some_and(|(key, _)| key.starts_with("Planning") || key == "Settings");
    // The next plan right below, as `psql -At` prints them.
    let another = next == line + 1 && !further && (is_bare(below) || reads(below));
    next <= line + 2 && ((further && inside) || (!bare && (after || another || is_end(below))))
}

/// Whether words that figures follow are somebody's about a node: names of nodes begin with capitals, up to what they work on.
fn is_said(name: &str) -> bool {
    let end = [" on ", " using ", " ("].iter().filter_map(|mark| name.find(mark)).min().unwrap_or(name.len());
    let node = &name[..end];
    let small = |word: &str| word.starts_with(|c: char| c.is_ascii_lowercase()) && !matches!(word, "for" | "by" | "of");
    node.contains(['"', '\'', '`']) || node.contains(": ") || node.contains("->") || node.split(' ').any(small)
}

/// Whether the next line with something on it is one of a plan.
fn goes_on(page: Page<'_>, line: usize) -> bool {
    page.written(line + 1).is_some_and(|next| {
        let row = page.row(next).trim();
        arrow(row).is_some() || property(row).is_some()
    })
}

/// Whether the line is one of the names.
fn is_bare(row: &str) -> bool {
    let mut name = row;
    for word in ["Parallel ", "Async ", "Partial ", "Finalize "] {
        name = name.strip_prefix(word).unwrap_or(name);
    }
    let joins =
        ["Hash ", "Merge ", "Nested Loop "].iter().any(|join| name.starts_with(join)) && name.ends_with(" Join");
    let sets = ["SetOp ", "HashSetOp "].iter().any(|set| name.starts_with(set));
    BARE.contains(&name) || joins || sets || (name.starts_with("Custom Scan (") && name.ends_with(')'))
}

/// Whether the line is a node that says on what it works, and nothing more.
fn reads(row: &str) -> bool {
    let (node, _) = header(row);
    let scan = node.kind.ends_with("Scan") || node.kind == "ModifyTable";
    let has = |key: &str| node.fields.iter().any(|(k, _)| k == key);
    scan && (has("Alias") || has("Index Name")) && !has("Note")
}

/// Whether a client's heading or a log's statement stands right above.
fn is_headed(page: Page<'_>, line: usize) -> bool {
    let mut above = (0..line).rev().map(|i| page.row(i).trim()).filter(|row| !row.is_empty());
    let first = above.next();
    let heading = |row: &str| {
        let row = row.trim_matches(['|', ' ', '"', '│', '║']);
        row.starts_with("QUERY PLA") || row == "EXPLAIN" || introduces(row) || row.contains(" plan:")
    };
    match first {
        Some(row) if is_ruler(row) => {
            above.take(6).take_while(|row| !is_end(row)).any(heading) || row.contains("RECORD 1 ]")
        }
        Some(row) => heading(row),
        None => false,
    }
}

/// So many lines an EXPLAIN above its plan may have.
const ASKED: usize = 60;

/// Whether the statement that ends right above is an EXPLAIN, a prompt before it or not.
fn is_asked(page: Page<'_>, line: usize) -> bool {
    let mut above = (line.saturating_sub(ASKED)..line).rev().map(|i| page.row(i).trim()).filter(|row| !row.is_empty());
    let begins = |row: &str| {
        let asked = row.split_once("=# ").or_else(|| row.split_once("=> ")).map_or(row, |(_, rest)| rest);
        asked.get(..8).is_some_and(|word| word.eq_ignore_ascii_case("explain "))
    };
    match above.next() {
        Some(row) if row.ends_with(';') => {
            begins(row) || above.take_while(|row| !row.ends_with(';') && !is_end(row)).any(begins)
        }
        _ => false,
    }
}

/// Whether a line ends what a client printed.
fn is_end(row: &str) -> bool {
    (row.starts_with('(') && row.ends_with(')') && row[1..].starts_with(|c: char| c.is_ascii_digit())) || is_ruler(row)
}
