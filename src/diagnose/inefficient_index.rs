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
