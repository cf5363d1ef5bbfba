use crate::{
    plan::{Engine, Flag, NodeId, Operator, Plan, Role},
    read::read,
};

/// A table of MySQL's columns; `.` stands for NULL.
fn table(rows: &[&str]) -> Plan {
    let mut text =
        "id\tselect_type\ttable\tpartitions\ttype\tpossible_keys\tkey\tkey_len\tref\trows\tfiltered\tExtra\n"
            .to_owned();
    for row in rows {
        let cells: Vec<_> = row.split_whitespace().map(|c| if c == "." { "NULL" } else { c }).collect();
        let cells: Vec<_> = cells.iter().map(|c| c.replace('_', " ")).collect();
        text.push_str(&(cells.join("\t") + "\n"));
    }
    let mut plans = read(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(plans.len(), 1);
    plans.remove(0)
}

fn shape(plan: &Plan) -> Vec<String> {
    plan.ids().map(|id| format!("{}{}", " ".repeat(plan.depth(id) as usize), plan.title(id))).collect()
}

#[test]
fn a_long_union_is_abbreviated_in_the_name_of_its_result() {
    let mut rows = vec!["1 PRIMARY a . ALL . . . . 5 100 ."];
    let members: Vec<_> = (2..=9).map(|i| format!("{i} UNION t{i} . ALL . . . . 5 100 .")).collect();
    rows.extend(members.iter().map(String::as_str));
    rows.push("10 UNION_RESULT <union1,2,...,9> . ALL . . . . . . Using_temporary");
    let plan = table(&rows);
    assert_eq!(plan.node(NodeId::ROOT).operator, Operator::SetOp);
    assert_eq!(plan.children(NodeId::ROOT).count(), 9, "{:?}", shape(&plan));
}

#[test]
fn blocks_stand_below_what_asks_for_them() {
    let plan = table(&[
        "1 PRIMARY <derived2> . ALL . . . . 5 100 .",
        "1 PRIMARY c . ref k k 4 x 5 100 .",
        "4 DEPENDENT_SUBQUERY u . ref k k 4 shop.c.id 2 100 .",
        "2 DERIVED t . ALL . . . . 9 100 .",
        "3 UNION t3 . ALL . . . . 9 100 .",
        "5 UNION_RESULT <union2,3> . ALL . . . . . . Using_temporary",
    ]);
    assert_eq!(
        shape(&plan),
        [
            "Result",
            " Nested Loop",
            "  Subquery Scan on <derived2>",
            "   SetOp",
            "    Materialize",
            "     Seq Scan on t",
            "    Result",
            "     Seq Scan on t3",
            "  Index Scan using k on c",
            " Result",
            "  Index Scan using k on u",
        ]
    );
    let asked = plan.ids().find(|id| plan.node(*id).subplan.as_deref() == Some("select #4")).unwrap();
    assert_eq!((plan.node(asked).role, plan.parent(asked)), (Role::Subplan, Some(NodeId::ROOT)));
    assert!(plan.derived(asked).flags.contains(Flag::Dependent));
}

#[test]
fn blocks_that_only_ask_for_each_other_are_not_lost() {
    let plan = table(&[
        "1 PRIMARY a . ALL . . . . 5 100 .",
        "2 DERIVED <derived3> . ALL . . . . 9 100 .",
        "3 DERIVED <derived2> . ALL . . . . 9 100 .",
        "7 UNION_RESULT <union8,9> . ALL . . . . . . .",
    ]);
    assert_eq!(plan.ids().filter(|id| plan.node(*id).relation.is_some()).count(), 4, "{:?}", shape(&plan));
}

#[test]
fn warnings_after_the_table_are_notes() {
    let boxed = "\
+----+-------------+-------+------------+------+---------------+------+---------+------+------+----------+-------------+
| id | select_type | table | partitions | type | possible_keys | key  | key_len | ref  | rows | filtered | Extra       |
+----+-------------+-------+------------+------+---------------+------+---------+------+------+----------+-------------+
|  1 | SIMPLE      | t     | p0,p1      | ALL  | NULL          | NULL | NULL    | NULL |   10 |    10.00 | Using where |
+----+-------------+-------+------------+------+---------------+------+---------+------+------+----------+-------------+
1 row in set, 1 warning (0.00 sec)

mysql> show warnings;
+---------+------+---------------------------------------------------------------------------+
| Level   | Code | Message                                                                   |
+---------+------+---------------------------------------------------------------------------+
| Warning | 1739 | Cannot use ref access on index 'email' due to type or collation conversion |
+---------+------+---------------------------------------------------------------------------+
";
    let plan = read(boxed).unwrap().remove(0);
    assert_eq!(plan.notes, ["Warning 1739 Cannot use ref access on index 'email' due to type or collation conversion"]);
    let node = plan.node(NodeId(1));
    assert_eq!(
        (plan.engine, node.line, node.rows.estimated, node.rows.examined),
        (Engine::MySql, Some(4), Some(1.0), Some(10.0))
    );
    assert!(node.extra.contains(&("partitions".to_owned(), "p0,p1".to_owned())), "{:?}", node.extra);
    let undrawn = boxed.split("1 row in").next().unwrap().to_owned() + "--\nNote 1003 /* select#1 */ select 1\n";
    assert_eq!(read(&undrawn).unwrap()[0].notes, ["Note 1003 /* select#1 */ select 1"]);
}

#[test]
fn mysqls_relatives_keep_their_words() {
    let plan = table(&[
        "1 SIMPLE part . ALL . . . . 20427936 90.00 Using_where;_Using_parallel_query_(5_columns,_1_filters,_2_exprs;_0_extra)",
        "1 SIMPLE o . ALL . . . . 20 10.00 Using_where;_Using_join_buffer_(Hash_Join_Outer_table_o)",
    ]);
    assert_eq!(plan.node(NodeId(1)).operator, Operator::HashJoin, "{:?}", shape(&plan));
    assert_eq!(plan.node(NodeId(1)).native, "Hash Join Outer table o");
    let part = plan.node(NodeId(2));
    assert!(plan.derived(NodeId(2)).flags.contains(Flag::Parallel), "{part:?}");
    let extra = part.extra.iter().find(|(name, _)| name == "Extra").unwrap();
    assert!(extra.1.contains("Using parallel query (5 columns, 1 filters, 2 exprs; 0 extra)"), "{extra:?}");
}

#[test]
fn a_union_of_unions_and_the_sort_of_its_result_are_operators_of_their_own() {
    let plan = table(&[
        "1 PRIMARY r . ALL . . . . 4 100 .",
        "2 UNION s . ALL . . . . 5 100 Using_filesort",
        "3 PRIMARY t . ALL . . . . 5 100 .",
        "4 UNION u . ALL . . . . 5 100 .",
        "5 UNION_RESULT <union3,4> . ALL . . . . . . Using_temporary",
        "6 UNION_RESULT <union1,2,5> . ALL . . . . . . Using_temporary;_Using_filesort",
        "7 RESULT <ordered6> . ALL . . . . . . Using_temporary;_Using_filesort",
    ]);
    assert_eq!(
        shape(&plan),
        [
            "Sort",
            " SetOp",
            "  Result",
            "   Seq Scan on r",
            "  Result",
            "   Sort",
            "    Seq Scan on s",
            "  SetOp",
            "   Result",
            "    Seq Scan on t",
            "   Result",
            "    Seq Scan on u",
        ]
    );
}

#[test]
fn numbers_that_were_hidden_on_purpose_are_unknown() {
    let plan = table(&["1 SIMPLE t . ref a a 5 const # x Using_where"]);
    let node = plan.node(NodeId(1));
    assert_eq!((node.rows.estimated, node.rows.examined), (None, None));
    assert!(node.extra.contains(&("rows".into(), "#".into())), "{:?}", node.extra);
    assert!(read("id\tselect_type\ttable\ttype\trows\tExtra\n1\tSIMPLE\tt\tALL\tmany\tNULL\n").is_err());
}

#[test]
fn what_another_server_answers_as_a_whole_is_foreign() {
    let plan = table(&["1 PRIMARY <derived2> . ALL . . . . 5 100 .", "2 PUSHED_DERIVED . . . . . . . . . ."]);
    let found = plan.ids().find(|id| plan.node(*id).operator == Operator::ForeignScan).unwrap();
    assert_eq!((plan.node(found).native.as_ref(), plan.depth(found)), ("PUSHED DERIVED", 2));
}

#[test]
fn a_table_that_was_broken_in_two_or_lost_columns_and_borders_is_read() {
    let broken = "\
+----+-------------+-----------+-------+---------------+
| id | select_type | table     | type  | possible_keys |
+----+-------------+-----------+-------+---------------+
|  1 | SIMPLE      | customers | const | PRIMARY       |
|  1 | SIMPLE      | orders    | ALL   | NULL          |
+----+-------------+-----------+-------+---------------+
+---------+---------+-------+------+-------------+
| key     | key_len | ref   | rows | Extra       |
+---------+---------+-------+------+-------------+
| PRIMARY | 4       | const |    1 |             |
| NULL    | NULL    | NULL  |    9 | Using where |
+---------+---------+-------+------+-------------+

2 rows in set (0.00 sec)
";
    let plans = read(broken).unwrap();
    assert_eq!(plans.len(), 1);
    let last = plans[0].node(plans[0].ids().last().unwrap());
    assert_eq!((last.operator.clone(), last.rows.examined), (Operator::SeqScan, Some(9.0)), "{:?}", shape(&plans[0]));

    // Authors leave out columns.
    let few = "*************************** 1. row ***************************\n  id: 1\n  select_type: SIMPLE\n  table: t\n  type: ALL\n";
    let plan = &read(few).unwrap()[0];
    assert_eq!(shape(plan).last().map(|line| line.trim()), Some("Seq Scan on t"));

    let by_hand = "\
+----+-------------+-------+-------+---------------+----------+---------+------+------+-----------------------+
| id | select_type | table |  type | possible_keys | key      | key_len |  ref | rows |  filtered   |     Extra
+----+-------------+-------+-------+---------------+----------+---------+------+------+-----------------------+
|  1 | PRIMARY     | t1    | ref   | c1,n1_c1_n2   | c1       |       1 | const|    2 |     100.00  | Using index condition; Using where
|  1 | PRIMARY     | t2 | ref | key0          | key0     |       8 | test.t1.n1,test.t1.n2|    1 |     100.00  | 
+----+-------------+-------+-------+---------------+----------+---------+------+------+-----------------------+
";
    let plan = &read(by_hand).unwrap()[0];
    let looked_up = plan.node(plan.ids().last().unwrap());
    assert_eq!((looked_up.index.as_deref(), looked_up.rows.examined), (Some("key0"), Some(1.0)), "{:?}", shape(plan));
}
