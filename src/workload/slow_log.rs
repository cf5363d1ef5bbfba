//! The slow query log of MySQL and MariaDB: lines that begin with `#` tell of the statement below them
//! (MySQL 9.7 manual, "The Slow Query Log"; MariaDB, "Slow Query Log Extended Statistics").

use crate::{plan::Engine, server::busiest::Spent};

/// The line every entry has.
const TIME: &str = "# Query_time: ";

/// Whether a text is one.
pub(super) fn is_one(text: &str) -> bool {
    begins_a_line(text, TIME)
}

/// Whose it is: MariaDB's entries tell the thread.
pub(super) fn engine(text: &str) -> Engine {
    if begins_a_line(text, "# Thread_id: ") { Engine::MariaDb } else { Engine::MySql }
}

fn begins_a_line(text: &str, wanted: &str) -> bool {
    text.starts_with(wanted)
        || text.match_indices(wanted).any(|(at, _)| text.as_bytes().get(at.wrapping_sub(1)) == Some(&b'\n'))
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
    fn done(self, add: &mut impl FnMut(Spent), wanted: bool) {
        let sql = self.sql.trim().trim_end_matches(';').trim_end();
        let (Some(total_ms), false, true) = (self.ms, sql.is_empty(), wanted) else { return };
        let sql = sql.to_owned();
        add(Spent { sql, calls: 1.0, total_ms, rows: self.sent, examined: self.examined, ..Spent::default() });
    }
}

/// Whether a line that looks like the head of an entry is one, by the line after it: a statement may hold such a text too.
fn is_head(told: &str, next: Option<&&str>) -> bool {
    let followed = |by: &str| next.is_none_or(|next| next.starts_with(by));
    (told.starts_with("Time: ") && (followed("# User@Host: ") || followed("# Query_time: ")))
        || (told.starts_with("User@Host: ") && followed("# "))
}

/// Gives every run in it; `database`: of what ran there, as the last `use` or `Schema:` says.
pub(super) fn runs(text: &str, database: Option<&str>, add: &mut impl FnMut(Spent)) {
    let mut entry = Entry::default();
    let mut current: Option<String> = None;
    let wanted = |current: Option<&str>| match (database, current) {
        (Some(wanted), Some(current)) => wanted.eq_ignore_ascii_case(current),
        _ => true,
    };
    // What a server writes when it starts: its name with its version, then two lines of headings.
    let mut headings = 0;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if headings > 0 {
            headings -= 1;
            continue;
        }
        if line.contains(", Version: ") && line.trim_end().ends_with("started with:") {
            headings = 2;
            continue;
        }
        if let Some(told) = line.strip_prefix("# ") {
            let head = is_head(told, lines.peek()) || (line.starts_with(TIME) && told.contains("Lock_time: "));
            let within = !entry.sql.trim().is_empty();
            if within && !head {
                // A comment, or a line of a text.
                entry.sql.push_str(line);
                entry.sql.push('\n');
                continue;
            }
            if within || (line.starts_with(TIME) && entry.ms.is_some()) || !line.starts_with(TIME) && head {
                std::mem::take(&mut entry).done(add, wanted(current.as_deref()));
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
        if entry.sql.trim().is_empty() {
            if behind(line, "set timestamp=").is_some() {
                continue;
            }
            if let Some(name) = behind(line, "use ") {
                current = Some(name.trim_end_matches(';').trim_matches('`').to_owned());
                continue;
            }
        }
        if entry.ms.is_some() {
            entry.sql.push_str(line);
            entry.sql.push('\n');
        }
    }
    entry.done(add, wanted(current.as_deref()));
}

/// What stands behind the beginning of a line, which is compared in any case.
fn behind<'a>(line: &'a str, beginning: &str) -> Option<&'a str> {
    let (start, rest) = line.trim().split_at_checked(beginning.len())?;
    start.eq_ignore_ascii_case(beginning).then_some(rest)
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
    use crate::server::busiest::Spent;

    fn all(log: &str, database: Option<&str>) -> Vec<Spent> {
        let mut all = Vec::new();
        runs(log, database, &mut |run| all.push(run));
        all
    }

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
            all(LOG, database).into_iter().map(|r| (r.sql, r.total_ms, r.examined)).collect()
        };
        let first = ("select *\nfrom orders -- # Query_time: 9\nwhere note = 'a'".to_owned(), 1250.0, Some(200_000.0));
        let second = ("select 2".to_owned(), 2000.0, Some(9.0));
        assert_eq!(told(None), [first.clone(), second]);
        assert_eq!(told(Some("shop")), [first]);
    }

    #[test]
    fn a_database_keeps_its_case_and_a_text_its_lines() {
        let log = "# Time: 2026-11-27T20:00:00.000000Z\n# User@Host: ann[ann] @ localhost []  Id:     8\n\
            # Query_time: 1.0  Lock_time: 0.0 Rows_sent: 1  Rows_examined: 1\nuse MyDb;\nSET timestamp=1795000000;\n\
            select 'a\n# Time: noon\n# a remark\nb';\n\
            # User@Host: ann[ann] @ localhost []  Id:     8\n\
            # Query_time: 2.0  Lock_time: 0.0 Rows_sent: 1  Rows_examined: 1\nSET timestamp=1795000001;\nselect 2;\n";
        for database in ["MyDb", "mydb"] {
            let found: Vec<String> = all(log, Some(database)).into_iter().map(|run| run.sql).collect();
            assert_eq!(found, ["select 'a\n# Time: noon\n# a remark\nb'", "select 2"]);
        }
        assert!(all(log, Some("other")).is_empty());
    }
}
