//! Whether a twin plans like production: its plan of a statement beside the one that production has now.

use crate::{
    fmt,
    plan::{Node, NodeId, Plan},
};

/// Costs that differ by less are equal: they are printed with two decimals.
const EQUAL: f64 = 0.0005;
/// Costs of the same shape that differ by less are close.
const CLOSE: f64 = 0.02;

/// What the comparison says.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// The same shape at the same cost.
    Exact,
    /// The same shape at a cost within 2 %; the twin's cost over production's.
    Close(f64),
    /// Anything else, in words.
    Rough(String),
    /// Production's plan is not known.
    Unchecked,
}

/// Compares production's plan with the twin's.
#[must_use]
pub fn compare(production: &Plan, twin: &Plan) -> Check {
    if let Some(difference) = difference(production, twin) {
        return Check::Rough(difference);
    }
    let (Some(ours), Some(theirs)) = (twin.total_cost(), production.total_cost()) else {
        return Check::Unchecked;
    };
    let ratio = |theirs: f64, ours: f64| if theirs > 0.0 { ours / theirs } else { 1.0 };
    let off = |theirs, ours| (ratio(theirs, ours) - 1.0).abs();
    // The node that is furthest off tells more than a root under LIMIT.
    let mut worst = (off(theirs, ours), None, theirs, ours);
    for id in production.ids() {
        if let (Some(theirs), Some(ours)) = (production.node(id).cost.total, twin.node(id).cost.total)
            && off(theirs, ours) > worst.0
        {
            worst = (off(theirs, ours), Some(id), theirs, ours);
        }
    }
    match worst {
        (off, ..) if off < EQUAL => Check::Exact,
        (off, ..) if off <= CLOSE => Check::Close(ratio(theirs, ours)),
        (_, id, theirs, ours) => {
            let node = id.filter(|id| *id != NodeId::ROOT).map(|id| format!(" of {}", title(production.node(id))));
            let (theirs, ours) = (fmt::cost(theirs), fmt::cost(ours));
            Check::Rough(format!("cost{} {theirs} on production, {ours} on the twin", node.unwrap_or_default()))
        }
    }
}

/// Whether two plans are of the same shape, whatever they cost.
pub(super) fn same_shape(a: &Plan, b: &Plan) -> bool {
    difference(a, b).is_none()
}

/// The first place where the shapes differ.
fn difference(production: &Plan, twin: &Plan) -> Option<String> {
    let shared = production.len().min(twin.len());
    let first = production
        .ids()
        .take(shared)
        .find(|id| production.depth(*id) != twin.depth(*id) || !same(production.node(*id), twin.node(*id)));
    let place = match first {
        Some(id) => id,
        None if production.len() == twin.len() => return None,
        None => NodeId(u32::try_from(shared.saturating_sub(1)).unwrap_or(0)),
    };
    Some(format!("production plans {}, the twin {}", title(production.node(place)), title(twin.node(place))))
}

fn same(a: &Node, b: &Node) -> bool {
    let planned = |n: &Node| n.workers.as_ref().and_then(|w| w.planned);
    a.native == b.native
        && a.role == b.role
        && a.relation == b.relation
        && a.index == b.index
        && planned(a) == planned(b)
}

fn title(node: &Node) -> String {
    let mut title = node.native.clone().into_owned();
    if let Some(relation) = &node.relation {
        title = format!("{title} on {}", relation.name);
    }
    if let Some(index) = &node.index {
        title = format!("{title} by {index}");
    }
    if let Some(planned) = node.workers.as_ref().and_then(|w| w.planned) {
        title = format!("{title} with {planned} workers");
    }
    crate::text::one_line(&title)
}

#[cfg(test)]
mod tests {
    use super::{Check, compare};
    use crate::{plan::Plan, read};

    fn plan(scan: &str, index: &str, cost: f64, workers: u32) -> Plan {
        let text = format!(
            r#"[{{"Plan": {{"Node Type": "Gather", "Workers Planned": {workers}, "Total Cost": {cost}, "Plans": [
                 {{"Node Type": "{scan}", "Parent Relationship": "Outer", "Relation Name": "t", "Alias": "t", "Index Name": "{index}", "Total Cost": {cost}}}]}}}}]"#
        );
        read::read(&text).unwrap().remove(0)
    }

    #[test]
    fn only_the_same_plan_at_the_same_cost_is_exact() {
        let production = plan("Index Scan", "a", 1000.0, 2);
        for (twin, expected) in [
            (plan("Index Scan", "a", 1000.0, 2), Check::Exact),
            (plan("Index Scan", "a", 1000.4, 2), Check::Exact),
            (plan("Index Scan", "a", 1010.0, 2), Check::Close(1.01)),
            (
                plan("Index Scan", "a", 1100.0, 2),
                Check::Rough("cost 1,000 on production, 1,100 on the twin".to_owned()),
            ),
            (
                plan("Index Scan", "b", 1000.0, 2),
                Check::Rough("production plans Index Scan on t by a, the twin Index Scan on t by b".to_owned()),
            ),
            (
                plan("Index Only Scan", "a", 1000.0, 2),
                Check::Rough("production plans Index Scan on t by a, the twin Index Only Scan on t by a".to_owned()),
            ),
            (
                plan("Index Scan", "a", 1000.0, 3),
                Check::Rough("production plans Gather with 2 workers, the twin Gather with 3 workers".to_owned()),
            ),
        ] {
            assert_eq!(compare(&production, &twin), expected);
        }
    }

    #[test]
    fn the_node_that_is_furthest_off_is_named() {
        let under_limit = |scan: f64| {
            let text = format!(
                r#"[{{"Plan": {{"Node Type": "Limit", "Total Cost": 5.0, "Plans": [
                     {{"Node Type": "Seq Scan", "Parent Relationship": "Outer", "Relation Name": "t", "Alias": "t", "Total Cost": {scan}}}]}}}}]"#
            );
            read::read(&text).unwrap().remove(0)
        };
        let expected = Check::Rough("cost of Seq Scan on t 1,000 on production, 1,200 on the twin".to_owned());
        assert_eq!(compare(&under_limit(1000.0), &under_limit(1200.0)), expected);
    }

    #[test]
    fn a_plan_that_goes_on_where_the_other_ends_is_another() {
        let long = plan("Seq Scan", "", 10.0, 1);
        let short = read::read(r#"[{"Plan": {"Node Type": "Gather", "Workers Planned": 1, "Total Cost": 10.0}}]"#)
            .unwrap()
            .remove(0);
        assert!(matches!(compare(&long, &short), Check::Rough(_)) && matches!(compare(&short, &long), Check::Rough(_)));
    }
}
