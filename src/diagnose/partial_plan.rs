use super::{Context, Finding, Rule, Severity, stake::Stake};
use crate::plan::NodeId;

/// **What it does**: says that the statement was stopped before its end, or that its plan breaks off.
///
/// **Why it hurts**: every count and time is of the part that ran; what came after is not seen.
///
/// **How to fix**: a longer time limit, or an estimate-only plan.
pub(super) struct PartialPlan;

impl Rule for PartialPlan {
    fn name(&self) -> &'static str {
        "partial-plan"
    }

    fn summary(&self) -> &'static str {
        "the statement was stopped before its end"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        if context.is_partial() {
            found.push(
                Stake::default()
                    .finding(self.name(), NodeId::ROOT, "The numbers are of a part of the plan only")
                    .why("The statement was stopped before its end, or the document breaks off: what came after is not seen.")
                    .next("Run it again with a longer time limit, or explain it without executing it.")
                    .at_most(Severity::Info),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PartialPlan;
    use crate::{
        diagnose::testing::{Say, found, node, plan},
        plan::{Engine, Flag, Operator},
    };

    #[test]
    fn a_stopped_statement_is_said_to_be_one() {
        for (flag, count) in [(Some(Flag::Partial), 1), (None, 0)] {
            let mut scan = node(Operator::SeqScan).on("t").ran(5.0, 1.0, 90.0);
            scan.flags.extend(flag);
            assert_eq!(found(&PartialPlan, &plan(Engine::MySql, [(0, scan)]), None).len(), count);
        }
    }
}
