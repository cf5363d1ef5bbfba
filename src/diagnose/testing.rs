//! Small plans for the rules' tests.

use super::{Finding, Rule, diagnose};
use crate::{
    catalog::{Catalog, Column, Index, IndexKey, Table},
    plan::{Engine, Node, NodeId, Operator, Plan, PlanBuilder, Relation, Role, Spill, Timing},
};

/// A node of a table: `orders` with its operator.
pub(super) fn node(operator: Operator) -> Node {
    let native = operator.name().to_owned();
    Node::new(Role::Outer, operator, native)
}

/// What a test says of a node.
pub(super) trait Say: Sized {
    fn on(self, table: &str) -> Self;
    fn role(self, role: Role) -> Self;
    fn index(self, name: &str) -> Self;
    fn estimated(self, rows: f64, cost: f64) -> Self;
    /// Rows per loop, loops, milliseconds per loop.
    fn ran(self, rows: f64, loops: f64, ms: f64) -> Self;
    fn removed(self, rows: f64) -> Self;
    fn filter(self, condition: &str) -> Self;
    fn found_by(self, condition: &str) -> Self;
    fn spilled(self, how: &str, bytes: Option<u64>) -> Self;
    fn extra(self, key: &str, value: &str) -> Self;
    fn key(self, key: &str) -> Self;
}

impl Say for Node {
    fn on(mut self, table: &str) -> Self {
        self.relation = Some(Relation { schema: None, name: table.to_owned(), alias: None });
        self
    }
    fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }
    fn index(mut self, name: &str) -> Self {
        self.index = Some(name.to_owned());
        self
    }
    fn estimated(mut self, rows: f64, cost: f64) -> Self {
        self.rows.estimated = Some(rows);
        self.cost.startup = Some(0.0);
        self.cost.total = Some(cost);
        self
    }
    fn ran(mut self, rows: f64, loops: f64, ms: f64) -> Self {
        self.rows.actual = Some(rows);
        self.rows.loops = Some(loops);
        self.timing = Some(Timing::PerLoop { first_ms: 0.0, last_ms: ms });
        self
    }
    fn removed(mut self, rows: f64) -> Self {
        self.rows.removed = Some(rows);
        self
    }
    fn filter(mut self, condition: &str) -> Self {
        self.conditions.filter = Some(condition.to_owned());
        self
    }
    fn found_by(mut self, condition: &str) -> Self {
        self.conditions.index = Some(condition.to_owned());
        self
    }
    fn spilled(mut self, how: &str, bytes: Option<u64>) -> Self {
        self.spill = Some(Box::new(Spill { bytes, how: how.to_owned() }));
        self
    }
    fn extra(mut self, key: &str, value: &str) -> Self {
        self.extra.push((key.to_owned(), value.to_owned()));
        self
    }
    fn key(mut self, key: &str) -> Self {
        self.keys.push(key.to_owned());
        self
    }
}

/// A plan of nodes with their depths, in pre-order.
pub(super) fn plan(engine: Engine, nodes: impl IntoIterator<Item = (usize, Node)>) -> Plan {
    let mut builder = PlanBuilder::new();
    let mut path: Vec<NodeId> = Vec::new();
    for (depth, mut node) in nodes {
        path.truncate(depth);
        if path.is_empty() {
            node.role = Role::Root;
        }
        let id = builder.push(path.last().copied(), node).unwrap();
        path.push(id);
    }
    builder.finish(engine).unwrap()
}

/// What one rule finds.
pub(super) fn found(rule: &dyn Rule, plan: &Plan, catalog: Option<&Catalog>) -> Vec<Finding> {
    let mut found = Vec::new();
    rule.check(super::Context { plan, catalog }, &mut found);
    for finding in &found {
        assert!(!finding.title.is_empty() && !finding.why.is_empty() && !finding.next.is_empty(), "{finding:?}");
        assert!(finding.share.is_none_or(|s| (0.0..=1.0).contains(&s)), "{finding:?}");
    }
    found
}

/// The rules that fire, in their order.
pub(super) fn rules(plan: &Plan, catalog: Option<&Catalog>) -> Vec<&'static str> {
    diagnose(plan, catalog).iter().map(|f| f.rule).collect()
}

/// A catalog of one table with columns `(name, type)` and one-column indexes.
pub(super) fn catalog(table: &str, rows: f64, columns: &[(&str, &str)], indexes: &[&str]) -> Catalog {
    let column =
        |(name, kind): &(&str, &str)| Column { name: (*name).into(), type_name: (*kind).into(), ..Column::default() };
    let index = |name: &&str| Index {
        name: format!("ix_{name}"),
        keys: vec![IndexKey { column: Some((*name).into()), expr: (*name).into(), ..IndexKey::default() }],
        ..Index::default()
    };
    Catalog {
        tables: vec![Table {
            schema: "public".into(),
            name: table.into(),
            rows: Some(rows),
            columns: columns.iter().map(column).collect(),
            indexes: indexes.iter().map(index).collect(),
            last_analyzed: Some("2026-01-01".into()),
            ..Table::default()
        }],
        search_path: vec!["public".into()],
        ..Catalog::default()
    }
}
