//! What stands in front: help, messages, and the question that wants a word typed.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Clear, Widget},
};

use super::{
    compare,
    picker::line,
    plan::inset,
    text::{centred, fit, left, lines, pane, title, width, wrap},
};
use crate::{
    app::{Confirm, Extents, Form, LineEdit, Model, Page, PageKind, Prompt, PromptKind, Question},
    keys::{Key, labels},
    text::one_line,
    theme::Theme,
};

/// A box in the middle, emptied.
pub(super) fn middle(frame: &mut Frame<'_>, body: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(body.width), height.min(body.height));
    let area = Rect::new(body.x + (body.width - width) / 2, body.y + (body.height - height) / 2, width, height);
    Clear.render(area, frame.buffer_mut());
    area
}

/// A text in front that scrolls.
pub(super) fn page(frame: &mut Frame<'_>, body: Rect, page: Page, model: &Model, theme: &Theme) -> Extents {
    const WIDE: u16 = 96;
    let words = match page.kind {
        PageKind::Help => "Keys",
        PageKind::Messages => "Messages",
        PageKind::Trial => "About it",
    };
    let mut heading = title(words, true, theme);
    heading.push_span(Span::styled("Esc closes ", theme.style("ui.dim")));
    // The frame, and a blank on both sides.
    let columns = usize::from(WIDE.min(body.width).saturating_sub(4));
    let all = match page.kind {
        PageKind::Help => help(model, columns, theme),
        PageKind::Messages => messages(model, columns, theme),
        PageKind::Trial => {
            model.comparison.as_ref().map(|shown| compare::about(shown, model, columns, theme)).unwrap_or_default()
        }
    };
    // No higher than its text: what is behind it stays in sight.
    let area = middle(frame, body, WIDE, u16::try_from(all.len() + 2).unwrap_or(u16::MAX));
    let inside = inset(pane(frame.buffer_mut(), area, heading, true, theme));
    let most = lines(frame.buffer_mut(), inside, &all, page.scroll, theme);
    Extents { page: usize::from(inside.height), scroll: most, ..Extents::default() }
}

/// The keys, from the one table: first those that work behind the page, then all others.
fn help(model: &Model, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let here = model.behind();
    let all = model.keymap.by_place();
    let (mut first, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|(place, _)| here.contains(place));
    first.sort_by_key(|(place, _)| here.iter().position(|p| p == place));
    let mut out = Vec::new();
    let narrow = columns < 60;
    let keys_width = if narrow { 12 } else { 20 };
    let parts = [("Here", first), ("Elsewhere", rest)];
    for (heading, places) in parts {
        for (number, (place, bindings)) in places.into_iter().enumerate() {
            if !out.is_empty() {
                out.push(Line::default());
            }
            if number == 0 && heading == "Elsewhere" {
                out.push(Line::styled(theme.glyphs.rule.repeat(columns), theme.style("ui.border")));
                out.push(Line::styled("Elsewhere", theme.style("ui.title")));
            }
            out.push(Line::styled(place.title(), theme.style("ui.accent")));
            for (binding, keys) in bindings {
                // A key that means something else further inside is not offered here.
                let works =
                    |key: &&Key| heading == "Elsewhere" || model.keymap.lookup(&here, **key) == Some(binding.command);
                let keys: Vec<Key> = keys.iter().filter(works).copied().collect();
                if keys.is_empty() {
                    continue;
                }
                let names = labels(&keys, theme.glyphs.ascii);
                for (i, words) in wrap(binding.help, columns.saturating_sub(keys_width + 4)).into_iter().enumerate() {
                    let names = if i == 0 { names.as_str() } else { "" };
                    out.push(Line::from(vec![
                        Span::styled(format!("  {} ", left(names, keys_width, theme)), theme.style("ui.key")),
                        Span::styled(words, theme.style("ui.text")),
                    ]));
                }
            }
        }
    }
    out
}

/// What was said so far, newest first.
fn messages(model: &Model, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut out = Vec::new();
    for said in model.log.iter().rev() {
        let (sign, scope) =
            if said.warning { (theme.glyphs.warn, "finding.warning") } else { (theme.glyphs.info, "ui.dim") };
        for (i, words) in wrap(&said.text, columns.saturating_sub(2)).into_iter().enumerate() {
            let sign = if i == 0 { sign } else { " " };
            out.push(Line::from(vec![
                Span::styled(format!("{sign} "), theme.style(scope)),
                Span::styled(words, theme.style("ui.text")),
            ]));
        }
    }
    if out.is_empty() {
        out.push(Line::styled("Nothing was said yet.", theme.style("ui.dim")));
    }
    out
}

/// The values that a statement waits for.
pub(super) fn form(frame: &mut Frame<'_>, body: Rect, form: &Form, theme: &Theme) {
    let area = body.width.saturating_sub(4).min(76);
    let columns = usize::from(area.saturating_sub(4));
    let dim = theme.style("ui.dim");
    let name = form.fields.iter().map(|field| width(&field.name)).max().unwrap_or(2).min(columns / 3);
    // Fields first: they are what must be seen where there is little room.
    let mut out = Vec::new();
    for (number, field) in form.fields.iter().enumerate() {
        let here = number == form.cursor;
        let lead = if here { theme.glyphs.cursor } else { " " };
        let mut spans = vec![
            Span::styled(lead, theme.style("ui.accent")),
            Span::styled(left(&one_line(&field.name), name, theme), theme.style("ui.key")),
            Span::raw("  "),
        ];
        let room = columns.saturating_sub(name + 4);
        if here {
            spans.extend(line(&field.line, room, theme));
        } else {
            spans.push(Span::styled(fit(&one_line(field.line.text()), room, theme), theme.style("ui.text")));
        }
        out.push(Line::from(spans));
    }
    out.push(Line::default());
    let mut notes = vec!["42, 2024-06-01, open, now(), null: words and dates are quoted by themselves.".to_owned()];
    if form.generic {
        notes.push("Ctrl-G plans for any values.".to_owned());
    }
    out.extend(notes.iter().flat_map(|note| wrap(note, columns)).map(|l| Line::styled(l, dim)));
    let height = u16::try_from(out.len() + 2).unwrap_or(u16::MAX);
    let area = middle(frame, body, area, height);
    let inside = inset(pane(frame.buffer_mut(), area, title("Values of the parameters", true, theme), true, theme));
    let first = centred(form.cursor, out.len(), usize::from(inside.height));
    lines(frame.buffer_mut(), inside, &out, first, theme);
}

/// One line that is asked for. What is asked of a node does not stand over it.
pub(super) fn prompt(frame: &mut Frame<'_>, body: Rect, prompt: &Prompt, model: &Model, theme: &Theme) {
    let wide = body.width.saturating_sub(4).min(90);
    let columns = usize::from(wide.saturating_sub(4));
    let mut typed = vec![Span::styled("> ", theme.style("ui.key"))];
    if prompt.kind == PromptKind::Password {
        let masked = LineEdit::new("*".repeat(prompt.line.text().chars().count()));
        typed.extend(line(&masked, columns.saturating_sub(2), theme));
    } else {
        typed.extend(line(&prompt.line, columns.saturating_sub(2), theme));
    }
    let mut out = vec![Line::from(typed)];
    let (words, scope) = match &prompt.problem {
        Some(problem) => (one_line(problem), "finding.warning"),
        None => (prompt.hint().to_owned(), "ui.dim"),
    };
    let lead = if prompt.problem.is_some() { format!("{} ", theme.glyphs.warn) } else { String::new() };
    out.extend(wrap(&format!("{lead}{words}"), columns).into_iter().map(|l| Line::styled(l, theme.style(scope))));
    let height = u16::try_from(out.len() + 2).unwrap_or(u16::MAX);
    let name = match (prompt.kind, model.sheet()) {
        (PromptKind::Note(id), Some(sheet)) => {
            fit(&format!("{} {}", prompt.title(), sheet.plan.title(id)), columns.saturating_sub(2), theme)
        }
        _ => prompt.title().to_owned(),
    };
    let area = aside(frame, body, (wide, height), cursor_row(model));
    let inside = inset(pane(frame.buffer_mut(), area, title(&name, true, theme), true, theme));
    lines(frame.buffer_mut(), inside, &out, 0, theme);
}

/// The row of the screen that the cursor of what is looked at stands in.
fn cursor_row(model: &Model) -> Option<u16> {
    let rows = model.extents.rows;
    let at = u16::try_from(rows.cursor.checked_sub(rows.first)?).ok()?;
    (rows.all > 0).then(|| rows.area.y + at * rows.each.max(1))
}

/// A box in the middle, emptied; lower or higher where it would stand over a row that is meant.
fn aside(frame: &mut Frame<'_>, body: Rect, (width, height): (u16, u16), row: Option<u16>) -> Rect {
    let (width, height) = (width.min(body.width), height.min(body.height));
    let x = body.x + (body.width - width) / 2;
    let middle = body.y + (body.height - height) / 2;
    let y = match row {
        Some(row) if (middle..middle + height).contains(&row) => {
            let below = (row + 1).max(body.y);
            if below + height <= body.bottom() { below } else { row.saturating_sub(height).max(body.y) }
        }
        _ => middle,
    };
    let area = Rect::new(x, y, width, height);
    Clear.render(area, frame.buffer_mut());
    area
}

/// A question to be answered by yes or no.
pub(super) fn question(frame: &mut Frame<'_>, body: Rect, question: Question, theme: &Theme) {
    let wide = body.width.saturating_sub(4).min(76);
    let columns = usize::from(wide.saturating_sub(4));
    let (name, words): (_, &[&str]) = match question {
        Question::Trials => (
            "Try indexes on a sample of the rows?",
            &[
                "y: the surest. Some 20,000 rows of each table are copied to a private server (a twin) on this machine, indexes are built \
                 there, and its plans are checked against yours. The copy is deleted when the connection ends. If that server is not \
                 installed here, as t.",
                "t: on temporary tables on your server that only this session sees; the answer is a hint. If this account may make none, as c.",
                "c: calculated by your server's own formulas. It counts on such a sample, of which no row leaves it; takes a second.",
                "n: no row is looked at; what statistics alone do not tell stays untested. Your tables stay as they are in any case.",
            ],
        ),
        Question::Sample => (
            "Read a sample of the rows?",
            &[
                "y: some thousand rows of the table are read, and the statistics that are wanted are made of them, on a twin on this machine.",
                "Until the connection ends a twin may then read such a sample wherever statistics are wanted that there are none of.",
                "n: nothing is read, and this is not asked. Nothing of yours changes in any case.",
            ],
        ),
    };
    let mut out: Vec<Line<'static>> = Vec::new();
    for part in words {
        out.extend(wrap(part, columns).into_iter().map(|l| Line::styled(l, theme.style("ui.text"))));
    }
    out.push(Line::default());
    let answers: &[(&'static str, &'static str)] = match question {
        Question::Trials => {
            &[("y", "on a twin"), ("t", "temporary tables"), ("c", "calculated"), ("n", "no rows"), ("Esc", "leave")]
        }
        Question::Sample => &[("y", "read it"), ("n", "not"), ("Esc", "leave")],
    };
    let answer = |(key, words): &(&'static str, &'static str)| {
        [Span::styled(*key, theme.style("ui.key")), Span::styled(format!(" {words}   "), theme.style("ui.text"))]
    };
    out.push(Line::from(answers.iter().flat_map(answer).collect::<Vec<_>>()));
    let height = u16::try_from(out.len() + 2).unwrap_or(u16::MAX);
    let area = middle(frame, body, wide, height);
    let inside = inset(pane(frame.buffer_mut(), area, title(name, true, theme), true, theme));
    let last = out.len().saturating_sub(usize::from(inside.height));
    lines(frame.buffer_mut(), inside, &out, last, theme);
}

/// What the statement would do, and the word to type. Where there is little room the warning's start and the line that is typed
/// are what is seen; the statement and what could be done otherwise come after.
pub(super) fn confirm(frame: &mut Frame<'_>, body: Rect, confirm: &Confirm, theme: &Theme) {
    let wide = body.width.saturating_sub(4).min(76);
    let columns = usize::from(wide.saturating_sub(4));
    let (text, dim) = (theme.style("ui.text"), theme.style("ui.dim"));
    let part = |words: Option<&String>| -> Vec<Line<'static>> {
        words.into_iter().flat_map(|words| wrap(words, columns)).map(|l| Line::styled(l, text)).collect()
    };
    let error = &confirm.error;
    let warning = [part(Some(&error.message)), part(error.detail.as_ref()), part(error.hint.as_ref())].concat();
    let sql = wrap(&confirm.asked.sql, columns.saturating_sub(2));
    let more = sql.len() > 4;
    let mut statement: Vec<Line<'static>> =
        sql.into_iter().take(4).map(|l| Line::styled(format!("  {l}"), dim)).collect();
    if more {
        statement.push(Line::styled(format!("  {}", theme.glyphs.ellipsis), dim));
    }
    let room = usize::from(body.height).saturating_sub(3);
    let mut out: Vec<Line<'static>> = warning.into_iter().take(room).collect();
    let next = part(error.next.as_ref());
    let apart = !next.is_empty();
    for (part, blank) in [(statement, true), (next, apart), (Vec::new(), true)] {
        if out.len() + part.len() + usize::from(blank) <= room {
            out.extend(blank.then(Line::default));
            out.extend(part);
        }
    }
    let word = confirm.word();
    let short = format!("Type {word}, then Enter: ");
    let full = match confirm.lasting() {
        Some(lasting) => format!("Type {word} (or {lasting}: it stays) and Enter: "),
        None => format!("Type {word} and Enter to go on, Esc to leave it: "),
    };
    let asked = if width(&full) + 2 * word.len() < columns { full } else { short };
    out.push(Line::from(vec![
        Span::styled(asked, text),
        Span::styled(confirm.typed.clone(), theme.style("ui.accent")),
        Span::styled(theme.glyphs.cursor, theme.style("ui.accent")),
    ]));
    let height = u16::try_from(out.len() + 2).unwrap_or(u16::MAX);
    let area = middle(frame, body, wide, height);
    let heading = Line::styled(format!(" {} Are you sure? ", theme.glyphs.warn), theme.style("finding.warning"));
    let inside = inset(pane(frame.buffer_mut(), area, heading, true, theme));
    lines(frame.buffer_mut(), inside, &out, 0, theme);
}
