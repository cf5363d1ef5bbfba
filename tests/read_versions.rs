//! PostgreSQL from 10 on: one list of statements on servers of each version, what psql draws around a plan, and logs.
//!
//! `fixtures/make-postgres` and `fixtures/make-logs` made the documents.

use std::path::{Path, PathBuf};

use crate::read_formats::{again, alike, sound};
use whyslow::{
    plan::{Engine, NodeId, Plan},
    read::read,
};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Names with their texts.
fn sections(path: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(path).unwrap();
    let parts = text.split("==== ").skip(1).map(|part| part.split_once('\n').unwrap());
    parts.map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
}

/// Every case of every version.
fn cases() -> Vec<(String, Vec<(String, String)>)> {
    let mut found = Vec::new();
    for folder in std::fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path()) {
        let server = folder.file_name().unwrap().to_string_lossy().into_owned();
        if !server.starts_with("postgresql-") {
            continue;
        }
        for path in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let case = path.file_stem().unwrap().to_string_lossy().into_owned();
            if path.extension().is_some_and(|e| e == "plans") && case != "frames" {
                found.push((format!("{server}/{case}"), sections(&path)));
            }
        }
    }
    found.sort();
    found
}

fn shape(plan: &Plan) -> Vec<(u32, String)> {
    plan.ids().map(|id| (plan.depth(id), plan.title(id))).collect()
}

#[test]
fn every_version_says_the_same_plan_in_every_format() {
    let cases = cases();
    let versions: std::collections::BTreeSet<_> = cases.iter().filter_map(|(name, _)| name.split('/').next()).collect();
    assert!(versions.len() >= 6 && cases.len() >= 70, "only {} cases of {versions:?}", cases.len());
    let mut wrong = Vec::new();
    for (name, formats) in &cases {
        let text = |format: &str| {
            let found = formats.iter().find(|(name, _)| name == format);
            &found.unwrap_or_else(|| panic!("{name} has no {format}")).1
        };
        for (format, lossy) in [("yaml", false), ("xml", false), ("txt", true)] {
            wrong.extend(alike(&format!("{name}, {format}"), text("json"), text(format), lossy).err());
        }
        wrong.extend(again(name, text("off")).err());
        let [full, json] =
            ["full", "full-json"].map(|format| read(text(format)).map_err(|e| format!("{name}, {format}: {e}")));
        match (full, json) {
            (Ok(full), Ok(json)) => {
                for plan in full.iter().chain(&json) {
                    // What a CTE writes after the rest comes on top of the root's time.
                    sound(name, plan, !name.ends_with("/update"));
                    assert!(plan.analyzed && plan.engine == Engine::PostgreSql, "{name}");
                    assert!(plan.planning_ms.is_some() && plan.execution_ms.is_some(), "{name}");
                }
                if shape(&full[0]) != shape(&json[0]) {
                    wrong.push(format!("{name}: run as text {:?}, as JSON {:?}", shape(&full[0]), shape(&json[0])));
                }
            }
            (full, json) => wrong.extend(full.err().into_iter().chain(json.err())),
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Rows over many loops are known roughly on servers that round them, and exactly since 18.
#[test]
fn rounded_rows_of_many_loops_are_told_from_exact_ones() {
    for (case, rough) in [("postgresql-16/memoize", true), ("postgresql-10/sub-plans", true)] {
        let formats = sections(&fixtures().join(format!("{case}.plans")));
        let (_, text) = formats.iter().find(|(name, _)| name == "full").unwrap();
        let plan = read(text).unwrap().remove(0);
        let many = plan.ids().filter(|id| plan.node(*id).rows.loops.is_some_and(|loops| loops > 1.0));
        let many: Vec<NodeId> = many.collect();
        assert!(!many.is_empty() && many.iter().all(|id| plan.derived(*id).rough_rows == rough), "{case}");
    }
}

#[test]
fn whatever_psql_draws_around_a_plan_it_is_the_same_plan() {
    let all = sections(&fixtures().join("postgresql-16/frames.plans"));
    assert!(all.len() >= 2 * (1 + 3 * 3 * 3 + 2), "only {} frames", all.len());
    let plain = |kind: &str| &all.iter().find(|(name, _)| *name == format!("{kind} plain")).unwrap().1;
    let mut wrong = Vec::new();
    for (name, text) in &all {
        let kind = name.split(' ').next().unwrap();
        if let Err(why) = alike(name, plain(kind), text, false) {
            wrong.push(why);
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

#[test]
fn real_logs_hold_every_plan_with_its_statement_and_time() {
    let first =
        "select word, count(*) from t\nwhere id > 10   -- a comment, \"quoted\"\ngroup by word order by 2 desc limit 3";
    let second = "select * from t a join t b on b.id = a.id + 1 where a.word = 'word 1'";
    for log in [
        "13/auto-explain.log",
        "13/auto-explain.csv",
        "16/auto-explain.log",
        "16/auto-explain.csv",
        "16/auto-explain.json",
    ] {
        let text = std::fs::read_to_string(fixtures().join(format!("postgresql-{log}"))).unwrap();
        let plans = read(&text).unwrap_or_else(|error| panic!("{log}: {error}"));
        assert_eq!(plans.len(), 8, "{log}: two statements in four formats");
        for (place, plan) in plans.iter().enumerate() {
            let expected = if place % 2 == 0 { first } else { second };
            let query = plan.query.as_deref().unwrap_or_else(|| panic!("{log}, plan {place}: no statement"));
            assert_eq!(query, expected, "{log}, plan {place}");
            assert!(plan.execution_ms.is_some_and(|ms| ms > 0.0), "{log}, plan {place}: no time");
            let same = |other: &Plan| shape(other) == shape(plan);
            assert!(same(&plans[place % 2]), "{log}, plan {place}: {:?}", shape(plan));
            sound(log, plan, true);
        }
    }
}

#[test]
fn no_whole_plan_is_said_to_break_off() {
    let mut all: Vec<_> = cases()
        .into_iter()
        .flat_map(|(name, formats)| formats.into_iter().map(move |(format, text)| (format!("{name}, {format}"), text)))
        .collect();
    for folder in std::fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path()) {
        if !folder.file_name().unwrap().to_string_lossy().starts_with("postgresql-") {
            continue;
        }
        for path in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.extension().is_some_and(|e| ["json", "yaml", "xml", "txt"].iter().any(|of| e == *of)) {
                all.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let plans: Vec<_> =
        all.iter().flat_map(|(name, text)| read(text).into_iter().flatten().map(move |plan| (name, plan))).collect();
    assert!(plans.len() > 400, "only {}", plans.len());
    for (name, plan) in plans {
        assert!(plan.notes.iter().all(|note| !note.contains("break off")), "{name}: {:?}", plan.notes);
    }
}
