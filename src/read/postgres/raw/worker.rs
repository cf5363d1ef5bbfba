//! One process's part of a node, from `"Workers"`.

use super::RawSpill;
use crate::read::json::Value;

/// One worker.
#[derive(Debug, Default)]
pub(in crate::read::postgres) struct RawWorker {
    pub(in crate::read::postgres) total_time: Option<f64>,
    pub(in crate::read::postgres) rows: Option<f64>,
    pub(in crate::read::postgres) loops: f64,
    pub(in crate::read::postgres) spill: RawSpill,
}

impl RawWorker {
    /// The workers of a list, in the server's order.
    pub(super) fn all(workers: Value<'_>) -> Vec<Self> {
        workers.children().map(Self::read).collect()
    }

    fn read(worker: Value<'_>) -> Self {
        let mut raw = Self::default();
        if worker.is_object() {
            for field in worker.children() {
                let key = field.key().unwrap_or_default();
                let number = || field.number().map(|n| n.max(0.0));
                match key.as_ref() {
                    "Actual Total Time" => raw.total_time = number(),
                    "Actual Rows" => raw.rows = number(),
                    "Actual Loops" => raw.loops = number().unwrap_or(0.0),
                    key => raw.spill.look(key, field),
                }
            }
        }
        raw
    }
}
