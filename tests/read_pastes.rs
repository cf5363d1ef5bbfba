//! A plan is the same plan however it was pasted: quoted, numbered, commented, cited, coloured, exported, logged, or printed by a
//! program as one of its own values.
//!
//! The fixtures of all dialects go through every way in [`ways`].

mod ways;

use std::path::{Path, PathBuf};

use crate::support::formats::same;
use ways::Kind;
use whyslow::{plan::Plan, read::read_partial};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Names with their texts of a file of sections.
fn sections(path: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(path).unwrap();
    let parts = text.split("==== ").skip(1).map(|part| part.split_once('\n').unwrap());
    parts.map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
}

/// Plans as their servers print them: a name, what they are made of, and the text.
fn plain() -> Vec<(String, Kind, String)> {
    let mut found = Vec::new();
    for (folder, file) in [
        ("postgresql-15", "suite-subplan"),
        ("postgresql-15", "suite-gather-merge"),
        ("postgresql-18", "suite-inner-2"),
        ("postgresql-18", "suite-initplan"),
        ("postgresql-18", "suite-insert"),
    ] {
        for (ending, kind) in [
            ("txt", Kind::Text),
            ("off.txt", Kind::Text),
            ("full.txt", Kind::Text),
            ("json", Kind::Json),
            ("yaml", Kind::Yaml),
            ("xml", Kind::Xml),
        ] {
            if let Ok(text) = std::fs::read_to_string(fixtures().join(folder).join(format!("{file}.{ending}"))) {
                found.push((format!("{folder}/{file}.{ending}"), kind, text));
            }
        }
    }
    for server in ["mysql-9.7", "mariadb-11.8"] {
        for case in ["semijoin", "projected-once", "window-of-group", "union-order", "derived", "all"] {
            for (format, text) in sections(&fixtures().join(server).join(format!("{case}.plans"))) {
                let kind = match format.as_str() {
                    "traditional" | "analyze-traditional" | "extended" => Kind::Table,
                    "tree" | "analyze-tree" => Kind::Tree,
                    "v1" | "v2" | "json" | "analyze-v2" | "analyze-json" => Kind::Json,
                    _ => continue,
                };
                found.push((format!("{server}/{case} {format}"), kind, text));
            }
        }
    }
    found
}

fn differs(expected: &Plan, pasted: &str) -> Result<(), String> {
    let (plans, error) = read_partial(pasted);
    if let Some(error) = error {
        return Err(error.to_string());
    }
    let [plan] = plans.as_slice() else { return Err(format!("{} plans", plans.len())) };
    if plan.engine != expected.engine {
        return Err(format!("{:?} instead of {:?}", plan.engine, expected.engine));
    }
    same(expected, plan, false)
}

#[test]
fn a_plan_is_the_same_plan_however_it_was_pasted() {
    let only = std::env::var("WHYSLOW_WAY").unwrap_or_default();
    let every = std::env::var("WHYSLOW_WAYS").is_ok();
    let all = plain();
    assert!(all.len() > 60, "only {} plans", all.len());
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for (place, (name, kind, text)) in all.iter().enumerate() {
        // All of them take a minute.
        if !every && place % 4 != 0 {
            continue;
        }
        let (plans, _) = read_partial(text);
        let [expected] = plans.as_slice() else { panic!("{name}: {} plans", plans.len()) };
        for (way, kinds, paste) in ways::all() {
            if !kinds.contains(kind) || !way.contains(&only) {
                continue;
            }
            let pasted = paste(text);
            tried += 1;
            if let Err(why) = differs(expected, &pasted) {
                let start: String = pasted.chars().take(400).collect();
                wrong.push(format!("{way} of {name}: {}\n{start}\n", why.chars().take(300).collect::<String>()));
            }
        }
    }
    if std::env::var("WHYSLOW_WRONG").is_ok() {
        for one in &wrong {
            println!("@@ {one}");
        }
    }
    let mut ways: Vec<&str> = wrong.iter().map(|one| one.split(" of ").next().unwrap()).collect();
    ways.dedup();
    assert!(wrong.is_empty(), "{} of {tried}: {}", wrong.len(), wrong[..wrong.len().min(3)].join("\n"));
}
