use super::{Context, Finding, Rule, Severity, stake::Stake};
use crate::{fmt, plan::Operator};

/// **What it does**: looks for bitmap scans whose bitmap did not fit in `work_mem` and fell back from rows to whole pages.
///
/// **Why it hurts**: every row of a lossy page is fetched and tested again.
///
/// **How to fix**: more `work_mem` for the statement; or an index that finds fewer rows.
pub(super) struct LossyBitmap;

impl Rule for LossyBitmap {
    fn name(&self) -> &'static str {
        "lossy-bitmap"
    }

    fn summary(&self) -> &'static str {
        "a bitmap did not fit in memory and points at whole pages"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        for scan in context.of(&[Operator::BitmapHeapScan]) {
            let lossy = context.extra(scan, "Lossy Heap Blocks").unwrap_or(0.0);
            let exact = context.extra(scan, "Exact Heap Blocks").unwrap_or(0.0);
            if lossy < 100.0 || lossy < 0.1 * (lossy + exact) {
                continue;
            }
            let stake = Stake::own(context, &[scan]);
            if stake.negligible() {
                continue;
            }
            let rechecked = context.plan.node(scan).rows.removed_by_recheck.unwrap_or(0.0)
                * context.plan.node(scan).rows.loops.unwrap_or(1.0);
            found.push(
                stake
                    .finding(self.name(), scan, format!("The bitmap is lossy for {} of {} pages", fmt::count(lossy), fmt::count(lossy + exact)))
                    .why(format!(
                        "The bitmap outgrew work_mem and kept pages instead of rows; {} rows were fetched and dropped again.",
                        fmt::count(rechecked)
                    ))
                    .next("Try a higher work_mem for this statement, or an index that finds fewer rows.")
                    .number("lossy_blocks", lossy)
                    .number("exact_blocks", exact)
                    .number("rows_removed_by_recheck", rechecked)
                    .at_most(Severity::Warning),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LossyBitmap;
    use crate::{
        diagnose::testing::{Say, found, node, plan},
        plan::{Engine, Operator},
    };

    #[test]
    fn a_lossy_bitmap_is_found_and_an_exact_one_is_not() {
        for (lossy, count) in [("9000", 1), ("50", 0), ("0", 0)] {
            let heap = node(Operator::BitmapHeapScan).on("t").ran(50_000.0, 1.0, 90.0);
            let heap = heap.extra("Exact Heap Blocks", "1000").extra("Lossy Heap Blocks", lossy);
            let plan = plan(
                Engine::PostgreSql,
                [(0, heap), (1, node(Operator::BitmapIndexScan).index("i").ran(50_000.0, 1.0, 9.0))],
            );
            assert_eq!(found(&LossyBitmap, &plan, None).len(), count, "{lossy}");
        }
    }
}
