//! The search for a set of indexes that serves a workload: few questions to the server, each answer used as far as it
//! goes.
//!
//! First every statement is planned with all of its candidates at once. What the planner takes is promising; without it,
//! the next best shows, and so on. Where there is room for everything, a greedy walk then takes, each time, what gains most for its
//! bytes, looking again only at what the last step may have changed. Where there is not, all plans that were seen are put together
//! as well as they go, which asks nothing; the server is asked what else it would take beside that, and so on. At the end the
//! set is refined: what has become superfluous goes, what is wider than it need be shrinks, and as long as questions are left every
//! index is tried against what its bytes would buy elsewhere.

mod costs;
mod exchange;
mod greedy;
mod local;
mod narrow;
mod probe;
mod recombine;
mod refine;
mod said;
mod set;
#[cfg(test)]
mod tests;

pub(super) use set::subsumes;

use std::collections::HashMap;

use super::{Candidate, Planned, Trial, TrialError, Trust, judge::LEAST_ESTIMATED, workload::Limits};
use crate::{
    catalog::Catalog,
    plan::{Engine, Plan},
};
use costs::Costs;

/// Places of candidates in the pool, ascending.
type Set = Vec<u16>;

/// A search over few statements may ask more for each: this many times what a statement is worth.
const AT_LEAST: usize = 5;
/// So many statements double what each may ask.
const CROWD: usize = 60;
/// A change of a statement's cost by less is noise of the method; of one among many. One alone is judged as its proposals are.
const NOISE: f64 = 0.05;
/// A statement must not become dearer by more than this.
const DEARER: f64 = 0.05;
/// An index must make this part of the workload cheaper, or this part of one statement's cost …
const LEAST: f64 = 0.001;
/// … in which a byte of index counts as much as this part of a byte of table (see [`Walk::price`]).
const BYTE: f64 = 0.01;

/// A statement of the search.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) sql: String,
    pub(super) weight: f64,
    /// Which candidates of the pool could change its plan.
    pub(super) concerned: Vec<bool>,
    /// Which candidates come from it, the promising ones first.
    pub(super) own: Set,
}

/// A candidate of the search.
#[derive(Debug, Clone)]
pub(super) struct Thing {
    pub(super) candidate: Candidate,
    /// Expected size, bytes.
    pub(super) bytes: f64,
    /// What all statements pay together to keep it up to date, weighted, in units of their cost.
    pub(super) upkeep: f64,
    /// The two that it does the work of, when it is merged of others.
    pub(super) parts: Set,
}

/// What a search found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The set, the most useful first.
    pub(super) set: Set,
    /// What each statement counts for without and with the set; `None` when it could not be planned.
    pub(super) costs: Vec<Option<(f64, f64)>>,
    /// Each statement's plan with the set.
    pub(super) after: Vec<Option<Plan>>,
    /// How far to trust it.
    pub(super) trust: Vec<Option<Trust>>,
    /// What the method called each of the pool when it last made it.
    pub(super) names: Vec<Option<String>>,
    /// Why statements could not be planned.
    pub(super) failed: Vec<Option<TrialError>>,
    /// Candidates that a plan used once, by statement, the best first.
    pub(super) alone: Vec<Vec<Alone>>,
    /// Which of the pool the method could not make.
    pub(super) unmade: Vec<bool>,
    /// The pool with what the search added to it, which the places are of.
    pub(super) things: Vec<Thing>,
    /// Plans asked for.
    pub(super) explains: usize,
    /// The connection broke, or the request was cancelled.
    pub(super) broken: Option<TrialError>,
    /// It ended before it was done.
    pub(super) early: bool,
}

/// What a candidate does for a statement by itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Alone {
    pub(super) place: u16,
    /// What the statement's plan counts for then.
    pub(super) weighed: f64,
    /// The server's own figure.
    pub(super) told: f64,
}

/// How far a search has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Plans asked for so far.
    pub explains: usize,
    /// How many there will be at most.
    pub most: usize,
    /// The method that answers.
    pub method: &'static str,
}

/// Everything the parts of a search share.
struct Walk<'a> {
    costs: Costs<'a>,
    limits: &'a Limits,
    catalog: &'a Catalog,
    /// Each statement's cost without any index.
    base: Vec<f64>,
    /// Sum of weighted base costs, and of weights.
    whole: f64,
    weights: f64,
    /// Bytes of the tables, for what an index may cost.
    tables: f64,
    /// A change of a statement's cost by a smaller part is none.
    noise: f64,
    /// By statement: candidates that some plan of it used.
    help: Vec<Set>,
    /// By statement: the least it is expected to cost with the candidate, by what it cost when it used it.
    reached: Vec<HashMap<u16, f64>>,
    /// The same: the least that it cost with the candidate, whatever else was there.
    hoped: Vec<HashMap<u16, f64>>,
    /// Sets that a plan used together.
    together: Vec<Set>,
    /// By statement: what its plan used when it had everything.
    all_used: Vec<Set>,
}

/// Searches.
pub(super) async fn search(
    trial: &mut dyn Trial,
    subjects: &mut [Subject],
    pool: Vec<Thing>,
    catalog: &Catalog,
    before: &[Result<Planned, TrialError>],
    limits: &Limits,
    tell: &mut (dyn FnMut(Step) + Send),
) -> Found {
    let each = trial.sets_a_statement();
    // What serves one statement has to be looked at beside what serves others, so that each asks for more the more there are.
    let crowded = each + each * subjects.len() / CROWD;
    let most = (subjects.len() * if limits.bound() { crowded } else { 2 * crowded }).max(AT_LEAST * each);
    let all: Vec<usize> = (0..subjects.len()).collect();
    let method = trial.method();
    let alone = all.len() == 1 && pool.first().is_some_and(|thing| thing.candidate.engine == Engine::PostgreSql);
    let mut report = |explains| tell(Step { explains, most, method });
    let mut costs = Costs::new(trial, subjects, pool, limits, catalog, before, &mut report);
    costs.most = most;
    let mut walk = Walk {
        costs,
        limits,
        catalog,
        base: Vec::new(),
        whole: 0.0,
        weights: 0.0,
        tables: super::pool::tables(catalog),
        noise: if alone { LEAST_ESTIMATED } else { NOISE },
        help: vec![Vec::new(); all.len()],
        reached: vec![HashMap::new(); all.len()],
        hoped: vec![HashMap::new(); all.len()],
        together: Vec::new(),
        all_used: vec![Vec::new(); all.len()],
    };
    walk.start();
    walk.probe().await;
    let mut state = if limits.bound() { walk.assemble(Set::new()).await } else { walk.greedy().await };
    if !walk.costs.over() {
        state = walk.refine(state).await;
    }
    let early = walk.costs.over() && walk.costs.broken.is_none();
    let (set, after) = walk.finish(state, &all).await;
    walk.found(set, after, early)
}

impl Walk<'_> {
    /// Takes the base costs.
    fn start(&mut self) {
        for (at, subject) in self.costs.subjects.iter().enumerate() {
            let base = self.costs.cost(at, &[]).unwrap_or(0.0);
            self.base.push(base);
            self.whole += base * subject.weight;
            self.weights += subject.weight;
        }
        self.whole = self.whole.max(f64::MIN_POSITIVE);
        self.weights = self.weights.max(f64::MIN_POSITIVE);
    }

    /// What a statement adds to what is to be made small when it costs this; noise counts as nothing.
    fn value(&self, statement: usize, cost: f64) -> f64 {
        let base = self.base[statement];
        if base <= 0.0 {
            return 0.0;
        }
        if cost.is_infinite() {
            return f64::INFINITY;
        }
        let cost = if (cost - base).abs() < base * self.noise { base } else { cost };
        let (sum, mean) = self.limits.objective.parts();
        let weight = self.costs.subjects[statement].weight;
        let relative = (cost.max(base * 1e-6) / base).ln();
        weight * (sum * cost / self.whole + mean * relative / self.weights)
    }

    /// What a set costs beside the statements' plans: its bytes, and its upkeep.
    ///
    /// A hundredth of the size of the tables in indexes is to save a ten-thousandth of the workload's cost at least.
    fn price(&self, set: &[u16]) -> f64 {
        let bytes = self.bytes(set) / self.tables.max(1.0) * BYTE;
        let (sum, _) = self.limits.objective.parts();
        let upkeep: f64 = set.iter().map(|i| self.costs.pool[usize::from(*i)].upkeep).sum();
        bytes + sum.max(0.1) * upkeep / self.whole
    }

    fn bytes(&self, set: &[u16]) -> f64 {
        set.iter().map(|i| self.costs.pool[usize::from(*i)].bytes).sum()
    }

    /// Whether a set keeps within the bounds.
    fn fits(&self, set: &[u16]) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "sizes")]
        let room = self.limits.bytes.map_or(f64::INFINITY, |b| b as f64);
        self.bytes(set) <= room && self.limits.indexes.is_none_or(|most| set.len() <= most)
    }

    /// Statements whose plan one of these could change.
    fn concerned(&self, set: &[u16]) -> Vec<usize> {
        let mut found = Vec::new();
        for (at, subject) in self.costs.subjects.iter().enumerate() {
            if self.costs.failed[at].is_none() && set.iter().any(|i| subject.concerned[usize::from(*i)]) {
                found.push(at);
            }
        }
        found
    }

    /// Everything together, as far as it is known: a statement not yet asked about this set costs what it does at most.
    fn total(&self, set: &[u16]) -> f64 {
        (0..self.base.len()).map(|at| self.value(at, self.at_most(at, set))).sum::<f64>() + self.price(set)
    }

    /// What a statement costs with a set at most, as far as it is known.
    fn at_most(&self, statement: usize, set: &[u16]) -> f64 {
        self.costs.bound(statement, set).unwrap_or(self.base[statement])
    }

    fn found(self, set: Set, settled: Vec<(usize, Planned)>, early: bool) -> Found {
        let count = self.base.len();
        let mut after: Vec<Option<Plan>> = (0..count).map(|_| None).collect();
        let mut trust = vec![None; count];
        for (at, planned) in settled {
            trust[at] = Some(planned.trust);
            after[at] = Some(planned.plan);
        }
        let costs = (0..count)
            .map(|at| {
                self.costs.failed[at].is_none().then(|| {
                    (self.base[at], after[at].as_ref().map_or(self.base[at], |plan| costs::price(plan, self.catalog)))
                })
            })
            .collect();
        let alone = (0..count)
            .map(|at| {
                let alone = |place: &u16| {
                    let set = [*place];
                    Some(Alone { place: *place, weighed: self.costs.cost(at, &set)?, told: self.costs.told(at, &set)? })
                };
                let mut list: Vec<Alone> = self.help[at].iter().filter_map(alone).collect();
                list.sort_by(|a, b| a.weighed.total_cmp(&b.weighed));
                list
            })
            .collect();
        Found {
            set,
            costs,
            after,
            trust,
            names: self.costs.names,
            alone,
            failed: self.costs.failed,
            unmade: self.costs.unmade,
            things: self.costs.pool,
            explains: self.costs.explains,
            broken: self.costs.broken,
            early,
        }
    }
}
