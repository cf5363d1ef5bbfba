//! The greedy walk: each time what gains most for its bytes. What a candidate can gain at most is known from the first
//! looks, and shrinks as the set grows; the server is asked only about what could be the best.

use super::{LEAST, NOISE, Set, Walk};

/// How far bytes count: fully, or less, which favours large indexes that gain much. The better end wins, where the first has
/// left most questions unasked: a second walk costs as much as the first, and gains less than the last touches do.
const EXPONENTS: [f64; 3] = [1.0, 0.6, 0.8];
/// The same when bytes are not bounded.
const UNBOUNDED: f64 = 0.5;
/// Bytes that every index costs beside its own, as a part of the tables: none is free.
const FLAT: f64 = 0.005;

/// Something that could be added.
struct Move {
    add: Set,
    /// Statements that it helped.
    helped: Vec<usize>,
    /// What it gained when it was last looked at, and at which step.
    seen: Option<(f64, usize)>,
}

impl Walk<'_> {
    /// Walks once for each exponent, and takes the better end.
    pub(super) async fn greedy(&mut self) -> Set {
        let moves = self.moves();
        let mut best: Option<(f64, Set)> = None;
        if self.limits.bytes.is_none() {
            return self.climb(Vec::new(), &moves, UNBOUNDED).await;
        }
        for exponent in EXPONENTS {
            if best.is_some() && !self.costs.spare() {
                break;
            }
            let set = self.climb(Vec::new(), &moves, exponent).await;
            let total = self.total(&set);
            if best.as_ref().is_none_or(|(least, _)| total < *least) {
                best = Some((total, set));
            }
        }
        best.map(|(_, set)| set).unwrap_or_default()
    }

    /// Every promising candidate, and those that a plan used together.
    pub(super) fn moves(&self) -> Vec<Set> {
        let mut moves: Vec<Set> = Vec::new();
        for one in self.help.iter().flatten() {
            if !moves.contains(&vec![*one]) {
                moves.push(vec![*one]);
            }
        }
        moves.extend(self.together.iter().filter(|set| set.len() <= 4).cloned());
        moves
    }

    /// Adds to a set until nothing gains any more or nothing fits.
    pub(super) async fn climb(&mut self, mut set: Set, moves: &[Set], exponent: f64) -> Set {
        let mut queue: Vec<Move> =
            moves.iter().map(|add| Move { add: add.clone(), helped: self.helped(add), seen: None }).collect();
        let mut step = 0;
        let mut now = self.now(&set);
        loop {
            let best = (0..queue.len())
                .filter_map(|at| self.worth(&set, &now, &queue[at], step, exponent).map(|worth| (at, worth)))
                .max_by(|a, b| a.1.total_cmp(&b.1));
            let Some((at, _)) = best else { return set };
            let next = self.with(&set, &queue[at].add);
            if queue[at].seen.is_some_and(|(_, seen)| seen == step) {
                queue.swap_remove(at);
                // Others may have become dearer, or the gain was one of noise alone.
                if self.total(&next) < self.total(&set) - self.least() && self.notable(&set, &next) {
                    set = next;
                    step += 1;
                    now = self.now(&set);
                }
                continue;
            }
            let affected = self.affected(&set, &next, &queue[at]);
            if !self.costs.ask(&next, &affected).await {
                // What is not known cannot be chosen any more; what is may still be.
                queue.swap_remove(at);
                continue;
            }
            match self.gain(&set, &next, &affected) {
                Some(gain) if gain > self.least() => queue[at].seen = Some((gain, step)),
                _ => {
                    queue.swap_remove(at);
                }
            }
        }
    }

    /// What every statement costs with the set.
    fn now(&self, set: &[u16]) -> Vec<f64> {
        (0..self.base.len()).map(|s| self.at_most(s, set)).collect()
    }

    /// What a move is worth for its bytes at best; `None` when it is worth nothing or does not fit.
    fn worth(&self, set: &[u16], now: &[f64], step: &Move, at: usize, exponent: f64) -> Option<f64> {
        let next = self.with(set, &step.add);
        if next == set || !self.fits(&next) {
            return None;
        }
        let gain = match step.seen {
            Some((gain, seen)) if seen == at => gain,
            seen => {
                let most: f64 = step
                    .helped
                    .iter()
                    .map(|s| (self.value(*s, now[*s]) - self.value(*s, self.reach(*s, &step.add))).max(0.0))
                    .sum::<f64>()
                    + self.price(set)
                    - self.price(&next);
                // Two that were looked at apart may gain more together, but hardly ever do.
                seen.map_or(most, |(gain, _)| most.min(gain))
            }
        };
        let bytes = (self.bytes(&next) - self.bytes(set)).max(0.0) + self.tables * FLAT;
        (gain > self.least()).then(|| gain / bytes.max(1.0).powf(exponent))
    }

    /// The least that a statement ever cost when it used one of these.
    fn reach(&self, statement: usize, add: &[u16]) -> f64 {
        let known = self.costs.cost(statement, add);
        known.unwrap_or_else(|| {
            add.iter()
                .filter_map(|i| self.reached[statement].get(i))
                .copied()
                .fold(f64::INFINITY, f64::min)
                .min(self.base[statement])
        })
    }

    /// What a step gains, as far as the costs are known.
    fn gain(&self, set: &[u16], next: &[u16], statements: &[usize]) -> Option<f64> {
        let mut gain = self.price(set) - self.price(next);
        for statement in statements {
            let before = self.at_most(*statement, set);
            let after = self.costs.cost(*statement, next)?;
            gain += self.value(*statement, before) - self.value(*statement, after);
        }
        gain.is_finite().then_some(gain)
    }

    /// A gain below this is none.
    pub(super) fn least(&self) -> f64 {
        let (sum, mean) = self.limits.objective.parts();
        #[expect(clippy::cast_precision_loss, reason = "a count")]
        let each = mean * NOISE / self.base.len().max(1) as f64;
        sum * LEAST + each
    }

    /// Whether some statement gains more than noise from each index of the step.
    pub(super) fn notable(&self, set: &[u16], next: &[u16]) -> bool {
        let left = next.iter().filter(|i| !set.contains(i)).fold(1.0, |left, _| left * (1.0 - NOISE));
        (0..self.base.len()).any(|s| self.at_most(s, next) < self.at_most(s, set) * left)
    }

    /// Statements whose cost a step is known to change: those that its indexes helped, and those that use what it takes away.
    fn affected(&self, set: &[u16], next: &[u16], step: &Move) -> Vec<usize> {
        let mut found = step.helped.clone();
        let gone: Set = set.iter().copied().filter(|i| !next.contains(i)).collect();
        for (statement, _) in self.base.iter().enumerate() {
            let uses = self.costs.look(statement, set).is_some_and(|(_, used)| used.iter().any(|i| gone.contains(i)));
            if uses && !found.contains(&statement) {
                found.push(statement);
            }
        }
        found
    }
}
