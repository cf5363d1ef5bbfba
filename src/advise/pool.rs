//! The candidates of a whole workload, and what each statement has to do with each.

use std::collections::HashMap;

use super::{
    Candidate, Weighted, candidates,
    interest::Interest,
    search::{Subject, Thing},
    size, upkeep,
};
use crate::{
    catalog::{Catalog, TableKind},
    plan::Plan,
    sql::shape::{Shape, shape},
};

/// Candidates of one statement; and of all of them, beyond which no place is left in a search.
const MOST_EACH: usize = 60;
const MOST: usize = 4_000;
/// Merged ones, and columns that they carry.
const MERGED: usize = 600;
const MOST_CARRIED: usize = 6;
/// What an index is taken to be worth of its table when its size cannot be told.
const PART_OF_TABLE: f64 = 0.25;

/// Everything a search starts from.
#[derive(Debug, Default)]
pub(super) struct Stock {
    pub(super) subjects: Vec<Subject>,
    pub(super) things: Vec<Thing>,
    /// Places of the things by table: only those of one table can be alike.
    by_table: HashMap<(String, String), Vec<usize>>,
    pub(super) shapes: Vec<Option<Shape>>,
}

/// The pool of a workload. `plans`: each statement's plan now, where there is one.
pub(super) fn pool(workload: &[Weighted], plans: &[Option<&Plan>], catalog: &Catalog) -> Stock {
    let mut pool = Stock::default();
    let mut owners: Vec<Vec<u16>> = Vec::new();
    for (statement, plan) in workload.iter().zip(plans) {
        let mut own = Vec::new();
        let found = plan.and_then(|plan| Some((shape(&statement.sql, plan.engine, catalog).ok()?, plan)));
        if let Some((shape, plan)) = &found {
            for candidate in candidates::of_shape(shape, plan, catalog, MOST_EACH, workload.len() > 1) {
                if let Some(place) = pool.place(candidate, catalog)
                    && !own.contains(&place)
                {
                    own.push(place);
                }
            }
        }
        owners.push(own);
        pool.shapes.push(found.map(|(shape, _)| shape));
    }
    pool.merge(catalog);
    for (((statement, plan), own), shape) in workload.iter().zip(plans).zip(owners).zip(&pool.shapes) {
        let interest = shape.as_ref().map(Interest::of);
        let concerned = pool
            .things
            .iter()
            .map(|thing| interest.as_ref().is_some_and(|interest| interest.concerned(&thing.candidate)))
            .collect();
        if let (Some(shape), Some(plan)) = (shape, plan) {
            for thing in &mut pool.things {
                thing.upkeep += statement.weight * upkeep::per_run(&thing.candidate, shape, plan, catalog);
            }
        }
        pool.subjects.push(Subject { sql: statement.sql.clone(), weight: statement.weight, concerned, own });
    }
    pool
}

impl Stock {
    /// The place of a candidate, which it is given if it has none yet.
    fn place(&mut self, candidate: Candidate, catalog: &Catalog) -> Option<u16> {
        let beside = self.by_table.entry((candidate.schema.clone(), candidate.table.clone())).or_default();
        let known = beside.iter().copied().find(|at| candidates::same(&self.things[*at].candidate, &candidate));
        let place = known.or_else(|| {
            (self.things.len() < MOST).then(|| {
                let bytes = bytes(&candidate, catalog);
                self.things.push(Thing { candidate, bytes, upkeep: 0.0, parts: Vec::new() });
                beside.push(self.things.len() - 1);
                self.things.len() - 1
            })
        });
        place.and_then(|p| u16::try_from(p).ok())
    }

    /// Adds, for any two indexes with the same keys that carry different columns, one that carries both's.
    fn merge(&mut self, catalog: &Catalog) {
        let originals = self.things.len();
        let mut tables: Vec<&Vec<usize>> = self.by_table.values().collect();
        tables.sort_unstable();
        let pairs: Vec<(usize, usize)> = tables
            .into_iter()
            .flat_map(|places| {
                let later = |at: usize| places[at + 1..].iter().copied();
                places.iter().enumerate().flat_map(move |(at, first)| later(at).map(|second| (*first, second)))
            })
            .collect();
        for (first, second) in pairs {
            if self.things.len() >= originals + MERGED {
                return;
            }
            let Some(both) = merged(&self.things[first].candidate, &self.things[second].candidate) else { continue };
            let known = self.by_table.get(&(both.schema.clone(), both.table.clone()));
            let there = known.into_iter().flatten().any(|at| candidates::same(&self.things[*at].candidate, &both));
            if there || self.things[originals..].iter().any(|t| candidates::same(&t.candidate, &both)) {
                continue;
            }
            let bytes = bytes(&both, catalog);
            let parts = [first, second].into_iter().filter_map(|p| u16::try_from(p).ok()).collect();
            self.things.push(Thing { candidate: both, bytes, upkeep: 0.0, parts });
        }
    }
}

/// An index that carries what both do, when they have the same keys and each carries something the other does not.
fn merged(one: &Candidate, other: &Candidate) -> Option<Candidate> {
    let alike = one.method == other.method
        && one.keys == other.keys
        && one.predicate == other.predicate
        && !one.include.is_empty()
        && !other.include.is_empty();
    if !alike {
        return None;
    }
    let mut both = one.clone();
    both.include.extend(other.include.iter().filter(|c| !one.include.contains(c)).cloned());
    let wider = |than: &Candidate| both.include.len() > than.include.len();
    if !wider(one) || !wider(other) || both.include.len() > MOST_CARRIED {
        return None;
    }
    if let Some(reason) = both.reasons.last_mut() {
        *reason = format!("INCLUDE ({}): all that several statements need", both.include.join(", "));
    }
    Some(both)
}

/// Expected size of an index, bytes.
pub(super) fn bytes(candidate: &Candidate, catalog: &Catalog) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "sizes")]
    size(candidate, catalog).map_or_else(
        || {
            let table = catalog.table(Some(&candidate.schema), &candidate.table);
            table.and_then(|t| t.bytes).unwrap_or(0) as f64 * PART_OF_TABLE
        },
        |bytes| bytes as f64,
    )
}

/// Bytes of the tables that the statements read.
pub(super) fn tables(catalog: &Catalog) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "sizes")]
    let all: f64 = catalog
        .tables
        .iter()
        .filter(|t| !matches!(t.kind, TableKind::View | TableKind::Foreign))
        .map(|t| t.bytes.map_or_else(|| t.rows.unwrap_or(0.0) * 100.0, |b| b as f64))
        .sum();
    all.max(1.0)
}

/// How closely the rows lie in a column's order where the server counts too few distinct values: its sample takes whole
/// pages, which hold the same values again and again.
const CLUSTERED: f64 = 0.9;

/// The catalog with the distinct values of clustered columns set right, as far as joins tell: what is joined to a column
/// that is unique has as many values as that has rows.
pub(super) fn settled(catalog: &Catalog, workload: &[Weighted], plans: &[Option<&Plan>]) -> Catalog {
    let mut settled = catalog.clone();
    for (statement, plan) in workload.iter().zip(plans) {
        let Some(shape) = plan.and_then(|plan| shape(&statement.sql, plan.engine, catalog).ok()) else { continue };
        for join in &shape.joins {
            for (here, there) in [(&join.left, &join.right), (&join.right, &join.left)] {
                let at = |side: &(usize, String)| {
                    let source = &shape.sources[side.0];
                    catalog.table(Some(&source.schema), &source.table)
                };
                let (Some(many), Some(one)) = (at(here), at(there)) else { continue };
                let (Some(many_rows), Some(one_rows)) = (many.rows, one.rows) else { continue };
                let statistics = one.column(&there.1).and_then(|c| c.statistics.as_ref());
                let unique = statistics.and_then(|s| s.n_distinct).is_some_and(|n| n <= -0.99);
                if !unique || one_rows >= many_rows {
                    continue;
                }
                let table = settled.tables.iter_mut().find(|t| t.schema == many.schema && t.name == many.name);
                let column = table.and_then(|t| t.columns.iter_mut().find(|c| c.name == here.1));
                if let Some(statistics) = column.and_then(|c| c.statistics.as_mut())
                    && statistics.correlation.is_some_and(|c| c.abs() >= CLUSTERED)
                    && statistics.distinct(many_rows).is_none_or(|n| n < one_rows)
                {
                    statistics.n_distinct = Some(one_rows);
                }
            }
        }
    }
    settled
}
