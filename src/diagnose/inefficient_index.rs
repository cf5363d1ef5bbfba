use super::{Context, Finding, Rule, context::short, full_scan_filtering::index_columns, sieve::Sieve, stake::Stake};
use crate::plan::Operator;

/// **What it does**: looks for index lookups after which a filter throws most of the found rows away.
///
/// **Why it hurts**: the index finds too much. Each row too many is fetched from the table, often from another page, only to be
/// dropped.
///
/// **How to fix**: an index whose leading columns are those of the index condition *and* of the filter.
pub(super) struct InefficientIndex;

impl Rule for InefficientIndex {
    fn name(&self) -> &'static str {
        "inefficient-index"
    }

    fn summary(&self) -> &'static str {
        "an index finds many rows that a filter then throws away"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        let kinds = &[
            Operator::IndexScan,
            Operator::IndexOnlyScan,
            Operator::BitmapHeapScan,
            Operator::IndexMerge,
            Operator::UniqueLookup,
        ];
        for scan in context.of(kinds) {
            let node = context.plan.node(scan);
            let bitmap = node.operator == Operator::BitmapHeapScan;
            if context.walks_whole_index(scan) {
                continue;
            }
            let Some(sieve) = Sieve::of(context, scan) else {
                continue;
            };
            // Per execution a lookup may be small; what counts is how much is dropped in all.
            let part = sieve.removed() / sieve.read.max(1.0);
            if sieve.removed() < super::sieve::TINY || part < if sieve.counted() { 0.8 } else { 0.5 } {
                continue;
            }
            let mut nodes = sieve.nodes();
            if bitmap {
                nodes.extend(context.plan.children(scan));
            }
            let stake = Stake::own(context, &nodes).rows(sieve.read);
            if stake.negligible() {
                continue;
            }
            let index = node.index.clone().map_or_else(|| "The index".to_owned(), |i| format!("Index {i}"));
            let table = context.name(scan);
            let used = node.conditions.index.as_deref().or(node.conditions.recheck.as_deref()).unwrap_or_default();
            let both = format!("{used} {}", sieve.condition);
            let next = index_columns(context, scan, &both).map_or_else(
                || "Add the filter's columns to the index, after those that are searched already.".to_owned(),
                |columns| {
                    format!("One index on {table} ({columns}) would find only the rows that pass; let the index search test it.")
                },
            );
            found.push(
                stake
                    .finding(self.name(), scan, format!("{index} finds too much: the filter {}", sieve.told()))
                    .why(format!(
                        "What the index finds is then tested against {}, and most of it is dropped.{}",
                        short(sieve.condition),
                        sieve.caveat()
                    ))
                    .next(next)
                    .number("rows_read", sieve.read)
                    .number("rows_kept", sieve.kept)
                    .number("rows_removed", sieve.removed())
                    .number("loops", sieve.loops)
                    .text("rows_from", sieve.source.name()),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::InefficientIndex;
    use crate::{
        diagnose::testing::{Say, found, node, plan},
        plan::{Engine, Operator},
    };

    fn scan(rows: f64, removed: f64, loops: f64) -> crate::plan::Node {
        let scan =
            node(Operator::IndexScan).on("orders").index("ix").estimated(rows, 100.0).ran(rows, loops, 40.0 / loops);
        scan.removed(removed).found_by("(customer_id = 42)").filter("(status = 'open'::text)")
    }

    #[test]
    fn an_index_that_finds_too_much_is_found_and_a_wider_one_named() {
        let plan = plan(Engine::PostgreSql, [(0, scan(5.0, 20_000.0, 1.0))]);
        let found = found(&InefficientIndex, &plan, None);
        assert_eq!(found[0].evidence["rows_removed"], 20_000);
        assert!(found[0].next.contains("orders (customer_id, status)"), "{}", found[0].next);
    }

    #[test]
    fn little_waste_in_each_of_many_lookups_adds_up_and_a_good_index_is_left_alone() {
        for (node, count) in [(scan(1.0, 9.0, 5_000.0), 1), (scan(9.0, 1.0, 5_000.0), 0), (scan(1.0, 500.0, 1.0), 0)] {
            let plan = plan(Engine::PostgreSql, [(0, node)]);
            assert_eq!(found(&InefficientIndex, &plan, None).len(), count);
        }
    }
}
