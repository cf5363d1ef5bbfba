//! Where the twin is made and kept: one server for as long as the connection that it belongs to, with more tables as statements ask for
//! them.

use std::{collections::BTreeMap, time::Instant};

use super::{
    METHOD, cannot, check, complete, costs, facts, failed, fill,
    local::{self, Like, LocalServer},
    reading::{New, ReadTable, changed, judged, timed},
    refused,
    settings::settings,
    spread::spread,
    standing::{Made, Standing},
    wanted,
};
use crate::{
    advise::{Candidate, Existing, TrialError, Trust},
    catalog::{Catalog, Table, TableKind},
    fmt,
    plan::Plan,
    server::{
        ErrorKind, Info, ServerError,
        mysql::{Connection, cells::quoted},
    },
    sql::{classify, shape::Shape},
    text::one_line,
    whatif::{mysql, private_server::Failure, twin::Check},
};

/// A statement as the twin knows it.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// Whether the twin plans it like production.
    pub(super) check: Check,
    /// Why it could not be checked.
    unchecked: Option<String>,
    /// Rows read for its conditions.
    completed: usize,
    /// The twin's plan without any index that does not exist.
    pub(super) plan: Plan,
    /// What it asks of its tables.
    pub(super) shape: Shape,
    /// Tables it reads, views' included.
    tables: Vec<(String, String)>,
}

/// Tables and views that cannot be on the twin, and why.
type Unusable = BTreeMap<(String, String), TrialError>;

/// What the twin's server said of a definition.
fn lacks(kind: &str, table: &Table, error: &ServerError) -> TrialError {
    let name = format!("{}.{}", quoted(&table.schema), quoted(&table.name));
    cannot(format!("the twin has no {kind} {}: {}", one_line(&name), error.message))
}

fn broken(failure: &Failure) -> TrialError {
    cannot(format!("the twin's server: {}", failure.0))
}

/// A twin and its server. Dropped, the server ends and its files go.
#[derive(Debug, Default)]
pub(super) struct Workshop {
    /// Plans the statements, with production's settings.
    plans: Option<Connection>,
    /// Does everything else.
    pub(super) hand: Option<Connection>,
    server: Option<LocalServer>,
    pub(super) tables: Vec<Standing>,
    known: BTreeMap<String, Result<Known, TrialError>>,
    /// Production's page size, bytes.
    pub(super) page: f64,
    /// Its server is of production's series.
    same_series: bool,
    /// Tables have their FULLTEXT keys.
    pub(super) full_text: bool,
    /// Milliseconds that production was read for.
    read_ms: f64,
    /// Production's variables, and the database in which it plans.
    variables: Vec<(String, String)>,
    database: Option<String>,
    /// What could not be carried over.
    notes: Vec<String>,
    /// Something was begun and not ended: what stands here is not known.
    pub(super) busy: bool,
}

impl Workshop {
    pub(super) fn known(&self, sql: &str) -> Option<&Result<Known, TrialError>> {
        self.known.get(sql)
    }

    /// Has the twin know these statements, unless it does.
    pub(super) async fn prepare(&mut self, production: &mut Connection, statements: &[&str]) -> Result<(), TrialError> {
        let new: Vec<&str> = statements.iter().copied().filter(|sql| !self.known.contains_key(*sql)).collect();
        if new.is_empty() {
            return Ok(());
        }
        self.busy = true;
        production.tidy().await.map_err(failed)?;
        let info = production.info().clone();
        let mut named: Vec<(Option<String>, String)> = Vec::new();
        for sql in &new {
            named.extend(classify(sql, info.engine).tables);
        }
        named.sort();
        named.dedup();
        let start = Instant::now();
        let catalog = production.facts(&named).await.map_err(failed)?;
        let mut new: Vec<New<'_>> = new.into_iter().map(|sql| judged(sql, &info, &catalog)).collect();
        for statement in &mut new {
            if let Err(why) = &statement.shape {
                statement.shape = Err(mysql::refusal(production, statement.sql, why.clone()).await);
            }
        }
        self.read_ms += start.elapsed().as_secs_f64() * 1e3;
        if new.iter().all(|statement| statement.shape.is_err()) {
            // Nobody needs a twin for them.
            let all = new.into_iter().filter_map(|s| Some((s.sql.to_owned(), Err(s.shape.err()?))));
            self.known.extend(all);
            self.busy = false;
            return Ok(());
        }
        let (read, ms) = self.start(production, &info, &new, &catalog).await?;
        self.read_ms += ms;
        let mut unusable = self.load(read).await?;
        self.views(production, &catalog, &mut unusable).await?;
        for statement in new {
            let known = self.meet(production, &statement, &unusable).await?;
            self.known.insert(statement.sql.to_owned(), known);
        }
        self.busy = false;
        Ok(())
    }

    /// Whether production's tables have other indexes or columns by now, or far more or fewer rows.
    pub(super) async fn is_stale(&self, production: &mut Connection) -> Result<bool, TrialError> {
        if self.tables.is_empty() {
            return Ok(false);
        }
        production.tidy().await.map_err(failed)?;
        let of = |t: &Standing| (Some(t.facts.table.schema.clone()), t.facts.table.name.clone());
        let named: Vec<(Option<String>, String)> = self.tables.iter().map(of).collect();
        let now = production.facts(&named).await.map_err(failed)?;
        Ok(self.tables.iter().any(|t| {
            let then = &t.facts.table;
            now.table(Some(&then.schema), &then.name).is_none_or(|now| changed(then, now))
        }))
    }

    /// Starts the server, unless it runs, while the tables that are not there yet are read; what was read, and the milliseconds it took.
    async fn start(
        &mut self,
        production: &mut Connection,
        info: &Info,
        new: &[New<'_>],
        catalog: &Catalog,
    ) -> Result<(Vec<ReadTable>, f64), TrialError> {
        let wants = |schema: &str, table: &str| {
            let of = |n: &New<'_>| n.shape.is_ok() && n.tables.iter().any(|(s, t)| s == schema && t == table);
            new.iter().any(of) && !self.tables.iter().any(|t| t.is(schema, table))
        };
        let mut missing = catalog.clone();
        missing.tables.retain(|t| wants(&t.schema, &t.name));
        self.full_text |= new.iter().any(|n| n.sql.to_ascii_uppercase().contains("MATCH"));
        if self.server.is_some() {
            return timed(production, &missing).await;
        }
        let variables = facts::variables(production).await.map_err(failed)?;
        let costs = costs::read(production).await.map_err(failed)?;
        let of = |name: &str| variables.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).unwrap_or_default();
        let page_size: u64 = of("innodb_page_size").parse().unwrap_or(16_384);
        let like = Like { page_size, lower_case: of("lower_case_table_names").parse().unwrap_or(0) };
        let installed = local::best(info.engine, info.version_number).ok_or_else(|| cannot(wanted(info)))?;
        self.same_series =
            local::series(info.engine, installed.version_number) == local::series(info.engine, info.version_number);
        let (server, read) = tokio::join!(LocalServer::launch(installed, like), timed(production, &missing));
        let server = server.map_err(|e| broken(&e))?;
        let read = read?;
        let mut hand = server.connect(None).await.map_err(|e| broken(&e))?;
        let database = &info.database;
        let of_database = [("CHARACTER SET", "character_set_database"), ("COLLATE", "collation_database")];
        let defaults: Vec<String> = of_database
            .iter()
            .filter(|(_, name)| of(name).chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !of(name).is_empty())
            .map(|(word, name)| format!("{word} {}", of(name)))
            .collect();
        if !database.is_empty() {
            let sql = format!("CREATE DATABASE IF NOT EXISTS {} {}", quoted(database), defaults.join(" "));
            fill::run(&mut hand, &sql).await.map_err(|e| refused(&e))?;
            // Production told its views as they are seen from there.
            hand = server.connect(Some(database)).await.map_err(|e| broken(&e))?;
        }
        let ansi = of("sql_mode").contains("ANSI_QUOTES");
        fill::prepared(&mut hand, info.engine, ansi).await.map_err(|e| refused(&e))?;
        costs::put(&mut hand, &costs).await.map_err(|e| refused(&e))?;
        self.database = Some(database.clone()).filter(|name| !name.is_empty());
        self.variables = variables;
        #[expect(clippy::cast_precision_loss, reason = "a power of two")]
        let page = page_size as f64;
        self.page = page;
        self.notes.extend(server.note.clone());
        (self.hand, self.server) = (Some(hand), Some(server));
        self.plans = Some(self.session().await?);
        Ok(read)
    }

    /// A new session on the twin with production's settings.
    pub(super) async fn session(&mut self) -> Result<Connection, TrialError> {
        let Some(server) = &self.server else { return Err(cannot("the twin is gone")) };
        let mut session = server.connect(self.database.as_deref()).await.map_err(|e| broken(&e))?;
        let notes = settings(&mut session, &self.variables).await?;
        self.notes.extend(notes.into_iter().filter(|note| !self.notes.contains(note)).collect::<Vec<_>>());
        Ok(session)
    }

    /// Makes the tables that were read. Those that cannot be on the twin, and why.
    async fn load(&mut self, read: Vec<ReadTable>) -> Result<Unusable, TrialError> {
        let mut unusable = BTreeMap::new();
        let Some(hand) = &mut self.hand else { return Err(cannot("the twin is gone")) };
        for (name, table) in read {
            let (facts, sample) = match table {
                Ok(both) => both,
                Err(why) => {
                    unusable.insert(name, why);
                    continue;
                }
            };
            let number = self.tables.len();
            let spread = spread(&facts, &sample);
            let rows = match fill::whole(hand, &facts, (&sample, &spread), number, self.full_text).await {
                Ok(rows) => rows,
                Err(error) if error.kind == ErrorKind::Disconnected => return Err(refused(&error)),
                Err(error) => {
                    // The statements that do not read it are planned all the same.
                    fill::away(hand, &facts, number).await;
                    unusable.insert(name, lacks("table", &facts.table, &error));
                    continue;
                }
            };
            let standing = Standing::new(facts, &sample, spread, (number, rows));
            standing.inject(hand, self.page).await?;
            self.tables.push(standing);
        }
        Ok(unusable)
    }

    /// Makes the views of a catalog, the innermost first; those that cannot be are added to what is unusable.
    async fn views(
        &mut self,
        production: &mut Connection,
        catalog: &Catalog,
        unusable: &mut Unusable,
    ) -> Result<(), TrialError> {
        for view in catalog.tables.iter().rev().filter(|t| t.kind == TableKind::View) {
            let Some(sql) = facts::view(production, view).await.map_err(failed)? else { continue };
            let Some(hand) = &mut self.hand else { return Err(cannot("the twin is gone")) };
            let database = format!("CREATE DATABASE IF NOT EXISTS {}", quoted(&view.schema));
            fill::run(hand, &database).await.map_err(|e| refused(&e))?;
            match fill::run(hand, &sql).await {
                Err(error) if error.kind == ErrorKind::Disconnected => return Err(refused(&error)),
                // 1050: one that is there already stays.
                Err(error) if error.code.as_deref() != Some("1050") => {
                    unusable.insert((view.schema.clone(), view.name.clone()), lacks("view", view, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Plans a new statement on both and compares, twice if need be.
    async fn meet(
        &mut self,
        production: &mut Connection,
        new: &New<'_>,
        unusable: &Unusable,
    ) -> Result<Result<Known, TrialError>, TrialError> {
        let shape = match &new.shape {
            Ok(shape) => shape,
            Err(why) => return Ok(Err(why.clone())),
        };
        if let Some(why) = new.tables.iter().chain(new.views.iter().rev()).find_map(|table| unusable.get(table)) {
            return Ok(Err(why.clone()));
        }
        self.change(&[], &[]).await?;
        let start = Instant::now();
        let mut completed = self.complete(production, new, shape, false).await?;
        let (theirs, unchecked) = match mysql::explained(production, new.sql).await {
            Ok(plan) => (Some(plan), None),
            Err(error) if matches!(error.kind, ErrorKind::Disconnected | ErrorKind::Cancelled) => {
                return Err(failed(error));
            }
            Err(error) => match failed(error) {
                TrialError::Unsupported { reason, .. } => (None, Some(reason)),
                error => return Ok(Err(error)),
            },
        };
        self.read_ms += start.elapsed().as_secs_f64() * 1e3;
        let mut plan = match self.plan(new.sql).await {
            Ok(plan) => plan,
            Err(error) => return Ok(Err(error)),
        };
        let part = self.part(&new.tables);
        let compared =
            |plan: &Plan| theirs.as_ref().map_or(Check::Unchecked, |theirs| check::compare(theirs, plan, part));
        let mut check = compared(&plan);
        if matches!(check, Check::Rough(_)) {
            let more = self.complete(production, new, shape, true).await?;
            if more > 0 {
                completed += more;
                plan = self.plan(new.sql).await?;
                check = compared(&plan);
            }
        }
        Ok(Ok(Known { check, unchecked, completed, plan, shape: shape.clone(), tables: new.tables.clone() }))
    }

    /// Reads the rows that a statement names; with `conditions`, those that its conditions select.
    async fn complete(
        &mut self,
        production: &mut Connection,
        new: &New<'_>,
        shape: &Shape,
        conditions: bool,
    ) -> Result<usize, TrialError> {
        let mut read = 0;
        let Some(hand) = &mut self.hand else { return Err(cannot("the twin is gone")) };
        let ours = |t: &&mut Standing| !t.whole && new.tables.iter().any(|(schema, table)| t.is(schema, table));
        for table in self.tables.iter_mut().filter(ours) {
            let facts = &table.facts;
            let mut wanted =
                if conditions { complete::conditions(facts, shape) } else { complete::named(facts, shape) };
            wanted.retain(|one| !table.completed.contains(&one.label()));
            let (found, whole) = complete::read(production, hand, facts, &wanted).await?;
            table.completed.extend(whole);
            if found > 0 {
                table.inject(hand, self.page).await?;
            }
            read += found;
        }
        Ok(read)
    }

    /// The smallest part of its rows that a table of the statement has here.
    fn part(&self, tables: &[(String, String)]) -> f64 {
        let of = self.tables.iter().filter(|t| tables.iter().any(|(schema, table)| t.is(schema, table)));
        of.map(|t| t.scale.part).fold(1.0, f64::min)
    }

    /// The twin's plan as it is now.
    pub(super) async fn plan(&mut self, sql: &str) -> Result<Plan, TrialError> {
        let Some(plans) = &mut self.plans else { return Err(cannot("the twin is gone")) };
        mysql::plan(plans, sql, METHOD).await
    }

    /// Shows these candidates and no others, and hides these existing indexes and no others.
    pub(super) async fn change(&mut self, add: &[&Candidate], drop: &[Existing]) -> Result<Vec<Made>, TrialError> {
        let Some(hand) = &mut self.hand else { return Err(cannot("the twin is gone")) };
        let mut all: Vec<Made> = add.iter().map(|_| Err(cannot("the statement does not read its table"))).collect();
        for table in &mut self.tables {
            let places: Vec<usize> = (0..add.len()).filter(|at| table.is(&add[*at].schema, &add[*at].table)).collect();
            let ours: Vec<&Candidate> = places.iter().map(|at| add[*at]).collect();
            let gone: Vec<&Existing> = drop.iter().filter(|d| table.is(&d.schema, &d.table)).collect();
            for (at, made) in places.iter().zip(table.change(hand, (&ours, &gone), self.page).await?) {
                all[*at] = made;
            }
        }
        Ok(all)
    }

    /// How far to trust what is said of a statement, and what its reader must know.
    pub(super) fn remarks(&self, known: &Known) -> (Trust, Vec<String>) {
        let Some(server) = &self.server else { return (Trust::Rough, Vec::new()) };
        let trust = match &known.check {
            Check::Rough(_) | Check::Unchecked => Trust::Rough,
            Check::Exact if !self.same_series => Trust::Close,
            Check::Exact => Trust::Exact,
            Check::Close(_) => Trust::Close,
        };
        let twin = format!("the twin ({} {})", server.installed.engine.title(), server.installed.version);
        let mut notes = vec![match &known.check {
            Check::Exact => format!("checked: {twin} plans the statement as production does now, with as many rows"),
            Check::Close(ratio) if (ratio - 1.0).abs() > 0.02 => format!(
                "checked: {twin} plans the statement as production does now, at {} of its cost",
                fmt::percent(*ratio)
            ),
            Check::Close(_) => format!("checked: {twin} plans the statement as production does now"),
            Check::Rough(difference) => {
                format!("checked: {twin} does not plan the statement as production does now: {difference}")
            }
            Check::Unchecked => {
                let why = known.unchecked.as_deref().unwrap_or("production did not plan it");
                format!("not checked: {why}")
            }
        }];
        let ours = self.tables.iter().filter(|t| known.tables.iter().any(|(schema, name)| t.is(schema, name)));
        let read: Vec<String> = ours.clone().map(|t| t.read.clone()).collect();
        let more = if known.completed > 0 {
            #[expect(clippy::cast_precision_loss, reason = "some thousand")]
            let completed = fmt::grouped(known.completed as f64);
            format!(" and {completed} rows that its conditions select")
        } else {
            String::new()
        };
        notes.push(format!(
            "read from production in {}: {}{more}; they lie in a private directory on this machine until the connection ends",
            fmt::duration_ms(self.read_ms),
            read.join(", ")
        ));
        for table in ours.filter(|t| t.scale.part < 1.0) {
            notes.push(format!(
                "{} is modelled at {} of its size: costs are that much smaller",
                one_line(&table.facts.table.name),
                fmt::percent(table.scale.part)
            ));
        }
        if !self.same_series {
            notes.push("the twin's server is of another series than production's: it may plan otherwise".to_owned());
        }
        if trust == Trust::Rough {
            notes.extend(self.notes.iter().cloned());
        }
        (trust, notes)
    }
}
