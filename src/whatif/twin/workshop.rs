//! Where twins are made and kept: one server and one twin at a time, for as long as the connection that they belong to.

use std::{collections::BTreeMap, sync::Arc};

use super::{Check, METHOD, Twin, TwinError, check, engine::TwinEngine, link::OWNER, local};
use crate::{
    plan::Plan,
    read,
    server::{
        Session, SessionOptions, Target,
        postgres::{Access, Connection, Statement},
    },
    whatif::snapshot::{self, Snapshot},
};

/// Relations that one twin may grow to, over statements that touch different tables.
const MOST: usize = 400;

/// What a twin may read of production beyond its catalogs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reads {
    /// First and last value of the leading column of every B-tree: two looks into each.
    pub ends: bool,
}

/// Whether a twin can be made on this machine of a server of that version, and whether of the same major.
pub(in crate::whatif) fn available(version_number: u32) -> Option<bool> {
    local::best(version_number).map(|i| i.version_number / 10_000 == version_number / 10_000)
}

/// A statement as the twin knows it.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// Whether the twin plans it like production.
    pub(super) check: Check,
    /// The twin's plan.
    pub(super) plan: Plan,
    /// Milliseconds that production's catalogs were read for it; none when the twin was there.
    pub(super) read_ms: Option<f64>,
}

/// A server with a twin in it. Dropped, the server ends and its files go.
#[derive(Debug, Default)]
pub struct Workshop {
    plans: Option<Connection>,
    pub(super) twin: Option<Twin>,
    engine: Option<Arc<dyn TwinEngine>>,
    known: BTreeMap<String, Known>,
    made: u32,
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

    /// Sees to it that the twin knows a statement, and says whether it plans it like production.
    pub(super) async fn ready(
        &mut self,
        connection: &mut Connection,
        sql: &str,
        reads: Reads,
    ) -> Result<Known, TwinError> {
        if let Some(known) = self.known.get(sql) {
            return Ok(known.clone());
        }
        let statement = Statement::new(sql)?;
        let covered =
            self.twin.as_ref().is_some_and(|twin| statement.tables().iter().all(|table| twin.asked.contains(table)));
        let known = if self.offline {
            let recorded = self.recorded(sql)?;
            self.compare(&statement, recorded, None).await?
        } else if covered {
            let now = planned(connection, &statement).await?;
            match self.compare(&statement, Some(now), None).await {
                Ok(known) if known.check == Check::Exact => known,
                // The twin may be older than production's statistics, or lack a function that only this statement calls.
                _ => self.renew(connection, sql, &statement, reads).await?,
            }
        } else {
            self.renew(connection, sql, &statement, reads).await?
        };
        self.known.insert(sql.to_owned(), known.clone());
        Ok(known)
    }

    /// Takes a snapshot for a statement, and what was asked for before, and makes a twin of it.
    async fn renew(
        &mut self,
        connection: &mut Connection,
        sql: &str,
        statement: &Statement,
        reads: Reads,
    ) -> Result<Known, TwinError> {
        let mut asked = self
            .twin
            .take()
            .map(|twin| if twin.here.len() < MOST { twin.asked } else { Vec::new() })
            .unwrap_or_default();
        self.plans = None;
        self.known.clear();
        let snapshot = snapshot::take(connection, &[sql.to_owned()], &asked, reads.ends).await?;
        let read_ms = snapshot.read_ms;
        let recorded = snapshot.plan_of(sql).map(read_one).transpose()?;
        for table in statement.tables() {
            if !asked.contains(table) {
                asked.push(table.clone());
            }
        }
        self.make(snapshot).await?;
        if let Some(twin) = &mut self.twin {
            twin.asked = asked;
        }
        self.compare(statement, recorded, Some(read_ms)).await
    }

    /// Makes a twin, in a server that is started if there is none.
    async fn make(&mut self, snapshot: Snapshot) -> Result<(), TwinError> {
        if self.engine.as_ref().is_none_or(|engine| engine.failure().is_some()) {
            self.engine = Some(local::launch(snapshot.server.clone()).await?);
        }
        let engine = self.engine.clone().ok_or_else(|| TwinError::Engine("there is none".to_owned()))?;
        self.made += 1;
        let twin = Twin::build(engine, snapshot, self.made).await?;
        let target = twin.target();
        self.plans = Some(Connection::connect(&target, &SessionOptions::default()).await?);
        self.twin = Some(twin);
        Ok(())
    }

    fn recorded(&self, sql: &str) -> Result<Option<Plan>, TwinError> {
        let recorded = self.twin.as_ref().and_then(|twin| twin.snapshot.plan_of(sql));
        recorded.map(read_one).transpose()
    }

    async fn compare(
        &mut self,
        statement: &Statement,
        production: Option<Plan>,
        read_ms: Option<f64>,
    ) -> Result<Known, TwinError> {
        let plan = self.plan(statement).await?;
        let check = production.map_or(Check::Unchecked, |production| check::compare(&production, &plan));
        Ok(Known { check, plan, read_ms })
    }

    /// The twin's plan of a statement.
    pub(super) async fn plan(&mut self, statement: &Statement) -> Result<Plan, TwinError> {
        let plans = self.plans.as_mut().ok_or_else(|| TwinError::Engine(format!("nobody plans as {OWNER}")))?;
        planned(plans, statement).await.map_err(|error| match error {
            TwinError::Production(error) => {
                TwinError::Unsupported(format!("the twin cannot plan it: {}", error.message))
            }
            other => other,
        })
    }
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
