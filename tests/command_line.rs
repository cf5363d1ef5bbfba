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
    run_with(arguments, input, &[])
}

/// The same in an environment with these variables.
fn run_with(arguments: &[&str], input: &[u8], variables: &[(&str, &str)]) -> Output {
    let mut child = Command::new(PROGRAM)
        .args(arguments)
        .env_remove("NO_COLOR")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .envs(variables.iter().copied())
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
    assert!(error.contains("\n  next: check the path"), "{error}");
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
fn a_plan_can_be_had_as_markdown_and_as_a_page() {
    let markdown = said(&read("postgresql-15/spill.analyze.json", &["--format", "markdown"]));
    assert!(markdown.starts_with("## Plan\n") && markdown.contains("\n### Findings\n"), "{markdown}");
    let page = said(&read("postgresql-15/spill.analyze.json", &["--format", "html"]));
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n") && !page.contains("<script"), "{page}");
}

#[test]
fn every_shell_gets_a_completion_script_and_man_its_pages() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = said(&run(&["completions", shell], b""));
        for word in ["whyslow", "explain", "--format", "--analyze"] {
            assert!(script.contains(word.trim_start_matches('-')), "{shell}: {word}");
        }
    }
    let page = said(&run(&["man"], b""));
    assert!(page.contains(".TH whyslow 1") && page.contains("Exit status"), "{page}");
    let page = said(&run(&["man", "explain"], b""));
    assert!(page.contains(".TH whyslow\\-explain 1") || page.contains(".TH whyslow-explain 1"), "{page}");
    assert!(page.contains("analyze"), "{page}");
    let output = run(&["man", "nonsense"], b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("there are demo, explain"), "{}", text(&output.stderr));
}

#[test]
fn the_themes_are_listed_with_those_of_ones_own() {
    let listing = said(&run(&["themes"], b""));
    let names: Vec<&str> = listing.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() >= 8 && names.contains(&"gruvbox-dark") && names.contains(&"mono"), "{names:?}");
    assert!(!listing.contains('\x1b'));
    let folder = std::env::temp_dir().join(format!("whyslow-themes-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("whyslow/themes")).unwrap();
    std::fs::write(folder.join("whyslow/themes/mine.toml"), "about = \"Mine\"\ninherits = \"dark\"\n").unwrap();
    std::fs::write(folder.join("whyslow/themes/broken.toml"), "about = ").unwrap();
    let home = [("XDG_CONFIG_HOME", folder.to_str().unwrap())];
    let listing = said(&run_with(&["themes", "--color", "truecolor"], b"", &home));
    assert!(listing.contains("Mine (yours)") && listing.contains("\x1b[") && listing.contains("theme broken, line 1"));
    let json = said(&run_with(&["themes", "--format", "json"], b"", &home));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(json.as_array().unwrap().iter().any(|t| t["name"] == "mine" && t["own"] == true), "{json}");
    let output = run_with(&["--theme", "nope", "postgres://ann@127.0.0.1:1/shop"], b"", &home);
    assert_eq!(output.status.code(), Some(2));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_configuration_counts_and_a_mistake_in_it_stops_nothing() {
    let folder = std::env::temp_dir().join(format!("whyslow-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("config.toml");
    let sample = said(&run(&["config"], b""));
    std::fs::write(&file, &sample).unwrap();
    let variables = [("WHYSLOW_CONFIG", file.to_str().unwrap())];
    let read = ["read", "-"];
    let document = std::fs::read(fixture("postgresql-15/spill.analyze.json")).unwrap();
    let usual = said(&run(&read, &document));
    assert_eq!(said(&run_with(&read, &document, &variables)), usual, "the sample changes nothing");
    std::fs::write(&file, "ascii = true\ncolour = \"never\"\n[connections]\nshop = \"postgres://a:secret@b/c\"\n")
        .unwrap();
    let output = run_with(&read, &document, &variables);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).is_ascii() && !usual.is_ascii());
    let told = text(&output.stderr);
    assert!(told.contains("config.toml, line 2: colour is not known; there are: theme, "), "{told}");
    assert!(told.contains("line 4: shop holds a password") && !told.contains("secret"), "{told}");
    // A flag wins over the environment, that over the file.
    std::fs::write(&file, "color = \"always\"\n").unwrap();
    let coloured = |extra: &[&str], more: &[(&str, &str)]| {
        let all: Vec<(&str, &str)> = variables.iter().chain(more).copied().collect();
        said(&run_with(&[&read[..], extra].concat(), &document, &all)).contains('\x1b')
    };
    assert!(coloured(&[], &[]));
    assert!(!coloured(&[], &[("WHYSLOW_COLOR", "never")]));
    assert!(coloured(&["--color", "16"], &[("WHYSLOW_COLOR", "never")]));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn saved_connections_and_services_are_targets() {
    let folder = std::env::temp_dir().join(format!("whyslow-targets-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (file, services) = (folder.join("config.toml"), folder.join("services"));
    std::fs::write(&services, "[far]\nhost=127.0.0.1\nport=3\nuser=ann\n").unwrap();
    let connections = "[connections]\nshop = \"postgres://ann@127.0.0.1:1/shop\"\nfar = \"service=far\"\n";
    let variables = [("WHYSLOW_CONFIG", file.to_str().unwrap()), ("PGSERVICEFILE", services.to_str().unwrap())];
    for (before, target, port) in [
        ("", Some("shop"), "127.0.0.1:1"),
        ("", Some("far"), "127.0.0.1:3"),
        ("", Some("service=far"), "127.0.0.1:3"),
        ("connection = \"far\"\n", None, "127.0.0.1:3"),
    ] {
        std::fs::write(&file, format!("{before}{connections}")).unwrap();
        let mut command = Command::new(PROGRAM);
        command.arg("explain").args(target).arg("select 1").stdin(Stdio::null());
        for name in
            ["PGHOST", "PGHOSTADDR", "PGSERVICE", "PGUSER", "PGPORT", "PGDATABASE", "DATABASE_URL", "MYSQL_HOST"]
        {
            command.env_remove(name);
        }
        let output = command.env("HOME", &folder).envs(variables).output().unwrap();
        let told = text(&output.stderr);
        assert!(output.status.code() == Some(2) && told.contains(port), "{before}{target:?}: {told}");
    }
    let output = run_with(&["explain", "nowhere", "select 1"], b"", &variables);
    assert!(text(&output.stderr).contains("saved connections: far, shop"), "{}", text(&output.stderr));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_history_lists_what_was_run() {
    let folder = std::env::temp_dir().join(format!("whyslow-history-cli-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("whyslow")).unwrap();
    let variables = [("XDG_STATE_HOME", folder.to_str().unwrap())];
    assert_eq!(said(&run_with(&["history"], b"", &variables)), "nothing was run yet\n");
    let line = |at: u64, place: &str| {
        format!(
            "{{\"at\":{at},\"place\":\"{place}\",\"sql\":\"select\\n  1\",\"analyzed\":true,\"elapsed_ms\":812.0,\"cost\":35811.0,\"findings\":[\"reads all\"]}}\n"
        )
    };
    let runs = format!("{}{}", line(0, "ann@a:1/shop"), line(86_400, "ann@b:1/shop"));
    std::fs::write(folder.join("whyslow/runs.jsonl"), runs).unwrap();
    let all = said(&run_with(&["history"], b"", &variables));
    assert_eq!(
        all.lines().take(3).collect::<Vec<_>>(),
        ["1970-01-01 00:00 UTC  ann@a:1/shop  run in 812 ms  cost 35,811", "    select 1", "    - reads all"],
        "{all}"
    );
    let last = said(&run_with(&["history", "-n", "1"], b"", &variables));
    assert!(last.starts_with("1970-01-02 00:00 UTC  ann@b:1/shop"), "{last}");
    let json = said(&run_with(&["history", "@a:", "--format", "json"], b"", &variables));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((json.as_array().unwrap().len(), &json[0]["elapsed_ms"]), (1, &812.0.into()));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn two_plans_are_compared_in_text_and_json() {
    let (before, after) = (fixture("screen/open-orders.explain.json"), fixture("screen/open-orders.hypopg.json"));
    let (before, after) = (before.to_str().unwrap(), after.to_str().unwrap());
    let shown = said(&run(&["compare", before, after], b""));
    assert!(shown.starts_with("before  ") && shown.contains("What changed"), "{shown}");
    assert!(shown.contains("Before") && shown.contains("After") && shown.contains("cost: "), "{shown}");
    let markdown = said(&run(&["compare", before, after, "--format", "markdown"], b""));
    assert!(markdown.starts_with("## Comparison\n") && markdown.contains("What changed"), "{markdown}");
    let page = said(&run(&["compare", before, after, "--format", "html"], b""));
    assert!(page.contains("Plan 1 of 2") && page.contains("Plan 2 of 2") && page.contains("What changed"), "{page}");
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

#[test]
fn a_copy_is_looked_at_before_a_word_is_asked_for() {
    // Nobody is asked for a word for a copy that cannot serve; where one can, `live_postgres` asks.
    let server = "postgres://nobody@127.0.0.1:1/x";
    for more in [&[][..], &["--confirm", "build"]] {
        let words = [&["explain", server, "select 1", "--advise", "--verify", server], more].concat();
        let output = run(&words, b"");
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2));
        assert!(error.contains("Connection refused") && !error.contains("--confirm"), "{error}");
    }
}

#[test]
fn what_is_no_file_and_no_statement_is_refused_with_what_to_type() {
    let output = run(&["postgres://ann@127.0.0.1:1/shop", "no-such-file.sql"], b"");
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("opening no-such-file.sql") && said.contains("whyslow TARGET slow.sql"), "{said}");
}
