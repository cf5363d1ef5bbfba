//! The connection itself: requests with a time limit, notices, cancelling.
//!
//! Text that is not ours reaches the server here by [`Wire::rows`] alone, which speaks the extended protocol: the server
//! refuses a second statement in one message. [`Wire::ours`] takes text that this program is compiled with.

use std::{
    fmt,
    future::poll_fn,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use secrecy::ExposeSecret;
use tokio::time::timeout;
use tokio_postgres::{
    AsyncMessage, CancelToken, Client, Config, Row,
    config::{ChannelBinding as Binding, SslMode},
    types::{ToSql, Type},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    Access,
    errors::{self, Ended},
};
use crate::{
    server::{
        ErrorKind, ServerError, Target,
        target::{ChannelBinding, TlsMode},
        tls::{self, Seen},
    },
    text::one_line,
};

/// How much later than the server's own limit we stop waiting for it.
const GRACE: Duration = Duration::from_secs(5);
/// How long telling the server to stop may take.
const CANCEL_WITHIN: Duration = Duration::from_secs(10);
/// Notices kept; a function may raise one a row.
const NOTICES: usize = 100;

/// Parameters of a request, each with its type, so that no round trip is spent on asking for it.
pub(crate) type Parameters<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

/// A driver's client with what belongs to it.
pub(super) struct Wire {
    client: Client,
    notices: Arc<Mutex<Vec<String>>>,
    canceller: Canceller,
    seen: Seen,
    /// The limit that the open transaction set.
    pub(super) limit: Option<Duration>,
}

impl Wire {
    /// Connects within the target's limit.
    ///
    /// The driver wants its half of the connection polled from a task of its own; it ends with the client.
    pub(super) async fn connect(target: &Target) -> Result<Self, ServerError> {
        let attempted = format!("connecting to {target}");
        let (configuration, seen) = tls::configuration(target)?;
        let connector = MakeRustlsConnect::new(configuration);
        let config = config(target);
        let connecting = async {
            // A client that comes to the embedded server in the moment it ends is dropped unheard; the server that
            // takes its place listens on the same socket.
            let mut again = if target.embedded { 4 } else { 0 };
            loop {
                match config.connect(connector.clone()).await {
                    Err(error) if again > 0 && error.as_db_error().is_none() => again -= 1,
                    other => break other,
                }
            }
        };
        let limit = Duration::from_secs(target.connect_timeout_s);
        let connected = if limit.is_zero() {
            connecting.await
        } else {
            timeout(limit, connecting).await.map_err(|_| {
                ServerError::new(ErrorKind::Unreachable, &attempted, format!("no answer within {} s", limit.as_secs()))
                    .next("is a firewall between here and the server? connect_timeout gives it more time")
            })?
        };
        let (client, mut connection) =
            connected.map_err(|e| errors::connecting(&e, &attempted, target.password.is_some()))?;
        let notices = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&notices);
        let closed = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&closed);
        tokio::spawn(async move {
            // An error ends the connection; the client's next request reports it as closed.
            while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
                if let AsyncMessage::Notice(notice) = message {
                    let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                    if heard.len() < NOTICES {
                        heard.push(format!("{}: {}", notice.severity(), one_line(notice.message())));
                    }
                }
            }
            ended.store(true, Ordering::Relaxed);
        });
        let canceller = Canceller {
            token: client.cancel_token(),
            connector,
            asked: Arc::default(),
            closed,
            place: target.to_string(),
        };
        Ok(Self { client, notices, canceller, seen, limit: None })
    }

    pub(super) fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    pub(super) fn tls(&self) -> Option<String> {
        self.seen.version()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed() || self.canceller.closed.load(Ordering::Relaxed)
    }

    /// A new request of the person's begins: what was cancelled before is over.
    pub(super) fn start_over(&self) {
        self.canceller.asked.store(false, Ordering::Relaxed);
        self.take_notices();
    }

    /// Notices since the last call.
    pub(super) fn take_notices(&self) -> Vec<String> {
        std::mem::take(&mut self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// One statement by the extended protocol.
    pub(super) async fn rows(&self, attempted: &str, sql: &str, with: Parameters<'_>) -> Result<Vec<Row>, ServerError> {
        if self.canceller.asked.load(Ordering::Relaxed) {
            return Err(ServerError::new(ErrorKind::Cancelled, attempted, "cancelled before it was sent"));
        }
        let with: Vec<_> = with.iter().map(|(value, kind)| (*value, kind.clone())).collect();
        self.within(attempted, self.client.query_typed(sql, &with)).await
    }

    /// Statements of our own, several at once by the simple protocol.
    ///
    /// Only constants and numbers are taken: `'static` text keeps a person's text out.
    pub(super) async fn ours(&self, attempted: &str, sql: &'static str) -> Result<(), ServerError> {
        self.within(attempted, self.client.batch_execute(sql)).await
    }

    /// `BEGIN` with the limits set for the transaction, in one round trip.
    pub(super) async fn begin(&self, access: Access, lock_ms: u128) -> Result<(), ServerError> {
        let mode = match access {
            Access::ReadOnly => "READ ONLY",
            Access::Planning => "READ ONLY; SET LOCAL jit = off",
            Access::Snapshot => "ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            Access::RolledBack => "READ WRITE",
        };
        let statement =
            self.limit.map_or(String::new(), |l| format!("; SET LOCAL statement_timeout = {}", l.as_millis()));
        // A mode and two numbers: nothing of the person's text.
        let sql = format!("BEGIN {mode}; SET LOCAL lock_timeout = {lock_ms}{statement}");
        self.within("starting a transaction", self.client.batch_execute(&sql)).await
    }

    async fn within<T>(
        &self,
        attempted: &str,
        request: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, ServerError> {
        let start = Instant::now();
        let answer = match self.limit {
            None => request.await,
            // The server's own limit comes first; ours is for servers that have none or cannot be heard.
            Some(limit) => {
                let Ok(answer) = timeout(limit + GRACE, request).await else {
                    // A server that does not answer will hardly take this, but then nothing is lost by it.
                    let _ = self.canceller.cancel().await;
                    let message = format!("no answer within {} s", (limit + GRACE).as_secs());
                    return Err(ServerError::new(ErrorKind::Timeout, attempted, message).next("connect again"));
                };
                answer
            }
        };
        answer.map_err(|error| {
            let ended = if self.canceller.asked.load(Ordering::Relaxed) {
                Ended::Cancelled
            } else if self.limit.is_some_and(|limit| start.elapsed() >= limit) {
                Ended::Late
            } else {
                Ended::Unknown
            };
            errors::request(&error, attempted, ended)
        })
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("place", &self.canceller.place).finish_non_exhaustive()
    }
}

/// The driver's configuration. TLS is never spoken over a socket file, as in libpq.
fn config(target: &Target) -> Config {
    let mut config = Config::new();
    match &target.socket {
        Some(directory) => config.host_path(directory),
        None => config.host(&target.host),
    };
    if let Some(address) = target.postgres.address {
        config.hostaddr(address);
    }
    config.port(target.port).user(&target.user).application_name(&target.application_name);
    if let Some(database) = &target.database {
        config.dbname(database);
    }
    if let Some(password) = &target.password {
        config.password(password.expose_secret());
    }
    if let Some(options) = &target.postgres.options {
        config.options(options);
    }
    config.ssl_mode(match target.tls {
        _ if target.socket.is_some() => SslMode::Disable,
        TlsMode::Disable => SslMode::Disable,
        TlsMode::Prefer => SslMode::Prefer,
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
    });
    config.channel_binding(match target.postgres.channel_binding {
        ChannelBinding::Disable => Binding::Disable,
        ChannelBinding::Prefer => Binding::Prefer,
        ChannelBinding::Require => Binding::Require,
    });
    config
}

/// Stops a connection's work from outside.
#[derive(Clone)]
pub struct Canceller {
    token: CancelToken,
    connector: MakeRustlsConnect,
    /// Set when we asked, until the person's next request: what is not yet sent stays unsent, and an error can be told
    /// from a time limit's.
    asked: Arc<AtomicBool>,
    /// Set when the connection has ended.
    closed: Arc<AtomicBool>,
    place: String,
}

impl Canceller {
    /// Why nothing more will come of the request under way: it was cancelled, or the connection is gone.
    pub(in crate::server) fn stopped(&self) -> Option<ErrorKind> {
        if self.asked.load(Ordering::Relaxed) {
            return Some(ErrorKind::Cancelled);
        }
        self.closed.load(Ordering::Relaxed).then_some(ErrorKind::Disconnected)
    }

    /// Tells the server to stop what the connection is doing, over a connection of its own with the same TLS.
    ///
    /// # Errors
    /// [`ServerError`] when the server could not be told.
    pub async fn cancel(&self) -> Result<(), ServerError> {
        self.asked.store(true, Ordering::Relaxed);
        let attempted = format!("cancelling on {}", self.place);
        match timeout(CANCEL_WITHIN, self.token.cancel_query(self.connector.clone())).await {
            Ok(told) => told.map_err(|e| errors::connecting(&e, &attempted, true)),
            Err(_) => Err(ServerError::new(
                ErrorKind::Unreachable,
                attempted,
                format!("no answer within {} s", CANCEL_WITHIN.as_secs()),
            )),
        }
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").field("place", &self.place).finish_non_exhaustive()
    }
}
