//! Plans of real servers are read, and their arithmetic holds.
//!
//! The fixtures are small and our own. `WHYSLOW_CORPUS` names a folder of many more (`.json`, PostgreSQL's `.txt`, packed by xz or not), which are not
//! part of the project; without it that test says so and passes.

use std::path::{Path, PathBuf};

use whyslow::{
    plan::{Engine, Flag, NodeId, Operator, Plan, Role},
    read,
};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "trace") {
                files(&path, found);
            }
        } else if [".json", ".json.xz", ".txt.xz"].iter().any(|end| path.to_string_lossy().ends_with(end))
            || (path.to_string_lossy().contains("/postgres/") && path.extension().is_some_and(|e| e == "txt"))
        {
            found.push(path);
        }
    }
}

fn text(path: &Path) -> String {
    if path.extension().is_some_and(|e| e == "xz") {
        let out = std::process::Command::new("xz").arg("-dc").arg(path).output().expect("xz is installed");
        assert!(out.status.success(), "{}", path.display());
        return String::from_utf8(out.stdout).unwrap();
    }
    std::fs::read_to_string(path).unwrap()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn fixture(name: &str) -> Plan {
    let mut plans = read::read(&text(&fixtures().join(name))).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(plans.len(), 1, "{name}");
    plans.remove(0)
}

/// A plan in short: each node as its operator, relation and index, indented by depth.
fn shape(plan: &Plan) -> String {
    let line = |id: NodeId| {
        let node = plan.node(id);
        let mut words = vec![node.operator.name().to_owned()];
        words.extend(node.relation.as_ref().map(|r| r.alias.clone().unwrap_or_else(|| r.name.clone())));
        words.extend(node.index.as_ref().map(|index| format!("({index})")));
        format!("{}{}", " ".repeat(plan.depth(id) as usize), words.join(" "))
    };
    plan.ids().map(line).collect::<Vec<_>>().join("\n")
}

fn hold_together(name: &str, plan: &Plan) {
    let mut sum = 0.0;
    for id in plan.ids() {
        let d = plan.derived(id);
        for n in [d.wall_ms, d.self_ms, d.self_cost, d.q_error, d.share].into_iter().flatten() {
            assert!(n.is_finite() && n >= 0.0, "{name}: node {} has {d:?}", id.0);
        }
        sum += d.self_ms.unwrap_or(0.0);
        assert!(plan.node(id).line.is_some(), "{name}: node {} knows no line", id.0);
        assert!(!plan.node(id).native.is_empty(), "{name}: node {} has no name", id.0);
    }
    if let Some(whole) = plan.derived(NodeId::ROOT).wall_ms {
        assert!(
            (sum - whole).abs() <= whole * 0.01 + 0.001,
            "{name}: self times add up to {sum}, the root took {whole}"
        );
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "says what was not tested")]
fn every_plan_of_the_corpus_reads_and_adds_up() {
    let Some(corpus) = std::env::var_os("WHYSLOW_CORPUS") else {
        eprintln!("WHYSLOW_CORPUS is not set: only the project's own fixtures are read");
        return;
    };
    let mut paths = Vec::new();
    files(&Path::new(&corpus).join("plans"), &mut paths);
    assert!(!paths.is_empty(), "WHYSLOW_CORPUS names a folder without plans");
    let mut wrong = Vec::new();
    for path in &paths {
        match read::read(&text(path)) {
            Ok(plans) => plans.iter().for_each(|plan| hold_together(&path.display().to_string(), plan)),
            Err(error) => wrong.push(format!("{}: {error}", path.display())),
        }
    }
    assert!(wrong.is_empty(), "{} of {} plans do not read:\n{}", wrong.len(), paths.len(), wrong.join("\n"));
    eprintln!("{} plans of the corpus read", paths.len());
}

#[test]
fn every_fixture_reads_and_adds_up() {
    let mut paths = Vec::new();
    for server in ["postgresql-15", "mysql-9.7", "mariadb-11.8"] {
        files(&fixtures().join(server), &mut paths);
    }
    assert!(paths.len() > 40, "only {} fixtures were found", paths.len());
    for path in paths {
        let name = path.strip_prefix(fixtures()).unwrap().display().to_string();
        let plan = fixture(&name);
        hold_together(&name, &plan);
        if [".analyze.", ".explain.", ".v1.", ".v2."].iter().any(|kind| name.contains(kind)) {
            assert_eq!(plan.analyzed, name.contains(".analyze."), "{name}");
        }
        let engine = match name.split('-').next() {
            Some("postgresql") => Engine::PostgreSql,
            Some("mysql") => Engine::MySql,
            _ => Engine::MariaDb,
        };
        assert_eq!(plan.engine, engine, "{name}");
        assert_eq!(plan.source.as_ref(), text(&path), "{name}: lines refer to the text as it was given");
    }
}

/// The same statement on every server becomes the same words.
#[test]
fn servers_speak_one_vocabulary() {
    for (name, expected) in [
        ("postgresql-15/filter.analyze.json", "Seq Scan orders"),
        ("mysql-9.7/filter.analyze.json", "Filter\n Seq Scan orders"),
        ("mysql-9.7/filter.v1.json", "Result\n Seq Scan orders"),
        ("mariadb-11.8/filter.analyze.json", "Result\n Seq Scan orders"),
        ("postgresql-15/sort-spill.analyze.json", "Sort\n Seq Scan orders"),
        ("mysql-9.7/filesort.v1.json", "Result\n Sort\n  Seq Scan orders"),
        ("mariadb-11.8/filesort.analyze.json", "Result\n Sort\n  Seq Scan orders"),
        ("mysql-9.7/update.v1.json", "update orders\n Index Scan"),
    ] {
        if name.contains("update") {
            let plan = fixture(name);
            assert_eq!(plan.node(NodeId::ROOT).operator, Operator::ModifyTable);
            assert_eq!(plan.len(), 2, "{name}: what is written and how it is found");
            continue;
        }
        assert_eq!(shape(&fixture(name)), expected, "{name}");
    }
}

#[test]
fn what_hurts_is_flagged_on_every_server() {
    for (name, operator, flag) in [
        ("postgresql-15/filter.explain.json", Operator::SeqScan, Flag::FullScan),
        ("mysql-9.7/filter.v2.json", Operator::SeqScan, Flag::FullScan),
        ("mariadb-11.8/filter.explain.json", Operator::SeqScan, Flag::FullScan),
        ("postgresql-15/sort-spill.analyze.json", Operator::Sort, Flag::Spill),
        ("postgresql-15/hash-spill.analyze.json", Operator::Hash, Flag::Spill),
        ("postgresql-15/memoize-evictions.analyze.json", Operator::Memoize, Flag::Spill),
        ("postgresql-15/memoize-evictions.analyze.json", Operator::BitmapHeapScan, Flag::Spill),
        ("mysql-9.7/filesort.analyze.json", Operator::Sort, Flag::Filesort),
        ("mariadb-11.8/filesort.analyze.json", Operator::Sort, Flag::Filesort),
        ("mysql-9.7/temporary.analyze.json", Operator::HashAggregate, Flag::Temporary),
        ("mysql-9.7/temporary.v1.json", Operator::HashAggregate, Flag::Temporary),
        ("mariadb-11.8/temporary.analyze.json", Operator::TemporaryTable, Flag::Temporary),
        ("mysql-9.7/derived.analyze.json", Operator::Materialize, Flag::Temporary),
        ("mysql-9.7/dependent-subquery.v1.json", Operator::Result, Flag::Dependent),
        ("mysql-9.7/dependent-subquery.analyze.json", Operator::Aggregate, Flag::Dependent),
        ("mariadb-11.8/dependent-subquery.analyze.json", Operator::Result, Flag::Dependent),
        ("postgresql-15/subplans.analyze.json", Operator::Aggregate, Flag::Dependent),
        ("mysql-9.7/hash-join.v1.json", Operator::HashJoin, Flag::JoinBuffer),
        ("mariadb-11.8/hash-join.analyze.json", Operator::NestedLoop, Flag::JoinBuffer),
        ("mysql-9.7/never-executed.analyze.json", Operator::IndexOnlyScan, Flag::NeverExecuted),
        ("mariadb-11.8/never-executed.analyze.json", Operator::IndexOnlyScan, Flag::NeverExecuted),
        ("postgresql-15/never-executed.analyze.json", Operator::BitmapHeapScan, Flag::NeverExecuted),
        ("postgresql-15/parallel.analyze.json", Operator::SeqScan, Flag::Parallel),
    ] {
        let plan = fixture(name);
        let found = plan.ids().any(|id| plan.node(id).operator == operator && plan.derived(id).flags.contains(flag));
        assert!(found, "{name}: no {} is {}:\n{}", operator.name(), flag.name(), shape(&plan));
    }
}

#[test]
fn what_a_cache_and_a_bitmap_dropped_is_told_and_was_not_written() {
    let plan = fixture("postgresql-15/memoize-evictions.analyze.json");
    let spill = |operator: Operator| {
        let id = plan.ids().find(|id| plan.node(*id).operator == operator).unwrap();
        plan.node(id).spill.clone().unwrap()
    };
    let (memoize, bitmap) = (spill(Operator::Memoize), spill(Operator::BitmapHeapScan));
    assert_eq!((memoize.how.as_str(), memoize.bytes), ("Cache Evictions: 19468", None));
    assert_eq!((bitmap.how.as_str(), bitmap.bytes), ("Lossy Heap Blocks: 1555 of 2164", None));
    let found = whyslow::diagnose::diagnose(&plan, None);
    assert!(found.iter().all(|finding| finding.rule != "spill-to-disk"), "{found:?}");
}

#[test]
fn a_foreign_key_that_was_served_is_told_with_its_time() {
    let plan = fixture("postgresql-15/trigger.analyze.json");
    let [trigger] = &plan.phases.triggers[..] else { panic!("{:?}", plan.phases) };
    assert_eq!((trigger.constraint.as_deref(), trigger.calls), (Some("visit_account_fkey"), 400.0));
    assert!(trigger.time_ms.is_some_and(|ms| ms > 1.0), "{trigger:?}");
    assert!(plan.node(NodeId::ROOT).wal.as_ref().is_some_and(|wal| wal.records >= 400));
}

#[test]
fn rows_that_a_filter_threw_away_are_counted_alike() {
    for name in
        ["postgresql-15/filter.analyze.json", "mysql-9.7/filter.analyze.json", "mariadb-11.8/filter.analyze.json"]
    {
        let plan = fixture(name);
        let filter = plan.ids().find(|id| plan.node(*id).conditions.filter.is_some()).unwrap();
        let rows = plan.node(filter).rows;
        let (passed, removed) = (rows.actual.unwrap(), rows.removed.unwrap());
        assert!((passed / (passed + removed) - 0.02).abs() < 0.001, "{name}: {rows:?}");
    }
}

#[test]
fn parallel_time_is_that_of_the_processes_that_ran() {
    let plan = fixture("postgresql-15/parallel-noleader.analyze.json");
    let scan = plan.ids().find(|id| plan.node(*id).native == "Parallel Seq Scan").unwrap();
    let workers = plan.node(scan).workers.as_deref().unwrap();
    let derived = plan.derived(scan);
    assert!((derived.processes - 2.0).abs() < 0.01, "two workers, no leader: {}", derived.processes);
    // The average lies between the fastest and the slowest.
    let wall = derived.wall_ms.unwrap();
    assert!(workers.min_ms.unwrap() <= wall + 0.01 && wall <= workers.max_ms.unwrap() + 0.01, "{workers:?}, {wall}");
    assert!(wall <= plan.execution_ms.unwrap());
}

#[test]
fn sub_plans_keep_their_roles() {
    let plan = fixture("postgresql-15/subplans.analyze.json");
    let roles: Vec<_> = plan
        .ids()
        .map(|id| plan.node(id))
        .filter(|n| n.subplan.is_some())
        .map(|n| (n.role, n.subplan.clone().unwrap()))
        .collect();
    assert!(roles.iter().any(|(role, name)| *role == Role::InitPlan && name.starts_with("InitPlan")), "{roles:?}");
    assert_eq!(roles.iter().filter(|(role, _)| *role == Role::Subplan).count(), 2, "{roles:?}");
    let cte = fixture("postgresql-15/cte.analyze.json");
    assert!(cte.ids().any(|id| cte.node(id).role == Role::Cte && cte.node(id).subplan.as_deref() == Some("CTE big")));
}

#[test]
fn what_is_not_modelled_is_kept() {
    let plan = fixture("postgresql-15/jit.analyze.json");
    assert!(plan.extra.iter().any(|(key, value)| key == "JIT" && value.contains("Functions")), "{:?}", plan.extra);
    assert!(plan.settings.iter().any(|(name, value)| name == "jit_above_cost" && value == "0"), "{:?}", plan.settings);
    let scan = plan.ids().map(|id| plan.node(id)).find(|n| n.operator == Operator::SeqScan).unwrap();
    assert!(scan.extra.iter().any(|(key, _)| key == "Output"), "{:?}", scan.extra);
}

#[test]
fn a_plan_reads_the_same_in_every_frame_a_client_draws() {
    for (plain, framed) in [
        ("postgresql-15/filter.explain.json", "postgresql-15/filter.framed.txt"),
        ("postgresql-15/filter.explain.json", "postgresql-15/filter.expanded.txt"),
        ("postgresql-15/filter.explain.json", "postgresql-15/filter.unicode.txt"),
        ("mysql-9.7/filter.v1.json", "mysql-9.7/filter.vertical.txt"),
        ("mysql-9.7/filter.v1.json", "mysql-9.7/filter.box.txt"),
        ("mysql-9.7/filter.v1.json", "mysql-9.7/filter.batch.txt"),
    ] {
        let (plain, inside) = (fixture(plain), fixture(framed));
        assert_eq!(shape(&plain), shape(&inside), "{framed}");
        for id in plain.ids() {
            let (a, b) = (plain.node(id), inside.node(id));
            assert_eq!((&a.conditions, &a.extra), (&b.conditions, &b.extra), "{framed}");
            // The node's line holds its opening brace or, where the frame is on the same line, follows it.
            assert!(b.line.is_some_and(|line| (line as usize) <= inside.source.lines().count()), "{framed}");
        }
    }
}
