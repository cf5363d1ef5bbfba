//! What the tests share: servers, fixtures, running the program.

pub(crate) mod formats;
pub(crate) mod mysql;

use whyslow::server::{Environment, Target};

/// The URL of a test server, from a variable that `tests/run` sets.
pub(crate) fn url(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run the live tests by tests/run"))
}

/// The target a URL means, without this machine's environment and files.
pub(crate) fn target(url: &str) -> Target {
    Target::resolve(Some(url), &Environment::default()).unwrap_or_else(|e| panic!("{e}"))
}

/// Runs the program to its end: exit status, standard output, standard error.
pub(crate) fn whyslow(words: &[&str]) -> (i32, String, String) {
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_whyslow")).args(words).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (run.status.code().unwrap(), text(&run.stdout), text(&run.stderr))
}
