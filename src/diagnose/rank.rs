//! The order of findings: severity, then the share of the statement at stake, then the place in the plan.

use super::Finding;

/// Sorts the findings, worst first.
pub(super) fn rank(found: &mut [Finding]) {
    found.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then_with(|| b.share.unwrap_or(0.0).total_cmp(&a.share.unwrap_or(0.0)))
            .then_with(|| a.node.cmp(&b.node))
    });
}
