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

const TEXT: &str = "Seq Scan on t  (cost=0.00..35.50 rows=2550 width=4)\n  Filter: (a = 1)\n";
const JSON: &str = "[{\"Plan\": {\"Node Type\": \"Seq Scan\", \"Relation Name\": \"t\", \"Total Cost\": 1.0}}]\n";
const TREE: &str = "-> Filter: (t.a = 1)  (cost=1.5 rows=10)\n    -> Table scan on t  (cost=1.5 rows=10)\n";
const TABLE: &str = "id\tselect_type\ttable\ttype\trows\tExtra\n1\tSIMPLE\tt\tALL\t10\tNULL\n";
const TIDB: &str = "| id            | estRows | task      | operator info |\n| TableReader_5 | 10.00   | root      | data:Scan_4   |\n| └─Scan_4      | 10.00   | cop[tikv] | keep order    |\n";

#[test]
fn two_plans_of_any_kind_in_one_paste_are_two() {
    for first in [TEXT, JSON, TREE, TABLE, TIDB] {
        for second in [TEXT, JSON, TREE, TABLE, TIDB] {
            let (plans, error) = read_partial(&format!("{first}\n{second}"));
            assert!(plans.len() == 2 && error.is_none(), "{} plans of {first}{second}{error:?}", plans.len());
        }
    }
}

#[test]
fn a_bracket_before_a_plan_hides_none() {
    for before in ["[root@db ~]# mysql -e x", "[10:42] Alice", "[SQL] EXPLAIN x", "{{ plan }}"] {
        for plan in [TEXT, JSON, TREE, TABLE, TIDB] {
            let (plans, _) = read_partial(&format!("{before}\n{plan}"));
            let engines: Vec<_> = plans.iter().map(|plan| (plan.engine, plan.len())).collect();
            let alone: Vec<_> = read_partial(plan).0.iter().map(|plan| (plan.engine, plan.len())).collect();
            assert_eq!(engines, alone, "{before}\n{plan}");
        }
    }
}

#[test]
fn tables_in_strings_between_blank_lines_and_behind_numbers_are_read() {
    let quoted = format!("{{\"plan\": \"{}\"}}\n", TIDB.replace('\n', "\\n"));
    let spaced = TIDB.replace('\n', "\n\n");
    let numbered: Vec<String> = TIDB.lines().zip(1..).map(|(row, at)| format!("{at:3} {row}\n")).collect();
    for text in [quoted, spaced, numbered.concat()] {
        let (plans, error) = read_partial(&text);
        assert!(plans.len() == 1 && plans[0].len() == 2 && error.is_none(), "{text}{error:?}");
    }
}

#[test]
fn what_people_write_of_plans_is_none() {
    for text in [
        "Alice -> Bob: Sort (cost=1)",
        "ValueError: Limit  (cost=3)",
        "println(\"Limit (cost=1..2)\")",
        "f = (x) ->\n  -> x\n  -> Limit\n",
        "-> Take the A1\n-> Leave at exit 12\n    -> Turn left\n        -> Turn right\n",
        "{\"query_plan\":{\"operation\":\"buy\",\"inputs\":[]}}",
    ] {
        assert!(read_partial(text).0.is_empty(), "{text}");
    }
}

/// Own times of a plan, its root's time last.
fn spent(text: &str) -> Vec<f64> {
    let (plans, _) = read_partial(text);
    let plan = &plans[0];
    let own = plan.ids().map(|id| plan.derived(id).self_ms.unwrap_or(0.0));
    own.chain(plan.derived(whyslow::plan::NodeId::ROOT).wall_ms).collect()
}

/// Measured: the server fills the table before the clocks of those above it start.
#[test]
fn filling_a_table_of_the_schema_is_its_own_time() {
    let own = spent(
        "-> Sort: b  (actual time=0.05..0.0572 rows=1 loops=1)\n    -> Table scan on B  (cost=1 rows=1) (actual time=0.01..0.01 rows=1 loops=1)\n        -> Fill information schema table B  (actual time=0.14..0.144 rows=1 loops=1)\n",
    );
    assert!((own[2] - 0.144).abs() < 1e-6 && (own[..3].iter().sum::<f64>() - own[3]).abs() < 1e-6, "{own:?}");
}

/// Measured: a sub-query that gives the value of a lookup's key ran inside the lookup.
#[test]
fn a_sub_query_is_charged_to_the_lookup_that_asked_it() {
    let own = spent(
        "-> Filter: (t.a > 0)  (cost=1 rows=1) (actual time=1..126 rows=1 loops=1)\n    -> Single-row index lookup on t using k (a = 1, b = (select #2))  (cost=1 rows=1) (actual time=1..124 rows=1 loops=1)\n    -> Select #2 (subquery in condition; dependent)\n        -> Table scan on u  (cost=1 rows=1) (actual time=1..120 rows=1 loops=1)\n",
    );
    assert!((own[1] - 4.0).abs() < 1e-6 && (own[2] - 120.0).abs() < 1e-6, "{own:?}");
}
