//! The servers that can be connected to.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{
    listing::{self, Column, Listing},
    text::labelled,
};
use crate::{
    app::{Extents, Link, Model, Server},
    fmt,
    theme::Theme,
};

/// Draws the list and the details.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) -> Extents {
    let servers = &model.servers;
    let named = servers.all.iter().any(|s| s.name.is_some());
    let listing = Listing {
        name: "Connections",
        order: servers.order(),
        all: servers.all.len(),
        list: &servers.list,
        none: "None saved and none used yet. Start with `whyslow postgres://user@host/database`, or save some under \
               [connections] in the configuration (`whyslow config --help`).",
        detail: "The server",
    };
    let columns = |wide: usize| {
        let name = if named { (wide / 5).clamp(8, 20) } else { 0 };
        let (last, runs) = if wide >= 64 { (18, 6) } else { (0, 0) };
        let engine = if wide >= 90 { 14 } else { 0 };
        let place = wide.saturating_sub(2 + name + engine + last + runs);
        vec![
            Column::words("", 2),
            Column::words("name", name).of_order(1),
            Column::words("server", place),
            Column::words("  engine", engine),
            Column::words("  used last (UTC)", last).of_order(0),
            Column::numbers("runs", runs).of_order(2),
        ]
    };
    let row = |at: usize| servers.all.get(at).map(|server| row(server, model, theme)).unwrap_or_default();
    let about = |at: usize, wide: usize| servers.all.get(at).map(|s| about(s, model, wide, theme)).unwrap_or_default();
    listing::draw(frame, area, &listing, columns, row, about, theme)
}

fn is_here(server: &Server, model: &Model) -> bool {
    server.place == model.place && !matches!(model.link, Link::None)
}

fn row(server: &Server, model: &Model, theme: &Theme) -> Vec<Span<'static>> {
    let (text, dim) = (theme.style("ui.text"), theme.style("ui.dim"));
    let sign = match (&server.problem, is_here(server, model)) {
        (Some(_), _) => Span::styled(theme.glyphs.bad, theme.style("error.title")),
        (None, true) => Span::styled(theme.glyphs.yes, theme.style("verdict.proved")),
        (None, false) => Span::raw(" "),
    };
    vec![
        sign,
        Span::styled(server.name.clone().unwrap_or_default(), theme.style("ui.title")),
        Span::styled(server.place.clone(), text),
        Span::styled(server.engine.map(|e| format!("  {}", e.title())).unwrap_or_default(), dim),
        Span::styled(server.last.map(|at| format!("  {}", fmt::date(at))).unwrap_or_default(), dim),
        Span::styled(if server.runs > 0 { server.runs.to_string() } else { String::new() }, theme.style("plan.number")),
    ]
}

fn about(server: &Server, model: &Model, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let (text, dim) = (theme.style("ui.text"), theme.style("ui.dim"));
    let mut out = Vec::new();
    let mut line = |label: &str, words: &str, style| out.extend(labelled(label, words, columns, style, theme));
    if let Some(problem) = &server.problem {
        line("problem", problem, theme.style("error"));
    }
    if is_here(server, model) {
        line("now", "this is the server that statements go to", theme.style("verdict.proved"));
    }
    if let Some(name) = &server.name {
        line("saved as", name, text);
    }
    line("server", &server.place, text);
    if let Some(engine) = server.engine {
        line("engine", engine.title(), text);
    }
    line("TLS", server.tls.name(), text);
    match server.last {
        Some(last) => line("used", &format!("{} UTC, {} runs kept", fmt::date(last), server.runs), text),
        None => line("used", "not from here yet", dim),
    }
    line("password", "looked for where your server's own client looks; asked for if it is not there; never kept", dim);
    out
}
