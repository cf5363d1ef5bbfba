//! The state of the screen and how it changes: `update(&mut Model, Message) -> Vec<Effect>`. Pure: no clock, no I/O, no widget.
//!
//! A key becomes a [`Message`] by [`on_key`], what has to be done outside comes back as [`Effect`]s, and answers arrive as
//! messages again, each with the generation of its request; one that is not the latest is dropped.

mod advice;
mod answers;
mod commands;
mod comparison;
mod confirm;
mod editor;
mod faces;
mod form;
mod invisible;
mod line;
mod list;
mod lists;
mod lit;
mod looks;
mod message;
mod methods;
mod model;
mod mouse;
mod moving;
mod past;
mod picker;
mod places;
mod prompt;
mod requests;
mod servers;
mod sheet;
mod statements;
mod suggest;
mod suppositions;
mod tree;
mod trees;
mod tries;
mod update;
mod views;

pub use advice::Advice;
pub use comparison::{Compared, Comparison, IndexSet, Side};
pub use confirm::{Confirm, Going};
pub use editor::Editor;
pub use faces::{Document, Face, Faces, Flat, Group, GroupKind, Groups, SortBy, groups, weight};
pub use form::{Field, Form};
pub use invisible::Build;
pub use line::LineEdit;
pub use list::List;
pub use message::{Confirmed, Copied, Effect, Excerpt, Message, Notes, Purpose};
pub use methods::Choice;
pub use model::{
    Asked, Extents, Link, Model, Page, PageKind, Question, Rows, Sample, Setup, Toast, View, Work, WorkKind,
};
pub use mouse::TABS;
pub use past::{Past, on_one_line};
pub use picker::{Item, Match, Note, Picker, PickerKind, Value};
pub use prompt::{Prompt, PromptKind, SaveError};
pub use servers::{Arrival, Server, Servers};
pub use sheet::{Pane, Sheet};
pub use statements::{Known, Statement, Statements};
pub use tree::TreeState;
pub use update::{on_key, update};
