use super::{Context, Finding, Rule, Severity, context::short, stake::Stake};
use crate::{
    fmt,
    plan::{Engine, Flag, NodeId, Operator},
};

/// **What it does**: looks for joins that compare every row of one side with every row (or every buffer) of the other: nested loops
/// that drop most pairs, and on MySQL and MariaDB joins through a join buffer; and for hash joins that read a large table whole to
/// keep a few of its rows.
///
/// **Why it hurts**: the number of pairs is the product of both sides. On MySQL and MariaDB a join buffer also means that no index
/// serves the join.
///
/// **How to fix**: an index on the join columns of the side that is read second; for joins on an inequality, a condition that
/// narrows one side first.
pub(super) struct JoinWithoutIndex;

const MANY_PAIRS: f64 = 100_000.0;
const MANY_ROWS: f64 = 10_000.0;

impl Rule for JoinWithoutIndex {
    fn name(&self) -> &'static str {
        "join-without-index"
    }

    fn summary(&self) -> &'static str {
        "a join compares rows one by one or through a join buffer"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        for join in context.plan.ids() {
            found.extend(match context.plan.engine {
                Engine::PostgreSql => {
                    pairs(self.name(), context, join).or_else(|| read_whole(self.name(), context, join))
                }
                Engine::MySql | Engine::MariaDb => buffered(self.name(), context, join),
            });
        }
    }
}

/// PostgreSQL: a nested loop whose join filter drops nearly every pair.
fn pairs(rule: &'static str, context: Context<'_>, join: NodeId) -> Option<Finding> {
    let node = context.plan.node(join);
    let condition = node.conditions.join.as_deref().filter(|_| node.operator == Operator::NestedLoop)?;
    let dropped = node.rows.removed? * node.rows.loops.unwrap_or(1.0);
    let kept = context.counted(join)?;
    if dropped < MANY_PAIRS || kept > 0.1 * dropped {
        return None;
    }
    let stake = Stake::whole(context, join).rows(dropped);
    (!stake.negligible()).then(|| {
        stake
            .finding(rule, join, format!("The join tries {} pairs to keep {}", fmt::count(dropped + kept), fmt::count(kept)))
            .why(format!("No index or hash serves {}; every row of one side is tested against every row of the other.", short(condition)))
            .next("An index on the inner side's columns of this condition makes it a lookup; a condition with = can be hashed.")
            .number("pairs_dropped", dropped)
            .number("pairs_kept", kept)
    })
}

/// PostgreSQL: a hash join that reads all of a large table although few rows of it find a partner.
fn read_whole(rule: &'static str, context: Context<'_>, join: NodeId) -> Option<Finding> {
    let plan = context.plan;
    let node = plan.node(join);
    let condition = node.conditions.join.as_deref().filter(|_| node.operator == Operator::HashJoin)?;
    let kept = context.rows(join)?;
    let sides: Vec<NodeId> = plan.children(join).collect();
    let [outer, inner] = sides.as_slice() else {
        return None;
    };
    // An outer join keeps the rows of one side whether they match or not.
    if ["Left", "Right", "Full", "Anti"].iter().any(|kind| node.native.contains(kind)) {
        return None;
    }
    for (side, other) in [(*outer, *inner), (*inner, *outer)] {
        let mut scan = side;
        while matches!(plan.node(scan).operator, Operator::Hash | Operator::Gather) {
            scan = plan.children(scan).next()?;
        }
        let read = context.rows(scan)?;
        let whole = plan.node(scan).operator == Operator::SeqScan && plan.node(scan).conditions.filter.is_none();
        if !whole || read < MANY_ROWS || kept > 0.1 * read || context.rows(other)? > 0.1 * read {
            continue;
        }
        let stake = Stake::own(context, &[scan, side, join]).rows(read);
        if stake.negligible() {
            return None;
        }
        let (table, hedge) = (context.name(scan), context.hedge());
        let next = match super::full_scan_filtering::index_columns(context, scan, &own_side(context, scan, condition)) {
            Some(columns) => {
                format!(
                    "An index on {table} ({columns}) lets each row of the other side find its partners; let the index search test it."
                )
            }
            None => format!(
                "An index on the columns of {table} in {} lets each row of the other side find its partners.",
                short(condition)
            ),
        };
        return Some(
            stake
                .finding(
                    rule,
                    scan,
                    format!("All {} rows of {table} are read to join {}{hedge}", fmt::count(read), fmt::count(kept)),
                )
                .why(format!(
                    "The other side of {} has {} rows only{hedge}, so most of {table} finds no partner.",
                    short(condition),
                    fmt::count(context.rows(other)?)
                ))
                .next(next)
                .number("rows_read", read)
                .number("rows_joined", kept),
        );
    }
    None
}

/// The parts of a join condition that name the scan's table or alias: `o.customer_id` of `(o.customer_id = c.id)`.
fn own_side(context: Context<'_>, scan: NodeId, condition: &str) -> String {
    let Some(relation) = &context.plan.node(scan).relation else {
        return String::new();
    };
    let prefix = format!("{}.", relation.alias.as_deref().unwrap_or(&relation.name));
    let words = condition.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
    words.filter(|word| word.starts_with(&prefix)).collect::<Vec<_>>().join(" AND ")
}

/// MySQL and MariaDB: a join through a buffer.
fn buffered(rule: &'static str, context: Context<'_>, join: NodeId) -> Option<Finding> {
    let plan = context.plan;
    let node = plan.node(join);
    let hash = node.operator == Operator::HashJoin;
    if !(hash || context.flagged(join, Flag::JoinBuffer)) {
        return None;
    }
    // Told once: at the join, not at its parts.
    if plan
        .ancestor(join, |n| n.operator == Operator::HashJoin || n.flags.contains(Flag::JoinBuffer))
        .is_some_and(|up| plan.parent(join) == Some(up))
    {
        return None;
    }
    let scans = |id: &NodeId| matches!(plan.node(*id).operator, Operator::SeqScan | Operator::FullIndexScan);
    let read: Vec<NodeId> = plan.subtree(join).filter(scans).collect();
    let largest = read.iter().filter_map(|id| super::stake::rows_handled(plan, *id)).fold(0.0, f64::max);
    if read.is_empty() || largest < MANY_ROWS {
        return None;
    }
    let mut nodes = vec![join];
    nodes.extend(plan.children(join));
    let stake = Stake::own(context, &nodes).rows(largest);
    if stake.negligible() || stake.share.is_some_and(|s| s < 0.1) {
        return None;
    }
    let condition = node.conditions.join.as_deref().or(node.conditions.filter.as_deref());
    let equal = condition.is_some_and(|c| c.contains('='));
    let on = condition.map(|c| format!(" on {}", short(c))).unwrap_or_default();
    let finding = stake
        .finding(rule, join, format!("No index serves the join{on}"))
        .why(format!(
            "The server reads {} rows from end to end{} and matches them through a join buffer, because no index on the join's columns can be used.",
            fmt::count(largest),
            context.hedge()
        ))
        .next("An index on the join's columns of the table read second lets each row find its partners; let the index search test it.")
        .number("rows_read", largest);
    // Hashing two whole tables once can be the best plan there is.
    Some(if hash && equal { finding.at_most(Severity::Warning) } else { finding })
}

#[cfg(test)]
mod tests {
    use super::JoinWithoutIndex;
    use crate::{
        diagnose::{
            Severity,
            testing::{Say, found, node, plan},
        },
        plan::{Engine, Flag, Node, Operator, Role},
    };

    fn with_join(mut node: Node, condition: &str) -> Node {
        node.conditions.join = Some(condition.to_owned());
        node
    }

    #[test]
    fn a_nested_loop_that_drops_nearly_every_pair_is_found() {
        for (removed, count) in [(24_995_706.0, 1), (50_000.0, 0)] {
            let join = node(Operator::NestedLoop).estimated(8e6, 1e6).ran(4_294.0, 1.0, 4_000.0).removed(removed);
            let inner = node(Operator::Materialize).role(Role::Inner).ran(50_000.0, 5_000.0, 0.5);
            let plan = plan(
                Engine::PostgreSql,
                [
                    (0, with_join(join, "(p.price > c.balance)")),
                    (1, node(Operator::SeqScan).on("p").ran(5_000.0, 1.0, 1.0)),
                    (1, inner),
                    (2, node(Operator::SeqScan).on("c").ran(50_000.0, 1.0, 5.0)),
                ],
            );
            assert_eq!(found(&JoinWithoutIndex, &plan, None).len(), count);
        }
    }

    #[test]
    fn a_join_buffer_is_found_and_one_good_hash_is_only_worth_a_warning() {
        let scan = |table: &str, role| {
            node(Operator::SeqScan).on(table).role(role).estimated(50_000.0, 500.0).ran(50_000.0, 1.0, 10.0)
        };
        let mut buffer = node(Operator::NestedLoop).ran(4_000.0, 1.0, 52_000.0);
        buffer.flags.push(Flag::JoinBuffer);
        let hash = node(Operator::HashJoin).ran(4_000.0, 1.0, 200.0);
        for (engine, join, severity) in
            [(Engine::MariaDb, buffer, Severity::Critical), (Engine::MySql, hash, Severity::Warning)]
        {
            let plan = plan(
                engine,
                [(0, with_join(join, "p.price = c.balance")), (1, scan("p", Role::Outer)), (1, scan("c", Role::Inner))],
            );
            let found = found(&JoinWithoutIndex, &plan, None);
            assert_eq!(found.iter().map(|f| f.severity).collect::<Vec<_>>(), [severity], "{engine:?}");
        }
    }

    #[test]
    fn a_large_table_read_whole_for_a_few_partners_is_found_and_its_column_named() {
        for (kept, other, filter, count) in [
            (1_200.0, 200.0, None, 1),
            (90_000.0, 200.0, None, 0),
            (1_200.0, 50_000.0, None, 0),
            (1_200.0, 200.0, Some("(x)"), 0),
        ] {
            let mut orders = node(Operator::SeqScan).on("orders").estimated(120_000.0, 900.0).ran(120_000.0, 1.0, 42.0);
            orders.conditions.filter = filter.map(str::to_owned);
            let join = with_join(node(Operator::HashJoin).ran(kept, 1.0, 80.0), "(orders.customer_id = c.id)");
            let hash = node(Operator::Hash).role(Role::Inner).ran(other, 1.0, 1.0);
            let plan = plan(Engine::PostgreSql, [(0, join), (1, orders), (1, hash)]);
            let found = found(&JoinWithoutIndex, &plan, None);
            assert_eq!(found.len(), count, "{kept} {other} {filter:?}");
            assert!(found.iter().all(|f| f.next.contains("orders (customer_id)")), "{found:?}");
        }
    }

    #[test]
    fn a_hash_join_on_postgresql_and_a_small_one_anywhere_are_left_alone() {
        for (engine, rows) in [(Engine::PostgreSql, 1e6), (Engine::MySql, 500.0)] {
            let scan = |table: &str, role| node(Operator::SeqScan).on(table).role(role).ran(rows, 1.0, 10.0);
            let join = with_join(node(Operator::HashJoin).ran(4_000.0, 1.0, 200.0), "(a = b)");
            let plan = plan(engine, [(0, join), (1, scan("p", Role::Outer)), (1, scan("c", Role::Inner))]);
            assert!(found(&JoinWithoutIndex, &plan, None).is_empty());
        }
    }
}
