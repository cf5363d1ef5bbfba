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
    fmt::Write as _,
    hint::black_box,
    time::{Duration, Instant},
};

use ratatui::{Terminal, backend::TestBackend};
use whyslow::{
    app::{Message, Model, Setup, on_key, update},
    diagnose::diagnose,
    keys::Key,
    read::read,
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
    let mut model = open();
    let down: Key = "j".parse().unwrap();
    report(runs, "a key and the next paint", || {
        let message = on_key(&model, down).unwrap();
        update(&mut model, message);
        update(&mut model, Message::Tick(Duration::from_millis(16)));
        let mut rows = 0;
        terminal.draw(|frame| rows = draw(frame, &model, &theme).page).unwrap();
        rows
    });
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
