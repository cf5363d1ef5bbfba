//! The one function that decides what a statement is. Everything that is not surely a read asks first.

mod walk;

use super::{
    explain::{Prefix, prefix},
    lex::{Kind, Token, content},
    parse::{locks_in_share_mode, parsed},
    split,
};
use crate::plan::Engine;

/// What running a statement would do. Later ones are worse; of several statements the worst counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effects {
    /// Only reads (as far as its functions are harmless; see [`Class::functions`]).
    Reads,
    /// Reads and locks rows (`FOR UPDATE`, `FOR SHARE`, `LOCK IN SHARE MODE`).
    Locks,
    /// Changes rows: `INSERT`, `UPDATE`, `DELETE`, `MERGE`, `REPLACE`, a data-changing `WITH`; or, on PostgreSQL, fills
    /// a new table from a query (`SELECT … INTO`, `CREATE TABLE … AS`), which EXPLAIN takes too.
    Writes,
    /// Changes definitions, settings or anything else that is not a query; EXPLAIN does not take it. On MySQL also
    /// `SELECT … INTO OUTFILE`, whose file no rollback removes.
    NotExplainable,
    /// Could not be parsed: treated as dangerous, the person is asked.
    Unknown,
}

/// A statement's class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// What it does.
    pub effects: Effects,
    /// Its first keyword(s), for messages: `DELETE`, `SELECT … FOR UPDATE`, `WITH … INSERT`.
    pub verb: String,
    /// How many statements the text holds.
    pub statements: usize,
    /// Names of the functions it calls, lower case unless quoted, schema-qualified as written.
    pub functions: Vec<String>,
    /// Tables it names, as (schema, name), CTE names left out; folded as the server folds them (PostgreSQL: lower case
    /// unless quoted).
    pub tables: Vec<(Option<String>, String)>,
    /// Whether the text already starts with EXPLAIN, ANALYZE or DESCRIBE; the class is then that of the inner statement.
    pub explained: bool,
    /// What stood in the way of a parse.
    pub problem: Option<String>,
}

/// Decides what a statement is.
#[must_use]
pub fn classify(sql: &str, engine: Engine) -> Class {
    let spans = split(sql, engine);
    let mut classes = spans.iter().map(|span| classify_one(span.of(sql), engine));
    let Some(mut class) = classes.next() else {
        return Class { statements: 0, ..unknown(String::new(), "there is no statement".to_owned()) };
    };
    for other in classes {
        class.effects = class.effects.max(other.effects);
        class.problem = class.problem.or(other.problem);
        add_new(&mut class.functions, other.functions);
        add_new(&mut class.tables, other.tables);
    }
    class.statements = spans.len();
    class
}

/// The statement without an EXPLAIN, DESCRIBE or (MariaDB) ANALYZE before it; the text itself when there is none.
#[must_use]
pub fn without_explain(sql: &str, engine: Engine) -> &str {
    match prefix(sql, &content(sql, engine), engine) {
        Prefix::Explained(start) => sql.get(start..).unwrap_or_default(),
        Prefix::None | Prefix::Describes => sql,
    }
}

fn add_new<T: PartialEq>(all: &mut Vec<T>, more: Vec<T>) {
    for one in more {
        if !all.contains(&one) {
            all.push(one);
        }
    }
}

fn unknown(verb: String, problem: String) -> Class {
    Class {
        effects: Effects::Unknown,
        verb,
        statements: 1,
        functions: Vec::new(),
        tables: Vec::new(),
        explained: false,
        problem: Some(problem),
    }
}

fn classify_one(sql: &str, engine: Engine) -> Class {
    let tokens = content(sql, engine);
    match prefix(sql, &tokens, engine) {
        Prefix::None => classify_plain(sql, &tokens, engine),
        Prefix::Explained(start) => {
            let inner = sql.get(start..).unwrap_or_default();
            Class { explained: true, ..classify_plain(inner, &content(inner, engine), engine) }
        }
        Prefix::Describes => Class {
            effects: Effects::NotExplainable,
            explained: true,
            problem: None,
            ..unknown("DESCRIBE".to_owned(), String::new())
        },
    }
}

fn classify_plain(sql: &str, tokens: &[Token], engine: Engine) -> Class {
    let first = tokens.first().filter(|t| t.kind == Kind::Word);
    let verb = first.map(|t| t.text(sql).to_ascii_uppercase()).unwrap_or_default();
    // The keyword alone may say that it is no query; it never says that something is one.
    let refused = NEVER_QUERIES.contains(&verb.as_str());
    let mut seen = parsed(sql, engine, |statement| walk::walk(statement, engine));
    // The parser does not know MySQL's `UPDATE a, b SET …`, which is a join by another word.
    if seen.is_err()
        && engine != Engine::PostgreSql
        && let Some(joined) = joined_update(sql, tokens)
    {
        seen = parsed(&joined, engine, |statement| walk::walk(statement, engine)).or(seen);
    }
    match seen {
        Ok(seen) => {
            let mut class = Class {
                effects: seen.effects,
                verb: if seen.verb.is_empty() { verb } else { seen.verb },
                statements: 1,
                functions: seen.functions,
                tables: seen.tables,
                explained: false,
                problem: None,
            };
            second_look(&mut class, sql, tokens, engine);
            class
        }
        Err(_) if refused => {
            Class { effects: Effects::NotExplainable, problem: None, ..unknown(verb, "not a query".to_owned()) }
        }
        Err(problem) => unknown(verb, problem),
    }
}

/// An UPDATE of several tables with its commas before SET written as joins; `None` if it has none.
fn joined_update(sql: &str, tokens: &[Token]) -> Option<String> {
    tokens.first().filter(|t| t.is_word(sql, "UPDATE"))?;
    let (mut out, mut from, mut depth) = (String::with_capacity(sql.len() + 32), 0, 0_usize);
    for token in tokens.iter().take_while(|t| !t.is_word(sql, "SET")) {
        match token.text(sql) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "," if depth == 0 => {
                out.push_str(sql.get(from..token.start)?);
                out.push_str(" CROSS JOIN ");
                from = token.end;
            }
            _ => {}
        }
    }
    out.push_str(sql.get(from..)?);
    (from > 0).then_some(out)
}

/// What the words alone show, whatever the parser made of them.
fn second_look(class: &mut Class, sql: &str, tokens: &[Token], engine: Engine) {
    if engine != Engine::PostgreSql && class.effects <= Effects::Locks && locks_in_share_mode(sql, tokens) {
        class.effects = Effects::Locks;
        "SELECT … LOCK IN SHARE MODE".clone_into(&mut class.verb);
    }
    if class.effects <= Effects::Locks && tokens.iter().any(|t| t.is_word(sql, "INTO")) {
        if engine == Engine::PostgreSql {
            class.effects = Effects::Unknown;
            class.problem = Some("it holds an INTO that was not understood".to_owned());
        } else {
            class.effects = Effects::NotExplainable;
            "SELECT … INTO".clone_into(&mut class.verb);
        }
    }
}

/// First words of statements that are no queries on any of the servers (on PostgreSQL, `CREATE TABLE … AS` is one;
/// when it parses it is seen as such).
const NEVER_QUERIES: &[&str] = &[
    "ABORT",
    "ALTER",
    "ANALYSE",
    "ANALYZE",
    "BEGIN",
    "BINLOG",
    "CACHE",
    "CALL",
    "CHANGE",
    "CHECK",
    "CHECKPOINT",
    "CHECKSUM",
    "CLONE",
    "CLOSE",
    "CLUSTER",
    "COMMENT",
    "COMMIT",
    "COPY",
    "CREATE",
    "DEALLOCATE",
    "DECLARE",
    "DISCARD",
    "DO",
    "DROP",
    "END",
    "EXECUTE",
    "FETCH",
    "FLUSH",
    "GET",
    "GRANT",
    "HANDLER",
    "HELP",
    "IMPORT",
    "INSTALL",
    "KILL",
    "LISTEN",
    "LOAD",
    "LOCK",
    "MOVE",
    "NOTIFY",
    "OPTIMIZE",
    "PREPARE",
    "PURGE",
    "REASSIGN",
    "REFRESH",
    "REINDEX",
    "RELEASE",
    "RENAME",
    "REPAIR",
    "RESET",
    "RESIGNAL",
    "RESTART",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SECURITY",
    "SET",
    "SHOW",
    "SHUTDOWN",
    "SIGNAL",
    "START",
    "STOP",
    "TRUNCATE",
    "UNINSTALL",
    "UNLISTEN",
    "UNLOCK",
    "USE",
    "VACUUM",
    "XA",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Effects, classify, without_explain};
    use crate::plan::Engine::{MariaDb, MySql, PostgreSql};

    #[test]
    fn statements_are_known_by_what_they_do() {
        use Effects::{Locks, NotExplainable, Reads, Unknown, Writes};
        for (engine, sql, effects, verb) in [
            (PostgreSql, "select 1", Reads, "SELECT"),
            (PostgreSql, "  (select 1 union all select 2) order by 1", Reads, "SELECT"),
            (PostgreSql, "-- delete\n/* drop */ select 'insert into t'", Reads, "SELECT"),
            (PostgreSql, "values (1), (2)", Reads, "VALUES"),
            (PostgreSql, "table orders", Reads, "SELECT"),
            (PostgreSql, "table orders for update", Locks, "SELECT … FOR UPDATE"),
            (PostgreSql, "select 1 union all table orders for update", Locks, "SELECT … FOR UPDATE"),
            (PostgreSql, "insert into a table b", Unknown, "INSERT"),
            (MySql, "update a i, b o set i.x = 1 where o.id = i.a", Writes, "UPDATE"),
            (MariaDb, "update a, (select max(x) m, 1 from b) d, c set a.x = d.m", Writes, "UPDATE"),
            (PostgreSql, "with x as (select 1) select * from x", Reads, "SELECT"),
            (PostgreSql, "with x as (delete from t returning *) select * from x", Writes, "WITH … DELETE"),
            (
                PostgreSql,
                "with a as (select 1), b as (update t set a = 1 returning a) select * from a, b",
                Writes,
                "WITH … UPDATE",
            ),
            (
                PostgreSql,
                "select * from (with x as (insert into t values (1) returning a) select * from x) y",
                Writes,
                "WITH … INSERT",
            ),
            (PostgreSql, "with x as (select 1) insert into t select * from x", Writes, "WITH … INSERT"),
            (PostgreSql, "select * into copy from t", Writes, "SELECT … INTO"),
            (PostgreSql, "select * from t where id = 1 for update", Locks, "SELECT … FOR UPDATE"),
            (PostgreSql, "select * from t for no key update skip locked", Locks, "SELECT … FOR UPDATE"),
            (PostgreSql, "select * from t for key share", Locks, "SELECT … FOR SHARE"),
            (PostgreSql, "select * from (select * from t for share) x", Locks, "SELECT … FOR SHARE"),
            (PostgreSql, "insert into t values (1) on conflict do nothing", Writes, "INSERT"),
            (PostgreSql, "update t set a = 1", Writes, "UPDATE"),
            (PostgreSql, "delete from t using u where t.a = u.a", Writes, "DELETE"),
            (PostgreSql, "merge into t using u on t.a = u.a when matched then delete", Writes, "MERGE"),
            (PostgreSql, "create table x as select * from t", Writes, "CREATE TABLE … AS"),
            (PostgreSql, "create table x (a int)", NotExplainable, "CREATE"),
            (PostgreSql, "drop table x", NotExplainable, "DROP"),
            (PostgreSql, "call p()", NotExplainable, "CALL"),
            (PostgreSql, "do $$ begin end $$", NotExplainable, "DO"),
            (PostgreSql, "set work_mem = '1GB'", NotExplainable, "SET"),
            (PostgreSql, "copy t to '/tmp/x'", NotExplainable, "COPY"),
            (PostgreSql, "vacuum full t", NotExplainable, "VACUUM"),
            (PostgreSql, "refresh materialized view v", NotExplainable, "REFRESH"),
            (PostgreSql, "analyze t", NotExplainable, "ANALYZE"),
            (PostgreSql, "explain analyze delete from t", Writes, "DELETE"),
            (PostgreSql, "explain (analyze, buffers) delete from t", Writes, "DELETE"),
            (PostgreSql, "EXPLAIN (FORMAT JSON) (select 1)", Reads, "SELECT"),
            (PostgreSql, "explain (select 1)", Reads, "SELECT"),
            (PostgreSql, "explain verbose select * from t for update", Locks, "SELECT … FOR UPDATE"),
            (PostgreSql, "select 1 from t where (", Unknown, "SELECT"),
            (PostgreSql, "flarb 1", Unknown, "FLARB"),
            (PostgreSql, "select 'open", Unknown, "SELECT"),
            (PostgreSql, "-- x\rdelete from t", Writes, "DELETE"),
            (PostgreSql, "select 1 -- \rfor update", Unknown, "SELECT"),
            (PostgreSql, "/* /* */ select 1; */ delete from t", Writes, "DELETE"),
            (MySql, "select 1", Reads, "SELECT"),
            (MySql, "select cast(a as char(40) character set utf8mb4) from t where a = 1 && b = 2", Reads, "SELECT"),
            (MySql, "select * from t lock in share mode", Locks, "SELECT … LOCK IN SHARE MODE"),
            (MySql, "select * from t for update", Locks, "SELECT … FOR UPDATE"),
            (MySql, "select * from t into outfile '/tmp/x'", Unknown, "SELECT"),
            (MySql, "select a into @v from t", NotExplainable, "SELECT … INTO"),
            (MySql, "select /*! 1 into outfile '/tmp/x' */ from t", Unknown, "SELECT"),
            (MySql, "/*!50000 delete from t */", Unknown, ""),
            (MariaDb, "select 1 /*M! for update */", Unknown, "SELECT"),
            (MySql, "replace into t values (1)", Writes, "REPLACE"),
            (MySql, "insert into t set a = 1 on duplicate key update a = 2", Writes, "INSERT"),
            (MySql, "delete a from t a join u on a.x = u.x", Writes, "DELETE"),
            (MySql, "explain format=json select 1", Reads, "SELECT"),
            (MySql, "explain analyze delete from t", Writes, "DELETE"),
            (MySql, "desc orders", NotExplainable, "DESCRIBE"),
            (MySql, "describe select 1", Reads, "SELECT"),
            (MySql, "explain for connection 5", NotExplainable, "DESCRIBE"),
            (MariaDb, "analyze format=json update t set a = 1", Writes, "UPDATE"),
            (MariaDb, "analyze select 1", Reads, "SELECT"),
            (MariaDb, "analyze table t", NotExplainable, "ANALYZE"),
            (MySql, "load data infile 'x' into table t", NotExplainable, "LOAD"),
            (MySql, "do sleep(1)", NotExplainable, "DO"),
            (MySql, "handler t open", NotExplainable, "HANDLER"),
        ] {
            let class = classify(sql, engine);
            assert_eq!((class.effects, class.verb.as_str()), (effects, verb), "{sql}: {class:?}");
            assert_eq!(class.statements, 1, "{sql}");
            assert_eq!(class.problem.is_some(), effects == Unknown, "{sql}: {class:?}");
        }
    }

    #[test]
    fn a_second_statement_is_seen_and_the_worst_counts() {
        let class = classify("select f() from a; drop table x;", PostgreSql);
        assert_eq!((class.statements, class.effects), (2, Effects::NotExplainable));
        assert_eq!(class.functions, ["f"]);
        assert_eq!(classify("select ';'; -- done", PostgreSql).statements, 1);
        assert_eq!((classify(" ", PostgreSql).statements, classify(" ", PostgreSql).effects), (0, Effects::Unknown));
    }

    #[test]
    fn functions_are_found_wherever_they_stand() {
        for (sql, expected) in [
            ("select Lower(a), pg_catalog.upper(b) from t", vec!["lower", "pg_catalog.upper"]),
            ("select \"Odd\"(1)", vec!["Odd"]),
            ("select * from generate_series(1, 2) g, lateral f(g) x", vec!["generate_series", "f"]),
            (
                "select 1 where exists (select 1 from t where a = nextval('s')) order by random()",
                vec!["nextval", "random"],
            ),
            ("select count(*) filter (where f(a)) over (partition by g(b)) from t", vec!["count", "f", "g"]),
            ("insert into t values (f(1)) on conflict (a) do update set b = g(2) returning h(3)", vec!["f", "g", "h"]),
            ("with x as (select f()) select * from t limit g()", vec!["f", "g"]),
            ("select a from t group by f(a) having g(a) > 1", vec!["f", "g"]),
            ("select case when f() then 1 else g() end, array[h()], (i(), 2), j()::int", vec!["f", "g", "h", "i", "j"]),
            ("select * from t join u on f(t.a) = u.a", vec!["f"]),
            ("update t set a = f() where b in (select g())", vec!["f", "g"]),
        ] {
            let mut found = classify(sql, PostgreSql).functions;
            let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "{sql}");
        }
    }

    #[test]
    fn tables_are_named_without_common_table_expressions() {
        for (engine, sql, expected) in [
            (PostgreSql, "select * from Orders o join \"Bar\".\"Foo\" f using (id)", vec!["orders", "Bar.Foo"]),
            (PostgreSql, "with x as (select * from a), y as (select * from x) select * from y, s.x", vec!["a", "s.x"]),
            (PostgreSql, "with t as (select * from t) select * from t", vec!["t"]),
            (PostgreSql, "with recursive t as (select 1 union select * from t) select * from t", vec![]),
            (PostgreSql, "select (with x as (select 1) select 1 from x) from x", vec!["x"]),
            (PostgreSql, "select * from generate_series(1, 2)", vec![]),
            (PostgreSql, "table s.t", vec!["s.t"]),
            (PostgreSql, "insert into a select * from b where exists (select 1 from c)", vec!["a", "b", "c"]),
            (PostgreSql, "update a set x = 1 from b", vec!["a", "b"]),
            (PostgreSql, "delete from a using b", vec!["a", "b"]),
            (PostgreSql, "select * from a for update of a", vec!["a"]),
            (MySql, "select * from `Shop`.Orders", vec!["Shop.Orders"]),
            (MySql, "delete x from a x join b on 1 = 1", vec!["a", "b"]),
        ] {
            let found: Vec<String> = classify(sql, engine)
                .tables
                .into_iter()
                .map(|(schema, name)| schema.map_or(name.clone(), |s| format!("{s}.{name}")))
                .collect();
            assert_eq!(found, expected, "{sql}");
        }
    }

    #[test]
    fn the_statement_is_found_behind_explain() {
        for (engine, sql, inner) in [
            (PostgreSql, "explain (analyze, buffers on) select 1", "select 1"),
            (PostgreSql, "/* x */ EXPLAIN ANALYZE VERBOSE select 1", "select 1"),
            (PostgreSql, "select 1", "select 1"),
            (MySql, "explain format = tree select 1", "select 1"),
            (MariaDb, "analyze format=json select 1", "select 1"),
            (MySql, "desc t", "desc t"),
        ] {
            assert_eq!(without_explain(sql, engine), inner);
        }
        assert!(classify("explain select 1", PostgreSql).explained);
        assert!(!classify("select 1", PostgreSql).explained);
    }

    #[test]
    fn long_chains_and_deep_nests_are_survived() {
        let chain = format!("select 1{} from t", " + 1".repeat(40_000));
        assert_eq!(classify(&chain, PostgreSql).effects, Effects::Reads);
        let union = format!("select 1{}", " union all select 1".repeat(5_000));
        assert_eq!(classify(&union, PostgreSql).effects, Effects::Reads);
        let list = format!("select * from t where a in (1{})", ", 1".repeat(200_000));
        assert_eq!(classify(&list, PostgreSql).effects, Effects::Reads);
        let nest = format!("select {}1{}", "(".repeat(150), ")".repeat(150));
        assert_eq!(classify(&nest, PostgreSql).effects, Effects::Reads);
        let deep = format!("select {}1{}", "(".repeat(50_000), ")".repeat(50_000));
        assert_eq!(classify(&deep, PostgreSql).effects, Effects::Unknown);
        let long = format!("select 1{}", " + a".repeat(200_000));
        assert_eq!(classify(&long, PostgreSql).effects, Effects::Unknown);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn no_text_makes_it_panic(
            sql in r#"(\PC|['"`$/*;()\n]|select |from |with x as |insert into |update |delete |explain |analyze |into |for |a|b|, |= |\(|\)|1 ){0,40}"#
        ) {
            for engine in [PostgreSql, MySql, MariaDb] {
                let class = classify(&sql, engine);
                prop_assert!(class.effects != Effects::Unknown || class.problem.is_some());
            }
        }
    }
}
