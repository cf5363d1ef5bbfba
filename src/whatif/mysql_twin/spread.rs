//! How a sample becomes a table of the true size: each place's rows are repeated over the stretch of the key that they stand for.
//!
//! A place that begins at 1,000 and whose twenty rows end at 1,019, where the next place begins at 1,200, is repeated ten times, each time
//! twenty further on. So a range of the key holds as many rows as on production, and holes in the key stay as wide as they are. Where
//! the key is no row of numbers, rows are repeated as often as it takes.

use super::{
    facts::Facts,
    sample::{CHUNK, Sample, ordinal, position},
};
use crate::whatif::walk::Kind;

/// Rows a table of a twin has at most.
const MOST: f64 = 1_000_000.0;
/// Bytes it has at most, by production's average row.
const MOST_BYTES: f64 = 200.0 * 1024.0 * 1024.0;
/// Copies of one row at most: their numbers share a number with the row's.
pub(super) const COPIES: i64 = 4_096;

/// One repetition of a place's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Copy {
    /// Which place.
    pub(super) place: i64,
    /// Number of the copy; 0 is the rows themselves.
    pub(super) number: i64,
    /// How much further on in the key.
    pub(super) shift: i64,
    /// Rows whose key is from here on are another place's.
    pub(super) end: i64,
}

/// How a table is filled.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spread {
    pub(super) copies: Vec<Copy>,
    /// The column that is shifted, and whether it holds dates.
    pub(super) shifted: Option<(String, bool)>,
}

impl Spread {
    /// The same with so many times the rows: further copies behind the last ones, like those there are.
    pub(super) fn larger(&self, times: f64) -> Self {
        let ends = self.copies.iter().map(|c| c.end).filter(|end| *end < i64::MAX);
        let first = self.copies.iter().map(|c| c.end).min().unwrap_or_default();
        // As far as from the first stretch's end to the last one's is nearly as far as the whole key.
        let domain = ends.max().map_or(0, |last| last.saturating_sub(first).max(1));
        let numbers = self.copies.iter().map(|c| c.number).max().unwrap_or(0) + 1;
        let mut copies = Vec::new();
        let (mut round, mut left) = (0_i64, times);
        while left > 0.0 && (round + 1) * numbers < COPIES {
            let mut debt = 0.0;
            for copy in &self.copies {
                debt += left.min(1.0);
                if debt < 1.0 {
                    continue;
                }
                debt -= 1.0;
                let further = domain.saturating_mul(round);
                copies.push(Copy {
                    place: copy.place,
                    number: copy.number + round * numbers,
                    shift: copy.shift.saturating_add(further),
                    end: copy.end.saturating_add(further),
                });
            }
            left -= 1.0;
            round += 1;
        }
        Self { copies, shifted: self.shifted.clone() }
    }
}

/// The plan for a table.
pub(super) fn spread(facts: &Facts, sample: &Sample) -> Spread {
    let most = MOST.min(MOST_BYTES / row_bytes(facts));
    match stretches(facts, sample) {
        Some((stretches, column)) => over(&stretches, column, most),
        None => evenly(facts, sample, most),
    }
}

#[expect(clippy::cast_precision_loss, reason = "bytes of an average row")]
fn row_bytes(facts: &Facts) -> f64 {
    (facts.table.bytes.unwrap_or_default() as f64 / facts.rows().max(1.0)).max(20.0)
}

/// What one place stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stretch {
    rows: f64,
    /// The key's value there, one beyond its last whole group of rows, and where the stretch begins and ends.
    start: i128,
    beyond: i128,
    from: i128,
    to: i128,
}

/// The places' stretches, where a single column of whole numbers or dates leads a unique key.
fn stretches(facts: &Facts, sample: &Sample) -> Option<(Vec<Stretch>, (String, bool))> {
    let walk = sample.walk.as_ref()?;
    let index = facts.table.indexes.iter().find(|i| i.name == walk.index && i.unique)?;
    let [(column, kind)] = walk.columns.as_slice() else { return None };
    if *kind == Kind::Text {
        return None;
    }
    let at = position(facts, column)?;
    let several = index.keys.len() > 1;
    let mut all: Vec<Stretch> = Vec::with_capacity(sample.places.len());
    for place in &sample.places {
        let values: Vec<i128> = place.iter().map(|row| ordinal(row.get(at)?)).collect::<Option<_>>()?;
        let (start, last) = (*values.first()?, *values.last()?);
        // The rows of the last value may go on behind what was read.
        let cut = several && values.len() >= CHUNK;
        let (rows, beyond) =
            if cut { (values.iter().filter(|v| **v < last).count(), last) } else { (values.len(), last + 1) };
        if rows == 0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a place's rows")]
        all.push(Stretch { rows: rows as f64, start, beyond, from: start, to: beyond });
    }
    all.dedup_by_key(|stretch| stretch.start);
    let ends = sample.ends.unwrap_or((all.first()?.start, all.last()?.beyond - 1));
    for at in 0..all.len() {
        let next = all.get(at + 1).map_or(ends.1 + 1, |next| next.start);
        all[at].to = next.max(all[at].start + 1);
    }
    if let Some(first) = all.first_mut() {
        first.from = ends.0.min(first.start);
    }
    Some((all, (column.clone(), *kind == Kind::Moment)))
}

fn over(stretches: &[Stretch], shifted: (String, bool), most: f64) -> Spread {
    #[expect(clippy::cast_precision_loss, reason = "a count of rows need not be exact")]
    let whole: f64 = stretches.iter().map(|s| s.rows * (s.to - s.from) as f64 / (s.beyond - s.start) as f64).sum();
    let keep = (most / whole.max(1.0)).min(1.0);
    let mut copies = Vec::new();
    let mut debt = 0.0;
    for (place, stretch) in stretches.iter().enumerate() {
        let span = stretch.beyond - stretch.start;
        let mut number = 0;
        let first = -((stretch.start - stretch.from) / span);
        let mut at = first;
        while stretch.start + at * span < stretch.to {
            let shift = at * span;
            at += 1;
            debt += keep;
            // The rows themselves are there in any case.
            if (debt < 1.0 && shift != 0) || number >= COPIES - 1 {
                continue;
            }
            debt -= 1.0;
            if shift != 0 {
                number += 1;
            }
            let clamp = |n: i128| i64::try_from(n).unwrap_or(i64::MAX);
            copies.push(Copy {
                place: clamp(i128::try_from(place).unwrap_or(0)),
                number: if shift == 0 { 0 } else { number },
                shift: clamp(shift),
                end: clamp(stretch.to),
            });
        }
    }
    Spread { copies, shifted: Some(shifted) }
}

/// Every place as often, so that there are as many rows as production believes.
fn evenly(facts: &Facts, sample: &Sample, most: f64) -> Spread {
    let rows = sample.rows().max(1.0);
    let wanted = facts.rows().max(rows).min(most.max(rows));
    let each = if sample.whole { 1.0 } else { (wanted / rows).round().max(1.0) };
    #[expect(clippy::cast_possible_truncation, reason = "at most some thousand")]
    let each = (each as i64).min(COPIES - 1);
    let mut copies = Vec::new();
    for place in 0..sample.places.len() {
        let place = i64::try_from(place).unwrap_or(0);
        copies.extend((0..each).map(|number| Copy { place, number, shift: 0, end: i64::MAX }));
    }
    Spread { copies, shifted: None }
}

#[cfg(test)]
mod tests {
    use super::{Stretch, over};

    fn stretch(start: i128, beyond: i128, from: i128, to: i128) -> Stretch {
        Stretch { rows: 20.0, start, beyond, from, to }
    }

    #[test]
    fn each_place_is_repeated_over_the_stretch_it_stands_for() {
        let all = [stretch(41, 61, 1, 141), stretch(141, 161, 141, 200)];
        let spread = over(&all, ("id".to_owned(), false), 1e6);
        let of = |place: i64| {
            let copies = spread.copies.iter().filter(|c| c.place == place);
            copies.map(|c| (c.number, c.shift, c.end)).collect::<Vec<_>>()
        };
        assert_eq!(
            of(0),
            [(1, -40, 141), (2, -20, 141), (0, 0, 141), (3, 20, 141), (4, 40, 141), (5, 60, 141), (6, 80, 141)]
        );
        assert_eq!(of(1), [(0, 0, 200), (1, 20, 200), (2, 40, 200)]);
    }

    #[test]
    fn a_larger_table_goes_on_behind_the_last_row() {
        let all = [stretch(0, 20, 0, 100), stretch(100, 120, 100, 200)];
        let spread = over(&all, ("id".to_owned(), false), 1e6);
        let larger = spread.larger(2.5);
        assert_eq!((spread.copies.len(), larger.copies.len()), (10, 25));
        let mut seen = std::collections::BTreeSet::new();
        assert!(larger.copies.iter().all(|c| seen.insert((c.place, c.number))), "numbers tell copies apart");
        assert_eq!(spread.larger(0.5).copies.len(), 5);
    }

    #[test]
    fn holes_in_the_key_stay_holes() {
        // Twenty rows over two hundred values.
        let spread = over(&[stretch(0, 200, 0, 1_000)], ("id".to_owned(), false), 1e6);
        assert_eq!(spread.copies.len(), 5);
    }

    #[test]
    fn what_would_be_too_large_is_thinned_evenly_and_keeps_the_rows_that_were_read() {
        let all = [stretch(0, 20, 0, 20_000), stretch(20_000, 20_020, 20_000, 40_000)];
        let spread = over(&all, ("id".to_owned(), false), 4_000.0);
        assert!((195..=205).contains(&spread.copies.len()), "{}", spread.copies.len());
        for place in [0, 1] {
            assert!(spread.copies.iter().any(|c| c.place == place && c.number == 0));
            let far = spread.copies.iter().filter(|c| c.place == place && c.shift > 10_000).count();
            assert!(far > 40, "{far}");
        }
    }
}
