//! Connections to the twin's server.
//!
//! What comes from production (definitions of tables, views and functions) is never run by the superuser: a function of
//! somebody's would then run with all rights on this machine. The superuser's connection takes our own statements with
//! literals; everything else goes by the connection of a role that may do nothing but own the twin's objects.

use std::{collections::BTreeMap, path::Path};

use tokio::sync::Mutex;
use tokio_postgres::{
    Client, Config, NoTls, Row, Statement,
    types::{ToSql, Type},
};

use super::error::TwinError;
use crate::text::one_line;

/// The superuser of the twin's server.
pub(super) const SUPERUSER: &str = "postgres";
/// The role that owns the twin's objects and plans statements.
pub(super) const OWNER: &str = "twin";

/// Values are printed and read as production printed them, and no name is looked up but in the catalog.
const SHAPE: &str = "SET search_path = pg_catalog; SET datestyle = 'ISO, MDY'; SET intervalstyle = postgres; SET timezone = 'UTC'; \
    SET extra_float_digits = 1; SET bytea_output = hex; SET client_min_messages = warning; SET check_function_bodies = off; \
    SET default_tablespace = ''; SET lock_timeout = '10s'; SET statement_timeout = '60s'; SET jit = off; \
    SET max_parallel_maintenance_workers = 0; SET plan_cache_mode = force_generic_plan; SET session_replication_role = DEFAULT";

/// Parameters of a request, each with its type.
pub(super) type Parameters<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

/// A connection.
pub(super) struct Link {
    client: Client,
    /// Questions that are asked again and again.
    prepared: Mutex<BTreeMap<&'static str, Statement>>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl Link {
    /// Connects by the socket in a directory.
    pub(super) async fn connect(socket: &Path, user: &str, database: &str) -> Result<Self, TwinError> {
        let mut config = Config::new();
        config.host_path(socket).port(crate::store::PORT).user(user).dbname(database).application_name("whyslow");
        let connected = config.connect(NoTls).await;
        let (client, connection) = connected.map_err(|e| refused("connecting", &e))?;
        // An error ends the connection, and the client's next request says so.
        tokio::spawn(async move { drop(connection.await) });
        let link = Self { client, prepared: Mutex::default() };
        let shape =
            if user == SUPERUSER { SHAPE } else { SHAPE.trim_end_matches("; SET session_replication_role = DEFAULT") };
        link.ours("shaping the session", shape).await?;
        Ok(link)
    }

    /// One statement by the extended protocol, in which the server takes one only: for text that is not ours.
    pub(super) async fn rows(&self, doing: &str, sql: &str, with: Parameters<'_>) -> Result<Vec<Row>, TwinError> {
        let with: Vec<_> = with.iter().map(|(value, kind)| (*value, kind.clone())).collect();
        self.client.query_typed(sql, &with).await.map_err(|e| refused(doing, &e))
    }

    /// A question of our own that is asked of every candidate: planning it (on joins of catalogs, up to 20 ms) is done once.
    pub(super) async fn again(
        &self,
        doing: &str,
        sql: &'static str,
        with: Parameters<'_>,
    ) -> Result<Vec<Row>, TwinError> {
        let known = self.prepared.lock().await.get(sql).cloned();
        let statement = if let Some(statement) = known {
            statement
        } else {
            let kinds: Vec<Type> = with.iter().map(|(_, kind)| kind.clone()).collect();
            let made = self.client.prepare_typed(sql, &kinds).await.map_err(|e| refused(doing, &e))?;
            self.prepared.lock().await.insert(sql, made.clone());
            made
        };
        let values: Vec<&(dyn ToSql + Sync)> = with.iter().map(|(value, _)| *value).collect();
        self.client.query(&statement, &values).await.map_err(|e| refused(doing, &e))
    }

    /// Statements of our own, names and values in them quoted.
    pub(super) async fn ours(&self, doing: &str, sql: &str) -> Result<(), TwinError> {
        self.client.batch_execute(sql).await.map_err(|e| refused(doing, &e))
    }

    /// Types of the columns a query would give.
    pub(super) async fn types(&self, doing: &str, sql: &str) -> Result<Vec<u32>, TwinError> {
        let statement = self.client.prepare(sql).await.map_err(|e| refused(doing, &e))?;
        Ok(statement.columns().iter().map(|c| c.type_().oid()).collect())
    }
}

/// A column of a row.
pub(super) fn get<'a, T: tokio_postgres::types::FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, TwinError> {
    row.try_get(column).map_err(|e| refused("reading an answer", &e))
}

fn refused(doing: &str, error: &tokio_postgres::Error) -> TwinError {
    let (code, message) = if let Some(db) = error.as_db_error() {
        (Some(db.code().code().to_owned()), db.message().to_owned())
    } else {
        let source = std::error::Error::source(error);
        (None, source.map_or_else(|| error.to_string(), |s| format!("{error}: {s}")))
    };
    TwinError::Refused { doing: doing.to_owned(), code, message: one_line(&message) }
}
