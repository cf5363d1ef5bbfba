//! Logs of PostgreSQL: `duration: … ms  statement: …` and what `auto_explain` writes, in the plain format with any prefix, as CSV, as JSON
//! and through syslog (PostgreSQL 18: `src/backend/tcop/postgres.c`, `check_log_duration`; `src/backend/utils/error/{elog,csvlog,jsonlog}.c`).

use std::collections::HashSet;

use crate::{plan::Engine, read, server::busiest::Spent, sql};

/// A message with what is said of it in detail.
#[derive(Default)]
struct Entry {
    message: String,
    detail: String,
}

/// Places of a CSV log's columns, from 0, the same since PostgreSQL 9.0.
mod column {
    pub(super) const DATABASE: usize = 2;
    pub(super) const MESSAGE: usize = 13;
    pub(super) const DETAIL: usize = 14;
}

/// A line of a log in JSON.
#[derive(serde::Deserialize)]
struct Line {
    #[serde(default)]
    dbname: Option<String>,
    #[serde(default)]
    message: String,
    #[serde(default)]
    detail: String,
}

/// Every run in it; `database`: of what ran there, where the log tells. A statement that is logged both with its duration and with
/// its plan counts by its durations.
pub(super) fn runs(text: &str, database: Option<&str>) -> Vec<Spent> {
    let entries = entries(text, database);
    let mut runs: Vec<Spent> = entries.iter().filter_map(run).collect();
    let timed: HashSet<String> = runs.iter().map(|run| sql::alike(&run.sql, Engine::PostgreSql)).collect();
    for entry in entries.iter().filter(|e| e.message.contains(" ms  plan:")) {
        let (plans, _) = read::read_partial(&entry.message);
        let query = plans.into_iter().find_map(|plan| plan.query);
        let (Some(sql), Some((total_ms, _))) = (query, duration(&entry.message)) else { continue };
        let sql = sql.trim().trim_end_matches(';').to_owned();
        if !timed.contains(&sql::alike(&sql, Engine::PostgreSql)) {
            runs.push(Spent { sql, calls: 1.0, total_ms, ..Spent::default() });
        }
    }
    runs
}

fn entries(text: &str, database: Option<&str>) -> Vec<Entry> {
    let here = |name: Option<&str>| match (database, name) {
        (Some(wanted), Some(name)) => wanted == name,
        _ => true,
    };
    let first = text.trim_start().lines().next().unwrap_or_default();
    if first.starts_with('{') && first.contains("\"message\"") {
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
        return lines
            .filter(|line| here(line.dbname.as_deref()))
            .map(|line| Entry { message: line.message, detail: line.detail })
            .collect();
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().filter_map(Result::ok).collect();
    if rows.iter().any(|row| row.len() > column::DETAIL)
        && rows.iter().filter(|row| row.len() > column::DETAIL).count() * 2 > rows.len()
    {
        return rows
            .iter()
            .filter(|row| here(row.get(column::DATABASE)))
            .map(|row| Entry {
                message: row.get(column::MESSAGE).unwrap_or_default().to_owned(),
                detail: row.get(column::DETAIL).unwrap_or_default().to_owned(),
            })
            .collect();
    }
    plain(text)
}

/// The plain format: a prefix that can be anything, `LOG:  ` and the message, whose further lines begin with a tab.
fn plain(text: &str) -> Vec<Entry> {
    /// Whose text the lines that follow belong to.
    enum Into {
        Message,
        Detail,
        Nothing,
    }
    let mut entries: Vec<Entry> = Vec::new();
    let mut into = Into::Nothing;
    for line in text.lines() {
        let line = read::without_syslog(line).map_or(std::borrow::Cow::Borrowed(line), std::borrow::Cow::Owned);
        if let Some(message) = after(&line, "LOG:  ") {
            entries.push(Entry { message: message.to_owned(), detail: String::new() });
            into = Into::Message;
        } else if let Some(detail) = after(&line, "DETAIL:  ") {
            if let Some(last) = entries.last_mut() {
                detail.clone_into(&mut last.detail);
            }
            into = Into::Detail;
        } else if ["STATEMENT:  ", "HINT:  ", "CONTEXT:  ", "ERROR:  ", "WARNING:  ", "FATAL:  ", "QUERY:  "]
            .iter()
            .any(|other| after(&line, other).is_some())
        {
            into = Into::Nothing;
        } else if let (Some(last), Some(more)) = (entries.last_mut(), line.strip_prefix('\t')) {
            let text = match into {
                Into::Message => &mut last.message,
                Into::Detail => &mut last.detail,
                Into::Nothing => continue,
            };
            text.push('\n');
            text.push_str(more);
        }
    }
    entries
}

/// What stands behind the name of a severity, which a prefix or nothing stands before.
fn after<'a>(line: &'a str, severity: &str) -> Option<&'a str> {
    if line.starts_with('\t') {
        return None;
    }
    let (before, rest) = line.split_once(severity)?;
    // A further line of a statement would begin with a tab; a prefix holds no quote.
    (!before.contains('\'') && !before.ends_with(char::is_alphanumeric)).then_some(rest)
}

/// Milliseconds, and what stands behind them.
fn duration(message: &str) -> Option<(f64, &str)> {
    let (ms, rest) = message.strip_prefix("duration: ")?.split_once(" ms")?;
    let ms = ms.trim().parse().ok().filter(|ms: &f64| ms.is_finite() && *ms >= 0.0)?;
    Some((ms, rest.trim_start()))
}

/// A run that is logged with its duration, its values in the statement where they are told.
fn run(entry: &Entry) -> Option<Spent> {
    let (total_ms, rest) = duration(&entry.message)?;
    let sql = match rest.strip_prefix("statement: ") {
        Some(sql) => sql,
        // `execute <unnamed>: …`, `execute fetch from cursor/name: …`; parse and bind are parts of the same run.
        None => rest.strip_prefix("execute ")?.split_once(": ")?.1,
    };
    let values = values(&entry.detail);
    let sql = if values.is_empty() {
        sql.trim().to_owned()
    } else {
        let value = |name: &str| values.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
        sql::fill(sql.trim(), Engine::PostgreSql, value).sql
    };
    Some(Spent { sql, calls: 1.0, total_ms, ..Spent::default() })
}

/// `parameters: $1 = '5', $2 = NULL` (`Parameters:` since 16), a quote in a value twice.
fn values(detail: &str) -> Vec<(String, String)> {
    let Some((label, mut rest)) = detail.split_once(": ") else { return Vec::new() };
    let mut found = Vec::new();
    if !label.eq_ignore_ascii_case("parameters") {
        return found;
    }
    while let Some((name, value)) = rest.trim_start_matches([',', ' ']).split_once(" = ") {
        let end = match value.strip_prefix('\'') {
            None => value.find(',').unwrap_or(value.len()),
            Some(text) => {
                let mut at = 0;
                loop {
                    let Some(quote) = text[at..].find('\'') else { return found };
                    at += quote + 1;
                    if text[at..].starts_with('\'') {
                        at += 1;
                    } else {
                        break at + 1;
                    }
                }
            }
        };
        // A value that the server cut is no value.
        if !value[..end].ends_with("...'") {
            found.push((name.to_owned(), value[..end].trim().to_owned()));
        }
        rest = &value[end..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{runs, values};

    fn told(log: &str) -> Vec<(String, f64)> {
        runs(log, Some("shop")).into_iter().map(|run| (run.sql, run.total_ms)).collect()
    }

    #[test]
    fn every_format_tells_statements_durations_and_values() {
        let wanted = [
            ("select *\nfrom orders where note = 'a'".to_owned(), 12.5),
            ("select * from orders where id = '7' and note = 'it''s, $1 = ''x'''".to_owned(), 3.0),
        ];
        let plain = "2026-11-27 20:00:00 UTC [12] ann@shop LOG:  duration: 12.5 ms  statement: select *\n\tfrom orders where note = 'a'\n\
            2026-11-27 20:00:00 UTC [12] ann@shop ERROR:  nothing\n\
            2026-11-27 20:00:00 UTC [12] ann@shop STATEMENT:  select x\n\tfrom y\n\
            2026-11-27 20:00:01 UTC [12] ann@shop LOG:  duration: 0.1 ms  bind <unnamed>: select * from orders where id = $1 and note = $2\n\
            2026-11-27 20:00:01 UTC [12] ann@shop LOG:  duration: 3.0 ms  execute <unnamed>: select * from orders where id = $1 and note = $2\n\
            2026-11-27 20:00:01 UTC [12] ann@shop DETAIL:  Parameters: $1 = '7', $2 = 'it''s, $1 = ''x'''\n";
        assert_eq!(told(plain), wanted);
        let csv = "2026-11-27 20:00:00.000 UTC,\"ann\",\"shop\",12,\"[local]\",65.1,1,\"SELECT\",2026-11-27 19:00:00 UTC,3/4,0,LOG,00000,\"duration: 12.5 ms  statement: select *\nfrom orders where note = 'a'\",,,,,,,,,\"psql\",\"client backend\",,0\n\
            2026-11-27 20:00:00.000 UTC,\"ann\",\"other\",12,\"[local]\",65.1,1,\"SELECT\",2026-11-27 19:00:00 UTC,3/4,0,LOG,00000,\"duration: 12.5 ms  statement: select 2\",,,,,,,,,\"psql\",\"client backend\",,0\n\
            2026-11-27 20:00:01.000 UTC,\"ann\",\"shop\",12,\"[local]\",65.1,2,\"SELECT\",2026-11-27 19:00:00 UTC,3/4,0,LOG,00000,\"duration: 3.0 ms  execute <unnamed>: select * from orders where id = $1 and note = $2\",\"Parameters: $1 = '7', $2 = 'it''s, $1 = ''x'''\",,,,,,,,\"psql\",\"client backend\",,0\n";
        assert_eq!(told(csv), wanted);
        let json = "{\"timestamp\":\"2026\",\"dbname\":\"shop\",\"error_severity\":\"LOG\",\"message\":\"duration: 12.5 ms  statement: select *\\nfrom orders where note = 'a'\"}\n\
            {\"timestamp\":\"2026\",\"dbname\":\"shop\",\"message\":\"duration: 3.0 ms  execute s1: select * from orders where id = $1 and note = $2\",\"detail\":\"parameters: $1 = '7', $2 = 'it''s, $1 = ''x'''\"}\n";
        assert_eq!(told(json), wanted);
    }

    #[test]
    fn a_plan_in_the_log_counts_where_no_duration_does() {
        let plan = "LOG:  duration: 8.5 ms  plan:\n\tQuery Text: select b\n\tfrom t;\n\tSeq Scan on t  (cost=0.00..1.01 rows=1 width=4)\n";
        let found = told(plan);
        assert_eq!(found.len(), 1);
        assert!(found[0].0.starts_with("select b") && (found[0].1 - 8.5).abs() < 1e-9, "{found:?}");
        let both = format!("{plan}LOG:  duration: 9.0 ms  statement: select b from t\n");
        assert_eq!(told(&both), [("select b from t".to_owned(), 9.0)]);
    }

    #[test]
    fn values_end_where_their_quotes_do() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(values("parameters: $1 = NULL, $2 = 'a'', b'"), [pair("$1", "NULL"), pair("$2", "'a'', b'")]);
        assert_eq!(values("parameters: $1 = 'cut..."), []);
        assert_eq!(values("parameters: $1 = 'abc...'"), []);
        assert_eq!(values("while reading"), []);
    }
}
