//! What people and programs without a screen get: the same values the screen shows, as text and as JSON.
//!
//! A format is one file below `export/`.

pub mod busiest;
pub mod error;
pub mod html;
pub mod json;
pub mod markdown;
#[cfg(test)]
mod samples;
pub mod text;

use std::collections::BTreeMap;

use crate::{
    advise::{Advice, Candidate, Proposal, Tried, Verdict},
    diagnose::Finding,
    plan::{Engine, Plan, diff::Diff},
    whatif::{Supposed, Verification},
};

/// Everything a command has to say of one statement.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Findings, worst first.
    pub findings: &'a [Finding],
    /// Proposals, best first; empty when none were asked for.
    pub proposals: &'a [Proposal],
    /// How much was searched for proposals; `None` when none were asked for.
    pub searched: Option<Searched>,
    /// What people wrote about nodes, by the nodes' numbers.
    pub notes: &'a BTreeMap<u32, String>,
    /// What no index is proposed for, and why.
    pub unproposed: &'a [String],
    /// What the statement does under suppositions.
    pub supposed: &'a [Supposed],
    /// What indexes did on a copy, where that was asked for.
    pub verified: &'a [Verification],
}

/// Two plans of one statement beside each other.
#[derive(Debug, Clone, Copy)]
pub struct Comparison<'a> {
    /// What people call them: file names, mostly.
    pub names: (&'a str, &'a str),
    /// The earlier one.
    pub before: Report<'a>,
    /// The later one.
    pub after: Report<'a>,
    /// How their nodes answer to each other.
    pub diff: &'a Diff,
}

impl<'a> Comparison<'a> {
    /// Findings that the later plan has no more, and those it has in addition: by rule and by what the node reads, not by its
    /// place.
    #[must_use]
    pub fn findings(&self) -> (Vec<&'a Finding>, Vec<&'a Finding>) {
        let name = |plan: &Plan, finding: &Finding| {
            let relation = plan.node(finding.node).relation.as_ref();
            (finding.rule, relation.map(|r| r.alias.as_ref().unwrap_or(&r.name).to_lowercase()))
        };
        let named = |report: &Report<'a>| -> Vec<_> {
            let plan = report.plan;
            report.findings.iter().map(|finding| (name(plan, finding), finding)).collect()
        };
        let (was, is) = (named(&self.before), named(&self.after));
        let lacking = |these: &[_], those: &[(_, _)]| -> Vec<&'a Finding> {
            let left = these.iter().filter(|(name, _): &&(_, _)| !those.iter().any(|(other, _)| other == name));
            left.map(|(_, finding)| *finding).collect()
        };
        (lacking(&was, &is), lacking(&is, &was))
    }
}

/// Everything a command has to say of a workload.
#[derive(Debug, Clone, Copy)]
pub struct WorkloadReport<'a> {
    /// The server's engine.
    pub engine: Engine,
    /// The server's version.
    pub version: Option<&'a str>,
    /// What was found.
    pub advice: &'a Advice,
    /// How much was searched for it.
    pub searched: Searched,
    /// What its statements do under suppositions.
    pub supposed: &'a [Supposed],
}

/// How much a search for indexes did.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Searched {
    /// Candidates tried.
    pub candidates: usize,
    /// Plans asked of the server for them.
    pub explains: usize,
    /// Seconds it took.
    pub seconds: f64,
}

impl<'a> Report<'a> {
    /// A report of a plan, its findings and the notes that came with it, without proposals.
    #[must_use]
    pub const fn new(plan: &'a Plan, findings: &'a [Finding]) -> Self {
        Self {
            plan,
            findings,
            proposals: &[],
            searched: None,
            notes: &plan.remarks,
            unproposed: &[],
            supposed: &[],
            verified: &[],
        }
    }
}

/// A table as a statement would name it, without quotes.
fn table(candidate: &Candidate) -> String {
    if candidate.schema.is_empty() {
        candidate.table.clone()
    } else {
        format!("{}.{}", candidate.schema, candidate.table)
    }
}

/// The trial of the first proposal that is proved.
fn best(proposals: &[Proposal]) -> Option<&Tried> {
    proposals.iter().filter(|p| p.verdict == Verdict::Proved).find_map(|p| p.tried.as_ref())
}

/// A copy's time that is longer by less than this factor is noise.
const SLOWER: f64 = 1.1;

/// How much faster or slower, in words.
fn change_of_time(was: f64, is: f64) -> String {
    match was / is.max(f64::MIN_POSITIVE) {
        factor if factor >= SLOWER => format!("{} faster", crate::fmt::times(factor)),
        factor if factor <= 1.0 / SLOWER => format!("{} slower", crate::fmt::times(1.0 / factor)),
        _ => "no change beyond the noise".to_owned(),
    }
}
