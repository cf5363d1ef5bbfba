//! Sizes, themes and big plans.

use std::time::Instant;

use whyslow::{
    plan::{Engine, Node, NodeId, Operator, PlanBuilder, Relation, Role},
    theme::{ASCII, Depth, Theme},
};

use super::{Harness, answers};

fn open_orders() -> Harness {
    Harness::connected(answers::fixture("open-orders.sql").trim())
}

#[test]
fn every_view_at_every_size_as_snapshots() {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        for (view, keys) in [("plan", "<F6>"), ("findings", "<F6><tab>"), ("indexes", "<F7>"), ("compare", "<F7><ret>")]
        {
            let screen = open_orders().size(width, height).keys(keys);
            insta::assert_snapshot!(format!("{view}_{width}x{height}"), screen.screen());
        }
    }
}

#[test]
fn no_size_and_no_view_breaks_the_drawing() {
    for keys in ["", "<F5>", "<F6><tab>", "<F6><tab><tab>", "<F7>", "<F7><tab>", "<F7><ret>", "<F6>?", "<F6>/orders"] {
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
    for keys in ["", "<F6>", "<F6><tab>", "<F7>", "<F7><ret>", "<F6>?"] {
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
    assert!(text.contains("proved") && text.contains("index used: yes"), "{text}");
}

#[test]
fn a_plan_of_ten_thousand_nodes_draws_like_a_small_one() {
    let frame = |n: u32| {
        let screen = Harness::plan(answers::big(n, 5)).size(120, 40).keys("G");
        let mut times: Vec<_> = (0..15)
            .map(|_| {
                let start = Instant::now();
                drop(screen.buffer());
                start.elapsed()
            })
            .collect();
        times.sort();
        times[5]
    };
    let (small, big) = (frame(60), frame(10_000));
    assert!(big < small * 4 + std::time::Duration::from_millis(2), "{small:?} for 60 nodes, {big:?} for 10,000");
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
