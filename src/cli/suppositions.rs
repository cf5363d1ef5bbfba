//! What a person supposes on the command line.

use super::{advise::progress, explain::found, failure::Failure};
use crate::{
    advise::Existing,
    catalog::Catalog,
    server::Session,
    whatif::{self, Allow, Supposed, Supposition},
};

/// One `--what-if`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum WhatIf {
    /// `NAME=VALUE`.
    Setting(String, String),
    /// `TABLE=10x`.
    Larger(String, f64),
}

/// Reads a `--what-if`: a number with an `x` behind it is a size, anything else the value of a setting.
pub(super) fn what_if(text: &str) -> Result<WhatIf, String> {
    let (name, value) = text
        .split_once('=')
        .map(|(name, value)| (name.trim(), value.trim()))
        .filter(|(name, _)| !name.is_empty())
        .ok_or("expected NAME=VALUE, such as work_mem=256MB, or TABLE=TIMES, such as orders=10x")?;
    match value.strip_suffix(['x', 'X']).map(str::parse::<f64>) {
        Some(Ok(times)) if times.is_finite() && times > 0.0 && times <= 1e6 => {
            Ok(WhatIf::Larger(name.to_owned(), times))
        }
        Some(Ok(_)) => Err("a table can be more than 0 and at most 1000000 times as large".to_owned()),
        _ => Ok(WhatIf::Setting(name.to_owned(), value.to_owned())),
    }
}

/// Plans the statements under each supposition.
///
/// # Errors
/// [`Failure`] when an index or a table is not there or the request was cancelled.
pub(super) async fn answers(
    session: &mut Session,
    statements: &[&str],
    (drops, others): (&[String], &[WhatIf]),
    catalog: Option<&Catalog>,
    allow: Allow,
) -> Result<Vec<Supposed>, Failure> {
    let mut all = Vec::new();
    if !drops.is_empty() {
        all.push(dropped(drops, found(catalog)?)?);
    }
    for other in others {
        all.push(match other {
            WhatIf::Setting(name, value) => Supposition::Settings(vec![(name.clone(), value.clone())]),
            WhatIf::Larger(table, times) => larger(table, *times, found(catalog)?)?,
        });
    }
    let none = Catalog::default();
    let mut answers = Vec::with_capacity(all.len());
    for supposition in &all {
        let catalog = catalog.unwrap_or(&none);
        let asked = whatif::suppose(session, statements, supposition, catalog, allow, progress());
        let supposed = Box::pin(asked).await;
        answers.push(supposed.map_err(|e| Failure::server(&e, None))?);
    }
    Ok(answers)
}

fn dropped(names: &[String], catalog: &Catalog) -> Result<Supposition, Failure> {
    let drop = names.iter().map(|name| Existing::named(name, catalog)).collect::<Result<Vec<_>, _>>();
    let drop = drop.map_err(|problem| Failure::plain("looking for the index of --drop", &problem))?;
    Ok(Supposition::Indexes { add: Vec::new(), drop })
}

fn larger(name: &str, times: f64, catalog: &Catalog) -> Result<Supposition, Failure> {
    let (schema, table) = name.split_once('.').map_or((None, name), |(schema, table)| (Some(schema), table));
    let table = catalog.table(schema, table).ok_or_else(|| {
        let known: Vec<&str> = catalog.tables.iter().map(|t| t.name.as_str()).collect();
        let problem = format!("the statement reads no table {name}; it reads {}", known.join(", "));
        Failure::plain("looking for the table of --what-if", &problem)
    })?;
    Ok(Supposition::Larger { table: (table.schema.clone(), table.name.clone()), times })
}

#[cfg(test)]
mod tests {
    use super::{WhatIf, what_if};

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
        for text in ["work_mem", "=1", "orders=0x", "orders=-1x", "orders=1e9x"] {
            assert!(what_if(text).is_err(), "{text}");
        }
    }
}
