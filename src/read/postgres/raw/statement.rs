//! The object around `"Plan"`.

use super::RawUsage;
use crate::read::json::{Fields, Value};

/// What is said of the whole statement.
#[derive(Debug, Default)]
pub(in crate::read::postgres) struct RawStatement {
    pub(in crate::read::postgres) query_text: Option<String>,
    pub(in crate::read::postgres) planning_time: Option<f64>,
    pub(in crate::read::postgres) execution_time: Option<f64>,
    pub(in crate::read::postgres) settings: Vec<(String, String)>,
    pub(in crate::read::postgres) planning: RawBuffers,
    pub(in crate::read::postgres) extra: Vec<(String, String)>,
}

/// `Planning`: blocks touched, and memory taken.
#[derive(Debug, Default)]
pub(in crate::read::postgres) struct RawBuffers {
    pub(in crate::read::postgres) usage: RawUsage,
    pub(in crate::read::postgres) memory_used_kb: Option<u64>,
    pub(in crate::read::postgres) memory_allocated_kb: Option<u64>,
}

impl RawStatement {
    /// Takes an object apart. `Plan` is left to the caller; what is modelled of planning and the rest stays in `extra` too.
    pub(in crate::read::postgres) fn read(value: Value<'_>) -> Self {
        let mut f = Fields::of(value);
        f.take("Plan");
        let settings = f.take("Settings").map(|s| Fields::of(s).rest().collect()).unwrap_or_default();
        Self {
            query_text: f.text("Query Text"),
            planning_time: f.number("Planning Time").map(|n| n.max(0.0)),
            // 9.x until 9.3 and some forks say it in one number.
            execution_time: f.number("Execution Time").or_else(|| f.number("Total Runtime")).map(|n| n.max(0.0)),
            settings,
            planning: value.get("Planning").map(RawBuffers::read).unwrap_or_default(),
            extra: f.rest().filter(|(_, v)| !matches!(v.as_str(), "" | "[]" | "{}")).collect(),
        }
    }
}

impl RawBuffers {
    fn read(value: Value<'_>) -> Self {
        let mut raw = Self::default();
        if value.is_object() {
            for field in value.children() {
                match field.key().unwrap_or_default().as_ref() {
                    "Memory Used" => raw.memory_used_kb = super::count(field),
                    "Memory Allocated" => raw.memory_allocated_kb = super::count(field),
                    key => {
                        raw.usage.set(key, field);
                    }
                }
            }
        }
        raw
    }
}
