//! An index on a partitioned table of PostgreSQL, which the server does not build concurrently: on the parent alone first, where it
//! holds nothing, then on each partition while it is written to, and attached one by one. The last one makes it valid.

use super::{postgres, postgres_body, quoted};
use crate::{advise::Candidate, catalog::Table, plan::Engine};

/// With more partitions the statements are no longer read by anybody; then a script makes them.
const MOST: usize = 40;
/// Longest name, bytes, with room for a number.
const LONGEST_NAME: usize = 58;

/// The statements; `None` when the partitions are not known, are many, or have partitions of their own.
pub(super) fn create(candidate: &Candidate, name: &str, table: &Table) -> Option<Vec<String>> {
    if table.partitions.is_empty() || table.partitions.len() > MOST {
        return None;
    }
    let only = format!(" ON ONLY {} ", super::table(candidate));
    let on = format!(" ON {} ", super::table(candidate));
    let mut statements = vec![postgres(candidate, name, "").replacen(&on, &only, 1)];
    let quote = |text: &str| quoted(text, Engine::PostgreSql);
    let mut base = name.to_owned();
    base.truncate(LONGEST_NAME);
    for (number, (schema, partition)) in table.partitions.iter().enumerate() {
        let own = format!("{base}_{}", number + 1);
        let (schema, partition) = (quote(schema), quote(partition));
        statements.push(format!(
            "CREATE INDEX CONCURRENTLY {} ON {schema}.{partition} {}",
            quote(&own),
            postgres_body(candidate)
        ));
        let parent = format!("{}{}", super::schema_prefix(candidate), quote(name));
        statements.push(format!("ALTER INDEX {parent} ATTACH PARTITION {schema}.{}", quote(&own)));
    }
    Some(statements)
}
