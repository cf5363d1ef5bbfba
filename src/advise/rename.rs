//! What a trial called an index, said by the name that the index would have.

use crate::plan::Plan;

/// Calls an index of a plan by another name, wherever the plan's nodes tell it. The document that the plan was read from stays
/// as the server wrote it.
pub fn rename(plan: &mut Plan, from: &str, to: &str) {
    if from.is_empty() || from == to {
        return;
    }
    for node in &mut plan.nodes {
        if node.native.contains(from) {
            node.native = replaced(&node.native, from, to).into();
        }
        for text in node.index.as_mut().into_iter().chain(node.extra.iter_mut().map(|(_, value)| value)) {
            if text.contains(from) {
                *text = replaced(text, from, to);
            }
        }
    }
}

/// The text with one name in the place of another, where that stands by itself.
fn replaced(text: &str, from: &str, to: &str) -> String {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let mut out = String::with_capacity(text.len() + to.len());
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, behind) = (&rest[..at], &rest[at + from.len()..]);
        let alone = !before.chars().next_back().is_some_and(part) && !behind.chars().next().is_some_and(part);
        out.push_str(before);
        out.push_str(if alone { to } else { from });
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::{rename, replaced};
    use crate::plan::{Engine, Node, Operator, PlanBuilder, Role};

    #[test]
    fn a_name_is_replaced_where_it_stands_by_itself() {
        for (text, expected) in [
            ("t", "ix"),
            ("using t (a = 1)", "using ix (a = 1)"),
            ("t_1,t", "t_1,ix"),
            ("shop.t", "shop.ix"),
            ("at", "at"),
        ] {
            assert_eq!(replaced(text, "t", "ix"), expected);
        }
        assert_eq!(replaced("<13>btree_o_c", "<13>btree_o_c", "ix"), "ix");
    }

    #[test]
    fn every_word_of_a_node_that_names_the_index_is_renamed() {
        let mut builder = PlanBuilder::new();
        let mut node = Node::new(Role::Root, Operator::IndexScan, "Index lookup on o using trial (a=1)");
        node.index = Some("trial".to_owned());
        node.extra = vec![("possible_keys".to_owned(), "PRIMARY, trial".to_owned())];
        builder.push(None, node).unwrap();
        let mut plan = builder.finish(Engine::MySql).unwrap();
        rename(&mut plan, "trial", "ix_o_a");
        let node = plan.node(crate::plan::NodeId::ROOT);
        assert_eq!(node.index.as_deref(), Some("ix_o_a"));
        assert_eq!(node.native, "Index lookup on o using ix_o_a (a=1)");
        assert_eq!(node.extra[0].1, "PRIMARY, ix_o_a");
    }
}
