//! Statements without their values: from the digests of MySQL and MariaDB, and made here to tell which are alike.

use std::borrow::Cow;

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

/// Words behind which a table's name stands.
const BEFORE_TABLES: [&str; 9] =
    ["from", "join", "straight_join", "into", "update", "table", "insert", "replace", "ignore"];

/// What statements have in common that differ in values, case and white space only: words in small letters, `?` for each value,
/// and one for a list of them. Names of tables keep their case on MySQL and MariaDB, where it tells tables apart.
#[must_use]
pub fn alike(sql: &str, engine: Engine) -> String {
    let tokens = content(sql, engine);
    let mut parts = Parts { text: String::with_capacity(sql.len()), starts: Vec::with_capacity(tokens.len()) };
    for (at, token) in tokens.iter().enumerate() {
        let text = token.text(sql);
        match token.kind {
            Kind::String | Kind::Number | Kind::Parameter => parts.value(),
            Kind::Symbol if text == "?" => parts.value(),
            Kind::Word => {
                let dotted = tokens.get(at + 1).is_some_and(|next| next.is_symbol(sql, "."));
                let kept = engine != Engine::PostgreSql && (dotted || parts.before_table());
                parts.push(text);
                if !kept {
                    parts.fold();
                }
            }
            Kind::Symbol if text == ";" => {}
            _ => parts.push(text),
        }
    }
    parts.text
}

/// The parts of a statement, a blank between them.
struct Parts {
    text: String,
    starts: Vec<usize>,
}

impl Parts {
    fn push(&mut self, part: &str) {
        if !self.starts.is_empty() {
            self.text.push(' ');
        }
        self.starts.push(self.text.len());
        self.text.push_str(part);
    }

    /// The last part but so many.
    fn last(&self, but: usize) -> &str {
        let Some(at) = self.starts.len().checked_sub(but + 1) else { return "" };
        let Some(start) = self.starts.get(at) else { return "" };
        let end = self.starts.get(at + 1).map_or(self.text.len(), |next| next.saturating_sub(1));
        self.text.get(*start..end).unwrap_or_default()
    }

    fn pop(&mut self) {
        if let Some(start) = self.starts.pop() {
            self.text.truncate(start.saturating_sub(1));
        }
    }

    /// The last part in small letters.
    fn fold(&mut self) {
        let Some(last) = self.starts.last().and_then(|start| self.text.get_mut(*start..)) else { return };
        if last.is_ascii() {
            last.make_ascii_lowercase();
        } else {
            let lower = last.to_lowercase();
            self.pop();
            self.push(&lower);
        }
    }

    /// Whether a word that comes now may name a table: rather too often, which keeps apart what would be alike.
    fn before_table(&self) -> bool {
        let last = self.last(usize::from(self.last(0) == "("));
        matches!(last, "," | ".") || BEFORE_TABLES.iter().any(|word| last.eq_ignore_ascii_case(word))
    }

    /// Adds a value; a further one of a list is none, and neither is a sign before it.
    fn value(&mut self) {
        if matches!(self.last(0), "-" | "+")
            && matches!(self.last(1), "(" | "," | "=" | "<" | ">" | "between" | "and" | "limit")
        {
            self.pop();
        }
        if self.last(0) == "," && self.last(1) == "?" {
            self.pop();
            return;
        }
        self.push("?");
    }
}

/// The first word of a statement in capitals, behind parentheses; empty where none stands first.
#[must_use]
pub fn first_word(sql: &str, engine: Engine) -> String {
    let tokens = content(sql, engine);
    let first = tokens.iter().find(|token| !token.is_symbol(sql, "("));
    first.filter(|t| t.kind == Kind::Word).map(|t| t.text(sql).to_ascii_uppercase()).unwrap_or_default()
}

/// Whether a name of a statement begins so, in any case; names of schemas, which have a dot behind them, do not count.
#[must_use]
pub fn names_begin_with(sql: &str, beginning: &str, engine: Engine) -> bool {
    let tokens = content(sql, engine);
    tokens.iter().enumerate().any(|(at, token)| {
        let name = token.text(sql).trim_start_matches(['`', '"']);
        matches!(token.kind, Kind::Word | Kind::Name)
            && name.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning))
            && !tokens.get(at + 1).is_some_and(|next| next.is_symbol(sql, "."))
    })
}

/// What stands for a password.
const MASKED: &str = "'***'";

/// A statement without the passwords in it: those of accounts, and those within addresses of servers.
#[must_use]
pub fn without_secrets(sql: &str, engine: Engine) -> Cow<'_, str> {
    let lower = sql.to_lowercase();
    if !["passw", "identified", "://"].iter().any(|sign| lower.contains(sign)) {
        return Cow::Borrowed(sql);
    }
    let tokens = lex(sql, engine);
    // A query may well have a column of that name, and shows what is compared with it.
    let query = QUERIES.contains(&first_word(sql, engine).as_str());
    let mut out = String::with_capacity(sql.len());
    let mut behind = false;
    for token in tokens {
        let text = token.text(sql);
        let told = text.to_lowercase();
        if token.kind == Kind::Word && !query && (told.contains("passw") || told == "identified") {
            behind = true;
        }
        let within = told.contains("password=") || (told.contains("://") && told.contains('@'));
        let text_itself = token.kind == Kind::String || (token.kind == Kind::Executable && !query);
        let hidden = text_itself && (behind || within || (!query && told.contains("passw")));
        out.push_str(if hidden { MASKED } else { text });
    }
    Cow::Owned(out)
}

/// First words of statements that read or change rows.
pub const QUERIES: [&str; 9] = ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "WITH", "VALUES", "TABLE"];

#[cfg(test)]
mod tests {
    use super::{alike, first_word, names_begin_with, of_digest, without_secrets};
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

    #[test]
    fn tables_that_differ_in_case_are_two_on_mysql() {
        for (one, other, same) in [
            ("select A from orders where B = 1", "SELECT a FROM orders WHERE b = 2", true),
            ("select a from orders", "select a from Orders", false),
            ("select a from x, orders", "select a from x, Orders", false),
            ("select a from (x, orders)", "select a from (X, orders)", false),
            ("update Orders set a = 1", "update orders set a = 1", false),
            ("select a from shop.orders", "select a from Shop.orders", false),
        ] {
            assert_eq!(alike(one, MySql) == alike(other, MySql), same, "{one}, {other}");
            assert_eq!(alike(one, PostgreSql), alike(&one.to_uppercase(), PostgreSql));
        }
        assert_eq!(alike("SELECT Ä, -1, +2", PostgreSql), "select ä , ?");
    }

    #[test]
    fn a_statement_is_told_by_its_first_word_and_its_names() {
        assert_eq!(first_word("-- x\n((select 1))", MySql), "SELECT");
        assert_eq!(first_word("'a'", MySql), "");
        assert!(names_begin_with("select 0 as `Whyslow_place` from t", "whyslow_", MySql));
        assert!(!names_begin_with("select 'whyslow_place' from whyslow_test.t", "whyslow_", MySql));
    }

    #[test]
    fn passwords_are_masked_and_queries_are_not() {
        for (sql, shown) in [
            ("create user a identified by 'pw'", "create user a identified by '***'"),
            ("alter role a valid until 'x' password 'pw'", "alter role a valid until 'x' password '***'"),
            ("set password for a = password('pw')", "set password for a = password('***')"),
            ("select * from t where password = 'x'", "select * from t where password = 'x'"),
            ("select * from dblink('host=a password=pw', 'select 1')", "select * from dblink('***', 'select 1')"),
            ("create subscription s connection 'host=a password=pw'", "create subscription s connection '***'"),
        ] {
            assert_eq!(without_secrets(sql, PostgreSql), shown);
        }
        assert_eq!(without_secrets("alter user a identified by \"pw", MySql), "alter user a identified by '***'");
    }
}
