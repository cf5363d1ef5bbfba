//! Existing indexes supposed away, on MySQL and on MariaDB alike.

use whyslow::{
    advise::{Effect, Existing, Trust},
    plan::Plan,
    read,
    server::{Session, SessionOptions},
    whatif::{Allow, Method, Reads, Supposition, suppose},
};

use super::{ADMIN, Server, connect, explain};
use crate::support::{target, url};

/// What decides about a path: of each table the index and how it is read.
fn path(plan: &Plan) -> Vec<(String, String, Option<String>)> {
    plan.ids()
        .filter_map(|id| {
            let node = plan.node(id);
            let relation = node.relation.as_ref()?;
            let name = relation.alias.clone().unwrap_or_else(|| relation.name.clone());
            Some((name, format!("{:?}", node.operator), node.index.clone()))
        })
        .collect()
}

impl Server {
    /// Ignoring an index plans as dropping it does, and nothing but reading is needed for it.
    pub(crate) async fn an_index_supposed_away_is_planned_as_if_it_were_dropped(self) {
        let mut admin = ADMIN(self.admin).await;
        let name = format!("whyslow_gone_{}", std::process::id());
        admin.run(&format!("drop database if exists {name}")).await;
        admin.run(&format!("create database {name}")).await;
        admin.run(&format!("use {name}")).await;
        for table in ["orders", "customers"] {
            admin.run(&format!("create table {table} like shop.{table}")).await;
            admin.run(&format!("insert into {table} select * from shop.{table}")).await;
        }
        let mut target = target(&url(self.admin));
        target.database = Some(name.clone());
        let mut session = Session::connect(&target, &SessionOptions::default()).await.unwrap();
        for (sql, index, keys) in [
            ("select * from orders where customer_id = 4711", "one", "customer_id"),
            ("select * from orders o where o.customer_id = 4711 and o.status = 'new'", "one", "customer_id, status"),
            ("select id, total from orders order by total desc limit 10", "one", "total"),
            (
                "select c.name, o.total from customers c join orders as o on o.customer_id = c.id where c.id < 20",
                "one",
                "customer_id",
            ),
            (
                "select a.id from orders a join orders b on a.customer_id = b.customer_id where b.id = 17",
                "one",
                "customer_id",
            ),
            ("select count(*) from orders where status = 'returned'", "one", "status, total"),
            ("select * from customers where email = 'customer7@example.com'", "email", ""),
            ("update orders set total = 0 where customer_id = 4711", "one", "customer_id"),
            ("select * from orders where total < 0 order by id", "one", "customer_id"),
        ] {
            let table = if index == "email" { "customers" } else { "orders" };
            if !keys.is_empty() {
                admin.run(&format!("alter table {table} add index one ({keys})")).await;
            }
            admin.run(&format!("analyze table {table}")).await;
            let gone = Existing { schema: name.clone(), table: table.to_owned(), name: index.to_owned() };
            let supposition = Supposition::Indexes { add: Vec::new(), drop: vec![gone] };
            let catalog =
                session.catalog(&[(None, "orders".to_owned()), (None, "customers".to_owned())], &[]).await.unwrap();
            let was = explain(&mut session, sql).await.unwrap();
            let supposed =
                suppose(&mut session, &[sql], &supposition, &catalog, Allow::default(), |_| ()).await.unwrap();
            let both = supposed.outcomes[0].as_ref().unwrap_or_else(|e| panic!("{sql}: {e}"));
            assert_eq!((both.method, both.trust), ("ignore-index", Trust::Exact));
            assert_eq!(path(&both.before), path(&read::read(&was.document).unwrap().remove(0)), "{sql}");
            let restore = if index == "email" { "add unique index email (email)" } else { "" };
            admin.run(&format!("alter table {table} drop index {index}")).await;
            admin.run(&format!("analyze table {table}")).await;
            let truth = explain(&mut session, sql).await.unwrap();
            let truth = read::read(&truth.document).unwrap().remove(0);
            assert_eq!(path(&both.after), path(&truth), "{sql}");
            let told = supposed.effect(0).unwrap();
            assert_eq!(told.0 == Effect::Same, sql.contains("total < 0"), "{sql}: {told:?}");
            if !restore.is_empty() {
                admin.run(&format!("alter table {table} {restore}")).await;
            }
        }
        drop(session);
        admin.run(&format!("drop database {name}")).await;
    }

    /// One index in the place of another is tried on samples; and what cannot be said is said.
    pub(crate) async fn an_index_can_take_the_place_of_another(self) {
        let mut session = connect(self.reader).await;
        let sql = "select * from orders where channel = 'app' and customer_id = 4711";
        let catalog = session.catalog(&[(None, "orders".to_owned())], &[]).await.unwrap();
        let Ok(gone) = Existing::named("orders_channel", &catalog) else { panic!("{:?}", catalog.tables[0].indexes) };
        let mut both = super::whatif::candidate(&session, "orders", &["channel", "customer_id"]);
        both.reasons = vec!["typed by hand".to_owned()];
        let supposition = Supposition::Indexes { add: vec![both], drop: vec![gone.clone()] };
        let allowed = Allow { method: Method::Auto, reads: Reads { ends: false, rows: false }, temporary_tables: true };
        let supposed = suppose(&mut session, &[sql], &supposition, &catalog, allowed, |_| ()).await.unwrap();
        assert_eq!(supposed.supposition.title(), "with (channel, customer_id) and without orders_channel");
        let both = supposed.outcomes[0].as_ref().unwrap();
        assert_eq!((both.method, both.trust), ("temporary-tables", Trust::Rough));
        let used: Vec<Option<String>> = path(&both.after).into_iter().map(|(_, _, index)| index).collect();
        assert_eq!(used, [Some("ix_orders_channel_customer_id".to_owned())], "by the name it would have");
        assert!(both.notes.iter().any(|n| n.contains("rows of orders")), "{:?}", both.notes);
        let refused = suppose(&mut session, &[sql], &supposition, &catalog, Allow::default(), |_| ()).await.unwrap();
        assert!(refused.outcomes[0].as_ref().unwrap_err().to_string().contains("--allow-temporary-tables"));
        let drop = Supposition::Indexes { add: Vec::new(), drop: vec![gone] };
        let forced = "select * from orders force index (orders_channel) where channel = 'app'";
        let refused = suppose(&mut session, &[forced], &drop, &catalog, allowed, |_| ()).await.unwrap();
        assert!(refused.outcomes[0].as_ref().unwrap_err().to_string().contains("the server refuses it"));
    }

    /// A setting holds for one plan and is then as it was.
    pub(crate) async fn a_setting_can_be_supposed_for_one_plan(self) {
        let mut session = connect(self.reader).await;
        let sql = "select * from orders where channel = 'app' and id < 1000";
        let catalog = session.catalog(&[(None, "orders".to_owned())], &[]).await.unwrap();
        let settings = |name: &str, value: &str| Supposition::Settings(vec![(name.to_owned(), value.to_owned())]);
        let switch = settings("optimizer_switch", "index_condition_pushdown=off");
        let supposed = suppose(&mut session, &[sql], &switch, &catalog, Allow::default(), |_| ()).await.unwrap();
        assert_eq!(supposed.outcomes[0].as_ref().unwrap().method, "session");
        let value = explain(&mut session, "select @@session.optimizer_switch").await;
        assert!(value.is_ok(), "the session goes on: {value:?}");
        let no_such = settings("nosuch", "1");
        let supposed = suppose(&mut session, &[sql], &no_such, &catalog, Allow::default(), |_| ()).await.unwrap();
        let error = supposed.outcomes[0].as_ref().unwrap_err().to_string();
        assert!(error.contains("nosuch"), "{error}");
        assert!(explain(&mut session, sql).await.is_ok());
    }
}
