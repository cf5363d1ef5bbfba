//! A candidate as SQL.

mod partitioned;

use super::{Candidate, Key, extensions};
pub use crate::sql::quoted;
use crate::{
    catalog::{Catalog, Index, Table, TableKind},
    plan::Engine,
};

/// Longest name, bytes: PostgreSQL's `NAMEDATALEN` − 1 (MySQL allows 64 characters).
const LONGEST_NAME: usize = 63;

/// A name for the index that no index or table of the catalog has.
#[must_use]
pub fn name(candidate: &Candidate, catalog: &Catalog) -> String {
    name_beside(candidate, catalog, &[])
}

/// The same, and none of these.
pub(super) fn name_beside(candidate: &Candidate, catalog: &Catalog, others: &[String]) -> String {
    let word = |text: &str| -> String {
        let plain: String =
            text.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        plain.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
    };
    let mut parts = vec!["ix".to_owned(), word(&candidate.table)];
    parts.extend(candidate.keys.iter().map(|key| word(&key.expr)));
    if candidate.method != "btree" {
        parts.push(candidate.method.to_owned());
    }
    if candidate.predicate.is_some() {
        parts.push("part".to_owned());
    }
    if !candidate.include.is_empty() {
        parts.push("incl".to_owned());
    }
    let mut base = parts.join("_");
    base.truncate(LONGEST_NAME - 3);
    let taken = |name: &str| {
        others.iter().any(|other| other == name)
            || catalog
                .tables
                .iter()
                .any(|t| t.name == name || t.indexes.iter().any(|i| i.name.eq_ignore_ascii_case(name)))
    };
    let mut name = base.clone();
    for number in 2.. {
        if !taken(&name) {
            break;
        }
        name = format!("{base}_{number}");
    }
    name
}

/// The statements that create the index while the table is in use.
///
/// PostgreSQL builds it `CONCURRENTLY`; on a partitioned table, where the server refuses that, on each partition, as long as they are
/// known and few. MySQL and MariaDB build it in place without a lock or refuse.
#[must_use]
pub fn create(candidate: &Candidate, name: &str, catalog: &Catalog) -> Vec<String> {
    match candidate.engine {
        Engine::PostgreSql => {
            let table = catalog.table(Some(&candidate.schema), &candidate.table);
            let partitioned = table.filter(|t| t.kind == TableKind::Partitioned);
            let extension = extensions::needed(candidate, catalog)
                .filter(|e| extensions::state(catalog, e) == extensions::State::Available)
                .map(|e| format!("CREATE EXTENSION IF NOT EXISTS {e}"));
            let statements = match partitioned {
                Some(table) => {
                    partitioned::create(candidate, name, table).unwrap_or_else(|| vec![postgres(candidate, name, "")])
                }
                None => vec![postgres(candidate, name, "CONCURRENTLY ")],
            };
            extension.into_iter().chain(statements).collect()
        }
        Engine::MySql | Engine::MariaDb => {
            // Those two are built in place only while nobody writes.
            let (word, lock) = match candidate.method {
                "fulltext" => ("FULLTEXT INDEX", "SHARED"),
                "spatial" => ("SPATIAL INDEX", "SHARED"),
                // An expression is a hidden column, which is added while nobody writes.
                _ if candidate.keys.iter().any(|k| k.expression) => ("INDEX", "SHARED"),
                _ => ("INDEX", "NONE"),
            };
            vec![format!(
                "ALTER TABLE {} ADD {word} {} ({}){}, ALGORITHM=INPLACE, LOCK={lock}",
                table(candidate),
                quoted(name, candidate.engine),
                keys(candidate),
                with_parser(candidate)
            )]
        }
    }
}

/// The statements for a partitioned table whose writers may go on; `None` when there are none.
pub(super) fn partition_by_partition(candidate: &Candidate, catalog: &Catalog) -> Option<Vec<String>> {
    let table = catalog.table(Some(&candidate.schema), &candidate.table)?;
    (table.kind == TableKind::Partitioned).then(|| partitioned::create(candidate, "x", table))?
}

/// The statements that take it away again, without a lock where the server can.
#[must_use]
pub fn drop(candidate: &Candidate, name: &str, catalog: &Catalog) -> Vec<String> {
    let index = quoted(name, candidate.engine);
    match candidate.engine {
        Engine::PostgreSql => {
            let partitioned = catalog
                .table(Some(&candidate.schema), &candidate.table)
                .is_some_and(|t| t.kind == TableKind::Partitioned);
            let how = if partitioned { "" } else { "CONCURRENTLY " };
            let schema = schema_prefix(candidate);
            vec![format!("DROP INDEX {how}{schema}{index}")]
        }
        Engine::MySql | Engine::MariaDb => {
            vec![format!("ALTER TABLE {} DROP INDEX {index}, ALGORITHM=INPLACE, LOCK=NONE", table(candidate))]
        }
    }
}

/// How an index goes in two steps, and how it comes back. MySQL and MariaDB hide it first; PostgreSQL cannot, so that its
/// use is watched first.
pub(super) fn retire(engine: Engine, table: &Table, index: &Index) -> (Vec<String>, Vec<String>) {
    let place = format!("{}.{}", quoted(&table.schema, engine), quoted(&table.name, engine));
    let name = quoted(&index.name, engine);
    let (hide, show) = match engine {
        Engine::PostgreSql => {
            let full = format!("{}.{name}", quoted(&table.schema, engine));
            let watch = format!(
                "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelid = '{}'::regclass",
                full.replace('\'', "''")
            );
            let definition = index.definition.clone().unwrap_or_default();
            // The server does neither concurrently on a partitioned table.
            let partitioned = table.kind == TableKind::Partitioned;
            let again = if partitioned {
                definition.replacen(" ON ONLY ", " ON ", 1)
            } else {
                definition.replacen("CREATE INDEX ", "CREATE INDEX CONCURRENTLY ", 1)
            };
            let undo = if again.is_empty() { Vec::new() } else { vec![again] };
            let how = if partitioned { "" } else { "CONCURRENTLY " };
            return (vec![watch, format!("DROP INDEX {how}{full}")], undo);
        }
        Engine::MySql => ("INVISIBLE", "VISIBLE"),
        Engine::MariaDb => ("IGNORED", "NOT IGNORED"),
    };
    (
        vec![
            format!("ALTER TABLE {place} ALTER INDEX {name} {hide}"),
            format!("ALTER TABLE {place} DROP INDEX {name}, ALGORITHM=INPLACE, LOCK=NONE"),
        ],
        vec![format!("ALTER TABLE {place} ALTER INDEX {name} {show}")],
    )
}

/// The engine of a catalog's index: PostgreSQL gives definitions.
pub(super) fn engine_of(catalog: &Catalog, index: &Index) -> Engine {
    let mariadb =
        || catalog.settings.iter().any(|(name, value)| name == "optimizer_switch" && value.contains("rowid_filter"));
    match &index.definition {
        Some(_) => Engine::PostgreSql,
        None if mariadb() => Engine::MariaDb,
        None => Engine::MySql,
    }
}

/// A plain `CREATE INDEX` on the candidate's table, for trials.
#[must_use]
pub fn plain_create(candidate: &Candidate, name: &str) -> String {
    match candidate.engine {
        Engine::PostgreSql => postgres(candidate, name, ""),
        Engine::MySql | Engine::MariaDb => plain_create_on(candidate, name, &table(candidate)),
    }
}

/// A plain `CREATE INDEX` on another table of the same columns, given as SQL (a temporary copy).
#[must_use]
pub fn plain_create_on(candidate: &Candidate, name: &str, table: &str) -> String {
    let index = quoted(name, candidate.engine);
    match candidate.engine {
        Engine::PostgreSql => format!("CREATE INDEX {index} ON {table} {}", postgres_body(candidate)),
        Engine::MySql | Engine::MariaDb => {
            let kind = match candidate.method {
                "fulltext" => "FULLTEXT ",
                "spatial" => "SPATIAL ",
                _ => "",
            };
            format!("CREATE {kind}INDEX {index} ON {table} ({}){}", keys(candidate), with_parser(candidate))
        }
    }
}

fn postgres(candidate: &Candidate, name: &str, how: &str) -> String {
    let index = quoted(name, candidate.engine);
    format!("CREATE INDEX {how}{index} ON {} {}", table(candidate), postgres_body(candidate))
}

/// The index in short, for a line of text: `(a, b DESC) INCLUDE (c) WHERE d IS NULL`.
#[must_use]
pub fn short(candidate: &Candidate) -> String {
    let body = body(candidate);
    if candidate.method == "btree" { body } else { format!("{} {body}", candidate.method) }
}

fn postgres_body(candidate: &Candidate) -> String {
    format!("USING {} {}", candidate.method, body(candidate))
}

/// How a FULLTEXT index of MySQL takes words apart, where not at blanks.
fn with_parser(candidate: &Candidate) -> String {
    let parser = candidate.keys.first().and_then(|key| key.opclass.as_ref()).filter(|_| candidate.method == "fulltext");
    parser.map_or_else(String::new, |parser| format!(" WITH PARSER {parser}"))
}

fn body(candidate: &Candidate) -> String {
    let mut sql = format!("({}){}", keys(candidate), with_parser(candidate));
    if !candidate.include.is_empty() {
        let columns: Vec<String> = candidate.include.iter().map(|c| quoted(c, candidate.engine)).collect();
        sql = format!("{sql} INCLUDE ({})", columns.join(", "));
    }
    if let Some(predicate) = &candidate.predicate {
        sql = format!("{sql} WHERE {predicate}");
    }
    sql
}

/// The keys as they stand between the parentheses of an index definition.
pub(crate) fn keys(candidate: &Candidate) -> String {
    candidate.keys.iter().map(|k| key(k, candidate.engine)).collect::<Vec<_>>().join(", ")
}

fn key(key: &Key, engine: Engine) -> String {
    let mut sql = if key.expression { format!("({})", key.expr) } else { quoted(&key.expr, engine) };
    if let Some(prefix) = key.prefix {
        sql = format!("{sql}({prefix})");
    }
    if let (Some(opclass), Engine::PostgreSql) = (&key.opclass, engine) {
        sql = format!("{sql} {opclass}");
    }
    if key.desc {
        sql.push_str(" DESC");
    }
    match key.nulls_first {
        Some(true) => sql.push_str(" NULLS FIRST"),
        Some(false) => sql.push_str(" NULLS LAST"),
        None => {}
    }
    sql
}

fn schema_prefix(candidate: &Candidate) -> String {
    if candidate.schema.is_empty() {
        String::new()
    } else {
        format!("{}.", quoted(&candidate.schema, candidate.engine))
    }
}

/// The table as SQL, with its schema.
#[must_use]
pub fn table(candidate: &Candidate) -> String {
    format!("{}{}", schema_prefix(candidate), quoted(&candidate.table, candidate.engine))
}

#[cfg(test)]
mod tests {
    use super::{create, drop, name, plain_create, plain_create_on, quoted};
    use crate::{
        advise::{Candidate, Key},
        catalog::{Catalog, Index, Table, TableKind},
        plan::Engine::{self, MySql, PostgreSql},
    };

    fn key(expr: &str) -> Key {
        Key::column(expr)
    }

    fn candidate(engine: Engine, keys: Vec<Key>) -> Candidate {
        Candidate {
            engine,
            schema: "shop".to_owned(),
            table: "Orders".to_owned(),
            method: "btree",
            keys,
            include: Vec::new(),
            predicate: None,
            replaces: Vec::new(),
            reasons: Vec::new(),
        }
    }

    #[test]
    fn every_part_of_an_index_is_written() {
        let catalog = Catalog::default();
        let mut c = candidate(
            PostgreSql,
            vec![
                key("customer_id"),
                Key { desc: true, nulls_first: Some(false), ..key("Order") },
                Key::expression("lower(name)"),
                Key { opclass: Some("text_pattern_ops".to_owned()), ..key("note") },
            ],
        );
        c.include = vec!["total".to_owned()];
        c.predicate = Some("status = 'x'".to_owned());
        assert_eq!(
            create(&c, "ix", &catalog),
            ["CREATE INDEX CONCURRENTLY ix ON shop.\"Orders\" USING btree (customer_id, \"Order\" DESC NULLS LAST, \
              (lower(name)), note text_pattern_ops) INCLUDE (total) WHERE status = 'x'"]
        );
        assert!(plain_create(&c, "ix").starts_with("CREATE INDEX ix ON shop.\"Orders\" USING btree ("));
        assert_eq!(drop(&c, "ix", &catalog), ["DROP INDEX CONCURRENTLY shop.ix"]);
    }

    #[test]
    fn mysql_builds_in_place() {
        let c =
            candidate(MySql, vec![key("a"), Key { desc: true, ..key("b") }, Key { prefix: Some(64), ..key("Lines") }]);
        let catalog = Catalog::default();
        assert_eq!(
            create(&c, "ix", &catalog),
            ["ALTER TABLE shop.Orders ADD INDEX ix (a, b DESC, `Lines`(64)), ALGORITHM=INPLACE, LOCK=NONE"]
        );
        assert_eq!(drop(&c, "ix", &catalog), ["ALTER TABLE shop.Orders DROP INDEX ix, ALGORITHM=INPLACE, LOCK=NONE"]);
        assert_eq!(plain_create_on(&c, "ix", "tmp"), "CREATE INDEX ix ON tmp (a, b DESC, `Lines`(64))");
    }

    #[test]
    fn a_partitioned_table_is_not_indexed_concurrently() {
        let table = Table {
            schema: "shop".to_owned(),
            name: "Orders".to_owned(),
            kind: TableKind::Partitioned,
            ..Table::default()
        };
        let mut catalog = Catalog { tables: vec![table], ..Catalog::default() };
        let c = candidate(PostgreSql, vec![key("a")]);
        assert_eq!(create(&c, "ix", &catalog), ["CREATE INDEX ix ON shop.\"Orders\" USING btree (a)"]);
        assert_eq!(drop(&c, "ix", &catalog), ["DROP INDEX shop.ix"]);
        catalog.tables[0].partitions = ["p1", "P2"].map(|name| ("old".to_owned(), name.to_owned())).into();
        assert_eq!(
            create(&c, "ix", &catalog),
            [
                "CREATE INDEX ix ON ONLY shop.\"Orders\" USING btree (a)",
                "CREATE INDEX CONCURRENTLY ix_1 ON old.p1 USING btree (a)",
                "ALTER INDEX shop.ix ATTACH PARTITION old.ix_1",
                "CREATE INDEX CONCURRENTLY ix_2 ON old.\"P2\" USING btree (a)",
                "ALTER INDEX shop.ix ATTACH PARTITION old.ix_2",
            ]
        );
    }

    #[test]
    fn names_are_short_plain_and_new() {
        let long: Vec<Key> = (0..9).map(|i| key(&format!("a_rather_long_column_{i}"))).collect();
        let c = candidate(PostgreSql, long);
        let taken = |names: &[&str]| Catalog {
            tables: vec![Table {
                indexes: names.iter().map(|n| Index { name: (*n).to_owned(), ..Index::default() }).collect(),
                ..Table::default()
            }],
            ..Catalog::default()
        };
        assert!(name(&c, &Catalog::default()).len() <= 63);
        let c = candidate(PostgreSql, vec![Key::expression("lower(\"Näme\")")]);
        assert_eq!(name(&c, &Catalog::default()), "ix_orders_lower_n_me");
        assert_eq!(name(&c, &taken(&["IX_orders_lower_n_me", "ix_orders_lower_n_me_2"])), "ix_orders_lower_n_me_3");
    }

    #[test]
    fn names_are_quoted_where_needed() {
        for (engine, name, sql) in [
            (PostgreSql, "plain_1", "plain_1"),
            (PostgreSql, "Mixed", "\"Mixed\""),
            (PostgreSql, "order", "\"order\""),
            (PostgreSql, "a\"b", "\"a\"\"b\""),
            (PostgreSql, "1a", "\"1a\""),
            (MySql, "Mixed", "Mixed"),
            (MySql, "group", "`group`"),
            (MySql, "a`b c", "`a``b c`"),
        ] {
            assert_eq!(quoted(name, engine), sql);
        }
    }
}
