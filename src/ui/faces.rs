//! The other faces of a plan, in the place of its tree.

mod document;
mod flame;
mod flat;
mod groups;

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{Face, Sheet},
    theme::Theme,
};

/// Draws the face that is shown; gives how many rows fit. The tree is drawn elsewhere.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, sheet: &Sheet, focused: bool, theme: &Theme) -> usize {
    if area.height < 2 || area.width < 10 {
        return 0;
    }
    match sheet.faces.face {
        Face::Tree => 0,
        Face::Flat => flat::draw(buffer, area, sheet, focused, theme),
        Face::Groups => groups::draw(buffer, area, sheet, focused, theme),
        Face::Flame => flame::draw(buffer, area, sheet, focused, theme),
        Face::Document => document::draw(buffer, area, sheet, focused, theme),
    }
}

/// Paints the row under the cursor.
fn select(buffer: &mut Buffer, area: Rect, y: u16, focused: bool, theme: &Theme) {
    let scope = if focused { "ui.selection" } else { "ui.selection.inactive" };
    buffer.set_style(Rect::new(area.x, y, area.width, 1), theme.style(scope));
}
