//! One table of commands: a line gives the name, the default keys, the places where they work and the help.
//!
//! The help page, the palette, the line of hints, `whyslow keys` and the README are made of [`COMMANDS`], through the
//! [`Keymap`] in force; a key that is not in it does nothing.

mod key;
mod keymap;
mod table;

pub use key::{Code, Key, KeyError, sequence};
pub use keymap::{BoundLine, Keymap, Wish, labels};
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
    /// Words are suggested for what is being typed.
    Completion,
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
    /// A line of text, whatever it is for.
    Line,
    /// Typing what to search for.
    Search,
    /// Choosing one of a list by a few letters.
    Picker,
    /// Typing the values of parameters.
    Form,
    /// Typing a file's name, an index or a note.
    Prompt,
    /// A question to be answered by yes or no.
    Question,
    /// What was run before.
    History,
    /// The table of a node.
    Table,
    /// The statements of the query's text.
    Statements,
    /// Servers to connect to.
    Connections,
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
            Self::Completion => "Suggestions",
            Self::Editor => "Typing the query",
            Self::Query => "Query",
            Self::Start => "Start page",
            Self::Plan => "Plan",
            Self::Tree => "Plan tree",
            Self::Findings => "Findings",
            Self::Indexes => "Indexes",
            Self::Compare => "Before and after",
            Self::Line => "Typing a line",
            Self::Search => "Search",
            Self::Picker => "Palette and other choices",
            Self::Form => "Values of parameters",
            Self::Prompt => "A line asked for",
            Self::Question => "Question",
            Self::History => "History",
            Self::Table => "Table",
            Self::Statements => "Statements",
            Self::Connections => "Connections",
            Self::Confirm => "Confirmation",
            Self::Help => "Help",
            Self::Error => "Error",
        }
    }

    /// The place as a configuration names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Busy => "busy",
            Self::Normal => "normal",
            Self::Moving => "moving",
            Self::Completion => "suggestions",
            Self::Editor => "editor",
            Self::Query => "query",
            Self::Start => "start",
            Self::Plan => "plan",
            Self::Tree => "tree",
            Self::Findings => "findings",
            Self::Indexes => "indexes",
            Self::Compare => "compare",
            Self::Line => "line",
            Self::Search => "search",
            Self::Picker => "picker",
            Self::Form => "values",
            Self::Prompt => "prompt",
            Self::Question => "question",
            Self::History => "history",
            Self::Table => "table",
            Self::Statements => "statements",
            Self::Connections => "connections",
            Self::Confirm => "confirm",
            Self::Help => "help",
            Self::Error => "error",
        }
    }

    /// Whether letters are typed there, so that none can be a command.
    #[must_use]
    pub const fn is_typing(self) -> bool {
        matches!(
            self,
            Self::Always
                | Self::Completion
                | Self::Editor
                | Self::Line
                | Self::Search
                | Self::Picker
                | Self::Form
                | Self::Prompt
                | Self::Confirm
        )
    }
}

/// The order in which help lists the places.
pub const PLACES: [Place; 26] = [
    Place::Always,
    Place::Normal,
    Place::Moving,
    Place::Query,
    Place::Editor,
    Place::Completion,
    Place::Plan,
    Place::Tree,
    Place::Findings,
    Place::Indexes,
    Place::Compare,
    Place::Table,
    Place::History,
    Place::Statements,
    Place::Connections,
    Place::Start,
    Place::Picker,
    Place::Form,
    Place::Prompt,
    Place::Search,
    Place::Line,
    Place::Question,
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
    Palette,
    Messages,
    UndoView,
    Quit,
    Cancel,
    ShowQuery,
    ShowPlan,
    ShowIndexes,
    ShowCompare,
    ShowHistory,
    ShowStatements,
    ShowConnections,
    ChooseTheme,
    SearchHistory,
    CompareWith,
    Mark,
    Format,
    OpenFile,
    SaveFile,
    SaveReport,
    ToggleMouse,
    EditOutside,
    TryIndex,
    TryTogether,
    BuildInvisible,
    TryWithout,
    WhatIf,
    EditProposal,
    Note,
    Yes,
    No,
    Tables,
    Formulas,
    ChooseTrials,
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
    ShowTable,
    CrossToQuery,
    NextFace,
    PreviousFace,
    ShowTree,
    ShowFlat,
    ShowSums,
    ShowFlame,
    ShowDocument,
    SortNext,
    SortReverse,
    Search,
    NextMatch,
    PreviousMatch,
    ParentNode,
    NextSibling,
    PreviousSibling,
    NextSlowest,
    NextMisestimate,
    NextFinding,
    PreviousFinding,
    NextPlan,
    PreviousPlan,
    CopyDdl,
    CopyUndo,
    CopyQuery,
    CopyNode,
    CopyPlan,
    CopyPlanJson,
    CopyPlanMarkdown,
    CopyReport,
    Accept,
    GenericPlan,
    Complete,
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{COMMANDS, Command, Key, Keymap, PLACES, Place};

    #[test]
    fn every_key_of_the_table_can_be_read_and_reads_back() {
        for binding in COMMANDS {
            assert!(!binding.help.is_empty() && !binding.places.is_empty(), "{}", binding.name);
            // What has no key is reached by the palette, which lists what works outside texts.
            assert!(!binding.keys.is_empty() || binding.places.iter().any(|p| !p.is_typing()), "{}", binding.name);
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
    fn a_place_has_one_name_and_stands_in_the_order_of_help() {
        let names: HashSet<&str> = PLACES.iter().map(|place| place.name()).collect();
        assert_eq!(names.len(), PLACES.len());
        for binding in COMMANDS {
            assert!(binding.places.iter().all(|place| PLACES.contains(place)), "{}", binding.name);
        }
    }

    #[test]
    fn no_letter_is_a_command_where_text_is_typed() {
        for place in PLACES.into_iter().filter(|place| place.is_typing()) {
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
        let map = Keymap::default();
        assert_eq!(map.lookup(&[Place::Busy, Place::Normal], key), Some(Command::Cancel));
        assert_eq!(map.lookup(&[Place::Normal], key), Some(Command::Back));
    }

    #[test]
    fn arrows_and_letters_move_alike() {
        for (a, b) in [("up", "k"), ("down", "j"), ("left", "h"), ("right", "l"), ("home", "g"), ("end", "G")] {
            let places = [Place::Tree, Place::Moving, Place::Normal, Place::Always];
            let map = Keymap::default();
            let of = |text: &str| map.lookup(&places, text.parse().unwrap());
            assert!(of(a).is_some());
            assert_eq!(of(a), of(b), "{a} and {b}");
        }
    }

    #[test]
    fn hints_never_show_a_key_that_does_something_else_there() {
        let places = [Place::Busy, Place::Tree, Place::Plan, Place::Moving, Place::Normal, Place::Always];
        let map = Keymap::default();
        for (key, hint, command) in map.hints(&places) {
            assert_eq!(map.lookup(&places, key), Some(command), "{hint}");
        }
    }

    #[test]
    fn listings_name_every_command() {
        let map = Keymap::default();
        let (text, table) = (map.listing(), map.markdown());
        for binding in COMMANDS {
            assert!(text.contains(binding.name) && text.contains(binding.help) && table.contains(binding.help));
        }
    }
}
