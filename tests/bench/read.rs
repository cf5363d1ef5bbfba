//! From a document's bytes to the rows that a tree is drawn from, and what that takes of memory: `cargo bench --bench read`.
//!
//! The documents are made here, of the size and in the style of real ones: `EXPLAIN (ANALYZE, VERBOSE, BUFFERS, FORMAT JSON)` of a count
//! over 10,000 partitions (11 MB), and of a join of 150 tables. `WHYSLOW_BENCH_PLAN` names a file to measure beside them, `WHYSLOW_CORPUS`
//! the folder of real plans of which `part10000.json` and `join150.json` (packed by xz or not) are measured. Times are medians; the plain parse is `serde_json`'s into a `Value`, of the same bytes, taken in turns with ours so that both have the
//! same machine. Memory is the most that a process of its own ever held resident (the text included), less what it held before it
//! had the text.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a measurement prints, and fails by panicking"
)]

use std::{
    fmt::Write as _,
    hint::black_box,
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use whyslow::{
    app::TreeState,
    plan::Plan,
    read::{read, read_shared},
};

/// Names, in the child process, the file to hold in memory.
const CHILD: &str = "WHYSLOW_BENCH_CHILD";
const RUNS: usize = 11;

fn main() {
    if let Ok(path) = std::env::var(CHILD) {
        return child(&path);
    }
    // `cargo test --benches` only wants to know whether it runs.
    let measured = std::env::args().any(|argument| argument == "--bench");
    let (runs, whole) = if measured { (RUNS, 10_000) } else { (1, 100) };
    let given = std::env::var("WHYSLOW_BENCH_PLAN").map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()));
    let real: Vec<(String, String)> = given.into_iter().chain(corpus()).collect();

    beside_a_plain_parse(runs, "partitions", &partitions(whole, Style::Json));
    for (name, text) in &real {
        beside_a_plain_parse(runs, name, text);
    }

    let join = joins(if measured { 150 } else { 20 });
    let (time, plans) = median(runs, || rows(&join).0);
    let depth = plans[0].ids().map(|id| plans[0].depth(id) + 1).max().unwrap();
    println!("a join of depth {depth}, {} bytes: {:.1} ms (the mark is 50)", join.len(), ms(time));

    // A tenth and ten times as many nodes, in turns.
    let sizes = [whole / 10, whole, whole * 10];
    let texts = sizes.map(|nodes| partitions(nodes, Style::Json));
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..runs.min(5) {
        for (text, times) in texts.iter().zip(&mut times) {
            let start = Instant::now();
            black_box(rows(text));
            times.push(start.elapsed());
        }
    }
    let times = times.map(middle);
    println!(
        "growth, ten times as many nodes each: x{:.1}, x{:.1}",
        ratio(times[1], times[0]),
        ratio(times[2], times[1])
    );
    for (nodes, time) in sizes.iter().zip(times) {
        println!("    {nodes:>7} nodes {:>9.2} ms", ms(time));
    }

    if measured {
        let made = [
            ("JSON, all there is", partitions(whole, Style::Json)),
            ("JSON, dense", partitions(whole, Style::Dense)),
            ("text", partitions(whole, Style::Text)),
            ("join, JSON", join),
        ];
        let real = real.iter().map(|(name, text)| (name.as_str(), text));
        for (name, text) in made.iter().map(|(name, text)| (*name, text)).chain(real) {
            let path = std::env::temp_dir().join(format!("whyslow-bench-{}.txt", std::process::id()));
            std::fs::write(&path, text).unwrap();
            memory(name, path.to_str().unwrap());
            std::fs::remove_file(&path).unwrap();
        }
    }
}

/// The large plans of real servers, where `WHYSLOW_CORPUS` names their folder.
fn corpus() -> Vec<(String, String)> {
    let Some(folder) = std::env::var_os("WHYSLOW_CORPUS") else { return Vec::new() };
    let folder = Path::new(&folder).join("plans/postgres");
    let text = |name: &str| {
        let plain = folder.join(name);
        if plain.exists() {
            return std::fs::read_to_string(plain).unwrap();
        }
        let out = Command::new("xz").arg("-dc").arg(folder.join(format!("{name}.xz"))).output().unwrap();
        assert!(out.status.success(), "{name} is not in {}", folder.display());
        String::from_utf8(out.stdout).unwrap()
    };
    ["part10000.json", "join150.json"].map(|name| (name.to_owned(), text(name))).into()
}

/// Bytes to rows: the plans with all that is derived from them, and how many rows their trees have.
fn rows(text: &str) -> (Vec<Plan>, usize) {
    let plans = read(text).unwrap();
    let rows = plans.iter().map(|plan| TreeState::new(plan).rows().len()).sum();
    (plans, rows)
}

fn beside_a_plain_parse(runs: usize, name: &str, text: &str) {
    let (mut ours, mut plain, mut counted) = (Vec::new(), Vec::new(), (0, 0));
    for _ in 0..runs {
        let start = Instant::now();
        let (plans, rows) = black_box(rows(text));
        ours.push(start.elapsed());
        counted = (plans.iter().map(Plan::len).sum(), rows);
        let start = Instant::now();
        let value = black_box(serde_json::from_str::<serde_json::Value>(text));
        plain.push(start.elapsed());
        // Text plans and plans deeper than 128 brackets have none.
        if value.is_err() {
            plain.clear();
        }
    }
    let (ours, (nodes, rows)) = (middle(ours), counted);
    println!("{name}: {nodes} nodes, {} bytes, {rows} rows: {:.1} ms", text.len(), ms(ours));
    if !plain.is_empty() {
        let plain = middle(plain);
        println!("    a plain parse: {:.1} ms; ours to it: {:.2} (the mark is 1.5)", ms(plain), ratio(ours, plain));
    }
}

/// The middle time of several runs, and what the last gave.
fn median<T>(runs: usize, mut work: impl FnMut() -> T) -> (Duration, T) {
    let mut times = Vec::new();
    loop {
        let start = Instant::now();
        let got = black_box(work());
        times.push(start.elapsed());
        if times.len() >= runs {
            return (middle(times), got);
        }
    }
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}

/// Reads a file in a process of its own and prints what it held at most.
fn memory(name: &str, path: &str) {
    let out = Command::new(std::env::current_exe().unwrap()).env(CHILD, path).output().unwrap();
    let answer = String::from_utf8(out.stdout).unwrap();
    let numbers: Vec<f64> = answer.split_whitespace().filter_map(|n| n.parse().ok()).collect();
    let [held, kept, size] = numbers[..] else {
        println!("memory of {name}: not measured; this system has no /proc/self/status");
        return;
    };
    println!(
        "memory of {name}: {:.2} times the document's {size:.0} bytes at most, {:.2} at the end (the mark is 6)",
        held * 1024.0 / size,
        kept * 1024.0 / size
    );
}

/// Prints the kilobytes that reading a file took at most, those still held with the plans in hand, and the file's size.
fn child(path: &str) {
    let resident = |what: &str| -> Option<u64> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        status.lines().find_map(|line| line.strip_prefix(what)?.trim().trim_end_matches(" kB").parse().ok())
    };
    let Some(before) = resident("VmHWM:") else { return };
    let text: Arc<str> = std::fs::read_to_string(path).unwrap().into();
    let (plans, error) = read_shared(&text);
    assert!(error.is_none(), "{error:?}");
    let trees: Vec<TreeState> = plans.iter().map(TreeState::new).collect();
    let held = black_box((plans, trees));
    let size = text.len();
    let (most, now) = (resident("VmHWM:").unwrap(), resident("VmRSS:").unwrap());
    println!("{} {} {size}", most - before, now - before);
    drop(held);
}

/// How a plan is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// ANALYZE, VERBOSE and BUFFERS, as the server prints it.
    Json,
    /// ANALYZE alone, without a blank.
    Dense,
    /// ANALYZE, VERBOSE and BUFFERS as text.
    Text,
}

/// A count over the partitions of a table: `nodes` in all.
fn partitions(nodes: usize, style: Style) -> String {
    let members = nodes.saturating_sub(2).max(1);
    let mut out = String::new();
    if style == Style::Text {
        out.push_str(
            "Aggregate  (cost=12196.38..12196.39 rows=1 width=16) (actual time=175.863..177.143 rows=1 loops=1)\n",
        );
        let _ = write!(out, "  Output: count(*), sum(p.v)\n  Buffers: shared hit={members}\n");
        let _ = write!(
            out,
            "  ->  Append  (cost=0.00..11723.19 rows=94638 width=4) (actual time=0.054..171.248 rows=93814 loops=1)\n        Buffers: shared hit={members}\n"
        );
        for i in 0..members {
            let rows = i % 11;
            let _ = write!(
                out,
                "        ->  Seq Scan on s10000.p_{i} p_{}  (cost=0.00..1.12 rows=4 width=4) (actual time=0.0{}..0.0{} rows={rows} loops=1)\n              Output: p_{}.v\n              Filter: (p_{}.v > 5)\n              Rows Removed by Filter: {}\n              Buffers: shared hit=1\n",
                i + 1,
                10 + i % 10,
                20 + i % 70,
                i + 1,
                i + 1,
                10 - rows
            );
        }
        out.push_str("Planning Time: 512.345 ms\nExecution Time: 180.123 ms\n");
        return out;
    }
    let mut json = Json { out, dense: style == Style::Dense, depth: 1 };
    json.out.push_str("[\n  {\n    \"Plan\": {\n      ");
    json.depth = 3;
    json.node(
        "Aggregate",
        &[("Strategy", "\"Plain\""), ("Partial Mode", "\"Simple\"")],
        1,
        &["[\"count(*)\", \"sum(p.v)\"]"],
    );
    json.begin();
    json.node("Append", &[("Parent Relationship", "\"Outer\"")], 93_814, &[]);
    json.field("Subplans Removed", "0");
    json.begin();
    for i in 0..members {
        if i > 0 {
            json.next();
        }
        let (name, alias) = (format!("\"p_{i}\""), format!("\"p_{}\"", i + 1));
        let output = format!("[\"p_{}.v\"]", i + 1);
        let filter = format!("\"(p_{}.v > 5)\"", i + 1);
        let about = [
            ("Parent Relationship", "\"Member\""),
            ("Relation Name", name.as_str()),
            ("Schema", "\"s10000\""),
            ("Alias", alias.as_str()),
        ];
        json.node("Seq Scan", &about, i % 11, &[&output, &filter]);
    }
    json.end();
    json.end();
    json.out.push_str("\n    },\n    \"Planning Time\": 512.345,\n    \"Triggers\": [\n    ],\n    \"Execution Time\": 180.123\n  }\n]\n");
    if style == Style::Dense { json.out.replace("\": ", "\":").replace('\n', "") } else { json.out }
}

/// `count(*)` of a left-deep join of so many tables, and the sort of it: hash joins one inside the other.
fn joins(tables: usize) -> String {
    let mut json = Json { out: "[\n  {\n    \"Plan\": {\n      ".to_owned(), dense: false, depth: 3 };
    json.node("Aggregate", &[("Strategy", "\"Plain\""), ("Partial Mode", "\"Simple\"")], 1, &["[\"count(*)\"]"]);
    json.begin();
    // A node prints the columns of every table below it.
    let output = |tables: usize| {
        let columns: Vec<String> = (1..=tables).map(|i| format!("\"t{i}.id\", \"t{i}.payload\"")).collect();
        format!("[{}]", columns.join(", "))
    };
    for table in (2..=tables).rev() {
        let on = format!("\"(t1.id = t{table}.id)\"");
        json.node(
            "Hash Join",
            &[("Parent Relationship", "\"Outer\""), ("Join Type", "\"Inner\"")],
            50,
            &[&output(table)],
        );
        json.field("Inner Unique", "true");
        json.field("Hash Cond", &on);
        json.begin();
    }
    scan(&mut json, 1, "Outer");
    for table in 2..=tables {
        json.next();
        json.node("Hash", &[("Parent Relationship", "\"Inner\"")], 50, &[]);
        json.field("Hash Buckets", "1024");
        json.field("Hash Batches", "1");
        json.begin();
        scan(&mut json, table, "Outer");
        json.end();
        json.end();
    }
    json.end();
    json.out.push_str("\n    },\n    \"Planning Time\": 21.5,\n    \"Execution Time\": 24.1\n  }\n]\n");
    json.out
}

fn scan(json: &mut Json, table: usize, role: &str) {
    let (name, role) = (format!("\"t{table}\""), format!("\"{role}\""));
    let about =
        [("Parent Relationship", role.as_str()), ("Relation Name", &name), ("Schema", "\"public\""), ("Alias", &name)];
    json.node("Seq Scan", &about, 50, &[&format!("[\"t{table}.id\", \"t{table}.payload\"]")]);
}

/// Writes nodes as `explain.c` does.
struct Json {
    out: String,
    /// Only what ANALYZE prints.
    dense: bool,
    depth: usize,
}

impl Json {
    fn margin(&self) -> String {
        if self.dense { String::new() } else { "  ".repeat(self.depth) }
    }

    fn field(&mut self, key: &str, value: &str) {
        let margin = self.margin();
        let _ = write!(self.out, ",\n{margin}\"{key}\": {value}");
    }

    /// A node but for its end; `output` is its columns and, for a scan, its filter.
    fn node(&mut self, kind: &str, about: &[(&str, &str)], rows: usize, output: &[&str]) {
        let _ = write!(self.out, "\"Node Type\": \"{kind}\"");
        for (key, value) in about {
            self.field(key, value);
        }
        let rows = rows.to_string();
        for (key, value) in [
            ("Parallel Aware", "false"),
            ("Async Capable", "false"),
            ("Startup Cost", "0.00"),
            ("Total Cost", "11723.19"),
            ("Plan Rows", "4"),
            ("Plan Width", "4"),
            ("Actual Startup Time", "0.052"),
            ("Actual Total Time", "0.054"),
            ("Actual Rows", &rows),
            ("Actual Loops", "1"),
        ] {
            self.field(key, value);
        }
        if !self.dense
            && let Some(columns) = output.first()
        {
            self.field("Output", columns);
        }
        if let Some(filter) = output.get(1) {
            self.field("Filter", filter);
            self.field("Rows Removed by Filter", "6");
        }
        if self.dense {
            return;
        }
        for scope in ["Shared", "Local", "Temp"] {
            for kind in ["Hit", "Read", "Dirtied", "Written"] {
                if scope != "Temp" || matches!(kind, "Read" | "Written") {
                    self.field(
                        &format!("{scope} {kind} Blocks"),
                        if scope == "Shared" && kind == "Hit" { "1" } else { "0" },
                    );
                }
            }
        }
    }

    fn begin(&mut self) {
        let margin = self.margin();
        self.depth += 2;
        let inner = self.margin();
        let _ = write!(self.out, ",\n{margin}\"Plans\": [\n{margin}  {{\n{inner}");
    }

    fn next(&mut self) {
        let margin = self.margin();
        let outer = margin.get(2..).unwrap_or_default().to_owned();
        let _ = write!(self.out, "\n{outer}}},\n{outer}{{\n{margin}");
    }

    fn end(&mut self) {
        self.depth -= 2;
        let margin = self.margin();
        let _ = write!(self.out, "\n{margin}  }}\n{margin}]");
    }
}
