//! The table of MySQL's and MariaDB's `EXPLAIN`: a row a table, in the order in which they are joined, query block by query
//! block (`sql/opt_explain_traditional.cc`, MariaDB's `sql/sql_explain.cc`). MariaDB's `ANALYZE` adds what happened.

mod build;
mod row;

use super::{
    ReadError, Source,
    grid::Grid,
    text::{Lines, Passage},
};
use crate::plan::{Engine, Plan, PlanBuilder};
use build::Blocks;
use row::Row;

pub(super) use row::is_select_type;

/// Columns of a table without its heading (`mysql -N`), by how many there are.
const COLUMNS: [&[&str]; 3] = [
    &["id", "select_type", "table", "type", "possible_keys", "key", "key_len", "ref", "rows", "extra"],
    &[
        "id",
        "select_type",
        "table",
        "partitions",
        "type",
        "possible_keys",
        "key",
        "key_len",
        "ref",
        "rows",
        "filtered",
        "extra",
    ],
    &[
        "id",
        "select_type",
        "table",
        "type",
        "possible_keys",
        "key",
        "key_len",
        "ref",
        "rows",
        "r_rows",
        "filtered",
        "r_filtered",
        "extra",
    ],
];

/// Whether names of columns are those of the table. Authors leave out columns.
fn wanted(names: &[String]) -> bool {
    let has = |name: &&str| names.iter().any(|n| n == name);
    ["id", "select_type", "table"].iter().all(has) && ["type", "rows", "extra"].iter().any(has)
}

/// Whether names of columns are those of the table's right part.
fn goes_on(names: &[String]) -> bool {
    let known = |name: &String| COLUMNS.iter().any(|columns| columns.contains(&name.as_str()));
    names.len() > 1 && names.iter().all(known) && !names.iter().any(|name| name == "select_type")
}

/// Reads the table that begins on a line, if one does.
pub(super) fn read(lines: &Lines<'_>, at: usize, source: &Source<'_>) -> Option<Passage> {
    let (grid, heading) = match Grid::read(lines, at, wanted) {
        Some(mut grid) => {
            grid.widen(lines, at, goes_on);
            (grid, true)
        }
        None => (headless(lines, at)?, false),
    };
    let mut error = grid.uneven.map(|(line, cells)| {
        let text = lines.get(line).unwrap_or_default();
        let expected = format!("{} cells as in the heading, not {cells}", grid.columns.len());
        lines.error(line, text, text.len() - text.trim_start().len(), expected)
    });
    let mut rows = Vec::with_capacity(grid.rows.len());
    for row in &grid.rows {
        match Row::of(&grid, row, lines) {
            Ok(row) => rows.push(row),
            Err(wrong) => {
                error.get_or_insert(wrong);
                break;
            }
        }
    }
    if rows.is_empty() && error.is_none() {
        let (line, text) = (at, lines.get(at).unwrap_or_default());
        error = heading.then(|| lines.error(line, text, text.len(), "a row for each table"));
    }
    let notes = warnings(lines, at + grid.lines);
    let used = grid.lines + notes.1;
    if rows.is_empty() {
        return Some(Passage { lines: used, plans: Vec::new(), error });
    }
    let plan = plan(&grid, rows, source, lines.number(at), error.is_some(), notes.0);
    Some(Passage::of(used, plan, error))
}

fn plan(
    grid: &Grid,
    rows: Vec<Row>,
    source: &Source<'_>,
    line: u32,
    broken: bool,
    notes: Vec<String>,
) -> Result<Plan, ReadError> {
    let engine = engine(grid, &rows);
    let mut builder = PlanBuilder::new();
    Blocks::of(rows).build(&mut builder)?;
    let mut plan = source.close(builder, engine, line, broken)?;
    plan.analyzed |= grid.has("r_rows");
    plan.notes.extend(notes);
    Ok(plan)
}

/// A table whose heading the client left out.
fn headless(lines: &Lines<'_>, at: usize) -> Option<Grid> {
    let split = |line: &str| -> Option<Vec<String>> {
        let cells: Vec<_> = line.split('\t').map(str::to_owned).collect();
        let number = |cell: &str| cell == "NULL" || cell.parse::<u32>().is_ok();
        (cells.len() >= 10 && number(&cells[0]) && row::is_select_type(&cells[1])).then_some(cells)
    };
    let columns =
        COLUMNS.iter().find(|c| split(lines.get(at).unwrap_or_default()).is_some_and(|x| x.len() == c.len()))?;
    // As if the heading stood above the first row.
    let mut text = columns.join("\t");
    let mut next = at;
    while let Some(line) = lines.get(next).filter(|line| split(line).is_some_and(|cells| cells.len() == columns.len()))
    {
        text.push('\n');
        text.push_str(line);
        next += 1;
    }
    let mut grid = Grid::read(&Lines::of(&text), 0, wanted)?;
    for row in &mut grid.rows {
        row.line = row.line + at - 1;
    }
    grid.lines = next - at;
    Some(grid)
}

/// Which of the two servers wrote a table.
fn engine(grid: &Grid, rows: &[Row]) -> Engine {
    let theirs = grid.has("r_rows")
        || rows.iter().any(|row| {
            ["RECURSIVE UNION", "LATERAL DERIVED"].contains(&row.select_type.as_str())
                || row.key.as_deref().is_some_and(|key| key.starts_with("key0") || key == "distinct_key")
                || row.extra.iter().any(|words| words.contains("flat, ") || words.contains("incremental, "))
        });
    let ours = grid.has("partitions") && grid.has("filtered");
    // MySQL has written both columns since 5.7.
    if theirs || !ours { Engine::MariaDb } else { Engine::MySql }
}

/// What `SHOW WARNINGS` said after the table: `Note 1003 select …`, as a line, a table or records of `\G`; and the lines
/// it takes.
fn warnings(lines: &Lines<'_>, from: usize) -> (Vec<String>, usize) {
    let (mut notes, mut at, mut taken) = (Vec::new(), from, 0);
    while let Some(line) = lines.get(at) {
        let level = line.trim_start().trim_start_matches(['|', '"']).trim_start();
        let known = ["Note", "Warning", "Error"].iter().any(|word| {
            level.strip_prefix(word).is_some_and(|rest| {
                rest.trim_start_matches(|c: char| c.is_whitespace() || "|(Code)\",".contains(c))
                    .starts_with(|c: char| c.is_ascii_digit())
            })
        });
        let described =
            |names: &[String]| ["level", "code", "message"].iter().all(|name| names.iter().any(|n| n == name));
        if known {
            let words: Vec<_> = level.trim_end_matches(['|', '"', ' ']).split(['|', '\t']).map(str::trim).collect();
            notes.push(words.join(" "));
            taken = at + 1 - from;
        } else if let Some(grid) = Grid::read(lines, at, described) {
            notes.extend(grid.rows.iter().map(|row| {
                let cells = ["level", "code", "message"].map(|name| grid.cell(row, name).unwrap_or_default());
                cells.join(" ")
            }));
            at += grid.lines.max(1);
            taken = at - from;
            continue;
        } else if Grid::read(lines, at, wanted).is_some() || at > from + 12 + taken {
            break;
        }
        at += 1;
    }
    (notes, taken)
}

#[cfg(test)]
mod tests;
