//! What statements cost with sets of indexes: asked once, remembered, and inferred where the planner must say the same.

use super::{Limits, Set, Subject, Thing, set};
use crate::{
    advise::{Candidate, Planned, Trial, TrialError, candidates::same, judge, limited::hedged},
    catalog::Catalog,
    plan::Plan,
};

/// What one answer said of a statement.
struct Known {
    /// The indexes there were, as far as they concern the statement.
    set: Set,
    /// Those the plan used.
    used: Set,
    cost: f64,
    /// The server's own figure.
    told: f64,
}

impl Known {
    fn new(set: Set, used: Set, plan: &Plan, catalog: &Catalog) -> Self {
        Self { set, used, cost: price(plan, catalog), told: finite(judge::price_of(plan)) }
    }
}

/// The method that answers, with all it has said.
pub(super) struct Costs<'a> {
    trial: &'a mut (dyn Trial + 'a),
    pub(super) subjects: &'a mut [Subject],
    pub(super) pool: Vec<Thing>,
    /// By place in the pool: those beside which it is superfluous.
    pub(super) giving_way: Vec<Set>,
    limits: &'a Limits,
    catalog: &'a Catalog,
    known: Vec<Vec<Known>>,
    /// Plans asked for so far, and how many at most.
    pub(super) explains: usize,
    pub(super) most: usize,
    /// Why a statement cannot be planned even without any index.
    pub(super) failed: Vec<Option<TrialError>>,
    /// What a set that was refused as a whole was answered: the connection broke, or the request was cancelled.
    pub(super) broken: Option<TrialError>,
    /// Which of the pool the method could not make.
    pub(super) unmade: Vec<bool>,
    /// What the method called each of the pool when it last made it.
    pub(super) names: Vec<Option<String>>,
    /// Told after each question.
    tell: &'a mut (dyn FnMut(usize) + Send + 'a),
}

impl<'a> Costs<'a> {
    /// With the plans that are known already: those without any index.
    pub(super) fn new(
        trial: &'a mut (dyn Trial + 'a),
        subjects: &'a mut [Subject],
        pool: Vec<Thing>,
        limits: &'a Limits,
        catalog: &'a Catalog,
        before: &[Result<Planned, TrialError>],
        tell: &'a mut (dyn FnMut(usize) + Send + 'a),
    ) -> Self {
        let count = subjects.len();
        let known = before
            .iter()
            .map(|answer| answer.iter().map(|a| Known::new(Vec::new(), Vec::new(), &a.plan, catalog)).collect())
            .collect();
        Self {
            trial,
            subjects,
            limits,
            catalog,
            known,
            explains: count,
            most: usize::MAX,
            failed: before.iter().map(|answer| answer.as_ref().err().cloned()).collect(),
            broken: None,
            unmade: vec![false; pool.len()],
            names: vec![None; pool.len()],
            giving_way: set::giving_way(&pool),
            pool,
            tell,
        }
    }

    /// Whether no more questions may be asked.
    pub(super) fn over(&self) -> bool {
        self.broken.is_some() || self.explains >= self.most || self.limits.over()
    }

    /// Whether hardly more than this part of the questions may be asked.
    pub(super) fn nearly_over(&self, part: usize) -> bool {
        self.over() || self.explains + self.most / part >= self.most
    }

    /// Whether half of the questions are still unasked.
    pub(super) fn half_left(&self) -> bool {
        !self.over() && self.explains * 2 < self.most
    }

    /// The cost and the indexes used, when they are known or follow: a plan that was the cheapest of many is the
    /// cheapest of fewer as long as all it uses is there.
    pub(super) fn look(&self, statement: usize, set: &[u16]) -> Option<(f64, &[u16])> {
        self.recall(statement, set).map(|k| (k.cost, k.used.as_slice()))
    }

    /// What the server said of the same, as it said it.
    pub(super) fn told(&self, statement: usize, set: &[u16]) -> Option<f64> {
        self.recall(statement, set).map(|k| k.told)
    }

    fn recall(&self, statement: usize, set: &[u16]) -> Option<&Known> {
        let wanted = self.concerning(statement, set);
        self.known[statement].iter().find(|k| within(&k.used, &wanted) && within(&wanted, &k.set))
    }

    /// What the statement costs with the set at most: by the cheapest plan seen that needs no more than is there.
    pub(super) fn bound(&self, statement: usize, set: &[u16]) -> Option<f64> {
        if let Some((cost, _)) = self.look(statement, set) {
            return Some(cost);
        }
        let possible = self.known[statement].iter().filter(|k| within(&k.used, set)).map(|k| k.cost);
        possible.reduce(f64::min)
    }

    /// Every plan seen of a statement: what it uses, and its cost.
    pub(super) fn plans(&self, statement: usize) -> impl Iterator<Item = (&[u16], f64)> {
        self.known[statement].iter().map(|known| (known.used.as_slice(), known.cost))
    }

    /// What the statement costs with the set at least: no cheaper than with more. Nothing known is nothing.
    pub(super) fn floor(&self, statement: usize, set: &[u16]) -> f64 {
        let wanted = self.concerning(statement, set);
        let larger = |k: &&Known| within(&wanted, &k.set);
        self.known[statement].iter().filter(larger).map(|k| k.cost).fold(0.0, f64::max)
    }

    /// Adds a candidate to the pool that is a part of one of it, and may help what that one helps. Its place; the old one where the
    /// pool has it already.
    pub(super) fn add(&mut self, part: Candidate, bytes: f64, of: u16) -> Option<u16> {
        if let Some(at) = self.pool.iter().position(|thing| same(&thing.candidate, &part)) {
            return u16::try_from(at).ok();
        }
        let place = u16::try_from(self.pool.len()).ok()?;
        let upkeep = self.pool[usize::from(of)].upkeep;
        self.pool.push(Thing { candidate: part, bytes, upkeep, parts: Vec::new() });
        self.unmade.push(false);
        self.names.push(None);
        let others = (0..place).filter(|other| set::gives_way(&self.pool, place, *other)).collect();
        for other in 0..place {
            if set::gives_way(&self.pool, other, place) {
                self.giving_way[usize::from(other)].push(place);
            }
        }
        self.giving_way.push(others);
        for subject in self.subjects.iter_mut() {
            let concerned = subject.concerned[usize::from(of)];
            subject.concerned.push(concerned);
        }
        Some(place)
    }

    /// From here on only these candidates count for the statement: others that stand beside them do not make its costs unknown.
    pub(super) fn narrow(&mut self, statement: usize, helping: &[u16]) {
        for (place, concerned) in (0_u16..).zip(&mut self.subjects[statement].concerned) {
            *concerned = helping.contains(&place);
        }
        for known in &mut self.known[statement] {
            known.set.retain(|i| helping.contains(i) || known.used.contains(i));
        }
    }

    /// The cost with the set, as far as it is known.
    pub(super) fn cost(&self, statement: usize, set: &[u16]) -> Option<f64> {
        self.look(statement, set).map(|(cost, _)| cost)
    }

    /// What of a set concerns a statement.
    fn concerning(&self, statement: usize, set: &[u16]) -> Set {
        let concerned = &self.subjects[statement].concerned;
        set.iter().copied().filter(|i| concerned[usize::from(*i)]).collect()
    }

    /// Makes the costs of these statements with the set known. False when no more may be asked.
    pub(super) async fn ask(&mut self, set: &[u16], statements: &[usize]) -> bool {
        let missing: Vec<usize> = self.missing(set, statements);
        if missing.is_empty() {
            return true;
        }
        if self.over() {
            return false;
        }
        self.answer(set, &missing).await.is_some() && self.broken.is_none()
    }

    /// The same, also when the time is over: for the last word on what was found.
    pub(super) async fn settle(&mut self, set: &[u16], statements: &[usize]) -> Vec<(usize, Planned)> {
        if self.broken.is_some() {
            return Vec::new();
        }
        let open: Vec<usize> = statements.iter().copied().filter(|s| self.failed[*s].is_none()).collect();
        self.answer(set, &open).await.unwrap_or_default()
    }

    fn missing(&self, set: &[u16], statements: &[usize]) -> Vec<usize> {
        statements.iter().copied().filter(|s| self.failed[*s].is_none() && self.look(*s, set).is_none()).collect()
    }

    async fn answer(&mut self, set: &[u16], statements: &[usize]) -> Option<Vec<(usize, Planned)>> {
        let made: Set = set
            .iter()
            .copied()
            .filter(|i| statements.iter().any(|s| self.subjects[*s].concerned[usize::from(*i)]))
            .collect();
        let candidates: Vec<_> = made.iter().map(|i| &self.pool[usize::from(*i)].candidate).collect();
        let texts: Vec<String> = statements.iter().map(|s| self.subjects[*s].sql.clone()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let answers = self.trial.try_set(&texts, &candidates).await;
        self.explains += texts.len();
        let refused = answers.iter().all(|a| matches!(a, Err(TrialError::Server { .. }))) && !answers.is_empty();
        let mut planned = Vec::new();
        for (statement, answer) in statements.iter().zip(answers) {
            match answer {
                Ok(answer) => {
                    self.learn(*statement, set, &made, &answer);
                    planned.push((*statement, answer));
                }
                Err(error) => {
                    if refused && texts.len() > 1 {
                        // All at once: the connection broke, or the request was cancelled.
                        self.broken = Some(error);
                        return None;
                    }
                    // A method that refuses an index by itself cannot make it, which is to be told of it.
                    if let ([place], true) = (made.as_slice(), error.is_of_method())
                        && self.names[usize::from(*place)].is_none()
                    {
                        self.unmade[usize::from(*place)] = true;
                    }
                    // With this very set it cannot be planned in time, which is reason enough not to want it.
                    let set = self.concerning(*statement, set);
                    self.known[*statement].push(Known {
                        used: set.clone(),
                        set,
                        cost: f64::INFINITY,
                        told: f64::INFINITY,
                    });
                }
            }
        }
        (self.tell)(self.explains);
        Some(planned)
    }

    /// Which of the pool a plan uses.
    pub(super) fn used(&self, plan: &Plan) -> Set {
        (0_u16..)
            .zip(&self.names)
            .filter(|(_, name)| name.as_ref().is_some_and(|name| judge::uses(plan, name)))
            .map(|(place, _)| place)
            .collect()
    }

    fn learn(&mut self, statement: usize, set: &[u16], made: &[u16], answer: &Planned) {
        let mut used: Set = Vec::new();
        for (place, name) in made.iter().zip(&answer.names) {
            self.names[usize::from(*place)].clone_from(name);
            match name {
                None => self.unmade[usize::from(*place)] = true,
                Some(name) if judge::uses(&answer.plan, name) => {
                    // A use that nobody expected concerns the statement all the same.
                    self.subjects[statement].concerned[usize::from(*place)] = true;
                    used.push(*place);
                }
                Some(_) => {}
            }
        }
        let set = self.concerning(statement, set);
        self.known[statement].push(Known::new(set, used, &answer.plan, self.catalog));
    }
}

/// What a plan counts for in the unit that decides on its server; one that tells nothing costs nothing.
pub(super) fn price(plan: &Plan, catalog: &Catalog) -> f64 {
    finite(hedged(plan, catalog))
}

const fn finite(price: f64) -> f64 {
    if price.is_finite() { price } else { 0.0 }
}

/// Whether every place of the first set is in the second. Both ascend. Asked more often than anything else of a search.
fn within(small: &[u16], large: &[u16]) -> bool {
    let mut rest = large;
    small.len() <= large.len()
        && small.iter().all(|wanted| {
            while let [have, others @ ..] = rest {
                if have >= wanted {
                    rest = others;
                    return have == wanted;
                }
                rest = others;
            }
            false
        })
}
