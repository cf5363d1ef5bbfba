//! What is read of production's tables besides their rows: definitions, statistics and settings, as far as the account may.

use mysql_async::{Row, Value};

use super::statistics::partitions::{self, Partition};
use crate::{
    catalog::{Catalog, Table, TableKind},
    plan::Engine,
    server::{
        ErrorKind, ServerError,
        mysql::{
            Connection,
            cells::{number, quoted, text},
        },
    },
    text::one_line,
    whatif::temporary_tables::copy::Definition,
};

const READING: &str = "reading definitions and statistics for a twin";

/// Session variables that decide about plans, besides all that begin with `optimizer_`.
const VARIABLES: &[&str] = &[
    "big_tables",
    "collation_connection",
    "div_precision_increment",
    "eq_range_index_dive_limit",
    "group_concat_max_len",
    "histogram_generation_max_mem_size",
    "internal_tmp_mem_storage_engine",
    "join_buffer_size",
    "join_cache_level",
    "max_heap_table_size",
    "max_join_size",
    "max_length_for_sort_data",
    "max_seeks_for_key",
    "max_sort_length",
    "mrr_buffer_size",
    "range_optimizer_max_mem_size",
    "read_buffer_size",
    "read_rnd_buffer_size",
    "rowid_merge_buff_size",
    "sort_buffer_size",
    "sql_auto_is_null",
    "sql_mode",
    "tmp_table_size",
    "use_stat_tables",
    "windowing_use_high_precision",
];

/// One table of production.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) table: Table,
    pub(super) definition: Definition,
    /// Columns that are not generated.
    pub(super) columns: Vec<String>,
    /// Distinct values of each index's first columns.
    pub(super) prefixes: Vec<Prefix>,
    /// Bytes of all secondary indexes.
    pub(super) index_bytes: f64,
    /// Columns with their histograms (MySQL).
    pub(super) histograms: Vec<(String, String)>,
    /// Its partitions.
    pub(super) partitions: Vec<Partition>,
    /// Rows of `mysql.innodb_index_stats` as index, name and value, where the account may read them.
    pub(super) persistent: Vec<(String, String, f64)>,
    /// Rows of `mysql.table_stats`, `column_stats` and `index_stats`, where the account may read them (MariaDB).
    pub(super) independent: [Vec<Vec<Value>>; 3],
}

/// How many distinct values the first columns of an index have.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Prefix {
    pub(super) index: String,
    /// How many columns, from 1.
    pub(super) columns: usize,
    /// The names of all of them; an expression's is empty.
    pub(super) names: Vec<String>,
    pub(super) distinct: f64,
    pub(super) unique: bool,
    /// It is a B-tree and no prefix of a column is in it.
    pub(super) plain: bool,
}

impl Facts {
    /// `database`.`table`.
    pub(super) fn name(&self) -> String {
        format!("{}.{}", quoted(&self.table.schema), quoted(&self.table.name))
    }

    /// Its rows as production believes.
    pub(super) fn rows(&self) -> f64 {
        self.table.rows.unwrap_or_default()
    }

    /// Distinct values of some columns in order, where an index tells them.
    pub(super) fn distinct(&self, columns: &[&str]) -> Option<f64> {
        let same = |p: &&Prefix| {
            p.plain && p.columns == columns.len() && p.names.iter().map(String::as_str).eq(columns.iter().copied())
        };
        self.prefixes.iter().find(same).map(|p| p.distinct)
    }
}

/// `MariaDB` tells each index selective by twice until 11.0 (`ha_innobase::info_low` halves what it hands to the optimizer).
const fn told_twice(engine: Engine, version_number: u32) -> bool {
    matches!(engine, Engine::MariaDb) && version_number < 110_000
}

/// Reads what is known of the tables of a catalog, views apart.
pub(super) async fn read(
    connection: &mut Connection,
    catalog: &Catalog,
) -> Result<Vec<Result<Facts, String>>, ServerError> {
    let mut all = Vec::new();
    for table in catalog.tables.iter().filter(|t| matches!(t.kind, TableKind::Table | TableKind::Partitioned)) {
        all.push(one(connection, table).await?);
    }
    Ok(all)
}

async fn one(connection: &mut Connection, table: &Table) -> Result<Result<Facts, String>, ServerError> {
    let shown = one_line(&table.name);
    let name = format!("{}.{}", quoted(&table.schema), quoted(&table.name));
    let rows = connection.ask(READING, &format!("SHOW CREATE TABLE {name}"), Vec::new()).await?;
    let ddl = rows.first().and_then(|row| text(row, 1)).unwrap_or_default();
    let definition = match Definition::read(&ddl) {
        Ok(definition) => definition,
        Err(why) => return Ok(Err(format!("{shown}: {why}"))),
    };
    let generated = |name: &str| table.column(name).is_some_and(|c| c.generated.is_some());
    let columns: Vec<String> = definition.names().filter(|name| !generated(name)).map(str::to_owned).collect();
    let key = || vec![Value::from(table.schema.as_str()), Value::from(table.name.as_str())];
    let sql = "SELECT INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, CARDINALITY, NON_UNIQUE, SUB_PART, INDEX_TYPE \
               FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? \
               ORDER BY INDEX_NAME, SEQ_IN_INDEX";
    let twice = told_twice(connection.info().engine, connection.info().version_number);
    let prefixes = prefixes(&connection.ask(READING, sql, key()).await?, twice);
    let sql = "SELECT INDEX_LENGTH FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?";
    let rows = connection.ask(READING, sql, key()).await?;
    let index_bytes = rows.first().and_then(|row| number(row, 0)).unwrap_or_default();
    let mut facts = Facts {
        table: table.clone(),
        definition,
        columns,
        prefixes,
        index_bytes,
        histograms: Vec::new(),
        partitions: Vec::new(),
        persistent: Vec::new(),
        independent: Default::default(),
    };
    if connection.info().engine == Engine::MySql {
        let sql = "SELECT COLUMN_NAME, HISTOGRAM FROM information_schema.COLUMN_STATISTICS WHERE SCHEMA_NAME = ? AND TABLE_NAME = ?";
        let rows = connection.ask(READING, sql, key()).await?;
        facts.histograms = rows.iter().filter_map(|row| Some((text(row, 0)?, text(row, 1)?))).collect();
    } else {
        for (at, (stored, columns)) in INDEPENDENT.iter().enumerate() {
            let sql = format!("SELECT {columns} FROM mysql.{stored} WHERE db_name = ? AND table_name = ?");
            let rows = if_allowed(connection.ask(READING, &sql, key()).await)?;
            facts.independent[at] = rows.into_iter().map(Row::unwrap).collect();
        }
    }
    if facts.definition.is_partitioned() {
        facts.partitions = partitions::read(connection, &table.schema, &table.name).await?;
    }
    let sql = "SELECT index_name, stat_name, stat_value FROM mysql.innodb_index_stats WHERE database_name = ? AND table_name = ?";
    let rows = if_allowed(connection.ask(READING, sql, key()).await)?;
    facts.persistent = rows.iter().filter_map(|row| Some((text(row, 0)?, text(row, 1)?, number(row, 2)?))).collect();
    Ok(Ok(facts))
}

/// MariaDB's own statistics, whatever the storage engine: the tables and their columns.
pub(super) const INDEPENDENT: [(&str, &str); 3] = [
    ("table_stats", "db_name, table_name, cardinality"),
    (
        "column_stats",
        "db_name, table_name, column_name, min_value, max_value, nulls_ratio, avg_length, avg_frequency, hist_size, hist_type, histogram",
    ),
    ("index_stats", "db_name, table_name, index_name, prefix_arity, avg_frequency"),
];

/// Nothing where the account may not read it.
pub(super) fn if_allowed(answer: Result<Vec<Row>, ServerError>) -> Result<Vec<Row>, ServerError> {
    match answer {
        Err(error) if matches!(error.kind, ErrorKind::Disconnected | ErrorKind::Cancelled) => Err(error),
        answer => Ok(answer.unwrap_or_default()),
    }
}

fn prefixes(rows: &[Row], twice: bool) -> Vec<Prefix> {
    let mut all: Vec<Prefix> = Vec::new();
    for row in rows {
        let index = text(row, 0).unwrap_or_default();
        let before = all.last().filter(|last| last.index == index);
        let mut names = before.map(|last| last.names.clone()).unwrap_or_default();
        names.push(text(row, 2).unwrap_or_default());
        let unique = text(row, 4).as_deref() == Some("0");
        let plain =
            text(row, 6).as_deref() == Some("BTREE") && text(row, 5).is_none() && before.is_none_or(|last| last.plain);
        // Empty tables and those that were never looked at have none.
        let told = number(row, 3).unwrap_or(1.0);
        let distinct = if twice && !unique { told / 2.0 } else { told }.max(1.0).round();
        all.push(Prefix { index, columns: names.len(), names, distinct, unique, plain });
    }
    all
}

/// What the data directory of a twin must have in common with production's, and the session's settings.
pub(super) async fn variables(connection: &mut Connection) -> Result<Vec<(String, String)>, ServerError> {
    let rows = connection.ask(READING, "SHOW SESSION VARIABLES", Vec::new()).await?;
    Ok(rows.iter().filter_map(|row| Some((text(row, 0)?, text(row, 1)?))).collect())
}

/// Whether a variable decides about plans and is a session's.
pub(super) fn decides(name: &str) -> bool {
    let traces = name.starts_with("optimizer_trace");
    (name.starts_with("optimizer_") && !traces) || VARIABLES.contains(&name)
}

/// The definition of a view as anybody's; `None` where the account may not see it.
pub(super) async fn view(connection: &mut Connection, table: &Table) -> Result<Option<String>, ServerError> {
    let name = format!("{}.{}", quoted(&table.schema), quoted(&table.name));
    let rows = if_allowed(connection.ask(READING, &format!("SHOW CREATE VIEW {name}"), Vec::new()).await)?;
    let Some(ddl) = rows.first().and_then(|row| text(row, 1)) else {
        return Ok(table.definition.as_ref().map(|query| format!("CREATE VIEW {name} AS {query}")));
    };
    Ok(anybodys(&ddl, &name))
}

/// `CREATE ALGORITHM=… DEFINER=… SQL SECURITY … VIEW name AS …` without the definer, and with the whole name.
fn anybodys(ddl: &str, name: &str) -> Option<String> {
    let upper = ddl.to_ascii_uppercase();
    let query = upper.find(" AS ")?;
    let algorithm = ["MERGE", "TEMPTABLE"].into_iter().find(|a| upper[..query].contains(&format!("ALGORITHM={a}")));
    let algorithm = algorithm.map_or(String::new(), |a| format!("ALGORITHM={a} "));
    // A name could hold " AS ", but then the rest is no query and the twin's server says so.
    Some(format!("CREATE {algorithm}VIEW {name}{}", &ddl[query..]))
}

#[cfg(test)]
mod tests {
    use super::{anybodys, decides};

    #[test]
    fn a_view_is_made_without_its_definer() {
        let ddl = "CREATE ALGORITHM=MERGE DEFINER=`a`@`%` SQL SECURITY DEFINER VIEW `v` AS select 1 AS `x`";
        assert_eq!(anybodys(ddl, "`s`.`v`").as_deref(), Some("CREATE ALGORITHM=MERGE VIEW `s`.`v` AS select 1 AS `x`"));
        let ddl = "CREATE ALGORITHM=UNDEFINED DEFINER=`a`@`%` SQL SECURITY INVOKER VIEW `v` AS select 1";
        assert_eq!(anybodys(ddl, "`v`").as_deref(), Some("CREATE VIEW `v` AS select 1"));
    }

    #[test]
    fn settings_of_the_optimizer_are_taken_over_and_its_trace_is_not() {
        for (name, taken) in [
            ("optimizer_switch", true),
            ("optimizer_disk_read_cost", true),
            ("optimizer_trace", false),
            ("sql_mode", true),
            ("autocommit", false),
            ("max_execution_time", false),
        ] {
            assert_eq!(decides(name), taken, "{name}");
        }
    }
}
