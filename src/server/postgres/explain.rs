//! EXPLAIN with and without ANALYZE.

use std::time::Instant;

use super::{Access, Connection, Statement, Transaction, volatile};
use crate::{
    server::{ErrorKind, ExplainRequest, Explained, ServerError},
    sql::Effects,
};

const MEASURING: &str = "measuring with EXPLAIN ANALYZE";

/// Explains; see [`Connection::explain`].
pub(super) async fn explain(connection: &mut Connection, request: &ExplainRequest) -> Result<Explained, ServerError> {
    let statement = Statement::new(&request.sql)?;
    if request.analyze && connection.planning_only {
        return Err(ServerError::new(
            ErrorKind::Refused,
            MEASURING,
            "this is a twin: it plans, and has no rows to execute on",
        )
        .next("explain without ANALYZE, or ask the server itself"));
    }
    let (document, elapsed) = if request.analyze {
        let access = measurable(connection, &statement, request.confirmed).await?;
        run(connection, &statement, access, true).await?
    } else {
        run(connection, &statement, Access::ReadOnly, false).await?
    };
    let mut warnings = connection.wire.take_notices();
    if request.generic && statement.parameters() == 0 {
        warnings.push("the statement has no parameters ($1), so its generic plan is its only plan".to_owned());
    }
    Ok(Explained { document, warnings, elapsed, partial: None })
}

async fn run(
    connection: &mut Connection,
    statement: &Statement,
    access: Access,
    analyze: bool,
) -> Result<(String, std::time::Duration), ServerError> {
    // How long a measured statement may take is the person's to say.
    let limit = (!analyze).then(|| connection.plain_limit());
    let transaction = connection.begin(access, limit).await?;
    let start = Instant::now();
    match transaction.plan(statement, analyze).await {
        Ok(document) => {
            let elapsed = start.elapsed();
            transaction.rollback().await?;
            Ok((document, elapsed))
        }
        Err(error) => transaction.fail(error).await,
    }
}

/// In which transaction a statement may be executed, if at all.
///
/// What only reads is explained first: its plan names the functions that views, policies and inlined functions bring in,
/// which its text does not.
async fn measurable(
    connection: &mut Connection,
    statement: &Statement,
    confirmed: bool,
) -> Result<Access, ServerError> {
    if statement.parameters() > 0 {
        return Err(ServerError::new(
            ErrorKind::Refused,
            MEASURING,
            "the statement has parameters ($1) without values",
        )
        .next("put values in their place, or explain it without ANALYZE"));
    }
    if confirmed {
        return Ok(match statement.class.effects {
            Effects::Reads if volatile_functions(connection, statement).await?.is_empty() => Access::ReadOnly,
            _ => Access::RolledBack,
        });
    }
    let verb = &statement.class.verb;
    let reason = match statement.class.effects {
        Effects::Reads => match volatile_functions(connection, statement).await?.as_slice() {
            [] => return Ok(Access::ReadOnly),
            names => format!(
                "it calls {}, declared volatile: what that does outside the database's rows is not undone by a rollback",
                names.join(", ")
            ),
        },
        Effects::Locks => format!("{verb} locks rows until it is rolled back"),
        Effects::Writes => {
            format!(
                "{verb} would really run, fire its triggers and hold its locks until it is rolled back; sequences keep what they gave"
            )
        }
        Effects::NotExplainable | Effects::Unknown => format!(
            "what it does could not be made out{}",
            statement.class.problem.as_ref().map_or(String::new(), |p| format!(" ({p})"))
        ),
    };
    Err(ServerError::new(ErrorKind::NeedsConfirmation, MEASURING, crate::text::one_line(&reason))
        .next("confirm to run it in a transaction that is rolled back, or explain it without ANALYZE"))
}

async fn volatile_functions(connection: &mut Connection, statement: &Statement) -> Result<Vec<String>, ServerError> {
    let limit = connection.plain_limit();
    let transaction = connection.begin(Access::ReadOnly, Some(limit)).await?;
    match look(&transaction, statement).await {
        Ok(names) => {
            transaction.rollback().await?;
            Ok(names)
        }
        Err(error) => transaction.fail(error).await,
    }
}

async fn look(transaction: &Transaction<'_>, statement: &Statement) -> Result<Vec<String>, ServerError> {
    let plan = transaction.plan(statement, false).await?;
    volatile::named(transaction.wire(), &statement.class.functions, &plan).await
}
