//! Every kind of index that MySQL and MariaDB have: the statement, the candidate that must be there, and the proof by
//! really building it.

use std::time::{Duration, Instant};

use whyslow::{
    advise::{Candidate, Limits, Verdict, Weighted, candidates, ddl},
    plan::{Engine, Plan},
    server::Session,
    sql::classify,
    whatif::{Allow, advise},
};

use super::{Server, drop_private, explain, private};

/// On which servers a case holds.
#[derive(Clone, Copy, PartialEq)]
enum On {
    Both,
    MySql,
}
use On::{Both, MySql};

const SETUP: &[&str] = &[
    "create table digits (i int primary key)",
    "insert into digits values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)",
    "create view many as select a.i + 10 * b.i + 100 * c.i + 1000 * d.i + 10000 * e.i + 1 as n \
     from digits a, digits b, digits c, digits d, digits e where e.i < 2",
    "create table orders (id int primary key, customer_id int not null, status varchar(10) not null, total decimal(10,2), \
     created_at datetime not null, shipped_at datetime, region varchar(10), note text, code varchar(40), priority int, \
     parent_id int)",
    "insert into orders select n, (n * 7919) % 4000, case when n % 500 = 0 then 'failed' when n % 8 = 0 then 'open' else 'done' end, \
     ((n * 907) % 100000) / 100.0, '2024-01-01' + interval n minute, if(n % 100 = 0, null, '2024-02-01' + interval n minute), \
     concat('r', n % 7), concat('note ', left(sha2(n, 256), 32)), concat('C', lpad((n * 7901) % 20000, 8, '0')), (n * 31) % 5, \
     nullif((n * 13) % 60, 0) from many",
    "create table customers (id int primary key, email varchar(80), city varchar(40), score int, doc json, bio text, \
     place point not null /*!80003 SRID 0 */)",
    "insert into customers select n, concat('Person', n, '@example.org'), concat('city', n % 200), (n * 17) % 1000, \
     json_object('plan', if(n % 400 = 0, 'pro', concat('p', n % 50)), 'ids', json_array(n % 900, n % 700)), \
     concat('life of ', left(sha2(n, 256), 32), ' word', n % 900), point(n % 100, n % 97) from many",
    "create table items (order_id int, line int, product_id int, quantity int, primary key (order_id, line))",
    "insert into items select n, 1, (n * 31) % 2000, 1 from many",
    "insert into items select n, 2, (n * 37) % 2000, 2 from many",
    "create view open_orders as select id, customer_id as who, created_at, total from orders where status = 'open'",
    "analyze table orders, customers, items",
];

/// Statement, candidate (`|` between equals), and whether the optimizer is to use it when it is really there.
const CASES: &[(On, &str, &str, bool)] = &[
    (Both, "select * from orders where customer_id = 77", "orders (customer_id)", true),
    (Both, "select * from orders where customer_id = 77 and status = 'open'", "orders (customer_id, status)", true),
    (Both, "select * from orders where customer_id in (77, 78)", "orders (customer_id)", true),
    (
        Both,
        "select * from orders where customer_id = 77 and created_at > '2024-01-10'",
        "orders (customer_id, created_at)",
        true,
    ),
    (
        Both,
        "select * from orders where created_at between '2024-01-10' and '2024-01-10 06:00'",
        "orders (created_at)",
        true,
    ),
    (Both, "select * from orders where shipped_at is null", "orders (shipped_at)", true),
    (
        Both,
        "select * from orders where shipped_at is null and customer_id = 77",
        "orders (customer_id, shipped_at)|orders (shipped_at, customer_id)",
        true,
    ),
    (Both, "select * from orders where customer_id = 5 or code = 'C00000042'", "orders (customer_id)", false),
    (Both, "select * from orders where customer_id = 5 or code = 'C00000042'", "orders (code)", false),
    // Orders, groups, the first and the last.
    (Both, "select * from orders order by total desc limit 10", "orders (total)", true),
    (
        Both,
        "select * from orders order by priority desc, created_at limit 10",
        "orders (priority, created_at DESC)",
        true,
    ),
    (Both, "select * from orders where customer_id = 77 order by total limit 3", "orders (customer_id, total)", true),
    (
        Both,
        "select * from orders where status = 'open' order by created_at desc limit 20",
        "orders (status, created_at)",
        true,
    ),
    (Both, "select max(total) from orders", "orders (total)", false),
    (Both, "select min(total) from orders where customer_id = 77", "orders (customer_id, total)", false),
    (Both, "select region, max(total) from orders group by region", "orders (region, total)", true),
    (Both, "select distinct customer_id from orders", "orders (customer_id)", true),
    (Both, "select priority, count(*) from orders group by priority", "orders (priority)", true),
    (
        Both,
        "select * from orders where (created_at, id) > ('2024-01-14', 5) order by created_at, id limit 20",
        "orders (created_at)|orders (created_at, id)",
        true,
    ),
    // Everything the statement needs, in the index; the primary key is in it already.
    (Both, "select total from orders where customer_id = 77", "orders (customer_id, total)", true),
    (Both, "select total, id from orders where customer_id = 77", "orders (customer_id, total)", true),
    (Both, "select sum(total) from orders where created_at >= '2024-01-12'", "orders (created_at, total)", true),
    (Both, "select order_id, quantity from items where product_id = 5", "items (product_id, quantity)", true),
    (
        Both,
        "select region, sum(total) from orders where priority = 2 group by region",
        "orders (priority, region, total)",
        true,
    ),
    // Beginnings of long texts.
    (Both, "select * from orders where note = 'note x'", "orders (note(64))", true),
    (Both, "select * from orders where note like 'note ab%'", "orders (note(64))", true),
    (Both, "select * from orders where code like 'C000001%'", "orders (code)", true),
    // Joins.
    (
        Both,
        "select * from orders o join customers c on c.id = o.customer_id where c.email = 'Person5@example.org'",
        "customers (email)",
        true,
    ),
    (
        Both,
        "select * from orders o join customers c on c.id = o.customer_id where c.email = 'Person5@example.org'",
        "orders (customer_id)",
        false,
    ),
    (
        Both,
        "select * from orders o join customers c on c.id = o.customer_id where c.id = 9",
        "orders (customer_id)",
        true,
    ),
    (
        Both,
        "select count(*) from items i join orders o on o.id = i.order_id where i.product_id = 77",
        "items (product_id)",
        true,
    ),
    (
        Both,
        "select a.id from orders a join orders b on b.parent_id = a.id where a.code = 'C00000042' and b.total > 990",
        "orders (code)",
        true,
    ),
    (
        Both,
        "select * from customers c where exists (select 1 from orders o where o.customer_id = c.id and o.total > 999.9)",
        "orders (total)|orders (customer_id, total)",
        false,
    ),
    // Views, CTEs, sub-queries.
    (
        Both,
        "select * from open_orders where who = 77",
        "orders (customer_id, status)|orders (customer_id)|orders (status, customer_id)",
        true,
    ),
    (Both, "with o as (select * from orders) select total from o where customer_id = 77", "orders (customer_id)", true),
    (Both, "select * from (select customer_id as c, total from orders) x where c = 77", "orders (customer_id)", true),
    // Writes.
    (Both, "update orders set note = 'x' where customer_id = 77", "orders (customer_id)", true),
    (Both, "delete from orders where customer_id = 77", "orders (customer_id)", true),
    // Expressions and documents.
    (MySql, "select * from customers where lower(email) = 'person5@example.org'", "customers ((lower(email)))", true),
    (MySql, "select * from orders where date(created_at) = '2024-01-05'", "orders ((date(created_at)))", true),
    (
        MySql,
        "select * from customers where doc->>'$.plan' = 'pro'",
        "customers ((CAST(doc ->> '$.plan' AS CHAR(64)) COLLATE utf8mb4_bin))",
        true,
    ),
    (
        MySql,
        "select * from customers where 7 member of (doc->'$.ids')",
        "customers ((CAST(doc -> '$.ids' AS UNSIGNED ARRAY)))",
        true,
    ),
    (
        MySql,
        "select * from customers where json_contains(doc->'$.ids', '[7]')",
        "customers ((CAST(doc -> '$.ids' AS UNSIGNED ARRAY)))",
        true,
    ),
    (
        MySql,
        "select * from customers where json_overlaps(doc->'$.ids', '[7, 8]')",
        "customers ((CAST(doc -> '$.ids' AS UNSIGNED ARRAY)))",
        true,
    ),
    // Several conditions, joins against nothing, sets, sub-queries for one value.
    (
        Both,
        "select * from orders where customer_id = 77 order by created_at desc, id desc limit 5",
        "orders (customer_id, created_at)|orders (customer_id, created_at, id)",
        true,
    ),
    (Both, "select * from orders where customer_id between 100 and 102", "orders (customer_id)", true),
    (Both, "select count(*) from orders where status = 'failed'", "orders (status)", true),
    (
        Both,
        "select * from orders where region = 'r1' and priority = 2 and customer_id = 77",
        // Without statistics all three are alike, and any order serves.
        "orders (customer_id, region, priority)|orders (customer_id, priority, region)|orders (region, priority, customer_id)",
        true,
    ),
    (
        Both,
        "select count(distinct customer_id) from orders where status = 'failed'",
        "orders (status, customer_id)",
        true,
    ),
    // MariaDB joins these by hash, with the index or without.
    (
        MySql,
        "select o.id from orders o left join items i on i.product_id = o.customer_id where o.id < 50 and i.order_id is null",
        "items (product_id)",
        true,
    ),
    (Both, "update orders set priority = 1 where code = 'C00000042'", "orders (code)", true),
    (Both, "delete from items where product_id = 77", "items (product_id)", true),
    (Both, "select * from customers where score > 990", "customers (score)", true),
    (Both, "select city, count(*) from customers group by city", "customers (city)", true),
    (Both, "select * from customers where city = 'city7' and score between 10 and 20", "customers (city, score)", true),
    (Both, "select email from customers where city = 'city7'", "customers (city, email)", true),
    (
        Both,
        "select id from orders where customer_id = 77 union all select id from orders where code = 'C00000042'",
        "orders (code)",
        true,
    ),
    (Both, "select * from orders where total = (select max(total) from orders)", "orders (total)", true),
    (Both, "select * from customers order by score desc, city limit 5", "customers (score, city DESC)", true),
    (
        Both,
        "select * from orders where parent_id = 12 and status in ('failed', 'open')",
        "orders (parent_id, status)|orders (status, parent_id)",
        true,
    ),
    (Both, "select product_id, sum(quantity) from items group by product_id", "items (product_id, quantity)", true),
    // Words and shapes.
    (Both, "select * from customers where match (bio) against ('word7')", "customers (bio) fulltext", true),
    (
        Both,
        "select * from customers where match (bio, city) against ('+word7' in boolean mode)",
        "customers (bio, city) fulltext",
        true,
    ),
    (
        Both,
        "select * from customers where mbrwithin(place, st_geomfromtext('POLYGON((0 0, 3 0, 3 3, 0 3, 0 0))'))",
        "customers (place) spatial",
        true,
    ),
    // Without blanks between words.
    (
        MySql,
        "select * from customers where match (bio) against ('数据' in boolean mode)",
        "customers (bio) WITH PARSER ngram fulltext",
        true,
    ),
    // One row of each group, by looking from group to group.
    (Both, "select distinct city from customers", "customers (city)", true),
    (Both, "select city, min(score), max(score) from customers group by city", "customers (city, score)", true),
];

/// Statements for which there must be no candidate.
const NONE: &[&str] = &[
    "select * from orders",
    "select * from orders where id = 7",
    "select * from items where order_id = 5",
    "select * from orders where status <> 'failed'",
    "select * from orders order by id limit 10",
];

fn text(candidate: &Candidate) -> String {
    let sql = ddl::plain_create(candidate, "x");
    let (_, on) = sql.split_once(" ON ").unwrap();
    let table = on.split_once('.').map_or(on, |(_, rest)| rest);
    if candidate.method == "btree" { table.to_owned() } else { format!("{table} {}", candidate.method) }
}

async fn plan(session: &mut Session, sql: &str) -> Option<Plan> {
    let answer = explain(session, sql).await.ok()?;
    let mut plan = whyslow::read::read(&answer.document).ok()?.into_iter().next()?;
    plan.engine = session.info().engine;
    plan.version = Some(session.info().version.clone());
    Some(plan)
}

/// Two statements together, on samples: one index that serves both is found.
async fn workload(session: &mut Session) -> Option<String> {
    let texts = [
        "select * from orders where customer_id = 77",
        "select * from orders where customer_id = 78 and created_at > '2024-01-10'",
    ];
    let workload = texts.map(|sql| Weighted { sql: sql.to_owned(), weight: 2.0 });
    let catalog = session.catalog(&[(None, "orders".to_owned())], &[]).await.unwrap();
    let allow = Allow { temporary_tables: true, ..Allow::default() };
    let limits = Limits { until: Some(Instant::now() + Duration::from_secs(15)), ..Limits::default() };
    let advice = advise(session, &workload, &[None, None], &catalog, allow, &limits, |_| ()).await.unwrap();
    let first = advice.proposals.first();
    let good = first.is_some_and(|p| {
        p.verdict == Verdict::Proved && p.candidate.keys[0].expr == "customer_id" && p.serves.len() == 2
    }) && advice.statements.iter().all(|s| s.after < s.before);
    (!good).then(|| format!("{:?} {:?}", advice.statements, first.map(|p| (&p.reason, &p.ddl, &p.serves))))
}

impl Server {
    /// Each candidate is there, and the optimizer uses the index when it really is.
    pub(crate) async fn an_index_of_every_kind_is_found_and_a_real_one_is_used(self) {
        let (mut admin, mut session) = private(self, "kinds").await;
        for statement in SETUP {
            admin.run(statement).await;
        }
        let engine = session.info().engine;
        // A search for words cannot even be explained before its index exists.
        let whole = plan(&mut session, "select * from customers").await.unwrap();
        let mut faults = Vec::new();
        let mut count = 0;
        for (on, sql, wanted, used) in CASES {
            if *on == MySql && engine != Engine::MySql {
                continue;
            }
            count += 1;
            let now = plan(&mut session, sql).await.unwrap_or_else(|| whole.clone());
            let class = classify(sql, engine);
            let catalog = session.catalog(&class.tables, &class.functions).await.unwrap();
            let found = candidates(sql, &now, &catalog);
            let Some(candidate) = found.iter().find(|c| wanted.split('|').any(|w| w == text(c))) else {
                let all: Vec<String> = found.iter().map(text).collect();
                faults.push(format!("{sql}: {wanted} is not among {all:?}"));
                continue;
            };
            if !*used {
                continue;
            }
            admin.run(&ddl::create(candidate, "whyslow_real", &catalog)[0]).await;
            match explain(&mut session, sql).await {
                Ok(answer) if answer.document.contains("whyslow_real") => {
                    let after = plan(&mut session, sql).await.unwrap();
                    if !whyslow::advise::uses(&after, "whyslow_real") {
                        faults.push(format!("{sql}: {wanted} is only possible: {}", answer.document));
                    }
                }
                Ok(answer) => faults.push(format!("{sql}: the real {wanted} is not used: {}", answer.document)),
                Err(error) => faults.push(format!("{sql}: with the real {wanted}: {error}")),
            }
            admin.run(&ddl::drop(candidate, "whyslow_real", &catalog)[0]).await;
        }
        for sql in NONE {
            count += 1;
            let now = plan(&mut session, sql).await.unwrap();
            let class = classify(sql, engine);
            let catalog = session.catalog(&class.tables, &class.functions).await.unwrap();
            let all: Vec<String> = candidates(sql, &now, &catalog).iter().map(text).collect();
            if !all.is_empty() {
                faults.push(format!("{sql}: {all:?} are proposed"));
            }
        }
        faults.extend(workload(&mut session).await);
        drop_private(admin, session).await;
        assert!(faults.is_empty(), "{} of {count}:\n{}", faults.len(), faults.join("\n"));
    }
}
