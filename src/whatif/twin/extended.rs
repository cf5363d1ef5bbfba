//! Values of extended statistics, byte for byte: no version up to 18 has an input for them.
//!
//! Sources: `statistics/statistics.h`, `statistics/mvdistinct.c`, `dependencies.c`, `mcv.c`.

use std::collections::BTreeMap;

/// `STATS_NDISTINCT_MAGIC`, `STATS_DEPS_MAGIC`, `STATS_MCV_MAGIC`; each with type 1, "basic".
const NDISTINCT: u32 = 0xA352_BFA4;
const DEPENDENCIES: u32 = 0xB454_9A2C;
const MCV: u32 = 0xE1A6_51C2;
const BASIC: u32 = 1;

/// One column of a list of most common combinations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dimension {
    /// Type.
    pub(super) kind: u32,
    /// `typlen`: bytes, or −1 for any number.
    pub(super) length: i16,
    /// Whether a value is passed by itself.
    pub(super) by_value: bool,
    /// Its distinct values as they lie in a row, without their header, in the order of the items' numbers.
    pub(super) values: Vec<Vec<u8>>,
}

/// One most common combination.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    /// For each column the number of its value; none for NULL.
    pub(super) values: Vec<Option<u16>>,
    /// Part of the rows.
    pub(super) frequency: f64,
    /// Part of the rows if the columns were independent.
    pub(super) base_frequency: f64,
}

/// `pg_ndistinct` from its text, `{"1, 2": 33, …}`; `number` says what a column's number is on the twin.
pub(super) fn ndistinct(text: &str, number: impl Fn(i16) -> Option<i16>) -> Option<Vec<u8>> {
    let items: BTreeMap<String, f64> = serde_json::from_str(text).ok()?;
    let mut bytes = header(NDISTINCT, items.len())?;
    for (columns, distinct) in items {
        let columns = numbers(&columns, &number)?;
        bytes.extend(distinct.to_le_bytes());
        bytes.extend(i32::try_from(columns.len()).ok()?.to_le_bytes());
        bytes.extend(columns.iter().flat_map(|c| c.to_le_bytes()));
    }
    Some(bytes)
}

/// `pg_dependencies` from its text, `{"1 => 2": 0.5, "1, 2 => 3": 1.0, …}`.
pub(super) fn dependencies(text: &str, number: impl Fn(i16) -> Option<i16>) -> Option<Vec<u8>> {
    let items: BTreeMap<String, f64> = serde_json::from_str(text).ok()?;
    let mut bytes = header(DEPENDENCIES, items.len())?;
    for (columns, degree) in items {
        let columns = numbers(&columns.replace("=>", ","), &number)?;
        bytes.extend(degree.to_le_bytes());
        bytes.extend(i16::try_from(columns.len()).ok()?.to_le_bytes());
        bytes.extend(columns.iter().flat_map(|c| c.to_le_bytes()));
    }
    Some(bytes)
}

/// `pg_mcv_list`.
pub(super) fn mcv(dimensions: &[Dimension], items: &[Item]) -> Option<Vec<u8>> {
    let mut bytes = header(MCV, items.len())?;
    bytes.extend(i16::try_from(dimensions.len()).ok()?.to_le_bytes());
    bytes.extend(dimensions.iter().flat_map(|d| d.kind.to_le_bytes()));
    let mut all = Vec::new();
    for d in dimensions {
        let mut data = Vec::new();
        for value in &d.values {
            if d.length == -1 {
                data.extend(u32::try_from(value.len()).ok()?.to_le_bytes());
            }
            data.extend(value);
        }
        let aligned: usize = match d.length {
            _ if d.by_value => 0,
            -1 => d.values.iter().map(|v| align(4 + v.len())).sum(),
            length => d.values.len() * align(usize::try_from(length).ok()?),
        };
        for number in [d.values.len(), data.len(), aligned] {
            bytes.extend(i32::try_from(number).ok()?.to_le_bytes());
        }
        bytes.extend(i32::from(d.length).to_le_bytes());
        bytes.extend([u8::from(d.by_value), 0, 0, 0]);
        all.extend(data);
    }
    bytes.extend(all);
    for item in items {
        bytes.extend(item.values.iter().map(|v| u8::from(v.is_none())));
        bytes.extend(item.frequency.to_le_bytes());
        bytes.extend(item.base_frequency.to_le_bytes());
        bytes.extend(item.values.iter().flat_map(|v| v.unwrap_or(0).to_le_bytes()));
    }
    Some(bytes)
}

fn header(magic: u32, items: usize) -> Option<Vec<u8>> {
    let items = u32::try_from(items).ok()?;
    Some([magic, BASIC, items].iter().flat_map(|n| n.to_le_bytes()).collect())
}

/// `1, 2` as the twin's numbers. Those below zero mean expressions and stay.
fn numbers(text: &str, number: &impl Fn(i16) -> Option<i16>) -> Option<Vec<i16>> {
    let one = |n: &str| n.trim().parse::<i16>().ok().and_then(|n| if n < 0 { Some(n) } else { number(n) });
    text.split(',').map(one).collect()
}

const fn align(bytes: usize) -> usize {
    bytes.div_ceil(8) * 8
}

#[cfg(test)]
mod tests {
    use super::{Dimension, Item, dependencies, mcv, ndistinct};

    #[test]
    fn numbers_of_columns_are_the_twins() {
        let number = |n: i16| (n != 9).then_some(n - 1);
        let bytes = ndistinct("{\"2, 4\": 11, \"-1, 2\": 3}", number).unwrap();
        assert_eq!(bytes.len(), 12 + 2 * (8 + 4 + 4));
        assert_eq!(&bytes[..12], [0xA4, 0xBF, 0x52, 0xA3, 1, 0, 0, 0, 2, 0, 0, 0]);
        assert_eq!(&bytes[24..28], [0xff, 0xff, 1, 0], "an expression's number stays");
        let bytes = dependencies("{\"2 => 4\": 0.5, \"2, 4 => 3\": 1.0}", number).unwrap();
        assert_eq!(bytes.len(), 12 + (8 + 2 + 4) + (8 + 2 + 6));
        assert!(ndistinct("{\"9, 2\": 1}", number).is_none() && ndistinct("nonsense", number).is_none());
    }

    #[test]
    fn combinations_lie_as_the_server_lays_them() {
        let dimensions = [
            Dimension { kind: 25, length: -1, by_value: false, values: vec![b"abc".to_vec(), b"x".to_vec()] },
            Dimension { kind: 23, length: 4, by_value: true, values: vec![vec![1, 0, 0, 0]] },
        ];
        let items = [
            Item { values: vec![Some(1), Some(0)], frequency: 0.5, base_frequency: 0.25 },
            Item { values: vec![Some(0), None], frequency: 0.1, base_frequency: 0.05 },
        ];
        let bytes = mcv(&dimensions, &items).unwrap();
        let header = 12 + 2 + 2 * 4 + 2 * 20;
        let values = (4 + 3) + (4 + 1) + 4;
        assert_eq!(bytes.len(), header + values + 2 * (2 + 16 + 4));
        // The second column's sizes: one value, four bytes, none aligned, four a value, by value.
        assert_eq!(&bytes[42..62], [1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(&bytes[header + values + 22..header + values + 24], [0, 1], "the NULL of the second item");
    }
}
