//! One key press, as text and as a terminal reports it.

use std::{fmt, str::FromStr};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// A character, as typed: `G` is the character `G` and not shift with `g`.
    Char(char),
    /// A function key, 1 to 12.
    F(u8),
    /// A key with a name.
    Named(Name),
}

/// Keys that have names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names of the keys")]
pub enum Name {
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
}

/// Name as it is written in the table, as people read it, and with arrows.
const NAMES: [(Name, &str, &str, &str); 14] = [
    (Name::Enter, "ret", "Enter", "Enter"),
    (Name::Esc, "esc", "Esc", "Esc"),
    (Name::Tab, "tab", "Tab", "Tab"),
    (Name::BackTab, "backtab", "Shift-Tab", "Shift-Tab"),
    (Name::Backspace, "backspace", "Backspace", "Backspace"),
    (Name::Delete, "del", "Del", "Del"),
    (Name::Up, "up", "Up", "↑"),
    (Name::Down, "down", "Down", "↓"),
    (Name::Left, "left", "Left", "←"),
    (Name::Right, "right", "Right", "→"),
    (Name::Home, "home", "Home", "Home"),
    (Name::End, "end", "End", "End"),
    (Name::PageUp, "pageup", "PgUp", "PgUp"),
    (Name::PageDown, "pagedown", "PgDn", "PgDn"),
];

/// One key press.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which key.
    pub code: Code,
    /// With control.
    pub ctrl: bool,
    /// With alt (or meta).
    pub alt: bool,
}

/// A text that names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a key; write it like `j`, `G`, `F5`, `ctrl-r`, `alt-ret`, `space`, `pagedown`")]
pub struct KeyError(pub String);

impl Key {
    /// The character this key types, if it types one.
    #[must_use]
    pub const fn typed(self) -> Option<char> {
        match self {
            Self { code: Code::Char(c), ctrl: false, alt: false } => Some(c),
            _ => None,
        }
    }

    /// The key as people read it: `Ctrl-R`, `↓` (with `ascii`: `Down`), `G`.
    #[must_use]
    pub fn label(self, ascii: bool) -> String {
        let mut out = String::new();
        if self.ctrl {
            out.push_str("Ctrl-");
        }
        if self.alt {
            out.push_str("Alt-");
        }
        match self.code {
            Code::Char(' ') => out.push_str("Space"),
            Code::Char(c) if self.ctrl || self.alt => out.extend(c.to_uppercase()),
            Code::Char(c) => out.push(c),
            Code::F(n) => out.extend(["F".to_owned(), n.to_string()]),
            Code::Named(name) => {
                out.push_str(NAMES.iter().find(|n| n.0 == name).map_or("", |n| if ascii { n.2 } else { n.3 }));
            }
        }
        out
    }

    /// What a terminal reported, if the key is one of ours.
    #[must_use]
    pub fn from_event(event: KeyEvent) -> Option<Self> {
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        let shift = event.modifiers.contains(KeyModifiers::SHIFT);
        let name = |name| Some(Code::Named(name));
        let code = match event.code {
            // Control with a letter arrives in either case, depending on the terminal's keyboard protocol.
            KeyCode::Char(c) if ctrl => Some(Code::Char(c.to_ascii_lowercase())),
            KeyCode::Char(c) => Some(Code::Char(c)),
            KeyCode::F(n) => Some(Code::F(n)),
            KeyCode::Enter => name(Name::Enter),
            KeyCode::Esc => name(Name::Esc),
            KeyCode::Tab if shift => name(Name::BackTab),
            KeyCode::Tab => name(Name::Tab),
            KeyCode::BackTab => name(Name::BackTab),
            KeyCode::Backspace => name(Name::Backspace),
            KeyCode::Delete => name(Name::Delete),
            KeyCode::Up => name(Name::Up),
            KeyCode::Down => name(Name::Down),
            KeyCode::Left => name(Name::Left),
            KeyCode::Right => name(Name::Right),
            KeyCode::Home => name(Name::Home),
            KeyCode::End => name(Name::End),
            KeyCode::PageUp => name(Name::PageUp),
            KeyCode::PageDown => name(Name::PageDown),
            _ => None,
        }?;
        Some(Self { code, ctrl, alt })
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (mut rest, mut ctrl, mut alt) = (text, false, false);
        loop {
            if let Some(after) = rest.strip_prefix("ctrl-").filter(|r| !r.is_empty()) {
                (rest, ctrl) = (after, true);
            } else if let Some(after) = rest.strip_prefix("alt-").filter(|r| !r.is_empty()) {
                (rest, alt) = (after, true);
            } else {
                break;
            }
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) => Code::Char(c),
            _ if rest == "space" => Code::Char(' '),
            (Some('F'), Some(_)) => match rest[1..].parse() {
                Ok(n @ 1..=12) => Code::F(n),
                _ => return Err(KeyError(text.to_owned())),
            },
            _ => match NAMES.iter().find(|n| n.1 == rest) {
                Some(n) => Code::Named(n.0),
                None => return Err(KeyError(text.to_owned())),
            },
        };
        Ok(Self { code, ctrl, alt })
    }
}

impl fmt::Display for Key {
    /// As the table writes it: `ctrl-r`, `pagedown`, `space`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("ctrl-")?;
        }
        if self.alt {
            f.write_str("alt-")?;
        }
        match self.code {
            Code::Char(' ') => f.write_str("space"),
            Code::Char(c) => write!(f, "{c}"),
            Code::F(n) => write!(f, "F{n}"),
            Code::Named(name) => f.write_str(NAMES.iter().find(|n| n.0 == name).map_or("", |n| n.1)),
        }
    }
}

/// Keys one after another: characters stand for themselves, `<…>` for a named key (`jj<ret>select 1<F5>`, `<lt>` types `<`).
///
/// # Errors
/// [`KeyError`] when a name in brackets is no key.
pub fn sequence(text: &str) -> Result<Vec<Key>, KeyError> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some((name, after)) = rest.strip_prefix('<').and_then(|r| r.split_once('>')) {
            out.push(if name == "lt" { plain('<') } else { name.parse()? });
            rest = after;
        } else {
            let enter = Key { code: Code::Named(Name::Enter), ctrl: false, alt: false };
            out.push(if c == '\n' { enter } else { plain(c) });
            rest = &rest[c.len_utf8()..];
        }
    }
    Ok(out)
}

const fn plain(c: char) -> Key {
    Key { code: Code::Char(c), ctrl: false, alt: false }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::{Key, sequence};

    #[test]
    fn a_terminal_reports_the_key_the_table_writes() {
        for (code, modifiers, text) in [
            (KeyCode::Char('G'), KeyModifiers::SHIFT, "G"),
            (KeyCode::Char('R'), KeyModifiers::CONTROL, "ctrl-r"),
            (KeyCode::Char('r'), KeyModifiers::CONTROL, "ctrl-r"),
            (KeyCode::Tab, KeyModifiers::SHIFT, "backtab"),
            (KeyCode::Enter, KeyModifiers::ALT, "alt-ret"),
            (KeyCode::F(5), KeyModifiers::NONE, "F5"),
            (KeyCode::Char(' '), KeyModifiers::NONE, "space"),
            (KeyCode::Char('-'), KeyModifiers::CONTROL, "ctrl--"),
        ] {
            assert_eq!(Key::from_event(KeyEvent::new(code, modifiers)), text.parse().ok(), "{text}");
        }
        assert_eq!(Key::from_event(KeyEvent::new(KeyCode::CapsLock, KeyModifiers::NONE)), None);
    }

    #[test]
    fn a_sequence_is_characters_and_names_in_brackets() {
        let keys: Vec<String> = sequence("j<ret>a <lt><ctrl-r>").unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(keys, ["j", "ret", "a", "space", "<", "ctrl-r"].map(str::to_owned));
        assert!(sequence("<nokey>").is_err());
        assert!("F13".parse::<Key>().is_err());
    }
}
