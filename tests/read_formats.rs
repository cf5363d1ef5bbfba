//! PostgreSQL's formats of one plan are one plan, and a text plan without costs can be written again from what was read.
//!
//! The fixtures are small and our own: a case is `<case>.json` with `.yaml`, `.xml`, `.txt` (all VERBOSE) and `.off.txt`
//! (COSTS OFF) beside it. `WHYSLOW_REGRESS` names files of many more cases, one JSON object a line with the members `off`, `text`,
//! `json`, `yaml`, `xml`, `an_text`, `an_json`, `full_text`, `full_json`; without it only the fixtures are read.

use std::{
    io::BufRead,
    path::{Path, PathBuf},
};

use crate::support::formats::{same, written};
use proptest::prelude::*;
use whyslow::{
    plan::Plan,
    read::{read, read_partial},
};

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

/// What `psql -At` prints of several statements: nothing stands between their plans.
#[test]
fn plans_with_nothing_between_them_are_as_many_as_were_printed() {
    let cases = cases();
    for ending in ["txt", "off.txt", "full.txt"] {
        let all: Vec<(String, Vec<Plan>)> = cases
            .iter()
            .filter_map(|case| std::fs::read_to_string(format!("{}.{ending}", case.display())).ok())
            .map(|text| (text.trim_end().to_owned(), plans(ending, &text).unwrap()))
            .collect();
        assert!(all.len() > 10, "{ending}: {}", all.len());
        for pair in all.windows(2) {
            let text = format!("{}\n{}\n", pair[0].0, pair[1].0);
            let together = plans(ending, &text).unwrap();
            let apart: Vec<&Plan> = pair.iter().flat_map(|(_, plans)| plans).collect();
            assert_eq!(together.len(), apart.len(), "{ending}:\n{text}");
            for (a, b) in together.iter().zip(apart) {
                same(a, b, false).unwrap_or_else(|why| panic!("{why}\n{text}"));
            }
        }
    }
}

/// Reads two formats of one plan and says how they differ.
pub(crate) fn alike(name: &str, json: &str, other: &str, lossy: bool) -> Result<(), String> {
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
pub(crate) fn again(name: &str, text: &str) -> Result<(), String> {
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

/// Nothing negative, nothing that is no number; self times, blocks and log add up to the root's.
pub(crate) fn sound(name: &str, plan: &Plan, adds_up: bool) {
    let (mut time, mut hit) = (0.0, 0);
    for id in plan.ids() {
        let (node, d) = (plan.node(id), plan.derived(id));
        let waits = d
            .self_io
            .as_ref()
            .map(|io| [io.read_ms, io.write_ms, io.temp_read_ms, io.temp_write_ms])
            .unwrap_or_default();
        let numbers =
            [d.wall_ms, d.self_ms, d.self_cost, d.q_error, d.share, Some(d.processes), plan.awaited_ms(id), d.blame];
        for n in numbers.into_iter().flatten().chain(waits) {
            assert!(n.is_finite() && n >= 0.0, "{name}: node {} has {d:?}", id.0);
        }
        assert!(
            plan.end(id) > id && plan.parent(id).is_none_or(|up| up < id && plan.end(id) <= plan.end(up)),
            "{name}: pre-order"
        );
        assert!(node.line.is_some(), "{name}: node {} knows no line", id.0);
        time += d.self_ms.unwrap_or(0.0);
        hit += d.self_buffers.as_ref().map_or(0, |b| b.hit);
    }
    if adds_up {
        let whole = plan.derived(whyslow::plan::NodeId::ROOT).wall_ms.unwrap_or(0.0);
        assert!(
            (time - whole).abs() <= whole * 0.01 + 0.001,
            "{name}: self times add up to {time}, the root took {whole}"
        );
        let blocks = plan.node(whyslow::plan::NodeId::ROOT).buffers.as_ref().map_or(0, |b| b.hit);
        assert!(hit >= blocks, "{name}: blocks of the nodes add up to {hit}, the root saw {blocks}");
    }
}

/// The fixtures' texts in every format.
fn documents() -> Vec<String> {
    let endings = ["json", "yaml", "xml", "txt", "off.txt", "full.txt"];
    let texts = cases()
        .into_iter()
        .flat_map(|case| endings.map(|e| std::fs::read_to_string(format!("{}.{e}", case.display()))));
    texts.filter_map(Result::ok).collect()
}

/// One thing that happens to documents on their way.
#[derive(Debug, Clone)]
enum Harm {
    CutFrom(prop::sample::Index),
    Remove(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize),
    Insert(prop::sample::Index, &'static str),
    Indent(prop::sample::Index, usize),
}

fn harm() -> impl Strategy<Value = Harm> {
    let at = any::<prop::sample::Index>;
    let words = [
        "\n",
        "\"",
        "'",
        "(",
        ")",
        "{",
        "}",
        "[",
        "->  ",
        "  ",
        "\t",
        "é",
        "\u{1}",
        "<",
        "</Plan>",
        "&",
        "- ",
        ": ",
        "Plan:",
        "(cost=",
        "(actual time=",
        "1e999",
        "-5",
        "CTE x",
        "SubPlan 1",
        "Worker 0:  ",
        "JIT:",
        "| ",
        "+",
        "QUERY PLAN",
        "(1 row)",
        "Infinity",
        "\"\"",
    ];
    prop_oneof![
        1 => at().prop_map(Harm::CutFrom),
        3 => (at(), 1..60_usize).prop_map(|(at, n)| Harm::Remove(at, n)),
        2 => (at(), 1..200_usize).prop_map(|(at, n)| Harm::Repeat(at, n)),
        4 => (at(), prop::sample::select(words.to_vec())).prop_map(|(at, word)| Harm::Insert(at, word)),
        2 => (at(), 1..30_usize).prop_map(|(at, n)| Harm::Indent(at, n)),
    ]
}

fn harmed(text: &str, harms: &[Harm]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for harm in harms {
        if chars.is_empty() {
            break;
        }
        match harm {
            Harm::CutFrom(at) => chars.truncate(at.index(chars.len())),
            Harm::Remove(at, n) => {
                let at = at.index(chars.len());
                chars.drain(at..(at + n).min(chars.len()));
            }
            Harm::Repeat(at, n) => {
                let at = at.index(chars.len());
                let part: Vec<char> = chars[at..(at + n).min(chars.len())].to_vec();
                chars.splice(at..at, part);
            }
            Harm::Insert(at, word) => {
                let at = at.index(chars.len());
                chars.splice(at..at, word.chars());
            }
            Harm::Indent(at, n) => {
                let at = at.index(chars.len());
                let at = chars[..at].iter().rposition(|c| *c == '\n').map_or(0, |at| at + 1);
                chars.splice(at..at, std::iter::repeat_n(' ', *n));
            }
        }
    }
    chars.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: std::env::var("WHYSLOW_FUZZ_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(400),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_harmed_document_gives_plans_or_an_error_and_nothing_unsound(
        which in any::<prop::sample::Index>(),
        harms in prop::collection::vec(harm(), 1..6),
    ) {
        static DOCUMENTS: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
        let documents = DOCUMENTS.get_or_init(documents);
        let text = harmed(&documents[which.index(documents.len())], &harms);
        let (plans, error) = read_partial(&text);
        prop_assert!(error.is_some() || !plans.is_empty());
        if let Some(error) = error {
            prop_assert!(error.line >= 1 && error.line as usize <= text.lines().count().max(1) + 1, "{error}");
        }
        for plan in &plans {
            sound("harmed", plan, false);
            let _ = whyslow::diagnose::diagnose(plan, None);
        }
    }
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
        if let Some(full) = text("full.txt") {
            match plans(&name, &full) {
                Ok(plans) => plans.iter().for_each(|plan| sound(&name, plan, true)),
                Err(why) => wrong.push(why),
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// What no fixture holds: plans of the regression suite that were once written again in other words.
#[test]
fn odd_texts_without_costs_are_written_again() {
    for text in [
        "Merge Full Join\n  Join Filter: true\n  ->  Seq Scan on a\n  ->  Seq Scan on b\n",
        "Hash Full Join\n  Hash Cond: (a.x = b.x)\n  Join Filter: (a.y < b.y)\n  ->  Seq Scan on a\n  ->  Hash\n        ->  Seq Scan on b\n",
        "Nested Loop Left Join\n  Join Filter: (a.x < b.x)\n  ->  Seq Scan on a\n  ->  Seq Scan on b\n",
        "HashAggregate\n  Hash Key: a\n  Hash Key: b\n  ->  Seq Scan on t\n",
    ] {
        again("odd", text).unwrap();
    }
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
            let planless = get("json").is_none_or(|json| !json.contains("\"Plan\""));
            // Each explaining has a moment of its own.
            let moments =
                ["now", "current_", "today", "random", "txid"].iter().any(|word| name.to_lowercase().contains(word));
            if planless || moments {
                continue;
            }
            cases += 1;
            for key in ["off", "text", "yaml", "xml", "json", "an_text", "an_json", "full_text", "full_json"] {
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
            for why in wrong.iter().take(60) {
                eprintln!("----\n{}", why.chars().take(700).collect::<String>());
            }
        }
    }
    assert!(!failed);
}
