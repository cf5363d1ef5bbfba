//! Partial indexes (PostgreSQL): a rare constant moves from the key into the index's condition.

use super::draft::{At, Draft, SHOWN};
use crate::{
    advise::facts::selectivity,
    catalog::Statistics,
    plan::Engine,
    sql::shape::{Predicate, Test, Value},
};

/// A condition that keeps more of the rows than this is not worth an index of its own.
const RARE: f64 = 0.10;
/// A column with more distinct values is a key, not a condition.
const MOST_VALUES: f64 = 20.0;
/// A value is an exception when it comes this much less often than the values do on average; an index for each of many
/// equally common values is nobody's wish.
const EXCEPTIONAL: f64 = 0.5;

/// From this part of the rows on a list of values leaves none out.
const ALL: f64 = 0.999;

/// Partial forms of the most promising drafts.
pub(super) fn drafts(at: &At<'_>, others: &[Draft]) -> Vec<Draft> {
    if at.engine != Engine::PostgreSql {
        return Vec::new();
    }
    let mut found = Vec::new();
    let Some(predicate) = at.always.iter().copied().find(|p| is_rare(at, p)) else { return found };
    let mut plain: Vec<&Draft> = others.iter().filter(|d| d.method == "btree" && !d.keys.is_empty()).collect();
    plain.sort_by_key(|d| d.rank);
    let column = predicate.operand.sql();
    for draft in plain {
        let place = draft.keys.iter().position(|k| k.expr == column);
        let mut partial = Draft { rank: draft.rank + 4, predicate: Some(predicate.sql.clone()), ..draft.clone() };
        if let Some(place) = place
            && draft.keys.len() > 1
        {
            partial.keys.remove(place);
            partial.reasons.remove(place);
            partial.equal -= usize::from(place < draft.equal);
        }
        let part = selectivity(at.table, predicate);
        partial.reasons.push(format!(
            "WHERE {}: only {} of the rows are in the index",
            crate::text::beginning(&predicate.sql, SHOWN),
            crate::fmt::percent(part)
        ));
        found.push(partial);
        if found.len() == 2 {
            break;
        }
    }
    found
}

/// Whether no row has a value, as far as statistics know: they list all there are, and it is not among them. An index of nothing serves
/// no statement longer than until the first such row.
fn is_unheard_of(statistics: &Statistics, value: &str, rows: Option<f64>) -> bool {
    let known: f64 = statistics.most_common.iter().map(|(_, part)| part).sum();
    #[expect(clippy::cast_precision_loss, reason = "a short list")]
    let all = statistics.distinct(rows.unwrap_or(0.0)).is_some_and(|n| statistics.most_common.len() as f64 >= n);
    all && known + statistics.null_fraction > ALL && statistics.most_common.iter().all(|(common, _)| common != value)
}

/// A constant that statistics show to be rare.
fn is_rare(at: &At<'_>, predicate: &Predicate) -> bool {
    let Some(statistics) =
        predicate.operand.column().and_then(|name| at.table.column(name)).and_then(|c| c.statistics.as_ref())
    else {
        return false;
    };
    if predicate.derived {
        return false;
    }
    match predicate.test {
        // Where none is NULL there is nothing to put into it.
        Test::IsNull if statistics.null_fraction <= 0.0 => false,
        Test::IsNull | Test::IsNotNull => selectivity(at.table, predicate) < RARE,
        Test::Equal => {
            matches!(predicate.values.as_slice(), [Value::Literal(value)] if !is_unheard_of(statistics, value, at.table.rows))
                && !statistics.most_common.is_empty()
                && statistics
                    .distinct(at.table.rows.unwrap_or(0.0))
                    .is_some_and(|n| n <= MOST_VALUES && selectivity(at.table, predicate) < (EXCEPTIONAL / n).min(RARE))
        }
        _ => false,
    }
}
