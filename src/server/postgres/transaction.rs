//! A transaction that always ends in ROLLBACK.

use std::time::Duration;

use tokio_postgres::{
    Row,
    types::{FromSql, Type},
};

use super::{
    Connection, Statement, get,
    wire::{Parameters, Wire},
};
use crate::server::{ErrorKind, ServerError};

/// Limit for statements that do not execute anything, when the options give none.
const PLAIN_LIMIT: Duration = Duration::from_mins(1);
/// Limit for waiting on a lock, when the options give none.
const LOCK_LIMIT: Duration = Duration::from_secs(5);
/// The server's version that first had the setting `jit`.
const JIT_SINCE: u32 = 110_000;

/// What a transaction may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// `READ ONLY`: the server refuses every change but those of temporary tables.
    ReadOnly,
    /// The same, for plans alone. `EXPLAIN` makes the code of dear statements' expressions and throws it away (JIT, on by default
    /// since version 12), which can take longer than planning; the plan does not depend on it.
    Planning,
    /// The same, every statement seeing what the first one saw (`REPEATABLE READ`).
    Snapshot,
    /// Changes, undone at the end.
    RolledBack,
}

/// An open transaction. Dropped without [`Transaction::rollback`] (a dropped future), it is rolled back before the
/// connection's next one.
#[derive(Debug)]
pub(crate) struct Transaction<'a> {
    connection: &'a mut Connection,
}

/// Any type's text form, for types the driver has none for (`json`).
struct Verbatim(String);

impl<'a> FromSql<'a> for Verbatim {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(std::str::from_utf8(raw)?.to_owned()))
    }

    fn accepts(kind: &Type) -> bool {
        // These are sent as their text also in binary.
        matches!(*kind, Type::JSON | Type::TEXT)
    }
}

impl Connection {
    /// Begins a transaction with the session's settings and limits, local to it. Without a limit in the options, what is
    /// not measured gets one of our own: planning runs functions, too.
    pub(crate) async fn begin(
        &mut self,
        access: Access,
        limit: Option<Duration>,
    ) -> Result<Transaction<'_>, ServerError> {
        self.wire.limit = limit.or(self.options.statement_timeout);
        self.tidy().await?;
        let lock = self.options.lock_timeout.unwrap_or(LOCK_LIMIT);
        self.unfinished = true;
        let access = match access {
            Access::Planning if self.info.version_number < JIT_SINCE => Access::ReadOnly,
            access => access,
        };
        self.wire.begin(access, lock.as_millis()).await?;
        let transaction = Transaction { connection: self };
        match transaction.apply_settings().await {
            Ok(()) => Ok(transaction),
            Err(error) => transaction.fail(error).await,
        }
    }

    /// The limit for statements that execute nothing.
    pub(crate) fn plain_limit(&self) -> Duration {
        self.options.statement_timeout.unwrap_or(PLAIN_LIMIT)
    }

    /// Ends what a dropped future left open. Prepared statements and hypothetical indexes outlive transactions.
    async fn tidy(&mut self) -> Result<(), ServerError> {
        if self.unfinished {
            let attempted = "ending the last transaction";
            self.wire.ours(attempted, "ROLLBACK").await?;
            let left = "SELECT FROM pg_catalog.pg_prepared_statements WHERE name = 'whyslow'";
            if !self.wire.rows(attempted, left, &[]).await?.is_empty() {
                self.wire.ours(attempted, "DEALLOCATE whyslow").await?;
            }
            if let Some(schema) = self.hypopg_schema() {
                let sql = format!("SELECT {schema}.hypopg_reset()");
                self.wire.rows("ending the last trial", &sql, &[]).await?;
                if self.hides_indexes() {
                    let sql = format!("SELECT {schema}.hypopg_unhide_all_indexes()");
                    self.wire.rows("ending the last trial", &sql, &[]).await?;
                }
            }
            self.wire.take_notices();
            self.unfinished = false;
        }
        Ok(())
    }
}

impl Transaction<'_> {
    pub(super) const fn wire(&self) -> &Wire {
        &self.connection.wire
    }

    /// The server's version, such as 150004.
    pub(super) const fn version_number(&self) -> u32 {
        self.connection.info.version_number
    }

    /// One statement by the extended protocol, which takes one only.
    pub(crate) async fn rows(
        &self,
        attempted: &str,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, ServerError> {
        self.connection.wire.rows(attempted, sql, parameters).await
    }

    /// The plan of a statement as the server prints it in JSON: `EXPLAIN (options)`, or with parameters the generic plan
    /// that a server uses for them.
    ///
    /// The generic plan comes from `PREPARE` and `EXPLAIN EXECUTE` on every version: `GENERIC_PLAN` (16+) cannot be had by
    /// the extended protocol, where the server wants values for the parameters and plans with them.
    ///
    /// # Errors
    /// [`ServerError`], its position counted in the person's text. The transaction is then aborted.
    pub(crate) async fn plan(&self, statement: &Statement, analyze: bool) -> Result<String, ServerError> {
        let options = explain_options(self.connection.info.version_number, analyze);
        let attempted = if analyze { "measuring with EXPLAIN ANALYZE" } else { "explaining" };
        if statement.parameters() == 0 {
            let prefix = format!("EXPLAIN ({options}) ");
            let rows = self.rows(attempted, &format!("{prefix}{}", statement.text()), &[]).await;
            return document(rows.map_err(|e| statement.locate(e, &prefix))?.as_slice(), attempted);
        }
        let prefix = "PREPARE whyslow AS ";
        self.rows(attempted, &format!("{prefix}{}", statement.text()), &[])
            .await
            .map_err(|e| statement.locate(e, prefix))?;
        let plan = self.plan_prepared(attempted, &options).await;
        // A prepared statement outlives its transaction, and behind a pooler its client. After an error only a new
        // transaction takes this, and the caller ends that one as it would have ended the old.
        if plan.is_err() {
            self.start_again().await?;
        }
        self.wire().ours(attempted, "DEALLOCATE whyslow").await?;
        plan
    }

    async fn plan_prepared(&self, attempted: &str, options: &str) -> Result<String, ServerError> {
        let counted = self
            .rows(
                attempted,
                "SELECT cardinality(parameter_types), set_config('plan_cache_mode', 'force_generic_plan', true) \
                 FROM pg_catalog.pg_prepared_statements WHERE name = 'whyslow'",
                &[],
            )
            .await?;
        let count: i32 = counted.first().map(|row| get(row, 0)).transpose()?.unwrap_or_default();
        let nulls = vec!["NULL"; usize::try_from(count).unwrap_or_default()].join(", ");
        let arguments = if nulls.is_empty() { String::new() } else { format!("({nulls})") };
        let rows = self.rows(attempted, &format!("EXPLAIN ({options}) EXECUTE whyslow{arguments}"), &[]).await?;
        document(&rows, attempted)
    }

    /// Rolls back and begins again on the same server connection, without settings: for tidying after an error.
    pub(crate) async fn start_again(&self) -> Result<(), ServerError> {
        self.connection.wire.ours("rolling back", "ROLLBACK; BEGIN READ ONLY").await
    }

    /// Rolls back.
    ///
    /// # Errors
    /// [`ServerError`]; the connection's next transaction then tries again.
    pub(crate) async fn rollback(self) -> Result<(), ServerError> {
        self.connection.wire.ours("rolling back", "ROLLBACK").await?;
        self.connection.unfinished = false;
        Ok(())
    }

    /// Rolls back after an error, which stays the one told. What outlives a transaction is tidied before the next.
    pub(crate) async fn fail<T>(self, error: ServerError) -> Result<T, ServerError> {
        if !self.connection.is_closed() {
            let _ = self.connection.wire.ours("rolling back", "ROLLBACK").await;
        }
        Err(error)
    }

    async fn apply_settings(&self) -> Result<(), ServerError> {
        self.set(&self.connection.options.settings).await
    }

    /// Settings until the end of the transaction.
    ///
    /// # Errors
    /// [`ServerError`] when one would get around READ ONLY, or the server refuses it.
    pub(crate) async fn set(&self, settings: &[(String, String)]) -> Result<(), ServerError> {
        super::prelude::check_settings(settings)?;
        for (name, value) in settings {
            self.rows(
                &format!("setting {}", crate::text::one_line(name)),
                "SELECT set_config($1, $2, true)",
                &[(name, Type::TEXT), (value, Type::TEXT)],
            )
            .await?;
        }
        Ok(())
    }
}

/// The options of EXPLAIN that a version knows (manual, EXPLAIN; release notes of 12 and 13).
fn explain_options(version: u32, analyze: bool) -> String {
    let mut options = vec!["FORMAT JSON", "VERBOSE", "SETTINGS", "SUMMARY"];
    if analyze {
        options.extend(["ANALYZE", "BUFFERS"]);
        if version >= 130_000 {
            options.push("WAL");
        }
    }
    options.join(", ")
}

fn document(rows: &[Row], attempted: &str) -> Result<String, ServerError> {
    let row = rows.first().ok_or_else(|| ServerError::new(ErrorKind::Other, attempted, "the server sent no plan"))?;
    get::<Verbatim>(row, 0).map(|v| v.0)
}

#[cfg(test)]
mod tests {
    use super::explain_options;

    #[test]
    fn options_follow_the_version() {
        assert_eq!(explain_options(120_000, false), "FORMAT JSON, VERBOSE, SETTINGS, SUMMARY");
        assert_eq!(explain_options(120_000, true), "FORMAT JSON, VERBOSE, SETTINGS, SUMMARY, ANALYZE, BUFFERS");
        assert_eq!(explain_options(130_000, true), "FORMAT JSON, VERBOSE, SETTINGS, SUMMARY, ANALYZE, BUFFERS, WAL");
    }
}
