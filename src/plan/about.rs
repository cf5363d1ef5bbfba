//! What each operator does, in a paragraph for people who meet it for the first time.

use super::{Engine, NodeId, Operator, Plan};

/// Whose words a line of the table is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    All,
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
    MySql,
    MariaDb,
}

impl For {
    const fn is(self, engine: Engine) -> bool {
        match self {
            Self::All => true,
            Self::Postgres => matches!(engine, Engine::PostgreSql),
            Self::Mysql => matches!(engine, Engine::MySql | Engine::MariaDb),
            Self::MySql => matches!(engine, Engine::MySql),
            Self::MariaDb => matches!(engine, Engine::MariaDb),
        }
    }
}

/// Native word at the front (in any case) or operator name, whose it is, and the paragraph. The first line that fits is
/// taken, so that what is particular stands before what is general.
#[rustfmt::skip]
const ABOUT: &[(&str, For, &str)] = &[
    // PostgreSQL's own words.
    ("Sample Scan", For::Postgres, "Reads a random part of the table, as TABLESAMPLE asks. Whole pages or single rows are drawn; the condition is tested afterwards."),
    ("Tid Range Scan", For::Postgres, "Reads the pages between two physical row places (ctid). Only those pages are touched."),
    ("Async Foreign Scan", For::Postgres, "Fetches rows from another server while other members of the Append do the same. What counts is how much the remote side filters: look at the remote SQL."),
    ("MixedAggregate", For::Postgres, "Groups for several grouping sets at once, some by hashing and some over sorted rows. Hash tables beyond work_mem × hash_mem_multiplier go to disk."),
    ("HashSetOp", For::Postgres, "Compares two inputs (INTERSECT, EXCEPT) through a hash table of one of them, without sorting."),
    ("Hash Semi Join", For::Postgres, "Passes on each outer row that has at least one partner (EXISTS, IN), found through a hash table of the inner rows. Each outer row comes out once at most."),
    ("Hash Anti Join", For::Postgres, "Passes on each outer row that has no partner (NOT EXISTS), found through a hash table of the inner rows."),
    ("Hash Right", For::Postgres, "A hash join that keeps rows of the hashed side without a partner too: the planner hashed the side whose rows must all come out because it is the smaller one."),
    ("Hash Full Join", For::Postgres, "A hash join that keeps the rows without a partner of both sides."),
    ("Parallel Hash Join", For::Postgres, "Several processes join together: they build one shared hash table of the inner side and each probes it with its part of the outer rows."),
    ("Nested Loop Semi Join", For::Postgres, "For each outer row looks for one partner and stops there (EXISTS, IN). Cheap where an index finds it; without one each outer row costs a scan of the inner side."),
    ("Nested Loop Anti Join", For::Postgres, "For each outer row makes sure that there is no partner (NOT EXISTS, NOT IN). Rows without one cost the whole inner side."),
    ("Merge Append", For::All, "Merges inputs that each are in order already, so that no sort of the whole is needed. Under a LIMIT only the first rows of each are read."),
    ("Parallel Append", For::Postgres, "Several processes share the members out among themselves: each takes the next member that is left, so that different tables are read at the same time."),
    ("Parallel Hash", For::Postgres, "Several processes fill one shared hash table with the rows below."),
    ("Parallel Seq Scan", For::Postgres, "Reads the whole table, each process its share of the pages. It is still a full scan: parallel workers make it shorter, an index that fits the condition makes it unnecessary."),
    ("Parallel Index", For::Postgres, "Reads a range of an index, its pages shared out among several processes."),
    ("Partial ", For::Postgres, "Each parallel process aggregates its own rows first; the parts are put together above the Gather. That keeps the number of rows that change hands small."),
    ("Finalize ", For::Postgres, "Puts together what the parallel processes aggregated each for itself."),
    ("Insert", For::All, "Writes rows: each goes to the table and to every index on it; foreign keys and triggers are served for each row. More indexes make this slower."),
    ("Update", For::All, "Writes a new version of each row found below. Where an indexed column changes or the page is full, every index gets an entry as well."),
    ("Delete", For::All, "Marks each row found below as gone. Foreign keys that point at the table are checked: without an index on the pointing side each check scans that table."),
    ("Merge", For::Postgres, "Inserts, updates or deletes, as the partner found below says (MERGE)."),
    // MySQL's own words.
    ("Nested loop antijoin", For::MySql, "Passes on each outer row for which the inner side finds no partner (NOT EXISTS, NOT IN)."),
    ("Nested loop semijoin", For::MySql, "Passes on each outer row for which the inner side finds one partner (IN, EXISTS), and stops looking there."),
    ("Left hash join", For::MySql, "Joins through a hash table of the inner rows and keeps outer rows without a partner. Beyond join_buffer_size it goes to disk in chunks."),
    ("Hash antijoin", For::MySql, "Passes on outer rows without a partner, found through a hash table of the inner rows."),
    ("Hash semijoin", For::MySql, "Passes on outer rows with at least one partner, found through a hash table of the inner rows."),
    ("Weedout", For::MySql, "Removes the duplicates that a semi-join turned into a join made, by remembering row ids in a temporary table (DuplicateWeedout)."),
    ("Batched key access", For::Mysql, "Collects outer rows in the join buffer, sorts their keys and looks them up together, so that the inner table's rows are read in a better order."),
    ("Multi-range index lookup", For::Mysql, "Looks up a batch of keys at once and reads the rows in the order in which they lie on disk."),
    ("Stream results", For::MySql, "Hands rows on one by one with the select list evaluated; nothing is stored."),
    ("Zero rows", For::MySql, "The optimizer proved that no row can come (an impossible condition, an empty constant table): nothing is read."),
    ("Rows fetched before execution", For::MySql, "A row that a unique key pins down was read while planning, and is a constant from then on."),
    ("Constant row", For::MySql, "A row that a unique key with constant values pins down: read once at most."),
    ("Invalidate materialized tables", For::MySql, "Throws a stored sub-query result away when a row it depends on changes: the sub-query then runs again for each such row."),
    ("Index range scan", For::MySql, "Reads the ranges of an index that the condition names, then visits the table for each entry. It pays while the ranges hold a small part of the table."),
    ("Covering index", For::MySql, "Reads index entries alone: all columns needed are in the index, so the table is not visited."),
    ("Single-row", For::MySql, "At most one row for each row of the other side, by a unique key: the best a join can have. Many outer rows still mean many lookups."),
    ("Table scan on <temporary>", For::MySql, "Reads the rows that were just stored in a temporary table (for grouping, DISTINCT or a window). Above tmp_table_size such a table lies on disk."),
    ("Limit table size", For::MySql, "Stops storing rows in the temporary table once the limit is reached."),
    ("Skip scan", For::MySql, "Jumps through an index whose first column has few values, searching below each of them (skip scan). An index that begins with the column asked for is better where it matters."),
    ("Index skip scan", For::MySql, "Jumps from value to value of the index's first columns instead of reading all entries (loose index scan)."),
    // MariaDB's own words.
    ("block-nl-join", For::MariaDb, "Collects outer rows in the join buffer and scans the inner table once per buffer: what is done when no index serves the join. An index on the joined column makes lookups of it."),
    ("BNL", For::MariaDb, "Collects outer rows in the join buffer and scans the inner table once per buffer: no index serves the join."),
    ("BNLH", For::MariaDb, "Collects outer rows in a hash table in the join buffer and scans the inner table once per buffer."),
    ("filesort", For::Mysql, "Sorts rows because no index delivers the order asked for. Above sort_buffer_size it works in parts on disk; with a LIMIT a queue of the best rows may do."),
    ("temporary_table", For::MariaDb, "Stores rows in a temporary table: for grouping or DISTINCT that no index serves, or for an order over a join. Above tmp_table_size it goes to disk."),
    ("expression_cache", For::MariaDb, "Remembers the results of a sub-query by the values it depends on. The ratio of hits says whether that pays."),
    ("range_checked_for_each_record", For::MariaDb, "Chooses an index anew for each outer row, because the ranges depend on it. Seldom quick: a join condition that an index serves is better."),
    // The common vocabulary.
    ("Seq Scan", For::Postgres, "Reads every page of the table, one after the other, and tests each row. The right thing when much of the table is needed; when few rows are kept, an index on the filter's columns avoids reading the rest."),
    ("Seq Scan", For::Mysql, "Reads every row of the table (ALL). The right thing when much of the table is needed; when few rows are kept, an index on the condition's columns avoids reading the rest."),
    ("Full Index Scan", For::Mysql, "Reads every entry of an index (type index), which is smaller than the table or is in the order wanted. Nothing is searched: it costs about what reading the table costs."),
    ("Full Index Scan", For::Postgres, "Reads every entry of an index without a condition to search by, for its order or its size. It costs about what reading the table costs, or more."),
    ("Index Scan", For::Postgres, "Finds entries in the index by the index condition, then visits the table for each. Each visit can be a random read; what the filter throws away afterwards was read for nothing."),
    ("Index Scan", For::Mysql, "Finds entries in the index (ref or range), then visits the clustered table for each. What the attached condition throws away afterwards was read for nothing."),
    ("Index Only Scan", For::Postgres, "Answers from the index alone. For pages not marked all-visible the table must be looked at after all (Heap Fetches): VACUUM keeps that number small."),
    ("Index Only Scan", For::Mysql, "Answers from the index alone (Using index): all columns needed are in it, so the table is not visited."),
    ("Unique Lookup", For::Mysql, "At most one row by a unique key (const, eq_ref): the best a join can have. Many outer rows still mean many lookups."),
    ("Unique Lookup", For::Postgres, "At most one row by a unique key."),
    ("Bitmap Index Scan", For::Postgres, "Collects the places of matching rows from an index without visiting the table; the node above reads those pages in order. Several can be combined."),
    ("Bitmap Heap Scan", For::Postgres, "Visits the pages that the bitmap below collected, each once and in order. Where the bitmap was too large for work_mem it knows pages and not rows (lossy), and every row on them is rechecked."),
    ("BitmapAnd", For::Postgres, "Keeps the row places that all bitmaps below have: several indexes serve one AND. One index over all the columns is usually better."),
    ("BitmapOr", For::Postgres, "Puts the row places of the bitmaps below together: one index scan for each arm of an OR."),
    ("Index Merge", For::Mysql, "Searches several indexes of one table and combines their row ids (index_merge). One index over the columns together is usually better."),
    ("Full-text Scan", For::Mysql, "Asks the full-text index for rows that match, ranked by relevance."),
    ("Tid Scan", For::All, "Goes straight to rows by their physical place (ctid). Nothing is quicker."),
    ("Subquery Scan", For::Postgres, "Passes on the rows of a sub-query, with a filter or a select list of its own. It costs next to nothing by itself."),
    ("Subquery Scan", For::Mysql, "Reads the stored result of a sub-query or derived table. Without an index on it, a join searches it from end to end."),
    ("CTE Scan", For::Postgres, "Reads the rows that a WITH query stored. No index serves them, and conditions from outside do not reach inside a MATERIALIZED one."),
    ("CTE Scan", For::Mysql, "Reads the stored rows of a WITH query, which ran once however often it is named."),
    ("WorkTable Scan", For::Postgres, "Reads the rows that the last round of a recursive query produced."),
    ("WorkTable Scan", For::Mysql, "Reads rows of an internal temporary table: the last round of a recursive query, or what was grouped or made distinct before."),
    ("Function Scan", For::All, "Rows that a function returns. The planner only guesses how many there are; a wrong guess here makes everything above it wrong."),
    ("Values Scan", For::All, "The literal rows of a VALUES list."),
    ("Foreign Scan", For::All, "Fetches rows from another server or file. What counts is how much the remote side filters and joins: what it cannot do is done here, row by row."),
    ("Custom Scan", For::All, "A scan that an extension provides; its own documentation says what it does."),
    ("Nested Loop", For::Postgres, "For each row of the outer side runs the inner side once. Unbeatable for few outer rows and an index inside; the inner side's time is multiplied by its loops, so a low estimate of outer rows hurts here first."),
    ("Nested Loop", For::Mysql, "For each row of the tables before, looks up the next table. An index on the joined columns makes each lookup cheap; without one each costs a scan."),
    ("Hash Join", For::Postgres, "Puts the inner rows in a hash table and probes it with each outer row. Good for large unordered inputs and equality; a table larger than work_mem × hash_mem_multiplier is split into batches on disk."),
    ("Hash Join", For::Mysql, "Puts one side in a hash table in the join buffer and probes it with the other: used where no index serves an equality. Beyond join_buffer_size it goes to disk in chunks."),
    ("Merge Join", For::All, "Walks two inputs that are in the same order side by side. Good when both come in order from an index; sorts below it are its real cost."),
    ("Hash", For::All, "Builds the hash table for the join above. More than one batch means that it did not fit in memory and parts went to disk."),
    ("Sort", For::Postgres, "Sorts its input. Within work_mem in memory; beyond it in parts on disk (external merge). Under a LIMIT only the best rows are kept (top-N). An index in the wanted order makes it unnecessary."),
    ("Sort", For::Mysql, "Sorts rows because no index delivers the order asked for (filesort). Above sort_buffer_size it works in parts on disk; with a LIMIT a queue of the best rows may do."),
    ("Incremental Sort", For::All, "The input is in order by the first keys already; only groups with equal first keys are sorted, so the first rows come early."),
    ("Aggregate", For::All, "Computes over all its rows and gives one: count, sum, min. Its cost is reading the input; min and max alone can come from an index."),
    ("HashAggregate", For::Postgres, "Groups through a hash table with an entry per group. Beyond work_mem × hash_mem_multiplier groups go to disk; too low an estimate of groups is why."),
    ("HashAggregate", For::Mysql, "Groups in a temporary table with a row per group. Above tmp_table_size it goes to disk; an index in the order of the groups avoids it."),
    ("GroupAggregate", For::All, "Groups rows that arrive in the order of the group key, one group at a time, with hardly any memory. The order comes from an index or from a sort below, which then is the real cost."),
    ("Temporary Table", For::Mysql, "Stores rows in an internal temporary table before going on. Above tmp_table_size (or max_heap_table_size) it lies on disk."),
    ("Temporary Table", For::Postgres, "Stores rows before going on."),
    ("WindowAgg", For::All, "Computes window functions over rows sorted by PARTITION BY and ORDER BY. That sort is usually the cost; an index in that order avoids it."),
    ("Unique", For::All, "Drops rows equal to the one before (DISTINCT). The input must be in order: the sort below is the cost."),
    ("Limit", For::All, "Stops after the number of rows asked for. Rows skipped by OFFSET are made all the same and thrown away: paging by a key avoids that. Estimates below it are for all rows."),
    ("Append", For::All, "Passes on the rows of its members one after the other: partitions, or the branches of UNION ALL. Members the planner could rule out are not there."),
    ("SetOp", For::Postgres, "Compares two inputs (INTERSECT, EXCEPT) by counting equal rows."),
    ("SetOp", For::Mysql, "Puts the results of the branches together (UNION, INTERSECT, EXCEPT) in a temporary table that drops duplicates. UNION ALL needs none."),
    ("Recursive Union", For::All, "Runs the recursive part again and again on the rows of the round before, until none come. The planner cannot know how many rounds there will be."),
    ("Materialize", For::Postgres, "Keeps the rows below so that they can be read again without being made again, in memory or, beyond work_mem, on disk."),
    ("Materialize", For::Mysql, "Runs a sub-query once and stores its rows in a temporary table, with an index on it where a join needs one."),
    ("Memoize", For::All, "Remembers inner results by the parameters of the outer row. Worth it when values repeat: compare hits with misses; evictions mean that the cache is too small."),
    ("Gather", For::Postgres, "Collects the rows of parallel workers, in no order. Starting workers and handing rows over costs something; fewer launched than planned means that none were free."),
    ("Gather Merge", For::Postgres, "Collects the rows of parallel workers and keeps them in order."),
    ("LockRows", For::Postgres, "Locks each row it passes on (FOR UPDATE, FOR SHARE). It may have to wait for others."),
    ("ModifyTable", For::All, "Writes the rows found below: to the table, to each of its indexes, and through foreign keys and triggers."),
    ("Result", For::Postgres, "Computes expressions without reading a table, or tests once whether anything is to be done at all (One-Time Filter)."),
    ("Result", For::Mysql, "A query block without work of its own: it passes on what is below, or values known from planning."),
    ("ProjectSet", For::All, "Evaluates set-returning functions in the select list: one row in, any number out. The planner only guesses how many."),
    ("Filter", For::All, "Drops rows that fail the condition. They were read before: a condition that an index serves would not have read them."),
];

impl Plan {
    /// What the node's operator does, what it costs and when it is right. `None` for an operator nobody described yet.
    #[must_use]
    pub fn about(&self, id: NodeId) -> Option<&'static str> {
        let node = self.node(id);
        about(self.engine, &node.native, &node.operator)
    }
}

fn about(engine: Engine, native: &str, operator: &Operator) -> Option<&'static str> {
    let starts = |word: &str| native.get(..word.len()).is_some_and(|front| front.eq_ignore_ascii_case(word));
    let lines = || ABOUT.iter().filter(|(_, whose, _)| whose.is(engine));
    // Words of the common vocabulary stand last and only count for the operator: "Merge Join" is no "Merge".
    let own = lines().find(|(word, _, _)| {
        let writes = matches!(*word, "Insert" | "Update" | "Delete" | "Merge");
        starts(word) && !is_common(word) && (!writes || *operator == Operator::ModifyTable)
    });
    own.or_else(|| lines().find(|(word, _, _)| *word == operator.name())).map(|(_, _, text)| *text)
}

/// Whether a word of the table is a name of the common vocabulary.
fn is_common(word: &str) -> bool {
    ABOUT
        .iter()
        .position(|(w, _, _)| *w == "Seq Scan")
        .is_some_and(|from| ABOUT[from..].iter().any(|(w, _, _)| *w == word))
}

#[cfg(test)]
mod tests {
    use super::{ABOUT, about};
    use crate::plan::{
        Engine::{self, MariaDb, MySql, PostgreSql},
        Operator,
    };

    #[test]
    fn every_operator_an_engine_has_is_described_for_it() {
        use Operator::{
            Aggregate, Append, BitmapAnd, BitmapHeapScan, BitmapIndexScan, BitmapOr, CteScan, CustomScan, Filter,
            ForeignScan, FullIndexScan, FullTextScan, FunctionScan, Gather, GatherMerge, GroupAggregate, Hash,
            HashAggregate, HashJoin, IncrementalSort, IndexMerge, IndexOnlyScan, IndexScan, Limit, LockRows,
            Materialize, Memoize, MergeAppend, MergeJoin, ModifyTable, NestedLoop, ProjectSet, RecursiveUnion, Result,
            SeqScan, SetOp, Sort, SubqueryScan, TemporaryTable, TidScan, Unique, UniqueLookup, ValuesScan, WindowAgg,
            WorkTableScan,
        };
        let both = [
            SeqScan,
            IndexScan,
            IndexOnlyScan,
            FullIndexScan,
            SubqueryScan,
            CteScan,
            WorkTableScan,
            FunctionScan,
            NestedLoop,
            HashJoin,
            Sort,
            Aggregate,
            HashAggregate,
            GroupAggregate,
            WindowAgg,
            Unique,
            Limit,
            Append,
            SetOp,
            RecursiveUnion,
            Materialize,
            ModifyTable,
            Result,
            Filter,
            ValuesScan,
            ForeignScan,
            CustomScan,
        ];
        let postgres = [
            BitmapIndexScan,
            BitmapHeapScan,
            BitmapAnd,
            BitmapOr,
            TidScan,
            MergeJoin,
            Hash,
            IncrementalSort,
            MergeAppend,
            Memoize,
            Gather,
            GatherMerge,
            LockRows,
            ProjectSet,
        ];
        let mysql = [UniqueLookup, IndexMerge, FullTextScan, TemporaryTable];
        let cases = both
            .iter()
            .flat_map(|o| [(PostgreSql, o), (MySql, o), (MariaDb, o)])
            .chain(postgres.iter().map(|o| (PostgreSql, o)))
            .chain(mysql.iter().flat_map(|o| [(MySql, o), (MariaDb, o)]));
        for (engine, operator) in cases {
            assert!(about(engine, operator.name(), operator).is_some(), "{engine:?} {operator:?}");
        }
    }

    #[test]
    fn what_is_particular_is_said_before_what_is_general() {
        for (engine, native, operator, part) in [
            (PostgreSql, "Parallel Seq Scan", Operator::SeqScan, "each process its share"),
            (PostgreSql, "Seq Scan", Operator::SeqScan, "every page"),
            (PostgreSql, "Merge Join", Operator::MergeJoin, "side by side"),
            (PostgreSql, "Merge", Operator::ModifyTable, "MERGE"),
            (PostgreSql, "Hash Anti Join", Operator::HashJoin, "no partner"),
            (PostgreSql, "Partial HashAggregate", Operator::HashAggregate, "its own rows first"),
            (MySql, "Weedout", Operator::Other("Weedout".into()), "duplicates"),
            (MySql, "Covering index lookup on o using x", Operator::IndexOnlyScan, "not visited"),
            (MariaDb, "filesort", Operator::Sort, "sort_buffer_size"),
            (MariaDb, "ALL", Operator::SeqScan, "(ALL)"),
        ] {
            let text = about(engine, native, &operator).unwrap_or_else(|| panic!("{native}"));
            assert!(text.contains(part), "{native}: {text}");
        }
        assert_eq!(about(Engine::MySql, "never heard of", &Operator::Other("never heard of".into())), None);
    }

    #[test]
    fn a_paragraph_is_short_and_ends_as_a_sentence() {
        for (word, _, text) in ABOUT {
            assert!(text.ends_with('.') && text.len() < 260, "{word}: {} characters", text.len());
        }
    }
}
