use super::{Context, Finding, Rule, stake::Stake};
use crate::{
    fmt,
    plan::{Engine, Flag, NodeId, Role},
};

/// **What it does**: looks for sub-queries that run again for each row of the outer query.
///
/// **Why it hurts**: what takes a tenth of a millisecond once takes a minute 600,000 times.
///
/// **How to fix**: write it as a join or as a derived table grouped once; or make one run cheap with an index on the columns that
/// tie it to the outer row.
pub(super) struct DependentSubquery;

const ROUNDS: f64 = 100.0;

impl Rule for DependentSubquery {
    fn name(&self) -> &'static str {
        "dependent-subquery"
    }

    fn summary(&self) -> &'static str {
        "a sub-query runs once for every row"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        let plan = context.plan;
        for id in plan.ids().filter(|id| plan.node(*id).role == Role::Subplan) {
            let node = plan.node(id);
            let rounds = match node.rows.loops.filter(|_| node.rows.actual.is_some()) {
                Some(_) => context.repeats(id),
                None => expected(context, id),
            };
            let Some(rounds) = rounds.filter(|r| *r >= ROUNDS) else {
                continue;
            };
            let stake = Stake::whole(context, id);
            let stake = stake.rows(stake.rows.unwrap_or(rounds).max(rounds));
            if stake.negligible() || stake.share.is_some_and(|s| s < 0.1) {
                continue;
            }
            let name = plan.section(id).unwrap_or_else(|| "A sub-query".to_owned());
            found.push(
                stake
                    .finding(self.name(), id, format!("{name} runs {} times{}", fmt::count(rounds), context.hedge()))
                    .why("It depends on the outer row and is executed again for each.")
                    .next("Rewrite it as a join or as a derived table that is grouped once; or index the columns that tie it to the outer row.")
                    .number("executions", rounds),
            );
        }
    }
}

/// Without counts: a dependent sub-query runs for each row its parent reads. PostgreSQL's hashed ones run once, and carry no rounds.
fn expected(context: Context<'_>, id: NodeId) -> Option<f64> {
    let plan = context.plan;
    let parent = plan.parent(id)?;
    if plan.engine != Engine::PostgreSql {
        return context.flagged(id, Flag::Dependent).then(|| context.rows(parent)).flatten();
    }
    let name = plan.node(id).subplan.as_deref()?;
    let conditions = &plan.node(parent).conditions;
    let hashed =
        [&conditions.filter, &conditions.join].into_iter().flatten().any(|c| c.contains(&format!("hashed {name}")));
    (!hashed).then(|| super::stake::rows_handled(plan, parent)).flatten()
}
