//! What the catalog tells.

use std::collections::BTreeSet;

use whyslow::{
    catalog::{Catalog, Table, TableKind},
    plan::Engine,
    server::SessionOptions,
};

use super::{Admin, connect, connect_with};
use crate::support::{target, url};

fn table<'a>(catalog: &'a Catalog, name: &str) -> &'a Table {
    catalog.tables.iter().find(|t| t.name == name).unwrap_or_else(|| panic!("{name} in {catalog:?}"))
}

#[tokio::test]
async fn the_catalog_knows_tables_columns_statistics_and_indexes() {
    let admin = Admin::new().await;
    admin
        .run(
            "drop schema if exists cat cascade; create schema cat;
             create table cat.t (a int not null, b text, c int generated always as (a * 2) stored, d timestamptz);
             insert into cat.t (a, b) select i % 3, case when i % 4 = 0 then 'a,b \"q\"' else 'x' end from generate_series(1, 900) i;
             create index odd on cat.t (lower(b) desc, a, b text_pattern_ops) include (d) where a > 1;
             create unique index uni on cat.t (d) where d is not null;
             create view cat.v as select * from cat.t join customers on id = a;
             analyze cat.t",
        )
        .await;
    let mut session =
        connect_with(&target(&url("WHYSLOW_TEST_POSTGRES_ADMIN")), &SessionOptions::default()).await.unwrap();
    let names =
        [(Some("cat".to_owned()), "v".to_owned()), (None, "payments_2021".to_owned()), (None, "Odd Name".to_owned())];
    let functions = ["lower", "note_visit", "public.note_visit", "coalesce", "count", "nextval"].map(str::to_owned);
    let catalog = session.catalog(&names, &functions).await.unwrap();
    let found: BTreeSet<_> = catalog.tables.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(found, BTreeSet::from(["v", "t", "customers", "payments_2021", "payments", "Odd Name"]));
    assert_eq!(table(&catalog, "v").kind, TableKind::View);
    assert_eq!(table(&catalog, "payments").kind, TableKind::Partitioned);
    assert_eq!(table(&catalog, "payments").rows, Some(100_000.0));

    let t = table(&catalog, "t");
    assert_eq!((t.schema.as_str(), t.rows), ("cat", Some(900.0)));
    assert!(t.bytes.is_some_and(|b| b > 0) && t.last_analyzed.is_some());
    let types: Vec<_> = t.columns.iter().map(|c| (c.name.as_str(), c.type_name.as_str(), c.not_null)).collect();
    assert_eq!(
        types,
        [
            ("a", "integer", true),
            ("b", "text", false),
            ("c", "integer", false),
            ("d", "timestamp with time zone", false)
        ]
    );
    assert_eq!(t.column("c").unwrap().generated.as_deref(), Some("(a * 2)"));
    let statistics = t.column("b").unwrap().statistics.as_ref().unwrap();
    assert_eq!(statistics.n_distinct, Some(2.0));
    let values: Vec<_> = statistics.most_common.iter().map(|(v, _)| v.as_str()).collect();
    assert_eq!(values, ["x", "a,b \"q\""]);
    assert!((statistics.most_common[0].1 - 0.75).abs() < 0.01);
    assert!((t.column("d").unwrap().statistics.as_ref().unwrap().null_fraction - 1.0).abs() < 1e-9);

    let index = t.indexes.iter().find(|i| i.name == "odd").unwrap();
    let keys: Vec<_> =
        index.keys.iter().map(|k| (k.expr.as_str(), k.column.as_deref(), k.desc, k.opclass.as_deref())).collect();
    assert_eq!(
        keys,
        [
            ("lower(b)", None, true, None),
            ("a", Some("a"), false, None),
            ("b", Some("b"), false, Some("text_pattern_ops"))
        ]
    );
    assert_eq!((index.method.as_str(), index.predicate.as_deref()), ("btree", Some("a > 1")));
    assert_eq!(index.include, ["d"]);
    assert!(!index.unique && !index.primary && !index.disabled && index.bytes.is_some_and(|b| b > 0));
    assert!(index.definition.as_deref().is_some_and(|d| d.starts_with("CREATE INDEX odd")));
    assert!(table(&catalog, "customers").indexes[0].primary);

    let volatile: Vec<_> = catalog.functions.iter().map(|f| (f.name.as_str(), f.volatile, f.builtin)).collect();
    assert_eq!(
        volatile,
        [
            ("count", false, true),
            ("lower", false, true),
            ("nextval", true, true),
            ("note_visit", true, false),
            ("public.note_visit", true, false)
        ]
    );
    assert_eq!(catalog.search_path, ["pg_catalog", "public"]);
    assert!(catalog.settings.iter().any(|(n, v)| n == "work_mem" && v == "4MB"));
    admin.run("drop schema cat cascade").await;
}

#[tokio::test]
async fn what_the_account_may_not_see_is_listed_as_missing() {
    let mut session = connect("WHYSLOW_TEST_POSTGRES").await;
    let names = [(None, "secrets".to_owned()), (None, "orders".to_owned()), (None, "no_such_table".to_owned())];
    let catalog = session.catalog(&names, &[]).await.unwrap();
    assert_eq!(catalog.tables.len(), 2);
    assert!(catalog.missing.iter().any(|m| m.contains("public.secrets")), "{:?}", catalog.missing);
    assert!(!catalog.missing.iter().any(|m| m.contains("public.orders")), "{:?}", catalog.missing);
    assert!(table(&catalog, "secrets").columns.iter().all(|c| c.statistics.is_none()));
    assert!(table(&catalog, "orders").column("status").unwrap().statistics.is_some());
}

#[tokio::test]
async fn what_is_typed_is_completed_from_the_names_of_the_server() {
    let mut session = connect("WHYSLOW_TEST_POSTGRES").await;
    let names = session.names().await.unwrap();
    for (typed, rest, expected) in [
        ("select * from custo", "", &["customers"][..]),
        ("select o.cust", " from orders o", &["customer_id"]),
        ("select * from orders o join order_items i on i.ord", "", &["order_id"]),
        ("select * from odd", "", &["\"Odd Name\""]),
        // Partitions stand behind their table.
        ("select * from pay", "", &["payments"]),
    ] {
        let found = whyslow::sql::complete(&format!("{typed}{rest}"), typed.len(), Engine::PostgreSql, &names);
        let items: Vec<String> = found.into_iter().flat_map(|c| c.items).map(|i| i.text).collect();
        assert_eq!(items, expected, "{typed}");
    }
}
