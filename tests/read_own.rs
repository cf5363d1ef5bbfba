//! Our own documents are plans too: `read` and `compare` take what `--format json` wrote.

use std::path::{Path, PathBuf};

use whyslow::{
    diagnose::{Finding, diagnose},
    export::{
        Comparison, Report,
        json::{comparison, document},
    },
    plan::{Plan, diff::diff},
    read::read,
};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { files(&entry, found) } else { found.push(entry) }
    }
}

/// Every plan of every fixture.
fn plans() -> Vec<Plan> {
    let mut paths = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"), &mut paths);
    paths.sort();
    let texts = paths.into_iter().filter_map(|path| std::fs::read_to_string(path).ok());
    texts.filter_map(|text| read(&text).ok()).flatten().collect()
}

/// What was written is read again: the same nodes, numbers, facts and findings.
#[test]
fn what_is_made_of_every_fixture_reads_back_as_the_same_plan() {
    let mut count = 0;
    for plan in plans() {
        let findings = diagnose(&plan, None);
        let text = document(&[Report::new(&plan, &findings)]).unwrap();
        let again = read(&text).unwrap_or_else(|error| panic!("{error}\n{text}")).remove(0);
        assert_eq!((again.engine, again.analyzed, again.len()), (plan.engine, plan.analyzed, plan.len()));
        assert_eq!((&again.version, &again.query, &again.phases), (&plan.version, &plan.query, &plan.phases));
        assert_eq!((again.planning_ms, again.execution_ms), (plan.planning_ms, plan.execution_ms));
        for id in plan.ids() {
            let (a, b) = (again.node(id), plan.node(id));
            let native = &b.native;
            assert_eq!(again.parent(id), plan.parent(id), "{native}");
            assert_eq!((&a.operator, a.role, &a.native, &a.subplan), (&b.operator, b.role, &b.native, &b.subplan));
            assert_eq!((&a.relation, &a.index, &a.keys), (&b.relation, &b.index, &b.keys), "{native}");
            assert_eq!((&a.conditions, &a.buffers, &a.io, &a.wal), (&b.conditions, &b.buffers, &b.io, &b.wal));
            assert_eq!((&a.workers, &a.spill), (&b.workers, &b.spill), "{native}");
            let sorted = |extra: &[(String, String)]| {
                let mut all = extra.to_vec();
                all.sort();
                all
            };
            assert_eq!(sorted(&a.extra), sorted(&b.extra), "{native}");
            assert_eq!(
                (a.rows.actual, a.rows.estimated, a.rows.loops),
                (b.rows.actual, b.rows.estimated, b.rows.loops)
            );
            let (a, b) = (again.derived(id), plan.derived(id));
            let close = |a: Option<f64>, b: Option<f64>| match (a, b) {
                (Some(a), Some(b)) => (a - b).abs() <= 1e-6 * b.abs() + 1e-9,
                (a, b) => a == b,
            };
            for (a, b) in
                [(a.wall_ms, b.wall_ms), (a.self_ms, b.self_ms), (a.self_cost, b.self_cost), (a.q_error, b.q_error)]
            {
                assert!(close(a, b), "{native}: {a:?} instead of {b:?}\n{text}");
            }
            assert_eq!(a.flags, b.flags, "{native}");
            assert_eq!((a.rough_rows, a.rough_time), (b.rough_rows, b.rough_time), "{native}");
        }
        let said = |findings: &[Finding]| findings.iter().map(|f| (f.rule, f.node, f.severity)).collect::<Vec<_>>();
        assert_eq!(said(&diagnose(&again, None)), said(&findings), "{text}");
        count += 1;
    }
    assert!(count > 300, "only {count} plans");
}

#[test]
fn a_document_of_several_plans_and_a_comparison_hold_all_of_theirs() {
    let plans: Vec<Plan> = plans().into_iter().take(3).collect();
    let reports: Vec<_> = plans.iter().map(|plan| Report::new(plan, &[])).collect();
    let titles = |plans: &[Plan]| plans.iter().map(|plan| plan.title(whyslow::plan::NodeId::ROOT)).collect::<Vec<_>>();
    let several = read(&document(&reports).unwrap()).unwrap();
    assert_eq!(titles(&several), titles(&plans));
    let compared =
        Comparison { names: ("a", "b"), before: reports[0], after: reports[1], diff: &diff(&plans[0], &plans[1]) };
    let two = read(&comparison(&compared).unwrap()).unwrap();
    assert_eq!(titles(&two), titles(&plans[..2]));
}

#[test]
fn a_document_of_ours_that_is_no_plan_says_what_to_pass() {
    let text = r#"{"format": 1, "engine": {"name": "mysql", "version": null}, "proposals": [], "statements": []}"#;
    let error = read(text).unwrap_err();
    assert!(error.expected.contains("--format json") && error.line == 1, "{error}");
    for (text, expected) in [
        (r#"{"engine": {"name": "mysql"}, "nodes": []}"#, "a plan"),
        (r#"{"engine": {"name": "mysql"}, "nodes": [{"id": 0}]}"#, "a node with"),
        (r#"{"engine": {"name": "mysql"}, "nodes": [{"id": 0, "operator": "Sort", "parent": 0}]}"#, "a node with"),
        (
            r#"{"engine": {"name": "mysql"}, "nodes": [{"id": 0, "operator": "a", "native": "a", "parent": null},
                {"id": 1, "operator": "a", "native": "a", "parent": null}]}"#,
            "a plan",
        ),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.expected.starts_with(expected), "{text}: {error}");
    }
}

/// For a review in pairs: one writes notes and sends the document, the other opens it and sees them.
#[test]
fn notes_on_nodes_go_with_the_document_and_into_every_format() {
    let plan = plans().into_iter().find(|plan| plan.len() > 3).unwrap();
    let notes = [(0, "why *here*?".to_owned()), (2, "ask ann\nfirst".to_owned())].into();
    let report = Report { notes: &notes, ..Report::new(&plan, &[]) };
    let again = read(&document(&[report]).unwrap()).unwrap().remove(0);
    assert_eq!(again.remarks, notes);
    // What was read with notes is written with them.
    let report = Report::new(&again, &[]);
    let text = whyslow::export::text::render(&[report], &whyslow::export::text::Options::plain(100));
    let (markdown, html) = (whyslow::export::markdown::render(&[report]), whyslow::export::html::render(&[report]));
    for written in [&text, &markdown, &html] {
        assert!(written.contains("Notes") && written.contains("ask ann"), "{written}");
    }
    assert_eq!(read(&document(&[report]).unwrap()).unwrap().remove(0).remarks, notes);
}
