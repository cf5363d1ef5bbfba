//! A real MySQL.

use std::time::Duration;

use whyslow::{
    plan::Engine,
    server::{ErrorKind, ExplainRequest, Session, SessionOptions},
};

use crate::support::{
    mysql::{ADMIN, Server, connect, explain, measure},
    target, url,
};

const MYSQL: Server = Server { reader: "WHYSLOW_TEST_MYSQL", admin: "WHYSLOW_TEST_MYSQL_ADMIN" };

#[tokio::test]
async fn the_server_says_who_it_is() {
    let session = connect(MYSQL.reader).await;
    let info = session.info();
    assert_eq!(info.engine, Engine::MySql);
    assert!(info.version.starts_with(|c: char| c.is_ascii_digit()) && info.version_number >= 80_000, "{info:?}");
    assert!(
        info.tls.as_deref().is_some_and(|v| v.starts_with("TLSv1")),
        "PREFERRED takes TLS where it is offered: {info:?}"
    );
}

#[tokio::test]
async fn a_select_is_explained_in_the_newest_form_and_dml_in_the_one_that_has_a_plan() {
    let mut session = connect(MYSQL.reader).await;
    let answer = explain(&mut session, "select * from orders where customer_id = 7").await.unwrap();
    assert!(answer.document.contains("\"query_plan\""), "{}", answer.document);
    let answer = explain(&mut session, "select * from customers where email = 5").await.unwrap();
    assert!(answer.warnings.iter().any(|w| w.starts_with("Warning 1739: ")), "{:?}", answer.warnings);
    let mut admin = connect(MYSQL.admin).await;
    let answer = explain(&mut admin, "update orders set status = 'x' where customer_id = 7").await.unwrap();
    assert!(answer.document.contains("\"update\": true"), "{}", answer.document);
}

#[tokio::test]
async fn a_select_is_measured_and_a_dml_only_after_a_word_without_changing_anything() {
    let mut session = connect(MYSQL.reader).await;
    let answer = measure(&mut session, "select count(*) from orders where status = 'paid'", false).await.unwrap();
    assert!(answer.document.contains("actual_rows"), "{}", answer.document);
    MYSQL.dml_is_asked_about_and_rolled_back("insert into scratch select 9, 9 from categories").await;
    let mut admin = connect(MYSQL.admin).await;
    let error = measure(&mut admin, "delete from orders where id = 1", true).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
}

#[tokio::test]
async fn an_interrupted_measurement_keeps_what_it_saw_and_says_so() {
    let target = target(&url(MYSQL.reader));
    let options = SessionOptions { statement_timeout: Some(Duration::from_millis(300)), ..SessionOptions::default() };
    let mut session = Session::connect(&target, &options).await.unwrap();
    let slow = "select count(*) from order_items a join order_items b on a.line * b.line = 1700 + a.quantity";
    match measure(&mut session, slow, false).await {
        Ok(answer) => assert!(answer.partial.is_some(), "{:?}", answer.warnings),
        Err(error) => assert_eq!(error.kind, ErrorKind::Timeout, "{error}"),
    }
}

#[tokio::test]
async fn histograms_give_the_most_common_values() {
    let mut admin = ADMIN(MYSQL.admin).await;
    admin.run("analyze table orders update histogram on status").await;
    let mut session = connect(MYSQL.reader).await;
    let catalog = session.catalog(&[(None, "orders".to_owned())], &[]).await.unwrap();
    let status = catalog.tables[0].column("status").unwrap().statistics.clone().unwrap();
    let sum: f64 = status.most_common.iter().map(|(_, part)| part).sum();
    assert!((0.99..=1.01).contains(&sum) && status.most_common.iter().any(|(v, _)| v == "returned"), "{status:?}");
    assert_eq!(status.n_distinct, Some(f64::from(u32::try_from(status.most_common.len()).unwrap())));
    admin.run("analyze table orders drop histogram on status").await;
}

#[tokio::test]
async fn what_only_reads_is_explained_and_all_else_is_refused_or_asked_about() {
    MYSQL.what_writes_is_asked_about().await;
}

#[tokio::test]
async fn a_second_statement_is_refused_by_us_and_by_the_server() {
    MYSQL.a_second_statement_is_refused().await;
}

#[tokio::test]
async fn what_a_rollback_does_not_undo_is_refused() {
    MYSQL.what_stays_is_refused("MyISAM").await;
}

#[tokio::test]
async fn errors_are_of_a_kind_and_point_into_the_statement() {
    MYSQL.errors_point_into_the_statement().await;
}

#[tokio::test]
async fn a_running_statement_is_cancelled_from_outside() {
    MYSQL.a_running_statement_is_cancelled().await;
}

#[tokio::test]
async fn settings_and_prelude_shape_the_session_and_cannot_carry_more() {
    MYSQL.settings_and_prelude().await;
}

#[tokio::test]
async fn the_way_in_is_guarded_and_its_errors_are_clear() {
    MYSQL.the_way_in().await;
}

#[tokio::test]
async fn the_catalog_tells_tables_columns_indexes_and_functions() {
    MYSQL.the_catalog().await;
}

#[tokio::test]
async fn what_is_typed_is_completed_from_the_names_of_the_server() {
    MYSQL.names_complete_what_is_typed().await;
}

#[tokio::test]
async fn a_dropped_connection_is_known() {
    MYSQL.a_dropped_connection().await;
}

#[tokio::test]
async fn placeholders_and_generic_plans_are_refused_with_a_reason() {
    let mut session = connect(MYSQL.reader).await;
    let error = explain(&mut session, "select * from orders where id = ?").await.unwrap_err();
    assert!(error.message.contains("1 placeholder (?)"), "{error}");
    let request = ExplainRequest { sql: "select 1".to_owned(), generic: true, ..ExplainRequest::default() };
    assert_eq!(session.explain(&request).await.unwrap_err().kind, ErrorKind::Unsupported);
}

#[tokio::test]
async fn an_abandoned_request_leaves_no_answer_behind() {
    MYSQL.an_abandoned_request().await;
}

#[tokio::test]
async fn a_sample_answers_as_the_real_index_does() {
    MYSQL.a_sample_answers_as_the_real_index_does().await;
}

#[tokio::test]
async fn a_reader_may_try_an_index_and_leaves_nothing() {
    MYSQL.a_reader_may_try_and_leaves_nothing().await;
}

#[tokio::test]
async fn proposals_are_proved_on_a_sample() {
    MYSQL.proposals_are_proved().await;
}

#[tokio::test]
async fn odd_tables_are_sampled_or_said_to_be_none() {
    MYSQL.odd_tables_are_sampled_or_said_to_be_none().await;
}

#[tokio::test]
async fn rows_that_literals_name_are_in_the_sample() {
    MYSQL.rows_that_literals_name_are_in_the_sample().await;
}

#[tokio::test]
async fn an_interrupted_trial_leaves_nothing() {
    MYSQL.an_interrupted_trial_leaves_nothing().await;
}

#[tokio::test]
async fn an_index_of_every_kind_is_found_and_a_real_one_is_used() {
    MYSQL.an_index_of_every_kind_is_found_and_a_real_one_is_used().await;
}

#[tokio::test]
async fn an_index_is_verified_on_a_copy_and_leaves_nothing() {
    MYSQL.an_index_is_verified_on_a_copy().await;
}

#[tokio::test]
async fn an_index_supposed_away_is_planned_as_if_it_were_dropped() {
    MYSQL.an_index_supposed_away_is_planned_as_if_it_were_dropped().await;
}

#[tokio::test]
async fn an_index_can_take_the_place_of_another() {
    MYSQL.an_index_can_take_the_place_of_another().await;
}

#[tokio::test]
async fn a_setting_can_be_supposed_for_one_plan() {
    MYSQL.a_setting_can_be_supposed_for_one_plan().await;
}

#[tokio::test]
async fn a_reader_gets_a_twin_and_leaves_nothing() {
    MYSQL.a_reader_gets_a_twin_and_leaves_nothing().await;
}

#[tokio::test]
async fn a_larger_table_can_be_supposed_on_a_twin() {
    MYSQL.a_larger_table_can_be_supposed().await;
}

#[tokio::test]
#[ignore = "takes minutes, and builds and drops indexes of the shop"]
async fn every_pair_is_planned_as_if_the_index_were_there() {
    MYSQL.every_pair_is_planned_as_if_the_index_were_there().await;
}

#[tokio::test]
#[ignore = "takes minutes, and builds and drops indexes of the shop"]
async fn every_pair_is_calculated_or_flagged() {
    MYSQL.every_pair_is_calculated_or_flagged().await;
}

#[tokio::test]
async fn a_sample_that_misleads_formulas_is_not_trusted() {
    MYSQL.a_sample_that_misleads_formulas_is_not_trusted().await;
}

#[tokio::test]
async fn a_sample_that_misleads_is_not_trusted() {
    MYSQL.a_sample_that_misleads_is_not_trusted().await;
}

#[tokio::test]
async fn a_real_index_is_tried_invisible_and_leaves_nothing() {
    MYSQL.a_real_index_is_tried_invisible_and_leaves_nothing().await;
}

#[tokio::test]
async fn indexes_of_two_tables_keep_their_own_names() {
    MYSQL.indexes_of_two_tables_keep_their_own_names().await;
}

#[tokio::test]
async fn a_setting_of_the_whole_server_is_supposed_on_a_twin() {
    MYSQL.a_setting_of_the_whole_server_is_supposed_on_a_twin().await;
}

#[tokio::test]
async fn partitions_have_their_own_statistics_on_a_twin() {
    MYSQL.partitions_have_their_own_statistics_on_a_twin().await;
}

#[tokio::test]
async fn the_dearest_statements_are_listed_and_advised_on() {
    MYSQL.the_dearest_statements_are_listed_and_advised_on().await;
}

#[tokio::test]
async fn a_statement_the_server_refuses_keeps_no_other_from_its_index() {
    MYSQL.a_statement_the_server_refuses_keeps_no_other_from_its_index().await;
}

#[tokio::test]
async fn who_may_only_select_gets_a_calculated_answer() {
    MYSQL.who_may_only_select_gets_a_calculated_answer().await;
}

#[tokio::test]
async fn statistics_alone_answer_what_needs_no_rows() {
    MYSQL.statistics_alone_answer_what_needs_no_rows().await;
}

#[tokio::test]
async fn what_is_not_calculated_says_why() {
    MYSQL.what_is_not_calculated_says_why().await;
}

#[tokio::test]
async fn what_a_twin_cannot_have_fails_no_other_statement() {
    MYSQL.what_a_twin_cannot_have_fails_no_other_statement().await;
}

#[tokio::test]
async fn a_statement_that_is_wrong_is_answered_in_the_servers_words() {
    MYSQL.a_statement_that_is_wrong_is_answered_in_the_servers_words().await;
}

#[tokio::test]
async fn several_statements_keep_what_could_not_be_tried() {
    MYSQL.several_statements_keep_what_could_not_be_tried().await;
}

#[tokio::test]
async fn what_needs_a_twin_names_its_option() {
    MYSQL.what_needs_a_twin_names_its_option().await;
}

#[tokio::test]
async fn privileges_on_columns_are_told_to_be_too_few() {
    MYSQL.privileges_on_columns_are_told_to_be_too_few().await;
}
