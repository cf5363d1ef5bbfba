//! Finding nodes by what is written in them.

use super::{NodeId, Plan};

impl Plan {
    /// Whether anything a person can read in the node holds `needle`, upper and lower case alike: names, operator, index,
    /// conditions, keys, flags, and what was not modelled. An empty needle matches nothing.
    #[must_use]
    pub fn matches(&self, id: NodeId, needle: &str) -> bool {
        let needle = needle.trim().to_lowercase();
        if needle.is_empty() {
            return false;
        }
        let node = self.node(id);
        let holds = |text: &str| text.to_lowercase().contains(&needle);
        let relation = node.relation.iter().flat_map(|r| [r.schema.as_deref(), Some(&r.name), r.alias.as_deref()]);
        let conditions = &node.conditions;
        let texts = [
            Some(node.native.as_ref()),
            Some(node.operator.name()),
            node.subplan.as_deref(),
            node.index.as_deref(),
            conditions.filter.as_deref(),
            conditions.index.as_deref(),
            conditions.join.as_deref(),
            conditions.recheck.as_deref(),
            node.spill.as_ref().map(|spill| spill.how.as_str()),
        ];
        // `shop.orders` is one name to people.
        let qualified = node.relation.as_ref().and_then(|r| Some(format!("{}.{}", r.schema.as_deref()?, r.name)));
        texts.into_iter().chain(relation).flatten().any(holds)
            || qualified.is_some_and(|name| holds(&name))
            || node.keys.iter().any(|key| holds(key))
            || self.derived(id).flags.iter().any(|flag| holds(flag.name()))
            || node.extra.iter().any(|(key, value)| holds(key) || holds(value))
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::{Conditions, Engine, Node, NodeId, Operator, PlanBuilder, Relation, Role};

    #[test]
    fn a_node_is_found_by_anything_written_in_it() {
        let mut builder = PlanBuilder::new();
        let node = Node {
            relation: Some(Relation { schema: Some("Shop".into()), name: "Orders".into(), alias: Some("o".into()) }),
            index: Some("ix_total".into()),
            conditions: Conditions { filter: Some("(status = 'Ää')".into()), ..Conditions::default() },
            keys: vec!["created_at DESC".into()],
            extra: vec![("Inner Unique".into(), "true".into())],
            ..Node::new(Role::Root, Operator::SeqScan, "Parallel Seq Scan")
        };
        builder.push(None, node).unwrap();
        let plan = builder.finish(Engine::PostgreSql).unwrap();
        for (needle, found) in [
            ("shop.orders", true),
            ("IX_TOTAL", true),
            ("'ää'", true),
            ("desc", true),
            ("full-scan", true),
            ("parallel seq", true),
            ("inner unique", true),
            ("customers", false),
            ("", false),
        ] {
            assert_eq!(plan.matches(NodeId::ROOT, needle), found, "{needle}");
        }
    }
}
