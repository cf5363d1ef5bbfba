//! What a new statement needs of production: its tables, and of each what is known and some rows.

use std::time::Instant;

use super::{
    cannot, facts,
    facts::Facts,
    failed,
    sample::{self, Missing, Sample},
};
use crate::{
    advise::TrialError,
    catalog::{Catalog, Index, Table, TableKind},
    server::{Info, mysql::Connection},
    sql::{
        classify,
        shape::{Shape, shape},
    },
    text::one_line,
};

/// Schemas of the servers' own.
const SYSTEM: [&str; 4] = ["mysql", "sys", "information_schema", "performance_schema"];

/// What was read of a table, or why it cannot be on the twin.
pub(super) type ReadTable = ((String, String), Result<(Facts, Sample), TrialError>);

/// A new statement, its shape and its tables; or why it cannot be planned on the twin.
pub(super) struct New<'a> {
    pub(super) sql: &'a str,
    pub(super) shape: Result<Shape, TrialError>,
    pub(super) tables: Vec<(String, String)>,
    /// Views that it reads them by.
    pub(super) views: Vec<(String, String)>,
}

/// Whether a table is another than it was.
pub(super) fn changed(then: &Table, now: &Table) -> bool {
    let indexes = |t: &Table| {
        let of = |i: &Index| (i.name.clone(), i.keys.clone(), i.unique, i.disabled);
        t.indexes.iter().map(of).collect::<Vec<_>>()
    };
    let columns = |t: &Table| t.columns.iter().map(|c| (c.name.clone(), c.type_name.clone())).collect::<Vec<_>>();
    let (a, b) = (then.rows.unwrap_or_default() + 1_000.0, now.rows.unwrap_or_default() + 1_000.0);
    indexes(then) != indexes(now) || columns(then) != columns(now) || a.max(b) > a.min(b) * 1.5
}

/// Whether a statement can be planned on a twin, and which tables it reads.
pub(super) fn judged<'a>(sql: &'a str, info: &Info, catalog: &Catalog) -> New<'a> {
    let class = classify(sql, info.engine);
    let mut tables: Vec<(String, String)> = Vec::new();
    let mut views = Vec::new();
    let mut open = class.tables;
    let mut problem = if open.is_empty() { Some(cannot("the statement names no table")) } else { None };
    while let Some((schema, name)) = open.pop() {
        let shown = one_line(&name);
        let Some(table) = catalog.table(schema.as_deref(), &name) else {
            problem.get_or_insert_with(|| cannot(format!("nothing is known of {shown}")));
            continue;
        };
        if SYSTEM.iter().any(|system| table.schema.eq_ignore_ascii_case(system)) {
            problem.get_or_insert_with(|| cannot(format!("{shown} is a table of the server's own")));
            continue;
        }
        let key = (table.schema.clone(), table.name.clone());
        match table.kind {
            TableKind::View => {
                let inner = table.definition.as_ref().map(|d| classify(d, info.engine).tables).unwrap_or_default();
                if inner.is_empty() {
                    problem.get_or_insert_with(|| cannot(format!("this account may not see what the view {shown} is")));
                }
                open.extend(inner);
                views.push(key);
            }
            TableKind::Foreign => {
                problem.get_or_insert_with(|| cannot(format!("{shown} is stored elsewhere")));
            }
            _ if !tables.contains(&key) => tables.push(key),
            _ => {}
        }
    }
    let shape = match problem {
        Some(problem) => Err(problem),
        None => shape(sql, info.engine, catalog).map_err(|e| cannot(format!("the statement could not be read: {e}"))),
    };
    New { sql, shape, tables, views }
}

/// [`read`], and the milliseconds it took.
pub(super) async fn timed(production: &mut Connection, missing: &Catalog) -> Result<(Vec<ReadTable>, f64), TrialError> {
    let start = Instant::now();
    let read = read(production, missing).await?;
    Ok((read, start.elapsed().as_secs_f64() * 1e3))
}

/// Reads definitions, statistics and samples of the tables.
async fn read(production: &mut Connection, missing: &Catalog) -> Result<Vec<ReadTable>, TrialError> {
    let all = facts::read(production, missing).await.map_err(failed)?;
    let mut out = Vec::with_capacity(all.len());
    let tables = missing.tables.iter().filter(|t| matches!(t.kind, TableKind::Table | TableKind::Partitioned));
    for (table, facts) in tables.zip(all) {
        let name = (table.schema.clone(), table.name.clone());
        let facts = match facts {
            Ok(facts) => facts,
            Err(why) => {
                out.push((name, Err(cannot(why))));
                continue;
            }
        };
        let taken = match sample::take(production, &facts).await {
            Ok(sample) => Ok((facts, sample)),
            Err(Missing::NoKey) => Err(cannot(format!(
                "{} has no key along which rows can be picked without reading all of it",
                one_line(&table.name)
            ))),
            Err(Missing::Server(error)) => Err(failed(error)),
        };
        match taken {
            Err(error @ TrialError::Server { .. }) => return Err(error),
            taken => out.push((name, taken)),
        }
    }
    Ok(out)
}
