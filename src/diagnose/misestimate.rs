use super::{
    Context, Finding, Rule, Severity, condition::columns_of, condition::wrapped, context::short, stake::Stake,
};
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
        let plan = context.plan;
        // The largest error at or below each node; pre-order means children come after their parents.
        let mut below = vec![1.0_f64; plan.len()];
        for id in plan.ids().rev() {
            let own = error(context, id).unwrap_or(1.0);
            let under = plan.children(id).map(|c| below[c.index()]).fold(1.0, f64::max);
            below[id.index()] = own.max(under);
            // An error ten times that of everything below begins here.
            if own >= WRONG && own >= WRONG * under {
                found.extend(finding(self.name(), context, id, own));
            }
        }
    }
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
    if loops <= 0.0 || (derived.stopped_early && actual < estimated) || estimated.max(actual) * loops < FEW {
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
    let table = context.table(id);
    let condition =
        [&node.conditions.index, &node.conditions.filter, &node.conditions.join].into_iter().flatten().cloned();
    let condition = condition.collect::<Vec<_>>().join(" AND ");
    let per = if node.rows.loops.is_some_and(|l| l > 1.0) { " per loop" } else { "" };
    let (cause, next) = cause(context, id, table, &condition);
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
    let mut columns = columns_of(condition);
    if let Some(table) = table.filter(|t| !t.columns.is_empty()) {
        columns.retain(|c| table.column(c).is_some());
    }
    let hint =
        if table.is_none() { " Whether its statistics are stale cannot be told from the plan alone." } else { "" };
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
