//! A report as one HTML file that needs nothing else: no script, no font, no other file; light or dark as its reader has it.

use std::fmt::Write as _;

use super::{Comparison, Report, WorkloadReport, table, text};
use crate::{
    advise::{Proposal, Verdict},
    diagnose::{Finding, Severity},
    fmt,
    plan::{Flag, NodeId, Plan},
    text::{one_line, visible},
    whatif::Supposed,
};

const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
    <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
    <meta name=\"viewport\" content=\"width=device-width\">\n";

const STYLE: &str = include_str!("html/style.css");

/// The reports in one document.
#[must_use]
pub fn render(reports: &[Report<'_>]) -> String {
    let title = reports.first().map_or("whyslow", |r| r.plan.engine.title());
    let mut out = format!("{HEAD}<title>{} plan - whyslow</title>\n<style>\n{STYLE}</style>\n<main>\n", escaped(title));
    for (i, report) in reports.iter().enumerate() {
        one(report, i, reports.len(), &mut out);
    }
    out.push_str("</main>\n</html>\n");
    out
}

/// What a search over a workload found, in one document.
#[must_use]
pub fn workload(report: &WorkloadReport<'_>) -> String {
    let advice = report.advice;
    let engine = format!("{} {}", report.engine.title(), report.version.unwrap_or_default());
    let mut out = format!("{HEAD}<title>indexes - whyslow</title>\n<style>\n{STYLE}</style>\n<main>\n");
    let _ = writeln!(out, "<h1>Indexes for {} statements</h1>", advice.statements.len());
    let early = if advice.early { " · ended before the search was done: the best so far" } else { "" };
    let _ = writeln!(out, "<p class=\"dim\">{}{early}</p>", escaped(&engine));
    out.push_str("<table>\n<thead><tr><th class=\"n\">#<th class=\"n\">cost before<th class=\"n\">after<th class=\"n\">weight<th>statement</thead>\n");
    for (i, statement) in advice.statements.iter().enumerate() {
        let cost = |cost: Option<f64>| cost.map_or_else(String::new, fmt::cost);
        let sql: Vec<&str> = statement.sql.split_whitespace().collect();
        let problem =
            statement.problem.as_deref().map_or_else(String::new, |p| format!("<small>{}</small>", escaped(p)));
        let _ = writeln!(
            out,
            "<tr><td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td>{}{problem}",
            i + 1,
            cost(statement.before),
            cost(statement.after.or(statement.before)),
            fmt::count(statement.weight),
            escaped(&sql.join(" "))
        );
    }
    out.push_str("</table>\n");
    supposed(report.supposed, &mut out);
    indexes(&advice.proposals, report.searched.candidates, &mut out);
    if !advice.redundant.is_empty() {
        out.push_str("<h2>Superfluous indexes</h2>\n");
        for index in &advice.redundant {
            let name = format!("{} on {}.{}", index.index, index.schema, index.table);
            let _ = writeln!(out, "<p><b>{}</b>: {}</p>", escaped(&name), escaped(&index.because));
            let _ = writeln!(out, "<pre>{}</pre>", block(&index.ddl.join(";\n")));
        }
    }
    out.push_str("</main>\n</html>\n");
    out
}

/// Two plans beside each other: what the text says, then each plan.
#[must_use]
pub fn comparison(comparison: &Comparison<'_>) -> String {
    let mut out =
        format!("{HEAD}<title>comparison - whyslow</title>\n<style>\n{STYLE}</style>\n<main>\n<h1>Comparison</h1>\n");
    let said = text::compare(comparison, &text::Options::plain(160));
    let _ = writeln!(out, "<pre>{}</pre>", block(said.trim_end()));
    for (i, report) in [&comparison.before, &comparison.after].into_iter().enumerate() {
        one(report, i, 2, &mut out);
    }
    out.push_str("</main>\n</html>\n");
    out
}

fn one(report: &Report<'_>, number: usize, of: usize, out: &mut String) {
    let plan = report.plan;
    let version = plan.version.as_deref().unwrap_or_default();
    let which = if of > 1 { format!("Plan {} of {of}: ", number + 1) } else { String::new() };
    let _ = writeln!(out, "<h1>{which}{} {}</h1>", escaped(plan.engine.title()), escaped(version));
    let mut facts = Vec::new();
    facts.extend(plan.execution_ms.map(|ms| format!("executed in {}", fmt::duration_ms(ms))));
    facts.extend(plan.planning_ms.map(|ms| format!("planned in {}", fmt::duration_ms(ms))));
    facts.extend(plan.total_cost().map(|cost| format!("cost {}", fmt::cost(cost))));
    if !plan.analyzed {
        facts.push("not executed: rows are estimates".to_owned());
    }
    let _ = writeln!(out, "<p class=\"dim\">{}</p>", facts.join(" · "));
    if let Some(query) = &plan.query {
        let _ = writeln!(out, "<pre>{}</pre>", block(query.trim()));
    }
    for note in &plan.notes {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", escaped(note));
    }
    findings(report, number, out);
    if !report.notes.is_empty() {
        out.push_str("<h2>Notes</h2>\n<dl>\n");
        for (node, note) in report.notes.iter().filter(|(node, _)| (**node as usize) < plan.len()) {
            let id = NodeId(*node);
            let at = (anchor(number, id), escaped(&plan.title(id)), escaped(note));
            let _ = writeln!(out, "<dt><a href=\"#{}\">{}</a><dd>{}", at.0, at.1, at.2);
        }
        out.push_str("</dl>\n");
    }
    tree(plan, number, out);
    supposed(report.supposed, out);
    proposals(report, out);
}

/// The anchor of a node.
fn anchor(number: usize, id: NodeId) -> String {
    format!("p{number}n{}", id.0)
}

fn findings(report: &Report<'_>, number: usize, out: &mut String) {
    if report.findings.is_empty() {
        out.push_str("<h2>No findings</h2>\n");
        return;
    }
    out.push_str("<h2>Findings</h2>\n<ol>\n");
    for finding in report.findings {
        let Finding { severity, title, why, next, rule, node, share, .. } = finding;
        let word = match severity {
            Severity::Critical => "critical",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        let share = share.filter(|s| *s > 0.0).map_or_else(String::new, |s| format!(" · {}", fmt::percent(s)));
        let _ = writeln!(
            out,
            "<li><b class=\"{word}\">{word}</b> <b>{}</b><br><a href=\"#{}\">{}</a> <span class=\"dim\">· {rule}{share}</span>\
             <dl><dt>Why<dd>{}<dt>Next<dd>{}</dl></li>",
            escaped(title),
            anchor(number, *node),
            escaped(&report.plan.title(*node)),
            escaped(why),
            escaped(next)
        );
    }
    out.push_str("</ol>\n");
}

fn tree(plan: &Plan, number: usize, out: &mut String) {
    let timed = plan.ids().any(|id| plan.derived(id).self_ms.is_some());
    let (own, rows) =
        (if timed { "self time" } else { "self cost" }, if plan.analyzed { "rows est → act" } else { "rows est" });
    let _ = writeln!(
        out,
        "<h2>Plan</h2>\n<table>\n<thead><tr><th>operator<th class=\"n\">{own}<th>share<th class=\"n\">{rows}<th class=\"n\">loops\
         <th>notable</thead>"
    );
    for id in plan.ids() {
        row(plan, id, number, timed, out);
    }
    out.push_str("</table>\n");
}

fn row(plan: &Plan, id: NodeId, number: usize, timed: bool, out: &mut String) {
    let (node, derived) = (plan.node(id), plan.derived(id));
    let own = if timed { derived.felt_ms().map(fmt::duration_ms) } else { derived.self_cost.map(fmt::cost) };
    let share = derived.felt().unwrap_or(0.0).clamp(0.0, 1.0);
    let heat = match share {
        s if s >= 0.25 => "hot",
        s if s >= 0.1 => "warm",
        _ => "cool",
    };
    let rows = match (node.rows.estimated, node.rows.actual) {
        _ if node.rows.loops == Some(0.0) => "never ran".to_owned(),
        (Some(estimated), Some(actual)) => format!("{} → {}", fmt::count(estimated), fmt::count(actual)),
        (Some(estimated), None) => fmt::count(estimated),
        (None, actual) => actual.map_or_else(String::new, |a| format!("→ {}", fmt::count(a))),
    };
    let off = derived.q_error.filter(|q| *q >= 10.0).map(|q| format!(" <b>{}</b>", fmt::times(q))).unwrap_or_default();
    let loops = node.rows.loops.filter(|l| *l > 1.0).map_or_else(String::new, fmt::count);
    let mut flags: Vec<&str> = derived.flags.iter().map(Flag::name).collect();
    flags.extend(derived.is_slowest().then_some("slowest process"));
    // Far down a plan is as far to the right as a page bears.
    let indent = plan.depth(id).min(40);
    let deep =
        if plan.depth(id) > 40 { format!("<span class=\"dim\">{}</span> ", plan.depth(id)) } else { String::new() };
    let _ = write!(
        out,
        "<tr id=\"{}\"><td style=\"padding-left:{indent}em\">{deep}{}",
        anchor(number, id),
        escaped(&plan.title(id))
    );
    for (label, text) in plan.details(id) {
        let _ = write!(out, "<small>{}: {}</small>", escaped(label), escaped(&text));
    }
    let _ = writeln!(
        out,
        "<td class=\"n {heat}\">{}<td><i class=\"{heat}\" style=\"width:{:.1}em\"></i> {}<td class=\"n\">{rows}{off}<td class=\"n\">{loops}<td>{}",
        own.unwrap_or_default(),
        share * 6.0,
        derived.felt().map_or_else(String::new, fmt::percent),
        flags.join(", ")
    );
}

/// What the statements do under suppositions.
fn supposed(all: &[Supposed], out: &mut String) {
    if !all.is_empty() {
        let _ = writeln!(out, "<h2>What if</h2>\n<pre>{}</pre>", block(text::supposed(all, 140).trim_end()));
    }
}

fn proposals(report: &Report<'_>, out: &mut String) {
    if let Some(searched) = report.searched {
        indexes(report.proposals, searched.candidates, out);
    }
}

fn indexes(proposals: &[Proposal], candidates: usize, out: &mut String) {
    if proposals.is_empty() {
        let _ = writeln!(out, "<h2>No proposals</h2>\n<p>{candidates} candidates were tried; none remains.</p>");
        return;
    }
    out.push_str("<h2>Indexes</h2>\n");
    for proposal in proposals {
        one_proposal(proposal, out);
    }
}

fn one_proposal(proposal: &Proposal, out: &mut String) {
    let candidate = &proposal.candidate;
    let (verdict, scope) = match proposal.verdict {
        Verdict::Proved => ("proved", "good"),
        Verdict::Rejected => ("rejected", "dim"),
        Verdict::Untested => ("untested", "warning"),
    };
    let keys: Vec<&str> = candidate.keys.iter().map(|k| k.expr.as_str()).collect();
    let tried = proposal.tried.as_ref();
    let cost = tried.and_then(|t| {
        Some(format!("cost {} → {}", fmt::cost(t.before.total_cost()?), fmt::cost(t.after.total_cost()?)))
    });
    let size = tried.and_then(|t| t.size_bytes).map(|bytes| format!("index of {}", fmt::bytes(bytes)));
    let by = tried.map(|t| format!("by {}", t.method));
    let facts: Vec<String> = [cost, size, by].into_iter().flatten().collect();
    let _ = writeln!(
        out,
        "<p><b class=\"{scope}\">{verdict}</b> <b>{} on {} ({})</b> <span class=\"dim\">{}</span><br>{}</p>",
        escaped(candidate.method),
        escaped(&table(candidate)),
        escaped(&keys.join(", ")),
        facts.join(" · "),
        escaped(&proposal.reason)
    );
    if proposal.verdict != Verdict::Rejected {
        let statements = |all: &[String]| {
            all.iter().map(|sql| format!("{};", sql.trim_end().trim_end_matches(';'))).collect::<Vec<_>>().join("\n")
        };
        let undo = format!("\n{}", statements(&proposal.undo)).replace('\n', "\n-- ");
        let _ = writeln!(
            out,
            "<pre>{}<span class=\"dim\">{}</span></pre>",
            block(&statements(&proposal.ddl)),
            block(&undo)
        );
    }
}

/// Words on one line.
fn escaped(text: &str) -> String {
    entities(&one_line(text))
}

/// Text that keeps its lines.
fn block(text: &str) -> String {
    entities(&visible(text))
}

fn entities(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::export::{Report, Searched, samples};

    #[test]
    fn a_report_reads_as_html_and_nothing_in_it_is_live() {
        let mut plan = samples::plan(None);
        plan.query = Some("select '<script>alert(1)</script>' & \"x\"".into());
        let (findings, proposals) = ([samples::finding("a <b> title")], [samples::proposal()]);
        let searched = Some(Searched { candidates: 1, explains: 2, seconds: 0.1 });
        let text = render(&[Report { proposals: &proposals, searched, ..Report::new(&plan, &findings) }]);
        for part in [
            "<a href=\"#p0n0\">",
            "<tr id=\"p0n0\">",
            "&lt;script&gt;alert(1)&lt;/script&gt;' &amp; &quot;x&quot;",
            "<b>a &lt;b&gt; title</b>",
            "CREATE INDEX CONCURRENTLY",
            "<b class=\"good\">proved</b>",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("<script") && !text.contains('\x1b') && !text.contains("http://"), "{text}");
    }

    #[test]
    fn every_tag_that_is_opened_is_closed_but_those_that_need_not_be() {
        let plan = samples::plan(None);
        let text = render(&[Report::new(&plan, &[]), Report::new(&plan, &[])]);
        for tag in ["table", "ol", "pre", "b", "i", "small", "span", "main", "html", "p", "h1", "h2", "a", "dl", "li"] {
            let opened = text.matches(&format!("<{tag}>")).count() + text.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, text.matches(&format!("</{tag}>")).count(), "{tag}");
        }
        assert!(text.contains("Plan 2 of 2"));
    }
}
