//! What if production were another: its plans beside those of a second twin, made of a snapshot that was changed or in another version.

use super::{
    METHOD, TwinError, Wish,
    trial::{TwinTrial, trial_error, unknown},
};
use crate::{
    advise::{Compared, TrialError, Trust},
    server::postgres::Connection,
    whatif::snapshot::quote,
};

/// How production would be another.
#[derive(Debug, Clone, Copy)]
pub(in crate::whatif) enum Other<'a> {
    /// A table, by schema and name, has so many times its rows.
    Larger(&'a (String, String), f64),
    /// The server is of another major version.
    Major(u32),
    /// A table, by schema and name, has statistics that it has not.
    Wished(&'a (String, String), &'a Wish),
}

impl TwinTrial {
    /// Each statement's plan on the twin as it is, and on another.
    pub(in crate::whatif) async fn beside(
        &mut self,
        connection: &mut Connection,
        statements: &[&str],
        other: Other<'_>,
    ) -> Result<Vec<Result<Compared, TrialError>>, TrialError> {
        let own = connection.info().version_number / 10_000;
        self.prepare(connection, statements).await?;
        let mut snapshot = self.workshop.snapshot().cloned().ok_or_else(unknown)?;
        let mut ddl = None;
        let (major, note) = match other {
            Other::Wished((schema, table), wish) => {
                if self.workshop.is_offline() {
                    return Err(refused("a snapshot holds no rows to make statistics of"));
                }
                if !self.reads.rows {
                    return Err(refused(
                        "statistics are made of rows: allow a sample of them to be read (--twin-reads rows)",
                    ));
                }
                let place = (schema.as_str(), table.as_str());
                let rows = self.workshop.wish(connection, &mut snapshot, place, wish).await.map_err(trial_error)?;
                ddl = Some(wish.ddl(place));
                (None, format!("the statistics are made of a sample of {} rows", crate::fmt::whole(rows)))
            }
            Other::Larger(table, times) => {
                if !snapshot.enlarge(std::slice::from_ref(table), times) {
                    return Err(refused("the twin has no such table with rows of its own"));
                }
                let note = "new rows are taken to be like those there are: common values stay as common, ranges as wide, and what \
                            was distinct in every row stays so";
                (None, note.to_owned())
            }
            Other::Major(major) => {
                let own = snapshot.server.version_number.checked_div(10_000).filter(|v| *v > 0).unwrap_or(own);
                let note = format!(
                    "with the statistics and settings of production's PostgreSQL {own}; what nobody set is as PostgreSQL {major} comes"
                );
                (Some(major), note)
            }
        };
        let (after, more) = self.workshop.beside(statements, snapshot, major).await.map_err(trial_error)?;
        let mut answers = Vec::with_capacity(statements.len());
        for (sql, after) in statements.iter().zip(after) {
            let known = self.workshop.known(sql).cloned().ok_or_else(unknown)?;
            answers.push(match (known, after) {
                (Err(error), _) | (_, Err(error)) => Err(error),
                (Ok(known), Ok(after)) => {
                    let (trust, mut notes) = self.remarks(sql, &[]);
                    notes.push(note.clone());
                    notes.extend(ddl.as_ref().map(|ddl| format!("to have them: {ddl}")));
                    notes.extend(more.iter().cloned());
                    // Of rows that nobody has seen, of a sample and of a server that does not run nothing is exact.
                    let trust =
                        trust.map_or(Trust::Rough, |trust| if trust == Trust::Exact { Trust::Close } else { trust });
                    Ok(Compared { method: METHOD, trust, before: known.plan, after, names: Vec::new(), notes })
                }
            });
        }
        Ok(answers)
    }
}

impl Wish {
    /// What makes the statistics on production.
    fn ddl(&self, (schema, table): (&str, &str)) -> String {
        let table = format!("{}.{}", quote(schema), quote(table));
        match self {
            Self::Together(on) => format!("CREATE STATISTICS ON {on} FROM {table}; ANALYZE {table}"),
            Self::Target(column, target) => {
                format!("ALTER TABLE {table} ALTER COLUMN {} SET STATISTICS {target}; ANALYZE {table}", quote(column))
            }
        }
    }
}

fn refused(why: &str) -> TrialError {
    trial_error(TwinError::Unsupported(why.to_owned()))
}
