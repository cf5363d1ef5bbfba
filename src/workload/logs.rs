//! Logs of a server that say how long statements took.

use super::{Sums, postgres_log, slow_log};
use crate::plan::Engine;

/// What such a log must hold, for people.
pub const EXPECTED: &str = "a log of PostgreSQL with durations (log_min_duration_statement or auto_explain; plain, CSV, JSON or syslog), or \
                            the slow query log of MySQL or MariaDB";

/// Whose log it is, as far as its lines tell: PostgreSQL's where they do not.
#[must_use]
pub fn engine(text: &str) -> Engine {
    if slow_log::is_one(text) { slow_log::engine(text) } else { Engine::PostgreSql }
}

/// Adds the statements of a log. `database`: only what ran there, where the log tells. `None` when no statement with its duration is in it.
#[must_use]
pub fn add(text: &str, database: Option<&str>, sums: &mut Sums) -> Option<Engine> {
    let engine = engine(text);
    let mut any = false;
    if engine == Engine::PostgreSql {
        postgres_log::runs(text, database, &mut |run| {
            any = true;
            match run {
                postgres_log::Run::Timed(run) => sums.add(run, engine),
                postgres_log::Run::Planned(run) => sums.add_planned(run, engine),
            }
        });
    } else {
        slow_log::runs(text, database, &mut |run| {
            any = true;
            sums.add(run, engine);
        });
    }
    any.then_some(engine)
}
