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

/// One colour of a palette: the true one, and the one of the sixteen that stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Paint {
    pub(super) rgb: Option<(u8, u8, u8)>,
    pub(super) ansi: Option<Color>,
}

impl Paint {
    pub(super) fn at(self, depth: Depth) -> Color {
        let ansi = self.ansi.unwrap_or(Color::Reset);
        match (depth, self.rgb) {
            (Depth::None, _) => Color::Reset,
            (Depth::True, Some((r, g, b))) => Color::Rgb(r, g, b),
            (Depth::Indexed, Some(rgb)) => Color::Indexed(nearest(rgb)),
            _ => ansi,
        }
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

/// The nearest of the 256: the 6×6×6 cube from 16 on, or the 24 greys from 232 on.
#[allow(clippy::many_single_char_names, reason = "red, green and blue, and their counterparts")]
fn nearest((r, g, b): (u8, u8, u8)) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let level = |v: u8| (0u8..6).min_by_key(|i| LEVELS[usize::from(*i)].abs_diff(v)).unwrap_or(0);
    let distance = |(x, y, z): (u8, u8, u8)| {
        [(x, r), (y, g), (z, b)].iter().map(|(p, q)| u32::from(p.abs_diff(*q)).pow(2)).sum::<u32>()
    };
    let on = [level(r), level(g), level(b)];
    let [x, y, z] = on.map(|i| LEVELS[usize::from(i)]);
    let cube = (16 + 36 * on[0] + 6 * on[1] + on[2], (x, y, z));
    let greys = (0u8..24).map(|n| (232 + n, (8 + 10 * n, 8 + 10 * n, 8 + 10 * n)));
    greys.chain([cube]).min_by_key(|(_, rgb)| distance(*rgb)).map_or(15, |(n, _)| n)
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
