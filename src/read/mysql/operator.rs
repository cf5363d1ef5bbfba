//! MySQL's iterators in the common vocabulary.

use super::node::{Feed, RawNode};
use crate::plan::Operator;

/// The operator of a node: by its kind, and where a server writes none, by its words.
pub(super) fn operator(raw: &RawNode) -> Operator {
    match raw.access_type.as_deref() {
        Some("table") => table(raw),
        Some("index") => index(raw),
        Some("join") if raw.join_algorithm.as_deref() == Some("hash") => Operator::HashJoin,
        Some("join") => Operator::NestedLoop,
        Some("filter") => Operator::Filter,
        Some("sort") => Operator::Sort,
        Some("limit") => Operator::Limit,
        Some("aggregate") if raw.group_by => Operator::GroupAggregate,
        Some("aggregate") => Operator::Aggregate,
        Some("temp_table_aggregate") => Operator::HashAggregate,
        Some("materialize") if raw.recursive => Operator::RecursiveUnion,
        Some("materialize") if raw.combines => Operator::SetOp,
        Some("materialize") if raw.temp_table => Operator::TemporaryTable,
        Some("materialize" | "materialize_information_schema") => Operator::Materialize,
        Some("constant_row") => Operator::UniqueLookup,
        // `SELECT COUNT(*)`, for which the storage engine walks through the table.
        Some("count_rows") => Operator::SeqScan,
        Some("materialized_table_function") => Operator::FunctionScan,
        Some("window") => Operator::WindowAgg,
        Some("append") => Operator::Append,
        Some("scan_new_records") => Operator::WorkTableScan,
        Some("rowid_union" | "rowid_intersection" | "index_merge") => Operator::IndexMerge,
        Some("zero_rows" | "zero_rows_aggregated" | "rows_fetched_before_execution" | "stream") => Operator::Result,
        Some("insert_values" | "replace_values" | "delete_rows" | "update_rows") => Operator::ModifyTable,
        _ => by_words(&raw.operation),
    }
}

fn table(raw: &RawNode) -> Operator {
    match (raw.feeds, raw.table_name.as_deref()) {
        (Some(Feed::Cte), _) => Operator::CteScan,
        (Some(Feed::Subquery), Some(name)) if !name.starts_with('<') || name.starts_with("<subquery") => {
            Operator::SubqueryScan
        }
        // `<temporary>`, `<union temporary>`
        (Some(_), _) => Operator::WorkTableScan,
        (None, Some(name)) if name.starts_with('<') => Operator::WorkTableScan,
        (None, _) => Operator::SeqScan,
    }
}

fn index(raw: &RawNode) -> Operator {
    match raw.feeds {
        Some(Feed::Cte) => return Operator::CteScan,
        Some(_) => return Operator::SubqueryScan,
        None => {}
    }
    match raw.index_access_type.as_deref() {
        Some("index_scan") => Operator::FullIndexScan,
        Some("full_text_search") => Operator::FullTextScan,
        Some("index_lookup")
            if raw.operation.starts_with("Single-row") || raw.operation.starts_with("Constant row") =>
        {
            Operator::UniqueLookup
        }
        _ if raw.covering => Operator::IndexOnlyScan,
        _ => Operator::IndexScan,
    }
}

/// Whether an operation is told by its words.
pub(super) fn is_known(operation: &str) -> bool {
    !matches!(by_words(operation), Operator::Other(_))
}

/// Some writers' kinds have no key (measured on 9.7: INSERT … SELECT, UPDATE of joins, weed-out, iterations of a recursion).
fn by_words(operation: &str) -> Operator {
    const WORDS: [(&str, Operator); 7] = [
        ("Insert into", Operator::ModifyTable),
        ("Replace into", Operator::ModifyTable),
        ("Update ", Operator::ModifyTable),
        ("Delete from", Operator::ModifyTable),
        ("Remove duplicate", Operator::Unique),
        ("Append", Operator::Append),
        ("Rows fetched", Operator::Result),
    ];
    let known = WORDS.iter().find(|(start, _)| operation.starts_with(start));
    known.map_or_else(|| Operator::Other(native(operation)), |(_, operator)| operator.clone())
}

/// The server's words for what is done, without the conditions and lists that follow them: those have places of their own.
pub(super) fn native(operation: &str) -> String {
    let end = [": ", " (", ", with ", " over "].iter().filter_map(|mark| operation.find(mark)).min();
    let name = operation[..end.unwrap_or(operation.len())].trim().trim_end_matches(':');
    if name.is_empty() { operation.to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::native;

    #[test]
    fn names_end_where_conditions_begin() {
        for (operation, name) in [
            ("Filter: (o.total > 1450.00)", "Filter"),
            (
                "Index lookup on c using country (country = 'SE'), with index condition: (x)",
                "Index lookup on c using country",
            ),
            (
                "Covering index range scan on orders using customer over (100 <= customer_id)",
                "Covering index range scan on orders using customer",
            ),
            ("Inner hash join (b2.n = b1.n)", "Inner hash join"),
            ("Zero rows (Impossible WHERE)", "Zero rows"),
            ("Limit/Offset: 10/100000 row(s)", "Limit/Offset"),
            ("<not executable by iterator executor>", "<not executable by iterator executor>"),
        ] {
            assert_eq!(native(operation), name);
        }
    }
}
