//! Proposals and their trials in the document's words.

use serde::Serialize;

use super::node::{self, NodeOut};
use crate::{
    advise::{Key, Proposal, Tried, Trust, Verdict, uses},
    export,
    whatif::{Verification, Verified},
};

#[derive(Serialize)]
pub(super) struct ProposalOut<'a> {
    name: &'a str,
    ddl: &'a [String],
    undo: &'a [String],
    table: String,
    method: &'static str,
    keys: &'a [Key],
    include: &'a [String],
    #[serde(rename = "where")]
    predicate: Option<&'a str>,
    size_bytes: Option<u64>,
    replaces: &'a [String],
    serves: &'a [String],
    lost: &'a [String],
    instead_of: Option<&'a str>,
    cost_alone: Option<f64>,
    trials: Vec<TrialOut<'a>>,
    verdict: Verdict,
    reason: &'a str,
    write_cost: WriteCost,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<VerifiedOut<'a>>,
}

/// What the index did on a copy.
#[derive(Serialize)]
#[serde(untagged)]
enum VerifiedOut<'a> {
    Done(&'a Verified),
    Failed { error: &'a str },
}

#[derive(Serialize)]
struct WriteCost {
    entries_per_row: f64,
    bytes_per_row: Option<f64>,
}

#[derive(Serialize)]
struct TrialOut<'a> {
    method: &'static str,
    trust: Trust,
    cost_before: Option<f64>,
    cost_after: Option<f64>,
    used: bool,
    statement: usize,
    notes: &'a [String],
    nodes_before: Vec<NodeOut<'a>>,
    nodes_after: Vec<NodeOut<'a>>,
}

impl<'a> ProposalOut<'a> {
    pub(super) fn of(proposal: &'a Proposal, verified: Option<&'a Verification>) -> Self {
        let candidate = &proposal.candidate;
        Self {
            name: &proposal.name,
            ddl: &proposal.ddl,
            undo: &proposal.undo,
            table: export::table(candidate),
            method: candidate.method,
            keys: &candidate.keys,
            include: &candidate.include,
            predicate: candidate.predicate.as_deref(),
            size_bytes: proposal.tried.as_ref().and_then(|t| t.size_bytes),
            replaces: &candidate.replaces,
            serves: &candidate.reasons,
            lost: &proposal.lost,
            instead_of: proposal.instead_of.as_deref(),
            cost_alone: proposal.cost_alone,
            trials: trials(proposal),
            verdict: proposal.verdict,
            reason: &proposal.reason,
            write_cost: WriteCost { entries_per_row: proposal.entries_per_row, bytes_per_row: proposal.bytes_per_row },
            verified: verified.map(|v| match &v.outcome {
                Ok(done) => VerifiedOut::Done(done),
                Err(error) => VerifiedOut::Failed { error },
            }),
        }
    }
}

/// The trial with its plans, then one without for every other statement that the index serves.
fn trials(proposal: &Proposal) -> Vec<TrialOut<'_>> {
    let Some(tried) = &proposal.tried else { return Vec::new() };
    let first = proposal.serves.first().map_or(0, |served| served.statement);
    let others = proposal.serves.iter().skip(1).map(|served| TrialOut {
        method: tried.method,
        trust: tried.trust,
        cost_before: Some(served.cost_before),
        cost_after: Some(served.cost_after),
        used: true,
        statement: served.statement,
        notes: &[],
        nodes_before: Vec::new(),
        nodes_after: Vec::new(),
    });
    std::iter::once(TrialOut::of(tried, first)).chain(others).collect()
}

impl<'a> TrialOut<'a> {
    fn of(tried: &'a Tried, statement: usize) -> Self {
        Self {
            method: tried.method,
            trust: tried.trust,
            cost_before: tried.before.total_cost(),
            cost_after: tried.after.total_cost(),
            used: uses(&tried.after, &tried.index_name),
            statement,
            notes: &tried.notes,
            nodes_before: node::nodes(&tried.before, &tried.before.remarks),
            nodes_after: node::nodes(&tried.after, &tried.after.remarks),
        }
    }
}
