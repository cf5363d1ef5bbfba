//! What a person has the session shaped with: settings, and statements run before.

use super::{Access, Connection, volatile, wire::Wire};
use crate::{
    plan::Engine,
    server::{ErrorKind, ServerError},
    sql::{classify, split, words},
    text::one_line,
};

/// Settings by which a session would get around READ ONLY.
const FORBIDDEN: [&str; 2] = ["transaction_read_only", "default_transaction_read_only"];

/// Refuses settings that would let changes through.
///
/// # Errors
/// [`ErrorKind::Refused`].
pub(super) fn check_settings(settings: &[(String, String)]) -> Result<(), ServerError> {
    match settings.iter().find(|(name, _)| FORBIDDEN.iter().any(|f| name.eq_ignore_ascii_case(f))) {
        None => Ok(()),
        Some((name, _)) => Err(ServerError::new(
            ErrorKind::Refused,
            format!("setting {}", one_line(name)),
            "statements are read only here, and that cannot be set otherwise",
        )
        .next("leave this setting out")),
    }
}

/// How long a statement of the prelude waits for a lock, milliseconds.
const LOCK_LIMIT_MS: u128 = 5000;

/// In what a statement of the prelude runs.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// A READ ONLY transaction: SET, SELECT, changes of temporary tables.
    ReadOnly,
    /// `CREATE TEMPORARY …`, which READ ONLY does not allow.
    Temporary,
    /// Not at all, and why.
    Refused(&'static str),
}

/// Judged by words alone: whatever is let through as [`Kind::ReadOnly`], the server keeps from changing anything.
fn kind(statement: &str) -> Kind {
    let words = words(statement, Engine::PostgreSql);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT" | "SAVEPOINT" | "RELEASE", ..] => {
            Kind::Refused("transactions are begun and ended here, not in the prelude")
        }
        ["CREATE", "TEMP" | "TEMPORARY", ..] | ["CREATE", "LOCAL" | "GLOBAL", "TEMP" | "TEMPORARY", ..] => {
            let writes = ["INSERT", "UPDATE", "DELETE", "MERGE", "EXECUTE"];
            if words.iter().any(|w| writes.contains(w)) {
                return Kind::Refused("a temporary table may only be made from what is read");
            }
            Kind::Temporary
        }
        _ => Kind::ReadOnly,
    }
}

impl Connection {
    /// Runs the prelude, each statement in a transaction of its own that is committed, so that it lasts for the session.
    pub(super) async fn run_prelude(&mut self) -> Result<(), ServerError> {
        self.wire.limit = self.options.statement_timeout;
        for text in &self.options.prelude {
            for span in split(text, Engine::PostgreSql) {
                let statement = span.of(text);
                if let Err(error) = run(&self.wire, statement).await {
                    if !self.wire.is_closed() {
                        let _ = self.wire.ours("rolling back", "ROLLBACK").await;
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

async fn run(wire: &Wire, statement: &str) -> Result<(), ServerError> {
    let attempted = format!("running the prelude's {}", one_line(statement));
    let read_only = match kind(statement) {
        Kind::Refused(why) => return Err(ServerError::new(ErrorKind::Refused, attempted, why)),
        kind => kind == Kind::ReadOnly,
    };
    wire.begin(if read_only { Access::ReadOnly } else { Access::RolledBack }, LOCK_LIMIT_MS).await?;
    if !read_only {
        let class = classify(statement, Engine::PostgreSql);
        if let Some(name) = volatile::named(wire, &class.functions, "").await?.first() {
            let why = format!("{name} is volatile, and what it changes would stay");
            return Err(ServerError::new(ErrorKind::Refused, attempted, why));
        }
    }
    wire.rows(&attempted, statement, &[]).await?;
    wire.ours(&attempted, "COMMIT").await
}

#[cfg(test)]
mod tests {
    use super::{Kind, check_settings, kind};

    #[test]
    fn only_temporary_objects_leave_read_only() {
        for (statement, expected) in [
            ("set search_path = a, b", Kind::ReadOnly),
            ("-- c\nSET ROLE x", Kind::ReadOnly),
            ("drop table x", Kind::ReadOnly),
            ("create table x as select 1", Kind::ReadOnly),
            ("create /* temp */ table x()", Kind::ReadOnly),
            ("create temp table x as select 1", Kind::Temporary),
            ("CREATE LOCAL TEMPORARY TABLE x(a int)", Kind::Temporary),
            ("create temporary view v as select 'delete'", Kind::Temporary),
        ] {
            assert_eq!(kind(statement), expected, "{statement}");
        }
        for statement in
            ["commit", "/* x */ begin", "create temp table x as with d as (delete from t returning *) select 1"]
        {
            assert!(matches!(kind(statement), Kind::Refused(_)), "{statement}");
        }
    }

    #[test]
    fn read_only_cannot_be_set_away() {
        let setting = |name: &str| check_settings(&[(name.to_owned(), "off".to_owned())]);
        assert!(setting("Default_Transaction_Read_Only").is_err());
        assert!(setting("work_mem").is_ok());
    }
}
