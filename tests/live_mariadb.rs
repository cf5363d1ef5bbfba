//! A real MariaDB.

use std::time::Duration;

use whyslow::{
    plan::Engine,
    server::{ErrorKind, Session, SessionOptions},
};

use crate::support::{
    mysql::{Server, connect, explain, measure},
    target, url,
};

const MARIADB: Server = Server { reader: "WHYSLOW_TEST_MARIADB", admin: "WHYSLOW_TEST_MARIADB_ADMIN" };

#[tokio::test]
async fn the_server_says_who_it_is_whatever_the_url_says() {
    let url = url(MARIADB.reader).replacen("mariadb://", "mysql://", 1);
    let session = Session::connect(&target(&url), &SessionOptions::default()).await.unwrap();
    let info = session.info();
    assert_eq!(info.engine, Engine::MariaDb);
    assert!(info.version.ends_with("-MariaDB") && info.version_number >= 101_100, "{info:?}");
}

#[tokio::test]
async fn a_select_is_explained_and_measured() {
    let mut session = connect(MARIADB.reader).await;
    let answer = explain(&mut session, "select * from orders where customer_id = 7").await.unwrap();
    assert!(answer.document.contains("\"query_block\""), "{}", answer.document);
    let answer = explain(&mut session, "select * from customers where email = 5").await.unwrap();
    assert!(answer.warnings.iter().any(|w| w.starts_with("Note 1105: ")), "{:?}", answer.warnings);
    let answer = measure(&mut session, "select count(*) from orders where status = 'paid'", false).await.unwrap();
    assert!(answer.document.contains("r_total_time_ms"), "{}", answer.document);
}

#[tokio::test]
async fn analyze_of_dml_is_asked_about_and_rolled_back() {
    MARIADB.dml_is_asked_about_and_rolled_back("update scratch set v = v + 1").await;
    MARIADB.dml_is_asked_about_and_rolled_back("insert into scratch select 9, 9").await;
    MARIADB.dml_is_asked_about_and_rolled_back("delete from scratch").await;
}

#[tokio::test]
async fn a_select_for_update_is_asked_about_even_to_be_planned() {
    let mut admin = connect(MARIADB.admin).await;
    let error = explain(&mut admin, "select * from orders where id = 1 for update").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NeedsConfirmation, "{error}");
    assert!(measure(&mut admin, "select * from orders where id = 1 for update", true).await.is_ok());
}

#[tokio::test]
async fn a_time_limit_ends_a_measurement() {
    let target = target(&url(MARIADB.reader));
    let options = SessionOptions { statement_timeout: Some(Duration::from_millis(300)), ..SessionOptions::default() };
    let mut session = Session::connect(&target, &options).await.unwrap();
    let slow = "select count(*) from order_items a join order_items b on a.line * b.line = 1700 + a.quantity";
    let error = measure(&mut session, slow, false).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Timeout, Some("1969")), "{error}");
}

#[tokio::test]
async fn what_only_reads_is_explained_and_all_else_is_refused_or_asked_about() {
    MARIADB.what_writes_is_asked_about().await;
}

#[tokio::test]
async fn a_second_statement_is_refused_by_us_and_by_the_server() {
    MARIADB.a_second_statement_is_refused().await;
}

#[tokio::test]
async fn what_a_rollback_does_not_undo_is_refused() {
    for storage in ["MyISAM", "Aria", "MEMORY"] {
        MARIADB.what_stays_is_refused(storage).await;
    }
}

#[tokio::test]
async fn errors_are_of_a_kind_and_point_into_the_statement() {
    MARIADB.errors_point_into_the_statement().await;
}

#[tokio::test]
async fn a_running_statement_is_cancelled_from_outside() {
    MARIADB.a_running_statement_is_cancelled().await;
}

#[tokio::test]
async fn settings_and_prelude_shape_the_session_and_cannot_carry_more() {
    MARIADB.settings_and_prelude().await;
}

#[tokio::test]
async fn the_way_in_is_guarded_and_its_errors_are_clear() {
    MARIADB.the_way_in().await;
}

#[tokio::test]
async fn the_catalog_tells_tables_columns_indexes_and_functions() {
    MARIADB.the_catalog().await;
}

#[tokio::test]
async fn what_is_typed_is_completed_from_the_names_of_the_server() {
    MARIADB.names_complete_what_is_typed().await;
}

#[tokio::test]
async fn a_dropped_connection_is_known() {
    MARIADB.a_dropped_connection().await;
}

#[tokio::test]
async fn an_abandoned_request_leaves_no_answer_behind() {
    MARIADB.an_abandoned_request().await;
}

#[tokio::test]
async fn a_sample_answers_as_the_real_index_does() {
    MARIADB.a_sample_answers_as_the_real_index_does().await;
}

#[tokio::test]
async fn a_reader_may_try_an_index_and_leaves_nothing() {
    MARIADB.a_reader_may_try_and_leaves_nothing().await;
}

#[tokio::test]
async fn proposals_are_proved_on_a_sample() {
    MARIADB.proposals_are_proved().await;
}

#[tokio::test]
async fn odd_tables_are_sampled_or_said_to_be_none() {
    MARIADB.odd_tables_are_sampled_or_said_to_be_none().await;
}

#[tokio::test]
async fn rows_that_literals_name_are_in_the_sample() {
    MARIADB.rows_that_literals_name_are_in_the_sample().await;
}

#[tokio::test]
async fn an_interrupted_trial_leaves_nothing() {
    MARIADB.an_interrupted_trial_leaves_nothing().await;
}

#[tokio::test]
async fn an_index_of_every_kind_is_found_and_a_real_one_is_used() {
    MARIADB.an_index_of_every_kind_is_found_and_a_real_one_is_used().await;
}

#[tokio::test]
async fn an_index_is_verified_on_a_copy_and_leaves_nothing() {
    MARIADB.an_index_is_verified_on_a_copy().await;
}

#[tokio::test]
async fn an_index_supposed_away_is_planned_as_if_it_were_dropped() {
    MARIADB.an_index_supposed_away_is_planned_as_if_it_were_dropped().await;
}

#[tokio::test]
async fn an_index_can_take_the_place_of_another() {
    MARIADB.an_index_can_take_the_place_of_another().await;
}

#[tokio::test]
async fn a_setting_can_be_supposed_for_one_plan() {
    MARIADB.a_setting_can_be_supposed_for_one_plan().await;
}

#[tokio::test]
async fn a_reader_gets_a_twin_and_leaves_nothing() {
    MARIADB.a_reader_gets_a_twin_and_leaves_nothing().await;
}

#[tokio::test]
async fn a_larger_table_can_be_supposed_on_a_twin() {
    MARIADB.a_larger_table_can_be_supposed().await;
}

#[tokio::test]
#[ignore = "takes minutes, and builds and drops indexes of the shop"]
async fn every_pair_is_planned_as_if_the_index_were_there() {
    MARIADB.every_pair_is_planned_as_if_the_index_were_there().await;
}

#[tokio::test]
#[ignore = "takes minutes, and builds and drops indexes of the shop"]
async fn every_pair_is_calculated_or_flagged() {
    MARIADB.every_pair_is_calculated_or_flagged().await;
}

#[tokio::test]
async fn a_sample_that_misleads_formulas_is_not_trusted() {
    MARIADB.a_sample_that_misleads_formulas_is_not_trusted().await;
}

#[tokio::test]
async fn a_sample_that_misleads_is_not_trusted() {
    MARIADB.a_sample_that_misleads_is_not_trusted().await;
}

#[tokio::test]
async fn an_invisible_index_is_refused() {
    MARIADB.an_invisible_index_is_refused().await;
}

#[tokio::test]
async fn indexes_of_two_tables_keep_their_own_names() {
    MARIADB.indexes_of_two_tables_keep_their_own_names().await;
}

#[tokio::test]
async fn a_setting_of_the_whole_server_is_supposed_on_a_twin() {
    MARIADB.a_setting_of_the_whole_server_is_supposed_on_a_twin().await;
}

#[tokio::test]
async fn partitions_have_their_own_statistics_on_a_twin() {
    MARIADB.partitions_have_their_own_statistics_on_a_twin().await;
}

#[tokio::test]
async fn the_dearest_statements_are_listed_and_advised_on() {
    MARIADB.the_dearest_statements_are_listed_and_advised_on().await;
}

#[tokio::test]
async fn a_statement_the_server_refuses_keeps_no_other_from_its_index() {
    MARIADB.a_statement_the_server_refuses_keeps_no_other_from_its_index().await;
}

#[tokio::test]
async fn who_may_only_select_gets_a_calculated_answer() {
    MARIADB.who_may_only_select_gets_a_calculated_answer().await;
}

#[tokio::test]
async fn statistics_alone_answer_what_needs_no_rows() {
    MARIADB.statistics_alone_answer_what_needs_no_rows().await;
}

#[tokio::test]
async fn what_is_not_calculated_says_why() {
    MARIADB.what_is_not_calculated_says_why().await;
}

#[tokio::test]
async fn what_a_twin_cannot_have_fails_no_other_statement() {
    MARIADB.what_a_twin_cannot_have_fails_no_other_statement().await;
}

#[tokio::test]
async fn a_statement_that_is_wrong_is_answered_in_the_servers_words() {
    MARIADB.a_statement_that_is_wrong_is_answered_in_the_servers_words().await;
}

#[tokio::test]
async fn several_statements_keep_what_could_not_be_tried() {
    MARIADB.several_statements_keep_what_could_not_be_tried().await;
}

#[tokio::test]
async fn what_needs_a_twin_names_its_option() {
    MARIADB.what_needs_a_twin_names_its_option().await;
}

#[tokio::test]
async fn privileges_on_columns_are_told_to_be_too_few() {
    MARIADB.privileges_on_columns_are_told_to_be_too_few().await;
}
