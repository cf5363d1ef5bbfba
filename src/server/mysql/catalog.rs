//! Facts about tables, from `information_schema` alone: every account may read it for what it may read at all.

mod statistics;

use std::collections::VecDeque;

use mysql_async::{Row, Value};

use super::{
    Connection,
    cells::{number, text, whole},
};
use crate::{
    catalog::{Catalog, Column, Index, IndexKey, Table, TableKind},
    plan::Engine,
    server::{ErrorKind, ServerError},
    sql::classify,
    text::one_line,
};

const READING: &str = "reading the catalog";

/// From which MySQL on columns can be bound to a spatial reference system.
const SRID_SINCE: u32 = 80_003;

/// Settings that decide about plans.
const SETTINGS: [&str; 12] = [
    "eq_range_index_dive_limit",
    "innodb_buffer_pool_size",
    "innodb_page_size",
    "innodb_stats_persistent",
    "join_buffer_size",
    "max_heap_table_size",
    "optimizer_search_depth",
    "optimizer_switch",
    "read_rnd_buffer_size",
    "sort_buffer_size",
    "sql_mode",
    "tmp_table_size",
];

/// Reads; see [`Connection::catalog`].
pub(super) async fn read(
    connection: &mut Connection,
    tables: &[(Option<String>, String)],
    functions: &[String],
) -> Result<Catalog, ServerError> {
    let mut catalog = Catalog::default();
    let current = connection.info.database.clone();
    if !current.is_empty() {
        catalog.search_path.push(current.clone());
    }
    let mut seen: Vec<(String, String)> = Vec::new();
    let mut open: VecDeque<(Option<String>, String)> = tables.iter().cloned().collect();
    while let Some((schema, name)) = open.pop_front() {
        let schema = schema.unwrap_or_else(|| current.clone());
        let name = &name;
        let schema = &schema;
        if schema.is_empty() || seen.contains(&(schema.clone(), name.clone())) {
            continue;
        }
        seen.push((schema.clone(), name.clone()));
        match table(connection, schema, name).await {
            Ok(Some(table)) => {
                // A view brings the tables it reads.
                if let Some(definition) = &table.definition {
                    open.extend(classify(definition, connection.info.engine).tables);
                }
                catalog.tables.push(table);
            }
            Ok(None) => catalog.missing.push(one_line(&format!("{schema}.{name}: not there, or not for this account"))),
            Err(error) => miss(&mut catalog, &format!("{schema}.{name}"), error)?,
        }
    }
    match connection.functions(functions).await {
        Ok(found) => catalog.functions = found,
        Err(error) => miss(&mut catalog, "functions", error)?,
    }
    match settings(connection).await {
        Ok(found) => catalog.settings = found,
        Err(error) => miss(&mut catalog, "settings", error)?,
    }
    Ok(catalog)
}

/// Notes that something could not be read; a broken or interrupted connection is no small matter.
fn miss(catalog: &mut Catalog, what: &str, error: ServerError) -> Result<(), ServerError> {
    if matches!(error.kind, ErrorKind::Disconnected | ErrorKind::Cancelled) {
        return Err(error);
    }
    catalog.missing.push(one_line(&format!("{what}: {}", error.message)));
    Ok(())
}

async fn settings(connection: &mut Connection) -> Result<Vec<(String, String)>, ServerError> {
    let marks = vec!["?"; SETTINGS.len()].join(", ");
    let sql = format!("SHOW SESSION VARIABLES WHERE Variable_name IN ({marks})");
    let rows = connection.ask(READING, &sql, SETTINGS.iter().map(|s| Value::from(*s)).collect()).await;
    let rows = match rows {
        // Servers that take no parameters in SHOW get the names, all written above, in the text.
        Err(error) if error.kind != ErrorKind::Disconnected => {
            let names = SETTINGS.map(|s| format!("'{s}'")).join(", ");
            let sql = format!("SHOW SESSION VARIABLES WHERE Variable_name IN ({names})");
            connection.ask(READING, &sql, Vec::new()).await?
        }
        rows => rows?,
    };
    Ok(rows.iter().filter_map(|row| Some((text(row, 0)?, text(row, 1)?))).collect())
}

async fn table(connection: &mut Connection, schema: &str, name: &str) -> Result<Option<Table>, ServerError> {
    let key = || vec![Value::from(schema), Value::from(name)];
    let sql = "SELECT t.TABLE_SCHEMA, t.TABLE_NAME, t.TABLE_TYPE, t.ENGINE, e.TRANSACTIONS, t.TABLE_ROWS, t.DATA_LENGTH, \
               t.AVG_ROW_LENGTH, t.CREATE_OPTIONS, t.INDEX_LENGTH FROM information_schema.TABLES t \
               LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE \
               WHERE t.TABLE_SCHEMA = ? AND t.TABLE_NAME = ?";
    let rows = connection.ask(READING, sql, key()).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let options = text(row, 8).unwrap_or_default();
    let mut table = Table {
        schema: text(row, 0).unwrap_or_else(|| schema.to_owned()),
        name: text(row, 1).unwrap_or_else(|| name.to_owned()),
        kind: match text(row, 2).as_deref() {
            Some("VIEW" | "SYSTEM VIEW") => TableKind::View,
            _ if options.contains("partitioned") => TableKind::Partitioned,
            _ if matches!(text(row, 3).as_deref(), Some("FEDERATED" | "CONNECT" | "SPIDER")) => TableKind::Foreign,
            _ => TableKind::Table,
        },
        storage: text(row, 3),
        transactional: text(row, 4).map(|answer| answer == "YES"),
        rows: number(row, 5),
        bytes: whole(row, 6),
        ..Table::default()
    };
    let (row_bytes, index_bytes) = (number(row, 7), whole(row, 9));
    // MySQL 8.0.3 and newer.
    let srid = connection.info.engine == Engine::MySql && connection.info.version_number >= SRID_SINCE;
    let srid = if srid { "SRS_ID" } else { "NULL" };
    let sql = format!(
        "SELECT COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, GENERATION_EXPRESSION, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, {srid} \
         FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION"
    );
    let rows = connection.ask(READING, &sql, key()).await?;
    table.columns = rows.iter().filter_map(column).collect();
    statistics::widths(&mut table.columns, &rows, row_bytes);
    if table.kind == TableKind::View {
        let sql = "SELECT VIEW_DEFINITION FROM information_schema.VIEWS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?";
        let rows = connection.ask(READING, sql, key()).await?;
        // Empty for those who may not see it.
        table.definition = rows.first().and_then(|row| text(row, 0)).filter(|definition| !definition.is_empty());
        return Ok(Some(table));
    }
    let rows =
        connection.ask(READING, index_sql(connection.info.engine, connection.info.version_number), key()).await?;
    table.indexes = indexes(&rows);
    statistics::cardinalities(&mut table, &rows);
    let mut secondary = table.indexes.iter_mut().filter(|index| !index.primary);
    if let (Some(only), None) = (secondary.next(), secondary.next()) {
        only.bytes = index_bytes;
    }
    if connection.info.engine == Engine::MySql && connection.info.version_number >= 80_000 {
        let sql = "SELECT COLUMN_NAME, HISTOGRAM FROM information_schema.COLUMN_STATISTICS \
                   WHERE SCHEMA_NAME = ? AND TABLE_NAME = ?";
        statistics::histograms(&mut table, &connection.ask(READING, sql, key()).await?);
    }
    Ok(Some(table))
}

fn column(row: &Row) -> Option<Column> {
    Some(Column {
        name: text(row, 0)?,
        type_name: text(row, 1).unwrap_or_default(),
        not_null: text(row, 2).as_deref() == Some("NO"),
        generated: text(row, 3).filter(|expression| !expression.is_empty()),
        srid: whole(row, 6).and_then(|srid| u32::try_from(srid).ok()),
        statistics: None,
    })
}

/// The index query: which columns `STATISTICS` has depends on the server.
const fn index_sql(engine: Engine, version: u32) -> &'static str {
    macro_rules! select {
        ($expression:literal, $hidden:literal) => {
            concat!(
                "SELECT INDEX_NAME, NON_UNIQUE, SEQ_IN_INDEX, COLUMN_NAME, SUB_PART, COLLATION, INDEX_TYPE, CARDINALITY, ",
                $expression,
                ", ",
                $hidden,
                " FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? \
                 ORDER BY INDEX_NAME, SEQ_IN_INDEX"
            )
        };
    }
    match engine {
        Engine::MariaDb if version >= 100_600 => select!("NULL", "IGNORED = 'YES'"),
        Engine::MySql if version >= 80_013 => select!("EXPRESSION", "IS_VISIBLE = 'NO'"),
        Engine::MySql if version >= 80_000 => select!("NULL", "IS_VISIBLE = 'NO'"),
        _ => select!("NULL", "0"),
    }
}

fn indexes(rows: &[Row]) -> Vec<Index> {
    let mut out: Vec<Index> = Vec::new();
    for row in rows {
        let name = text(row, 0).unwrap_or_default();
        if out.last().is_none_or(|last| last.name != name) {
            out.push(Index {
                method: text(row, 6).unwrap_or_default().to_ascii_lowercase(),
                unique: text(row, 1).as_deref() == Some("0"),
                primary: name == "PRIMARY",
                disabled: text(row, 9).as_deref() == Some("1"),
                name,
                ..Index::default()
            });
        }
        let column = text(row, 3);
        let expr = column.clone().or_else(|| text(row, 8)).unwrap_or_default();
        if let Some(index) = out.last_mut() {
            index.keys.push(IndexKey {
                column,
                expr,
                desc: text(row, 5).as_deref() == Some("D"),
                opclass: None,
                prefix: whole(row, 4).and_then(|n| u32::try_from(n).ok()),
            });
        }
    }
    out
}
