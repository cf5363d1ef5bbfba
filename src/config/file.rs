//! The file, read as far as it can be.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Loaded, SETTINGS, Wish};
use crate::{
    keys::Keymap,
    text::{line_of, one_line},
};

/// The sections.
const SECTIONS: [&str; 2] = ["keys", "connections"];

/// Reads a file's text into `out`. What cannot be understood becomes a warning with its line.
pub(super) fn read(text: &str, name: &str, out: &mut Loaded) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut told = |byte: usize, problem: &str| {
        out.warnings.push(format!("{name}, line {}: {problem}", line_of(text, byte)));
    };
    for error in errors {
        told(error.span().map_or(0, |span| span.start), error.message());
    }
    for (key, value) in table.get_ref() {
        let byte = key.span().start;
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("keys", DeValue::Table(keys)) => {
                let wishes = keys
                    .iter()
                    .filter_map(|(key, value)| bound(key, value, line_of(text, key.span().start), &mut told));
                let mut wishes: Vec<(usize, Wish)> = wishes.collect();
                // Of two wishes for one key the first of the file is done.
                wishes.sort_by_key(|(line, _)| *line);
                for problem in Keymap::new(&wishes.iter().map(|(_, wish)| wish.clone()).collect::<Vec<_>>()).1 {
                    told(byte, &format!("[keys] {problem}"));
                }
                out.config.keys.extend(wishes.into_iter().map(|(_, wish)| wish));
            }
            ("connections", DeValue::Table(connections)) => {
                let all = connections.iter().filter_map(|(key, value)| connection(key, value, &mut told));
                out.config.connections.extend(all);
                // Whether a table keeps the file's order depends on what else the program is built with.
                out.config.connections.sort();
            }
            (section, _) if SECTIONS.contains(&section) => told(byte, &format!("[{section}] is a table")),
            (key, value) => match SETTINGS.iter().find(|setting| setting.name == key) {
                None => told(byte, &unknown(key)),
                Some(setting) => {
                    if plain(value).and_then(|text| (setting.set)(&mut out.config, &text)).is_none() {
                        told(byte, &format!("{key} can be {}", setting.values));
                    }
                }
            },
        }
    }
    if let Some(name) = &out.config.connection
        && out.config.target(name).is_none()
    {
        let known: Vec<&str> = out.config.connections.iter().map(|(n, _)| n.as_str()).collect();
        let byte = table.get_ref().get_key_value("connection").map_or(0, |(key, _)| key.span().start);
        told(byte, &format!("no connection is called {}; there are: {}", one_line(name), known.join(", ")));
    }
}

fn unknown(key: &str) -> String {
    let names: Vec<&str> = SETTINGS.iter().map(|s| s.name).collect();
    format!("{} is not known; there are: {}, [keys], [connections]", one_line(key), names.join(", "))
}

/// A scalar as it was written, without quotes.
fn plain(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        _ => None,
    }
}

type Name<'i> = Spanned<std::borrow::Cow<'i, str>>;

/// A command and the keys it is to have: a key, or a list of them. What the command and the keys are is asked by the keymap.
fn bound(
    name: &Name<'_>,
    value: &Spanned<DeValue<'_>>,
    line: usize,
    told: &mut dyn FnMut(usize, &str),
) -> Option<(usize, Wish)> {
    let (start, command) = (name.span().start, name.get_ref().to_string());
    let keys: Option<Vec<String>> = match value.get_ref() {
        DeValue::String(text) => Some(vec![text.to_string()]),
        DeValue::Array(list) => list.iter().map(|key| key.get_ref().as_str().map(str::to_owned)).collect(),
        _ => None,
    };
    if keys.is_none() {
        let shown = one_line(&command);
        told(start, &format!("{shown} can be a key or a list of keys, such as [\"F5\", \"ctrl-r\"]"));
    }
    keys.map(|keys| (line, Wish { command, keys }))
}

/// A name and a target. One with a password is not taken, and the password is not shown.
fn connection(
    name: &Name<'_>,
    value: &Spanned<DeValue<'_>>,
    told: &mut dyn FnMut(usize, &str),
) -> Option<(String, String)> {
    let (start, shown) = (name.span().start, one_line(name.get_ref()));
    let Some(target) = value.get_ref().as_str() else {
        told(start, &format!("{shown} can be a target, such as \"postgres://ann@db/shop\""));
        return None;
    };
    if holds_password(target) {
        told(start, &format!("{shown} holds a password and is not taken; put it in ~/.pgpass or ~/.my.cnf"));
        return None;
    }
    Some((name.get_ref().to_string(), target.to_owned()))
}

/// A password in the place of the user's name, or as a parameter or keyword.
fn holds_password(target: &str) -> bool {
    let rest = target.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let in_url = authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
        // A slash or a question mark in a password that was not escaped cuts the authority short.
        || rest.rsplit_once('@').is_some_and(|(user, _)| user.contains(':') && !authority.contains('@'));
    in_url || target.to_ascii_lowercase().replace(' ', "").contains("password=")
}
