//! Why a plan is slow: rules that look at a plan (and at the catalog, if there is one) and say what they see.
//!
//! A rule is one file below `diagnose/` and one line in [`RULES`].

mod condition;
mod rank;
mod sieve;
mod stake;

use crate::{
    catalog::Catalog,
    plan::{NodeId, Plan},
};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Costs a noticeable part of the statement.
    Warning,
    /// Is most of why the statement is slow.
    Critical,
}

/// What a rule says about one node.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Finding {
    /// The rule's name, such as `full-scan-filtering`.
    pub rule: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The deepest node where things first go wrong.
    #[serde(serialize_with = "node_number")]
    pub node: NodeId,
    /// The part of the statement's time (or cost, when not analysed) that is at stake, 0 to 1.
    pub share: Option<f64>,
    /// One line.
    pub title: String,
    /// Why it hurts, with the numbers.
    pub why: String,
    /// What to do next.
    pub next: String,
    /// The numbers it rests on, by name.
    pub evidence: serde_json::Map<String, serde_json::Value>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn node_number<S: serde::Serializer>(id: &NodeId, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_u32(id.0)
}

/// What a rule may look at.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Facts about the database, if it could be asked.
    pub catalog: Option<&'a Catalog>,
}

/// One thing that can be wrong with a plan.
pub trait Rule: Sync {
    /// The name that stands in findings, in kebab-case.
    fn name(&self) -> &'static str;
    /// One line for lists and documentation: what it looks for.
    fn summary(&self) -> &'static str;
    /// Looks.
    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>);
}

/// Every rule.
pub static RULES: &[&dyn Rule] = &[];

/// Everything the rules find, ranked by what fixing it could save.
#[must_use]
pub fn diagnose(plan: &Plan, catalog: Option<&Catalog>) -> Vec<Finding> {
    let mut found = Vec::new();
    for rule in RULES {
        rule.check(Context { plan, catalog }, &mut found);
    }
    rank::rank(&mut found);
    found
}
