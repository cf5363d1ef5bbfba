//! The index that is really built: what is said before, which words allow it, and what is said after.

use std::time::Duration;

use whyslow::app::Effect;

use super::{Harness, answers};

/// The words without frames and ends of lines.
fn flat(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || "│╭╮╰╯─█".contains(c));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn proposals() -> Harness {
    Harness::connected(answers::fixture("open-orders.sql").trim()).keys("<F7>").wait(Duration::from_secs(9)).on_mysql()
}

#[test]
fn building_an_index_says_what_it_costs_and_wants_the_word() {
    let screen = proposals().keys("B");
    let text = screen.text();
    let flat = flat(&text);
    for words in [
        "Are you sure?",
        "really built on your server, invisible to everybody else's statements",
        "It takes about",
        "of disk",
        "rows take about",
        "LOCK=NONE",
        "gives up after 2 s (lock_wait_timeout)",
        "orders_status_created_idx",
        "INVISIBLE ALGORITHM=INPLACE",
        "Type build (or build keep: it stays) and Enter",
    ] {
        assert!(flat.contains(words), "{words}: {text}");
    }
    let screen = screen.keys("run<ret>");
    assert!(screen.model.confirm.is_some() && screen.text().contains("type build to go on"), "{}", screen.text());
    let screen = screen.keys("<esc>");
    assert!(screen.text().contains("not built"), "{}", screen.text());
    assert!(!screen.effects.iter().any(|effect| matches!(effect, Effect::BuildIndex { .. })));
}

#[test]
fn what_stands_on_the_server_afterwards_is_said() {
    for (typed, kept, said) in [("build", false, "it was dropped again"), ("build keep", true, "it stands, invisible")]
    {
        let screen = proposals().keys(&format!("B{typed}<ret>"));
        let built = screen.effects.iter().find_map(|effect| match effect {
            Effect::BuildIndex { keep, name, .. } => Some((*keep, name.as_str())),
            _ => None,
        });
        assert_eq!(built, Some((kept, "orders_status_created_idx")), "{typed}");
        assert!(screen.text().contains(said) && screen.text().contains("invisible-index"), "{}", screen.text());
    }
}

#[test]
fn only_a_server_that_has_invisible_indexes_is_offered_one() {
    let postgres = Harness::connected(answers::fixture("open-orders.sql").trim()).size(200, 60).keys("<F7>");
    assert!(!postgres.text().contains("B build it really"), "{}", postgres.text());
    let screen = postgres.keys("B");
    assert!(screen.model.confirm.is_none() && screen.text().contains("only MySQL can do this"), "{}", screen.text());
    let mysql = proposals().size(200, 60).text();
    assert!(mysql.lines().last().unwrap().contains("B build it really"), "{mysql}");
}

#[test]
fn while_it_is_built_the_screen_says_so_and_how_it_is_stopped() {
    let text = flat(&proposals().hold().keys("Bbuild<ret>").text());
    for words in ["Building the index, invisible", "building", "Esc stops it"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}
