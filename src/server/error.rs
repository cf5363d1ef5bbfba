//! What a server or the way to it answered.

/// What went wrong, for decisions; never decided on text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Host not found, refused, unreachable, TLS.
    Unreachable,
    /// Wrong password, unknown user, no access to the database.
    Authentication,
    /// Syntax error or unknown name in the statement; `position` tells where when known.
    Statement,
    /// Missing privilege.
    Privilege,
    /// A time limit ended it.
    Timeout,
    /// The person cancelled it.
    Cancelled,
    /// The connection broke.
    Disconnected,
    /// whyslow refused to send it.
    Refused,
    /// It would write, lock or call a volatile function: the person must type the word first.
    NeedsConfirmation,
    /// This server cannot do that.
    Unsupported,
    /// Anything else.
    Other,
}

/// One clear message: what was attempted, what the server answered, what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerError {
    /// For decisions.
    pub kind: ErrorKind,
    /// What was attempted, such as `connecting to db.example:5432 as ann`. Holds no password.
    pub attempted: String,
    /// The server's message, or ours.
    pub message: String,
    /// SQLSTATE, or MySQL's error number.
    pub code: Option<String>,
    /// The server's detail.
    pub detail: Option<String>,
    /// The server's hint.
    pub hint: Option<String>,
    /// Character of the person's statement the error is at, from 1.
    pub position: Option<usize>,
    /// What to do next.
    pub next: Option<String>,
}

impl ServerError {
    /// An error of which only the attempt and the message are known.
    #[must_use]
    pub fn new(kind: ErrorKind, attempted: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind,
            attempted: attempted.into(),
            message: message.into(),
            code: None,
            detail: None,
            hint: None,
            position: None,
            next: None,
        }
    }

    /// Whether a password, asked of the person, may help: none was known or the server refused it.
    #[must_use]
    pub fn asks_for_password(&self) -> bool {
        self.kind == ErrorKind::Authentication && matches!(self.code.as_deref(), None | Some("28P01" | "1045"))
    }

    /// Adds what to do next.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }
}

impl std::fmt::Display for ServerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.attempted, self.message)?;
        if let Some(code) = &self.code {
            write!(f, " ({code})")?;
        }
        for part in [&self.detail, &self.hint, &self.next].into_iter().flatten() {
            write!(f, "; {part}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ServerError {}
