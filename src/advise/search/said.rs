//! What the server said, put together anew: a plan that was seen is one that every set can have that holds all it uses, so
//! that sets are compared without a question. This is the choice of indexes by cached plans (INUM: Papadomanolakis, Dash and
//! Ailamaki, "Efficient Use of the Query Optimizer for Automated Physical Design", VLDB 2007), searched from place to place.

use std::{
    cmp::Ordering,
    collections::{BTreeSet, BinaryHeap, HashMap},
};

use super::Set;

/// How far bytes count for what is added (see [`super::Walk::greedy`]).
const EXPONENTS: [f64; 3] = [1.0, 0.6, 0.0];
/// So many of the indexes that earn least for their bytes are taken out two at a time.
const PAIRED: usize = 12;
/// So often for each statement some are taken out at a venture, and so many at a time.
const SHAKEN: u64 = 4;
const TAKEN: std::ops::RangeInclusive<u64> = 2..=7;
/// Plans that use more indexes than this are reached step by step.
const MOST_USED: usize = 6;
/// A smaller change of the total is none.
const ANYTHING: f64 = 1e-9;

/// What the server said so far, and what it is worth. Candidates are places in the pool.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// By statement: what its plans use, and what it adds to the total with them; the best first, all better than without any index.
    pub(super) plans: Vec<Vec<(Set, f64)>>,
    /// What each statement adds without any index.
    pub(super) base: Vec<f64>,
    /// By candidate: bytes, and what it adds to the total by itself.
    pub(super) bytes: Vec<f64>,
    pub(super) prices: Vec<f64>,
    /// By candidate: those that it makes superfluous.
    pub(super) narrower: HashMap<u16, Set>,
    /// Bytes and indexes that there may be.
    pub(super) room: f64,
    pub(super) most: usize,
    /// By candidate, made of the rest: those that make it superfluous; statements with a plan that uses it.
    pub(super) wider: HashMap<u16, Set>,
    pub(super) users: HashMap<u16, Vec<usize>>,
}

/// A set with what is known of it.
#[derive(Clone)]
struct State {
    have: Vec<bool>,
    set: BTreeSet<u16>,
    /// By statement: what it adds to the total.
    values: Vec<f64>,
    bytes: f64,
    total: f64,
}

/// What a bundle was worth for its bytes when it was last looked at.
struct Bundle<'a> {
    worth: f64,
    add: &'a Set,
}

/// What adding something would do.
struct Added {
    new: Set,
    gone: Set,
    worth: f64,
}

impl Said {
    /// The best set found by taking out one, two or some and filling the room again, beginning with each of these. The same questions
    /// give the same answer.
    pub(super) fn best(mut self, from: &[Set], over: &dyn Fn() -> bool) -> Set {
        self.index();
        let mut best: Option<State> = None;
        for set in from {
            for exponent in EXPONENTS {
                let state = self.filled(self.filled(self.state(set), exponent, &[]), 1.0, &[]);
                if best.as_ref().is_none_or(|best| state.total < best.total) {
                    best = Some(state);
                }
            }
        }
        let Some(best) = best else { return Set::new() };
        let best = self.exchanged(best, over);
        let best = self.shaken(best, over);
        self.exchanged(best, over).set.into_iter().collect()
    }

    fn index(&mut self) {
        for plans in &mut self.plans {
            plans.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.len().cmp(&b.0.len())).then(a.0.cmp(&b.0)));
            let mut kept: Vec<(Set, f64)> = Vec::new();
            for (used, value) in std::mem::take(plans) {
                // A plan that needs more and is no better is never the one.
                if !kept.iter().any(|(less, _)| less.iter().all(|i| used.contains(i))) {
                    kept.push((used, value));
                }
            }
            *plans = kept;
        }
        for (statement, plans) in self.plans.iter().enumerate() {
            for one in plans.iter().flat_map(|(used, _)| used) {
                let list = self.users.entry(*one).or_default();
                if list.last() != Some(&statement) {
                    list.push(statement);
                }
            }
        }
        for (wide, narrower) in &self.narrower {
            for narrow in narrower {
                self.wider.entry(*narrow).or_default().push(*wide);
            }
        }
    }

    /// Takes out one or two and fills the room again, as long as that helps.
    fn exchanged(&self, mut best: State, over: &dyn Fn() -> bool) -> State {
        loop {
            let before = best.total;
            for one in self.by_worth(&best) {
                if best.have[usize::from(one)] && !over() {
                    best = self.instead(best, &[one]);
                }
            }
            let mut order = self.by_worth(&best);
            order.truncate(PAIRED);
            for (first, one) in order.iter().enumerate() {
                for other in &order[first + 1..] {
                    if best.have[usize::from(*one)] && best.have[usize::from(*other)] && !over() {
                        best = self.instead(best, &[*one, *other]);
                    }
                }
            }
            if best.total >= before - ANYTHING || over() {
                return best;
            }
        }
    }

    /// Takes out some at a venture and fills the room again, many times.
    fn shaken(&self, mut best: State, over: &dyn Fn() -> bool) -> State {
        for turn in 0..SHAKEN * self.base.len() as u64 {
            if over() || best.set.len() < 2 {
                break;
            }
            let members: Set = best.set.iter().copied().collect();
            let draw = |salt: u64, below: u64| scrambled(turn << 8 | salt) % below.max(1);
            let count = TAKEN.start() + draw(0, TAKEN.end() - TAKEN.start() + 1);
            let mut gone: Set = (1..=count)
                .filter_map(|n| members.get(usize::try_from(draw(n, members.len() as u64)).unwrap_or(0)).copied())
                .collect();
            gone.sort_unstable();
            gone.dedup();
            let exponent = EXPONENTS[usize::try_from(draw(9, 3)).unwrap_or(0)];
            // Half of them may come back at once.
            let barred: Set = gone.iter().copied().filter(|one| draw(10 + u64::from(*one), 2) == 0).collect();
            let next = self.filled(self.filled(self.less(&best, &gone), exponent, &barred), 1.0, &[]);
            if next.total < best.total - ANYTHING {
                best = next;
            }
        }
        best
    }

    fn state(&self, set: &[u16]) -> State {
        let mut state = State {
            have: vec![false; self.bytes.len()],
            set: BTreeSet::new(),
            values: self.base.clone(),
            bytes: 0.0,
            total: self.base.iter().sum(),
        };
        self.change(&mut state, set, &[]);
        state
    }

    fn less(&self, state: &State, gone: &[u16]) -> State {
        let mut less = state.clone();
        self.change(&mut less, &[], gone);
        less
    }

    fn change(&self, state: &mut State, new: &[u16], gone: &[u16]) {
        mark(&mut state.have, gone, false);
        mark(&mut state.have, new, true);
        state.set.retain(|one| !gone.contains(one));
        state.set.extend(new);
        state.bytes += self.bytes(new) - self.bytes(gone);
        state.total += self.prices(new) - self.prices(gone);
        for statement in self.users(new.iter().chain(gone)) {
            let value = self.value(statement, &state.have);
            state.total += value - state.values[statement];
            state.values[statement] = value;
        }
    }

    /// What a statement adds with what there is.
    fn value(&self, statement: usize, have: &[bool]) -> f64 {
        let possible = self.plans[statement].iter().find(|(used, _)| used.iter().all(|i| have[usize::from(*i)]));
        possible.map_or(self.base[statement], |(_, value)| *value)
    }

    fn bytes(&self, set: &[u16]) -> f64 {
        set.iter().map(|i| self.bytes[usize::from(*i)]).sum()
    }

    fn prices(&self, set: &[u16]) -> f64 {
        set.iter().map(|i| self.prices[usize::from(*i)]).sum()
    }

    /// Statements that any of these concerns.
    fn users<'s>(&self, set: impl Iterator<Item = &'s u16>) -> Vec<usize> {
        let mut all: Vec<usize> = set.filter_map(|i| self.users.get(i)).flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The indexes of a set, those that would be missed least for their bytes first.
    fn by_worth(&self, state: &State) -> Set {
        let missed = |one: u16| (self.less(state, &[one]).total - state.total) / self.bytes[usize::from(one)].max(1.0);
        let mut order: Vec<(f64, u16)> = state.set.iter().map(|one| (missed(*one), *one)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        order.into_iter().map(|(_, one)| one).collect()
    }

    /// The set without some, filled with the best of what fits then; or as it was, if that was better.
    fn instead(&self, state: State, gone: &[u16]) -> State {
        let less = self.less(&state, gone);
        let mut best = state;
        for exponent in EXPONENTS {
            let next = self.filled(self.filled(less.clone(), exponent, gone), 1.0, &[]);
            if next.total < best.total - ANYTHING {
                best = next;
            }
        }
        best
    }

    /// The set with what gains most for its bytes, one after the other, as long as anything fits; nothing of what is barred.
    fn filled(&self, mut state: State, exponent: f64, barred: &[u16]) -> State {
        let mut bundles: Vec<&Set> = Vec::new();
        for (statement, plans) in self.plans.iter().enumerate() {
            let better = plans.iter().take_while(|(_, value)| *value < state.values[statement] - ANYTHING);
            bundles.extend(
                better
                    .map(|(used, _)| used)
                    .filter(|used| used.len() <= MOST_USED && !used.iter().any(|i| barred.contains(i))),
            );
        }
        bundles.sort_unstable();
        bundles.dedup();
        let mut queue: BinaryHeap<Bundle<'_>> =
            bundles.into_iter().map(|add| Bundle { worth: f64::INFINITY, add }).collect();
        while let Some(bundle) = queue.pop() {
            let Some(added) = self.added(&mut state, bundle.add, exponent) else { continue };
            // What was worth most when it was last looked at is worth less by now, if anything.
            if queue.peek().is_none_or(|next| added.worth >= next.worth) {
                self.change(&mut state, &added.new, &added.gone);
            } else {
                queue.push(Bundle { worth: added.worth, add: bundle.add });
            }
        }
        state
    }

    /// What a bundle more would be worth for its bytes; `None` when it gains nothing or does not fit. The state is left as it was.
    fn added(&self, state: &mut State, bundle: &Set, exponent: f64) -> Option<Added> {
        let new: Set = bundle.iter().copied().filter(|i| !state.have[usize::from(*i)]).collect();
        let superfluous = |i: &u16| {
            self.wider.get(i).is_some_and(|wider| wider.iter().any(|w| state.have[usize::from(*w)] || new.contains(w)))
        };
        if new.is_empty() || new.iter().any(superfluous) {
            return None;
        }
        let mut gone: Set = new.iter().filter_map(|i| self.narrower.get(i)).flatten().copied().collect();
        gone.retain(|i| state.have[usize::from(*i)]);
        gone.sort_unstable();
        gone.dedup();
        let more = self.bytes(&new) - self.bytes(&gone);
        if state.bytes + more > self.room || state.set.len() + new.len() - gone.len() > self.most {
            return None;
        }
        mark(&mut state.have, &gone, false);
        mark(&mut state.have, &new, true);
        let mut gain = self.prices(&gone) - self.prices(&new);
        for statement in self.users(new.iter().chain(&gone)) {
            gain += state.values[statement] - self.value(statement, &state.have);
        }
        mark(&mut state.have, &new, false);
        mark(&mut state.have, &gone, true);
        (gain > ANYTHING).then(|| Added { new, gone, worth: gain / more.max(1.0).powf(exponent) })
    }
}

fn mark(have: &mut [bool], set: &[u16], there: bool) {
    for one in set {
        have[usize::from(*one)] = there;
    }
}

impl Ord for Bundle<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.worth.total_cmp(&other.worth).then_with(|| other.add.cmp(self.add))
    }
}

impl PartialOrd for Bundle<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Bundle<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Bundle<'_> {}

/// A number that looks like chance and is always the same (`SplitMix64`: Steele, Lea and Flood, OOPSLA 2014).
const fn scrambled(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Six statements that 10 candidates help in all sorts of plans.
    fn some(seed: u64) -> Said {
        let mut turn = seed << 20;
        let mut draw = |below: u64| {
            turn += 1;
            scrambled(turn) % below
        };
        let plans = (0..6)
            .map(|_| {
                (0..8)
                    .map(|_| {
                        let mut used: Set = (0..=draw(3)).map(|_| u16::try_from(draw(10)).unwrap()).collect();
                        used.sort_unstable();
                        used.dedup();
                        #[expect(clippy::cast_precision_loss, reason = "a small number")]
                        let value = draw(100) as f64;
                        (used, value)
                    })
                    .collect()
            })
            .collect();
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let bytes = (0..10).map(|_| 1.0 + draw(50) as f64).collect();
        Said { plans, base: vec![100.0; 6], bytes, prices: vec![0.01; 10], room: 80.0, most: 10, ..Said::default() }
    }

    fn total(said: &Said, set: &[u16]) -> f64 {
        let value = |plans: &Vec<(Set, f64)>| {
            let possible =
                plans.iter().filter(|(used, _)| used.iter().all(|i| set.contains(i))).map(|(_, value)| *value);
            possible.fold(100.0, f64::min)
        };
        said.plans.iter().map(value).sum::<f64>() + said.prices(set)
    }

    #[test]
    fn the_best_of_all_sets_is_nearly_always_found_and_no_bound_is_broken() {
        let mut best_found = 0;
        for seed in 1..=100 {
            let said = some(seed);
            let sets = (0_u16..1 << 10).map(|bits| (0..10).filter(|i| bits >> i & 1 == 1).collect::<Set>());
            let least =
                sets.filter(|set| said.bytes(set) <= said.room).map(|set| total(&said, &set)).fold(1e9, f64::min);
            let found = some(seed).best(&[Set::new()], &|| false);
            assert!(said.bytes(&found) <= said.room);
            let total = total(&said, &found);
            assert!(total >= least - 1e-6);
            best_found += usize::from(total < least + 1e-6);
        }
        assert!(best_found >= 97, "{best_found} of 100");
    }

    #[test]
    fn nothing_stands_beside_what_makes_it_superfluous() {
        let plans = vec![vec![(vec![0], 40.0)], vec![(vec![1], 50.0)], vec![(vec![0, 1], 10.0)]];
        let said = Said {
            plans,
            base: vec![100.0; 3],
            bytes: vec![10.0, 30.0],
            prices: vec![0.0; 2],
            narrower: HashMap::from([(1, vec![0])]),
            room: 100.0,
            most: 10,
            ..Said::default()
        };
        assert_eq!(said.best(&[Set::new()], &|| false), [0]);
    }
}
