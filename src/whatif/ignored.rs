//! Existing indexes left out by `IGNORE INDEX` in the statement: MySQL's and MariaDB's own optimizer on the real tables, as
//! if the index were not there. Needs nothing but the statement's own privileges.

use super::mysql::{failed, plan};
use crate::{
    advise::{Compared, Existing, TrialError, Trust},
    server::mysql::Connection,
    sql::{Ignored, ignoring},
};

/// The method's name.
pub(super) const METHOD: &str = "ignore-index";

/// Each statement's plan with and without some of the existing indexes.
pub(super) async fn compare(
    connection: &mut Connection,
    statements: &[&str],
    gone: &[Existing],
) -> Vec<Result<Compared, TrialError>> {
    let mut answers = Vec::with_capacity(statements.len());
    for statement in statements {
        answers.push(one(connection, statement, gone).await);
    }
    answers
}

async fn one(connection: &mut Connection, statement: &str, gone: &[Existing]) -> Result<Compared, TrialError> {
    connection.tidy().await.map_err(|e| failed(METHOD, e))?;
    let ignored: Vec<Ignored<'_>> =
        gone.iter().map(|i| Ignored { schema: &i.schema, table: &i.table, index: &i.name }).collect();
    let info = connection.info();
    let without = ignoring(statement, info.engine, &info.database, &ignored)
        .map_err(|reason| TrialError::Unsupported { method: METHOD, reason })?;
    let before = plan(connection, statement, METHOD).await?;
    let mut after = plan(connection, &without, METHOD).await?;
    after.query = Some(statement.to_owned());
    let mut notes = Vec::new();
    if gone.iter().any(|i| i.name.eq_ignore_ascii_case("PRIMARY")) {
        notes.push(
            "rows are kept in the order of the primary key, which stays: only looking rows up by it goes".to_owned(),
        );
    }
    Ok(Compared { method: METHOD, trust: Trust::Exact, before, after, names: Vec::new(), notes })
}
