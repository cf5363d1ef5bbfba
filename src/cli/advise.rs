//! `whyslow advise`: one statement in, tested indexes out.

use std::process::ExitCode;

use super::{
    connect::{self, Place},
    explain::{cancellable, propose, statement},
    failure::Failure,
    options, print,
};
use crate::{demo::Engine, inspect, server::ExplainRequest, whatif::Allow};

/// Runs the command.
///
/// # Errors
/// [`Failure`], exit status 2.
pub(super) async fn run(options: options::Advise, engine: Option<Engine>) -> Result<ExitCode, Failure> {
    let sql = statement(options.query.clone(), options.file.as_deref())?;
    let Place { mut target, demo } = connect::place(options.target.as_deref(), engine).await?;
    let mut session = connect::session(&mut target, &options.connecting).await?;
    let canceller = session.canceller();
    let started = std::time::Instant::now();
    let work = async {
        let request = ExplainRequest { sql: sql.clone(), ..ExplainRequest::default() };
        let inspection =
            inspect::inspect(&mut session, &request, 1).await.map_err(|e| Failure::inspect(&e, &sql))?;
        let Some(catalog) = &inspection.catalog else {
            return Err(Failure::plain(
                "looking for indexes",
                "the catalog of the tables could not be read, so nothing can be proposed; grant SELECT on them",
            ));
        };
        let allow = Allow { temporary_tables: options.connecting.allow_temporary_tables };
        let proposals = propose(&mut session, &sql, &inspection, catalog, allow).await?;
        Ok((inspection, proposals))
    };
    let (inspection, proposals) = cancellable(&canceller, work).await?;
    drop(session);
    drop(demo);
    print::advice(&inspection, &proposals, started.elapsed(), &options.common)
}
