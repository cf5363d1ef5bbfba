//! `whyslow themes`: what there is, in its own colours where there are any.

use std::{fmt::Write as _, process::ExitCode};

use ratatui::style::{Color, Modifier, Style};

use super::{
    failure::Failure,
    options::{Common, Format},
    output::Output,
};
use crate::{
    config,
    theme::{BUILT_IN, Depth, Theme, UNICODE},
};

/// Words of the sample and what they mean.
const SAMPLE: &[(&str, &str)] = &[
    ("Seq Scan", "plan.operator"),
    ("on ", "plan.label"),
    ("orders", "plan.relation"),
    ("812 ms", "plan.heat.5"),
    ("full scan", "flag.full-scan"),
    ("proved", "verdict.proved"),
    ("select", "sql.keyword"),
    ("'open'", "sql.string"),
];

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the answer cannot be written.
pub(super) fn run(common: &Common) -> Result<ExitCode, Failure> {
    let out = Output::new(common);
    let wanted = common.config();
    let own = config::own_themes();
    let built_in = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).filter(|name| !own.contains(name));
    let names: Vec<(String, bool)> =
        built_in.map(|n| (n, false)).chain(own.iter().map(|n| (n.clone(), true))).collect();
    if common.format == Some(Format::Json) {
        let list: Vec<serde_json::Value> = names
            .iter()
            .map(|(name, own)| match load(name, Depth::True) {
                Ok(theme) => serde_json::json!({"name": name, "about": theme.about, "own": own}),
                Err(problem) => serde_json::json!({"name": name, "about": null, "own": own, "problem": problem}),
            })
            .collect();
        return out.text(&format!("{:#}\n", serde_json::Value::from(list)));
    }
    let depth = match wanted.depth(|name| std::env::var(name).ok()) {
        // For a pipe that wants colours, as many as can be had.
        depth if out.colored(wanted.color) => depth,
        _ => Depth::None,
    };
    let mut text = String::new();
    for (name, own) in &names {
        let mark = if wanted.theme.as_ref() == Some(name) { "*" } else { " " };
        match load(name, depth) {
            Ok(theme) => {
                let own = if *own { " (yours)" } else { "" };
                let sample = if depth == Depth::None { String::new() } else { format!("{}  ", sample(&theme)) };
                let _ = writeln!(text, "{mark} {name:<18} {sample}{}{own}", theme.about);
            }
            Err(problem) => {
                let _ = writeln!(text, "{mark} {name:<18} {problem}");
            }
        }
    }
    out.text(&text)
}

fn load(name: &str, depth: Depth) -> Result<Theme, String> {
    Theme::load(name, depth, &UNICODE, &config::own_theme).map(|(theme, _)| theme).map_err(|e| e.to_string())
}

/// A few words in the theme's colours on its page.
fn sample(theme: &Theme) -> String {
    let page = Style::new().bg(theme.page.0).fg(theme.page.1);
    let mut out = String::new();
    for (i, (word, scope)) in SAMPLE.iter().enumerate() {
        if i > 0 && !SAMPLE[i - 1].0.ends_with(' ') {
            out.push_str(&painted(" ", page));
        }
        out.push_str(&painted(word, page.patch(theme.style(scope))));
    }
    out
}

/// A word between the escape sequences of a style (ECMA-48, "select graphic rendition").
fn painted(word: &str, style: Style) -> String {
    let mut codes: Vec<String> = Vec::new();
    for (modifier, code) in [
        (Modifier::BOLD, "1"),
        (Modifier::DIM, "2"),
        (Modifier::ITALIC, "3"),
        (Modifier::UNDERLINED, "4"),
        (Modifier::REVERSED, "7"),
    ] {
        if style.add_modifier.contains(modifier) {
            codes.push(code.to_owned());
        }
    }
    codes.extend(style.fg.map(|color| code(color, 0)));
    codes.extend(style.bg.map(|color| code(color, 10)));
    format!("\x1b[{}m{word}\x1b[0m", codes.join(";"))
}

/// The parameter for a colour; `ground` is 0 for the text and 10 for what is behind it.
fn code(color: Color, ground: u8) -> String {
    const SIXTEEN: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    match color {
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", 38 + ground),
        Color::Indexed(n) => format!("{};5;{n}", 38 + ground),
        other => match (0_u8..).zip(SIXTEEN).find(|(_, c)| *c == other) {
            Some((n @ 0..8, _)) => (30 + ground + n).to_string(),
            Some((n, _)) => (90 + ground + n - 8).to_string(),
            None => (39 + ground).to_string(),
        },
    }
}
