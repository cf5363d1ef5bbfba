//! Settings that production's session does not take (the server's as a whole, its optimizer's costs), supposed on the twin.

use super::{METHOD, cannot, costs, fill, refused, settings::number, workshop::Workshop};
use crate::{
    advise::{Compared, TrialError, Trust},
    server::{
        ServerError,
        mysql::{Connection, cells::text},
    },
    text::one_line,
};

const SETTING: &str = "giving the twin another setting";

impl Workshop {
    /// Each statement's plan as it is, and with other settings.
    pub(super) async fn set(
        &mut self,
        production: &mut Connection,
        statements: &[&str],
        settings: &[(String, String)],
    ) -> Result<Vec<Result<Compared, TrialError>>, TrialError> {
        self.prepare(production, statements).await?;
        self.busy = true;
        self.change(&[], &[]).await?;
        let Some(hand) = &mut self.hand else { return Err(cannot("the twin is gone")) };
        let were = given(hand, settings).await?;
        let answers = self.planned_apart(statements, settings, &were).await;
        let Some(hand) = &mut self.hand else { return Err(cannot("the twin is gone")) };
        back(hand, &were).await.map_err(|e| refused(&e))?;
        self.busy = false;
        answers
    }

    /// Plans in a session of its own, which begins with what the server has now.
    async fn planned_apart(
        &mut self,
        statements: &[&str],
        settings: &[(String, String)],
        were: &Were,
    ) -> Result<Vec<Result<Compared, TrialError>>, TrialError> {
        let mut plans = self.session().await?;
        for (name, value) in settings.iter().filter(|(name, value)| costs::named(&were.costs, name, value).is_empty()) {
            // One that is the server's alone was given before.
            let sql = format!("SET @@SESSION.{name} = ?");
            match plans.ask(SETTING, &sql, vec![number(value)]).await {
                Err(error) if !is_global(&error) => return Err(refused(&error)),
                _ => {}
            }
        }
        let mut answers = Vec::with_capacity(statements.len());
        for sql in statements {
            let Some(known) = self.known(sql).cloned() else { continue };
            let both = match known {
                Ok(known) => crate::whatif::mysql::plan(&mut plans, sql, METHOD).await.map(|after| (known, after)),
                Err(error) => Err(error),
            };
            answers.push(both.map(|(known, after)| {
                let (trust, mut notes) = self.remarks(&known);
                notes.push("planned on the twin: production's session does not take the setting".to_owned());
                let trust = if trust == Trust::Exact { Trust::Close } else { trust };
                Compared { method: METHOD, trust, before: known.plan.clone(), after, names: Vec::new(), notes }
            }));
        }
        Ok(answers)
    }
}

/// What the server as a whole had before.
struct Were {
    costs: Vec<costs::Cost>,
    variables: Vec<(String, String)>,
}

/// Gives the server what no session can have for itself.
async fn given(hand: &mut Connection, settings: &[(String, String)]) -> Result<Were, TrialError> {
    let mut were = Were { costs: costs::read(hand).await.map_err(|e| refused(&e))?, variables: Vec::new() };
    let mut wanted = Vec::new();
    for (name, value) in settings {
        let own = costs::named(&were.costs, name, value);
        if !own.is_empty() {
            wanted.extend(own);
            continue;
        }
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') || name.is_empty() {
            return Err(cannot(format!("{} is no name of a setting", one_line(name))));
        }
        let rows = hand.ask(SETTING, &format!("SELECT @@GLOBAL.{name}"), Vec::new()).await;
        let rows = rows.map_err(|e| cannot(one_line(&e.message)))?;
        let old = rows.first().and_then(|row| text(row, 0)).unwrap_or_default();
        hand.ask(SETTING, &format!("SET GLOBAL {name} = ?"), vec![number(value)])
            .await
            .map_err(|e| cannot(one_line(&e.message)))?;
        were.variables.push((name.clone(), old));
    }
    costs::put(hand, &wanted).await.map_err(|e| refused(&e))?;
    // Tables that are open keep the costs of their engine.
    fill::run(hand, "FLUSH TABLES").await.map_err(|e| refused(&e))?;
    Ok(were)
}

async fn back(hand: &mut Connection, were: &Were) -> Result<(), ServerError> {
    for (name, old) in &were.variables {
        hand.ask(SETTING, &format!("SET GLOBAL {name} = ?"), vec![number(old)]).await?;
    }
    costs::put(hand, &were.costs).await?;
    fill::run(hand, "FLUSH TABLES").await
}

/// 1229: a variable of the server's as a whole; 1238: one that is not a session's.
fn is_global(error: &ServerError) -> bool {
    matches!(error.code.as_deref(), Some("1229" | "1238"))
}
