//! Sizes and counts: every relation gets a file of production's size, with holes for its pages.

use std::collections::BTreeMap;

use tokio_postgres::types::Type;

use super::{Here, Twin, TwinError};
use crate::whatif::twin::{
    files,
    link::get,
    pages::{self, PAGE},
    size,
};

/// `$1` relations. The width of an index's keys, for its height.
const KEY_WIDTHS: &str = "
    SELECT i.indexrelid, i.indrelid,
           (SELECT sum(CASE WHEN a.attlen > 0 THEN a.attlen
                            ELSE coalesce((SELECT s.stawidth FROM pg_statistic s WHERE s.starelid = i.indexrelid AND s.staattnum = a.attnum
                                           ORDER BY s.stainherit LIMIT 1),
                                          (SELECT s.stawidth FROM pg_statistic s WHERE s.starelid = i.indrelid
                                           AND s.staattnum = i.indkey[a.attnum - 1] ORDER BY s.stainherit LIMIT 1), 32) END)::float8
            FROM pg_attribute a WHERE a.attrelid = i.indexrelid AND a.attnum BETWEEN 1 AND i.indnkeyatts)
    FROM pg_index i WHERE i.indexrelid = ANY ($1)";

impl Twin {
    /// Gives every relation of the snapshot its file and its counts. Never modifies a file that the server has open.
    pub(super) async fn give_sizes(&mut self) -> Result<(), TwinError> {
        // The first pages of GIN, BRIN and hash indexes are in the server's memory until then.
        self.root.ours("writing pages", "CHECKPOINT").await?;
        let oids: Vec<u32> = self.here.values().map(|h| h.oid).collect();
        let rows = self.root.rows("measuring keys", KEY_WIDTHS, &[(&oids, Type::OID_ARRAY)]).await?;
        let mut widths: BTreeMap<u32, f64> = BTreeMap::new();
        for row in &rows {
            widths.insert(get(row, 0)?, get::<Option<f64>>(row, 2)?.unwrap_or(8.0));
        }
        let heaps: BTreeMap<u32, u64> = self
            .snapshot
            .indexes
            .iter()
            .filter_map(|i| Some((i.oid, self.snapshot.relation(i.relation)?.bytes?)))
            .collect();
        let mut counts = Vec::new();
        let relations = self.snapshot.relations.clone();
        for relation in &relations {
            let Some(here) = self.here.get(&relation.oid).cloned() else { continue };
            let file = match relation.bytes {
                Some(bytes) if here.file != 0 => {
                    let head = if relation.is_index() {
                        let heap = heaps.get(&relation.oid).copied().unwrap_or(0);
                        self.index_head(relation, &here, heap, widths.get(&here.oid).copied().unwrap_or(8.0))?
                    } else {
                        files::head(&self.file(here.file), 1).map_err(|e| TwinError::file("reading a page", &e))?
                    };
                    self.new_file(head, bytes)?
                }
                _ => here.file,
            };
            counts.push(format!(
                "({}, {file}, {}, {}, {})",
                here.oid, relation.tuples, relation.pages, relation.all_visible
            ));
        }
        if counts.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "UPDATE pg_class c SET relfilenode = v.file::oid, reltuples = v.tuples::float4, relpages = v.pages, relallvisible = v.visible \
             FROM (VALUES {}) AS v (oid, file, tuples, pages, visible) WHERE c.oid = v.oid::oid",
            counts.join(", ")
        );
        self.root.ours("giving relations their sizes", &sql).await
    }

    fn index_head(
        &self,
        relation: &crate::whatif::snapshot::Relation,
        here: &Here,
        heap: u64,
        key_width: f64,
    ) -> Result<Vec<u8>, TwinError> {
        let built = files::head(&self.file(here.file), 2).map_err(|e| TwinError::file("reading a page", &e))?;
        let blocks = relation.bytes.unwrap_or(0) / PAGE as u64;
        let known = match relation.method.as_deref() {
            Some("btree") => pages::btree(&built, size::height(blocks, key_width), blocks),
            Some("gin") => {
                let counts = relation.head.as_deref().and_then(unhex).and_then(|head| pages::gin_counts(&head));
                counts.and_then(|counts| pages::gin(&built, counts))
            }
            Some("brin") => pages::brin_pages_per_range(&built).and_then(|range| {
                let ranges = (heap / PAGE as u64).div_ceil(u64::from(range));
                pages::brin(&built, u32::try_from(ranges.div_ceil(1360)).unwrap_or(u32::MAX).max(1))
            }),
            _ => None,
        };
        Ok(known.unwrap_or_else(|| built.into_iter().take(PAGE).collect()))
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    digits.chunks_exact(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
