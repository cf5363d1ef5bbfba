//! From a snapshot to a database that plans like production: definitions, first and last values, statistics, then sizes.

mod extended;
mod rows;
mod sizes;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio_postgres::types::Type;

use super::{
    Twin,
    engine::TwinEngine,
    error::TwinError,
    link::{Link, OWNER, SUPERUSER, get},
    schema::{self, Likeness, Step},
    statistics::{self, Operators, Place},
};
use crate::whatif::snapshot::{Snapshot, literal, quote};

/// SQLSTATE of what is there already: the superuser made it, or a parent brought it.
const ALREADY: [&str; 3] = ["42710", "42P07", "42P16"];
/// Rows of statistics sent at once.
const AT_ONCE: usize = 64;

/// A relation of the snapshot as the twin has it.
#[derive(Debug, Clone, Default)]
pub(super) struct Here {
    /// Its number.
    pub(super) oid: u32,
    /// Its file's number; 0 without storage.
    pub(super) file: u32,
    /// Columns by name: number, type, collation.
    pub(super) columns: BTreeMap<String, (i16, u32, u32)>,
}

impl Twin {
    /// Makes a twin in a database of its own.
    ///
    /// # Errors
    /// [`TwinError`], of which [`TwinError::Unsupported`] tells that no twin of this can be made.
    pub(super) async fn build(
        engine: Arc<dyn TwinEngine>,
        snapshot: Snapshot,
        number: u32,
        likeness: Likeness,
    ) -> Result<Self, TwinError> {
        if snapshot.server.block_size != 8192 {
            return Err(TwinError::Unsupported(format!(
                "production has pages of {} bytes, and the twin of 8192",
                snapshot.server.block_size
            )));
        }
        let database = engine.only().map_or_else(|| format!("twin_{number}"), str::to_owned);
        let (oid, mut notes) = prepare(engine.as_ref(), &snapshot, &database, likeness).await?;
        let root = Link::connect(engine.socket(), SUPERUSER, &database).await?;
        let hand = Link::connect(engine.socket(), OWNER, &database).await?;
        notes.extend(engine.note().map(str::to_owned));
        let mut twin = Self {
            engine,
            root,
            hand,
            snapshot,
            database,
            oid,
            notes,
            lacks: BTreeMap::new(),
            here: BTreeMap::new(),
            next_file: 2_000_000_000,
            tiny: BTreeMap::new(),
            asked: Vec::new(),
        };
        twin.define().await?;
        twin.here = twin.look().await?;
        if twin.snapshot.ends.is_some() {
            twin.insert_ends().await?;
        }
        twin.insert_statistics().await?;
        twin.insert_extended().await?;
        twin.give_sizes().await?;
        let path: Vec<String> = twin.snapshot.search_path.iter().map(|s| quote(s)).collect();
        if !path.is_empty() {
            twin.hand.ours("setting the search path", &format!("SET search_path = {}", path.join(", "))).await?;
        }
        Ok(twin)
    }

    async fn define(&mut self) -> Result<(), TwinError> {
        self.root.ours("making schemas", &schema::schemas(&self.snapshot, OWNER)).await?;
        for e in &self.snapshot.extensions {
            let name = quote(&e.name);
            let create = format!("CREATE EXTENSION IF NOT EXISTS {name} SCHEMA {} CASCADE", quote(&e.schema));
            if self.root.ours("making an extension", &create).await.is_err() {
                let plain = format!("CREATE EXTENSION IF NOT EXISTS {name} CASCADE");
                if let Err(error) = self.root.ours("making an extension", &plain).await {
                    self.notes.push(format!("the twin has no extension {}: {}", e.name, reason(&error)));
                }
            }
        }
        let mut later = self.run(schema::ground(&self.snapshot)).await;
        let unknown = self.unknown_types().await?;
        if !unknown.is_empty() {
            let names: Vec<&str> = unknown.iter().map(String::as_str).collect();
            self.notes
                .push(format!("columns of types that the twin does not know are texts there: {}", names.join(", ")));
        }
        later.extend(self.run(schema::tables(&self.snapshot, &unknown)).await);
        later.extend(self.run(schema::indexes(&self.snapshot)).await);
        later.extend(self.run(schema::rest(&self.snapshot)).await);
        // What failed may have needed what came after it.
        while !later.is_empty() {
            let before = later.len();
            later = self.run(later.into_iter().map(|(step, _)| step).collect()).await;
            if later.len() == before {
                break;
            }
        }
        for (step, error) in &later {
            let why = format!("the twin has no {}: {}", step.what, reason(error));
            if let Some(relation) = step.relation {
                self.lacks(relation, &why);
            }
            self.notes.push(why);
        }
        let mut read = self.snapshot.relations.iter().filter(|r| !r.is_index());
        if let (true, Some(why)) = (read.all(|r| self.lacks.contains_key(&r.oid)), self.lacks.values().next()) {
            return Err(TwinError::Unsupported(why.clone()));
        }
        // Checks were added as not yet held, which the planner does not look at; and no trigger may fire for the ends.
        self.root
            .ours(
                "finishing the schema",
                "UPDATE pg_constraint SET convalidated = true WHERE contype = 'c' AND NOT convalidated; \
                 UPDATE pg_trigger SET tgenabled = 'D'; UPDATE pg_class SET relhastriggers = relhastriggers WHERE oid >= 16384",
            )
            .await
    }

    /// A relation could not be made: nor is planned what reads it by those that it inherits from or is a partition of.
    fn lacks(&mut self, relation: u32, why: &str) {
        let mut open = vec![relation];
        while let Some(relation) = open.pop() {
            if self.lacks.contains_key(&relation) {
                continue;
            }
            self.lacks.insert(relation, why.to_owned());
            open.extend(self.snapshot.relation(relation).and_then(|r| r.parents.as_deref()).unwrap_or_default());
        }
    }

    /// Runs steps by the owner's connection; those that fail come back with their errors.
    async fn run(&self, steps: Vec<Step>) -> Vec<(Step, TwinError)> {
        let mut failed = Vec::new();
        for step in steps {
            if let Err(error) = self.hand.rows(&step.what, &step.sql, &[]).await
                && !ALREADY.iter().any(|code| error.is(code))
            {
                failed.push((step, error));
            }
        }
        failed
    }

    async fn unknown_types(&self) -> Result<BTreeSet<String>, TwinError> {
        let kinds: BTreeSet<&str> = self.snapshot.columns.iter().map(|c| c.kind.as_str()).collect();
        let kinds: Vec<&str> = kinds.into_iter().collect();
        let sql = "SELECT t FROM unnest($1) t WHERE to_regtype(t) IS NULL";
        let rows = self.root.rows("looking up types", sql, &[(&kinds, Type::TEXT_ARRAY)]).await?;
        rows.iter().map(|row| get(row, 0)).collect()
    }

    /// Where everything is on the twin, by production's numbers.
    async fn look(&self) -> Result<BTreeMap<u32, Here>, TwinError> {
        let oids: Vec<u32> = self.snapshot.relations.iter().map(|r| r.oid).collect();
        let schemas: Vec<&str> = self.snapshot.relations.iter().map(|r| r.schema.as_str()).collect();
        let names: Vec<&str> = self.snapshot.relations.iter().map(|r| r.name.as_str()).collect();
        let sql = "SELECT w.oid, c.oid, c.relfilenode, a.attname::text, a.attnum, a.atttypid, a.attcollation \
                   FROM unnest($1, $2, $3) AS w (oid, schema, name) JOIN pg_namespace n ON n.nspname = w.schema \
                   JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name \
                   LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0";
        let with: super::link::Parameters<'_> =
            &[(&oids, Type::OID_ARRAY), (&schemas, Type::TEXT_ARRAY), (&names, Type::TEXT_ARRAY)];
        let mut all: BTreeMap<u32, Here> = BTreeMap::new();
        for row in &self.root.rows("looking at the twin", sql, with).await? {
            let here = all.entry(get(row, 0)?).or_default();
            (here.oid, here.file) = (get(row, 1)?, get(row, 2)?);
            if let Some(name) = get::<Option<String>>(row, 3)? {
                here.columns.insert(name, (get(row, 4)?, get(row, 5)?, get(row, 6)?));
            }
        }
        Ok(all)
    }

    async fn insert_statistics(&mut self) -> Result<(), TwinError> {
        let mut placed = Vec::new();
        for s in &self.snapshot.statistics {
            let Some(here) = self.here.get(&s.relation) else { continue };
            let Some(&(number, kind, collation)) = here.columns.get(&s.column) else { continue };
            placed.push((Place { relation: here.oid, number, kind, collation, inherited: s.inherited }, &s.slots, s));
        }
        let kinds: BTreeSet<u32> = placed.iter().map(|(place, ..)| place.kind).collect();
        let operators = statistics::operators(&self.root, &kinds.into_iter().collect::<Vec<_>>()).await?;
        let none = Operators::default();
        let mut rows: Vec<(String, String)> = Vec::new();
        for (place, slots, s) in &placed {
            let row = statistics::row(*place, operators.get(&place.kind).unwrap_or(&none), slots);
            rows.push((
                row,
                format!("{}.{}", self.snapshot.relation(s.relation).map_or("", |r| r.name.as_str()), s.column),
            ));
        }
        self.root.ours("making room for statistics", "DELETE FROM pg_statistic WHERE starelid >= 16384").await?;
        let insert = |rows: &[(String, String)]| {
            let rows: Vec<&str> = rows.iter().map(|(row, _)| row.as_str()).collect();
            format!("INSERT INTO pg_catalog.pg_statistic VALUES {}", rows.join(", "))
        };
        for some in rows.chunks(AT_ONCE) {
            if self.root.ours("writing statistics", &insert(some)).await.is_ok() {
                continue;
            }
            for one in some {
                if let Err(error) = self.root.ours("writing statistics", &insert(std::slice::from_ref(one))).await {
                    self.notes.push(format!(
                        "the statistics of {} could not be carried over: {}",
                        one.1,
                        reason(&error)
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Makes the database with production's settings; its number, and what differs.
async fn prepare(
    engine: &dyn TwinEngine,
    snapshot: &Snapshot,
    database: &str,
    likeness: Likeness,
) -> Result<(u32, Vec<String>), TwinError> {
    let first = first_link(engine).await?;
    let roles =
        first.rows("looking for the owner", "SELECT FROM pg_roles WHERE rolname = $1", &[(&OWNER, Type::TEXT)]).await?;
    if roles.is_empty() {
        // Nothing of production's runs with more rights than this.
        first
            .ours(
                "making the owner",
                &format!("CREATE ROLE {OWNER} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"),
            )
            .await?;
    }
    if engine.only().is_none() {
        first
            .ours("making a database", &format!("CREATE DATABASE {database} OWNER {OWNER} TEMPLATE template0"))
            .await?;
    }
    let rows = first
        .rows("asking for settings", "SELECT name FROM pg_settings WHERE context IN ('user', 'superuser')", &[])
        .await?;
    let known = rows.iter().map(|row| get(row, 0)).collect::<Result<BTreeSet<String>, _>>()?;
    let mut notes = Vec::new();
    if let Err(error) =
        first.ours("giving it production's settings", &schema::settings(snapshot, &known, database, likeness)).await
    {
        return Err(TwinError::Unsupported(format!(
            "production's settings cannot be had on the twin: {}",
            reason(&error)
        )));
    }
    let sql = "SELECT oid, datcollate::text, pg_encoding_to_char(encoding)::text FROM pg_database WHERE datname = $1";
    let rows = first.rows("looking at the database", sql, &[(&database, Type::TEXT)]).await?;
    let row = rows.first().ok_or_else(|| TwinError::Engine("its database is gone".to_owned()))?;
    let server = &snapshot.server;
    let collate: String = get(row, 1)?;
    let same = |a: &str, b: &str| a.to_lowercase().replace('-', "") == b.to_lowercase().replace('-', "");
    if engine.only().is_some() {
        // By code point, which in UTF-8 is by byte.
        if !["C", "POSIX", "C.UTF8"].iter().any(|name| same(name, &server.collate)) {
            notes.push(format!(
                "the twin sorts texts by their bytes and production by {}, which may move ranges of texts",
                server.collate
            ));
        }
    } else if server.provider == "c" && !same(&collate, &server.collate) {
        notes.push(format!(
            "the collation {} is not installed here; the twin sorts by {collate}, which may move ranges of texts",
            server.collate
        ));
    }
    Ok((get(row, 0)?, notes))
}

/// Waits until the server takes connections.
async fn first_link(engine: &dyn TwinEngine) -> Result<Link, TwinError> {
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        match Link::connect(engine.socket(), SUPERUSER, "template1").await {
            Ok(link) => return Ok(link),
            Err(error) => {
                if let Some(failure) = engine.failure() {
                    return Err(TwinError::Engine(failure));
                }
                if tokio::time::Instant::now() > end {
                    return Err(error);
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        }
    }
}

/// What the server answered, without what was attempted.
fn reason(error: &TwinError) -> String {
    match error {
        TwinError::Refused { message, .. } => message.clone(),
        other => other.to_string(),
    }
}

/// A list of names as an array in SQL.
fn quoted_list(names: &[String]) -> String {
    names.iter().map(|n| literal(n)).collect::<Vec<_>>().join(", ")
}
