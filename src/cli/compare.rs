//! `whyslow compare`: two plans beside each other.

use std::{path::Path, process::ExitCode};

use super::{
    failure::Failure,
    input,
    options::{self, Format},
    output::Output,
    print,
};
use crate::{
    diagnose::{self, Finding},
    export::{self, Comparison, Report},
    history::History,
    plan::{Plan, diff::diff},
    read,
};

/// Runs the command. The exit status is that of the later plan's findings.
///
/// # Errors
/// [`Failure`], exit status 2.
pub(super) fn run(options: &options::Compare) -> Result<ExitCode, Failure> {
    if options.before == "-" && options.after == "-" {
        return Err(Failure::plain("comparing two plans", "standard input can be only one of them; name a file"));
    }
    let (before, after) = (plan(&options.before)?, plan(&options.after)?);
    let (was, is) = (diagnose::diagnose(&before, None), diagnose::diagnose(&after, None));
    let diff = diff(&before, &after);
    let comparison = Comparison {
        names: (&options.before, &options.after),
        before: Report::new(&before, &was),
        after: Report::new(&after, &is),
        diff: &diff,
    };
    let out = Output::new(&options.common);
    let text = match options.common.format.unwrap_or(Format::Text) {
        Format::Json => export::json::comparison(&comparison)
            .map_err(|e| Failure::plain("writing the answer as JSON", &e.to_string()))?,
        Format::Html => export::html::comparison(&comparison),
        Format::Markdown => export::markdown::comparison(&comparison),
        Format::Text => {
            let layout = print::layout(&out, &options.common, options.verbose);
            export::text::compare(&comparison, &layout)
        }
    };
    out.text(&text)?;
    Ok(print::status(is.iter().map(|finding: &Finding| finding.severity), &options.common))
}

/// The plan that a word names: a file, standard input (`-`), the last plan kept of a connection; `#2` after it takes the
/// second plan of a document that holds several.
fn plan(word: &str) -> Result<Plan, Failure> {
    let (name, number) = match word.rsplit_once('#').and_then(|(name, n)| Some((name, n.parse::<usize>().ok()?))) {
        Some((name, number)) if !Path::new(word).exists() => (name, Some(number)),
        _ => (word, None),
    };
    let kept = || History::open().and_then(|history| history.plan(name));
    let document = match Path::new(name) {
        path if name == "-" || path.exists() => input::file(path)?,
        path => match kept() {
            Some(document) => document,
            None => input::file(path).map_err(|failure| failure.with(NAMES))?,
        },
    };
    let (mut plans, error) = read::read_partial(&document);
    if let Some(error) = error {
        return Err(Failure::unreadable(&error, name, &document));
    }
    let count = plans.len();
    match number {
        None if count == 1 => Ok(plans.remove(0)),
        Some(number) if (1..=count).contains(&number) => Ok(plans.remove(number - 1)),
        None => Err(Failure::plain(
            &format!("comparing {name}"),
            &format!("it holds {count} plans; say which one, for instance {name}#1"),
        )),
        Some(number) => {
            Err(Failure::plain(&format!("comparing {name}"), &format!("it has no plan {number}, only {count}")))
        }
    }
}

const NAMES: &str =
    "name a file, - for standard input, or a connection of which a plan is kept (user@host:port/database)";
