//! What is read of production before anything is calculated: catalogs, a few EXPLAINs, the rows that constants name, and samples.

use std::{collections::HashMap, time::Instant};

use mysql_async::Value;

use super::{
    Calculated, METHOD, Prepared, cannot,
    check::{Checked, check, reads},
    costs::{Micros, Model},
    failed,
    order::planned,
    paths::World,
    question::{self, Question, question},
    sample::{self, Lean},
    tables::{self, Known},
    tree,
};
use crate::{
    advise::TrialError,
    catalog::Table,
    plan::Engine,
    server::mysql::{
        Connection,
        cells::{number, quoted},
    },
    sql::classify,
    text::one_line,
    whatif::mysql::{plan, refusal},
};

/// From this version on MariaDB reckons in milliseconds.
const MICROS: u32 = 110_000;
/// EXPLAINs of what conditions select by existing indexes, for one statement.
const DIVES: usize = 8;
/// Conditions looked at in one sample.
const CONDITIONS: usize = 200;

impl Calculated {
    /// Reads what is needed for statements that were not seen before.
    pub(super) async fn prepare(&mut self, connection: &mut Connection, statements: &[&str]) -> Result<(), TrialError> {
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
            let read = match self.runs(connection, statement).await? {
                Some(function) => {
                    Err(format!("it calls {}, which would run for each row that is looked at", one_line(&function)))
                }
                None => question(statement, engine, &self.catalog),
            };
            match read {
                Ok(question) => open.push((statement, question)),
                Err(why) => {
                    let why = refusal(connection, statement, cannot(why)).await;
                    self.statements.insert(statement.to_owned(), Err(why));
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

    /// A function of somebody's own, or one that does more than compute, which conditions may hold that are asked of a sample.
    async fn runs(&self, connection: &mut Connection, statement: &str) -> Result<Option<String>, TrialError> {
        let called = classify(statement, connection.info().engine).functions;
        let known = connection.functions(&called).await.map_err(failed)?;
        Ok(known.into_iter().find(|f| self.rows && (f.volatile || !f.builtin)).map(|f| f.name))
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
