use crate::{
    plan::{NodeId, Operator, Plan, Role},
    read::{read, read_partial},
};

fn one(text: &str) -> Plan {
    let mut plans = read(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(plans.len(), 1, "{text}");
    plans.remove(0)
}

/// Each node's line, depth, native name and what it reads.
fn shape(plan: &Plan) -> String {
    let line = |id: NodeId| {
        let node = plan.node(id);
        let section = node.subplan.as_ref().map_or(String::new(), |s| format!("{s}: "));
        format!("{:>2} {}{section}{}\n", node.line.unwrap(), " ".repeat(plan.depth(id) as usize), plan.title(id))
    };
    plan.ids().map(line).collect()
}

const JOIN: &str = "\
Hash Join  (cost=1.09..32.08 rows=32 width=224) (actual time=0.524..0.525 rows=7 loops=1)
  Hash Cond: (c.relnamespace = n.oid)
  Buffers: shared hit=5 read=1
  ->  Seq Scan on pg_class c  (cost=0.00..29.84 rows=64 width=73) (actual time=0.020..0.300 rows=64 loops=1)
        Filter: (relkind = ANY ('{r,p}'::\"char\"[]))
        Rows Removed by Filter: 12
        Buffers: shared hit=4 read=1
  ->  Hash  (cost=1.07..1.07 rows=1 width=68) (actual time=0.010..0.011 rows=1 loops=1)
        Buckets: 1024  Batches: 1  Memory Usage: 9kB
        Buffers: shared hit=1
        ->  Seq Scan on pg_namespace n  (cost=0.00..1.07 rows=1 width=68) (never executed)
Planning Time: 0.400 ms
Execution Time: 0.600 ms
";

#[test]
fn a_text_plan_gives_nodes_figures_and_times() {
    let plan = one(JOIN);
    assert_eq!(shape(&plan), " 1 Hash Join\n 4  Seq Scan on pg_class c\n 8  Hash\n11   Seq Scan on pg_namespace n\n");
    assert_eq!((plan.planning_ms, plan.execution_ms, plan.analyzed), (Some(0.4), Some(0.6), true));
    let scan = plan.node(NodeId(1));
    assert_eq!((scan.rows.actual, scan.rows.removed, scan.rows.rounded), (Some(64.0), Some(12.0), true));
    assert_eq!(scan.conditions.filter.as_deref(), Some("(relkind = ANY ('{r,p}'::\"char\"[]))"));
    assert_eq!((scan.role, plan.node(NodeId(2)).role), (Role::Outer, Role::Inner));
    assert_eq!(plan.derived(NodeId::ROOT).self_buffers.as_ref().unwrap().hit, 0);
    assert_eq!(plan.node(NodeId(3)).rows.loops, Some(0.0));
    assert!(plan.node(NodeId(2)).extra.contains(&("Hash Batches".into(), "1".into())));
}

#[test]
fn a_text_plan_reads_the_same_in_whatever_wraps_it() {
    let expected = one(JOIN);
    let each = |f: &dyn Fn(usize, &str) -> String| JOIN.lines().enumerate().map(|(i, l)| f(i, l)).collect::<String>();
    let broken: String = each(&|_, l| {
        let chars: Vec<char> = l.chars().collect();
        chars.chunks(60).map(|part| part.iter().collect::<String>() + "\n").collect()
    });
    for (wrapping, text, offset) in [
        ("as it is", JOIN.to_owned(), 0),
        ("psql", format!("  QUERY PLAN  \n-------\n{}(13 rows)\n\nTime: 1.5 ms\n", each(&|_, l| format!(" {l}\n"))), 2),
        (
            "a statement before",
            format!("shop=# explain analyze select '{{\"a\": 1}}'\nfrom t limit 10;\n QUERY PLAN\n----\n{JOIN}"),
            4,
        ),
        ("a box", format!("+----+\n| QUERY PLAN |\n+----+\n{}+----+\n", each(&|_, l| format!("| {l:<120} |\n"))), 3),
        ("a drawn box", each(&|_, l| format!("│ {l:<120} │\n")), 0),
        ("every two blanks a tab", JOIN.replace("  ", "\t"), 0),
        ("a border on the right", each(&|_, l| format!("{l:<120} |\n")), 0),
        ("quotes", each(&|_, l| format!("\"{}\"\n", l.replace('"', "\"\""))), 0),
        ("one cell", format!("\"{}\"", JOIN.trim_end().replace('"', "\"\"")), 0),
        ("numbers", each(&|i, l| format!("{:>3}: {l}\n", i + 1)), 0),
        ("bare numbers", each(&|i, l| format!("{} {l}\n", i + 1)), 0),
        ("comments", each(&|_, l| format!("-- {l}\n")), 0),
        ("a citation", each(&|_, l| format!("> {l}\n")), 0),
        ("blank lines between", each(&|i, l| if i == 1 { format!("\n{l}\n") } else { format!("{l}\n") }), 0),
        (
            "a log",
            format!(
                "2026-01-01 10:00:00 UTC [7] LOG:  duration: 0.525 ms  plan:\n\tQuery Text: select 1\n\t  from x;\n{}2026-01-01 10:00:01 UTC [7] LOG:  done\n",
                each(&|_, l| format!("\t{l}\n"))
            ),
            3,
        ),
        (
            "a csv log",
            format!(
                "2026,\"u\",\"duration: 0.525 ms  plan:\nQuery Text: select 1\n{}\",,\"\"\n",
                JOIN.trim_end().replace('"', "\"\"")
            ),
            2,
        ),
        (
            "syslog",
            format!(
                "Nov 1 h postgres[1]: [3-1] LOG:  duration: 0.525 ms  plan:\n{}",
                each(&|i, l| format!("Nov 1 h postgres[1]: [3-{}] #011{l}\n", i + 2))
            ),
            1,
        ),
        ("expanded", each(&|i, l| format!("-[ RECORD {} ]-----\nQUERY PLAN | {l}\n", i + 1)), 99),
        ("expanded without borders", each(&|i, l| format!("* Record {}\nQUERY PLAN {l}\n", i + 1)), 99),
        ("broken at 60 columns", broken, 99),
        (
            "a JSON log",
            format!(
                "{}\n",
                serde_json::json!({"message": format!("duration: 0.525 ms  plan:\nQuery Text: select 1\n{JOIN}")})
            ),
            99,
        ),
    ] {
        let plan = one(&text);
        for (id, other) in expected.ids().zip(plan.ids()) {
            let (a, b) = (expected.node(id), plan.node(other));
            assert_eq!(
                (&a.native, &a.conditions, &a.extra),
                (&b.native, &b.conditions, &b.extra),
                "{wrapping}\n{text}"
            );
            assert_eq!(
                (a.rows, a.cost, a.timing, &a.buffers),
                (b.rows, b.cost, b.timing, &b.buffers),
                "{wrapping}\n{text}"
            );
            if offset < 99 && wrapping != "blank lines between" {
                assert_eq!(a.line.map(|l| l + offset), b.line, "{wrapping}\n{text}");
            }
        }
        assert_eq!(expected.len(), plan.len(), "{wrapping}\n{text}");
        if !wrapping.contains("log") {
            assert_eq!(plan.planning_ms, Some(0.4), "{wrapping}\n{text}");
        }
        if wrapping == "a log" {
            assert_eq!(plan.query.as_deref(), Some("select 1\n  from x;"));
        }
    }
}

#[test]
fn without_costs_names_alone_tell_the_plan() {
    for (text, nodes) in [
        ("Seq Scan on t", 1),
        ("Result", 1),
        (" QUERY PLAN \n------------\n Result\n(1 row)\n", 1),
        ("Limit\n  ->  Sort\n        Sort Key: a\n        ->  Seq Scan on t\n", 3),
        ("Update on t\n  ->  Seq Scan on t\n", 2),
        ("Result\n  One-Time Filter: false\n", 1),
        ("explain (costs off) select 1 from t;\nSeq Scan on t\n", 1),
    ] {
        assert_eq!(one(text).len(), nodes, "{text}");
    }
    for text in [
        "Result of the day",
        "Limit 10",
        "Seq Scan on big tables is slow",
        "Update on progress\nmore words",
        "select 1;",
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn several_text_plans_are_all_read() {
    let two = " Seq Scan on a\n   Filter: (x > 1)\n \n Update on b\n   ->  Seq Scan on b\n";
    let text = format!("QUERY PLAN\n-----\n{two}(5 rows)\n\nselect 1;\n QUERY PLAN\n-----\n{JOIN}");
    let plans = read(&text).unwrap();
    assert_eq!(plans.iter().map(Plan::len).collect::<Vec<_>>(), [1, 2, 4]);
}

#[test]
fn sub_plans_change_targets_and_literals_are_told() {
    let text = "\
Update on public.parent p
  Update on public.\"Child One\" p_1
  Update on public.child2 p_2
  CTE x
    ->  Result
  InitPlan 2 (returns $1)
    ->  Seq Scan on a
          Filter: (b = 'two
  lines -> here'::text)
  ->  Append
        ->  Index Scan Backward using \"I x\" on public.\"Child One\" p_1
              Index Cond: (id < $1)
              Filter: (SubPlan 3)
              SubPlan 3
                ->  CTE Scan on x
        ->  Bitmap Heap Scan on child2 p_2
              Recheck Cond: (id = 3)
              ->  Bitmap Index Scan on child2_pkey
                    Index Cond: (id = 3)
";
    let plan = one(text);
    assert_eq!(
        shape(&plan),
        " 1 Update on parent p\n 5  CTE x: Result\n 7  InitPlan 2 (returns $1): Seq Scan on a\n10  Append\n\
         11   Index Scan Backward using I x on Child One p_1\n15    SubPlan 3: CTE Scan on x\n\
         16   Bitmap Heap Scan on child2 p_2\n18    Bitmap Index Scan on child2_pkey\n"
    );
    let roles: Vec<_> = plan.ids().map(|id| plan.node(id).role).collect();
    assert_eq!(
        roles,
        [Role::Root, Role::Cte, Role::InitPlan, Role::Outer, Role::Member, Role::Subplan, Role::Member, Role::Outer]
    );
    assert_eq!(plan.node(NodeId(2)).conditions.filter.as_deref(), Some("(b = 'two\n  lines -> here'::text)"));
    let targets = plan.node(NodeId::ROOT).extra.iter().find(|(key, _)| key == "Target Tables").unwrap();
    assert!(targets.1.contains("\"Relation Name\": \"Child One\""), "{targets:?}");
}

#[test]
fn what_stands_around_the_nodes_is_told() {
    let text = "\
 Insert on items  (cost=0.00..0.01 rows=0 width=0) (actual time=0.100..0.100 rows=0.00 loops=1)
   Buffers: shared hit=9, local hit=2 dirtied=1, temp read=3 written=4
   I/O Timings: shared read=1.500, temp write=0.250
   WAL: records=3 fpi=1 bytes=8422
   ->  Gather  (cost=0.00..0.01 rows=1 width=4) (actual time=0.001..0.002 rows=1.50 loops=1)
         Workers Planned: 2
         Workers Launched: 1
         ->  Parallel Seq Scan on big  (cost=0.00..0.01 rows=1 width=4) (actual time=4.000..5.000 rows=10.00 loops=2)
               Worker 0:  actual time=1.000..6.000 rows=14.00 loops=1
                 Buffers: shared hit=5
                 JIT:
                   Functions: 2
                   Timing: Generation 1.000 ms, Total 2.000 ms
 Planning:
   Buffers: shared hit=7 read=2
   Memory: used=10kB  allocated=16kB
 Planning Time: 0.200 ms
 Trigger for constraint items_fk on items: time=4.500 calls=2
 JIT:
   Functions: 4
   Options: Inlining false, Optimization false, Expressions true, Deforming true
   Timing: Generation 0.500 ms (Deform 0.100 ms), Inlining 0.000 ms, Optimization 0.300 ms, Emission 1.000 ms, Total 1.800 ms
 Settings: work_mem = '4MB', search_path = 'a, b'
 Serialization: time=0.050 ms  output=1kB  format=text
 Execution Time: 9.000 ms
(20 rows)
";
    let plan = one(text);
    let root = plan.node(NodeId::ROOT);
    let buffers = root.buffers.as_deref().unwrap();
    assert_eq!((buffers.hit, buffers.local_hit, buffers.local_dirtied, buffers.temp_written), (11, 2, 1, 4));
    assert_eq!((root.io.as_ref().unwrap().read_ms, root.io.as_ref().unwrap().temp_write_ms), (1.5, 0.25));
    assert_eq!((root.wal.as_ref().unwrap().records, root.wal.as_ref().unwrap().bytes), (3, 8422));
    assert!(!root.rows.rounded);
    let workers = plan.node(NodeId(2)).workers.as_deref().unwrap();
    assert_eq!((workers.min_ms, workers.max_ms, workers.max_rows), (Some(4.0), Some(6.0), Some(14.0)));
    let phases = &plan.phases;
    assert_eq!((phases.planning_buffers.unwrap().read, phases.planning_memory), (2, Some((10_240, 16_384))));
    assert_eq!((phases.jit.as_ref().unwrap().functions, phases.jit.as_ref().unwrap().total_ms), (4, Some(1.8)));
    assert_eq!(phases.triggers[0].constraint.as_deref(), Some("items_fk"));
    assert_eq!((phases.triggers[0].time_ms, phases.triggers[0].calls), (Some(4.5), 2.0));
    assert_eq!(phases.serialization.as_ref().unwrap().bytes, Some(1024));
    let settings = [("work_mem", "4MB"), ("search_path", "a, b")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    assert_eq!(plan.settings, settings);
    assert_eq!((plan.planning_ms, plan.execution_ms), (Some(0.2), Some(9.0)));
}

#[test]
fn a_text_plan_that_breaks_off_shows_what_was_read() {
    for (text, place, expected, nodes) in [
        ("Sort  (cost=1.00..2.00 rows=1 width=4)\n  ->  Seq Scan on t  (cost=0.0", (2, 31), "`)` after", 2),
        ("Sort  (cost=1.00..2.00 rows=1 width=4)\n  ->  ", (2, 7), "a node after", 1),
        (
            "Sort  (cost=1.00..2.00 rows=1 width=4)\n  ->  Seq Scan on t  (cost=a..b rows=1 width=4)",
            (2, 22),
            "figures",
            2,
        ),
    ] {
        let (plans, error) = read_partial(text);
        let error = error.unwrap();
        assert_eq!((error.line, error.column), place, "{text}: {error}");
        assert!(error.expected.starts_with(expected), "{text}: {error}");
        assert_eq!(plans[0].len(), nodes, "{text}");
    }
}

#[test]
fn forks_and_extensions_keep_their_own_names() {
    let citus = "\
Custom Scan (Citus Adaptive)  (cost=0.00..0.00 rows=0 width=0) (actual time=11.000..12.000 rows=2 loops=1)
  ->  Distributed Subplan 3_1
        Intermediate Data Size: 40 bytes
        ->  Seq Scan on x  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..0.020 rows=1 loops=1)
  Task Count: 32
  Tasks Shown: One of 32
  ->  Task
        Node: host=localhost port=9701 dbname=db
        ->  Aggregate  (cost=38.25..38.26 rows=1 width=8) (actual time=0.300..0.301 rows=1 loops=1)
              ->  Seq Scan on orders_102008 orders  (cost=0.00..32.60 rows=2260 width=0) (actual time=0.010..0.200 rows=9 loops=1)
            Planning Time: 0.050 ms
            Execution Time: 0.400 ms
Planning Time: 1.100 ms
Execution Time: 12.500 ms
";
    let plan = one(citus);
    assert_eq!(
        shape(&plan),
        " 1 Custom Scan (Citus Adaptive)\n 2  Distributed Subplan 3_1\n 4   Seq Scan on x\n 7  Task\n 9   Aggregate\n10    Seq Scan on orders_102008 orders\n"
    );
    assert!(plan.node(NodeId::ROOT).extra.contains(&("Task Count".into(), "32".into())));
    assert!(plan.node(NodeId(3)).extra.iter().any(|(key, value)| key == "Node" && value.starts_with("host=")));
    assert_eq!(plan.execution_ms, Some(12.5));
    for (text, operator, title) in [
        (
            "Custom Scan (ChunkAppend) on m  (cost=0.00..1.00 rows=1 width=4)\n  Chunks excluded during startup: 3\n",
            Operator::CustomScan,
            "Custom Scan (ChunkAppend) on m",
        ),
        (
            "YB Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)\n  Storage Table Read Requests: 3\n",
            Operator::SeqScan,
            "YB Seq Scan on t",
        ),
        (
            "XN Hash Join DS_DIST_NONE  (cost=0.00..1.00 rows=1 width=4)\n  ->  XN Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)\n",
            Operator::HashJoin,
            "XN Hash Join DS_DIST_NONE",
        ),
        (
            "Gather Motion 3:1  (slice1; segments: 3)  (cost=0.00..1.00 rows=1 width=4)\n  ->  Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)\nOptimizer: Postgres query optimizer\n",
            Operator::Other("Gather Motion 3:1".into()),
            "Gather Motion 3:1",
        ),
        (
            "Foreign Scan on r  (cost=0.00..1.00 rows=1 width=4)\n  Remote SQL: SELECT a FROM public.r WHERE ((b = 'x: y'))\n",
            Operator::ForeignScan,
            "Foreign Scan on r",
        ),
    ] {
        let plan = one(text);
        assert_eq!((&plan.node(NodeId::ROOT).operator, plan.title(NodeId::ROOT).as_str()), (&operator, title));
    }
}

#[test]
fn a_join_with_nothing_but_a_filter_keeps_it_under_its_own_name() {
    for node in ["Hash Full Join", "Merge Full Join"] {
        let plan =
            one(&format!("{node}\n  Join Filter: true\n  ->  Seq Scan on a\n  ->  Sort\n        ->  Seq Scan on b\n"));
        let root = plan.node(NodeId::ROOT);
        assert_eq!(root.conditions.join.as_deref(), Some("true"), "{node}");
        assert!(root.extra.contains(&("Join Filter".to_owned(), "true".to_owned())), "{node}: {:?}", root.extra);
    }
    let loops = one("Nested Loop\n  Join Filter: (a.x < b.x)\n  ->  Seq Scan on a\n  ->  Seq Scan on b\n");
    assert!(loops.node(NodeId::ROOT).extra.iter().all(|(key, _)| key != "Join Filter"));
}

#[test]
fn a_first_node_that_never_ran_is_a_plan_without_costs_too() {
    for text in [
        "Seq Scan on t (never executed)\n  Filter: (a > 1)\n",
        "                QUERY PLAN\n----------------------------\n Result (never executed)\n(1 row)\n",
        "Append (never executed)\n  ->  Seq Scan on a (never executed)\n  ->  Seq Scan on b (never executed)\n",
    ] {
        let plan = one(text);
        assert_eq!(plan.node(NodeId::ROOT).rows.loops, Some(0.0), "{text}");
        assert!(plan.analyzed, "{text}");
    }
}

#[test]
fn each_hash_key_is_a_grouping_set_of_its_own() {
    let plan =
        one("MixedAggregate\n  Hash Key: a\n  Hash Key: b, c\n  Group Key: d\n  Group Key: ()\n  ->  Seq Scan on t\n");
    let root = plan.node(NodeId::ROOT);
    assert_eq!(root.keys, ["(a)", "(b, c)", "(d)", "()"]);
    let sets = root.extra.iter().find(|(key, _)| key == "Grouping Sets").map(|(_, value)| value.as_str());
    let json = r#"[{"Hash Keys": [["a"]]}, {"Hash Keys": [["b", "c"]]}, {"Group Keys": [["d"], []]}]"#;
    assert_eq!(sets, Some(json), "as the other formats print them");
}

#[test]
fn figures_that_were_hidden_on_purpose_are_unknown() {
    for (cost, actual) in [
        ("xxx", "time=N.NNN..N.NNN rows=N loops=N"),
        ("xxx..xxx", "rows=N loops=1"),
        ("#.##..#.##", "time=##..## rows=3 loops=1"),
    ] {
        let plan = one(&format!(
            "Limit  (cost={cost} rows=100 width=29) (actual {actual})\n  ->  Seq Scan on t  (cost={cost} rows=xxx width=xxx) (actual {actual})\n"
        ));
        let scan = plan.node(NodeId(1));
        assert_eq!((scan.cost.total, scan.rows.estimated, scan.timing), (None, None, None), "{cost}");
        assert_eq!(plan.node(NodeId::ROOT).rows.estimated, Some(100.0));
    }
    assert!(read_partial("Seq Scan on t  (cost=much..more rows=1 width=1)\n").1.is_some());
}

#[test]
fn a_plan_kept_in_a_comment_of_a_script_is_read() {
    let commented = format!("-- {}\n", JOIN.trim_end().replace('\n', "\n-- "));
    let text = format!(
        "select count(*)\nfrom t\nwhere a > 1;\n\n-- before the index\n{commented}\ncreate index on t (a);\nselect 1;\n"
    );
    let plan = one(&text);
    assert_eq!((plan.len(), plan.execution_ms, plan.node(NodeId::ROOT).line), (4, Some(0.6), Some(6)));
}

#[test]
fn one_blank_behind_an_arrow_and_before_figures_is_enough() {
    let text = "Hash Join (cost=12.5..180.3 rows=420 width=64) (actual time=0.8..3.2 rows=418 loops=1)\n  Hash Cond: (e.c = c.id)\n  -> Seq Scan on e (cost=0.0..95.0 rows=5000 width=16) (actual time=0.1..1.0 rows=5000 loops=1)\n  -> Hash (cost=3.2..3.2 rows=22 width=26) (actual time=0.01..0.01 rows=22 loops=1)\n    -> Seq Scan on c (cost=0.0..3.2 rows=22 width=26) (actual time=0.01..0.01 rows=22 loops=1)\nExecution Time: 3.5 ms\n";
    let plan = one(text);
    assert_eq!((plan.engine, plan.len(), plan.execution_ms), (crate::plan::Engine::PostgreSql, 4, Some(3.5)));
}

#[test]
fn what_did_not_fit_in_memory_is_told_by_text_too() {
    let text = "\
Nested Loop  (cost=814.68..17087.03 rows=61158 width=101) (actual time=4.926..272.218 rows=59980 loops=1)
  ->  Bitmap Heap Scan on visit v  (cost=814.40..8845.82 rows=61158 width=4) (actual time=4.827..104.648 rows=59980 loops=1)
        Recheck Cond: (account < 3000)
        Heap Blocks: exact=609 lossy=1555
        ->  Bitmap Index Scan on visit_account_idx  (cost=0.00..799.11 rows=61158 width=0) (actual time=4.708..4.709 rows=59980 loops=1)
  ->  Memoize  (cost=0.29..0.30 rows=1 width=105) (actual time=0.002..0.002 rows=1 loops=59980)
        Cache Key: v.page
        Hits: 39882  Misses: 20098  Evictions: 19468  Overflows: 2  Memory Usage: 129kB
        ->  Index Scan using page_pkey on page p  (cost=0.28..0.29 rows=1 width=105) (actual time=0.003..0.003 rows=1 loops=20098)
";
    let plan = one(text);
    let how = |id: u32| plan.node(NodeId(id)).spill.as_ref().map(|spill| spill.how.as_str());
    assert_eq!(how(1), Some("Lossy Heap Blocks: 1555 of 2164"));
    assert_eq!(how(3), Some("Cache Evictions: 19468, Cache Overflows: 2"));
    assert_eq!((how(0), how(2), how(4)), (None, None, None));
}

#[test]
fn lines_that_somebody_left_out_do_not_end_the_plan() {
    for gap in ["... /* 96 scans follow */", "  ...", "[...]", "…"] {
        let text = format!(
            "Append (actual time=0.1..0.4 rows=9 loops=1)\n  ->  Seq Scan on a (actual time=0.1..0.1 rows=4 loops=1)\n{gap}\n  ->  Seq Scan on z (actual time=0.1..0.1 rows=5 loops=1)\nPlanning time: 2.1 ms\n"
        );
        let plan = one(&text);
        assert_eq!((plan.len(), plan.planning_ms), (3, Some(2.1)), "{gap}");
    }
}

#[test]
fn a_plan_out_of_a_pages_source_is_the_plan() {
    let escaped = JOIN.replace('>', "&gt;").replace('\'', "&#39;").replace('"', "&quot;");
    let plan = one(&escaped);
    assert_eq!(shape(&plan), shape(&one(JOIN)));
    assert_eq!(plan.node(NodeId(1)).conditions, one(JOIN).node(NodeId(1)).conditions);
}

#[test]
fn foreign_tables_among_those_that_a_change_writes_to_belong_to_it() {
    let text = "Update on public.bar\n   Update on public.bar\n   Foreign Update on public.bar2\n     Remote SQL: UPDATE public.loct2 SET f2 = $2\n   ->  Seq Scan on public.bar\n   ->  Foreign Scan on public.bar2\n";
    for margin in ["", " "] {
        let text = text.lines().fold(String::new(), |all, line| all + margin + line + "\n");
        assert_eq!(one(&text).len(), 3, "{text}");
    }
}

/// As `pg_query_state` prints it: only loops that ended have figures of their own.
#[test]
fn a_statement_that_still_runs_is_a_plan() {
    let plan = one(
        "Finalize Aggregate (Current loop: actual rows=0, loop number=1)\n  ->  Gather (Current loop: actual rows=0, loop number=1)\n        Workers Planned: 2\n        ->  Nested Loop (Current loop: actual rows=12, loop number=1)\n              ->  Parallel Seq Scan on foo (Current loop: actual rows=12, loop number=1)\n              ->  Seq Scan on bar b (actual rows=500000 loops=11) (Current loop: actual rows=173244, loop number=12)\n",
    );
    assert_eq!(plan.len(), 5, "{}", shape(&plan));
    let scan = plan.node(NodeId(4));
    assert_eq!((scan.rows.actual, scan.rows.loops), (Some(500_000.0), Some(11.0)));
    assert_eq!(plan.node(NodeId(3)).relation.as_ref().map(|relation| relation.name.as_str()), Some("foo"));
    assert!(scan.extra.iter().any(|(_, value)| value.contains("loop number=12")), "{:?}", scan.extra);
}
