//! The search among what the server said, from place to place: one, two or some indexes are taken out and the room is filled
//! again. It asks nothing, and begins the same way every time.

use std::{cmp::Ordering, collections::BinaryHeap};

use super::{
    Set,
    said::{ANYTHING, Board, Bundle, Said, State, sorted},
};

/// How far bytes count for what is added (see [`super::Walk::greedy`]).
const EXPONENTS: [f64; 2] = [1.0, 0.3];
/// So many of the indexes that earn least for their bytes are taken out two at a time.
const PAIRED: usize = 10;
/// So often for each statement some are taken out at a venture, and so many at a time.
const SHAKEN: u64 = 4;
const TAKEN: std::ops::RangeInclusive<u64> = 2..=7;
/// Plans that use more indexes than this are reached step by step.
const MOST_USED: usize = 6;

/// A bundle, and what it was worth for its bytes when it was last looked at.
struct Looked {
    worth: f64,
    bundle: usize,
}

impl Said {
    /// The best set found by taking out one, two or some and filling the room again, beginning with each of these. The same questions
    /// give the same answer.
    pub(super) fn best(&self, from: &[Set], over: &dyn Fn() -> bool) -> Set {
        let board = Board::new(self);
        let mut best: Option<State> = None;
        for set in from {
            for exponent in EXPONENTS {
                let state = board.filled(board.filled(board.state(set), exponent, &[]), 1.0, &[]);
                if best.as_ref().is_none_or(|best| state.total < best.total) {
                    best = Some(state);
                }
            }
        }
        let Some(best) = best else { return Set::new() };
        let best = board.exchanged(best, over);
        let best = board.shaken(best, over);
        board.paired(best, over).set()
    }
}

impl Board<'_> {
    /// Takes out one and fills the room again, as long as that helps.
    fn exchanged(&self, mut best: State, over: &dyn Fn() -> bool) -> State {
        loop {
            let before = best.total;
            for one in self.by_worth(&best) {
                if best.have[usize::from(one)] && !over() {
                    best = self.instead(best, &[one]);
                }
            }
            if best.total >= before - ANYTHING || over() {
                return best;
            }
        }
    }

    /// Takes out two of those that earn least and fills the room again; once more through all when that helped.
    fn paired(&self, mut best: State, over: &dyn Fn() -> bool) -> State {
        let before = best.total;
        let mut order = self.by_worth(&best);
        order.truncate(PAIRED);
        for (first, one) in order.iter().enumerate() {
            for other in &order[first + 1..] {
                if best.have[usize::from(*one)] && best.have[usize::from(*other)] && !over() {
                    best = self.instead(best, &[*one, *other]);
                }
            }
        }
        if best.total < before - ANYTHING { self.exchanged(best, over) } else { best }
    }

    /// Takes out some at a venture and fills the room again, many times.
    fn shaken(&self, mut best: State, over: &dyn Fn() -> bool) -> State {
        for turn in 0..SHAKEN * self.said.base.len() as u64 {
            let members = best.set();
            if over() || members.len() < 2 {
                break;
            }
            let draw = |salt: u64, below: u64| scrambled(turn << 20 | salt) % below.max(1);
            let count = TAKEN.start() + draw(0, TAKEN.end() - TAKEN.start() + 1);
            let gone: Set = sorted(
                (1..=count)
                    .filter_map(|n| members.get(usize::try_from(draw(n, members.len() as u64)).unwrap_or(0)).copied()),
            );
            let exponent = EXPONENTS[usize::try_from(draw(9, 2)).unwrap_or(0)];
            // Half of them may come back at once.
            let barred: Set = gone.iter().copied().filter(|one| draw(10 + u64::from(*one), 2) == 0).collect();
            let next = self.filled(self.filled(self.less(&best, &gone), exponent, &barred), 1.0, &[]);
            if next.total < best.total - ANYTHING {
                best = next;
            }
        }
        best
    }

    /// The indexes of a set, those that would be missed least for their bytes first.
    fn by_worth(&self, state: &State) -> Set {
        let bytes = |one: u16| self.said.bytes[usize::from(one)].max(1.0);
        let missed = |one: u16| (self.less(state, &[one]).total - state.total) / bytes(one);
        let mut order: Vec<(f64, u16)> = state.set().into_iter().map(|one| (missed(one), one)).collect();
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
        let mut seen = vec![false; self.bundles.len()];
        let mut queue = BinaryHeap::new();
        for (statement, plans) in self.plans.iter().enumerate() {
            let now = state.values[statement] - ANYTHING;
            for (bundle, _) in plans.iter().take_while(|(_, value)| *value < now) {
                let add = &self.bundles[*bundle].add;
                if !std::mem::replace(&mut seen[*bundle], true)
                    && add.len() <= MOST_USED
                    && !add.iter().any(|i| barred.contains(i))
                    && let Some(worth) = self.worth(&mut state, *bundle, exponent)
                {
                    queue.push(Looked { worth, bundle: *bundle });
                }
            }
        }
        while let Some(Looked { bundle, .. }) = queue.pop() {
            let Some(worth) = self.worth(&mut state, bundle, exponent) else { continue };
            // What was worth most when it was last looked at is worth less by now, if anything.
            if queue.peek().is_some_and(|next| worth < next.worth) {
                queue.push(Looked { worth, bundle });
                continue;
            }
            let Bundle { add, narrower, .. } = &self.bundles[bundle];
            let new: Set = add.iter().copied().filter(|i| !state.have[usize::from(*i)]).collect();
            let gone: Set = narrower.iter().copied().filter(|i| state.have[usize::from(*i)]).collect();
            self.change(&mut state, &new, &gone);
        }
        state
    }
}

impl Ord for Looked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.worth.total_cmp(&other.worth).then(other.bundle.cmp(&self.bundle))
    }
}

impl PartialOrd for Looked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Looked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Looked {}

/// A number that looks like chance and is always the same (`SplitMix64`: Steele, Lea and Flood, OOPSLA 2014).
const fn scrambled(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

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
        Said {
            plans,
            base: vec![100.0; 6],
            bytes,
            prices: vec![0.01; 10],
            room: 80.0,
            most: 10,
            narrower: HashMap::new(),
        }
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
    fn what_is_kept_of_a_set_is_what_it_is_by_itself() {
        for seed in 1..=20 {
            let said = some(seed);
            let board = Board::new(&said);
            let mut state = board.state(&[]);
            for turn in 0..40 {
                let drawn = scrambled(seed << 30 | turn);
                let (there, others): (Set, Set) = (0_u16..10).partition(|one| state.have[usize::from(*one)]);
                let some = |of: &Set, bits: u64| of.iter().copied().filter(|one| bits >> one & 1 == 1).collect::<Set>();
                board.change(&mut state, &some(&others, drawn & drawn >> 10), &some(&there, drawn >> 20));
                let anew = board.state(&state.set());
                assert_eq!((&state.at, &state.values, &state.missing), (&anew.at, &anew.values, &anew.missing));
                assert!((state.total - anew.total).abs() < 1e-6);
                for place in 0..board.bundles.len() {
                    let add: Set =
                        board.bundles[place].add.iter().copied().filter(|i| !state.have[usize::from(*i)]).collect();
                    let mut more = state.clone();
                    board.change(&mut more, &add, &[]);
                    let gain = state.total - more.total;
                    if let Some(worth) = board.worth(&mut state, place, 0.0) {
                        assert!((worth - gain).abs() < 1e-6, "{worth} {gain}");
                    }
                }
            }
        }
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
        };
        assert_eq!(said.best(&[Set::new()], &|| false), [0]);
    }
}
