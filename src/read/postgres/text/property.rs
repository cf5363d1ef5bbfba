//! The lines under a node: `Key: value`, some of which hold several facts.

use std::borrow::Cow;

use super::{
    balance::items,
    field::{Field, Fields, put},
};

/// Keys under which the other formats print lists.
const LISTS: [&str; 7] =
    ["Output", "Sort Key", "Presorted Key", "Group Key", "Params Evaluated", "Conflict Arbiter Indexes", "Hash Key"];

/// Splits `Key: value`. A key begins with a capital letter and has single blanks; the value may be empty.
pub(super) fn property(line: &str) -> Option<(&str, &str)> {
    let colon = line.find(": ").or_else(|| line.strip_suffix(':').map(str::len))?;
    let (key, value) = (&line[..colon], line[colon + 1..].trim());
    let letters = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '/' | '_' | '(' | ')' | '.' | ',' | '%');
    let plausible = key.starts_with(|c: char| c.is_ascii_uppercase()) && key.len() <= 80 && key.chars().all(letters);
    (plausible && !key.contains("  ")).then_some((key, value))
}

/// Whether servers print this key, so that a line with it begins something new whatever stood open before.
pub(super) fn is_known(key: &str) -> bool {
    const KNOWN: [&str; 44] = [
        "Filter",
        "Join Filter",
        "Index Cond",
        "Recheck Cond",
        "Hash Cond",
        "Merge Cond",
        "TID Cond",
        "One-Time Filter",
        "Order By",
        "Run Condition",
        "Cache Key",
        "Cache Mode",
        "Sort Method",
        "Buckets",
        "Batches",
        "Buffers",
        "I/O Timings",
        "WAL",
        "Heap Blocks",
        "Heap Fetches",
        "Index Searches",
        "Workers Planned",
        "Workers Launched",
        "Inner Unique",
        "Rows Removed by Filter",
        "Rows Removed by Join Filter",
        "Rows Removed by Index Recheck",
        "Planning Time",
        "Execution Time",
        "Planning time",
        "Execution time",
        "Total runtime",
        "JIT",
        "Planning",
        "Settings",
        "Remote SQL",
        "Function Call",
        "Subplans Removed",
        "Disabled",
        "Full-sort Groups",
        "Pre-sorted Groups",
        "Storage",
        "Hits",
        "Tuples",
    ];
    KNOWN.contains(&key) || LISTS.contains(&key)
}

/// Whether a key's list is cut at commas.
pub(super) fn is_list(key: &str) -> bool {
    LISTS.contains(&key)
}

/// The items of a list as they stand.
pub(super) fn list(value: Cow<'_, str>) -> Field<'_> {
    Field::List(match value {
        Cow::Borrowed(text) => items(text).into_iter().map(Cow::Borrowed).collect(),
        Cow::Owned(text) => items(&text).into_iter().map(|item| Cow::Owned(item.to_owned())).collect(),
    })
}

/// Takes a property apart into the fields other formats print for it.
pub(super) fn put_property<'t>(key: &'t str, value: Cow<'t, str>, to: &mut Fields<'t>) {
    if is_list(key) {
        put(to, key, list(value));
        return;
    }
    match value {
        Cow::Borrowed(text) => facts(key, text, to),
        // A line that was joined has no text of its own to borrow from.
        Cow::Owned(text) => {
            let mut own: Fields<'_> = Vec::new();
            facts(key, &text, &mut own);
            to.extend(own.into_iter().map(|(key, field)| (Cow::Owned(key.into_owned()), owned(field))));
        }
    }
}

fn owned(field: Field<'_>) -> Field<'static> {
    let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
    match field {
        Field::Text(text) => Field::Text(own(text)),
        Field::Scalar(text) => Field::Scalar(own(text)),
        Field::List(texts) => Field::List(texts.into_iter().map(own).collect()),
        Field::Array(values) => Field::Array(values.into_iter().map(owned).collect()),
        Field::Object(fields) => Field::Object(fields.into_iter().map(|(k, v)| (own(k), owned(v))).collect()),
    }
}

fn facts<'t>(key: &'t str, value: &'t str, to: &mut Fields<'t>) {
    match key {
        "Buffers" => buffers(value, to),
        "I/O Timings" => timings(value, to),
        "WAL" => pairs(value, to, |key| match key {
            "records" => Some("WAL Records"),
            "fpi" => Some("WAL FPI"),
            "bytes" => Some("WAL Bytes"),
            "buffers full" => Some("WAL Buffers Full"),
            "fpi bytes" => Some("WAL FPI Bytes"),
            _ => None,
        }),
        "Heap Blocks" => pairs(value, to, |key| match key {
            "exact" => Some("Exact Heap Blocks"),
            "lossy" => Some("Lossy Heap Blocks"),
            _ => None,
        }),
        "Tuples" => pairs(value, to, |key| match key {
            "inserted" => Some("Tuples Inserted"),
            "updated" => Some("Tuples Updated"),
            "deleted" => Some("Tuples Deleted"),
            "skipped" => Some("Tuples Skipped"),
            _ => None,
        }),
        "Memory" => pairs(value, to, |key| match key {
            "used" => Some("Memory Used"),
            "allocated" => Some("Memory Allocated"),
            _ => None,
        }),
        "Estimates" => pairs(value, to, |key| match key {
            "capacity" => Some("Estimated Capacity"),
            "distinct keys" => Some("Estimated Distinct Lookup Keys"),
            "lookups" => Some("Estimated Lookups"),
            "hit percent" => Some("Estimated Hit Percent"),
            _ => None,
        }),
        "Sampling" => sampling(value, to),
        "Full-sort Groups" | "Pre-sorted Groups" => put(to, key, groups(value)),
        "Sort Method" | "Buckets" | "Batches" | "Planned Partitions" | "Hits" | "Storage" => several(key, value, to),
        "Options" | "Timing" => put(to, key, words(value)),
        _ if value.is_empty() => put(to, key, Field::Text(Cow::Borrowed(""))),
        _ => put(to, key, Field::scalar(value)),
    }
}

/// `hit=1 read=2`, of which names may have blanks (`distinct keys=10`). What is not known is kept.
fn pairs<'t>(value: &'t str, to: &mut Fields<'t>, name: impl Fn(&str) -> Option<&'static str>) {
    for (key, amount) in split_pairs(value) {
        let amount = amount.trim_end_matches(['k', 'B', '%']);
        put(to, name(key).map_or(Cow::Borrowed(key), Cow::Borrowed), Field::scalar(amount));
    }
}

/// The pairs of `a=1 b c=2`.
fn split_pairs(value: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = value;
    while let Some((key, after)) = rest.split_once('=') {
        let end = after.find([' ', ',']).unwrap_or(after.len());
        found.push((key.trim_matches([' ', ',']), &after[..end]));
        rest = &after[end..];
    }
    found
}

/// `shared hit=3 read=1 dirtied=1, local hit=5, temp read=10 written=10`.
fn buffers<'t>(value: &'t str, to: &mut Fields<'t>) {
    scoped(value, to, |scope, kind| {
        Some(match (scope, kind) {
            ("shared", "hit") => "Shared Hit Blocks",
            ("shared", "read") => "Shared Read Blocks",
            ("shared", "dirtied") => "Shared Dirtied Blocks",
            ("shared", "written") => "Shared Written Blocks",
            ("local", "hit") => "Local Hit Blocks",
            ("local", "read") => "Local Read Blocks",
            ("local", "dirtied") => "Local Dirtied Blocks",
            ("local", "written") => "Local Written Blocks",
            ("temp", "read") => "Temp Read Blocks",
            ("temp", "written") => "Temp Written Blocks",
            _ => return None,
        })
    });
}

/// `read=1.5 write=0.2` until 14; `shared/local read=1.5, temp write=0.2` in 15 and 16; `shared read=1.5, local …` since 17.
fn timings<'t>(value: &'t str, to: &mut Fields<'t>) {
    scoped(value, to, |scope, kind| {
        Some(match (scope, kind) {
            ("" | "shared/local", "read") => "I/O Read Time",
            ("" | "shared/local", "write") => "I/O Write Time",
            ("shared", "read") => "Shared I/O Read Time",
            ("shared", "write") => "Shared I/O Write Time",
            ("local", "read") => "Local I/O Read Time",
            ("local", "write") => "Local I/O Write Time",
            ("temp", "read") => "Temp I/O Read Time",
            ("temp", "write") => "Temp I/O Write Time",
            _ => return None,
        })
    });
}

/// Pairs in scopes. What is not known (forks count more kinds of blocks) is kept under its own words.
fn scoped<'t>(value: &'t str, to: &mut Fields<'t>, name: impl Fn(&str, &str) -> Option<&'static str>) {
    for part in value.split(',') {
        let mut scope = "";
        for (key, amount) in split_pairs(part) {
            let kind = match key.split_once(' ') {
                Some((first, kind)) => {
                    scope = first;
                    kind
                }
                None => key,
            };
            let known = name(scope, kind).map(Cow::Borrowed);
            let key = known.unwrap_or_else(|| Cow::Owned(format!("{scope} {kind}").trim().to_owned()));
            put(to, key, Field::scalar(amount));
        }
    }
}

/// Several properties in one line, two blanks between: `Buckets: 1024  Batches: 1  Memory Usage: 9kB`.
fn several<'t>(key: &'t str, value: &'t str, to: &mut Fields<'t>) {
    let mut all = vec![(key, value)];
    if let Some((first, rest)) = value.split_once("  ") {
        all[0].1 = first;
        all.extend(rest.split("  ").filter_map(|part| property(part.trim())));
    }
    let hash_table = key == "Buckets";
    for (key, value) in all {
        let amount = value.split(' ').next().unwrap_or_default().trim_end_matches(['k', 'B']);
        let (name, original) = match key {
            "Buckets" => ("Hash Buckets", Some("Original Hash Buckets")),
            "Batches" if hash_table => ("Hash Batches", Some("Original Hash Batches")),
            "Batches" => ("HashAgg Batches", None),
            "Memory Usage" => ("Peak Memory Usage", None),
            "Hits" => ("Cache Hits", None),
            "Misses" => ("Cache Misses", None),
            "Evictions" => ("Cache Evictions", None),
            "Overflows" => ("Cache Overflows", None),
            "Memory" | "Disk" => {
                put(to, "Sort Space Used", Field::scalar(amount));
                put(to, "Sort Space Type", Field::Text(Cow::Borrowed(key)));
                continue;
            }
            "Sort Method" | "Storage" => {
                put(to, key, Field::Text(Cow::Borrowed(value)));
                continue;
            }
            key => (key, None),
        };
        put(to, name, Field::scalar(amount));
        if let Some(original) = original {
            let before = value.split_once("(originally ").map_or(amount, |(_, n)| n.trim_end_matches(')'));
            put(to, original, Field::scalar(before));
        }
    }
}

/// `2  Sort Methods: quicksort, top-N heapsort  Average Memory: 27kB  Peak Memory: 27kB`.
fn groups(value: &str) -> Field<'_> {
    let mut parts = value.split("  ");
    let mut fields: Fields<'_> = Vec::new();
    put(&mut fields, "Group Count", Field::scalar(parts.next().unwrap_or_default()));
    let mut space: [Fields<'_>; 2] = [Vec::new(), Vec::new()];
    for (key, value) in parts.filter_map(|part| property(part.trim())) {
        let amount = Field::scalar(value.trim_end_matches(['k', 'B']));
        match key {
            "Sort Method" | "Sort Methods" => {
                put(&mut fields, "Sort Methods Used", list(Cow::Borrowed(value)));
            }
            "Average Memory" => put(&mut space[0], "Average Sort Space Used", amount),
            "Peak Memory" => put(&mut space[0], "Peak Sort Space Used", amount),
            "Average Disk" => put(&mut space[1], "Average Sort Space Used", amount),
            "Peak Disk" => put(&mut space[1], "Peak Sort Space Used", amount),
            key => put(&mut fields, key, Field::scalar(value)),
        }
    }
    for (key, space) in ["Sort Space Memory", "Sort Space Disk"].into_iter().zip(space) {
        if !space.is_empty() {
            put(&mut fields, key, Field::Object(space));
        }
    }
    Field::Object(fields)
}

/// `system ('50'::real) REPEATABLE ('0'::double precision)`.
fn sampling<'t>(value: &'t str, to: &mut Fields<'t>) {
    let (method, seed) = value.split_once(" REPEATABLE (").map_or((value, None), |(m, seed)| (m, Some(seed)));
    let (method, parameters) = method.split_once(" (").unwrap_or((method, ""));
    put(to, "Sampling Method", Field::scalar(method));
    put(to, "Sampling Parameters", list(Cow::Borrowed(parameters.strip_suffix(')').unwrap_or(parameters))));
    if let Some(seed) = seed {
        put(to, "Repeatable Seed", Field::scalar(seed.strip_suffix(')').unwrap_or(seed)));
    }
}

/// `Inlining false, Optimization false` and `Generation 1.5 ms (Deform 0.3 ms), Inlining 0.0 ms`.
fn words(value: &str) -> Field<'_> {
    let mut fields: Fields<'_> = Vec::new();
    for item in items(value) {
        let (item, part) = item.split_once(" (").map_or((item, None), |(item, part)| (item, Some(part)));
        let Some((key, amount)) = item.split_once(' ') else { continue };
        let amount = Field::scalar(amount.trim_end_matches(" ms"));
        let field = match part.and_then(|part| part.trim_end_matches(')').split_once(' ')) {
            Some((inner, part)) => Field::Object(vec![
                (Cow::Borrowed(inner), Field::scalar(part.trim_end_matches(" ms"))),
                (Cow::Borrowed("Total"), amount),
            ]),
            None => amount,
        };
        put(&mut fields, key, field);
    }
    Field::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::{property, put_property};
    use crate::read::json::{Builder, Kind, Lines};

    fn json(line: &str) -> String {
        let (key, value) = property(line).unwrap();
        let mut fields = Vec::new();
        put_property(key, value.into(), &mut fields);
        let lines = Lines::of("");
        let mut builder = Builder::new("", &lines);
        builder.begin(Kind::Object, 0);
        super::super::field::write(&fields, &mut builder, 0);
        builder.finish().root().unwrap().verbatim()
    }

    #[test]
    fn a_line_of_facts_gives_the_keys_of_the_other_formats() {
        for (line, expected) in [
            ("Filter: (a > 5)", r#"{"Filter": "(a > 5)"}"#),
            ("Sort Key: a, f(b, c) DESC", r#"{"Sort Key": ["a", "f(b, c) DESC"]}"#),
            (
                "Buffers: shared hit=3 read=1, temp read=7 written=8",
                r#"{"Shared Hit Blocks": 3, "Shared Read Blocks": 1, "Temp Read Blocks": 7, "Temp Written Blocks": 8}"#,
            ),
            ("I/O Timings: read=0.5", r#"{"I/O Read Time": 0.5}"#),
            (
                "I/O Timings: shared/local read=0.5, temp write=1.0",
                r#"{"I/O Read Time": 0.5, "Temp I/O Write Time": 1.0}"#,
            ),
            ("I/O Timings: shared read=0.5", r#"{"Shared I/O Read Time": 0.5}"#),
            (
                "WAL: records=1 fpi=2 bytes=99 buffers full=3",
                r#"{"WAL Records": 1, "WAL FPI": 2, "WAL Bytes": 99, "WAL Buffers Full": 3}"#,
            ),
            (
                "Sort Method: external merge  Disk: 2960kB",
                r#"{"Sort Method": "external merge", "Sort Space Used": 2960, "Sort Space Type": "Disk"}"#,
            ),
            (
                "Buckets: 2048 (originally 1024)  Batches: 1  Memory Usage: 40kB",
                r#"{"Hash Buckets": 2048, "Original Hash Buckets": 1024, "Hash Batches": 1, "Original Hash Batches": 1, "Peak Memory Usage": 40}"#,
            ),
            (
                "Planned Partitions: 4  Batches: 5  Memory Usage: 8kB  Disk Usage: 16kB",
                r#"{"Planned Partitions": 4, "HashAgg Batches": 5, "Peak Memory Usage": 8, "Disk Usage": 16}"#,
            ),
            ("Storage: Memory  Maximum Storage: 17kB", r#"{"Storage": "Memory", "Maximum Storage": 17}"#),
            (
                "Full-sort Groups: 2  Sort Methods: quicksort, top-N heapsort  Average Memory: 27kB  Peak Memory: 28kB",
                r#"{"Full-sort Groups": {"Group Count": 2, "Sort Methods Used": ["quicksort", "top-N heapsort"], "Sort Space Memory": {"Average Sort Space Used": 27, "Peak Sort Space Used": 28}}}"#,
            ),
            (
                "Timing: Generation 1.5 ms (Deform 0.3 ms), Total 9.0 ms",
                r#"{"Timing": {"Generation": {"Deform": 0.3, "Total": 1.5}, "Total": 9.0}}"#,
            ),
            (
                "Buffers: shared hit=1 aurora_storage_read=4",
                r#"{"Shared Hit Blocks": 1, "shared aurora_storage_read": 4}"#,
            ),
            ("Storage Table Read Requests: 4", r#"{"Storage Table Read Requests": 4}"#),
        ] {
            assert_eq!(json(line), expected);
        }
    }

    #[test]
    fn prose_and_times_are_no_properties() {
        for line in ["select a: b", "10:00:01 done", "Jan  1 10:00: x", "a > b", "", "->  Seq Scan", "Nov 1 10:00:00 x"]
        {
            assert_eq!(property(line), None, "{line}");
        }
    }
}
