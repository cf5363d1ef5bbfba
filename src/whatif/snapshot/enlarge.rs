//! A snapshot as if some tables had more rows.

use super::Snapshot;

/// Bytes of a page: twins have no others.
const PAGE: u64 = 8192;

impl Snapshot {
    /// Makes tables, given by schema and name, with their partitions and indexes so many times as large; whether there was one
    /// with rows. Statistics stay: counts that are a part of the rows grow with them by what they are.
    pub fn enlarge(&mut self, tables: &[(String, String)], times: f64) -> bool {
        let mut grown: Vec<u32> = self
            .relations
            .iter()
            .filter(|r| r.is_table() && tables.iter().any(|(schema, name)| *schema == r.schema && *name == r.name))
            .map(|r| r.oid)
            .collect();
        loop {
            let child = |r: &&super::Relation| {
                r.is_table()
                    && !grown.contains(&r.oid)
                    && r.parents.as_ref().is_some_and(|parents| parents.iter().any(|p| grown.contains(p)))
            };
            let more: Vec<u32> = self.relations.iter().filter(child).map(|r| r.oid).collect();
            if more.is_empty() {
                break;
            }
            grown.extend(more);
        }
        let has_rows = self.relations.iter().any(|r| grown.contains(&r.oid) && r.bytes.is_some_and(|b| b > 0));
        grown.extend(self.indexes.iter().filter(|i| grown.contains(&i.relation)).map(|i| i.oid).collect::<Vec<_>>());
        for relation in self.relations.iter_mut().filter(|r| grown.contains(&r.oid)) {
            relation.tuples = if relation.tuples > 0.0 { (relation.tuples * times).round() } else { relation.tuples };
            relation.pages = scaled(relation.pages, times);
            relation.all_visible = scaled(relation.all_visible, times).min(relation.pages);
            relation.bytes = relation.bytes.map(|bytes| {
                let pages = i64::try_from(bytes / PAGE).unwrap_or(i64::MAX);
                u64::try_from(scaled(pages, times)).unwrap_or_default().saturating_mul(PAGE)
            });
        }
        has_rows
    }
}

/// Pages, rounded up; none stay none. A planner counts no more than 2^32 of them.
fn scaled(pages: i64, times: f64) -> i64 {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "held below 2^32")]
    let more = (pages as f64 * times).ceil().clamp(0.0, 4_294_967_294.0) as i64;
    more
}

#[cfg(test)]
mod tests {
    use crate::whatif::snapshot::{Index, Relation, Snapshot};

    #[test]
    fn a_table_grows_with_its_partitions_and_indexes_and_nothing_else_does() {
        let relation = |oid: u32, name: &str, kind: &str, parents: Option<Vec<u32>>| Relation {
            oid,
            schema: "public".to_owned(),
            name: name.to_owned(),
            kind: kind.to_owned(),
            tuples: 1000.0,
            pages: 10,
            all_visible: 9,
            partition: parents.is_some(),
            options: None,
            method: None,
            bound: None,
            key: None,
            parents,
            bytes: (kind != "p").then_some(81_920),
            view: None,
            modified: None,
            row_security: false,
            head: None,
        };
        let index = |oid, relation| Index {
            oid,
            relation,
            definition: String::new(),
            valid: true,
            expressions: false,
            constraint: None,
        };
        let mut snapshot = Snapshot {
            relations: vec![
                relation(1, "orders", "p", None),
                relation(2, "orders_1", "r", Some(vec![1])),
                relation(3, "orders_1_pkey", "i", None),
                relation(4, "customers", "r", None),
            ],
            indexes: vec![index(3, 2)],
            ..Snapshot::default()
        };
        assert!(snapshot.enlarge(&[("public".to_owned(), "orders".to_owned())], 2.5));
        let sizes: Vec<_> = snapshot.relations.iter().map(|r| (r.tuples, r.pages, r.all_visible, r.bytes)).collect();
        let large = |bytes| (2500.0, 25, 23, bytes);
        assert_eq!(sizes[..3], [large(None), large(Some(204_800)), large(Some(204_800))]);
        assert_eq!(sizes[3], (1000.0, 10, 9, Some(81_920)));
        assert!(!snapshot.enlarge(&[("public".to_owned(), "nosuch".to_owned())], 10.0));
    }
}
