//! Where along a key rows are read, and how many: what both samples have in common, that for temporary tables and that for twins.

use mysql_async::Value;

use super::{Kind, Walk, alphabet, fractions, scattered, text as text_at, whole};
use crate::{
    catalog::Table,
    server::{
        ServerError,
        mysql::{
            Connection,
            cells::{number, quoted, text},
        },
    },
};

/// Rows wanted: with 20,000 the plans agreed with the real index in 63 of 66 trials on MySQL 9.7, 61 on MariaDB 11.8.
const ROWS: f64 = 20_000.0;
/// Bytes of rows wanted at most.
const BYTES: f64 = 32.0 * 1024.0 * 1024.0;
/// Keys read at each end of a range of texts.
const ENDS: usize = 50;

const LOOKING: &str = "looking where rows can be read";

/// How many rows are wanted of a table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::whatif) struct Wanted {
    /// So many.
    pub(in crate::whatif) rows: f64,
    /// As many as the table is believed to have.
    pub(in crate::whatif) believed: f64,
    /// All of them, unless there are more than this.
    pub(in crate::whatif) all: Option<f64>,
}

impl Wanted {
    /// Those of a table.
    pub(in crate::whatif) fn of(table: &Table) -> Self {
        let believed = table.rows.unwrap_or(f64::MAX);
        #[expect(clippy::cast_precision_loss, reason = "bytes of an average row")]
        let row_bytes = table.bytes.map_or(100.0, |b| b as f64) / believed.max(1.0);
        let rows = ROWS.min(BYTES / row_bytes.max(1.0)).max(1_000.0).round();
        // Row counts are estimates, at times of a fraction.
        let all = (believed <= rows * 1.25).then_some(rows * 2.0);
        Self { rows, believed, all }
    }

    /// Places in which they are read, so many in each.
    pub(in crate::whatif) fn places(&self, chunk: usize) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some hundreds")]
        let rows = self.rows as usize;
        rows.div_ceil(chunk)
    }
}

/// A table to sample, its names quoted.
pub(in crate::whatif) struct Source<'a> {
    pub(in crate::whatif) table: &'a Table,
    /// `database`.`table`.
    pub(in crate::whatif) name: &'a str,
    /// Columns that are not generated, in a list.
    pub(in crate::whatif) columns: &'a str,
}

/// The values between which places are picked.
pub(in crate::whatif) enum Range {
    Whole(i128, i128),
    /// The earliest, and seconds to the latest.
    Moment(Value, f64),
    /// The first, the last, and the bytes keys are made of.
    Text(Vec<u8>, Vec<u8>, Vec<u8>),
}

/// Places along a key.
pub(in crate::whatif) struct Places<'a> {
    walk: &'a Walk,
    pub(in crate::whatif) range: Range,
    chunk: usize,
    /// Where along the first column, and where within the second.
    at: Vec<(f64, f64)>,
}

impl<'a> Places<'a> {
    /// So many places with so many rows each; none where the table has no rows.
    pub(in crate::whatif) async fn along(
        connection: &mut Connection,
        source: &Source<'_>,
        walk: &'a Walk,
        (places, chunk): (usize, usize),
    ) -> Result<Option<Self>, ServerError> {
        let Some(first) = walk.columns.first() else { return Ok(None) };
        let range = range(connection, source, first, "", Vec::new()).await?;
        let at = fractions(places).zip(scattered()).collect();
        Ok(range.map(|range| Self { walk, range, chunk, at }))
    }

    /// How many there are.
    pub(in crate::whatif) const fn len(&self) -> usize {
        self.at.len()
    }

    /// The rows of one of them: what stands behind the table's name in a query, and its parameters; none where there are none.
    pub(in crate::whatif) async fn rows(
        &self,
        connection: &mut Connection,
        source: &Source<'_>,
        place: usize,
    ) -> Result<Option<(String, Vec<Value>)>, ServerError> {
        let (Some(first), Some((fraction, within))) = (self.walk.columns.first(), self.at.get(place)) else {
            return Ok(None);
        };
        let (column, index, chunk) = (quoted(&first.0), quoted(&self.walk.index), self.chunk);
        let (at, given) = from(&self.range, *fraction);
        let Some(second) = self.walk.columns.get(1) else {
            let which = format!("FORCE INDEX ({index}) WHERE {column} {at} ORDER BY {column} LIMIT {chunk}");
            return Ok(Some((which, given)));
        };
        // The first column has few values: the place is picked within one of them.
        let sql = format!(
            "SELECT {column} AS whyslow_place FROM {} FORCE INDEX ({index}) WHERE {column} {at} ORDER BY {column} LIMIT 1",
            source.name
        );
        let rows = connection.ask(LOOKING, &sql, given).await?;
        let Some(value) = rows.first().and_then(|row| row.as_ref(0)).cloned() else { return Ok(None) };
        let which = format!("WHERE {column} = ?");
        let Some(inner) = range(connection, source, second, &which, vec![value.clone()]).await? else {
            return Ok(None);
        };
        let (at, more) = from(&inner, *within);
        let order = quoted(&second.0);
        let which = format!("FORCE INDEX ({index}) WHERE {column} = ? AND {order} {at} ORDER BY {order} LIMIT {chunk}");
        Ok(Some((which, std::iter::once(value).chain(more).collect())))
    }
}

/// The lowest and highest value of a key's column; `None` where there is none. Each is one look into the index.
async fn range(
    connection: &mut Connection,
    source: &Source<'_>,
    (named, kind): &(String, Kind),
    within: &str,
    params: Vec<Value>,
) -> Result<Option<Range>, ServerError> {
    let (column, name) = (&quoted(named), source.name);
    if *kind == Kind::Text {
        let binary = source.table.column(named).is_some_and(|c| c.type_name.contains("binary"));
        let mut keys = Vec::new();
        for order in ["", " DESC"] {
            let sql =
                format!("SELECT {column} AS whyslow_place FROM {name} {within} ORDER BY {column}{order} LIMIT {ENDS}");
            let rows = connection.ask(LOOKING, &sql, params.clone()).await?;
            keys.extend(rows.into_iter().filter_map(|mut row| match row.take(0) {
                Some(Value::Bytes(bytes)) => Some(bytes),
                _ => None,
            }));
        }
        let alphabet = alphabet(&keys, !binary);
        let ends = keys.iter().min().zip(keys.iter().max());
        return Ok(ends.map(|(low, high)| Range::Text(low.clone(), high.clone(), alphabet)));
    }
    let seconds = if *kind == Kind::Moment {
        format!("TIMESTAMPDIFF(SECOND, MIN({column}), MAX({column}))")
    } else {
        "0".to_owned()
    };
    let sql = format!("SELECT MIN({column}) AS whyslow_place, MAX({column}), {seconds} FROM {name} {within}");
    let rows = connection.ask(LOOKING, &sql, params).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let end = |at| text(row, at).and_then(|t| t.parse::<i128>().ok());
    Ok(if *kind == Kind::Moment {
        let first = row.as_ref(0).filter(|v| **v != Value::NULL).cloned();
        first.zip(number(row, 2)).map(|(low, seconds)| Range::Moment(low, seconds))
    } else {
        end(0).zip(end(1)).map(|(low, high)| Range::Whole(low, high))
    })
}

/// `>= …` at a fraction of a range, with its parameters.
fn from(range: &Range, fraction: f64) -> (&'static str, Vec<Value>) {
    match range {
        Range::Whole(low, high) => (">= ?", vec![whole(*low, *high, fraction)]),
        Range::Moment(low, seconds) => {
            #[expect(clippy::cast_possible_truncation, reason = "some seconds more or less")]
            let later = (seconds * fraction) as i64;
            (">= CAST(? AS DATETIME) + INTERVAL ? SECOND", vec![low.clone(), Value::Int(later)])
        }
        Range::Text(low, high, alphabet) => (">= ?", vec![Value::Bytes(text_at(low, high, fraction, alphabet))]),
    }
}
