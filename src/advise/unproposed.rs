//! What is not proposed, and why: what a person who looks for it would otherwise miss, and what would help instead.

use super::facts::{self, Kind, selectivity};
use crate::{
    catalog::{Catalog, Table, TableKind},
    fmt,
    plan::Engine,
    sql::shape::{Operand, Predicate, Shape, Test, Value},
};

/// A condition that keeps more is no reason for an index.
const KEEPS_MOST: f64 = 0.3;
/// Letters in a row that a trigram index needs.
const LETTERS: usize = 3;

/// One line for each table and condition that no index is proposed for.
pub(super) fn unproposed(shapes: &[Option<Shape>], catalog: &Catalog, engine: Engine) -> Vec<String> {
    let mut lines = Vec::new();
    let mut say = |line: String| {
        if !lines.contains(&line) {
            lines.push(line);
        }
    };
    for shape in shapes.iter().flatten() {
        for (at, source) in shape.sources.iter().enumerate() {
            let Some(table) = catalog.table(Some(&source.schema), &source.table) else { continue };
            if let Some(line) = of_table(table) {
                say(line);
                continue;
            }
            let own: Vec<&Predicate> = shape.predicates.iter().filter(|p| p.source == at && !p.derived).collect();
            for predicate in &own {
                if let Some(line) = of_condition(table, predicate, own.len() == 1, engine) {
                    say(line);
                }
            }
        }
    }
    lines
}

fn of_table(table: &Table) -> Option<String> {
    let name = &table.name;
    if table.kind == TableKind::Foreign {
        return Some(format!("{name} is stored on another server: indexes are made there"));
    }
    if super::candidates::is_tiny(table) {
        let rows = table.rows.map(fmt::count).unwrap_or_default();
        return Some(format!("{name} has {rows} rows: they are read faster than searched"));
    }
    let unknown = table.kind == TableKind::Table
        && !table.columns.is_empty()
        && table.rows.is_none_or(|r| r > 0.0)
        && table.last_analyzed.is_none()
        && table.columns.iter().all(|c| c.statistics.is_none());
    unknown.then(|| format!("{name} has no statistics, so that all costs are guesses: ANALYZE it, then ask again"))
}

fn of_condition(table: &Table, predicate: &Predicate, only: bool, engine: Engine) -> Option<String> {
    let (sql, name) = (&predicate.sql, &table.name);
    let kind = predicate.operand.column().and_then(|c| table.column(c)).map(|c| facts::kind(c, engine));
    match predicate.test {
        Test::HasElement if engine == Engine::PostgreSql && kind == Some(Kind::Array) => {
            let column = predicate.operand.sql();
            Some(format!(
                "{sql}: no index serves this form; {column} @> ARRAY[…] asks the same, and a GIN index serves it"
            ))
        }
        Test::Pattern if engine == Engine::PostgreSql => {
            let Some(Value::Literal(pattern)) = predicate.values.first() else { return None };
            let enough = pattern.split(|c: char| !c.is_alphanumeric()).any(|word| word.chars().count() >= LETTERS);
            (!enough).then(|| format!("{sql}: fewer than three letters in a row, which no index finds"))
        }
        Test::Pattern => Some(format!(
            "{sql}: a pattern that begins anywhere reads every row; a FULLTEXT index with MATCH … AGAINST finds words"
        )),
        Test::Equal | Test::Range | Test::OneOf
            if matches!(&predicate.operand, Operand::Expression { sql, .. } if !sql.contains("->"))
                && !facts::indexable(&predicate.operand, table, engine, u32::MAX) =>
        {
            Some(format!(
                "{sql}: an index cannot hold the expression (its result depends on the session, or the server has no such indexes); \
                 a condition on the bare column can use one"
            ))
        }
        Test::Equal | Test::IsNull | Test::IsNotNull if only && kind.is_some() => {
            let known =
                predicate.operand.column().and_then(|c| table.column(c)).is_some_and(|c| c.statistics.is_some());
            let part = selectivity(table, predicate);
            (known && part >= KEEPS_MOST)
                .then(|| format!("{sql} keeps {} of {name}: reading all of it is faster", fmt::percent(part)))
        }
        _ => None,
    }
}
