//! The twin as a method of trying indexes.

use super::{
    Check, METHOD, TwinError,
    workshop::{Known, Reads, Workshop},
};
use crate::{
    advise::{Candidate, Change, Planned, TrialError, Tried, Trust},
    fmt,
    plan::Plan,
    server::postgres::{Connection, Statement},
    sql::Effects,
};

/// Tries candidates on a twin.
pub(in crate::whatif) struct TwinTrial {
    pub(super) workshop: Workshop,
    pub(super) reads: Reads,
    /// Why there is no twin: not asked for again with each candidate.
    broken: Option<TrialError>,
    /// Candidates with an expression that has no statistics.
    guessed: Vec<Candidate>,
    /// Statements and candidates with which two plans cost nearly the same.
    ties: Vec<(String, Vec<Candidate>)>,
    /// Statements and candidates of which only production's own index shows what is asked for, and why.
    unseen: Vec<(String, Candidate, String)>,
}

/// Settings by which what an index costs beside a scan is a little otherwise. Plans within a hundredth of each other's cost are alike to
/// the planner (`STD_FUZZ_FACTOR`, pathnode.c), and sizes of indexes are known within some hundredths: where these change the plan,
/// nobody can tell which of the two production will take.
const NEARLY: [&str; 2] = ["random_page_cost", "cpu_index_tuple_cost"];
const OTHERWISE: [f64; 2] = [1.02, 0.98];

impl TwinTrial {
    /// Takes the connection's workshop, or an empty one.
    pub(in crate::whatif) fn new(connection: &mut Connection, reads: Reads) -> Self {
        Self {
            workshop: Workshop::of(connection),
            reads,
            broken: None,
            guessed: Vec::new(),
            ties: Vec::new(),
            unseen: Vec::new(),
        }
    }

    /// Whether the connection itself leads to a twin.
    pub(in crate::whatif) fn is_offline(&self) -> bool {
        self.workshop.is_offline()
    }

    /// Gives the workshop back to the connection.
    pub(in crate::whatif) fn give_back(self, connection: &mut Connection) {
        connection.keep(Box::new(self.workshop));
    }

    /// Whether there is no twin and will be none.
    pub(in crate::whatif) fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// Tries one candidate.
    pub(in crate::whatif) async fn attempt(
        &mut self,
        connection: &mut Connection,
        sql: &str,
        candidate: &Candidate,
    ) -> Result<Tried, TrialError> {
        self.prepare(connection, &[sql]).await?;
        self.sample(connection, &[candidate]).await?;
        self.workshop.hide(&[]).await.map_err(trial_error)?;
        let made = self.workshop.stand(&[candidate]).await.map_err(trial_error)?;
        let made = made.into_iter().next().ok_or_else(unknown)??;
        let (name, bytes) = (made.name.clone(), made.bytes);
        self.guessed.retain(|guessed| guessed != candidate);
        if made.guessed {
            self.guessed.push(candidate.clone());
        }
        let known = self.workshop.known(sql).cloned().ok_or_else(unknown)??;
        let after = self.workshop.plan_with(sql).await.map_err(trial_error)?;
        self.tie((sql, &after), &[candidate]).await;
        let (trust, notes) = self.remarks(sql, &[candidate]);
        Ok(Tried {
            method: METHOD,
            trust: trust.unwrap_or(Trust::Rough),
            notes,
            before: known.plan,
            after,
            index_name: name,
            size_bytes: Some(bytes),
        })
    }

    /// Plans each statement under a change.
    pub(in crate::whatif) async fn changed(
        &mut self,
        connection: &mut Connection,
        statements: &[&str],
        change: Change<'_>,
    ) -> Result<Vec<Result<Planned, TrialError>>, TrialError> {
        let candidates = change.add;
        self.prepare(connection, statements).await?;
        self.sample(connection, candidates).await?;
        self.workshop.hide(change.drop).await.map_err(trial_error)?;
        let made = self.workshop.stand(candidates).await.map_err(trial_error)?;
        let mut names = Vec::with_capacity(candidates.len());
        for (candidate, made) in candidates.iter().zip(made) {
            let made = made.ok();
            if made.is_some_and(|m| m.guessed) && !self.guessed.contains(candidate) {
                self.guessed.push((*candidate).clone());
            }
            names.push(made.map(|m| m.name.clone()));
        }
        let mut answers = Vec::with_capacity(statements.len());
        for sql in statements {
            let known = self.workshop.known(sql).cloned().ok_or_else(unknown)?;
            answers.push(match known {
                Err(error) => Err(error),
                Ok(known) => {
                    let plan = if change.is_empty() {
                        Ok(known.plan.clone())
                    } else {
                        self.workshop.plan_with(sql).await.map_err(trial_error)
                    };
                    let trust = self.trust(&known.check, &[]);
                    plan.map(|plan| Planned { plan, trust, names: names.clone() })
                }
            });
        }
        Ok(answers)
    }

    /// Reads what candidates' expressions hold, where that is allowed.
    async fn sample(&mut self, connection: &mut Connection, candidates: &[&Candidate]) -> Result<(), TrialError> {
        if !self.reads.rows || self.workshop.is_offline() {
            return Ok(());
        }
        self.workshop.sample(connection, candidates).await.map_err(trial_error)
    }

    /// Takes away what was made.
    pub(in crate::whatif) async fn clear(&mut self) {
        // What cannot be taken away goes with the twin.
        let _ = self.workshop.clear().await;
    }

    pub(super) async fn prepare(&mut self, connection: &mut Connection, statements: &[&str]) -> Result<(), TrialError> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        self.workshop.prepare(connection, statements, self.reads).await.map_err(|error| {
            let error = trial_error(error);
            self.broken = Some(error.clone());
            error
        })
    }

    /// How far to trust the trial of a candidate, and what its reader must know.
    pub(in crate::whatif) fn remarks(&self, sql: &str, candidates: &[&Candidate]) -> (Option<Trust>, Vec<String>) {
        let (Some(Ok(known)), Ok(statement)) = (self.workshop.known(sql), Statement::new(sql)) else {
            return (None, Vec::new());
        };
        let mut trust = self.trust(&known.check, candidates);
        let mut notes = self.notes(&statement, candidates, known);
        if self.is_tie(sql, candidates) {
            trust = if trust == Trust::Exact { Trust::Close } else { trust };
            notes.push(
                "a tie: two plans cost the same within what the planner itself takes for equal, and either may be taken on production"
                    .to_owned(),
            );
        }
        let unseen = |(asked, of, _): &&(String, Candidate, String)| asked == sql && candidates.contains(&of);
        if let Some((.., why)) = self.unseen.iter().find(unseen) {
            trust = Trust::Rough;
            notes.push(why.clone());
        }
        (Some(trust), notes)
    }

    /// Asks whether a statement's plan under a change is one of two that cost nearly the same.
    pub(in crate::whatif) async fn doubt(&mut self, sql: &str, change: Change<'_>) {
        if change.add.is_empty() || self.broken.is_some() || self.workshop.hide(change.drop).await.is_err() {
            return;
        }
        if self.workshop.stand(change.add).await.is_ok()
            && let Ok(as_is) = self.workshop.plan_with(sql).await
        {
            self.tie((sql, &as_is), change.add).await;
        }
    }

    /// The same, where the change stands already.
    async fn tie(&mut self, (sql, as_is): (&str, &Plan), candidates: &[&Candidate]) {
        self.ends((sql, as_is), candidates).await;
        let exact = matches!(self.workshop.known(sql), Some(Ok(known)) if known.check == Check::Exact);
        if !exact || self.is_tie(sql, candidates) {
            return;
        }
        // A twin that does not answer is told of by the next question.
        if let Ok(true) = self.workshop.is_tie((sql, as_is), &NEARLY, &OTHERWISE).await {
            self.ties.push((sql.to_owned(), candidates.iter().map(|c| (*c).clone()).collect()));
        }
    }

    /// Asks whether a candidate would show production's planner ends of values that the twin does not have.
    async fn ends(&mut self, (sql, as_is): (&str, &Plan), candidates: &[&Candidate]) {
        let Some(Ok(known)) = self.workshop.known(sql) else { return };
        let now = known.plan.clone();
        for candidate in candidates {
            if self.unseen.iter().any(|(asked, of, _)| asked == sql && of == *candidate) {
                continue;
            }
            // A twin that does not answer is told of by the next question.
            if let Ok(Some(why)) = self.workshop.unseen_end(&[&now, as_is], candidate).await {
                self.unseen.push((sql.to_owned(), (*candidate).clone(), why));
            }
        }
    }

    fn is_tie(&self, sql: &str, candidates: &[&Candidate]) -> bool {
        let of =
            |(asked, stood): &(String, Vec<Candidate>)| asked == sql && candidates.iter().all(|c| stood.contains(c));
        !candidates.is_empty() && self.ties.iter().any(of)
    }

    /// The check's word, and less where something else is guessed.
    fn trust(&self, check: &Check, candidates: &[&Candidate]) -> Trust {
        let other_major =
            self.workshop.versions().is_none_or(|(twin, _, production, _)| twin / 10_000 != production / 10_000);
        match check {
            Check::Rough(_) | Check::Unchecked => Trust::Rough,
            _ if candidates.iter().any(|c| self.guessed.contains(c)) => Trust::Rough,
            Check::Close(_) => Trust::Close,
            // The size of other kinds of index is known in its order of magnitude.
            Check::Exact if other_major || candidates.iter().any(|c| !is_sized(c) || self.workshop.has_sampled(c)) => {
                Trust::Close
            }
            Check::Exact => Trust::Exact,
        }
    }

    fn notes(&self, statement: &Statement, candidates: &[&Candidate], known: &Known) -> Vec<String> {
        let mut notes = vec![self.checked(known)];
        if !matches!(known.check, Check::Exact) {
            notes.extend(self.workshop.notes());
            if !self.reads.ends && !self.workshop.is_offline() {
                notes.push("the first and last values of indexes were not read; --twin-reads ends reads them, which matters after rows were added since ANALYZE".to_owned());
            }
        }
        if candidates.iter().any(|c| self.guessed.contains(c)) {
            notes.push(
                "an expression has no statistics before its index exists: the planner guesses how many rows it keeps; --twin-reads rows \
                 has it sampled"
                    .to_owned(),
            );
        } else if candidates.iter().any(|c| self.workshop.has_sampled(c)) {
            notes.push("the expression's statistics are those of a sample of the rows".to_owned());
        }
        if let Some(candidate) = candidates.iter().find(|candidate| !is_sized(candidate)) {
            notes.push(format!(
                "the size of a {} index is a rough guess, which its cost hardly depends on",
                candidate.method
            ));
        }
        if statement.parameters() > 0 {
            notes.push("planned for unknown parameters (generic plan)".to_owned());
        }
        if !candidates.is_empty() && matches!(statement.effects(), Effects::Writes) {
            notes.push("the cost of keeping the index up to date is not in the plan".to_owned());
        }
        notes
    }

    /// What the self-check said, in words.
    fn checked(&self, known: &Known) -> String {
        let versions = match self.workshop.versions() {
            Some((_, twin, _, production)) if twin == production => format!("PostgreSQL {twin}"),
            Some((_, twin, _, production)) => format!("PostgreSQL {twin}, production {production}"),
            None => "PostgreSQL".to_owned(),
        };
        let read = self
            .workshop
            .read_ms()
            .map_or(String::new(), |ms| format!("; production's catalogs were read for {}", fmt::duration_ms(ms)));
        match &known.check {
            Check::Exact => format!(
                "checked: the twin ({versions}) plans the statement as production does now, at the same cost{read}"
            ),
            Check::Close(ratio) => format!(
                "checked: the twin ({versions}) plans the statement as production does now, at {:.2} % of its cost{read}",
                ratio * 100.0
            ),
            Check::Rough(difference) => {
                format!(
                    "checked: the twin ({versions}) does not plan the statement as production does now: {difference}{read}"
                )
            }
            Check::Unchecked => {
                format!(
                    "not checked: the snapshot holds no plan of this statement to hold the twin ({versions}) against"
                )
            }
        }
    }
}

/// Whether an index of that kind has a size that is known well.
fn is_sized(candidate: &Candidate) -> bool {
    matches!(candidate.method, "btree" | "hash" | "brin")
}

pub(super) fn unknown() -> TrialError {
    TrialError::Unsupported { method: METHOD, reason: "the twin does not know the statement".to_owned() }
}

pub(super) fn trial_error(error: TwinError) -> TrialError {
    match error {
        TwinError::Production(error) => TrialError::Server { method: METHOD, message: error.to_string() },
        TwinError::Refused { doing, message, .. } => {
            TrialError::Server { method: METHOD, message: format!("{doing}: {message}") }
        }
        other => TrialError::Unsupported { method: METHOD, reason: other.to_string() },
    }
}
