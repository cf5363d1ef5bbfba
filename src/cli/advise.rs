//! `whyslow advise`: one statement in, tested indexes out.

use std::process::ExitCode;

use super::{
    connect::{self, Place},
    explain::{cancellable, propose, statement},
    failure::Failure,
    options, print, snapshot,
};
use crate::{demo::Provider, inspect, server::ExplainRequest};

/// Runs the command.
///
/// # Errors
/// [`Failure`], exit status 2.
pub(super) async fn run(options: options::Advise, engine: Option<&'static Provider>) -> Result<ExitCode, Failure> {
    let sql = statement(options.query.clone(), options.file.as_deref())?;
    let (mut session, demo) = if let Some(file) = &options.snapshot {
        (snapshot::session(file, &options.connecting).await?, None)
    } else {
        let Place { mut target, demo } = connect::place(options.target.as_deref(), engine).await?;
        (connect::session(&mut target, &options.connecting).await?, demo)
    };
    let canceller = session.canceller();
    let work = async {
        let request = ExplainRequest { sql: sql.clone(), ..ExplainRequest::default() };
        let inspection = inspect::inspect(&mut session, &request, 1).await.map_err(|e| Failure::inspect(&e, &sql))?;
        let allow = options.connecting.allow();
        let advice = propose(&mut session, &sql, &inspection, allow).await?;
        Ok((inspection, advice))
    };
    let (inspection, advice) = cancellable(&canceller, work).await?;
    drop(session);
    drop(demo);
    print::reports(&[advice.report(&inspection)], &options.common, options.verbose)
}
