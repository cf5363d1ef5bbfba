//! First and last values as real rows: two a table, which the planner finds when it looks for the ends of an index.

use std::collections::BTreeMap;

use super::{Twin, TwinError};
use crate::{
    server::postgres::elements,
    whatif::snapshot::{Column, Ends, Relation, literal, quote},
};

impl Twin {
    /// Inserts them. A table whose rows will not go in is told of and goes without.
    pub(super) async fn insert_ends(&mut self) -> Result<(), TwinError> {
        let mut by_table: BTreeMap<u32, Vec<&Ends>> = BTreeMap::new();
        for ends in self.snapshot.ends.iter().flatten().filter(|e| e.first.is_some()) {
            by_table.entry(ends.relation).or_default().push(ends);
        }
        let mut without = Vec::new();
        for (table, ends) in by_table {
            let Some(relation) = self.snapshot.relation(table) else { continue };
            for last in [false, true] {
                let mut done = false;
                for neutral in [false, true] {
                    let insert = self.row(relation, &ends, last, neutral);
                    match self.hand.rows("writing first and last values", &insert, &[]).await {
                        Ok(_) => done = true,
                        // The only row of its table is its first and last.
                        Err(error) if error.is("23505") => done = true,
                        Err(_) => continue,
                    }
                    break;
                }
                if !done && !without.contains(&relation.name) {
                    without.push(relation.name.clone());
                }
            }
        }
        if !without.is_empty() {
            self.notes.push(format!("the first and last values of {} did not go in", without.join(", ")));
        }
        Ok(())
    }

    /// One row: the ends, and for columns that must have one some value of their own statistics or a neutral one.
    fn row(&self, relation: &Relation, ends: &[&Ends], last: bool, neutral: bool) -> String {
        let partitioned: Vec<&str> =
            relation.parents.iter().flatten().filter_map(|p| self.snapshot.relation(*p)?.key.as_deref()).collect();
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for column in self.snapshot.columns.iter().filter(|c| c.relation == relation.oid) {
            let end = ends.iter().find(|e| e.column == column.name);
            let value = match end {
                Some(end) => if last { end.last.as_ref() } else { end.first.as_ref() }.cloned(),
                None if column.not_null || partitioned.iter().any(|key| key.contains(column.name.as_str())) => {
                    let known = self.some_value(column).filter(|_| !neutral);
                    known.or_else(|| column.not_null.then(|| plain(&column.kind).to_owned()))
                }
                None => None,
            };
            if let Some(value) = value {
                names.push(quote(&column.name));
                values.push(format!("{}::{}", literal(&value), column.kind));
            }
        }
        format!("INSERT INTO {} ({}) VALUES ({})", relation.sql(), names.join(", "), values.join(", "))
    }

    fn some_value(&self, column: &Column) -> Option<String> {
        let own = self.snapshot.statistics.iter().find(|s| s.relation == column.relation && s.column == column.name)?;
        let values = own.slots.histogram.as_deref().or(own.slots.mcv.as_deref())?;
        elements(values).into_iter().next()
    }
}

/// A value that a type takes.
fn plain(kind: &str) -> &'static str {
    if kind.ends_with("[]") || kind.starts_with("json") {
        return "{}";
    }
    match kind.split(['(', ' ']).next().unwrap_or_default() {
        "timestamp" | "date" => "2000-01-01",
        "uuid" => "00000000-0000-0000-0000-000000000000",
        "inet" | "cidr" => "0.0.0.0",
        "text" | "character" | "bytea" | "tsvector" => "",
        _ => "0",
    }
}
