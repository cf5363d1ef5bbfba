//! Logs of PostgreSQL: `duration: … ms  statement: …` and what `auto_explain` writes, in the plain format with any prefix, as CSV, as JSON
//! and through syslog (PostgreSQL 18: `src/backend/tcop/postgres.c`, `check_log_duration`; `src/backend/utils/error/{elog,csvlog,jsonlog}.c`).

use std::{borrow::Cow, collections::HashMap};

use crate::{plan::Engine, read, server::busiest::Spent, sql};

/// A run of a statement, and what told of it.
#[derive(Debug)]
pub(super) enum Run {
    /// Its duration.
    Timed(Spent),
    /// Its plan, by `auto_explain`.
    Planned(Spent),
}

/// A message with what is said of it in detail.
#[derive(Default)]
struct Entry {
    /// What tells the process; empty where nothing does.
    process: String,
    /// Whether it is an error.
    failed: bool,
    message: String,
    detail: String,
}

/// Places of a CSV log's columns, from 0, the same since PostgreSQL 9.0.
mod column {
    pub(super) const DATABASE: usize = 2;
    pub(super) const PROCESS: usize = 3;
    pub(super) const SEVERITY: usize = 11;
    pub(super) const MESSAGE: usize = 13;
    pub(super) const DETAIL: usize = 14;
}

/// A line of a log in JSON.
#[derive(serde::Deserialize)]
struct Line {
    dbname: Option<String>,
    pid: Option<u64>,
    error_severity: Option<String>,
    message: Option<String>,
    detail: Option<String>,
}

/// Bytes of a log that tell its format.
const BEGINNING: usize = 256 * 1024;
/// A longer run is none: more than thirty years, milliseconds.
const LONGEST_MS: f64 = 1e12;
/// Severities (`src/backend/utils/error/elog.c`, `error_severity`) and the labels of what follows a message, in the order of their frequency.
const LABELS: [&str; 21] = [
    "LOG",
    "DETAIL",
    "STATEMENT",
    "ERROR",
    "HINT",
    "CONTEXT",
    "WARNING",
    "FATAL",
    "PANIC",
    "NOTICE",
    "INFO",
    "QUERY",
    "LOCATION",
    "BACKTRACE",
    "DEBUG",
    "DEBUG1",
    "DEBUG2",
    "DEBUG3",
    "DEBUG4",
    "DEBUG5",
    "COMMERROR",
];

/// Gives every run in it; `database`: of what ran there, where the log tells.
pub(super) fn runs(text: &str, database: Option<&str>, add: &mut impl FnMut(Run)) {
    let mut any = false;
    let mut statements = Statements::default();
    let mut take = |entry: Entry| {
        if let Some(run) = statements.run(&entry) {
            any = true;
            add(run);
        }
    };
    let mut end = BEGINNING.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let beginning = text.get(..end).unwrap_or_default();
    // The first line may be cut.
    if beginning.lines().take(100).any(|line| line.starts_with('{') && parsed(line).is_some()) {
        return json(text, database, &mut take);
    }
    let wide = |row: &csv::StringRecord| row.len() > column::DETAIL;
    let tell = |row: &csv::StringRecord| row.get(column::SEVERITY).is_some_and(|word| LABELS.contains(&word));
    let rows: Vec<csv::StringRecord> =
        reader(beginning).records().filter_map(Result::ok).filter(wide).take(300).collect();
    let table = !rows.is_empty() && rows.iter().filter(|row| tell(row)).count() * 2 > rows.len();
    if table {
        csv(text, database, &mut take);
    } else {
        plain(text, &mut take);
    }
    if !any && table {
        plain(text, &mut |entry| statements.run(&entry).into_iter().for_each(&mut *add));
    } else if !any {
        csv(text, database, &mut |entry| statements.run(&entry).into_iter().for_each(&mut *add));
    }
}

fn is_here(database: Option<&str>, name: Option<&str>) -> bool {
    match (database, name) {
        (Some(wanted), Some(name)) => wanted == name,
        _ => true,
    }
}

fn parsed(line: &str) -> Option<Line> {
    serde_json::from_str::<Line>(line).ok().filter(|line| line.message.is_some())
}

fn json(text: &str, database: Option<&str>, take: &mut impl FnMut(Entry)) {
    for line in text.lines().filter_map(parsed).filter(|line| is_here(database, line.dbname.as_deref())) {
        take(Entry {
            process: line.pid.map_or_else(String::new, |pid| pid.to_string()),
            failed: line.error_severity.as_deref().is_some_and(is_failure),
            message: line.message.unwrap_or_default(),
            detail: line.detail.unwrap_or_default(),
        });
    }
}

fn reader(text: &str) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes())
}

fn csv(text: &str, database: Option<&str>, take: &mut impl FnMut(Entry)) {
    let rows = reader(text).into_records().filter_map(Result::ok);
    for row in rows.filter(|row| row.len() > column::DETAIL && is_here(database, row.get(column::DATABASE))) {
        let cell = |at| row.get(at).unwrap_or_default().to_owned();
        take(Entry {
            process: cell(column::PROCESS),
            failed: row.get(column::SEVERITY).is_some_and(is_failure),
            message: cell(column::MESSAGE),
            detail: cell(column::DETAIL),
        });
    }
}

/// Whether nothing will be said of how long the statement took.
fn is_failure(severity: &str) -> bool {
    matches!(severity, "ERROR" | "FATAL" | "PANIC")
}

/// The plain format: a prefix that can be anything, `LOG:  ` and the message, whose further lines begin with a tab.
fn plain(text: &str, take: &mut impl FnMut(Entry)) {
    /// Whose text the lines that follow belong to.
    enum Into {
        Message,
        Detail,
        Nothing,
    }
    let mut last: Option<Entry> = None;
    let mut into = Into::Nothing;
    for line in text.lines() {
        let bare = read::without_syslog(line).map_or(Cow::Borrowed(line), Cow::Owned);
        if let Some(more) = bare.strip_prefix('\t') {
            if let Some(last) = &mut last {
                let text = match into {
                    Into::Message => &mut last.message,
                    Into::Detail => &mut last.detail,
                    Into::Nothing => continue,
                };
                text.push('\n');
                text.push_str(more);
            }
            continue;
        }
        let Some((prefix, label, rest)) = labelled(&bare) else { continue };
        into = match label {
            "DETAIL" => {
                if let Some(last) = &mut last {
                    rest.clone_into(&mut last.detail);
                }
                Into::Detail
            }
            "STATEMENT" | "HINT" | "CONTEXT" | "QUERY" | "LOCATION" | "BACKTRACE" => Into::Nothing,
            severity => {
                let failed = is_failure(severity);
                // The whole line: syslog tells the process before the message.
                let before = line.strip_suffix(&*bare).unwrap_or_default();
                let process = process(before).or_else(|| process(prefix)).unwrap_or_default();
                let entry = Entry { process, failed, message: rest.to_owned(), detail: String::new() };
                last.replace(entry).map(&mut *take);
                Into::Message
            }
        };
    }
    last.map(take);
}

/// The process that a prefix names, as `[123]` or `[123-4]` as most write it.
fn process(prefix: &str) -> Option<String> {
    prefix.split('[').skip(1).find_map(|part| {
        let (inner, _) = part.split_once(']')?;
        let number = inner.split_once('-').map_or(inner, |(number, _)| number);
        (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then(|| number.to_owned())
    })
}

/// The prefix of a line, the first [label](LABELS) in it, and what stands behind that.
fn labelled(line: &str) -> Option<(&str, &'static str, &str)> {
    line.match_indices(":  ").find_map(|(at, colon)| {
        let before = line.get(..at)?;
        let label = LABELS.into_iter().find(|label| before.ends_with(label))?;
        let prefix = before.strip_suffix(label)?;
        (!prefix.ends_with(char::is_alphanumeric))
            .then(|| (prefix, label, line.get(at + colon.len()..).unwrap_or_default()))
    })
}

/// Milliseconds, and what stands behind them.
fn duration(message: &str) -> Option<(f64, &str)> {
    let (ms, rest) = message.strip_prefix("duration: ")?.split_once(" ms")?;
    let ms = ms.trim().parse().ok().filter(|ms: &f64| (0.0..=LONGEST_MS).contains(ms))?;
    Some((ms, rest.trim_start()))
}

/// What stands behind `statement: ` or `execute <unnamed>: `, `execute fetch from cursor/name: `; parse and bind are parts of the same run.
fn statement(message: &str) -> Option<&str> {
    match message.strip_prefix("statement: ") {
        Some(sql) => Some(sql),
        None => Some(message.strip_prefix("execute ")?.split_once(": ")?.1),
    }
}

/// Statements that were logged when they began, by their processes: their durations come in lines of their own (`log_statement` with
/// `log_duration`, or with `log_min_duration_statement`, which does not repeat them).
#[derive(Default)]
struct Statements {
    begun: HashMap<String, String>,
}

impl Statements {
    /// The run that an entry tells of, its values in the statement where they are told.
    fn run(&mut self, entry: &Entry) -> Option<Run> {
        let spent = |sql: String, total_ms| Spent { sql, calls: 1.0, total_ms, ..Spent::default() };
        // Where nothing tells the process, the line before must be the statement.
        let begun = if entry.process.is_empty() { self.begun.remove("") } else { None };
        if let Some((ms, rest)) = duration(&entry.message) {
            if let Some(plan) = rest.strip_prefix("plan:") {
                return Some(Run::Planned(spent(planned(plan.trim_start(), &entry.message)?, ms)));
            }
            if let Some(sql) = statement(rest) {
                self.begun.remove(&entry.process);
                return Some(Run::Timed(spent(filled(sql, &entry.detail), ms)));
            }
            if !rest.is_empty() {
                return None;
            }
            return begun.or_else(|| self.begun.remove(&entry.process)).map(|sql| Run::Timed(spent(sql, ms)));
        }
        if let Some(sql) = statement(&entry.message) {
            self.begun.insert(entry.process.clone(), filled(sql, &entry.detail));
        } else if entry.failed {
            self.begun.remove(&entry.process);
        }
        None
    }
}

fn filled(sql: &str, detail: &str) -> String {
    let values = values(detail);
    if values.is_empty() {
        return sql.trim().to_owned();
    }
    let value = |name: &str| values.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
    sql::fill(sql.trim(), Engine::PostgreSql, value).sql
}

/// What `auto_explain` says of a statement in JSON.
#[derive(serde::Deserialize)]
struct Explained {
    #[serde(rename = "Query Text")]
    query: String,
    #[serde(rename = "Query Parameters")]
    parameters: Option<String>,
}

/// The statement of a plan that `auto_explain` wrote, with its values (since PostgreSQL 16).
fn planned(plan: &str, message: &str) -> Option<String> {
    const PARAMETERS: &str = "\nQuery Parameters: ";
    let (query, parameters) = if let Some(told) = plan.strip_prefix("Query Text: ") {
        // The plan's first line tells its cost.
        let end = told.find("  (cost=").unwrap_or(told.len());
        let end = told.get(..end).and_then(|before| before.rfind('\n')).unwrap_or(end);
        let told = told.get(..end).unwrap_or_default();
        let (query, parameters) = told.split_once(PARAMETERS).map_or((told, None), |(q, p)| (q, Some(p.to_owned())));
        (query.to_owned(), parameters)
    } else if let Ok(Explained { query, parameters }) = serde_json::from_str(plan) {
        (query, parameters)
    } else {
        let (plans, _) = read::read_partial(message);
        (plans.into_iter().find_map(|plan| plan.query)?, None)
    };
    let detail = parameters.map_or_else(String::new, |told| format!("parameters: {told}"));
    let query = query.trim().trim_end_matches(';');
    (!query.is_empty()).then(|| filled(query, &detail))
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
    use super::{Run, runs, values};

    fn told(log: &str) -> Vec<(String, f64)> {
        let mut all = Vec::new();
        runs(log, Some("shop"), &mut |run| {
            let (Run::Timed(run) | Run::Planned(run)) = run;
            all.push((run.sql, run.total_ms));
        });
        all
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
    fn commas_make_no_table_and_quotes_no_end() {
        let line = |n: u32, database: &str| {
            format!(
                "2026-11-27 20:00:00 UTC [12]: user=o'brien,db={database},app=psql,client=::1 LOG:  duration: {n} ms  statement: \
                 select c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, c17 from t -- LOG:  x\n"
            )
        };
        let found = told(&(0..20).map(|n| line(n, "shop")).collect::<String>());
        assert_eq!(found.len(), 20);
        assert!(found[0].0.starts_with("select c1,") && found[0].0.ends_with("LOG:  x"), "{found:?}");
        let cut = "2026-11-27 20:00:00 UTC [12] LOG:  duration: 1e300 ms  statement: select 1\n";
        assert_eq!(told(cut), []);
        let cut =
            "ge\":\"x\"}\n{\"dbname\":\"shop\",\"message\":\"duration: 2 ms  statement: select 1\",\"detail\":null}\n";
        assert_eq!(told(cut), [("select 1".to_owned(), 2.0)]);
    }

    #[test]
    fn a_duration_on_a_line_of_its_own_is_that_of_its_process() {
        let log = "t [12] LOG:  statement: select 1\nt [13] LOG:  execute <unnamed>: select $1\nt [13] DETAIL:  Parameters: $1 = '5'\n\
            t [12] LOG:  duration: 2.0 ms\nt [13] LOG:  duration: 3.0 ms\nt [13] LOG:  duration: 4.0 ms\n\
            t [12] LOG:  statement: select wrong\nt [12] ERROR:  wrong\nt [12] LOG:  duration: 9.0 ms\n";
        let wanted = [("select 1".to_owned(), 2.0), ("select '5'".to_owned(), 3.0)];
        assert_eq!(told(log), wanted);
        let without = log.replace("[12]", "").replace("[13]", "");
        assert_eq!(told(&without), [("select '5'".to_owned(), 2.0)]);
        let syslog = "Nov 27 20:00:00 db postgres[12]: [5-1] LOG:  statement: select 1\n\
            Nov 27 20:00:00 db postgres[13]: [5-1] LOG:  duration: 5.0 ms\nNov 27 20:00:00 db postgres[12]: [6-1] LOG:  duration: 2.0 ms\n";
        assert_eq!(told(syslog), wanted[..1]);
    }

    #[test]
    fn a_plan_in_the_log_tells_its_statement_with_values() {
        let text = "LOG:  duration: 8.5 ms  plan:\n\tQuery Text: select b\n\tfrom t where a = $1;\n\tQuery Parameters: $1 = '7'\n\
            \tSeq Scan on t  (cost=0.00..1.01 rows=1 width=4)\n\t  Filter: (a = 7)\n";
        let json = "LOG:  duration: 8.5 ms  plan:\n\t{\n\t  \"Query Text\": \"select b\\nfrom t where a = $1;\",\n\
            \t  \"Query Parameters\": \"$1 = '7'\",\n\t  \"Plan\": {\"Node Type\": \"Seq Scan\"}\n\t}\n";
        for log in [text, json] {
            assert_eq!(told(log), [("select b\nfrom t where a = '7'".to_owned(), 8.5)]);
        }
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
