//! Reads a snapshot: a few SELECTs in one READ ONLY, REPEATABLE READ transaction.

use std::{collections::BTreeSet, time::Instant};

use serde::{Deserialize, de::DeserializeOwned};
use tokio_postgres::types::Type;

use super::{Asked, Ends, FORMAT, Function, Relation, Snapshot, literal, queries, quote};
use crate::server::{
    ErrorKind, ServerError,
    postgres::{Access, Connection, Statement, Transaction, get},
};

const ATTEMPTED: &str = "reading what the planner knows";

/// Smaller numbers are the server's own (`FirstNormalObjectId`).
const FIRST_OF_PEOPLE: u32 = 16_384;

/// Parameters of a question.
type With<'a> = &'a [(&'a (dyn tokio_postgres::types::ToSql + Sync), Type)];

/// Takes a snapshot of what the statements touch, and of `more` tables besides. With `ends` the first and last value of each
/// indexed column is read too, which are values of the tables and not of the catalog.
///
/// # Errors
/// [`ServerError`]. What the account may not read is told in [`Snapshot::missing`] instead.
pub async fn take(
    connection: &mut Connection,
    statements: &[String],
    more: &[(Option<String>, String)],
    ends: bool,
) -> Result<Snapshot, ServerError> {
    let texts = statements.iter().map(|sql| Ok((sql.as_str(), Statement::new(sql)?))).collect::<Result<Vec<_>, _>>()?;
    read(connection, &texts, more, ends, true).await
}

/// The same without the plans of the statements, so that one which cannot be planned does not stand in the way of others.
pub(in crate::whatif) async fn take_without_plans(
    connection: &mut Connection,
    statements: &[(&str, Statement)],
    more: &[(Option<String>, String)],
    ends: bool,
) -> Result<Snapshot, ServerError> {
    read(connection, statements, more, ends, false).await
}

async fn read(
    connection: &mut Connection,
    statements: &[(&str, Statement)],
    more: &[(Option<String>, String)],
    ends: bool,
    plans: bool,
) -> Result<Snapshot, ServerError> {
    let limit = connection.plain_limit();
    let version = connection.info().version_number;
    let transaction = connection.begin(Access::Snapshot, Some(limit)).await?;
    let reader = Reader { transaction: &transaction, version, plans };
    match Box::pin(reader.all(statements, more, ends)).await {
        Ok(snapshot) => {
            transaction.rollback().await?;
            Ok(snapshot)
        }
        Err(error) => transaction.fail(error).await,
    }
}

struct Reader<'a> {
    transaction: &'a Transaction<'a>,
    version: u32,
    /// Whether the statements are planned.
    plans: bool,
}

#[derive(Deserialize)]
struct Privileges {
    statistics: bool,
    extended: bool,
    files: bool,
}

#[derive(Deserialize)]
struct Range {
    relation: u32,
    number: i16,
    inherited: bool,
    kind: i16,
    values: Option<String>,
    empty_frac: Option<String>,
}

#[derive(Deserialize)]
struct MadeType {
    #[serde(flatten)]
    kind: super::Type,
    made_of: Vec<u32>,
    own: bool,
}

#[derive(Deserialize)]
struct Leading {
    relation: u32,
    column: String,
}

#[derive(Deserialize)]
struct Head {
    oid: u32,
    head: Option<String>,
}

impl Reader<'_> {
    async fn all(
        &self,
        statements: &[(&str, Statement)],
        more: &[(Option<String>, String)],
        ends: bool,
    ) -> Result<Snapshot, ServerError> {
        let mut snapshot = Snapshot { format: FORMAT, ..Snapshot::default() };
        for (sql, statement) in statements.iter().filter(|_| self.plans) {
            let plan = self.transaction.plan(statement, false).await?;
            snapshot.statements.push(Asked { sql: (*sql).to_owned(), plan });
        }
        let started = Instant::now();
        let mut tables: Vec<(Option<String>, String)> = more.to_vec();
        let mut words: BTreeSet<String> = BTreeSet::new();
        for (sql, statement) in statements {
            tables.extend_from_slice(statement.tables());
            add_words(&mut words, sql);
        }
        let touched = self.touched(&tables).await?;
        let first = self.transaction.rows(ATTEMPTED, "SELECT current_schemas(false)::text[], now()::text", &[]).await?;
        if let Some(row) = first.first() {
            (snapshot.search_path, snapshot.taken) = (get(row, 0)?, get(row, 1)?);
        }
        self.transaction.rows(ATTEMPTED, queries::SHAPE, &[]).await?;
        let of_touched: With<'_> = &[(&touched, Type::OID_ARRAY)];
        // None waits for another's answer: a far server is asked once for all of them.
        let (mut server, mut privileges): (Vec<super::Server>, Vec<Privileges>);
        (server, privileges, snapshot.settings, snapshot.extensions, snapshot.collations) = tokio::try_join!(
            self.read(queries::SERVER, &[]),
            self.read(queries::PRIVILEGES, &[]),
            self.read(queries::SETTINGS, &[]),
            self.read(queries::EXTENSIONS, &[]),
            self.read(queries::COLLATIONS, &[]),
        )?;
        (snapshot.relations, snapshot.columns, snapshot.constraints, snapshot.indexes, snapshot.extended) = tokio::try_join!(
            self.read(queries::RELATIONS, of_touched),
            self.read(queries::COLUMNS, of_touched),
            self.read(queries::CONSTRAINTS, of_touched),
            self.read(queries::INDEXES, of_touched),
            self.read(queries::EXTENDED, of_touched),
        )?;
        snapshot.server = server.pop().ok_or_else(|| wrong("there is no database"))?;
        let privileges = privileges.pop().ok_or_else(|| wrong("there are no privileges"))?;
        snapshot.functions = self.functions(&snapshot, &words).await?;
        snapshot.types = self.types(&snapshot, &touched, &words).await?;
        self.statistics(&mut snapshot, &privileges).await?;
        self.extended(&mut snapshot, &privileges).await?;
        if privileges.files {
            self.heads(&mut snapshot).await?;
        }
        if ends {
            snapshot.ends = Some(self.ends(&snapshot, of_touched).await?);
        }
        snapshot.read_ms = started.elapsed().as_secs_f64() * 1e3;
        forget_temporary(&mut snapshot);
        snapshot.missing = missing(&snapshot, &privileges);
        Ok(snapshot)
    }

    /// Rows of a question as values.
    async fn read<T: DeserializeOwned>(&self, question: &str, with: With<'_>) -> Result<Vec<T>, ServerError> {
        let sql = format!("SELECT pg_catalog.row_to_json(answer)::text FROM ({question}) AS answer");
        let rows = self.transaction.rows(ATTEMPTED, &sql, with).await?;
        rows.iter()
            .map(|row| {
                serde_json::from_str(get::<&str>(row, 0)?)
                    .map_err(|e| wrong(&format!("an answer that is not understood: {e}")))
            })
            .collect()
    }

    async fn touched(&self, tables: &[(Option<String>, String)]) -> Result<Vec<u32>, ServerError> {
        let schemas: Vec<Option<&str>> = tables.iter().map(|(schema, _)| schema.as_deref()).collect();
        let names: Vec<&str> = tables.iter().map(|(_, name)| name.as_str()).collect();
        let with: With<'_> = &[(&schemas, Type::TEXT_ARRAY), (&names, Type::TEXT_ARRAY)];
        let rows = self.transaction.rows(ATTEMPTED, queries::TOUCHED, with).await?;
        rows.iter().map(|row| get(row, 0)).collect()
    }

    async fn statistics(&self, snapshot: &mut Snapshot, privileges: &Privileges) -> Result<(), ServerError> {
        let all: Vec<u32> = snapshot.relations.iter().map(|r| r.oid).collect();
        let names: Vec<&str> = snapshot.relations.iter().map(|r| r.name.as_str()).collect();
        let question = if self.version >= 170_000 { queries::STATISTICS_17 } else { queries::STATISTICS };
        let with: With<'_> = &[(&all, Type::OID_ARRAY), (&names, Type::TEXT_ARRAY)];
        let mut statistics: Vec<super::ColumnStatistics> = self.read(question, with).await?;
        if self.version < 170_000 && privileges.statistics {
            for range in self.read::<Range>(queries::RANGES, &[(&all, Type::OID_ARRAY)]).await? {
                let of_range = statistics
                    .iter_mut()
                    .find(|s| (s.relation, s.number, s.inherited) == (range.relation, range.number, range.inherited));
                if let Some(slots) = of_range.map(|s| &mut s.slots) {
                    if range.kind == 6 {
                        (slots.lengths, slots.empty_frac) = (range.values, range.empty_frac);
                    } else {
                        slots.bounds = range.values;
                    }
                }
            }
        }
        snapshot.statistics = statistics;
        Ok(())
    }

    /// Functions that the statements may call, and indexes, checks, views and statistics, and what those call in turn: by their
    /// names, for what a body calls is written nowhere else.
    async fn functions(&self, snapshot: &Snapshot, words: &BTreeSet<String>) -> Result<Vec<Function>, ServerError> {
        let mut unseen = words.clone();
        let indexes = snapshot.indexes.iter().map(|i| i.definition.as_str());
        let checks = snapshot.constraints.iter().map(|c| c.definition.as_str());
        let views = snapshot.relations.iter().filter_map(|r| r.view.as_deref());
        let extended = snapshot.extended.iter().map(|e| e.definition.as_str());
        indexes.chain(checks).chain(views).chain(extended).for_each(|text| add_words(&mut unseen, text));
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut all: Vec<Function> = Vec::new();
        while !unseen.is_empty() {
            let asked: Vec<&String> = unseen.iter().collect();
            let found: Vec<Function> = self.read(queries::FUNCTIONS, &[(&asked, Type::TEXT_ARRAY)]).await?;
            seen.append(&mut unseen);
            for function in &found {
                add_words(&mut unseen, &function.definition);
            }
            unseen.retain(|word| !seen.contains(word));
            if found.is_empty() {
                break;
            }
            all.extend(found);
        }
        Ok(all)
    }

    /// Types, and the types these are made of, in the order in which they were made.
    async fn types(
        &self,
        snapshot: &Snapshot,
        touched: &[u32],
        words: &BTreeSet<String>,
    ) -> Result<Vec<super::Type>, ServerError> {
        let functions: Vec<u32> = snapshot.functions.iter().map(|f| f.oid).collect();
        let words: Vec<&String> = words.iter().collect();
        let with: With<'_> = &[(&touched, Type::OID_ARRAY), (&functions, Type::OID_ARRAY), (&words, Type::TEXT_ARRAY)];
        let rows = self.transaction.rows(ATTEMPTED, queries::TYPE_ROOTS, with).await?;
        let mut unseen = rows.iter().map(|row| get(row, 0)).collect::<Result<BTreeSet<u32>, _>>()?;
        let mut seen: BTreeSet<u32> = BTreeSet::new();
        let mut all = Vec::new();
        while !unseen.is_empty() {
            let asked: Vec<u32> = unseen.iter().copied().collect();
            let found: Vec<MadeType> = self.read(queries::TYPES, &[(&asked, Type::OID_ARRAY)]).await?;
            seen.append(&mut unseen);
            for made in found {
                unseen.extend(made.made_of.iter().filter(|oid| **oid >= FIRST_OF_PEOPLE && !seen.contains(oid)));
                all.extend(Some(made.kind).filter(|_| made.own));
            }
        }
        all.sort_by_key(|t: &super::Type| t.oid);
        Ok(all)
    }

    async fn extended(&self, snapshot: &mut Snapshot, privileges: &Privileges) -> Result<(), ServerError> {
        if snapshot.extended.is_empty() {
            return Ok(());
        }
        let objects: Vec<u32> = snapshot.extended.iter().map(|e| e.oid).collect();
        let with: With<'_> = &[(&objects, Type::OID_ARRAY)];
        let direct = privileges.extended;
        let fill = |question: &str| queries::of_version(question, self.version, direct);
        let data = if direct { queries::EXTENDED_DATA_DIRECT } else { queries::EXTENDED_DATA };
        snapshot.extended_data = self.read(&fill(data), with).await?;
        if self.version >= 140_000 {
            let expressions = if direct { queries::EXTENDED_EXPRESSIONS_DIRECT } else { queries::EXTENDED_EXPRESSIONS };
            snapshot.extended_expressions = self.read(&fill(expressions), with).await?;
        }
        Ok(())
    }

    async fn heads(&self, snapshot: &mut Snapshot) -> Result<(), ServerError> {
        let gin = |r: &&mut Relation| r.kind == "i" && r.method.as_deref() == Some("gin");
        let oids: Vec<u32> = snapshot.relations.iter_mut().filter(gin).map(|r| r.oid).collect();
        if oids.is_empty() {
            return Ok(());
        }
        for head in self.read::<Head>(queries::HEADS, &[(&oids, Type::OID_ARRAY)]).await? {
            if let Some(relation) = snapshot.relations.iter_mut().find(|r| r.oid == head.oid) {
                relation.head = head.head;
            }
        }
        Ok(())
    }

    async fn ends(&self, snapshot: &Snapshot, touched: With<'_>) -> Result<Vec<Ends>, ServerError> {
        let leading: Vec<Leading> = self.read(queries::LEADING, touched).await?;
        let questions: Vec<String> = leading
            .iter()
            .filter_map(|l| {
                let table = snapshot.relation(l.relation)?.sql();
                let column = quote(&l.column);
                // Qualified: a bare name would mean the column of the answer, and read the whole table.
                let end = |order: &str| {
                    format!("(SELECT t.{column} FROM ONLY {table} t WHERE t.{column} IS NOT NULL ORDER BY t.{column} {order} LIMIT 1)::text")
                };
                let name = literal(&l.column);
                Some(format!("SELECT {}::int8 AS relation, {name} AS \"column\", {} AS first, {} AS last", l.relation, end("ASC"), end("DESC")))
            })
            .collect();
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        self.read(&questions.join(" UNION ALL "), &[]).await
    }
}

/// Words of a text, as they stand and folded: a superset of the names in it.
fn add_words(words: &mut BTreeSet<String>, text: &str) {
    for word in text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).filter(|w| w.len() < 64) {
        if word.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            words.insert(word.to_lowercase());
            words.insert(word.to_owned());
        }
    }
}

fn wrong(message: &str) -> ServerError {
    ServerError::new(ErrorKind::Other, ATTEMPTED, message)
}

/// Temporary tables live in one session and are not carried over.
fn forget_temporary(snapshot: &mut Snapshot) {
    let gone: BTreeSet<u32> =
        snapshot.relations.iter().filter(|r| r.schema.starts_with("pg_temp_")).map(|r| r.oid).collect();
    snapshot.relations.retain(|r| !gone.contains(&r.oid));
    snapshot.columns.retain(|c| !gone.contains(&c.relation));
    snapshot.constraints.retain(|c| !gone.contains(&c.relation));
    snapshot.indexes.retain(|i| !gone.contains(&i.relation));
    snapshot.extended.retain(|e| !gone.contains(&e.relation));
}

/// What is not there that would be needed for the very same plans.
fn missing(snapshot: &Snapshot, privileges: &Privileges) -> Vec<String> {
    let mut missing = Vec::new();
    let mut say = |names: Vec<String>, what: &str| {
        if !names.is_empty() {
            missing.push(format!("{what}: {}", shortened(&names)));
        }
    };
    let known: BTreeSet<u32> = snapshot.statistics.iter().map(|s| s.relation).collect();
    let names = |of: &dyn Fn(&Relation) -> bool| -> Vec<String> {
        snapshot.relations.iter().filter(|r| of(r)).map(|r| format!("{}.{}", r.schema, r.name)).collect()
    };
    say(
        names(&|r| matches!(r.kind.as_str(), "r" | "m") && r.bytes.unwrap_or(0) > 0 && !known.contains(&r.oid)),
        "no statistics, never analysed or not for this account to read",
    );
    let unknown = |oid: u32| {
        snapshot.indexes.iter().any(|i| i.oid == oid && i.expressions && known.contains(&i.relation))
            && !known.contains(&oid)
    };
    say(
        names(&|r| r.kind == "i" && unknown(r.oid)),
        "no statistics of index expressions, which only the owner and pg_read_all_data may read",
    );
    let without: Vec<String> = snapshot
        .extended
        .iter()
        .filter(|e| !snapshot.extended_data.iter().any(|d| d.oid == e.oid))
        .map(|e| format!("{}.{}", e.schema, e.name))
        .collect();
    say(without, "no values of extended statistics, which only the owner and pg_read_all_data may read");
    if snapshot.server.version_number < 170_000 && !privileges.statistics {
        let ranges = snapshot.columns.iter().filter(|c| c.kind.ends_with("range")).map(|c| c.name.clone()).collect();
        say(ranges, "no statistics of ranges, which before 17 only pg_read_all_data may read");
    }
    say(names(&|r| r.row_security), "row security filters what this account reads, and is not carried over");
    say(names(&|r| r.kind == "f"), "costs of foreign tables are not carried over");
    missing
}

fn shortened(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(3).map(|n| crate::text::one_line(n)).collect();
    let more = names.len().saturating_sub(3);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}
