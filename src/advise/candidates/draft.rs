//! A source with what is asked of it, and an index in the making.

use crate::{
    advise::{
        Key,
        facts::{self, Kind},
    },
    catalog::Table,
    plan::Engine,
    sql::shape::{Branch, Operand, Predicate, Shape, Sort, Source, Test},
    text,
};

use super::trigram::has_letters;

/// Letters of a condition that a reason has room for: a list may have thousands of values.
pub(super) const SHOWN: usize = 160;

/// One source of the statement, with everything that concerns it.
pub(super) struct At<'a> {
    pub(super) engine: Engine,
    pub(super) version: u32,
    pub(super) table: &'a Table,
    pub(super) source: &'a Source,
    /// All conditions on it.
    pub(super) all: Vec<&'a Predicate>,
    /// Conditions that always hold.
    pub(super) always: Vec<&'a Predicate>,
    /// Conditions of alternatives, one list an alternative.
    pub(super) arms: Vec<Vec<&'a Predicate>>,
    /// Its columns that are joined, and what with.
    pub(super) joins: Vec<(String, String)>,
    /// Those of them that a query around its own gives a value for: one value each time it runs.
    pub(super) correlated: Vec<(String, String)>,
    pub(super) sorts: Vec<&'a Sort>,
}

impl<'a> At<'a> {
    pub(super) fn new(engine: Engine, version: u32, shape: &'a Shape, number: usize, table: &'a Table) -> Self {
        let own: Vec<&Predicate> = shape.predicates.iter().filter(|p| p.source == number).collect();
        let mut arms: Vec<Vec<&Predicate>> = Vec::new();
        let mut branches: Vec<Branch> = Vec::new();
        let searched = |p: &&&Predicate| match p.test {
            Test::Pattern => engine == Engine::PostgreSql && has_letters(p),
            Test::NotEqual | Test::IsNotNull | Test::HasElement | Test::FullText => false,
            _ => true,
        };
        for branch in own.iter().filter(searched).filter_map(|p| p.branch) {
            if !branches.contains(&branch) {
                branches.push(branch);
            }
        }
        for branch in &branches {
            // Indexes serve an OR when each of its alternatives has one.
            if branches.iter().filter(|b| b.or == branch.or).count() == branch.arms {
                arms.push(own.iter().copied().filter(|p| p.branch == Some(*branch)).collect());
            }
        }
        let own_block = shape.sources[number].block;
        let outer = |other: usize| shape.sources[other].block < own_block;
        let mut correlated: Vec<(String, String)> = Vec::new();
        let mut joins: Vec<(String, String)> = Vec::new();
        for join in &shape.joins {
            for (side, other) in [(&join.left, &join.right), (&join.right, &join.left)] {
                if side.0 == number && !joins.iter().any(|(column, _)| *column == side.1) {
                    let there = &shape.sources[other.0].alias;
                    joins.push((side.1.clone(), format!("{there}.{}", other.1)));
                    if outer(other.0) {
                        correlated.extend(joins.last().cloned());
                    }
                }
            }
        }
        Self {
            engine,
            version,
            table,
            source: &shape.sources[number],
            all: own.clone(),
            always: own.iter().copied().filter(|p| p.branch.is_none()).collect(),
            arms,
            joins,
            correlated,
            sorts: shape.sorts.iter().filter(|s| s.source == number).collect(),
        }
    }

    /// The kind of a column's type; a column the catalog does not know is ordinary.
    pub(super) fn kind(&self, column: &str) -> Kind {
        self.table.column(column).map_or(Kind::Plain, |c| facts::kind(c, self.engine))
    }

    /// A key of a column as it is.
    pub(super) fn plain_key(column: &str, opclass: Option<&str>) -> Key {
        Key { opclass: opclass.map(str::to_owned), ..Key::column(column) }
    }

    /// A key of what is asked, ascending, with the default operator class.
    pub(super) fn key_of(operand: &Operand) -> Key {
        operand.column().map_or_else(|| Key::expression(operand.sql()), Key::column)
    }

    /// A key for what is asked, if a B-tree can have it.
    pub(super) fn key(&self, operand: &Operand, test: Option<Test>) -> Option<Key> {
        let mut key = Self::key_of(operand);
        let Operand::Column(column) = operand else {
            // Patterns are compared by bytes, whatever the collation.
            if self.engine == Engine::PostgreSql && test == Some(Test::LikePrefix) {
                key.opclass = Some("text_pattern_ops".to_owned());
            }
            return facts::indexable(operand, self.table, self.engine, self.version).then_some(key);
        };
        match self.kind(column) {
            Kind::Unordered | Kind::TextSearch | Kind::Hstore => return None,
            // An order or a whole value cannot come from a beginning.
            Kind::Long if test.is_none() => return None,
            // A whole document or array is compared with a value, at most.
            Kind::Jsonb | Kind::Array if !matches!(test, Some(Test::Equal | Test::OneOf)) => return None,
            Kind::Long => key.prefix = Some(64),
            Kind::Text if test == Some(Test::LikePrefix) => {
                let name = self.table.column(column).map(|c| c.type_name.as_str()).unwrap_or_default();
                let class = match name.split(['(', ' ']).next() {
                    Some("text") => "text_pattern_ops",
                    _ if name.starts_with("character varying") || name.starts_with("varchar") => "varchar_pattern_ops",
                    _ => "bpchar_pattern_ops",
                };
                key.opclass = Some(class.to_owned());
            }
            Kind::Plain | Kind::Text | Kind::Jsonb | Kind::Array => {}
        }
        Some(key)
    }

    /// Whether no two rows have the same value in the column.
    pub(super) fn is_unique(&self, column: &str) -> bool {
        self.table.indexes.iter().any(|i| {
            i.unique
                && i.predicate.is_none()
                && i.keys.len() == 1
                && i.keys[0].column.as_deref() == Some(column)
                && self.table.column(column).is_some_and(|c| c.not_null || i.primary)
        })
    }

    /// One line on what a condition needs.
    pub(super) fn reason(predicate: &Predicate) -> String {
        let follows = if predicate.derived { ", follows from a join" } else { "" };
        let condition = text::beginning(&predicate.sql, SHOWN);
        format!("{}: WHERE {condition} ({}{follows})", predicate.operand.sql(), facts::words(predicate.test))
    }
}

/// An index in the making.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Draft {
    pub(super) method: &'static str,
    pub(super) keys: Vec<Key>,
    /// How many leading keys are only compared for equality, so that their order does not matter.
    pub(super) equal: usize,
    pub(super) include: Vec<String>,
    pub(super) predicate: Option<String>,
    pub(super) reasons: Vec<String>,
    /// Lower is more promising.
    pub(super) rank: u32,
}

impl Draft {
    pub(super) const fn btree(rank: u32) -> Self {
        Self {
            method: "btree",
            keys: Vec::new(),
            equal: 0,
            include: Vec::new(),
            predicate: None,
            reasons: Vec::new(),
            rank,
        }
    }

    /// Adds a key unless it is there.
    pub(super) fn add(&mut self, key: Option<Key>, reason: String) -> bool {
        match key {
            Some(key) if !self.has(&key.expr) => {
                self.keys.push(key);
                self.reasons.push(reason);
                true
            }
            _ => false,
        }
    }

    /// Without trailing keys that every index has there already: `InnoDB` keeps the primary key behind each one's own keys, and looks up
    /// and sorts by it (MySQL manual, "Use of Index Extensions"; MariaDB, `extended_keys`).
    pub(super) fn without_primary(mut self, at: &At<'_>) -> Self {
        let clustered = at.table.storage.as_deref().is_some_and(|s| s.eq_ignore_ascii_case("innodb"));
        if at.engine == Engine::PostgreSql || !clustered || self.method != "btree" {
            return self;
        }
        let primary = at.table.indexes.iter().find(|i| i.primary);
        let own: Vec<&str> = primary.into_iter().flat_map(|i| &i.keys).filter_map(|k| k.column.as_deref()).collect();
        let is = |key: &Key, column: &&str| !key.expression && !key.desc && key.prefix.is_none() && key.expr == *column;
        let most = own.len().min(self.keys.len().saturating_sub(1));
        let there = (1..=most).rev().find(|count| {
            let behind = &self.keys[self.keys.len() - count..];
            behind.iter().zip(&own).all(|(key, column)| is(key, column))
        });
        let Some(there) = there else { return self };
        let kept = self.keys.len() - there;
        for key in self.keys.split_off(kept) {
            let beginning = format!("{}: ", key.expr);
            if let Some(reason) = self.reasons.iter_mut().find(|reason| reason.starts_with(&beginning)) {
                reason.push_str("; InnoDB keeps the primary key behind every index's own keys");
            }
        }
        self.equal = self.equal.min(kept);
        self
    }

    pub(super) fn has(&self, expr: &str) -> bool {
        self.keys.iter().any(|k| k.expr == expr)
    }
}
