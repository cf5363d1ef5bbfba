//! Whether the formulas read the statement of today as the server itself says, and at the same cost.

use super::tree::lower;
use crate::{
    fmt,
    plan::{Engine, Node, Operator, Plan},
    text::one_line,
};

/// Costs and rows that differ by less are equal.
const EQUAL: f64 = 0.02;

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Checked {
    /// The same way at the same cost; both costs, where the server tells one.
    Same(Option<(f64, f64)>),
    /// How they differ.
    Differs(String),
}

impl Checked {
    /// For people.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Same(Some((server, ours))) => format!(
                "checked: the formulas read today's plan as the server does, at cost {} where it says {}",
                fmt::cost(*ours),
                fmt::cost(*server)
            ),
            Self::Same(None) => {
                "checked: the formulas read today's plan as the server does, with as many rows (it tells no cost)"
                    .to_owned()
            }
            Self::Differs(how) => format!("the check failed, so that this is no more than a hint: {how}"),
        }
    }
}

/// The server's plan of today beside the calculated one, whose joins cost so much.
pub(super) fn check(server: &Plan, ours: &Plan, cost: f64) -> Checked {
    let (theirs, own) = (reads(server), reads(ours));
    let first = theirs.iter().zip(&own).find(|(a, b)| access(a) != access(b));
    if let Some((a, b)) = first {
        return Checked::Differs(format!("the server plans {}, the formulas {}", title(a), title(b)));
    }
    if theirs.len() != own.len() {
        return Checked::Differs("the server reads other tables than the formulas".to_owned());
    }
    for (a, b) in theirs.iter().zip(&own) {
        let (Some(x), Some(y)) = (rows(a), rows(b)) else { continue };
        if (x - y).abs() > 2.0 + EQUAL * x.max(y) {
            return Checked::Differs(format!(
                "the server expects {} rows of {}, the formulas {}",
                fmt::count(x),
                one_line(name(a)),
                fmt::count(y)
            ));
        }
    }
    match told(server) {
        None => Checked::Same(None),
        Some(told) if (told - cost).abs() <= EQUAL * told.max(cost) => Checked::Same(Some((told, cost))),
        Some(told) => {
            Checked::Differs(format!("the server says cost {}, the formulas {}", fmt::cost(told), fmt::cost(cost)))
        }
    }
}

/// The cost of a plan's joins, where the server tells it.
fn told(plan: &Plan) -> Option<f64> {
    if plan.engine == Engine::MariaDb {
        let own: Vec<f64> = reads(plan).iter().filter_map(|node| node.cost.own).collect();
        return (!own.is_empty()).then(|| own.iter().sum());
    }
    plan.node(lower(plan)?).cost.total
}

/// Whether two plans read the same tables in the same order and the same way.
pub(super) fn same_way(a: &Plan, b: &Plan) -> bool {
    let (a, b) = (reads(a), reads(b));
    a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| access(a) == access(b))
}

/// The nodes that read tables.
pub(super) fn reads(plan: &Plan) -> Vec<&Node> {
    let reads = |node: &&Node| node.relation.as_ref().is_some_and(|r| !r.name.starts_with('<'));
    plan.ids().map(|id| plan.node(id)).filter(reads).collect()
}

fn rows(node: &Node) -> Option<f64> {
    node.rows.examined.or(node.rows.estimated)
}

fn name(node: &Node) -> &str {
    node.relation.as_ref().map_or("", |r| r.alias.as_deref().unwrap_or(&r.name))
}

fn access(node: &Node) -> (&str, &Operator, Option<&str>) {
    (name(node), &node.operator, node.index.as_deref())
}

fn title(node: &Node) -> String {
    let how = node.index.as_ref().map_or(String::new(), |index| format!(" by {index}"));
    one_line(&format!("{} of {}{how}", node.operator.name(), name(node)))
}
