//! What the optimisers can do, and what is told of statements that did not run to their end.

use super::{fixtures, formats, plan};
use whyslow::{
    plan::{Flag, NodeId, Operator, Plan, Role, Timing},
    read,
};

/// Every optimiser feature becomes an operator of the one vocabulary, in each format that tells it.
#[test]
fn what_the_optimiser_can_do_has_its_operator() {
    let all = "traditional v1 v2 tree";
    for (server, case, formats_of, operator) in [
        ("mysql-9.7", "index-merge-union", all, Operator::IndexMerge),
        ("mysql-9.7", "index-merge-intersect", all, Operator::IndexMerge),
        ("mysql-9.7", "fulltext", all, Operator::FullTextScan),
        ("mysql-9.7", "filesort", all, Operator::Sort),
        ("mysql-9.7", "filesort-first-table", all, Operator::Sort),
        ("mysql-9.7", "right-hash-join", all, Operator::HashJoin),
        ("mysql-9.7", "derived", all, Operator::Materialize),
        ("mysql-9.7", "cte-twice", all, Operator::CteScan),
        ("mysql-9.7", "recursive", "traditional v2 tree", Operator::RecursiveUnion),
        ("mysql-9.7", "recursive", all, Operator::WorkTableScan),
        ("mysql-9.7", "union", all, Operator::SetOp),
        ("mysql-9.7", "union-all", all, Operator::Append),
        ("mysql-9.7", "union-mixed", "v1 v2 tree", Operator::Append),
        ("mysql-9.7", "union-mixed", "v1 v2 tree", Operator::SetOp),
        ("mysql-9.7", "ordered-again", "v1 v2 tree", Operator::Sort),
        ("mysql-9.7", "intersect", all, Operator::SetOp),
        ("mysql-9.7", "except", all, Operator::SetOp),
        ("mysql-9.7", "window", "v1 v2 tree", Operator::WindowAgg),
        ("mysql-9.7", "semijoin-weedout", "v1 v2 tree", Operator::Unique),
        ("mysql-9.7", "semijoin-materialized", all, Operator::Materialize),
        ("mysql-9.7", "limit-offset", "v2 tree", Operator::Limit),
        ("mysql-9.7", "insert-select", all, Operator::ModifyTable),
        ("mysql-9.7", "update", "traditional v1", Operator::ModifyTable),
        ("mysql-9.7", "delete-join", all, Operator::ModifyTable),
        ("mysql-9.7", "json-table", all, Operator::FunctionScan),
        ("mysql-9.7", "temporary", "v1 v2 tree", Operator::HashAggregate),
        ("mariadb-11.8", "index-merge-union", "traditional json", Operator::IndexMerge),
        ("mariadb-11.8", "right-hash-join", "traditional json analyze-json", Operator::HashJoin),
        ("mariadb-11.8", "filesort", "traditional json", Operator::Sort),
        ("mariadb-11.8", "derived", "traditional json", Operator::Materialize),
        ("mariadb-11.8", "recursive", "traditional json", Operator::RecursiveUnion),
        ("mariadb-11.8", "recursive", "traditional json", Operator::WorkTableScan),
        ("mariadb-11.8", "union", "traditional json", Operator::SetOp),
        ("mariadb-11.8", "union-all", "traditional json", Operator::Append),
        ("mariadb-11.8", "intersect", "traditional json", Operator::SetOp),
        ("mariadb-11.8", "window", "json", Operator::WindowAgg),
        ("mariadb-11.8", "semijoin-weedout", "json analyze-json", Operator::Unique),
        ("mariadb-11.8", "expression-cache", "json analyze-json", Operator::Memoize),
        ("mariadb-11.8", "rowid-filter", "json analyze-json", Operator::BitmapIndexScan),
        ("mariadb-11.8", "json-table", "traditional json", Operator::FunctionScan),
        ("mariadb-11.8", "temporary", "traditional json", Operator::TemporaryTable),
        ("mariadb-11.8", "update", "json", Operator::ModifyTable),
    ] {
        let formats = formats(&fixtures().join(server).join(format!("{case}.plans")));
        for format in formats_of.split(' ') {
            let text = &formats.iter().find(|(name, _)| name == format).unwrap_or_else(|| panic!("{case} {format}")).1;
            let plan = plan(case, format, text);
            let words: Vec<_> =
                plan.ids().map(|id| format!("{}{}", " ".repeat(plan.depth(id) as usize), plan.title(id))).collect();
            let has = plan.ids().any(|id| plan.node(id).operator == operator);
            assert!(has, "{server}/{case}, {format}: no {}:\n{}", operator.name(), words.join("\n"));
        }
    }
}

/// Version 2 says of the table's filling that it is the sub-query, and of the scan above it, which passes the row on, only in the heading.
#[test]
fn a_projected_subquery_with_a_temporary_table_on_top_is_charged_where_its_heading_stands() {
    for case in ["projected-union", "projected-once"] {
        let formats = formats(&fixtures().join("mysql-9.7").join(format!("{case}.plans")));
        for format in ["analyze-tree", "analyze-v2"] {
            let plan = plan(case, format, &formats.iter().find(|(name, _)| name == format).unwrap().1);
            let asked = plan.children(NodeId::ROOT).last().unwrap();
            assert!(matches!(plan.node(asked).role, Role::Subplan | Role::InitPlan), "{case}, {format}");
            let filled = plan.children(asked).next().unwrap();
            assert_eq!(plan.node(filled).role, Role::Outer, "{case}, {format}");
            // The root's own clock had stopped: hundreds of microseconds come on top of its twenty.
            let wall = |id| plan.derived(id).wall_ms.unwrap();
            let Some(Timing::PerLoop { last_ms, .. }) = plan.node(NodeId::ROOT).timing else {
                panic!("{case}, {format}")
            };
            let all = wall(asked) + last_ms;
            assert!((wall(NodeId::ROOT) - all).abs() < 1e-6, "{case}, {format}: {} {all}", wall(NodeId::ROOT));
            let slowest = plan.ids().max_by(|a, b| {
                let own = |id: &NodeId| plan.derived(*id).self_ms.unwrap();
                own(a).total_cmp(&own(b))
            });
            assert_eq!(plan.node(slowest.unwrap()).operator, Operator::SeqScan, "{case}, {format}");
        }
    }
}

/// Measured: a sub-query that a key is compared with is computed while the server plans, before the filter's clock runs.
#[test]
fn what_was_computed_while_planning_is_not_cut_to_the_time_of_who_asks() {
    let formats = formats(&fixtures().join("mysql-9.7/scalar-subquery.plans"));
    for format in ["analyze-tree", "analyze-v2"] {
        let plan = plan("scalar-subquery", format, &formats.iter().find(|(name, _)| name == format).unwrap().1);
        let stated = |id| match plan.node(id).timing {
            Some(Timing::PerLoop { last_ms, .. }) => last_ms,
            _ => panic!("{format}: no time"),
        };
        let all: Vec<_> = plan.ids().collect();
        let [filter, range, aggregate, scan] = all[..] else { panic!("{format}: {} nodes", all.len()) };
        let own = |id| plan.derived(id).self_ms.unwrap();
        assert!(stated(aggregate) > stated(filter), "{format}");
        assert!((own(scan) - stated(scan)).abs() < 1e-6, "{format}: {}", own(scan));
        assert!((own(range) - stated(range)).abs() < 1e-6, "{format}: {}", own(range));
        let whole = plan.derived(filter).wall_ms.unwrap();
        assert!((whole - stated(filter) - stated(aggregate)).abs() < 1e-6, "{format}: {whole}");
    }
}

/// Measured: the server prints a sub-query with everyone who asks for its value, each time with all its figures. It ran once.
#[test]
fn a_sub_query_printed_twice_is_counted_once() {
    let formats = formats(&fixtures().join("mysql-9.7/subquery-asked-twice.plans"));
    for format in ["analyze-tree", "analyze-v2"] {
        let plan = plan("subquery-asked-twice", format, &formats.iter().find(|(name, _)| name == format).unwrap().1);
        let asked: Vec<_> = plan.ids().filter(|id| plan.node(*id).role == Role::InitPlan).collect();
        assert_eq!(asked.len(), 2, "{format}");
        let spent = |top: NodeId| {
            let below = plan.ids().filter(|id| *id >= top && (*id == top || plan.depth(*id) > plan.depth(top)));
            below.take(3).map(|id| plan.derived(id).self_ms.unwrap()).sum::<f64>()
        };
        let [first, second] = [spent(asked[0]), spent(asked[1])];
        let took = plan.derived(asked[0]).wall_ms.unwrap();
        assert!((first + second - took).abs() < took * 0.01, "{format}: {first} and {second} of {took}");
        let sum: f64 = plan.ids().filter_map(|id| plan.derived(id).self_ms).sum();
        let whole = plan.derived(NodeId::ROOT).wall_ms.unwrap();
        assert!((sum - whole).abs() < whole * 0.01, "{format}: {sum} of {whole}");
    }
}

#[test]
fn what_never_ran_is_told_from_what_was_read_while_planning() {
    for (server, case, format, never) in [
        ("mysql-9.7", "never-executed", "analyze-tree", 1),
        ("mysql-9.7", "never-executed", "analyze-v2", 1),
        ("mariadb-11.8", "never-executed", "analyze-json", 1),
        ("mariadb-11.8", "never-executed", "analyze-traditional", 1),
        ("mariadb-11.8", "const", "analyze-json", 0),
        ("mariadb-11.8", "const", "analyze-traditional", 0),
        ("mariadb-11.8", "in-subquery-exists", "analyze-traditional", 0),
    ] {
        let formats = formats(&fixtures().join(server).join(format!("{case}.plans")));
        let plan = plan(case, format, &formats.iter().find(|(name, _)| name == format).unwrap().1);
        let found = plan.ids().filter(|id| plan.derived(*id).flags.contains(Flag::NeverExecuted)).count();
        assert_eq!(found, never, "{server}/{case}, {format}");
    }
}

#[test]
fn a_statement_that_was_stopped_has_a_partial_plan() {
    let tree = "| -> Aggregate: count(0)  (cost=7.02e+9 rows=1) (actual time=304..304 rows=0 loops=1)\n    -> Table scan on a  (cost=20126 rows=199261) (actual time=0.144..114 rows=200000 loops=1)\n |\n";
    let warning = "+---------+------+---------------------------------+\n| Level   | Code | Message                         |\n+---------+------+---------------------------------+\n| Warning | 1317 | Query execution was interrupted |\n+---------+------+---------------------------------+\n";
    let partial = |plan: &Plan| plan.derived(NodeId::ROOT).flags.contains(Flag::Partial) && !plan.notes.is_empty();
    assert!(partial(&plan("stopped", "tree", &format!("{tree}{warning}"))));
    assert!(!partial(&plan("whole", "tree", tree)));
    let both = read::read(&format!("{tree}{warning}{tree}")).unwrap();
    assert_eq!(both.iter().map(partial).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_plan_of_text_that_breaks_off_shows_what_was_read() {
    for (text, place, expected, nodes) in [
        ("-> Nested loop inner join  (cost=1838 rows=925)\n    -> Table scan on t  (cost=1", (2, 25), "figures", 2),
        ("-> Limit: 5 row(s)  (cost=1 rows=5)\n    ->", (2, 7), "an operation after `->`", 1),
        (
            "id\tselect_type\ttable\ttype\tkey\trows\tExtra\n1\tSIMPLE\tt\tALL\tNULL\t10\t\n1\tSIMPLE\tu\tref\tk\tmany\t\n",
            (3, 18),
            "a number in the column `rows`",
            2,
        ),
        (
            "id\tselect_type\ttable\ttype\tkey\trows\tExtra\n1\tSIMPLE\tt\tALL\tNULL\t10\t\n1\tSIMPLE\tu\tref\n",
            (3, 1),
            "7 cells as in the heading, not 4",
            2,
        ),
        ("| id | select_type | table | type | rows | Extra |\n", (1, 51), "a row for each table", 0),
        (
            "   id: one\nselect_type: SIMPLE\ntable: t\ntype: ALL\nrows: 5\nExtra: \n",
            (1, 8),
            "the number of a query block",
            0,
        ),
    ] {
        let (plans, error) = read::read_partial(text);
        let error = error.unwrap_or_else(|| panic!("no error in {text}"));
        assert_eq!((error.line, error.column), place, "{text}: {error}");
        assert!(error.expected.contains(expected), "{text}: {error}");
        assert_eq!(plans.first().map_or(0, Plan::len), nodes, "{text}");
        if nodes > 0 {
            assert!(plans[0].derived(NodeId::ROOT).flags.contains(Flag::Partial), "{text}");
        }
    }
}

/// MariaDB escapes no quotes in conditions and keys.
#[test]
fn names_in_quotes_are_read_from_json_that_is_none() {
    let formats = formats(&fixtures().join("mariadb-11.8/ansi-quotes.plans"));
    for format in ["json", "analyze-json"] {
        let text = &formats.iter().find(|(name, _)| name == format).unwrap().1;
        assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{format}: it is valid now");
        let plan = plan("ansi-quotes", format, text);
        let filters: Vec<_> = plan.ids().filter_map(|id| plan.node(id).conditions.filter.as_deref()).collect();
        assert!(filters.contains(&"g.\"at\" > '2025-01-05' and g.y = 'c3'"), "{format}: {filters:?}");
        assert!(plan.ids().any(|id| plan.node(id).keys == ["g.\"at\""]), "{format}");
        assert!(plan.notes.iter().any(|note| note.contains("ANSI_QUOTES")), "{format}: {:?}", plan.notes);
    }
}

/// Rows of an intersection that are combined with others are of the same table, however deep its name stands.
#[test]
fn a_merge_of_merges_tells_its_table() {
    let tree = "-> Deduplicate rows sorted by row ID  (cost=1.85 rows=2)\n    -> Intersect rows sorted by row ID  (cost=0.751 rows=1.29)\n        -> Index range scan on t1 using key1 over (key1 = 100)  (cost=0.251 rows=3)\n        -> Index range scan on t1 using key2 over (key2 = 100)  (cost=0.251 rows=3)\n    -> Index range scan on t1 using key3 over (key3 = 101)  (cost=0.36 rows=1)\n";
    let plan = whyslow::read::read(tree).unwrap().remove(0);
    let names: Vec<_> = plan.ids().map(|id| plan.node(id).relation.as_ref().map(|r| r.name.clone())).collect();
    assert_eq!(names, vec![Some("t1".to_owned()); 5]);
}
