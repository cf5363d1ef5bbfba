//! In which order tables are joined, and what of orders and groups an index serves.

use super::{
    costs::Model,
    paths::{Access, How, World},
    tables::Ix,
};
use crate::catalog::Table;

/// Costs that differ by less decide nothing where a limit is reckoned with: how soon it is reached, the server only guesses.
const THIN: f64 = 10.0;

/// What a statement would do.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing of the way that was found")]
pub(super) struct Outcome {
    /// Tables of which one row at most is read beforehand.
    pub(super) consts: Vec<usize>,
    /// The others, in the order in which they are joined.
    pub(super) steps: Vec<Access>,
    /// Of the joins, without sorts.
    pub(super) cost: f64,
    /// Rows come in the order that is asked for.
    pub(super) ordered: bool,
    /// Rows of a group, or equal rows, come together.
    pub(super) grouped: bool,
    /// The answer is read from the ends of an index.
    pub(super) away: bool,
    /// Whether an index is read in order up to the limit, or something else, hangs on little.
    pub(super) thin: bool,
}

/// What a statement would do with the indexes of a trial.
pub(super) fn planned(world: &World<'_>) -> Outcome {
    let consts: Vec<usize> = (0..world.known.len()).filter(|tab| is_const(world, *tab)).collect();
    let mut best: Option<(Vec<Access>, f64)> = None;
    let mut open: Vec<usize> = (0..world.known.len()).filter(|tab| !consts.contains(tab)).collect();
    let found = |tab: &usize| {
        let access = world.best(*tab, &consts, 1.0);
        access.rows * access.filter
    };
    // The server looks at those first that give few rows; of equal orders the first stays.
    open.sort_by(|a, b| found(a).total_cmp(&found(b)));
    search(world, &consts, &open, &mut Vec::new(), (1.0, 0.0), &mut best);
    let (steps, cost) = best.unwrap_or_default();
    let mut outcome = Outcome { consts, steps, cost, ..Outcome::default() };
    serve(world, &mut outcome);
    outcome
}

fn is_const(world: &World<'_>, tab: usize) -> bool {
    world.indexes[tab].iter().any(|ix| {
        let declared = ix.unique == Some(ix.own);
        declared && ix.parts[..ix.own].iter().all(|part| world.fixed(tab, &part.column).is_some())
    })
}

fn search(
    world: &World<'_>,
    consts: &[usize],
    open: &[usize],
    done: &mut Vec<Access>,
    (rows, cost): (f64, f64),
    best: &mut Option<(Vec<Access>, f64)>,
) {
    if best.as_ref().is_some_and(|(_, least)| cost >= *least - 1e-9) {
        return;
    }
    if open.is_empty() {
        *best = Some((done.clone(), cost));
        return;
    }
    let mut before: Vec<usize> = consts.to_vec();
    before.extend(done.iter().map(|a| a.tab));
    for (at, tab) in open.iter().enumerate() {
        // What is not joined to those before comes last.
        let joined = |t: usize| {
            done.is_empty()
                || world
                    .question
                    .joins
                    .iter()
                    .any(|(l, r)| (l.0 == t && before.contains(&r.0)) || (r.0 == t && before.contains(&l.0)))
        };
        if !joined(*tab) && open.iter().any(|other| joined(*other)) {
            continue;
        }
        let seen: Vec<usize> = if done.is_empty() { Vec::new() } else { before.clone() };
        let access = world.best(*tab, &seen, rows);
        let next = (rows * access.rows * access.filter, cost + access.cost);
        let rest: Vec<usize> = open.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, t)| *t).collect();
        done.push(access);
        search(world, consts, &rest, done, next, best);
        done.pop();
    }
}

/// A key of an order: its column, and whether it descends.
type SortKey = (String, bool);

/// Looks what an index delivers, and takes another where that is cheaper.
fn serve(world: &World<'_>, outcome: &mut Outcome) {
    let form = &world.question.form;
    let tables: Vec<&Table> = world.known.iter().map(|k| &k.table).collect();
    let Some(first) = outcome.steps.first().map(|a| a.tab) else { return };
    let alone = outcome.steps.len() == 1;
    let keys = |names: Vec<(&Option<crate::sql::Named>, bool)>| -> Option<Vec<SortKey>> {
        let mut keys = Vec::new();
        for (name, desc) in names {
            let (tab, column) = world.question.place(name.as_ref()?, &tables)?;
            if outcome.consts.contains(&tab) {
                continue;
            }
            if tab != first {
                return None;
            }
            keys.push((column, desc));
        }
        Some(keys)
    };
    let groups = if form.group.is_empty() { &form.distinct } else { &form.group };
    let grouped = (!groups.is_empty()).then(|| keys(groups.iter().map(|g| (g, false)).collect())).flatten();
    let ordered = (!form.order.is_empty()).then(|| keys(form.order.iter().map(|(k, d)| (k, *d)).collect())).flatten();
    if alone {
        if away(world, first, outcome, &tables) {
            outcome.away = true;
            return;
        }
        if let (Some(keys), None) = (&grouped, form.limit.filter(|_| form.group.is_empty())) {
            loose(world, first, keys, outcome, &tables);
        }
        let wanted = if grouped.is_some() { &grouped } else { &ordered };
        if let Some(keys) = wanted
            && (grouped.is_some() || form.group.is_empty() && !form.aggregates)
        {
            rather(world, first, keys, grouped.is_some(), outcome);
        }
    }
    let Some(access) = outcome.steps.first() else { return };
    let index = access.index.map(|at| &world.indexes[first][at]);
    let delivers = |keys: &Option<Vec<SortKey>>, any: bool| match (keys, index) {
        (Some(keys), Some(ix)) => {
            access.how == How::Loose || (!access.buffered && serves(world, first, ix, keys, any, access))
        }
        (Some(keys), None) => keys.is_empty(),
        _ => false,
    };
    outcome.grouped = delivers(&grouped, true);
    outcome.ordered = delivers(&ordered, false) && (grouped.is_none() || outcome.grouped);
}

/// Whether rows read by an index come in the order of the keys; for groups any direction does.
fn serves(world: &World<'_>, tab: usize, ix: &Ix, keys: &[SortKey], any: bool, access: &Access) -> bool {
    // Several ranges of a part that comes before the keys are one behind the other.
    let mut parts = ix.parts.iter().enumerate();
    let mut backward = None;
    for (column, desc) in keys.iter().filter(|(column, _)| world.fixed(tab, column).is_none()) {
        let next = parts.by_ref().find(|(_, part)| part.column == *column || world.fixed(tab, &part.column).is_none());
        let Some((_, part)) = next.filter(|(_, part)| part.column == *column && !part.cut) else { return false };
        let turned = part.desc != *desc;
        if !any && backward.is_some_and(|b| b != turned) {
            return false;
        }
        backward = Some(turned);
    }
    access.index.is_some()
}

/// `MIN` and `MAX` that stand at the ends of an index.
fn away(world: &World<'_>, tab: usize, outcome: &Outcome, tables: &[&Table]) -> bool {
    let form = &world.question.form;
    let Some(extremes) = form.extremes.as_ref().filter(|e| !e.is_empty() && !form.plain && form.group.is_empty())
    else {
        return false;
    };
    if !outcome.consts.is_empty() && world.known.len() > 1 {
        return false;
    }
    extremes.iter().all(|name| {
        let Some((at, column)) = world.question.place(name, tables) else { return false };
        at == tab
            && world.indexes[tab].iter().any(|ix| {
                let fixed = ix.parts.iter().take_while(|p| !p.cut && world.fixed(tab, &p.column).is_some()).count();
                let all = world.question.tabs[tab]
                    .conds
                    .iter()
                    .all(|c| c.column.as_ref().is_some_and(|c| ix.parts[..fixed].iter().any(|p| p.column == *c)));
                all && ix.parts.get(fixed).is_some_and(|p| p.column == column && !p.cut)
            })
    })
}

/// The first entries of each group alone.
fn loose(world: &World<'_>, tab: usize, keys: &[SortKey], outcome: &mut Outcome, tables: &[&Table]) {
    let form = &world.question.form;
    let Some(extremes) = &form.extremes else {
        if form.group.is_empty() && !form.distinct.is_empty() && !form.aggregates {
            loose_by(world, tab, keys, None, outcome);
        }
        return;
    };
    let mut column: Option<String> = None;
    for name in extremes {
        match world.question.place(name, tables) {
            Some((at, found)) if at == tab && column.as_ref().is_none_or(|c| *c == found) => column = Some(found),
            _ => return,
        }
    }
    loose_by(world, tab, keys, column.as_deref(), outcome);
}

fn loose_by(world: &World<'_>, tab: usize, keys: &[SortKey], extreme: Option<&str>, outcome: &mut Outcome) {
    if !world.question.tabs[tab].conds.is_empty() || keys.is_empty() {
        return;
    }
    let size = world.size(tab);
    for (at, ix) in world.indexes[tab].iter().enumerate() {
        let columns = ix.parts.iter().map(|p| p.column.as_str());
        let wanted = keys.iter().map(|(c, _)| c.as_str()).chain(extreme);
        let fits = columns.take(keys.len() + usize::from(extreme.is_some())).eq(wanted)
            && ix.parts[..keys.len()].iter().all(|p| !p.cut);
        if !fits || !world.covers(tab, ix) {
            continue;
        }
        let own = ix.distinct.get(keys.len() - 1).copied().flatten();
        let names: Vec<&str> = keys.iter().map(|(c, _)| c.as_str()).collect();
        let sampled = || Some(world.known[tab].sample.as_ref()?.distinct(&names, size.rows)?.leaning(world.lean));
        let Some(groups) = own.or_else(sampled).map(|g| g + 1.0) else { continue };
        let through = world.through(tab, ix);
        let cost = world.model.lookups(size, through, groups, 1.0);
        let scan = world.model.index_scan(size, through);
        if cost < scan.min(outcome.cost) {
            let access = Access {
                tab,
                how: How::Loose,
                index: Some(at),
                parts: keys.len(),
                covers: true,
                rows: groups,
                filter: 1.0,
                before: 1.0,
                cost,
                buffered: false,
            };
            (outcome.steps, outcome.cost) = (vec![access], cost);
        }
    }
}

/// Takes an index that delivers the order in place of the one that is cheapest without it, as the servers do.
fn rather(world: &World<'_>, tab: usize, keys: &[SortKey], grouping: bool, outcome: &mut Outcome) {
    let Some(now) = outcome.steps.first().cloned() else { return };
    let by = |at: usize| &world.indexes[tab][at];
    if now.how == How::Loose || now.index.is_some_and(|at| serves(world, tab, by(at), keys, grouping, &now)) {
        limited(world, &now, outcome, grouping);
        return;
    }
    // Another index finds the same rows and delivers them in order.
    for (at, ix) in world.indexes[tab].iter().enumerate() {
        let Some(quick) = world.quick(tab, ix).filter(|q| q.parts > 0) else { continue };
        let access = Access {
            how: if quick.parts == quick.fixed { How::Lookup } else { How::Range },
            index: Some(at),
            parts: quick.parts,
            rows: quick.rows,
            covers: world.covers(tab, ix),
            ..now.clone()
        };
        let same = now.how == How::Lookup && quick.fixed >= now.parts && quick.rows <= now.rows * 1.001;
        if same && serves(world, tab, ix, keys, grouping, &access) {
            outcome.steps[0] = access;
            return;
        }
    }
    let size = world.size(tab);
    let whole = matches!(now.how, How::Scan | How::IndexScan);
    let limit = world.question.form.limit.filter(|_| !grouping && world.question.form.distinct.is_empty());
    let quick =
        world.indexes[tab].iter().filter_map(|ix| world.quick(tab, ix)).map(|q| q.rows).fold(size.rows, f64::min);
    let kept = if whole { quick } else { now.rows };
    let (mut best, mut thin): (Option<(f64, Access)>, bool) = (None, false);
    for (at, ix) in world.indexes[tab].iter().enumerate() {
        let covers = world.covers(tab, ix);
        let access = Access { how: How::IndexScan, index: Some(at), parts: 0, covers, rows: size.rows, ..now.clone() };
        if !in_order(ix, keys, grouping) {
            continue;
        }
        let rows = match limit {
            Some(limit) if limit <= kept => (limit * size.rows / kept.max(1.0)).min(size.rows),
            _ => size.rows,
        };
        let cost = world.model.ordered(size, world.through(tab, ix), rows);
        // What reading alone costs now is what the limit is held against (`test_if_cheaper_ordering` of `sql/sql_optimizer.cc`, in
        // MariaDB of `sql/sql_select.cc`).
        let reading = match (world.model, whole) {
            (Model::MySql, true) => size.pages * size.page,
            (Model::Pages, true) => size.pages,
            (Model::Micros(_), _) => now.cost,
            (_, false) => now.cost - world.model.evaluated(now.rows),
        };
        let chosen = (whole && covers) || (limit.is_some() && cost < reading);
        thin |= limit.is_some() && !(whole && covers) && cost.max(reading) < THIN * cost.min(reading);
        if chosen && best.as_ref().is_none_or(|(least, _)| cost < *least) {
            // MariaDB goes on to say what the whole costs.
            let shown = match (limit, world.model) {
                (Some(_), Model::MySql) => cost,
                (Some(_), model) if covers => model.index_scan(size, world.through(tab, ix)),
                (Some(_), model) => model.scan(size),
                (None, _) => now.cost,
            };
            best = Some((cost, Access { rows: limit.map_or(size.rows, |_| rows), cost: shown, ..access }));
        }
    }
    outcome.thin = thin;
    if let Some((_, access)) = best {
        outcome.cost = access.cost;
        outcome.steps = vec![access];
    }
}

/// Whether the whole of an index is in the order of the keys.
fn in_order(ix: &Ix, keys: &[SortKey], any: bool) -> bool {
    let pairs: Vec<bool> = ix
        .parts
        .iter()
        .zip(keys)
        .filter(|(part, (column, _))| part.column == *column && !part.cut)
        .map(|(part, (_, desc))| part.desc != *desc)
        .collect();
    !keys.is_empty() && pairs.len() == keys.len() && (any || pairs.windows(2).all(|w| w[0] == w[1]))
}

/// A whole index in order stops at the limit.
fn limited(world: &World<'_>, now: &Access, outcome: &mut Outcome, grouping: bool) {
    let Some(limit) = world.question.form.limit.filter(|_| !grouping && now.how == How::IndexScan) else { return };
    if let Some(step) = outcome.steps.first_mut() {
        step.rows = limit.min(now.rows);
        if matches!(world.model, Model::MySql) {
            step.cost = step.cost.min(world.model.ordered(
                world.size(now.tab),
                world.through(now.tab, &world.indexes[now.tab][now.index.unwrap_or_default()]),
                limit,
            ));
            outcome.cost = step.cost;
        }
    }
}
