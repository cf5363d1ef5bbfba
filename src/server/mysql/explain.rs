//! EXPLAIN, EXPLAIN ANALYZE (MySQL) and ANALYZE (MariaDB), all in JSON.

use std::time::{Duration, Instant};

use mysql_async::{Row, Value};

use super::{
    Connection, cells,
    error::{self, Sent},
    safety::{self, Transaction, Wish},
};
use crate::{
    plan::Engine,
    server::{ErrorKind, ExplainRequest, Explained, ServerError},
    sql::{Class, Effects, classify, without_explain},
    text::one_line,
};

/// From this version on a session chooses between the versions of MySQL's JSON (`explain_json_format_version`).
const CHOOSES_VERSION: u32 = 80_300;

/// What MySQL's version 2 says of a statement that its newer executor does not run.
const NOT_MEASURABLE: &str = "<not executable by iterator executor>";

/// For a look before the statement is measured.
const PLAIN: &str = "EXPLAIN ";

/// The same on MySQL, where it also tells what cannot be measured, whatever the version of JSON is set to.
const FORESEEING: &str = "EXPLAIN FORMAT=TREE ";

/// Explains; see [`Connection::explain`].
pub(super) async fn explain(connection: &mut Connection, request: &ExplainRequest) -> Result<Explained, ServerError> {
    let engine = connection.info.engine;
    if request.generic {
        return Err(ServerError::new(ErrorKind::Unsupported, "explaining", "generic plans are PostgreSQL's alone")
            .next("put values in the place of the placeholders"));
    }
    let class = classify(&request.sql, engine);
    let inner = if class.statements == 1 { without_explain(&request.sql, engine) } else { &request.sql };
    let functions = connection.functions(&class.functions).await?;
    let wish = Wish { engine, analyze: request.analyze, confirmed: request.confirmed };
    let plain = Sent::ending(PLAIN, &request.sql, inner);
    let transaction = match safety::decide(wish, &class, &functions, inner) {
        Err(question) if question.kind == ErrorKind::NeedsConfirmation => {
            // A slip of the pen, or what is refused in any case, is told before anything is asked.
            let unasked = Wish { analyze: false, ..wish };
            let in_any_case = safety::decide(Wish { confirmed: true, ..wish }, &class, &functions, inner);
            if class.effects == Effects::Unknown
                && let Ok(transaction) = safety::decide(unasked, &class, &functions, inner)
            {
                connection.run(transaction, PLAIN, inner, &plain).await?;
            }
            if in_any_case.is_ok_and(|transaction| transaction == Transaction::RolledBackIfItReaches) {
                connection.foresee(&class, inner, &request.sql).await?;
            }
            return Err(question);
        }
        decided => decided?,
    };
    let prefix = connection.prefix(request.analyze)?;
    let sent = Sent::ending(prefix, &request.sql, inner);
    if transaction == Transaction::RolledBackIfItReaches {
        connection.foresee(&class, inner, &request.sql).await?;
    }
    let (document, warnings, elapsed) = connection.run(transaction, prefix, inner, &sent).await?;
    if document.contains(NOT_MEASURABLE) {
        return Err(not_measurable());
    }
    // Interrupted, or out of time: MySQL answers with what it counted until then.
    let stopped = warnings.iter().any(|(code, _)| matches!(code.as_str(), "1317" | "3024" | "1969"));
    let partial =
        stopped.then_some("the server stopped the statement before its end; the numbers are of the part that ran");
    Ok(Explained { document, warnings: warnings.into_iter().map(|(_, text)| text).collect(), elapsed, partial })
}

fn not_measurable() -> ServerError {
    ServerError::new(
        ErrorKind::Unsupported,
        "measuring with EXPLAIN ANALYZE",
        "MySQL does not measure UPDATE or DELETE of one table",
    )
    .next("explain it without ANALYZE")
}

impl Connection {
    /// What goes before the statement.
    fn prefix(&self, analyze: bool) -> Result<&'static str, ServerError> {
        match (self.info.engine, analyze) {
            (Engine::MariaDb, true) => Ok("ANALYZE FORMAT=JSON "),
            (_, false) => Ok("EXPLAIN FORMAT=JSON "),
            (_, true) if self.info.version_number < CHOOSES_VERSION => Err(ServerError::new(
                ErrorKind::Unsupported,
                "measuring with EXPLAIN ANALYZE",
                format!("MySQL {} gives measured plans as text only, which is not asked for yet", self.info.version),
            )
            .next("explain it without ANALYZE, or run EXPLAIN ANALYZE yourself and give its text to whyslow read")),
            (_, true) => Ok("EXPLAIN ANALYZE FORMAT=JSON "),
        }
    }

    /// Runs an EXPLAIN in its transaction, which ends whatever comes of it.
    async fn run(
        &mut self,
        transaction: Transaction,
        prefix: &'static str,
        inner: &str,
        sent: &Sent<'_>,
    ) -> Result<(String, Vec<(String, String)>, Duration), ServerError> {
        let attempted = if prefix.contains("ANALYZE") { "measuring the statement" } else { "explaining the statement" };
        if self.info.engine == Engine::MySql && self.info.version_number >= CHOOSES_VERSION {
            // Version 2 gives single-table UPDATE and DELETE no plan; ANALYZE knows version 2 only.
            let one = transaction != Transaction::ReadOnly && !prefix.contains("ANALYZE");
            let sql = if one {
                "SET SESSION explain_json_format_version = 1"
            } else {
                "SET SESSION explain_json_format_version = 2"
            };
            self.fixed(attempted, sql).await?;
        }
        let begin = match transaction {
            Transaction::ReadOnly => "START TRANSACTION READ ONLY",
            Transaction::RolledBack | Transaction::RolledBackIfItReaches => "START TRANSACTION",
        };
        self.fixed(attempted, begin).await?;
        let start = Instant::now();
        let answer = self.wire.prepared(&format!("{prefix}{inner}"), Vec::new()).await;
        let elapsed = start.elapsed();
        let overrun = self.wire.overrun;
        let warnings = if answer.is_ok() { self.wire.fixed("SHOW WARNINGS").await } else { Ok(Vec::new()) };
        let ended = if self.wire.is_broken() { Ok(()) } else { self.fixed("rolling back", "ROLLBACK").await };
        self.wire.overrun = overrun;
        let rows = answer.map_err(|e| self.in_time(error::of_statement(&e, attempted, sent, self.info.engine)))?;
        ended?;
        let warnings = warnings.map_err(|e| error::convert(&e, "reading the server's warnings"))?;
        let document = rows
            .first()
            .and_then(|row| cells::text(row, 0))
            .ok_or_else(|| ServerError::new(ErrorKind::Other, attempted, "the server answered without a plan"))?;
        Ok((document, worded(&warnings), elapsed))
    }

    /// Refuses what would be refused after a confirmation: what the server does not even plan or measure, then what a rollback
    /// would not undo. What comes here is to be measured and calls no stored function, which planning might run.
    async fn foresee(&mut self, class: &Class, inner: &str, whole: &str) -> Result<(), ServerError> {
        let prefix = if self.info.engine == Engine::MySql { FORESEEING } else { PLAIN };
        self.prefix(true)?;
        let sent = Sent::ending(prefix, whole, inner);
        let looked = self.run(Transaction::RolledBack, prefix, inner, &sent).await?.0;
        let plain = |e: ServerError| if e.next.is_some() { e } else { e.next("explain it without ANALYZE") };
        self.refuse_what_stays(class).await.map_err(plain)?;
        if looked.contains(NOT_MEASURABLE) { Err(not_measurable()) } else { Ok(()) }
    }

    /// Refuses a statement that changes what a rollback would not undo.
    async fn refuse_what_stays(&mut self, class: &Class) -> Result<(), ServerError> {
        const LOOKING: &str = "looking whether a rollback would undo it";
        let refuse = |why: String| Err(ServerError::new(ErrorKind::Refused, LOOKING, one_line(&why)));
        if class.tables.is_empty() {
            return refuse("the tables it changes could not be made out".to_owned());
        }
        for (schema, name) in &class.tables {
            let schema = schema.clone().unwrap_or_else(|| self.info.database.clone());
            let key = || vec![Value::from(schema.as_str()), Value::from(name.as_str())];
            let rows = self
                .ask(
                    LOOKING,
                    "SELECT t.TABLE_TYPE, t.ENGINE, e.TRANSACTIONS FROM information_schema.TABLES t \
                     LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE \
                     WHERE t.TABLE_SCHEMA = ? AND t.TABLE_NAME = ?",
                    key(),
                )
                .await?;
            let cell = |at: usize| rows.first().and_then(|row| cells::text(row, at));
            match (cell(0).as_deref(), cell(1), cell(2).as_deref()) {
                (Some("BASE TABLE"), Some(_), Some("YES")) => {}
                (Some("BASE TABLE"), Some(storage), _) => {
                    return refuse(format!("{name} is a table of {storage}, where a rollback undoes nothing"));
                }
                (Some(kind), ..) => {
                    return refuse(format!(
                        "{name} is a {}, and what it stands for is not followed",
                        kind.to_lowercase()
                    ));
                }
                (None, ..) => return refuse(format!("the server does not tell what kind of table {name} is")),
            }
            let triggers = self
                .ask(
                    LOOKING,
                    "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS \
                     WHERE EVENT_OBJECT_SCHEMA = ? AND EVENT_OBJECT_TABLE = ?",
                    key(),
                )
                .await?;
            if let Some(trigger) = triggers.first().and_then(|row| cells::text(row, 0)) {
                return refuse(format!(
                    "{name} has the trigger {trigger}, which may write where a rollback does not reach"
                ));
            }
        }
        Ok(())
    }
}

/// The rows of SHOW WARNINGS: code, and all of it in words.
fn worded(rows: &[Row]) -> Vec<(String, String)> {
    rows.iter()
        .map(|row| {
            let cell = |at| cells::text(row, at).unwrap_or_default();
            let (level, code, message) = (cell(0), cell(1), cell(2));
            let text = one_line(&format!("{level} {code}: {message}"));
            (code, text)
        })
        .collect()
}
