//! MySQL's histograms as `information_schema.COLUMN_STATISTICS` gives them (MySQL 8.4 manual, "Optimizer Statistics";
//! `sql/histograms/histogram.cc`).

use serde_json::Value;

/// Most common values kept.
const KEPT: usize = 100;

/// What a histogram says of a column.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Histogram {
    /// Part of the rows that are NULL.
    pub(super) null_fraction: f64,
    /// Distinct values seen.
    pub(super) distinct: Option<f64>,
    /// Values with the part of the rows each has, most common first; of singleton histograms only.
    pub(super) most_common: Vec<(String, f64)>,
}

/// Reads one; `None` when it is not what the manual describes.
pub(super) fn read(json: &str) -> Option<Histogram> {
    let root: Value = serde_json::from_str(json).ok()?;
    let buckets = root.get("buckets")?.as_array()?;
    let mut out = Histogram { null_fraction: root.get("null-values")?.as_f64()?, ..Histogram::default() };
    match root.get("histogram-type")?.as_str()? {
        // [value, cumulative part]
        "singleton" => {
            let mut below = 0.0;
            for bucket in buckets {
                let upto = bucket.get(1)?.as_f64()?;
                out.most_common.push((literal(bucket.get(0)?), (upto - below).clamp(0.0, 1.0)));
                below = upto;
            }
            out.distinct = Some(count(buckets.len()));
            out.most_common.sort_by(|a, b| b.1.total_cmp(&a.1));
            out.most_common.truncate(KEPT);
        }
        // [lowest, highest, cumulative part, distinct values]
        "equi-height" => {
            out.distinct = buckets.iter().map(|bucket| bucket.get(3)?.as_f64()).sum();
        }
        _ => return None,
    }
    Some(out)
}

#[expect(clippy::cast_precision_loss, reason = "a histogram has at most 1,024 buckets")]
fn count(n: usize) -> f64 {
    n as f64
}

/// A bucket's value as a statement would name it. Strings come as `base64:type254:…`.
fn literal(value: &Value) -> String {
    let Some(text) = value.as_str() else { return value.to_string() };
    let coded = text.strip_prefix("base64:type").and_then(|rest| rest.split_once(':'));
    match coded.and_then(|(_, code)| base64(code)) {
        Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        None => text.to_owned(),
    }
}

/// RFC 4648 with padding; `None` when it is none. Line breaks, which MySQL puts into long ones, are skipped.
fn base64(code: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(code.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in code.bytes().filter(|b| !b.is_ascii_whitespace()).take_while(|b| *b != b'=') {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(six)) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{base64, read};

    // From MySQL 9.7.4: ANALYZE TABLE orders UPDATE HISTOGRAM ON status, total.
    const SINGLETON: &str = r#"{"buckets": [["base64:type254:bmV3", 0.5], ["base64:type254:cGFpZA==", 0.8], ["base64:type254:w6k=", 0.9]], "data-type": "string", "auto-update": false, "null-values": 0.1, "collation-id": 255, "last-updated": "2026-11-21 10:00:00.000000", "sampling-rate": 1.0, "histogram-type": "singleton", "number-of-buckets-specified": 100}"#;
    const EQUI_HEIGHT: &str =
        r#"{"buckets": [[1, 10, 0.5, 10], [11, 40, 1.0, 25]], "null-values": 0.0, "histogram-type": "equi-height"}"#;

    #[test]
    fn both_kinds_of_histogram_are_read() {
        let singleton = read(SINGLETON).unwrap();
        assert!((singleton.null_fraction - 0.1).abs() < 1e-9);
        assert_eq!(singleton.distinct, Some(3.0));
        let names: Vec<&str> = singleton.most_common.iter().map(|(v, _)| v.as_str()).collect();
        assert_eq!(names, ["new", "paid", "é"]);
        assert!((singleton.most_common[1].1 - 0.3).abs() < 1e-9);
        assert_eq!(read(EQUI_HEIGHT).unwrap().distinct, Some(35.0));
        assert!(read(EQUI_HEIGHT).unwrap().most_common.is_empty());
    }

    #[test]
    fn what_is_no_histogram_is_left_alone() {
        for text in ["", "{}", "[]", r#"{"buckets": [[1]], "null-values": 0, "histogram-type": "singleton"}"#] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(base64("b*d"), None);
        assert_eq!(base64("aGVs\nbG8=").as_deref(), Some(&b"hello"[..]));
    }
}
