//! Several indexes at once: what they do together, and each one's own part in it.

use super::{
    Candidate, Change, Trial, TrialError, Trust, ddl,
    judge::{price_of, uses},
    rename,
};
use crate::{
    catalog::Catalog,
    plan::{Engine, Plan},
};

/// A statement's plan with several indexes that do not exist.
#[derive(Debug, Clone)]
pub struct Together {
    /// The method's name.
    pub method: &'static str,
    /// How far to trust it.
    pub trust: Trust,
    /// The plan as the method sees it without any of them.
    pub before: Plan,
    /// The plan with all of them.
    pub after: Plan,
    /// The indexes.
    pub parts: Vec<Part>,
    /// What the reader must know: whether the method was checked, and what it read.
    pub notes: Vec<String>,
}

/// One of several indexes.
#[derive(Debug, Clone)]
pub struct Part {
    /// The index.
    pub candidate: Candidate,
    /// What the plan with all of them calls it; `None`: the method could not make it.
    pub name: Option<String>,
    /// The plan with all but this one, if that could be told.
    pub without: Option<Plan>,
}

impl Part {
    /// Whether a plan reads it.
    #[must_use]
    pub fn is_used(&self, plan: &Plan) -> bool {
        self.name.as_deref().is_some_and(|name| uses(plan, name))
    }
}

impl Together {
    /// What all of them save of the statement's price: cost on PostgreSQL, rows examined on MySQL and MariaDB.
    #[must_use]
    pub fn saved(&self) -> f64 {
        price_of(&self.before) - price_of(&self.after)
    }

    /// What would be lost again without one of them, in the same unit. Where two do the same work neither is missed, so the parts
    /// need not add up to the whole.
    #[must_use]
    pub fn own_part(&self, part: &Part) -> Option<f64> {
        Some((price_of(part.without.as_ref()?) - price_of(&self.after)).max(0.0))
    }

    /// Calls the indexes in the plan by the names they would have, and not by those the method gave them.
    fn rename(&mut self, catalog: &Catalog) {
        for part in &mut self.parts {
            if let Some(name) = &mut part.name {
                let own = ddl::name(&part.candidate, catalog);
                rename(&mut self.after, name, &own);
                *name = own;
            }
        }
    }

    /// What decides on the server.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        match self.after.engine {
            Engine::PostgreSql => "cost",
            Engine::MySql | Engine::MariaDb => "rows examined",
        }
    }
}

/// Tries several indexes at once for one statement, and each set that lacks one of them. `tell` hears how many plans are made of
/// how many.
///
/// # Errors
/// [`TrialError`] of the plan without any or with all of them; a set that lacks one may fail by itself.
pub async fn together(
    method: &mut dyn Trial,
    statement: &str,
    candidates: &[Candidate],
    catalog: &Catalog,
    tell: &mut (dyn FnMut(usize, usize) + Send),
) -> Result<Together, TrialError> {
    let statements = [statement];
    let all: Vec<&Candidate> = candidates.iter().collect();
    let total = candidates.len() + 2;
    tell(0, total);
    let before = planned(method, &statements, &[]).await?;
    tell(1, total);
    let after = planned(method, &statements, &all).await?;
    let mut parts = Vec::with_capacity(candidates.len());
    for (at, candidate) in candidates.iter().enumerate() {
        tell(at + 2, total);
        let others: Vec<&Candidate> =
            all.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, candidate)| *candidate).collect();
        parts.push(Part {
            candidate: candidate.clone(),
            name: after.names.get(at).cloned().flatten(),
            without: planned(method, &statements, &others).await.ok().map(|planned| planned.plan),
        });
    }
    method.doubt(statement, Change { add: &all, drop: &[] }).await;
    let (trust, notes) = method.remarks(statement, &all);
    let trust = trust.unwrap_or(after.trust);
    let mut out = Together { method: method.method(), trust, before: before.plan, after: after.plan, parts, notes };
    out.rename(catalog);
    Ok(out)
}

async fn planned(
    method: &mut dyn Trial,
    statements: &[&str],
    candidates: &[&Candidate],
) -> Result<super::Planned, TrialError> {
    let name = method.method();
    let answer = method.try_set(statements, candidates).await.pop();
    answer.unwrap_or_else(|| Err(TrialError::Server { method: name, message: "there was no answer".to_owned() }))
}
