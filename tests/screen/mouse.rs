//! The mouse: off until somebody asks for it, and given back at once.

use ratatui::layout::Position;
use whyslow::{
    app::{Effect, Message, Pane, View},
    plan::NodeId,
};

use super::{Harness, answers};

fn plan(size: (u16, u16)) -> Harness {
    Harness::connected(answers::fixture("open-orders.sql").trim()).size(size.0, size.1).keys("<F6>")
}

/// Where a text stands on the screen, its first letter.
fn place(screen: &Harness, words: &str) -> Position {
    let text = screen.text();
    let (y, line) = text.lines().enumerate().find(|(_, line)| line.contains(words)).unwrap();
    let x = line[..line.find(words).unwrap()].chars().count();
    Position::new(u16::try_from(x).unwrap(), u16::try_from(y).unwrap())
}

fn click(screen: &mut Harness, words: &str) {
    let at = place(screen, words);
    screen.send(Message::Click(at));
}

fn selected(screen: &Harness) -> NodeId {
    screen.model.sheet().unwrap().tree.selected()
}

#[test]
fn a_key_takes_the_mouse_and_gives_it_back_and_the_hints_say_how() {
    let screen = plan((80, 24));
    assert!(!screen.model.mouse && !screen.text().contains("mouse"), "{}", screen.text());
    let screen = screen.keys("<F3>");
    assert!(matches!(screen.last(), Effect::TakeMouse(true)));
    let text = screen.text();
    assert!(text.contains("Shift selects text") && text.contains("F3 give mouse back"), "{text}");
    let screen = screen.keys("<F3>");
    assert!(matches!(screen.last(), Effect::TakeMouse(false)) && !screen.model.mouse);
}

#[test]
fn a_click_goes_to_a_view_a_row_and_a_pane() {
    for size in [(80, 24), (120, 40), (200, 60)] {
        let mut screen = plan(size).keys("<F3>G");
        click(&mut screen, "Nested Loop");
        assert_eq!(selected(&screen), NodeId(1), "{size:?}");
        click(&mut screen, "5 Hist");
        assert_eq!(screen.model.view, View::History, "{size:?}");
        click(&mut screen, "2 Plan");
        assert_eq!(screen.model.view, View::Plan);
        click(&mut screen, " Node ");
        assert_eq!(screen.model.sheet().unwrap().pane, Pane::Detail, "{size:?}");
    }
    let mut list = plan((120, 40)).keys("r5");
    assert_eq!(list.model.past.list.cursor, 0);
    click(&mut list, "62 ms");
    assert_eq!(list.model.past.list.cursor, 1);
    // Below the last row there is nothing to go to.
    list.send(Message::Click(Position::new(10, 6)));
    assert_eq!(list.model.past.list.cursor, 1);
    let mut table = plan((120, 40)).keys("vg");
    click(&mut table, "Gather Merge");
    assert_eq!(selected(&table), NodeId(2));
    let mut picker = plan((120, 40)).keys(":");
    click(&mut picker, "search ");
    assert_eq!(picker.model.picker.as_ref().unwrap().selected().unwrap().label, "search");
}

#[test]
fn the_wheel_scrolls_what_is_under_the_pointer_and_the_keys_stay_where_they_are() {
    let mut screen = plan((80, 24)).keys("g");
    let over = place(&screen, "Limit");
    screen.send(Message::Wheel(over, true));
    assert_eq!(selected(&screen), NodeId(3));
    let under = place(&screen, "╭ Node");
    screen.send(Message::Wheel(Position::new(under.x + 4, under.y + 2), true));
    let sheet = screen.model.sheet().unwrap();
    assert_eq!((sheet.pane, sheet.scroll, sheet.tree.selected()), (Pane::Tree, 3, NodeId(3)));
    screen.send(Message::Wheel(over, false));
    assert_eq!(selected(&screen), NodeId(0));
}

#[test]
fn a_click_reaches_nothing_behind_what_stands_in_front() {
    let mut screen = plan((80, 24)).keys("A");
    click(&mut screen, "1 Query");
    assert!(screen.model.view == View::Plan && screen.model.prompt.is_some());
}
