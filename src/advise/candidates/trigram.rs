//! Trigram indexes (PostgreSQL, extension `pg_trgm`): patterns that begin anywhere, with and without case, and regular
//! expressions.

use super::draft::{At, Draft};
use crate::{
    advise::{
        Key,
        facts::{Kind, indexable},
    },
    plan::Engine,
    sql::shape::{Operand, Predicate, Test, Value},
};

/// A pattern must hold as many letters in a row, else every row has to be looked at.
const LETTERS: usize = 3;

/// GIN first; `GiST` is smaller to change and larger to search.
pub(super) fn drafts(at: &At<'_>) -> Vec<Draft> {
    if at.engine != Engine::PostgreSql {
        return Vec::new();
    }
    let mut found = Vec::new();
    let arms = at.arms.iter().flatten();
    for predicate in at.always.iter().chain(arms).filter(|p| p.test == Test::Pattern && has_letters(p)) {
        let text = match &predicate.operand {
            Operand::Column(column) => at.kind(column) == Kind::Text,
            expression @ Operand::Expression { .. } => indexable(expression, at.table, at.engine, at.version),
        };
        if !text {
            continue;
        }
        for (method, opclass, rank) in [("gin", "gin_trgm_ops", 6), ("gist", "gist_trgm_ops", 9)] {
            let mut draft = Draft { method, ..Draft::btree(rank) };
            let key = Key { opclass: Some(opclass.to_owned()), ..At::key_of(&predicate.operand) };
            draft.add(Some(key), At::reason(predicate));
            found.push(draft);
        }
    }
    found
}

/// A pattern that is not known yet is taken to have some.
fn has_letters(predicate: &Predicate) -> bool {
    match predicate.values.first() {
        Some(Value::Literal(pattern)) => {
            pattern.split(|c: char| !c.is_alphanumeric()).any(|word| word.chars().count() >= LETTERS)
        }
        _ => true,
    }
}
