//! Plans of MySQL and MariaDB: every format of a statement tells the same tables, read in the same way, in the same order.
//!
//! `fixtures/make` made the documents. `WHYSLOW_CORPUS` names a folder of more, which are not part of the project.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use whyslow::{
    plan::{Engine, Flag, Node, NodeId, Operator, Plan, Role},
    read,
};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The formats of a case by their names, as the clients print them.
fn formats(path: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(path).unwrap();
    let parts = text.split("==== ").skip(1).map(|part| part.split_once('\n').unwrap());
    parts.map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
}

fn cases(server: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut paths: Vec<_> = std::fs::read_dir(fixtures().join(server))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "plans"))
        .collect();
    paths.sort();
    assert!(paths.len() > 70, "only {} cases of {server}", paths.len());
    paths.iter().map(|p| (p.file_stem().unwrap().to_string_lossy().into_owned(), formats(p))).collect()
}

/// What a plan reads, in the order in which it comes to it: the name in the statement, how, and by which index.
///
/// Tables of one row are left out, which the tree does not show, and so is what is read of other parts of the plan.
fn reads(plan: &Plan) -> Vec<String> {
    let (mut out, mut todo) = (Vec::new(), vec![NodeId::ROOT]);
    while let Some(id) = todo.pop() {
        let node = plan.node(id);
        let access = match node.operator {
            Operator::SeqScan => "all",
            Operator::FullIndexScan => "index",
            Operator::IndexScan => "lookup",
            Operator::IndexOnlyScan => "covering",
            Operator::UniqueLookup if !["const", "system"].contains(&node.native.as_str()) => "unique",
            Operator::FullTextScan => "fulltext",
            Operator::IndexMerge => "merge",
            _ => "",
        };
        let name =
            node.relation.as_ref().map(|r| r.alias.clone().unwrap_or_else(|| r.name.clone())).unwrap_or_default();
        if !access.is_empty() && !name.starts_with('<') {
            let index = if access == "merge" { "" } else { node.index.as_deref().unwrap_or_default() };
            out.push(format!("{name} {access} {index}").trim_end().to_owned());
        }
        if node.operator == Operator::IndexMerge {
            continue;
        }
        let mut below: Vec<_> = plan.children(id).collect();
        // The hash table is filled first; an outer or semi-join keeps the order of the statement.
        if node.operator == Operator::HashJoin && node.native.starts_with("Inner hash") {
            below.sort_by_key(|child| plan.node(*child).role != Role::Inner);
        }
        todo.extend(below.into_iter().rev());
    }
    out
}

/// Statements of one table that write have no tree.
fn is_untold(plan: &Plan) -> bool {
    plan.node(NodeId::ROOT).native.starts_with("<not executable")
}

fn plan(case: &str, format: &str, text: &str) -> Plan {
    let mut plans = read::read(text).unwrap_or_else(|error| panic!("{case}, {format}: {error}\n{text}"));
    assert_eq!(plans.len(), 1, "{case}, {format}");
    plans.remove(0)
}

fn hold_together(name: &str, plan: &Plan) {
    let mut sum = 0.0;
    for id in plan.ids() {
        let (node, d) = (plan.node(id), plan.derived(id));
        for n in [d.wall_ms, d.self_ms, d.self_cost, d.q_error, d.share].into_iter().flatten() {
            assert!(n.is_finite() && n >= 0.0, "{name}: node {} has {d:?}", id.0);
        }
        sum += d.self_ms.unwrap_or(0.0);
        let line = node.line.and_then(|line| plan.source.lines().nth(line as usize - 1));
        assert!(line.is_some(), "{name}: node {} knows no line", id.0);
        assert!(!node.native.is_empty(), "{name}: node {} has no name", id.0);
    }
    if let Some(whole) = plan.derived(NodeId::ROOT).wall_ms {
        assert!(
            (sum - whole).abs() <= whole * 0.01 + 0.001,
            "{name}: self times add up to {sum}, the root took {whole}"
        );
    }
}

/// What says nothing of having run: there is no tree, or nothing but rows that the statement itself holds.
fn is_silent(case: &str, plan: &Plan) -> bool {
    is_untold(plan) || (case == "insert-values" && plan.engine == Engine::MySql)
}

/// Where formats of one server really tell different things.
const DIFFERENT: &[(&str, &str, &str)] = &[
    ("delete-all", "analyze-traditional", "MariaDB plans to empty the table, and measured deletes row by row"),
    ("delete-all", "analyze-json", "MariaDB plans to empty the table, and measured deletes row by row"),
    ("count-all", "v2", "MySQL's iterator that counts rows does not say by which index"),
    ("count-all", "tree", "MySQL's iterator that counts rows does not say by which index"),
    ("count-all", "analyze-tree", "MySQL's iterator that counts rows does not say by which index"),
    ("count-all", "analyze-v2", "MySQL's iterator that counts rows does not say by which index"),
    ("cross-join", "v2", "MySQL names one of several tables whose rows it counts"),
    ("cross-join", "tree", "MySQL names one of several tables whose rows it counts"),
    ("cross-join", "analyze-tree", "MySQL names one of several tables whose rows it counts"),
    ("cross-join", "analyze-v2", "MySQL names one of several tables whose rows it counts"),
];

fn agreeing(server: &str, engine: Engine, of: &str, formats_of: &[&str]) {
    let mut wrong = Vec::new();
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for (case, formats) in cases(server) {
        let mut first: Option<(String, Vec<String>)> = None;
        for (format, text) in formats.iter().filter(|(format, _)| format != "sql") {
            let name = format!("{server}/{case}, {format}");
            let plan = plan(&case, format, text);
            hold_together(&name, &plan);
            assert_eq!(plan.engine, engine, "{name}");
            assert_eq!(plan.analyzed, format.starts_with("analyze") && !is_silent(&case, &plan), "{name}");
            *counted.entry(format.clone()).or_default() += 1;
            if is_untold(&plan) || DIFFERENT.iter().any(|(c, f, _)| (*c, *f) == (case.as_str(), format.as_str())) {
                continue;
            }
            let reads = reads(&plan);
            match &first {
                None => first = Some((format.clone(), reads)),
                Some((other, expected)) if *expected != reads => {
                    wrong.push(format!("{name}: {reads:?}\n    {other}: {expected:?}"));
                }
                Some(_) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{} do not agree:\n{}", wrong.len(), wrong.join("\n"));
    for format in formats_of {
        assert!(counted.get(*format).is_some_and(|n| *n > 60), "{of}: too few plans in {format}: {counted:?}");
    }
}

#[test]
fn every_format_of_mysql_tells_the_same() {
    let formats = ["traditional", "v1", "v2", "tree", "analyze-tree", "analyze-v2"];
    agreeing("mysql-9.7", Engine::MySql, "MySQL", &formats);
}

#[test]
fn every_format_of_mariadb_tells_the_same() {
    let formats = ["traditional", "extended", "analyze-traditional", "json", "analyze-json"];
    agreeing("mariadb-11.8", Engine::MariaDb, "MariaDB", &formats);
}

/// The tree and version 2 are one plan, node for node.
#[test]
fn the_tree_and_version_2_are_the_same_nodes() {
    for (case, formats) in cases("mysql-9.7") {
        let text = |format: &str| formats.iter().find(|(name, _)| name == format).map(|(_, text)| text);
        let (Some(tree), Some(json)) = (text("tree"), text("v2")) else { continue };
        let (tree, json) = (plan(&case, "tree", tree), plan(&case, "v2", json));
        let shape = |plan: &Plan| -> Vec<String> {
            let line = |id: NodeId| {
                let node = plan.node(id);
                let (role, flags) = (node.role, &plan.derived(id).flags);
                let name = alias(node);
                format!("{} {role:?} {:?} {name} {:?} {flags:?}", plan.depth(id), node.operator, node.index)
            };
            plan.ids().map(line).collect()
        };
        assert_eq!(shape(&tree), shape(&json), "{case}");
        for id in tree.ids() {
            let (a, b) = (tree.node(id), json.node(id));
            assert_eq!(a.native, b.native, "{case}");
            assert_eq!(a.conditions, b.conditions, "{case}: {}", a.native);
            let close = |a: Option<f64>, b: Option<f64>| match (a, b) {
                (Some(a), Some(b)) => (a - b).abs() <= 0.006 * b.abs() + 0.006,
                (a, b) => a.is_none() == b.is_none(),
            };
            assert!(close(a.rows.estimated, b.rows.estimated), "{case}: {:?} {:?}", a.rows, b.rows);
            assert!(close(a.cost.total, b.cost.total), "{case}: {:?} {:?}", a.cost, b.cost);
        }
    }
}

fn alias(node: &Node) -> String {
    node.relation.as_ref().map(|r| r.alias.clone().unwrap_or_else(|| r.name.clone())).unwrap_or_default()
}

/// Every optimiser feature becomes an operator of the one vocabulary, in each format that tells it.
#[test]
fn what_the_optimiser_can_do_has_its_operator() {
    let all = "traditional v1 v2 tree";
    for (server, case, formats_of, operator) in [
        ("mysql-9.7", "index-merge-union", all, Operator::IndexMerge),
        ("mysql-9.7", "index-merge-intersect", all, Operator::IndexMerge),
        ("mysql-9.7", "fulltext", all, Operator::FullTextScan),
        ("mysql-9.7", "filesort", all, Operator::Sort),
        ("mysql-9.7", "filesort-first-table", all, Operator::Sort),
        ("mysql-9.7", "right-hash-join", all, Operator::HashJoin),
        ("mysql-9.7", "derived", all, Operator::Materialize),
        ("mysql-9.7", "cte-twice", all, Operator::CteScan),
        ("mysql-9.7", "recursive", "traditional v2 tree", Operator::RecursiveUnion),
        ("mysql-9.7", "recursive", all, Operator::WorkTableScan),
        ("mysql-9.7", "union", all, Operator::SetOp),
        ("mysql-9.7", "union-all", all, Operator::Append),
        ("mysql-9.7", "intersect", all, Operator::SetOp),
        ("mysql-9.7", "except", all, Operator::SetOp),
        ("mysql-9.7", "window", "v1 v2 tree", Operator::WindowAgg),
        ("mysql-9.7", "semijoin-weedout", "v1 v2 tree", Operator::Unique),
        ("mysql-9.7", "semijoin-materialized", all, Operator::Materialize),
        ("mysql-9.7", "limit-offset", "v2 tree", Operator::Limit),
        ("mysql-9.7", "insert-select", all, Operator::ModifyTable),
        ("mysql-9.7", "update", "traditional v1", Operator::ModifyTable),
        ("mysql-9.7", "delete-join", all, Operator::ModifyTable),
        ("mysql-9.7", "json-table", all, Operator::FunctionScan),
        ("mysql-9.7", "temporary", "v1 v2 tree", Operator::HashAggregate),
        ("mariadb-11.8", "index-merge-union", "traditional json", Operator::IndexMerge),
        ("mariadb-11.8", "right-hash-join", "traditional json analyze-json", Operator::HashJoin),
        ("mariadb-11.8", "filesort", "traditional json", Operator::Sort),
        ("mariadb-11.8", "derived", "traditional json", Operator::Materialize),
        ("mariadb-11.8", "recursive", "traditional json", Operator::RecursiveUnion),
        ("mariadb-11.8", "recursive", "traditional json", Operator::WorkTableScan),
        ("mariadb-11.8", "union", "traditional json", Operator::SetOp),
        ("mariadb-11.8", "union-all", "traditional json", Operator::Append),
        ("mariadb-11.8", "intersect", "traditional json", Operator::SetOp),
        ("mariadb-11.8", "window", "json", Operator::WindowAgg),
        ("mariadb-11.8", "semijoin-weedout", "json analyze-json", Operator::Unique),
        ("mariadb-11.8", "expression-cache", "json analyze-json", Operator::Memoize),
        ("mariadb-11.8", "rowid-filter", "json analyze-json", Operator::BitmapIndexScan),
        ("mariadb-11.8", "json-table", "traditional json", Operator::FunctionScan),
        ("mariadb-11.8", "temporary", "traditional json", Operator::TemporaryTable),
        ("mariadb-11.8", "update", "json", Operator::ModifyTable),
    ] {
        let formats = formats(&fixtures().join(server).join(format!("{case}.plans")));
        for format in formats_of.split(' ') {
            let text = &formats.iter().find(|(name, _)| name == format).unwrap_or_else(|| panic!("{case} {format}")).1;
            let plan = plan(case, format, text);
            let words: Vec<_> =
                plan.ids().map(|id| format!("{}{}", " ".repeat(plan.depth(id) as usize), plan.title(id))).collect();
            let has = plan.ids().any(|id| plan.node(id).operator == operator);
            assert!(has, "{server}/{case}, {format}: no {}:\n{}", operator.name(), words.join("\n"));
        }
    }
}

#[test]
fn what_never_ran_is_told_from_what_was_read_while_planning() {
    for (server, case, format, never) in [
        ("mysql-9.7", "never-executed", "analyze-tree", 1),
        ("mysql-9.7", "never-executed", "analyze-v2", 1),
        ("mariadb-11.8", "never-executed", "analyze-json", 1),
        ("mariadb-11.8", "never-executed", "analyze-traditional", 1),
        ("mariadb-11.8", "const", "analyze-json", 0),
        ("mariadb-11.8", "const", "analyze-traditional", 0),
        ("mariadb-11.8", "in-subquery-exists", "analyze-traditional", 0),
    ] {
        let formats = formats(&fixtures().join(server).join(format!("{case}.plans")));
        let plan = plan(case, format, &formats.iter().find(|(name, _)| name == format).unwrap().1);
        let found = plan.ids().filter(|id| plan.derived(*id).flags.contains(&Flag::NeverExecuted)).count();
        assert_eq!(found, never, "{server}/{case}, {format}");
    }
}

/// A table printed by another option of the client, made of the box.
fn reframed(boxed: &str, how: &str) -> String {
    let rows: Vec<Vec<&str>> = boxed
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let (heading, rows) = rows.split_first().unwrap();
    let lines: Vec<String> = match how {
        "vertical" => {
            let record = |(i, row): (usize, &Vec<&str>)| {
                let title = format!("*************************** {}. row ***************************", i + 1);
                let fields = heading.iter().zip(row).map(|(name, cell)| format!("{name:>13}: {cell}"));
                std::iter::once(title).chain(fields).collect::<Vec<_>>()
            };
            rows.iter().enumerate().flat_map(record).collect()
        }
        "headless" => rows.iter().map(|row| row.join("\t")).collect(),
        separator => std::iter::once(heading).chain(rows).map(|row| row.join(separator)).collect(),
    };
    lines.join("\n") + "\n"
}

#[test]
fn the_table_reads_the_same_in_every_frame() {
    for (server, format) in
        [("mysql-9.7", "traditional"), ("mariadb-11.8", "traditional"), ("mariadb-11.8", "analyze-traditional")]
    {
        for (case, formats) in cases(server) {
            let Some((_, boxed)) = formats.iter().find(|(name, _)| name == format) else { continue };
            let expected = plan(&case, format, boxed);
            for how in ["vertical", "headless", "\t", " | ", "|"] {
                if how == "|" && boxed.contains("filter|") || boxed.contains("|filter") {
                    // A bare bar inside a cell cannot be told from one between cells.
                    continue;
                }
                let text = reframed(boxed, how);
                let got = plan(&case, how, &text);
                assert_eq!(reads(&got), reads(&expected), "{server}/{case} {how:?}\n{text}");
                for id in expected.ids() {
                    assert_eq!(got.node(id).rows, expected.node(id).rows, "{server}/{case} {how:?}");
                }
            }
        }
    }
}

#[test]
fn the_tree_reads_the_same_in_every_frame() {
    for (case, formats) in cases("mysql-9.7") {
        let Some((_, tree)) = formats.iter().find(|(name, _)| name == "analyze-tree") else { continue };
        let expected = plan(&case, "tree", tree);
        let padded: Vec<_> = tree.trim_end().lines().map(|line| format!("| {line:<200} |")).collect();
        let padded = padded.join("\n");
        for (how, text) in [
            ("box", format!("+---+\n| EXPLAIN |\n+---+\n| {tree} |\n+---+\n1 row in set (0.00 sec)\n")),
            (
                "vertical",
                format!(
                    "*************************** 1. row ***************************\nEXPLAIN: {tree}\n1 row in set\n"
                ),
            ),
            ("batch", format!("EXPLAIN\n{}\\n\n", tree.trim_end().replace('\n', "\\n"))),
            ("every line in the box", format!("+---+\n| EXPLAIN |\n+---+\n{padded}\n+---+\n")),
            ("shifted", format!("        {}", tree.replace('\n', "\n        "))),
            ("a cell", format!("EXPLAIN\n\"{}\"\n", tree.trim_end())),
            ("a driver's rows", serde_json::json!([{"EXPLAIN": tree}]).to_string()),
        ] {
            let got = plan(&case, how, &text);
            let shape = |plan: &Plan| -> Vec<_> {
                plan.ids().map(|id| (plan.depth(id), plan.title(id), plan.node(id).rows)).collect()
            };
            assert_eq!(shape(&got), shape(&expected), "{case}, {how}");
        }
    }
}

#[test]
fn a_statement_that_was_stopped_has_a_partial_plan() {
    let tree = "| -> Aggregate: count(0)  (cost=7.02e+9 rows=1) (actual time=304..304 rows=0 loops=1)\n    -> Table scan on a  (cost=20126 rows=199261) (actual time=0.144..114 rows=200000 loops=1)\n |\n";
    let warning = "+---------+------+---------------------------------+\n| Level   | Code | Message                         |\n+---------+------+---------------------------------+\n| Warning | 1317 | Query execution was interrupted |\n+---------+------+---------------------------------+\n";
    let partial = |plan: &Plan| plan.derived(NodeId::ROOT).flags.contains(&Flag::Partial) && !plan.notes.is_empty();
    assert!(partial(&plan("stopped", "tree", &format!("{tree}{warning}"))));
    assert!(!partial(&plan("whole", "tree", tree)));
    let both = read::read(&format!("{tree}{warning}{tree}")).unwrap();
    assert_eq!(both.iter().map(partial).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_plan_of_text_that_breaks_off_shows_what_was_read() {
    for (text, place, expected, nodes) in [
        ("-> Nested loop inner join  (cost=1838 rows=925)\n    -> Table scan on t  (cost=1", (2, 25), "figures", 2),
        ("-> Limit: 5 row(s)  (cost=1 rows=5)\n    ->", (2, 7), "an operation after `->`", 1),
        (
            "id\tselect_type\ttable\ttype\tkey\trows\tExtra\n1\tSIMPLE\tt\tALL\tNULL\t10\t\n1\tSIMPLE\tu\tref\tk\tmany\t\n",
            (3, 18),
            "a number in the column `rows`",
            2,
        ),
        (
            "id\tselect_type\ttable\ttype\tkey\trows\tExtra\n1\tSIMPLE\tt\tALL\tNULL\t10\t\n1\tSIMPLE\tu\tref\n",
            (3, 1),
            "7 cells as in the heading, not 4",
            2,
        ),
        ("| id | select_type | table | type | rows | Extra |\n", (1, 51), "a row for each table", 0),
        (
            "   id: one\nselect_type: SIMPLE\ntable: t\ntype: ALL\nrows: 5\nExtra: \n",
            (1, 8),
            "the number of a query block",
            0,
        ),
    ] {
        let (plans, error) = read::read_partial(text);
        let error = error.unwrap_or_else(|| panic!("no error in {text}"));
        assert_eq!((error.line, error.column), place, "{text}: {error}");
        assert!(error.expected.contains(expected), "{text}: {error}");
        assert_eq!(plans.first().map_or(0, Plan::len), nodes, "{text}");
        if nodes > 0 {
            assert!(plans[0].derived(NodeId::ROOT).flags.contains(&Flag::Partial), "{text}");
        }
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "says what was not tested")]
fn every_format_of_the_corpus_agrees() {
    let Some(corpus) = std::env::var_os("WHYSLOW_CORPUS") else {
        eprintln!("WHYSLOW_CORPUS is not set: only the project's own fixtures are read");
        return;
    };
    let (mut wrong, mut count) = (Vec::new(), 0);
    for server in ["mysql-9.7", "mariadb-11.8", "mariadb-10.11"] {
        let mut by_case: BTreeMap<String, Vec<(String, Plan)>> = BTreeMap::new();
        let folder = Path::new(&corpus).join("plans").join(server);
        let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() || path.extension().is_some_and(|e| e == "sql") || name.ends_with(".extended.txt") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            count += 1;
            match read::read(&text) {
                Ok(plans) if plans.len() == 1 => {
                    let plan = plans.into_iter().next().unwrap();
                    hold_together(&format!("{server}/{name}"), &plan);
                    let (case, format) = name.split_once('.').unwrap();
                    by_case.entry(case.to_owned()).or_default().push((format.to_owned(), plan));
                }
                Ok(plans) => wrong.push(format!("{server}/{name}: {} plans", plans.len())),
                Err(error) => wrong.push(format!("{server}/{name}: {error}")),
            }
        }
        for (case, formats) in &by_case {
            // EXPLAIN and ANALYZE may have planned anew.
            let mut told = formats.iter().filter(|(_, plan)| !is_untold(plan)).map(|(f, plan)| (f, reads(plan)));
            let Some((first, expected)) = told.next() else { continue };
            for (format, reads) in told.filter(|(_, reads)| *reads != expected) {
                wrong.push(format!("{server}/{case}.{format}: {reads:?}\n    {first}: {expected:?}"));
            }
        }
    }
    eprintln!("{count} files of the corpus read");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

mod mutated {
    //! Real documents, damaged: whatever comes, there is an answer, and its numbers are numbers.

    use std::sync::OnceLock;

    use proptest::prelude::*;
    use whyslow::{diagnose::diagnose, export, plan::NodeId, read};

    fn documents() -> &'static [String] {
        static ALL: OnceLock<Vec<String>> = OnceLock::new();
        ALL.get_or_init(|| {
            let servers = ["mysql-9.7", "mariadb-11.8"].iter();
            let mut all: Vec<String> =
                servers.flat_map(|s| super::cases(s)).flat_map(|(_, formats)| formats).map(|(_, text)| text).collect();
            all.push(include_str!("fixtures/tidb/join.analyze.txt").to_owned());
            all
        })
    }

    /// One change to a text.
    #[derive(Debug, Clone)]
    enum Damage {
        Cut(prop::sample::Index),
        Remove(prop::sample::Index, usize),
        Repeat(prop::sample::Index, usize),
        Insert(prop::sample::Index, String),
        DropLine(prop::sample::Index),
        SwapLines(prop::sample::Index, prop::sample::Index),
        Digits(prop::sample::Index, String),
    }

    fn damage() -> impl Strategy<Value = Damage> {
        let at = any::<prop::sample::Index>;
        let bits = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            "\"",
            ",",
            ":",
            "|",
            "\t",
            "\n",
            "\\n",
            "-> ",
            "  ",
            "(",
            ")",
            "'",
            "null",
            "-1",
            "1e999",
            "NaN",
            "Select #2 (subquery in projection; dependent)",
            "<derived2>",
            "<union1,2>",
            "<subquery2>",
            "└─",
            "é",
            "\u{0}",
            "\r",
        ]);
        prop_oneof![
            1 => at().prop_map(Damage::Cut),
            3 => (at(), 1..40_usize).prop_map(|(at, n)| Damage::Remove(at, n)),
            2 => (at(), 1..200_usize).prop_map(|(at, n)| Damage::Repeat(at, n)),
            4 => (at(), bits).prop_map(|(at, bit)| Damage::Insert(at, bit.to_owned())),
            2 => at().prop_map(Damage::DropLine),
            2 => (at(), at()).prop_map(|(a, b)| Damage::SwapLines(a, b)),
            2 => (at(), "[0-9.e+-]{1,12}").prop_map(|(at, digits)| Damage::Digits(at, digits)),
        ]
    }

    fn apply(text: &str, damage: &Damage) -> String {
        let boundary = |at: usize| (at..=text.len()).find(|i| text.is_char_boundary(*i)).unwrap_or(text.len());
        let place = |at: &prop::sample::Index| boundary(at.index(text.len().max(1)));
        let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
        match damage {
            Damage::Cut(at) => text[..place(at)].to_owned(),
            Damage::Remove(at, n) => {
                let from = place(at);
                format!("{}{}", &text[..from], &text[boundary((from + n).min(text.len()))..])
            }
            Damage::Repeat(at, n) => {
                let from = place(at);
                let to = boundary((from + n).min(text.len()));
                format!("{}{}{}", &text[..to], &text[from..to], &text[to..])
            }
            Damage::Insert(at, bit) => {
                let at = place(at);
                format!("{}{bit}{}", &text[..at], &text[at..])
            }
            Damage::DropLine(at) if !lines.is_empty() => {
                lines.remove(at.index(lines.len()));
                lines.concat()
            }
            Damage::SwapLines(a, b) if !lines.is_empty() => {
                let (a, b) = (a.index(lines.len()), b.index(lines.len()));
                lines.swap(a, b);
                lines.concat()
            }
            Damage::Digits(at, digits) => {
                let from = place(at);
                let Some(start) = text[from..].find(|c: char| c.is_ascii_digit()).map(|i| from + i) else {
                    return text.to_owned();
                };
                let end = text[start..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |i| start + i);
                format!("{}{digits}{}", &text[..start], &text[end..])
            }
            Damage::DropLine(_) | Damage::SwapLines(..) => text.to_owned(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_damaged_document_gives_an_answer(
            document in any::<prop::sample::Index>(),
            damages in prop::collection::vec(damage(), 1..6),
        ) {
            let documents = documents();
            let mut text = documents[document.index(documents.len())].clone();
            for damage in &damages {
                text = apply(&text, damage);
            }
            let (plans, error) = read::read_partial(&text);
            prop_assert!(!plans.is_empty() || error.is_some());
            if let Some(error) = &error {
                let lines = text.lines().count().max(1);
                prop_assert!(error.line >= 1 && error.line as usize <= lines + 1, "{error} of {lines} lines");
                prop_assert!(error.column >= 1 && !error.expected.is_empty());
            }
            for plan in &plans {
                for id in plan.ids() {
                    let d = plan.derived(id);
                    for n in [d.wall_ms, d.self_ms, d.self_cost, d.q_error, d.share].into_iter().flatten() {
                        prop_assert!(n.is_finite() && n >= 0.0, "{d:?}");
                    }
                }
                let sum: f64 = plan.ids().filter_map(|id| plan.derived(id).self_ms).sum();
                let whole = plan.derived(NodeId::ROOT).wall_ms.unwrap_or(0.0);
                prop_assert!((sum - whole).abs() <= whole * 0.01 + 0.001, "{sum} of {whole}");
                let findings = diagnose(plan, None);
                let shown = export::text::render(&[export::Report::new(plan, &findings)], &export::text::Options::default());
                let odd = |word: &&str| ["NaN", "inf", "-inf"].contains(word) && !text.contains(*word);
                prop_assert!(!shown.split_whitespace().any(|word| odd(&word)), "{shown}");
            }
        }
    }
}
