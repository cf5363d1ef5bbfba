//! PostgreSQL: connect, explain, cancel, read the catalog.

use super::{ErrorKind, ExplainRequest, Explained, Info, ServerError, SessionOptions, Target};
use crate::catalog::Catalog;

/// An open connection to PostgreSQL.
#[derive(Debug)]
pub struct Connection {
    info: Info,
}

/// Stops a connection's work from outside.
#[derive(Debug, Clone)]
pub struct Canceller {}

#[allow(clippy::unused_async, reason = "skeleton")]
impl Connection {
    /// Connects and shapes the session.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn connect(target: &Target, _options: &SessionOptions) -> Result<Self, ServerError> {
        Err(ServerError::new(ErrorKind::Unsupported, format!("connecting to {}", target.host), "not built yet"))
    }

    /// What is known of the server.
    #[must_use]
    pub const fn info(&self) -> &Info {
        &self.info
    }

    /// A handle that stops this connection's work.
    #[must_use]
    pub const fn canceller(&self) -> Canceller {
        Canceller {}
    }

    /// Explains one statement.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn explain(&mut self, _request: &ExplainRequest) -> Result<Explained, ServerError> {
        Err(ServerError::new(ErrorKind::Unsupported, "explaining", "not built yet"))
    }

    /// Facts about tables and functions.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn catalog(
        &mut self,
        _tables: &[(Option<String>, String)],
        _functions: &[String],
    ) -> Result<Catalog, ServerError> {
        Ok(Catalog::default())
    }
}

#[allow(clippy::unused_async, reason = "skeleton")]
impl Canceller {
    /// Tells the server to stop.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn cancel(&self) -> Result<(), ServerError> {
        Ok(())
    }
}
