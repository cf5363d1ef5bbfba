//! A real PostgreSQL.

use std::{collections::BTreeSet, time::Duration};

use whyslow::{
    advise::{Candidate, Key, TrialError, Trust},
    catalog::{Catalog, Table, TableKind},
    plan::{Engine, NodeId, Plan},
    server::{ErrorKind, ExplainRequest, Explained, ServerError, Session, SessionOptions, Target},
    whatif::{Allow, try_one},
};

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
async fn the_session_knows_who_answered_and_how() {
    let session = connect("WHYSLOW_TEST_POSTGRES").await;
    let info = session.info();
    let major = info.version.split('.').next().unwrap();
    assert_eq!(major, (info.version_number / 10_000).to_string());
    assert_eq!((info.database.as_str(), info.user.as_str(), info.embedded), ("shop", "reader", false));
    assert_eq!(info.hypopg, None);
    assert_eq!(info.tls.as_deref(), Some("TLSv1.3"), "prefer takes TLS where it is offered");
    let session = connect("WHYSLOW_TEST_HYPOPG").await;
    assert!(session.info().hypopg.is_some());
    let session = connect("WHYSLOW_TEST_POSTGRES_SOCKET").await;
    assert_eq!(session.info().tls, None);
}

#[tokio::test]
async fn sslmode_protects_as_libpq_does() {
    let plain = url("WHYSLOW_TEST_POSTGRES");
    let elsewhere = plain.replace("127.0.0.1", "127.0.0.2");
    let ca = url("WHYSLOW_TEST_CA");
    for (url, parameters, expected) in [
        (&plain, "sslmode=disable", Ok(None)),
        (&plain, "sslmode=require", Ok(Some("TLSv1.3"))),
        (&plain, "sslmode=require&channel_binding=require", Ok(Some("TLSv1.3"))),
        (&elsewhere, "sslmode=require", Ok(Some("TLSv1.3"))),
        (&elsewhere, &format!("sslmode=require&sslrootcert={ca}"), Ok(Some("TLSv1.3"))),
        (&elsewhere, &format!("sslmode=verify-ca&sslrootcert={ca}"), Ok(Some("TLSv1.3"))),
        (&plain, &format!("sslmode=verify-full&sslrootcert={ca}"), Ok(Some("TLSv1.3"))),
        (&elsewhere, &format!("sslmode=verify-full&sslrootcert={ca}"), Err("not valid for name")),
        (&plain, "sslrootcert=system", Err("UnknownIssuer")),
        (&plain, "sslmode=verify-ca&sslrootcert=/does/not/exist", Err("/does/not/exist")),
        (&plain, "sslmode=disable&channel_binding=require", Err("channel binding")),
    ] {
        let found = connect_with(&target(&format!("{url}?{parameters}")), &SessionOptions::default()).await;
        match (found, expected) {
            (Ok(session), Ok(version)) => assert_eq!(session.info().tls.as_deref(), version, "{parameters}"),
            (Err(error), Err(part)) => {
                assert_eq!(error.kind, ErrorKind::Unreachable, "{parameters}: {error}");
                assert!(error.to_string().contains(part), "{parameters}: {error}");
                assert!(error.next.is_some(), "{parameters}: {error}");
            }
            (found, _) => panic!("{parameters}: {found:?}"),
        }
    }
    let tls_only = plain.replace("//reader:", "//tls_only:");
    assert!(connect_with(&target(&tls_only), &SessionOptions::default()).await.is_ok());
    let error = connect_with(&target(&format!("{tls_only}?sslmode=disable")), &SessionOptions::default()).await;
    let error = error.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Authentication, Some("28000")), "{error}");
    assert!(!error.asks_for_password());
}

#[tokio::test]
async fn what_stands_in_the_way_of_connecting_is_told_in_one_message() {
    let right = target(&url("WHYSLOW_TEST_POSTGRES"));
    let port = right.port;
    for (url, kind, code, asks) in [
        (format!("postgres://reader:wr0ng@127.0.0.1:{port}/shop"), ErrorKind::Authentication, Some("28P01"), true),
        (format!("postgres://reader@127.0.0.1:{port}/shop"), ErrorKind::Authentication, None, true),
        (format!("postgres://nobody:wr0ng@127.0.0.1:{port}/shop"), ErrorKind::Authentication, Some("28P01"), true),
        ("postgres://reader:wr0ng@127.0.0.1:1/shop".to_owned(), ErrorKind::Unreachable, None, false),
        ("postgres://reader:wr0ng@no.such.host.invalid/shop".to_owned(), ErrorKind::Unreachable, None, false),
        ("postgres://reader:wr0ng@%2Fno%2Fsuch/shop".to_owned(), ErrorKind::Unreachable, None, false),
    ] {
        let error = connect_with(&target(&url), &SessionOptions::default()).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_deref()), (kind, code), "{url}: {error}");
        assert_eq!(error.asks_for_password(), asks, "{url}: {error}");
        let text = format!("{error} {error:?}");
        assert!(!text.contains("wr0ng"), "{text}");
        assert!(error.next.is_some() && text.contains("connecting to postgres://"), "{text}");
    }
    let mut nowhere = right;
    nowhere.database = Some("no such database".to_owned());
    let error = connect_with(&nowhere, &SessionOptions::default()).await.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("3D000"), "{error}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_in_time() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let text = format!("postgres://a@127.0.0.1:{port}/d?connect_timeout=1");
    let error = connect_with(&target(&text), &SessionOptions::default()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
    assert!(error.message.contains("1 s"), "{error}");
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

fn index(table: &str, columns: &[&str]) -> Candidate {
    let key = |column: &&str| Key {
        expr: (*column).to_owned(),
        expression: column.contains('('),
        desc: false,
        nulls_first: None,
        opclass: None,
        prefix: None,
    };
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

fn cost(plan: &Plan) -> f64 {
    plan.node(NodeId::ROOT).cost.total.unwrap()
}

fn uses(plan: &Plan, index: &str) -> bool {
    plan.ids().any(|id| plan.node(id).index.as_deref() == Some(index))
}

#[tokio::test]
async fn hypopg_tells_what_an_index_would_do_and_forgets_it() {
    let mut session = connect("WHYSLOW_TEST_HYPOPG").await;
    let sql = "select * from orders where customer_id = 40000";
    for sql in [sql, "select * from orders where customer_id = $1"] {
        let tried = try_one(&mut session, sql, &index("orders", &["customer_id"]), Allow::default()).await.unwrap();
        assert_eq!((tried.method, tried.trust), ("hypopg", Trust::Close));
        assert!(uses(&tried.after, &tried.index_name) && !uses(&tried.before, &tried.index_name));
        assert!(cost(&tried.after) < cost(&tried.before) / 10.0, "{sql}");
        assert!(tried.size_bytes.is_some_and(|b| b > 1_000_000), "{:?}", tried.size_bytes);
        assert!(!explain(&mut session, sql).await.unwrap().document.contains(&tried.index_name), "it is forgotten");
    }
    let useless = try_one(&mut session, sql, &index("orders", &["total"]), Allow::default()).await.unwrap();
    assert!(!uses(&useless.after, &useless.index_name));

    let mut partial = index("orders", &["customer_id"]);
    partial.predicate = Some("status = 'pending'".to_owned());
    partial.include = vec!["total".to_owned()];
    let sql = "select total from orders where customer_id = 7 and status = 'pending'";
    let tried = try_one(&mut session, sql, &partial, Allow::default()).await.unwrap();
    assert!(uses(&tried.after, &tried.index_name));
}

#[tokio::test]
async fn what_hypopg_cannot_tell_is_not_taken_for_an_answer() {
    let mut session = connect("WHYSLOW_TEST_HYPOPG").await;
    let mut gin = index("products", &["tags"]);
    gin.method = "gin";
    let error = try_one(&mut session, "select * from products where tags @> '{sale}'", &gin, Allow::default()).await;
    assert!(matches!(error, Err(TrialError::Unsupported { .. })), "{error:?}");
    // The same partial index is seen when its table comes first and overlooked when it comes second.
    let mut partial = index("orders", &["customer_id"]);
    partial.predicate = Some("status = 'returned'".to_owned());
    let first = "select o.total from orders o join customers c on c.id = o.customer_id \
                 where o.status = 'returned' and c.email = 'customer7@example.com'";
    let tried = try_one(&mut session, first, &partial, Allow::default()).await.unwrap();
    assert!(uses(&tried.after, &tried.index_name));
    let second = first.replace("orders o join customers c", "customers c join orders o");
    let error = try_one(&mut session, &second, &partial, Allow::default()).await;
    assert!(matches!(error, Err(TrialError::Unsupported { .. })), "{error:?}");
    // Errors are told, and the next trial starts clean.
    for wrong in [index("orders", &["no_such_column"]), index("no_such_table", &["a"])] {
        let error = try_one(&mut session, first, &wrong, Allow::default()).await;
        assert!(matches!(error, Err(TrialError::Server { .. })), "{error:?}");
    }
    let sql = "select * from orders where customer_id = 40000";
    assert!(try_one(&mut session, sql, &index("orders", &["customer_id"]), Allow::default()).await.is_ok());
    let mut none = connect("WHYSLOW_TEST_POSTGRES").await;
    let error = try_one(&mut none, sql, &index("orders", &["customer_id"]), Allow::default()).await.unwrap_err();
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
