//! The questions: ordinary SELECTs with parameters, every name of the catalog qualified.

/// Settings that matter for plans and costs.
pub(super) const SETTING_NAMES: [&str; 22] = [
    "block_size",
    "cpu_index_tuple_cost",
    "cpu_operator_cost",
    "cpu_tuple_cost",
    "default_statistics_target",
    "effective_cache_size",
    "effective_io_concurrency",
    "enable_partition_pruning",
    "from_collapse_limit",
    "geqo_threshold",
    "hash_mem_multiplier",
    "jit",
    "jit_above_cost",
    "join_collapse_limit",
    "max_parallel_workers_per_gather",
    "plan_cache_mode",
    "random_page_cost",
    "seq_page_cost",
    "shared_buffers",
    "temp_buffers",
    "track_io_timing",
    "work_mem",
];

/// `$1` names. Rows with a name are settings, with units; those without are the schemas of the search path, in order.
pub(super) const SETTINGS: &str = "
    SELECT name, pg_catalog.current_setting(name), 0 FROM pg_catalog.pg_settings WHERE name = ANY ($1)
    UNION ALL
    SELECT NULL, schema::text, place::int4
    FROM unnest(pg_catalog.current_schemas(true)) WITH ORDINALITY AS path (schema, place)
    ORDER BY 3, 1";

/// `$1` schemas (NULL: by the search path), `$2` names.
///
/// Views bring the relations they read (`pg_depend` of their rules), partitions their parents. Rows and bytes of a
/// partitioned table are sums over its leaves, for it has none of its own. `reltuples` of -1 is unknown (14+); 0 with no
/// pages is how 12 and 13 say so.
pub(super) const RELATIONS: &str = "
    WITH RECURSIVE wanted (oid) AS (
        SELECT c.oid
        FROM unnest($1, $2) AS w (schema, name)
        JOIN pg_catalog.pg_class c ON c.relname = w.name
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE CASE WHEN w.schema IS NULL THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = w.schema END
      UNION
        SELECT more.oid
        FROM wanted
        CROSS JOIN LATERAL (
            SELECT d.refobjid AS oid
            FROM pg_catalog.pg_rewrite r
            JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
            WHERE r.ev_class = wanted.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass
          UNION ALL
            SELECT i.inhparent FROM pg_catalog.pg_inherits i WHERE i.inhrelid = wanted.oid
        ) more
    )
    SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text,
           CASE WHEN c.relkind = 'p' THEN leaves.tuples
                WHEN c.relkind = 'v' OR c.reltuples < 0 OR (c.reltuples = 0 AND c.relpages = 0) THEN NULL
                ELSE c.reltuples::float8 END,
           CASE WHEN c.relkind = 'p' THEN leaves.bytes
                WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_relation_size(c.oid) END,
           greatest(s.last_analyze, s.last_autoanalyze)::text,
           s.n_mod_since_analyze::float8, s.n_dead_tup::float8, greatest(s.last_vacuum, s.last_autovacuum)::text,
           CASE WHEN c.relkind = 'v' THEN pg_catalog.pg_get_viewdef(c.oid) END,
           pg_catalog.has_table_privilege(c.oid, 'SELECT') OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT'),
           coalesce(leaves.schemas, '{}'), coalesce(leaves.names, '{}'),
           CASE WHEN c.relkind <> 'p' THEN s.n_tup_ins::float8 END, s.n_tup_upd::float8, s.n_tup_hot_upd::float8,
           (SELECT extract(epoch FROM now() - d.stats_reset)::float8 FROM pg_catalog.pg_stat_database d
            WHERE d.datname = pg_catalog.current_database())
    FROM wanted
    JOIN pg_catalog.pg_class c USING (oid)
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = c.oid
    LEFT JOIN LATERAL (
        SELECT sum(l.reltuples::float8) FILTER (WHERE l.reltuples >= 0) AS tuples,
               sum(pg_catalog.pg_relation_size(l.oid))::int8 AS bytes,
               CASE WHEN max(t.level) = 1 THEN array_agg(m.nspname::text ORDER BY m.nspname, l.relname) END AS schemas,
               CASE WHEN max(t.level) = 1 THEN array_agg(l.relname::text ORDER BY m.nspname, l.relname) END AS names
        FROM pg_catalog.pg_partition_tree(c.oid) t JOIN pg_catalog.pg_class l ON l.oid = t.relid
        JOIN pg_catalog.pg_namespace m ON m.oid = l.relnamespace
        WHERE t.isleaf AND l.relkind = 'r'
    ) leaves ON c.relkind = 'p'
    WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f')
    ORDER BY n.nspname, c.relname";

/// `$1` relations. Statistics of the whole (`inherited`) before those of the table alone.
pub(super) const COLUMNS: &str = "
    SELECT a.attrelid, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
           CASE WHEN a.attgenerated <> '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,
           s.null_frac::float8, s.avg_width::float8, s.n_distinct::float8, s.correlation::float8,
           s.most_common_vals::text, s.most_common_freqs::float8[]
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN LATERAL (
        SELECT * FROM pg_catalog.pg_stats
        WHERE schemaname = n.nspname AND tablename = c.relname AND attname = a.attname
        ORDER BY inherited DESC LIMIT 1
    ) s ON true
    WHERE a.attrelid = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attrelid, a.attnum";

/// `$1` relations. Keys and included columns as arrays in the index's order; `indoption` bit 0 is DESC
/// (`src/include/catalog/pg_index.h`).
pub(super) const INDEXES: &str = "
    SELECT i.indrelid, c.relname::text, am.amname::text, i.indisunique, i.indisprimary,
           NOT (i.indisvalid AND i.indisready AND i.indislive),
           pg_catalog.pg_get_expr(i.indpred, i.indrelid, true),
           CASE WHEN c.relkind = 'i' THEN pg_catalog.pg_relation_size(c.oid) END,
           pg_catalog.pg_get_indexdef(c.oid),
           ARRAY(SELECT a.attname::text FROM generate_series(i.indnkeyatts::int4 + 1, i.indnatts) k
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k - 1] ORDER BY k),
           ARRAY(SELECT pg_catalog.pg_get_indexdef(c.oid, k, true) FROM generate_series(1, i.indnkeyatts) k ORDER BY k),
           ARRAY(SELECT a.attname::text FROM generate_series(1, i.indnkeyatts) k
                 LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = nullif(i.indkey[k - 1], 0)
                 ORDER BY k),
           ARRAY(SELECT i.indoption[k - 1] & 1 = 1 FROM generate_series(1, i.indnkeyatts) k ORDER BY k),
           ARRAY(SELECT CASE WHEN NOT o.opcdefault THEN o.opcname::text END FROM generate_series(1, i.indnkeyatts) k
                 LEFT JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[k - 1] ORDER BY k),
           CASE WHEN c.relkind = 'i' THEN u.idx_scan::float8 END
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    LEFT JOIN pg_catalog.pg_stat_all_indexes u ON u.indexrelid = i.indexrelid
    JOIN pg_catalog.pg_am am ON am.oid = c.relam
    WHERE i.indrelid = ANY ($1)
    ORDER BY i.indrelid, i.indisprimary DESC, c.relname";

/// `$1` relations. Foreign keys that point at them, those of a partition's parent once.
pub(super) const REFERENCES: &str = "
    SELECT k.confrelid, k.conname::text, n.nspname::text, c.relname::text,
           ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u (number, place)
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number ORDER BY u.place),
           ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u (number, place)
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.number ORDER BY u.place)
    FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid = ANY ($1)
    ORDER BY k.confrelid, k.conname";

/// `$1` relations. Expressions with statistics of their own (PostgreSQL 14).
pub(super) const EXPRESSIONS: &str = "
    SELECT s.stxrelid, pg_catalog.pg_get_statisticsobjdef_expressions(s.oid)
    FROM pg_catalog.pg_statistic_ext s
    WHERE s.stxrelid = ANY ($1) AND s.stxexprs IS NOT NULL
    ORDER BY s.stxrelid, s.oid";
/// The version that has them.
pub(super) const EXPRESSIONS_SINCE: u32 = 140_000;

/// `$1` names of extensions: those the server has, and whether the database has them.
pub(super) const EXTENSIONS: &str = "
    SELECT name::text, installed_version IS NOT NULL FROM pg_catalog.pg_available_extensions
    WHERE name = ANY ($1) ORDER BY name";

/// Extensions that bring operator classes; `plpgsql` is always there, and says that the list could be read.
pub(super) const EXTENSION_NAMES: [&str; 8] =
    ["btree_gin", "btree_gist", "hstore", "intarray", "ltree", "pg_trgm", "plpgsql", "postgis"];

/// `$1` names as the statement writes them. Any overload in any schema counts, so volatile is said too often rather than
/// too seldom. What is not found is grammar (`coalesce`), or fails when the statement is explained.
pub(super) const FUNCTIONS: &str = r#"
    SELECT w.name, bool_or(p.provolatile = 'v'), bool_and(p.pronamespace = 'pg_catalog'::regnamespace)
    FROM unnest($1) AS w (name)
    JOIN pg_catalog.pg_proc p
      ON p.proname = CASE WHEN w.name LIKE '%"' THEN pg_catalog.substring(w.name, '([^"]*)"$')
                          ELSE pg_catalog.substring(w.name, '[^.]*$') END
    GROUP BY w.name
    ORDER BY w.name"#;
