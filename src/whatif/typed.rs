//! A supposition as people type it, on the command line and on the screen.

use super::{Supposition, twin::Wish};
use crate::catalog::Catalog;

/// What a person supposes, as it was typed: tables and columns are not looked up yet.
#[derive(Debug, Clone, PartialEq)]
pub enum WhatIf {
    /// `NAME=VALUE`.
    Setting(String, String),
    /// `TABLE=10x`.
    Larger(String, f64),
    /// `postgres=17`.
    Major(u32),
    /// `statistics(a, b) on orders`, `statistics 1000 on orders.a`: the table, and what for.
    Statistics(String, Wish),
}

impl WhatIf {
    /// Whether it names a table, which has to be looked up.
    #[must_use]
    pub const fn names_table(&self) -> bool {
        matches!(self, Self::Larger(..) | Self::Statistics(..))
    }

    /// What is to be asked for, its table looked up.
    ///
    /// # Errors
    /// The table that the statements do not read, and those they do, in a line.
    pub fn supposition(&self, catalog: &Catalog) -> Result<Supposition, String> {
        Ok(match self {
            Self::Setting(name, value) => Supposition::Settings(vec![(name.clone(), value.clone())]),
            Self::Larger(table, times) => Supposition::Larger { table: table_of(table, catalog)?, times: *times },
            Self::Major(major) => Supposition::Major(*major),
            Self::Statistics(table, wish) => {
                Supposition::Statistics { table: table_of(table, catalog)?, wish: wish.clone() }
            }
        })
    }
}

/// A table of the statements, by the name that was given.
fn table_of(name: &str, catalog: &Catalog) -> Result<(String, String), String> {
    let (schema, table) = name.split_once('.').map_or((None, name), |(schema, table)| (Some(schema), table));
    let table = catalog.table(schema, table).ok_or_else(|| {
        let known: Vec<&str> = catalog.tables.iter().map(|t| t.name.as_str()).collect();
        format!("the statement reads no table {name}; it reads {}", known.join(", "))
    })?;
    Ok((table.schema.clone(), table.name.clone()))
}

/// Reads what a person supposes: a number with an `x` behind it is a size, `postgres` a major version, anything else the value of
/// a setting.
///
/// # Errors
/// What was expected, in a line.
pub fn what_if(text: &str) -> Result<WhatIf, String> {
    if let Some(rest) = text.trim_start().strip_prefix("statistics").filter(|rest| rest.starts_with([' ', '('])) {
        return statistics(rest.trim())
            .ok_or_else(|| "expected statistics(a, b) on TABLE, or statistics 1000 on TABLE.COLUMN".to_owned());
    }
    let (name, value) = text
        .split_once('=')
        .map(|(name, value)| (name.trim(), value.trim()))
        .filter(|(name, _)| !name.is_empty())
        .ok_or("expected NAME=VALUE, such as work_mem=256MB, TABLE=TIMES, such as orders=10x, or postgres=MAJOR")?;
    if matches!(name, "postgres" | "postgresql") {
        let major = value.parse().ok().filter(|major| (12..100).contains(major));
        return major.map(WhatIf::Major).ok_or("a major version of PostgreSQL is a number from 12 on".to_owned());
    }
    match value.strip_suffix(['x', 'X']).map(str::parse::<f64>) {
        Some(Ok(times)) if times.is_finite() && times > 0.0 && times <= 1e6 => {
            Ok(WhatIf::Larger(name.to_owned(), times))
        }
        Some(Ok(_)) => Err("a table can be more than 0 and at most 1000000 times as large".to_owned()),
        _ => Ok(WhatIf::Setting(name.to_owned(), value.to_owned())),
    }
}

/// `(a, b) on orders`, `1000 on orders.a`.
fn statistics(text: &str) -> Option<WhatIf> {
    let lower = text.to_ascii_lowercase();
    let (at, word) = [" on ", ")on "].iter().find_map(|word| Some((lower.rfind(word)?, word)))?;
    let (what, place) = (text[..=at].trim(), text[at + word.len()..].trim());
    if let Some(on) = what.strip_prefix('(').and_then(|what| what.strip_suffix(')')) {
        return Some(WhatIf::Statistics(place.to_owned(), Wish::Together(on.trim().to_owned())))
            .filter(|_| !on.trim().is_empty() && !place.is_empty());
    }
    let target = what.parse().ok().filter(|target| (1..=10_000).contains(target))?;
    let (table, column) = place.rsplit_once('.')?;
    Some(WhatIf::Statistics(table.to_owned(), Wish::Target(column.to_owned(), target)))
}

#[cfg(test)]
mod tests {
    use super::{WhatIf, Wish, what_if};

    #[test]
    fn a_number_of_times_is_a_size_and_anything_else_a_setting() {
        assert_eq!(what_if("orders=10x"), Ok(WhatIf::Larger("orders".to_owned(), 10.0)));
        assert_eq!(what_if("shop.orders = 2.5X"), Ok(WhatIf::Larger("shop.orders".to_owned(), 2.5)));
        for (text, name, value) in [
            ("work_mem=256MB", "work_mem", "256MB"),
            ("optimizer_switch=mrr=off", "optimizer_switch", "mrr=off"),
            ("search_path=x", "search_path", "x"),
            ("a=", "a", ""),
        ] {
            assert_eq!(what_if(text), Ok(WhatIf::Setting(name.to_owned(), value.to_owned())), "{text}");
        }
        assert_eq!(what_if("postgres=17"), Ok(WhatIf::Major(17)));
        let together = |on: &str| Wish::Together(on.to_owned());
        for (text, table, wish) in [
            ("statistics(a, b) on orders", "orders", together("a, b")),
            ("statistics (lower(a), b)ON shop.orders", "shop.orders", together("lower(a), b")),
            ("statistics 1000 on shop.orders.a", "shop.orders", Wish::Target("a".to_owned(), 1000)),
        ] {
            assert_eq!(what_if(text), Ok(WhatIf::Statistics(table.to_owned(), wish)), "{text}");
        }
        for text in
            ["statistics on orders", "statistics() on orders", "statistics 20000 on orders.a", "statistics 9 on orders"]
        {
            assert!(what_if(text).is_err(), "{text}");
        }
        for text in ["work_mem", "=1", "postgres=11", "postgresql=x", "orders=0x", "orders=-1x", "orders=1e9x"] {
            assert!(what_if(text).is_err(), "{text}");
        }
    }
}
