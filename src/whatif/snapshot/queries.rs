//! The questions: ordinary SELECTs with parameters, every name of the catalog qualified. Each gives one column of JSON a row.

/// How values are to be printed, and no schema but the catalog's, so that names come out qualified. Set for the transaction.
pub(super) const SHAPE: &str = "
    SELECT set_config('search_path', 'pg_catalog', true), set_config('datestyle', 'ISO, MDY', true),
           set_config('intervalstyle', 'postgres', true), set_config('timezone', 'UTC', true),
           set_config('extra_float_digits', '1', true), set_config('bytea_output', 'hex', true)";

/// `$1` schemas (NULL: by the search path), `$2` names. What they read as views, their children, then the parents of all.
pub(super) const TOUCHED: &str = "
    WITH RECURSIVE down (oid) AS (
        SELECT c.oid
        FROM unnest($1, $2) AS w (schema, name)
        JOIN pg_catalog.pg_class c ON c.relname = w.name
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE CASE WHEN w.schema IS NULL THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = w.schema END
          AND c.relkind IN ('r', 'p', 'm', 'v', 'f')
      UNION
        SELECT more.oid
        FROM down
        CROSS JOIN LATERAL (
            SELECT d.refobjid AS oid
            FROM pg_catalog.pg_rewrite r
            JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
            WHERE r.ev_class = down.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass
          UNION ALL
            SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = down.oid
        ) more
    ), up (oid) AS (
        SELECT oid FROM down
      UNION
        SELECT i.inhparent FROM up JOIN pg_catalog.pg_inherits i ON i.inhrelid = up.oid
    )
    SELECT c.oid
    FROM up JOIN pg_catalog.pg_class c USING (oid) JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f') AND n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema'";

/// Who answers. The provider of the database's collation is known since 15, the column of its locale changed its name in 17.
pub(super) const SERVER: &str = "
    SELECT current_setting('server_version_num')::int AS version_number, split_part(current_setting('server_version'), ' ', 1) AS version,
           current_database() AS database, current_user AS \"user\", current_setting('block_size')::int AS block_size,
           pg_catalog.pg_encoding_to_char(d.encoding) AS encoding, d.datcollate AS collate, d.datctype AS ctype,
           coalesce(j.d ->> 'datlocprovider', 'c') AS provider, coalesce(j.d ->> 'datlocale', j.d ->> 'daticulocale') AS locale
    FROM pg_catalog.pg_database d CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(d) AS d) j
    WHERE d.datname = current_database()";

/// Settings that decide plans. Those counted in pages have no unit that SET takes.
pub(super) const SETTINGS: &str = "
    SELECT name, setting AS value, CASE WHEN unit IN ('kB', 'MB', 'B') THEN unit END AS unit, setting IS NOT DISTINCT FROM boot_val AS usual
    FROM pg_catalog.pg_settings
    WHERE (category LIKE 'Query Tuning%' AND name NOT LIKE 'jit%' AND name NOT IN ('default_statistics_target', 'effective_io_concurrency'))
       OR name IN ('work_mem', 'hash_mem_multiplier', 'max_parallel_workers_per_gather', 'max_parallel_workers',
                   'parallel_leader_participation', 'constraint_exclusion', 'default_text_search_config')";

/// Extensions, without those that only watch or reach out of the database.
pub(super) const EXTENSIONS: &str = "
    SELECT e.extname AS name, e.extversion AS version, n.nspname AS schema
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname NOT IN ('plpgsql', 'hypopg', 'dblink', 'adminpack', 'pageinspect', 'pg_buffercache', 'pg_cron', 'auto_explain',
                            'amcheck', 'pg_prewarm', 'pgstattuple', 'pg_visibility', 'pg_freespacemap', 'pg_repack')
      AND e.extname NOT LIKE 'pg\\_stat%' AND e.extname NOT LIKE '%fdw' AND e.extname NOT LIKE 'pl%' AND e.extname NOT LIKE 'aws%'
    ORDER BY e.oid";

/// Collations outside the catalog's schema.
pub(super) const COLLATIONS: &str = "
    SELECT n.nspname AS schema, c.collname AS name, c.collprovider::text AS provider,
           coalesce(j.c ->> 'collcollate', j.c ->> 'colllocale', j.c ->> 'colliculocale') AS collate,
           coalesce(j.c ->> 'collctype', j.c ->> 'colllocale', j.c ->> 'colliculocale') AS ctype, c.collisdeterministic AS deterministic
    FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
    CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(c) AS c) j
    WHERE n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema'";

/// `$1` words: functions of people's own in SQL or PL/pgSQL that are called so.
pub(super) const FUNCTIONS: &str = "
    SELECT p.oid::int8 AS oid, n.nspname AS schema, p.proname AS name, pg_catalog.pg_get_functiondef(p.oid) AS definition
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    WHERE p.proname = ANY ($1) AND n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' AND p.prokind = 'f'
      AND l.lanname IN ('sql', 'plpgsql')
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                      WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    ORDER BY p.oid";

/// `$1` relations, `$2` functions, `$3` words: types, beyond the server's own, of columns and arguments, and those named so.
pub(super) const TYPE_ROOTS: &str = "
    SELECT DISTINCT oid FROM (
        SELECT a.atttypid AS oid FROM pg_catalog.pg_attribute a WHERE a.attrelid = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped
      UNION ALL SELECT unnest(p.proargtypes) FROM pg_catalog.pg_proc p WHERE p.oid = ANY ($2)
      UNION ALL SELECT p.prorettype FROM pg_catalog.pg_proc p WHERE p.oid = ANY ($2)
      UNION ALL SELECT t.oid FROM pg_catalog.pg_type t WHERE t.typname = ANY ($3) AND t.typtype IN ('e', 'd', 'r', 'c')
    ) roots WHERE oid >= 16384";

/// `$1` types, with the types they are made of, and whether somebody made them who is no extension.
pub(super) const TYPES: &str = "
    SELECT t.oid::int8 AS oid, n.nspname AS schema, t.typname AS name, t.typtype::text AS kind,
           CASE t.typtype WHEN 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod)
                          WHEN 'r' THEN (SELECT pg_catalog.format_type(r.rngsubtype, NULL) FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid)
           END AS base,
           CASE WHEN t.typtype = 'e' THEN ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid
                                                ORDER BY e.enumsortorder) END AS labels,
           CASE WHEN t.typtype = 'c' THEN ARRAY(
               SELECT pg_catalog.quote_ident(a.attname) || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod)
               FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) END AS attributes,
           ARRAY(SELECT t.typelem::int8 UNION SELECT t.typbasetype::int8
                 UNION SELECT r.rngsubtype::int8 FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid
                 UNION SELECT a.atttypid::int8 FROM pg_catalog.pg_attribute a
                       WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) AS made_of,
           n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' AND (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND c.relkind = 'c'))
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                             WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e') AS own
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
    WHERE t.oid = ANY ($1)";

/// `$1` tables: they and their indexes.
pub(super) const RELATIONS: &str = "
    SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, c.reltuples::float8 AS tuples,
           c.relpages AS pages, c.relallvisible AS all_visible, c.relispartition AS partition, c.reloptions AS options, am.amname AS method,
           pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound,
           CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END AS key,
           (SELECT pg_catalog.array_agg(i.inhparent::int8 ORDER BY i.inhseqno) FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid) AS parents,
           CASE WHEN c.relkind IN ('r', 'm', 'i') THEN pg_catalog.pg_relation_size(c.oid, 'main') END AS bytes,
           CASE WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_stat_get_mod_since_analyze(c.oid) END AS modified,
           CASE WHEN c.relkind = 'v' THEN pg_catalog.pg_get_viewdef(c.oid) END AS view,
           c.relrowsecurity AND pg_catalog.row_security_active(c.oid) AS row_security, NULL AS head
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
    WHERE c.oid = ANY ($1) OR c.oid IN (SELECT i.indexrelid FROM pg_catalog.pg_index i WHERE i.indrelid = ANY ($1))
    ORDER BY c.oid";

/// `$1` tables.
pub(super) const COLUMNS: &str = "
    SELECT a.attrelid::int8 AS relation, a.attnum AS number, a.attname AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS kind,
           a.attnotnull AS not_null,
           (SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.collname)
            FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
            JOIN pg_catalog.pg_type t ON t.oid = a.atttypid WHERE c.oid = a.attcollation AND a.attcollation <> t.typcollation) AS collation
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attrelid, a.attnum";

/// `$1` tables. Foreign keys only between them: nothing else is planned by one.
pub(super) const CONSTRAINTS: &str = "
    SELECT c.oid::int8 AS oid, c.conrelid::int8 AS relation, c.conname AS name, c.contype::text AS kind, c.conparentid::int8 AS parent,
           pg_catalog.pg_get_constraintdef(c.oid) AS definition
    FROM pg_catalog.pg_constraint c
    WHERE c.conrelid = ANY ($1) AND (c.contype IN ('p', 'u', 'x') OR (c.contype = 'c' AND c.convalidated)
                                     OR (c.contype = 'f' AND c.confrelid = ANY ($1)))
    ORDER BY c.oid";

/// `$1` tables.
pub(super) const INDEXES: &str = "
    SELECT i.indexrelid::int8 AS oid, i.indrelid::int8 AS relation, pg_catalog.pg_get_indexdef(i.indexrelid) AS definition,
           i.indisvalid AS valid, 0 = ANY (i.indkey::int2[]) AS expressions,
           (SELECT c.oid::int8 FROM pg_catalog.pg_constraint c
            WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x') AND c.conrelid = i.indrelid) AS \"constraint\"
    FROM pg_catalog.pg_index i WHERE i.indrelid = ANY ($1) ORDER BY i.indexrelid";

/// The columns of `pg_stats` and of `pg_stats_ext_exprs` as [`super::Slots`].
macro_rules! slots {
    () => {
        "s.null_frac::text AS null_frac, s.avg_width, s.n_distinct::text AS n_distinct, s.most_common_vals::text AS mcv,
         s.most_common_freqs::text AS mcf, s.histogram_bounds::text AS histogram, s.correlation::text AS correlation,
         s.most_common_elems::text AS mce, s.most_common_elem_freqs::text AS mcef, s.elem_count_histogram::text AS counts"
    };
}

/// `$1` relations, indexes included; `$2` their names, by which the view finds its rows.
pub(in crate::whatif) const STATISTICS: &str = concat!(
    "SELECT a.attrelid::int8 AS relation, s.attname AS column, a.attnum AS number, s.inherited, ",
    slots!(),
    " FROM pg_catalog.pg_stats s
      JOIN pg_catalog.pg_namespace n ON n.nspname = s.schemaname
      JOIN pg_catalog.pg_class c ON c.relname = s.tablename AND c.relnamespace = n.oid
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = s.attname
      WHERE s.tablename = ANY ($2) AND c.oid = ANY ($1)"
);

/// The same with statistics of ranges, which the view shows since 17.
pub(in crate::whatif) const STATISTICS_17: &str = concat!(
    "SELECT a.attrelid::int8 AS relation, s.attname AS column, a.attnum AS number, s.inherited, ",
    slots!(),
    ", s.range_length_histogram::text AS lengths, s.range_empty_frac::text AS empty_frac, s.range_bounds_histogram::text AS bounds
      FROM pg_catalog.pg_stats s
      JOIN pg_catalog.pg_namespace n ON n.nspname = s.schemaname
      JOIN pg_catalog.pg_class c ON c.relname = s.tablename AND c.relnamespace = n.oid
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = s.attname
      WHERE s.tablename = ANY ($2) AND c.oid = ANY ($1)"
);

/// `$1` relations: statistics of ranges where the view does not show them, from the table below it, which few may read.
pub(super) const RANGES: &str = "
    SELECT s.starelid::int8 AS relation, s.staattnum AS number, s.stainherit AS inherited, k.kind, k.vals AS values, k.nums[1]::text AS empty_frac
    FROM pg_catalog.pg_statistic s
    CROSS JOIN LATERAL (VALUES (s.stakind1, s.stavalues1::text, s.stanumbers1), (s.stakind2, s.stavalues2::text, s.stanumbers2),
        (s.stakind3, s.stavalues3::text, s.stanumbers3), (s.stakind4, s.stavalues4::text, s.stanumbers4),
        (s.stakind5, s.stavalues5::text, s.stanumbers5)) AS k (kind, vals, nums)
    WHERE s.starelid = ANY ($1) AND k.kind IN (6, 7)";

/// What the account may read beyond the views.
pub(super) const PRIVILEGES: &str = "
    SELECT pg_catalog.has_table_privilege('pg_catalog.pg_statistic', 'SELECT') AS statistics,
           pg_catalog.has_table_privilege('pg_catalog.pg_statistic_ext_data', 'SELECT') AS extended,
           pg_catalog.has_function_privilege('pg_catalog.pg_read_binary_file(text,bigint,bigint,boolean)', 'EXECUTE') AS files";

/// `$1` tables.
pub(super) const EXTENDED: &str = "
    SELECT e.oid::int8 AS oid, n.nspname AS schema, e.stxname AS name, e.stxrelid::int8 AS relation,
           pg_catalog.pg_get_statisticsobjdef(e.oid) AS definition
    FROM pg_catalog.pg_statistic_ext e JOIN pg_catalog.pg_namespace n ON n.oid = e.stxnamespace
    WHERE e.stxrelid = ANY ($1) ORDER BY e.oid";

/// `$1` statistics objects, as the view shows them to their owners. `{i}` is the column that 15 brought, `{e}` that of 14.
pub(super) const EXTENDED_DATA: &str = "
    SELECT e.oid::int8 AS oid, {i} AS inherited, s.attnames::text[] AS columns, {e} AS expressions,
           s.n_distinct::text AS ndistinct, s.dependencies::text AS dependencies, s.most_common_vals AS values, s.most_common_val_nulls AS nulls,
           s.most_common_freqs AS frequencies, s.most_common_base_freqs AS base_frequencies
    FROM pg_catalog.pg_stats_ext s
    JOIN pg_catalog.pg_namespace n ON n.nspname = s.statistics_schemaname
    JOIN pg_catalog.pg_statistic_ext e ON e.stxname = s.statistics_name AND e.stxnamespace = n.oid
    WHERE e.oid = ANY ($1)";

/// The same from the table below the view.
pub(in crate::whatif) const EXTENDED_DATA_DIRECT: &str = "
    SELECT e.oid::int8 AS oid, {i} AS inherited,
           ARRAY(SELECT a.attname::text FROM unnest(e.stxkeys) k JOIN pg_catalog.pg_attribute a ON a.attrelid = e.stxrelid AND a.attnum = k
                 ORDER BY a.attnum) AS columns,
           {e} AS expressions, d.stxdndistinct::text AS ndistinct, d.stxddependencies::text AS dependencies,
           m.values, m.nulls, m.frequencies, m.base_frequencies
    FROM pg_catalog.pg_statistic_ext e JOIN pg_catalog.pg_statistic_ext_data d ON d.stxoid = e.oid
    LEFT JOIN LATERAL (
        SELECT pg_catalog.array_agg(i.\"values\" ORDER BY i.index) AS values, pg_catalog.array_agg(i.nulls ORDER BY i.index) AS nulls,
               pg_catalog.array_agg(i.frequency ORDER BY i.index) AS frequencies,
               pg_catalog.array_agg(i.base_frequency ORDER BY i.index) AS base_frequencies
        FROM pg_catalog.pg_mcv_list_items(d.stxdmcv) i
    ) m ON d.stxdmcv IS NOT NULL
    WHERE e.oid = ANY ($1)";

/// `$1` statistics objects: statistics of their expressions (14 and later).
pub(super) const EXTENDED_EXPRESSIONS: &str = concat!(
    "SELECT e.oid::int8 AS oid, {i} AS inherited, s.expr AS expression, ",
    slots!(),
    " FROM pg_catalog.pg_stats_ext_exprs s
      JOIN pg_catalog.pg_namespace n ON n.nspname = s.statistics_schemaname
      JOIN pg_catalog.pg_statistic_ext e ON e.stxname = s.statistics_name AND e.stxnamespace = n.oid
      WHERE e.oid = ANY ($1) AND s.null_frac IS NOT NULL"
);

/// The same from the table below the view.
pub(in crate::whatif) const EXTENDED_EXPRESSIONS_DIRECT: &str = "
    SELECT e.oid::int8 AS oid, {i} AS inherited, x.expression, k.*,
           s.stanullfrac::text AS null_frac, s.stawidth AS avg_width, s.stadistinct::text AS n_distinct
    FROM pg_catalog.pg_statistic_ext e JOIN pg_catalog.pg_statistic_ext_data d ON d.stxoid = e.oid
    CROSS JOIN LATERAL ROWS FROM (unnest(pg_catalog.pg_get_statisticsobjdef_expressions(e.oid)), unnest(d.stxdexpr))
        WITH ORDINALITY AS x (expression, starelid, staattnum, stainherit, stanullfrac, stawidth, stadistinct,
            k1, k2, k3, k4, k5, o1, o2, o3, o4, o5, c1, c2, c3, c4, c5, n1, n2, n3, n4, n5, v1, v2, v3, v4, v5, place)
    CROSS JOIN LATERAL (SELECT x.stanullfrac, x.stawidth, x.stadistinct) s
    CROSS JOIN LATERAL (
        SELECT max(v) FILTER (WHERE kind = 1) AS mcv, max(n::text) FILTER (WHERE kind = 1) AS mcf,
               max(v) FILTER (WHERE kind = 2) AS histogram, max(n[1]::text) FILTER (WHERE kind = 3) AS correlation,
               max(v) FILTER (WHERE kind = 4) AS mce, max(n::text) FILTER (WHERE kind = 4) AS mcef,
               max(n::text) FILTER (WHERE kind = 5) AS counts
        FROM (VALUES (x.k1, x.n1, x.v1::text), (x.k2, x.n2, x.v2::text), (x.k3, x.n3, x.v3::text), (x.k4, x.n4, x.v4::text),
                     (x.k5, x.n5, x.v5::text)) AS all_slots (kind, n, v)
    ) k
    WHERE e.oid = ANY ($1) AND x.stawidth IS NOT NULL";

/// `$1` tables: columns that lead a B-tree which holds every row, where the planner may look for the first and last value.
pub(super) const LEADING: &str = "
    SELECT DISTINCT i.indrelid::int8 AS relation, a.attname AS column
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_am am ON am.oid = c.relam
    JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = ANY ($1) AND am.amname = 'btree' AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] > 0
      AND t.relkind IN ('r', 'm') AND pg_catalog.has_column_privilege(t.oid, a.attnum, 'SELECT')
      AND pg_catalog.has_schema_privilege(t.relnamespace, 'USAGE')";

/// `$1` GIN indexes: their first pages.
pub(super) const HEADS: &str = "
    SELECT i::int8 AS oid, pg_catalog.encode(pg_catalog.pg_read_binary_file(pg_catalog.pg_relation_filepath(i), 0, 8192, true), 'hex') AS head
    FROM unnest($1) i";

/// A question on extended statistics as a version understands it: `{i}` became a column in 15, `{e}` in 14. `direct` is said of the questions
/// that read the tables below the views.
pub(in crate::whatif) fn of_version(question: &str, version_number: u32, direct: bool) -> String {
    let inherited = match (version_number >= 150_000, direct) {
        (false, _) => "false",
        (true, true) => "d.stxdinherit",
        (true, false) => "s.inherited",
    };
    let expressions = match (version_number >= 140_000, direct) {
        (false, _) => "NULL",
        (true, true) => "pg_catalog.pg_get_statisticsobjdef_expressions(e.oid)",
        (true, false) => "s.exprs",
    };
    question.replace("{i}", inherited).replace("{e}", expressions)
}
