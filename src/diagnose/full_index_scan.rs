use super::{Context, Finding, Rule, context::short, full_scan_filtering::index_columns, sieve::Sieve, stake::Stake};
use crate::plan::Operator;

/// **What it does**: looks for scans that read every entry of an index and throw most of them away.
///
/// **Why it hurts**: the index is read from end to end, which is a full scan of a smaller table (or, without a covering index,
/// of the table in random order).
///
/// **How to fix**: an index that *begins* with the filter's columns. Where a function hides a column, see `wrapped-column`.
pub(super) struct FullIndexScan;

impl Rule for FullIndexScan {
    fn name(&self) -> &'static str {
        "full-index-scan"
    }

    fn summary(&self) -> &'static str {
        "every entry of an index is read and most are thrown away"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        let kinds = &[Operator::FullIndexScan, Operator::IndexScan, Operator::IndexOnlyScan];
        for scan in context.of(kinds) {
            let node = context.plan.node(scan);
            // Reading in order until a limit is `row-goal`'s matter.
            if !context.walks_whole_index(scan) || context.early_stop(scan).is_some() {
                continue;
            }
            let Some(sieve) = Sieve::of(context, scan).filter(Sieve::wasteful) else {
                continue;
            };
            let stake = Stake::own(context, &sieve.nodes()).rows(sieve.read);
            if stake.negligible() {
                continue;
            }
            let index = node.index.clone().unwrap_or_else(|| "an index".to_owned());
            let table = context.name(scan);
            let next = index_columns(context, scan, sieve.condition).map_or_else(
                || "Look for an index that begins with the filter's columns.".to_owned(),
                |columns| format!("An index on {table} that begins with ({columns}) would read only what passes; let the index search test it."),
            );
            found.push(
                stake
                    .finding(self.name(), scan, format!("All of index {index} is read; the filter {}", sieve.told()))
                    .why(format!(
                        "No condition narrows the lookup in {index}; each entry is tested against {}.{}",
                        short(sieve.condition),
                        sieve.caveat()
                    ))
                    .next(next)
                    .number("rows_read", sieve.read)
                    .number("rows_kept", sieve.kept)
                    .number("rows_removed", sieve.removed())
                    .text("index", index)
                    .text("rows_from", sieve.source.name()),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FullIndexScan;
    use crate::{
        diagnose::testing::{Say, found, node, plan},
        plan::{Engine, Operator},
    };

    #[test]
    fn an_index_read_from_end_to_end_for_a_few_rows_is_found() {
        let filter = node(Operator::Filter).estimated(993_275.0, 101_018.0).ran(914.0, 1.0, 736.0);
        let scan =
            node(Operator::FullIndexScan).on("events").index("ts").estimated(993_275.0, 101_018.0).ran(1e6, 1.0, 503.0);
        let plan = plan(Engine::MySql, [(0, filter.filter("(cast(`events`.ts as date) = '2024-03-01')")), (1, scan)]);
        assert_eq!(found(&FullIndexScan, &plan, None)[0].evidence["index"], "ts");
    }

    #[test]
    fn an_index_that_is_searched_or_walked_until_a_limit_is_left_alone() {
        let scan =
            || node(Operator::IndexScan).on("t").index("i").ran(10.0, 1.0, 90.0).removed(100_000.0).filter("(a = 1)");
        let searched = plan(Engine::PostgreSql, [(0, scan().found_by("(b = 1)"))]);
        let limited = plan(Engine::PostgreSql, [(0, node(Operator::Limit).ran(10.0, 1.0, 90.0)), (1, scan())]);
        let whole = plan(Engine::PostgreSql, [(0, scan())]);
        for (plan, count) in [(searched, 0), (limited, 0), (whole, 1)] {
            assert_eq!(found(&FullIndexScan, &plan, None).len(), count);
        }
    }
}
