//! How many distinct values an index would have, from the sample and from what indexes tell already.

use super::facts::Facts;
use crate::{
    advise::{Candidate, Key},
    server::{
        ServerError,
        mysql::{
            Connection,
            cells::{number, quoted},
        },
    },
};

const COUNTING: &str = "counting distinct values of the sample";

/// How many distinct values the first keys of an index have together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Prefix {
    pub(super) distinct: f64,
    /// As few as there may be: those that were seen, and half of what is believed where that is more.
    pub(super) least: f64,
    /// As many as there may be: what was seen in one place only stands for as many values as the table has such places (the upper bound
    /// of Charikar, Chaudhuri, Motwani and Narasayya, "Towards estimation error guarantees for distinct values", PODS 2000), but for no
    /// more than those seen in two places make likely (Chao, "Nonparametric estimation of the number of classes in a population",
    /// Scandinavian Journal of Statistics 11, 1984).
    pub(super) most: f64,
}

impl Prefix {
    /// Whether there may be more than twice as many, or fewer than two in three.
    pub(super) fn is_guess(self) -> bool {
        self.most > 2.0 * self.distinct || self.least < 0.67 * self.distinct
    }

    fn within(self, least: f64, most: f64) -> Self {
        let clamp = |value: f64| value.max(least).min(most.max(least));
        let few = self.least.max(0.5 * self.distinct);
        Self { distinct: clamp(self.distinct), least: clamp(few), most: clamp(self.most) }
    }
}

/// Distinct values of a candidate's first key, its first two, ….
pub(super) async fn prefixes(
    hand: &mut Connection,
    facts: &Facts,
    candidate: &Candidate,
    stage: &str,
    sampled: f64,
) -> Result<Vec<Prefix>, ServerError> {
    let rows = facts.rows().max(sampled);
    let mut found: Vec<Prefix> = Vec::with_capacity(candidate.keys.len());
    // What is an array in each row has no value to group rows by; with nothing told, the built index says how many values it has.
    let counted = candidate.keys.iter().take_while(|key| !is_array(key)).count();
    for upto in 1..=counted {
        let keys = &candidate.keys[..upto];
        let before = found.last().map_or(1.0, |p| p.distinct);
        let mut prefix = match told(facts, keys) {
            Some(told) => Prefix { distinct: told, least: told, most: told },
            None if upto > 1 && sampled < 5.0 * before => {
                // Too few rows to see the combinations: as if the columns had nothing to do with each other.
                let distinct = independent(hand, &sql(&keys[upto - 1]), stage, sampled, before, rows).await?;
                Prefix { distinct, ..seen(hand, keys, stage, rows).await? }
            }
            None => seen(hand, keys, stage, rows).await?,
        };
        if let Some(last) = found.last().filter(|last| prefix.most > last.most) {
            // There are no more combinations than values of the one times values of the other.
            let alone = seen(hand, &keys[upto - 1..], stage, rows).await?;
            prefix.most = prefix.most.min(last.most * alone.most);
        }
        found.push(prefix.within(before, rows.max(1.0)));
    }
    Ok(found)
}

/// What an index of production says.
fn told(facts: &Facts, keys: &[Key]) -> Option<f64> {
    if keys.iter().any(|k| k.expression || k.prefix.is_some()) {
        return None;
    }
    let names: Vec<&str> = keys.iter().map(|k| k.expr.as_str()).collect();
    facts.distinct(&names)
}

/// Whether a key of a multi-valued index has an entry for each element of an array: `CAST(… AS UNSIGNED ARRAY)`.
fn is_array(key: &Key) -> bool {
    let end = key.expr.trim_end_matches([')', ' ']).to_ascii_uppercase();
    key.expression && end.ends_with(" ARRAY")
}

/// A key as it is grouped by.
fn sql(key: &Key) -> String {
    let whole = if key.expression { format!("({})", key.expr) } else { quoted(&key.expr) };
    key.prefix.map_or(whole.clone(), |length| format!("LEFT({whole}, {length})"))
}

/// What the sample says of some keys together.
async fn seen(hand: &mut Connection, keys: &[Key], stage: &str, rows: f64) -> Result<Prefix, ServerError> {
    let keys: Vec<String> = keys.iter().map(sql).collect();
    let sql = format!(
        "SELECT COALESCE(SUM(k), 0), COUNT(*), COALESCE(SUM(k = 1), 0), COALESCE(SUM(places = 1), 0), COALESCE(SUM(places = 2), 0) \
         FROM (SELECT COUNT(*) AS k, COUNT(DISTINCT whyslow_place) AS places FROM {stage} GROUP BY {}) z",
        keys.join(", ")
    );
    let answer = hand.ask(COUNTING, &sql, Vec::new()).await?;
    let cell = |at| answer.first().and_then(|row| number(row, at)).unwrap_or_default();
    let (sampled, distinct, once) = (cell(0), cell(1), cell(2));
    let times = (rows / sampled.max(1.0)).max(1.0);
    Ok(Prefix {
        distinct: duj1(sampled, rows, distinct, once),
        least: distinct,
        most: distinct + unseen(cell(3), cell(4), times),
    })
}

/// Values that were not seen at most, by those that were seen in one place and in two, of a table with so many times as many places.
pub(in crate::whatif) fn unseen(one_place: f64, two_places: f64, times: f64) -> f64 {
    let likely = one_place * one_place / (2.0 * two_places.max(0.5));
    likely.min(one_place * (times - 1.0))
}

/// The estimator of Haas and Stokes that PostgreSQL uses (`src/backend/commands/analyze.c`): n·d / (n − f₁ + f₁·n/N).
pub(in crate::whatif) fn duj1(sampled: f64, rows: f64, distinct: f64, once: f64) -> f64 {
    if sampled >= rows || sampled < 1.0 {
        return distinct.max(1.0);
    }
    (sampled * distinct / (sampled - once + once * sampled / rows)).clamp(1.0, rows)
}

/// Combinations of `before` groups with one more column, whose values come as often as in the sample: of a group of `rows / before`
/// rows, a value of part p is in it with probability 1 − (1 − p)^(rows / before).
async fn independent(
    hand: &mut Connection,
    key: &str,
    stage: &str,
    sampled: f64,
    before: f64,
    rows: f64,
) -> Result<f64, ServerError> {
    // Values by how often they come.
    let sql = format!("SELECT k, COUNT(*) FROM (SELECT COUNT(*) AS k FROM {stage} GROUP BY {key}) z GROUP BY k");
    let answer = hand.ask(COUNTING, &sql, Vec::new()).await?;
    let frequencies: Vec<(f64, f64)> =
        answer.iter().filter_map(|row| Some((number(row, 0)?, number(row, 1)?))).collect();
    Ok(combined(&frequencies, sampled, before, rows))
}

pub(in crate::whatif) fn combined(frequencies: &[(f64, f64)], sampled: f64, before: f64, rows: f64) -> f64 {
    let once = frequencies.iter().find(|(k, _)| *k <= 1.0).map_or(0.0, |(_, values)| *values);
    if once > 0.5 * sampled {
        return rows;
    }
    let each = rows / before.max(1.0);
    let seen: f64 =
        frequencies.iter().map(|(k, values)| values * (1.0 - (1.0 - k / sampled.max(1.0)).powf(each))).sum();
    (before * seen).clamp(before, rows.max(before))
}

#[cfg(test)]
mod tests {
    use super::{combined, duj1, is_array, unseen};
    use crate::advise::Key;

    #[test]
    fn keys_over_arrays_are_told_from_others() {
        for (sql, expression, array) in [
            ("CAST(doc->'$.tags' AS UNSIGNED ARRAY)", true, true),
            ("(cast(json_extract(`doc`,_utf8mb4'$.tags') as char(40) array))", true, true),
            ("CAST(doc->>'$.n' AS UNSIGNED)", true, false),
            ("an ARRAY", false, false),
        ] {
            assert_eq!(is_array(&Key { expression, ..Key::column(sql) }), array, "{sql}");
        }
    }

    #[test]
    fn values_that_come_once_stand_for_those_that_were_not_seen() {
        for (sampled, rows, distinct, once, expected) in [
            (20_000.0, 20_000.0, 7.0, 0.0, 7.0),
            (20_000.0, 1e6, 7.0, 0.0, 7.0),
            (20_000.0, 1e6, 20_000.0, 20_000.0, 1e6),
            (0.0, 1e6, 0.0, 0.0, 1.0),
        ] {
            let found = duj1(sampled, rows, distinct, once);
            assert!((found - expected).abs() < 1.0, "{found} {expected}");
        }
    }

    #[test]
    fn what_was_seen_once_may_be_everywhere_unless_much_was_seen_twice() {
        for (one, two, times, expected) in [
            (3_000.0, 0.0, 10.0, 27_000.0),
            (9_600.0, 2_400.0, 10.0, 19_200.0),
            (0.0, 5.0, 10.0, 0.0),
            (9.0, 1.0, 1.0, 0.0),
        ] {
            let found = unseen(one, two, times);
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn combinations_are_no_more_than_rows_and_no_fewer_than_groups() {
        // Two values, half and half, in groups of four rows: nearly both in each.
        let both = combined(&[(500.0, 2.0)], 1_000.0, 1_000.0, 4_000.0);
        assert!((both - 1_875.0).abs() < 1.0, "{both}");
        assert!((combined(&[(1.0, 900.0)], 1_000.0, 10.0, 4_000.0) - 4_000.0).abs() < 1e-9);
        assert!((combined(&[(1_000.0, 1.0)], 1_000.0, 10.0, 4_000.0) - 10.0).abs() < 1e-9);
    }
}
