//! What a trial proves.

mod rows;

use super::{
    Candidate, Proposal, TrialError, Tried, Trust, Verdict, build, ddl,
    extensions::{self, State},
    facts::plain,
    limited::{hedged, part_asked},
    promise, size, time, upkeep,
};
use crate::{
    catalog::Catalog,
    fmt,
    plan::{Engine, Flag, Node, Operator, Plan},
    sql::shape::{Shape, Test},
};

/// A cost that falls by less is noise.
pub(super) const LEAST_GAIN: f64 = 0.05;
/// The same where the size and shape of an index are estimated: per statement, hypothetical costs were up to a tenth off real ones.
pub(super) const LEAST_ESTIMATED: f64 = 0.15;
/// A wider index must read this much cheaper than a narrower one …
pub(super) const WIDER_TIMES: f64 = 1.25;
/// … and save this part of what the statement cost.
pub(super) const WIDER_PART: f64 = 0.005;

/// What a trial (or the lack of one) makes of a candidate.
///
/// PostgreSQL: proved when the planner uses the index and the root's cost falls by 15 % or more, by 5 % where it planned with a real
/// one. MySQL and MariaDB: cost is no verdict there; proved when the index is used and fewer rows are examined, or a filesort or
/// temporary table goes without more rows being examined. `shape`: that of the statement it was tried for.
#[must_use]
pub fn judge(
    candidate: Candidate,
    tried: Result<Tried, TrialError>,
    catalog: &Catalog,
    shape: Option<&Shape>,
) -> Proposal {
    let name = ddl::name(&candidate, catalog);
    let (verdict, reason, tried) = match tried {
        Err(error) => (Verdict::Untested, error.to_string(), None),
        Ok(mut tried) => {
            tried.size_bytes = tried.size_bytes.or_else(|| size::size(&candidate, catalog));
            tried.notes.extend(build::note(&candidate, tried.size_bytes, catalog));
            tried.notes.extend(time::note(&candidate, &tried, catalog));
            tried.notes.extend(promise::note(&candidate, catalog));
            tried.notes.extend(upkeep::note(&candidate, catalog));
            let (verdict, reason) = match candidate.engine {
                Engine::PostgreSql => match guessed(&candidate, catalog, shape) {
                    Some(reason) => (Verdict::Untested, reason),
                    None => by_cost(&tried),
                },
                Engine::MySql | Engine::MariaDb => rows::judge(&candidate, &tried, catalog),
            };
            called(&mut tried, &name);
            (verdict, reason, Some(tried))
        }
    };
    let (verdict, reason) = with_extension(&candidate, catalog, verdict, reason);
    let table = catalog.table(Some(&candidate.schema), &candidate.table);
    let entries_per_row = size::entries_per_row(&candidate, catalog);
    let bytes_per_row = table
        .filter(|_| candidate.method == "btree")
        .map(|table| entries_per_row * size::entry_bytes(&candidate, table));
    Proposal {
        weighed: tried.as_ref().map(|tried| hedged(&tried.after, catalog)),
        ddl: ddl::create(&candidate, &name, catalog),
        undo: ddl::drop(&candidate, &name, catalog),
        name,
        candidate,
        verdict,
        reason,
        tried,
        serves: Vec::new(),
        lost: Vec::new(),
        instead_of: None,
        cost_alone: None,
        entries_per_row,
        bytes_per_row,
    }
}

/// Calls the tried index in its plan as it will be called.
pub(super) fn called(tried: &mut Tried, name: &str) {
    super::rename(&mut tried.after, &tried.index_name, name);
    name.clone_into(&mut tried.index_name);
}

/// An extension that is needed is said, and whether it is there.
fn with_extension(candidate: &Candidate, catalog: &Catalog, verdict: Verdict, reason: String) -> (Verdict, String) {
    let Some(extension) = extensions::needed(candidate, catalog) else { return (verdict, reason) };
    match extensions::state(catalog, extension) {
        State::Installed => (verdict, reason),
        State::Available => (
            verdict,
            format!("{reason}; needs the extension {extension}, which this server has but the database has not"),
        ),
        State::Missing => (
            Verdict::Untested,
            format!("needs the extension {extension}, which this server does not have; its package must be installed"),
        ),
        State::Unknown => (verdict, format!("{reason}; needs the extension {extension}")),
    }
}

/// Sorts proposals: proved ones first, the cheapest plan before others, but a wider index only where it saves clearly
/// more than a narrower one; then untested, then rejected ones, as they came.
pub fn rank(proposals: &mut Vec<Proposal>) {
    let (mut proved, mut rest): (Vec<Proposal>, Vec<Proposal>) =
        proposals.drain(..).partition(|p| p.verdict == Verdict::Proved);
    while !proved.is_empty() {
        let best = proved.iter().map(price).fold(f64::INFINITY, f64::min);
        // A sort that goes is worth its columns: how many rows it sorts, a sample can only guess.
        let sorting = proved.iter().filter(|p| price(p) <= best).map(sorts).min().unwrap_or_default();
        let good = |p: &Proposal| {
            let before = p.tried.as_ref().map_or(0.0, |t| price_of(&t.before));
            price(p) <= (best * WIDER_TIMES).max(best + before * WIDER_PART) && sorts(p) <= sorting
        };
        let next = proved
            .iter()
            .enumerate()
            .filter(|(_, p)| good(p))
            .min_by(|(_, a), (_, b)| width(a).total_cmp(&width(b)).then(price(a).total_cmp(&price(b))))
            .map_or(0, |(at, _)| at);
        proposals.push(proved.remove(next));
    }
    rest.sort_by_key(|p| p.verdict == Verdict::Rejected);
    proposals.append(&mut rest);
}

/// Whether the plan uses the index that was tried. HypoPG names its indexes `<oid>method_table_columns`.
#[must_use]
pub fn uses(plan: &Plan, index: &str) -> bool {
    let named = plan.ids().any(|id| {
        plan.node(id).index.as_deref().is_some_and(|name| {
            // An index merge names several.
            name == index || name.ends_with(&format!(".{index}")) || name.split(MERGED).any(|one| one == index)
        })
    });
    named || reads_nothing(plan)
}

/// What stands between the indexes of a merge: `a, b`, `union(a,b)`.
const MERGED: [char; 4] = [',', '(', ')', ' '];

/// Whether MySQL or `MariaDB` answered while it planned: the least or the greatest value stands at an end of the index, and the plan
/// names neither table nor index ("Select tables optimized away", `opt_sum_query` in `sql/opt_sum.cc`).
fn reads_nothing(plan: &Plan) -> bool {
    plan.engine != Engine::PostgreSql && plan.ids().all(|id| plan.node(id).relation.is_none())
}

/// What ranks a proposal: the price of its plan, with what a walk up to a limit may come to.
pub(super) fn price(proposal: &Proposal) -> f64 {
    proposal.weighed.unwrap_or(f64::INFINITY)
}

/// What a plan costs in the unit that decides on its server. MySQL, MariaDB: rows examined, and for each filesort or
/// temporary table half as much again.
pub(super) fn price_of(plan: &Plan) -> f64 {
    match plan.engine {
        Engine::PostgreSql => plan.total_cost().unwrap_or(f64::INFINITY),
        Engine::MySql | Engine::MariaDb => {
            #[expect(clippy::cast_precision_loss, reason = "a few nodes")]
            let sorts = (flagged(plan, Flag::Filesort) + flagged(plan, Flag::Temporary)) as f64;
            examined(plan) * (1.0 + sorts / 2.0)
        }
    }
}

/// Filesorts and temporary tables of the plan with the index, which MySQL and MariaDB tell.
pub(super) fn sorts(proposal: &Proposal) -> usize {
    proposal.tried.as_ref().map_or(0, |tried| sorts_of(&tried.after))
}

/// The same of a plan.
pub(super) fn sorts_of(plan: &Plan) -> usize {
    match plan.engine {
        Engine::PostgreSql => 0,
        Engine::MySql | Engine::MariaDb => flagged(plan, Flag::Filesort) + flagged(plan, Flag::Temporary),
    }
}

/// What decides on a server, for people.
#[must_use]
pub const fn unit(engine: Engine) -> &'static str {
    match engine {
        Engine::PostgreSql => "cost",
        Engine::MySql | Engine::MariaDb => "rows examined",
    }
}

/// What the search weighs, for people: MySQL's and MariaDB's rows count more where they are sorted.
pub(super) fn weighed(plan: Option<&Plan>) -> &'static str {
    match plan.map(|plan| plan.engine) {
        Some(Engine::MySql | Engine::MariaDb) => "rows examined, sorts weighed in:",
        _ => "cost",
    }
}

/// A plan's figure in that unit: PostgreSQL's cost, the rows that MySQL and MariaDB expect to examine.
#[must_use]
pub fn figure(plan: &Plan) -> Option<f64> {
    match plan.engine {
        Engine::PostgreSql => plan.total_cost(),
        Engine::MySql | Engine::MariaDb => Some(examined(plan)),
    }
}

/// A plan's figure in that unit, and the filesorts and temporary tables that count besides.
pub(super) fn shown(plan: &Plan) -> String {
    if plan.engine == Engine::PostgreSql {
        return plan.total_cost().map_or_else(|| "unknown".to_owned(), fmt::cost);
    }
    let mut text = fmt::count(examined(plan));
    for (flag, what) in [(Flag::Filesort, "a filesort"), (Flag::Temporary, "a temporary table")] {
        if flagged(plan, flag) > 0 {
            text = format!("{text} and {what}");
        }
    }
    text
}

/// Bytes an entry takes; without statistics, the number of columns.
pub(super) fn width(proposal: &Proposal) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a short list")]
    let columns = (proposal.candidate.keys.len() + proposal.candidate.include.len()) as f64;
    columns * 1_000.0 * proposal.entries_per_row.max(0.01) + proposal.bytes_per_row.unwrap_or(0.0)
}

/// Why a gain is none that one can believe: of an expression without statistics the planner takes a range to keep a fixed part
/// of the rows (`DEFAULT_INEQ_SEL`, `DEFAULT_RANGE_INEQ_SEL` in PostgreSQL's `src/include/utils/selfuncs.h`), whatever it
/// really keeps. Of one value, and of one beginning of a text, it takes a two-hundredth, which is too much rather than too little.
fn guessed(candidate: &Candidate, catalog: &Catalog, shape: Option<&Shape>) -> Option<String> {
    let key = candidate.keys.first().filter(|key| key.expression && candidate.method == "btree")?;
    let table = catalog.table(Some(&candidate.schema), &candidate.table)?;
    let wanted = plain(&key.expr);
    let known = table.expression_statistics.iter().any(|e| plain(e) == wanted)
        || table.indexes.iter().flat_map(|i| &i.keys).any(|k| k.column.is_none() && plain(&k.expr) == wanted);
    if known {
        return None;
    }
    let mut tests = shape?.predicates.iter().filter(|p| plain(p.operand.sql()) == wanted).map(|p| p.test).peekable();
    let ranged = tests.peek().is_some() && tests.all(|t| t == Test::Range);
    ranged.then(|| {
        format!(
            "nobody can tell what {} keeps: there are no statistics of it and the planner takes a fixed part of the rows; CREATE \
             STATISTICS on the expression and ANALYZE tell",
            crate::text::one_line(&key.expr)
        )
    })
}

fn by_cost(tried: &Tried) -> (Verdict, String) {
    let (Some(before), Some(after)) = (tried.before.total_cost(), tried.after.total_cost()) else {
        return (Verdict::Untested, "the plans carry no cost".to_owned());
    };
    if !uses(&tried.after, &tried.index_name) {
        return (Verdict::Rejected, format!("the planner does not use it; cost stays {}", fmt::cost(after)));
    }
    let gain = if before > 0.0 { 1.0 - after / before } else { 0.0 };
    let least = if tried.trust == Trust::Exact { LEAST_GAIN } else { LEAST_ESTIMATED };
    let change = format!("cost {} → {}", fmt::cost(before), fmt::cost(after));
    if gain >= least {
        let less = less(before, after);
        (Verdict::Proved, format!("used; {change} ({less})"))
    } else {
        (Verdict::Rejected, format!("used, but {change} is no gain worth an index"))
    }
}

/// By how much a cost fell, for people: how many times, where a part of it would round to all of it.
pub(super) fn less(before: f64, after: f64) -> String {
    let gain = if before > 0.0 { 1.0 - after / before } else { 0.0 };
    if gain >= 0.9 && after > 0.0 {
        format!("{} less", fmt::times(before / after))
    } else {
        format!("−{}", fmt::percent(gain))
    }
}

pub(super) fn flagged(plan: &Plan, flag: Flag) -> usize {
    plan.ids().filter(|id| plan.node(*id).flags.contains(flag) || plan.derived(*id).flags.contains(flag)).count()
}

/// Rows the plan expects to examine: each table's rows for every row that drives it, until a limit ends it.
pub(super) fn examined(plan: &Plan) -> f64 {
    rows_of(plan, |_| true)
}

/// Those of them that MySQL and `MariaDB` fetch from the table by an entry of a secondary index.
pub(super) fn fetched(plan: &Plan) -> f64 {
    rows_of(plan, |node| {
        node.index.as_deref().is_some_and(|index| index != "PRIMARY")
            && node.operator != Operator::IndexOnlyScan
            && !node.flags.contains(Flag::Covering)
    })
}

fn rows_of(plan: &Plan, which: impl Fn(&Node) -> bool) -> f64 {
    let times = plan.executions();
    plan.ids()
        .filter(|id| plan.node(*id).relation.is_some() && which(plan.node(*id)))
        .map(|id| times[id.index()] * plan.node(id).rows.estimated.unwrap_or(0.0) * part_asked(plan, id))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::{judge, rank};
    use crate::{
        advise::{Candidate, Key, TrialError, Tried, Trust, Verdict},
        catalog::Catalog,
        plan::{
            Engine::{self, MySql, PostgreSql},
            Node, Operator, Plan, PlanBuilder, Relation, Role,
        },
    };

    fn candidate(engine: Engine, columns: &[&str]) -> Candidate {
        Candidate {
            engine,
            schema: "public".to_owned(),
            table: "orders".to_owned(),
            method: "btree",
            keys: columns.iter().map(|c| Key::column(*c)).collect(),
            include: Vec::new(),
            predicate: None,
            replaces: Vec::new(),
            reasons: Vec::new(),
        }
    }

    /// A plan of one scan below a sort or not.
    fn plan(engine: Engine, index: Option<&str>, cost: f64, rows: f64, sorts: bool) -> Plan {
        let mut builder = PlanBuilder::new();
        let mut root = Node::new(Role::Root, if sorts { Operator::Sort } else { Operator::Limit }, "root");
        root.cost.total = Some(cost);
        let id = builder.push(None, root).unwrap();
        let operator = if index.is_some() { Operator::IndexScan } else { Operator::SeqScan };
        let mut scan = Node::new(Role::Outer, operator, "scan");
        scan.relation = Some(Relation { name: "orders".to_owned(), ..Relation::default() });
        scan.index = index.map(str::to_owned);
        scan.rows.estimated = Some(rows);
        builder.push(Some(id), scan).unwrap();
        builder.finish(engine).unwrap()
    }

    fn tried(before: Plan, after: Plan) -> Tried {
        Tried {
            method: "hypopg",
            trust: Trust::Close,
            before,
            after,
            index_name: "ix".to_owned(),
            size_bytes: None,
            notes: Vec::new(),
        }
    }

    #[test]
    fn postgres_goes_by_use_and_cost() {
        for (index, after, verdict, reason) in [
            (Some("ix"), 12.4, Verdict::Proved, "used; cost 35,811 → 12.40 (×2,888 less)"),
            (Some("ix"), 30_000.0, Verdict::Proved, "used; cost 35,811 → 30,000 (−16 %)"),
            (Some("ix"), 35_000.0, Verdict::Rejected, "used, but cost 35,811 → 35,000 is no gain worth an index"),
            (Some("other"), 12.4, Verdict::Rejected, "the planner does not use it; cost stays 12.40"),
            (None, 35_811.0, Verdict::Rejected, "the planner does not use it; cost stays 35,811"),
        ] {
            let trial = tried(plan(PostgreSql, None, 35_811.0, 8.0, false), plan(PostgreSql, index, after, 8.0, false));
            let proposal = judge(candidate(PostgreSql, &["a"]), Ok(trial), &Catalog::default(), None);
            assert_eq!((proposal.verdict, proposal.reason.as_str()), (verdict, reason));
        }
    }

    #[test]
    fn mysql_goes_by_rows_and_sorts_and_never_by_cost() {
        for (after_rows, sorts, verdict, reason) in [
            (300.0, true, Verdict::Proved, "used; rows examined 300,000 → 300"),
            (300_000.0, false, Verdict::Proved, "used; rows examined 300,000 → 300,000; a filesort goes"),
            (150_000.0, true, Verdict::Rejected, "used, but it visits 50 % of orders row by row"),
        ] {
            let trial = tried(
                plan(MySql, None, 30_000.0, 300_000.0, true),
                plan(MySql, Some("ix"), 29_000.0, after_rows, sorts),
            );
            let proposal = judge(candidate(MySql, &["a"]), Ok(trial), &Catalog::default(), None);
            assert_eq!((proposal.verdict, proposal.reason.as_str()), (verdict, reason));
        }
    }

    #[test]
    fn what_was_not_tried_is_untested() {
        let error = TrialError::Unsupported { method: "hypopg", reason: "it knows no GIN".to_owned() };
        let proposal = judge(candidate(PostgreSql, &["a"]), Err(error), &Catalog::default(), None);
        assert_eq!(proposal.verdict, Verdict::Untested);
        assert_eq!(proposal.reason, "hypopg cannot try this: it knows no GIN");
        assert!(proposal.tried.is_none() && proposal.ddl[0].starts_with("CREATE INDEX CONCURRENTLY"));
    }

    #[test]
    fn a_wider_index_ranks_first_only_when_it_saves_clearly_more() {
        let make = |columns: &[&str], after: f64| {
            let trial =
                tried(plan(PostgreSql, None, 10_000.0, 8.0, false), plan(PostgreSql, Some("ix"), after, 8.0, false));
            judge(candidate(PostgreSql, columns), Ok(trial), &Catalog::default(), None)
        };
        for (wide, first) in [(90.0, "a"), (20.0, "a"), (900.0, "a")] {
            let mut all = vec![make(&["a", "b"], wide), make(&["x"], 9_990.0), make(&["a"], 60.0)];
            rank(&mut all);
            assert_eq!((all[0].candidate.keys[0].expr.as_str(), all[0].candidate.keys.len()), (first, 1), "{wide}");
            assert_eq!(all[2].verdict, Verdict::Rejected);
        }
        let mut all = vec![make(&["a"], 5_000.0), make(&["a", "b"], 60.0)];
        rank(&mut all);
        assert_eq!(all[0].candidate.keys.len(), 2);
    }

    #[test]
    fn a_range_over_an_expression_without_statistics_proves_nothing() {
        use crate::{
            catalog::{Column, Table},
            sql::shape::shape,
        };
        let column = |name: &str| Column { name: name.to_owned(), type_name: "text".to_owned(), ..Column::default() };
        let mut catalog = Catalog {
            tables: vec![Table {
                schema: "public".to_owned(),
                name: "orders".to_owned(),
                rows: Some(1e6),
                columns: vec![column("note"), column("a")],
                ..Table::default()
            }],
            search_path: vec!["public".to_owned()],
            ..Catalog::default()
        };
        let verdict = |sql: &str, catalog: &Catalog| {
            let mut candidate = candidate(PostgreSql, &["lower(note)"]);
            candidate.keys[0].expression = true;
            let trial =
                tried(plan(PostgreSql, None, 35_811.0, 8.0, false), plan(PostgreSql, Some("ix"), 12.0, 8.0, false));
            judge(candidate, Ok(trial), catalog, shape(sql, PostgreSql, catalog).ok().as_ref()).verdict
        };
        let range = "select * from orders where lower(note) > 'x'";
        assert_eq!(verdict(range, &catalog), Verdict::Untested);
        assert_eq!(verdict("select * from orders where lower(note) between 'x' and 'y'", &catalog), Verdict::Untested);
        assert_eq!(verdict("select * from orders where lower(note) = 'x'", &catalog), Verdict::Proved);
        catalog.tables[0].expression_statistics = vec!["lower(note)".to_owned()];
        assert_eq!(verdict(range, &catalog), Verdict::Proved);
    }
}
