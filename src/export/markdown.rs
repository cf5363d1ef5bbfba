//! A report as Markdown (`CommonMark` with GitHub's tables): to paste into an issue, a review or a chat.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{Comparison, Report, WorkloadReport, table, text};
use crate::{
    advise::{Proposal, Trust, Verdict},
    diagnose::{Finding, Severity},
    fmt,
    plan::{NodeId, Plan},
    text::{one_line, visible},
    whatif::Supposed,
};

/// Columns of the plan's block: what most pages show without a bar to scroll.
const WIDTH: usize = 110;

/// The reports, one after the other, each under a heading of its own.
#[must_use]
pub fn render(reports: &[Report<'_>]) -> String {
    let mut out = String::new();
    for (i, report) in reports.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        one(report, (reports.len() > 1).then_some(i + 1), &mut out);
    }
    out
}

/// What a search over a workload found.
#[must_use]
pub fn workload(report: &WorkloadReport<'_>) -> String {
    let advice = report.advice;
    let version = report.version.map_or_else(String::new, |v| format!(" {}", escaped(v)));
    let mut out =
        format!("## Indexes for {} statements\n\n{}{version}", advice.statements.len(), report.engine.title());
    out.push_str(if advice.early { " · ended before the search was done: the best so far\n" } else { "\n" });
    out.push_str("\n| # | cost before | cost after | weight | statement |\n|--:|--:|--:|--:|---|\n");
    for (i, statement) in advice.statements.iter().enumerate() {
        let cost = |cost: Option<f64>| cost.map_or_else(String::new, fmt::cost);
        let sql: Vec<&str> = statement.sql.split_whitespace().collect();
        let problem = statement.problem.as_deref().map_or_else(String::new, |p| format!(" {}", escaped(p)));
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {}{problem} |",
            i + 1,
            cost(statement.before),
            cost(statement.after.or(statement.before)),
            fmt::count(statement.weight),
            cell(&code(&sql.join(" ")))
        );
    }
    supposed(report.supposed, &mut out);
    indexes(&advice.proposals, report.searched.candidates, &mut out);
    if !advice.redundant.is_empty() {
        out.push_str("\n### Superfluous indexes\n");
        for index in &advice.redundant {
            let name = code(&format!("{} on {}.{}", index.index, index.schema, index.table));
            let _ = writeln!(out, "\n{name}: {}\n", escaped(&index.because));
            fenced("sql", &statements(&index.ddl), &mut out);
        }
    }
    out
}

/// Two plans beside each other: what the text says, in a block.
#[must_use]
pub fn comparison(comparison: &Comparison<'_>) -> String {
    let (before, after) = comparison.names;
    let mut out = format!("## Comparison\n\n{} and {}\n\n", code(before), code(after));
    fenced("text", text::compare(comparison, &text::Options::plain(WIDTH)).trim_end(), &mut out);
    out
}

/// The plan alone: the tree in a block, and what people wrote about its nodes.
#[must_use]
pub fn plan(plan: &Plan, notes: &BTreeMap<u32, String>) -> String {
    let mut out = String::new();
    tree(plan, &mut out);
    noted(plan, notes, &mut out);
    out
}

/// What people wrote about nodes.
fn noted(plan: &Plan, notes: &BTreeMap<u32, String>, out: &mut String) {
    let mut known = notes.iter().filter(|(node, _)| (**node as usize) < plan.len()).peekable();
    if known.peek().is_some() {
        out.push_str("\n### Notes\n\n");
    }
    for (node, note) in known {
        let _ = writeln!(out, "- {}: {}", code(&plan.title(NodeId(*node))), escaped(note));
    }
}

fn one(report: &Report<'_>, number: Option<usize>, out: &mut String) {
    let plan = report.plan;
    let which = number.map_or_else(String::new, |n| format!(" {n}"));
    let version = plan.version.as_deref().map_or_else(String::new, |v| format!(" {}", escaped(v)));
    let mut facts = vec![format!("{}{version}", plan.engine.title())];
    facts.extend(plan.execution_ms.map(|ms| format!("executed in {}", fmt::duration_ms(ms))));
    facts.extend(plan.planning_ms.map(|ms| format!("planned in {}", fmt::duration_ms(ms))));
    if !plan.analyzed {
        facts.push("not executed: rows are estimates".to_owned());
    }
    let _ = writeln!(out, "## Plan{which}\n\n{}", facts.join(" · "));
    if let Some(query) = &plan.query {
        out.push('\n');
        fenced("sql", query.trim(), out);
    }
    for note in &plan.notes {
        let _ = writeln!(out, "\n> {}", escaped(note));
    }
    out.push('\n');
    tree(plan, out);
    findings(report, out);
    noted(report.plan, report.notes, out);
    supposed(report.supposed, out);
    proposals(report, out);
}

/// What the statements do under suppositions.
fn supposed(all: &[Supposed], out: &mut String) {
    if !all.is_empty() {
        out.push_str("\n### What if\n\n");
        fenced("text", text::supposed(all, WIDTH).trim_end(), out);
    }
}

fn tree(plan: &Plan, out: &mut String) {
    fenced("text", text::tree(plan, WIDTH).trim_end(), out);
}

fn findings(report: &Report<'_>, out: &mut String) {
    if report.findings.is_empty() {
        out.push_str("\n### No findings\n");
        return;
    }
    out.push_str("\n### Findings\n\n");
    for (i, finding) in report.findings.iter().enumerate() {
        let Finding { severity, title, why, next, rule, node, share, .. } = finding;
        let word = match severity {
            Severity::Critical => "**critical**",
            Severity::Warning => "**warning**",
            Severity::Info => "info",
        };
        let share = share.filter(|s| *s > 0.0).map_or_else(String::new, |s| format!(" ({})", fmt::percent(s)));
        let at = code(&report.plan.title(*node));
        let _ = write!(out, "{}. {word}: {}{share}\n   at {at}, node {} · {rule}\n", i + 1, escaped(title), node.0);
        let _ = write!(out, "   - Why: {}\n   - Next: {}\n", escaped(why), escaped(next));
    }
}

fn proposals(report: &Report<'_>, out: &mut String) {
    if let Some(searched) = report.searched {
        indexes(report.proposals, searched.candidates, out);
    }
}

fn indexes(proposals: &[Proposal], candidates: usize, out: &mut String) {
    if proposals.is_empty() {
        let _ = writeln!(out, "\n### No proposals\n\n{candidates} candidates were tried; none remains.");
        return;
    }
    out.push_str("\n### Indexes\n\n| verdict | index | cost before | cost after | size | by | why |\n|---|---|--:|--:|--:|---|---|\n");
    for proposal in proposals {
        row(proposal, out);
    }
    for proposal in proposals.iter().filter(|p| p.verdict == Verdict::Proved && p.instead_of.is_none()) {
        out.push('\n');
        fenced("sql", &statements(&proposal.ddl), out);
        if !proposal.undo.is_empty() {
            out.push_str("\nTo undo it:\n\n");
            fenced("sql", &statements(&proposal.undo), out);
        }
    }
}

fn row(proposal: &Proposal, out: &mut String) {
    let candidate = &proposal.candidate;
    let verdict = match proposal.verdict {
        Verdict::Proved => "**proved**",
        Verdict::Rejected => "rejected",
        Verdict::Untested => "untested",
    };
    let keys: Vec<String> =
        candidate.keys.iter().map(|k| if k.desc { format!("{} DESC", k.expr) } else { k.expr.clone() }).collect();
    let index = code(&format!("{} on {} ({})", candidate.method, table(candidate), keys.join(", ")));
    let tried = proposal.tried.as_ref();
    let cost = |cost: Option<f64>| cost.map_or_else(String::new, fmt::cost);
    let before = cost(tried.and_then(|t| t.before.total_cost()));
    let after = cost(tried.and_then(|t| t.after.total_cost()));
    let size = tried.and_then(|t| t.size_bytes).map_or_else(String::new, fmt::bytes);
    let by = tried.map_or_else(String::new, |t| {
        let trust = match t.trust {
            Trust::Exact => "exact",
            Trust::Close => "close",
            Trust::Rough => "rough",
        };
        format!("{} ({trust})", t.method)
    });
    let instead =
        proposal.instead_of.as_deref().map_or_else(String::new, |other| format!("; instead of {}", code(other)));
    let why = cell(&format!("{}{instead}", escaped(&proposal.reason)));
    let _ = writeln!(out, "| {verdict} | {} | {before} | {after} | {size} | {by} | {why} |", cell(&index));
}

fn statements(all: &[String]) -> String {
    all.iter().map(|sql| format!("{};", sql.trim_end().trim_end_matches(';'))).collect::<Vec<_>>().join("\n")
}

/// A block whose fence is longer than any run of backticks inside.
fn fenced(language: &str, text: &str, out: &mut String) {
    let text = visible(text);
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    let _ = writeln!(out, "{fence}{language}\n{text}\n{fence}");
}

/// A piece of code inside a line.
fn code(text: &str) -> String {
    let text = one_line(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    if text.starts_with('`') || text.ends_with('`') {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

fn longest_run(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// Words that cannot become markup: every character that may begin some stands behind a backslash.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in one_line(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '!') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A cell: a bar would end it, also inside code.
fn cell(text: &str) -> String {
    text.replace("\\|", "|").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::{code, escaped, plan, render};
    use crate::export::{Report, Searched, samples};

    #[test]
    fn a_report_reads_as_markdown() {
        let (plan, findings, proposals) = (samples::plan(None), [samples::finding("t")], [samples::proposal()]);
        let searched = Some(Searched { candidates: 1, explains: 2, seconds: 0.1 });
        let notes = [(0, "ask *ann*".to_owned())].into();
        let report = Report { proposals: &proposals, searched, notes: &notes, ..Report::new(&plan, &findings) };
        insta::assert_snapshot!(render(&[report]));
    }

    #[test]
    fn text_of_a_server_becomes_no_markup() {
        assert_eq!(escaped("a*b_c <script> [x](y) | \x1b"), "a\\*b\\_c \\<script\\> \\[x\\](y) \\| ␛");
        for (text, expected) in [("a", "`a`"), ("a`b", "``a`b``"), ("`a`", "`` `a` ``")] {
            assert_eq!(code(text), expected);
        }
        let mut hostile = samples::plan(None);
        hostile.query = Some("select '```\n# no heading'".into());
        let text = render(&[Report::new(&hostile, &[])]);
        assert!(text.contains("````sql\nselect '```\n# no heading'\n````\n"), "{text}");
        assert!(plan(&hostile, &[].into()).starts_with("```text\n"));
    }

    #[test]
    fn several_plans_have_several_headings() {
        let plan = samples::plan(None);
        let text = render(&[Report::new(&plan, &[]), Report::new(&plan, &[])]);
        assert!(text.contains("## Plan 1\n") && text.contains("## Plan 2\n"), "{text}");
    }
}
