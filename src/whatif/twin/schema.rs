//! A snapshot's definitions as SQL for the twin, in an order that mostly holds; what fails is tried again after the rest.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use crate::whatif::snapshot::{Relation, Snapshot, literal, quote};

/// One statement of the twin's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// What it makes, for people.
    pub(super) what: String,
    /// As SQL.
    pub(super) sql: String,
    /// The relation, by production's number, that what reads it is not planned without.
    pub(super) relation: Option<u32>,
}

/// Options of a table that the planner looks at, and those of a view.
const OPTIONS: [&str; 4] = ["parallel_workers=", "fillfactor=", "security_barrier=", "security_invoker="];

/// The schemas, made by the superuser and given to the owner of the twin.
pub(super) fn schemas(snapshot: &Snapshot, owner: &str) -> String {
    let relations = snapshot.relations.iter().map(|r| r.schema.as_str());
    let types = snapshot.types.iter().map(|t| t.schema.as_str());
    let functions = snapshot.functions.iter().map(|f| f.schema.as_str());
    let others = snapshot.collations.iter().map(|c| c.schema.as_str());
    let more = snapshot
        .extensions
        .iter()
        .map(|e| e.schema.as_str())
        .chain(snapshot.extended.iter().map(|e| e.schema.as_str()));
    let path = snapshot.search_path.iter().map(String::as_str);
    let all: BTreeSet<&str> = relations
        .chain(types)
        .chain(functions)
        .chain(others)
        .chain(more)
        .chain(path)
        .filter(|s| !s.starts_with("pg_"))
        .collect();
    all.into_iter().fold(String::new(), |mut sql, s| {
        let _ = write!(sql, "CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {owner};", quote(s));
        sql
    })
}

/// Collations, types and functions.
pub(super) fn ground(snapshot: &Snapshot) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut add = |what: String, sql: String| steps.push(Step { what, sql, relation: None });
    for c in &snapshot.collations {
        let name = format!("{}.{}", quote(&c.schema), quote(&c.name));
        let (collate, ctype) = (c.collate.as_deref().unwrap_or("C"), c.ctype.as_deref().unwrap_or("C"));
        let how = match c.provider.as_str() {
            "i" => format!("provider = icu, locale = {}, deterministic = {}", literal(collate), c.deterministic),
            "b" => format!("provider = builtin, locale = {}", literal(collate)),
            _ => format!("provider = libc, lc_collate = {}, lc_ctype = {}", literal(collate), literal(ctype)),
        };
        add(format!("collation {name}"), format!("CREATE COLLATION {name} ({how})"));
    }
    for t in &snapshot.types {
        let name = format!("{}.{}", quote(&t.schema), quote(&t.name));
        let base = t.base.as_deref().unwrap_or("text");
        let list = |items: &Option<Vec<String>>, each: &dyn Fn(&String) -> String| {
            items.iter().flatten().map(each).collect::<Vec<_>>().join(", ")
        };
        let sql = match t.kind.as_str() {
            "e" => format!("CREATE TYPE {name} AS ENUM ({})", list(&t.labels, &|l| literal(l))),
            // Without its checks: they would run for every value of the statistics.
            "d" => format!("CREATE DOMAIN {name} AS {base}"),
            "c" => format!("CREATE TYPE {name} AS ({})", list(&t.attributes, &|a| a.clone())),
            "r" => format!("CREATE TYPE {name} AS RANGE (subtype = {base})"),
            _ => continue,
        };
        add(format!("type {name}"), sql);
    }
    for f in &snapshot.functions {
        add(format!("function {}.{}", quote(&f.schema), quote(&f.name)), for_anybody(&f.definition));
    }
    steps
}

/// A function's definition without what only a superuser may say. LEAKPROOF and SUPPORT stand on lines of their own keywords
/// before the body (`pg_get_functiondef`).
fn for_anybody(definition: &str) -> String {
    let (head, body) = definition.find("\nAS ").map_or((definition, ""), |at| definition.split_at(at));
    let mut words = Vec::new();
    let mut skip = false;
    for word in head.split(' ') {
        if skip {
            skip = false;
            // What follows a support function's name on the same line stays.
            if let Some(rest) = word.split_once('\n') {
                words.push(format!("\n{}", rest.1));
            }
            continue;
        }
        match word {
            "SUPPORT" => skip = true,
            _ => words.push(word.replace("LEAKPROOF", "")),
        }
    }
    format!("{}{body}", words.join(" "))
}

/// Tables and their places in hierarchies. Columns of `unknown` types become texts.
pub(super) fn tables(snapshot: &Snapshot, unknown: &BTreeSet<String>) -> Vec<Step> {
    let names = names(snapshot);
    let mut columns: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for c in &snapshot.columns {
        let known = !unknown.contains(&c.kind);
        let kind = if known { c.kind.as_str() } else { "text" };
        let collation = c.collation.as_ref().filter(|_| known).map_or(String::new(), |c| format!(" COLLATE {c}"));
        let not_null = if c.not_null { " NOT NULL" } else { "" };
        columns.entry(c.relation).or_default().push(format!("{} {kind}{collation}{not_null}", quote(&c.name)));
    }
    let mut steps = Vec::new();
    let mut attach = Vec::new();
    for r in snapshot.relations.iter().filter(|r| r.is_table()) {
        let name = r.sql();
        let list = columns.get(&r.oid).map(|c| c.join(", ")).unwrap_or_default();
        let parents: Vec<&String> = r.parents.iter().flatten().filter_map(|p| names.get(p)).collect();
        let mut sql = format!("CREATE TABLE {name} ({list})");
        if !r.partition && !parents.is_empty() {
            let list: Vec<&str> = parents.iter().map(|p| p.as_str()).collect();
            let _ = write!(sql, " INHERITS ({})", list.join(", "));
        }
        let options = options(r);
        if let Some(key) = &r.key {
            let _ = write!(sql, " PARTITION BY {key}");
        } else if !options.is_empty() {
            let _ = write!(sql, " WITH ({options})");
        }
        steps.push(Step { what: format!("table {name}"), sql, relation: Some(r.oid) });
        if let (true, Some(parent), Some(bound)) = (r.partition, parents.first(), &r.bound) {
            let sql = format!("ALTER TABLE ONLY {parent} ATTACH PARTITION {name} {bound}");
            attach.push(Step { what: format!("partition {name}"), sql, relation: Some(r.oid) });
        }
    }
    steps.append(&mut attach);
    steps
}

fn options(relation: &Relation) -> String {
    let wanted = |o: &&String| OPTIONS.iter().any(|name| o.starts_with(name));
    relation.options.iter().flatten().filter(wanted).cloned().collect::<Vec<_>>().join(", ")
}

/// Keys and indexes, each for its own table and then attached to those of the parents, so that every name is production's.
pub(super) fn indexes(snapshot: &Snapshot) -> Vec<Step> {
    let names = names(snapshot);
    let mut steps = Vec::new();
    let mut attach = Vec::new();
    for index in snapshot.indexes.iter().filter(|i| i.valid) {
        let (Some(relation), Some(table)) = (snapshot.relation(index.oid), names.get(&index.relation)) else {
            continue;
        };
        let constraint = index.constraint.and_then(|c| snapshot.constraints.iter().find(|x| x.oid == c));
        let sql = match constraint {
            Some(c) => format!("ALTER TABLE ONLY {table} ADD CONSTRAINT {} {}", quote(&c.name), c.definition),
            None => index.definition.clone(),
        };
        steps.push(Step { what: format!("index {}", relation.sql()), sql, relation: None });
        if let Some(parent) = relation.parents.iter().flatten().find_map(|p| names.get(p)) {
            let sql = format!("ALTER INDEX {parent} ATTACH PARTITION {}", relation.sql());
            attach.push(Step { what: format!("index {} of its parent", relation.sql()), sql, relation: None });
        }
    }
    steps.append(&mut attach);
    steps
}

/// Views and objects of extended statistics, then foreign keys and checks.
pub(super) fn rest(snapshot: &Snapshot) -> Vec<Step> {
    let names = names(snapshot);
    let mut steps = Vec::new();
    for r in &snapshot.relations {
        if let Some(view) = &r.view {
            let options = options(r);
            let with = if options.is_empty() { String::new() } else { format!(" WITH ({options})") };
            let sql = format!("CREATE VIEW {}{with} AS {view}", r.sql());
            steps.push(Step { what: format!("view {}", r.sql()), sql, relation: Some(r.oid) });
        }
    }
    for e in &snapshot.extended {
        let what = format!("statistics {}.{}", quote(&e.schema), quote(&e.name));
        steps.push(Step { what, sql: e.definition.clone(), relation: None });
    }
    let own = snapshot.constraints.iter().filter(|c| c.parent == 0);
    for c in own.clone().filter(|c| c.kind == "f").chain(own.filter(|c| c.kind == "c")) {
        let Some(table) = names.get(&c.relation) else { continue };
        // The rows that a twin may hold, first and last values, need not fit together.
        let late = if c.kind == "c" && !c.definition.contains("NOT VALID") { " NOT VALID" } else { "" };
        let sql = format!("ALTER TABLE {table} ADD CONSTRAINT {} {}{late}", quote(&c.name), c.definition);
        steps.push(Step { what: format!("constraint {} of {table}", quote(&c.name)), sql, relation: None });
    }
    steps
}

fn names(snapshot: &Snapshot) -> BTreeMap<u32, String> {
    snapshot.relations.iter().map(|r| (r.oid, r.sql())).collect()
}

/// Settings that switch off what a planner learnt: one that has none of that name plans as if it stood so. (PostgreSQL 13: sorting by
/// parts, memory of hashing apart; 14: memoize, asynchronous append; 16: sorted aggregates; 17: the order of GROUP BY; 18: the order of
/// DISTINCT, joins of a table with itself.)
const BEFORE: [(&str, &str); 8] = [
    ("enable_incremental_sort", "off"),
    ("hash_mem_multiplier", "1"),
    ("enable_memoize", "off"),
    ("enable_async_append", "off"),
    ("enable_presorted_aggregate", "off"),
    ("enable_group_by_reordering", "off"),
    ("enable_distinct_reordering", "off"),
    ("enable_self_join_elimination", "off"),
];

/// Whose planner a twin is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// Production's: what its version did not know yet is switched off.
    Production,
    /// That of the twin's own version, as a server would be after an upgrade: what nobody set is as that version comes.
    Own,
}

/// Settings as SQL for the twin's database, without those that its server does not know.
pub(super) fn settings(snapshot: &Snapshot, known: &BTreeSet<String>, database: &str, likeness: Likeness) -> String {
    let mut sql = String::new();
    let mut set = |name: &str, value: &str| {
        let _ = write!(sql, "ALTER DATABASE {database} SET {} = {};", quote(name), literal(value));
    };
    for s in snapshot.settings.iter().filter(|s| known.contains(&s.name)) {
        if likeness == Likeness::Production || !s.usual {
            set(&s.name, &format!("{}{}", s.value, s.unit.as_deref().unwrap_or_default()));
        }
    }
    if likeness == Likeness::Production {
        let missing = |name: &str| known.contains(name) && !snapshot.settings.iter().any(|s| s.name == name);
        BEFORE.iter().filter(|(name, _)| missing(name)).for_each(|(name, value)| set(name, value));
    }
    let path: Vec<String> = snapshot.search_path.iter().map(|s| quote(s)).collect();
    let path = if path.is_empty() { "''".to_owned() } else { path.join(", ") };
    let _ = write!(sql, "ALTER DATABASE {database} SET search_path = {path};");
    sql
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Likeness, for_anybody, indexes, rest, settings, tables};
    use crate::whatif::snapshot::{Column, Constraint, Index, Relation, Setting, Snapshot};

    fn relation(oid: u32, name: &str, kind: &str) -> Relation {
        Relation {
            oid,
            schema: "s".to_owned(),
            name: name.to_owned(),
            kind: kind.to_owned(),
            tuples: 0.0,
            pages: 0,
            all_visible: 0,
            partition: false,
            options: None,
            method: None,
            bound: None,
            key: None,
            parents: None,
            bytes: None,
            view: None,
            modified: None,
            row_security: false,
            head: None,
        }
    }

    fn snapshot() -> Snapshot {
        let column = |relation, name: &str, kind: &str| Column {
            relation,
            number: 1,
            name: name.to_owned(),
            kind: kind.to_owned(),
            not_null: relation == 1,
            collation: Some("pg_catalog.\"C\"".to_owned()),
        };
        let index = |oid, relation, constraint, valid| Index {
            oid,
            relation,
            definition: format!("CREATE INDEX i{oid} ON s.t USING btree (a)"),
            valid,
            expressions: false,
            constraint,
        };
        let constraint = |oid, kind: &str, parent, definition: &str| Constraint {
            oid,
            relation: 1,
            name: format!("c{oid}"),
            kind: kind.to_owned(),
            parent,
            definition: definition.to_owned(),
        };
        Snapshot {
            relations: vec![
                Relation { key: Some("RANGE (a)".to_owned()), ..relation(1, "Odd \"Name", "p") },
                Relation {
                    partition: true,
                    parents: Some(vec![1]),
                    bound: Some("DEFAULT".to_owned()),
                    options: Some(vec!["fillfactor=70".to_owned(), "autovacuum_enabled=false".to_owned()]),
                    ..relation(2, "part", "r")
                },
                relation(10, "i10", "I"),
                Relation { parents: Some(vec![10]), ..relation(11, "i11", "i") },
                relation(12, "i12", "i"),
                Relation {
                    view: Some("SELECT 1".to_owned()),
                    options: Some(vec!["security_barrier=true".to_owned()]),
                    ..relation(3, "v", "v")
                },
            ],
            columns: vec![column(1, "a", "integer"), column(2, "a", "public.strange")],
            indexes: vec![index(10, 1, None, true), index(11, 2, Some(20), true), index(12, 2, None, false)],
            constraints: vec![
                constraint(20, "p", 0, "PRIMARY KEY (a)"),
                constraint(21, "c", 0, "CHECK ((a > 0))"),
                constraint(22, "f", 0, "FOREIGN KEY (a) REFERENCES s.x(b)"),
                constraint(23, "f", 22, "FOREIGN KEY (a) REFERENCES s.x(b)"),
            ],
            ..Snapshot::default()
        }
    }

    #[test]
    fn every_definition_is_written() {
        let snapshot = snapshot();
        let unknown = BTreeSet::from(["public.strange".to_owned()]);
        let all: Vec<String> = [tables(&snapshot, &unknown), indexes(&snapshot), rest(&snapshot)]
            .concat()
            .into_iter()
            .map(|s| s.sql)
            .collect();
        assert_eq!(
            all,
            [
                "CREATE TABLE \"s\".\"Odd \"\"Name\" (\"a\" integer COLLATE pg_catalog.\"C\" NOT NULL) PARTITION BY RANGE (a)",
                "CREATE TABLE \"s\".\"part\" (\"a\" text) WITH (fillfactor=70)",
                "ALTER TABLE ONLY \"s\".\"Odd \"\"Name\" ATTACH PARTITION \"s\".\"part\" DEFAULT",
                "CREATE INDEX i10 ON s.t USING btree (a)",
                "ALTER TABLE ONLY \"s\".\"part\" ADD CONSTRAINT \"c20\" PRIMARY KEY (a)",
                "ALTER INDEX \"s\".\"i10\" ATTACH PARTITION \"s\".\"i11\"",
                "CREATE VIEW \"s\".\"v\" WITH (security_barrier=true) AS SELECT 1",
                "ALTER TABLE \"s\".\"Odd \"\"Name\" ADD CONSTRAINT \"c22\" FOREIGN KEY (a) REFERENCES s.x(b)",
                "ALTER TABLE \"s\".\"Odd \"\"Name\" ADD CONSTRAINT \"c21\" CHECK ((a > 0)) NOT VALID",
            ]
        );
    }

    #[test]
    fn a_name_means_the_first_table_along_the_search_path() {
        let mut snapshot = snapshot();
        snapshot.relations.push(Relation { schema: "app".to_owned(), ..relation(7, "part", "r") });
        snapshot.search_path = vec!["app".to_owned(), "s".to_owned()];
        for (schema, name, expected) in
            [(None, "part", Some(7)), (Some("s"), "part", Some(2)), (None, "v", Some(3)), (None, "i11", None)]
        {
            assert_eq!(snapshot.called(schema, name).map(|r| r.oid), expected, "{schema:?} {name}");
        }
    }

    #[test]
    fn only_settings_that_the_server_knows_are_set() {
        let setting = |name: &str, value: &str, unit: Option<&str>| Setting {
            name: name.to_owned(),
            value: value.to_owned(),
            unit: unit.map(str::to_owned),
            usual: value == "4096",
        };
        let snapshot = Snapshot {
            settings: vec![
                setting("work_mem", "4096", Some("kB")),
                setting("effective_cache_size", "99", None),
                setting("new", "1", None),
            ],
            search_path: vec!["app".to_owned(), "public".to_owned()],
            ..Snapshot::default()
        };
        let known = ["work_mem", "effective_cache_size", "enable_memoize"].map(str::to_owned).into();
        assert_eq!(
            settings(&snapshot, &known, "d", Likeness::Production),
            "ALTER DATABASE d SET \"work_mem\" = '4096kB';ALTER DATABASE d SET \"effective_cache_size\" = '99';\
             ALTER DATABASE d SET \"enable_memoize\" = 'off';ALTER DATABASE d SET search_path = \"app\", \"public\";",
            "what production's version did not know is off"
        );
        assert_eq!(
            settings(&snapshot, &known, "d", Likeness::Own),
            "ALTER DATABASE d SET \"effective_cache_size\" = '99';ALTER DATABASE d SET search_path = \"app\", \"public\";",
            "what nobody set is as the version comes"
        );
    }

    #[test]
    fn a_function_loses_what_only_a_superuser_may_say() {
        for (definition, expected) in [
            (
                "CREATE OR REPLACE FUNCTION f(a text)\n RETURNS text\n LANGUAGE sql\n IMMUTABLE STRICT LEAKPROOF\nAS $f$ select 'LEAKPROOF' $f$\n",
                "CREATE OR REPLACE FUNCTION f(a text)\n RETURNS text\n LANGUAGE sql\n IMMUTABLE STRICT \nAS $f$ select 'LEAKPROOF' $f$\n",
            ),
            (
                "CREATE OR REPLACE FUNCTION f()\n LANGUAGE sql\n COST 5 SUPPORT s.f\n SET work_mem TO '1MB'\nAS $f$ x $f$\n",
                "CREATE OR REPLACE FUNCTION f()\n LANGUAGE sql\n COST 5 \n SET work_mem TO '1MB'\nAS $f$ x $f$\n",
            ),
        ] {
            assert_eq!(for_anybody(definition), expected);
        }
    }
}
