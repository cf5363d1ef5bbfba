//! A tree whose indentation was lost on its way (a chat, a form, a cell that trims): which line stands under which follows, as far as
//! it does, from what each operation takes in. Lines stand in pre-order, a join takes two inputs, a scan none.

use super::words;

/// A line that may still get inputs, or is on the way to one.
struct Open {
    /// How deep it stands; the lines above it on the way are less deep, each by one.
    depth: usize,
    /// How many inputs it lacks.
    left: usize,
    words: String,
    /// Where the query block that it is part of begins.
    block: usize,
}

/// Inputs of what takes any number of them.
const MANY: usize = usize::MAX;

/// The way to the last line.
#[derive(Default)]
pub(super) struct Flat {
    path: Vec<Open>,
}

impl Flat {
    /// Whether something stands under an operation in any tree.
    pub(super) fn takes_inputs(operation: &str) -> bool {
        inputs(operation) > 0
    }

    /// How deep a line stands; `None` when nothing above lacks an input: it begins the next tree.
    pub(super) fn place(&mut self, words: &str, heading: bool) -> Option<usize> {
        let (depth, block) = match words.strip_prefix("Select #").filter(|_| heading) {
            Some(number) => self.subquery(number),
            None => (self.input(words)?, None),
        };
        self.path.truncate(depth);
        let above = self.path.last().map_or(0, |above| above.block);
        let left = if heading { 1 } else { inputs(words) };
        self.path.push(Open { depth, left, words: words.to_owned(), block: block.unwrap_or(above) });
        Some(depth)
    }

    /// The depth of an input of what last lacked one.
    fn input(&mut self, words: &str) -> Option<usize> {
        let Some(last) = self.path.last() else { return Some(0) };
        // What a scan reads is seldom made below it.
        if makes_a_table(words) && reads_a_table(&last.words) {
            return Some(last.depth + 1);
        }
        let above = self.path.iter_mut().rev().find(|open| open.left > 0)?;
        above.left = if above.left == MANY { MANY } else { above.left - 1 };
        Some(above.depth + 1)
    }

    /// The depth of `Select #2 (…)`, and of the block below it: under the line that names it, else beside the whole.
    fn subquery(&self, number: &str) -> (usize, Option<usize>) {
        let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
        let name = format!("select #{digits})");
        let asks = self.path.iter().rev().find(|open| open.words.contains(&name));
        let depth = match asks {
            Some(asks) if number.contains("(subquery in projection") => asks.block,
            Some(asks) => asks.depth + 1,
            None => 0,
        };
        (depth, Some(depth + 1))
    }
}

/// How many inputs an operation has.
fn inputs(operation: &str) -> usize {
    let raw = words::parse(operation);
    match raw.access_type.as_deref() {
        Some("materialize") if operation.contains("printed elsewhere") => 0,
        Some("materialize") if raw.combines => MANY,
        Some("materialize") if raw.recursive => 2,
        Some("append" | "rowid_union" | "rowid_intersection" | "index_merge") => MANY,
        Some("join") => 2,
        None if operation.starts_with("Alternative plans") => 2,
        None if operation.starts_with('<') => 0,
        None
        | Some(
            "filter"
            | "sort"
            | "limit"
            | "aggregate"
            | "stream"
            | "window"
            | "materialize"
            | "temp_table_aggregate"
            | "invalidate_materialized_tables"
            | "remove_duplicates_on_index"
            | "insert_values"
            | "replace_values"
            | "delete_rows"
            | "update_rows",
        ) => 1,
        Some(_) => 0,
    }
}

/// Whether an operation fills a table that only the scan above it reads.
fn makes_a_table(operation: &str) -> bool {
    let kind = words::parse(operation).access_type;
    matches!(
        kind.as_deref(),
        Some("materialize" | "temp_table_aggregate" | "materialize_information_schema" | "materialized_table_function")
    )
}

fn reads_a_table(operation: &str) -> bool {
    matches!(words::parse(operation).access_type.as_deref(), Some("table" | "index"))
}
