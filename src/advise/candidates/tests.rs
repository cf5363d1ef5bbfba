//! Candidates over a hand-made shop.

use super::candidates;
use crate::{
    advise::{Candidate, ddl},
    catalog::{Catalog, Column, Index, IndexKey, Statistics, Table, TableKind},
    plan::{
        Engine::{self, MariaDb, MySql, PostgreSql},
        Node, Operator, Plan, PlanBuilder, Relation, Role,
    },
};

fn column(name: &str, type_name: &str, distinct: f64) -> Column {
    Column {
        name: name.to_owned(),
        type_name: type_name.to_owned(),
        statistics: Some(Statistics {
            average_width: if type_name == "text" { 40.0 } else { 8.0 },
            n_distinct: Some(distinct),
            ..Statistics::default()
        }),
        ..Column::default()
    }
}

fn index(name: &str, columns: &[&str]) -> Index {
    Index {
        name: name.to_owned(),
        method: "btree".to_owned(),
        keys: columns
            .iter()
            .map(|c| IndexKey { column: Some((*c).to_owned()), expr: (*c).to_owned(), ..IndexKey::default() })
            .collect(),
        ..Index::default()
    }
}

fn table(name: &str, rows: f64, columns: Vec<Column>) -> Table {
    let primary = Index { unique: true, primary: true, ..index(&format!("{name}_pkey"), &["id"]) };
    Table {
        schema: "public".to_owned(),
        name: name.to_owned(),
        rows: Some(rows),
        bytes: Some(1 << 30),
        columns,
        indexes: vec![primary],
        ..Table::default()
    }
}

fn shop(engine: Engine) -> Catalog {
    let mut status = column("status", "character varying(20)", 5.0);
    if let Some(s) = &mut status.statistics {
        s.most_common = vec![("done".to_owned(), 0.9), ("open".to_owned(), 0.08), ("failed".to_owned(), 0.001)];
    }
    let mut shipped = column("shipped_at", "timestamp without time zone", -0.5);
    if let Some(s) = &mut shipped.statistics {
        s.null_fraction = 0.02;
    }
    let (json, array) = if engine == PostgreSql { ("jsonb", "text[]") } else { ("json", "json") };
    Catalog {
        tables: vec![
            table(
                "orders",
                1e6,
                vec![
                    column("id", "bigint", -1.0),
                    column("customer_id", "bigint", 50_000.0),
                    status,
                    column("total", "numeric(10,2)", -0.3),
                    column("created_at", "timestamp without time zone", -0.9),
                    column("changed_at", "timestamp with time zone", -0.9),
                    shipped,
                    column("note", "text", -0.9),
                ],
            ),
            table(
                "customers",
                50_000.0,
                vec![
                    column("id", "bigint", -1.0),
                    column("email", "character varying(80)", -1.0),
                    column("city", "character varying(40)", 200.0),
                    column("doc", json, -1.0),
                    column("tags", array, -1.0),
                    column("search", "tsvector", -1.0),
                ],
            ),
            Table {
                bytes: Some(8192),
                ..table("tiny", 20.0, vec![column("id", "int", -1.0), column("a", "int", 5.0)])
            },
            Table {
                kind: TableKind::View,
                ..table("seen", 1e6, vec![column("id", "int", -1.0), column("a", "int", 5.0)])
            },
        ],
        search_path: vec!["public".to_owned()],
        ..Catalog::default()
    }
}

/// A plan that sorts and says nothing of the tables.
fn scans(engine: Engine) -> Plan {
    let mut builder = PlanBuilder::new();
    builder.push(None, Node::new(Role::Root, Operator::Sort, "sort")).unwrap();
    builder.finish(engine).unwrap()
}

fn all(engine: Engine, sql: &str, catalog: &Catalog) -> Vec<Candidate> {
    candidates(sql, &scans(engine), catalog)
}

/// The part of the DDL that tells the index.
fn short(candidate: &Candidate) -> String {
    let sql = ddl::plain_create(candidate, "ix");
    let sql = sql.split_once(" ON ").map(|(_, rest)| rest.replace("public.", "")).unwrap_or_default();
    sql.replace("USING btree ", "")
}

fn shorts(engine: Engine, sql: &str) -> Vec<String> {
    all(engine, sql, &shop(engine)).iter().map(short).collect()
}

#[test]
fn the_best_candidate_comes_first() {
    for (engine, sql, first) in [
        (PostgreSql, "select * from orders where customer_id = 4711", "orders (customer_id)"),
        (PostgreSql, "select * from orders where status = 'done' and customer_id = 7", "orders (customer_id, status)"),
        (
            PostgreSql,
            "select * from orders where customer_id = 7 and created_at > '2024-01-01'",
            "orders (customer_id, created_at)",
        ),
        (
            PostgreSql,
            "select * from orders where customer_id = 7 order by created_at desc limit 10",
            "orders (customer_id, created_at)",
        ),
        (
            PostgreSql,
            "select * from orders order by customer_id desc, total limit 10",
            "orders (customer_id, total DESC)",
        ),
        (PostgreSql, "select * from orders order by total desc nulls last limit 10", "orders (total NULLS FIRST)"),
        (PostgreSql, "select max(total) from orders", "orders (total)"),
        (PostgreSql, "select * from customers where email = 'x' and city = 'y'", "customers (email)"),
        (PostgreSql, "select * from customers where lower(email) = 'x'", "customers ((lower(email)))"),
        (PostgreSql, "select * from customers where email like 'x%'", "customers (email varchar_pattern_ops)"),
        (PostgreSql, "select * from customers where doc @> '{\"a\": 1}'", "customers USING gin (doc jsonb_path_ops)"),
        (PostgreSql, "select * from customers where doc ? 'a' and doc @> '{}'", "customers USING gin (doc)"),
        (PostgreSql, "select * from customers where tags && array['a']", "customers USING gin (tags)"),
        (PostgreSql, "select * from customers where search @@ to_tsquery('x')", "customers USING gin (search)"),
        (
            PostgreSql,
            "select * from customers where to_tsvector('english', city) @@ to_tsquery('x')",
            "customers USING gin ((to_tsvector('english', city)))",
        ),
        (PostgreSql, "select * from customers where doc->>'plan' = 'pro'", "customers ((doc ->> 'plan'))"),
        (PostgreSql, "select * from orders where date(created_at) = '2024-01-01'", "orders ((date(created_at)))"),
        (PostgreSql, "with x as (select * from orders) select * from x where customer_id = 7", "orders (customer_id)"),
        (PostgreSql, "update orders set total = 1 where customer_id = 3", "orders (customer_id)"),
        (MySql, "select * from orders where note = 'x'", "orders (note(64))"),
        (MySql, "select * from customers where lower(email) = 'x'", "customers ((lower(email)))"),
        (
            MySql,
            "select * from orders where customer_id = 7 order by created_at limit 5",
            "orders (customer_id, created_at)",
        ),
    ] {
        assert_eq!(shorts(engine, sql).first().map(String::as_str), Some(first), "{sql}: {:?}", shorts(engine, sql));
    }
}

#[test]
fn what_cannot_help_is_not_proposed() {
    for (engine, sql) in [
        (PostgreSql, "select * from orders"),
        (PostgreSql, "select * from orders where id = 7"),
        (PostgreSql, "select * from tiny where a = 1"),
        (PostgreSql, "select * from seen where a = 1"),
        (PostgreSql, "select * from orders where total + 1 <> 5 and note like '%x%'"),
        (PostgreSql, "select * from customers where 'a' = any(tags)"),
        (PostgreSql, "select * from customers where to_tsvector(city) @@ to_tsquery('x')"),
        (PostgreSql, "select * from orders where date(changed_at) = '2024-01-01'"),
        (PostgreSql, "select * from orders where random() = 0.5"),
        (PostgreSql, "select * from nowhere where a = 1"),
        (PostgreSql, "select +"),
        (PostgreSql, "select * from orders where customer_id = 7 or note like '%x%'"),
        (PostgreSql, "select * from customers where doc is not null"),
        (PostgreSql, "select * from orders order by id, total limit 5"),
        (MySql, "select * from customers where doc = '1'"),
        (MySql, "select * from customers where doc->>'$.a' like '1%'"),
        (MariaDb, "select * from customers where doc->>'$.a' = '1'"),
        (MariaDb, "select * from customers where lower(email) = 'x'"),
        (MySql, "select id from orders where id > 5 order by id"),
    ] {
        assert_eq!(shorts(engine, sql), Vec::<String>::new(), "{sql}");
    }
}

#[test]
fn a_candidate_of_each_kind_is_among_them() {
    for (engine, sql, wanted) in [
        (PostgreSql, "select total from orders where customer_id = 7", "orders (customer_id) INCLUDE (total)"),
        (MySql, "select total, id from orders where customer_id = 7", "orders (customer_id, total)"),
        (
            PostgreSql,
            "select * from orders where status = 'failed' order by created_at limit 5",
            "orders (created_at) WHERE status = 'failed'",
        ),
        (
            PostgreSql,
            "select * from orders where shipped_at is null and customer_id = 7",
            "orders (customer_id) WHERE shipped_at IS NULL",
        ),
        (
            PostgreSql,
            "select * from orders where status in ('open', 'failed') order by created_at limit 5 for update skip locked",
            "orders (created_at) WHERE status IN ('open', 'failed')",
        ),
        (
            PostgreSql,
            "select * from orders where status <> 'done' and customer_id = 7",
            "orders (customer_id) WHERE status <> 'done'",
        ),
        (
            PostgreSql,
            "select * from orders where status <> 'done' and status <> 'open' and customer_id = 7",
            "orders (customer_id) WHERE status <> 'done' AND status <> 'open'",
        ),
        (
            PostgreSql,
            "select * from orders where status not in ('done', 'open')",
            "orders (id) WHERE status NOT IN ('done', 'open')",
        ),
        (
            PostgreSql,
            "select * from orders where status = 'failed' and shipped_at is null order by created_at",
            "orders (created_at) WHERE status = 'failed' AND shipped_at IS NULL",
        ),
        (
            PostgreSql,
            "select * from orders where status = 'failed' and total < 9 and created_at < '2024-01-01'",
            "orders (created_at) WHERE status = 'failed'",
        ),
        (
            PostgreSql,
            "select * from orders where customer_id = 7 and shipped_at is null order by created_at desc limit 5",
            "orders (customer_id, created_at)",
        ),
        (
            PostgreSql,
            "select * from orders o join customers c on c.id = o.customer_id where c.city = 'x'",
            "orders (customer_id)",
        ),
        (
            PostgreSql,
            "select * from orders o join customers c on c.id = o.customer_id where c.city = 'x'",
            "customers (city)",
        ),
        (
            PostgreSql,
            "select * from orders o join customers c on c.id = o.customer_id where c.id = 7",
            "orders (customer_id)",
        ),
        (PostgreSql, "select status, count(*) from orders group by status", "orders (status)"),
        (PostgreSql, "select * from orders where customer_id = 7 or total = 5", "orders (total)"),
        (
            PostgreSql,
            "select * from customers where exists (select 1 from orders where customer_id = customers.id and status = 'open')",
            "orders (status, customer_id)",
        ),
    ] {
        let found = shorts(engine, sql);
        assert!(found.iter().any(|c| c == wanted), "{sql}: {found:?}");
        assert!(found.len() <= super::MOST);
    }
}

#[test]
fn a_partial_index_needs_a_rare_literal_and_postgres() {
    for (engine, sql) in [
        (PostgreSql, "select * from orders where status = 'done' and customer_id = 7"),
        (PostgreSql, "select * from orders where status = $1 and customer_id = 7"),
        (PostgreSql, "select * from orders where status in ('failed', 'done') and customer_id = 7"),
        (PostgreSql, "select * from orders where status in ('failed', $1) and customer_id = 7"),
        (PostgreSql, "select * from orders where status <> 'failed' and customer_id = 7"),
        (PostgreSql, "select * from orders where status <> $1 and customer_id = 7"),
        (MySql, "select * from orders where status <> 'done' and customer_id = 7"),
        (PostgreSql, "select * from orders where shipped_at is not null and total = 7"),
        (MySql, "select * from orders where status = 'failed' and customer_id = 7"),
    ] {
        let found = shorts(engine, sql);
        assert!(found.iter().all(|c| !c.contains("WHERE")), "{sql}: {found:?}");
    }
}

#[test]
fn a_partial_index_is_of_states_and_not_of_things() {
    let of = |name: &str, type_name: &str, sql: &str, values: &[(&str, f64)]| {
        let mut asked = column(name, type_name, 4.0);
        if let Some(s) = &mut asked.statistics {
            s.most_common = values.iter().map(|(v, part)| ((*v).to_owned(), *part)).collect();
        }
        let made = column("made_at", "timestamp without time zone", -0.9);
        let columns = vec![column("id", "bigint", -1.0), asked, made, column("note", "text", -0.9)];
        let catalog = Catalog {
            tables: vec![table("t", 1e6, columns)],
            search_path: vec!["public".to_owned()],
            ..Catalog::default()
        };
        let found = all(PostgreSql, &format!("select * from t where {sql} order by made_at limit 9"), &catalog);
        found.iter().find_map(|c| c.predicate.clone())
    };
    let rare = [("9", 0.97), ("1", 0.02), ("2", 0.01)];
    for (name, sql) in [
        ("status_id", "status_id = 1"),
        ("order_state_id", "order_state_id IN (1, 2)"),
        ("level", "level = 1"),
        ("tenant_id", "tenant_id <> 9"),
    ] {
        assert_eq!(of(name, "integer", sql, &rare).as_deref(), Some(sql));
    }
    for sql in ["tenant_id = 1", "tenant_id IN (1, 2)", "\"tenantId\" = 1"] {
        let name = sql.split(' ').next().unwrap().trim_matches('"');
        assert_eq!(of(name, "integer", sql, &rare), None);
    }
    let uuid = "0190163d-8694-739b-aea5-966c26f8ad91";
    assert_eq!(of("org", "uuid", &format!("org = '{uuid}'"), &[("0", 0.98), (uuid, 0.01)]), None);
    let days = [("infinity", 0.01), ("2024-01-01", 0.97), ("2024-01-02", 0.01)];
    assert_eq!(of("day", "date", "day = '2024-01-02'", &days), None);
    assert_eq!(of("till", "date", "till = 'infinity'", &days).as_deref(), Some("till = 'infinity'"));
    // Statistics tell `numeric(4,1)` with its decimals and `character(4)` with its blanks.
    let amounts = [("0.0", 0.97), ("-1.5", 0.02), ("2.0", 0.01)];
    for sql in ["lvl <> 0", "lvl = 2"] {
        assert_eq!(of("lvl", "numeric(4,1)", sql, &amounts).as_deref(), Some(sql));
    }
    let kinds = [("zzzz", 0.97), ("x   ", 0.02)];
    assert_eq!(of("kind", "character(4)", "kind = 'x'", &kinds).as_deref(), Some("kind = 'x'"));
    assert_eq!(of("kind", "text", "kind = '1'", &[("a", 0.95), ("1.0", 0.02), ("b", 0.01), ("c", 0.02)]), None);
    // A parameter beside it keeps a constant out of no index.
    let states = [("done", 0.97), ("new", 0.02), ("old", 0.01)];
    assert_eq!(of("state", "text", "state <> 'done' AND state <> $1", &states).as_deref(), Some("state <> 'done'"));
    let either = of("state", "text", "(state = 'new' OR state = 'old') AND state <> 'done'", &states);
    assert_eq!(either.as_deref(), Some("state = 'new' OR state = 'old'"));
    // What else is asked with one of the values may be what somebody searched for.
    let searched = of("state", "text", "((state = 'new' AND note NOT LIKE '%x%') OR state = 'old')", &states);
    assert_eq!(searched, None);
}

#[test]
fn a_null_that_is_asked_for_keeps_the_order_on_mysql_alone() {
    let sql = "select * from orders where customer_id = 7 and shipped_at is null order by created_at desc limit 5";
    let ordered = |engine| {
        let found = shorts(engine, sql);
        found
            .iter()
            .any(|c| c.contains("shipped_at, created_at)") || c.contains("shipped_at, customer_id, created_at)"))
    };
    assert!(!ordered(PostgreSql), "{:?}", shorts(PostgreSql, sql));
    assert!(ordered(MySql), "{:?}", shorts(MySql, sql));
}

#[test]
fn a_null_that_nobody_counted_is_no_leading_key() {
    let mut catalog = shop(MySql);
    for column in catalog.tables.iter_mut().flat_map(|t| &mut t.columns) {
        column.statistics = None;
    }
    let sql = "select * from orders where shipped_at is null and customer_id = 7";
    let found: Vec<String> = all(MySql, sql, &catalog).iter().map(short).collect();
    assert!(found.iter().any(|c| c == "orders (customer_id, shipped_at)"), "{found:?}");
}

#[test]
fn indexes_that_stand_are_reckoned_with() {
    let with = |indexes: &[Index]| {
        let mut catalog = shop(PostgreSql);
        catalog.tables[0].indexes.extend(indexes.iter().cloned());
        catalog
    };
    let sql = "select * from orders where customer_id = 7 and created_at > '2024-01-01'";
    let served = with(&[index("both", &["customer_id", "created_at"])]);
    assert!(all(PostgreSql, sql, &served).iter().all(|c| short(c) != "orders (customer_id, created_at)"));

    let narrow = with(&[index("narrow", &["customer_id"])]);
    let wide = all(PostgreSql, sql, &narrow).into_iter().find(|c| c.keys.len() == 2).unwrap();
    assert_eq!(wide.replaces, ["narrow"]);

    let turned = with(&[index("turned", &["status", "customer_id"])]);
    let sql = "select * from orders where customer_id = 7 and status = 'open'";
    assert!(all(PostgreSql, sql, &turned).iter().all(|c| c.predicate.is_some() || c.keys.len() < 2));

    let partial = Index { predicate: Some("(total > 5)".to_owned()), ..index("partial", &["customer_id"]) };
    let sql = "select * from orders where customer_id = 7";
    assert_eq!(all(PostgreSql, sql, &with(&[partial])).len(), 1);
    let unique = Index { unique: true, ..index("unique", &["customer_id"]) };
    assert!(all(PostgreSql, sql, &with(&[unique])).is_empty());

    let hash = Index { method: "hash".to_owned(), ..index("hash", &["customer_id"]) };
    assert!(all(PostgreSql, sql, &with(&[hash])).is_empty());

    let backwards = "select * from orders order by created_at desc limit 3";
    assert!(all(PostgreSql, backwards, &with(&[index("up", &["created_at"])])).is_empty());
}

#[test]
fn what_the_plan_reads_well_is_left_alone() {
    let mut builder = PlanBuilder::new();
    let mut scan = Node::new(Role::Root, Operator::IndexScan, "Index Scan");
    scan.relation = Some(Relation { name: "orders".to_owned(), ..Relation::default() });
    scan.rows.estimated = Some(3.0);
    builder.push(None, scan).unwrap();
    let plan = builder.finish(PostgreSql).unwrap();
    let sql = "select * from orders where customer_id = 7";
    assert!(candidates(sql, &plan, &shop(PostgreSql)).is_empty());
    assert!(!all(PostgreSql, sql, &shop(PostgreSql)).is_empty());
}

#[test]
fn every_part_has_a_reason() {
    let found = all(
        PostgreSql,
        "select total from orders o where o.customer_id = 4711 order by created_at limit 3",
        &shop(PostgreSql),
    );
    assert_eq!(
        found[0].reasons,
        ["customer_id: WHERE customer_id = 4711 (equality)", "created_at: ORDER BY created_at",]
    );
    for candidate in found {
        let include = usize::from(!candidate.include.is_empty());
        let predicate = usize::from(candidate.predicate.is_some());
        assert_eq!(candidate.reasons.len(), candidate.keys.len() + include + predicate, "{candidate:?}");
    }
}

#[test]
fn old_servers_are_not_asked_for_what_they_do_not_know() {
    let versions = [
        (PostgreSql, "10.5", "select total from orders where customer_id = 7", "INCLUDE"),
        (MySql, "8.0.12", "select * from customers where lower(email) = 'x'", "lower"),
        (MySql, "5.7.44", "select * from customers where lower(email) = 'x'", "lower"),
    ];
    for (engine, version, sql, word) in versions {
        let plan = Plan { version: Some(version.to_owned()), ..scans(engine) };
        let found: Vec<String> = candidates(sql, &plan, &shop(engine)).iter().map(short).collect();
        assert!(found.iter().all(|c| !c.contains(word)), "{version}: {found:?}");
    }
}

#[test]
fn a_copy_of_a_large_indexs_beginning_is_looked_at_for_a_workload_alone() {
    let mut catalog = shop(PostgreSql);
    let plan = scans(PostgreSql);
    let sql = "select * from orders where customer_id = 7";
    for (bytes, slim, found) in [(1 << 30, true, true), (1 << 30, false, false), (8 << 20, true, false)] {
        let standing = Index { bytes: Some(bytes), ..index("orders_wide", &["customer_id", "note"]) };
        catalog.tables[0].indexes.truncate(1);
        catalog.tables[0].indexes.push(standing);
        let shape = crate::sql::shape::shape(sql, PostgreSql, &catalog).unwrap();
        let all = super::of_shape(&shape, &plan, &catalog, 60, slim);
        let copy = all.iter().find(|c| short(c) == "orders (customer_id)");
        assert_eq!(copy.is_some(), found, "{bytes} {slim}: {all:?}");
        assert!(
            copy.is_none_or(|c| c.reasons.iter().any(|r| r.starts_with("orders_wide begins with it, but is 1.0 GB")))
        );
    }
    // What is there already in that very width is not looked at, however large.
    let same = Index { bytes: Some(1 << 30), ..index("orders_same", &["customer_id"]) };
    catalog.tables[0].indexes.push(same);
    let shape = crate::sql::shape::shape(sql, PostgreSql, &catalog).unwrap();
    assert!(super::of_shape(&shape, &plan, &catalog, 60, true).iter().all(|c| short(c) != "orders (customer_id)"));
}
