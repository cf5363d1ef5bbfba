//! A statement of MySQL or MariaDB as if an index were not there: `IGNORE INDEX` behind every table that has it.

use std::ops::ControlFlow;

use sqlparser::{
    ast::{FromTable, Query, Statement, TableFactor, TableIndexHintType},
    tokenizer::{Location, Span},
};

use super::{
    lex::content,
    look::{Look, look},
    names,
    parse::parsed,
};
use crate::plan::Engine;

/// An index to be ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ignored<'a> {
    /// Database of its table.
    pub schema: &'a str,
    /// Table.
    pub table: &'a str,
    /// Index.
    pub index: &'a str,
}

/// The statement with a hint behind every mention of the tables, views excepted, which are not looked into. Names without a
/// database are of `database`.
///
/// # Errors
/// Why that cannot be said of the statement, for people.
pub fn ignoring(sql: &str, engine: Engine, database: &str, ignored: &[Ignored<'_>]) -> Result<String, String> {
    let mut places = parsed(sql, engine, |statement| {
        let mut walker = Walker { engine, database, ignored, with: Vec::new(), places: Vec::new(), problem: None };
        if matches!(statement, Statement::Delete(delete) if alone(&delete.from) && delete.tables.is_empty() && delete.using.is_none())
        {
            walker.problem = Some("a DELETE from one table takes no index hints".to_owned());
        }
        look(statement, &mut walker);
        walker.problem.map_or(Ok(walker.places), Err)
    })??;
    if let Some(missing) =
        ignored.iter().find(|i| !places.iter().any(|p| p.table == (i.schema.to_owned(), i.table.to_owned())))
    {
        return Err(format!("the statement does not name {}, by which the index could be ignored", missing.table));
    }
    let tokens = content(sql, engine);
    let mut out = sql.to_owned();
    places.sort_by_key(|place| std::cmp::Reverse((place.span.end.line, place.span.end.column)));
    for place in places {
        let odd = || "the place of a table's name in it could not be told".to_owned();
        let (start, end) =
            (offset(sql, place.span.start).ok_or_else(odd)?, offset(sql, place.span.end).ok_or_else(odd)?);
        if sql.get(start..end).map(|text| text.trim_matches(['`', '"']).replace("``", "`")) != Some(place.written) {
            return Err(odd());
        }
        let mut at = end;
        // `t PARTITION (p0)` without an alias: the hint comes behind the parentheses.
        let mut following = tokens.iter().filter(|t| t.start >= end);
        if following.next().is_some_and(|t| t.is_word(sql, "PARTITION")) {
            at = following.find(|t| t.is_symbol(sql, ")")).map_or(end, |t| t.end);
        }
        let names: Vec<String> = ignored
            .iter()
            .filter(|i| place.table == (i.schema.to_owned(), i.table.to_owned()))
            .map(|i| format!("`{}`", i.index.replace('`', "``")))
            .collect();
        out.insert_str(at, &format!(" IGNORE INDEX ({})", names.join(", ")));
    }
    Ok(out)
}

fn alone(from: &FromTable) -> bool {
    let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = from;
    tables.len() == 1 && tables.iter().all(|table| table.joins.is_empty())
}

/// Byte of a place that the parser counts in lines and characters from 1.
fn offset(sql: &str, place: Location) -> Option<usize> {
    let (mut line, mut column) = (1_u64, 1_u64);
    for (at, c) in sql.char_indices() {
        if (line, column) == (place.line, place.column) {
            return Some(at);
        }
        if c == '\n' {
            (line, column) = (line + 1, 1);
        } else {
            column += 1;
        }
    }
    ((line, column) == (place.line, place.column)).then_some(sql.len())
}

/// A mention of a table that is meant.
struct Place {
    table: (String, String),
    /// Of the alias, or of the name.
    span: Span,
    written: String,
}

struct Walker<'a> {
    engine: Engine,
    database: &'a str,
    ignored: &'a [Ignored<'a>],
    /// Names that a WITH anywhere in the statement gives.
    with: Vec<String>,
    places: Vec<Place>,
    problem: Option<String>,
}

impl Look for Walker<'_> {
    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let named = query.with.iter().flat_map(|with| &with.cte_tables);
        self.with.extend(named.map(|cte| names::fold(&cte.alias.name, self.engine)));
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        let TableFactor::Table { name, alias, args: None, index_hints, .. } = factor else {
            return ControlFlow::Continue(());
        };
        let mut parts = names::parts(name, self.engine);
        let Some(table) = parts.pop() else { return ControlFlow::Continue(()) };
        let schema = parts.pop();
        let full = (schema.clone().unwrap_or_else(|| self.database.to_owned()), table.clone());
        let here: Vec<&Ignored<'_>> =
            self.ignored.iter().filter(|i| (i.schema, i.table) == (full.0.as_str(), full.1.as_str())).collect();
        if here.is_empty() {
            return ControlFlow::Continue(());
        }
        if schema.is_none() && self.with.contains(&table) {
            self.problem = Some(format!("a WITH of the statement is called {table} too"));
        }
        let forced = index_hints
            .iter()
            .filter(|hint| !matches!(hint.hint_type, TableIndexHintType::Ignore))
            .flat_map(|hint| &hint.index_names)
            .find(|forced| here.iter().any(|i| i.index.eq_ignore_ascii_case(&forced.value)));
        if let Some(forced) = forced {
            self.problem = Some(format!(
                "the statement names {} in an index hint of its own: without that index the server refuses it",
                forced.value
            ));
        }
        let last = alias.as_ref().map(|a| &a.name).or_else(|| name.0.last().and_then(|part| part.as_ident()));
        if let Some(ident) = last {
            self.places.push(Place { table: full, span: ident.span, written: ident.value.clone() });
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Ignored, ignoring};
    use crate::plan::Engine;

    const ONE: Ignored<'_> = Ignored { schema: "shop", table: "orders", index: "by_customer" };

    #[test]
    fn every_mention_of_the_table_gets_the_hint_behind_its_alias() {
        for (sql, expected) in [
            ("select * from orders where id = 1", "select * from orders IGNORE INDEX (`by_customer`) where id = 1"),
            (
                "select 'é', a.id from orders a\njoin shop.`orders` as b using (id)",
                "select 'é', a.id from orders a IGNORE INDEX (`by_customer`)\njoin shop.`orders` as b IGNORE INDEX (`by_customer`) using (id)",
            ),
            (
                "select * from customers c where exists (select 1 from orders o where o.customer_id = c.id) -- orders",
                "select * from customers c where exists (select 1 from orders o IGNORE INDEX (`by_customer`) where o.customer_id = c.id) -- orders",
            ),
            (
                "select * from orders partition (p0, p1) where id = 1",
                "select * from orders partition (p0, p1) IGNORE INDEX (`by_customer`) where id = 1",
            ),
            (
                "select * from orders o use index (x) where id = 1",
                "select * from orders o IGNORE INDEX (`by_customer`) use index (x) where id = 1",
            ),
            (
                "update orders set a = 1 where id = 2",
                "update orders IGNORE INDEX (`by_customer`) set a = 1 where id = 2",
            ),
            ("select * from other.orders, orders", "select * from other.orders, orders IGNORE INDEX (`by_customer`)"),
        ] {
            for engine in [Engine::MySql, Engine::MariaDb] {
                assert_eq!(ignoring(sql, engine, "shop", &[ONE]).unwrap(), expected);
            }
        }
        let two = [ONE, Ignored { index: "odd`name", ..ONE }];
        let sql = ignoring("select * from orders", Engine::MySql, "shop", &two).unwrap();
        assert_eq!(sql, "select * from orders IGNORE INDEX (`by_customer`, `odd``name`)");
    }

    #[test]
    fn what_cannot_be_said_with_a_hint_says_why() {
        for (sql, why) in [
            ("select * from customers", "does not name orders"),
            ("with orders as (select 1 a) select * from orders", "is called orders too"),
            ("select * from orders force index (by_customer)", "without that index the server refuses it"),
            ("delete from orders where id = 1", "takes no index hints"),
            ("select * from", ""),
        ] {
            let error = ignoring(sql, Engine::MySql, "shop", &[ONE]).unwrap_err();
            assert!(error.contains(why), "{sql}: {error}");
        }
    }
}
