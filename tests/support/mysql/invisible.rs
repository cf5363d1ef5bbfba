//! A real index that is invisible, and the settings and statistics that a twin has of its production.

use std::time::{Duration, Instant};

use whyslow::{
    advise::{Trust, uses},
    plan::Engine,
    server::ErrorKind,
    whatif::{Supposition, foretold, invisible, possible, together},
};

use super::{
    ADMIN, Server, connect, drop_private, private,
    twin::{TWIN, alone, candidates, catalog, path, planned, supposed},
    whatif::candidate,
};

impl Server {
    /// MySQL: built, seen by this session alone, dropped or kept, and given up where somebody holds the table.
    pub(crate) async fn a_real_index_is_tried_invisible_and_leaves_nothing(self) {
        let (mut admin, mut session) = private(self, "invisible").await;
        admin.run("create table orders like shop.orders").await;
        admin.run("insert into orders select * from shop.orders where id <= 50000").await;
        admin.run("analyze table orders").await;
        let mut one = candidate(&session, "orders", &["customer_id"]);
        one.schema.clone_from(&session.info().database);
        let sql = "select * from orders where customer_id = 4711";
        let facts = catalog(&mut session, sql).await;
        let said = foretold(&one, "ix_real", &facts);
        for part in ["INVISIBLE ALGORITHM=INPLACE LOCK=NONE", " of disk", "lock_wait_timeout", "open transaction"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        let count = format!(
            "select count(*) from information_schema.statistics where table_schema = '{}' and index_name = 'ix_real'",
            one.schema
        );
        let tried = invisible(&mut session, sql, (&one, "ix_real"), false).await.unwrap();
        assert!(uses(&tried.after, "ix_real") && !uses(&tried.before, "ix_real"), "{:?}", path(&tried.after));
        assert_eq!((tried.method, tried.trust), ("invisible-index", Trust::Exact));
        assert!(tried.size_bytes.is_some_and(|b| b > 500_000) && tried.notes[0].contains("dropped again"), "{tried:?}");
        assert_eq!(admin.number(&count).await, 0);
        assert!(path(&planned(&mut session, sql).await)[0].ends_with(" -"), "the session plans as before");
        // A transaction that has only read the table makes it wait, and not for long.
        let mut reader = ADMIN(self.admin).await;
        reader.run(&format!("use {}", one.schema)).await;
        reader.run("start transaction").await;
        assert_eq!(reader.number("select count(*) from orders").await, 50_000);
        let start = Instant::now();
        let error = invisible(&mut session, sql, (&one, "ix_real"), false).await.unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        assert_eq!(error.code.as_deref(), Some("1205"), "{error}");
        assert!(error.next.as_deref().is_some_and(|n| n.contains("INNODB_TRX")), "{error:?}");
        reader.run("rollback").await;
        assert_eq!(admin.number(&count).await, 0);
        // What is kept stays invisible.
        let kept = invisible(&mut session, sql, (&one, "ix_real"), true).await.unwrap();
        assert!(kept.notes[0].contains("VISIBLE has everybody use it"), "{:?}", kept.notes);
        assert_eq!(admin.number(&format!("{count} and is_visible = 'NO'")).await, 1);
        drop_private(admin, session).await;
    }

    /// MariaDB has no such thing, and says what there is instead.
    pub(crate) async fn an_invisible_index_is_refused(self) {
        let session = connect(self.reader).await;
        let error = possible(session.info()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported);
        assert!(error.message.contains("IGNORED") && error.next.is_some_and(|n| n.contains("--verify")));
    }

    /// Tried together, indexes of two tables are told apart in the plan, and each is known to be read.
    pub(crate) async fn indexes_of_two_tables_keep_their_own_names(self) {
        let mut session = connect(self.reader).await;
        let engine = session.info().engine;
        let _alone = alone(engine).await;
        let sql = "select p.sku, (select count(*) from order_items i where i.product_id = p.id) from products p \
                   where p.price < 50 and p.category_id in (3, 5)";
        let facts = catalog(&mut session, sql).await;
        let set = candidates("order_items (product_id); products (category_id, price)", engine, &facts);
        let tried = together(&mut session, sql, &set, &facts, TWIN, |_| ()).await.unwrap();
        let read = path(&tried.after);
        for (called, part) in ["i ", "p "].into_iter().zip(&tried.parts) {
            let name = part.name.as_deref().unwrap();
            assert!(read.iter().any(|step| step.starts_with(called) && step.ends_with(name)), "{name}: {read:?}");
            assert!(part.is_used(&tried.after), "{name}: {read:?}");
        }
    }

    /// What no session may set, a twin can be given; and then it is as it was.
    pub(crate) async fn a_setting_of_the_whole_server_is_supposed_on_a_twin(self) {
        let mut session = connect(self.reader).await;
        let engine = session.info().engine;
        let _alone = alone(engine).await;
        let sql = "select * from orders where channel = 'phone'";
        let facts = catalog(&mut session, sql).await;
        let name = if engine == Engine::MySql { "memory_block_read_cost" } else { "optimizer_row_lookup_cost" };
        let mut costs = Vec::new();
        for value in ["50", "100"] {
            let setting = Supposition::Settings(vec![(name.to_owned(), value.to_owned())]);
            let both = supposed(&mut session, sql, setting, &facts).await.unwrap();
            assert_eq!(both.method, "twin");
            assert_ne!(both.trust, Trust::Exact);
            assert!(both.notes.iter().any(|n| n.contains("session does not take")), "{:?}", both.notes);
            costs.extend([both.before.total_cost().unwrap(), both.after.total_cost().unwrap()]);
        }
        // Where the index has become dear, the plan is another, and dearer no more.
        assert!(costs[1] > costs[0] * 1.5 && costs[3] >= costs[1], "{costs:?}");
        assert!((costs[0] - costs[2]).abs() < 1e-6, "{costs:?}");
        for (name, value) in [("no_such_variable", "1"), ("a = 1; drop table orders; -- ", "1")] {
            let setting = Supposition::Settings(vec![(name.to_owned(), value.to_owned())]);
            assert!(supposed(&mut session, sql, setting, &facts).await.is_err(), "{name}");
        }
    }

    /// Each partition has the rows that production believes it has.
    pub(crate) async fn partitions_have_their_own_statistics_on_a_twin(self) {
        let mut session = connect(self.reader).await;
        let _alone = alone(session.info().engine).await;
        for sql in [
            "select * from payments where amount > 5",
            "select * from payments where paid_on >= '2024-01-01' and amount > 5",
        ] {
            let facts = catalog(&mut session, sql).await;
            let setting = Supposition::Larger { table: ("shop".to_owned(), "payments".to_owned()), times: 2.0 };
            let both = supposed(&mut session, sql, setting, &facts).await.unwrap();
            let rows = |plan: &whyslow::plan::Plan| {
                plan.ids()
                    .filter_map(|id| plan.node(id).rows.examined.or(plan.node(id).rows.estimated))
                    .fold(0.0, f64::max)
            };
            let (real, before, after) =
                (rows(&planned(&mut session, sql).await), rows(&both.before), rows(&both.after));
            assert!((before / real - 1.0).abs() < 0.005, "{sql}: {real} {before}");
            assert!((after / before - 2.0).abs() < 0.1, "{sql}: {before} {after}");
        }
    }
}
