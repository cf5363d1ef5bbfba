//! The methods that a PostgreSQL session allows, best first: what one cannot try, the next may.

use super::{
    Allow, Method, calculated,
    hypopg::{self, HypoPg},
    postgres::Bench,
    temporary_tables,
    twin::{self, TwinTrial},
};
use crate::{
    advise::{Boxed, Candidate, Change, Planned, Trial, TrialError, Tried, Trust},
    server::postgres::Connection,
    text::one_line,
};

/// Tries each candidate by the first method that can.
pub(super) struct Ladder<'a> {
    bench: Bench<'a>,
    rungs: Vec<Rung>,
    /// Which of them answered last.
    answered: usize,
    /// It has planned a statement.
    planned: bool,
}

enum Rung {
    HypoPg(HypoPg),
    Twin(Box<TwinTrial>),
}

impl<'a> Ladder<'a> {
    /// The methods for a connection: the twin before HypoPG where it is of production's own major version, for then it plans alike;
    /// after it otherwise.
    ///
    /// # Errors
    /// [`TrialError::Unsupported`] when there is none, with what would make one possible.
    pub(super) fn new(connection: &'a mut Connection, allow: Allow) -> Result<Self, TrialError> {
        if let Some(method) = match allow.method {
            Method::TemporaryTables => Some(temporary_tables::METHOD),
            Method::Calculated => Some(calculated::METHOD),
            Method::Auto | Method::HypoPg | Method::Twin => None,
        } {
            return Err(TrialError::Unsupported {
                method,
                reason: "it is a method for MySQL and MariaDB; those of PostgreSQL are twin and hypopg, of which auto takes the better"
                    .to_owned(),
            });
        }
        let twin = TwinTrial::new(connection, allow.reads);
        let version = connection.info().version_number;
        let hypopg = HypoPg::new(connection).map(Rung::HypoPg);
        if twin.is_offline() {
            return Ok(Self {
                bench: Bench::new(connection, twin::METHOD),
                rungs: vec![Rung::Twin(Box::new(twin))],
                answered: 0,
                planned: false,
            });
        }
        let here = if allow.method == Method::HypoPg { None } else { twin::available(version) };
        let rungs = match (allow.method, here) {
            (Method::HypoPg, _) => vec![hypopg],
            (Method::Twin, _) => vec![Some(Rung::Twin(Box::new(twin)))],
            (_, None) => {
                twin.give_back(connection);
                vec![hypopg]
            }
            (_, Some(true)) => vec![Some(Rung::Twin(Box::new(twin))), hypopg],
            (_, Some(false)) => vec![hypopg, Some(Rung::Twin(Box::new(twin)))],
        };
        let rungs: Vec<Rung> = rungs.into_iter().flatten().collect();
        if rungs.is_empty() {
            return Err(none(connection, allow.method));
        }
        Ok(Self { bench: Bench::new(connection, hypopg::METHOD), rungs, answered: 0, planned: false })
    }

    async fn attempt(&mut self, sql: &str, candidate: &Candidate) -> Result<Tried, TrialError> {
        let mut errors: Vec<TrialError> = Vec::new();
        for rung in &mut self.rungs {
            let tried = match rung {
                Rung::HypoPg(method) => method.attempt(&mut self.bench, sql, candidate).await,
                Rung::Twin(method) => method.attempt(self.bench.connection, sql, candidate).await,
            };
            match tried {
                Ok(tried) => return Ok(tried),
                Err(error) => errors.push(error),
            }
        }
        // What the server said of the statement or the index counts more than what a method cannot do.
        let first = errors.iter().position(|e| matches!(e, TrialError::Server { .. })).unwrap_or(0);
        Err(errors.swap_remove(first))
    }
}

impl Ladder<'_> {
    /// Asks the first method that can; a twin that turns out to be of no use here goes.
    async fn changed(
        &mut self,
        statements: &[&str],
        change: Change<'_>,
    ) -> Result<Vec<Result<Planned, TrialError>>, TrialError> {
        let mut first: Option<TrialError> = None;
        // The plans beside those of a change come from the method that could make it.
        let mut at = if change.is_empty() { self.answered.min(self.rungs.len().saturating_sub(1)) } else { 0 };
        while let Some(rung) = self.rungs.get_mut(at) {
            let answer = match rung {
                Rung::HypoPg(method) => method.changed(&mut self.bench, statements, change).await,
                Rung::Twin(method) => method.changed(self.bench.connection, statements, change).await,
            };
            let twin = matches!(&self.rungs[at], Rung::Twin(_));
            let (error, useless) = match answer {
                Ok(answers) => {
                    // A twin that lacks what every one of the statements reads is as good as none.
                    let none = twin && !self.planned && self.rungs.len() > 1;
                    match answers.first() {
                        Some(Err(first)) if none && answers.iter().all(is_of_method) => (first.clone(), true),
                        _ => {
                            self.answered = at;
                            self.planned |= answers.iter().any(Result::is_ok);
                            return Ok(answers);
                        }
                    }
                }
                Err(error) => (error, matches!(&self.rungs[at], Rung::Twin(twin) if twin.is_broken())),
            };
            if useless && self.rungs.len() > 1 {
                if let Rung::Twin(twin) = self.rungs.remove(at) {
                    twin.give_back(self.bench.connection);
                }
            } else if useless || (!change.drop.is_empty() && matches!(error, TrialError::Unsupported { .. })) {
                // The answers of two methods are not to be mixed in a search, which drops nothing.
                at += 1;
            } else {
                return Err(error);
            }
            first.get_or_insert(error);
        }
        first.map_or_else(|| Ok(Vec::new()), Err)
    }

    async fn clear(&mut self) {
        for rung in &mut self.rungs {
            match rung {
                Rung::HypoPg(method) => method.forget(&mut self.bench).await,
                Rung::Twin(method) => method.clear().await,
            }
        }
    }
}

impl Trial for Ladder<'_> {
    fn method(&self) -> &'static str {
        match self.rungs.get(self.answered) {
            Some(Rung::Twin(_)) => twin::METHOD,
            _ => hypopg::METHOD,
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

    fn opening(&self) -> &'static str {
        match self.rungs.first() {
            Some(Rung::Twin(_)) => {
                "making a twin (a second or two): the server's catalogs are read, and a PostgreSQL is started here"
            }
            _ => "asking HypoPG for plans",
        }
    }

    fn remarks(&self, statement: &str, candidates: &[&Candidate]) -> (Option<Trust>, Vec<String>) {
        match self.rungs.get(self.answered) {
            Some(Rung::Twin(twin)) => twin.remarks(statement, candidates),
            Some(Rung::HypoPg(_)) if !candidates.is_empty() => (None, vec![hypopg::CHECKED.to_owned()]),
            _ => (None, Vec::new()),
        }
    }

    fn doubt<'a>(&'a mut self, statement: &'a str, change: Change<'a>) -> Boxed<'a, ()> {
        match self.rungs.get_mut(self.answered) {
            Some(Rung::Twin(twin)) => Box::pin(twin.doubt(statement, change)),
            _ => Box::pin(std::future::ready(())),
        }
    }

    fn finish(&mut self) -> Boxed<'_, ()> {
        Box::pin(self.clear())
    }
}

impl Drop for Ladder<'_> {
    fn drop(&mut self) {
        for rung in self.rungs.drain(..) {
            if let Rung::Twin(twin) = rung {
                twin.give_back(self.bench.connection);
            }
        }
    }
}

fn is_of_method<T>(answer: &Result<T, TrialError>) -> bool {
    matches!(answer, Err(error) if error.is_of_method())
}

fn none(connection: &Connection, method: Method) -> TrialError {
    let info = connection.info();
    let database = one_line(&info.database);
    let hypopg = format!(
        "the database {database} has no HypoPG; where its package is installed, a superuser adds it by CREATE EXTENSION hypopg"
    );
    let reason = if method == Method::HypoPg {
        hypopg
    } else {
        let major = info.version_number / 10_000;
        format!(
            "{hypopg}; and there is no PostgreSQL on this machine to make a twin in: install postgresql-{major}, or say where its \
             programs are by WHYSLOW_POSTGRES_BIN=DIR"
        )
    };
    TrialError::Unsupported { method: hypopg::METHOD, reason }
}
