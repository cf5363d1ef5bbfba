//! The dearest statements, from the digests of the performance schema.
//!
//! Columns: MySQL 9.7 manual, "Statement Summary Tables"; MariaDB has no `QUERY_SAMPLE_TEXT`, and switches the performance schema off
//! unless it is configured.

use mysql_async::Value;

use super::{
    Connection,
    cells::{number, quoted, text},
};
use crate::{
    plan::Engine,
    server::{
        ErrorKind, ServerError,
        busiest::{Busiest, Spent},
    },
    sql,
};

const READING: &str = "reading the dearest statements";
const SOURCE: &str = "performance_schema";
/// Access to a table denied; unknown to this account.
const DENIED: [&str; 2] = ["1142", "1044"];

/// Reads them; see [`Connection::busiest`].
pub(super) async fn read(connection: &mut Connection, most: usize) -> Result<Busiest, ServerError> {
    if connection.info.database.is_empty() {
        let error =
            ServerError::new(ErrorKind::Unsupported, READING, "no database is chosen, and statements belong to one");
        return Err(error.next("name it in the target: mysql://user@host/DATABASE"));
    }
    let mysql = connection.info.engine == Engine::MySql;
    let limit = if mysql { "@@performance_schema_max_sql_text_length" } else { "0" };
    let rows = connection.ask(READING, &format!("SELECT @@performance_schema, {limit}"), Vec::new()).await?;
    let on = rows.first().and_then(|row| text(row, 0)).is_some_and(|on| on == "1" || on.eq_ignore_ascii_case("on"));
    if !on {
        let error =
            ServerError::new(ErrorKind::Unsupported, READING, "the performance schema, which counts them, is off");
        return Err(error.next(
            "have performance_schema=ON put into the server's configuration and the server restarted; or give a slow log, by \
             --from logs FILE",
        ));
    }
    let longest = rows.first().and_then(|row| number(row, 1)).unwrap_or(0.0);
    let sample = if mysql { "QUERY_SAMPLE_TEXT" } else { "NULL" };
    let sql = format!(
        "SELECT DIGEST_TEXT, COUNT_STAR, SUM_TIMER_WAIT / 1000000000, SUM_ROWS_SENT + SUM_ROWS_AFFECTED, SUM_ROWS_EXAMINED, {sample} \
         FROM performance_schema.events_statements_summary_by_digest \
         WHERE SCHEMA_NAME = DATABASE() AND DIGEST_TEXT IS NOT NULL ORDER BY SUM_TIMER_WAIT DESC LIMIT ?"
    );
    let rows = connection.ask(READING, &sql, vec![Value::from(most)]).await.map_err(|error| {
        if error.code.as_deref().is_some_and(|code| DENIED.contains(&code)) {
            return error.next("have GRANT SELECT ON performance_schema.* given to this account; or give a slow log, by --from logs FILE");
        }
        error
    })?;
    let mut busiest = Busiest { source: SOURCE, ..Busiest::default() };
    for row in &rows {
        let Some(digest) = text(row, 0) else { continue };
        #[expect(clippy::cast_precision_loss, reason = "a text of some thousand bytes")]
        let asked = text(row, 5).filter(|asked| !asked.is_empty() && (asked.len() as f64) < longest);
        busiest.statements.push(Spent {
            sql: asked.unwrap_or_else(|| sql::of_digest(&digest, connection.info.engine)),
            calls: number(row, 1).unwrap_or(0.0),
            total_ms: number(row, 2).unwrap_or(0.0),
            rows: number(row, 3),
            examined: number(row, 4),
            ..Spent::default()
        });
    }
    let since = "SELECT DATE_FORMAT(MIN(FIRST_SEEN), '%Y-%m-%d %H:%i') \
                 FROM performance_schema.events_statements_summary_by_digest WHERE SCHEMA_NAME = DATABASE()";
    busiest.since = connection.ask(READING, since, Vec::new()).await?.first().and_then(|row| text(row, 0));
    Ok(busiest)
}

/// Rows of either end of a key whose values are looked at.
const SOME: usize = 500;

/// Values a column has, as SQL literals, in their order; see [`Connection::some_values`].
pub(super) async fn some_values(
    connection: &mut Connection,
    (schema, table): (&str, &str),
    column: &str,
    keys: &[&str],
) -> Result<Vec<String>, ServerError> {
    let place = format!("{}.{}", quoted(schema), quoted(table));
    let column = quoted(column);
    let end = |how: &str| {
        let order: Vec<String> = keys.iter().map(|key| format!("{}{how}", quoted(key))).collect();
        let order = if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) };
        format!("(SELECT {column} AS v FROM {place}{order} LIMIT {SOME})")
    };
    let rows = if keys.is_empty() { end("") } else { format!("{} UNION ALL {}", end(""), end(" DESC")) };
    let sql = format!("SELECT QUOTE(v) AS whyslow_value FROM ({rows}) some WHERE v IS NOT NULL ORDER BY v");
    let rows = connection.ask("reading values for parameters", &sql, Vec::new()).await?;
    // With a backslash in it a literal means another thing under NO_BACKSLASH_ESCAPES.
    Ok(rows.iter().filter_map(|row| text(row, 0)).filter(|value| !value.contains('\\')).collect())
}
