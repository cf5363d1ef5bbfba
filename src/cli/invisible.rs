//! `--invisible`: the best proposal really built on the server itself, where nobody else uses it.

use std::io::IsTerminal;

use super::{
    explain,
    failure::Failure,
    options::Statement,
    telling::{clear, doing},
};
use crate::{
    advise::{self, Proposal, Verdict},
    catalog::Catalog,
    server::Session,
    whatif,
};

/// The word a person types before anything is built.
const CONFIRMATION: &str = "build";

const ATTEMPTED: &str = "trying a real index that is invisible";

/// Whether it can be done here, and somebody can be asked to confirm or has: told before anything is searched.
///
/// # Errors
/// [`Failure`].
pub(super) fn checked(session: &Session, options: &Statement) -> Result<(), Failure> {
    if !options.invisible {
        return Ok(());
    }
    whatif::possible(session.info()).map_err(|e| Failure::server(&e, None))?;
    let nobody = !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal());
    if nobody && !confirmed(options) {
        let what =
            "the best proposal is really built on the server itself, invisible to everybody else, and taken away again";
        return Err(Failure::plain(ATTEMPTED, what).with(&format!("--confirm {CONFIRMATION} does so")));
    }
    Ok(())
}

/// Asks, builds, and puts what came of it in the place of the proposal's trial.
///
/// # Errors
/// [`Failure`] when nobody confirmed, or the server refused.
pub(super) async fn run(
    session: &mut Session,
    sql: &str,
    proposals: &mut [Proposal],
    catalog: Option<&Catalog>,
    options: &Statement,
) -> Result<(), Failure> {
    if !options.invisible {
        return Ok(());
    }
    let catalog = explain::found(catalog)?;
    let of = |verdict| proposals.iter().position(|p| p.verdict == verdict);
    let Some(at) = of(Verdict::Proved).or_else(|| of(Verdict::Untested)) else { return Ok(()) };
    let (candidate, name) = (proposals[at].candidate.clone(), proposals[at].name.clone());
    if !confirmed(options) {
        let after = if options.keep { "It stays, invisible." } else { "It is dropped again." };
        let what = format!("{} {after}", whatif::foretold(&candidate, &name, catalog));
        if !explain::typed(&format!("{what}\nType {CONFIRMATION} to do so: "), CONFIRMATION)? {
            return Err(Failure::plain(ATTEMPTED, "it was not confirmed, and nothing was built"));
        }
    }
    doing(&format!("building an index on {}", candidate.table));
    let canceller = session.canceller();
    let work = async {
        let tried = whatif::invisible(session, sql, (&candidate, &name), options.keep).await;
        tried.map_err(|e| Failure::server(&e, Some(sql)))
    };
    let tried = explain::cancellable(&canceller, work).await;
    clear();
    if tried.is_err() {
        whatif::verify::tidy(session).await.map_err(|e| Failure::server(&e, None))?;
    }
    let judged = advise::judge(candidate, Ok(tried?), catalog, None);
    let proposal = &mut proposals[at];
    (proposal.verdict, proposal.reason, proposal.tried) = (judged.verdict, judged.reason, judged.tried);
    Ok(())
}

fn confirmed(options: &Statement) -> bool {
    options.confirm.iter().any(|word| word == CONFIRMATION)
}
