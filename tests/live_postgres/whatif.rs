//! Indexes that do not exist, tried.

use whyslow::{
    advise::{Candidate, Key, TrialError, Trust},
    catalog::Catalog,
    plan::{Engine, NodeId, Plan},
    server::{ErrorKind, SessionOptions},
    whatif::{Allow, Method, Reads, together, try_one, verify},
};

use super::{Admin, connect, connect_with, explain};
use crate::support::{target, url};

/// HypoPG and nothing else.
const HYPOPG: Allow =
    Allow { method: Method::HypoPg, reads: Reads { ends: false, rows: false }, temporary_tables: false };

pub(super) fn index(table: &str, columns: &[&str]) -> Candidate {
    let key = |column: &&str| Key { expression: column.contains('('), ..Key::column(*column) };
    Candidate {
        engine: Engine::PostgreSql,
        schema: "public".to_owned(),
        table: table.to_owned(),
        method: "btree",
        keys: columns.iter().map(key).collect(),
        include: Vec::new(),
        predicate: None,
        replaces: Vec::new(),
        reasons: Vec::new(),
    }
}

pub(super) fn cost(plan: &Plan) -> f64 {
    plan.node(NodeId::ROOT).cost.total.unwrap()
}

pub(super) fn uses(plan: &Plan, index: &str) -> bool {
    plan.ids().any(|id| plan.node(id).index.as_deref() == Some(index))
}

#[tokio::test]
async fn hypopg_tells_what_an_index_would_do_and_forgets_it() {
    let mut session = connect("WHYSLOW_TEST_HYPOPG").await;
    let sql = "select * from orders where customer_id = 40000";
    for sql in [sql, "select * from orders where customer_id = $1"] {
        let tried = try_one(&mut session, sql, &index("orders", &["customer_id"]), HYPOPG).await.unwrap();
        assert_eq!((tried.method, tried.trust), ("hypopg", Trust::Close));
        assert!(uses(&tried.after, &tried.index_name) && !uses(&tried.before, &tried.index_name));
        assert!(cost(&tried.after) < cost(&tried.before) / 10.0, "{sql}");
        assert_eq!(tried.size_bytes, None, "its B-trees are up to six times too large; our own formula is asked");
        assert!(!explain(&mut session, sql).await.unwrap().document.contains(&tried.index_name), "it is forgotten");
    }
    let useless = try_one(&mut session, sql, &index("orders", &["total"]), HYPOPG).await.unwrap();
    assert!(!uses(&useless.after, &useless.index_name));

    let mut partial = index("orders", &["customer_id"]);
    partial.predicate = Some("status = 'pending'".to_owned());
    partial.include = vec!["total".to_owned()];
    let sql = "select total from orders where customer_id = 7 and status = 'pending'";
    let tried = try_one(&mut session, sql, &partial, HYPOPG).await.unwrap();
    assert!(uses(&tried.after, &tried.index_name));
    // HypoPG evaluates no constants: a list of varchar and a number beside numeric are casts to it.
    for condition in
        ["status IN ('pending', 'returned')", "total <> 0", "status NOT IN ('done', 'cancelled') AND total = -1.5"]
    {
        partial.predicate = Some(condition.to_owned());
        let sql = format!("select total from orders where customer_id = 7 and {condition}");
        let tried = try_one(&mut session, &sql, &partial, HYPOPG).await.unwrap();
        assert!(uses(&tried.after, &tried.index_name), "{condition}");
    }
}

#[tokio::test]
async fn what_hypopg_cannot_tell_is_not_taken_for_an_answer() {
    let mut session = connect("WHYSLOW_TEST_HYPOPG").await;
    let mut gin = index("products", &["tags"]);
    gin.method = "gin";
    let error = try_one(&mut session, "select * from products where tags @> '{sale}'", &gin, HYPOPG).await;
    assert!(matches!(error, Err(TrialError::Unsupported { .. })), "{error:?}");
    // The same partial index is seen when its table comes first and overlooked when it comes second.
    let mut partial = index("orders", &["customer_id"]);
    partial.predicate = Some("status = 'returned'".to_owned());
    let first = "select o.total from orders o join customers c on c.id = o.customer_id \
                 where o.status = 'returned' and c.email = 'customer7@example.com'";
    let tried = try_one(&mut session, first, &partial, HYPOPG).await.unwrap();
    assert!(uses(&tried.after, &tried.index_name));
    let second = first.replace("orders o join customers c", "customers c join orders o");
    let error = try_one(&mut session, &second, &partial, HYPOPG).await;
    assert!(matches!(error, Err(TrialError::Unsupported { .. })), "{error:?}");
    // Errors are told, and the next trial starts clean.
    for wrong in [index("orders", &["no_such_column"]), index("no_such_table", &["a"])] {
        let error = try_one(&mut session, first, &wrong, HYPOPG).await;
        assert!(matches!(error, Err(TrialError::Server { .. })), "{error:?}");
    }
    let sql = "select * from orders where customer_id = 40000";
    assert!(try_one(&mut session, sql, &index("orders", &["customer_id"]), HYPOPG).await.is_ok());
    let mut none = connect("WHYSLOW_TEST_POSTGRES").await;
    let error = try_one(&mut none, sql, &index("orders", &["customer_id"]), HYPOPG).await.unwrap_err();
    assert!(error.to_string().contains("CREATE EXTENSION hypopg"), "{error}");
}

#[tokio::test]
async fn the_embedded_method_builds_the_index_and_takes_it_away() {
    // Any server that is ours alone will do for the method; only the demo's says that it is embedded.
    let mut place = target(&url("WHYSLOW_TEST_POSTGRES_ADMIN"));
    place.embedded = true;
    let mut session = connect_with(&place, &SessionOptions::default()).await.unwrap();
    let mut gin = index("products", &["tags"]);
    gin.method = "gin";
    for (sql, candidate) in [
        ("select * from orders where customer_id = 40000", index("orders", &["customer_id"])),
        ("select id from products where tags @> '{limited}'", gin),
        ("select * from orders where customer_id = $1", index("orders", &["customer_id"])),
    ] {
        let tried = try_one(&mut session, sql, &candidate, Allow::default()).await.unwrap();
        assert_eq!((tried.method, tried.trust), ("real-rolled-back", Trust::Exact));
        assert!(uses(&tried.after, &tried.index_name), "{sql}: {}", tried.after.source);
        assert!(cost(&tried.after) < cost(&tried.before), "{sql}");
        assert!(tried.size_bytes.is_some_and(|b| b > 8192));
    }
    let left = Admin::new().await.number("select count(*) from pg_class where relname = 'whyslow_trial'").await;
    assert_eq!(left, 0);
}

#[tokio::test]
async fn indexes_tried_together_are_told_apart_by_what_would_be_lost_without_each() {
    let sql = "select o.id, c.name from orders o join customers c on c.id = o.customer_id \
               where o.coupon = 'SAVE64' and c.city = 'Berlin'";
    let three = [
        index("orders", &["coupon", "customer_id"]),
        index("customers", &["city"]),
        // What nothing in the statement asks for.
        index("orders", &["device"]),
    ];
    for (variable, method) in [("WHYSLOW_TEST_HYPOPG", "hypopg"), ("WHYSLOW_TEST_POSTGRES", "twin")] {
        let mut session = connect(variable).await;
        let mut seen = Vec::new();
        let allow = if method == "hypopg" { HYPOPG } else { Allow::default() };
        let told = |progress: whyslow::whatif::Progress| seen.push((progress.done, progress.total));
        let set = together(&mut session, sql, &three, &Catalog::default(), allow, told).await.unwrap();
        assert_eq!((set.method, set.unit()), (method, "cost"));
        assert_eq!(seen, [(0, 5), (1, 5), (2, 5), (3, 5), (4, 5)]);
        assert!((set.saved() - (cost(&set.before) - cost(&set.after))).abs() < 0.01 && set.saved() > 0.0);
        let part = |at: usize| set.own_part(&set.parts[at]).unwrap();
        assert!(
            set.parts[0].is_used(&set.after) && part(0) > 0.5 * set.saved(),
            "{method}: {} of {}",
            part(0),
            set.saved()
        );
        assert!(!set.parts[2].is_used(&set.after) && part(2) < 0.01, "{method}: {}", part(2));
        // Without the first it is as if only the second were there.
        let alone = try_one(&mut session, sql, &three[1], allow).await.unwrap();
        let without = cost(set.parts[0].without.as_ref().unwrap());
        assert!((cost(&alone.after) / without - 1.0).abs() < 0.01, "{method}: {} {without}", cost(&alone.after));
    }
}

#[tokio::test]
async fn an_index_is_verified_on_a_copy_and_leaves_nothing() {
    let mut own = connect("WHYSLOW_TEST_POSTGRES").await;
    let mut copy = connect("WHYSLOW_TEST_HYPOPG_ADMIN").await;
    let mut same = connect("WHYSLOW_TEST_POSTGRES_ADMIN").await;
    verify::is_elsewhere(&mut own, &mut copy).await.unwrap();
    let error = verify::is_elsewhere(&mut own, &mut same).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused, "{error}");
    let sql = "select * from orders where customer_id = 40000";
    let (good, missing) = (index("orders", &["customer_id"]), index("nosuch", &["a"]));
    let mut said = Vec::new();
    let answers =
        verify::verify(&mut copy, sql, &[&good, &missing], |doing| said.push(doing.to_owned())).await.unwrap();
    let done = answers[0].as_ref().unwrap();
    assert!(done.used && done.size_bytes.unwrap() > 500_000 && done.build_ms > 0.0, "{done:?}");
    assert_eq!((done.before.runs, done.after.runs), (verify::RUNS, verify::RUNS));
    assert!(done.after.blocks.unwrap() * 20 < done.before.blocks.unwrap(), "{done:?}");
    assert_eq!(answers[1].as_ref().unwrap_err().code.as_deref(), Some("42P01"));
    assert_eq!(said.len(), 3);
    let after = explain(&mut copy, sql).await.unwrap();
    assert!(!after.document.contains("whyslow_verify"), "it is gone");
    let writes = verify::verify(&mut copy, "delete from orders", &[&good], |_| ()).await.unwrap_err();
    assert_eq!(writes.kind, ErrorKind::Refused, "{writes}");
}
