//! The screen, driven by keys, as snapshots: `INSTA_UPDATE=always` renews them, `WHYSLOW_BLESS=1` the pictures.

mod answers;
mod commands;
mod driver;
mod invisible;
mod layout;
mod mouse;
mod pictures;
mod plain;
mod png;
mod queries;
mod svg;

pub(crate) use driver::Harness;
