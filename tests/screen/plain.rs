//! What nobody should have to guess: what is compared, what one index does of several, that there is more below, what may be typed.

use std::{sync::Arc, time::Duration};

use whyslow::{
    advise::Verdict,
    app::{Compared, Comparison, Effect, Message, PageKind, Question, TreeState, View},
    plan::{Engine, Node, NodeId, Operator, PlanBuilder, Relation, Role},
    theme::{ASCII, Depth, Theme},
    whatif::{Method, Progress, Supposition, Wish},
};

use super::{Harness, answers};

fn connected() -> Harness {
    Harness::connected(answers::fixture("open-orders.sql").trim())
}

/// The proposals, as many times as that.
fn many(times: usize) -> Harness {
    let mut screen = connected().keys("<F7>");
    let advice = screen.model.advice_mut().unwrap();
    advice.proposals = (0..times).flat_map(|_| advice.proposals.clone()).collect();
    screen.send(Message::Tick(Duration::from_secs(9)));
    screen
}

fn line_with<'a>(text: &'a str, words: &str) -> &'a str {
    text.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{words}: {text}"))
}

#[test]
fn estimates_are_compared_with_estimates_and_only_the_time_of_before_is_known() {
    let text = connected().keys("<F6>x").text();
    for words in
        ["1 proved by cost", "est. cost", "7,553 → 1,586 (×4.8 less), both estimated", "72 ms measured as it is now"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    let text = connected().keys("<F6>x<ret>").text();
    for words in [
        "est. cost 7,553 → 1,586 (×4.8 less)",
        "Before est. cost 7,553 · measured 72 ms",
        "After est. cost 1,586 · not run",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // What was only explained has no time.
    let text = connected().keys("<F5>x<ret>").text();
    assert!(text.contains("Before est. cost 7,553 · not measured"), "{text}");
}

#[test]
fn the_node_says_in_words_to_which_side_its_estimate_was_wrong() {
    let plan = |rows: &str| {
        let text =
            format!("Seq Scan on t  (cost=0.00..9.00 rows={rows} width=4) (actual time=0.1..0.9 rows=500 loops=1)");
        let plan = whyslow::read::read(&text).unwrap().remove(0);
        let mut screen = connected().size(200, 60).keys("<F6>2");
        let sheet = screen.model.sheet_mut().unwrap();
        sheet.tree = TreeState::new(&plan);
        sheet.plan = plan.into();
        screen.keys("g").text()
    };
    for (rows, words) in [("5", "estimated, too few by ×100"), ("50000", "estimated, too many by ×100")] {
        let text = plan(rows);
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!plan("500").contains("estimated, too"));
}

#[test]
fn each_of_a_pair_says_what_it_does_alone_and_the_title_what_both_do() {
    let pair = |alone: Option<f64>| {
        let mut screen = connected().size(120, 40).keys("<F7>");
        let advice = screen.model.advice_mut().unwrap();
        advice.proposals[1].verdict = Verdict::Proved;
        advice.proposals[1].name = "orders_status_created_idx".to_owned();
        advice.proposals[0].cost_alone = alone;
        screen
    };
    for (alone, row) in
        [(Some(2_517.0), "×3.0 less alone"), (Some(7_553.0), "no gain alone"), (None, "×4.8 less with both")]
    {
        let text = pair(alone).text();
        assert!(line_with(&text, "orders (status, created)").contains(row), "{row}: {text}");
        assert!(line_with(&text, "Indexes 3").contains("both together ×4.8 less"), "{text}");
        assert!(text.contains("make all of them"), "{text}");
    }
}

#[test]
fn a_list_that_is_cut_says_how_much_more_there_is() {
    let hidden = |screen: &Harness| {
        let rows = screen.model.extents.rows;
        (rows.first, rows.all.saturating_sub(rows.first + usize::from(rows.area.height)))
    };
    let list = many(8);
    assert_eq!(hidden(&list), (0, 18));
    assert!(list.text().contains("↓ 18 more"), "{}", list.text());
    let list = list.keys("G");
    assert!(list.text().contains("↑ 18 more"), "{}", list.text());
    let plan = Harness::plan(answers::big(60, 5)).keys("+g");
    let (above, below) = hidden(&plan);
    assert!(above == 0 && below > 9 && plan.text().contains(&format!("↓ {below} more")), "{}", plan.text());
    let plan = plan.keys("jjjjjjjjjjjj");
    let (above, below) = hidden(&plan);
    assert!(above > 0 && plan.text().contains(&format!("↑ {above} ↓ {below} more")), "{}", plan.text());
    let ascii = Theme::built_in(true, Depth::None, &ASCII);
    let plan = Harness::plan(answers::big(60, 5)).theme(ascii).keys("+g");
    assert!(plan.text().contains(&format!(" v {} more ", hidden(&plan).1)), "{}", plan.text());
    // Texts that can be scrolled, and lists to choose from.
    for keys in ["<F6>", "<F6>?", "<F6>:", "<F6>:view-text<ret>g", "<F7>"] {
        let text = connected().keys(keys).wait(Duration::from_secs(9)).text();
        assert!(text.contains(" more "), "{keys}: {text}");
    }
    // What is seen whole says nothing.
    let text = connected().size(200, 60).keys("<F7>").wait(Duration::from_secs(9)).text();
    assert!(!text.contains(" more "), "{text}");
}

#[test]
fn an_index_may_be_typed_on_or_typed_whole_where_its_table_stands_already() {
    let plan = || connected().size(120, 40).keys("<F6>");
    assert_eq!(plan().keys("i").model.prompt.as_ref().unwrap().line.text(), "orders (");
    for typed in [
        "status)",
        "CREATE INDEX ON orders (status)",
        "create unique index concurrently x on public.orders using btree (status);",
        "orders (status)",
        "<ctrl-u>orders (status)",
    ] {
        let screen = plan().keys(&format!("i{typed}<ret>"));
        let Effect::TryIndex { candidate, .. } = screen.last() else {
            panic!("{typed}: {:?}\n{}", screen.last(), screen.text())
        };
        assert_eq!((candidate.table.as_str(), candidate.keys[0].expr.as_str()), ("orders", "status"), "{typed}");
    }
    for (typed, problem) in [
        ("create index on orders (stats)", "orders has no column stats"),
        ("stats)", "orders has no column stats"),
        ("create index on customers (id)", "reads no table customers"),
    ] {
        let text = plan().keys(&format!("i{typed}<ret>")).text();
        assert!(text.contains(problem), "{typed}: {text}");
    }
}

/// A scan of the table, and with the index a bitmap scan, whose index is named one node below the table.
fn bitmap(with: bool) -> whyslow::plan::Plan {
    let mut builder = PlanBuilder::new();
    let root = builder.push(None, Node::new(Role::Root, Operator::Sort, "Sort")).unwrap();
    let relation = || Some(Relation { name: "orders".into(), alias: Some("o".into()), ..Relation::default() });
    if with {
        let mut heap = Node::new(Role::Outer, Operator::BitmapHeapScan, "Bitmap Heap Scan");
        heap.relation = relation();
        let heap = builder.push(Some(root), heap).unwrap();
        let mut index = Node::new(Role::Outer, Operator::BitmapIndexScan, "Bitmap Index Scan");
        index.index = Some("orders_status_created_idx".into());
        builder.push(Some(heap), index).unwrap();
    } else {
        let mut scan = Node::new(Role::Outer, Operator::SeqScan, "Seq Scan");
        scan.relation = relation();
        builder.push(Some(root), scan).unwrap();
    }
    builder.finish(Engine::PostgreSql).unwrap()
}

#[test]
fn both_sides_of_a_comparison_open_on_nodes_that_answer_to_each_other() {
    let mut proposal = answers::proposals(&answers::known()).remove(0);
    let tried = proposal.tried.as_mut().unwrap();
    (tried.before, tried.after) = (bitmap(false), bitmap(true));
    let comparison = Comparison::of_proposal(&proposal).unwrap();
    assert_eq!((comparison.after.selected(), comparison.before.selected()), (NodeId(2), NodeId(1)));
    // Of two plans the cursor stays where it is in the one that is looked at.
    let screen = connected().keys("<F6>rgjjjC<ret>");
    let comparison = screen.model.comparison.as_ref().unwrap();
    assert_eq!(comparison.after.selected(), NodeId(3), "{}", screen.text());
    let kinds = |plan: Arc<whyslow::plan::Plan>| {
        Comparison::new(Compared::Plans(String::new(), String::new()), plan.clone(), plan)
    };
    assert_eq!(kinds(Arc::new(bitmap(true))).before.selected(), NodeId::ROOT);
}

#[test]
fn the_head_of_a_comparison_is_whole_and_its_trees_begin_at_their_roots() {
    let text = connected().keys("<F7><ret>").wait(Duration::from_secs(9)).text();
    let head: Vec<&str> = text.lines().skip(1).take(2).collect();
    assert!(head.iter().all(|line| !line.contains('…')), "{text}");
    assert_eq!(text.matches("  Limit ").count(), 2, "{text}");
    // All that has no room there is one key away.
    let screen = connected().keys("<F7><ret><ret>");
    assert!(screen.model.page.is_some_and(|page| page.kind == PageKind::Trial));
    let text = screen.text();
    for words in [
        "About it",
        "hypopg, trust close",
        "checked     the server planned it itself",
        "estimated the index's size from statistics",
        "CREATE INDEX CONCURRENTLY",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let screen = screen.keys("<esc>");
    assert_eq!((screen.model.page, screen.model.view), (None, View::Compare));
    let text = connected().keys("<F7><space><space>t<ret>").text();
    assert!(text.contains("checked: the server planned it itself") && text.contains("makes them"), "{text}");
}

#[test]
fn a_message_covers_nothing_that_is_looked_at() {
    let quiet = connected().keys("<F6>");
    let borders = |text: &str| text.lines().filter(|line| line.starts_with(['╭', '╰'])).count();
    for said in ["short", &"a message that takes more than one line of the screen ".repeat(3)] {
        let mut screen = connected().keys("<F6>");
        screen.send(Message::Warn(said.to_owned()));
        let text = screen.text();
        let lines = text.lines().filter(|line| line.contains("message that") || line.contains("short")).count();
        assert!(lines >= 1, "{text}");
        // Every row either is the message's own, or a whole row of a pane.
        for line in text.lines().skip(1).take(22) {
            let own = line.contains("message that") || line.contains("of the screen");
            assert!(own || line.chars().count() == 80, "{line}\n{text}");
        }
        assert!(borders(&text) >= borders(&quiet.text()) - usize::from(lines == 1), "{text}");
    }
}

#[test]
fn a_note_is_written_beside_its_node_and_says_which() {
    for keys in ["g", "gj", "gjj", "gjjj", "gjjjj", "G"] {
        let screen = connected().keys("<F6>").keys(keys);
        let row = screen.text().lines().find(|line| line.contains('▌')).unwrap().to_owned();
        let text = screen.keys("A").text();
        assert!(text.lines().any(|line| line == row), "{keys}: {row}\n{text}");
        assert!(text.contains("Note on "), "{text}");
    }
    assert!(connected().keys("<F6>GA").text().contains("Note on Index Scan using customers_pkey on customers c"));
}

#[test]
fn the_hints_of_a_plan_name_what_is_done_with_it_where_there_is_room() {
    let hints = |width| connected().size(width, 40).keys("<F6>").text().lines().last().unwrap().to_owned();
    assert_eq!(hints(80).trim(), "x find indexes  a run+measure  r explain  ] finding  : commands  ? help  q quit");
    for (width, named) in
        [(120, &["t table", "A note", "y copy", ": commands"][..]), (200, &["s slowest", "W what if", "v view"])]
    {
        for words in named {
            assert!(hints(width).contains(words), "{words}: {}", hints(width));
        }
    }
    let typing = connected().size(120, 40).text();
    assert!(typing.lines().last().unwrap().contains("F2 commands"), "{typing}");
}

#[test]
fn rows_say_whether_they_are_of_one_loop_or_of_all() {
    let narrow = connected().keys("<F6>").text();
    assert!(narrow.contains("est → act ×loops"), "{narrow}");
    assert!(line_with(&narrow, "└─ Seq Scan").contains("272 → ~228 ×2"), "{narrow}");
    let wide = connected().size(120, 40).keys("<F6>").text();
    assert!(wide.contains("per loop est → act"), "{wide}");
    for words in ["2 (processes that share the work)", "about 456 actual"] {
        assert!(wide.contains(words), "{words}: {wide}");
    }
    // Where nothing runs more than once there is nothing to say.
    let once = Harness::plan(answers::big(5, 2)).text();
    assert!(!once.contains("×loops") && !once.contains("per loop"), "{once}");
}

fn supposed(screen: &Harness) -> &Supposition {
    match screen
        .effects
        .iter()
        .rev()
        .find_map(|e| if let Effect::Suppose { supposition, .. } = e { Some(supposition) } else { None })
    {
        Some(supposition) => supposition,
        None => panic!("{:?}\n{}", screen.effects.last(), screen.text()),
    }
}

#[test]
fn every_what_if_of_the_command_line_can_be_asked_on_the_screen() {
    let orders = || ("public".to_owned(), "orders".to_owned());
    let plan = || connected().hold_suppositions().keys("<F6>");
    for (typed, expected) in [
        ("work_mem=256MB", Supposition::Settings(vec![("work_mem".into(), "256MB".into())])),
        ("orders=10x", Supposition::Larger { table: orders(), times: 10.0 }),
        ("postgres=18", Supposition::Major(18)),
    ] {
        let screen = plan().keys(&format!("W{typed}<ret>"));
        assert_eq!(*supposed(&screen), expected, "{typed}");
        assert!(screen.text().contains("Asking what would be"), "{}", screen.text());
        // Cancelled, it is as it was.
        assert_eq!(screen.keys("<esc>").model.view, View::Plan);
    }
    // Statistics are made of rows: that is asked first.
    for (typed, wish) in [
        ("statistics(status, created) on orders", Wish::Together("status, created".into())),
        ("statistics 1000 on orders.status", Wish::Target("status".into(), 1000)),
    ] {
        let screen = plan().keys(&format!("W{typed}<ret>"));
        assert_eq!(screen.model.question, Some(Question::Sample), "{}", screen.text());
        assert!(screen.text().contains("Read a sample of the rows?"), "{}", screen.text());
        let refused = plan().keys(&format!("W{typed}<ret>n"));
        assert!(!refused.effects.iter().any(|e| matches!(e, Effect::Suppose { .. })));
        let screen = screen.keys("y");
        assert!(screen.model.allow.reads.rows);
        assert_eq!(*supposed(&screen), Supposition::Statistics { table: orders(), wish });
    }
    for (typed, problem) in [
        ("nonsense", "expected NAME=VALUE"),
        ("nosuch=10x", "reads no table nosuch"),
        ("statistics on x", "expected statistics"),
    ] {
        let screen = plan().keys(&format!("W{typed}<ret>"));
        assert!(screen.text().contains(problem) && screen.model.prompt.is_some(), "{typed}: {}", screen.text());
    }
}

#[test]
fn the_method_is_chosen_by_itself_and_can_be_changed() {
    let screen = connected().size(120, 40).keys("<F7>m");
    let text = screen.text();
    assert!(text.contains("How indexes are tried") && line_with(&text, "auto ").contains("in force"), "{text}");
    let screen = screen.keys("twin<ret>");
    assert_eq!(screen.model.allow.method, Method::Twin);
    let screen = screen.keys("mread-ends<ret>x");
    let Effect::Advise { allow, .. } =
        screen.effects.iter().rev().find(|e| matches!(e, Effect::Advise { .. })).unwrap()
    else {
        panic!()
    };
    assert!(allow.method == Method::Twin && allow.reads.ends && !allow.reads.rows);
    let text = screen.keys("m").text();
    assert!(
        line_with(&text, "read-ends").contains("  allowed") && line_with(&text, "twin ").contains("in force"),
        "{text}"
    );
}

#[test]
fn an_open_finding_leaves_its_share_room() {
    for words in 20..60 {
        let mut screen = connected().keys("<F6><tab>");
        let sheet = screen.model.sheet_mut().unwrap();
        sheet.finding = 0;
        sheet.findings[0].title = "xy ".repeat(words).trim_end().to_owned();
        sheet.findings[0].share = Some(0.8217);
        screen.send(Message::Tick(Duration::from_secs(9)));
        let text = screen.text();
        let line = line_with(&text, "82 %");
        assert!(line.contains("xy ") && line.contains(" 82 %"), "{words}: {text}");
    }
}

fn footer(screen: &Harness) -> String {
    screen.text().lines().last().unwrap().trim().to_owned()
}

#[test]
fn what_stands_in_front_offers_no_key_of_what_is_behind_it() {
    for keys in ["<F6>?", "<F6>1<F1>", "<F7><ret><ret>", "<F6>:messages<ret>"] {
        let hints = footer(&connected().keys(keys).wait(Duration::from_secs(9)));
        assert_eq!(hints, "Esc leave", "{keys}");
    }
}

#[test]
fn a_question_offers_only_what_answers_it() {
    let mut screen = connected();
    screen.model.question = Some(Question::Sample);
    assert!(!footer(&screen).contains("temporary tables"), "{}", screen.text());
    screen.model.question = Some(Question::Trials);
    assert!(footer(&screen).contains("t temporary tables"), "{}", screen.text());
}

#[test]
fn a_search_under_way_says_all_that_it_does_and_offers_no_second_one() {
    let mut screen = connected().keys("<F5>").hold().keys("x");
    let doing = "making a twin: a sample of each table's rows is read, and a server of the same kind is started here";
    screen.send(Message::Progress { generation: 2, progress: Progress { done: 0, total: 0, doing: doing.into() } });
    let text = screen.text();
    let said: String =
        text.lines().filter(|l| l.starts_with('│')).map(|l| l.trim_matches(['│', ' ']).to_owned() + " ").collect();
    assert!(said.contains(doing), "{text}");
    let hints = footer(&screen);
    assert!(hints.starts_with("Esc cancel") && !hints.contains("find indexes") && !hints.contains("method"), "{hints}");
    let text = screen.keys("<ret>").text();
    assert!(text.contains("not ready yet; Esc stops it"), "{text}");
}

#[test]
fn another_way_to_the_same_is_offered_as_a_choice_and_no_gain_as_none() {
    let mut screen = connected().keys("<F7>");
    let advice = screen.model.advice_mut().unwrap();
    (advice.proposals[1].verdict, advice.proposals[1].instead_of) =
        (Verdict::Proved, Some(advice.proposals[0].name.clone()));
    let text = screen.text();
    assert!(line_with(&text, "orders (created)").contains("✔ or this"), "{text}");
    assert!(line_with(&text, "orders (created)").contains("no change"), "{text}");
    let text = screen.keys("j").text();
    assert!(text.contains("instead of  orders_status_created_idx: make either, not both"), "{text}");
}

#[test]
fn trying_others_together_than_the_one_looked_at_is_said() {
    let mut screen = connected().keys("<F7>");
    let advice = screen.model.advice_mut().unwrap();
    advice.proposals[1].verdict = Verdict::Proved;
    let text = screen.keys("jjt").text();
    assert!(text.contains("not the one under the cursor"), "{text}");
}

#[test]
fn every_method_of_the_list_is_told_whole_at_80_columns() {
    let text = connected().keys("<F7>m").text();
    let list: Vec<&str> = text.lines().skip_while(|l| !l.contains("How indexes are tried")).skip(2).take(5).collect();
    assert!(list.iter().all(|line| line.contains("││") && !line.contains('…')), "{text}");
    assert_eq!(text.matches("not allowed").count(), 2, "{text}");
}

#[test]
fn while_a_query_is_typed_every_command_can_be_had_by_its_name() {
    for (typed, command) in
        [("reconn", "reconnect"), ("theme", "theme"), ("show-h", "show-history"), ("form", "format")]
    {
        let text = connected().keys(&format!("<F2>{typed}")).text();
        assert!(text.contains(&format!("▌{command}")), "{typed}: {text}");
    }
    let screen = connected().keys("<F2>show-h<ret>");
    assert_eq!(screen.model.view, View::History);
}

#[test]
fn an_index_that_compares_otherwise_is_told_from_one_that_is_there() {
    let mut screen = connected().keys("<F7>");
    screen.model.advice_mut().unwrap().proposals[0].candidate.keys[0].opclass = Some("text_pattern_ops".to_owned());
    assert!(screen.text().contains("orders (status text_pattern_ops, created)"), "{}", screen.text());
}

#[test]
fn what_was_copied_is_named() {
    let text = connected().keys("<F7>y").text();
    assert!(text.contains("copied the DDL of orders_status_created_idx"), "{text}");
}

#[test]
fn the_signs_before_the_nodes_of_a_comparison_are_explained_on_the_screen() {
    let mut proposal = answers::proposals(&answers::known()).remove(0);
    let tried = proposal.tried.as_mut().unwrap();
    (tried.before, tried.after) = (bitmap(false), bitmap(true));
    let mut screen = connected().keys("<F7>");
    screen.model.comparison = Comparison::of_proposal(&proposal);
    screen.model.view = View::Compare;
    let text = screen.text();
    assert!(line_with(&text, "Before").contains("~ 1 changed"), "{text}");
    assert!(line_with(&text, "After").contains("~ 1 changed + 1 only after"), "{text}");
}

#[test]
fn without_a_server_nothing_is_offered_that_wants_one() {
    let of_a_file = |screen: Harness| footer(&screen.size(160, 40));
    let read = of_a_file(Harness::plan(answers::inspection(answers::fixture("open-orders.sql").trim(), true).plan));
    for words in ["find indexes", "run+measure", "explain"] {
        assert!(!read.contains(words), "{words}: {read}");
    }
    assert!(read.contains("search"), "{read}");
    let asked = of_a_file(connected().keys("<F5>"));
    assert!(asked.contains("find indexes") && asked.contains("run+measure"), "{asked}");
}
