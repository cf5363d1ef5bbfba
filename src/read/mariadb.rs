//! MariaDB plans, `EXPLAIN` and `ANALYZE FORMAT=JSON` of 10.2 to 11.8 (`sql/sql_explain.cc`).

mod filled;
mod lower;
mod overlap;
mod sorted;
mod table;
#[cfg(test)]
mod tests;
mod windowed;

use super::{ReadError, Source, json::Value};
use crate::plan::Plan;

/// Whether an object is a plan. MySQL's version 1 has the same first key and is looked for before.
pub(super) fn recognises(value: Value<'_>) -> bool {
    value.get("query_block").is_some_and(Value::is_object)
}

/// Reads one statement's plan.
pub(super) fn read(value: Value<'_>, source: &Source<'_>) -> Result<Plan, ReadError> {
    lower::plan(value, source)
}
