//! What a trial proves on MySQL and MariaDB, where cost is no verdict: rows examined, and sorts and temporary tables that go.

use super::{LEAST_GAIN, examined, flagged, uses};
use crate::{
    advise::{
        Candidate, Tried, Verdict,
        limited::{self, part_asked},
    },
    catalog::Catalog,
    fmt,
    plan::{Flag, Node, NodeId, Operator, Plan},
    text,
};

/// Reading more of a table through an index that does not cover the statement was slower than scanning it (MySQL 9.7,
/// measured: 91 % of the rows, cost halved, time four times as long).
const TOO_MUCH_OF_THE_TABLE: f64 = 0.20;
/// So many times less than a walk up to a limit may come to must be read instead of it, whatever the optimizer tells of the walk.
const WALKED: f64 = 4.0;
/// Letters of a filter that a line has room for.
const FILTER: usize = 60;

/// Proved when the index is used and fewer rows are examined, or a filesort or temporary table goes without more rows being examined,
/// unless much of the table is then visited row by row. Of a walk up to a limit, what it may come to counts.
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
    } else if let Some(filter) = is_cut_short(tried, catalog) {
        let filter = text::beginning(&text::one_line(filter), FILTER);
        let now = fmt::count(before);
        (
            Verdict::Proved,
            format!(
                "used; {change}, where today's {now} are the limit and not what is read until enough rows pass {filter}"
            ),
        )
    } else {
        (Verdict::Rejected, format!("used, but {change}"))
    }
}

/// The filter of a walk up to a limit that today's plan is: the optimizer tells the limit as what it examines, however few rows pass, and
/// still takes the index instead. Measured: 30 told, 76,851 examined, 56 to 92 ms; by the index of which 4,265 were told 3 to 9 ms (MySQL
/// 9.7, `MariaDB` 11.8).
fn is_cut_short<'a>(tried: &'a Tried, catalog: &Catalog) -> Option<&'a str> {
    let walk = limited::walk(&tried.before, None).filter(|walk| !limited::keeps_most(&tried.before, walk, catalog))?;
    let (before, after) = (limited::hedged(&tried.before, catalog), limited::hedged(&tried.after, catalog));
    (limited::walk(&tried.after, None).is_none() && after * WALKED < before).then_some(walk.filter)
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

    #[test]
    fn a_walk_is_not_taken_at_the_limit_it_is_told_with() {
        let candidate = Candidate {
            engine: MySql,
            schema: "shop".to_owned(),
            table: "t".to_owned(),
            method: "btree",
            keys: vec![Key::column("g")],
            include: Vec::new(),
            predicate: None,
            replaces: Vec::new(),
            reasons: Vec::new(),
        };
        let table =
            Table { schema: "shop".to_owned(), name: "t".to_owned(), rows: Some(400_000.0), ..Table::default() };
        let catalog = Catalog { tables: vec![table], ..Catalog::default() };
        let plan = |operator: Operator, index: &str, rows: f64, filter: Option<&str>| {
            let mut builder = PlanBuilder::new();
            let mut limit = Node::new(Role::Root, Operator::Limit, "limit");
            limit.rows.estimated = Some(30.0);
            let id = builder.push(None, limit).unwrap();
            let mut scan = Node::new(Role::Outer, operator, "scan");
            scan.relation = Some(Relation { name: "t".to_owned(), ..Relation::default() });
            scan.index = Some(index.to_owned());
            scan.rows.estimated = Some(rows);
            scan.conditions.filter = filter.map(str::to_owned);
            builder.push(Some(id), scan).unwrap();
            builder.finish(MySql).unwrap()
        };
        let rare = Some("g = 12 and s <> 'sent'");
        for (rows, filter, verdict) in
            [(1_400.0, rare, Verdict::Proved), (300_000.0, rare, Verdict::Rejected), (1_400.0, None, Verdict::Rejected)]
        {
            let tried = Tried {
                method: "twin",
                trust: Trust::Close,
                before: plan(Operator::FullIndexScan, "PRIMARY", 30.0, filter),
                after: plan(Operator::IndexScan, "ix", rows, filter),
                index_name: "ix".to_owned(),
                size_bytes: None,
                notes: Vec::new(),
            };
            let (given, reason) = judge(&candidate, &tried, &catalog);
            assert_eq!(given, verdict, "{rows} {filter:?} {reason}");
            assert_eq!(reason.contains("today's 30 are the limit"), verdict == Verdict::Proved, "{reason}");
        }
    }
}
