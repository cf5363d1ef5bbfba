//! What is known of a column's values: its width by type, its distinct values by index and histogram.

use mysql_async::Row;

use crate::{
    catalog::{Column, Statistics, Table},
    server::mysql::{
        cells::{number, text},
        histogram,
    },
};

/// Bytes of a value whose type has variable length, when nothing else tells.
const GUESS: f64 = 16.0;

/// Bytes a value of the type takes in InnoDB (MySQL 8.4 manual, "Data Type Storage Requirements"); `None` when its
/// length varies.
fn fixed_width(data_type: &str, column_type: &str) -> Option<f64> {
    Some(match data_type {
        "tinyint" | "year" | "enum" => 1.0,
        "smallint" => 2.0,
        "mediumint" | "date" | "time" => 3.0,
        "int" | "float" | "timestamp" => 4.0,
        "bigint" | "double" => 8.0,
        "datetime" => 5.0,
        "decimal" => {
            let digits = column_type.split(['(', ',', ')']).nth(1).and_then(|d| d.trim().parse::<f64>().ok());
            (digits.unwrap_or(10.0) * 4.0 / 9.0).ceil()
        }
        _ => return None,
    })
}

/// Gives every column a width: by its type, or of what the average row leaves to columns of variable length; no more than the
/// characters it is declared to hold, since the average row is far too long while the server counts a table's rows anew.
pub(super) fn widths(columns: &mut [Column], rows: &[Row], row_bytes: Option<f64>) {
    let kinds: Vec<(Option<f64>, f64)> = rows
        .iter()
        .map(|row| {
            let fixed = fixed_width(&text(row, 4).unwrap_or_default(), &text(row, 1).unwrap_or_default());
            (fixed, number(row, 5).unwrap_or(f64::MAX))
        })
        .collect();
    let taken: f64 = kinds.iter().filter_map(|(fixed, _)| *fixed).sum();
    let varying = kinds.iter().filter(|(fixed, _)| fixed.is_none()).fold(0.0, |n, _| n + 1.0);
    // InnoDB adds about 20 bytes a row of its own.
    let share =
        row_bytes.filter(|b| *b > 0.0).map_or(GUESS, |b| ((b - taken - 20.0) / f64::max(varying, 1.0)).max(1.0));
    for (column, (fixed, most)) in columns.iter_mut().zip(kinds) {
        let average_width = fixed.unwrap_or_else(|| share.min(most).max(1.0));
        column.statistics = Some(Statistics { average_width, ..Statistics::default() });
    }
}

/// Distinct values of columns that lead an index: the cardinality of the index's first part. Rows as the index query
/// gives them.
pub(super) fn cardinalities(table: &mut Table, rows: &[Row]) {
    for row in rows.iter().filter(|row| text(row, 2).as_deref() == Some("1") && text(row, 4).is_none()) {
        let (Some(name), Some(distinct)) = (text(row, 3), number(row, 7)) else { continue };
        let column = table.columns.iter_mut().find(|c| c.name == name);
        if let Some(statistics) = column.and_then(|c| c.statistics.as_mut()) {
            statistics.n_distinct = Some(statistics.n_distinct.map_or(distinct, |n| n.max(distinct)).max(1.0));
        }
    }
}

/// What histograms say. A cardinality, which is renewed more often, stays.
pub(super) fn histograms(table: &mut Table, rows: &[Row]) {
    for row in rows {
        let (Some(name), Some(json)) = (text(row, 0), text(row, 1)) else { continue };
        let column = table.columns.iter_mut().find(|c| c.name == name);
        let (Some(statistics), Some(histogram)) = (column.and_then(|c| c.statistics.as_mut()), histogram::read(&json))
        else {
            continue;
        };
        statistics.null_fraction = histogram.null_fraction;
        statistics.n_distinct = statistics.n_distinct.or(histogram.distinct);
        statistics.most_common = histogram.most_common;
    }
}

#[cfg(test)]
mod tests {
    use super::fixed_width;

    #[test]
    fn types_of_fixed_length_have_their_width() {
        for (data, column, width) in [
            ("bigint", "bigint unsigned", Some(8.0)),
            ("decimal", "decimal(10,2)", Some(5.0)),
            ("decimal", "decimal(18,4)", Some(8.0)),
            ("datetime", "datetime", Some(5.0)),
            ("varchar", "varchar(20)", None),
        ] {
            assert_eq!(fixed_width(data, column), width, "{column}");
        }
    }
}
