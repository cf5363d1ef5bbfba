//! Documents that break off between two nodes: what was copied of them is whole as text, but operators lack what they read.

use crate::plan::{NodeId, Operator, Plan, Role};

/// Marks a plan in which an operator lacks an input that the server always gives it (`src/backend/optimizer/plan/createplan.c`).
pub(super) fn check(plan: &mut Plan) {
    let lacks = plan.ids().find_map(|id| {
        let (least, there) = (least(&plan.node(id).operator), inputs(plan, id));
        (there < least).then(|| (plan.node(id).native.clone(), there))
    });
    if let Some((native, there)) = lacks {
        let lack = if there == 0 { "no input" } else { "one input of two" };
        plan.mark_partial(&format!("The document seems to break off: {native} has {lack}."));
    }
}

fn inputs(plan: &Plan, id: NodeId) -> usize {
    let beside = |id: &NodeId| matches!(plan.node(*id).role, Role::InitPlan | Role::Subplan | Role::Cte);
    plan.children(id).filter(|id| !beside(id)).count()
}

/// How many inputs an operator has at least. Those of an append may all have been left out before it ran.
fn least(operator: &Operator) -> usize {
    match operator {
        Operator::HashJoin | Operator::MergeJoin | Operator::NestedLoop | Operator::RecursiveUnion => 2,
        Operator::Hash
        | Operator::Sort
        | Operator::IncrementalSort
        | Operator::Aggregate
        | Operator::HashAggregate
        | Operator::GroupAggregate
        | Operator::WindowAgg
        | Operator::Unique
        | Operator::SetOp
        | Operator::Limit
        | Operator::Materialize
        | Operator::Memoize
        | Operator::Gather
        | Operator::GatherMerge
        | Operator::LockRows
        | Operator::ProjectSet
        | Operator::SubqueryScan
        | Operator::BitmapHeapScan => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        plan::{Flag, NodeId},
        read::read,
    };

    const TEXT: &str = "\
Limit  (cost=12.4..12.4 rows=5 width=17)
  ->  Sort  (cost=12.4..12.4 rows=20 width=17)
        Sort Key: b.name
        ->  Hash Join  (cost=5.0..9.7 rows=40 width=9)
              Hash Cond: (a.bid = b.id)
              ->  Seq Scan on a  (cost=0.0..8.1 rows=40 width=4)
              ->  Hash  (cost=3.2..3.2 rows=20 width=13)
                    ->  Seq Scan on b  (cost=0.0..3.2 rows=20 width=13)
";

    fn broken(text: &str) -> Option<String> {
        let plan = read(text).unwrap_or_else(|error| panic!("{error}\n{text}")).remove(0);
        let note = plan.notes.iter().find(|note| note.contains("seems to break off")).cloned();
        assert_eq!(plan.node(NodeId::ROOT).flags.contains(Flag::Partial), note.is_some(), "{text}");
        note
    }

    #[test]
    fn a_text_that_ends_before_the_last_input_is_told() {
        let until = |lines: usize| TEXT.lines().take(lines).collect::<Vec<_>>().join("\n");
        for (lines, note) in [
            (1, "Limit has no input"),
            (3, "Sort has no input"),
            (5, "Hash Join has no input"),
            (6, "Hash Join has one input of two"),
            (7, "Hash has no input"),
        ] {
            let told = broken(&until(lines));
            assert!(told.as_ref().is_some_and(|told| told.contains(note)), "{lines}: {told:?}");
        }
        assert_eq!(broken(TEXT), None);
    }

    #[test]
    fn yaml_that_ends_before_the_last_input_is_told() {
        let yaml = "- Plan: \n    Node Type: \"Limit\"\n    Startup Cost: 12.4\n    Total Cost: 12.5\n    Plan Rows: 5\n    Plan Width: 17\n    Plans: \n";
        assert!(broken(yaml).is_some_and(|note| note.contains("Limit has no input")));
        let whole = format!(
            "{yaml}      - Node Type: \"Seq Scan\"\n        Parent Relationship: \"Outer\"\n        Relation Name: \"a\"\n"
        );
        assert_eq!(broken(&whole), None);
    }

    #[test]
    fn sub_plans_are_no_inputs_and_what_reads_nothing_lacks_none() {
        let text = "Result  (cost=1.0..1.1 rows=1 width=8)\n  InitPlan 1 (returns $0)\n    ->  Limit  (cost=0.0..1.0 rows=1 width=4)\n          ->  Append  (cost=0.0..1.0 rows=1 width=4)\n                Subplans Removed: 2\n";
        assert_eq!(broken(text), None);
        let beside = "Limit  (cost=1.0..1.1 rows=1 width=8)\n  InitPlan 1 (returns $0)\n    ->  Seq Scan on a  (cost=0.0..1.0 rows=1 width=4)\n";
        assert!(broken(beside).is_some());
    }
}
