//! A report as text for people: the plan as a tree, the findings, the proposals.

mod compare;
mod findings;
mod folded;
mod line;
mod proposals;
mod supposed;
mod tree;
mod workload;

use std::{collections::BTreeMap, fmt::Write as _};

pub use compare::render as compare;
pub use workload::workload;

use super::Report;
use crate::{
    fmt,
    plan::{Engine, NodeId, Plan},
    text::one_line,
};
use line::{Line, Style, wrap};

/// The width taken when the terminal does not tell one.
pub const DEFAULT_WIDTH: usize = 100;
/// Narrower than this the columns would eat the tree.
const LEAST_WIDTH: usize = 60;

/// How text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Columns to fill.
    pub width: usize,
    /// Colours, as escape sequences.
    pub colour: bool,
    /// Our own signs in ASCII (guides, bars, arrows). Names and values stay as they are, unless they hold such a sign.
    pub ascii: bool,
    /// Nothing is shortened: conditions wrap, every finding is in full, every proposal shows its plans.
    pub verbose: bool,
}

impl Options {
    /// Without colour, not verbose.
    #[must_use]
    pub const fn plain(width: usize) -> Self {
        Self { width, colour: false, ascii: false, verbose: false }
    }
}

impl Options {
    /// Wide enough that the columns do not eat the text.
    fn wide_enough(&self) -> Self {
        Self { width: self.width.max(LEAST_WIDTH), ..*self }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::plain(DEFAULT_WIDTH)
    }
}

/// The reports, one after the other. No line ends with blanks, and the text ends with a line feed.
#[must_use]
pub fn render(reports: &[Report<'_>], options: &Options) -> String {
    let options = options.wide_enough();
    let mut lines = Vec::new();
    for (i, report) in reports.iter().enumerate() {
        if i > 0 {
            lines.push(Line::new());
        }
        if reports.len() > 1 {
            lines.push(Line::of(Style::Bold, format!("Plan {} of {}", i + 1, reports.len())));
        }
        header(report.plan, &options, &mut lines);
        lines.push(Line::new());
        lines.extend(tree::lines(report.plan, &options, options.width, None));
        findings::lines(report, &options, &mut lines);
        notes(report.plan, report.notes, &options, &mut lines);
        supposed::lines(report.supposed, &options, &mut lines);
        proposals::lines(report, &options, &mut lines);
    }
    written(&lines, &options)
}

fn written(lines: &[Line], options: &Options) -> String {
    let mut out = String::new();
    for line in lines {
        line.write(&mut out, options.colour, options.ascii);
    }
    out
}

/// The tree of a plan and what people wrote about its nodes, without colours.
#[must_use]
pub fn noted_tree(plan: &Plan, notes: &BTreeMap<u32, String>, width: usize) -> String {
    let options = Options::plain(width).wide_enough();
    let mut lines = tree::lines(plan, &options, options.width, None);
    self::notes(plan, notes, &options, &mut lines);
    written(&lines, &options)
}

/// The tree of a plan alone, without colours.
#[must_use]
pub fn tree(plan: &Plan, width: usize) -> String {
    let options = Options::plain(width).wide_enough();
    written(&tree::lines(plan, &options, options.width, None), &options)
}

/// What statements do under suppositions, without colours and without a heading.
#[must_use]
pub fn supposed(all: &[crate::whatif::Supposed], width: usize) -> String {
    let options = Options::plain(width).wide_enough();
    let mut lines = Vec::new();
    supposed::lines(all, &options, &mut lines);
    // The section's empty line and heading.
    written(lines.get(2..).unwrap_or_default(), &options)
}

/// One node with everything it says and what people wrote about it, without its children and without colours.
#[must_use]
pub fn node(plan: &Plan, id: NodeId, notes: &BTreeMap<u32, String>, width: usize) -> String {
    let options = Options { verbose: true, ..Options::plain(width) };
    let mut out = written(&tree::one(plan, id, &options), &options);
    for (name, value) in &plan.node(id).extra {
        let _ = writeln!(out, "     {}: {}", one_line(name), one_line(value));
    }
    if let Some(note) = notes.get(&id.0) {
        let _ = writeln!(out, "     note: {}", one_line(note));
    }
    out
}

/// Engine and version.
fn header_of(engine: Engine, version: Option<&str>) -> Line {
    let mut line = Line::of(Style::Bold, engine.title());
    if let Some(version) = version {
        line.push(Style::Bold, format!(" {version}"));
    }
    line
}

/// Server, times, the statement, and what the server said beside the plan.
fn header(plan: &Plan, options: &Options, out: &mut Vec<Line>) {
    let mut line = header_of(plan.engine, plan.version.as_deref());
    let mut facts = Vec::new();
    if let Some(ms) = plan.execution_ms {
        facts.push(format!("executed in {}", fmt::duration_ms(ms)));
    }
    if let Some(ms) = plan.planning_ms {
        facts.push(format!("planned in {}", fmt::duration_ms(ms)));
    }
    if !plan.analyzed {
        facts.push("not executed: rows are estimates".to_owned());
    }
    for fact in facts {
        line.push(Style::Plain, format!(" · {fact}"));
    }
    out.push(line);
    if let Some(query) = &plan.query {
        statement(query, options, out);
    }
    if !plan.settings.is_empty() {
        let all: Vec<String> = plan.settings.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        paragraph(out, Style::Dim, "set: ", &all.join(", "), 0, options.width);
    }
    for phase in plan.phases.describe() {
        paragraph(out, Style::Dim, "", &phase, 0, options.width);
    }
    for note in &plan.notes {
        paragraph(out, Style::Warning, "note: ", note, 0, options.width);
    }
    if options.verbose {
        for (name, value) in &plan.extra {
            paragraph(out, Style::Dim, &format!("{name}: "), value, 0, options.width);
        }
    }
}

/// The statement: as typed when everything is wanted, else its first lines.
fn statement(query: &str, options: &Options, out: &mut Vec<Line>) {
    const SHOWN: usize = 4;
    if options.verbose {
        out.extend(query.trim().lines().map(|l| Line::of(Style::Sql, l)));
        return;
    }
    // A comment that ends with its line would swallow what is set behind it.
    let all: Vec<String> = if query.contains("--") || query.contains('#') {
        query.trim().lines().flat_map(|line| wrap(line, options.width)).collect()
    } else {
        wrap(query, options.width)
    };
    let cut = all.len() > SHOWN;
    for (i, text) in all.into_iter().take(SHOWN).enumerate() {
        let mut line = Line::of(Style::Sql, text);
        if cut && i + 1 == SHOWN {
            line.push(Style::Dim, " …");
            line.fit(options.width);
        }
        out.push(line);
    }
}

/// What people wrote about nodes.
fn notes(plan: &Plan, notes: &BTreeMap<u32, String>, options: &Options, out: &mut Vec<Line>) {
    let known = || notes.iter().filter(|(node, _)| (**node as usize) < plan.len());
    if known().next().is_some() {
        section(out, "Notes");
    }
    for (node, note) in known() {
        let mut line = Line::of(Style::Plain, format!("    {} (node {node})", plan.title(NodeId(*node))));
        line.fit(options.width);
        out.push(line);
        paragraph(out, Style::Warning, "note  ", note, 4, options.width);
    }
}

/// A labelled paragraph: the label once, the text wrapped behind it.
fn paragraph(out: &mut Vec<Line>, style: Style, label: &str, text: &str, indent: usize, width: usize) {
    let start = Line::of(Style::Plain, " ".repeat(indent)).with(style, label);
    let hang = start.width();
    for (i, part) in wrap(text, width.saturating_sub(hang)).into_iter().enumerate() {
        let mut line = if i == 0 { start.clone() } else { Line::of(Style::Plain, " ".repeat(hang)) };
        line.push(Style::Plain, part);
        out.push(line);
    }
}

/// A heading with an empty line before it.
fn section(out: &mut Vec<Line>, title: &str) {
    out.push(Line::new());
    out.push(Line::of(Style::Bold, title));
}

#[cfg(test)]
mod tests;
