use super::{Context, Finding, Rule, condition, context::short, sieve::Sieve, stake::Stake, wrapped_column};
use crate::{
    fmt,
    plan::{NodeId, Operator},
};

/// **What it does**: looks for scans of a whole table, or of a whole index, whose filter throws most of the rows away.
///
/// **Why it hurts**: every row is read and tested to keep a few; the work grows with the table and not with the answer.
///
/// **How to fix**: an index on the columns of the filter, so that only rows that pass are read. A partition or a narrower
/// condition may do as well.
pub(super) struct FullScanFiltering;

/// The columns an index would need, for a sentence. Those that a B-tree cannot serve in this condition are left out: they
/// have findings of their own.
pub(super) fn index_columns(context: Context<'_>, scan: NodeId, condition: &str) -> Option<String> {
    let mut columns = context.columns(scan, condition);
    if let Some(table) = context.table(scan).filter(|t| !t.columns.is_empty()) {
        columns.retain(|c| table.column(c).is_some());
    }
    let table = context.table(scan);
    let hidden = condition::wrapped(condition).into_iter().filter(|w| wrapped_column::hides(context, table, w));
    let inside = condition::containment(condition).map(|(column, _)| column);
    let unserved: Vec<String> = hidden.map(|w| w.column).chain(inside).collect();
    columns.retain(|c| !unserved.contains(c));
    let equal = condition::equal_columns(condition);
    columns.sort_by_key(|c| !equal.contains(c));
    columns.truncate(4);
    (!columns.is_empty()).then(|| columns.join(", "))
}

impl Rule for FullScanFiltering {
    fn name(&self) -> &'static str {
        "full-scan-filtering"
    }

    fn summary(&self) -> &'static str {
        "a scan of the whole table whose filter throws most rows away"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        for scan in context.of(&[Operator::SeqScan]) {
            let Some(sieve) = Sieve::of(context, scan).filter(Sieve::wasteful) else {
                continue;
            };
            let stake = Stake::own(context, &sieve.nodes()).rows(sieve.read);
            // What a buffered join compares is the join's matter, though MySQL and MariaDB print it at the table.
            if stake.negligible() || context.buffered(scan) {
                continue;
            }
            let table = context.name(scan);
            let why = format!(
                "The whole of {table} is read, and the filter {} {}.{}",
                short(sieve.condition),
                sieve.told(),
                sieve.caveat()
            );
            let next = match index_columns(context, scan, sieve.condition) {
                Some(columns) => {
                    format!(
                        "An index on {table} ({columns}) could find those rows alone; let the index search test it."
                    )
                }
                None => format!(
                    "A plain index on {table} would not serve this filter as it is written; look for another way to ask, or another kind of index."
                ),
            };
            found.push(
                stake
                    .finding(self.name(), scan, format!("A full scan of {table} {}", sieve.told()))
                    .why(why)
                    .next(next)
                    .number("rows_read", sieve.read)
                    .number("rows_kept", sieve.kept)
                    .number("rows_removed", sieve.removed())
                    .number("kept_percent", fmt::rounded(100.0 * sieve.kept / sieve.read.max(1.0)))
                    .text("rows_from", sieve.source.name())
                    .at_most(sieve.ceiling()),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FullScanFiltering;
    use crate::{
        diagnose::{
            Severity,
            testing::{Say, catalog, found, node, plan},
        },
        plan::{Engine, Operator},
    };

    #[test]
    fn a_scan_that_throws_nearly_everything_away_is_critical() {
        let scan = node(Operator::SeqScan).on("orders").estimated(8.0, 20_000.0).ran(8.0, 1.0, 80.0).removed(999_992.0);
        let plan = plan(Engine::PostgreSql, [(0, scan.filter("(customer_id = 42)"))]);
        let found = found(&FullScanFiltering, &plan, None);
        assert_eq!(found[0].severity, Severity::Critical);
        assert_eq!(found[0].evidence["rows_removed"], 999_992);
        assert_eq!(found[0].title, "A full scan of orders keeps 8 of 1.0 M rows");
        assert!(found[0].next.contains("orders (customer_id)"), "{}", found[0].next);
    }

    #[test]
    fn columns_compared_for_equality_come_first_in_the_index_that_is_named() {
        let scan = node(Operator::SeqScan).on("orders").estimated(8.0, 20_000.0).ran(8.0, 1.0, 80.0).removed(999_992.0);
        let filter = "((created_at >= '2024-01-01'::date) AND (customer_id = 42) AND (status = ANY ('{a,b}'::text[])))";
        let plan = plan(Engine::PostgreSql, [(0, scan.filter(filter))]);
        let found = found(&FullScanFiltering, &plan, None);
        assert!(found[0].next.contains("orders (customer_id, status, created_at)"), "{}", found[0].next);
    }

    #[test]
    fn a_filter_of_its_own_above_the_scan_counts_the_same() {
        let filter = node(Operator::Filter).estimated(99_684.0, 30_221.0).ran(5_247.0, 1.0, 212.0);
        let scan = node(Operator::SeqScan).on("orders").estimated(299_083.0, 30_221.0).ran(300_000.0, 1.0, 156.0);
        let plan = plan(Engine::MySql, [(0, filter.filter("(orders.total > 1450.00)")), (1, scan)]);
        let found = found(&FullScanFiltering, &plan, None);
        assert_eq!((found[0].node.0, found[0].severity), (1, Severity::Critical));
        assert_eq!(found[0].share, Some(1.0));
    }

    #[test]
    fn an_estimate_is_told_as_an_estimate() {
        let scan = || node(Operator::SeqScan).on("orders").estimated(8.0, 20_000.0).filter("(customer_id = 42)");
        let plan = plan(Engine::PostgreSql, [(0, scan())]);
        let known = catalog("orders", 1e6, &[("customer_id", "integer"), ("total", "numeric")], &[]);
        for (catalog, from, severity) in
            [(Some(&known), "catalog", Severity::Critical), (None, "cost", Severity::Warning)]
        {
            let found = found(&FullScanFiltering, &plan, catalog);
            assert_eq!(found[0].evidence["rows_from"], from);
            assert_eq!(found[0].severity, severity);
            assert!(found[0].title.contains("is expected to keep 8 of"), "{}", found[0].title);
            assert!(found[0].why.contains("EXPLAIN ANALYZE would tell"), "{}", found[0].why);
        }
    }

    #[test]
    fn healthy_scans_are_left_alone() {
        let scan = |rows: f64, removed: f64, ms: f64| {
            node(Operator::SeqScan).on("t").estimated(rows, 100.0).ran(rows, 1.0, ms).removed(removed).filter("(a = 1)")
        };
        for (what, node) in [
            ("tiny", scan(1.0, 500.0, 3.0)),
            ("most rows are wanted", scan(90_000.0, 10_000.0, 30.0)),
            ("no filter", node(Operator::SeqScan).on("t").estimated(1e6, 100.0).ran(1e6, 1.0, 200.0)),
            ("never ran", node(Operator::SeqScan).on("t").estimated(1e6, 100.0).ran(0.0, 0.0, 0.0).filter("(a = 1)")),
            ("over at once", scan(1.0, 2_000.0, 0.2)),
            ("compared through a join buffer", {
                let mut scan = scan(1.0, 100_000.0, 80.0);
                scan.flags.push(crate::plan::Flag::JoinBuffer);
                scan
            }),
        ] {
            let plan = plan(Engine::PostgreSql, [(0, node)]);
            assert!(found(&FullScanFiltering, &plan, None).is_empty(), "{what}");
        }
    }
}
