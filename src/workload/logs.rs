//! Logs of a server that say how long statements took.

use super::{postgres_log, slow_log, together};
use crate::{plan::Engine, server::busiest::Spent};

/// What such a log must hold, for people.
pub const EXPECTED: &str = "a log of PostgreSQL with durations (log_min_duration_statement or auto_explain; plain, CSV, JSON or syslog), or \
                            the slow query log of MySQL or MariaDB";

/// The statements of a log, alike ones together, the dearest first, and whose log it is. `database`: only what ran there, where the log tells. `None` when no statement with its duration is in it.
#[must_use]
pub fn statements(text: &str, database: Option<&str>) -> Option<(Engine, Vec<Spent>)> {
    let (engine, runs) = if slow_log::is_one(text) {
        (slow_log::engine(text), slow_log::runs(text, database))
    } else {
        (Engine::PostgreSql, postgres_log::runs(text, database))
    };
    (!runs.is_empty()).then(|| (engine, together(runs, engine)))
}
