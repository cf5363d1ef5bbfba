//! Really building an index, after a person's word: on a copy, or invisible; it is dropped by [`Connection::sweep`] at the latest.

use mysql_async::Params;

use super::{Connection, cells, error, explain};
use crate::server::{ExplainRequest, Explained, ServerError};

impl Connection {
    /// Runs `create`, which the server commits; `drop` takes back what it made.
    pub(crate) async fn create_index(&mut self, create: &str, drop: String) -> Result<(), ServerError> {
        // Dropping one that is not there does no harm; an answer that is lost may be of one that is.
        self.built = Some(drop);
        let created = self.ask("building the index", create, Vec::new()).await;
        if created.is_err() && !self.wire.abandoned() && !self.wire.is_broken() {
            self.built = None;
        }
        created.map(|_| ())
    }

    /// Leaves the index that [`Self::create_index`] made where it is.
    pub(crate) fn keep_index(&mut self) {
        self.built = None;
    }

    /// Drops the index that [`Self::create_index`] made.
    pub(crate) async fn drop_index(&mut self) -> Result<(), ServerError> {
        let Some(sql) = self.built.take() else { return Ok(()) };
        let dropped = self.wire.prepared_anyway(&sql, Params::Empty).await.map(|_| ());
        dropped.map_err(|e| error::convert(&e, "dropping the index").next(format!("drop it yourself: {sql}")))
    }

    /// The index's bytes, where the account may read them.
    pub(crate) async fn index_bytes(
        &mut self,
        (schema, table): (&str, &str),
        name: &str,
    ) -> Result<Option<u64>, ServerError> {
        let sql = "SELECT stat_value * @@innodb_page_size FROM mysql.innodb_index_stats \
                   WHERE database_name = ? AND table_name = ? AND index_name = ? AND stat_name = 'size'";
        let key = [schema, table, name].map(Into::into).to_vec();
        let rows = self.ask("asking for the index's size", sql, key).await?;
        Ok(rows.first().and_then(|row| cells::text(row, 0)).and_then(|bytes| bytes.parse().ok()))
    }

    /// Runs a statement that only reads and measures it, without tidying up before.
    pub(crate) async fn measure(&mut self, statement: &str) -> Result<Explained, ServerError> {
        let request = ExplainRequest { sql: statement.to_owned(), analyze: true, ..ExplainRequest::default() };
        explain::explain(self, &request).await
    }

    /// The answer to a question of ours in words, row by row.
    pub(crate) async fn words(&mut self, attempted: &str, sql: &'static str) -> Result<Vec<Vec<String>>, ServerError> {
        let rows = self.ask(attempted, sql, Vec::new()).await?;
        Ok(rows.iter().map(|row| (0..row.len()).map(|at| cells::text(row, at).unwrap_or_default()).collect()).collect())
    }
}
