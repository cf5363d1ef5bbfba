//! What the server says in the tests: plans that a real PostgreSQL 15 gave, and proposals made of them.

use std::time::Duration;

use whyslow::{
    advise::{Candidate, Compared, Key, Part, Proposal, Together, Tried, Trust, Verdict},
    app::{Arrival, Sample, Server},
    catalog::{Catalog, Column, Index, IndexKey, Statistics, Table},
    diagnose::{Finding, Severity},
    history::Run,
    inspect::Inspection,
    plan::{Engine, Flag, Node, NodeId, Operator, Plan, PlanBuilder, Relation, Role, Timing},
    server::{Info, target::TlsMode},
    whatif::{Supposed, Supposition},
};

/// A file of `tests/fixtures/screen`.
pub(super) fn fixture(name: &str) -> String {
    let path = format!("{}/tests/fixtures/screen/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The one plan of a fixture, as if `sql` had been asked.
pub(super) fn plan(name: &str, sql: &str) -> Plan {
    // A proposal's plan names the index as it will be called, and not as HypoPG did.
    let document = fixture(name).replace("<13556>btree_orders_status_created", "orders_status_created_idx");
    let mut plan = whyslow::read::read(&document).unwrap().remove(0);
    plan.query = Some(sql.to_owned());
    plan.version = Some("15.18".to_owned());
    plan
}

pub(super) fn info() -> Info {
    Info {
        engine: Engine::PostgreSql,
        version: "15.18".to_owned(),
        version_number: 150_018,
        database: "shop".to_owned(),
        user: "ann".to_owned(),
        hypopg: Some("1.4.1".to_owned()),
        tls: Some("TLSv1.3".to_owned()),
        embedded: false,
    }
}

pub(super) fn samples() -> Vec<Sample> {
    [
        ("Open orders, dearest first", "a condition that no index serves reads the whole table", "open-orders.sql"),
        ("Revenue by category", "a sort and a hash that do not fit in memory", "top-products.sql"),
    ]
    .map(|(title, trouble, file)| Sample {
        title: title.to_owned(),
        trouble: trouble.to_owned(),
        sql: fixture(file).trim().to_owned(),
    })
    .to_vec()
}

/// A statement that has an answer.
pub(super) fn known() -> String {
    fixture("open-orders.sql").trim().to_owned()
}

/// The answer to a statement: the fixture whose text it is.
pub(super) fn inspection(sql: &str, analyze: bool) -> Inspection {
    let stem = ["open-orders", "top-products"]
        .into_iter()
        .find(|stem| fixture(&format!("{stem}.sql")).trim() == sql)
        .unwrap_or_else(|| panic!("no fixture answers to: {sql}"));
    let kind = if analyze || stem == "top-products" { "analyze" } else { "explain" };
    let plan = plan(&format!("{stem}.{kind}.json"), sql);
    let findings = findings(&plan);
    Inspection { plan, catalog: Some(catalog()), findings, elapsed: Duration::from_millis(62), runs: Vec::new() }
}

/// Findings about full scans and misestimates, written here so that a rule's wording does not move the screens.
fn findings(plan: &Plan) -> Vec<Finding> {
    let mut found: Vec<Finding> = plan
        .ids()
        .filter_map(|id| {
            let derived = plan.derived(id);
            let relation = plan.node(id).relation.as_ref()?.name.clone();
            let scan = derived.flags.contains(Flag::FullScan);
            (scan && derived.share.unwrap_or(0.0) > 0.01).then(|| Finding {
                rule: "full-scan-filtering",
                severity: if derived.share.unwrap_or(0.0) > 0.5 { Severity::Critical } else { Severity::Warning },
                node: id,
                share: derived.share,
                title: format!("reads all of {relation} to keep a few rows"),
                why: "No index serves the condition, so every row is read and nearly all are thrown away.".to_owned(),
                next: "Look for an index (x).".to_owned(),
                evidence: serde_json::Map::new(),
            })
        })
        .collect();
    found.sort_by(|a, b| b.share.unwrap_or(0.0).total_cmp(&a.share.unwrap_or(0.0)));
    found
}

fn key(expr: &str) -> Key {
    Key::column(expr)
}

fn candidate(keys: &[&str], include: &[&str]) -> Candidate {
    Candidate {
        engine: Engine::PostgreSql,
        schema: "public".to_owned(),
        table: "orders".to_owned(),
        method: "btree",
        keys: keys.iter().map(|k| key(k)).collect(),
        include: include.iter().map(|c| (*c).to_owned()).collect(),
        predicate: None,
        replaces: Vec::new(),
        reasons: vec![
            "status: equality in the WHERE clause".to_owned(),
            "created: range in the WHERE clause".to_owned(),
        ],
    }
}

fn proposal(candidate: Candidate, verdict: Verdict, reason: &str, tried: Option<Tried>) -> Proposal {
    let keys: Vec<&str> = candidate.keys.iter().map(|k| k.expr.as_str()).collect();
    let name = format!("orders_{}_idx", keys.join("_"));
    Proposal {
        ddl: vec![format!("CREATE INDEX CONCURRENTLY {name} ON public.orders USING btree ({});", keys.join(", "))],
        undo: vec![format!("DROP INDEX CONCURRENTLY public.{name};")],
        candidate,
        name,
        serves: Vec::new(),
        lost: Vec::new(),
        instead_of: None,
        cost_alone: None,
        verdict,
        reason: reason.to_owned(),
        tried,
        weighed: None,
        entries_per_row: 1.0,
        bytes_per_row: Some(28.0),
    }
}

/// A proved, a rejected and an untested one.
pub(super) fn proposals(sql: &str) -> Vec<Proposal> {
    let tried = |after: &str| Tried {
        method: "hypopg",
        trust: Trust::Close,
        before: plan("open-orders.explain.json", sql),
        after: plan(after, sql),
        index_name: "orders_status_created_idx".to_owned(),
        size_bytes: Some(16_449_536),
        notes: vec![
            "checked: the server planned it itself".to_owned(),
            "HypoPG 1.4.1 estimated the index's size from statistics".to_owned(),
        ],
    };
    vec![
        proposal(
            candidate(&["status", "created"], &[]),
            Verdict::Proved,
            "the planner uses it; cost 7,553 to 1,586",
            Some(tried("open-orders.hypopg.json")),
        ),
        proposal(
            candidate(&["created"], &["total"]),
            Verdict::Rejected,
            "the planner does not use it",
            Some(tried("open-orders.explain.json")),
        ),
        proposal(candidate(&["total"], &[]), Verdict::Untested, "no method here could try it", None),
    ]
}

/// Several indexes tried together: the plan uses the first, and would do as well without the others.
pub(super) fn together(sql: &str, candidates: &[Candidate]) -> Together {
    let (before, after) = (plan("open-orders.explain.json", sql), plan("open-orders.hypopg.json", sql));
    let part = |at: usize, candidate: &Candidate| Part {
        candidate: candidate.clone(),
        name: Some(if at == 0 { "orders_status_created_idx".to_owned() } else { format!("<{at}>btree") }),
        without: Some(if at == 0 { before.clone() } else { after.clone() }),
    };
    let parts = candidates.iter().enumerate().map(|(at, candidate)| part(at, candidate)).collect();
    let notes = vec!["checked: the server planned it itself".to_owned()];
    Together { method: "hypopg", trust: Trust::Close, before: before.clone(), after, parts, notes }
}

/// What would be: without the primary key of orders the plan of today, no dearer.
pub(super) fn supposed(sql: &str, supposition: Supposition) -> Supposed {
    let drop = if let Supposition::Indexes { drop, .. } = &supposition { drop.as_slice() } else { &[] };
    let farewells = drop.iter().map(|gone| gone.farewell(&catalog())).collect();
    let both = Compared {
        method: "twin",
        trust: Trust::Exact,
        before: plan("open-orders.hypopg.json", sql),
        after: plan("open-orders.explain.json", sql),
        names: Vec::new(),
        notes: vec!["checked: the twin plans the statement as production does now, at the same cost".to_owned()],
    };
    Supposed { outcomes: vec![Ok(both)], farewells, supposition }
}

/// An index of the person's own, proved.
pub(super) fn own(candidate: Candidate) -> Proposal {
    let mut out = proposals(fixture("open-orders.sql").trim()).remove(0);
    out.candidate = candidate;
    out
}

/// An index that was really built.
pub(super) fn built(candidate: Candidate, keep: bool) -> Proposal {
    let mut out = own(candidate);
    let tried = out.tried.as_mut().unwrap();
    (tried.method, tried.trust) = (whyslow::whatif::INVISIBLE, Trust::Exact);
    tried.notes = vec![if keep { "built; it stands, invisible" } else { "built; it was dropped again" }.to_owned()];
    out
}

/// A line of the history.
pub(super) fn run(at: usize, sql: String, plan: &Plan, findings: Vec<String>, elapsed: Duration) -> Run {
    Run {
        at: 1_795_692_660 + 60 * at as u64,
        place: "ann@db.example:5432/shop".to_owned(),
        sql,
        analyzed: plan.analyzed,
        elapsed_ms: elapsed.as_secs_f64() * 1e3,
        cost: plan.total_cost(),
        findings,
        plan: Some(format!("kept-{at}")),
    }
}

/// A saved server, one that was used and is connected to, and one whose address makes no sense.
pub(super) fn servers() -> Vec<Server> {
    let server = |name: Option<&str>, place: &str, engine, last, runs| Server {
        name: name.map(str::to_owned),
        place: place.to_owned(),
        address: format!("address of {place}"),
        engine,
        tls: TlsMode::VerifyFull,
        last,
        runs,
        problem: None,
    };
    let mut wrong = server(Some("old"), "postgers://x", None, None, 0);
    wrong.problem = Some("postgers:// is not a scheme known here".to_owned());
    vec![
        server(Some("orders"), "ann@mysql.example:3306/orders", Some(Engine::MySql), Some(1_795_000_000), 12),
        wrong,
        server(None, "ann@db.example:5432/shop", Some(Engine::PostgreSql), Some(1_795_692_660), 3),
    ]
}

/// What is known of the server that an address leads to.
pub(super) fn arrival(address: &str) -> Arrival {
    let server = servers().into_iter().find(|s| s.address == address).unwrap();
    Arrival {
        place: server.place,
        engine: server.engine.unwrap(),
        draft: Some("select 'typed there'".to_owned()),
        runs: Vec::new(),
        values: [("x".to_owned(), "1".to_owned())].into(),
    }
}

/// The catalog of the shop's two tables that the fixtures read.
pub(super) fn catalog() -> Catalog {
    let column = |name: &str, type_name: &str, distinct: f64, common: &[(&str, f64)]| Column {
        name: name.to_owned(),
        type_name: type_name.to_owned(),
        not_null: name == "id",
        statistics: Some(Statistics {
            n_distinct: Some(distinct),
            most_common: common.iter().map(|(value, share)| ((*value).to_owned(), *share)).collect(),
            ..Statistics::default()
        }),
        ..Column::default()
    };
    let key = |name: &str| IndexKey { column: Some(name.into()), expr: name.into(), ..IndexKey::default() };
    let orders = Table {
        schema: "public".to_owned(),
        name: "orders".to_owned(),
        rows: Some(400_000.0),
        bytes: Some(41_000_000),
        columns: vec![
            column("id", "bigint", -1.0, &[]),
            column("customer_id", "bigint", 19_800.0, &[]),
            column("status", "text", 4.0, &[("shipped", 0.97), ("open", 0.01)]),
            column("created", "timestamp with time zone", -0.9, &[]),
            column("total", "numeric(10,2)", 95_000.0, &[]),
        ],
        indexes: vec![Index {
            name: "orders_pkey".to_owned(),
            method: "btree".to_owned(),
            keys: vec![key("id")],
            unique: true,
            primary: true,
            bytes: Some(9_000_000),
            scans: Some(12_400.0),
            ..Index::default()
        }],
        last_analyzed: Some("2026-11-20 03:12:55.123+00".to_owned()),
        modified_since_analyze: Some(18_220.0),
        dead_rows: Some(2_110.0),
        last_vacuumed: None,
        ..Table::default()
    };
    Catalog { tables: vec![orders], search_path: vec!["public".to_owned()], ..Catalog::default() }
}

/// A plan of `n` nodes, `deep` of them below each other, for what big plans do to the screen.
pub(super) fn big(n: u32, deep: u32) -> Plan {
    let mut builder = PlanBuilder::new();
    for i in 0..n {
        let parent = match i {
            0 => None,
            i if i <= deep => Some(NodeId(i - 1)),
            _ => Some(NodeId(deep / 2)),
        };
        let mut node = Node::new(if i == 0 { Role::Root } else { Role::Member }, Operator::SeqScan, "Seq Scan");
        node.relation = Some(Relation { schema: None, name: format!("part_{i}"), alias: None });
        node.timing = Some(Timing::PerLoop { first_ms: 0.0, last_ms: f64::from(n - i) });
        node.rows.actual = Some(f64::from(i));
        node.rows.loops = Some(1.0);
        node.rows.estimated = Some(10.0);
        builder.push(parent, node).unwrap();
    }
    builder.finish(Engine::PostgreSql).unwrap()
}

/// An append of so many partitions that take a millisecond each, but for one that takes fifty.
pub(super) fn partitions(n: u32, slow: u32) -> Plan {
    let mut builder = PlanBuilder::new();
    let root = builder.push(None, Node::new(Role::Root, Operator::Append, "Append")).unwrap();
    for i in 0..n {
        let mut node = Node::new(Role::Member, Operator::SeqScan, "Seq Scan");
        node.relation = Some(Relation { schema: None, name: format!("m_{i}"), alias: None });
        node.timing = Some(Timing::PerLoop { first_ms: 0.0, last_ms: if i == slow { 50.0 } else { 1.0 } });
        (node.rows.actual, node.rows.estimated, node.rows.loops) = (Some(20.0), Some(10.0), Some(1.0));
        builder.push(Some(root), node).unwrap();
    }
    builder.finish(Engine::PostgreSql).unwrap()
}

/// Everything else that comes from outside, made of one text.
pub(super) struct Hostile {
    pub(super) info: Info,
    pub(super) servers: Vec<Server>,
    pub(super) runs: Vec<Run>,
    pub(super) samples: Vec<Sample>,
}

pub(super) fn hostile(text: &str) -> Hostile {
    let text = || text.to_owned();
    let info = Info { version: text(), database: text(), user: text(), ..info() };
    let mut servers = servers();
    for server in &mut servers {
        server.name = Some(text());
        server.place = text();
        server.problem = server.problem.as_ref().map(|_| text());
    }
    let plan = plan("open-orders.explain.json", "");
    let runs = (0..3).map(|at| run(at, text(), &plan, vec![text(), text()], Duration::from_secs(1))).collect();
    Hostile { info, servers, runs, samples: vec![Sample { title: text(), trouble: text(), sql: text() }] }
}
