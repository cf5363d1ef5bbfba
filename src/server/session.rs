//! One connection, whatever the engine.

use std::time::Duration;

use super::{ErrorKind, ServerError, Target, busiest::Busiest, mysql, postgres};
use crate::{
    catalog::{Catalog, Names},
    plan::Engine,
};

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
    /// That the server stopped the statement before its end and answered all the same, in words.
    pub partial: Option<&'static str>,
    /// Time the request took, from here.
    pub elapsed: Duration,
}

/// An open connection: one of the engines.
#[derive(Debug)]
pub enum Session {
    /// PostgreSQL.
    Postgres(Box<postgres::Connection>),
    /// MySQL or MariaDB.
    Mysql(Box<mysql::Connection>),
}

/// Stops what a session is doing, from another task.
#[derive(Debug, Clone)]
pub enum Canceller {
    /// PostgreSQL.
    Postgres(Box<postgres::Canceller>),
    /// MySQL or MariaDB.
    Mysql(mysql::Canceller),
}

impl Session {
    /// Connects, checks who answered and shapes the session.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn connect(target: &Target, options: &SessionOptions) -> Result<Self, ServerError> {
        match target.engine {
            Engine::PostgreSql => {
                postgres::Connection::connect(target, options).await.map(|c| Self::Postgres(Box::new(c)))
            }
            Engine::MySql | Engine::MariaDb => {
                mysql::Connection::connect(target, options).await.map(|c| Self::Mysql(Box::new(c)))
            }
        }
    }

    /// What is known of the server.
    #[must_use]
    pub fn info(&self) -> &Info {
        match self {
            Self::Postgres(c) => c.info(),
            Self::Mysql(c) => c.info(),
        }
    }

    /// Says that a new request of the person's begins: what the canceller stopped before is over. Every public request
    /// says so by itself.
    pub(crate) fn start_over(&self) {
        match self {
            Self::Postgres(c) => c.start_over(),
            Self::Mysql(c) => c.start_over(),
        }
    }

    /// A handle that stops this session's work.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        match self {
            Self::Postgres(c) => Canceller::Postgres(Box::new(c.canceller())),
            Self::Mysql(c) => Canceller::Mysql(c.canceller()),
        }
    }

    /// Explains one statement.
    ///
    /// # Errors
    /// [`ServerError`]; of kind [`super::ErrorKind::NeedsConfirmation`] when the statement would write or call a
    /// volatile function and `confirmed` is not set.
    pub async fn explain(&mut self, request: &ExplainRequest) -> Result<Explained, ServerError> {
        match self {
            Self::Postgres(c) => c.explain(request).await,
            Self::Mysql(c) => c.explain(request).await,
        }
    }

    /// Facts about tables and functions a statement names, as `(schema, name)` and names as written.
    ///
    /// # Errors
    /// [`ServerError`]; facts the account may not read are listed in [`Catalog::missing`] instead.
    pub async fn catalog(
        &mut self,
        tables: &[(Option<String>, String)],
        functions: &[String],
    ) -> Result<Catalog, ServerError> {
        match self {
            Self::Postgres(c) => c.catalog(tables, functions).await,
            Self::Mysql(c) => c.catalog(tables, functions).await,
        }
    }
}

impl Session {
    /// Names of what can be read here, for completing what is typed.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn names(&mut self) -> Result<Names, ServerError> {
        match self {
            Self::Postgres(c) => c.names().await,
            Self::Mysql(c) => c.names().await,
        }
    }

    /// The statements that cost the server most, by its own statistics, the dearest first; so many at most.
    ///
    /// # Errors
    /// [`ServerError`]; of kind [`ErrorKind::Unsupported`], with what to do, where the server does not count them.
    pub async fn busiest(&mut self, most: usize) -> Result<Busiest, ServerError> {
        match self {
            Self::Postgres(c) => c.busiest(most).await,
            Self::Mysql(c) => c.busiest(most).await,
        }
    }
}

impl Canceller {
    /// Why nothing more will come of the request under way: it was cancelled, or the connection is gone.
    #[must_use]
    pub fn stopped(&self) -> Option<ErrorKind> {
        match self {
            Self::Postgres(c) => c.stopped(),
            Self::Mysql(c) => c.stopped(),
        }
    }

    /// Tells the server to stop.
    ///
    /// # Errors
    /// [`ServerError`] when the server could not be told.
    pub async fn cancel(&self) -> Result<(), ServerError> {
        match self {
            Self::Postgres(c) => c.cancel().await,
            Self::Mysql(c) => c.cancel().await,
        }
    }
}
