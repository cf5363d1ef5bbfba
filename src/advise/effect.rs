//! What a supposition does to a statement's plan, in a word and in a line.

use super::judge::{examined, flagged, price_of};
use crate::{
    fmt,
    plan::{Engine, Flag, Plan, diff::diff},
};

/// A price that changes by less is the same.
const SAME: f64 = 0.005;

/// What became of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// The same plan at the same price.
    Same,
    /// Another plan at the same price.
    Other,
    /// Cheaper.
    Better,
    /// Dearer.
    Worse,
}

/// The effect, and the line that says it. PostgreSQL goes by the root's cost; MySQL and MariaDB by rows examined, and by
/// filesorts and temporary tables that come or go.
#[must_use]
pub fn effect(before: &Plan, after: &Plan) -> (Effect, String) {
    let (was, is) = (price_of(before), price_of(after));
    let shape = !diff(before, after).kinds(before, after).is_empty();
    let effect = if is > was * (1.0 + SAME) {
        Effect::Worse
    } else if is < was * (1.0 - SAME) {
        Effect::Better
    } else if shape {
        Effect::Other
    } else {
        Effect::Same
    };
    let change = match before.engine {
        Engine::PostgreSql => change("cost", was, is, fmt::cost),
        Engine::MySql | Engine::MariaDb => {
            let mut text = change("rows examined", examined(before), examined(after), fmt::count);
            for (flag, what) in [(Flag::Filesort, "a filesort"), (Flag::Temporary, "a temporary table")] {
                let (had, has) = (flagged(before, flag), flagged(after, flag));
                if has > had {
                    text = format!("{text}; {what} comes");
                } else if had > has {
                    text = format!("{text}; {what} goes");
                }
            }
            text
        }
    };
    let line = match effect {
        Effect::Same => format!("the plan stays as it is; {change}"),
        Effect::Other => format!("another plan, no dearer; {change}"),
        Effect::Better | Effect::Worse => change,
    };
    (effect, line)
}

fn change(what: &str, was: f64, is: f64, shown: fn(f64) -> String) -> String {
    if (is - was).abs() <= was.abs() * SAME {
        return format!("{what} stays {}", shown(is));
    }
    let times = if is > was && was > 0.0 {
        format!(" ({} as much)", fmt::times(is / was))
    } else if is > 0.0 && was > is {
        format!(" ({} less)", fmt::times(was / is))
    } else {
        String::new()
    };
    format!("{what} {} → {}{times}", shown(was), shown(is))
}

#[cfg(test)]
mod tests {
    use super::{Effect, effect};
    use crate::plan::{Engine, Node, Operator, Plan, PlanBuilder, Role};

    fn plan(engine: Engine, operator: &Operator, cost: f64) -> Plan {
        let mut builder = PlanBuilder::new();
        let mut node = Node::new(Role::Root, operator.clone(), format!("{operator:?}"));
        node.cost.total = Some(cost);
        node.rows.estimated = Some(cost);
        node.relation = Some(crate::plan::Relation { name: "t".to_owned(), ..Default::default() });
        builder.push(None, node).unwrap();
        builder.finish(engine).unwrap()
    }

    #[test]
    fn dearer_cheaper_other_and_same_plans_are_told_apart() {
        use Operator::{IndexScan, SeqScan};
        for (engine, after, cost, expected, line) in [
            (Engine::PostgreSql, IndexScan, 10.0, Effect::Same, "the plan stays as it is; cost stays 10.00"),
            (Engine::PostgreSql, SeqScan, 10.01, Effect::Other, "another plan, no dearer; cost stays 10.01"),
            (Engine::PostgreSql, SeqScan, 35_811.0, Effect::Worse, "cost 10.00 → 35,811 (×3,581 as much)"),
            (Engine::PostgreSql, IndexScan, 5.0, Effect::Better, "cost 10.00 → 5.00 (×2.0 less)"),
            (Engine::MySql, SeqScan, 300_000.0, Effect::Worse, "rows examined 10 → 300,000 (×30,000 as much)"),
        ] {
            let (found, said) = effect(&plan(engine, &IndexScan, 10.0), &plan(engine, &after, cost));
            assert_eq!((found, said.as_str()), (expected, line));
        }
    }
}
