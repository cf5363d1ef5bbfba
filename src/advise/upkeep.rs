//! What a statement that writes pays to keep an index up to date, which no plan tells.

use super::{Candidate, ddl, size};
use crate::{
    catalog::Catalog,
    fmt,
    plan::{Engine, Plan},
    sql::shape::{Shape, WriteKind},
};

/// One entry in a B-tree of PostgreSQL, in units of cost: mostly pages that are in memory. A GIN entry list is many.
const ENTRY: f64 = 0.25;
const GIN_TIMES: f64 = 10.0;
/// Chance that a row changed without touching any indexed column had been updated in place (HOT), which an index on a
/// changed column ends.
const HOT_LOST: f64 = 1.0;
/// The same on InnoDB, in rows examined.
const INNODB_ENTRY: f64 = 1.0;

/// The price of an index at one run of the statement, in the unit of its cost. Nothing for what only reads.
pub(super) fn per_run(candidate: &Candidate, shape: &Shape, plan: &Plan, catalog: &Catalog) -> f64 {
    let Some(write) = &shape.writes else { return 0.0 };
    if write.table != candidate.table || write.schema != candidate.schema {
        return 0.0;
    }
    let touched = |columns: &[String]| {
        candidate
            .keys
            .iter()
            .any(|k| columns.iter().any(|c| k.expr == *c || (k.expression && k.expr.contains(c.as_str()))))
            || candidate.include.iter().any(|c| columns.contains(c))
            || candidate.predicate.as_ref().is_some_and(|p| columns.iter().any(|c| p.contains(c.as_str())))
    };
    let entries = match &write.kind {
        WriteKind::Insert => 1.0,
        WriteKind::Update(columns) if touched(columns) => 1.0 + HOT_LOST,
        WriteKind::Update(_) | WriteKind::Delete => 0.0,
    };
    let each = if candidate.engine == Engine::PostgreSql { ENTRY } else { INNODB_ENTRY };
    let method = if candidate.method == "gin" { GIN_TIMES } else { 1.0 };
    rows(plan) * entries * each * method * super::size::entries_per_row(candidate, catalog)
}

/// Rows the statement writes, as the planner believes: those of the first node below the one that writes.
pub(super) fn rows(plan: &Plan) -> f64 {
    let mut rows = plan.ids().map(|id| plan.node(id).rows.estimated.unwrap_or(0.0));
    let root = rows.next().unwrap_or(0.0);
    root.max(rows.next().unwrap_or(1.0)).max(1.0)
}

/// Changes that leave indexes alone are worth telling of from this part of all changes on.
const IN_PLACE: f64 = 0.1;
/// How much longer a statement on the table is planned, microseconds (PostgreSQL 15, measured with ten more indexes on a table of
/// eleven: 2 where nothing asks for the index, 5 for each place where something does).
const PLANNING: &str = "2 to 5 µs";

/// What the index costs those who write the table, and all who ask for it, by what the server counted.
pub(super) fn note(candidate: &Candidate, catalog: &Catalog) -> Option<String> {
    // A BRIN index has an entry for many pages.
    if candidate.engine != Engine::PostgreSql || candidate.method == "brin" {
        return None;
    }
    let table = catalog.table(Some(&candidate.schema), &candidate.table)?;
    let writes = table.writes.filter(|w| w.inserted + w.updated > 0.0)?;
    let part = size::entries_per_row(candidate, catalog);
    let anew = writes.updated - writes.in_place;
    let entries = (writes.inserted + anew.max(0.0)) * part;
    let bytes = entries * size::entry_bytes(candidate, table);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive size")]
    let told = |bytes: f64| fmt::bytes(bytes as u64);
    let rate = match writes.seconds.filter(|s| *s >= 60.0) {
        Some(seconds) => {
            let hours = seconds / 3_600.0;
            format!(
                "{} entries and {} an hour, as the table was written so far",
                fmt::count(entries / hours),
                told(bytes / hours)
            )
        }
        None => format!("{} entries and {} for what was written so far", fmt::count(entries), told(bytes)),
    };
    let in_place = if writes.updated > 0.0 { writes.in_place / writes.updated } else { 0.0 };
    let lost = if in_place >= IN_PLACE {
        let columns: Vec<String> = candidate
            .keys
            .iter()
            .map(|k| if k.expression { crate::text::one_line(&k.expr) } else { ddl::quoted(&k.expr, candidate.engine) })
            .chain(candidate.include.iter().map(|c| ddl::quoted(c, candidate.engine)))
            .collect();
        format!(
            "; {} of all changes left the indexes alone, which those of {} will not do any more",
            fmt::percent(in_place),
            columns.join(", ")
        )
    } else {
        String::new()
    };
    Some(format!("keeping it up to date: {rate}{lost}; every statement on the table is planned {PLANNING} longer"))
}

#[cfg(test)]
mod tests {
    use super::note;
    use crate::{
        advise::{Candidate, Key},
        catalog::{Catalog, Table, Writes},
        plan::Engine::PostgreSql,
    };

    #[test]
    fn what_was_written_tells_what_an_index_will_cost() {
        let told = |writes: Option<Writes>| {
            let table = Table { schema: "public".into(), name: "t".into(), writes, ..Table::default() };
            let candidate = Candidate {
                engine: PostgreSql,
                schema: "public".into(),
                table: "t".into(),
                method: "btree",
                keys: vec![Key::column("status")],
                include: Vec::new(),
                predicate: None,
                replaces: Vec::new(),
                reasons: Vec::new(),
            };
            note(&candidate, &Catalog { tables: vec![table], ..Catalog::default() })
        };
        let writes = Writes { inserted: 7_200.0, updated: 4_000.0, in_place: 2_000.0, seconds: Some(7_200.0) };
        let line = told(Some(writes)).unwrap();
        assert!(
            line.starts_with("keeping it up to date: 4,600 entries and 108 kB an hour, as the table was"),
            "{line}"
        );
        assert!(
            line.contains("; 50 % of all changes left the indexes alone, which those of status will not"),
            "{line}"
        );
        let line = told(Some(Writes { inserted: 10.0, ..Writes::default() })).unwrap();
        assert!(line.contains("10 entries and") && !line.contains("changes left"), "{line}");
        assert_eq!(told(None), None);
    }
}
