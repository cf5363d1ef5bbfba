//! What the person set: flags win over the environment, that over the file, that over the defaults.
//!
//! The file is `config.toml` in the configuration directory. A mistake in it is a warning that names the line and what could
//! stand there; everything else counts.

mod file;
mod settings;

use std::path::PathBuf;

use etcetera::BaseStrategy as _;

use crate::{
    keys::{Keymap, Wish},
    theme::{Depth, Glyphs},
};

pub use settings::{SETTINGS, Setting, sample};

/// Which colours are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colours {
    /// As the environment says (`NO_COLOR`, `COLORTERM`, `TERM`).
    #[default]
    Auto,
    /// Some, whatever the environment says.
    Always,
    /// None.
    Never,
    /// That many.
    Depth(Depth),
}

/// Whose background the screen has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Background {
    /// The terminal's, but the theme's where a theme was named.
    #[default]
    Auto,
    /// Always the terminal's own.
    Terminal,
    /// Always the theme's.
    Theme,
}

/// Which way a copied text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clipboard {
    /// The desktop's where there is one of the person's, else the terminal's.
    #[default]
    Auto,
    /// The terminal's, by OSC 52.
    Terminal,
    /// The desktop's.
    Desktop,
    /// A file in the state directory.
    File,
}

/// Everything that can be set. `Config::default()` is what the sample file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// A theme by name; `None` takes the next two, as the terminal's background is.
    pub theme: Option<String>,
    /// The theme for dark backgrounds.
    pub dark_theme: String,
    /// The theme for light backgrounds.
    pub light_theme: String,
    /// Whose background.
    pub background: Background,
    /// Colours.
    pub color: Colours,
    /// ASCII only; `None` is as the terminal needs it.
    pub ascii: Option<bool>,
    /// Whether clicks and the wheel are taken.
    pub mouse: bool,
    /// Copying.
    pub clipboard: Clipboard,
    /// Whether runs, drafts and plans are kept on disk.
    pub history: bool,
    /// Limit for one statement, seconds; 0 is none.
    pub timeout_s: u64,
    /// Limit for waiting on a lock, seconds; 0 is none.
    pub lock_timeout_s: u64,
    /// Whether trials may make session-private temporary tables.
    pub allow_temporary_tables: bool,
    /// Keys for commands.
    pub keys: Vec<Wish>,
    /// The saved connection used when neither a target nor the environment says where to connect.
    pub connection: Option<String>,
    /// Saved connections: name and target, in the order of names. Never a password.
    pub connections: Vec<(String, String)>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            theme: None,
            dark_theme: "dark".to_owned(),
            light_theme: "light".to_owned(),
            background: Background::Auto,
            color: Colours::Auto,
            ascii: None,
            mouse: false,
            clipboard: Clipboard::Auto,
            history: true,
            timeout_s: 60,
            lock_timeout_s: 2,
            allow_temporary_tables: false,
            keys: Vec::new(),
            connection: None,
            connections: Vec::new(),
        }
    }
}

/// A configuration, and what was wrong with where it came from.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// What counts.
    pub config: Config,
    /// What does not, in words for people; no password.
    pub warnings: Vec<String>,
}

impl Config {
    /// The configuration of a file's text (with its name, for warnings) and of an environment.
    #[must_use]
    pub fn of(file: Option<(&str, &str)>, variable: impl Fn(&str) -> Option<String>) -> Loaded {
        let mut out = Loaded::default();
        if let Some((name, text)) = file {
            file::read(text, name, &mut out);
        }
        for setting in SETTINGS {
            let name = setting.variable();
            let Some(value) = variable(&name).filter(|v| !v.is_empty()) else { continue };
            if (setting.set)(&mut out.config, &value).is_none() {
                out.warnings.push(format!("{name}={}: it can be {}", crate::text::one_line(&value), setting.values));
            }
        }
        out
    }

    /// The configuration of this process: the file in [`path`], then `WHYSLOW_…`.
    #[must_use]
    pub fn load() -> Loaded {
        let variable = |name: &str| std::env::var(name).ok();
        let Some(path) = path() else { return Self::of(None, variable) };
        let name = path.display().to_string();
        match std::fs::read(&path) {
            Ok(bytes) => Self::of(Some((&name, &String::from_utf8_lossy(&bytes))), variable),
            // Only a file that was asked for has to be there.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && variable(FILE).is_none() => Self::of(None, variable),
            Err(error) => {
                let mut out = Self::of(None, variable);
                out.warnings.push(format!("reading {name}: {error}; the defaults count"));
                out
            }
        }
    }

    /// The keys in force. What was wrong with those that were set is told when the file is read.
    #[must_use]
    pub fn keymap(&self) -> Keymap {
        Keymap::new(&self.keys).0
    }

    /// The colours of the terminal whose environment that is.
    #[must_use]
    pub fn depth(&self, variable: impl Fn(&str) -> Option<String>) -> Depth {
        match (self.color, Depth::detect(variable)) {
            (Colours::Never, _) => Depth::None,
            (Colours::Always, Depth::None) => Depth::Ansi,
            (Colours::Auto | Colours::Always, depth) | (Colours::Depth(depth), _) => depth,
        }
    }

    /// What lines are drawn with on that terminal.
    #[must_use]
    pub fn glyphs(&self, variable: impl Fn(&str) -> Option<String>) -> &'static Glyphs {
        match self.ascii {
            Some(false) => &crate::theme::UNICODE,
            wanted => Glyphs::choose(wanted == Some(true), variable),
        }
    }

    /// The target of a saved connection.
    #[must_use]
    pub fn target(&self, name: &str) -> Option<&str> {
        self.connections.iter().find(|(n, _)| n == name).map(|(_, target)| target.as_str())
    }
}

/// Names another file than the one in the directory.
pub const FILE: &str = "WHYSLOW_CONFIG";

/// `$XDG_CONFIG_HOME/whyslow`, else `~/.config/whyslow`; `None` without a home.
#[must_use]
pub fn directory() -> Option<PathBuf> {
    Some(etcetera::base_strategy::choose_base_strategy().ok()?.config_dir().join("whyslow"))
}

/// The file that is read: `WHYSLOW_CONFIG`, else `config.toml` in the [`directory`].
#[must_use]
pub fn path() -> Option<PathBuf> {
    let named = std::env::var_os(FILE).filter(|v| !v.is_empty()).map(PathBuf::from);
    named.or_else(|| Some(directory()?.join("config.toml")))
}

/// The text of a theme of the person's own: `themes/NAME.toml` in the [`directory`].
#[must_use]
pub fn own_theme(name: &str) -> Option<String> {
    let plain = !name.contains(['/', '\\']) && !name.starts_with('.');
    plain.then(|| std::fs::read_to_string(directory()?.join("themes").join(format!("{name}.toml"))).ok())?
}

/// The names of the person's own themes, sorted.
#[must_use]
pub fn own_themes() -> Vec<String> {
    let files = directory().and_then(|d| std::fs::read_dir(d.join("themes")).ok());
    let mut names: Vec<String> = files
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".toml")?.to_owned()))
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests;
