//! The state of the screen and how it changes: `update(&mut Model, Message) -> Vec<Effect>`. Pure: no clock, no I/O, no widget.
//!
//! A key becomes a [`Message`] by [`on_key`], what has to be done outside comes back as [`Effect`]s, and answers arrive as
//! messages again, each with the generation of its request; one that is not the latest is dropped.

mod advice;
mod answers;
mod commands;
mod editor;
mod message;
mod model;
mod sheet;
mod tree;
mod update;

pub use advice::{Advice, Comparison, Side};
pub use editor::Editor;
pub use message::{Confirmed, Effect, Message};
pub use model::{Confirm, Extents, Link, Model, Sample, Setup, Toast, View, Work, WorkKind};
pub use sheet::{Pane, Sheet};
pub use tree::TreeState;
pub use update::{on_key, update};
