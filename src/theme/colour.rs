//! Colours, and what is left of them on terminals that know fewer.

use ratatui::style::Color;

/// How many colours a terminal knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// None, or none are wanted.
    None,
    /// The sixteen.
    Ansi,
    /// 256.
    Indexed,
    /// 24 bits.
    True,
}

impl Depth {
    /// What the environment says: `NO_COLOR` (set and not empty, see no-color.org), `COLORTERM`, `TERM`. GNU screen hands on
    /// the `COLORTERM` of the terminal around it, but not its colours.
    #[must_use]
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is = |name: &str| variable(name).filter(|v| !v.is_empty());
        let term = is("TERM").unwrap_or_default();
        if is("NO_COLOR").is_some() || ["dumb", "vt100", "vt102", "vt220", "vt320"].contains(&term.as_str()) {
            return Self::None;
        }
        let in_screen = is("STY").is_some() && is("TMUX").is_none();
        if !in_screen && is("COLORTERM").is_some_and(|v| v.contains("truecolor") || v.contains("24bit"))
            || term.contains("direct")
        {
            return Self::True;
        }
        if term.contains("256color") { Self::Indexed } else { Self::Ansi }
    }
}

/// Red, green and blue.
pub(super) type Rgb = (u8, u8, u8);

/// What text stands on: the colour that was chosen, and the one that is shown in its place.
pub(super) type Ground = (Rgb, Rgb);

/// One colour of a palette: the true one, and the one of the sixteen that stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Paint {
    pub(super) rgb: Option<(u8, u8, u8)>,
    pub(super) ansi: Option<Color>,
}

impl Paint {
    /// The colour on a terminal of that depth, where it stands on those grounds.
    pub(super) fn at(self, depth: Depth, grounds: &[Ground]) -> Color {
        let ansi = self.ansi.unwrap_or(Color::Reset);
        match (depth, self.rgb) {
            (Depth::None, _) => Color::Reset,
            (Depth::True, Some((r, g, b))) => Color::Rgb(r, g, b),
            (Depth::Indexed, Some(rgb)) => Color::Indexed(readable(rgb, grounds)),
            _ => ansi,
        }
    }

    /// The colour as a ground, where the 256 show it on another.
    pub(super) fn ground(self, on: &[Ground]) -> Option<Ground> {
        self.rgb.map(|rgb| (rgb, shown(readable(rgb, on))))
    }

    /// `#rrggbb`, or the name of one of the sixteen.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(hex) = text.strip_prefix('#') {
            let n = u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 6)?;
            let [_, r, g, b] = n.to_be_bytes();
            return Some(Self { rgb: Some((r, g, b)), ansi: None });
        }
        text.parse::<Color>().ok().map(|c| Self { rgb: None, ansi: Some(c) })
    }
}

/// The nearest of the 256 that stands out from those grounds no less than the colour itself does; where none does, the nearest.
fn readable(rgb: Rgb, grounds: &[Ground]) -> u8 {
    let reads = |n: &u8| grounds.iter().all(|(chosen, seen)| contrast(shown(*n), *seen) >= contrast(rgb, *chosen));
    let found = (16..=255).filter(reads).min_by_key(|n| distance(shown(*n), rgb));
    found.unwrap_or_else(|| nearest(rgb))
}

/// The square of how far two colours are apart.
fn distance(one: Rgb, other: Rgb) -> u32 {
    let apart = |part: u8, other: u8| u32::from(part.abs_diff(other)).pow(2);
    apart(one.0, other.0) + apart(one.1, other.1) + apart(one.2, other.2)
}

const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// What xterm and its like show for a colour of the 256 from 16 on.
pub(super) fn shown(n: u8) -> Rgb {
    if let Some(grey) = n.checked_sub(232) {
        let level = 8 + 10 * grey;
        return (level, level, level);
    }
    let n = n.saturating_sub(16);
    let level = |n: u8| LEVELS[usize::from(n % 6)];
    (level(n / 36), level(n / 6), level(n))
}

/// The contrast ratio of WCAG 2.2 ("contrast ratio", "relative luminance"), 1 to 21.
pub(super) fn contrast(a: Rgb, b: Rgb) -> f64 {
    let linear = |v: u8| {
        let v = f64::from(v) / 255.0;
        if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    let light = |(r, g, b): Rgb| 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b) + 0.05;
    let (a, b) = (light(a), light(b));
    a.max(b) / a.min(b)
}

/// The nearest of the 256: the 6×6×6 cube from 16 on, or the 24 greys from 232 on.
#[allow(clippy::many_single_char_names, reason = "red, green and blue, and their counterparts")]
fn nearest((r, g, b): (u8, u8, u8)) -> u8 {
    let level = |v: u8| (0u8..6).min_by_key(|i| LEVELS[usize::from(*i)].abs_diff(v)).unwrap_or(0);
    let on = [level(r), level(g), level(b)];
    let [x, y, z] = on.map(|i| LEVELS[usize::from(i)]);
    let cube = (16 + 36 * on[0] + 6 * on[1] + on[2], (x, y, z));
    let greys = (0u8..24).map(|n| (232 + n, (8 + 10 * n, 8 + 10 * n, 8 + 10 * n)));
    greys.chain([cube]).min_by_key(|(_, rgb)| distance(*rgb, (r, g, b))).map_or(15, |(n, _)| n)
}

#[cfg(test)]
mod tests {
    use super::{Depth, nearest};

    #[test]
    fn the_environment_decides_the_depth() {
        for (set, depth) in [
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")][..], Depth::True),
            (&[("TERM", "xterm-256color")], Depth::Indexed),
            (&[("TERM", "linux")], Depth::Ansi),
            (&[("TERM", "xterm-16color")], Depth::Ansi),
            (&[("TERM", "xterm-direct")], Depth::True),
            (&[("TERM", "vt220")], Depth::None),
            (&[("TERM", "screen"), ("COLORTERM", "truecolor"), ("STY", "1.tty")], Depth::Ansi),
            (&[("TERM", "screen-256color"), ("COLORTERM", "truecolor"), ("STY", "1.tty")], Depth::Indexed),
            (&[("TERM", "screen-256color"), ("COLORTERM", "truecolor"), ("TMUX", "/t")], Depth::True),
            (&[], Depth::Ansi),
            (&[("TERM", "dumb"), ("COLORTERM", "truecolor")], Depth::None),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "1")], Depth::None),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "")], Depth::Indexed),
        ] {
            let variable = |name: &str| set.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
            assert_eq!(Depth::detect(variable), depth, "{set:?}");
        }
    }

    #[test]
    fn the_nearest_of_256_is_found() {
        for (rgb, n) in [((255, 0, 0), 196), ((0, 0, 0), 16), ((128, 128, 128), 244), ((255, 255, 255), 231)] {
            assert_eq!(nearest(rgb), n, "{rgb:?}");
        }
    }
}
