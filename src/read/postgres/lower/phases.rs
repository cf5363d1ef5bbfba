//! What surrounds the plan's nodes.

use super::counted;
use crate::{
    plan::{Jit, Phases, Serialization, Trigger},
    read::{json::Value, postgres::raw::RawBuffers},
};

/// Triggers, compiling, planning and serialising, from the object around `Plan`.
pub(super) fn phases(statement: Value<'_>, planning: &RawBuffers) -> Phases {
    let bytes = |kb: u64| kb.saturating_mul(1024);
    let trigger = |value: Value<'_>| Trigger {
        name: text(value, "Trigger Name"),
        constraint: text(value, "Constraint Name"),
        relation: text(value, "Relation"),
        time_ms: number(value, "Time"),
        calls: number(value, "Calls").unwrap_or(0.0),
    };
    Phases {
        planning_buffers: counted(&planning.usage),
        planning_memory: planning
            .memory_used_kb
            .map(|used| (bytes(used), bytes(planning.memory_allocated_kb.unwrap_or(used)))),
        jit: statement.get("JIT").filter(|jit| jit.is_object()).map(jit),
        triggers: statement.get("Triggers").into_iter().flat_map(Value::children).map(trigger).collect(),
        serialization: statement.get("Serialization").filter(|s| s.is_object()).map(|s| Serialization {
            time_ms: number(s, "Time"),
            bytes: number(s, "Output Volume").map(|kb| bytes(whole(kb))),
            format: text(s, "Format"),
        }),
    }
}

fn jit(value: Value<'_>) -> Jit {
    let timing = value.get("Timing");
    // Since 17 the generation's time is an object of parts and their total.
    let part = |key| {
        let part = timing?.get(key)?;
        part.number().or_else(|| part.get("Total")?.number()).map(|n| n.max(0.0))
    };
    Jit {
        functions: number(value, "Functions").map_or(0, whole),
        total_ms: part("Total"),
        generation_ms: part("Generation"),
        inlining_ms: part("Inlining"),
        optimization_ms: part("Optimization"),
        emission_ms: part("Emission"),
    }
}

fn text(value: Value<'_>, key: &str) -> Option<String> {
    value.get(key)?.text().map(std::borrow::Cow::into_owned)
}

fn number(value: Value<'_>, key: &str) -> Option<f64> {
    value.get(key)?.number().map(|n| n.max(0.0))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
fn whole(n: f64) -> u64 {
    n.round() as u64
}
