//! Which part of a statement a node of its plan comes from, and the other way round.
//!
//! Servers print conditions in their own way (casts, brackets, qualified names, `BETWEEN` taken apart), so parts are compared
//! by the names and values in them and not by their text. What is not told apart by these is not claimed.

use super::{
    Span,
    lex::{Kind, Token, content},
};
use crate::plan::{Engine, NodeId, Operator, Plan};

/// A text longer than this is not looked through.
const LONGEST: usize = 50_000;
/// So much of what the server names must stand in a part.
const ENOUGH: f64 = 0.66;

/// A part of a statement that a node can come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Where it stands, bytes of the statement.
    pub span: Span,
    clause: Clause,
    words: Words,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clause {
    /// The select list, and whatever else is not looked at.
    Other,
    /// A table or sub-query that is read or written.
    From,
    /// One condition.
    Condition,
    /// One key of an order or a group.
    Key,
    /// How many rows.
    Limit,
}

/// Names and values of a text, in order, in lower case.
#[derive(Debug, Clone, Default, PartialEq)]
struct Words {
    names: Vec<String>,
    values: Vec<String>,
}

/// The parts of a statement, in order. Empty for a text that is too long.
#[must_use]
pub fn parts(sql: &str, engine: Engine) -> Vec<Part> {
    if sql.len() > LONGEST {
        return Vec::new();
    }
    let tokens = content(sql, engine);
    let mut out = Vec::new();
    let mut clause = Clause::Other;
    let mut outer: Vec<Clause> = Vec::new();
    let mut open: Vec<Token> = Vec::new();
    let mut between = false;
    for (at, token) in tokens.iter().enumerate() {
        let word = if token.kind == Kind::Word { token.text(sql).to_ascii_uppercase() } else { String::new() };
        let symbol = if token.kind == Kind::Symbol { token.text(sql) } else { "" };
        let starts = |name: &str| tokens.get(at + 1).is_some_and(|next| next.is_word(sql, name));
        let next = match (word.as_str(), symbol) {
            ("SELECT", _) => Some(Clause::Other),
            ("FROM" | "JOIN" | "STRAIGHT_JOIN" | "INTO" | "UPDATE", _) => Some(Clause::From),
            ("ON" | "WHERE" | "HAVING" | "WHEN" | "USING", _) => Some(Clause::Condition),
            ("AND", _) if between => {
                between = false;
                None
            }
            ("AND" | "OR", _) if clause == Clause::Condition => Some(Clause::Condition),
            ("BETWEEN", _) => {
                between = true;
                None
            }
            ("ORDER" | "GROUP" | "PARTITION", _) if starts("BY") => Some(Clause::Key),
            ("BY", _) if clause == Clause::Key => Some(Clause::Key),
            ("LIMIT" | "OFFSET" | "FETCH", _) => Some(Clause::Limit),
            (
                "INNER" | "LEFT" | "RIGHT" | "FULL" | "CROSS" | "NATURAL" | "LATERAL" | "UNION" | "INTERSECT"
                | "EXCEPT" | "RETURNING" | "SET" | "VALUES" | "WITH" | "FOR" | "WINDOW" | "THEN" | "ELSE" | "END",
                _,
            ) if !starts_call(sql, &tokens, at) => Some(Clause::Other),
            (_, ",") if matches!(clause, Clause::From | Clause::Key) => Some(clause),
            (_, "(") if starts("SELECT") || starts("WITH") => {
                outer.push(clause);
                Some(Clause::Other)
            }
            (_, "(") => {
                // Brackets inside a part belong to it; the clause goes on behind them.
                outer.push(clause);
                None
            }
            (_, ")") => {
                let back = outer.pop().unwrap_or(Clause::Other);
                if back == clause { None } else { Some(back) }
            }
            (_, ";") => Some(Clause::Other),
            _ => None,
        };
        match next {
            Some(next) => {
                out.extend(close(sql, &open, clause));
                open.clear();
                // The limit's word is all that is needed of it.
                if next == Clause::Limit {
                    open.push(*token);
                }
                clause = next;
            }
            None => open.push(*token),
        }
    }
    out.extend(close(sql, &open, clause));
    out
}

/// Whether a word is the name of a function here: `left(x, 3)`.
fn starts_call(sql: &str, tokens: &[Token], at: usize) -> bool {
    tokens.get(at + 1).is_some_and(|next| next.is_symbol(sql, "(") && next.start == tokens[at].end)
}

fn close(sql: &str, tokens: &[Token], clause: Clause) -> Option<Part> {
    // Brackets that were opened before the part or are closed after it are not its own.
    let mut tokens = tokens;
    while let [first, rest @ ..] = tokens {
        let unmatched = first.is_symbol(sql, "(") && depth(sql, tokens) > 0;
        if !unmatched && !first.is_symbol(sql, ")") {
            break;
        }
        tokens = rest;
    }
    while let [rest @ .., last] = tokens {
        let unmatched = last.is_symbol(sql, ")") && depth(sql, tokens) < 0;
        if !unmatched && !last.is_symbol(sql, "(") {
            break;
        }
        tokens = rest;
    }
    let (first, last) = (tokens.first()?, tokens.last()?);
    let words = words(sql, tokens);
    if clause == Clause::Other || (words.names.is_empty() && clause != Clause::Limit) {
        return None;
    }
    Some(Part { span: Span { start: first.start, end: last.end }, clause, words })
}

fn depth(sql: &str, tokens: &[Token]) -> i32 {
    tokens.iter().map(|t| i32::from(t.is_symbol(sql, "(")) - i32::from(t.is_symbol(sql, ")"))).sum()
}

/// Names without their qualifiers and values without casts.
fn words(sql: &str, tokens: &[Token]) -> Words {
    const NOT_NAMES: &[&str] = &[
        "AND",
        "ANY",
        "ARRAY",
        "AS",
        "ASC",
        "BETWEEN",
        "CASE",
        "COLLATE",
        "DATE",
        "DESC",
        "DISTINCT",
        "ELSE",
        "END",
        "EXISTS",
        "FALSE",
        "FIRST",
        "ILIKE",
        "IN",
        "INTERVAL",
        "IS",
        "LAST",
        "LIKE",
        "NOT",
        "NULL",
        "NULLS",
        "ONLY",
        "OR",
        "SYMMETRIC",
        "THEN",
        "TIMESTAMP",
        "TRUE",
        "WHEN",
        "WITH",
        "ROLLUP",
        "ALL",
        "BY",
    ];
    let mut out = Words::default();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token.kind {
            Kind::Word | Kind::Name => {
                let qualifies = tokens.get(at).is_some_and(|next| next.is_symbol(sql, "."));
                let text = token.text(sql);
                if qualifies || (token.kind == Kind::Word && NOT_NAMES.contains(&text.to_ascii_uppercase().as_str())) {
                    continue;
                }
                out.names.push(unquoted(text));
            }
            Kind::String | Kind::Number => out.values.push(unquoted(token.text(sql))),
            Kind::Symbol if token.is_symbol(sql, ":") && tokens.get(at).is_some_and(|t| t.is_symbol(sql, ":")) => {
                // A cast: the words of the type, and its length in brackets.
                at += 1;
                while tokens.get(at).is_some_and(|t| matches!(t.kind, Kind::Word | Kind::Name)) {
                    at += 1;
                }
                if tokens.get(at).is_some_and(|t| t.is_symbol(sql, "(")) {
                    while tokens.get(at).is_some_and(|t| !t.is_symbol(sql, ")")) {
                        at += 1;
                    }
                    at += 1;
                }
            }
            _ => {}
        }
    }
    out
}

fn unquoted(text: &str) -> String {
    let inner = text.trim_matches(|c| matches!(c, '\'' | '"' | '`'));
    let inner = inner.strip_prefix("E'").unwrap_or(inner);
    if inner.contains('.') && inner.parse::<f64>().is_ok() {
        return inner.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    inner.to_lowercase()
}

/// How much of what the server names stands in a part, and how little else does: both 0 to 1, the first counts most.
fn likeness(server: &Words, part: &Words) -> Option<(f64, f64)> {
    let same = |a: &str, b: &str| a == b || (a.len().min(b.len()) >= 4 && (a.starts_with(b) || b.starts_with(a)));
    let names = server.names.iter().filter(|name| part.names.contains(name)).count();
    if names == 0 {
        return None;
    }
    let values = server.values.iter().filter(|value| part.values.iter().any(|other| same(value, other))).count();
    let all = server.names.len() + server.values.len();
    let here = part.names.len() + part.values.len();
    #[allow(clippy::cast_precision_loss, reason = "a handful of words")]
    let (found, all, here) = ((names + values) as f64, all as f64, here as f64);
    // Parameters stand as names and values on one side only; what is compared with them still counts.
    let enough = found / all >= ENOUGH || (names == server.names.len() && part.values.is_empty());
    enough.then(|| (found / all, found / here.max(found)))
}

/// Where a node stands in its statement: its FROM item, its conditions, its keys. In order, without repeats.
#[must_use]
pub fn spans_of(parts: &[Part], plan: &Plan, id: NodeId) -> Vec<Span> {
    let node = plan.node(id);
    let mut out: Vec<Span> = Vec::new();
    if let Some(relation) = &node.relation {
        let name = relation.name.to_lowercase();
        let alias = relation.alias.as_ref().map_or_else(|| name.clone(), |alias| alias.to_lowercase());
        let items = || parts.iter().filter(|p| p.clause == Clause::From);
        let exact = items().find(|p| p.words.names.first() == Some(&name) && p.words.names.last() == Some(&alias));
        // Some documents give the alias alone; partitions are read under their parent's.
        let by_alias = || items().find(|p| p.words.names.get(1).or(p.words.names.first()) == Some(&alias));
        let item = exact.or_else(by_alias).or_else(|| items().find(|p| p.words.names.first() == Some(&name)));
        out.extend(item.map(|p| p.span));
    }
    let conditions = &node.conditions;
    for text in [&conditions.index, &conditions.join, &conditions.recheck, &conditions.filter].into_iter().flatten() {
        for server in conjuncts(text, plan.engine) {
            out.extend(best(parts, Clause::Condition, &server));
        }
    }
    for key in &node.keys {
        let server = words(key, &content(key, plan.engine));
        out.extend(best(parts, Clause::Key, &server));
    }
    if node.operator == Operator::Limit {
        out.extend(parts.iter().filter(|p| p.clause == Clause::Limit).map(|p| p.span));
    }
    out.sort_by_key(|span| (span.start, span.end));
    out.dedup();
    out
}

/// The tables of the FROM items with the names the statement calls them by, in lower case. Sub-queries are none.
pub(super) fn from_items(parts: &[Part]) -> Vec<(&str, &str)> {
    let items = parts.iter().filter(|p| p.clause == Clause::From);
    items
        .filter_map(|p| {
            Some((p.words.names.first()?.as_str(), p.words.names.get(1).or(p.words.names.first())?.as_str()))
        })
        .collect()
}

/// The table that a FROM item calls by this alias, in lower case.
#[must_use]
pub fn table_called<'a>(parts: &'a [Part], alias: &str) -> Option<&'a str> {
    let alias = alias.to_lowercase();
    let mut items = parts.iter().filter(|p| p.clause == Clause::From);
    items.find(|p| p.words.names.get(1) == Some(&alias)).and_then(|p| p.words.names.first()).map(String::as_str)
}

/// The table that every FROM item with this alias means, in lower case; none where it is the table's own name, or two mean different ones.
#[must_use]
pub fn table_always_called<'a>(parts: &'a [Part], alias: &str) -> Option<&'a str> {
    let alias = alias.to_lowercase();
    let mut tables = from_items(parts).into_iter().filter(|(_, called)| *called == alias).map(|(table, _)| table);
    let first = tables.next().filter(|table| *table != alias)?;
    tables.all(|other| other == first).then_some(first)
}

/// The node that a byte of the statement belongs to: of those whose narrowest part holds it, the one that takes most.
#[must_use]
pub fn node_at(parts: &[Part], plan: &Plan, byte: usize) -> Option<NodeId> {
    let holds = |span: &Span| span.start <= byte && byte <= span.end;
    let mut found: Vec<(usize, NodeId)> = Vec::new();
    // Partitions and the like repeat what the first of them says.
    for id in plan.ids().take(5_000) {
        let narrowest = spans_of(parts, plan, id).into_iter().filter(holds).map(|span| span.end - span.start).min();
        found.extend(narrowest.map(|length| (length, id)));
    }
    let narrowest = found.iter().map(|(length, _)| *length).min()?;
    let share = |id: NodeId| plan.derived(id).share.unwrap_or(0.0);
    found
        .into_iter()
        .filter(|(length, _)| *length == narrowest)
        .map(|(_, id)| id)
        .max_by(|a, b| share(*a).total_cmp(&share(*b)).then(b.cmp(a)))
}

fn best(parts: &[Part], clause: Clause, server: &Words) -> Option<Span> {
    let candidates = parts.iter().filter(|p| p.clause == clause);
    candidates
        .filter_map(|p| Some((likeness(server, &p.words)?, p)))
        .max_by(|((a, x), p), ((b, y), q)| a.total_cmp(b).then(x.total_cmp(y)).then(q.span.start.cmp(&p.span.start)))
        .map(|(_, p)| p.span)
}

/// The conditions that a server's text puts together with AND and OR.
fn conjuncts(text: &str, engine: Engine) -> Vec<Words> {
    let mut between = false;
    let tokens = content(text, engine);
    let mut out = Vec::new();
    let mut from = 0;
    for (at, token) in tokens.iter().enumerate() {
        let and = token.is_word(text, "and") || token.is_word(text, "or");
        if token.is_word(text, "between") {
            between = true;
        } else if and && std::mem::take(&mut between) {
        } else if and {
            out.push(words(text, &tokens[from..at]));
            from = at + 1;
        }
    }
    out.push(words(text, tokens.get(from..).unwrap_or_default()));
    out.retain(|w| !w.names.is_empty());
    out
}

#[cfg(test)]
mod tests {
    use super::{node_at, parts, spans_of};
    use crate::plan::{
        Conditions,
        Engine::{self, MySql, PostgreSql},
        Node, NodeId, Operator, Plan, PlanBuilder, Relation, Role,
    };

    const SQL: &str = "SELECT o.id, count(*)\nFROM public.orders AS o\nLEFT JOIN customers c ON c.id = o.customer_id\n\
                       WHERE o.status = 'open' AND (o.created BETWEEN '2024-06-01' AND '2024-07-01' OR o.total > 10.50)\n\
                       AND EXISTS (SELECT 1 FROM items i WHERE i.order_id = o.id)\nGROUP BY o.id\nORDER BY o.created DESC, o.id LIMIT 20";

    fn plan(engine: Engine, change: impl FnOnce(&mut Node)) -> Plan {
        let mut builder = PlanBuilder::new();
        let mut node = Node::new(Role::Root, Operator::SeqScan, "Seq Scan");
        change(&mut node);
        builder.push(None, node).unwrap();
        builder.finish(engine).unwrap()
    }

    fn found(plan: &Plan) -> Vec<&'static str> {
        let all = parts(SQL, plan.engine);
        spans_of(&all, plan, NodeId::ROOT).into_iter().map(|span| span.of(SQL)).collect()
    }

    #[test]
    fn a_statement_falls_into_from_items_conditions_and_keys() {
        let texts: Vec<&str> = parts(SQL, PostgreSql).iter().map(|p| p.span.of(SQL)).collect();
        assert_eq!(
            texts,
            [
                "public.orders AS o",
                "customers c",
                "c.id = o.customer_id",
                "o.status = 'open'",
                "o.created BETWEEN '2024-06-01' AND '2024-07-01'",
                "o.total > 10.50",
                "items i",
                "i.order_id = o.id",
                "o.id",
                "o.created DESC",
                "o.id",
                "LIMIT 20",
            ]
        );
    }

    #[test]
    fn a_servers_own_way_of_writing_a_condition_is_found_in_the_statement() {
        let relation = |name: &str, alias: &str| {
            Some(Relation { schema: None, name: name.to_owned(), alias: Some(alias.to_owned()) })
        };
        for (engine, filter, expected) in [
            (PostgreSql, "(o.status = 'open'::text)", "o.status = 'open'"),
            (
                PostgreSql,
                "(o.created >= '2024-06-01 00:00:00+00'::timestamp with time zone)",
                "o.created BETWEEN '2024-06-01' AND '2024-07-01'",
            ),
            (PostgreSql, "(total > '10.5'::numeric(12,2))", "o.total > 10.50"),
            (MySql, "(`shop`.`o`.`status` = 'open')", "o.status = 'open'"),
            (PostgreSql, "(order_id = o.id)", "i.order_id = o.id"),
        ] {
            let plan = plan(engine, |node| {
                node.conditions = Conditions { filter: Some(filter.to_owned()), ..Conditions::default() };
            });
            assert_eq!(found(&plan), [expected], "{filter}");
        }
        let scan = plan(PostgreSql, |node| node.relation = relation("customers", "c"));
        assert_eq!(found(&scan), ["customers c"]);
        let sort = plan(PostgreSql, |node| node.keys = vec!["o.created DESC".to_owned()]);
        assert_eq!(found(&sort), ["o.created DESC"]);
        let limit = plan(PostgreSql, |node| node.operator = Operator::Limit);
        assert_eq!(found(&limit), ["LIMIT 20"]);
        let stranger = plan(PostgreSql, |node| {
            node.conditions.filter = Some("(a.b = 'open')".to_owned());
        });
        assert_eq!(found(&stranger), Vec::<&str>::new(), "a value alone is no likeness");
    }

    #[test]
    fn a_place_in_the_text_leads_to_its_node() {
        let mut builder = PlanBuilder::new();
        builder.push(None, Node::new(Role::Root, Operator::Limit, "Limit")).unwrap();
        for (name, filter) in [("orders", "(o.status = 'open'::text)"), ("items", "(i.order_id = o.id)")] {
            let mut node = Node::new(Role::Outer, Operator::SeqScan, "Seq Scan");
            node.relation = Some(Relation { schema: None, name: name.into(), alias: Some(name[..1].into()) });
            node.conditions.filter = Some(filter.to_owned());
            builder.push(Some(NodeId::ROOT), node).unwrap();
        }
        let plan = builder.finish(PostgreSql).unwrap();
        let all = parts(SQL, PostgreSql);
        let at = |text: &str| node_at(&all, &plan, SQL.find(text).unwrap());
        assert_eq!(at("'open'"), Some(NodeId(1)));
        assert_eq!(at("items"), Some(NodeId(2)));
        assert_eq!(at("LIMIT"), Some(NodeId::ROOT));
        assert_eq!(at("count"), None);
    }
}
