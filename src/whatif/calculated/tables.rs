//! What is known of a table: its size as the optimizer sees it, its indexes, and their distinct values.

use mysql_async::Value;

use super::{METHOD, costs::PAGE, failed, sample::Sample};
use crate::{
    advise::{Candidate, TrialError},
    catalog::Table,
    plan::{Engine, Plan},
    server::mysql::{
        Connection,
        cells::{number, quoted, text},
    },
    whatif::mysql::plan,
};

const READING: &str = "reading statistics";
/// The first version of MariaDB that does not tell each index selective by twice (`ha_innobase::info_low`).
const TOLD_ONCE: u32 = 110_000;

/// A table.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) table: Table,
    /// Rows as the optimizer takes them to be.
    pub(super) rows: f64,
    pub(super) pages: f64,
    /// What one of its pages costs (MySQL).
    pub(super) page: f64,
    pub(super) indexes: Vec<Ix>,
    pub(super) sample: Option<Sample>,
    /// Rows that conditions select by an existing index, as the server itself told: index, conditions, rows.
    pub(super) dives: Vec<(String, Vec<String>, f64)>,
    /// A part of it may be left out by its partitions, which is not calculated.
    pub(super) partitioned: bool,
}

/// A part of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) column: String,
    pub(super) desc: bool,
    /// Only the beginning of the column is in it.
    pub(super) cut: bool,
}

/// An index, with the columns of the primary key behind its own, as InnoDB keeps it.
#[derive(Debug, Clone)]
pub(super) struct Ix {
    pub(super) name: String,
    pub(super) parts: Vec<Part>,
    /// How many of the parts are its own.
    pub(super) own: usize,
    /// So many parts together are one row at most, none of them NULL.
    pub(super) unique: Option<usize>,
    pub(super) primary: bool,
    /// Bytes of its own key.
    pub(super) bytes: f64,
    /// Distinct values of its first parts, as the server keeps them.
    pub(super) distinct: Vec<Option<f64>>,
    /// It does not exist.
    pub(super) new: bool,
}

impl Known {
    /// Bytes of the primary key, which every index holds.
    pub(super) fn primary_bytes(&self) -> f64 {
        self.indexes.iter().find(|i| i.primary).map_or(6.0, |i| i.bytes)
    }
}

/// Reads a table's indexes and size. Plain facts and one EXPLAIN.
pub(super) async fn read(connection: &mut Connection, table: &Table) -> Result<Known, TrialError> {
    let key = vec![Value::from(table.schema.as_str()), Value::from(table.name.as_str())];
    let sql = "SELECT INDEX_NAME, CARDINALITY FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? \
               ORDER BY INDEX_NAME, SEQ_IN_INDEX";
    let rows = connection.ask(READING, sql, key).await.map_err(failed)?;
    let told: Vec<(String, Option<f64>)> =
        rows.iter().map(|row| (text(row, 0).unwrap_or_default(), number(row, 1))).collect();
    let info = connection.info();
    let twice = info.engine == Engine::MariaDb && info.version_number < TOLD_ONCE;
    let mysql = info.engine == Engine::MySql;
    let mut indexes: Vec<Ix> = Vec::new();
    for index in table.indexes.iter().filter(|i| !i.disabled && i.method == "btree") {
        let parts: Vec<Part> = index
            .keys
            .iter()
            .map_while(|k| Some(Part { column: k.column.clone()?, desc: k.desc, cut: k.prefix.is_some() }))
            .collect();
        if parts.len() < index.keys.len() {
            continue;
        }
        let distinct = told.iter().filter(|(name, _)| *name == index.name).map(|(_, distinct)| *distinct);
        let distinct = distinct.map(|d| d.map(|d| if twice && !index.unique { d / 2.0 } else { d })).collect();
        let whole = parts.iter().all(|p| !p.cut && table.column(&p.column).is_some_and(|c| c.not_null));
        let bytes =
            index.keys.iter().map(|k| key_bytes(table, k.column.as_deref().unwrap_or_default(), k.prefix)).sum();
        indexes.push(Ix {
            name: index.name.clone(),
            own: parts.len(),
            unique: (index.unique && whole).then_some(parts.len()),
            primary: index.primary,
            bytes,
            parts,
            distinct,
            new: false,
        });
    }
    // The servers keep them so, and of equal ones take the first.
    indexes.sort_by_key(|ix| (!ix.primary, ix.unique.is_none()));
    extend(&mut indexes);
    #[expect(clippy::cast_precision_loss, reason = "bytes of a table")]
    let pages = (table.bytes.unwrap_or_default() as f64 / PAGE).max(1.0);
    let mut known = Known {
        table: table.clone(),
        rows: table.rows.unwrap_or_default(),
        pages,
        page: 0.25,
        indexes,
        sample: None,
        dives: Vec::new(),
        partitioned: table.kind == crate::catalog::TableKind::Partitioned,
    };
    let sql = format!("SELECT * FROM {}.{} USE INDEX ()", quoted(&table.schema), quoted(&table.name));
    let whole = plan(connection, &sql, METHOD).await?;
    if let Some((rows, cost)) = scanned(&whole) {
        known.rows = rows;
        if let (true, Some(cost)) = (mysql, cost) {
            known.page = ((cost - 0.1 * rows) / pages).clamp(0.25, 1.0);
        }
    }
    Ok(known)
}

/// Rows and cost of the table that a plan reads whole.
fn scanned(plan: &Plan) -> Option<(f64, Option<f64>)> {
    let node = plan.ids().map(|id| plan.node(id)).find(|node| node.relation.is_some())?;
    Some((node.rows.examined.or(node.rows.estimated)?, node.cost.total))
}

/// Rows that conditions select by an index, as the server tells when it is to use that index.
pub(super) async fn dive(
    connection: &mut Connection,
    table: &Table,
    index: &str,
    conditions: &[String],
) -> Result<Option<f64>, TrialError> {
    let name = format!("{}.{}", quoted(&table.schema), quoted(&table.name));
    let conditions: Vec<String> = conditions.iter().map(|c| format!("({c})")).collect();
    // Of an index that it is forced to use MySQL does not look up how many rows a range has.
    let how = if connection.info().engine == Engine::MySql { "USE" } else { "FORCE" };
    let sql = format!("SELECT * FROM {name} {how} INDEX ({}) WHERE {}", quoted(index), conditions.join(" AND "));
    let told = match plan(connection, &sql, METHOD).await {
        Ok(told) => told,
        // What cannot be asked alone is estimated otherwise.
        Err(TrialError::Unsupported { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let node = told.ids().map(|id| told.node(id)).find(|node| node.index.as_deref() == Some(index));
    Ok(node.and_then(|node| node.rows.examined.or(node.rows.estimated)))
}

/// Puts the primary key's columns behind each other index's own.
fn extend(indexes: &mut [Ix]) {
    let primary = indexes.iter().find(|i| i.primary).map(|i| i.parts.clone()).unwrap_or_default();
    for index in indexes.iter_mut().filter(|i| !i.primary) {
        append(index, &primary);
    }
}

fn append(index: &mut Ix, primary: &[Part]) {
    for part in primary {
        if !index.parts.iter().any(|p| p.column == part.column && !p.cut) {
            index.parts.push(part.clone());
        }
    }
    if index.unique.is_none() && !primary.is_empty() {
        index.unique = Some(index.parts.len());
    }
}

/// A candidate as an index of the table.
pub(super) fn candidate(known: &Known, candidate: &Candidate, name: &str) -> Ix {
    let key = |k: &crate::advise::Key| Part { column: k.expr.clone(), desc: k.desc, cut: k.prefix.is_some() };
    let parts: Vec<Part> = candidate.keys.iter().map(key).collect();
    let bytes = candidate.keys.iter().map(|k| key_bytes(&known.table, &k.expr, k.prefix)).sum();
    let primary = known.indexes.iter().find(|i| i.primary).map(|i| i.parts.clone()).unwrap_or_default();
    let own = parts.len();
    // An index that has the same first columns tells their distinct values.
    let same = |upto: usize| {
        known.indexes.iter().find_map(|i| {
            let alike = i.parts.iter().zip(&parts[..upto]).all(|(a, b)| a.column == b.column && !a.cut && !b.cut);
            (i.own >= upto && alike).then(|| i.distinct.get(upto - 1).copied().flatten()).flatten()
        })
    };
    let distinct = (1..=own).map(same).collect();
    let mut index = Ix { name: name.to_owned(), parts, own, unique: None, primary: false, bytes, distinct, new: true };
    append(&mut index, &primary);
    index
}

/// Bytes of a column in a key at most, as the servers' `key_length` counts them; texts of four bytes a character.
fn key_bytes(table: &Table, name: &str, prefix: Option<u32>) -> f64 {
    let Some(column) = table.column(name) else { return 8.0 };
    let text = column.type_name.to_ascii_lowercase();
    let word = text.split(['(', ' ']).next().unwrap_or_default();
    let inside: Vec<f64> = text
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(list, _)| list.split(',').filter_map(|n| n.trim().parse().ok()).collect())
        .unwrap_or_default();
    let length = prefix.map_or_else(|| inside.first().copied().unwrap_or(64.0), f64::from);
    let digits = |n: f64| (n / 9.0).floor() * 4.0 + ((n % 9.0) / 2.0).ceil();
    let bytes = match word {
        "tinyint" | "year" | "bool" | "bit" => 1.0,
        "smallint" | "enum" => 2.0,
        "mediumint" | "date" | "time" => 3.0,
        "int" | "float" | "timestamp" => 4.0,
        "datetime" => 5.0,
        "decimal" => {
            let (all, after) = (inside.first().copied().unwrap_or(10.0), inside.get(1).copied().unwrap_or(0.0));
            digits(all - after) + digits(after)
        }
        "uuid" | "inet6" => 16.0,
        "char" => 4.0 * length,
        "binary" => length,
        "varbinary" | "blob" => length + 2.0,
        "varchar" | "text" | "tinytext" | "mediumtext" | "longtext" => 4.0 * length + 2.0,
        _ => 8.0,
    };
    bytes + if column.not_null { 0.0 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::key_bytes;
    use crate::catalog::{Column, Table};

    #[test]
    fn keys_are_as_long_as_the_servers_count_them() {
        for (kind, not_null, prefix, bytes) in [
            ("int", true, None, 4.0),
            ("int unsigned", false, None, 5.0),
            ("varchar(12)", true, None, 50.0),
            ("char(2)", true, None, 8.0),
            ("decimal(10,2)", true, None, 5.0),
            ("text", false, Some(16), 67.0),
        ] {
            let column = Column { name: "c".to_owned(), type_name: kind.to_owned(), not_null, ..Column::default() };
            let table = Table { columns: vec![column], ..Table::default() };
            assert!((key_bytes(&table, "c", prefix) - bytes).abs() < 1e-9, "{kind}");
        }
    }
}
