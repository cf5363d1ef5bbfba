//! `--verify`: the best proposals really built on a copy.

use std::io::IsTerminal;

use super::{
    connect::{self, Place},
    explain,
    failure::Failure,
    options::Statement,
    telling::{clear, doing},
};
use crate::{
    advise::{Candidate, Proposal, Verdict},
    demo::Demo,
    server::{ErrorKind, Session},
    whatif::{self, Verification, verify::RUNS},
};

/// So many proposals are built: each may take minutes.
const PROPOSALS: usize = 3;

/// The word a person types before anything is built.
const CONFIRMATION: &str = "build";

const ATTEMPTED: &str = "verifying on a copy";

/// A copy that was connected to.
pub(super) struct Copy {
    session: Session,
    /// Where it is, for people.
    shown: String,
    demo: Option<Demo>,
}

/// Connects to the copy, where one was named.
///
/// # Errors
/// [`Failure`] when it cannot be reached.
pub(super) async fn open(options: &Statement) -> Result<Option<Copy>, Failure> {
    let Some(copy) = options.verify.as_deref() else { return Ok(None) };
    let Place { mut target, demo } = connect::place(Some(copy), None).await?;
    let shown = target.to_string();
    let session = connect::session(&mut target, &options.connecting).await?;
    Ok(Some(Copy { session, shown, demo }))
}

impl Copy {
    /// The same, when it is a copy and not the server itself (`own`), and somebody can be asked to confirm or has.
    ///
    /// # Errors
    /// [`Failure`].
    pub(super) async fn checked(mut self, own: Option<&mut Session>, options: &Statement) -> Result<Self, Failure> {
        if let Some(own) = own {
            whatif::verify::is_elsewhere(own, &mut self.session).await.map_err(|e| Failure::server(&e, None))?;
        }
        let nobody = !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal());
        if nobody && !confirmed(options) {
            let what = format!(
                "the best proposals are really built on the copy, the statement runs {RUNS} times without and {RUNS} times with each, and \
                 each is taken away again"
            );
            return Err(Failure::plain(ATTEMPTED, &what).with(&format!("--confirm {CONFIRMATION} does so")));
        }
        Ok(self)
    }
}

/// Asks, builds and measures on a copy that was checked.
///
/// # Errors
/// [`Failure`] when nobody confirmed, or the statement cannot be run.
pub(super) async fn run(
    copy: Copy,
    sql: &str,
    proposals: &[Proposal],
    options: &Statement,
) -> Result<Vec<Verification>, Failure> {
    let Copy { mut session, shown, demo } = copy;
    let chosen = chosen(proposals);
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    if !confirmed(options) {
        let many = if chosen.len() == 1 { "1 index is".to_owned() } else { format!("{} indexes are", chosen.len()) };
        let what = format!(
            "On {shown}: {many} really built, one after the other, the statement runs {RUNS} times without and {RUNS} times with each, \
             and each is taken away again. Writers of these tables wait meanwhile."
        );
        if !explain::typed(&format!("{what}\nType {CONFIRMATION} to do so: "), CONFIRMATION)? {
            return Err(Failure::plain(ATTEMPTED, "it was not confirmed, and nothing was built"));
        }
    }
    let candidates: Vec<&Candidate> = chosen.iter().map(|(_, proposal)| &proposal.candidate).collect();
    let canceller = session.canceller();
    let work = async {
        whatif::verify::verify(&mut session, sql, &candidates, doing).await.map_err(|mut error| {
            if error.kind == ErrorKind::NeedsConfirmation {
                error.next = Some("verify a statement that only reads and calls nothing that may do more".to_owned());
            }
            Failure::server(&error, Some(sql))
        })
    };
    let outcomes = explain::cancellable(&canceller, work).await;
    clear();
    if outcomes.is_err() {
        whatif::verify::tidy(&mut session).await.map_err(|e| Failure::server(&e, None))?;
    }
    let outcomes = outcomes?;
    drop(demo);
    Ok(chosen
        .iter()
        .zip(outcomes)
        .map(|((at, _), outcome)| Verification { proposal: *at, outcome: outcome.map_err(|e| e.to_string()) })
        .collect())
}

fn confirmed(options: &Statement) -> bool {
    options.confirm.iter().any(|word| word == CONFIRMATION)
}

/// The first of those that were proved; if none was, of those that no trial could answer for.
fn chosen(proposals: &[Proposal]) -> Vec<(usize, &Proposal)> {
    let of = |verdict| proposals.iter().enumerate().filter(move |(_, p)| p.verdict == verdict).take(PROPOSALS);
    let proved: Vec<_> = of(Verdict::Proved).collect();
    if proved.is_empty() { of(Verdict::Untested).collect() } else { proved }
}
