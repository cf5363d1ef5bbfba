//! A set for little room: what is known is put together as well as it goes, the server is asked what else it would take beside
//! that, and so on.

use std::collections::{BTreeSet, HashMap};

use super::{Set, Walk, said::Said};

/// How often the server is asked what else there could be.
const EXPLORED: usize = 4;
/// How often it is asked about what came out best.
const ROUNDS: usize = 4;

impl Walk<'_> {
    /// The best set of what is known, beginning with this one, with what the server would take beside it, as long as that makes it better.
    pub(super) async fn assemble(&mut self, set: Set) -> Set {
        let mut set = self.recombine(set).await;
        for _ in 0..EXPLORED {
            let before = self.total(&set);
            self.explore(&set).await;
            set = self.recombine(set).await;
            if self.costs.over() || self.total(&set) > before - self.least() {
                break;
            }
        }
        set
    }

    /// The best set that is known of, beginning with this one.
    pub(super) async fn recombine(&mut self, mut set: Set) -> Set {
        for _ in 0..ROUNDS {
            // Also when the time is over: what is known can still be put together.
            let next = self.said().best(&[set.clone(), Set::new()], &|| self.limits.over());
            if self.total(&next) > self.total(&set) - self.least() / 4.0 {
                break;
            }
            set = next;
            let concerned = self.concerned(&set);
            if !self.costs.ask(&set, &concerned).await {
                break;
            }
        }
        set
    }

    /// Everything that is known.
    fn said(&self) -> Said {
        let base: Vec<f64> = (0..self.base.len()).map(|s| self.value(s, self.base[s])).collect();
        let plans: Vec<Vec<(Set, f64)>> = base
            .iter()
            .enumerate()
            .map(|(statement, base)| {
                let seen = self.costs.plans(statement).map(|(used, cost)| (used.to_vec(), self.value(statement, cost)));
                seen.filter(|(_, value)| value < base).collect()
            })
            .collect();
        let used: BTreeSet<u16> = plans.iter().flatten().flat_map(|(used, _)| used).copied().collect();
        let mut narrower: HashMap<u16, Set> = HashMap::new();
        for other in &used {
            for one in self.costs.giving_way[usize::from(*other)].iter().filter(|one| used.contains(one)) {
                narrower.entry(*one).or_default().push(*other);
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "sizes")]
        let room = self.limits.bytes.map_or(f64::INFINITY, |b| b as f64);
        Said {
            plans,
            base,
            bytes: self.costs.pool.iter().map(|thing| thing.bytes).collect(),
            prices: (0_u16..).take(self.costs.pool.len()).map(|i| self.price(&[i])).collect(),
            narrower,
            room,
            most: self.limits.indexes.unwrap_or(usize::MAX),
        }
    }
}
