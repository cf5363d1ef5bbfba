//! BRIN indexes (PostgreSQL): a few bytes for many pages, where the rows lie in the order of a column.

use super::draft::{At, Draft};
use crate::{
    catalog::Column,
    plan::Engine,
    sql::shape::{Predicate, Test},
};

/// Below this a B-tree is small enough.
const LEAST_BYTES: u64 = 8 << 20;
/// From this correlation on pages hold neighbouring values …
const ORDERED: f64 = 0.8;
/// … and from this on several small ranges a block do (PostgreSQL 14).
const PARTLY: f64 = 0.25;
const MULTI_SINCE: u32 = 140_000;
/// Distinct values below which a correlation tells nothing of where one of them lies.
const LEAST_DISTINCT: f64 = 100.0;

/// Drafts for ranges and values of columns that follow the rows' order.
pub(super) fn drafts(at: &At<'_>) -> Vec<Draft> {
    if at.engine != Engine::PostgreSql || at.table.bytes.is_none_or(|b| b < LEAST_BYTES) {
        return Vec::new();
    }
    let asked = |p: &&&Predicate| matches!(p.test, Test::Range | Test::Equal | Test::OneOf);
    at.always.iter().filter(asked).filter_map(|predicate| draft(at, predicate)).collect()
}

fn draft(at: &At<'_>, predicate: &Predicate) -> Option<Draft> {
    let column = at.table.column(predicate.operand.column()?)?;
    let statistics = column.statistics.as_ref()?;
    // Of few values the commonest alone make the correlation, wherever the others lie.
    statistics.distinct(at.table.rows?).filter(|distinct| *distinct >= LEAST_DISTINCT)?;
    let correlation = statistics.correlation?.abs();
    let opclass = if correlation >= ORDERED {
        has_default(column).then_some(None)?
    } else if correlation >= PARTLY && at.version >= MULTI_SINCE {
        Some(multi(column)?)
    } else {
        return None;
    };
    // Needs an ordered type.
    at.key(&predicate.operand, Some(predicate.test)).filter(|k| k.prefix.is_none())?;
    let mut draft = Draft { method: "brin", ..Draft::btree(25) };
    let reason = format!(
        "{}; the rows lie in its order (correlation {correlation:.2}), so that ranges of pages tell enough",
        At::reason(predicate)
    );
    draft.add(Some(At::plain_key(&column.name, opclass)), reason);
    Some(draft)
}

/// Whether BRIN has a default operator class for a column's type (PostgreSQL 18 manual, "Built-in BRIN Operator Classes").
fn has_default(column: &Column) -> bool {
    const TYPES: &[&str] = &[
        "bigint",
        "bit",
        "bit varying",
        "box",
        "bytea",
        "character",
        "character varying",
        "cidr",
        "date",
        "double precision",
        "inet",
        "integer",
        "interval",
        "macaddr",
        "macaddr8",
        "name",
        "numeric",
        "oid",
        "pg_lsn",
        "real",
        "smallint",
        "text",
        "time with time zone",
        "time without time zone",
        "timestamp with time zone",
        "timestamp without time zone",
        "uuid",
        "varchar",
    ];
    // `numeric(10,2)`, `timestamp(3) without time zone`
    let name = &column.type_name;
    let bare = match (name.find('('), name.find(')')) {
        (Some(open), Some(close)) if open < close => format!("{}{}", &name[..open], &name[close + 1..]),
        _ => name.clone(),
    };
    TYPES.contains(&bare.as_str()) || bare.ends_with("range")
}

/// The operator class that keeps several ranges a block.
fn multi(column: &Column) -> Option<&'static str> {
    Some(match column.type_name.split('(').next().unwrap_or_default() {
        "smallint" => "int2_minmax_multi_ops",
        "integer" => "int4_minmax_multi_ops",
        "bigint" => "int8_minmax_multi_ops",
        "numeric" => "numeric_minmax_multi_ops",
        "real" => "float4_minmax_multi_ops",
        "double precision" => "float8_minmax_multi_ops",
        "date" => "date_minmax_multi_ops",
        "timestamp without time zone" => "timestamp_minmax_multi_ops",
        "timestamp with time zone" => "timestamptz_minmax_multi_ops",
        "uuid" => "uuid_minmax_multi_ops",
        _ => return None,
    })
}
