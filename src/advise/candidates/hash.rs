//! Hash indexes (PostgreSQL): long texts compared for equality only.

use super::draft::{At, Draft};
use crate::{
    advise::facts::{Kind, width},
    plan::Engine,
    sql::shape::Test,
};

/// Up to this a B-tree is no larger.
const LONG: f64 = 64.0;

/// Drafts for values that are long.
pub(super) fn drafts(at: &At<'_>) -> Vec<Draft> {
    if at.engine != Engine::PostgreSql {
        return Vec::new();
    }
    let mut found = Vec::new();
    for predicate in at.always.iter().filter(|p| p.test == Test::Equal) {
        let Some(column) = predicate.operand.column().and_then(|name| at.table.column(name)) else { continue };
        if at.kind(&column.name) == Kind::Text && width(column) >= LONG {
            let mut draft = Draft { method: "hash", equal: 1, ..Draft::btree(28) };
            let reason = format!("{}; a hash of 4 bytes stands for {:.0}", At::reason(predicate), width(column));
            draft.add(Some(At::plain_key(&column.name, None)), reason);
            found.push(draft);
        }
    }
    found
}
