use super::{Change, diff};
use crate::plan::{Cost, Engine, Node, NodeId, Operator, Plan, PlanBuilder, Relation, Role, Rows};

fn scan(role: Role, operator: Operator, name: &str, index: Option<&str>) -> Node {
    let native = operator.name().to_owned();
    Node {
        relation: Some(Relation { name: name.into(), ..Relation::default() }),
        index: index.map(Into::into),
        ..Node::new(role, operator, native)
    }
}

fn node(role: Role, operator: Operator) -> Node {
    let native = operator.name().to_owned();
    Node::new(role, operator, native)
}

fn plan(nodes: Vec<(Option<u32>, Node)>) -> Plan {
    let mut builder = PlanBuilder::new();
    for (parent, node) in nodes {
        builder.push(parent.map(NodeId), node).unwrap();
    }
    builder.finish(Engine::PostgreSql).unwrap()
}

#[test]
fn nodes_are_matched_by_what_they_read_wherever_they_stand() {
    let before = plan(vec![
        (None, Node { cost: Cost { total: Some(35_811.0), ..Cost::default() }, ..node(Role::Root, Operator::Sort) }),
        (Some(0), node(Role::Outer, Operator::HashJoin)),
        (Some(1), scan(Role::Outer, Operator::SeqScan, "orders", None)),
        (Some(1), node(Role::Inner, Operator::Hash)),
        (Some(3), scan(Role::Outer, Operator::SeqScan, "customers", None)),
    ]);
    let after = plan(vec![
        (None, Node { cost: Cost { total: Some(12.4), ..Cost::default() }, ..node(Role::Root, Operator::NestedLoop) }),
        (Some(0), scan(Role::Outer, Operator::SeqScan, "customers", None)),
        (Some(0), scan(Role::Inner, Operator::IndexScan, "orders", Some("ix"))),
    ]);
    let d = diff(&before, &after);
    assert_eq!(
        d.before,
        [Change::Only, Change::Changed(NodeId(0)), Change::Changed(NodeId(2)), Change::Only, Change::Same(NodeId(1))]
    );
    assert_eq!(d.after, [Change::Changed(NodeId(1)), Change::Same(NodeId(4)), Change::Changed(NodeId(2))]);
    assert_eq!(
        d.summary(&before, &after),
        [
            "Hash Join → Nested Loop",
            "orders: Seq Scan → Index Scan using ix",
            "join order: orders, customers → customers, orders",
            "gone: Sort",
            "gone: Hash",
            "cost: 35,811 → 12.40 (×2,888 less)",
        ]
    );
}

#[test]
fn the_same_relation_twice_is_matched_by_its_conditions() {
    let with = |role, filter: &str| {
        let mut node = scan(role, Operator::SeqScan, "t", None);
        node.conditions.filter = Some(filter.into());
        node
    };
    let before = plan(vec![
        (None, node(Role::Root, Operator::Append)),
        (Some(0), with(Role::Member, "a = 1")),
        (Some(0), with(Role::Member, "a = 2")),
    ]);
    let after = plan(vec![
        (None, node(Role::Root, Operator::Append)),
        (Some(0), with(Role::Member, "a = 2")),
        (Some(0), with(Role::Member, "a = 1")),
    ]);
    assert_eq!(diff(&before, &after).before[1..], [Change::Same(NodeId(2)), Change::Same(NodeId(1))]);
}

#[test]
fn a_plan_beside_itself_shows_no_change() {
    let rows = Rows { actual: Some(3.0), ..Rows::default() };
    let p = plan(vec![
        (None, node(Role::Root, Operator::NestedLoop)),
        (Some(0), Node { rows, ..scan(Role::Outer, Operator::SeqScan, "a", None) }),
        (Some(0), scan(Role::Inner, Operator::IndexScan, "b", Some("i"))),
    ]);
    let d = diff(&p, &p);
    assert!(d.before.iter().zip(p.ids()).all(|(change, id)| *change == Change::Same(id)));
    assert_eq!(d.summary(&p, &p), [] as [String; 0]);
}

#[test]
fn ten_thousand_partitions_are_matched_in_no_time() {
    let mut nodes = vec![(None, node(Role::Root, Operator::Append))];
    nodes.extend((0..10_000).map(|i| (Some(0), scan(Role::Member, Operator::SeqScan, &format!("p{i}"), None))));
    nodes.extend((0..10_000).map(|_| (Some(0), scan(Role::Member, Operator::SeqScan, "same", None))));
    let p = plan(nodes);
    let start = std::time::Instant::now();
    let d = diff(&p, &p);
    assert!(d.before.iter().zip(p.ids()).all(|(change, id)| *change == Change::Same(id)));
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}
