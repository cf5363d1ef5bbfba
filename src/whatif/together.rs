//! Several indexes tried at once for one statement.

use super::{Allow, Progress, method};
use crate::{
    advise::{self, Candidate, Together, TrialError},
    catalog::Catalog,
    server::Session,
};

/// Tries several indexes at once for one statement by the best method this session allows, and what each is worth beside
/// the others.
///
/// # Errors
/// [`TrialError`] when there is no method for it here, or the server refused.
pub async fn together(
    session: &mut Session,
    sql: &str,
    candidates: &[Candidate],
    catalog: &Catalog,
    allow: Allow,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Together, TrialError> {
    session.start_over();
    let mut method = method(session, allow)?;
    let doing = format!("trying {} indexes together by {}", candidates.len(), method.method());
    let mut tell = |done, total| progress(Progress { done, total, doing: doing.clone() });
    let tried = advise::together(method.as_mut(), sql, candidates, catalog, &mut tell).await;
    method.finish().await;
    tried
}
