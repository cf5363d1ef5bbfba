//! Cases restated from public test suites, from the corpus that `WHYSLOW_CORPUS` names: the expected index is proposed, or
//! what is proposed is no dearer when it is really built; and the traps stay traps: an index that begins with the columns of one is
//! a fall, however wide it is, unless it pays when it is really built. Takes minutes, so it is asked for:
//! `cargo test --no-default-features advisor_cases -- --ignored --nocapture`.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::Value;
use tokio_postgres::SimpleQueryMessage;
use whyslow::{
    advise::{Limits, Proposal, Verdict, Weighted, ddl},
    plan::Engine,
    sql::classify,
    whatif::{Allow, advise},
};

use super::kinds::Own;

/// Of the cases whose expected index a real one confirmed.
const AT_LEAST: f64 = 0.98;
/// A gain below this is noise: what the tool itself takes as its least.
const NOISE: f64 = 0.05;
/// A set is as good as the expected one when it costs no more than this many times as much, and one unit.
const AS_GOOD: f64 = 1.03;

#[tokio::test]
#[ignore = "reads WHYSLOW_CORPUS and takes minutes"]
async fn advisor_cases() {
    let corpus = std::env::var("WHYSLOW_CORPUS").expect("WHYSLOW_CORPUS is not set: it names the folder of the corpus");
    let file = PathBuf::from(corpus).join("cases/advisor.json");
    let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut by_setup: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for case in cases.iter().filter(|c| c["verified"]["agrees"].is_boolean()) {
        by_setup.entry(case["setup_sql"].as_str().unwrap_or_default()).or_default().push(case);
    }
    let (mut good, mut all, mut traps, mut faults) = (0, 0, 0, Vec::new());
    for (setup, cases) in by_setup {
        let own = Own::new("cases").await;
        own.admin.batch_execute("create extension hypopg").await.unwrap();
        own.admin.batch_execute(setup).await.unwrap_or_else(|e| panic!("{setup}: {e}"));
        for case in cases {
            let found = proposals(&own, case).await;
            let set: Vec<&Proposal> =
                found.iter().filter(|p| p.verdict == Verdict::Proved && p.instead_of.is_none()).collect();
            let expected: Vec<&Value> = case["expected_indexes"].as_array().into_iter().flatten().collect();
            let shown: Vec<String> = found.iter().map(|p| format!("{:?} {}", p.verdict, p.ddl.join("; "))).collect();
            let used = |at: usize| case["verified"]["index_used"][at].as_bool() == Some(true);
            if case["verified"]["agrees"] == false {
                traps += 1;
                let unused = expected.iter().enumerate().filter(|(at, _)| !used(*at)).map(|(_, e)| *e);
                for proposal in unused.flat_map(|e| set.iter().filter(move |p| is(p, e))) {
                    // The trap is that the planner does not take the index, or gains nothing by it. A wider one on the same first
                    // columns may be taken and pay (one that covers the statement, say): then it is no fall, but only by the
                    // planner's word on the real index, and by no less than what the tool itself calls noise.
                    match pays(&own, case, proposal).await {
                        Some(part) => println!("{}: {} pays: {part:.2} of the cost", case["id"], proposal.ddl[0]),
                        None => faults.push(format!("{} fell into its trap: {shown:?}", case["id"])),
                    }
                }
                continue;
            }
            all += 1;
            let there = expected.iter().enumerate().filter(|(at, _)| used(*at)).all(|(_, e)| {
                found
                    .iter()
                    .any(|p| is(p, e) && (p.verdict == Verdict::Proved || matches!(p.candidate.method, "gin" | "gist")))
            });
            if there || as_good(&own, case, &set).await {
                good += 1;
            } else {
                faults.push(format!("{}: {} wants {expected:?}: {shown:?}", case["id"], case["query"]));
            }
        }
        own.end().await;
    }
    let fallen = faults.iter().filter(|f| f.contains("fell into")).count();
    println!("{good} of {all} as expected or as good, {} of {traps} traps kept\n{}", traps - fallen, faults.join("\n"));
    assert!(f64::from(good) >= AT_LEAST * f64::from(all) && all >= 100, "{good} of {all}");
    assert!(fallen == 0 && traps >= 13, "{fallen} of {traps}: {faults:?}");
}

fn statements(case: &Value) -> Vec<String> {
    let one = || vec![case["query"].as_str().unwrap_or_default().to_owned()];
    case["workload"]
        .as_array()
        .map_or_else(one, |list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

async fn proposals(own: &Own, case: &Value) -> Vec<Proposal> {
    let mut session = own.session().await;
    let workload: Vec<Weighted> = statements(case).into_iter().map(|sql| Weighted { sql, weight: 1.0 }).collect();
    let all: Vec<&str> = workload.iter().map(|w| w.sql.as_str()).collect();
    let class = classify(&all.join(";"), Engine::PostgreSql);
    let catalog = session.catalog(&class.tables, &class.functions).await.unwrap();
    let plans = vec![None; workload.len()];
    advise(&mut session, &workload, &plans, &catalog, Allow::default(), &Limits::default(), |_| ())
        .await
        .unwrap_or_else(|e| panic!("{}: {e}", case["id"]))
        .proposals
}

/// Whether a proposal is the expected index: the table, and its columns as the first ones, equalities in any order.
fn is(proposal: &Proposal, expected: &Value) -> bool {
    let plain = |name: &str| name.replace('"', "").split(' ').next().unwrap_or_default().to_lowercase();
    let table = expected["table"].as_str().unwrap_or_default();
    let method = expected["method"].as_str().unwrap_or("btree");
    let columns: Vec<String> =
        expected["columns"].as_array().into_iter().flatten().filter_map(Value::as_str).map(plain).collect();
    let mut keys: Vec<String> = proposal.candidate.keys.iter().map(|k| plain(&k.expr)).collect();
    keys.truncate(columns.len());
    let here = table.replace('"', "").rsplit('.').next().is_some_and(|t| t == proposal.candidate.table);
    let same_method = proposal.candidate.method == method || (method == "gist" && proposal.candidate.method == "gin");
    here && same_method && !keys.is_empty() && keys.iter().all(|k| columns.contains(k))
}

/// The part of the cost that is left with the index really built; `None` when the planner does not take it, or when it gains
/// no more than noise.
async fn pays(own: &Own, case: &Value, proposal: &Proposal) -> Option<f64> {
    let (before, _) = cost(own, case, &[]).await;
    let (after, documents) = cost(own, case, &[proposal]).await;
    let used = documents.iter().any(|d| d.contains("\"Index Name\": \"whyslow_real_0\""));
    (used && after <= before * (1.0 - NOISE)).then(|| after / before)
}

/// Whether the set, really built, is as cheap as what was expected.
async fn as_good(own: &Own, case: &Value, set: &[&Proposal]) -> bool {
    let wanted: f64 = case["verified"]["cost_after"].as_array().into_iter().flatten().filter_map(Value::as_f64).sum();
    let (cost, _) = cost(own, case, set).await;
    cost > 0.0 && cost <= wanted * AS_GOOD + 1.0
}

/// What the statements without parameters cost with these indexes really built, and their plans.
async fn cost(own: &Own, case: &Value, set: &[&Proposal]) -> (f64, Vec<String>) {
    own.admin.batch_execute("begin").await.unwrap();
    let (mut cost, mut documents) = (0.0, Vec::new());
    for (at, proposal) in set.iter().enumerate() {
        let ddl = ddl::plain_create(&proposal.candidate, &format!("whyslow_real_{at}"));
        own.admin.batch_execute(&ddl).await.unwrap_or_else(|e| panic!("{ddl}: {e}"));
    }
    for sql in statements(case).iter().filter(|sql| !sql.contains('$')) {
        let lines = own.admin.simple_query(&format!("explain (format json) {sql}")).await.unwrap();
        let document: String = lines
            .iter()
            .filter_map(|line| match line {
                SimpleQueryMessage::Row(row) => row.get(0),
                _ => None,
            })
            .collect();
        let plan: Value = serde_json::from_str(&document).unwrap();
        cost += plan[0]["Plan"]["Total Cost"].as_f64().unwrap_or(f64::INFINITY);
        documents.push(document);
    }
    own.admin.batch_execute("rollback").await.unwrap();
    (cost, documents)
}
