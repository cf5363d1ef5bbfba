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
    plan::Engine,
    server::mysql::{Connection, cells::quoted},
    sql::shape::{Operand, Predicate, Shape, Test, Value as Given},
    whatif::temporary_tables::sample::literals,
};

/// Rows of one value that are read in any case.
const NAMED: usize = 1_000;
/// Rows of one condition that are read when the twin did not plan like production.
const MOST: usize = 5_000;

/// Rows that are wanted of production.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    condition: String,
    with: Option<String>,
    /// If there are at most so many.
    most: usize,
}

impl Wanted {
    /// The values, if any, that stand in the condition.
    fn values(&self) -> Vec<Value> {
        self.with.as_deref().map(Value::from).into_iter().collect()
    }

    /// What tells it from others.
    pub(super) fn label(&self) -> String {
        label(&self.condition, self.with.as_deref())
    }
}

fn label(condition: &str, with: Option<&str>) -> String {
    with.map_or(condition.to_owned(), |value| condition.replacen('?', value, 1))
}

/// Those of each value that the statement names and an index leads with.
pub(super) fn named(facts: &Facts, shape: &Shape) -> Vec<Wanted> {
    let one = |(column, literal): (String, String)| Wanted {
        condition: format!("{} = ?", quoted(&column)),
        with: Some(literal),
        most: NAMED,
    };
    literals(&facts.table, shape).into_iter().map(one).collect()
}

/// Those that the conditions on the first columns of each existing index select.
pub(super) fn conditions(facts: &Facts, shape: &Shape) -> Vec<Wanted> {
    let mut all: Vec<Wanted> = Vec::new();
    for index in facts.table.indexes.iter().filter(|i| !i.disabled && i.method == "btree") {
        let columns: Vec<&str> = index.keys.iter().map_while(|key| key.column.as_deref()).collect();
        let asked = asked(facts, &columns, shape);
        let parts: Vec<&str> = asked.iter().flat_map(|one| &one.sql).map(String::as_str).collect();
        let wanted = Wanted { condition: parts.join(" AND "), with: None, most: MOST };
        if !parts.is_empty() && !all.contains(&wanted) {
            all.push(wanted);
        }
    }
    all
}

/// Reads rows of production and puts them in. How many were read, and of what all were.
pub(super) async fn read(
    production: &mut Connection,
    hand: &mut Connection,
    facts: &Facts,
    wanted: &[Wanted],
) -> Result<(usize, Vec<String>), TrialError> {
    let (mut count, mut whole) = (0, Vec::new());
    for one in wanted {
        let rows = match selected(production, facts, &one.condition, one.values(), one.most).await {
            Ok(Some(rows)) => rows,
            // A condition that does not stand by itself is no fault of the statement's.
            Err(error) if error.code.is_none() => return Err(super::failed(error)),
            Ok(None) | Err(_) => continue,
        };
        count += rows.len();
        put(hand, facts, one, rows).await?;
        whole.push(one.label());
    }
    Ok((count, whole))
}

/// What a statement asks of a column of one of a table's sources.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    pub(super) column: String,
    /// Its conditions.
    pub(super) sql: Vec<String>,
    /// Literals in them.
    pub(super) values: Vec<String>,
    /// It is to be one value, and that value is NULL.
    pub(super) fixed: bool,
    pub(super) null: bool,
}

impl Asked {
    /// Whether these are labels of rows that were read whole, and this is one of them.
    pub(super) fn is_among(&self, whole: &[String]) -> bool {
        let alone = match self.values.as_slice() {
            [one] if self.fixed => Some(label(&format!("{} = ?", quoted(&self.column)), Some(one))),
            _ => None,
        };
        alone.is_some_and(|alone| whole.contains(&alone)) || whole.contains(&self.sql.join(" AND "))
    }
}

/// What the first source of the table that is asked anything of these columns is asked of them, up to the first that is not fixed to
/// one value.
pub(super) fn asked(facts: &Facts, columns: &[&str], shape: &Shape) -> Vec<Asked> {
    let sources = shape.sources.iter().enumerate();
    let ours = sources.filter(|(_, s)| s.table == facts.table.name && s.schema == facts.table.schema);
    for (source, _) in ours {
        let mut all: Vec<Asked> = Vec::new();
        for column in columns {
            let Some(one) = asked_of(column, source, shape) else { break };
            let fixed = one.fixed;
            all.push(one);
            if !fixed {
                break;
            }
        }
        if !all.is_empty() {
            return all;
        }
    }
    Vec::new()
}

fn asked_of(column: &str, source: usize, shape: &Shape) -> Option<Asked> {
    let usable = |p: &&Predicate| {
        p.source == source
            && p.branch.is_none()
            && !p.derived
            && matches!(p.operand, Operand::Column(ref name) if name == column)
            && matches!(p.test, Test::Equal | Test::OneOf | Test::Range | Test::LikePrefix | Test::IsNull)
            && p.values.iter().all(|v| matches!(v, Given::Literal(_)))
    };
    let found: Vec<&Predicate> = shape.predicates.iter().filter(usable).collect();
    let literal = |value: &Given| if let Given::Literal(text) = value { Some(text.clone()) } else { None };
    let one = Asked {
        column: column.to_owned(),
        sql: found.iter().map(|p| format!("({})", p.sql)).collect(),
        values: found.iter().flat_map(|p| p.values.iter().filter_map(literal)).collect(),
        fixed: found.iter().any(|p| matches!(p.test, Test::Equal | Test::IsNull)),
        null: found.iter().any(|p| p.test == Test::IsNull),
    };
    (!found.is_empty()).then_some(one)
}

/// Puts rows in the place of those that a condition selects on the twin.
async fn put(hand: &mut Connection, facts: &Facts, wanted: &Wanted, rows: Vec<Vec<Value>>) -> Result<(), TrialError> {
    let name = facts.name();
    let sql = format!("DELETE FROM {name} WHERE {}", wanted.condition);
    hand.ask("taking rows of the twin away", &sql, wanted.values()).await.map_err(|e| refused(&e))?;
    let columns: Vec<String> = facts.columns.iter().map(|c| quoted(c)).collect();
    inserted(hand, "REPLACE", &name, &columns.join(", "), rows).await.map_err(|e| refused(&e))?;
    if hand.info().engine == Engine::MariaDb || !facts.definition.is_innodb() {
        run(hand, &format!("ANALYZE TABLE {name}")).await.map_err(|e| refused(&e))?;
    }
    Ok(())
}
