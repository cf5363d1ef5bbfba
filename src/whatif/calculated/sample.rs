//! What a sample of a table's rows tells of conditions and of distinct values, without a row leaving the server: of each row picked, a
//! hash of some columns and whether each condition holds, as the server itself finds.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use mysql_async::{Row, Value};

use crate::{
    catalog::Table,
    fmt::grouped,
    server::{
        ServerError,
        mysql::{
            Connection,
            cells::{quoted, whole},
        },
    },
    text::one_line,
    whatif::{
        mysql_twin::distinct::{combined, duj1, unseen},
        walk::{
            self,
            places::{Places, Source, Wanted},
        },
    },
};

/// Rows read in one place.
const CHUNK: usize = 20;
/// Places asked for in one request.
const AT_ONCE: usize = 50;
/// Reading stops when a table has taken so long.
const PATIENCE: Duration = Duration::from_secs(5);

const SAMPLING: &str = "looking at a sample of the rows";

/// How sure a number is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lean {
    /// As it is likely.
    Likely,
    /// As few rows as the sample leaves possible.
    Few,
    /// As many rows.
    Many,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub(super) struct Sample {
    /// The place in which each row was read.
    places: Vec<u32>,
    /// Columns and the hash of each row's value; `None` is NULL.
    columns: Vec<(String, Vec<Option<u32>>)>,
    /// Conditions and whether each row passes.
    truths: Vec<(String, Vec<bool>)>,
    /// All rows were read.
    whole: bool,
    /// The key along which they were picked, in words.
    key: String,
    /// What was counted already.
    memo: Arc<Mutex<Memo>>,
}

/// Distinct values by columns, rows and places by conditions.
#[derive(Debug, Default)]
struct Memo {
    distinct: HashMap<Vec<String>, Distinct>,
    hits: HashMap<Vec<String>, (f64, f64)>,
}

/// Distinct values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Distinct {
    pub(super) likely: f64,
    pub(super) least: f64,
    pub(super) most: f64,
}

impl Distinct {
    /// Many values are few rows each.
    pub(super) const fn leaning(self, lean: Lean) -> f64 {
        match lean {
            Lean::Likely => self.likely,
            Lean::Few => self.most,
            Lean::Many => self.least,
        }
    }
}

/// Reads one in a READ ONLY transaction. `None` where no key lets rows be picked without reading the whole table.
pub(super) async fn take(
    connection: &mut Connection,
    table: &Table,
    columns: &[String],
    conditions: &[String],
) -> Result<Option<Sample>, ServerError> {
    walk::begin(connection, SAMPLING).await?;
    let taken = pick(connection, table, columns, conditions).await;
    let ended = connection.fixed(SAMPLING, "COMMIT").await;
    let taken = taken?;
    ended?;
    Ok(taken)
}

async fn pick(
    connection: &mut Connection,
    table: &Table,
    columns: &[String],
    conditions: &[String],
) -> Result<Option<Sample>, ServerError> {
    let hashes = columns.iter().map(|c| format!("CRC32(LOWER({}))", quoted(c)));
    let truths = conditions.iter().map(|c| format!("({c}) IS TRUE"));
    let list: Vec<String> = std::iter::once("1".to_owned()).chain(hashes).chain(truths).collect();
    let list = list.join(", ");
    let name = format!("{}.{}", quoted(&table.schema), quoted(&table.name));
    let mut sample = Sample {
        columns: columns.iter().map(|c| (c.clone(), Vec::new())).collect(),
        truths: conditions.iter().map(|c| (c.clone(), Vec::new())).collect(),
        ..Sample::default()
    };
    let wanted = Wanted::of(table);
    if let Some(limit) = wanted.all {
        let rows = connection
            .ask(SAMPLING, &format!("SELECT 0 AS whyslow_place, {list} FROM {name} LIMIT {}", limit + 1.0), Vec::new())
            .await?;
        #[expect(clippy::cast_precision_loss, reason = "some ten thousand")]
        if rows.len() as f64 <= limit {
            // Which stand together is not told: every row counts as a place.
            for (at, row) in rows.iter().enumerate() {
                sample.add(u32::try_from(at).unwrap_or(u32::MAX), row);
            }
            sample.whole = true;
            return Ok(Some(sample));
        }
    }
    let count = wanted.places(CHUNK);
    #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
    let Some(walk) = walk::best(table, count as f64) else { return Ok(None) };
    sample.key = walk.key();
    let source = Source { table, name: &name, columns: &list };
    let Some(places) = Places::along(connection, &source, &walk, (count, CHUNK)).await? else {
        return Ok(Some(sample));
    };
    let start = Instant::now();
    let all: Vec<usize> = (0..places.len()).collect();
    for batch in all.chunks(AT_ONCE) {
        if start.elapsed() > PATIENCE {
            break;
        }
        let (mut parts, mut params): (Vec<String>, Vec<Value>) = (Vec::new(), Vec::new());
        for place in batch {
            if let Some((which, given)) = places.rows(connection, &source, *place).await? {
                parts.push(format!("(SELECT {place} AS whyslow_place, {list} FROM {name} {which})"));
                params.extend(given);
            }
        }
        if parts.is_empty() {
            continue;
        }
        for row in connection.ask(SAMPLING, &parts.join(" UNION ALL "), params).await? {
            let place = whole(&row, 0).and_then(|at| u32::try_from(at).ok()).unwrap_or_default();
            sample.add(place, &row);
        }
    }
    Ok(Some(sample))
}

impl Sample {
    fn add(&mut self, place: u32, row: &Row) {
        self.places.push(place);
        let hash = |at: usize| whole(row, at).and_then(|n| u32::try_from(n).ok());
        let offset = self.columns.len() + 2;
        for (at, (_, values)) in self.columns.iter_mut().enumerate() {
            values.push(hash(at + 2));
        }
        for (at, (_, values)) in self.truths.iter_mut().enumerate() {
            values.push(hash(at + offset) == Some(1));
        }
    }

    /// Rows in it.
    #[expect(clippy::cast_precision_loss, reason = "some ten thousand")]
    pub(super) const fn rows(&self) -> f64 {
        self.places.len() as f64
    }

    /// `20,000 of about 199,104 rows of orders, in 1,000 places along the primary key`.
    pub(super) fn described(&self, table: &Table) -> String {
        let (name, rows) = (one_line(&table.name), grouped(self.rows()));
        if self.whole {
            return format!("all {rows} rows of {name}");
        }
        let places = grouped(distinct_count(self.places.iter().copied()));
        let all = grouped(table.rows.unwrap_or_default().max(self.rows()));
        format!("{rows} of about {all} rows of {name}, in {places} places along {}", self.key)
    }

    fn column(&self, name: &str) -> Option<&Vec<Option<u32>>> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, values)| values)
    }

    /// Rows of the table that pass all of these conditions. A place counts as one observation, for rows that stand together are alike.
    pub(super) fn passing(&self, conditions: &[&str], rows: f64, unseen: f64, lean: Lean) -> Option<f64> {
        let (hits, places) = self.hits(conditions)?;
        if self.whole {
            return Some(hits);
        }
        let scale = (rows / self.rows().max(1.0)).max(1.0);
        if places < 1.0 {
            return Some(match lean {
                Lean::Likely => unseen.min(scale).max(1.0),
                Lean::Few => 1.0,
                Lean::Many => 3.0 * scale.max(unseen),
            });
        }
        let off = 2.0 / places.sqrt();
        Some(match lean {
            Lean::Likely => hits * scale,
            Lean::Few => (hits * scale * (1.0 - off)).max(1.0),
            Lean::Many => (hits * scale * (1.0 + off) + scale).min(rows),
        })
    }

    /// Rows of the sample that pass, and in how many places they stand.
    #[expect(clippy::cast_precision_loss, reason = "at most as many as places")]
    fn hits(&self, conditions: &[&str]) -> Option<(f64, f64)> {
        let key: Vec<String> = conditions.iter().map(|c| (*c).to_owned()).collect();
        if let Some(known) = self.memo.lock().unwrap_or_else(PoisonError::into_inner).hits.get(&key) {
            return Some(*known);
        }
        let truth = |c: &&str| self.truths.iter().find(|(known, _)| known == c).map(|(_, truth)| truth);
        let truths: Vec<&Vec<bool>> = conditions.iter().map(truth).collect::<Option<_>>()?;
        let passes = |at: &usize| truths.iter().all(|t| t.get(*at) == Some(&true));
        let passing: Vec<u32> = (0..self.places.len()).filter(passes).map(|at| self.places[at]).collect();
        let found = (passing.len() as f64, passing.iter().collect::<HashSet<_>>().len() as f64);
        self.memo.lock().unwrap_or_else(PoisonError::into_inner).hits.insert(key, found);
        Some(found)
    }

    /// Distinct values of some columns together in a table of so many rows.
    pub(super) fn distinct(&self, columns: &[&str], rows: f64) -> Option<Distinct> {
        let key: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
        if let Some(known) = self.memo.lock().unwrap_or_else(PoisonError::into_inner).distinct.get(&key) {
            return Some(*known);
        }
        let found = self.count(columns, rows)?;
        self.memo.lock().unwrap_or_else(PoisonError::into_inner).distinct.insert(key, found);
        Some(found)
    }

    fn count(&self, columns: &[&str], rows: f64) -> Option<Distinct> {
        let found: Vec<&Vec<Option<u32>>> = columns.iter().map(|c| self.column(c)).collect::<Option<_>>()?;
        let one = counts(&self.places, &found);
        let sampled = self.rows();
        if self.whole {
            return Some(Distinct { likely: one.distinct, least: one.distinct, most: one.distinct });
        }
        let times = (rows / sampled.max(1.0)).max(1.0);
        let mut likely = duj1(sampled, rows, one.distinct, one.once);
        let mut most = one.distinct + unseen(one.one_place, one.two_places, times);
        if let [before @ .., last] = columns
            && let Some(first) = (!before.is_empty()).then(|| self.distinct(before, rows)).flatten()
        {
            let alone = counts(&self.places, &[self.column(last)?]);
            if sampled < 5.0 * first.likely {
                likely = combined(&alone.frequencies, sampled, first.likely, rows);
            }
            most = most.min(first.most * (alone.distinct + unseen(alone.one_place, alone.two_places, times)));
            likely = likely.max(first.likely);
        }
        let likely = likely.clamp(1.0, rows.max(1.0));
        Some(Distinct {
            likely,
            least: one.distinct.max(0.5 * likely).min(likely),
            most: most.clamp(likely, rows.max(likely)),
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "some thousand")]
fn distinct_count(values: impl Iterator<Item = u32>) -> f64 {
    values.collect::<HashSet<_>>().len() as f64
}

struct Counts {
    distinct: f64,
    once: f64,
    one_place: f64,
    two_places: f64,
    /// How often values come, and how many come so often.
    frequencies: Vec<(f64, f64)>,
}

#[expect(clippy::cast_precision_loss, reason = "some ten thousand")]
fn counts(places: &[u32], columns: &[&Vec<Option<u32>>]) -> Counts {
    // Places come in order, so that a value's last place tells a new one.
    let mut seen: HashMap<Vec<Option<u32>>, (u32, u32, u32)> = HashMap::new();
    for (at, place) in places.iter().enumerate() {
        let key: Vec<Option<u32>> = columns.iter().map(|c| c.get(at).copied().flatten()).collect();
        let entry = seen.entry(key).or_insert((0, 0, u32::MAX));
        entry.0 += 1;
        if entry.2 != *place {
            (entry.1, entry.2) = (entry.1 + 1, *place);
        }
    }
    let count = |wanted: &dyn Fn(&(u32, u32, u32)) -> bool| seen.values().filter(|v| wanted(v)).count() as f64;
    let mut frequencies: HashMap<u32, u32> = HashMap::new();
    for (rows, ..) in seen.values() {
        *frequencies.entry(*rows).or_default() += 1;
    }
    Counts {
        distinct: seen.len() as f64,
        once: count(&|v| v.0 == 1),
        one_place: count(&|v| v.1 == 1),
        two_places: count(&|v| v.1 == 2),
        frequencies: frequencies.into_iter().map(|(k, n)| (f64::from(k), f64::from(n))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Lean, Sample};

    /// A thousand rows of ten thousand, ten in a place; `a` has five values, `b` is another in each place.
    fn sample() -> Sample {
        let rows = 0..1_000_u32;
        Sample {
            places: rows.clone().map(|i| i / 10).collect(),
            columns: vec![
                ("a".to_owned(), rows.clone().map(|i| Some(i % 5)).collect()),
                ("b".to_owned(), rows.clone().map(|i| Some(i / 10)).collect()),
            ],
            truths: vec![
                ("a = 1".to_owned(), rows.clone().map(|i| i % 5 == 1).collect()),
                ("b = 7".to_owned(), rows.clone().map(|i| i / 10 == 7).collect()),
                ("b = 777".to_owned(), rows.map(|_| false).collect()),
            ],
            ..Sample::default()
        }
    }

    #[test]
    fn what_was_seen_in_many_places_is_sure_and_what_was_seen_in_one_is_not() {
        let s = sample();
        let rows = |condition, lean| s.passing(&[condition], 10_000.0, 1.0, lean).unwrap();
        assert!((rows("a = 1", Lean::Likely) - 2_000.0).abs() < 1.0);
        assert!(rows("a = 1", Lean::Few) > 1_500.0 && rows("a = 1", Lean::Many) < 2_500.0);
        assert!((rows("b = 7", Lean::Likely) - 100.0).abs() < 1.0);
        assert!(rows("b = 7", Lean::Few) < 2.0 && rows("b = 7", Lean::Many) > 300.0);
        assert!(rows("b = 777", Lean::Likely) < 2.0 && rows("b = 777", Lean::Many) > 25.0);
        assert!(s.passing(&["c = 1"], 10_000.0, 1.0, Lean::Likely).is_none());
    }

    #[test]
    fn values_that_stand_together_may_be_many_more() {
        let s = sample();
        let (a, b) = (s.distinct(&["a"], 10_000.0).unwrap(), s.distinct(&["b"], 10_000.0).unwrap());
        assert!((a.likely - 5.0).abs() < 1e-9 && (a.most - 5.0).abs() < 1e-9, "{a:?}");
        assert!((b.likely - 100.0).abs() < 1e-9 && b.most > 900.0, "{b:?}");
        assert!(s.distinct(&["c"], 10_000.0).is_none());
    }
}
