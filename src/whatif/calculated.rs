//! The answer by calculation: what the server's optimizer would do with an index, by its own formulas, from its statistics and from a
//! sample of the rows of which nothing but counts is learned.
//!
//! Needs SELECT and nothing on this machine: the last rung, for a host without the server's program and an account that may not even
//! make temporary tables. Of production it reads catalogs, a few EXPLAINs and, where that was allowed, some 20,000 rows of each table along
//! a key, of which the server itself says whether they meet the statement's conditions: hashes of values leave it, and no row but the one that
//! a constant names by a unique key.
//!
//! It answers for statements of one block and inner joins; of all others it says why not. How far it is to be trusted is checked every
//! time: the same formulas must read today's statement as the server's EXPLAIN says, at the same cost. And it is asked again with as few
//! and as many rows as the sample leaves possible: where another plan comes of that, the answer is a hint.

mod check;
mod costs;
mod order;
mod paths;
mod question;
mod reading;
mod sample;
mod tables;
mod tree;

use std::collections::HashMap;

use self::{
    check::{Checked, reads, same_way},
    costs::Model,
    order::{Outcome, planned},
    paths::World,
    question::{Cond, Kind, Question},
    sample::Lean,
    tables::{Ix, Known},
};
use crate::{
    advise::{Candidate, Change, Planned, TrialError, Tried, Trust, size, uses},
    catalog::Catalog,
    fmt,
    plan::Plan,
    server::{ServerError, mysql::Connection},
    text::one_line,
};

/// The method's name.
pub(super) const METHOD: &str = "calculated";

/// The candidates' name in plans.
const NAME: &str = "whyslow_trial";

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
        if let Some(why) = self.unanswerable(self.prepared(statement)?, candidate) {
            return Err(cannot(why));
        }
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
        // One index for one statement is a question of its own, whose answer may be why there is none.
        if let ([statement], [candidate]) = (statements, change.add)
            && let Some(why) = self.unanswerable(self.prepared(statement)?, candidate)
        {
            return Ok(vec![Err(cannot(why))]);
        }
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

    /// The plan with a change. What is not calculated is left out of it, and has no name in the answer.
    fn with(&mut self, statement: &str, change: Change<'_>) -> Result<Planned, TrialError> {
        let prepared = self.prepared(statement)?;
        let made: Vec<bool> = change.add.iter().map(|c| self.unanswerable(prepared, c).is_none()).collect();
        let names: Vec<Option<String>> = made.iter().enumerate().map(|(at, made)| made.then(|| name(at))).collect();
        let reads =
            |c: &&Candidate| prepared.known.iter().any(|k| k.table.schema == c.schema && k.table.name == c.table);
        let add: Vec<Option<&Candidate>> =
            change.add.iter().zip(&made).map(|(c, made)| Some(*c).filter(|c| *made && reads(c))).collect();
        if add.iter().all(Option::is_none) && change.drop.is_empty() {
            return Ok(Planned { plan: prepared.now.clone(), trust: Trust::Rough, names });
        }
        let (answer, trust, notes) = self.calculate(prepared, &add, change)?;
        let uses = |plan: &Plan| (0..add.len()).any(|at| uses(plan, &name(at)));
        // Today's plan is the server's own: without a new index in it there is none to set beside it.
        let answer = if change.drop.is_empty() && !uses(&answer) { prepared.now.clone() } else { answer };
        let candidates = change.add.iter().map(|c| (*c).clone()).collect();
        self.last.insert(statement.to_owned(), (candidates, trust, notes));
        Ok(Planned { plan: answer, trust, names })
    }

    /// The plan with a change, and how far to trust it.
    fn calculate(
        &self,
        prepared: &Prepared,
        add: &[Option<&Candidate>],
        change: Change<'_>,
    ) -> Result<(Plan, Trust, Vec<String>), TrialError> {
        let model = self.model.as_ref().ok_or_else(|| cannot("nothing is prepared"))?;
        let indexes: Vec<Vec<Ix>> = prepared.known.iter().map(|known| indexes(known, add, change)).collect();
        let world = |lean, warm| self.world(prepared, &indexes, model, (lean, warm));
        let likely = world(Lean::Likely, false);
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
        if outcome.thin {
            sure = false;
            notes
                .push("whether rows are read in the order of an index up to the limit hangs on little here".to_owned());
        }
        let form = &prepared.question.form;
        let plain = form.limit.is_none()
            && form.group.is_empty()
            && form.distinct.is_empty()
            && form.extremes.as_ref().is_none_or(Vec::is_empty)
            && prepared.question.tabs.iter().flat_map(|tab| &tab.conds).all(|cond| cond.plain);
        if !plain {
            sure = false;
            notes.push(
                "limits, groups and conditions that are more than a column and a literal are only roughly calculated"
                    .to_owned(),
            );
        }
        // Of a row that a unique key names beforehand all is known.
        let alone = outcome.steps.len() <= 1;
        if !alone {
            notes.push("of a join this is a hint: what its tables give together is not counted".to_owned());
        }
        let whole = prepared.known.iter().all(|known| !known.partitioned);
        let checked = matches!(prepared.checked, Checked::Same(_));
        let trust =
            if alone && whole && sure && checked && !near(&likely, &outcome) { Trust::Close } else { Trust::Rough };
        Ok((answer, trust, notes))
    }

    fn world<'a>(
        &self,
        prepared: &'a Prepared,
        indexes: &[Vec<Ix>],
        model: &'a Model,
        (lean, warm): (Lean, bool),
    ) -> World<'a> {
        World {
            question: &prepared.question,
            known: prepared.known.iter().collect(),
            indexes: indexes.to_vec(),
            model,
            lean,
            warm,
            buffer: self.buffer,
        }
    }

    /// Why it cannot be told what an index does for a statement: it is of a kind that is not calculated, or nobody knows how many rows
    /// its conditions select.
    fn unanswerable(&self, prepared: &Prepared, candidate: &Candidate) -> Option<String> {
        if let Some(why) = possible(candidate) {
            return Some(why.to_owned());
        }
        let Some(model) = &self.model else { return Some("nothing is prepared".to_owned()) };
        let add = [Some(candidate)];
        let one: [&Candidate; 1] = [candidate];
        let change = Change { add: &one, drop: &[] };
        let indexes: Vec<Vec<Ix>> = prepared.known.iter().map(|known| indexes(known, &add, change)).collect();
        let world = self.world(prepared, &indexes, model, (Lean::Likely, false));
        for (tab, indexes) in world.indexes.iter().enumerate() {
            for ix in indexes.iter().filter(|ix| ix.new) {
                let Some(first) = ix.parts.first().map(|part| &part.column) else { continue };
                let conds = &world.question.tabs[tab].conds;
                if conds.iter().any(|c| c.alternative.as_ref() == Some(first)) {
                    return Some(
                        "its OR may be answered by several indexes together (index_merge), which is not calculated; two statements \
                         joined by UNION can be"
                            .to_owned(),
                    );
                }
                let joined = |column: &String| {
                    let place = (tab, column.clone());
                    world.question.joins.iter().any(|(left, right)| *left == place || *right == place)
                };
                let computed = |c: &&Cond| {
                    c.sql.is_none()
                        && c.column.as_ref() == Some(first)
                        && matches!(c.kind, Kind::Equal | Kind::OneOf | Kind::Range)
                };
                if let Some(cond) = conds.iter().find(computed).filter(|_| !joined(first)) {
                    return Some(format!(
                        "how many rows {} selects is not calculated: it compares with what is computed",
                        one_line(&cond.text)
                    ));
                }
                let Some((_, used)) = world.used(tab, ix) else { continue };
                if world.quick(tab, ix).is_some() {
                    continue;
                }
                let conditions: Vec<&str> = used.iter().filter_map(|c| c.sql.as_deref()).collect();
                let what = one_line(&conditions.join(" and "));
                return Some(if self.rows {
                    format!(
                        "nobody can tell how many rows {what} selects: the table has no key along which rows can be picked, or its \
                         statistics say that it has none; ANALYZE TABLE mends the latter"
                    )
                } else {
                    format!(
                        "how many rows {what} selects only a sample of the rows tells, which is only looked at where that is allowed \
                         (--twin-reads rows)"
                    )
                });
            }
        }
        None
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
fn indexes(known: &Known, add: &[Option<&Candidate>], change: Change<'_>) -> Vec<Ix> {
    let table = &known.table;
    let gone =
        |ix: &Ix| change.drop.iter().any(|d| d.schema == table.schema && d.table == table.name && d.name == ix.name);
    let mut all: Vec<Ix> = known.indexes.iter().filter(|ix| !gone(ix)).cloned().collect();
    for (at, candidate) in add.iter().enumerate().filter_map(|(at, candidate)| Some((at, (*candidate)?))) {
        if candidate.schema == table.schema && candidate.table == table.name {
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
        let through = world.through(step.tab, ix);
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
