//! Indexes that hold everything the statement needs of a table, so that the table itself is not visited.

use super::draft::{At, Draft};
use crate::{
    advise::{
        Key,
        facts::{Kind, widths},
    },
    plan::Engine,
    sql::shape::Operand,
};

/// Carried bytes per entry beyond which the index becomes a second table.
const WIDEST: f64 = 120.0;
/// Bytes of an entry beside its columns: a header and a place on its page.
const ENTRY: f64 = 12.0;
/// From this part of a row's bytes in the table on, an entry is a second one of it.
const SECOND: f64 = 0.8;
/// Carried columns.
const MOST: usize = 8;
/// Drafts that get a covering form.
const COVERED: usize = 12;
/// `INCLUDE` came with PostgreSQL 11.
const INCLUDE_SINCE: u32 = 110_000;

/// Covering forms of the most promising drafts.
pub(super) fn drafts(at: &At<'_>, others: &[Draft]) -> Vec<Draft> {
    if at.source.whole_row || (at.engine == Engine::PostgreSql && at.version < INCLUDE_SINCE) {
        return Vec::new();
    }
    let mut plain: Vec<&Draft> = others
        .iter()
        .filter(|d| d.method == "btree" && !d.keys.is_empty() && d.keys.iter().all(|k| !k.expression))
        .collect();
    plain.sort_by_key(|d| d.rank);
    plain.truncate(COVERED);
    plain.into_iter().filter_map(|draft| covering(at, draft)).collect()
}

/// Whether the index would be about as large as its table, which it only spares a visit of.
fn is_second_table(at: &At<'_>, draft: &Draft, carried: f64) -> bool {
    let keys = widths(at.table, draft.keys.iter().map(|k| k.expr.as_str()));
    #[expect(clippy::cast_precision_loss, reason = "a size")]
    let table = at.table.rows.zip(at.table.bytes).map(|(rows, bytes)| bytes as f64 / rows.max(1.0));
    at.engine == Engine::PostgreSql && table.is_some_and(|row| keys + carried + ENTRY > SECOND * row)
}

fn covering(at: &At<'_>, draft: &Draft) -> Option<Draft> {
    let primary: Vec<&str> = at
        .table
        .indexes
        .iter()
        .filter(|i| i.primary && at.engine != Engine::PostgreSql)
        .flat_map(|i| i.keys.iter().filter_map(|k| k.column.as_deref()))
        .collect();
    let missing: Vec<&str> = at
        .source
        .columns
        .iter()
        .map(String::as_str)
        .filter(|column| !draft.has(column) && !primary.contains(column))
        .collect();
    let mut covering = Draft { rank: draft.rank + 6, ..draft.clone() };
    let list = missing.join(", ");
    let carried = widths(at.table, missing.iter().copied());
    if missing.is_empty() || missing.len() > MOST || carried > WIDEST || is_second_table(at, draft, carried) {
        return None;
    }
    if at.engine == Engine::PostgreSql {
        covering.include = missing.iter().map(|c| (*c).to_owned()).collect();
        covering.reasons.push(format!("INCLUDE ({list}): all the statement needs, without a visit to the table"));
        return Some(covering);
    }
    if draft.keys.iter().any(|k| k.prefix.is_some()) {
        return None;
    }
    for column in missing {
        if !matches!(at.kind(column), Kind::Plain) {
            return None;
        }
        let key: Option<Key> = at.key(&Operand::Column(column.to_owned()), None);
        covering.add(key, format!("{column}: carried along, so that the table itself is not visited"));
    }
    Some(covering)
}
