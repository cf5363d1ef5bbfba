//! A condition written so that a parser leaves nothing in it to compute.

use super::lex::{Kind, Token, content};
use crate::plan::Engine::PostgreSql;

/// The condition of a partial index of PostgreSQL, of comparisons of columns with constants, in words that its parser alone makes what
/// its planner makes of the same condition in a query: `numeric <> 0` is parsed as a cast yet to be done and `numeric <> '0'` as a
/// constant, `varchar IN ('a', 'b')` as a cast of an array and `varchar = 'a' OR varchar = 'b'` as two comparisons, `flag = false` as a
/// comparison and `NOT flag` as what it means (`simplify_boolean_equality` in `src/backend/optimizer/util/clauses.c`). As it is where it
/// holds anything else.
#[must_use]
pub fn evaluated(condition: &str) -> String {
    let tokens = content(condition, PostgreSql);
    written(condition, &tokens).unwrap_or_else(|| condition.to_owned())
}

fn written(sql: &str, tokens: &[Token]) -> Option<String> {
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let column = matches!(token.kind, Kind::Word | Kind::Name) && !is_joint(sql, *token);
        if column && let Some((text, next)) = comparison(sql, tokens, at) {
            out.push(text);
            at = next;
        } else if column || is_joint(sql, *token) || ["(", ")"].contains(&token.text(sql)) {
            // A name before a parenthesis is called.
            if column && tokens.get(at + 1).is_some_and(|next| next.is_symbol(sql, "(")) {
                return None;
            }
            out.push(token.text(sql).to_owned());
            at += 1;
        } else {
            return None;
        }
    }
    Some(out.join(" "))
}

fn is_joint(sql: &str, token: Token) -> bool {
    ["and", "or", "not", "is", "null"].iter().any(|word| token.is_word(sql, word))
}

/// A column compared with constants, and where it ends.
fn comparison(sql: &str, tokens: &[Token], at: usize) -> Option<(String, usize)> {
    let column = tokens.get(at)?.text(sql);
    let is_word = |at: usize, word: &str| tokens.get(at).is_some_and(|t| t.is_word(sql, word));
    let is_symbol = |at: usize, symbol: &str| tokens.get(at).is_some_and(|t| t.is_symbol(sql, symbol));
    let not = is_word(at + 1, "not");
    let list = at + 1 + usize::from(not);
    if is_word(list, "in") && is_symbol(list + 1, "(") {
        let (mut each, mut next) = (Vec::new(), list + 2);
        loop {
            let (value, after) = constant(sql, tokens, next)?;
            each.push(format!("{column} {} {value}", if not { "<>" } else { "=" }));
            next = after + 1;
            if is_symbol(after, ")") {
                return Some((format!("({})", each.join(if not { " AND " } else { " OR " })), next));
            }
            if !is_symbol(after, ",") {
                return None;
            }
        }
    }
    let operator: String =
        tokens[at + 1..].iter().take_while(|t| "<>=!".contains(t.text(sql))).map(|t| t.text(sql)).collect();
    let value = at + 1 + operator.len();
    let is = match operator.as_str() {
        "=" => true,
        "<>" | "!=" => false,
        _ => return None,
    };
    if let Some(truth) = [("true", true), ("false", false)].iter().find(|(word, _)| is_word(value, word)) {
        let plain = if truth.1 == is { column.to_owned() } else { format!("NOT {column}") };
        return Some((plain, value + 1));
    }
    let (text, next) = constant(sql, tokens, value)?;
    Some((format!("{column} {operator} {text}"), next))
}

/// A constant that takes the type of what it is compared with, and where it ends.
fn constant(sql: &str, tokens: &[Token], at: usize) -> Option<(String, usize)> {
    let minus = tokens.get(at)?.is_symbol(sql, "-");
    let value = at + usize::from(minus);
    let token = tokens.get(value)?;
    let text = token.text(sql);
    match token.kind {
        Kind::Number => Some((format!("'{}{text}'", if minus { "-" } else { "" }), value + 1)),
        Kind::String if !minus => Some((text.to_owned(), value + 1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::evaluated;

    #[test]
    fn nothing_is_left_to_compute() {
        for (condition, written) in [
            ("lvl <> 0", "lvl <> '0'"),
            ("lvl IN (-1.5, 2) AND \"State\" <> 'done'", "(lvl = '-1.5' OR lvl = '2') AND \"State\" <> 'done'"),
            ("s NOT IN ('a', 'it''s', E'b\\\\c')", "(s <> 'a' AND s <> 'it''s' AND s <> E'b\\\\c')"),
            ("done = false", "NOT done"),
            ("done <> FALSE", "done"),
            ("sent_at IS NOT NULL AND NOT done", "sent_at IS NOT NULL AND NOT done"),
            ("(a = 1 OR a = 2) AND b = 3", "( a = '1' OR a = '2' ) AND b = '3'"),
        ] {
            assert_eq!(evaluated(condition), written);
        }
        for other in [
            "lower(a) = 'x'",
            "a = 'x'::text",
            "a = ANY(ARRAY['x', 'y'])",
            "a > 5",
            "a = b",
            "a + 1 = 2",
            "done IS TRUE",
            "day = date '2024-01-01'",
            "x.a = 1",
            "a IN (1, b)",
            "",
        ] {
            assert_eq!(evaluated(other), other);
        }
    }
}
