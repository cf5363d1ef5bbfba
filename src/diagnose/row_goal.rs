use super::{Context, Finding, Rule, context::short, full_scan_filtering::index_columns, sieve::Sieve, stake::Stake};
use crate::{fmt, plan::Operator};

/// **What it does**: looks for a `LIMIT` served by walking an index in order, where a filter threw away most of what was walked.
///
/// **Why it hurts**: the planner hoped to meet matching rows soon. When they are rare, or all at the other end, nearly the whole
/// index is walked for a few rows.
///
/// **How to fix**: an index that has the filter's columns first and the order after them, so that the first entries are the answer.
pub(super) struct RowGoal;

impl Rule for RowGoal {
    fn name(&self) -> &'static str {
        "row-goal"
    }

    fn summary(&self) -> &'static str {
        "LIMIT walks an index in order and throws most of it away"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        let kinds = &[Operator::FullIndexScan, Operator::IndexScan, Operator::IndexOnlyScan];
        for scan in context.of(kinds) {
            let Some(limit) = context.early_stop(scan) else {
                continue;
            };
            let node = context.plan.node(scan);
            if !context.walks_whole_index(scan) {
                continue;
            }
            // Only counted rows tell how far the walk went.
            let Some(sieve) = Sieve::of(context, scan).filter(|s| s.counted() && s.wasteful()) else {
                continue;
            };
            let stake = Stake::own(context, &sieve.nodes()).rows(sieve.read);
            if stake.negligible() {
                continue;
            }
            let (table, wanted) = (context.name(scan), context.rows(limit).unwrap_or(0.0));
            let index = node.index.clone().unwrap_or_else(|| "the index".to_owned());
            let next = index_columns(context, scan, sieve.condition).map_or_else(
                || "An index with the filter's columns first and the order's columns after them stops at once.".to_owned(),
                |columns| {
                    format!("An index on {table} with ({columns}) first and the columns of the order after them stops at once; let the index search test it.")
                },
            );
            found.push(
                stake
                    .finding(
                        self.name(),
                        scan,
                        format!("LIMIT {} walks {} entries of {index}", fmt::count(wanted), fmt::count(sieve.read)),
                    )
                    .why(format!(
                        "The index gives the order, and rows are tested against {} until {} are found; {} were thrown away on the way.",
                        short(sieve.condition),
                        fmt::count(wanted),
                        fmt::count(sieve.removed())
                    ))
                    .next(next)
                    .number("rows_read", sieve.read)
                    .number("rows_removed", sieve.removed())
                    .number("rows_wanted", wanted)
                    .text("index", index),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RowGoal;
    use crate::{
        diagnose::testing::{Say, found, node, plan, rules},
        plan::{Engine, Operator},
    };

    fn limited(removed: f64) -> crate::plan::Plan {
        let limit = node(Operator::Limit).estimated(10.0, 5.0).ran(10.0, 1.0, 900.0);
        let scan = node(Operator::IndexScan)
            .on("orders")
            .index("orders_created_at")
            .estimated(50_000.0, 900.0)
            .ran(10.0, 1.0, 900.0);
        plan(Engine::PostgreSql, [(0, limit), (1, scan.removed(removed).filter("(customer_id = 42)"))])
    }

    #[test]
    fn a_limit_that_walks_an_index_for_a_rare_value_is_found_and_nothing_else_is() {
        let plan = limited(800_000.0);
        let found = found(&RowGoal, &plan, None);
        assert_eq!(found[0].title, "LIMIT 10 walks 800,010 entries of orders_created_at");
        assert_eq!(rules(&plan, None), ["row-goal"], "few rows below a limit are no misestimate");
    }

    #[test]
    fn a_limit_that_soon_has_its_rows_is_left_alone() {
        assert!(found(&RowGoal, &limited(30.0), None).is_empty());
    }
}
