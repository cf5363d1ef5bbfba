//! Commands of trees: folding, searching, and going straight to the node that matters.

use super::{TreeState, lists, model::Model, model::View, sheet::Sheet};
use crate::{
    keys::Command,
    plan::{NodeId, Plan},
};

/// How far an estimate must be off for its node to be gone to.
const OFF: f64 = 2.0;
/// The part of the whole a node must take to be gone to.
const NOTABLE: f64 = 0.01;

/// Changes the tree that is looked at.
fn in_tree(model: &mut Model, change: impl FnOnce(&mut TreeState, &Plan)) {
    if model.view == View::Compare {
        if let Some(comparison) = &mut model.comparison {
            comparison.change(change);
        }
    } else if let Some(sheet) = model.sheet_mut() {
        change(&mut sheet.tree, &sheet.plan);
        sheet.moved();
    }
}

/// Commands of trees; false when the command is none.
pub(super) fn command(model: &mut Model, command: Command) -> bool {
    let forward = matches!(command, Command::NextMatch | Command::NextFinding | Command::NextSibling);
    match command {
        Command::Fold => in_tree(model, TreeState::fold),
        Command::Unfold => in_tree(model, TreeState::unfold),
        Command::ToggleFold => in_tree(model, TreeState::toggle),
        Command::FoldAll | Command::UnfoldAll => {
            in_tree(model, |tree, plan| tree.fold_all(plan, command == Command::FoldAll));
        }
        Command::NextMatch | Command::PreviousMatch => in_tree(model, |tree, plan| {
            let nodes = tree.matches().to_vec();
            tree.next_of(plan, &nodes, forward);
        }),
        Command::ParentNode => in_tree(model, |tree, plan| {
            if let Some(parent) = plan.parent(tree.selected()) {
                tree.go_to(plan, parent);
            }
        }),
        Command::NextSibling | Command::PreviousSibling => in_tree(model, |tree, plan| {
            if let Some(sibling) = sibling(plan, tree.selected(), forward) {
                tree.go_to(plan, sibling);
            }
        }),
        Command::NextSlowest => {
            if !to_ranked(model, |plan, id| plan.derived(id).blame.filter(|s| *s >= NOTABLE)) {
                model.say("no node takes a part worth naming");
            }
        }
        Command::NextMisestimate => {
            let measured = model.sheet().is_some_and(|s| s.plan.analyzed);
            if !to_ranked(model, |plan, id| plan.derived(id).q_error.filter(|q| *q >= OFF)) {
                model.say(if measured {
                    "every estimate is right within a factor of two"
                } else {
                    "nothing was measured yet: run the statement (a) to compare estimates with what happens"
                });
            }
        }
        Command::NextFinding | Command::PreviousFinding => next_finding(model, forward),
        _ => return false,
    }
    true
}

/// Goes to the node with the largest number; from one of these to the next smaller, and around. False when there is none.
fn to_ranked(model: &mut Model, number: impl Fn(&Plan, NodeId) -> Option<f64>) -> bool {
    let mut any = true;
    in_tree(model, |tree, plan| {
        let mut all: Vec<(f64, NodeId)> = plan.ids().filter_map(|id| Some((number(plan, id)?, id))).collect();
        all.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.cmp(y)));
        let here = all.iter().position(|(_, id)| *id == tree.selected());
        let next = here.map_or(0, |at| (at + 1) % all.len());
        match all.get(next) {
            Some((_, id)) => tree.go_to(plan, *id),
            None => any = false,
        }
    });
    any
}

/// The node beside this one under the same parent.
fn sibling(plan: &Plan, id: NodeId, forward: bool) -> Option<NodeId> {
    let parent = plan.parent(id)?;
    if forward {
        let next = plan.end(id);
        return (next < plan.end(parent)).then_some(next);
    }
    plan.children(parent).take_while(|child| *child < id).last()
}

fn next_finding(model: &mut Model, forward: bool) {
    let Some(sheet) = model.sheet_mut() else { return };
    let n = sheet.findings.len();
    if n == 0 {
        model.say("nothing stands out in this plan");
        return;
    }
    // The first press goes to the finding under the cursor, unless the tree is already there.
    if sheet.tree.selected() == sheet.findings[sheet.finding.min(n - 1)].node {
        sheet.finding = (sheet.finding + if forward { 1 } else { n - 1 }) % n;
    }
    Sheet::go_to_finding(sheet);
}

/// Looks for what is typed so far.
pub(super) fn search_as_typed(model: &mut Model) {
    let Some(text) = model.searching.as_ref().map(|line| line.text().to_owned()) else { return };
    if lists::narrow(model, &text) {
        return;
    }
    in_tree(model, |tree, plan| tree.find(plan, &text));
}

/// Forgets the search.
pub(super) fn stop_search(model: &mut Model) {
    if lists::narrow(model, "") {
        return;
    }
    in_tree(model, |tree, plan| tree.find(plan, ""));
}
