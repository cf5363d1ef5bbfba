//! Schema, statistics and settings of the relations a statement touches: all that a planner looks at, and no rows.
//!
//! A snapshot is what a twin is made of. As a file it lets somebody else explain and try indexes without the server. Its
//! statistics hold values of the tables (most common values, histogram bounds), so that it is as private as they are.

mod anonymise;
mod enlarge;
mod export;
mod file;
pub(super) mod queries;
pub(super) mod sample;

use serde::{Deserialize, Serialize};

pub use anonymise::{Anonymised, anonymise};
pub use export::take;
pub(super) use export::take_without_plans;
pub use file::{SnapshotError, load, save};

/// Counts up when a field changes its meaning.
pub const FORMAT: u32 = 1;

/// What a planner knew of the relations of some statements. PostgreSQL 12 and later.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// [`FORMAT`] of the program that wrote it.
    pub format: u32,
    /// When it was taken, as the server prints it.
    pub taken: String,
    /// Milliseconds that the server's catalogs were read for.
    pub read_ms: f64,
    /// Who was asked.
    pub server: Server,
    /// Schemas in which unqualified names are looked up, first match wins.
    pub search_path: Vec<String>,
    /// Settings that decide plans, as in the session that asked.
    pub settings: Vec<Setting>,
    /// Extensions that may matter.
    pub extensions: Vec<Extension>,
    /// Collations that are not the server's own.
    pub collations: Vec<Collation>,
    /// Enums, domains, composites and ranges that columns and functions use.
    pub types: Vec<Type>,
    /// Functions that indexes, views and the statements call.
    pub functions: Vec<Function>,
    /// Tables, views and indexes.
    pub relations: Vec<Relation>,
    /// Columns of tables and views.
    pub columns: Vec<Column>,
    /// Keys, checks and foreign keys between the tables here.
    pub constraints: Vec<Constraint>,
    /// Indexes.
    pub indexes: Vec<Index>,
    /// Statistics of columns and of index expressions.
    pub statistics: Vec<ColumnStatistics>,
    /// Extended statistics, their definitions.
    pub extended: Vec<Extended>,
    /// Extended statistics, their values.
    pub extended_data: Vec<ExtendedData>,
    /// Statistics of the expressions of extended statistics.
    pub extended_expressions: Vec<ExtendedExpression>,
    /// First and last values of the leading columns of indexes, where they were allowed to be read.
    pub ends: Option<Vec<Ends>>,
    /// Statements and the server's own plans of them.
    #[serde(default)]
    pub statements: Vec<Asked>,
    /// What the account could not read, or what is not carried over, and what that means.
    pub missing: Vec<String>,
    /// Whether values were taken out.
    #[serde(default)]
    pub anonymised: bool,
}

/// Who was asked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Server {
    /// `server_version_num`.
    pub version_number: u32,
    /// Version as shown to people.
    pub version: String,
    /// Database.
    pub database: String,
    /// Role that asked.
    pub user: String,
    /// Bytes of a page.
    pub block_size: u32,
    /// Encoding of the database, as PostgreSQL names it.
    pub encoding: String,
    /// `LC_COLLATE` of the database.
    pub collate: String,
    /// `LC_CTYPE` of the database.
    pub ctype: String,
    /// Who sorts: `c` the C library, `i` ICU, `b` PostgreSQL itself.
    pub provider: String,
    /// The locale of ICU or of PostgreSQL itself.
    pub locale: Option<String>,
}

/// A setting of the session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value in the unit it is kept in.
    pub value: String,
    /// That unit, such as `kB`; absent for plain numbers and for pages.
    pub unit: Option<String>,
    /// Whether it is as the server's version comes.
    #[serde(default)]
    pub usual: bool,
}

/// An extension of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The schema of its objects.
    pub schema: String,
}

/// A collation that somebody made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collation {
    /// Schema.
    pub schema: String,
    /// Name.
    pub name: String,
    /// `c`, `i` or `b`.
    pub provider: String,
    /// `LC_COLLATE`, or the locale.
    pub collate: Option<String>,
    /// `LC_CTYPE`.
    pub ctype: Option<String>,
    /// Whether equal means the same bytes.
    pub deterministic: bool,
}

/// A type that somebody made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Type {
    /// Its number on the server.
    pub oid: u32,
    /// Schema.
    pub schema: String,
    /// Name.
    pub name: String,
    /// `e` enum, `d` domain, `c` composite, `r` range.
    pub kind: String,
    /// Type below a domain, or subtype of a range.
    pub base: Option<String>,
    /// Labels of an enum in their order.
    pub labels: Option<Vec<String>>,
    /// Attributes of a composite, as SQL.
    pub attributes: Option<Vec<String>>,
}

/// A function in SQL or PL/pgSQL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Its number on the server.
    pub oid: u32,
    /// Schema.
    pub schema: String,
    /// Name.
    pub name: String,
    /// `CREATE OR REPLACE FUNCTION …`.
    pub definition: String,
}

/// A table, view or index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Relation {
    /// Its number on the server.
    pub oid: u32,
    /// Schema.
    pub schema: String,
    /// Name.
    pub name: String,
    /// `pg_class.relkind`: `r`, `p`, `m`, `f`, `v`, `i`, `I`.
    pub kind: String,
    /// Rows or entries, −1 unknown.
    pub tuples: f64,
    /// Pages at the time of the last VACUUM or ANALYZE.
    pub pages: i64,
    /// Pages marked all-visible then.
    pub all_visible: i64,
    /// Whether it is a partition.
    pub partition: bool,
    /// Storage options, `name=value`.
    pub options: Option<Vec<String>>,
    /// Access method.
    pub method: Option<String>,
    /// `FOR VALUES …` of a partition.
    pub bound: Option<String>,
    /// `RANGE (…)` of a partitioned table.
    pub key: Option<String>,
    /// What it inherits from or is a partition of.
    pub parents: Option<Vec<u32>>,
    /// Bytes now; none for what has no storage.
    pub bytes: Option<u64>,
    /// Rows that came, went or changed since ANALYZE, as far as the server counted.
    #[serde(default)]
    pub modified: Option<i64>,
    /// Query of a view.
    pub view: Option<String>,
    /// Whether row security filters what is read.
    pub row_security: bool,
    /// The first page of a GIN index in hexadecimal: how many pages and entries it has is written there only.
    pub head: Option<String>,
}

/// A column of a table or view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Relation.
    pub relation: u32,
    /// Number in the relation.
    pub number: i16,
    /// Name.
    pub name: String,
    /// Type, as SQL.
    pub kind: String,
    /// Declared NOT NULL.
    pub not_null: bool,
    /// Its collation, quoted, where it is not the type's.
    pub collation: Option<String>,
}

/// A constraint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constraint {
    /// Its number on the server.
    pub oid: u32,
    /// Table.
    pub relation: u32,
    /// Name.
    pub name: String,
    /// `p`, `u`, `x`, `f`, `c`.
    pub kind: String,
    /// The constraint of the parent table it came from, 0 for its own.
    pub parent: u32,
    /// As SQL.
    pub definition: String,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Index, as a relation.
    pub oid: u32,
    /// Table.
    pub relation: u32,
    /// `CREATE INDEX …`.
    pub definition: String,
    /// Whether the planner may use it.
    pub valid: bool,
    /// Whether a key is an expression.
    pub expressions: bool,
    /// The constraint it enforces.
    pub constraint: Option<u32>,
}

/// The statistics of one column as `pg_stats` shows them, values as array literals.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Slots {
    /// Part of the rows that are NULL.
    pub null_frac: String,
    /// Average bytes.
    pub avg_width: i32,
    /// Distinct values, negative for a part of the rows.
    pub n_distinct: String,
    /// Most common values.
    pub mcv: Option<String>,
    /// Their frequencies.
    pub mcf: Option<String>,
    /// Histogram bounds.
    pub histogram: Option<String>,
    /// Physical order against value order.
    pub correlation: Option<String>,
    /// Most common elements.
    pub mce: Option<String>,
    /// Their frequencies.
    pub mcef: Option<String>,
    /// Histogram of element counts.
    pub counts: Option<String>,
    /// Histogram of range lengths.
    pub lengths: Option<String>,
    /// Part of the ranges that are empty.
    pub empty_frac: Option<String>,
    /// Histogram of range bounds.
    pub bounds: Option<String>,
}

/// Statistics of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnStatistics {
    /// Table, or index for its expressions.
    pub relation: u32,
    /// Column's name.
    pub column: String,
    /// Column's number.
    pub number: i16,
    /// Whether children are included.
    pub inherited: bool,
    /// The values.
    #[serde(flatten)]
    pub slots: Slots,
}

/// An extended statistics object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extended {
    /// Its number on the server.
    pub oid: u32,
    /// Schema.
    pub schema: String,
    /// Name.
    pub name: String,
    /// Table.
    pub relation: u32,
    /// `CREATE STATISTICS …`.
    pub definition: String,
}

/// What an extended statistics object knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExtendedData {
    /// The object.
    pub oid: u32,
    /// Whether children are included.
    pub inherited: bool,
    /// Its columns.
    pub columns: Option<Vec<String>>,
    /// Its expressions, as SQL.
    pub expressions: Option<Vec<String>>,
    /// Distinct combinations, as PostgreSQL prints them.
    pub ndistinct: Option<String>,
    /// Functional dependencies, as PostgreSQL prints them.
    pub dependencies: Option<String>,
    /// Most common combinations: values in the object's order.
    pub values: Option<Vec<Vec<Option<String>>>>,
    /// Which of them are NULL.
    pub nulls: Option<Vec<Vec<bool>>>,
    /// Their frequencies.
    pub frequencies: Option<Vec<f64>>,
    /// Their frequencies if the columns were independent.
    pub base_frequencies: Option<Vec<f64>>,
}

/// Statistics of an expression of an extended statistics object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExtendedExpression {
    /// The object.
    pub oid: u32,
    /// Whether children are included.
    pub inherited: bool,
    /// The expression, as SQL.
    pub expression: String,
    /// The values.
    #[serde(flatten)]
    pub slots: Slots,
}

/// First and last value of a column that leads an index: the planner looks there when a value is beyond its histogram.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ends {
    /// Table.
    pub relation: u32,
    /// Column.
    pub column: String,
    /// First value.
    pub first: Option<String>,
    /// Last value.
    pub last: Option<String>,
}

/// A statement with the server's own plan of it, by which a twin is checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The statement.
    pub sql: String,
    /// The server's `EXPLAIN` in JSON.
    pub plan: String,
}

impl Snapshot {
    /// The relation of that number.
    #[must_use]
    pub fn relation(&self, oid: u32) -> Option<&Relation> {
        self.relations.iter().find(|r| r.oid == oid)
    }

    /// The table of that schema and name.
    #[must_use]
    pub fn named(&self, (schema, name): (&str, &str)) -> Option<&Relation> {
        self.relations.iter().find(|r| r.is_table() && r.schema == schema && r.name == name)
    }

    /// The table or view that a statement means by a name, which may lack its schema.
    #[must_use]
    pub fn called(&self, schema: Option<&str>, name: &str) -> Option<&Relation> {
        let of = |schema: &str| self.relations.iter().find(|r| !r.is_index() && r.schema == schema && r.name == name);
        match schema {
            Some(schema) => of(schema),
            None => self.search_path.iter().find_map(|schema| of(schema)),
        }
    }

    /// The server's own plan of a statement.
    #[must_use]
    pub fn plan_of(&self, sql: &str) -> Option<&str> {
        let same = |asked: &&Asked| asked.sql.trim().trim_end_matches(';') == sql.trim().trim_end_matches(';');
        self.statements.iter().find(same).map(|asked| asked.plan.as_str())
    }
}

impl Relation {
    /// Whether it is an index.
    #[must_use]
    pub fn is_index(&self) -> bool {
        matches!(self.kind.as_str(), "i" | "I")
    }

    /// Whether rows are read from it, its own or its partitions'.
    #[must_use]
    pub fn is_table(&self) -> bool {
        matches!(self.kind.as_str(), "r" | "p" | "m" | "f")
    }

    /// Its name in SQL.
    #[must_use]
    pub fn sql(&self) -> String {
        format!("{}.{}", quote(&self.schema), quote(&self.name))
    }
}

/// A name in SQL.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in SQL, whatever `standard_conforming_strings` says.
pub(super) fn literal(text: &str) -> String {
    if text.contains('\\') {
        format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}
