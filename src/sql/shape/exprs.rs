//! Small questions about expressions.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Expr, Ident, Query, UnaryOperator, Value as Literal, Visit, WindowSpec,
    WindowType, visit_expressions_mut,
};

use super::{
    Operand, Value,
    scope::{Place, Walk},
};
use crate::{
    plan::Engine,
    sql::{
        look::{Look, look},
        names::fold,
    },
};

/// The names, the outermost sub-queries and the windows of an expression.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) names: Vec<Vec<Ident>>,
    pub(super) queries: Vec<Query>,
    pub(super) windows: Vec<WindowSpec>,
    depth: usize,
}

impl Parts {
    pub(super) fn of(part: &impl Visit) -> Self {
        let mut parts = Self::default();
        look(part, &mut parts);
        parts
    }
}

impl Look for Parts {
    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if self.depth == 0 {
            self.queries.push(query.clone());
        }
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if self.depth == 0 {
            match expr {
                Expr::Identifier(ident) => self.names.push(vec![ident.clone()]),
                Expr::CompoundIdentifier(idents) => self.names.push(idents.clone()),
                Expr::Function(function) => {
                    if let Some(WindowType::WindowSpec(window)) = &function.over {
                        self.windows.push(window.clone());
                    }
                }
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }
}

/// The expression without parentheses around it.
pub(super) fn bare(mut expr: &Expr) -> &Expr {
    while let Expr::Nested(inner) = expr {
        expr = inner;
    }
    expr
}

/// The parts of a condition joined by this operator.
pub(super) fn flatten(expr: &Expr, by: &BinaryOperator) -> Vec<Expr> {
    let mut open = vec![expr];
    let mut parts = Vec::new();
    while let Some(expr) = open.pop() {
        match bare(expr) {
            Expr::BinaryOp { left, op, right } if op == by => {
                open.push(right);
                open.push(left);
            }
            part => parts.push(part.clone()),
        }
    }
    parts
}

/// A literal's text without quotes, or what else it is. `None` when it is no constant to the eye.
pub(super) fn value(expr: &Expr) -> Value {
    match bare(expr) {
        Expr::Value(value) => match &value.value {
            Literal::Placeholder(_) => Value::Parameter,
            Literal::Number(number, _) => Value::Literal(number.clone()),
            Literal::Boolean(truth) => Value::Literal(if *truth { "t" } else { "f" }.to_owned()),
            other => other.clone().into_string().map_or(Value::Computed, Value::Literal),
        },
        Expr::TypedString(typed) => typed.value.clone().into_string().map_or(Value::Computed, Value::Literal),
        Expr::Cast { expr, .. } => value(expr),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match value(expr) {
            Value::Literal(text) => Value::Literal(format!("-{text}")),
            other => other,
        },
        _ => Value::Computed,
    }
}

/// The expression as SQL, without table names before columns.
pub(super) fn unqualified(expr: &Expr) -> String {
    let mut expr = bare(expr).clone();
    let _: ControlFlow<()> = visit_expressions_mut(&mut expr, |part| {
        if let Expr::CompoundIdentifier(idents) = part
            && let Some(last) = idents.pop()
        {
            *part = Expr::Identifier(last);
        }
        ControlFlow::Continue(())
    });
    expr.to_string()
}

impl Walk<'_> {
    /// The places of an expression that is a bare column, or a cast that changes nothing.
    pub(super) fn columns(&self, expr: &Expr) -> Vec<Place> {
        match bare(expr) {
            Expr::Identifier(ident) => self.resolve(std::slice::from_ref(ident)),
            Expr::CompoundIdentifier(idents) => self.resolve(idents),
            Expr::Cast { kind: CastKind::DoubleColon | CastKind::Cast, expr, data_type, .. } if is_text(data_type) => {
                let places = self.columns(expr);
                if places.iter().all(|place| self.is_text_column(place)) { places } else { Vec::new() }
            }
            _ => Vec::new(),
        }
    }

    fn is_text_column(&self, (source, column): &Place) -> bool {
        self.shape.sources.get(*source).is_some_and(|s| {
            self.catalog.table(Some(&s.schema), &s.table).and_then(|t| t.column(column)).is_some_and(|c| {
                let name = c.type_name.as_str();
                self.engine == Engine::PostgreSql && (name == "text" || name.starts_with("character varying"))
            })
        })
    }

    /// All places named in an expression, sub-queries left out.
    pub(super) fn places(&self, expr: &Expr) -> Vec<Place> {
        Parts::of(expr).names.iter().flat_map(|name| self.resolve(name)).collect()
    }

    /// What an index key for the expression would be: a bare column's places, or one expression over one source.
    pub(super) fn operands(&self, expr: &Expr) -> Vec<(usize, Operand)> {
        let columns = self.columns(expr);
        if !columns.is_empty() {
            return columns.into_iter().map(|(source, column)| (source, Operand::Column(column))).collect();
        }
        if is_name(expr) || !Parts::of(expr).queries.is_empty() {
            return Vec::new();
        }
        let places = self.places(expr);
        let Some((source, _)) = places.first() else { return Vec::new() };
        if places.iter().any(|(other, _)| other != source) {
            return Vec::new();
        }
        let mut columns: Vec<String> = Vec::new();
        for (_, column) in &places {
            if !columns.contains(column) {
                columns.push(column.clone());
            }
        }
        vec![(*source, Operand::Expression { sql: unqualified(expr), columns })]
    }

    /// The name a select item goes by when none is given.
    pub(super) fn implied_name(&self, expr: &Expr) -> Option<String> {
        match bare(expr) {
            Expr::Identifier(ident) => Some(fold(ident, self.engine)),
            Expr::CompoundIdentifier(idents) => idents.last().map(|i| fold(i, self.engine)),
            Expr::Function(function) => function.name.0.last().and_then(|p| p.as_ident()).map(|i| fold(i, self.engine)),
            _ => None,
        }
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Text | DataType::Varchar(None) | DataType::CharacterVarying(None))
}

/// Whether the expression is a name (that may not be known).
fn is_name(expr: &Expr) -> bool {
    matches!(bare(expr), Expr::Identifier(_) | Expr::CompoundIdentifier(_))
}
