//! Tables as clients print them: boxes, borders or none, tabs, commas, one record after another (`\G`); each row with the
//! line it stands on.

use super::text::Lines;

/// A printed table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grid {
    /// Names of the columns, in lower case.
    pub(super) columns: Vec<String>,
    /// The rows.
    pub(super) rows: Vec<Row>,
    /// How many lines it takes.
    pub(super) lines: usize,
    /// The row that has too few or too many cells, its line and how many it has.
    pub(super) uneven: Option<(usize, usize)>,
}

/// A row of a printed table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// The line it begins on, from 0.
    pub(super) line: usize,
    /// A cell a column, blanks before it kept; `None` is the database's NULL.
    pub(super) cells: Vec<Option<String>>,
}

/// What separates cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    Tab,
    /// ` | `, so that cells may hold `|`.
    Padded(char),
    Bare(char),
    Comma,
    Semicolon,
}

impl Grid {
    /// Reads the table that begins on a line: its heading is there, or the first field of its first record. `wanted` knows
    /// the columns by their names, of which some may be missing in records.
    pub(super) fn read(lines: &Lines<'_>, at: usize, wanted: fn(&[String]) -> bool) -> Option<Self> {
        Self::records(lines, at, wanted).or_else(|| Self::table(lines, at, wanted))
    }

    /// A cell by the column's name; empty is absent.
    pub(super) fn cell<'g>(&self, row: &'g Row, column: &str) -> Option<&'g str> {
        let place = self.columns.iter().position(|name| name == column)?;
        row.cells.get(place)?.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }

    /// The same with the blanks before it.
    pub(super) fn indented<'g>(&self, row: &'g Row, column: &str) -> Option<&'g str> {
        let place = self.columns.iter().position(|name| name == column)?;
        row.cells.get(place)?.as_deref().map(str::trim_end)
    }

    /// Whether there is a column of that name.
    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|name| name == column)
    }

    fn table(lines: &Lines<'_>, at: usize, wanted: fn(&[String]) -> bool) -> Option<Self> {
        let heading = lines.get(at)?;
        let (separator, columns) = [
            Separator::Tab,
            Separator::Padded('|'),
            Separator::Padded('│'),
            Separator::Bare('|'),
            Separator::Bare('│'),
            Separator::Comma,
            Separator::Semicolon,
        ]
        .into_iter()
        .find_map(|separator| {
            let cells = separator.split(heading)?;
            // MySQL Workbench copies a row with its names behind a mark.
            let name = |cell: &String| cell.trim().trim_start_matches("# ").to_lowercase();
            let names: Vec<_> = cells.iter().map(name).collect();
            wanted(&names).then_some((separator, names))
        })?;
        let mut grid = Self { columns, rows: Vec::new(), lines: 1, uneven: None };
        // Two borders in a row: another table stands below.
        let mut closed = false;
        while let Some(line) = lines.get(at + grid.lines) {
            if is_border(line) && closed && !grid.rows.is_empty() {
                break;
            }
            closed = is_border(line);
            if !closed {
                let Some(mut cells) = separator.split(line).filter(|cells| cells.len() > 1) else { break };
                // Somebody wrote in the table and took the blanks beside a border.
                if let Separator::Padded(bar) = separator
                    && cells.len() < grid.columns.len()
                    && let Some(more) = Separator::Bare(bar).split(line)
                    && (cells.len()..=grid.columns.len()).contains(&more.len())
                {
                    cells = more;
                }
                // An empty last cell may have lost its separator with the blanks at the end of the line.
                if cells.len() + 1 == grid.columns.len() {
                    cells.push(String::new());
                }
                if cells.len() != grid.columns.len() {
                    // Far from it, it is another table or none at all.
                    if cells.len() * 2 > grid.columns.len() {
                        grid.uneven = Some((at + grid.lines, cells.len()));
                    }
                    break;
                }
                let cells = cells.into_iter().map(null).collect();
                grid.rows.push(Row { line: at + grid.lines, cells });
            } else if line.trim().is_empty() {
                break;
            }
            grid.lines += 1;
        }
        Some(grid)
    }

    /// Puts the columns of the table below beside its own, where a client or an author broke one that was too wide: as many rows, and
    /// names that `known` holds and this one lacks.
    pub(super) fn widen(&mut self, lines: &Lines<'_>, at: usize, known: fn(&[String]) -> bool) {
        while let Some((below, more)) = (at + self.lines..=at + self.lines + 1)
            .find_map(|below| Some((below, Self::table(lines, below, known)?)))
            .filter(|(_, more)| more.rows.len() == self.rows.len() && !more.columns.iter().any(|name| self.has(name)))
        {
            self.columns.extend(more.columns);
            for (row, more) in self.rows.iter_mut().zip(more.rows) {
                row.cells.extend(more.cells);
            }
            self.lines = below + more.lines - at;
        }
    }

    /// `*************************** 1. row ***************************`, then `name: value` on a line each.
    fn records(lines: &Lines<'_>, at: usize, wanted: fn(&[String]) -> bool) -> Option<Self> {
        let mut grid = Self { columns: Vec::new(), rows: Vec::new(), lines: 0, uneven: None };
        let (first, _) = field(lines.get(at)?)?;
        if !["id", "level"].contains(&first.to_lowercase().as_str()) {
            return None;
        }
        let mut fresh = true;
        while let Some(line) = lines.get(at + grid.lines) {
            if is_record(line) {
                fresh = true;
            } else if let Some((name, value)) = field(line) {
                let name = name.to_lowercase();
                let row = match grid.rows.last_mut() {
                    Some(row) if !fresh => row,
                    _ => {
                        grid.rows.push(Row { line: at + grid.lines, cells: vec![None; grid.columns.len()] });
                        fresh = false;
                        let last = grid.rows.len() - 1;
                        &mut grid.rows[last]
                    }
                };
                let place = grid.columns.iter().position(|known| *known == name).unwrap_or_else(|| {
                    grid.columns.push(name);
                    grid.columns.len() - 1
                });
                row.cells.resize(grid.columns.len(), None);
                if row.cells[place].is_some() {
                    // The same field again, with no new record between: something else.
                    break;
                }
                row.cells[place] = null(value.strip_prefix(' ').unwrap_or(value).to_owned());
            } else {
                break;
            }
            grid.lines += 1;
        }
        wanted(&grid.columns).then_some(grid)
    }
}

impl Separator {
    /// The cells of a line, borders at its ends left out; `None` when the line has no such separator.
    fn split(self, line: &str) -> Option<Vec<String>> {
        match self {
            Self::Tab => line.contains('\t').then(|| line.split('\t').map(unquoted).collect()),
            Self::Padded(bar) => {
                let inside = inside(line, bar);
                let mark = format!(" {bar} ");
                // The first and the last cell may be empty.
                let padded = format!(" {inside} ");
                padded.contains(&mark).then(|| padded.split(&mark).map(str::to_owned).collect())
            }
            Self::Bare(bar) => {
                let inside = inside(line, bar);
                inside.contains(bar).then(|| inside.split(bar).map(str::to_owned).collect())
            }
            Self::Comma => line.contains(',').then(|| separated(line, ',')),
            Self::Semicolon => line.contains(';').then(|| separated(line, ';')),
        }
    }
}

/// A line without the borders at its ends.
fn inside(line: &str, bar: char) -> &str {
    let line = line.trim();
    let line = line.strip_prefix(bar).unwrap_or(line);
    line.strip_suffix(bar).unwrap_or(line)
}

fn unquoted(whole: &str) -> String {
    let cell = whole.trim();
    let inner = cell.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let single =
        || cell.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).map(|inner| inner.replace("\\'", "'"));
    inner.map(|inner| inner.replace("\"\"", "\"")).or_else(single).unwrap_or_else(|| whole.to_owned())
}

fn separated(line: &str, separator: char) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    // Single quotes are inside of words too: they count where a cell begins with one.
    let single = line.trim_start().starts_with('\'') || line.contains("','");
    let quote = if single { '\'' } else { '"' };
    for c in line.trim_end().chars() {
        match c {
            c if c == quote => quoted = !quoted,
            c if c == separator && !quoted => {
                cells.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = cells.last_mut() {
            last.push(c);
        }
    }
    cells.iter().map(|cell| unquoted(cell)).collect()
}

/// What clients and drivers write for NULL.
fn null(cell: String) -> Option<String> {
    let none = ["NULL", "\\N", "None", "null", "(NULL)", "(null)", "<null>", "[NULL]", "<NULL>"];
    (!none.contains(&cell.trim())).then_some(cell)
}

/// A line of which nothing is left without borders.
fn is_border(line: &str) -> bool {
    line.chars().all(|c| "+-=|: \t─═│┌┬┐├┼┤└┴┘╞╪╡┃━".contains(c))
}

/// Whether a line begins a record of `\G`.
fn is_record(line: &str) -> bool {
    let line = line.trim();
    let row = line.trim_matches(['*', '-', '[', ']', ' ']);
    (line.starts_with("***") || line.starts_with("-[ RECORD")) && (row.ends_with(". row") || row.starts_with("RECORD"))
}

/// `select_type: SIMPLE`, `access object: table:t`: one or two words, a colon, and anything.
fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':').or_else(|| line.split_once(" | "))?;
    let name = name.trim();
    let word = !name.is_empty()
        && name.split(' ').count() <= 2
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ' ');
    (word && (value.is_empty() || value.starts_with(' '))).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::{super::text::Lines, Grid};

    fn wanted(names: &[String]) -> bool {
        ["id", "table", "rows"].iter().all(|name| names.iter().any(|n| n == name))
    }

    #[test]
    fn a_table_is_the_same_in_every_frame() {
        let frames = [
            (
                "box",
                "| id | table | key    | rows |\n+----+-------+--------+------+\n|  1 | t     | NULL   |   10 |\n|  2 | u     | a|b    |    3 |\n+----+-------+--------+------+\n2 rows in set (0.00 sec)\n",
            ),
            ("tabs", "id\ttable\tkey\trows\n1\tt\tNULL\t10\n2\tu\ta|b\t3\n"),
            ("commas", "id,table,\"key\",rows\n1,t,,10\n2,u,\"a|b\",3\n"),
            ("bars", "id | table | key | rows\n1 | t | NULL | 10\n2 | u | a|b | 3\n"),
            (
                "lines",
                "│ id │ table │ key │ rows │\n├────┼───────┼─────┼──────┤\n│ 1 │ t │ NULL │ 10 │\n│ 2 │ u │ a|b │ 3 │\n└────┴",
            ),
            (
                "records",
                "   id: 1\ntable: t\n  key: NULL\n rows: 10\n*************************** 2. row ***************************\n   id: 2\ntable: u\n  key: a|b\n rows: 3\n2 rows in set (0.00 sec)\n",
            ),
        ];
        for (frame, text) in frames {
            let grid = Grid::read(&Lines::of(text), 0, wanted).unwrap_or_else(|| panic!("{frame}"));
            assert_eq!(grid.columns, ["id", "table", "key", "rows"], "{frame}");
            let cells: Vec<Vec<_>> = grid
                .rows
                .iter()
                .map(|row| ["id", "table", "key", "rows"].map(|name| grid.cell(row, name).unwrap_or("-")).to_vec())
                .collect();
            assert_eq!(cells, [["1", "t", "-", "10"], ["2", "u", "a|b", "3"]], "{frame}");
        }
    }

    #[test]
    fn a_row_with_too_few_cells_is_told() {
        let grid =
            Grid::read(&Lines::of("id\ttable\tkey\trows\n1\tt\tk\t1\n2\tu\n3\tv\tw\tx\ty\n"), 0, wanted).unwrap();
        assert_eq!((grid.rows.len(), grid.uneven), (1, None), "half of the cells may be anything");
        let grid = Grid::read(&Lines::of("id\ttable\tkey\trows\tmore\n1\tt\tk\t1\ty\n3\tv\tw\n"), 0, wanted).unwrap();
        assert_eq!((grid.rows.len(), grid.uneven), (1, Some((2, 3))));
    }
}
