//! The one function that decides what a statement is. Everything that is not surely a read asks first.

use crate::plan::Engine;

/// What running a statement would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effects {
    /// Only reads (as far as its functions are harmless; see [`Class::functions`]).
    Reads,
    /// Reads and locks rows (`FOR UPDATE`, `FOR SHARE`, `LOCK IN SHARE MODE`).
    Locks,
    /// Changes rows: `INSERT`, `UPDATE`, `DELETE`, `MERGE`, `REPLACE`, or a data-changing `WITH`.
    Writes,
    /// Changes definitions, settings or anything else that is not a query; EXPLAIN does not take it.
    NotExplainable,
    /// Could not be parsed: treated as dangerous, the person is asked.
    Unknown,
}

/// A statement's class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// What it does.
    pub effects: Effects,
    /// Its first keyword(s), for messages: `DELETE`, `SELECT … FOR UPDATE`, `WITH … INSERT`.
    pub verb: String,
    /// How many statements the text holds.
    pub statements: usize,
    /// Names of the functions it calls, lower case unless quoted, schema-qualified as written.
    pub functions: Vec<String>,
    /// Tables it names, as (schema, name), CTE names left out.
    pub tables: Vec<(Option<String>, String)>,
    /// Whether the text already starts with EXPLAIN, ANALYZE or DESCRIBE; the class is then that of the inner statement.
    pub explained: bool,
    /// What stood in the way of a parse.
    pub problem: Option<String>,
}

/// Decides what a statement is.
#[must_use]
pub fn classify(_sql: &str, _engine: Engine) -> Class {
    Class {
        effects: Effects::Unknown,
        verb: String::new(),
        statements: 1,
        functions: Vec::new(),
        tables: Vec::new(),
        explained: false,
        problem: None,
    }
}
