//! One table of commands: a line gives the name, the default keys, the places where they work and the help.
//!
//! The help page, the line of hints, `whyslow keys` and the README are made of [`COMMANDS`]; a key that is not in it does nothing.

mod key;
mod table;

use std::fmt::Write as _;

pub use key::{Code, Key, KeyError, sequence};
pub use table::COMMANDS;

/// Where a key works. Places are asked from the innermost to the outermost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// Always, also while typing.
    Always,
    /// While the server works on something.
    Busy,
    /// Everywhere but where text is typed.
    Normal,
    /// Everything that scrolls or has a cursor.
    Moving,
    /// Typing the query.
    Editor,
    /// The query, not typing.
    Query,
    /// The list of sample queries.
    Start,
    /// The plan, whichever pane has the focus.
    Plan,
    /// The tree of the plan or of a comparison.
    Tree,
    /// The list of findings.
    Findings,
    /// The proposals.
    Indexes,
    /// Before and after.
    Compare,
    /// Typing what to search for.
    Search,
    /// Typing the word that allows a statement to run.
    Confirm,
    /// The help page.
    Help,
    /// An error is shown.
    Error,
}

impl Place {
    /// The heading under which help lists the place.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::Busy => "While the server works",
            Self::Normal => "Everywhere but in text",
            Self::Moving => "Moving",
            Self::Editor => "Typing the query",
            Self::Query => "Query",
            Self::Start => "Start page",
            Self::Plan => "Plan",
            Self::Tree => "Plan tree",
            Self::Findings => "Findings",
            Self::Indexes => "Indexes",
            Self::Compare => "Before and after",
            Self::Search => "Search",
            Self::Confirm => "Confirmation",
            Self::Help => "Help",
            Self::Error => "Error",
        }
    }
}

/// The order in which help lists the places.
pub const PLACES: [Place; 16] = [
    Place::Always,
    Place::Normal,
    Place::Moving,
    Place::Query,
    Place::Editor,
    Place::Plan,
    Place::Tree,
    Place::Findings,
    Place::Indexes,
    Place::Compare,
    Place::Start,
    Place::Search,
    Place::Confirm,
    Place::Busy,
    Place::Error,
    Place::Help,
];

/// What a key can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is described by its line in COMMANDS, where a test wants the help to be there")]
pub enum Command {
    Explain,
    Analyze,
    FindIndexes,
    Help,
    Quit,
    Cancel,
    ShowQuery,
    ShowPlan,
    ShowIndexes,
    ShowCompare,
    ShowSamples,
    NextPane,
    PreviousPane,
    Back,
    Reconnect,
    Suspend,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Open,
    Edit,
    Fold,
    Unfold,
    ToggleFold,
    FoldAll,
    UnfoldAll,
    Search,
    NextMatch,
    PreviousMatch,
    NextFinding,
    PreviousFinding,
    NextPlan,
    PreviousPlan,
    CopyDdl,
    CopyUndo,
    CopyQuery,
    Accept,
    Leave,
    NewLine,
    Indent,
    DeleteBack,
    DeleteNext,
    DeleteWord,
    DeleteNextWord,
    DeleteToEnd,
    DeleteToStart,
    Undo,
    Redo,
    CharLeft,
    CharRight,
    LineUp,
    LineDown,
    WordLeft,
    WordRight,
    LineStart,
    LineEnd,
    TextStart,
    TextEnd,
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// What it asks for.
    pub command: Command,
    /// The command's name, kebab-case.
    pub name: &'static str,
    /// Keys, as [`Key`] reads them; the first is shown in hints.
    pub keys: &'static [&'static str],
    /// Where the keys work.
    pub places: &'static [Place],
    /// One line for the help page.
    pub help: &'static str,
    /// A word or two for the line of hints; empty keeps it out of there.
    pub hint: &'static str,
}

/// The command a key stands for, the innermost of the places first.
#[must_use]
pub fn lookup(places: &[Place], key: Key) -> Option<Command> {
    places.iter().find_map(|place| {
        COMMANDS
            .iter()
            .filter(|binding| binding.places.contains(place))
            .find(|binding| binding.keys.iter().any(|text| text.parse() == Ok(key)))
            .map(|binding| binding.command)
    })
}

/// Key and word for the line of hints, in the order of the table. A key that an inner place gives another meaning is left out.
#[must_use]
pub fn hints(places: &[Place]) -> Vec<(Key, &'static str, Command)> {
    let mut out: Vec<(Key, &'static str, Command)> = Vec::new();
    for binding in COMMANDS.iter().filter(|b| !b.hint.is_empty() && b.places.iter().any(|p| places.contains(p))) {
        let key = parsed(binding).find(|key| lookup(places, *key) == Some(binding.command));
        if let Some(key) = key
            && !out.iter().any(|(_, _, command)| *command == binding.command)
        {
            out.push((key, binding.hint, binding.command));
        }
    }
    out
}

/// The whole table as text, for `whyslow keys`: a heading per place, a line per command.
#[must_use]
pub fn listing() -> String {
    let mut out = String::new();
    for (place, bindings) in by_place() {
        out.push_str(place.title());
        out.push('\n');
        for binding in bindings {
            let keys = key_names(binding, false);
            let _ = writeln!(out, "  {keys:<24}  {:<18}  {}", binding.name, binding.help);
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// The table as Markdown, for the README.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::from("| where | key | does |\n|---|---|---|\n");
    for (place, bindings) in by_place() {
        for binding in bindings {
            let keys: Vec<String> =
                parsed(binding).map(|k| format!("`{}`", k.to_string().replace('|', "\\|"))).collect();
            let _ = writeln!(out, "| {} | {} | {} |", place.title(), keys.join(" "), binding.help);
        }
    }
    out
}

/// The bindings of each place, in the order of help.
pub fn by_place() -> impl Iterator<Item = (Place, Vec<&'static Binding>)> {
    PLACES
        .iter()
        .map(|place| (*place, COMMANDS.iter().filter(|b| b.places.contains(place)).collect::<Vec<_>>()))
        .filter(|(_, b)| !b.is_empty())
}

/// A binding's keys as people read them, arrows as arrows or, with `ascii`, as words.
#[must_use]
pub fn key_names(binding: &Binding, ascii: bool) -> String {
    parsed(binding).map(|key| key.label(ascii)).collect::<Vec<_>>().join(" ")
}

fn parsed(binding: &Binding) -> impl Iterator<Item = Key> {
    binding.keys.iter().filter_map(|text| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{COMMANDS, Command, Key, PLACES, Place, hints, listing, lookup, markdown};

    #[test]
    fn every_key_of_the_table_can_be_read_and_reads_back() {
        for binding in COMMANDS {
            assert!(
                !binding.help.is_empty() && !binding.keys.is_empty() && !binding.places.is_empty(),
                "{}",
                binding.name
            );
            for text in binding.keys {
                let key: Key = text.parse().unwrap_or_else(|e| panic!("{}: {text}: {e}", binding.name));
                assert_eq!(key.to_string().parse(), Ok(key), "{text}");
            }
        }
    }

    #[test]
    fn no_key_means_two_things_at_one_place() {
        for place in PLACES {
            let mut seen = HashSet::new();
            for binding in COMMANDS.iter().filter(|b| b.places.contains(&place)) {
                for text in binding.keys {
                    let key: Key = text.parse().unwrap();
                    assert!(seen.insert(key), "{key} means two things at {place:?}, one of them {}", binding.name);
                }
            }
        }
    }

    #[test]
    fn a_command_has_one_name_and_a_name_one_command() {
        for a in COMMANDS {
            for b in COMMANDS {
                assert_eq!(a.command == b.command, a.name == b.name, "{} and {}", a.name, b.name);
            }
        }
    }

    #[test]
    fn no_letter_is_a_command_where_text_is_typed() {
        for place in [Place::Always, Place::Editor, Place::Search, Place::Confirm] {
            for binding in COMMANDS.iter().filter(|b| b.places.contains(&place)) {
                for text in binding.keys {
                    let key: Key = text.parse().unwrap();
                    assert!(key.typed().is_none(), "{text} cannot be typed at {place:?}");
                }
            }
        }
    }

    #[test]
    fn the_inner_place_wins() {
        let key: Key = "esc".parse().unwrap();
        assert_eq!(lookup(&[Place::Busy, Place::Normal], key), Some(Command::Cancel));
        assert_eq!(lookup(&[Place::Normal], key), Some(Command::Back));
    }

    #[test]
    fn arrows_and_letters_move_alike() {
        for (a, b) in [("up", "k"), ("down", "j"), ("left", "h"), ("right", "l"), ("home", "g"), ("end", "G")] {
            let places = [Place::Tree, Place::Moving, Place::Normal, Place::Always];
            let of = |text: &str| lookup(&places, text.parse().unwrap());
            assert!(of(a).is_some());
            assert_eq!(of(a), of(b), "{a} and {b}");
        }
    }

    #[test]
    fn hints_never_show_a_key_that_does_something_else_there() {
        let places = [Place::Busy, Place::Tree, Place::Plan, Place::Moving, Place::Normal, Place::Always];
        for (key, hint, command) in hints(&places) {
            assert_eq!(lookup(&places, key), Some(command), "{hint}");
        }
    }

    #[test]
    fn listings_name_every_command() {
        let (text, table) = (listing(), markdown());
        for binding in COMMANDS {
            assert!(text.contains(binding.name) && text.contains(binding.help) && table.contains(binding.help));
        }
    }
}
