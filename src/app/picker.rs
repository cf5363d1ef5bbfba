//! Choosing one of many by a few letters: commands, statements, plans.

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};

use super::{line::LineEdit, methods::Choice};
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
    /// Methods of trying indexes.
    Trials,
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
    /// How indexes are tried.
    Trials(Choice),
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
        // Where the query is typed no letter can be a command; by its name every one can be had.
        let beyond: &[Place] = if places.contains(&Place::Editor) { &[Place::Query, Place::Normal] } else { &[] };
        for place in places.iter().chain(beyond) {
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

    /// Looks again for what answers to the text, the words of which may stand in any order: first what has them in its name, then what
    /// has the beginnings of the name's words in them (`fi ind`), then what has them in its description. Letters that stand anywhere,
    /// in order, count only where nothing else answers: they are in nearly every long text.
    pub fn narrow(&mut self) {
        self.cursor = 0;
        let text = self.line.text().trim().to_lowercase();
        if text.is_empty() {
            self.matches = (0..self.items.len()).map(|item| Match { item, at: Vec::new() }).collect();
            return;
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut found: Vec<(u32, Match)> = Vec::new();
        for (item, Item { label, detail, .. }) in self.items.iter().enumerate() {
            if let Some((rank, at)) = answers(label, detail, &words) {
                found.push((rank, Match { item, at }));
            }
        }
        if found.is_empty() {
            found = self.anywhere(&text);
        }
        found.sort_by(|(a, x), (b, y)| a.cmp(b).then(x.item.cmp(&y.item)));
        self.matches = found.into_iter().map(|(_, found)| found).collect();
    }

    /// What has the letters in order in its name, the closest together first.
    fn anywhere(&self, text: &str) -> Vec<(u32, Match)> {
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
        let mut buffer = Vec::new();
        let mut found = Vec::new();
        for (item, of) in self.items.iter().enumerate() {
            let mut at = Vec::new();
            if let Some(score) = pattern.indices(Utf32Str::new(&of.label, &mut buffer), &mut matcher, &mut at) {
                at.sort_unstable();
                at.dedup();
                found.push((u32::MAX - score, Match { item, at }));
            }
        }
        found
    }
}

/// How well something answers to words in lower case, 0 best, and which characters of its name do.
fn answers(label: &str, detail: &str, words: &[&str]) -> Option<(u32, Vec<u32>)> {
    let name: Vec<char> = label.chars().filter_map(|c| c.to_lowercase().next()).collect();
    let (mut rank, mut at) = (0, Vec::new());
    for word in words {
        let letters: Vec<char> = word.chars().collect();
        let within = name.windows(letters.len()).position(|part| part == letters);
        if let Some(from) = within {
            // The name's beginning, then that of one of its words, then anywhere in it.
            rank += if from == 0 {
                0
            } else if begins(&name, from) {
                1
            } else {
                4
            };
            at.extend(from..from + letters.len());
        } else if let Some(places) = initials(&name, &letters) {
            rank += 16;
            at.extend(places);
        } else if begins_a_word(&detail.to_lowercase(), word) {
            rank += 64;
        } else {
            return None;
        }
    }
    at.sort_unstable();
    at.dedup();
    Some((rank, at.into_iter().filter_map(|at| u32::try_from(at).ok()).collect()))
}

/// Whether a word begins at that character.
fn begins(name: &[char], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| name.get(before)).is_none_or(|c| !c.is_alphanumeric())
}

/// Where the letters are beginnings of the name's words, in order: `cpj` or `copj` in `copy-plan-json`.
fn initials(name: &[char], letters: &[char]) -> Option<Vec<usize>> {
    let mut places: Vec<usize> = Vec::with_capacity(letters.len());
    let mut rest = letters.iter().peekable();
    let mut at = 0;
    while let Some(letter) = rest.peek() {
        let goes_on = places.last().is_some_and(|last| last + 1 == at) || begins(name, at);
        if *name.get(at)? == **letter && goes_on {
            places.push(at);
            rest.next();
        }
        at += 1;
    }
    Some(places)
}

/// Whether a word of the text begins so.
fn begins_a_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| !text[..at].ends_with(char::is_alphanumeric))
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
            | Command::Formulas
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
        for (typed, name) in [
            ("find", "find-indexes"),
            ("fi ind", "find-indexes"),
            ("shell", "suspend"),
            ("cpj", "copy-plan-json"),
            ("them", "theme"),
            ("index", "try-index"),
            ("slwst", "next-slowest"),
        ] {
            assert_eq!(names(typed).first().map(String::as_str), Some(name), "{typed}: {:?}", names(typed));
        }
        assert_eq!(names("zzzz"), Vec::<String>::new());
    }

    #[test]
    fn what_is_typed_leaves_only_what_has_to_do_with_it() {
        for (typed, all) in [
            ("theme", &["theme"][..]),
            ("mouse", &["mouse"]),
            ("sums", &["view-sums", "next-face"]),
            ("json", &["copy-plan-json", "save-report"]),
        ] {
            assert_eq!(names(typed), all, "{typed}");
        }
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
