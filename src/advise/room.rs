//! What bounds leave out: indexes that a statement would gain by and that the budget has no room for.

use super::{
    Candidate, Limits, Weighted, ddl,
    judge::LEAST_ESTIMATED,
    search::{Alone, Found},
    size,
};
use crate::{catalog::Catalog, fmt, text};

/// Lines at most, the greatest gain first.
const MOST: usize = 6;
/// The smallest index is told that saves this part of what the best saves.
const NEARLY: f64 = 0.9;
/// Letters of a statement that a line has room for.
const SHOWN: usize = 48;

/// For each statement that a bound keeps from an index, the smallest of those that save about most, with what it would make of the cost.
/// `used` bytes of the budget are taken, by `count` indexes.
pub(super) fn told(
    found: &Found,
    workload: &[Weighted],
    catalog: &Catalog,
    limits: &Limits,
    (used, count): (u64, usize),
) -> Vec<String> {
    let full = limits.indexes.is_some_and(|most| count >= most);
    let mut lines: Vec<(f64, String)> = Vec::new();
    for ((statement, alone), costs) in workload.iter().zip(&found.alone).zip(&found.costs) {
        let Some((_, now)) = costs else { continue };
        let over = |bytes: u64| limits.bytes.is_some_and(|most| used.saturating_add(bytes) > most);
        let left_out: Vec<_> = alone
            .iter()
            .filter(|one| !found.set.contains(&one.place) && one.weighed < now * (1.0 - LEAST_ESTIMATED))
            .filter_map(|one| {
                let candidate = &found.things.get(usize::from(one.place))?.candidate;
                let bytes = size(candidate, catalog).filter(|bytes| full || over(*bytes))?;
                Some((one, candidate, bytes))
            })
            .collect();
        let best = left_out.iter().map(|(one, ..)| now - one.weighed).fold(0.0, f64::max);
        let nearly = |(one, ..): &&(&Alone, &Candidate, u64)| now - one.weighed >= NEARLY * best;
        let Some((one, candidate, bytes)) = left_out.iter().filter(nearly).min_by_key(|(.., bytes)| *bytes) else {
            continue;
        };
        let bound = if full { "no more indexes are allowed, not even" } else { "the budget has no room left for" };
        let line = format!(
            "{bound} {} on {} ({}): {} → {} for {}",
            ddl::short(candidate),
            candidate.table,
            fmt::bytes(*bytes),
            fmt::cost(*now),
            fmt::cost(one.weighed),
            text::beginning(&text::squeezed(&statement.sql), SHOWN),
        );
        if !lines.iter().any(|(_, other)| *other == line) {
            lines.push(((now - one.weighed) * statement.weight, line));
        }
    }
    lines.sort_by(|a, b| b.0.total_cmp(&a.0));
    lines.into_iter().take(MOST).map(|(_, line)| line).collect()
}

#[cfg(test)]
mod tests {
    use super::told;
    use crate::{
        advise::{
            Candidate, Key, Limits, Weighted,
            search::{Alone, Found, Thing},
        },
        catalog::{Catalog, Table},
        plan::Engine::PostgreSql,
    };

    #[test]
    fn what_the_budget_has_no_room_for_is_told() {
        let thing = Thing {
            candidate: Candidate {
                engine: PostgreSql,
                schema: "public".to_owned(),
                table: "t".to_owned(),
                method: "btree",
                keys: vec![Key::column("a")],
                include: Vec::new(),
                predicate: None,
                replaces: Vec::new(),
                reasons: Vec::new(),
            },
            bytes: 3e7,
            upkeep: 0.0,
            parts: Vec::new(),
        };
        let table = Table { schema: "public".to_owned(), name: "t".to_owned(), rows: Some(1e6), ..Table::default() };
        let catalog = Catalog { tables: vec![table], ..Catalog::default() };
        let workload = [Weighted { sql: "select 1 from t where a = 1".to_owned(), weight: 1.0 }];
        let found = |set: Vec<u16>, weighed: f64| Found {
            set,
            costs: vec![Some((9_000.0, 9_000.0))],
            alone: vec![vec![Alone { place: 0, weighed, told: weighed }]],
            things: vec![thing.clone()],
            ..Found::default()
        };
        let limits = |bytes: Option<u64>, indexes: Option<usize>| Limits { bytes, indexes, ..Limits::default() };
        for (limits, set, weighed, beginning) in [
            (limits(Some(1 << 20), None), vec![], 9.0, Some("the budget has no room left for (a) on t (")),
            (limits(None, Some(2)), vec![], 9.0, Some("no more indexes are allowed, not even (a) on t (")),
            (limits(Some(1 << 30), Some(3)), vec![], 9.0, None),
            (limits(Some(1 << 20), None), vec![0], 9.0, None),
            (limits(Some(1 << 20), None), vec![], 8_900.0, None),
        ] {
            let lines = told(&found(set, weighed), &workload, &catalog, &limits, (0, 2));
            assert_eq!(lines.len(), usize::from(beginning.is_some()), "{lines:?}");
            if let Some(beginning) = beginning {
                assert!(
                    lines[0].starts_with(beginning)
                        && lines[0].ends_with(": 9,000 → 9.00 for select 1 from t where a = 1"),
                    "{lines:?}"
                );
            }
        }
    }
}
