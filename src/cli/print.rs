//! Reports to where the options want them.

use std::process::ExitCode;

use super::{
    failure::Failure,
    options::{Common, FailOn, Format},
    output::Output,
};
use crate::{
    diagnose::Severity,
    export::{self, Report, WorkloadReport},
};

/// Prints the reports and gives the exit status: 1 when a finding at or above the bar stands.
///
/// # Errors
/// [`Failure`] when they cannot be written.
pub(super) fn reports(reports: &[Report<'_>], common: &Common, verbose: bool) -> Result<ExitCode, Failure> {
    let out = Output::new(common);
    let text = match common.format.unwrap_or(Format::Text) {
        Format::Json => export::json::document(reports).map_err(|e| unwritten(&e))?,
        Format::Html => export::html::render(reports),
        Format::Markdown => export::markdown::render(reports),
        Format::Text => export::text::render(reports, &layout(&out, common, verbose)),
    };
    out.text(&text)?;
    Ok(status(reports.iter().flat_map(|r| r.findings).map(|f| f.severity), common))
}

/// How text is laid out for where it goes.
pub(super) fn layout(out: &Output, common: &Common, verbose: bool) -> export::text::Options {
    let config = common.config();
    export::text::Options { width: out.width(), colour: out.colored(config.color), ascii: out.ascii(&config), verbose }
}

/// The exit status: 1 when a finding at or above the bar stands.
pub(super) fn status(mut found: impl Iterator<Item = Severity>, common: &Common) -> ExitCode {
    let stands = common.fail_on.is_some_and(|bar: FailOn| found.any(|severity| severity >= bar.severity()));
    ExitCode::from(u8::from(stands))
}

/// Prints what a search over a workload found.
///
/// # Errors
/// [`Failure`] when it cannot be written.
pub(super) fn workload(report: &WorkloadReport<'_>, common: &Common, verbose: bool) -> Result<ExitCode, Failure> {
    let out = Output::new(common);
    let text = match common.format.unwrap_or(Format::Text) {
        Format::Json => export::json::workload(report).map_err(|e| unwritten(&e))?,
        Format::Html => export::html::workload(report),
        Format::Markdown => export::markdown::workload(report),
        Format::Text => export::text::workload(report, &layout(&out, common, verbose)),
    };
    out.text(&text)
}

fn unwritten(error: &serde_json::Error) -> Failure {
    Failure::plain("writing the answer as JSON", &error.to_string())
}
