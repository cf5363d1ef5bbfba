//! Names of tables and columns, for completing what is typed.

use super::{Access, Connection, get};
use crate::{
    catalog::{NamedTable, Names},
    server::ServerError,
};

/// Tables and views, those of the search path first, each with its columns; so many tables at most.
const NAMES: &str = "
    SELECT c.schema, c.name, array(
        SELECT a.attname::text FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
    FROM (
        SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, pg_catalog.pg_table_is_visible(c.oid) AS visible
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
          AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
        ORDER BY NOT pg_catalog.pg_table_is_visible(c.oid), n.nspname, c.relname
        LIMIT 20000) c
    ORDER BY NOT c.visible, c.schema, c.name";

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
        names.tables.push(NamedTable { schema: get(row, 0)?, name: get(row, 1)?, columns: get(row, 2)? });
    }
    transaction.rollback().await?;
    Ok(names)
}
