//! What a search over a workload found, as a document of its own.

use serde::Serialize;

use super::{EngineOut, FORMAT, Weighed, escaped, proposal::ProposalOut, supposed::SupposedOut};
use crate::export::{Searched, WorkloadReport};

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    engine: EngineOut<'a>,
    early: bool,
    proposals: Vec<ProposalOut<'a>>,
    redundant: Vec<RedundantOut<'a>>,
    not_proposed: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    what_if: Vec<SupposedOut<'a>>,
    statements: Vec<Weighed<'a>>,
    searched: Searched,
}

#[derive(Serialize)]
struct RedundantOut<'a> {
    table: String,
    index: &'a str,
    because: &'a str,
    ddl: &'a [String],
    undo: &'a [String],
}

/// The document: `proposals` that belong together, every statement's cost without and with them, and what was searched.
///
/// # Errors
/// [`serde_json::Error`] when a value cannot be written as JSON.
pub fn workload(report: &WorkloadReport<'_>) -> Result<String, serde_json::Error> {
    let advice = report.advice;
    let document = Document {
        format: FORMAT,
        engine: EngineOut { name: report.engine.name(), version: report.version },
        early: advice.early,
        proposals: advice.proposals.iter().map(|p| ProposalOut::of(p, None)).collect(),
        redundant: advice
            .redundant
            .iter()
            .map(|r| RedundantOut {
                table: format!("{}.{}", r.schema, r.table),
                index: &r.index,
                because: &r.because,
                ddl: &r.ddl,
                undo: &r.undo,
            })
            .collect(),
        not_proposed: &advice.unproposed,
        what_if: report.supposed.iter().map(SupposedOut::of).collect(),
        statements: advice
            .statements
            .iter()
            .map(|s| Weighed {
                query: Some(&s.sql),
                cost_before: s.before,
                cost_after: s.after,
                weight: s.weight,
                problem: s.problem.as_deref(),
            })
            .collect(),
        searched: report.searched,
    };
    Ok(escaped(serde_json::to_string_pretty(&document)?) + "\n")
}
