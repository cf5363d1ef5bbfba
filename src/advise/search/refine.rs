//! The last touches to a set: drop, shrink, exchange; and no statement left dearer than it was.

use super::{DEARER, Planned, Set, Walk, costs, set, subsumes};
use crate::advise::judge::{WIDER_PART, WIDER_TIMES};

/// What a narrower index may lose, as a part of the whole.
const SHRINK_LOSS: f64 = 0.0005;
/// A smaller index is one of this part of the size; so many are looked at.
const SMALLER: f64 = 0.9;
const NARROWER: usize = 4;
/// How often the whole set is gone through.
const PASSES: usize = 3;

impl Walk<'_> {
    /// Improves a set as long as questions are left.
    pub(super) async fn refine(&mut self, mut set: Set) -> Set {
        for _ in 0..PASSES {
            let before = self.total(&set);
            set = self.drop_superfluous(set).await;
            set = self.shrink(set).await;
            if self.base.len() > 1 {
                set = self.narrow(set).await;
            }
            if self.limits.bytes.is_some() || self.limits.indexes.is_some() {
                set = self.fill(set).await;
            }
            if self.limits.bound() {
                set = self.assemble(set).await;
            }
            if self.limits.bound() || self.costs.over() || self.total(&set) > before - self.least() {
                break;
            }
        }
        if self.limits.bound() {
            // What the answers do not tell, by trial and error.
            if self.costs.half_left() {
                set = self.exchange(set).await;
                set = self.exchange_pairs(set).await;
                set = self.assemble(set).await;
            }
            set = self.drop_superfluous(set).await;
        }
        set
    }

    /// Takes out what hardly anything needs any more.
    pub(super) async fn drop_superfluous(&mut self, mut set: Set) -> Set {
        let mut order = set.clone();
        order.sort_by(|a, b| self.uses(&set, *a).total_cmp(&self.uses(&set, *b)));
        for one in order {
            let less = set::without(&set, one);
            let concerned = self.concerned(&[one]);
            if !self.costs.ask(&less, &concerned).await {
                return set;
            }
            // What came with others, and no statement would miss by more than noise, goes too.
            if self.total(&less) <= self.total(&set) + self.least() || !self.notable(&less, &set) {
                set = less;
            }
        }
        set
    }

    /// The value of the statements that use an index of the set.
    pub(super) fn uses(&self, set: &[u16], one: u16) -> f64 {
        (0..self.base.len())
            .filter(|s| self.costs.look(*s, set).is_some_and(|(_, used)| used.contains(&one)))
            .map(|s| self.base[s] * self.costs.subjects[s].weight)
            .sum()
    }

    /// Puts a narrower index in the place of a wide one where that loses next to nothing.
    async fn shrink(&mut self, mut set: Set) -> Set {
        for one in set.clone() {
            let wide = &self.costs.pool[usize::from(one)];
            let using = self.helped(&[one]);
            let mut narrower: Vec<(u16, f64)> = (0_u16..)
                .zip(&self.costs.pool)
                .filter(|(i, thing)| {
                    *i != one
                        && thing.bytes < wide.bytes * SMALLER
                        && (subsumes(&wide.candidate, &thing.candidate)
                            || (thing.candidate.table == wide.candidate.table
                                && using.iter().any(|s| self.help[*s].contains(i))))
                })
                .map(|(i, thing)| (i, thing.bytes))
                .collect();
            narrower.sort_by(|a, b| a.1.total_cmp(&b.1));
            for (instead, _) in narrower.into_iter().take(NARROWER) {
                let next = self.with(&set::without(&set, one), &[instead]);
                let concerned = self.concerned(&[one, instead]);
                if !self.costs.ask(&next, &concerned).await {
                    return set;
                }
                if self.loses_little(&set, &next, &concerned) {
                    set = next;
                    break;
                }
            }
        }
        set
    }

    /// Whether the narrower set is as good. For a single statement the reader chooses by eye: a wider index must read a
    /// quarter cheaper, and save a notable part.
    fn loses_little(&self, set: &[u16], next: &[u16], concerned: &[usize]) -> bool {
        if self.base.len() > 1 {
            return self.total(next) <= self.total(set) + SHRINK_LOSS;
        }
        concerned.iter().all(|s| {
            let cost = |set: &[u16]| self.costs.cost(*s, set).unwrap_or(f64::INFINITY);
            cost(next) <= (cost(set) * WIDER_TIMES).max(cost(set) + self.base[*s] * WIDER_PART)
        })
    }

    /// The set with every statement planned once more, in the order of use; what makes a statement dearer is taken out.
    pub(super) async fn finish(&mut self, mut set: Set, all: &[usize]) -> (Set, Vec<(usize, Planned)>) {
        let mut plans = self.costs.settle(&set, all).await;
        while !set.is_empty() {
            let worse = plans.iter().find_map(|(s, planned)| {
                let dearer = costs::price(&planned.plan, self.catalog) > self.base[*s] * (1.0 + DEARER);
                dearer.then(|| self.costs.used(&planned.plan).into_iter().find(|i| set.contains(i)))?
            });
            let Some(culprit) = worse else { break };
            set = set::without(&set, culprit);
            plans = self.costs.settle(&set, all).await;
        }
        let all_of_it = set.clone();
        set.sort_by(|a, b| self.uses(&all_of_it, *b).total_cmp(&self.uses(&all_of_it, *a)));
        (set, plans)
    }
}
