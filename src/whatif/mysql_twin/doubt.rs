//! Whether the twin would decide otherwise if what the sample cannot tell were otherwise.
//!
//! That the twin plans a statement like production says nothing of rows that only a new index would count: a value that stands together
//! in a few stretches of the key may lie between the places that were read, and how many distinct values a column has is a guess where few
//! come twice. So the question is asked again with as many rows as the sample leaves possible, and with as many and as few distinct
//! values. Where the plan then is another, nothing is promised.

use super::{
    cannot, check,
    complete::{Asked, asked},
    distinct::Prefix,
    fill::stage,
    refused,
    sample::CHUNK,
    standing::{Bound, Standing},
    workshop::Workshop,
};
use crate::{
    advise::{Candidate, TrialError},
    fmt,
    plan::Plan,
    server::mysql::{
        Connection,
        cells::{number, quoted},
    },
    sql::{Effects, classify, shape::Shape},
    text::one_line,
    whatif::twin::Check,
};

const DOUBTING: &str = "asking the twin what the sample leaves open";
/// Rows that are changed for a moment at most.
const MOST: f64 = 20_000.0;
/// Rows beyond which an index merge is thought of: each index costs a descent and each row a page at most.
const MANY: f64 = 500.0;
/// Fewer rows more or less decide nothing.
const FEW: f64 = 10.0;

/// What speaks against a trial.
#[derive(Debug, Clone, Default)]
pub(super) struct Doubt {
    /// The plan may be another, and why.
    pub(super) serious: Option<String>,
    /// The plan stays, but how many rows it reads is a guess, and why.
    pub(super) slight: Option<String>,
}

impl Workshop {
    /// Asks again, with these candidates standing and no others.
    pub(super) async fn doubt(&mut self, sql: &str, candidates: &[&Candidate]) -> Result<Doubt, TrialError> {
        let mut doubt = Doubt::default();
        let Some(Ok(known)) = self.known(sql).cloned() else { return Ok(doubt) };
        let said = matches!(known.check, Check::Rough(_) | Check::Unchecked);
        let reads = classify(sql, known.plan.engine).effects == Effects::Reads;
        if said || !reads || candidates.is_empty() {
            return Ok(doubt);
        }
        self.busy = true;
        let as_is = self.plan(sql).await?;
        for candidate in candidates {
            let place = self.tables.iter().position(|t| t.is(&candidate.schema, &candidate.table) && !t.whole);
            if let Some(at) = place {
                self.values(sql, at, candidate, (&known.shape, &as_is), &mut doubt).await?;
                let merged = self.tables[at].may_merge(candidate, &known.shape).filter(|_| reads_many(&as_is));
                if let Some(other) = merged.filter(|_| doubt.serious.is_none()) {
                    doubt.serious = Some(format!(
                        "the server may read it together with {} (index merge), which twins were seen to weigh otherwise",
                        one_line(&other)
                    ));
                }
            }
        }
        // Rows of one table alone are counted in the index itself; it is joins that are planned by distinct values.
        if doubt.serious.is_none() && known.shape.sources.len() > 1 {
            self.distinct(sql, (&known.shape, &as_is), &mut doubt).await?;
        }
        self.busy = false;
        Ok(doubt)
    }

    /// With as many rows of the values that the statement asks the candidate for as the sample leaves possible.
    async fn values(
        &mut self,
        sql: &str,
        at: usize,
        candidate: &Candidate,
        (shape, as_is): (&Shape, &Plan),
        doubt: &mut Doubt,
    ) -> Result<(), TrialError> {
        let keys = candidate.keys.iter().map_while(|key| (!key.expression).then_some(key.expr.as_str()));
        let asked = asked(&self.tables[at].facts, &keys.collect::<Vec<_>>(), shape);
        let mut before: Vec<String> = Vec::new();
        for one in asked {
            let Some(hand) = &mut self.hand else { return Err(cannot("the twin is gone")) };
            let table = &self.tables[at];
            let all: Vec<String> = before.iter().chain(&one.sql).cloned().collect();
            if table.is_alone(&one.column) {
                break;
            }
            // A condition that the stage does not understand is none that can be looked into.
            let Ok(seen) = seen(hand, &stage(table.number), &all.join(" AND ")).await else { break };
            let (shown, most) = (seen.rows / table.sampled.max(1.0) * table.rows, seen.most(table));
            let is_told = before.is_empty() && one.is_among(&table.completed);
            if !is_told && most > 2.0 * shown + FEW {
                let what = format!(
                    "the sample shows rows of {} in {} of {} places, so that there may be up to {} of them",
                    one_line(&all.join(" and ")),
                    fmt::grouped(seen.places),
                    fmt::grouped(table.places),
                    fmt::count(most)
                );
                let unread = !crate::advise::uses(as_is, self.tables[at].name_of(candidate).unwrap_or_default());
                let other = self.with_more(sql, at, (&one, &before), most - shown, seen.rows > 0.0).await?;
                let other = other.is_some_and(|plan| !check::same_way(as_is, &plan));
                if other {
                    doubt.serious = Some(format!("{what}, and then it would be planned otherwise"));
                } else if unread && seen.rows > 0.0 {
                    doubt.serious = Some(format!("{what}, or far fewer, and then it might be planned otherwise"));
                } else {
                    doubt.slight.get_or_insert(format!("{what}; it would be planned alike"));
                }
            }
            before.extend(one.sql);
            if doubt.serious.is_some() || !one.fixed {
                break;
            }
        }
        Ok(())
    }

    /// The plan with so many more rows of a value among those that the conditions before select; none where rows cannot be made so.
    async fn with_more(
        &mut self,
        sql: &str,
        at: usize,
        (one, before): (&Asked, &[String]),
        more: f64,
        is_seen: bool,
    ) -> Result<Option<Plan>, TrialError> {
        let Some(hand) = &mut self.hand else { return Err(cannot("the twin is gone")) };
        let table = &self.tables[at];
        let column = quoted(&one.column);
        let (value, with) = if is_seen {
            let all: Vec<String> = before.iter().chain(&one.sql).cloned().collect();
            let stage = stage(table.number);
            (format!("(SELECT {column} FROM {stage} WHERE {} LIMIT 1)", all.join(" AND ")), Vec::new())
        } else {
            match (one.null, one.values.first()) {
                (true, _) => ("NULL".to_owned(), Vec::new()),
                (false, Some(value)) => ("?".to_owned(), vec![value.as_str().into()]),
                (false, None) => return Ok(None),
            }
        };
        let which = if before.is_empty() { String::new() } else { format!("WHERE {}", before.join(" AND ")) };
        let name = table.facts.name();
        let update = format!("UPDATE {name} SET {column} = {value} {which} LIMIT {:.0}", more.min(MOST).ceil());
        hand.fixed(DOUBTING, "START TRANSACTION").await.map_err(|e| refused(&e))?;
        let done = hand.ask(DOUBTING, &update, with).await;
        let plan = match done {
            Ok(_) => self.plan(sql).await.map(Some),
            // Values that the column does not take, or that may be there only once.
            Err(_) => Ok(None),
        };
        let Some(hand) = &mut self.hand else { return Err(cannot("the twin is gone")) };
        hand.fixed(DOUBTING, "ROLLBACK").await.map_err(|e| refused(&e))?;
        plan
    }

    /// With more and with fewer distinct values, where their number is a guess.
    async fn distinct(
        &mut self,
        sql: &str,
        (shape, as_is): (&Shape, &Plan),
        doubt: &mut Doubt,
    ) -> Result<(), TrialError> {
        for at in 0..self.tables.len() {
            let bounds = self.bounds(at, shape);
            if !self.tables[at].has_guesses(&bounds) {
                continue;
            }
            if self.tables[at].facts.definition.is_partitioned() {
                // What an index would have in each partition is not told to the twin, so that it cannot be told otherwise.
                doubt.serious = Some(
                    "how many distinct values the index would have in each partition is a guess from the sample"
                        .to_owned(),
                );
                continue;
            }
            for (which, word) in [((|p| p.most) as Which, "more"), (|p| p.least, "fewer")] {
                self.guess(at, &bounds, which).await?;
                let other = self.plan(sql).await?;
                if !check::same_way(as_is, &other) {
                    doubt.serious = Some(format!(
                        "how many distinct values the index would have is a guess from the sample; with {word} it would be planned otherwise"
                    ));
                }
            }
            self.guess(at, &[], |p| p.distinct).await?;
        }
        Ok(())
    }

    async fn guess(&mut self, at: usize, bounds: &[Bound], which: Which) -> Result<(), TrialError> {
        let Some(hand) = &mut self.hand else { return Err(cannot("the twin is gone")) };
        self.tables[at].guess(hand, self.page, bounds, which).await
    }

    /// The columns of a table that the statement joins to a column that is unique: they hardly have more values than that table
    /// has rows, whether a foreign key says so or not.
    fn bounds(&self, at: usize, shape: &Shape) -> Vec<Bound> {
        let table = |source: usize| {
            let source = &shape.sources[source];
            self.tables.iter().position(|t| t.is(&source.schema, &source.table))
        };
        let sides = shape.joins.iter().flat_map(|join| [(&join.left, &join.right), (&join.right, &join.left)]);
        sides
            .filter(|(here, _)| table(here.0) == Some(at))
            .filter_map(|(here, there)| {
                let one = &self.tables[table(there.0)?];
                one.is_alone(&there.1).then(|| (here.1.clone(), one.facts.rows()))
            })
            .collect()
    }
}

/// Which number of those that there may be.
type Which = fn(&Prefix) -> f64;

/// Whether a plan reads so many rows of a table that reading fewer by two indexes may pay.
fn reads_many(plan: &Plan) -> bool {
    let rows = |node: &crate::plan::Node| node.rows.examined.or(node.rows.estimated).unwrap_or_default();
    plan.ids().map(|id| plan.node(id)).any(|node| node.relation.is_some() && node.index.is_some() && rows(node) > MANY)
}

impl Standing {
    /// An existing index that is asked for one value of another column than those of the candidate: of both the server may read the rows
    /// and keep those that are in both. Of 98 pairs the one that was wrong on MySQL 9.7, and not seen to be so otherwise, was such a one.
    fn may_merge(&self, candidate: &Candidate, shape: &Shape) -> Option<String> {
        let own = |column: &str| candidate.keys.iter().any(|key| key.expr == column);
        let fixed = |column: &str| asked(&self.facts, &[column], shape).first().is_some_and(|one| one.fixed);
        let asked_for = candidate.keys.first().is_some_and(|key| !key.expression && fixed(&key.expr));
        let other = |index: &&crate::catalog::Index| {
            let first = index.keys.first().and_then(|key| key.column.as_deref());
            !index.disabled && !index.unique && first.is_some_and(|column| !own(column) && fixed(column))
        };
        self.facts.table.indexes.iter().find(other).filter(|_| asked_for).map(|index| index.name.clone())
    }
}

/// What the sample shows of a condition.
#[derive(Debug, Clone, Copy)]
struct Seen {
    rows: f64,
    places: f64,
}

impl Seen {
    /// Rows that there may be on the twin's table all the same: of places that were met `k` times there are hardly more than
    /// k + 3 + 2√k (two standard deviations, and the rule of three where none was met), each with as many rows as those seen, or, where
    /// too few were seen to tell, a whole place's.
    fn most(self, table: &Standing) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a few rows")]
        let each = if self.places >= 3.0 { self.rows / self.places } else { CHUNK as f64 };
        let places = self.places + 3.0 + 2.0 * self.places.sqrt();
        (places * each / table.sampled.max(1.0) * table.rows).min(table.rows)
    }
}

async fn seen(hand: &mut Connection, stage: &str, condition: &str) -> Result<Seen, crate::server::ServerError> {
    let sql = format!("SELECT COUNT(*), COUNT(DISTINCT whyslow_place) FROM {stage} WHERE {condition}");
    let rows = hand.ask(DOUBTING, &sql, Vec::new()).await?;
    let cell = |at| rows.first().and_then(|row| number(row, at)).unwrap_or_default();
    Ok(Seen { rows: cell(0), places: cell(1) })
}
