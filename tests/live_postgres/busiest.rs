//! The dearest statements, from `pg_stat_statements`.

use whyslow::server::{ErrorKind, SessionOptions};

use super::{Admin, connect_with};
use crate::support::{target, url, whyslow};

#[tokio::test]
async fn the_dearest_statements_are_listed_and_advised_on() {
    let admin = Admin::new().await;
    let name = format!("whyslow_busy_{}", std::process::id());
    admin.run(&format!("drop database if exists {name}")).await;
    admin.run(&format!("create database {name}")).await;
    let url = url("WHYSLOW_TEST_POSTGRES_ADMIN").replace("/shop", &format!("/{name}"));
    let mut session = connect_with(&target(&url), &SessionOptions::default()).await.unwrap();
    let error = session.busiest(10).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
    assert!(error.next.as_deref().is_some_and(|next| next.contains("CREATE EXTENSION")), "{error}");

    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    let driving = tokio::spawn(connection);
    client
        .batch_execute(
            "create schema \"Odd\"; create extension pg_stat_statements schema \"Odd\"; \
             create table parts (id int primary key, code int, note text); \
             insert into parts select i, i % 20000, repeat('x', 50) from generate_series(1, 100000) i; analyze parts",
        )
        .await
        .unwrap();
    for code in 1..=3 {
        client.simple_query(&format!("select * from parts where code = {code}")).await.unwrap();
    }
    let found = session.busiest(1_000).await.unwrap();
    let wanted = "select * from parts where code = $1";
    let spent = found.statements.iter().find(|s| s.sql == wanted).unwrap_or_else(|| panic!("{found:?}"));
    assert_eq!((spent.calls.to_string(), spent.rows), ("3".to_owned(), Some(15.0)), "{spent:?}");
    assert!(spent.total_ms > 0.0 && found.since.is_some() && found.source == "pg_stat_statements", "{found:?}");
    assert!(found.statements.is_sorted_by(|a, b| a.total_ms >= b.total_ms));

    let (code, shown, said) = whyslow(&["statements", &url, "--by", "calls"]);
    assert!(code == 0 && shown.contains(wanted) && shown.contains("3 calls"), "{shown}{said}");
    let (code, shown, said) = whyslow(&["advise", &url, "--from", "statistics", "--format", "json"]);
    assert_eq!(code, 0, "{said}");
    let answer: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(answer["proposals"][0]["keys"][0]["expr"], "code", "{shown}");
    assert_eq!(answer["proposals"][0]["verdict"], "proved", "{shown}");
    let statement = answer["statements"].as_array().unwrap().iter().find(|s| s["query"] == wanted).unwrap();
    assert_eq!(statement["weight"], 3.0, "{shown}");
    drop((session, client));
    driving.await.unwrap().unwrap();
    admin.run(&format!("drop database {name} with (force)")).await;
}
