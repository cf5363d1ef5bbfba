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
