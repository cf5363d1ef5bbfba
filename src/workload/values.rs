//! Values for statements that came without: MySQL and MariaDB plan none with `?` in it. Each gets one that its column really has.

use std::collections::HashMap;

use crate::{
    catalog::Catalog,
    plan::Engine,
    server::{ErrorKind, ServerError, Session},
    sql::{
        self,
        shape::{Shape, Test, Value, shape},
    },
};

/// Of the values in order, those below this part: where a range begins that keeps few rows.
const NEARLY_ALL: f64 = 0.95;
/// Letters of a text that a pattern keeps.
const BEGINNING: usize = 3;

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    schema: String,
    table: String,
    column: String,
}

/// A parameter and what it is compared with.
#[derive(Debug, Clone, PartialEq)]
struct Asked {
    place: Place,
    test: Test,
    /// The condition's SQL, with the marks of its parameters.
    sql: String,
}

/// The statement with values in the place of its parameters: those of columns are read, some hundred rows from either end of the table's
/// primary key and no more, unless they were read before (`known`).
///
/// # Errors
/// [`ServerError`] when the connection broke, the person cancelled or the account may not read the table.
pub async fn filled(
    session: &mut Session,
    statement: &str,
    catalog: &Catalog,
    known: &mut Known,
) -> Result<String, ServerError> {
    let engine = session.info().engine;
    let names = sql::parameters(statement, engine);
    if names.is_empty() {
        return Ok(statement.to_owned());
    }
    let mut asked = asked(statement, &names, engine, catalog);
    asked.retain(|name, _| amount(statement, name, engine).is_none());
    let mut values: HashMap<String, String> = HashMap::new();
    for name in &names {
        let value = match asked.get(name) {
            Some(asked) => {
                if !known.0.contains_key(&asked.place) {
                    let read = known.read(session, &asked.place, catalog).await?;
                    known.0.insert(asked.place.clone(), read);
                }
                known.0.get(&asked.place).and_then(|values| chosen(values, asked, name))
            }
            None => None,
        };
        values.insert(name.clone(), value.unwrap_or_else(|| by_words(statement, name, engine)));
    }
    Ok(sql::fill(statement, engine, |name| values.get(name).cloned()).sql)
}

/// Values that were read, as SQL literals in order.
#[derive(Debug, Default)]
pub struct Known(HashMap<Place, Vec<String>>);

impl Known {
    /// How many columns' values were read.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.0.len()
    }

    async fn read(&self, session: &mut Session, place: &Place, catalog: &Catalog) -> Result<Vec<String>, ServerError> {
        let table = catalog.table(Some(&place.schema), &place.table);
        let primary = table.and_then(|t| t.indexes.iter().find(|i| i.primary));
        let keys: Vec<&str> =
            primary.map_or_else(Vec::new, |i| i.keys.iter().filter_map(|k| k.column.as_deref()).collect());
        let Session::Mysql(connection) = session else { return Ok(Vec::new()) };
        match connection.some_values((&place.schema, &place.table), &place.column, &keys).await {
            Err(error)
                if matches!(error.kind, ErrorKind::Disconnected | ErrorKind::Cancelled | ErrorKind::Privilege) =>
            {
                Err(error)
            }
            // A type that has no order, a view that fails: no value is known, and the statement may still be planned.
            Err(_) => Ok(Vec::new()),
            Ok(values) => Ok(values),
        }
    }
}

/// What stands for a parameter while the statement is parsed: a text that nobody writes.
fn mark(name: &str) -> String {
    format!("\u{27e8}{name}\u{27e9}")
}

/// What each parameter is compared with, by its name.
fn asked(statement: &str, names: &[String], engine: Engine, catalog: &Catalog) -> HashMap<String, Asked> {
    let marked = sql::fill(statement, engine, |name| Some(format!("'{}'", mark(name)))).sql;
    let Ok(Shape { sources, predicates, .. }) = shape(&marked, engine, catalog) else { return HashMap::new() };
    let mut found = HashMap::new();
    for name in names {
        let mark = mark(name);
        let by = |told: bool| {
            predicates.iter().filter(|p| !p.derived).find(|p| {
                let is = p.values.iter().any(|v| matches!(v, Value::Literal(text) if text.contains(&mark)));
                if told { is } else { p.sql.contains(&mark) }
            })
        };
        let Some(predicate) = by(true).or_else(|| by(false)) else { continue };
        let (Some(column), Some(source)) = (predicate.operand.column(), sources.get(predicate.source)) else {
            continue;
        };
        let place = Place { schema: source.schema.clone(), table: source.table.clone(), column: column.to_owned() };
        found.insert(name.clone(), Asked { place, test: predicate.test, sql: predicate.sql.clone() });
    }
    found
}

/// The value of those a column has: for one value the middle one, which is a frequent one where some are; for a range one that keeps few.
fn chosen(values: &[String], asked: &Asked, name: &str) -> Option<String> {
    let last = values.len().checked_sub(1)?;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "some hundred values"
    )]
    let at = |part: f64| values.get((part * last as f64).round() as usize).cloned();
    let mark = mark(name);
    match asked.test {
        Test::Range => {
            let lower = asked.sql.to_lowercase();
            let before = asked.sql.find(&mark).map_or("", |end| &asked.sql[..end]);
            if lower.contains("between") {
                // The first bound, then the second.
                let second = before.to_lowercase().contains(" and ");
                return at(if second { 0.55 } else { 0.5 });
            }
            at(if before.contains('<') { 1.0 - NEARLY_ALL } else { NEARLY_ALL })
        }
        Test::LikePrefix | Test::Pattern | Test::FullText => {
            let value = at(0.5)?;
            let inner = value.trim_matches('\'');
            let word: String = inner.chars().take_while(|c| c.is_alphanumeric()).take(BEGINNING.max(1)).collect();
            Some(if word.is_empty() { value } else { format!("'{word}%'") })
        }
        _ => at(0.5),
    }
}

/// The text before a parameter.
fn before<'a>(statement: &'a str, name: &str, engine: Engine) -> &'a str {
    let found = sql::placeholders(statement, engine);
    let number = name.strip_prefix('?').and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
    let start = found.get(number.wrapping_sub(1)).map_or(0, |p| p.span.start);
    statement.get(..start).unwrap_or_default()
}

/// The value of a parameter directly behind a word that wants a number, whatever it is compared with: `a > NOW() - INTERVAL ? DAY`.
fn amount(statement: &str, name: &str, engine: Engine) -> Option<&'static str> {
    let text = before(statement, name, engine).trim_end_matches(|c: char| c.is_whitespace() || "+-(".contains(c));
    let word = text.rsplit(|c: char| !(c.is_alphanumeric() || "_$`.".contains(c))).next().unwrap_or_default();
    [("LIMIT", "10"), ("OFFSET", "0"), ("INTERVAL", "1")]
        .into_iter()
        .find(|(known, _)| word.eq_ignore_ascii_case(known))
        .map(|(_, value)| value)
}

/// A parameter that is compared with no column: by the word before it.
fn by_words(statement: &str, name: &str, engine: Engine) -> String {
    if let Some(value) = amount(statement, name, engine) {
        return value.to_owned();
    }
    let words = sql::words(before(statement, name, engine), engine);
    match words.last().map(String::as_str) {
        Some("LIMIT") => "10",
        Some("OFFSET") => "0",
        _ => "1",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Asked, Place, amount, asked, by_words, chosen};
    use crate::{
        catalog::{Catalog, Column, Table},
        plan::Engine::MySql,
        sql::{self, shape::Test},
    };

    fn catalog() -> Catalog {
        let column = |name: &str| Column { name: name.to_owned(), type_name: "int".to_owned(), ..Column::default() };
        let table = |name: &str, columns: &[&str]| Table {
            schema: "shop".to_owned(),
            name: name.to_owned(),
            columns: columns.iter().map(|c| column(c)).collect(),
            ..Table::default()
        };
        Catalog {
            tables: vec![
                table("orders", &["id", "status", "total", "customer_id"]),
                table("customers", &["id", "email"]),
            ],
            search_path: vec!["shop".to_owned()],
            ..Catalog::default()
        }
    }

    #[test]
    fn each_parameter_is_traced_to_the_column_it_is_compared_with() {
        let sql = "SELECT * FROM `orders` `o` JOIN customers c ON c.id = o.customer_id WHERE `o` . `status` = ? AND c.email LIKE ? \
                   AND total BETWEEN ? AND ? AND customer_id IN(?) ORDER BY total LIMIT ?";
        let names = sql::parameters(sql, MySql);
        let found = asked(sql, &names, MySql, &catalog());
        let told: Vec<Option<(&str, Test)>> =
            names.iter().map(|n| found.get(n).map(|a| (a.place.column.as_str(), a.test))).collect();
        assert_eq!(told[0], Some(("status", Test::Equal)));
        assert_eq!(told[1].map(|t| t.0), Some("email"));
        assert_eq!((told[2], told[3]), (Some(("total", Test::Range)), Some(("total", Test::Range))));
        assert_eq!(told[4].map(|t| t.0), Some("customer_id"));
        assert_eq!(told[5], None);
        assert_eq!(by_words(sql, "?6", MySql), "10");
        let sql = "select * from orders where created > now() - interval ? day and `limit` = ? limit ?, ?";
        let told: Vec<Option<&str>> = ["?1", "?2", "?3", "?4"].map(|name| amount(sql, name, MySql)).to_vec();
        assert_eq!(told, [Some("1"), None, Some("10"), None]);
        assert_eq!(by_words(sql, "?4", MySql), "10");
    }

    #[test]
    fn a_range_keeps_few_and_a_value_is_a_usual_one() {
        let values: Vec<String> = (0..101).map(|n| format!("'{n}'")).collect();
        let place = Place { schema: String::new(), table: String::new(), column: String::new() };
        let ask = |test, sql: &str| Asked { place: place.clone(), test, sql: sql.to_owned() };
        for (test, sql, expected) in [
            (Test::Equal, "a = '⟨?1⟩'", "'50'"),
            (Test::Range, "a > '⟨?1⟩'", "'95'"),
            (Test::Range, "a <= '⟨?1⟩'", "'5'"),
            (Test::Range, "a BETWEEN '⟨?1⟩' AND '⟨?2⟩'", "'50'"),
            (Test::LikePrefix, "a LIKE '⟨?1⟩'", "'50%'"),
        ] {
            assert_eq!(chosen(&values, &ask(test, sql), "?1").as_deref(), Some(expected), "{sql}");
        }
        assert_eq!(chosen(&values, &ask(Test::Range, "a BETWEEN '⟨?1⟩' AND '⟨?2⟩'"), "?2").as_deref(), Some("'55'"));
        assert_eq!(chosen(&[], &ask(Test::Equal, ""), "?1"), None);
    }
}
