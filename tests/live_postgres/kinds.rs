//! Every kind of index: the statement, the index that must be among the proposals, and the proof by really building it.

use whyslow::{
    advise::{Limits, Proposal, Verdict, Weighted, ddl},
    plan::Engine,
    server::{ExplainRequest, Session, SessionOptions},
    sql::classify,
    whatif::{Allow, advise},
};

use super::connect_with;
use crate::support::{target, url};

const SETUP: &str = "
create extension hypopg; create extension pg_trgm; create extension btree_gin; create extension btree_gist;
create extension ltree; create extension hstore;
create table orders (id bigint primary key, customer_id int not null, status text not null, total numeric(10,2),
  created_at timestamp not null, changed_at timestamptz, shipped_at timestamp, paid boolean not null, region varchar(10),
  note text, code varchar(40), digest text, priority int, parent_id bigint);
insert into orders select i, (i * 7919) % 4000, case when i % 500 = 0 then 'failed' when i % 8 = 0 then 'open' else 'done' end,
  ((i * 7907) % 100000) / 100.0, timestamp '2024-01-01' + i * interval '1 minute', now(),
  case when i % 100 = 0 then null else timestamp '2024-02-01' + i * interval '1 minute' end, i % 300 <> 0,
  'r' || i % 7, 'note ' || md5(i::text), 'C' || lpad(((i * 7901) % 40000)::text, 8, '0'),
  md5(i::text) || md5((i + 1)::text) || md5((i + 2)::text), (i * 31) % 5, nullif((i * 13) % 60, 0)
  from generate_series(1, 40000) i;
create table customers (id int primary key, email varchar(80), city text, score int, doc jsonb, tags text[], nums int[],
  attrs hstore, search tsvector, bio text);
insert into customers select i, 'Person' || i || '@example.org', 'city' || i % 200, (i * 17) % 1000,
  jsonb_build_object('plan', case when i % 400 = 0 then 'pro' else 'p' || i % 50 end, 'age', i % 90, 'tags', jsonb_build_array('t' || i % 900)),
  array['a' || i % 800, 'b' || i % 700], array[i % 800, i % 700], hstore('k', (i % 900)::text),
  to_tsvector('english', 'word' || i % 900 || ' common'), 'life of ' || md5(i::text) from generate_series(1, 20000) i;
create table events (id bigint, at timestamp, kind int, host inet, seen tsrange, room int, place point, area box, path ltree, payload text,
  stream bigint);
insert into events select i, timestamp '2024-01-01' + i * interval '10 seconds', i % 40,
  ('10.' || i % 200 || '.' || (i / 200) % 200 || '.7')::inet,
  tsrange(timestamp '2024-01-01' + i * interval '5 minutes', timestamp '2024-01-01' + (i + 1) * interval '5 minutes'),
  i % 50, point((i * 7919) % 1000, (i * 7907) % 1000), box(point(i % 1000, i % 997), point(i % 1000 + 1, i % 997 + 1)),
  ('top.n' || i % 300 || '.m' || i % 7)::ltree, repeat('x', 100),
  i + (i % 2) * 100000 from generate_series(1, 70000) i;
create table items (order_id bigint, product_id int, line int, quantity int, price numeric(10,2), primary key (order_id, line));
insert into items select i, (i * 31 + l) % 2000, l, l, i % 100 from generate_series(1, 20000) i, generate_series(1, 3) l;
create table \"Mixed\" (\"Id\" int, \"Group\" int, \"select\" int);
insert into \"Mixed\" select i, i % 3000, i % 4000 from generate_series(1, 30000) i;
create view open_orders as select o.id, o.customer_id as who, o.created_at, o.total from orders o where o.status = 'open';
create schema other; create table other.orders (id int, customer_id int);
insert into other.orders select i, i % 2500 from generate_series(1, 30000) i;
analyze; vacuum;";

/// Statement, and the indexes of which each must be proposed; `|` stands between equals. The text is that of `CREATE INDEX`
/// behind `ON`, without the schema `public`.
const CASES: &[(&str, &[&str])] = &[
    // Values, lists, ranges, tests for NULL.
    ("select * from orders where customer_id = 77", &["orders USING btree (customer_id)"]),
    (
        "select * from orders where customer_id = 77 and priority = 3",
        &["orders USING btree (customer_id)|orders USING btree (customer_id, priority)"],
    ),
    (
        "select * from orders where customer_id in (77, 78) and status = 'open'",
        &[
            "orders USING btree (customer_id)|orders USING btree (status, customer_id)|orders USING btree (customer_id, status)",
        ],
    ),
    (
        "select * from orders where customer_id = 77 and created_at > '2024-01-20'",
        &["orders USING btree (customer_id, created_at)|orders USING btree (customer_id)"],
    ),
    (
        "select * from orders where created_at between '2024-01-10' and '2024-01-10 06:00'",
        &["orders USING btree (created_at)|orders USING brin (created_at)"],
    ),
    (
        "select * from orders where shipped_at is null and customer_id = 77",
        &[
            "orders USING btree (customer_id) WHERE shipped_at IS NULL|orders USING btree (customer_id, shipped_at)|orders USING btree (customer_id)",
        ],
    ),
    ("select * from orders where customer_id = any (array[1, 2, 3])", &["orders USING btree (customer_id)"]),
    ("select * from orders where customer_id = $1", &["orders USING btree (customer_id)"]),
    (
        "select * from orders where customer_id = 5 or code = 'C00000042'",
        &["orders USING btree (customer_id)", "orders USING btree (code)"],
    ),
    // Orders, groups, the first and the last.
    ("select * from orders order by total desc limit 10", &["orders USING btree (total)"]),
    (
        "select * from orders order by priority desc, created_at limit 10",
        &["orders USING btree (priority, created_at DESC)"],
    ),
    ("select * from orders order by total desc nulls last limit 10", &["orders USING btree (total NULLS FIRST)"]),
    (
        "select * from orders where status = 'open' order by created_at desc limit 20",
        &[
            "orders USING btree (status, created_at)|orders USING btree (created_at) WHERE status = 'open'|orders USING btree (created_at)",
        ],
    ),
    (
        "select * from orders where customer_id = 77 order by total limit 3",
        &["orders USING btree (customer_id, total)|orders USING btree (customer_id)"],
    ),
    ("select max(total) from orders", &["orders USING btree (total)"]),
    (
        "select min(total) from orders where customer_id = 77",
        &["orders USING btree (customer_id, total)|orders USING btree (customer_id)"],
    ),
    (
        "select distinct on (customer_id) customer_id, total from orders where region = 'r1' order by customer_id, total desc limit 5",
        &["orders USING btree (region, customer_id, total DESC)|orders USING btree (customer_id, total DESC)"],
    ),
    (
        "select * from orders where (created_at, id) > ('2024-01-15', 5) order by created_at, id limit 20",
        &["orders USING btree (created_at, id)|orders USING btree (created_at)"],
    ),
    (
        "select * from orders where customer_id = 77 and (total, id) > (10, 5) order by total, id limit 20",
        &[
            "orders USING btree (customer_id, total, id)|orders USING btree (customer_id, total)|orders USING btree (customer_id)",
        ],
    ),
    (
        "select customer_id, count(*) from orders where created_at > '2024-01-28' group by customer_id",
        &["orders USING btree (created_at) INCLUDE (customer_id)|orders USING btree (created_at)"],
    ),
    (
        "select row_number() over (partition by region order by total) from orders where customer_id = 5",
        &["orders USING btree (customer_id)|orders USING btree (customer_id, region, total)"],
    ),
    // Joins.
    (
        "select * from orders o join customers c on c.id = o.customer_id where c.email = 'Person5@example.org'",
        &["customers USING btree (email)", "orders USING btree (customer_id)"],
    ),
    (
        "select * from orders o join customers c on c.id = o.customer_id where c.id = 9",
        &["orders USING btree (customer_id)"],
    ),
    (
        "select count(*) from items i join orders o on o.id = i.order_id where i.product_id = 77",
        &["items USING btree (product_id)|items USING btree (product_id, order_id)"],
    ),
    (
        "select a.id from orders a join orders b on b.parent_id = a.id where a.code = 'C00000042' and b.total > 990",
        &["orders USING btree (code)|orders USING btree (code) INCLUDE (id)|orders USING btree (code, id)"],
    ),
    (
        "select * from customers c where exists (select 1 from orders o where o.customer_id = c.id and o.total > 999.9)",
        &[
            "orders USING btree (total)|orders USING btree (total) INCLUDE (customer_id)|orders USING btree (total, customer_id)",
        ],
    ),
    (
        "select * from customers c left join lateral (select * from orders o where o.customer_id = c.id order by total desc limit 1) x on true where c.city = 'city7'",
        &["orders USING btree (customer_id, total)|orders USING btree (customer_id)"],
    ),
    // Names: views, CTEs, sub-queries, schemas, mixed case.
    (
        "select * from open_orders where who = 77",
        &[
            "orders USING btree (customer_id)|orders USING btree (customer_id, status)|orders USING btree (status, customer_id)",
        ],
    ),
    (
        "with o as (select * from orders) select total from o where customer_id = 77",
        &["orders USING btree (customer_id)|orders USING btree (customer_id) INCLUDE (total)"],
    ),
    (
        "select * from (select customer_id as c, total from orders) x where c = 77",
        &["orders USING btree (customer_id)|orders USING btree (customer_id) INCLUDE (total)"],
    ),
    ("select * from \"Mixed\" where \"Group\" = 5", &["\"Mixed\" USING btree (\"Group\")"]),
    (
        "select * from \"Mixed\" where \"select\" = 5 order by \"Id\" limit 2",
        &["\"Mixed\" USING btree (\"select\", \"Id\")|\"Mixed\" USING btree (\"select\")"],
    ),
    ("select * from other.orders where customer_id = 5", &["other.orders USING btree (customer_id)"]),
    // INCLUDE.
    (
        "select total from orders where customer_id = 77",
        &["orders USING btree (customer_id)|orders USING btree (customer_id) INCLUDE (total)"],
    ),
    (
        "select sum(total) from orders where created_at >= '2024-01-20'",
        &["orders USING btree (created_at) INCLUDE (total)"],
    ),
    (
        "select region, sum(total) from orders where priority = 2 group by region",
        &[
            "orders USING btree (priority) INCLUDE (region, total)|orders USING btree (priority, region) INCLUDE (total)|orders USING btree (priority) INCLUDE (total, region)",
        ],
    ),
    (
        "select order_id, quantity from items where product_id = 5",
        &["items USING btree (product_id)|items USING btree (product_id) INCLUDE (order_id, quantity)"],
    ),
    // Partial.
    (
        "select * from orders where status = 'failed'",
        &["orders USING btree (status) WHERE status = 'failed'|orders USING btree (status)"],
    ),
    (
        "select * from orders where status = 'failed' order by created_at",
        &[
            "orders USING btree (created_at) WHERE status = 'failed'|orders USING btree (status) WHERE status = 'failed'|orders USING btree (status)|orders USING btree (status, created_at)",
        ],
    ),
    ("select * from orders where not paid", &["orders USING btree (paid) WHERE NOT paid|orders USING btree (paid)"]),
    (
        "select * from orders where shipped_at is null",
        &["orders USING btree (shipped_at) WHERE shipped_at IS NULL|orders USING btree (shipped_at)"],
    ),
    (
        "select * from orders where shipped_at is null order by total limit 5",
        &[
            "orders USING btree (total) WHERE shipped_at IS NULL|orders USING btree (shipped_at) WHERE shipped_at IS NULL|orders USING btree (shipped_at, total)",
        ],
    ),
    // Expressions.
    ("select * from customers where lower(email) = 'person5@example.org'", &["customers USING btree ((lower(email)))"]),
    ("select * from orders where date(created_at) = '2024-01-05'", &["orders USING btree ((date(created_at)))"]),
    ("select * from customers where doc->>'plan' = 'pro'", &["customers USING btree ((doc ->> 'plan'))"]),
    (
        "select * from customers where (doc->>'age')::int = 7 and city = 'city7'",
        &["customers USING btree (city)|customers USING btree (((doc ->> 'age')::INT), city)"],
    ),
    (
        "select * from customers where lower(email) like 'person77%'",
        &[
            "customers USING btree ((lower(email)) text_pattern_ops)|customers USING btree ((lower(email)) varchar_pattern_ops)|customers USING btree ((lower(email)))",
        ],
    ),
    // Operator classes.
    ("select * from customers where bio like 'life of ab%'", &["customers USING btree (bio text_pattern_ops)"]),
    ("select * from customers where email like 'Person12%'", &["customers USING btree (email varchar_pattern_ops)"]),
    ("select * from orders where starts_with(note, 'note abc')", &["orders USING btree (note text_pattern_ops)"]),
    // GIN.
    ("select * from customers where doc @> '{\"plan\": \"pro\"}'", &["customers USING gin (doc jsonb_path_ops)"]),
    ("select * from customers where doc ? 'missing'", &["customers USING gin (doc)"]),
    ("select * from customers where doc @? '$.plan ? (@ == \"pro\")'", &["customers USING gin (doc jsonb_path_ops)"]),
    ("select * from customers where doc->'tags' ? 't7'", &["customers USING gin ((doc -> 'tags'))"]),
    (
        "select * from customers where doc->'tags' @> '[\"t7\"]'",
        &["customers USING gin ((doc -> 'tags') jsonb_path_ops)"],
    ),
    ("select * from customers where tags @> array['a7']", &["customers USING gin (tags)"]),
    ("select * from customers where nums && array[7]", &["customers USING gin (nums)"]),
    ("select * from customers where attrs @> 'k=>7'", &["customers USING gin (attrs)"]),
    ("select * from customers where search @@ to_tsquery('english', 'word7')", &["customers USING gin (search)"]),
    (
        "select * from customers where to_tsvector('english', bio) @@ to_tsquery('english', 'c4ca')",
        &["customers USING gin ((to_tsvector('english', bio)))"],
    ),
    ("select * from customers where bio like '%c4ca42%'", &["customers USING gin (bio gin_trgm_ops)"]),
    ("select * from customers where bio ilike '%C4CA42%'", &["customers USING gin (bio gin_trgm_ops)"]),
    ("select * from customers where bio ~ 'c4ca42'", &["customers USING gin (bio gin_trgm_ops)"]),
    ("select * from customers where bio ilike '%c4ca42%'", &["customers USING gist (bio gist_trgm_ops)"]),
    (
        "select * from customers where tags && array['a7'] and city = 'city7'",
        &["customers USING gin (city, tags)|customers USING gin (tags)"],
    ),
    // GiST and SP-GiST.
    ("select * from events where seen && tsrange('2024-01-05', '2024-01-05 01:00')", &["events USING gist (seen)"]),
    ("select * from events where seen @> timestamp '2024-01-05'", &["events USING gist (seen)"]),
    (
        "select * from events where room = 7 and seen && tsrange('2024-01-05', '2024-01-06')",
        &["events USING gist (room, seen)"],
    ),
    ("select * from events where seen && tsrange('2024-01-05', '2024-01-05 01:00')", &["events USING spgist (seen)"]),
    ("select * from events where host <<= '10.7.0.0/24'", &["events USING gist (host inet_ops)"]),
    ("select * from events where host <<= '10.7.0.0/24'", &["events USING spgist (host)"]),
    ("select * from events where place <@ box '(1,1),(9,9)'", &["events USING gist (place)"]),
    ("select * from events where place <@ box '(1,1),(9,9)'", &["events USING spgist (place)"]),
    ("select * from events where area && box '(1,1),(3,3)'", &["events USING gist (area)"]),
    ("select * from events where path <@ 'top.n7'", &["events USING gist (path)"]),
    ("select * from events order by place <-> point '(5,5)' limit 5", &["events USING gist (place)"]),
    // BRIN and hash.
    ("select count(*) from events where at between '2024-01-05' and '2024-01-05 12:00'", &["events USING brin (at)"]),
    ("select count(payload) from events where id > 30000 and id < 33000", &["events USING brin (id)"]),
    // Two streams of values side by side: a block of pages holds two short ranges, not one.
    (
        "select count(payload) from events where stream > 30000 and stream < 33000",
        &["events USING brin (stream int8_minmax_multi_ops)"],
    ),
    ("select * from orders where digest = 'x'", &["orders USING hash (digest)|orders USING btree (digest)"]),
    // Writes find their rows too.
    ("update orders set note = 'x' where customer_id = 77", &["orders USING btree (customer_id)"]),
    (
        "delete from items using orders o where o.id = items.order_id and o.code = 'C00000042'",
        &["orders USING btree (code)|orders USING btree (code) INCLUDE (id)|orders USING btree (code, id)"],
    ),
];

/// Statements for which nothing must be proved.
const NONE: &[&str] = &[
    "select * from orders",
    "select * from orders where id = 7",
    "select * from orders where status <> 'failed'",
    "select * from orders where priority > 0",
    "select count(*) from customers where 'a7' = any (tags)",
    "select * from customers where score + id > 3",
    "select * from orders where random() < 0.5",
    "insert into \"Mixed\" values (1, 2, 3)",
];

async fn proposals(session: &mut Session, sql: &str) -> Vec<Proposal> {
    let answer = session.explain(&ExplainRequest { sql: sql.to_owned(), ..ExplainRequest::default() }).await;
    let answer = answer.unwrap_or_else(|e| panic!("{sql}: {e}"));
    let mut plan = whyslow::read::read(&answer.document).unwrap().remove(0);
    plan.version = Some(session.info().version.clone());
    let class = classify(sql, Engine::PostgreSql);
    let catalog = session.catalog(&class.tables, &class.functions).await.unwrap();
    let workload = [Weighted { sql: sql.to_owned(), weight: 1.0 }];
    let advice =
        advise(session, &workload, &[Some(&plan)], &catalog, Allow::default(), &Limits::default(), |_| ()).await;
    advice.unwrap_or_else(|e| panic!("{sql}: {e}")).proposals
}

fn text(proposal: &Proposal) -> String {
    let sql = ddl::plain_create(&proposal.candidate, "x");
    sql.split_once(" ON ").map(|(_, rest)| rest.replacen("public.", "", 1)).unwrap()
}

/// A database of its own with the extensions; dropped by [`Own::end`].
pub(super) struct Own {
    name: String,
    outside: tokio_postgres::Client,
    pub(super) admin: tokio_postgres::Client,
    pub(super) place: whyslow::server::Target,
}

impl Own {
    pub(super) async fn new(name: &str) -> Self {
        let name = format!("whyslow_{name}_{}", std::process::id());
        let outside = client("shop_hypopg").await;
        outside.batch_execute(&format!("drop database if exists {name} with (force)")).await.unwrap();
        outside.batch_execute(&format!("create database {name}")).await.unwrap();
        let admin = client(&name).await;
        let mut place = target(&url("WHYSLOW_TEST_HYPOPG_ADMIN"));
        place.database = Some(name.clone());
        Self { name, outside, admin, place }
    }

    pub(super) async fn session(&self) -> Session {
        let settings = vec![("jit".to_owned(), "off".to_owned())];
        connect_with(&self.place, &SessionOptions { settings, ..SessionOptions::default() }).await.unwrap()
    }

    pub(super) async fn end(self) {
        drop(self.admin);
        self.outside.batch_execute(&format!("drop database {} with (force)", self.name)).await.unwrap();
    }
}

async fn client(database: &str) -> tokio_postgres::Client {
    let place = url("WHYSLOW_TEST_HYPOPG_ADMIN").replace("/shop_hypopg", &format!("/{database}"));
    let (client, connection) = tokio_postgres::connect(&place, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn an_index_of_every_kind_is_proposed_and_a_real_one_is_used() {
    let own = Own::new("kinds").await;
    for statement in SETUP.split(';') {
        own.admin.batch_execute(statement).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
    }
    let admin = &own.admin;
    let mut session = own.session().await;
    let mut faults = Vec::new();
    for (sql, wanted) in CASES {
        let found = proposals(&mut session, sql).await;
        let all: Vec<String> = found.iter().map(|p| format!("{:?} {}", p.verdict, text(p))).collect();
        for alternatives in *wanted {
            let matching: Vec<&Proposal> =
                found.iter().filter(|p| alternatives.split('|').any(|a| a == text(p))).collect();
            let hypothetical = |p: &Proposal| matches!(p.candidate.method, "btree" | "brin" | "hash");
            // What HypoPG cannot make is proposed untested.
            let good = matching
                .iter()
                .find(|p| p.verdict == Verdict::Proved || (p.verdict == Verdict::Untested && !hypothetical(p)));
            let Some(good) = good else {
                faults.push(format!("{sql}: {alternatives} is not among {all:?}"));
                continue;
            };
            if sql.contains("$1") {
                continue;
            }
            let ddl = ddl::plain_create(&good.candidate, "whyslow_real");
            admin.batch_execute("begin; set local jit = off; set local enable_seqscan = on").await.unwrap();
            admin.batch_execute(&ddl).await.unwrap_or_else(|e| panic!("{ddl}: {e}"));
            faults.extend(badly_sized(admin, good).await);
            let rows = admin.query(&format!("explain {sql}"), &[]).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|r| r.get(0)).collect();
            admin.batch_execute("rollback").await.unwrap();
            if wanted.len() == 1 && !plan.iter().any(|line| line.contains("whyslow_real")) {
                faults.push(format!("{sql}: the real {ddl} is not used:\n{}", plan.join("\n")));
            }
        }
    }
    for sql in NONE {
        let found = proposals(&mut session, sql).await;
        let proved: Vec<String> = found.iter().filter(|p| p.verdict == Verdict::Proved).map(text).collect();
        if !proved.is_empty() {
            faults.push(format!("{sql}: {proved:?} are proved"));
        }
    }
    faults.extend(a_workload_keeps_its_budget(&mut session).await);
    drop(session);
    own.end().await;
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), CASES.len() + NONE.len(), faults.join("\n"));
}

/// Whether the size that was told of a B-tree of plain columns is not that of the real one, for those of more than a few pages. Keys
/// that depend on each other share more lists than anybody can tell, so that several keys without `INCLUDE` are left out.
async fn badly_sized(admin: &tokio_postgres::Client, proposal: &Proposal) -> Option<String> {
    const FEW: i64 = 256 << 10;
    let candidate = &proposal.candidate;
    let plain = candidate.predicate.is_none() && candidate.keys.iter().all(|k| !k.expression);
    let told_of = candidate.keys.len() == 1 || !candidate.include.is_empty();
    if candidate.method != "btree" || !plain || !told_of {
        return None;
    }
    let row = admin
        .query_one("select pg_relation_size(oid) from pg_class where relname = 'whyslow_real'", &[])
        .await
        .unwrap();
    let real: i64 = row.get(0);
    let told = proposal.tried.as_ref()?.size_bytes?;
    #[expect(clippy::cast_precision_loss, reason = "sizes")]
    let ratio = told as f64 / real as f64;
    (real >= FEW && !(0.85..=1.18).contains(&ratio))
        .then(|| format!("{}: {told} bytes were told, {real} are real", ddl::plain_create(candidate, "x")))
}

/// Several statements, little room: what is chosen fits, helps, and holds nothing twice.
async fn a_workload_keeps_its_budget(session: &mut Session) -> Vec<String> {
    const ROOM: u64 = 3_000_000;
    let workload: Vec<Weighted> = [
        ("select total from orders where customer_id = 77", 50.0),
        ("select * from orders where customer_id = $1 order by created_at desc limit 5", 5.0),
        ("select region, sum(total) from orders where created_at > '2024-01-25' group by region", 1.0),
        ("select * from customers where email = 'Person5@example.org'", 10.0),
        ("select * from nowhere", 1.0),
        ("insert into orders (id, customer_id, status, created_at, paid) values (0, 1, 'x', now(), true)", 100.0),
    ]
    .map(|(sql, weight)| Weighted { sql: sql.to_owned(), weight })
    .into();
    let tables = ["orders", "customers"].map(|t| (None, t.to_owned()));
    let catalog = session.catalog(&tables, &[]).await.unwrap();
    let plans = vec![None; workload.len()];
    let mut told = 0;
    let limits = Limits { bytes: Some(ROOM), ..Limits::default() };
    let advice = advise(session, &workload, &plans, &catalog, Allow::default(), &limits, |_| told += 1).await.unwrap();
    let set: Vec<&Proposal> = advice.proposals.iter().filter(|p| p.verdict == Verdict::Proved).collect();
    let bytes: u64 = set.iter().filter_map(|p| p.tried.as_ref().and_then(|t| t.size_bytes)).sum();
    let mut faults = Vec::new();
    let mut check = |good: bool, what: &str| {
        if !good {
            let all: Vec<String> = set.iter().map(|p| text(p)).collect();
            faults.push(format!("{what}: {bytes} bytes, {all:?}, {:?}", advice.statements));
        }
    };
    check(bytes <= ROOM, "more than there is room for");
    check(set.len() >= 2 && told > 10, "hardly anything was found");
    check(advice.statements[4].problem.is_some(), "a statement that cannot be planned is told");
    check(
        advice.statements.iter().all(|s| s.after.zip(s.before).is_none_or(|(after, before)| after <= before * 1.05)),
        "a statement is dearer",
    );
    check(
        set.iter().all(|p| set.iter().all(|q| p.name == q.name || p.candidate.keys != q.candidate.keys)),
        "the same keys twice",
    );
    let ended = Limits { until: Some(std::time::Instant::now()), ..Limits::default() };
    let early = advise(session, &workload, &plans, &catalog, Allow::default(), &ended, |_| ()).await.unwrap();
    check(early.early && early.explains <= 2 * workload.len(), "time that is over is not kept");
    faults
}
