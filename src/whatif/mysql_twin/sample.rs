//! Some of a table's rows, picked along a key without scanning it and read to this machine.
//!
//! All reading runs in a READ ONLY transaction at READ COMMITTED, by ordinary SELECTs that each follow a key for a few rows, several to a
//! request. Twenty rows in a thousand places show columns that follow the key (dates, mostly) better than a hundred in two hundred.

use std::time::{Duration, Instant};

use mysql_async::{Row, Value};

use super::facts::Facts;
use crate::{
    fmt::grouped,
    server::{
        ServerError,
        mysql::{
            Connection,
            cells::{number, quoted, whole},
        },
    },
    whatif::walk::{
        self, Kind, Walk,
        places::{Places, Range, Source, Wanted},
    },
};

/// Rows read in one place.
pub(super) const CHUNK: usize = 20;
/// Places asked for in one request.
const AT_ONCE: usize = 25;
/// Reading stops when a table has taken so long; what was read until then is the sample.
const PATIENCE: Duration = Duration::from_secs(15);

const SAMPLING: &str = "reading a sample of the rows";

/// One row's values, in the order of the columns that are not generated.
pub(super) type Values = Vec<Value>;

/// What was read of a table.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    /// Rows that follow each other along the key, place by place.
    pub(super) places: Vec<Vec<Values>>,
    /// All rows were read.
    pub(super) whole: bool,
    /// The key along which they were picked.
    pub(super) walk: Option<Walk>,
    /// The key's lowest and highest value, where it is one of whole numbers.
    pub(super) ends: Option<(i128, i128)>,
    /// Rows the table has at least, where its statistics say fewer.
    least: Option<f64>,
    /// Reading took too long and was ended before all places were seen.
    stopped: bool,
}

impl Sample {
    /// Rows in it.
    #[expect(clippy::cast_precision_loss, reason = "some ten thousand")]
    pub(super) fn rows(&self) -> f64 {
        self.places.iter().map(Vec::len).sum::<usize>() as f64
    }

    /// `20,000 of about 199,104 rows of orders, in 1,000 places along the primary key`.
    pub(super) fn described(&self, facts: &Facts) -> String {
        let (name, rows) = (crate::text::one_line(&facts.table.name), grouped(self.rows()));
        if self.whole {
            return format!("all {rows} rows of {name}");
        }
        let key = self.walk.as_ref().map_or_else(|| "the primary key".to_owned(), Walk::key);
        let all = match self.least {
            Some(least) => format!("at least {}", grouped(least)),
            None => format!("about {}", grouped(facts.rows())),
        };
        #[expect(clippy::cast_precision_loss, reason = "a thousand")]
        let places = grouped(self.places.len() as f64);
        let stopped = if self.stopped { ", as far as was read in the time there is for it" } else { "" };
        format!("{rows} of {all} rows of {name}, in {places} places along {key}{stopped}")
    }
}

/// Why there is no sample.
#[derive(Debug)]
pub(super) enum Missing {
    /// No key lets rows be picked without reading the whole table.
    NoKey,
    /// The server refused.
    Server(ServerError),
}

impl From<ServerError> for Missing {
    fn from(error: ServerError) -> Self {
        Self::Server(error)
    }
}

/// Reads one.
pub(super) async fn take(connection: &mut Connection, facts: &Facts) -> Result<Sample, Missing> {
    walk::begin(connection, SAMPLING).await?;
    let taken = pick(connection, facts).await;
    let ended = connection.fixed(SAMPLING, "COMMIT").await;
    let taken = taken?;
    ended?;
    Ok(taken)
}

fn columns(facts: &Facts) -> String {
    facts.columns.iter().map(|c| quoted(c)).collect::<Vec<_>>().join(", ")
}

async fn pick(connection: &mut Connection, facts: &Facts) -> Result<Sample, Missing> {
    let wanted = Wanted::of(&facts.table);
    let mut sample =
        Sample { places: Vec::new(), whole: false, walk: None, ends: None, least: wanted.all, stopped: false };
    if let Some(limit) = wanted.all {
        let sql = format!("SELECT {} FROM {} LIMIT {}", columns(facts), facts.name(), limit + 1.0);
        let rows = connection.ask(SAMPLING, &sql, Vec::new()).await?;
        #[expect(clippy::cast_precision_loss, reason = "some ten thousand")]
        if rows.len() as f64 <= limit {
            sample.places.push(rows.into_iter().map(Row::unwrap).collect());
            (sample.whole, sample.least) = (true, None);
            return Ok(sample);
        }
    }
    let places = wanted.places(CHUNK);
    #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
    let walk = walk::best(&facts.table, places as f64).ok_or(Missing::NoKey)?;
    along(connection, facts, &walk, places, &mut sample).await?;
    sample.walk = Some(walk);
    Ok(sample)
}

async fn along(
    connection: &mut Connection,
    facts: &Facts,
    walk: &Walk,
    places: usize,
    sample: &mut Sample,
) -> Result<(), ServerError> {
    let (name, columns) = (facts.name(), columns(facts));
    let source = Source { table: &facts.table, name: &name, columns: &columns };
    let Some(places) = Places::along(connection, &source, walk, (places, CHUNK)).await? else { return Ok(()) };
    let alone = match walk.columns.as_slice() {
        [alone] => Some(alone),
        _ => None,
    };
    if let (Range::Whole(low, high), Some(_)) = (&places.range, alone) {
        sample.ends = Some((*low, *high));
    }
    let start = Instant::now();
    let all: Vec<usize> = (0..places.len()).collect();
    for batch in all.chunks(AT_ONCE) {
        if start.elapsed() > PATIENCE {
            sample.stopped = true;
            break;
        }
        let (mut parts, mut params) = (Vec::new(), Vec::new());
        for (number, place) in batch.iter().enumerate() {
            if let Some((which, given)) = places.rows(connection, &source, *place).await? {
                parts.push(format!("(SELECT {number} AS whyslow_place, {columns} FROM {name} {which})"));
                params.extend(given);
            }
        }
        if parts.is_empty() {
            continue;
        }
        let rows = connection.ask(SAMPLING, &parts.join(" UNION ALL "), params).await?;
        let mut found: Vec<Vec<Values>> = vec![Vec::new(); batch.len()];
        for row in rows {
            let place = whole(&row, 0).and_then(|at| usize::try_from(at).ok()).unwrap_or_default();
            let mut values = row.unwrap();
            values.remove(0);
            if let Some(place) = found.get_mut(place) {
                place.push(values);
            }
        }
        sample.places.extend(found.into_iter().filter(|place| !place.is_empty()));
    }
    // Their order tells where one ends and the next begins.
    if let Some(at) = alone.filter(|(_, kind)| *kind != Kind::Text).and_then(|(column, _)| position(facts, column)) {
        sample.places.sort_by_key(|place| place.first().and_then(|row| ordinal(row.get(at)?)));
    }
    Ok(())
}

/// Where a column stands in a row.
pub(super) fn position(facts: &Facts, column: &str) -> Option<usize> {
    facts.columns.iter().position(|name| name == column)
}

/// A value of a key as a whole number: seconds for dates.
pub(super) fn ordinal(value: &Value) -> Option<i128> {
    match value {
        Value::Int(n) => Some(i128::from(*n)),
        Value::UInt(n) => Some(i128::from(*n)),
        Value::Date(year, month, day, hour, minute, second, _) => {
            // Days since 0000-03-01, by which leap days come last in their year.
            let (y, m) = (i128::from(*year), i128::from(*month));
            let (y, m) = if m > 2 { (y, m - 3) } else { (y - 1, m + 9) };
            let days = 365 * y + y.div_euclid(4) - y.div_euclid(100)
                + y.div_euclid(400)
                + (153 * m + 2) / 5
                + i128::from(*day);
            Some(((days * 24 + i128::from(*hour)) * 60 + i128::from(*minute)) * 60 + i128::from(*second))
        }
        _ => None,
    }
}

/// Rows that a condition selects, if there are at most `most`.
///
/// # Errors
/// [`ServerError`].
pub(super) async fn selected(
    connection: &mut Connection,
    facts: &Facts,
    condition: &str,
    params: Vec<Value>,
    most: usize,
) -> Result<Option<Vec<Values>>, ServerError> {
    let sql = format!("SELECT {} FROM {} WHERE {condition} LIMIT {}", columns(facts), facts.name(), most + 1);
    walk::begin(connection, SAMPLING).await?;
    let rows = connection.ask(SAMPLING, &sql, params).await;
    let ended = connection.fixed(SAMPLING, "COMMIT").await;
    let rows = rows?;
    ended?;
    Ok((rows.len() <= most).then(|| rows.into_iter().map(Row::unwrap).collect()))
}

/// How many rows a statement of ours counts.
pub(super) async fn counted(connection: &mut Connection, of: &str) -> Result<f64, ServerError> {
    let rows = connection.ask("counting rows", &format!("SELECT COUNT(*) FROM {of}"), Vec::new()).await?;
    Ok(rows.first().and_then(|row| number(row, 0)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use mysql_async::Value;

    use super::ordinal;

    #[test]
    fn dates_are_seconds_apart() {
        let at = |y, mo, d, h, mi, s| ordinal(&Value::Date(y, mo, d, h, mi, s, 0)).unwrap();
        assert_eq!(at(2024, 3, 1, 0, 0, 0) - at(2024, 2, 28, 0, 0, 0), 2 * 86_400);
        assert_eq!(at(2023, 3, 1, 0, 0, 0) - at(2023, 2, 28, 23, 59, 58), 2);
        assert_eq!(at(2025, 1, 1, 0, 0, 0) - at(2024, 1, 1, 0, 0, 0), 366 * 86_400);
        assert_eq!(ordinal(&Value::Int(-3)), Some(-3));
        assert_eq!(ordinal(&Value::NULL), None);
    }
}
