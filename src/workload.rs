//! Where slow queries come from besides what a person types: the server's own statistics and its logs.

pub mod logs;
mod postgres_log;
mod slow_log;
pub mod values;

use std::collections::HashMap;

use crate::{plan::Engine, server::busiest::Spent, sql};

/// Puts runs of statements that differ in values only together, under the text of the slowest of them. The dearest come first.
#[must_use]
pub fn together(runs: Vec<Spent>, engine: Engine) -> Vec<Spent> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut all: Vec<(f64, Spent)> = Vec::new();
    for run in runs {
        let slowest = if run.calls > 0.0 { run.total_ms / run.calls } else { 0.0 };
        let key = sql::alike(&run.sql, engine);
        let Some((worst, sum)) = places.get(&key).and_then(|at| all.get_mut(*at)) else {
            places.insert(key, all.len());
            all.push((slowest, run));
            continue;
        };
        if slowest > *worst {
            *worst = slowest;
            sum.sql.clone_from(&run.sql);
        }
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
    }
    let mut all: Vec<Spent> = all.into_iter().map(|(_, sum)| sum).collect();
    all.sort_by(|a, b| b.total_ms.total_cmp(&a.total_ms));
    all
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
    use super::{Reads, reads, together};
    use crate::{plan::Engine, server::busiest::Spent};

    #[test]
    fn statements_of_tools_are_told_from_those_of_people() {
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
        let found = together(all, Engine::PostgreSql);
        let told: Vec<_> = found.iter().map(|s| (s.sql.as_str(), s.calls, s.total_ms, s.rows)).collect();
        assert_eq!(told, [("SELECT * FROM t WHERE a = 22", 3.0, 56.0, Some(6.0)), ("select 1", 1.0, 30.0, Some(2.0))]);
    }
}
