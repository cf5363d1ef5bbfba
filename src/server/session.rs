//! One connection, whatever the engine.

use std::time::Duration;

use super::{ServerError, Target};
use crate::{catalog::Catalog, plan::Engine};

/// How the session is shaped.
#[derive(Debug, Clone, Default)]
pub struct SessionOptions {
    /// Limit for one statement; plain EXPLAIN included, since servers may execute parts of a statement to plan it.
    pub statement_timeout: Option<Duration>,
    /// Limit for waiting on a lock.
    pub lock_timeout: Option<Duration>,
    /// Session settings, `--set name=value`.
    pub settings: Vec<(String, String)>,
    /// Statements to run before (`SET ROLE`, `search_path`), one each.
    pub prelude: Vec<String>,
}

/// What is known of the server after connecting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// The engine that really answered.
    pub engine: Engine,
    /// Version as shown to people: `15.20`, `9.7.4`, `11.8.6-MariaDB`.
    pub version: String,
    /// Version for decisions: PostgreSQL's `server_version_num`, else major*10000 + minor*100 + patch.
    pub version_number: u32,
    /// Database.
    pub database: String,
    /// User.
    pub user: String,
    /// HypoPG's version, when the extension is created in this database.
    pub hypopg: Option<String>,
    /// `TLSv1.3`, or none.
    pub tls: Option<String>,
    /// Our own embedded server.
    pub embedded: bool,
}

/// What to explain and how.
#[derive(Debug, Clone, Default)]
pub struct ExplainRequest {
    /// One statement, as the person typed it.
    pub sql: String,
    /// Execute it and measure.
    pub analyze: bool,
    /// Plan it for unknown parameters (`$1`).
    pub generic: bool,
    /// The person typed the word that allows executing a statement that writes or calls a volatile function; it is rolled back.
    pub confirmed: bool,
}

/// The server's answer.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The plan document as the server sent it.
    pub document: String,
    /// What `SHOW WARNINGS` or notices said.
    pub warnings: Vec<String>,
    /// Time the request took, from here.
    pub elapsed: Duration,
}

/// An open connection.
#[derive(Debug)]
pub struct Session {
    info: Info,
}

/// Stops what a session is doing, from another task. On the embedded server it kills and restarts the child.
#[derive(Debug, Clone)]
pub struct Canceller {}

impl Session {
    /// Connects, checks who answered and shapes the session.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn connect(target: &Target, _options: &SessionOptions) -> Result<Self, ServerError> {
        Err(ServerError {
            kind: super::ErrorKind::Unsupported,
            attempted: format!("connecting to {}", target.host),
            message: "not built yet".into(),
            code: None,
            detail: None,
            hint: None,
            position: None,
            next: None,
        })
    }

    /// What is known of the server.
    #[must_use]
    pub const fn info(&self) -> &Info {
        &self.info
    }

    /// A handle that stops this session's work.
    #[must_use]
    pub const fn canceller(&self) -> Canceller {
        Canceller {}
    }

    /// Explains one statement.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn explain(&mut self, _request: &ExplainRequest) -> Result<Explained, ServerError> {
        Err(ServerError {
            kind: super::ErrorKind::Unsupported,
            attempted: "explaining".into(),
            message: "not built yet".into(),
            code: None,
            detail: None,
            hint: None,
            position: None,
            next: None,
        })
    }

    /// Facts about tables and functions a statement names.
    ///
    /// # Errors
    /// [`ServerError`]; facts the account may not read are listed in [`Catalog::missing`] instead.
    pub async fn catalog(
        &mut self,
        _tables: &[(Option<String>, String)],
        _functions: &[String],
    ) -> Result<Catalog, ServerError> {
        Ok(Catalog::default())
    }
}

impl Canceller {
    /// Tells the server to stop.
    ///
    /// # Errors
    /// [`ServerError`] when the server could not be told.
    pub async fn cancel(&self) -> Result<(), ServerError> {
        Ok(())
    }
}
