//! What could not be done, as standard error shows it. Exit status 2.

use std::{io::Write, process::ExitCode};

use crate::{inspect::InspectError, read::ReadError, server::ServerError, text};

/// A failure with all that a person needs to go on.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    message: String,
}

impl Failure {
    /// What was attempted, and what stood in the way.
    pub(super) fn plain(attempted: &str, problem: &str) -> Self {
        Self { message: format!("{attempted}: {problem}") }
    }

    /// The same with what to do next.
    pub(super) fn with(self, next: &str) -> Self {
        Self { message: format!("{}\n  next: {next}", self.message) }
    }

    /// A server's answer to a statement.
    pub(super) fn server(error: &ServerError, statement: Option<&str>) -> Self {
        Self { message: crate::export::error::server(error, statement) }
    }

    /// A document that could not be read.
    pub(super) fn unreadable(error: &ReadError, name: &str, document: &str) -> Self {
        Self { message: crate::export::error::read(error, name, Some(document)) }
    }

    /// An inspection that failed.
    pub(super) fn inspect(error: &InspectError, statement: &str) -> Self {
        match error {
            InspectError::Server(error) => Self::server(error, Some(statement)),
            InspectError::Unreadable { error, document } => Self::unreadable(error, "the server's plan", document),
        }
    }

    /// Prints to standard error and gives the exit status.
    pub(super) fn report(&self) -> ExitCode {
        let _ = writeln!(std::io::stderr(), "whyslow: {}", text::visible(self.message.trim_end()));
        ExitCode::from(2)
    }
}
