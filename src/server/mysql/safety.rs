//! Whether a statement may be explained, and in what transaction.
//!
//! | measured on MySQL 9.7 and MariaDB 11.8 | so |
//! |---|---|
//! | plain EXPLAIN may call functions and run sub-queries | a stored function that may write is asked about first |
//! | READ ONLY refuses every write (1792), those of functions and EXPLAIN of DML too | what reads runs there, always |
//! | MariaDB's ANALYZE of DML changes the data; rolling back undoes it on transactional tables only | asked, checked, rolled back |
//! | MariaDB refuses FOR UPDATE in READ ONLY and locks rows even in plain EXPLAIN | asked, rolled back |

use crate::{
    catalog::Function,
    plan::Engine,
    server::{ErrorKind, ServerError},
    sql::{Class, Effects},
    text::one_line,
};

/// In what transaction a statement runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transaction {
    /// The server refuses whatever writes.
    ReadOnly,
    /// An ordinary one, rolled back.
    RolledBack,
    /// The same, only when a rollback reaches every table the statement names.
    RolledBackIfItReaches,
}

/// What the person asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    pub(super) engine: Engine,
    pub(super) analyze: bool,
    pub(super) confirmed: bool,
}

impl Wish {
    const fn attempted(self) -> &'static str {
        match (self.analyze, self.engine) {
            (false, _) => "explaining",
            (true, Engine::MariaDb) => "measuring with ANALYZE",
            (true, _) => "measuring with EXPLAIN ANALYZE",
        }
    }

    fn refuse(self, why: impl Into<String>) -> ServerError {
        ServerError::new(ErrorKind::Refused, self.attempted(), one_line(&why.into()))
    }

    /// `then` when the person has confirmed, else the question.
    fn ask(self, why: impl Into<String>, then: Transaction) -> Result<Transaction, ServerError> {
        if self.confirmed {
            return Ok(then);
        }
        let next = if self.analyze {
            "confirm to run it and roll it back, or explain it without ANALYZE"
        } else {
            "confirm to have the server plan it all the same"
        };
        Err(ServerError::new(ErrorKind::NeedsConfirmation, self.attempted(), one_line(&why.into())).next(next))
    }
}

/// Decides, for a statement of this class, these functions and this text.
pub(super) fn decide(wish: Wish, class: &Class, functions: &[Function], sql: &str) -> Result<Transaction, ServerError> {
    let stored: Vec<&str> = functions.iter().filter(|f| f.volatile && !f.builtin).map(|f| f.name.as_str()).collect();
    let harmful: Vec<&str> = functions.iter().filter(|f| f.volatile).map(|f| f.name.as_str()).collect();
    // READS SQL DATA and NO SQL are words that neither server holds a function to: only READ ONLY does.
    let any_stored: Vec<&str> = functions.iter().filter(|f| !f.builtin).map(|f| f.name.as_str()).collect();
    let verb = &class.verb;
    if class.statements == 0 {
        return Err(wish.refuse("there is no statement").next("type one"));
    }
    if class.statements != 1 && !wish.confirmed {
        let why = format!("the text holds {} statements; one is taken at a time", class.statements);
        return Err(wish.refuse(why).next("leave the others out; nothing was sent"));
    }
    match class.effects {
        Effects::NotExplainable => Err(wish
            .refuse(format!("{verb} is no query that EXPLAIN takes"))
            .next("give a SELECT, INSERT, UPDATE, DELETE or REPLACE; nothing was sent")),
        Effects::Reads if !stored.is_empty() => wish.ask(
            format!("it calls {}, which may write, and the server may call it even to plan; what writes is refused", stored.join(", ")),
            Transaction::ReadOnly,
        ),
        Effects::Reads if wish.analyze && !harmful.is_empty() => {
            wish.ask(format!("it calls {}, which waits, locks or burns time", harmful.join(", ")), Transaction::ReadOnly)
        }
        Effects::Reads if wish.analyze && sql.contains(":=") => {
            wish.ask("it assigns user variables, and the session keeps them", Transaction::ReadOnly)
        }
        Effects::Locks if wish.engine == Engine::MariaDb => {
            if !any_stored.is_empty() {
                return Err(wish.refuse(format!(
                    "{verb} needs a transaction that may write, and {} may write where a rollback does not reach",
                    any_stored.join(", ")
                )));
            }
            wish.ask(format!("{verb} locks rows until it is rolled back, here even to be planned"), Transaction::RolledBack)
        }
        Effects::Locks if wish.analyze || !stored.is_empty() => {
            wish.ask(format!("{verb} locks rows until it is rolled back"), Transaction::ReadOnly)
        }
        Effects::Reads | Effects::Locks => Ok(Transaction::ReadOnly),
        Effects::Writes if !any_stored.is_empty() => Err(wish
            .refuse(format!(
                "{verb} is planned where it could write, the server may call {} even to plan it, and what that writes a rollback may not \
                 reach",
                any_stored.join(", ")
            ))
            .next("put a value in the place of the call")),
        Effects::Writes if wish.analyze => wish.ask(
            format!("{verb} would really run, fire its triggers and hold its locks until it is rolled back; AUTO_INCREMENT keeps what it gave"),
            Transaction::RolledBackIfItReaches,
        ),
        Effects::Writes => Ok(Transaction::RolledBack),
        Effects::Unknown => {
            let problem = class.problem.as_deref().map_or(String::new(), |p| format!(" ({p})"));
            let upper = sql.to_ascii_uppercase();
            let hides = ["INTO", "/*!", "/*M!"].iter().any(|part| upper.contains(part));
            match (wish.analyze, hides) {
                (true, true) => {
                    Err(wish.refuse(format!("what it does could not be made out{problem}, and it may write a file")))
                }
                // Mostly a slip of the pen: the server tells it better, and plans where nothing can be written.
                (false, false) => Ok(Transaction::ReadOnly),
                _ => wish.ask(
                    format!("what it does could not be made out{problem}; it is only let run where nothing can be written"),
                    Transaction::ReadOnly,
                ),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Transaction, Wish, decide};
    use crate::{
        catalog::Function,
        plan::Engine::{self, MariaDb, MySql},
        server::ErrorKind,
        sql::classify,
    };

    fn decided(engine: Engine, sql: &str, analyze: bool, confirmed: bool) -> Result<Transaction, ErrorKind> {
        let class = classify(sql, engine);
        let functions: Vec<Function> = class
            .functions
            .iter()
            .map(|name| Function {
                name: name.clone(),
                volatile: name.starts_with("writes") || name == "sleep",
                builtin: !name.starts_with("writes") && !name.starts_with("reads"),
            })
            .collect();
        decide(Wish { engine, analyze, confirmed }, &class, &functions, sql).map_err(|e| e.kind)
    }

    #[test]
    fn what_reads_runs_where_nothing_can_be_written_and_what_may_do_more_is_asked_about() {
        use ErrorKind::{NeedsConfirmation as Asks, Refused};
        use Transaction::{ReadOnly, RolledBack, RolledBackIfItReaches};
        // statement, server, plain, plain confirmed, ANALYZE, ANALYZE confirmed
        for (sql, engine, answers) in [
            ("select lower(a) from t", MySql, [Ok(ReadOnly), Ok(ReadOnly), Ok(ReadOnly), Ok(ReadOnly)]),
            ("select writes(a) from t", MySql, [Err(Asks), Ok(ReadOnly), Err(Asks), Ok(ReadOnly)]),
            ("select sleep(1)", MariaDb, [Ok(ReadOnly), Ok(ReadOnly), Err(Asks), Ok(ReadOnly)]),
            ("select * from t for update", MySql, [Ok(ReadOnly), Ok(ReadOnly), Err(Asks), Ok(ReadOnly)]),
            ("select * from t for update", MariaDb, [Err(Asks), Ok(RolledBack), Err(Asks), Ok(RolledBack)]),
            ("select writes(a) from t for update", MariaDb, [Err(Refused), Err(Refused), Err(Refused), Err(Refused)]),
            (
                "delete from t where a = 1",
                MySql,
                [Ok(RolledBack), Ok(RolledBack), Err(Asks), Ok(RolledBackIfItReaches)],
            ),
            (
                "delete from t where a = 1",
                MariaDb,
                [Ok(RolledBack), Ok(RolledBack), Err(Asks), Ok(RolledBackIfItReaches)],
            ),
            ("update t set a = writes(1)", MariaDb, [Err(Refused), Err(Refused), Err(Refused), Err(Refused)]),
            // Declared READS SQL DATA, which binds nobody.
            ("update t set a = reads(1)", MySql, [Err(Refused), Err(Refused), Err(Refused), Err(Refused)]),
            (
                "select * from t where a = reads(1) for update",
                MariaDb,
                [Err(Refused), Err(Refused), Err(Refused), Err(Refused)],
            ),
            ("select * from t where a = reads(1)", MariaDb, [Ok(ReadOnly), Ok(ReadOnly), Ok(ReadOnly), Ok(ReadOnly)]),
            ("drop table t", MySql, [Err(Refused), Err(Refused), Err(Refused), Err(Refused)]),
            ("select 1; select 2", MySql, [Err(Refused), Ok(ReadOnly), Err(Refused), Ok(ReadOnly)]),
            ("select * from t where (", MySql, [Ok(ReadOnly), Ok(ReadOnly), Err(Asks), Ok(ReadOnly)]),
            ("select 1 /*! into outfile '/x' */", MariaDb, [Err(Asks), Ok(ReadOnly), Err(Refused), Err(Refused)]),
        ] {
            for (at, (analyze, confirmed)) in
                [(false, false), (false, true), (true, false), (true, true)].into_iter().enumerate()
            {
                assert_eq!(
                    decided(engine, sql, analyze, confirmed),
                    answers[at],
                    "{engine:?} {sql} {analyze} {confirmed}"
                );
            }
        }
    }

    #[test]
    fn assigning_a_user_variable_is_asked_about_before_it_runs() {
        assert_eq!(decided(MySql, "select @a := id from t", true, false), Err(ErrorKind::NeedsConfirmation));
    }
}
