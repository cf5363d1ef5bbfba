//! What each column of the chosen indexes is worth: the set is planned once more without it. One that is worth next to nothing
//! goes; of the others it is told what would be lost.

use super::{Candidate, Planned, Trial, Weighted, ddl, judge, limited::hedged, lone, search::subsumes};
use crate::{catalog::Catalog, fmt, plan::Plan};

/// A column is worth nothing when the statements that use its index become dearer by no more than this part, all together …
const NOTHING: f64 = 0.005;
/// … and each alone by no more than this.
const EACH: f64 = 0.05;
/// Statements looked at for each column: those that the index serves most; the others before it goes.
const STATEMENTS: usize = 4;
/// Plans asked for each index at most.
const MOST: usize = 12;

/// An index of the set with what was found of its columns.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) candidate: Candidate,
    /// What the method calls it.
    pub(super) name: String,
    /// What would be lost with each column, one line each.
    pub(super) lost: Vec<String>,
}

/// The statements' plans with a set.
#[derive(Debug, Default)]
pub(super) struct Plans {
    pub(super) after: Vec<Option<Plan>>,
    /// Plans asked for.
    pub(super) explains: usize,
}

/// Goes through the columns of every index of the set.
pub(super) async fn weigh(
    trial: &mut dyn Trial,
    workload: &[Weighted],
    catalog: &Catalog,
    set: &mut [Chosen],
    plans: &mut Plans,
    over: &(dyn Fn() -> bool + Sync),
) {
    let mut narrowed = false;
    for at in 0..set.len() {
        let mut using: Vec<(usize, f64)> = plans
            .after
            .iter()
            .enumerate()
            .filter_map(|(s, plan)| {
                plan.as_ref().filter(|p| judge::uses(p, &set[at].name)).map(|p| (s, hedged(p, catalog)))
            })
            .collect();
        // The dearest ones tell most.
        using.sort_by(|a, b| (b.1 * workload[b.0].weight).total_cmp(&(a.1 * workload[a.0].weight)));
        let others = using.split_off(using.len().min(STATEMENTS));
        let mut asked = 0;
        let mut column = 0;
        while let Some((less, what)) = without(&set[at].candidate, column) {
            if using.is_empty() || asked + using.len() > MOST || over() {
                break;
            }
            column += 1;
            if stands_beside(&less, at, set, catalog) {
                continue;
            }
            let texts: Vec<&str> = using.iter().map(|(s, _)| workload[*s].sql.as_str()).collect();
            let variant: Vec<&Candidate> =
                set.iter().enumerate().map(|(i, c)| if i == at { &less } else { &c.candidate }).collect();
            let answers = trial.try_set(&texts, &variant).await;
            asked += texts.len();
            let Ok(answers) = answers.into_iter().collect::<Result<Vec<Planned>, _>>() else { continue };
            let costs: Vec<f64> = answers.iter().map(|a| hedged(&a.plan, catalog)).collect();
            let weights = using.iter().map(|(s, _)| workload[*s].weight);
            let now: f64 = using.iter().map(|(_, cost)| cost).zip(weights.clone()).map(|(c, w)| c * w).sum();
            let then: f64 = costs.iter().zip(weights).map(|(c, w)| c * w).sum();
            let cheap = costs.iter().zip(&using).all(|(cost, (_, now))| *cost <= now * (1.0 + EACH));
            // How many rows there are differs by more from one index to the other than a sort that comes back costs.
            let sorts = |s: usize| plans.after[s].as_ref().map_or(0, judge::sorts_of);
            let each = cheap && answers.iter().zip(&using).all(|(a, (s, _))| judge::sorts_of(&a.plan) <= sorts(*s));
            let nothing = then <= now * (1.0 + NOTHING) && each;
            if nothing && !others.is_empty() {
                asked += others.len();
            }
            if nothing && spared(trial, workload, catalog, &variant, &others).await {
                set[at].candidate = less;
                still_replaced(&mut set[at].candidate, catalog);
                narrowed = true;
                // The columns behind it have moved up.
                column -= 1;
            } else if then > now {
                let price = |s: usize, plan: &Plan| judge::price_of(plan) * workload[s].weight;
                let told = using.iter().zip(&answers).filter_map(|((s, _), answer)| {
                    Some((price(*s, plans.after[*s].as_ref()?), price(*s, &answer.plan)))
                });
                let (with, less) = told.fold((0.0, 0.0), |sum, (with, less)| (sum.0 + with, sum.1 + less));
                set[at].lost.push(lost(&what, with, less, answers.first().map(|answer| &answer.plan)));
            }
        }
        plans.explains += asked;
    }
    if narrowed {
        replan(trial, workload, set, plans).await;
    }
}

/// Takes out of a set for one statement what adds to the others no more than would pay a wider index. The places of the set that went,
/// the last first.
pub(super) async fn spare(
    trial: &mut dyn Trial,
    statement: &Weighted,
    before: &Plan,
    catalog: &Catalog,
    set: &mut Vec<Chosen>,
    plans: &mut Plans,
    over: &(dyn Fn() -> bool + Sync),
) -> Vec<usize> {
    let mut gone = Vec::new();
    let whole = judge::price_of(before);
    for at in (0..set.len()).rev() {
        let Some(now) = plans.after.first().and_then(Option::as_ref) else { break };
        if set.len() < 2 || over() {
            break;
        }
        let others: Vec<&Candidate> =
            set.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, c)| &c.candidate).collect();
        let answer = trial.try_set(&[statement.sql.as_str()], &others).await.pop();
        plans.explains += 1;
        let Some(Ok(answer)) = answer else { continue };
        if judge::sorts_of(&answer.plan) > judge::sorts_of(now)
            || lone::pays(now.engine, whole, hedged(now, catalog), hedged(&answer.plan, catalog))
        {
            continue;
        }
        let saved = (judge::price_of(&answer.plan) - judge::price_of(now)) / whole.max(f64::MIN_POSITIVE);
        let what = ddl::short(&set[at].candidate);
        let line = format!("{what} on {} besides: {}", set[at].candidate.table, lone::too_little(saved));
        set.remove(at);
        gone.push(at);
        if let Some(first) = set.first_mut() {
            first.lost.push(line);
        }
        replan(trial, std::slice::from_ref(statement), set, plans).await;
    }
    gone
}

/// A line on what is lost without a column, by the server's own figures with and without it.
fn lost(what: &str, with: f64, without: f64, plan: Option<&Plan>) -> String {
    let unit = judge::weighed(plan);
    let shown = |price| if unit == "cost" { fmt::cost(price) } else { fmt::count(price) };
    if without > with {
        format!("without {what}: {unit} {}, against {}", shown(without), shown(with))
    } else {
        let but = if unit == "cost" {
            "as long as enough rows soon pass what is asked of it"
        } else {
            "but with rows to fetch from the table or to sort"
        };
        format!("without {what}: {unit} {}, {but}", shown(without))
    }
}

/// Whether none of the statements, each with what it costs now, misses what the set lacks.
async fn spared(
    trial: &mut dyn Trial,
    workload: &[Weighted],
    catalog: &Catalog,
    set: &[&Candidate],
    using: &[(usize, f64)],
) -> bool {
    if using.is_empty() {
        return true;
    }
    let texts: Vec<&str> = using.iter().map(|(s, _)| workload[*s].sql.as_str()).collect();
    let answers = trial.try_set(&texts, set).await;
    answers.iter().zip(using).all(|(answer, (_, now))| {
        answer.as_ref().is_ok_and(|planned| hedged(&planned.plan, catalog) <= now * (1.0 + NOTHING))
    })
}

/// The plans with the set as it is now, and the names the method gives it.
async fn replan(trial: &mut dyn Trial, workload: &[Weighted], set: &mut [Chosen], plans: &mut Plans) {
    let open: Vec<usize> = (0..plans.after.len()).filter(|s| plans.after[*s].is_some()).collect();
    let texts: Vec<&str> = open.iter().map(|s| workload[*s].sql.as_str()).collect();
    let candidates: Vec<Candidate> = set.iter().map(|c| c.candidate.clone()).collect();
    let answers = trial.try_set(&texts, &candidates.iter().collect::<Vec<_>>()).await;
    plans.explains += texts.len();
    for (statement, answer) in open.into_iter().zip(answers) {
        let Ok(planned) = answer else { continue };
        for (chosen, name) in set.iter_mut().zip(planned.names) {
            if let Some(name) = name {
                chosen.name = name;
            }
        }
        plans.after[statement] = Some(planned.plan);
    }
}

/// The index without one of its columns, for each of them.
pub(super) fn parts(candidate: &Candidate) -> Vec<Candidate> {
    (0..).map_while(|place| without(candidate, place)).map(|(part, _)| part).collect()
}

/// The index without its n-th column from the end, carried ones first, and what that column is; the last key stays.
fn without(candidate: &Candidate, place: usize) -> Option<(Candidate, String)> {
    let mut less = candidate.clone();
    let what = if place < less.include.len() {
        let at = less.include.len() - 1 - place;
        less.include.remove(at)
    } else {
        let at = less.keys.len().checked_sub(1 + place - less.include.len())?;
        if less.keys.len() < 2 {
            return None;
        }
        let key = less.keys.remove(at);
        // One line tells of each key, in their order, before the others.
        if at < less.reasons.len() {
            less.reasons.remove(at);
        }
        if key.expression { crate::text::one_line(&key.expr) } else { ddl::quoted(&key.expr, candidate.engine) }
    };
    if let Some(line) = less.reasons.iter_mut().find(|line| line.starts_with("INCLUDE (")) {
        let words = line.split_once("): ").map_or("", |(_, words)| words).to_owned();
        *line = format!("INCLUDE ({}): {words}", less.include.join(", "));
    }
    if less.include.is_empty() {
        less.reasons.retain(|line| !line.starts_with("INCLUDE ("));
    }
    Some((less, what))
}

/// Takes out of what the index replaces what it no longer does the work of.
fn still_replaced(less: &mut Candidate, catalog: &Catalog) {
    let indexes = catalog.table(Some(&less.schema), &less.table).map_or(&[][..], |t| &t.indexes);
    let held = |c: &String| less.include.contains(c) || less.keys.iter().any(|k| k.expr == *c);
    let replaces = less.replaces.iter().filter(|name| {
        indexes.iter().any(|i| i.name == **name && i.keys.len() <= less.keys.len() && i.include.iter().all(held))
    });
    less.replaces = replaces.cloned().collect();
}

/// Whether another of the set, or an index that stands, does what the narrower one would.
fn stands_beside(less: &Candidate, at: usize, set: &[Chosen], catalog: &Catalog) -> bool {
    let beside = set.iter().enumerate().any(|(i, c)| i != at && subsumes(&c.candidate, less));
    let table = catalog.table(Some(&less.schema), &less.table);
    let stands = table.into_iter().flat_map(|t| &t.indexes).any(|index| {
        index.method == less.method
            && index.predicate == less.predicate
            && index.keys.len() >= less.keys.len()
            && index.keys.iter().zip(&less.keys).all(|(have, want)| {
                have.column.as_ref() == Some(&want.expr) && have.desc == want.desc && have.opclass == want.opclass
            })
            && less.include.iter().all(|c| index.include.contains(c))
    });
    beside || stands
}

#[cfg(test)]
mod tests {
    use super::{Chosen, Plans, spare, weigh, without};
    use crate::{
        advise::{Boxed, Candidate, Change, Key, Planned, Trial, TrialError, Tried, Trust, Weighted},
        catalog::Catalog,
        plan::{Engine::PostgreSql, Node, Operator, Plan, PlanBuilder, Role},
    };

    /// A planner to which column `b` is worth much, `c` next to nothing and `d` a little.
    struct Fake;

    fn plan(index: &str, cost: f64) -> Plan {
        let mut builder = PlanBuilder::new();
        let mut scan = Node::new(Role::Root, Operator::IndexScan, "scan");
        scan.index = Some(index.to_owned());
        scan.cost.total = Some(cost);
        builder.push(None, scan).unwrap();
        builder.finish(PostgreSql).unwrap()
    }

    fn cost(set: &[&Candidate]) -> f64 {
        let has = |name: &str| {
            set.iter().any(|one| one.keys.iter().any(|k| k.expr == name) || one.include.iter().any(|c| c == name))
        };
        [("a", 500.0), ("b", 300.0), ("c", 0.2), ("d", 20.0)]
            .into_iter()
            .filter(|(name, _)| !has(name))
            .fold(100.0, |sum, (_, more)| sum + more)
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
            let name = |one: &&Candidate| format!("made {}", one.keys.len() + one.include.len());
            let plan = plan(&name(&change.add[0]), cost(change.add));
            let names = change.add.iter().map(|one| Some(name(one))).collect();
            let answer = Planned { plan, trust: Trust::Close, names };
            Box::pin(std::future::ready(Ok(statements.iter().map(|_| Ok(answer.clone())).collect())))
        }
    }

    fn index(keys: &[&str], include: &[&str]) -> Candidate {
        Candidate {
            engine: PostgreSql,
            schema: "public".to_owned(),
            table: "t".to_owned(),
            method: "btree",
            keys: keys.iter().map(|c| Key::column(*c)).collect(),
            include: include.iter().map(|c| (*c).to_owned()).collect(),
            predicate: None,
            replaces: Vec::new(),
            reasons: keys
                .iter()
                .map(|c| format!("{c}: asked"))
                .chain((!include.is_empty()).then(|| format!("INCLUDE ({}): needed", include.join(", "))))
                .collect(),
        }
    }

    #[tokio::test]
    async fn a_column_worth_nothing_goes_and_of_the_others_it_is_told_what_they_are_worth() {
        let candidate = index(&["a", "b"], &["c", "d"]);
        let mut plans = Plans { after: vec![Some(plan("made 4", cost(&[&candidate])))], explains: 0 };
        let mut set = [Chosen { candidate, name: "made 4".to_owned(), lost: Vec::new() }];
        let workload = [Weighted { sql: "select 1".to_owned(), weight: 1.0 }];
        weigh(&mut Fake, &workload, &Catalog::default(), &mut set, &mut plans, &|| false).await;
        let [chosen] = &set;
        assert_eq!((chosen.candidate.keys.len(), chosen.candidate.include.as_slice()), (2, &["d".to_owned()][..]));
        assert_eq!(chosen.candidate.reasons, ["a: asked", "b: asked", "INCLUDE (d): needed"]);
        assert_eq!(
            chosen.lost,
            [
                "without d: cost 120, against 100",
                "without b: cost 400, against 100",
                "without a: cost 600, against 100"
            ]
        );
        // The plans are those of the set as it is now.
        assert_eq!(chosen.name, "made 3");
        assert!(plans.explains >= 5 && plans.after[0].as_ref().is_some_and(|p| crate::advise::uses(p, "made 3")));
    }

    #[tokio::test]
    async fn an_index_that_adds_next_to_nothing_to_the_others_goes() {
        let statement = Weighted { sql: "select 1".to_owned(), weight: 1.0 };
        for (beside, gone, left) in [("c", &[1][..], 1), ("d", &[], 2)] {
            let pair = [index(&["a", "b"], &[]), index(&[beside], &[])];
            let now = plan("made 2", cost(&[&pair[0], &pair[1]]));
            let mut plans = Plans { after: vec![Some(now)], explains: 0 };
            let chosen = |candidate| Chosen { candidate, name: "made".to_owned(), lost: Vec::new() };
            let mut set: Vec<Chosen> = pair.into_iter().map(chosen).collect();
            let (before, catalog) = (plan("none", 920.0), Catalog::default());
            let went = spare(&mut Fake, &statement, &before, &catalog, &mut set, &mut plans, &|| false).await;
            assert_eq!((went.as_slice(), set.len()), (gone, left), "{beside}");
            assert_eq!(set[0].lost.iter().any(|line| line.starts_with("(c) on t besides: ")), left == 1);
        }
    }

    #[test]
    fn the_last_key_stays() {
        assert!(without(&index(&["a"], &[]), 0).is_none());
        let (less, what) = without(&index(&["a", "b"], &["c"]), 1).unwrap();
        assert_eq!((less.keys.len(), less.include.len(), what.as_str()), (1, 1, "b"));
        assert!(without(&index(&["a", "b"], &["c"]), 3).is_none());
    }
}
