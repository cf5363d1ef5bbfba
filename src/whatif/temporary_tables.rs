//! Session-private temporary tables that hold a sample of the rows and hide the real tables by their names, so that the
//! unchanged statement is planned on them, without and with the candidate.
//!
//! Needs SELECT and CREATE TEMPORARY TABLES; takes a second or three; vanishes with the session. Measured on MySQL 9.7:
//! the same access path as with the real index in 63 of 66 trials; on MariaDB 11.8 in 61. Joins are where it errs: a
//! sample holds fewer rows per joined value.
//!
//! **Nothing here could change a real table if something went wrong**: tables are made by CREATE TEMPORARY TABLE and taken
//! away by DROP TEMPORARY TABLE, rows are written in READ ONLY transactions, and a candidate is part of the definition
//! of a copy made anew, never added to a table by its name.

pub(super) mod copy;
mod make;
pub(super) mod sample;

use self::{
    copy::Definition,
    make::{fill, keep_from_replicas, stage},
    sample::{Missing, Sample, described},
};
use crate::{
    advise::{Boxed, Candidate, Change, Planned, Trial, TrialError, Tried, Trust, ddl, size},
    catalog::{Catalog, Table, TableKind},
    plan::{Engine, Plan},
    server::{ServerError, mysql::Connection},
    sql::{
        classify,
        shape::{self, Predicate, Shape},
    },
    text::one_line,
    whatif::{mysql, mysql_twin, walk::places::Source},
};

/// The method's name.
pub(super) const METHOD: &str = "temporary-tables";

/// The candidate's name in the copies.
const NAME: &str = "whyslow_trial";

/// Tries candidates on samples.
pub(super) struct TemporaryTables<'a> {
    connection: &'a mut Connection,
    bench: Option<Bench>,
}

/// Everything prepared for a set of statements.
struct Bench {
    statements: Vec<Ready>,
    catalog: Catalog,
    copies: Vec<Copy>,
}

/// A statement that was prepared for, or why it cannot be.
struct Ready {
    statement: String,
    tables: Vec<(String, String)>,
    before: Result<Plan, TrialError>,
    /// The server's plan on the real tables, to hold that on the samples against; `None` where it gave none.
    now: Option<Plan>,
}

/// One table's copy.
struct Copy {
    schema: String,
    table: String,
    /// `database`.`table`, which names the copy while it is there.
    name: String,
    /// The temporary table with the sampled rows.
    stage: String,
    columns: String,
    definition: Definition,
    sample: Sample,
    /// The candidates' keys that the copy has now, in the order of their names.
    keys: Vec<String>,
    /// Keys of the table that the copy has not now.
    gone: Vec<String>,
}

impl<'a> TemporaryTables<'a> {
    pub(super) const fn new(connection: &'a mut Connection) -> Self {
        Self { connection, bench: None }
    }

    /// The session, for methods that need no samples. What stands on it goes first.
    pub(super) fn connection(&mut self) -> &mut Connection {
        self.bench = None;
        self.connection
    }

    async fn attempt(&mut self, statement: &str, candidate: &Candidate) -> Result<Tried, TrialError> {
        if let Some(why) = impossible(candidate) {
            return Err(cannot(why));
        }
        self.ready(&[statement]).await?;
        self.set_up(&[statement], Change { add: &[candidate], drop: &[] }).await?;
        let Some(bench) = &self.bench else { return Err(cannot("nothing is prepared")) };
        if !bench.copies.iter().any(|copy| of(copy, candidate)) {
            return Err(cannot(format!("the statement does not read {}", one_line(&candidate.table))));
        }
        let before = bench.before(statement)?;
        let after = plan(self.connection, statement).await?;
        let notes = bench.notes(statement);
        Ok(Tried {
            method: METHOD,
            trust: Trust::Rough,
            before,
            after,
            index_name: name(0),
            size_bytes: size(candidate, &bench.catalog),
            notes,
        })
    }

    /// Samples for these statements, unless that is done.
    async fn ready(&mut self, statements: &[&str]) -> Result<(), TrialError> {
        let known = |bench: &Bench| statements.iter().all(|s| bench.statements.iter().any(|r| r.statement == **s));
        if self.bench.as_ref().is_some_and(known) {
            return Ok(());
        }
        self.bench = None;
        self.connection.tidy().await.map_err(failed)?;
        let prepared = prepare(self.connection, statements).await;
        if prepared.is_err() {
            // What was made so far is of no use.
            let _ = self.connection.sweep().await;
        }
        self.bench = Some(prepared?);
        Ok(())
    }

    /// Gives the copies that these statements read the candidates' keys, and no others; and takes away what is to be gone.
    async fn set_up(&mut self, statements: &[&str], change: Change<'_>) -> Result<(), TrialError> {
        let Some(bench) = &mut self.bench else { return Err(cannot("nothing is prepared")) };
        let read = |copy: &Copy| {
            bench
                .statements
                .iter()
                .filter(|r| statements.contains(&r.statement.as_str()))
                .any(|r| r.tables.iter().any(|(schema, table)| *schema == copy.schema && *table == copy.table))
        };
        for copy in bench.copies.iter_mut().filter(|copy| read(copy)) {
            let keys: Vec<String> = change
                .add
                .iter()
                .enumerate()
                .filter(|(_, candidate)| impossible(candidate).is_none() && of(copy, candidate))
                .map(|(at, candidate)| copy::key(&name(at), &ddl::keys(candidate)))
                .collect();
            let gone: Vec<String> = change
                .drop
                .iter()
                .filter(|gone| gone.schema == copy.schema && gone.table == copy.table)
                .map(|gone| gone.name.clone())
                .collect();
            if let Some(unknown) = gone.iter().find(|name| !copy.definition.has_key(name)) {
                return Err(cannot(format!("the copy of {} cannot be without {unknown}", one_line(&copy.table))));
            }
            if copy.keys != keys || copy.gone != gone {
                fill(self.connection, copy, keys, gone).await.map_err(failed)?;
            }
        }
        Ok(())
    }

    async fn changed(
        &mut self,
        statements: &[&str],
        change: Change<'_>,
    ) -> Result<Vec<Result<Planned, TrialError>>, TrialError> {
        self.ready(statements).await?;
        self.set_up(statements, change).await?;
        let names: Vec<Option<String>> = change
            .add
            .iter()
            .enumerate()
            .map(|(at, candidate)| impossible(candidate).is_none().then(|| name(at)))
            .collect();
        let mut answers = Vec::with_capacity(statements.len());
        for statement in statements {
            let before =
                self.bench.as_ref().map_or_else(|| Err(cannot("nothing is prepared")), |b| b.before(statement));
            // Copies are filled anew and looked at anew, so that the server's statistics of the same rows come out a little otherwise: what
            // a change does not touch stays as it was planned.
            let touched = self.bench.as_ref().is_some_and(|bench| bench.touches(statement, change));
            let planned = match before {
                Err(error) => Err(error),
                Ok(before) if !touched => Ok(before),
                Ok(_) => plan(self.connection, statement).await,
            };
            answers.push(planned.map(|plan| Planned { plan, trust: Trust::Rough, names: names.clone() }));
        }
        Ok(answers)
    }
}

impl Bench {
    /// What the reader of a trial of the statement must know.
    fn notes(&self, statement: &str) -> Vec<String> {
        let mut notes: Vec<String> = Vec::new();
        let Some(ready) = self.statements.iter().find(|r| r.statement == statement) else { return notes };
        let read =
            |copy: &&Copy| ready.tables.iter().any(|(schema, table)| *schema == copy.schema && *table == copy.table);
        for copy in self.copies.iter().filter(read) {
            if let Some(table) = self.catalog.table(Some(&copy.schema), &copy.table) {
                notes.push(format!("planned on {}", described(table, &copy.sample)));
            }
            if !copy.definition.lacks.is_empty() {
                let lacks = copy.definition.lacks.join(" and ");
                notes.push(format!("the copy of {} lacks {lacks}", one_line(&copy.table)));
            }
        }
        if let (Some(now), Ok(before)) = (&ready.now, &ready.before) {
            notes.insert(0, checked(now, before));
        }
        notes.push(
            "costs and rows are of the sample: compare them with each other, not with those of the real tables"
                .to_owned(),
        );
        notes
    }

    /// Whether a change is of a table that the statement reads.
    fn touches(&self, statement: &str, change: Change<'_>) -> bool {
        let Some(ready) = self.statements.iter().find(|r| r.statement == statement) else { return true };
        let added = change.add.iter().map(|c| (&c.schema, &c.table));
        let gone = change.drop.iter().map(|d| (&d.schema, &d.table));
        added.chain(gone).any(|(schema, table)| ready.tables.iter().any(|(s, t)| s == schema && t == table))
    }

    /// The statement's plan on the samples without any candidate.
    fn before(&self, statement: &str) -> Result<Plan, TrialError> {
        let ready = self.statements.iter().find(|r| r.statement == statement);
        ready.map_or_else(|| Err(cannot("nothing is prepared")), |r| r.before.clone())
    }
}

/// What a comparison of today's plans on the real tables and on the samples says.
fn checked(now: &Plan, before: &Plan) -> String {
    if mysql_twin::same_way(now, before) {
        return "checked: on the sample the statement is planned today as on the real tables".to_owned();
    }
    let (real, sample) = (way(now), way(before));
    if real == sample {
        return "checked: on the sample the statement sorts or keeps rows otherwise than on the real tables today"
            .to_owned();
    }
    format!(
        "checked: on the sample the statement is planned otherwise than today: the real tables give {real}, the sample {sample}"
    )
}

/// How a plan reads its tables, in the order in which they are joined.
fn way(plan: &Plan) -> String {
    let nodes = plan.ids().map(|id| plan.node(id));
    let reads = nodes.filter_map(|node| {
        let relation = node.relation.as_ref()?;
        let by = node.index.as_ref().map_or(String::new(), |index| format!(" by {index}"));
        Some(format!("{} on {}{by}", node.native, relation.alias.as_deref().unwrap_or(&relation.name)))
    });
    one_line(&reads.collect::<Vec<_>>().join(", "))
}

/// The name of a candidate of a set in the copies.
fn name(at: usize) -> String {
    if at == 0 { NAME.to_owned() } else { format!("{NAME}_{at}") }
}

fn of(copy: &Copy, candidate: &Candidate) -> bool {
    copy.schema == candidate.schema && copy.table == candidate.table
}

/// Why a copy cannot have such an index.
fn impossible(candidate: &Candidate) -> Option<&'static str> {
    if candidate.method != "btree" || candidate.predicate.is_some() || !candidate.include.is_empty() {
        return Some("temporary tables have no such indexes");
    }
    (candidate.engine == Engine::MariaDb && candidate.keys.iter().any(|k| k.expression))
        .then_some("MariaDB indexes no expressions")
}

impl Trial for TemporaryTables<'_> {
    fn method(&self) -> &'static str {
        METHOD
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
        "reading a sample of the rows of each table"
    }

    fn remarks(&self, statement: &str, _: &[&Candidate]) -> (Option<Trust>, Vec<String>) {
        (Some(Trust::Rough), self.bench.as_ref().map(|bench| bench.notes(statement)).unwrap_or_default())
    }

    fn sets_a_statement(&self) -> usize {
        // Every set fills the copies anew.
        8
    }

    fn finish(&mut self) -> Boxed<'_, ()> {
        Box::pin(async {
            self.bench = None;
            // What cannot be dropped now is before the session's next request.
            let _ = self.connection.sweep().await;
        })
    }
}

/// Samples every table of the statements, makes the copies, and plans on them.
async fn prepare(connection: &mut Connection, statements: &[&str]) -> Result<Bench, TrialError> {
    let engine = connection.info().engine;
    let classes: Vec<_> = statements.iter().map(|statement| classify(statement, engine)).collect();
    let mut all: Vec<(Option<String>, String)> = Vec::new();
    for table in classes.iter().flat_map(|class| &class.tables) {
        if !all.contains(table) {
            all.push(table.clone());
        }
    }
    let catalog = connection.facts(&all).await.map_err(failed)?;
    let mut ready = Vec::with_capacity(statements.len());
    // One shape of all: a sample holds the rows that any of the statements names.
    let mut shape = Shape::default();
    for (statement, class) in statements.iter().zip(&classes) {
        let mut tables = Vec::new();
        let before = match suitable(statement, engine, &catalog, &class.tables) {
            Ok(own) => {
                for source in &own.sources {
                    tables.push((source.schema.clone(), source.table.clone()));
                }
                let offset = shape.sources.len();
                shape.sources.extend(own.sources);
                shape
                    .predicates
                    .extend(own.predicates.into_iter().map(|p| Predicate { source: p.source + offset, ..p }));
                Err(cannot("it was not planned"))
            }
            Err(why) => Err(mysql::refusal(connection, statement, why).await),
        };
        // Before a copy hides a table.
        let now = if tables.is_empty() { None } else { plan(connection, statement).await.ok() };
        ready.push(Ready { statement: (*statement).to_owned(), tables, before, now });
    }
    if let [Ready { before: Err(why), tables, .. }] = ready.as_slice()
        && tables.is_empty()
    {
        return Err(why.clone());
    }
    keep_from_replicas(connection).await?;
    let mut copies: Vec<Copy> = Vec::new();
    for (number, table) in catalog.tables.iter().enumerate() {
        let read = |r: &Ready| r.tables.iter().any(|(schema, name)| *schema == table.schema && *name == table.name);
        if !ready.iter().any(read) {
            continue;
        }
        match copied(connection, table, number, &shape).await {
            Ok(copy) => copies.push(copy),
            Err(error) if ready.len() > 1 && error.is_of_method() => {
                // The statements that do not read it can be tried all the same.
                for r in ready.iter_mut().filter(|r| read(r)) {
                    r.before = Err(error.clone());
                    r.tables.clear();
                }
            }
            Err(error) => return Err(error),
        }
    }
    // Every table is read before the first copy hides one.
    for copy in &mut copies {
        fill(connection, copy, Vec::new(), Vec::new()).await.map_err(failed)?;
    }
    let alone = ready.len() == 1;
    for r in ready.iter_mut().filter(|r| !r.tables.is_empty()) {
        r.before = plan(connection, &r.statement).await;
        if let (true, Err(error)) = (alone, &r.before) {
            return Err(error.clone());
        }
    }
    Ok(Bench { statements: ready, catalog, copies })
}

/// A statement's shape, when copies can stand for all its tables.
fn suitable(
    statement: &str,
    engine: Engine,
    catalog: &Catalog,
    tables: &[(Option<String>, String)],
) -> Result<Shape, TrialError> {
    if tables.is_empty() {
        return Err(cannot("the statement names no table"));
    }
    let shape = shape::shape(statement, engine, catalog)
        .map_err(|problem| cannot(format!("the statement could not be read: {problem}")))?;
    for table in tables {
        judge(catalog, table)?;
    }
    if engine == Engine::MySql {
        let twice = shape.sources.iter().enumerate().find(|(at, source)| {
            shape.sources[..*at].iter().any(|other| other.schema == source.schema && other.table == source.table)
        });
        if let Some((_, source)) = twice {
            return Err(cannot(format!(
                "the statement reads {} twice, and MySQL opens a temporary table only once in a statement",
                one_line(&source.table)
            )));
        }
    }
    Ok(shape)
}

/// A table's sample on its stage.
async fn copied(connection: &mut Connection, table: &Table, number: usize, shape: &Shape) -> Result<Copy, TrialError> {
    let mut copy = stage(connection, table, number).await?;
    let source = Source { table, name: &copy.name, columns: &copy.columns };
    copy.sample = sample::take(connection, &source, &copy.stage, shape).await.map_err(|missing| match missing {
        Missing::NoKey => cannot(format!(
            "{} has no key along which rows can be picked without reading all of it",
            one_line(&table.name)
        )),
        Missing::Server(error) => failed(error),
    })?;
    Ok(copy)
}

/// Whether a table of the statement can have a copy.
fn judge(catalog: &Catalog, (schema, name): &(Option<String>, String)) -> Result<(), TrialError> {
    let shown = one_line(name);
    let Some(table) = catalog.table(schema.as_deref(), name) else {
        return Err(cannot(format!("nothing is known of {shown}; a temporary table of the prelude has no sample")));
    };
    match table.kind {
        TableKind::Table | TableKind::Partitioned => Ok(()),
        TableKind::View | TableKind::MaterializedView => {
            Err(cannot(format!("{shown} is a view, and views do not see temporary tables")))
        }
        TableKind::Foreign => Err(cannot(format!("{shown} is stored elsewhere"))),
    }
}

fn cannot(reason: impl Into<String>) -> TrialError {
    TrialError::Unsupported { method: METHOD, reason: reason.into() }
}

fn failed(error: ServerError) -> TrialError {
    mysql::failed(METHOD, error)
}

async fn plan(connection: &mut Connection, statement: &str) -> Result<Plan, TrialError> {
    mysql::plan(connection, statement, METHOD).await
}
