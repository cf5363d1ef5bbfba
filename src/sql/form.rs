//! What a SELECT of one block asks for besides conditions: its groups, orders and limit, with the names as they are written.

use sqlparser::ast::{
    Distinct, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, JoinConstraint, JoinOperator,
    LimitClause, OrderByKind, OrderBySort, Query, Select, SelectItem, SetExpr, Statement, TableFactor, Value,
};

use super::{
    look::{Look, look},
    parse::parsed,
};
use crate::plan::Engine;

/// A column as a statement writes it: the name of its table, if told, and its own.
pub type Named = (Option<String>, String);

/// What a statement of one query block asks for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Form {
    /// Keys of `GROUP BY`; `None` stands for what is no bare column.
    pub group: Vec<Option<Named>>,
    /// Keys of `ORDER BY` and whether each descends; `None` stands for what is no bare column.
    pub order: Vec<(Option<Named>, bool)>,
    /// The select list of a `SELECT DISTINCT`.
    pub distinct: Vec<Option<Named>>,
    /// Rows wanted, those skipped included.
    pub limit: Option<f64>,
    /// The columns of which `MIN` and `MAX` alone are asked, besides bare columns; `None` where there are other aggregates.
    pub extremes: Option<Vec<Named>>,
    /// Aggregates are computed.
    pub aggregates: bool,
    /// Bare columns stand in the select list.
    pub plain: bool,
}

/// Reads a statement (an EXPLAIN before it is left out).
///
/// # Errors
/// Why it is not of one block, for people: what it holds that is planned in ways of its own.
pub fn form(sql: &str, engine: Engine) -> Result<Form, String> {
    let inner = super::without_explain(sql, engine);
    parsed(inner.trim_end().trim_end_matches(';'), engine, of)?.map_err(str::to_owned)
}

fn of(statement: &Statement) -> Result<Form, &'static str> {
    let Statement::Query(query) = statement else { return Err("it is no SELECT") };
    let mut queries = Queries(0);
    look(statement, &mut queries);
    if query.with.is_some() {
        return Err("it has common table expressions");
    }
    let SetExpr::Select(select) = query.body.as_ref() else {
        return Err("it is a union or another set of queries");
    };
    if queries.0 > 1 {
        return Err("it has sub-queries, which servers rewrite into joins of several kinds");
    }
    if !query.locks.is_empty() {
        return Err("it locks rows");
    }
    tables(select)?;
    read(query, select)
}

/// Counts queries.
struct Queries(usize);

impl Look for Queries {
    fn pre_visit_query(&mut self, _: &Query) -> std::ops::ControlFlow<()> {
        self.0 += 1;
        std::ops::ControlFlow::Continue(())
    }
}

fn tables(select: &Select) -> Result<(), &'static str> {
    for item in &select.from {
        let joined = item.joins.iter().map(|join| &join.relation);
        for factor in std::iter::once(&item.relation).chain(joined) {
            match factor {
                TableFactor::Table { args: None, partitions, index_hints, .. } => {
                    if !partitions.is_empty() {
                        return Err("it names partitions");
                    }
                    if !index_hints.is_empty() {
                        return Err("it has index hints");
                    }
                }
                _ => return Err("it reads what is no plain table"),
            }
        }
        for join in &item.joins {
            match &join.join_operator {
                JoinOperator::Join(on) | JoinOperator::Inner(on) | JoinOperator::CrossJoin(on) => {
                    if matches!(on, JoinConstraint::Natural) {
                        return Err("it has a natural join");
                    }
                }
                JoinOperator::StraightJoin(_) => return Err("it fixes the order of its tables"),
                _ => return Err("it has an outer join"),
            }
        }
    }
    Ok(())
}

fn read(query: &Query, select: &Select) -> Result<Form, &'static str> {
    let GroupByExpr::Expressions(group, modifiers) = &select.group_by else { return Err("its groups are not told") };
    if !modifiers.is_empty() {
        return Err("it has ROLLUP");
    }
    let mut aliases = Vec::new();
    let mut form = Form { group: Vec::new(), extremes: Some(Vec::new()), ..Form::default() };
    for item in &select.projection {
        let (expr, alias) = match item {
            SelectItem::UnnamedExpr(expr) => (expr, None),
            SelectItem::ExprWithAlias { expr, alias } => (expr, Some(alias.value.clone())),
            _ => {
                (form.plain, form.extremes) = (true, None);
                aliases.push((None, None));
                continue;
            }
        };
        item_of(&mut form, expr)?;
        aliases.push((alias, named(expr)));
    }
    if select.having.is_some() || select.qualify.is_some() {
        form.extremes = None;
    }
    form.group = group.iter().map(|expr| place(expr, &aliases)).collect();
    match &select.distinct {
        None => {}
        Some(Distinct::Distinct) => form.distinct = aliases.iter().map(|(_, name)| name.clone()).collect(),
        Some(_) => return Err("it has DISTINCT ON"),
    }
    if let Some(order) = &query.order_by {
        let OrderByKind::Expressions(keys) = &order.kind else { return Err("it orders by everything") };
        let key = |key: &sqlparser::ast::OrderByExpr| {
            (place(&key.expr, &aliases), matches!(key.options.sort, Some(OrderBySort::Desc)))
        };
        form.order = keys.iter().map(key).collect();
    }
    form.limit = limit(query)?;
    Ok(form)
}

/// Takes in an item of the select list.
fn item_of(form: &mut Form, expr: &Expr) -> Result<(), &'static str> {
    let mut functions = Functions::default();
    look(expr, &mut functions);
    if functions.over {
        return Err("it has window functions");
    }
    if named(expr).is_some() {
        form.plain = true;
        return Ok(());
    }
    if functions.aggregates {
        form.aggregates = true;
        match (extreme(expr), &mut form.extremes) {
            (Some(column), Some(all)) => all.push(column),
            _ => form.extremes = None,
        }
    } else if !functions.columns {
        // A constant.
    } else {
        (form.plain, form.extremes) = (true, None);
    }
    Ok(())
}

/// Finds aggregates, windows and columns.
#[derive(Default)]
struct Functions {
    aggregates: bool,
    over: bool,
    columns: bool,
}

const AGGREGATES: &[&str] = &[
    "any_value",
    "avg",
    "bit_and",
    "bit_or",
    "bit_xor",
    "count",
    "group_concat",
    "json_arrayagg",
    "json_objectagg",
    "max",
    "median",
    "min",
    "std",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "sum",
    "var_pop",
    "var_samp",
    "variance",
];

impl Look for Functions {
    fn pre_visit_expr(&mut self, expr: &Expr) -> std::ops::ControlFlow<()> {
        match expr {
            Expr::Function(function) => {
                let name = function.name.to_string().to_ascii_lowercase();
                self.aggregates |= AGGREGATES.contains(&name.as_str());
                self.over |= function.over.is_some();
            }
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => self.columns = true,
            _ => {}
        }
        std::ops::ControlFlow::Continue(())
    }
}

/// `MIN(column)` or `MAX(column)`.
fn extreme(expr: &Expr) -> Option<Named> {
    let Expr::Function(function) = expr else { return None };
    let name = function.name.to_string().to_ascii_lowercase();
    let FunctionArguments::List(list) = &function.args else { return None };
    match (name.as_str(), list.args.as_slice()) {
        ("min" | "max", [FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))]) => named(expr),
        _ => None,
    }
}

fn named(expr: &Expr) -> Option<Named> {
    match expr {
        Expr::Nested(inner) => named(inner),
        Expr::Identifier(name) => Some((None, name.value.clone())),
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [.., table, column] => Some((Some(table.value.clone()), column.value.clone())),
            _ => None,
        },
        _ => None,
    }
}

/// A key of an order or a group: a column, an item by its number, or by its name.
fn place(expr: &Expr, items: &[(Option<String>, Option<Named>)]) -> Option<Named> {
    if let Expr::Value(value) = expr {
        let Value::Number(number, _) = &value.value else { return None };
        let at: usize = number.parse().ok()?;
        return items.get(at.checked_sub(1)?)?.1.clone();
    }
    let name = named(expr)?;
    let alias = |(alias, _): &&(Option<String>, Option<Named>)| {
        name.0.is_none() && alias.as_ref().is_some_and(|alias| alias.eq_ignore_ascii_case(&name.1))
    };
    match items.iter().find(alias) {
        Some((_, item)) => item.clone(),
        None => Some(name),
    }
}

fn limit(query: &Query) -> Result<Option<f64>, &'static str> {
    let number = |expr: &Expr| match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) => text.parse::<f64>().map_err(|_| "its limit is no number"),
            _ => Err("its limit is no number"),
        },
        _ => Err("its limit is no number"),
    };
    match &query.limit_clause {
        None => Ok(None),
        Some(LimitClause::LimitOffset { limit, offset, limit_by }) if limit_by.is_empty() => {
            let skipped = offset.as_ref().map_or(Ok(0.0), |offset| number(&offset.value))?;
            limit.as_ref().map(|limit| Ok(number(limit)? + skipped)).transpose()
        }
        Some(LimitClause::OffsetCommaLimit { offset, limit }) => Ok(Some(number(offset)? + number(limit)?)),
        Some(_) => Err("its limit is not told"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, form};
    use crate::plan::Engine::MySql;

    fn name(text: &str) -> (Option<String>, String) {
        match text.split_once('.') {
            Some((table, column)) => (Some(table.to_owned()), column.to_owned()),
            None => (None, text.to_owned()),
        }
    }

    #[test]
    fn groups_orders_and_limits_are_told() {
        let read = |sql| form(sql, MySql).unwrap();
        assert_eq!(
            read("select o.a, sum(b) as s from t o group by o.a order by 1 desc, s limit 3, 7"),
            Form {
                group: vec![Some(name("o.a"))],
                order: vec![(Some(name("o.a")), true), (None, false)],
                limit: Some(10.0),
                extremes: None,
                aggregates: true,
                plain: true,
                ..Form::default()
            }
        );
        assert_eq!(read("select min(a), max(t.b) from t").extremes, Some(vec![name("a"), name("t.b")]));
        assert_eq!(read("select distinct a from t").distinct, [Some(name("a"))]);
        assert_eq!(read("select count(*) from t where a = 1").extremes, None);
        assert_eq!(read("select * from t order by lower(a)").order, [(None, false)]);
    }

    #[test]
    fn what_is_planned_in_its_own_ways_is_refused_with_the_reason() {
        for (sql, why) in [
            ("select * from t where a in (select b from u)", "sub-queries"),
            ("select * from t left join u on u.a = t.a", "outer join"),
            ("select a from t union select b from u", "union"),
            ("with c as (select 1) select * from c", "common table"),
            ("select sum(a) over (partition by b) from t", "window"),
            ("delete from t where a = 1", "no SELECT"),
            ("select * from t force index (k) where a = 1", "hints"),
            ("select * from (select 1 as a) d", "sub-queries"),
            ("select a, count(*) from t group by a with rollup", "ROLLUP"),
        ] {
            let said = form(sql, MySql).unwrap_err();
            assert!(said.contains(why), "{sql}: {said}");
        }
    }
}
