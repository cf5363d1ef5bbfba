//! Plans of MySQL and MariaDB: every format of a statement tells the same tables, read in the same way, in the same order.
//!
//! `fixtures/make` made the documents. `WHYSLOW_CORPUS` names a folder of more, which are not part of the project.

mod damaged;
mod features;
mod frames;

use std::{
    collections::BTreeMap,
    io::BufRead,
    path::{Path, PathBuf},
};

use whyslow::{
    plan::{Engine, Node, NodeId, Operator, Plan, Role},
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
    reads_but(plan, |_| false)
}

/// The same without what some nodes read.
fn reads_but(plan: &Plan, left_out: impl Fn(&Node) -> bool) -> Vec<String> {
    let (mut out, mut todo) = (Vec::new(), vec![NodeId::ROOT]);
    while let Some(id) = todo.pop() {
        let node = plan.node(id);
        // What fills a table of the information schema stands below its scan in the tree; other formats say that all of it is read.
        let filled =
            plan.children(id).any(|child| plan.node(child).native.starts_with("Fill information schema table"));
        let access = match node.operator {
            _ if filled => "all",
            Operator::SeqScan => "all",
            Operator::FullIndexScan => "index",
            Operator::IndexScan => "lookup",
            Operator::IndexOnlyScan => "covering",
            Operator::UniqueLookup
                if !["const", "system"].contains(&node.native.as_ref())
                    && !node.native.starts_with("Constant row from ") =>
            {
                "unique"
            }
            Operator::FullTextScan => "fulltext",
            Operator::IndexMerge => "merge",
            _ => "",
        };
        let name =
            node.relation.as_ref().map(|r| r.alias.clone().unwrap_or_else(|| r.name.clone())).unwrap_or_default();
        if !left_out(node) && !access.is_empty() && !name.starts_with('<') {
            let index = if access == "merge" { "" } else { node.index.as_deref().unwrap_or_default() };
            out.push(format!("{name} {access} {index}").trim_end().to_owned());
        }
        if node.operator == Operator::IndexMerge {
            continue;
        }
        let mut below: Vec<_> = plan.children(id).collect();
        // Of plans of which the server takes one while it runs, the other formats tell the first.
        if node.native.starts_with("Alternative plans") {
            below.truncate(1);
        }
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

/// Where formats of one server really tell different things. What the servers print, so that nobody takes it for a fault of reading:
///
/// - `delete-all`: EXPLAIN says `Deleting all rows` with no table (`type` NULL; in JSON `"table": {"message": …}`), for the server would
///   truncate; ANALYZE has to count and says `g ALL`, 500 rows.
/// - `count-all`: the table of rows and version 1 say `t index a`, `Using index`; version 2 and the tree say `Count rows in t` and name no
///   index, for the storage engine is asked for the number and chooses by itself what it counts.
/// - `subquery-asked-twice`: the table of rows has the sub-query once, the others print it with everyone who asks for its value.
/// - `cross-join`: the same as `count-all`, with `one`, `g ALL`, `h ALL` in three rows, and `Count rows in one` alone in the tree, though all are counted.
const DIFFERENT: &[(&str, &str, &str)] = &[
    ("delete-all", "analyze-traditional", "MariaDB plans to empty the table, and measured deletes row by row"),
    ("delete-all", "analyze-json", "MariaDB plans to empty the table, and measured deletes row by row"),
    ("count-all", "v2", "MySQL's iterator that counts rows does not say by which index"),
    ("count-all", "tree", "MySQL's iterator that counts rows does not say by which index"),
    ("count-all", "analyze-tree", "MySQL's iterator that counts rows does not say by which index"),
    ("count-all", "analyze-v2", "MySQL's iterator that counts rows does not say by which index"),
    ("subquery-asked-twice", "traditional", "MySQL's table of rows has a sub-query once, whoever asks for it"),
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

/// What a format leaves open, as the servers print it, so that nobody takes it for a fault of reading:
///
/// - the table of rows lists query blocks by their numbers; where in the joins a sub-query is asked, and which of two is asked first, it
///   does not say: of its reads the order is not compared;
/// - `Count rows in t` names one of the tables that are counted, and no index ([`DIFFERENT`] says more): it is left out, and so are whole
///   tables and indexes, of which there must be at least one for each, that the other format alone tells;
/// - `Rows fetched before execution` names no table, and may stand for a derived table that other formats show with all that it reads: what
///   is left must be among what they show. So it is with a derived table of one row or none, which is filled while planning: `system` in the
///   other formats, in the tree nothing, or `Zero rows (no matching row in const table)`.
fn agree(a: (&str, &Plan), b: (&str, &Plan)) -> bool {
    let is_table = |format: &str| ["traditional", "vertical", "extended", "analyze-traditional"].contains(&format);
    let counts = |node: &Node| node.native.starts_with(COUNTED);
    let counted = |plan: &Plan| plan.ids().filter(|id| counts(plan.node(*id))).count();
    let (mut left, mut right) = (reads_but(a.1, counts), reads_but(b.1, counts));
    let enough = match (counted(a.1), counted(b.1)) {
        (0, 0) => true,
        (n, 0) => leave_out(&mut right, &left) >= n,
        (0, n) => leave_out(&mut left, &right) >= n,
        _ => {
            // Both are iterators, and tell the same.
            (left, right) = (reads(a.1), reads(b.1));
            true
        }
    };
    if is_table(a.0) || is_table(b.0) {
        left.sort();
        right.sort();
    }
    let (less, more) = if left.len() < right.len() { (&left, &right) } else { (&right, &left) };
    let filled = |node: &Node| {
        let says = |words: &str| node.extra.iter().any(|(key, value)| key == "operation" && value.starts_with(words));
        node.native.starts_with("Rows fetched before execution")
            || says("Zero rows (no matching row in const table)")
            || (node.native == "system" && node.operator == Operator::SubqueryScan)
    };
    let fetched = [a.1, b.1].into_iter().any(|plan| plan.ids().any(|id| filled(plan.node(id))));
    enough && (left == right || (fetched && less.iter().all(|read| more.contains(read))))
}

/// What MySQL's iterator that counts rows is called.
const COUNTED: &str = "Count rows in ";

/// Leaves out whole tables and indexes that `others` do not tell; says how many.
fn leave_out(reads: &mut Vec<String>, others: &[String]) -> usize {
    let (mut told, before) = (others.to_vec(), reads.len());
    reads.retain(|read| {
        let shared = told.iter().position(|other| other == read).map(|at| told.remove(at)).is_some();
        shared || !matches!(read.split(' ').nth(1), Some("all" | "index"))
    });
    before - reads.len()
}

#[test]
fn of_two_formats_only_what_is_counted_may_be_told_by_one() {
    let tree = |text: &str| plan("counted", "tree", text);
    let counts = tree(
        "-> Nested loop inner join  (rows=3)\n    -> Count rows in t\n    -> Index lookup on u using k (a = 1)  (rows=3)\n",
    );
    let table = |rows: &[&str]| {
        let rows = rows.iter().map(|row| format!("1\tSIMPLE\t{row}\n")).collect::<Vec<_>>().concat();
        plan("counted", "traditional", &format!("id\tselect_type\ttable\ttype\tkey\trows\tExtra\n{rows}"))
    };
    for (rows, alike) in [
        (&["t\tindex\ta\t5\tUsing index", "u\tref\tk\t3\t"][..], true),
        (&["t\tALL\tNULL\t5\t", "v\tALL\tNULL\t5\t", "u\tref\tk\t3\t"], true),
        (&["t\tALL\tNULL\t5\t", "u\tref\tother\t3\t"], false),
        (&["t\tALL\tNULL\t5\t", "u\tALL\tNULL\t3\t"], false),
        (&["u\tref\tk\t3\t"], false),
    ] {
        assert_eq!(agree(("traditional", &table(rows)), ("tree", &counts)), alike, "{rows:?}");
    }
}

/// The servers' own regression suites, by `tests/servers/regress-mysql`: everything reads, and the formats of a statement tell the same
/// tables, read in the same way, in the same order, as far as each of them says it.
#[test]
#[expect(clippy::print_stderr, reason = "says what was not tested, and what was found")]
fn regression_suites_of_mysql_and_mariadb_read_alike_in_every_format() {
    let Some(paths) = std::env::var_os("WHYSLOW_REGRESS_MYSQL") else {
        eprintln!("WHYSLOW_REGRESS_MYSQL is not set: only the project's own fixtures are read");
        return;
    };
    let mut failed = false;
    for path in std::env::split_paths(&paths) {
        let (mut cases, mut texts, mut unread, mut unlike) = (0, 0, Vec::new(), Vec::new());
        for line in std::io::BufReader::new(std::fs::File::open(&path).unwrap()).lines().map(Result::unwrap) {
            let case: BTreeMap<String, String> = serde_json::from_str(&line).unwrap();
            let mut first: Option<(&str, Plan)> = None;
            cases += 1;
            for (format, text) in case.iter().filter(|(format, _)| *format != "sql") {
                let name = format!("{format} {}", case["sql"]);
                texts += 1;
                match read::read(text) {
                    Ok(mut plans) if plans.len() == 1 => {
                        let plan = plans.remove(0);
                        hold_together(&name, &plan);
                        match &first {
                            _ if is_untold(&plan) => {}
                            None => first = Some((format, plan)),
                            Some((other, told)) if !agree((other, told), (format, &plan)) => {
                                unlike.push(format!("{name}\n    {:?}\n    {other}: {:?}", reads(&plan), reads(told)));
                            }
                            Some(_) => {}
                        }
                    }
                    Ok(plans) => unread.push(format!("{name}: {} plans\n{text}", plans.len())),
                    Err(error) => unread.push(format!("{name}: {error}\n{text}")),
                }
            }
        }
        eprintln!(
            "{}: {cases} statements, {texts} texts, {} do not read, {} differ from another format",
            path.display(),
            unread.len(),
            unlike.len()
        );
        for wrong in [&unread, &unlike] {
            failed |= !wrong.is_empty();
            for why in wrong.iter().take(most()) {
                eprintln!("----\n{}", why.chars().take(900).collect::<String>());
            }
        }
    }
    assert!(!failed);
}

/// So many of each kind of fault are shown.
fn most() -> usize {
    std::env::var("WHYSLOW_SHOW").ok().and_then(|n| n.parse().ok()).unwrap_or(60)
}

fn alias(node: &Node) -> String {
    node.relation.as_ref().map(|r| r.alias.clone().unwrap_or_else(|| r.name.clone())).unwrap_or_default()
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
