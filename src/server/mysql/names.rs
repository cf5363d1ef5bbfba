//! Names of tables and columns, for completing what is typed.

use super::{Connection, cells::text};
use crate::{catalog::Names, server::ServerError};

/// Tables and views of the current database with their columns; so many columns at most.
const NAMES: &str = "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS \
                     WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION LIMIT 20000";

/// Reads them.
pub(super) async fn read(connection: &mut Connection) -> Result<Names, ServerError> {
    let mut names = Names::default();
    for row in &connection.ask("reading names for completion", NAMES, Vec::new()).await? {
        if let (Some(schema), Some(table), Some(column)) = (text(row, 0), text(row, 1), text(row, 2)) {
            names.add(&schema, &table, column);
        }
    }
    Ok(names)
}
