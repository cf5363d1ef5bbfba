//! The mouse, where it was asked for: a click goes to what it points at, the wheel scrolls what is under it. Whatever it does
//! a key does too.

use ratatui::layout::Position;

use super::{
    commands,
    message::Effect,
    model::{Model, View},
    moving,
    sheet::Pane,
};
use crate::keys::Command;

/// A notch of the wheel is three rows, as elsewhere.
const NOTCH: isize = 3;

/// The views in the order of their keys.
pub const TABS: [(View, Command); 7] = [
    (View::Query, Command::ShowQuery),
    (View::Plan, Command::ShowPlan),
    (View::Indexes, Command::ShowIndexes),
    (View::Compare, Command::ShowCompare),
    (View::History, Command::ShowHistory),
    (View::Statements, Command::ShowStatements),
    (View::Connections, Command::ShowConnections),
];

/// Gives the mouse back, or takes it.
pub(super) fn toggle(model: &mut Model) -> Vec<Effect> {
    model.mouse = !model.mouse;
    let off = model.keymap.key_of(&model.places(), Command::ToggleMouse).map(|key| key.label(true));
    model.say(match (model.mouse, off) {
        (false, _) => "the mouse is the terminal's again: it selects text as usual".to_owned(),
        (true, Some(key)) => {
            format!("clicks and the wheel work here; Shift selects text, {key} ends it")
        }
        (true, None) => "clicks and the wheel work here; Shift selects text".to_owned(),
    });
    vec![Effect::TakeMouse(model.mouse)]
}

/// Whether something stands in front that a click behind it must not reach.
const fn is_covered(model: &Model) -> bool {
    model.confirm.is_some()
        || model.question.is_some()
        || model.prompt.is_some()
        || model.form.is_some()
        || model.page.is_some()
}

/// Goes to what was clicked: a view's name, a pane, a row.
pub(super) fn click(model: &mut Model, at: Position) -> Vec<Effect> {
    if is_covered(model) {
        return Vec::new();
    }
    if model.picker.is_some() {
        row(model, at);
        return Vec::new();
    }
    let tab = model.extents.tabs.iter().position(|tab| tab.contains(at));
    if let Some((_, command)) = tab.and_then(|tab| TABS.get(tab)) {
        return commands::command(model, *command);
    }
    if let Some(pane) = pane_at(model, at) {
        let moved = model.sheet().is_some_and(|sheet| sheet.pane != pane);
        model.sheet_mut().into_iter().for_each(|sheet| sheet.pane = pane);
        if moved && pane != Pane::Tree {
            // Its rows are not known before it was drawn with the keys.
            return Vec::new();
        }
    }
    row(model, at);
    Vec::new()
}

/// Scrolls what is under the pointer.
pub(super) fn wheel(model: &mut Model, at: Position, down: bool) {
    let by = if down { NOTCH } else { -NOTCH };
    let hovered = pane_at(model, at).filter(|_| !is_covered(model) && model.picker.is_none());
    match (hovered, model.sheet_mut()) {
        (Some(pane), Some(sheet)) => {
            let focused = std::mem::replace(&mut sheet.pane, pane);
            moving::step(model, by);
            model.sheet_mut().into_iter().for_each(|sheet| sheet.pane = focused);
        }
        _ => moving::step(model, by),
    }
}

fn pane_at(model: &Model, at: Position) -> Option<Pane> {
    if model.view != View::Plan {
        return None;
    }
    let panes = [Pane::Tree, Pane::Findings, Pane::Detail];
    panes.into_iter().zip(model.extents.panes).find(|(_, area)| area.contains(at)).map(|(pane, _)| pane)
}

/// Puts the cursor on the row that was clicked.
fn row(model: &mut Model, at: Position) {
    let rows = model.extents.rows;
    if !rows.area.contains(at) {
        return;
    }
    let target = rows.first + usize::from((at.y - rows.area.y) / rows.each.max(1));
    let by = isize::try_from(target).unwrap_or(isize::MAX).saturating_sub(isize::try_from(rows.cursor).unwrap_or(0));
    if target < rows.all {
        moving::step(model, by);
    }
}
