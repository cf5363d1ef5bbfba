//! What is seen in statements.

use super::{Shape, SortKind, shape};
use crate::{
    catalog::{Catalog, Column, Table, TableKind},
    plan::Engine::{self, MySql, PostgreSql},
};

fn catalog() -> Catalog {
    let table = |schema: &str, name: &str, columns: &[&str]| Table {
        schema: schema.to_owned(),
        name: name.to_owned(),
        columns: columns
            .iter()
            .map(|c| Column { name: (*c).to_owned(), type_name: "text".to_owned(), ..Column::default() })
            .collect(),
        ..Table::default()
    };
    Catalog {
        tables: vec![
            table("public", "orders", &["id", "customer_id", "status", "total", "created_at", "note"]),
            table("public", "customers", &["id", "name", "city", "tags", "doc"]),
            table("public", "items", &["order_id", "product", "qty"]),
            table("Bar", "Foo", &["Id"]),
            Table {
                kind: TableKind::View,
                definition: Some("SELECT c.id, c.city FROM customers c WHERE c.name = 'n'".to_owned()),
                ..table("public", "seen", &["id", "city"])
            },
        ],
        search_path: vec!["public".to_owned()],
        ..Catalog::default()
    }
}

/// The shape in short words, one line a fact.
fn facts(shape: &Shape) -> Vec<String> {
    let name = |source: usize| shape.sources[source].alias.clone();
    let mut facts = Vec::new();
    for p in &shape.predicates {
        let branch = p.branch.map_or(String::new(), |b| format!(" [{}.{}]", b.or, b.arm));
        let derived = if p.derived { " derived" } else { "" };
        facts.push(format!("{}.{} {:?}{branch}{derived}", name(p.source), p.operand.sql(), p.test));
    }
    for j in &shape.joins {
        facts.push(format!("{}.{} = {}.{}", name(j.left.0), j.left.1, name(j.right.0), j.right.1));
    }
    for s in &shape.sorts {
        let keys: Vec<String> =
            s.keys.iter().map(|k| format!("{}{}", k.operand.sql(), if k.desc { " desc" } else { "" })).collect();
        let more = if s.complete { "" } else { " …" };
        let limit = if s.limited { " limit" } else { "" };
        let kind = match s.kind {
            SortKind::Order => "order",
            SortKind::Group => "group",
            SortKind::Distinct => "distinct",
            SortKind::Window => "window",
            SortKind::Extreme => "extreme",
            SortKind::Nearest => "nearest",
        };
        facts.push(format!("{kind} {}: {}{more}{limit}", name(s.source), keys.join(", ")));
    }
    facts
}

fn check(engine: Engine, sql: &str, expected: &[&str]) {
    let shape = shape(sql, engine, &catalog()).unwrap();
    assert_eq!(facts(&shape), expected, "{sql}");
}

#[test]
fn conditions_stand_on_the_source_they_ask() {
    for (sql, expected) in [
        (
            "select * from orders where customer_id = 7 and 5 < total and note like 'ab%'",
            vec!["orders.customer_id Equal", "orders.total Range", "orders.note LikePrefix"],
        ),
        (
            "select 1 from Orders O where o.STATUS in ('a', 'b') and o.note is null and not (o.total <> 1)",
            vec!["o.status OneOf", "o.note IsNull"],
        ),
        ("select 1 from orders where status = 'a' or status in ('b', 'c')", vec!["orders.status OneOf"]),
        (
            "select 1 from orders where (status = 'a' and total > 1) or (customer_id = 3 and total > 1)",
            vec!["orders.status Equal [0.0]", "orders.total Range", "orders.customer_id Equal [0.1]"],
        ),
        (
            "select 1 from customers where lower(name) = 'x' and doc @> '{}' and tags && array['a'] and doc ? 'k'",
            vec![
                "customers.lower(name) Equal",
                "customers.doc Contains",
                "customers.tags Overlaps",
                "customers.doc HasKey",
            ],
        ),
        (
            "select 1 from customers c where c.doc->>'k' = 'x' and 'a' = any(c.tags) and c.id = any($1)",
            vec!["c.doc ->> 'k' Equal", "c.tags HasElement", "c.id OneOf"],
        ),
        (
            "select 1 from customers where to_tsvector('english', name) @@ to_tsquery('x')",
            vec!["customers.to_tsvector('english', name) Matches"],
        ),
        (
            "select 1 from orders where (created_at, id) > ('x', 5) and (customer_id, status) = (1, 'a')",
            vec!["orders.created_at Range", "orders.customer_id Equal", "orders.status Equal"],
        ),
        ("select * from \"Bar\".\"Foo\" where \"Id\" = 1", vec!["Foo.Id Equal"]),
        ("update orders set total = 1 where status = 'x'", vec!["orders.status Equal"]),
        (
            "delete from orders using customers c where c.id = orders.customer_id and c.city = 'x'",
            vec!["c.city Equal", "c.id = orders.customer_id"],
        ),
        ("explain analyze select 1 from orders where id = 1;", vec!["orders.id Equal"]),
        (
            "select 1 from customers where tags <<= '10.0.0.0/8' or tags >> '10.1.2.3'",
            vec!["customers.tags Position [0.0]", "customers.tags Position [0.1]"],
        ),
        ("select 1 from customers where st_dwithin(doc, 'POINT(0 0)', 5)", vec!["customers.doc Position"]),
        ("select 1 from customers where tags && tstzrange '[2024-01-01,2024-02-01)'", vec!["customers.tags Overlaps"]),
        ("select 1 from customers where name = inet '10.0.0.1'", vec!["customers.name Equal"]),
        (
            "select 1 from customers where starts_with(name, 'ab') and city ^@ 'x'",
            vec!["customers.name LikePrefix", "customers.city LikePrefix"],
        ),
        (
            "select 1 from customers where name like 'ab' || '%' and city like '%' || 'b'",
            vec!["customers.name LikePrefix", "customers.city Pattern"],
        ),
        // What differs from row to row, and what the server computes only while it runs, gives no range.
        ("select 1 from customers where name like 'ab' || city", vec!["customers.name Pattern"]),
        ("select 1 from customers where name like 'ab' || $1", vec!["customers.name LikePrefix"]),
        ("select 1 from customers where name like concat('ab', '%')", vec!["customers.name Pattern"]),
        ("select 1 from seen where city = 'x'", vec!["c.name Equal", "c.city Equal"]),
    ] {
        let expected: Vec<&str> = expected;
        check(PostgreSql, sql, &expected);
    }
    check(
        MySql,
        "select 1 from ORDERS where `STATUS` = 'a' && match(note) against ('x' in boolean mode)",
        &["ORDERS.status Equal", "ORDERS.note FullText"],
    );
    check(
        MySql,
        "select 1 from customers where json_contains(doc->'$.tags', '3') and 4 member of (doc->'$.ids')",
        &["customers.doc -> '$.tags' Contains", "customers.doc -> '$.ids' HasElement"],
    );
}

#[test]
fn a_pattern_put_together_has_a_beginning() {
    for (pattern, expected) in [
        ("concat('ab', '%')", "customers.name LikePrefix"),
        ("CONCAT('a', concat('b', ?), '%')", "customers.name LikePrefix"),
        ("concat('ab', 'c')", "customers.name Equal"),
        ("concat('%', 'ab')", "customers.name Pattern"),
        ("concat(?, '%')", "customers.name Pattern"),
        ("concat('ab%', city)", "customers.name Pattern"),
    ] {
        check(MySql, &format!("select 1 from customers where name like {pattern}"), &[expected]);
    }
}

#[test]
fn names_are_followed_through_joins_and_sub_queries() {
    for (sql, expected) in [
        (
            "select 1 from orders o join customers c on c.id = o.customer_id where c.id = 7",
            vec!["c.id Equal", "o.customer_id Equal derived", "c.id = o.customer_id"],
        ),
        ("select 1 from orders a join orders b on a.id = b.customer_id where city = 1", vec!["a.id = b.customer_id"]),
        (
            "select 1 from orders left join customers on customer_id = customers.id and city = 'x' and status = 'y'",
            vec!["customers.city Equal", "orders.customer_id = customers.id"],
        ),
        ("with x as (select * from orders) select id from x where status = 'a'", vec!["orders.status Equal"]),
        ("with x as materialized (select * from orders) select id from x where status = 'a'", vec![]),
        ("select 1 from (select id as k, total from orders limit 5) x where k = 1", vec![]),
        ("select 1 from (select id as k from orders) x (z) where z = 1", vec!["orders.id Equal"]),
        (
            "with orders as (select * from orders where status = 'a') select 1 from orders where id = 3",
            vec!["orders.status Equal", "orders.id Equal"],
        ),
        (
            "select 1 from customers c where exists (select 1 from orders where customer_id = c.id and total > 5)",
            vec!["orders.total Range", "orders.customer_id = c.id"],
        ),
        (
            "select 1 from customers where id in (select customer_id from orders where status = 'a')",
            vec!["orders.status Equal", "customers.id = orders.customer_id"],
        ),
        (
            "select 1 from orders where total > (select avg(total) from orders i where i.customer_id = orders.customer_id)",
            vec!["orders.total Range", "i.customer_id = orders.customer_id"],
        ),
        (
            "select 1 from (select id from orders union all select order_id from items) u where id = 4",
            vec!["orders.id Equal", "items.order_id Equal"],
        ),
        (
            "select 1 from orders, items where (orders.id = order_id and qty = 1) or (orders.id = order_id and qty > 5)",
            vec!["items.qty Equal [0.0]", "items.qty Range [0.1]", "orders.id = items.order_id"],
        ),
        ("select 1 from customers natural join orders", vec!["customers.id = orders.id"]),
        ("select 1 from customers join orders using (id)", vec!["customers.id = orders.id"]),
    ] {
        let expected: Vec<&str> = expected;
        check(PostgreSql, sql, &expected);
    }
}

#[test]
fn orders_and_groups_keep_their_directions() {
    for (sql, expected) in [
        ("select * from orders order by created_at desc, id limit 5", vec!["order orders: created_at desc, id limit"]),
        ("select total as t, id from orders order by 2, t desc", vec!["order orders: id, total desc"]),
        ("select * from orders order by 1 limit 1", vec!["order orders: id limit"]),
        ("select status, count(*) from orders group by 1 order by count(*)", vec!["group orders: status"]),
        ("select distinct status, total from orders", vec!["distinct orders: status, total"]),
        (
            "select max(total) from orders where status = 'a'",
            vec!["orders.status Equal", "extreme orders: total desc limit"],
        ),
        (
            "select row_number() over (partition by status order by id desc) from orders",
            vec!["window orders: status, id desc"],
        ),
        (
            "select 1 from orders o join customers c on o.customer_id = c.id order by o.total, c.name limit 3",
            vec!["o.customer_id = c.id", "order o: total … limit"],
        ),
        (
            "select id from orders union all select order_id from items order by 1 limit 3",
            vec!["order orders: id limit", "order items: order_id limit"],
        ),
        ("select * from orders order by now(), lower(status)", vec!["order orders: lower(status)"]),
        ("select * from customers order by doc <-> point '(1,1)' limit 3", vec!["nearest customers: doc limit"]),
        (
            "select distinct on (status) * from orders order by status, total desc",
            vec!["order orders: status, total desc"],
        ),
    ] {
        let expected: Vec<&str> = expected;
        check(PostgreSql, sql, &expected);
    }
}

#[test]
fn the_columns_a_source_needs_are_counted() {
    for (sql, columns, whole) in [
        ("select id, total from orders where status = 'a' order by created_at", "created_at id status total", false),
        ("select * from orders", "", true),
        ("select o.* from orders o", "", true),
        ("select count(*) from orders where total > 1", "total", false),
        ("select x.id from (select * from orders) x", "id", false),
        ("select * from (select * from orders) x", "created_at customer_id id note status total", false),
        ("with x as (select id, status from orders) select id from x", "id status", false),
        ("update orders set total = 1 where id = 2", "id", true),
        ("select id from orders where exists (select * from items where order_id = orders.id)", "id", false),
    ] {
        let shape = shape(sql, PostgreSql, &catalog()).unwrap();
        let mut needed = shape.sources[0].columns.clone();
        needed.sort();
        assert_eq!((needed.join(" ").as_str(), shape.sources[0].whole_row), (columns, whole), "{sql}");
    }
}

#[test]
fn values_of_conditions_are_told() {
    use super::Value::{Computed, Literal, Parameter};
    for (sql, values) in [
        ("status = 'it''s'", vec![Literal("it's".to_owned())]),
        ("total = -5", vec![Literal("-5".to_owned())]),
        ("created_at > date '2024-01-01'", vec![Literal("2024-01-01".to_owned())]),
        ("created_at > '2024-01-01'::date", vec![Literal("2024-01-01".to_owned())]),
        ("id = $1", vec![Parameter]),
        ("created_at > now()", vec![Computed]),
        ("id in (1, $2)", vec![Literal("1".to_owned()), Parameter]),
    ] {
        let shape = shape(&format!("select 1 from orders where {sql}"), PostgreSql, &catalog()).unwrap();
        assert_eq!(shape.predicates[0].values, values, "{sql}");
    }
}
