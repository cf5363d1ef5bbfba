//! Choosing one of many by a few letters: commands, statements, plans.

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};

use super::line::LineEdit;
use crate::keys::{Command, Key, Keymap, Place};

/// What is chosen from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PickerKind {
    /// Commands that work where the person is.
    Commands,
    /// Statements that were run, newest first.
    Statements,
    /// Plans to put beside the one shown.
    Plans,
    /// Existing indexes to do without.
    Indexes,
    /// Themes, each shown while it is under the cursor.
    Themes,
}

/// One thing to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What is searched and shown first.
    pub label: String,
    /// Searched too, shown after.
    pub detail: String,
    /// Shown at the right, not searched.
    pub note: Note,
    /// What it stands for.
    pub value: Value,
}

/// What stands at the right of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A key, if the command has one there.
    Key(Option<Key>),
    /// A few words.
    Words(String),
}

/// What an item stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// A command.
    Command(Command),
    /// A run, by its place in the list of runs.
    Run(usize),
    /// A plan on the screen, by its place among the sheets.
    Sheet(usize),
    /// An index, by its table's place in the catalog and its own in the table.
    Index(usize, usize),
    /// A theme, by its place in the list of names.
    Theme(usize),
}

/// An item that answers to what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Which item.
    pub item: usize,
    /// Characters of the label that answer.
    pub at: Vec<u32>,
}

/// A list narrowed by what is typed.
#[derive(Debug)]
pub struct Picker {
    /// What is chosen from.
    pub kind: PickerKind,
    /// What was typed.
    pub line: LineEdit,
    /// Everything there is.
    pub items: Vec<Item>,
    /// What answers, best first; all, in their order, while nothing is typed.
    pub matches: Vec<Match>,
    /// Which of the matches is under the cursor.
    pub cursor: usize,
}

impl Picker {
    /// Everything, nothing typed.
    #[must_use]
    pub fn new(kind: PickerKind, items: Vec<Item>) -> Self {
        let mut out = Self { kind, line: LineEdit::default(), items, matches: Vec::new(), cursor: 0 };
        out.narrow();
        out
    }

    /// The palette: what can be done at these places, what belongs to the innermost first.
    #[must_use]
    pub fn palette(places: &[Place], keymap: &Keymap) -> Self {
        let mut items: Vec<Item> = Vec::new();
        for place in places {
            for binding in crate::keys::COMMANDS.iter().filter(|b| b.places.contains(place) && in_palette(b.command)) {
                let value = Value::Command(binding.command);
                if items.iter().any(|item| item.value == value) {
                    continue;
                }
                items.push(Item {
                    label: binding.name.to_owned(),
                    detail: binding.help.to_owned(),
                    note: Note::Key(keymap.key_of(places, binding.command)),
                    value,
                });
            }
        }
        Self::new(PickerKind::Commands, items)
    }

    /// The item under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<&Item> {
        self.items.get(self.matches.get(self.cursor)?.item)
    }

    /// Looks again for what answers to the text. Words may stand in any order; a blank separates them.
    pub fn narrow(&mut self) {
        self.cursor = 0;
        let text = self.line.text().trim();
        if text.is_empty() {
            self.matches = (0..self.items.len()).map(|item| Match { item, at: Vec::new() }).collect();
            return;
        }
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
        let mut buffer = Vec::new();
        let mut found: Vec<(u32, Match)> = Vec::new();
        for (number, item) in self.items.iter().enumerate() {
            let mut at = Vec::new();
            let by_label = pattern.indices(Utf32Str::new(&item.label, &mut buffer), &mut matcher, &mut at);
            // What only its description answers to comes after what its name does.
            let whole = || format!("{} {}", item.label, item.detail);
            let score = by_label.map(|score| score * 2).or_else(|| {
                at.clear();
                pattern.score(Utf32Str::new(&whole(), &mut buffer), &mut matcher)
            });
            if let Some(score) = score {
                at.sort_unstable();
                at.dedup();
                found.push((score, Match { item: number, at }));
            }
        }
        found.sort_by(|(a, x), (b, y)| b.cmp(a).then(x.item.cmp(&y.item)));
        self.matches = found.into_iter().map(|(_, found)| found).collect();
    }
}

/// Commands that make no sense by name: they move a cursor or edit a text under the fingers.
const fn in_palette(command: Command) -> bool {
    !matches!(
        command,
        Command::Up
            | Command::Down
            | Command::PageUp
            | Command::PageDown
            | Command::First
            | Command::Last
            | Command::Accept
            | Command::GenericPlan
            | Command::Complete
            | Command::Yes
            | Command::No
            | Command::Tables
            | Command::Leave
            | Command::Palette
            | Command::NewLine
            | Command::Indent
            | Command::DeleteBack
            | Command::DeleteNext
            | Command::DeleteWord
            | Command::DeleteNextWord
            | Command::DeleteToEnd
            | Command::DeleteToStart
            | Command::CharLeft
            | Command::CharRight
            | Command::LineUp
            | Command::LineDown
            | Command::WordLeft
            | Command::WordRight
            | Command::LineStart
            | Command::LineEnd
            | Command::TextStart
            | Command::TextEnd
    )
}

#[cfg(test)]
mod tests {
    use super::Picker;
    use crate::keys::{Command, Keymap, Place};

    fn names(text: &str) -> Vec<String> {
        let places = [Place::Tree, Place::Plan, Place::Moving, Place::Normal, Place::Always];
        let mut picker = Picker::palette(&places, &Keymap::default());
        text.chars().for_each(|c| picker.line.insert(c));
        picker.narrow();
        picker.matches.iter().map(|m| picker.items[m.item].label.clone()).collect()
    }

    #[test]
    fn a_few_letters_find_a_command_by_name_or_by_what_it_does() {
        for (typed, name) in [("find", "find-indexes"), ("fi ind", "find-indexes"), ("shell", "suspend")] {
            assert_eq!(names(typed).first().map(String::as_str), Some(name), "{typed}: {:?}", names(typed));
        }
        assert_eq!(names("zzzz"), Vec::<String>::new());
    }

    #[test]
    fn each_command_stands_in_the_palette_once_and_with_its_key() {
        let places = [Place::Tree, Place::Plan, Place::Moving, Place::Normal, Place::Always];
        let picker = Picker::palette(&places, &Keymap::default());
        let explain: Vec<_> =
            picker.items.iter().filter(|i| i.value == super::Value::Command(Command::Explain)).collect();
        assert_eq!((explain.len(), &explain[0].note), (1, &super::Note::Key("r".parse().ok())));
    }
}
