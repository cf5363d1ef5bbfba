//! FULLTEXT and SPATIAL indexes (MySQL, MariaDB).

use super::draft::{At, Draft};
use crate::{
    plan::Engine,
    sql::shape::{Operand, Test},
};

/// Drafts for `MATCH (…) AGAINST (…)`, whose index must have exactly its columns, and for shapes.
pub(super) fn drafts(at: &At<'_>) -> Vec<Draft> {
    if at.engine == Engine::PostgreSql {
        return Vec::new();
    }
    let mut found = Vec::new();
    for predicate in &at.all {
        match (&predicate.operand, predicate.test) {
            (operand, Test::FullText) => {
                let columns: Vec<&str> = match operand {
                    Operand::Column(column) => vec![column],
                    Operand::Expression { columns, .. } => columns.iter().map(String::as_str).collect(),
                };
                let mut draft = Draft { method: "fulltext", equal: columns.len(), ..Draft::btree(4) };
                for column in columns {
                    draft.add(Some(At::plain_key(column, None)), At::reason(predicate));
                }
                found.push(draft);
            }
            (Operand::Column(column), Test::Position) => {
                // A column that may be NULL cannot have one.
                let shape = at.table.column(column).filter(|c| c.not_null).map(|c| c.type_name.to_lowercase());
                if shape.is_some_and(|t| t.contains("geom") || t.contains("point") || t.contains("polygon")) {
                    let mut draft = Draft { method: "spatial", ..Draft::btree(4) };
                    draft.add(Some(At::plain_key(column, None)), At::reason(predicate));
                    found.push(draft);
                }
            }
            _ => {}
        }
    }
    found
}
