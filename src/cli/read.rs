//! `whyslow read`: a plan somebody already has.

use std::{path::Path, process::ExitCode, sync::Arc};

use super::{failure::Failure, input, options, output::Output, print, screen};
use crate::{diagnose, export::Report, read};

/// Runs the command: the screen when standard output is a terminal, text otherwise or with `--format`.
///
/// # Errors
/// [`Failure`], exit status 2. Plans read before the mistake are still printed.
pub(super) async fn run(options: &options::Read) -> Result<ExitCode, Failure> {
    let (name, document) = match options.file.as_deref() {
        Some(path) if path != Path::new("-") => (path.display().to_string(), input::file(path)?),
        None if !input::is_piped() => {
            return Err(Failure::plain("reading a plan", "there is none; name a file, or pipe one in"));
        }
        _ => ("standard input".to_owned(), input::stdin()?),
    };
    let document = Arc::from(document);
    let (plans, error) = read::read_shared(&document);
    let failure = error.map(|e| Failure::unreadable(&e, &name, &document));
    if let Some(failure) = failure.as_ref().filter(|_| plans.is_empty()) {
        return Err(failure.clone());
    }
    let out = Output::new(&options.common);
    if out.is_terminal() && options.common.format.is_none() && failure.is_none() {
        return screen::plans(plans, &options.common).await;
    }
    let findings: Vec<_> = plans.iter().map(|plan| diagnose::diagnose(plan, None)).collect();
    let reports: Vec<_> = plans.iter().zip(&findings).map(|(plan, findings)| Report::new(plan, findings)).collect();
    let code = print::reports(&reports, &options.common, options.verbose)?;
    failure.map_or(Ok(code), Err)
}
