//! Walks in the order of an index up to a limit, past a filter that the index does not answer. The server reckons as if the rows that
//! pass were spread evenly; where they are few, or lie at the end, all of the table is read row by row.

use super::judge::price_of;
use crate::plan::{Engine, NodeId, Operator, Plan};

/// One in so many of such walks is taken to go to its end. A guess: small enough that a walk keeps its advantage over reading and
/// sorting everything, large enough that an index which answers the filter too comes first.
const TO_THE_END: f64 = 0.05;

/// A walk up to a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Limited<'a> {
    /// What the limit takes its rows from, whose cost is that of the whole walk.
    below: NodeId,
    /// What the rows are read for.
    pub(super) filter: &'a str,
}

/// The first such walk of a plan, of any index or of one.
pub(super) fn walk<'a>(plan: &'a Plan, index: Option<&str>) -> Option<Limited<'a>> {
    let walks = [Operator::IndexScan, Operator::IndexOnlyScan, Operator::FullIndexScan];
    let is_walk = |id: &NodeId| {
        let node = plan.node(*id);
        walks.contains(&node.operator)
            && node.conditions.index.is_none()
            && index.is_none_or(|index| node.index.as_deref() == Some(index))
    };
    plan.ids().filter(is_walk).find_map(|scan| up_to_a_limit(plan, scan))
}

fn up_to_a_limit(plan: &Plan, scan: NodeId) -> Option<Limited<'_>> {
    let (mut filter, mut below, mut at) = (None, scan, Some(scan));
    while let Some(id) = at {
        let node = plan.node(id);
        match node.operator {
            Operator::Limit => return filter.map(|filter| Limited { below, filter }),
            // What takes all rows before it gives one.
            Operator::Sort | Operator::Aggregate | Operator::HashJoin | Operator::Materialize => return None,
            _ => filter = filter.or(node.conditions.filter.as_deref()),
        }
        below = id;
        at = plan.parent(id);
    }
    None
}

/// A plan's price with what such a walk may come to, for choosing between indexes; the server's own figure is what is told.
///
/// `PostgreSQL` alone states what the whole walk would cost.
pub(super) fn hedged(plan: &Plan) -> f64 {
    let price = price_of(plan);
    if plan.engine != Engine::PostgreSql {
        return price;
    }
    let whole = walk(plan, None).and_then(|walk| plan.node(walk.below).cost.total);
    whole.map_or(price, |whole| price + TO_THE_END * (whole - price).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::{hedged, walk};
    use crate::{plan::Plan, read};

    fn limited(conditions: &str) -> Plan {
        let document = format!(
            r#"[{{"Plan": {{"Node Type": "Limit", "Plan Rows": 5, "Total Cost": 9, "Plans": [{{"Node Type": "Index Scan",
             "Index Name": "i", "Relation Name": "t", "Alias": "t", "Plan Rows": 500, "Total Cost": 1009{conditions}}}]}}}}]"#
        );
        read::read(&document).unwrap().remove(0)
    }

    #[test]
    fn a_walk_up_to_a_limit_may_go_to_its_end() {
        for (conditions, filter, price) in [
            (r#", "Filter": "(status = 'rare')""#, Some("(status = 'rare')"), 59.0),
            (r#", "Filter": "(status = 'rare')", "Index Cond": "(a = 1)""#, None, 9.0),
            ("", None, 9.0),
        ] {
            let plan = limited(conditions);
            assert_eq!(walk(&plan, Some("i")).map(|walk| walk.filter), filter);
            assert_eq!(walk(&plan, Some("j")), None);
            assert!((hedged(&plan) - price).abs() < 1e-9, "{conditions}");
        }
    }
}
