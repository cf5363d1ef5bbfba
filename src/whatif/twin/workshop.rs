//! Where twins are made and kept: one server and one twin at a time, for as long as the connection that they belong to.

mod ends;
mod ties;
mod wishes;

use std::{collections::BTreeMap, sync::Arc};

pub use wishes::Wish;

use super::{
    Check, METHOD, NAME, Twin, TwinError, check,
    engine::{self, TwinEngine},
    hypothetical::Made,
    link::OWNER,
    sampled::OfExpression,
    schema::Likeness,
    trial::trial_error,
};
use crate::{
    advise::{Candidate, Existing, TrialError},
    plan::Plan,
    read,
    server::{
        Session, SessionOptions, Target,
        postgres::{Access, Connection, Statement},
    },
    whatif::{
        create,
        snapshot::{self, Snapshot},
    },
};

/// Relations that one twin may grow to, over statements that touch different tables.
const MOST: usize = 400;

/// What a twin may read of production beyond its catalogs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reads {
    /// First and last value of the leading column of every B-tree: two looks into each.
    pub ends: bool,
    /// A sample of the rows: of a table where statistics are wanted that production does not have (PostgreSQL), of every table that
    /// the statement touches (MySQL, MariaDB, whose twins plan on it).
    pub rows: bool,
}

/// A statement as the twin knows it.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// Whether the twin plans it like production.
    pub(super) check: Check,
    /// The twin's plan without any index that does not exist.
    pub(super) plan: Plan,
}

/// An index that stands on the twin and not on production.
#[derive(Debug)]
struct Standing {
    ddl: String,
    schema: String,
    made: Made,
    name: String,
}

/// A server with a twin in it. Dropped, the server ends and its files go.
#[derive(Debug, Default)]
pub struct Workshop {
    plans: Option<Connection>,
    twin: Option<Twin>,
    engine: Option<Arc<dyn TwinEngine>>,
    known: BTreeMap<String, Result<Known, TrialError>>,
    standing: Vec<Standing>,
    /// Existing indexes that are hidden on the twin, with their numbers there.
    hidden: Vec<(Existing, Vec<u32>)>,
    made: u32,
    /// Statistics of expressions that were sampled, by schema, table and expression; none where that failed.
    sampled: BTreeMap<(String, String, String), Option<OfExpression>>,
    /// Milliseconds that production's catalogs were read for this twin.
    read_ms: Option<f64>,
    /// The twin was made of a file: there is no production to ask.
    offline: bool,
}

impl Workshop {
    /// Makes a twin of a snapshot that somebody took.
    ///
    /// # Errors
    /// [`TwinError`].
    pub async fn open(snapshot: Snapshot) -> Result<Self, TwinError> {
        let mut workshop = Self { offline: true, ..Self::default() };
        workshop.make(snapshot).await?;
        Ok(workshop)
    }

    /// Where to connect to plan on the twin.
    #[must_use]
    pub fn target(&self) -> Option<Target> {
        self.twin.as_ref().map(Twin::target)
    }

    /// What differs from production, for people: the twin's version, what could not be read or carried over.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let Some(twin) = &self.twin else { return Vec::new() };
        let mut notes: Vec<String> = twin.notes.clone();
        notes.extend(twin.snapshot.missing.iter().cloned());
        if twin.snapshot.anonymised {
            notes.push(
                "the snapshot was anonymised: values of columns that its statements do not name are not in it"
                    .to_owned(),
            );
        }
        notes
    }

    /// Versions of the twin and of production.
    pub(super) fn versions(&self) -> Option<(u32, String, u32, String)> {
        let twin = self.twin.as_ref()?;
        let server = &twin.snapshot.server;
        Some((
            twin.engine.version_number(),
            twin.engine.version().to_owned(),
            server.version_number,
            server.version.clone(),
        ))
    }

    /// Keeps this workshop with a session, which lives as long.
    pub fn attach(self, session: &mut Session) {
        if let Session::Postgres(connection) = session {
            connection.keep(Box::new(self));
        }
    }

    /// The workshop that was kept with a connection, or an empty one.
    pub(super) fn of(connection: &mut Connection) -> Self {
        connection.kept().and_then(|kept| kept.downcast::<Self>().ok()).map(|kept| *kept).unwrap_or_default()
    }

    /// Whether there is a twin, or may be one.
    pub(in crate::whatif) fn is_offline(&self) -> bool {
        self.offline
    }

    /// Sees to it that the twin knows these statements.
    ///
    /// # Errors
    /// [`TwinError`] when there is no twin; what one statement answered is told by [`Workshop::known`].
    pub(super) async fn prepare(
        &mut self,
        connection: &mut Connection,
        statements: &[&str],
        reads: Reads,
    ) -> Result<(), TwinError> {
        if !self.offline && self.engine.as_ref().is_some_and(|engine| engine.failure().is_some()) {
            // It broke, or was ended because a request took too long; another is made.
            self.forget();
            self.twin = None;
        }
        let mut new: Vec<(&str, Statement)> = Vec::new();
        for sql in statements {
            if self.known.contains_key(*sql) {
                continue;
            }
            match Statement::new(sql) {
                Ok(statement) => new.push((sql, statement)),
                Err(error) => drop(self.known.insert((*sql).to_owned(), Err(trial_error(error.into())))),
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        self.clear().await?;
        let covered = self.twin.as_ref().is_some_and(|twin| {
            new.iter().all(|(_, statement)| statement.tables().iter().all(|table| twin.asked.contains(table)))
        });
        if !self.offline && !covered {
            self.renew(connection, &new, reads).await?;
        }
        let mut alike = self.look_at(connection, &new).await?;
        if !self.offline && covered && !alike {
            // It may be older than production's statistics, or lack a function that only these statements call.
            self.renew(connection, &new, reads).await?;
            alike = self.look_at(connection, &new).await?;
        }
        let _ = alike;
        Ok(())
    }

    /// Compares the twin's plans of statements with production's; whether all are the same.
    async fn look_at(
        &mut self,
        connection: &mut Connection,
        statements: &[(&str, Statement)],
    ) -> Result<bool, TwinError> {
        let mut alike = true;
        for (sql, statement) in statements {
            let production =
                if self.offline { self.recorded(sql)?.map(Ok) } else { Some(planned(connection, statement).await) };
            let known = match production.transpose() {
                // What production does not plan, nobody needs a twin's plan of.
                Err(error) => Err(trial_error(error)),
                Ok(production) => match self.plan(statement).await {
                    // Another twin would not have it either.
                    Err(error) if self.lacking(statement).is_some() => Err(trial_error(error)),
                    Ok(plan) => {
                        let check =
                            production.map_or(Check::Unchecked, |production| check::compare(&production, &plan));
                        alike &= check == Check::Exact;
                        Ok(Known { check, plan })
                    }
                    Err(error) => {
                        alike = false;
                        Err(trial_error(error))
                    }
                },
            };
            self.known.insert((*sql).to_owned(), known);
        }
        Ok(alike)
    }

    /// What is known of a statement.
    pub(super) fn known(&self, sql: &str) -> Option<&Result<Known, TrialError>> {
        self.known.get(sql)
    }

    /// Milliseconds that production's catalogs were read for this twin.
    pub(super) const fn read_ms(&self) -> Option<f64> {
        self.read_ms
    }

    /// Takes a snapshot for statements, and what was asked for before, and makes a twin of it.
    async fn renew(
        &mut self,
        connection: &mut Connection,
        statements: &[(&str, Statement)],
        reads: Reads,
    ) -> Result<(), TwinError> {
        let before = self.twin.take().filter(|twin| twin.here.len() < MOST);
        let mut asked = before.map(|twin| twin.asked).unwrap_or_default();
        self.forget();
        let snapshot = snapshot::take_without_plans(connection, statements, &asked, reads.ends).await?;
        self.read_ms = Some(snapshot.read_ms);
        for table in statements.iter().flat_map(|(_, statement)| statement.tables()) {
            if !asked.contains(table) {
                asked.push(table.clone());
            }
        }
        self.make(snapshot).await?;
        if let Some(twin) = &mut self.twin {
            twin.asked = asked;
        }
        Ok(())
    }

    /// Forgets what was known of a twin that goes.
    fn forget(&mut self) {
        self.plans = None;
        self.known.clear();
        self.standing.clear();
        self.hidden.clear();
    }

    /// Hides these existing indexes on the twin, and no others.
    pub(super) async fn hide(&mut self, gone: &[Existing]) -> Result<(), TwinError> {
        let twin = self.twin.as_ref().ok_or_else(self::gone)?;
        let mut kept = Vec::new();
        for (index, numbers) in self.hidden.drain(..) {
            if gone.contains(&index) {
                kept.push((index, numbers));
            } else {
                twin.show(&numbers).await?;
            }
        }
        self.hidden = kept;
        for index in gone {
            if self.hidden.iter().any(|(hidden, _)| hidden == index) {
                continue;
            }
            let numbers = twin.hide(&index.schema, &index.name).await?;
            if numbers.is_empty() {
                return Err(TwinError::Unsupported(format!(
                    "the twin has no valid index {} to take away",
                    crate::text::one_line(&index.name)
                )));
            }
            self.hidden.push((index.clone(), numbers));
        }
        Ok(())
    }

    /// Makes these indexes, and no others, stand on the twin; their names and what is known of each, or why one cannot be.
    pub(super) async fn stand(
        &mut self,
        candidates: &[&Candidate],
    ) -> Result<Vec<Result<&Made, TrialError>>, TwinError> {
        let twin = self.twin.as_mut().ok_or_else(gone)?;
        let wanted: Vec<String> = candidates.iter().map(|c| create::postgres(c, Some(NAME))).collect();
        let mut kept = Vec::new();
        for standing in self.standing.drain(..) {
            if wanted.contains(&standing.ddl) {
                kept.push(standing);
            } else {
                twin.unmake(&standing.schema, &standing.name).await?;
            }
        }
        self.standing = kept;
        let mut failed: BTreeMap<usize, TrialError> = BTreeMap::new();
        for (place, (candidate, ddl)) in candidates.iter().zip(&wanted).enumerate() {
            if self.standing.iter().any(|s| s.ddl == *ddl) {
                continue;
            }
            let name = (1..100_000)
                .map(numbered)
                .find(|name| !self.standing.iter().any(|s| s.name == *name))
                .unwrap_or_default();
            let known = |expr: &str| {
                let key = (candidate.schema.clone(), candidate.table.clone(), expr.to_owned());
                self.sampled.get(&key).and_then(Option::as_ref)
            };
            let sampled: Vec<(i16, &OfExpression)> =
                (1..).zip(&candidate.keys).filter_map(|(at, key)| Some((at, known(&key.expr)?))).collect();
            let table = (candidate.schema.as_str(), candidate.table.as_str());
            match twin.make(&create::postgres(candidate, Some(&name)), table, &name, &sampled).await {
                Ok(made) => {
                    self.standing.push(Standing { ddl: ddl.clone(), schema: candidate.schema.clone(), made, name });
                }
                Err(error) => drop(failed.insert(place, trial_error(error))),
            }
        }
        let answers = wanted.iter().enumerate().map(|(place, ddl)| {
            let standing = self.standing.iter().find(|s| s.ddl == *ddl);
            standing.map(|s| &s.made).ok_or_else(|| failed.get(&place).cloned().unwrap_or_else(|| trial_error(gone())))
        });
        Ok(answers.collect())
    }

    /// Takes away what stands.
    pub(super) async fn clear(&mut self) -> Result<(), TwinError> {
        let standing = std::mem::take(&mut self.standing);
        let Some(twin) = &self.twin else { return Ok(()) };
        for index in standing {
            twin.unmake(&index.schema, &index.name).await?;
        }
        self.hide(&[]).await
    }

    /// The twin's plan of a statement with what stands; indexes of partitions are called like those of their tables.
    pub(super) async fn plan_with(&mut self, sql: &str) -> Result<Plan, TwinError> {
        let plan = self.plan(&Statement::new(sql)?).await?;
        Ok(self.called(plan))
    }

    /// A plan with the indexes of partitions called like those of their tables.
    fn called(&self, mut plan: Plan) -> Plan {
        for node in &mut plan.nodes {
            let standing =
                node.index.as_ref().and_then(|index| self.standing.iter().find(|s| s.made.names.contains(index)));
            if let Some(standing) = standing {
                node.index = Some(standing.name.clone());
            }
        }
        plan
    }

    /// What the twin was made of.
    pub(super) fn snapshot(&self) -> Option<&Snapshot> {
        self.twin.as_ref().map(|twin| &twin.snapshot)
    }

    /// Plans of statements on another twin, beside this one: of a snapshot that was changed, or by another major version's planner; and
    /// what is to be known of that twin.
    pub(super) async fn beside(
        &mut self,
        statements: &[&str],
        snapshot: Snapshot,
        major: Option<u32>,
    ) -> Result<(Vec<Result<Plan, TrialError>>, Vec<String>), TwinError> {
        let own = self.engine.clone().filter(|engine| major.is_none() && engine.only().is_none());
        let engine = match (own, major) {
            (Some(own), _) => own,
            (None, None) => engine::launch(snapshot.server.clone(), snapshot.server.version_number).await?,
            (None, Some(major)) => engine::launch(snapshot.server.clone(), major * 10_000 + 9_999).await?,
        };
        if let Some(major) = major.filter(|major| *major != engine.version_number() / 10_000) {
            return Err(TwinError::NoServer { major });
        }
        self.made += 1;
        let likeness = if major.is_some() { Likeness::Own } else { Likeness::Production };
        let other = Twin::build(engine, snapshot, self.made, likeness).await?;
        let mut plans = Connection::connect(&other.target(), &SessionOptions::default()).await?;
        let mut answers = Vec::with_capacity(statements.len());
        for sql in statements {
            let planned = match Statement::new(sql) {
                Ok(statement) => match other.lacking(statement.tables()) {
                    Some(lacking) => Err(lacking),
                    None => planned(&mut plans, &statement).await,
                },
                Err(error) => Err(error.into()),
            };
            answers.push(planned.map_err(trial_error));
        }
        let mut notes = other.notes.clone();
        if major.is_some() {
            notes.insert(0, format!("planned by PostgreSQL {}", other.engine.version()));
        }
        Ok((answers, notes))
    }

    /// Makes a twin, in a server that is started if there is none.
    async fn make(&mut self, snapshot: Snapshot) -> Result<(), TwinError> {
        self.engine = self.engine.take().filter(|engine| engine.failure().is_none() && engine.only().is_none());
        if self.engine.is_none() {
            let version = snapshot.server.version_number;
            self.engine = Some(engine::launch(snapshot.server.clone(), version).await?);
        }
        let engine = self.engine.clone().ok_or_else(|| TwinError::Engine("there is none".to_owned()))?;
        self.made += 1;
        let twin = Twin::build(engine, snapshot, self.made, Likeness::Production).await?;
        let target = twin.target();
        self.plans = Some(Connection::connect(&target, &SessionOptions::default()).await?);
        self.twin = Some(twin);
        Ok(())
    }

    fn recorded(&self, sql: &str) -> Result<Option<Plan>, TwinError> {
        let recorded = self.twin.as_ref().and_then(|twin| twin.snapshot.plan_of(sql));
        recorded.map(read_one).transpose()
    }

    fn lacking(&self, statement: &Statement) -> Option<TwinError> {
        self.twin.as_ref().and_then(|twin| twin.lacking(statement.tables()))
    }

    /// The twin's plan of a statement.
    async fn plan(&mut self, statement: &Statement) -> Result<Plan, TwinError> {
        if let Some(lacking) = self.lacking(statement) {
            return Err(lacking);
        }
        let plans = self.plans.as_mut().ok_or_else(|| TwinError::Engine(format!("nobody plans as {OWNER}")))?;
        planned(plans, statement).await.map_err(|error| match error {
            TwinError::Production(error) => {
                TwinError::Unsupported(format!("the twin cannot plan it: {}", error.message))
            }
            other => other,
        })
    }
}

/// The name of an index that stands.
fn numbered(number: u32) -> String {
    if number == 1 { NAME.to_owned() } else { format!("{NAME}_{number}") }
}

fn gone() -> TwinError {
    TwinError::Engine("it is gone".to_owned())
}

/// A server's plan of a statement.
async fn planned(connection: &mut Connection, statement: &Statement) -> Result<Plan, TwinError> {
    let limit = connection.plain_limit();
    let transaction = connection.begin(Access::ReadOnly, Some(limit)).await?;
    match transaction.plan(statement, false).await {
        Ok(document) => {
            transaction.rollback().await?;
            read_one(&document)
        }
        Err(error) => transaction.fail(error).await.map_err(TwinError::Production),
    }
}

fn read_one(document: &str) -> Result<Plan, TwinError> {
    let wrong = |problem: String| TwinError::Unsupported(format!("{METHOD}: reading a plan: {problem}"));
    read::read(document)
        .map_err(|e| wrong(e.to_string()))?
        .into_iter()
        .next()
        .ok_or_else(|| wrong("there is none".to_owned()))
}
