//! Asking for the values of a statement's parameters.

use super::{line::LineEdit, model::WorkKind};

/// One parameter and what was typed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// As written: `$1`, `:name`; a `?` with its number.
    pub name: String,
    /// The value being typed.
    pub line: LineEdit,
}

/// The values a statement waits for.
#[derive(Debug, Clone)]
pub struct Form {
    /// The statement as it was typed.
    pub sql: String,
    /// Where it starts in the editor's text.
    pub start: Option<usize>,
    /// What is to be done with it.
    pub kind: WorkKind,
    /// To look for indexes after.
    pub then_advise: bool,
    /// A value each.
    pub fields: Vec<Field>,
    /// Which is being typed.
    pub cursor: usize,
    /// Whether the server can plan it for unknown values.
    pub generic: bool,
}

impl Form {
    /// The field being typed.
    pub fn field(&mut self) -> Option<&mut Field> {
        self.fields.get_mut(self.cursor)
    }

    /// To the next field or the one before; false at the ends.
    pub(super) fn step(&mut self, by: isize) -> bool {
        let Some(to) = self.cursor.checked_add_signed(by).filter(|to| *to < self.fields.len()) else { return false };
        self.cursor = to;
        true
    }
}
