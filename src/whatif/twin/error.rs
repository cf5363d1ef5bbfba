//! Why there is no twin, or why it cannot answer.

use crate::{server::ServerError, store::StoreError, whatif::private_server::Failure};

/// What went wrong with a twin.
#[derive(Debug, thiserror::Error)]
pub enum TwinError {
    /// There is no PostgreSQL on this machine to make one in.
    #[error(
        "there is no PostgreSQL on this machine to make a twin in: install the server's package (postgresql-{major}), or \
         say where its programs are by WHYSLOW_POSTGRES_BIN=DIR"
    )]
    NoServer {
        /// The major version that would be best.
        major: u32,
    },
    /// The production server could not be asked.
    #[error(transparent)]
    Production(#[from] ServerError),
    /// The twin's server did not start or broke.
    #[error("the twin's PostgreSQL: {0}")]
    Engine(String),
    /// The twin's server refused something.
    #[error("{doing} on the twin: {message}")]
    Refused {
        /// What was attempted.
        doing: String,
        /// SQLSTATE, when it was the server.
        code: Option<String>,
        /// What it answered.
        message: String,
    },
    /// There cannot be a twin of this.
    #[error("{0}")]
    Unsupported(String),
}

impl TwinError {
    /// The system refused something with the twin's files.
    pub(super) fn file(doing: &str, error: &std::io::Error) -> Self {
        Self::Engine(format!("{doing}: {error}"))
    }

    /// Whether the server answered with that SQLSTATE.
    pub(super) fn is(&self, sqlstate: &str) -> bool {
        matches!(self, Self::Refused { code: Some(code), .. } if code == sqlstate)
    }
}

impl From<StoreError> for TwinError {
    fn from(error: StoreError) -> Self {
        Self::Engine(error.to_string())
    }
}

impl From<Failure> for TwinError {
    fn from(error: Failure) -> Self {
        Self::Engine(error.0)
    }
}
