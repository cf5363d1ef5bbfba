//! Connections that somebody else cuts.

use std::{
    io::Read,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use mysql_async::prelude::Queryable;

use crate::{pty::Pty, support::url};

/// Asks an administrator's connection of PostgreSQL how many rows a question about one application's connections has.
async fn count_of(question: &str, application: &str) -> usize {
    let config: tokio_postgres::Config = url("WHYSLOW_TEST_POSTGRES_ADMIN").parse().unwrap();
    let (admin, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let sql = format!("SELECT {question} FROM pg_stat_activity WHERE application_name = $1");
    admin.query(&sql, &[&application]).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_that_was_cut_is_opened_again_without_a_word() {
    let mark = format!("whyslow-cut-{}", std::process::id());
    let server = format!("{}?application_name={mark}", url("WHYSLOW_TEST_POSTGRES"));
    let asker = tokio::runtime::Handle::current();
    let shown = tokio::task::spawn_blocking(move || {
        let count = |question: &str| asker.block_on(count_of(question, &mark));
        let mut screen = Pty::spawn("cut", env!("CARGO_BIN_EXE_whyslow"), &[&server]);
        screen.wait_for("PostgreSQL 15");
        screen.keys("select * from orders where customer_id = 4711");
        screen.keys("\x1b[15~");
        screen.wait_for("Seq Scan");
        assert_eq!(count("pg_terminate_backend(pid)"), 1, "the connection is cut");
        let end = Instant::now() + Duration::from_secs(20);
        while count("pid") > 0 {
            assert!(Instant::now() < end, "it is still there");
        }
        screen.keys("r");
        while count("pid") == 0 {
            assert!(Instant::now() < end, "no connection was opened: {}", screen.text());
            std::thread::sleep(Duration::from_millis(50));
        }
        std::thread::sleep(Duration::from_millis(500));
        screen.wait_for("Seq Scan");
        let shown = screen.text();
        screen.keys("\x11");
        assert_eq!(screen.is_whole(), 0);
        shown
    })
    .await
    .unwrap();
    assert!(!shown.contains("terminating") && !shown.contains("connect again"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_killed_during_a_search_ends_in_one_message_and_status_2() {
    let pool = mysql_async::Pool::new(url("WHYSLOW_TEST_MYSQL_ADMIN").as_str());
    let mut admin = pool.get_conn().await.unwrap();
    let sql = "select o.id from orders o join order_items i on i.order_id = o.id where o.note like 'killed%' and i.quantity > 3";
    let arguments = ["advise", &url("WHYSLOW_TEST_MYSQL"), "-q", sql, "--allow-temporary-tables"];
    let mut search = Command::new(env!("CARGO_BIN_EXE_whyslow"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It is in the midst of it when it copies rows into its temporary tables.
    let find = "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'reader' AND INFO LIKE '%whyslow%' AND INFO LIKE '%order_items%'";
    let end = Instant::now() + Duration::from_secs(30);
    let mut killed = false;
    while !killed && Instant::now() < end && search.try_wait().unwrap().is_none() {
        for id in admin.query::<u64, _>(find).await.unwrap() {
            killed |= admin.query_drop(format!("KILL {id}")).await.is_ok();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let status = tokio::task::spawn_blocking(move || {
        let (mut out, mut err) = (String::new(), String::new());
        search.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        search.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (search.wait().unwrap().code(), out, err)
    });
    let (code, out, err) = status.await.unwrap();
    drop(admin);
    pool.disconnect().await.unwrap();
    assert!(killed, "it was never seen at work: {code:?} {out}{err}");
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    assert_eq!(err.matches("whyslow: ").count(), 1, "{err}");
    assert!(err.contains("connection"), "{err}");
}
