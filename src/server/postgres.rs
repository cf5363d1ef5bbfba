//! PostgreSQL: connect, explain, cancel, read the catalog.
//!
//! Everything runs inside a transaction that is rolled back, with settings and limits local to it. So nothing stays
//! behind, not even on a server connection that a pooler hands to the next client.

mod busiest;
mod catalog;
mod errors;
mod explain;
mod names;
mod prelude;
mod statement;
mod transaction;
mod volatile;
mod wire;

use std::any::Any;

use tokio_postgres::{Row, types::FromSql};

pub(crate) use catalog::elements;
pub(crate) use statement::Statement;
pub(crate) use transaction::{Access, Transaction};
pub use wire::Canceller;

use self::wire::Wire;
use super::{ErrorKind, ExplainRequest, Explained, Info, ServerError, SessionOptions, Target, busiest::Busiest};
use crate::{
    catalog::{Catalog, Names},
    plan::Engine,
};

/// The oldest server whose EXPLAIN and catalogs are read here (`SETTINGS`, `plan_cache_mode`, `pg_partition_tree`).
const OLDEST: u32 = 120_000;

/// An open connection to PostgreSQL.
#[derive(Debug)]
pub struct Connection {
    info: Info,
    wire: Wire,
    options: SessionOptions,
    /// Where HypoPG's functions are, quoted for SQL.
    hypopg_schema: Option<String>,
    /// A transaction was begun and not seen to end: its future was dropped, or the answer to ROLLBACK is missing.
    unfinished: bool,
    /// There are no rows behind the tables; nothing may be executed.
    planning_only: bool,
    /// What a room above made for this connection, and what goes with it.
    kept: Option<Box<dyn Any + Send + Sync>>,
}

impl Connection {
    /// Connects, asks who answered, tries the settings and runs the prelude.
    ///
    /// # Errors
    /// [`ServerError`]; of kind [`ErrorKind::Unsupported`] for servers before PostgreSQL 12 and servers that only speak
    /// its protocol.
    pub async fn connect(target: &Target, options: &SessionOptions) -> Result<Self, ServerError> {
        prelude::check_settings(&options.settings)?;
        let wire = Wire::connect(target).await?;
        let (info, hypopg_schema) = info(&wire, target).await?;
        let mut connection = Self {
            info,
            wire,
            options: options.clone(),
            hypopg_schema,
            unfinished: false,
            planning_only: target.planning_only,
            kept: None,
        };
        connection.run_prelude().await?;
        // A wrong setting is told now and not with the first statement; and `role` changes who we are.
        let transaction = connection.begin(Access::ReadOnly, None).await?;
        let rows = transaction.rows("asking for the user", "SELECT current_user::text", &[]).await?;
        let user = rows.first().map(|row| get::<String>(row, 0)).transpose()?;
        transaction.rollback().await?;
        if let Some(user) = user {
            connection.info.user = user;
        }
        Ok(connection)
    }

    /// What is known of the server.
    #[must_use]
    pub const fn info(&self) -> &Info {
        &self.info
    }

    /// A handle that stops this connection's work.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        self.wire.canceller()
    }

    /// Keeps something for as long as the connection.
    pub(crate) fn keep(&mut self, thing: Box<dyn Any + Send + Sync>) {
        self.kept = Some(thing);
    }

    /// What was kept.
    pub(crate) fn kept(&mut self) -> Option<Box<dyn Any + Send + Sync>> {
        self.kept.take()
    }

    /// Where HypoPG's functions are, quoted for SQL; none without HypoPG.
    pub(crate) fn hypopg_schema(&self) -> Option<&str> {
        self.hypopg_schema.as_deref()
    }

    /// Whether HypoPG is here and hides existing indexes (1.4 and later, its release notes).
    pub(crate) fn hides_indexes(&self) -> bool {
        let version = self.info.hypopg.as_deref().unwrap_or_default();
        let mut numbers = version.split('.').map(|n| n.parse::<u32>().unwrap_or_default());
        (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default()) >= (1, 4)
    }

    /// Whether the connection is known to be gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.wire.is_closed()
    }

    /// Says that a new request of the person's begins; what [`Canceller::cancel`] stopped before is over.
    pub(crate) fn start_over(&self) {
        self.wire.start_over();
    }

    /// Explains one statement. Statements that only read are measured inside READ ONLY; others, after confirmation,
    /// inside a transaction that is rolled back.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn explain(&mut self, request: &ExplainRequest) -> Result<Explained, ServerError> {
        self.start_over();
        explain::explain(self, request).await
    }

    /// Facts about tables and functions: of views also the tables below them, of partitions also their parents.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn catalog(
        &mut self,
        tables: &[(Option<String>, String)],
        functions: &[String],
    ) -> Result<Catalog, ServerError> {
        self.start_over();
        catalog::read(self, tables, functions).await
    }

    /// Names of tables and columns.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn names(&mut self) -> Result<Names, ServerError> {
        self.start_over();
        names::read(self).await
    }

    /// The statements that cost the server most, from `pg_stat_statements`; so many at most.
    ///
    /// # Errors
    /// [`ServerError`]; of kind [`ErrorKind::Unsupported`] where the extension is not in this database.
    pub async fn busiest(&mut self, most: usize) -> Result<Busiest, ServerError> {
        self.start_over();
        busiest::read(self, most).await
    }
}

/// Asks who answered; the second is the schema of HypoPG, quoted.
async fn info(wire: &Wire, target: &Target) -> Result<(Info, Option<String>), ServerError> {
    let attempted = format!("asking {target} for its version");
    // Settings are asked for by the missing_ok form: servers that only speak the protocol then give NULL.
    let rows = wire
        .rows(
            &attempted,
            "SELECT current_setting('server_version_num', true)::int4, current_setting('server_version', true), version(), \
             current_database()::text, current_user::text",
            &[],
        )
        .await
        .map_err(|error| match error.kind {
            ErrorKind::Disconnected | ErrorKind::Cancelled | ErrorKind::Timeout => error,
            _ => ServerError { kind: ErrorKind::Unsupported, ..error }
                .next("whyslow needs PostgreSQL 12 or newer, not a server that only speaks its protocol or a pooler's console"),
        })?;
    let strange = || ServerError::new(ErrorKind::Unsupported, &attempted, "the answer is not PostgreSQL's");
    let row = rows.first().ok_or_else(strange)?;
    let number: i32 = get::<Option<i32>>(row, 0)?.ok_or_else(strange)?;
    let number = u32::try_from(number).map_err(|_| strange())?;
    let full: String = get(row, 2)?;
    // These answer as some PostgreSQL, but plan in their own way.
    if let Some(other) = ["CockroachDB", "Redshift", "Materialize", "RisingWave"].iter().find(|n| full.contains(**n)) {
        return Err(ServerError::new(
            ErrorKind::Unsupported,
            attempted,
            format!("this is {other}, whose plans are not PostgreSQL's"),
        ));
    }
    let shown: String = get::<Option<String>>(row, 1)?.unwrap_or_default();
    let version = shown.split_whitespace().next().unwrap_or_default().to_owned();
    if number < OLDEST {
        let message = format!("the server is PostgreSQL {version}; whyslow needs 12 or newer");
        return Err(ServerError::new(ErrorKind::Unsupported, attempted, message)
            .next("run EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) there and open its output with `whyslow read`"));
    }
    let found = wire
        .rows(
            &attempted,
            "SELECT extversion, pg_catalog.quote_ident(nspname) FROM pg_catalog.pg_extension \
             JOIN pg_catalog.pg_namespace n ON n.oid = extnamespace WHERE extname = 'hypopg'",
            &[],
        )
        .await?;
    let (hypopg, schema) = match found.first() {
        Some(row) => (Some(get(row, 0)?), Some(get(row, 1)?)),
        None => (None, None),
    };
    let info = Info {
        engine: Engine::PostgreSql,
        version,
        version_number: number,
        database: get(row, 3)?,
        user: get(row, 4)?,
        hypopg,
        tls: wire.tls(),
        embedded: target.embedded,
    };
    Ok((info, schema))
}

/// A column of a row.
///
/// # Errors
/// [`ErrorKind::Other`] when its type is not what our query asks for: the server is not what it says.
pub(crate) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, ServerError> {
    row.try_get(column).map_err(|e| {
        ServerError::new(ErrorKind::Other, "reading the server's answer", format!("column {}: {e}", column + 1))
    })
}
