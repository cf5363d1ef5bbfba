//! Some of a table's rows, picked without scanning it and copied inside the server.
//!
//! They go into a temporary table of another name first, since the copy's own name hides the table. All reading runs in
//! READ ONLY transactions at READ COMMITTED: the server itself lets nothing but temporary tables be written, and takes
//! no locks on the rows read (at REPEATABLE READ, `INSERT … SELECT` would).

use mysql_async::Value;

use crate::{
    catalog::Table,
    fmt::grouped,
    server::{
        ServerError,
        mysql::{
            Connection,
            cells::{number, quoted},
        },
    },
    sql::shape::{Operand, Shape, Test, Value as Given},
    whatif::walk::{
        self, Walk,
        places::{Places, Source, Wanted},
    },
};

/// Rows read in one place.
const CHUNK: usize = 100;
/// Rows that a literal of the statement selects are looked at up to this many.
const NAMED: u64 = 5_000;
/// Rows of a literal that are wanted at least, if there are so many.
const FEW: f64 = 20.0;
/// Literals looked up for one table.
const LITERALS: usize = 20;

const SAMPLING: &str = "reading a sample of the rows";

/// What was sampled.
pub(super) struct Sample {
    /// Rows in the stage.
    pub(super) rows: f64,
    /// How they were picked, for people.
    pub(super) how: String,
    /// Rows the table has at least, where its statistics say fewer.
    pub(super) least: Option<f64>,
}

/// Why there is no sample.
pub(super) enum Missing {
    /// No key lets rows be picked without reading the whole table.
    NoKey,
    /// The server refused.
    Server(ServerError),
}

impl From<ServerError> for Missing {
    fn from(error: ServerError) -> Self {
        Self::Server(error)
    }
}

/// Fills the stage.
pub(super) async fn take(
    connection: &mut Connection,
    source: &Source<'_>,
    stage: &str,
    shape: &Shape,
) -> Result<Sample, Missing> {
    walk::begin(connection, SAMPLING).await?;
    let taken = pick(connection, source, stage, shape).await;
    let ended = connection.fixed(SAMPLING, "COMMIT").await;
    let taken = taken?;
    ended?;
    Ok(taken)
}

async fn pick(connection: &mut Connection, source: &Source<'_>, stage: &str, shape: &Shape) -> Result<Sample, Missing> {
    let table = source.table;
    let wanted = Wanted::of(table);
    if let Some(limit) = wanted.all {
        // Look before all of them are taken.
        if count(connection, &format!("(SELECT 1 FROM {} LIMIT {limit}) some", source.name)).await? < limit {
            insert(connection, source, stage, &format!("LIMIT {limit}"), Vec::new()).await?;
            return Ok(Sample { rows: count(connection, stage).await?, how: "all".to_owned(), least: None });
        }
    }
    let believed = wanted.believed.max(wanted.all.unwrap_or_default());
    let places = wanted.places(CHUNK);
    #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
    let walk = walk::best(table, places as f64).ok_or(Missing::NoKey)?;
    along(connection, source, stage, &walk, places).await?;
    named(connection, source, stage, shape, wanted.rows / believed.max(wanted.rows)).await?;
    let rows = count(connection, stage).await?;
    Ok(Sample { rows, how: format!("in {places} places along {}", walk.key()), least: wanted.all })
}

/// Copies what a condition selects.
async fn insert(
    connection: &mut Connection,
    source: &Source<'_>,
    stage: &str,
    which: &str,
    params: Vec<Value>,
) -> Result<(), ServerError> {
    let Source { name, columns, .. } = source;
    let sql = format!("INSERT IGNORE INTO {stage} ({columns}) SELECT {columns} FROM {name} {which}");
    connection.ask(SAMPLING, &sql, params).await.map(|_| ())
}

async fn count(connection: &mut Connection, of: &str) -> Result<f64, ServerError> {
    let rows = connection.ask(SAMPLING, &format!("SELECT COUNT(*) FROM {of}"), Vec::new()).await?;
    Ok(rows.first().and_then(|row| number(row, 0)).unwrap_or_default())
}

async fn along(
    connection: &mut Connection,
    source: &Source<'_>,
    stage: &str,
    walk: &Walk,
    places: usize,
) -> Result<(), ServerError> {
    let Some(places) = Places::along(connection, source, walk, (places, CHUNK)).await? else { return Ok(()) };
    for place in 0..places.len() {
        if let Some((which, params)) = places.rows(connection, source, place).await? {
            insert(connection, source, stage, &which, params).await?;
        }
    }
    Ok(())
}

/// Adds rows that the statement's literals select through existing indexes, as many as the sample would hold if it were
/// even, a few at least: a constant that fell between the places would look as if it selected nothing.
async fn named(
    connection: &mut Connection,
    source: &Source<'_>,
    stage: &str,
    shape: &Shape,
    part: f64,
) -> Result<(), ServerError> {
    for (column, literal) in literals(source.table, shape) {
        let (column, value) = (quoted(&column), || vec![Value::from(literal.as_str())]);
        let sql = format!("SELECT COUNT(*) FROM (SELECT 1 FROM {} WHERE {column} = ? LIMIT {NAMED}) some", source.name);
        let rows = connection.ask(SAMPLING, &sql, value()).await?;
        let there = rows.first().and_then(|row| number(row, 0)).unwrap_or_default();
        let sql = format!("SELECT COUNT(*) FROM {stage} WHERE {column} = ?");
        let rows = connection.ask(SAMPLING, &sql, value()).await?;
        let have = rows.first().and_then(|row| number(row, 0)).unwrap_or_default();
        let wanted = (there * part).ceil().max(there.min(FEW));
        if have < wanted {
            insert(connection, source, stage, &format!("WHERE {column} = ? LIMIT {wanted}"), value()).await?;
        }
    }
    Ok(())
}

/// Columns of the table that lead an index and the literals they are compared with.
pub(in crate::whatif) fn literals(table: &Table, shape: &Shape) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for predicate in &shape.predicates {
        let source = shape.sources.get(predicate.source);
        if !source.is_some_and(|s| s.table == table.name && s.schema == table.schema)
            || !matches!(predicate.test, Test::Equal | Test::OneOf)
        {
            continue;
        }
        let Operand::Column(column) = &predicate.operand else { continue };
        let leads = table.indexes.iter().any(|index| {
            !index.disabled
                && index.method == "btree"
                && index.keys.first().is_some_and(|key| key.column.as_ref() == Some(column))
        });
        for value in predicate.values.iter().filter(|_| leads) {
            if let Given::Literal(literal) = value
                && out.len() < LITERALS
                && !out.iter().any(|(c, l)| c == column && l == literal)
            {
                out.push((column.clone(), literal.clone()));
            }
        }
    }
    out
}

/// `20,000 of about 199,104 rows of orders, in 200 places along the primary key`.
pub(super) fn described(table: &Table, sample: &Sample) -> String {
    let name = crate::text::one_line(&table.name);
    let picked = grouped(sample.rows);
    match (&sample.how[..], sample.least, table.rows) {
        ("all", ..) => format!("all {picked} rows of {name}"),
        (how, Some(least), _) => format!("{picked} of at least {} rows of {name}, {how}", grouped(least)),
        (how, None, Some(rows)) => format!("{picked} of about {} rows of {name}, {how}", grouped(rows)),
        (how, None, None) => format!("{picked} rows of {name}, {how}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Sample, described, literals};
    use crate::{
        catalog::{Catalog, Column, Index, IndexKey, Table},
        plan::Engine,
        sql::shape::shape,
    };

    fn orders() -> Table {
        let column = |name: &str| Column { name: name.to_owned(), type_name: "int".to_owned(), ..Column::default() };
        let key = |name: &str| IndexKey { column: Some(name.to_owned()), expr: name.to_owned(), ..IndexKey::default() };
        let index = |keys: Vec<IndexKey>| Index { method: "btree".to_owned(), keys, ..Index::default() };
        Table {
            schema: "shop".to_owned(),
            name: "orders".to_owned(),
            rows: Some(199_104.0),
            columns: ["id", "customer_id", "status"].map(column).to_vec(),
            indexes: vec![index(vec![key("id")]), index(vec![key("customer_id"), key("status")])],
            ..Table::default()
        }
    }

    #[test]
    fn literals_are_looked_up_where_an_index_leads_with_their_column() {
        let catalog = Catalog { tables: vec![orders()], search_path: vec!["shop".to_owned()], ..Catalog::default() };
        for (condition, expected) in [
            ("id = 7", vec![("id", "7")]),
            ("o.customer_id in (1, 2, 2)", vec![("customer_id", "1"), ("customer_id", "2")]),
            ("status = 'paid'", vec![]),
            ("id > 7", vec![]),
            ("id = ?", vec![]),
        ] {
            let sql = format!("select * from orders o where {condition}");
            let found = literals(&orders(), &shape(&sql, Engine::MySql, &catalog).unwrap());
            let found: Vec<_> = found.iter().map(|(c, l)| (c.as_str(), l.as_str())).collect();
            assert_eq!(found, expected, "{condition}");
        }
    }

    #[test]
    fn a_sample_says_how_large_it_is_and_how_it_was_picked() {
        let picked = "in 200 places along the primary key";
        for (rows, how, least, expected) in [
            (20_000.0, picked, None, "20,000 of about 199,104 rows of orders, in 200 places along the primary key"),
            (
                20_000.0,
                picked,
                Some(4e5),
                "20,000 of at least 400,000 rows of orders, in 200 places along the primary key",
            ),
            (120.0, "all", None, "all 120 rows of orders"),
        ] {
            let sample = Sample { rows, how: how.to_owned(), least };
            assert_eq!(described(&orders(), &sample), expected);
        }
    }
}
