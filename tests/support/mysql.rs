//! What holds on MySQL and on MariaDB alike.

mod busiest;
mod calculated;
mod invisible;
mod kinds;
mod lacking;
mod misleading;
mod pairs;
mod suppose;
mod twin;
mod untried;
mod whatif;

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use secrecy::SecretString;
use whyslow::{
    plan::Engine,
    server::{ErrorKind, ExplainRequest, Explained, ServerError, Session, SessionOptions},
};

use super::{target, url};

/// A server of the tests, by the variables that name it.
#[derive(Clone, Copy)]
pub(crate) struct Server {
    /// An account that may read the shop and make temporary tables.
    pub(crate) reader: &'static str,
    /// An account that may do everything.
    pub(crate) admin: &'static str,
}

pub(crate) async fn connect(variable: &str) -> Session {
    Session::connect(&target(&url(variable)), &SessionOptions::default()).await.unwrap()
}

pub(crate) async fn explain(session: &mut Session, sql: &str) -> Result<Explained, ServerError> {
    session.explain(&ExplainRequest { sql: sql.to_owned(), ..ExplainRequest::default() }).await
}

pub(crate) async fn measure(session: &mut Session, sql: &str, confirmed: bool) -> Result<Explained, ServerError> {
    let request = ExplainRequest { sql: sql.to_owned(), analyze: true, confirmed, ..ExplainRequest::default() };
    session.explain(&request).await
}

/// Someone who may do everything, for what whyslow itself cannot do. A database of its own keeps tests apart.
pub(crate) struct Admin(mysql_async::Conn);

#[expect(non_snake_case, reason = "it stands for a constructor")]
pub(crate) async fn ADMIN(variable: &str) -> Admin {
    let url = url(variable).replacen("mariadb://", "mysql://", 1);
    Admin(mysql_async::Conn::from_url(url).await.unwrap())
}

impl Admin {
    pub(crate) async fn run(&mut self, sql: &str) {
        self.0.query_drop(sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }

    pub(crate) async fn text(&mut self, sql: &str) -> String {
        self.0.query_first(sql).await.unwrap().unwrap()
    }

    pub(crate) async fn number(&mut self, sql: &str) -> i64 {
        self.0.query_first(sql).await.unwrap().unwrap()
    }
}

/// A database that is taken away when the test passes, and a session in it as the administrator.
async fn private(server: Server, name: &str) -> (Admin, Session) {
    let mut admin = ADMIN(server.admin).await;
    let name = format!("whyslow_{name}_{}", std::process::id());
    admin.run(&format!("drop database if exists {name}")).await;
    admin.run(&format!("create database {name}")).await;
    admin.run(&format!("use {name}")).await;
    let mut target = target(&url(server.admin));
    target.database = Some(name);
    let session = Session::connect(&target, &SessionOptions::default()).await.unwrap();
    (admin, session)
}

async fn drop_private(mut admin: Admin, session: Session) {
    let name = session.info().database.clone();
    drop(session);
    admin.run(&format!("drop database {name}")).await;
}

impl Server {
    pub(crate) async fn dml_is_asked_about_and_rolled_back(self, sql: &str) {
        let (mut admin, mut session) = private(self, "dml").await;
        admin.run("create table categories (id int primary key)").await;
        admin.run("insert into categories values (1), (2)").await;
        admin.run("create table scratch (id int, v int) engine = InnoDB").await;
        admin.run("insert into scratch values (1, 1), (2, 2)").await;
        let sum = "select cast(coalesce(sum(id * 100 + v), 0) as signed) from scratch";
        let before = admin.number(sum).await;
        assert!(explain(&mut session, sql).await.is_ok());
        let error = measure(&mut session, sql, false).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NeedsConfirmation, "{error}");
        measure(&mut session, sql, true).await.unwrap();
        assert_eq!(admin.number(sum).await, before, "{sql} changed something");
        drop_private(admin, session).await;
    }

    pub(crate) async fn what_stays_is_refused(self, storage: &str) {
        let (mut admin, mut session) = private(self, "stays").await;
        admin.run(&format!("create table volatile_one (id int) engine = {storage}")).await;
        admin.run("insert into volatile_one values (1)").await;
        admin.run("create table plain_one (id int) engine = InnoDB").await;
        admin.run("create table triggered (id int) engine = InnoDB").await;
        admin.run("insert into triggered values (1)").await;
        admin.run("create trigger t before update on triggered for each row set new.id = 7").await;
        for (sql, word) in [
            ("delete from volatile_one", storage),
            ("insert into plain_one select id from volatile_one", storage),
            ("update triggered set id = 2", "trigger"),
        ] {
            // Nobody is asked to confirm what is refused then.
            for confirmed in [false, true] {
                let error = measure(&mut session, sql, confirmed).await.unwrap_err();
                assert_eq!(error.kind, ErrorKind::Refused, "{sql}: {error}");
                assert!(error.message.to_lowercase().contains(&word.to_lowercase()), "{sql}: {error}");
                assert!(error.next.is_some(), "{sql}: {error}");
            }
        }
        let unmeasured = measure(&mut session, "delete from plain_one where id = 1", false).await.unwrap_err();
        let expected = match session.info().engine {
            Engine::MySql => ErrorKind::Unsupported,
            _ => ErrorKind::NeedsConfirmation,
        };
        assert_eq!(unmeasured.kind, expected, "{unmeasured}");
        assert_eq!(admin.number("select count(*) from volatile_one").await, 1);
        assert_eq!(admin.number("select id from triggered").await, 1);
        drop_private(admin, session).await;
    }

    pub(crate) async fn what_writes_is_asked_about(self) {
        let (mut admin, mut session) = private(self, "asks").await;
        admin.run("create table seen (id int) engine = InnoDB").await;
        admin.run("create table t (id int primary key) engine = InnoDB").await;
        admin.run("insert into t values (1), (2)").await;
        admin
            .run(
                "create function writes(x int) returns int deterministic modifies sql data \
                 begin insert into seen values (x); return x; end",
            )
            .await;
        admin.run("create function looks(x int) returns int deterministic reads sql data return x").await;
        // Neither server holds a function to what it is declared to do.
        admin
            .run(
                "create function lies(x int) returns int deterministic reads sql data \
                 begin insert into seen values (x); return x; end",
            )
            .await;
        for (sql, kind) in [
            ("select * from t where id = writes(1)", Some(ErrorKind::NeedsConfirmation)),
            ("select * from t where id = looks(1)", None),
            ("select * from t where id = lower(1)", None),
            ("drop table t", Some(ErrorKind::Refused)),
            ("select * from t into outfile '/tmp/whyslow'", Some(ErrorKind::NeedsConfirmation)),
            ("update t set id = writes(5) where id = 1", Some(ErrorKind::Refused)),
            ("delete from t where id = lies(5)", Some(ErrorKind::Refused)),
            ("select * from t where id = lies(5)", Some(ErrorKind::Refused)),
            ("-- nothing", Some(ErrorKind::Refused)),
            ("set @a = 1", Some(ErrorKind::Refused)),
            ("call p()", Some(ErrorKind::Refused)),
        ] {
            let answer = explain(&mut session, sql).await.map_err(|e| e.kind);
            assert_eq!(answer.as_ref().err(), kind.as_ref(), "{sql}");
        }
        for sql in ["select sleep(0)", "select @a := 1", "select get_lock('a', 0)"] {
            let error = measure(&mut session, sql, false).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::NeedsConfirmation, "{sql}: {error}");
        }
        let error = measure(&mut session, "select * from t where id = writes(1)", true).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Refused, Some("1792")), "{error}");
        assert_eq!(admin.number("select count(*) from seen").await, 0, "a function wrote");
        for analyze in [false, true] {
            let request = ExplainRequest {
                sql: "update t set id = 9 where id = lies(1)".to_owned(),
                analyze,
                confirmed: true,
                ..ExplainRequest::default()
            };
            assert_eq!(session.explain(&request).await.unwrap_err().kind, ErrorKind::Refused);
        }
        assert_eq!(admin.number("select count(*) from seen").await, 0, "a function wrote");
        drop_private(admin, session).await;
    }

    pub(crate) async fn a_second_statement_is_refused(self) {
        let (mut admin, mut session) = private(self, "second").await;
        admin.run("create table x (id int)").await;
        let sql = "select 1; drop table x";
        let error = explain(&mut session, sql).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused, "{error}");
        // Past our own check, the server itself takes one statement only.
        for analyze in [false, true] {
            for sql in [sql, "select 1; delete from x", "delete from x; select 1"] {
                let request =
                    ExplainRequest { sql: sql.to_owned(), analyze, confirmed: true, ..ExplainRequest::default() };
                let error = session.explain(&request).await.unwrap_err();
                if !sql.contains("drop") {
                    assert_eq!(error.code.as_deref(), Some("1064"), "{sql}: {error}");
                    assert!(error.position.is_some(), "{sql}: {error:?}");
                }
            }
        }
        let request =
            ExplainRequest { sql: "select 1; select 2".to_owned(), confirmed: true, ..ExplainRequest::default() };
        let error = session.explain(&request).await.unwrap_err();
        assert_eq!((error.code.as_deref(), error.position), (Some("1064"), Some(11)), "{error:?}");
        assert_eq!(admin.number("select count(*) from x").await, 0, "x still stands");
        drop_private(admin, session).await;
    }

    pub(crate) async fn errors_point_into_the_statement(self) {
        let mut session = connect(self.reader).await;
        for (sql, kind, code, position) in [
            ("select id from\n  orders wher id = 1", ErrorKind::Statement, "1064", Some(30)),
            ("select * from", ErrorKind::Statement, "1064", Some(14)),
            ("select nothing_like_it from orders", ErrorKind::Statement, "1054", Some(8)),
            ("select 'é', nothing_like_it from orders", ErrorKind::Statement, "1054", Some(13)),
            ("explain select nothing_like_it from orders", ErrorKind::Statement, "1054", Some(16)),
            ("select * from mysql.user", ErrorKind::Privilege, "1142", None),
            ("delete from orders where id = 1", ErrorKind::Privilege, "1142", None),
        ] {
            let request = ExplainRequest { sql: sql.to_owned(), confirmed: true, ..ExplainRequest::default() };
            let error = session.explain(&request).await.unwrap_err();
            assert_eq!(
                (error.kind, error.code.as_deref(), error.position),
                (kind, Some(code), position),
                "{sql}: {error:?}"
            );
        }
        for analyze in [false, true] {
            let sql = "select id from orders wher id = 1".to_owned();
            let error =
                session.explain(&ExplainRequest { sql, analyze, ..ExplainRequest::default() }).await.unwrap_err();
            assert_eq!(
                (error.code.as_deref(), error.position),
                (Some("1064"), Some(28)),
                "nothing is asked: {error:?}"
            );
        }
        let mut admin = connect(self.admin).await;
        let error = explain(&mut admin, "select * from nowhere_at_all").await.unwrap_err();
        assert_eq!((error.kind, error.position), (ErrorKind::Statement, Some(15)), "{error:?}");
        // A long rest is told cut short.
        let sql = format!("select id from orders wher {}", "id = 1 and ".repeat(30));
        let request = ExplainRequest { sql, confirmed: true, ..ExplainRequest::default() };
        let error = session.explain(&request).await.unwrap_err();
        assert_eq!(error.position, Some(28), "{error:?}");
        assert!(explain(&mut session, "select 1").await.is_ok(), "the session goes on");
    }

    pub(crate) async fn a_running_statement_is_cancelled(self) {
        let mut session = connect(self.reader).await;
        let canceller = session.canceller();
        let start = Instant::now();
        let cancel = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(400)).await;
            canceller.cancel().await
        });
        let slow = "select count(*) from order_items a join order_items b on a.line * b.line = 1700 + a.quantity";
        let answer = measure(&mut session, slow, false).await;
        cancel.await.unwrap().unwrap();
        assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
        match answer {
            // MySQL keeps the part of the plan that ran.
            Ok(answer) => assert!(answer.partial.is_some(), "{:?}", answer.warnings),
            Err(error) => assert_eq!(error.kind, ErrorKind::Cancelled, "{error}"),
        }
        assert!(explain(&mut session, "select 1").await.is_ok(), "the session goes on");
        session.canceller().cancel().await.unwrap();
        assert!(explain(&mut session, "select 2").await.is_ok(), "cancelling nothing harms nothing");
    }

    pub(crate) async fn settings_and_prelude(self) {
        let target = target(&url(self.reader));
        let shaped = |settings: &[(&str, &str)], prelude: &[&str]| SessionOptions {
            settings: settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            prelude: prelude.iter().map(|s| (*s).to_owned()).collect(),
            lock_timeout: Some(Duration::from_secs(3)),
            statement_timeout: Some(Duration::from_secs(30)),
        };
        let options = shaped(
            &[("sort_buffer_size", "65536"), ("optimizer_switch", "mrr=off")],
            &["create temporary table mine (id int primary key); insert into mine values (1), (2)", "set @wanted = 2"],
        );
        let mut session = Session::connect(&target, &options).await.unwrap();
        let answer = measure(&mut session, "select * from mine where id >= @wanted", false).await.unwrap();
        assert!(answer.document.contains("mine"), "{}", answer.document);
        let settings = session.catalog(&[], &[]).await.unwrap().settings;
        let of = |name: &str| settings.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).unwrap_or_default();
        assert_eq!(of("sort_buffer_size"), "65536");
        assert!(of("optimizer_switch").contains("mrr=off"), "{settings:?}");
        for (settings, prelude, kind) in [
            (&[("no_such_variable", "1")][..], &[][..], ErrorKind::Other),
            (&[("a = 1; drop table orders; -- ", "1")], &[], ErrorKind::Refused),
            (&[], &["drop table orders"], ErrorKind::Refused),
            (&[], &["insert into orders (id) values (0)"], ErrorKind::Refused),
            (&[], &["select 1; delete from orders"], ErrorKind::Refused),
            (&[], &["set global sort_buffer_size = 1"], ErrorKind::Refused),
        ] {
            let error = Session::connect(&target, &shaped(settings, prelude)).await.unwrap_err();
            // Without the privilege to write, the server may say that first.
            assert!(error.kind == kind || error.kind == ErrorKind::Privilege, "{settings:?} {prelude:?}: {error:?}");
        }
    }

    pub(crate) async fn the_way_in(self) {
        let good = target(&url(self.reader));
        let mut wrong = good.clone();
        wrong.password = Some(SecretString::from("not this one"));
        let error = Session::connect(&wrong, &SessionOptions::default()).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Authentication, Some("1045")), "{error}");
        assert!(error.asks_for_password() && !format!("{error:?}").contains("not this one"), "{error:?}");
        let mut nowhere = good.clone();
        "no-such-host.invalid".clone_into(&mut nowhere.host);
        let error = Session::connect(&nowhere, &SessionOptions::default()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
        let mut closed = good.clone();
        closed.port = 1;
        let error = Session::connect(&closed, &SessionOptions::default()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
        let mut gone = good.clone();
        gone.database = Some("no_such_database".to_owned());
        let error = Session::connect(&gone, &SessionOptions::default()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Authentication, "{error}");
        for (mode, encrypted) in [("DISABLED", false), ("PREFERRED", true), ("REQUIRED", true)] {
            let text = format!("{}ssl-mode={mode}", with_question_mark(&url(self.reader)));
            let session = Session::connect(&target(&text), &SessionOptions::default()).await.unwrap();
            assert_eq!(session.info().tls.is_some(), encrypted, "{mode}");
        }
        let ca =
            std::env::var("WHYSLOW_TEST_CA").unwrap_or_else(|_| panic!("WHYSLOW_TEST_CA is not set: use tests/run"));
        for mode in ["VERIFY_CA", "VERIFY_IDENTITY"] {
            let text = format!("{}ssl-mode={mode}", with_question_mark(&url(self.reader)));
            let error = Session::connect(&target(&text), &SessionOptions::default()).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Unreachable, "the system does not know the tests' authority: {error}");
            let text = format!("{text}&ssl-ca={ca}");
            let session = Session::connect(&target(&text), &SessionOptions::default()).await.unwrap();
            assert!(session.info().tls.is_some(), "{mode}");
            let mut other = target(&text);
            "127.0.0.2".clone_into(&mut other.host);
            let error = Session::connect(&other, &SessionOptions::default()).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
            assert!(error.next.as_deref().is_some_and(|n| n.contains("name the certificate holds")), "{error:?}");
        }
        let socket =
            Session::connect(&target(&url(&format!("{}_SOCKET", self.reader))), &SessionOptions::default()).await;
        assert!(socket.unwrap().info().tls.is_none());
    }

    pub(crate) async fn the_catalog(self) {
        let mut session = connect(self.reader).await;
        let names = ["orders", "customers", "no_such_table"].map(|n| (None, n.to_owned()));
        let catalog = session
            .catalog(&names, &["lower".to_owned(), "sleep".to_owned(), "nobody_knows".to_owned()])
            .await
            .unwrap();
        assert_eq!(catalog.search_path, [session.info().database.clone()]);
        let orders = catalog.table(None, "orders").unwrap();
        assert!(orders.rows.unwrap() > 10_000.0 && orders.bytes.unwrap() > 1_000_000, "{orders:?}");
        assert_eq!((orders.storage.as_deref(), orders.transactional), (Some("InnoDB"), Some(true)));
        let primary = orders.indexes.iter().find(|i| i.primary).unwrap();
        assert!(primary.unique && primary.method == "btree" && primary.keys[0].column.as_deref() == Some("id"));
        let id = orders.column("id").unwrap();
        assert!(id.not_null && id.statistics.as_ref().unwrap().n_distinct.unwrap() > 10_000.0, "{id:?}");
        let customers = catalog.table(None, "customers").unwrap();
        assert!(customers.indexes.iter().any(|i| i.unique && i.keys[0].expr == "email"), "{customers:?}");
        assert!(catalog.missing.iter().any(|m| m.contains("no_such_table")), "{:?}", catalog.missing);
        let volatile: Vec<_> = catalog.functions.iter().map(|f| (f.volatile, f.builtin)).collect();
        assert_eq!(volatile, [(false, true), (true, true), (true, false)]);
        assert!(catalog.settings.iter().any(|(n, _)| n == "join_buffer_size"), "{:?}", catalog.settings);
        let (mut admin, mut session) = private(self, "catalog").await;
        admin
            .run(
                "create table odd (a int, b varchar(300), c int as (a + 1) virtual, d int not null, \
                 key prefixed (b(20), d), unique key two (d, a)) engine = MyISAM",
            )
            .await;
        let catalog = session.catalog(&[(None, "odd".to_owned())], &[]).await.unwrap();
        let odd = &catalog.tables[0];
        assert_eq!((odd.transactional, odd.column("c").unwrap().generated.is_some()), (Some(false), true));
        let prefixed = odd.indexes.iter().find(|i| i.name == "prefixed").unwrap();
        assert_eq!((prefixed.keys[0].prefix, prefixed.keys[1].expr.as_str(), prefixed.unique), (Some(20), "d", false));
        drop_private(admin, session).await;
    }

    pub(crate) async fn an_abandoned_request(self) {
        let target = target(&url(self.reader));
        let options = SessionOptions { prelude: vec!["set @kept = 7".to_owned()], ..SessionOptions::default() };
        let mut session = Session::connect(&target, &options).await.unwrap();
        let canceller = session.canceller();
        let slow = "select count(*) from order_items a join order_items b on a.line * b.line = 1700 + a.quantity";
        let answer = tokio::time::timeout(Duration::from_millis(300), measure(&mut session, slow, false)).await;
        assert!(answer.is_err(), "it was to be abandoned while it ran");
        let answer = explain(&mut session, "select * from categories where id > @kept").await.unwrap();
        assert!(
            answer.document.contains("categories") && !answer.document.contains("order_items"),
            "{}",
            answer.document
        );
        // Who could stop the old connection can stop the new one.
        let cancel = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(400)).await;
            canceller.cancel().await
        });
        let start = Instant::now();
        let _ = measure(&mut session, slow, false).await;
        cancel.await.unwrap().unwrap();
        assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    }

    pub(crate) async fn a_dropped_connection(self) {
        let mut session = connect(self.reader).await;
        let mut admin = ADMIN(self.admin).await;
        let mut other = connect(self.reader).await;
        assert!(explain(&mut other, "select 1").await.is_ok());
        let id = {
            let text = format!("{:?}", other.canceller());
            text.split("id: ").nth(1).unwrap().chars().take_while(char::is_ascii_digit).collect::<String>()
        };
        admin.run(&format!("kill {id}")).await;
        let error = explain(&mut other, "select 1").await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Disconnected, "{error}");
        assert!(other.canceller().stopped() == Some(ErrorKind::Disconnected) && error.next.is_some());
        assert!(explain(&mut session, "select 1").await.is_ok());
    }
}

fn with_question_mark(url: &str) -> String {
    format!("{url}{}", if url.contains('?') { "&" } else { "?" })
}

impl Server {
    /// What is typed is completed from the names of the server itself.
    pub(crate) async fn names_complete_what_is_typed(self) {
        let mut session = connect(self.reader).await;
        let (engine, names) = (session.info().engine, session.names().await.unwrap());
        for (typed, rest, expected) in [
            ("select * from custo", "", &["customers"][..]),
            ("select o.cust", " from orders o", &["customer_id"]),
            ("select CUST", " from orders o", &["customer_id"]),
            ("select * from orders o join order_items i on i.ord", "", &["order_id"]),
            ("select * from odd", "", &["`Odd Name`"]),
        ] {
            let found = whyslow::sql::complete(&format!("{typed}{rest}"), typed.len(), engine, &names);
            let items: Vec<String> = found.into_iter().flat_map(|c| c.items).map(|i| i.text).collect();
            assert_eq!(items, expected, "{typed}");
        }
    }
}
