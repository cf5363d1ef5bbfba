//! Facts about the tables of a statement: one round trip each for relations, columns, indexes, foreign keys, functions and settings.

mod array;
mod queries;

pub(crate) use array::elements;

use std::collections::BTreeMap;

use tokio_postgres::{
    Row,
    types::{FromSqlOwned, Type},
};

use super::{Access, Connection, Transaction, get};
use crate::{
    catalog::{Catalog, Column, Function, Index, IndexKey, Reference, Statistics, Table, TableKind, Writes},
    server::{ErrorKind, ServerError},
};

/// Reads the catalog; see [`Connection::catalog`].
pub(super) async fn read(
    connection: &mut Connection,
    tables: &[(Option<String>, String)],
    functions: &[String],
) -> Result<Catalog, ServerError> {
    let limit = connection.plain_limit();
    let transaction = connection.begin(Access::ReadOnly, Some(limit)).await?;
    match read_in(&transaction, tables, functions).await {
        Ok(catalog) => {
            transaction.rollback().await?;
            Ok(catalog)
        }
        Err(error) => transaction.fail(error).await,
    }
}

/// A row whose columns are taken one after the other.
struct Reader<'a> {
    row: &'a Row,
    next: usize,
}

impl<'a> Reader<'a> {
    const fn new(row: &'a Row) -> Self {
        Self { row, next: 0 }
    }

    fn take<T: FromSqlOwned>(&mut self) -> Result<T, ServerError> {
        self.next += 1;
        get(self.row, self.next - 1)
    }
}

async fn read_in(
    transaction: &Transaction<'_>,
    tables: &[(Option<String>, String)],
    functions: &[String],
) -> Result<Catalog, ServerError> {
    let mut catalog = Catalog::default();
    let attempted = "reading the catalog";
    let rows = transaction
        .rows(attempted, queries::SETTINGS, &[(&queries::SETTING_NAMES.as_slice(), Type::TEXT_ARRAY)])
        .await?;
    for row in &rows {
        let mut row = Reader::new(row);
        let (name, value): (Option<String>, String) = (row.take()?, row.take()?);
        match name {
            Some(name) => catalog.settings.push((name, value)),
            None => catalog.search_path.push(value),
        }
    }
    let schemas: Vec<Option<&str>> = tables.iter().map(|(schema, _)| schema.as_deref()).collect();
    let names: Vec<&str> = tables.iter().map(|(_, name)| name.as_str()).collect();
    let rows = transaction
        .rows(attempted, queries::RELATIONS, &[(&schemas, Type::TEXT_ARRAY), (&names, Type::TEXT_ARRAY)])
        .await?;
    let mut places = BTreeMap::new();
    for row in &rows {
        let (oid, table, readable) = relation(row)?;
        if !readable {
            catalog.missing.push(format!(
                "{}.{}: the account may not read it, so its statistics are not known",
                table.schema, table.name
            ));
        }
        places.insert(oid, catalog.tables.len());
        catalog.tables.push(table);
    }
    let oids: Vec<u32> = places.keys().copied().collect();
    for row in &transaction.rows(attempted, queries::COLUMNS, &[(&oids, Type::OID_ARRAY)]).await? {
        let (oid, column) = column(row)?;
        if let Some(table) = places.get(&oid).and_then(|at| catalog.tables.get_mut(*at)) {
            table.columns.push(column);
        }
    }
    for row in &transaction.rows(attempted, queries::INDEXES, &[(&oids, Type::OID_ARRAY)]).await? {
        let (oid, index) = index(row)?;
        if let Some(table) = places.get(&oid).and_then(|at| catalog.tables.get_mut(*at)) {
            table.indexes.push(index);
        }
    }
    for row in &transaction.rows(attempted, queries::REFERENCES, &[(&oids, Type::OID_ARRAY)]).await? {
        let mut row = Reader::new(row);
        let oid: u32 = row.take()?;
        let (name, schema, table) = (row.take()?, row.take()?, row.take()?);
        let reference = Reference { name, schema, table, columns: row.take()?, to: row.take()? };
        if let Some(table) = places.get(&oid).and_then(|at| catalog.tables.get_mut(*at)) {
            table.referenced_by.push(reference);
        }
    }
    if transaction.version_number() >= queries::EXPRESSIONS_SINCE {
        for row in &transaction.rows(attempted, queries::EXPRESSIONS, &[(&oids, Type::OID_ARRAY)]).await? {
            let mut row = Reader::new(row);
            let (oid, expressions): (u32, Vec<String>) = (row.take()?, row.take()?);
            if let Some(table) = places.get(&oid).and_then(|at| catalog.tables.get_mut(*at)) {
                table.expression_statistics.extend(expressions);
            }
        }
    }
    let names = queries::EXTENSION_NAMES.as_slice();
    for row in &transaction.rows(attempted, queries::EXTENSIONS, &[(&names, Type::TEXT_ARRAY)]).await? {
        let mut row = Reader::new(row);
        catalog.extensions.push((row.take()?, row.take()?));
    }
    for row in &transaction.rows(attempted, queries::FUNCTIONS, &[(&functions, Type::TEXT_ARRAY)]).await? {
        let mut row = Reader::new(row);
        catalog.functions.push(Function { name: row.take()?, volatile: row.take()?, builtin: row.take()? });
    }
    for table in &catalog.tables {
        if table.columns.iter().all(|c| c.statistics.is_none())
            && table.last_analyzed.is_none()
            && table.kind != TableKind::View
        {
            catalog.missing.push(format!("{}.{}: no statistics; ANALYZE gathers them", table.schema, table.name));
        }
    }
    Ok(catalog)
}

fn relation(row: &Row) -> Result<(u32, Table, bool), ServerError> {
    let mut row = Reader::new(row);
    let oid = row.take()?;
    let (schema, name, kind): (String, String, String) = (row.take()?, row.take()?, row.take()?);
    let kind = match kind.as_str() {
        "p" => TableKind::Partitioned,
        "m" => TableKind::MaterializedView,
        "v" => TableKind::View,
        "f" => TableKind::Foreign,
        "r" => TableKind::Table,
        other => {
            return Err(ServerError::new(ErrorKind::Other, "reading the catalog", format!("relation kind {other:?}")));
        }
    };
    let mut table = Table {
        schema,
        name,
        kind,
        transactional: (kind != TableKind::Foreign).then_some(true),
        rows: row.take()?,
        bytes: row.take::<Option<i64>>()?.and_then(|b| u64::try_from(b).ok()),
        last_analyzed: row.take()?,
        modified_since_analyze: row.take()?,
        dead_rows: row.take()?,
        last_vacuumed: row.take()?,
        definition: row.take()?,
        ..Table::default()
    };
    let readable = row.take()?;
    let (schemas, names): (Vec<String>, Vec<String>) = (row.take()?, row.take()?);
    table.partitions = schemas.into_iter().zip(names).collect();
    let counts: [Option<f64>; 3] = [row.take()?, row.take()?, row.take()?];
    if let [Some(inserted), Some(updated), Some(in_place)] = counts {
        table.writes = Some(Writes { inserted, updated, in_place, seconds: row.take()? });
    }
    Ok((oid, table, readable))
}

fn column(row: &Row) -> Result<(u32, Column), ServerError> {
    let mut row = Reader::new(row);
    let oid = row.take()?;
    let mut column = Column {
        name: row.take()?,
        type_name: row.take()?,
        not_null: row.take()?,
        generated: row.take()?,
        srid: None,
        statistics: None,
    };
    if let Some(null_fraction) = row.take::<Option<f64>>()? {
        let (average_width, n_distinct, correlation) = (row.take::<f64>()?, row.take()?, row.take()?);
        let (values, shares): (Option<String>, Option<Vec<f64>>) = (row.take()?, row.take()?);
        let values = values.as_deref().map(array::elements).unwrap_or_default();
        column.statistics = Some(Statistics {
            null_fraction,
            average_width,
            // 0 says that the number is not known.
            n_distinct: Some(n_distinct).filter(|n: &f64| *n != 0.0),
            correlation,
            most_common: values.into_iter().zip(shares.unwrap_or_default()).collect(),
        });
    }
    Ok((oid, column))
}

fn index(row: &Row) -> Result<(u32, Index), ServerError> {
    let mut row = Reader::new(row);
    let oid = row.take()?;
    let mut index = Index {
        name: row.take()?,
        method: row.take()?,
        unique: row.take()?,
        primary: row.take()?,
        disabled: row.take()?,
        predicate: row.take()?,
        bytes: row.take::<Option<i64>>()?.and_then(|b| u64::try_from(b).ok()),
        definition: row.take()?,
        include: row.take()?,
        ..Index::default()
    };
    let (exprs, columns): (Vec<String>, Vec<Option<String>>) = (row.take()?, row.take()?);
    let (descending, opclasses): (Vec<bool>, Vec<Option<String>>) = (row.take()?, row.take()?);
    let keys = exprs.into_iter().zip(columns).zip(descending).zip(opclasses);
    index.keys =
        keys.map(|(((expr, column), desc), opclass)| IndexKey { column, expr, desc, opclass, prefix: None }).collect();
    index.scans = row.take()?;
    Ok((oid, index))
}
