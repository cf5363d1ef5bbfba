//! The methods that a PostgreSQL session allows, best first: what one cannot try, the next may.

use super::{
    Allow, Method,
    hypopg::{self, HypoPg},
    postgres::Bench,
    twin::{self, TwinTrial},
};
use crate::{
    advise::{Boxed, Candidate, Planned, Trial, TrialError, Tried, Trust},
    server::postgres::Connection,
    text::one_line,
};

/// Tries each candidate by the first method that can.
pub(super) struct Ladder<'a> {
    bench: Bench<'a>,
    rungs: Vec<Rung>,
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
        let twin = TwinTrial::new(connection, allow.reads);
        let version = connection.info().version_number;
        let hypopg = HypoPg::new(connection).map(Rung::HypoPg);
        if twin.is_offline() {
            return Ok(Self { bench: Bench::new(connection, twin::METHOD), rungs: vec![Rung::Twin(Box::new(twin))] });
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
        Ok(Self { bench: Bench::new(connection, hypopg::METHOD), rungs })
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
    /// Asks the first method; one that turns out to be of no use here goes.
    async fn set(&mut self, statements: &[&str], candidates: &[&Candidate]) -> Vec<Result<Planned, TrialError>> {
        loop {
            let answer = match self.rungs.first_mut() {
                Some(Rung::HypoPg(method)) => method.set(&mut self.bench, statements, candidates).await,
                Some(Rung::Twin(method)) => method.set(self.bench.connection, statements, candidates).await,
                None => Ok(Vec::new()),
            };
            match answer {
                Ok(answers) => return answers,
                Err(_) if self.rungs.len() > 1 && matches!(&self.rungs[0], Rung::Twin(twin) if twin.is_broken()) => {
                    if let Rung::Twin(twin) = self.rungs.remove(0) {
                        twin.give_back(self.bench.connection);
                    }
                }
                Err(error) => return statements.iter().map(|_| Err(error.clone())).collect(),
            }
        }
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
        match self.rungs.first() {
            Some(Rung::Twin(_)) => twin::METHOD,
            _ => hypopg::METHOD,
        }
    }

    fn try_one<'a>(&'a mut self, statement: &'a str, candidate: &'a Candidate) -> Boxed<'a, Result<Tried, TrialError>> {
        Box::pin(self.attempt(statement, candidate))
    }

    fn try_set<'a>(
        &'a mut self,
        statements: &'a [&'a str],
        candidates: &'a [&'a Candidate],
    ) -> Boxed<'a, Vec<Result<Planned, TrialError>>> {
        Box::pin(self.set(statements, candidates))
    }

    fn remarks(&self, statement: &str, candidate: &Candidate) -> (Option<Trust>, Vec<String>) {
        match self.rungs.first() {
            Some(Rung::Twin(twin)) => twin.remarks(statement, candidate),
            _ => (None, Vec::new()),
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
