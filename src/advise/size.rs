//! How large an index will be, by a formula.

use super::{
    Candidate,
    facts::{selectivity, width, widths},
};
use crate::{
    catalog::{Catalog, Table},
    plan::Engine,
    sql::shape::shape,
};

/// Usable bytes of a PostgreSQL B-tree page, the page, and the part that a fresh build fills.
const PAGE_USABLE: f64 = 8_152.0;
const PAGE: f64 = 8_192.0;
const FILLED: f64 = 0.9;
/// Largest posting list, bytes: a third of a page in `nbtree.h`, as measured.
const POSTING: f64 = 1_300.0;
/// The smallest index: a meta page and a root.
const SMALLEST: f64 = 16_384.0;
/// Bytes around the columns of an InnoDB secondary index entry, and the part of a page that a fresh build fills.
const INNODB_ENTRY: f64 = 7.0;
const INNODB_FILLED: f64 = 15.0 / 16.0;

/// Expected size, bytes, of a B-tree; other methods depend on values that statistics do not tell.
///
/// PostgreSQL: entry = 8 + widths, rounded up to 8, and 4 for the line pointer; equal keys share posting lists since
/// version 13, except with `INCLUDE`. Three real sets of indexes came out 7 to 14 % larger.
#[must_use]
pub fn size(candidate: &Candidate, catalog: &Catalog) -> Option<u64> {
    let table = catalog.table(Some(&candidate.schema), &candidate.table)?;
    let rows = table.rows? * entries_per_row(candidate, catalog);
    if candidate.method != "btree" {
        return None;
    }
    let bytes = if candidate.engine == Engine::PostgreSql {
        let entry = entry_bytes(candidate, table);
        let distinct = distinct(candidate, table, rows);
        let each = rows / distinct;
        let plain = rows * (entry + 4.0);
        let bytes = if !candidate.include.is_empty() || each < 2.0 {
            plain
        } else {
            let listed = each.min((POSTING - entry).max(12.0) / 6.0);
            (rows / listed) * (entry + align(6.0 * listed) + 4.0)
        };
        bytes.min(plain) * PAGE / PAGE_USABLE / FILLED
    } else {
        rows * entry_bytes(candidate, table) / INNODB_FILLED
    };
    let bytes = bytes.max(SMALLEST).round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive size")]
    (bytes.is_finite() && bytes < 1e18).then_some(bytes as u64)
}

/// Bytes of one entry: keys, carried columns and the way to the row.
pub(super) fn entry_bytes(candidate: &Candidate, table: &Table) -> f64 {
    let keys: f64 = candidate
        .keys
        .iter()
        .map(|key| {
            let full = table.column(&key.expr).map_or(16.0, width);
            key.prefix.map_or(full, |prefix| full.min(f64::from(prefix)))
        })
        .sum();
    let include = widths(table, candidate.include.iter().map(String::as_str));
    if candidate.engine == Engine::PostgreSql {
        return align(8.0 + keys + include);
    }
    let primary = table.indexes.iter().find(|i| i.primary);
    let primary = primary.map_or(6.0, |i| widths(table, i.keys.iter().filter_map(|k| k.column.as_deref())));
    keys + primary + INNODB_ENTRY
}

/// Index entries per row: the part of the rows a partial index holds; several for GIN, which is not told.
pub(super) fn entries_per_row(candidate: &Candidate, catalog: &Catalog) -> f64 {
    let Some(predicate) = &candidate.predicate else { return 1.0 };
    let Some(table) = catalog.table(Some(&candidate.schema), &candidate.table) else { return 1.0 };
    let sql = format!("SELECT 1 FROM {} WHERE {predicate}", super::ddl::table(candidate));
    let Ok(shape) = shape(&sql, candidate.engine, catalog) else { return 1.0 };
    shape.predicates.iter().map(|p| selectivity(table, p)).product()
}

fn align(bytes: f64) -> f64 {
    (bytes / 8.0).ceil() * 8.0
}

/// Distinct keys: the product of the columns' distinct values, no more than there are rows.
fn distinct(candidate: &Candidate, table: &Table, rows: f64) -> f64 {
    let product: f64 = candidate
        .keys
        .iter()
        .map(|key| {
            let statistics = table.column(&key.expr).and_then(|c| c.statistics.as_ref());
            statistics.and_then(|s| s.distinct(rows)).unwrap_or(rows)
        })
        .product();
    product.clamp(1.0, rows.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::size;
    use crate::{
        advise::{Candidate, Key},
        catalog::{Catalog, Column, Statistics, Table},
        plan::Engine::{MySql, PostgreSql},
    };

    fn catalog() -> Catalog {
        let column = |name: &str, width: f64, n_distinct: f64| Column {
            name: name.to_owned(),
            statistics: Some(Statistics {
                average_width: width,
                n_distinct: Some(n_distinct),
                most_common: vec![("rare".to_owned(), 0.02), ("often".to_owned(), 0.9)],
                ..Statistics::default()
            }),
            ..Column::default()
        };
        Catalog {
            tables: vec![Table {
                schema: "public".to_owned(),
                name: "t".to_owned(),
                rows: Some(100_000.0),
                columns: vec![column("id", 4.0, -1.0), column("k", 4.0, 1_000.0)],
                ..Table::default()
            }],
            ..Catalog::default()
        }
    }

    fn candidate(columns: &[&str]) -> Candidate {
        Candidate {
            engine: PostgreSql,
            schema: "public".to_owned(),
            table: "t".to_owned(),
            method: "btree",
            keys: columns
                .iter()
                .map(|c| Key {
                    expr: (*c).to_owned(),
                    expression: false,
                    desc: false,
                    nulls_first: None,
                    opclass: None,
                    prefix: None,
                })
                .collect(),
            include: Vec::new(),
            predicate: None,
            replaces: Vec::new(),
            reasons: Vec::new(),
        }
    }

    #[test]
    fn equal_keys_share_their_lists() {
        // PostgreSQL 15.20 builds (id) over 100,000 rows of int4 in 2,260,992 bytes.
        let unique = size(&candidate(&["id"]), &catalog()).unwrap();
        assert!(unique.abs_diff(2_260_992) < 60_000, "{unique}");
        let repeated = size(&candidate(&["k"]), &catalog()).unwrap();
        assert!(repeated * 3 < unique, "{repeated}");
        let carrying = size(&Candidate { include: vec!["id".to_owned()], ..candidate(&["k"]) }, &catalog()).unwrap();
        assert!(carrying >= unique, "{carrying}");
    }

    #[test]
    fn a_partial_index_has_its_part() {
        let partial = Candidate { predicate: Some("k = 'rare'".to_owned()), ..candidate(&["id"]) };
        let (part, whole) = (size(&partial, &catalog()).unwrap(), size(&candidate(&["id"]), &catalog()).unwrap());
        assert!((part * 50).abs_diff(whole) < whole / 10, "{part} {whole}");
        assert!(size(&Candidate { engine: MySql, ..candidate(&["k"]) }, &catalog()).is_some());
        assert_eq!(size(&Candidate { method: "gin", ..candidate(&["k"]) }, &catalog()), None);
    }
}
