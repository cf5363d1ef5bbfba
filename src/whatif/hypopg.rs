//! HypoPG: the server's own planner with an index that is a catalog entry of this session's memory and nothing else.
//!
//! Needs the extension in the database and no privilege beyond those of the statement; works on a standby. Sizes and
//! so costs are estimates (build without deduplication, tree height unknown), hence [`Trust::Close`]. GIN and
//! the like are not known to it up to 1.4.4.

use std::collections::HashMap;

use futures_util::future::{join, join_all};
use tokio_postgres::types::{ToSql, Type};

use super::{
    create,
    postgres::{Bench, failed, plan, uses},
};
use crate::{
    advise::{Candidate, Change, Existing, Planned, TrialError, Tried, Trust},
    plan::Plan,
    server::{
        ServerError,
        postgres::{Access, Connection, Statement, Transaction, get},
    },
    sql::{Effects, evaluated},
};

/// The method's name.
pub(super) const METHOD: &str = "hypopg";

/// Index methods HypoPG has known since 1.3.
const METHODS: [&str; 4] = ["btree", "brin", "hash", "bloom"];

/// Questions that are sent before the first is answered; the time limit counts for all of them together.
const AT_ONCE: usize = 16;

/// Tries candidates by HypoPG.
pub(super) struct HypoPg {
    /// The extension's schema, quoted.
    schema: String,
    /// Hypothetical indexes that stand in the session between two sets.
    standing: Vec<Standing>,
    /// Existing indexes that are hidden in the session.
    hidden: Vec<Existing>,
    /// Statements as they were understood; a search asks for the same ones again and again.
    statements: HashMap<String, Result<Statement, TrialError>>,
}

/// A hypothetical index that stands in the session.
struct Standing {
    ddl: String,
    oid: u32,
    name: String,
}

impl HypoPg {
    /// `None` when the database has no HypoPG.
    pub(super) fn new(connection: &Connection) -> Option<Self> {
        let schema = connection.hypopg_schema()?.to_owned();
        Some(Self { schema, standing: Vec::new(), hidden: Vec::new(), statements: HashMap::new() })
    }

    /// Tries one candidate.
    pub(super) async fn attempt(
        &mut self,
        bench: &mut Bench<'_>,
        sql: &str,
        candidate: &Candidate,
    ) -> Result<Tried, TrialError> {
        if !METHODS.contains(&candidate.method) {
            return Err(bench.cannot(format!(
                "HypoPG {} knows no {} indexes",
                bench.connection.info().hypopg.as_deref().unwrap_or_default(),
                candidate.method
            )));
        }
        self.forget(bench).await;
        let statement = bench.statement(sql)?;
        let before = bench.before(sql, &statement).await?;
        let schema = self.schema.clone();
        let transaction = bench.begin(Access::Planning).await.map_err(|e| failed(METHOD, &e))?;
        let tried = with_index(&transaction, &schema, &statement, candidate).await;
        let ended = end(transaction, &schema, tried.is_err()).await;
        let (after, index_name, size) = tried?;
        ended.map_err(|e| failed(METHOD, &e))?;
        let used = uses(&after, &index_name);
        if !used && may_be_overlooked(&statement, &before, candidate) {
            return Err(bench.cannot(OVERLOOKED));
        }
        Ok(Tried {
            method: METHOD,
            trust: Trust::Close,
            before,
            after,
            // Its B-trees are up to six times too large (no deduplication): our own formula knows better.
            size_bytes: (candidate.method != "btree").then(|| u64::try_from(size).ok()).flatten(),
            notes: notes(&statement, candidate),
            index_name,
        })
    }

    /// Forgets what stands. A failure shows at the next question; the session forgets by itself before the next request.
    pub(super) async fn forget(&mut self, bench: &mut Bench<'_>) {
        if self.standing.is_empty() && self.hidden.is_empty() {
            return;
        }
        self.standing.clear();
        let schema = self.schema.clone();
        let hidden = !std::mem::take(&mut self.hidden).is_empty();
        if let Ok(transaction) = bench.begin(Access::ReadOnly).await {
            if hidden {
                let sql = format!("SELECT {schema}.hypopg_unhide_all_indexes()");
                let _ = transaction.rows("showing hidden indexes again", &sql, &[]).await;
            }
            let _ = end(transaction, &schema, false).await;
        }
    }

    /// Plans each statement under a change.
    pub(super) async fn changed(
        &mut self,
        bench: &mut Bench<'_>,
        statements: &[&str],
        change: Change<'_>,
    ) -> Result<Vec<Result<Planned, TrialError>>, TrialError> {
        let candidates = change.add;
        if !change.drop.is_empty() && !bench.connection.hides_indexes() {
            return Err(bench.cannot(format!(
                "HypoPG {} hides no existing indexes, 1.4 does",
                bench.connection.info().hypopg.as_deref().unwrap_or_default()
            )));
        }
        for sql in statements {
            if !self.statements.contains_key(*sql) {
                let statement = bench.statement(sql);
                self.statements.insert((*sql).to_owned(), statement);
            }
        }
        let wanted: Vec<Option<String>> =
            candidates.iter().map(|c| METHODS.contains(&c.method).then(|| made_by(c))).collect();
        let schema = self.schema.clone();
        let limit = bench.connection.plain_limit();
        let begun = bench.connection.begin(Access::Planning, Some(limit)).await;
        let transaction = begun.map_err(|e| failed(METHOD, &e))?;
        if self.hidden != change.drop {
            hide(&transaction, &schema, change.drop).await?;
            self.hidden = change.drop.to_vec();
        }
        stand(&transaction, &schema, &mut self.standing, &wanted).await?;
        let names: Vec<Option<String>> = wanted
            .iter()
            .map(|ddl| self.standing.iter().find(|s| Some(&s.ddl) == ddl.as_ref()).map(|s| s.name.clone()))
            .collect();
        let understood: Vec<&Result<Statement, TrialError>> =
            statements.iter().filter_map(|sql| self.statements.get(*sql)).collect();
        let plans = plan_all(&transaction, &understood).await?;
        transaction.rollback().await.map_err(|e| failed(METHOD, &e))?;
        // Without an index of estimated size it is the server's planner and nothing else.
        let trust = if candidates.is_empty() { Trust::Exact } else { Trust::Close };
        let planned = |plan| Planned { plan, trust, names: names.clone() };
        Ok(plans.into_iter().map(|answer| answer.map(planned)).collect())
    }
}

/// Plans of several statements. Questions are sent many at a time, for each waits a round trip otherwise; after an error, which
/// ends the transaction for all that follow, one by one.
async fn plan_all(
    transaction: &Transaction<'_>,
    statements: &[&Result<Statement, TrialError>],
) -> Result<Vec<Result<Plan, TrialError>>, TrialError> {
    let mut answers: Vec<Result<Plan, TrialError>> = Vec::with_capacity(statements.len());
    for some in statements.chunks(AT_ONCE) {
        // A statement with parameters is prepared under a name, which only one can have.
        let simple = some.iter().all(|s| s.as_ref().is_ok_and(|s| s.parameters() == 0));
        if simple && some.len() > 1 {
            let asked = some.iter().filter_map(|s| s.as_ref().ok()).map(|s| plan(transaction, s, METHOD));
            let answered = join_all(asked).await;
            if answered.iter().all(Result::is_ok) {
                answers.extend(answered);
                continue;
            }
            transaction.start_again().await.map_err(|e| failed(METHOD, &e))?;
        }
        for statement in some {
            let planned = match statement {
                Ok(statement) => plan(transaction, statement, METHOD).await,
                Err(error) => Err(error.clone()),
            };
            if planned.is_err() {
                // What stands is no part of the transaction.
                transaction.start_again().await.map_err(|e| failed(METHOD, &e))?;
            }
            answers.push(planned);
        }
    }
    Ok(answers)
}

/// Hides these indexes from the session's planner, with those of partitions, and no others.
async fn hide(transaction: &Transaction<'_>, schema: &str, gone: &[Existing]) -> Result<(), TrialError> {
    let wrong = |e: ServerError| failed(METHOD, &e);
    let sql = format!("SELECT {schema}.hypopg_unhide_all_indexes()");
    transaction.rows("showing hidden indexes again", &sql, &[]).await.map_err(wrong)?;
    let sql = format!(
        "WITH RECURSIVE family (oid) AS ( \
             SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('i', 'I') \
             UNION SELECT i.inhrelid FROM family f JOIN pg_catalog.pg_inherits i ON i.inhparent = f.oid \
         ) SELECT {schema}.hypopg_hide_index(oid) FROM family"
    );
    for index in gone {
        let parameters = [(&index.schema as _, Type::TEXT), (&index.name as _, Type::TEXT)];
        let rows = transaction.rows("hiding an index", &sql, &parameters).await.map_err(wrong)?;
        let mut hidden = false;
        for row in &rows {
            hidden |= get::<bool>(row, 0).map_err(wrong)?;
        }
        if !hidden {
            return Err(TrialError::Unsupported {
                method: METHOD,
                reason: format!("the server has no index {}", crate::text::one_line(&index.name)),
            });
        }
    }
    Ok(())
}

/// Makes the session's hypothetical indexes those wanted, and no others. One that HypoPG refuses does not stand.
async fn stand(
    transaction: &Transaction<'_>,
    schema: &str,
    standing: &mut Vec<Standing>,
    wanted: &[Option<String>],
) -> Result<(), TrialError> {
    let wrong = |e: ServerError| failed(METHOD, &e);
    let gone: Vec<u32> =
        standing.iter().filter(|s| !wanted.iter().flatten().any(|ddl| *ddl == s.ddl)).map(|s| s.oid).collect();
    standing.retain(|s| !gone.contains(&s.oid));
    let missing: Vec<&String> =
        wanted.iter().flatten().filter(|ddl| !standing.iter().any(|s| s.ddl == **ddl)).collect();
    // All in one question, and the taking away before it without waiting for its answer.
    let drop = format!("SELECT {schema}.hypopg_drop_index(oid) FROM unnest($1) AS gone (oid)");
    let create = format!(
        "SELECT made.indexrelid, made.indexname, ddl FROM unnest($1) AS wanted (ddl), {schema}.hypopg_create_index(ddl) made"
    );
    let dropped = async {
        if gone.is_empty() {
            return Ok(());
        }
        let with: &[(&(dyn ToSql + Sync), Type)] = &[(&gone, Type::OID_ARRAY)];
        transaction.rows("taking hypothetical indexes away", &drop, with).await.map(|_| ())
    };
    let created = async {
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let with: &[(&(dyn ToSql + Sync), Type)] = &[(&missing, Type::TEXT_ARRAY)];
        transaction.rows("making hypothetical indexes", &create, with).await
    };
    let (dropped, created) = join(dropped, created).await;
    dropped.map_err(wrong)?;
    if let Ok(rows) = created {
        for row in &rows {
            let (oid, name, ddl) =
                (get(row, 0).map_err(wrong)?, get(row, 1).map_err(wrong)?, get(row, 2).map_err(wrong)?);
            standing.push(Standing { ddl, oid, name });
        }
        return Ok(());
    }
    // One was refused, and what was made before it nobody knows: all anew, one by one.
    transaction.start_again().await.map_err(wrong)?;
    transaction
        .rows("forgetting hypothetical indexes", &format!("SELECT {schema}.hypopg_reset()"), &[])
        .await
        .map_err(wrong)?;
    standing.clear();
    let sql = format!("SELECT indexrelid, indexname FROM {schema}.hypopg_create_index($1)");
    for ddl in wanted.iter().flatten() {
        match transaction.rows("making a hypothetical index", &sql, &[(ddl, Type::TEXT)]).await {
            Ok(rows) => {
                if let Some(row) = rows.first() {
                    let (oid, name) = (get(row, 0).map_err(wrong)?, get(row, 1).map_err(wrong)?);
                    standing.push(Standing { ddl: ddl.clone(), oid, name });
                }
            }
            Err(_) => transaction.start_again().await.map_err(wrong)?,
        }
    }
    Ok(())
}

/// Why a trial that did not use the index says nothing. HypoPG compares a partial or expression index as if its table
/// were the first of the query (`hypopg.c`, `hypo_injectHypotheticalIndex`: the expressions keep varno 1; 1.3.1 to 1.4.4).
const OVERLOOKED: &str = "HypoPG overlooks partial and expression indexes unless their table is the first of the \
                          statement, so that it was not used proves nothing; put its table first, or test it on a copy";

/// Whether HypoPG may have overlooked the index.
fn may_be_overlooked(statement: &Statement, before: &Plan, candidate: &Candidate) -> bool {
    let special = candidate.predicate.is_some() || candidate.keys.iter().any(|k| k.expression);
    // A statement that names one table may still read several, through a view.
    let several =
        statement.tables().len() != 1 || before.ids().filter(|id| before.node(*id).relation.is_some()).count() > 1;
    special && several
}

/// What stands in the place of a check: there is no other planner whose plans could differ.
pub(super) const CHECKED: &str = "checked: the server itself plans the statement, today and with the index; what it cannot know of an \
                                  index that is not there is its size, which HypoPG estimates, and where its values end";

fn notes(statement: &Statement, candidate: &Candidate) -> Vec<String> {
    let mut notes = vec![CHECKED.to_owned()];
    if candidate.keys.iter().any(|k| k.expression) {
        notes.push(
            "an expression has no statistics before its index exists: the server guesses how many rows it keeps"
                .to_owned(),
        );
    }
    if statement.parameters() > 0 {
        notes.push("planned for unknown parameters (generic plan)".to_owned());
    }
    if matches!(statement.effects(), Effects::Writes) {
        notes.push("the cost of keeping the index up to date is not in the plan".to_owned());
    }
    notes
}

/// What HypoPG is to make. It keeps a partial index's condition as the parser leaves it (`hypo_index_store_parsetree` in `hypopg.c`, 1.3.1),
/// where the server evaluates its constants first, and the planner finds no such condition in a query: `numeric <> 0` and
/// `varchar IN ('a', 'b')` are overlooked.
fn made_by(candidate: &Candidate) -> String {
    let Some(predicate) = &candidate.predicate else { return create::postgres(candidate, None) };
    create::postgres(&Candidate { predicate: Some(evaluated(predicate)), ..candidate.clone() }, None)
}

/// Creates the hypothetical index and plans with it: plan, name, bytes.
async fn with_index(
    transaction: &Transaction<'_>,
    schema: &str,
    statement: &Statement,
    candidate: &Candidate,
) -> Result<(Plan, String, i64), TrialError> {
    let rows = |sql: String, parameter| async move {
        transaction.rows("trying an index by HypoPG", &sql, &[parameter]).await.map_err(|e| failed(METHOD, &e))
    };
    let wrong = |e: ServerError| failed(METHOD, &e);
    let ddl = made_by(candidate);
    let sql = format!("SELECT indexrelid, indexname FROM {schema}.hypopg_create_index($1)");
    let created = rows(sql, (&ddl as _, Type::TEXT)).await?;
    let row = created
        .first()
        .ok_or_else(|| TrialError::Unsupported { method: METHOD, reason: "HypoPG made no index of it".to_owned() })?;
    let (oid, name): (u32, String) = (get(row, 0).map_err(wrong)?, get(row, 1).map_err(wrong)?);
    let after = plan(transaction, statement, METHOD).await?;
    let sized = rows(format!("SELECT {schema}.hypopg_relation_size($1)"), (&oid as _, Type::OID)).await?;
    let bytes = sized.first().map(|row| get(row, 0)).transpose().map_err(wrong)?.unwrap_or_default();
    Ok((after, name, bytes))
}

/// Forgets every hypothetical index, also when the transaction failed, and ends it.
async fn end(transaction: Transaction<'_>, schema: &str, after_error: bool) -> Result<(), ServerError> {
    if after_error {
        transaction.start_again().await?;
    }
    transaction.rows("forgetting hypothetical indexes", &format!("SELECT {schema}.hypopg_reset()"), &[]).await?;
    transaction.rollback().await
}
