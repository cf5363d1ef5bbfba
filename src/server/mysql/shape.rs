//! How a session is shaped: limits, the person's settings, and statements run before.

use std::time::Duration;

use mysql_async::Value;

use super::{Connection, error};
use crate::{
    plan::Engine,
    server::{ErrorKind, ServerError},
    sql::{classify, split, words},
    text::one_line,
};

/// Beyond its own limit, a server gets this long before a statement is interrupted from outside.
const GRACE: Duration = Duration::from_secs(2);

/// Variables that keep statements from writing, and in time.
const OURS: [&str; 7] = [
    "autocommit",
    "completion_type",
    "max_execution_time",
    "max_statement_time",
    "transaction_read_only",
    "tx_read_only",
    "sql_log_bin",
];

impl Connection {
    /// Makes the session what everything else here relies on, then what the person asks for.
    pub(super) async fn shape(&mut self) -> Result<(), ServerError> {
        const SHAPING: &str = "preparing the session";
        for sql in ["SET NAMES utf8mb4", "SET SESSION autocommit = 1"] {
            self.wire.fixed(sql).await.map_err(|e| error::convert(&e, SHAPING))?;
        }
        // The place of a syntax error is told in English words only; servers without the message file keep their own.
        let _ = self.wire.fixed("SET SESSION lc_messages = 'en_US'").await;
        if self.info.engine == Engine::MySql && self.info.version_number >= 80_000 {
            // Row counts and cardinalities would otherwise be up to a day old.
            self.fixed(SHAPING, "SET SESSION information_schema_stats_expiry = 0").await?;
        }
        if let Some(limit) = self.options.lock_timeout {
            let seconds = limit.as_secs().max(1);
            for name in ["lock_wait_timeout", "innodb_lock_wait_timeout"] {
                self.set(name, Value::from(seconds)).await?;
            }
        }
        if let Some(limit) = self.options.statement_timeout {
            if self.info.engine == Engine::MariaDb {
                self.set("max_statement_time", Value::from(limit.as_secs_f64())).await?;
            } else {
                let ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX).max(1);
                self.set("max_execution_time", Value::from(ms)).await?;
            }
            self.wire.limit = Some(limit + GRACE);
        }
        for (name, value) in self.options.settings.clone() {
            self.set_by_person(&name, &value).await?;
        }
        for text in self.options.prelude.clone() {
            for span in split(&text, self.info.engine) {
                self.prelude(span.of(&text)).await?;
            }
        }
        Ok(())
    }

    async fn set(&mut self, name: &'static str, value: Value) -> Result<(), ServerError> {
        let attempted = format!("setting {name}");
        self.ask(&attempted, &format!("SET @@SESSION.{name} = ?"), vec![value]).await.map(|_| ())
    }

    async fn set_by_person(&mut self, name: &str, value: &str) -> Result<(), ServerError> {
        let attempted = format!("setting {}", one_line(name));
        if !is_variable(name) {
            return Err(ServerError::new(ErrorKind::Refused, attempted, "that is no name of a session variable")
                .next("write --set name=value, as in --set sort_buffer_size=1048576"));
        }
        if OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours)) {
            return Err(ServerError::new(
                ErrorKind::Refused,
                attempted,
                "it is a part of what keeps statements from writing or running on, and cannot be set otherwise",
            )
            .next("leave this setting out; --timeout gives statements more time"));
        }
        if value.eq_ignore_ascii_case("default") {
            return self.ask(&attempted, &format!("SET @@SESSION.{name} = DEFAULT"), Vec::new()).await.map(|_| ());
        }
        self.ask(&attempted, &format!("SET @@SESSION.{name} = ?"), vec![value_of(value)]).await.map(|_| ())
    }

    /// Gives session variables other values for a moment; what they were, for [`Self::back_to`].
    ///
    /// # Errors
    /// [`ServerError`] when one cannot be set; the session is then made anew before its next request.
    pub(crate) async fn for_a_moment(
        &mut self,
        settings: &[(String, String)],
    ) -> Result<Vec<(String, String)>, ServerError> {
        let mut were = Vec::with_capacity(settings.len());
        for (name, _) in settings {
            if !is_variable(name) {
                let attempted = format!("setting {}", one_line(name));
                return Err(ServerError::new(ErrorKind::Refused, attempted, "that is no name of a session variable"));
            }
            let rows = self.ask("reading a setting", &format!("SELECT @@SESSION.{name}"), Vec::new()).await?;
            were.push((name.clone(), rows.first().and_then(|row| super::cells::text(row, 0)).unwrap_or_default()));
        }
        self.disturbed = true;
        for (name, value) in settings {
            self.set_by_person(name, value).await?;
        }
        Ok(were)
    }

    /// Gives session variables the values back that they had.
    ///
    /// # Errors
    /// [`ServerError`]; the session is then made anew before its next request.
    pub(crate) async fn back_to(&mut self, were: &[(String, String)]) -> Result<(), ServerError> {
        for (name, value) in were {
            self.set_by_person(name, value).await?;
        }
        self.disturbed = false;
        Ok(())
    }

    /// Runs one statement of the prelude. Whatever is not a temporary table runs where the server lets nothing be written.
    async fn prelude(&mut self, statement: &str) -> Result<(), ServerError> {
        let attempted = format!("running the prelude's {}", one_line(statement));
        let kind = kind(statement, self.info.engine);
        match kind {
            Kind::Refused(why) => return Err(ServerError::new(ErrorKind::Refused, attempted, why)),
            Kind::Temporary => {
                let class = classify(statement, self.info.engine);
                let functions = self.functions(&class.functions).await?;
                if let Some(function) = functions.iter().find(|f| f.volatile) {
                    let why = format!("{} may change something that would stay", one_line(&function.name));
                    return Err(ServerError::new(ErrorKind::Refused, attempted, why));
                }
            }
            Kind::ReadOnly => self.fixed(&attempted, "START TRANSACTION READ ONLY").await?,
        }
        let answer = self.wire.prepared(statement, Vec::new()).await;
        if kind == Kind::ReadOnly {
            self.fixed(&attempted, "COMMIT").await?;
        }
        answer.map(|_| ()).map_err(|e| {
            let mut error = error::convert(&e, attempted);
            if error.code.as_deref() == Some("1295") {
                error.kind = ErrorKind::Refused;
                error.next = Some(
                    "the server cannot prepare it, and nothing else is sent; name the database in the target".into(),
                );
            }
            error
        })
    }
}

/// A session variable's name, which goes into the statement as it is.
fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.len() <= 64
}

/// Numbers go as numbers: a variable that holds one takes no text.
fn value_of(text: &str) -> Value {
    if let Ok(n) = text.parse::<i64>() {
        return Value::from(n);
    }
    match text.parse::<f64>() {
        Ok(n) if n.is_finite() && text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => Value::from(n),
        _ => Value::from(text),
    }
}

/// In what a statement of the prelude runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A READ ONLY transaction: the server itself keeps everything but temporary tables from changing.
    ReadOnly,
    /// On its own: READ ONLY does not allow making a temporary table.
    Temporary,
    /// Not at all, and why.
    Refused(&'static str),
}

/// Judged by words alone. Statements that end a transaction by themselves would leave READ ONLY, so only words known
/// not to are let through.
fn kind(statement: &str, engine: Engine) -> Kind {
    if statement.contains("/*!") || statement.contains("/*M!") {
        return Kind::Refused("it holds a comment that the server executes");
    }
    let words = words(statement, engine);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let has = |word: &str| words.contains(&word);
    match words.as_slice() {
        ["SET", ..] if ["GLOBAL", "PERSIST", "PERSIST_ONLY", "PASSWORD", "STATEMENT"].into_iter().any(has) => {
            Kind::Refused("it would change more than this session")
        }
        ["SET", "DEFAULT", ..] => Kind::Refused("it would change an account"),
        ["SET", ..] if has("AUTOCOMMIT") || has("TRANSACTION") => {
            Kind::Refused("transactions are begun and ended here, not in the prelude")
        }
        ["CREATE", "TEMPORARY", "TABLE", ..] => Kind::Temporary,
        ["SET" | "SELECT" | "WITH" | "INSERT" | "REPLACE" | "UPDATE" | "DELETE" | "VALUES" | "SHOW", ..]
            if !has("OUTFILE") && !has("DUMPFILE") =>
        {
            Kind::ReadOnly
        }
        _ => {
            Kind::Refused("the prelude may SET session variables and roles, SELECT, and make and fill temporary tables")
        }
    }
}

#[cfg(test)]
mod tests {
    use mysql_async::Value;

    use super::{Kind, is_variable, kind, value_of};
    use crate::plan::Engine;

    #[test]
    fn a_variables_name_cannot_carry_sql() {
        for (name, good) in [
            ("sort_buffer_size", true),
            ("_x", true),
            ("", false),
            ("a = 1; drop table x; --", false),
            ("a`b", false),
            ("global.x", false),
            ("1a", false),
        ] {
            assert_eq!(is_variable(name), good, "{name}");
        }
    }

    #[test]
    fn numbers_go_as_numbers_and_all_else_as_text() {
        assert_eq!(value_of("42"), Value::Int(42));
        assert_eq!(value_of("-1"), Value::Int(-1));
        assert_eq!(value_of("0.5"), Value::Double(0.5));
        assert_eq!(value_of("mrr=off"), Value::from("mrr=off"));
        assert_eq!(value_of("inf"), Value::from("inf"));
        assert_eq!(value_of("1; drop table x"), Value::from("1; drop table x"));
    }

    #[test]
    fn the_prelude_runs_where_nothing_can_be_written_but_temporary_tables() {
        for (statement, expected) in [
            ("set @a = 1", Some(Kind::ReadOnly)),
            ("SET ROLE reader", Some(Kind::ReadOnly)),
            ("insert into tmp select 1", Some(Kind::ReadOnly)),
            ("create temporary table t as select 1", Some(Kind::Temporary)),
            ("create table t(a int)", None),
            ("set global x = 1", None),
            ("set @@global.x = 1", None),
            ("set persist x = 1", None),
            ("set password = 'x'", None),
            ("set default role all to a", None),
            ("set statement max_statement_time=1 for delete from t", None),
            ("set autocommit = 0", None),
            ("set session transaction read write", None),
            ("select 1 /*! into outfile 'x' */", None),
            ("select 1 into outfile 'x'", None),
            ("commit", None),
            ("begin", None),
            ("call p()", None),
            ("drop temporary table t", None),
            ("analyze update t set a = 1", None),
            ("use other", None),
        ] {
            let found = kind(statement, Engine::MariaDb);
            match expected {
                Some(expected) => assert_eq!(found, expected, "{statement}"),
                None => assert!(matches!(found, Kind::Refused(_)), "{statement}: {found:?}"),
            }
        }
    }
}
