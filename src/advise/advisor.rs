//! From a workload to proposals: candidates, search, verdicts.

use super::{
    Candidate, Change, Limits, Planned, Proposal, Served, Step, Trial, TrialError, Tried, Trust, Verdict, Weighted,
    candidates,
    columns::{self, Chosen, Plans},
    ddl, implied, judge, lone, parts,
    pool::{Stock, pool, settled},
    rank,
    redundant::{self, Redundant},
    rename, room,
    search::{Found, search, subsumes},
    size,
    unproposed::unproposed,
};
use crate::{
    catalog::Catalog,
    fmt,
    plan::{Engine, Plan},
    sql::shape::shape,
};

/// Proposals for a single statement, those that lost included.
const SHOWN: usize = 8;
/// What was tried and lost, told with each index of a set.
const LOST: usize = 3;
/// Untested and unused candidates told for a workload.
const REST: usize = 12;

/// What became of a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The statement.
    pub sql: String,
    /// How much it counts.
    pub weight: f64,
    /// Its cost now, as the method sees it. PostgreSQL: the root's total cost; MySQL, MariaDB: rows examined.
    pub before: Option<f64>,
    /// Its cost with all proved indexes together.
    pub after: Option<f64>,
    /// Why there is no cost.
    pub problem: Option<String>,
}

/// What a search came to.
#[derive(Debug, Default)]
pub struct Advice {
    /// Proved ones first. Those without [`Proposal::instead_of`] belong together: the set to make.
    pub proposals: Vec<Proposal>,
    /// Every statement of the workload.
    pub statements: Vec<Outcome>,
    /// Indexes that another one makes superfluous.
    pub redundant: Vec<Redundant>,
    /// What is not proposed, and why; what would help instead.
    pub unproposed: Vec<String>,
    /// Candidates there were.
    pub candidates: usize,
    /// Plans asked of the server.
    pub explains: usize,
    /// It was ended by time or by hand: the best so far.
    pub early: bool,
    /// What the server said when the connection broke or the request was cancelled.
    pub broken: Option<TrialError>,
}

/// Looks for the set of indexes that makes a workload cheapest, and proves it.
///
/// `plans` are the statements' plans now, where the caller has them; the others are asked of the method.
pub async fn advise(
    trial: &mut dyn Trial,
    workload: &[Weighted],
    plans: &[Option<&Plan>],
    catalog: &Catalog,
    limits: &Limits,
    tell: &mut (dyn FnMut(Step) + Send),
) -> Advice {
    let texts: Vec<&str> = workload.iter().map(|w| w.sql.as_str()).collect();
    let mut before = trial.try_set(&texts, &[]).await;
    for (answer, known) in before.iter_mut().zip(plans) {
        // A method that tries one index at a time cannot say; then the server's own plan counts.
        if let (Err(error), Some(plan)) = (&answer, known)
            && error.is_of_method()
        {
            *answer = Ok(Planned { plan: (*plan).clone(), trust: Trust::Close, names: Vec::new() });
        }
    }
    let mut workload = workload.to_vec();
    let asked = asked_besides(&workload, &before, catalog);
    if !asked.is_empty() {
        let texts: Vec<&str> = asked.iter().map(|w| w.sql.as_str()).collect();
        before.extend(trial.try_set(&texts, &[]).await);
        workload.extend(asked);
    }
    let workload = workload.as_slice();
    let known = plans.iter().copied().chain(std::iter::repeat(None));
    let seen: Vec<Option<&Plan>> =
        before.iter().zip(known).map(|(b, known)| known.or_else(|| b.as_ref().ok().map(|p| &p.plan))).collect();
    let catalog = &settled(catalog, workload, &seen);
    let mut pool = pool(workload, &seen, catalog);
    let count = pool.things.len();
    let things = std::mem::take(&mut pool.things);
    let found = search(trial, &mut pool.subjects, things, catalog, &before, limits, tell).await;
    let mut report = Report {
        trial,
        workload,
        catalog,
        pool: &pool,
        before: &before,
        found: &found,
        set: Vec::new(),
        plans: Plans::default(),
        names: Vec::new(),
        doubted: Vec::new(),
    };
    let proposals = if found.broken.is_some() { Vec::new() } else { report.proposals(limits).await };
    let explains = found.explains + report.plans.explains;
    let statements = report.outcomes();
    let chosen: Vec<(&Candidate, &str)> = proposals
        .iter()
        .filter(|p| p.verdict == Verdict::Proved && p.instead_of.is_none())
        .map(|p| (&p.candidate, p.name.as_str()))
        .collect();
    let redundant = redundant::redundant(catalog, &chosen);
    let engine = seen.iter().flatten().next().map(|plan| plan.engine);
    let mut unproposed = engine.map(|engine| unproposed(&pool.shapes, catalog, engine)).unwrap_or_default();
    let taken = (chosen.iter().filter_map(|(candidate, _)| size(candidate, catalog)).sum(), chosen.len());
    unproposed.extend(room::told(&found, workload, catalog, limits, taken));
    Advice {
        statements,
        redundant,
        unproposed,
        proposals,
        candidates: count,
        explains,
        early: found.early,
        broken: found.broken,
    }
}

/// What foreign keys ask when the statements write.
fn asked_besides(workload: &[Weighted], before: &[Result<Planned, TrialError>], catalog: &Catalog) -> Vec<Weighted> {
    if catalog.tables.iter().all(|t| t.referenced_by.is_empty()) {
        return Vec::new();
    }
    let plans: Vec<Option<&Plan>> = before.iter().map(|b| b.as_ref().ok().map(|p| &p.plan)).collect();
    let shapes: Vec<_> = workload
        .iter()
        .zip(&plans)
        .map(|(w, plan)| plan.and_then(|plan| shape(&w.sql, plan.engine, catalog).ok()))
        .collect();
    implied::implied(workload, &shapes, &plans, catalog)
}

/// Tables that the advice needs facts of besides those that the statements name: their foreign keys are asked by the server
/// when a statement writes.
#[must_use]
pub fn partners(workload: &[Weighted], engine: Engine, catalog: &Catalog) -> Vec<(Option<String>, String)> {
    let shapes: Vec<_> = workload.iter().map(|w| shape(&w.sql, engine, catalog).ok()).collect();
    implied::partners(&shapes, catalog)
}

/// Candidates without any method to try them.
#[must_use]
pub fn untested(workload: &[Weighted], plans: &[Option<&Plan>], catalog: &Catalog, why: &TrialError) -> Advice {
    let mut proposals: Vec<Proposal> = Vec::new();
    for (statement, plan) in workload.iter().zip(plans) {
        let Some(plan) = plan else { continue };
        for candidate in candidates(&statement.sql, plan, catalog) {
            if !proposals.iter().any(|p| candidates::same(&p.candidate, &candidate)) {
                proposals.push(judge(candidate, Err(why.clone()), catalog, None));
            }
        }
    }
    let statements = workload
        .iter()
        .zip(plans)
        .map(|(w, plan)| Outcome {
            sql: w.sql.clone(),
            weight: w.weight,
            before: plan.map(judge::price_of),
            after: None,
            problem: None,
        })
        .collect();
    Advice { candidates: proposals.len(), proposals, statements, ..Advice::default() }
}

/// Makes proposals of what was found.
struct Report<'a> {
    trial: &'a mut dyn Trial,
    workload: &'a [Weighted],
    catalog: &'a Catalog,
    pool: &'a Stock,
    before: &'a [Result<Planned, TrialError>],
    found: &'a Found,
    /// The set that was found, its columns weighed.
    set: Vec<Chosen>,
    /// Each statement's plan with it.
    plans: Plans,
    /// Names given to proposals so far.
    names: Vec<String>,
    /// Statements that were asked about once more.
    doubted: Vec<usize>,
}

impl Report<'_> {
    async fn proposals(&mut self, limits: &Limits) -> Vec<Proposal> {
        self.plans.after.clone_from(&self.found.after);
        let named = |i: &u16| Some((*i, self.found.names.get(usize::from(*i))?.clone()?));
        let mut places: Vec<(u16, String)> = self.found.set.iter().filter_map(named).collect();
        self.set = places
            .iter()
            .map(|(i, name)| Chosen { candidate: self.candidate(*i).clone(), name: name.clone(), lost: Vec::new() })
            .collect();
        let over = || limits.over();
        columns::weigh(self.trial, self.workload, self.catalog, &mut self.set, &mut self.plans, &over).await;
        if let ([one], [Ok(before)]) = (self.workload, self.before) {
            let (set, plans) = (&mut self.set, &mut self.plans);
            for at in columns::spare(self.trial, one, &before.plan, self.catalog, set, plans, &over).await {
                places.remove(at);
            }
        }
        let mut set: Vec<Proposal> = Vec::new();
        for (at, (place, _)) in places.into_iter().enumerate() {
            set.extend(self.chosen(at, place).await);
        }
        // A plan with the whole set tells the others by their names too.
        let called: Vec<(String, String)> = self
            .set
            .iter()
            .filter_map(|chosen| {
                let own = set.iter().find(|p| p.candidate == chosen.candidate)?;
                Some((chosen.name.clone(), own.name.clone()))
            })
            .collect();
        for tried in set.iter_mut().filter_map(|p| p.tried.as_mut()) {
            for (trial, own) in &called {
                rename(&mut tried.after, trial, own);
            }
        }
        if let ([one], [Ok(before)]) = (self.workload, self.before) {
            self.plans.explains += parts::tell(&mut *self.trial, &one.sql, &before.plan, &mut set).await;
        }
        let mut rest = if self.workload.len() == 1 { self.alternatives(&set, limits).await } else { Vec::new() };
        rest.extend(self.unmade(&set, &rest).await);
        if self.workload.len() == 1 {
            lone::exchange(&mut set, &mut rest);
        }
        rank(&mut rest);
        set.append(&mut rest);
        set
    }

    fn candidate(&self, place: u16) -> &Candidate {
        &self.found.things[usize::from(place)].candidate
    }

    /// An index of the set, with every statement that uses it.
    async fn chosen(&mut self, number: usize, place: u16) -> Option<Proposal> {
        let name = self.set[number].name.clone();
        let mut serves: Vec<(f64, Served)> = Vec::new();
        for (at, after) in self.plans.after.iter().enumerate() {
            let (Some(after), Some((before, now))) = (after, self.costs(at)) else { continue };
            if judge::uses(after, &name) {
                let gain = (before - now) * self.workload[at].weight;
                serves.push((gain, Served { statement: at, cost_before: before, cost_after: now }));
            }
        }
        serves.sort_by(|a, b| b.0.total_cmp(&a.0));
        let best = serves.first()?.1.statement;
        let candidate = self.set[number].candidate.clone();
        self.doubt(best).await;
        let (trust, notes) = self.trial.remarks(&self.workload[best].sql, &[&candidate]);
        let tried = Tried {
            method: self.trial.method(),
            trust: trust.or(self.found.trust[best])?,
            before: self.before[best].as_ref().ok()?.plan.clone(),
            after: self.plans.after[best].clone()?,
            index_name: name,
            size_bytes: None,
            notes,
        };
        let mut proposal = judge(candidate, Ok(tried), self.catalog, self.pool.shapes[best].as_ref());
        if let Some(tried) = &mut proposal.tried {
            tried.size_bytes = size(&proposal.candidate, self.catalog);
        }
        self.rename(&mut proposal);
        if self.workload.len() > 1 {
            let sums = serves.iter().fold((0.0, 0.0), |sum, (_, s)| {
                let weight = self.workload[s.statement].weight;
                (sum.0 + s.cost_before * weight, sum.1 + s.cost_after * weight)
            });
            if proposal.verdict == Verdict::Rejected && sums.1 < sums.0 * 0.95 {
                proposal.verdict = Verdict::Proved;
            }
            proposal.reason = format!(
                "{}; with the whole set their cost {} → {} ({})",
                self.users(&serves),
                fmt::cost(sums.0),
                fmt::cost(sums.1),
                judge::less(sums.0, sums.1),
            );
        }
        proposal.serves = serves.into_iter().map(|(_, s)| s).collect();
        proposal.lost = self.lost(place, best);
        proposal.lost.append(&mut self.set[number].lost);
        Some(proposal)
    }

    /// Who uses an index, for people: statements of the workload, and foreign keys that ask on behalf of them.
    fn users(&self, serves: &[(f64, Served)]) -> String {
        let key = |at: usize| implied::asker(&self.workload[at].sql);
        let own = (0..self.workload.len()).filter(|at| key(*at).is_none()).count();
        let keys: Vec<&str> = serves.iter().filter_map(|(_, s)| key(s.statement)).collect();
        let used = serves.len() - keys.len();
        match (used, keys.as_slice()) {
            (_, []) => format!("used by {used} of {own} statements"),
            (0, [one]) => (*one).to_owned(),
            (0, _) => format!("asked by {} foreign keys", keys.len()),
            (_, [one]) => format!("used by {used} of {own} statements and {one}"),
            _ => format!("used by {used} of {own} statements and asked by {} foreign keys", keys.len()),
        }
    }

    /// Has the method ask once more what the set does to a statement.
    async fn doubt(&mut self, statement: usize) {
        if !self.doubted.contains(&statement) {
            self.doubted.push(statement);
            let add: Vec<&Candidate> = self.set.iter().map(|chosen| &chosen.candidate).collect();
            self.trial.doubt(&self.workload[statement].sql, Change { add: &add, drop: &[] }).await;
        }
    }

    /// A statement's cost without and with the set, as the server says it.
    fn costs(&self, statement: usize) -> Option<(f64, f64)> {
        let (weighed, _) = self.found.costs.get(statement).copied().flatten()?;
        let told = |plan: &Plan| Some(judge::price_of(plan)).filter(|price| price.is_finite());
        let before = self.before[statement].as_ref().ok().and_then(|planned| told(&planned.plan)).unwrap_or(weighed);
        let after = self.plans.after.get(statement).and_then(Option::as_ref);
        Some((before, after.map_or(before, judge::price_of)))
    }

    fn outcomes(&self) -> Vec<Outcome> {
        let outcome = |(at, w): (usize, &Weighted)| Outcome {
            sql: w.sql.clone(),
            weight: w.weight,
            before: self.costs(at).map(|(before, _)| before),
            after: self.costs(at).map(|(_, after)| after),
            problem: self.found.failed.get(at).and_then(Option::as_ref).map(ToString::to_string),
        };
        self.workload.iter().enumerate().map(outcome).collect()
    }

    /// What was tried in the place of an index of the set, for the statement it serves most.
    fn lost(&self, place: u16, statement: usize) -> Vec<String> {
        let winner = self.candidate(place);
        let alone = &self.found.alone[statement];
        let mine = alone.iter().find(|one| one.place == place);
        alone
            .iter()
            .filter(|one| !self.found.set.contains(&one.place))
            .filter(|one| self.candidate(one.place).table == winner.table)
            .take(LOST)
            .map(|one| {
                let other = self.candidate(one.place);
                let what = ddl::short(other);
                let unit = judge::weighed(self.before[statement].as_ref().ok().map(|p| &p.plan));
                let shown = fmt::cost(one.told);
                match mine {
                    Some(mine) if one.told > mine.told * 1.001 => {
                        format!("{what}: {unit} {shown}, against {} with this one alone", fmt::cost(mine.told))
                    }
                    Some(mine) if one.weighed > mine.weighed * 1.001 => {
                        format!("{what}: {unit} {shown}, as long as enough rows soon pass what is asked of them")
                    }
                    _ if subsumes(other, winner) => {
                        let before = self.costs(statement).map_or(f64::INFINITY, |(before, _)| before);
                        let saved = mine.map_or(0.0, |mine| (mine.told - one.told) / before.max(f64::MIN_POSITIVE));
                        format!("{what}: {unit} {shown}, {}", lone::too_little(saved))
                    }
                    _ => format!("{what}: {unit} {shown}, but it serves the rest less or is larger"),
                }
            })
            .collect()
    }

    /// For a single statement: what else there was, each tried by itself.
    async fn alternatives(&mut self, set: &[Proposal], limits: &Limits) -> Vec<Proposal> {
        let mut order: Vec<u16> = self.found.alone[0].iter().map(|one| one.place).collect();
        for own in &self.pool.subjects[0].own {
            if !order.contains(own) {
                order.push(*own);
            }
        }
        let unmade = |i: u16| self.found.unmade.get(usize::from(i)).copied().unwrap_or(false);
        let things = &self.found.things;
        let chosen = |i: u16| set.iter().any(|p| candidates::same(&p.candidate, &things[usize::from(i)].candidate));
        order.retain(|i| !self.found.set.contains(i) && !unmade(*i) && !chosen(*i));
        let (things, catalog) = (&self.found.things, self.catalog);
        order.retain(|i| {
            let bytes = size(&things[usize::from(*i)].candidate, catalog);
            limits.indexes != Some(0) && limits.bytes.zip(bytes).is_none_or(|(most, bytes)| bytes <= most)
        });
        order.truncate(SHOWN.saturating_sub(set.len()));
        let mut found = Vec::new();
        for place in order {
            let candidate = self.candidate(place).clone();
            let tried = self.trial.try_one(&self.workload[0].sql, &candidate).await;
            self.plans.explains += 1;
            let mut proposal = judge(candidate, tried, self.catalog, self.pool.shapes[0].as_ref());
            if proposal.verdict == Verdict::Proved {
                let better = set.iter().find(|p| p.candidate.table == proposal.candidate.table).or(set.first());
                proposal.instead_of = better.map(|p| p.name.clone());
                self.beside(set, &mut proposal).await;
            }
            self.rename(&mut proposal);
            found.push(proposal);
        }
        found
    }

    /// What an index of a table that the set leaves alone adds to the set: next to nothing is no index.
    async fn beside(&mut self, set: &[Proposal], proposal: &mut Proposal) {
        let Some(first) = set.first().filter(|_| set.iter().all(|p| p.candidate.table != proposal.candidate.table))
        else {
            return;
        };
        let all: Vec<&Candidate> = set.iter().map(|p| &p.candidate).chain([&proposal.candidate]).collect();
        let answer = self.trial.try_set(&[&self.workload[0].sql], &all).await.pop();
        self.plans.explains += 1;
        let with_set = first.tried.as_ref().map(|tried| judge::price_of(&tried.after));
        let with_all = answer.and_then(Result::ok).map(|planned| judge::price_of(&planned.plan));
        let Some((with_set, with_all)) = with_set.zip(with_all).filter(|(set, _)| *set > 0.0) else { return };
        let more = 1.0 - with_all / with_set;
        if more < judge::LEAST_ESTIMATED {
            proposal.verdict = Verdict::Rejected;
            proposal.instead_of = None;
            let saved =
                if more > 0.0 { format!("saves {} more", fmt::percent(more)) } else { "saves no more".to_owned() };
            proposal.reason = format!("{}; beside {} it {saved}, no gain worth an index", proposal.reason, first.name);
        }
    }

    /// Candidates that the method cannot try among others: by themselves if it can, else untested.
    async fn unmade(&mut self, set: &[Proposal], rest: &[Proposal]) -> Vec<Proposal> {
        let mut found = Vec::new();
        for (place, _) in self.found.unmade.iter().enumerate().filter(|(_, unmade)| **unmade).take(REST) {
            let candidate = self.found.things[place].candidate.clone();
            if set.iter().chain(rest).any(|p| candidates::same(&p.candidate, &candidate)) {
                continue;
            }
            let owner = self.pool.subjects.iter().position(|s| s.own.iter().any(|i| usize::from(*i) == place));
            let Some(owner) = owner else { continue };
            let tried = self.trial.try_one(&self.workload[owner].sql, &candidate).await;
            self.plans.explains += usize::from(tried.is_ok());
            let mut proposal = judge(candidate, tried, self.catalog, self.pool.shapes[owner].as_ref());
            if let Some((before, after)) =
                proposal.tried.as_ref().map(|t| (judge::price_of(&t.before), judge::price_of(&t.after)))
            {
                proposal.serves = vec![Served { statement: owner, cost_before: before, cost_after: after }];
            }
            self.rename(&mut proposal);
            found.push(proposal);
        }
        found
    }

    /// Two proposals never have the same name.
    fn rename(&mut self, proposal: &mut Proposal) {
        let name = ddl::name_beside(&proposal.candidate, self.catalog, &self.names);
        proposal.ddl = ddl::create(&proposal.candidate, &name, self.catalog);
        proposal.undo = ddl::drop(&proposal.candidate, &name, self.catalog);
        if let Some(tried) = &mut proposal.tried {
            judge::called(tried, &name);
        }
        proposal.name.clone_from(&name);
        self.names.push(name);
    }
}
