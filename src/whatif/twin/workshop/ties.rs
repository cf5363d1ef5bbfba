//! Two plans that cost nearly the same: which of them production takes, nobody can tell.

use super::{Workshop, gone, read_one};
use crate::{
    plan::Plan,
    server::postgres::{Access, Statement},
    whatif::twin::{TwinError, check},
};

impl Workshop {
    /// Whether the plan of a statement with what stands becomes another where these settings are so many times what they are.
    pub(in crate::whatif::twin) async fn is_tie(
        &mut self,
        (sql, as_is): (&str, &Plan),
        settings: &[&str],
        times: &[f64],
    ) -> Result<bool, TwinError> {
        let statement = Statement::new(sql)?;
        let snapshot = self.snapshot().ok_or_else(gone)?;
        let known = settings.iter().filter_map(|name| {
            let set = snapshot.settings.iter().find(|s| s.name == *name)?;
            Some((*name, set.value.parse::<f64>().ok()?))
        });
        let known: Vec<(&str, f64)> = known.collect();
        let others = times.iter().map(|times| {
            known.iter().map(|(name, value)| ((*name).to_owned(), (value * times).to_string())).collect::<Vec<_>>()
        });
        let others: Vec<Vec<(String, String)>> = others.collect();
        for other in others {
            let plan = self.plan_under(&statement, &other).await?;
            if !check::same_shape(as_is, &self.called(plan)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The twin's plan of a statement under other settings.
    async fn plan_under(&mut self, statement: &Statement, settings: &[(String, String)]) -> Result<Plan, TwinError> {
        let plans = self.plans.as_mut().ok_or_else(gone)?;
        let limit = plans.plain_limit();
        let transaction = plans.begin(Access::ReadOnly, Some(limit)).await?;
        let planned = match transaction.set(settings).await {
            Ok(()) => transaction.plan(statement, false).await,
            Err(error) => Err(error),
        };
        match planned {
            Ok(document) => {
                transaction.rollback().await?;
                read_one(&document)
            }
            Err(error) => transaction.fail(error).await.map_err(TwinError::Production),
        }
    }
}
