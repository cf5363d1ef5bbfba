//! Where slow queries come from besides what a person types: the server's own statistics and its logs.

pub mod logs;
mod postgres_log;
mod slow_log;
pub mod values;

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use crate::{plan::Engine, server::busiest::Spent, sql};

/// Runs of statements, those that differ in values only added up under the text of the slowest of them.
#[derive(Debug, Default)]
pub struct Sums {
    timed: Group,
    /// Known by their plans alone: a statement that is logged both with its duration and with its plan counts by its durations.
    planned: Group,
}

/// Two hashes of what alike statements have in common: a text of it for each would double what a log takes in memory.
type Key = [u64; 2];

#[derive(Debug, Default)]
struct Group {
    places: HashMap<Key, usize>,
    /// The slowest run, milliseconds, and the sum.
    all: Vec<(Key, f64, Spent)>,
}

impl Group {
    fn add(&mut self, key: Key, run: Spent) {
        let slowest = if run.calls > 0.0 { run.total_ms / run.calls } else { 0.0 };
        let Some((_, worst, sum)) = self.places.get(&key).and_then(|at| self.all.get_mut(*at)) else {
            self.places.insert(key, self.all.len());
            self.all.push((key, slowest, run));
            return;
        };
        sum.calls += run.calls;
        sum.total_ms += run.total_ms;
        for (sum, more) in [
            (&mut sum.rows, run.rows),
            (&mut sum.examined, run.examined),
            (&mut sum.read_bytes, run.read_bytes),
            (&mut sum.spilt_bytes, run.spilt_bytes),
        ] {
            if let Some(more) = more {
                *sum = Some(sum.unwrap_or(0.0) + more);
            }
        }
        if slowest > *worst {
            *worst = slowest;
            sum.sql = run.sql;
        }
    }
}

fn key(statement: &str, engine: Engine) -> Key {
    let common = sql::alike(statement, engine);
    [0_u8, 1].map(|salt| {
        let mut hasher = DefaultHasher::new();
        (salt, &common).hash(&mut hasher);
        hasher.finish()
    })
}

impl Sums {
    /// Adds a run.
    pub fn add(&mut self, run: Spent, engine: Engine) {
        self.timed.add(key(&run.sql, engine), run);
    }

    /// Adds a run that a plan tells of, which counts unless the statement was logged with durations too.
    pub fn add_planned(&mut self, run: Spent, engine: Engine) {
        self.planned.add(key(&run.sql, engine), run);
    }

    /// How many different statements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.timed.all.len() + self.planned.all.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sums, the dearest first.
    #[must_use]
    pub fn into_statements(self) -> Vec<Spent> {
        let Self { timed, planned } = self;
        let planned = planned.all.into_iter().filter(|(key, ..)| !timed.places.contains_key(key));
        let mut all: Vec<Spent> = planned.map(|(.., sum)| sum).collect();
        all.extend(timed.all.into_iter().map(|(.., sum)| sum));
        all.sort_by(|a, b| b.total_ms.total_cmp(&a.total_ms));
        all
    }
}

/// Whether a statement is one of people's queries on their tables: neither an EXPLAIN nor a setting, nor a question of whyslow's own.
#[must_use]
pub fn is_query(statement: &str, engine: Engine) -> bool {
    sql::QUERIES.contains(&sql::first_word(statement, engine).as_str())
        && !is_own(statement, engine)
        && reads(statement, engine) == Reads::Tables
}

/// Whether whyslow asked it. Digests keep no comments, but names: what samples tables names a column so, or a table of its own.
fn is_own(statement: &str, engine: Engine) -> bool {
    // On PostgreSQL samples are taken by this clause, always the same.
    let sampled = engine == Engine::PostgreSql
        && statement.contains("TABLESAMPLE SYSTEM (")
        && statement.contains("REPEATABLE (")
        && statement.contains(")::text");
    sampled
        || (statement.to_ascii_lowercase().contains("whyslow_") && sql::names_begin_with(statement, "whyslow_", engine))
}

/// Whether it asks the server's catalogs alone or how a statement would run, or is one of whyslow's own.
#[must_use]
pub fn is_of_tools(statement: &str, engine: Engine) -> bool {
    // Parsing every statement of a log would take longer than reading it.
    const SIGNS: [&str; 5] = ["pg_", "information_schema", "performance_schema", "mysql", "sys"];
    const ASKING: [&str; 4] = ["show", "explain", "describe", "desc"];
    let lower = statement.to_ascii_lowercase();
    let asks =
        lower.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty()).is_some_and(|w| ASKING.contains(&w));
    asks || (SIGNS.iter().any(|sign| lower.contains(sign)) && reads(statement, engine) == Reads::Catalogs)
        || is_own(statement, engine)
}

/// What a statement reads of the database's own tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// Tables of the database.
    Tables,
    /// The server's catalogs alone, as tools do (this one too).
    Catalogs,
    /// None.
    Nothing,
}

/// What a statement reads, by the names of its tables.
#[must_use]
pub fn reads(statement: &str, engine: Engine) -> Reads {
    let system = |(schema, name): &(Option<String>, String)| match schema.as_deref() {
        // Those of extensions too: `pg_stat_statements`.
        _ if engine == Engine::PostgreSql && name.to_lowercase().starts_with("pg_") => true,
        Some(schema) => ["pg_catalog", "information_schema", "performance_schema", "mysql", "sys"]
            .iter()
            .any(|own| schema.eq_ignore_ascii_case(own)),
        None => false,
    };
    let tables = sql::classify(statement, engine).tables;
    match tables.iter().filter(|table| system(table)).count() {
        0 if tables.is_empty() => Reads::Nothing,
        n if n == tables.len() => Reads::Catalogs,
        _ => Reads::Tables,
    }
}

#[cfg(test)]
mod tests {
    use super::{Reads, Sums, is_of_tools, is_query, reads};
    use crate::{plan::Engine, server::busiest::Spent};

    #[test]
    fn statements_of_tools_are_told_from_those_of_people() {
        for (sql, expected) in [
            ("EXPLAIN (FORMAT JSON) select * from orders", true),
            ("(show tables)", true),
            ("select 'explain' from orders", false),
            ("describe orders", true),
        ] {
            assert_eq!(is_of_tools(sql, Engine::PostgreSql), expected, "{sql}");
        }
        for (engine, sql, expected) in [
            (
                Engine::PostgreSql,
                "select * from pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace",
                Reads::Catalogs,
            ),
            (Engine::PostgreSql, "select * from pg_class, orders", Reads::Tables),
            (Engine::PostgreSql, "select current_setting($1)", Reads::Nothing),
            (Engine::MySql, "select * from information_schema.TABLES", Reads::Catalogs),
            (Engine::MySql, "update pg_orders set a = ?", Reads::Tables),
        ] {
            assert_eq!(reads(sql, engine), expected, "{sql}");
        }
    }

    #[test]
    fn runs_that_differ_in_values_add_up_under_the_slowest() {
        let run = |sql: &str, total_ms| Spent {
            sql: sql.to_owned(),
            calls: 1.0,
            total_ms,
            rows: Some(2.0),
            ..Spent::default()
        };
        let all = vec![
            run("select * from t where a = 1", 5.0),
            run("select 1", 30.0),
            run("SELECT * FROM t WHERE a = 22", 50.0),
            run("select * from t where a = 3", 1.0),
        ];
        let mut sums = Sums::default();
        for run in all {
            sums.add(run, Engine::PostgreSql);
        }
        for sql in ["select 2", "select * from u"] {
            sums.add_planned(run(sql, 2.0), Engine::PostgreSql);
        }
        let found = sums.into_statements();
        let told: Vec<_> = found.iter().map(|s| (s.sql.as_str(), s.calls, s.total_ms, s.rows)).collect();
        assert_eq!(
            told,
            [
                ("SELECT * FROM t WHERE a = 22", 3.0, 56.0, Some(6.0)),
                ("select 1", 1.0, 30.0, Some(2.0)),
                ("select * from u", 1.0, 2.0, Some(2.0))
            ]
        );
    }

    #[test]
    fn what_tools_ask_is_no_query_of_people() {
        for (sql, query, tool) in [
            ("explain select * from t", false, true),
            ("EXPLAIN FORMAT=JSON SELECT * FROM t", false, true),
            ("commit", false, false),
            ("alter table t add column a int", false, false),
            ("with a as (select * from t) select * from a", true, false),
            ("(select * from t)", true, false),
            ("select 1", false, false),
            ("SELECT ? AS `whyslow_place` , ? , CRC32 ( LOWER ( `a` ) ) FROM `t`", false, true),
            ("select * from whyslow_test.t", true, false),
            ("select * from information_schema.tables", false, true),
        ] {
            assert_eq!((is_query(sql, Engine::MySql), is_of_tools(sql, Engine::MySql)), (query, tool), "{sql}");
        }
    }
}
