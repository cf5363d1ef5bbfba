//! Time that no node of the plan spends: planning, compiling, triggers.

use serde_json::Value;

use super::{Context, Finding, Rule, Severity, stake::Stake};
use crate::{fmt, plan::NodeId};

/// The part of the whole from which overhead is worth a word, and the least time.
const PART: f64 = 0.1;
const LEAST_MS: f64 = 10.0;

/// **What it does**: looks for statements that were compiled (JIT) for a noticeable part of their time.
///
/// **Why it hurts**: compiling pays for long statements only; a wrong cost estimate makes short ones pay for it.
///
/// **How to fix**: a higher `jit_above_cost`, or `jit = off` for such statements; better estimates.
pub(super) struct JitDominates;

/// **What it does**: looks for statements whose planning takes as long as running them.
///
/// **Why it hurts**: a statement run often pays it every time.
///
/// **How to fix**: prepared statements; fewer partitions, joins or indexes to consider; a lower statistics target.
pub(super) struct PlanningDominates;

/// **What it does**: looks for triggers (foreign keys among them) that take a noticeable part of a change.
///
/// **Why it hurts**: they run for each row.
///
/// **How to fix**: an index on the referencing columns of a foreign key; a statement-level trigger instead of a row-level one.
pub(super) struct TriggersDominate;

/// Planning and execution together.
fn whole_ms(context: Context<'_>) -> Option<f64> {
    Some(context.plan.execution_ms? + context.plan.planning_ms.unwrap_or(0.0))
}

fn noticeable(stake: Stake) -> bool {
    stake.share.is_some_and(|s| s >= PART) && stake.ms.is_some_and(|ms| ms >= LEAST_MS)
}

fn extra(context: Context<'_>, name: &str) -> Option<Value> {
    let (_, text) = context.plan.extra.iter().find(|(k, _)| k == name)?;
    serde_json::from_str(text).ok()
}

impl Rule for JitDominates {
    fn name(&self) -> &'static str {
        "jit-dominates"
    }

    fn summary(&self) -> &'static str {
        "compiling the statement takes a noticeable part of its time"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        let Some((jit, whole)) = extra(context, "JIT").zip(whole_ms(context)) else {
            return;
        };
        // PostgreSQL 17 made "Total" of an object; before, it is a number.
        let total = &jit["Timing"]["Total"];
        let Some(ms) = total.as_f64().or_else(|| total["Total"].as_f64()) else {
            return;
        };
        let stake = Stake::time(ms, whole);
        if noticeable(stake) {
            let functions = jit["Functions"].as_f64().unwrap_or(0.0);
            found.push(
                stake
                    .finding(self.name(), NodeId::ROOT, format!("Compiling (JIT) takes {}", fmt::duration_ms(ms)))
                    .why(format!("{} functions were compiled for this one execution.", fmt::count(functions)))
                    .next("Try SET jit = off for this statement; if that helps, raise jit_above_cost.")
                    .number("jit_ms", ms)
                    .number("functions", functions)
                    .at_most(Severity::Warning),
            );
        }
    }
}

impl Rule for PlanningDominates {
    fn name(&self) -> &'static str {
        "planning-dominates"
    }

    fn summary(&self) -> &'static str {
        "planning takes as long as running"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        let Some((planning, execution)) = context.plan.planning_ms.zip(context.plan.execution_ms) else {
            return;
        };
        let stake = Stake::time(planning, planning + execution);
        if planning >= execution && noticeable(stake) {
            found.push(
                stake
                    .finding(self.name(), NodeId::ROOT, format!("Planning takes {}, running {}", fmt::duration_ms(planning), fmt::duration_ms(execution)))
                    .why("The first planning in a session also loads the catalog; look at a second run before you act.")
                    .next("Prepare the statement if it runs often; look at the number of partitions, joins and indexes it must consider.")
                    .number("planning_ms", planning)
                    .number("execution_ms", execution)
                    .at_most(Severity::Warning),
            );
        }
    }
}

impl Rule for TriggersDominate {
    fn name(&self) -> &'static str {
        "triggers-dominate"
    }

    fn summary(&self) -> &'static str {
        "triggers or foreign keys take a noticeable part of a change"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        let Some((Value::Array(triggers), whole)) = extra(context, "Triggers").zip(whole_ms(context)) else {
            return;
        };
        for trigger in &triggers {
            let Some(ms) = trigger["Time"].as_f64() else {
                continue;
            };
            let stake = Stake::time(ms, whole);
            if !noticeable(stake) {
                continue;
            }
            let text = |key: &str| trigger[key].as_str().map(str::to_owned);
            let constraint = text("Constraint Name");
            let name = constraint.clone().or_else(|| text("Trigger Name")).unwrap_or_else(|| "A trigger".to_owned());
            let calls = trigger["Calls"].as_f64().unwrap_or(0.0);
            found.push(
                stake
                    .finding(
                        self.name(),
                        NodeId::ROOT,
                        format!("{name} takes {} in {} calls", fmt::duration_ms(ms), fmt::count(calls)),
                    )
                    .why("It runs once for each changed row.")
                    .next(if constraint.is_some() {
                        "Index the referencing columns of this foreign key, on the table that points here."
                    } else {
                        "Look into what the trigger does for each row; a statement-level trigger runs once."
                    })
                    .number("trigger_ms", ms)
                    .number("calls", calls),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{JitDominates, PlanningDominates, TriggersDominate};
    use crate::{
        diagnose::{
            Rule,
            testing::{Say, found, node, plan},
        },
        plan::{Engine, Operator, Plan},
    };

    fn ran(planning: f64, execution: f64, extra: Option<(&str, &str)>) -> Plan {
        let mut plan = plan(Engine::PostgreSql, [(0, node(Operator::SeqScan).on("t").ran(1.0, 1.0, execution))]);
        plan.planning_ms = Some(planning);
        plan.execution_ms = Some(execution);
        plan.extra.extend(extra.map(|(k, v)| (k.to_owned(), v.to_owned())));
        plan
    }

    #[test]
    fn overhead_is_found_where_it_is_much_and_not_where_it_is_little() {
        let jit = ("JIT", r#"{"Functions": 40, "Timing": {"Generation": 2.0, "Total": 150.0}}"#);
        let jit17 = ("JIT", r#"{"Functions": 40, "Timing": {"Generation": {"Total": 2.0}, "Total": 150.0}}"#);
        let trigger =
            ("Triggers", r#"[{"Trigger Name": "RI_1", "Constraint Name": "fk_items", "Time": 900.0, "Calls": 100}]"#);
        let cases: [(&dyn Rule, Plan, usize); 8] = [
            (&JitDominates, ran(1.0, 200.0, Some(jit)), 1),
            (&JitDominates, ran(1.0, 200.0, Some(jit17)), 1),
            (&JitDominates, ran(1.0, 20_000.0, Some(jit)), 0),
            (&JitDominates, ran(1.0, 200.0, Some(("JIT", "no JSON"))), 0),
            (&PlanningDominates, ran(80.0, 20.0, None), 1),
            (&PlanningDominates, ran(0.8, 0.2, None), 0),
            (&TriggersDominate, ran(1.0, 1_000.0, Some(trigger)), 1),
            (&TriggersDominate, ran(1.0, 100_000.0, Some(trigger)), 0),
        ];
        for (i, (rule, plan, count)) in cases.iter().enumerate() {
            assert_eq!(found(*rule, plan, None).len(), *count, "case {i}");
        }
    }

    #[test]
    fn a_foreign_key_is_told_from_another_trigger() {
        let trigger = ("Triggers", r#"[{"Trigger Name": "audit", "Time": 900.0, "Calls": 100}]"#);
        let found = found(&TriggersDominate, &ran(1.0, 1_000.0, Some(trigger)), None);
        assert!(found[0].title.starts_with("audit takes 900 ms") && !found[0].next.contains("foreign"), "{found:?}");
    }
}
