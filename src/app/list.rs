//! A list that is narrowed, sorted and gone through.

use std::cmp::Ordering;

/// Which rows of a list are shown, in which order, and where the cursor is.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// Which of the rows shown is under the cursor.
    pub cursor: usize,
    /// Which of the list's orders is in force.
    pub order: usize,
    /// The order the other way round.
    pub reversed: bool,
    /// What a row must hold, in lower case.
    pub filter: String,
    shown: Vec<usize>,
}

impl List {
    /// The rows shown, in order, as places in the list of all.
    #[must_use]
    pub fn shown(&self) -> &[usize] {
        &self.shown
    }

    /// The row under the cursor, as a place in the list of all.
    #[must_use]
    pub fn selected(&self) -> Option<usize> {
        self.shown.get(self.cursor).copied()
    }

    /// Sets what rows must hold. The rows have to be arranged anew after.
    pub(super) fn narrow(&mut self, text: &str) {
        self.filter = text.trim().to_lowercase();
        self.cursor = 0;
    }

    /// Takes the next of so many orders, or turns the one in force round. The rows have to be arranged anew after.
    pub(super) fn sort(&mut self, orders: usize, reverse: bool) {
        if reverse {
            self.reversed = !self.reversed;
        } else {
            self.order = (self.order + 1) % orders.max(1);
            self.reversed = false;
        }
        self.cursor = 0;
    }

    /// Decides anew which of `all` rows are shown and in which order: those whose text holds the filter, sorted by
    /// `compare`, those that are equal as they came.
    pub(super) fn arrange(
        &mut self,
        all: usize,
        text: impl Fn(usize) -> String,
        compare: impl Fn(usize, usize) -> Ordering,
    ) {
        let holds = |at: &usize| self.filter.is_empty() || text(*at).to_lowercase().contains(&self.filter);
        let mut shown: Vec<usize> = (0..all).filter(holds).collect();
        shown.sort_by(|a, b| compare(*a, *b));
        if self.reversed {
            shown.reverse();
        }
        self.shown = shown;
        self.cursor = self.cursor.min(self.shown.len().saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::List;

    #[test]
    fn rows_are_narrowed_sorted_and_turned_round_and_the_cursor_stays_inside() {
        let rows = ["Beta", "alpha", "gamma"];
        let mut list = List::default();
        let arrange = |list: &mut List| list.arrange(3, |at| rows[at].to_owned(), |a, b| rows[a].cmp(rows[b]));
        arrange(&mut list);
        assert_eq!(list.shown(), [0, 1, 2]);
        list.cursor = 2;
        list.narrow(" A ");
        list.reversed = true;
        arrange(&mut list);
        assert_eq!((list.shown(), list.selected()), (&[2, 1, 0][..], Some(2)));
        list.cursor = 2;
        list.narrow("alp");
        arrange(&mut list);
        assert_eq!((list.shown(), list.selected()), (&[1][..], Some(1)));
        list.narrow("nothing");
        arrange(&mut list);
        assert_eq!(list.selected(), None);
        list.sort(2, false);
        assert_eq!((list.order, list.reversed), (1, false));
    }
}
