//! One row: a table and how it is read.

use super::super::{
    ReadError,
    blocks::{access, counted},
    grid::{self, Grid},
    text::Lines,
};
use crate::plan::{Flag, Node, Operator, Relation, Role, Rows};

/// A row of the table, its numbers read.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// The query block; `None` for the result of a union.
    pub(super) id: Option<u32>,
    pub(super) select_type: String,
    pub(super) table: Option<String>,
    pub(super) access: Option<String>,
    pub(super) key: Option<String>,
    /// `Extra`, divided.
    pub(super) extra: Vec<String>,
    pub(super) line: u32,
    rows: Option<f64>,
    filtered: Option<f64>,
    /// Rows per execution as counted; `None` also when it never ran.
    r_rows: Option<f64>,
    /// Whether rows were counted at all.
    measured: bool,
    r_filtered: Option<f64>,
    more: Vec<(String, String)>,
}

/// Words of `select_type`, without `DEPENDENT` and `UNCACHEABLE` before them.
const SELECT_TYPES: [&str; 23] = [
    "SIMPLE",
    "PRIMARY",
    "UNION",
    "UNION RESULT",
    "SUBQUERY",
    "DERIVED",
    "LATERAL DERIVED",
    "MATERIALIZED",
    "RECURSIVE UNION",
    "INTERSECT",
    "INTERSECT RESULT",
    "EXCEPT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "REPLACE",
    "RESULT",
    // MySQL, of what a secondary engine takes over; it tells its plan in other formats.
    "NONE",
    // What MariaDB hands whole to another server.
    "PUSHED SELECT",
    "PUSHED DERIVED",
    "PUSHED UNION",
    "PUSHED INTERSECT",
    "PUSHED EXCEPT",
];

/// What servers' own test suites, and reports of bugs, print for numbers that change from run to run.
fn is_hidden(cell: &str) -> bool {
    cell.chars().all(|c| matches!(c, '#' | 'x')) || ["N", "X", "ROWS", "REPLACED"].contains(&cell)
}

/// Whether a cell holds a `select_type`.
pub(in crate::read) fn is_select_type(cell: &str) -> bool {
    SELECT_TYPES.contains(&bare(cell)) || ["EXCEPT RESULT", "UNIT RESULT", "PUSHED UNIT"].contains(&cell)
}

/// A `select_type` without what it depends on.
fn bare(select_type: &str) -> &str {
    let rest = select_type.strip_prefix("DEPENDENT ").or_else(|| select_type.strip_prefix("UNCACHEABLE "));
    rest.unwrap_or(select_type)
}

impl Row {
    /// Reads a row.
    ///
    /// # Errors
    /// [`ReadError`] where a number is none.
    pub(super) fn of(grid: &Grid, row: &grid::Row, lines: &Lines<'_>) -> Result<Self, ReadError> {
        let text = |column: &str| grid.cell(row, column).map(str::to_owned);
        let wrong = |column: &str, expected: &str| {
            let cell = grid.cell(row, column).unwrap_or_default();
            let at = (row.line..row.line + grid.columns.len())
                .find(|at| lines.get(*at).is_some_and(|line| line.contains(cell)))
                .unwrap_or(row.line);
            let line = lines.get(at).unwrap_or_default();
            lines.error(at, line, line.find(cell).unwrap_or(0), format!("{expected} in the column `{column}`"))
        };
        // MariaDB writes `1 (4%)` beside a row-id filter.
        let number = |column: &str| -> Result<Option<f64>, ReadError> {
            let Some(cell) = grid.cell(row, column) else { return Ok(None) };
            let first = cell.split(' ').next().unwrap_or(cell);
            if is_hidden(first) {
                return Ok(None);
            }
            let plain = first.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
            plain.map(Some).ok_or_else(|| wrong(column, "a number"))
        };
        let id = match grid.cell(row, "id") {
            Some(cell) => Some(cell.parse().map_err(|_| wrong("id", "the number of a query block"))?),
            None => None,
        };
        let select_type = text("select_type").unwrap_or_default();
        if !is_select_type(&select_type) {
            return Err(wrong("select_type", "a kind of query block such as SIMPLE"));
        }
        let modelled = ["id", "select_type", "table", "type", "key"];
        let more = grid.columns.iter().filter(|column| !modelled.contains(&column.as_str())).filter_map(|column| {
            let cell = grid.cell(row, column)?;
            let name = if column == "extra" { "Extra" } else { column };
            Some((name.to_owned(), cell.to_owned()))
        });
        Ok(Self {
            id,
            select_type,
            table: text("table"),
            access: text("type"),
            key: text("key"),
            extra: divided(grid.cell(row, "extra").unwrap_or_default()),
            line: lines.number(row.line),
            rows: number("rows")?,
            filtered: number("filtered")?,
            r_rows: number("r_rows")?,
            measured: grid.has("r_rows"),
            r_filtered: number("r_filtered")?,
            more: more.collect(),
        })
    }

    /// Whether the block is of this kind, whatever it depends on.
    pub(super) fn is(&self, select_type: &str) -> bool {
        bare(&self.select_type) == select_type
    }

    /// The result of a union and the like.
    pub(super) fn is_result(&self) -> bool {
        self.select_type.ends_with("RESULT")
    }

    /// The word with which a statement changes the table.
    pub(super) fn writes(&self) -> bool {
        ["INSERT", "UPDATE", "DELETE", "REPLACE"].contains(&self.select_type.as_str())
    }

    /// Whether `Extra` says it.
    pub(super) fn says(&self, words: &str) -> bool {
        self.extra.iter().any(|part| part == words)
    }

    /// What `Extra` says from these words on: `hash join)` of `Using join buffer (hash join)`.
    fn said(&self, start: &str) -> Option<&str> {
        self.extra.iter().find_map(|part| part.strip_prefix(start))
    }

    /// The aliases that its lookup compares with: `c` of `shop.c.id`.
    pub(super) fn asks(&self) -> impl Iterator<Item = &str> {
        let reference = self.more.iter().find(|(name, _)| name == "ref").map_or("", |(_, value)| value);
        reference.split(',').filter_map(|part| {
            let mut names = part.rsplit('.');
            names.next()?;
            names.next()
        })
    }

    /// The table's node.
    pub(super) fn node(&self, role: Role, operator: Option<Operator>) -> Node {
        let kind = self.access.clone().unwrap_or_default();
        let grouped = self.said("Using index for group-by").is_some() || self.says("Using index for skip scan");
        let covering = self.says("Using index") || grouped;
        let message = (self.table.is_none()).then(|| self.extra.join("; ")).filter(|text| !text.is_empty());
        let native = message.unwrap_or(if kind.is_empty() { "table".to_owned() } else { kind.clone() });
        let named = || match &self.table {
            None => Operator::Result,
            Some(name) if name.starts_with('<') => Operator::SubqueryScan,
            Some(_) if self.says("Recursive") => Operator::WorkTableScan,
            Some(_) if self.said("Table function").is_some() => Operator::FunctionScan,
            Some(_) if kind.is_empty() => Operator::Result,
            Some(_) if self.said("Range checked for each record").is_some() => Operator::IndexScan,
            Some(_) => access(kind.split('|').next().unwrap_or(&kind), covering),
        };
        let mut node = Node::new(role, operator.unwrap_or_else(named), native);
        node.relation = self.table.clone().map(|name| Relation { name, ..Relation::default() });
        // Of an index merge the way the lists are combined says more than their names.
        let merged = ["Using union(", "Using sort_union(", "Using intersect(", "Using sort_intersect("];
        let merged = merged.iter().find_map(|start| self.extra.iter().find(|part| part.starts_with(start)));
        node.index = match merged {
            Some(part) => part.strip_prefix("Using ").map(str::to_owned),
            // `key|filter` names the index of a row-id filter too.
            None => self.key.as_deref().map(|key| key.split('|').next().unwrap_or(key).to_owned()),
        };
        if let Some((_, filter)) = self.key.as_deref().and_then(|key| key.split_once('|')) {
            node.extra.push(("rowid_filter".to_owned(), filter.to_owned()));
        }
        if covering {
            node.flags.push(Flag::Covering);
        }
        if self.said("Using parallel query").is_some() {
            node.flags.push(Flag::Parallel);
        }
        node.rows = self.passing();
        node.line = Some(self.line);
        node.extra.extend(self.more.iter().cloned());
        node
    }

    /// Rows that pass: those read, less those that the conditions throw away.
    fn passing(&self) -> Rows {
        let part = |percent: Option<f64>| percent.unwrap_or(100.0).clamp(0.0, 100.0) / 100.0;
        let read = self.r_rows;
        Rows {
            estimated: self.rows.map(|rows| rows * part(self.filtered)),
            examined: self.rows,
            actual: read.map(|rows| rows * part(self.r_filtered)),
            removed: read.filter(|_| self.r_filtered.is_some()).map(|rows| rows * (1.0 - part(self.r_filtered))),
            // How often is not told, only whether; the result of a union says neither.
            loops: (self.measured && read.is_none() && self.rows.is_some() && counted(self.access.as_deref()))
                .then_some(0.0),
            ..Rows::default()
        }
    }

    /// The join of the tables before it with this one.
    pub(super) fn join(&self, role: Role) -> Node {
        let buffer = self.said("Using join buffer").map(|rest| rest.trim().trim_matches(['(', ')']).to_owned());
        let hashed = |words: &str| {
            let words = words.to_ascii_lowercase();
            words.contains("hash join") || words.contains("bnlh") || words.contains("bkah")
        };
        let operator = if buffer.as_deref().is_some_and(hashed) { Operator::HashJoin } else { Operator::NestedLoop };
        let mut node = Node::new(role, operator, "nested_loop");
        if let Some(buffer) = buffer {
            node.native = if buffer.is_empty() { "join buffer".into() } else { buffer.into() };
            node.flags.push(Flag::JoinBuffer);
        }
        let kinds = [
            ("Not exists", "antijoin"),
            ("FirstMatch", "semijoin, first match"),
            ("LooseScan", "semijoin, loose scan"),
        ];
        if let Some((_, kind)) = kinds.iter().find(|(words, _)| self.said(words).is_some()) {
            node.native = format!("{} ({kind})", node.native).into();
        }
        node.line = Some(self.line);
        node
    }
}

/// The parts of `Extra`, which `; ` divides outside of parentheses.
fn divided(extra: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0_u32;
    for c in extra.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ';' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}
