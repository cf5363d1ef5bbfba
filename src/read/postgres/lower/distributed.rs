//! Citus: a node's work on other servers, with the plans they answered with (`multi_explain.c`).

use crate::{
    plan::{Node, Operator, Role},
    read::json::{Kind, Value},
};

/// A task or a sub-plan that ran elsewhere.
pub(super) struct Remote<'d> {
    /// Its node.
    pub(super) node: Node,
    /// The objects under `Plan` of what it ran.
    pub(super) plans: Vec<Value<'d>>,
}

/// The tasks and sub-plans under `Distributed Query`, and beside them what it says of itself into the node's extra.
pub(super) fn remotes<'d>(query: Value<'d>, node: &mut Node) -> Vec<Remote<'d>> {
    let mut found = Vec::new();
    let mut done = 0;
    for value in query.descendants() {
        if value.place() < done {
            continue;
        }
        let kind = [("Remote Plan", "Task"), ("PlannedStmt", "Distributed Subplan")]
            .into_iter()
            .find_map(|(key, name)| value.get(key).map(|plans| (name, plans)));
        if let Some((name, plans)) = kind {
            done = value.after();
            let mut remote = Node::new(Role::Outer, Operator::Other(name.to_owned()), name);
            remote.line = Some(value.line());
            let facts = value.children().filter(|fact| fact.place() != plans.place());
            remote.extra = facts.map(|fact| (fact.key().unwrap_or_default().into_owned(), fact.verbatim())).collect();
            found.push(Remote { node: remote, plans: roots(plans) });
        } else if !matches!(value.kind(), Kind::Object | Kind::Array | Kind::Null)
            && let Some(key) = value.key()
        {
            node.extra.push((key.into_owned(), value.verbatim()));
        }
    }
    found
}

/// Whatever stands under `Plan`, in however many lists.
fn roots(answer: Value<'_>) -> Vec<Value<'_>> {
    let mut found: Vec<Value<'_>> = Vec::new();
    for value in answer.descendants() {
        let inside = found.last().is_some_and(|last| value.place() < last.after());
        if !inside && value.is_object() && value.key().is_some_and(|key| key == "Plan") {
            found.push(value);
        }
    }
    found
}
