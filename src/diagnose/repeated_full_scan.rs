use super::{Context, Finding, Rule, full_scan_filtering::index_columns, stake::Stake};
use crate::{
    fmt,
    plan::{NodeId, Operator, Role},
};

/// **What it does**: looks for tables that are read from end to end again and again: on the inner side of a nested loop, or in a
/// sub-query that runs for each row.
///
/// **Why it hurts**: the work is the product of both sides. It is fine while the outer side is one row and a disaster when it is not.
///
/// **How to fix**: an index on the inner table's join columns, so that each round finds its rows; correct the estimate that made
/// the planner believe in few rounds.
pub(super) struct RepeatedFullScan;

/// Rounds, and rows read in all, from which it is worth a word.
const ROUNDS: f64 = 10.0;
const MANY: f64 = 10_000.0;

impl Rule for RepeatedFullScan {
    fn name(&self) -> &'static str {
        "repeated-full-scan"
    }

    fn summary(&self) -> &'static str {
        "a whole table is read once for every row of another"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        for scan in context.of(&[Operator::SeqScan, Operator::FullIndexScan]) {
            let counted = context.plan.node(scan).rows.actual.is_some();
            let Some(rounds) = rounds(context, scan).filter(|r| *r >= ROUNDS && (counted || !context.buffered(scan)))
            else {
                continue;
            };
            let rows = &context.plan.node(scan).rows;
            let read = if rows.actual.is_some() {
                super::stake::rows_handled(context.plan, scan)
            } else {
                let each = context.table(scan).and_then(|t| t.rows).or(rows.examined).or(rows.estimated);
                each.map(|each| each * rounds)
            };
            let Some(read) = read.filter(|r| *r >= MANY) else {
                continue;
            };
            let above = context.plan.parent(scan).filter(|p| context.plan.node(*p).operator == Operator::Filter);
            let nodes: Vec<NodeId> = std::iter::once(scan).chain(above).collect();
            let stake = Stake::own(context, &nodes).rows(read);
            if stake.negligible() {
                continue;
            }
            let (table, hedge) = (context.name(scan), context.hedge());
            let join = condition(context, scan);
            let next = join.and_then(|c| index_columns(context, scan, c)).map_or_else(
                || format!("An index on the columns of {table} that the rounds look for makes each round a lookup; let the index search test it."),
                |columns| format!("An index on {table} ({columns}) makes each round a lookup; let the index search test it."),
            );
            found.push(
                stake
                    .finding(
                        self.name(),
                        scan,
                        format!("{table} is read from end to end {} times{hedge}", fmt::count(rounds)),
                    )
                    .why(format!("{} rounds read {} rows in all{hedge}.", fmt::count(rounds), fmt::count(read)))
                    .next(next)
                    .number("rounds", rounds)
                    .number("rows_read", read),
            );
        }
    }
}

/// How often the scan runs: counted, else expected from the other side of the join. `None` when it runs once by its place.
fn rounds(context: Context<'_>, scan: NodeId) -> Option<f64> {
    let plan = context.plan;
    let mut at = scan;
    loop {
        let up = plan.parent(at)?;
        let role = plan.node(at).role;
        if role == Role::Subplan || (role == Role::Inner && plan.node(up).operator == Operator::NestedLoop) {
            if plan.node(scan).rows.actual.is_some() {
                return context.repeats(scan);
            }
            // A sub-query runs for each row its parent reads; how many that is, plans without counts do not say.
            let outer = plan.children(up).find(|c| plan.node(*c).role == Role::Outer)?;
            return (role == Role::Inner).then(|| context.rows(outer)).flatten();
        }
        // Whatever keeps its rows reads them once.
        if !matches!(
            plan.node(up).operator,
            Operator::Filter
                | Operator::Aggregate
                | Operator::Limit
                | Operator::Result
                | Operator::SubqueryScan
                | Operator::NestedLoop
                | Operator::Append
        ) {
            return None;
        }
        at = up;
    }
}

/// The condition that each round tests.
fn condition(context: Context<'_>, scan: NodeId) -> Option<&str> {
    let plan = context.plan;
    let above = || {
        let up = plan.parent(scan)?;
        let conditions = &plan.node(up).conditions;
        conditions.filter.as_deref().or(conditions.join.as_deref())
    };
    plan.node(scan).conditions.filter.as_deref().or_else(above)
}

#[cfg(test)]
mod tests {
    use super::RepeatedFullScan;
    use crate::{
        diagnose::{
            Severity,
            testing::{Say, found, node, plan, rules},
        },
        plan::{Engine, Node, Operator, Plan, Role},
    };

    fn join(inner: Node, between: Option<Operator>) -> Plan {
        let loops = inner.rows.loops.unwrap_or(1.0);
        let outer = node(Operator::IndexScan).on("a").found_by("x").estimated(500.0, 10.0).ran(500.0, 1.0, 1.0);
        let mut nodes =
            vec![(0, node(Operator::NestedLoop).estimated(500.0, 90_000.0).ran(500.0, 1.0, 5_000.0)), (1, outer)];
        if let Some(between) = between {
            nodes.push((1, node(between).role(Role::Inner).ran(1.0, 500.0, 0.1)));
            nodes.push((2, inner));
        } else {
            nodes.push((1, inner.role(Role::Inner)));
        }
        assert!(loops >= 1.0);
        plan(Engine::PostgreSql, nodes)
    }

    #[test]
    fn a_table_read_for_each_row_of_another_is_found_and_its_filter_is_not_told_twice() {
        let scan = || node(Operator::SeqScan).on("b").estimated(1.0, 180.0).removed(9_999.0).filter("(b.a_id = a.id)");
        let plan = join(scan().ran(1.0, 500.0, 9.0), None);
        let found = found(&RepeatedFullScan, &plan, None);
        assert_eq!(found[0].title, "b is read from end to end 500 times");
        assert_eq!((found[0].severity, &found[0].evidence["rows_read"]), (Severity::Critical, &5_000_000.into()));
        assert_eq!(rules(&plan, None), ["repeated-full-scan"]);
    }

    #[test]
    fn what_is_kept_or_small_or_parallel_is_left_alone() {
        let scan = |rows: f64, loops: f64| node(Operator::SeqScan).on("b").estimated(rows, 180.0).ran(rows, loops, 0.1);
        assert!(
            found(&RepeatedFullScan, &join(scan(10_000.0, 1.0), Some(Operator::Materialize)), None).is_empty(),
            "kept"
        );
        assert!(found(&RepeatedFullScan, &join(scan(3.0, 500.0), None), None).is_empty(), "small");
        let gather = node(Operator::Gather).ran(30_000.0, 1.0, 9.0);
        let parallel = plan(Engine::PostgreSql, [(0, gather), (1, scan(10_000.0, 20.0))]);
        assert!(found(&RepeatedFullScan, &parallel, None).is_empty(), "parallel");
    }

    #[test]
    fn without_counts_the_other_side_says_how_often() {
        let nodes = || {
            [
                (0, node(Operator::NestedLoop).estimated(1e6, 90_000.0)),
                (1, node(Operator::SeqScan).on("a").estimated(1_000.0, 20.0)),
                (1, node(Operator::SeqScan).on("b").role(Role::Inner).estimated(1_000.0, 89.0)),
            ]
        };
        let plan = plan(Engine::MySql, nodes());
        assert_eq!(found(&RepeatedFullScan, &plan, None)[0].title, "b is read from end to end 1,000 times (estimated)");
    }
}
