//! The full comparison: a production of one's own with the twin workload, its statements and candidate indexes.
//!
//! ```sh
//! WHYSLOW_CORPUS=… WHYSLOW_TWIN_PRODUCTION='postgres://postgres@127.0.0.1:5415/prod postgres://postgres@127.0.0.1:5417/prod' \
//!     cargo test --no-default-features corpus -- --ignored --nocapture
//! ```
//!
//! Several productions, of several versions, are held against twins one after the other. `WHYSLOW_POSTGRES_BIN` says in which servers;
//! where it names none, a test with the feature `embedded` makes the twins in the embedded one. `WHYSLOW_TWIN_READS=rows` lets twins read
//! samples of rows, for the statistics of expressions.

use std::{collections::BTreeSet, fs, path::Path, time::Instant};

use whyslow::{
    advise::{Candidate, Tried, Trust},
    plan::{NodeId, Plan},
    read,
    server::{Session, SessionOptions},
    whatif::{Allow, Check, Method, Reads, Workshop, compare, snapshot, try_one},
};

use super::{connect_with, explain, whatif::index};
use crate::support::target;

/// A twin and nothing else, reading what it is told to.
fn twin() -> Allow {
    let rows = std::env::var("WHYSLOW_TWIN_READS").is_ok_and(|reads| reads == "rows");
    Allow { method: Method::Twin, reads: Reads { ends: true, rows }, temporary_tables: false }
}

/// Where the workload and its productions are; says so and gives none when they are not told.
fn place() -> Option<(String, Vec<String>)> {
    carry();
    if let (Ok(corpus), Ok(productions)) = (std::env::var("WHYSLOW_CORPUS"), std::env::var("WHYSLOW_TWIN_PRODUCTION")) {
        return Some((corpus, productions.split_whitespace().map(str::to_owned).collect()));
    }
    println!("WHYSLOW_CORPUS and WHYSLOW_TWIN_PRODUCTION are not both set: nothing was compared");
    None
}

/// The program carries a PostgreSQL, where it was built with one.
fn carry() {
    #[cfg(feature = "embedded")]
    {
        use whyslow::demo::{Options, Provider};
        static PROVIDER: Provider = Provider {
            stamp: "test",
            version_number: 180_004,
            version: "18.4",
            open: |_, _| Err("only the program has the engine".to_owned()),
        };
        let program = Some(env!("CARGO_BIN_EXE_whyslow").into());
        let cache = Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("twin-cache"));
        whyslow::whatif::carry(&PROVIDER, Options { cache, program });
    }
}

fn statements(corpus: &str) -> Vec<(String, String)> {
    let mut files: Vec<_> =
        fs::read_dir(Path::new(corpus).join("workloads/twin/queries")).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    files.iter().map(|f| (name(f), fs::read_to_string(f).unwrap().trim().trim_end_matches(';').to_owned())).collect()
}

fn plan(document: &str) -> Plan {
    read::read(document).unwrap().remove(0)
}

fn cost(plan: &Plan) -> f64 {
    plan.node(NodeId::ROOT).cost.total.unwrap()
}

#[tokio::test]
#[ignore = "wants the twin workload in a PostgreSQL of one's own: WHYSLOW_CORPUS, WHYSLOW_TWIN_PRODUCTION"]
async fn corpus_statements_are_planned_alike() {
    let Some((corpus, productions)) = place() else { return };
    let all = statements(&corpus);
    assert!(all.len() >= 54, "{} statements", all.len());
    for production in &productions {
        planned_alike(&all, production).await;
    }
}

async fn planned_alike(all: &[(String, String)], production: &str) {
    let mut production = connect_with(&target(production), &SessionOptions::default()).await.unwrap();
    let start = Instant::now();
    let Session::Postgres(connection) = &mut production else { panic!("PostgreSQL was expected") };
    let texts: Vec<String> = all.iter().map(|(_, sql)| sql.clone()).collect();
    let taken = snapshot::take(connection, &texts, &[], true).await.unwrap();
    let exported = start.elapsed();
    let size = serde_json::to_string(&taken).unwrap().len();
    println!(
        "exported in {exported:.2?}, {:.0} ms of catalog reads, {size} bytes, {} relations, missing {:?}",
        taken.read_ms,
        taken.relations.len(),
        taken.missing
    );
    let workshop = Workshop::open(taken.clone()).await.unwrap();
    println!("twin after {:.2?}; {:?}", start.elapsed(), workshop.notes());
    let mut twin = connect_with(&workshop.target().unwrap(), &SessionOptions::default()).await.unwrap();
    println!("production {}, twin {}", production.info().version, twin.info().version);
    let (mut exact, mut close) = (0, 0);
    for (name, sql) in all {
        let real = plan(taken.plan_of(sql).unwrap());
        match explain(&mut twin, sql).await {
            Ok(own) => {
                let own = plan(&own.document);
                let check = compare(&real, &own);
                exact += usize::from(check == Check::Exact);
                close += usize::from(matches!(check, Check::Close(_)));
                if check != Check::Exact {
                    println!("{name}: {check:?} ({:.2} / {:.2})", cost(&real), cost(&own));
                }
            }
            Err(error) => println!("{name}: {error}"),
        }
    }
    println!("{exact} of {} exact, {close} more close", all.len());
    if production.info().version_number / 10_000 == twin.info().version_number / 10_000 {
        assert_eq!(exact, all.len());
    }
}

/// A statement and an index for it: table, method, keys (an expression in parentheses), included columns, predicate.
type Case =
    (&'static str, &'static str, &'static str, &'static [&'static str], &'static [&'static str], Option<&'static str>);

/// Names of statements of the workload, or statements.
const CASES: &[Case] = &[
    ("h06", "public.lineitem", "btree", &["l_shipdate"], &[], None),
    ("h20", "public.lineitem", "btree", &["l_suppkey", "l_shipdate"], &[], None),
    ("h17", "public.lineitem", "btree", &["l_partkey"], &["l_quantity", "l_extendedprice"], None),
    ("h12", "public.lineitem", "btree", &["l_shipmode", "l_receiptdate"], &[], None),
    ("h04", "public.orders", "btree", &["o_orderdate"], &["o_orderkey", "o_orderpriority"], None),
    (
        "select * from orders where o_orderstatus = 'P' and o_totalprice > 450000",
        "public.orders",
        "btree",
        &["o_totalprice"],
        &[],
        Some("o_orderstatus = 'P'"),
    ),
    ("h22", "public.customer", "btree", &["(substring(c_phone from 1 for 2))"], &[], None),
    (
        "select * from app.events where app.slug(title) = 'red-widget-alpha-7'",
        "app.events",
        "btree",
        &["(app.slug(title))"],
        &[],
        None,
    ),
    ("x23", "app.events", "btree", &["title text_pattern_ops"], &[], None),
    (
        "select * from app.events where user_id = 77 order by created_at desc limit 20",
        "app.events",
        "btree",
        &["user_id", "created_at DESC"],
        &[],
        None,
    ),
    (
        "select created_at, amount from app.events where kind = 'refund' and created_at > '2024-12-01' and created_at < '2024-12-03'",
        "app.events",
        "btree",
        &["created_at"],
        &["amount"],
        Some("kind = 'refund'"),
    ),
    (
        "select * from app.events where payload->>'status' = '404' and created_at > '2024-12-20' and created_at < '2024-12-21'",
        "app.events",
        "btree",
        &["(payload->>'status')", "created_at"],
        &[],
        None,
    ),
    ("h03", "public.customer", "btree", &["c_mktsegment"], &[], None),
    ("h19", "public.part", "btree", &["p_brand", "p_container"], &[], None),
    ("x28", "public.orders", "btree", &["o_totalprice"], &[], None),
    ("x15", "app.metrics", "btree", &["ts"], &[], None),
    ("h20", "public.partsupp", "btree", &["ps_suppkey"], &[], None),
    ("h10", "public.lineitem", "btree", &["l_returnflag"], &["l_orderkey", "l_extendedprice"], None),
    ("x14", "app.events", "btree", &["uid"], &[], None),
    ("select * from orders where o_clerk = 'Clerk#000000017'", "public.orders", "hash", &["o_clerk"], &[], None),
    ("select * from orders where o_clerk = 'Clerk#000000017'", "public.orders", "btree", &["o_clerk"], &[], None),
    (
        "select count(*) from lineitem where l_shipdate between '1995-01-01' and '1995-01-05'",
        "public.lineitem",
        "brin",
        &["l_shipdate"],
        &[],
        None,
    ),
    ("x10", "app.events", "gin", &["tags"], &[], None),
    ("x11", "app.events", "gin", &["body_tsv"], &[], None),
    (
        "select * from app.events where title ilike '%sprocket micro 77%'",
        "app.events",
        "gin",
        &["title public.gin_trgm_ops"],
        &[],
        None,
    ),
    ("select * from app.events where payload ? 'nokey'", "app.events", "gin", &["payload"], &[], None),
    (
        "select * from app.events where payload->'opts' @> '{\"lang\": \"fr\"}'",
        "app.events",
        "gin",
        &["(payload->'opts')"],
        &[],
        None,
    ),
    ("select * from app.events where ip <<= '10.1.7.0/28'", "app.events", "gist", &["ip inet_ops"], &[], None),
    ("select * from app.events where ip <<= '10.1.7.0/28'", "app.events", "spgist", &["ip"], &[], None),
    ("h05", "public.supplier", "btree", &["s_nationkey"], &[], None),
    ("h14", "public.lineitem", "btree", &["l_shipdate", "l_partkey"], &["l_extendedprice", "l_discount"], None),
    ("h21", "public.lineitem", "btree", &["l_orderkey", "l_suppkey"], &["l_receiptdate", "l_commitdate"], None),
    ("h13", "public.orders", "btree", &["o_custkey"], &["o_comment", "o_orderkey"], None),
    ("x12", "app.events", "btree", &["user_id"], &["kind", "amount"], None),
    ("x18", "app.acct", "btree", &["plan", "region"], &[], None),
    ("x16", "app.metrics", "btree", &["device", "ts DESC"], &["metric", "value", "note"], None),
];

fn candidate(case: &Case) -> Candidate {
    let (_, table, method, keys, include, predicate) = case;
    let (schema, table) = table.split_once('.').unwrap();
    let mut made = index(table, keys);
    for (key, text) in made.keys.iter_mut().zip(*keys) {
        if let Some(inner) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
            (key.expr, key.expression) = (inner.to_owned(), true);
        } else if let Some(column) = text.strip_suffix(" DESC") {
            (key.expr, key.desc) = (column.to_owned(), true);
        } else if let Some((column, class)) = text.split_once(' ') {
            (key.expr, key.opclass) = (column.to_owned(), Some(class.to_owned()));
        }
    }
    Candidate {
        schema: schema.to_owned(),
        method,
        include: include.iter().map(|c| (*c).to_owned()).collect(),
        predicate: predicate.map(str::to_owned),
        ..made
    }
}

/// Plans with the index really created, in a transaction that is rolled back; its pages.
async fn truth(admin: &tokio_postgres::Client, sql: &str, case: &Case) -> (Plan, i64) {
    let (_, table, method, keys, include, predicate) = case;
    let include = if include.is_empty() { String::new() } else { format!(" INCLUDE ({})", include.join(", ")) };
    let predicate = predicate.map_or(String::new(), |p| format!(" WHERE {p}"));
    admin.batch_execute("BEGIN").await.unwrap();
    admin
        .batch_execute(&format!(
            "CREATE INDEX whyslow_trial ON {table} USING {method} ({}){include}{predicate}",
            keys.join(", ")
        ))
        .await
        .unwrap();
    // A twin that may sample rows foretells what is known after the next ANALYZE; one that may not, what is known before.
    if twin().reads.rows && keys.iter().any(|key| key.starts_with('(')) {
        admin.batch_execute(&format!("ANALYZE {table}")).await.unwrap();
    }
    let rows = admin.simple_query(&format!("EXPLAIN (FORMAT JSON, VERBOSE) {sql}")).await.unwrap();
    let document: String = rows
        .iter()
        .filter_map(|m| {
            if let tokio_postgres::SimpleQueryMessage::Row(row) = m { row.get(0).map(str::to_owned) } else { None }
        })
        .collect();
    let schema = table.split_once('.').unwrap().0;
    let pages = admin
        .query_one(&format!("SELECT (sum(pg_relation_size(relid)) / 8192)::int8 FROM (SELECT '{schema}.whyslow_trial'::regclass AS relid \
            UNION SELECT inhrelid FROM pg_inherits WHERE inhparent = '{schema}.whyslow_trial'::regclass) x"), &[])
        .await
        .unwrap()
        .get(0);
    admin.batch_execute("ROLLBACK").await.unwrap();
    (plan(&document), pages)
}

#[expect(clippy::cast_precision_loss, reason = "bytes and pages of an index")]
fn float(n: u64) -> f64 {
    n as f64
}

/// New indexes by one name, whatever they are called.
fn shape(plan: &Plan, known: &BTreeSet<String>) -> Vec<String> {
    plan.ids()
        .map(|id| {
            let node = plan.node(id);
            let index = node.index.as_ref().map(|i| if known.contains(i) { i.as_str() } else { "new" });
            format!(
                "{} {} {:?} {index:?} {:?}",
                plan.depth(id),
                node.native,
                node.relation.as_ref().map(|r| &r.name),
                node.workers.as_ref().and_then(|w| w.planned)
            )
        })
        .collect()
}

#[tokio::test]
#[ignore = "wants the twin workload in a PostgreSQL of one's own: WHYSLOW_CORPUS, WHYSLOW_TWIN_PRODUCTION"]
async fn corpus_candidates_do_what_real_indexes_do() {
    let Some((corpus, productions)) = place() else { return };
    let all = statements(&corpus);
    for production in &productions {
        candidates_alike(&all, production).await;
    }
}

async fn candidates_alike(all: &[(String, String)], production: &str) {
    let (admin, connection) = tokio_postgres::connect(production, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let known: BTreeSet<String> = admin
        .query("SELECT relname::text FROM pg_class WHERE relkind IN ('i', 'I')", &[])
        .await
        .unwrap()
        .iter()
        .map(|r| r.get(0))
        .collect();
    let mut session = connect_with(&target(production), &SessionOptions::default()).await.unwrap();
    println!("production {}", session.info().version);
    let mut wrong_but_exact = Vec::new();
    let (mut same, mut used, mut near, mut times) = (0, 0, 0, Vec::new());
    for case in CASES {
        let sql = all.iter().find(|(name, _)| name == case.0).map_or(case.0, |(_, sql)| sql);
        let (real, pages) = truth(&admin, sql, case).await;
        let candidate = candidate(case);
        let first = Instant::now();
        let tried: Tried = match try_one(&mut session, sql, &candidate, twin()).await {
            Ok(tried) => tried,
            Err(error) => {
                println!("{} {} {:?}: {error}", case.0, case.1, case.3);
                continue;
            }
        };
        let whole = first.elapsed();
        let again = Instant::now();
        try_one(&mut session, sql, &candidate, twin()).await.unwrap();
        times.push(again.elapsed().as_secs_f64() * 1e3);
        let alike = shape(&real, &known) == shape(&tried.after, &known);
        let reads_new =
            |plan: &Plan| plan.ids().any(|id| plan.node(id).index.as_ref().is_some_and(|i| !known.contains(i)));
        let ratio = cost(&tried.after) / cost(&real);
        same += usize::from(alike);
        used += usize::from(reads_new(&real) == reads_new(&tried.after));
        near += usize::from(alike && (ratio - 1.0).abs() <= 0.05);
        if tried.trust == Trust::Exact && !alike {
            wrong_but_exact.push((case.0, case.3));
        }
        println!(
            "{:24.24} {:16} {:6} {:40.40} cost {:12.2} x {ratio:.3}{} pages x {:.2} {:?} first {:.0} ms",
            case.0,
            case.1,
            case.2,
            format!("{:?}", case.3),
            cost(&real),
            if alike { "" } else { " OTHER PLAN" },
            tried.size_bytes.map_or(0.0, float) / 8192.0 / float(u64::try_from(pages).unwrap()),
            tried.trust,
            whole.as_secs_f64() * 1e3
        );
    }
    times.sort_by(f64::total_cmp);
    println!(
        "{} candidates: same plan {same}, use agrees {used}, same plan and cost within 5 % {near}; each further one {:.0} ms (median)",
        CASES.len(),
        times[times.len() / 2]
    );
    assert!(wrong_but_exact.is_empty(), "called exact, and another plan: {wrong_but_exact:?}");
    // In another major version nothing of this is promised; each trial says so.
    let twin = whyslow::whatif::twin_version(session.info().version_number);
    if twin.is_some_and(|twin| twin / 10_000 == session.info().version_number / 10_000) {
        assert!(same * 100 >= CASES.len() * 96 && near * 100 >= CASES.len() * 85);
    }
}
