//! Sizes, themes and big plans.

use std::time::Instant;

use whyslow::{
    app::{Message, Setup},
    plan::{Engine, Node, NodeId, Operator, PlanBuilder, Relation, Role, Timing},
    theme::{ASCII, Depth, Theme, UNICODE},
};

use super::{Harness, answers};

fn open_orders() -> Harness {
    Harness::connected(answers::fixture("open-orders.sql").trim())
}

/// The sizes at which every view is looked at.
pub(super) const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// Every view, and the keys that lead to it.
pub(super) const VIEWS: [(&str, &str); 21] = [
    ("query", "<home>"),
    ("plan", "<F6>"),
    ("findings", "<F6><tab>"),
    ("indexes", "<F7>"),
    ("together", "<F7><space><space>t"),
    ("without", "<F6>D<ret>"),
    ("compare", "<F7><ret>"),
    ("flat", "<F6>:view-table<ret>"),
    ("sums", "<F6>:view-sums<ret>"),
    ("flame", "<F6>:view-flame<ret>"),
    ("text", "<F6>:view-text<ret>"),
    ("table", "<F6>t"),
    ("history", "<F5>a5"),
    ("statements", "<F5>6"),
    ("connections", "<F5>7"),
    ("palette", "<F6>:"),
    ("help", "<F6>?"),
    ("about", "<F7><ret><ret>"),
    ("method", "<F7>m"),
    ("what-if", "<F6>W"),
    ("note", "<F6>A"),
];

#[test]
fn every_view_at_every_size_as_snapshots() {
    let light = Theme::built_in(false, Depth::True, &UNICODE);
    let ascii = Theme::built_in(true, Depth::True, &ASCII);
    for (width, height) in SIZES {
        for (view, keys) in VIEWS {
            let mut screen = open_orders().size(width, height).keys(keys);
            insta::assert_snapshot!(format!("{view}_{width}x{height}"), screen.screens(&light, &ascii));
        }
        let setup = Setup { connect: true, place: "demo".into(), samples: answers::samples(), ..Setup::default() };
        let mut start = Harness::new(setup).size(width, height);
        insta::assert_snapshot!(format!("start_{width}x{height}"), start.screens(&light, &ascii));
    }
}

#[test]
fn no_size_and_no_view_breaks_the_drawing() {
    for keys in [
        "",
        "<F5>",
        "<F6><tab>",
        "<F6><tab><tab>",
        "<F7>",
        "<F7><tab>",
        "<F7><ret>",
        "<F6>?",
        "<F6>/orders",
        "<F6>:",
        "<F6>v",
        "<F6>vv",
        "<F6>vvv",
        "<F6>V",
        "<F6>t",
        "<F6>5",
        "<F6>6",
        "<F6>7",
        "<F7>i",
        "<F6>A",
        "<ctrl-o>",
    ] {
        let mut screen = open_orders().keys(keys);
        for (width, height) in
            [(40, 10), (41, 11), (60, 12), (80, 10), (40, 60), (109, 23), (110, 24), (150, 28), (400, 120)]
        {
            screen = screen.size(width, height);
            let text = screen.text();
            assert!(!text.contains("too small"), "{keys} at {width}x{height}");
            assert_eq!(text.lines().count(), usize::from(height));
        }
        for (width, height) in [(39, 10), (40, 9), (1, 1), (2, 24)] {
            screen = screen.size(width, height);
            assert!(screen.text().starts_with(['t', 'o']), "{width}x{height}: {}", screen.text());
        }
    }
}

#[test]
fn at_40x10_the_tree_still_tells_operator_and_number() {
    let text = open_orders().size(40, 10).keys("<F6>").text();
    assert!(text.contains("Nested Loop") && text.contains("Seq") && text.contains("self time"), "{text}");
}

#[test]
fn ascii_drawing_needs_nothing_but_ascii() {
    let theme = Theme::built_in(true, Depth::None, &ASCII);
    for keys in [
        "",
        "<F6>",
        "<F6><tab>",
        "<F7>",
        "<F7><ret>",
        "<F6>?",
        "<F6>:",
        "<F6>v",
        "<F6>vv",
        "<F6>vvv",
        "<F6>V",
        "<F6>t",
        "<F6>5",
        "<F6>An",
    ] {
        let screen = open_orders().size(160, 50).theme(theme.clone()).keys(keys);
        let strange: String = screen.text().chars().filter(|c| !c.is_ascii()).collect();
        assert_eq!(strange, "", "after {keys}:\n{}", screen.text());
    }
}

#[test]
fn without_colours_everything_is_still_said() {
    let theme = Theme::built_in(true, Depth::None, &whyslow::theme::UNICODE);
    let screen = open_orders().size(120, 40).theme(theme).keys("<F7><ret>");
    let (buffer, _) = screen.buffer();
    assert!(
        buffer.content.iter().all(|c| c.fg == ratatui::style::Color::Reset && c.bg == ratatui::style::Color::Reset)
    );
    let text = screen.text();
    assert!(text.contains("proved") && text.contains("index used"), "{text}");
}

/// A plan of so many nodes, the cursor at its end.
fn at_the_end(n: u32) -> Harness {
    Harness::plan(answers::big(n, 5)).size(120, 40).keys("G")
}

/// The time from a key to the next frame.
fn key_to_frame(screen: &mut Harness, round: u32) -> std::time::Duration {
    let key = if round.is_multiple_of(2) { "k" } else { "j" }.parse().unwrap();
    let start = Instant::now();
    if let Some(message) = whyslow::app::on_key(&screen.model, key) {
        drop(whyslow::app::update(&mut screen.model, message));
    }
    drop(screen.buffer());
    start.elapsed()
}

#[test]
fn a_key_on_ten_thousand_nodes_is_drawn_like_one_on_two_hundred() {
    let (mut few, mut many) = (at_the_end(200), at_the_end(10_000));
    let (mut small, mut big) = (std::time::Duration::MAX, std::time::Duration::MAX);
    // One after the other, so that both meet the same load; the least of many counts.
    for round in 0..60 {
        small = small.min(key_to_frame(&mut few, round));
        big = big.min(key_to_frame(&mut many, round));
    }
    assert!(big < small * 3 / 2 + std::time::Duration::from_micros(500), "{small:?} on 200 nodes, {big:?} on 10,000");
}

#[test]
fn a_plan_of_150_levels_keeps_its_operators_on_the_screen() {
    let text = Harness::plan(answers::big(151, 150)).keys("G").text();
    assert!(text.contains("Seq Scan on part_150") && text.contains("…1"), "{text}");
}

#[test]
fn an_escape_sequence_from_a_server_is_shown_and_not_sent() {
    let mut builder = PlanBuilder::new();
    let mut node = Node::new(Role::Root, Operator::SeqScan, "Seq\x1b[2J Scan");
    node.relation = Some(Relation { schema: None, name: "a\x1b]0;x\x07\u{9b}1mb".into(), alias: None });
    node.conditions.filter = Some("x = '\x1b[31m\u{202e}'".into());
    node.extra.push(("k\x1by".into(), "v\x07".into()));
    builder.push(None, node).unwrap();
    let mut plan = builder.finish(Engine::PostgreSql).unwrap();
    plan.query = Some("select '\x1b[2J'".into());
    assert_eq!(plan.title(NodeId::ROOT).matches('\x1b').count(), 0);
    for keys in ["", "<tab>", "1", "1<esc>"] {
        let screen = Harness::plan(plan.clone()).size(120, 40).keys(keys);
        let (buffer, _) = screen.buffer();
        for cell in &buffer.content {
            assert!(!cell.symbol().contains(|c: char| c.is_control() || c == '\u{202e}'), "{:?}", cell.symbol());
        }
        assert!(screen.text().contains('␛'), "{}", screen.text());
    }
}

/// Texts as a server could send them: control and escape characters, other scripts, marks that combine, names without a blank,
/// nothing at all.
const HOSTILE: [&str; 6] = [
    "\u{1b}[2J\u{1b}]0;x\u{7}\r\n\t\0",
    "日本語日本語日本語日本語日本語日本語日本語日本語",
    "e\u{301}\u{301}\u{301}\u{200b}\u{200d}👩\u{200d}👩\u{200d}👧\u{202e}abc\u{202c}",
    "",
    "                                                            ",
    "x",
];

/// A screen whose every text from outside is hostile.
fn hostile(text: &str) -> Harness {
    let long = text.repeat(if text == "x" { 1_500 } else { 3 });
    let mut builder = PlanBuilder::new();
    for (parent, operator) in [(None, Operator::NestedLoop), (Some(NodeId(0)), Operator::SeqScan)] {
        let mut node = Node::new(if parent.is_none() { Role::Root } else { Role::Inner }, operator, &long);
        node.relation = Some(Relation { schema: Some(long.clone()), name: long.clone(), alias: Some(long.clone()) });
        node.index = Some(long.clone());
        node.cost.total = Some(f64::INFINITY);
        node.rows.estimated = Some(-1.0);
        node.rows.actual = Some(1e300);
        node.rows.loops = Some(f64::NAN);
        node.timing = Some(Timing::PerLoop { first_ms: 0.0, last_ms: 1e300 });
        builder.push(parent, node).unwrap();
    }
    let mut plan = builder.finish(Engine::PostgreSql).unwrap();
    plan.analyzed = true;
    plan.query = Some(long.clone());
    plan.source = long.clone().into();
    let screen = answers::hostile(&long);
    let setup = Setup {
        connect: true,
        place: long.clone(),
        draft: Some(format!("{long};\n{long}")),
        plans: vec![plan],
        samples: screen.samples,
        runs: screen.runs,
        ..Setup::default()
    };
    let mut out = Harness::new(setup).lenient();
    out.send(Message::Connected(Box::new(screen.info)));
    out.send(Message::Servers(screen.servers));
    out.send(Message::Warn(long));
    out
}

#[test]
fn every_view_survives_every_size_with_hostile_texts() {
    for text in HOSTILE {
        for keys in [
            "2",
            "2v",
            "2vv",
            "2vvv",
            "2V",
            "2<tab>",
            "2<tab><tab>",
            "2t",
            "2D",
            "1",
            "1<F8>",
            "1<ctrl-r>",
            "1<ctrl-o>",
            "0",
            "3",
            "4",
            "5",
            "6",
            "7",
            "2?",
            "2:",
            "2:messages<ret>",
            "2A",
            "2/x",
        ] {
            let mut screen = hostile(text).keys("<esc>").keys(keys);
            for (width, height) in
                [(40, 10), (41, 11), (52, 13), (63, 17), (64, 18), (80, 24), (89, 25), (110, 26), (150, 40), (200, 60)]
            {
                screen = screen.size(width, height);
                let (buffer, _) = screen.buffer();
                let loose = buffer.content.iter().find(|cell| cell.symbol().chars().any(char::is_control));
                assert!(loose.is_none(), "{keys} at {width}x{height} with {text:?}: {loose:?}");
            }
        }
    }
}
