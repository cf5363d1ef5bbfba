//! PostgreSQL's formats of one plan are one plan, and a text plan without costs can be written again from what was read.
//!
//! The fixtures are small and our own: a case is `<case>.json` with `.yaml`, `.xml`, `.txt` (all VERBOSE) and `.off.txt`
//! (COSTS OFF) beside it. `WHYSLOW_REGRESS` names files of many more cases, one JSON object a line with the members `off`, `text`,
//! `json`, `yaml`, `xml`, `an_text`, `an_json`, `full_text` (`tests/servers/regress` makes them); without it only the fixtures are read.

use std::{
    io::BufRead,
    path::{Path, PathBuf},
};

use crate::support::formats::{same, written};
use whyslow::{plan::Plan, read::read};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Cases that have more than one format: the path without its ending.
fn cases() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in std::fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path()) {
        if !folder.file_name().unwrap().to_string_lossy().starts_with("postgresql-") {
            continue;
        }
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.extension().is_some_and(|e| e == "json") && path.with_extension("yaml").exists() {
                found.push(path.with_extension(""));
            }
        }
    }
    found.sort();
    found
}

fn plans(name: &str, text: &str) -> Result<Vec<Plan>, String> {
    read(text).map_err(|error| format!("{name}: {error}\n{text}"))
}

/// Reads two formats of one plan and says how they differ.
fn alike(name: &str, json: &str, other: &str, lossy: bool) -> Result<(), String> {
    let (a, b) = (plans(name, json)?, plans(name, other)?);
    if a.len() != b.len() {
        return Err(format!("{name}: {} plans and {}\n{other}", a.len(), b.len()));
    }
    for (a, b) in a.iter().zip(&b) {
        same(a, b, lossy).map_err(|why| format!("{name}: {why}\n{other}"))?;
    }
    Ok(())
}

/// A text without costs is written again as it was.
fn again(name: &str, text: &str) -> Result<(), String> {
    let all = plans(name, text)?;
    let read: Vec<Vec<String>> = all.iter().map(written).collect();
    let mut mine: Vec<String> = read.into_iter().flatten().collect();
    let mut theirs: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        theirs.push(line.to_owned());
    }
    // A literal's line breaks make it several lines; the order of the lines under one node is the server's.
    mine = mine.iter().flat_map(|line| line.split('\n')).map(str::to_owned).collect();
    mine.sort();
    theirs.sort();
    if mine == theirs {
        return Ok(());
    }
    let extra: Vec<_> = mine.iter().filter(|line| !theirs.contains(line)).collect();
    let missing: Vec<_> = theirs.iter().filter(|line| !mine.contains(line)).collect();
    Err(format!("{name}: written {extra:#?} instead of {missing:#?}\n{text}"))
}

#[test]
fn every_format_of_a_fixture_is_the_same_plan() {
    let cases = cases();
    assert!(cases.len() > 20, "only {} cases were found", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let name = case.strip_prefix(fixtures()).unwrap().display().to_string();
        let text = |ending: &str| std::fs::read_to_string(format!("{}.{ending}", case.display())).ok();
        let json = text("json").unwrap();
        for (ending, lossy) in [("yaml", false), ("xml", false), ("txt", true)] {
            if let Some(other) = text(ending) {
                wrong.extend(alike(&format!("{name}.{ending}"), &json, &other, lossy).err());
            }
        }
        wrong.extend(text("off.txt").and_then(|off| again(&name, &off).err()));
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn every_plan_of_the_regression_suite_reads_alike_in_every_format() {
    let Some(paths) = std::env::var_os("WHYSLOW_REGRESS") else {
        eprintln!("WHYSLOW_REGRESS is not set: only the project's own fixtures are read");
        return;
    };
    let mut failed = false;
    for path in std::env::split_paths(&paths) {
        let lines = std::io::BufReader::new(std::fs::File::open(&path).unwrap()).lines();
        let (mut cases, mut unread, mut unlike, mut unwritten) = (0, Vec::new(), Vec::new(), Vec::new());
        for line in lines.map(Result::unwrap) {
            let case: serde_json::Value = serde_json::from_str(&line).unwrap();
            let get = |key: &str| case[key].as_str();
            let (name, Some(off)) = (case["sql"].as_str().unwrap(), get("off")) else { continue };
            // No plan at all: `Utility statements have no plan structure`, `Query rewrites to nothing`.
            if get("json").is_none_or(|json| !json.contains("\"Plan\"")) {
                continue;
            }
            cases += 1;
            for key in ["off", "text", "yaml", "xml", "json", "an_text", "an_json", "full_text"] {
                if let Some(text) = get(key) {
                    unread.extend(plans(&format!("{key} {name}"), text).err());
                }
            }
            let json = get("json").unwrap();
            for (key, lossy) in [("text", true), ("yaml", false), ("xml", false)] {
                if let Some(text) = get(key) {
                    unlike.extend(alike(&format!("{key} {name}"), json, text, lossy).err());
                }
            }
            if let (Some(json), Some(text)) = (get("an_json"), get("an_text")) {
                unlike.extend(alike(&format!("an {name}"), json, text, true).err());
            }
            unwritten.extend(again(name, off).err());
        }
        eprintln!(
            "{}: {cases} cases, {} texts do not read, {} pairs differ, {} texts are not written again",
            path.display(),
            unread.len(),
            unlike.len(),
            unwritten.len()
        );
        for wrong in [&unread, &unlike, &unwritten] {
            failed |= !wrong.is_empty();
            for why in wrong.iter().take(12) {
                eprintln!("----\n{why}");
            }
        }
    }
    assert!(!failed);
}
