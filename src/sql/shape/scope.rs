//! Which source a name stands for.

use sqlparser::ast::Ident;

use super::{Shape, Source};
use crate::{
    catalog::{Catalog, Table},
    plan::Engine,
    sql::names::fold,
};

/// A source's column.
pub(super) type Place = (usize, String);

/// A column that a sub-query gives: its name, and the places it comes from unchanged. A nameless one is a `*` over a
/// table whose columns are not known: any column of that source.
#[derive(Debug, Clone)]
pub(super) struct Output {
    pub(super) name: Option<String>,
    pub(super) places: Vec<Place>,
}

/// Something in FROM.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// A table: index of the source.
    Table(usize),
    /// A sub-query, a CTE or a function.
    Derived(Vec<Output>),
}

/// Something in FROM, with the name it goes by.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// What names of one query block can stand for.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    pub(super) block: usize,
    pub(super) items: Vec<Item>,
}

/// The walk over a statement.
pub(super) struct Walk<'a> {
    pub(super) engine: Engine,
    pub(super) catalog: &'a Catalog,
    pub(super) shape: Shape,
    /// Open blocks, outermost first.
    pub(super) scopes: Vec<Scope>,
    /// CTEs that can be seen.
    pub(super) ctes: Vec<(String, Vec<Output>)>,
    pub(super) blocks: usize,
    /// Views that are open, one in the other.
    pub(super) views: usize,
    pub(super) ors: usize,
}

impl Walk<'_> {
    pub(super) fn same(&self, a: &str, b: &str) -> bool {
        if self.engine == Engine::PostgreSql { a == b } else { a.eq_ignore_ascii_case(b) }
    }

    /// The places an identifier stands for; none when it cannot be told.
    pub(super) fn resolve(&self, ident: &[Ident]) -> Vec<Place> {
        let mut parts: Vec<String> = ident.iter().map(|i| fold(i, self.engine)).collect();
        let Some(column) = parts.pop() else { return Vec::new() };
        let qualifier = parts.pop();
        for scope in self.scopes.iter().rev() {
            let items: Vec<&Item> =
                scope.items.iter().filter(|item| qualifier.as_ref().is_none_or(|q| self.same(q, &item.name))).collect();
            let sure = qualifier.is_some() || items.len() == 1;
            for item in items {
                let places = self.of_item(item, &column, sure);
                if !places.is_empty() {
                    return places;
                }
            }
            if qualifier.is_some()
                && scope.items.iter().any(|i| qualifier.as_ref().is_some_and(|q| self.same(q, &i.name)))
            {
                return Vec::new();
            }
        }
        Vec::new()
    }

    /// The places of an item's column. `sure`: the column must be of this item, even if the catalog does not know it.
    fn of_item(&self, item: &Item, column: &str, sure: bool) -> Vec<Place> {
        match &item.kind {
            Kind::Table(source) => self.of_source(*source, column, sure).into_iter().collect(),
            Kind::Derived(outputs) => {
                if let Some(named) = outputs.iter().find(|o| o.name.as_ref().is_some_and(|n| self.same(n, column))) {
                    return named.places.clone();
                }
                outputs
                    .iter()
                    .filter(|o| o.name.is_none())
                    .flat_map(|o| &o.places)
                    .filter_map(|(source, _)| self.of_source(*source, column, sure))
                    .collect()
            }
        }
    }

    fn of_source(&self, source: usize, column: &str, sure: bool) -> Option<Place> {
        let at = self.shape.sources.get(source)?;
        match self.catalog.table(Some(&at.schema), &at.table) {
            // A key of an index is named as the catalog names the column.
            Some(table) if !table.columns.is_empty() => {
                table.columns.iter().find(|c| self.same(&c.name, column)).map(|c| (source, c.name.clone()))
            }
            _ => sure.then(|| (source, column.to_owned())),
        }
    }

    /// The table that a name stands for.
    pub(super) fn known(&self, schema: Option<&str>, name: &str) -> Option<&Table> {
        self.catalog.table(schema, name).or_else(|| {
            // MySQL may hold names in another case than they are written.
            let mut all = self
                .catalog
                .tables
                .iter()
                .filter(|t| self.same(&t.name, name) && schema.is_none_or(|s| self.same(&t.schema, s)));
            all.next().filter(|_| all.next().is_none())
        })
    }

    /// Opens a source in the current block.
    pub(super) fn source(&mut self, schema: Option<&str>, name: &str, alias: Option<String>) -> usize {
        let known = self.known(schema, name);
        let (schema, table) = known.map_or_else(
            || (schema.unwrap_or_default().to_owned(), name.to_owned()),
            |t| (t.schema.clone(), t.name.clone()),
        );
        let block = self.scopes.last().map_or(0, |s| s.block);
        self.shape.sources.push(Source {
            schema,
            table,
            alias: alias.unwrap_or_else(|| name.to_owned()),
            block,
            columns: Vec::new(),
            whole_row: false,
        });
        self.shape.sources.len() - 1
    }

    /// Notes that the statement needs these columns.
    pub(super) fn need(&mut self, places: &[Place]) {
        for (source, column) in places {
            if let Some(source) = self.shape.sources.get_mut(*source)
                && !source.columns.contains(column)
            {
                source.columns.push(column.clone());
            }
        }
    }

    /// What `*` over an item gives.
    pub(super) fn star(&self, item: &Item) -> Vec<Output> {
        match &item.kind {
            Kind::Derived(outputs) => outputs.clone(),
            Kind::Table(source) => {
                let at = &self.shape.sources[*source];
                match self.catalog.table(Some(&at.schema), &at.table) {
                    Some(table) if !table.columns.is_empty() => table
                        .columns
                        .iter()
                        .map(|c| Output { name: Some(c.name.clone()), places: vec![(*source, c.name.clone())] })
                        .collect(),
                    _ => vec![Output { name: None, places: vec![(*source, String::new())] }],
                }
            }
        }
    }
}
