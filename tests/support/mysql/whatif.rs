//! Trials on samples, on MySQL and on MariaDB alike.

use std::time::{Duration, Instant};

use whyslow::{
    advise::{Candidate, Key, TrialError, Tried, Trust, uses},
    plan::{Engine, Plan},
    server::{ErrorKind, Session, SessionOptions},
    whatif::{Allow, Method, Reads, propose, try_one, verify},
};

use super::{
    ADMIN, Server, connect, drop_private, explain, private,
    twin::{TWIN, alone},
};
use crate::support::{target, url};

const ALLOWED: Allow =
    Allow { method: Method::Auto, reads: Reads { ends: false, rows: false }, temporary_tables: true };

pub(super) fn candidate(session: &Session, table: &str, keys: &[&str]) -> Candidate {
    Candidate {
        engine: session.info().engine,
        schema: session.info().database.clone(),
        table: table.to_owned(),
        method: "btree",
        keys: keys.iter().map(|column| Key::column(*column)).collect(),
        include: Vec::new(),
        predicate: None,
        replaces: Vec::new(),
        reasons: Vec::new(),
    }
}

async fn tried(session: &mut Session, sql: &str, table: &str, keys: &[&str]) -> Result<Tried, TrialError> {
    let candidate = candidate(session, table, keys);
    try_one(session, sql, &candidate, ALLOWED).await
}

/// Index use by relation: what decides about a path.
fn path(plan: &Plan) -> Vec<(String, Option<String>)> {
    plan.ids()
        .filter_map(|id| {
            let node = plan.node(id);
            let relation = node.relation.as_ref()?;
            Some((relation.alias.clone().unwrap_or_else(|| relation.name.clone()), node.index.clone()))
        })
        .collect()
}

impl Server {
    /// The same index is used on the sample as when it is really there.
    pub(crate) async fn a_sample_answers_as_the_real_index_does(self) {
        let mut admin = ADMIN(self.admin).await;
        let name = format!("whyslow_truth_{}", std::process::id());
        admin.run(&format!("drop database if exists {name}")).await;
        admin.run(&format!("create database {name}")).await;
        admin.run(&format!("use {name}")).await;
        for table in ["orders", "order_items", "customers"] {
            admin.run(&format!("create table {table} like shop.{table}")).await;
            admin.run(&format!("insert into {table} select * from shop.{table}")).await;
            admin.run(&format!("analyze table {table}")).await;
        }
        let mut target = target(&url(self.admin));
        target.database = Some(name.clone());
        let mut session = Session::connect(&target, &SessionOptions::default()).await.unwrap();
        let _alone = alone(session.info().engine).await;
        for (sql, table, keys) in [
            ("select * from orders where customer_id = 4711", "orders", &["customer_id"][..]),
            (
                "select * from orders where status = 'returned' and created_at > '2024-06-01'",
                "orders",
                &["status", "created_at"],
            ),
            ("select id, total from orders order by total desc limit 10", "orders", &["total"]),
            (
                "select product_id, sum(quantity) from order_items where product_id < 20 group by product_id",
                "order_items",
                &["product_id", "quantity"],
            ),
            (
                "select c.name, o.total from customers c join orders o on o.customer_id = c.id where c.city = 'Reno' and c.vip",
                "orders",
                &["customer_id"],
            ),
            ("select count(*) from orders where note like '%gift%'", "orders", &["customer_id"]),
        ] {
            let trial = tried(&mut session, sql, table, keys).await.unwrap();
            let wanted = candidate(&session, table, keys);
            let twin = try_one(&mut session, sql, &wanted, TWIN).await.unwrap();
            let ddl = format!("alter table {table} add index whyslow_trial ({})", keys.join(", "));
            admin.run(&ddl).await;
            admin.run(&format!("analyze table {table}")).await;
            let truth = explain(&mut session, sql).await.unwrap();
            admin.run(&format!("alter table {table} drop index whyslow_trial")).await;
            let truth = whyslow::read::read(&truth.document).unwrap().remove(0);
            assert_eq!(
                uses(&trial.after, "whyslow_trial"),
                uses(&truth, "whyslow_trial"),
                "{sql}: on the sample {:?}, really {:?}; {:?}",
                path(&trial.after),
                path(&truth),
                trial.notes
            );
            assert!(!uses(&trial.before, "whyslow_trial"));
            // A twin has its own name for the index where others were tried on it before.
            let called = |plan: &Plan, name: &str| {
                let lines = path(plan)
                    .into_iter()
                    .map(|(alias, index)| (alias, index.map(|i| if i == name { "it".to_owned() } else { i })));
                lines.collect::<Vec<_>>()
            };
            assert_eq!(
                called(&twin.after, &twin.index_name),
                called(&truth, "whyslow_trial"),
                "{sql}: on the twin and really; {:?}",
                twin.notes
            );
            assert_ne!(twin.trust, Trust::Rough, "{sql}: {:?}", twin.notes);
        }
        drop(session);
        admin.run(&format!("drop database {name}")).await;
    }

    /// An account that may read and make temporary tables is enough, and nothing is left behind.
    pub(crate) async fn a_reader_may_try_and_leaves_nothing(self) {
        let mut admin = ADMIN(self.admin).await;
        let sums = "select cast(sum(crc32(concat_ws(',', id, customer_id, status, total))) % 1000000007 as signed) from shop.orders";
        let indexes = "select count(*) from information_schema.statistics where table_schema = 'shop'";
        let before = (admin.number(sums).await, admin.number(indexes).await);
        let mut session = connect(self.reader).await;
        let sql = "select id, total from orders where customer_id = 4711 order by created_at desc limit 5";
        let start = Instant::now();
        let trial = tried(&mut session, sql, "orders", &["customer_id", "created_at"]).await.unwrap();
        assert!(start.elapsed() < Duration::from_mins(1), "{:?}", start.elapsed());
        assert_eq!((trial.method, trial.trust), ("temporary-tables", Trust::Rough));
        assert!(uses(&trial.after, &trial.index_name), "{:?}", path(&trial.after));
        assert!(trial.size_bytes.is_some_and(|b| b > 1_000_000), "{:?}", trial.size_bytes);
        assert!(trial.notes[0].starts_with("checked: on the sample"), "{:?}", trial.notes);
        assert!(trial.notes[1].contains("rows of orders, in 200 places along the primary key"), "{:?}", trial.notes);
        // The name means the real table again, whose estimate is of all its rows.
        let plan = explain(&mut session, "select * from orders").await.unwrap();
        let plan = whyslow::read::read(&plan.document).unwrap().remove(0);
        let rows = plan.ids().filter_map(|id| plan.node(id).rows.estimated).fold(0.0, f64::max);
        assert!(rows > 100_000.0, "{rows}");
        let error = explain(&mut session, "select * from whyslow_sample_0").await.unwrap_err();
        assert!(matches!(error.code.as_deref(), Some("1146" | "1142")), "the stage is gone: {error}");
        assert_eq!((admin.number(sums).await, admin.number(indexes).await), before);
        // What every session reads of the real table is not that of a temporary one of its name.
        let told = "select cast(table_rows as signed) from information_schema.tables where table_schema = 'shop' and table_name = 'orders'";
        assert!(admin.number(told).await > 100_000);
    }

    /// From the statement to proved proposals by the public way.
    pub(crate) async fn proposals_are_proved(self) {
        let mut session = connect(self.reader).await;
        let sql = "select id, total from orders where customer_id = 4711";
        let explained = explain(&mut session, sql).await.unwrap();
        let plan = whyslow::read::read(&explained.document).unwrap().remove(0);
        let catalog = session.catalog(&[(None, "orders".to_owned())], &[]).await.unwrap();
        let proposals = propose(&mut session, sql, &plan, &catalog, ALLOWED, |_| {}).await.unwrap();
        let first = proposals.first().expect("an index on customer_id helps");
        assert_eq!(first.verdict, whyslow::advise::Verdict::Proved, "{}", first.reason);
        assert_eq!(first.candidate.keys[0].expr, "customer_id");
        let untested = propose(&mut session, sql, &plan, &catalog, Allow::default(), |_| {}).await.unwrap();
        assert!(
            untested.iter().all(|p| p.tried.is_none() && p.reason.contains("--allow-temporary-tables")),
            "{}",
            untested[0].reason
        );
    }

    /// Keys of other kinds, odd definitions, and what cannot be sampled.
    pub(crate) async fn odd_tables_are_sampled_or_said_to_be_none(self) {
        let (mut admin, mut session) = private(self, "odd").await;
        admin.run("create table digits (i int primary key)").await;
        admin.run("insert into digits values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)").await;
        admin
            .run(
                "create view many as select a.i + 10 * b.i + 100 * c.i + 1000 * d.i + 10000 * e.i as n \
                 from digits a, digits b, digits c, digits d, digits e",
            )
            .await;
        let tables = [
            (
                "by_text",
                "id char(36) primary key, v int, w int as (v + 1) stored, fulltext key (id)",
                "insert into by_text (id, v) select uuid(), n % 500 from many",
            ),
            (
                "by_few",
                "tenant int, id int auto_increment, v int, primary key (tenant, id), key (id)",
                "insert into by_few (tenant, id, v) select n % 3, n + 1, n % 500 from many",
            ),
            (
                "by_time",
                "at datetime primary key, v int, note text comment 'a, (b'",
                "insert into by_time (at, v) select '2020-01-01' + interval n minute, n % 500 from many",
            ),
            (
                "split",
                "id int primary key, v int) partition by range (id) (partition p0 values less than (50000), partition p1 values less than maxvalue",
                "insert into split select n, n % 500 from many",
            ),
        ];
        for (table, columns, filling) in tables {
            admin.run(&format!("create table {table} ({columns})")).await;
            admin.run(filling).await;
            admin.run(&format!("analyze table {table}")).await;
            let sql = format!("select * from {table} where v = 77");
            let trial = tried(&mut session, &sql, table, &["v"]).await.unwrap_or_else(|e| panic!("{table}: {e}"));
            assert!(uses(&trial.after, "whyslow_trial"), "{table}: {:?} {:?}", path(&trial.after), trial.notes);
            let sampled = trial.notes.iter().find(|note| !note.starts_with("checked: ")).unwrap();
            let rows: f64 = sampled.split(' ').nth(2).unwrap().replace(',', "").parse().unwrap();
            assert!((10_000.0..30_000.0).contains(&rows), "{table}: {:?}", trial.notes);
            if table == "split" {
                assert!(trial.notes.iter().any(|n| n.contains("its partitions")), "{:?}", trial.notes);
            }
        }
        admin.run("create table keyless (v int)").await;
        admin.run("insert into keyless select n % 500 from many").await;
        admin.run("analyze table keyless").await;
        admin.run("create view seen as select * from by_text").await;
        for (sql, table, why) in [
            ("select * from keyless where v = 77", "keyless", "no key along which"),
            ("select * from seen where v = 77", "seen", "is a view"),
            ("select * from by_text where v = 77", "by_time", "does not read by_time"),
        ] {
            let error = tried(&mut session, sql, table, &["v"]).await.unwrap_err();
            assert!(error.to_string().contains(why), "{sql}: {error}");
        }
        let twice = "select * from by_text a join by_text b on a.v = b.v where b.id = 'x'";
        let answer = tried(&mut session, twice, "by_text", &["v"]).await;
        if session.info().engine == Engine::MySql {
            assert!(answer.unwrap_err().to_string().contains("only once"), "a self-join says so");
        } else {
            answer.unwrap();
        }
        drop(session);
        let name = format!("whyslow_odd_{}", std::process::id());
        admin.run(&format!("drop database {name}")).await;
    }

    /// A rare value that no place of the sample holds is there all the same, through the index that finds it.
    pub(crate) async fn rows_that_literals_name_are_in_the_sample(self) {
        let mut session = connect(self.reader).await;
        let sql =
            "select * from customers where email = 'customer31337@example.com' or email = 'customer31338@mail.example'";
        let trial = tried(&mut session, sql, "customers", &["city"]).await.unwrap();
        assert!(!uses(&trial.after, "whyslow_trial"));
        for plan in [&trial.before, &trial.after] {
            assert!(plan.ids().any(|id| plan.node(id).index.as_deref() == Some("email")), "{:?}", path(plan));
        }
        let sql = "select * from customers where id = 31337 and city = 'nowhere'";
        let trial = tried(&mut session, sql, "customers", &["city"]).await.unwrap();
        assert!(!trial.before.source.contains("no matching row"), "{}", trial.before.source);
    }

    /// The person cancels, or goes away: the copies go with it.
    pub(crate) async fn an_interrupted_trial_leaves_nothing(self) {
        let mut session = connect(self.reader).await;
        let sql = "select * from orders where customer_id = 4711";
        let wanted = candidate(&session, "orders", &["customer_id"]);
        let abandoned =
            tokio::time::timeout(Duration::from_millis(150), try_one(&mut session, sql, &wanted, ALLOWED)).await;
        assert!(abandoned.is_err(), "it was to be abandoned while it ran");
        let plan = explain(&mut session, "select * from orders").await.unwrap();
        let plan = whyslow::read::read(&plan.document).unwrap().remove(0);
        let rows = plan.ids().filter_map(|id| plan.node(id).rows.estimated).fold(0.0, f64::max);
        assert!(rows > 100_000.0, "{rows}");
        let canceller = session.canceller();
        let cancel = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(150)).await;
            canceller.cancel().await
        });
        let error = try_one(&mut session, sql, &wanted, ALLOWED).await.unwrap_err();
        cancel.await.unwrap().unwrap();
        assert!(matches!(error, TrialError::Server { .. }), "{error}");
        let error = explain(&mut session, "select * from whyslow_sample_0").await.unwrap_err();
        assert!(matches!(error.code.as_deref(), Some("1146" | "1142")), "{error}");
        assert!(tried(&mut session, sql, "orders", &["customer_id"]).await.is_ok(), "the next trial goes well");
    }
}

impl Server {
    /// The index is built on the copy, serves, and is dropped again, also when the statement cannot be run with it.
    pub(crate) async fn an_index_is_verified_on_a_copy(self) {
        let mut own = connect(self.admin).await;
        let (mut admin, mut copy) = private(self, "verify").await;
        admin.run("create table orders like shop.orders").await;
        admin.run("insert into orders select * from shop.orders").await;
        admin.run("analyze table orders").await;
        verify::is_elsewhere(&mut own, &mut copy).await.unwrap();
        let mut same = connect(self.admin).await;
        assert_eq!(verify::is_elsewhere(&mut own, &mut same).await.unwrap_err().kind, ErrorKind::Refused);
        // Candidates are of the server's database, which the copy is called otherwise than.
        let (good, missing) = (candidate(&own, "orders", &["customer_id"]), candidate(&own, "nosuch", &["a"]));
        let sql = "select * from orders where customer_id = 4711";
        let answers = verify::verify(&mut copy, sql, &[&good, &missing], |_| ()).await.unwrap();
        let done = answers[0].as_ref().unwrap();
        assert!(done.used && done.build_ms > 0.0 && done.after.median_ms < done.before.median_ms, "{done:?}");
        assert!(answers[1].as_ref().unwrap_err().message.contains("nosuch"), "{answers:?}");
        let count = "select count(*) from information_schema.statistics where index_name = 'whyslow_verify'";
        assert_eq!(admin.number(count).await, 0);
        let other = "select * from shop.orders where customer_id = 4711";
        let refused = verify::verify(&mut copy, other, &[&good], |_| ()).await.unwrap();
        assert_eq!(refused[0].as_ref().unwrap_err().kind, ErrorKind::Refused, "{refused:?}");
        drop_private(admin, copy).await;
    }
}
