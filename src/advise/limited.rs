//! Plans that a LIMIT ends early: what they are expected to read, and what they may come to.
//!
//! A walk in the order of an index up to a limit, past a filter that the index does not answer, is reckoned by servers as if the rows
//! that pass were spread evenly; where they are few, or lie at the end, all of the table is read row by row.

use super::{
    ddl,
    facts::selectivity,
    judge::{examined, fetched, price_of},
};
use crate::{
    catalog::Catalog,
    plan::{Engine, Node, NodeId, Operator, Plan},
    sql::{self, shape::Test},
};

/// One in so many of such walks is taken to go to its end. A guess: small enough that a walk keeps its advantage over reading and
/// sorting everything, large enough that an index which answers the filter too comes first.
const TO_THE_END: f64 = 0.05;

/// A join that keeps more of the rows filters none.
const KEPT: f64 = 0.9;

/// Rows read for one that passes a filter of which nothing is known (`COND_FILTER_EQUALITY` in MySQL's `sql/item.h`: one in ten).
const PASSES: f64 = 10.0;

/// What takes all rows before it gives one.
const BLOCKING: [Operator; 4] = [Operator::Sort, Operator::Aggregate, Operator::HashJoin, Operator::Materialize];

/// A walk up to a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Limited<'a> {
    scan: NodeId,
    /// What the limit takes its rows from, whose cost is that of the whole walk.
    below: NodeId,
    /// What the rows are read for.
    pub(super) filter: &'a str,
}

/// The first such walk of a plan, of any index or of one.
pub(super) fn walk<'a>(plan: &'a Plan, index: Option<&str>) -> Option<Limited<'a>> {
    let is_walk = |id: &NodeId| {
        let node = plan.node(*id);
        let walks = match plan.engine {
            Engine::PostgreSql => {
                matches!(node.operator, Operator::IndexScan | Operator::IndexOnlyScan)
                    && node.conditions.index.is_none()
            }
            // What a range asks of an index is told among the filters there.
            Engine::MySql | Engine::MariaDb => node.operator == Operator::FullIndexScan,
        };
        walks && index.is_none_or(|index| node.index.as_deref() == Some(index))
    };
    plan.ids().filter(is_walk).find_map(|scan| {
        let (below, filter) = up_to_a_limit(plan, scan)?;
        Some(Limited { scan, below, filter: filter? })
    })
}

/// Whether nearly all rows pass the filter of a walk, as far as statistics of each of its conditions tell: then it ends soon wherever
/// the others lie.
pub(super) fn keeps_most(plan: &Plan, walk: &Limited<'_>, catalog: &Catalog) -> bool {
    let Some(relation) = &plan.node(walk.scan).relation else { return false };
    let Some(table) = catalog.table(relation.schema.as_deref(), &relation.name) else { return false };
    let name = |name: &str| ddl::quoted(name, plan.engine);
    let alias = relation.alias.as_deref().unwrap_or(&relation.name);
    let from = format!("{}.{} AS {}", name(&table.schema), name(&table.name), name(alias));
    let asked = format!("SELECT 1 FROM {from} WHERE {}", walk.filter);
    let Ok(shape) = sql::shape::shape(&asked, plan.engine, catalog) else { return false };
    let told = shape.predicates.iter().all(|p| {
        let statistics = p.operand.column().and_then(|c| table.column(c)?.statistics.as_ref());
        let counted = matches!(p.test, Test::Equal | Test::OneOf | Test::NotEqual | Test::IsNull | Test::IsNotNull);
        counted && p.branch.is_none() && statistics.is_some()
    });
    let filter = walk.filter.to_lowercase();
    let conditions = filter.matches(" and ").count() + filter.matches(" or ").count() + 1;
    let keeps: f64 = shape.predicates.iter().map(|p| selectivity(table, p)).product();
    told && shape.predicates.len() == conditions && keeps >= KEPT
}

/// The child of the limit that ends a scan early, and the first filter between them.
fn up_to_a_limit(plan: &Plan, scan: NodeId) -> Option<(NodeId, Option<&str>)> {
    let (mut filter, mut below, mut at) = (None, scan, Some(scan));
    while let Some(id) = at {
        let node = plan.node(id);
        if node.operator == Operator::Limit {
            return Some((below, filter));
        }
        if BLOCKING.contains(&node.operator) {
            return None;
        }
        filter = filter.or_else(|| lost_in_join(plan, id, below));
        let open = |filter: &&str| !is_served(plan.node(scan), filter, plan.engine);
        filter = filter.or_else(|| node.conditions.filter.as_deref().filter(open));
        below = id;
        at = plan.parent(id);
    }
    // MariaDB's plans hold no limit.
    (plan.engine == Engine::MariaDb && limit_of_one_table(plan).is_some()).then_some((below, filter))
}

/// What rows are lost by in a join: a condition on the other side, or the join itself (`NOT EXISTS`).
fn lost_in_join(plan: &Plan, join: NodeId, below: NodeId) -> Option<&str> {
    let others: Vec<NodeId> = plan.children(join).filter(|child| *child != below).collect();
    let (kept, of) = plan.node(join).rows.estimated.zip(plan.node(below).rows.estimated)?;
    if others.is_empty() || join == below || kept >= of * KEPT {
        return None;
    }
    let conditions = others.iter().flat_map(|child| plan.subtree(*child)).map(|id| &plan.node(id).conditions);
    let told = conditions.into_iter().find_map(|c| c.filter.as_deref().or(c.index.as_deref()));
    let node = plan.node(join);
    told.or(node.conditions.join.as_deref()).or(Some(&node.native))
}

/// Whether the keys that a scan reads by answer all of a filter: MySQL and `MariaDB` repeat the condition of a range there.
fn is_served(scan: &Node, filter: &str, engine: Engine) -> bool {
    let ranged = engine != Engine::PostgreSql && scan.operator != Operator::FullIndexScan && !scan.keys.is_empty();
    ranged && sql::columns_of(filter, engine).iter().all(|column| scan.keys.iter().any(|key| key == column))
}

/// The statement's own limit, where its plan reads one table alone.
fn limit_of_one_table(plan: &Plan) -> Option<f64> {
    let mut tables = plan.ids().filter(|id| plan.node(*id).relation.is_some());
    tables.next()?;
    if tables.next().is_some() {
        return None;
    }
    sql::limit(plan.query.as_deref()?, plan.engine)
}

/// What part of its rows a node is expected to be asked for, 0 to 1: a limit above it that nothing blocks ends it early. On MySQL
/// and `MariaDB` only where nothing is filtered on the way, as they have no idea how much passes.
pub(super) fn part_asked(plan: &Plan, id: NodeId) -> f64 {
    let Some((below, filter)) = up_to_a_limit(plan, id) else { return 1.0 };
    if plan.engine != Engine::PostgreSql && filter.is_some() {
        return 1.0;
    }
    let limit = plan.parent(below).filter(|at| plan.node(*at).operator == Operator::Limit);
    let some = limit.map_or_else(|| limit_of_one_table(plan), |limit| plan.node(limit).rows.estimated);
    let all = if limit.is_some() { below } else { id };
    let Some((some, all)) = some.zip(plan.node(all).rows.estimated) else { return 1.0 };
    if all > 0.0 { (some / all).min(1.0) } else { 1.0 }
}

/// Sorts whose first rows alone are asked for, which an index in that order would spare.
pub(super) fn sorted(plan: &Plan) -> usize {
    let limited = |id: NodeId| plan.parent(id).is_some_and(|at| plan.node(at).operator == Operator::Limit);
    plan.ids().filter(|id| plan.node(*id).operator == Operator::Sort && limited(*id)).count()
}

/// The price on MySQL and `MariaDB`, which have no idea how much a filter passes, of a range that comes in the order that is asked for: it
/// ends once enough rows have passed, or one time in so many after all of it.
fn ended_by_guess(plan: &Plan) -> Option<f64> {
    let limit = limit_of_one_table(plan).filter(|_| plan.engine != Engine::PostgreSql)?;
    let scan = plan.ids().find(|id| plan.node(*id).relation.is_some())?;
    let node = plan.node(scan);
    let (_, filter) = up_to_a_limit(plan, scan)?;
    let rows = node.rows.estimated.filter(|_| !node.keys.is_empty() && node.operator != Operator::FullIndexScan)?;
    filter?;
    let each = if fetched(plan) > 0.0 { 2.0 } else { 1.0 };
    Some(each * (rows.min(PASSES * limit) + TO_THE_END * rows))
}

/// A plan's price for choosing between indexes, with what such a walk may come to and, on MySQL and `MariaDB`, which tell no cost one can
/// go by, rows that are fetched one by one counted twice; the server's own figure is what is told.
pub(super) fn hedged(plan: &Plan, catalog: &Catalog) -> f64 {
    if let Some(price) = ended_by_guess(plan) {
        return price;
    }
    // Rows that an index alone gives took a third to a seventh of the time of those that were fetched by it (MySQL 9.7, MariaDB 11.8).
    let twice = if plan.engine == Engine::PostgreSql { 0.0 } else { fetched(plan) };
    let price = price_of(plan) + twice;
    let Some(walk) = walk(plan, None).filter(|walk| !keeps_most(plan, walk, catalog)) else { return price };
    let whole = match plan.engine {
        Engine::PostgreSql => plan.node(walk.below).cost.total,
        Engine::MySql | Engine::MariaDb => {
            let relation = plan.node(walk.scan).relation.as_ref();
            let table = relation.and_then(|r| catalog.table(r.schema.as_deref(), &r.name));
            table.and_then(|table| table.rows).map(|rows| rows.max(examined(plan)))
        }
    };
    whole.map_or(price, |whole| price + TO_THE_END * (whole - price).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::{hedged, part_asked, walk};
    use crate::{
        catalog::{Catalog, Column, Statistics, Table},
        plan::{Engine, Node, Operator, Plan, PlanBuilder, Relation, Role},
        read,
    };

    fn limited(conditions: &str) -> Plan {
        let document = format!(
            r#"[{{"Plan": {{"Node Type": "Limit", "Plan Rows": 5, "Total Cost": 9, "Plans": [{{"Node Type": "Index Scan",
             "Index Name": "i", "Relation Name": "t", "Alias": "t", "Plan Rows": 500, "Total Cost": 1009{conditions}}}]}}}}]"#
        );
        read::read(&document).unwrap().remove(0)
    }

    #[test]
    fn a_walk_up_to_a_limit_may_go_to_its_end() {
        for (conditions, filter, price) in [
            (r#", "Filter": "(status = 'rare')""#, Some("(status = 'rare')"), 59.0),
            (r#", "Filter": "(status = 'rare')", "Index Cond": "(a = 1)""#, None, 9.0),
            ("", None, 9.0),
        ] {
            let plan = limited(conditions);
            assert_eq!(walk(&plan, Some("i")).map(|walk| walk.filter), filter);
            assert_eq!(walk(&plan, Some("j")), None);
            assert!((hedged(&plan, &Catalog::default()) - price).abs() < 1e-9, "{conditions}");
            let scan = plan.ids().nth(1).unwrap();
            assert!((part_asked(&plan, scan) - 0.01).abs() < 1e-9, "5 of 500 rows");
        }
    }

    #[test]
    fn a_walk_that_nearly_all_rows_pass_ends_soon() {
        let column = |name: &str, nulls: f64| Column {
            name: name.to_owned(),
            type_name: "text".to_owned(),
            statistics: Some(Statistics {
                null_fraction: nulls,
                most_common: vec![("done".to_owned(), 0.97)],
                n_distinct: Some(4.0),
                ..Statistics::default()
            }),
            ..Column::default()
        };
        let table = Table {
            schema: "public".to_owned(),
            name: "t".to_owned(),
            rows: Some(1e6),
            columns: vec![column("deleted_at", 0.95), column("status", 0.0)],
            ..Table::default()
        };
        let catalog = Catalog { tables: vec![table], search_path: vec!["public".to_owned()], ..Catalog::default() };
        for (filter, price) in [
            ("(deleted_at IS NULL)", 9.0),
            ("((deleted_at IS NULL) AND (status = 'done'::text))", 9.0),
            ("(status <> 'done'::text)", 59.0),
            ("((deleted_at IS NULL) AND (length(status) > 7))", 59.0),
            ("((deleted_at IS NULL) OR (status = 'done'::text))", 59.0),
            ("(deleted_at IS NOT NULL)", 59.0),
        ] {
            let plan = limited(&format!(r#", "Filter": "{filter}""#));
            assert!((hedged(&plan, &catalog) - price).abs() < 1e-9, "{filter}: {}", hedged(&plan, &catalog));
        }
    }

    /// A scan of MariaDB, whose plans tell of no limit.
    fn scanned(operator: Operator, rows: f64, keys: &[&str], filter: Option<&str>, query: &str) -> Plan {
        let mut builder = PlanBuilder::new();
        let mut scan = Node::new(Role::Root, operator, "scan");
        scan.relation = Some(Relation { name: "t".to_owned(), ..Relation::default() });
        scan.index = (scan.operator != Operator::SeqScan).then(|| "i".to_owned());
        scan.rows.estimated = Some(rows);
        scan.keys = keys.iter().map(|k| (*k).to_owned()).collect();
        scan.conditions.filter = filter.map(str::to_owned);
        builder.push(None, scan).unwrap();
        let mut plan = builder.finish(Engine::MariaDb).unwrap();
        plan.query = Some(query.to_owned());
        plan
    }

    #[test]
    fn a_limit_that_the_plan_does_not_tell_ends_it_too() {
        let table = Table { name: "t".to_owned(), rows: Some(1000.0), ..Table::default() };
        let catalog = Catalog { tables: vec![table], ..Catalog::default() };
        let (ask, all) = ("select * from t where a = 1 order by b limit 20", "select * from t where a = 1 order by b");
        let filter = Some("t.`a` = 1 and t.`a` < 5");
        for (operator, rows, keys, filter, query, price) in [
            (Operator::IndexScan, 400.0, ["a"].as_slice(), filter, ask, 40.0),
            (Operator::IndexScan, 400.0, ["a"].as_slice(), filter, all, 800.0),
            (Operator::IndexScan, 400.0, ["a"].as_slice(), Some("t.a = 1 and t.c = 2"), ask, 440.0),
            (Operator::FullIndexScan, 20.0, ["b"].as_slice(), filter, ask, 88.0),
            (Operator::SeqScan, 1000.0, [].as_slice(), filter, ask, 1000.0),
        ] {
            let plan = scanned(operator.clone(), rows, keys, filter, query);
            let found = hedged(&plan, &catalog);
            assert!((found - price).abs() < 1e-9, "{operator:?} {query}: {found} and not {price}");
        }
    }
}
