//! Reports to where the options want them.

use std::process::ExitCode;

use super::{
    failure::Failure,
    options::{Common, FailOn, Format},
    output::Output,
};
use crate::{
    diagnose::Finding,
    export::{self, Report},
};

/// Prints the reports and gives the exit status: 1 when a finding at or above the bar stands.
///
/// # Errors
/// [`Failure`] when they cannot be written.
pub(super) fn reports(reports: &[Report<'_>], common: &Common, verbose: bool) -> Result<ExitCode, Failure> {
    let out = Output::new(common);
    let text = match common.format.unwrap_or(Format::Text) {
        Format::Json => {
            export::json::document(reports).map_err(|e| Failure::plain("writing the answer as JSON", &e.to_string()))?
        }
        Format::Html => export::html::render(reports),
        Format::Markdown => export::markdown::render(reports),
        Format::Text => {
            let config = common.config();
            let options = export::text::Options {
                width: out.width(),
                colour: out.colored(config.color),
                ascii: out.ascii(&config),
                verbose,
            };
            export::text::render(reports, &options)
        }
    };
    out.text(&text)?;
    let stands = |bar: FailOn| reports.iter().flat_map(|r| r.findings).any(|f: &Finding| f.severity >= bar.severity());
    Ok(ExitCode::from(u8::from(common.fail_on.is_some_and(stands))))
}
