//! Partial indexes (PostgreSQL): a rare condition moves from the key into the index's condition.

use super::draft::{At, Draft, SHOWN};
use crate::{
    advise::{
        Key,
        facts::{is_literal, same, selectivity},
    },
    catalog::Column,
    plan::Engine,
    sql::{
        self,
        shape::{Operand, Predicate, Test, Value},
    },
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
/// Columns of such names say in which state a row is, by a number of a short list that the program knows as well.
const STATES: &[&str] = &[
    "state", "status", "type", "kind", "class", "category", "phase", "stage", "step", "level", "mode", "priority",
    "result", "reason",
];

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
            sql: format!("{} AND {}", enclosed(&rarest.sql), enclosed(&next.sql)),
            parts: rarest.parts.iter().chain(&next.parts).copied().collect(),
            keeps: rarest.keeps * next.keeps,
        };
        found.extend(forms(at, others, &both));
    }
    found
}

/// A condition as one of several that all hold.
fn enclosed(sql: &str) -> String {
    if sql.to_uppercase().contains(" OR ") { format!("({sql})") } else { sql.to_owned() }
}

/// Rare conditions, the rarest first.
fn conditions<'a>(at: &At<'a>) -> Vec<Condition<'a>> {
    let mut found: Vec<Condition<'a>> = Vec::new();
    for predicate in at.always.iter().copied().filter(|p| !p.derived && is_of_one(at, p)) {
        let keeps = selectivity(at.table, predicate);
        let alike = |c: &&mut Condition<'_>| {
            // What is compared with a parameter has no place in an index, and must not keep the others out of it.
            let excludes = |p: &Predicate| p.test == Test::NotEqual && p.values.iter().all(is_literal);
            excludes(predicate) && c.parts.iter().all(|p| excludes(p) && p.operand == predicate.operand)
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

/// Whether a condition asks of its own column and nothing else: `a = 1 AND b LIKE $1 OR a = 2` is one for `a`, with more in it.
fn is_of_one(at: &At<'_>, predicate: &Predicate) -> bool {
    let column = predicate.operand.sql();
    let names = sql::columns_of(&predicate.sql, at.engine);
    let is_other = |name: &String| !name.eq_ignore_ascii_case(column) && at.table.column(name).is_some();
    !names.iter().any(is_other) && !sql::words(&predicate.sql, at.engine).iter().any(|word| word == "SELECT")
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
fn is_unheard_of(column: &Column, value: &str, rows: Option<f64>) -> bool {
    let Some(statistics) = &column.statistics else { return false };
    let known: f64 = statistics.most_common.iter().map(|(_, part)| part).sum();
    #[expect(clippy::cast_precision_loss, reason = "a short list")]
    let all = statistics.distinct(rows.unwrap_or(0.0)).is_some_and(|n| statistics.most_common.len() as f64 >= n);
    all && known + statistics.null_fraction > ALL
        && statistics.most_common.iter().all(|(common, _)| !same(column, common, value))
}

/// Whether a value tells which thing or day is asked about (a tenant, a date) and not in which state it is: the next statement asks about
/// another, which an index of this one would not serve.
fn names_one(column: &Column, value: &str) -> bool {
    let type_name = column.type_name.to_lowercase();
    if type_name.starts_with("date") || type_name.starts_with("timestamp") {
        // The end of all days stands for "still valid".
        return !value.contains("infinity") && !value.starts_with("9999");
    }
    let name = column.name.to_lowercase();
    let stem = ["_id", "_uuid", "_guid", "_key"].iter().find_map(|end| name.strip_suffix(end)).or_else(|| {
        let camel = column.name.strip_suffix("Id").or_else(|| column.name.strip_suffix("ID"));
        camel.map(|stem| &name[..stem.len()])
    });
    let is_key = matches!(name.as_str(), "id" | "uuid" | "guid")
        || stem.is_some_and(|s| !STATES.iter().any(|state| s.ends_with(state)));
    type_name == "uuid" || is_key
}

/// Constants that statistics show to be rare.
fn is_rare(at: &At<'_>, condition: &Condition<'_>) -> bool {
    let Some(predicate) = condition.parts.first() else { return false };
    let Some(column) = predicate.operand.column().and_then(|name| at.table.column(name)) else { return false };
    let Some(statistics) = &column.statistics else { return false };
    let values = || condition.parts.iter().flat_map(|p| &p.values);
    let known = values().next().is_some() && values().all(is_literal) && !statistics.most_common.is_empty();
    let distinct = statistics.distinct(at.table.rows.unwrap_or(0.0)).filter(|n| *n <= MOST_VALUES);
    match predicate.test {
        // Where none is NULL there is nothing to put into it.
        Test::IsNull if statistics.null_fraction <= 0.0 => false,
        Test::IsNull | Test::IsNotNull => condition.keeps < RARE,
        Test::Equal | Test::OneOf => {
            let heard_of = |v: &Value| matches!(v, Value::Literal(v) if !is_unheard_of(column, v, at.table.rows));
            let one = |v: &Value| matches!(v, Value::Literal(v) if names_one(column, v));
            #[expect(clippy::cast_precision_loss, reason = "a short list")]
            let count = predicate.values.len() as f64;
            known
                && predicate.values.iter().any(heard_of)
                && !predicate.values.iter().any(one)
                && distinct.is_some_and(|n| condition.keeps < (EXCEPTIONAL * count / n).min(RARE))
        }
        // What all the others are is the rule, and there are some exceptions.
        Test::NotEqual => known && distinct.is_some() && condition.keeps > 0.0 && condition.keeps < RARE,
        _ => false,
    }
}
