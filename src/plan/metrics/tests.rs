use std::sync::Arc;

use proptest::prelude::*;

use crate::plan::{
    Buffers, Conditions, Cost, Engine, Flag, Node, NodeId, Operator, Plan, PlanBuilder, Relation, Role, Rows, Timing,
    Workers,
};

/// A node with its parent, by position in the list.
struct Spec(Option<u32>, Node);

fn node(role: Role, operator: Operator, ms: f64, rows: f64, loops: f64) -> Node {
    Node {
        timing: Some(Timing::PerLoop { first_ms: 0.0, last_ms: ms }),
        rows: Rows { estimated: Some(rows), actual: Some(rows), loops: Some(loops), ..Rows::default() },
        ..Node::new(role, operator, "")
    }
}

fn plan(nodes: Vec<Spec>) -> Plan {
    let mut builder = PlanBuilder::new();
    for Spec(parent, node) in nodes {
        builder.push(parent.map(NodeId), node).unwrap();
    }
    builder.finish(Engine::PostgreSql).unwrap()
}

fn close(a: Option<f64>, b: f64) -> bool {
    a.is_some_and(|a| (a - b).abs() <= 0.01 * b.max(0.1))
}

/// Numbers of plans a PostgreSQL 15 server printed.
#[test]
fn time_below_a_gather_follows_the_processes_that_ran() {
    // Two workers, the leader does not take part: 77.6 ms, not 77.6 · 2 / 3.
    let p = plan(vec![
        Spec(None, node(Role::Root, Operator::Gather, 104.4, 2.0, 1.0)),
        Spec(Some(0), node(Role::Outer, Operator::SeqScan, 77.6, 150_000.0, 2.0)),
    ]);
    assert!(close(p.derived(NodeId(1)).wall_ms, 77.6) && close(p.derived(NodeId(0)).self_ms, 26.8));
    // An inner side executed a thousand times by three processes.
    let p = plan(vec![
        Spec(None, node(Role::Root, Operator::Gather, 397.0, 3.0, 1.0)),
        Spec(Some(0), node(Role::Outer, Operator::NestedLoop, 303.9, 66_600.0, 3.0)),
        Spec(Some(1), node(Role::Outer, Operator::SeqScan, 0.1, 333.0, 3.0)),
        Spec(Some(1), node(Role::Inner, Operator::IndexScan, 0.869, 200.0, 1000.0)),
    ]);
    assert!(close(p.derived(NodeId(3)).wall_ms, 289.7));
    // A bitmap that one process of three built for all.
    let p = plan(vec![
        Spec(None, node(Role::Root, Operator::Gather, 40.0, 3.0, 1.0)),
        Spec(Some(0), node(Role::Outer, Operator::BitmapHeapScan, 35.0, 66_600.0, 3.0)),
        Spec(Some(1), node(Role::Outer, Operator::BitmapIndexScan, 12.8, 200_000.0, 1.0)),
    ]);
    assert!(close(p.derived(NodeId(2)).wall_ms, 12.8));
}

/// The average of three processes of which one did all the work is a third of what was waited for.
#[test]
fn who_gathers_is_not_blamed_for_waiting() {
    let gather = |own: Option<Workers>| {
        plan(vec![
            Spec(None, node(Role::Root, Operator::GatherMerge, 100.0, 10.0, 1.0)),
            Spec(Some(0), Node { workers: own.map(Box::new), ..node(Role::Outer, Operator::Sort, 33.0, 3.0, 3.0) }),
            Spec(Some(1), node(Role::Outer, Operator::SeqScan, 30.0, 3.0, 3.0)),
        ])
    };
    let worst = |p: &Plan| {
        p.ids().max_by(|a, b| p.derived(*a).blame.unwrap().total_cmp(&p.derived(*b).blame.unwrap())).unwrap()
    };
    let felt = |p: &Plan| p.ids().filter_map(|id| p.derived(id).felt_ms()).sum::<f64>();
    let told = |max_ms| Some(Workers { min_ms: Some(1.0), max_ms: Some(max_ms), ..Workers::default() });
    // Nobody tells which process was slow: it may have been 99 ms of work.
    let p = gather(None);
    assert!(close(p.derived(NodeId(0)).self_ms, 67.0) && close(p.awaited_ms(NodeId(0)), 66.0));
    assert_eq!(worst(&p), NodeId(2));
    assert!(close(p.derived(NodeId(0)).felt_ms(), 67.0), "the time stands where it is known to have gone");
    // One was slow, and what it did is blamed by what it took.
    let p = gather(told(95.0));
    assert!(close(p.awaited_ms(NodeId(0)), 62.0) && close(p.derived(NodeId(0)).blame, 0.05));
    assert!(close(p.derived(NodeId(2)).blame, 0.30 * 95.0 / 33.0) && worst(&p) == NodeId(2));
    // The tree shows it there too, and all of it still adds up.
    assert!(close(p.derived(NodeId(0)).felt_ms(), 5.0) && close(p.derived(NodeId(2)).felt_ms(), 30.0 * 95.0 / 33.0));
    assert!(close(Some(felt(&p)), 100.0) && p.derived(NodeId(2)).is_slowest() && !p.derived(NodeId(0)).is_slowest());
    // All were alike: starting them took the time.
    let p = gather(told(34.0));
    assert_eq!((worst(&p), p.awaited_ms(NodeId(0))), (NodeId(0), Some(1.0)));
}

/// Each node is as slow as its own slowest process, where that is told.
#[test]
fn who_waits_for_one_process_waits_for_what_that_one_did() {
    let told = |max_ms, node| {
        let workers = Workers { min_ms: Some(0.1), max_ms: Some(max_ms), ..Workers::default() };
        Node { workers: Some(Box::new(workers)), ..node }
    };
    let p = plan(vec![
        Spec(None, node(Role::Root, Operator::Gather, 141.0, 300.0, 1.0)),
        Spec(Some(0), told(140.2, node(Role::Outer, Operator::NestedLoop, 73.467, 100.0, 3.0))),
        Spec(Some(1), told(40.0, node(Role::Outer, Operator::SeqScan, 40.0, 100.0, 3.0))),
        Spec(Some(1), told(100.0, node(Role::Inner, Operator::IndexScan, 33.334, 100.0, 3.0))),
    ]);
    let felt: Vec<f64> = p.ids().filter_map(|id| p.derived(id).felt_ms()).collect();
    assert!(close(Some(felt[2]), 40.0) && close(Some(felt[3]), 100.0), "{felt:?}");
    assert!(close(Some(felt.iter().sum()), 141.0), "{felt:?}");
}

#[test]
fn a_branch_that_one_process_ran_alone_makes_all_above_it_as_slow() {
    let p = plan(vec![
        Spec(None, node(Role::Root, Operator::Gather, 100.0, 10.0, 1.0)),
        Spec(Some(0), node(Role::Outer, Operator::Append, 32.0, 3.0, 3.0)),
        Spec(Some(1), node(Role::Member, Operator::SeqScan, 94.0, 3.0, 1.0)),
        Spec(Some(1), node(Role::Member, Operator::SeqScan, 1.0, 3.0, 1.0)),
    ]);
    assert!(close(p.derived(NodeId(1)).wall_ms, 94.0) && close(p.derived(NodeId(0)).self_ms, 6.0));
    assert!(p.derived(NodeId(2)).self_ms.unwrap() > 92.0);
}

#[test]
fn a_cte_is_charged_once_to_the_scan_that_ran_it() {
    let scan = |role, ms| Node {
        relation: Some(Relation { name: "c".into(), ..Relation::default() }),
        ..node(role, Operator::CteScan, ms, 10.0, 1.0)
    };
    let cte = Node { subplan: Some("CTE c".into()), ..node(Role::Cte, Operator::Aggregate, 100.0, 10.0, 1.0) };
    let p = plan(vec![
        Spec(None, node(Role::Root, Operator::NestedLoop, 110.0, 10.0, 1.0)),
        Spec(Some(0), cte),
        Spec(Some(0), scan(Role::Outer, 2.0)),
        Spec(Some(0), scan(Role::Inner, 103.0)),
    ]);
    let own: Vec<_> = p.ids().map(|id| p.derived(id).self_ms.unwrap().round()).collect();
    assert_eq!(own, [5.0, 100.0, 2.0, 3.0]);
}

#[test]
fn an_init_plan_is_charged_to_the_node_that_uses_its_value() {
    for (name, filter) in [("InitPlan 1 (returns $0)", "(a > $0)"), ("InitPlan 1", "(a > (InitPlan 1).col1)")] {
        let init = Node { subplan: Some(name.into()), ..node(Role::InitPlan, Operator::Aggregate, 40.0, 1.0, 1.0) };
        let uses = Node {
            conditions: Conditions { filter: Some(filter.into()), ..Conditions::default() },
            ..node(Role::Outer, Operator::SeqScan, 60.0, 5.0, 1.0)
        };
        let p = plan(vec![
            Spec(None, node(Role::Root, Operator::Sort, 70.0, 5.0, 1.0)),
            Spec(Some(0), init),
            Spec(Some(0), uses),
        ]);
        let own: Vec<_> = p.ids().map(|id| p.derived(id).self_ms.unwrap().round()).collect();
        assert_eq!(own, [10.0, 40.0, 20.0], "{name}");
    }
}

#[test]
fn the_inner_side_of_a_nested_loop_costs_once_for_each_outer_row() {
    let cost = |role, operator, total, rows| Node {
        cost: Cost { total: Some(total), ..Cost::default() },
        rows: Rows { estimated: Some(rows), ..Rows::default() },
        ..Node::new(role, operator, "")
    };
    let p = plan(vec![
        Spec(None, cost(Role::Root, Operator::NestedLoop, 1_000.0, 50.0)),
        Spec(Some(0), cost(Role::Outer, Operator::SeqScan, 100.0, 50.0)),
        Spec(Some(0), cost(Role::Inner, Operator::IndexScan, 10.0, 1.0)),
    ]);
    let own: Vec<_> = p.ids().map(|id| p.derived(id).self_cost.unwrap()).collect();
    assert_eq!(own, [400.0, 100.0, 500.0]);
    assert!(close(p.derived(NodeId(2)).share, 0.5));
    // Cached repeats: the inner side cannot cost more than the join has left.
    let p = plan(vec![
        Spec(None, cost(Role::Root, Operator::NestedLoop, 300.0, 50.0)),
        Spec(Some(0), cost(Role::Outer, Operator::SeqScan, 100.0, 50.0)),
        Spec(Some(0), cost(Role::Inner, Operator::Memoize, 10.0, 1.0)),
    ]);
    assert!(close(p.derived(NodeId(2)).self_cost, 200.0) && p.derived(NodeId(0)).self_cost == Some(0.0));
}

#[test]
fn flags_follow_from_numbers() {
    let scan = |estimated, actual: f64, removed, loops| Node {
        rows: Rows { estimated: Some(estimated), actual: Some(actual), removed, loops: Some(loops), ..Rows::default() },
        ..Node::new(Role::Outer, Operator::SeqScan, "Seq Scan")
    };
    for (what, node, flags) in [
        ("a whole table for few rows", scan(8.0, 40_123.0, Some(1e6), 1.0), vec![Flag::FullScan, Flag::Misestimate]),
        ("ten times, but a handful", scan(1.0, 12.0, None, 1.0), vec![Flag::FullScan]),
        ("an empty table", scan(10.0, 0.0, None, 1.0), vec![]),
        ("never run", scan(1e6, 0.0, None, 0.0), vec![Flag::NeverExecuted]),
    ] {
        let p = plan(vec![
            Spec(None, super::tests::node(Role::Root, Operator::Result, 1.0, 1.0, 1.0)),
            Spec(Some(0), node),
        ]);
        assert_eq!(p.derived(NodeId(1)).flags.iter().collect::<Vec<_>>(), flags, "{what}");
    }
    let p = plan(vec![
        Spec(None, super::tests::node(Role::Root, Operator::Limit, 1.0, 10.0, 1.0)),
        Spec(Some(0), scan(1e6, 10.0, None, 1.0)),
    ]);
    assert!(p.derived(NodeId(1)).flags.is_empty(), "a limit stops the scan: neither full nor misestimated");
}

#[test]
fn blocks_are_counted_once() {
    let with = |role, hit| Node {
        buffers: Some(Arc::new(Buffers { hit, ..Buffers::default() })),
        ..node(role, Operator::Sort, 1.0, 1.0, 1.0)
    };
    let p = plan(vec![
        Spec(None, with(Role::Root, 10)),
        Spec(Some(0), with(Role::Outer, 4)),
        Spec(Some(1), with(Role::Outer, 4)),
    ]);
    let own: Vec<_> = p.ids().map(|id| p.derived(id).self_buffers.as_ref().unwrap().hit).collect();
    assert_eq!(own, [6, 0, 4]);
}

#[test]
fn numbers_explain_themselves() {
    let p = plan(vec![Spec(None, node(Role::Root, Operator::SeqScan, 2.5, 7.0, 4.0))]);
    let wall = &p.explanations(NodeId(0))[0];
    assert_eq!((wall.name, wall.inputs.join(", ").as_str()), ("wall time", "wall = 10, time = 2.5, loops = 4"));
    let names: Vec<_> = p.explanations(NodeId(0)).iter().map(|e| e.name).collect();
    assert_eq!(names, ["wall time", "self time", "q-error", "share"]);
}

fn any_number() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        2 => Just(None),
        4 => (0.0..1e6).prop_map(Some),
        1 => any::<f64>().prop_map(Some),
        1 => Just(Some(0.0)),
    ]
}

prop_compose! {
    fn any_node()(
        role in prop::sample::select(vec![Role::Outer, Role::Inner, Role::Member, Role::Subplan, Role::InitPlan, Role::Cte]),
        operator in prop::sample::select(vec![
            Operator::SeqScan, Operator::NestedLoop, Operator::Gather, Operator::CteScan, Operator::Limit, Operator::Append,
        ]),
        name in prop::sample::select(vec!["CTE a", "CTE b", "InitPlan 1 (returns $0)", "InitPlan 2"]),
        text in prop::sample::select(vec!["$0", "(InitPlan 2).col1", "x"]),
        timing in prop_oneof![
            any_number().prop_map(|ms| ms.map(|last_ms| Timing::PerLoop { first_ms: 0.0, last_ms })),
            any_number().prop_map(|ms| ms.map(Timing::Inclusive)),
            any_number().prop_map(|ms| ms.map(Timing::Own)),
        ],
        (estimated, actual, loops, total, own) in (any_number(), any_number(), any_number(), any_number(), any_number()),
        hit in any::<Option<u64>>(),
    ) -> Node {
        Node {
            subplan: Some(name.into()),
            relation: Some(Relation { name: name.trim_start_matches("CTE ").into(), ..Relation::default() }),
            conditions: Conditions { filter: Some(text.into()), ..Conditions::default() },
            timing,
            rows: Rows { estimated, actual, loops, ..Rows::default() },
            cost: Cost { total, own, ..Cost::default() },
            buffers: hit.map(|hit| Arc::new(Buffers { hit, ..Buffers::default() })),
            ..Node::new(role, operator, "x")
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_derived_is_negative_or_not_a_number(
        nodes in prop::collection::vec((any_node(), any::<prop::sample::Index>()), 1..40),
        engine in prop::sample::select(vec![Engine::PostgreSql, Engine::MySql, Engine::MariaDb]),
    ) {
        let mut builder = PlanBuilder::new();
        let mut path: Vec<NodeId> = Vec::new();
        for (node, up) in nodes {
            if !path.is_empty() {
                path.truncate(up.index(path.len()) + 1);
            }
            let id = builder.push(path.last().copied(), node).unwrap();
            path.push(id);
        }
        let plan = builder.finish(engine).unwrap();
        let mut sum = 0.0;
        for id in plan.ids() {
            let d = plan.derived(id);
            for n in [d.wall_ms, d.self_ms, d.self_cost, d.q_error, d.share, Some(d.processes)].into_iter().flatten() {
                prop_assert!(n.is_finite() && n >= 0.0, "{d:?}");
            }
            prop_assert!(d.share.is_none_or(|s| s <= 1.0) && d.q_error.is_none_or(|q| q >= 1.0));
            sum += d.self_ms.unwrap_or(0.0);
            let silent = d.wall_ms.is_none() && d.self_cost.is_none() && d.q_error.is_none();
            prop_assert_eq!(plan.explanations(id).is_empty(), silent);
        }
        // Work that nobody asked for may come on top (a CTE that writes), never less.
        let whole = plan.derived(NodeId::ROOT).wall_ms.unwrap_or(0.0);
        prop_assert!(sum >= whole * 0.99 - 1e-9, "{sum} of {whole}");
    }
}

/// A damaged document says what cannot be.
#[test]
fn what_is_below_nothing_is_not_known() {
    let mut scan = node(Role::Root, Operator::SeqScan, -1.0, -11.0, 1.0);
    scan.cost = Cost { startup: Some(-0.0), total: Some(-1.0), own: Some(f64::NAN) };
    let p = plan(vec![Spec(None, scan)]);
    let root = p.node(NodeId(0));
    assert_eq!((root.rows.estimated, root.rows.actual, root.timing), (None, None, None));
    assert_eq!(root.cost, Cost { startup: Some(0.0), total: None, own: None });
}
