//! A table of the twin with more rows, or fewer: what if it were ten times as large.

use super::{
    cannot, fill, refused,
    workshop::{Known, Workshop},
};
use crate::{
    advise::{Compared, TrialError, Trust},
    server::mysql::Connection,
    text::one_line,
};

/// Rows that a table may be made to have.
const MOST: f64 = 3_000_000.0;

impl Workshop {
    /// Each statement's plan as it is, and with some table so many times as large.
    pub(super) async fn larger(
        &mut self,
        production: &mut Connection,
        statements: &[&str],
        (schema, table): (&str, &str),
        times: f64,
    ) -> Result<Vec<Result<Compared, TrialError>>, TrialError> {
        self.prepare(production, statements).await?;
        self.busy = true;
        self.change(&[], &[]).await?;
        let at = self.tables.iter().position(|t| t.is(schema, table));
        let at = at.ok_or_else(|| cannot(format!("the twin has no table {}", one_line(table))))?;
        if self.tables[at].rows * times > MOST {
            self.busy = false;
            return Err(cannot(format!("a twin's table has {} rows at most", crate::fmt::grouped(MOST))));
        }
        self.resize(at, times).await?;
        let mut answers = Vec::with_capacity(statements.len());
        for sql in statements {
            let Some(known) = self.known(sql).cloned() else { continue };
            let both = match known {
                Ok(known) => self.plan(sql).await.map(|after| (known, after)),
                Err(error) => Err(error),
            };
            answers.push(both.map(|(known, after)| self.compared(&known, after)));
        }
        self.resize(at, 1.0).await?;
        self.busy = false;
        Ok(answers)
    }

    fn compared(&self, known: &Known, after: crate::plan::Plan) -> Compared {
        let (trust, mut notes) = self.remarks(known);
        notes.push(
            "new rows are taken to be like those there are: common values stay as common, and what was distinct in nearly every row \
             stays so"
                .to_owned(),
        );
        // Of rows that nobody has seen nothing is exact.
        let trust = if trust == Trust::Exact { Trust::Close } else { trust };
        Compared { method: super::METHOD, trust, before: known.plan.clone(), after, names: Vec::new(), notes }
    }

    /// Makes a table anew with so many times its rows.
    async fn resize(&mut self, at: usize, times: f64) -> Result<(), TrialError> {
        let page = self.page;
        let table = &mut self.tables[at];
        let Some(hand) = &mut self.hand else { return Err(cannot("the twin is gone")) };
        let sql = format!("DROP TABLE {}", table.facts.name());
        fill::run(hand, &sql).await.map_err(|e| refused(&e))?;
        let spread = table.spread.larger(times);
        let made = fill::table(hand, &table.facts, &spread, table.number, self.full_text).await;
        let rows = made.map_err(|e| refused(&e))?;
        table.bare(rows, times);
        table.inject(hand, page).await
    }
}
