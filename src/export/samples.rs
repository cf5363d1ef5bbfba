//! What the formats are tested with.

use crate::{
    advise::{Candidate, Key, Proposal, Tried, Trust, Verdict},
    diagnose::{Finding, Severity},
    plan::{Engine, Node, NodeId, Operator, Plan, PlanBuilder, Relation, Role},
};

pub(super) fn plan(index: Option<&str>) -> Plan {
    let mut builder = PlanBuilder::new();
    let (operator, native) = match index {
        None => (Operator::SeqScan, "Seq Scan"),
        Some(_) => (Operator::IndexScan, "Index Scan"),
    };
    let mut node = Node::new(Role::Root, operator, native);
    node.relation = Some(Relation { schema: None, name: "orders".into(), alias: Some("o".into()) });
    node.index = index.map(str::to_owned);
    node.cost.total = Some(if index.is_some() { 8.4 } else { 35_811.0 });
    node.rows.estimated = Some(8.0);
    node.conditions.filter = Some("(customer_id = 42)".into());
    builder.push(None, node).unwrap();
    let mut plan = builder.finish(Engine::PostgreSql).unwrap();
    plan.query = Some("select *\nfrom orders o where customer_id = 42".into());
    plan
}

pub(super) fn finding(title: &str) -> Finding {
    Finding {
        rule: "full-scan-filtering",
        severity: Severity::Critical,
        node: NodeId::ROOT,
        share: Some(0.98),
        title: title.into(),
        why: "Because of \x1b[2J things that take a number of words to be told and so must wrap at the width given."
            .into(),
        next: "Do something.".into(),
        evidence: serde_json::Map::new(),
    }
}

pub(super) fn proposal() -> Proposal {
    Proposal {
        candidate: Candidate {
            engine: Engine::PostgreSql,
            schema: "public".into(),
            table: "orders".into(),
            method: "btree",
            keys: vec![Key::column("customer_id")],
            include: vec![],
            predicate: None,
            replaces: vec![],
            reasons: vec!["customer_id = 42 finds the rows".into()],
        },
        ddl: vec!["CREATE INDEX CONCURRENTLY orders_customer_id_idx ON public.orders (customer_id)".into()],
        undo: vec!["DROP INDEX CONCURRENTLY public.orders_customer_id_idx;".into()],
        name: "orders_customer_id_idx".into(),
        serves: vec![],
        lost: vec![],
        instead_of: None,
        cost_alone: None,
        weighed: None,
        verdict: Verdict::Proved,
        reason: "the planner reads it".into(),
        tried: Some(Tried {
            method: "hypopg",
            trust: Trust::Close,
            before: plan(None),
            after: plan(Some("<1>btree_orders")),
            index_name: "<1>btree_orders".into(),
            size_bytes: Some(23_068_672),
            notes: vec![],
        }),
        entries_per_row: 1.0,
        bytes_per_row: Some(24.0),
    }
}
