//! B-tree indexes: equalities, then one range or an order; join columns for the inner side of a nested loop.

use super::draft::{At, Draft};
use crate::{
    advise::facts::selectivity,
    plan::Engine,
    sql::shape::{Operand, Predicate, Sort, SortKey, SortKind, Test},
};

/// Join columns that are paired with each other.
const MOST_PAIRED: usize = 4;
/// Keys beyond this narrow nothing down any more.
const MOST_KEYS: usize = 5;

/// Drafts for a source; the rank tells the promising ones.
pub(super) fn drafts(at: &At<'_>) -> Vec<Draft> {
    let equal = equalities(at, &at.always);
    let range = ranges(at, &at.always);
    let mut drafts = Vec::new();

    let by_value = with_equalities(at, &equal, Draft::btree(10));
    let mut by_range = Draft { rank: 5, ..by_value.clone() };
    if let Some(first) = range.first()
        && add(at, &mut by_range, first)
    {
        drafts.push(by_range.clone());
    }
    if let Some(best) = equal.first() {
        let mut single = with_equalities(at, std::slice::from_ref(best), Draft::btree(30));
        // One row is found by the first column alone.
        let rows = at.table.rows.unwrap_or(f64::MAX);
        if selectivity(at.table, best) * rows <= 2.0 {
            single.rank = 1;
        }
        drafts.push(single);
    }
    // For a list of values an order has to be made; only single values keep the order of what follows. PostgreSQL takes no NULL for
    // one: sorted rows of an index are those of keys it knows to be equal (`build_index_pathkeys` in `src/backend/optimizer/path/
    // pathkeys.c`), and `IS NULL` makes none of them so.
    let keeps_order = |p: &&Predicate| match p.test {
        Test::OneOf => false,
        Test::IsNull => at.engine != Engine::PostgreSql,
        _ => true,
    };
    let fixed: Vec<&Predicate> = equal.iter().copied().filter(keeps_order).collect();
    for sort in &at.sorts {
        drafts.extend(ordered(at, &fixed, &[], sort));
        if !at.correlated.is_empty() {
            drafts.extend(ordered(at, &fixed, &at.correlated, sort));
        }
    }
    for (rank, range) in range.iter().enumerate() {
        let mut alone = Draft::btree(if equal.is_empty() { 10 } else { 40 } + u32::try_from(rank).unwrap_or(9));
        if add(at, &mut alone, range) {
            drafts.push(alone);
        }
    }
    drafts.extend(joined(at, &by_value, &range));
    drafts.push(by_value);
    for arm in &at.arms {
        let both: Vec<&Predicate> = at.always.iter().chain(arm).copied().collect();
        let mut draft = with_equalities(at, &equalities(at, &both), Draft::btree(35));
        if let Some(range) = ranges(at, arm).first() {
            add(at, &mut draft, range);
        }
        drafts.push(draft);
    }
    drafts
}

/// Conditions for one value, the most selective first, lists of values last.
fn equalities<'a>(at: &At<'_>, all: &[&'a Predicate]) -> Vec<&'a Predicate> {
    let asks = |p: &&&Predicate| matches!(p.test, Test::Equal | Test::OneOf | Test::IsNull);
    let mut found: Vec<&Predicate> = all.iter().filter(asks).copied().collect();
    found.sort_by(|a, b| {
        let list = |p: &Predicate| p.test == Test::OneOf;
        list(a).cmp(&list(b)).then(selectivity(at.table, a).total_cmp(&selectivity(at.table, b)))
    });
    found
}

/// Conditions for a range, the beginning of a text first, which usually keeps fewer rows.
fn ranges<'a>(at: &At<'_>, all: &[&'a Predicate]) -> Vec<&'a Predicate> {
    let mut found: Vec<&Predicate> = Vec::new();
    for predicate in all.iter().copied().filter(|p| matches!(p.test, Test::Range | Test::LikePrefix)) {
        if !found.iter().any(|p| p.operand == predicate.operand) {
            found.push(predicate);
        }
    }
    found.sort_by(|a, b| selectivity(at.table, a).total_cmp(&selectivity(at.table, b)));
    found
}

fn add(at: &At<'_>, draft: &mut Draft, predicate: &Predicate) -> bool {
    draft.add(at.key(&predicate.operand, Some(predicate.test)), At::reason(predicate))
}

fn with_equalities(at: &At<'_>, equal: &[&Predicate], mut draft: Draft) -> Draft {
    for predicate in equal {
        if draft.keys.len() < MOST_KEYS {
            add(at, &mut draft, predicate);
        }
    }
    draft.equal = draft.keys.len();
    draft
}

/// Equalities, those with a query around among them, then the keys of an order or a group.
fn ordered(at: &At<'_>, fixed: &[&Predicate], around: &[(String, String)], sort: &Sort) -> Option<Draft> {
    let rank = match (sort.kind, sort.limited) {
        (SortKind::Extreme, _) => 2,
        (SortKind::Order, true) => 3,
        (SortKind::Order, false) => 15,
        (SortKind::Window | SortKind::Group | SortKind::Distinct, _) => 20,
        (SortKind::Nearest, _) => return None,
    };
    let mut draft = with_equalities(at, fixed, Draft::btree(rank));
    for (column, other) in around.iter().take(MOST_KEYS.saturating_sub(draft.keys.len() + 1)) {
        let key = at.key(&Operand::Column(column.clone()), Some(Test::Equal));
        draft.add(key, format!("{column}: joined to {other}"));
    }
    let before = draft.keys.len();
    let words = match sort.kind {
        SortKind::Order => "ORDER BY",
        SortKind::Group => "GROUP BY",
        SortKind::Distinct => "DISTINCT",
        SortKind::Window => "OVER",
        SortKind::Extreme => "min or max",
        SortKind::Nearest => "the nearest by",
    };
    let open: Vec<&SortKey> = sort.keys.iter().filter(|k| !draft.has(k.operand.sql())).collect();
    // An index is read backwards too: the first key can always ascend.
    let reversed = open.first().is_some_and(|k| k.desc);
    for sort_key in open {
        let mut key = at.key(&sort_key.operand, None);
        if let Some(key) = &mut key {
            key.desc = sort_key.desc != reversed;
            // PostgreSQL: nulls come last when ascending, first when descending.
            let nulls_first = sort_key.nulls_first.unwrap_or(sort_key.desc) != reversed;
            key.nulls_first = (at.engine == Engine::PostgreSql && nulls_first != key.desc).then_some(nulls_first);
        }
        let direction = if sort_key.desc { " DESC" } else { "" };
        let name = sort_key.operand.sql();
        if draft.keys.len() >= MOST_KEYS || !draft.add(key, format!("{name}: {words} {name}{direction}")) {
            break;
        }
        // What follows a unique key orders nothing any more.
        if at.is_unique(name) {
            break;
        }
    }
    (draft.keys.len() > before).then_some(draft)
}

/// Keys for lookups from another table's rows.
fn joined(at: &At<'_>, by_value: &Draft, ranges: &[&Predicate]) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let reason = |column: &str, other: &str| format!("{column}: joined to {other}");
    let key = |column: &str| at.key(&Operand::Column(column.to_owned()), Some(Test::Equal));
    for (column, other) in &at.joins {
        let mut alone = Draft::btree(12);
        alone.add(key(column), reason(column, other));
        alone.equal = alone.keys.len();
        if let (Some(range), false) = (ranges.first(), alone.keys.is_empty()) {
            let mut with_range = Draft { rank: 22, ..alone.clone() };
            if add(at, &mut with_range, range) {
                drafts.push(with_range);
            }
            let mut behind_range = Draft::btree(26);
            if add(at, &mut behind_range, range) && behind_range.add(key(column), reason(column, other)) {
                drafts.push(behind_range);
            }
        }
        drafts.push(alone);
        // Not when the value is fixed already.
        if !by_value.keys.is_empty() && !by_value.has(column) && by_value.keys.len() < MOST_KEYS {
            let mut both = Draft { rank: 8, ..by_value.clone() };
            both.add(key(column), reason(column, other));
            both.equal = both.keys.len();
            drafts.push(both);
        }
    }
    // Two keys of a join in either order: which of the tables drives is the planner's choice.
    for (first, (one, other)) in at.joins.iter().enumerate().take(MOST_PAIRED) {
        for (_, (second, behind)) in at.joins.iter().enumerate().take(MOST_PAIRED).filter(|(i, _)| *i != first) {
            let mut pair = Draft::btree(19);
            pair.add(key(one), reason(one, other));
            if pair.add(key(second), reason(second, behind)) {
                pair.equal = pair.keys.len();
                drafts.push(pair);
            }
        }
    }
    if at.joins.len() > 2 {
        let mut all = Draft::btree(18);
        for (column, other) in at.joins.iter().take(MOST_KEYS) {
            all.add(key(column), reason(column, other));
        }
        all.equal = all.keys.len();
        drafts.push(all);
    }
    drafts
}
