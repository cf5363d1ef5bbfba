//! Which way rows of a table are picked without scanning it (MySQL, MariaDB).

pub(in crate::whatif) mod places;

use mysql_async::Value;

use crate::{
    catalog::{Index, Table},
    server::{ServerError, mysql::Connection},
    text::one_line,
};

/// How a key's values are spread, by its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::whatif) enum Kind {
    /// Whole numbers.
    Whole,
    /// Dates and times.
    Moment,
    /// Texts and bytes.
    Text,
}

/// A key along which places are picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::whatif) struct Walk {
    /// The index's name.
    pub(in crate::whatif) index: String,
    /// Its columns, the first ones, with their kinds: one, or two where the first has few values.
    pub(in crate::whatif) columns: Vec<(String, Kind)>,
    /// It is the primary key.
    pub(in crate::whatif) primary: bool,
}

impl Walk {
    /// The key for people: `the primary key`, `the index by_customer`.
    pub(in crate::whatif) fn key(&self) -> String {
        if self.primary { "the primary key".to_owned() } else { format!("the index {}", one_line(&self.index)) }
    }
}

/// A READ ONLY transaction that takes no locks on the rows it reads (at REPEATABLE READ, `INSERT … SELECT` would).
pub(in crate::whatif) async fn begin(connection: &mut Connection, attempted: &str) -> Result<(), ServerError> {
    connection.fixed(attempted, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
    connection.fixed(attempted, "START TRANSACTION READ ONLY").await
}

/// The best key to walk along: the primary key, then a unique one, then any. `places` is how many places are wanted.
pub(in crate::whatif) fn best(table: &Table, places: f64) -> Option<Walk> {
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
fn fractions(n: usize) -> impl Iterator<Item = f64> {
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
fn scattered() -> impl Iterator<Item = f64> {
    std::iter::successors(Some(0.5), |last: &f64| Some((last + 0.618_033_988_749_895).fract()))
}

/// The whole number at a fraction of the way.
fn whole(low: i128, high: i128, fraction: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a place need not be exact")]
    let at = low + ((high - low) as f64 * fraction) as i128;
    match (i64::try_from(at), u64::try_from(at)) {
        (Ok(n), _) => Value::Int(n),
        (Err(_), Ok(n)) => Value::UInt(n),
        (Err(_), Err(_)) => Value::Int(if at < 0 { i64::MIN } else { i64::MAX }),
    }
}

/// The bytes that keys are made of behind what all have in common, sorted; so that hexadecimal keys are picked among
/// hexadecimal ones. Texts are held to printable ASCII, which any character set takes.
fn alphabet(keys: &[Vec<u8>], printable: bool) -> Vec<u8> {
    let common = keys.iter().skip(1).fold(keys.first().map_or(0, Vec::len), |n, key| {
        key.iter().zip(&keys[0]).take(n).take_while(|(a, b)| a == b).count()
    });
    let mut bytes: Vec<u8> = keys
        .iter()
        .flat_map(|key| key[common..].iter().copied())
        .filter(|byte| !printable || (b' '..=b'~').contains(byte))
        .collect();
    bytes.sort_unstable();
    bytes.dedup();
    match (bytes.len() < 2, printable) {
        (false, _) => bytes,
        (true, true) => (b' '..=b'~').collect(),
        (true, false) => (0..=u8::MAX).collect(),
    }
}

/// The text at a fraction of the way in byte order: what both have in common, then four bytes of the alphabet.
fn text(low: &[u8], high: &[u8], fraction: f64, alphabet: &[u8]) -> Vec<u8> {
    let base = alphabet.len().max(1);
    let common = low.iter().zip(high).take_while(|(a, b)| a == b).count();
    let window = |bytes: &[u8], rest: usize| {
        let digit = |i| bytes.get(common + i).map_or(rest, |byte| alphabet.partition_point(|a| a < byte).min(base - 1));
        (0..4).fold(0, |n, i| n * base + digit(i))
    };
    let (from, to) = (window(low, 0), window(high, base - 1));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "between two numbers of 32 bits"
    )]
    let mut at = from + (to.saturating_sub(from) as f64 * fraction) as usize;
    let mut digits = [0; 4];
    for digit in digits.iter_mut().rev() {
        *digit = alphabet.get(at % base).copied().unwrap_or_default();
        at /= base;
    }
    let mut out = low[..common].to_vec();
    if let Err(error) = std::str::from_utf8(&out)
        && std::str::from_utf8(low).is_ok()
    {
        // A cut within a character is none that the server would take.
        out.truncate(error.valid_up_to());
    }
    out.extend(digits);
    out
}

#[cfg(test)]
mod tests {
    use mysql_async::Value;

    use super::{Kind, alphabet, best, fractions, text, whole};
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
        let (low, high) = (b"user-0001".to_vec(), b"user-9999".to_vec());
        let digits = alphabet(&[low.clone(), b"user-4386".to_vec(), b"user-5277".to_vec(), high.clone()], true);
        assert_eq!(digits, b"0123456789");
        let picked: Vec<Vec<u8>> = fractions(50).map(|f| text(&low, &high, f, &digits)).collect();
        assert!(picked.windows(2).all(|w| w[0] < w[1]));
        for one in &picked {
            assert!(one.starts_with(b"user-") && *one >= low && *one <= high, "{one:?}");
        }
        let printable = alphabet(&[], true);
        assert_eq!((printable.len(), alphabet(&[], false).len()), (95, 256));
        assert_eq!(text(b"", b"", 0.5, &printable).len(), 4);
        assert_eq!(text(b"a", b"zzzz", 0.0, &printable), b"a   ");
        assert!(String::from_utf8(text("é".as_bytes(), "ê".as_bytes(), 0.5, &printable)).is_ok());
        assert_eq!(text(&[1, 2], &[1, 2], 0.0, &alphabet(&[], false)), [1, 2, 0, 0, 0, 0]);
        assert_eq!(text(b"x", b"y", 0.5, b""), b"\0\0\0\0");
    }
}
