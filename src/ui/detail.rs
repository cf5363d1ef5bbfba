//! What is known of one node: why it stands out, conditions, numbers and how they came about.

use ratatui::text::{Line, Span};

use super::{
    text::{labelled, width, wrap},
    tree::{flag_span, severity_mark, times, title},
};
use crate::{
    catalog::Table,
    diagnose::Finding,
    fmt,
    plan::{
        Buffers, Derived, Flag, Io, NodeId, Off, Plan, Rows, Wal,
        fold::{Group, Spread},
    },
    text::one_line,
    theme::Theme,
};

/// What is known of a node beside its plan.
#[derive(Default)]
pub(super) struct Beside<'a> {
    /// Its findings.
    pub(super) findings: Vec<&'a Finding>,
    /// The parts of the statement it comes from.
    pub(super) query: Vec<String>,
    /// What people wrote about it.
    pub(super) note: Option<&'a str>,
    /// The table it is about.
    pub(super) table: Option<&'a Table>,
    /// The members it stands for in the tree.
    pub(super) alike: Option<&'a Group>,
}

/// All lines about a node, for a pane of that many columns.
pub(super) fn lines(plan: &Plan, id: NodeId, beside: &Beside<'_>, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let node = plan.node(id);
    let mut out = vec![Line::from(title(plan, id, theme))];
    let flags: Vec<Span<'static>> =
        plan.derived(id).flags.iter().flat_map(|f| [flag_span(plan.engine, f, theme), Span::raw("  ")]).collect();
    if !flags.is_empty() {
        out.push(Line::from(flags));
    }
    // What a colleague wrote is read before what we think.
    if let Some(note) = beside.note {
        out.extend(labelled("note", note, columns, theme.style("ui.accent"), theme));
    }
    for finding in &beside.findings {
        out.extend(why(finding, columns, 0, theme));
    }
    let text = theme.style("ui.text");
    if let Some(group) = beside.alike {
        section(&mut out, alike(plan, group, columns, theme));
    }
    let mut part = Vec::new();
    for (label, words) in plan.details(id) {
        part.extend(labelled(label, &words, columns, text, theme));
    }
    for (i, words) in beside.query.iter().enumerate() {
        let label = if i == 0 { "from" } else { "" };
        part.extend(labelled(label, words, columns, theme.style("ui.dim"), theme));
    }
    if let Some(table) = beside.table {
        part.extend(labelled("table", &table_words(table), columns, theme.style("ui.dim"), theme));
    }
    section(&mut out, part);

    let mut part = Vec::new();
    for (label, words) in numbers(plan, id, theme) {
        part.extend(labelled(label, &words, columns, theme.style("plan.number"), theme));
    }
    section(&mut out, part);

    let about = plan.about(id).map(|words| wrap(words, columns)).unwrap_or_default();
    section(&mut out, about.into_iter().map(|l| Line::styled(l, text)).collect());

    let mut part = Vec::new();
    for explanation in plan.explanations(id) {
        part.push(Line::styled(format!("why {}", explanation.name), theme.style("ui.accent")));
        part.extend(wrap(explanation.formula, columns).into_iter().map(|l| Line::styled(l, text)));
        for input in &explanation.inputs {
            part.extend(
                wrap(&format!("  {}", one_line(input)), columns)
                    .into_iter()
                    .map(|l| Line::styled(l, theme.style("ui.dim"))),
            );
        }
    }
    section(&mut out, part);

    let mut part = Vec::new();
    if !node.native.is_empty() && node.native != node.operator.name() {
        part.extend(labelled("native", &node.native, columns, text, theme));
    }
    for (label, words) in &node.extra {
        let label = one_line(label);
        // A name that is too long for its column stands with its text.
        let (label, words) = if label.chars().count() < 12 {
            (label, words.clone())
        } else {
            ("also".to_owned(), format!("{label} = {words}"))
        };
        part.extend(labelled(&label, &words, columns, theme.style("ui.dim"), theme));
    }
    if let Some(line) = node.line {
        part.extend(labelled("source", &format!("line {line} of the document"), columns, theme.style("ui.dim"), theme));
    }
    section(&mut out, part);
    out
}

/// How the members that a row stands for are spread, and which of their like stand by themselves.
fn alike(plan: &Plan, group: &Group, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut out = Vec::new();
    let mut line = |label: &str, words: &str| {
        out.extend(labelled(label, words, columns, theme.style("plan.number"), theme));
    };
    let n = group.count();
    line("alike", &format!("{} under one row, this is the first of them; l opens them", fmt::whole(n)));
    let spread = |of: Spread, text: fn(f64) -> String| {
        format!("{} to {}, median {}, {} in all", text(of.min), text(of.max), text(of.median), text(of.sum))
    };
    if let Some(price) = group.price {
        let (label, text): (_, fn(f64) -> String) =
            if group.timed { ("time each", fmt::duration_ms) } else { ("cost each", fmt::cost) };
        line(label, &spread(price, text));
    }
    if let Some(rows) = group.rows {
        line("rows each", &spread(rows, fmt::count));
    }
    for (i, id) in group.outliers.iter().enumerate() {
        let price = if group.timed {
            plan.derived(*id).wall_ms.map(fmt::duration_ms)
        } else {
            plan.node(*id).cost.total.map(fmt::cost)
        };
        let words = format!("{}  {}", plan.title(*id), price.unwrap_or_default());
        line(if i == 0 { "stand out" } else { "" }, &words);
    }
    out
}

/// A finding in full. `beside`: columns left free beside its title.
pub(super) fn why(finding: &Finding, columns: usize, beside: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut out = Vec::new();
    let style = severity_mark(finding.severity, theme).style;
    for (i, line) in wrap(&finding.title, columns.saturating_sub(2 + beside)).into_iter().enumerate() {
        let lead = if i == 0 { severity_mark(finding.severity, theme) } else { Span::raw(" ") };
        out.push(Line::from(vec![lead, Span::raw(" "), Span::styled(line, style)]));
    }
    for line in wrap(&finding.why, columns.saturating_sub(2)) {
        out.push(Line::styled(format!("  {line}"), theme.style("ui.text")));
    }
    let arrow = format!("  {} ", theme.glyphs.arrow);
    for (i, line) in wrap(&finding.next, columns.saturating_sub(width(&arrow))).into_iter().enumerate() {
        let lead = if i == 0 { arrow.clone() } else { " ".repeat(width(&arrow)) };
        out.push(Line::from(vec![
            Span::styled(lead, theme.style("ui.accent")),
            Span::styled(line, theme.style("ui.text")),
        ]));
    }
    out
}

/// A table in a line; all of it has a view of its own.
fn table_words(table: &Table) -> String {
    let mut words = vec![table.rows.map_or_else(|| "rows unknown".to_owned(), |n| format!("{} rows", fmt::count(n)))];
    words.extend(table.bytes.map(fmt::bytes));
    words.push(match table.indexes.len() {
        1 => "1 index".to_owned(),
        n => format!("{n} indexes"),
    });
    words.extend(table.last_analyzed.as_ref().map(|at| format!("analysed {}", at.get(..16).unwrap_or(at))));
    format!("{}; t shows all", words.join(", "))
}

/// Adds a part after an empty line.
fn section(out: &mut Vec<Line<'static>>, part: Vec<Line<'static>>) {
    if !part.is_empty() {
        out.push(Line::default());
        out.extend(part);
    }
}

/// Label and words of each group of numbers.
fn numbers(plan: &Plan, id: NodeId, theme: &Theme) -> Vec<(&'static str, String)> {
    let node = plan.node(id);
    let derived = plan.derived(id);
    let mut out = Vec::new();
    let mut put = |label, words: Vec<String>| {
        if !words.is_empty() {
            out.push((label, words.join(", ")));
        }
    };
    let share = derived.felt().filter(|s| *s > 0.0).map(|s| format!("{} of the statement", fmt::percent(s)));
    let mut time = Vec::new();
    if let Some(own) = derived.self_ms {
        let felt = derived.felt_ms().filter(|felt| derived.waited && *felt > own * 1.05);
        let average = if felt.is_some() { " on average" } else { "" };
        time.push(format!("{} itself{average}", fmt::duration_ms(own)));
        time.extend(felt.map(|felt| format!("{} of the slowest process", fmt::duration_ms(felt))));
        time.extend(derived.wall_ms.map(|w| format!("{} with children", fmt::duration_ms(w))));
        time.extend(share.clone());
    }
    let mut cost: Vec<String> = derived.self_cost.map(|c| format!("{} itself", fmt::cost(c))).into_iter().collect();
    cost.extend(node.cost.total.map(|c| format!("{} with children", fmt::cost(c))));
    cost.extend(node.cost.startup.filter(|c| *c > 0.0).map(|c| format!("{} to the first row", fmt::cost(c))));
    if time.is_empty() {
        cost.extend(share);
    }
    put("time", time);
    put("cost", cost);
    put("rows", rows(node.rows, derived, theme));
    put("loops", loops(plan, id));
    put("blocks", node.buffers.as_deref().map(blocks).unwrap_or_default());
    let own = derived.self_buffers.as_deref().filter(|b| Some(*b) != node.buffers.as_deref());
    put("own blocks", own.map(blocks).unwrap_or_default());
    put("waiting", node.io.as_deref().map(waiting).unwrap_or_default());
    let own = derived.self_io.as_deref().filter(|io| Some(*io) != node.io.as_deref());
    put("own waiting", own.map(waiting).unwrap_or_default());
    put("log", node.wal.as_deref().map(log).unwrap_or_default());
    if let Some(w) = &node.workers {
        let mut words = Vec::new();
        match (w.launched, w.planned) {
            (Some(n), Some(of)) => words.push(format!("{n} of {of} launched")),
            (None, Some(of)) => words.push(format!("{of} planned")),
            (Some(n), None) => words.push(format!("{n} launched")),
            (None, None) => {}
        }
        if let (Some(least), Some(most)) = (w.min_ms, w.max_ms) {
            words.push(format!("fastest {}, slowest {}", fmt::duration_ms(least), fmt::duration_ms(most)));
        }
        if let (Some(least), Some(most)) = (w.min_rows, w.max_rows) {
            words.push(format!("{} to {} rows by each process", fmt::count(least), fmt::count(most)));
        }
        put("workers", words);
    }
    if let Some(bytes) = node.spill.as_ref().and_then(|s| s.bytes) {
        put("on disk", vec![fmt::bytes(bytes)]);
    }
    out
}

/// How often a node ran, what its rows are of, and what they are in all.
fn loops(plan: &Plan, id: NodeId) -> Vec<String> {
    let (rows, derived) = (plan.node(id).rows, plan.derived(id));
    let Some(loops) = rows.loops.filter(|loops| *loops > 1.0) else { return Vec::new() };
    let shared = if derived.flags.contains(Flag::Parallel) { " (processes that share the work)" } else { "" };
    let about = if derived.rough_rows { "about " } else { "" };
    let mut words = format!("{}{shared}; the rows are those of one loop", fmt::count(loops));
    if let Some(actual) = rows.actual {
        words = format!("{words}, in all {about}{} actual", fmt::count(actual * loops));
    }
    vec![words]
}

fn rows(rows: Rows, derived: &Derived, theme: &Theme) -> Vec<String> {
    let mut out = Vec::new();
    let off = derived.q_error.filter(|q| *q >= 2.0).map(|q| match derived.off {
        Some(Off::Under) => format!(", too few by {}", times(q, theme)),
        Some(Off::Over) => format!(", too many by {}", times(q, theme)),
        None => format!(", off by {}", times(q, theme)),
    });
    out.extend(rows.estimated.map(|r| format!("{} estimated{}", fmt::count(r), off.unwrap_or_default())));
    // A rounded average of many loops is only about right.
    let about = if derived.rough_rows { "about " } else { "" };
    out.extend(rows.actual.map(|r| format!("{about}{} actual", fmt::count(r))));
    out.extend(rows.removed.filter(|r| *r > 0.0).map(|r| format!("{} thrown away by the filter", fmt::count(r))));
    out.extend(
        rows.removed_by_recheck.filter(|r| *r > 0.0).map(|r| format!("{} thrown away by the recheck", fmt::count(r))),
    );
    out.extend(rows.width.map(|w| format!("{} bytes each", fmt::count(w))));
    out
}

fn waiting(io: &Io) -> Vec<String> {
    [
        (io.read_ms, "reading"),
        (io.write_ms, "writing"),
        (io.temp_read_ms, "temporary reading"),
        (io.temp_write_ms, "temporary writing"),
    ]
    .into_iter()
    .filter(|(ms, _)| *ms > 0.0)
    .map(|(ms, what)| format!("{} {what}", fmt::duration_ms(ms)))
    .collect()
}

#[allow(clippy::cast_precision_loss, reason = "shown with a few digits")]
fn log(wal: &Wal) -> Vec<String> {
    let mut out = vec![format!("{} records", fmt::count(wal.records as f64)), fmt::bytes(wal.bytes)];
    if wal.full_pages > 0 {
        out.push(format!("{} full pages", fmt::count(wal.full_pages as f64)));
    }
    out
}

fn blocks(b: &Buffers) -> Vec<String> {
    [
        (b.hit, "from cache"),
        (b.read, "read"),
        (b.dirtied, "dirtied"),
        (b.written, "written"),
        (b.temp_read, "temporary read"),
        (b.temp_written, "temporary written"),
        (b.local_hit + b.local_read, "of temporary tables"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, what)| {
        #[allow(clippy::cast_precision_loss, reason = "shown with a few digits")]
        let n = fmt::count(n as f64);
        format!("{n} {what}")
    })
    .collect()
}
