//! Colours by meaning. A theme file gives scopes (`plan.heat.3`, `flag.full-scan`) a style; a scope without one takes its parent's.
//!
//! Colour never stands alone: whatever a colour says, a symbol or a word says too. A mistake in a theme file is a warning
//! and the rest of the file counts.

mod colour;
mod file;
mod glyphs;

use std::collections::HashMap;

use ratatui::{
    buffer::Buffer,
    style::{Color, Modifier, Style},
};

pub use colour::Depth;
use colour::Ground;
pub use glyphs::{ASCII, Glyphs, UNICODE};

/// The themes that come with the program: name and file. A theme is a file and a line here.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("dark", include_str!("../themes/dark.toml")),
    ("light", include_str!("../themes/light.toml")),
    ("contrast", include_str!("../themes/contrast.toml")),
    ("colorblind", include_str!("../themes/colorblind.toml")),
    ("ansi", include_str!("../themes/ansi.toml")),
    ("mono", include_str!("../themes/mono.toml")),
    ("catppuccin-latte", include_str!("../themes/catppuccin-latte.toml")),
    ("catppuccin-mocha", include_str!("../themes/catppuccin-mocha.toml")),
    ("dracula", include_str!("../themes/dracula.toml")),
    ("gruvbox-dark", include_str!("../themes/gruvbox-dark.toml")),
    ("gruvbox-light", include_str!("../themes/gruvbox-light.toml")),
    ("nord", include_str!("../themes/nord.toml")),
    ("solarized-dark", include_str!("../themes/solarized-dark.toml")),
    ("solarized-light", include_str!("../themes/solarized-light.toml")),
];

/// Every scope the screen asks for. A theme file that names another is warned about.
pub const SCOPES: &[&str] = &[
    "ui",
    "ui.text",
    "ui.dim",
    "ui.border",
    "ui.border.focus",
    "ui.title",
    "ui.selection",
    "ui.selection.inactive",
    "ui.key",
    "ui.hint",
    "ui.accent",
    "ui.tab",
    "ui.tab.active",
    "ui.toast",
    "ui.match",
    "ui.busy",
    "plan",
    "plan.operator",
    "plan.relation",
    "plan.index",
    "plan.guide",
    "plan.label",
    "plan.number",
    "plan.heat",
    "plan.heat.0",
    "plan.heat.1",
    "plan.heat.2",
    "plan.heat.3",
    "plan.heat.4",
    "plan.heat.5",
    "flag",
    "flag.full-scan",
    "flag.misestimate",
    "flag.neutral",
    "finding",
    "finding.critical",
    "finding.warning",
    "finding.info",
    "verdict",
    "verdict.proved",
    "verdict.rejected",
    "verdict.untested",
    "diff",
    "diff.changed",
    "diff.added",
    "diff.removed",
    "error",
    "error.title",
    "editor.gutter",
    "editor.error",
    "editor.lit",
    "editor.statement",
    "document.key",
    "sql.keyword",
    "sql.type",
    "sql.string",
    "sql.number",
    "sql.comment",
    "sql.function",
    "sql.name",
];

/// A theme made ready for one terminal.
#[derive(Debug, Clone)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub about: String,
    /// What to draw lines and marks with.
    pub glyphs: &'static Glyphs,
    /// The page's colours, background first, for pictures and for terminals whose own are painted over.
    pub page: (Color, Color),
    styles: HashMap<String, Style>,
}

/// Why a theme could not be had at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    /// No such theme.
    #[error("there is no theme {name:?}; there are {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The file is no TOML.
    #[error("theme {name}, line {line}: {problem}")]
    Malformed {
        /// The theme.
        name: String,
        /// Line of its file, from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// Themes inherit from each other in a circle.
    #[error("theme {0} inherits from itself")]
    Circle(String),
}

impl Theme {
    /// A theme by name, for a terminal of that colour depth. `own` gives the text of a theme the person keeps; built-in
    /// ones are looked up last. Gives the warnings too.
    ///
    /// # Errors
    /// [`ThemeError`].
    pub fn load(
        name: &str,
        depth: Depth,
        glyphs: &'static Glyphs,
        own: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(Self, Vec<String>), ThemeError> {
        let mut warnings = Vec::new();
        let resolved = file::resolve(name, own, &mut warnings)?;
        // What has no ground of its own stands on the page, and now and then under the cursor.
        let page: Vec<Ground> = resolved.background.ground(&[]).into_iter().collect();
        let cursor = resolved.styles.get("ui.selection").and_then(|style| style.bg?.ground(&page));
        let grounds: Vec<Ground> = page.iter().copied().chain(cursor).collect();
        let at = |style: &Ink| style.at(depth, &page, &grounds);
        let styles = resolved.styles.iter().map(|(scope, style)| (scope.clone(), at(style))).collect();
        let page = (resolved.background.at(depth, &[]), resolved.foreground.at(depth, &grounds));
        Ok((Self { name: name.to_owned(), about: resolved.about, glyphs, page, styles }, warnings))
    }

    /// The built-in theme for a dark or a light background.
    #[must_use]
    pub fn built_in(dark: bool, depth: Depth, glyphs: &'static Glyphs) -> Self {
        let name = if dark { "dark" } else { "light" };
        Self::load(name, depth, glyphs, &|_| None).map_or_else(
            |_| Self {
                name: String::new(),
                about: String::new(),
                glyphs,
                page: (Color::Reset, Color::Reset),
                styles: HashMap::new(),
            },
            |(theme, _)| theme,
        )
    }

    /// Gives every cell that has the terminal's own colours those of the page.
    pub fn paint(&self, buffer: &mut Buffer) {
        let (background, foreground) = self.page;
        for cell in &mut buffer.content {
            if cell.bg == Color::Reset {
                cell.bg = background;
            }
            if cell.fg == Color::Reset {
                cell.fg = foreground;
            }
        }
    }

    /// The style of a scope, or of the nearest parent that has one.
    #[must_use]
    pub fn style(&self, scope: &str) -> Style {
        let mut at = scope;
        loop {
            if let Some(style) = self.styles.get(at) {
                return *style;
            }
            match at.rfind('.') {
                Some(dot) => at = &at[..dot],
                None => return Style::new(),
            }
        }
    }
}

/// A style before the terminal is known.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Ink {
    fg: Option<colour::Paint>,
    bg: Option<colour::Paint>,
    modifiers: Modifier,
}

impl Ink {
    /// The style on a terminal of that depth. `page` is what a ground stands on, `grounds` what text without one of its own
    /// stands on.
    fn at(self, depth: Depth, page: &[Ground], grounds: &[Ground]) -> Style {
        let mut style = Style::new().add_modifier(self.modifiers);
        if depth == Depth::None {
            // Without colours a background can only be shown by turning it round.
            return if self.bg.is_some() { style.add_modifier(Modifier::REVERSED) } else { style };
        }
        if let Some(fg) = self.fg {
            let own = self.bg.and_then(|bg| bg.ground(page)).map(|ground| [ground]);
            style = style.fg(fg.at(depth, own.as_ref().map_or(grounds, |own| own)));
        }
        if let Some(bg) = self.bg {
            style = style.bg(bg.at(depth, page));
        }
        style
    }
}

#[cfg(test)]
mod tests;
