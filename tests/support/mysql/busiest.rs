//! The dearest statements, from the digests of the performance schema.

use std::time::Duration;

use whyslow::{
    advise::{Limits, Verdict, Weighted},
    plan::Engine,
    server::{ErrorKind, busiest::Spent},
    whatif::{Allow, Method, advise},
};

use super::{Server, connect, drop_private, private};
use crate::support::{url, whyslow};

impl Server {
    pub(crate) async fn the_dearest_statements_are_listed_and_advised_on(self) {
        let (mut admin, mut session) = private(self, "busy").await;
        admin.run("create table parts (id int primary key, code int, note varchar(80))").await;
        admin
            .run(
                "insert into parts with digits as (select 0 as i union select 1 union select 2 union select 3 union select 4 union \
                 select 5 union select 6 union select 7 union select 8 union select 9) \
                 select a.i + 10 * b.i + 100 * c.i + 1000 * d.i, (a.i + 10 * b.i + 100 * c.i) % 900, repeat('x', 50) \
                 from digits a, digits b, digits c, digits d",
            )
            .await;
        admin.run("analyze table parts").await;
        for code in 1..=3 {
            admin.run(&format!("select count(*), max(note) from parts where code in ({code}, 7)")).await;
        }
        let of_people = |s: &&Spent| s.sql.contains("max(note)") || s.sql.contains("MAX( `note` )");
        let mut found = session.busiest(1_000).await.unwrap();
        // A statement is counted shortly after it is answered.
        for _ in 0..100 {
            if found.statements.iter().find(of_people).is_some_and(|s| s.calls >= 3.0) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            found = session.busiest(1_000).await.unwrap();
        }
        let spent = found.statements.iter().find(of_people).unwrap_or_else(|| panic!("{found:?}"));
        assert_eq!(spent.calls.to_string(), "3", "{spent:?}");
        assert!(spent.examined.is_some_and(|n| n >= 30_000.0) && spent.total_ms > 0.0, "{spent:?}");
        if session.info().engine == Engine::MySql {
            // The server keeps the text of the slowest, whichever that was.
            let asked = |code: i32| spent.sql.contains(&format!("in ({code}, 7)"));
            assert!((1..=3).any(asked), "one that was asked: {spent:?}");
        } else {
            assert!(spent.sql.contains('?'), "{spent:?}");
        }
        let name = session.info().database.clone();
        let own = url(self.admin).replace("/shop", &format!("/{name}"));
        let (code, shown, said) = whyslow(&["statements", &own]);
        assert!(code == 0 && shown.contains("3 calls"), "{shown}{said}");
        let words =
            ["advise", &own, "--from", "statistics", "--allow-temporary-tables", "--method", "temporary-tables"];
        let (code, shown, said) = whyslow(&[&words[..], &["--format", "json"]].concat());
        assert_eq!(code, 0, "{said}");
        let answer: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(answer["proposals"][0]["keys"][0]["expr"], "code", "{shown}");
        assert_eq!(answer["proposals"][0]["verdict"], "proved", "{shown}");
        // Who may not read the performance schema is told what to ask for.
        let mut reader = connect(self.reader).await;
        let error = reader.busiest(5).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Privilege, "{error}");
        assert!(error.next.as_deref().is_some_and(|next| next.contains("GRANT SELECT")), "{error}");
        drop_private(admin, session).await;
    }

    pub(crate) async fn a_statement_the_server_refuses_keeps_no_other_from_its_index(self) {
        let (mut admin, mut session) = private(self, "one_wrong").await;
        admin.run("create table parts (id int primary key auto_increment, code int, note varchar(80))").await;
        admin.run("insert into parts (code, note) values (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')").await;
        for _ in 0..11 {
            admin.run("insert into parts (code, note) select code + id, note from parts").await;
        }
        admin.run("analyze table parts").await;
        let statements = [
            "select id from parts where match (note) against ('a')",
            "select nothing from parts",
            "select * from parts where code = 4000",
        ];
        let workload = statements.map(|sql| Weighted { sql: sql.to_owned(), weight: 1.0 });
        let catalog = session.catalog(&[(None, "parts".to_owned())], &[]).await.unwrap();
        let allow = Allow { temporary_tables: true, method: Method::TemporaryTables, ..Allow::default() };
        let limits = Limits::default();
        let advice =
            advise(&mut session, &workload, &[None, None, None], &catalog, allow, &limits, |_| ()).await.unwrap();
        let told: Vec<Option<&str>> = advice.statements.iter().map(|s| s.problem.as_deref()).collect();
        assert!(told[0].is_some_and(|p| p.contains("ALTER TABLE parts ADD FULLTEXT INDEX (note)")), "{told:?}");
        assert!(told[1].is_some_and(|p| p.contains("nothing")) && told[2].is_none(), "{told:?}");
        let first = advice.proposals.first().unwrap();
        assert_eq!(
            (first.verdict, first.candidate.keys[0].expr.as_str()),
            (Verdict::Proved, "code"),
            "{}",
            first.reason
        );
        assert_eq!(first.serves.iter().map(|s| s.statement).collect::<Vec<_>>(), [2]);
        drop_private(admin, session).await;
    }
}
