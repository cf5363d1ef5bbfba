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
