//! Which indexes could help: every source by itself, the promising ones first.

mod brin;
mod btree;
mod covering;
mod draft;
mod existing;
pub(super) mod full_text;
mod gin;
mod gist;
mod hash;
mod json;
mod partial;
mod trigram;
mod wanted;

use super::{Candidate, facts, size};
use crate::{
    catalog::{Catalog, Table, TableKind},
    fmt,
    plan::Plan,
    sql::shape::{Shape, shape},
};
use draft::{At, Draft};

/// A kind of index.
type Kind = fn(&At<'_>) -> Vec<Draft>;
/// A kind that is made of others.
type Derive = fn(&At<'_>, &[Draft]) -> Vec<Draft>;

/// Every kind of index: what of a source it could serve.
const KINDS: &[Kind] = &[
    gin::drafts,
    gist::drafts,
    trigram::drafts,
    full_text::drafts,
    json::drafts,
    btree::drafts,
    brin::drafts,
    hash::drafts,
];
/// Kinds that are made of the drafts so far.
const DERIVED: &[Derive] = &[partial::drafts, covering::drafts];

/// More than this is no advice; each one costs a trial.
const MOST: usize = 8;
/// A table below both is read faster than it is searched.
const FEW_ROWS: f64 = 1_000.0;
const FEW_BYTES: u64 = 128 << 10;

/// Indexes that may help a statement: from its parse and its plan, resolved against the catalog. Best first, at most
/// eight. Nothing is proposed for tiny tables, for views and remote tables, nor what an index already serves.
#[must_use]
pub fn candidates(sql: &str, plan: &Plan, catalog: &Catalog) -> Vec<Candidate> {
    let Ok(shape) = shape(sql, plan.engine, catalog) else { return Vec::new() };
    of_shape(&shape, plan, catalog, MOST, false)
}

/// The same of a statement's shape, and at most so many; `slim`: with smaller copies of what begins a large index. For one
/// statement they gain too little to be worth a second index on the same keys; for many they may.
pub(super) fn of_shape(shape: &Shape, plan: &Plan, catalog: &Catalog, most: usize, slim: bool) -> Vec<Candidate> {
    let version = facts::version_number(plan.version.as_deref(), plan.engine);
    let mut by_source: Vec<(f64, Vec<Candidate>)> = Vec::new();
    for (number, source) in shape.sources.iter().enumerate() {
        let Some(table) = catalog.table(Some(&source.schema), &source.table) else { continue };
        if is_tiny(table) || matches!(table.kind, TableKind::View | TableKind::Foreign) {
            continue;
        }
        let Some(weight) = wanted::weight(plan, shape, number) else { continue };
        let at = At::new(plan.engine, version, shape, number, table);
        let mut drafts: Vec<Draft> = KINDS.iter().flat_map(|kind| kind(&at)).collect();
        for kind in DERIVED {
            let more = kind(&at, &drafts);
            drafts.extend(more);
        }
        drafts.sort_by_key(|d| d.rank);
        let mut found: Vec<Candidate> = Vec::new();
        for draft in drafts {
            push(&at, &draft, catalog, slim, &mut found);
        }
        by_source.push((weight, found));
    }
    by_source.sort_by(|a, b| b.0.total_cmp(&a.0));
    // The best of every source comes before the second of any.
    let mut all: Vec<Candidate> = Vec::new();
    let longest = by_source.iter().map(|(_, found)| found.len()).max().unwrap_or(0);
    for place in 0..longest {
        for (_, found) in &by_source {
            if let Some(candidate) = found.get(place)
                && !all.iter().any(|c| same(c, candidate))
            {
                all.push(candidate.clone());
            }
        }
    }
    all.truncate(most);
    all
}

/// Whether a table is read faster than it is searched.
pub(super) fn is_tiny(table: &Table) -> bool {
    table.rows.is_some_and(|r| r < FEW_ROWS) && table.bytes.is_none_or(|b| b < FEW_BYTES)
}

/// Makes a candidate of a draft unless an index, or an earlier candidate, does the same.
fn push(at: &At<'_>, draft: &Draft, catalog: &Catalog, slim: bool, found: &mut Vec<Candidate>) {
    if draft.keys.is_empty() {
        return;
    }
    let draft = &draft.clone().without_primary(at);
    let served = existing::served(at, draft);
    if served && !slim {
        return;
    }
    let replaces = existing::replaced(at, draft);
    let mut candidate = Candidate {
        engine: at.engine,
        schema: at.table.schema.clone(),
        table: at.table.name.clone(),
        method: draft.method,
        keys: draft.keys.clone(),
        include: draft.include.clone(),
        predicate: draft.predicate.clone(),
        replaces,
        reasons: draft.reasons.clone(),
    };
    if served {
        let bytes = size(&candidate, catalog);
        let Some((index, standing)) = existing::far_wider(at, draft, bytes) else { return };
        candidate.reasons.push(format!(
            "{} begins with it, but is {} against {}; PostgreSQL also takes an index of several columns to lie less in the \
             table's order than one of its first column, so that the time won may be less than the cost: measure both",
            index.name,
            fmt::bytes(standing),
            fmt::bytes(bytes.unwrap_or_default()),
        ));
    }
    if !found.iter().any(|c| same(c, &candidate)) {
        found.push(candidate);
    }
}

pub(super) fn same(a: &Candidate, b: &Candidate) -> bool {
    a.schema == b.schema
        && a.table == b.table
        && a.method == b.method
        && a.keys == b.keys
        && a.include == b.include
        && a.predicate == b.predicate
}

#[cfg(test)]
mod tests;
