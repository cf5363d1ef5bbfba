//! `whyslow history`: what was run before.

use std::{fmt::Write as _, process::ExitCode};

use super::{
    failure::Failure,
    options::{self, Format},
    output::Output,
};
use crate::{
    fmt,
    history::{History, Run},
    text::{one_line, squeezed},
};

/// Runs the command.
///
/// # Errors
/// [`Failure`] without a home directory, or when the answer cannot be written.
pub(super) fn run(options: &options::History) -> Result<ExitCode, Failure> {
    let history = History::open().ok_or_else(|| Failure::plain("reading the history", "there is no home directory"))?;
    let mut runs = history.runs();
    if let Some(place) = &options.place {
        runs.retain(|run| run.place.contains(place.as_str()));
    }
    let first = runs.len().saturating_sub(options.last);
    let runs = &runs[first..];
    let out = Output::new(&options.common);
    let text = match options.common.format {
        Some(Format::Json) => {
            let mut text = serde_json::to_string_pretty(runs)
                .map_err(|e| Failure::plain("writing the history as JSON", &e.to_string()))?;
            text.push('\n');
            text
        }
        _ => listing(runs),
    };
    out.text(&text)
}

/// Two lines a run: when, where, how long and how dear; then the statement and what was found.
fn listing(runs: &[Run]) -> String {
    if runs.is_empty() {
        return "nothing was run yet\n".to_owned();
    }
    let mut out = String::new();
    for run in runs {
        let kind = if run.analyzed { "run" } else { "explained" };
        let cost = run.cost.map_or_else(String::new, |cost| format!("  cost {}", fmt::cost(cost)));
        let took = fmt::duration_ms(run.elapsed_ms);
        let _ = writeln!(out, "{}  {}  {kind} in {took}{cost}", fmt::utc(run.at), one_line(&run.place));
        let _ = writeln!(out, "    {}", squeezed(&run.sql));
        for finding in &run.findings {
            let _ = writeln!(out, "    - {}", one_line(finding));
        }
    }
    out
}
