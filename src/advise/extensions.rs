//! Extensions of PostgreSQL that an index needs, and whether the server has them.

use super::{Candidate, facts};
use crate::{catalog::Catalog, plan::Engine};

/// What the catalog says of an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Created in the database.
    Installed,
    /// Its files are there: CREATE EXTENSION makes it.
    Available,
    /// The server has no such extension.
    Missing,
    /// Nothing is known of extensions.
    Unknown,
}

/// The extension without which the index cannot be made.
pub(super) fn needed(candidate: &Candidate, catalog: &Catalog) -> Option<&'static str> {
    if candidate.engine != Engine::PostgreSql {
        return None;
    }
    if candidate.keys.iter().any(|k| k.opclass.as_deref().is_some_and(|c| c.contains("trgm"))) {
        return Some("pg_trgm");
    }
    let extension = match candidate.method {
        "gin" => "btree_gin",
        "gist" => "btree_gist",
        _ => return None,
    };
    let table = catalog.table(Some(&candidate.schema), &candidate.table)?;
    let scalar =
        |k: &super::Key| k.opclass.is_none() && table.column(&k.expr).is_some_and(|c| facts::is_scalar(&c.type_name));
    candidate.keys.iter().any(scalar).then_some(extension)
}

/// Whether the server has it.
pub(super) fn state(catalog: &Catalog, extension: &str) -> State {
    if catalog.extensions.is_empty() {
        return State::Unknown;
    }
    match catalog.extensions.iter().find(|(name, _)| name == extension) {
        Some((_, true)) => State::Installed,
        Some((_, false)) => State::Available,
        None => State::Missing,
    }
}
