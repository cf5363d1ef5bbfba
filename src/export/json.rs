//! The JSON document, format 1. `schema.json` beside this file says what it promises; absent is `null`.

mod node;
mod proposal;
mod supposed;
mod workload;

pub use workload::workload;

use serde::Serialize;

use super::{Comparison, Report, Searched};
use crate::{
    diagnose::Finding,
    plan::{Buffers, Jit, Phases, Serialization, Trigger, diff::Change},
    text::is_hostile,
};
use node::NodeOut;
use proposal::ProposalOut;
use supposed::SupposedOut;

/// The JSON Schema (2020-12) of every document this module writes.
pub const SCHEMA: &str = include_str!("schema.json");

/// Counts up when a field changes its meaning.
pub const FORMAT: u32 = 1;

#[derive(Serialize)]
struct One<'a> {
    format: u32,
    #[serde(flatten)]
    statement: Statement<'a>,
}

#[derive(Serialize)]
struct Many<'a> {
    format: u32,
    plans: Vec<Statement<'a>>,
}

#[derive(Serialize)]
struct Compared<'a> {
    format: u32,
    before: Statement<'a>,
    after: Statement<'a>,
    changes: Changes<'a>,
}

/// What changed: in kind, in numbers, node by node, in what is wrong.
#[derive(Serialize)]
struct Changes<'a> {
    kinds: Vec<String>,
    numbers: Vec<String>,
    nodes: Vec<Pair>,
    findings_gone: Vec<&'a Finding>,
    findings_new: Vec<&'a Finding>,
}

/// A node of the earlier plan and the one of the later plan that answers to it.
#[derive(Serialize)]
struct Pair {
    before: Option<u32>,
    after: Option<u32>,
    change: &'static str,
}

#[derive(Serialize)]
struct Statement<'a> {
    engine: EngineOut<'a>,
    query: Option<&'a str>,
    analyzed: bool,
    planning_ms: Option<f64>,
    execution_ms: Option<f64>,
    phases: PhasesOut<'a>,
    settings: serde_json::Map<String, serde_json::Value>,
    notes: &'a [String],
    extra: serde_json::Map<String, serde_json::Value>,
    nodes: Vec<NodeOut<'a>>,
    findings: &'a [Finding],
    proposals: Vec<ProposalOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statements: Option<[Weighed<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    searched: Option<Searched>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    not_proposed: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    what_if: Vec<SupposedOut<'a>>,
}

#[derive(Serialize)]
struct EngineOut<'a> {
    name: &'static str,
    version: Option<&'a str>,
}

/// What was done outside of the nodes.
#[derive(Serialize)]
struct PhasesOut<'a> {
    planning_buffers: Option<Buffers>,
    planning_memory: Option<MemoryOut>,
    jit: Option<&'a Jit>,
    triggers: &'a [Trigger],
    serialization: Option<&'a Serialization>,
}

/// Bytes.
#[derive(Serialize)]
struct MemoryOut {
    used: u64,
    allocated: u64,
}

impl<'a> PhasesOut<'a> {
    fn of(phases: &'a Phases) -> Self {
        Self {
            planning_buffers: phases.planning_buffers,
            planning_memory: phases.planning_memory.map(|(used, allocated)| MemoryOut { used, allocated }),
            jit: phases.jit.as_ref(),
            triggers: &phases.triggers,
            serialization: phases.serialization.as_ref(),
        }
    }
}

/// A statement of a workload with its price before and after the proved proposals.
#[derive(Serialize)]
struct Weighed<'a> {
    query: Option<&'a str>,
    cost_before: Option<f64>,
    cost_after: Option<f64>,
    weight: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a str>,
}

/// The document of one statement, or of several plans from one file: then `{"format": 1, "plans": […]}`, each plan with the
/// fields that a document of one has, `format` excepted. Ends with a line feed.
///
/// Characters that a terminal would act on are written as `\u…` escapes, so that the text is both safe and unchanged.
///
/// # Errors
/// [`serde_json::Error`] when a value cannot be written as JSON; numbers that are not finite become `null` and are no error.
pub fn document(reports: &[Report<'_>]) -> Result<String, serde_json::Error> {
    let json = match reports {
        [one] => serde_json::to_string_pretty(&One { format: FORMAT, statement: Statement::of(one) }),
        many => serde_json::to_string_pretty(&Many { format: FORMAT, plans: many.iter().map(Statement::of).collect() }),
    }?;
    Ok(escaped(json) + "\n")
}

/// The document of two plans: `{"format": 1, "before": …, "after": …, "changes": …}`. Ends with a line feed.
///
/// # Errors
/// As [`document`].
pub fn comparison(comparison: &Comparison<'_>) -> Result<String, serde_json::Error> {
    let (before, after) = (comparison.before.plan, comparison.after.plan);
    let pairs = before.ids().zip(&comparison.diff.before).map(|(id, change)| Pair {
        before: Some(id.0),
        after: change.other().map(|other| other.0),
        change: match change {
            Change::Same(_) => "same",
            Change::Changed(_) => "changed",
            Change::Only => "gone",
        },
    });
    let new = after.ids().zip(&comparison.diff.after).filter(|(_, change)| **change == Change::Only);
    let new = new.map(|(id, _)| Pair { before: None, after: Some(id.0), change: "new" });
    let (findings_gone, findings_new) = comparison.findings();
    let json = serde_json::to_string_pretty(&Compared {
        format: FORMAT,
        before: Statement::of(&comparison.before),
        after: Statement::of(&comparison.after),
        changes: Changes {
            kinds: comparison.diff.kinds(before, after),
            numbers: comparison.diff.numbers(before, after),
            nodes: pairs.chain(new).collect(),
            findings_gone,
            findings_new,
        },
    })?;
    Ok(escaped(json) + "\n")
}

/// Hostile characters can only stand inside of strings, where a `\u` escape means the same.
fn escaped(json: String) -> String {
    if !json.contains(is_hostile) {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_hostile(c) {
            // Every such character is in the basic plane: four digits are enough.
            let escape = format!("\\u{:04x}", c as u32);
            out.push_str(&escape);
        } else {
            out.push(c);
        }
    }
    out
}

impl<'a> Statement<'a> {
    fn of(report: &Report<'a>) -> Self {
        let plan = report.plan;
        Self {
            engine: EngineOut { name: plan.engine.name(), version: plan.version.as_deref() },
            query: plan.query.as_deref(),
            analyzed: plan.analyzed,
            planning_ms: plan.planning_ms,
            execution_ms: plan.execution_ms,
            phases: PhasesOut::of(&plan.phases),
            settings: node::map(&plan.settings),
            notes: &plan.notes,
            extra: node::map(&plan.extra),
            nodes: node::nodes(plan, report.notes),
            findings: report.findings,
            proposals: report
                .proposals
                .iter()
                .enumerate()
                .map(|(at, p)| ProposalOut::of(p, report.verified.iter().find(|v| v.proposal == at)))
                .collect(),
            statements: report.searched.map(|_| {
                [Weighed {
                    query: plan.query.as_deref(),
                    cost_before: plan.total_cost(),
                    cost_after: super::best(report.proposals).and_then(|tried| tried.after.total_cost()),
                    weight: 1.0,
                    problem: None,
                }]
            }),
            searched: report.searched,
            not_proposed: report.unproposed,
            what_if: report.supposed.iter().map(SupposedOut::of).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Report, document};
    use crate::plan::{Engine, Node, Operator, Plan, PlanBuilder, Role};

    fn plan(filter: &str) -> Plan {
        let mut builder = PlanBuilder::new();
        let mut node = Node::new(Role::Root, Operator::SeqScan, "Seq Scan");
        node.conditions.filter = Some(filter.to_owned());
        node.cost.total = Some(f64::INFINITY);
        builder.push(None, node).unwrap();
        builder.finish(Engine::PostgreSql).unwrap()
    }

    #[test]
    fn one_plan_is_one_object_and_several_are_a_list() {
        let plan = plan("a = 1");
        let one: serde_json::Value = serde_json::from_str(&document(&[Report::new(&plan, &[])]).unwrap()).unwrap();
        assert_eq!(one["engine"]["name"], "postgresql");
        assert_eq!(one["nodes"][0]["conditions"]["filter"], "a = 1");
        let two: serde_json::Value =
            serde_json::from_str(&document(&[Report::new(&plan, &[]), Report::new(&plan, &[])]).unwrap()).unwrap();
        assert_eq!(two["plans"].as_array().unwrap().len(), 2);
        assert_eq!(two["plans"][1]["nodes"], one["nodes"]);
        assert!(two.get("nodes").is_none() && two["plans"][0].get("format").is_none());
    }

    #[test]
    fn a_number_that_is_not_finite_is_null() {
        let plan = plan("x");
        let json: serde_json::Value = serde_json::from_str(&document(&[Report::new(&plan, &[])]).unwrap()).unwrap();
        assert!(json["nodes"][0]["cost"]["total"].is_null());
    }

    #[test]
    fn hostile_characters_are_escaped_and_come_back_unchanged() {
        let text = "a\u{9b}31m\u{202e}\u{7f}\x1b\r\n";
        let plan = plan(text);
        let json = document(&[Report::new(&plan, &[])]).unwrap();
        assert!(!json.contains(crate::text::is_hostile), "{json}");
        let back: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(back["nodes"][0]["conditions"]["filter"], text);
    }
}
