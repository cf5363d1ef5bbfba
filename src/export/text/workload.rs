//! What a search over a workload found, as text for people.

use super::{
    Options, header_of,
    line::{Line, Style},
    paragraph, proposals, section, supposed, written,
};
use crate::{advise::Verdict, export::WorkloadReport, fmt};

/// Columns that a statement's text has at least.
const LEAST_TEXT: usize = 20;

/// The answer: what is won in all, each statement, the proposals.
#[must_use]
pub fn workload(report: &WorkloadReport<'_>, options: &Options) -> String {
    let options = options.wide_enough();
    let mut lines = vec![header_of(report.engine, report.version)];
    let advice = report.advice;
    let sum = |cost: fn(&crate::advise::Outcome) -> Option<f64>| -> f64 {
        advice.statements.iter().filter_map(|s| cost(s).map(|c| c * s.weight)).sum()
    };
    let (before, after) = (sum(|s| s.before), sum(|s| s.after.or(s.before)));
    let saved =
        if before > 0.0 { format!(" (−{})", fmt::percent((1.0 - after / before).max(0.0))) } else { String::new() };
    let count = advice.statements.len();
    let text = format!("{count} statements, weighted cost {} → {}{saved}", fmt::cost(before), fmt::cost(after));
    paragraph(&mut lines, Style::Bold, "", &text, 0, options.width);
    if advice.early {
        paragraph(
            &mut lines,
            Style::Warning,
            "note: ",
            "ended before the search was done: the best so far",
            0,
            options.width,
        );
    }
    section(&mut lines, "Statements");
    for (at, statement) in advice.statements.iter().enumerate() {
        let mut line = Line::of(Style::Dim, format!("{:>3}. ", at + 1));
        match (statement.before, statement.after) {
            (Some(before), Some(after)) => {
                line.push(Style::Plain, format!("{:>12} → {:>12} ", fmt::cost(before), fmt::cost(after)));
                let better = after > 0.0 && before > after * 1.05;
                let times = if better { fmt::times(before / after) } else { String::new() };
                line.push(if better { Style::Good } else { Style::Dim }, format!("{times:>8} "));
            }
            (Some(before), None) => line.push(Style::Plain, format!("{:>12}{:25}", fmt::cost(before), "")),
            (None, _) => line.push(Style::Bad, format!("{:>36} ", "not planned")),
        }
        if (statement.weight - 1.0).abs() > f64::EPSILON {
            line.push(Style::Dim, format!("weight {} ", fmt::count(statement.weight)));
        }
        line.push(Style::Sql, crate::text::squeezed(&without_comments(&statement.sql)));
        line.fit(options.width.max(LEAST_TEXT));
        lines.push(line);
        if let Some(problem) = &statement.problem {
            paragraph(&mut lines, Style::Bad, "", problem, 5, options.width);
        }
    }
    supposed::lines(report.supposed, &options, &mut lines);
    if advice.proposals.is_empty() {
        section(&mut lines, "No proposals");
        let candidates = report.searched.candidates;
        let text = if advice.early {
            format!("The search ended before any of {candidates} candidates was proved.")
        } else {
            format!("{candidates} candidates were tried; none makes the workload notably cheaper.")
        };
        paragraph(&mut lines, Style::Plain, "", &text, 4, options.width);
    } else {
        section(&mut lines, "Proposals");
        let bytes: u64 = advice
            .proposals
            .iter()
            .filter(|p| p.verdict == Verdict::Proved && p.instead_of.is_none())
            .filter_map(|p| p.tried.as_ref().and_then(|t| t.size_bytes))
            .sum();
        if bytes > 0 {
            paragraph(
                &mut lines,
                Style::Dim,
                "",
                &format!("The proved ones belong together: {} in all.", fmt::bytes(bytes)),
                0,
                options.width,
            );
        }
        let once = proposals::Once::of(&advice.proposals);
        once.lines(&options, &mut lines);
        for (i, proposal) in advice.proposals.iter().enumerate() {
            proposals::head(i + 1, proposal, None, &once, &options, &mut lines);
        }
    }
    proposals::not_proposed(&advice.unproposed, &options, &mut lines);
    if !advice.redundant.is_empty() {
        section(&mut lines, "Superfluous indexes");
        for redundant in &advice.redundant {
            let text =
                format!("{} on {}.{}: {}", redundant.index, redundant.schema, redundant.table, redundant.because);
            paragraph(&mut lines, Style::Plain, "", &text, 4, options.width);
            for (word, list) in [("do    ", &redundant.ddl), ("undo  ", &redundant.undo)] {
                for sql in list {
                    let sql = proposals::statement(sql);
                    lines.push(Line::of(Style::Dim, format!("    {word}")).with(Style::Sql, sql));
                }
            }
        }
    }
    lines.push(proposals::searched(report.searched));
    written(&lines, &options)
}

/// The statement behind the comments that stand before it.
fn without_comments(sql: &str) -> String {
    let mut rest = sql.trim_start();
    while let Some(after) = rest
        .strip_prefix("--")
        .map(|line| line.split_once('\n').map_or("", |(_, after)| after))
        .or_else(|| rest.strip_prefix("/*").map(|block| block.split_once("*/").map_or("", |(_, after)| after)))
    {
        rest = after.trim_start();
    }
    rest.to_owned()
}
