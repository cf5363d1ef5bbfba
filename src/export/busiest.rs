//! The statements that cost a server most: a list for people, and a document that `advise --file` takes.

use std::fmt::Write as _;

use serde::Serialize;

use crate::{
    fmt,
    plan::Engine,
    server::busiest::{Busiest, Spent},
    text::{one_line, squeezed},
};

/// What was counted, and where.
#[derive(Debug, Clone, Copy)]
pub struct BusiestReport<'a> {
    /// Whose statements they are.
    pub engine: Engine,
    /// The server's version; none for a log.
    pub version: Option<&'a str>,
    /// The statements to show, in the order to show them, with what is said of them all.
    pub busiest: &'a Busiest,
    /// Time of all statements known, the ones not shown too, milliseconds.
    pub total_ms: f64,
}

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    engine: EngineOut<'a>,
    source: &'a str,
    since: Option<&'a str>,
    hidden: u64,
    notes: &'a [String],
    statements: Vec<StatementOut<'a>>,
}

#[derive(Serialize)]
struct EngineOut<'a> {
    name: &'static str,
    version: Option<&'a str>,
}

#[derive(Serialize)]
struct StatementOut<'a> {
    query: &'a str,
    weight: f64,
    calls: f64,
    total_ms: f64,
    mean_ms: f64,
    share: f64,
    rows: Option<f64>,
    rows_examined: Option<f64>,
    read_bytes: Option<f64>,
    spilt_bytes: Option<f64>,
}

/// Time of one run on average, milliseconds.
#[must_use]
pub fn mean_ms(spent: &Spent) -> f64 {
    if spent.calls > 0.0 { spent.total_ms / spent.calls } else { 0.0 }
}

impl BusiestReport<'_> {
    fn share(&self, spent: &Spent) -> f64 {
        if self.total_ms > 0.0 { (spent.total_ms / self.total_ms).clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// The document: each statement with `weight`, how often it ran, as `whyslow advise --file` wants it.
///
/// # Errors
/// [`serde_json::Error`] when a value cannot be written as JSON.
pub fn json(report: &BusiestReport<'_>) -> Result<String, serde_json::Error> {
    let busiest = report.busiest;
    let document = Document {
        format: super::json::FORMAT,
        engine: EngineOut { name: report.engine.name(), version: report.version },
        source: busiest.source,
        since: busiest.since.as_deref(),
        hidden: busiest.hidden,
        notes: &busiest.notes,
        statements: busiest
            .statements
            .iter()
            .map(|s| StatementOut {
                query: &s.sql,
                weight: s.calls,
                calls: s.calls,
                total_ms: s.total_ms,
                mean_ms: mean_ms(s),
                share: report.share(s),
                rows: s.rows,
                rows_examined: s.examined,
                read_bytes: s.read_bytes,
                spilt_bytes: s.spilt_bytes,
            })
            .collect(),
    };
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

/// Two lines a statement: what it took, and what it is. `markdown`: as a list of code.
#[must_use]
pub fn text(report: &BusiestReport<'_>, markdown: bool) -> String {
    let busiest = report.busiest;
    let mut out = String::new();
    let version = report.version.map_or_else(String::new, |version| format!(" {version}"));
    let _ = write!(out, "{} · {}{}", one_line(busiest.source), report.engine.title(), one_line(&version));
    if let Some(since) = &busiest.since {
        let _ = write!(out, " · since {}", one_line(since));
    }
    out.push('\n');
    for note in &busiest.notes {
        let _ = writeln!(out, "  {}", one_line(note));
    }
    if busiest.hidden > 0 {
        let counted = if busiest.hidden_ms > 0.0 {
            format!("their {} count in the shares", fmt::duration_ms(busiest.hidden_ms))
        } else {
            "the shares are of what is seen".to_owned()
        };
        let _ = writeln!(
            out,
            "  {} statements of other users are not shown: their text needs the role pg_read_all_stats; {counted}",
            busiest.hidden
        );
    }
    if busiest.statements.is_empty() {
        out.push_str("\nno statement was counted yet\n");
        return out;
    }
    for (at, spent) in busiest.statements.iter().enumerate() {
        let mut told = vec![
            format!("{} of the time", fmt::percent(report.share(spent))),
            format!("{} in all", fmt::duration_ms(spent.total_ms)),
            format!("{} each", fmt::duration_ms(mean_ms(spent))),
            if spent.calls > 1.0 { format!("{} calls", fmt::grouped(spent.calls)) } else { "1 call".to_owned() },
        ];
        let each = |n: f64| n / spent.calls.max(1.0);
        if let Some(rows) = spent.rows {
            told.push(format!("{} rows each", fmt::count(each(rows))));
        }
        if let Some(examined) = spent.examined {
            told.push(format!("{} examined", fmt::count(each(examined))));
        }
        for (bytes, what) in [(spent.read_bytes, "read"), (spent.spilt_bytes, "in temporary files")] {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked to be a count of bytes"
            )]
            if let Some(bytes) = bytes.map(each).filter(|bytes| (1.0..1e18).contains(bytes)) {
                told.push(format!("{} {what}", fmt::bytes(bytes as u64)));
            }
        }
        let sql = squeezed(&spent.sql);
        let (number, told) = (at + 1, told.join(" · "));
        let _ = if markdown {
            let fence = "`".repeat(longest_ticks(&sql) + 1);
            writeln!(out, "\n{number}. {told}\n   {fence} {sql} {fence}")
        } else {
            writeln!(out, "\n{number:>3}  {told}\n     {sql}")
        };
    }
    out
}

fn longest_ticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{BusiestReport, json, text};
    use crate::{
        plan::Engine,
        server::busiest::{Busiest, Spent},
    };

    fn busiest() -> Busiest {
        let spent = |sql: &str, calls, total_ms| Spent { sql: sql.to_owned(), calls, total_ms, ..Spent::default() };
        Busiest {
            source: "pg_stat_statements",
            since: Some("2026-11-27 20:00".to_owned()),
            statements: vec![
                Spent { rows: Some(20.0), read_bytes: Some(81_920.0), ..spent("select *\n from orders", 10.0, 900.0) },
                spent("select '`\u{1b}[2J'", 1.0, 100.0),
            ],
            hidden: 2,
            hidden_ms: 30.0,
            notes: vec!["a note".to_owned()],
        }
    }

    #[test]
    fn a_list_tells_what_each_statement_took_and_hides_nothing_that_acts() {
        let busiest = busiest();
        let report =
            BusiestReport { engine: Engine::PostgreSql, version: Some("18.4"), busiest: &busiest, total_ms: 1_000.0 };
        let told = text(&report, false);
        for part in [
            "PostgreSQL 18.4 · since 2026-11-27 20:00",
            "90 % of the time · 900 ms in all · 90 ms each · 10 calls",
            "select * from orders",
            "2 statements of other users",
            "their 30 ms count in the shares",
            "a note",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(!told.contains('\u{1b}'));
        assert!(text(&report, true).contains("`` select '`"), "{}", text(&report, true));
        let document: serde_json::Value = serde_json::from_str(&json(&report).unwrap()).unwrap();
        assert_eq!(document["statements"][0]["weight"], 10.0);
        assert_eq!(document["statements"][0]["share"], 0.9);
    }
}
