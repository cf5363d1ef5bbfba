//! Methods that try an index which does not exist. Each says what it needs, what it costs and how far to trust it.

mod advise;
mod calculated;
mod create;
mod hypopg;
mod ignored;
mod invisible;
mod ladder;
mod mysql;
mod mysql_twin;
mod postgres;
mod private_server;
mod rolled_back;
mod settings;
pub mod snapshot;
mod suppose;
mod temporary_tables;
mod together;
mod twin;
mod typed;
pub mod verify;
mod walk;

pub use self::{
    advise::advise,
    invisible::{METHOD as INVISIBLE, foretold, invisible, possible},
    suppose::{Supposed, Supposition, suppose},
    together::together,
    twin::{Check, Reads, TwinError, Wish, Workshop, carry, compare, twin_version},
    typed::{WhatIf, what_if},
    verify::{Verification, Verified},
};
use self::{ladder::Ladder, mysql::Methods, rolled_back::RolledBack};
use crate::{
    advise::{Candidate, Limits, Proposal, Trial, TrialError, Tried, Weighted},
    catalog::Catalog,
    plan::Plan,
    server::{ServerError, Session},
};

/// How an index is to be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Method {
    /// The one that may be trusted most here, and another for what it cannot try.
    #[default]
    Auto,
    /// HypoPG only.
    HypoPg,
    /// A twin only.
    Twin,
    /// Temporary tables with a sample of the rows only (MySQL, MariaDB).
    TemporaryTables,
    /// By the server's own formulas only, from its statistics (MySQL, MariaDB).
    Calculated,
}

/// What a trial may do beyond catalog reads and HypoPG, which are always allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allow {
    /// By which method (PostgreSQL).
    pub method: Method,
    /// What a twin may read beyond catalogs.
    pub reads: Reads,
    /// Session-private temporary tables holding a sample of the rows (MySQL, MariaDB).
    pub temporary_tables: bool,
}

/// How far a search for indexes has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Candidates tried.
    pub done: usize,
    /// Candidates to try.
    pub total: usize,
    /// What is being done, in words.
    pub doing: String,
}

/// Finds candidates for one statement and tries each by the best method this session allows. What was proved comes first,
/// then what could not be tried, then what does not help; inside these the candidates keep their order.
///
/// Dropping the future stops the search; tell the server by the session's [`crate::server::Canceller`] as well. The session
/// tidies up before its next request.
///
/// # Errors
/// [`ServerError`] when the connection broke; what one candidate's trial answered stands in its proposal.
pub async fn propose(
    session: &mut Session,
    sql: &str,
    plan: &Plan,
    catalog: &Catalog,
    allow: Allow,
    progress: impl FnMut(Progress) + Send,
) -> Result<Vec<Proposal>, ServerError> {
    let workload = [Weighted { sql: sql.to_owned(), weight: 1.0 }];
    let limits = Limits::default();
    advise(session, &workload, &[Some(plan)], catalog, allow, &limits, progress).await.map(|advice| advice.proposals)
}

/// Tries one index for one statement by the best method this session allows: an index that a person thought of.
///
/// # Errors
/// [`TrialError`] when there is no method for it here, or the server refused.
pub async fn try_one(
    session: &mut Session,
    sql: &str,
    candidate: &Candidate,
    allow: Allow,
) -> Result<Tried, TrialError> {
    session.start_over();
    let mut method = method(session, allow)?;
    let tried = method.try_one(sql, candidate).await;
    method.finish().await;
    tried
}

/// The method for a session, or why there is none.
fn method(session: &mut Session, allow: Allow) -> Result<Box<dyn Trial + '_>, TrialError> {
    match session {
        Session::Postgres(connection) => {
            if connection.info().embedded {
                return Ok(Box::new(RolledBack::new(connection)));
            }
            Ok(Box::new(Ladder::new(connection, allow)?))
        }
        Session::Mysql(connection) => {
            let methods = Methods::new(connection, allow);
            methods.able()?;
            Ok(Box::new(methods))
        }
    }
}
