//! The table of `TiDB`'s `EXPLAIN` and `EXPLAIN ANALYZE` (`row`, `brief` and the older columns, as its documents show them): a row
//! an operator, the tree drawn in the first column. Operators keep its names; those that only fetch from the stores have
//! none in the common vocabulary.

use super::{
    ReadError, Source,
    grid::{Grid, Row},
    source::push,
    text::{Lines, Passage},
};
use crate::plan::{Engine, Node, NodeId, Operator, PlanBuilder, Relation, Role, Rows, Timing};

fn wanted(names: &[String]) -> bool {
    let has = |name: &str| names.iter().any(|n| n == name);
    has("id") && has("operator info") && has("task") && (has("estrows") || has("count"))
}

/// Reads the table that begins on a line, if one does.
pub(super) fn read(lines: &Lines<'_>, at: usize, source: &Source<'_>) -> Option<Passage> {
    let grid = Grid::read(lines, at, wanted)?;
    let mut error = grid.uneven.map(|(line, cells)| {
        let text = lines.get(line).unwrap_or_default();
        lines.error(line, text, 0, format!("{} cells as in the heading, not {cells}", grid.columns.len()))
    });
    let mut builder = PlanBuilder::new();
    // The way from the root to the row before: where its name begins, its node, and what it is.
    let mut path: Vec<(usize, NodeId, Operator)> = Vec::new();
    let mut base = None;
    let mut pushed = Ok(());
    for row in &grid.rows {
        let (column, name) = drawn(grid.indented(row, "id").unwrap_or_default());
        let base = *base.get_or_insert(column);
        if name.is_empty() || (column <= base && !path.is_empty()) {
            let text = lines.get(row.line).unwrap_or_default();
            error.get_or_insert_with(|| lines.error(row.line, text, 0, "an operator below the first one"));
            break;
        }
        while path.last().is_some_and(|(above, ..)| *above >= column) {
            path.pop();
        }
        let above = path.last().map(|(_, id, operator)| (*id, operator));
        let node = node(&grid, row, name, above.map(|(_, operator)| operator), lines.number(row.line));
        let operator = node.operator.clone();
        match push(&mut builder, above.map(|(id, _)| id), node) {
            Ok(id) => path.push((column, id, operator)),
            Err(wrong) => {
                pushed = Err(wrong);
                break;
            }
        }
    }
    let plan = pushed.and_then(|()| plan(builder, source, lines.number(at), error.is_some()));
    if grid.rows.is_empty() && error.is_none() {
        let text = lines.get(at).unwrap_or_default();
        error = Some(lines.error(at, text, text.len(), "a row for each operator"));
    }
    Some(Passage::of(grid.lines, plan, error))
}

fn plan(builder: PlanBuilder, source: &Source<'_>, line: u32, broken: bool) -> Result<crate::plan::Plan, ReadError> {
    let mut plan = source.close(builder, Engine::MySql, line, broken)?;
    plan.version = Some("TiDB".to_owned());
    plan.execution_ms = plan.derived(NodeId::ROOT).wall_ms.filter(|_| plan.analyzed);
    Ok(plan)
}

/// Where the name begins behind the lines of the tree, and the name: `  └─IndexRangeScan_8(Build)`.
fn drawn(cell: &str) -> (usize, &str) {
    let start = cell.find(|c: char| c.is_alphanumeric()).unwrap_or(cell.len());
    (cell[..start].chars().count(), cell[start..].trim())
}

fn node(grid: &Grid, row: &Row, name: &str, above: Option<&Operator>, line: u32) -> Node {
    let (name, side) = match name.split_once('(') {
        Some((name, side)) => (name, side.trim_end_matches(')')),
        None => (name, ""),
    };
    // `TableFullScan_5`; `brief` leaves the number out, and `Point_Get_1` has an underscore of its own.
    let word = match name.rsplit_once('_') {
        Some((word, number)) if number.bytes().all(|b| b.is_ascii_digit()) => word,
        _ => name,
    };
    let role = match (above, side) {
        (None, _) => Role::Root,
        (Some(Operator::HashJoin), "Build") => Role::Inner,
        (Some(Operator::HashJoin), _) => Role::Outer,
        (Some(Operator::Append), _) => Role::Member,
        (Some(_), "Probe") => Role::Inner,
        (Some(_), "Seed Part" | "Recursive Part") => Role::Union,
        (Some(_), _) => Role::Outer,
    };
    let mut node = Node::new(role, operator(word, above), word);
    let info = grid.cell(row, "operator info").unwrap_or_default();
    let number = |column: &str| grid.cell(row, column).and_then(|cell| cell.parse::<f64>().ok()).filter(|n| *n >= 0.0);
    let actual = number("actrows");
    node.rows = Rows {
        estimated: number("estrows").or_else(|| number("count")),
        actual,
        loops: actual.map(|_| 1.0),
        ..Rows::default()
    };
    node.cost.total = number("estcost");
    node.timing = grid.cell(row, "execution info").and_then(time).map(Timing::Inclusive);
    let object = grid.cell(row, "access object").unwrap_or_default();
    let about = |what: &str| object.split(", ").find_map(|part| part.strip_prefix(what));
    node.relation = about("table:").map(|name| Relation { name: name.to_owned(), ..Relation::default() });
    node.index = about("index:").map(|index| index.split('(').next().unwrap_or(index).to_owned());
    match node.operator {
        Operator::Filter => node.conditions.filter = Some(info.to_owned()).filter(|text| !text.is_empty()),
        Operator::HashJoin | Operator::MergeJoin | Operator::NestedLoop => {
            node.conditions.join = info.split_once(", ").map(|(_, conditions)| conditions.to_owned());
            node.native = format!("{word} ({})", info.split(", ").next().unwrap_or_default()).into();
        }
        Operator::Sort => node.keys = vec![info.to_owned()],
        _ => {
            let range = info.split_once("range:").map(|(_, rest)| rest);
            node.conditions.index = range.map(|rest| match rest.find(", keep order") {
                Some(end) => rest[..end].to_owned(),
                None => rest.to_owned(),
            });
        }
    }
    let modelled = ["id", "estrows", "count", "actrows", "estcost"];
    let more = grid.columns.iter().filter(|column| !modelled.contains(&column.as_str()));
    node.extra = more.filter_map(|c| grid.cell(row, c).map(|cell| (c.clone(), cell.to_owned()))).collect();
    node.line = Some(line);
    node
}

/// `time:12.3ms, loops:2, …`, or `tikv_task:{time:…}` of what ran in the stores: wall time with everything below, milliseconds.
fn time(info: &str) -> Option<f64> {
    let start = if info.starts_with("time:") {
        "time:".len()
    } else {
        info.find("{time:").map(|at| at + "{time:".len()).or_else(|| info.find("proc max:").map(|at| at + 9))?
    };
    duration(info[start..].split([',', '}']).next()?)
}

/// `1m2.5s`, `12.3ms`, `458µs` in milliseconds.
fn duration(text: &str) -> Option<f64> {
    let (mut sum, mut rest) = (0.0, text.trim());
    while !rest.is_empty() {
        let unit = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..unit].parse().ok()?;
        let end = rest[unit..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| unit + at);
        sum += number
            * match &rest[unit..end] {
                "h" => 3_600_000.0,
                "m" => 60_000.0,
                "s" => 1_000.0,
                "ms" => 1.0,
                "µs" | "us" | "μs" => 0.001,
                "ns" => 0.000_001,
                _ => return None,
            };
        rest = &rest[end..];
    }
    Some(sum).filter(|ms: &f64| ms.is_finite())
}

fn operator(word: &str, above: Option<&Operator>) -> Operator {
    match word {
        "TableFullScan" => Operator::SeqScan,
        "TableRangeScan" => Operator::IndexScan,
        "TableRowIDScan" => Operator::TidScan,
        "IndexFullScan" => Operator::FullIndexScan,
        // What an index alone answers is read by an `IndexReader`.
        "IndexRangeScan" if matches!(above, Some(Operator::Other(name)) if name == "IndexLookUp") => {
            Operator::IndexScan
        }
        "IndexRangeScan" => Operator::IndexOnlyScan,
        "Point_Get" | "Batch_Point_Get" => Operator::UniqueLookup,
        "Selection" => Operator::Filter,
        "Projection" | "TableDual" => Operator::Result,
        "HashJoin" | "HashLeftJoin" | "HashRightJoin" => Operator::HashJoin,
        "MergeJoin" => Operator::MergeJoin,
        "IndexJoin" | "IndexHashJoin" | "IndexMergeJoin" | "Apply" => Operator::NestedLoop,
        "IndexMerge" => Operator::IndexMerge,
        "HashAgg" => Operator::HashAggregate,
        "StreamAgg" => Operator::GroupAggregate,
        "Sort" | "TopN" => Operator::Sort,
        "Limit" => Operator::Limit,
        "Window" => Operator::WindowAgg,
        "Union" | "UnionAll" | "PartitionUnion" => Operator::Append,
        "CTEFullScan" => Operator::CteScan,
        "CTETable" => Operator::WorkTableScan,
        "CTE" => Operator::RecursiveUnion,
        "SelectLock" => Operator::LockRows,
        "Insert" | "Update" | "Delete" => Operator::ModifyTable,
        other => Operator::Other(other.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;
    use crate::{
        plan::{NodeId, Operator, Role},
        read::read,
    };

    #[test]
    fn the_drawn_tree_becomes_a_plan_with_tidbs_own_names() {
        let text = include_str!("../../tests/fixtures/tidb/join.analyze.txt");
        let plans = read(text).unwrap();
        let plan = &plans[0];
        let shape: Vec<_> = plan.ids().map(|id| (plan.depth(id), plan.title(id), plan.node(id).role)).collect();
        assert_eq!(
            shape,
            [
                (0, "Hash Join".to_owned(), Role::Root),
                (1, "TableReader".to_owned(), Role::Inner),
                (2, "Filter".to_owned(), Role::Outer),
                (3, "Seq Scan on b".to_owned(), Role::Outer),
                (1, "IndexLookUp".to_owned(), Role::Outer),
                (2, "Index Scan using ia on a".to_owned(), Role::Outer),
                (2, "Tid Scan on a".to_owned(), Role::Inner),
            ]
        );
        assert_eq!((plan.version.as_deref(), plan.execution_ms), (Some("TiDB"), Some(12.5)));
        assert_eq!(plan.node(NodeId(5)).conditions.index.as_deref(), Some("[1,1]"));
        let sum: f64 = plan.ids().filter_map(|id| plan.derived(id).self_ms).sum();
        assert!((sum - 12.5).abs() < 0.1, "{sum}");
    }

    #[test]
    fn brief_rows_without_numbers_read_too() {
        let text = "id\testRows\ttask\taccess object\toperator info\nTableReader\t10.00\troot\t\tdata:Selection\n└─Selection\t10.00\tcop[tikv]\t\teq(test.t.a, 1)\n  └─TableFullScan\t10000.00\tcop[tikv]\ttable:t\tkeep order:false, stats:pseudo\n";
        let plans = read(text).unwrap();
        assert_eq!(plans[0].node(NodeId(1)).conditions.filter.as_deref(), Some("eq(test.t.a, 1)"));
        assert_eq!((plans[0].node(NodeId(2)).operator.clone(), plans[0].depth(NodeId(2))), (Operator::SeqScan, 2));
    }

    #[test]
    fn times_of_every_length_are_milliseconds() {
        for (text, ms) in [("1m2.5s", 62_500.0), ("12.3ms", 12.3), ("458µs", 0.458), ("1h", 3_600_000.0), ("0s", 0.0)]
        {
            assert!((duration(text).unwrap() - ms).abs() < 1e-9, "{text}");
        }
        assert_eq!(duration("soon"), None);
    }
}
