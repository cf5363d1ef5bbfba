//! The person's statement: refused, or taken with what is known of it.

use crate::{
    plan::Engine,
    server::{ErrorKind, ServerError},
    sql::{Class, Effects, classify, placeholders, without_explain},
};

/// One statement that EXPLAIN takes, with its class.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    /// The statement without an EXPLAIN of the person's.
    text: String,
    /// Characters of the person's text before it.
    before: usize,
    parameters: usize,
    /// What it does.
    pub(super) class: Class,
}

impl Statement {
    /// Takes the person's text.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`] when it is not one statement, or one that EXPLAIN does not take.
    pub(crate) fn new(sql: &str) -> Result<Self, ServerError> {
        let class = classify(sql, Engine::PostgreSql);
        let refused = |message: String| ServerError::new(ErrorKind::Refused, "explaining", message);
        match class.statements {
            1 => {}
            0 => return Err(refused("there is no statement".to_owned()).next("type one")),
            n => {
                return Err(refused(format!("these are {n} statements, and one is explained at a time"))
                    .next("leave the others out; nothing was sent"));
            }
        }
        if class.effects == Effects::NotExplainable {
            return Err(refused(format!("EXPLAIN does not take {}", class.verb))
                .next("give a SELECT, INSERT, UPDATE, DELETE or MERGE; nothing was sent"));
        }
        let text = without_explain(sql, Engine::PostgreSql);
        // The rest of the text is its end.
        let before = sql[..sql.len() - text.len()].chars().count();
        let mut numbers: Vec<_> = placeholders(text, Engine::PostgreSql)
            .into_iter()
            .filter(|p| p.text.starts_with('$'))
            .map(|p| p.text)
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        Ok(Self { text: text.to_owned(), before, parameters: numbers.len(), class })
    }

    /// The statement as it is sent, behind an EXPLAIN of ours.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What it does.
    pub(crate) const fn effects(&self) -> Effects {
        self.class.effects
    }

    /// The tables it names.
    pub(crate) fn tables(&self) -> &[(Option<String>, String)] {
        &self.class.tables
    }

    /// How many parameters (`$1`) it has.
    pub(crate) const fn parameters(&self) -> usize {
        self.parameters
    }

    /// Counts an error's position in the person's text; one inside our prefix is nowhere.
    pub(crate) fn locate(&self, mut error: ServerError, prefix: &str) -> ServerError {
        let ours = prefix.chars().count();
        error.position =
            error.position.and_then(|at| at.checked_sub(ours)).filter(|at| *at > 0).map(|at| at + self.before);
        error
    }
}

#[cfg(test)]
mod tests {
    use super::Statement;
    use crate::server::{ErrorKind, ServerError};

    #[test]
    fn one_statement_that_explain_takes_is_taken() {
        for (sql, text) in [
            ("select 1", "select 1"),
            ("EXPLAIN (ANALYZE, VERBOSE) select 1", "select 1"),
            ("explain analyze select 1", "select 1"),
            ("update t set a = 1", "update t set a = 1"),
        ] {
            assert_eq!(Statement::new(sql).unwrap().text(), text, "{sql}");
        }
        for sql in ["", "-- nothing", "select 1; drop table x", "drop table x", "vacuum", "set x = 1"] {
            assert_eq!(Statement::new(sql).unwrap_err().kind, ErrorKind::Refused, "{sql}");
        }
    }

    #[test]
    fn parameters_are_counted_once_each() {
        for (sql, count) in [
            ("select 1", 0),
            ("select * from t where a = $1 and b > $2 or c = $1", 2),
            ("select '$1', $$ $2 $$ -- $3", 0),
        ] {
            assert_eq!(Statement::new(sql).unwrap().parameters(), count, "{sql}");
        }
    }

    #[test]
    fn positions_are_counted_in_the_persons_text() {
        let statement = Statement::new("explain sélect nö from t").unwrap();
        let at = |position| {
            let error = ServerError { position, ..ServerError::new(ErrorKind::Statement, "a", "b") };
            statement.locate(error, "EXPLAIN (X) ").position
        };
        assert_eq!(at(Some(13)), Some(9), "the first character of the statement");
        assert_eq!(at(Some(20)), Some(16));
        assert_eq!(at(Some(4)), None, "a place in our own text");
        assert_eq!(at(None), None);
    }
}
