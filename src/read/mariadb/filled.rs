//! Temporary tables that groups, DISTINCT, windows, unions and derived tables fill. They have no clock: what filling takes is done between
//! two rows of the table that is joined last, and stated as that table's other time. Measured on 11.8: 100,000 rows grouped in a temporary
//! table give their table 389 ms of other time, which is 15 ms where they are only counted; 200,000 texts put into that of a UNION give it
//! 1,457 ms.

use super::{
    overlap::number,
    sorted::{calls, conditions},
};
use crate::read::json::Value;

/// Putting a row into a temporary table takes so many times what checking a row's condition does.
const FILLING: f64 = 10.0;

/// The place of the table that is joined last in what fills a temporary table (an operation or a block), and how much of its other time
/// filling took, milliseconds, without as much of it as is known to be counted elsewhere (`counted`, of a table's place). `None` where it is
/// not stated, or where the table's condition calls functions, so that no one can tell the two apart.
pub(super) fn of(filling: Value<'_>, counted: impl Fn(u32) -> f64) -> Option<(u32, f64)> {
    let last = filling.get("nested_loop")?.children().last()?;
    let table = last.get("table")?;
    let other = (number(table, "r_other_time_ms")? - counted(table.place())).max(0.0);
    if conditions(table).any(|text| calls(&text)) {
        return None;
    }
    let checks = conditions(table).next().is_some();
    let passed = number(table, "r_filtered").unwrap_or(100.0) / 100.0;
    let (filling, checking) = (passed * FILLING, if checks { 1.0 } else { 0.0 });
    (filling > 0.0 && other > 0.0).then(|| (table.place(), other * filling / (filling + checking)))
}

/// What a branch of a union put into its table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filled {
    /// The place of the table whose other time it is stated as.
    table: u32,
    /// The place of the block with the clock that it is in.
    block: u32,
    /// How much, milliseconds.
    pub(super) ms: f64,
}

impl Filled {
    /// Where it is stated, and how much.
    pub(super) fn stated(self) -> [(u32, f64); 2] {
        [(self.table, self.ms), (self.block, self.ms)]
    }
}

/// What the branches of a union put into its table, or into that of the block around it, as [`of`] tells of each. Where it holds no more
/// rows than there are branches, they counted or summed theirs up: nothing was filled.
pub(super) fn branches(union: Value<'_>) -> Vec<Filled> {
    let blocks: Vec<_> = specifications(union).collect();
    let count = u32::try_from(blocks.len()).map_or(f64::INFINITY, f64::from);
    if number(union, "r_rows").is_some_and(|rows| rows <= count) {
        return Vec::new();
    }
    let filled = |block: Value<'_>| {
        let (table, ms) = plain(block)?;
        Some(Filled { table, block: block.place(), ms })
    };
    blocks.into_iter().filter_map(filled).collect()
}

fn specifications(union: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    let all = union.get("query_specifications").into_iter().flat_map(Value::children);
    all.filter_map(|branch| branch.get("query_block"))
}

/// [`of`], of a block whose rows are put into a table as they are. What reads a table that was filled itself has the time of that in its
/// own, so that nothing can be told.
pub(super) fn plain(block: Value<'_>) -> Option<(u32, f64)> {
    // A semi-join's block has no clock: its table's own time is that of writing to it.
    number(block, "r_total_time_ms")?;
    let last = block.get("nested_loop")?.children().last()?;
    if last.get("table")?.get("materialized").is_some() {
        return None;
    }
    of(block, |_| 0.0)
}

/// The place of the block that a table was filled from (told in `around`), where reading it showed at least half of the rows that the
/// block read. Others counted or summed them up, for all that is known.
pub(super) fn held(table: Value<'_>, around: Value<'_>) -> Option<u32> {
    let from = around.get("materialized")?;
    let block = from.get("materialization").unwrap_or(from).get("query_block")?;
    let rows = |table: Value<'_>| {
        let passed = number(table, "r_filtered").unwrap_or(100.0) / 100.0;
        Some((number(table, "r_rows")? * number(table, "r_loops").unwrap_or(1.0), passed))
    };
    table.get("access_type")?.text().filter(|kind| kind == "ALL")?;
    let (held, _) = rows(table).filter(|_| number(table, "r_loops") == Some(1.0))?;
    let blocks = match block.get("union_result") {
        Some(union) => specifications(union).collect(),
        None => vec![block],
    };
    let last = |block: Value<'_>| rows(block.get("nested_loop")?.children().last()?.get("table")?);
    let read: f64 = blocks.into_iter().filter_map(last).map(|(rows, passed)| rows * passed).sum();
    (held >= read / 2.0).then(|| block.place())
}

/// Whether a union has a table of its own. Without one it passes rows on.
pub(super) fn collects(union: Value<'_>) -> bool {
    union.get("table_name").is_some()
}

#[cfg(test)]
mod tests {
    use crate::{
        plan::{self, Operator},
        read,
    };

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

    /// Measured: 200,000 and 100,000 texts are put into the table of a union or of what is around it, each with little reading.
    #[test]
    fn what_filling_the_table_of_a_union_took_is_the_unions() {
        let branch = |select: u8, name: &str, reading: f64, other: f64| {
            format!(
                r#"{{"query_block": {{"select_id": {select}, "r_loops": 1, "r_total_time_ms": {}, "nested_loop": [{{"table": {{"table_name": "{name}",
                "access_type": "ALL", "r_loops": 1, "rows": 9, "r_rows": 9, "r_table_time_ms": {reading}, "r_other_time_ms": {other}}}}}]}}}}"#,
                reading + other
            )
        };
        let both = [branch(2, "a", 50.0, 1450.0), branch(3, "b", 25.0, 2260.0)].join(", ");
        let union = |own: &str| format!(r#""union_result": {{{own}"query_specifications": [{both}]}}"#);
        let derived = |block: &str| {
            format!(
                r#"{{"query_block": {{"select_id": 1, "r_loops": 1, "r_total_time_ms": 3800, "nested_loop": [{{"table": {{"table_name": "<derived2>",
                "access_type": "ALL", "r_loops": 1, "rows": 9, "r_rows": 9, "r_table_time_ms": 5, "r_other_time_ms": 10, "materialized":
                {{"query_block": {{{block}}}}}}}}}]}}}}"#
            )
        };
        let named = r#""table_name": "<union2,3>", "access_type": "ALL", "r_loops": 1, "r_rows": 9, "#;
        let one = r#""select_id": 2, "r_loops": 1, "r_total_time_ms": 3785, "nested_loop": [{"table": {"table_name": "a", "access_type": "ALL",
            "r_loops": 1, "rows": 9, "r_rows": 9, "r_table_time_ms": 75, "r_other_time_ms": 3710}}]"#;
        for (document, filled) in [
            (format!(r#"{{"query_block": {{{}}}}}"#, union(named)), Some(Operator::SetOp)),
            (derived(&union(named)), Some(Operator::SetOp)),
            (derived(&union("")), Some(Operator::Materialize)),
            (derived(one), Some(Operator::Materialize)),
            // What counts its rows fills nothing.
            (format!(r#"{{"query_block": {{{}}}}}"#, union(&named.replace(": 9", ": 2"))), None),
            (derived(one).replacen("\"r_rows\": 9", "\"r_rows\": 1", 1), None),
            // Without a table, the rows go to who asked, which takes time where they are made.
            (format!(r#"{{"query_block": {{{}}}}}"#, union("")), None),
        ] {
            let plan = read::read(&document).unwrap().remove(0);
            let own = |id| plan.derived(id).self_ms.unwrap_or(0.0);
            let slowest = plan.ids().max_by(|a, b| own(*a).total_cmp(&own(*b))).unwrap();
            let operator = &plan.node(slowest).operator;
            assert_eq!(operator, filled.as_ref().unwrap_or(&Operator::SeqScan), "{document}");
            let sum: f64 = plan.ids().map(own).sum();
            let whole = plan.derived(plan::NodeId::ROOT).wall_ms.unwrap();
            assert!((sum - whole).abs() < 0.1 && (3785.0..=3800.0).contains(&whole), "{document}: {sum} of {whole}");
            let reading: f64 = plan.ids().filter(|id| plan.node(*id).operator == Operator::SeqScan).map(own).sum();
            assert!((reading - if filled.is_some() { 75.0 } else { 3785.0 }).abs() < 0.1, "{document}: {reading}");
        }
    }
}
