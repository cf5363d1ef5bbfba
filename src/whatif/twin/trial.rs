//! The twin as a method of trying indexes.

use super::{
    Check, TwinError,
    workshop::{Known, Reads, Workshop},
};
use crate::{
    advise::{Candidate, TrialError, Tried, Trust},
    fmt,
    plan::Plan,
    server::postgres::{Connection, Statement},
    sql::Effects,
    whatif::create,
};

/// The method's name.
pub(in crate::whatif) const METHOD: &str = "twin";

/// The index's name while it exists.
const NAME: &str = "whyslow_trial";

/// Tries candidates on a twin.
pub(in crate::whatif) struct TwinTrial {
    workshop: Workshop,
    reads: Reads,
    /// Why there is no twin: not asked for again with each candidate.
    broken: Option<TrialError>,
}

impl TwinTrial {
    /// Takes the connection's workshop, or an empty one.
    pub(in crate::whatif) fn new(connection: &mut Connection, reads: Reads) -> Self {
        Self { workshop: Workshop::of(connection), reads, broken: None }
    }

    /// Whether the connection itself leads to a twin.
    pub(in crate::whatif) fn is_offline(&self) -> bool {
        self.workshop.is_offline()
    }

    /// Gives the workshop back to the connection.
    pub(in crate::whatif) fn give_back(self, connection: &mut Connection) {
        connection.keep(Box::new(self.workshop));
    }

    /// Tries one candidate.
    pub(in crate::whatif) async fn attempt(
        &mut self,
        connection: &mut Connection,
        sql: &str,
        candidate: &Candidate,
    ) -> Result<Tried, TrialError> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        let known = match self.workshop.ready(connection, sql, self.reads).await {
            Ok(known) => known,
            Err(error) => {
                let error = trial_error(error);
                self.broken = Some(error.clone());
                return Err(error);
            }
        };
        let statement = Statement::new(sql).map_err(|e| trial_error(e.into()))?;
        self.with_index(&statement, candidate, known).await.map_err(trial_error)
    }

    async fn with_index(
        &mut self,
        statement: &Statement,
        candidate: &Candidate,
        known: Known,
    ) -> Result<Tried, TwinError> {
        let gone = || TwinError::Engine("it is gone".to_owned());
        let (schema, table) = (&candidate.schema, &candidate.table);
        let twin = self.workshop.twin.as_mut().ok_or_else(gone)?;
        let made = twin.make(&create::postgres(candidate, Some(NAME)), schema, table, NAME).await?;
        let after = self.workshop.plan(statement).await;
        self.workshop.twin.as_ref().ok_or_else(gone)?.unmake(schema, NAME).await?;
        let mut after = after?;
        rename_indexes(&mut after, &made.names);
        Ok(Tried {
            method: METHOD,
            trust: self.trust(&known.check, candidate, made.guessed),
            notes: self.notes(statement, candidate, &known, made.guessed),
            before: known.plan,
            after,
            index_name: NAME.to_owned(),
            size_bytes: Some(made.bytes),
        })
    }

    /// The check's word, and less where something else is guessed.
    fn trust(&self, check: &Check, candidate: &Candidate, guessed: bool) -> Trust {
        let other_major =
            self.workshop.versions().is_none_or(|(twin, _, production, _)| twin / 10_000 != production / 10_000);
        match check {
            Check::Rough(_) | Check::Unchecked => Trust::Rough,
            _ if guessed => Trust::Rough,
            Check::Close(_) => Trust::Close,
            // The size of other kinds of index is known in its order of magnitude.
            Check::Exact if other_major || !matches!(candidate.method, "btree" | "hash" | "brin") => Trust::Close,
            Check::Exact => Trust::Exact,
        }
    }

    fn notes(&self, statement: &Statement, candidate: &Candidate, known: &Known, guessed: bool) -> Vec<String> {
        let mut notes = vec![self.checked(known)];
        if !matches!(known.check, Check::Exact) {
            notes.extend(self.workshop.notes());
            if !self.reads.ends && !self.workshop.is_offline() {
                notes.push("the first and last values of indexes were not read; --twin-reads ends reads them, which matters after rows were added since ANALYZE".to_owned());
            }
        }
        if guessed {
            notes.push(
                "an expression has no statistics before its index exists: the planner guesses how many rows it keeps"
                    .to_owned(),
            );
        }
        if !matches!(candidate.method, "btree" | "hash" | "brin") {
            notes.push(format!(
                "the size of a {} index is a rough guess, which its cost hardly depends on",
                candidate.method
            ));
        }
        if statement.parameters() > 0 {
            notes.push("planned for unknown parameters (generic plan)".to_owned());
        }
        if matches!(statement.effects(), Effects::Writes) {
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
        let read = known
            .read_ms
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

fn trial_error(error: TwinError) -> TrialError {
    match error {
        TwinError::Production(error) => TrialError::Server { method: METHOD, message: error.to_string() },
        TwinError::Refused { doing, message, .. } => {
            TrialError::Server { method: METHOD, message: format!("{doing}: {message}") }
        }
        other => TrialError::Unsupported { method: METHOD, reason: other.to_string() },
    }
}

/// Gives the indexes of partitions the name of the candidate, by which its use is recognised.
fn rename_indexes(plan: &mut Plan, made: &[String]) {
    for node in &mut plan.nodes {
        if node.index.as_ref().is_some_and(|index| made.contains(index)) {
            node.index = Some(NAME.to_owned());
        }
    }
}
