//! Parts of the indexes that were chosen: without a carried column, or without the last key. They come into the pool when
//! the search asks for them, for there are far too many to begin with.

use super::{Set, Walk, set};
use crate::advise::{columns, pool};

/// What an index without one of its columns may lose, as a part of the whole, if that freed all the room there is.
const LOSS: f64 = 0.002;

impl Walk<'_> {
    /// The places of an index's parts, each without one column.
    pub(super) fn parts(&mut self, one: u16) -> Set {
        let whole = self.costs.pool[usize::from(one)].candidate.clone();
        if whole.method != "btree" {
            return Vec::new();
        }
        let mut places = Vec::new();
        for part in columns::parts(&whole) {
            let bytes = pool::bytes(&part, self.catalog);
            let Some(place) = self.costs.add(part, bytes, one) else { continue };
            for statement in 0..self.base.len() {
                if self.help[statement].contains(&one) && !self.help[statement].contains(&place) {
                    self.help[statement].push(place);
                    self.costs.subjects[statement].concerned[usize::from(place)] = true;
                    if let Some(least) = self.reached[statement].get(&one).copied() {
                        self.reached[statement].insert(place, least);
                        let hoped = self.hoped[statement].get(&one).copied().unwrap_or(least);
                        self.hoped[statement].insert(place, hoped);
                    }
                }
            }
            places.push(place);
        }
        places
    }

    /// Takes away the columns of every index that hardly any statement would miss.
    pub(super) async fn narrow(&mut self, mut set: Set) -> Set {
        let mut order = set.clone();
        order.sort_by(|a, b| {
            let bytes = |i: u16| self.costs.pool[usize::from(i)].bytes;
            bytes(*b).total_cmp(&bytes(*a))
        });
        for one in order {
            let mut next = Some(one);
            while let Some(one) = next {
                next = self.without_a_column(&mut set, one).await;
            }
            if self.costs.over() {
                break;
            }
        }
        set
    }

    /// Exchanges an index of the set for the first of its parts that is as good; which one that is.
    async fn without_a_column(&mut self, set: &mut Set, one: u16) -> Option<u16> {
        if !set.contains(&one) {
            return None;
        }
        for part in self.parts(one) {
            let next = self.with(&set::without(set, one), &[part]);
            if !next.contains(&part) {
                continue;
            }
            let users = self.users(set, one);
            if !self.costs.ask(&next, &users).await {
                return None;
            }
            let freed = (self.bytes(set) - self.bytes(&next)) / self.room();
            if self.total(&next) <= self.total(set) + LOSS * freed {
                *set = next;
                return Some(part);
            }
        }
        None
    }

    /// The bytes there are for all indexes; without a bound, those of the tables.
    pub(super) fn room(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "sizes")]
        let room = self.limits.bytes.map_or(self.tables, |bytes| bytes as f64);
        room.max(1.0)
    }

    /// Statements whose plan uses an index of the set, or may.
    pub(super) fn users(&self, set: &[u16], one: u16) -> Vec<usize> {
        self.helped(&[one])
            .into_iter()
            .filter(|s| self.costs.look(*s, set).is_none_or(|(_, used)| used.contains(&one)))
            .collect()
    }
}
