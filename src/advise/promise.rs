//! Where an index could keep a promise as well: that no value comes twice, or that no two ranges overlap. A server that knows it
//! plans better, and no program can break it. Whether it is meant to hold only people know.

use super::{Candidate, ddl};
use crate::{
    catalog::{Catalog, Table},
    plan::Engine,
};

/// From this part of the rows on, as many distinct values as rows are told by a sample (`pg_stats.n_distinct` is then −1).
const ALL: f64 = -1.0;

/// What the index could promise, for people.
pub(super) fn note(candidate: &Candidate, catalog: &Catalog) -> Option<String> {
    let table = catalog.table(Some(&candidate.schema), &candidate.table)?;
    match candidate.method {
        "btree" => unique(candidate, table),
        "gist" => exclusion(candidate, table),
        _ => None,
    }
}

fn unique(candidate: &Candidate, table: &Table) -> Option<String> {
    let [key] = candidate.keys.as_slice() else { return None };
    if key.expression || candidate.predicate.is_some() || key.prefix.is_some() {
        return None;
    }
    let column = table.column(&key.expr)?;
    let statistics = column.statistics.as_ref()?;
    // Points in time and measured values are told so finely that none comes twice, and yet nobody means them to identify a row.
    let type_name = column.type_name.to_lowercase();
    if ["timestamp", "date", "time", "interval", "real", "double", "float"].iter().any(|t| type_name.starts_with(t)) {
        return None;
    }
    let distinct = statistics.n_distinct.is_some_and(|n| n <= ALL) && statistics.most_common.is_empty();
    let kept = table
        .indexes
        .iter()
        .any(|i| i.unique && i.predicate.is_none() && i.keys.iter().all(|k| k.column.as_ref() == Some(&key.expr)));
    (distinct && !kept).then(|| {
        format!(
            "as far as a sample tells, no value of {} comes twice: if that must be so, make the index UNIQUE, which the planner makes \
             use of as well",
            ddl::quoted(&key.expr, candidate.engine)
        )
    })
}

fn exclusion(candidate: &Candidate, table: &Table) -> Option<String> {
    let (last, first) = candidate.keys.split_last()?;
    let is_range = table.column(&last.expr).is_some_and(|c| c.type_name.ends_with("range"));
    if candidate.engine != Engine::PostgreSql || !is_range || first.is_empty() || candidate.predicate.is_some() {
        return None;
    }
    let quoted = |name: &str| ddl::quoted(name, Engine::PostgreSql);
    let equal: Vec<String> = first.iter().map(|k| format!("{} WITH =", quoted(&k.expr))).collect();
    Some(format!(
        "if no two of the same {} may overlap, a constraint is this index and the rule in one, though writers wait while it is made: \
         ALTER TABLE {} ADD EXCLUDE USING gist ({}, {} WITH &&)",
        first.iter().map(|k| quoted(&k.expr)).collect::<Vec<_>>().join(" and "),
        ddl::table(candidate),
        equal.join(", "),
        quoted(&last.expr),
    ))
}

#[cfg(test)]
mod tests {
    use super::note;
    use crate::{
        advise::{Candidate, Key},
        catalog::{Catalog, Column, Index, IndexKey, Statistics, Table},
        plan::Engine::PostgreSql,
    };

    fn told(method: &'static str, keys: &[&str], unique: bool) -> Option<String> {
        let column = |name: &str, type_name: &str, n_distinct: f64| Column {
            name: name.to_owned(),
            type_name: type_name.to_owned(),
            statistics: Some(Statistics { n_distinct: Some(n_distinct), ..Statistics::default() }),
            ..Column::default()
        };
        let key = IndexKey { column: Some("email".to_owned()), expr: "email".to_owned(), ..IndexKey::default() };
        let standing = Index { name: "u".to_owned(), unique: true, keys: vec![key], ..Index::default() };
        let table = Table {
            schema: "public".to_owned(),
            name: "t".to_owned(),
            rows: Some(1e6),
            columns: vec![
                column("email", "text", -1.0),
                column("room", "integer", 50.0),
                column("seen", "tsrange", -1.0),
                column("made", "timestamp with time zone", -1.0),
            ],
            indexes: if unique { vec![standing] } else { Vec::new() },
            ..Table::default()
        };
        let candidate = Candidate {
            engine: PostgreSql,
            schema: "public".to_owned(),
            table: "t".to_owned(),
            method,
            keys: keys.iter().map(|k| Key::column(*k)).collect(),
            include: Vec::new(),
            predicate: None,
            replaces: Vec::new(),
            reasons: Vec::new(),
        };
        note(&candidate, &Catalog { tables: vec![table], ..Catalog::default() })
    }

    #[test]
    fn what_looks_unique_is_said_and_what_is_or_is_not_is_not() {
        assert!(told("btree", &["email"], false).is_some_and(|line| line.contains("make the index UNIQUE")));
        for (keys, unique) in
            [(&["email"][..], true), (&["room"], false), (&["email", "room"], false), (&["made"], false)]
        {
            assert_eq!(told("btree", keys, unique), None, "{keys:?}");
        }
    }

    #[test]
    fn ranges_of_one_thing_could_exclude_each_other() {
        let line = told("gist", &["room", "seen"], false).unwrap();
        assert!(line.contains("ALTER TABLE public.t ADD EXCLUDE USING gist (room WITH =, seen WITH &&)"), "{line}");
        assert_eq!(told("gist", &["seen"], false), None);
    }
}
