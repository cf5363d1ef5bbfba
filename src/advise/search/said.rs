//! What the server said, put together anew: a plan that was seen is one that every set can have that holds all it uses, so
//! that sets are compared without a question. This is the choice of indexes by cached plans (INUM: Papadomanolakis, Dash and
//! Ailamaki, "Efficient Use of the Query Optimizer for Automated Physical Design", VLDB 2007), searched from place to place.

use std::collections::HashMap;

use super::Set;

/// A smaller change of the total is none.
pub(super) const ANYTHING: f64 = 1e-9;

/// What the server said so far, and what it is worth. Candidates are places in the pool.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// By statement: what its plans use, and what it adds to the total with them.
    pub(super) plans: Vec<Vec<(Set, f64)>>,
    /// What each statement adds without any index.
    pub(super) base: Vec<f64>,
    /// By candidate: bytes, and what it adds to the total by itself.
    pub(super) bytes: Vec<f64>,
    pub(super) prices: Vec<f64>,
    /// By candidate: those that it makes superfluous.
    pub(super) narrower: HashMap<u16, Set>,
    /// Bytes and indexes that there may be.
    pub(super) room: f64,
    pub(super) most: usize,
}

/// The same, in the order of the search.
pub(super) struct Board<'a> {
    pub(super) said: &'a Said,
    /// By statement: places of bundles, and what it adds with them; the best first, all better than without any index.
    pub(super) plans: Vec<Vec<(usize, f64)>>,
    pub(super) bundles: Vec<Bundle>,
    /// By candidate: statements with a plan that uses it, and places of the bundles it is in.
    users: Vec<Vec<User>>,
    holders: Vec<Vec<usize>>,
}

/// A statement with plans that use a candidate.
struct User {
    statement: usize,
    /// Their places among the statement's plans.
    plans: Vec<usize>,
}

/// What some plan uses.
#[derive(Default)]
pub(super) struct Bundle {
    pub(super) add: Set,
    /// Whether a part of it makes another superfluous.
    idle: bool,
    /// What makes any of it superfluous, and what it makes so.
    wider: Set,
    pub(super) narrower: Set,
}

/// A set with what is known of it.
#[derive(Clone)]
pub(super) struct State {
    pub(super) have: Vec<bool>,
    /// By bundle: how much of it is not there.
    pub(super) missing: Vec<usize>,
    count: usize,
    /// By statement: the place of its plan among its plans, behind the last without any index; and what it adds to the total.
    pub(super) at: Vec<usize>,
    pub(super) values: Vec<f64>,
    bytes: f64,
    pub(super) total: f64,
}

impl Said {
    pub(super) fn bytes(&self, set: &[u16]) -> f64 {
        set.iter().map(|i| self.bytes[usize::from(*i)]).sum()
    }

    pub(super) fn prices(&self, set: &[u16]) -> f64 {
        set.iter().map(|i| self.prices[usize::from(*i)]).sum()
    }
}

impl<'a> Board<'a> {
    pub(super) fn new(said: &'a Said) -> Self {
        let users = said.bytes.iter().map(|_| Vec::new()).collect();
        let holders = vec![Vec::new(); said.bytes.len()];
        let mut board = Self { said, plans: Vec::new(), bundles: Vec::new(), users, holders };
        let mut places: HashMap<&Set, usize> = HashMap::new();
        for (statement, plans) in said.plans.iter().enumerate() {
            let mut order: Vec<&(Set, f64)> = plans.iter().collect();
            order.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.len().cmp(&b.0.len())).then(a.0.cmp(&b.0)));
            let mut kept: Vec<&(Set, f64)> = Vec::new();
            for plan in order {
                // A plan that needs more and is no better is never the one.
                if !kept.iter().any(|(less, _)| less.iter().all(|i| plan.0.contains(i))) {
                    kept.push(plan);
                }
            }
            let mut found = Vec::new();
            for (used, value) in kept {
                let place = *places.entry(used).or_insert_with(|| {
                    board.bundles.push(Bundle { add: used.clone(), ..Bundle::default() });
                    board.bundles.len() - 1
                });
                for one in used {
                    let users: &mut Vec<User> = &mut board.users[usize::from(*one)];
                    match users.last_mut() {
                        Some(user) if user.statement == statement => user.plans.push(found.len()),
                        _ => users.push(User { statement, plans: vec![found.len()] }),
                    }
                }
                found.push((place, *value));
            }
            board.plans.push(found);
        }
        let mut wider: HashMap<u16, Set> = HashMap::new();
        for (wide, narrower) in &said.narrower {
            for narrow in narrower {
                wider.entry(*narrow).or_default().push(*wide);
            }
        }
        for (place, bundle) in board.bundles.iter_mut().enumerate() {
            for one in &bundle.add {
                board.holders[usize::from(*one)].push(place);
            }
            let all = |of: &HashMap<u16, Set>| sorted(bundle.add.iter().filter_map(|i| of.get(i)).flatten().copied());
            (bundle.wider, bundle.narrower) = (all(&wider), all(&said.narrower));
            bundle.idle = bundle.wider.iter().any(|i| bundle.add.contains(i));
        }
        board
    }

    /// A set with the best plan of every statement.
    pub(super) fn state(&self, set: &[u16]) -> State {
        let mut state = State {
            have: vec![false; self.said.bytes.len()],
            missing: self.bundles.iter().map(|bundle| bundle.add.len()).collect(),
            count: 0,
            at: self.plans.iter().map(Vec::len).collect(),
            values: self.said.base.clone(),
            bytes: 0.0,
            total: self.said.base.iter().sum(),
        };
        self.change(&mut state, set, &[]);
        state
    }

    /// The same without these.
    pub(super) fn less(&self, state: &State, gone: &[u16]) -> State {
        let mut less = state.clone();
        self.change(&mut less, &[], gone);
        less
    }

    /// Adds what the set has not and takes out what it has, and settles every statement whose plan that may change.
    pub(super) fn change(&self, state: &mut State, new: &[u16], gone: &[u16]) {
        mark(&mut state.have, gone, false);
        mark(&mut state.have, new, true);
        state.count = state.count + new.len() - gone.len();
        state.bytes += self.said.bytes(new) - self.said.bytes(gone);
        state.total += self.said.prices(new) - self.said.prices(gone);
        for (statement, at) in self.other_plans(state, new, gone) {
            let value = self.value(statement, at);
            state.total += value - state.values[statement];
            (state.at[statement], state.values[statement]) = (at, value);
        }
        let holders = |one: &u16| &self.holders[usize::from(*one)];
        new.iter().flat_map(holders).for_each(|place| state.missing[*place] -= 1);
        gone.iter().flat_map(holders).for_each(|place| state.missing[*place] += 1);
    }

    /// Statements with another best plan now that some are there and some are not, and its place. What is missing is still counted
    /// as before.
    fn other_plans(&self, state: &State, new: &[u16], gone: &[u16]) -> Vec<(usize, usize)> {
        let mut found = self.bettered(state, new, gone);
        let better = found.len();
        for statement in self.deprived(state, gone) {
            if found[..better].binary_search_by_key(&statement, |(one, _)| *one).is_err() {
                found.push((statement, self.next_best(statement, state, new)));
            }
        }
        found
    }

    /// Statements that have a better plan now that these are there, and its place.
    fn bettered(&self, state: &State, new: &[u16], gone: &[u16]) -> Vec<(usize, usize)> {
        // Asked more often than anything else: one that was all a bundle missed makes it whole.
        let only = new.len() == 1 && gone.is_empty();
        let whole = |place: usize| state.missing[place] == 1 && only || self.is_whole(place, state, new);
        let mut found = Vec::new();
        for user in new.iter().flat_map(|one| &self.users[usize::from(*one)]) {
            let (plans, before) = (&self.plans[user.statement], state.at[user.statement]);
            let mut better = user.plans.iter().take_while(|at| **at < before);
            if let Some(at) = better.find(|at| whole(plans[**at].0)) {
                found.push((user.statement, *at));
            }
        }
        if new.len() > 1 {
            found.sort_unstable();
            found.dedup_by_key(|(statement, _)| *statement);
        }
        found
    }

    /// Statements whose plan uses any of these.
    fn deprived(&self, state: &State, gone: &[u16]) -> Vec<usize> {
        let users = gone.iter().flat_map(|one| &self.users[usize::from(*one)]);
        let using = users.filter(|user| user.plans.binary_search(&state.at[user.statement]).is_ok());
        sorted(using.map(|user| user.statement))
    }

    /// The place of a statement's best plan from where it was on.
    fn next_best(&self, statement: usize, state: &State, new: &[u16]) -> usize {
        let (plans, before) = (&self.plans[statement], state.at[statement]);
        let next = plans[before..].iter().position(|(place, _)| self.is_whole(*place, state, new));
        next.map_or(plans.len(), |at| before + at)
    }

    /// What a statement adds with a plan.
    fn value(&self, statement: usize, at: usize) -> f64 {
        self.plans[statement].get(at).map_or(self.said.base[statement], |(_, value)| *value)
    }

    /// Whether all of a bundle is there now that these are.
    fn is_whole(&self, place: usize, state: &State, new: &[u16]) -> bool {
        // Hardly one passes the count, which is one look.
        state.missing[place] <= new.len() && self.bundles[place].add.iter().all(|i| state.have[usize::from(*i)])
    }

    /// What a bundle more would be worth for its bytes; `None` when it gains nothing or does not fit. The state is left as it was.
    pub(super) fn worth(&self, state: &mut State, place: usize, exponent: f64) -> Option<f64> {
        let Bundle { add, idle, wider, narrower } = &self.bundles[place];
        let (mut bytes, mut price, mut count) = (0.0, 0.0, state.count);
        for one in add.iter().filter(|i| !state.have[usize::from(**i)]) {
            bytes += self.said.bytes[usize::from(*one)];
            price += self.said.prices[usize::from(*one)];
            count += 1;
        }
        if *idle || count == state.count || wider.iter().any(|i| state.have[usize::from(*i)]) {
            return None;
        }
        if narrower.is_empty() && state.bytes + bytes > self.said.room {
            return None;
        }
        let new: Set = add.iter().copied().filter(|i| !state.have[usize::from(*i)]).collect();
        let gone: Set = narrower.iter().copied().filter(|i| state.have[usize::from(*i)]).collect();
        let more = bytes - self.said.bytes(&gone);
        if state.bytes + more > self.said.room || count - gone.len() > self.said.most {
            return None;
        }
        let mut gain = self.said.prices(&gone) - price;
        mark(&mut state.have, &gone, false);
        mark(&mut state.have, &new, true);
        for (statement, at) in self.other_plans(state, &new, &gone) {
            gain += state.values[statement] - self.value(statement, at);
        }
        mark(&mut state.have, &new, false);
        mark(&mut state.have, &gone, true);
        (gain > ANYTHING).then(|| gain / more.max(1.0).powf(exponent))
    }
}

impl State {
    pub(super) fn set(&self) -> Set {
        (0_u16..).zip(&self.have).filter(|(_, have)| **have).map(|(one, _)| one).collect()
    }
}

pub(super) fn sorted<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = all.collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn mark(have: &mut [bool], set: &[u16], there: bool) {
    for one in set {
        have[usize::from(*one)] = there;
    }
}
