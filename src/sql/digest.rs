//! Statements without their values: from the digests of MySQL and MariaDB, and made here to tell which are alike.

use super::lex::{Kind, content, lex};
use crate::plan::Engine;

/// A digest of MySQL or MariaDB as SQL that the server takes again. Digests put a blank before every parenthesis, which the
/// server's own functions do not take (manual, "Function Name Parsing and Resolution"), and write a list of values as `(...)`,
/// its rows as `/* , ... */` (`sql/sql_digest.cc`).
#[must_use]
pub fn of_digest(digest: &str, engine: Engine) -> String {
    let tokens = lex(digest, engine);
    let mut out = String::with_capacity(digest.len());
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|i| tokens.get(i));
        let opens = tokens.get(at + 1).is_some_and(|next| next.is_symbol(digest, "("));
        if token.kind == Kind::Blank && opens && before.is_some_and(|t| t.kind == Kind::Word) {
            continue;
        }
        out.push_str(token.text(digest));
    }
    out.replace("(...)", "(?)").replace("( ... )", "(?)")
}

/// What statements have in common that differ in values, case and white space only: words in small letters, `?` for each value,
/// and one for a list of them.
#[must_use]
pub fn alike(sql: &str, engine: Engine) -> String {
    let tokens = content(sql, engine);
    let mut parts: Vec<String> = Vec::with_capacity(tokens.len());
    for token in &tokens {
        let text = token.text(sql);
        match token.kind {
            Kind::String | Kind::Number | Kind::Parameter => value(&mut parts),
            Kind::Symbol if text == "?" => value(&mut parts),
            Kind::Word => parts.push(text.to_lowercase()),
            Kind::Symbol if text == ";" => {}
            _ => parts.push(text.to_owned()),
        }
    }
    parts.join(" ")
}

/// Adds a value; a further one of a list is none, and neither is a sign before it.
fn value(parts: &mut Vec<String>) {
    if let [.., before, sign] = parts.as_slice()
        && (sign == "-" || sign == "+")
        && matches!(before.as_str(), "(" | "," | "=" | "<" | ">" | "between" | "and" | "limit")
    {
        parts.pop();
    }
    if let [.., first, comma] = parts.as_slice()
        && first == "?"
        && comma == ","
    {
        parts.pop();
        return;
    }
    parts.push("?".to_owned());
}

#[cfg(test)]
mod tests {
    use super::{alike, of_digest};
    use crate::plan::Engine::{MySql, PostgreSql};

    #[test]
    fn a_digest_is_sql_again() {
        for (digest, sql) in [
            (
                "SELECT COUNT ( * ) FROM `orders` WHERE `id` IN (...)",
                "SELECT COUNT( * ) FROM `orders` WHERE `id` IN(?)",
            ),
            ("SELECT `f` ( `a` ) FROM `t`", "SELECT `f` ( `a` ) FROM `t`"),
            ("SELECT * FROM `t` WHERE `note` = ?", "SELECT * FROM `t` WHERE `note` = ?"),
        ] {
            assert_eq!(of_digest(digest, MySql), sql);
        }
    }

    #[test]
    fn statements_that_differ_in_values_are_alike() {
        let one = "select * from orders where id in (1, 2, 3) and total > -5 and note = 'x'";
        for other in [
            "SELECT *\nFROM orders WHERE id IN (7) AND total > 8 AND note = 'it''s'; ",
            "select * from orders where id in ($1) and total > $2 and note = $3 -- a remark",
        ] {
            assert_eq!(alike(one, PostgreSql), alike(other, PostgreSql));
        }
        assert_ne!(alike(one, PostgreSql), alike("select * from orders where id in (1) and total > 5", PostgreSql));
        assert_ne!(alike("select a - 1 from t", PostgreSql), alike("select a + 1 from t", PostgreSql));
    }
}
