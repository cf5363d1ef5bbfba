//! Building a real index, and taking it away again.

use super::{Ended, State, until_cancelled};
use crate::{
    advise::{self, Candidate},
    app::Message,
    catalog::Catalog,
    whatif,
};

impl State {
    /// Builds an index that is taken away again whatever happens: also where the person cancelled, or the answer was lost.
    pub(super) async fn build_index(
        &mut self,
        generation: u64,
        sql: &str,
        (candidate, name): (Candidate, &str),
        keep: bool,
        catalog: &Catalog,
    ) {
        if self.is_cancelled(generation) {
            return;
        }
        if let Err(error) = self.open().await {
            return self.tell_of(Err(error), |result| Message::Tried { generation, result });
        }
        let Some(session) = self.session.as_mut() else { return };
        session.start_over();
        let stop = session.canceller();
        let built = Box::pin(whatif::invisible(session, sql, (&candidate, name), keep));
        let ended = until_cancelled(built, generation, self.cancelled.clone(), stop).await;
        // What was cancelled is the build, not what tidies up after it.
        session.start_over();
        if !matches!(ended, Ended::Answered(Ok(_)))
            && let Err(error) = whatif::verify::tidy(session).await
        {
            let next = error.next.as_deref().unwrap_or_default();
            self.tell(Message::Warn(format!("{name} may still stand on {}: {error}; {next}", candidate.table)));
        }
        if let Ended::Answered(Err(error)) = &ended {
            // The next request connects again.
            self.forget_if_broken(error);
        }
        if let Ended::Answered(result) = ended {
            let shape = crate::sql::shape::shape(sql, candidate.engine, catalog).ok();
            let judged = result.map(|tried| Box::new(advise::judge(candidate, Ok(tried), catalog, shape.as_ref())));
            self.tell_of(judged, |result| Message::Tried { generation, result });
        }
    }
}
