//! What an index could serve in a statement: its sources, what is asked of their columns, joins, orders and groups,
//! with every name resolved against the catalog.
//!
//! The shape is generous: a condition on a derived table's column stands on the source it comes from, even where a
//! planner may not push it down. A trial decides.

mod conditions;
mod derive;
mod exprs;
mod from;
mod query;
mod scope;
mod sorts;

use super::parse::parsed;
use crate::{catalog::Catalog, plan::Engine};

/// What an index could serve.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shape {
    /// Each place where a table is read or written, a self-join's sides apart.
    pub sources: Vec<Source>,
    /// Conditions on one source.
    pub predicates: Vec<Predicate>,
    /// Equalities between columns of two sources.
    pub joins: Vec<Join>,
    /// Orders and groups that an index could deliver.
    pub sorts: Vec<Sort>,
    /// What the statement writes.
    pub writes: Option<Write>,
}

/// A table that the statement writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Schema as the catalog has it.
    pub schema: String,
    /// Table as the catalog has it.
    pub table: String,
    /// How.
    pub kind: WriteKind,
}

/// How rows are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteKind {
    /// New rows.
    Insert,
    /// These columns of rows are changed.
    Update(Vec<String>),
    /// Rows are taken away.
    Delete,
}

/// One place where a table is read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Source {
    /// Schema as the catalog has it.
    pub schema: String,
    /// Table as the catalog has it.
    pub table: String,
    /// The name the statement calls it by.
    pub alias: String,
    /// Number of its query block, from 0 in reading order.
    pub block: usize,
    /// Columns the statement needs of it.
    pub columns: Vec<String>,
    /// Whether the statement needs the whole row: `*`, or it writes to it.
    pub whole_row: bool,
}

/// What an index key would be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Operand {
    /// A column, named as in the catalog.
    Column(String),
    /// An expression over columns of one source.
    Expression {
        /// As SQL, without table names before columns.
        sql: String,
        /// The columns in it.
        columns: Vec<String>,
    },
}

impl Operand {
    /// The column, if it is one.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        match self {
            Self::Column(name) => Some(name),
            Self::Expression { .. } => None,
        }
    }

    /// As SQL, unquoted.
    #[must_use]
    pub fn sql(&self) -> &str {
        match self {
            Self::Column(name) => name,
            Self::Expression { sql, .. } => sql,
        }
    }
}

/// How a condition asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Test {
    /// `=`, `IS TRUE`, a bare truth value.
    Equal,
    /// One of several: `IN (…)`, `= ANY (array)`.
    OneOf,
    /// `<`, `<=`, `>`, `>=`, `BETWEEN`.
    Range,
    /// `LIKE 'begin%'`.
    LikePrefix,
    /// Any other pattern: `LIKE '%x'`, `ILIKE`, regular expressions.
    Pattern,
    /// `IS NULL`.
    IsNull,
    /// `IS NOT NULL`.
    IsNotNull,
    /// `<>`, `NOT IN`, …
    NotEqual,
    /// `@>`.
    Contains,
    /// `<@`.
    ContainedBy,
    /// `?`.
    HasKey,
    /// `?|` or `?&`.
    HasKeys,
    /// `&&`.
    Overlaps,
    /// `@@`: text search, or a JSON path predicate; and `@?`.
    Matches,
    /// `value = ANY (column)`.
    HasElement,
    /// MySQL's `MATCH (…) AGAINST (…)`.
    FullText,
    /// How ranges, networks, trees and shapes lie to each other: `<<`, `-|-`, `<<=`, `~=`, `ST_Intersects (…)`, …
    Position,
}

/// What a column is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A literal's text, without quotes.
    Literal(String),
    /// A parameter.
    Parameter,
    /// Something computed, a column of another source included.
    Computed,
}

/// A condition on one source.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicate {
    /// Index into [`Shape::sources`].
    pub source: usize,
    /// What is asked about.
    pub operand: Operand,
    /// How.
    pub test: Test,
    /// What it is compared with, if told.
    pub values: Vec<Value>,
    /// The condition as SQL, without table names before columns.
    pub sql: String,
    /// Which alternative of which OR it belongs to; conditions that always hold have none.
    pub branch: Option<Branch>,
    /// It follows from a join equality and a condition on the other side.
    pub derived: bool,
}

/// An alternative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Branch {
    /// Number of the OR in the statement.
    pub or: usize,
    /// Number of the alternative in it.
    pub arm: usize,
    /// How many alternatives it has, those that ask nothing of any column included.
    pub arms: usize,
    /// How many conditions this alternative asks that not all of them ask, those included that are told nowhere, such as `EXISTS`.
    pub asked: usize,
}

/// An equality of two sources' columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// One side: source and column.
    pub left: (usize, String),
    /// The other side.
    pub right: (usize, String),
}

/// Why rows must come in an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SortKind {
    /// `ORDER BY`.
    Order,
    /// `GROUP BY`; any order of the keys does.
    Group,
    /// `DISTINCT`; any order of the keys does.
    Distinct,
    /// `OVER (PARTITION BY … ORDER BY …)`.
    Window,
    /// `min(x)` or `max(x)`.
    Extreme,
    /// `ORDER BY x <-> point`: the nearest first.
    Nearest,
}

/// An order that an index of one source could deliver.
#[derive(Debug, Clone, PartialEq)]
pub struct Sort {
    /// Index into [`Shape::sources`].
    pub source: usize,
    /// The keys, in order.
    pub keys: Vec<SortKey>,
    /// Whether these are all the keys; otherwise those that could not be told, or of other sources, follow.
    pub complete: bool,
    /// Why.
    pub kind: SortKind,
    /// The block stops after a number of rows.
    pub limited: bool,
}

/// One key of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    /// What.
    pub operand: Operand,
    /// Descending.
    pub desc: bool,
    /// `NULLS FIRST` or `NULLS LAST`, when written.
    pub nulls_first: Option<bool>,
}

/// Looks at one statement (an EXPLAIN before it is left out).
///
/// # Errors
/// Why the text could not be parsed.
pub fn shape(sql: &str, engine: Engine, catalog: &Catalog) -> Result<Shape, String> {
    let inner = super::without_explain(sql, engine);
    let inner = inner.trim_end().trim_end_matches(';');
    parsed(inner, engine, |statement| {
        let mut shape = query::walk(statement, engine, catalog);
        derive::equalities(&mut shape);
        shape
    })
}

#[cfg(test)]
mod tests;
