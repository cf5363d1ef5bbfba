use super::{Context, Finding, Rule, Severity, context::short, stake::Stake};
use crate::{
    fmt,
    plan::{Engine, Flag, NodeId, Operator},
};

/// **What it does**: looks for sorts (`filesort` on MySQL and MariaDB) that cost a noticeable part of the statement, above all those
/// that order many rows to return a few.
///
/// **Why it hurts**: a sort needs all its rows before it gives the first. Below a `LIMIT`, everything is read and ordered to throw
/// nearly all of it away.
///
/// **How to fix**: an index in the order asked for (after the columns compared for equality): the first entries are then the
/// answer, and reading stops there.
pub(super) struct ExpensiveSort;

/// Below a limit, a sort of fewer rows than this costs nothing.
const FEW: f64 = 1_000.0;
/// A whole result may be sorted without a word up to this many rows.
const MANY: f64 = 10_000.0;

impl Rule for ExpensiveSort {
    fn name(&self) -> &'static str {
        "expensive-sort"
    }

    fn summary(&self) -> &'static str {
        "a sort that an index in that order would save"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        for sort in context.plan.ids() {
            let node = context.plan.node(sort);
            let sorts = matches!(node.operator, Operator::Sort | Operator::IncrementalSort);
            // A flag on a scan or a group stands for a sort that has no node of its own.
            let has_own = context.plan.children(sort).any(|c| context.plan.node(c).operator == Operator::Sort);
            if !(sorts || context.flagged(sort, Flag::Filesort)) || has_own {
                continue;
            }
            let Some(input) = rows_in(context, sort) else {
                continue;
            };
            let wanted = limit(context, sort);
            let source = single_source(context, sort);
            let top = wanted.filter(|w| input >= FEW && input >= 10.0 * w);
            let stake = match (top, source) {
                // All that is read below is read only to be sorted.
                (Some(_), Some(_)) => Stake::whole(context, sort),
                _ => Stake::own(context, &[sort]),
            }
            .rows(input);
            let noticeable = stake.share.is_some_and(|s| s >= 0.1);
            if stake.negligible() || !noticeable || (top.is_none() && input < MANY) {
                continue;
            }
            found.push(finding(self.name(), context, sort, input, top, source, stake));
        }
    }
}

fn finding(
    rule: &'static str,
    context: Context<'_>,
    sort: NodeId,
    input: f64,
    top: Option<f64>,
    source: Option<NodeId>,
    stake: Stake,
) -> Finding {
    let node = context.plan.node(sort);
    let word = if context.plan.engine == Engine::PostgreSql { "sort" } else { "filesort" };
    let (rows, hedge) = (fmt::count(input), context.hedge());
    let keys = short(&node.keys.join(", "));
    let by = if keys.is_empty() { String::new() } else { format!(" by {keys}") };
    let mut finding = match top {
        Some(wanted) => stake
            .finding(rule, sort, format!("Sorts {rows} rows to return {}{hedge}", fmt::count(wanted)))
            .why(format!("The {word}{by} needs all {rows} rows before it can give the first {}.", fmt::count(wanted)))
            .number("rows_wanted", wanted),
        None => stake
            .finding(rule, sort, format!("Sorts {rows} rows{hedge}"))
            .why(format!("The {word}{by} is a noticeable part of the statement by itself."))
            .at_most(Severity::Warning),
    };
    finding = finding.number("rows_sorted", input).text("keys", node.keys.join(", "));
    let table = source.map(|s| context.name(s));
    finding.next(match (top, table) {
        (Some(_), Some(table)) => format!(
            "An index on {table} with the columns compared for equality first and then {} gives the rows in order, so that reading stops at the limit; let the index search test it.",
            if keys.is_empty() { "the columns of ORDER BY".to_owned() } else { keys }
        ),
        (Some(_), None) => {
            "The order is over a join or a group: an index helps only if the first table read can give the order; otherwise reduce the rows before the sort.".to_owned()
        }
        (None, Some(table)) => {
            format!("An index on {table} in this order saves the sort; or drop the ORDER BY if nobody needs it.")
        }
        (None, None) => "Reduce the rows before the sort, or drop the order if nobody needs it.".to_owned(),
    })
}

/// Rows that go into the sort.
fn rows_in(context: Context<'_>, sort: NodeId) -> Option<f64> {
    match context.plan.children(sort).next() {
        Some(child) => context.rows(child),
        None => super::stake::rows_handled(context.plan, sort),
    }
}

/// Rows that a limit right above (gathering aside) lets out, when that is told.
fn limit(context: Context<'_>, sort: NodeId) -> Option<f64> {
    let mut at = context.plan.parent(sort);
    while let Some(up) = at {
        match context.plan.node(up).operator {
            Operator::Limit => return context.rows(up),
            Operator::Gather
            | Operator::GatherMerge
            | Operator::Result
            | Operator::SubqueryScan
            | Operator::LockRows => {}
            _ => break,
        }
        at = context.plan.parent(up);
    }
    // MySQL puts the limit into the sort, MariaDB's ANALYZE into the filesort.
    ["per_chunk_limit", "r_limit", "limit"].into_iter().find_map(|key| context.extra(sort, key))
}

/// The one table below, when nothing joins or groups in between.
fn single_source(context: Context<'_>, sort: NodeId) -> Option<NodeId> {
    let mut at = sort;
    loop {
        let mut children = context.plan.children(at).filter(|c| context.plan.node(*c).role == crate::plan::Role::Outer);
        let Some(child) = children.next() else {
            return context.plan.node(at).relation.as_ref().map(|_| at);
        };
        if children.next().is_some() {
            return None;
        }
        match context.plan.node(child).operator {
            Operator::Filter | Operator::Gather | Operator::GatherMerge | Operator::Sort | Operator::BitmapHeapScan => {
                at = child;
            }
            _ if context.plan.node(child).relation.is_some() && context.plan.children(child).next().is_none() => {
                return Some(child);
            }
            _ => return None,
        }
        if context.plan.node(at).operator == Operator::BitmapHeapScan {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ExpensiveSort;
    use crate::{
        diagnose::{
            Severity,
            testing::{Say, found, node, plan},
        },
        plan::{Engine, Operator, Role},
    };

    fn scan() -> crate::plan::Node {
        node(Operator::SeqScan).on("orders").estimated(150_000.0, 30_221.0).ran(150_000.0, 1.0, 186.0)
    }

    #[test]
    fn all_rows_sorted_for_a_few_put_the_reading_at_stake_too() {
        let plan = plan(
            Engine::PostgreSql,
            [
                (0, node(Operator::Limit).estimated(10.0, 35_000.0).ran(10.0, 1.0, 260.0)),
                (1, node(Operator::Sort).key("total DESC").estimated(150_000.0, 35_000.0).ran(10.0, 1.0, 260.0)),
                (2, scan()),
            ],
        );
        let found = found(&ExpensiveSort, &plan, None);
        assert_eq!(found[0].title, "Sorts 150,000 rows to return 10");
        assert_eq!((found[0].severity, found[0].share), (Severity::Critical, Some(1.0)));
        assert!(
            found[0].next.contains("An index on orders") && found[0].next.contains("total DESC"),
            "{}",
            found[0].next
        );
    }

    #[test]
    fn mysql_puts_the_limit_into_the_sort() {
        let sort = node(Operator::Sort)
            .key("total DESC")
            .estimated(10.0, 30_221.0)
            .ran(10.0, 1.0, 260.0)
            .extra("per_chunk_limit", "10");
        let plan = plan(Engine::MySql, [(0, sort), (1, scan())]);
        let found = found(&ExpensiveSort, &plan, None);
        assert_eq!(found[0].title, "Sorts 150,000 rows to return 10");
        assert!(found[0].why.starts_with("The filesort"), "{}", found[0].why);
    }

    #[test]
    fn over_a_join_no_simple_index_is_promised() {
        let plan = plan(
            Engine::PostgreSql,
            [
                (0, node(Operator::Limit).ran(10.0, 1.0, 300.0)),
                (1, node(Operator::Sort).key("x").ran(10.0, 1.0, 300.0)),
                (2, node(Operator::HashJoin).ran(150_000.0, 1.0, 200.0)),
                (3, scan()),
                (3, node(Operator::Hash).role(Role::Inner).ran(10.0, 1.0, 1.0)),
            ],
        );
        let found = found(&ExpensiveSort, &plan, None);
        assert!(found[0].next.contains("over a join"), "{}", found[0].next);
        assert!(found[0].share.is_some_and(|s| s < 0.5), "only the sort itself is at stake");
    }

    #[test]
    fn small_or_cheap_sorts_are_left_alone() {
        for (rows, sort_ms, scan_ms) in [(500.0, 20.0, 10.0), (50_000.0, 1_010.0, 1_000.0)] {
            let plan = plan(
                Engine::PostgreSql,
                [
                    (0, node(Operator::Sort).key("x").ran(rows, 1.0, sort_ms)),
                    (1, node(Operator::SeqScan).on("t").ran(rows, 1.0, scan_ms)),
                ],
            );
            assert!(found(&ExpensiveSort, &plan, None).is_empty());
        }
    }
}
