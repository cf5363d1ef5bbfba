//! The person's configuration, read once.

use std::{io::Write, sync::OnceLock};

use crate::{
    config::{Config, Loaded},
    keys::Keymap,
    text::visible,
};

static LOADED: OnceLock<Loaded> = OnceLock::new();

fn loaded() -> &'static Loaded {
    LOADED.get_or_init(Config::load)
}

/// What the file and the environment say.
pub(super) fn config() -> &'static Config {
    &loaded().config
}

/// The keys in force.
pub(super) fn keymap() -> Keymap {
    config().keymap()
}

/// What was wrong with them; told on standard error as well, since the screen covers it only while it is open.
pub(super) fn warnings() -> &'static [String] {
    &loaded().warnings
}

/// Tells the warnings on standard error.
pub(super) fn warn() {
    for warning in warnings() {
        let _ = writeln!(std::io::stderr(), "whyslow: {}", visible(warning));
    }
}
