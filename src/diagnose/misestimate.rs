use super::{Context, Finding, Rule, Severity, condition::wrapped, context::short, stake::Stake};
use crate::{
    catalog::Table,
    fmt,
    plan::{Engine, NodeId, Operator},
};

/// **What it does**: looks for the deepest nodes whose row estimate is wrong by ten times or more; what is wrong above them only
/// follows.
///
/// **Why it hurts**: the planner chose joins, orders and memory for another number of rows. A nested loop planned for 8 rows and run
/// for 40,000 is the usual end.
///
/// **How to fix**: fresh statistics; extended statistics for columns that depend on each other; a histogram or a larger
/// statistics target for skewed ones; statistics on the expression.
pub(super) struct Misestimate;

/// An estimate this many times off is wrong (people know 10, 100, 1000 from other plan viewers).
const WRONG: f64 = 10.0;
/// Errors about fewer rows than this move nothing.
const FEW: f64 = 1_000.0;

impl Rule for Misestimate {
    fn name(&self) -> &'static str {
        "misestimate"
    }

    fn summary(&self) -> &'static str {
        "the planner expected a very different number of rows"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        // What was counted until then says nothing of what was expected of the whole.
        if context.is_partial() {
            return;
        }
        let plan = context.plan;
        let errors: Vec<Option<f64>> = plan.ids().map(|id| error(context, id)).collect();
        // The largest error at or below each node; pre-order means children come after their parents.
        let mut below = vec![1.0_f64; plan.len()];
        for id in plan.ids().rev() {
            let own = errors[id.index()].unwrap_or(1.0);
            let under = plan.children(id).map(|c| below[c.index()]).fold(1.0, f64::max);
            below[id.index()] = own.max(under);
            // An error ten times that of everything below begins here; it matters if here, or in what follows from it
            // above, many rows are concerned.
            if own >= WRONG && own >= WRONG * under && concerned(context, id, &errors) >= FEW {
                found.extend(finding(self.name(), context, id, own));
            }
        }
    }
}

/// The most rows that this error is about, here or above where it goes on.
fn concerned(context: Context<'_>, id: NodeId, errors: &[Option<f64>]) -> f64 {
    let mut most = 0.0_f64;
    let mut at = Some(id);
    while let Some(node) = at.filter(|n| *n == id || errors[n.index()].is_none_or(|e| e >= WRONG)) {
        let rows = &context.plan.node(node).rows;
        let larger = rows.estimated.unwrap_or(0.0).max(rows.actual.unwrap_or(0.0));
        if errors[node.index()].is_some() {
            most = most.max(larger * rows.loops.unwrap_or(1.0));
        }
        at = context.plan.parent(node);
    }
    most
}

/// How far the estimate of a node is off, where that says something.
fn error(context: Context<'_>, id: NodeId) -> Option<f64> {
    let (node, derived) = (context.plan.node(id), context.plan.derived(id));
    // These count what is asked of them, or count nothing (a bitmap's rows are not told inside of AND and OR).
    if matches!(
        node.operator,
        Operator::BitmapAnd | Operator::BitmapOr | Operator::Limit | Operator::Materialize | Operator::Memoize
    ) {
        return None;
    }
    let (estimated, actual) = (node.rows.estimated?, node.rows.actual?);
    let loops = node.rows.loops.unwrap_or(1.0);
    if loops <= 0.0 || (derived.stopped_early && actual < estimated) {
        return None;
    }
    derived.q_error
}

fn finding(rule: &'static str, context: Context<'_>, id: NodeId, q: f64) -> Option<Finding> {
    let plan = context.plan;
    let node = plan.node(id);
    let (estimated, actual) = (node.rows.estimated?, node.rows.actual?);
    // What suffers is whatever was planned on top of it: the next join, sort or group.
    let above = plan.ancestor(id, |n| {
        matches!(
            n.operator,
            Operator::NestedLoop
                | Operator::HashJoin
                | Operator::MergeJoin
                | Operator::Sort
                | Operator::HashAggregate
                | Operator::GroupAggregate
        )
    });
    let stake = Stake::whole(context, above.unwrap_or(id));
    if stake.negligible() {
        return None;
    }
    // A filter of its own stands for the scan below it.
    let scan = if node.operator == Operator::Filter { plan.children(id).next().unwrap_or(id) } else { id };
    let table = context.table(scan);
    let condition =
        [&node.conditions.index, &node.conditions.filter, &node.conditions.join].into_iter().flatten().cloned();
    let condition = condition.collect::<Vec<_>>().join(" AND ");
    let per = if node.rows.loops.is_some_and(|l| l > 1.0) { " per loop" } else { "" };
    let (cause, next) = cause(context, scan, table, &condition);
    let mut finding = stake
        .finding(
            rule,
            id,
            format!("Expected {}, got {} rows{per}: {} off", fmt::count(estimated), fmt::count(actual), fmt::times(q)),
        )
        .why(format!(
            "The plan above was chosen for {} rows{}. {cause}",
            fmt::count(estimated),
            if condition.is_empty() { String::new() } else { format!(" from {}", short(&condition)) }
        ))
        .next(next)
        .number("estimated", estimated)
        .number("actual", actual)
        .number("factor", fmt::rounded(q))
        // A wrong number is a cause and not a cost: what it costs is another finding's.
        .at_most(if above.is_some() { Severity::Warning } else { Severity::Info });
    if let Some(changed) = table.and_then(|t| t.modified_since_analyze) {
        finding = finding.number("modified_since_analyze", changed);
    }
    Some(finding)
}

/// The likeliest cause and what to do about it.
fn cause(context: Context<'_>, id: NodeId, table: Option<&Table>, condition: &str) -> (String, String) {
    let name = context.name(id);
    let engine = context.plan.engine;
    if let Some(stale) = table.and_then(super::stale_statistics::stale) {
        return (stale, super::stale_statistics::remedy(engine, &name));
    }
    let mut columns = context.columns(id, condition);
    if let Some(table) = table.filter(|t| !t.columns.is_empty()) {
        columns.retain(|c| table.column(c).is_some());
    }
    let hint =
        if table.is_none() { " Whether its statistics are stale cannot be told from the plan alone." } else { "" };
    if matches!(context.plan.node(id).operator, Operator::CteScan | Operator::FunctionScan | Operator::SubqueryScan) {
        return (
            "What comes out of a CTE, a function or a sub-query has no statistics; its size is a rule of thumb."
                .to_owned(),
            "Correct the estimates inside of it, or keep its rows in an analysed temporary table.".to_owned(),
        );
    }
    if context.plan.node(id).relation.is_none() {
        return (
            "The error begins here and not in what is below: the planner misjudges how this step's inputs match.".to_owned(),
            "Check the statistics of the joined or grouped columns (distinct values, most common values) on both sides.".to_owned(),
        );
    }
    let expression = !wrapped(condition).iter().all(|w| matches!(w.shape, super::condition::Shape::BareToNumber));
    let list = columns.join(", ");
    match (columns.len(), engine) {
        (_, Engine::PostgreSql) if expression && columns.len() < 2 => (
            format!(
                "The planner knows nothing of the values of an expression and assumes a fixed part of the rows.{hint}"
            ),
            format!("CREATE STATISTICS on the expression (PostgreSQL 14 and later) or index it, then ANALYZE {name}."),
        ),
        (2.., Engine::PostgreSql) => (
            format!("It multiplies the parts of {list} as if they were independent.{hint}"),
            format!("CREATE STATISTICS (dependencies, mcv) ON {list} FROM {name}; then ANALYZE {name}."),
        ),
        (1, Engine::PostgreSql) => (
            format!("The statistics of {list} do not tell the values asked for.{hint}"),
            format!("ALTER TABLE {name} ALTER COLUMN {list} SET STATISTICS 1000; then ANALYZE {name}."),
        ),
        (1.., Engine::MySql) => (
            format!("Without a histogram, a fixed part of the rows is assumed for {list}.{hint}"),
            format!("ANALYZE TABLE {name} UPDATE HISTOGRAM ON {list}."),
        ),
        (1.., Engine::MariaDb) => (
            format!("Without engine-independent statistics, the selectivity of {list} is a guess.{hint}"),
            format!("ANALYZE TABLE {name} PERSISTENT FOR COLUMNS ({list}) INDEXES ()."),
        ),
        _ => {
            (format!("Its size is not what the statistics say.{hint}"), super::stale_statistics::remedy(engine, &name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Misestimate;
    use crate::{
        diagnose::testing::{Say, catalog, found, node, plan},
        plan::{Engine, Operator, Role},
    };

    fn scan(table: &str, estimated: f64, actual: f64) -> crate::plan::Node {
        node(Operator::SeqScan)
            .on(table)
            .estimated(estimated, 900.0)
            .ran(actual, 1.0, 50.0)
            .filter("((city = 'x') AND (zip = 'y'))")
    }

    #[test]
    fn the_deepest_wrong_estimate_is_named_and_not_what_follows_from_it() {
        let plan = plan(
            Engine::PostgreSql,
            [
                (0, node(Operator::Sort).estimated(8.0, 2_000.0).ran(40_000.0, 1.0, 900.0)),
                (1, node(Operator::NestedLoop).estimated(8.0, 1_900.0).ran(40_000.0, 1.0, 800.0)),
                (2, scan("a", 8.0, 40_000.0)),
                (
                    2,
                    node(Operator::IndexScan)
                        .on("b")
                        .role(Role::Inner)
                        .found_by("x")
                        .estimated(1.0, 1.0)
                        .ran(1.0, 40_000.0, 0.015),
                ),
            ],
        );
        let found = found(&Misestimate, &plan, None);
        assert_eq!(found.iter().map(|f| f.node.0).collect::<Vec<_>>(), [2]);
        assert_eq!(found[0].evidence["factor"], 5_000);
        assert!(
            found[0].next.contains("CREATE STATISTICS (dependencies, mcv) ON city, zip FROM a"),
            "{}",
            found[0].next
        );
    }

    #[test]
    fn an_error_that_begins_in_a_join_is_the_joins() {
        let plan = plan(
            Engine::PostgreSql,
            [
                (0, node(Operator::HashJoin).estimated(10.0, 2_000.0).ran(90_000.0, 1.0, 900.0)),
                (1, scan("a", 30_000.0, 40_000.0)),
                (1, node(Operator::Hash).role(Role::Inner).estimated(30_000.0, 900.0).ran(30_000.0, 1.0, 60.0)),
            ],
        );
        let found = found(&Misestimate, &plan, None);
        assert_eq!(found.iter().map(|f| f.node.0).collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn stale_statistics_are_named_when_the_catalog_knows() {
        let mut known = catalog("a", 10_000.0, &[("city", "text"), ("zip", "text")], &[]);
        known.tables[0].modified_since_analyze = Some(9_000.0);
        let plan = plan(Engine::PostgreSql, [(0, scan("a", 8.0, 40_000.0))]);
        let found = found(&Misestimate, &plan, Some(&known));
        assert!(found[0].why.contains("stale") && found[0].next.starts_with("ANALYZE a;"), "{found:?}");
    }

    #[test]
    fn what_moves_nothing_or_was_stopped_early_is_left_alone() {
        for (what, nodes) in [
            ("few rows", vec![(0, scan("a", 8.0, 400.0))]),
            ("a little off", vec![(0, scan("a", 8_000.0, 40_000.0))]),
            ("never ran", vec![(0, node(Operator::SeqScan).on("a").estimated(1e6, 900.0).ran(0.0, 0.0, 0.0))]),
            (
                "limited",
                vec![
                    (0, node(Operator::Limit).estimated(10.0, 1.0).ran(10.0, 1.0, 50.0)),
                    (1, scan("a", 50_000.0, 10.0)),
                ],
            ),
            (
                "an empty hash table ends the join at once",
                vec![
                    (0, node(Operator::HashJoin).estimated(5.0, 2_000.0).ran(0.0, 1.0, 60.0)),
                    (1, scan("a", 50_000.0, 1.0)),
                    (1, node(Operator::Hash).role(Role::Inner).estimated(2.0, 9.0).ran(0.0, 1.0, 1.0)),
                ],
            ),
        ] {
            assert!(found(&Misestimate, &plan(Engine::PostgreSql, nodes), None).is_empty(), "{what}");
        }
    }
}
