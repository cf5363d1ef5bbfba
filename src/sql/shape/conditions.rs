//! Conditions, one conjunct at a time.

use std::ops::Range;

use sqlparser::ast::{BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator};

use super::{
    Branch, Join, Operand, Predicate, Test, Value,
    exprs::{Parts, bare, flatten, unqualified, value},
    scope::{Output, Walk},
};
use crate::plan::Engine;

/// Sources a condition can be asked of: in `a LEFT JOIN b ON …` it filters `b` alone.
pub(super) type Only = Option<Range<usize>>;

impl Walk<'_> {
    /// Takes in a condition that holds for every row of the result.
    pub(super) fn condition(&mut self, expr: &Expr, only: &Only) {
        let places = self.places(expr);
        self.need(&places);
        for part in flatten(expr, &BinaryOperator::And) {
            self.conjunct(&part, only);
        }
    }

    fn conjunct(&mut self, part: &Expr, only: &Only) {
        let sql = || unqualified(part);
        match bare(part) {
            Expr::BinaryOp { op: BinaryOperator::Or, .. } => self.alternatives(part, only),
            Expr::BinaryOp { left, op, right } => {
                self.sub_queries(part);
                self.comparison(part, left, op, right, only);
            }
            Expr::Between { expr, negated: false, low, high } => {
                self.sub_queries(part);
                self.ask(expr, Test::Range, &[value(low), value(high)], &sql(), only);
            }
            Expr::InList { expr, list, negated } => {
                self.sub_queries(part);
                let test = match (*negated, list.len()) {
                    (true, _) => Test::NotEqual,
                    (false, 1) => Test::Equal,
                    (false, _) => Test::OneOf,
                };
                if let Expr::Tuple(parts) = bare(expr) {
                    for part in parts {
                        self.ask(part, test, &[], &sql(), only);
                    }
                } else {
                    let values: Vec<Value> = list.iter().map(value).collect();
                    self.ask(expr, test, &values, &sql(), only);
                }
            }
            Expr::InSubquery { expr, subquery, negated } => {
                let outputs = self.query(subquery, false);
                if !*negated {
                    self.semi_join(expr, &outputs);
                }
            }
            Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => self.any(part, left, right, only),
            Expr::Like { negated: false, any: false, expr, pattern, .. } => {
                let (test, values) = self.like(pattern);
                self.ask(expr, test, &values, &sql(), only);
            }
            Expr::ILike { negated: false, expr, pattern, .. } => {
                self.ask(expr, Test::Pattern, &[value(pattern)], &sql(), only);
            }
            Expr::SimilarTo { negated: false, expr, .. } | Expr::RLike { negated: false, expr, .. } => {
                self.ask(expr, Test::Pattern, &[], &sql(), only);
            }
            Expr::IsNull(expr) => self.ask(expr, Test::IsNull, &[], &sql(), only),
            Expr::IsNotNull(expr) => self.ask(expr, Test::IsNotNull, &[], &sql(), only),
            Expr::IsTrue(expr) => self.ask(expr, Test::Equal, &[Value::Literal("t".to_owned())], &sql(), only),
            Expr::IsFalse(expr) => self.ask(expr, Test::Equal, &[Value::Literal("f".to_owned())], &sql(), only),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => {
                self.sub_queries(expr);
                if matches!(bare(expr), Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
                    self.ask(expr, Test::Equal, &[Value::Literal("f".to_owned())], &sql(), only);
                }
            }
            name @ (Expr::Identifier(_) | Expr::CompoundIdentifier(_)) => {
                self.ask(name, Test::Equal, &[Value::Literal("t".to_owned())], &sql(), only);
            }
            Expr::MatchAgainst { columns, .. } => self.full_text(columns, &sql(), only),
            Expr::MemberOf(member) => {
                self.sub_queries(part);
                self.ask(&member.array, Test::HasElement, &[value(&member.value)], &sql(), only);
            }
            Expr::Function(function) => {
                self.sub_queries(part);
                self.call(function, &sql(), only);
            }
            other => self.sub_queries(other),
        }
    }

    /// Reads the sub-queries of an expression as blocks of their own.
    pub(super) fn sub_queries(&mut self, expr: &Expr) {
        for query in Parts::of(expr).queries {
            self.query(&query, false);
        }
    }

    fn comparison(&mut self, part: &Expr, left: &Expr, op: &BinaryOperator, right: &Expr, only: &Only) {
        if let (Expr::Tuple(lefts), Expr::Tuple(rights)) = (bare(left), bare(right)) {
            // Rows compare by their first difference; equal rows are equal in each part.
            let parts = if *op == BinaryOperator::Eq { lefts.len() } else { 1 };
            for (left, right) in lefts.iter().zip(rights).take(parts) {
                self.comparison(part, left, op, right, only);
            }
            return;
        }
        if let (BinaryOperator::PGRegexMatch, Some(beginning)) = (op, anchored(&value(right))) {
            return self.ask(left, Test::LikePrefix, &[Value::Literal(beginning)], &unqualified(part), only);
        }
        let Some((test, mirrored)) = test_of(op) else { return };
        let (lefts, rights) = (self.operands(left), self.operands(right));
        let mut joined = false;
        for (a, one) in &lefts {
            for (b, other) in &rights {
                if let (Operand::Column(x), Operand::Column(y), Test::Equal) = (one, other, test)
                    && a != b
                {
                    joined = true;
                    self.join((*a, x.clone()), (*b, y.clone()));
                }
            }
        }
        if joined {
            return;
        }
        let sql = unqualified(part);
        for (side, test, other, others) in [(&lefts, test, right, &rights), (&rights, mirrored, left, &lefts)] {
            let there = self.places(other);
            for (source, operand) in side {
                if there.iter().any(|(s, _)| s == source) || others.iter().any(|(s, _)| s == source) {
                    continue;
                }
                let value = if there.is_empty() { value(other) } else { Value::Computed };
                self.found(*source, operand.clone(), test, vec![value], &sql, only);
            }
        }
    }

    /// `x = ANY (array)`, `value = ANY (column)`, `x = ANY (SELECT …)`.
    fn any(&mut self, part: &Expr, left: &Expr, right: &Expr, only: &Only) {
        let sql = unqualified(part);
        if let Expr::Subquery(query) = bare(right) {
            let outputs = self.query(query, false);
            self.semi_join(left, &outputs);
            return;
        }
        self.sub_queries(part);
        let (lefts, rights) = (self.places(left), self.places(right));
        if rights.is_empty() {
            let values: Vec<Value> = match bare(right) {
                Expr::Array(array) => array.elem.iter().map(value).collect(),
                other => vec![value(other)],
            };
            self.ask(left, Test::OneOf, &values, &sql, only);
        } else if lefts.is_empty() {
            self.ask(right, Test::HasElement, &[value(left)], &sql, only);
        }
    }

    fn semi_join(&mut self, expr: &Expr, outputs: &[Output]) {
        let parts: Vec<&Expr> = match bare(expr) {
            Expr::Tuple(parts) => parts.iter().collect(),
            one => vec![one],
        };
        for (part, output) in parts.into_iter().zip(outputs) {
            for left in self.columns(part) {
                for right in &output.places {
                    if left.0 != right.0 && !right.1.is_empty() {
                        self.join(left.clone(), right.clone());
                        self.need(std::slice::from_ref(right));
                    }
                }
            }
        }
    }

    /// How a pattern asks.
    fn like(&self, pattern: &Expr) -> (Test, Vec<Value>) {
        let Some(Known { text, whole }) = self.constant(pattern) else { return (Test::Pattern, vec![value(pattern)]) };
        match text.find(['%', '_', '\\']) {
            Some(0) => (Test::Pattern, vec![Value::Literal(text)]),
            Some(at) if whole || self.places(pattern).is_empty() => {
                (Test::LikePrefix, vec![Value::Literal(text[..at].to_owned())])
            }
            Some(_) => (Test::Pattern, vec![value(pattern)]),
            None if whole => (Test::Equal, vec![Value::Literal(text)]),
            // No range is made of what differs from row to row.
            None if text.is_empty() || !self.places(pattern).is_empty() => (Test::Pattern, vec![value(pattern)]),
            None => (Test::LikePrefix, vec![Value::Literal(text)]),
        }
    }

    /// What the server knows of a text before it plans: `PostgreSQL`'s `concat` is no such thing (it is stable, not immutable, so that no
    /// range is made of its answer), and `||` is an OR in MySQL and `MariaDB`.
    fn constant(&self, expr: &Expr) -> Option<Known> {
        let joined = |parts: &[&Expr]| {
            let mut all = Known { text: String::new(), whole: true };
            for part in parts {
                let Some(known) = self.constant(part) else { return Known { whole: false, ..all } };
                all = Known { text: all.text + &known.text, whole: known.whole };
                if !all.whole {
                    break;
                }
            }
            all
        };
        match bare(expr) {
            Expr::BinaryOp { left, op: BinaryOperator::StringConcat, right } if self.engine == Engine::PostgreSql => {
                Some(joined(&[left, right]))
            }
            Expr::Function(function) if self.engine != Engine::PostgreSql && called(function) == "concat" => {
                Some(joined(&arguments(function)))
            }
            expr => match value(expr) {
                Value::Literal(text) => Some(Known { text, whole: true }),
                Value::Parameter | Value::Computed => None,
            },
        }
    }

    /// A function that gives a truth value, if an index answers it.
    fn call(&mut self, function: &Function, sql: &str, only: &Only) {
        let name = called(function);
        let arguments = arguments(function);
        match (name.as_str(), arguments.as_slice()) {
            ("starts_with", [text, start]) => self.ask(text, Test::LikePrefix, &[value(start)], sql, only),
            ("json_contains", [document, part, ..]) => self.ask(document, Test::Contains, &[value(part)], sql, only),
            ("json_overlaps", [document, other]) => self.ask(document, Test::Overlaps, &[value(other)], sql, only),
            (name, [first, second, ..]) if POSITIONS.contains(&name) => {
                for (one, other) in [(first, second), (second, first)] {
                    self.ask(one, Test::Position, &[value(other)], sql, only);
                }
            }
            _ => {}
        }
    }

    fn full_text(&mut self, columns: &[sqlparser::ast::ObjectName], sql: &str, only: &Only) {
        let mut source = None;
        let mut names = Vec::new();
        for column in columns {
            let idents: Vec<_> = column.0.iter().filter_map(|p| p.as_ident().cloned()).collect();
            if let Some((at, name)) = self.resolve(&idents).into_iter().next() {
                source = Some(at);
                names.push(name);
            }
        }
        if let Some(source) = source {
            let operand = Operand::Expression { sql: names.join(", "), columns: names };
            self.found(source, operand, Test::FullText, Vec::new(), sql, only);
        }
    }

    /// Notes a condition on whatever the expression is.
    fn ask(&mut self, expr: &Expr, test: Test, values: &[Value], sql: &str, only: &Only) {
        for (source, operand) in self.operands(expr) {
            self.found(source, operand, test, values.to_vec(), sql, only);
        }
    }

    fn found(&mut self, source: usize, operand: Operand, test: Test, values: Vec<Value>, sql: &str, only: &Only) {
        if only.as_ref().is_some_and(|range| !range.contains(&source)) {
            return;
        }
        let predicate = Predicate { source, operand, test, values, sql: sql.to_owned(), branch: None, derived: false };
        if !self.shape.predicates.contains(&predicate) {
            self.shape.predicates.push(predicate);
        }
    }

    pub(super) fn join(&mut self, left: (usize, String), right: (usize, String)) {
        let join = Join { left, right };
        if !self.shape.joins.contains(&join) {
            self.shape.joins.push(join);
        }
    }

    /// `a OR b OR c`. What every alternative asks holds always; the rest stands under its branch.
    fn alternatives(&mut self, expr: &Expr, only: &Only) {
        let kept = std::mem::take(&mut self.shape.predicates);
        let joins_before = std::mem::take(&mut self.shape.joins);
        let (mut arms, mut asked) = (Vec::new(), Vec::new());
        for arm in flatten(expr, &BinaryOperator::Or) {
            let parts = flatten(&arm, &BinaryOperator::And);
            for part in &parts {
                self.conjunct(part, only);
            }
            asked.push(parts.len());
            arms.push((std::mem::take(&mut self.shape.predicates), std::mem::take(&mut self.shape.joins)));
        }
        self.shape.predicates = kept;
        self.shape.joins = joins_before;
        if let Some(list) = same_column(&arms, expr) {
            if !self.shape.predicates.contains(&list) {
                self.shape.predicates.push(list);
            }
            return;
        }
        let or = self.ors;
        self.ors += 1;
        let everywhere = |p: &Predicate| arms.iter().all(|(predicates, _)| predicates.contains(p));
        let joined_everywhere = |j: &Join| arms.iter().all(|(_, joins)| joins.contains(j));
        let mut found = Vec::new();
        let mut joins = Vec::new();
        for (arm, (predicates, arm_joins)) in arms.iter().enumerate() {
            let asked = asked[arm].saturating_sub(predicates.iter().filter(|p| everywhere(p)).count());
            for predicate in predicates {
                let mut predicate = predicate.clone();
                if !everywhere(&predicate) && predicate.branch.is_none() {
                    predicate.branch = Some(Branch { or, arm, arms: arms.len(), asked });
                }
                found.push(predicate);
            }
            joins.extend(arm_joins.iter().filter(|j| joined_everywhere(j)).cloned());
        }
        for predicate in found {
            if !self.shape.predicates.contains(&predicate) {
                self.shape.predicates.push(predicate);
            }
        }
        for join in joins {
            self.join(join.left, join.right);
        }
    }
}

/// `a = 1 OR a = 2`: one of several values of one column.
fn same_column(arms: &[(Vec<Predicate>, Vec<Join>)], expr: &Expr) -> Option<Predicate> {
    let first = arms.first()?.0.first()?;
    let mut values = Vec::new();
    for (predicates, joins) in arms {
        let [one] = predicates.as_slice() else { return None };
        let same = one.source == first.source && one.operand == first.operand && joins.is_empty();
        if !same || !matches!(one.test, Test::Equal | Test::OneOf) {
            return None;
        }
        values.extend(one.values.iter().cloned());
    }
    Some(Predicate { test: Test::OneOf, values, sql: unqualified(expr), ..first.clone() })
}

/// Functions of `PostGIS` and of MySQL that say how shapes lie to each other, and that their spatial indexes answer.
const POSITIONS: [&str; 22] = [
    "st_contains",
    "st_containsproperly",
    "st_covers",
    "st_coveredby",
    "st_crosses",
    "st_dwithin",
    "st_dfullywithin",
    "st_equals",
    "st_intersects",
    "st_orderingequals",
    "st_overlaps",
    "st_touches",
    "st_within",
    "mbrcontains",
    "mbrcoveredby",
    "mbrcovers",
    "mbrequals",
    "mbrintersects",
    "mbroverlaps",
    "mbrtouches",
    "mbrwithin",
    "st_3dintersects",
];

/// What an operator asks of its left side, and of its right side.
fn test_of(op: &BinaryOperator) -> Option<(Test, Test)> {
    Some(match op {
        BinaryOperator::Eq | BinaryOperator::Spaceship => (Test::Equal, Test::Equal),
        BinaryOperator::NotEq => (Test::NotEqual, Test::NotEqual),
        BinaryOperator::Lt | BinaryOperator::LtEq | BinaryOperator::Gt | BinaryOperator::GtEq => {
            (Test::Range, Test::Range)
        }
        BinaryOperator::AtArrow => (Test::Contains, Test::ContainedBy),
        BinaryOperator::ArrowAt => (Test::ContainedBy, Test::Contains),
        BinaryOperator::Question => (Test::HasKey, Test::NotEqual),
        BinaryOperator::QuestionAnd | BinaryOperator::QuestionPipe => (Test::HasKeys, Test::NotEqual),
        BinaryOperator::PGOverlap => (Test::Overlaps, Test::Overlaps),
        BinaryOperator::PGStartsWith => (Test::LikePrefix, Test::NotEqual),
        BinaryOperator::PGBitwiseShiftLeft
        | BinaryOperator::PGBitwiseShiftRight
        | BinaryOperator::AndLt
        | BinaryOperator::AndGt
        | BinaryOperator::LtLtPipe
        | BinaryOperator::PipeGtGt
        | BinaryOperator::AndLtPipe
        | BinaryOperator::PipeAndGt
        | BinaryOperator::TildeEq => (Test::Position, Test::Position),
        BinaryOperator::Custom(op) if matches!(op.as_str(), "<<=" | ">>=" | "-|-") => (Test::Position, Test::Position),
        BinaryOperator::AtAt => (Test::Matches, Test::Matches),
        BinaryOperator::AtQuestion => (Test::Matches, Test::NotEqual),
        BinaryOperator::PGRegexMatch | BinaryOperator::PGRegexIMatch | BinaryOperator::Regexp => {
            (Test::Pattern, Test::NotEqual)
        }
        _ => return None,
    })
}

/// What a regular expression wants a text to begin with: `PostgreSQL` makes a range of it (`pattern_fixed_prefix` in
/// `src/backend/utils/adt/like_support.c`).
fn anchored(pattern: &Value) -> Option<String> {
    let Value::Literal(text) = pattern else { return None };
    let rest = text.strip_prefix('^').filter(|rest| !rest.contains('|') && !rest.contains("(?"))?;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '/' | '@' | ',' | ':' | '#');
    let end = rest.find(|c| !plain(c)).unwrap_or(rest.len());
    let mut beginning = rest[..end].to_owned();
    // The last letter may be there not at all.
    if rest[end..].starts_with(['*', '?', '{']) {
        beginning.pop();
    }
    (!beginning.is_empty()).then_some(beginning)
}

/// What is known of a text.
struct Known {
    /// Its beginning.
    text: String,
    /// Nothing follows it.
    whole: bool,
}

/// A function's name, in small letters, without its schema.
fn called(function: &Function) -> String {
    function.name.0.last().and_then(|p| p.as_ident()).map(|i| i.value.to_lowercase()).unwrap_or_default()
}

/// A function's unnamed arguments.
fn arguments(function: &Function) -> Vec<&Expr> {
    let FunctionArguments::List(list) = &function.args else { return Vec::new() };
    let unnamed = list.args.iter().filter_map(|a| match a {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    unnamed.collect()
}
