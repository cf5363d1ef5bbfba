//! The embedded demo, with the real program as the engine's process. Runs where the program has an engine.
#![cfg(all(feature = "embedded", unix))]

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, error::SqlState};
use whyslow::{
    advise::Verdict,
    demo::{self, Demo, Options, Progress, Provider, Remedy, SAMPLES},
    inspect,
    server::{ErrorKind, ExplainRequest, Session, SessionOptions},
    whatif::{self, Allow},
};

/// What the parent needs of an engine: the stamp. The engine itself is in the program.
const PROVIDER: Provider = Provider {
    stamp: "test",
    version_number: 180_004,
    version: "18.4",
    open: |_, _| Err("only the program has the engine".to_owned()),
};

/// A directory that goes away with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("demo-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// The runs that left something here.
    fn runs(&self) -> Vec<String> {
        runs(&self.0)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn runs(cache: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(cache.join("whyslow/demo/runs")).unwrap();
    entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
}

/// A cache that stays between runs of the tests, so that only one of them waits for the data to be made.
fn shared_cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo-cache")
}

fn start(cache: &Path, progress: impl FnMut(Progress)) -> Demo {
    let options =
        Options { cache: Some(cache.to_owned()), program: Some(PathBuf::from(env!("CARGO_BIN_EXE_whyslow"))) };
    demo::start(&PROVIDER, &options, progress).unwrap()
}

fn demo() -> Demo {
    start(&shared_cache(), |_| ())
}

/// The machine may be busy with other tests; `WHYSLOW_TEST_PATIENCE` stretches the limits.
fn seconds(limit: f64) -> Duration {
    let patience = std::env::var("WHYSLOW_TEST_PATIENCE").ok().and_then(|p| p.parse().ok()).unwrap_or(1.0);
    Duration::from_secs_f64(limit * patience)
}

async fn connect(demo: &Demo) -> Client {
    try_connect(demo).await.unwrap()
}

fn config(demo: &Demo) -> Config {
    let target = demo.target();
    let mut config = Config::new();
    config
        .host_path(target.socket.unwrap())
        .port(target.port)
        .user(&target.user)
        .dbname(target.database.unwrap())
        .application_name("a test")
        .connect_timeout(seconds(10.0));
    config
}

/// As the library's sessions do it: a client that a dying engine had let in tries again.
async fn try_connect(demo: &Demo) -> Result<Client, tokio_postgres::Error> {
    let mut connected = config(demo).connect(NoTls).await;
    if connected.as_ref().is_err_and(|error| error.as_db_error().is_none()) {
        connected = config(demo).connect(NoTls).await;
    }
    let (client, connection) = connected?;
    tokio::spawn(connection);
    Ok(client)
}

async fn text(client: &Client, sql: &str) -> String {
    let messages = client.simple_query(sql).await.unwrap();
    let rows = messages.iter().filter_map(|m| match m {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    rows.collect::<Vec<_>>().join("\n")
}

/// A statement that takes minutes.
const ENDLESS: &str = "SELECT count(*) FROM orders a, orders b WHERE a.total + b.total < 0";

#[tokio::test]
async fn the_first_run_prepares_the_data_and_the_next_one_finds_it() {
    let cache = Scratch::new("first");
    let mut seen: Vec<Progress> = Vec::new();
    let began = Instant::now();
    let demo = start(&cache.0, |p| seen.push(p));
    let client = connect(&demo).await;
    assert_eq!(text(&client, "SELECT count(*) FROM orders").await, "90000");
    let first = began.elapsed();
    assert!(seen.len() > 8 && seen.iter().all(|p| p.total == seen[0].total), "{seen:#?}");
    assert!(seen.is_sorted_by_key(|p| p.done), "{seen:#?}");
    assert_eq!(seen.last().map(|p| p.done), Some(seen[0].total));
    drop(demo);
    assert_eq!(cache.runs(), Vec::<String>::new());

    let mut seen = 0;
    let began = Instant::now();
    let demo = start(&cache.0, |_| seen += 1);
    let client = connect(&demo).await;
    assert_eq!(text(&client, "SELECT count(*) FROM orders").await, "90000");
    let second = began.elapsed();
    assert_eq!(seen, 3, "copying, starting, ready");
    println!("first run {first:?}, second {second:?}");
    assert!(first < seconds(15.0), "first run took {first:?}");
    assert!(second < seconds(3.0), "second run took {second:?}");
}

#[tokio::test]
async fn every_sample_is_slow_and_its_remedy_helps() {
    let demo = demo();
    let client = connect(&demo).await;
    for sample in SAMPLES {
        let explain = format!("EXPLAIN (ANALYZE, TIMING OFF, BUFFERS OFF) {}", sample.sql);
        let before = text(&client, &explain).await;
        text(&client, "BEGIN").await;
        let (estimated, needed) = match sample.remedy {
            Remedy::Index(ddl) => {
                text(&client, &ddl.replacen("INDEX ON", "INDEX remedy ON", 1)).await;
                (1.0, "remedy")
            }
            Remedy::Statistics(ddl) => {
                text(&client, ddl).await;
                text(&client, "ANALYZE customers").await;
                (0.0, "rows=")
            }
            Remedy::Setting(setting) => {
                text(&client, &format!("SET LOCAL {setting}")).await;
                (0.0, "Sort Method: quicksort")
            }
        };
        let after = text(&client, &explain).await;
        text(&client, "ROLLBACK").await;
        let both = format!("{}\n{before}\n{after}", sample.title);
        assert!(after.contains(needed), "{both}");
        if estimated > 0.0 {
            assert!(
                before.contains("Seq Scan") || before.contains("Heap Scan") || before.contains("Index Scan"),
                "{both}"
            );
            assert!(!before.contains(needed) && cost(&after) * 2.0 < cost(&before), "{both}");
        }
        if let Remedy::Statistics(_) = sample.remedy {
            assert!(misestimate(&before) > 50.0 && misestimate(&after) < 5.0, "{both}");
        }
        if let Remedy::Setting(_) = sample.remedy {
            assert!(before.contains("external merge"), "{both}");
        }
    }
}

/// The total cost in the first line of a plan.
fn cost(plan: &str) -> f64 {
    plan.split_once("..").unwrap().1.split(' ').next().unwrap().parse().unwrap()
}

/// How far off the estimate of the line that scans customers is.
fn misestimate(plan: &str) -> f64 {
    let line = plan.lines().find(|l| l.contains("Scan on customers")).unwrap();
    let rows: Vec<f64> =
        line.split("rows=").skip(1).map(|r| r.split(' ').next().unwrap().parse::<f64>().unwrap().max(1.0)).collect();
    (rows[0] / rows[1]).max(rows[1] / rows[0])
}

#[tokio::test]
async fn a_cancel_ends_the_statement_at_once_and_the_next_client_finds_all_as_it_was() {
    let demo = demo();
    let client = connect(&demo).await;
    text(&client, "CREATE TABLE scratch (a int)").await;
    let cancel = client.cancel_token();
    let canceller = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        cancel.cancel_query(NoTls).await.unwrap();
        Instant::now()
    });
    let error = client.query(ENDLESS, &[]).await.unwrap_err();
    let ended = Instant::now();
    let took = ended - canceller.await.unwrap();
    assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED), "{error}");
    assert!(took < seconds(1.0), "{took:?}");
    let client = connect(&demo).await;
    assert_eq!(text(&client, "SELECT count(*) FROM orders").await, "90000");
    assert_eq!(text(&client, "SELECT to_regclass('scratch')").await, "");
    println!("served again after {:?}", ended.elapsed());
    assert!(ended.elapsed() < seconds(6.0), "served again after {:?}", ended.elapsed());
}

#[tokio::test]
async fn a_session_of_the_library_is_cancelled_and_timed_out_by_name_and_connects_again() {
    let demo = demo();
    let endless = ExplainRequest { sql: ENDLESS.to_owned(), analyze: true, ..ExplainRequest::default() };
    let mut session = Session::connect(&demo.target(), &SessionOptions::default()).await.unwrap();
    let canceller = session.canceller();
    let teller = tokio::spawn(async move {
        // Long enough for the statement to have been sent: a cancel before that only keeps it from being sent.
        tokio::time::sleep(seconds(1.0)).await;
        canceller.cancel().await
    });
    let error = session.explain(&endless).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Cancelled, "{error}");
    teller.await.unwrap().unwrap();
    drop(session);
    let options = SessionOptions { statement_timeout: Some(Duration::from_millis(400)), ..SessionOptions::default() };
    let mut session = Session::connect(&demo.target(), &options).await.unwrap();
    let error = session.explain(&endless).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
    drop(session);
    let mut session = Session::connect(&demo.target(), &SessionOptions::default()).await.unwrap();
    let plain = ExplainRequest { sql: ENDLESS.to_owned(), ..ExplainRequest::default() };
    assert!(session.explain(&plain).await.unwrap().document.contains("Nested Loop"));
}

#[tokio::test]
async fn an_index_is_proposed_and_proved_for_every_sample_that_wants_one() {
    let demo = demo();
    let mut session = Session::connect(&demo.target(), &SessionOptions::default()).await.unwrap();
    let mut unproved = Vec::new();
    for sample in SAMPLES.iter().filter(|s| matches!(s.remedy, Remedy::Index(_))) {
        let request = ExplainRequest { sql: sample.sql.to_owned(), ..ExplainRequest::default() };
        let seen = inspect::inspect(&mut session, &request, 1).await.unwrap();
        let catalog = seen.catalog.unwrap();
        let allow = Allow::default();
        let proposals = whatif::propose(&mut session, sample.sql, &seen.plan, &catalog, allow, |_| ()).await.unwrap();
        let lines = proposals.iter().map(|p| format!("  {:?} {} ({})", p.verdict, p.ddl.join("; "), p.reason));
        println!("{}\n{}", sample.title, lines.collect::<Vec<_>>().join("\n"));
        if !proposals.iter().any(|p| p.verdict == Verdict::Proved) {
            unproved.push(sample.title);
        }
    }
    assert_eq!(unproved, Vec::<&str>::new());
}

#[tokio::test]
async fn a_time_limit_set_in_the_session_is_kept() {
    let demo = demo();
    let client = connect(&demo).await;
    text(&client, "BEGIN").await;
    text(&client, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").await;
    text(&client, "SET LOCAL statement_timeout = '400ms'").await;
    assert_eq!(text(&client, "SELECT 1").await, "1");
    let began = Instant::now();
    let error = client.query(ENDLESS, &[]).await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED), "{error}");
    assert!(error.to_string().contains("timeout") || error.as_db_error().unwrap().message().contains("timeout"));
    let took = began.elapsed();
    assert!(took > Duration::from_millis(350) && took < seconds(2.0), "{took:?}");
}

#[tokio::test]
async fn errors_leave_the_session_usable() {
    let demo = demo();
    let client = connect(&demo).await;
    for sql in ["selec 1", "SELECT nothing FROM orders", "SELECT 1/0", "SELECT 1; SELECT 2"] {
        assert!(client.query(sql, &[]).await.is_err(), "{sql}");
        assert_eq!(client.query_one("SELECT count(*) FROM products", &[]).await.unwrap().get::<_, i64>(0), 15_000);
    }
    let error = client.query("SELECT nothing FROM orders", &[]).await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::UNDEFINED_COLUMN));
}

#[tokio::test]
async fn a_new_client_finds_nothing_of_the_last_one_and_a_second_one_is_refused() {
    let demo = demo();
    let first = connect(&demo).await;
    text(&first, "SET work_mem = '1MB'").await;
    text(&first, "CREATE TEMPORARY TABLE mine (a int)").await;
    first.prepare("SELECT 1").await.unwrap();
    text(&first, "BEGIN").await;
    let began = Instant::now();
    let error = try_connect(&demo).await.err().unwrap();
    assert_eq!(error.code(), Some(&SqlState::TOO_MANY_CONNECTIONS), "{error}");
    assert!(began.elapsed() < seconds(8.0));
    drop(first);
    let second = connect(&demo).await;
    assert_eq!(text(&second, "SHOW work_mem").await, "4MB");
    assert_eq!(text(&second, "SELECT to_regclass('mine')").await, "");
    assert_eq!(text(&second, "SHOW application_name").await, "a test");
    assert_eq!(text(&second, "SELECT count(*) FROM pg_prepared_statements").await, "0");
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_keep_the_engine_busy() {
    let demo = demo();
    let (client, connection) = config(&demo).connect(NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let lost = tokio::time::timeout(Duration::from_millis(300), client.query(ENDLESS, &[])).await;
    assert!(lost.is_err(), "the statement is endless");
    // As when the client's process dies; a client that is merely dropped waits for the answer.
    connection.abort();
    let began = Instant::now();
    let client = connect(&demo).await;
    assert_eq!(text(&client, "SELECT 1").await, "1");
    assert!(began.elapsed() < seconds(4.0), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_killed_engine_is_replaced_and_the_prepared_data_is_not_harmed() {
    let demo = demo();
    let client = connect(&demo).await;
    text(&client, "UPDATE orders SET total = 0").await;
    for kill in [true, false] {
        if kill {
            let victims = engines_of(std::process::id(), &demo.target().socket.unwrap());
            assert_eq!(victims.len(), 1);
            signal(victims[0], "-KILL");
        } else {
            demo.restart();
        }
        // The old connection is dead, and a new one is served.
        let began = Instant::now();
        while !client.is_closed() && began.elapsed() < seconds(5.0) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(client.is_closed());
        let client = connect(&demo).await;
        assert_eq!(text(&client, "SELECT count(*) FROM orders WHERE total = 0").await, "0");
        assert_eq!(demo.failure(), None);
    }
}

#[tokio::test]
async fn two_first_runs_at_once_prepare_the_data_once_and_both_are_served() {
    let cache = Scratch::new("two");
    let paths = [cache.0.clone(), cache.0.clone()];
    let starts = paths.map(|path| {
        std::thread::spawn(move || {
            let mut built = false;
            let demo = start(&path, |p| built |= p.doing == "orders");
            (demo, built)
        })
    });
    let [(a, a_built), (b, b_built)] = starts.map(|s| s.join().unwrap());
    assert!(a_built != b_built, "exactly one prepares the data");
    let clients = [connect(&a).await, connect(&b).await];
    text(&clients[0], "DELETE FROM reviews").await;
    assert_eq!(text(&clients[1], "SELECT count(*) FROM reviews").await, "30000");
}

#[test]
fn the_engine_dies_with_its_parent_even_when_that_is_killed() {
    let cache = shared_cache();
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["demo::holds_a_demo_until_it_is_killed", "--exact", "--ignored", "--nocapture"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let wait = |what: &dyn Fn() -> bool| {
        let began = Instant::now();
        while !what() {
            assert!(began.elapsed() < seconds(60.0));
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let engines = || engines_of(holder.id(), &cache);
    wait(&|| engines().iter().any(|pid| command_line(*pid).contains("serve")));
    let engine = engines()[0];
    let run = PathBuf::from(command_line(engine).split('\0').next_back().unwrap().to_owned());
    let run = run.parent().unwrap().to_owned();
    assert!(run.is_dir(), "{run:?}");
    // The engine must be past its start: it then has a client that never ends.
    signal(holder.id(), "-KILL");
    holder.wait().unwrap();
    wait(&|| command_line(engine).is_empty());
    wait(&|| !run.exists());
}

#[test]
#[ignore = "a helper of the test above, which starts and kills it"]
fn holds_a_demo_until_it_is_killed() {
    let demo = demo();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = connect(&demo).await;
        let _ = client.query(ENDLESS, &[]).await;
    });
}

/// The engine processes of a parent whose database lies below a directory (from /proc).
fn engines_of(parent: u32, below: &Path) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let ours = status.lines().any(|l| l.strip_prefix("PPid:").is_some_and(|p| p.trim() == parent.to_string()));
        let line = command_line(*pid);
        ours && line.contains("__demo-engine") && line.contains(below.to_str().unwrap())
    })
    .collect()
}

/// The arguments of a process, separated by zeros; empty when it is gone.
fn command_line(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default().trim_end_matches('\0').to_owned()
}

fn signal(pid: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}
