//! Tables by their names, where a document calls them by what the statement calls them.

use crate::{
    catalog::{Catalog, Table},
    plan::Plan,
    sql,
};

/// Gives the relations of a plan their tables' names. MariaDB, and MySQL in its older documents, tell the alias alone: then nobody could
/// say which table `i` is, nor look it up. An alias that stands for two tables in different places stays as it is.
pub(super) fn name(plan: &mut Plan, statement: &str, catalog: &Catalog) {
    let parts = sql::parts(statement, plan.engine);
    for node in &mut plan.nodes {
        let Some(relation) = node.relation.as_mut().filter(|r| r.alias.is_none() && r.schema.is_none()) else {
            continue;
        };
        if let Some(table) = sql::table_always_called(&parts, &relation.name).and_then(|name| known(catalog, name)) {
            relation.alias = Some(std::mem::replace(&mut relation.name, table.name.clone()));
        }
    }
}

/// The one table of that name in lower case.
fn known<'a>(catalog: &'a Catalog, name: &str) -> Option<&'a Table> {
    let mut all = catalog.tables.iter().filter(|table| table.name.to_lowercase() == name);
    all.next().filter(|_| all.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::name;
    use crate::{
        catalog::{Catalog, Table},
        plan::{Engine, Node, NodeId, Operator, PlanBuilder, Relation, Role},
    };

    #[test]
    fn a_table_that_a_document_calls_by_its_alias_gets_its_name() {
        let table = |name: &str| Table { schema: "shop".into(), name: name.into(), ..Table::default() };
        let catalog = Catalog { tables: vec![table("Order_Items"), table("orders"), table("i")], ..Catalog::default() };
        for (statement, alias, label) in [
            ("select * from Order_Items i where i.line = 1", "i", "Order_Items i"),
            ("select * from shop.Order_Items as i", "i", "Order_Items i"),
            ("select (select max(id) from orders x), x.line from Order_Items x", "x", "x"),
            ("select * from i", "i", "i"),
            ("select * from orders", "orders", "orders"),
            ("select * from (select 1) d", "d", "d"),
        ] {
            let mut builder = PlanBuilder::new();
            let mut node = Node::new(Role::Root, Operator::SeqScan, "Seq Scan");
            node.relation = Some(Relation { name: alias.into(), ..Relation::default() });
            builder.push(None, node).unwrap();
            let mut plan = builder.finish(Engine::MariaDb).unwrap();
            name(&mut plan, statement, &catalog);
            assert_eq!(plan.node(NodeId::ROOT).relation.as_ref().unwrap().label(), label, "{statement}");
        }
    }
}
