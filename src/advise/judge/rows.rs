//! What a trial proves on MySQL and MariaDB, where cost is no verdict: rows examined, and sorts and temporary tables that go.

use super::{LEAST_GAIN, examined, flagged, uses};
use crate::{
    advise::{Candidate, Tried, Verdict, limited::part_asked},
    catalog::Catalog,
    fmt,
    plan::{Flag, Node, NodeId, Operator, Plan},
};

/// Reading more of a table through an index that does not cover the statement was slower than scanning it (MySQL 9.7,
/// measured: 91 % of the rows, cost halved, time four times as long).
const TOO_MUCH_OF_THE_TABLE: f64 = 0.20;

/// Proved when the index is used and fewer rows are examined, or a filesort or temporary table goes without more rows being examined,
/// unless much of the table is then visited row by row.
pub(super) fn judge(candidate: &Candidate, tried: &Tried, catalog: &Catalog) -> (Verdict, String) {
    let (before, after) = (examined(&tried.before), examined(&tried.after));
    let change = format!("rows examined {} → {}", fmt::count(before), fmt::count(after));
    if !uses(&tried.after, &tried.index_name) {
        // With other samples the same plan has other figures.
        let same = (after - before).abs() <= before * LEAST_GAIN;
        let rows = if same { format!("rows examined stay {}", fmt::count(after)) } else { change };
        return (Verdict::Rejected, format!("the optimizer does not use it; {rows}"));
    }
    let (sorts, sorts_after) = (flagged(&tried.before, Flag::Filesort), flagged(&tried.after, Flag::Filesort));
    let (temporary, temporary_after) =
        (flagged(&tried.before, Flag::Temporary), flagged(&tried.after, Flag::Temporary));
    let mut gone = Vec::new();
    if sorts_after < sorts {
        gone.push("a filesort goes");
    }
    if temporary_after < temporary {
        gone.push("a temporary table goes");
    }
    if gone.is_empty()
        && let Some(part) = part_of(tried, None)
        && part > TOO_MUCH_OF_THE_TABLE
    {
        let text = format!("used, but it visits {} of {} row by row", fmt::percent(part), candidate.table);
        return (Verdict::Rejected, text);
    }
    // A table that is read by another index now is no less read row by row.
    let known = catalog.table(Some(&candidate.schema), &candidate.table).and_then(|t| t.rows);
    if !gone.is_empty()
        && let (Some(part), Some(cost), Some(cost_after)) =
            (part_of(tried, known), tried.before.total_cost(), tried.after.total_cost())
        && part > TOO_MUCH_OF_THE_TABLE
        && cost_after > cost * (1.0 + LEAST_GAIN)
    {
        let text = format!(
            "used, and {}, but it visits {} of {} row by row, and its cost {} is dearer than {}",
            gone.join(" and "),
            fmt::percent(part),
            candidate.table,
            fmt::cost(cost_after),
            fmt::cost(cost),
        );
        return (Verdict::Rejected, text);
    }
    let better = after <= before * (1.0 - LEAST_GAIN);
    if better || (!gone.is_empty() && after <= before * (1.0 + LEAST_GAIN)) {
        let also = if gone.is_empty() { String::new() } else { format!("; {}", gone.join(" and ")) };
        (Verdict::Proved, format!("used; {change}{also}"))
    } else {
        (Verdict::Rejected, format!("used, but {change}"))
    }
}

/// The part of the table that the tried index fetches row by row, if it does not cover what is needed: of the rows that were scanned
/// before, or of so many where it was not scanned.
fn part_of(tried: &Tried, known: Option<f64>) -> Option<f64> {
    let rows = |node: &Node| node.rows.estimated.unwrap_or(0.0);
    let covers = |plan: &Plan, id: NodeId| {
        plan.node(id).operator == Operator::IndexOnlyScan || plan.node(id).flags.contains(Flag::Covering)
    };
    let id = tried.after.ids().find(|id| tried.after.node(*id).index.as_deref() == Some(tried.index_name.as_str()))?;
    let relation = tried.after.node(id).relation.as_ref()?;
    let scanned = tried
        .before
        .ids()
        .map(|b| tried.before.node(b))
        .filter(|n| n.operator == Operator::SeqScan && n.relation.as_ref().is_some_and(|r| r.name == relation.name))
        .map(rows)
        .fold(0.0, f64::max);
    let scanned = if scanned > 0.0 { scanned } else { known.unwrap_or(0.0) };
    let read = rows(tried.after.node(id)) * part_asked(&tried.after, id);
    (scanned > 0.0 && !covers(&tried.after, id)).then(|| read / scanned)
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::{
        advise::{Candidate, Key, Tried, Trust, Verdict},
        catalog::{Catalog, Table},
        plan::{Engine::MySql, Flag, Node, Operator, Plan, PlanBuilder, Relation, Role},
    };

    /// A group over an index, by a temporary table or not.
    fn plan(index: &str, cost: f64, rows: f64, temporary: bool, covering: bool) -> Plan {
        let mut builder = PlanBuilder::new();
        let mut root = Node::new(Role::Root, Operator::Aggregate, "group");
        root.cost.total = Some(cost);
        if temporary {
            root.flags = std::iter::once(Flag::Temporary).collect();
        }
        let id = builder.push(None, root).unwrap();
        let mut scan = Node::new(Role::Outer, Operator::IndexScan, "scan");
        scan.relation = Some(Relation { name: "t".to_owned(), ..Relation::default() });
        scan.index = Some(index.to_owned());
        scan.rows.estimated = Some(rows);
        if covering {
            scan.flags = std::iter::once(Flag::Covering).collect();
        }
        builder.push(Some(id), scan).unwrap();
        builder.finish(MySql).unwrap()
    }

    #[test]
    fn a_temporary_table_is_not_worth_a_dearer_walk_through_the_table() {
        let candidate = Candidate {
            engine: MySql,
            schema: "shop".to_owned(),
            table: "t".to_owned(),
            method: "btree",
            keys: vec![Key::column("g"), Key::column("s")],
            include: Vec::new(),
            predicate: None,
            replaces: Vec::new(),
            reasons: Vec::new(),
        };
        let table = Table { schema: "shop".to_owned(), name: "t".to_owned(), rows: Some(60_000.0), ..Table::default() };
        let catalog = Catalog { tables: vec![table], ..Catalog::default() };
        for (after, rows, covering, verdict) in [
            (8_859.0, 25_452.0, false, Verdict::Rejected),
            (2_995.0, 25_452.0, false, Verdict::Proved),
            (8_859.0, 25_452.0, true, Verdict::Proved),
            (8_859.0, 452.0, false, Verdict::Proved),
        ] {
            let tried = Tried {
                method: "twin",
                trust: Trust::Close,
                before: plan("gv", 2_995.0, 25_452.0, true, false),
                after: plan("ix", after, rows, false, covering),
                index_name: "ix".to_owned(),
                size_bytes: None,
                notes: Vec::new(),
            };
            assert_eq!(judge(&candidate, &tried, &catalog).0, verdict, "{after} {rows} {covering}");
        }
    }
}
