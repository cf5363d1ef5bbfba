//! The dearest statements, from the extension `pg_stat_statements`.
//!
//! Columns: PostgreSQL 18 manual, "F.32. `pg_stat_statements`"; `total_time` became `total_exec_time` in version 1.8 of the extension
//! (PostgreSQL 13), `pg_stat_statements_info` came with 1.9 (14).

use tokio_postgres::types::Type;

use super::{Access, Connection, Transaction, get};
use crate::{
    plan::Engine,
    server::{
        ErrorKind, ServerError,
        busiest::{Busiest, Spent},
    },
    sql::quoted,
};

const READING: &str = "reading the dearest statements";
const SOURCE: &str = "pg_stat_statements";
/// What stands for the text of somebody else's statement.
const HIDDEN: &str = "<insufficient privilege>";

const EXTENSION: &str = "
    SELECT n.nspname::text, e.extversion::text
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_stat_statements'";

/// Whether its library is loaded; nothing for accounts that may not see the setting.
const LOADED: &str = "
    SELECT setting LIKE '%pg_stat_statements%' FROM pg_catalog.pg_settings WHERE name = 'shared_preload_libraries'";

/// Reads them; see [`Connection::busiest`].
pub(super) async fn read(connection: &mut Connection, most: usize) -> Result<Busiest, ServerError> {
    let limit = connection.plain_limit();
    let transaction = connection.begin(Access::ReadOnly, Some(limit)).await?;
    match read_in(&transaction, most).await {
        Ok(busiest) => {
            transaction.rollback().await?;
            Ok(busiest)
        }
        Err(error) => transaction.fail(error).await,
    }
}

async fn read_in(transaction: &Transaction<'_>, most: usize) -> Result<Busiest, ServerError> {
    let rows = transaction.rows(READING, EXTENSION, &[]).await?;
    let Some(row) = rows.first() else { return Err(missing(transaction).await) };
    let (schema, version): (String, String) = (get(row, 0)?, get(row, 1)?);
    let schema = quoted(&schema, Engine::PostgreSql);
    let minor: u32 = version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or(0);
    let time = if minor >= 8 { "total_exec_time" } else { "total_time" };
    // One row for each user that ran it.
    let sql = format!(
        "SELECT query::text, sum(calls)::float8, sum({time})::float8, sum(rows)::float8,
                sum(shared_blks_read)::float8 * pg_catalog.current_setting('block_size')::float8,
                sum(temp_blks_read + temp_blks_written)::float8 * pg_catalog.current_setting('block_size')::float8
         FROM {schema}.pg_stat_statements
         WHERE dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
           AND query IS NOT NULL AND query <> '{HIDDEN}'
         GROUP BY queryid, query ORDER BY 3 DESC LIMIT $1"
    );
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = transaction.rows(READING, &sql, &[(&most, Type::INT8)]).await.map_err(unloaded)?;
    let mut busiest = Busiest { source: SOURCE, ..Busiest::default() };
    for row in &rows {
        busiest.statements.push(Spent {
            sql: get(row, 0)?,
            calls: get(row, 1)?,
            total_ms: get(row, 2)?,
            rows: get(row, 3)?,
            examined: None,
            read_bytes: get(row, 4)?,
            spilt_bytes: get(row, 5)?,
        });
    }
    // Their `queryid` is hidden as well.
    let sql = format!(
        "SELECT count(*), coalesce(sum({time}), 0)::float8 FROM {schema}.pg_stat_statements
         WHERE dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
           AND query = '{HIDDEN}'"
    );
    if let Some(row) = transaction.rows(READING, &sql, &[]).await?.first() {
        busiest.hidden = u64::try_from(get::<i64>(row, 0)?).unwrap_or(0);
        busiest.hidden_ms = get(row, 1)?;
    }
    if minor >= 9 {
        let sql = format!(
            "SELECT pg_catalog.to_char(stats_reset, 'YYYY-MM-DD HH24:MI'), dealloc FROM {schema}.pg_stat_statements_info"
        );
        if let Some(row) = transaction.rows(READING, &sql, &[]).await?.first() {
            busiest.since = get(row, 0)?;
            let dropped: i64 = get(row, 1)?;
            if dropped > 0 {
                busiest.notes.push(format!(
                    "the server has thrown out its rarest statements {dropped} times for want of room; pg_stat_statements.max holds more"
                ));
            }
        }
    }
    Ok(busiest)
}

/// The extension is not in this database.
async fn missing(transaction: &Transaction<'_>) -> ServerError {
    let loaded = match transaction.rows(READING, LOADED, &[]).await {
        Ok(rows) => rows.first().and_then(|row| get::<Option<bool>>(row, 0).ok().flatten()),
        Err(error) => return error,
    };
    let error = ServerError::new(
        ErrorKind::Unsupported,
        READING,
        "this database has not got the extension pg_stat_statements, which counts them",
    );
    error.next(match loaded {
        Some(true) => "its library is loaded: have CREATE EXTENSION pg_stat_statements run here",
        Some(false) => {
            "have it added to shared_preload_libraries, the server restarted and CREATE EXTENSION pg_stat_statements run here; \
             or give a log, by --from logs FILE"
        }
        None => {
            "have CREATE EXTENSION pg_stat_statements run here (its library must be in shared_preload_libraries, which wants a \
             restart); or give a log, by --from logs FILE"
        }
    })
}

/// The extension is there, its library is not loaded (`object_not_in_prerequisite_state`).
fn unloaded(error: ServerError) -> ServerError {
    if error.code.as_deref() == Some("55000") {
        return error.next(
            "have pg_stat_statements added to shared_preload_libraries and the server restarted; or give a log, by --from logs FILE",
        );
    }
    error
}
