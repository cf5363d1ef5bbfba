//! The keys in force: those of the table, less what the person bound otherwise.

use std::fmt::Write as _;

use super::{Binding, COMMANDS, Code, Command, Key, PLACES, Place};

/// Keys a person wants for a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// A command's name (`fold`), or with the place before it (`tree.fold`).
    pub command: String,
    /// Keys as [`Key`] reads them; none takes the command's keys away.
    pub keys: Vec<String>,
}

/// The keys in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    /// For each line of the table and each of its places, the keys.
    bound: Vec<Bound>,
}

/// A line of the table with the keys in force.
pub type BoundLine<'a> = (&'static Binding, &'a [Key]);

/// The keys of one line of the table at one of its places.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Bound {
    line: usize,
    place: Place,
    keys: Vec<Key>,
    wished: bool,
}

impl Default for Keymap {
    fn default() -> Self {
        let mut bound = Vec::new();
        for (line, binding) in COMMANDS.iter().enumerate() {
            let keys: Vec<Key> = binding.keys.iter().filter_map(|text| text.parse().ok()).collect();
            bound.extend(binding.places.iter().map(|place| Bound {
                line,
                place: *place,
                keys: keys.clone(),
                wished: false,
            }));
        }
        Self { bound }
    }
}

impl Keymap {
    /// The table's keys with a person's wishes, and what could not be done, one line each. A wish takes a key from
    /// whatever the table gives it to; of two wishes for one key the first is done.
    #[must_use]
    pub fn new(wishes: &[Wish]) -> (Self, Vec<String>) {
        let mut map = Self::default();
        let mut said = Vec::new();
        for wish in wishes {
            map.grant(wish, &mut said);
        }
        if map.lookup(&[Place::Normal, Place::Always], ctrl('q')) != Some(Command::Quit)
            && !map.bound.iter().any(|b| command(b) == Command::Quit && !b.keys.is_empty())
        {
            said.push("quit has no key left; ctrl-q keeps it".to_owned());
            if let Some(quit) = map.bound.iter_mut().find(|b| command(b) == Command::Quit && b.place == Place::Always) {
                quit.keys.push(ctrl('q'));
            }
        }
        (map, said)
    }

    fn grant(&mut self, wish: &Wish, said: &mut Vec<String>) {
        let (place, name) = match wish.command.split_once('.') {
            Some((place, name)) => (Some(place), name),
            None => (None, wish.command.as_str()),
        };
        let targets: Vec<usize> = (0..self.bound.len())
            .filter(|at| {
                let bound = &self.bound[*at];
                COMMANDS[bound.line].name == name && place.is_none_or(|p| bound.place.name() == p)
            })
            .collect();
        if targets.is_empty() {
            said.push(format!("{:?} is no command; `whyslow keys` lists them", wish.command));
            return;
        }
        let mut keys = Vec::new();
        for text in &wish.keys {
            match text.parse::<Key>() {
                Ok(key) => keys.push(key),
                Err(error) => said.push(format!("{}: {error}", wish.command)),
            }
        }
        if keys.is_empty() && !wish.keys.is_empty() {
            return;
        }
        let mut done = keys.is_empty();
        for at in &targets {
            let place = self.bound[*at].place;
            let mut usable: Vec<Key> =
                keys.iter().copied().filter(|key| !place.is_typing() || key.typed().is_none()).collect();
            usable.retain(|key| self.take(*key, place, &targets, wish, said));
            // Where text is typed a letter cannot be a command: there the table's keys stay.
            if usable.is_empty() && !keys.is_empty() {
                continue;
            }
            done = true;
            let bound = &mut self.bound[*at];
            bound.keys = usable;
            bound.wished = true;
        }
        if !done {
            said.push(format!("{}: none of {} can be used there", wish.command, wish.keys.join(" ")));
        }
    }

    /// Frees a key at a place for a wish; false when an earlier wish has it.
    fn take(&mut self, key: Key, place: Place, targets: &[usize], wish: &Wish, said: &mut Vec<String>) -> bool {
        for at in 0..self.bound.len() {
            let bound = &mut self.bound[at];
            if targets.contains(&at) || bound.place != place || !bound.keys.contains(&key) {
                continue;
            }
            let other = COMMANDS[bound.line].name;
            if bound.wished {
                said.push(format!("{key} is bound to {other} and to {}: {other} keeps it", wish.command));
                return false;
            }
            bound.keys.retain(|k| *k != key);
            if bound.keys.is_empty() {
                said.push(format!("{key} now means {}; {other} has no key left there", wish.command));
            }
        }
        true
    }

    /// The command a key stands for, the innermost of the places first.
    #[must_use]
    pub fn lookup(&self, places: &[Place], key: Key) -> Option<Command> {
        places
            .iter()
            .find_map(|place| self.bound.iter().find(|b| b.place == *place && b.keys.contains(&key)).map(command))
    }

    /// Key and word for the line of hints, in the order of the table. A key that an inner place gives another meaning is
    /// left out.
    #[must_use]
    pub fn hints(&self, places: &[Place]) -> Vec<(Key, &'static str, Command)> {
        let mut out: Vec<(Key, &'static str, Command)> = Vec::new();
        for bound in self.bound.iter().filter(|b| places.contains(&b.place)) {
            let binding = &COMMANDS[bound.line];
            if binding.hint.is_empty() || out.iter().any(|(_, _, command)| *command == binding.command) {
                continue;
            }
            if let Some(key) = bound.keys.iter().find(|key| self.lookup(places, **key) == Some(binding.command)) {
                out.push((*key, binding.hint, binding.command));
            }
        }
        out
    }

    /// The bindings of each place with their keys, in the order of help. Those without a key are left out.
    #[must_use]
    pub fn by_place(&self) -> Vec<(Place, Vec<BoundLine<'_>>)> {
        PLACES
            .iter()
            .map(|place| {
                let lines = self.bound.iter().filter(|b| b.place == *place && !b.keys.is_empty());
                (*place, lines.map(|b| (&COMMANDS[b.line], b.keys.as_slice())).collect::<Vec<_>>())
            })
            .filter(|(_, lines)| !lines.is_empty())
            .collect()
    }

    /// The key shown for a command at these places, if it has one.
    #[must_use]
    pub fn key_of(&self, places: &[Place], wanted: Command) -> Option<Key> {
        let keys = self.bound.iter().filter(|b| places.contains(&b.place) && command(b) == wanted);
        keys.flat_map(|b| &b.keys).find(|key| self.lookup(places, **key) == Some(wanted)).copied()
    }

    /// The whole table as text, for `whyslow keys`: a heading per place, a line per command.
    #[must_use]
    pub fn listing(&self) -> String {
        let mut out = String::new();
        for (place, lines) in self.by_place() {
            let _ = writeln!(out, "{} [{}]", place.title(), place.name());
            for (binding, keys) in lines {
                let keys = labels(keys, false);
                let _ = writeln!(out, "  {keys:<24}  {:<18}  {}", binding.name, binding.help);
            }
            out.push('\n');
        }
        let without: Vec<&Binding> = COMMANDS.iter().filter(|binding| binding.keys.is_empty()).collect();
        if !without.is_empty() {
            out.push_str("In the palette only\n");
            for binding in without {
                let _ = writeln!(out, "  {:<24}  {:<18}  {}", "", binding.name, binding.help);
            }
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
        out
    }

    /// The table as Markdown, for the README.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = String::from("| where | key | does |\n|---|---|---|\n");
        for (place, lines) in self.by_place() {
            for (binding, keys) in lines {
                let keys: Vec<String> =
                    keys.iter().map(|k| format!("`{}`", k.to_string().replace('|', "\\|"))).collect();
                let _ = writeln!(out, "| {} | {} | {} |", place.title(), keys.join(" "), binding.help);
            }
        }
        for binding in COMMANDS.iter().filter(|binding| binding.keys.is_empty()) {
            let _ = writeln!(out, "| Palette | `:` {} | {} |", binding.name, binding.help);
        }
        out
    }
}

/// Keys as people read them, arrows as arrows or, with `ascii`, as words.
#[must_use]
pub fn labels(keys: &[Key], ascii: bool) -> String {
    keys.iter().map(|key| key.label(ascii)).collect::<Vec<_>>().join(" ")
}

fn command(bound: &Bound) -> Command {
    COMMANDS[bound.line].command
}

const fn ctrl(c: char) -> Key {
    Key { code: Code::Char(c), ctrl: true, alt: false }
}

#[cfg(test)]
mod tests {
    use super::{Keymap, Wish};
    use crate::keys::{Command, Key, Place};

    fn wish(command: &str, keys: &[&str]) -> Wish {
        Wish { command: command.to_owned(), keys: keys.iter().map(|k| (*k).to_owned()).collect() }
    }

    fn key(text: &str) -> Key {
        text.parse().unwrap()
    }

    #[test]
    fn a_wish_takes_the_key_from_the_table_and_says_who_has_none_left() {
        let (map, said) = Keymap::new(&[wish("find-indexes", &["i", "F8"])]);
        assert_eq!(map.lookup(&[Place::Normal], key("i")), Some(Command::FindIndexes));
        assert_eq!(map.lookup(&[Place::Normal], key("x")), None);
        assert_eq!(map.lookup(&[Place::Always], key("F8")), Some(Command::FindIndexes));
        assert_eq!(map.lookup(&[Place::Always], key("i")), None, "a letter where text is typed");
        assert_eq!(said, Vec::<String>::new());
        let (map, said) = Keymap::new(&[wish("tree.open", &["space"])]);
        assert_eq!(map.lookup(&[Place::Tree], key("space")), Some(Command::Open));
        assert_eq!(map.lookup(&[Place::Findings], key("ret")), Some(Command::Open), "another place keeps its own");
        assert_eq!(said.len(), 1, "{said:?}");
    }

    #[test]
    fn of_two_wishes_for_a_key_the_first_is_done_and_the_other_is_said() {
        let (map, said) = Keymap::new(&[wish("analyze", &["z"]), wish("explain", &["z", "Z"])]);
        assert_eq!(map.lookup(&[Place::Normal], key("z")), Some(Command::Analyze));
        assert_eq!(map.lookup(&[Place::Normal], key("Z")), Some(Command::Explain));
        assert!(said.len() == 1 && said[0].contains("analyze keeps it"), "{said:?}");
    }

    #[test]
    fn what_cannot_be_bound_is_said_and_the_rest_counts() {
        for (wishes, part) in [
            (vec![wish("no-such", &["z"])], "is no command"),
            (vec![wish("tree.no-such", &["z"])], "is no command"),
            (vec![wish("explain", &["hyper-x"])], "is not a key"),
            (vec![wish("always.explain", &["z"])], "can be used there"),
            (vec![wish("quit", &[])], "ctrl-q keeps it"),
        ] {
            let (map, said) = Keymap::new(&wishes);
            assert!(said.len() == 1 && said[0].contains(part), "{said:?}");
            assert_eq!(map.lookup(&[Place::Normal, Place::Always], key("x")), Some(Command::FindIndexes));
            assert_eq!(map.lookup(&[Place::Always], key("ctrl-q")), Some(Command::Quit));
        }
    }
}
