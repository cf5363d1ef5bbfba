//! Facts about a database, whatever server they came from and however they were fetched.

pub mod btree;

/// What is known of the relations a statement touches.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalog {
    /// Tables, partitioned tables, materialised views and views.
    pub tables: Vec<Table>,
    /// Functions the statement calls.
    pub functions: Vec<Function>,
    /// Schemas in which unqualified names are looked up, first match wins.
    pub search_path: Vec<String>,
    /// Server settings that matter for plans, by name.
    pub settings: Vec<(String, String)>,
    /// Extensions that indexes may need and the server has (PostgreSQL), and whether the database has them.
    pub extensions: Vec<(String, bool)>,
    /// Facts that could not be read, and why.
    pub missing: Vec<String>,
}

/// What kind of relation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TableKind {
    /// An ordinary table.
    #[default]
    Table,
    /// A partitioned table's parent.
    Partitioned,
    /// A materialised view.
    MaterializedView,
    /// A view.
    View,
    /// A remote table.
    Foreign,
}

/// One relation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Schema (PostgreSQL) or database (MySQL).
    pub schema: String,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: TableKind,
    /// Storage engine (MySQL, MariaDB) such as `InnoDB`.
    pub storage: Option<String>,
    /// Whether a rollback undoes changes to it; unknown is `None`.
    pub transactional: Option<bool>,
    /// Rows as the server believes.
    pub rows: Option<f64>,
    /// Bytes of the table without its indexes.
    pub bytes: Option<u64>,
    /// Columns in the table's order.
    pub columns: Vec<Column>,
    /// Indexes.
    pub indexes: Vec<Index>,
    /// The query of a view, as the server prints it.
    pub definition: Option<String>,
    /// When statistics were last gathered, as the server prints it.
    pub last_analyzed: Option<String>,
    /// Row changes since then.
    pub modified_since_analyze: Option<f64>,
    /// Row versions that are gone but still take room (PostgreSQL).
    pub dead_rows: Option<f64>,
    /// When they were last cleared away, as the server prints it (PostgreSQL).
    pub last_vacuumed: Option<String>,
    /// Expressions that the planner has statistics of without an index on them (`CREATE STATISTICS`, PostgreSQL 14).
    pub expression_statistics: Vec<String>,
    /// Rows written, where the server counts them.
    pub writes: Option<Writes>,
    /// Schemas and names of a partitioned table's partitions, where they have none of their own (PostgreSQL).
    pub partitions: Vec<(String, String)>,
    /// Foreign keys of other tables that point here (PostgreSQL; InnoDB has an index behind each by itself).
    pub referenced_by: Vec<Reference>,
}

/// Rows of a table written since the server began to count.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Writes {
    /// New rows.
    pub inserted: f64,
    /// Changed rows.
    pub updated: f64,
    /// Those of them that left all indexes alone (PostgreSQL's heap-only tuples).
    pub in_place: f64,
    /// Seconds the count has run, if the server knows.
    pub seconds: Option<f64>,
}

/// A foreign key, as the table sees it that is pointed at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reference {
    /// The constraint's name.
    pub name: String,
    /// Schema of the table that points here.
    pub schema: String,
    /// The table that points here.
    pub table: String,
    /// Its columns, in the constraint's order.
    pub columns: Vec<String>,
    /// The columns here that they point at.
    pub to: Vec<String>,
}

/// One column with its statistics.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Column {
    /// Name.
    pub name: String,
    /// Type as the server prints it, such as `character varying(20)` or `bigint unsigned`.
    pub type_name: String,
    /// Declared NOT NULL.
    pub not_null: bool,
    /// The expression of a generated column.
    pub generated: Option<String>,
    /// The spatial reference system all values must be in, by its number (MySQL 8: `SRID` of the definition).
    pub srid: Option<u32>,
    /// Statistics, if the account may read them and they exist.
    pub statistics: Option<Statistics>,
}

/// What the server knows of a column's values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Statistics {
    /// Part of the rows that are NULL, 0 to 1.
    pub null_fraction: f64,
    /// Average bytes of a value.
    pub average_width: f64,
    /// Distinct values: positive a count, negative minus the fraction of the rows (`pg_stats.n_distinct`).
    pub n_distinct: Option<f64>,
    /// Most common values and the part of the rows each has.
    pub most_common: Vec<(String, f64)>,
    /// Physical order against value order, −1 to 1.
    pub correlation: Option<f64>,
}

impl Statistics {
    /// Distinct values in a table of `rows` rows.
    #[must_use]
    pub fn distinct(&self, rows: f64) -> Option<f64> {
        self.n_distinct.map(|n| if n < 0.0 { -n * rows } else { n }.max(1.0))
    }
}

/// One index.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Index {
    /// Name.
    pub name: String,
    /// Access method in lower case: `btree`, `gin`, `hash`, `fulltext`, …
    pub method: String,
    /// Key columns and expressions, in order.
    pub keys: Vec<IndexKey>,
    /// Columns carried but not searched (`INCLUDE`).
    pub include: Vec<String>,
    /// Condition of a partial index.
    pub predicate: Option<String>,
    /// Enforces uniqueness.
    pub unique: bool,
    /// Is the primary key.
    pub primary: bool,
    /// Bytes on disk.
    pub bytes: Option<u64>,
    /// The server's own definition, if it gives one.
    pub definition: Option<String>,
    /// Not usable now: invalid, invisible or ignored.
    pub disabled: bool,
    /// How often it was scanned since statistics were last reset, where the server counts it.
    pub scans: Option<f64>,
}

/// One key of an index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexKey {
    /// The column, if the key is a bare column.
    pub column: Option<String>,
    /// The key as the server prints it (a column name or an expression).
    pub expr: String,
    /// Descending.
    pub desc: bool,
    /// Operator class, when not the default.
    pub opclass: Option<String>,
    /// Leading characters or bytes indexed (MySQL prefix).
    pub prefix: Option<u32>,
}

/// How a function may behave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Name as the statement calls it.
    pub name: String,
    /// May change data or give another answer each time (PostgreSQL `volatile`, MySQL stored functions that are not `READS SQL DATA`/`NO SQL`).
    pub volatile: bool,
    /// Is part of the server and known to be harmless or not by `volatile`; false for user-defined functions.
    pub builtin: bool,
}

/// Names of everything that can be read, for completing what is typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Tables and views, those found without their schema first.
    pub tables: Vec<NamedTable>,
}

/// A table's names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedTable {
    /// Schema or database.
    pub schema: String,
    /// Name.
    pub name: String,
    /// Columns in the table's order.
    pub columns: Vec<String>,
}

impl Catalog {
    /// The table a name stands for: the schema given, else the first of the search path that has it, else the only one of that name.
    #[must_use]
    pub fn table(&self, schema: Option<&str>, name: &str) -> Option<&Table> {
        let named = |s: &str| self.tables.iter().find(|t| t.name == name && t.schema == s);
        match schema {
            Some(schema) => named(schema),
            None => self.search_path.iter().find_map(|s| named(s)).or_else(|| {
                let mut all = self.tables.iter().filter(|t| t.name == name);
                all.next().filter(|_| all.next().is_none())
            }),
        }
    }
}

impl Table {
    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }
}
