use super::{
    Context, Finding, Rule, Severity,
    context::short,
    full_scan_filtering::index_columns,
    sieve::{Sieve, Source},
    stake::Stake,
};
use crate::{
    fmt,
    plan::{Engine, Operator},
};

/// Fewer rows than this are not worth a doubt.
const LARGE: f64 = 10_000.0;
/// From this part on an estimate lets "every" row pass: MySQL and MariaDB say 100 % of a column they know nothing of.
const ALL: f64 = 0.999;

/// **What it does**: looks for scans of a large table with a filter of which the server's estimate tells nothing, because
/// it has no statistics of the columns: all rows are expected to pass.
///
/// **Why it hurts**: every row is read, and the plan above is made for all of them. Whether few or many rows pass cannot
/// be told from this plan, and the server could not tell either.
///
/// **How to fix**: measure the statement, or gather a histogram of the column (`ANALYZE TABLE … UPDATE HISTOGRAM ON …` on
/// MySQL, `ANALYZE TABLE … PERSISTENT FOR COLUMNS …` on MariaDB); or try an index.
pub(super) struct FullScanUntold;

impl Rule for FullScanUntold {
    fn name(&self) -> &'static str {
        "full-scan-untold"
    }

    fn summary(&self) -> &'static str {
        "a scan of a large table whose filter the server knows nothing of"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        for scan in context.of(&[Operator::SeqScan]) {
            let Some(sieve) = Sieve::of(context, scan) else { continue };
            let told = sieve.source == Source::Counted || sieve.kept < ALL * sieve.read;
            // PostgreSQL always has statistics: there an estimate of all rows is knowledge.
            let knows = context.plan.engine == Engine::PostgreSql;
            if knows || told || sieve.read < LARGE || context.buffered(scan) {
                continue;
            }
            let stake = Stake::own(context, &sieve.nodes()).rows(sieve.read);
            let table = context.name(scan);
            let index = index_columns(context, scan, sieve.condition).map_or_else(String::new, |columns| {
                format!(", or let the index search test one on {table} ({columns})")
            });
            found.push(
                stake
                    .finding(
                        self.name(),
                        scan,
                        format!(
                            "A full scan of {table} reads {} rows; how many its filter keeps cannot be told",
                            fmt::count(sieve.read)
                        ),
                    )
                    .why(format!(
                        "The whole of {table} is read. The server has no statistics for the filter {}, so it expects every row to pass.",
                        short(sieve.condition)
                    ))
                    .next(format!("Measure the statement, gather a histogram of the column{index}."))
                    .number("rows_read", sieve.read)
                    .at_most(Severity::Warning),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FullScanUntold;
    use crate::{
        diagnose::{
            Severity,
            testing::{Say, found, node, plan},
        },
        plan::{Engine, Operator},
    };

    #[test]
    fn a_filter_nothing_is_known_of_is_said_to_be_untold() {
        let filter = node(Operator::Filter).estimated(199_104.0, 20_696.0).filter("(orders.customer_id = 42)");
        let scan = node(Operator::SeqScan).on("orders").estimated(199_104.0, 20_696.0);
        let found = found(&FullScanUntold, &plan(Engine::MySql, [(0, filter), (1, scan)]), None);
        assert_eq!((found[0].node.0, found[0].severity), (1, Severity::Warning));
        assert!(found[0].title.contains("cannot be told"), "{}", found[0].title);
        assert!(found[0].next.contains("orders (customer_id)"), "{}", found[0].next);
    }

    #[test]
    fn what_was_counted_estimated_or_small_is_left_alone() {
        for (what, below, kept) in [
            ("small", node(Operator::SeqScan).on("t").estimated(500.0, 10.0), 500.0),
            ("estimated", node(Operator::SeqScan).on("t").estimated(199_104.0, 100.0), 19_910.0),
            ("counted", node(Operator::SeqScan).on("t").estimated(5e5, 9.0).ran(5e5, 1.0, 90.0), 5e5),
        ] {
            let mut filter = node(Operator::Filter).estimated(kept, 100.0).filter("(a = 1)");
            if what == "counted" {
                filter = filter.ran(5e5, 1.0, 91.0);
            }
            let plan = plan(Engine::MySql, [(0, filter), (1, below)]);
            assert!(found(&FullScanUntold, &plan, None).is_empty(), "{what}");
        }
        let plan = plan(Engine::MySql, [(0, node(Operator::SeqScan).on("t").estimated(1e6, 100.0))]);
        assert!(found(&FullScanUntold, &plan, None).is_empty(), "no filter");
    }
}
