//! The index really built, in a transaction that is rolled back: only on the embedded server, where nobody else waits
//! for the lock that this takes. The planner sees the real index, so that it may be trusted in full.

use tokio_postgres::types::Type;

use super::{
    create,
    postgres::{Bench, failed, plan, uses},
    snapshot::quote,
};
use crate::{
    advise::{Boxed, Candidate, Change, Existing, Planned, Trial, TrialError, Tried, Trust},
    plan::Plan,
    server::postgres::{Access, Connection, Statement, Transaction, get},
};

/// The method's name.
pub(super) const METHOD: &str = "real-rolled-back";

/// The index's name while it exists.
const NAME: &str = "whyslow_trial";

/// Tries candidates by building them.
pub(super) struct RolledBack<'a> {
    bench: Bench<'a>,
}

impl<'a> RolledBack<'a> {
    /// Only for the embedded server: elsewhere the lock and the load would be felt.
    pub(super) const fn new(connection: &'a mut Connection) -> Self {
        Self { bench: Bench::new(connection, METHOD) }
    }

    async fn attempt(&mut self, sql: &str, candidate: &Candidate) -> Result<Tried, TrialError> {
        let statement = self.bench.statement(sql)?;
        let before = self.bench.before(sql, &statement).await?;
        let transaction = self.bench.begin(Access::RolledBack).await.map_err(|e| failed(METHOD, &e))?;
        let tried = with_index(&transaction, &statement, candidate).await;
        let ended = transaction.rollback().await;
        let (after, bytes, held_back) = tried?;
        ended.map_err(|e| failed(METHOD, &e))?;
        if held_back && !uses(&after, NAME) {
            return Err(self.bench.cannot(
                "the table has rows changed since its last VACUUM, and the server does not use a new index on them in the \
                 same transaction",
            ));
        }
        Ok(Tried {
            method: METHOD,
            trust: Trust::Exact,
            before,
            after,
            index_name: NAME.to_owned(),
            size_bytes: u64::try_from(bytes).ok(),
            notes: Vec::new(),
        })
    }
}

impl RolledBack<'_> {
    /// Builds and drops all of them in one transaction and plans in it.
    async fn changed(
        &mut self,
        statements: &[&str],
        change: Change<'_>,
    ) -> Result<Vec<Result<Planned, TrialError>>, TrialError> {
        let understood: Vec<Result<Statement, TrialError>> =
            statements.iter().map(|sql| self.bench.statement(sql)).collect();
        let transaction = self.bench.begin(Access::RolledBack).await.map_err(|e| failed(METHOD, &e))?;
        let names = match make(&transaction, change).await {
            Ok(names) => names,
            Err(error) => {
                let _ = transaction.rollback().await;
                return Err(error);
            }
        };
        let mut answers = Vec::with_capacity(statements.len());
        let mut broken = false;
        for statement in understood {
            let planned = match statement {
                Ok(statement) if !broken => plan(&transaction, &statement, METHOD).await,
                Ok(_) => Err(self::broken()),
                Err(error) => Err(error),
            };
            // After an error the transaction takes nothing more.
            broken |= matches!(planned, Err(TrialError::Server { .. }));
            answers.push(planned.map(|plan| Planned { plan, trust: Trust::Exact, names: names.clone() }));
        }
        transaction.rollback().await.map_err(|e| failed(METHOD, &e))?;
        Ok(answers)
    }
}

/// Makes a change real, as far as this transaction goes; the names of what was built.
async fn make(transaction: &Transaction<'_>, change: Change<'_>) -> Result<Vec<Option<String>>, TrialError> {
    for gone in change.drop {
        for sql in dropping(transaction, gone).await? {
            transaction
                .rows("dropping an index, to be rolled back", &sql, &[])
                .await
                .map_err(|e| failed(METHOD, &e))?;
        }
    }
    let mut names = Vec::with_capacity(change.add.len());
    for (at, candidate) in change.add.iter().enumerate() {
        let name = format!("{NAME}_{at}");
        let ddl = create::postgres(candidate, Some(&name));
        transaction.rows("building an index to be rolled back", &ddl, &[]).await.map_err(|e| failed(METHOD, &e))?;
        names.push(Some(name));
    }
    Ok(names)
}

/// How an index is dropped: by itself, or with the constraint that it enforces.
async fn dropping(transaction: &Transaction<'_>, gone: &Existing) -> Result<Vec<String>, TrialError> {
    let (schema, table, name) = (quote(&gone.schema), quote(&gone.table), quote(&gone.name));
    let sql = "SELECT k.conname::text FROM pg_catalog.pg_constraint k \
               JOIN pg_catalog.pg_class c ON c.oid = k.conindid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
               WHERE k.contype IN ('p', 'u', 'x') AND n.nspname = $1 AND c.relname = $2";
    let parameters = [(&gone.schema as _, Type::TEXT), (&gone.name as _, Type::TEXT)];
    let rows = transaction.rows("looking for a constraint", sql, &parameters).await.map_err(|e| failed(METHOD, &e))?;
    let names: Result<Vec<String>, _> = rows.iter().map(|row| get::<String>(row, 0)).collect();
    let names = names.map_err(|e| failed(METHOD, &e))?;
    if names.is_empty() {
        return Ok(vec![format!("DROP INDEX {schema}.{name}")]);
    }
    Ok(names
        .iter()
        .map(|constraint| format!("ALTER TABLE {schema}.{table} DROP CONSTRAINT {} CASCADE", quote(constraint)))
        .collect())
}

fn broken() -> TrialError {
    TrialError::Unsupported { method: METHOD, reason: "another statement of the set failed before it".to_owned() }
}

impl Trial for RolledBack<'_> {
    fn method(&self) -> &'static str {
        METHOD
    }

    fn try_one<'a>(&'a mut self, statement: &'a str, candidate: &'a Candidate) -> Boxed<'a, Result<Tried, TrialError>> {
        Box::pin(self.attempt(statement, candidate))
    }

    fn plans<'a>(
        &'a mut self,
        statements: &'a [&'a str],
        change: Change<'a>,
    ) -> Boxed<'a, Result<Vec<Result<Planned, TrialError>>, TrialError>> {
        Box::pin(self.changed(statements, change))
    }

    fn sets_a_statement(&self) -> usize {
        // Every set is really built.
        16
    }
}

/// Builds the index and plans with it: plan, bytes, and whether the server keeps it from this transaction (`indcheckxmin`).
async fn with_index(
    transaction: &Transaction<'_>,
    statement: &Statement,
    candidate: &Candidate,
) -> Result<(Plan, i64, bool), TrialError> {
    let ddl = create::postgres(candidate, Some(NAME));
    transaction.rows("building an index to be rolled back", &ddl, &[]).await.map_err(|e| failed(METHOD, &e))?;
    let after = plan(transaction, statement, METHOD).await?;
    let table = format!("{}.{}", candidate.schema, candidate.table);
    let rows = transaction
        .rows(
            "measuring the index",
            "SELECT pg_catalog.pg_relation_size(i.indexrelid), i.indcheckxmin \
             FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2",
            &[(&candidate.schema, Type::TEXT), (&NAME, Type::TEXT)],
        )
        .await
        .map_err(|e| failed(METHOD, &e))?;
    let row = rows.first().ok_or_else(|| TrialError::Server {
        method: METHOD,
        message: format!("the index on {} cannot be found after it was built", crate::text::one_line(&table)),
    })?;
    let wrong = |e| failed(METHOD, &e);
    Ok((after, get(row, 0).map_err(wrong)?, get(row, 1).map_err(wrong)?))
}
