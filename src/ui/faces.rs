//! The other faces of a plan, in the place of its tree.

mod document;
mod flame;
mod flat;
mod groups;

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{Face, Rows, Sheet},
    theme::Theme,
};

/// Draws the face that is shown and gives its rows. The tree is drawn elsewhere. `before` is the first row that was seen before,
/// where the face is as wide as the screen.
pub(super) fn draw(
    buffer: &mut Buffer,
    area: Rect,
    sheet: &Sheet,
    (focused, before): (bool, Option<usize>),
    theme: &Theme,
) -> Rows {
    if area.height < 2 || area.width < 10 {
        return Rows::default();
    }
    // Rows that no click is meant for.
    let loose = |height: usize| Rows {
        area: Rect { height: u16::try_from(height).unwrap_or(area.height), ..area },
        each: 1,
        ..Rows::default()
    };
    match sheet.faces.face {
        Face::Tree => Rows::default(),
        Face::Flat => flat::draw(buffer, area, sheet, (focused, before), theme),
        Face::Groups => loose(groups::draw(buffer, area, sheet, focused, theme)),
        Face::Flame => loose(flame::draw(buffer, area, sheet, focused, theme)),
        Face::Document => document::draw(buffer, area, sheet, (focused, before), theme),
    }
}

/// Paints the row under the cursor.
fn select(buffer: &mut Buffer, area: Rect, y: u16, focused: bool, theme: &Theme) {
    let scope = if focused { "ui.selection" } else { "ui.selection.inactive" };
    buffer.set_style(Rect::new(area.x, y, area.width, 1), theme.style(scope));
}
