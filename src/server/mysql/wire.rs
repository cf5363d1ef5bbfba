//! The only place that hands text to the client library.
//!
//! The library always announces `CLIENT_MULTI_STATEMENTS`, so a text query may hold several statements. Text queries
//! therefore take `&'static str` alone: what is written in this program. Everything else, the person's text first of
//! all, is prepared, and the server prepares one statement or answers 1064. No handler for LOCAL INFILE is ever set.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use mysql_async::{Conn, Opts, Params, Row, Value, prelude::Queryable};

use super::error;
use crate::server::{ErrorKind, ServerError};

/// How long an interrupted statement is given to end before the connection counts as lost.
const AFTER_KILL: Duration = Duration::from_secs(5);

/// What a connection and those who may stop it have in common.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// The server's number of the connection.
    pub(super) id: AtomicU64,
    /// The person cancelled the request under way: nothing more of it is sent.
    pub(super) cancelled: AtomicBool,
    /// Nothing more can be said over the connection.
    pub(super) broken: AtomicBool,
}

/// A connection's conversation.
pub(super) struct Wire {
    conn: Conn,
    /// Options for a second connection, which interrupts this one.
    opts: Opts,
    pub(super) shared: Arc<Shared>,
    /// Time after which a statement is interrupted from outside, in case the server's own limit does not reach it.
    pub(super) limit: Option<Duration>,
    /// Whether the last statement was interrupted because of `limit`.
    pub(super) overrun: bool,
    /// An answer is awaited. Still set when the next statement comes, the one who waited went away: what the server
    /// would say next belongs to the former statement.
    waiting: bool,
}

impl fmt::Debug for Wire {
    /// Without the options, whose own `Debug` shows the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("shared", &self.shared).field("waiting", &self.waiting).finish_non_exhaustive()
    }
}

impl Wire {
    /// Opens a connection.
    pub(super) async fn open(opts: Opts, timeout: Duration) -> Result<Self, OpenError> {
        let conn = match tokio::time::timeout(timeout, Conn::new(opts.clone())).await {
            Ok(conn) => conn.map_err(|e| OpenError::Library(Box::new(e)))?,
            Err(_) => return Err(OpenError::Timeout),
        };
        let shared = Arc::new(Shared::default());
        shared.id.store(u64::from(conn.id()), Ordering::Relaxed);
        Ok(Self { conn, opts, shared, limit: None, overrun: false, waiting: false })
    }

    /// Options for a second connection like this one.
    pub(super) fn opts(&self) -> &Opts {
        &self.opts
    }

    /// Whether the conversation is out of step because someone stopped waiting for an answer.
    pub(super) const fn abandoned(&self) -> bool {
        self.waiting
    }

    pub(super) fn is_broken(&self) -> bool {
        self.waiting || self.shared.broken.load(Ordering::Relaxed)
    }

    /// A new conversation with the same server in place of this one; whoever may stop this one may stop that.
    pub(super) async fn renew(&mut self, timeout: Duration) -> Result<(), OpenError> {
        let old = self.shared.id.load(Ordering::Relaxed);
        // What the former statement holds, others would wait for.
        let _ = kill(self.opts.clone(), old, timeout).await;
        let fresh = Self::open(self.opts.clone(), timeout).await?;
        self.shared.id.store(u64::from(fresh.conn.id()), Ordering::Relaxed);
        self.shared.broken.store(false, Ordering::Relaxed);
        self.conn = fresh.conn;
        (self.waiting, self.overrun) = (false, false);
        Ok(())
    }

    /// Sends a statement that is written in this program, as text: some cannot be prepared.
    pub(super) async fn fixed(&mut self, sql: &'static str) -> Result<Vec<Row>, mysql_async::Error> {
        self.waiting = true;
        let answer = self.conn.query::<Row, _>(sql).await;
        self.note(answer)
    }

    /// Prepares one statement and executes it. Takes more than [`Self::limit`] only when the server does not obey.
    pub(super) async fn prepared(&mut self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, mysql_async::Error> {
        let params = if params.is_empty() { Params::Empty } else { Params::Positional(params) };
        if self.shared.cancelled.load(Ordering::Relaxed) {
            return Err(cancelled());
        }
        self.prepared_anyway(sql, params).await
    }

    /// The same after the person cancelled: for tidying up.
    pub(super) async fn prepared_anyway(&mut self, sql: &str, params: Params) -> Result<Vec<Row>, mysql_async::Error> {
        (self.overrun, self.waiting) = (false, true);
        let Some(limit) = self.limit else {
            let answer = self.conn.exec::<Row, _, _>(sql, params).await;
            return self.note(answer);
        };
        let (opts, id) = (self.opts.clone(), self.shared.id.load(Ordering::Relaxed));
        let mut overrun = false;
        let answer = {
            let mut running = std::pin::pin!(self.conn.exec::<Row, _, _>(sql, params));
            if let Ok(answer) = tokio::time::timeout(limit, running.as_mut()).await {
                answer
            } else {
                overrun = true;
                let _ = kill(opts, id, AFTER_KILL).await;
                // The answer is waited for, so that the conversation stays in step.
                tokio::time::timeout(AFTER_KILL, running.as_mut())
                    .await
                    .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
            }
        };
        self.overrun = overrun;
        self.note(answer)
    }

    fn note<T>(&mut self, answer: Result<T, mysql_async::Error>) -> Result<T, mysql_async::Error> {
        self.waiting = false;
        if answer.as_ref().is_err_and(error::breaks) {
            self.shared.broken.store(true, Ordering::Relaxed);
        }
        answer
    }
}

/// As the server says it of a statement that was interrupted.
fn cancelled() -> mysql_async::Error {
    mysql_async::Error::Server(mysql_async::ServerError {
        code: 1317,
        message: "cancelled before it was sent".to_owned(),
        state: "70100".to_owned(),
    })
}

/// Why a connection could not be opened.
pub(super) enum OpenError {
    /// The library's error, the server's answer in it.
    Library(Box<mysql_async::Error>),
    /// Nothing came in time.
    Timeout,
}

/// Interrupts the statement another connection runs, from a connection of its own.
///
/// # Errors
/// [`ServerError`]; that nothing runs there any more is none.
pub(super) async fn kill(opts: Opts, id: u64, timeout: Duration) -> Result<(), ServerError> {
    let attempted = || format!("interrupting connection {id} of the server");
    let work = async {
        let mut conn = Conn::new(opts).await?;
        // A number of our own; KILL takes no parameter on MySQL (6413).
        let answer = conn.exec_drop(format!("KILL QUERY {id}"), Params::Empty).await;
        let _ = conn.disconnect().await;
        answer
    };
    match tokio::time::timeout(timeout, work).await {
        // 1094: no such connection, so nothing is left to interrupt.
        Ok(Err(mysql_async::Error::Server(e))) if e.code == 1094 => Ok(()),
        Ok(answer) => answer.map_err(|e| error::convert(&e, attempted())),
        Err(_) => Err(ServerError::new(ErrorKind::Unreachable, attempted(), "the server did not answer in time")),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    /// Every Rust file below a folder.
    fn sources(folder: &Path, out: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push((path.to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap()));
            }
        }
    }

    #[test]
    fn text_queries_are_sent_by_this_file_alone_and_only_of_text_written_in_the_program() {
        let mut all = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
        assert!(all.len() > 20);
        for (path, text) in all {
            let text = text.split("#[cfg(test)]").next().unwrap();
            let ours = path.ends_with("server/mysql/wire.rs");
            // `Conn` is the only way to a text query; a second file that names it could send one.
            for name in ["mysql_async::Conn", "Queryable", "prelude::Query", "mysql_async::prelude", "Pool::"] {
                assert!(ours || !text.contains(name), "{path} holds {name}");
            }
            if ours {
                let lines: Vec<&str> = text.lines().filter(|l| l.contains(".query")).map(str::trim).collect();
                assert_eq!(lines, ["let answer = self.conn.query::<Row, _>(sql).await;"]);
                assert!(text.contains("async fn fixed(&mut self, sql: &'static str)"));
                assert!(!text.contains("infile_handler("));
            }
        }
    }
}
