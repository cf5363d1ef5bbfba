//! The lists that fill the screen: runs, statements, servers. Filter, order and cursor are the same in all.

use super::{
    list::List,
    model::{Model, View},
    past, servers, statements,
};

impl Model {
    /// The list that is looked at.
    #[must_use]
    pub const fn list(&self) -> Option<&List> {
        match self.view {
            View::History => Some(&self.past.list),
            View::Statements => Some(&self.statements.list),
            View::Connections => Some(&self.servers.list),
            _ => None,
        }
    }
}

/// The list that is looked at, and how many orders it has.
pub(super) const fn list_mut(model: &mut Model) -> Option<(&mut List, usize)> {
    match model.view {
        View::History => Some((&mut model.past.list, past::ORDERS.len())),
        View::Statements => Some((&mut model.statements.list, statements::ORDERS.len())),
        View::Connections => Some((&mut model.servers.list, servers::ORDERS.len())),
        _ => None,
    }
}

fn arrange(model: &mut Model) {
    match model.view {
        View::History => model.past.arrange(),
        View::Statements => model.statements.arrange(),
        View::Connections => model.servers.arrange(),
        _ => {}
    }
}

/// Shows only rows that hold a text; false where no list is looked at.
pub(super) fn narrow(model: &mut Model, text: &str) -> bool {
    let Some((list, _)) = list_mut(model) else { return false };
    list.narrow(text);
    arrange(model);
    true
}

/// Takes the next order or turns it round; false where no list is looked at.
pub(super) fn sort(model: &mut Model, reverse: bool) -> bool {
    let Some((list, orders)) = list_mut(model) else { return false };
    list.sort(orders, reverse);
    arrange(model);
    true
}
