//! Rows that a statement's conditions select by an index that exists: read whole, they take the place of what the sample makes of
//! them, so that the twin counts there what production counts.

use mysql_async::Value;

use super::{
    facts::Facts,
    fill::{inserted, run},
    refused,
    sample::selected,
};
use crate::{
    advise::TrialError,
    catalog::Index,
    plan::Engine,
    server::mysql::{Connection, cells::quoted},
    sql::shape::{Operand, Predicate, Shape, Test},
    whatif::temporary_tables::sample::literals,
};

/// Rows of one value that are read in any case.
const NAMED: usize = 1_000;
/// Rows of one condition that are read when the twin did not plan like production.
const MOST: usize = 5_000;

/// Reads and puts in the rows of each value that the statement names and an index leads with. How many were read.
pub(super) async fn named(
    production: &mut Connection,
    hand: &mut Connection,
    facts: &Facts,
    shape: &Shape,
) -> Result<usize, TrialError> {
    let mut read = 0;
    for (column, literal) in literals(&facts.table, shape) {
        let condition = format!("{} = ?", quoted(&column));
        let value = || vec![Value::from(literal.as_str())];
        let rows = selected(production, facts, &condition, value(), NAMED).await.map_err(super::failed)?;
        let Some(rows) = rows else { continue };
        read += rows.len();
        put(hand, facts, &condition, value(), rows).await?;
    }
    Ok(read)
}

/// Reads and puts in the rows that the conditions on the first columns of each existing index select. How many were read.
pub(super) async fn conditions(
    production: &mut Connection,
    hand: &mut Connection,
    facts: &Facts,
    shape: &Shape,
) -> Result<usize, TrialError> {
    let mut read = 0;
    let mut done: Vec<String> = Vec::new();
    for index in facts.table.indexes.iter().filter(|i| !i.disabled && i.method == "btree") {
        let Some(condition) = condition(facts, index, shape) else { continue };
        if done.contains(&condition) {
            continue;
        }
        let rows = selected(production, facts, &condition, Vec::new(), MOST).await;
        done.push(condition.clone());
        let rows = match rows {
            Ok(Some(rows)) => rows,
            // A condition that does not stand by itself is no fault of the statement's.
            Err(error) if error.code.is_none() => return Err(super::failed(error)),
            Ok(None) | Err(_) => continue,
        };
        read += rows.len();
        put(hand, facts, &condition, Vec::new(), rows).await?;
    }
    Ok(read)
}

/// The conditions of one source of the table on the first columns of an index.
fn condition(facts: &Facts, index: &Index, shape: &Shape) -> Option<String> {
    let sources = shape.sources.iter().enumerate();
    let ours = sources.filter(|(_, s)| s.table == facts.table.name && s.schema == facts.table.schema);
    for (source, _) in ours {
        let on = |column: &str| {
            let usable = |p: &&Predicate| {
                p.source == source
                    && p.branch.is_none()
                    && !p.derived
                    && matches!(p.operand, Operand::Column(ref name) if name == column)
                    && matches!(p.test, Test::Equal | Test::OneOf | Test::Range | Test::LikePrefix | Test::IsNull)
                    && p.values.iter().all(|v| matches!(v, crate::sql::shape::Value::Literal(_)))
            };
            let found: Vec<&Predicate> = shape.predicates.iter().filter(usable).collect();
            let fixed = found.iter().any(|p| matches!(p.test, Test::Equal | Test::IsNull));
            (found.iter().map(|p| format!("({})", p.sql)).collect::<Vec<_>>(), fixed)
        };
        let mut all: Vec<String> = Vec::new();
        for key in &index.keys {
            let Some(column) = key.column.as_deref() else { break };
            let (found, fixed) = on(column);
            all.extend(found);
            if !fixed {
                break;
            }
        }
        if !all.is_empty() {
            return Some(all.join(" AND "));
        }
    }
    None
}

/// Puts rows in the place of those that a condition selects on the twin.
async fn put(
    hand: &mut Connection,
    facts: &Facts,
    condition: &str,
    params: Vec<Value>,
    rows: Vec<Vec<Value>>,
) -> Result<(), TrialError> {
    let name = facts.name();
    let sql = format!("DELETE FROM {name} WHERE {condition}");
    hand.ask("taking rows of the twin away", &sql, params).await.map_err(|e| refused(&e))?;
    let columns: Vec<String> = facts.columns.iter().map(|c| quoted(c)).collect();
    inserted(hand, "REPLACE", &name, &columns.join(", "), rows).await.map_err(|e| refused(&e))?;
    if hand.info().engine == Engine::MariaDb || !facts.definition.is_innodb() {
        run(hand, &format!("ANALYZE TABLE {name}")).await.map_err(|e| refused(&e))?;
    }
    Ok(())
}
