//! Findings as text: the first three in full, the others in a line.

use super::{
    Options, Report,
    line::{Line, Style},
    paragraph, section,
};
use crate::{
    diagnose::{Finding, Severity},
    fmt,
    plan::Plan,
};

/// How many findings are told in full.
const IN_FULL: usize = 3;

pub(super) fn lines(report: &Report<'_>, options: &Options, out: &mut Vec<Line>) {
    if report.findings.is_empty() {
        section(out, "No findings");
        return;
    }
    section(out, "Findings");
    for (i, finding) in report.findings.iter().enumerate() {
        let full = options.verbose || i < IN_FULL;
        one(report.plan, finding, (i + 1, full), options, out);
    }
}

fn one(plan: &Plan, finding: &Finding, (number, full): (usize, bool), options: &Options, out: &mut Vec<Line>) {
    let mut line = Line::of(Style::Dim, format!("{number:>2}. "));
    let (style, word) = match finding.severity {
        Severity::Critical => (Style::Critical, "CRITICAL"),
        Severity::Warning => (Style::Warning, "WARNING"),
        Severity::Info => (Style::Info, "info"),
    };
    line.push(style, word);
    line.push(if full { Style::Bold } else { Style::Plain }, format!("  {}", finding.title));
    let node = plan.node(finding.node);
    let place = format!("{} (node {})", plan.title(finding.node), finding.node.0);
    let share = finding.share.filter(|s| *s > 0.0).map(|s| format!("  {}", fmt::percent(s))).unwrap_or_default();
    if !full {
        line.push(Style::Dim, format!("  {place}"));
    }
    let room = options.width.saturating_sub(share.chars().count());
    line.fit(room);
    if !share.is_empty() {
        line.pad(room);
        line.push(Style::Dim, share);
    }
    out.push(line);
    if full {
        let at = node.line.map(|l| format!(", line {l}")).unwrap_or_default();
        paragraph(out, Style::Dim, "at    ", &format!("{place}{at} · {}", finding.rule), 4, options.width);
        paragraph(out, Style::Dim, "why   ", &finding.why, 4, options.width);
        paragraph(out, Style::Dim, "next  ", &finding.next, 4, options.width);
    }
}
