//! Which functions of a statement are volatile: may change data, or act outside the database.
//!
//! Names are looked for in the statement and in its plan, where VERBOSE prints every expression that will run. Any
//! overload in any schema counts, so the answer may be too careful and never too bold. Operators and casts hide their
//! functions: those with a volatile one are looked for by their own names.

use std::collections::BTreeSet;

use tokio_postgres::types::Type;

use super::{get, wire::Wire};
use crate::server::ServerError;

/// Names among these that may be volatile, as a person would write them.
pub(super) async fn named(wire: &Wire, functions: &[String], plan: &str) -> Result<Vec<String>, ServerError> {
    let mut names: BTreeSet<String> = functions.iter().map(|f| unqualified(f)).collect();
    names.extend(called(plan));
    let names: Vec<String> = names.into_iter().collect();
    let found = wire
        .rows(
            "looking for volatile functions",
            "SELECT DISTINCT proname::text || '()', NULL::text FROM pg_catalog.pg_proc \
             WHERE provolatile = 'v' AND proname = ANY ($1::text[]) \
             UNION SELECT 'the operator ' || o.oprname, o.oprname::text \
             FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode \
             WHERE p.provolatile = 'v' \
             UNION SELECT 'a cast to ' || pg_catalog.format_type(c.casttarget, NULL), \
                          '::' || pg_catalog.format_type(c.casttarget, NULL) \
             FROM pg_catalog.pg_cast c JOIN pg_catalog.pg_proc p ON p.oid = c.castfunc \
             WHERE p.provolatile = 'v' ORDER BY 1",
            &[(&names, Type::TEXT_ARRAY)],
        )
        .await?;
    let mut volatile = Vec::new();
    for row in &found {
        let (shown, sign): (String, Option<String>) = (get(row, 0)?, get(row, 1)?);
        if sign.is_none_or(|sign| plan.contains(&sign)) {
            volatile.push(shown);
        }
    }
    Ok(volatile)
}

/// The last part of a name, without its quotes.
fn unqualified(name: &str) -> String {
    match name.strip_suffix('"') {
        Some(rest) => rest.rsplit_once('"').map_or(rest, |(_, last)| last).to_owned(),
        None => name.rsplit('.').next().unwrap_or(name).to_owned(),
    }
}

/// Everything in a plan document that stands before an opening bracket, as functions do. In JSON a quoted name's quotes
/// are `\"`.
fn called(plan: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in plan.match_indices('(') {
        let before = &plan[..at];
        if let Some(before) = before.strip_suffix("\\\"") {
            let start = before.rfind("\\\"").map_or(0, |i| i + 2);
            names.insert(before[start..].to_owned());
        } else {
            let name_start = before
                .char_indices()
                .rev()
                .take_while(|(_, c)| c.is_alphanumeric() || matches!(c, '_' | '$'))
                .last()
                .map_or(at, |(i, _)| i);
            if name_start < at {
                names.insert(before[name_start..].to_owned());
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{called, unqualified};

    #[test]
    fn a_plan_names_the_functions_it_calls() {
        let plan = r#"[{"Plan": {"Output": ["lower(name)", "s.f1(id, nextval('s'::regclass))", "(a + b)",
            "public.\"Odd Name\"(x)"], "Filter": "(étage(x) > 1)"}}]"#;
        let names = called(plan);
        for name in ["lower", "f1", "nextval", "Odd Name", "étage"] {
            assert!(names.contains(name), "{name} in {names:?}");
        }
    }

    #[test]
    fn schemas_and_quotes_are_taken_off() {
        for (name, bare) in [("f", "f"), ("s.f", "f"), ("\"F\"", "F"), ("s.\"a.b\"", "a.b"), ("\"S\".f", "f")] {
            assert_eq!(unqualified(name), bare);
        }
    }
}
