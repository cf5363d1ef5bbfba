//! A cell buffer as SVG: a rectangle per run of background, a text element per run of one style. Lines and blocks are drawn
//! as shapes, since fonts leave gaps between them.

use std::fmt::Write as _;

use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};
use unicode_width::UnicodeWidthStr;
use whyslow::theme::Theme;

const WIDTH: u16 = 9;
const HEIGHT: u16 = 18;
const MARGIN: u16 = 14;

/// The picture, with the terminal's cursor as a block where there is one.
pub(super) fn svg(buffer: &Buffer, cursor: Option<(u16, u16)>, theme: &Theme) -> String {
    let (background, foreground) = (hex(theme.page.0, "#000000"), hex(theme.page.1, "#ffffff"));
    let (w, h) = (buffer.area.width * WIDTH + 2 * MARGIN, buffer.area.height * HEIGHT + 2 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
         font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"15\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{background}\"/>\n"
    );
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let cell = &buffer[(x, y)];
            let (fg, bg) = colours(cell, &foreground, &background, cursor == Some((x, y)));
            let start = x;
            let mut text = String::new();
            while x < buffer.area.width {
                let next = &buffer[(x, y)];
                let shape = is_shape(next.symbol());
                if shape && x > start {
                    break;
                }
                let same = colours(next, &foreground, &background, cursor == Some((x, y))) == (fg.clone(), bg.clone())
                    && next.modifier == cell.modifier;
                if !same {
                    break;
                }
                text.push_str(next.symbol());
                x += columns(next);
                if shape {
                    break;
                }
            }
            run(&mut out, (start, y), x - start, &text, &fg, bg.as_deref(), cell.modifier);
        }
    }
    out.push_str("</svg>\n");
    out
}

fn run(out: &mut String, (x, y): (u16, u16), columns: u16, text: &str, fg: &str, bg: Option<&str>, modifier: Modifier) {
    let (left, top) = (MARGIN + x * WIDTH, MARGIN + y * HEIGHT);
    if let Some(bg) = bg {
        let _ = writeln!(
            out,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{HEIGHT}\" fill=\"{bg}\"/>",
            columns * WIDTH
        );
    }
    if is_shape(text) {
        shape(out, (left, top), text, fg);
        return;
    }
    let lead = text.len() - text.trim_start_matches(' ').len();
    let shown = text.trim_matches(' ');
    if shown.is_empty() {
        return;
    }
    let left = left + u16::try_from(lead).unwrap() * WIDTH;
    let width = u16::try_from(shown.width()).unwrap() * WIDTH;
    let mut extra = String::new();
    for (flag, attribute) in [
        (Modifier::BOLD, " font-weight=\"bold\""),
        (Modifier::ITALIC, " font-style=\"italic\""),
        (Modifier::UNDERLINED, " text-decoration=\"underline\""),
    ] {
        if modifier.contains(flag) {
            extra.push_str(attribute);
        }
    }
    let escaped = shown.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        out,
        "<text x=\"{left}\" y=\"{}\" textLength=\"{width}\" fill=\"{fg}\" xml:space=\"preserve\"{extra}>{escaped}</text>",
        top + 14
    );
}

/// Left, right, up and down arms of line characters; the part of the cell that block characters fill from the left.
pub(super) const LINES: [(&str, [bool; 4]); 8] = [
    ("─", [true, true, false, false]),
    ("│", [false, false, true, true]),
    ("╭", [false, true, false, true]),
    ("╮", [true, false, false, true]),
    ("╰", [false, true, true, false]),
    ("╯", [true, false, true, false]),
    ("├", [false, true, true, true]),
    ("└", [false, true, true, false]),
];
pub(super) const BLOCKS: [&str; 8] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];

fn is_shape(symbol: &str) -> bool {
    LINES.iter().any(|(s, _)| *s == symbol) || BLOCKS.contains(&symbol)
}

fn shape(out: &mut String, (left, top): (u16, u16), symbol: &str, fg: &str) {
    if let Some(eighths) = BLOCKS.iter().position(|s| *s == symbol) {
        let width = f64::from(WIDTH) * f64::from(u8::try_from(eighths + 1).unwrap()) / 8.0;
        let _ = writeln!(out, "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{HEIGHT}\" fill=\"{fg}\"/>");
        return;
    }
    let arms = LINES.iter().find(|(s, _)| *s == symbol).map_or([false; 4], |(_, arms)| *arms);
    let (x, y) = (f64::from(left) + f64::from(WIDTH) / 2.0, f64::from(top) + f64::from(HEIGHT) / 2.0);
    let ends = [(f64::from(left), y), (f64::from(left + WIDTH), y), (x, f64::from(top)), (x, f64::from(top + HEIGHT))];
    let mut path = String::new();
    for ((end_x, end_y), _) in ends.iter().zip(arms).filter(|(_, arm)| *arm) {
        let _ = write!(path, "M{x} {y}L{end_x} {end_y}");
    }
    let _ = writeln!(
        out,
        "<path d=\"{path}\" stroke=\"{fg}\" stroke-width=\"1.2\" stroke-linecap=\"square\" fill=\"none\"/>"
    );
}

pub(super) fn columns(cell: &Cell) -> u16 {
    u16::try_from(cell.symbol().width().max(1)).unwrap()
}

/// Red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rgb(pub(super) u8, pub(super) u8, pub(super) u8);

/// A cell's letters, its background if it has one of its own, and the page's.
pub(super) fn real_colours(cell: &Cell, theme: &Theme, cursor: bool) -> (Rgb, Option<Rgb>, Rgb) {
    let real = |color: Color, reset: Rgb| if let Color::Rgb(r, g, b) = color { Rgb(r, g, b) } else { reset };
    let (page, ink) = (real(theme.page.0, Rgb(0, 0, 0)), real(theme.page.1, Rgb(255, 255, 255)));
    let fg = real(cell.fg, ink);
    let bg = (cell.bg != Color::Reset).then(|| real(cell.bg, page));
    if cell.modifier.contains(Modifier::REVERSED) || cursor {
        return (bg.unwrap_or(page), Some(fg), page);
    }
    (fg, bg, page)
}

/// Colours are made real before they are swapped, so that a reversed cell keeps its text.
fn colours(cell: &Cell, foreground: &str, background: &str, cursor: bool) -> (String, Option<String>) {
    let fg = hex(cell.fg, foreground);
    let bg = (cell.bg != Color::Reset).then(|| hex(cell.bg, background));
    if cell.modifier.contains(Modifier::REVERSED) || cursor {
        return (bg.unwrap_or_else(|| background.to_owned()), Some(fg));
    }
    (fg, bg)
}

fn hex(color: Color, reset: &str) -> String {
    match color {
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        _ => reset.to_owned(),
    }
}
