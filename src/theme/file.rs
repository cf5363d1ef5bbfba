//! Theme files: `inherits`, `[palette]`, `[page]`, `[scopes]`.

use std::collections::HashMap;

use ratatui::style::Modifier;
use toml::{Table, Value};

use super::{BUILT_IN, Ink, SCOPES, ThemeError, colour::Paint};

/// A theme with everything it inherits.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub(super) styles: HashMap<String, Ink>,
    pub(super) background: Paint,
    pub(super) foreground: Paint,
    palette: HashMap<String, Paint>,
}

/// Reads a theme and those it inherits from, the oldest ancestor first.
pub(super) fn resolve(
    name: &str,
    own: &dyn Fn(&str) -> Option<String>,
    warnings: &mut Vec<String>,
) -> Result<Resolved, ThemeError> {
    let mut chain: Vec<(String, Table)> = Vec::new();
    let mut next = Some(name.to_owned());
    while let Some(name) = next {
        if chain.iter().any(|(seen, _)| *seen == name) {
            return Err(ThemeError::Circle(name));
        }
        let table = parse(&name, own)?;
        next = table.get("inherits").and_then(Value::as_str).map(str::to_owned);
        chain.push((name, table));
    }
    let mut out = Resolved::default();
    // A palette counts before scopes are read, so that an heir may repaint what it inherits.
    for (name, table) in chain.iter().rev() {
        for (key, value) in section(table, "palette") {
            match paint(value, &out.palette) {
                Some(paint) => drop(out.palette.insert(key.clone(), paint)),
                None => warnings.push(format!("theme {name}: palette {key}: {value} is no colour")),
            }
        }
    }
    for (name, table) in chain.iter().rev() {
        for (key, value) in section(table, "page") {
            match (key.as_str(), paint(value, &out.palette)) {
                ("background", Some(paint)) => out.background = paint,
                ("foreground", Some(paint)) => out.foreground = paint,
                _ => warnings.push(format!("theme {name}: page {key} = {value} is not understood")),
            }
        }
        for (scope, value) in section(table, "scopes") {
            if !SCOPES.iter().any(|known| known == scope || known.starts_with(&format!("{scope}.")))
                && !SCOPES.iter().any(|known| scope.starts_with("flag.") && *known == "flag")
            {
                warnings.push(format!("theme {name}: nothing on the screen is called {scope}"));
            }
            let ink = ink(value, &out.palette, |problem| warnings.push(format!("theme {name}: {scope}: {problem}")));
            out.styles.insert(scope.clone(), ink);
        }
    }
    Ok(out)
}

fn parse(name: &str, own: &dyn Fn(&str) -> Option<String>) -> Result<Table, ThemeError> {
    let text = own(name)
        .or_else(|| BUILT_IN.iter().find(|(n, _)| *n == name).map(|(_, text)| (*text).to_owned()))
        .ok_or_else(|| ThemeError::Unknown {
            name: name.to_owned(),
            known: BUILT_IN.iter().map(|(n, _)| *n).collect::<Vec<_>>().join(", "),
        })?;
    text.parse().map_err(|e: toml::de::Error| ThemeError::Malformed { name: name.to_owned(), problem: e.to_string() })
}

fn section<'a>(table: &'a Table, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    table.get(name).and_then(Value::as_table).into_iter().flatten()
}

/// A palette's name, a colour, or `[colour, one of the sixteen]`.
fn paint(value: &Value, palette: &HashMap<String, Paint>) -> Option<Paint> {
    match value {
        Value::String(text) => palette.get(text).copied().or_else(|| Paint::parse(text)),
        Value::Array(both) => match both.as_slice() {
            [Value::String(rgb), Value::String(ansi)] => {
                Some(Paint { rgb: Paint::parse(rgb)?.rgb, ansi: Paint::parse(ansi)?.ansi })
            }
            _ => None,
        },
        _ => None,
    }
}

fn ink(value: &Value, palette: &HashMap<String, Paint>, mut warn: impl FnMut(String)) -> Ink {
    let mut out = Ink::default();
    let Some(table) = value.as_table() else {
        out.fg = paint(value, palette);
        if out.fg.is_none() {
            warn(format!("{value} is no colour"));
        }
        return out;
    };
    for (key, value) in table {
        let modifier = match key.as_str() {
            "fg" | "bg" => {
                let found = paint(value, palette);
                if found.is_none() {
                    warn(format!("{value} is no colour"));
                }
                if key == "fg" {
                    out.fg = found;
                } else {
                    out.bg = found;
                }
                continue;
            }
            "bold" => Modifier::BOLD,
            "dim" => Modifier::DIM,
            "italic" => Modifier::ITALIC,
            "underline" => Modifier::UNDERLINED,
            "reversed" => Modifier::REVERSED,
            _ => {
                warn(format!("{key} is not understood"));
                continue;
            }
        };
        match value.as_bool() {
            Some(true) => out.modifiers |= modifier,
            Some(false) => out.modifiers -= modifier,
            None => warn(format!("{key} is true or false")),
        }
    }
    out
}
