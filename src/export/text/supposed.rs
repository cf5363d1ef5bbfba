//! What statements do under suppositions, as text.

use super::{
    Options,
    line::{Line, Style},
    paragraph, proposals, section,
};
use crate::{
    advise::{Compared, Effect, Trust},
    plan::diff::diff,
    whatif::Supposed,
};

/// A section for all of them. The plans beside each other come with a single statement, or when everything is wanted.
pub(super) fn lines(all: &[Supposed], options: &Options, out: &mut Vec<Line>) {
    if all.is_empty() {
        return;
    }
    section(out, "What if");
    for supposed in all {
        let mut title = Line::of(Style::Bold, supposed.supposition.title());
        title.fit(options.width);
        out.push(title);
        let single = supposed.outcomes.len() == 1;
        for (at, outcome) in supposed.outcomes.iter().enumerate() {
            let label = if single { String::new() } else { format!("{:>3}. ", at + 1) };
            match outcome {
                Err(error) => {
                    paragraph(out, Style::Warning, &format!("{label}untested  "), &error.to_string(), 4, options.width);
                }
                Ok(both) => one(both, supposed.effect(at), &label, single, options, out),
            }
        }
        farewells(supposed, options, out);
        for both in supposed.outcomes.iter().flatten() {
            let same = diff(&both.before, &both.after);
            if options.verbose || (single && !same.kinds(&both.before, &both.after).is_empty()) {
                proposals::beside((&both.before, &both.after), &same, options, out);
            }
        }
    }
}

/// What is to be known of each index that would go, and the statements for it.
fn farewells(supposed: &Supposed, options: &Options, out: &mut Vec<Line>) {
    for farewell in &supposed.farewells {
        for note in &farewell.notes {
            paragraph(out, Style::Dim, "note  ", note, 4, options.width);
        }
        for (word, list) in [("do    ", &farewell.ddl), ("undo  ", &farewell.undo)] {
            for sql in list {
                out.push(Line::of(Style::Dim, format!("    {word}")).with(Style::Sql, proposals::statement(sql)));
            }
        }
    }
}

fn one(
    both: &Compared,
    effect: Option<(Effect, String)>,
    label: &str,
    single: bool,
    options: &Options,
    out: &mut Vec<Line>,
) {
    let Some((effect, line)) = effect else { return };
    let (style, word) = match effect {
        Effect::Same => (Style::Dim, "same"),
        Effect::Other => (Style::Warning, "OTHER"),
        Effect::Better => (Style::Good, "BETTER"),
        Effect::Worse => (Style::Bad, "WORSE"),
    };
    let text = format!("{line}, by {} ({})", both.method, trust(both.trust));
    paragraph(out, style, &format!("{label}{word:<8}"), &text, 4, options.width);
    if single || options.verbose {
        for note in &both.notes {
            paragraph(out, Style::Dim, "note  ", note, 4, options.width);
        }
    }
}

pub(super) const fn trust(trust: Trust) -> &'static str {
    match trust {
        Trust::Exact => "exact",
        Trust::Close => "close",
        Trust::Rough => "rough",
    }
}
