//! Children that are alike told as one: the partitions below an append, the branches of a union.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use super::{NodeId, Plan, Role};

/// So many alike make a group; fewer are shown one by one.
pub const LEAST: usize = 8;
/// Of one group so many outliers are named at most.
const NAMED: usize = 5;

/// Children of one node whose sub-trees have the same shape: the same operators with the same kinds of condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Whose children they are.
    pub parent: NodeId,
    /// All of them, in the order of the plan; at least [`LEAST`].
    pub members: Vec<NodeId>,
    /// Those that cost far more than their like, the worst first; at most five. They are shown by themselves.
    pub outliers: Vec<NodeId>,
    /// What each costs with all below it: milliseconds of wall time where the plan was executed and timed, else the planner's
    /// price. `None` when the document tells neither.
    pub price: Option<Spread>,
    /// Rows each gave in all, or is expected to give.
    pub rows: Option<Spread>,
    /// Whether `price` is time, in milliseconds.
    pub timed: bool,
    /// Those that are no outliers, together.
    pub together: Together,
}

/// Members that are alike, added up with all below them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Together {
    /// Self time in milliseconds where the plan was timed, else the planner's price without children. `None` when neither is told.
    pub own: Option<f64>,
    /// Part of the whole statement, 0 to 1.
    pub share: Option<f64>,
    /// Rows the members themselves were expected to give.
    pub estimated: Option<f64>,
    /// Rows the members themselves gave.
    pub actual: Option<f64>,
}

impl Together {
    fn of(plan: &Plan, members: &[NodeId], timed: bool) -> Self {
        let sum = |numbers: &mut dyn Iterator<Item = Option<f64>>| numbers.flatten().reduce(|a, b| a + b);
        let below = || members.iter().flat_map(|id| plan.subtree(*id)).map(|id| plan.derived(id));
        let rows = || members.iter().map(|id| plan.node(*id).rows).map(|rows| (rows, rows.loops.unwrap_or(1.0)));
        Self {
            own: sum(&mut below().map(|d| if timed { d.felt_ms() } else { d.self_cost })),
            share: sum(&mut below().map(super::Derived::felt)),
            estimated: sum(&mut rows().map(|(rows, loops)| rows.estimated.map(|n| n * loops.max(1.0)))),
            actual: sum(&mut rows().map(|(rows, loops)| rows.actual.map(|n| n * loops))),
        }
    }
}

/// How numbers are spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The smallest.
    pub min: f64,
    /// The one in the middle.
    pub median: f64,
    /// The largest.
    pub max: f64,
    /// All together.
    pub sum: f64,
}

impl Group {
    /// How many are no outliers.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.members.len() - self.outliers.len()
    }

    /// Members that are no outliers, in the order of the plan.
    pub fn alike(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.members.iter().copied().filter(|id| !self.outliers.contains(id))
    }
}

impl Spread {
    /// The spread of numbers; `None` of none.
    fn of(mut numbers: Vec<f64>) -> Option<Self> {
        numbers.sort_by(f64::total_cmp);
        let (min, max) = (*numbers.first()?, *numbers.last()?);
        Some(Self { min, median: numbers[numbers.len() / 2], max, sum: numbers.iter().sum() })
    }
}

/// The groups of a plan, by their parents. Work grows with the number of nodes.
#[must_use]
pub fn groups(plan: &Plan) -> Vec<Group> {
    let shapes = shapes(plan);
    let timed = plan.ids().any(|id| plan.derived(id).wall_ms.is_some());
    let mut out = Vec::new();
    for parent in plan.ids() {
        let several = |id: &NodeId| matches!(plan.node(*id).role, Role::Member | Role::Union);
        if plan.children(parent).filter(several).take(LEAST).count() < LEAST {
            continue;
        }
        let mut alike: HashMap<u64, Vec<NodeId>> = HashMap::new();
        for id in plan.children(parent).filter(several) {
            alike.entry(shapes[id.index()]).or_default().push(id);
        }
        let mut found: Vec<_> = alike.into_values().filter(|members| members.len() >= LEAST).collect();
        found.sort_unstable_by_key(|members| members[0]);
        out.extend(found.into_iter().map(|members| group(plan, parent, members, timed)));
    }
    out
}

fn group(plan: &Plan, parent: NodeId, members: Vec<NodeId>, timed: bool) -> Group {
    let price = |id: NodeId| if timed { plan.derived(id).wall_ms } else { plan.node(id).cost.total };
    let rows = |id: NodeId| {
        let rows = plan.node(id).rows;
        let each = rows.actual.or(rows.estimated.filter(|_| !plan.analyzed))?;
        Some(each * rows.loops.unwrap_or(1.0)).filter(|n| n.is_finite() && *n >= 0.0)
    };
    let prices: Vec<(NodeId, f64)> = members.iter().filter_map(|id| Some((*id, price(*id)?))).collect();
    let outliers = outliers(&prices);
    let alike: Vec<NodeId> = members.iter().copied().filter(|id| !outliers.contains(id)).collect();
    let together = Together::of(plan, &alike, timed);
    Group {
        parent,
        outliers,
        together,
        price: Spread::of(prices.into_iter().map(|(_, price)| price).filter(|p| p.is_finite()).collect()),
        rows: Spread::of(members.iter().filter_map(|id| rows(*id)).collect()),
        members,
        timed,
    }
}

/// Far above the rest by Tukey's fences (three times the distance of the quartiles above the upper one), twice the median at
/// least, and no trifle: a hundredth of all.
fn outliers(prices: &[(NodeId, f64)]) -> Vec<NodeId> {
    let mut sorted: Vec<f64> = prices.iter().map(|(_, price)| *price).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |part: usize| sorted.get(sorted.len() * part / 4).copied().unwrap_or(0.0);
    let (lower, median, upper) = (at(1), at(2), at(3));
    let sum: f64 = sorted.iter().sum();
    let fence = (upper + 3.0 * (upper - lower)).max(median * 2.0).max(sum / 100.0);
    let mut out: Vec<_> = prices.iter().filter(|(_, price)| *price > fence).collect();
    out.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    out.into_iter().take(NAMED).map(|(id, _)| *id).collect()
}

/// A number for the shape of each sub-tree: equal for equal shapes.
fn shapes(plan: &Plan) -> Vec<u64> {
    let mut shapes = vec![0_u64; plan.len()];
    let mut inside: Vec<Vec<u64>> = vec![Vec::new(); plan.len()];
    for id in plan.ids().rev() {
        let node = plan.node(id);
        let conditions = &node.conditions;
        let mut hasher = DefaultHasher::new();
        (&node.operator, node.role, node.index.is_some(), node.relation.is_some()).hash(&mut hasher);
        [&conditions.filter, &conditions.index, &conditions.join, &conditions.recheck]
            .map(Option::is_some)
            .hash(&mut hasher);
        // One that never ran is another thing than one that did.
        (plan.analyzed && node.rows.loops == Some(0.0)).hash(&mut hasher);
        std::mem::take(&mut inside[id.index()]).hash(&mut hasher);
        shapes[id.index()] = hasher.finish();
        if let Some(parent) = plan.parent(id) {
            inside[parent.index()].push(shapes[id.index()]);
        }
    }
    shapes
}

#[cfg(test)]
mod tests {
    use super::groups;
    use crate::plan::{Engine, Node, NodeId, Operator, Plan, PlanBuilder, Relation, Role, Rows, Timing};

    /// An append of scans that take so many milliseconds each; those with an index in another shape.
    fn append(times: &[(f64, bool)]) -> Plan {
        let mut builder = PlanBuilder::new();
        let root = builder.push(None, Node::new(Role::Root, Operator::Append, "Append")).unwrap();
        for (i, (ms, indexed)) in times.iter().enumerate() {
            let operator = if *indexed { Operator::IndexScan } else { Operator::SeqScan };
            let node = Node {
                relation: Some(Relation { name: format!("m_{i}"), ..Relation::default() }),
                timing: Some(Timing::PerLoop { first_ms: 0.0, last_ms: *ms }),
                rows: Rows { actual: Some(10.0), loops: Some(1.0), ..Rows::default() },
                ..Node::new(Role::Member, operator, "Scan")
            };
            builder.push(Some(root), node).unwrap();
        }
        builder.finish(Engine::PostgreSql).unwrap()
    }

    #[test]
    fn alike_members_are_one_group_and_the_slow_one_stands_out() {
        let mut times = vec![(1.0, false); 20];
        times[7].0 = 50.0;
        times.push((2.0, true));
        let found = groups(&append(&times));
        assert_eq!(found.len(), 1);
        let group = &found[0];
        assert_eq!((group.parent, group.members.len()), (NodeId::ROOT, 20), "the one with an index is not like them");
        assert_eq!(group.outliers, [NodeId(8)]);
        let price = group.price.unwrap();
        assert_eq!((price.min, price.median, price.max, price.sum, group.timed), (1.0, 1.0, 50.0, 69.0, true));
        assert!((group.rows.unwrap().sum - 200.0).abs() < 1e-9);
        assert_eq!(group.alike().count(), 19);
        assert_eq!((group.together.own, group.together.actual), (Some(19.0), Some(190.0)), "without the slow one");
    }

    #[test]
    fn a_few_members_and_members_of_two_kinds_stay_as_they_are() {
        assert!(groups(&append(&[(1.0, false); 7])).is_empty());
        let mixed: Vec<_> = (0..14).map(|i| (1.0, i % 2 == 0)).collect();
        assert!(groups(&append(&mixed)).is_empty());
        let spread: Vec<_> = (0..40_u8).map(|i| (f64::from(i), false)).collect();
        assert!(groups(&append(&spread))[0].outliers.is_empty(), "evenly spread: nobody stands out");
    }
}
