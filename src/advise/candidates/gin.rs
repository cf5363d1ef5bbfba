//! GIN indexes (PostgreSQL) for documents, arrays and text search, by the column's real type.

use super::draft::{At, Draft};
use crate::{
    advise::{
        Key,
        facts::{Kind, calls},
    },
    plan::Engine,
    sql::shape::{Operand, Predicate, Test},
};

/// Drafts for what a GIN operator class of PostgreSQL 18 answers (manual, "GIN Built-in Operator Classes").
pub(super) fn drafts(at: &At<'_>) -> Vec<Draft> {
    if at.engine != Engine::PostgreSql {
        return Vec::new();
    }
    let mut found: Vec<Draft> = Vec::new();
    let all: Vec<&Predicate> = at.always.iter().copied().chain(at.arms.iter().flatten().copied()).collect();
    for predicate in &all {
        let asked: Vec<Test> = all.iter().filter(|p| p.operand == predicate.operand).map(|p| p.test).collect();
        let Some(class) = serves(at, predicate, &asked) else { continue };
        let key = Key {
            opclass: (class == Class::Paths).then(|| "jsonb_path_ops".to_owned()),
            ..At::key_of(&predicate.operand)
        };
        let mut draft = Draft { method: "gin", ..Draft::btree(4) };
        draft.add(Some(key), At::reason(predicate));
        if !found.iter().any(|d| d.keys == draft.keys) {
            found.push(draft);
        }
    }
    found
}

/// Which operator class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// The type's own.
    Default,
    /// `jsonb_path_ops`: smaller, for containment and paths alone.
    Paths,
}

/// The operator class that answers; `None` when GIN does not.
fn serves(at: &At<'_>, predicate: &Predicate, asked: &[Test]) -> Option<Class> {
    let document = |test: Test| match test {
        Test::Contains | Test::Matches if asked.iter().any(|t| matches!(t, Test::HasKey | Test::HasKeys)) => {
            Some(Class::Default)
        }
        Test::Contains | Test::Matches => Some(Class::Paths),
        Test::HasKey | Test::HasKeys => Some(Class::Default),
        _ => None,
    };
    match &predicate.operand {
        Operand::Column(column) => match (at.kind(column), predicate.test) {
            (Kind::Jsonb, test) => document(test),
            (Kind::Array, Test::Contains | Test::ContainedBy | Test::Overlaps)
            | (Kind::TextSearch, Test::Matches)
            | (Kind::Hstore, Test::Contains | Test::HasKey | Test::HasKeys) => Some(Class::Default),
            _ => None,
        },
        Operand::Expression { sql, columns } => {
            let lower = sql.to_lowercase();
            let functions = calls(&lower);
            // With one argument the configuration comes from the session, so that no index can hold it.
            let search = lower.starts_with("to_tsvector('")
                && functions.iter().all(|f| matches!(f.as_str(), "to_tsvector" | "coalesce" | "lower"));
            let inside = functions.is_empty()
                && lower.contains("->")
                && !lower.contains("->>")
                && columns.iter().all(|c| at.kind(c) == Kind::Jsonb);
            match predicate.test {
                Test::Matches if search => Some(Class::Default),
                test if inside => document(test),
                _ => None,
            }
        }
    }
}
