//! Which indexes could help, and what a trial said of each.
//!
//! Candidates come from the statement's parse and from its plan, resolved against the catalog. A [`Trial`] answers
//! what the server would do with one; this room does not know which method answers.

mod advisor;
mod build;
mod candidates;
mod change;
mod columns;
pub mod ddl;
mod effect;
mod extensions;
mod facts;
mod implied;
mod interest;
mod judge;
mod limited;
mod lone;
mod paging;
mod parts;
mod pool;
mod promise;
mod redundant;
mod rename;
mod room;
mod search;
mod size;
mod time;
mod together;
mod unproposed;
mod upkeep;
mod workload;

pub use advisor::{Advice, Outcome, advise, partners, untested};
pub use candidates::candidates;
pub use change::{Change, Compared, Existing, Farewell};
pub use effect::{Effect, effect};
pub use judge::{figure, judge, rank, unit, uses};
pub use redundant::Redundant;
pub use rename::rename;
pub use search::Step;
pub use size::size;
pub use together::{Part, Together, together};
pub use workload::{Limits, Objective, Weighted};

use std::{future::Future, pin::Pin};

use crate::plan::{Engine, Plan};

/// An index that may help.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The server it is for.
    pub engine: Engine,
    /// Schema or database of the table.
    pub schema: String,
    /// Table.
    pub table: String,
    /// Access method in lower case: `btree`, `gin`.
    pub method: &'static str,
    /// Key columns in order.
    pub keys: Vec<Key>,
    /// Columns carried along for an index-only scan (PostgreSQL `INCLUDE`; on MySQL they are trailing keys already).
    pub include: Vec<String>,
    /// Condition of a partial index, as SQL over the table's columns.
    pub predicate: Option<String>,
    /// Existing indexes it makes redundant.
    pub replaces: Vec<String>,
    /// Which part of the statement each part of the index serves, one line each.
    pub reasons: Vec<String>,
}

/// One key of a candidate.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Key {
    /// A column name (unquoted) or an expression.
    pub expr: String,
    /// Whether `expr` is an expression and not a column.
    #[serde(skip)]
    pub expression: bool,
    /// `asc` or `desc`.
    #[serde(rename = "order", serialize_with = "order")]
    pub desc: bool,
    /// `first` or `last`, when it differs from the server's default for the direction.
    #[serde(rename = "nulls", serialize_with = "nulls")]
    pub nulls_first: Option<bool>,
    /// Operator class, when not the default; of a FULLTEXT index's first key the parser (MySQL).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opclass: Option<String>,
    /// Leading characters or bytes (MySQL prefix).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<u32>,
}

impl Key {
    /// A plain column, ascending.
    #[must_use]
    pub fn column(name: impl Into<String>) -> Self {
        Self { expr: name.into(), expression: false, desc: false, nulls_first: None, opclass: None, prefix: None }
    }

    /// An expression, ascending.
    #[must_use]
    pub fn expression(sql: impl Into<String>) -> Self {
        Self { expression: true, ..Self::column(sql) }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn order<S: serde::Serializer>(desc: &bool, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(if *desc { "desc" } else { "asc" })
}

#[allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn nulls<S: serde::Serializer>(first: &Option<bool>, s: S) -> Result<S::Ok, S::Error> {
    match first {
        None => s.serialize_none(),
        Some(first) => s.serialize_str(if *first { "first" } else { "last" }),
    }
}

/// How far an answer may be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /// The server planned with the real index, or a twin did that plans the statement exactly as the server does now.
    Exact,
    /// The server's own planner with an estimated index, or a twin that plans within 2 % of the server (MySQL, MariaDB: the same way, with
    /// rows within a factor of two).
    Close,
    /// A sample, a formula, or a twin that plans otherwise than the server or was not checked.
    Rough,
}

/// What one try of an index set said.
#[derive(Debug, Clone)]
pub struct Tried {
    /// The method's name: `hypopg`, `twin`, `real-rolled-back`, `temporary-tables`.
    pub method: &'static str,
    /// How far to trust it.
    pub trust: Trust,
    /// The statement's plan as the method sees it without the candidate.
    pub before: Plan,
    /// The statement's plan with the candidate.
    pub after: Plan,
    /// The candidate's name in `after`, by which use is recognised.
    pub index_name: String,
    /// Estimated or true size of the index, bytes.
    pub size_bytes: Option<u64>,
    /// What the reader of the answer must know: sample sizes, limits of the method.
    pub notes: Vec<String>,
}

/// A statement's plan with a set of indexes that do not exist.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// How far to trust it.
    pub trust: Trust,
    /// What the plan calls each index of the set, in the set's order; `None`: the method could not make that one.
    pub names: Vec<Option<String>>,
}

/// Why a candidate could not be tried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrialError {
    /// The method cannot answer for this statement or this kind of index; another one may.
    #[error("{method} cannot try this: {reason}")]
    Unsupported {
        /// The method.
        method: &'static str,
        /// Why, for people.
        reason: String,
    },
    /// The account may not do what the method does, of whatever statement; another method may need less.
    #[error("{method} cannot try this: {reason}")]
    Denied {
        /// The method.
        method: &'static str,
        /// Which privilege is missing, for people.
        reason: String,
    },
    /// The server refused or the connection broke.
    #[error("{method}: {message}")]
    Server {
        /// The method.
        method: &'static str,
        /// What was attempted and what the server answered.
        message: String,
    },
}

impl TrialError {
    /// Whether it is the method that cannot answer, and not the server that refused.
    #[must_use]
    pub const fn is_of_method(&self) -> bool {
        !matches!(self, Self::Server { .. })
    }
}

/// A boxed future; trials are few and each takes at least a round trip.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A method that tries an index that does not exist.
pub trait Trial: Send {
    /// The method's name.
    fn method(&self) -> &'static str;
    /// Tries one candidate for one statement.
    fn try_one<'a>(&'a mut self, statement: &'a str, candidate: &'a Candidate) -> Boxed<'a, Result<Tried, TrialError>>;
    /// Plans each statement under a change, which may be none: then as the method sees the statement as it is. One answer
    /// for each statement, in order; an error as a whole stands for all of them.
    ///
    /// A search asks this hundreds of times, first of all for every statement of its workload with no change; so a method
    /// keeps what the next question has in common with the last.
    fn plans<'a>(
        &'a mut self,
        statements: &'a [&'a str],
        change: Change<'a>,
    ) -> Boxed<'a, Result<Vec<Result<Planned, TrialError>>, TrialError>>;
    /// [`Trial::plans`], one answer for each statement in any case.
    fn try_change<'a>(
        &'a mut self,
        statements: &'a [&'a str],
        change: Change<'a>,
    ) -> Boxed<'a, Vec<Result<Planned, TrialError>>> {
        Box::pin(async move {
            match self.plans(statements, change).await {
                Ok(answers) => answers,
                Err(error) => statements.iter().map(|_| Err(error.clone())).collect(),
            }
        })
    }
    /// [`Trial::try_change`] with indexes that do not exist and all those that do.
    fn try_set<'a>(
        &'a mut self,
        statements: &'a [&'a str],
        candidates: &'a [&'a Candidate],
    ) -> Boxed<'a, Vec<Result<Planned, TrialError>>> {
        self.try_change(statements, Change { add: candidates, drop: &[] })
    }
    /// Each statement's plan as it is and under a change, one answer for each.
    fn compare<'a>(
        &'a mut self,
        statements: &'a [&'a str],
        change: Change<'a>,
    ) -> Boxed<'a, Vec<Result<Compared, TrialError>>> {
        compared(self, statements, change)
    }
    /// What is waited for before the first answer, for people.
    fn opening(&self) -> &'static str {
        "asking the server for plans"
    }
    /// What the reader of a trial by [`Trial::plans`] must know besides, and how far to trust it if not as the plan says: an
    /// index may need to be guessed at, a method may have been checked. Without candidates: of the statement alone.
    fn remarks(&self, _statement: &str, _candidates: &[&Candidate]) -> (Option<Trust>, Vec<String>) {
        (None, Vec::new())
    }
    /// Asks once more where a statement's plan under a change rests on what is only known so far: whether it would be another if that
    /// were a little otherwise. [`Trial::remarks`] tells from then on what came of it; a method that guesses nothing has
    /// nothing to do. For what is shown to a person, not for every set of a search.
    fn doubt<'a>(&'a mut self, _statement: &'a str, _change: Change<'a>) -> Boxed<'a, ()> {
        Box::pin(std::future::ready(()))
    }
    /// How many sets a search may try for each statement of its workload, by what one costs.
    fn sets_a_statement(&self) -> usize {
        40
    }
    /// Takes away what was made for the trials so far. To be called when no more follow; a method that leaves nothing
    /// behind has nothing to do.
    fn finish(&mut self) -> Boxed<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Each statement's plan as it is and under a change, by a method: what [`Trial::compare`] does unless a method knows better.
pub(crate) fn compared<'a, T: Trial + ?Sized>(
    method: &'a mut T,
    statements: &'a [&'a str],
    change: Change<'a>,
) -> Boxed<'a, Vec<Result<Compared, TrialError>>> {
    Box::pin(async move {
        let after = method.try_change(statements, change).await;
        for statement in statements {
            method.doubt(statement, change).await;
        }
        let before = method.try_change(statements, Change::default()).await;
        let both = before.into_iter().zip(after).zip(statements);
        both.map(|((before, after), statement)| {
            let (before, after) = (before?, after?);
            let (trust, notes) = method.remarks(statement, change.add);
            Ok(Compared {
                method: method.method(),
                trust: trust.unwrap_or(after.trust),
                before: before.plan,
                after: after.plan,
                names: after.names,
                notes,
            })
        })
        .collect()
    })
}

/// What came of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// A trial showed the planner uses it and the plan becomes better.
    Proved,
    /// A trial showed that it is not used or does not help.
    Rejected,
    /// No method here could try it.
    Untested,
}

/// A statement of the workload that an index serves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Served {
    /// Its place in the workload, from 0.
    pub statement: usize,
    /// Its cost without any of the proposed indexes. PostgreSQL: the planner's; MySQL, MariaDB: rows examined.
    pub cost_before: f64,
    /// Its cost with all proved ones.
    pub cost_after: f64,
}

/// A candidate with what is known of it.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The index.
    pub candidate: Candidate,
    /// The name it is given.
    pub name: String,
    /// Statements that create it, safe for production.
    pub ddl: Vec<String>,
    /// Statements that take it away again.
    pub undo: Vec<String>,
    /// What came of it.
    pub verdict: Verdict,
    /// Why, in one line with numbers.
    pub reason: String,
    /// The trial, if there was one; of several statements that of the one it serves most.
    pub tried: Option<Tried>,
    /// What ranks it: its plan's cost (PostgreSQL) or rows examined (MySQL, MariaDB), with what a walk up to a limit may come to.
    pub weighed: Option<f64>,
    /// Statements whose plans use it, those that gain most first.
    pub serves: Vec<Served>,
    /// What was tried in its place and lost, one line each.
    pub lost: Vec<String>,
    /// It helps too, but there is a better one, of this name, or one that serves more: make either, not both.
    pub instead_of: Option<String>,
    /// The statement's cost with this index alone, where several were tried together for it.
    pub cost_alone: Option<f64>,
    /// Index entries written per row written.
    pub entries_per_row: f64,
    /// Bytes written to the index per row written.
    pub bytes_per_row: Option<f64>,
}
