//! What statements do under suppositions, in the document's words.

use serde::Serialize;

use super::node::{self, NodeOut};
use crate::{
    advise::{Effect, Trust},
    whatif::{Supposed, Supposition},
};

#[derive(Serialize)]
pub(super) struct SupposedOut<'a> {
    what: String,
    drop: Vec<String>,
    outcomes: Vec<OutcomeOut<'a>>,
    ddl: Vec<&'a str>,
    undo: Vec<&'a str>,
    notes: Vec<&'a str>,
}

#[derive(Serialize)]
struct OutcomeOut<'a> {
    statement: usize,
    method: Option<&'static str>,
    trust: Option<Trust>,
    effect: Option<Effect>,
    reason: String,
    cost_before: Option<f64>,
    cost_after: Option<f64>,
    notes: &'a [String],
    nodes_before: Vec<NodeOut<'a>>,
    nodes_after: Vec<NodeOut<'a>>,
}

impl<'a> SupposedOut<'a> {
    pub(super) fn of(supposed: &'a Supposed) -> Self {
        let drop = match &supposed.supposition {
            Supposition::Indexes { drop, .. } => drop.as_slice(),
            _ => &[],
        };
        let outcomes = supposed.outcomes.iter().enumerate().map(|(statement, outcome)| {
            let (effect, reason) = match (outcome, supposed.effect(statement)) {
                (Err(error), _) => (None, error.to_string()),
                (Ok(_), Some((effect, line))) => (Some(effect), line),
                (Ok(_), None) => (None, String::new()),
            };
            let both = outcome.as_ref().ok();
            OutcomeOut {
                statement,
                method: both.map(|b| b.method),
                trust: both.map(|b| b.trust),
                effect,
                reason,
                cost_before: both.and_then(|b| b.before.total_cost()),
                cost_after: both.and_then(|b| b.after.total_cost()),
                notes: both.map(|b| b.notes.as_slice()).unwrap_or_default(),
                nodes_before: both.map(|b| node::nodes(&b.before, &b.before.remarks)).unwrap_or_default(),
                nodes_after: both.map(|b| node::nodes(&b.after, &b.after.remarks)).unwrap_or_default(),
            }
        });
        let farewells = || supposed.farewells.iter();
        Self {
            what: supposed.supposition.title(),
            drop: drop.iter().map(|i| format!("{}.{}.{}", i.schema, i.table, i.name)).collect(),
            outcomes: outcomes.collect(),
            ddl: farewells().flat_map(|f| &f.ddl).map(String::as_str).collect(),
            undo: farewells().flat_map(|f| &f.undo).map(String::as_str).collect(),
            notes: farewells().flat_map(|f| &f.notes).map(String::as_str).collect(),
        }
    }
}
