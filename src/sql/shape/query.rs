//! Query blocks: FROM, the select list, orders and groups.

use sqlparser::ast::{
    AssignmentTarget, Cte, CteAsMaterialized, Distinct, Expr, FromTable, GroupByExpr, LimitClause, OrderByExpr, Query,
    Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Statement, TableObject, TableWithJoins,
    UpdateTableFromKind, Visit,
};

use super::{
    Shape, SortKind, Write, WriteKind,
    exprs::Parts,
    from::renamed,
    scope::{Item, Kind, Output, Scope, Walk},
    sorts::{order_exprs, plain_order},
};
use crate::{
    catalog::Catalog,
    plan::Engine,
    sql::names::{fold, parts},
};

/// Walks a whole statement.
pub(super) fn walk(statement: &Statement, engine: Engine, catalog: &Catalog) -> Shape {
    let mut walk = Walk {
        engine,
        catalog,
        shape: Shape::default(),
        scopes: Vec::new(),
        ctes: Vec::new(),
        blocks: 0,
        views: 0,
        ors: 0,
    };
    walk.statement(statement);
    walk.shape
}

/// A select item: the name it goes by and what it is.
pub(super) type Selected = (Option<String>, Expr);

impl Walk<'_> {
    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Query(query) => {
                self.query(query, true);
            }
            Statement::CreateTable(table) => {
                if let Some(query) = &table.query {
                    self.query(query, true);
                }
            }
            Statement::CreateView(view) => {
                self.query(&view.query, true);
            }
            Statement::Insert(insert) => {
                if let TableObject::TableName(name) = &insert.table {
                    let mut path = parts(name, self.engine);
                    let table = path.pop().unwrap_or_default();
                    self.writes(path.pop().as_deref(), &table, WriteKind::Insert);
                }
                if let Some(query) = &insert.source {
                    self.query(query, true);
                }
            }
            Statement::Update(update) => {
                let mut from = vec![&update.table];
                match &update.from {
                    Some(UpdateTableFromKind::BeforeSet(more) | UpdateTableFromKind::AfterSet(more)) => {
                        from.extend(more);
                    }
                    None => {}
                }
                let changed = update.assignments.iter().flat_map(|a| match &a.target {
                    AssignmentTarget::ColumnName(name) => vec![name],
                    AssignmentTarget::Tuple(names) => names.iter().collect(),
                });
                let changed = changed.filter_map(|name| parts(name, self.engine).pop()).collect();
                self.change(
                    WriteKind::Update(changed),
                    &from,
                    update.selection.as_ref(),
                    &update.assignments,
                    &update.order_by,
                    update.limit.is_some(),
                );
            }
            Statement::Delete(delete) => {
                let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = &delete.from;
                let from: Vec<&TableWithJoins> = tables.iter().chain(delete.using.iter().flatten()).collect();
                self.change(
                    WriteKind::Delete,
                    &from,
                    delete.selection.as_ref(),
                    &(),
                    &delete.order_by,
                    delete.limit.is_some(),
                );
            }
            Statement::Merge(merge) => {
                self.open();
                self.factor(&merge.table);
                self.factor(&merge.source);
                self.condition(&merge.on, &None);
                self.write_first(WriteKind::Insert);
                self.scopes.pop();
            }
            _ => {}
        }
    }

    /// UPDATE and DELETE: the first source is written.
    fn change(
        &mut self,
        kind: WriteKind,
        from: &[&TableWithJoins],
        selection: Option<&Expr>,
        more: &impl ChangeParts,
        order: &[OrderByExpr],
        limited: bool,
    ) {
        self.open();
        for table in from {
            self.from(table);
        }
        if let Some(selection) = selection {
            self.condition(selection, &None);
        }
        let parts = more.parts();
        for name in &parts.names {
            let places = self.resolve(name);
            self.need(&places);
        }
        for query in &parts.queries {
            self.query(query, false);
        }
        self.write_first(kind);
        self.order(order, &[], &[], SortKind::Order, limited);
        self.scopes.pop();
    }

    fn write_first(&mut self, kind: WriteKind) {
        if let Some(Item { kind: Kind::Table(source), .. }) = self.scopes.last().and_then(|s| s.items.first()) {
            let source = &mut self.shape.sources[*source];
            source.whole_row = true;
            self.shape.writes = Some(Write { schema: source.schema.clone(), table: source.table.clone(), kind });
        }
    }

    /// Notes that a table is written which is no source.
    fn writes(&mut self, schema: Option<&str>, table: &str, kind: WriteKind) {
        if let Some(known) = self.known(schema, table) {
            self.shape.writes = Some(Write { schema: known.schema.clone(), table: known.name.clone(), kind });
        }
    }

    fn open(&mut self) {
        self.scopes.push(Scope { block: self.blocks, items: Vec::new() });
        self.blocks += 1;
    }

    /// Reads a query; gives its columns. `top`: its rows leave the statement, so that `*` needs whole rows.
    pub(super) fn query(&mut self, query: &Query, top: bool) -> Vec<Output> {
        let outer = self.ctes.len();
        if let Some(with) = &query.with {
            for cte in &with.cte_tables {
                let name = fold(&cte.alias.name, self.engine);
                if with.recursive {
                    self.ctes.push((name.clone(), Vec::new()));
                }
                let outputs = self.cte(cte);
                self.ctes.push((name, outputs));
            }
        }
        let outputs = self.body(&query.body, Some(query), top);
        self.ctes.truncate(outer);
        if !limited(query) {
            return outputs;
        }
        // Conditions from outside cannot pass a limit; what they ask for is needed from the whole result.
        self.sealed(outputs)
    }

    fn cte(&mut self, cte: &Cte) -> Vec<Output> {
        let outputs = self.query(&cte.query, false);
        let outputs = renamed(outputs, &cte.alias, self.engine);
        if cte.materialized == Some(CteAsMaterialized::Materialized) { self.sealed(outputs) } else { outputs }
    }

    fn sealed(&mut self, outputs: Vec<Output>) -> Vec<Output> {
        outputs
            .into_iter()
            .map(|output| {
                self.need_output(&output);
                Output { name: output.name, places: Vec::new() }
            })
            .collect()
    }

    fn need_output(&mut self, output: &Output) {
        if output.name.is_some() {
            self.need(&output.places);
        } else {
            for (source, _) in &output.places {
                self.shape.sources[*source].whole_row = true;
            }
        }
    }

    fn body(&mut self, body: &SetExpr, query: Option<&Query>, top: bool) -> Vec<Output> {
        match body {
            SetExpr::Select(select) => self.select(select, query, top),
            SetExpr::Query(inner) => self.query(inner, top),
            SetExpr::SetOperation { left, right, .. } => {
                let mut outputs = self.body(left, None, top);
                let others = self.body(right, None, top);
                for (output, other) in outputs.iter_mut().zip(others) {
                    output.places.extend(other.places);
                }
                for output in &outputs {
                    self.need_output(output);
                }
                if let Some(query) = query {
                    self.set_order(query, &outputs);
                }
                outputs
            }
            SetExpr::Insert(statement)
            | SetExpr::Update(statement)
            | SetExpr::Delete(statement)
            | SetExpr::Merge(statement) => {
                self.statement(statement);
                Vec::new()
            }
            SetExpr::Values(_) | SetExpr::Table(_) => {
                for query in Parts::of(body).queries {
                    self.query(&query, false);
                }
                Vec::new()
            }
        }
    }

    fn select(&mut self, select: &Select, query: Option<&Query>, top: bool) -> Vec<Output> {
        self.open();
        for table in &select.from {
            self.from(table);
        }
        let mut outputs = Vec::new();
        let mut items: Vec<Selected> = Vec::new();
        for item in &select.projection {
            self.select_item(item, top, &mut outputs, &mut items);
        }
        if let Some(selection) = &select.selection {
            self.condition(selection, &None);
        }
        if let Some(having) = &select.having {
            let places = self.places(having);
            self.need(&places);
            self.sub_queries(having);
        }
        let limited = query.is_some_and(limited);
        let order = query.map(order_exprs).unwrap_or_default();
        let mut grouped = false;
        if let GroupByExpr::Expressions(exprs, _) = &select.group_by
            && !exprs.is_empty()
        {
            grouped = true;
            let keys: Vec<OrderByExpr> = exprs.iter().map(plain_order).collect();
            self.order(&keys, &outputs, &items, SortKind::Group, limited && order.is_empty());
        }
        match &select.distinct {
            Some(Distinct::Distinct) if !grouped => {
                let keys: Vec<OrderByExpr> = items.iter().map(|(_, expr)| plain_order(expr)).collect();
                self.order(&keys, &outputs, &items, SortKind::Distinct, limited && order.is_empty());
            }
            Some(Distinct::On(exprs)) if order.is_empty() => {
                let keys: Vec<OrderByExpr> = exprs.iter().map(plain_order).collect();
                self.order(&keys, &outputs, &items, SortKind::Distinct, limited);
            }
            _ => {}
        }
        for (_, expr) in &items {
            for window in Parts::of(expr).windows {
                let keys: Vec<OrderByExpr> =
                    window.partition_by.iter().map(plain_order).chain(window.order_by.iter().cloned()).collect();
                self.order(&keys, &[], &[], SortKind::Window, false);
            }
            if !grouped {
                self.extreme(expr);
            }
        }
        self.order(order, &outputs, &items, SortKind::Order, limited && !grouped);
        self.scopes.pop();
        outputs
    }

    fn select_item(&mut self, item: &SelectItem, top: bool, outputs: &mut Vec<Output>, items: &mut Vec<Selected>) {
        let starred: Vec<Item> = match item {
            SelectItem::UnnamedExpr(expr) => {
                let name = self.implied_name(expr);
                return self.select_expr(expr, name, outputs, items);
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                let name = fold(alias, self.engine);
                return self.select_expr(expr, Some(name), outputs, items);
            }
            SelectItem::ExprWithAliases { expr, .. } => return self.select_expr(expr, None, outputs, items),
            SelectItem::Wildcard(_) => self.scopes.last().map(|s| s.items.clone()).unwrap_or_default(),
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                let wanted = parts(name, self.engine).pop().unwrap_or_default();
                let open = self.scopes.iter().rev().flat_map(|s| &s.items);
                open.filter(|i| self.same(&i.name, &wanted)).take(1).cloned().collect()
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(expr), _) => {
                return self.select_expr(expr, None, outputs, items);
            }
        };
        for item in starred {
            let star = self.star(&item);
            if top {
                match &item.kind {
                    Kind::Table(source) => self.shape.sources[*source].whole_row = true,
                    Kind::Derived(_) => star.iter().for_each(|output| self.need_output(output)),
                }
            }
            outputs.extend(star);
        }
    }

    fn select_expr(&mut self, expr: &Expr, name: Option<String>, outputs: &mut Vec<Output>, items: &mut Vec<Selected>) {
        let places = self.places(expr);
        self.need(&places);
        self.sub_queries(expr);
        let name = name.or_else(|| Some(String::new()));
        outputs.push(Output { name: name.clone(), places: self.columns(expr) });
        items.push((name, expr.clone()));
    }
}

/// What an UPDATE sets, or a DELETE does not.
trait ChangeParts {
    fn parts(&self) -> Parts;
}

impl<T: Visit> ChangeParts for Vec<T> {
    fn parts(&self) -> Parts {
        Parts::of(self)
    }
}

impl ChangeParts for () {
    fn parts(&self) -> Parts {
        Parts::default()
    }
}

pub(super) fn limited(query: &Query) -> bool {
    let limit = match &query.limit_clause {
        Some(LimitClause::LimitOffset { limit, .. }) => limit.is_some(),
        Some(LimitClause::OffsetCommaLimit { .. }) => true,
        None => false,
    };
    limit || query.fetch.is_some()
}
