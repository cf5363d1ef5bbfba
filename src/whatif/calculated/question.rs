//! A statement as the calculation sees it: its tables, what is asked of each, how they are joined.

use mysql_async::Value as Cell;

use crate::{
    catalog::{Catalog, Table, TableKind},
    plan::Engine,
    server::mysql::cells::quoted,
    sql::{
        Form, Named, form,
        shape::{Predicate, Shape, Test, Value, shape},
        words,
    },
    text::one_line,
};

/// Tables of a join whose orders are all looked at.
const TABLES: usize = 7;

/// A statement.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) form: Form,
    pub(super) tabs: Vec<Tab>,
    /// Equalities between columns of two tables, those that follow from others included.
    pub(super) joins: Vec<((usize, String), (usize, String))>,
}

/// A place where it reads a table.
#[derive(Debug, Clone)]
pub(super) struct Tab {
    pub(super) schema: String,
    pub(super) table: String,
    pub(super) alias: String,
    /// Columns that are needed.
    pub(super) columns: Vec<String>,
    pub(super) conds: Vec<Cond>,
}

/// A condition on one table.
#[derive(Debug, Clone)]
pub(super) struct Cond {
    /// The column it asks about, if it asks about one and is no alternative of others.
    pub(super) column: Option<String>,
    pub(super) kind: Kind,
    /// Values it names.
    pub(super) values: usize,
    /// As SQL about this table alone, if it can be asked of single rows.
    pub(super) sql: Option<String>,
    /// As it is shown.
    pub(super) text: String,
    /// The column an alternative of an OR asks about.
    pub(super) alternative: Option<String>,
    /// It compares a column with literals of its own kind, and nothing else.
    pub(super) plain: bool,
}

/// How an index may serve a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Equal,
    OneOf,
    Range,
    NotEqual,
    /// Not at all.
    Other,
}

/// Reads a statement.
///
/// # Errors
/// Why its plans are not calculated, for people.
pub(super) fn question(sql: &str, engine: Engine, catalog: &Catalog) -> Result<Question, String> {
    let form = form(sql, engine)?;
    let shape = shape(sql, engine, catalog)?;
    if shape.sources.is_empty() {
        return Err("it reads no table".to_owned());
    }
    if shape.sources.len() > TABLES {
        return Err(format!("it joins {} tables; up to {TABLES} are calculated", shape.sources.len()));
    }
    let mut tabs = Vec::new();
    for (at, source) in shape.sources.iter().enumerate() {
        let shown = one_line(&source.table);
        let table =
            catalog.table(Some(&source.schema), &source.table).ok_or_else(|| format!("nothing is known of {shown}"))?;
        suitable(table)?;
        let columns = if source.whole_row {
            table.columns.iter().map(|c| c.name.clone()).collect()
        } else {
            source.columns.clone()
        };
        tabs.push(Tab {
            schema: source.schema.clone(),
            table: source.table.clone(),
            alias: source.alias.clone(),
            columns,
            conds: conds(at, &shape, table, engine),
        });
    }
    Ok(Question { form, tabs, joins: closed(&shape) })
}

fn suitable(table: &Table) -> Result<(), String> {
    let shown = one_line(&table.name);
    match table.kind {
        TableKind::Table | TableKind::Partitioned => {}
        _ => return Err(format!("{shown} is no table")),
    }
    if table.storage.as_deref() != Some("InnoDB") {
        return Err(format!("{shown} is no table of InnoDB, whose costs are the only ones that are calculated"));
    }
    Ok(())
}

/// Words of a condition that give the same for every row, besides its column.
const CONSTANT: &[&str] = &[
    "AND",
    "AS",
    "BETWEEN",
    "CAST",
    "CHAR",
    "CONCAT",
    "CURDATE",
    "CURRENT_DATE",
    "CURRENT_TIMESTAMP",
    "DATE",
    "DATETIME",
    "DATE_ADD",
    "DATE_SUB",
    "DAY",
    "HOUR",
    "IN",
    "INTERVAL",
    "IS",
    "LIKE",
    "LOWER",
    "MINUTE",
    "MONTH",
    "NOT",
    "NOW",
    "NULL",
    "QUARTER",
    "SECOND",
    "SIGNED",
    "TIMESTAMP",
    "UNSIGNED",
    "UPPER",
    "UTC_DATE",
    "UTC_TIMESTAMP",
    "WEEK",
    "YEAR",
];

/// Whether a condition compares its column with what is the same for every row.
fn is_constant(predicate: &Predicate, engine: Engine) -> bool {
    let Some(column) = predicate.operand.column() else { return false };
    words(&predicate.sql, engine).iter().all(|word| CONSTANT.contains(&word.as_str()) || word.eq_ignore_ascii_case(column))
        // A quoted name could be any column's.
        && predicate.sql.matches('`').count() <= 2
}

/// Whether a text is compared with a number: then every row's is turned into one, and no index of texts can say which.
fn compares_text_with_number(predicate: &Predicate, table: &Table) -> bool {
    let text = predicate.operand.column().and_then(|c| table.column(c)).is_some_and(|c| {
        let kind = c.type_name.to_lowercase();
        ["char", "varchar", "text", "tinytext", "mediumtext", "longtext"]
            .iter()
            .any(|t| kind.split('(').next() == Some(*t))
    });
    let literal = predicate.values.iter().all(|v| matches!(v, Value::Literal(_))) && !predicate.values.is_empty();
    text && literal
        && !predicate.derived
        && matches!(predicate.test, Test::Equal | Test::OneOf | Test::Range)
        && !predicate.sql.contains(['\'', '"'])
}

fn conds(source: usize, shape: &Shape, table: &Table, engine: Engine) -> Vec<Cond> {
    let mut all: Vec<Cond> = Vec::new();
    for predicate in shape.predicates.iter().filter(|p| p.source == source) {
        let literal = predicate.values.iter().all(|v| matches!(v, Value::Literal(_)));
        let column = predicate.operand.column().filter(|_| predicate.branch.is_none());
        // `vip` alone asks for what is not 0.
        let bare = predicate.test == Test::Equal && !predicate.sql.contains(['=', ' ', '(']);
        // Of `(a, b) > (1, 2)` the servers make no range.
        let rows =
            predicate.test == Test::Range && predicate.sql.trim_start().starts_with('(') && predicate.sql.contains(',');
        let other = rows || compares_text_with_number(predicate, table);
        let kind = match predicate.test {
            _ if predicate.branch.is_some() || other => Kind::Other,
            Test::Equal if bare => Kind::NotEqual,
            Test::Equal | Test::IsNull => Kind::Equal,
            Test::OneOf => Kind::OneOf,
            Test::Range | Test::LikePrefix | Test::IsNotNull => Kind::Range,
            Test::NotEqual => Kind::NotEqual,
            _ => Kind::Other,
        };
        let constant = literal || (!predicate.derived && is_constant(predicate, engine));
        let askable =
            constant && predicate.branch.is_none() && !matches!(predicate.test, Test::FullText | Test::Matches);
        let sql = if !askable {
            None
        } else if predicate.derived {
            derived(predicate.test, column, &predicate.values)
        } else {
            Some(predicate.sql.clone())
        };
        if predicate.derived && sql.is_none() {
            continue;
        }
        let known = sql.is_some() && all.iter().any(|c| c.sql == sql);
        if !known {
            let alternative = predicate.branch.and_then(|_| predicate.operand.column()).map(str::to_owned);
            let values = predicate.values.len().max(1);
            let text = sql.clone().unwrap_or_else(|| predicate.sql.clone());
            let plain = literal && column.is_some() && !other && !bare && is_constant(predicate, engine);
            all.push(Cond { column: column.map(str::to_owned), kind, values, sql, text, alternative, plain });
        }
    }
    all
}

/// A condition that follows from a join, written anew.
fn derived(test: Test, column: Option<&str>, values: &[Value]) -> Option<String> {
    let texts = || values.iter().filter_map(|v| if let Value::Literal(text) = v { Some(written(text)) } else { None });
    let column = quoted(column?);
    match test {
        Test::Equal => Some(format!("{column} = {}", texts().next()?)),
        Test::OneOf => Some(format!("{column} IN ({})", texts().collect::<Vec<_>>().join(", "))),
        _ => None,
    }
}

fn written(text: &str) -> String {
    Cell::from(text).as_sql(false)
}

/// All equalities that follow from those that are written.
fn closed(shape: &Shape) -> Vec<((usize, String), (usize, String))> {
    let mut classes: Vec<Vec<(usize, String)>> = Vec::new();
    for join in &shape.joins {
        let has = |class: &Vec<(usize, String)>| class.contains(&join.left) || class.contains(&join.right);
        let (mut touched, rest): (Vec<_>, Vec<_>) = classes.drain(..).partition(has);
        let mut class: Vec<(usize, String)> = touched.drain(..).flatten().collect();
        for side in [&join.left, &join.right] {
            if !class.contains(side) {
                class.push(side.clone());
            }
        }
        classes = rest;
        classes.push(class);
    }
    let mut all = Vec::new();
    for class in classes {
        for (at, left) in class.iter().enumerate() {
            all.extend(
                class[at + 1..].iter().filter(|right| right.0 != left.0).map(|right| (left.clone(), right.clone())),
            );
        }
    }
    all
}

impl Question {
    /// The place and the catalog's name of a column as the statement writes it.
    pub(super) fn place(&self, (table, column): &Named, known: &[&Table]) -> Option<(usize, String)> {
        let mut found = self.tabs.iter().enumerate().filter_map(|(at, tab)| {
            let called = table.as_ref().is_none_or(|t| t.eq_ignore_ascii_case(&tab.alias) || *t == tab.table);
            let column = known.get(at)?.columns.iter().find(|c| c.name.eq_ignore_ascii_case(column))?;
            called.then(|| (at, column.name.clone()))
        });
        let first = found.next();
        first.filter(|_| found.next().is_none())
    }

    /// Columns of a table whose values a calculation may have to count.
    pub(super) fn counted(&self, at: usize, known: &[&Table]) -> Vec<String> {
        let mut all: Vec<String> = self.tabs[at].conds.iter().filter_map(|c| c.column.clone()).collect();
        for (left, right) in &self.joins {
            all.extend([left, right].into_iter().filter(|side| side.0 == at).map(|side| side.1.clone()));
        }
        let form = &self.form;
        let named = form.group.iter().chain(form.order.iter().map(|(key, _)| key)).chain(&form.distinct).flatten();
        all.extend(
            named.filter_map(|name| self.place(name, known)).filter(|(tab, _)| *tab == at).map(|(_, column)| column),
        );
        all.sort();
        all.dedup();
        all
    }

    /// Adds that a column has one value, which a row read beforehand told.
    pub(super) fn fix(&mut self, at: usize, column: &str, value: &Cell) {
        let cond = Cond {
            column: Some(column.to_owned()),
            kind: Kind::Equal,
            values: 1,
            sql: Some(format!("{} = {}", quoted(column), value.as_sql(false))),
            text: format!("{} = {}", quoted(column), value.as_sql(false)),
            alternative: None,
            plain: true,
        };
        let tab = &mut self.tabs[at];
        if !tab.conds.iter().any(|c| c.kind == Kind::Equal && c.column == cond.column) {
            tab.conds.push(cond);
        }
    }

    /// What is equal to a column.
    pub(super) fn equals(&self, at: usize, column: &str) -> Vec<(usize, String)> {
        let place = (at, column.to_owned());
        let other = |(left, right): &((usize, String), (usize, String))| {
            if *left == place { Some(right.clone()) } else { (*right == place).then(|| left.clone()) }
        };
        self.joins.iter().filter_map(other).collect()
    }
}
