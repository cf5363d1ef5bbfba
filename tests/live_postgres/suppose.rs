//! What if: existing indexes supposed away.

use whyslow::{
    advise::{Effect, Existing, Trust},
    plan::{NodeId, Plan},
    server::{Session, SessionOptions},
    whatif::{Allow, Method, Reads, Supposed, Supposition, Wish, suppose, try_one},
};

use super::{
    Admin, connect, connect_with, explain,
    whatif::{cost, index, uses},
};
use crate::support::{target, url};

const TWIN: Allow = Allow { method: Method::Twin, reads: Reads { ends: false, rows: false }, temporary_tables: false };

async fn without(session: &mut Session, sql: &str, name: &str, allow: Allow) -> Supposed {
    let tables = ["orders", "order_items", "customers"].map(|t| (None, t.to_owned()));
    let catalog = session.catalog(&tables, &[]).await.unwrap();
    let drop = vec![Existing::named(name, &catalog).unwrap()];
    suppose(session, &[sql], &Supposition::Indexes { add: Vec::new(), drop }, &catalog, allow, |_| ()).await.unwrap()
}

fn plans(supposed: &Supposed) -> (&Plan, &Plan) {
    let both = supposed.outcomes[0].as_ref().unwrap();
    (&both.before, &both.after)
}

#[tokio::test]
async fn an_index_supposed_away_is_planned_as_if_it_were_dropped() {
    // Any server that is ours alone will do for the method that really drops it; only the demo's says that it is embedded.
    let mut place = target(&url("WHYSLOW_TEST_POSTGRES_ADMIN"));
    place.embedded = true;
    let mut real = connect_with(&place, &SessionOptions::default()).await.unwrap();
    let mut session = connect("WHYSLOW_TEST_POSTGRES").await;
    for (sql, name) in [
        ("select * from orders where id = 4711", "orders_pkey"),
        ("select * from orders where channel = 'app' and total > 900 limit 3", "orders_channel"),
        (
            "select * from order_items i join orders o on o.id = i.order_id where i.order_id between 4000 and 4019",
            "orders_pkey",
        ),
        ("select max(id) from orders", "orders_pkey"),
        ("select channel, count(*) from orders group by channel", "orders_channel"),
        ("select * from customers where email = 'a@example.com'", "customers_email_key"),
        ("select * from orders where customer_id = 7", "orders_channel"),
    ] {
        let truth = without(&mut real, sql, name, Allow::default()).await;
        let told = without(&mut session, sql, name, TWIN).await;
        let ((before, after), (was, is)) = (plans(&told), plans(&truth));
        assert_eq!(truth.outcomes[0].as_ref().unwrap().method, "real-rolled-back");
        let outcome = told.outcomes[0].as_ref().unwrap();
        assert_eq!((outcome.method, outcome.trust), ("twin", Trust::Exact), "{sql}: {:?}", outcome.notes);
        assert!((cost(before) - cost(was)).abs() < 0.02 && (cost(after) - cost(is)).abs() < 0.02, "{sql}: {told:?}");
        assert!(!uses(after, name), "{sql}");
        assert_eq!(told.effect(0), truth.effect(0));
    }
    // It is there again, on the twin too.
    let again = without(&mut session, "select max(id) from orders", "orders_channel", TWIN).await;
    assert_eq!(again.effect(0).unwrap().0, Effect::Same);
    let plan = explain(&mut real, "select max(id) from orders").await.unwrap();
    assert!(plan.document.contains("orders_pkey"));
}

#[tokio::test]
async fn what_an_index_does_besides_is_told() {
    let mut session = connect("WHYSLOW_TEST_POSTGRES").await;
    let key = without(&mut session, "select * from orders where id = 4711", "orders_pkey", TWIN).await;
    assert!(key.farewells[0].ddl.is_empty(), "a key's index goes with its constraint, which nobody asked for");
    assert!(key.farewells[0].notes[0].contains("enforces the primary key"));
    let plain = without(&mut session, "select * from orders where id = 4711", "orders_channel", TWIN).await;
    assert_eq!(plain.farewells[0].ddl[1], "DROP INDEX CONCURRENTLY public.orders_channel");
    assert!(plain.farewells[0].undo[0].starts_with("CREATE INDEX CONCURRENTLY orders_channel"));
    assert!(plain.farewells[0].notes.iter().any(|n| n.starts_with("orders_channel takes ")));
}

#[tokio::test]
async fn an_index_can_take_the_place_of_another() {
    let mut session = connect("WHYSLOW_TEST_POSTGRES").await;
    let catalog = session.catalog(&[(None, "orders".to_owned())], &[]).await.unwrap();
    let supposition = Supposition::Indexes {
        add: vec![index("orders", &["channel", "customer_id"])],
        drop: vec![Existing::named("orders_channel", &catalog).unwrap()],
    };
    let sql = "select * from orders where channel = 'app' and customer_id = 4711";
    let supposed = suppose(&mut session, &[sql], &supposition, &catalog, TWIN, |_| ()).await.unwrap();
    assert_eq!(supposed.supposition.title(), "with (channel, customer_id) and without orders_channel");
    let (_, after) = plans(&supposed);
    assert!(uses(after, "ix_orders_channel_customer_id"), "by the name it would have: {after:?}");
    assert_eq!(supposed.effect(0).unwrap().0, Effect::Better);
}

#[tokio::test]
async fn hypopg_hides_existing_indexes_from_1_4_on_and_says_so_before() {
    let mut session = connect("WHYSLOW_TEST_HYPOPG").await;
    let hypopg = Allow { method: Method::HypoPg, ..TWIN };
    let version = session.info().hypopg.clone().unwrap();
    let supposed = without(&mut session, "select * from orders where id = 4711", "orders_pkey", hypopg).await;
    if version.as_str() < "1.4" {
        let error = supposed.outcomes[0].as_ref().unwrap_err().to_string();
        assert!(error.contains("hides no existing indexes, 1.4 does"), "{error}");
    } else {
        assert!(!uses(plans(&supposed).1, "orders_pkey"));
        let plan = explain(&mut session, "select * from orders where id = 4711").await.unwrap();
        assert!(plan.document.contains("orders_pkey"), "it is seen again");
    }
}

#[tokio::test]
async fn a_setting_can_be_supposed_for_one_plan() {
    let mut session = connect("WHYSLOW_TEST_POSTGRES").await;
    let sql = "select * from orders order by note";
    let settings = |name: &str, value: &str| Supposition::Settings(vec![(name.to_owned(), value.to_owned())]);
    let catalog = session.catalog(&[(None, "orders".to_owned())], &[]).await.unwrap();
    for (name, value, expected) in
        [("work_mem", "1GB", Effect::Better), ("enable_sort", "off", Effect::Worse), ("work_mem", "4MB", Effect::Same)]
    {
        let supposed = suppose(&mut session, &[sql], &settings(name, value), &catalog, TWIN, |_| ()).await.unwrap();
        let both = supposed.outcomes[0].as_ref().unwrap();
        assert_eq!((both.method, both.trust), ("session", Trust::Exact));
        assert_eq!(supposed.effect(0).unwrap().0, expected, "{name}: {:?}", supposed.effect(0));
        assert_eq!(supposed.supposition.title(), format!("{name} = {value}"));
    }
    let plan = explain(&mut session, sql).await.unwrap();
    assert!(!plan.document.contains("enable_sort"), "it is as it was: {}", plan.document);
    for (name, value, why) in [
        ("transaction_read_only", "off", "read only"),
        ("nosuch", "1", "nosuch"),
        ("work_mem", "much", "work_mem"),
        ("shared_buffers", "1GB", "shared_buffers"),
    ] {
        let supposed = suppose(&mut session, &[sql], &settings(name, value), &catalog, TWIN, |_| ()).await.unwrap();
        let error = supposed.outcomes[0].as_ref().unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[tokio::test]
async fn a_table_supposed_ten_times_as_large_is_planned_as_one_that_is() {
    let admin = Admin::new().await;
    admin
        .run(
            "DROP SCHEMA IF EXISTS growing CASCADE; CREATE SCHEMA growing; GRANT USAGE ON SCHEMA growing TO PUBLIC;
             CREATE TABLE growing.t AS SELECT i, i % 100 AS grp, 'row ' || i AS label FROM generate_series(1, 20000) i;
             CREATE INDEX t_grp ON growing.t (grp); CREATE TABLE growing.big AS SELECT * FROM growing.t;
             INSERT INTO growing.big SELECT i + 20000 * n, grp, label FROM growing.t, generate_series(1, 9) n ORDER BY n, i;
             CREATE INDEX big_grp ON growing.big (grp);
             GRANT SELECT ON ALL TABLES IN SCHEMA growing TO PUBLIC",
        )
        .await;
    admin.run("VACUUM (ANALYZE) growing.t").await;
    admin.run("VACUUM (ANALYZE) growing.big").await;
    let mut session = connect("WHYSLOW_TEST_POSTGRES").await;
    let table = (Some("growing".to_owned()), "t".to_owned());
    let catalog = session.catalog(&[table], &[]).await.unwrap();
    let supposition = Supposition::Larger { table: ("growing".to_owned(), "t".to_owned()), times: 10.0 };
    for sql in [
        "select * from growing.t where grp = 7",
        "select grp, count(*) from growing.t group by grp",
        "select * from growing.t where grp in (3, 4) order by label",
        "select count(*) from growing.t",
    ] {
        let supposed = suppose(&mut session, &[sql], &supposition, &catalog, TWIN, |_| ()).await.unwrap();
        let both = supposed.outcomes[0].as_ref().unwrap_or_else(|e| panic!("{sql}: {e}"));
        assert_eq!(both.method, "twin");
        assert_ne!(both.trust, Trust::Exact, "nobody has seen those rows");
        let truth = explain(&mut session, &sql.replace("growing.t", "growing.big")).await.unwrap();
        let truth = whyslow::read::read(&truth.document).unwrap().remove(0);
        let (told, real) = (cost(&both.after), cost(&truth));
        assert!((told / real - 1.0).abs() < 0.05, "{sql}: supposed {told}, really {real}");
        assert!(cost(&both.before) < told, "{sql}");
    }
    admin.run("DROP SCHEMA growing CASCADE").await;
}

/// A table whose columns hang together, and one like it whose statistics are what is supposed of the first.
const TOGETHER: &str = "
    DROP SCHEMA IF EXISTS wished CASCADE; CREATE SCHEMA wished; GRANT USAGE ON SCHEMA wished TO PUBLIC;
    CREATE TABLE wished.t AS SELECT i AS id, i % 50 AS city, (i % 50) / 5 AS country, 'Name ' || i % 400 AS name, (i::int8 * i % 7919)::int AS odd
                             FROM generate_series(1, 60000) i;
    CREATE TABLE wished.u AS SELECT * FROM wished.t;
    CREATE STATISTICS wished.both ON city, country FROM wished.u;
    ALTER TABLE wished.u ALTER COLUMN odd SET STATISTICS 1000;
    GRANT SELECT ON ALL TABLES IN SCHEMA wished TO PUBLIC";

#[tokio::test]
async fn statistics_that_do_not_exist_are_made_of_a_sample_and_plan_as_real_ones() {
    let admin = Admin::new().await;
    admin.run(TOGETHER).await;
    admin.run("VACUUM (ANALYZE) wished.t").await;
    admin.run("VACUUM (ANALYZE) wished.u").await;
    let mut session = connect("WHYSLOW_TEST_POSTGRES").await;
    let table = ("wished".to_owned(), "t".to_owned());
    let catalog = session.catalog(&[(Some(table.0.clone()), table.1.clone())], &[]).await.unwrap();
    let rows = Allow { reads: Reads { ends: false, rows: true }, ..TWIN };
    let both = Supposition::Statistics { table: table.clone(), wish: Wish::Together("city, country".to_owned()) };
    let more = Supposition::Statistics { table: table.clone(), wish: Wish::Target("odd".to_owned(), 1000) };
    assert_eq!(both.title(), "with statistics on city, country of t");
    let estimated = |plan: &Plan| plan.node(NodeId::ROOT).rows.estimated.unwrap();
    for (supposition, sql) in [
        (&both, "select * from wished.t where city = 7 and country = 1"),
        (&both, "select city, country from wished.t group by city, country"),
        (&more, "select * from wished.t where odd < 40"),
    ] {
        let supposed = suppose(&mut session, &[sql], supposition, &catalog, rows, |_| ()).await.unwrap();
        let told = supposed.outcomes[0].as_ref().unwrap_or_else(|e| panic!("{sql}: {e}"));
        assert!(
            told.notes.iter().any(|n| n.contains("sample of 30,000 rows") || n.contains("sample of 60,000 rows")),
            "{:?}",
            told.notes
        );
        assert!(told.notes.iter().any(|n| n.starts_with("to have them: ")), "{:?}", told.notes);
        let truth = explain(&mut session, &sql.replace("wished.t", "wished.u")).await.unwrap();
        let truth = whyslow::read::read(&truth.document).unwrap().remove(0);
        let (told, real) = (estimated(&told.after), estimated(&truth));
        assert!((told / real - 1.0).abs() < 0.1, "{sql}: {told} rows supposed, {real} really");
    }
    let without = suppose(&mut session, &["select 1 from wished.t"], &both, &catalog, TWIN, |_| ()).await.unwrap();
    let error = without.outcomes[0].as_ref().unwrap_err().to_string();
    assert!(error.contains("--twin-reads rows"), "no row is read that was not allowed to be: {error}");
    // An expression has no statistics before its index exists.
    let mut lower = index("t", &["lower(name)"]);
    "wished".clone_into(&mut lower.schema);
    let sql = "select * from wished.t where lower(name) = 'name 7'";
    admin.run("CREATE INDEX by_name ON wished.u (lower(name)); ANALYZE wished.u").await;
    let truth = explain(&mut session, &sql.replace("wished.t", "wished.u")).await.unwrap();
    let truth = whyslow::read::read(&truth.document).unwrap().remove(0);
    for (allow, trust, near) in [(TWIN, Trust::Rough, false), (rows, Trust::Close, true)] {
        let mut session = connect("WHYSLOW_TEST_POSTGRES").await;
        let tried = try_one(&mut session, sql, &lower, allow).await.unwrap();
        assert_eq!(tried.trust, trust, "{:?}", tried.notes);
        let ratio = cost(&tried.after) / cost(&truth);
        assert_eq!((ratio - 1.0).abs() < 0.05, near, "{ratio}");
    }
    admin.run("DROP SCHEMA wished CASCADE").await;
}

#[tokio::test]
async fn another_major_version_is_planned_by_a_server_of_it_or_named_as_missing() {
    let mut session = connect("WHYSLOW_TEST_POSTGRES").await;
    let catalog = session.catalog(&[(None, "orders".to_owned())], &[]).await.unwrap();
    let sql = "select * from orders where customer_id = 77";
    let own = session.info().version_number / 10_000;
    let same = suppose(&mut session, &[sql], &Supposition::Major(own), &catalog, TWIN, |_| ()).await.unwrap();
    let both = same.outcomes[0].as_ref().unwrap();
    assert_eq!((both.trust, same.effect(0).unwrap().0), (Trust::Close, Effect::Same), "{:?}", both.notes);
    assert!((cost(&both.before) - cost(&both.after)).abs() < 0.01);
    assert!(both.notes.iter().any(|n| n.starts_with("planned by PostgreSQL 15")), "{:?}", both.notes);
    let none = suppose(&mut session, &[sql], &Supposition::Major(99), &catalog, TWIN, |_| ()).await.unwrap();
    let error = none.outcomes[0].as_ref().unwrap_err().to_string();
    assert!(error.contains("postgresql-99"), "{error}");
}
