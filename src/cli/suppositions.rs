//! What a person supposes on the command line.

use super::{explain::found, failure::Failure};
use crate::{
    advise::Existing,
    catalog::Catalog,
    server::Session,
    whatif::{self, Allow, Supposed, Supposition},
};

/// Plans the statements under what was supposed.
///
/// # Errors
/// [`Failure`] when an index is not there or the connection broke.
pub(super) async fn answers(
    session: &mut Session,
    statements: &[&str],
    drops: &[String],
    catalog: Option<&Catalog>,
    allow: Allow,
) -> Result<Vec<Supposed>, Failure> {
    if drops.is_empty() {
        return Ok(Vec::new());
    }
    let catalog = found(catalog)?;
    let drop = drops
        .iter()
        .map(|name| Existing::named(name, catalog))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|problem| Failure::plain("looking for the index of --drop", &problem))?;
    let supposition = Supposition::Indexes { add: Vec::new(), drop };
    let supposed = whatif::suppose(session, statements, &supposition, catalog, allow)
        .await
        .map_err(|e| Failure::server(&e, None))?;
    Ok(vec![supposed])
}
