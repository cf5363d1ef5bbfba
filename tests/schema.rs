//! Every JSON output against the schema.

use std::sync::Arc;

use serde_json::{Value, json};
use whyslow::{
    advise::{Advice, Candidate, Key, Outcome, Proposal, Served, Tried, Trust, Verdict},
    diagnose::{Finding, Severity, diagnose},
    export::{
        Comparison, Report, Searched, WorkloadReport,
        busiest::{self, BusiestReport},
        json::{SCHEMA, comparison, document, workload},
    },
    plan::{
        Buffers, Engine, Flag, Node, NodeId, Operator, Plan, PlanBuilder, Relation, Role, Spill, Timing, Workers,
        diff::diff,
    },
    server::busiest::{Busiest, Spent},
    whatif::{Verification, Verified, verify::Runs},
};

fn validator() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    jsonschema::meta::validate(&schema).expect("the schema is a schema");
    jsonschema::validator_for(&schema).expect("the schema compiles")
}

fn problems(document: &Value) -> Vec<String> {
    validator().iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

fn parsed(reports: &[Report<'_>]) -> Value {
    serde_json::from_str(&document(reports).unwrap()).unwrap()
}

/// A plan in which every optional part is present.
fn full(index: Option<&str>) -> Plan {
    let mut builder = PlanBuilder::new();
    let mut root = Node::new(Role::Root, Operator::Sort, "Sort");
    root.keys = vec!["o.total DESC".into()];
    root.spill = Some(Box::new(Spill { bytes: Some(8192), how: "external merge".into() }));
    root.cost.total = Some(120.0);
    root.flags = [Flag::Filesort, Flag::Spill].into_iter().collect();
    let root = builder.push(None, root).unwrap();
    let mut scan = Node::new(Role::Outer, Operator::SeqScan, "Parallel Seq Scan");
    scan.relation = Some(Relation { schema: Some("public".into()), name: "orders".into(), alias: Some("o".into()) });
    scan.index = index.map(str::to_owned);
    scan.cost.total = Some(100.0);
    scan.rows.estimated = Some(8.0);
    scan.rows.actual = Some(40_123.0);
    scan.rows.loops = Some(3.0);
    scan.rows.removed = Some(959_877.0);
    scan.timing = Some(Timing::PerLoop { first_ms: 0.1, last_ms: 801.0 });
    scan.buffers = Some(Arc::new(Buffers { hit: 120, read: 15_691, ..Buffers::default() }));
    scan.workers = Some(Box::new(Workers {
        planned: Some(2),
        launched: Some(2),
        min_ms: Some(1.0),
        max_ms: Some(2.0),
        ..Workers::default()
    }));
    scan.conditions.filter = Some("(customer_id = 42)".into());
    scan.line = Some(12);
    scan.extra = vec![("Async Capable".into(), "false".into()), ("x".into(), "1".into()), ("x".into(), "2".into())];
    builder.push(Some(root), scan).unwrap();
    let mut plan = builder.finish(Engine::PostgreSql).unwrap();
    plan.query = Some("select 1".into());
    plan.version = Some("15.20".into());
    plan.settings = vec![("work_mem".into(), "64kB".into())];
    plan.notes = vec!["a note".into()];
    plan
}

fn proposal(verdict: Verdict) -> Proposal {
    let key = |desc, nulls_first| Key {
        desc,
        nulls_first,
        opclass: desc.then(|| "text_pattern_ops".into()),
        prefix: desc.then_some(10),
        ..Key::column("customer_id")
    };
    Proposal {
        candidate: Candidate {
            engine: Engine::PostgreSql,
            schema: "public".into(),
            table: "orders".into(),
            method: "btree",
            keys: vec![key(false, None), key(true, Some(false))],
            include: vec!["total".into()],
            predicate: Some("status = 'open'".into()),
            replaces: vec!["ix_orders_customer".into()],
            reasons: vec!["finds customer_id = 42".into()],
        },
        ddl: vec!["CREATE INDEX CONCURRENTLY i ON public.orders (customer_id)".into()],
        undo: vec!["DROP INDEX CONCURRENTLY public.i".into()],
        name: "i".into(),
        serves: vec![Served { statement: 0, cost_before: 9.0, cost_after: 1.0 }],
        lost: vec!["(a): dearer".into()],
        instead_of: Some("other".into()),
        cost_alone: Some(900.0),
        weighed: None,
        verdict,
        reason: "used".into(),
        tried: (verdict != Verdict::Untested).then(|| Tried {
            method: "hypopg",
            trust: Trust::Close,
            before: full(None),
            after: full(Some("<1>i")),
            index_name: "<1>i".into(),
            size_bytes: Some(22_000_000),
            notes: vec!["a note".into()],
        }),
        entries_per_row: 1.0,
        bytes_per_row: None,
    }
}

fn finding() -> Finding {
    let mut evidence = serde_json::Map::new();
    evidence.insert("rows_removed".into(), json!(959_877));
    Finding {
        rule: "full-scan-filtering",
        severity: Severity::Critical,
        node: NodeId(1),
        share: Some(0.98),
        title: "t".into(),
        why: "w".into(),
        next: "n".into(),
        evidence,
    }
}

#[test]
fn a_document_with_everything_in_it_fits_the_schema() {
    let (plan, findings) = (full(None), [finding()]);
    let proposals = [Verdict::Proved, Verdict::Rejected, Verdict::Untested].map(proposal);
    let searched = Some(Searched { candidates: 3, explains: 4, seconds: 0.2 });
    let runs = Runs { first_ms: 9.5, median_ms: 3.0, runs: 4, blocks: Some(12) };
    let done = Verified {
        before: runs,
        after: Runs { blocks: None, ..runs },
        used: true,
        size_bytes: Some(8192),
        build_ms: 5.0,
    };
    let verified = [Ok(done), Err("no such table".to_owned())]
        .into_iter()
        .enumerate()
        .map(|(proposal, outcome)| Verification { proposal, outcome })
        .collect::<Vec<_>>();
    let report = Report { proposals: &proposals, searched, verified: &verified, ..Report::new(&plan, &findings) };
    let one = parsed(&[report]);
    assert_eq!(problems(&one), Vec::<String>::new());
    assert_eq!(one["proposals"][0]["trials"][0]["used"], true);
    assert_eq!(one["proposals"][0]["verified"]["after"]["median_ms"], 3.0);
    assert_eq!(one["proposals"][1]["verified"]["error"], "no such table");
    assert_eq!(one["statements"][0]["cost_after"], 120.0);
    assert_eq!(one["nodes"][1]["extra"]["x"], json!(["1", "2"]));
    assert_eq!(problems(&parsed(&[report, Report::new(&plan, &[])])), Vec::<String>::new());
    let notes = [(1, "ask ann".to_owned())].into();
    let document = parsed(&[Report { notes: &notes, ..report }]);
    assert_eq!((&document["nodes"][1]["note"], document["nodes"][0].get("note")), (&json!("ask ann"), None));
    assert_eq!(problems(&document), Vec::<String>::new());
}

#[test]
fn a_document_of_a_workload_fits_the_schema() {
    let outcome = |problem: Option<&str>| Outcome {
        sql: "select 1".into(),
        weight: 2.0,
        before: problem.is_none().then_some(9.0),
        after: problem.is_none().then_some(1.0),
        problem: problem.map(str::to_owned),
    };
    let advice = Advice {
        proposals: [Verdict::Proved, Verdict::Rejected, Verdict::Untested].map(proposal).into(),
        statements: vec![outcome(None), outcome(Some("no such table"))],
        ..Advice::default()
    };
    let searched = Searched { candidates: 3, explains: 4, seconds: 0.2 };
    let report =
        WorkloadReport { engine: Engine::MySql, version: Some("9.7.4"), advice: &advice, searched, supposed: &[] };
    let document: Value = serde_json::from_str(&workload(&report).unwrap()).unwrap();
    assert_eq!(problems(&document), Vec::<String>::new());
    assert_eq!(document["statements"][0]["cost_after"], 1.0);
    for missing in ["engine", "proposals", "redundant", "not_proposed", "statements", "searched"] {
        let mut document = document.clone();
        document.as_object_mut().unwrap().remove(missing).unwrap();
        assert!(!problems(&document).is_empty(), "a document without {missing} passes");
    }
}

#[test]
fn a_document_of_the_dearest_statements_fits_the_schema() {
    let spent = Spent { sql: "select 1".into(), calls: 2.0, total_ms: 8.0, rows: Some(2.0), ..Spent::default() };
    let busiest = Busiest { source: "pg_stat_statements", statements: vec![spent], hidden: 1, ..Busiest::default() };
    let report = BusiestReport { engine: Engine::PostgreSql, version: Some("18.4"), busiest: &busiest, total_ms: 16.0 };
    let document: Value = serde_json::from_str(&busiest::json(&report).unwrap()).unwrap();
    assert_eq!(problems(&document), Vec::<String>::new());
    assert_eq!(document["statements"][0]["share"], 0.5);
    for missing in ["engine", "source", "since", "notes", "statements"] {
        let mut document = document.clone();
        document.as_object_mut().unwrap().remove(missing).unwrap();
        assert!(!problems(&document).is_empty(), "a document without {missing} passes");
    }
}

#[test]
fn a_document_with_nothing_in_it_fits_the_schema() {
    let mut builder = PlanBuilder::new();
    builder.push(None, Node::new(Role::Root, Operator::Other("Odd".into()), "")).unwrap();
    let plan = builder.finish(Engine::MariaDb).unwrap();
    let findings = diagnose(&plan, None);
    assert_eq!(problems(&parsed(&[Report::new(&plan, &findings)])), Vec::<String>::new());
    assert_eq!(problems(&parsed(&[])), Vec::<String>::new(), "a file without a plan");
}

#[test]
fn a_comparison_fits_the_schema() {
    let (before, after, findings) = (full(None), full(Some("i")), [finding()]);
    let compared = Comparison {
        names: ("a", "b"),
        before: Report::new(&before, &[]),
        after: Report::new(&after, &findings),
        diff: &diff(&before, &after),
    };
    let good: Value = serde_json::from_str(&comparison(&compared).unwrap()).unwrap();
    assert_eq!(problems(&good), Vec::<String>::new());
    assert_eq!(good["changes"]["findings_new"][0]["rule"], "full-scan-filtering");
    for (pointer, bad) in [
        ("/format", json!(2)),
        ("/before/format", json!(1)),
        ("/changes/kinds", json!("none")),
        ("/changes/nodes/0/change", json!("moved")),
        ("/changes/nodes/0/before", json!(-1)),
        ("/more", json!(1)),
    ] {
        let mut document = good.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[name] = bad.clone();
        assert!(!problems(&document).is_empty(), "{pointer} = {bad} passes");
    }
}

#[test]
fn the_schema_refuses_what_the_contract_does_not_know() {
    let (plan, findings, proposals) = (full(None), [finding()], [proposal(Verdict::Proved)]);
    let searched = Some(Searched { candidates: 1, explains: 1, seconds: 0.1 });
    let good = parsed(&[Report { proposals: &proposals, searched, ..Report::new(&plan, &findings) }]);
    assert_eq!(problems(&good), Vec::<String>::new());
    for (pointer, bad) in [
        ("/format", json!(2)),
        ("/engine/name", json!("oracle")),
        ("/unknown", json!(1)),
        ("/analyzed", json!("yes")),
        ("/nodes", json!([])),
        ("/nodes/1/unknown", json!(1)),
        ("/nodes/1/role", json!("boss")),
        ("/nodes/1/rows/estimated", json!("8")),
        ("/nodes/1/rows/q_error", json!(0.5)),
        ("/nodes/1/time/self_ms", json!(-1.0)),
        ("/nodes/1/share", json!(1.5)),
        ("/nodes/1/buffers/hit", json!(1.5)),
        ("/nodes/1/flags", json!(["spill", "spill"])),
        ("/nodes/1/flags", json!(["fast"])),
        ("/nodes/1/line", json!(0)),
        ("/findings/0/severity", json!("fatal")),
        ("/findings/0/next", json!("")),
        ("/findings/0/evidence/list", json!([1])),
        ("/proposals/0/verdict", json!("maybe")),
        ("/proposals/0/trials", json!([])),
        ("/proposals/0/keys", json!([])),
        ("/proposals/0/keys/0/order", json!("up")),
        ("/searched/seconds", json!(null)),
        ("/plans", json!([])),
    ] {
        let mut document = good.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[name] = bad.clone();
        assert!(!problems(&document).is_empty(), "{pointer} = {bad} passes");
    }
    for missing in ["format", "engine", "nodes", "findings", "proposals", "execution_ms", "searched"] {
        let mut document = good.clone();
        document.as_object_mut().unwrap().remove(missing).unwrap();
        assert!(!problems(&document).is_empty(), "a document without {missing} passes");
    }
}

/// Files below a folder, at any depth.
fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(files(&path));
        } else {
            out.push(path);
        }
    }
    out
}

#[test]
fn what_is_made_of_every_fixture_fits_the_schema() {
    let validator = validator();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut documents = 0;
    for file in
        files(&folder).into_iter().filter(|f| f.extension().is_some_and(|e| e == "json" || e == "txt" || e == "plans"))
    {
        let Ok(plans) = whyslow::read::read(&std::fs::read_to_string(&file).unwrap_or_default()) else {
            continue;
        };
        let findings: Vec<_> = plans.iter().map(|plan| diagnose(plan, None)).collect();
        let reports: Vec<_> = plans.iter().zip(&findings).map(|(plan, findings)| Report::new(plan, findings)).collect();
        let document = parsed(&reports);
        let problems: Vec<String> =
            validator.iter_errors(&document).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert_eq!(problems, Vec::<String>::new(), "{}", file.display());
        documents += 1;
    }
    assert!(documents >= 10, "only {documents} fixtures could be read");
}
