//! MySQL and MariaDB: connect, explain, cancel, read the catalog.

mod busiest;
mod catalog;
pub(crate) mod cells;
mod error;
mod explain;
mod functions;
mod histogram;
mod names;
mod real;
mod safety;
mod shape;
mod tls;
mod wire;

use std::{
    any::Any,
    fmt,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use mysql_async::{Opts, Params, Row, Value};

use self::wire::{OpenError, Shared, Wire};
use super::{
    ErrorKind, ExplainRequest, Explained, Info, ServerError, SessionOptions, Target, busiest::Busiest, target::TlsMode,
};
use crate::{
    catalog::{Catalog, Names},
    plan::Engine,
    text::one_line,
};

/// An open connection to MySQL or MariaDB.
#[derive(Debug)]
pub struct Connection {
    wire: Wire,
    info: Info,
    options: SessionOptions,
    connect_timeout: Duration,
    /// Temporary tables of a trial, quoted, that are still to be dropped.
    litter: Vec<String>,
    /// Session variables have values for a moment that nobody wanted for longer.
    disturbed: bool,
    /// What drops the index that was really built on a copy, as long as it stands.
    built: Option<String>,
    /// What somebody keeps with the connection for as long as it lives.
    kept: Option<Box<dyn Any + Send + Sync>>,
}

/// Stops a connection's work from outside, by a second connection with the same options.
#[derive(Clone)]
pub struct Canceller {
    opts: Opts,
    shared: Arc<Shared>,
    timeout: Duration,
}

impl fmt::Debug for Canceller {
    /// Without the options, whose own `Debug` shows the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").field("shared", &self.shared).finish_non_exhaustive()
    }
}

impl Connection {
    /// Connects, finds out who answered and shapes the session.
    ///
    /// # Errors
    /// [`ServerError`] of kind [`ErrorKind::Unreachable`] or [`ErrorKind::Authentication`] when there is no session; any
    /// kind when the person's settings or prelude are refused.
    pub async fn connect(target: &Target, options: &SessionOptions) -> Result<Self, ServerError> {
        let attempted = format!("connecting to {target}");
        let timeout = Duration::from_secs(target.connect_timeout_s);
        let mut wire = open(target, timeout, &attempted).await?;
        let who = "SELECT VERSION(), CONNECTION_ID(), DATABASE(), USER()";
        let rows = wire.prepared(who, Vec::new()).await.map_err(|e| error::convert(&e, &attempted))?;
        let cell = |at: usize| rows.first().and_then(|row| cells::text(row, at));
        let full = cell(0).unwrap_or_default();
        // The handshake tells 32 bits of it only.
        if let Some(id) = cell(1).and_then(|id| id.parse().ok()) {
            wire.shared.id.store(id, Ordering::Relaxed);
        }
        let user = cell(3).unwrap_or_default();
        let info = Info {
            engine: if full.to_ascii_lowercase().contains("mariadb") { Engine::MariaDb } else { Engine::MySql },
            version: one_line(shown_version(&full)),
            version_number: version_number(&full),
            database: cell(2).unwrap_or_default(),
            user: user.rsplit_once('@').map_or(user.as_str(), |(name, _)| name).to_owned(),
            hypopg: None,
            tls: None,
            embedded: false,
        };
        let mut connection = Self {
            wire,
            info,
            options: options.clone(),
            connect_timeout: timeout,
            litter: Vec::new(),
            disturbed: false,
            built: None,
            kept: None,
        };
        connection.info.tls = connection.tls().await?;
        connection.shape().await?;
        Ok(connection)
    }

    /// What is known of the server.
    #[must_use]
    pub const fn info(&self) -> &Info {
        &self.info
    }

    /// Keeps something for as long as the connection lives, in place of what was kept.
    pub(crate) fn keep(&mut self, thing: Box<dyn Any + Send + Sync>) {
        self.kept = Some(thing);
    }

    /// What was kept.
    pub(crate) fn kept(&mut self) -> Option<Box<dyn Any + Send + Sync>> {
        self.kept.take()
    }

    /// Says that a new request of the person's begins; what [`Canceller::cancel`] stopped before is over.
    pub(crate) fn start_over(&self) {
        self.wire.shared.cancelled.store(false, Ordering::Relaxed);
    }

    async fn ready(&mut self) -> Result<(), ServerError> {
        self.start_over();
        self.tidy().await
    }

    /// Tidies up after a request whose answer nobody waited for: connects again, since what the server says next would
    /// be of that request, or drops what a trial left.
    pub(crate) async fn tidy(&mut self) -> Result<(), ServerError> {
        if self.wire.abandoned() || self.disturbed {
            let attempted = "connecting again after an abandoned request";
            self.wire.renew(self.connect_timeout).await.map_err(|e| match e {
                OpenError::Library(e) => error::connecting(&e, attempted, false),
                OpenError::Timeout => {
                    ServerError::new(ErrorKind::Unreachable, attempted, "the server did not answer in time")
                }
            })?;
            // Temporary tables went with the old connection.
            self.litter.clear();
            // Until it has all limits and settings again, it is not to be used: whoever comes next tries once more.
            self.disturbed = true;
            self.shape().await?;
            self.disturbed = false;
        }
        self.sweep().await
    }

    /// Explains a statement without executing it, for trials: nothing is tidied up before.
    pub(crate) async fn plan(&mut self, statement: &str) -> Result<Explained, ServerError> {
        let request = ExplainRequest { sql: statement.to_owned(), ..ExplainRequest::default() };
        explain::explain(self, &request).await
    }

    /// [`Self::catalog`] for trials: nothing is tidied up before.
    pub(crate) async fn facts(&mut self, tables: &[(Option<String>, String)]) -> Result<Catalog, ServerError> {
        catalog::read(self, tables, &[]).await
    }

    /// Makes a temporary table, to be dropped by [`Self::sweep`] at the latest. `sql` begins with `CREATE TEMPORARY TABLE`
    /// and the quoted name.
    pub(crate) async fn create_temporary(&mut self, table: &str, sql: &str) -> Result<(), ServerError> {
        self.ask("making a temporary table", sql, Vec::new()).await?;
        self.litter.push(table.to_owned());
        Ok(())
    }

    /// Drops a temporary table that [`Self::create_temporary`] made; no other.
    pub(crate) async fn drop_temporary(&mut self, table: &str) -> Result<(), ServerError> {
        if let Some(at) = self.litter.iter().position(|ours| ours == table) {
            self.ask("dropping a temporary table", &format!("DROP TEMPORARY TABLE {table}"), Vec::new()).await?;
            self.litter.remove(at);
        }
        Ok(())
    }

    /// Gathers the statistics of a temporary table that [`Self::create_temporary`] made; of no other.
    pub(crate) async fn analyze_temporary(&mut self, table: &str) -> Result<(), ServerError> {
        const GATHERING: &str = "gathering the statistics of a temporary table";
        if !self.litter.iter().any(|ours| ours == table) {
            return Err(ServerError::new(
                ErrorKind::Refused,
                "gathering statistics",
                "that is no temporary table of ours",
            ));
        }
        let sql = format!("ANALYZE NO_WRITE_TO_BINLOG TABLE {table}");
        if self.info.engine == Engine::MySql && self.info.version_number >= 80_000 {
            // MySQL keeps what information_schema tells of a table by name, and ANALYZE writes there also of a temporary table, what
            // every session then reads as the real one's (measured on 9.7). Read only, the engine gathers and nothing is kept.
            self.fixed(GATHERING, "SET SESSION transaction_read_only = 1").await?;
            let gathered = self.ask(GATHERING, &sql, Vec::new()).await;
            self.fixed(GATHERING, "SET SESSION transaction_read_only = 0").await?;
            return gathered.map(|_| ());
        }
        self.ask(GATHERING, &sql, Vec::new()).await.map(|_| ())
    }

    /// Drops the temporary tables that [`Self::create_temporary`] made; also after the person cancelled.
    pub(crate) async fn sweep(&mut self) -> Result<(), ServerError> {
        while let Some(table) = self.litter.last().cloned() {
            if self.wire.is_broken() {
                break;
            }
            // TEMPORARY: no other table can be meant.
            let sql = format!("DROP TEMPORARY TABLE IF EXISTS {table}");
            let answer = self.wire.prepared_anyway(&sql, Params::Empty).await;
            self.litter.pop();
            answer.map_err(|e| error::convert(&e, "dropping a temporary table"))?;
        }
        if self.built.is_some() && !self.wire.is_broken() {
            self.drop_index().await?;
        }
        Ok(())
    }

    /// A handle that stops this connection's work.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller { opts: self.wire.opts().clone(), shared: self.wire.shared.clone(), timeout: self.connect_timeout }
    }

    /// Explains one statement.
    ///
    /// # Errors
    /// [`ServerError`]; of kind [`ErrorKind::NeedsConfirmation`] when the statement would write, lock, or call a function
    /// that may, and `confirmed` is not set; of kind [`ErrorKind::Refused`] when a rollback would not undo it.
    pub async fn explain(&mut self, request: &ExplainRequest) -> Result<Explained, ServerError> {
        self.ready().await?;
        explain::explain(self, request).await
    }

    /// Facts about tables and functions.
    ///
    /// # Errors
    /// [`ServerError`]; facts the account may not read are listed in [`Catalog::missing`] instead.
    pub async fn catalog(
        &mut self,
        tables: &[(Option<String>, String)],
        functions: &[String],
    ) -> Result<Catalog, ServerError> {
        self.ready().await?;
        catalog::read(self, tables, functions).await
    }

    /// Names of the current database's tables and columns.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn names(&mut self) -> Result<Names, ServerError> {
        self.ready().await?;
        names::read(self).await
    }

    /// The statements that cost the server most, from the performance schema; so many at most.
    ///
    /// # Errors
    /// [`ServerError`]; of kind [`ErrorKind::Unsupported`] where it is switched off or no database is chosen.
    pub async fn busiest(&mut self, most: usize) -> Result<Busiest, ServerError> {
        self.ready().await?;
        busiest::read(self, most).await
    }

    /// Values that a column of `(schema, table)` has, as SQL literals in their order: of some hundred rows from either end of the key
    /// `keys`, or of those that come first without one.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn some_values(
        &mut self,
        table: (&str, &str),
        column: &str,
        keys: &[&str],
    ) -> Result<Vec<String>, ServerError> {
        self.ready().await?;
        busiest::some_values(self, table, column, keys).await
    }

    /// Prepares and executes one statement of ours.
    pub(crate) async fn ask(
        &mut self,
        attempted: &str,
        sql: &str,
        params: Vec<Value>,
    ) -> Result<Vec<Row>, ServerError> {
        let answer = self.wire.prepared(sql, params).await;
        answer.map_err(|e| self.in_time(error::convert(&e, attempted)))
    }

    /// Sends a statement that is written in this program and cannot be prepared.
    pub(crate) async fn fixed(&mut self, attempted: &str, sql: &'static str) -> Result<(), ServerError> {
        self.wire.fixed(sql).await.map(|_| ()).map_err(|e| error::convert(&e, attempted))
    }

    /// An interruption that came from our own limit is a time-out and no cancellation.
    fn in_time(&self, mut error: ServerError) -> ServerError {
        if self.wire.overrun && matches!(error.kind, ErrorKind::Cancelled | ErrorKind::Disconnected) {
            error.kind = ErrorKind::Timeout;
            error.next = Some("raise --timeout, or explain without ANALYZE".to_owned());
        }
        error
    }

    async fn tls(&mut self) -> Result<Option<String>, ServerError> {
        let rows = self.ask("asking for the TLS version", "SHOW SESSION STATUS LIKE 'Ssl_version'", Vec::new()).await?;
        Ok(rows.first().and_then(|row| cells::text(row, 1)).filter(|version| !version.is_empty()))
    }
}

impl Canceller {
    /// Why nothing more will come of the request under way.
    #[must_use]
    pub fn stopped(&self) -> Option<ErrorKind> {
        if self.shared.broken.load(Ordering::Relaxed) {
            Some(ErrorKind::Disconnected)
        } else {
            self.shared.cancelled.load(Ordering::Relaxed).then_some(ErrorKind::Cancelled)
        }
    }

    /// Tells the server to stop what the connection runs.
    ///
    /// # Errors
    /// [`ServerError`] when the server could not be told.
    pub async fn cancel(&self) -> Result<(), ServerError> {
        self.shared.cancelled.store(true, Ordering::Relaxed);
        wire::kill(self.opts.clone(), self.shared.id.load(Ordering::Relaxed), self.timeout).await
    }
}

/// Opens a connection in the target's TLS mode. PREFERRED goes on without TLS only where the server offers none.
async fn open(target: &Target, timeout: Duration, attempted: &str) -> Result<Wire, ServerError> {
    let encrypted = target.tls != TlsMode::Disable;
    let checked = tls::verifies(target);
    let mut answer = Wire::open(tls::options(target, encrypted, attempted)?, timeout).await;
    if let Err(OpenError::Library(e)) = &answer
        && matches!(**e, mysql_async::Error::Driver(mysql_async::DriverError::NoClientSslFlagFromServer))
        && target.tls == TlsMode::Prefer
    {
        answer = Wire::open(tls::options(target, false, attempted)?, timeout).await;
    }
    answer.map_err(|e| match e {
        OpenError::Library(e) => error::connecting(&e, attempted, checked),
        OpenError::Timeout => {
            ServerError::new(ErrorKind::Unreachable, attempted, format!("no answer in {} s", timeout.as_secs()))
                .next("check host and port, or wait longer with connect-timeout=SECONDS")
        }
    })
}

/// `9.7.4` of `9.7.4-2`, `11.8.6-MariaDB` of `11.8.6-MariaDB-0+deb13u1 from Debian`.
fn shown_version(full: &str) -> &str {
    let number = full.split('-').next().unwrap_or(full);
    match full.get(number.len()..) {
        Some(rest) if rest.to_ascii_lowercase().starts_with("-mariadb") => &full[..number.len() + "-mariadb".len()],
        _ => number,
    }
}

/// major*10000 + minor*100 + patch; what is missing is 0.
fn version_number(full: &str) -> u32 {
    let mut parts = full.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse::<u32>().unwrap_or(0).min(99));
    let mut next = || parts.next().unwrap_or(0);
    next() * 10_000 + next() * 100 + next()
}

#[cfg(test)]
mod tests {
    use super::{shown_version, version_number};

    #[test]
    fn versions_are_shown_short_and_compared_as_numbers() {
        for (full, shown, number) in [
            ("9.7.4-2", "9.7.4", 90_704),
            ("11.8.6-MariaDB-0+deb13u1 from Debian", "11.8.6-MariaDB", 110_806),
            ("10.11.19-MariaDB-log", "10.11.19-MariaDB", 101_119),
            ("8.0.36-28", "8.0.36", 80_036),
            ("8.0.mysql_aurora.3.05.2", "8.0.mysql_aurora.3.05.2", 80_000),
            ("", "", 0),
        ] {
            assert_eq!((shown_version(full), version_number(full)), (shown, number), "{full}");
        }
    }
}
