//! Names of tables and columns, for completing what is typed.

use std::collections::HashMap;

use super::{Connection, cells::text};
use crate::{
    catalog::{NamedTable, Names},
    server::ServerError,
};

/// Tables and views of the current database; so many at most.
const TABLES: &str = "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES \
                      WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME LIMIT 20000";

/// Their columns; so many at most. The columns of what comes after are not known, its names are.
const COLUMNS: &str = "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS \
                       WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION LIMIT 100000";

/// Reads them.
pub(super) async fn read(connection: &mut Connection) -> Result<Names, ServerError> {
    let mut names = Names::default();
    let mut places = HashMap::new();
    for row in &connection.ask("reading names for completion", TABLES, Vec::new()).await? {
        if let (Some(schema), Some(name)) = (text(row, 0), text(row, 1)) {
            places.insert(name.clone(), names.tables.len());
            names.tables.push(NamedTable { schema, name, columns: Vec::new() });
        }
    }
    for row in &connection.ask("reading names for completion", COLUMNS, Vec::new()).await? {
        if let (Some(table), Some(column)) = (text(row, 0), text(row, 1))
            && let Some(known) = places.get(&table).and_then(|at| names.tables.get_mut(*at))
        {
            known.columns.push(column);
        }
    }
    Ok(names)
}
