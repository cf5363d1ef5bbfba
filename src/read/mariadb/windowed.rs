//! Window functions. They have no clock: what a block took beyond what its tables, sorts and sub-queries state was spent on them. Measured
//! on 11.8: a block without them leaves nothing over; `row_number()` of 200,000 rows leaves 542 ms of 985, and 533 of 936 where its rows are
//! put into a derived table as well.

use super::overlap::{blocks, filled, number, own};
use crate::read::json::Value;

/// The place of a block's window functions and what they took, milliseconds.
pub(super) fn of(block: Value<'_>) -> Option<(u32, f64)> {
    let window = of_block(block)?;
    let twice: f64 = filled(block).into_iter().map(|(_, ms)| ms).sum();
    Some((window.place(), left(block)? + twice)).filter(|(_, ms)| *ms > 0.0)
}

/// A block's window functions.
pub(super) fn of_block(block: Value<'_>) -> Option<Value<'_>> {
    own(block).find(|inner| inner.key().is_some_and(|key| key == "window_functions_computation"))
}

/// What a block took beyond all that it states, milliseconds; less than nothing where something is stated twice.
pub(super) fn left(block: Value<'_>) -> Option<f64> {
    let whole = number(block, "r_total_time_ms")?;
    let asked = |around: Value<'_>| {
        let inside = ["materialized", "subqueries"].into_iter().filter_map(|key| around.get(key));
        inside.map(blocks).sum::<f64>()
    };
    let mut stated = asked(block);
    for inner in own(block) {
        stated += asked(inner);
        let Some(key) = inner.key() else { continue };
        stated += match key.as_ref() {
            "r_table_time_ms" | "r_other_time_ms" | "r_unpack_time_ms" => inner.number().unwrap_or(0.0),
            "filesort" => number(inner, "r_total_time_ms").unwrap_or(0.0),
            _ => 0.0,
        };
    }
    Some(whole - stated)
}

#[cfg(test)]
mod tests {
    use crate::{plan::Operator, read};

    /// Measured: a block with window functions took longer than all that it states.
    #[test]
    fn what_a_block_leaves_over_its_window_functions_took() {
        let document = r#"{"query_block": {"select_id": 1, "r_loops": 1, "r_total_time_ms": 984.5, "window_functions_computation": {
            "sorts": [{"filesort": {"sort_key": "a.g, a.txt", "r_loops": 1, "r_total_time_ms": 196, "r_output_rows": 200000}}],
            "temporary_table": {"nested_loop": [{"table": {"table_name": "a", "access_type": "ALL", "r_loops": 1, "rows": 9, "r_rows": 9,
            "r_table_time_ms": 78, "r_other_time_ms": 168}}]}}}}"#;
        let plan = read::read(document).unwrap().remove(0);
        let own = |operator: &Operator| {
            plan.ids().find(|id| plan.node(*id).operator == *operator).and_then(|id| plan.derived(id).self_ms).unwrap()
        };
        assert!((own(&Operator::WindowAgg) - 542.5).abs() < 0.1 && own(&Operator::Result).abs() < 0.1);
        assert!((own(&Operator::Sort) - 196.0).abs() < 0.1 && (own(&Operator::TemporaryTable) - 168.0).abs() < 0.1);
    }
}
