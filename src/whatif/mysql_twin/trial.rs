//! The twin as a method of trying indexes.

use super::{
    METHOD, cannot,
    doubt::Doubt,
    workshop::{Known, Workshop},
};
use crate::{
    advise::{Candidate, Change, Compared, Planned, TrialError, Tried, Trust},
    server::mysql::Connection,
    sql::{Effects, classify},
};

/// Tries candidates on a twin.
pub(in crate::whatif) struct MysqlTwin {
    workshop: Workshop,
    /// It was looked whether what was kept is still like production.
    looked: bool,
    /// Why there is no twin: not asked for again with each candidate.
    broken: Option<TrialError>,
    /// What speaks against plans of statements with candidates.
    doubts: Vec<(String, Vec<Candidate>, Doubt)>,
}

impl MysqlTwin {
    /// Takes the connection's workshop, or an empty one: what was left in the middle of something is not trusted.
    pub(in crate::whatif) fn new(connection: &mut Connection) -> Self {
        let kept = connection.kept().and_then(|kept| kept.downcast::<Workshop>().ok());
        let workshop = kept.map(|kept| *kept).filter(|kept| !kept.busy).unwrap_or_default();
        Self { workshop, looked: false, broken: None, doubts: Vec::new() }
    }

    /// Gives the workshop back to the connection.
    pub(in crate::whatif) fn give_back(self, connection: &mut Connection) {
        if !self.workshop.busy && self.broken.is_none() {
            connection.keep(Box::new(self.workshop));
        }
    }

    /// Whether there is no twin and will be none.
    pub(in crate::whatif) fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// Tries one candidate.
    pub(in crate::whatif) async fn attempt(
        &mut self,
        production: &mut Connection,
        sql: &str,
        candidate: &Candidate,
    ) -> Result<Tried, TrialError> {
        self.prepare(production, &[sql]).await?;
        let known = self.known(sql)?;
        let made = self.stand(&[candidate], &[]).await?;
        let (index_name, bytes) = made.into_iter().next().unwrap_or_else(|| Err(unknown()))?;
        let after = self.workshop.plan(sql).await?;
        self.doubt(sql, Change { add: &[candidate], drop: &[] }).await;
        let (trust, notes) = self.told(sql, &known, &[candidate]);
        Ok(Tried { method: METHOD, trust, before: known.plan, after, index_name, size_bytes: Some(bytes), notes })
    }

    /// Plans each statement under a change.
    pub(in crate::whatif) async fn changed(
        &mut self,
        production: &mut Connection,
        statements: &[&str],
        change: Change<'_>,
    ) -> Result<Vec<Result<Planned, TrialError>>, TrialError> {
        self.prepare(production, statements).await?;
        if let Some(refused) = self.refused(statements) {
            return Ok(refused.into_iter().map(Err).collect());
        }
        let made = self.stand(change.add, change.drop).await?;
        let names: Vec<Option<String>> = made.into_iter().map(|made| made.ok().map(|(name, _)| name)).collect();
        let mut answers = Vec::with_capacity(statements.len());
        for sql in statements {
            answers.push(match self.known(sql) {
                Err(error) => Err(error),
                Ok(known) => {
                    let plan = if change.is_empty() { Ok(known.plan.clone()) } else { self.workshop.plan(sql).await };
                    let (trust, _) = self.workshop.remarks(&known);
                    plan.map(|plan| Planned { plan, trust, names: names.clone() })
                }
            });
        }
        Ok(answers)
    }

    /// Each statement's plan as it is, and with a table so many times as large.
    pub(in crate::whatif) async fn larger(
        &mut self,
        production: &mut Connection,
        statements: &[&str],
        table: (&str, &str),
        times: f64,
    ) -> Result<Vec<Result<Compared, TrialError>>, TrialError> {
        self.prepare(production, statements).await?;
        if let Some(refused) = self.refused(statements) {
            return Ok(refused.into_iter().map(Err).collect());
        }
        self.workshop.larger(production, statements, table, times).await
    }

    /// Each statement's plan as it is, and with settings that no session of production's takes.
    pub(in crate::whatif) async fn set(
        &mut self,
        production: &mut Connection,
        statements: &[&str],
        settings: &[(String, String)],
    ) -> Result<Vec<Result<Compared, TrialError>>, TrialError> {
        self.prepare(production, statements).await?;
        if let Some(refused) = self.refused(statements) {
            return Ok(refused.into_iter().map(Err).collect());
        }
        self.workshop.set(production, statements, settings).await
    }

    /// How far to trust what is said of a statement, and what its reader must know.
    pub(in crate::whatif) fn remarks(&self, sql: &str, candidates: &[&Candidate]) -> (Option<Trust>, Vec<String>) {
        match self.known(sql) {
            Ok(known) => {
                let (trust, notes) = self.told(sql, &known, candidates);
                (Some(trust), notes)
            }
            Err(_) => (None, Vec::new()),
        }
    }

    /// Asks what the sample leaves open of a statement's plan under a change.
    pub(in crate::whatif) async fn doubt(&mut self, sql: &str, change: Change<'_>) {
        // A twin that does not answer is told of by the next question.
        if self.broken.is_some() || change.add.is_empty() || self.stand(change.add, change.drop).await.is_err() {
            return;
        }
        if let Ok(doubt) = self.workshop.doubt(sql, change.add).await {
            let all = change.add.iter().map(|c| (*c).clone()).collect();
            self.doubts.push((sql.to_owned(), all, doubt));
        }
    }

    fn told(&self, sql: &str, known: &Known, candidates: &[&Candidate]) -> (Trust, Vec<String>) {
        let (mut trust, mut notes) = self.workshop.remarks(known);
        let of = |(asked, stood, _): &&(String, Vec<Candidate>, Doubt)| {
            asked == sql && candidates.iter().all(|c| stood.contains(c))
        };
        if let Some((.., doubt)) = self.doubts.iter().rev().find(of).filter(|_| !candidates.is_empty()) {
            if doubt.serious.is_some() {
                trust = Trust::Rough;
            } else if doubt.slight.is_some() && trust == Trust::Exact {
                trust = Trust::Close;
            }
            notes.extend(doubt.serious.iter().chain(&doubt.slight).map(|why| format!("in doubt: {why}")));
        }
        if !candidates.is_empty() && matches!(classify(sql, known.plan.engine).effects, Effects::Writes) {
            notes.push("the cost of keeping the index up to date is not in the plan".to_owned());
        }
        (trust, notes)
    }

    async fn stand(
        &mut self,
        add: &[&Candidate],
        drop: &[crate::advise::Existing],
    ) -> Result<Vec<Result<(String, u64), TrialError>>, TrialError> {
        self.workshop.busy = true;
        let made = self.workshop.change(add, drop).await?;
        self.workshop.busy = false;
        Ok(made)
    }

    async fn prepare(&mut self, production: &mut Connection, statements: &[&str]) -> Result<(), TrialError> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        if !self.looked {
            if self.workshop.is_stale(production).await? {
                self.workshop = Workshop::default();
            }
            self.looked = true;
        }
        self.workshop.prepare(production, statements).await.inspect_err(|error| self.broken = Some(error.clone()))
    }

    /// Why none of the statements is planned, where that is so: then there may be no twin either.
    fn refused(&self, statements: &[&str]) -> Option<Vec<TrialError>> {
        statements.iter().map(|sql| self.known(sql).err()).collect()
    }

    fn known(&self, sql: &str) -> Result<Known, TrialError> {
        self.workshop.known(sql).cloned().unwrap_or_else(|| Err(unknown()))
    }
}

fn unknown() -> TrialError {
    cannot("the twin does not know the statement")
}
