//! A node in a few words, the same in every list, tree and message.

use super::{Engine, Flag, NodeId, Operator, Plan, Relation};
use crate::text::one_line;

impl Relation {
    /// The relation as a statement would name it: `orders o`, `shop.orders`. Safe for a terminal.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.alias {
            Some(alias) if *alias != self.name => format!("{} {}", one_line(&self.name), one_line(alias)),
            _ => one_line(&self.name),
        }
    }
}

impl Plan {
    /// What a node does and to what: `Seq Scan on orders o`, `Index Scan using orders_pkey on orders o`. One line, safe
    /// for a terminal.
    ///
    /// PostgreSQL's own word is kept, since it says more (`Hash Left Join`, `Parallel Seq Scan`); MySQL's and MariaDB's
    /// (`ALL`, `ref`) give way to the common vocabulary.
    #[must_use]
    pub fn title(&self, id: NodeId) -> String {
        let node = self.node(id);
        let mut out = match (self.engine, &node.operator) {
            (Engine::PostgreSql, _) if !node.native.is_empty() => one_line(&node.native),
            (_, operator) => {
                let parallel = node.flags.contains(Flag::Parallel) && !node.native.starts_with("Parallel ");
                format!("{}{}", if parallel { "Parallel " } else { "" }, one_line(operator.name()))
            }
        };
        if let Some(index) = &node.index {
            // A bitmap index scan is "on" its index in PostgreSQL's own words.
            let preposition = if node.operator == Operator::BitmapIndexScan { "on" } else { "using" };
            out = format!("{out} {preposition} {}", one_line(index));
        }
        if let Some(relation) = &node.relation
            && node.operator != Operator::BitmapIndexScan
        {
            out = format!("{out} on {}", relation.label());
        }
        out
    }

    /// The name under which a node's sub-tree is known, such as `SubPlan 1` or `CTE recent`, safe for a terminal.
    #[must_use]
    pub fn section(&self, id: NodeId) -> Option<String> {
        self.node(id).subplan.as_deref().map(one_line)
    }

    /// What a node compares, orders and drops, as label and text, in the order people read them. One line each, safe for
    /// a terminal, not shortened.
    #[must_use]
    pub fn details(&self, id: NodeId) -> Vec<(&'static str, String)> {
        let node = self.node(id);
        let conditions = &node.conditions;
        let keys = match node.operator {
            Operator::Sort | Operator::IncrementalSort | Operator::MergeAppend | Operator::GatherMerge => "sort key",
            Operator::Aggregate | Operator::HashAggregate | Operator::GroupAggregate => "group key",
            Operator::Memoize => "cache key",
            _ => "key",
        };
        let mut out = Vec::new();
        for (label, text) in
            [("index", &conditions.index), ("join", &conditions.join), ("recheck", &conditions.recheck)]
        {
            if let Some(text) = text {
                out.push((label, one_line(text)));
            }
        }
        if !node.keys.is_empty() {
            out.push((keys, one_line(&node.keys.join(", "))));
        }
        if let Some(text) = &conditions.filter {
            out.push(("filter", one_line(text)));
        }
        // MySQL's and MariaDB's table says in this column alone how rows are found and dropped.
        if let Some((_, words)) = node.extra.iter().find(|(name, _)| name == "Extra") {
            out.push(("extra", one_line(words)));
        }
        if let Some(spill) = &node.spill {
            out.push(("spill", one_line(&spill.how)));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::{Engine, Node, NodeId, Operator, PlanBuilder, Relation, Role};

    fn title(
        engine: Engine,
        operator: Operator,
        native: &str,
        relation: Option<Relation>,
        index: Option<&str>,
    ) -> String {
        let mut builder = PlanBuilder::new();
        let mut node = Node::new(Role::Root, operator, native);
        node.relation = relation;
        node.index = index.map(str::to_owned);
        builder.push(None, node).unwrap();
        builder.finish(engine).unwrap().title(NodeId::ROOT)
    }

    #[test]
    fn a_node_is_named_by_what_it_does_and_to_what() {
        let orders = || Some(Relation { schema: Some("shop".into()), name: "orders".into(), alias: Some("o".into()) });
        let pg = Engine::PostgreSql;
        for (got, expected) in [
            (title(pg, Operator::SeqScan, "Parallel Seq Scan", orders(), None), "Parallel Seq Scan on orders o"),
            (title(pg, Operator::HashJoin, "Hash Left Join", None, None), "Hash Left Join"),
            (title(pg, Operator::IndexScan, "Index Scan", orders(), Some("ix")), "Index Scan using ix on orders o"),
            (title(pg, Operator::BitmapIndexScan, "Bitmap Index Scan", None, Some("ix")), "Bitmap Index Scan on ix"),
            (title(Engine::MariaDb, Operator::SeqScan, "ALL", orders(), None), "Seq Scan on orders o"),
            (title(Engine::MySql, Operator::Other("Weedout".into()), "Weedout", None, None), "Weedout"),
        ] {
            assert_eq!(got, expected);
        }
    }

    #[test]
    fn an_escape_sequence_in_a_name_does_not_reach_the_terminal() {
        let evil = Relation { schema: None, name: "a\x1b[2Jb".into(), alias: Some("c\nd".into()) };
        assert_eq!(
            title(Engine::PostgreSql, Operator::SeqScan, "Seq Scan", Some(evil), None),
            "Seq Scan on a␛[2Jb c↵d"
        );
    }
}
