//! What a server's own statistics say of the statements that cost it most.

/// Statements summed up by the server since it began to count.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Busiest {
    /// Where the server keeps them: `pg_stat_statements`, `performance_schema`.
    pub source: &'static str,
    /// Since when it counts, as the server writes a time.
    pub since: Option<String>,
    /// The dearest first: by the time spent in all.
    pub statements: Vec<Spent>,
    /// How many statements of other users there are whose text the account may not see.
    pub hidden: u64,
    /// Time of all their runs, milliseconds, where the account may see that.
    pub hidden_ms: f64,
    /// What the person should know besides.
    pub notes: Vec<String>,
}

/// A statement with what it took in all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spent {
    /// With `$1` or `?` for values; one that was really asked, where the server keeps one whole.
    pub sql: String,
    /// How often it ran.
    pub calls: f64,
    /// Time of all runs, milliseconds.
    pub total_ms: f64,
    /// Rows it gave or changed, all runs.
    pub rows: Option<f64>,
    /// Rows it looked at, all runs (MySQL, MariaDB).
    pub examined: Option<f64>,
    /// Bytes read from outside the server's own cache, all runs (PostgreSQL).
    pub read_bytes: Option<f64>,
    /// Bytes read from and written to temporary files, all runs (PostgreSQL).
    pub spilt_bytes: Option<f64>,
}
