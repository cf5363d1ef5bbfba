//! FROM: tables, joins, sub-queries.

use sqlparser::ast::{JoinConstraint, JoinOperator, Statement, TableAlias, TableFactor, TableWithJoins};

use super::{
    conditions::Only,
    exprs::Parts,
    scope::{Item, Kind, Output, Walk},
};
use crate::{
    catalog::TableKind,
    plan::Engine,
    sql::{
        names::{fold, parts},
        parse::parsed,
    },
};

/// Views of views that are followed.
const DEEPEST_VIEW: usize = 8;

impl Walk<'_> {
    pub(super) fn from(&mut self, table: &TableWithJoins) {
        let start = self.shape.sources.len();
        self.factor(&table.relation);
        for join in &table.joins {
            let before = self.shape.sources.len();
            let items = self.scopes.last().map_or(0, |s| s.items.len());
            self.factor(&join.relation);
            let after = self.shape.sources.len();
            let (constraint, only): (&JoinConstraint, Only) = match &join.join_operator {
                JoinOperator::Join(c)
                | JoinOperator::Inner(c)
                | JoinOperator::CrossJoin(c)
                | JoinOperator::StraightJoin(c) => (c, None),
                JoinOperator::Left(c) | JoinOperator::LeftOuter(c) => (c, Some(before..after)),
                JoinOperator::Right(c) | JoinOperator::RightOuter(c) => (c, Some(start..before)),
                JoinOperator::FullOuter(c) => (c, Some(0..0)),
                _ => continue,
            };
            match constraint {
                JoinConstraint::On(expr) => self.condition(expr, &only),
                JoinConstraint::Using(names) => {
                    let names = names.iter().filter_map(|n| parts(n, self.engine).pop()).collect();
                    self.using(names, items);
                }
                JoinConstraint::Natural => {
                    let names = self.common_names(items);
                    self.using(names, items);
                }
                JoinConstraint::None => {}
            }
        }
    }

    /// Equal names on both sides of a join whose right side starts at item `split`.
    fn using(&mut self, names: Vec<String>, split: usize) {
        for name in names {
            let items = self.scopes.last().map(|s| s.items.clone()).unwrap_or_default();
            let (lefts, rights) = items.split_at(split.min(items.len()));
            let find = |side: &[Item]| -> Vec<(usize, String)> {
                side.iter()
                    .flat_map(|item| self.star(item))
                    .find(|o| o.name.as_ref().is_some_and(|n| self.same(n, &name)))
                    .map(|o| o.places)
                    .unwrap_or_default()
            };
            let (left, right) = (find(lefts), find(rights));
            self.need(&left);
            self.need(&right);
            if let (Some(left), Some(right)) = (left.into_iter().next(), right.into_iter().next()) {
                self.join(left, right);
            }
        }
    }

    fn common_names(&self, split: usize) -> Vec<String> {
        let items = self.scopes.last().map(|s| s.items.as_slice()).unwrap_or_default();
        let (lefts, rights) = items.split_at(split.min(items.len()));
        let names = |side: &[Item]| -> Vec<String> {
            side.iter().flat_map(|item| self.star(item)).filter_map(|o| o.name).collect()
        };
        let left = names(lefts);
        names(rights).into_iter().filter(|name| left.iter().any(|l| self.same(l, name))).collect()
    }

    pub(super) fn factor(&mut self, factor: &TableFactor) {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let mut path = parts(name, self.engine);
                let table = path.pop().unwrap_or_default();
                let schema = path.pop();
                let cte = if schema.is_none() {
                    self.ctes.iter().rev().find(|(cte, _)| self.same(cte, &table)).map(|(_, outputs)| outputs.clone())
                } else {
                    None
                };
                let called = alias.as_ref().map_or_else(|| table.clone(), |a| fold(&a.name, self.engine));
                let mut kind = match cte.or_else(|| self.view(schema.as_deref(), &table)) {
                    Some(outputs) => Kind::Derived(outputs),
                    None => Kind::Table(self.source(schema.as_deref(), &table, Some(called.clone()))),
                };
                if let Some(alias) = alias.as_ref().filter(|a| !a.columns.is_empty()) {
                    let star = self.star(&Item { name: called.clone(), kind });
                    kind = Kind::Derived(renamed(star, alias, self.engine));
                }
                self.add(called, kind);
            }
            TableFactor::Derived { subquery, alias, .. } => {
                let mut outputs = self.query(subquery, false);
                let mut called = String::new();
                if let Some(alias) = alias {
                    outputs = renamed(outputs, alias, self.engine);
                    called = fold(&alias.name, self.engine);
                }
                self.add(called, Kind::Derived(outputs));
            }
            TableFactor::NestedJoin { table_with_joins, .. } => self.from(table_with_joins),
            other => {
                let parts = Parts::of(other);
                for name in &parts.names {
                    let places = self.resolve(name);
                    self.need(&places);
                }
                for query in &parts.queries {
                    self.query(query, false);
                }
                if let TableFactor::Table { alias: Some(alias), .. }
                | TableFactor::Function { alias: Some(alias), .. }
                | TableFactor::UNNEST { alias: Some(alias), .. }
                | TableFactor::JsonTable { alias: Some(alias), .. } = other
                {
                    self.add(fold(&alias.name, self.engine), Kind::Derived(Vec::new()));
                }
            }
        }
    }

    /// What a view gives, read as the query that it is. `None` when it is no view, or its query is not known.
    fn view(&mut self, schema: Option<&str>, name: &str) -> Option<Vec<Output>> {
        if self.views >= DEEPEST_VIEW {
            return None;
        }
        let view = self.known(schema, name).filter(|t| t.kind == TableKind::View)?;
        let names: Vec<String> = view.columns.iter().map(|c| c.name.clone()).collect();
        let text = view.definition.as_deref()?.trim_end().trim_end_matches(';').to_owned();
        let query = parsed(&text, self.engine, |statement| match statement {
            Statement::Query(query) => Some(query.clone()),
            _ => None,
        })
        .ok()??;
        // Nothing of what stands around it can be seen from inside.
        let (scopes, ctes) = (std::mem::take(&mut self.scopes), std::mem::take(&mut self.ctes));
        self.views += 1;
        let mut outputs = self.query(&query, false);
        self.views -= 1;
        (self.scopes, self.ctes) = (scopes, ctes);
        for (output, name) in outputs.iter_mut().zip(names) {
            output.name = Some(name);
        }
        Some(outputs)
    }

    fn add(&mut self, name: String, kind: Kind) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.items.push(Item { name, kind });
        }
    }
}

/// Outputs under the names of `alias (a, b, …)`.
pub(super) fn renamed(mut outputs: Vec<Output>, alias: &TableAlias, engine: Engine) -> Vec<Output> {
    for (output, column) in outputs.iter_mut().zip(&alias.columns) {
        output.name = Some(fold(&column.name, engine));
    }
    outputs
}
