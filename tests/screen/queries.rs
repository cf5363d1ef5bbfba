//! What a person does, from the query to the index, and what can go wrong on the way.

use std::time::Duration;

use whyslow::{
    app::{Confirmed, Effect, Link, Message, Setup, View},
    server::{ErrorKind, ServerError},
    whatif::Progress,
};

use super::{Harness, answers};

fn sql() -> String {
    answers::fixture("open-orders.sql").trim().to_owned()
}

#[test]
fn from_a_pasted_query_to_the_tested_index_and_its_ddl() {
    let mut screen = Harness::connected("");
    screen.send(Message::Paste(sql()));
    let screen = screen.keys("<F6>");
    assert!(matches!(&screen.effects[1..], [.., Effect::Record { .. }]), "{:?}", screen.last());
    assert!(
        screen.text().contains("Seq Scan on public.orders") || screen.text().contains("on orders o"),
        "{}",
        screen.text()
    );
    let screen = screen.keys("x");
    assert_eq!(screen.model.view, View::Indexes);
    assert!(screen.text().contains("orders (status, created)"), "{}", screen.text());
    let screen = screen.keys("<ret>").wait(Duration::from_secs(5));
    let text = screen.text();
    assert!(text.contains("Before") && text.contains("After") && text.contains("index used"), "{text}");
    let screen = screen.keys("y");
    let Effect::Copy { text, .. } = screen.last() else { panic!("{:?}", screen.last()) };
    assert!(text.starts_with("CREATE INDEX CONCURRENTLY"), "{text}");
}

#[test]
fn looking_for_indexes_from_the_editor_explains_first_and_then_goes_on() {
    let screen = Harness::connected(&sql()).keys("<F7>");
    let kinds: Vec<&str> = screen
        .effects
        .iter()
        .filter_map(|e| match e {
            Effect::Explain { .. } => Some("explain"),
            Effect::Advise { .. } => Some("advise"),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, ["explain", "advise"]);
}

#[test]
fn an_answer_to_an_older_request_is_dropped() {
    let mut screen = Harness::connected(&sql()).hold().keys("<F5>");
    let Effect::Explain { generation: old, .. } = *screen.last() else { panic!("{:?}", screen.last()) };
    screen = screen.keys("<F5>");
    screen.send(Message::Explained { generation: old, result: Ok(Box::new(answers::inspection(&sql(), false))) });
    assert!(screen.model.sheets.is_empty() && screen.model.work.is_some());
    screen.send(Message::Explained { generation: old + 1, result: Ok(Box::new(answers::inspection(&sql(), false))) });
    assert_eq!((screen.model.sheets.len(), screen.model.work.is_none()), (1, true));
}

#[test]
fn escape_cancels_here_and_on_the_server_and_keeps_the_query() {
    let screen = Harness::connected(&sql()).hold().keys("<F6>").wait(Duration::from_millis(2_300));
    assert!(screen.text().contains("running 2.30 s") && screen.text().contains("Esc cancel"), "{}", screen.text());
    let screen = screen.keys("<esc>");
    assert!(matches!(screen.last(), Effect::Cancel { generation: 1 }), "{:?}", screen.last());
    assert!(screen.model.work.is_none() && screen.model.editor.text() == sql());
}

#[test]
fn progress_is_shown_while_indexes_are_tried() {
    let mut screen = Harness::connected(&sql()).keys("<F5>").hold().keys("x");
    let progress = Progress { done: 3, total: 12, doing: "orders (status) by hypopg".into() };
    screen.send(Message::Progress { generation: 2, progress });
    assert!(screen.text().contains("3 of 12: orders (status) by hypopg"), "{}", screen.text());
}

#[test]
fn a_syntax_error_marks_its_place_and_the_query_stays() {
    let mut error =
        ServerError::new(ErrorKind::Statement, "explaining the statement", "syntax error at or near \"FORM\"")
            .next("correct the statement and explain it again");
    error.code = Some("42601".into());
    error.position = Some(13);
    let screen = Harness::connected("SELECT 1;\nSELECT id\n  FORM orders").keys("<down>").refuse(error).keys("<F5>");
    assert_eq!(screen.model.editor.mark, Some((2, 2)));
    insta::assert_snapshot!("syntax_error", screen.screen());
    let screen = screen.keys("<esc>");
    assert!(screen.model.error.is_none() && screen.model.editor.typing);
}

#[test]
fn a_statement_that_writes_runs_only_after_the_word() {
    let error = ServerError::new(
        ErrorKind::NeedsConfirmation,
        "measuring the statement",
        "DELETE changes rows. It would be executed inside a transaction and rolled back.",
    );
    let screen = Harness::connected(&sql()).refuse(error).keys("<F6>");
    insta::assert_snapshot!("confirm", screen.screen());
    let screen = screen.keys("yes<ret>");
    assert!(screen.model.confirm.is_some(), "another word is no word");
    let screen = screen.keys("<backspace><backspace><backspace>run<ret>");
    let confirmed = screen
        .effects
        .iter()
        .filter_map(|e| match e {
            Effect::Explain { confirmed, analyze, .. } => Some((*confirmed, *analyze)),
            _ => None,
        })
        .collect::<Vec<_>>();
    assert_eq!(confirmed, [(Confirmed::No, true), (Confirmed::Yes, true)]);
    assert_eq!(screen.model.view, View::Plan);
}

#[test]
fn leaving_the_question_runs_nothing() {
    let error = ServerError::new(ErrorKind::NeedsConfirmation, "measuring", "it writes");
    let screen = Harness::connected(&sql()).refuse(error).keys("<F6>");
    let asked = screen.effects.len();
    let screen = screen.keys("ru<esc>");
    assert_eq!(screen.effects.len(), asked);
    assert!(screen.model.confirm.is_none() && screen.model.editor.text() == sql());
}

#[test]
fn a_dropped_connection_is_opened_again_and_nothing_typed_is_lost() {
    let error =
        ServerError::new(ErrorKind::Disconnected, "explaining the statement", "the server closed the connection");
    let screen = Harness::connected(&sql()).keys("<F5>").refuse(error).keys("r");
    assert!(matches!(screen.last(), Effect::Connect), "{:?}", screen.last());
    assert!(matches!(screen.model.link, Link::Open(_)));
    assert_eq!((screen.model.editor.text(), screen.model.sheets.len()), (sql(), 1));
    assert!(screen.text().contains("the server closed the connection"), "{}", screen.text());
}

#[test]
fn a_wrong_password_says_so_and_the_query_stays() {
    let mut screen = Harness::new(Setup { connect: true, draft: Some(sql()), ..Setup::default() });
    screen.send(Message::ConnectFailed(Box::new(
        ServerError::new(ErrorKind::Authentication, "connecting to db:5432 as ann", "password authentication failed")
            .next("check the password"),
    )));
    let text = screen.text();
    assert!(
        text.contains("not connected")
            && text.contains("password authentication failed")
            && text.contains("SELECT o.id"),
        "{text}"
    );
}

#[test]
fn a_draft_is_kept_some_time_after_the_last_key_and_on_quitting() {
    let screen = Harness::connected("").keys("select").wait(Duration::from_millis(1_500)).keys(" 1");
    assert!(!matches!(screen.last(), Effect::SaveDraft { .. }));
    let screen = screen.wait(Duration::from_millis(2_100));
    assert!(matches!(screen.last(), Effect::SaveDraft { text } if text == "select 1"), "{:?}", screen.last());
    let screen = screen.keys("2<ctrl-q>");
    assert!(
        matches!(&screen.effects[screen.effects.len() - 2..], [Effect::SaveDraft { text }, Effect::Quit] if text == "select 12")
    );
}

#[test]
fn of_several_statements_the_one_under_the_cursor_is_asked() {
    let screen = Harness::connected("select 1;\nselect 2;\nselect 3").keys("<down>").hold().keys("<F5>");
    assert!(screen.text().contains("statement 2 of 3"), "{}", screen.text());
    let asked = screen.effects.iter().rev().find_map(|e| match e {
        Effect::Explain { sql, .. } => Some(sql.as_str()),
        _ => None,
    });
    assert_eq!(asked, Some("select 2"));
}

#[test]
fn findings_lead_to_their_nodes() {
    let screen = Harness::connected(&sql()).keys("<F6><tab>");
    let sheet = screen.model.sheet().unwrap();
    assert_eq!(sheet.tree.selected(), sheet.findings[0].node);
    let screen = screen.keys("<ret>gj]");
    let sheet = screen.model.sheet().unwrap();
    assert_eq!(sheet.tree.selected(), sheet.findings[sheet.finding].node);
}

#[test]
fn searching_finds_conditions_and_marks_what_it_found() {
    let screen = Harness::connected(&sql()).keys("<F6>/created<ret>");
    let sheet = screen.model.sheet().unwrap();
    assert!(sheet.plan.details(sheet.tree.selected()).iter().any(|(_, t)| t.contains("created")));
    assert!(screen.model.searching.is_none());
}

#[test]
fn a_sample_is_chosen_and_explained() {
    let setup = Setup { connect: true, place: "demo".into(), samples: answers::samples(), ..Setup::default() };
    let screen = Harness::new(setup).keys("j<ret>");
    assert_eq!(screen.model.view, View::Plan);
    assert_eq!(screen.model.editor.text(), answers::fixture("top-products.sql").trim());
}

#[test]
fn a_plan_without_a_server_opens_and_says_what_it_cannot_do() {
    let screen = Harness::plan(answers::plan("open-orders.analyze.json", &sql()));
    assert!(screen.text().contains("measured") && screen.text().contains("no server"), "{}", screen.text());
    let screen = screen.keys("x");
    assert!(screen.text().contains("indexes are tried on a server"), "{}", screen.text());
}

#[test]
fn a_plan_pasted_into_the_editor_is_read() {
    let mut screen = Harness::new(Setup::default()).keys("e");
    screen.send(Message::Paste(answers::fixture("open-orders.analyze.json")));
    let screen = screen.keys("<F5>");
    assert_eq!((screen.model.view, screen.model.sheets.len()), (View::Plan, 1));
}

#[test]
fn the_query_of_last_time_gives_way_to_what_is_typed_or_pasted_and_stays_when_it_is_moved_in() {
    let offered = || Harness::connected("select 1");
    assert!(offered().text().contains("of last time"), "{}", offered().text());
    assert_eq!(offered().keys("t").model.editor.text(), "t");
    assert_eq!(offered().keys("t<ctrl-z><ctrl-z>").model.editor.text(), "select 1");
    let mut pasted = offered();
    pasted.send(whyslow::app::Message::Paste("table x".into()));
    assert_eq!(pasted.model.editor.text(), "table x");
    let moved = offered().keys("<end>0");
    assert_eq!(moved.model.editor.text(), "select 10");
    assert!(!moved.text().contains("of last time"));
    // What was run is nobody's offer any more.
    let run = Harness::connected(answers::known().as_str()).keys("<F5>1<ctrl-end>0");
    assert_eq!(run.model.editor.text(), format!("{}0", answers::known()));
    // From elsewhere a query is pasted as a whole.
    let mut elsewhere = Harness::connected(answers::known().as_str()).keys("<F5>");
    elsewhere.send(whyslow::app::Message::Paste("select 2".into()));
    assert_eq!(elsewhere.model.editor.text(), "select 2");
    assert_eq!(elsewhere.keys("<ctrl-z><ctrl-z>").model.editor.text(), answers::known());
}

#[test]
fn after_a_failed_connection_the_query_of_last_time_is_safe_from_the_keys_that_lead_on() {
    let failed = || {
        let mut screen = Harness::new(Setup { connect: true, draft: Some(sql()), ..Setup::default() }).hold();
        screen.send(Message::ConnectFailed(Box::new(ServerError::new(
            ErrorKind::Unreachable,
            "connecting to db:5432",
            "connection refused",
        ))));
        screen
    };
    let screen = failed();
    let text = screen.text();
    assert!(text.contains("R connect again") && text.contains("q quit"), "{text}");
    let quit = screen.keys("q");
    assert!(matches!(quit.last(), Effect::Quit) && quit.model.editor.text() == sql());
    let again = failed().keys("R");
    assert!(matches!(again.last(), Effect::Connect) && again.model.editor.text() == sql());
    // What is being typed goes on being typed.
    let mut typing = Harness::new(Setup { connect: true, ..Setup::default() }).hold().keys("sel");
    typing.send(Message::ConnectFailed(Box::new(ServerError::new(ErrorKind::Unreachable, "connecting", "refused"))));
    assert_eq!(typing.keys("ect q").model.editor.text(), "select q");
}

#[test]
fn the_word_of_a_confirmation_is_cleared_as_in_any_line() {
    let error = ServerError::new(ErrorKind::NeedsConfirmation, "measuring", "it writes");
    for keys in ["<ctrl-u>", "<ctrl-w>"] {
        let screen = Harness::connected(&sql()).refuse(error.clone()).keys("<F6>yes").keys(keys);
        assert_eq!(screen.model.confirm.as_ref().map(|c| c.typed.as_str()), Some(""), "{keys}");
        assert!(screen.keys("run<ret>").model.confirm.is_none());
    }
}

#[test]
fn the_plan_of_one_of_several_statements_says_which_it_is() {
    let all = format!("select 1;\n{};\nselect 3", sql());
    let screen = Harness::connected(&all).size(120, 40).keys("<down><F5>");
    let text = screen.text();
    assert!(text.contains("Plan statement 2 of 3"), "{text}");
    // Again from the plan it is the same one; alone it is none of several.
    assert!(screen.keys("r").text().contains("Plan statement 2 of 3"));
    assert!(!Harness::connected(&sql()).keys("<F5>").text().contains("statement 1"));
}

#[test]
fn a_row_that_stands_for_many_tells_how_they_are_spread() {
    let screen = Harness::plan(answers::partitions(40, 7)).size(120, 40).keys("gj");
    let text = screen.text();
    for words in [
        "39 alike",
        "each 1.0 ms to 50 ms",
        "time each",
        "1.0 ms to 50 ms, median 1.0 ms, 89 ms in all",
        "stand out",
        "m_7",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // Opened it is a node like any other.
    let opened = screen.keys("l").text();
    assert!(!opened.contains("alike") && !opened.contains("time each"), "{opened}");
}
