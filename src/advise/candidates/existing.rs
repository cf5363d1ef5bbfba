//! What the indexes that stand already do.

use super::draft::{At, Draft};
use crate::{
    advise::facts::plain,
    catalog::{Index, IndexKey},
    plan::Engine,
};

/// Whether an index already does what the draft would.
pub(super) fn served(at: &At<'_>, draft: &Draft) -> bool {
    at.table.indexes.iter().any(|index| {
        let keys = all_keys(at, index);
        let one_value = draft.equal == 1 && draft.keys.len() == 1 && draft.include.is_empty();
        if index.method == "hash" && one_value && same_condition(index, draft) {
            return index.keys.len() == 1 && same_key(&index.keys[0], &draft.keys[0]);
        }
        same_method(index, draft)
            && same_condition(index, draft)
            && keys.len() >= draft.keys.len()
            && starts_alike(&keys, draft, draft.keys.len())
            && draft
                .include
                .iter()
                .all(|column| index.include.contains(column) || keys.iter().any(|k| k.column.as_ref() == Some(column)))
    })
}

/// A copy of an index's first keys is worth a look where it is smaller than this part of it.
const SLIMMER: f64 = 2.0 / 3.0;

/// The narrowest index that does what the draft would, with its size, if it is so much larger that reading less of an index
/// could be a gain by itself: nothing but its first keys, in less room.
pub(super) fn far_wider<'a>(at: &At<'a>, draft: &Draft, bytes: Option<u64>) -> Option<(&'a Index, u64)> {
    if draft.method != "btree" || !draft.include.is_empty() || draft.predicate.is_some() {
        return None;
    }
    let serving = || {
        at.table.indexes.iter().filter(|index| {
            same_method(index, draft)
                && same_condition(index, draft)
                && index.keys.len() >= draft.keys.len()
                && starts_alike(&index.keys, draft, draft.keys.len())
        })
    };
    if serving().any(|index| index.keys.len() == draft.keys.len() && index.include.is_empty()) {
        return None;
    }
    let (index, standing) = serving().filter_map(|i| Some((i, i.bytes?))).min_by_key(|(_, bytes)| *bytes)?;
    #[expect(clippy::cast_precision_loss, reason = "sizes")]
    let slimmer = (bytes? as f64) < standing as f64 * SLIMMER;
    slimmer.then_some((index, standing))
}

/// Indexes that the draft makes superfluous: ordinary ones whose keys are the beginning of its own.
pub(super) fn replaced(at: &At<'_>, draft: &Draft) -> Vec<String> {
    at.table
        .indexes
        .iter()
        .filter(|index| {
            !index.unique
                && !index.primary
                && !index.disabled
                && same_method(index, draft)
                && same_condition(index, draft)
                && !index.keys.is_empty()
                && index.keys.len() <= draft.keys.len()
                && index.include.iter().all(|c| draft.include.contains(c) || draft.has(c))
                && index.keys.iter().zip(&draft.keys).all(|(have, want)| same_key(have, want) && have.desc == want.desc)
        })
        .map(|index| index.name.clone())
        .collect()
}

/// The index's keys; InnoDB's secondary indexes end with the primary key.
fn all_keys(at: &At<'_>, index: &Index) -> Vec<IndexKey> {
    let mut keys = index.keys.clone();
    if at.engine != Engine::PostgreSql
        && !index.primary
        && let Some(primary) = at.table.indexes.iter().find(|i| i.primary)
    {
        keys.extend(primary.keys.iter().cloned());
    }
    keys
}

fn same_method(index: &Index, draft: &Draft) -> bool {
    index.method == draft.method || (index.method.is_empty() && draft.method == "btree")
}

fn same_condition(index: &Index, draft: &Draft) -> bool {
    match (&index.predicate, &draft.predicate) {
        (None, None) => true,
        (Some(a), Some(b)) => plain(a) == plain(b),
        _ => false,
    }
}

/// Whether the first `count` keys serve the draft: equalities in any order, the rest in order and direction, or all of
/// it reversed.
fn starts_alike(keys: &[IndexKey], draft: &Draft, count: usize) -> bool {
    let equal = draft.equal.min(count);
    let (lead, rest) = draft.keys.split_at(equal);
    let leads = lead.iter().all(|want| keys[..equal].iter().any(|have| same_key(have, want)));
    let follow = keys[equal..].iter().zip(rest);
    let reversed = follow.clone().next().is_some_and(|(have, want)| have.desc != want.desc);
    leads && follow.into_iter().all(|(have, want)| same_key(have, want) && (have.desc != want.desc) == reversed)
}

fn same_key(have: &IndexKey, want: &crate::advise::Key) -> bool {
    let name = match &have.column {
        Some(column) => !want.expression && *column == want.expr,
        None => want.expression && plain(&have.expr) == plain(&want.expr),
    };
    let prefix = match (have.prefix, want.prefix) {
        (None, _) => true,
        (Some(have), Some(want)) => have >= want,
        (Some(_), None) => false,
    };
    // The default class of a document answers what the smaller class does.
    let class =
        want.opclass == have.opclass || (want.opclass.as_deref() == Some("jsonb_path_ops") && have.opclass.is_none());
    name && prefix && class
}
