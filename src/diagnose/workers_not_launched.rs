use super::{Context, Finding, Rule, Severity, stake::Stake};
use crate::plan::Operator;

/// **What it does**: looks for parallel plans that got fewer workers than they were made for.
///
/// **Why it hurts**: the plan was chosen because its work would be shared; with fewer workers, another plan may have been better.
///
/// **How to fix**: more `max_parallel_workers` (and `max_worker_processes`), or fewer parallel statements at a time.
pub(super) struct WorkersNotLaunched;

impl Rule for WorkersNotLaunched {
    fn name(&self) -> &'static str {
        "workers-not-launched"
    }

    fn summary(&self) -> &'static str {
        "fewer parallel workers ran than were planned"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        for gather in context.of(&[Operator::Gather, Operator::GatherMerge]) {
            let Some((planned, launched)) =
                context.plan.node(gather).workers.as_ref().and_then(|w| w.planned.zip(w.launched))
            else {
                continue;
            };
            if launched >= planned || context.plan.node(gather).rows.loops == Some(0.0) {
                continue;
            }
            let stake = Stake::whole(context, gather);
            if stake.negligible() {
                continue;
            }
            found.push(
                stake
                    .finding(self.name(), gather, format!("{launched} of {planned} parallel workers ran"))
                    .why("All workers of the server were busy, or the limits are lower than when the plan was made; the rest of the work fell to those that ran.")
                    .next("Look at max_parallel_workers and max_worker_processes, and at what else runs in parallel at that time.")
                    .number("planned", f64::from(planned))
                    .number("launched", f64::from(launched))
                    .at_most(Severity::Warning),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::WorkersNotLaunched;
    use crate::{
        diagnose::testing::{Say, found, node, plan},
        plan::{Engine, Operator, Workers},
    };

    #[test]
    fn missing_workers_are_found_and_a_full_crew_or_an_estimate_is_not() {
        for (launched, count) in [(Some(0), 1), (Some(1), 1), (Some(2), 0), (None, 0)] {
            let mut gather = node(Operator::Gather).ran(1.0, 1.0, 90.0);
            gather.workers = Some(Box::new(Workers { planned: Some(2), launched, ..Workers::default() }));
            let plan =
                plan(Engine::PostgreSql, [(0, gather), (1, node(Operator::SeqScan).on("t").ran(5e5, 1.0, 80.0))]);
            assert_eq!(found(&WorkersNotLaunched, &plan, None).len(), count, "{launched:?}");
        }
    }
}
