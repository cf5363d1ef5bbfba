//! One index for one statement: the search weighs savings against the whole cost of the statement, beside which a plan twice as
//! dear as another may look as good. Once every index was tried by itself, the clearly cheapest plan comes first.

use super::{
    Proposal, Verdict, ddl,
    judge::{WIDER_PART, WIDER_TIMES, fetched, price, price_of, shown, sorts, unit, width},
    limited,
};
use crate::{fmt, plan::Engine, text};

/// What was tried and lost, told with the first.
const LOST: usize = 3;
/// A wider index is worth it as well, however dear the statement was, when it makes of what is left so many times less …
const MUCH_TIMES: f64 = 2.0;
/// … and saves as much of PostgreSQL's cost as about a millisecond is …
const MUCH: f64 = 100.0;
/// … or as many rows of MySQL and MariaDB.
const MUCH_ROWS: f64 = 1_000.0;
/// Letters of a filter that a line has room for.
const FILTER: usize = 60;

/// Exchanges the only index of the set with one of the others that reads clearly cheaper by itself; then that one is to be
/// made, and the other one is instead of it.
pub(super) fn exchange(set: &mut [Proposal], rest: &mut [Proposal]) {
    let [first] = set else { return };
    let refused = first.verdict == Verdict::Rejected;
    if first.verdict == Verdict::Untested {
        return;
    }
    let good = |p: &&mut Proposal| {
        let same = p.candidate.table == first.candidate.table;
        p.verdict == Verdict::Proved && same && (refused || is_clearly_better(p, first))
    };
    let Some(least) = rest.iter_mut().filter(good).map(|p| price(p)).reduce(f64::min) else { return tell(set, rest) };
    let better = rest
        .iter_mut()
        .filter(good)
        .filter(|p| price(p) <= least * WIDER_TIMES)
        .min_by(|a, b| width(a).total_cmp(&width(b)));
    let Some(better) = better else { return tell(set, rest) };
    std::mem::swap(first, better);
    let old = better;
    first.instead_of = None;
    first.serves = std::mem::take(&mut old.serves);
    if let Some((served, tried)) = first.serves.first_mut().zip(first.tried.as_ref()) {
        served.cost_after = price_of(&tried.after);
    }
    old.lost.clear();
    old.instead_of = (!refused).then(|| first.name.clone());
    let name = first.name.clone();
    for other in rest.iter_mut().filter(|p| p.instead_of.is_some()) {
        other.instead_of = Some(name.clone());
    }
    tell(set, rest);
}

/// What was tried in the place of the first.
fn tell(set: &mut [Proposal], rest: &[Proposal]) {
    let [first] = set else { return };
    let lost = rest.iter().filter(|p| p.tried.is_some() && p.candidate.table == first.candidate.table).take(LOST);
    let told: Vec<String> = lost.map(|other| line(other, first)).collect();
    // What was said of these by the search's own weights goes; what was said of columns stays.
    let of = |line: &String| rest.iter().any(|p| line.starts_with(&format!("{}: ", ddl::short(&p.candidate))));
    first.lost.retain(|line| !of(line));
    first.lost.splice(0..0, told);
}

/// Whether an index reads clearly cheaper than another; one that holds all the other holds, and more, must also save a notable
/// part of what the statement cost.
fn is_clearly_better(one: &Proposal, other: &Proposal) -> bool {
    let (mine, theirs) = (price(one), price(other));
    let columns = |p: &Proposal| -> Vec<String> {
        p.candidate.keys.iter().map(|k| k.expr.clone()).chain(p.candidate.include.iter().cloned()).collect()
    };
    let has = columns(one);
    let wider = columns(other).iter().all(|c| has.contains(c));
    let before = one.tried.as_ref().map_or(0.0, |t| price_of(&t.before));
    if sorts(one) != sorts(other) {
        return sorts(one) < sorts(other) && mine <= theirs;
    }
    let sorted = |p: &Proposal| p.tried.as_ref().map_or(0, |t| limited::sorted(&t.after));
    let pays = !wider || sorted(one) < sorted(other) || pays(one.candidate.engine, before, mine, theirs);
    mine * WIDER_TIMES < theirs && pays
}

/// Whether more columns, or one more index, save enough for what they take: of what a statement cost before, by what it costs with and
/// without them.
pub(super) fn pays(engine: Engine, before: f64, with: f64, without: f64) -> bool {
    let much = if engine == Engine::PostgreSql { MUCH } else { MUCH_ROWS };
    with + before * WIDER_PART < without || (with * MUCH_TIMES < without && with + much < without)
}

/// What part of what the statement cost is saved by more, which is too little for a wider index.
pub(super) fn too_little(saved: f64) -> String {
    // More than all of it: a limit ended what it cost before, as far as the server tells.
    if saved > 1.0 {
        "less, but too little for its width".to_owned()
    } else if saved > 0.0 {
        format!("{} less of what it cost before, too little for its width", fmt::percent(saved))
    } else {
        "no less for its width".to_owned()
    }
}

fn line(other: &Proposal, first: &Proposal) -> String {
    let Some((lost, won)) = other.tried.as_ref().zip(first.tried.as_ref()) else { return String::new() };
    let unit = unit(lost.after.engine);
    let what = ddl::short(&other.candidate);
    if price_of(&lost.after) < price_of(&won.after)
        && price(other) > price(first)
        && let Some(walk) = limited::walk(&lost.after, Some(&lost.index_name))
    {
        let filter = text::beginning(&text::one_line(walk.filter), FILTER);
        return format!("{what}: {unit} {}, as long as enough rows soon pass {filter}", shown(&lost.after));
    }
    let dearer = price(other) > price(first) * 1.001;
    let fetches = dearer && price_of(&lost.after) <= price_of(&won.after) && fetched(&lost.after) > fetched(&won.after);
    if fetches {
        format!("{what}: {unit} {}, more of them fetched from the table than with this one", shown(&lost.after))
    } else if dearer {
        format!("{what}: {unit} {}, against {} with this one", shown(&lost.after), shown(&won.after))
    } else {
        let saved = (price(first) - price(other)) / price_of(&won.before).max(f64::MIN_POSITIVE);
        format!("{what}: {unit} {}, {}", shown(&lost.after), too_little(saved))
    }
}

#[cfg(test)]
mod tests {
    use super::exchange;
    use crate::{
        advise::{Candidate, Key, Proposal, Served, Tried, Trust, judge},
        catalog::Catalog,
        plan::{Engine, Flag, Node, Operator, Plan, PlanBuilder, Relation, Role},
    };

    fn plan(index: Option<&str>, rows: f64, filesort: bool) -> Plan {
        let mut builder = PlanBuilder::new();
        let mut root = Node::new(Role::Root, if filesort { Operator::Sort } else { Operator::Limit }, "root");
        if filesort {
            root.flags.push(Flag::Filesort);
        }
        let id = builder.push(None, root).unwrap();
        let mut scan = Node::new(Role::Outer, Operator::IndexScan, "scan");
        scan.relation = Some(Relation { name: "orders".to_owned(), ..Relation::default() });
        scan.index = index.map(str::to_owned);
        scan.rows.estimated = Some(rows);
        builder.push(Some(id), scan).unwrap();
        builder.finish(Engine::MariaDb).unwrap()
    }

    fn proposal(columns: &[&str], rows: f64, filesort: bool) -> Proposal {
        let key = |c: &&str| Key::column(*c);
        let candidate = Candidate {
            engine: Engine::MariaDb,
            schema: "shop".to_owned(),
            table: "orders".to_owned(),
            method: "btree",
            keys: columns.iter().map(key).collect(),
            include: Vec::new(),
            predicate: None,
            replaces: Vec::new(),
            reasons: Vec::new(),
        };
        let tried = Tried {
            method: "temporary-tables",
            trust: Trust::Rough,
            before: plan(None, 413.8e6, true),
            after: plan(Some("ix"), rows, filesort),
            index_name: "ix".to_owned(),
            size_bytes: None,
            notes: Vec::new(),
        };
        judge(candidate, Ok(tried), &Catalog::default(), None)
    }

    #[test]
    fn the_index_that_reads_clearly_less_comes_first_and_the_words_fit_the_numbers() {
        let served = |p: &mut Proposal| {
            p.serves = vec![Served { statement: 0, cost_before: 413.8e6, cost_after: 40_684.0 }];
        };
        let mut set = vec![proposal(&["customer_id"], 40_684.0, false)];
        served(&mut set[0]);
        let mut rest = vec![
            proposal(&["coupon"], 20_283.0, false),
            proposal(&["coupon", "customer_id"], 18_623.0, false),
            proposal(&["customer_id", "coupon"], 40_644.0, false),
        ];
        for other in &mut rest {
            other.instead_of = Some(set[0].name.clone());
        }
        exchange(&mut set, &mut rest);
        assert_eq!(set[0].name, "ix_orders_coupon");
        assert_eq!(set[0].instead_of, None);
        assert!((set[0].serves[0].cost_after - 20_283.0).abs() < 1.0);
        assert!(rest.iter().all(|p| p.instead_of.as_deref() == Some("ix_orders_coupon")));
        assert_eq!(
            set[0].lost,
            [
                "(customer_id): rows examined 40,684, against 20,283 with this one",
                "(coupon, customer_id): rows examined 18,623, <1 % less of what it cost before, too little for its width",
                "(customer_id, coupon): rows examined 40,644, against 20,283 with this one",
            ]
        );
    }

    #[test]
    fn a_wider_index_that_reads_many_times_less_is_worth_it_however_dear_the_statement_was() {
        for (rows, first) in [(66_439.0, 2), (1_900.0, 1)] {
            let mut set = vec![proposal(&["device_id"], rows, false)];
            let mut rest = vec![proposal(&["device_id", "ts"], 1_330.0, false)];
            exchange(&mut set, &mut rest);
            assert_eq!(set[0].candidate.keys.len(), first, "{rows}");
        }
    }

    #[test]
    fn an_index_that_needs_no_filesort_is_not_given_up_for_a_narrower_one() {
        let mut set = vec![proposal(&["customer_id"], 1.0, true)];
        let mut rest = vec![proposal(&["customer_id", "created_at"], 1.0, false)];
        exchange(&mut set, &mut rest);
        assert_eq!(set[0].candidate.keys.len(), 2);
        assert_eq!(set[0].lost, ["(customer_id): rows examined 1 and a filesort, against 1 with this one"]);
        let mut ranked =
            vec![proposal(&["customer_id"], 1.0, true), proposal(&["customer_id", "created_at"], 1.0, false)];
        crate::advise::rank(&mut ranked);
        assert_eq!(ranked[0].candidate.keys.len(), 2);
    }
}
