//! The built program in a terminal, at real servers.

use std::time::Duration;

use crate::{
    pty::Pty,
    support::{mysql::ADMIN, url},
};

const WHYSLOW: &str = env!("CARGO_BIN_EXE_whyslow");

fn at(name: &str, variable: &str) -> Pty {
    // Where the programs of a twin are.
    let programs = std::env::var("WHYSLOW_POSTGRES_BIN").unwrap_or_default();
    let variables = [("WHYSLOW_POSTGRES_BIN", programs.as_str())];
    let mut pty = Pty::spawn_with(name, WHYSLOW, &[&url(variable)], (100, 30), &variables);
    pty.wait_for("Type or paste a slow query");
    pty
}

#[test]
fn names_of_the_server_are_suggested_while_typing() {
    for (variable, server) in [
        ("WHYSLOW_TEST_MYSQL", "MySQL "),
        ("WHYSLOW_TEST_MARIADB", "MariaDB "),
        ("WHYSLOW_TEST_POSTGRES", "PostgreSQL "),
    ] {
        let mut pty = at(&format!("names-{}", server.trim()), variable);
        pty.wait_for(server);
        // The names come behind the connection; what is typed before they are there suggests nothing and is not held up.
        pty.settle(Duration::from_millis(700));
        pty.keys("select * from custo");
        pty.wait_for("customers");
        pty.keys("\t");
        pty.wait_for("from customers");
        // A column of a table that was named before.
        pty.keys(" c where c.ema");
        pty.wait_for("email");
        pty.keys("\t");
        pty.wait_for("where c.email");
        pty.keys("\x11");
        assert_eq!(pty.is_whole(), 0, "{server}");
    }
}

#[test]
fn the_plan_without_an_index_that_is_there_is_seen_beside_the_one_with_it() {
    let mut pty = at("without", "WHYSLOW_TEST_POSTGRES");
    pty.wait_for("PostgreSQL ");
    pty.keys("select max(total) from orders where channel = 'phone'");
    pty.keys("\x1b[15~");
    pty.wait_for("orders_channel");
    pty.keys("D");
    pty.wait_for("orders.orders_channel");
    pty.keys("channel\r");
    pty.wait_for("without orders_channel");
    pty.wait_for("Seq Scan on orders");
    let text = pty.text();
    assert!(text.contains("Before") && text.contains("After") && text.contains("as much"), "{text}");
    assert!(text.contains("Bitmap Heap Scan on orders"), "{text}");
    // How to take it away for good, and how to bring it back, is copied from here.
    pty.keys("y");
    pty.wait_for("what drops it");
    pty.keys("q");
    assert_eq!(pty.is_whole(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_index_is_built_after_the_word_seen_here_alone_and_gone_again() {
    const WIDE: (u16, u16) = (110, 34);
    let server = "WHYSLOW_TEST_MYSQL_ADMIN";
    let mut admin = ADMIN(server).await;
    let name = format!("whyslow_screen_{}", std::process::id());
    admin.run(&format!("drop database if exists {name}")).await;
    admin.run(&format!("create database {name}")).await;
    admin.run(&format!("create table {name}.orders like shop.orders")).await;
    admin.run(&format!("insert into {name}.orders select * from shop.orders where id <= 50000")).await;
    admin.run(&format!("analyze table {name}.orders")).await;
    let standing = format!(
        "select count(*) from information_schema.statistics where table_schema = '{name}' and is_visible = 'NO'"
    );
    let address = url(server).replace("/shop", &format!("/{name}"));
    let mut pty = tokio::task::spawn_blocking(move || {
        let mut pty = Pty::spawn_with("invisible", WHYSLOW, &[&address], WIDE, &[]);
        pty.wait_for("Type or paste a slow query");
        pty.wait_for("MySQL ");
        pty.keys("select * from orders where customer_id = 4711");
        pty.keys("\x1b[18~");
        pty.wait_for("Try indexes on a sample");
        // Nothing is tried otherwise: this is the first trial.
        pty.keys("n");
        pty.wait_for("0 proved");
        pty.keys("B");
        pty.wait_for("really built on your server");
        pty.wait_for("lock_wait_timeout");
        pty.keys("build keep\r");
        pty.wait_for("invisible-index");
        pty
    })
    .await
    .unwrap();
    assert_eq!(admin.number(&standing).await, 1);
    let index = format!(
        "select min(index_name) from information_schema.statistics where table_schema = '{name}' and is_visible = 'NO'"
    );
    let index = admin.text(&index).await;
    admin.run(&format!("drop index {index} on {name}.orders")).await;
    let ended = tokio::task::spawn_blocking(move || {
        pty.keys("B");
        pty.wait_for("Are you sure?");
        pty.keys("build\r");
        pty.wait_for("it was dropped again");
        let text = pty.text();
        assert!(text.contains("proved") && text.contains("invisible-index"), "{text}");
        pty.keys("q");
        pty.is_whole()
    })
    .await
    .unwrap();
    assert_eq!((ended, admin.number(&standing).await), (0, 0));
    admin.run(&format!("drop database {name}")).await;
}
