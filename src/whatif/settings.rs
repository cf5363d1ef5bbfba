//! Other settings of the session, for one plan: the server's own planner answers, and then the settings are as they were.

use super::{
    mysql,
    postgres::{failed, plan},
};
use crate::{
    advise::{Compared, TrialError, Trust},
    plan::Plan,
    server::{
        Session,
        postgres::{Access, Connection, Statement},
    },
};

/// The method's name.
const METHOD: &str = "session";

/// A statement's plan as the session is, and with other settings.
pub(super) async fn compare(
    session: &mut Session,
    statement: &str,
    settings: &[(String, String)],
) -> Result<Compared, TrialError> {
    let (before, after) = match session {
        Session::Postgres(connection) => {
            let parsed = Statement::new(statement).map_err(|e| failed(METHOD, &e))?;
            (planned(connection, &parsed, &[]).await?, planned(connection, &parsed, settings).await?)
        }
        Session::Mysql(connection) => {
            let wrong = |e| mysql::failed(METHOD, e);
            connection.tidy().await.map_err(wrong)?;
            let before = mysql::plan(connection, statement, METHOD).await?;
            let were = connection.for_a_moment(settings).await.map_err(wrong)?;
            let after = mysql::plan(connection, statement, METHOD).await;
            connection.back_to(&were).await.map_err(wrong)?;
            (before, after?)
        }
    };
    let notes = vec!["a plan's cost is no time: measure before the setting is kept (--set, --analyze)".to_owned()];
    Ok(Compared { method: METHOD, trust: Trust::Exact, before, after, names: Vec::new(), notes })
}

/// The plan with settings that end with the transaction.
async fn planned(
    connection: &mut Connection,
    statement: &Statement,
    settings: &[(String, String)],
) -> Result<Plan, TrialError> {
    let limit = connection.plain_limit();
    let transaction = connection.begin(Access::ReadOnly, Some(limit)).await.map_err(|e| failed(METHOD, &e))?;
    let answer = match transaction.set(settings).await {
        Ok(()) => plan(&transaction, statement, METHOD).await,
        Err(error) => Err(failed(METHOD, &error)),
    };
    let ended = transaction.rollback().await;
    let plan = answer?;
    ended.map_err(|e| failed(METHOD, &e))?;
    Ok(plan)
}
