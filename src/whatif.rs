//! Methods that try an index which does not exist. Each says what it needs, what it costs and how far to trust it.

use crate::{
    advise::{Proposal, TrialError, candidates, judge},
    catalog::Catalog,
    plan::Plan,
    server::{ServerError, Session},
};

/// What a trial may do beyond catalog reads and HypoPG, which are always allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allow {
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

/// Finds candidates for one statement and tries each by the best method this session allows.
///
/// Dropping the future stops the search; the session then has to be reset with a reconnect.
///
/// # Errors
/// [`ServerError`] when the connection broke; what one candidate's trial answered stands in its proposal.
#[allow(clippy::unused_async, reason = "skeleton")]
pub async fn propose(
    _session: &mut Session,
    sql: &str,
    plan: &Plan,
    catalog: &Catalog,
    _allow: Allow,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Vec<Proposal>, ServerError> {
    let all = candidates(sql, plan, catalog);
    progress(Progress { done: 0, total: all.len(), doing: "looking for candidates".to_owned() });
    Ok(all
        .into_iter()
        .map(|c| {
            let none = TrialError::Unsupported { method: "none", reason: "no method here can try it".to_owned() };
            judge(c, Err(none), catalog)
        })
        .collect())
}
