//! The tables themselves: the stage that rows are read to, and the copy that hides the real table.

use mysql_async::Value;

use super::{Copy, METHOD, cannot, copy::Definition, failed, sample::Sample};
use crate::{
    advise::TrialError,
    catalog::Table,
    plan::Engine,
    server::{
        ServerError,
        mysql::{
            Connection,
            cells::{quoted, text},
        },
    },
    text::one_line,
};

/// Temporary tables may be written to the binary log and made on replicas as well: MariaDB logs them unless by row,
/// MySQL 8 by statement only. Then the session's own logging is turned off, or nothing is made.
pub(super) async fn keep_from_replicas(connection: &mut Connection) -> Result<(), TrialError> {
    const LOOKING: &str = "looking at the binary log";
    let sql = "SELECT @@GLOBAL.log_bin, @@SESSION.sql_log_bin, @@SESSION.binlog_format";
    let rows = match connection.ask(LOOKING, sql, Vec::new()).await {
        // 1193: a server that no longer has a choice of formats logs by row.
        Err(error) if error.code.as_deref() == Some("1193") => return Ok(()),
        rows => rows.map_err(failed)?,
    };
    let cell = |at| rows.first().and_then(|row| text(row, at)).unwrap_or_default();
    let logs = cell(0) != "0" && cell(1) != "0";
    let format = cell(2);
    let harmless = format == "ROW" || format == "MIXED" && connection.info().engine == Engine::MySql;
    if !logs || harmless {
        return Ok(());
    }
    connection.fixed(LOOKING, "SET SESSION sql_log_bin = 0").await.map_err(|_| {
        cannot(format!(
            "the server logs temporary tables for its replicas (binlog_format={format}), and this account may not turn that off"
        ))
    })
}

/// The empty stage of a table, and what its copy will be.
pub(super) async fn stage(connection: &mut Connection, table: &Table, number: usize) -> Result<Copy, TrialError> {
    let name = format!("{}.{}", quoted(&table.schema), quoted(&table.name));
    let rows = connection
        .ask("reading a table's definition", &format!("SHOW CREATE TABLE {name}"), Vec::new())
        .await
        .map_err(failed)?;
    let ddl = rows.first().and_then(|row| text(row, 1)).unwrap_or_default();
    let definition = Definition::read(&ddl).map_err(|why| cannot(format!("{}: {why}", one_line(&table.name))))?;
    let generated = |name: &str| table.column(name).is_some_and(|c| c.generated.is_some());
    let plain: Vec<&str> = definition.names().filter(|name| !generated(name)).collect();
    let columns = plain.iter().map(|c| quoted(c)).collect::<Vec<_>>().join(", ");
    let stage = format!("{}.{}", quoted(&table.schema), quoted(&format!("whyslow_sample_{number}")));
    let sql = definition.stage(&stage, &plain);
    connection.create_temporary(&stage, &sql).await.map_err(|e| may_not(e, &table.schema))?;
    let sample = Sample { rows: 0.0, how: String::new(), least: None };
    Ok(Copy {
        schema: table.schema.clone(),
        table: table.name.clone(),
        name,
        stage,
        columns,
        definition,
        sample,
        keys: Vec::new(),
        gone: Vec::new(),
    })
}

/// Makes the copy anew, with the keys wanted and without those that are to be gone, and fills it from the stage.
pub(super) async fn fill(
    connection: &mut Connection,
    copy: &mut Copy,
    keys: Vec<String>,
    gone: Vec<String>,
) -> Result<(), ServerError> {
    const FILLING: &str = "filling a copy of the sample";
    connection.drop_temporary(&copy.name).await?;
    let more = (!keys.is_empty()).then(|| keys.join(", "));
    connection.create_temporary(&copy.name, &copy.definition.shadow(&copy.name, more.as_deref(), &gone)).await?;
    // From here the name means the copy.
    copy.keys = keys;
    copy.gone = gone;
    let Copy { name, stage, columns, .. } = copy;
    connection.fixed(FILLING, "START TRANSACTION READ ONLY").await?;
    let sql = format!("INSERT IGNORE INTO {name} ({columns}) SELECT {columns} FROM {stage}");
    let filled = connection.ask(FILLING, &sql, Vec::<Value>::new()).await;
    connection.fixed(FILLING, "COMMIT").await?;
    filled?;
    connection.analyze_temporary(name).await
}

fn may_not(error: ServerError, schema: &str) -> TrialError {
    if matches!(error.code.as_deref(), Some("1044" | "1142" | "1227")) {
        let reason =
            format!("this account may not make temporary tables (CREATE TEMPORARY TABLES on {})", one_line(schema));
        return TrialError::Denied { method: METHOD, reason };
    }
    failed(error)
}
