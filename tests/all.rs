//! Every integration test, in one binary so that it links once. A kind of test is a file beside this one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod command_line;
mod cut;
mod demo;
mod floors;
mod live_mariadb;
mod live_mysql;
mod live_postgres;
mod live_screen;
mod pty;
mod read_family;
mod read_formats;
mod read_measured;
mod read_own;
mod read_pastes;
mod read_plans;
mod read_versions;
mod readme;
mod schema;
mod screen;
mod support;
