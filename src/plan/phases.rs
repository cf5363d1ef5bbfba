//! What a statement's execution did outside of the plan's nodes.

use super::Buffers;

/// Work around the nodes, as far as the document tells (PostgreSQL).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Phases {
    /// Blocks touched while planning.
    pub planning_buffers: Option<Buffers>,
    /// Memory the planner took, bytes (`MEMORY`, since 17): used and allocated.
    pub planning_memory: Option<(u64, u64)>,
    /// Compiling expressions.
    pub jit: Option<Jit>,
    /// Triggers that fired, foreign keys among them.
    pub triggers: Vec<Trigger>,
    /// Turning the result into what the client gets (`SERIALIZE`, since 17).
    pub serialization: Option<Serialization>,
}

/// Just-in-time compilation, workers included.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Jit {
    /// Functions made.
    pub functions: u64,
    /// All of it, milliseconds.
    pub total_ms: Option<f64>,
    /// Making the functions, milliseconds.
    pub generation_ms: Option<f64>,
    /// Inlining, milliseconds.
    pub inlining_ms: Option<f64>,
    /// Optimising, milliseconds.
    pub optimization_ms: Option<f64>,
    /// Writing machine code, milliseconds.
    pub emission_ms: Option<f64>,
}

/// One trigger on one table.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Trigger {
    /// Its own name; a text plan gives a constraint's instead, unless it is verbose.
    pub name: Option<String>,
    /// The constraint it enforces.
    pub constraint: Option<String>,
    /// The table.
    pub relation: Option<String>,
    /// All calls, milliseconds; not part of any node's time.
    pub time_ms: Option<f64>,
    /// How often it was called.
    pub calls: f64,
}

/// Serialising the result.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Serialization {
    /// Milliseconds.
    pub time_ms: Option<f64>,
    /// What the client would have received, bytes.
    pub bytes: Option<u64>,
    /// `text` or `binary`.
    pub format: Option<String>,
}

impl Phases {
    /// Each phase in a few words, for people: `compiled (JIT) in 12 ms, 40 functions`.
    #[must_use]
    pub fn describe(&self) -> Vec<String> {
        use crate::fmt;
        let mut out = Vec::new();
        if let Some((used, allocated)) = self.planning_memory {
            out.push(format!("planning took {} of memory ({} allocated)", fmt::bytes(used), fmt::bytes(allocated)));
        }
        // Blocks found in the cache cost next to nothing.
        if let Some(b) = self.planning_buffers.filter(|b| b.read > 0) {
            #[allow(clippy::cast_precision_loss, reason = "shown with a few digits")]
            let [hit, read] = [b.hit, b.read].map(|n| fmt::count(n as f64));
            out.push(format!("planning read {read} blocks and found {hit} in cache"));
        }
        if let Some(jit) = &self.jit {
            let time = jit.total_ms.map_or(String::new(), |ms| format!(" in {}", fmt::duration_ms(ms)));
            #[allow(clippy::cast_precision_loss, reason = "shown with a few digits")]
            let functions = fmt::count(jit.functions as f64);
            out.push(format!("compiled (JIT){time}, {functions} functions"));
        }
        for trigger in &self.triggers {
            let name = trigger.constraint.as_ref().or(trigger.name.as_ref()).map_or("?", String::as_str);
            let on = trigger.relation.as_ref().map_or(String::new(), |r| format!(" on {r}"));
            let time = trigger.time_ms.map_or(String::new(), |ms| format!("{} in ", fmt::duration_ms(ms)));
            out.push(format!("trigger {name}{on}: {time}{} calls", fmt::count(trigger.calls)));
        }
        if let Some(s) = &self.serialization {
            let time = s.time_ms.map_or(String::new(), |ms| format!(" in {}", fmt::duration_ms(ms)));
            let size = s.bytes.map_or(String::new(), |b| format!(", {}", fmt::bytes(b)));
            out.push(format!("result serialized{time}{size}"));
        }
        out
    }
}
