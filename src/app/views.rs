//! What was looked at before, to go back to it.

use super::{
    faces::Face,
    model::{Model, View},
    sheet::Pane,
    tree::TreeState,
};
use crate::keys::Command;

/// How many steps back are kept.
const STEPS: usize = 50;

/// What is looked at, and where in it.
#[derive(Debug, Clone)]
pub(super) struct Look {
    view: View,
    current: usize,
    pane: Pane,
    face: Face,
    tree: Option<TreeState>,
}

impl Look {
    fn of(model: &Model) -> Self {
        let sheet = model.sheet();
        Self {
            view: model.view,
            current: model.current,
            pane: sheet.map(|s| s.pane).unwrap_or_default(),
            face: sheet.map(|s| s.faces.face).unwrap_or_default(),
            tree: sheet.map(|s| s.tree.clone()),
        }
    }

    fn differs(&self, other: &Self) -> bool {
        let trees = match (&self.tree, &other.tree) {
            (Some(a), Some(b)) => a.differs(b),
            _ => false,
        };
        self.view != other.view
            || self.current != other.current
            || self.pane != other.pane
            || self.face != other.face
            || trees
    }
}

/// What is looked at before a command; nothing for those that only move or type.
pub(super) fn before(model: &Model, command: Command) -> Option<Look> {
    let small = matches!(
        command,
        Command::Up | Command::Down | Command::PageUp | Command::PageDown | Command::UndoView | Command::Accept
    );
    let typing = model.view == View::Query && model.editor.typing;
    (!small
        && !typing
        && model.page.is_none()
        && model.picker.is_none()
        && model.form.is_none()
        && model.prompt.is_none())
    .then(|| Look::of(model))
}

/// Keeps what was looked at, if it is not what is looked at now.
pub(super) fn after(model: &mut Model, before: Option<Look>) {
    if let Some(before) = before.filter(|b| b.differs(&Look::of(model))) {
        keep(model, before);
    }
}

/// Keeps what is looked at now.
pub(super) fn mark(model: &mut Model) {
    keep(model, Look::of(model));
}

fn keep(model: &mut Model, look: Look) {
    model.looks.push(look);
    if model.looks.len() > STEPS {
        model.looks.remove(0);
    }
}

/// Back to what was looked at before the last change.
pub(super) fn undo(model: &mut Model) {
    let Some(look) = model.looks.pop() else {
        model.say("this is where it began");
        return;
    };
    model.view = look.view;
    model.editor.typing = false;
    if look.current < model.sheets.len() {
        model.current = look.current;
    }
    if let (Some(sheet), Some(tree)) = (model.sheet_mut(), look.tree) {
        if tree.is_of(&sheet.plan) {
            sheet.tree = tree;
        }
        sheet.show(look.face);
        sheet.pane = look.pane;
        sheet.moved();
    }
}
