//! What can stand where the cursor is: tables, columns, aliases, keywords.

use super::{
    lex::{Kind, Token, lex},
    reserved::quoted,
    split::statement_at,
    trace::{from_items, parts},
};
use crate::{catalog::Names, plan::Engine};

/// So many suggestions are given.
const MOST: usize = 8;
/// A longer text is data and not typed.
const LONGEST: usize = 50_000;

/// What could be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The whole word.
    pub text: String,
    /// What it is, in a word or two.
    pub what: String,
}

/// Suggestions for the word before the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Byte at which the word begins.
    pub from: usize,
    /// Best first; never empty.
    pub items: Vec<Suggestion>,
}

const KEYWORDS: &[&str] = &[
    "and",
    "as",
    "asc",
    "between",
    "by",
    "case",
    "count",
    "cross join",
    "desc",
    "distinct",
    "else",
    "end",
    "exists",
    "from",
    "full join",
    "group by",
    "having",
    "in",
    "inner join",
    "interval",
    "is not null",
    "is null",
    "join",
    "lateral",
    "left join",
    "like",
    "limit",
    "not",
    "null",
    "offset",
    "on",
    "or",
    "order by",
    "over",
    "partition by",
    "right join",
    "select",
    "sum",
    "then",
    "union",
    "union all",
    "using",
    "values",
    "when",
    "where",
    "with",
];

/// What can stand where the cursor is. `None` inside strings and comments, and where nothing is known.
#[must_use]
pub fn complete(text: &str, byte: usize, engine: Engine, names: &Names) -> Option<Completion> {
    if text.len() > LONGEST {
        return None;
    }
    let before = text.get(..byte)?;
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    if text.get(byte..)?.starts_with(is_word) {
        // In the middle of a word nothing is begun.
        return None;
    }
    let typed = &before[before.trim_end_matches(is_word).len()..];
    let from = byte - typed.len();
    let span = statement_at(text, engine, from)?;
    let statement = span.of(text);
    let at = from.saturating_sub(span.start);
    let tokens = lex(statement, engine);
    let inside = |t: &Token| t.start < at && at < t.end && matches!(t.kind, Kind::String | Kind::Comment);
    if tokens.iter().any(inside) {
        return None;
    }
    let earlier: Vec<Token> = tokens.into_iter().filter(|t| t.end <= at && t.is_content()).collect();
    let all = parts(statement, engine);
    let scope = from_items(&all);
    let mut items = Items { begun: typed.to_lowercase(), found: Vec::new(), engine };
    if let [.., qualifier, dot] = earlier.as_slice()
        && dot.is_symbol(statement, ".")
        && dot.end == at
    {
        let qualifier = qualifier.text(statement).trim_matches(|c| matches!(c, '"' | '`'));
        let called = scope.iter().find(|(_, alias)| alias.eq_ignore_ascii_case(qualifier));
        let table = called.map_or(qualifier, |(table, _)| table);
        items.columns(names, table);
        let here = names.tables.iter().filter(|t| t.schema.eq_ignore_ascii_case(qualifier));
        here.for_each(|t| items.name(&t.name, "table"));
    } else if typed.is_empty() {
        return None;
    } else if wants_table(statement, &earlier) {
        names.tables.iter().for_each(|t| items.name(&t.name, &t.schema));
    } else {
        for (table, _) in &scope {
            items.columns(names, table);
        }
        for (table, alias) in scope.iter().filter(|(table, alias)| table != alias) {
            items.name(alias, table);
        }
        if typed.len() > 1 {
            let upper = typed.chars().all(|c| !c.is_lowercase());
            for word in KEYWORDS {
                items.word(if upper { word.to_uppercase() } else { (*word).to_owned() });
            }
        }
    }
    (!items.found.is_empty()).then_some(Completion { from, items: items.found })
}

/// Suggestions that go on with what was begun, the first few of them: of a large catalog nothing else is looked at twice.
struct Items {
    /// In lower case.
    begun: String,
    found: Vec<Suggestion>,
    engine: Engine,
}

impl Items {
    /// Whether a word goes on with what was begun.
    fn fits(&self, word: &str) -> bool {
        let mut rest = word.chars().flat_map(char::to_lowercase);
        let same = self.begun.chars().all(|c| rest.next() == Some(c));
        same && rest.next().is_some()
    }

    fn push(&mut self, text: String, what: &str) {
        if !self.found.iter().any(|item| item.text == text) {
            self.found.push(Suggestion { text, what: what.to_owned() });
        }
    }

    /// A name, as SQL writes it.
    fn name(&mut self, name: &str, what: &str) {
        if self.found.len() < MOST && self.fits(name) {
            self.push(quoted(name, self.engine), what);
        }
    }

    fn word(&mut self, word: String) {
        if self.found.len() < MOST && self.fits(&word) {
            self.push(word, "keyword");
        }
    }

    fn columns(&mut self, names: &Names, table: &str) {
        if let Some(known) = names.tables.iter().find(|t| t.name.eq_ignore_ascii_case(table)) {
            known.columns.iter().for_each(|name| self.name(name, &known.name));
        }
    }
}

/// Whether the word that follows names a table: after FROM and its like, and after a comma among FROM items.
fn wants_table(sql: &str, earlier: &[Token]) -> bool {
    let starts = |t: &Token| ["FROM", "JOIN", "INTO", "UPDATE", "TABLE"].iter().any(|w| t.is_word(sql, w));
    let ends = |t: &Token| {
        ["WHERE", "ON", "SELECT", "GROUP", "ORDER", "SET", "USING", "HAVING", "LIMIT", "AND", "OR"]
            .iter()
            .any(|w| t.is_word(sql, w))
    };
    match earlier.last() {
        Some(last) if starts(last) => true,
        Some(last) if last.is_symbol(sql, ",") => {
            earlier.iter().rev().find(|t| starts(t) || ends(t)).is_some_and(starts)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::complete;
    use crate::{
        catalog::{NamedTable, Names},
        plan::Engine::PostgreSql,
    };

    fn names() -> Names {
        let table = |name: &str, columns: &[&str]| NamedTable {
            schema: "public".to_owned(),
            name: name.to_owned(),
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
        };
        Names {
            tables: vec![
                table("orders", &["id", "status", "total"]),
                table("order_items", &["order_id", "qty"]),
                table("Odd Name", &["n"]),
                table("select", &["n"]),
            ],
        }
    }

    #[test]
    fn tables_columns_aliases_and_keywords_are_suggested_where_they_fit() {
        for (typed, rest, expected) in [
            ("select * from ord", "", &["orders", "order_items"][..]),
            ("select * from orders o, ord", "", &["orders", "order_items"]),
            ("select o.", " from orders o", &["id", "status", "total"]),
            ("select o.st", " from orders o", &["status"]),
            ("select sta", " from orders o", &["status"]),
            ("select * from public.", "", &["orders", "order_items", "\"Odd Name\"", "\"select\""]),
            ("select * from orders o where q", "", &[]),
            ("select * from orders o wh", "", &["when", "where"]),
            ("select * from orders o WH", "", &["WHEN", "WHERE"]),
            ("select 'ord", "'", &[]),
            ("select 1 -- ord", "", &[]),
            ("select st", "atus from orders", &[]),
            ("select ", "", &[]),
            ("select * from odd", "", &["\"Odd Name\""]),
            ("select * from sel", "", &["\"select\""]),
        ] {
            let text = format!("{typed}{rest}");
            let found = complete(&text, typed.len(), PostgreSql, &names());
            let items: Vec<String> = found.into_iter().flat_map(|c| c.items).map(|i| i.text).collect();
            assert_eq!(items, expected, "{text}");
        }
    }
}
