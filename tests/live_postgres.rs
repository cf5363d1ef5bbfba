//! A real PostgreSQL.

mod busiest;
mod cases;
mod catalog;
mod connecting;
mod corpus;
mod kinds;
mod suppose;
mod twin;
mod whatif;

use std::time::Duration;

use whyslow::server::{ErrorKind, ExplainRequest, Explained, ServerError, Session, SessionOptions, Target};

use crate::support::{target, url};

async fn connect(variable: &str) -> Session {
    connect_with(&target(&url(variable)), &SessionOptions::default()).await.unwrap()
}

async fn connect_with(target: &Target, options: &SessionOptions) -> Result<Session, ServerError> {
    Session::connect(target, options).await
}

async fn explain(session: &mut Session, sql: &str) -> Result<Explained, ServerError> {
    session.explain(&ExplainRequest { sql: sql.to_owned(), ..ExplainRequest::default() }).await
}

async fn measure(session: &mut Session, sql: &str, confirmed: bool) -> Result<Explained, ServerError> {
    session
        .explain(&ExplainRequest { sql: sql.to_owned(), analyze: true, confirmed, ..ExplainRequest::default() })
        .await
}

/// The root's value under a key of a plan document.
fn root<'a>(document: &'a serde_json::Value, key: &str) -> &'a serde_json::Value {
    &document[0]["Plan"][key]
}

fn json(explained: &Explained) -> serde_json::Value {
    serde_json::from_str(&explained.document).unwrap()
}

/// Actual rows of the root of a measured statement.
async fn count(session: &mut Session, sql: &str) -> String {
    let answer = measure(session, sql, false).await.unwrap();
    // 18 prints fractions: `1.00`.
    root(&json(&answer), "Actual Rows").as_f64().unwrap().to_string()
}

/// Someone who may do everything, for what whyslow itself cannot do.
struct Admin(tokio_postgres::Client);

impl Admin {
    async fn new() -> Self {
        let (client, connection) =
            tokio_postgres::connect(&url("WHYSLOW_TEST_POSTGRES_ADMIN"), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        Self(client)
    }

    async fn run(&self, sql: &str) {
        self.0.batch_execute(sql).await.unwrap();
    }

    async fn number(&self, sql: &str) -> i64 {
        self.0.query_one(sql, &[]).await.unwrap().get(0)
    }
}

#[tokio::test]
async fn a_second_statement_is_refused_and_the_table_still_stands() {
    let admin = Admin::new().await;
    admin.run("drop table if exists stands; create table stands as select 1 as a").await;
    let url = url("WHYSLOW_TEST_POSTGRES_ADMIN");
    let mut session = connect_with(&target(&url), &SessionOptions::default()).await.unwrap();
    for sql in [
        "select 1; drop table stands",
        "select 1;\ndrop table stands;",
        "explain select 1; drop table stands",
        "drop table stands",
        "explain drop table stands",
        "select 1 /* ; */ ; drop table stands",
        "select $$;$$; drop table stands",
    ] {
        for analyze in [false, true] {
            let request = ExplainRequest { sql: sql.to_owned(), analyze, generic: false, confirmed: true };
            let error = session.explain(&request).await.unwrap_err();
            assert!(matches!(error.kind, ErrorKind::Refused | ErrorKind::Statement), "{sql}: {error}");
        }
    }
    assert_eq!(count(&mut session, "select * from stands").await, "1");
    // A text that we take for one statement and the server for two: with the backslash as an escape the string ends
    // earlier. The server itself refuses it, because the text came by the extended protocol.
    let options = SessionOptions {
        settings: vec![("standard_conforming_strings".to_owned(), "off".to_owned())],
        ..SessionOptions::default()
    };
    let mut session = connect_with(&target(&url), &options).await.unwrap();
    for (analyze, sql) in [
        (false, r"select '\'' ; drop table stands; --'"),
        (true, r"select '\'' ; drop table stands; --'"),
        (false, r"select $1::int, '\'' ; drop table stands; --'"),
    ] {
        let request = ExplainRequest { sql: sql.to_owned(), analyze, generic: false, confirmed: true };
        let error = session.explain(&request).await.unwrap_err();
        assert_eq!(error.code.as_deref(), Some("42601"), "{error}");
        assert!(error.message.contains("multiple commands"), "{error}");
    }
    assert_eq!(count(&mut session, "select * from stands").await, "1");
    admin.run("drop table stands").await;
}

#[tokio::test]
async fn a_statement_is_explained_and_measured() {
    let mut session = connect("WHYSLOW_TEST_POSTGRES").await;
    let sql = "select count(*) from orders where status = 'pending'";
    let plan = json(&explain(&mut session, sql).await.unwrap());
    assert_eq!(root(&plan, "Node Type"), "Aggregate");
    assert!(root(&plan, "Actual Rows").is_null() && plan[0]["Planning Time"].is_number());
    assert!(root(&plan, "Output").is_array(), "VERBOSE");
    for sql in [sql.to_owned(), format!("explain {sql}"), format!("EXPLAIN (ANALYZE, COSTS OFF) {sql};")] {
        let plan = json(&measure(&mut session, &sql, false).await.unwrap());
        assert_eq!(root(&plan, "Actual Rows").as_f64(), Some(1.0), "{sql}");
        assert!(root(&plan, "Shared Hit Blocks").is_number() && root(&plan, "WAL Records").is_number(), "{sql}");
    }
}

#[tokio::test]
async fn errors_point_into_the_persons_text() {
    let mut session = connect("WHYSLOW_TEST_POSTGRES").await;
    for (sql, kind, code, at) in [
        ("select nö_such from orders", ErrorKind::Statement, "42703", "nö_such"),
        ("explain (analyze) select é.x, nö_such from orders é", ErrorKind::Statement, "42703", "é.x"),
        ("select * from no_such_table", ErrorKind::Statement, "42P01", "no_such_table"),
        ("select * from orders where id = $1 and wrong = 1", ErrorKind::Statement, "42703", "wrong"),
        ("select * form orders", ErrorKind::Statement, "42601", "form"),
        ("select id from orders where no_function(id) = 1", ErrorKind::Statement, "42883", "no_function"),
        ("select 'x'::int", ErrorKind::Statement, "22P02", "'x'"),
    ] {
        let error = explain(&mut session, sql).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_deref()), (kind, Some(code)), "{sql}: {error}");
        let place = sql.find(at).unwrap();
        assert_eq!(error.position, Some(sql[..place].chars().count() + 1), "{sql}: {error}");
    }
    let error = explain(&mut session, "select * from secrets").await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Privilege, Some("42501")), "{error}");
    assert!(error.next.is_some());
    let error = measure(&mut session, "select 1 / (id - 1) from orders where id = 1", false).await.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("22012"), "{error}");
    assert!(explain(&mut session, "select 1").await.is_ok(), "the session goes on");
}

#[tokio::test]
async fn what_writes_locks_or_is_volatile_is_measured_only_after_confirmation() {
    let admin = Admin::new().await;
    admin
        .run(
            "drop schema if exists vol cascade; create schema vol;
             create view vol.hidden as select id, note_visit('view') as n from orders where id < 3;
             create function vol.op(int, int) returns int language sql volatile as 'select note_visit(''op'')';
             create operator vol.### (leftarg = int, rightarg = int, function = vol.op);
             create function vol.liar(int) returns int language plpgsql stable as
                 'begin insert into visits (what) values (''liar''); return 1; end';
             create function vol.\"Odd(\"() returns int language sql volatile as 'select note_visit(''odd'')'",
        )
        .await;
    let mut session =
        connect_with(&target(&url("WHYSLOW_TEST_POSTGRES_ADMIN")), &SessionOptions::default()).await.unwrap();
    let before = admin.number("select count(*) from visits").await;
    let vips = admin.number("select count(*) from customers where vip").await;
    for sql in [
        "update customers set vip = true where id = 1",
        "delete from order_items where order_id = 1",
        "insert into visits (what) values ('x')",
        "with d as (delete from visits returning *) select * from d",
        "select * from orders where id = 1 for update",
        "select note_visit('x')",
        "select pg_terminate_backend(1)",
        "select public.note_visit('x') from orders limit 1",
        "select * from vol.hidden",
        "select 1 operator(vol.###) 2",
        "select vol.\"Odd(\"()",
        "select setval('visits_id_seq', 1)",
        "create temp table t as select 1",
    ] {
        assert!(explain(&mut session, sql).await.is_ok(), "{sql}: plain EXPLAIN changes nothing");
        let error = measure(&mut session, sql, false).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NeedsConfirmation, "{sql}: {error}");
    }
    // What was declared as harmless and is not: READ ONLY holds.
    let error = measure(&mut session, "select vol.liar(id) from orders limit 1", false).await.unwrap_err();
    assert!(matches!(error.code.as_deref(), Some("0A000" | "25006")), "{error}");
    for sql in [
        "update customers set vip = not vip",
        "insert into visits (what) values ('x')",
        "select note_visit('x')",
        "delete from visits",
    ] {
        let plan = json(&measure(&mut session, sql, true).await.unwrap());
        assert!(root(&plan, "Actual Loops").is_number(), "{sql}");
    }
    assert_eq!(admin.number("select count(*) from visits").await, before);
    assert_eq!(admin.number("select count(*) from customers where vip").await, vips);
    assert!(measure(&mut session, "select count(*), max(lower(note)) from orders", false).await.is_ok());
    admin.run("drop schema vol cascade").await;
}

#[tokio::test]
async fn a_statement_with_parameters_gets_its_generic_plan() {
    let mut session = connect("WHYSLOW_TEST_POSTGRES_ADMIN").await;
    for sql in [
        "select * from orders where customer_id = $1 and total > $2",
        "select * from orders where customer_id = $2 limit $1",
        "explain select * from orders where created_at > $1::timestamp - interval '1 day' and channel = $2",
        "update customers set vip = $1 where id = $2",
        "select * from orders where id = any($2) and $1::text is null",
    ] {
        let plan = explain(&mut session, sql).await.unwrap();
        assert!(plan.document.contains("$2"), "{sql}: {}", plan.document);
        let error = measure(&mut session, sql, true).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused, "{error}");
    }
    let request = ExplainRequest { sql: "select 1".to_owned(), generic: true, ..ExplainRequest::default() };
    assert!(!session.explain(&request).await.unwrap().warnings.is_empty());
    // A failure inside leaves nothing behind that the next one trips over.
    assert!(explain(&mut session, "select $1 + x from orders").await.is_err());
    assert!(explain(&mut session, "select * from orders where id = $1").await.is_ok());
}

#[tokio::test]
async fn time_limits_end_planning_and_running() {
    let options = SessionOptions { statement_timeout: Some(Duration::from_millis(300)), ..SessionOptions::default() };
    let mut session = connect_with(&target(&url("WHYSLOW_TEST_POSTGRES")), &options).await.unwrap();
    let slow = "select count(*) from orders a, orders b where a.total + b.total < 0";
    let error = measure(&mut session, slow, false).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Timeout, Some("57014")), "{error}");
    assert!(explain(&mut session, slow).await.is_ok());
}

#[tokio::test]
async fn waiting_for_a_lock_ends_in_time() {
    let admin = Admin::new().await;
    admin.run("drop table if exists locked; create table locked (); grant select on locked to reader").await;
    admin.run("begin; lock table locked in access exclusive mode").await;
    let options = SessionOptions { lock_timeout: Some(Duration::from_millis(200)), ..SessionOptions::default() };
    let mut session = connect_with(&target(&url("WHYSLOW_TEST_POSTGRES")), &options).await.unwrap();
    let error = explain(&mut session, "select * from locked").await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Timeout, Some("55P03")), "{error}");
    admin.run("rollback; drop table locked").await;
}

#[tokio::test]
async fn cancelling_stops_the_server_and_keeps_the_session() {
    let mut session = connect("WHYSLOW_TEST_POSTGRES").await;
    let canceller = session.canceller();
    let slow = "select count(*) from orders a, orders b where a.total + b.total < 0 /* to be cancelled */";
    let (answer, told) = tokio::join!(measure(&mut session, slow, false), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        canceller.cancel().await
    });
    told.unwrap();
    assert_eq!(answer.unwrap_err().kind, ErrorKind::Cancelled);
    let admin = Admin::new().await;
    let running = "select count(*) from pg_stat_activity where state = 'active' and query like '%to be cancelled%' \
                   and pid <> pg_backend_pid()";
    assert_eq!(admin.number(running).await, 0);
    assert!(explain(&mut session, "select 1").await.is_ok());
}

#[tokio::test]
async fn a_dropped_request_leaves_a_session_that_still_works() {
    let mut session = connect("WHYSLOW_TEST_HYPOPG").await;
    let canceller = session.canceller();
    let slow = "select count(*) from orders a, orders b where a.total + b.total < 0";
    let dropped = tokio::time::timeout(Duration::from_millis(200), measure(&mut session, slow, false)).await;
    assert!(dropped.is_err());
    canceller.cancel().await.unwrap();
    assert!(explain(&mut session, "select * from orders where id = $1").await.is_ok());
    assert_eq!(count(&mut session, "select id from orders where id = 1").await, "1");
}

#[tokio::test]
async fn a_connection_that_the_server_ends_is_told_as_such() {
    let mut session = connect("WHYSLOW_TEST_POSTGRES").await;
    let admin = Admin::new().await;
    let slow = "select count(*) from orders a, orders b where a.total + b.total < 0 /* to be killed */";
    let (answer, ()) = tokio::join!(measure(&mut session, slow, false), async {
        // On a busy machine the statement may not have begun yet.
        let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity where query like '%to be killed%'
            and backend_type = 'client backend' and pid <> pg_backend_pid()";
        while admin.number(kill).await == 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let error = answer.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Disconnected, Some("57P01")), "{error}");
    let error = explain(&mut session, "select 1").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Disconnected, "{error}");
    assert_eq!(session.canceller().stopped(), Some(ErrorKind::Disconnected));
}

#[tokio::test]
async fn settings_and_prelude_shape_the_session() {
    let admin = Admin::new().await;
    admin.run("drop table if exists not_made").await;
    let place = target(&url("WHYSLOW_TEST_POSTGRES"));
    let shaped = |settings: &[(&str, &str)], prelude: &[&str]| SessionOptions {
        settings: settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        prelude: prelude.iter().map(|p| (*p).to_owned()).collect(),
        ..SessionOptions::default()
    };
    let options = shaped(
        &[("enable_seqscan", "off"), ("search_path", "pg_temp, public")],
        &["create temp table mine as select 7 as seven; insert into mine values (8)", "set work_mem = '7MB'"],
    );
    let mut session = connect_with(&place, &options).await.unwrap();
    let plan = json(&explain(&mut session, "select * from customers").await.unwrap());
    assert_eq!(plan[0]["Settings"]["enable_seqscan"], "off");
    assert_eq!(plan[0]["Settings"]["work_mem"], "7MB");
    assert_eq!(count(&mut session, "select * from mine").await, "2");
    for (options, code) in [
        (shaped(&[("no_such_setting", "1")], &[]), Some("42704")),
        (shaped(&[("work_mem", "much")], &[]), Some("22023")),
        (shaped(&[("transaction_read_only", "off")], &[]), None),
        (shaped(&[], &["create table not_made as select 1"]), Some("25006")),
        (shaped(&[], &["select note_visit('prelude')"]), Some("25006")),
        (shaped(&[], &["create temp table t as select note_visit('prelude')"]), None),
        (shaped(&[], &["commit"]), None),
        (shaped(&[], &["set role no_such_role"]), Some("22023")),
    ] {
        let error = connect_with(&place, &options).await.unwrap_err();
        assert_eq!(error.code.as_deref(), code, "{options:?}: {error}");
    }
    assert_eq!(admin.number("select count(*) from pg_class where relname = 'not_made'").await, 0);
    let role = shaped(&[("role", "reader")], &[]);
    let session = connect_with(&target(&url("WHYSLOW_TEST_POSTGRES_ADMIN")), &role).await.unwrap();
    assert_eq!(session.info().user, "reader");
}
