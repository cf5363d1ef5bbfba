use super::{Context, Finding, Rule, stake::Stake};
use crate::{
    fmt,
    plan::{Engine, Flag, NodeId, Operator},
};

/// **What it does**: looks for temporary tables on MySQL and MariaDB that take many rows: `GROUP BY`, `DISTINCT`, `UNION`, derived tables.
///
/// **Why it hurts**: each row is written into the table, looked up by its group, and read again; beyond `tmp_table_size` it goes to
/// disk.
///
/// **How to fix**: an index on the grouped columns, in their order, lets the groups come one after another without a table. For
/// derived tables, push the filter inside.
pub(super) struct TemporaryTable;

const MANY: f64 = 10_000.0;

impl Rule for TemporaryTable {
    fn name(&self) -> &'static str {
        "large-temporary-table"
    }

    fn summary(&self) -> &'static str {
        "many rows go through a temporary table"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        if context.plan.engine == Engine::PostgreSql {
            return;
        }
        for id in context.plan.ids() {
            let node = context.plan.node(id);
            if node.operator != Operator::TemporaryTable && !context.flagged(id, Flag::Temporary) {
                continue;
            }
            let Some(rows) = rows_in(context, id).filter(|r| *r >= MANY) else {
                continue;
            };
            let stake = Stake::own(context, &[id]).rows(rows);
            if stake.share.is_none_or(|s| s < 0.1) || stake.negligible() {
                continue;
            }
            found.push(
                stake
                    .finding(self.name(), id, format!("{} rows go through a temporary table{}", fmt::count(rows), context.hedge()))
                    .why("Each row is written into a temporary table and looked up there; a large one goes to disk.")
                    .next(if node.keys.is_empty() {
                        "An index in the order of the GROUP BY or DISTINCT columns makes the table needless; otherwise raise tmp_table_size for the session.".to_owned()
                    } else {
                        format!(
                            "An index on ({}) lets the groups come in order without the table; otherwise raise tmp_table_size for the session.",
                            super::context::short(&node.keys.join(", "))
                        )
                    })
                    .number("rows", rows),
            );
        }
    }
}

fn rows_in(context: Context<'_>, id: NodeId) -> Option<f64> {
    context.plan.children(id).filter_map(|c| context.rows(c)).reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use super::TemporaryTable;
    use crate::{
        diagnose::testing::{Say, found, node, plan},
        plan::{Engine, Flag, Operator},
    };

    #[test]
    fn many_rows_through_a_temporary_table_are_found_and_few_are_not() {
        for (engine, rows, count) in
            [(Engine::MySql, 300_000.0, 1), (Engine::MySql, 5_000.0, 0), (Engine::PostgreSql, 300_000.0, 0)]
        {
            let mut group = node(Operator::TemporaryTable).key("status").ran(20.0, 1.0, 581.0);
            group.flags.push(Flag::Temporary);
            let plan = plan(engine, [(0, group), (1, node(Operator::SeqScan).on("orders").ran(rows, 1.0, 164.0))]);
            let found = found(&TemporaryTable, &plan, None);
            assert_eq!(found.len(), count);
            assert!(found.iter().all(|f| f.next.contains("(status)")), "{found:?}");
        }
    }
}
