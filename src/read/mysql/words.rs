//! The line of a tree, taken apart into what version 2 writes as keys (`sql/join_optimizer/explain_access_path.cc` of 8.0
//! to 9.x; older servers leave out parts, none of which is needed here).

use super::node::RawNode;

/// How a line begins and the kind of iterator that means.
const KINDS: &[(&str, &str)] = &[
    ("Table scan on ", "table"),
    ("Filter:", "filter"),
    ("Sort", "sort"),
    ("Limit", "limit"),
    ("Offset: ", "limit"),
    ("Group aggregate", "aggregate"),
    ("Group (no aggregates)", "aggregate"),
    ("Aggregate using temporary table", "temp_table_aggregate"),
    ("Aggregate:", "aggregate"),
    ("Window ", "window"),
    ("Stream results", "stream"),
    ("Append", "append"),
    ("Materialize table function", "materialized_table_function"),
    ("Materialize", "materialize"),
    ("Union materialize", "materialize"),
    ("Union all materialize", "materialize"),
    ("Intersect materialize", "materialize"),
    ("Intersect all materialize", "materialize"),
    ("Except materialize", "materialize"),
    ("Except all materialize", "materialize"),
    ("Temporary table", "materialize"),
    ("Fill information schema table ", "materialize_information_schema"),
    ("Rows fetched before execution", "rows_fetched_before_execution"),
    ("Zero rows", "zero_rows"),
    ("Zero input rows", "zero_rows_aggregated"),
    ("Constant row from ", "constant_row"),
    ("Count rows in ", "count_rows"),
    ("Scan new records on ", "scan_new_records"),
    ("Deduplicate rows sorted by row ID", "rowid_union"),
    ("Intersect rows sorted by row ID", "rowid_intersection"),
    ("Sort-deduplicate by row ID", "index_merge"),
    ("Invalidate materialized tables", "invalidate_materialized_tables"),
    ("Nested loop ", "join"),
    ("Batched key access ", "join"),
    ("Inner hash join", "join"),
    ("Left hash join", "join"),
    ("Full hash join", "join"),
    ("Hash semijoin", "join"),
    ("Hash antijoin", "join"),
    ("Hash join", "join"),
    ("Remove duplicates from input sorted on ", "remove_duplicates_on_index"),
    ("Insert into ", "insert_values"),
    ("Replace into ", "replace_values"),
    ("Delete from ", "delete_rows"),
    ("Update ", "update_rows"),
];

/// How a look into an index is worded, in lower case, and its kind.
const LOOKS: [(&str, &str); 10] = [
    ("index lookup on ", "index_lookup"),
    ("index range scan on ", "index_range_scan"),
    ("index scan on ", "index_scan"),
    ("index search on ", "full_text_search"),
    ("index skip scan for grouping on ", "group_index_skip_scan"),
    ("index skip scan for deduplication on ", "group_index_skip_scan"),
    ("index skip scan on ", "index_skip_scan"),
    ("index distance scan on ", "index_distance_scan"),
    ("index range lookup on ", "index_lookup"),
    ("index range scan (multi-range read) on ", "index_range_scan"),
];

/// What a line says, its figures taken off before.
pub(super) fn parse(operation: &str) -> RawNode {
    let mut raw = RawNode { operation: operation.to_owned(), ..RawNode::default() };
    if look(operation, &mut raw) {
        return raw;
    }
    // `Sort-deduplicate` is not a `Sort`: the longest beginning decides.
    let known = KINDS.iter().filter(|(start, _)| operation.starts_with(start)).max_by_key(|(start, _)| start.len());
    let Some((start, kind)) = known else { return raw };
    raw.access_type = Some((*kind).to_owned());
    let rest = &operation[start.len()..];
    match *kind {
        "table" | "constant_row" | "count_rows" | "scan_new_records" | "insert_values" | "replace_values" => {
            raw.table_name = Some(name(rest));
        }
        "delete_rows" | "update_rows" => {
            // `a (immediate), b (buffered)`
            raw.table_name = Some(name(rest.split(", ").next().unwrap_or(rest)));
        }
        "filter" => raw.condition = Some(rest.trim().to_owned()),
        "sort" => sort(rest, &mut raw),
        "aggregate" => {
            raw.group_by = operation.starts_with("Group");
            functions(rest, &mut raw);
        }
        "window" => functions(rest, &mut raw),
        "materialize" => materialize(operation, &mut raw),
        "invalidate_materialized_tables" => raw.table_name = invalidator(rest, "(row from "),
        "remove_duplicates_on_index" => raw.index_name = Some(rest.trim().to_owned()),
        "join" => join(operation, &mut raw),
        _ => {}
    }
    raw
}

/// `[Single-row |Covering |Full-text |Multi-range ]index lookup on ALIAS using INDEX (…) over … (reverse), with index
/// condition: …`
fn look(operation: &str, raw: &mut RawNode) -> bool {
    // The letters of a name may be of any case; those before it are the server's.
    let Some(at) = operation.char_indices().take(40).map(|(i, _)| i).find(|i| begins(&operation[*i..], "index "))
    else {
        return false;
    };
    let Some((words, kind)) = LOOKS.iter().find(|(words, _)| begins(&operation[at..], words)) else { return false };
    let before = &operation[..at];
    if !before.split_whitespace().all(|word| {
        ["single-row", "covering", "full-text", "multi-range", "constant"].contains(&word.to_ascii_lowercase().as_str())
    }) {
        return false;
    }
    raw.access_type = Some("index".to_owned());
    raw.index_access_type = Some(if begins(before, "multi-range") { "multi_range_read" } else { *kind }.to_owned());
    raw.covering = before.to_ascii_lowercase().contains("covering");
    if words.contains("(multi-range read)") {
        raw.extra.push(("multi_range_read".to_owned(), "true".to_owned()));
    }
    let rest = &operation[at + words.len()..];
    let (alias, rest) = match rest.split_once(" using ") {
        Some((alias, rest)) if !alias.contains('(') => (alias, rest),
        // `Index range scan on e (re-planned for each iteration)`
        _ => {
            raw.table_name = Some(name(rest));
            if rest.contains("re-planned for each iteration") {
                raw.index_access_type = Some("dynamic_index_range_scan".to_owned());
            }
            raw.pushed = after(rest, ", with index condition: ");
            return true;
        }
    };
    raw.table_name = Some(alias.to_owned());
    raw.pushed = after(rest, ", with index condition: ");
    let rest = rest.split(", with index condition: ").next().unwrap_or(rest);
    let (rest, reverse) = match rest.strip_suffix(" (reverse)") {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    if reverse {
        raw.extra.push(("reverse".to_owned(), "true".to_owned()));
    }
    let end = [" (", " over ", ", "].iter().filter_map(|mark| rest.find(mark)).min().unwrap_or(rest.len());
    raw.index_name = Some(rest[..end].trim().to_owned());
    let more = rest[end..].trim();
    raw.lookup = match more.strip_prefix("over ") {
        Some(ranges) => Some(ranges.to_owned()),
        None => parenthesised(more).map(str::to_owned),
    };
    true
}

fn begins(text: &str, words: &str) -> bool {
    text.get(..words.len()).is_some_and(|start| start.eq_ignore_ascii_case(words))
}

/// A table's name, up to what the server says about it.
fn name(text: &str) -> String {
    let end = [" (", " in secondary engine ", ", "].iter().filter_map(|mark| text.find(mark)).min();
    text[..end.unwrap_or(text.len())].trim().to_owned()
}

fn after(text: &str, mark: &str) -> Option<String> {
    text.split_once(mark).map(|(_, rest)| rest.trim().to_owned())
}

/// What is between the text's first parenthesis and the one that closes it.
fn parenthesised(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('(')?;
    let mut depth = 1_u32;
    let mut quote = None;
    for (at, c) in inside.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return inside.get(..at);
        }
    }
    Some(inside)
}

/// ` with duplicate removal: a, b DESC, limit input to 10 row(s) per chunk`
fn sort(rest: &str, raw: &mut RawNode) {
    let Some((_, fields)) = rest.split_once(": ") else { return };
    let (fields, limit) = match fields.rsplit_once(", limit input to ") {
        Some((fields, limit)) => (fields, limit.split(' ').next()),
        None => (fields, None),
    };
    raw.keys = listed(fields);
    if let Some(limit) = limit {
        raw.extra.push(("per_chunk_limit".to_owned(), limit.to_owned()));
    }
    if rest.starts_with(" with duplicate removal") {
        raw.extra.push(("duplicate_removal".to_owned(), "true".to_owned()));
    }
}

/// Parts between commas that stand in no parenthesis and no quotes.
fn listed(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut depth, mut quote) = (0_i32, None);
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            (None, ',') if depth <= 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

fn functions(rest: &str, raw: &mut RawNode) {
    let functions = rest.split_once(": ").map_or(rest, |(_, functions)| functions).trim();
    if !functions.is_empty() {
        raw.extra.push(("functions".to_owned(), functions.to_owned()));
    }
}

fn materialize(operation: &str, raw: &mut RawNode) {
    raw.cte = operation.contains(" CTE ");
    raw.recursive = operation.starts_with("Materialize recursive");
    raw.combines = ["Union ", "Intersect ", "Except ", "Materialize union"].iter().any(|w| operation.starts_with(w));
    raw.temp_table = operation.starts_with("Temporary table");
    raw.invalidated = operation.contains("(invalidate on row from ");
}

fn invalidator(rest: &str, mark: &str) -> Option<String> {
    let (_, name) = rest.split_once(mark)?;
    Some(name.trim_end_matches(')').to_owned())
}

/// `Nested loop semijoin (FirstMatch)`, `Inner hash join (a = b), (c = d), extra conditions: …`, `Inner hash join (no condition)`
fn join(operation: &str, raw: &mut RawNode) {
    raw.join_algorithm = Some(
        if operation.starts_with("Nested loop") {
            "nested_loop"
        } else if operation.starts_with("Batched key access") {
            "batch_key_access"
        } else {
            "hash"
        }
        .to_owned(),
    );
    if raw.join_algorithm.as_deref() != Some("hash") {
        return;
    }
    let (conditions, extra) = match operation.split_once(", extra conditions: ") {
        Some((conditions, extra)) => (conditions, Some(extra)),
        None => (operation, None),
    };
    raw.extra_condition = extra.map(str::to_owned).into_iter().collect();
    if let Some(at) = conditions.find(" (").filter(|_| !conditions.ends_with("(no condition)")) {
        // Strategies of semi-joins stand in parentheses too, without a comparison.
        raw.hash_condition = listed(&conditions[at..]).into_iter().filter(|c| c.contains(['=', '>', '<'])).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_look_into_an_index_is_taken_apart() {
        for (operation, kind, table, index, lookup, pushed) in [
            (
                "Index lookup on c using country (country = 'SE'), with index condition: (c.country = 'SE')",
                "index_lookup",
                "c",
                Some("country"),
                Some("country = 'SE'"),
                Some("(c.country = 'SE')"),
            ),
            (
                "Covering index range scan on orders using customer over (100 <= customer_id <= 200)",
                "index_range_scan",
                "orders",
                Some("customer"),
                Some("(100 <= customer_id <= 200)"),
                None,
            ),
            ("Index scan on events using ts (reverse)", "index_scan", "events", Some("ts"), None, None),
            (
                "Index range scan on e (re-planned for each iteration)",
                "dynamic_index_range_scan",
                "e",
                None,
                None,
                None,
            ),
            (
                "Single-row covering index lookup on <subquery2> using <auto_distinct_key> (a = f(x.b, ')'))",
                "index_lookup",
                "<subquery2>",
                Some("<auto_distinct_key>"),
                Some("a = f(x.b, ')')"),
                None,
            ),
            (
                "Full-text index search on p using ft (d = 'x')",
                "full_text_search",
                "p",
                Some("ft"),
                Some("d = 'x'"),
                None,
            ),
            (
                "Covering index skip scan for grouping on orders using customer",
                "group_index_skip_scan",
                "orders",
                Some("customer"),
                None,
                None,
            ),
            ("Multi-range index lookup on t using k (a = b)", "multi_range_read", "t", Some("k"), Some("a = b"), None),
        ] {
            let raw = parse(operation);
            assert_eq!(raw.access_type.as_deref(), Some("index"), "{operation}");
            assert_eq!(raw.index_access_type.as_deref(), Some(kind), "{operation}");
            assert_eq!(raw.table_name.as_deref(), Some(table), "{operation}");
            assert_eq!(raw.index_name.as_deref(), index, "{operation}");
            assert_eq!((raw.lookup.as_deref(), raw.pushed.as_deref()), (lookup, pushed), "{operation}");
        }
    }

    #[test]
    fn other_lines_have_their_parts_too() {
        let sort = parse("Sort: a DESC, concat(b,',') , limit input to 10 row(s) per chunk");
        assert_eq!(sort.keys, ["a DESC", "concat(b,',')"]);
        let hash = parse("Inner hash join (a.x = b.x), (a.y = b.y), extra conditions: (a.z < b.z)");
        assert_eq!((hash.hash_condition.len(), hash.extra_condition.len()), (2, 1));
        assert!(parse("Inner hash join (no condition)").hash_condition.is_empty());
        let cte = parse("Materialize CTE big if needed (query plan printed elsewhere)");
        assert!(cte.cte && !cte.recursive);
        assert_eq!(parse("Update o (buffered), c (immediate)").table_name.as_deref(), Some("o"));
        assert_eq!(parse("Table scan on t in secondary engine RAPID").table_name.as_deref(), Some("t"));
        assert_eq!(parse("Something new: x").access_type, None);
    }
}
