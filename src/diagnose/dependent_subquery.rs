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

#[cfg(test)]
mod tests {
    use super::DependentSubquery;
    use crate::{
        diagnose::testing::{Say, found, node, plan},
        plan::{Engine, Flag, Operator, Role},
    };

    #[test]
    fn a_subquery_run_for_each_row_is_found_and_one_run_few_times_is_not() {
        for (loops, count) in [(500.0, 1), (20.0, 0)] {
            let mut sub = node(Operator::Aggregate).role(Role::Subplan).estimated(1.0, 3.5).ran(1.0, loops, 1.0);
            sub.subplan = Some("SubPlan 1".into());
            let outer = node(Operator::IndexScan).on("c").found_by("x").estimated(500.0, 50.0).ran(500.0, 1.0, 510.0);
            let plan = plan(Engine::PostgreSql, [(0, outer), (1, sub)]);
            let found = found(&DependentSubquery, &plan, None);
            assert_eq!(found.len(), count);
            assert!(found.iter().all(|f| f.title == "SubPlan 1 runs 500 times"), "{found:?}");
        }
    }

    #[test]
    fn without_counts_a_hashed_subquery_is_told_from_a_dependent_one() {
        for (filter, count) in [("(NOT (hashed SubPlan 1))", 0), ("(a > (SubPlan 1))", 1)] {
            let mut sub = node(Operator::SeqScan).on("b").role(Role::Subplan).estimated(100.0, 200.0);
            sub.subplan = Some("SubPlan 1".into());
            let outer = node(Operator::SeqScan).on("a").estimated(50_000.0, 250.0).filter(filter);
            let plan = plan(Engine::PostgreSql, [(0, outer), (1, sub)]);
            assert_eq!(found(&DependentSubquery, &plan, None).len(), count, "{filter}");
        }
    }

    #[test]
    fn on_mysql_the_server_says_that_it_depends() {
        for (flag, count) in [(Some(Flag::Dependent), 1), (None, 0)] {
            let mut sub = node(Operator::Aggregate).role(Role::Subplan).estimated(1.0, 350.0);
            sub.flags.extend(flag);
            let plan = plan(Engine::MySql, [(0, node(Operator::SeqScan).on("c").estimated(500.0, 360.0)), (1, sub)]);
            assert_eq!(found(&DependentSubquery, &plan, None).len(), count);
        }
    }
}
