//! The methods that a session of MySQL or MariaDB allows.

use super::{
    Allow, ignored,
    temporary_tables::{self, TemporaryTables},
};
use crate::{
    advise::{Boxed, Candidate, Change, Compared, Planned, Trial, TrialError, Tried, Trust},
    plan::Plan,
    read,
    server::{ErrorKind, ServerError, mysql::Connection},
};

/// Existing indexes are left out by a hint in the statement; what needs an index that does not exist is tried on samples.
pub(super) struct Methods<'a> {
    tables: TemporaryTables<'a>,
    allowed: bool,
}

impl<'a> Methods<'a> {
    pub(super) const fn new(connection: &'a mut Connection, allow: Allow) -> Self {
        Self { tables: TemporaryTables::new(connection), allowed: allow.temporary_tables }
    }

    async fn pair(&mut self, statements: &[&str], change: Change<'_>) -> Vec<Result<Compared, TrialError>> {
        if change.add.is_empty() {
            return ignored::compare(self.tables.connection(), statements, change.drop).await;
        }
        if !self.allowed {
            return statements.iter().map(|_| Err(not_allowed())).collect();
        }
        self.tables.compare(statements, change).await
    }
}

/// Why nothing but existing indexes can be tried.
pub(super) fn not_allowed() -> TrialError {
    TrialError::Unsupported {
        method: temporary_tables::METHOD,
        reason: "it needs session-private temporary tables, which are only made with --allow-temporary-tables"
            .to_owned(),
    }
}

impl Trial for Methods<'_> {
    fn method(&self) -> &'static str {
        self.tables.method()
    }

    fn try_one<'a>(&'a mut self, statement: &'a str, candidate: &'a Candidate) -> Boxed<'a, Result<Tried, TrialError>> {
        if !self.allowed {
            return Box::pin(std::future::ready(Err(not_allowed())));
        }
        self.tables.try_one(statement, candidate)
    }

    fn plans<'a>(
        &'a mut self,
        statements: &'a [&'a str],
        change: Change<'a>,
    ) -> Boxed<'a, Result<Vec<Result<Planned, TrialError>>, TrialError>> {
        if !self.allowed {
            return Box::pin(std::future::ready(Err(not_allowed())));
        }
        self.tables.plans(statements, change)
    }

    fn compare<'a>(
        &'a mut self,
        statements: &'a [&'a str],
        change: Change<'a>,
    ) -> Boxed<'a, Vec<Result<Compared, TrialError>>> {
        Box::pin(self.pair(statements, change))
    }

    fn opening(&self) -> &'static str {
        self.tables.opening()
    }

    fn remarks(&self, statement: &str, candidate: Option<&Candidate>) -> (Option<Trust>, Vec<String>) {
        self.tables.remarks(statement, candidate)
    }

    fn sets_a_statement(&self) -> usize {
        self.tables.sets_a_statement()
    }

    fn finish(&mut self) -> Boxed<'_, ()> {
        self.tables.finish()
    }
}

/// The statement's plan as the session sees it now.
pub(super) async fn plan(
    connection: &mut Connection,
    statement: &str,
    method: &'static str,
) -> Result<Plan, TrialError> {
    let explained = connection.plan(statement).await.map_err(|e| failed(method, e))?;
    let unreadable = |e: String| TrialError::Server { method, message: format!("reading the server's plan: {e}") };
    let mut plans = read::read(&explained.document).map_err(|e| unreadable(e.to_string()))?;
    if plans.is_empty() {
        return Err(unreadable("it holds none".to_owned()));
    }
    let mut plan = plans.swap_remove(0);
    plan.engine = connection.info().engine;
    plan.version.get_or_insert_with(|| connection.info().version.clone());
    plan.query = Some(statement.to_owned());
    plan.notes.extend(explained.warnings);
    Ok(plan)
}

/// A server's error as a trial's.
pub(super) fn failed(method: &'static str, error: ServerError) -> TrialError {
    match error.kind {
        ErrorKind::NeedsConfirmation | ErrorKind::Refused | ErrorKind::Unsupported | ErrorKind::Privilege => {
            let reason = match error.code.as_deref() {
                Some("1137") => format!("MySQL opens a temporary table only once in a statement ({})", error.message),
                _ => error.message,
            };
            TrialError::Unsupported { method, reason }
        }
        _ => TrialError::Server { method, message: error.to_string() },
    }
}
