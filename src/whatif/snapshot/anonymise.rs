//! Takes values out of a snapshot where no plan of its statements needs them.

use std::collections::BTreeSet;

use super::{Slots, Snapshot};
use crate::{plan::Engine, sql};

/// What became of the values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Anonymised {
    /// Columns whose values were taken out.
    pub hidden: usize,
    /// Columns whose values stay, because a statement names them: `table.column`.
    pub kept: Vec<String>,
}

/// Takes out the values of every column that no statement of the snapshot names; their widths, frequencies and numbers of
/// distinct values stay. Names, definitions, labels of enums, the statements with their literals, and the values of the columns
/// that they name stay as they are: without those the plans would not be the server's.
pub fn anonymise(snapshot: &mut Snapshot) -> Anonymised {
    let mut named: BTreeSet<String> = BTreeSet::new();
    let texts = snapshot.statements.iter().map(|s| s.sql.as_str());
    let views = snapshot.relations.iter().filter_map(|r| r.view.as_deref());
    for text in texts.chain(views) {
        named.extend(sql::words(text, Engine::PostgreSql).iter().map(|w| w.to_lowercase()));
        named.extend(text.split('"').skip(1).step_by(2).map(str::to_lowercase));
    }
    let is_named = |column: &str| named.contains(&column.to_lowercase());
    let mut done = Anonymised::default();
    let tables = |oid: u32| snapshot.relations.iter().find(|r| r.oid == oid);
    let index_names = |oid: u32| {
        let index = snapshot.indexes.iter().find(|i| i.oid == oid);
        index.is_some_and(|i| {
            sql::words(&i.definition, Engine::PostgreSql)
                .iter()
                .any(|w| is_named(w) && is_column(snapshot, i.relation, w))
        })
    };
    let keep: Vec<bool> = snapshot
        .statistics
        .iter()
        .map(|s| {
            if tables(s.relation).is_some_and(super::Relation::is_index) {
                index_names(s.relation)
            } else {
                is_named(&s.column)
            }
        })
        .collect();
    let labels: Vec<String> = snapshot
        .statistics
        .iter()
        .map(|s| format!("{}.{}", tables(s.relation).map_or("", |r| r.name.as_str()), s.column))
        .collect();
    for ((statistics, keep), label) in snapshot.statistics.iter_mut().zip(keep).zip(labels) {
        if keep {
            if statistics.slots.has_values() && !done.kept.contains(&label) {
                done.kept.push(label);
            }
        } else if statistics.slots.hide() {
            done.hidden += 1;
        }
    }
    for data in &mut snapshot.extended_data {
        let all =
            data.columns.iter().flatten().all(|c| is_named(c)) && data.expressions.as_ref().is_none_or(Vec::is_empty);
        if !all {
            (data.values, data.nulls, data.frequencies, data.base_frequencies) = (None, None, None, None);
        }
    }
    for expression in &mut snapshot.extended_expressions {
        if !sql::words(&expression.expression, Engine::PostgreSql).iter().any(|w| is_named(w)) {
            expression.slots.hide();
        }
    }
    if let Some(ends) = &mut snapshot.ends {
        ends.retain(|e| is_named(&e.column));
    }
    snapshot.anonymised = true;
    done
}

fn is_column(snapshot: &Snapshot, relation: u32, word: &str) -> bool {
    snapshot.columns.iter().any(|c| c.relation == relation && c.name.eq_ignore_ascii_case(word))
}

impl Slots {
    fn has_values(&self) -> bool {
        [&self.mcv, &self.histogram, &self.mce, &self.bounds].iter().any(|v| v.is_some())
    }

    /// Takes the values out, with what means nothing without them; whether there were any.
    fn hide(&mut self) -> bool {
        let had = self.has_values();
        (self.mcv, self.mcf, self.histogram) = (None, None, None);
        (self.mce, self.mcef, self.bounds, self.lengths, self.empty_frac) = (None, None, None, None, None);
        had
    }
}

#[cfg(test)]
mod tests {
    use super::anonymise;
    use crate::whatif::snapshot::{Asked, ColumnStatistics, Ends, Slots, Snapshot};

    #[test]
    fn only_the_values_that_a_statement_needs_stay() {
        let statistics = |column: &str| ColumnStatistics {
            relation: 1,
            column: column.to_owned(),
            number: 1,
            inherited: false,
            slots: Slots {
                null_frac: "0.5".to_owned(),
                avg_width: 8,
                n_distinct: "-1".to_owned(),
                mcv: Some("{secret}".to_owned()),
                mcf: Some("{0.5}".to_owned()),
                histogram: Some("{a,z}".to_owned()),
                correlation: Some("0.1".to_owned()),
                ..Slots::default()
            },
        };
        let end =
            |column: &str| Ends { relation: 1, column: column.to_owned(), first: Some("a".to_owned()), last: None };
        let mut snapshot = Snapshot {
            statistics: vec![statistics("status"), statistics("email"), statistics("Odd Name")],
            ends: Some(vec![end("status"), end("email")]),
            statements: vec![Asked {
                sql: "select 1 from t where STATUS = 'x' and \"Odd Name\" = 1".to_owned(),
                plan: String::new(),
            }],
            ..Snapshot::default()
        };
        let done = anonymise(&mut snapshot);
        assert_eq!((done.hidden, done.kept.len()), (1, 2));
        let email = &snapshot.statistics[1].slots;
        assert_eq!((email.mcv.as_deref(), email.histogram.as_deref(), email.avg_width), (None, None, 8));
        assert!(snapshot.statistics[0].slots.mcv.is_some() && snapshot.statistics[2].slots.mcv.is_some());
        assert_eq!(snapshot.ends.as_ref().map(Vec::len), Some(1));
        assert!(!serde_json::to_string(&snapshot.statistics[1]).unwrap().contains("secret"));
    }
}
