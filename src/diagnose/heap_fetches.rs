use super::{Context, Finding, Rule, Severity, stake::Stake};
use crate::{fmt, plan::Operator};

/// **What it does**: looks for index-only scans that had to visit the table for most of their rows.
///
/// **Why it hurts**: the index alone cannot say whether a row is visible where the visibility map has no word on its page; each such
/// row costs a visit.
///
/// **How to fix**: `VACUUM` the table; let autovacuum come sooner on tables that change much.
pub(super) struct HeapFetches;

impl Rule for HeapFetches {
    fn name(&self) -> &'static str {
        "heap-fetches"
    }

    fn summary(&self) -> &'static str {
        "an index-only scan visits the table for most rows"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        for scan in context.of(&[Operator::IndexOnlyScan]) {
            let (Some(fetches), Some(rows)) =
                (context.extra(scan, "Heap Fetches"), super::stake::rows_handled(context.plan, scan))
            else {
                continue;
            };
            if fetches < 1_000.0 || fetches < 0.1 * rows {
                continue;
            }
            let stake = Stake::own(context, &[scan]);
            if stake.negligible() {
                continue;
            }
            let table = context.name(scan);
            found.push(
                stake
                    .finding(self.name(), scan, format!("The index-only scan visits {table} {} times", fmt::count(fetches)))
                    .why(format!(
                        "For {} of {} rows the visibility map could not say that they are visible to all.",
                        fmt::count(fetches),
                        fmt::count(rows.max(fetches))
                    ))
                    .next(format!("VACUUM {table}; and let autovacuum visit it sooner (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor)."))
                    .number("heap_fetches", fetches)
                    .number("rows", rows)
                    .at_most(Severity::Warning),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::HeapFetches;
    use crate::{
        diagnose::testing::{Say, found, node, plan},
        plan::{Engine, Operator},
    };

    #[test]
    fn visits_to_the_table_are_found_and_a_vacuumed_table_is_left_alone() {
        for (fetches, count) in [("45000", 1), ("0", 0), ("1200", 0), ("800", 0)] {
            let scan = node(Operator::IndexOnlyScan).on("t").index("i").found_by("x").ran(50_000.0, 1.0, 60.0);
            let plan = plan(Engine::PostgreSql, [(0, scan.extra("Heap Fetches", fetches))]);
            assert_eq!(found(&HeapFetches, &plan, None).len(), count, "{fetches}");
        }
    }
}
