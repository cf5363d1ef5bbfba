use super::{Context, Finding, Rule, condition, context::short, sieve::Sieve, stake::Stake};
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

/// The columns an index would need, for a sentence.
pub(super) fn index_columns(context: Context<'_>, scan: NodeId, condition: &str) -> Option<String> {
    let mut columns = condition::columns_of(condition);
    if let Some(table) = context.table(scan).filter(|t| !t.columns.is_empty()) {
        columns.retain(|c| table.column(c).is_some());
    }
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
            if stake.negligible() {
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
                None => {
                    format!("Look for an index on {table} that serves this filter; the index search tries candidates.")
                }
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
