//! The picture: `draw(frame, &Model, &Theme)`. Pure; builds the rows that can be seen and no others.

mod compare;
mod connections;
mod detail;
mod editor;
mod error;
mod faces;
mod findings;
mod header;
mod history;
mod indexes;
mod listing;
mod overlay;
mod picker;
mod plan;
mod start;
mod statements;
mod table;
mod text;
mod tree;

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    widgets::Widget,
};

use crate::{
    app::{Extents, Model, View},
    theme::Theme,
};

/// Below this the screen only says that it is too small.
const SMALLEST: (u16, u16) = (40, 10);

/// Draws everything, and says what there was room for: the model wants it back as a message.
pub fn draw(frame: &mut Frame<'_>, model: &Model, theme: &Theme) -> Extents {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        too_small(frame, area);
        return Extents::default();
    }
    let [top, body, bottom] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(1), Constraint::Length(1)]).areas(area);
    let tabs = header::header(frame, top, model, theme);
    let whole = body;
    let passing = header::passing(body.width, model, theme);
    let body = Rect { height: body.height - passing.as_ref().map_or(0, |passing| passing.rows(body)), ..body };
    let (main, error) = error::split(model, theme, body);
    let mut extents = match model.view {
        View::Start => start::draw(frame, main, model, theme),
        View::Query => editor::draw(frame, main, model, theme),
        View::Plan => plan::draw(frame, main, model, theme),
        View::Indexes => indexes::draw(frame, main, model, theme),
        View::Compare => compare::draw(frame, main, model, theme),
        View::Table => table::draw(frame, main, model, theme),
        View::History => history::draw(frame, main, model, theme),
        View::Statements => statements::draw(frame, main, model, theme),
        View::Connections => connections::draw(frame, main, model, theme),
    };
    if let Some(area) = error {
        error::draw(frame, area, model, theme);
    }
    header::footer(frame, bottom, model, theme);
    if let Some(passing) = &passing {
        passing.draw(frame, whole, theme);
    }
    if let Some(page) = model.page {
        extents = overlay::page(frame, body, page, model, theme);
    }
    if let Some(picker) = &model.picker {
        extents = picker::draw(frame, body, picker, theme);
    }
    if let Some(form) = &model.form {
        overlay::form(frame, body, form, theme);
    }
    if let Some(prompt) = &model.prompt {
        overlay::prompt(frame, body, prompt, model, theme);
    }
    if let Some(question) = model.question {
        overlay::question(frame, body, question, theme);
    }
    if let Some(confirm) = &model.confirm {
        overlay::confirm(frame, body, confirm, theme);
    }
    if theme.glyphs.ascii {
        to_ascii(frame);
    }
    extents.tabs = tabs;
    extents
}

/// Our own sentences hold a few typographic signs; names and texts of the person's stay as they are.
fn to_ascii(frame: &mut Frame<'_>) {
    const SIGNS: [(&str, &str); 8] =
        [("×", "x"), ("−", "-"), ("…", "~"), ("→", ">"), ("·", "-"), ("≥", ">"), ("≤", "<"), ("–", "-")];
    for cell in &mut frame.buffer_mut().content {
        if let Some((_, plain)) = SIGNS.iter().find(|(sign, _)| *sign == cell.symbol()) {
            cell.set_symbol(plain);
        }
    }
}

fn too_small(frame: &mut Frame<'_>, area: Rect) {
    let words = format!("too small: {}x{} of {}x{}", area.width, area.height, SMALLEST.0, SMALLEST.1);
    for (line, y) in text::wrap(&words, usize::from(area.width)).into_iter().zip(area.top()..area.bottom()) {
        line.render(Rect::new(area.x, y, area.width, 1), frame.buffer_mut());
    }
}
