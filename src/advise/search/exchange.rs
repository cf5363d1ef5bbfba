//! Against the bounds: what an index, or two, would leave room for.

use super::{Set, Walk};

/// So many of the indexes that earn least for their bytes are tried out two at a time.
const PAIRED: usize = 10;
/// How far bytes count for what comes instead of one (see [`Walk::greedy`]): fully, and not at all, which finds the large index that
/// a dense one would keep out …
const ALONE: [f64; 2] = [1.0, 0.0];
/// … and instead of two.
const EXPONENTS: [f64; 2] = [1.0, 0.6];
/// This part of the questions is left for what follows.
const LEFT: usize = 4;

impl Walk<'_> {
    /// Fills the room that is left.
    pub(super) async fn fill(&mut self, set: Set) -> Set {
        let moves = self.moves();
        self.climb(set, &moves, 1.0, f64::INFINITY).await
    }

    /// Tries each index against what its bytes would buy elsewhere: nothing in its place, or a part of it.
    pub(super) async fn exchange(&mut self, mut set: Set) -> Set {
        for one in self.by_worth(&set) {
            if self.costs.over() || !set.contains(&one) {
                continue;
            }
            for exponent in ALONE {
                if set.contains(&one) {
                    set = self.instead(set, &[one], &[], exponent).await;
                }
            }
            if !set.contains(&one) || self.costs.pool[usize::from(one)].candidate.include.is_empty() {
                continue;
            }
            for part in self.parts(one) {
                if self.costs.over() || !set.contains(&one) {
                    break;
                }
                set = self.instead(set, &[one], &[part], 1.0).await;
            }
        }
        set
    }

    /// The same for two at once, with small indexes in their place or with large ones, again and again as long as it helps.
    pub(super) async fn exchange_pairs(&mut self, mut set: Set) -> Set {
        loop {
            let before = set.clone();
            let mut order = self.by_worth(&set);
            order.truncate(PAIRED);
            for (first, one) in order.iter().enumerate() {
                for other in &order[first + 1..] {
                    for exponent in EXPONENTS {
                        if self.costs.nearly_over(LEFT) {
                            return set;
                        }
                        if set.contains(one) && set.contains(other) {
                            set = self.instead(set, &[*one, *other], &[], exponent).await;
                        }
                    }
                }
            }
            if set == before {
                return set;
            }
        }
    }

    /// The indexes of a set, those that earn least for their bytes first.
    fn by_worth(&self, set: &[u16]) -> Set {
        let mut order = set.to_vec();
        order.sort_by(|a, b| {
            let worth = |i: u16| self.uses(set, i) / self.costs.pool[usize::from(i)].bytes.max(1.0);
            worth(*a).total_cmp(&worth(*b))
        });
        order
    }

    /// The set without some, with something else instead, and what then fits; or the set as it was, if that was better.
    async fn instead(&mut self, set: Set, gone: &[u16], new: &[u16], exponent: f64) -> Set {
        let mut less = set.clone();
        less.retain(|i| !gone.contains(i));
        let less = self.with(&less, new);
        let goal = self.total(&set) - self.least() / 2.0;
        let mut concerned: Vec<usize> = gone.iter().flat_map(|one| self.users(&set, *one)).collect();
        concerned.sort_unstable();
        concerned.dedup();
        if !self.costs.ask(&less, &concerned).await {
            return set;
        }
        let moves: Vec<Set> = self.moves().into_iter().filter(|m| !m.iter().any(|i| gone.contains(i))).collect();
        let next = self.climb(less, &moves, exponent, goal).await;
        if self.total(&next) < goal { next } else { set }
    }
}
