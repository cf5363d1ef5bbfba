//! The commands without a screen: the real program, its exit status, its two streams.

use std::{
    io::{Read, Write},
    path::PathBuf,
    process::{Command, Output, Stdio},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_whyslow");

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Runs the program with this on standard input.
fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(PROGRAM)
        .args(arguments)
        .env_remove("NO_COLOR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses before it reads closes the pipe; that is its right.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn read(name: &str, arguments: &[&str]) -> Output {
    let path = fixture(name);
    run(&[&["read", path.to_str().unwrap()], arguments].concat(), b"")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Standard output of a run that must have ended well.
fn said(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "", "nothing but the answer");
    text(&output.stdout)
}

#[test]
fn plans_read_as_text_look_as_they_did() {
    for name in ["sort-limit.analyze", "wrapped-column.analyze", "full-scan-filtering.explain", "healthy.analyze"] {
        let text = said(&read(&format!("postgresql-15/{name}.json"), &[]));
        assert!(text.lines().all(|l| l.chars().count() <= 100 && l.trim_end() == l), "{text}");
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn a_plan_reads_the_same_from_a_file_and_from_a_pipe() {
    let document = std::fs::read(fixture("postgresql-15/spill.analyze.json")).unwrap();
    let from_file = said(&read("postgresql-15/spill.analyze.json", &[]));
    assert_eq!(said(&run(&["read"], &document)), from_file);
    assert_eq!(said(&run(&["read", "-"], &document)), from_file);
    assert!(from_file.contains("does not fit in memory"), "{from_file}");
}

#[test]
fn json_is_one_object_and_several_plans_are_a_list() {
    let document = std::fs::read_to_string(fixture("postgresql-15/spill.analyze.json")).unwrap();
    let one: serde_json::Value =
        serde_json::from_str(&said(&run(&["read", "--format", "json"], document.as_bytes()))).unwrap();
    assert_eq!((&one["format"], &one["engine"]["name"]), (&1.into(), &"postgresql".into()));
    let two: serde_json::Value =
        serde_json::from_str(&said(&run(&["read", "--format", "json"], document.repeat(2).as_bytes()))).unwrap();
    assert_eq!(two["plans"].as_array().unwrap().len(), 2);
    assert_eq!(two["plans"][0]["nodes"], one["nodes"]);
}

#[test]
fn each_plan_shows_the_trouble_it_was_made_for_and_a_healthy_one_shows_none() {
    for (name, first) in [
        ("full-scan-filtering", Some("full-scan-filtering")),
        ("wrapped-column", Some("wrapped-column")),
        ("sort-limit", Some("expensive-sort")),
        ("spill", Some("spill-to-disk")),
        ("repeated-full-scan", Some("repeated-full-scan")),
        ("row-goal", Some("row-goal")),
        ("containment", Some("containment-without-gin")),
        ("misestimate", Some("join-without-index")),
        ("healthy", None),
    ] {
        let json = said(&read(&format!("postgresql-15/{name}.analyze.json"), &["--format", "json"]));
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["findings"][0]["rule"].as_str(), first, "{name}: {:#}", json["findings"]);
    }
}

#[test]
fn the_exit_status_is_one_only_when_a_finding_reaches_the_bar() {
    for (name, bar, status) in [
        ("healthy.analyze", "info", 0),
        ("full-scan-filtering.explain", "critical", 0),
        ("full-scan-filtering.explain", "warning", 1),
        ("repeated-full-scan.analyze", "critical", 1),
    ] {
        let output = read(&format!("postgresql-15/{name}.json"), &["--fail-on", bar]);
        assert_eq!(output.status.code(), Some(status), "{name} {bar}: {}", text(&output.stdout));
        assert!(!output.stdout.is_empty(), "the answer is printed either way");
    }
}

#[test]
fn a_malformed_plan_is_refused_with_its_place() {
    for (document, place) in [
        ("[{\"Plan\": {\"Node Type\": \"Sort\",\n  \"Plans\" [}}]", "line 2, column 11"),
        ("hello", "line 1, column 1"),
        ("", "line 1, column 1"),
        ("\n\n", "column 1"),
    ] {
        let output = run(&["read", "--format", "json"], document.as_bytes());
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{document:?}: {error}");
        assert!(
            error.starts_with("whyslow: reading standard input: ") && error.contains(place),
            "{document:?}: {error}"
        );
        assert!(error.contains("next: "), "{error}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let output = run(&["read", "no/such/plan.json"], b"");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
    let error = text(&output.stderr);
    assert!(error.starts_with("whyslow: reading no/such/plan.json: No such file"), "{error}");
}

#[test]
fn a_closed_pipe_is_success() {
    // Far more than a pipe holds, so that the program is still writing when the reader goes away.
    let member = r#"{"Node Type": "Seq Scan", "Relation Name": "part", "Plan Rows": 3}"#;
    let document = format!(r#"[{{"Plan": {{"Node Type": "Append", "Plans": [{}]}}}}]"#, vec![member; 20_000].join(","));
    let path = std::env::temp_dir().join(format!("whyslow-wide-{}.json", std::process::id()));
    std::fs::write(&path, document).unwrap();
    for format in ["text", "json"] {
        let mut child = Command::new(PROGRAM)
            .args(["read", path.to_str().unwrap(), "--format", format])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 16];
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut first).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{format}: {}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "", "{format}");
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn colour_and_ascii_are_as_asked_for() {
    let plain = said(&read("postgresql-15/spill.analyze.json", &[]));
    assert!(!plain.contains('\x1b'), "a pipe gets no colour unasked");
    let coloured = said(&read("postgresql-15/spill.analyze.json", &["--color", "always"]));
    assert!(coloured.contains("\x1b[1m"), "{coloured}");
    let ascii = said(&read("postgresql-15/spill.analyze.json", &["--ascii"]));
    assert!(ascii.is_ascii(), "{ascii}");
}

#[test]
fn the_answer_goes_to_a_file_when_one_is_named() {
    let path = std::env::temp_dir().join(format!("whyslow-answer-{}.txt", std::process::id()));
    let output = read("postgresql-15/spill.analyze.json", &["-o", path.to_str().unwrap()]);
    assert_eq!(said(&output), "");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), said(&read("postgresql-15/spill.analyze.json", &[])));
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn two_plans_are_compared_in_text_and_json() {
    let (before, after) = (fixture("screen/open-orders.explain.json"), fixture("screen/open-orders.hypopg.json"));
    let (before, after) = (before.to_str().unwrap(), after.to_str().unwrap());
    let shown = said(&run(&["compare", before, after], b""));
    assert!(shown.starts_with("before  ") && shown.contains("What changed"), "{shown}");
    assert!(shown.contains("Before") && shown.contains("After") && shown.contains("cost: "), "{shown}");
    let document: serde_json::Value = serde_json::from_str(&said(&run(
        &["compare", before, "-", "--format", "json"],
        &std::fs::read(after).unwrap(),
    )))
    .unwrap();
    assert!(!document["changes"]["kinds"].as_array().unwrap().is_empty(), "{document}");
    let pairs = document["changes"]["nodes"].as_array().unwrap();
    let nodes = |side: &str| document[side]["nodes"].as_array().unwrap().len();
    let named = |side: &str| pairs.iter().filter(|pair| !pair[side].is_null()).count();
    assert_eq!((named("before"), named("after")), (nodes("before"), nodes("after")), "every node once");
}

#[test]
fn what_cannot_be_compared_says_why() {
    let plan = fixture("postgresql-15/filter.explain.json");
    let plan = plan.to_str().unwrap();
    let third = format!("{plan}#3");
    for (arguments, input, words) in [
        (vec!["compare", "-", "-"], "", "standard input can be only one of them"),
        (vec!["compare", plan, "no/such/file"], "", "reading no/such/file: No such file"),
        (
            vec!["compare", plan, "-"],
            "[{\"Plan\": {\"Node Type\": \"Result\"}}, {\"Plan\": {\"Node Type\": \"Result\"}}]",
            "it holds 2 plans",
        ),
        (vec!["compare", plan, &third], "", "it has no plan 3, only 1"),
        (vec!["compare", plan, "-"], "hello", "expected a plan"),
    ] {
        let output = run(&arguments, input.as_bytes());
        assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(2), ""), "{arguments:?}");
        assert!(text(&output.stderr).contains(words), "{arguments:?}: {}", text(&output.stderr));
    }
}
