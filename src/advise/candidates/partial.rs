//! Partial indexes (PostgreSQL): a rare condition moves from the key into the index's condition.

use super::draft::{At, Draft, SHOWN};
use crate::{
    advise::{
        Key,
        facts::{is_literal, selectivity},
    },
    catalog::Statistics,
    plan::Engine,
    sql::shape::{Operand, Predicate, Test, Value},
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
/// Partial forms of each condition.
const FORMS: usize = 3;

/// What only few rows meet.
struct Condition<'a> {
    sql: String,
    parts: Vec<&'a Predicate>,
    /// The part of the rows it keeps, 0 to 1.
    keeps: f64,
}

impl Condition<'_> {
    /// Whether it fixes the one value of a key, so that the key tells nothing among the rows that are left.
    fn fixes(&self, key: &Key) -> bool {
        self.parts.iter().any(|p| matches!(p.test, Test::Equal | Test::IsNull) && p.operand.sql() == key.expr)
    }

    /// Whether a key is there for nothing else than this.
    fn asks(&self, key: &Key) -> bool {
        self.parts.iter().any(|p| p.operand.sql() == key.expr)
    }
}

/// Partial forms of the most promising drafts.
pub(super) fn drafts(at: &At<'_>, others: &[Draft]) -> Vec<Draft> {
    if at.engine != Engine::PostgreSql {
        return Vec::new();
    }
    let conditions = conditions(at);
    let mut found: Vec<Draft> = Vec::new();
    let Some(rarest) = conditions.first() else { return found };
    found.extend(forms(at, others, rarest));
    if let Some(next) = conditions.get(1) {
        let both = Condition {
            sql: format!("{} AND {}", rarest.sql, next.sql),
            parts: rarest.parts.iter().chain(&next.parts).copied().collect(),
            keeps: rarest.keeps * next.keeps,
        };
        found.extend(forms(at, others, &both));
    }
    found
}

/// Rare conditions, the rarest first.
fn conditions<'a>(at: &At<'a>) -> Vec<Condition<'a>> {
    let mut found: Vec<Condition<'a>> = Vec::new();
    for predicate in at.always.iter().copied().filter(|p| !p.derived) {
        let keeps = selectivity(at.table, predicate);
        let alike = |c: &&mut Condition<'_>| {
            predicate.test == Test::NotEqual
                && c.parts.iter().all(|p| p.test == Test::NotEqual && p.operand == predicate.operand)
        };
        // `a <> 1 AND a <> 2` leaves few out of which each alone leaves many.
        if let Some(known) = found.iter_mut().find(alike) {
            known.sql = format!("{} AND {}", known.sql, predicate.sql);
            known.parts.push(predicate);
            let statistics = predicate.operand.column().and_then(|c| at.table.column(c)?.statistics.as_ref());
            known.keeps -= 1.0 - keeps - statistics.map_or(0.0, |s| s.null_fraction);
        } else {
            found.push(Condition { sql: predicate.sql.clone(), parts: vec![predicate], keeps });
        }
    }
    found.retain(|condition| is_rare(at, condition));
    found.sort_by(|a, b| a.keeps.total_cmp(&b.keeps));
    found
}

/// The drafts with the condition, the most promising first: those whose keys tell rows apart that meet it, then one whose only key it
/// fixes.
fn forms(at: &At<'_>, others: &[Draft], condition: &Condition<'_>) -> Vec<Draft> {
    let mut plain: Vec<Draft> = others.iter().filter(|d| d.method == "btree" && !d.keys.is_empty()).cloned().collect();
    if plain.is_empty() {
        plain = bare(at, condition);
    }
    plain.sort_by_key(|d| (d.keys.iter().all(|k| condition.fixes(k)), d.rank));
    let mut found: Vec<Draft> = Vec::new();
    for draft in plain {
        let mut partial = Draft { rank: draft.rank + 4, predicate: Some(condition.sql.clone()), ..draft.clone() };
        for (place, key) in draft.keys.iter().enumerate().rev() {
            // What comes behind a list of values is in order only once the list is no key.
            let idle = condition.fixes(key) || (place < draft.equal && condition.asks(key));
            if idle && partial.keys.len() > 1 {
                partial.keys.remove(place);
                partial.reasons.remove(place);
                partial.equal -= usize::from(place < draft.equal);
            }
        }
        if found.iter().any(|other| other.keys == partial.keys) {
            continue;
        }
        partial.reasons.push(format!(
            "WHERE {}: only {} of the rows are in the index",
            crate::text::beginning(&condition.sql, SHOWN),
            crate::fmt::percent(condition.keeps)
        ));
        found.push(partial);
        if found.len() == FORMS {
            break;
        }
    }
    found
}

/// Where the condition is all that is asked: its own column, and the primary key, in whose order the rows often lie.
fn bare(at: &At<'_>, condition: &Condition<'_>) -> Vec<Draft> {
    let Some(Operand::Column(column)) = condition.parts.first().map(|p| &p.operand) else { return Vec::new() };
    let primary = at.table.indexes.iter().find(|i| i.primary);
    let first = primary.and_then(|i| i.keys.first()).and_then(|k| k.column.clone());
    let mut found = Vec::new();
    for (name, rank) in first.iter().map(|first| (first, 10)).chain([(column, 11)]) {
        let mut draft = Draft::btree(rank);
        let reason = format!("{name}: a key of few bytes for the rows that meet the condition");
        if draft.add(at.key(&Operand::Column(name.clone()), None), reason) {
            found.push(draft);
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

/// Constants that statistics show to be rare.
fn is_rare(at: &At<'_>, condition: &Condition<'_>) -> bool {
    let Some(predicate) = condition.parts.first() else { return false };
    let Some(statistics) =
        predicate.operand.column().and_then(|name| at.table.column(name)).and_then(|c| c.statistics.as_ref())
    else {
        return false;
    };
    let values = || condition.parts.iter().flat_map(|p| &p.values);
    let known = values().next().is_some() && values().all(is_literal) && !statistics.most_common.is_empty();
    let distinct = statistics.distinct(at.table.rows.unwrap_or(0.0)).filter(|n| *n <= MOST_VALUES);
    match predicate.test {
        // Where none is NULL there is nothing to put into it.
        Test::IsNull if statistics.null_fraction <= 0.0 => false,
        Test::IsNull | Test::IsNotNull => condition.keeps < RARE,
        Test::Equal | Test::OneOf => {
            let heard_of = |v: &Value| matches!(v, Value::Literal(v) if !is_unheard_of(statistics, v, at.table.rows));
            #[expect(clippy::cast_precision_loss, reason = "a short list")]
            let count = predicate.values.len() as f64;
            known
                && predicate.values.iter().any(heard_of)
                && distinct.is_some_and(|n| condition.keeps < (EXCEPTIONAL * count / n).min(RARE))
        }
        // What all the others are is the rule, and there are some exceptions.
        Test::NotEqual => known && distinct.is_some() && condition.keeps > 0.0 && condition.keeps < RARE,
        _ => false,
    }
}
