//! The answer by calculation: what the server's optimizer would do with an index, by its own formulas, from its statistics and from a
//! sample of the rows of which nothing but counts is learned.
//!
//! Needs SELECT and nothing on this machine: the last rung, for a host without the server's program and an account that may not even
//! make temporary tables. Of production it reads catalogs, a few EXPLAINs and, where that was allowed, some 20,000 rows of each table along
//! a key, of which the server itself says whether they meet the statement's conditions; no row leaves it.
//!
//! It answers for statements of one block and inner joins; of all others it says why not. How far it is to be trusted is checked every
//! time: the same formulas must read today's statement as the server's EXPLAIN says, at the same cost. And it is asked again with as few
//! and as many rows as the sample leaves possible: where another plan comes of that, the answer is a hint.

mod check;
mod costs;
mod order;
mod paths;
mod question;
mod sample;
mod tables;
mod tree;

use std::{collections::HashMap, time::Instant};

use mysql_async::Value;

use self::{
    check::{Checked, check, reads, same_way},
    costs::{Micros, Model},
    order::{Outcome, planned},
    paths::World,
    question::{Question, question},
    sample::Lean,
    tables::{Ix, Known},
};
use super::mysql::plan;
use crate::{
    advise::{Candidate, Change, Planned, TrialError, Tried, Trust, size},
    catalog::{Catalog, Table},
    fmt,
    plan::{Engine, Plan},
    server::{
        ServerError,
        mysql::{
            Connection,
            cells::{number, quoted},
        },
    },
    sql::classify,
    text::one_line,
};

/// The method's name.
pub(super) const METHOD: &str = "calculated";

/// The candidates' name in plans.
const NAME: &str = "whyslow_trial";
/// From this version on MariaDB reckons in milliseconds.
const MICROS: u32 = 110_000;
/// EXPLAINs of what conditions select by existing indexes, for one statement.
const DIVES: usize = 8;
/// Conditions looked at in one sample.
const CONDITIONS: usize = 200;

/// Calculates.
#[derive(Debug, Default)]
pub(super) struct Calculated {
    /// Rows may be looked at.
    rows: bool,
    model: Option<Model>,
    buffer: f64,
    catalog: Catalog,
    statements: HashMap<String, Result<Prepared, TrialError>>,
    /// What was last found out about a statement with some indexes.
    last: HashMap<String, (Vec<Candidate>, Trust, Vec<String>)>,
    /// Milliseconds that production was asked for.
    spent: f64,
}

/// A statement with all that is known for it.
#[derive(Debug)]
struct Prepared {
    question: Question,
    now: Plan,
    known: Vec<Known>,
    checked: Checked,
}

fn cannot(reason: impl Into<String>) -> TrialError {
    TrialError::Unsupported { method: METHOD, reason: reason.into() }
}

fn failed(error: ServerError) -> TrialError {
    super::mysql::failed(METHOD, error)
}

impl Calculated {
    pub(super) fn new(rows: bool) -> Self {
        Self { rows, ..Self::default() }
    }

    /// Forgets what was read.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.rows);
    }

    pub(super) async fn attempt(
        &mut self,
        connection: &mut Connection,
        statement: &str,
        candidate: &Candidate,
    ) -> Result<Tried, TrialError> {
        self.prepare(connection, &[statement]).await?;
        let change = Change { add: &[candidate], drop: &[] };
        let planned = self.with(statement, change)?;
        let before = self.prepared(statement)?.now.clone();
        let (trust, notes) = self.remarks(statement, change.add);
        Ok(Tried {
            method: METHOD,
            trust: trust.unwrap_or(planned.trust),
            before,
            after: planned.plan,
            index_name: name(0),
            size_bytes: size(candidate, &self.catalog),
            notes,
        })
    }

    pub(super) async fn changed(
        &mut self,
        connection: &mut Connection,
        statements: &[&str],
        change: Change<'_>,
    ) -> Result<Vec<Result<Planned, TrialError>>, TrialError> {
        self.prepare(connection, statements).await?;
        Ok(statements.iter().map(|statement| self.with(statement, change)).collect())
    }

    /// How far the last answer is to be trusted, and what must be known of it.
    pub(super) fn remarks(&self, statement: &str, candidates: &[&Candidate]) -> (Option<Trust>, Vec<String>) {
        let Ok(prepared) = self.prepared(statement) else { return (None, Vec::new()) };
        let mut notes = vec![prepared.checked.told()];
        notes.push(self.sources(prepared));
        let last = self.last.get(statement).filter(|(of, ..)| of.iter().eq(candidates.iter().copied()));
        let trust = last.map_or(Trust::Rough, |(_, trust, _)| *trust);
        notes.extend(last.into_iter().flat_map(|(.., more)| more.iter().cloned()));
        notes.push("calculated, not planned by a server; the cost is not time".to_owned());
        (Some(trust), notes)
    }

    fn sources(&self, prepared: &Prepared) -> String {
        let mut samples: Vec<String> = Vec::new();
        for known in &prepared.known {
            if let Some(sample) = &known.sample {
                let one = sample.described(&known.table);
                if !samples.contains(&one) {
                    samples.push(one);
                }
            }
        }
        let time = fmt::duration_ms(self.spent);
        if samples.is_empty() {
            return format!("calculated from the server's statistics alone, read in {time}");
        }
        format!(
            "calculated from the server's statistics and {}, which stayed on the server; read in {time}",
            samples.join(" and ")
        )
    }

    fn prepared(&self, statement: &str) -> Result<&Prepared, TrialError> {
        match self.statements.get(statement) {
            Some(Ok(prepared)) => Ok(prepared),
            Some(Err(error)) => Err(error.clone()),
            None => Err(cannot("nothing is prepared")),
        }
    }

    fn with(&mut self, statement: &str, change: Change<'_>) -> Result<Planned, TrialError> {
        let names: Vec<Option<String>> =
            change.add.iter().enumerate().map(|(at, c)| possible(c).is_none().then(|| name(at))).collect();
        let prepared = self.prepared(statement)?;
        if change.is_empty() {
            return Ok(Planned { plan: prepared.now.clone(), trust: Trust::Rough, names });
        }
        if let [one] = change.add
            && let Some(why) = possible(one)
        {
            return Err(cannot(why));
        }
        let (answer, trust, notes) = self.calculate(prepared, change)?;
        let candidates = change.add.iter().map(|c| (*c).clone()).collect();
        self.last.insert(statement.to_owned(), (candidates, trust, notes));
        Ok(Planned { plan: answer, trust, names })
    }

    /// The plan with a change, and how far to trust it.
    fn calculate(&self, prepared: &Prepared, change: Change<'_>) -> Result<(Plan, Trust, Vec<String>), TrialError> {
        let model = self.model.as_ref().ok_or_else(|| cannot("nothing is prepared"))?;
        let indexes: Vec<Vec<Ix>> = prepared.known.iter().map(|known| indexes(known, change)).collect();
        if !indexes.iter().flatten().any(|ix| ix.new) && !change.add.is_empty() {
            return Err(cannot("the statement does not read the table"));
        }
        let world = |lean, warm| World {
            question: &prepared.question,
            known: prepared.known.iter().collect(),
            indexes: indexes.clone(),
            model,
            lean,
            warm,
            buffer: self.buffer,
        };
        let likely = world(Lean::Likely, false);
        self.answerable(&likely)?;
        let outcome = planned(&likely);
        let failed = |e: crate::plan::BuildError| TrialError::Server { method: METHOD, message: e.to_string() };
        let answer = tree::tree(&prepared.now, &likely, &outcome).map_err(failed)?;
        let mut notes = Vec::new();
        let mut sure = true;
        for (lean, warm, why) in [
            (Lean::Few, false, "as few rows as the sample leaves possible"),
            (Lean::Many, false, "as many rows as the sample leaves possible"),
            (Lean::Likely, true, "the new index in memory"),
        ] {
            let other = world(lean, warm);
            let plan = tree::tree(&prepared.now, &other, &planned(&other)).map_err(failed)?;
            if sure && !same_way(&answer, &plan) {
                sure = false;
                notes.push(format!("with {why} it would be another plan: {}", way(&plan)));
            }
        }
        if (0..prepared.known.len()).any(|tab| likely.intersects(tab)) {
            sure = false;
            notes.push(
                "the server may read two indexes and take what both have (index_merge), which is not calculated"
                    .to_owned(),
            );
        }
        let alone = prepared.known.len() == 1;
        if !alone {
            notes.push("of a join this is a hint: what its tables give together is not counted".to_owned());
        }
        let whole = prepared.known.iter().all(|known| !known.partitioned);
        let checked = matches!(prepared.checked, Checked::Same(_));
        let trust =
            if alone && whole && sure && checked && !near(&likely, &outcome) { Trust::Close } else { Trust::Rough };
        Ok((answer, trust, notes))
    }

    /// Whether it is known how many rows the new indexes' conditions select.
    fn answerable(&self, world: &World<'_>) -> Result<(), TrialError> {
        for (tab, indexes) in world.indexes.iter().enumerate() {
            for ix in indexes.iter().filter(|ix| ix.new) {
                let first = ix.parts.first().map(|part| &part.column);
                if world.question.tabs[tab]
                    .conds
                    .iter()
                    .any(|c| c.alternative.is_some() && c.alternative.as_ref() == first)
                {
                    return Err(cannot(
                        "its OR may be answered by several indexes together (index_merge), which is not calculated; two statements \
                         joined by UNION can be",
                    ));
                }
                let Some((_, used)) = world.used(tab, ix) else { continue };
                if world.quick(tab, ix).is_some() {
                    continue;
                }
                let conditions: Vec<&str> = used.iter().filter_map(|c| c.sql.as_deref()).collect();
                let what = one_line(&conditions.join(" and "));
                return Err(cannot(if self.rows {
                    format!(
                        "nobody can tell how many rows {what} selects: the table has no key along which rows can be picked"
                    )
                } else {
                    format!(
                        "how many rows {what} selects only a sample of the rows tells, which is only looked at with --twin-reads rows"
                    )
                }));
            }
        }
        Ok(())
    }

    /// Reads what is needed for statements that were not seen before.
    async fn prepare(&mut self, connection: &mut Connection, statements: &[&str]) -> Result<(), TrialError> {
        let new: Vec<&str> = statements.iter().copied().filter(|s| !self.statements.contains_key(*s)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let start = Instant::now();
        connection.tidy().await.map_err(failed)?;
        self.open(connection, &new).await?;
        let engine = connection.info().engine;
        let mut open: Vec<(&str, Question)> = Vec::new();
        for statement in new {
            match question(statement, engine, &self.catalog) {
                Ok(question) => open.push((statement, question)),
                Err(why) => {
                    self.statements.insert(statement.to_owned(), Err(cannot(why)));
                }
            }
        }
        for (_, question) in &mut open {
            self.fix(connection, question).await?;
        }
        let tables = self.tables(connection, &open).await?;
        for (statement, question) in open {
            let prepared = self.finished(connection, statement, question, &tables).await;
            if let Err(error @ TrialError::Server { .. }) = &prepared
                && statements.len() == 1
            {
                return Err(error.clone());
            }
            self.statements.insert(statement.to_owned(), prepared);
        }
        self.spent += start.elapsed().as_secs_f64() * 1e3;
        Ok(())
    }

    /// The catalog of all tables, and what the server's formulas rest on.
    async fn open(&mut self, connection: &mut Connection, statements: &[&str]) -> Result<(), TrialError> {
        let engine = connection.info().engine;
        let mut names: Vec<(Option<String>, String)> = Vec::new();
        for statement in statements {
            let class = classify(statement, engine);
            names.extend(class.tables.into_iter().filter(|t| !names.contains(t)).collect::<Vec<_>>());
        }
        let catalog = connection.facts(&names).await.map_err(failed)?;
        for table in catalog.tables {
            if self.catalog.table(Some(&table.schema), &table.name).is_none() {
                self.catalog.tables.push(table);
            }
        }
        self.catalog.search_path = catalog.search_path;
        let setting = |name: &str| catalog.settings.iter().find(|(n, _)| n == name).and_then(|(_, v)| v.parse().ok());
        self.buffer = setting("join_buffer_size").unwrap_or(262_144.0);
        if self.model.is_none() {
            self.model = Some(match (engine, connection.info().version_number) {
                (Engine::MariaDb, number) if number >= MICROS => Model::Micros(micros(connection).await?),
                (Engine::MariaDb, _) => Model::Pages,
                _ => Model::MySql,
            });
        }
        Ok(())
    }

    /// Reads the row that constants name by a unique key, and takes its values for what is joined to it.
    async fn fix(&self, connection: &mut Connection, question: &mut Question) -> Result<(), TrialError> {
        if !self.rows {
            return Ok(());
        }
        for at in 0..question.tabs.len() {
            let tab = question.tabs[at].clone();
            let Some(table) = self.catalog.table(Some(&tab.schema), &tab.table) else { continue };
            let fixed = |column: &str| {
                tab.conds
                    .iter()
                    .find(|c| c.kind == question::Kind::Equal && c.column.as_deref() == Some(column))
                    .and_then(|c| c.sql.clone())
            };
            let key = table
                .indexes
                .iter()
                .filter(|i| i.unique && !i.disabled)
                .find_map(|i| i.keys.iter().map(|k| fixed(k.column.as_deref()?)).collect::<Option<Vec<String>>>());
            let mut wanted: Vec<String> = question
                .joins
                .iter()
                .flat_map(|(l, r)| [l, r])
                .filter(|side| side.0 == at && fixed(&side.1).is_none())
                .map(|side| side.1.clone())
                .collect();
            wanted.dedup();
            let Some(key) = key.filter(|_| !wanted.is_empty()) else { continue };
            let list: Vec<String> = wanted.iter().map(|c| quoted(c)).collect();
            let sql = format!(
                "SELECT {} FROM {}.{} WHERE {} LIMIT 1",
                list.join(", "),
                quoted(&tab.schema),
                quoted(&tab.table),
                key.join(" AND ")
            );
            let Ok(rows) = connection.ask("reading the row that a constant names", &sql, Vec::new()).await else {
                continue;
            };
            let Some(row) = rows.first() else { continue };
            for (place, column) in wanted.iter().enumerate() {
                let value = row.as_ref(place).cloned().unwrap_or(Value::NULL);
                for (other, column) in question.equals(at, column) {
                    question.fix(other, &column, &value);
                }
            }
        }
        Ok(())
    }

    /// Indexes, sizes and samples of all tables of some statements.
    async fn tables(
        &self,
        connection: &mut Connection,
        open: &[(&str, Question)],
    ) -> Result<HashMap<(String, String), Result<Known, TrialError>>, TrialError> {
        let mut wanted: HashMap<(String, String), (Vec<String>, Vec<String>)> = HashMap::new();
        for (_, question) in open {
            let tables: Vec<&Table> =
                question.tabs.iter().filter_map(|t| self.catalog.table(Some(&t.schema), &t.table)).collect();
            for (at, tab) in question.tabs.iter().enumerate() {
                let (columns, conditions) = wanted.entry((tab.schema.clone(), tab.table.clone())).or_default();
                columns.extend(question.counted(at, &tables));
                conditions.extend(tab.conds.iter().filter_map(|c| c.sql.clone()));
            }
        }
        let mut all = HashMap::new();
        for (key, (mut columns, mut conditions)) in wanted {
            let Some(table) = self.catalog.table(Some(&key.0), &key.1) else { continue };
            for list in [&mut columns, &mut conditions] {
                list.sort();
                list.dedup();
            }
            conditions.truncate(CONDITIONS);
            let mut known = match tables::read(connection, table).await {
                Ok(known) => known,
                Err(error) => {
                    all.insert(key, Err(error));
                    continue;
                }
            };
            if self.rows {
                known.sample = match sample::take(connection, table, &columns, &conditions).await {
                    Err(error) if error.code.is_some() => {
                        // A condition that cannot be asked of single rows leaves the others.
                        sample::take(connection, table, &columns, &[]).await.map_err(failed)?
                    }
                    taken => taken.map_err(failed)?,
                };
            }
            all.insert(key, Ok(known));
        }
        Ok(all)
    }

    async fn finished(
        &self,
        connection: &mut Connection,
        statement: &str,
        question: Question,
        tables: &HashMap<(String, String), Result<Known, TrialError>>,
    ) -> Result<Prepared, TrialError> {
        let model = self.model.as_ref().ok_or_else(|| cannot("nothing is prepared"))?;
        let mut known = Vec::new();
        for tab in &question.tabs {
            let one = tables.get(&(tab.schema.clone(), tab.table.clone()));
            known.push(one.cloned().unwrap_or_else(|| Err(cannot("nothing is known of a table")))?);
        }
        let now = plan(connection, statement, METHOD).await?;
        let mut dives: Vec<(usize, String, Vec<String>)> = Vec::new();
        {
            let world = self.as_it_is(&question, &known, model);
            for (tab, indexes) in world.indexes.iter().enumerate() {
                for ix in indexes {
                    let Some((_, used)) = world.used(tab, ix) else { continue };
                    let conditions: Vec<String> = used.iter().filter_map(|c| c.sql.clone()).collect();
                    dives.push((tab, ix.name.clone(), conditions));
                }
            }
        }
        for (tab, index, conditions) in dives.into_iter().take(DIVES) {
            if let Some(rows) = tables::dive(connection, &known[tab].table, &index, &conditions).await? {
                known[tab].dives.push((index, conditions, rows));
            }
        }
        let world = self.as_it_is(&question, &known, model);
        let outcome = planned(&world);
        if outcome.steps.is_empty() {
            return Err(cannot("it reads a row that a unique key names: no index makes that better"));
        }
        let ours = tree::tree(&now, &world, &outcome).map_err(|e| cannot(e.to_string()))?;
        let checked = if reads(&now).is_empty() {
            Checked::Differs("the server's plan reads no table".to_owned())
        } else {
            check(&now, &ours, outcome.cost)
        };
        Ok(Prepared { question, now, known, checked })
    }

    fn as_it_is<'a>(&self, question: &'a Question, known: &'a [Known], model: &'a Model) -> World<'a> {
        World {
            question,
            known: known.iter().collect(),
            indexes: known.iter().map(|k| k.indexes.clone()).collect(),
            model,
            lean: Lean::Likely,
            warm: false,
            buffer: self.buffer,
        }
    }
}

/// The name of a candidate of a set in plans.
fn name(at: usize) -> String {
    if at == 0 { NAME.to_owned() } else { format!("{NAME}_{at}") }
}

/// Why such an index is not calculated.
fn possible(candidate: &Candidate) -> Option<&'static str> {
    if candidate.method != "btree" || candidate.predicate.is_some() || !candidate.include.is_empty() {
        return Some("only B-trees are calculated");
    }
    candidate.keys.iter().any(|k| k.expression).then_some("an index of an expression is not calculated")
}

/// The indexes of a table in a trial.
fn indexes(known: &Known, change: Change<'_>) -> Vec<Ix> {
    let table = &known.table;
    let gone =
        |ix: &Ix| change.drop.iter().any(|d| d.schema == table.schema && d.table == table.name && d.name == ix.name);
    let mut all: Vec<Ix> = known.indexes.iter().filter(|ix| !gone(ix)).cloned().collect();
    for (at, candidate) in change.add.iter().enumerate() {
        if candidate.schema == table.schema && candidate.table == table.name && possible(candidate).is_none() {
            all.push(tables::candidate(known, candidate, &name(at)));
        }
    }
    all
}

/// Whether two ways of the only table are so close that a little would turn them.
fn near(world: &World<'_>, outcome: &Outcome) -> bool {
    const NEAR: f64 = 1.3;
    let Some(step) = outcome.steps.first().filter(|_| !outcome.away) else { return false };
    let scan = world.model.scan(world.size(step.tab));
    let other = world.indexes[step.tab].iter().filter_map(|ix| {
        let quick = world.quick(step.tab, ix)?;
        let through = world.through(step.tab, ix, false);
        let by = Some(&ix.name) == step.index.map(|at| &world.indexes[step.tab][at].name);
        (!by).then(|| world.model.lookups(world.size(step.tab), through, 1.0, quick.rows))
    });
    let scanned = matches!(step.how, paths::How::Scan | paths::How::IndexScan);
    let others: Vec<f64> = other.chain((!scanned).then_some(scan)).collect();
    others.iter().any(|cost| cost.max(step.cost) < NEAR * cost.min(step.cost))
}

/// How a plan reads its tables, in a line.
fn way(plan: &Plan) -> String {
    let one = |node: &&crate::plan::Node| {
        let name = node.relation.as_ref().map_or("", |r| r.alias.as_deref().unwrap_or(&r.name));
        let by = node.index.as_ref().map_or(String::new(), |index| format!(" by {index}"));
        format!("{} of {name}{by}", node.operator.name())
    };
    one_line(&reads(plan).iter().map(one).collect::<Vec<_>>().join(", "))
}

/// MariaDB's costs, which everybody may read.
async fn micros(connection: &mut Connection) -> Result<Micros, TrialError> {
    const READING: &str = "reading the optimizer's costs";
    let sql = "SELECT OPTIMIZER_DISK_READ_COST, OPTIMIZER_DISK_READ_RATIO, OPTIMIZER_INDEX_BLOCK_COPY_COST, OPTIMIZER_KEY_COPY_COST, \
               OPTIMIZER_KEY_LOOKUP_COST, OPTIMIZER_KEY_NEXT_FIND_COST, OPTIMIZER_ROW_COPY_COST, OPTIMIZER_ROW_LOOKUP_COST, \
               OPTIMIZER_ROW_NEXT_FIND_COST, @@optimizer_where_cost, @@optimizer_scan_setup_cost \
               FROM information_schema.OPTIMIZER_COSTS WHERE ENGINE = 'InnoDB'";
    let rows = connection.ask(READING, sql, Vec::new()).await.map_err(failed)?;
    let Some(row) = rows.first() else { return Ok(Micros::default()) };
    let cell = |at, usual: f64| number(row, at).unwrap_or(usual);
    let usual = Micros::default();
    Ok(Micros {
        disk_read: cell(0, usual.disk_read),
        disk_ratio: cell(1, usual.disk_ratio),
        block_copy: cell(2, usual.block_copy),
        key_copy: cell(3, usual.key_copy),
        key_lookup: cell(4, usual.key_lookup),
        key_next: cell(5, usual.key_next),
        row_copy: cell(6, usual.row_copy),
        row_lookup: cell(7, usual.row_lookup),
        row_next: cell(8, usual.row_next),
        whole: cell(9, usual.whole),
        setup: cell(10, usual.setup),
    })
}
