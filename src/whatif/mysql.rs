//! The methods that a session of MySQL or MariaDB allows.

use super::{
    Allow, Method,
    calculated::{self, Calculated},
    ignored,
    mysql_twin::{self, MysqlTwin},
    temporary_tables::{self, TemporaryTables},
};
use crate::{
    advise::{Boxed, Candidate, Change, Compared, Planned, Trial, TrialError, Tried, Trust, compared},
    plan::Plan,
    read,
    server::{ErrorKind, ServerError, mysql::Connection},
};

/// Existing indexes are left out by a hint in the statement; what needs an index that does not exist is tried on a twin, or on samples
/// in temporary tables; where there is neither, it is calculated.
pub(super) struct Methods<'a> {
    tables: TemporaryTables<'a>,
    twin: Option<MysqlTwin>,
    calculated: Option<Calculated>,
    /// Temporary tables may be made.
    allowed: bool,
    /// Any method may answer.
    auto: bool,
    /// Why nothing can be tried.
    nothing: TrialError,
    /// Why there is no twin, where there is none.
    twinless: String,
}

impl<'a> Methods<'a> {
    pub(super) fn new(connection: &'a mut Connection, allow: Allow) -> Self {
        let nothing = nothing(connection, allow);
        let twinless = twinless(connection, allow);
        let here = allow.reads.rows && mysql_twin::available(connection.info()).is_some();
        let wanted = matches!(allow.method, Method::Auto | Method::Twin);
        let twin = (here && wanted).then(|| MysqlTwin::new(connection));
        let allowed = allow.temporary_tables && matches!(allow.method, Method::Auto | Method::TemporaryTables);
        let formulas = matches!(allow.method, Method::Auto | Method::Calculated);
        let calculated = formulas.then(|| {
            // Whoever allows copies of a sample allows a look at it.
            Calculated::new(allow.reads.rows || allow.temporary_tables)
        });
        Self {
            tables: TemporaryTables::new(connection),
            twin,
            calculated,
            allowed,
            auto: allow.method == Method::Auto,
            nothing,
            twinless,
        }
    }

    /// Whether an index that does not exist can be tried.
    ///
    /// # Errors
    /// [`TrialError::Unsupported`] with what would make it possible.
    pub(super) fn able(&self) -> Result<(), TrialError> {
        let any = self.twin.is_some() || self.allowed || self.calculated.is_some();
        if any { Ok(()) } else { Err(self.nothing.clone()) }
    }

    /// A twin that cannot be made gives way to temporary tables, if they are allowed, and to formulas; else its error stands.
    fn instead(&mut self, error: TrialError) -> Result<(), TrialError> {
        let broken = self.twin.as_ref().is_some_and(MysqlTwin::is_broken);
        if !broken || !self.allowed && self.calculated.is_none() {
            return Err(error);
        }
        self.twin = None;
        Ok(())
    }

    /// Temporary tables that cannot be made at all give way to formulas for good, so that the answers of two methods are not mixed.
    fn calculates(&mut self, error: &TrialError) -> bool {
        let calculates = matches!(error, TrialError::Denied { .. }) && self.calculated.is_some();
        if calculates {
            self.allowed = false;
        }
        calculates
    }

    async fn attempt(&mut self, statement: &str, candidate: &Candidate) -> Result<Tried, TrialError> {
        self.able()?;
        if let Some(twin) = &mut self.twin {
            match twin.attempt(self.tables.connection(), statement, candidate).await {
                Err(error) => self.instead(error)?,
                tried => return tried,
            }
        }
        if self.allowed {
            match self.tables.try_one(statement, candidate).await {
                Err(error) if self.calculates(&error) => {}
                tried => return tried,
            }
        }
        let Some(formulas) = &mut self.calculated else { return Err(self.nothing.clone()) };
        let tried = formulas.attempt(self.tables.connection(), statement, candidate).await;
        tried.map_err(|error| self.beside(error))
    }

    async fn changed(
        &mut self,
        statements: &[&str],
        change: Change<'_>,
    ) -> Result<Vec<Result<Planned, TrialError>>, TrialError> {
        self.able()?;
        if let Some(twin) = &mut self.twin {
            match twin.changed(self.tables.connection(), statements, change).await {
                Err(error) => self.instead(error)?,
                planned => return planned,
            }
        }
        if self.allowed {
            let planned = self.tables.plans(statements, change).await;
            let refused = match &planned {
                Err(error) => Some(error.clone()),
                Ok(answers) if answers.iter().all(Result::is_err) => {
                    answers.iter().find_map(|a| a.as_ref().err().cloned())
                }
                Ok(_) => None,
            };
            if !refused.is_some_and(|error| self.calculates(&error)) {
                return planned;
            }
        }
        let Some(formulas) = &mut self.calculated else { return Err(self.nothing.clone()) };
        let answers = formulas.changed(self.tables.connection(), statements, change).await;
        match answers {
            Ok(answers) => Ok(answers.into_iter().map(|a| a.map_err(|error| self.beside(error))).collect()),
            Err(error) => Err(self.beside(error)),
        }
    }

    /// What could not be calculated may be tried otherwise.
    fn beside(&self, error: TrialError) -> TrialError {
        match (error, &self.nothing) {
            (TrialError::Unsupported { method, reason }, TrialError::Unsupported { reason: others, .. })
                if self.auto =>
            {
                TrialError::Unsupported { method, reason: format!("{reason}; otherwise {others}") }
            }
            (error, _) => error,
        }
    }

    /// The formulas, when they are what answers.
    fn formulas(&self) -> Option<&Calculated> {
        self.calculated.as_ref().filter(|_| self.twin.is_none() && !self.allowed)
    }

    /// Each statement's plan as it is, and with a table so many times as large.
    pub(super) async fn larger(
        &mut self,
        statements: &[&str],
        (schema, table): (&str, &str),
        times: f64,
    ) -> Result<Vec<Result<Compared, TrialError>>, TrialError> {
        let Some(twin) = &mut self.twin else {
            let reason = format!("a table of another size is supposed on a twin only: {}", self.twinless);
            return Err(TrialError::Unsupported { method: mysql_twin::METHOD, reason });
        };
        twin.larger(self.tables.connection(), statements, (schema, table), times).await
    }
}

impl Methods<'_> {
    /// Each statement's plan as it is, and with settings that the session does not take.
    pub(super) async fn set(
        &mut self,
        statements: &[&str],
        settings: &[(String, String)],
    ) -> Result<Vec<Result<Compared, TrialError>>, TrialError> {
        let Some(twin) = &mut self.twin else {
            let reason = format!("a setting of the server as a whole is supposed on a twin only: {}", self.twinless);
            return Err(TrialError::Unsupported { method: mysql_twin::METHOD, reason });
        };
        twin.set(self.tables.connection(), statements, settings).await
    }
}

impl Drop for Methods<'_> {
    fn drop(&mut self) {
        if let Some(twin) = self.twin.take() {
            twin.give_back(self.tables.connection());
        }
    }
}

const ROWS: &str = "it needs a sample of the rows on this machine, which is only read with --twin-reads rows";

/// Why there is no twin, and what would make one possible.
fn twinless(connection: &Connection, allow: Allow) -> String {
    if mysql_twin::available(connection.info()).is_none() {
        mysql_twin::wanted(connection.info())
    } else if allow.reads.rows {
        "the method that was chosen is another; --method twin makes one".to_owned()
    } else {
        ROWS.to_owned()
    }
}

/// Why nothing can be tried, and what would make it possible.
fn nothing(connection: &Connection, allow: Allow) -> TrialError {
    const TABLES: &str = "it needs session-private temporary tables, which are only made with --allow-temporary-tables";
    let here = mysql_twin::available(connection.info()).is_some();
    let (method, reason) = match (allow.method, here) {
        (Method::HypoPg, _) => ("hypopg", "it is an extension of PostgreSQL".to_owned()),
        (Method::Twin, true) => (mysql_twin::METHOD, ROWS.to_owned()),
        (Method::Twin, false) => (mysql_twin::METHOD, mysql_twin::wanted(connection.info())),
        (Method::Auto, true) => (
            temporary_tables::METHOD,
            format!("{TABLES}; or a twin here, for which a sample of the rows is only read with --twin-reads rows"),
        ),
        (Method::Auto, false) if allow.reads.rows => {
            (temporary_tables::METHOD, format!("{TABLES}; and for a twin, {}", mysql_twin::wanted(connection.info())))
        }
        (Method::Auto | Method::TemporaryTables | Method::Calculated, _) => {
            (temporary_tables::METHOD, TABLES.to_owned())
        }
    };
    TrialError::Unsupported { method, reason }
}

impl Trial for Methods<'_> {
    fn method(&self) -> &'static str {
        match (self.twin.is_some(), self.formulas().is_some()) {
            (true, _) => mysql_twin::METHOD,
            (_, true) => calculated::METHOD,
            _ => self.tables.method(),
        }
    }

    fn try_one<'a>(&'a mut self, statement: &'a str, candidate: &'a Candidate) -> Boxed<'a, Result<Tried, TrialError>> {
        Box::pin(self.attempt(statement, candidate))
    }

    fn plans<'a>(
        &'a mut self,
        statements: &'a [&'a str],
        change: Change<'a>,
    ) -> Boxed<'a, Result<Vec<Result<Planned, TrialError>>, TrialError>> {
        Box::pin(self.changed(statements, change))
    }

    fn compare<'a>(
        &'a mut self,
        statements: &'a [&'a str],
        change: Change<'a>,
    ) -> Boxed<'a, Vec<Result<Compared, TrialError>>> {
        if change.add.is_empty() {
            // The server itself leaves out what exists.
            return Box::pin(ignored::compare(self.tables.connection(), statements, change.drop));
        }
        compared(self, statements, change)
    }

    fn opening(&self) -> &'static str {
        if self.twin.is_some() {
            "making a twin (some 2 to 8 s): a sample of each table's rows is read, and a server of the same kind is started here"
        } else if self.formulas().is_some() {
            "reading statistics to calculate with"
        } else {
            self.tables.opening()
        }
    }

    fn remarks(&self, statement: &str, candidates: &[&Candidate]) -> (Option<Trust>, Vec<String>) {
        match (&self.twin, self.formulas()) {
            (Some(twin), _) => twin.remarks(statement, candidates),
            (_, Some(formulas)) => formulas.remarks(statement, candidates),
            _ => self.tables.remarks(statement, candidates),
        }
    }

    fn doubt<'a>(&'a mut self, statement: &'a str, change: Change<'a>) -> Boxed<'a, ()> {
        match &mut self.twin {
            Some(twin) => Box::pin(twin.doubt(statement, change)),
            None => self.tables.doubt(statement, change),
        }
    }

    fn sets_a_statement(&self) -> usize {
        // An index is built once and then shown or hidden; formulas ask nobody.
        match (self.twin.is_some(), self.formulas().is_some()) {
            (true, _) => 16,
            (_, true) => 40,
            _ => self.tables.sets_a_statement(),
        }
    }

    fn finish(&mut self) -> Boxed<'_, ()> {
        if let Some(formulas) = &mut self.calculated {
            formulas.clear();
        }
        self.tables.finish()
    }
}

/// The statement's plan as the session sees it now.
pub(super) async fn plan(
    connection: &mut Connection,
    statement: &str,
    method: &'static str,
) -> Result<Plan, TrialError> {
    explained(connection, statement).await.map_err(|e| failed(method, e))
}

/// The same, or what the server says of the statement.
pub(super) async fn explained(connection: &mut Connection, statement: &str) -> Result<Plan, ServerError> {
    let explained = connection.plan(statement).await?;
    let unreadable = |e: String| ServerError::new(ErrorKind::Other, "reading the server's plan", e);
    let mut plans = read::read(&explained.document).map_err(|e| unreadable(e.to_string()))?;
    if plans.is_empty() {
        return Err(unreadable("it holds none".to_owned()));
    }
    let mut plan = plans.swap_remove(0);
    plan.engine = connection.info().engine;
    plan.version.get_or_insert_with(|| connection.info().version.clone());
    plan.query = Some(statement.to_owned());
    plan.notes.extend(explained.warnings);
    Ok(plan)
}

/// Why a statement that a method cannot read is not tried: what the server itself says of it, if it takes it for wrong (a table that is
/// not there, a mistake, a missing privilege), else the method's own reason.
pub(super) async fn refusal(connection: &mut Connection, statement: &str, own: TrialError) -> TrialError {
    let (TrialError::Unsupported { method, .. }
    | TrialError::Denied { method, .. }
    | TrialError::Server { method, .. }) = own;
    match explained(connection, statement).await {
        Err(error) if error.code.is_some() || error.kind == ErrorKind::Disconnected => {
            TrialError::Server { method, message: error.to_string() }
        }
        _ => own,
    }
}

/// A server's error as a trial's.
pub(super) fn failed(method: &'static str, error: ServerError) -> TrialError {
    // ER_TABLEACCESS_DENIED_ERROR, ER_COLUMNACCESS_DENIED_ERROR: no other method could read the rows either.
    if let Some("1142" | "1143") = error.code.as_deref() {
        let reason = format!(
            "{}: a trial reads rows of the table, for which the account needs SELECT on the whole table, not on some of its columns",
            error.message
        );
        return TrialError::Denied { method, reason };
    }
    match error.kind {
        ErrorKind::NeedsConfirmation | ErrorKind::Refused | ErrorKind::Unsupported | ErrorKind::Privilege => {
            let reason = match error.code.as_deref() {
                Some("1137") => format!("MySQL opens a temporary table only once in a statement ({})", error.message),
                _ => error.message,
            };
            TrialError::Unsupported { method, reason }
        }
        _ => TrialError::Server { method, message: error.to_string() },
    }
}
