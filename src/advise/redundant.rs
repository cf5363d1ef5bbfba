//! Indexes that stand although another does all they do.

use super::{Candidate, ddl};
use crate::catalog::{Catalog, Index, Table};

/// An index that can go, in two steps: first out of the planner's sight, or watched, then away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redundant {
    /// Schema or database.
    pub schema: String,
    /// Table.
    pub table: String,
    /// The index.
    pub index: String,
    /// Which other does its work.
    pub because: String,
    /// What to do, one step after the other.
    pub ddl: Vec<String>,
    /// What brings it back.
    pub undo: Vec<String>,
}

/// Indexes of the catalog that another one, or one of the proposed, makes superfluous. Those that keep values unique are
/// never among them.
pub(super) fn redundant(catalog: &Catalog, proposed: &[(&Candidate, &str)]) -> Vec<Redundant> {
    let mut found = Vec::new();
    for table in &catalog.tables {
        for index in table.indexes.iter().filter(|i| !i.unique && !i.primary && !i.disabled && i.method == "btree") {
            let other = table.indexes.iter().find(|other| {
                other.name != index.name
                    && covers(other, index)
                    // Of two alike the first by name stays.
                    && (!covers(index, other) || other.unique || other.name < index.name)
            });
            let new = proposed.iter().find(|(candidate, _)| {
                candidate.schema == table.schema
                    && candidate.table == table.name
                    && candidate.replaces.contains(&index.name)
            });
            let because = match (other, new) {
                (Some(other), _) => format!("{} begins with its keys and holds all it holds", other.name),
                (None, Some((_, name))) => {
                    format!("{name}, proposed here, begins with its keys and holds all it holds")
                }
                (None, None) => continue,
            };
            found.push(one(table, index, because, catalog, proposed));
        }
    }
    found
}

fn one(table: &Table, index: &Index, because: String, catalog: &Catalog, proposed: &[(&Candidate, &str)]) -> Redundant {
    // The server is known by what is proposed for it, else by how its indexes are told: PostgreSQL gives definitions.
    let engine = proposed.first().map_or_else(|| ddl::engine_of(catalog, index), |(candidate, _)| candidate.engine);
    let (ddl, undo) = ddl::retire(engine, table, index);
    Redundant { schema: table.schema.clone(), table: table.name.clone(), index: index.name.clone(), because, ddl, undo }
}

/// Whether the first index does all that the second does.
fn covers(wide: &Index, narrow: &Index) -> bool {
    let held = |c: &String| wide.include.contains(c) || wide.keys.iter().any(|k| k.column.as_ref() == Some(c));
    !wide.disabled
        && wide.method == narrow.method
        && wide.predicate == narrow.predicate
        && wide.keys.len() >= narrow.keys.len()
        && wide.keys.iter().zip(&narrow.keys).all(|(a, b)| a == b)
        && narrow.include.iter().all(held)
}
