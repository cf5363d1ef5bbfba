//! What production's optimizer takes things to cost, for the twin's: `mysql.engine_cost` and `mysql.server_cost` (MySQL), where the account
//! may read them, and `information_schema.OPTIMIZER_COSTS` (MariaDB from 11.0 on), which everybody may.

use mysql_async::Value;

use super::facts::if_allowed;
use crate::{
    plan::Engine,
    server::{
        ServerError,
        mysql::{
            Connection,
            cells::{number, quoted, text},
        },
    },
};

const CARRYING: &str = "carrying the optimizer's costs to the twin";
const MARIADB: &str = "SELECT * FROM information_schema.OPTIMIZER_COSTS";
/// The first version of MariaDB that has costs.
const MARIADB_FIRST: u32 = 110_000;

/// One cost: of which storage engine, if of one, its name, and its value, if it is not the usual one.
pub(super) type Cost = (Option<String>, String, Option<f64>);

/// Production's costs.
pub(super) async fn read(connection: &mut Connection) -> Result<Vec<Cost>, ServerError> {
    if connection.info().engine == Engine::MariaDb {
        return mariadb(connection).await;
    }
    let mut all = Vec::new();
    for (sql, of_engine) in [
        ("SELECT engine_name, cost_name, cost_value FROM mysql.engine_cost", true),
        ("SELECT '', cost_name, cost_value FROM mysql.server_cost", false),
    ] {
        let rows = if_allowed(connection.ask(CARRYING, sql, Vec::new()).await)?;
        let one = |row: &mysql_async::Row| Some((text(row, 0).filter(|_| of_engine), text(row, 1)?, number(row, 2)));
        all.extend(rows.iter().filter_map(one));
    }
    Ok(all)
}

async fn mariadb(connection: &mut Connection) -> Result<Vec<Cost>, ServerError> {
    if connection.info().version_number < MARIADB_FIRST {
        return Ok(Vec::new());
    }
    let rows = if_allowed(connection.ask(CARRYING, MARIADB, Vec::new()).await)?;
    let mut all = Vec::new();
    for row in &rows {
        let engine = text(row, 0).filter(|engine| engine != "default");
        for (at, column) in row.columns_ref().iter().enumerate().skip(1) {
            all.push((engine.clone(), column.name_str().to_lowercase(), number(row, at)));
        }
    }
    Ok(all)
}

/// Gives the twin's server these costs; sessions that begin then plan with them.
pub(super) async fn put(hand: &mut Connection, costs: &[Cost]) -> Result<(), ServerError> {
    let own = read(hand).await?;
    let mut any = false;
    for cost in costs.iter().filter(|cost| !own.contains(cost)) {
        let (engine, name, value) = cost;
        any = true;
        if hand.info().engine == Engine::MariaDb {
            let prefix = engine.as_deref().map_or(String::new(), |engine| format!("{}.", quoted(engine)));
            let sql = format!("SET GLOBAL {prefix}{name} = ?");
            // An engine that the twin's server does not have keeps none of its tables.
            let _ = hand.ask(CARRYING, &sql, vec![Value::from(*value)]).await;
        } else if let Some(engine) = engine {
            let sql =
                "REPLACE INTO mysql.engine_cost (engine_name, device_type, cost_name, cost_value) VALUES (?, 0, ?, ?)";
            hand.ask(CARRYING, sql, vec![engine.into(), name.into(), Value::from(*value)]).await?;
        } else {
            let sql = "UPDATE mysql.server_cost SET cost_value = ? WHERE cost_name = ?";
            hand.ask(CARRYING, sql, vec![Value::from(*value), name.into()]).await?;
        }
    }
    if any { taken(hand).await } else { Ok(()) }
}

/// Has sessions that begin from now on plan with what was put.
async fn taken(hand: &mut Connection) -> Result<(), ServerError> {
    let sql = if hand.info().engine == Engine::MariaDb { "FLUSH TABLES" } else { "FLUSH OPTIMIZER_COSTS" };
    hand.ask(CARRYING, sql, Vec::new()).await.map(|_| ())
}

/// A cost by its name and another value, for [`put`], as it stands among those of the server; none where that is the name of something
/// else. MariaDB: for every storage engine.
pub(super) fn named(all: &[Cost], name: &str, value: &str) -> Vec<Cost> {
    let Ok(value) = value.parse() else { return Vec::new() };
    let same = all.iter().filter(|(_, other, _)| other.eq_ignore_ascii_case(name));
    same.map(|(engine, name, _)| (engine.clone(), name.clone(), Some(value))).collect()
}
