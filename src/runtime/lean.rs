//! Cells to escape sequences, in as few bytes as they take: over a slow line a cursor that moves is two rows, and most of what
//! those cost is colours said again.

mod scroll;

use std::io::{self, Write};

use ratatui::{
    backend::{Backend, ClearType, CrosstermBackend, WindowSize},
    buffer::Cell,
    layout::{Position, Size},
    style::{Color, Modifier},
};

use scroll::{Move, Shown};

/// Writes what crossterm's backend would show, but only what changed of each style, and of rows that moved only what came in.
#[derive(Debug)]
pub struct Lean<W: Write> {
    inner: CrosstermBackend<W>,
    shown: Shown,
}

impl<W: Write> Lean<W> {
    /// A backend that writes there.
    pub fn new(writer: W) -> Self {
        Self { inner: CrosstermBackend::new(writer), shown: Shown::default() }
    }

    /// Moves rows: the region is set, moved from one of its ends, and taken back.
    fn shift(&mut self, moved: &Move) -> io::Result<()> {
        let (top, bottom) = (moved.rows.start + 1, moved.rows.end);
        let writer = &mut self.inner;
        write!(writer, "\x1b[{top};{bottom}r")?;
        let (end, step) = if moved.by > 0 { (bottom, "\n") } else { (top, "\x1bM") };
        write!(writer, "\x1b[{end};1H{}\x1b[r", step.repeat(moved.by.unsigned_abs()))
    }

    fn write_cells(&mut self, cells: &[(u16, u16, &Cell)]) -> io::Result<()> {
        let writer = &mut self.inner;
        let mut now = Look::PLAIN;
        let mut last: Option<Position> = None;
        let mut at = 0;
        while let Some((x, y, cell)) = cells.get(at).copied() {
            let to = Position { x, y };
            go(writer, last, to)?;
            let look = Look::of(cell, now);
            if look != now {
                writer.write_all(b"\x1b[")?;
                writer.write_all(&now.change(look))?;
                writer.write_all(b"m")?;
                now = look;
            }
            let blanks = run_of_blanks(&cells[at..], now);
            if blanks >= WORTH_ERASING {
                // The cursor stays where the blanks begin.
                write!(writer, "\x1b[{blanks}X")?;
                at += blanks;
                last = Some(to);
                continue;
            }
            writer.write_all(cell.symbol().as_bytes())?;
            at += 1;
            last = Some(Position { x: x.saturating_add(columns(cell)), y });
        }
        if now != Look::PLAIN {
            writer.write_all(b"\x1b[m")?;
        }
        Ok(())
    }
}

impl<W: Write> Write for Lean<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Write::flush(&mut self.inner)
    }
}

/// Attributes, the parameter that turns one on, and the one that turns it off. Bold and dim go off together.
const ATTRIBUTES: [(Modifier, u8, u8); 9] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// What is seen of a blank, besides its background.
const SHOWN: Modifier = Modifier::UNDERLINED.union(Modifier::REVERSED).union(Modifier::CROSSED_OUT);

/// How text looks at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Look {
    const PLAIN: Self = Self { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };

    /// A blank shows its background and lines through it, but no colour of text and no weight.
    fn of(cell: &Cell, now: Self) -> Self {
        let mut look = Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier };
        if cell.symbol() == " " && !look.modifier.intersects(SHOWN) && !now.modifier.intersects(SHOWN) {
            look.fg = now.fg;
            look.modifier = now.modifier;
        }
        look
    }

    /// The parameters that lead from one look to another; none at all means plain.
    fn change(self, to: Self) -> Vec<u8> {
        let mut out = Vec::new();
        let weight = Modifier::BOLD | Modifier::DIM;
        let (mut gone, mut new) = (self.modifier - to.modifier, to.modifier - self.modifier);
        if gone.intersects(weight) {
            // One parameter turns both off; what is still wanted of them comes back.
            parameter(&mut out, "22");
            gone -= weight;
            new |= to.modifier & weight;
        }
        for (attribute, on, off) in ATTRIBUTES {
            if gone.contains(attribute) {
                parameter(&mut out, &off.to_string());
            }
            if new.contains(attribute) {
                parameter(&mut out, &on.to_string());
            }
        }
        if to.fg != self.fg {
            color(&mut out, to.fg, 0);
        }
        if to.bg != self.bg {
            color(&mut out, to.bg, 10);
        }
        if to == Self::PLAIN {
            out.clear();
        } else if self != Self::PLAIN {
            // Back to plain and on from there may be shorter.
            let again = Self::PLAIN.change(to);
            if again.len() + 2 < out.len() {
                out = [b"0;", again.as_slice()].concat();
            }
        }
        out
    }
}

fn parameter(out: &mut Vec<u8>, text: &str) {
    if !out.is_empty() {
        out.push(b';');
    }
    out.extend_from_slice(text.as_bytes());
}

/// The parameter of a colour; `ground` is 0 for text and 10 for what is behind it (ECMA-48, and xterm's bright ones).
fn color(out: &mut Vec<u8>, color: Color, ground: u8) {
    let plain = |n: u8| (30 + ground + n).to_string();
    let bright = |n: u8| (90 + ground + n).to_string();
    let text = match color {
        Color::Reset => (39 + ground).to_string(),
        Color::Black => plain(0),
        Color::Red => plain(1),
        Color::Green => plain(2),
        Color::Yellow => plain(3),
        Color::Blue => plain(4),
        Color::Magenta => plain(5),
        Color::Cyan => plain(6),
        Color::Gray => plain(7),
        Color::DarkGray => bright(0),
        Color::LightRed => bright(1),
        Color::LightGreen => bright(2),
        Color::LightYellow => bright(3),
        Color::LightBlue => bright(4),
        Color::LightMagenta => bright(5),
        Color::LightCyan => bright(6),
        Color::White => bright(7),
        Color::Indexed(n) => format!("{};5;{n}", 38 + ground),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", 38 + ground),
    };
    parameter(out, &text);
}

/// Where the next character goes, in the shortest way: nothing, a step to the right, or a place.
fn go(writer: &mut impl Write, last: Option<Position>, to: Position) -> io::Result<()> {
    match last {
        Some(at) if at == to => Ok(()),
        Some(at) if at.y == to.y && to.x > at.x => match to.x - at.x {
            1 => writer.write_all(b"\x1b[C"),
            n => write!(writer, "\x1b[{n}C"),
        },
        _ => write!(writer, "\x1b[{};{}H", to.y + 1, to.x + 1),
    }
}

/// The columns a cell's text takes.
fn columns(cell: &Cell) -> u16 {
    u16::try_from(unicode_width::UnicodeWidthStr::width(cell.symbol())).unwrap_or(1).max(1)
}

/// Blanks of one background from here on, at least this many, are cheaper erased than written: `CSI n X` and a step over them.
const WORTH_ERASING: usize = 12;

impl<W: Write> Backend for Lean<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let cells: Vec<_> = content.collect();
        if let Some((moved, left)) = self.shown.moved(&cells) {
            self.shift(&moved)?;
            let left: Vec<_> = left.iter().map(|(x, y, cell)| (*x, *y, cell)).collect();
            return self.write_cells(&left);
        }
        self.shown.put(cells.iter().copied());
        self.write_cells(&cells)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.inner.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.inner.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.shown.clear();
        self.inner.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        // The screen clears all of it and nothing else.
        self.shown.clear();
        self.inner.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        self.inner.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.inner)
    }
}

/// How many of the next cells are blanks side by side on the terminal's own background. Erasing on another one is not what
/// every terminal does alike, and it leaves neither underlines nor what is turned round.
fn run_of_blanks(cells: &[(u16, u16, &Cell)], now: Look) -> usize {
    let Some((x, y, _)) = cells.first() else { return 0 };
    if now.bg != Color::Reset || now.modifier.intersects(SHOWN) {
        return 0;
    }
    cells
        .iter()
        .enumerate()
        .take_while(|(i, (cx, cy, cell))| {
            usize::from(*cx) == usize::from(*x) + i && cy == y && cell.symbol() == " " && Look::of(cell, now) == now
        })
        .count()
}

#[cfg(test)]
mod tests {
    use std::{
        cell::RefCell,
        io::{self, Write},
        rc::Rc,
    };

    use proptest::prelude::*;
    use ratatui::{
        Terminal, TerminalOptions, Viewport,
        backend::Backend,
        buffer::Buffer,
        layout::Rect,
        style::{Color, Modifier, Style},
    };

    use super::{CrosstermBackend, Lean};

    const AREA: Rect = Rect::new(0, 0, 40, 6);

    /// Keeps what it is given, for whoever looks from outside.
    #[derive(Clone, Default)]
    struct Kept(Rc<RefCell<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn all<B: Backend>(frames: &[Buffer], backend: B, kept: &Kept) -> Vec<Vec<u8>>
    where
        B::Error: std::fmt::Debug,
    {
        let options = TerminalOptions { viewport: Viewport::Fixed(AREA) };
        let mut terminal = Terminal::with_options(backend, options).unwrap();
        frames
            .iter()
            .map(|buffer| {
                terminal.draw(|frame| frame.buffer_mut().clone_from(buffer)).unwrap();
                std::mem::take(&mut *kept.0.borrow_mut())
            })
            .collect()
    }

    /// What both backends send for one buffer after another.
    fn sent(frames: &[Buffer]) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        let kept = Kept::default();
        let lean = all(frames, Lean::new(kept.clone()), &kept);
        let usual = all(frames, CrosstermBackend::new(kept.clone()), &kept);
        (lean, usual)
    }

    /// What a terminal shows after those bytes: text, colours and attributes of every cell.
    fn shown(frames: &[Vec<u8>]) -> Vec<String> {
        let size = |n: u16| std::num::NonZeroU16::new(n).unwrap();
        let mut parser = vt100::Parser::new(size(AREA.height), size(AREA.width), 0);
        for bytes in frames {
            parser.process(bytes);
        }
        let mut out = Vec::new();
        for y in 0..AREA.height {
            for x in 0..AREA.width {
                let cell = parser.screen().cell(y, x).unwrap();
                let blank = cell.contents().trim().is_empty() && !cell.underline() && !cell.inverse();
                // What cannot be seen of a blank does not count.
                let ink = if blank {
                    String::new()
                } else {
                    format!("{:?} {} {}", cell.fgcolor(), cell.bold(), cell.italic())
                };
                let lines = (cell.underline(), cell.inverse());
                out.push(format!("{x},{y} {:?} {:?} {ink} {lines:?}", cell.contents().trim_end(), cell.bgcolor()));
            }
        }
        out
    }

    fn cells() -> impl Strategy<Value = Vec<(u8, u8, u8, u8)>> {
        prop::collection::vec((0_u8..5, 0_u8..4, 0_u8..4, 0_u8..8), usize::from(AREA.width * AREA.height))
    }

    fn buffer(cells: &[(u8, u8, u8, u8)]) -> Buffer {
        let mut out = Buffer::empty(AREA);
        let colour = |n: u8, i: u8| {
            [Color::Reset, Color::LightRed, Color::Indexed(120 + i), Color::Rgb(1, 2, i)][usize::from(n)]
        };
        for (cell, (symbol, fg, bg, modifier)) in out.content.iter_mut().zip(cells) {
            cell.set_symbol([" ", " ", "a", "é", "│"][usize::from(*symbol)]);
            let mut style = Style::new().fg(colour(*fg, 1)).bg(colour(*bg, 2));
            for (bit, flag) in [(1, Modifier::BOLD), (2, Modifier::UNDERLINED), (4, Modifier::REVERSED)] {
                // Seldom, as on a screen.
                if *modifier & bit != 0 && *symbol != 1 {
                    style = style.add_modifier(flag);
                }
            }
            cell.set_style(style);
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn a_terminal_shows_the_same_as_by_the_usual_backend(frames in prop::collection::vec(cells(), 1..4)) {
            let buffers: Vec<Buffer> = frames.iter().map(|cells| buffer(cells)).collect();
            let (lean, usual) = sent(&buffers);
            prop_assert_eq!(shown(&lean), shown(&usual));
            let length = |frames: &[Vec<u8>]| frames.iter().map(Vec::len).sum::<usize>();
            prop_assert!(length(&lean) <= length(&usual), "{} > {}", length(&lean), length(&usual));
        }
    }

    /// Six rows of a longer list from one of its rows on, between two borders.
    fn window(first: usize, rows: usize) -> Buffer {
        let mut out = Buffer::empty(AREA);
        for y in 0..AREA.height {
            let row = usize::from(y);
            let inside = row > 0 && row <= rows;
            let words = if inside {
                let n = first + row;
                format!("│ row {n:<3} {} │", "abcdefghijklmnopqrstuvwxyz".split_at(n % 20).1)
            } else {
                "────────────────".to_owned()
            };
            out.set_string(0, y, words, Style::new().fg(Color::Rgb(200, 100, 50)));
        }
        out
    }

    #[test]
    fn rows_that_moved_are_moved_by_the_terminal() {
        for firsts in [&[3, 4, 5, 4, 3][..], &[0, 2, 4, 1], &[9, 0, 9, 10]] {
            let frames: Vec<Buffer> = firsts.iter().map(|first| window(*first, 5)).collect();
            let (lean, usual) = sent(&frames);
            for n in 1..=frames.len() {
                assert_eq!(shown(&lean[..n]), shown(&usual[..n]), "{firsts:?} to frame {n}");
            }
        }
        let (lean, _) = sent(&[window(3, 5), window(4, 5)]);
        let text = String::from_utf8(lean[1].clone()).unwrap();
        assert!(text.starts_with("\x1b[2;6r\x1b[6;1H\n\x1b[r") && text.len() < 100, "{text:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn windows_of_any_list_are_shown_as_by_the_usual_backend(
            rows in prop::collection::vec(cells(), 3),
            firsts in prop::collection::vec(0_usize..12, 2..6),
        ) {
            let all: Vec<_> = rows.concat();
            let wide = usize::from(AREA.width);
            let buffers: Vec<Buffer> =
                firsts.iter().map(|first| buffer(&all[first * wide..first * wide + wide * usize::from(AREA.height)])).collect();
            let (lean, usual) = sent(&buffers);
            prop_assert_eq!(shown(&lean), shown(&usual));
        }
    }

    #[test]
    fn a_row_that_is_chosen_costs_its_text_and_two_changes_of_background() {
        let row = |chosen: bool| {
            let mut out = Buffer::empty(AREA);
            out.set_string(0, 2, "Seq Scan on orders", Style::new().fg(Color::Rgb(200, 100, 50)));
            if chosen {
                out.set_style(Rect::new(0, 2, 40, 1), Style::new().bg(Color::Rgb(49, 50, 68)));
            }
            out
        };
        let (lean, usual) = sent(&[row(false), row(true)]);
        assert!(lean[1].len() < 95 && usual[1].len() > 110, "{} {}", lean[1].len(), usual[1].len());
    }
}
