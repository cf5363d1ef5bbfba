//! What cannot be tried, and that it keeps nothing else from it.

use whyslow::{
    advise::TrialError,
    whatif::{Allow, Method, Supposition, suppose},
};

use super::{
    Server, connect, drop_private, private,
    twin::{CALCULATED, TWIN, alone, candidates, catalog, path, supposed_by},
};

impl Server {
    /// A view and a table that the twin cannot have: the statements that read them are told what its server said, the others planned.
    pub(crate) async fn what_a_twin_cannot_have_fails_no_other_statement(self) {
        let (mut admin, mut session) = private(self, "lacking").await;
        let engine = session.info().engine;
        let _alone = alone(engine).await;
        admin.run("create table parts (id int primary key auto_increment, code int, note varchar(80))").await;
        admin.run("insert into parts (code, note) values (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')").await;
        for _ in 0..11 {
            admin.run("insert into parts (code, note) select code + id, note from parts").await;
        }
        admin.run("create function secret() returns int deterministic return 4").await;
        admin.run("create view hidden as select * from parts where code > secret()").await;
        admin.run("create view plain as select * from parts where id > 4").await;
        let mut statements = vec![
            ("select * from parts where code = 4000", None),
            ("select * from hidden where code = 4000", Some("secret")),
            ("select * from plain where code = 4000", None),
        ];
        if engine == whyslow::plan::Engine::MariaDb {
            admin.run("create sequence numbers").await;
            admin.run("create table numbered (id int primary key default nextval(numbers), code int)").await;
            admin.run("insert into numbered (code) select code from parts").await;
            statements.push(("select * from numbered where code = 4000", Some("numbers")));
        }
        admin.run("analyze table parts").await;
        let facts = catalog(&mut session, statements[0].0).await;
        let add = candidates("parts (code)", engine, &facts);
        let texts: Vec<&str> = statements.iter().map(|(sql, _)| *sql).collect();
        let supposition = Supposition::Indexes { add, drop: Vec::new() };
        let all = suppose(&mut session, &texts, &supposition, &facts, TWIN, |_| {}).await.unwrap().outcomes;
        for ((sql, why), outcome) in statements.iter().zip(&all) {
            match (why, outcome) {
                (None, Ok(both)) => {
                    assert!(path(&both.after)[0].ends_with("ix_parts_code"), "{sql}: {:?}", path(&both.after));
                }
                (Some(why), Err(TrialError::Unsupported { reason, .. })) => {
                    assert!(reason.starts_with("the twin has no ") && reason.contains(why), "{sql}: {reason}");
                }
                _ => panic!("{sql}: {outcome:?}"),
            }
        }
        drop_private(admin, session).await;
    }

    /// A statement that the server refuses is answered in its words, whatever the method.
    pub(crate) async fn a_statement_that_is_wrong_is_answered_in_the_servers_words(self) {
        let (mut session, mut reader) = (connect(self.admin).await, connect(self.reader).await);
        let engine = session.info().engine;
        let _alone = alone(engine).await;
        let tables = Allow { method: Method::TemporaryTables, temporary_tables: true, ..Allow::default() };
        let facts = catalog(&mut session, "select * from orders").await;
        for (sql, number) in [
            ("select * from nowhere where a = 1", "(1146)"),
            ("select * from orders o join nowhere n on n.id = o.id where o.total = 1", "(1146)"),
            ("select * from orders where customer_id = = 1", "(1064)"),
            ("select * from mysql.user where user = 'reader'", "(1142)"),
        ] {
            let session = if number == "(1142)" { &mut reader } else { &mut session };
            for allow in [CALCULATED, tables, TWIN] {
                let add = candidates("orders (total)", engine, &facts);
                let supposition = Supposition::Indexes { add, drop: Vec::new() };
                let error = supposed_by(session, sql, supposition, &facts, allow).await.unwrap_err();
                assert!(error.to_string().contains(number), "{sql} by {:?}: {error}", allow.method);
            }
        }
    }
}
