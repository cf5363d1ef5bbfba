//! Hypothetical indexes: really created on tables of one page, then given the size that they would have.

use tokio_postgres::types::Type;

use super::{
    Twin, TwinError, files,
    link::get,
    pages::{self, PAGE},
    sampled::OfExpression,
    size::{self, Part, Shape},
};
use crate::whatif::snapshot::{literal, quote};

/// An index made for a trial, with those of the table's partitions.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// Its name.
    pub(super) name: String,
    /// Names of the indexes, those of partitions too.
    pub(super) names: Vec<String>,
    /// Bytes of all of them.
    pub(super) bytes: u64,
    /// Whether an expression in it has no statistics.
    pub(super) guessed: bool,
}

/// `$1` a table: itself or its leaves, with their files and counts.
const HEAPS: &str = "
    SELECT c.oid, c.relfilenode, c.reltuples::float8, c.relpages, c.relallvisible
    FROM pg_class c
    WHERE c.relkind IN ('r', 'm') AND (c.oid = $1 OR c.oid IN (SELECT relid FROM pg_partition_tree($1) WHERE isleaf))";

/// `$1` an index: itself and those of partitions.
const FAMILY: &str = "
    WITH RECURSIVE family (oid) AS (
        SELECT $1::oid UNION SELECT i.inhrelid FROM family f JOIN pg_inherits i ON i.inhparent = f.oid
    )
    SELECT c.oid, c.relname::text, c.relkind::text FROM family JOIN pg_class c USING (oid)";

/// `$1` an index: what decides its size.
const SHAPE: &str = "
    SELECT am.amname::text, i.indisunique, t.reltuples::float8, (pg_relation_size(t.oid) / 8192)::float8, c.relfilenode,
           i.indrelid::regclass::text, pg_get_expr(i.indpred, i.indrelid)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am am ON am.oid = c.relam JOIN pg_class t ON t.oid = i.indrelid
    WHERE i.indexrelid = $1";

/// `$1` an index: its columns, with the statistics of the table's column or of the expression, if any.
const PARTS: &str = "
    SELECT k <= i.indnkeyatts, a.attlen, a.attalign::text, s.stawidth::float8, s.stanullfrac::float8, s.stadistinct::float8,
           coalesce(o.opcname::text, ''), i.indkey[k - 1] = 0, pg_get_indexdef(i.indexrelid, k, true), format_type(a.atttypid, NULL),
           v.counts[array_length(v.counts, 1)]::float8, v.elements::float8, coalesce(v.histogram, v.mcv)
    FROM pg_index i
    CROSS JOIN LATERAL generate_series(1, i.indnatts::int) k
    JOIN pg_attribute a ON a.attrelid = i.indexrelid AND a.attnum = k
    LEFT JOIN pg_opclass o ON k <= i.indnkeyatts AND o.oid = i.indclass[k - 1]
    LEFT JOIN LATERAL (
        SELECT * FROM pg_statistic s
        WHERE (s.starelid = i.indexrelid AND s.staattnum = k) OR (s.starelid = i.indrelid AND s.staattnum = i.indkey[k - 1])
        ORDER BY s.starelid = i.indexrelid DESC, s.stainherit LIMIT 1
    ) s ON true
    LEFT JOIN LATERAL (
        SELECT max(x.numbers::text) FILTER (WHERE kind = 5)::float4[] AS counts, max(array_length(x.numbers, 1) - 3) FILTER (WHERE kind = 4) AS elements,
               max(x.vals) FILTER (WHERE kind = 2) AS histogram, max(x.vals) FILTER (WHERE kind = 1) AS mcv
        FROM (VALUES (s.stakind1, s.stanumbers1, s.stavalues1::text), (s.stakind2, s.stanumbers2, s.stavalues2::text),
                     (s.stakind3, s.stanumbers3, s.stavalues3::text), (s.stakind4, s.stanumbers4, s.stavalues4::text),
                     (s.stakind5, s.stanumbers5, s.stavalues5::text)) AS x (kind, numbers, vals)
    ) v ON true
    WHERE i.indexrelid = $1 ORDER BY k";

struct Heap {
    oid: u32,
    file: u32,
    tuples: f64,
    pages: i32,
    visible: i32,
}

impl Twin {
    /// Makes an index called `name` on a table by `ddl`; `sampled` are statistics of its expressions, by column of the index.
    pub(super) async fn make(
        &mut self,
        ddl: &str,
        (schema, table): (&str, &str),
        name: &str,
        sampled: &[(i16, &OfExpression)],
    ) -> Result<Made, TwinError> {
        let oid = self.number_of(schema, table).await?.ok_or_else(|| {
            TwinError::Unsupported(format!(
                "the twin has no table {}",
                crate::text::one_line(&format!("{schema}.{table}"))
            ))
        })?;
        let heaps = self.heaps(oid).await?;
        let mut tiny = Vec::new();
        for heap in &heaps {
            tiny.push(format!("({}, {})", heap.oid, self.tiny_file(heap)?));
        }
        if !tiny.is_empty() {
            let sql = format!(
                "UPDATE pg_class c SET relfilenode = v.file::oid FROM (VALUES {}) AS v (oid, file) WHERE c.oid = v.oid::oid",
                tiny.join(", ")
            );
            self.root.ours("making the table small", &sql).await?;
        }
        let made = self.hand.rows("creating the index", ddl, &[]).await;
        if !heaps.is_empty() {
            let back: Vec<String> = heaps
                .iter()
                .map(|h| format!("({}, {}, {}, {}, {})", h.oid, h.file, h.tuples, h.pages, h.visible))
                .collect();
            let sql = format!(
                "UPDATE pg_class c SET relfilenode = v.file::oid, reltuples = v.tuples::float4, relpages = v.pages, relallvisible = v.visible \
                 FROM (VALUES {}) AS v (oid, file, tuples, pages, visible) WHERE c.oid = v.oid::oid",
                back.join(", ")
            );
            self.root.ours("making the table large again", &sql).await?;
        }
        made?;
        let index = self
            .number_of(schema, name)
            .await?
            .ok_or_else(|| TwinError::Engine("the index is not there".to_owned()))?;
        match self.give_size(index, name, sampled).await {
            Ok(made) => Ok(made),
            Err(error) => {
                self.unmake(schema, name).await?;
                Err(error)
            }
        }
    }

    /// Takes an index away again.
    pub(super) async fn unmake(&self, schema: &str, name: &str) -> Result<(), TwinError> {
        let sql = format!("DROP INDEX IF EXISTS {}.{}", quote(schema), quote(name));
        self.hand.rows("dropping the index", &sql, &[]).await.map(drop)
    }

    /// Takes an existing index, with those of partitions, out of the planner's sight: it looks at valid ones only, and at
    /// nothing of the others. The numbers of those that were valid.
    pub(super) async fn hide(&self, schema: &str, name: &str) -> Result<Vec<u32>, TwinError> {
        let sql = "
            WITH RECURSIVE family (oid) AS (
                SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('i', 'I')
                UNION SELECT i.inhrelid FROM family f JOIN pg_inherits i ON i.inhparent = f.oid
            )
            UPDATE pg_index SET indisvalid = false WHERE indisvalid AND indexrelid IN (SELECT oid FROM family) RETURNING indexrelid";
        let rows = self.root.rows("hiding an index", sql, &[(&schema, Type::TEXT), (&name, Type::TEXT)]).await?;
        rows.iter().map(|row| get(row, 0)).collect()
    }

    /// Shows indexes that were hidden.
    pub(super) async fn show(&self, numbers: &[u32]) -> Result<(), TwinError> {
        let sql = "UPDATE pg_index SET indisvalid = true WHERE indexrelid = ANY ($1)";
        self.root.rows("showing an index again", sql, &[(&numbers, Type::OID_ARRAY)]).await.map(drop)
    }

    async fn number_of(&self, schema: &str, name: &str) -> Result<Option<u32>, TwinError> {
        const SQL: &str = "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2";
        let rows =
            self.root.again("looking for a relation", SQL, &[(&schema, Type::TEXT), (&name, Type::TEXT)]).await?;
        rows.first().map(|row| get(row, 0)).transpose()
    }

    async fn heaps(&self, table: u32) -> Result<Vec<Heap>, TwinError> {
        let rows = self.root.again("looking at the table", HEAPS, &[(&table, Type::OID)]).await?;
        rows.iter()
            .map(|row| {
                Ok(Heap {
                    oid: get(row, 0)?,
                    file: get(row, 1)?,
                    tuples: get(row, 2)?,
                    pages: get(row, 3)?,
                    visible: get(row, 4)?,
                })
            })
            .collect()
    }

    /// A table's first page, if it holds rows, and nothing else.
    fn tiny_file(&mut self, heap: &Heap) -> Result<u32, TwinError> {
        if let Some(known) = self.tiny.get(&heap.oid) {
            return Ok(*known);
        }
        let page = files::head(&self.file(heap.file), 1).map_err(|e| TwinError::file("reading a page", &e))?;
        let page = if page.iter().all(|b| *b == 0) { Vec::new() } else { page };
        let number = self.new_file(page, 0)?;
        self.tiny.insert(heap.oid, number);
        Ok(number)
    }

    async fn give_size(&mut self, index: u32, name: &str, sampled: &[(i16, &OfExpression)]) -> Result<Made, TwinError> {
        let family = self.root.again("looking at the index", FAMILY, &[(&index, Type::OID)]).await?;
        let mut made = Made { name: name.to_owned(), ..Made::default() };
        let mut counts = Vec::new();
        let mut flushed = false;
        for row in &family {
            let (oid, own, kind): (u32, String, String) = (get(row, 0)?, get(row, 1)?, get(row, 2)?);
            made.names.push(own);
            if kind != "i" {
                continue;
            }
            for (number, own) in sampled {
                self.insert_expression(oid, *number, own).await?;
            }
            let rows = self.root.again("looking at the index", SHAPE, &[(&oid, Type::OID)]).await?;
            let row = rows.first().ok_or_else(|| TwinError::Engine("the index is gone".to_owned()))?;
            let method: String = get(row, 0)?;
            if method != "btree" && !flushed {
                // Their pages are in the server's memory; a B-tree's are on disk already.
                self.root.ours("writing pages", "CHECKPOINT").await?;
                flushed = true;
            }
            let file: u32 = get(row, 4)?;
            let built = files::head(&self.file(file), 2).map_err(|e| TwinError::file("reading a page", &e))?;
            let (mut shape, guessed) = self.shape(oid, row, &built).await?;
            made.guessed |= guessed;
            if shape.rows < 0.0 {
                shape.rows = 0.0;
            }
            let sized = size::size(&shape);
            let head = match method.as_str() {
                "btree" => pages::btree(&built, sized.height, sized.pages),
                "gin" => sized.gin.and_then(|counts| pages::gin(&built, counts)),
                "brin" => pages::brin(&built, sized.map_pages),
                _ => None,
            };
            let head = head.unwrap_or_else(|| built.into_iter().take(PAGE).collect());
            let bytes = sized.pages * PAGE as u64;
            made.bytes += bytes;
            let number = self.new_file(head, bytes)?;
            counts.push(format!("({oid}, {number}, {}, {})", shape.rows, sized.pages));
        }
        if !counts.is_empty() {
            let sql = format!(
                "UPDATE pg_class c SET relfilenode = v.file::oid, reltuples = v.tuples::float4, relpages = v.pages::int \
                 FROM (VALUES {}) AS v (oid, file, tuples, pages) WHERE c.oid = v.oid::oid",
                counts.join(", ")
            );
            self.root.ours("giving the index its size", &sql).await?;
        }
        Ok(made)
    }

    /// What decides the size of an index, and whether an expression in it has no statistics.
    async fn shape(&self, index: u32, row: &tokio_postgres::Row, built: &[u8]) -> Result<(Shape, bool), TwinError> {
        let method: String = get(row, 0)?;
        let table: String = get(row, 5)?;
        let mut rows: f64 = get(row, 2)?;
        if let Some(predicate) = get::<Option<String>>(row, 6)? {
            let (kept, _) = self.planned(&format!("SELECT 1 FROM ONLY {table} WHERE {predicate}")).await?;
            rows = kept.min(rows.max(1.0));
        }
        let mut parts = Vec::new();
        let mut guessed = false;
        let mut texts: Vec<(usize, String, String)> = Vec::new();
        for row in &self.root.again("looking at the index", PARTS, &[(&index, Type::OID)]).await? {
            let length: i16 = get(row, 1)?;
            let (expression, sql): (bool, String) = (get(row, 7)?, get(row, 8)?);
            let width: Option<f64> = get(row, 3)?;
            guessed |= expression && width.is_none();
            let width = match width {
                Some(width) => width,
                None if length > 0 => f64::from(length),
                None => self.planned(&format!("SELECT {sql} FROM ONLY {table}")).await.map_or(32.0, |(_, width)| width),
            };
            let distinct: Option<f64> = get(row, 5)?;
            let distinct = match distinct.filter(|d| *d != 0.0) {
                Some(d) => Some(if d < 0.0 { -d * rows } else { d }),
                None if method == "btree" => {
                    self.planned(&format!("SELECT 1 FROM ONLY {table} GROUP BY {sql}")).await.ok().map(|(rows, _)| rows)
                }
                None => None,
            };
            let elements: (Option<f64>, Option<f64>) = (get(row, 10)?, get(row, 11)?);
            if length < 0
                && let Some(values) = get::<Option<String>>(row, 12)?
            {
                texts.push((parts.len(), values, get(row, 9)?));
            }
            parts.push(Part {
                key: get(row, 0)?,
                length,
                align: get::<String>(row, 2)?.chars().next().unwrap_or('i'),
                width,
                nulls: get::<Option<f64>>(row, 4)?.unwrap_or(0.0),
                distinct: distinct.map(|d| d.clamp(1.0, rows.max(1.0))),
                lengths: Vec::new(),
                class: get(row, 6)?,
                elements: elements.0.map(|each| (each, elements.1.unwrap_or(0.0))),
            });
        }
        if method == "btree"
            && parts.iter().filter(|p| p.length < 0).count() == 1
            && let Some((at, values, kind)) = texts.first()
        {
            parts[*at].lengths = self.lengths(values, kind).await.unwrap_or_default();
        }
        let shape = Shape {
            rows,
            heap_pages: get(row, 3)?,
            parts,
            unique: get(row, 1)?,
            deduplicates: pages::btree_deduplicates(built),
            pages_per_range: pages::brin_pages_per_range(built).map_or(128.0, f64::from),
            method,
        };
        Ok((shape, guessed))
    }

    /// Bytes that each of some values takes in a row.
    async fn lengths(&self, values: &str, kind: &str) -> Result<Vec<f64>, TwinError> {
        // A bare `character` or `bit` would cut them to one.
        let kind = match kind {
            "character" => "bpchar",
            "bit" => "varbit",
            other => other,
        };
        let sql = format!("SELECT (pg_column_size(ROW(v)) - 24)::float8 FROM unnest({}::{kind}[]) v", literal(values));
        let rows = self.root.rows("measuring values", &sql, &[]).await?;
        rows.iter().map(|row| get(row, 0)).collect()
    }

    /// Rows and width that the planner expects of a query on the twin.
    async fn planned(&self, sql: &str) -> Result<(f64, f64), TwinError> {
        let rows = self.hand.rows("estimating", &format!("EXPLAIN {sql}"), &[]).await?;
        let first: String = rows.first().map(|row| get(row, 0)).transpose()?.unwrap_or_default();
        let number = |name: &str| -> Option<f64> {
            let rest = first.split(name).nth(1)?;
            rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        };
        Ok((number(" rows=").unwrap_or(1.0), number(" width=").unwrap_or(32.0)))
    }
}
