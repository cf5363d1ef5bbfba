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

/// Methods with their operator classes and ranks.
const KINDS: [(&str, &str, u32); 2] = [("gin", "gin_trgm_ops", 6), ("gist", "gist_trgm_ops", 9)];

/// GIN first; `GiST` is smaller to change and larger to search.
pub(super) fn drafts(at: &At<'_>) -> Vec<Draft> {
    if at.engine != Engine::PostgreSql {
        return Vec::new();
    }
    let mut found = Vec::new();
    // All alternatives of an OR are wanted together, where GIN is the one to search.
    let arms = at.arms.iter().flatten().map(|p| (p, &KINDS[..1]));
    let all = at.always.iter().map(|p| (p, &KINDS[..])).chain(arms);
    for (predicate, kinds) in all.filter(|(p, _)| p.test == Test::Pattern && has_letters(p)) {
        let text = match &predicate.operand {
            Operand::Column(column) => at.kind(column) == Kind::Text,
            expression @ Operand::Expression { .. } => indexable(expression, at.table, at.engine, at.version),
        };
        if !text {
            continue;
        }
        for (method, opclass, rank) in kinds {
            let mut draft = Draft { method, ..Draft::btree(*rank) };
            let key = Key { opclass: Some((*opclass).to_owned()), ..At::key_of(&predicate.operand) };
            draft.add(Some(key), At::reason(predicate));
            found.push(draft);
        }
    }
    found
}

/// A pattern that is not known yet is taken to have some.
pub(super) fn has_letters(predicate: &Predicate) -> bool {
    match predicate.values.first() {
        Some(Value::Literal(pattern)) => {
            pattern.split(|c: char| !c.is_alphanumeric()).any(|word| word.chars().count() >= LETTERS)
        }
        _ => true,
    }
}
