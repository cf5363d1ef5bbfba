//! The greedy walk: each time what gains most for its bytes. What a candidate can gain at most is known from the first
//! looks, and shrinks as the set grows; the server is asked only about what could be the best.

use std::collections::HashSet;

use super::{LEAST, Set, Walk};

/// How far bytes count where there is room for all: less than fully, which favours large indexes that gain much.
const UNBOUNDED: f64 = 0.5;
/// Bytes that every index costs beside its own, as a part of the tables: none is free.
const FLAT: f64 = 0.005;

/// Something that could be added.
struct Move {
    add: Set,
    /// Statements that it helped, with what each is expected to cost with it, and the least that each ever cost when it used one
    /// of these.
    helped: Vec<(usize, f64, f64)>,
    /// What it could gain if each statement came to that least.
    hope: f64,
    /// What it gained when it was last looked at.
    gained: Option<f64>,
    /// How far what it may gain is known for the set as it is now.
    known: Sure,
    /// What it is worth for its bytes, and what it gains; both at best unless it was asked.
    worth: f64,
    gain: f64,
    bytes: f64,
}

/// How sure the gain of a move is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sure {
    /// A bound from what was seen first.
    Loose,
    /// A bound from all that the server said.
    Tight,
    /// The server was asked.
    Asked,
}

impl Walk<'_> {
    /// Walks up from nothing and, where several statements share indexes, down from everything, and takes the better end. For sets that
    /// nothing bounds.
    pub(super) async fn greedy(&mut self) -> Set {
        let moves = self.moves();
        let up = self.climb(Vec::new(), &moves, UNBOUNDED, f64::INFINITY).await;
        if self.base.len() == 1 {
            return up;
        }
        let down = self.downwards().await;
        if self.total(&down) < self.total(&up) { down } else { up }
    }

    /// The other way round, where nothing bounds the set: all that any statement would take if it had everything, without what earns
    /// too little.
    async fn downwards(&mut self) -> Set {
        let mut set = Set::new();
        for used in self.all_used.clone() {
            set = self.with(&set, &used);
        }
        let all: Vec<usize> = (0..self.base.len()).collect();
        if !self.costs.ask(&set, &all).await {
            return Set::new();
        }
        self.drop_superfluous(set).await
    }

    /// Every promising candidate, and those that a plan used together.
    pub(super) fn moves(&self) -> Vec<Set> {
        let mut seen = HashSet::new();
        let mut moves: Vec<Set> =
            self.help.iter().flatten().filter(|one| seen.insert(**one)).map(|one| vec![*one]).collect();
        moves.extend(self.together.iter().filter(|set| set.len() <= 4).cloned());
        moves
    }

    /// Adds to a set until nothing gains any more, nothing fits, or what is left cannot make the total smaller than the goal.
    pub(super) async fn climb(&mut self, mut set: Set, moves: &[Set], exponent: f64, goal: f64) -> Set {
        let mut queue: Vec<Move> = moves.iter().map(|add| self.step(add)).collect();
        let mut total = self.total(&set);
        self.weigh(&set, &mut queue, exponent);
        loop {
            if goal.is_finite() && total - self.possible(&set, &queue) >= goal {
                return set;
            }
            let best = (0..queue.len())
                .filter(|at| queue[*at].worth > 0.0)
                .max_by(|a, b| queue[*a].worth.total_cmp(&queue[*b].worth));
            let Some(at) = best else { return set };
            let next = self.with(&set, &queue[at].add);
            if queue[at].known == Sure::Asked {
                queue.swap_remove(at);
                let then = self.total(&next);
                // Others may have become dearer, or the gain was one of noise alone.
                if then < total - self.least() && self.notable(&set, &next) {
                    set = next;
                    total = then;
                    self.weigh(&set, &mut queue, exponent);
                }
                continue;
            }
            if queue[at].known == Sure::Loose {
                let gain = self.at_best(&set, &next, &queue[at]);
                let one = &mut queue[at];
                one.known = Sure::Tight;
                one.set(one.gain.min(gain), self.least(), exponent);
                continue;
            }
            let affected = self.affected(&set, &next, &queue[at]);
            if !self.costs.ask(&next, &affected).await {
                // What is not known cannot be chosen any more; what is may still be.
                queue.swap_remove(at);
                continue;
            }
            match self.gain(&set, &next, &affected) {
                Some(gain) if gain > self.least() => {
                    let one = &mut queue[at];
                    one.known = Sure::Asked;
                    one.gained = Some(gain);
                    one.set(gain, 0.0, exponent);
                }
                _ => {
                    queue.swap_remove(at);
                }
            }
        }
    }

    fn step(&self, add: &Set) -> Move {
        let least = |s: usize| add.iter().filter_map(|i| self.hoped[s].get(i)).copied().fold(self.base[s], f64::min);
        let helped = self.helped(add).into_iter().map(|s| (s, self.reach(s, add), least(s))).collect();
        Move {
            add: add.clone(),
            helped,
            hope: 0.0,
            gained: None,
            known: Sure::Loose,
            worth: 0.0,
            gain: 0.0,
            bytes: 1.0,
        }
    }

    /// Bounds what every move is worth beside the set.
    fn weigh(&self, set: &[u16], queue: &mut Vec<Move>, exponent: f64) {
        let now: Vec<f64> = (0..self.base.len()).map(|s| self.value(s, self.at_most(s, set))).collect();
        let (price, bytes, least) = (self.price(set), self.bytes(set), self.least());
        queue.retain_mut(|one| {
            let next = self.with(set, &one.add);
            if next == set {
                return false;
            }
            if !self.fits(&next) {
                // It may fit once what it makes superfluous is there.
                one.worth = 0.0;
                return true;
            }
            let sum = |at: fn(&(usize, f64, f64)) -> f64| -> f64 {
                one.helped.iter().map(|each| (now[each.0] - self.value(each.0, at(each))).max(0.0)).sum()
            };
            let dearer = self.price(&next) - price;
            let most = sum(|each| each.1) - dearer;
            one.hope = sum(|each| each.1.min(each.2)) - dearer;
            // Two that were looked at apart may gain more together, but hardly ever do.
            let gain = one.gained.map_or(most, |gained| most.min(gained));
            one.bytes = (self.bytes(&next) - bytes).max(0.0) + self.tables * FLAT;
            one.known = Sure::Loose;
            one.set(gain, least, exponent);
            true
        });
    }

    /// The most that a move can gain by all that the server said of larger sets.
    fn at_best(&self, set: &[u16], next: &[u16], one: &Move) -> f64 {
        let gain: f64 = one
            .helped
            .iter()
            .map(|(s, reach, _)| {
                let least = self.costs.floor(*s, next).max(*reach).min(self.base[*s]);
                (self.value(*s, self.at_most(*s, set)) - self.value(*s, least)).max(0.0)
            })
            .sum();
        gain + self.price(set) - self.price(next)
    }

    /// What all moves that still fit could gain at most, taking parts of them.
    fn possible(&self, set: &[u16], queue: &[Move]) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "sizes")]
        let mut room = self.limits.bytes.map_or(f64::INFINITY, |b| b as f64) - self.bytes(set);
        let mut dense: Vec<(f64, f64)> = queue
            .iter()
            .filter(|one| one.worth > 0.0)
            .map(|one| {
                (if one.known == Sure::Asked { one.gain } else { one.hope }, (one.bytes - self.tables * FLAT).max(1.0))
            })
            .collect();
        dense.sort_by(|a, b| (b.0 / b.1).total_cmp(&(a.0 / a.1)));
        let mut gain = 0.0;
        for (more, bytes) in dense {
            if room <= 0.0 {
                break;
            }
            gain += more * (room / bytes).min(1.0);
            room -= bytes;
        }
        gain
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
        let each = mean * self.noise / self.base.len().max(1) as f64;
        sum * LEAST + each
    }

    /// Whether some statement gains more than noise from each index of the step.
    pub(super) fn notable(&self, set: &[u16], next: &[u16]) -> bool {
        let left = next.iter().filter(|i| !set.contains(i)).fold(1.0, |left, _| left * (1.0 - self.noise));
        (0..self.base.len()).any(|s| self.at_most(s, next) < self.at_most(s, set) * left)
    }

    /// Statements whose cost a step is known to change: those that its indexes helped, and those that use what it takes away.
    fn affected(&self, set: &[u16], next: &[u16], step: &Move) -> Vec<usize> {
        let mut found: Vec<usize> = step.helped.iter().map(|(s, ..)| *s).collect();
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

impl Move {
    /// Takes a gain; one that is too small is worth nothing.
    fn set(&mut self, gain: f64, least: f64, exponent: f64) {
        self.gain = gain;
        self.worth = if gain > least { gain / self.bytes.max(1.0).powf(exponent) } else { 0.0 };
    }
}
