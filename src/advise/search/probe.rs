//! First looks: which candidates the planner takes when it has all of them, and what each does alone.

use std::collections::{HashMap, HashSet};

use super::{Set, Walk, set};

/// More candidates at once make planning itself slow.
const AT_ONCE: usize = 60;
/// Looks at everything a statement has, and at its narrow candidates, which are overlooked beside wide ones.
const ROUNDS: usize = 4;
const NARROW_ROUNDS: usize = 3;
/// The same at those below these parts of the room.
const SMALL_ROUNDS: usize = 2;
const PARTS: [f64; 5] = [0.2, 0.08, 0.03, 0.01, 0.004];
/// How often the large ones are taken away, and how much smaller the rest is.
const DESCENT: usize = 10;
const SMALLER: f64 = 0.6;

impl Walk<'_> {
    /// Finds the candidates worth a place.
    pub(super) async fn probe(&mut self) {
        for statement in 0..self.base.len() {
            let mut own = self.costs.subjects[statement].own.clone();
            own.truncate(AT_ONCE);
            let mut narrow = own.clone();
            narrow.retain(|i| {
                let candidate = &self.costs.pool[usize::from(*i)].candidate;
                candidate.include.is_empty() && candidate.keys.len() <= 2
            });
            own.sort_unstable();
            narrow.sort_unstable();
            self.rounds(statement, own.clone(), ROUNDS).await;
            self.rounds(statement, narrow, NARROW_ROUNDS).await;
            if self.limits.bound() {
                self.small(statement, own).await;
            }
        }
        let promising = self.promising();
        for statement in 0..self.base.len() {
            let subject = &self.costs.subjects[statement];
            let mut foreign: Set = promising
                .iter()
                .copied()
                .filter(|i| subject.concerned[usize::from(*i)] && !subject.own.contains(i))
                .collect();
            foreign.truncate(AT_ONCE);
            foreign.sort_unstable();
            if !foreign.is_empty() {
                self.rounds(statement, foreign, 2).await;
            }
        }
        self.merge();
        for statement in 0..self.base.len() {
            let helping = self.help[statement].clone();
            self.costs.narrow(statement, &helping);
        }
    }

    /// All that helped some statement, what helped most for its bytes first.
    fn promising(&self) -> Set {
        let mut worth: HashMap<u16, f64> = HashMap::new();
        for (statement, reached) in self.reached.iter().enumerate() {
            let weight = self.costs.subjects[statement].weight;
            for (one, cost) in reached {
                *worth.entry(*one).or_default() += (self.base[statement] - cost).max(0.0) * weight;
            }
        }
        let mut all: Vec<(u16, f64)> = worth
            .into_iter()
            .map(|(one, gain)| (one, gain / self.costs.pool[usize::from(one)].bytes.max(1.0)))
            .collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        all.into_iter().map(|(one, _)| one).collect()
    }

    /// What is merged of two promising ones helps what each of them helps.
    fn merge(&mut self) {
        let promising: HashSet<u16> = self.help.iter().flatten().copied().collect();
        for (merged, thing) in (0_u16..).zip(&self.costs.pool) {
            if thing.parts.is_empty() || !thing.parts.iter().all(|part| promising.contains(part)) {
                continue;
            }
            for statement in 0..self.base.len() {
                let reached: Vec<f64> =
                    thing.parts.iter().filter_map(|part| self.reached[statement].get(part).copied()).collect();
                if let Some(least) = reached.into_iter().reduce(f64::min) {
                    self.help[statement].push(merged);
                    self.reached[statement].insert(merged, least);
                    let hoped = thing.parts.iter().filter_map(|part| self.hoped[statement].get(part).copied());
                    if let Some(least) = hoped.reduce(f64::min) {
                        self.hoped[statement].insert(merged, least);
                    }
                }
            }
        }
    }

    async fn rounds(&mut self, statement: usize, mut left: Set, rounds: usize) {
        for _ in 0..rounds {
            if left.is_empty() || !self.costs.ask(&left, &[statement]).await {
                return;
            }
            let Some((cost, used)) = self.costs.look(statement, &left) else { return };
            let used: Set = used.to_vec();
            if self.all_used[statement].is_empty() {
                self.all_used[statement].clone_from(&used);
            }
            if used.is_empty() || cost > self.base[statement] * (1.0 - self.noise) {
                return;
            }
            left.retain(|i| !used.contains(i));
            self.learn(statement, cost, &used);
        }
    }

    /// Takes down what a plan cost with what it used.
    fn learn(&mut self, statement: usize, cost: f64, used: &Set) {
        // What several won together is expected of each in part, until it is looked at by itself.
        #[expect(clippy::cast_precision_loss, reason = "a short list")]
        let part = self.base[statement] - (self.base[statement] - cost) / used.len() as f64;
        for one in used {
            let reached = self.reached[statement].entry(*one).or_insert(part);
            *reached = reached.min(part);
            let hoped = self.hoped[statement].entry(*one).or_insert(cost);
            *hoped = hoped.min(cost);
            if !self.help[statement].contains(one) {
                self.help[statement].push(*one);
            }
        }
        if used.len() > 1 && !self.together.contains(used) {
            self.together.push(used.clone());
        }
    }

    /// Looks at small candidates by themselves: where there is little room they are what counts, and beside large ones no plan uses
    /// them.
    async fn small(&mut self, statement: usize, mut own: Set) {
        let room = self.room();
        for part in PARTS {
            let before = own.len();
            own.retain(|i| self.costs.pool[usize::from(*i)].bytes <= part * room);
            if own.len() < before {
                self.rounds(statement, own.clone(), SMALL_ROUNDS).await;
            }
        }
    }

    /// Looks for what every statement would take beside the set, in large and in small.
    pub(super) async fn explore(&mut self, set: &[u16]) {
        for statement in 0..self.base.len() {
            let mut own = self.help[statement].clone();
            own.retain(|i| !set.contains(i));
            own.truncate(AT_ONCE);
            self.descend(statement, set, own).await;
        }
    }

    /// Plans a statement with all there is, then with what is smaller than the largest that its plan used, and so on: what it costs
    /// for what it takes.
    async fn descend(&mut self, statement: usize, set: &[u16], mut own: Set) {
        own.sort_unstable();
        for _ in 0..DESCENT {
            let all = self.with(set, &own);
            if own.is_empty() || !self.costs.ask(&all, &[statement]).await {
                return;
            }
            let Some((cost, used)) = self.costs.look(statement, &all) else { return };
            let used: Set = used.to_vec();
            if cost > self.base[statement] * (1.0 - self.noise) {
                return;
            }
            self.learn(statement, cost, &used);
            let bytes = |i: &&u16| self.costs.pool[usize::from(**i)].bytes;
            let new = used.iter().filter(|i| own.contains(i));
            let Some(largest) = new.max_by(|a, b| bytes(a).total_cmp(&bytes(b))).copied() else { return };
            let limit = bytes(&&largest) * SMALLER;
            own.retain(|i| bytes(&i) < limit);
        }
    }

    /// Statements that a set helped in some plan.
    pub(super) fn helped(&self, more: &[u16]) -> Vec<usize> {
        (0..self.base.len())
            .filter(|s| self.costs.failed[*s].is_none() && more.iter().any(|i| self.help[*s].contains(i)))
            .collect()
    }

    /// The set with more in it; see [`set::with`].
    pub(super) fn with(&self, set: &[u16], more: &[u16]) -> Set {
        set::with(set, more, &self.costs.giving_way)
    }
}
