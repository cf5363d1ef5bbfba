use super::{Context, Finding, Rule, stake::Stake};
use crate::{fmt, plan::Operator};

/// **What it does**: looks for a `LIMIT` that skips many rows (`OFFSET`).
///
/// **Why it hurts**: the skipped rows are found, ordered and thrown away; each page costs more than the one before.
///
/// **How to fix**: keyset pagination: remember the last row shown and ask for those after it (`WHERE (created_at, id) < (…, …)`), with an
/// index in that order.
pub(super) struct LargeOffset;

const MANY: f64 = 1_000.0;

impl Rule for LargeOffset {
    fn name(&self) -> &'static str {
        "large-offset"
    }

    fn summary(&self) -> &'static str {
        "many rows are found only to be skipped"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        let plan = context.plan;
        // Where the statement is known and has no word of an offset, too many rows below a limit have another reason.
        let spoken = plan.query.as_deref().map(|q| {
            let q = q.to_ascii_lowercase();
            q.contains("offset")
                || q.rsplit("limit").next().is_some_and(|tail| q.contains("limit") && tail.contains(','))
        });
        for limit in context.of(&[Operator::Limit]) {
            let told = ["limit_offset", "offset"].into_iter().find_map(|key| context.extra(limit, key));
            let counted = || {
                let child = plan.children(limit).next()?;
                // Parallel workers may run ahead of the limit.
                let ahead = matches!(plan.node(child).operator, Operator::Gather | Operator::GatherMerge);
                Some(context.counted(child)? - context.counted(limit)?).filter(|_| !ahead && spoken != Some(false))
            };
            let Some(skipped) = told.or_else(counted).filter(|s| *s >= MANY) else {
                continue;
            };
            let wanted = context.rows(limit).unwrap_or(0.0);
            if skipped < 10.0 * wanted {
                continue;
            }
            let stake = Stake::whole(context, limit).rows(skipped);
            if stake.negligible() {
                continue;
            }
            found.push(
                stake
                    .finding(self.name(), limit, format!("{} rows are found only to be skipped", fmt::count(skipped)))
                    .why(format!("OFFSET has to produce every row it skips before the {} wanted ones.", fmt::count(wanted)))
                    .next("Use keyset pagination: remember the last row shown and ask for the rows after it, with an index in that order.")
                    .number("rows_skipped", skipped)
                    .number("rows_wanted", wanted),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LargeOffset;
    use crate::{
        diagnose::testing::{Say, found, node, plan},
        plan::{Engine, Operator},
    };

    #[test]
    fn skipped_rows_are_found_and_a_plain_limit_is_not() {
        for (query, rows, count) in [
            (None, 50_010.0, 1),
            (Some("select * from t order by id limit 10 offset 50000"), 50_010.0, 1),
            (Some("select * from t order by id limit 50000, 10"), 50_010.0, 1),
            (Some("select * from t order by id limit 10"), 50_010.0, 0),
            (Some("select * from t order by id limit 10 offset 20"), 30.0, 0),
        ] {
            let scan = node(Operator::IndexScan).on("t").index("i").estimated(1e6, 900.0).ran(rows, 1.0, 90.0);
            let mut plan = plan(
                Engine::PostgreSql,
                [(0, node(Operator::Limit).estimated(10.0, 5.0).ran(10.0, 1.0, 90.0)), (1, scan)],
            );
            plan.query = query.map(str::to_owned);
            assert_eq!(found(&LargeOffset, &plan, None).len(), count, "{query:?}");
        }
    }

    #[test]
    fn an_offset_that_the_plan_tells_needs_no_execution() {
        let limit = node(Operator::Limit).estimated(10.0, 900.0).extra("limit_offset", "100000");
        let plan = plan(Engine::MySql, [(0, limit), (1, node(Operator::SeqScan).on("t").estimated(3e5, 900.0))]);
        assert_eq!(found(&LargeOffset, &plan, None)[0].evidence["rows_skipped"], 100_000);
    }
}
