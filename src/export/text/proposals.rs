//! Proposals as text: verdict, price before and after, the statements, and the two plans with what changed marked.

use super::{
    Options, Report,
    line::{Line, Style},
    paragraph, section,
    tree::{self, Marks},
};
use crate::{
    advise::{Proposal, Tried, Verdict},
    export::{self, Searched},
    fmt,
    plan::{
        Plan,
        diff::{Diff, diff},
    },
    whatif::Verification,
};

/// From this width on, before and after stand side by side.
const SIDE_BY_SIDE: usize = 140;
/// Between the two.
const GAP: usize = 3;

pub(super) fn lines(report: &Report<'_>, options: &Options, out: &mut Vec<Line>) {
    let Some(searched) = report.searched else {
        return;
    };
    if report.proposals.is_empty() {
        section(out, "No proposals");
        let text = format!("{} candidates were tried; none remains.", searched.candidates);
        paragraph(out, Style::Plain, "", &text, 4, options.width);
        not_proposed(report.unproposed, options, out);
        return;
    }
    section(out, "Proposals");
    let once = Once::of(report.proposals);
    once.lines(options, out);
    let mut shown = false;
    for (i, proposal) in report.proposals.iter().enumerate() {
        let verified = report.verified.iter().find(|v| v.proposal == i);
        head(i + 1, proposal, verified, &once, options, out);
        if let Some(tried) = &proposal.tried
            && (options.verbose || (proposal.verdict == Verdict::Proved && !shown))
        {
            shown = true;
            plans(tried, options, out);
        }
    }
    not_proposed(report.unproposed, options, out);
    out.push(self::searched(searched));
}

/// What no index is proposed for.
pub(super) fn not_proposed(lines: &[String], options: &Options, out: &mut Vec<Line>) {
    if lines.is_empty() {
        return;
    }
    section(out, "Not proposed");
    for line in lines {
        paragraph(out, Style::Dim, "  · ", line, 0, options.width);
    }
}

/// How much was searched.
pub(super) fn searched(searched: Searched) -> Line {
    let seconds = fmt::duration_ms(searched.seconds * 1e3);
    let s = |n: usize| if n == 1 { "" } else { "s" };
    let (candidates, explains) = (searched.candidates, searched.explains);
    let text = format!(
        "{candidates} candidate{}, {explains} plan{} asked of the server, {seconds}",
        s(candidates),
        s(explains)
    );
    Line::of(Style::Dim, text)
}

/// What is told once for all proposals.
pub(super) struct Once<'a> {
    /// Notes that all of them have that were tried.
    notes: Vec<&'a str>,
    /// Why each could not be tried.
    untested: Vec<Option<&'a str>>,
}

impl<'a> Once<'a> {
    pub(super) fn of(proposals: &'a [Proposal]) -> Self {
        let mut tried = proposals.iter().filter_map(|p| p.tried.as_ref());
        let first = tried.next();
        let others: Vec<&Tried> = tried.collect();
        let of_all = |note: &&String| !others.is_empty() && others.iter().all(|t| t.notes.contains(note));
        Self {
            notes: first.into_iter().flat_map(|t| &t.notes).filter(of_all).map(String::as_str).collect(),
            untested: proposals
                .iter()
                .map(|p| (p.verdict == Verdict::Untested && !p.reason.is_empty()).then_some(p.reason.as_str()))
                .collect(),
        }
    }

    pub(super) fn lines(&self, options: &Options, out: &mut Vec<Line>) {
        for note in &self.notes {
            paragraph(out, Style::Dim, "all   ", note, 4, options.width);
        }
    }

    /// The number of the first proposal that could not be tried for the same reason as this one, `number` from 1.
    fn told(&self, proposal: &Proposal, number: usize) -> Option<usize> {
        let before = self.untested.iter().take(number.saturating_sub(1));
        let at = before.into_iter().position(|reason| *reason == Some(proposal.reason.as_str()))?;
        (proposal.verdict == Verdict::Untested).then_some(at + 1)
    }
}

/// A proposal without its plans.
pub(super) fn head(
    number: usize,
    proposal: &Proposal,
    verified: Option<&Verification>,
    once: &Once<'_>,
    options: &Options,
    out: &mut Vec<Line>,
) {
    let candidate = &proposal.candidate;
    let (style, word) = match proposal.verdict {
        Verdict::Proved => (Style::Good, "PROVED"),
        Verdict::Rejected => (Style::Bad, "rejected"),
        Verdict::Untested => (Style::Warning, "UNTESTED"),
    };
    let keys: Vec<String> =
        candidate.keys.iter().map(|k| if k.desc { format!("{} DESC", k.expr) } else { k.expr.clone() }).collect();
    let mut line = Line::of(Style::Dim, format!("{number:>2}. ")).with(style, word);
    line.push(
        Style::Bold,
        format!("  {} index on {} ({})", candidate.method, export::table(candidate), keys.join(", ")),
    );
    if !candidate.include.is_empty() {
        line.push(Style::Bold, format!(" include ({})", candidate.include.join(", ")));
    }
    if let Some(predicate) = &candidate.predicate {
        line.push(Style::Bold, format!(" where {predicate}"));
    }
    line.fit(options.width);
    out.push(line);
    if let Some(tried) = &proposal.tried {
        let all = if proposal.cost_alone.is_some() { " with the whole set" } else { "" };
        paragraph(out, Style::Dim, "cost  ", &price(tried, all), 4, options.width);
    }
    if let Some(verified) = verified {
        verification(proposal, verified, options, out);
    }
    match once.told(proposal, number) {
        Some(first) => paragraph(out, Style::Dim, "why   ", &format!("as for {first}"), 4, options.width),
        None if proposal.reason.is_empty() => {}
        None => paragraph(out, Style::Dim, "why   ", &proposal.reason, 4, options.width),
    }
    if let Some(better) = &proposal.instead_of {
        paragraph(
            out,
            Style::Dim,
            "or    ",
            &format!("instead of {better}, which is better: make either, not both"),
            4,
            options.width,
        );
    }
    if proposal.verdict == Verdict::Rejected && !options.verbose {
        return;
    }
    for reason in &candidate.reasons {
        paragraph(out, Style::Dim, "for   ", reason, 4, options.width);
    }
    for note in proposal.tried.iter().flat_map(|t| &t.notes).filter(|note| !once.notes.contains(&note.as_str())) {
        paragraph(out, Style::Dim, "note  ", note, 4, options.width);
    }
    for lost in &proposal.lost {
        paragraph(out, Style::Dim, "lost  ", lost, 4, options.width);
    }
    if !candidate.replaces.is_empty() {
        paragraph(out, Style::Dim, "makes redundant  ", &candidate.replaces.join(", "), 4, options.width);
    }
    // Statements are never cut: they are there to be copied.
    for ddl in &proposal.ddl {
        out.push(Line::of(Style::Dim, "    do    ").with(Style::Sql, statement(ddl)));
    }
    for undo in &proposal.undo {
        out.push(Line::of(Style::Dim, "    undo  ").with(Style::Sql, statement(undo)));
    }
}

/// What the index did on a copy: the time first, which no estimate tells.
fn verification(proposal: &Proposal, verified: &Verification, options: &Options, out: &mut Vec<Line>) {
    let verified = match &verified.outcome {
        Ok(verified) => verified,
        Err(why) => return paragraph(out, Style::Warning, "time  ", &format!("not measured: {why}"), 4, options.width),
    };
    let (before, after) = (verified.before, verified.after);
    let (was, is) = (before.median_ms, after.median_ms);
    let (ms, size) = (fmt::duration_ms, verified.size_bytes.map(|b| format!("{} ", fmt::bytes(b))).unwrap_or_default());
    let change = export::change_of_time(was, is);
    let blocks = match (before.blocks, after.blocks) {
        (Some(was), Some(is)) => format!("; blocks {} → {}", grouped(was), grouped(is)),
        _ => String::new(),
    };
    let text = format!(
        "{} → {}, {change} (medians of {} runs; the first took {} → {}){blocks}; the index, {size}built in {}",
        ms(was),
        ms(is),
        after.runs - 1,
        ms(before.first_ms),
        ms(after.first_ms),
        ms(verified.build_ms),
    );
    paragraph(out, Style::Good, "time  ", &text, 4, options.width);
    if !verified.used {
        paragraph(out, Style::Warning, "note  ", "on the copy the server did not read the index", 4, options.width);
    } else if is > was * export::SLOWER && proposal.verdict == Verdict::Proved {
        let text = "an estimate is not a time: the plan that is called cheaper took longer on the copy";
        paragraph(out, Style::Warning, "note  ", text, 4, options.width);
    }
}

fn grouped(blocks: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with a few digits")]
    fmt::count(blocks as f64)
}

pub(super) fn statement(sql: &str) -> String {
    format!("{};", sql.trim_end().trim_end_matches(';'))
}

/// `35,811 → 12.4 (×2,888), 22 MB, by hypopg (close)`.
fn price(tried: &Tried, with: &str) -> String {
    let mut out = match (tried.before.total_cost(), tried.after.total_cost()) {
        (Some(before), Some(after)) => {
            let times = if after > 0.0 && before > after {
                format!(" ({})", fmt::times(before / after))
            } else {
                String::new()
            };
            format!("{} → {}{times}{with}", fmt::cost(before), fmt::cost(after))
        }
        _ => "not told".to_owned(),
    };
    if let Some(size) = tried.size_bytes {
        out = format!("{out}, index of {}", fmt::bytes(size));
    }
    format!("{out}, by {} ({})", tried.method, super::supposed::trust(tried.trust))
}

/// The plan without and with the index; changed nodes carry a mark.
fn plans(tried: &Tried, options: &Options, out: &mut Vec<Line>) {
    beside((&tried.before, &tried.after), &diff(&tried.before, &tried.after), options, out);
}

/// Two plans, side by side where there is room, else one below the other; changed nodes carry a mark.
pub(super) fn beside((first, second): (&Plan, &Plan), changes: &Diff, options: &Options, out: &mut Vec<Line>) {
    let beside = options.width >= SIDE_BY_SIDE;
    let width = if beside { (options.width - GAP) / 2 } else { options.width };
    let mut before = vec![Line::of(Style::Bold, "Before")];
    before.extend(tree::lines(first, options, width, Some(Marks { changes: &changes.before, alone: "- " })));
    let mut after = vec![Line::of(Style::Bold, "After")];
    after.extend(tree::lines(second, options, width, Some(Marks { changes: &changes.after, alone: "+ " })));
    if !beside {
        out.extend(before);
        out.extend(after);
        return;
    }
    for i in 0..before.len().max(after.len()) {
        let mut line = before.get(i).cloned().unwrap_or_default();
        line.fit(width);
        line.pad(width + GAP);
        line.extend(after.get(i).cloned().unwrap_or_default());
        out.push(line);
    }
}
