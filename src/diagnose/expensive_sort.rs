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
                at = child
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
