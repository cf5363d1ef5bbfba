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
fn two_plans_pasted_the_same_way_are_two() {
    let ways = [
        "mail",
        "mail twice apart",
        "array of lines",
        "array of lines on one",
        "one JSON string",
        "SQL comment",
        "cat -n",
        "fence",
        "four blanks",
    ];
    let all: Vec<_> = ways::all().filter(|(name, ..)| ways.contains(name)).collect();
    assert_eq!(all.len(), ways.len());
    for (way, _, paste) in all {
        for first in [TEXT, JSON, TREE, TABLE, TIDB] {
            for second in [TEXT, JSON, TREE, TABLE, TIDB] {
                let pasted = paste(&format!("{first}\n{second}"));
                let (plans, error) = read_partial(&pasted);
                assert!(plans.len() == 2 && error.is_none(), "{way}: {} plans of {pasted}{error:?}", plans.len());
            }
            let pasted = paste(first);
            let (plans, error) = read_partial(&pasted);
            assert!(plans.len() == 1 && error.is_none(), "{way}: {} plans of {pasted}{error:?}", plans.len());
        }
    }
}

#[test]
fn a_plan_between_documents_is_read() {
    for between in [TEXT, JSON, TREE, TABLE, TIDB] {
        let (plans, error) = read_partial(&format!("{JSON}\n{between}\n{JSON}"));
        assert!(plans.len() == 3 && error.is_none(), "{} plans around {between}{error:?}", plans.len());
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
        "I saw \"Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)\" yesterday",
        "I saw 'Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)' there.",
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

/// Measured: the server fills the table before the clocks of those above it start, and reads it through who filled it.
#[test]
fn filling_a_table_of_the_schema_is_its_own_time() {
    let own = spent(
        "-> Sort: b  (actual time=0.05..0.0572 rows=1 loops=1)\n    -> Table scan on B  (cost=1 rows=1) (actual time=0.01..0.01 rows=1 loops=1)\n        -> Fill information schema table B  (actual time=0.14..0.144 rows=1 loops=1)\n",
    );
    assert!((own[2] - 0.134).abs() < 1e-6 && (own[..3].iter().sum::<f64>() - own[3]).abs() < 1e-6, "{own:?}");
}

/// Measured: a filter took as long as filling what it reads and no longer, so that reading is within filling.
#[test]
fn filling_a_table_of_the_schema_is_in_the_time_of_who_reads_it_once() {
    let own = spent(
        "-> Inner hash join (i.id = t.id)  (actual time=3.15..3.175 rows=4 loops=1)\n    -> Table scan on i  (cost=2.64 rows=2) (actual time=0.002..0.007 rows=5 loops=1)\n        -> Fill information schema table i  (actual time=2.34..2.352 rows=5 loops=1)\n    -> Hash\n        -> Filter: (t.`NAME` = 'test/t1')  (actual time=0.792..0.793 rows=1 loops=1)\n            -> Table scan on t  (cost=2.73 rows=2) (actual time=0.002..0.013 rows=36 loops=1)\n                -> Fill information schema table t  (actual time=0.77..0.785 rows=36 loops=1)\n",
    );
    let expected = [0.03, 0.007, 2.345, 0.008, 0.013, 0.772, 3.175];
    assert!(own.iter().zip(expected).all(|(own, expected)| (own - expected).abs() < 1e-6), "{own:?}");
}

/// Measured: a sub-query that gives the value of a lookup's key ran inside the lookup.
#[test]
fn a_sub_query_is_charged_to_the_lookup_that_asked_it() {
    let own = spent(
        "-> Filter: (t.a > 0)  (cost=1 rows=1) (actual time=1..126 rows=1 loops=1)\n    -> Single-row index lookup on t using k (a = 1, b = (select #2))  (cost=1 rows=1) (actual time=1..124 rows=1 loops=1)\n    -> Select #2 (subquery in condition; dependent)\n        -> Table scan on u  (cost=1 rows=1) (actual time=1..120 rows=1 loops=1)\n",
    );
    assert!((own[1] - 4.0).abs() < 1e-6 && (own[2] - 120.0).abs() < 1e-6, "{own:?}");
}

/// Measured: groups are read from the temporary table, and then the sub-queries of the select list are evaluated for each of them.
#[test]
fn a_sub_query_evaluated_for_each_group_is_in_no_clock_above() {
    let own = spent(
        "-> Table scan on <temporary>  (actual time=0.375..0.441 rows=20 loops=1)\n    -> Aggregate using temporary table  (actual time=0.374..0.374 rows=20 loops=1)\n        -> Table scan on s  (cost=50.8 rows=500) (actual time=0.0632..0.129 rows=500 loops=1)\n    -> Select #2 (subquery in projection; dependent)\n        -> Table scan on b  (cost=350 rows=10337) (actual time=0.975..39 rows=10000 loops=20)\n",
    );
    let expected = [0.067, 0.245, 0.129, 780.0, 780.441];
    assert!(own.iter().zip(expected).all(|(own, expected)| (own - expected).abs() < 1e-6), "{own:?}");
}

/// Measured: what groups by a sub-query's value evaluates it for each row that it reads, within its own time.
#[test]
fn a_sub_query_that_is_grouped_by_is_in_the_time_of_grouping() {
    let own = spent(
        "-> Table scan on <temporary>  (actual time=2000..2000 rows=3 loops=1)\n    -> Aggregate using temporary table  (actual time=2000..2000 rows=3 loops=1)\n        -> Table scan on s  (cost=50.8 rows=59) (actual time=0.07..1 rows=59 loops=1)\n    -> Select #2 (subquery in projection; dependent)\n        -> Table scan on b  (cost=350 rows=10337) (actual time=0.98..30 rows=10000 loops=59)\n",
    );
    let expected = [0.0, 229.0, 1.0, 1770.0, 2000.0];
    assert!(own.iter().zip(expected).all(|(own, expected)| (own - expected).abs() < 1e-6), "{own:?}");
}

/// Measured on 9.7: what a filter looks up again for each row takes longer than the filter did until its first row passed.
#[test]
fn a_sub_query_that_a_filter_looks_up_for_each_row_is_in_its_time() {
    let own = spent(
        "-> Filter: ((a.id < 60000) and <in_optimizer>(a.g,a.g in (select #2)))  (cost=23679 rows=117822) (actual time=319..432 rows=59999 loops=1)\n    -> Index range scan on a using PRIMARY over (id < 60000)  (cost=23679 rows=117822) (actual time=0.12..42.2 rows=59999 loops=1)\n    -> Select #2 (subquery in condition; run only once)\n        -> Filter: ((a.g = `<materialized_subquery>`.g))  (cost=0..0 rows=0) (actual time=0.018..0.018 rows=1 loops=20000)\n            -> Index lookup on <materialized_subquery> using <auto_distinct_key> (g = a.g)  (actual time=0.016..0.016 rows=1 loops=20000)\n                -> Materialize with deduplication  (cost=0..0 rows=0) (actual time=319..319 rows=1000 loops=1)\n                    -> Table scan on b  (cost=30302 rows=298290) (actual time=1.16..182 rows=300000 loops=1)\n",
    );
    let expected = [29.8, 42.2, 40.0, 1.0, 137.0, 182.0];
    assert!(own.iter().zip(expected).all(|(own, expected)| (own - expected).abs() < 1e-6), "{own:?}");
}

/// Measured: a sort by a sub-query's value, a sum of it and a window over it ask for it within their own time, though it stands with the
/// block; another of the select list, for the rows that are left, does not.
#[test]
fn a_sub_query_is_in_the_time_of_what_names_it() {
    let sub = |select: u8, loops: u32| {
        format!(
            "-> Select #{select} (subquery in projection; dependent)\n    -> Table scan on t{select}  (cost=35 rows=1000) (actual time=0.1..0.3 rows=1000 loops={loops})\n"
        )
    };
    let sort = format!(
        "-> Limit: 3 row(s)  (cost=102 rows=3) (actual time=304..304 rows=3 loops=1)\n    -> Sort: (select #3), limit input to 3 row(s) per chunk  (cost=102 rows=1000) (actual time=304..304 rows=3 loops=1)\n        -> Table scan on s  (cost=102 rows=1000) (actual time=0.1..1 rows=1000 loops=1)\n{}{}",
        sub(2, 3),
        sub(3, 1000)
    );
    let sum = format!(
        "-> Aggregate: sum((select #2))  (cost=332 rows=1) (actual time=304..304 rows=1 loops=1)\n    -> Table scan on s  (cost=102 rows=1000) (actual time=0.1..1 rows=1000 loops=1)\n{}",
        sub(2, 1000)
    );
    for (text, expected) in [(sort, vec![0.0, 3.0, 1.0, 0.9, 300.0, 304.9]), (sum, vec![3.0, 1.0, 300.0, 304.0])] {
        let own = spent(&text);
        assert!(own.iter().zip(&expected).all(|(own, expected)| (own - expected).abs() < 1e-6), "{own:?}\n{text}");
    }
}

/// Measured: HAVING and the select list ask the same sub-query, which is printed with both and ran as often as either says.
#[test]
fn a_sub_query_told_twice_ran_as_often_as_once() {
    let sub = "-> Table scan on b  (cost=336 rows=9915) (actual time=0.177..46.9 rows=10000 loops=9)\n";
    let own = spent(&format!(
        "-> Sort: x  (actual time=221..221 rows=3 loops=1)\n    -> Filter: (x > 4)  (actual time=27.1..130 rows=3 loops=1)\n        -> Table scan on t  (cost=1 rows=3) (actual time=0.0779..0.0874 rows=3 loops=1)\n        -> Select #2 (subquery in condition; dependent)\n            {sub}-> Select #2 (subquery in projection; dependent)\n    {sub}"
    ));
    let slowest = (0..own.len() - 1).max_by(|a, b| own[*a].total_cmp(&own[*b])).unwrap();
    assert!(slowest == 4 && (own[4] - 422.1).abs() < 1e-6 && own[3].abs() < 1e-6, "{own:?}");
}
