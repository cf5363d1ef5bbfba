//! What is not proposed, and why: what a person who looks for it would otherwise miss, and what would help instead.

use super::{
    candidates::full_text,
    ddl,
    facts::{self, Kind, selectivity},
    paging,
};
use crate::{
    catalog::{Catalog, Table, TableKind},
    fmt,
    plan::Engine,
    sql::{
        has_unspaced_words,
        shape::{Operand, Predicate, Shape, Test, Value},
    },
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
        paging::told(shape, engine).into_iter().for_each(&mut say);
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
        Test::FullText if engine == Engine::MariaDb && has_unspaced_words(sql) => Some(format!(
            "{sql}: MariaDB's own FULLTEXT indexes find what stands between blanks only; such text wants the storage engine Mroonga"
        )),
        Test::Position => {
            let column = predicate.operand.column().and_then(|c| table.column(c)).filter(|c| full_text::is_shape(c))?;
            let why = full_text::cannot_be_spatial(column, engine)?;
            let place = [&table.schema, name].map(|n| ddl::quoted(n, engine)).join(".");
            let srid = if engine == Engine::MySql { " SRID 0" } else { "" };
            Some(format!(
                "{sql}: {why}: ALTER TABLE {place} MODIFY {} {} NOT NULL{srid} (with the number its values have), then ask again",
                ddl::quoted(&column.name, engine),
                column.type_name
            ))
        }
        // What begins with letters is found; of what is computed nobody knows how it begins.
        Test::Pattern if !begins_anywhere(predicate) => None,
        Test::Pattern => Some(format!(
            "{sql}: a pattern that begins anywhere reads every row; a FULLTEXT index with MATCH … AGAINST finds words"
        )),
        Test::Equal | Test::Range | Test::OneOf
            if engine == Engine::MariaDb && generated(table, &predicate.operand).is_some() =>
        {
            let ddl = generated(table, &predicate.operand)?;
            Some(format!(
                "{sql}: MariaDB indexes an expression as a generated column: {ddl}; 11.8 and newer take it for the expression, \
                 older ones want the condition on the column"
            ))
        }
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

/// Whether a pattern is told and its first letter is not: `LIKE '%x'`, any regular expression.
fn begins_anywhere(predicate: &Predicate) -> bool {
    let Some(Value::Literal(pattern)) = predicate.values.first() else { return false };
    let sql = predicate.sql.to_lowercase();
    pattern.starts_with(['%', '_']) || sql.contains("regexp") || sql.contains("rlike")
}

/// The generated column, with its index, that stands for an expression on MariaDB (11.8.9: used for the expression itself where the
/// types are the same; 10.11: by the column's name). For a function of one column whose type is known.
fn generated(table: &Table, operand: &Operand) -> Option<String> {
    let Operand::Expression { sql, columns } = operand else { return None };
    let [column] = columns.as_slice() else { return None };
    let (function, argument) = sql.strip_suffix(')')?.split_once('(')?;
    let function = function.trim().to_lowercase();
    if argument.trim().trim_matches('`') != column {
        return None;
    }
    let type_name = match function.as_str() {
        "lower" | "upper" => table.column(column).map(|c| c.type_name.clone())?,
        "date" => "date".to_owned(),
        "year" | "month" | "day" | "dayofweek" | "hour" => "int".to_owned(),
        _ => return None,
    };
    let name = ddl::quoted(&format!("{column}_{function}"), Engine::MariaDb);
    let place = [&table.schema, &table.name].map(|n| ddl::quoted(n, Engine::MariaDb)).join(".");
    Some(format!("ALTER TABLE {place} ADD COLUMN {name} {type_name} AS ({sql}) INVISIBLE, ADD INDEX ({name})"))
}

#[cfg(test)]
mod tests {
    use super::unproposed;
    use crate::{
        catalog::{Catalog, Column, Table},
        plan::Engine::{self, MariaDb, MySql},
        sql::shape::shape,
    };

    fn told(engine: Engine, sql: &str) -> Vec<String> {
        let column = |name: &str, type_name: &str| Column {
            name: name.to_owned(),
            type_name: type_name.to_owned(),
            ..Column::default()
        };
        let catalog = Catalog {
            tables: vec![Table {
                schema: "shop".to_owned(),
                name: "customers".to_owned(),
                rows: Some(1e6),
                last_analyzed: Some("now".to_owned()),
                columns: vec![
                    column("email", "varchar(80)"),
                    column("created_at", "datetime"),
                    Column { not_null: true, ..column("place", "point") },
                    Column { not_null: true, srid: Some(4326), ..column("home", "point") },
                    column("bio", "text"),
                ],
                ..Table::default()
            }],
            search_path: vec!["shop".to_owned()],
            ..Catalog::default()
        };
        unproposed(&[shape(sql, engine, &catalog).ok()], &catalog, engine)
    }

    #[test]
    fn what_a_spatial_and_a_full_text_index_wants_is_told() {
        let within = |column: &str| {
            format!(
                "select * from customers where mbrwithin({column}, st_geomfromtext('POLYGON((0 0, 3 0, 3 3, 0 3, 0 0))'))"
            )
        };
        let lines = told(MySql, &within("place"));
        assert!(
            lines.iter().any(|l| l.contains("ALTER TABLE shop.customers MODIFY place point NOT NULL SRID 0")),
            "{lines:?}"
        );
        assert_eq!(told(MySql, &within("home")), Vec::<String>::new());
        assert_eq!(told(MariaDb, &within("place")), Vec::<String>::new());
        let words = "select * from customers where match (bio) against ('数据' in boolean mode)";
        assert!(told(MariaDb, words).iter().any(|l| l.contains("Mroonga")));
        assert_eq!(told(MySql, words), Vec::<String>::new());
    }

    #[test]
    fn mariadb_is_told_the_generated_column_of_an_expression() {
        for (condition, ddl) in [
            (
                "lower(email) = 'a@b'",
                "ALTER TABLE shop.customers ADD COLUMN email_lower varchar(80) AS (lower(email)) INVISIBLE, ADD INDEX (email_lower)",
            ),
            (
                "date(created_at) = '2024-01-05'",
                "ALTER TABLE shop.customers ADD COLUMN created_at_date date AS (date(created_at)) INVISIBLE, ADD INDEX (created_at_date)",
            ),
        ] {
            let sql = format!("select * from customers where {condition}");
            let lines = told(MariaDb, &sql);
            assert!(lines.iter().any(|l| l.to_lowercase().contains(&ddl.to_lowercase())), "{lines:?}");
            assert!(told(MySql, &sql).iter().all(|l| !l.contains("generated column")));
        }
        // What the type of is not known is said to be no key.
        let lines = told(MariaDb, "select * from customers where concat(email, 'x') = 'y'");
        assert!(lines.iter().all(|l| !l.contains("ADD COLUMN")) && lines.len() == 1, "{lines:?}");
    }
}
