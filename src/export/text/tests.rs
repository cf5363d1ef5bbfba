use super::{Options, render};
use crate::{
    advise::{Candidate, Key, Proposal, Tried, Trust, Verdict},
    diagnose::{Finding, Severity},
    export::{Report, Searched},
    plan::{Engine, Node, NodeId, Operator, Plan, PlanBuilder, Relation, Role},
};

fn plan(index: Option<&str>) -> Plan {
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

fn finding(title: &str) -> Finding {
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

fn proposal() -> Proposal {
    Proposal {
        candidate: Candidate {
            engine: Engine::PostgreSql,
            schema: "public".into(),
            table: "orders".into(),
            method: "btree",
            keys: vec![Key {
                expr: "customer_id".into(),
                expression: false,
                desc: false,
                nulls_first: None,
                opclass: None,
                prefix: None,
            }],
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

#[test]
fn three_findings_are_told_in_full_and_the_fourth_in_a_line() {
    let (plan, findings) = (plan(None), ["one", "two", "three", "four"].map(finding));
    let report = Report::new(&plan, &findings);
    let text = render(&[report], &Options::plain(80));
    assert_eq!(text.matches("next  ").count(), 3, "{text}");
    assert!(text.contains(" 4. CRITICAL  four  Seq Scan on orders o (node 0)"), "{text}");
    let verbose = render(&[report], &Options { verbose: true, ..Options::plain(80) });
    assert_eq!(verbose.matches("next  ").count(), 4);
}

#[test]
fn nothing_of_a_server_reaches_the_terminal_as_a_command_and_no_line_is_ragged() {
    let (plan, findings) = (plan(None), [finding("t")]);
    for width in [10, 80, 100, 200] {
        let text = render(&[Report::new(&plan, &findings)], &Options::plain(width));
        assert!(!text.contains('\x1b') && text.contains("␛[2J"), "{text}");
        assert!(text.lines().all(|l| l.trim_end() == l && l.chars().count() <= width.max(60)), "{text}");
        assert!(text.ends_with('\n'));
    }
}

#[test]
fn a_proposal_shows_both_plans_below_each_other_or_side_by_side() {
    let (plan, proposals) = (plan(None), [proposal()]);
    let searched = Some(Searched { candidates: 1, explains: 2, seconds: 0.1 });
    let report = Report { proposals: &proposals, searched, ..Report::new(&plan, &[]) };
    let narrow = render(&[report], &Options::plain(100));
    assert!(narrow.contains("PROVED  btree index on public.orders (customer_id)"), "{narrow}");
    assert!(narrow.contains("35,811 → 8.40 (×4.3 k), index of 22 MB, by hypopg (close)"), "{narrow}");
    assert!(
        narrow.contains("do    CREATE INDEX CONCURRENTLY orders_customer_id_idx ON public.orders (customer_id);\n")
    );
    assert!(narrow.contains("undo  DROP INDEX CONCURRENTLY public.orders_customer_id_idx;\n"));
    assert!(narrow.lines().any(|l| l == "Before") && narrow.lines().any(|l| l == "After"), "{narrow}");
    let wide = render(&[report], &Options::plain(160));
    assert!(wide.lines().any(|l| l.starts_with("Before") && l.ends_with("After")), "{wide}");
    assert!(
        wide.lines().any(|l| l.contains("Seq Scan on orders o") && l.contains("Index Scan using <1>btree_orders")),
        "{wide}"
    );
}

#[test]
fn ascii_holds_for_all_that_is_ours() {
    let (plan, findings, proposals) = (plan(None), [finding("t")], [proposal()]);
    let searched = Some(Searched { candidates: 1, explains: 2, seconds: 0.1 });
    let report = Report { proposals: &proposals, searched, ..Report::new(&plan, &findings) };
    for width in [80, 160] {
        let text = render(&[report], &Options { ascii: true, ..Options::plain(width) });
        assert!(text.is_ascii(), "{text}");
    }
}

#[test]
fn colour_is_only_there_when_wanted() {
    let plan = plan(None);
    let report = Report::new(&plan, &[]);
    assert!(render(&[report], &Options { colour: true, ..Options::plain(80) }).contains("\x1b[1mPostgreSQL\x1b[0m"));
}
