//! Values in the places of parameters.

use super::{
    Span,
    placeholders::{Placeholder, placeholders},
};
use crate::plan::Engine;

/// The parameters of a statement by name, each once: `$1`, `:name`, and `?` counted, as `?1`, `?2`.
#[must_use]
pub fn parameters(sql: &str, engine: Engine) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for (name, _) in named(sql, engine) {
        if !out.contains(&name) {
            out.push(name);
        }
    }
    out
}

fn named(sql: &str, engine: Engine) -> Vec<(String, Span)> {
    let mut marks = 0;
    let name = |p: Placeholder| {
        if p.text == "?" {
            marks += 1;
            return (format!("?{marks}"), p.span);
        }
        (p.text, p.span)
    };
    placeholders(sql, engine).into_iter().map(name).collect()
}

/// A statement with values in it, and where what came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filled {
    /// The statement.
    pub sql: String,
    /// Each value: where it stands, and where its parameter stood. Bytes.
    moved: Vec<(Span, Span)>,
}

/// Puts a value in the place of each parameter; one without a value stays.
#[must_use]
pub fn fill(sql: &str, engine: Engine, value: impl Fn(&str) -> Option<String>) -> Filled {
    let mut out = Filled::default();
    let mut from = 0;
    for (name, span) in named(sql, engine) {
        let Some(value) = value(&name) else { continue };
        out.sql.push_str(sql.get(from..span.start).unwrap_or_default());
        let start = out.sql.len();
        out.sql.push_str(&value);
        out.moved.push((Span { start, end: out.sql.len() }, span));
        from = span.end;
    }
    out.sql.push_str(sql.get(from..).unwrap_or_default());
    out
}

impl Filled {
    /// The character of the statement as it was typed that stands at a character of the filled one; both count from 1.
    /// Inside a value it is the parameter.
    #[must_use]
    pub fn original(&self, typed: &str, position: usize) -> usize {
        let byte = self.sql.char_indices().nth(position.saturating_sub(1)).map_or(self.sql.len(), |(at, _)| at);
        let mut back = byte;
        for (now, then) in &self.moved {
            if byte < now.start {
                break;
            }
            back = if byte < now.end { then.start } else { then.end + (byte - now.end) };
        }
        typed.get(..back).map_or(position, |before| before.chars().count() + 1)
    }
}

/// What a person typed for a value, as SQL: numbers, quoted texts, NULL, TRUE and calls as they are, all else quoted.
#[must_use]
pub fn literal(typed: &str) -> String {
    const WORDS: &[&str] = &[
        "null",
        "true",
        "false",
        "default",
        "current_date",
        "current_time",
        "current_timestamp",
        "current_user",
        "localtime",
        "localtimestamp",
        "session_user",
    ];
    let text = typed.trim();
    let call = text.ends_with(')')
        && text.split('(').next().is_some_and(|name| {
            !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
        });
    let array = text.starts_with("ARRAY[") || text.starts_with("array[");
    let as_is = text.parse::<f64>().is_ok_and(f64::is_finite)
        || text.contains('\'')
        || call
        || array
        || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    if as_is { text.to_owned() } else { format!("'{text}'") }
}

#[cfg(test)]
mod tests {
    use super::{fill, literal, parameters};
    use crate::plan::Engine::{MySql, PostgreSql};

    #[test]
    fn each_parameter_is_asked_for_once_and_filled_everywhere() {
        let sql = "select * from t where a = $1 and b = :day and c = $1";
        assert_eq!(parameters(sql, PostgreSql), ["$1", ":day"]);
        let filled = fill(sql, PostgreSql, |name| (name == "$1").then(|| "'é'".to_owned()));
        assert_eq!(filled.sql, "select * from t where a = 'é' and b = :day and c = 'é'");
        assert_eq!(parameters("select ?, ?", MySql), ["?1", "?2"]);
    }

    #[test]
    fn a_place_in_the_filled_statement_leads_back_to_the_typed_one() {
        let sql = "select :é, :b form t";
        let filled = fill(sql, PostgreSql, |name| Some(if name == ":é" { "'ö'" } else { "12345" }.to_owned()));
        let now = filled.sql.chars().position(|c| c == 'm').unwrap() + 1;
        assert_eq!(sql.chars().nth(filled.original(sql, now) - 1), Some('m'));
        let inside = filled.sql.find("345").unwrap();
        assert_eq!(
            filled.original(sql, filled.sql[..inside].chars().count() + 1),
            sql[..sql.find(":b").unwrap()].chars().count() + 1
        );
        assert_eq!(filled.original(sql, 3), 3);
    }

    #[test]
    fn words_are_quoted_and_sql_is_not() {
        for (typed, sql) in [
            ("42", "42"),
            ("-1.5e3", "-1.5e3"),
            ("open", "'open'"),
            ("2024-06-01", "'2024-06-01'"),
            ("'it''s'", "'it''s'"),
            ("date '2024-01-01'", "date '2024-01-01'"),
            ("now()", "now()"),
            ("Null", "Null"),
            ("open (old)", "'open (old)'"),
            ("", "''"),
            ("inf", "'inf'"),
        ] {
            assert_eq!(literal(typed), sql, "{typed}");
        }
    }
}
