//! On MySQL and MariaDB: created, and dropped again.

use std::time::Instant;

use super::{NAME, With, refused, repeated};
use crate::{
    advise::{Candidate, ddl},
    server::{ServerError, mysql::Connection},
    sql::classify,
};

/// What tells one database of one server from all others.
pub(super) async fn identity(connection: &mut Connection) -> Result<Vec<String>, ServerError> {
    let attempted = "asking which server this is";
    let mut told = connection.words(attempted, "SELECT @@hostname, @@port, @@datadir, DATABASE()").await?;
    Ok(if told.is_empty() { Vec::new() } else { told.swap_remove(0) })
}

/// Builds the index, runs the statement, drops the index.
pub(super) async fn with_index(
    connection: &mut Connection,
    sql: &str,
    candidate: &Candidate,
) -> Result<With, ServerError> {
    let database = connection.info().database.clone();
    let class = classify(sql, connection.info().engine);
    if let Some((Some(other), table)) =
        class.tables.iter().find(|(schema, _)| schema.as_ref().is_some_and(|s| *s != database))
    {
        return Err(refused(format!(
            "the statement names {other}.{table}, which is not in the copy's database {database}"
        ))
        .next("leave the database's name out of the statement, or connect to the copy under that name"));
    }
    // The copy may be called otherwise than the database it is of.
    let candidate = Candidate { schema: database, ..candidate.clone() };
    let started = Instant::now();
    let drop = format!("DROP INDEX {} ON {}", ddl::quoted(NAME, candidate.engine), ddl::table(&candidate));
    connection.create_index(&ddl::plain_create(&candidate, NAME), drop).await?;
    let build = started.elapsed();
    let one = async || connection.measure(sql).await.map(|answer| (answer.document, answer.elapsed));
    let measured = repeated(one).await;
    let size_bytes = connection.index_bytes((&candidate.schema, &candidate.table), NAME).await.unwrap_or_default();
    let dropped = connection.drop_index().await;
    let (runs, used) = measured?;
    dropped?;
    Ok(With { runs, used, size_bytes, build })
}
