//! On PostgreSQL: one transaction, rolled back.

use std::time::Instant;

use tokio_postgres::types::Type;

use super::{NAME, With, repeated};
use crate::{
    advise::{Candidate, ddl},
    server::{
        ErrorKind, ServerError,
        postgres::{Access, Connection, Statement, Transaction, get},
    },
};

/// What tells one database of one server from all others.
pub(super) async fn identity(connection: &mut Connection) -> Result<Vec<String>, ServerError> {
    let limit = connection.plain_limit();
    let transaction = connection.begin(Access::ReadOnly, Some(limit)).await?;
    let sql = "SELECT pg_catalog.current_database()::text, pg_catalog.pg_postmaster_start_time()::text, \
               pg_catalog.current_setting('port')";
    let answer = transaction.rows("asking which server this is", sql, &[]).await;
    transaction.rollback().await?;
    answer?.first().map_or(Ok(Vec::new()), |row| (0..3).map(|at| get::<String>(row, at)).collect())
}

/// Builds the index, runs the statement, rolls back. The session's limit for one statement (`--timeout`) holds for the building too.
pub(super) async fn with_index(
    connection: &mut Connection,
    sql: &str,
    candidate: &Candidate,
) -> Result<With, ServerError> {
    let statement = Statement::new(sql)?;
    let transaction = connection.begin(Access::RolledBack, None).await?;
    match inside(&transaction, &statement, candidate).await {
        Ok(with) => transaction.rollback().await.map(|()| with),
        Err(error) => transaction.fail(error).await,
    }
}

async fn inside(
    transaction: &Transaction<'_>,
    statement: &Statement,
    candidate: &Candidate,
) -> Result<With, ServerError> {
    let started = Instant::now();
    transaction.rows("building the index on the copy", &ddl::plain_create(candidate, NAME), &[]).await?;
    let build = started.elapsed();
    let (bytes, held_back) = facts(transaction, candidate).await?;
    let one = async || {
        let started = Instant::now();
        transaction.plan(statement, true).await.map(|document| (document, started.elapsed()))
    };
    let (runs, used) = repeated(one).await?;
    if held_back && !used {
        return Err(ServerError::new(
            ErrorKind::Unsupported,
            "measuring with the index",
            "the table has rows changed since its last VACUUM, and the server does not use a new index on them in the same transaction",
        )
        .next("VACUUM the table on the copy, then verify again"));
    }
    Ok(With { runs, used, size_bytes: u64::try_from(bytes).ok(), build })
}

/// The index's bytes, and whether the server keeps it from this transaction (`pg_index.indcheckxmin`).
async fn facts(transaction: &Transaction<'_>, candidate: &Candidate) -> Result<(i64, bool), ServerError> {
    let sql = "SELECT pg_catalog.pg_relation_size(i.indexrelid), i.indcheckxmin FROM pg_catalog.pg_index i \
               JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
               WHERE n.nspname = $1 AND c.relname = $2";
    let parameters = [(&candidate.schema as _, Type::TEXT), (&NAME as _, Type::TEXT)];
    let rows = transaction.rows("asking for the index's size", sql, &parameters).await?;
    rows.first().map_or(Ok((0, false)), |row| Ok((get(row, 0)?, get(row, 1)?)))
}
