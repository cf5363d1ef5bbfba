//! Derived numbers explain themselves.

use super::{Explanation, loops};
use crate::plan::{NodeId, Operator, Plan, Timing};

impl Plan {
    /// How the derived numbers of a node came about: those it has, in the order of [`super::Derived`].
    #[must_use]
    pub fn explanations(&self, id: NodeId) -> Vec<Explanation> {
        let mut all = Vec::new();
        let mut explain = |name, formula, inputs: Vec<(&str, f64)>| {
            let inputs = inputs.into_iter().map(|(name, value)| format!("{name} = {}", number(value))).collect();
            all.push(Explanation { name, formula, inputs });
        };
        let (node, derived) = (self.node(id), self.derived(id));
        if let Some(wall) = derived.wall_ms {
            let (formula, inputs) = match node.timing {
                Some(Timing::PerLoop { last_ms, .. }) if derived.processes > 1.0 => {
                    let average = last_ms * loops(node) / loops(node).min(derived.processes).max(1.0);
                    let formula = if wall > average * 1.001 {
                        "what one of the processes spent below, which is more than the average of them all: time of one execution × loops \
                         / min(loops, processes)"
                    } else {
                        "time of one execution × loops / min(loops, processes): parallel processes run at the same time"
                    };
                    (formula, vec![("time", last_ms), ("loops", loops(node)), ("processes", derived.processes)])
                }
                Some(Timing::PerLoop { last_ms, .. }) => {
                    let formula = if wall > last_ms * loops(node) * 1.001 {
                        "time of one execution × loops + what its clock did not see: sub-queries of the select list or computed while planning, \
                         filling of tables"
                    } else {
                        "time of one execution × loops"
                    };
                    (formula, vec![("time", last_ms), ("loops", loops(node))])
                }
                Some(Timing::Inclusive(ms)) => ("as the server states it, all executions", vec![("time", ms)]),
                Some(Timing::Own(ms)) => ("own time of all executions + wall time of the children", vec![("own", ms)]),
                None => ("not measured: wall time of the children", vec![]),
            };
            explain("wall time", formula, [vec![("wall", wall)], inputs].concat());
        }
        if let (Some(own), Some(wall)) = (derived.self_ms, derived.wall_ms) {
            let inside: f64 = self.children(id).filter_map(|c| self.derived(c).wall_ms).fold(0.0, |a, b| a + b);
            if let Some(awaited) = self.awaited_ms(id) {
                explain(
                    "awaited",
                    "time of the slowest process below, at most wall − wall time below, which is an average; without VERBOSE, which tells \
                     each one's time, one may have done all the work",
                    vec![("awaited", awaited), ("self", own)],
                );
            }
            explain(
                "self time",
                "wall time − wall time of what ran inside; CTEs and init plans count where they were asked for; parts that \
                 overlap are scaled to fit the whole",
                vec![("self", own), ("wall", wall), ("children", inside)],
            );
        }
        if let Some(own) = derived.self_cost {
            let inside: f64 = self.children(id).filter_map(|c| self.node(c).cost.total).fold(0.0, |a, b| a + b);
            let mut inputs = vec![("self", own)];
            inputs.extend(node.cost.total.map(|c| ("total", c)));
            inputs.extend(node.cost.own.map(|c| ("own", c)));
            inputs.push(("children", inside));
            let formula = if node.operator == Operator::NestedLoop {
                "total cost − outer side − inner side × outer rows, at least 0; over all expected executions"
            } else {
                "total cost − cost of the children, at least 0; over all expected executions"
            };
            explain("self cost", formula, inputs);
        }
        if let (Some(q), Some(estimated), Some(actual)) = (derived.q_error, node.rows.estimated, node.rows.actual) {
            explain(
                "q-error",
                if derived.rough_rows {
                    "max(estimated / actual, actual / estimated), each × loops, 0 counted as 1; actual rows are about right only: \
                     the server rounded the average of a loop to whole rows"
                } else {
                    "max(estimated / actual, actual / estimated), each × loops, 0 counted as 1"
                },
                vec![("q-error", q), ("estimated", estimated), ("actual", actual), ("loops", loops(node))],
            );
        }
        if let Some(share) = derived.share {
            let (formula, part, whole): (_, _, f64) = if derived.self_ms.is_some() {
                (
                    "self time / self time of all nodes",
                    derived.self_ms,
                    self.derived.iter().filter_map(|d| d.self_ms).sum(),
                )
            } else {
                (
                    "self cost / self cost of all nodes",
                    derived.self_cost,
                    self.derived.iter().filter_map(|d| d.self_cost).sum(),
                )
            };
            explain("share", formula, vec![("share", share), ("part", part.unwrap_or(0.0)), ("whole", whole)]);
        }
        all
    }
}

/// Raw, as many digits as matter.
fn number(n: f64) -> String {
    let text = format!("{n:.3}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
