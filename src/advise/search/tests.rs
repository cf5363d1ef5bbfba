use std::collections::BTreeSet;

use super::{Found, Subject, Thing, search};
use crate::{
    advise::{Boxed, Candidate, Change, Key, Limits, Planned, Trial, TrialError, Tried, Trust},
    catalog::{Catalog, Table},
    plan::{Engine::PostgreSql, Node, Operator, Plan, PlanBuilder, Role},
};

/// A statement, a group of indexes, and what the group saves it.
type Gain = (usize, &'static [&'static str], f64);

/// A planner to which each statement costs 100, less for each group of indexes on its table that is there as a whole.
struct Fake {
    gains: Vec<Gain>,
}

fn plan(used: &BTreeSet<&str>, cost: f64) -> Plan {
    let mut builder = PlanBuilder::new();
    let mut root = Node::new(Role::Root, Operator::Limit, "root");
    root.cost.total = Some(cost);
    let root = builder.push(None, root).unwrap();
    for name in used {
        let mut scan = Node::new(Role::Outer, Operator::IndexScan, "scan");
        scan.index = Some((*name).to_owned());
        builder.push(Some(root), scan).unwrap();
    }
    builder.finish(PostgreSql).unwrap()
}

impl Trial for Fake {
    fn method(&self) -> &'static str {
        "fake"
    }

    fn try_one<'a>(&'a mut self, _: &'a str, _: &'a Candidate) -> Boxed<'a, Result<Tried, TrialError>> {
        Box::pin(std::future::ready(Err(TrialError::Unsupported { method: "fake", reason: String::new() })))
    }

    fn plans<'a>(
        &'a mut self,
        statements: &'a [&'a str],
        change: Change<'a>,
    ) -> Boxed<'a, Result<Vec<Result<Planned, TrialError>>, TrialError>> {
        let there: Vec<&str> = change.add.iter().map(|c| c.keys[0].expr.as_str()).collect();
        let answer = |sql: &&str| {
            let mut used = BTreeSet::new();
            let mut cost = 100.0;
            for (statement, group, gain) in &self.gains {
                if sql.parse() == Ok(*statement) && group.iter().all(|one| there.contains(one)) {
                    used.extend(group.iter().copied());
                    cost -= gain;
                }
            }
            let names = there.iter().map(|name| Some((*name).to_owned())).collect();
            Ok(Planned { plan: plan(&used, cost), trust: Trust::Close, names })
        };
        Box::pin(std::future::ready(Ok(statements.iter().map(answer).collect())))
    }
}

async fn found(indexes: &[(&str, f64)], mut fake: Fake, room: Option<u64>) -> (Vec<String>, Found) {
    let gains = fake.gains.clone();
    searched(indexes, &gains, &mut fake, room).await
}

async fn searched(
    indexes: &[(&str, f64)],
    gains: &[Gain],
    trial: &mut dyn Trial,
    room: Option<u64>,
) -> (Vec<String>, Found) {
    let count = 1 + gains.iter().map(|g| g.0).max().unwrap();
    let things: Vec<Thing> = indexes
        .iter()
        .map(|(name, bytes)| {
            let candidate = Candidate {
                engine: PostgreSql,
                schema: "s".to_owned(),
                table: "t".to_owned(),
                method: "btree",
                keys: vec![Key::column(*name)],
                include: Vec::new(),
                predicate: None,
                replaces: Vec::new(),
                reasons: Vec::new(),
            };
            Thing { candidate, bytes: *bytes, upkeep: 0.0, parts: Vec::new() }
        })
        .collect();
    let mut subjects: Vec<Subject> = (0..count)
        .map(|statement| {
            let helps = |(name, _): &(&str, f64)| gains.iter().any(|g| g.0 == statement && g.1.contains(name));
            let concerned: Vec<bool> = indexes.iter().map(helps).collect();
            let own = (0_u16..).zip(&concerned).filter(|(_, concerned)| **concerned).map(|(place, _)| place).collect();
            Subject { sql: statement.to_string(), weight: 1.0, concerned, own }
        })
        .collect();
    let table = Table { schema: "s".into(), name: "t".into(), bytes: Some(1_000_000), ..Table::default() };
    let catalog = Catalog { tables: vec![table], ..Catalog::default() };
    let texts: Vec<String> = subjects.iter().map(|s| s.sql.clone()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let before = trial.try_set(&texts, &[]).await;
    let limits = Limits { bytes: room, ..Limits::default() };
    let found = search(trial, &mut subjects, things, &catalog, &before, &limits, &mut |_| ()).await;
    let mut names: Vec<String> =
        found.set.iter().map(|i| found.things[usize::from(*i)].candidate.keys[0].expr.clone()).collect();
    names.sort();
    (names, found)
}

#[tokio::test]
async fn dense_indexes_make_way_for_larger_ones_that_gain_more() {
    let indexes = [("a", 34_000.0), ("b", 34_000.0), ("c", 50_000.0), ("d", 50_000.0)];
    let gains = vec![(0, &["a"][..], 41.0), (1, &["b"][..], 41.0), (2, &["c"][..], 50.0), (3, &["d"][..], 50.0)];
    let (names, found) = found(&indexes, Fake { gains }, Some(100_000)).await;
    assert_eq!(names, ["c", "d"]);
    assert!(found.explains < 60, "{}", found.explains);
}

#[tokio::test]
async fn without_bounds_everything_stays_that_earns_its_bytes() {
    let indexes = [("a", 30_000.0), ("b", 30_000.0), ("c", 50_000.0), ("d", 900_000.0)];
    // Two that help only together; one that earns less than its bytes are worth.
    let gains = vec![(0, &["a", "b"][..], 60.0), (1, &["c"][..], 50.0), (2, &["d"][..], 1.0)];
    let (names, found) = found(&indexes, Fake { gains }, None).await;
    assert_eq!(names, ["a", "b", "c"]);
    let costs: Vec<f64> = found.costs.iter().flatten().map(|(_, after)| *after).collect();
    assert_eq!(costs, [40.0, 50.0, 100.0]);
}

#[tokio::test]
async fn what_fits_nowhere_is_not_taken() {
    let (names, _) = found(&[("a", 200_000.0)], Fake { gains: vec![(0, &["a"][..], 90.0)] }, Some(100_000)).await;
    assert!(names.is_empty(), "{names:?}");
}

/// Makes no index, and says so where it is asked of one statement and one index alone.
struct Refusing;

impl Trial for Refusing {
    fn method(&self) -> &'static str {
        "refusing"
    }

    fn try_one<'a>(&'a mut self, _: &'a str, _: &'a Candidate) -> Boxed<'a, Result<Tried, TrialError>> {
        Box::pin(std::future::ready(Err(TrialError::Unsupported { method: "refusing", reason: String::new() })))
    }

    fn plans<'a>(
        &'a mut self,
        statements: &'a [&'a str],
        change: Change<'a>,
    ) -> Boxed<'a, Result<Vec<Result<Planned, TrialError>>, TrialError>> {
        let answer = |_: &&str| {
            if statements.len() == 1 && change.add.len() == 1 {
                return Err(TrialError::Unsupported { method: "refusing", reason: String::new() });
            }
            let names = change.add.iter().map(|_| None).collect();
            Ok(Planned { plan: plan(&BTreeSet::new(), 100.0), trust: Trust::Rough, names })
        };
        Box::pin(std::future::ready(Ok(statements.iter().map(answer).collect())))
    }
}

#[tokio::test]
async fn what_a_method_refuses_for_one_of_several_statements_was_not_made() {
    let indexes = [("a", 30_000.0), ("b", 30_000.0)];
    let gains = vec![(0, &["a"][..], 41.0), (1, &["b"][..], 41.0)];
    let (names, found) = searched(&indexes, &gains, &mut Refusing, None).await;
    assert!(names.is_empty(), "{names:?}");
    assert_eq!(found.unmade, [true, true]);
}
