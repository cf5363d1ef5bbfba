//! Theme files: `about`, `inherits`, `[palette]`, `[page]`, `[scopes]`.

use std::collections::HashMap;

use ratatui::style::Modifier;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{BUILT_IN, Ink, SCOPES, ThemeError, colour::Paint};
use crate::text::line_of;

/// A theme with everything it inherits.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub(super) styles: HashMap<String, Ink>,
    pub(super) background: Paint,
    pub(super) foreground: Paint,
    pub(super) about: String,
    palette: HashMap<String, Paint>,
}

/// A text and whose it is.
struct Source {
    name: String,
    own: bool,
    text: String,
}

impl Source {
    /// The person's own file wins, unless that is the one which asks.
    fn find(name: &str, asked_by_itself: bool, own: &dyn Fn(&str) -> Option<String>) -> Result<Self, ThemeError> {
        if let Some(text) = own(name).filter(|_| !asked_by_itself) {
            return Ok(Self { name: name.to_owned(), own: true, text });
        }
        let built_in = BUILT_IN.iter().find(|(n, _)| *n == name);
        built_in.map(|(_, text)| Self { name: name.to_owned(), own: false, text: (*text).to_owned() }).ok_or_else(
            || ThemeError::Unknown {
                name: name.to_owned(),
                known: BUILT_IN.iter().map(|(n, _)| *n).collect::<Vec<_>>().join(", "),
            },
        )
    }

    fn table(&self) -> Result<DeTable<'_>, ThemeError> {
        DeTable::parse(&self.text).map(Spanned::into_inner).map_err(|error| ThemeError::Malformed {
            name: self.name.clone(),
            line: error.span().map_or(1, |span| line_of(&self.text, span.start)),
            problem: error.message().to_owned(),
        })
    }

    /// A warning with its place.
    fn at(&self, start: usize, problem: &str) -> String {
        format!("theme {}, line {}: {problem}", self.name, line_of(&self.text, start))
    }
}

/// Reads a theme and those it inherits from, the oldest ancestor first. A theme of the person's own may inherit from the
/// built-in one of the same name.
pub(super) fn resolve(
    name: &str,
    own: &dyn Fn(&str) -> Option<String>,
    warnings: &mut Vec<String>,
) -> Result<Resolved, ThemeError> {
    let mut chain: Vec<Source> = Vec::new();
    let mut next = Some(name.to_owned());
    while let Some(name) = next {
        let by_itself = chain.last().is_some_and(|heir| heir.own && heir.name == name);
        let source = Source::find(&name, by_itself, own)?;
        if chain.iter().any(|seen| seen.name == name && seen.own == source.own) {
            return Err(ThemeError::Circle(name));
        }
        next = source.table()?.get("inherits").and_then(|v| v.get_ref().as_str()).map(str::to_owned);
        chain.push(source);
    }
    chain.reverse();
    let mut tables = Vec::with_capacity(chain.len());
    for source in &chain {
        tables.push((source, source.table()?));
    }
    let mut out = Resolved::default();
    // A palette counts before scopes are read, so that an heir may repaint what it inherits.
    for (source, table) in &tables {
        top(source, table, &mut out, warnings);
        for (key, value) in section(table, "palette") {
            // `yellow = "yellow"` is the one of the sixteen, not what it was before.
            let plain = value.get_ref().as_str().filter(|text| text == key.get_ref()).and_then(Paint::parse);
            match plain.or_else(|| paint(value.get_ref(), &out.palette)) {
                Some(paint) => drop(out.palette.insert(key.get_ref().to_string(), paint)),
                None => warnings.push(source.at(value.span().start, &format!("palette {}: no colour", key.get_ref()))),
            }
        }
    }
    for (source, table) in &tables {
        for (key, value) in section(table, "page") {
            match (key.get_ref().as_ref(), paint(value.get_ref(), &out.palette)) {
                ("background", Some(paint)) => out.background = paint,
                ("foreground", Some(paint)) => out.foreground = paint,
                (key, _) => warnings.push(source.at(value.span().start, &format!("page {key} is not understood"))),
            }
        }
        for (scope, value) in section(table, "scopes") {
            let (start, scope) = (scope.span().start, scope.get_ref());
            if !SCOPES.iter().any(|known| known == scope || known.starts_with(&format!("{scope}.")))
                && !SCOPES.iter().any(|known| scope.starts_with("flag.") && *known == "flag")
            {
                warnings.push(source.at(start, &format!("nothing on the screen is called {scope}")));
            }
            let warn = |problem: String| warnings.push(source.at(start, &format!("{scope}: {problem}")));
            let ink = ink(value.get_ref(), &out.palette, warn);
            out.styles.insert(scope.to_string(), ink);
        }
    }
    Ok(out)
}

/// What stands above the sections.
fn top(source: &Source, table: &DeTable<'_>, out: &mut Resolved, warnings: &mut Vec<String>) {
    for (key, value) in table {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("about", DeValue::String(about)) => out.about = about.to_string(),
            ("inherits", DeValue::String(_)) | ("palette" | "page" | "scopes", DeValue::Table(_)) => {}
            (key, _) => warnings.push(source.at(
                value.span().start,
                &format!("{key} is not understood; there are about, inherits, [palette], [page] and [scopes]"),
            )),
        }
    }
}

type Entry<'a, 'i> = (&'a Spanned<std::borrow::Cow<'i, str>>, &'a Spanned<DeValue<'i>>);

fn section<'a, 'i: 'a>(table: &'a DeTable<'i>, name: &str) -> impl Iterator<Item = Entry<'a, 'i>> {
    table.get(name).and_then(|v| v.get_ref().as_table()).into_iter().flatten()
}

/// A palette's name, a colour, or `[colour, one of the sixteen]`.
fn paint(value: &DeValue<'_>, palette: &HashMap<String, Paint>) -> Option<Paint> {
    match value {
        DeValue::String(text) => palette.get(text.as_ref()).copied().or_else(|| Paint::parse(text)),
        DeValue::Array(both) => match (both.len(), both.first()?.get_ref().as_str(), both.get(1)?.get_ref().as_str()) {
            (2, Some(rgb), Some(ansi)) => Some(Paint { rgb: Paint::parse(rgb)?.rgb, ansi: Paint::parse(ansi)?.ansi }),
            _ => None,
        },
        _ => None,
    }
}

fn ink(value: &DeValue<'_>, palette: &HashMap<String, Paint>, mut warn: impl FnMut(String)) -> Ink {
    let mut out = Ink::default();
    let Some(table) = value.as_table() else {
        out.fg = paint(value, palette);
        if out.fg.is_none() {
            warn("no colour".to_owned());
        }
        return out;
    };
    for (key, value) in table {
        let modifier = match key.get_ref().as_ref() {
            key @ ("fg" | "bg") => {
                let found = paint(value.get_ref(), palette);
                if found.is_none() {
                    warn(format!("{key} is no colour"));
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
            key => {
                warn(format!("{key} is not understood; there are fg, bg, bold, dim, italic, underline and reversed"));
                continue;
            }
        };
        match value.get_ref().as_bool() {
            Some(true) => out.modifiers |= modifier,
            Some(false) => out.modifiers -= modifier,
            None => warn(format!("{} is true or false", key.get_ref())),
        }
    }
    out
}
