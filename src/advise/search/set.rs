//! Sets of candidates, in which nothing stands beside what makes it superfluous.

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

/// The set, in which nothing makes another superfluous, with more in it, and without what those make superfluous. What the set
/// makes superfluous is not added.
pub(super) fn with(set: &[u16], more: &[u16], pool: &[Thing]) -> Set {
    let candidate = |i: u16| &pool[usize::from(i)].candidate;
    // Of two that do the same the first stays.
    let gives_way = |one: u16, to: u16| {
        subsumes(candidate(to), candidate(one)) && (!subsumes(candidate(one), candidate(to)) || to < one)
    };
    let mut all: Set = set.iter().chain(more).copied().collect();
    all.sort_unstable();
    all.dedup();
    let mut kept = all.clone();
    kept.retain(|one| {
        // Two of the set were compared when it was made.
        let others = if more.contains(one) { &all[..] } else { more };
        !others.iter().any(|other| other != one && gives_way(*one, *other))
    });
    kept
}

/// The set without one.
pub(super) fn without(set: &[u16], one: u16) -> Set {
    set.iter().copied().filter(|i| *i != one).collect()
}
