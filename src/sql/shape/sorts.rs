//! Orders and groups, as far as one source can deliver them.

use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, OrderByExpr, OrderByKind, OrderByOptions,
    OrderBySort, Query, Value as Literal,
};

use super::{
    Operand, Sort, SortKey, SortKind,
    exprs::{Parts, bare},
    query::{Selected, limited},
    scope::{Output, Walk},
};
use crate::{plan::Engine, sql::names::fold};

impl Walk<'_> {
    /// The order of a set operation, which each of its members may deliver.
    pub(super) fn set_order(&mut self, query: &Query, outputs: &[Output]) {
        let keys: Vec<(&OrderByExpr, &Output)> = order_exprs(query)
            .iter()
            .map_while(|key| output_of(&key.expr, outputs, self.engine).map(|output| (key, output)))
            .collect();
        let Some((_, first)) = keys.first() else { return };
        let complete = keys.len() == order_exprs(query).len();
        for (source, _) in first.places.clone() {
            let own: Vec<SortKey> = keys
                .iter()
                .map_while(|(key, output)| {
                    let (_, column) = output.places.iter().find(|(s, _)| *s == source)?;
                    Some(sort_key(Operand::Column(column.clone()), key))
                })
                .collect();
            let complete = complete && own.len() == keys.len();
            self.shape.sorts.push(Sort { source, keys: own, complete, kind: SortKind::Order, limited: limited(query) });
        }
    }

    /// `min(x)`, `max(x)` without groups: the first or last entry of an index.
    pub(super) fn extreme(&mut self, expr: &Expr) {
        let Expr::Function(function) = bare(expr) else { return };
        let name = self.implied_name(expr).unwrap_or_default().to_lowercase();
        let FunctionArguments::List(list) = &function.args else { return };
        if let ([FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))], "min" | "max", None) =
            (list.args.as_slice(), name.as_str(), &function.over)
        {
            let mut key = plain_order(argument);
            key.options.sort = (name == "max").then_some(OrderBySort::Desc);
            self.order(&[key], &[], &[], SortKind::Extreme, true);
        }
    }

    /// Notes the order of a block, as far as one source can deliver it.
    pub(super) fn order(
        &mut self,
        keys: &[OrderByExpr],
        outputs: &[Output],
        items: &[Selected],
        kind: SortKind,
        limited: bool,
    ) {
        if let [key, ..] = keys
            && self.nearest(key, items, limited)
        {
            return;
        }
        let mut own: Option<(usize, Vec<SortKey>)> = None;
        let mut complete = true;
        for key in keys {
            let operands = self.key_operands(&key.expr, outputs, items, kind);
            if operands.is_empty()
                && self.places(&key.expr).is_empty()
                && output_of(&key.expr, outputs, self.engine).is_none()
            {
                // Ordering by a constant is no order.
                if Parts::of(&key.expr).names.is_empty() {
                    continue;
                }
            }
            for (source, operand) in &operands {
                if let Operand::Column(column) = operand {
                    self.need(&[(*source, column.clone())]);
                }
            }
            let at = own.as_ref().map(|(source, _)| *source);
            let Some((source, operand)) = operands.into_iter().find(|(s, _)| at.is_none_or(|at| at == *s)) else {
                complete = false;
                if matches!(kind, SortKind::Group | SortKind::Distinct) && own.is_some() {
                    continue;
                }
                break;
            };
            own.get_or_insert_with(|| (source, Vec::new())).1.push(sort_key(operand, key));
        }
        if let Some((source, keys)) = own {
            self.shape.sorts.push(Sort { source, keys, complete, kind, limited });
        }
    }

    /// `ORDER BY column <-> value`: the column's entries by their distance.
    fn nearest(&mut self, key: &OrderByExpr, items: &[Selected], limited: bool) -> bool {
        let mut expr = bare(&key.expr);
        if let Expr::Identifier(ident) = expr {
            let name = fold(ident, self.engine);
            if let Some((_, item)) = items.iter().find(|(n, _)| n.as_ref() == Some(&name)) {
                expr = bare(item);
            }
        }
        let Expr::BinaryOp { left, op, right } = expr else { return false };
        if !matches!(op, BinaryOperator::LtDashGt) {
            return false;
        }
        let sides = [(self.columns(left), self.places(right)), (self.columns(right), self.places(left))];
        let Some((source, column)) =
            sides.into_iter().find_map(|(columns, others)| columns.into_iter().next().filter(|_| others.is_empty()))
        else {
            return false;
        };
        self.need(&[(source, column.clone())]);
        let keys = vec![SortKey { operand: Operand::Column(column), desc: false, nulls_first: None }];
        self.shape.sorts.push(Sort { source, keys, complete: true, kind: SortKind::Nearest, limited });
        true
    }

    /// What a sort key stands for: a number or an alias of the select list, or an expression.
    fn key_operands(
        &self,
        expr: &Expr,
        outputs: &[Output],
        items: &[Selected],
        kind: SortKind,
    ) -> Vec<(usize, Operand)> {
        let direct = || self.operands(expr);
        // GROUP BY looks at the tables first, ORDER BY at the select list.
        if kind != SortKind::Order {
            let operands = direct();
            if !operands.is_empty() {
                return operands;
            }
        }
        if let Some(output) = output_of(expr, outputs, self.engine) {
            if !output.places.is_empty() {
                let columns = output.places.iter().filter(|(_, column)| !column.is_empty());
                return columns.map(|(s, c)| (*s, Operand::Column(c.clone()))).collect();
            }
            let named = items.iter().find(|(name, _)| *name == output.name && name.as_deref() != Some(""));
            if let Some((_, item)) = named {
                return self.operands(item);
            }
        }
        direct()
    }
}

pub(super) fn order_exprs(query: &Query) -> &[OrderByExpr] {
    match query.order_by.as_ref().map(|o| &o.kind) {
        Some(OrderByKind::Expressions(exprs)) => exprs,
        _ => &[],
    }
}

pub(super) fn plain_order(expr: &Expr) -> OrderByExpr {
    OrderByExpr { expr: expr.clone(), options: OrderByOptions::default(), with_fill: None }
}

fn sort_key(operand: Operand, key: &OrderByExpr) -> SortKey {
    SortKey { operand, desc: matches!(key.options.sort, Some(OrderBySort::Desc)), nulls_first: key.options.nulls_first }
}

/// The output a sort key names by its number or its name.
fn output_of<'a>(expr: &Expr, outputs: &'a [Output], engine: Engine) -> Option<&'a Output> {
    match bare(expr) {
        Expr::Value(value) => match &value.value {
            Literal::Number(number, _) => {
                number.parse::<usize>().ok().and_then(|n| n.checked_sub(1)).and_then(|n| outputs.get(n))
            }
            _ => None,
        },
        Expr::Identifier(ident) => {
            let name = fold(ident, engine);
            outputs.iter().find(|o| o.name.as_ref() == Some(&name))
        }
        _ => None,
    }
}
