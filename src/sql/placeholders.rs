//! Parameters whose values a statement does not tell.

use super::{
    Span,
    lex::{Kind, Token, content},
};
use crate::plan::Engine;

/// A parameter in a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    /// Where it stands.
    pub span: Span,
    /// As written: `$1`, `?`, `:name`.
    pub text: String,
}

/// The parameters of a text, in order. On PostgreSQL a `?` after a value is a JSON operator and no parameter; `:name`
/// is none after a colon (`::int`), before `=` or inside brackets (an array slice).
#[must_use]
pub fn placeholders(sql: &str, engine: Engine) -> Vec<Placeholder> {
    let tokens = content(sql, engine);
    let mut found = Vec::new();
    let mut brackets = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|i| tokens.get(i));
        let after = tokens.get(at + 1).filter(|t| t.start == token.end);
        let end = match (token.kind, token.text(sql)) {
            (Kind::Parameter, _) => Some(token.end),
            (Kind::Symbol, "[") => {
                brackets += 1;
                None
            }
            (Kind::Symbol, "]") => {
                brackets = brackets.saturating_sub(1);
                None
            }
            (Kind::Symbol, "?") if engine != Engine::PostgreSql || !ends_value(sql, before) => Some(token.end),
            (Kind::Symbol, ":") if brackets == 0 && !before.is_some_and(|t| t.is_symbol(sql, ":")) => {
                after.filter(|t| t.kind == Kind::Word).map(|t| t.end)
            }
            _ => None,
        };
        if let Some(end) = end {
            let span = Span { start: token.start, end };
            found.push(Placeholder { span, text: span.of(sql).to_owned() });
        }
    }
    found
}

/// Whether an operator may follow this token: it ends a value.
fn ends_value(sql: &str, token: Option<&Token>) -> bool {
    const BEFORE_A_VALUE: &[&str] = &[
        "ALL", "AND", "ANY", "AS", "BETWEEN", "BY", "CASE", "DISTINCT", "ELSE", "FROM", "ILIKE", "IN", "INTERVAL",
        "IS", "LIKE", "LIMIT", "NOT", "OFFSET", "ON", "OR", "RETURN", "SELECT", "SET", "SIMILAR", "THEN", "TO",
        "VALUES", "WHEN", "WHERE", "HAVING",
    ];
    token.is_some_and(|t| match t.kind {
        Kind::Word => !BEFORE_A_VALUE.iter().any(|word| t.is_word(sql, word)),
        Kind::Symbol => matches!(t.text(sql), ")" | "]"),
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::placeholders;
    use crate::plan::Engine::{self, MySql, PostgreSql};

    fn texts(sql: &str, engine: Engine) -> Vec<String> {
        placeholders(sql, engine).into_iter().map(|p| p.text).collect()
    }

    #[test]
    fn parameters_are_told_from_operators_casts_and_text() {
        for (engine, sql, expected) in [
            (PostgreSql, "select $1, '$2', $tag$ $3 $tag$ -- $4\n where a = $12", vec!["$1", "$12"]),
            (PostgreSql, "select a::int, :name, b[1:n] where c=:c_1", vec![":name", ":c_1"]),
            (PostgreSql, "select j ? 'a' and j -> 'b' ? 'c' and f(x) ? 'y' and a = ? limit ?", vec!["?", "?"]),
            (MySql, "select ?, '?', `?` where a = ? and @v := 1 # ?", vec!["?", "?"]),
        ] {
            assert_eq!(texts(sql, engine), expected, "{sql}");
        }
    }
}
