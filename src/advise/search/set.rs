//! Sets of candidates, in which nothing stands beside what makes it superfluous.

use std::collections::HashMap;

use super::{Set, Thing};
use crate::advise::Candidate;

/// Whether the first index does all that the second does: it begins with its keys and holds its columns.
pub(in crate::advise) fn subsumes(wide: &Candidate, narrow: &Candidate) -> bool {
    wide.schema == narrow.schema
        && wide.table == narrow.table
        && wide.method == narrow.method
        && wide.method == "btree"
        && wide.predicate == narrow.predicate
        && wide.keys.starts_with(&narrow.keys)
        && narrow.include.iter().all(|c| wide.include.contains(c) || wide.keys.iter().any(|k| k.expr == *c))
}

/// By place in the pool: those that do all that it does, beside which it gives way. Of two that do the same the first stays.
pub(super) fn giving_way(pool: &[Thing]) -> Vec<Set> {
    let mut of_table: HashMap<(&str, &str), Set> = HashMap::new();
    for (place, thing) in (0_u16..).zip(pool) {
        of_table.entry((&thing.candidate.schema, &thing.candidate.table)).or_default().push(place);
    }
    let to = |place: u16| -> Set {
        let candidate = &pool[usize::from(place)].candidate;
        let beside =
            of_table.get(&(candidate.schema.as_str(), candidate.table.as_str())).into_iter().flatten().copied();
        beside.filter(|other| gives_way(pool, place, *other)).collect()
    };
    (0_u16..).take(pool.len()).map(to).collect()
}

/// Whether one of the pool makes another superfluous.
pub(super) fn gives_way(pool: &[Thing], one: u16, to: u16) -> bool {
    let candidate = |i: u16| &pool[usize::from(i)].candidate;
    one != to && subsumes(candidate(to), candidate(one)) && (!subsumes(candidate(one), candidate(to)) || to < one)
}

/// The set, in which nothing makes another superfluous, with more in it, and without what those make superfluous. What the set
/// makes superfluous is not added.
pub(super) fn with(set: &[u16], more: &[u16], giving_way: &[Set]) -> Set {
    let mut all: Set = set.iter().chain(more).copied().collect();
    all.sort_unstable();
    all.dedup();
    all.retain(|one| {
        let to = &giving_way[usize::from(*one)];
        // Two of the set were compared when it was made.
        let new = || more.contains(one);
        to.is_empty() || !to.iter().any(|other| more.contains(other) || set.binary_search(other).is_ok() && new())
    });
    all
}

/// The set without one.
pub(super) fn without(set: &[u16], one: u16) -> Set {
    set.iter().copied().filter(|i| *i != one).collect()
}
