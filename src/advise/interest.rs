//! What a statement asks of its tables, in the words in which an index's first key is written: looked up for every candidate of
//! a pool, which are thousands.

use std::collections::HashSet;

use super::Candidate;
use crate::sql::shape::{Operand, Shape};

/// What a statement asks, a table at a time as often as it reads it.
pub(super) struct Interest<'a>(Vec<Asked<'a>>);

/// What it asks of one of its sources.
struct Asked<'a> {
    schema: &'a str,
    table: &'a str,
    /// What it compares, joins by and sorts by; columns inside of compared expressions too, for methods of several columns (full
    /// text) list those.
    firsts: HashSet<&'a str>,
    /// All columns that it needs, unless it needs the whole row.
    columns: Option<&'a [String]>,
    /// Its conditions as written, which a partial index may have.
    conditions: HashSet<&'a str>,
}

impl<'a> Interest<'a> {
    /// Of a statement.
    pub(super) fn of(shape: &'a Shape) -> Self {
        let asked = shape.sources.iter().enumerate().map(|(at, source)| {
            let mut firsts = HashSet::new();
            for predicate in shape.predicates.iter().filter(|p| p.source == at) {
                firsts.insert(predicate.operand.sql());
                if let Operand::Expression { columns, .. } = &predicate.operand {
                    firsts.extend(columns.iter().map(String::as_str));
                }
            }
            let sides = shape.joins.iter().flat_map(|join| [&join.left, &join.right]);
            firsts.extend(sides.filter(|side| side.0 == at).map(|side| side.1.as_str()));
            let sorts = shape.sorts.iter().filter(|sort| sort.source == at);
            firsts.extend(sorts.flat_map(|sort| sort.keys.iter().map(|key| key.operand.sql())));
            Asked {
                schema: &source.schema,
                table: &source.table,
                firsts,
                columns: (!source.whole_row).then_some(source.columns.as_slice()),
                conditions: shape.predicates.iter().filter(|p| p.source == at).map(|p| p.sql.as_str()).collect(),
            }
        });
        Self(asked.collect())
    }

    /// Whether an index could change how the statement is planned: it asks for the first key, or finds all it needs in it.
    pub(super) fn concerned(&self, candidate: &Candidate) -> bool {
        let Some(first) = candidate.keys.first() else { return false };
        self.0.iter().any(|asked| {
            if asked.table != candidate.table || asked.schema != candidate.schema {
                return false;
            }
            let held = |c: &String| candidate.include.contains(c) || candidate.keys.iter().any(|k| k.expr == *c);
            let of_use = asked.firsts.contains(first.expr.as_str())
                || asked.columns.is_some_and(|columns| columns.iter().all(held));
            let allowed = candidate.predicate.as_deref().is_none_or(|condition| asked.conditions.contains(condition));
            of_use && allowed
        })
    }
}
