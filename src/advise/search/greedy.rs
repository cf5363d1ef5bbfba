//! The greedy walk: each time what gains most for its bytes. Gains only shrink as the set grows (nearly so), so one that
//! was looked at some steps ago is looked at again only when it comes to the top.

use super::{LEAST, NOISE, Set, Walk};

/// How far bytes count: fully, or less, which favours large indexes that gain much. The better end wins.
const EXPONENTS: [f64; 2] = [1.0, 0.6];
/// Bytes that every index costs beside its own, as a part of the tables: none is free.
const FLAT: f64 = 0.005;

/// Something that could be added.
#[derive(Debug, Clone)]
pub(super) struct Move {
    pub(super) add: Set,
    gain: f64,
    worth: f64,
    /// The step at which the gain was true.
    step: usize,
}

impl Walk<'_> {
    /// Walks once for each exponent, and takes the better end.
    pub(super) async fn greedy(&mut self) -> Set {
        let moves = self.moves();
        let mut best: Option<(f64, Set)> = None;
        for exponent in EXPONENTS {
            if best.is_some() && (self.costs.over() || self.limits.bytes.is_none()) {
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
        let mut step = 0;
        let mut queue: Vec<Move> = Vec::new();
        for add in moves {
            let next = self.with(&set, add);
            if let Some(gain) = self.gain(&set, &next, &self.helped(add)) {
                queue.push(self.weigh(&set, &next, add.clone(), gain, exponent, step));
            } else {
                // Not known yet: looked at when nothing better is left.
                queue.push(Move { add: add.clone(), gain: f64::MAX, worth: f64::MAX, step: usize::MAX });
            }
        }
        while let Some(at) = best(&queue) {
            let top = queue.swap_remove(at);
            let next = self.with(&set, &top.add);
            if next == set || !self.fits(&next) {
                continue;
            }
            if top.step != step {
                let affected = self.affected(&set, &next, &top.add);
                if !self.costs.ask(&next, &affected).await {
                    continue;
                }
                if let Some(gain) = self.gain(&set, &next, &affected)
                    && gain > self.least()
                {
                    let again = self.weigh(&set, &next, top.add, gain, exponent, step);
                    queue.push(again);
                }
                continue;
            }
            let concerned = self.affected_by(&set, &next);
            self.costs.ask(&next, &concerned).await;
            // Others may have become dearer, or the gain was one of noise alone.
            if self.total(&next) < self.total(&set) - self.least() && self.notable(&set, &next) {
                set = next;
                step += 1;
            }
        }
        set
    }

    /// What a step gains, as far as the costs are known.
    pub(super) fn gain(&self, set: &[u16], next: &[u16], statements: &[usize]) -> Option<f64> {
        let mut gain = self.price(set) - self.price(next);
        for statement in statements {
            let before = self.costs.cost(*statement, set).unwrap_or(self.base[*statement]);
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

    /// Whether some statement gains more than noise from the step.
    fn notable(&self, set: &[u16], next: &[u16]) -> bool {
        (0..self.base.len()).any(|s| {
            let before = self.costs.cost(s, set).unwrap_or(self.base[s]);
            self.costs.cost(s, next).is_some_and(|after| after < before * (1.0 - NOISE))
        })
    }

    /// Statements whose cost a step is known to change: those that its indexes helped, and those that use what it takes away.
    fn affected(&self, set: &[u16], next: &[u16], add: &[u16]) -> Vec<usize> {
        let mut found = self.helped(add);
        let gone: Set = set.iter().copied().filter(|i| !next.contains(i)).collect();
        if !gone.is_empty() {
            for statement in self.concerned(&gone) {
                if !found.contains(&statement) {
                    found.push(statement);
                }
            }
        }
        found
    }

    /// Every statement whose cost a step could change.
    fn affected_by(&self, set: &[u16], next: &[u16]) -> Vec<usize> {
        let changed: Set =
            set.iter().filter(|i| !next.contains(i)).chain(next.iter().filter(|i| !set.contains(i))).copied().collect();
        self.concerned(&changed)
    }

    fn weigh(&self, set: &[u16], next: &[u16], add: Set, gain: f64, exponent: f64, step: usize) -> Move {
        let bytes = (self.bytes(next) - self.bytes(set)).max(0.0) + self.tables * FLAT;
        Move { add, gain, worth: gain / bytes.max(1.0).powf(exponent), step }
    }
}

/// The most worthy.
fn best(queue: &[Move]) -> Option<usize> {
    queue
        .iter()
        .enumerate()
        .filter(|(_, m)| m.gain > 0.0)
        .max_by(|(_, a), (_, b)| a.worth.total_cmp(&b.worth))
        .map(|(at, _)| at)
}
