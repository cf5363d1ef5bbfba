//! PostgreSQL plans of servers 9.6 to 18: JSON, YAML, XML and text (source: `src/backend/commands/explain.c` of each).
//!
//! Every format becomes the keys of JSON first; [`raw`] mirrors those, [`lower`] makes the plan.

mod inputs;
mod lower;
mod operator;
mod raw;
pub(super) mod text;
pub(super) mod xml;
pub(super) mod yaml;

use super::{ReadError, Source, json::Value};
use crate::plan::Plan;

/// Whether an object is one statement's plan.
pub(super) fn recognises(value: Value<'_>) -> bool {
    value.get("Plan").is_some_and(Value::is_object)
}

/// Reads the object around one statement's `Plan`.
pub(super) fn read(value: Value<'_>, source: &Source<'_>) -> Result<Plan, ReadError> {
    lower::plan(value, source)
}
