//! What a person supposes on the command line.

use super::{explain::found, failure::Failure, telling::progress};
use crate::{
    advise::Existing,
    catalog::Catalog,
    server::Session,
    whatif::{self, Allow, Supposed, Supposition, WhatIf},
};

/// Plans the statements under each supposition.
///
/// # Errors
/// [`Failure`] when an index or a table is not there or the request was cancelled.
pub(super) async fn answers(
    session: &mut Session,
    statements: &[&str],
    (drops, others): (&[String], &[WhatIf]),
    catalog: Option<&Catalog>,
    allow: Allow,
) -> Result<Vec<Supposed>, Failure> {
    let none = Catalog::default();
    let mut all = Vec::new();
    if !drops.is_empty() {
        all.push(dropped(drops, found(catalog)?)?);
    }
    for other in others {
        let known = if other.names_table() { found(catalog)? } else { catalog.unwrap_or(&none) };
        let supposition = other.supposition(known);
        all.push(supposition.map_err(|problem| Failure::plain("looking for the table of --what-if", &problem))?);
    }
    let mut answers = Vec::with_capacity(all.len());
    for supposition in &all {
        let catalog = catalog.unwrap_or(&none);
        let asked = whatif::suppose(session, statements, supposition, catalog, allow, progress());
        let supposed = Box::pin(asked).await;
        answers.push(supposed.map_err(|e| Failure::server(&e, None))?);
    }
    Ok(answers)
}

fn dropped(names: &[String], catalog: &Catalog) -> Result<Supposition, Failure> {
    let drop = names.iter().map(|name| Existing::named(name, catalog)).collect::<Result<Vec<_>, _>>();
    let drop = drop.map_err(|problem| Failure::plain("looking for the index of --drop", &problem))?;
    Ok(Supposition::Indexes { add: Vec::new(), drop })
}
