//! Names of tables and columns, for completing what is typed.

use super::{Access, Connection, get};
use crate::{catalog::Names, server::ServerError};

/// Tables and views with their columns, those of the search path first; so many columns at most.
const NAMES: &str = "
    SELECT n.nspname::text, c.relname::text, a.attname::text
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
      AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
    ORDER BY NOT pg_catalog.pg_table_is_visible(c.oid), n.nspname, c.relname, a.attnum
    LIMIT 20000";

/// Reads them.
pub(super) async fn read(connection: &mut Connection) -> Result<Names, ServerError> {
    let limit = connection.plain_limit();
    let transaction = connection.begin(Access::ReadOnly, Some(limit)).await?;
    let rows = match transaction.rows("reading names for completion", NAMES, &[]).await {
        Ok(rows) => rows,
        Err(error) => return transaction.fail(error).await,
    };
    let mut names = Names::default();
    for row in &rows {
        let (schema, table, column): (String, String, String) = (get(row, 0)?, get(row, 1)?, get(row, 2)?);
        names.add(&schema, &table, column);
    }
    transaction.rollback().await?;
    Ok(names)
}
