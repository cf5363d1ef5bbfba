//! The order of findings: severity, then the share of the statement at stake, then the place in the plan; a finding that
//! follows from another one stands below it.

use super::Finding;
use crate::plan::Plan;

/// What explains what. The cause is said first, since fixing it ends both.
const CAUSES: &[(&str, &str)] = &[
    ("wrapped-column", "full-scan-filtering"),
    ("wrapped-column", "full-index-scan"),
    ("wrapped-column", "row-goal"),
    ("containment-without-gin", "full-scan-filtering"),
    ("containment-without-gin", "wrapped-column"),
    ("repeated-full-scan", "full-scan-filtering"),
    ("repeated-full-scan", "full-index-scan"),
    ("repeated-full-scan", "dependent-subquery"),
    ("join-without-index", "full-scan-filtering"),
    ("stale-statistics", "misestimate"),
];

/// The same thing seen twice on one node: the second says nothing that the first does not.
const SAME: &[(&str, &str)] = &[
    ("repeated-full-scan", "full-scan-filtering"),
    ("repeated-full-scan", "full-index-scan"),
    ("misestimate", "stale-statistics"),
];

/// Sorts the findings, worst first, and drops those that another one says already.
pub(super) fn rank(plan: &Plan, found: &mut Vec<Finding>) {
    let repeated = |f: &Finding| {
        SAME.iter()
            .any(|(first, second)| *second == f.rule && found.iter().any(|g| g.rule == *first && g.node == f.node))
    };
    let keep: Vec<bool> = found.iter().map(|f| !repeated(f)).collect();
    let mut kept = keep.into_iter();
    found.retain(|_| kept.next().unwrap_or(true));
    found.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then_with(|| b.share.unwrap_or(0.0).total_cmp(&a.share.unwrap_or(0.0)))
            .then_with(|| a.node.cmp(&b.node))
    });
    // Each move lifts a cause directly above what it explains; as many passes as there are causes settle any chain.
    for _ in CAUSES {
        let pair = found.iter().enumerate().find_map(|(at, effect)| {
            let cause = found.iter().skip(at + 1).position(|cause| explains(plan, cause, effect))?;
            Some((at, at + 1 + cause))
        });
        let Some((effect, cause)) = pair else {
            break;
        };
        let cause = found.remove(cause);
        found.insert(effect, cause);
    }
}

/// On the same node, or with the cause below the effect.
fn explains(plan: &Plan, cause: &Finding, effect: &Finding) -> bool {
    CAUSES.contains(&(cause.rule, effect.rule))
        && (cause.node == effect.node
            || plan.subtree(effect.node).any(|id| id == cause.node)
            || plan.subtree(cause.node).any(|id| id == effect.node))
}

#[cfg(test)]
mod tests {
    use super::rank;
    use crate::{
        diagnose::{Finding, Severity, testing},
        plan::{Engine, NodeId, Operator, Plan},
    };

    fn one(rule: &'static str, severity: Severity, node: u32, share: f64) -> Finding {
        Finding {
            rule,
            severity,
            node: NodeId(node),
            share: Some(share),
            title: String::new(),
            why: String::new(),
            next: String::new(),
            evidence: serde_json::Map::new(),
        }
    }

    fn nodes() -> Plan {
        let node = testing::node;
        testing::plan(
            Engine::PostgreSql,
            [(0, node(Operator::HashJoin)), (1, node(Operator::SeqScan)), (1, node(Operator::SeqScan))],
        )
    }

    fn ranked(mut found: Vec<Finding>) -> Vec<(&'static str, u32)> {
        rank(&nodes(), &mut found);
        found.iter().map(|f| (f.rule, f.node.0)).collect()
    }

    #[test]
    fn severity_comes_first_then_the_share_then_the_place() {
        use Severity::{Critical, Info, Warning};
        let found = vec![
            one("a", Info, 0, 0.9),
            one("b", Warning, 2, 0.2),
            one("c", Warning, 1, 0.2),
            one("d", Critical, 1, 0.5),
            one("e", Warning, 0, 0.3),
        ];
        assert_eq!(ranked(found), [("d", 1), ("e", 0), ("c", 1), ("b", 2), ("a", 0)]);
    }

    #[test]
    fn a_cause_stands_above_what_follows_from_it() {
        use Severity::{Critical, Warning};
        let found = vec![
            one("full-scan-filtering", Critical, 1, 0.5),
            one("full-scan-filtering", Critical, 2, 0.4),
            one("wrapped-column", Warning, 2, 0.4),
        ];
        assert_eq!(ranked(found), [("full-scan-filtering", 1), ("wrapped-column", 2), ("full-scan-filtering", 2)]);
    }

    #[test]
    fn the_same_thing_is_said_once() {
        use Severity::Warning;
        let found = vec![
            one("full-scan-filtering", Warning, 1, 0.5),
            one("repeated-full-scan", Warning, 1, 0.5),
            one("full-scan-filtering", Warning, 2, 0.1),
        ];
        assert_eq!(ranked(found), [("repeated-full-scan", 1), ("full-scan-filtering", 2)]);
    }
}
