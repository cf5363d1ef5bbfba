//! Whether the twin plans like production: its plan of a statement beside the one that production has now.

use crate::{
    fmt,
    plan::{Flag, Node, Plan},
    text::one_line,
    whatif::twin::Check,
};

/// Rows and costs that differ by less are equal: both come from samples of pages.
const EQUAL: f64 = 1.02;
/// Within this the twin decides as production does: of 90 pairs that were tried before this was written, both that went wrong were
/// further off, and three that went right.
const ALIKE: f64 = 2.0;
/// Fewer rows more or less decide nothing.
const FEW: f64 = 10.0;
/// A page that is not in memory costs four times one that is (MySQL's `engine_cost`): costs may differ so much by what is in memory alone.
const MEMORY: f64 = 4.5;

/// Compares production's plan with the twin's, whose tables tell `part` of production's rows where they had to be smaller.
pub(super) fn compare(production: &Plan, twin: &Plan, part: f64) -> Check {
    if let Some(difference) = difference(production, twin) {
        return Check::Rough(difference);
    }
    let mut worst = 1.0_f64;
    for (theirs, ours) in reads(production).into_iter().zip(reads(twin)) {
        let (Some(a), Some(b)) = (rows(theirs), rows(ours)) else { continue };
        let off = apart(a, b, FEW).min(apart(a, b / part, FEW));
        if off > ALIKE {
            return Check::Rough(format!(
                "{} is expected to give {} rows on production, {} on the twin",
                named(theirs),
                fmt::count(a),
                fmt::count(b)
            ));
        }
        worst = worst.max(off);
    }
    let (Some(theirs), Some(ours)) = (production.total_cost(), twin.total_cost()) else {
        // MariaDB told no cost before 11.
        return if worst <= EQUAL && part >= 1.0 { Check::Exact } else { Check::Close(1.0) };
    };
    let ratio = if theirs > 0.0 { ours / theirs } else { 1.0 };
    let off = apart(theirs, ours, 0.0).min(apart(theirs, ours / part, 0.0));
    let same = if worst < 1.5 { MEMORY } else { ALIKE };
    match off {
        off if off <= EQUAL && worst <= EQUAL && part >= 1.0 => Check::Exact,
        off if off <= same || theirs.max(ours) < 0.05 => Check::Close(ratio),
        _ => Check::Rough(format!("cost {} on production, {} on the twin", fmt::cost(theirs), fmt::cost(ours))),
    }
}

/// Whether two plans read the same tables in the same order and the same way, and sort and keep the same.
pub(in crate::whatif) fn same_way(a: &Plan, b: &Plan) -> bool {
    difference(a, b).is_none()
}

/// How many times one is the other.
fn apart(a: f64, b: f64, few: f64) -> f64 {
    let (a, b) = (a.max(0.0) + few, b.max(0.0) + few);
    if a.min(b) <= 0.0 { 1.0 } else { a.max(b) / a.min(b) }
}

/// The nodes that read tables, in the order in which they are joined.
fn reads(plan: &Plan) -> Vec<&Node> {
    plan.ids().map(|id| plan.node(id)).filter(|node| node.relation.is_some()).collect()
}

fn rows(node: &Node) -> Option<f64> {
    node.rows.examined.or(node.rows.estimated)
}

/// How a table is read, in the server's own word too: `ref` and `range` are both index scans, and cost differently.
fn access(node: &Node) -> (Option<&str>, String, &str, Option<&str>) {
    let relation = node.relation.as_ref();
    let name = relation.map(|r| r.alias.as_deref().unwrap_or(&r.name));
    (name, format!("{:?}", node.operator), &node.native, node.index.as_deref())
}

/// The first table that is read otherwise, or what is sorted or kept otherwise.
fn difference(production: &Plan, twin: &Plan) -> Option<String> {
    let (theirs, ours) = (reads(production), reads(twin));
    let first = theirs.iter().zip(&ours).find(|(a, b)| access(a) != access(b));
    if let Some((a, b)) = first {
        return Some(format!("production plans {}, the twin {}", title(a), title(b)));
    }
    match theirs.len().cmp(&ours.len()) {
        std::cmp::Ordering::Less => {
            return ours.get(theirs.len()).map(|node| format!("the twin alone plans {}", title(node)));
        }
        std::cmp::Ordering::Greater => {
            return theirs.get(ours.len()).map(|node| format!("production alone plans {}", title(node)));
        }
        std::cmp::Ordering::Equal => {}
    }
    [(Flag::Filesort, "sorts"), (Flag::Temporary, "keeps rows in a temporary table")].into_iter().find_map(
        |(flag, what)| {
            let has = |plan: &Plan| plan.ids().filter(|id| plan.node(*id).flags.contains(flag)).count();
            let (a, b) = (has(production), has(twin));
            (a != b).then(|| format!("production {what} {a} times, the twin {b} times"))
        },
    )
}

fn named(node: &Node) -> String {
    one_line(access(node).0.unwrap_or("it"))
}

fn title(node: &Node) -> String {
    let how = node.index.as_ref().map_or(String::new(), |index| format!(" by {index}"));
    one_line(&format!("{} on {}{how}", node.native, named(node)))
}

#[cfg(test)]
mod tests {
    use super::compare;
    use crate::{plan::Plan, read, whatif::twin::Check};

    fn plan(access: &str, rows: f64, cost: f64) -> Plan {
        let text = format!(
            r#"{{"query_block": {{"select_id": 1, "cost_info": {{"query_cost": "{cost}"}}, "table": {{"table_name": "t",
                "access_type": "{access}", "key": "k", "rows_examined_per_scan": {rows}, "rows_produced_per_join": {rows},
                "filtered": "100.00", "cost_info": {{"read_cost": "1.00", "eval_cost": "1.00", "prefix_cost": "{cost}"}}}}}}}}"#
        );
        read::read(&text).unwrap().remove(0)
    }

    #[test]
    fn the_same_way_with_as_many_rows_is_trusted_and_another_is_told() {
        let production = plan("ref", 1_000.0, 350.0);
        for (twin, part, expected) in [
            (plan("ref", 1_000.0, 350.0), 1.0, "exact"),
            (plan("ref", 1_100.0, 380.0), 1.0, "close"),
            (plan("ref", 110.0, 38.0), 0.1, "close"),
            // What is in memory.
            (plan("ref", 1_000.0, 120.0), 1.0, "close"),
            (plan("ref", 2_500.0, 350.0), 1.0, "t is expected to give 1,000 rows on production, 2,500 on the twin"),
            (plan("ref", 1_000.0, 35.0), 1.0, "cost 350 on production, 35.00 on the twin"),
            (plan("range", 1_000.0, 350.0), 1.0, "production plans"),
        ] {
            let said = match compare(&production, &twin, part) {
                Check::Exact => "exact".to_owned(),
                Check::Close(_) => "close".to_owned(),
                Check::Rough(difference) => difference,
                Check::Unchecked => "unchecked".to_owned(),
            };
            assert!(said.starts_with(expected), "{said}: {expected}");
        }
        assert_eq!(compare(&plan("ref", 1.0, 0.35), &plan("ref", 4.0, 1.4), 1.0), Check::Close(4.0));
    }
}
