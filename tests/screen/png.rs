//! A cell buffer as PNG, drawn with Hack. Lines and blocks are drawn as shapes so that they join; bold is struck twice.

use std::collections::{BTreeMap, HashMap};

use fontdue::{Font, FontSettings, Metrics};
use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Filter, Transformations};
use ratatui::{buffer::Buffer, style::Modifier};
use whyslow::theme::Theme;

use super::svg::{BLOCKS, LINES, Rgb, columns, real_colours};

/// Pixels of a cell, and around all cells.
const WIDTH: usize = 10;
const HEIGHT: usize = 20;
const MARGIN: usize = 12;
/// Hack's characters are this part of its size wide, so that one fills a cell.
const SIZE: f32 = 10.0 / 0.602;
/// Row of a cell on which letters stand.
const BASELINE: i32 = 15;
/// Steps from background to letter: few, so that one palette holds all colours.
const STEPS: u32 = 6;

/// Pixels, row by row.
#[derive(PartialEq)]
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<Rgb>,
}

impl Picture {
    /// The screen as a picture, with the terminal's cursor as a block where there is one.
    pub(super) fn of(buffer: &Buffer, cursor: Option<(u16, u16)>, theme: &Theme) -> Self {
        let (width, height) = (
            usize::from(buffer.area.width) * WIDTH + 2 * MARGIN,
            usize::from(buffer.area.height) * HEIGHT + 2 * MARGIN,
        );
        let page = real_colours(&ratatui::buffer::Cell::EMPTY, theme, false);
        let mut out = Self { width, height, pixels: vec![page.1.unwrap_or(page.2); width * height] };
        let mut brush = Brush::new();
        for y in 0..buffer.area.height {
            let mut x = 0;
            while x < buffer.area.width {
                let cell = &buffer[(x, y)];
                let (fg, bg, page) = real_colours(cell, theme, cursor == Some((x, y)));
                let corner = (MARGIN + usize::from(x) * WIDTH, MARGIN + usize::from(y) * HEIGHT);
                let wide = columns(cell);
                out.fill(corner, usize::from(wide) * WIDTH, HEIGHT, bg.unwrap_or(page));
                out.symbol(&mut brush, corner, cell.symbol(), fg, bg.unwrap_or(page), cell.modifier);
                x += wide;
            }
        }
        out
    }

    fn fill(&mut self, (left, top): (usize, usize), width: usize, height: usize, colour: Rgb) {
        for y in top..top + height {
            self.pixels[y * self.width + left..y * self.width + left + width].fill(colour);
        }
    }

    fn symbol(
        &mut self,
        brush: &mut Brush,
        corner: (usize, usize),
        symbol: &str,
        fg: Rgb,
        bg: Rgb,
        modifier: Modifier,
    ) {
        let (left, top) = corner;
        if let Some(eighths) = BLOCKS.iter().position(|block| *block == symbol) {
            self.fill(corner, (WIDTH * (eighths + 1)).div_ceil(8), HEIGHT, fg);
        } else if let Some((_, arms)) = LINES.iter().find(|(line, _)| *line == symbol) {
            // A pixel of the middle belongs to every arm, but round corners go without.
            let (x, y) = (left + WIDTH / 2, top + HEIGHT / 2);
            let round = usize::from("╭╮╰╯".contains(symbol));
            let [to_left, to_right, up, down] = *arms;
            let mut line = |there: bool, at: (usize, usize), wide: usize, high: usize| {
                if there {
                    self.fill(at, wide, high, fg);
                }
            };
            line(to_left, (left, y), WIDTH / 2 + 1 - round, 1);
            line(to_right, (x + round, y), WIDTH / 2 - round, 1);
            line(up, (x, top), 1, HEIGHT / 2 + 1 - round);
            line(down, (x, y + round), 1, HEIGHT / 2 - round);
        } else if let Some(dots) = symbol.chars().next().and_then(braille) {
            for (dot, (column, row)) in BRAILLE.iter().enumerate() {
                if dots & (1 << dot) != 0 {
                    self.fill((left + 2 + 4 * column, top + 4 + 3 * row), 2, 2, fg);
                }
            }
        } else {
            for c in symbol.chars().filter(|c| !c.is_whitespace()) {
                self.letter(brush, corner, c, fg, bg, modifier.contains(Modifier::BOLD));
            }
        }
        if modifier.contains(Modifier::UNDERLINED) {
            self.fill((left, top + 17), WIDTH, 1, fg);
        }
    }

    fn letter(&mut self, brush: &mut Brush, (left, top): (usize, usize), c: char, fg: Rgb, bg: Rgb, bold: bool) {
        let (metrics, coverage) = brush.glyph(c);
        let row = i32::try_from(top).unwrap() + BASELINE - metrics.ymin - i32::try_from(metrics.height).unwrap();
        let column = i32::try_from(left).unwrap() + metrics.xmin;
        for y in 0..metrics.height {
            for x in 0..metrics.width + usize::from(bold) {
                let at = |x: usize| if x < metrics.width { u32::from(coverage[y * metrics.width + x]) } else { 0 };
                let before = if bold && x > 0 { at(x - 1) } else { 0 };
                let step = ((at(x).max(before)) * STEPS + 127) / 255;
                let place = (row + i32::try_from(y).unwrap(), column + i32::try_from(x).unwrap());
                let (Ok(py), Ok(px)) = (usize::try_from(place.0), usize::try_from(place.1)) else { continue };
                if step > 0 && py < self.height && px < self.width {
                    self.pixels[py * self.width + px] = mixed(bg, fg, step);
                }
            }
        }
    }

    /// The picture as a file, with a palette.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut palette: BTreeMap<Rgb, u8> = BTreeMap::new();
        for pixel in &self.pixels {
            let next = u8::try_from(palette.len());
            palette.entry(*pixel).or_insert_with(|| next.expect("more than 256 colours: take fewer STEPS"));
        }
        let mut colours: Vec<_> = palette.iter().collect();
        colours.sort_by_key(|(_, number)| **number);
        let mut out = Vec::new();
        let size = |n: usize| u32::try_from(n).unwrap();
        let mut encoder = Encoder::new(&mut out, size(self.width), size(self.height));
        encoder.set_color(ColorType::Indexed);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_palette(colours.iter().flat_map(|(rgb, _)| [rgb.0, rgb.1, rgb.2]).collect::<Vec<u8>>());
        encoder.set_compression(Compression::High);
        encoder.set_filter(Filter::NoFilter);
        let numbers: Vec<u8> = self.pixels.iter().map(|pixel| palette[pixel]).collect();
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&numbers).unwrap();
        writer.finish().unwrap();
        out
    }

    /// The pixels of a file; none when it is no picture.
    pub(super) fn decode(file: &[u8]) -> Option<Self> {
        let mut decoder = Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(Transformations::EXPAND);
        let mut reader = decoder.read_info().ok()?;
        let mut bytes = vec![0; reader.output_buffer_size()?];
        let info = reader.next_frame(&mut bytes).ok()?;
        let pixels = bytes[..info.buffer_size()].chunks_exact(3).map(|p| Rgb(p[0], p[1], p[2])).collect();
        Some(Self { width: usize::try_from(info.width).ok()?, height: usize::try_from(info.height).ok()?, pixels })
    }
}

/// Column and row of the dots of a Braille sign, in the order of its bits (Unicode, "Braille Patterns").
const BRAILLE: [(usize, usize); 8] = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];

/// The dots of a Braille sign.
fn braille(c: char) -> Option<u32> {
    u32::from(c).checked_sub(0x2800).filter(|dots| *dots < 256)
}

fn mixed(from: Rgb, to: Rgb, step: u32) -> Rgb {
    let mix =
        |a: u8, b: u8| u8::try_from((u32::from(a) * (STEPS - step) + u32::from(b) * step + STEPS / 2) / STEPS).unwrap();
    Rgb(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}

/// Letters, each drawn once.
struct Brush {
    /// Hack first, then those that are asked for what it has not.
    fonts: [Font; 3],
    known: HashMap<char, (Metrics, Vec<u8>)>,
}

impl Brush {
    fn new() -> Self {
        use epaint_default_fonts::{EMOJI_ICON, HACK_REGULAR, NOTO_EMOJI_REGULAR};
        let fonts = [HACK_REGULAR, NOTO_EMOJI_REGULAR, EMOJI_ICON]
            .map(|bytes| Font::from_bytes(bytes, FontSettings::default()).unwrap());
        Self { fonts, known: HashMap::new() }
    }

    fn glyph(&mut self, c: char) -> &(Metrics, Vec<u8>) {
        let fonts = &self.fonts;
        self.known.entry(c).or_insert_with(|| {
            let at = fonts.iter().position(|font| font.lookup_glyph_index(c) != 0);
            let at = at.unwrap_or_else(|| panic!("the pictures' fonts have no {c:?}"));
            if at == 0 {
                return fonts[at].rasterize(c, SIZE);
            }
            // A sign of another font has blanks around it: it is made a little wider than a cell and put in its middle.
            let wide = fonts[at].metrics(c, SIZE).advance_width;
            let (mut metrics, coverage) = fonts[at].rasterize(c, SIZE * 14.0 / wide);
            metrics.xmin = 5 - i32::try_from(metrics.width).unwrap() / 2;
            metrics.ymin = 5 - i32::try_from(metrics.height).unwrap() / 2;
            (metrics, coverage)
        })
    }
}
