//! The slow query log of MySQL and MariaDB: lines that begin with `#` tell of the statement below them
//! (MySQL 9.7 manual, "The Slow Query Log"; MariaDB, "Slow Query Log Extended Statistics").

use crate::{plan::Engine, server::busiest::Spent};

/// The line every entry has.
const TIME: &str = "# Query_time: ";

/// Whether a text is one.
pub(super) fn is_one(text: &str) -> bool {
    text.lines().any(|line| line.starts_with(TIME))
}

/// Whose it is: MariaDB's entries tell the thread.
pub(super) fn engine(text: &str) -> Engine {
    if text.lines().any(|line| line.starts_with("# Thread_id: ")) { Engine::MariaDb } else { Engine::MySql }
}

/// An entry in the making.
#[derive(Default)]
struct Entry {
    ms: Option<f64>,
    sent: Option<f64>,
    examined: Option<f64>,
    sql: String,
}

impl Entry {
    fn done(self, runs: &mut Vec<Spent>, wanted: bool) {
        let sql = self.sql.trim().trim_end_matches(';').trim_end();
        let (Some(total_ms), false, true) = (self.ms, sql.is_empty(), wanted) else { return };
        let sql = sql.to_owned();
        runs.push(Spent { sql, calls: 1.0, total_ms, rows: self.sent, examined: self.examined, ..Spent::default() });
    }
}

/// Every run in it; `database`: of what ran there, as the last `use` or `Schema:` says.
pub(super) fn runs(text: &str, database: Option<&str>) -> Vec<Spent> {
    let mut runs = Vec::new();
    let mut entry = Entry::default();
    let mut current: Option<String> = None;
    let wanted = |current: &Option<String>| match (database, current) {
        (Some(wanted), Some(current)) => wanted == current,
        _ => true,
    };
    // What a server writes when it starts: its name with its version, then two lines of headings.
    let mut headings = 0;
    for line in text.lines() {
        if headings > 0 {
            headings -= 1;
            continue;
        }
        if line.contains(", Version: ") && line.trim_end().ends_with("started with:") {
            headings = 2;
            continue;
        }
        if let Some(told) = line.strip_prefix("# ") {
            if told.starts_with("Time: ") || told.starts_with("User@Host: ") {
                std::mem::take(&mut entry).done(&mut runs, wanted(&current));
            }
            if line.starts_with(TIME) && entry.ms.is_some() {
                std::mem::take(&mut entry).done(&mut runs, wanted(&current));
            }
            // MariaDB names the schema of every statement.
            if let Some(schema) = value(told, "Schema: ").filter(|schema| !schema.is_empty()) {
                current = Some(schema.to_owned());
            }
            entry.ms = number(told, "Query_time: ").map(|seconds| seconds * 1_000.0).or(entry.ms);
            entry.sent = number(told, "Rows_sent: ").or(entry.sent);
            entry.examined = number(told, "Rows_examined: ").or(entry.examined);
            continue;
        }
        let lower = line.trim().to_lowercase();
        let first = entry.sql.trim().is_empty();
        if first && lower.starts_with("set timestamp=") {
            continue;
        }
        if first && let Some(name) = lower.strip_prefix("use ").map(|name| name.trim_end_matches(';').trim_matches('`'))
        {
            current = Some(name.to_owned());
            continue;
        }
        if entry.ms.is_some() {
            entry.sql.push_str(line);
            entry.sql.push('\n');
        }
    }
    entry.done(&mut runs, wanted(&current));
    runs
}

/// The word behind a label.
fn value<'a>(line: &'a str, label: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(label)?;
    Some(rest.split(char::is_whitespace).next().unwrap_or_default())
}

fn number(line: &str, label: &str) -> Option<f64> {
    value(line, label)?.parse().ok().filter(|n: &f64| n.is_finite() && *n >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::{is_one, runs};

    const LOG: &str = "\
/usr/sbin/mysqld, Version: 9.7.4 (MySQL Community Server - GPL). started with:
Tcp port: 3306  Unix socket: /tmp/mysql.sock
Time                 Id Command    Argument
# Time: 2026-11-27T20:00:00.000000Z
# User@Host: ann[ann] @ localhost []  Id:     8
# Query_time: 1.250000  Lock_time: 0.000003 Rows_sent: 5  Rows_examined: 200000
use shop;
SET timestamp=1795000000;
select *
from orders -- # Query_time: 9
where note = 'a';
# User@Host: ann[ann] @ localhost []  Id:     8
# Query_time: 0.5  Lock_time: 0.0 Rows_sent: 0  Rows_examined: 7
SET timestamp=1795000001;
# administrator command: Quit;
# Time: 261127 20:00:01
# User@Host: bob[bob] @  [10.0.0.1]
# Thread_id: 9  Schema: other  QC_hit: No
# Query_time: 2.0  Lock_time: 0.0  Rows_sent: 1  Rows_examined: 9
SET timestamp=1795000002;
select 2;
";

    #[test]
    fn every_statement_comes_with_its_time_and_its_rows() {
        assert!(is_one(LOG) && !is_one("select 1"));
        let told = |database| -> Vec<(String, f64, Option<f64>)> {
            runs(LOG, database).into_iter().map(|r| (r.sql, r.total_ms, r.examined)).collect()
        };
        let first = ("select *\nfrom orders -- # Query_time: 9\nwhere note = 'a'".to_owned(), 1250.0, Some(200_000.0));
        let second = ("select 2".to_owned(), 2000.0, Some(9.0));
        assert_eq!(told(None), [first.clone(), second]);
        assert_eq!(told(Some("shop")), [first]);
    }
}
