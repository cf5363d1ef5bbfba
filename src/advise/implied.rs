//! What the server asks by itself when a statement takes rows away or changes their keys: whether rows of other tables point
//! at them. No plan shows it; without an index on the foreign key's columns it reads the whole table for each row.

use super::{Weighted, ddl, upkeep};
use crate::{
    catalog::{Catalog, Reference, Table},
    plan::{Engine, Plan},
    sql::shape::{Shape, Write, WriteKind},
};

/// Foreign keys that a statement asks.
fn asked<'a>(write: &Write, catalog: &'a Catalog) -> Vec<&'a Reference> {
    let Some(table) = catalog.table(Some(&write.schema), &write.table) else { return Vec::new() };
    let asks = |reference: &&Reference| match &write.kind {
        WriteKind::Insert => false,
        WriteKind::Update(columns) => reference.to.iter().any(|c| columns.contains(c)),
        WriteKind::Delete => true,
    };
    table.referenced_by.iter().filter(asks).collect()
}

/// Tables whose foreign keys the statements ask, as far as the catalog does not hold them yet.
pub(super) fn partners(shapes: &[Option<Shape>], catalog: &Catalog) -> Vec<(Option<String>, String)> {
    let mut found: Vec<(Option<String>, String)> = Vec::new();
    for reference in shapes.iter().flatten().filter_map(|s| s.writes.as_ref()).flat_map(|w| asked(w, catalog)) {
        let place = (Some(reference.schema.clone()), reference.table.clone());
        let known = catalog.tables.iter().any(|t| t.schema == reference.schema && t.name == reference.table);
        if !known && !found.contains(&place) {
            found.push(place);
        }
    }
    found
}

/// The questions of foreign keys that no index answers, each once, as often as rows are expected to be written.
pub(super) fn implied(
    workload: &[Weighted],
    shapes: &[Option<Shape>],
    plans: &[Option<&Plan>],
    catalog: &Catalog,
) -> Vec<Weighted> {
    let mut found: Vec<Weighted> = Vec::new();
    for ((statement, shape), plan) in workload.iter().zip(shapes).zip(plans) {
        let Some(write) = shape.as_ref().and_then(|s| s.writes.as_ref()) else { continue };
        for reference in asked(write, catalog) {
            let table = catalog.tables.iter().find(|t| t.schema == reference.schema && t.name == reference.table);
            if table.is_none_or(|table| is_answered(table, reference)) {
                continue;
            }
            let weight = statement.weight * plan.map_or(1.0, upkeep::rows);
            let sql = question(reference, write);
            match found.iter_mut().find(|f| f.sql == sql) {
                Some(known) => known.weight += weight,
                None => found.push(Weighted { sql, weight }),
            }
        }
    }
    found
}

/// Whether an index begins with the foreign key's columns, in any order.
fn is_answered(table: &Table, reference: &Reference) -> bool {
    let count = reference.columns.len();
    table.indexes.iter().any(|index| {
        !index.disabled
            && index.predicate.is_none()
            && index.keys.len() >= count
            && index.keys[..count].iter().all(|k| k.column.as_ref().is_some_and(|c| reference.columns.contains(c)))
    })
}

/// What PostgreSQL asks (`src/backend/utils/adt/ri_triggers.c`, without the row's lock, which costs nothing to plan).
fn question(reference: &Reference, write: &Write) -> String {
    let name = |name: &str| ddl::quoted(name, Engine::PostgreSql);
    let columns: Vec<String> =
        reference.columns.iter().zip(1..).map(|(column, number)| format!("{} = ${number}", name(column))).collect();
    format!(
        "SELECT 1 FROM {}.{} WHERE {} /* asked by the foreign key {} for each row of {} written */",
        name(&reference.schema),
        name(&reference.table),
        columns.join(" AND "),
        reference.name.replace("*/", ""),
        write.table.replace("*/", ""),
    )
}

/// Who asks a question of a foreign key, for people; `None` for other statements.
pub(super) fn asker(sql: &str) -> Option<&str> {
    let (_, words) = sql.strip_suffix(" */")?.rsplit_once("/* ")?;
    (sql.starts_with("SELECT 1 FROM ") && words.starts_with("asked by the foreign key ")).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::{asker, implied, partners};
    use crate::{
        advise::Weighted,
        catalog::{Catalog, Column, Index, IndexKey, Reference, Table},
        plan::Engine::PostgreSql,
        sql::shape::shape,
    };

    fn catalog(indexed: bool) -> Catalog {
        let columns = |names: &[&str]| {
            names.iter().map(|n| Column { name: (*n).to_owned(), ..Column::default() }).collect::<Vec<_>>()
        };
        let reference = Reference {
            name: "orders_customer_fkey".to_owned(),
            schema: "public".to_owned(),
            table: "orders".to_owned(),
            columns: vec!["customer_id".to_owned()],
            to: vec!["id".to_owned()],
        };
        let key =
            IndexKey { column: Some("customer_id".to_owned()), expr: "customer_id".to_owned(), ..IndexKey::default() };
        let index = Index { name: "ix".to_owned(), keys: vec![key], ..Index::default() };
        let table = |name: &str, names: &[&str]| Table {
            schema: "public".to_owned(),
            name: name.to_owned(),
            columns: columns(names),
            ..Table::default()
        };
        Catalog {
            tables: vec![
                Table { referenced_by: vec![reference], ..table("customers", &["id", "name"]) },
                Table {
                    indexes: if indexed { vec![index] } else { Vec::new() },
                    ..table("orders", &["id", "customer_id"])
                },
            ],
            search_path: vec!["public".to_owned()],
            ..Catalog::default()
        }
    }

    fn asked(sql: &str, catalog: &Catalog) -> Vec<Weighted> {
        let workload = [Weighted { sql: sql.to_owned(), weight: 3.0 }];
        let shapes = [shape(sql, PostgreSql, catalog).ok()];
        implied(&workload, &shapes, &[None], catalog)
    }

    #[test]
    fn rows_taken_away_are_looked_for_in_tables_that_point_at_them() {
        let found = asked("delete from customers where id = 7", &catalog(false));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].sql.starts_with("SELECT 1 FROM public.orders WHERE customer_id = $1"), "{found:?}");
        assert!((found[0].weight - 3.0).abs() < f64::EPSILON);
        let words = "asked by the foreign key orders_customer_fkey for each row of customers written";
        assert_eq!(asker(&found[0].sql), Some(words));
        assert_eq!(asker("delete from customers where id = 7 /* by hand */"), None);
        assert_eq!(asked("update customers set id = 8 where id = 7", &catalog(false)).len(), 1);
        for sql in [
            "update customers set name = 'x' where id = 7",
            "select * from customers",
            "insert into customers values (1, 'x')",
        ] {
            assert_eq!(asked(sql, &catalog(false)), [], "{sql}");
        }
        assert_eq!(asked("delete from customers where id = 7", &catalog(true)), []);
    }

    #[test]
    fn the_tables_that_point_here_are_to_be_read_too() {
        let mut all = catalog(false);
        let shapes = [shape("delete from customers", PostgreSql, &all).ok()];
        assert_eq!(partners(&shapes, &all), []);
        all.tables.truncate(1);
        assert_eq!(partners(&shapes, &all), [(Some("public".to_owned()), "orders".to_owned())]);
    }
}
