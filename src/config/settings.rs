//! The table of settings: a line is the file, the environment and the sample.

use std::fmt::Write as _;

use super::{Background, Clipboard, Colours, Config};
use crate::{keys::COMMANDS, theme::Depth};

/// One thing that can be set.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name in the file.
    pub name: &'static str,
    /// What it can be.
    pub values: &'static str,
    /// The default, as it is written in the file.
    pub default: &'static str,
    /// What it does, for the sample.
    pub help: &'static str,
    /// Takes a value as it was written; `None` when it cannot be that.
    pub set: fn(&mut Config, &str) -> Option<()>,
}

impl Setting {
    /// Its name in the environment.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("WHYSLOW_{}", self.name.to_ascii_uppercase().replace('-', "_"))
    }
}

fn flag(text: &str) -> Option<bool> {
    match text {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

fn name(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// More than a day is a slip.
fn seconds(text: &str) -> Option<u64> {
    text.parse().ok().filter(|s| *s <= 86_400)
}

/// Everything that is not a list of names.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "theme",
        values: "\"auto\" or a name of `whyslow themes`",
        default: "\"auto\"",
        help: "auto asks the terminal for its background and takes one of the next two.",
        set: |c, v| name(v).map(|v| c.theme = (v != "auto").then_some(v)),
    },
    Setting {
        name: "dark-theme",
        values: "a name of `whyslow themes`",
        default: "\"dark\"",
        help: "",
        set: |c, v| name(v).map(|v| c.dark_theme = v),
    },
    Setting {
        name: "light-theme",
        values: "a name of `whyslow themes`",
        default: "\"light\"",
        help: "",
        set: |c, v| name(v).map(|v| c.light_theme = v),
    },
    Setting {
        name: "background",
        values: "\"auto\", \"terminal\" or \"theme\"",
        default: "\"auto\"",
        help: "Whose background the screen has: auto is the theme's where a theme is named above, else the terminal's.",
        set: |c, v| {
            c.background = match v {
                "auto" => Background::Auto,
                "terminal" => Background::Terminal,
                "theme" => Background::Theme,
                _ => return None,
            };
            Some(())
        },
    },
    Setting {
        name: "color",
        values: "\"auto\", \"always\", \"never\", \"16\", \"256\" or \"truecolor\"",
        default: "\"auto\"",
        help: "auto follows NO_COLOR, COLORTERM and TERM.",
        set: |c, v| {
            c.color = match v {
                "auto" => Colours::Auto,
                "always" => Colours::Always,
                "never" => Colours::Never,
                "16" => Colours::Depth(Depth::Ansi),
                "256" => Colours::Depth(Depth::Indexed),
                "truecolor" => Colours::Depth(Depth::True),
                _ => return None,
            };
            Some(())
        },
    },
    Setting {
        name: "ascii",
        values: "\"auto\", true or false",
        default: "\"auto\"",
        help: "Draw with ASCII only; auto does where the terminal has nothing else.",
        set: |c, v| {
            c.ascii = if v == "auto" { None } else { Some(flag(v)?) };
            Some(())
        },
    },
    Setting {
        name: "mouse",
        values: "true or false",
        default: "false",
        help: "Take clicks and the wheel. The terminal's own selection then needs Shift.",
        set: |c, v| flag(v).map(|v| c.mouse = v),
    },
    Setting {
        name: "clipboard",
        values: "\"auto\", \"terminal\", \"desktop\" or \"file\"",
        default: "\"auto\"",
        help: "Which way copied text goes: auto is the terminal (OSC 52) over SSH or without a desktop, else the desktop.",
        set: |c, v| {
            c.clipboard = match v {
                "auto" => Clipboard::Auto,
                "terminal" => Clipboard::Terminal,
                "desktop" => Clipboard::Desktop,
                "file" => Clipboard::File,
                _ => return None,
            };
            Some(())
        },
    },
    Setting {
        name: "history",
        values: "true or false",
        default: "true",
        help: "Keep runs, plans and what was typed in the state directory, readable by you alone.",
        set: |c, v| flag(v).map(|v| c.history = v),
    },
    Setting {
        name: "timeout",
        values: "seconds up to 86400, 0 for none",
        default: "60",
        help: "Limit for one statement.",
        set: |c, v| seconds(v).map(|v| c.timeout_s = v),
    },
    Setting {
        name: "lock-timeout",
        values: "seconds up to 86400, 0 for none",
        default: "2",
        help: "Limit for waiting on a lock: whoever waits for one stands in a queue that others stand behind.",
        set: |c, v| seconds(v).map(|v| c.lock_timeout_s = v),
    },
    Setting {
        name: "allow-temporary-tables",
        values: "true or false",
        default: "false",
        help: "Allow trials in session-private temporary tables with a sample of the rows (MySQL, MariaDB).",
        set: |c, v| flag(v).map(|v| c.allow_temporary_tables = v),
    },
    Setting {
        name: "connection",
        values: "a name of [connections], or \"\"",
        default: "\"\"",
        help: "The saved connection to use when neither the command line nor the environment says where.",
        set: |c, v| {
            c.connection = name(v);
            Some(())
        },
    },
];

/// A configuration file that says what the defaults say, with a comment on everything.
#[must_use]
pub fn sample() -> String {
    let mut out = String::from(
        "# whyslow's configuration. Flags win over the environment (WHYSLOW_THEME, WHYSLOW_TIMEOUT, …), that over this file.\n\
         # What stands here is what counts without a file; delete what you do not change.\n",
    );
    for setting in SETTINGS {
        out.push('\n');
        if !setting.help.is_empty() {
            let _ = writeln!(out, "# {}", setting.help);
        }
        let _ = writeln!(out, "# It can be {}.\n{} = {}", setting.values, setting.name, setting.default);
    }
    out.push_str(
        "\n# Other keys for commands. The list replaces all keys of the command, or with a place before it (\"tree.fold\") those it has\n\
         # there (`whyslow keys` names both); a letter stays a letter where text is typed. These are the defaults.\n[keys]\n",
    );
    let mut named: Vec<&str> = Vec::new();
    for line in COMMANDS {
        if named.contains(&line.name) {
            continue;
        }
        named.push(line.name);
        let keys: Vec<String> = COMMANDS
            .iter()
            .filter(|other| other.name == line.name)
            .flat_map(|other| other.keys)
            .map(|key| format!("{key:?}"))
            .collect();
        let _ = writeln!(out, "# {} = [{}]", line.name, keys.join(", "));
    }
    out.push_str(
        "\n# Saved connections: `whyslow shop` then is `whyslow postgres://ann@db.example/shop`. No passwords here: they belong in\n\
         # ~/.pgpass, ~/.my.cnf or a service file, or are asked for.\n[connections]\n\
         # shop = \"postgres://ann@db.example/shop\"\n\
         # reports = \"service=reports\"\n",
    );
    out
}
