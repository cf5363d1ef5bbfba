//! Temporary tables that groups, DISTINCT and windows fill. They have no clock: what filling takes is done between two rows of the table
//! that is joined last, and stated as that table's other time. Measured on 11.8: 100,000 rows grouped in a temporary table give their table
//! 389 ms of other time, which is 15 ms where they are only counted.

use super::{
    overlap::number,
    sorted::{calls, conditions},
};
use crate::read::json::Value;

/// Putting a row into a temporary table takes so many times what checking a row's condition does.
const FILLING: f64 = 10.0;

/// The place of the table that is joined last before a temporary table is filled, and how much of its other time filling took,
/// milliseconds. `None` where it is not stated, or where the table's condition calls functions, so that no one can tell the two apart.
pub(super) fn of(temporary: Value<'_>) -> Option<(u32, f64)> {
    let last = temporary.get("nested_loop")?.children().last()?;
    let table = last.get("table")?;
    let other = number(table, "r_other_time_ms").filter(|ms| *ms > 0.0)?;
    if conditions(table).any(|text| calls(&text)) {
        return None;
    }
    let checks = conditions(table).next().is_some();
    let passed = number(table, "r_filtered").unwrap_or(100.0) / 100.0;
    let (filling, checking) = (passed * FILLING, if checks { 1.0 } else { 0.0 });
    (filling > 0.0).then(|| (table.place(), other * filling / (filling + checking)))
}

#[cfg(test)]
mod tests {
    use crate::{plan::Operator, read};

    /// Measured: what the server gives the table between its rows is the table's that is filled.
    #[test]
    fn what_filling_took_is_the_temporary_tables() {
        for (condition, filled) in [
            ("", 388.8),
            (r#", "attached_condition": "a.val > 5", "r_filtered": 40"#, 388.8 * 4.0 / 5.0),
            (r#", "attached_condition": "sha2(a.txt,512) <> 'x'", "r_filtered": 40"#, 0.0),
        ] {
            let document = format!(
                r#"{{"query_block": {{"select_id": 1, "r_loops": 1, "r_total_time_ms": 431.6, "filesort": {{"sort_key": "count(0) desc", "r_loops": 1,
                "r_total_time_ms": 14.6, "r_limit": 10, "r_output_rows": 11, "temporary_table": {{"nested_loop": [{{"table": {{"table_name": "a",
                "access_type": "ALL", "r_loops": 1, "rows": 99640, "r_rows": 100000, "r_table_time_ms": 26.6, "r_other_time_ms": 388.8{condition}}}}}]}}}}}}}}"#
            );
            let plan = read::read(&document).unwrap().remove(0);
            let own = |operator: &Operator| {
                let id = plan.ids().find(|id| plan.node(*id).operator == *operator).unwrap();
                plan.derived(id).self_ms.unwrap_or(0.0)
            };
            assert!(
                (own(&Operator::TemporaryTable) - filled).abs() < 0.1,
                "{condition}: {}",
                own(&Operator::TemporaryTable)
            );
            let read = 26.6 + 388.8 - filled;
            assert!((own(&Operator::SeqScan) - read).abs() < 0.1, "{condition}: {}", own(&Operator::SeqScan));
        }
    }
}
