//! What the two methods on PostgreSQL share: a statement, its plan before, and plans inside a transaction.

use crate::{
    advise::TrialError,
    plan::Plan,
    read,
    server::{
        ServerError,
        postgres::{Access, Connection, Statement, Transaction},
    },
};

/// A connection with the statement last tried and its plan without any candidate.
pub(super) struct Bench<'a> {
    pub(super) connection: &'a mut Connection,
    pub(super) method: &'static str,
    before: Option<(String, Plan)>,
}

impl<'a> Bench<'a> {
    pub(super) const fn new(connection: &'a mut Connection, method: &'static str) -> Self {
        Self { connection, method, before: None }
    }

    pub(super) fn statement(&self, sql: &str) -> Result<Statement, TrialError> {
        Statement::new(sql).map_err(|e| self.failed(&e))
    }

    /// A transaction with the limit of statements that execute nothing of the person's.
    pub(super) async fn begin(&mut self, access: Access) -> Result<Transaction<'_>, ServerError> {
        let limit = self.connection.plain_limit();
        self.connection.begin(access, Some(limit)).await
    }

    /// The plan without a candidate, read once a statement.
    pub(super) async fn before(&mut self, sql: &str, statement: &Statement) -> Result<Plan, TrialError> {
        if let Some((known, plan)) = &self.before
            && known == sql
        {
            return Ok(plan.clone());
        }
        let method = self.method;
        let transaction = self.begin(Access::Planning).await.map_err(|e| failed(method, &e))?;
        let plan = match plan(&transaction, statement, method).await {
            Ok(plan) => plan,
            Err(error) => {
                let _ = transaction.rollback().await;
                return Err(error);
            }
        };
        transaction.rollback().await.map_err(|e| failed(method, &e))?;
        self.before = Some((sql.to_owned(), plan.clone()));
        Ok(plan)
    }

    pub(super) fn failed(&self, error: &ServerError) -> TrialError {
        failed(self.method, error)
    }

    pub(super) fn cannot(&self, reason: impl Into<String>) -> TrialError {
        TrialError::Unsupported { method: self.method, reason: reason.into() }
    }
}

/// A server's error as a trial's.
pub(super) fn failed(method: &'static str, error: &ServerError) -> TrialError {
    TrialError::Server { method, message: error.to_string() }
}

/// The statement's plan as the transaction sees it.
pub(super) async fn plan(
    transaction: &Transaction<'_>,
    statement: &Statement,
    method: &'static str,
) -> Result<Plan, TrialError> {
    let document = transaction.plan(statement, false).await.map_err(|e| failed(method, &e))?;
    let unreadable = |problem: String| TrialError::Server { method, message: format!("reading the plan: {problem}") };
    let plans = read::read(&document).map_err(|e| unreadable(e.to_string()))?;
    plans.into_iter().next().ok_or_else(|| unreadable("there is none".to_owned()))
}

/// Whether a plan reads an index of that name.
pub(super) fn uses(plan: &Plan, index: &str) -> bool {
    plan.ids().any(|id| plan.node(id).index.as_deref() == Some(index))
}
