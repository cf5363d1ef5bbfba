//! How long a plan of 10,000 nodes takes from its text to the screen: `cargo bench`. `WHYSLOW_BENCH_PLAN` names another plan's file.
//!
//! Prints the median of several runs and what was counted, so that a number without its work cannot look good.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a measurement prints, and fails by panicking"
)]

use std::{
    cell::Cell,
    fmt::Write as _,
    hint::black_box,
    io::Write,
    rc::Rc,
    time::{Duration, Instant},
};

use ratatui::{Terminal, TerminalOptions, Viewport, backend::TestBackend, layout::Rect};
use whyslow::{
    app::{Extents, Message, Model, Setup, on_key, update},
    catalog::{NamedTable, Names},
    diagnose::diagnose,
    plan::{Engine, Plan},
    read::read,
    runtime::Lean,
    sql::complete,
    theme::{Depth, Theme, UNICODE},
    ui::draw,
};

const RUNS: usize = 15;

fn main() {
    // `cargo test --benches` only wants to know whether it runs.
    let runs = if std::env::args().any(|argument| argument == "--bench") { RUNS } else { 1 };
    let text = std::env::var("WHYSLOW_BENCH_PLAN")
        .map_or_else(|_| partitions(10_000), |path| std::fs::read_to_string(path).unwrap());
    let plans = read(&text).unwrap();
    let plan = &plans[0];
    println!("{} nodes, {} bytes of text, median of {runs}", plan.len(), text.len());

    report(runs, "read", || read(&text).unwrap().len());
    report(runs, "diagnose", || diagnose(plan, None).len());

    let theme = Theme::built_in(true, Depth::True, &UNICODE);
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
    let open = || Model::new(Setup { plans: read(&text).unwrap(), ..Setup::default() }).0;
    report(runs, "read, open and first paint", || {
        let model = open();
        let mut rows = 0;
        terminal.draw(|frame| rows = draw(frame, &model, &theme).page).unwrap();
        rows
    });
    let cost = |nodes: usize| {
        let text = partitions(nodes);
        keys(runs, &format!("a key and its frame, {nodes} nodes"), &read(&text).unwrap()[0])
    };
    let (small, big) = (cost(200), cost(10_000));
    let ratio = big.as_secs_f64() / small.as_secs_f64();
    println!("10,000 nodes to 200: {ratio:.2} (the mark is 1.5), {:.3} ms (the mark is 2)", big.as_secs_f64() * 1e3);
    keys(runs, "a key and its frame, this plan", plan);

    let names = names(10_000);
    for typed in
        ["select * from table_99", "select o.tot from table_9999 o", "select cust from table_5000 o, table_7 p"]
    {
        // The cursor stands behind the first word that is begun.
        let at = typed.find(" from t").filter(|_| !typed.starts_with("select *")).unwrap_or(typed.len());
        let suggested = || complete(typed, at, Engine::PostgreSql, &names).map_or(0, |found| found.items.len());
        report(runs, "a word among 10,000 tables", suggested);
    }
}

/// A catalog of so many tables with ten columns each.
fn names(tables: usize) -> Names {
    let columns = ["id", "customer_id", "status", "created_at", "total", "note", "a", "b", "c", "d"];
    let table = |n: usize| NamedTable {
        schema: "public".to_owned(),
        name: format!("table_{n}"),
        columns: columns.map(str::to_owned).to_vec(),
    };
    Names { tables: (0..tables).map(table).collect() }
}

/// Time from a key to its frame as bytes for a terminal of 120x40, everything unfolded and the cursor in the middle; prints
/// the bytes too, with the details of the node beside the tree and with the tree alone.
fn keys(runs: usize, what: &str, plan: &Plan) -> Duration {
    let theme = Theme::built_in(true, Depth::True, &UNICODE);
    let mut middle = Duration::ZERO;
    for (area, label) in [(Rect::new(0, 0, 120, 40), what), (Rect::new(0, 0, 120, 13), "  the tree alone")] {
        let (mut model, _) = Model::new(Setup { plans: vec![plan.clone()], ..Setup::default() });
        let bytes = Rc::new(Cell::new(0));
        let options = TerminalOptions { viewport: Viewport::Fixed(area) };
        let backend = Lean::new(Counted(Rc::clone(&bytes)));
        let mut terminal = Terminal::with_options(backend, options).unwrap();
        let mut press = |key: &str| {
            let start = Instant::now();
            if let Some(message) = on_key(&model, key.parse().unwrap()) {
                update(&mut model, message);
            }
            let mut extents = Extents::default();
            terminal.draw(|frame| extents = draw(frame, &model, &theme)).unwrap();
            update(&mut model, Message::Measured(extents));
            start.elapsed()
        };
        for key in ["j", "+", "pagedown", "pagedown", "pagedown"] {
            press(key);
        }
        let mut times = Vec::new();
        let mut sent = Vec::new();
        for key in ["j", "j", "k", "j"].iter().cycle().take(runs * 8) {
            let before = bytes.get();
            times.push(press(key));
            sent.push(bytes.get() - before);
        }
        times.sort_unstable();
        sent.sort_unstable();
        let (time, middle_sent, most) = (times[times.len() / 2], sent[sent.len() / 2], sent[sent.len() - 1]);
        let ms = time.as_secs_f64() * 1000.0;
        println!("{label:<36} {ms:>10.3} ms   ({middle_sent} bytes, {most} at most)");
        if middle.is_zero() {
            middle = time;
        }
    }
    middle
}

/// Counts what would go to a terminal.
struct Counted(Rc<Cell<usize>>);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.set(self.0.get() + bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn report(runs: usize, what: &str, mut work: impl FnMut() -> usize) {
    let mut counted = 0;
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            counted = black_box(work());
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    println!("{what:<28} {:>10.3} ms   ({counted} counted)", times[times.len() / 2].as_secs_f64() * 1000.0);
}

/// EXPLAIN (ANALYZE, FORMAT JSON) of PostgreSQL for a sort over an Append of partitions: `nodes` in all.
fn partitions(nodes: usize) -> String {
    let actual = |rows: usize| {
        format!(
            r#""Plan Rows": {}, "Plan Width": 36, "Actual Startup Time": 0.011, "Actual Total Time": 0.052, "Actual Rows": {rows}, "Actual Loops": 1"#,
            rows + 7
        )
    };
    let mut text = format!(
        r#"[{{"Plan": {{"Node Type": "Sort", "Startup Cost": 900.0, "Total Cost": 9000.0, {}, "Sort Key": ["m.at"], "Sort Method": "external merge", "Sort Space Used": 4096, "Sort Space Type": "Disk",
 "Plans": [{{"Node Type": "Append", "Parent Relationship": "Outer", "Startup Cost": 0.0, "Total Cost": 800.0, {}, "Plans": ["#,
        actual(nodes * 9),
        actual(nodes * 9),
    );
    for partition in 0..nodes - 2 {
        let comma = if partition == 0 { "" } else { "," };
        let _ = write!(
            text,
            r#"{comma}
  {{"Node Type": "Seq Scan", "Parent Relationship": "Member", "Relation Name": "measurement_{partition}", "Schema": "public", "Alias": "m_{partition}", "Startup Cost": 0.0, "Total Cost": 0.08, {}, "Filter": "(m_{partition}.value > '10'::double precision)", "Rows Removed by Filter": {}, "Shared Hit Blocks": 3}}"#,
            actual(partition % 100),
            partition % 17,
        );
    }
    text.push_str("]}]}, \"Planning Time\": 12.5, \"Execution Time\": 841.25}]");
    text
}
