//! What a parsed statement does, calls and names.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, LockType, ObjectName, Query, Select, SetExpr, Statement, TableFactor};

use super::Effects;
use crate::{
    plan::Engine,
    sql::{
        look::{Look, look},
        names::{fold, parts},
    },
};

/// What was seen.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) effects: Effects,
    pub(super) verb: String,
    pub(super) functions: Vec<String>,
    pub(super) tables: Vec<(Option<String>, String)>,
}

/// Looks at every part of the statement.
pub(super) fn walk(statement: &Statement, engine: Engine) -> Seen {
    let (effects, verb) = outermost(statement, engine);
    let mut walker = Walker {
        engine,
        statements: 0,
        scopes: Vec::new(),
        not_a_table: None,
        seen: Seen { effects, verb, functions: Vec::new(), tables: Vec::new() },
    };
    look(statement, &mut walker);
    walker.seen
}

/// What the statement is by its outermost words.
fn outermost(statement: &Statement, engine: Engine) -> (Effects, String) {
    let writes = |verb: &str| (Effects::Writes, verb.to_owned());
    match statement {
        Statement::Query(query) => {
            let verb = match (&query.with, body_verb(&query.body)) {
                (Some(_), verb @ ("INSERT" | "UPDATE" | "DELETE" | "MERGE")) => format!("WITH … {verb}"),
                (_, verb) => verb.to_owned(),
            };
            (Effects::Reads, verb)
        }
        Statement::Insert(insert) if insert.replace_into => writes("REPLACE"),
        Statement::Insert(_) => writes("INSERT"),
        Statement::Update(_) => writes("UPDATE"),
        Statement::Delete(_) => writes("DELETE"),
        Statement::Merge(_) => writes("MERGE"),
        Statement::CreateTable(table) if table.query.is_some() && engine == Engine::PostgreSql => {
            writes("CREATE TABLE … AS")
        }
        Statement::CreateView(view) if view.materialized && engine == Engine::PostgreSql => {
            writes("CREATE MATERIALIZED VIEW … AS")
        }
        _ => (Effects::NotExplainable, String::new()),
    }
}

fn body_verb(mut body: &SetExpr) -> &'static str {
    loop {
        body = match body {
            SetExpr::Query(query) => &query.body,
            SetExpr::SetOperation { left, .. } => left,
            SetExpr::Values(_) => return "VALUES",
            SetExpr::Table(_) => return "TABLE",
            SetExpr::Insert(_) => return "INSERT",
            SetExpr::Update(_) => return "UPDATE",
            SetExpr::Delete(_) => return "DELETE",
            SetExpr::Merge(_) => return "MERGE",
            SetExpr::Select(_) => return "SELECT",
        };
    }
}

/// The names a `WITH` brings, and how many of them can be seen at this place.
struct Scope {
    names: Vec<String>,
    queries: Vec<*const Query>,
    recursive: bool,
    visible: usize,
}

struct Walker {
    engine: Engine,
    statements: usize,
    scopes: Vec<Scope>,
    /// The name of a table function, which the parser also reports as a relation.
    not_a_table: Option<*const ObjectName>,
    seen: Seen,
}

impl Walker {
    /// Takes note of something worse than what the outermost words said.
    fn worse(&mut self, effects: Effects, verb: impl FnOnce() -> String) {
        if effects > self.seen.effects {
            self.seen.effects = effects;
            self.seen.verb = verb();
        }
    }

    fn function(&mut self, name: &ObjectName) {
        let name = parts(name, self.engine).join(".");
        if !name.is_empty() && !self.seen.functions.contains(&name) {
            self.seen.functions.push(name);
        }
    }

    fn table(&mut self, mut parts: Vec<String>) {
        let Some(name) = parts.pop() else { return };
        let schema = parts.pop();
        let from_with = schema.is_none() && self.scopes.iter().any(|s| s.names[..s.visible].contains(&name));
        let table = (schema, name);
        if !from_with && !self.seen.tables.contains(&table) {
            self.seen.tables.push(table);
        }
    }
}

impl Look for Walker {
    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        self.statements += 1;
        if self.statements > 1 {
            let (effects, verb) = outermost(statement, self.engine);
            self.worse(effects, || format!("WITH … {verb}"));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if let Some(scope) = self.scopes.last_mut()
            && let Some(at) = scope.queries.iter().position(|q| std::ptr::eq(*q, query))
        {
            // Without RECURSIVE a name is not seen in its own definition, nor a later one.
            scope.visible = if scope.recursive { scope.names.len() } else { at };
        }
        let with = query.with.as_ref();
        let names: Vec<String> =
            with.map(|w| w.cte_tables.iter().map(|c| fold(&c.alias.name, self.engine)).collect()).unwrap_or_default();
        self.scopes.push(Scope {
            visible: names.len(),
            names,
            queries: with.map(|w| w.cte_tables.iter().map(|c| &raw const *c.query).collect()).unwrap_or_default(),
            recursive: with.is_some_and(|w| w.recursive),
        });
        if let Some(lock) = query.locks.first() {
            let kind = if matches!(lock.lock_type, LockType::Share) { "SHARE" } else { "UPDATE" };
            self.worse(Effects::Locks, || format!("SELECT … FOR {kind}"));
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.scopes.pop();
        if let Some(scope) = self.scopes.last_mut()
            && scope.queries.iter().any(|q| std::ptr::eq(*q, query))
        {
            scope.visible = scope.names.len();
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        if select.into.is_some() {
            let effects = if self.engine == Engine::PostgreSql { Effects::Writes } else { Effects::NotExplainable };
            self.worse(effects, || "SELECT … INTO".to_owned());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, args: Some(_), .. } => {
                self.not_a_table = Some(&raw const *name);
                self.function(name);
            }
            TableFactor::Function { name, .. } => self.function(name),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        if !self.not_a_table.is_some_and(|other| std::ptr::eq(other, name)) {
            self.table(parts(name, self.engine));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr {
            self.function(&function.name);
        }
        ControlFlow::Continue(())
    }
}
