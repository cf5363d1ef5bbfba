//! First looks: which candidates the planner takes when it has all of them, and what each does alone.

use std::collections::HashSet;

use super::{NOISE, Set, Walk, set};

/// More candidates at once make planning itself slow.
const AT_ONCE: usize = 60;
/// Looks at everything a statement has, and at its narrow candidates, which are overlooked beside wide ones.
const ROUNDS: usize = 4;
const NARROW_ROUNDS: usize = 3;

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
            self.rounds(statement, own, ROUNDS).await;
            self.rounds(statement, narrow, NARROW_ROUNDS).await;
        }
        for statement in 0..self.base.len() {
            let mut foreign: Set = self.help.iter().flatten().copied().collect();
            foreign.sort_unstable();
            foreign.dedup();
            let subject = &self.costs.subjects[statement];
            foreign.retain(|i| subject.concerned[usize::from(*i)] && !subject.own.contains(i));
            foreign.truncate(AT_ONCE);
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

    /// What is merged of two promising ones helps what each of them helps.
    fn merge(&mut self) {
        let promising: HashSet<u16> = self.help.iter().flatten().copied().collect();
        for (merged, thing) in (0_u16..).zip(self.costs.pool) {
            if thing.parts.is_empty() || !thing.parts.iter().all(|part| promising.contains(part)) {
                continue;
            }
            for statement in 0..self.base.len() {
                let reached: Vec<f64> =
                    thing.parts.iter().filter_map(|part| self.reached[statement].get(part).copied()).collect();
                if let Some(least) = reached.into_iter().reduce(f64::min) {
                    self.help[statement].push(merged);
                    self.reached[statement].insert(merged, least);
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
            if used.is_empty() || cost > self.base[statement] * (1.0 - NOISE) {
                return;
            }
            left.retain(|i| !used.contains(i));
            // What several won together is expected of each in part, until it is looked at by itself.
            #[expect(clippy::cast_precision_loss, reason = "a short list")]
            let part = self.base[statement] - (self.base[statement] - cost) / used.len() as f64;
            for one in &used {
                let reached = self.reached[statement].entry(*one).or_insert(part);
                *reached = reached.min(part);
                if !self.help[statement].contains(one) {
                    self.help[statement].push(*one);
                }
            }
            if used.len() > 1 && !self.together.contains(&used) {
                self.together.push(used);
            }
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
        set::with(set, more, self.costs.pool)
    }
}
