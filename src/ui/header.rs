//! The first line: name, views, server. The last line: what the keys do here, or a passing message.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{
    picker::line,
    text::{fit, fit_spans, left, width, wrap},
};
use crate::{
    app::{Link, Model, Side, TABS, View, WorkKind},
    fmt,
    keys::Command,
    text::one_line,
    theme::Theme,
};

/// The names of the views at each degree of shortness; none leaves the key alone.
const NAMES: [[&str; 7]; 4] = [
    ["Query", "Plan", "Indexes", "Compare", "History", "Statements", "Connections"],
    ["Query", "Plan", "Indexes", "Compare", "Hist", "Stmts", "Conns"],
    ["Qry", "Plan", "Idx", "Cmp", "Hist", "Stm", "Con"],
    [""; 7],
];

/// Columns that the server keeps beside the views where the screen is not very narrow.
const STATUS: usize = 19;

/// Name, views, and what the server is or does; gives where each view's name stands.
pub(super) fn header(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) -> [Rect; 7] {
    let name = if area.width < 90 { "" } else { " whyslow " };
    let mut spans = vec![Span::styled(name, theme.style("ui.accent"))];
    let status_room = match &model.link {
        _ if area.width < 64 => 0,
        // What is being made ready is worth more than where one could go meanwhile.
        Link::Preparing { .. } => 2 * STATUS,
        _ => STATUS,
    };
    // The table of a node belongs to its plan.
    let shown = if model.view == View::Table { View::Plan } else { model.view };
    let marked = usize::from(theme.style("ui.tab.active").bg.is_none());
    let room = usize::from(area.width).saturating_sub(width(name) + status_room + marked);
    let (names, roomy) = names(shown, room);
    let mut tabs = [Rect::default(); 7];
    for (at, ((view, _), name)) in TABS.iter().zip(names).enumerate() {
        let active = *view == shown;
        let words = if name.is_empty() { format!(" {} ", at + 1) } else { format!(" {} {name} ", at + 1) };
        // Neighbours share the blank between them where there is little room; the one that is shown keeps both of its own.
        let words = if roomy || active { words } else { words.trim_end().to_owned() };
        let used: usize = spans.iter().map(|s| width(&s.content)).sum();
        if let (Ok(x), Ok(wide)) = (u16::try_from(used), u16::try_from(width(&words))) {
            tabs[at] = Rect { x: area.x + x, width: wide, ..area };
        }
        spans.push(Span::styled(words, theme.style(if active { "ui.tab.active" } else { "ui.tab" })));
        if active && marked > 0 {
            spans.push(Span::raw("<"));
        }
        if roomy {
            spans.push(Span::raw(" "));
        }
    }
    let used: usize = spans.iter().map(|s| width(&s.content)).sum();
    // Two blanks at least keep them from the last view's name.
    let room = usize::from(area.width).saturating_sub(used + 3);
    let is_quiet = model.work.is_none() && matches!(model.link, Link::Open(_) | Link::None);
    let status =
        if status_room == 0 && is_quiet { Vec::new() } else { fit_spans(status(model, theme, room), room, theme) };
    let wide: usize = status.iter().map(|s| width(&s.content)).sum();
    spans.push(Span::raw(" ".repeat(room.saturating_sub(wide) + 2)));
    spans.extend(status);
    frame.buffer_mut().set_line(area.x, area.y, &Line::from(spans), area.width);
    tabs
}

/// The names of the views in at most `room` columns with their keys, and whether each has blanks of its own on both sides. All are
/// of one degree of shortness, so that none looks like an accident; the one that is shown has its whole name if that fits.
fn names(shown: View, room: usize) -> ([&'static str; 7], bool) {
    let at = TABS.iter().position(|(view, _)| *view == shown);
    // A key and the blank before it, the name with a blank before it.
    let wide = |names: &[&str; 7]| -> usize {
        names.iter().map(|name| if name.is_empty() { 2 } else { width(name) + 3 }).sum::<usize>() + 1
    };
    if wide(&NAMES[0]) + 2 * TABS.len() <= room {
        return (NAMES[0], true);
    }
    for names in NAMES {
        let mut whole = names;
        if let Some(at) = at {
            whole[at] = NAMES[0][at];
        }
        if let Some(names) = [whole, names].into_iter().find(|names| wide(names) <= room) {
            return (names, false);
        }
    }
    (NAMES[3], false)
}

fn spinner(model: &Model, theme: &Theme) -> &'static str {
    let frames = theme.glyphs.spinner;
    let beat = model.work.as_ref().map_or(model.beat, |w| w.elapsed).as_millis() / 100;
    frames[usize::try_from(beat % frames.len() as u128).unwrap_or(0)]
}

fn status(model: &Model, theme: &Theme, room: usize) -> Vec<Span<'static>> {
    let busy = theme.style("ui.busy");
    if let Some(work) = &model.work {
        let (what, short) = match work.kind {
            WorkKind::Explain => ("explaining", "plan"),
            WorkKind::Analyze => ("running", "runs"),
            WorkKind::Advise => ("trying indexes", "trying"),
            WorkKind::Try => ("trying an index", "trying"),
            WorkKind::Build => ("building an index", "building"),
            WorkKind::Suppose => ("asking what if", "what if"),
            WorkKind::Together => ("trying a set", "trying"),
        };
        let elapsed = fmt::duration_ms(work.elapsed.as_secs_f64().mul_add(1e3, 0.0).max(1.0));
        let words = [format!(" {what} {elapsed}"), format!(" {short} {elapsed}"), format!(" {elapsed}"), String::new()];
        let fits = words.into_iter().find(|words| width(words) < room).unwrap_or_default();
        return vec![Span::styled(format!("{}{fits}", spinner(model, theme)), busy)];
    }
    let place = one_line(&model.place);
    match &model.link {
        Link::None => vec![Span::styled("no server", theme.style("ui.dim"))],
        Link::Preparing { doing, .. } => {
            vec![Span::styled(format!("{} {}", spinner(model, theme), one_line(doing)), busy)]
        }
        Link::Connecting => {
            let waited = model.beat.as_secs_f64();
            let waited = if waited >= 1.0 { format!(" {}", fmt::duration_ms(waited * 1e3)) } else { String::new() };
            vec![Span::styled(format!("{} connecting{waited} to {place}", spinner(model, theme)), busy)]
        }
        Link::Lost => vec![Span::styled(format!("{} not connected", theme.glyphs.bad), theme.style("error.title"))],
        Link::Open(info) => {
            let version = one_line(&info.version);
            let server = format!("{} {}", info.engine.title(), version.trim_end_matches("-MariaDB"));
            let mut spans = vec![Span::styled(server.clone(), theme.style("ui.text"))];
            let tls = if info.tls.is_some() { format!(" {} TLS", theme.glyphs.dot) } else { String::new() };
            let rest = format!(" {} {}{tls}", theme.glyphs.dot, one_line(&info.database));
            if width(&server) + width(&rest) <= room {
                spans.push(Span::styled(rest, theme.style("ui.dim")));
            }
            spans
        }
    }
}

/// What the keys do, as far as there is room, or what is searched for.
pub(super) fn footer(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) {
    let room = usize::from(area.width).saturating_sub(2);
    let spans = match model.searching.as_ref().filter(|_| model.picker.is_none()) {
        Some(search) => {
            let found = matches(model);
            let typed = room.saturating_sub(width(&found) + 6);
            let mut spans = vec![Span::styled(" / ", theme.style("ui.key"))];
            spans.extend(line(search, typed, theme));
            spans.push(Span::styled(format!("  {found}"), theme.style("ui.dim")));
            spans
        }
        None => hints(model, usize::from(area.width), theme),
    };
    frame.buffer_mut().set_line(area.x, area.y, &Line::from(spans), area.width);
}

/// A passing message: its sign, its lines, and the scope of its colours.
pub(super) struct Passing {
    sign: &'static str,
    lines: Vec<String>,
    scope: &'static str,
}

/// The passing message in lines for a screen of so many columns.
pub(super) fn passing(columns: u16, model: &Model, theme: &Theme) -> Option<Passing> {
    const MOST: usize = 3;
    let toast = model.toast.as_ref()?;
    let columns = usize::from(columns).saturating_sub(8);
    let (sign, scope) =
        if toast.warning { (theme.glyphs.warn, "finding.warning") } else { (theme.glyphs.info, "ui.toast") };
    let all = wrap(&one_line(&toast.text), columns);
    let more = all.len() > MOST;
    let mut lines: Vec<String> = all.into_iter().take(MOST).collect();
    if let Some(last) = lines.last_mut().filter(|_| more) {
        *last = fit(&format!("{last}{}", " ".repeat(columns)), columns, theme);
    }
    Some(Passing { sign, lines, scope })
}

impl Passing {
    /// Rows it takes from what is looked at. One line stands on the lowest border, where it hides nothing; a longer one has rows of
    /// its own.
    pub(super) fn rows(&self, body: Rect) -> u16 {
        match self.lines.len() {
            0 | 1 => 0,
            n => u16::try_from(n).unwrap_or(1).min(body.height / 2),
        }
    }

    /// Draws it at the end of the body.
    pub(super) fn draw(&self, frame: &mut Frame<'_>, body: Rect, theme: &Theme) {
        let wide = self.lines.iter().map(|line| width(line)).max().unwrap_or(0) + 4;
        let rows = u16::try_from(self.lines.len()).unwrap_or(1).min(body.height);
        for (number, (line, y)) in self.lines.iter().zip(body.bottom() - rows..body.bottom()).enumerate() {
            let lead = if number == 0 { self.sign } else { " " };
            let words = left(&format!(" {lead} {line} "), wide, theme);
            frame.buffer_mut().set_stringn(body.x + 2, y, words, usize::from(body.width - 2), theme.style(self.scope));
        }
    }
}

/// Keys and what they do, in at most `room` columns: whole hints only. The way to help and out is kept before others, the way to all
/// commands after the first few.
fn hints(model: &Model, room: usize, theme: &Theme) -> Vec<Span<'static>> {
    const FIRST: usize = 3;
    let mut others = 0;
    let shown: Vec<(String, &'static str, u8)> = model
        .keymap
        .hints(&model.places())
        .into_iter()
        .filter(|(_, _, command)| model.can(*command))
        .map(|(key, hint, command)| {
            let turn = match command {
                Command::Help | Command::Quit | Command::ToggleMouse => 0,
                Command::Palette => 2,
                _ => {
                    others += 1;
                    if others <= FIRST { 1 } else { 3 }
                }
            };
            (key.label(theme.glyphs.ascii), hint, turn)
        })
        .collect();
    let size = |(key, hint, _): &(String, &str, u8)| width(key) + width(hint) + 3;
    let mut left = room.saturating_sub(1);
    let mut taken = vec![false; shown.len()];
    for turn in 0..4 {
        for (hint, taken) in shown.iter().zip(&mut taken).filter(|(hint, _)| hint.2 == turn) {
            // The blanks after the last one may stand over the edge.
            if size(hint) <= left + 2 {
                *taken = true;
                left = left.saturating_sub(size(hint));
            }
        }
    }
    let mut spans = vec![Span::raw(" ")];
    for ((key, hint, _), _) in shown.into_iter().zip(taken).filter(|(_, taken)| *taken) {
        spans.push(Span::styled(key, theme.style("ui.key")));
        spans.push(Span::styled(format!(" {hint}  "), theme.style("ui.hint")));
    }
    spans
}

fn matches(model: &Model) -> String {
    let trees = |comparison: &crate::app::Comparison| match comparison.side {
        Side::Before => comparison.before.matches().len(),
        Side::After => comparison.after.matches().len(),
    };
    if let Some(list) = model.list() {
        return format!("{} shown", list.shown().len());
    }
    let found = match model.view {
        View::Compare => model.comparison.as_ref().map_or(0, trees),
        _ => model.sheet().map_or(0, |s| s.tree.matches().len()),
    };
    match (model.view, found) {
        (_, _) if model.searching.as_ref().is_some_and(|line| line.text().is_empty()) => String::new(),
        (_, 0) => "no match".to_owned(),
        (_, 1) => "1 match".to_owned(),
        (_, n) => format!("{n} matches; Enter, then n and N"),
    }
}
