use super::{Context, Finding, Rule, Severity, stake::Stake};
use crate::{catalog::Table, fmt, plan::Engine};

/// **What it does**: looks, in the catalog, for tables of the plan that changed much since their statistics were gathered, or never
/// had any.
///
/// **Why it hurts**: the planner reasons about a table that is not there any more.
///
/// **How to fix**: `ANALYZE` the table; if that happens often, let autovacuum analyse it sooner.
pub(super) struct StaleStatistics;

/// This part of the rows changed: twice PostgreSQL's own `autovacuum_analyze_scale_factor`.
const PART: f64 = 0.2;
const FEW: f64 = 1_000.0;

/// Why the statistics of a table are stale, if they are.
pub(super) fn stale(table: &Table) -> Option<String> {
    let changed = table.modified_since_analyze.unwrap_or(0.0);
    let rows = table.rows.filter(|r| *r > 0.0);
    match (&table.last_analyzed, rows) {
        (None, _) if changed >= FEW => {
            Some(format!("{} was never analysed, and {} of its rows changed.", table.name, fmt::count(changed)))
        }
        (Some(when), Some(rows)) if changed >= FEW && changed >= PART * rows => Some(format!(
            "The statistics of {} are stale: {} row changes since {when}, in a table of {} rows.",
            table.name,
            fmt::count(changed),
            fmt::count(rows)
        )),
        _ => None,
    }
}

/// The statement that gathers them anew.
pub(super) fn remedy(engine: Engine, table: &str) -> String {
    match engine {
        Engine::PostgreSql => format!("ANALYZE {table}; then look at the plan again."),
        Engine::MySql | Engine::MariaDb => format!("ANALYZE TABLE {table}; then look at the plan again."),
    }
}

impl Rule for StaleStatistics {
    fn name(&self) -> &'static str {
        "stale-statistics"
    }

    fn summary(&self) -> &'static str {
        "a table changed much since its statistics were gathered"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        // What was counted until then says nothing of what was expected of the whole.
        if context.is_partial() {
            return;
        }
        let mut told: Vec<&str> = Vec::new();
        for id in context.plan.ids() {
            let Some(table) = context.table(id) else {
                continue;
            };
            let Some(why) = stale(table).filter(|_| !told.contains(&table.name.as_str())) else {
                continue;
            };
            told.push(&table.name);
            found.push(
                Stake::own(context, &[id])
                    .finding(self.name(), id, format!("The statistics of {} are stale", context.name(id)))
                    .why(why)
                    .next(remedy(context.plan.engine, &context.name(id)))
                    .number("modified_since_analyze", table.modified_since_analyze.unwrap_or(0.0))
                    .at_most(Severity::Warning),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{StaleStatistics, stale};
    use crate::{
        diagnose::testing::{Say, catalog, found, node, plan},
        plan::{Engine, Operator},
    };

    #[test]
    fn many_changes_since_the_last_analysis_are_stale_and_few_are_not() {
        for (rows, changed, analysed, expected) in [
            (100_000.0, Some(30_000.0), true, true),
            (100_000.0, Some(5_000.0), true, false),
            (2_000.0, Some(900.0), true, false),
            (0.0, Some(50_000.0), false, true),
            (0.0, Some(10.0), false, false),
            (100_000.0, None, true, false),
        ] {
            let mut known = catalog("t", rows, &[], &[]);
            let table = &mut known.tables[0];
            table.modified_since_analyze = changed;
            table.last_analyzed = analysed.then(|| "yesterday".into());
            assert_eq!(stale(table).is_some(), expected, "{rows} {changed:?} {analysed}");
        }
    }

    #[test]
    fn a_table_is_told_once() {
        let mut known = catalog("t", 1e5, &[], &[]);
        known.tables[0].modified_since_analyze = Some(9e4);
        let scan = || node(Operator::SeqScan).on("t").estimated(10.0, 10.0);
        let plan =
            plan(Engine::PostgreSql, [(0, node(Operator::HashJoin).estimated(1.0, 30.0)), (1, scan()), (1, scan())]);
        assert_eq!(found(&StaleStatistics, &plan, Some(&known)).len(), 1);
        assert!(found(&StaleStatistics, &plan, None).is_empty());
    }
}
