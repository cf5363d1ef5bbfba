//! Indexes on values inside of documents (MySQL): multi-valued ones over arrays, functional ones over single values.

use super::draft::{At, Draft};
use crate::{
    advise::{Key, facts::calls},
    catalog::Column,
    plan::Engine,
    sql::shape::{Operand, Predicate, Test, Value},
};

/// Functional key parts and multi-valued indexes came with these versions.
const FUNCTIONAL_SINCE: u32 = 80_013;
const ARRAYS_SINCE: u32 = 80_017;

/// Drafts for `x MEMBER OF (doc->'$.list')` and the like, and for `doc->>'$.key' = 'x'`.
pub(super) fn drafts(at: &At<'_>) -> Vec<Draft> {
    if at.engine != Engine::MySql || at.version < FUNCTIONAL_SINCE {
        return Vec::new();
    }
    at.always.iter().filter_map(|predicate| draft(at, predicate)).collect()
}

fn draft(at: &At<'_>, predicate: &Predicate) -> Option<Draft> {
    let Operand::Expression { sql, columns } = &predicate.operand else { return None };
    let document = |c: &Column| c.type_name.eq_ignore_ascii_case("json");
    if columns.len() != 1 || !columns.iter().filter_map(|c| at.table.column(c)).all(document) {
        return None;
    }
    let (expr, rank, equal) = match predicate.test {
        Test::HasElement | Test::Contains | Test::Overlaps if at.version >= ARRAYS_SINCE && sql.contains("->") => {
            if !calls(sql).is_empty() || sql.contains("->>") {
                return None;
            }
            (format!("CAST({sql} AS {} ARRAY)", kind(&predicate.values)), 4, 0)
        }
        Test::Equal | Test::OneOf if sql.contains("->>") && calls(&sql.to_lowercase()).is_empty() => {
            // The manual's way: `->>` gives a text of binary collation, and the index must as well.
            (format!("CAST({sql} AS CHAR(64)) COLLATE utf8mb4_bin"), 10, 1)
        }
        _ => return None,
    };
    let mut draft = Draft { equal, ..Draft::btree(rank) };
    let key = Key::expression(expr);
    draft.add(Some(key), At::reason(predicate));
    Some(draft)
}

/// The type of the elements, by what they are compared with.
fn kind(values: &[Value]) -> &'static str {
    let number = |v: &Value| match v {
        Value::Literal(text) => {
            let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
            inner.split(',').all(|n| n.trim().parse::<u64>().is_ok())
        }
        Value::Parameter | Value::Computed => true,
    };
    if values.iter().all(number) { "UNSIGNED" } else { "CHAR(64)" }
}
