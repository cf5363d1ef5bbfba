//! FULLTEXT and SPATIAL indexes (MySQL, MariaDB).

use super::draft::{At, Draft};
use crate::{
    catalog::Column,
    plan::Engine,
    sql::{
        has_unspaced_words,
        shape::{Operand, Test},
    },
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
                let parser = parser(at.engine, &predicate.sql);
                for (number, column) in columns.into_iter().enumerate() {
                    let mut reason = At::reason(predicate);
                    if let (0, Some(parser)) = (number, parser) {
                        reason = format!(
                            "{reason}; words without blanks between them are found by the parser {parser} (pieces of ngram_token_size letters)"
                        );
                    }
                    draft.add(Some(At::plain_key(column, parser.filter(|_| number == 0))), reason);
                }
                found.push(draft);
            }
            (Operand::Column(column), Test::Position)
                if at
                    .table
                    .column(column)
                    .is_some_and(|c| is_shape(c) && cannot_be_spatial(c, at.engine).is_none()) =>
            {
                let mut draft = Draft { method: "spatial", ..Draft::btree(4) };
                draft.add(Some(At::plain_key(column, None)), At::reason(predicate));
                found.push(draft);
            }
            _ => {}
        }
    }
    found
}

/// Whether a column holds shapes.
pub(in crate::advise) fn is_shape(column: &Column) -> bool {
    const TYPES: [&str; 8] = [
        "geometry",
        "point",
        "linestring",
        "polygon",
        "multipoint",
        "multilinestring",
        "multipolygon",
        "geometrycollection",
    ];
    TYPES.contains(&column.type_name.to_lowercase().as_str()) || column.type_name.eq_ignore_ascii_case("geomcollection")
}

/// Why a SPATIAL index on a column of shapes cannot be, or would not be used: it wants NOT NULL, and MySQL's optimizer passes over those
/// of columns that are not bound to one spatial reference system (MySQL 9.7 manual, "SPATIAL Index Optimization").
pub(in crate::advise) fn cannot_be_spatial(column: &Column, engine: Engine) -> Option<&'static str> {
    match engine {
        Engine::PostgreSql => None,
        _ if !column.not_null => Some("a SPATIAL index wants a column that is NOT NULL"),
        Engine::MySql if column.srid.is_none() => {
            Some("MySQL uses a SPATIAL index only where the column is bound to one spatial reference system (SRID)")
        }
        Engine::MySql | Engine::MariaDb => None,
    }
}

/// The parser for a search whose words have no blanks between them: Chinese, Japanese, Korean. MariaDB has none of its own.
fn parser(engine: Engine, condition: &str) -> Option<&'static str> {
    (engine == Engine::MySql && has_unspaced_words(condition)).then_some("ngram")
}
