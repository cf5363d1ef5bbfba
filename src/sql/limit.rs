//! What of a statement or a condition is told by its words alone: how many rows it asks for, which columns it names.

use super::{
    is_reserved,
    lex::{Kind, content},
};
use crate::plan::Engine;

/// Rows after which a statement's own LIMIT ends it, those that OFFSET skips among them; `None` without a limit, or where it is a
/// parameter. Limits of sub-queries are none of the statement's.
#[must_use]
pub fn limit(sql: &str, engine: Engine) -> Option<f64> {
    let tokens = content(sql, engine);
    let mut depth = 0_usize;
    let mut clause = None;
    for (at, token) in tokens.iter().enumerate() {
        match token.text(sql) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            word if depth == 0 && token.kind == Kind::Word && word.eq_ignore_ascii_case("limit") => {
                clause = Some(at + 1);
            }
            _ => {}
        }
    }
    let number =
        |at: usize| tokens.get(at).filter(|t| t.kind == Kind::Number).and_then(|t| t.text(sql).parse::<f64>().ok());
    let at = clause?;
    let rows = number(at)?;
    let more = tokens.get(at + 1).is_some_and(|t| t.text(sql) == "," || t.text(sql).eq_ignore_ascii_case("offset"));
    Some(rows + if more { number(at + 2)? } else { 0.0 })
}

/// The columns that a condition in a server's own words names, without tables before them. A word that is no column but looks like
/// one (`DAY` of an interval) counts as one.
#[must_use]
pub fn columns_of(condition: &str, engine: Engine) -> Vec<String> {
    let tokens = content(condition, engine);
    let marks = |at: usize| {
        let text = |at: usize| tokens.get(at).map_or("", |token| token.text(condition));
        at > 0 && text(at - 1) == "<" && text(at + 1) == ">" && text(at + 2) == "("
    };
    let names = tokens.iter().enumerate().filter(|(at, token)| {
        let next = tokens.get(at + 1).map_or("", |next| next.text(condition));
        match token.kind {
            Kind::Name => next != ".",
            // `<cache>(…)` and the like are the optimizer's own marks.
            // `TIMESTAMP'2024-03-01'` is a value.
            Kind::Word if tokens.get(at + 1).is_some_and(|next| next.kind == Kind::String) => false,
            Kind::Word => !matches!(next, "." | "(") && !marks(*at) && !is_reserved(token.text(condition), engine),
            _ => false,
        }
    });
    names.map(|(_, token)| token.text(condition).trim_matches(['`', '"']).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{columns_of, limit};
    use crate::plan::Engine::MySql;

    #[test]
    fn the_limit_of_the_statement_itself_is_told() {
        for (sql, expected) in [
            ("select * from t limit 20", Some(20.0)),
            ("select * from t LIMIT 20 OFFSET 100;", Some(120.0)),
            ("select * from t limit 100, 20", Some(120.0)),
            ("select * from (select * from t limit 5) d", None),
            ("select * from t limit ?", None),
            ("select 'limit 5' from t", None),
        ] {
            assert_eq!(limit(sql, MySql), expected, "{sql}");
        }
    }

    #[test]
    fn the_columns_of_a_condition_are_told_without_their_tables() {
        for (condition, expected) in [
            ("big.`status` = 'open' and big.created_at > <cache>(current_timestamp())", vec!["status", "created_at"]),
            ("`a` is not null and lower(`t`.`b c`) = 1", vec!["a", "b c"]),
            ("big.created_at > TIMESTAMP'2024-03-01 00:00:00'", vec!["created_at"]),
            ("1 = 1", vec![]),
        ] {
            assert_eq!(columns_of(condition, MySql), expected, "{condition}");
        }
    }
}
