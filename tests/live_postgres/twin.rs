//! Twins: an empty server that plans like the real one.

use std::path::Path;

use whyslow::{
    advise::{Candidate, TrialError, Trust},
    read,
    server::{Session, SessionOptions},
    whatif::{Allow, Check, Method, Reads, Supposition, Workshop, compare, snapshot, suppose, try_one},
};

use super::{
    Admin, connect, connect_with, explain,
    whatif::{cost, index, uses},
};
use crate::support::{target, url, whyslow};

/// A twin and nothing else.
const TWIN: Allow = Allow { method: Method::Twin, reads: Reads { ends: false, rows: false }, temporary_tables: false };

/// Every kind of thing that a planner looks at.
const FIXTURE: &str = "
    DROP SCHEMA IF EXISTS zoo CASCADE; CREATE SCHEMA zoo;
    CREATE TYPE zoo.mood AS ENUM ('calm', 'Wild, \"very\"', 'it''s');
    CREATE DOMAIN zoo.weight AS int CHECK (VALUE >= 0);
    CREATE FUNCTION zoo.slug(t text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT replace(lower(t), ' ', '-') $$;
    CREATE TABLE zoo.keepers (id int PRIMARY KEY, gone int, name text COLLATE \"C\" NOT NULL);
    ALTER TABLE zoo.keepers DROP COLUMN gone;
    CREATE TABLE zoo.animals (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, dropped int, keeper int NOT NULL REFERENCES zoo.keepers, mood zoo.mood NOT NULL,
        weight zoo.weight, born timestamptz NOT NULL, tags text[], notes jsonb NOT NULL, title text NOT NULL, words tsvector,
        stay tstzrange, code uuid, price numeric(10, 2), doubled int GENERATED ALWAYS AS (keeper * 2) STORED);
    ALTER TABLE zoo.animals DROP COLUMN dropped;
    INSERT INTO zoo.keepers (id, name) SELECT i, 'Keeper ' || i FROM generate_series(1, 500) i;
    INSERT INTO zoo.animals (keeper, mood, weight, born, tags, notes, title, words, stay, code, price)
    SELECT 1 + (i * i) % 500, (ARRAY['calm', 'calm', 'calm', 'Wild, \"very\"', 'it''s'])[1 + i % 5]::zoo.mood, nullif(i % 300, 7),
        timestamptz '2024-01-01' + i * interval '7 minutes', ARRAY['tag' || i % 40, 'tag' || i % 7], jsonb_build_object('status', i % 6, 'k', i),
        'Animal ' || md5(i::text), to_tsvector('simple', 'red blue ' || i % 90), tstzrange(timestamptz '2024-01-01' + i * interval '7 minutes',
        timestamptz '2024-01-02' + i * interval '7 minutes'), md5(i::text)::uuid, (i % 1000) / 10.0 FROM generate_series(1, 30000) i;
    CREATE INDEX animals_born ON zoo.animals (born);
    CREATE INDEX animals_slug ON zoo.animals (zoo.slug(title));
    CREATE INDEX animals_keeper ON zoo.animals (keeper, mood) INCLUDE (weight) WHERE weight > 10;
    CREATE INDEX animals_notes ON zoo.animals USING gin (notes jsonb_path_ops);
    CREATE INDEX animals_stay ON zoo.animals USING gist (stay);
    CREATE INDEX animals_code ON zoo.animals USING hash (code);
    CREATE STATISTICS zoo.mood_weight (mcv, ndistinct, dependencies) ON mood, weight, keeper FROM zoo.animals;
    CREATE STATISTICS zoo.prices (mcv) ON price, mood FROM zoo.animals;
    CREATE STATISTICS zoo.status ON (notes ->> 'status') FROM zoo.animals;
    CREATE TABLE zoo.visits (at timestamp NOT NULL, gate int NOT NULL, note text) PARTITION BY RANGE (at);
    CREATE TABLE zoo.visits_old PARTITION OF zoo.visits FOR VALUES FROM (MINVALUE) TO ('2024-06-01');
    CREATE TABLE zoo.visits_new PARTITION OF zoo.visits FOR VALUES FROM ('2024-06-01') TO (MAXVALUE) PARTITION BY HASH (gate);
    CREATE TABLE zoo.visits_new_0 PARTITION OF zoo.visits_new FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE zoo.visits_new_1 PARTITION OF zoo.visits_new FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    INSERT INTO zoo.visits SELECT timestamp '2024-01-01' + i * interval '8 minutes', i % 20, 'n' || i % 3 FROM generate_series(1, 60000) i;
    CREATE INDEX visits_gate ON zoo.visits (gate, at);
    CREATE INDEX visits_at ON zoo.visits_old USING brin (at);
    CREATE TABLE zoo.base (a int, b text); CREATE TABLE zoo.child (c int) INHERITS (zoo.base);
    INSERT INTO zoo.base SELECT i, 'b' || i % 9 FROM generate_series(1, 3000) i;
    INSERT INTO zoo.child SELECT i, 'c' || i % 5, i FROM generate_series(1, 9000) i; CREATE INDEX child_a ON zoo.child (a);
    CREATE VIEW zoo.wild AS SELECT a.*, k.name FROM zoo.animals a JOIN zoo.keepers k ON k.id = a.keeper WHERE a.mood <> 'calm';
    GRANT USAGE ON SCHEMA zoo TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA zoo TO reader;
    ANALYZE zoo.keepers, zoo.animals, zoo.visits, zoo.base, zoo.child";

/// Statements over the shop and the zoo.
const STATEMENTS: [&str; 26] = [
    "select * from orders where customer_id = 77",
    "select o.id, c.name from orders o join customers c on c.id = o.customer_id where c.country = 'NL' and o.status = 'pending'",
    "select count(*) from orders o join order_items i on i.order_id = o.id where o.created_at > '2024-01-01' and i.quantity > 3",
    "select * from order_totals where country = 'FR'",
    "select * from customers where email like 'customer12%'",
    "select status, count(*) from orders group by status order by 2 desc",
    "select * from payments where paid_on between '2023-02-01' and '2023-02-07'",
    "select * from products where tags @> '{limited}' and price > 400",
    "select * from \"Odd Name\" where \"mixedCase\" = 3 order by \"Select\" limit 5",
    "select * from orders where id = any('{1,2,3,5000}')",
    "update orders set note = 'x' where customer_id = 3",
    "select * from orders where customer_id = $1 order by created_at desc limit 3",
    "with t as (select customer_id, sum(total) s from orders group by 1) select * from t join customers c on c.id = t.customer_id where s > 5000",
    "select * from zoo.animals where zoo.slug(title) = 'animal-x'",
    "select * from zoo.animals where mood = 'it''s' and weight = 5 and keeper = 26",
    "select mood, weight, count(*) from zoo.animals group by 1, 2",
    "select notes ->> 'status', count(*) from zoo.animals group by 1",
    "select * from zoo.animals where price = 12.5 and mood = 'calm'",
    "select * from zoo.animals where stay && tstzrange('2024-02-01', '2024-02-02')",
    "select * from zoo.animals where notes @> '{\"k\": 5}'",
    "select * from zoo.animals where words @@ to_tsquery('simple', 'red & 17') and tags @> '{tag3}'",
    "select * from zoo.animals where code = '11111111-2222-3333-4444-555555555555'",
    "select * from zoo.wild where name = 'Keeper 7' and weight > 20",
    "select gate, count(*) from zoo.visits where at >= '2024-08-01' and at < '2024-08-09' group by gate",
    "select * from zoo.visits where gate = 3 order by at desc limit 5",
    "select * from zoo.base where a = 77",
];

/// Serialises the making of the fixture.
static FIXTURE_LOCK: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();

async fn zoo() {
    FIXTURE_LOCK.get_or_init(|| async { Admin::new().await.run(FIXTURE).await }).await;
}

async fn snapshot_of(session: &mut Session, statements: &[&str], ends: bool) -> snapshot::Snapshot {
    let Session::Postgres(connection) = session else { panic!("PostgreSQL was expected") };
    let statements: Vec<String> = statements.iter().map(|s| (*s).to_owned()).collect();
    snapshot::take(connection, &statements, &[], ends).await.unwrap()
}

/// What the check of each statement says on one twin of them all.
async fn checks(variable: &str, statements: &[&str]) -> (Vec<Check>, snapshot::Snapshot, Vec<String>) {
    let mut production = connect(variable).await;
    let taken = snapshot_of(&mut production, statements, false).await;
    let workshop = Workshop::open(taken.clone()).await.unwrap();
    let mut twin = connect_with(&workshop.target().unwrap(), &SessionOptions::default()).await.unwrap();
    let mut checks = Vec::new();
    for sql in statements {
        let own = explain(&mut twin, sql).await.unwrap_or_else(|e| panic!("{sql}: {e}; {:?}", workshop.notes()));
        let own = read::read(&own.document).unwrap().remove(0);
        let real = read::read(taken.plan_of(sql).unwrap()).unwrap().remove(0);
        checks.push(compare(&real, &own));
    }
    (checks, taken, workshop.notes())
}

#[tokio::test]
async fn a_twin_plans_every_statement_like_its_production_at_the_same_cost() {
    zoo().await;
    let (checks, taken, notes) = checks("WHYSLOW_TEST_POSTGRES_ADMIN", &STATEMENTS).await;
    let wrong: Vec<_> = STATEMENTS.iter().zip(&checks).filter(|(_, check)| **check != Check::Exact).collect();
    assert!(wrong.is_empty(), "{wrong:#?}\n{notes:#?}");
    assert_eq!((notes, taken.missing), (Vec::<String>::new(), Vec::new()));
    assert!(taken.read_ms < 1000.0, "{} ms", taken.read_ms);
}

#[tokio::test]
async fn an_account_that_may_only_read_is_told_what_its_twin_lacks() {
    zoo().await;
    let may: Vec<&str> = STATEMENTS.into_iter().filter(|s| !s.starts_with("update")).collect();
    let (checks, taken, _) = checks("WHYSLOW_TEST_POSTGRES", &may).await;
    let exact = checks.iter().filter(|c| **c == Check::Exact).count();
    assert!(exact >= 20, "{exact} of {}: {checks:#?}", checks.len());
    for part in ["index expressions", "extended statistics", "ranges"] {
        assert!(taken.missing.iter().any(|m| m.contains(part)), "{part}: {:?}", taken.missing);
    }
    // Whatever is not exact is told, with the difference.
    assert!(checks.iter().all(|c| !matches!(c, Check::Unchecked)), "{checks:?}");
}

fn candidates() -> Vec<(&'static str, Candidate)> {
    let zoo = |mut candidate: Candidate| {
        "zoo".clone_into(&mut candidate.schema);
        candidate
    };
    let method = |method, candidate| Candidate { method, ..candidate };
    let class = |class: &str, mut candidate: Candidate| {
        candidate.keys[0].opclass = Some(class.to_owned());
        candidate
    };
    let part = |predicate: &str, candidate| Candidate { predicate: Some(predicate.to_owned()), ..candidate };
    let carry = |column: &str, candidate| Candidate { include: vec![column.to_owned()], ..candidate };
    vec![
        ("select * from orders where customer_id = 40000", index("orders", &["customer_id"])),
        (
            "select id from orders where customer_id = 7 and status = 'pending'",
            index("orders", &["customer_id", "status"]),
        ),
        ("select sum(total) from orders where customer_id < 50", carry("total", index("orders", &["customer_id"]))),
        (
            "select * from orders where status = 'pending' order by created_at limit 5",
            part("status = 'pending'", index("orders", &["created_at"])),
        ),
        (
            "select * from customers c join orders o on o.customer_id = c.id where c.email = 'customer7@example.com' and o.status = 'returned'",
            part("status = 'returned'", index("orders", &["customer_id"])),
        ),
        ("select * from customers where name like 'Anna S%'", class("text_pattern_ops", index("customers", &["name"]))),
        ("select id from products where tags @> '{limited}'", method("gin", index("products", &["tags"]))),
        (
            "select id from products where attributes @> '{\"fragile\": true}'",
            class("jsonb_path_ops", method("gin", index("products", &["attributes"]))),
        ),
        (
            "select * from events where at between '2025-02-01' and '2025-02-02'",
            method("brin", index("events", &["at"])),
        ),
        ("select * from orders where coupon = 'SAVE7'", method("hash", index("orders", &["coupon"]))),
        ("select * from payments where order_id = 900", index("payments", &["order_id"])),
        ("select * from zoo.visits where note = 'n1' and at < '2024-01-03'", zoo(index("visits", &["note", "at"]))),
        ("select * from zoo.animals where price = 99.9", zoo(index("animals", &["price"]))),
        (
            "select * from zoo.animals where words @@ to_tsquery('simple', '17')",
            zoo(method("gin", index("animals", &["words"]))),
        ),
        ("select * from orders where total > 0", index("orders", &["total"])),
    ]
}

#[tokio::test]
async fn an_index_tried_on_a_twin_does_what_the_real_one_would() {
    zoo().await;
    let mut session = connect("WHYSLOW_TEST_POSTGRES_ADMIN").await;
    let mut place = target(&url("WHYSLOW_TEST_POSTGRES_ADMIN"));
    place.embedded = true;
    let mut real = connect_with(&place, &SessionOptions::default()).await.unwrap();
    for (sql, candidate) in candidates() {
        let truth = try_one(&mut real, sql, &candidate, Allow::default()).await.unwrap();
        let tried = try_one(&mut session, sql, &candidate, TWIN).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
        assert_eq!(tried.method, "twin");
        assert_ne!(tried.trust, Trust::Rough, "{sql}: {:?}", tried.notes);
        let partitioned = ["payments", "visits"].contains(&candidate.table.as_str());
        if !partitioned {
            assert_eq!(uses(&tried.after, &tried.index_name), uses(&truth.after, &truth.index_name), "{sql}");
        }
        let ratio = cost(&tried.after) / cost(&truth.after);
        let tolerance = if candidate.method == "gin" { 0.5 } else { 0.1 };
        assert!((ratio - 1.0).abs() < tolerance, "{sql}: {ratio}");
        assert!(cost(&tried.before) >= cost(&tried.after) * 0.999, "{sql}");
    }
    let left = Admin::new().await.number("select count(*) from pg_class where relname = 'whyslow_trial'").await;
    assert_eq!(left, 0, "nothing was made on production");
}

#[tokio::test]
async fn an_index_that_cannot_be_is_refused_in_postgres_own_words() {
    let mut session = connect("WHYSLOW_TEST_POSTGRES").await;
    let sql = "select * from orders where customer_id = 1";
    for (wrong, part) in [
        (index("orders", &["no_such_column"]), "does not exist"),
        (Candidate { method: "gin", ..index("orders", &["total"]) }, "no default operator class"),
        (index("no_such_table", &["a"]), "no table"),
    ] {
        let error = try_one(&mut session, sql, &wrong, TWIN).await.unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    assert!(
        try_one(&mut session, sql, &index("orders", &["customer_id"]), TWIN).await.is_ok(),
        "the next one is tried"
    );
}

#[tokio::test]
async fn what_comes_from_production_never_runs_with_more_rights_than_a_twins_owner() {
    let admin = Admin::new().await;
    let mark = std::env::temp_dir().join(format!("whyslow-pwned-{}", std::process::id()));
    admin
        .run(&format!(
            "create schema if not exists trap; grant usage on schema trap to reader;
             create or replace function trap.spring() returns int language plpgsql immutable security definer as $$ begin
                 if current_setting('is_superuser') = 'on' then copy (select 1) to program 'touch {}'; end if; return 3; end $$;
             alter function trap.spring() owner to reader;
             create or replace function trap.direct() returns int language plpgsql immutable as $$ begin
                 perform set_config('role', 'none', false);
                 if current_setting('is_superuser') = 'on' then copy (select 1) to program 'touch {}'; end if; return 3; end $$",
            mark.display(),
            mark.display()
        ))
        .await;
    let mut session = connect("WHYSLOW_TEST_POSTGRES").await;
    for function in ["spring", "direct"] {
        let sql = format!("select * from orders where customer_id = trap.{function}()");
        let tried = try_one(&mut session, &sql, &index("orders", &["customer_id"]), TWIN).await.unwrap();
        assert!(uses(&tried.after, &tried.index_name), "the function was carried over and planned");
    }
    assert!(!mark.exists(), "a function of production's ran as the superuser of this machine's server");
    admin.run("drop schema trap cascade").await;
}

#[tokio::test]
async fn a_twin_ends_with_its_workshop() {
    let mut production = connect("WHYSLOW_TEST_POSTGRES").await;
    let taken = snapshot_of(&mut production, &["select 1 from orders"], true).await;
    assert!(
        taken
            .ends
            .as_ref()
            .is_some_and(|ends| ends.iter().any(|e| e.column == "id" && e.last.as_deref() == Some("200000")))
    );
    let workshop = Workshop::open(taken).await.unwrap();
    let place = workshop.target().unwrap();
    let directory = place.socket.clone().unwrap();
    let mut twin = connect_with(&place, &SessionOptions::default()).await.unwrap();
    let request =
        whyslow::server::ExplainRequest { sql: "select 1 from orders".to_owned(), analyze: true, ..Default::default() };
    assert!(twin.explain(&request).await.unwrap_err().message.contains("twin"), "nothing is executed on a twin");
    assert!(directory.join(".s.PGSQL.5432").exists());
    drop(workshop);
    assert!(!directory.exists());
    assert!(connect_with(&place, &SessionOptions::default()).await.is_err());
}

#[test]
fn a_snapshot_explains_and_advises_without_the_server() {
    let file = std::env::temp_dir().join(format!("whyslow-snapshot-{}.json", std::process::id()));
    let name = file.to_str().unwrap();
    let sql = "select * from orders where customer_id = 4711 and status = 'done'";
    let (code, _, said) = whyslow(&["snapshot", &url("WHYSLOW_TEST_POSTGRES"), "-q", sql, "-o", name]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("as private as they are"), "{said}");
    let (code, shown, said) = whyslow(&["explain", "--snapshot", name, sql]);
    assert_eq!(code, 0, "{said}");
    assert!(shown.contains("Seq Scan"), "{shown}{said}");
    let (code, shown, said) = whyslow(&["advise", "--snapshot", name, "-q", sql, "--format", "json"]);
    assert_eq!(code, 0, "{said}");
    let answer: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let first = &answer["proposals"][0];
    assert_eq!((&first["verdict"], &first["trials"][0]["method"]), (&"proved".into(), &"twin".into()), "{shown}");
    assert_eq!(first["trials"][0]["trust"], "exact", "{shown}");
    // Another statement has no plan of production's to be checked by.
    let (_, shown, _) = whyslow(&[
        "advise",
        "--snapshot",
        name,
        "-q",
        "select * from orders where customer_id = 5",
        "--format",
        "json",
    ]);
    assert!(shown.contains("rough"), "{shown}");
    let (code, _, said) = whyslow(&["snapshot", &url("WHYSLOW_TEST_POSTGRES"), "-q", sql, "-o", name, "--anonymise"]);
    assert!(code == 0 && said.contains("were taken out") && said.contains("orders.customer_id"), "{said}");
    assert!(!std::fs::read_to_string(&file).unwrap().contains("SAVE"), "coupons are no business of this statement's");
    let (code, _, said) = whyslow(&["explain", "--snapshot", name, "select * from not_in_it"]);
    assert!(code == 2 && said.contains("take one that names this statement"), "{said}");
    std::fs::remove_file(&file).unwrap();
    let (code, _, said) = whyslow(&["explain", "--snapshot", "/nowhere", sql]);
    assert!(code == 2 && said.contains("/nowhere"), "{said}");
    assert!(!Path::new(name).exists());
}

#[test]
fn nothing_is_built_on_a_copy_unless_it_is_confirmed() {
    let (own, copy) = (url("WHYSLOW_TEST_POSTGRES"), url("WHYSLOW_TEST_HYPOPG_ADMIN"));
    let sql = "select * from orders where customer_id = 4711";
    let explain = |verify: &str| whyslow(&["explain", &own, sql, "--advise", "--verify", verify]);
    let (code, shown, said) = explain(&copy);
    assert_eq!((code, shown.as_str()), (2, ""), "told before anything is searched");
    assert!(said.starts_with("whyslow: verifying on a copy: ") && said.contains("next: --confirm build"), "{said}");
    let (code, _, said) = explain(&own);
    assert!(code == 2 && said.contains("the very database") && !said.contains("--confirm"), "{said}");
}

/// Views that call a function of C, which no snapshot carries, as those of an extension that is not installed here.
fn attic() -> &'static str {
    "DROP SCHEMA IF EXISTS attic CASCADE; CREATE SCHEMA attic;
     CREATE FUNCTION attic.secret() RETURNS int LANGUAGE internal AS 'pg_backend_pid';
     CREATE TABLE attic.parts (id int PRIMARY KEY, code int, note text);
     INSERT INTO attic.parts SELECT i, i % 5000, 'n' || i FROM generate_series(1, 50000) i;
     CREATE VIEW attic.hidden AS SELECT * FROM attic.parts WHERE code > attic.secret();
     CREATE VIEW attic.beyond AS SELECT id FROM attic.hidden;
     CREATE VIEW attic.plain AS SELECT * FROM attic.parts WHERE id > 4;
     GRANT USAGE ON SCHEMA attic TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA attic TO reader; ANALYZE attic.parts"
}

#[tokio::test]
async fn what_a_twin_cannot_have_fails_no_other_statement() {
    let admin = Admin::new().await;
    admin.run(attic()).await;
    let mut session = connect("WHYSLOW_TEST_POSTGRES").await;
    let statements = [
        "select * from attic.hidden where code = 77",
        "select * from attic.parts where code = 77",
        "select * from attic.plain where code = 77",
        "select * from attic.beyond where id = 77",
    ];
    let facts = session.catalog(&[(Some("attic".to_owned()), "parts".to_owned())], &[]).await.unwrap();
    let add = vec![Candidate { schema: "attic".to_owned(), ..index("parts", &["code"]) }];
    let one = add[0].clone();
    let supposition = Supposition::Indexes { add, drop: Vec::new() };
    let all = suppose(&mut session, &statements, &supposition, &facts, TWIN, |_| {}).await.unwrap().outcomes;
    for (at, outcome) in all.iter().enumerate() {
        match outcome {
            Ok(both) => assert!(
                (at == 1 || at == 2) && both.trust == Trust::Exact && cost(&both.after) < cost(&both.before) / 2.0,
                "{}: {:?} {} {}",
                statements[at],
                both.trust,
                cost(&both.before),
                cost(&both.after)
            ),
            Err(TrialError::Unsupported { reason, .. }) => assert!(
                (at == 0 && reason.contains("secret")) || (at == 3 && reason.contains("attic")),
                "{}: {reason}",
                statements[at]
            ),
            Err(error) => panic!("{}: {error}", statements[at]),
        }
    }
    // Alone it is refused with the same word, and another method may know better.
    let trial = try_one(&mut session, statements[0], &one, TWIN).await.unwrap_err();
    assert!(trial.to_string().contains("secret"), "{trial}");
    drop(session);
    admin.run("DROP SCHEMA attic CASCADE").await;
}

#[tokio::test]
async fn what_no_twin_can_have_is_tried_by_hypopg() {
    let own = url("WHYSLOW_TEST_HYPOPG_ADMIN");
    let (client, connection) = tokio_postgres::connect(&own, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let admin = Admin(client);
    admin.run(attic()).await;
    let mut session = connect("WHYSLOW_TEST_HYPOPG").await;
    let facts = session.catalog(&[(Some("attic".to_owned()), "parts".to_owned())], &[]).await.unwrap();
    let add = vec![Candidate { schema: "attic".to_owned(), ..index("parts", &["code"]) }];
    let supposition = Supposition::Indexes { add, drop: Vec::new() };
    let statements = ["select * from attic.hidden where code = 77"];
    let mut all = suppose(&mut session, &statements, &supposition, &facts, Allow::default(), |_| {}).await.unwrap();
    let both = all.outcomes.remove(0).unwrap();
    assert!(both.method == "hypopg" && cost(&both.after) < cost(&both.before) / 2.0, "{}", both.method);
    drop(session);
    admin.run("DROP SCHEMA attic CASCADE").await;
}

#[tokio::test]
async fn an_end_that_only_a_new_index_shows_makes_a_trial_rough() {
    let admin = Admin::new().await;
    admin
        .run(
            "DROP SCHEMA IF EXISTS outgrown CASCADE; CREATE SCHEMA outgrown; \
             CREATE TABLE outgrown.h AS SELECT i AS id, (i * 7919::bigint) % 100000 AS v, i % 1000 AS k FROM generate_series(1, 100000) i; \
             ALTER TABLE outgrown.h SET (autovacuum_enabled = off); \
             GRANT USAGE ON SCHEMA outgrown TO reader; GRANT SELECT ON outgrown.h TO reader",
        )
        .await;
    // What was counted until now is not counted after ANALYZE.
    admin.run("SELECT pg_stat_force_next_flush()").await;
    admin.run("VACUUM (ANALYZE) outgrown.h").await;
    let by_value = Candidate { schema: "outgrown".to_owned(), ..index("h", &["v"]) };
    let trust = async |sql: &str| {
        let tried = try_one(&mut connect("WHYSLOW_TEST_POSTGRES").await, sql, &by_value, TWIN).await.unwrap();
        (tried.trust, tried.notes)
    };
    let inside = "select * from outgrown.h where v between 40000 and 40100";
    let end = "select * from outgrown.h where v > 99950";
    for sql in [inside, end] {
        let (trust, notes) = trust(sql).await;
        assert_eq!(trust, Trust::Exact, "{sql}: {notes:?}");
    }
    admin
        .run(
            "INSERT INTO outgrown.h SELECT i, 100000 + (i * 7919::bigint) % 200000, i % 1000 \
             FROM generate_series(100001, 300000) i",
        )
        .await;
    let beyond = "select * from outgrown.h where v > 150000";
    let joined = "select * from outgrown.h h join orders o on o.id = h.id where h.v > 290000";
    for (sql, expected) in [(inside, Trust::Exact), (end, Trust::Rough), (beyond, Trust::Rough), (joined, Trust::Rough)]
    {
        let (trust, notes) = trust(sql).await;
        assert_eq!(trust, expected, "{sql}: {notes:?}");
        let told = notes.iter().any(|note| note.contains("run ANALYZE"));
        assert_eq!(told, expected == Trust::Rough, "{sql}: {notes:?}");
    }
    admin.run("ANALYZE outgrown.h").await;
    let (trust, notes) = trust(beyond).await;
    assert_eq!(trust, Trust::Exact, "{notes:?}");
    admin.run("DROP SCHEMA outgrown CASCADE").await;
}

#[tokio::test]
async fn methods_of_other_servers_name_their_own() {
    for (method, name) in [(Method::Calculated, "calculated"), (Method::TemporaryTables, "temporary-tables")] {
        let mut session = connect("WHYSLOW_TEST_HYPOPG").await;
        let allow = Allow { method, ..TWIN };
        let sql = "select * from orders where customer_id = 77";
        let error = try_one(&mut session, sql, &index("orders", &["customer_id"]), allow).await.unwrap_err();
        let said = error.to_string();
        assert!(said.contains(name) && said.contains("MySQL and MariaDB") && said.contains("hypopg"), "{said}");
    }
}
