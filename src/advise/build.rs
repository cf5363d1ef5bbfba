//! What building an index takes, from rates measured on two shared cores: rough, but of the right size.

use super::{Candidate, ddl};
use crate::{
    catalog::{Catalog, TableKind},
    fmt,
    plan::Engine,
};

/// Bytes of index a second (PostgreSQL 15: 11 B-trees of 532 MB in 35 s), and what GIN and GiST take more.
const POSTGRES_RATE: f64 = 15e6;
const SLOW_TIMES: f64 = 5.0;
/// Rows a second (1,000,000 in 6.3 s on MySQL 9.7, in 1.5 s on MariaDB 11.8).
const MYSQL_RATE: f64 = 160_000.0;
const MARIADB_RATE: f64 = 650_000.0;

/// One line: how long, and who waits.
pub(super) fn note(candidate: &Candidate, bytes: Option<u64>, catalog: &Catalog) -> Option<String> {
    let table = catalog.table(Some(&candidate.schema), &candidate.table)?;
    let rows = table.rows?;
    #[expect(clippy::cast_precision_loss, reason = "a size")]
    let bytes = bytes? as f64;
    let (seconds, waits) = match candidate.engine {
        Engine::PostgreSql => {
            let slow = if matches!(candidate.method, "gin" | "gist" | "spgist") { SLOW_TIMES } else { 1.0 };
            // CONCURRENTLY reads the table twice.
            #[expect(clippy::cast_precision_loss, reason = "a size")]
            let reading = 2.0 * table.bytes.unwrap_or(0) as f64 / 200e6;
            let waits = if table.kind == TableKind::Partitioned
                && ddl::partition_by_partition(candidate, catalog).is_none()
            {
                "writers are locked out meanwhile, as the server does not build it concurrently on a partitioned table; to avoid that, \
                 make it ON ONLY the parent, then CONCURRENTLY on each partition, and ATTACH those"
            } else {
                "nobody is locked out, but it waits for every transaction open when it begins"
            };
            (bytes / POSTGRES_RATE * slow + reading, waits)
        }
        Engine::MySql => (
            rows / MYSQL_RATE,
            "writers go on, but it waits for transactions that have read the table, and new ones wait behind it",
        ),
        Engine::MariaDb => (
            rows / MARIADB_RATE,
            "writers go on, but it waits for transactions that have read the table, and new ones wait behind it",
        ),
    };
    Some(format!("building it takes about {}: {waits}", fmt::duration_ms((seconds * 1e3).max(50.0))))
}
