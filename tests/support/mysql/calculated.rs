//! Answers by formulas, for an account that may do nothing but SELECT.

use whyslow::{
    advise::{TrialError, Trust, Verdict, uses},
    server::{Session, SessionOptions},
    whatif::{Allow, Method, Supposition, try_one},
};

use super::{
    ADMIN, Server, connect,
    twin::{CALCULATED, candidates, catalog, path, planned, supposed_by},
    whatif::candidate,
};
use crate::support::{target, url};

/// The account, made by its tests.
async fn looker(server: Server, name: &str) -> Session {
    let mut admin = ADMIN(server.admin).await;
    admin.run(&format!("drop user if exists {name}@'%'")).await;
    admin.run(&format!("create user {name}@'%' identified by 'only looks'")).await;
    admin.run(&format!("grant select on shop.* to {name}@'%'")).await;
    let reader = url(server.reader);
    let (scheme, rest) = reader.split_once("://").unwrap();
    let (_, place) = rest.split_once('@').unwrap();
    let url = format!("{scheme}://{name}:only%20looks@{place}");
    Session::connect(&target(&url), &SessionOptions::default()).await.unwrap()
}

impl Server {
    /// SELECT is enough, nothing is made, and what is said is checked and told.
    pub(crate) async fn who_may_only_select_gets_a_calculated_answer(self) {
        let mut session = looker(self, "looker").await;
        let sql = "select id, total from orders where customer_id = 4711 order by created_at desc limit 5";
        let one = candidate(&session, "orders", &["customer_id", "created_at"]);
        let trial = try_one(&mut session, sql, &one, CALCULATED).await.unwrap();
        assert_eq!(trial.method, "calculated");
        assert!(
            uses(&trial.after, &trial.index_name) && !uses(&trial.before, &trial.index_name),
            "{:?}",
            path(&trial.after)
        );
        // How soon a limit is reached the servers guess, and so do the formulas.
        assert_eq!(trial.trust, Trust::Rough, "{:?}", trial.notes);
        let plain = candidate(&session, "orders", &["customer_id"]);
        let sure =
            try_one(&mut session, "select * from orders where customer_id = 4711", &plain, CALCULATED).await.unwrap();
        assert_eq!(sure.trust, Trust::Close, "{:?}", sure.notes);
        // What is constant is asked as it is written; a text compared with a number finds nothing by an index of texts.
        for (sql, column, used) in [
            ("select * from orders where customer_id = 4700 + 11", "customer_id", true),
            ("select * from orders where created_at > now() - interval 3 day", "created_at", true),
            ("select * from orders where note = 123", "note", false),
        ] {
            let one = candidate(&session, "orders", &[column]);
            let trial = try_one(&mut session, sql, &one, CALCULATED).await.unwrap();
            assert_eq!(uses(&trial.after, &trial.index_name), used, "{sql}: {:?}", path(&trial.after));
            assert_eq!(trial.trust, Trust::Rough, "{sql}");
        }
        assert!(
            trial.notes[0].starts_with("checked: the formulas read today's plan as the server does"),
            "{:?}",
            trial.notes
        );
        let told = &trial.notes[1];
        assert!(told.contains("rows of orders, in 1,000 places") && told.contains("stayed on the server"), "{told}");
        let sorts = |plan: &whyslow::plan::Plan| {
            plan.ids().filter(|id| plan.node(*id).operator == whyslow::plan::Operator::Sort).count()
        };
        assert_eq!((sorts(&trial.before), sorts(&trial.after)), (1, 0), "the index delivers the order");
        // The plan of today is the server's own.
        assert_eq!(path(&trial.before), path(&planned(&mut session, sql).await));
    }

    /// Without a look at rows, what needs none is answered all the same, and the rest says what would help.
    pub(crate) async fn statistics_alone_answer_what_needs_no_rows(self) {
        let mut session = looker(self, "onlooker").await;
        let allow = Allow { method: Method::Calculated, ..Allow::default() };
        let first = "select id, total from orders order by total desc limit 10";
        let facts = catalog(&mut session, first).await;
        let add = candidates("orders (total)", session.info().engine, &facts);
        let supposition = |add| Supposition::Indexes { add, drop: Vec::new() };
        let both = supposed_by(&mut session, first, supposition(add), &facts, allow).await.unwrap();
        assert_eq!(both.method, "calculated");
        assert!(path(&both.after)[0].starts_with("orders FullIndexScan ix_orders_total"), "{:?}", path(&both.after));
        assert!(both.notes[1].contains("statistics alone"), "{:?}", both.notes);
        let second = "select * from orders where customer_id = 4711";
        let one = candidates("orders (customer_id)", session.info().engine, &facts);
        let error = supposed_by(&mut session, second, supposition(one), &facts, allow).await.unwrap_err();
        let TrialError::Unsupported { reason, .. } = &error else { panic!("{error}") };
        assert!(reason.contains("--twin-reads rows"), "{reason}");
        // Where copies of a sample are allowed and cannot be made, a look at one is.
        let allow = Allow { temporary_tables: true, ..Allow::default() };
        let one = candidates("orders (customer_id)", session.info().engine, &facts);
        let both = supposed_by(&mut session, second, supposition(one), &facts, allow).await.unwrap();
        assert_eq!(both.method, "calculated");
    }

    /// What is planned in ways of its own is said to be untested, with the reason; advice says the same.
    pub(crate) async fn what_is_not_calculated_says_why(self) {
        let mut session = connect(self.reader).await;
        for (sql, index, why) in [
            (
                "select * from orders where id in (select order_id from order_items where product_id = 4)",
                "order_items (product_id)",
                "sub-queries",
            ),
            (
                "select * from customers c left join orders o on o.customer_id = c.id where c.id < 9",
                "orders (customer_id)",
                "outer join",
            ),
            ("select id from orders where customer_id = 4 or coupon = 'SAVE3'", "orders (customer_id)", "index_merge"),
            ("select id from orders where total = 4 union select id from products", "orders (total)", "union"),
            // It is not asked of a thousand places.
            (
                "select id from orders where total = 4 and customer_id < 5 + sleep(0)",
                "orders (total)",
                "it calls sleep",
            ),
        ] {
            let facts = catalog(&mut session, sql).await;
            let add = candidates(index, session.info().engine, &facts);
            let error =
                supposed_by(&mut session, sql, Supposition::Indexes { add, drop: Vec::new() }, &facts, CALCULATED)
                    .await
                    .unwrap_err();
            assert!(error.to_string().contains(why), "{sql}: {error}");
        }
        let sql = "select * from orders where total = 42.5";
        let facts = catalog(&mut session, sql).await;
        let plan = planned(&mut session, sql).await;
        let all = whyslow::whatif::propose(&mut session, sql, &plan, &facts, CALCULATED, |_| {}).await.unwrap();
        let best = all.first().unwrap();
        assert_eq!(
            (best.verdict, best.tried.as_ref().map(|t| t.method)),
            (Verdict::Proved, Some("calculated")),
            "{}",
            best.reason
        );
    }
}
