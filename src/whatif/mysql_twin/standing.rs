//! Indexes on the twin: those that do not exist on production are built once and then hidden or shown, as existing ones are.

use super::{
    METHOD,
    distinct::{self, Prefix},
    facts::Facts,
    fill::{run, stage},
    refused,
    sample::Sample,
    spread::Spread,
    statistics::{Imagined, Scale, inject, pages},
};
use crate::{
    advise::{Candidate, Existing, TrialError, ddl},
    plan::Engine,
    server::mysql::{Connection, cells::quoted},
    text::one_line,
};

/// The beginning of such an index's name.
const NAME: &str = "whyslow_trial";
/// Indexes that are kept hidden on one table at most: a server takes 64.
const KEPT: usize = 20;

/// A candidate's name on the twin and the bytes it would take on production, or why it cannot be built.
pub(super) type Made = Result<(String, u64), TrialError>;

/// A table of the twin.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) facts: Facts,
    /// Its number, by which its stage is called.
    pub(super) number: usize,
    /// Rows that it has here.
    pub(super) rows: f64,
    pub(super) scale: Scale,
    /// How it was filled.
    pub(super) spread: Spread,
    /// All rows were read, so that none is missing.
    pub(super) whole: bool,
    /// Rows of the sample, and places in which they were picked.
    pub(super) sampled: f64,
    pub(super) places: f64,
    /// Of what all rows were read besides.
    pub(super) completed: Vec<String>,
    /// What was read of production, in words.
    pub(super) read: String,
    built: Vec<Built>,
    /// Existing indexes that are hidden now.
    hidden: Vec<String>,
}

/// An index that stands here and not on production.
#[derive(Debug)]
struct Built {
    keys: String,
    /// Its first key where that is a column.
    first: Option<String>,
    method: &'static str,
    imagined: Imagined,
    /// Distinct values of its first key, its first two, …, and how far they may be otherwise.
    prefixes: Vec<Prefix>,
    visible: bool,
}

/// A column, and how many distinct values it hardly has more of.
pub(super) type Bound = (String, f64);

impl Built {
    /// What is believed of its distinct values where columns have bounds.
    fn within(&self, bounds: &[Bound]) -> Vec<Prefix> {
        let mut prefixes = self.prefixes.clone();
        let bound = bounds.iter().filter(|(column, _)| self.first.as_ref() == Some(column)).map(|(_, most)| *most);
        if let (Some(first), Some(most)) = (prefixes.first_mut(), bound.reduce(f64::min)) {
            first.most = first.most.min(most.max(first.distinct));
        }
        prefixes
    }
}

impl Standing {
    pub(super) fn new(facts: Facts, sample: &Sample, spread: Spread, (number, rows): (usize, f64)) -> Self {
        let (whole, sampled, read) = (sample.whole, sample.rows(), sample.described(&facts));
        let part = if facts.rows() > 0.0 { rows / facts.rows() } else { 1.0 };
        // A little less is a sample's inexactness, not a smaller table.
        let part = if part < 0.8 { part } else { 1.0 };
        let scale = Scale { part, times: 1.0 };
        #[expect(clippy::cast_precision_loss, reason = "a thousand")]
        let places = sample.places.len() as f64;
        Self {
            facts,
            number,
            rows,
            scale,
            spread,
            whole,
            sampled,
            places,
            completed: Vec::new(),
            read,
            built: Vec::new(),
            hidden: Vec::new(),
        }
    }

    /// It was made anew: nothing stands on it any more.
    pub(super) fn bare(&mut self, rows: f64, times: f64) {
        self.built.clear();
        self.hidden.clear();
        self.completed.clear();
        self.rows = rows;
        self.scale.times = times;
    }

    pub(super) fn is(&self, schema: &str, table: &str) -> bool {
        self.facts.table.schema == schema && self.facts.table.name == table
    }

    /// Writes the statistics anew.
    pub(super) async fn inject(&self, hand: &mut Connection, page: f64) -> Result<(), TrialError> {
        self.guess(hand, page, &[], |p| p.distinct).await
    }

    /// The same, with as many distinct values as one likes of those that there may be.
    pub(super) async fn guess(
        &self,
        hand: &mut Connection,
        page: f64,
        bounds: &[Bound],
        which: impl Fn(&Prefix) -> f64 + Send,
    ) -> Result<(), TrialError> {
        let one =
            |b: &Built| Imagined { distinct: b.within(bounds).iter().map(&which).collect(), ..b.imagined.clone() };
        let imagined: Vec<Imagined> = self.built.iter().map(one).collect();
        inject(hand, &self.facts, self.scale, &imagined, page).await.map_err(|e| refused(&e))
    }

    /// Whether an index that is shown rests on a guess of how many distinct values there are.
    pub(super) fn has_guesses(&self, bounds: &[Bound]) -> bool {
        !self.whole && self.built.iter().any(|b| b.visible && b.within(bounds).iter().any(|p| p.is_guess()))
    }

    /// A candidate's name here, once it was built.
    pub(super) fn name_of(&self, candidate: &Candidate) -> Option<&str> {
        let keys = ddl::keys(candidate);
        let built = self.built.iter().find(|b| b.keys == keys && b.method == candidate.method);
        built.map(|b| b.imagined.name.as_str())
    }

    /// Whether no two rows have the same value in a column.
    pub(super) fn is_alone(&self, column: &str) -> bool {
        let only = |keys: &[crate::catalog::IndexKey]| matches!(keys, [key] if key.column.as_deref() == Some(column));
        self.facts.table.indexes.iter().any(|i| i.unique && only(&i.keys))
    }

    /// Shows these candidates and no others, and hides these existing indexes and no others. The candidates' names and sizes here.
    pub(super) async fn change(
        &mut self,
        hand: &mut Connection,
        (add, drop): (&[&Candidate], &[&Existing]),
        page: f64,
    ) -> Result<Vec<Made>, TrialError> {
        let mut made: Vec<Made> = Vec::with_capacity(add.len());
        let mut changed = false;
        for candidate in add {
            made.push(match self.build(hand, candidate).await {
                Ok((at, new)) => {
                    changed |= new;
                    let built = &self.built[at].imagined;
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive size")]
                    let bytes = (built.pages * page) as u64;
                    Ok((built.name.clone(), bytes))
                }
                Err(error @ TrialError::Unsupported { .. }) => Err(error),
                Err(error) => return Err(error),
            });
        }
        let mut parts: Vec<String> = Vec::new();
        let engine = hand.info().engine;
        for built in &mut self.built {
            let wanted = made.iter().flatten().any(|(name, _)| *name == built.imagined.name);
            if built.visible != wanted {
                parts.push(shown(engine, &built.imagined.name, wanted));
                built.visible = wanted;
            }
        }
        let gone: Vec<String> = drop.iter().map(|index| index.name.clone()).collect();
        if let Some(primary) = gone.iter().find(|name| name.eq_ignore_ascii_case("PRIMARY")) {
            return Err(super::cannot(format!("rows are kept in the order of {primary}, which cannot be hidden")));
        }
        for name in self.hidden.iter().filter(|name| !gone.contains(name)) {
            parts.push(shown(engine, name, true));
        }
        for name in gone.iter().filter(|name| !self.hidden.contains(name)) {
            parts.push(shown(engine, name, false));
        }
        if !parts.is_empty() {
            let sql = format!("ALTER TABLE {} {}", self.facts.name(), parts.join(", "));
            run(hand, &sql).await.map_err(|e| refused(&e))?;
            self.hidden = gone;
            changed = true;
        }
        if changed {
            self.inject(hand, page).await?;
        }
        Ok(made)
    }

    /// The candidate's place among those that were built, and whether it was built now.
    async fn build(&mut self, hand: &mut Connection, candidate: &Candidate) -> Result<(usize, bool), TrialError> {
        let keys = ddl::keys(candidate);
        if let Some(at) = self.built.iter().position(|b| b.keys == keys && b.method == candidate.method) {
            return Ok((at, false));
        }
        if candidate.predicate.is_some() || !candidate.include.is_empty() {
            return Err(super::cannot("the server has no such indexes"));
        }
        if self.built.len() >= KEPT
            && let Some(old) = self.built.iter().position(|b| !b.visible)
        {
            let old = self.built.remove(old);
            let sql = format!("ALTER TABLE {} DROP INDEX {}", self.facts.name(), quoted(&old.imagined.name));
            run(hand, &sql).await.map_err(|e| refused(&e))?;
        }
        // No index of another table has the name: plans tell an index by its name alone.
        let first = format!("{NAME}_{}", self.number);
        let name = (0..=KEPT)
            .map(|n| if n == 0 { first.clone() } else { format!("{first}_{n}") })
            .find(|name| !self.built.iter().any(|b| b.imagined.name == *name))
            .unwrap_or(first);
        let sql = ddl::plain_create_on(candidate, &name, &self.facts.name());
        run(hand, &sql).await.map_err(|error| {
            // What the server says of the index it would say on production.
            TrialError::Unsupported { method: METHOD, reason: one_line(&error.message) }
        })?;
        let prefixes = if candidate.method == "btree" {
            let found = distinct::prefixes(hand, &self.facts, candidate, &stage(self.number), self.sampled).await;
            found.map_err(|e| refused(&e))?
        } else {
            Vec::new()
        };
        let pages = pages(hand, &self.facts, &name).await.map_err(|e| refused(&e))?;
        let pages = (pages * self.facts.rows().max(1.0) / self.rows.max(1.0)).max(1.0);
        let first = candidate.keys.first().filter(|key| !key.expression && key.prefix.is_none());
        self.built.push(Built {
            keys,
            first: first.map(|key| key.expr.clone()),
            method: candidate.method,
            imagined: Imagined {
                name,
                distinct: prefixes.iter().map(|p| p.distinct).collect(),
                pages,
                sampled: self.sampled,
            },
            prefixes,
            visible: true,
        });
        Ok((self.built.len() - 1, true))
    }
}

/// A part of an ALTER TABLE that shows or hides an index.
fn shown(engine: Engine, name: &str, visible: bool) -> String {
    let word = match (engine, visible) {
        (Engine::MariaDb, true) => "NOT IGNORED",
        (Engine::MariaDb, false) => "IGNORED",
        (_, true) => "VISIBLE",
        (_, false) => "INVISIBLE",
    };
    format!("ALTER INDEX {} {word}", quoted(name))
}
