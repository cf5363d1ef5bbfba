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
    let mut items: Vec<Item> = Vec::with_capacity(grid.rows.len());
    // The way from the root of a tree to the row before.
    let mut path: Vec<usize> = Vec::new();
    let mut base = None;
    for row in &grid.rows {
        let (column, name) = drawn(grid.indented(row, "id").unwrap_or_default());
        let base = *base.get_or_insert(column);
        if name.is_empty() || (column <= base && !items.is_empty() && apart(name).is_none()) {
            let text = lines.get(row.line).unwrap_or_default();
            error.get_or_insert_with(|| lines.error(row.line, text, 0, "an operator below the first one"));
            break;
        }
        while path.last().is_some_and(|above| items[*above].column >= column) {
            path.pop();
        }
        let tree = path.first().copied().unwrap_or(items.len());
        let above = path.last().copied();
        path.push(items.len());
        items.push(Item { column, name, row, tree, above });
    }
    let mut builder = PlanBuilder::new();
    let pushed = build(&grid, &mut items, lines, &mut builder);
    let plan = pushed.and_then(|()| plan(builder, source, lines.number(at), error.is_some()));
    if grid.rows.is_empty() && error.is_none() {
        let text = lines.get(at).unwrap_or_default();
        error = Some(lines.error(at, text, text.len(), "a row for each operator"));
    }
    Some(Passage::of(grid.lines, plan, error))
}

/// A row: an operator.
struct Item<'g> {
    /// Where its name begins.
    column: usize,
    name: &'g str,
    row: &'g Row,
    /// The first row of the tree it stands in.
    tree: usize,
    /// The row it works for.
    above: Option<usize>,
}

/// By what others ask for a tree that stands beside the plan's, where a row begins one: a `CTE_0` is read as `data:CTE_0`; what a
/// `ScalarSubQuery_10` gives is named in its own row, `Output: ScalarQueryCol#5`.
fn apart(name: &str) -> Option<Role> {
    let number = name.strip_prefix("CTE_").map(|number| number.split('(').next().unwrap_or(number));
    if number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())) {
        Some(Role::Cte)
    } else {
        name.starts_with("ScalarSubQuery").then_some(Role::InitPlan)
    }
}

/// Puts each tree that stands beside the plan's below the operator that asked for it, which is the one that took longest where there are
/// several: whoever comes first computes it, within its own time, and the others find it there.
fn hang<'g>(grid: &Grid, items: &mut [Item<'g>]) {
    let info = |row: &'g Row| grid.cell(row, "operator info").unwrap_or_default();
    let trees: Vec<usize> = (1..items.len()).filter(|at| items[*at].tree == *at).collect();
    for tree in trees {
        let wanted = match apart(items[tree].name) {
            Some(Role::InitPlan) => info(items[tree].row).split("Output: ").nth(1).unwrap_or_default().to_owned(),
            _ => format!("data:{}", items[tree].name),
        };
        let asks = |item: &Item<'g>| {
            !wanted.is_empty() && info(item.row).split([' ', ',', '(', ')']).any(|word| word == wanted)
        };
        // Not one in a tree that hangs below this one.
        let below = |mut at: usize| {
            while items[at].tree != tree {
                match items[items[at].tree].above {
                    Some(above) => at = above,
                    None => return false,
                }
            }
            true
        };
        let spent = |at: usize| grid.cell(items[at].row, "execution info").and_then(time).unwrap_or(0.0);
        let hosts = (0..items.len()).filter(|at| asks(&items[*at]) && !below(*at));
        // The first of those that took equally long.
        let host = hosts.rev().max_by(|a, b| spent(*a).total_cmp(&spent(*b)));
        items[tree].above = Some(host.unwrap_or(0));
    }
}

/// Adds the operators, each before those that work for it.
fn build(grid: &Grid, items: &mut [Item<'_>], lines: &Lines<'_>, builder: &mut PlanBuilder) -> Result<(), ReadError> {
    hang(grid, items);
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); items.len()];
    for (at, item) in items.iter().enumerate() {
        if let Some(above) = item.above {
            below[above].push(at);
        }
    }
    let mut todo: Vec<(usize, Option<(NodeId, Operator)>)> = items.first().map(|_| (0, None)).into_iter().collect();
    while let Some((at, above)) = todo.pop() {
        let item = &items[at];
        let mut node =
            node(grid, item.row, item.name, above.as_ref().map(|(_, operator)| operator), lines.number(item.row.line));
        if let Some(role) = apart(item.name).filter(|_| item.tree == at && above.is_some()) {
            node.role = role;
            node.subplan = Some(if role == Role::Cte { format!("CTE {}", item.name) } else { item.name.to_owned() });
        }
        let operator = node.operator.clone();
        let id = push(builder, above.map(|(id, _)| id), node)?;
        todo.extend(below[at].iter().rev().map(|inner| (*inner, Some((id, operator.clone())))));
    }
    Ok(())
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
    let info = grid.cell(row, "operator info").unwrap_or_default();
    let operator = match operator(word, above) {
        // `Non-Recursive CTE`, in older versions `None Recursive CTE`.
        Operator::RecursiveUnion if info.starts_with("Non") => Operator::Materialize,
        operator => operator,
    };
    let mut node = Node::new(role, operator, word);
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

    /// A CTE and a sub-query that is computed once stand beside the tree that asks for them.
    #[test]
    fn trees_beside_the_plans_are_put_to_who_asks_for_them() {
        let text = "id\testRows\tactRows\ttask\taccess object\texecution info\toperator info\n\
            Selection_13\t80\t8\troot\t\ttime:30ms, loops:2\tgt(test.t.a, ScalarQueryCol#5)\n\
            └─HashJoin_26\t80\t8\troot\t\ttime:29ms, loops:2\tinner join, equal:[eq(test.t.a, test.t.a)]\n\
            \u{20} ├─CTEFullScan_30(Build)\t80\t8\troot\tCTE:c AS c2\ttime:1ms, loops:2\tdata:CTE_0\n\
            \u{20} └─CTEFullScan_28(Probe)\t80\t8\troot\tCTE:c AS c1\ttime:25ms, loops:2\tdata:CTE_0\n\
            CTE_0\t80\t8\troot\t\ttime:24ms, loops:2\tNon-Recursive CTE\n\
            └─TableReader_25(Seed Part)\t100\t8\troot\t\ttime:23ms, loops:2\tdata:TableFullScan_24\n\
            ScalarSubQuery_10\tN/A\t\troot\t\t\tOutput: ScalarQueryCol#5\n\
            └─MaxOneRow_6\t1\t\troot\t\t\t\n";
        let plans = read(text).unwrap();
        let plan = &plans[0];
        let shape: Vec<_> = plan.ids().map(|id| (plan.depth(id), plan.node(id).native.to_string())).collect();
        let expected = [
            (0, "Selection"),
            (1, "HashJoin (inner join)"),
            (2, "CTEFullScan"),
            (2, "CTEFullScan"),
            (3, "CTE"),
            (4, "TableReader"),
            (1, "ScalarSubQuery"),
            (2, "MaxOneRow"),
        ];
        assert_eq!(shape, expected.map(|(depth, name)| (depth, name.to_owned())));
        assert_eq!((plan.node(NodeId(4)).role, plan.node(NodeId(6)).role), (Role::Cte, Role::InitPlan));
        let own: Vec<_> = plan.ids().map(|id| plan.derived(id).self_ms.unwrap_or(0.0)).collect();
        let near = |ms: f64, expected: f64| (ms - expected).abs() < 1e-9;
        assert!(near(own[5], 23.0) && near(own[3], 1.0) && near(own.iter().sum(), 30.0), "{own:?}");
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
