//! Where a column's values end today, which the planner sees only once an index leads with it.
//!
//! For a range that touches the first or the last part of a histogram the planner looks up the column's real first or last value
//! (`get_actual_variable_range`, `selfuncs.c`), in a whole B-tree that leads with the column and in nothing else. A column without
//! one is planned by its histogram today, on production and on the twin alike, so that no comparison of today's plans shows
//! what it hides: with the new index production looks, and the twin has no rows to look at.

use tokio_postgres::types::Type;

use super::{Workshop, gone, numbered};
use crate::{
    advise::Candidate,
    catalog::{self, Catalog},
    fmt,
    plan::{Engine, Plan},
    server::postgres::elements,
    sql::shape::{Operand, Test, Value, shape},
    text::one_line,
    whatif::{
        snapshot::{Column, Relation, Snapshot, literal, quote},
        twin::{TwinError, link::get},
    },
};

/// Part of its rows by which a table may have changed since ANALYZE without its ends being in doubt: the width of a part of a histogram
/// of 100, in which a hundredth of the rows lies.
const CHANGED: f64 = 0.01;

/// `$1` schema, `$2` table, `$3` column, `$4` names of indexes that stand for a trial.
const LEADS: &str = "
    SELECT EXISTS (
        SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
        JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE n.nspname = $1 AND t.relname = $2 AND a.attname = $3 AND m.amname = 'btree' AND i.indisvalid AND i.indpred IS NULL
          AND c.relname <> ALL ($4))";

impl Workshop {
    /// Why a trial of a candidate says less than its check: the statement, whose plans these are, asks for values beyond those that the
    /// planner knows today and will look up in the new index.
    pub(in crate::whatif::twin) async fn unseen_end(
        &self,
        plans: &[&Plan],
        candidate: &Candidate,
    ) -> Result<Option<String>, TwinError> {
        let key = candidate.keys.first().filter(|key| !key.expression && candidate.predicate.is_none());
        let (Some(key), "btree") = (key, candidate.method) else { return Ok(None) };
        let snapshot = self.snapshot().ok_or_else(gone)?;
        let Some(table) = snapshot.named((&candidate.schema, &candidate.table)) else { return Ok(None) };
        for relation in snapshot
            .relations
            .iter()
            .filter(|r| matches!(r.kind.as_str(), "r" | "m") && is_below(snapshot, r, table.oid))
        {
            let Some(column) = snapshot.columns.iter().find(|c| c.relation == relation.oid && c.name == key.expr)
            else {
                continue;
            };
            let asked = asked(plans, snapshot, relation, column);
            if asked.is_empty() || self.leads(relation, column).await? {
                continue;
            }
            let own = |s: &&crate::whatif::snapshot::ColumnStatistics| {
                s.relation == relation.oid && s.column == column.name && !s.inherited
            };
            let known = snapshot.statistics.iter().find(own).and_then(|s| s.slots.histogram.as_deref());
            let bounds = known.map(elements).unwrap_or_default();
            // Without a histogram there are no ends to look up.
            let (Some(first), Some(last)) = (bounds.first(), bounds.last().filter(|_| bounds.len() > 1)) else {
                continue;
            };
            let changed = changed(relation, f64::from(snapshot.server.block_size));
            for value in &asked {
                let outside = match value {
                    Value::Parameter => false,
                    // Most often a time that is counted back from now.
                    Value::Computed => true,
                    Value::Literal(text) => self.is_outside(text, column, &bounds).await,
                };
                // As long as nothing has changed, what lies beyond the values seen is next to nothing.
                if !outside || changed < CHANGED {
                    continue;
                }
                let name = one_line(&format!("{}.{}", relation.name, column.name));
                let changed = fmt::percent(changed.min(1.0));
                return Ok(Some(format!(
                    "the statement asks for values of {name} at the end of what its statistics know ({} to {}), and {changed} of its rows are new or changed since ANALYZE; where they \
                     really end the planner sees only in an index that leads with the column, so production may plan otherwise once this \
                     one exists: run ANALYZE {} and ask again",
                    one_line(first),
                    one_line(last),
                    one_line(&relation.sql()),
                )));
            }
        }
        Ok(None)
    }

    /// Whether an index of production's own leads with a column, so that the planner looks already.
    async fn leads(&self, relation: &Relation, column: &Column) -> Result<bool, TwinError> {
        let twin = self.twin.as_ref().ok_or_else(gone)?;
        let mut standing: Vec<&String> = self.standing.iter().flat_map(|s| &s.made.names).collect();
        let first = numbered(1);
        standing.push(&first);
        let with: &[(&(dyn tokio_postgres::types::ToSql + Sync), Type)] = &[
            (&relation.schema, Type::TEXT),
            (&relation.name, Type::TEXT),
            (&column.name, Type::TEXT),
            (&standing, Type::TEXT_ARRAY),
        ];
        let rows = twin.root.again("looking for an index of a column", LEADS, with).await?;
        rows.first().map_or(Ok(false), |row| get(row, 0))
    }

    /// Whether a value lies in the first part of a histogram, in its last or beyond, where the planner looks up where the values end;
    /// by the order of its type on the twin. What the type does not take lies nobody knows where.
    async fn is_outside(&self, value: &str, column: &Column, bounds: &[String]) -> bool {
        let (Some(twin), [_, second, ..]) = (&self.twin, bounds) else { return false };
        let last = &bounds[bounds.len() - 2];
        let collation = column.collation.as_ref().map_or(String::new(), |name| format!(" COLLATE {name}"));
        let typed = |text: &str| format!("{}::{}{collation}", literal(text), column.kind);
        let sql =
            format!("SELECT v < {} OR v >= {} FROM (SELECT {} AS v) asked", typed(second), typed(last), typed(value));
        let Ok(rows) = twin.hand.rows("placing a value", &sql, &[]).await else { return true };
        rows.first().is_none_or(|row| get::<Option<bool>>(row, 0).ok().flatten().unwrap_or(true))
    }
}

/// Whether a relation is a table, or below it.
fn is_below(snapshot: &Snapshot, relation: &Relation, table: u32) -> bool {
    relation.oid == table
        || relation
            .parents
            .iter()
            .flatten()
            .any(|parent| snapshot.relation(*parent).is_some_and(|parent| is_below(snapshot, parent, table)))
}

/// Part of a table's rows that are new or changed since ANALYZE: by its pages, each as full as then, and by what the server counted.
fn changed(relation: &Relation, block: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of pages and rows")]
    let (pages, bytes, modified) =
        (relation.pages as f64, relation.bytes.unwrap_or(0) as f64, relation.modified.unwrap_or(0) as f64);
    let grown = if pages > 0.0 { (1.0 - pages * block / bytes.max(1.0)).max(0.0) } else { 0.0 };
    let counted = if relation.tuples > 0.0 { modified / relation.tuples } else { 0.0 };
    grown.max(counted)
}

/// What a column is compared with by `<` and its like in the conditions of plans on the column's own table.
fn asked(plans: &[&Plan], snapshot: &Snapshot, relation: &Relation, column: &Column) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for node in plans.iter().flat_map(|plan| plan.ids().map(|id| plan.node(id))) {
        let Some(read) = node.relation.as_ref().filter(|r| r.name == relation.name) else { continue };
        let conditions = [&node.conditions.filter, &node.conditions.index, &node.conditions.recheck];
        for condition in conditions.into_iter().flatten() {
            let alias = read.alias.as_deref().unwrap_or(&read.name);
            for value in ranges(condition, alias, snapshot, relation, column) {
                if !all.contains(&value) {
                    all.push(value);
                }
            }
        }
    }
    all
}

/// The same of one condition.
fn ranges(condition: &str, alias: &str, snapshot: &Snapshot, relation: &Relation, column: &Column) -> Vec<Value> {
    let sql = format!("SELECT 1 FROM {} AS {} WHERE {condition}", relation.sql(), quote(alias));
    let columns = snapshot.columns.iter().filter(|c| c.relation == relation.oid);
    let table = catalog::Table {
        schema: relation.schema.clone(),
        name: relation.name.clone(),
        columns: columns.map(|c| catalog::Column { name: c.name.clone(), ..catalog::Column::default() }).collect(),
        ..catalog::Table::default()
    };
    let one = Catalog { tables: vec![table], search_path: vec![relation.schema.clone()], ..Catalog::default() };
    match shape(&sql, Engine::PostgreSql, &one) {
        Ok(shape) => {
            let is_range = |p: &&crate::sql::shape::Predicate| {
                p.test == Test::Range && matches!(&p.operand, Operand::Column(name) if *name == column.name)
            };
            shape.predicates.iter().filter(is_range).flat_map(|p| p.values.iter().cloned()).collect()
        }
        // A condition that is no plain SQL may be anything.
        Err(_) if condition.contains(&column.name) && condition.contains(['<', '>']) => vec![Value::Computed],
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{changed, ranges};
    use crate::{
        sql::shape::Value,
        whatif::snapshot::{Column, Relation, Snapshot},
    };

    fn relation(pages: i64, bytes: u64, modified: Option<i64>) -> Relation {
        let text = format!(
            r#"{{"oid": 7, "schema": "s", "name": "t", "kind": "r", "tuples": 1000, "pages": {pages}, "all_visible": 0, "partition": false,
                "options": null, "method": "heap", "bound": null, "key": null, "parents": null, "bytes": {bytes}, "view": null,
                "row_security": false, "head": null}}"#
        );
        Relation { modified, ..serde_json::from_str(&text).unwrap() }
    }

    #[test]
    fn what_changed_since_analyze_is_told_by_pages_and_by_counts() {
        for (pages, bytes, modified, expected) in [
            (10, 81_920, None, 0.0),
            (10, 245_760, None, 2.0 / 3.0),
            (10, 81_920, Some(50), 0.05),
            (10, 40_960, None, 0.0),
            (0, 81_920, None, 0.0),
        ] {
            let told = changed(&relation(pages, bytes, modified), 8192.0);
            assert!((told - expected).abs() < 1e-9, "{pages} {bytes} {modified:?}: {told}");
        }
    }

    #[test]
    fn ranges_are_read_out_of_the_conditions_of_plans() {
        let column = Column {
            relation: 7,
            number: 1,
            name: "v".to_owned(),
            kind: "bigint".to_owned(),
            not_null: false,
            collation: None,
        };
        let text = |text: &str| Value::Literal(text.to_owned());
        let snapshot = Snapshot {
            columns: vec![column.clone(), Column { number: 2, name: "at".to_owned(), ..column.clone() }],
            ..Snapshot::default()
        };
        let at = Column { name: "at".to_owned(), ..column.clone() };
        for (condition, column, expected) in [
            ("(h.v > 180000)", &column, vec![text("180000")]),
            ("((h.v >= 40000) AND (h.v <= 40100))", &column, vec![text("40000"), text("40100")]),
            ("(h.v = 5)", &column, vec![]),
            ("(h.v > $1)", &column, vec![Value::Parameter]),
            ("(h.at > (now() - '1 day'::interval))", &at, vec![Value::Computed]),
            ("(h.at < '2024-01-01 00:00:00+00'::timestamp with time zone)", &at, vec![text("2024-01-01 00:00:00+00")]),
        ] {
            let told = ranges(condition, "h", &snapshot, &relation(1, 8192, None), column);
            assert_eq!(told, expected, "{condition}");
        }
    }
}
