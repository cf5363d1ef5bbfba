//! Which way rows of a table are picked without scanning it.

use mysql_async::Value;

use crate::catalog::{Index, Table};

/// Rows read in one place.
pub(super) const CHUNK: usize = 100;

/// How a key's values are spread, by its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Whole numbers.
    Whole,
    /// Dates and times.
    Moment,
    /// Texts and bytes.
    Text,
}

/// A key along which places are picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Walk {
    /// The index's name.
    pub(super) index: String,
    /// Its columns, the first ones, with their kinds: one, or two where the first has few values.
    pub(super) columns: Vec<(String, Kind)>,
    /// It is the primary key.
    pub(super) primary: bool,
}

/// The best key to walk along: the primary key, then a unique one, then any. `places` is how many places are wanted.
pub(super) fn best(table: &Table, places: f64) -> Option<Walk> {
    let mut usable: Vec<&Index> = table.indexes.iter().filter(|i| !i.disabled && i.method == "btree").collect();
    usable.sort_by_key(|i| (!i.primary, !i.unique));
    usable.into_iter().find_map(|index| {
        let mut columns = index.keys.iter().map_while(|key| {
            let name = key.column.as_ref().filter(|_| key.prefix.is_none() && !key.desc)?;
            Some((name.clone(), kind(&table.column(name)?.type_name)?))
        });
        let first = columns.next()?;
        let values = table.column(&first.0)?.statistics.as_ref().and_then(|s| s.n_distinct);
        let few = values.is_some_and(|n| n < 4.0 * places);
        let second = if few { Some(columns.next()?) } else { None };
        Some(Walk {
            index: index.name.clone(),
            primary: index.primary,
            columns: [Some(first), second].into_iter().flatten().collect(),
        })
    })
}

/// The kind of a type, as `information_schema` prints it.
fn kind(type_name: &str) -> Option<Kind> {
    let word = type_name.split(['(', ' ']).next().unwrap_or_default().to_ascii_lowercase();
    match word.as_str() {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => Some(Kind::Whole),
        "date" | "datetime" | "timestamp" => Some(Kind::Moment),
        "char" | "varchar" | "binary" | "varbinary" | "uuid" => Some(Kind::Text),
        _ => None,
    }
}

/// Fractions 0 to 1, one in each of `n` equal strips, at a place in it that differs from strip to strip; the same in
/// every run, so that a trial can be repeated.
pub(super) fn fractions(n: usize) -> impl Iterator<Item = f64> {
    // Knuth's MMIX generator.
    let mut state = 0x5eed_u64;
    (0..n).map(move |strip| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        #[expect(clippy::cast_precision_loss, reason = "a fraction needs no 53 bits")]
        let (within, strip, n) = ((state >> 11) as f64 / (1_u64 << 53) as f64, strip as f64, n as f64);
        (strip + within) / n
    })
}

/// Fractions 0 to 1 in no order, evenly spread from the first on (steps of the golden ratio).
pub(super) fn scattered() -> impl Iterator<Item = f64> {
    std::iter::successors(Some(0.5), |last: &f64| Some((last + 0.618_033_988_749_895).fract()))
}

/// The whole number at a fraction of the way.
pub(super) fn whole(low: i128, high: i128, fraction: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a place need not be exact")]
    let at = low + ((high - low) as f64 * fraction) as i128;
    match (i64::try_from(at), u64::try_from(at)) {
        (Ok(n), _) => Value::Int(n),
        (Err(_), Ok(n)) => Value::UInt(n),
        (Err(_), Err(_)) => Value::Int(if at < 0 { i64::MIN } else { i64::MAX }),
    }
}

/// The text at a fraction of the way in byte order: what both have in common, then a value between the next four bytes.
/// Texts stay printable ASCII behind the common part, so that any character set takes them.
pub(super) fn text(low: &[u8], high: &[u8], fraction: f64, printable: bool) -> Vec<u8> {
    let common = low.iter().zip(high).take_while(|(a, b)| a == b).count();
    let window = |bytes: &[u8], rest: u8| {
        (0..4).fold(0_u32, |n, i| n << 8 | u32::from(bytes.get(common + i).copied().unwrap_or(rest)))
    };
    let (from, to) = (f64::from(window(low, 0)), f64::from(window(high, 0xff)));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two numbers of 32 bits")]
    let at = (from + (to - from).max(0.0) * fraction) as u32;
    let mut out = low[..common].to_vec();
    out.extend(at.to_be_bytes().map(|byte| if printable { byte.clamp(b' ', b'~') } else { byte }));
    if printable {
        // A cut within a character is none that the server would take.
        out = String::from_utf8_lossy(&out).replace('\u{fffd}', "").into_bytes();
    }
    out
}

#[cfg(test)]
mod tests {
    use mysql_async::Value;

    use super::{Kind, best, fractions, text, whole};
    use crate::catalog::{Column, Index, IndexKey, Statistics, Table};

    fn table(columns: &[(&str, &str, f64)], indexes: &[(&str, &[&str], bool)]) -> Table {
        Table {
            columns: columns
                .iter()
                .map(|(name, kind, distinct)| Column {
                    name: (*name).to_owned(),
                    type_name: (*kind).to_owned(),
                    statistics: Some(Statistics { n_distinct: Some(*distinct), ..Statistics::default() }),
                    ..Column::default()
                })
                .collect(),
            indexes: indexes
                .iter()
                .map(|(name, keys, unique)| Index {
                    name: (*name).to_owned(),
                    method: "btree".to_owned(),
                    keys: keys
                        .iter()
                        .map(|k| IndexKey {
                            column: Some((*k).to_owned()),
                            expr: (*k).to_owned(),
                            ..IndexKey::default()
                        })
                        .collect(),
                    unique: *unique,
                    primary: *name == "PRIMARY",
                    ..Index::default()
                })
                .collect(),
            ..Table::default()
        }
    }

    #[test]
    fn the_primary_key_is_walked_along_where_its_type_lets_places_be_picked() {
        let columns =
            [("id", "bigint unsigned", 1e6), ("tenant", "int", 3.0), ("at", "datetime", 1e5), ("d", "double", 1e6)];
        for (indexes, expected) in [
            (&[("k", &["at"][..], false), ("PRIMARY", &["id"], true)][..], Some(("PRIMARY", 1))),
            (&[("PRIMARY", &["tenant", "id"], true)], Some(("PRIMARY", 2))),
            (&[("PRIMARY", &["id", "tenant"], true)], Some(("PRIMARY", 1))),
            (&[("PRIMARY", &["d"], true), ("k", &["at"], false)], Some(("k", 1))),
            (&[("PRIMARY", &["tenant", "d"], true)], None),
            (&[], None),
        ] {
            let found = best(&table(&columns, indexes), 200.0);
            let found = found.as_ref().map(|w| (w.index.as_str(), w.columns.len()));
            assert_eq!(found, expected);
        }
        let walk = best(&table(&[("u", "char(36)", 1e6)], &[("PRIMARY", &["u"], true)]), 200.0).unwrap();
        assert_eq!(walk.columns, [("u".to_owned(), Kind::Text)]);
    }

    #[test]
    fn places_are_spread_evenly_and_stay_inside() {
        let all: Vec<f64> = fractions(200).collect();
        assert!(all.windows(2).all(|w| w[0] < w[1]) && all.iter().all(|f| (0.0..1.0).contains(f)));
        assert!(fractions(200).eq(all.iter().copied()), "every run picks the same");
        assert_eq!(whole(1, 1_000_001, 0.5), Value::Int(500_001));
        assert_eq!(whole(-10, 10, 0.0), Value::Int(-10));
        assert!(matches!(whole(0, i128::from(u64::MAX), 0.99), Value::UInt(n) if n > 1 << 63));
    }

    #[test]
    fn texts_between_two_texts_sort_between_them() {
        let (low, high) = (&b"user-0001"[..], &b"user-9999"[..]);
        let picked: Vec<Vec<u8>> = fractions(50).map(|f| text(low, high, f, true)).collect();
        assert!(picked.windows(2).all(|w| w[0] <= w[1]));
        for one in &picked {
            assert!(one.starts_with(b"user-") && one.as_slice() >= low && one.iter().all(u8::is_ascii), "{one:?}");
        }
        assert!(picked.iter().collect::<std::collections::BTreeSet<_>>().len() > 40);
        assert_eq!(text(b"", b"", 0.5, true).len(), 4);
        assert!(String::from_utf8(text("é".as_bytes(), "ê".as_bytes(), 0.5, true)).is_ok());
        assert_eq!(text(&[1, 2], &[1, 2], 0.0, false), [1, 2, 0, 0, 0, 0]);
    }
}
