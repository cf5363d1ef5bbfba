//! Statistics that production does not have, from samples of its rows: of expressions that a candidate indexes, and those that a person
//! thinks of.

use super::{TwinError, Workshop, gone};
use crate::{
    advise::Candidate,
    plan::Engine,
    server::{ErrorKind, postgres::Connection},
    sql,
    text::one_line,
    whatif::{
        snapshot::{self, Snapshot, sample},
        twin::sampled::rows_of,
    },
};

/// Statistics that production does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Extended statistics on columns and expressions: a list in SQL.
    Together(String),
    /// A higher target for a column.
    Target(String, u32),
}

impl Workshop {
    /// Reads samples of the values of expressions that candidates index: they have no statistics before there is such an index.
    pub(in crate::whatif::twin) async fn sample(
        &mut self,
        connection: &mut Connection,
        candidates: &[&Candidate],
    ) -> Result<(), TwinError> {
        let Some(twin) = &self.twin else { return Ok(()) };
        for candidate in candidates {
            for key in candidate.keys.iter().filter(|key| key.expression) {
                let place = (candidate.schema.clone(), candidate.table.clone(), key.expr.clone());
                if self.sampled.contains_key(&place) {
                    continue;
                }
                let table = (candidate.schema.as_str(), candidate.table.as_str());
                let rows = twin.snapshot.named(table).map_or(0.0, |r| rows_of(&twin.snapshot, r.oid));
                let taken = sample::take(connection, table, std::slice::from_ref(&key.expr), rows, sample::USUAL).await;
                let own = match taken {
                    Ok(taken) => twin.analyse_expression(table, &key.expr, &taken, rows).await.ok(),
                    Err(error) if matches!(error.kind, ErrorKind::Disconnected | ErrorKind::Cancelled) => {
                        return Err(error.into());
                    }
                    // Without it the planner guesses, which the trial says.
                    Err(_) => None,
                };
                self.sampled.insert(place, own);
            }
        }
        Ok(())
    }

    /// Whether an expression of a candidate has statistics of a sample.
    pub(in crate::whatif::twin) fn has_sampled(&self, candidate: &Candidate) -> bool {
        let known = |expr: &String| {
            self.sampled
                .get(&(candidate.schema.clone(), candidate.table.clone(), expr.clone()))
                .is_some_and(Option::is_some)
        };
        candidate.keys.iter().any(|key| key.expression && known(&key.expr))
    }

    /// Puts statistics that production does not have into a snapshot, made of a sample of its rows; how many those were.
    pub(in crate::whatif::twin) async fn wish(
        &mut self,
        connection: &mut Connection,
        snapshot: &mut Snapshot,
        (schema, table): (&str, &str),
        wish: &Wish,
    ) -> Result<usize, TwinError> {
        let twin = self.twin.as_ref().ok_or_else(gone)?;
        let none = || TwinError::Unsupported(format!("the twin has no table {}", one_line(table)));
        let relation = snapshot.named((schema, table)).ok_or_else(none)?.oid;
        let own = snapshot.columns.iter().filter(|c| c.relation == relation);
        let (columns, most): (Vec<String>, u32) = match wish {
            Wish::Together(on) => {
                // Plain words mean names in lower case, quoted ones stand as they are.
                let words = sql::words(on, Engine::PostgreSql);
                let quoted: Vec<&str> = on.split('"').skip(1).step_by(2).collect();
                let named = |c: &&snapshot::Column| {
                    words.iter().any(|w| w.to_lowercase() == c.name) || quoted.contains(&c.name.as_str())
                };
                (own.filter(named).map(|c| c.name.clone()).collect(), sample::USUAL)
            }
            Wish::Target(column, target) => (vec![column.clone()], target.saturating_mul(300).max(sample::USUAL)),
        };
        if columns.is_empty() {
            return Err(TwinError::Unsupported(format!("{} has no such columns", one_line(table))));
        }
        let quoted: Vec<String> = columns.iter().map(|c| snapshot::quote(c)).collect();
        let rows = rows_of(snapshot, relation);
        let taken = sample::take(connection, (schema, table), &quoted, rows, most).await?;
        match wish {
            Wish::Together(on) => twin.analyse_together(snapshot, relation, on, &columns, &taken).await?,
            Wish::Target(column, target) => {
                twin.analyse_column(snapshot, relation, column, *target, &taken).await?;
            }
        }
        Ok(taken.rows())
    }
}
