//! Real documents, damaged, for as long as one likes: `WHYSLOW_FUZZ_SECONDS=3600 cargo bench --bench fuzz`.
//!
//! Every fixture is a seed, and every file below `WHYSLOW_FUZZ_SEEDS` (folders, as in `PATH`) is one more. A document is cut,
//! spliced with others, its lines, words, digits and brackets changed; whatever comes of it must be read to plans or to
//! an error, in time, and what is read must be sound in all that is derived and shown. What fails is kept in
//! `WHYSLOW_FUZZ_FOUND` (a folder; the temporary one by default), and the run goes on; at its end failures are a failure.
//! Without `--bench` it runs for a second, to show that it can.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a runner prints, and fails by panicking"
)]

use std::{
    cell::RefCell,
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use whyslow::{
    diagnose::diagnose,
    export::{self, Report},
    plan::{NodeId, Plan, Role, diff::diff},
    read::read_partial,
};

/// A document of so many bytes may take so long, and each megabyte more as long again. Wide: machines are shared.
const SLOW: Duration = Duration::from_secs(4);
/// Larger seeds would take the time of thousands of small ones.
const LARGE: u64 = 300_000;

thread_local! {
    static WHERE: RefCell<String> = const { RefCell::new(String::new()) };
}

fn main() {
    let measured = std::env::args().any(|argument| argument == "--bench");
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let seconds = number("WHYSLOW_FUZZ_SECONDS").unwrap_or(if measured { 60 } else { 1 });
    let seed = number("WHYSLOW_FUZZ_SEED").unwrap_or_else(|| u64::from(std::process::id()) | 1 << 40);
    let found = std::env::var_os("WHYSLOW_FUZZ_FOUND").map_or_else(std::env::temp_dir, PathBuf::from);
    let documents = documents();
    println!("{} documents, seed {seed}, {seconds} s; findings go to {}", documents.len(), found.display());
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|at| format!("{}:{}: ", at.file(), at.line())).unwrap_or_default();
        let what = info.payload_as_str().unwrap_or("?");
        WHERE.with_borrow_mut(|kept| *kept = format!("{place}{}", what.chars().take(300).collect::<String>()));
    }));
    let mut random = Random(seed);
    let (start, mut told) = (Instant::now(), Instant::now());
    let (mut runs, mut read, mut broken, mut slowest) = (0_u64, 0_u64, 0_u64, Duration::ZERO);
    let mut failures = BTreeSet::new();
    while start.elapsed().as_secs() < seconds {
        let text = harmed(&documents, &mut random);
        let begin = Instant::now();
        let mut fault = match catch_unwind(AssertUnwindSafe(|| check(&text))) {
            Ok((plans, error)) => {
                read += u64::from(plans > 0);
                broken += u64::from(error);
                None
            }
            Err(_) => Some(WHERE.take()),
        };
        let time = begin.elapsed();
        slowest = slowest.max(time);
        let megabytes = u32::try_from(text.len() >> 20).unwrap_or(u32::MAX);
        if time > SLOW * (megabytes + 1) {
            fault = fault.or(Some(format!("took {time:?}")));
        }
        runs += 1;
        if let Some(fault) = fault {
            // One document a place is enough to mend it.
            let place = fault.split(": ").next().unwrap_or_default().to_owned();
            if failures.insert(place) {
                let path = found.join(format!("whyslow-fuzz-{seed}-{runs}.txt"));
                std::fs::write(&path, &text).unwrap();
                println!("{fault}\n    {}", path.display());
            }
        }
        if told.elapsed().as_secs() >= 300 {
            told = Instant::now();
            println!("{:>6} s  {runs} documents", start.elapsed().as_secs());
        }
    }
    println!(
        "{runs} documents in {} s: {read} gave plans, {broken} an error; the slowest took {slowest:.2?}; {} kinds of failure",
        start.elapsed().as_secs(),
        failures.len()
    );
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Reads a text and everything that follows from it; gives the number of plans and whether there was an error.
fn check(text: &str) -> (usize, bool) {
    let (plans, error) = read_partial(text);
    assert!(error.is_some() || !plans.is_empty(), "neither a plan nor an error");
    if let Some(error) = &error {
        let lines = text.lines().count().max(1);
        assert!(error.line >= 1 && error.line as usize <= lines + 1, "an error beyond the text: {error}");
        assert!(error.column >= 1 && !error.expected.is_empty() && !error.found.is_empty(), "an empty error: {error}");
        let sound = |words: &str| words.chars().all(|c| !c.is_control() && c != '\u{1b}');
        assert!(sound(&error.to_string()), "control characters in an error");
    }
    // A damaged log may hold hundreds: a few tell as much.
    for plan in plans.iter().take(8) {
        sound(plan);
        let findings = diagnose(plan, None);
        let report = Report::new(plan, &findings);
        let shown = export::text::render(&[report], &export::text::Options::default());
        assert!(!shown.contains('\u{1b}'), "an escape character is shown");
        let odd = |word: &str| ["NaN", "inf", "-inf", "-0"].contains(&word) && !text.contains(word);
        assert!(!shown.split_whitespace().any(odd), "no number: {shown}");
        let json = export::json::document(&[report]).unwrap();
        let again = serde_json::from_str::<serde_json::Value>(&json);
        assert!(again.is_ok() || plan.len() > 20, "our own document is no JSON");
    }
    for pair in plans.windows(2).take(3) {
        let _ = diff(&pair[0], &pair[1]);
    }
    (plans.len(), error.is_some())
}

/// The shape of the arena, and that no number is negative, infinite or none.
fn sound(plan: &Plan) {
    let mut sum = 0.0;
    for id in plan.ids() {
        let (node, derived) = (plan.node(id), plan.derived(id));
        let waits = derived
            .self_io
            .as_ref()
            .map(|io| [io.read_ms, io.write_ms, io.temp_read_ms, io.temp_write_ms])
            .unwrap_or_default();
        let numbers = [
            derived.wall_ms,
            derived.self_ms,
            derived.self_cost,
            derived.q_error,
            derived.share,
            Some(derived.processes),
            plan.awaited_ms(id),
            derived.blame,
        ];
        for n in numbers.into_iter().flatten().chain(waits) {
            assert!(n.is_finite() && n >= 0.0, "node {} has {derived:?}", id.0);
        }
        let inside = |up: NodeId| up < id && plan.end(id) <= plan.end(up);
        assert!(plan.end(id) > id && plan.parent(id).is_none_or(inside), "no pre-order at node {}", id.0);
        assert!(node.line.is_some_and(|line| line >= 1), "node {} knows no line", id.0);
        assert!(plan.depth(id) == plan.parent(id).map_or(0, |up| plan.depth(up) + 1), "depth of node {}", id.0);
        sum += derived.self_ms.unwrap_or(0.0);
    }
    let whole = plan.derived(NodeId::ROOT).wall_ms.unwrap_or(0.0);
    // A CTE that writes and that nobody reads runs after the plan's own time: it may come on top.
    let after = |id: NodeId| matches!(plan.node(id).role, Role::Cte | Role::InitPlan);
    let most: f64 = plan.ids().filter(|id| after(*id)).filter_map(|id| plan.derived(id).wall_ms).sum();
    let slack = whole * 0.01 + 0.001;
    assert!(
        whole - slack <= sum && sum <= whole + most * 1.01 + slack,
        "self times add up to {sum}, the root took {whole}"
    );
}

/// Texts of every fixture and of the folders that were named; a file that holds a format a section is one text a section.
fn documents() -> Vec<String> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")];
    folders.extend(std::env::var_os("WHYSLOW_FUZZ_SEEDS").iter().flat_map(std::env::split_paths));
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let (path, kind) = (entry.path(), entry.file_type());
            if kind.is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if entry.metadata().is_ok_and(|data| data.len() < LARGE)
                && let Ok(text) = std::fs::read_to_string(&path)
            {
                if path.extension().is_some_and(|ending| ending == "plans") {
                    let sections = text.split("==== ").filter_map(|part| part.split_once('\n'));
                    found.extend(sections.map(|(_, text)| text.to_owned()));
                } else {
                    found.push(text);
                }
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014): `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 for 0.
    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % (n.max(1) as u64)).unwrap_or(0)
    }

    fn of<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }

    /// A place in a text where a character begins.
    fn place(&mut self, text: &str) -> usize {
        let at = self.below(text.len() + 1);
        (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
    }

    /// A short range of a text; mostly a few bytes, seldom much.
    fn range(&mut self, text: &str) -> std::ops::Range<usize> {
        let most = *self.of(&[4, 40, 40, 300, 4000]);
        let (from, length) = (self.place(text), self.below(most));
        let to = (from + length).min(text.len());
        from..(to..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
    }

    /// The range of a line, its end included.
    fn line(&mut self, text: &str) -> std::ops::Range<usize> {
        let at = self.place(text);
        let from = text[..at].rfind('\n').map_or(0, |before| before + 1);
        from..text[at..].find('\n').map_or(text.len(), |after| at + after + 1)
    }
}

/// What the readers look for, and what they should not trip over.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "\n", "\r\n", "\r", "\t", "  ", "\"", "'", "''", "`", "\\", "\\n", "\\u0000", "\u{0}", "\u{1b}[31m", "\u{feff}", "é", "😀", "(", ")",
    "{", "}", "[", "]", "{\"", "[{", ",", ":", ": ", "- ", "|", " | ", "│", "║", "+", "↵", "->", "->  ", "-> ", "<", ">", "</Plan>",
    "<Plan>", "<Plans>", "&", "&lt;", "&#0;", "<![CDATA[", "null", "true", "0", "-1", "-0", "1e999", "1e-999", "NaN", "Infinity",
    "18446744073709551616", "0.00", "Plan:", "\"Plan\": ", "\"Plans\": [", "\"Node Type\": \"Seq Scan\",", "Node Type: \"Result\"",
    "(cost=", "(cost=0.00..1.00 rows=1 width=4)", "(actual time=", "(actual rows=1 loops=1)", "(never executed)", "CTE x", "InitPlan 1 (returns $0)",
    "SubPlan 1", "Worker 0:  ", "Workers:", "JIT:", "Planning Time: 1 ms", "Buffers: shared hit=1", "QUERY PLAN", "(1 row)", "(7 rows)",
    "-[ RECORD 1 ]-", "Query Text: ", "LOG:  duration: 1 ms  plan:", "*************************** 1. row ***************************",
    "EXPLAIN: ", "Select #2 (subquery in projection; dependent)", "<derived2>", "<union1,2>", "<subquery2>", "└─", "query_block",
    "{\"query_block\": {\"select_id\": 1, \"table\": {\"table_name\": \"t\", \"access_type\": \"ALL\"}}}",
    "{\"query_plan\": {\"operation\": \"x\"}}", "select_type", "id\tselect_type\ttable\ttype\tkey\trows\tExtra\n1\tSIMPLE\tt\tALL\t\t1\t\n",
];

fn harmed(documents: &[String], random: &mut Random) -> String {
    let mut text = random.of(documents).clone();
    // A few times whole documents stand one behind another, or one inside the other.
    if random.below(12) == 0 {
        let other = random.of(documents);
        let at = if random.below(2) == 0 { text.len() } else { random.place(&text) };
        text.insert_str(at, other);
    }
    for _ in 0..=random.below(8) {
        harm(&mut text, documents, random);
        text.truncate((0..=2_000_000.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0));
    }
    text
}

/// One change.
fn harm(text: &mut String, documents: &[String], random: &mut Random) {
    match random.below(16) {
        0 => text.truncate(random.place(text)),
        1 => text.replace_range(..random.place(text), ""),
        2 | 3 => text.replace_range(random.range(text), ""),
        4 => {
            let part = text[random.range(text)].to_owned();
            let times = *random.of(&[1, 1, 1, 2, 50]);
            text.insert_str(random.place(text), &part.repeat(times));
        }
        5..=7 => text.insert_str(random.place(text), random.of::<&str>(WORDS)),
        8 => {
            // A piece of another document, of the same format or not.
            let other = random.of(documents);
            let piece = &other[random.range(other)];
            text.replace_range(random.range(text), piece);
        }
        9 => text.replace_range(random.line(text), ""),
        10 => {
            let line = text[random.line(text)].to_owned();
            text.replace_range(random.line(text), &line);
        }
        11 => {
            let line = random.line(text);
            if random.below(2) == 0 {
                text.insert_str(line.start, &" ".repeat(random.below(30)));
            } else {
                let blanks = text[line.clone()].len() - text[line.clone()].trim_start_matches(' ').len();
                text.replace_range(line.start..line.start + random.below(blanks + 1), "");
            }
        }
        12 => digits(text, random),
        13 => {
            // Everywhere at once, as an editor or a client does it.
            let (from, to) = *random.of(&[
                ("\n", "\r\n"),
                ("  ", "\t"),
                ("  ", " "),
                ("  ", "\u{a0}\u{a0}"),
                ("\"", "“"),
                ("\"", "\"\""),
                ("\"", "\\\""),
                ("\n", "+\n"),
                ("\n", "\n\n"),
                ("\n", " "),
                ("\n", "\n> "),
                ("\n", "\\n"),
                ("->", "→"),
                (": ", ":"),
                ("(", "（"),
            ]);
            *text = text.replace(from, to);
        }
        14 => {
            // Broken at a column, as a terminal or a mail does it.
            let most = 20 + random.below(100);
            let mut out = String::with_capacity(text.len() + text.len() / most);
            let mut column = 0;
            for c in text.chars() {
                column = if c == '\n' { 0 } else { column + 1 };
                if column > most {
                    out.push('\n');
                    column = 1;
                }
                out.push(c);
            }
            *text = out;
        }
        _ => {
            let swapped = random.range(text);
            let upper = random.below(2) == 0;
            let part = &text[swapped.clone()];
            let part = if upper { part.to_uppercase() } else { part.chars().rev().collect() };
            text.replace_range(swapped, &part);
        }
    }
}

/// Another number in the place of one.
fn digits(text: &mut String, random: &mut Random) {
    let from = random.place(text);
    let Some(start) = text[from..].find(|c: char| c.is_ascii_digit()).map(|at| from + at) else { return };
    let end = text[start..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |at| start + at);
    let number = *random.of(&[
        "0",
        "-7",
        "1",
        "999999999999",
        "1e308",
        "0.001",
        "1.5",
        "",
        "x",
        "18446744073709551615",
        "1,5",
        "1 000",
    ]);
    text.replace_range(start..end, number);
}
