//! What cannot be tried says what would help; what could not be tried once, can.

use whyslow::{
    advise::{TrialError, Verdict, Weighted},
    server::{Session, SessionOptions},
    whatif::{Allow, Method, Reads, Supposition, advise, try_one},
};

use super::{
    ADMIN, Server, connect,
    twin::{alone, catalog, supposed_by},
    whatif::candidate,
};
use crate::support::{target, url};

impl Server {
    /// Of several statements as of one: nothing was tried, and the proposals say so.
    pub(crate) async fn several_statements_keep_what_could_not_be_tried(self) {
        let mut session = connect(self.reader).await;
        let texts = ["select * from orders where total = 17.5", "select * from payments where amount = 3.25"];
        let workload: Vec<Weighted> =
            texts.iter().map(|sql| Weighted { sql: (*sql).to_owned(), weight: 1.0 }).collect();
        let facts = session.catalog(&[(None, "orders".to_owned()), (None, "payments".to_owned())], &[]).await.unwrap();
        let limits = whyslow::advise::Limits::default();
        let advice =
            advise(&mut session, &workload, &[None, None], &facts, Allow::default(), &limits, |_| ()).await.unwrap();
        for table in ["orders", "payments"] {
            let of = advice.proposals.iter().find(|p| p.candidate.table == table);
            let of = of.unwrap_or_else(|| panic!("{table}: {:?}", advice.proposals));
            assert_eq!(of.verdict, Verdict::Untested, "{}", of.reason);
            assert!(of.reason.contains("--twin-reads rows"), "{}", of.reason);
        }
    }

    /// What stands on a twin only names the option that makes one.
    pub(crate) async fn what_needs_a_twin_names_its_option(self) {
        let mut session = connect(self.reader).await;
        let sql = "select * from products where price < 200";
        let facts = catalog(&mut session, sql).await;
        let larger = Supposition::Larger { table: ("shop".to_owned(), "products".to_owned()), times: 10.0 };
        let error = supposed_by(&mut session, sql, larger, &facts, Allow::default()).await.unwrap_err().to_string();
        assert!(error.contains("--twin-reads rows") && !error.contains("--allow-temporary-tables"), "{error}");
    }

    /// Privileges on some columns are not enough, and no option helps.
    pub(crate) async fn privileges_on_columns_are_told_to_be_too_few(self) {
        let mut admin = ADMIN(self.admin).await;
        admin.run("drop user if exists narrow@'%'").await;
        admin.run("create user narrow@'%' identified by 'sees little'").await;
        admin.run("grant select (id, customer_id) on shop.orders to narrow@'%'").await;
        let reader = url(self.reader);
        let (scheme, rest) = reader.split_once("://").unwrap();
        let (_, place) = rest.split_once('@').unwrap();
        let own = target(&format!("{scheme}://narrow:sees%20little@{place}"));
        let mut session = Session::connect(&own, &SessionOptions::default()).await.unwrap();
        let sql = "select id, customer_id from orders where customer_id = 4711";
        let one = candidate(&session, "orders", &["customer_id"]);
        let _alone = alone(session.info().engine).await;
        let allow = Allow { method: Method::Auto, reads: Reads { ends: false, rows: true }, temporary_tables: false };
        let error = try_one(&mut session, sql, &one, allow).await.unwrap_err();
        let said = error.to_string();
        assert!(matches!(error, TrialError::Denied { .. }), "{error:?}");
        assert!(said.contains("SELECT on the whole table") && !said.contains("--twin-reads"), "{said}");
    }
}
