//! Where an estimate is likely no time: plans that are called cheaper and were seen to take longer.
//!
//! Measured on TPC-H (scale 1, PostgreSQL 15): with the advised indexes really built, statements 7, 9 and 13 had their cost fall by 5 to
//! 80 % and took 1.4 to 2.4 times as long, by nested loops that asked an index and its table millions of times.

use super::{Candidate, Tried, limited};
use crate::{
    catalog::Catalog,
    fmt,
    plan::{NodeId, Operator, Plan},
    sql, text,
};

/// Visits of an index from within a nested loop above which their scattered reads decide.
const VISITS: f64 = 50_000.0;
/// Part of a table's rows above which fetching them one by one is dearer than reading it whole.
const PART: f64 = 0.2;
/// Letters of a condition that a line has room for.
const SHOWN: usize = 80;
/// From this correlation on, rows lie about in the index's order.
const IN_ORDER: f64 = 0.9;

/// What to beware of, in a line, when the tried index is read in such a way.
pub(super) fn note(candidate: &Candidate, tried: &Tried, catalog: &Catalog) -> Option<String> {
    let plan = &tried.after;
    // An index-only scan does not visit the table, and a bitmap is read in the table's order.
    let reads = plan.ids().filter(|id| {
        let node = plan.node(*id);
        node.operator == Operator::IndexScan && node.index.as_deref() == Some(&tried.index_name)
    });
    let table = catalog.table(Some(&candidate.schema), &candidate.table);
    let in_order = table
        .zip(candidate.keys.first())
        .and_then(|(table, key)| table.column(&key.expr)?.statistics.as_ref()?.correlation)
        .is_some_and(|correlation| correlation.abs() >= IN_ORDER);
    for id in reads {
        let visits = executions(plan, id);
        if visits >= VISITS {
            return Some(format!(
                "an estimate is no time: the index is asked {} times, each time with a visit of the table; measure it before you trust it",
                fmt::count(visits)
            ));
        }
        let fetched = plan.node(id).rows.estimated.unwrap_or(0.0) * visits * limited::part_asked(plan, id);
        let Some(rows) = table.and_then(|table| table.rows).filter(|rows| *rows > 0.0) else { continue };
        if fetched > PART * rows && !in_order {
            return Some(format!(
                "an estimate is no time: {} of the table's rows are fetched one by one through the index, which does not carry all \
                 that is asked for; measure it before you trust it",
                fmt::percent((fetched / rows).min(1.0))
            ));
        }
    }
    hangs_on_a_limit(candidate, tried, catalog)
}

/// A walk in the index's order up to a limit, with a filter that the index does not answer.
fn hangs_on_a_limit(candidate: &Candidate, tried: &Tried, catalog: &Catalog) -> Option<String> {
    let walk = limited::walk(&tried.after, Some(&tried.index_name))?;
    if limited::keeps_most(&tried.after, &walk, catalog) {
        return None;
    }
    let filter = walk.filter;
    // PostgreSQL asks a partial index's own condition again of rows that are locked or written.
    let own = candidate.predicate.as_deref().map(|p| sql::columns_of(p, candidate.engine)).unwrap_or_default();
    let asked = sql::columns_of(filter, candidate.engine);
    if !asked.is_empty() && asked.iter().all(|column| own.contains(column)) {
        return None;
    }
    let filter = text::beginning(&text::one_line(filter), SHOWN);
    let all = if candidate.predicate.is_some() { "all rows that the index holds are" } else { "all of the table is" };
    Some(format!(
        "an estimate is no time: rows are read in the index's order until enough of them pass {filter}; where few do, or they lie at its \
         end, {all} read row by row"
    ))
}

/// How often a node is expected to run: for each row of the sides of nested loops that come before it.
fn executions(plan: &Plan, id: NodeId) -> f64 {
    let (mut at, mut times) = (id, 1.0);
    while let Some(parent) = plan.parent(at) {
        if plan.node(parent).operator == Operator::NestedLoop {
            let before = plan.children(parent).take_while(|child| *child != at);
            times *=
                before.filter_map(|child| plan.node(child).rows.estimated).map(|rows| rows.max(1.0)).product::<f64>();
        }
        at = parent;
    }
    times
}

#[cfg(test)]
mod tests {
    use super::note;
    use crate::{
        advise::{Candidate, Key, Tried, Trust},
        catalog::{Catalog, Column, Statistics, Table},
        plan::Engine,
        read,
    };

    fn candidate() -> Candidate {
        Candidate {
            engine: Engine::PostgreSql,
            schema: "public".to_owned(),
            table: "t".to_owned(),
            method: "btree",
            keys: vec![Key::column("a")],
            include: Vec::new(),
            predicate: None,
            replaces: Vec::new(),
            reasons: Vec::new(),
        }
    }

    fn told(node: &str, correlation: f64) -> Option<String> {
        told_of(&candidate(), node, correlation)
    }

    fn told_of(candidate: &Candidate, node: &str, correlation: f64) -> Option<String> {
        let document = format!(r#"[{{"Plan": {node}}}]"#);
        let plan = read::read(&document).unwrap().remove(0);
        let statistics = Statistics { correlation: Some(correlation), ..Statistics::default() };
        let column = Column { name: "a".to_owned(), statistics: Some(statistics), ..Column::default() };
        let table = Table {
            schema: "public".to_owned(),
            name: "t".to_owned(),
            rows: Some(1_000_000.0),
            columns: vec![column],
            ..Table::default()
        };
        let catalog = Catalog { tables: vec![table], ..Catalog::default() };
        let tried = Tried {
            method: "hypopg",
            trust: Trust::Close,
            before: plan.clone(),
            after: plan,
            index_name: "i".to_owned(),
            size_bytes: None,
            notes: Vec::new(),
        };
        note(candidate, &tried, &catalog)
    }

    #[test]
    fn a_walk_up_to_a_limit_with_a_filter_is_warned_of() {
        let limited = |conditions: &str| {
            format!(
                r#"{{"Node Type": "Limit", "Plan Rows": 5, "Total Cost": 9, "Plans": [{{"Node Type": "Index Scan", "Index Name": "i",
                 "Relation Name": "t", "Alias": "t", "Plan Rows": 500, "Total Cost": 900{conditions}}}]}}"#
            )
        };
        for (plan, warned) in [
            (limited(r#", "Filter": "(status = 'rare')""#), true),
            (limited(r#", "Filter": "(status = 'rare')", "Index Cond": "(a = 1)""#), false),
            (limited(""), false),
        ] {
            let told = told(&plan, 0.1);
            assert_eq!(told.is_some_and(|text| text.contains("(status = 'rare')")), warned, "{plan}");
        }
        // All rows of a partial index meet its condition, which is asked again of rows that are locked.
        for (filter, warned) in [("(t.sent_at IS NULL)", false), ("((t.sent_at IS NULL) AND (t.b > 1))", true)] {
            let partial = Candidate { predicate: Some("sent_at IS NULL".to_owned()), ..candidate() };
            let plan = limited(&format!(r#", "Filter": "{filter}""#));
            let told = told_of(&partial, &plan, 0.1);
            assert_eq!(told.is_some(), warned, "{filter}");
            assert!(told.is_none_or(|text| text.ends_with("all rows that the index holds are read row by row")));
        }
    }

    #[test]
    fn scattered_reads_are_warned_of_and_others_are_not() {
        let scan = |kind: &str, rows: f64| {
            format!(
                r#"{{"Node Type": "{kind}", "Index Name": "i", "Relation Name": "t", "Alias": "t", "Plan Rows": {rows}, "Total Cost": 9}}"#
            )
        };
        let limited = |rows: f64| {
            let scan = scan("Index Scan", 300_000.0);
            format!(r#"{{"Node Type": "Limit", "Plan Rows": {rows}, "Total Cost": 9, "Plans": [{scan}]}}"#)
        };
        let looped = |outer: f64, kind: &str| {
            format!(
                r#"{{"Node Type": "Nested Loop", "Plan Rows": 1, "Total Cost": 99, "Plans": [
                 {{"Node Type": "Seq Scan", "Relation Name": "s", "Plan Rows": {outer}, "Total Cost": 9}}, {}]}}"#,
                scan(kind, 2.0)
            )
        };
        for (plan, correlation, words) in [
            (scan("Index Scan", 300_000.0), 0.1, Some("30 % of the table's rows")),
            (scan("Index Scan", 300_000.0), -0.99, None),
            (limited(20.0), 0.1, None),
            (limited(250_000.0), 0.1, Some("25 % of the table's rows")),
            (scan("Index Only Scan", 300_000.0), 0.1, None),
            (scan("Index Scan", 100_000.0), 0.1, None),
            (looped(60_000.0, "Index Scan"), 0.99, Some("asked 60,000 times")),
            (looped(60_000.0, "Index Only Scan"), 0.1, None),
            (looped(2_000.0, "Index Scan"), 0.1, None),
        ] {
            let told = told(&plan, correlation);
            assert_eq!(told.is_some(), words.is_some(), "{plan}: {told:?}");
            assert!(told.as_deref().unwrap_or_default().contains(words.unwrap_or_default()), "{told:?}");
        }
    }
}
