//! What a trial supposes: indexes that do not exist, and existing ones that are gone.

use super::{Candidate, Trust};
use crate::{
    catalog::{Catalog, Index, Table},
    plan::{Engine, Plan},
};

/// An index that exists, by its names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Existing {
    /// Schema or database of the table.
    pub schema: String,
    /// Table.
    pub table: String,
    /// Index.
    pub name: String,
}

/// What is to be other than it is while statements are planned.
#[derive(Debug, Clone, Copy, Default)]
pub struct Change<'a> {
    /// Indexes that do not exist.
    pub add: &'a [&'a Candidate],
    /// Existing indexes that are gone; those of partitions go with their table's.
    pub drop: &'a [Existing],
}

/// A statement's plan as it is and under a change, by one method.
#[derive(Debug, Clone)]
pub struct Compared {
    /// The method's name.
    pub method: &'static str,
    /// How far to trust it.
    pub trust: Trust,
    /// The plan as the method sees it without the change.
    pub before: Plan,
    /// The plan with it.
    pub after: Plan,
    /// What the plan calls each added index; `None`: the method could not make that one.
    pub names: Vec<Option<String>>,
    /// What the reader must know.
    pub notes: Vec<String>,
}

impl Change<'_> {
    /// Whether nothing is supposed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.add.is_empty() && self.drop.is_empty()
    }
}

impl Existing {
    /// The index a person names: `index`, `table.index`, `schema.index` or `schema.table.index`.
    ///
    /// # Errors
    /// Why there is no such index among the catalog's tables, or more than one.
    pub fn named(text: &str, catalog: &Catalog) -> Result<Self, String> {
        let known = |table: &Table, index: &Index| {
            [
                index.name.clone(),
                format!("{}.{}", table.name, index.name),
                format!("{}.{}", table.schema, index.name),
                format!("{}.{}.{}", table.schema, table.name, index.name),
            ]
        };
        let all = || catalog.tables.iter().flat_map(|table| table.indexes.iter().map(move |index| (table, index)));
        let mut found = all().filter(|(table, index)| known(table, index).iter().any(|name| name == text));
        match (found.next(), found.next()) {
            (Some((table, index)), None) => {
                Ok(Self { schema: table.schema.clone(), table: table.name.clone(), name: index.name.clone() })
            }
            (Some((first, _)), Some((second, _))) => Err(format!(
                "{text} is an index of {} and of {}; name the table too, as in {}.{text}",
                first.name, second.name, first.name
            )),
            (None, _) => {
                let names: Vec<String> = all().map(|(table, index)| format!("{}.{}", table.name, index.name)).collect();
                Err(if names.is_empty() {
                    "the tables of the statement have no index".to_owned()
                } else {
                    format!("the tables of the statement have no index {text}; they have {}", names.join(", "))
                })
            }
        }
    }

    /// The table and the index in a catalog.
    #[must_use]
    pub fn find<'a>(&self, catalog: &'a Catalog) -> Option<(&'a Table, &'a Index)> {
        let table = catalog.table(Some(&self.schema), &self.table)?;
        Some((table, table.indexes.iter().find(|index| index.name == self.name)?))
    }

    /// How it is dropped on production and how it comes back, and what its owner must know before.
    #[must_use]
    pub fn farewell(&self, catalog: &Catalog) -> Farewell {
        let Some((table, index)) = self.find(catalog) else { return Farewell::default() };
        let mut notes = Vec::new();
        if index.primary || index.unique {
            let kind = if index.primary { "the primary key" } else { "unique values" };
            notes.push(format!("{} enforces {kind}: what it forbids could be written without it", self.name));
        }
        if let Some(scans) = index.scans {
            notes.push(format!(
                "the server counts {} scans of {} since its counters were reset, of whatever statement",
                crate::fmt::count(scans),
                self.name
            ));
        }
        if let Some(bytes) = index.bytes {
            notes.push(format!("{} takes {}", self.name, crate::fmt::bytes(bytes)));
        }
        // What enforces a key goes with its constraint, which is another decision than this.
        let engine = super::ddl::engine_of(catalog, index);
        let (ddl, undo) = if index.primary || (index.unique && engine == Engine::PostgreSql) {
            (Vec::new(), Vec::new())
        } else {
            super::ddl::retire(engine, table, index)
        };
        Farewell { ddl, undo, notes }
    }
}

/// What is to be known of an index before it goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Farewell {
    /// Statements that take it away, step by step; none for what enforces a key.
    pub ddl: Vec<String>,
    /// Statements that bring it back.
    pub undo: Vec<String>,
    /// What it does besides.
    pub notes: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::Existing;
    use crate::catalog::{Catalog, Index, Table};

    fn catalog() -> Catalog {
        let table = |schema: &str, name: &str, indexes: &[&str]| Table {
            schema: schema.to_owned(),
            name: name.to_owned(),
            indexes: indexes.iter().map(|i| Index { name: (*i).to_owned(), ..Index::default() }).collect(),
            ..Table::default()
        };
        Catalog {
            tables: vec![table("shop", "orders", &["PRIMARY", "by_customer"]), table("shop", "lines", &["PRIMARY"])],
            ..Catalog::default()
        }
    }

    #[test]
    fn an_index_is_found_by_as_much_of_its_name_as_tells_it_from_others() {
        for text in ["by_customer", "orders.by_customer", "shop.by_customer", "shop.orders.by_customer"] {
            let found = Existing::named(text, &catalog()).unwrap();
            assert_eq!((found.table.as_str(), found.name.as_str()), ("orders", "by_customer"));
        }
        assert_eq!(Existing::named("lines.PRIMARY", &catalog()).unwrap().table, "lines");
        for (text, said) in [
            ("PRIMARY", "is an index of orders and of lines; name the table too, as in orders.PRIMARY"),
            ("nosuch", "have no index nosuch; they have orders.PRIMARY, orders.by_customer, lines.PRIMARY"),
        ] {
            let error = Existing::named(text, &catalog()).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
